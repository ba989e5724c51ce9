/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "html.h"

#include "lib/base/memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(struct html *html, const char *bytes, size_t size)
{
	if (html->used + size + 1 > html->capacity) {
		html->capacity = 2 * (html->used + size + 1);
		html->text = memory_resize(html->text, html->capacity, 1);
	}
	memcpy(html->text + html->used, bytes, size);
	html->used += size;
	html->text[html->used] = '\0';
}

void html_markup(struct html *html, const char *markup)
{
	append(html, markup, strlen(markup));
}

static const char *escape_of(unsigned char byte)
{
	switch (byte) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
	case '\t':
		return " ";
	}
	return byte < ' ' || byte == 0x7f ? "?" : NULL;
}

void html_text(struct html *html, const char *text)
{
	while (*text) {
		const char *escape = escape_of((unsigned char)*text);
		size_t plain = 0;

		if (escape) {
			html_markup(html, escape);
			text++;
			continue;
		}
		while (text[plain] && !escape_of((unsigned char)text[plain]))
			plain++;
		append(html, text, plain);
		text += plain;
	}
}

void html_format(struct html *html, const char *format, ...)
{
	char *text;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		memory_exhausted();
	va_end(arguments);
	html_text(html, text);
	free(text);
}

void html_element(struct html *html, const char *name, const char *text)
{
	html_markup(html, "<");
	html_markup(html, name);
	html_markup(html, ">");
	html_text(html, text);
	html_markup(html, "</");
	append(html, name, strcspn(name, " "));
	html_markup(html, ">");
}

/* What RFC 3986 calls unreserved, and the separator of paths. */
void html_path(struct html *html, const char *part)
{
	for (; *part; part++) {
		char escape[4];

		if (isalnum((unsigned char)*part) || strchr("-._~/", *part)) {
			append(html, part, 1);
			continue;
		}
		snprintf(escape, sizeof(escape), "%%%02X", (unsigned int)(unsigned char)*part);
		html_markup(html, escape);
	}
}
