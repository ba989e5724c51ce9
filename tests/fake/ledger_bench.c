/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_bench.h"

#include "fake_backend.h"
#include "lib/plan/ledger_former.h"
#include "object_text.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static _Noreturn void reject(const char *what)
{
	fprintf(stderr, "a test's step is not understood: '%s'\n", what);
	abort();
}

static const struct {
	char letter;
	const char *address;
	uint16_t port, protocol;
} server_names[] = {
	{'A', "10.96.0.1", 80, IPPROTO_TCP}, {'B', "10.96.0.2", 80, IPPROTO_TCP},
	{'C', "10.96.0.1", 81, IPPROTO_TCP}, {'S', "10.96.0.1", 9, IPPROTO_SCTP},
	{'U', "10.96.0.1", 53, IPPROTO_UDP}, {'N', "192.168.1.10", 30080, IPPROTO_TCP},
	{'X', "192.0.2.1", 80, IPPROTO_TCP}, {'Z', "172.16.0.1", 80, IPPROTO_TCP},
};

static const struct ledger_options options = {
	.drain_milliseconds = 60000,
	.retry_first_milliseconds = 1000,
	.retry_max_milliseconds = 8000,
};

static struct virtual_server_key key_of(char letter)
{
	struct virtual_server_key key;
	size_t i = 0;

	while (i < COUNT(server_names) && server_names[i].letter != letter)
		i++;
	if (i == COUNT(server_names))
		reject("no such letter");
	memset(&key, 0, sizeof(key));
	key.address = object_text_address(server_names[i].address);
	key.port = server_names[i].port;
	key.protocol = server_names[i].protocol;
	return key;
}

static char letter_of(const struct virtual_server_key *key)
{
	for (size_t i = 0; i < COUNT(server_names); i++) {
		struct virtual_server_key named = key_of(server_names[i].letter);

		if (memcmp(&named, key, sizeof(named)) == 0)
			return server_names[i].letter;
	}
	return '?';
}

static char letter_of_address(const struct address *address)
{
	for (size_t i = 0; i < COUNT(server_names); i++) {
		struct address named = object_text_address(server_names[i].address);

		if (address_is_equal(&named, address))
			return server_names[i].letter;
	}
	return '?';
}

static struct destination destination_of(char letter)
{
	auto_memory char *text = string_printf("10.244.0.%d", letter - 'a' + 1);

	return (struct destination){
		.address = object_text_address(text), .port = 8080, .weight = 1};
}

static struct set_member member_of(char letter, enum set_kind kind)
{
	struct virtual_server_key key = key_of(letter);
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = (uint8_t)kind;
	member.family = (uint8_t)key.address.family;
	if (set_kind_type(kind) != SET_TYPE_BITMAP_PORT)
		member.address = key.address;
	if (set_kind_type(kind) != SET_TYPE_HASH_IP)
		member.port = key.port;
	if (set_kind_type(kind) == SET_TYPE_HASH_IP_PORT)
		member.protocol = (uint8_t)key.protocol;
	return member;
}

static const struct {
	const char *word;
	enum set_kind kind;
} member_words[] = {
	{"restrict", SET_KIND_LOAD_BALANCER_FIREWALL},
	{"masquerade", SET_KIND_CLUSTER_IP},
	{"open", SET_KIND_NODE_PORT_TCP},
	{"close", SET_KIND_IPVS_IPS},
	{"exempt", SET_KIND_LOAD_BALANCER_LOCAL},
	{"spare", SET_KIND_NODE_PORT_LOCAL_TCP},
};

/* "allow 1 A": the source is named by a digit */
static struct set_member source_of(char letter, char digit)
{
	struct virtual_server_key key = key_of(letter);
	struct set_member member = service_state_member(&key, SET_KIND_LOAD_BALANCER_SOURCE_CIDR);

	member.source = object_text_address("198.51.100.0");
	member.source.bytes[3] = (uint8_t)(digit - '0');
	member.prefix_length = 32;
	return member;
}

