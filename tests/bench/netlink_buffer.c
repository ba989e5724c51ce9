/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink_buffer.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)

/* The kernel's own macros are signed. */
#define ATTRIBUTE_HEADER sizeof(struct nlattr)

static void die(const char *what, int code)
{
	fprintf(stderr, "netlink: %s: %s\n", what, strerror(code));
	exit(1);
}

static size_t align(size_t size)
{
	return (size + NLA_ALIGNTO - 1) & ~(size_t)(NLA_ALIGNTO - 1);
}

static char *reserve(struct netlink_buffer *buffer, size_t size)
{
	char *place;

	if (buffer->length + size > buffer->capacity) {
		buffer->capacity = 2 * (buffer->length + size);
		buffer->bytes = realloc(buffer->bytes, buffer->capacity);
		if (!buffer->bytes)
			die("packing", ENOMEM);
	}
	place = buffer->bytes + buffer->length;
	memset(place, 0, size);
	buffer->length += size;
	return place;
}

void netlink_buffer_clear(struct netlink_buffer *buffer)
{
	buffer->length = 0;
	buffer->count = 0;
}

void netlink_buffer_begin(struct netlink_buffer *buffer, uint16_t type, uint16_t flags,
			  const void *header, size_t size)
{
	struct nlmsghdr netlink = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags};

	if (buffer->count == buffer->start_capacity) {
		buffer->start_capacity = buffer->start_capacity ? 2 * buffer->start_capacity : 64;
		buffer->starts =
			realloc(buffer->starts, buffer->start_capacity * sizeof(*buffer->starts));
		if (!buffer->starts)
			die("packing", ENOMEM);
	}
	buffer->starts[buffer->count++] = buffer->length;
	memcpy(reserve(buffer, NLMSG_HDRLEN), &netlink, sizeof(netlink));
	memcpy(reserve(buffer, NLMSG_ALIGN(size)), header, size);
}

void netlink_buffer_put(struct netlink_buffer *buffer, uint16_t type, const void *value,
			size_t size)
{
	struct nlattr attribute = {.nla_type = type,
				   .nla_len = (uint16_t)(ATTRIBUTE_HEADER + size)};

	memcpy(reserve(buffer, ATTRIBUTE_HEADER), &attribute, sizeof(attribute));
	memcpy(reserve(buffer, align(size)), value, size);
}

void netlink_buffer_put_u8(struct netlink_buffer *buffer, uint16_t type, uint8_t value)
{
	netlink_buffer_put(buffer, type, &value, sizeof(value));
}

void netlink_buffer_put_u16(struct netlink_buffer *buffer, uint16_t type, uint16_t value)
{
	netlink_buffer_put(buffer, type, &value, sizeof(value));
}

void netlink_buffer_put_u32(struct netlink_buffer *buffer, uint16_t type, uint32_t value)
{
	netlink_buffer_put(buffer, type, &value, sizeof(value));
}

size_t netlink_buffer_nest(struct netlink_buffer *buffer, uint16_t type)
{
	size_t nest = buffer->length;

	netlink_buffer_put(buffer, type | NLA_F_NESTED, "", 0);
	return nest;
}

void netlink_buffer_nest_end(struct netlink_buffer *buffer, size_t nest)
{
	struct nlattr *attribute = (struct nlattr *)(void *)(buffer->bytes + nest);

	attribute->nla_len = (uint16_t)(buffer->length - nest);
}

void netlink_buffer_finish(struct netlink_buffer *buffer)
{
	size_t start = buffer->starts[buffer->count - 1];
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)(buffer->bytes + start);

	header->nlmsg_len = (uint32_t)(buffer->length - start);
	header->nlmsg_seq = (uint32_t)buffer->count;
}

int netlink_buffer_open(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), size = BUFFER_BYTES;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		die("opening a socket", errno);
	return fd;
}

/*
 * Reads one datagram; Return: 1 at the end of an answer, 0 before, or the kernel's negative errno
 */
static int receive(int fd, void (*visit)(void *owner, const char *payload, size_t size),
		   void *owner, uint32_t last)
{
	static _Alignas(struct nlmsghdr) char buffer[65536];
	ssize_t length = recv(fd, buffer, sizeof(buffer), 0);
	size_t at = 0;

	if (length < 0)
		die("receiving", errno);
	while (at + NLMSG_HDRLEN <= (size_t)length) {
		const struct nlmsghdr *header = (const void *)(buffer + at);
		const char *payload = buffer + at + NLMSG_HDRLEN;
		int code;

		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR) {
			memcpy(&code, payload, sizeof(code));
			if (code)
				return code;
			if (header->nlmsg_seq == last)
				return 1;
		} else if (visit) {
			visit(owner, payload, header->nlmsg_len - NLMSG_HDRLEN);
		}
		at += NLMSG_ALIGN(header->nlmsg_len);
	}
	return 0;
}

void netlink_buffer_send(int fd, struct netlink_buffer *buffer, size_t batch)
{
	for (size_t i = 0; i < buffer->count; i += batch) {
		size_t end = i + batch < buffer->count ? i + batch : buffer->count;
		size_t stop = end < buffer->count ? buffer->starts[end] : buffer->length;
		struct nlmsghdr *last =
			(struct nlmsghdr *)(void *)(buffer->bytes + buffer->starts[end - 1]);
		int r = 0;

		last->nlmsg_flags |= NLM_F_ACK;
		if (send(fd, buffer->bytes + buffer->starts[i], stop - buffer->starts[i], 0) < 0)
			die("sending", errno);
		while (r == 0)
			r = receive(fd, NULL, NULL, last->nlmsg_seq);
		if (r < 0)
			die("the kernel refuses", -r);
	}
}

int netlink_buffer_ask(int fd, struct netlink_buffer *buffer,
		       void (*visit)(void *owner, const char *payload, size_t size), void *owner)
{
	int r = 0;

	if (send(fd, buffer->bytes, buffer->length, 0) < 0)
		die("sending", errno);
	while (r == 0)
		r = receive(fd, visit, owner, 1);
	return r < 0 ? r : 0;
}

const char *netlink_buffer_find(const char *attributes, size_t size, uint16_t type,
				size_t *ret_size)
{
	while (size >= ATTRIBUTE_HEADER) {
		struct nlattr attribute;

		memcpy(&attribute, attributes, sizeof(attribute));
		if ((attribute.nla_type & NLA_TYPE_MASK) == type) {
			*ret_size = attribute.nla_len - ATTRIBUTE_HEADER;
			return attributes + ATTRIBUTE_HEADER;
		}
		if (align(attribute.nla_len) >= size)
			break;
		attributes += align(attribute.nla_len);
		size -= align(attribute.nla_len);
	}
	return NULL;
}

static void take_family(void *owner, const char *payload, size_t size)
{
	size_t length;
	const char *value = netlink_buffer_find(payload + GENL_HDRLEN, size - GENL_HDRLEN,
						CTRL_ATTR_FAMILY_ID, &length);

	if (value)
		memcpy(owner, value, sizeof(uint16_t));
}

uint16_t netlink_buffer_family(const char *name)
{
	const struct genlmsghdr header = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	int fd = netlink_buffer_open(NETLINK_GENERIC);
	struct netlink_buffer buffer = {0};
	uint16_t family = 0;

	netlink_buffer_begin(&buffer, GENL_ID_CTRL, NLM_F_ACK, &header, sizeof(header));
	netlink_buffer_put(&buffer, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	netlink_buffer_finish(&buffer);
	if (netlink_buffer_ask(fd, &buffer, take_family, &family) < 0)
		die(name, ENOENT);
	close(fd);
	return family;
}
