/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_FAULTS_H
#define FAKE_API_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * enum api_fault_action - what the server of the tests does wrong
 *   STATUS   answers with that HTTP status; with Retry-After if retry_seconds is set
 *   REFUSE   answers a streaming list as a server does whose storage cannot do it
 *   HANG     answers nothing
 *   RESET    resets the connection after that many bytes of the body
 *   STALL    sends that many bytes of the body, and no more as long as the fault is there
 *   SPLIT    sends chunks of that many bytes
 *   DRIP     sends a byte of the body, and the next one after that many milliseconds, as long as the
 *            fault is there
 *   DELAY    answers after that many milliseconds
 *   END      ends a watch at once
 *   EXPIRE   sends a watch a bookmark, and then that its version is too old
 *   BRIEF    sends a watch a bookmark, and ends it
 *   ENDLESS  has another page of a list, whichever is asked for: all of it once more
 *   JSON     answers in JSON, whatever is asked for
 *   UNACCEPTABLE  refuses with status 406 who asks for protocol buffers
 *   GARBLE   inverts each byte of a body in protocol buffers from that one on
 *   EMPTY    has none of the objects, and knows none later in the same watch
 *   REDIRECT sends the client to that port of this machine
 *   HTML     answers with status 200 and a page for people
 *   GZIP     answers with a list of which an item has so many MiB, compressed, whatever is asked for
 *
 * Without TLS only, where the header is the server's own:
 *   SHORT    tells a Content-Length that is smaller than the list
 *   LONG     tells one that is larger, and closes the connection
 *   CHUNK    tells a chunk that is larger than there are bytes
 */
enum api_fault_action {
	API_FAULT_NONE,
	API_FAULT_STATUS,
	API_FAULT_REFUSE,
	API_FAULT_HANG,
	API_FAULT_RESET,
	API_FAULT_STALL,
	API_FAULT_SPLIT,
	API_FAULT_DRIP,
	API_FAULT_DELAY,
	API_FAULT_END,
	API_FAULT_EXPIRE,
	API_FAULT_BRIEF,
	API_FAULT_ENDLESS,
	API_FAULT_JSON,
	API_FAULT_UNACCEPTABLE,
	API_FAULT_GARBLE,
	API_FAULT_EMPTY,
	API_FAULT_REDIRECT,
	API_FAULT_HTML,
	API_FAULT_GZIP,
	API_FAULT_SHORT,
	API_FAULT_LONG,
	API_FAULT_CHUNK,
};

/** struct api_fault - one line of a script */
struct api_fault {
	enum api_fault_action action;
	size_t number;
	unsigned int retry_seconds;
};

/**
 * struct api_faults - a script, one fault per line:
 *
 *   RESOURCE VERB ACTION [NUMBER] [retry SECONDS] [count TIMES]
 *
 * RESOURCE is services, endpointslices, nodes, events or *; VERB is list, watch, stream (a watch
 * with sendInitialEvents), create, patch or *; ACTION is one of those above in small letters. With
 * a count the line holds for so many requests only. The first line that fits counts.
 */
struct api_faults;

/** api_faults_new() - NULL if a line cannot be read; it is printed to stderr */
struct api_faults *api_faults_new(const char *script);
void api_faults_free(struct api_faults *faults);

/** api_faults_take() - what happens to a new request; uses up a count */
struct api_fault api_faults_take(struct api_faults *faults, const char *resource, const char *verb);

/**
 * api_faults_look() - what happens to a request that is under way; lines with a count are left out
 */
struct api_fault api_faults_look(const struct api_faults *faults, const char *resource,
				 const char *verb);

#endif
