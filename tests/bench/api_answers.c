/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_answers.h"

#include "objects.h"
#include "tests/fake/api_protobuf.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define COMPRESSION_LEVEL 1	      /* as an API server */
#define COMPRESSION_MIN	  (128 << 10) /* bytes, likewise */
#define VERSION		  "9000000"

static const char *const kind_names[KIND_COUNT] = {"Service", "EndpointSlice", "Node", "Node"};
static const char *const kind_versions[KIND_COUNT] = {"v1", "discovery.k8s.io/v1", "v1", "v1"};

void text_append(struct text *text, const char *bytes, size_t length)
{
	text->bytes = realloc(text->bytes, text->length + length + 1);
	if (!text->bytes)
		abort();
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

FILE *text_open(struct text *text)
{
	FILE *stream = open_memstream(&text->bytes, &text->length);

	if (!stream)
		abort();
	return stream;
}

void text_append_chunk(struct text *text, const char *bytes, size_t length)
{
	char size[32];

	text_append(text, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", length));
	text_append(text, bytes, length);
	text_append(text, "\r\n", 2);
}

void api_answers_encode(const struct api_answers *answers, struct text *json, bool is_event)
{
	struct api_bytes bytes = {0};
	json_t *object;

	if (!answers->is_protobuf)
		return;
	object = json_loadb(json->bytes, json->length, 0, NULL);
	if (is_event)
		api_protobuf_event(&bytes, object);
	else
		api_protobuf_object(&bytes, object);
	json_decref(object);
	if (bytes.is_refused) {
		fprintf(stderr, "serve: not in protocol buffers: %s\n", json->bytes);
		exit(1);
	}
	free(json->bytes);
	*json = (struct text){.bytes = bytes.bytes, .length = bytes.length};
}

const char *api_answers_type(const struct api_answers *answers, bool is_watch)
{
	if (!answers->is_protobuf)
		return "application/json";
	return is_watch ? API_ANSWERS_PROTOBUF ";stream=watch" : API_ANSWERS_PROTOBUF;
}

static void write_node(FILE *stream)
{
	fputs("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"" OBJECTS_NODE_NAME
	      "\",\"resourceVersion\":\"1\"},\"status\":{\"addresses\":[{\"type\":\"InternalIP\","
	      "\"address\":\"192.168.77.10\"}]}}",
	      stream);
}

static void write_labels(FILE *stream, size_t number)
{
	static const char *const labels[] = {
		"beta.kubernetes.io/arch",
		"beta.kubernetes.io/instance-type",
		"beta.kubernetes.io/os",
		"failure-domain.beta.kubernetes.io/region",
		"failure-domain.beta.kubernetes.io/zone",
		"kubernetes.io/arch",
		"kubernetes.io/os",
		"node.kubernetes.io/instance-type",
		"topology.kubernetes.io/region",
		"topology.kubernetes.io/zone",
	};

	fprintf(stream, "\"labels\":{\"kubernetes.io/hostname\":\"node-%zu\"", number);
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		fprintf(stream, ",\"%s\":\"value-%zu\"", labels[i], number % 16);
	fputs("},\"annotations\":{\"node.alpha.kubernetes.io/ttl\":\"0\","
	      "\"volumes.kubernetes.io/controller-managed-attach-detach\":\"true\"},",
	      stream);
}

/* What the kubelet says of a node that runs: four conditions, and fifty images at most. */
static void write_node_status(FILE *stream, size_t number)
{
	static const char *const conditions[] = {"MemoryPressure", "DiskPressure", "PIDPressure",
						 "Ready"};

	fprintf(stream,
		"\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"10.%zu.%zu.%zu\"},"
		"{\"type\":\"Hostname\",\"address\":\"node-%zu\"}],\"conditions\":[",
		1 + number / 60000, number / 250 % 250, number % 250 + 1, number);
	for (size_t i = 0; i < sizeof(conditions) / sizeof(*conditions); i++)
		fprintf(stream,
			"%s{\"type\":\"%s\",\"status\":\"False\",\"lastHeartbeatTime\":"
			"\"2026-01-01T00:00:00Z\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\","
			"\"reason\":\"KubeletHasSufficient\",\"message\":\"kubelet has sufficient "
			"resources available\"}",
			i ? "," : "", conditions[i]);
	fputs("],\"images\":[", stream);
	for (size_t i = 0; i < 50; i++)
		fprintf(stream,
			"%s{\"names\":[\"registry.example.org/team/image-%zu@sha256:%064zx\","
			"\"registry.example.org/team/image-%zu:v1.%zu.0\"],\"sizeBytes\":123456789}",
			i ? "," : "", i, number * 50 + i, i, i);
	fputs("],\"nodeInfo\":{\"architecture\":\"amd64\",\"kubeletVersion\":\"v1.36.3\","
	      "\"operatingSystem\":\"linux\",\"osImage\":\"Debian GNU/Linux 13\"}}",
	      stream);
}

static void write_other_node(FILE *stream, size_t number)
{
	fprintf(stream,
		"{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"node-%zu\",",
		number);
	write_labels(stream, number);
	fputs("\"resourceVersion\":\"1\"},", stream);
	write_node_status(stream, number);
	fputs("}", stream);
}

size_t api_answers_count(const struct api_answers *answers, enum kind kind)
{
	if (kind == KIND_ALL_NODES)
		return answers->nodes;
	return kind == KIND_NODES ? 1 : answers->services;
}

void api_answers_write_object(const struct api_answers *answers, FILE *stream, enum kind kind,
			      size_t number)
{
	size_t count = answers->endpoints;

	switch (kind) {
	case KIND_SERVICES:
		objects_write_service(stream, number);
		break;
	case KIND_SLICES:
		objects_write_slice(stream, number, number * count, (number + 1) * count - 1, count,
				    count);
		break;
	case KIND_ALL_NODES:
		write_other_node(stream, number);
		break;
	case KIND_NODES:
	case KIND_COUNT:
		write_node(stream);
		break;
	}
}

/* Objects from @first to before @end, and a token if there are more */
struct text api_answers_list(const struct api_answers *answers, enum kind kind, size_t first,
			     size_t end)
{
	struct text body = {0};
	FILE *stream = text_open(&body);

	fprintf(stream,
		"{\"kind\":\"%sList\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":"
		"\"" VERSION "\"",
		kind_names[kind], kind_versions[kind]);
	if (end < api_answers_count(answers, kind))
		fprintf(stream, ",\"continue\":\"%zu\"", end);
	fputs("},\"items\":[", stream);
	for (size_t i = first; i < end; i++) {
		if (i > first)
			putc(',', stream);
		api_answers_write_object(answers, stream, kind, i);
	}
	fputs("]}\n", stream);
	fclose(stream);
	api_answers_encode(answers, &body, false);
	return body;
}

void api_answers_append(struct text *answer, const struct text *body, const char *type,
			const char *header)
{
	char text[256];
	int length = snprintf(text, sizeof(text),
			      "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s"
			      "Content-Length: %zu\r\n\r\n",
			      type, header, body->length);

	text_append(answer, text, (size_t)length);
	text_append(answer, body->bytes, body->length);
}

static void prepare_list(struct api_answers *answers, enum kind kind)
{
	struct text body = api_answers_list(answers, kind, 0, api_answers_count(answers, kind));

	api_answers_append(&answers->lists[kind], &body, api_answers_type(answers, false), "");
	free(body.bytes);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void compress_list(struct api_answers *answers, enum kind kind)
{
	struct text body = api_answers_list(answers, kind, 0, api_answers_count(answers, kind)),
		    packed = {0};
	double begin = now();
	z_stream stream = {0};

	/* 16: with the header of gzip */
	if (deflateInit2(&stream, COMPRESSION_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		abort();
	packed.length = deflateBound(&stream, body.length);
	packed.bytes = malloc(packed.length);
	if (!packed.bytes)
		abort();
	stream.next_in = (Bytef *)body.bytes;
	stream.avail_in = (uInt)body.length;
	stream.next_out = (Bytef *)packed.bytes;
	stream.avail_out = (uInt)packed.length;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	packed.length = stream.total_out;
	deflateEnd(&stream);
	answers->compressing += now() - begin;
	api_answers_append(&answers->compressed[kind], &packed, api_answers_type(answers, false),
			   "Content-Encoding: gzip\r\n");
	free(packed.bytes);
	free(body.bytes);
}

static void write_event(FILE *stream, const struct text *event)
{
	fprintf(stream, "%zx\r\n", event->length);
	fwrite(event->bytes, 1, event->length, stream);
	fputs("\r\n", stream);
}

static void prepare_stream(struct api_answers *answers, enum kind kind)
{
	FILE *stream = text_open(&answers->streams[kind]);

	for (size_t i = 0; i <= api_answers_count(answers, kind); i++) {
		struct text event = {0};
		FILE *single = text_open(&event);

		if (i < api_answers_count(answers, kind)) {
			fputs("{\"type\":\"ADDED\",\"object\":", single);
			api_answers_write_object(answers, single, kind, i);
			fputs("}\n", single);
		} else {
			fprintf(single,
				"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"%s\",\"apiVersion\":"
				"\"%s\","
				"\"metadata\":{\"resourceVersion\":\"" VERSION
				"\",\"annotations\":{"
				"\"k8s.io/initial-events-end\":\"true\"}}}}\n",
				kind_names[kind], kind_versions[kind]);
		}
		fclose(single);
		api_answers_encode(answers, &event, true);
		write_event(stream, &event);
		free(event.bytes);
	}
	fclose(stream);
}

void api_answers_prepare(struct api_answers *answers)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		prepare_list(answers, (enum kind)kind);
		prepare_stream(answers, (enum kind)kind);
	}
}

struct text api_answers_prepared_list(struct api_answers *answers, enum kind kind,
				      bool may_compress)
{
	if (!may_compress || answers->lists[kind].length < COMPRESSION_MIN)
		return answers->lists[kind];
	if (!answers->compressed[kind].length)
		compress_list(answers, kind);
	return answers->compressed[kind];
}
