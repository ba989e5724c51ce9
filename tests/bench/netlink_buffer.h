/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_NETLINK_BUFFER_H
#define BENCH_NETLINK_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Netlink by hand, with nothing of what is measured: messages are packed into memory first and sent
 * afterwards. Whatever fails ends the program.
 */

/** struct netlink_buffer - messages, one after another */
struct netlink_buffer {
	char *bytes;
	size_t length;
	size_t capacity;
	size_t *starts; /* of the messages */
	size_t count;
	size_t start_capacity;
};

void netlink_buffer_clear(struct netlink_buffer *buffer);

/** netlink_buffer_begin() - start a message; @header follows the netlink header */
void netlink_buffer_begin(struct netlink_buffer *buffer, uint16_t type, uint16_t flags,
			  const void *header, size_t size);

/** netlink_buffer_put() - an attribute of the message begun last */
void netlink_buffer_put(struct netlink_buffer *buffer, uint16_t type, const void *value,
			size_t size);
void netlink_buffer_put_u8(struct netlink_buffer *buffer, uint16_t type, uint8_t value);
void netlink_buffer_put_u16(struct netlink_buffer *buffer, uint16_t type, uint16_t value);
void netlink_buffer_put_u32(struct netlink_buffer *buffer, uint16_t type, uint32_t value);

/** netlink_buffer_nest() - start a nested attribute; Return: what netlink_buffer_nest_end() is given */
size_t netlink_buffer_nest(struct netlink_buffer *buffer, uint16_t type);
void netlink_buffer_nest_end(struct netlink_buffer *buffer, size_t nest);

/** netlink_buffer_finish() - the message is complete */
void netlink_buffer_finish(struct netlink_buffer *buffer);

/** netlink_buffer_open() - a socket of a netlink family with large buffers */
int netlink_buffer_open(int protocol);

/** netlink_buffer_family() - number of a generic netlink family */
uint16_t netlink_buffer_family(const char *name);

/**
 * netlink_buffer_send() - send all, @batch messages with each system call
 *
 * The last message of a batch is acknowledged; an error of any ends the program.
 */
void netlink_buffer_send(int fd, struct netlink_buffer *buffer, size_t batch);

/**
 * netlink_buffer_ask() - send the only message, which asks for a dump or an acknowledgement
 * @visit:  gets the payload of each message; may be NULL
 * Return: 0, or the kernel's negative errno
 */
int netlink_buffer_ask(int fd, struct netlink_buffer *buffer,
		       void (*visit)(void *owner, const char *payload, size_t size), void *owner);

/** netlink_buffer_find() - the value of an attribute, or NULL */
const char *netlink_buffer_find(const char *attributes, size_t size, uint16_t type,
				size_t *ret_size);

#endif
