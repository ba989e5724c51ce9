/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "set_commands.h"

#include "modules.h"

#include <errno.h>
#include <libipset/session.h>
#include <libipset/types.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SET_TYPE_COUNT (SET_TYPE_BITMAP_PORT + 1)

/** @types: libipset's description of each type, IPv4 and IPv6 */
struct set_commands {
	struct ipset_session *session;
	const struct ipset_type *types[2][SET_TYPE_COUNT];
};

static struct ipset_data *fresh_data(struct set_commands *commands)
{
	struct ipset_data *data = ipset_session_data(commands->session);

	ipset_data_reset(data);
	return data;
}

/* libipset gives no numbers for what went wrong, only texts (its lib/errcode.c). */
static int code_of(const char *text)
{
	static const struct {
		const char *part;
		int code;
	} texts[] = {
		{"more elements", -ENOSPC},
		{"it is in use", -EBUSY},
		{"does not exist", -ENOENT},
		{"not added", -ENOENT},
		{"already", -EEXIST},
		{"maximal number of sets", -ENFILE},
		{"set type not supported", -EPROTONOSUPPORT},
		{"Internal protocol error", -EPROTO},
		{"Cannot open session", -EPROTO},
	};
	static const int codes[] = {EPERM, ENOMEM, ENOBUFS, EINVAL, ERANGE, EAGAIN, EBUSY};

	for (size_t i = 0; i < COUNT(texts); i++) {
		if (strstr(text, texts[i].part))
			return texts[i].code;
	}
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (strstr(text, strerror(codes[i])))
			return -codes[i];
	}
	return -EINVAL;
}

/* libipset asks for a callback that prints listings; none is made with it. */
__attribute__((format(printf, 3, 4))) static int print_nothing(struct ipset_session *session,
							       void *owner, const char *format, ...)
{
	(void)session;
	(void)owner;
	(void)format;
	return 0;
}

static int open_session(struct ipset_session **ret, struct error *err)
{
	struct ipset_session *session = ipset_session_init(print_nothing, NULL);

	if (!session)
		return error_set(err, -ENOMEM, "opening ipset: %s", strerror(ENOMEM));
	/* Adding what is there and removing what is not are successes. */
	ipset_envopt_set(session, IPSET_ENV_EXIST);
	*ret = session;
	return 0;
}

/**
 * reopen_session() - after libipset could not make anything of an answer
 *
 * An answer that it did not receive stays in its socket, where it takes it for that of the next
 * command, and so on for ever.
 */
static void reopen_session(struct set_commands *commands)
{
	struct ipset_session *session = NULL;

	if (open_session(&session, NULL) < 0)
		return;
	ipset_session_fini(commands->session);
	commands->session = session;
}

/**
 * take_error() - what libipset has to say about a failed command, which it then forgets
 * @ret_line:  the line number that it names, or 0; may be NULL
 */
static int take_error(struct set_commands *commands, unsigned int *ret_line, struct error *err)
{
	const char *text = ipset_session_report_msg(commands->session);
	unsigned int line = 0;
	int skip = 0, code;

	if (!text || !*text)
		text = "Internal protocol error";
	if (sscanf(text, "Error in line %u: %n", &line, &skip) < 1)
		skip = 0;
	if (ret_line)
		*ret_line = line;
	text += skip;
	code = code_of(text);
	error_set(err, code, "%.*s", (int)strcspn(text, "\n"), text);
	ipset_session_report_reset(commands->session);
	if (code == -EPROTO)
		reopen_session(commands);
	return code;
}

/* "hash:ip,port" is in the module ip_set_hash_ipport. Return: whether this kernel does not have it */
static bool is_module_missing(const char *type, char *name, size_t size)
{
	size_t used = (size_t)snprintf(name, size, "ip_set_");

	for (; *type && used + 1 < size; type++)
		if (*type != ',')
			name[used++] = (char)(*type == ':' ? '_' : *type);
	name[used] = '\0';
	return modules_look(name) == MODULE_STATE_MISSING;
}

static int find_type(struct set_commands *commands, enum set_type type, uint16_t family,
		     struct error *err)
{
	struct ipset_data *data = fresh_data(commands);
	const struct ipset_type *found;
	uint8_t short_family = (uint8_t)family;
	char module[64];
	int code;

