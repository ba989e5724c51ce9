/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster_model.h"

#include "object_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct desired_options desired_options = {
	.scheduler = "rr", .affinity_scheduler = "sh", .has_in_cluster = true};

unsigned int cluster_model_random(struct cluster_model *world, unsigned int limit)
{
	/* xorshift64* */
	world->random ^= world->random >> 12;
	world->random ^= world->random << 25;
	world->random ^= world->random >> 27;
	return (unsigned int)((world->random * 0x2545f4914f6cdd1dULL) >> 33) % limit;
}

/* Whether something happens that happens in @percent of all cases. */
static bool happens(struct cluster_model *world, unsigned int percent)
{
	return cluster_model_random(world, 100) < percent;
}

static void choose_node(struct cluster_model *world)
{
	static const char *const node_ports[] = {"192.168.1.10", "192.168.2.10", "fd01::10"};
	size_t count = 0, locals;

	/* The first address is the node's own for good, the others come and go. */
	for (size_t i = 0; i < COUNT(node_ports); i++)
		if (i == 0 || happens(world, 60))
			world->node_port_addresses[count++] = object_text_address(node_ports[i]);
	memcpy(world->local_addresses, world->node_port_addresses,
	       count * sizeof(*world->local_addresses));
	locals = count;

	/* Some administrator gives the node an external IP of a Service, and takes it back. */
	if (happens(world, 30))
		world->local_addresses[locals++] = object_text_address("203.0.113.1");
	address_sort(world->local_addresses, locals);
	world->node = (struct node_view){
		.name = "here",
		.zone = "east",
		.node_port_addresses = world->node_port_addresses,
		.node_port_address_count = count,
		.local_addresses = world->local_addresses,
		.local_address_count = locals,
		.node_ips = {object_text_address("192.168.1.10"), object_text_address("fd01::10")},
	};
}

struct cluster_model *cluster_model_new(uint64_t seed, unsigned int service_count)
{
	struct cluster_model *world = memory_allocate(sizeof(*world));

	assert(service_count < 100);
	world->service_count = service_count;
	world->slice_count = service_count * 3 / 2 + 1;
	world->services = memory_array(world->service_count, sizeof(char *));
	world->slices = memory_array(world->slice_count, sizeof(char *));
	world->random = seed * 0x9e3779b97f4a7c15ULL + 1;
	world->strings = string_pool_new();
	world->store = store_new();
	choose_node(world);
	return world;
}

void cluster_model_free(struct cluster_model *world)
{
	if (!world)
		return;
	for (size_t i = 0; i < world->service_count; i++)
		free(world->services[i]);
	for (size_t i = 0; i < world->slice_count; i++)
		free(world->slices[i]);
	free(world->services);
	free(world->slices);
	store_free(world->store);
	string_pool_free(world->strings);
	free(world);
}

static const struct {
	const char *name;
	unsigned int port;
	const char *protocol;
} ports[] = {{"a", 80, "TCP"}, {"b", 81, "TCP"}, {"c", 53, "UDP"}, {"d", 9, "SCTP"}};

static void write_service(struct cluster_model *world, unsigned int number, FILE *stream)
{
	static const char *const external[] = {"203.0.113.1", "203.0.113.2", "fd09::1"};
	static const char *const balancer[] = {"203.0.113.2", "203.0.113.3", "fd09::2"};
	static const char *const ranges[] = {"198.51.100.0/24", "192.168.1.0/24", "10.0.0.0/8",
					     "fd09:1::/64"};

	fprintf(stream, "n/s%u created=%u", number, cluster_model_random(world, 4));
	if (happens(world, 97))
		fprintf(stream, " ip=10.96.0.%u", happens(world, 15) ? 100 : number + 1);
	if (happens(world, 40))
		fprintf(stream, " ip=fd00::%u", number + 1);
	for (unsigned int i = 0; i < COUNT(ports); i++) {
		if (!happens(world, 55))
			continue;
		fprintf(stream, " port=%s:%u/%s", ports[i].name, ports[i].port, ports[i].protocol);
		if (happens(world, 40))
			fprintf(stream, ":%u", 30000 + 10 * i + cluster_model_random(world, 2));
	}
	for (size_t i = 0; i < COUNT(external); i++)
		if (happens(world, 15))
			fprintf(stream, " external=%s", external[i]);
	for (size_t i = 0; i < COUNT(balancer); i++)
		if (happens(world, 25))
			fprintf(stream, " lb=%s", balancer[i]);
	for (size_t i = 0; i < COUNT(ranges); i++)
		if (happens(world, 25))
			fprintf(stream, " range=%s", ranges[i]);
	if (happens(world, 20))
		fprintf(stream, " affinity=%u", 60 + cluster_model_random(world, 2));
	if (happens(world, 35))
		fprintf(stream, " etp=Local health=%u", 32000 + cluster_model_random(world, 3));
	if (happens(world, 25))
		fprintf(stream, " itp=Local");
	if (happens(world, 3))
		fprintf(stream, " proxy=other");
	if (happens(world, 3))
		fprintf(stream, " type=ExternalName");
}

