/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_field.h"

#include "lib/base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PATH_SIZE	 256
#define EARLIEST_SECONDS (-62135596800)
#define LATEST_SECONDS	 253402300799

struct object_field object_field_root(struct object_value object)
{
	return (struct object_field){.value = object};
}

struct object_field object_field_get(const struct object_field *parent, const char *name)
{
	struct object_field field = {.parent = parent, .name = name};

	if (parent->value.type == OBJECT_VALUE_OBJECT)
		field.value = parent->value.encoding->get(&parent->value, name);
	return field;
}

struct object_field object_field_at(const struct object_field *list, size_t index)
{
	struct object_field field = {.parent = list, .index = index};

	if (list->value.type == OBJECT_VALUE_LIST)
		field.value = list->value.encoding->at(&list->value, index);
	return field;
}

static size_t write_path(const struct object_field *field, char path[PATH_SIZE])
{
	size_t used;
	int length;

	if (!field->parent) {
		path[0] = '\0';
		return 0;
	}
	used = write_path(field->parent, path);
	if (field->name)
		length = snprintf(path + used, PATH_SIZE - used, "%s%s", used ? "." : "",
				  field->name);
	else
		length = snprintf(path + used, PATH_SIZE - used, "[%zu]", field->index);
	used += (size_t)length;
	return used < PATH_SIZE ? used : PATH_SIZE - 1;
}

