/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/ledger.h"

#include "fake/fake_backend.h"
#include "fake/written.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*
 * Virtual servers are capital letters: A and B are VIPs with a TCP port, S has an SCTP port, U a
 * UDP port; N is a node port, whose address is the node's own; X lies in an excluded network; Z is
 * a stranger's. Destinations are small letters.
 */
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
	.retry_most_milliseconds = 8000,
};

struct bench {
	struct ledger *ledger;
	struct fake_kernel *kernel;
	struct changes *changes;
	uint64_t now;
	char text[1000]; /* what the last step changed */
};

static struct virtual_server_key key_of(char letter)
{
	struct virtual_server_key key;
	size_t i = 0;

	while (i < COUNT(server_names) && server_names[i].letter != letter)
		i++;
	assert_true(i < COUNT(server_names));
	memset(&key, 0, sizeof(key));
	key.address = written_address(server_names[i].address);
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
		struct address named = written_address(server_names[i].address);

		if (address_is_equal(&named, address))
			return server_names[i].letter;
	}
	return '?';
}

static struct destination destination_of(char letter)
{
	auto_memory char *text = memory_format("10.244.0.%d", letter - 'a' + 1);

	return (struct destination){.address = written_address(text), .port = 8080, .weight = 1};
}

static struct set_member member_of(char letter, enum set_kind kind)
{
	struct virtual_server_key key = key_of(letter);
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = (uint8_t)kind;
	member.family = (uint8_t)key.address.family;
	member.port = key.port;
	if (set_kind_type(kind) != SET_TYPE_BITMAP_PORT) {
		member.protocol = (uint8_t)key.protocol;
		member.address = key.address;
	}
	return member;
}

static const struct {
	const char *word;
	enum set_kind kind;
} member_words[] = {
	{"restrict", SET_KIND_LOAD_BALANCER_FIREWALL},
	{"masquerade", SET_KIND_CLUSTER_IP},
	{"open", SET_KIND_NODE_PORT_TCP},
};

static void add_server(struct service_state *state, const char *words)
{
	struct wanted_server *wanted;

	state->servers =
		memory_resize(state->servers, state->server_count + 1, sizeof(*state->servers));
	wanted = &state->servers[state->server_count++];
	memset(wanted, 0, sizeof(*wanted));
	wanted->server.key = key_of(words[0]);
	wanted->server.netmask = 0xffffffff;
	strcpy(wanted->server.scheduler, strstr(words, " lc") ? "lc" : "rr");
	wanted->first_destination = (uint32_t)state->destination_count;
	words = strchr(words, '>');
	for (; words && *words; words++) {
		if (*words < 'a' || *words > 'z')
			continue;
		state->destinations =
			memory_resize(state->destinations, state->destination_count + 1,
				      sizeof(*state->destinations));
		state->destinations[state->destination_count++] = destination_of(*words);
		wanted->destination_count++;
	}
}

static void add_member(struct service_state *state, struct set_member member)
{
	state->members =
		memory_resize(state->members, state->member_count + 1, sizeof(*state->members));
	state->members[state->member_count++] = member;
}

/* "A > x y; B lc > x; bind A; restrict A; masquerade A; open N" */
static struct service_state *state_of(const char *text)
{
	auto_memory char *copy = memory_text(text);
	struct service_state *state = memory_allocate(sizeof(*state));
	char *rest = NULL;

	for (char *item = strtok_r(copy, ";", &rest); item; item = strtok_r(NULL, ";", &rest)) {
		char letter = item[strlen(item) - 1];
		bool is_member = false;

		item += strspn(item, " ");
		for (size_t i = 0; i < COUNT(member_words); i++) {
			if (strncmp(item, member_words[i].word, strlen(member_words[i].word)) ==
			    0) {
				add_member(state, member_of(letter, member_words[i].kind));
				is_member = true;
			}
		}
		if (is_member)
			continue;
		if (strncmp(item, "bind ", 5) == 0) {
			state->addresses = memory_resize(state->addresses, state->address_count + 1,
							 sizeof(*state->addresses));
			state->addresses[state->address_count++] = key_of(letter).address;
		} else {
			add_server(state, item);
		}
	}
	return state;
}

