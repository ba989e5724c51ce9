/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_trouble.h"

#include "lib/base/memory.h"

#include <errno.h>

#define NOT_ACCEPTABLE	       406
#define UNSUPPORTED_MEDIA_TYPE 415

char *kube_trouble_text(const struct kube_response *response, enum object_kind kind, bool is_watch)
{
	const char *activity = is_watch ? "watching" : "listing";
	const char *message = response->status.message;

	if (response->error.code && response->is_unreached)
		return string_printf("cannot be reached: %s; retrying", response->error.text);
	if (response->error.code && !response->http_status)
		return string_printf("%s; retrying", response->error.text);
	if (response->error.code)
		return string_printf("%s %ss: %s; retrying", activity, object_kind_name(kind),
				     response->error.text);
	return string_printf("%s %ss: status %d%s%s; retrying", activity, object_kind_name(kind),
			     response->http_status, *message ? ": " : "", message);
}

bool kube_trouble_may_be_streaming(const struct kube_response *response)
{
	int code = response->http_status;

	return code != 0 && code != 401 && code != 403 && code != 429 &&
	       response->error.code != -EAGAIN;
}

bool kube_trouble_is_refusal(const struct kube_response *response)
{
	int code = response->http_status;

	return (code >= 400 && code < 500 && code != 401 && code != 403 && code != 429) ||
	       response->error.code == -ECANCELED || response->error.code == -ETIMEDOUT;
}

bool kube_trouble_refuses_encoding(const struct kube_response *response)
{
	return response->http_status == NOT_ACCEPTABLE ||
	       response->http_status == UNSUPPORTED_MEDIA_TYPE;
}
