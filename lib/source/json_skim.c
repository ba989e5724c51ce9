/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_skim.h"

#include "lib/base/memory.h"

#include <stdbool.h>
#include <string.h>

/* @at: what is looked at next; @copied: up to there the text is in @ret or left out */
struct skimmer {
	const char *text;
	size_t size;
	size_t at;
	size_t copied;
	struct skimmed *ret;
};

static void copy_up_to(struct skimmer *skimmer, size_t end)
{
	struct skimmed *ret = skimmer->ret;
	size_t count = end - skimmer->copied;

	if (ret->length + count > ret->capacity) {
		ret->capacity = 2 * (ret->length + count);
		ret->text = memory_resize(ret->text, ret->capacity, 1);
	}
	memcpy(ret->text + ret->length, skimmer->text + skimmer->copied, count);
	ret->length += count;
	skimmer->copied = end;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static size_t skip_blanks(const struct skimmer *skimmer, size_t at)
{
	while (at < skimmer->size && is_blank(skimmer->text[at]))
		at++;
	return at;
}

/* @at: of the opening quote; Return: behind the closing one, or 0 */
static size_t skip_string(const struct skimmer *skimmer, size_t at)
{
	const char *text = skimmer->text;

	for (at++; at < skimmer->size; at++) {
		const char *quote = memchr(text + at, '"', skimmer->size - at);
		size_t backslashes = 0;

		if (!quote)
			return 0;
		at = (size_t)(quote - text);
		while (text[at - 1 - backslashes] == '\\')
			backslashes++;
		if (backslashes % 2 == 0)
			return at + 1;
	}
	return 0;
}

/* Return: behind the value at @at, or 0 */
static size_t skip_value(const struct skimmer *skimmer, size_t at)
{
	size_t depth = 0;

	while (at < skimmer->size) {
		char c = skimmer->text[at];

		if (c == '"') {
			at = skip_string(skimmer, at);
			if (!at || !depth)
				return at;
			continue;
		}
		if ((c == ',' || c == '}' || c == ']' || is_blank(c)) && !depth)
			return at;
		at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return at;
	}
	return 0;
}

struct member {
	const char *name;
	size_t length;
	const char *value; /* NULL = any */
};

/* clang-format off */
#define ANY(name)         {name, sizeof(name) - 1, NULL}
#define ONLY(name, value) {name, sizeof(name) - 1, value}
/* clang-format on */

/* Members that nobody here reads, whatever they are part of. */
static const struct member unread[] = {
	ANY("zone"),
	ANY("images"),
	ANY("capacity"),
	ANY("hostname"),
	ANY("nodeInfo"),
	ANY("selector"),
	ANY("targetRef"),
	ANY("finalizers"),
	ANY("generation"),
	ANY("ipFamilies"),
	ANY("targetPort"),
	ANY("allocatable"),
	ANY("generateName"),
	ANY("managedFields"),
	ANY("ipFamilyPolicy"),
	ANY("ownerReferences"),
	ANY("allocateLoadBalancerNodePorts"),
	ANY("kubectl.kubernetes.io/last-applied-configuration"),
};

/* What the absence of each means as well, and therefore that of all. */
static const struct member conditions[] = {
	ONLY("ready", "true"),
	ONLY("serving", "true"),
	ONLY("terminating", "false"),
};

static const struct member *find_member(const struct member *members, size_t count,
					const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (members[i].length == length && memcmp(members[i].name, name, length) == 0)
			return &members[i];
	return NULL;
}

/* Return: behind the colon, and blanks, that follow the name that ends at @at; 0 if none does */
static size_t skip_colon(const struct skimmer *skimmer, size_t at)
{
	at = skip_blanks(skimmer, at);
	if (at == skimmer->size || skimmer->text[at] != ':')
		return 0;
	return skip_blanks(skimmer, at + 1);
}

/* Return: behind the condition at @at, and blanks; 0 if it is none that can be left out */
static size_t skip_condition(const struct skimmer *skimmer, size_t at)
{
	size_t end = skimmer->text[at] == '"' ? skip_string(skimmer, at) : 0, length;
	const struct member *member;

	member = end ? find_member(conditions, COUNT(conditions), skimmer->text + at + 1,
				   end - at - 2)
		     : NULL;
	at = member ? skip_colon(skimmer, end) : 0;
	if (!at)
		return 0;
	length = strlen(member->value);
	if (skimmer->size - at <= length || memcmp(skimmer->text + at, member->value, length) != 0)
		return 0;
	return skip_blanks(skimmer, at + length);
}

/* Return: whether the value at @at is an object of such conditions only, or of none */
static bool has_no_news(const struct skimmer *skimmer, size_t at)
{
	const char *text = skimmer->text;

	if (at == skimmer->size || text[at] != '{')
		return false;
	at = skip_blanks(skimmer, at + 1);
	while (at && at < skimmer->size && text[at] != '}') {
		at = skip_condition(skimmer, at);
		if (!at || at == skimmer->size || (text[at] != ',' && text[at] != '}'))
			return false;
		if (text[at] == ',')
			at = skip_blanks(skimmer, at + 1);
	}
	return at && at < skimmer->size;
}

/* @end: of the name at @begin; Return: whether the member of this name can be left out */
static bool is_unread(const struct skimmer *skimmer, size_t begin, size_t end, size_t value)
{
	static const char may_be_unread[] = "conditions";
	const char *name = skimmer->text + begin + 1;
	size_t length = end - begin - 2;

	if (find_member(unread, COUNT(unread), name, length))
		return true;
	return length == sizeof(may_be_unread) - 1 && memcmp(name, may_be_unread, length) == 0 &&
	       has_no_news(skimmer, value);
}

/* Takes back the comma before a member that was the last of its object. */
static void drop_comma(struct skimmed *ret)
{
	size_t length = ret->length;

	while (length && is_blank(ret->text[length - 1]))
		length--;
	if (length && ret->text[length - 1] == ',')
		ret->length = length - 1;
}

/*
 * Goes over a string, and over the member that it is the name of if nobody reads that.
 * Return: false if the text ends too early
 */
static bool pass_string(struct skimmer *skimmer)
{
	size_t begin = skimmer->at, end = skip_string(skimmer, begin), at;

	skimmer->at = end;
	if (!end)
		return false;
	at = skip_colon(skimmer, end);
	if (!at || !is_unread(skimmer, begin, end, at))
		return true;
	at = skip_value(skimmer, at);
	if (!at)
		return false;
	copy_up_to(skimmer, begin);
	at = skip_blanks(skimmer, at);
	if (at < skimmer->size && skimmer->text[at] == ',')
		at++;
	else
		drop_comma(skimmer->ret);
	skimmer->at = skimmer->copied = at;
	return true;
}

size_t json_skim(const char *text, size_t size, struct skimmed *ret)
{
	struct skimmer skimmer = {.text = text, .size = size, .ret = ret};
	size_t depth = 0;

	ret->length = 0;
	skimmer.at = skip_blanks(&skimmer, 0);
	if (skimmer.at == size || (text[skimmer.at] != '{' && text[skimmer.at] != '['))
		return 0;
	while (skimmer.at < size) {
		char c = text[skimmer.at];

		if (c == '"') {
			if (!pass_string(&skimmer))
				return 0;
			continue;
		}
		skimmer.at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0) {
			copy_up_to(&skimmer, skimmer.at);
			return skimmer.at;
		}
	}
	return 0;
}
