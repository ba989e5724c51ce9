/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints one line for each netlink message by which anybody in this network namespace asks the
 * kernel to change something: "ipvs NEW_DEST", "ipset ADD", "route NEWADDR". It listens on an nlmon
 * link, which the kernel feeds a copy of all netlink traffic of the namespace, and so needs no help
 * from those it observes.
 *
 * The first line is "listening". SIGTERM ends it, after what was captured until then has been
 * printed. With --times each of the other lines begins with the time, milliseconds since 1970.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_packet.h>
#include <linux/ip_vs.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;
static bool has_times;

static void on_signal(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

__attribute__((format(printf, 1, 2))) static void print_write(const char *format, ...)
{
	struct timespec now;
	va_list arguments;

	clock_gettime(CLOCK_REALTIME, &now);
	if (has_times)
		printf("%lld ", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* The number that generic netlink gave to the IPVS family, 0 while ip_vs is not loaded. */
static unsigned ipvs_family(void)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr generic;
		struct nlattr attribute;
		char name[sizeof(IPVS_GENL_NAME)];
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = GENL_ID_CTRL,
			   .nlmsg_flags = NLM_F_REQUEST},
		.generic = {.cmd = CTRL_CMD_GETFAMILY, .version = 1},
		.attribute = {.nla_len = sizeof(struct nlattr) + sizeof(IPVS_GENL_NAME),
			      .nla_type = CTRL_ATTR_FAMILY_NAME},
		.name = IPVS_GENL_NAME,
	};
	_Alignas(struct nlmsghdr) char reply[8192];
	unsigned family = 0;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0)
		die("generic netlink");
	ssize_t length = recv(fd, reply, sizeof(reply), 0);
	if (length < (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN))
		die("generic netlink");
	close(fd);

	const char *end = reply + length;
	const char *at = reply + NLMSG_HDRLEN + GENL_HDRLEN;
	if (((const struct nlmsghdr *)(const void *)reply)->nlmsg_type == NLMSG_ERROR)
		return 0;
	while (end - at >= (ssize_t)sizeof(struct nlattr)) {
		struct nlattr attribute;

		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_type == CTRL_ATTR_FAMILY_ID) {
			unsigned short id;

			memcpy(&id, at + sizeof(attribute), sizeof(id));
			family = id;
		}
		at += NLA_ALIGN(attribute.nla_len);
	}
	return family;
}

static const char *ipvs_write(unsigned command)
{
	switch (command) {
	case IPVS_CMD_NEW_SERVICE:
		return "NEW_SERVICE";
	case IPVS_CMD_SET_SERVICE:
		return "SET_SERVICE";
	case IPVS_CMD_DEL_SERVICE:
		return "DEL_SERVICE";
	case IPVS_CMD_NEW_DEST:
		return "NEW_DEST";
	case IPVS_CMD_SET_DEST:
		return "SET_DEST";
	case IPVS_CMD_DEL_DEST:
		return "DEL_DEST";
	case IPVS_CMD_NEW_DAEMON:
		return "NEW_DAEMON";
	case IPVS_CMD_DEL_DAEMON:
		return "DEL_DAEMON";
	case IPVS_CMD_SET_CONFIG:
		return "SET_CONFIG";
	case IPVS_CMD_ZERO:
		return "ZERO";
	case IPVS_CMD_FLUSH:
		return "FLUSH";
	default:
		return NULL;
	}
}

static const char *ipset_write(unsigned command)
{
	switch (command) {
	case IPSET_CMD_CREATE:
		return "CREATE";
	case IPSET_CMD_DESTROY:
		return "DESTROY";
	case IPSET_CMD_FLUSH:
		return "FLUSH";
	case IPSET_CMD_RENAME:
		return "RENAME";
	case IPSET_CMD_SWAP:
		return "SWAP";
	case IPSET_CMD_ADD:
		return "ADD";
	case IPSET_CMD_DEL:
		return "DEL";
	default:
		return NULL;
	}
}

/* Of the other subsystems, connection tracking numbers its messages new, get, delete. What
 * nf_tables is to change comes as a batch, which the kernel drops unless it has an end:
 * iptables-restore --test only begins one. */