	ipset_data_set(data, IPSET_OPT_TYPENAME, set_type_name(type));
	if (type != SET_TYPE_BITMAP_PORT)
		ipset_data_set(data, IPSET_OPT_FAMILY, &short_family);
	found = ipset_type_get(commands->session, IPSET_CMD_CREATE);
	if (!found) {
		code = take_error(commands, NULL, err);
		if (code != -EPERM &&
		    is_module_missing(set_type_name(type), module, sizeof(module)))
			return error_set(err, -EPROTO,
					 "this kernel has no module %s, required for ipset type "
					 "%s; %s",
					 module, set_type_name(type), modules_remedy());
		return error_wrap(err, code == -EPERM ? code : -EPROTO, "ipset type %s",
				  set_type_name(type));
	}
	commands->types[family == AF_INET6][type] = found;
	return 0;
}

int set_commands_open(struct set_commands **ret, struct error *err)
{
	static bool are_types_loaded;
	struct set_commands *commands = memory_allocate(sizeof(*commands));
	int r;

	/* Registers libipset's types in a list of the whole process, once. */
	if (!are_types_loaded)
		ipset_load_types();
	are_types_loaded = true;

	r = open_session(&commands->session, err);
	for (int type = 0; type < SET_TYPE_COUNT && r >= 0; type++) {
		r = find_type(commands, (enum set_type)type, AF_INET, err);
		if (r >= 0)
			r = find_type(commands, (enum set_type)type, AF_INET6, err);
	}
	if (r < 0) {
		set_commands_close(commands);
		return r;
	}
	*ret = commands;
	return 0;
}

void set_commands_close(struct set_commands *commands)
{
	if (!commands)
		return;
	if (commands->session)
		ipset_session_fini(commands->session);
	free(commands);
}

int set_commands_create(struct set_commands *commands, const char *name,
			const struct set_shape *shape, struct error *err)
{
	const uint16_t first_port = 0, last_port = UINT16_MAX;
	struct ipset_data *data = fresh_data(commands);
	uint8_t short_family = (uint8_t)shape->family;

	ipset_data_set(data, IPSET_SETNAME, name);
	ipset_data_set(data, IPSET_OPT_TYPENAME, set_type_name(shape->type));
	ipset_data_set(data, IPSET_OPT_TYPE,
		       commands->types[shape->family == AF_INET6][shape->type]);
	if (shape->type == SET_TYPE_BITMAP_PORT) {
		ipset_data_set(data, IPSET_OPT_PORT_FROM, &first_port);
		ipset_data_set(data, IPSET_OPT_PORT_TO, &last_port);
	} else {
		ipset_data_set(data, IPSET_OPT_FAMILY, &short_family);
		ipset_data_set(data, IPSET_OPT_HASHSIZE, &shape->hash_size);
		ipset_data_set(data, IPSET_OPT_MAXELEM, &shape->capacity);
	}
	if (shape->has_marks)
		ipset_data_set(data, IPSET_OPT_SKBINFO, name);
	if (ipset_cmd(commands->session, IPSET_CMD_CREATE, 0) < 0)
		return error_wrap(err, take_error(commands, NULL, err), "creating set %s", name);
	return 0;
}

int set_commands_destroy(struct set_commands *commands, const char *name, struct error *err)
{
	ipset_data_set(fresh_data(commands), IPSET_SETNAME, name);
	if (ipset_cmd(commands->session, IPSET_CMD_DESTROY, 0) < 0)
		return error_wrap(err, take_error(commands, NULL, err), "removing set %s", name);
	return 0;
}

int set_commands_swap(struct set_commands *commands, const char *a, const char *b,
		      struct error *err)
{
	struct ipset_data *data = fresh_data(commands);

	ipset_data_set(data, IPSET_SETNAME, a);
	ipset_data_set(data, IPSET_OPT_SETNAME2, b);
	if (ipset_cmd(commands->session, IPSET_CMD_SWAP, 0) < 0)
		return error_wrap(err, take_error(commands, NULL, err), "swapping sets %s and %s",
				  a, b);
	return 0;
}