static void describe_member(const struct set_member *member, const char *prefix, char *text)
{
	const char *word = "?";
	char letter = letter_of_address(&member->address);

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
static void commit(struct bench *bench)
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

static void start(struct bench *bench)
{
	struct prefix excluded = written_prefix("192.0.2.0/24");

	ledger_free(bench->ledger);
	bench->ledger = ledger_new(&options);
	ledger_set_excluded(bench->ledger, &excluded, 1);
}

static void observe(struct bench *bench)
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
static void meddle(struct bench *bench, const char *what, bool is_added)
{
	auto_free(service_state) struct service_state *state = state_of(what);
	auto_free(changes) struct changes *changes = changes_new();

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
			change->destination.value =
				state->destinations[wanted->first_destination + d];
		}
	}
	for (size_t i = 0; i < state->member_count; i++)
		changes_add(changes, is_added ? CHANGE_KIND_MEMBER_ADD : CHANGE_KIND_MEMBER_REMOVE)
			->member = state->members[i];
	for (size_t i = 0; i < state->address_count; i++)
		changes_add(changes,
			    is_added ? CHANGE_KIND_ADDRESS_ADD : CHANGE_KIND_ADDRESS_REMOVE)
			->address = state->addresses[i];
	fake_backend_apply(bench->kernel, changes->items, changes->count);
}

static struct destination_usage *usage_of(struct bench *bench, char server, char destination)
{
	struct virtual_server_key key = key_of(server);
	struct destination wanted = destination_of(destination);
	struct fake_server *found = fake_kernel_find_server(bench->kernel, &key);

	assert_non_null(found);
	return fake_server_find_destination(found, &wanted);
}

static void replace(struct bench *bench, const char *service, const char *state)
{
	int64_t created = strcmp(service, "young") == 0 ? 2 : 1;

	ledger_replace(bench->ledger, service, created, state_of(state));
}

/*
 * SERVICE: STATE         the Service wants that; "young" was created later than all others
 * go                     settle, apply, report
 * restart                forget everything, observe the kernel
 * observe, sweep, drain, retry
 * wait SECONDS
 * refuse N [CODE]        the Nth change from now on fails, with ENOMEM or CODE
 * connections A > x N    A > x has that many
 * weigh A > x N          somebody sets the weight
 * others add STATE       somebody does
 * others remove STATE    somebody removes servers without destinations, or destinations
 */
static void carry_out(struct bench *bench, const char *step)
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
		ledger_retry(bench->ledger, bench->now, bench->changes);
		commit(bench);
	} else if (sscanf(step, "wait %u", &number) == 1) {
		bench->now += number * 1000ULL;
	} else if (sscanf(step, "refuse %u %d", &number, &code) >= 1) {
		fake_kernel_fail(bench->kernel, number, -code);
	} else if (sscanf(step, "connections %c > %c %u", &server, &destination, &number) == 3) {
		usage_of(bench, server, destination)->active_connections = number;
	} else if (sscanf(step, "weigh %c > %c %u", &server, &destination, &number) == 3) {
		usage_of(bench, server, destination)->destination.weight = (uint16_t)number;
	} else if (strncmp(step, "others add ", 11) == 0) {
		meddle(bench, step + 11, true);
	} else if (strncmp(step, "others remove ", 14) == 0) {
		meddle(bench, step + 14, false);
	} else {
		auto_memory char *service = NULL;

		assert_non_null(colon);
		service = memory_format("%.*s", (int)(colon - step), step);
		replace(bench, service, colon + 1);
	}
}

#define STEPS 14

static void run(const char *what, const char *const steps[STEPS], struct bench *bench)
{
	print_message("%s\n", what);
	*bench = (struct bench){
		.kernel = fake_kernel_new(), .changes = changes_new(), .now = 1000000};
	start(bench);
	for (size_t i = 0; i < STEPS && steps[i]; i++)
		carry_out(bench, steps[i]);
}

