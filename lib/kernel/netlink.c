/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

/* Far beyond the size from which larger batches bring no more speed. */
#define BATCH_MESSAGES 512
#define BATCH_BYTES    (96 * 1024)

/* Room that an error message takes in the receive buffer: 768 bytes in practice. */
#define ERROR_TRUE_SIZE 1024

#define SEND_BUFFER_BYTES    (4 * BATCH_BYTES)
#define RECEIVE_BUFFER_BYTES (2 * BATCH_MESSAGES * ERROR_TRUE_SIZE)

/* The kernel never puts more into one part of a dump. */
#define PART_BYTES (32 * 1024)

#define SCRATCH_SIZE 4096

/* What is being waited for: the messages up to @last, of which the first is @first. */
struct awaited {
	uint32_t first;
	uint32_t last;
	bool is_dump;
	int (*on_message)(void *owner, const struct nlmsghdr *message);
	void *owner;
	int **results;
	bool is_complete;
	bool is_interrupted;
	int visitor_result;
};

struct netlink {
	struct nl_sock *socket;
	struct nl_msg *scratch;
	uint32_t sequence; /* of the last message sent */
	size_t batch_limit;
	size_t batch_count;
	size_t batch_bytes;
	size_t batch_last; /* offset of the last message */
	int *results[BATCH_MESSAGES];
	char *batch;
	char *parts;	     /* NETLINK_PARTS_MAX of them */
	struct awaited dump; /* that is received in steps */
	bool is_dumping;
};

static void set_buffer(int descriptor, int forced, int limited, int bytes)
{
	if (setsockopt(descriptor, SOL_SOCKET, forced, &bytes, sizeof(bytes)) < 0)
		setsockopt(descriptor, SOL_SOCKET, limited, &bytes, sizeof(bytes));
}

void netlink_set_receive_buffer(int descriptor, int bytes)
{
	set_buffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF, bytes);
}

ssize_t netlink_receive_notification(int descriptor, void *buffer, size_t size)
{
	struct sockaddr_nl sender = {0};
	socklen_t sender_length = sizeof(sender);
	ssize_t length;

	do
		length = recvfrom(descriptor, buffer, size, MSG_DONTWAIT,
				  (struct sockaddr *)&sender, &sender_length);
	while ((length < 0 && errno == EINTR) || (length >= 0 && sender.nl_pid != 0));
	return length < 0 ? -errno : length;
}

/* So many that their errors, should all of them fail, fit the receive buffer. */
static size_t batch_limit(int descriptor)
{
	int bytes = 0;
	socklen_t length = sizeof(bytes);

	if (getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, &length) < 0 ||
	    bytes < 2 * ERROR_TRUE_SIZE)
		return 1;
	if (bytes / ERROR_TRUE_SIZE < BATCH_MESSAGES)
		return (size_t)bytes / ERROR_TRUE_SIZE;
	return BATCH_MESSAGES;
}

/*
 * From then on the kernel refuses whatever any other socket sends here: without it, whoever has
 * CAP_NET_ADMIN in this network namespace could answer in the kernel's place.
 */
static int connect_to_kernel(int descriptor)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return connect(descriptor, (const struct sockaddr *)&kernel, sizeof(kernel));
}

int netlink_open(int protocol, struct netlink **ret, struct error *err)
{
	struct netlink *netlink = memory_allocate(sizeof(*netlink));
	int descriptor, on = 1, r;

	netlink->batch = memory_allocate(BATCH_BYTES);
	netlink->parts = memory_array(NETLINK_PARTS_MAX, PART_BYTES);
	netlink->scratch = nlmsg_alloc_size(SCRATCH_SIZE);
	netlink->socket = nl_socket_alloc();
	if (!netlink->scratch || !netlink->socket) {
		netlink_close(netlink);
		return error_set(err, -ENOMEM, "opening a netlink socket: %s", strerror(ENOMEM));
	}
	r = nl_connect(netlink->socket, protocol);
	if (r < 0) {
		/* libnl folds most causes into a few codes of its own; errno is still the cause. */
		r = errno ? -errno : -EIO;
		netlink_close(netlink);
		return error_set(err, r, "opening a netlink socket: %s", strerror(-r));
	}

	descriptor = nl_socket_get_fd(netlink->socket);
	set_buffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER_BYTES);
	netlink_set_receive_buffer(descriptor, RECEIVE_BUFFER_BYTES);
	/*
	 * Else each error message would carry its request back, and need more room than promised.
	 */
	if (setsockopt(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) < 0 ||
	    fcntl(descriptor, F_SETFL, O_NONBLOCK) < 0 || connect_to_kernel(descriptor) < 0) {
		r = -errno;
		netlink_close(netlink);
		return error_set(err, r, "preparing a netlink socket: %s", strerror(-r));
	}
	netlink->batch_limit = batch_limit(descriptor);
	*ret = netlink;
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
	nlmsg_free(netlink->scratch);
	free(netlink->batch);
	free(netlink->parts);
	free(netlink);
}

