/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_PORT_SET_H
#define BASE_PORT_SET_H

#include <stdbool.h>
#include <stdint.h>

/** struct port_set - any of the 65,536 ports; zeroed: none */
struct port_set {
	uint64_t words[1024];
};

/**
 * port_set_parse() - add what a sysctl lists: "32768 60999" or "30000-32767,8080"
 * Return: whether @text is such a list
 */
bool port_set_parse(struct port_set *set, const char *text);

/** struct port_range - @first 0: none */
struct port_range {
	unsigned int first, last;
};

/** port_set_add() - all of @range */
void port_set_add(struct port_set *set, struct port_range range);

/** port_set_includes() - whether all ports of @range are in @set */
bool port_set_includes(const struct port_set *set, struct port_range range);

/** port_set_text() - as port_set_parse() reads it, "30000-32767,33000"; the caller frees it */
char *port_set_text(const struct port_set *set);

/** port_set_overlap() - the first range of ports in @range that are in @a and not in @except */
struct port_range port_set_overlap(const struct port_set *a, const struct port_set *except,
				   struct port_range range);

#endif
