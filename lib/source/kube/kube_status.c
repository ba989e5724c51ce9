/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_status.h"

#include <stdio.h>
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

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static bool has_cause(const json_t *details, const char *reason)
{
	const json_t *cause;
	size_t i;

	json_array_foreach (json_object_get(details, "causes"), i, cause)
		if (strcmp(text_of(cause, "reason"), reason) == 0)
			return true;
	return false;
}

void kube_status_read(const json_t *object, struct kube_status *ret)
{
	const json_t *details = json_object_get(object, "details");
	const json_t *retry = json_object_get(details, "retryAfterSeconds");
	const char *message = text_of(object, "message"), *reason = text_of(object, "reason");

	*ret = (struct kube_status){.retry_seconds = -1};
	if (strcmp(text_of(object, "kind"), "Status") != 0)
		return;
	ret->code = (int)json_integer_value(json_object_get(object, "code"));
	ret->is_expired =
		ret->code == 410 || strcmp(reason, "Expired") == 0 || strcmp(reason, "Gone") == 0;
	/* Older servers give no cause; etcd itself speaks of a future revision. */
	ret->is_version_too_large = has_cause(details, "ResourceVersionTooLarge") ||
				    strstr(message, "Too large resource version") ||
				    strstr(message, "required revision is a future revision");
	if (json_is_integer(retry) && json_integer_value(retry) > 0)
		ret->retry_seconds = (double)json_integer_value(retry);
	set_message(ret, *message ? message : reason, strlen(*message ? message : reason));
}

void kube_status_parse(int code, const char *body, size_t length, struct kube_status *ret)
{
	json_t *object = json_loadb(body, length, 0, NULL);

	kube_status_read(object, ret);
	json_decref(object);
	ret->code = code;
	ret->is_expired |= code == 410;
	if (!*ret->message)
		set_message(ret, body, length);
}
