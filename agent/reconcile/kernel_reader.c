/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupted dumps
 *
 * The kernel answers a dump datagram by datagram, and prepares each when the one before is read. It
 * keeps a position and not a copy: what changes meanwhile may be told as it was, as it is, twice or
 * not at all. Reading 10,000 objects in one go would be safe from ourselves, but would hold the
 * loop up for longer than a turn may last. So dumps go in slices, and three kinds of change meet
 * them.
 *
 * Our own, of what is listed as a whole (addresses, virtual servers): the next part was prepared
 * before the change. sync_version() counts such changes. If it differs from when the dump began,
 * the dump is begun again. Under a load of changes that would go on for ever, so after
 * DUMPS_IN_SLICES attempts it is read in one go: one long turn instead of no verification.
 *
 * Our own, of set members: a set does not move its members when some come and go, so each member
 * that nobody writes is told once. Those that we have written since are not told at all, and the
 * ledger counts what it writes during an observation as seen. Nothing has to be begun again, unless
 * a set is replaced by a larger one, which says -EINTR.
 *
 * Those of others: the kernel marks the answer (NLM_F_DUMP_INTR) where it knows, which is again
 * -EINTR. After a few attempts here that is the result of the whole reading. The verifier, which
 * tries again after a pause, takes it for late at first and for a failure only when it comes time
 * after time.
 *
 * A dump of virtual servers is never marked, and before Linux 7 its position counts those of all
 * network namespaces, so that whoever changes his own disturbs ours: thousands may be left out, or
 * come twice. One that comes twice does no harm. Those that the ledger knows and that were left out
 * are asked for by their keys: only the kernel's answer that there is none makes one gone. At the
 * first observation the ledger knows only what the sets name, so that the dump is read again until
 * it brings nothing new, for NodePorts. What somebody else added and a dump leaves out is found by
 * the next verification.
 *
 * Destinations are asked for server by server after the dump of these, a few servers in a slice. A
 * server that vanished in between has none.
 */
#include "kernel_reader.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/plan/ledger_observe.h"

#include <errno.h>
#include <string.h>

/* With a step more, and what others do in the same turn of the loop, that is well below 10 ms. */
#define SLICE_MILLISECONDS 2

/* So often a dump is begun again because of changes of ours; then it is read in one go. */
#define DUMPS_IN_SLICES 3

/* Virtual servers that are asked for together, or their destinations. */
#define SERVERS_PER_TURN 64

/* So often at most the first dump of virtual servers is read. */
#define FIRST_DUMPS_MAX 5

/**
 * enum stage - where an observation is
 *   LINK          one dump, in slices; the end
 *   IPSET         one dump per set, a few or a part of one per slice; the end
 *   SERVERS       one dump of the virtual servers, in slices; the first time more; then
 *   LEFT_OUT      virtual servers that it should have told, a few per slice; then
 *   DESTINATIONS  those of a few servers per slice, up to the last; the end
 */
enum stage { STAGE_LINK, STAGE_IPSET, STAGE_SERVERS, STAGE_LEFT_OUT, STAGE_DESTINATIONS };

/**
 * struct kernel_reader
 * @is_ensuring:  in IPSET: sets are created before the dump
 * @is_dumping:   in LINK, IPSET, SERVERS: the dump has begun, and not ended
 * @dumps:        that were begun again
 * @version:      of what is listed, when the dump began
 * @first_dumps:  of virtual servers, that have come to their end in the first observation
 * @known_count:  virtual servers that were known when the latest of them began
 * @left_out:     virtual servers to be asked for; those before @next_left_out have been
 * @is_answered:  per key: its destinations have been seen
 * @current:      whose destinations are being gathered
 */
struct kernel_reader {
	struct kernel *kernel;
	struct sync *sync;
	struct ledger *ledger;
	struct traffic_observer traffic;
	enum stage stage;
	bool is_ensuring;
	bool is_dumping;
	unsigned int dumps;
	uint64_t version;
	struct ipvs_visitor visitor;
	unsigned int first_dumps;
	size_t known_count;
	struct virtual_server_key *left_out;
	size_t left_out_count, next_left_out;
	struct virtual_server_key *keys;
	bool *is_answered;
	size_t key_count, key_capacity, next_key;
	const struct virtual_server_key *current;
	struct destination_usage *usages;
	size_t usage_count, usage_capacity;
};

