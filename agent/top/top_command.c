/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top_command.h"

#include "agent/status/status_client.h"
#include "agent/status/status_document.h"
#include "lib/base/clock.h"
#include "top_screen.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXIT_ENVIRONMENT 3

/* So old the names of Services may be: to ask for them costs the agent more than a sample costs us. */
#define NAMES_SECONDS 15

/* One invocation. */
struct top {
	const struct options *options;
	struct traffic_rates *rates;
	struct ipvs *ipvs;
	struct top_screen *screen; /* NULL: lines */
	FILE *output;
	enum top_order order;
	double named; /* when Services were asked for; 0 = not yet */
	bool has_names;
};

static void on_server(void *owner, const char *service, const struct virtual_server_key *server)
{
	traffic_rates_name(owner, server, service);
}

/* An agent that does not answer leaves the names as they are. */
static void ask_for_names(struct top *top)
{
	struct error err = {0};
	json_t *document;
	double now = clock_now();

	if (top->named > 0 && now - top->named < NAMES_SECONDS)
		return;
	top->named = now;
	if (status_client_ask(top->options->socket_path, "status", "", &document, &err) < 0)
		return;
	traffic_rates_forget_names(top->rates);
	status_document_each(document, on_server, top->rates);
	json_decref(document);
	top->has_names = true;
}

static int on_traffic(void *owner, const struct virtual_server_key *server,
		      const struct ipvs_traffic *traffic)
{
	traffic_rates_add(owner, server, traffic);
	return 0;
}

static int take_sample(struct top *top, struct error *err)
{
	static const struct ipvs_visitor visitor = {.traffic = on_traffic};

	ask_for_names(top);
	traffic_rates_begin(top->rates, clock_now());
	return ipvs_observe(top->ipvs, &visitor, top->rates, err);
}

static void show(struct top *top)
{
	struct top_view view = {
		.note = top->has_names ? ""
				       : "the agent is not running: addresses instead of names"};
	struct traffic_rate *rows =
		traffic_rates_sorted(top->rates, top->order, &view.count, &view.seconds);

	view.rows = rows;
	if (top->screen)
		top_screen_draw(top->screen, &view, top->order);
	else if (strcmp(top->options->output, "json") == 0)
		top_print_json(&view, top->output);
	else
		top_print_text(&view, top->output);
	free(rows);
}

static void sleep_for(double seconds)
{
	time_t whole = (time_t)seconds;
	struct timespec rest = {.tv_sec = whole,
				.tv_nsec = (long)((seconds - (double)whole) * 1e9)};

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

/* Keys take effect at once; the next sample comes when it is due. Return: false: leave */
static bool wait_for_next(struct top *top)
{
	double end = clock_now() + top->options->interval;

	if (!top->screen) {
		sleep_for(top->options->interval);
		return true;
	}
	while (clock_now() < end) {
		enum top_order before = top->order;

		if (!top_screen_wait(top->screen, end - clock_now(), &top->order))
			return false;
		if (top->order != before)
			show(top);
	}
	return true;
}

/* What was buffered may fail to be written only now: a full disk, a reader that went away. */
static int finish_output(struct top *top, struct error *err)
{
	if (top->screen || (fflush(top->output) == 0 && !ferror(top->output)))
		return 0;
	return error_set(err, -EIO, "writing the output: %s", strerror(errno));
}

static int run(struct top *top, struct error *err)
{
	const struct options *options = top->options;
	int r = take_sample(top, err);

	while (r >= 0 && wait_for_next(top)) {
		r = take_sample(top, err);
		if (r < 0)
			break;
		show(top);
		r = finish_output(top, err);
		if (options->once)
			break;
		if (!top->screen && !*options->output)
			fputc('\n', top->output);
	}
	return r;
}

/* On a terminal that can be drawn on, unless once, or for programs. */
static bool wants_screen(const struct options *options)
{
	const char *terminal = getenv("TERM");

	return !options->once && !*options->output && isatty(STDOUT_FILENO) &&
	       isatty(STDIN_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

static int fail(const struct error *err)
{
	fprintf(stderr, "ipvsagent top: %s\n", err->text);
	return err->code == -EPERM || err->code == -ENOENT ? EXIT_ENVIRONMENT : EXIT_FAILURE;
}

int top_command(const struct options *options, FILE *output)
{
	auto_free(traffic_rates) struct traffic_rates *rates = traffic_rates_new();
	struct top top = {
		.options = options, .rates = rates, .output = output, .order = options->top_order};
	struct error err = {0};
	int r = ipvs_open(&top.ipvs, &err);

	if (r < 0)
		return fail(&err);
	if (wants_screen(options))
		top.screen = top_screen_new();
	r = run(&top, &err);
	top_screen_free(top.screen);
	ipvs_close(top.ipvs);
	return r < 0 ? fail(&err) : 0;
}
