/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report {table|json|plot|check} <MEASUREMENTS
 *
 *   table  for people: median of each figure per scale, least and most in parentheses
 *   json   for programs
 *   plot   for gnuplot: a line per scale with the figures that scale.gnuplot shows
 *   check  the budget, row by row; fails if one is exceeded
 */
#include "figures.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Figures that are no seconds, by the end of their names. */
static const char *unit_of(const char *name)
{
	if (strstr(name, "memory"))
		return "MiB";
	if (strstr(name, "writes"))
		return "writes";
	if (strstr(name, ".cpu"))
		return "of a CPU";
	return "s";
}

/* Three digits that count, without an exponent. */
static const char *number_text(double value, char text[32])
{
	int decimals = 0;

	for (double limit = 100; decimals < 6 && value < limit; limit /= 10)
		decimals++;
	snprintf(text, 32, "%.*f", value == 0 ? 0 : decimals, value);
	return text;
}

static void print_cell(const struct figure *figure)
{
	char median[32], least[32], most[32], cell[128] = "-";

	if (figure && figure->count == 1)
		snprintf(cell, sizeof(cell), "%s", number_text(figure->values[0], median));
	else if (figure && figure->count >= 100) /* many samples: the 99th percentile says more */
		snprintf(cell, sizeof(cell), "%s (p99 %s)",
			 number_text(figure_quantile(figure, 0.5), median),
			 number_text(figure_quantile(figure, 0.99), most));
	else if (figure)
		snprintf(cell, sizeof(cell), "%s (%s - %s)",
			 number_text(figure_quantile(figure, 0.5), median),
			 number_text(figure_quantile(figure, 0), least),
			 number_text(figure_quantile(figure, 1), most));
	printf("  %-28s", cell);
}

static bool is_first_of_name(const struct figures *figures, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(figures->items[i].name, figures->items[index].name) == 0)
			return false;
	return true;
}

/* @source's planning and applying in the first start, against what the kernel takes alone */
static double ratio_to_floor(const struct figures *figures, const char *source, size_t services)
{
	const struct figure *planning, *applying, *floor;
	char name[64];

	floor = figures_find(figures, "floor.apply", services);
	snprintf(name, sizeof(name), "%s.cold.planning", source);
	planning = figures_find(figures, name, services);
	snprintf(name, sizeof(name), "%s.cold.applying", source);
	applying = figures_find(figures, name, services);
	if (!floor || !planning || !applying)
		return 0;
	return (figure_quantile(planning, 0.5) + figure_quantile(applying, 0.5)) /
	       figure_quantile(floor, 0.5);
}

static void print_table(const struct figures *figures)
{
	static const char *const sources[] = {"manifests", "api", "lists"};

	printf("%-36s %-9s", "Services:", "");
	for (size_t i = 0; i < figures->scale_count; i++)
		printf("  %-28zu", figures->scales[i]);
	putchar('\n');
	for (size_t i = 0; i < figures->count; i++) {
		const char *name = figures->items[i].name;

		if (!is_first_of_name(figures, i))
			continue;
		printf("%-36s %-9s", name, unit_of(name));
		for (size_t k = 0; k < figures->scale_count; k++)
			print_cell(figures_find(figures, name, figures->scales[k]));
		putchar('\n');
	}
	for (size_t i = 0; i < COUNT(sources); i++) {
		printf("%-9s planning, applying / floor %-7s", sources[i], "ratio");
		for (size_t k = 0; k < figures->scale_count; k++)
			printf("  %-28.2f",
			       ratio_to_floor(figures, sources[i], figures->scales[k]));
		putchar('\n');
	}
}