/* Hand one member to libipset, which collects members of one set and command in one message. */
static int send_member(struct set_commands *commands, const char *name, const struct change *change,
		       const uint32_t *mark, uint32_t line)
{
	uint64_t value_and_mask;
	enum ipset_cmd command =
		change->kind == CHANGE_KIND_MEMBER_ADD ? IPSET_CMD_ADD : IPSET_CMD_DEL;
	const struct set_member *member = &change->member;
	enum set_type type = set_kind_type((enum set_kind)member->kind);
	struct ipset_data *data = fresh_data(commands);

	ipset_data_set(data, IPSET_SETNAME, name);
	ipset_data_set(data, IPSET_OPT_TYPE, commands->types[member->family == AF_INET6][type]);
	if (type == SET_TYPE_BITMAP_PORT) {
		ipset_data_set(data, IPSET_OPT_PORT, &member->port);
		return ipset_cmd(commands->session, command, line);
	}
	/* The family first: it tells libipset how long an address is. */
	ipset_data_set(data, IPSET_OPT_FAMILY, &member->family);
	ipset_data_set(data, IPSET_OPT_IP, member->address.bytes);
	if (type != SET_TYPE_HASH_IP) {
		ipset_data_set(data, IPSET_OPT_PORT, &member->port);
		ipset_data_set(data, IPSET_OPT_PROTO, &member->protocol);
	}
	if (type == SET_TYPE_HASH_IP_PORT_IP || type == SET_TYPE_HASH_IP_PORT_NET)
		ipset_data_set(data, IPSET_OPT_IP2, member->source.bytes);
	if (type == SET_TYPE_HASH_IP_PORT_NET)
		ipset_data_set(data, IPSET_OPT_CIDR2, &member->prefix_length);
	if (mark) {
		/* IPVS compares all of a packet's mark, so whatever was in it has to go. */
		value_and_mask = (uint64_t)*mark << 32 | UINT32_MAX;
		ipset_data_set(data, IPSET_OPT_SKBMARK, &value_and_mask);
	}
	return ipset_cmd(commands->session, command, line);
}

/**
 * send_span() - the changes @from to @to
 * @ret_failed:  on failure: the one that the kernel refused, or @to if that is not known. Those
 *               before it are done, those after it are not.
 */
static int send_span(struct set_commands *commands, const char *name, const struct change *changes,
		     const uint32_t *marks, size_t from, size_t to, size_t *ret_failed,
		     struct error *err)
{
	unsigned int line;
	int r = 0;

	/* The kernel names the line of what it refuses, so the line says which change it was. */
	for (size_t i = from; i < to && r >= 0; i++)
		r = send_member(commands, name, &changes[i], marks ? &marks[i] : NULL,
				(uint32_t)i + 1);
	if (r >= 0)
		r = ipset_commit(commands->session);
	if (r >= 0)
		return 0;
	r = take_error(commands, &line, err);
	*ret_failed = line > from && line <= to ? line - 1 : to;
	return r;
}

static void set_results(struct change *changes, size_t from, size_t to, int result)
{
	for (size_t i = from; i < to; i++)
		changes[i].result = result;
}

int set_commands_send(struct set_commands *commands, const char *name, struct change *changes,
		      const uint32_t *marks, size_t count, struct error *err)
{
	size_t at = 0, span = count;
	bool is_repeated = false;

	while (at < count) {
		size_t to = span < count - at ? at + span : count;
		size_t failed = to;
		struct error own = {0};
		int r;

		r = send_span(commands, name, changes, marks, at, to, &failed, &own);
		if (r >= 0) {
			set_results(changes, at, to, 0);
			at = to;
			span = span < count ? span * 4 : span;
			continue;
		}
		if (r == -EPROTO && !is_repeated) {
			is_repeated = true; /* what was done already does no harm */
			continue;
		}
		if (r == -EPROTO) {
			set_results(changes, at, count, r);
			return error_set(err, r, "changing set %s: %s", name, own.text);
		}
		/*
		 * All that were sent with the refused one have to be sent again, and where one is
		 * refused the next may be too: go on singly, and in larger spans as they succeed.
		 */
		if (failed < to) {
			set_results(changes, at, failed, 0);
			set_results(changes, failed, failed + 1, r);
			at = failed + 1;
		} else if (span == 1) {
			set_results(changes, at, at + 1, r);
			at++;
		}
		span = 1;
	}
	return 0;
}