/**
 * struct dump - what is read in steps
 * @step:           Return: 1 if there is more; 0 at the end; -EINTR: it has to be begun again
 * @is_versioned:   whether it has to be begun again after changes of ours to what it lists, since
 *                  the kernel has prepared the next part of it before them. Sets need not: what
 *                  their dump says of members that we wrote since it began is not told, and
 *                  the ledger counts what it has written during an observation as seen.
 */
struct dump {
	int (*begin)(struct kernel_reader *reader, struct error *err);
	int (*step)(struct kernel_reader *reader, struct error *err);
	bool is_versioned;
};

/* Reads on in a dump, or begins one. Return: as observe_destinations() */
static int read_dump(struct kernel_reader *reader, const struct dump *dump, struct error *err)
{
	uint64_t slice_end = clock_milliseconds() + SLICE_MILLISECONDS;
	int r;

	if (dump->is_versioned && reader->is_dumping &&
	    reader->version != sync_version(reader->sync)) {
		reader->is_dumping = false;
		reader->dumps++;
	}
	if (!reader->is_dumping) {
		reader->version = sync_version(reader->sync);
		r = dump->begin(reader, err);
		if (r < 0)
			return r;
		reader->is_dumping = true;
	}
	do
		r = dump->step(reader, err);
	while (r > 0 && (reader->dumps >= DUMPS_IN_SLICES || clock_milliseconds() < slice_end));
	if (r > 0)
		return 0;
	reader->is_dumping = false;
	if (r == -EINTR && reader->dumps < DUMPS_IN_SLICES) {
		reader->dumps++;
		return 0;
	}
	reader->dumps = 0;
	return r < 0 ? r : 1;
}

static void on_bound(void *owner, const struct address *address)
{
	struct kernel_reader *reader = owner;

	ledger_observe_address(reader->ledger, address);
}

static int begin_link(struct kernel_reader *reader, struct error *err)
{
	ledger_observe_begin(reader->ledger, FACILITY_LINK);
	return link_observe_begin(reader->kernel->link, err);
}

static int step_link(struct kernel_reader *reader, struct error *err)
{
	return link_observe_step(reader->kernel->link, on_bound, reader, err);
}

/* What was created lacks all its addresses, which is told of like any drift. */
static int ensure_link(struct kernel_reader *reader, struct error *err)
{
	enum link_ensured ensured = LINK_ENSURED_NOTHING;
	int r = link_ensure(reader->kernel->link, &ensured, err);

	if (ensured == LINK_ENSURED_RENAMED)
		log_warning(
			"link: another program renamed the interface of the VIPs; it has its name again");
	else if (ensured == LINK_ENSURED_CLEARED)
		log_warning(
			"link: deleted the interface of the VIPs that another program renamed, since it could not get its name again");
	return r;
}

/* Return: as observe_destinations() */
static int observe_link(struct kernel_reader *reader, struct error *err)
{
	static const struct dump dump = {begin_link, step_link, true};
	int r = reader->is_dumping ? 0 : ensure_link(reader, err);

	return r < 0 ? r : read_dump(reader, &dump, err);
}

static void on_member(void *owner, const struct set_member *member)
{
	struct kernel_reader *reader = owner;

	ledger_observe_member(reader->ledger, member);
}

static int begin_ipset(struct kernel_reader *reader, struct error *err)
{
	reader->is_ensuring = true;
	return ipsets_ensure_begin(reader->kernel->ipsets, err);
}

/* Sets that are not there yet are created first. */
static int step_ipset(struct kernel_reader *reader, struct error *err)
{
	struct ipsets *ipsets = reader->kernel->ipsets;
	int r;

	if (!reader->is_ensuring)
		return ipsets_observe_step(ipsets, err);
	r = ipsets_ensure_step(ipsets, err);
	if (r != 0)
		return r;
	reader->is_ensuring = false;
	ledger_observe_begin(reader->ledger, FACILITY_IPSET);
	r = ipsets_observe_begin(ipsets, on_member, reader, err);
	return r < 0 ? r : 1;
}

/* Return: as observe_destinations() */
static int observe_ipset(struct kernel_reader *reader, struct error *err)
{
	static const struct dump dump = {begin_ipset, step_ipset, false};

	return read_dump(reader, &dump, err);
}