struct nl_sock *netlink_socket(struct netlink *netlink)
{
	return netlink->socket;
}

uint32_t netlink_port(const struct netlink *netlink)
{
	return nl_socket_get_local_port(netlink->socket);
}

struct nl_msg *netlink_message(struct netlink *netlink)
{
	struct nlmsghdr *header = nlmsg_hdr(netlink->scratch);

	memset(header, 0, sizeof(*header));
	header->nlmsg_len = NLMSG_HDRLEN;
	return netlink->scratch;
}

struct nl_msg *netlink_last_message(struct netlink *netlink)
{
	return netlink->scratch;
}

/* Return: 0 when the awaited answer is still not complete, 1 when it is, or the kernel's errno */
static int take_message(struct awaited *awaited, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);
	const int *done = NLMSG_DATA(message);

	/* Left over from a request that was given up. */
	if (message->nlmsg_seq - awaited->first > awaited->last - awaited->first)
		return 0;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		awaited->is_interrupted = true;

	switch (message->nlmsg_type) {
	case NLMSG_ERROR:
		if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
			return -EBADMSG;
		if (awaited->results)
			*awaited->results[message->nlmsg_seq - awaited->first] = error->error;
		else if (error->error)
			return error->error;
		return message->nlmsg_seq == awaited->last;
	case NLMSG_DONE:
		if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(*done)) && *done < 0)
			return *done;
		return awaited->is_dump;
	case NLMSG_NOOP:
		return 0;
	default:
		if (awaited->on_message && awaited->visitor_result >= 0)
			awaited->visitor_result = awaited->on_message(awaited->owner, message);
		return 0;
	}
}

static int take_part(struct awaited *awaited, const char *part, size_t length)
{
	const struct nlmsghdr *message = (const void *)part;
	int rest = (int)length, r;

	for (; nlmsg_ok(message, rest); message = nlmsg_next((struct nlmsghdr *)message, &rest)) {
		r = take_message(awaited, message);
		if (r < 0)
			return r;
		if (r > 0)
			awaited->is_complete = true;
	}
	return 0;
}

/*
 * Several parts with each call: to take a part out of the socket makes the kernel dump the next, so
 * that a short dump with its end comes in one go.
 */
static int receive_parts(struct netlink *netlink, struct mmsghdr *parts, size_t most)
{
	struct iovec vectors[NETLINK_PARTS_MAX];
	int count;

	memset(parts, 0, most * sizeof(*parts));
	for (size_t i = 0; i < most; i++) {
		vectors[i].iov_base = netlink->parts + i * PART_BYTES;
		vectors[i].iov_len = PART_BYTES;
		parts[i].msg_hdr.msg_iov = &vectors[i];
		parts[i].msg_hdr.msg_iovlen = 1;
	}
	do
		count = recvmmsg(nl_socket_get_fd(netlink->socket), parts, (unsigned int)most,
				 MSG_DONTWAIT, NULL);
	while (count < 0 && errno == EINTR);
	return count < 0 ? -errno : count;
}

/* Empties the socket after a failure; a dump that is under way runs to its end. */
static void drain(struct netlink *netlink)
{
	struct mmsghdr parts[NETLINK_PARTS_MAX];
	int r;

	do
		r = receive_parts(netlink, parts, COUNT(parts));
	while (r > 0 || r == -ENOBUFS);
}

/* Takes what one call brings. */
static int receive_some(struct netlink *netlink, struct awaited *awaited, size_t most,
			struct error *err)
{
	struct mmsghdr parts[NETLINK_PARTS_MAX];
	int count = receive_parts(netlink, parts, most), r;

	if (count == -EAGAIN)
		count = -EPROTO;
	if (count < 0) {
		drain(netlink);
		return error_set(err, count, "receiving from the kernel: %s",
				 count == -EPROTO ? "the kernel did not reply" : strerror(-count));
	}
	for (size_t i = 0; i < (size_t)count; i++) {
		if (parts[i].msg_hdr.msg_flags & MSG_TRUNC)
			r = -EMSGSIZE;
		else
			r = take_part(awaited, netlink->parts + i * PART_BYTES, parts[i].msg_len);
		if (r < 0) {
			drain(netlink);
			return error_set(err, r, "%s", strerror(-r));
		}
	}
	return 0;
}

