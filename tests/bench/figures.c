/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "figures.h"

#include <stdlib.h>
#include <string.h>

static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity ? 2 * *capacity : 16;
	items = realloc(items, *capacity * size);
	if (!items)
		abort();
	return items;
}

const struct figure *figures_find(const struct figures *figures, const char *name, size_t services)
{
	for (size_t i = 0; i < figures->count; i++)
		if (figures->items[i].services == services &&
		    strcmp(figures->items[i].name, name) == 0)
			return &figures->items[i];
	return NULL;
}

static struct figure *get(struct figures *figures, const char *name, size_t services)
{
	struct figure *figure = (struct figure *)figures_find(figures, name, services);

	if (figure)
		return figure;
	figures->items =
		grow(figures->items, figures->count, &figures->capacity, sizeof(*figures->items));
	figure = &figures->items[figures->count++];
	memset(figure, 0, sizeof(*figure));
	snprintf(figure->name, sizeof(figure->name), "%s", name);
	figure->services = services;
	return figure;
}

static void note_scale(struct figures *figures, size_t services)
{
	size_t i = 0;

	while (i < figures->scale_count && figures->scales[i] < services)
		i++;
	if ((i < figures->scale_count && figures->scales[i] == services) ||
	    figures->scale_count == sizeof(figures->scales) / sizeof(figures->scales[0]))
		return;
	memmove(&figures->scales[i + 1], &figures->scales[i],
		(figures->scale_count - i) * sizeof(figures->scales[0]));
	figures->scales[i] = services;
	figures->scale_count++;
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

void figures_read(struct figures *figures, FILE *stream)
{
	char line[256], name[64];
	size_t services;
	double value;

	while (fgets(line, sizeof(line), stream)) {
		struct figure *figure;

		if (sscanf(line, "%63s %zu %lf", name, &services, &value) != 3) {
			fprintf(stderr, "report: not a measurement: %s", line);
			exit(1);
		}
		/* The number there is of endpoints. */
		if (!strstr(name, "rolling-"))
			note_scale(figures, services);
		figure = get(figures, name, services);
		figure->values = grow(figure->values, figure->count, &figure->capacity,
				      sizeof(*figure->values));
		figure->values[figure->count++] = value;
	}
	for (size_t i = 0; i < figures->count; i++)
		qsort(figures->items[i].values, figures->items[i].count, sizeof(double), compare);
}

double figure_quantile(const struct figure *figure, double share)
{
	double place = share * (double)(figure->count - 1);
	size_t below = (size_t)place;

	if (below + 1 == figure->count)
		return figure->values[below];
	return figure->values[below] +
	       (place - (double)below) * (figure->values[below + 1] - figure->values[below]);
}