static int on_server(void *owner, const struct virtual_server *server)
{
	struct kernel_reader *reader = owner;

	/* Nobody writes before the first observation has ended. */
	if (!ledger_observe_server(reader->ledger, server) && reader->first_dumps)
		return 0;
	reader->keys = memory_grow(reader->keys, reader->key_count, &reader->key_capacity,
				   sizeof(*reader->keys));
	reader->keys[reader->key_count++] = server->key;
	return 0;
}

static int on_traffic(void *owner, const struct virtual_server_key *server,
		      const struct ipvs_traffic *traffic)
{
	struct kernel_reader *reader = owner;

	reader->traffic.observe(reader->traffic.owner, server, traffic);
	return 0;
}

/*
 * Asks on, from @next up to @count, some at once. @ask: counts @next on; Return: 0 or a negative
 * errno. Return: as observe_destinations()
 */
static int ask_in_slices(struct kernel_reader *reader, size_t count, const size_t *next,
			 int (*ask)(struct kernel_reader *reader, size_t count, struct error *err),
			 struct error *err)
{
	uint64_t slice_end = clock_milliseconds() + SLICE_MILLISECONDS;

	while (*next < count) {
		size_t rest = count - *next;
		int r;

		if (clock_milliseconds() >= slice_end)
			return 0;
		r = ask(reader, rest < SERVERS_PER_TURN ? rest : SERVERS_PER_TURN, err);
		if (r < 0)
			return r;
	}
	return 1;
}

static int begin_servers(struct kernel_reader *reader, struct error *err)
{
	bool is_traffic_wanted = reader->traffic.is_wanted(reader->traffic.owner);

	if (reader->first_dumps)
		return ipvs_observe_again(reader->kernel->ipvs, err);
	reader->visitor = (struct ipvs_visitor){.server = on_server,
						.traffic = is_traffic_wanted ? on_traffic : NULL};
	reader->key_count = 0;
	reader->next_key = 0;
	if (is_traffic_wanted)
		reader->traffic.begin(reader->traffic.owner);
	ledger_observe_begin(reader->ledger, FACILITY_IPVS);
	return ipvs_observe_begin(reader->kernel->ipvs, &reader->visitor, reader, err);
}

static int step_servers(struct kernel_reader *reader, struct error *err)
{
	return ipvs_observe_step(reader->kernel->ipvs, err);
}

/* Return: whether it takes another dump, since this one brought something new */
static bool end_first_dump(struct kernel_reader *reader)
{
	bool is_new = reader->key_count > reader->known_count;

	reader->known_count = reader->key_count;
	reader->first_dumps++;
	return is_new && reader->first_dumps < FIRST_DUMPS_MAX;
}

/* Return: as observe_destinations() */
static int observe_servers(struct kernel_reader *reader, struct error *err)
{
	static const struct dump dump = {begin_servers, step_servers, true};
	int r = read_dump(reader, &dump, err);

	if (r <= 0)
		return r;
	if (ledger_observe_is_first(reader->ledger, FACILITY_IPVS) && end_first_dump(reader))
		return 0;
	reader->left_out_count = ledger_observe_untold_servers(reader->ledger, &reader->left_out);
	return 1;
}

static int ask_for_some_left_out(struct kernel_reader *reader, size_t count, struct error *err)
{
	int r = ipvs_observe_left_out(reader->kernel->ipvs,
				      reader->left_out + reader->next_left_out, count, err);

	reader->next_left_out += count;
	return r;
}

/* Return: as observe_destinations() */
static int observe_left_out(struct kernel_reader *reader, struct error *err)
{
	int r = ask_in_slices(reader, reader->left_out_count, &reader->next_left_out,
			      ask_for_some_left_out, err);

	if (r <= 0)
		return r;
	ipvs_observe_end(reader->kernel->ipvs);
	if (reader->visitor.traffic)
		reader->traffic.end(reader->traffic.owner);
	free(reader->is_answered);
	reader->is_answered = memory_array(reader->key_count, sizeof(bool));
	reader->current = NULL;
	reader->usage_count = 0;
	return 1;
}

