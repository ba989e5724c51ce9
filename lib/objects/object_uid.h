/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_OBJECT_UID_H
#define OBJECTS_OBJECT_UID_H

#include <stdint.h>

#define OBJECT_UID_TEXT_SIZE 37

/** struct object_uid - metadata.uid in 16 bytes; all of them 0 = none, or no UUID */
struct object_uid {
	uint8_t bytes[16];
};

/** object_uid_parse() - a UUID as Kubernetes writes it; anything else, also NULL, gives none */
struct object_uid object_uid_parse(const char *text);

/** object_uid_text() - the reverse; "" if there is none; Return: @ret */
const char *object_uid_text(const struct object_uid *uid, char ret[OBJECT_UID_TEXT_SIZE]);

#endif