int object_field_error(const struct object_field *field, struct error *err, const char *format, ...)
{
	char path[PATH_SIZE], reason[sizeof(err->text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	/* The reason may quote the object; an error is one line and no terminal's command. */
	for (char *c = reason; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	error_set(err, -EINVAL, "%s", reason);
	return write_path(field, path) ? error_wrap(err, -EINVAL, "%s", path) : -EINVAL;
}

const char *object_field_plain_text(const struct object_field *field)
{
	return field->value.type == OBJECT_VALUE_TEXT ? field->value.text : "";
}

void object_leftovers_add(struct object_leftovers *leftovers, const struct error *why)
{
	if (!leftovers->count++)
		leftovers->first = *why;
}

int object_leftovers_tell(const struct object_leftovers *leftovers, struct error *err)
{
	if (!leftovers->count)
		return 0;
	if (leftovers->count == 1)
		error_set(err, -EINVAL, "%s", leftovers->first.text);
	else
		error_set(err, -EINVAL, "%.400s (and %zu more)", leftovers->first.text,
			  leftovers->count - 1);
	return 1;
}

int object_field_object(const struct object_field *field, struct error *err)
{
	if (object_field_is_present(field) && field->value.type != OBJECT_VALUE_OBJECT)
		return object_field_error(field, err, "not an object");
	return 0;
}

int object_field_list(const struct object_field *field, size_t *ret, struct error *err)
{
	size_t count;

	*ret = 0;
	if (!object_field_is_present(field))
		return 0;
	if (field->value.type != OBJECT_VALUE_LIST)
		return object_field_error(field, err, "not a list");
	count = field->value.encoding->count(&field->value);
	if (count > OBJECT_FIELD_LIST_LIMIT)
		return object_field_error(field, err, "more than %d entries",
					  OBJECT_FIELD_LIST_LIMIT);
	*ret = count;
	return 0;
}

int object_field_text(const struct object_field *field, const char **ret, struct error *err)
{
	if (!object_field_is_present(field))
		return 0;
	if (field->value.type != OBJECT_VALUE_TEXT)
		return object_field_error(field, err, "not a string");
	*ret = field->value.text;
	return 0;
}

int object_field_copy_text(const struct object_field *parent, const char *name, char **ret,
			   struct error *err)
{
	struct object_field field = object_field_get(parent, name);
	const char *text = "";
	int r = object_field_text(&field, &text, err);

	if (r >= 0 && *text)
		*ret = string_dup(text);
	return r;
}

int object_field_boolean(const struct object_field *field, bool *ret, struct error *err)
{
	if (!object_field_is_present(field))
		return 0;
	if (field->value.type != OBJECT_VALUE_BOOLEAN)
		return object_field_error(field, err, "not a boolean");
	*ret = field->value.boolean;
	return 0;
}

int object_field_integer(const struct object_field *field, int64_t *ret, struct error *err)
{
	if (!object_field_is_present(field))
		return 0;
	if (field->value.type != OBJECT_VALUE_INTEGER)
		return object_field_error(field, err, "not an integer");
	*ret = field->value.integer;
	return 0;
}

int object_field_port(const struct object_field *field, uint16_t *ret, struct error *err)
{
	int64_t number = 0;
	int r = object_field_integer(field, &number, err);

	if (r < 0 || !object_field_is_present(field))
		return r;
	if (number < 1 || number > UINT16_MAX)
		return object_field_error(field, err, "%lld is not a port (1-65535)",
					  (long long)number);
	*ret = (uint16_t)number;
	return 0;
}

int object_field_choice(const struct object_field *field, const char *const *choices, size_t count,
			size_t *ret, struct error *err)
{
	const char *text = "";
	char list[160];
	size_t used = 0;
	int r = object_field_text(field, &text, err);

	if (r < 0 || !*text)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, choices[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	list[0] = '\0';
	for (size_t i = 0; i < count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 i == 0		  ? ""
					 : i == count - 1 ? " or "
							  : ", ",
					 choices[i]);
	return object_field_error(field, err, "\"%.60s\" is not %s", text, list);
}

int object_field_protocol(const struct object_field *field, uint8_t *ret, struct error *err)
{
	static const char *const names[] = {"TCP", "UDP", "SCTP"};
	static const uint8_t numbers[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	size_t choice = COUNT(names);
	int r = object_field_choice(field, names, COUNT(names), &choice, err);

	if (r >= 0 && choice < COUNT(names))
		*ret = numbers[choice];
	return r;
}

/* Four decimal numbers up to 255, with any number of leading zeros. */
static bool parse_sloppy_ipv4(const char *text, struct address *ret)
{
	struct address address = {.family = AF_INET};

	for (int i = 0; i < 4; i++) {
		unsigned int octet = 0;

		if (!isdigit((unsigned char)*text))
			return false;
		while (isdigit((unsigned char)*text)) {
			octet = octet * 10 + (unsigned int)(*text++ - '0');
			if (octet > 255)
				return false;
		}
		address.bytes[i] = (uint8_t)octet;
		if (*text++ != (i < 3 ? '.' : '\0'))
			return false;
	}
	*ret = address;
	return true;
}

static bool is_mapped_ipv4(const struct address *address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return address->family == AF_INET6 && memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

static struct address unmap_ipv4(const struct address *address)
{
	struct address ret = {.family = AF_INET};

	memcpy(ret.bytes, address->bytes + 12, 4);
	return ret;
}

static bool parse_address(const char *text, struct address *ret)
{
	if (parse_sloppy_ipv4(text, ret))
		return true;
	if (!address_parse(text, ret))
		return false;
	if (is_mapped_ipv4(ret))
		*ret = unmap_ipv4(ret);
	return true;
}

int object_field_address(const struct object_field *field, struct address *ret, struct error *err)
{
	const char *text = NULL;
	int r = object_field_text(field, &text, err);

	if (r < 0 || !text)
		return r;
	if (!parse_address(text, ret))
		return object_field_error(field, err, "\"%.60s\" is not an IP address", text);
	return 0;
}

int object_field_unicast(const struct object_field *field, struct address *ret, struct error *err)
{
	struct address address = {0};
	int r = object_field_address(field, &address, err);
	const char *text = object_field_plain_text(field);

	if (r < 0 || !address.family)
		return r;
	if (address_is_unspecified(&address))
		return object_field_error(field, err, "%s is the unspecified address", text);
	if (address_is_loopback(&address))
		return object_field_error(field, err, "%s is a loopback address", text);
	if (address_is_link_local(&address))
		return object_field_error(field, err, "%s is a link-local address", text);
	if (address_is_multicast(&address))
		return object_field_error(field, err, "%s is a multicast address", text);
	if (address_is_broadcast(&address))
		return object_field_error(field, err, "%s is the broadcast address", text);
	*ret = address;
	return 0;
}

/* Reads "ADDRESS/LENGTH" with the address as sloppy as parse_address() takes it. */
static bool parse_prefix(const char *text, struct prefix *ret)
{
	char strict[ADDRESS_TEXT_SIZE], buffer[ADDRESS_TEXT_SIZE];
	const char *slash = strchr(text, '/');
	struct address address;

	if (!slash || (size_t)(slash - text) >= sizeof(buffer) || strlen(slash) > 4)
		return false;
	snprintf(buffer, sizeof(buffer), "%.*s", (int)(slash - text), text);
	if (!address_parse_prefix(text, ret)) {
		if (!parse_sloppy_ipv4(buffer, &address))
			return false;
		address_text(&address, buffer);
		snprintf(strict, sizeof(strict), "%.15s%.4s", buffer, slash);
		return address_parse_prefix(strict, ret);
	}
	if (is_mapped_ipv4(&ret->address) && ret->length >= 96) {
		ret->address = unmap_ipv4(&ret->address);
		ret->length = (uint16_t)(ret->length - 96);
	}
	return true;
}

int object_field_prefix(const struct object_field *field, struct prefix *ret, struct error *err)
{
	const char *text = NULL;
	char trimmed[ADDRESS_TEXT_SIZE] = "";
	size_t length;
	int r = object_field_text(field, &text, err);

	if (r < 0 || !text)
		return r;
	text += strspn(text, " \t\r\n\v\f");
	length = strlen(text);
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	if (length < sizeof(trimmed))
		snprintf(trimmed, sizeof(trimmed), "%.*s", (int)length, text);
	if (!parse_prefix(trimmed, ret))
		return object_field_error(field, err, "\"%.60s\" is not a CIDR block", text);
	return 0;
}

/* Reads exactly @count digits and the character that follows them. */
static bool parse_digits(const char **text, int count, char follower, int *ret)
{
	int value = 0;

	while (count--) {
		if (!isdigit((unsigned char)**text))
			return false;
		value = value * 10 + (*(*text)++ - '0');
	}
	*ret = value;
	return !follower || *(*text)++ == follower;
}

static int parse_fraction(const char **text)
{
	int milliseconds = 0, weight = 100;

	if (**text != '.')
		return 0;
	for ((*text)++; isdigit((unsigned char)**text); (*text)++) {
		milliseconds += (**text - '0') * weight;
		weight /= 10;
	}
	return milliseconds;
}

static bool parse_offset(const char *text, int *ret)
{
	int hours, minutes, sign = *text == '-' ? -1 : 1;

	*ret = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if (*text != '+' && *text != '-')
		return false;
	text++;
	if (!parse_digits(&text, 2, ':', &hours) || !parse_digits(&text, 2, '\0', &minutes) ||
	    *text || hours > 23 || minutes > 59)
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool parse_time(const char *text, int64_t *ret)
{
	struct tm tm = {0};
	int milliseconds, offset;

	if (!parse_digits(&text, 4, '-', &tm.tm_year) || !parse_digits(&text, 2, '-', &tm.tm_mon) ||
	    !parse_digits(&text, 2, 'T', &tm.tm_mday) ||
	    !parse_digits(&text, 2, ':', &tm.tm_hour) || !parse_digits(&text, 2, ':', &tm.tm_min) ||
	    !parse_digits(&text, 2, '\0', &tm.tm_sec))
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	milliseconds = parse_fraction(&text);
	if (!parse_offset(text, &offset))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ret = ((int64_t)timegm(&tm) - offset) * 1000 + milliseconds;
	return true;
}

/* What can be written as a text: the years 1 to 9999. */
static int take_instant(const struct object_field *field, int64_t *ret, struct error *err)
{
	int64_t seconds = field->value.integer;

	if (seconds < EARLIEST_SECONDS || seconds > LATEST_SECONDS)
		return object_field_error(field, err, "%lld is not a time (seconds since 1970)",
					  (long long)seconds);
	*ret = seconds * 1000;
	return 0;
}

int object_field_time(const struct object_field *field, int64_t *ret, struct error *err)
{
	const char *text = NULL;
	int r;

	if (field->value.type == OBJECT_VALUE_INSTANT)
		return take_instant(field, ret, err);
	r = object_field_text(field, &text, err);
	if (r < 0 || !text)
		return r;
	if (!parse_time(text, ret))
		return object_field_error(field, err, "\"%.60s\" is not a time (RFC 3339)", text);
	return 0;
}

/* Lower-case letters, digits and the characters in @others, which are not first or last. */
static bool is_name(const char *text, const char *others, size_t longest)
{
	size_t length = strlen(text);

	if (length == 0 || length > longest || strchr(others, text[0]) ||
	    strchr(others, text[length - 1]))
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length &&
	       (strchr(others, '.') || !strchr(text, '.'));
}

int object_field_name(const struct object_field *field, const char **ret, struct error *err)
{
	const char *text = "";
	int r = object_field_text(field, &text, err);

	if (r < 0 || !*text)
		return r;
	if (!is_name(text, "-.", 253))
		return object_field_error(field, err, "\"%.60s\" is not a name (a-z 0-9 - .)",
					  text);
	*ret = text;
	return 0;
}

int object_field_port_name(const struct object_field *field, const char **ret, struct error *err)
{
	const char *text = "";
	int r = object_field_text(field, &text, err);

	if (r < 0)
		return r;
	if (*text && !is_name(text, "-", 63))
		return object_field_error(field, err, "\"%.60s\" is not a port name (a-z 0-9 -)",
					  text);
	*ret = text;
	return 0;
}