/* Hands the destinations gathered so far to the ledger. */
static void flush_usages(struct kernel_reader *reader)
{
	if (reader->current) {
		ledger_observe_destinations(reader->ledger, reader->current, reader->usages,
					    reader->usage_count);
		reader->is_answered[reader->current - reader->keys] = true;
	}
	reader->current = NULL;
	reader->usage_count = 0;
}

static int on_destination(void *owner, const struct virtual_server_key *server,
			  const struct destination_usage *usage)
{
	struct kernel_reader *reader = owner;

	if (server != reader->current) {
		flush_usages(reader);
		reader->current = server;
	}
	reader->usages = memory_grow(reader->usages, reader->usage_count, &reader->usage_capacity,
				     sizeof(*reader->usages));
	reader->usages[reader->usage_count++] = *usage;
	return 0;
}

static int observe_some_destinations(struct kernel_reader *reader, size_t count, struct error *err)
{
	static const struct ipvs_visitor visitor = {.destination = on_destination};
	const struct virtual_server_key *keys = reader->keys + reader->next_key;
	int r = ipvs_observe_destinations_of(reader->kernel->ipvs, keys, count, &visitor, reader,
					     err);

	if (r < 0)
		return r;
	flush_usages(reader);

	/* A server without destinations has no answer to show. */
	for (size_t i = 0; i < count; i++)
		if (!reader->is_answered[reader->next_key + i])
			ledger_observe_destinations(reader->ledger, &keys[i], NULL, 0);
	reader->next_key += count;
	return 0;
}

/* Return: 1 when all servers were visited, 0 when the slice ended before, or a negative errno */
static int observe_destinations(struct kernel_reader *reader, struct error *err)
{
	return ask_in_slices(reader, reader->key_count, &reader->next_key,
			     observe_some_destinations, err);
}

/* For 10,000 virtual servers that is half a megabyte, and it is long until the next time. */
static void forget_servers(struct kernel_reader *reader)
{
	free(take(&reader->keys));
	free(take(&reader->is_answered));
	free(take(&reader->usages));
	free(take(&reader->left_out));
	reader->left_out_count = reader->next_left_out = 0;
	reader->first_dumps = 0;
	reader->known_count = 0;
	reader->key_count = reader->key_capacity = reader->next_key = 0;
	reader->usage_count = reader->usage_capacity = 0;
}

void kernel_reader_begin(struct kernel_reader *reader, enum facility facility)
{
	static const enum stage first[] = {
		[FACILITY_LINK] = STAGE_LINK,
		[FACILITY_IPSET] = STAGE_IPSET,
		[FACILITY_IPVS] = STAGE_SERVERS,
	};

	forget_servers(reader);
	reader->stage = first[facility];
	reader->is_dumping = false;
	reader->dumps = 0;
}

/* Return: 1 when the stage is done, 0 when only the slice is, or a negative errno */
static int run_stage(struct kernel_reader *reader, struct error *err)
{
	switch (reader->stage) {
	case STAGE_LINK:
		return observe_link(reader, err);
	case STAGE_IPSET:
		return observe_ipset(reader, err);
	case STAGE_SERVERS:
		return observe_servers(reader, err);
	case STAGE_LEFT_OUT:
		return observe_left_out(reader, err);
	case STAGE_DESTINATIONS:
		return observe_destinations(reader, err);
	}
	return -EINVAL;
}

int kernel_reader_run(struct kernel_reader *reader, struct error *err)
{
	int r = run_stage(reader, err);

	if (r > 0 && (reader->stage == STAGE_SERVERS || reader->stage == STAGE_LEFT_OUT)) {
		reader->stage =
			reader->stage == STAGE_SERVERS ? STAGE_LEFT_OUT : STAGE_DESTINATIONS;
		return 0;
	}
	if (r != 0)
		forget_servers(reader);
	return r;
}

struct kernel_reader *kernel_reader_new(struct kernel *kernel, struct sync *sync,
					struct ledger *ledger,
					const struct traffic_observer *traffic)
{
	struct kernel_reader *reader = memory_allocate(sizeof(*reader));

	reader->kernel = kernel;
	reader->sync = sync;
	reader->ledger = ledger;
	reader->traffic = *traffic;
	return reader;
}

void kernel_reader_free(struct kernel_reader *reader)
{
	if (!reader)
		return;
	forget_servers(reader);
	free(reader);
}
