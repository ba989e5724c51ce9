/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_faults.h"

#include "lib/base/memory.h"

#include <stdio.h>
#include <string.h>

struct line {
	char resource[32];
	char verb[16];
	struct api_fault fault;
	bool has_count;
	unsigned int count;
};

struct api_faults {
	struct line *lines;
	size_t count;
	size_t capacity;
};

static bool find_action(const char *name, enum api_fault_action *ret)
{
	static const char *const names[] = {
		[API_FAULT_NONE] = "none",	 [API_FAULT_STATUS] = "status",
		[API_FAULT_REFUSE] = "refuse",	 [API_FAULT_HANG] = "hang",
		[API_FAULT_RESET] = "reset",	 [API_FAULT_STALL] = "stall",
		[API_FAULT_SPLIT] = "split",	 [API_FAULT_DRIP] = "drip",
		[API_FAULT_DELAY] = "delay",	 [API_FAULT_END] = "end",
		[API_FAULT_EXPIRE] = "expire",	 [API_FAULT_BRIEF] = "brief",
		[API_FAULT_ENDLESS] = "endless", [API_FAULT_JSON] = "json",
		[API_FAULT_GARBLE] = "garble",	 [API_FAULT_UNACCEPTABLE] = "unacceptable",
		[API_FAULT_EMPTY] = "empty",	 [API_FAULT_REDIRECT] = "redirect",
		[API_FAULT_HTML] = "html",	 [API_FAULT_GZIP] = "gzip",
		[API_FAULT_SHORT] = "short",	 [API_FAULT_LONG] = "long",
		[API_FAULT_CHUNK] = "chunk",
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		*ret = (enum api_fault_action)i;
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static bool parse(const char *text, struct line *line)
{
	char action[16], word[16];
	unsigned long number;
	int used = 0;

	if (sscanf(text, "%31s %15s %15s%n", line->resource, line->verb, action, &used) != 3 ||
	    !find_action(action, &line->fault.action))
		return false;
	text += used;
	if (sscanf(text, "%lu%n", &number, &used) == 1) {
		line->fault.number = number;
		text += used;
	}
	while (sscanf(text, "%15s %lu%n", word, &number, &used) == 2) {
		text += used;
		if (strcmp(word, "retry") == 0) {
			line->fault.retry_seconds = (unsigned int)number;
		} else if (strcmp(word, "count") == 0) {
			line->has_count = true;
			line->count = (unsigned int)number;
		} else {
			return false;
		}
	}
	return text[strspn(text, " \t\r")] == '\0';
}

struct api_faults *api_faults_new(const char *script)
{
	struct api_faults *faults = memory_allocate(sizeof(*faults));
	auto_memory char *copy = string_dup(script);
	char *rest = NULL;

	for (char *text = strtok_r(copy, "\n", &rest); text; text = strtok_r(NULL, "\n", &rest)) {
		struct line line = {0};

		if (!parse(text, &line)) {
			fprintf(stderr, "this is no fault: %s\n", text);
			api_faults_free(faults);
			return NULL;
		}
		faults->lines = memory_grow(faults->lines, faults->count, &faults->capacity,
					    sizeof(*faults->lines));
		faults->lines[faults->count++] = line;
	}
	return faults;
}

void api_faults_free(struct api_faults *faults)
{
	if (!faults)
		return;
	free(faults->lines);
	free(faults);
}

static bool fits(const struct line *line, const char *resource, const char *verb)
{
	return (strcmp(line->resource, "*") == 0 || strcmp(line->resource, resource) == 0) &&
	       (strcmp(line->verb, "*") == 0 || strcmp(line->verb, verb) == 0) &&
	       (!line->has_count || line->count > 0);
}

struct api_fault api_faults_take(struct api_faults *faults, const char *resource, const char *verb)
{
	for (size_t i = 0; i < faults->count; i++) {
		if (!fits(&faults->lines[i], resource, verb))
			continue;
		faults->lines[i].count -= faults->lines[i].has_count;
		return faults->lines[i].fault;
	}
	return (struct api_fault){0};
}

struct api_fault api_faults_look(const struct api_faults *faults, const char *resource,
				 const char *verb)
{
	for (size_t i = 0; i < faults->count; i++)
		if (!faults->lines[i].has_count && fits(&faults->lines[i], resource, verb))
			return faults->lines[i].fault;
	return (struct api_fault){0};
}
