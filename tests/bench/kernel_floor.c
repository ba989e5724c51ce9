/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_floor SERVICES ENDPOINTS SAMPLES: the time the kernel itself takes. Makes the kernel objects of
 * that many Services, packed into netlink messages beforehand, and prints the seconds that sending
 * them took ("floor.apply SERVICES SECONDS", and the same for each kind of object); then, SAMPLES
 * times, those of changing a destination, "floor.change SERVICES SECONDS", of adding and removing
 * one more Service, and of node ports that all Services have on an address which the node gets and
 * loses, if they are of the shape "node-ports". "floor.fresh-page" is what a page of memory takes
 * that a process touches for the first time.
 *
 * kernel_floor rolling ENDPOINTS ROUNDS {new|same}: what rolling_updates measures, with the kernel alone:
 * "floor.rolling-new.update-NN ENDPOINTS SECONDS".
 *
 * The interface kube-ipvs0 and the sets are there already, see run-in-kernel.
 */
#include "objects.h"
#include "packing.h"

#include <linux/ip_vs.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FRESH_PAGES    1024
#define BATCH_MESSAGES 500
#define NODE_ADDRESS   0xc0a84d0b /* 192.168.77.11 */
#define ROLLING_STEPS  10

/* What is packed for one kind of socket. */
enum kind { KIND_MEMBERS, KIND_SERVERS, KIND_DESTINATIONS, KIND_ADDRESSES, KIND_COUNT };

struct floor {
	size_t services;
	size_t endpoints;
	unsigned int interface;
	int sockets[KIND_COUNT];
	struct netlink_buffer buffers[KIND_COUNT];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct packing_place place_of(size_t service)
{
	return (struct packing_place){objects_service_address(service), OBJECTS_PORT};
}

static void open_all(struct floor *floor)
{
	floor->sockets[KIND_MEMBERS] = netlink_buffer_open(NETLINK_NETFILTER);
	floor->sockets[KIND_SERVERS] = netlink_buffer_open(NETLINK_GENERIC);
	floor->sockets[KIND_DESTINATIONS] = netlink_buffer_open(NETLINK_GENERIC);
	floor->sockets[KIND_ADDRESSES] = netlink_buffer_open(NETLINK_ROUTE);
}

/* Return: seconds */
static double send_kind(struct floor *floor, enum kind kind)
{
	double begin = now();

	netlink_buffer_send(floor->sockets[kind], &floor->buffers[kind], BATCH_MESSAGES);
	netlink_buffer_clear(&floor->buffers[kind]);
	return now() - begin;
}

static double send_all(struct floor *floor)
{
	double seconds = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (floor->buffers[kind].count)
			seconds += send_kind(floor, (enum kind)kind);
	return seconds;
}

static void print(const struct floor *floor, const char *what, double seconds)
{
	printf("floor.%s %zu %.6f\n", what, floor->services, seconds);
}

/* Members of the sets, of Services from @first to before @end. */
static void pack_members(struct floor *floor, uint8_t command, size_t first, size_t end)
{
	struct packing_members members = {.buffer = &floor->buffers[KIND_MEMBERS],
					  .command = command};

	members.set = "KUBE-CLUSTER-IP";
	for (size_t i = first; i < end; i++)
		packing_member(&members, objects_service_address(i), OBJECTS_PORT, 0);
	packing_members_end(&members);
	members.set = "KUBE-IPVS-IPS";
	for (size_t i = first; i < end; i++)
		packing_member(&members, objects_service_address(i), 0, 0);
	packing_members_end(&members);
	members.set = "KUBE-LOOP-BACK";
	for (size_t i = first * floor->endpoints; i < end * floor->endpoints; i++) {
		uint32_t address = objects_endpoint_address(i);

		if (objects_endpoint_is_local(i))
			packing_member(&members, address, OBJECTS_TARGET_PORT, address);
	}
	packing_members_end(&members);
}

static void pack_servers(struct floor *floor, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		packing_server(&floor->buffers[KIND_SERVERS], place_of(i));
	for (size_t i = first * floor->endpoints; i < end * floor->endpoints; i++)
		packing_destination(&floor->buffers[KIND_DESTINATIONS], IPVS_CMD_NEW_DEST,
				    place_of(i / floor->endpoints), i, 1);
}

static void make_all(struct floor *floor)
{
	static const char *const names[KIND_COUNT] = {
		[KIND_MEMBERS] = "members",
		[KIND_SERVERS] = "servers",
		[KIND_DESTINATIONS] = "destinations",
		[KIND_ADDRESSES] = "addresses",
	};
	double total = 0;

	pack_members(floor, IPSET_CMD_ADD, 0, floor->services);
	pack_servers(floor, 0, floor->services);
	for (size_t i = 0; i < floor->services; i++)
		packing_address(&floor->buffers[KIND_ADDRESSES], RTM_NEWADDR, floor->interface, i);
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		double seconds = send_kind(floor, (enum kind)kind);

		print(floor, names[kind], seconds);
		total += seconds;
	}
	print(floor, "apply", total);
}

