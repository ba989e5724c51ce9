/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto_gather.h"
#include "proto_stream.h"

#include <errno.h>
#include <stdint.h>

#define LENGTH_BYTES 4

struct proto_frames {
	proto_stream_visitor *visit;
	void *owner;
	unsigned char length[LENGTH_BYTES]; /* big-endian */
	size_t length_bytes;
	struct proto_gather frame;
};

struct proto_frames *proto_frames_new(proto_stream_visitor *visit, void *owner)
{
	struct proto_frames *frames = memory_allocate(sizeof(*frames));

	frames->visit = visit;
	frames->owner = owner;
	return frames;
}

void proto_frames_free(struct proto_frames *frames)
{
	if (!frames)
		return;
	proto_gather_clear(&frames->frame);
	free(frames);
}

static int begin_frame(struct proto_frames *frames, struct error *err)
{
	const unsigned char *length = frames->length;
	size_t size = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 |
		      length[3];

	if (size > PROTO_STREAM_OBJECT_MAX)
		return error_set(err, -EBADMSG, "the server sent an object of more than %zu MiB",
				 PROTO_STREAM_OBJECT_MAX >> 20);
	proto_gather_begin(&frames->frame, size);
	return 0;
}

int proto_frames_feed(struct proto_frames *frames, const char *data, size_t size, struct error *err)
{
	const char *end = data + size, *frame;
	int r = 0;

	while (r >= 0 && data < end) {
		if (frames->length_bytes < LENGTH_BYTES) {
			frames->length[frames->length_bytes++] = (unsigned char)*data++;
			if (frames->length_bytes == LENGTH_BYTES)
				r = begin_frame(frames, err);
			continue;
		}
		size = frames->frame.length + frames->frame.left;
		if (!proto_gather_take(&frames->frame, &data, end, &frame))
			continue;
		frames->length_bytes = 0;
		r = frames->visit(frames->owner, frame, size, err);
	}
	return r;
}
