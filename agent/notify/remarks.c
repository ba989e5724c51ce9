/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remarks.h"

#include "lib/base/log.h"

#include <string.h>
#include <uthash.h>

/* What was told of a Service; a kind that does not apply has no text. */
struct told {
	UT_hash_handle hh;
	char *texts[SERVICE_REMARK_COUNT];
	char key[];
};

struct remarks {
	struct events *events;
	struct told *told;
};

static const enum event_kind event_kinds[] = {
	[SERVICE_REMARK_EXTERNAL_IPS_OFF] = EVENT_KIND_EXTERNAL_IPS,
	[SERVICE_REMARK_EXTERNAL_IPS_OUTSIDE] = EVENT_KIND_ADDRESS_OUTSIDE,
	[SERVICE_REMARK_LOAD_BALANCER_IPS_OUTSIDE] = EVENT_KIND_ADDRESS_OUTSIDE,
	[SERVICE_REMARK_UNPROGRAMMED] = EVENT_KIND_UNPROGRAMMED,
	[SERVICE_REMARK_SCHEDULER_MISSING] = EVENT_KIND_SCHEDULER_MISSING,
	[SERVICE_REMARK_RANGES_OF_ONE_FAMILY] = EVENT_KIND_SOURCE_RANGES,
};

struct remarks *remarks_new(struct events *events)
{
	struct remarks *remarks = memory_allocate(sizeof(*remarks));

	remarks->events = events;
	return remarks;
}

static void forget(struct remarks *remarks, struct told *told)
{
	HASH_DEL(remarks->told, told);
	for (size_t i = 0; i < SERVICE_REMARK_COUNT; i++)
		free(told->texts[i]);
	free(told);
}

void remarks_free(struct remarks *remarks)
{
	struct told *told, *next;

	if (!remarks)
		return;
	HASH_ITER (hh, remarks->told, told, next)
		forget(remarks, told);
	free(remarks);
}

static struct told *find_or_add(struct remarks *remarks, const char *key)
{
	size_t size = strlen(key) + 1;
	struct told *told;

	HASH_FIND_STR(remarks->told, key, told);
	if (told)
		return told;
	told = memory_allocate(sizeof(*told) + size);
	memcpy(told->key, key, size);
	HASH_ADD_STR(remarks->told, key, told);
	return told;
}

static void tell(struct remarks *remarks, const struct service_view *view,
		 const struct service_remark *remark)
{
	const struct service *service = view->service;
	char uid[OBJECT_UID_TEXT_SIZE];
	const struct kube_event_object object = {.kind = "Service",
						 .namespace_name = service->namespace_name,
						 .name = service->name,
						 .uid = object_uid_text(&service->uid, uid)};

	log_about(LOG_LEVEL_WARNING, "Service", view->key, "%s", remark->text);
	events_emit_about(remarks->events, event_kinds[remark->kind], &object, NULL, "%s",
			  remark->text);
}

void remarks_planned(struct remarks *remarks, const struct service_view *view,
		     const struct desired_options *options)
{
	struct service_remark now[SERVICE_REMARK_COUNT];
	size_t count = view->service ? service_remarks(view->service, options, now) : 0;
	char *texts[SERVICE_REMARK_COUNT] = {NULL};
	struct told *told;

	HASH_FIND_STR(remarks->told, view->key, told);
	if (!count && told)
		forget(remarks, told);
	if (!count)
		return;
	told = find_or_add(remarks, view->key);
	for (size_t i = 0; i < count; i++) {
		enum service_remark_kind kind = now[i].kind;

		texts[kind] = string_dup(now[i].text);
		if (!string_equal(told->texts[kind], texts[kind]))
			tell(remarks, view, &now[i]);
	}
	for (size_t i = 0; i < SERVICE_REMARK_COUNT; i++)
		free(told->texts[i]);
	memcpy(told->texts, texts, sizeof(texts));
}
