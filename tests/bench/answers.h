/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_ANSWERS_H
#define BENCH_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What the API server of the benchmark says, as text. */

enum kind { KIND_SERVICES, KIND_SLICES, KIND_NODES, KIND_COUNT };

/** struct text - starts zeroed; @bytes is freed by its owner */
struct text {
	char *bytes;
	size_t length;
};

void text_append(struct text *text, const char *bytes, size_t length);

/** text_append_chunk() - with what HTTP puts around it */
void text_append_chunk(struct text *text, const char *bytes, size_t length);

/** text_open() - a stream that is written into @text until it is closed */
FILE *text_open(struct text *text);

/**
 * struct answers - prepared ones; @services and @endpoints are set before answers_prepare()
 * @compressing:  seconds that it took so far
 */
struct answers {
	size_t services;
	size_t endpoints;
	struct text lists[KIND_COUNT];
	struct text compressed[KIND_COUNT];
	struct text streams[KIND_COUNT];
	double compressing;
};

void answers_prepare(struct answers *answers);

size_t answers_count(const struct answers *answers, enum kind kind);

/** answers_write_object() - number @number of its kind, as it was in the beginning */
void answers_write_object(const struct answers *answers, FILE *stream, enum kind kind,
			  size_t number);

/** answers_prepared_list() - everything, with the HTTP header; stays ours */
struct text answers_prepared_list(struct answers *answers, enum kind kind, bool may_compress);

/**
 * answers_list() - objects from @first to before @end, with a token if there are more; no header
 */
struct text answers_list(const struct answers *answers, enum kind kind, size_t first, size_t end);

/** answers_append() - a body with the header before it, to which @header adds lines */
void answers_append(struct text *answer, const struct text *body, const char *header);

#endif