/* The weight of one destination is set, a change that leaves nothing behind. */
static void change_endpoint(struct floor *floor)
{
	size_t service = floor->services / 2;

	packing_destination(&floor->buffers[KIND_DESTINATIONS], IPVS_CMD_SET_DEST,
			    place_of(service), service * floor->endpoints, 1);
	print(floor, "change", send_all(floor));
}

static void change_service(struct floor *floor)
{
	size_t service = floor->services;

	pack_members(floor, IPSET_CMD_ADD, service, service + 1);
	pack_servers(floor, service, service + 1);
	packing_address(&floor->buffers[KIND_ADDRESSES], RTM_NEWADDR, floor->interface, service);
	print(floor, "service-added", send_all(floor));
	pack_members(floor, IPSET_CMD_DEL, service, service + 1);
	packing_server_removal(&floor->buffers[KIND_SERVERS], place_of(service));
	packing_address(&floor->buffers[KIND_ADDRESSES], RTM_DELADDR, floor->interface, service);
	print(floor, "service-removed", send_all(floor));
}

static void change_node_address(struct floor *floor)
{
	struct netlink_buffer *servers = &floor->buffers[KIND_SERVERS];
	struct netlink_buffer *destinations = &floor->buffers[KIND_DESTINATIONS];
	struct packing_place place = {.address = NODE_ADDRESS};

	for (size_t i = 0; i < floor->services; i++) {
		place.port = objects_node_port(i);
		packing_server(servers, place);
		for (size_t k = 0; k < floor->endpoints; k++)
			packing_destination(destinations, IPVS_CMD_NEW_DEST, place,
					    i * floor->endpoints + k, 1);
	}
	print(floor, "node-address-added", send_all(floor));
	for (size_t i = 0; i < floor->services; i++) {
		place.port = objects_node_port(i);
		packing_server_removal(servers, place);
	}
	print(floor, "node-address-removed", send_all(floor));
}

static void update_endpoints(struct floor *floor, uint8_t command, size_t first, size_t end,
			     uint32_t weight)
{
	for (size_t i = first; i < end; i++)
		packing_destination(&floor->buffers[KIND_DESTINATIONS], command, place_of(0), i,
				    weight);
}

/* As rolling does: a tenth of the endpoints goes, and as many come. */
static void roll(struct floor *floor, size_t rounds, const char *variant)
{
	bool is_new = strcmp(variant, "new") == 0;
	size_t count = floor->endpoints / ROLLING_STEPS, first = 0, endpoints = floor->endpoints;

	pack_servers(floor, 0, 1);
	send_all(floor);
	for (size_t i = 0; i < rounds; i++) {
		bool is_forward = is_new || i % 2 == 0;
		double seconds = 0;

		for (size_t step = 0; step < ROLLING_STEPS; step++) {
			size_t gone = is_forward ? first : first + endpoints - count;
			size_t come = is_forward ? first + endpoints : first - count;

			first = is_forward ? first + count : first - count;
			update_endpoints(floor, IPVS_CMD_NEW_DEST, come, come + count, 1);
			update_endpoints(floor, IPVS_CMD_SET_DEST, gone, gone + count, 0);
			update_endpoints(floor, IPVS_CMD_DEL_DEST, gone, gone + count, 0);
			seconds += send_all(floor);
		}
		printf("floor.rolling-%s.update-%02zu %zu %.6f\n", variant, i + 1, endpoints,
		       seconds);
	}
}

static void touch_fresh_pages(const struct floor *floor)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *bytes = mmap(NULL, FRESH_PAGES * page, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double begin = now();

	if (bytes == MAP_FAILED) {
		perror("memory");
		exit(1);
	}
	for (size_t i = 0; i < FRESH_PAGES; i++)
		bytes[i * page] = 1;
	printf("floor.fresh-page %zu %.9f\n", floor->services, (now() - begin) / FRESH_PAGES);
}

int main(int argc, char **argv)
{
	struct floor floor = {.interface = if_nametoindex("kube-ipvs0")};
	size_t samples;

	if (argc == 5 && strcmp(argv[1], "rolling") == 0) {
		floor.services = 1;
		floor.endpoints = strtoul(argv[2], NULL, 10);
		open_all(&floor);
		roll(&floor, strtoul(argv[3], NULL, 10), argv[4]);
		return 0;
	}
	if (argc != 4 || !floor.interface) {
		fputs("floor SERVICES ENDPOINTS SAMPLES, with an interface kube-ipvs0\n"
		      "floor rolling ENDPOINTS ROUNDS {new|same}\n",
		      stderr);
		return 2;
	}
	floor.services = strtoul(argv[1], NULL, 10);
	floor.endpoints = strtoul(argv[2], NULL, 10);
	samples = strtoul(argv[3], NULL, 10);
	open_all(&floor);
	make_all(&floor);
	touch_fresh_pages(&floor);
	for (size_t i = 0; i < samples; i++) {
		change_endpoint(&floor);
		change_service(&floor);
		if (objects_shape() == OBJECTS_NODE_PORTS)
			change_node_address(&floor);
	}
	return 0;
}