static void print_netfilter(unsigned type)
{
	unsigned subsystem = NFNL_SUBSYS_ID(type);
	unsigned command = NFNL_MSG_TYPE(type);

	if (subsystem == NFNL_SUBSYS_IPSET) {
		if (ipset_write(command))
			print_write("ipset %s", ipset_write(command));
	} else if (subsystem == NFNL_SUBSYS_CTNETLINK) {
		if (command == 0 || command == 2)
			print_write("conntrack %s", command ? "DELETE" : "NEW");
	} else if (type == NFNL_MSG_BATCH_END) {
		print_write("nftables BATCH");
	}
}

static void print_route(unsigned type, size_t size)
{
	/* Messages come in fours: new, delete, get, set. */
	static const char *const verbs[] = {"NEW", "DEL", "GET", "SET"};
	static const struct {
		unsigned first;
		const char *name;
	} objects[] = {
		{RTM_NEWLINK, "LINK"},	 {RTM_NEWADDR, "ADDR"}, {RTM_NEWROUTE, "ROUTE"},
		{RTM_NEWNEIGH, "NEIGH"}, {RTM_NEWRULE, "RULE"},
	};
	unsigned verb = (type - RTM_BASE) % 4;

	if (verb == 2)
		return;
	/* Not a change: ip(8) asks for nothing in this way to learn what the kernel supports. */
	if (type == RTM_NEWLINK && size == NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (objects[i].first == type - verb) {
			print_write("route %s%s", verbs[verb], objects[i].name);
			return;
		}
	}
	print_write("route %u", type);
}

static void print_writes(unsigned protocol, unsigned ipvs, const char *data, size_t size)
{
	while (size >= NLMSG_HDRLEN) {
		struct nlmsghdr header;

		memcpy(&header, data, sizeof(header));
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > size)
			return;
		/* Without that flag it is the kernel that speaks. */
		if (header.nlmsg_flags & NLM_F_REQUEST) {
			if (protocol == NETLINK_ROUTE && header.nlmsg_type >= RTM_BASE)
				print_route(header.nlmsg_type, header.nlmsg_len);
			else if (protocol == NETLINK_NETFILTER)
				print_netfilter(header.nlmsg_type);
			else if (protocol == NETLINK_GENERIC && header.nlmsg_type == ipvs &&
				 header.nlmsg_len > NLMSG_HDRLEN &&
				 ipvs_write((unsigned char)data[NLMSG_HDRLEN]))
				print_write("ipvs %s",
					    ipvs_write((unsigned char)data[NLMSG_HDRLEN]));
		}
		size_t step = NLMSG_ALIGN(header.nlmsg_len);
		if (step > size)
			return;
		data += step;
		size -= step;
	}
}

static int open_capture(const char *link)
{
	const int room = 64 << 20;
	struct sockaddr_ll name = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(link),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));

	if (fd < 0)
		die("packet socket");
	if (!name.sll_ifindex)
		die(link);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0)
		die("bind");
	return fd;
}

int main(int argc, char **argv)
{
	static char data[1 << 20];
	const struct sigaction action = {.sa_handler = on_signal};
	unsigned ipvs = ipvs_family();

	has_times = argc == 3 && strcmp(argv[1], "--times") == 0;
	if (argc != 2 + has_times) {
		fputs("usage: netlink_monitor [--times] NLMON-LINK\n", stderr);
		return 2;
	}
	if (!ipvs) {
		fputs("netlink_monitor: ip_vs is not loaded\n", stderr);
		return 1;
	}

	int fd = open_capture(argv[argc - 1]);
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("listening");

	for (;;) {
		struct sockaddr_ll from;
		socklen_t length = sizeof(from);
		ssize_t size = recvfrom(fd, data, sizeof(data), stopped ? MSG_DONTWAIT : 0,
					(struct sockaddr *)&from, &length);

		if (size >= 0)
			print_writes(ntohs(from.sll_protocol), ipvs, data, (size_t)size);
		else if (errno != EINTR)
			return stopped && errno == EAGAIN ? 0 : 1;
	}
}