static void add_server(struct service_state *state, const char *words)
{
	struct wanted_server *wanted;
	struct destination destination;
	size_t capacity;

	state->servers =
		memory_resize(state->servers, state->server_count + 1, sizeof(*state->servers));
	wanted = &state->servers[state->server_count++];
	memset(wanted, 0, sizeof(*wanted));
	wanted->server.key = key_of(words[0]);
	wanted->server.netmask = 0xffffffff;
	strcpy(wanted->server.scheduler, strstr(words, " lc")	? "lc"
					 : strstr(words, " sh") ? "sh"
								: "rr");
	wanted->origin = words[0] == 'N'	? ADDRESS_ORIGIN_NODE_PORT
			 : strstr(words, " ip") ? ADDRESS_ORIGIN_CLUSTER_IP
						: ADDRESS_ORIGIN_EXTERNAL_IP;
	wanted->first_destination = state->destination_bytes;
	words = strchr(words, '>');
	for (; words && *words; words++) {
		if (*words < 'a' || *words > 'z')
			continue;
		destination = destination_of(*words);
		capacity = state->destination_bytes;
		service_state_add_destination(state, &capacity, &destination);
		wanted->destination_count++;
	}
}

/* The virtual server which it says something about, from 1; an open port is about none. */
static uint32_t owner_of(const struct service_state *state, const struct set_member *member)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = member->address;
	key.port = member->port;
	key.protocol = member->protocol;
	for (uint32_t i = 0; i < state->server_count; i++)
		if (memcmp(&state->servers[i].server.key, &key, sizeof(key)) == 0)
			return i + 1;
	return 0;
}

#define MEMBERS_MAX 8

struct members {
	struct owned_member items[MEMBERS_MAX];
	size_t count;
};

static void put_member(struct members *members, struct set_member member)
{
	if (members->count == MEMBERS_MAX)
		reject("too many members");
	members->items[members->count++].member = member;
}

static bool add_member(struct members *members, const char *item)
{
	char digit, letter;

	if (sscanf(item, "allow %c %c", &digit, &letter) == 2) {
		put_member(members, source_of(letter, digit));
		return true;
	}
	for (size_t i = 0; i < COUNT(member_words); i++) {
		const char *word = member_words[i].word;

		if (strncmp(item, word, strlen(word)) != 0)
			continue;
		put_member(members, member_of(item[strlen(item) - 1], member_words[i].kind));
		return true;
	}
	return false;
}

/* "A > x y; B lc > x; C ip > x; bind A; restrict A; masquerade A; open N; exempt A; spare N; allow 1 A" */
static struct service_state *state_of(const char *text)
{
	auto_memory char *copy = string_dup(text);
	struct service_state *state = memory_allocate(sizeof(*state));
	struct members members = {0};
	char *rest = NULL;

	for (char *item = strtok_r(copy, ";", &rest); item; item = strtok_r(NULL, ";", &rest)) {
		char letter = item[strlen(item) - 1];

		item += strspn(item, " ");
		if (add_member(&members, item))
			continue;
		if (strncmp(item, "bind ", 5) == 0) {
			state->addresses = memory_resize(state->addresses, state->address_count + 1,
							 sizeof(*state->addresses));
			state->addresses[state->address_count++] = key_of(letter).address;
		} else {
			add_server(state, item);
		}
	}
	for (size_t i = 0; i < members.count; i++)
		members.items[i].server = owner_of(state, &members.items[i].member);
	service_state_set_members(state, members.items, members.count);
	return state;
}

static void describe_member(const struct set_member *member, const char *prefix, char *text)
{
	const char *word = "?";
	char letter = letter_of_address(&member->address);

	if (member->kind == SET_KIND_LOAD_BALANCER_SOURCE_CIDR) {
		const struct virtual_server_key key = service_state_server_of(member);

		sprintf(text, "%sallow %u %c", prefix, member->source.bytes[3], letter_of(&key));
		return;
	}
	for (size_t i = 0; i < COUNT(member_words); i++)
		if (member_words[i].kind == (enum set_kind)member->kind)
			word = member_words[i].word;
	if (set_kind_type((enum set_kind)member->kind) == SET_TYPE_BITMAP_PORT)
		letter = 'N';
	sprintf(text, "%s%s %c", prefix, word, letter);
}

