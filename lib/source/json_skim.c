/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_skim.h"

#include "json_scan.h"
#include "lib/base/memory.h"

#include <string.h>

/* @at: what is looked at next; @copied: up to there the text is in @ret or left out */
struct skimmer {
	enum json_skim_extent extent;
	const char *at;
	const char *copied;
	const char *end;
	struct skimmed *ret;
};

/*
 * What is read of objects, lists, events and Statuses, whatever it is part of; sorted. A name that
 * is missing here is missing from every object that comes as JSON: the tests of the decoders decode
 * what json_skim() leaves, so that they notice.
 */
static const char *const read_names[] = {
	"address",
	"addressType",
	"addresses",
	"annotations",
	"apiVersion",
	"causes",
	"clientIP",
	"clusterIP",
	"clusterIPs",
	"code",
	"conditions",
	"continue",
	"control-plane.alpha.kubernetes.io/leader",
	"creationTimestamp",
	"deletionTimestamp",
	"details",
	"endpoints",
	"endpoints.kubernetes.io/last-change-trigger-time",
	"endpointslice.kubernetes.io/skip-mirror",
	"externalIPs",
	"externalTrafficPolicy",
	"forNodes",
	"forZones",
	"healthCheckNodePort",
	"hints",
	"ingress",
	"internalTrafficPolicy",
	"ip",
	"ipMode",
	"ipvsagent/do-not-bind",
	"ipvsagent/do-not-program",
	"ipvsagent/scheduler",
	"items",
	"k8s.io/initial-events-end",
	"key",
	"kind",
	"kube-router.io/service.scheduler",
	"kubernetes.io/service-name",
	"labels",
	"loadBalancer",
	"loadBalancerSourceRanges",
	"message",
	"metadata",
	"name",
	"namespace",
	"nodeName",
	"nodePort",
	"notReadyAddresses",
	"object",
	"podCIDR",
	"podCIDRs",
	"port",
	"ports",
	"protocol",
	"ready",
	"reason",
	"resourceVersion",
	"retryAfterSeconds",
	"service.kubernetes.io/headless",
	"service.kubernetes.io/service-proxy-name",
	"serving",
	"sessionAffinity",
	"sessionAffinityConfig",
	"spec",
	"status",
	"subsets",
	"taints",
	"terminating",
	"timeoutSeconds",
	"topology.kubernetes.io/zone",
	"type",
	"uid",
};

static const char *const identity_names[] = {
	"apiVersion", "items",		 "kind", "metadata", "name", "namespace",
	"object",     "resourceVersion", "type", "uid",
};

/* What the absence of each means as well, and therefore that of all. */
static const struct condition {
	const char *name;
	const char *value;
} conditions[] = {
	{"ready", "true"},
	{"serving", "true"},
	{"terminating", "false"},
};

static bool is_among(const char *const *names, size_t count, const char *text, size_t length)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2, name_length = strlen(names[middle]);
		int order =
			memcmp(names[middle], text, length < name_length ? length : name_length);

		if (order == 0 && name_length == length)
			return true;
		if (order < 0 || (order == 0 && name_length < length))
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void copy_up_to(struct skimmer *skimmer, const char *end)
{
	struct skimmed *ret = skimmer->ret;
	size_t count = (size_t)(end - skimmer->copied);

	if (ret->length + count > ret->capacity) {
		ret->capacity = 2 * (ret->length + count);
		ret->text = memory_resize(ret->text, ret->capacity, 1);
	}
	memcpy(ret->text + ret->length, skimmer->copied, count);
	ret->length += count;
	skimmer->copied = end;
}

/* Return: behind the colon, and blanks, that follow the name that ends at @at; NULL if none does */
static const char *skip_colon(const char *at, const char *end)
{
	at = json_scan_blanks(at, end);
	return at < end && *at == ':' ? json_scan_blanks(at + 1, end) : NULL;
}

/* Return: behind the condition at @at, and blanks; NULL if it is none that can be left out */
static const char *skip_condition(const char *at, const char *end)
{
	const char *name_end = *at == '"' ? json_scan_text(at, end) : NULL;

	for (size_t i = 0; name_end && i < COUNT(conditions); i++) {
		const char *name = conditions[i].name, *value = conditions[i].value;
		size_t length = strlen(value);
		const char *begin;

		if ((size_t)(name_end - at) != strlen(name) + 2 ||
		    memcmp(at + 1, name, strlen(name)) != 0)
			continue;
		begin = skip_colon(name_end, end);
		if (!begin || (size_t)(end - begin) <= length || memcmp(begin, value, length) != 0)
			return NULL;
		return json_scan_blanks(begin + length, end);
	}
	return NULL;
}

/* Return: whether the value at @at is an object of such conditions only, or of none */
static bool has_no_news(const char *at, const char *end)
{
	if (at == end || *at != '{')
		return false;
	at = json_scan_blanks(at + 1, end);
	while (at && at < end && *at != '}') {
		at = skip_condition(at, end);
		if (!at || at == end || (*at != ',' && *at != '}'))
			return false;
		if (*at == ',')
			at = json_scan_blanks(at + 1, end);
	}
	return at && at < end;
}

/* @begin, @end: of the name, quotes included; Return: whether its member can be left out */
static bool is_unread(const struct skimmer *skimmer, const char *begin, const char *end,
		      const char *value)
{
	static const char may_be_unread[] = "conditions";
	const char *name = begin + 1;
	size_t length = (size_t)(end - begin) - 2;

	/* Whoever escapes a letter of a name is no API server, but may mean one that is read. */
	if (memchr(name, '\\', length))
		return false;
	if (skimmer->extent == JSON_SKIM_IDENTITY)
		return !is_among(identity_names, COUNT(identity_names), name, length);
	if (!is_among(read_names, COUNT(read_names), name, length))
		return true;
	return length == strlen(may_be_unread) && memcmp(name, may_be_unread, length) == 0 &&
	       has_no_news(value, skimmer->end);
}

/* Takes back the comma before a member that was the last of its object. */
static void drop_comma(struct skimmed *ret)
{
	size_t length = ret->length;

	while (length && json_scan_is_blank(ret->text[length - 1]))
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
	const char *begin = skimmer->at, *end = json_scan_text(begin, skimmer->end), *at;

	skimmer->at = end;
	if (!end)
		return false;
	at = skip_colon(end, skimmer->end);
	if (!at || !is_unread(skimmer, begin, end, at))
		return true;
	at = json_scan_value(at, skimmer->end);
	if (!at)
		return false;
	copy_up_to(skimmer, begin);
	at = json_scan_blanks(at, skimmer->end);
	if (at < skimmer->end && *at == ',')
		at++;
	else
		drop_comma(skimmer->ret);
	skimmer->at = skimmer->copied = at;
	return true;
}

size_t json_skim(const char *text, size_t size, enum json_skim_extent extent, struct skimmed *ret)
{
	struct skimmer skimmer = {
		.extent = extent,
		.at = json_scan_blanks(text, text + size),
		.copied = text,
		.end = text + size,
		.ret = ret,
	};
	size_t depth = 0;

	ret->length = 0;
	if (skimmer.at == skimmer.end || (*skimmer.at != '{' && *skimmer.at != '['))
		return 0;
	while (skimmer.at < skimmer.end) {
		char c = *skimmer.at;

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
			return (size_t)(skimmer.at - text);
		}
	}
	return 0;
}
