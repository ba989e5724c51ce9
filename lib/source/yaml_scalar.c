/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "yaml_scalar.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool is_null_word(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	return is_one_of(text, words, COUNT(words));
}

static bool is_true_word(const char *text)
{
	static const char *const words[] = {"true", "True", "TRUE", "y",  "Y", "yes",
					    "Yes",  "YES",  "on",   "On", "ON"};

	return is_one_of(text, words, COUNT(words));
}

static bool is_false_word(const char *text)
{
	static const char *const words[] = {"false", "False", "FALSE", "n",   "N",  "no",
					    "No",    "NO",    "off",   "Off", "OFF"};

	return is_one_of(text, words, COUNT(words));
}

static bool is_beyond_json(const char *text)
{
	static const char *const words[] = {".nan",  ".NaN",  ".NAN",  ".inf",	".Inf",	 ".INF",
					    "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};

	return is_one_of(text, words, COUNT(words));
}

/* Whole numbers with sign, in the notations 10, 0x10, 0o10, 010 and 0b10. */
static bool parse_integer(const char *text, json_int_t *ret)
{
	bool is_negative = *text == '-';
	const char *digits = text + (*text == '-' || *text == '+');
	unsigned long long value;
	int base = 10;
	char *end;

	if (digits[0] == '0' && digits[1]) {
		switch (digits[1]) {
		case 'x':
		case 'X':
			base = 16;
			break;
		case 'o':
		case 'O':
			base = 8;
			break;
		case 'b':
		case 'B':
			base = 2;
			break;
		default:
			/* "0.5" and "0e1" are reals. */
			if (digits[1] < '0' || digits[1] > '9')
				return false;
			base = 8;
			break;
		}
		digits += digits[1] >= '0' && digits[1] <= '9' ? 1 : 2;
	}
	/* strtoull() itself would accept blanks, a sign and "0x" here. */
	if (!strchr("0123456789abcdefABCDEF", *digits) || !*digits ||
	    (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')))
		return false;
	errno = 0;
	value = strtoull(digits, &end, base);
	if (*end || errno || value > (unsigned long long)INT64_MAX)
		return false;
	*ret = is_negative ? -(json_int_t)value : (json_int_t)value;
	return true;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

static bool is_decimal(const char *text)
{
	size_t before, after = 0;

	text += *text == '-' || *text == '+';
	before = count_digits(text);
	text += before;
	if (*text == '.') {
		text++;
		after = count_digits(text);
		text += after;
	}
	if (before + after == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		size_t digits;

		text++;
		text += *text == '-' || *text == '+';
		digits = count_digits(text);
		if (!digits)
			return false;
		text += digits;
	}
	return *text == '\0';
}

/* NULL if the text is no number. */
static json_t *parse_number(const char *text, size_t length)
{
	auto_memory char *digits = memory_allocate(length + 1);
	json_int_t integer;
	size_t used = 0;
	double real;

	if (!*text || !strchr("+-.0123456789", *text))
		return NULL;
	for (size_t i = 0; i < length; i++)
		if (text[i] != '_')
			digits[used++] = text[i];
	if (*text != '.' && parse_integer(digits, &integer))
		return json_integer(integer);
	if (!is_decimal(digits))
		return NULL;
	real = strtod(digits, NULL);
	if (!isfinite(real))
		return NULL;
	if (real > -9e15 && real < 9e15 && (double)(json_int_t)real == real)
		return json_integer((json_int_t)real);
	return json_real(real);
}

static json_t *resolve_plain(const char *text, size_t length)
{
	json_t *number;

	if (is_null_word(text))
		return json_null();
	if (is_true_word(text))
		return json_true();
	if (is_false_word(text))
		return json_false();
	number = parse_number(text, length);
	return number ? number : json_stringn(text, length);
}

static bool tag_allows(const char *tag, const json_t *value)
{
	if (strcmp(tag, "int") == 0)
		return json_is_integer(value);
	if (strcmp(tag, "float") == 0)
		return json_is_number(value);
	if (strcmp(tag, "bool") == 0)
		return json_is_boolean(value);
	return strcmp(tag, "null") == 0 && json_is_null(value);
}

/* Tags of one's own say nothing that JSON could hold; what they are on is a string. */
static int resolve_tagged(const char *text, size_t length, const char *tag, json_t **ret,
			  struct error *err)
{
	static const char *const resolved[] = {"int", "float", "bool", "null"};
	const char *name = tag + strlen(TAG_PREFIX);
	bool is_known = strncmp(tag, TAG_PREFIX, strlen(TAG_PREFIX)) == 0;
	json_t *value;

	if (is_known && strcmp(name, "binary") == 0)
		return error_set(err, -EINVAL, "the tag !!binary is not supported");
	if (!is_known || !is_one_of(name, resolved, COUNT(resolved))) {
		*ret = json_stringn(text, length);
		return 0;
	}
	value = resolve_plain(text, length);
	if (!value || !tag_allows(name, value)) {
		json_decref(value);
		return error_set(err, -EINVAL, "\"%.40s\" is not a valid %s", text, name);
	}
	*ret = value;
	return 0;
}

int yaml_scalar_resolve(const char *text, size_t length, bool is_plain, const char *tag,
			json_t **ret, struct error *err)
{
	json_t *value = NULL;
	int r;

	if (memchr(text, '\0', length))
		return error_set(err, -EINVAL, "a string contains a NUL character");
	if (tag && strcmp(tag, "!") != 0) {
		r = resolve_tagged(text, length, tag, &value, err);
		if (r < 0)
			return r;
	} else if (is_plain && !tag) {
		if (is_beyond_json(text))
			return error_set(err, -EINVAL, "%s cannot be represented in JSON", text);
		value = resolve_plain(text, length);
	} else {
		value = json_stringn(text, length);
	}
	if (!value)
		return error_set(err, -EINVAL, "a string is not valid UTF-8");
	*ret = value;
	return 0;
}
