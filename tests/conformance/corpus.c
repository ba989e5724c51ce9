/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "corpus.h"

#include "departures.h"
#include "in_cluster.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int compare_names(const void *a, const void *b)
{
	char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

struct corpus *corpus_new(const char *directory)
{
	DIR *stream = opendir(directory);
	const struct dirent *entry;
	struct corpus *corpus;

	if (!stream)
		return NULL;
	corpus = memory_allocate(sizeof(*corpus));
	corpus->directory = string_dup(directory);
	corpus->has_in_cluster = true;
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		corpus->names = memory_grow(corpus->names, corpus->count, &corpus->capacity,
					    sizeof(*corpus->names));
		corpus->names[corpus->count++] = string_dup(entry->d_name);
	}
	closedir(stream);
	if (corpus->count)
		qsort(corpus->names, corpus->count, sizeof(*corpus->names), compare_names);
	return corpus;
}

void corpus_free(struct corpus *corpus)
{
	if (!corpus)
		return;
	for (size_t i = 0; i < corpus->count; i++)
		free(corpus->names[i]);
	free(corpus->names);
	free(corpus->directory);
	free(corpus);
}

bool corpus_has_step(const struct corpus *corpus, const char *name, unsigned int step)
{
	auto_memory char *path = string_printf("%s/%s/step-%u", corpus->directory, name, step);
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

char *corpus_read(const struct corpus *corpus, const char *name, unsigned int step,
		  const char *file)
{
	auto_memory char *folder =
		step ? string_printf("%s/step-%u", name, step) : string_dup(name);
	auto_memory char *path = string_printf("%s/%s/%s", corpus->directory, folder, file);
	FILE *stream = fopen(path, "r");
	size_t size = 0, capacity = 0;
	char *content = NULL;

	if (!stream)
		return NULL;
	do {
		capacity = capacity * 2 + 4096;
		content = memory_resize(content, capacity, 1);
		size += fread(content + size, 1, capacity - size - 1, stream);
	} while (size == capacity - 1);
	fclose(stream);
	content[size] = '\0';
	if (corpus->has_in_cluster && strcmp(file, "expect/ipvs.txt") == 0)
		content = in_cluster_apply(name, step, content);
	return departures_apply(name, step, file, content);
}