static void write_slice(struct cluster_model *world, unsigned int number, FILE *stream)
{
	static const char *const conditions[] = {"!unready", "!terminating", "!ended"};
	bool is_6 = happens(world, 30);

	fprintf(stream, "n/e%u", number);
	if (happens(world, 97))
		fprintf(stream, " service=s%u", cluster_model_random(world, world->service_count));
	if (is_6)
		fprintf(stream, " family=6");
	for (unsigned int i = 0; i < COUNT(ports); i++)
		if (happens(world, 80))
			fprintf(stream, " port=%s:%u/%s", ports[i].name,
				8080 + (happens(world, 10) ? 100 : i), ports[i].protocol);
	for (unsigned int i = cluster_model_random(world, 6); i > 0; i--) {
		fprintf(stream, is_6 ? " fd02::%u" : " 10.244.0.%u",
			1 + cluster_model_random(world, 8));
		if (happens(world, 80))
			fprintf(stream, "@%s", happens(world, 50) ? "here" : "there");
		if (happens(world, 20))
			fprintf(stream, "+%s", happens(world, 50) ? "east" : "west");
		if (happens(world, 25))
			fprintf(stream, "%s",
				conditions[cluster_model_random(world, COUNT(conditions))]);
	}
}

static void set_text(char **text, struct cluster_model *world, unsigned int number,
		     void (*write)(struct cluster_model *world, unsigned int number, FILE *stream))
{
	size_t size;
	FILE *stream;

	free(*text);
	stream = open_memstream(text, &size);
	assert(stream);
	write(world, number, stream);
	fclose(stream);
}

static void step_service(struct cluster_model *world)
{
	unsigned int number = cluster_model_random(world, world->service_count);
	auto_memory char *name = string_printf("s%u", number);

	if (happens(world, 20)) {
		free(take(&world->services[number]));
		store_remove_service(world->store, "n", name);
		return;
	}
	set_text(&world->services[number], world, number, write_service);
	store_set_service(world->store, object_text_service(world->services[number]));
}

static void step_slice(struct cluster_model *world)
{
	unsigned int number = cluster_model_random(world, world->slice_count);
	auto_memory char *name = string_printf("e%u", number);

	if (happens(world, 15)) {
		free(take(&world->slices[number]));
		store_remove_endpoint_slice(world->store, "n", name);
		return;
	}
	set_text(&world->slices[number], world, number, write_slice);
	store_set_endpoint_slice(world->store,
				 object_text_slice(world->strings, world->slices[number]));
}

void cluster_model_step(struct cluster_model *world)
{
	unsigned int what = cluster_model_random(world, 100);

	if (what < 55) {
		step_slice(world);
	} else if (what < 95) {
		step_service(world);
	} else {
		choose_node(world);
		store_mark_all_dirty(world->store);
	}
}

void cluster_model_plan(const struct cluster_model *world, struct store *store,
			struct ledger *ledger)
{
	struct service_view view;
	size_t budget;

	while (store_take_dirty(store, &view)) {
		ledger_replace_begin(ledger, view.key, view.service ? view.service->created : 0,
				     desired_service(&view, &world->node, &desired_options));
		/* In small steps, as the agent replaces large Services. */
		do
			budget = 3;
		while (!ledger_replace_step(ledger, &budget));
	}
}

struct store *cluster_model_new_store(struct cluster_model *world)
{
	struct store *store = store_new();
	unsigned int offset = cluster_model_random(world, world->slice_count), i;

	for (unsigned int n = 0; n < world->slice_count; n++) {
		i = (n + offset) % world->slice_count;
		if (world->slices[i])
			store_set_endpoint_slice(
				store, object_text_slice(world->strings, world->slices[i]));
		i = (n + offset) % world->service_count;
		if (world->services[i])
			store_set_service(store, object_text_service(world->services[i]));
	}
	return store;
}

struct ledger *cluster_model_new_ledger(void)
{
	static const struct ledger_options options = {
		.drain_milliseconds = 10000,
		.retry_first_milliseconds = 100,
		.retry_max_milliseconds = 1000,
	};

	return ledger_new(&options);
}

struct fake_kernel *cluster_model_ideal(struct cluster_model *world)
{
	auto_free(store) struct store *store = cluster_model_new_store(world);
	auto_free(ledger) struct ledger *ledger = cluster_model_new_ledger();
	auto_free(changes) struct changes *changes = changes_new();
	struct fake_kernel *kernel = fake_kernel_new();

	cluster_model_plan(world, store, ledger);
	ledger_settle(ledger, 0, changes);
	changes_sort(changes);
	fake_kernel_apply(kernel, changes->items, changes->count);
	return kernel;
}
