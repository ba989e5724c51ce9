/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "in_cluster.h"

#include "lib/base/memory.h"
#include "text_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bit that rules add to the marks of the set; see mark_range_valid_bit(). */
#define SEAL 0x40000000UL

/* Lines that come in addition after "+ ", lines that are not to be there after "- ". */
static const struct {
	const char *case_name;
	unsigned int step;
	const char *lines;
} departures[] = {
	{"both-local", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"},
	{"dualstack-v6-externalip-etp-local", 1,
	 "+ -A in-cluster 2001:db8:1::20,tcp:80 -s sh -b sh-fallback\n"
	 "+ -a in-cluster 2001:db8:1::20,tcp:80 -r [fd00:10:244:1::11]:8080 -m -w 1\n"
	 "+ -a in-cluster 2001:db8:1::20,tcp:80 -r [fd00:10:244:2::21]:8080 -m -w 1\n"},
	{"etp-local-terminating", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"},
	{"externalip-etp-local", 1,
	 "+ -A in-cluster 198.18.0.20,tcp:80 -s rr\n"
	 "+ -a in-cluster 198.18.0.20,tcp:80 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 198.18.0.20,tcp:80 -r 10.244.2.1:8080 -m -w 1\n"},
	{"lb-etp-local-healthcheck", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -A in-cluster 203.0.113.10,tcp:80 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.2:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.1.2:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.2.1:8080 -m -w 1\n"},
	{"lb-etp-local-healthcheck-changes", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -A in-cluster 203.0.113.10,tcp:80 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.2.1:8080 -m -w 1\n"},
	{"lb-etp-local-healthcheck-changes", 2,
	 "- -a -t 192.168.77.10:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "- -a -t 203.0.113.10:80 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -A in-cluster 203.0.113.10,tcp:80 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.2.1:8080 -m -w 1\n"},
	{"lb-etp-local-healthcheck-changes", 3,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -A in-cluster 203.0.113.10,tcp:80 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.2.1:8080 -m -w 1\n"},
	{"nodeport-etp-local", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.2:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"},
	{"nodeport-etp-local-none-local", 1,
	 "- -a -t 192.168.77.10:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "- -a -t 192.168.77.10:30080 -r 10.244.2.2:8080 -m -w 1\n"
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.2:8080 -m -w 1\n"},
	{"nodeport-udp-etp-local", 1,
	 "+ -A in-cluster 192.168.77.10,udp:30053 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,udp:30053 -r 10.244.1.1:5353 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,udp:30053 -r 10.244.2.1:5353 -m -w 1\n"},
	{"same-node-hints-etp-local", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -A in-cluster 203.0.113.10,tcp:80 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.2:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.1.2:8080 -m -w 1\n"},
	{"trans-endpoint-moves", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.9.9:8080 -m -w 1\n"},
	{"trans-endpoint-moves", 2,
	 "- -a -t 192.168.77.10:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "- -a -t 192.168.77.10:30080 -r 10.244.9.9:8080 -m -w 1\n"
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.9.9:8080 -m -w 1\n"},
	{"trans-endpoint-moves", 3,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.9.9:8080 -m -w 1\n"
	 "rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"},
	{"trans-etp-flip", 2,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"},
	{"trans-rolling-update-etp-local", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.1:8080 -m -w 1\n"},
	{"trans-rolling-update-etp-local", 2,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"},
	{"trans-rolling-update-etp-local", 3,
	 "- -a -t 192.168.77.10:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"},
	{"trans-service-deleted", 1,
	 "+ -A in-cluster 192.168.77.10,tcp:30080 -s rr\n"
	 "+ -A in-cluster 198.18.0.20,tcp:80 -s rr\n"
	 "+ -A in-cluster 2001:db8::10,tcp:80 -s rr\n"
	 "+ -A in-cluster 203.0.113.10,tcp:80 -s rr\n"
	 "+ -A in-cluster fd77::10,tcp:30080 -s rr\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 192.168.77.10,tcp:30080 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 198.18.0.20,tcp:80 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 198.18.0.20,tcp:80 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster 2001:db8::10,tcp:80 -r [fd00:10:244:1::11]:8080 -m -w 1\n"
	 "+ -a in-cluster 2001:db8::10,tcp:80 -r [fd00:10:244:2::21]:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.1.1:8080 -m -w 1\n"
	 "+ -a in-cluster 203.0.113.10,tcp:80 -r 10.244.2.1:8080 -m -w 1\n"
	 "+ -a in-cluster fd77::10,tcp:30080 -r [fd00:10:244:1::11]:8080 -m -w 1\n"
	 "+ -a in-cluster fd77::10,tcp:30080 -r [fd00:10:244:2::21]:8080 -m -w 1\n"},
};

static char *joined(const struct text_lines *lines)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		abort();
	for (size_t i = 0; i < lines->count; i++)
		fprintf(stream, "%s\n", lines->items[i]);
	fclose(stream);
	return text;
}

static void remove_line(struct text_lines *lines, const char *line, const char *case_name)
{
	size_t i = 0;

	while (i < lines->count && strcmp(lines->items[i], line) != 0)
		i++;
	if (i == lines->count) {
		fprintf(stderr, "ipvs.txt of %s has no line '%s'\n", case_name, line);
		abort();
	}
	text_lines_remove(lines, i);
}

static void apply(struct text_lines *lines, const char *changes, const char *case_name)
{
	auto_free(text_lines) struct text_lines *departure = text_lines_new(changes);

	for (size_t i = 0; i < departure->count; i++) {
		const char *line = departure->items[i];

		if (*line == '-')
			remove_line(lines, line + strlen("- "), case_name);
		else
			text_lines_add(lines, string_dup(line + strlen("+ ")));
	}
}

char *in_cluster_apply(const char *case_name, unsigned int step, char *text)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(text);

	free(text);
	for (size_t i = 0; i < COUNT(departures); i++)
		if (departures[i].step == step && strcmp(departures[i].case_name, case_name) == 0)
			apply(lines, departures[i].lines, case_name);
	return joined(lines);
}

int in_cluster_has(const char *case_name)
{
	for (size_t i = 0; i < COUNT(departures); i++)
		if (strcmp(departures[i].case_name, case_name) == 0)
			return 1;
	return 0;
}

/* What the mark is for: an element, for the caller to free; NULL if no set gives it */
static char *element_of(const struct text_lines *members, unsigned long mark, int is_ipv6)
{
	const char *set = is_ipv6 ? "add KUBE-6-IN-CLUSTER " : "add KUBE-IN-CLUSTER ";

	for (size_t i = 0; i < members->count; i++) {
		const char *element = members->items[i] + strlen(set);
		const char *given;

		if (!text_begins_with(members->items[i], set))
			continue;
		given = strstr(element, " skbmark ");
		if (given && (strtoul(given + strlen(" skbmark "), NULL, 0) | SEAL) == mark)
			return string_printf("%.*s", (int)(given - element), element);
	}
	return NULL;
}

/* "-A -f 1073807360 -6 -s rr"; Return: @line or its replacement, which the caller frees */
static char *named(const char *line, const struct text_lines *members)
{
	auto_memory char *element = NULL;
	unsigned long mark;
	char action;
	int length = 0, is_ipv6;
	const char *rest;

	if (sscanf(line, "-%c -f %lu%n", &action, &mark, &length) < 2)
		return string_dup(line);
	rest = line + length;
	is_ipv6 = text_begins_with(rest, " -6");
	element = element_of(members, mark, is_ipv6);
	if (!element)
		return string_dup(line);
	return string_printf("-%c in-cluster %s%s", action, element,
			     rest + (is_ipv6 ? strlen(" -6") : 0));
}

char *in_cluster_name(const char *servers, const char *members)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(servers);
	auto_free(text_lines) struct text_lines *member_lines = text_lines_new(members);

	for (size_t i = 0; i < lines->count; i++)
		text_lines_replace(lines, i, named(lines->items[i], member_lines));
	return joined(lines);
}
