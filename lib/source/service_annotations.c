/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_annotations.h"

#include "lib/objects/scheduler.h"

#include <string.h>

static bool read_switch(const struct object_field *annotations, const char *name,
			struct object_leftovers *left)
{
	struct object_field field = object_field_get(annotations, name);
	const char *text = "false";
	struct error why = {0};
	int r = object_field_text(&field, &text, &why);

	if (r >= 0 && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		r = object_field_error(&field, &why, "\"%s\" is not true or false", text);
	if (r >= 0)
		return strcmp(text, "true") == 0;
	object_leftovers_add(left, &why);
	return false;
}

static uint8_t read_scheduler(const struct object_field *annotations, const char *name,
			      struct object_leftovers *left)
{
	struct object_field field = object_field_get(annotations, name);
	const char *text = "";
	struct error why = {0};
	uint8_t number;
	int r = object_field_text(&field, &text, &why);

	if (r >= 0 && !*text)
		return 0;
	number = r < 0 ? 0 : scheduler_find(text);
	if (r >= 0 && !number)
		object_field_error(&field, &why, "\"%s\" is not the name of an IPVS scheduler",
				   text);
	if (!number)
		object_leftovers_add(left, &why);
	return number;
}

void service_annotations_decode(const struct object_field *annotations, struct service *service,
				struct object_leftovers *left)
{
	struct error why = {0};

	if (object_field_object(annotations, &why) < 0) {
		object_leftovers_add(left, &why);
		return;
	}
	service->is_opted_out = read_switch(annotations, "ipvsagent/do-not-program", left);
	service->is_unbound = read_switch(annotations, "ipvsagent/do-not-bind", left);
	service->scheduler = read_scheduler(annotations, "ipvsagent/scheduler", left);
	if (!service->scheduler)
		service->scheduler =
			read_scheduler(annotations, "kube-router.io/service.scheduler", left);
}
