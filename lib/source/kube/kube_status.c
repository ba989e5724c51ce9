/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_status.h"

#include "lib/source/json_value.h"
#include "lib/source/object_field.h"
#include "lib/source/proto/proto_envelope.h"
#include "lib/source/proto/proto_object.h"

#include <jansson.h>
#include <string.h>

/* One printable line: it ends up in the log. */
static void set_message(struct kube_status *status, const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length && used + 1 < sizeof(status->message); i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte == '\n' && used)
			break;
		if (byte >= ' ' && byte != 0x7f)
			status->message[used++] = (char)byte;
	}
	status->message[used] = '\0';
}

static bool has_cause(const struct object_field *details, const char *wanted)
{
	struct object_field causes = object_field_get(details, "causes");
	size_t count = 0;

	object_field_list(&causes, &count, NULL);
	for (size_t i = 0; i < count; i++) {
		struct object_field cause = object_field_at(&causes, i);
		struct object_field reason = object_field_get(&cause, "reason");

		if (strcmp(object_field_plain_text(&reason), wanted) == 0)
			return true;
	}
	return false;
}

static int64_t integer_of(const struct object_field *parent, const char *name)
{
	struct object_field field = object_field_get(parent, name);
	int64_t integer = 0;

	object_field_integer(&field, &integer, NULL);
	return integer;
}

void kube_status_read(struct object_value object, struct kube_status *ret)
{
	struct object_field root = object_field_root(object);
	struct object_field details = object_field_get(&root, "details");
	struct object_field kind_field = object_field_get(&root, "kind");
	struct object_field message_field = object_field_get(&root, "message");
	struct object_field reason_field = object_field_get(&root, "reason");
	const char *kind = object_field_plain_text(&kind_field);
	const char *message = object_field_plain_text(&message_field);
	const char *reason = object_field_plain_text(&reason_field);
	int64_t code = integer_of(&root, "code");
	int64_t retry = integer_of(&details, "retryAfterSeconds");

	*ret = (struct kube_status){.retry_seconds = -1};
	/* In protocol buffers the kind is outside. */
	if (*kind && strcmp(kind, "Status") != 0)
		return;
	ret->code = code > 0 && code < 1000 ? (int)code : 0;
	ret->is_expired =
		ret->code == 410 || strcmp(reason, "Expired") == 0 || strcmp(reason, "Gone") == 0;
	/* Older servers give no cause; etcd itself speaks of a future revision. */
	ret->is_version_too_large = has_cause(&details, "ResourceVersionTooLarge") ||
				    strstr(message, "Too large resource version") ||
				    strstr(message, "required revision is a future revision");
	if (retry > 0)
		ret->retry_seconds = (double)retry;
	set_message(ret, *message ? message : reason, strlen(*message ? message : reason));
}

static void parse_proto(const char *body, size_t length, struct kube_status *ret)
{
	auto_free(proto_arena) struct proto_arena *arena = proto_arena_new();
	struct proto_envelope envelope;
	struct object_value object = {0};

	if (proto_envelope_open(body, length, &envelope) && proto_span_is(&envelope.kind, "Status"))
		proto_object_unpack_status(arena, envelope.object.bytes, envelope.object.size,
					   &object, NULL);
	kube_status_read(object, ret);
}

static void parse_json(const char *body, size_t length, struct kube_status *ret)
{
	json_t *object = json_loadb(body, length, 0, NULL);

	kube_status_read(json_value_of(object), ret);
	json_decref(object);
}

void kube_status_parse(int code, const char *body, size_t length, struct kube_status *ret)
{
	if (proto_envelope_is_one(body, length)) {
		parse_proto(body, length, ret);
	} else {
		parse_json(body, length, ret);
		if (!*ret->message)
			set_message(ret, body, length);
	}
	ret->code = code;
	ret->is_expired |= code == 410;
}
