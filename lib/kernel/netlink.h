/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_NETLINK_H
#define KERNEL_NETLINK_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nl_msg;
struct nl_sock;
struct nlmsghdr;

/**
 * struct netlink - a request socket that sends many messages at once
 *
 * The kernel answers while a request is being sent, so nothing here ever waits: an answer that is
 * not there when sending returns will never come, and is an error. Not thread-safe.
 */
struct netlink;

/**
 * netlink_open() - connect to a netlink family in the network namespace of this thread
 *
 * Only the kernel can send to it: anybody else is refused with ECONNREFUSED.
 * @protocol:  NETLINK_GENERIC, NETLINK_ROUTE
 */
int netlink_open(int protocol, struct netlink **ret, struct error *err);

/** netlink_close() - NULL is fine */
void netlink_close(struct netlink *netlink);

/** netlink_socket() - for libnl's own requests; it stays the property of @netlink */
struct nl_sock *netlink_socket(struct netlink *netlink);

/** netlink_port() - what the kernel puts into notifications about our requests */
uint32_t netlink_port(const struct netlink *netlink);

/**
 * netlink_message() - an empty message to build a request in
 *
 * There is one, used again and again: it is valid until the next call. The builder leaves port and
 * sequence number 0.
 */
struct nl_msg *netlink_message(struct netlink *netlink);

/** netlink_last_message() - the same, with what was put there last, to be changed */
struct nl_msg *netlink_last_message(struct netlink *netlink);

/**
 * netlink_batch_add() - append a copy of a request to the batch
 * @result:  receives 0 or the kernel's negative errno in netlink_batch_send(); must stay until then
 * Return: false if the batch is full; it has to be sent first
 */
bool netlink_batch_add(struct netlink *netlink, const struct nl_msg *message, int *result);

/**
 * netlink_batch_send() - send the batch in one system call, and collect what failed
 *
 * Only the last message asks for an acknowledgement; the kernel reports errors for each message.
 * Return: 0 when each request has its own result, or a negative errno when the connection itself
 * failed; then this is the result of each.
 */
int netlink_batch_send(struct netlink *netlink, struct error *err);

/**
 * netlink_ask() - send one request and receive its answer
 * @request:     with NLM_F_DUMP or without
 * @on_message:  for each message of the answer; a negative return value ends the visits and becomes
 *               the result; may be NULL
 * Return: 0, or a negative errno: the kernel's, or -EINTR for a dump that others changed while it
 * was read (the messages seen may lack objects or repeat them)
 */
int netlink_ask(struct netlink *netlink, struct nl_msg *request,
		int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		struct error *err);

/**
 * netlink_dump_begin() - as netlink_ask() for a dump that is received in steps
 *
 * netlink_dump_step() follows until it does not return 1; nothing else can be asked before. A dump
 * that was begun before and has not ended is given up.
 */
int netlink_dump_begin(struct netlink *netlink, struct nl_msg *request,
		       int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		       struct error *err);

/* The most parts of a dump that one step receives; the kernel fills each up to 32 KiB. */
#define NETLINK_PARTS_MAX 8

/**
 * netlink_dump_step() - receive the next parts of it
 * @parts:  how many at most: what the caller does with them is part of the step
 * Return: 1 if there is more; else as netlink_ask()
 */
int netlink_dump_step(struct netlink *netlink, size_t parts, struct error *err);

/**
 * netlink_dump_end() - give up what was begun and has not ended; fine if nothing was
 *
 * After it the kernel no longer holds on to what it dumps.
 */
void netlink_dump_end(struct netlink *netlink);

/** netlink_set_receive_buffer() - as large as allowed, beyond the system's limit if permitted */
void netlink_set_receive_buffer(int descriptor, int bytes);

/**
 * netlink_receive_notification() - one datagram of a multicast group, without waiting
 *
 * What comes from anybody but the kernel is dropped: on a socket that listens to groups others can
 * send, too. Return: bytes; -EAGAIN if nothing waits; -ENOBUFS if notifications were lost; or
 * another negative errno, after which the socket should be opened again
 */
ssize_t netlink_receive_notification(int descriptor, void *buffer, size_t size);

#endif
