/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_text.h"

#include "lib/base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_all(int descriptor, char *buffer, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t length = read(descriptor, buffer + used, size - used);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			break;
		used += (size_t)length;
	}
	return (ssize_t)used;
}

int kube_text_read(const char *path, char **ret, struct error *err)
{
	auto_memory char *buffer = memory_allocate(KUBE_TEXT_LIMIT + 1);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (descriptor < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	length = read_all(descriptor, buffer, KUBE_TEXT_LIMIT + 1);
	close(descriptor);
	if (length < 0)
		return error_set(err, (int)length, "%s: %s", path, strerror((int)-length));
	if ((size_t)length > KUBE_TEXT_LIMIT)
		return error_set(err, -EFBIG, "%s: larger than %zu bytes", path, KUBE_TEXT_LIMIT);
	if (memchr(buffer, '\0', (size_t)length))
		return error_set(err, -EINVAL, "%s: not text (contains a NUL byte)", path);
	*ret = string_printf("%s", buffer);
	explicit_bzero(buffer, (size_t)length);
	return 0;
}

static int digit_value(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	if (digit == '+' || digit == '/')
		return digit == '+' ? 62 : 63;
	return -1;
}

int kube_text_decode_base64(const char *text, char **ret, struct error *err)
{
	char *decoded = memory_allocate(strlen(text) / 4 * 3 + 4);
	size_t length = 0, digits = 0, padding = 0;
	unsigned int bits = 0;

	for (; *text; text++) {
		int value = digit_value(*text);

		if (isspace((unsigned char)*text))
			continue;
		if (*text == '=' && padding < 2 && (digits + padding) % 4 >= 2) {
			padding++;
			continue;
		}
		if (value < 0 || padding)
			break;
		bits = bits << 6 | (unsigned int)value;
		digits++;
		if (digits % 4 != 1)
			decoded[length++] = (char)(bits >> (2 * (3 - (digits + 3) % 4)) & 0xff);
	}
	if (*text || (digits + padding) % 4 != 0 || memchr(decoded, '\0', length)) {
		kube_text_erase(decoded);
		return error_set(err, -EINVAL, "not base64");
	}
	*ret = decoded;
	return 0;
}

char *kube_text_trim(char *text)
{
	size_t length = strlen(text), start = strspn(text, " \t\r\n");

	while (length > start && isspace((unsigned char)text[length - 1]))
		length--;
	memmove(text, text + start, length - start);
	text[length - start] = '\0';
	return text;
}

void kube_text_erase(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

char *kube_text_encode_base64(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = strlen(text), used = 0;
	char *encoded = memory_allocate((length + 2) / 3 * 4 + 1);

	for (size_t i = 0; i < length; i += 3) {
		const unsigned char *from = (const unsigned char *)text + i;
		size_t rest = length - i;
		unsigned int bits = (unsigned int)from[0] << 16;

		if (rest > 1)
			bits |= (unsigned int)from[1] << 8;
		if (rest > 2)
			bits |= from[2];
		encoded[used++] = digits[bits >> 18];
		encoded[used++] = digits[bits >> 12 & 63];
		encoded[used++] = (char)(rest > 1 ? digits[bits >> 6 & 63] : '=');
		encoded[used++] = (char)(rest > 2 ? digits[bits & 63] : '=');
	}
	return encoded;
}

char *kube_text_escape(const char *text)
{
	char *escaped = memory_allocate(3 * strlen(text) + 1);
	size_t used = 0;

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (isalnum(byte) || strchr("-._~", byte))
			escaped[used++] = *text;
		else
			used += (size_t)sprintf(escaped + used, "%%%02X", byte);
	}
	return escaped;
}
