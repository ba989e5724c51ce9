/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privileges.h"

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "system_calls.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int privileges_check(struct error *err)
{
	static const struct {
		unsigned int capability;
		const char *name, *feature;
	} needed[] = {
		{CAP_NET_ADMIN, "CAP_NET_ADMIN", "IPVS, ipset and addresses"},
		{CAP_NET_RAW, "CAP_NET_RAW", "iptables"},
	};

	if (capng_get_caps_process() < 0)
		return error_set(err, -EPERM, "cannot read the capabilities of the process");
	for (size_t i = 0; i < COUNT(needed); i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, needed[i].capability))
			return error_set(
				err, -EPERM,
				"missing %s, required for %s; run as root or grant the capability",
				needed[i].name, needed[i].feature);
	return 0;
}

/*
 * The bounding set is what a program of root's would get back. To shrink it takes CAP_SETPCAP, which
 * a container or unit that has set it already leaves out.
 */
static int drop_capabilities(struct error *err)
{
	bool has_setpcap = capng_get_caps_process() == 0 &&
			   capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);

	capng_clear(CAPNG_SELECT_ALL);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			  CAP_NET_ADMIN, CAP_NET_RAW, -1) != 0 ||
	    capng_apply(has_setpcap ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) != 0)
		return error_set(err, -EPERM, "the kernel refuses to drop capabilities");
	return 0;
}

static int forbid_dumps(struct error *err)
{
	static const struct rlimit none;

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, -errno, "core dumps: %s", strerror(errno));
	return 0;
}

int privileges_drop(struct error *err)
{
	struct error filter_error = {0};
	int r = drop_capabilities(err);

	if (r < 0)
		return r;
	r = forbid_dumps(err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, -errno, "no_new_privs: %s", strerror(errno));
	/* A kernel without it is an old one, not one that is attacked. */
	if (system_calls_restrict(&filter_error) < 0)
		log_warning("%s; continuing without a filter of system calls", filter_error.text);
	return 0;
}
