/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_lies.h"

#include <stdint.h>
#include <string.h>

#define HEADER "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

char *api_lies_page(void)
{
	return string_dup("<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n"
			  "<body>{\"kind\":\"ServiceList\"}</body></html>\n");
}

/* Of a deflate stream, in which bytes are filled from their lowest bit on. */
struct bits {
	struct api_bytes *bytes;
	unsigned int pending, count;
};

static void put_bit(struct bits *bits, unsigned int bit)
{
	char byte;

	bits->pending |= bit << bits->count;
	if (++bits->count < 8)
		return;
	byte = (char)bits->pending;
	api_bytes_append(bits->bytes, &byte, 1);
	bits->pending = bits->count = 0;
}

/* Huffman codes come with their highest bit first. */
static void put_code(struct bits *bits, unsigned int code, unsigned int length)
{
	while (length-- > 0)
		put_bit(bits, code >> length & 1);
}

/* The codes of a block with fixed ones, RFC 1951, 3.2.6. */
static void put_literal(struct bits *bits, char byte)
{
	put_code(bits, 0x30U + (unsigned char)byte, 8);
}

#define RUN_LENGTH 258

/* The last byte once more, so many times as one code can say. */
static void put_run(struct bits *bits)
{
	put_code(bits, 0xc0 + 285 - 280, 8);
	put_code(bits, 0, 5);
}

void api_lies_blanks(struct api_bytes *ret, size_t mebibytes)
{
	static const char header[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff", trailer[8] = {0};
	static const char list[] = "{\"kind\":\"ServiceList\",\"apiVersion\":\"v1\",\"items\":[\" ";
	struct bits bits = {.bytes = ret};

	api_bytes_append(ret, header, sizeof(header) - 1);
	put_bit(&bits, 1); /* the last block, with fixed codes */
	put_bit(&bits, 1);
	put_bit(&bits, 0);
	for (const char *byte = list; *byte; byte++)
		put_literal(&bits, *byte);
	for (size_t done = 0; done < mebibytes << 20; done += RUN_LENGTH)
		put_run(&bits);
	put_code(&bits, 0, 7); /* the end of the block */
	put_code(&bits, 0, 7); /* and of its last byte */
	api_bytes_append(ret, trailer, sizeof(trailer));
}

char *api_lies_answer(enum api_fault_action action, const char *body)
{
	size_t length = strlen(body);

	switch ((int)action) {
	case API_FAULT_SHORT:
		return string_printf(HEADER "Content-Length: %zu\r\n\r\n%s", length / 2, body);
	case API_FAULT_LONG:
		return string_printf(HEADER "Content-Length: %zu\r\n\r\n%s", length * 2, body);
	case API_FAULT_CHUNK:
		return string_printf(
			HEADER "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n%s", body);
	default:
		return NULL;
	}
}
