/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "differences.h"

#include "lib/base/memory.h"

#include <stdio.h>
#include <stdlib.h>

const char *difference_name(enum difference difference)
{
	switch (difference) {
	case DIFFERENCE_AFFINITY_SCHEDULER_SH:
		return "affinity-scheduler-sh";
	case DIFFERENCE_STATIC_RULES:
		return "static-rules";
	case DIFFERENCE_SET_SIZES:
		return "set-sizes";
	case DIFFERENCE_IPVS_OUT_FILTER_SET:
		return "ipvs-out-filter-set";
	case DIFFERENCE_STRANGERS_STAY:
		return "strangers-stay";
	case DIFFERENCE_API_SEMANTICS:
		return "api-semantics";
	case DIFFERENCE_PACKET_COST:
		return "packet-cost";
	}
	return "?";
}

char *difference_names(unsigned int differences)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const char *separator = "";

	if (!stream)
		abort();
	for (unsigned int i = 0; i < DIFFERENCE_COUNT; i++) {
		if (!(differences & 1U << i))
			continue;
		fprintf(stream, "%s%s", separator, difference_name((enum difference)(1U << i)));
		separator = " ";
	}
	fclose(stream);
	return text;
}