static void print_json(const struct figures *figures)
{
	json_t *list = json_array();

	for (size_t i = 0; i < figures->count; i++) {
		const struct figure *figure = &figures->items[i];
		json_t *item = json_object();

		json_object_set_new(item, "name", json_string(figure->name));
		json_object_set_new(item, "unit", json_string(unit_of(figure->name)));
		json_object_set_new(item, "services", json_integer((json_int_t)figure->services));
		json_object_set_new(item, "samples", json_integer((json_int_t)figure->count));
		json_object_set_new(item, "median", json_real(figure_quantile(figure, 0.5)));
		json_object_set_new(item, "least", json_real(figure_quantile(figure, 0)));
		json_object_set_new(item, "most", json_real(figure_quantile(figure, 1)));
		json_object_set_new(item, "p99", json_real(figure_quantile(figure, 0.99)));
		json_array_append_new(list, item);
	}
	json_dumpf(list, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(list);
}

static void print_plot(const struct figures *figures)
{
	static const char *const names[] = {"floor.apply",	  "manifests.cold.total",
					    "api.cold.from-list", "api.cold.applying",
					    "api.restart.total",  "api.single.endpoint-added",
					    "floor.change"};

	for (size_t i = 0; i < figures->scale_count; i++) {
		printf("%zu", figures->scales[i]);
		for (size_t k = 0; k < COUNT(names); k++) {
			const struct figure *figure =
				figures_find(figures, names[k], figures->scales[i]);

			if (figure)
				printf(" %.6f", figure_quantile(figure, 0.5));
			else
				printf(" ?");
		}
		putchar('\n');
	}
}

/* @services: 0 compares the figure at 10,000 with that at 100 */
struct budget {
	const char *what, *name;
	size_t services;
	double limit;
};

static bool check_row(const struct figures *figures, const struct budget *row)
{
	const struct figure *figure =
		figures_find(figures, row->name, row->services ? row->services : 10000);
	const struct figure *base = figures_find(figures, row->name, 100);
	double value;

	if (!figure || (!row->services && !base)) {
		printf("not measured  %s\n", row->what);
		return true;
	}
	value = figure_quantile(figure, 0.5);
	if (!row->services)
		value /= figure_quantile(base, 0.5);
	printf("%-12s  %s: %.4g of %.4g\n", value <= row->limit ? "ok" : "EXCEEDED", row->what,
	       value, row->limit);
	return value <= row->limit;
}

static bool check_ratio(const struct figures *figures, const char *source)
{
	const double limit = 1.5;
	double ratio = ratio_to_floor(figures, source, 10000);

	if (ratio == 0) {
		printf("not measured  %s: planning and applying 10,000 Services\n", source);
		return true;
	}
	printf("%-12s  %s: planning and applying 10,000 Services against the floor: %.2f of %.2f\n",
	       ratio <= limit ? "ok" : "EXCEEDED", source, ratio, limit);
	return ratio <= limit;
}

static bool check(const struct figures *figures)
{
	static const struct budget rows[] = {
		{"cold start of 1,000 Services, s", "api.cold.from-list", 1000, 0.4},
		{"cold start of 10,000 Services, s", "api.cold.from-list", 10000, 3.5},
		{"one endpoint more at 1,000 Services, s", "api.single.endpoint-added", 1000,
		 0.002},
		{"one endpoint less at 1,000 Services, s", "api.single.endpoint-removed", 1000,
		 0.002},
		{"one endpoint more, 10,000 against 100 Services", "api.single.endpoint-added", 0,
		 1.2},
		{"resident memory at 100 Services, MiB", "api.memory", 100, 8},
		{"resident memory at 1,000 Services, MiB", "api.memory", 1000, 12},
		{"resident memory at 10,000 Services, MiB", "api.memory", 10000, 40},
		{"writes of a restart at 10,000 Services", "api.restart.writes", 10000, 0},
		{"verification of 10,000 Services, s", "api.verification", 10000, 0.5},
		{"longest turn of the loop at 10,000 Services, s", "api.cold.longest-turn", 10000,
		 0.01},
	};
	bool is_kept = check_ratio(figures, "manifests");

	is_kept = check_ratio(figures, "api") && is_kept;
	for (size_t i = 0; i < COUNT(rows); i++)
		is_kept = check_row(figures, &rows[i]) && is_kept;
	return is_kept;
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	struct figures figures = {0};

	figures_read(&figures, stdin);
	if (strcmp(what, "table") == 0)
		print_table(&figures);
	else if (strcmp(what, "json") == 0)
		print_json(&figures);
	else if (strcmp(what, "plot") == 0)
		print_plot(&figures);
	else if (strcmp(what, "check") == 0)
		return check(&figures) ? 0 : 1;
	else
		return 2;
	return 0;
}