static int receive(struct netlink *netlink, struct awaited *awaited, struct error *err)
{
	int r = 0;

	while (r >= 0 && !awaited->is_complete)
		r = receive_some(netlink, awaited, NETLINK_PARTS_MAX, err);
	return r;
}

static int transmit(struct netlink *netlink, const void *bytes, size_t length, struct error *err)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do
		sent = sendto(nl_socket_get_fd(netlink->socket), bytes, length, 0,
			      (const struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return error_set(err, -errno, "sending to the kernel: %s", strerror(errno));
	return 0;
}

bool netlink_batch_add(struct netlink *netlink, const struct nl_msg *message, int *result)
{
	struct nlmsghdr *header = nlmsg_hdr((struct nl_msg *)message);
	size_t length = NLMSG_ALIGN(header->nlmsg_len);
	struct nlmsghdr *copy;

	if (netlink->batch_count == netlink->batch_limit ||
	    netlink->batch_bytes + length > BATCH_BYTES)
		return false;

	copy = (void *)(netlink->batch + netlink->batch_bytes);
	memcpy(copy, header, header->nlmsg_len);
	memset((char *)copy + header->nlmsg_len, 0, length - header->nlmsg_len);
	copy->nlmsg_seq = ++netlink->sequence;
	copy->nlmsg_flags |= NLM_F_REQUEST;
	netlink->batch_last = netlink->batch_bytes;
	netlink->batch_bytes += length;
	netlink->results[netlink->batch_count++] = result;
	*result = 0;
	return true;
}

int netlink_batch_send(struct netlink *netlink, struct error *err)
{
	size_t count = netlink->batch_count, length = netlink->batch_bytes;
	struct nlmsghdr *last = (void *)(netlink->batch + netlink->batch_last);
	struct awaited awaited = {.first = netlink->sequence - (uint32_t)count + 1,
				  .last = netlink->sequence,
				  .results = netlink->results};
	int r;

	netlink->batch_count = 0;
	netlink->batch_bytes = 0;
	if (!count)
		return 0;
	last->nlmsg_flags |= NLM_F_ACK;
	r = transmit(netlink, netlink->batch, length, err);
	if (r >= 0)
		r = receive(netlink, &awaited, err);
	for (size_t i = 0; r < 0 && i < count; i++)
		*netlink->results[i] = r;
	return r;
}

static int ask(struct netlink *netlink, struct nl_msg *request, struct awaited *awaited,
	       struct error *err)
{
	struct nlmsghdr *header = nlmsg_hdr(request);

	awaited->is_dump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	awaited->first = awaited->last = ++netlink->sequence;
	header->nlmsg_seq = netlink->sequence;
	header->nlmsg_flags |= NLM_F_REQUEST;
	if (!awaited->is_dump)
		header->nlmsg_flags |= NLM_F_ACK;
	return transmit(netlink, header, header->nlmsg_len, err);
}

/* Of an answer that is complete */
static int outcome(const struct awaited *awaited, struct error *err)
{
	if (awaited->visitor_result < 0)
		return awaited->visitor_result;
	if (awaited->is_interrupted)
		return error_set(err, -EINTR, "the dump was interrupted by changes");
	return 0;
}

int netlink_ask(struct netlink *netlink, struct nl_msg *request,
		int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		struct error *err)
{
	struct awaited awaited = {.on_message = on_message, .owner = owner};
	int r = ask(netlink, request, &awaited, err);

	if (r >= 0)
		r = receive(netlink, &awaited, err);
	return r < 0 ? r : outcome(&awaited, err);
}

int netlink_dump_begin(struct netlink *netlink, struct nl_msg *request,
		       int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		       struct error *err)
{
	int r;

	netlink_dump_end(netlink);
	netlink->dump = (struct awaited){.on_message = on_message, .owner = owner};
	r = ask(netlink, request, &netlink->dump, err);
	netlink->is_dumping = r >= 0;
	return r;
}

int netlink_dump_step(struct netlink *netlink, size_t parts, struct error *err)
{
	int r = receive_some(netlink, &netlink->dump, parts, err);

	if (r >= 0 && !netlink->dump.is_complete)
		return 1;
	netlink->is_dumping = false;
	return r < 0 ? r : outcome(&netlink->dump, err);
}

void netlink_dump_end(struct netlink *netlink)
{
	if (netlink->is_dumping)
		drain(netlink);
	netlink->is_dumping = false;
}
