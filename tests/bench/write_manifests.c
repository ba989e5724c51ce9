/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * write_manifests SERVICES ENDPOINTS SINGLE DIRECTORY: writes manifests of that many Services with that
 * many endpoints each. The first SINGLE Services get a file each, NUMBER.json, which can be
 * exchanged; the others share files of 1,000.
 */
#include "objects.h"

#include <stdlib.h>

#define SERVICES_PER_FILE 1000

static FILE *create(const char *directory, const char *name, size_t number)
{
	char path[4096];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s%zu.json", directory, name, number);
	stream = fopen(path, "w");
	if (!stream) {
		perror(path);
		exit(1);
	}
	return stream;
}

static void finish(FILE *stream)
{
	if (fclose(stream)) {
		perror("writing manifests");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	size_t services, endpoints, single;

	if (argc != 5) {
		fputs("generate SERVICES ENDPOINTS SINGLE DIRECTORY\n", stderr);
		return 2;
	}
	services = strtoul(argv[1], NULL, 10);
	endpoints = strtoul(argv[2], NULL, 10);
	single = strtoul(argv[3], NULL, 10);

	for (size_t i = 0; i < services;) {
		size_t end = i < single ? i + 1 : i + SERVICES_PER_FILE;
		FILE *stream = create(argv[4], i < single ? "" : "rest-", i);

		for (; i < services && i < end; i++) {
			objects_write_service(stream, i);
			putc('\n', stream);
			objects_write_slice(stream, i, i * endpoints, (i + 1) * endpoints - 1,
					    endpoints, endpoints);
			putc('\n', stream);
		}
		finish(stream);
	}
	return 0;
}