static void describe(const struct change *change, char *text)
{
	char server = letter_of(&change->destination.server);
	char name = (char)('a' + change->destination.value.address.bytes[3] - 1);

	switch (change->kind) {
	case CHANGE_KIND_MEMBER_ADD:
		describe_member(&change->member, "", text);
		break;
	case CHANGE_KIND_MEMBER_REMOVE:
		describe_member(&change->member, "un", text);
		break;
	case CHANGE_KIND_SERVER_ADD:
		sprintf(text, "add %c", letter_of(&change->server.key));
		break;
	case CHANGE_KIND_SERVER_EDIT:
		sprintf(text, "edit %c", letter_of(&change->server.key));
		break;
	case CHANGE_KIND_SERVER_REMOVE:
		sprintf(text, "remove %c", letter_of(&change->server.key));
		break;
	case CHANGE_KIND_DESTINATION_ADD:
		sprintf(text, "add %c > %c", server, name);
		break;
	case CHANGE_KIND_DESTINATION_EDIT:
		sprintf(text, change->destination.value.weight ? "serve %c > %c" : "drain %c > %c",
			server, name);
		break;
	case CHANGE_KIND_DESTINATION_REMOVE:
		sprintf(text, "remove %c > %c", server, name);
		break;
	case CHANGE_KIND_ADDRESS_ADD:
		sprintf(text, "bind %c", letter_of_address(&change->address));
		break;
	case CHANGE_KIND_ADDRESS_REMOVE:
		sprintf(text, "unbind %c", letter_of_address(&change->address));
		break;
	}
}

/* Settles, applies and reports, as the agent does; refused changes get a '!'. */
static void commit(struct ledger_bench *bench)
{
	ledger_settle(bench->ledger, bench->now, bench->changes);
	changes_sort(bench->changes);
	fake_backend_apply(bench->kernel, bench->changes->items, bench->changes->count);
	ledger_report(bench->ledger, bench->changes->items, bench->changes->count, bench->now);
	for (size_t i = 0; i < bench->changes->count; i++) {
		char text[40];

		describe(&bench->changes->items[i], text);
		snprintf(bench->text + strlen(bench->text),
			 sizeof(bench->text) - strlen(bench->text), "%s%s%s",
			 *bench->text ? "; " : "", text,
			 bench->changes->items[i].result < 0 ? "!" : "");
	}
	changes_clear(bench->changes);
}

static void start(struct ledger_bench *bench)
{
	struct prefix excluded = object_text_prefix("192.0.2.0/24");

	ledger_free(bench->ledger);
	bench->ledger = ledger_new(&options);
	ledger_set_excluded(bench->ledger, &excluded, 1);
}

static void observe(struct ledger_bench *bench)
{
	size_t drift = 0;

	for (int facility = 0; facility < FACILITY_COUNT; facility++)
		drift += fake_kernel_observe(bench->kernel, bench->ledger, (enum facility)facility,
					     bench->now, bench->changes);
	if (drift)
		sprintf(bench->text, "%zu differ", drift);
	commit(bench);
}

/* What somebody else does to the kernel: adds or removes what a state names. */
static void meddle(struct ledger_bench *bench, const char *what, bool is_added)
{
	auto_free(service_state) struct service_state *state = state_of(what);
	auto_free(changes) struct changes *changes = changes_new();
	struct member_range range = service_state_all_members(state);
	struct set_member member;

	for (size_t i = 0; i < state->server_count; i++) {
		const struct wanted_server *wanted = &state->servers[i];

		if (is_added || !wanted->destination_count)
			changes_add(changes,
				    is_added ? CHANGE_KIND_SERVER_ADD : CHANGE_KIND_SERVER_REMOVE)
				->server = wanted->server;
		for (uint32_t d = 0; d < wanted->destination_count; d++) {
			struct change *change =
				changes_add(changes, is_added ? CHANGE_KIND_DESTINATION_ADD
							      : CHANGE_KIND_DESTINATION_REMOVE);

			change->destination.server = wanted->server.key;
			change->destination.value = service_state_destination(state, wanted, d);
		}
	}
	while (service_state_next_member(state, &range, &member))
		changes_add(changes, is_added ? CHANGE_KIND_MEMBER_ADD : CHANGE_KIND_MEMBER_REMOVE)
			->member = member;
	for (size_t i = 0; i < state->address_count; i++)
		changes_add(changes,
			    is_added ? CHANGE_KIND_ADDRESS_ADD : CHANGE_KIND_ADDRESS_REMOVE)
			->address = state->addresses[i];
	fake_backend_apply(bench->kernel, changes->items, changes->count);
}

static struct destination_usage *usage_of(struct ledger_bench *bench, char server, char destination)
{
	struct virtual_server_key key = key_of(server);
	struct destination wanted = destination_of(destination);
	struct fake_server *found = fake_kernel_find_server(bench->kernel, &key);

