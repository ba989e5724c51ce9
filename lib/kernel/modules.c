/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules.h"

#include "module_remedy.h"

#include <errno.h>
#include <libkmod.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static bool is_there(struct kmod_ctx *context, const char *name)
{
	struct kmod_module *module;
	int state;

	if (kmod_module_new_from_name(context, name, &module) < 0)
		return false;
	state = kmod_module_get_initstate(module);
	kmod_module_unref(module);
	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN ||
	       state == KMOD_MODULE_COMING;
}

/*
 * A line "install NAME COMMAND" in modprobe.d, which is how administrators forbid a module. libkmod
 * would start a shell for it.
 */
static int refuse_install_command(struct kmod_module *module, const char *command, void *data)
{
	(void)module;
	(void)command;
	(void)data;
	return -EPERM;
}

/* Return: 0, -ENOENT if nothing of that name is installed, or why it could not be inserted */
static int insert(struct kmod_ctx *context, const char *name)
{
	struct kmod_list *found = NULL, *item;
	int r;

	r = kmod_module_new_from_lookup(context, name, &found);
	if (r < 0 || !found)
		return -ENOENT;
	kmod_list_foreach(item, found)
	{
		struct kmod_module *module = kmod_module_get_module(item);

		r = kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST, NULL,
						    refuse_install_command, NULL, NULL);
		kmod_module_unref(module);
		if (r == KMOD_PROBE_APPLY_BLACKLIST)
			r = -EPERM;
		if (r < 0)
			break;
	}
	kmod_module_unref_list(found);
	return r < 0 ? r : 0;
}

/* A line in modprobe.d is found as well, whether there is such a module or not. */
static bool is_installed(struct kmod_ctx *context, const char *name)
{
	struct kmod_list *found = NULL, *item;
	bool is_found = false;

	kmod_module_new_from_lookup(context, name, &found);
	kmod_list_foreach(item, found)
	{
		struct kmod_module *module = kmod_module_get_module(item);

		is_found |= kmod_module_get_path(module) != NULL;
		kmod_module_unref(module);
	}
	kmod_module_unref_list(found);
	return is_found;
}

enum module_state modules_look(const char *name)
{
	struct kmod_ctx *context = kmod_new(NULL, NULL);
	enum module_state state = MODULE_STATE_UNKNOWN;

	if (!context)
		return state;
	kmod_set_log_priority(context, -1);
	if (is_there(context, name))
		state = MODULE_STATE_PRESENT;
	else if (is_installed(context, name))
		state = MODULE_STATE_LOADABLE;
	else if (access(kmod_get_dirname(context), F_OK) == 0)
		state = MODULE_STATE_MISSING;
	kmod_unref(context);
	return state;
}

const char *modules_remedy(void)
{
	static char buffer[MODULE_REMEDY_SIZE];
	struct utsname name = {0};

	uname(&name);
	return module_remedy(name.release, buffer);
}

static int say_missing(const char *name, const char *feature, bool has_modules, struct error *err)
{
	if (!has_modules)
		return error_set(
			err, -ENOENT,
			"module %s, required for %s, is not loaded, and /lib/modules of this kernel is not here; " MODULES_UNKNOWN_REMEDY,
			name, feature);
	return error_set(err, -ENOENT, "this kernel has no module %s, required for %s; %s", name,
			 feature, modules_remedy());
}

int modules_load(const char *name, const char *feature, struct error *err)
{
	struct kmod_ctx *context = kmod_new(NULL, NULL);
	bool has_modules;
	int r;

	if (!context)
		return error_set(err, -EIO, "libkmod is not usable");
	/* Its messages would go to stderr; the error says all that matters. */
	kmod_set_log_priority(context, -1);

	has_modules = access(kmod_get_dirname(context), F_OK) == 0;
	r = is_there(context, name) ? 0 : insert(context, name);
	kmod_unref(context);
	if (r == -ENOENT)
		return say_missing(name, feature, has_modules, err);
	if (r < 0)
		return error_set(err, r, "loading the module %s, required for %s: %s", name,
				 feature, strerror(-r));
	return 0;
}