static void end(struct bench *bench)
{
	ledger_free(bench->ledger);
	fake_kernel_free(bench->kernel);
	changes_free(bench->changes);
}

/* One row per behaviour: what the last step changes. */
struct row {
	const char *what, *steps[STEPS], *changes;
};

static void run_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct bench bench;

		run(rows[i].what, rows[i].steps, &bench);
		assert_string_equal(bench.text, rows[i].changes);
		end(&bench);
	}
}

static void test_claims(void **state)
{
	static const struct row rows[] = {
		{"a VIP is made from the inside out",
		 {"web: A > x y; bind A; masquerade A", "go"},
		 "masquerade A; add A; add A > x; add A > y; bind A"},
		{"and unmade from the outside in",
		 {"web: A > x y; bind A; masquerade A", "go", "web:", "go"},
		 "unbind A; remove A; unmasquerade A"},
		{"agreement changes nothing",
		 {"web: A > x; bind A", "go", "web: A > x; bind A", "go"},
		 ""},
		{"an endpoint more", {"web: A > x", "go", "web: A > x y", "go"}, "add A > y"},
		{"an endpoint less drains",
		 {"web: A > x y", "go", "web: A > x", "go"},
		 "drain A > y"},
		{"a new endpoint precedes an old one's end",
		 {"web: A > x", "go", "web: A > y", "go"},
		 "add A > y; drain A > x"},
		{"attributes are edited in place",
		 {"web: A > x", "go", "web: A lc > x", "go"},
		 "edit A"},
		{"another port of the VIP keeps the address",
		 {"web: A > x; bind A", "go", "web: C > x; bind A", "go"},
		 "add C; add C > x; remove A"},
		{"an address stays while anybody wants it",
		 {"web: A; bind A", "api: C; bind A", "go", "web:", "go"},
		 "remove A"},
		{"and goes with the last",
		 {"web: A; bind A", "api: C; bind A", "go", "web:", "go", "api:", "go"},
		 "unbind A; remove C"},
		{"what nobody knows may be withdrawn", {"web:", "go"}, ""},
		{"changed twice in a batch, done once",
		 {"web: A > x", "web: A > y", "web: A > z", "go"},
		 "add A; add A > z"},
		{"come and gone in a batch is nothing", {"web: A > x; bind A", "web:", "go"}, ""},
		{"gone and back in a batch is nothing",
		 {"web: A > x; bind A; masquerade A", "go",
		  "web:", "web: A > x; bind A; masquerade A", "go"},
		 ""},
		{"renamed in a batch: what stays is not touched",
		 {"web: A > x y; bind A; masquerade A", "go",
		  "web:", "site: A > y z; bind A; masquerade A", "go"},
		 "add A > z; drain A > x"},
		{"the other way round too",
		 {"web: A > x y; bind A; masquerade A", "go", "site: A > y z; bind A; masquerade A",
		  "web:", "go"},
		 "add A > z; drain A > x"},
		{"renamed, with UDP",
		 {"web: U > x", "go", "web:", "site: U > x y", "go"},
		 "add U > y"},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

static void test_conflicts(void **state)
{
	static const struct row rows[] = {
		{"the older Service has it",
		 {"young: A > y", "old: A > x", "go"},
		 "add A; add A > x"},
		{"it takes over when it comes later",
		 {"young: A > y", "go", "old: A > x", "go"},
		 "add A > x; drain A > y"},
		{"the younger waits", {"old: A > x", "go", "young: A lc > y", "go"}, ""},
		{"and inherits",
		 {"old: A > x", "young: A lc > y", "go", "old:", "go"},
		 "edit A; add A > y; drain A > x"},
		{"of the same age, the name decides",
		 {"b: A > y", "a: A > x", "go"},
		 "add A; add A > x"},
		{"a loser's changes are silent",
		 {"old: A > x", "young: A > y", "go", "young: A > z", "go"},
		 ""},
		{"a loser that goes is silent",
		 {"old: A > x", "young: A > y", "go", "young:", "go"},
		 ""},
		{"the winner leaves this server only",
		 {"old: A > x; B > x", "young: A > y", "go", "old: B > x", "go"},
		 "add A > y; drain A > x"},
		{"both withdraw in a batch",
		 {"old: A > x; bind A", "young: A > y; bind A", "go", "old:", "young:", "go"},
		 "unbind A; remove A"},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

static void test_draining(void **state)
{
#define DRAINING "web: A > x y", "go", "connections A > y 1", "web: A > x", "go"
	static const struct row rows[] = {
		{"a UDP destination goes at once",
		 {"web: U > x y", "go", "web: U > x", "go"},
		 "remove U > y"},
		{"an SCTP destination drains",
		 {"web: S > x y", "go", "web: S > x", "go"},
		 "drain S > y"},
		{"it stays while it has connections", {DRAINING, "drain"}, ""},
		{"it goes with the last",
		 {DRAINING, "connections A > y 0", "drain"},
		 "remove A > y"},
		{"it goes at its deadline", {DRAINING, "wait 62", "drain"}, "remove A > y"},
		{"not before", {DRAINING, "wait 55", "drain"}, ""},
		{"it comes back", {DRAINING, "web: A > x y", "go"}, "serve A > y"},
		{"it drains anew afterwards",
		 {DRAINING, "wait 50", "web: A > x y", "go", "web: A > x", "go", "wait 50",
		  "drain"},
		 ""},
		{"other changes do not prolong it",
		 {DRAINING, "wait 50", "web: A > x z", "go", "wait 12", "drain"},
		 "remove A > y"},
		{"somebody's look at it does not prolong it",
		 {DRAINING, "wait 50", "others remove A > x", "observe", "wait 12", "drain"},
		 "remove A > y"},
		{"it comes back in the batch that removes it",
		 {"web: A > x y", "go", "web: A > x", "go", "web: A > x y", "drain"},
		 "serve A > y"},
		{"the virtual server's end ends it", {DRAINING, "web:", "go"}, "remove A"},
		{"a removal that fails is tried again",
		 {DRAINING, "connections A > y 0", "refuse 1", "drain", "wait 1", "retry", "drain"},
		 "remove A > y"},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

static void test_observation(void **state)
{
#define WEB "web: A > x y; bind A; masquerade A"
	static const struct row rows[] = {
		{"a restart writes nothing", {WEB, "go", "restart", WEB, "go"}, ""},
		{"nor does its sweep", {WEB, "go", "restart", WEB, "go", "sweep"}, ""},
		{"only the difference",
		 {WEB, "go", "restart", "web: A > x z; bind A; masquerade A", "go"},
		 "add A > z; drain A > y"},
		{"a Service that went meanwhile is swept",
		 {WEB, "go", "restart", "sweep"},
		 "unbind A; remove A; unmasquerade A"},
		{"nothing is swept before all is planned", {WEB, "go", "restart", "go"}, ""},
		{"a server whose VIP is not bound yet is swept",
		 {"others add A > x; masquerade A", "restart", "sweep"},
		 "remove A; unmasquerade A"},
		{"a node port is swept",
		 {"web: N > x; open N", "go", "restart", "sweep"},
		 "remove N; unopen N"},
		{"draining goes on after a restart",
		 {DRAINING, "restart", "web: A > x", "go", "wait 62", "drain"},
		 "remove A > y"},
		{"a stranger's server stays", {"others add Z > x", "restart", "sweep"}, ""},
		{"also when it comes later",
		 {"restart", "sweep", "others add Z > x", "observe"},
		 ""},
		{"a stranger's draining destination stays",
		 {"others add Z > x", "weigh Z > x 0", "restart", "sweep", "drain"},
		 ""},
		{"a server on the node's address that no set names is a stranger's",
		 {"others add N > x", "restart", "sweep"},
		 ""},
		{"a server in an excluded network stays, though its address is bound",
		 {"others add X > x; bind X", "restart", "sweep"},
		 "unbind X"},
		{"unless a Service had it", {"web: X > x", "go", "web:", "go"}, "remove X"},
		{"a server on our VIP that nobody wants goes",
		 {WEB, "go", "observe", "sweep", "others add C > x", "observe"},
		 "1 differ; remove C"},
		{"a lost server comes back whole",
		 {WEB, "go", "observe", "others remove A", "observe"},
		 "1 differ; add A; add A > x; add A > y"},
		{"a lost destination comes back",
		 {WEB, "go", "observe", "others remove A > x", "observe"},
		 "1 differ; add A > x"},
		{"another weight is set right",
		 {WEB, "go", "observe", "weigh A > x 5", "observe"},
		 "1 differ; serve A > x"},
		{"a destination of somebody else drains",
		 {WEB, "go", "observe", "others add A > z", "observe"},
		 "1 differ; drain A > z"},
		{"a lost address comes back",
		 {WEB, "go", "observe", "others remove bind A", "observe"},
		 "1 differ; bind A"},
		{"a lost member comes back",
		 {WEB, "go", "observe", "others remove masquerade A", "observe"},
		 "1 differ; masquerade A"},
		{"a foreign member of our set goes",
		 {WEB, "go", "observe", "sweep", "others add masquerade B", "observe"},
		 "1 differ; unmasquerade B"},
		{"a foreign address on our interface goes",
		 {WEB, "go", "observe", "sweep", "others add bind B", "observe"},
		 "1 differ; unbind B"},
		{"no drift, no changes", {WEB, "go", "observe", "sweep", "observe"}, ""},
		{"what was repaired differs no more",
		 {WEB, "go", "observe", "others remove A", "observe", "observe"},
		 ""},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

static void test_failures(void **state)
{
#define LIMITED "web: A > x; bind A; restrict A"
	static const struct row rows[] = {
		{"a failed server is tried again with its destinations",
		 {"web: A > x", "refuse 1", "go", "wait 1", "retry"},
		 "add A; add A > x"},
		{"not before its time", {"web: A > x", "refuse 1", "go", "retry"}, ""},
		{"others are not held up",
		 {"web: A > x", "api: B > y", "refuse 1", "go"},
		 "add A!; add B; add A > x!; add B > y"},
		{"a failed destination is tried again",
		 {"web: A > x y", "refuse 2", "go", "wait 1", "retry"},
		 "add A > x"},
		{"a failed address is tried again",
		 {WEB, "refuse 5", "go", "wait 1", "retry"},
		 "bind A"},
		{"a failed member is tried again",
		 {WEB, "refuse 1", "go", "wait 1", "retry"},
		 "masquerade A"},
		{"the wait doubles",
		 {WEB, "refuse 1", "go", "wait 1", "refuse 1", "retry", "wait 1", "retry"},
		 ""},
		{"and then comes",
		 {WEB, "refuse 1", "go", "wait 1", "refuse 1", "retry", "wait 2", "retry"},
		 "masquerade A"},
		{"success ends it",
		 {WEB, "refuse 1", "go", "wait 1", "retry", "wait 60", "retry"},
		 ""},
		{"a failed edit is tried again",
		 {"web: A > x", "go", "web: A lc > x", "refuse 1", "go", "wait 1", "retry"},
		 "edit A"},
		{"a failed weight is tried again",
		 {"web: A > x y", "go", "web: A > x", "refuse 1", "go", "wait 1", "retry"},
		 "drain A > y"},
		{"a failed removal is tried again",
		 {"web: A > x", "go", "web:", "refuse 1", "go", "wait 1", "retry"},
		 "remove A"},
		{"a failed unbinding is tried again",
		 {WEB, "go", "web:", "refuse 1", "go", "wait 1", "retry"},
		 "unbind A"},
		{"a Service that comes back finds what could not be removed",
		 {"web: A > x", "go", "web:", "refuse 1", "go", "web: A > x", "go"},
		 "edit A; add A > x"},
		{"a Service that goes takes its failure along",
		 {"web: A > x", "refuse 1", "go", "web:", "wait 9", "go", "retry"},
		 ""},
		{"a vanished server is made anew",
		 {"web: A > x", "go", "others remove A", "web: A > x y", "go", "wait 1", "retry"},
		 "add A; add A > x; add A > y"},
		{"no destination while the restriction waits",
		 {LIMITED, "refuse 1", "go", "web: A > x y; bind A; restrict A", "go"},
		 "restrict A; add A > y"},
		{"what waits is no drift",
		 {WEB, "go", "observe", "web: A > x y; bind A; masquerade A; open N", "refuse 1",
		  "go", "observe"},
		 ""},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

static void test_reports(void **cmocka_state)
{
	static const struct {
		const char *what, *steps[STEPS], *service;
		enum claim_state state;
		const char *winner;
		int code, member_code;
		uint32_t draining;
		size_t failed;
	} rows[] = {
		{"programmed", {WEB, "go"}, "web", CLAIM_STATE_PROGRAMMED, NULL, 0, 0, 0, 0},
		{"draining is counted",
		 {DRAINING},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 0,
		 1,
		 0},
		{"a conflict names the winner",
		 {"old: A > x", "young: A > y", "go"},
		 "young",
		 CLAIM_STATE_CONFLICT,
		 "old",
		 0,
		 0,
		 0,
		 0},
		{"the winner sees none",
		 {"old: A > x", "young: A > y", "go"},
		 "old",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 0,
		 0,
		 0},
		{"a failed server says why, not what followed from it",
		 {"web: A > x", "refuse 1 12", "go"},
		 "web",
		 CLAIM_STATE_FAILED,
		 NULL,
		 -ENOMEM,
		 0,
		 0,
		 1},
		{"a failed destination too",
		 {"web: A > x y", "refuse 3 28", "go"},
		 "web",
		 CLAIM_STATE_FAILED,
		 NULL,
		 -ENOSPC,
		 0,
		 0,
		 1},
		{"a failed member is the Service's",
		 {WEB, "refuse 1 28", "go"},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 -ENOSPC,
		 0,
		 1},
		{"a failed address too",
		 {WEB, "refuse 5 28", "go"},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 -ENOSPC,
		 0,
		 1},
		{"after a good retry all is well",
		 {WEB, "refuse 1", "go", "wait 1", "retry"},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 0,
		 0,
		 0},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct claim_report report;
		struct bench bench;

		run(rows[i].what, rows[i].steps, &bench);
		ledger_claim(bench.ledger, rows[i].service, 0, &report);
		assert_int_equal(report.state, rows[i].state);
		assert_true(memory_text_is_equal(report.winner, rows[i].winner));
		assert_int_equal(report.code, rows[i].code);
		assert_int_equal(report.draining, rows[i].draining);
		assert_int_equal(ledger_member_code(bench.ledger, rows[i].service),
				 rows[i].member_code);
		assert_int_equal(ledger_failed_count(bench.ledger), rows[i].failed);
		assert_int_equal(ledger_draining_count(bench.ledger), rows[i].draining);
		assert_int_equal(ledger_next_retry(bench.ledger) == UINT64_MAX,
				 rows[i].failed == 0);
		end(&bench);
	}
}

static void test_counts(void **state)
{
	static const char *const steps[STEPS] = {
		"others add Z > x", "restart", WEB,    "api: B > x; bind B",
		"site: A > z",	    "go",      "sweep"};
	struct ledger_counts counts;
	struct bench bench;

	(void)state;
	run("what is programmed is counted once, strangers' objects are not", steps, &bench);
	ledger_count(bench.ledger, &counts);
	assert_int_equal(counts.servers, 2);
	assert_int_equal(counts.destinations, 2);
	assert_int_equal(counts.members, 1);
	assert_int_equal(counts.addresses, 2);
	assert_int_equal(ledger_state(bench.ledger, "web")->server_count, 1);
	assert_null(ledger_state(bench.ledger, "nobody"));

	assert_int_equal(ledger_unsettled_count(bench.ledger), 0);
	carry_out(&bench, "web: A > x");
	assert_true(ledger_unsettled_count(bench.ledger) > 0);
	end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),	 cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_draining), cmocka_unit_test(test_observation),
		cmocka_unit_test(test_failures), cmocka_unit_test(test_reports),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