	if (!found)
		reject("no such virtual server");
	return fake_server_find_destination(found, &wanted);
}

static void replace(struct ledger_bench *bench, const char *service, const char *state)
{
	int64_t created = strcmp(service, "young") == 0 ? 2 : 1;

	ledger_replace(bench->ledger, service, created, state_of(state));
}

static bool is_of_nobody_else(void *owner, const struct address *address)
{
	(void)owner;
	(void)address;
	return false;
}

/* What a Service has and @text, "web: bind A", does not is kept for a time. */
static void lose(struct ledger_bench *bench, const char *text)
{
	const char *colon = strchr(text, ':');
	auto_memory char *service = string_printf("%.*s", (int)(colon - text), text);
	auto_free(service_state) struct service_state *after = state_of(colon + 1);
	const struct service_view view = {.key = service};
	const struct former_filter filter = {is_of_nobody_else, NULL};

	ledger_former_keep(bench->ledger, &view, after, &filter, bench->now);
	replace(bench, service, colon + 1);
}

void ledger_bench_step(struct ledger_bench *bench, const char *step)
{
	char server, destination;
	unsigned int number;
	int code = ENOMEM;
	const char *colon = strchr(step, ':');

	bench->text[0] = '\0';
	if (strcmp(step, "go") == 0) {
		commit(bench);
	} else if (strcmp(step, "restart") == 0) {
		start(bench);
		observe(bench);
	} else if (strcmp(step, "observe") == 0) {
		observe(bench);
	} else if (strcmp(step, "sweep") == 0) {
		ledger_sweep(bench->ledger, bench->now, bench->changes);
		commit(bench);
	} else if (strcmp(step, "drain") == 0) {
		fake_kernel_drain(bench->kernel, bench->ledger, bench->now, bench->changes);
		commit(bench);
	} else if (strcmp(step, "retry") == 0) {
		ledger_retry(bench->ledger, bench->now, SIZE_MAX, bench->changes);
		commit(bench);
	} else if (sscanf(step, "wait %u", &number) == 1) {
		bench->now += number * 1000ULL;
	} else if (sscanf(step, "pass %u milliseconds", &number) == 1) {
		bench->now += number;
	} else if (sscanf(step, "refuse %u %d", &number, &code) >= 1) {
		fake_kernel_fail(bench->kernel, number, -code);
	} else if (sscanf(step, "connections %c > %c %u", &server, &destination, &number) == 3) {
		usage_of(bench, server, destination)->active_connections = number;
	} else if (sscanf(step, "weigh %c > %c %u", &server, &destination, &number) == 3) {
		usage_of(bench, server, destination)->destination.weight = (uint16_t)number;
	} else if (strncmp(step, "lose ", 5) == 0) {
		lose(bench, step + 5);
	} else if (sscanf(step, "yield %c", &server) == 1) {
		struct virtual_server_key key = key_of(server);

		ledger_former_yield(bench->ledger, &key.address);
	} else if (sscanf(step, "expire %u", &number) == 1) {
		ledger_former_expire(bench->ledger, number * 1000ULL, bench->now, SIZE_MAX);
	} else if (strncmp(step, "others add ", 11) == 0) {
		meddle(bench, step + 11, true);
	} else if (strncmp(step, "others remove ", 14) == 0) {
		meddle(bench, step + 14, false);
	} else {
		auto_memory char *service = NULL;

		if (!colon)
			reject(step);
		service = string_printf("%.*s", (int)(colon - step), step);
		replace(bench, service, colon + 1);
	}
}

void ledger_bench_init(struct ledger_bench *bench)
{
	*bench = (struct ledger_bench){
		.kernel = fake_kernel_new(), .changes = changes_new(), .now = 1000000};
	start(bench);
}

void ledger_bench_end(struct ledger_bench *bench)
{
	ledger_free(bench->ledger);
	fake_kernel_free(bench->kernel);
	changes_free(bench->changes);
}

void ledger_bench_run(const char *what, const char *const steps[LEDGER_BENCH_STEPS],
		      struct ledger_bench *bench)
{
	printf("%s\n", what);
	ledger_bench_init(bench);
	for (size_t i = 0; i < LEDGER_BENCH_STEPS && steps[i]; i++)
		ledger_bench_step(bench, steps[i]);
}
