/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Netlink by hand, with nothing of what is measured: messages are packed into memory first and sent
 * afterwards. Whatever fails ends the program.
 */

/** struct wire - messages, one after another */
struct wire {
	char *bytes;
	size_t length;
	size_t capacity;
	size_t *starts; /* of the messages */
	size_t count;
	size_t start_capacity;
};

void wire_clear(struct wire *wire);

/** wire_begin() - start a message; @header follows the netlink header */
void wire_begin(struct wire *wire, uint16_t type, uint16_t flags, const void *header, size_t size);

/** wire_put() - an attribute of the message begun last */
void wire_put(struct wire *wire, uint16_t type, const void *value, size_t size);
void wire_put_u8(struct wire *wire, uint16_t type, uint8_t value);
void wire_put_u16(struct wire *wire, uint16_t type, uint16_t value);
void wire_put_u32(struct wire *wire, uint16_t type, uint32_t value);

/** wire_nest() - start a nested attribute; Return: what wire_nest_end() is given */
size_t wire_nest(struct wire *wire, uint16_t type);
void wire_nest_end(struct wire *wire, size_t nest);

/** wire_finish() - the message is complete */
void wire_finish(struct wire *wire);

/** wire_open() - a socket of a netlink family with large buffers */
int wire_open(int protocol);

/** wire_family() - number of a generic netlink family */
uint16_t wire_family(const char *name);

/**
 * wire_send() - send all, @batch messages with each system call
 *
 * The last message of a batch is acknowledged; an error of any ends the program.
 */
void wire_send(int fd, struct wire *wire, size_t batch);

/**
 * wire_ask() - send the only message, which asks for a dump or an acknowledgement
 * @visit:  gets the payload of each message; may be NULL
 * Return: 0, or the kernel's negative errno
 */
int wire_ask(int fd, struct wire *wire, void (*visit)(void *user, const char *payload, size_t size),
	     void *user);

/** wire_find() - the value of an attribute, or NULL */
const char *wire_find(const char *attributes, size_t size, uint16_t type, size_t *ret_size);

#endif
