/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mark_clash.h"

#include "lib/base/memory.h"
#include "saved_rules.h"

#include <string.h>

/* Longer rules are cut in what is said of them. */
#define RULE_LENGTH 160

/* "0x4000/0xc000", "0x4000"; Return: whether @text is one */
static bool parse_mark(const char *text, uint32_t *ret_value, uint32_t *ret_mask)
{
	char *end;

	*ret_value = (uint32_t)strtoul(text, &end, 0);
	*ret_mask = UINT32_MAX;
	if (end == text)
		return false;
	if (*end == '/')
		*ret_mask = (uint32_t)strtoul(end + 1, NULL, 0);
	return true;
}

/* The value of an option of @rule; NULL if it does not have it. */
static const char *option_value(const char *rule, const char *option)
{
	const char *at = strstr(rule, option);

	return at ? at + strlen(option) : NULL;
}

/* The bits that a rule writes to packets; 0 for most. */
static uint32_t object_text_bits(const char *rule)
{
	const char *text = option_value(rule, " -j MARK --set-xmark ");
	uint32_t value, mask;

	if (text && parse_mark(text, &value, &mask))
		return value | mask;
	if (!strstr(rule, " -j CONNMARK --restore-mark"))
		return 0;
	text = option_value(rule, " --nfmask ");
	if (!text || !parse_mark(text, &value, &mask))
		return UINT32_MAX;
	return value;
}

/* Whether a rule asks for marks as ours are among others. */
static bool could_match(const char *rule, const struct mark_range *range)
{
	const char *text = option_value(rule, " -m mark --mark ");
	uint32_t value, mask;

	if (!text || !parse_mark(text, &value, &mask) || !(mask & (range->base | range->mask)))
		return false;
	/* Bits in our mask may be anything, and so may the valid bit; of the others all are known. */
	return ((range->base ^ value) & mask & ~(range->mask | mark_range_valid_bit(range))) == 0;
}

static bool is_clash(const char *rule, const struct mark_range *range)
{
	return object_text_bits(rule) & (range->base | range->mask) || could_match(rule, range);
}

char *mark_clash_find(const char *saved, const struct mark_range *range)
{
	const char *end;
	char table[32] = "";

	for (const char *line = saved; *line; line = *end ? end + 1 : end) {
		auto_memory char *copy = NULL;
		char *chain, *rule;

		end = line + strcspn(line, "\n");
		if (*line == '*') {
			size_t length = (size_t)(end - line) - 1;

			if (length < sizeof(table)) {
				memcpy(table, line + 1, length);
				table[length] = '\0';
			}
			continue;
		}
		if (strncmp(line, "-A ", strlen("-A ")) != 0)
			continue;
		copy = string_printf("%.*s", (int)(end - line), line);
		chain = copy + strlen("-A ");
		rule = strchr(chain, ' ');
		/* Rules of ours are in chains with such names, or lead there. */
		if (!rule || saved_rules_is_kube_name(chain) || strstr(rule, " -j KUBE-") ||
		    !is_clash(rule, range))
			continue;
		*rule = '\0';
		return string_printf("chain %s of table %s: %.*s", chain, table, RULE_LENGTH,
				     rule + 1);
	}
	return NULL;
}
