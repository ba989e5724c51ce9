/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_skim.h"

#include "../base/memory.h"

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

/*
 * Members that nobody here reads, whatever they are part of, and those that nobody has to read if
 * they have this value, which is what their absence means.
 */
static const struct unread {
	const char *name;
	size_t length;
	const char *value; /* NULL = any */
} unread[] = {
#define ANY(name)                            \
	{                                    \
		name, sizeof(name) - 1, NULL \
	}
#define ONLY(name, value)                     \
	{                                     \
		name, sizeof(name) - 1, value \
	}
	ONLY("ready", "true"),
	ONLY("serving", "true"),
	ONLY("terminating", "false"),
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
#undef ANY
#undef ONLY
};

static const struct unread *find_unread(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT(unread); i++)
		if (unread[i].length == length && memcmp(unread[i].name, name, length) == 0)
			return &unread[i];
	return NULL;
}

static bool has_value(const struct skimmer *skimmer, size_t at, const char *value)
{
	size_t length = strlen(value);
	char next;

	if (skimmer->size - at <= length || memcmp(skimmer->text + at, value, length) != 0)
		return false;
	next = skimmer->text[at + length];
	return next == ',' || next == '}' || is_blank(next);
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
	const struct unread *member;

	skimmer->at = end;
	if (!end)
		return false;
	member = find_unread(skimmer->text + begin + 1, end - begin - 2);
	if (!member)
		return true;
	at = skip_blanks(skimmer, end);
	if (at == skimmer->size || skimmer->text[at] != ':')
		return true;
	at = skip_blanks(skimmer, at + 1);
	if (member->value && !has_value(skimmer, at, member->value))
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
