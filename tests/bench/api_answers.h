/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_API_ANSWERS_H
#define BENCH_API_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What the API server of the benchmark says, as text or in protocol buffers. */

#define API_ANSWERS_PROTOBUF "application/vnd.kubernetes.protobuf"

/* KIND_ALL_NODES: without the selector for one of them */
enum kind { KIND_SERVICES, KIND_SLICES, KIND_NODES, KIND_ALL_NODES, KIND_COUNT };

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
 * struct api_answers - prepared ones; @services, @endpoints and @nodes and @is_protobuf are
 *                      set before api_answers_prepare()
 * @compressing:  seconds that it took so far
 */
struct api_answers {
	size_t services;
	size_t endpoints;
	size_t nodes;
	bool is_protobuf;
	struct text lists[KIND_COUNT];
	struct text compressed[KIND_COUNT];
	struct text streams[KIND_COUNT];
	double compressing;
};

void api_answers_prepare(struct api_answers *answers);

size_t api_answers_count(const struct api_answers *answers, enum kind kind);

/** api_answers_write_object() - number @number of its kind, as it was in the beginning */
void api_answers_write_object(const struct api_answers *answers, FILE *stream, enum kind kind,
			      size_t number);

/** api_answers_prepared_list() - everything, with the HTTP header; stays ours */
struct text api_answers_prepared_list(struct api_answers *answers, enum kind kind,
				      bool may_compress);

/**
 * api_answers_list() - objects from @first to before @end, with a token if there are more; no header
 */
struct text api_answers_list(const struct api_answers *answers, enum kind kind, size_t first,
			     size_t end);

/** api_answers_encode() - turns JSON, an event of a watch or not, into what is spoken here */
void api_answers_encode(const struct api_answers *answers, struct text *json, bool is_event);

/** api_answers_type() - the Content-Type of what is spoken here */
const char *api_answers_type(const struct api_answers *answers, bool is_watch);

/** api_answers_append() - a body with the header before it, to which @header adds lines */
void api_answers_append(struct text *answer, const struct text *body, const char *type,
			const char *header);

#endif
