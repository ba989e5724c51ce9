/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relist and watch
 *
 * A reflector knows two things: the objects of one kind, and the resourceVersion up to which it has
 * seen all that happened to them. It lists everything once, and then watches from that version on.
 * Both can fail in many ways, and the server, what is between, and the objects themselves may be
 * wrong. Rules keep that from ever being the end of it.
 *
 * The place moves forward. A watch that ends goes on where it was. A list after trouble is "not
 * older than" what is known, and one that is older all the same is not believed; so nothing that
 * was seen is seen again, an event that did harm does none twice, and the state never goes back.
 * Where the server does not know the version any more (410 Expired, or it was restored from a
 * backup), or three lists in a row have failed, the next one takes what the storage has, whatever
 * its version: that cannot fail for a reason that is ours.
 *
 * What cannot be read is skipped, not retried. An object that cannot be decoded is rejected by its
 * name, and what was known of it stays in force; the watch goes on. If not even its name can be
 * read, something was missed, and nobody knows of which object: a list comes ten seconds later, and
 * then at growing intervals while that lasts; and as long as lists have such objects, too, nothing
 * is removed for want of being in them. No event makes the place or the watch depend on its going
 * away.
 *
 * What is evidence enough to remove anything is told in kube_place.c, the pace in kube_pause.c.
 */
#include "kube_reflector.h"

#include "kube_bookmark.h"
#include "kube_pause.h"
#include "kube_place.h"
#include "kube_query.h"
#include "kube_random.h"
#include "kube_reader.h"
#include "kube_trouble.h"
#include "lib/base/clock.h"
#include "lib/base/timer.h"

#include <errno.h>
#include <string.h>

#define LIST_IDLE_SECONDS   30.0
#define LIST_SECONDS_MAX    300.0 /* an API server gives up after 60 */
#define LIST_BYTES_MIN	    1000  /* a second, over half a minute */
#define WATCH_GRACE_SECONDS 15	  /* for the server to end a watch by itself */
#define WATCH_SHORT_SECONDS 1.0	  /* a watch that ends so soon is a failure */
#define WATCH_FAILURES	    3	  /* then a new list is worth a try */
#define STREAM_FAILURES	    2	  /* then an ordinary list is */
#define ASKED_FAILURES	    3	  /* then a list that was asked for is given up */
#define RESYNC_SECONDS_MIN  10.0
#define RESYNC_SECONDS_MAX  300.0

/**
 * enum activity - what goes on
 *   PAUSED    the timer @start runs; > AWAITING, or what the goal needs
 *   AWAITING  a plugin makes credentials; > PAUSED when it has
 *   STREAM    a watch that begins with everything that exists; > WATCH at the bookmark that ends
 *             that
 *   LIST      a list, or the next page of it
 *   WATCH     a watch of the changes from @version on
 *
 * The last three are requests, and become PAUSED when these end.
 */
enum activity {
	ACTIVITY_PAUSED,
	ACTIVITY_AWAITING,
	ACTIVITY_STREAM,
	ACTIVITY_LIST,
	ACTIVITY_WATCH,
};

/*
 * @listing: STREAM, or LIST if the server knows no streaming lists. @failures: in a row, of whatever
 * kind, without a watch that worked in between.
 */
struct kube_reflector {
	struct ev_loop *loop;
	struct kube_reflector_options options;
	char *path;
	char *selector;
	struct kube_place place;
	struct kube_request *request;
	struct kube_reader *reader; /* of a response that has begun */
	struct timer start;
	struct timer resync;
	double resync_seconds;
	enum activity activity;
	enum activity listing;
	enum kube_encoding encoding; /* what is asked for */
	bool is_listed;
	bool is_in_trouble;
	bool has_retried_credentials;
	bool needs_fresh_connection;
	/* of the current request */
	int duration; /* of the watch, in seconds */
	bool has_event;
	bool has_changed;
	bool is_page;			 /* for people */
	struct kube_status event_status; /* of an ERROR event */
	double started;
	unsigned int stream_failures;
	unsigned int failures;
};

static void start_timer(struct kube_reflector *reflector, struct timer *timer, double seconds)
{
	ev_now_update(reflector->loop);
	timer_start(timer, seconds);
}

static void start_in(struct kube_reflector *reflector, double seconds)
{
	start_timer(reflector, &reflector->start, seconds);
}

static void settle_trouble(struct kube_reflector *reflector)
{
	if (!reflector->is_in_trouble)
		return;
	reflector->is_in_trouble = false;
	reflector->options.on_fine(reflector->options.owner, reflector);
}

static void tell_changes(struct kube_reflector *reflector)
{
	if (!reflector->has_changed)
		return;
	reflector->has_changed = false;
	reflector->options.on_changed(reflector->options.owner);
}

/* Something was missed, and a listing may say what. */
static void schedule_resync(struct kube_reflector *reflector)
{
	double delay = reflector->resync_seconds;

	if (timer_is_running(&reflector->resync))
		return;
	start_timer(reflector, &reflector->resync, delay);
	reflector->resync_seconds = delay * 2 < RESYNC_SECONDS_MAX ? delay * 2 : RESYNC_SECONDS_MAX;
}

/*
 * Everything that exists was seen: what was not seen does not.
 * Return: 0, or -EAGAIN if that has to be heard once more
 */
static int finish_listing(struct kube_reflector *reflector, const char *version, struct error *err)
{
	int r = kube_place_finish(&reflector->place, version, err);

	if (r < 0)
		return r;
	if (kube_objects_has_skipped(reflector->place.objects))
		schedule_resync(reflector);
	reflector->is_listed = true;
	reflector->has_changed = true;
	reflector->has_retried_credentials = false;
	reflector->needs_fresh_connection = false;
	settle_trouble(reflector);
	tell_changes(reflector);
	return 0;
}

static int handle_bookmark(struct kube_reflector *reflector, struct object_value object,
			   struct error *err)
{
	int r;

	if (reflector->activity != ACTIVITY_STREAM || !kube_bookmark_ends_initial_events(object))
		return 0;
	r = finish_listing(reflector, kube_bookmark_version(object), err);
	if (r < 0)
		return r;
	reflector->activity = ACTIVITY_WATCH;
	kube_request_allow_idle(reflector->request);
	return 0;
}

/* Something of which nobody can say what it was: the watch goes on without it. */
static void skip(struct kube_reflector *reflector, const char *reason)
{
	kube_objects_skip(reflector->place.objects, reason);
	if (reflector->activity == ACTIVITY_WATCH)
		schedule_resync(reflector);
}

/* Return: false if there is no event of this type */
static bool set_or_remove(struct kube_reflector *reflector, const char *type,
			  struct object_value object, const char *problem)
{
	bool is_clear;

	if (!kube_objects_take_event(reflector->place.objects, type, object, problem, &is_clear))
		return false;
	if (!is_clear && reflector->activity == ACTIVITY_WATCH)
		schedule_resync(reflector);
	reflector->has_changed = true;
	return true;
}

/* Return: 0, or a negative errno if the request has to end */
static int handle_event(struct kube_reflector *reflector, const char *type,
			struct object_value object, const char *problem, struct error *err)
{
	int r = 0;

	if (strcmp(type, "ERROR") == 0) {
		kube_status_read(object, &reflector->event_status);
		return error_set(err, -ECANCELED, "%s", reflector->event_status.message);
	}
	reflector->has_event = true;
	if (strcmp(type, "BOOKMARK") == 0)
		r = handle_bookmark(reflector, object, err);
	else if (!set_or_remove(reflector, type, object, problem))
		skip(reflector, "the server sent an event of an unknown type");
	if (r < 0)
		return r;
	/* During a streaming list the version says how far the stream is, not how much was seen. */
	if (reflector->activity == ACTIVITY_WATCH)
		kube_place_advance(&reflector->place, kube_bookmark_version(object));
	return kube_place_check_count(&reflector->place, err);
}

static int on_object(void *owner, const char *event, struct object_value object,
		     const char *problem, struct error *err)
{
	struct kube_reflector *reflector = owner;

	if (event)
		return handle_event(reflector, event, object, problem, err);
	kube_objects_set(reflector->place.objects, object, problem);
	return kube_place_check_count(&reflector->place, err);
}

static int on_skipped(void *owner, const char *reason, struct error *err)
{
	struct kube_reflector *reflector = owner;

	skip(reflector, reason);
	return kube_place_check_count(&reflector->place, err);
}

static int on_body(void *owner, const char *data, size_t size, struct error *err)
{
	struct kube_reflector *reflector = owner;
	int r;

	if (reflector->is_page)
		return error_set(err, -EINVAL,
				 "the response is of type text/html, which no API server sends");
	r = kube_reader_feed(reflector->reader, data, size, err);
	/* What is listed is told as a whole, when it has ended. */
	if (reflector->activity == ACTIVITY_WATCH)
		tell_changes(reflector);
	return r;
}

/* The server chooses the encoding: it need not have all that it is asked for. */
static void start_reader(struct kube_reflector *reflector, const char *content_type)
{
	const struct kube_reader_options options = {
		.encoding = kube_encoding_of(content_type),
		.kind = reflector->options.kind,
		.is_watch = reflector->activity != ACTIVITY_LIST,
		.on_object = on_object,
		.on_skipped = on_skipped,
		.owner = reflector,
	};

	kube_reader_free(reflector->reader);
	reflector->reader = kube_reader_new(&options);
}

static void on_answer(void *owner, const char *content_type)
{
	struct kube_reflector *reflector = owner;

	reflector->is_page = kube_encoding_is_page(content_type);
	start_reader(reflector, content_type);
	if (reflector->is_page || reflector->activity == ACTIVITY_LIST)
		return;
	/* The server is there and knows who we are. */
	reflector->has_retried_credentials = false;
	reflector->needs_fresh_connection = false;
	if (reflector->activity == ACTIVITY_WATCH)
		settle_trouble(reflector);
}

static void on_request_end(void *owner, const struct kube_response *response);

static char *prepare_list(struct kube_reflector *reflector, const struct kube_query *query,
			  struct kube_request_options *request)
{
	const struct kube_listing *listing = &reflector->options.listing;

	request->total_seconds = LIST_SECONDS_MAX;
	request->bytes_per_second_min = LIST_BYTES_MIN;
	request->is_continued = reflector->place.continue_token;
	request->is_compressed = listing->is_compressed;
	return kube_query_list(query, reflector->place.base, listing->page_size,
			       reflector->place.continue_token);
}

static char *prepare_watch(struct kube_reflector *reflector, const struct kube_query *query,
			   struct kube_request_options *request)
{
	reflector->duration = reflector->options.watch_seconds +
			      (int)kube_random(0, reflector->options.watch_seconds);
	request->total_seconds = reflector->duration + WATCH_GRACE_SECONDS;
	if (reflector->activity == ACTIVITY_STREAM) {
		request->bytes_per_second_min = LIST_BYTES_MIN;
		return kube_query_stream(query, reflector->duration);
	}
	request->idle_seconds = 0;
	return kube_query_watch(query, reflector->duration);
}

static void send_request(struct kube_reflector *reflector, const struct kube_access *access)
{
	const struct kube_query query = {
		.path = reflector->path,
		.selector = reflector->selector,
		.version = reflector->place.version,
	};
	struct kube_request_options request = {
		.call = {.method = "GET"},
		.idle_seconds = LIST_IDLE_SECONDS,
		.is_fresh = reflector->needs_fresh_connection,
		.on_answer = on_answer,
		.on_body = on_body,
		.on_end = on_request_end,
		.owner = reflector,
	};
	auto_memory char *path = NULL;

	reflector->has_event = false;
	reflector->event_status = (struct kube_status){0};
	reflector->started = clock_now();
	path = reflector->activity == ACTIVITY_LIST ? prepare_list(reflector, &query, &request)
						    : prepare_watch(reflector, &query, &request);
	request.call.path = path;
	request.call.accept =
		kube_encoding_accept(reflector->encoding, reflector->activity != ACTIVITY_LIST);
	reflector->request = kube_request_new(reflector->options.http, access, &request);
}

/* Last of all where a response is looked at, because that is part of the request. */
static void drop_request(struct kube_reflector *reflector)
{
	kube_reader_free(take(&reflector->reader));
	kube_request_free(take(&reflector->request));
	reflector->activity = ACTIVITY_PAUSED;
}

/* A list that nothing depends on can wait until it is asked for again. */
static bool gives_up(const struct kube_reflector *reflector)
{
	return !reflector->options.watch_seconds && reflector->failures >= ASKED_FAILURES;
}

/* Says what is wrong and tries once more; a list starts from its beginning. */
static void fail(struct kube_reflector *reflector, const struct kube_response *response)
{
	auto_memory char *text = kube_trouble_text(response, reflector->options.kind,
						   reflector->activity == ACTIVITY_WATCH);
	double delay = kube_pause_after(response, &reflector->failures);

	kube_place_fail(&reflector->place, response->http_status);
	reflector->is_in_trouble = true;
	reflector->options.on_trouble(reflector->options.owner, reflector, text);
	if (!gives_up(reflector))
		start_in(reflector, delay);
}

static void on_start(void *owner)
{
	struct kube_reflector *reflector = owner;
	struct kube_response response = {.retry_seconds = -1};
	const struct kube_access *access;
	int r = kube_credentials_get(reflector->options.credentials, &access, &response.error);

	if (r == -EINPROGRESS) {
		reflector->activity = ACTIVITY_AWAITING;
		return;
	}
	if (r < 0) {
		fail(reflector, &response);
		return;
	}
	reflector->activity =
		reflector->place.goal == KUBE_GOAL_CHANGES ? ACTIVITY_WATCH : reflector->listing;
	if (reflector->place.goal != KUBE_GOAL_CHANGES)
		kube_place_begin(&reflector->place);
	send_request(reflector, access);
}

static void on_resync(void *owner)
{
	struct kube_reflector *reflector = owner;

	if (reflector->place.goal != KUBE_GOAL_CHANGES)
		return;
	reflector->place.goal = KUBE_GOAL_LISTING;
	if (reflector->activity != ACTIVITY_WATCH)
		return;
	drop_request(reflector);
	start_in(reflector, 0.);
}

/* After a watch that worked, at once; after failures, at growing intervals. */
static void list_again(struct kube_reflector *reflector)
{
	kube_place_list_again(&reflector->place);
	start_in(reflector, reflector->failures ? kube_pause_seconds(reflector->failures)
						: kube_random(0., 0.1));
	reflector->failures++;
}

/* 401: perhaps the credentials have just been exchanged. Return: whether that is tried */
static bool retry_credentials(struct kube_reflector *reflector, const struct kube_status *status)
{
	if (status->code != 401 || reflector->has_retried_credentials)
		return false;
	reflector->has_retried_credentials = true;
	kube_credentials_refused(reflector->options.credentials);
	start_in(reflector, 0.);
	return true;
}

/*
 * JSON from now on where a server refuses protocol buffers, or what it sends as such cannot be read.
 * Return: whether the same comes again in JSON at once
 */
static bool leave_protobuf(struct kube_reflector *reflector, const struct kube_response *response)
{
	bool is_refused = kube_trouble_refuses_encoding(response);

	if (reflector->encoding == KUBE_ENCODING_JSON ||
	    (!is_refused && response->error.code != -EBADMSG))
		return false;
	reflector->encoding = KUBE_ENCODING_JSON;
	if (is_refused)
		start_in(reflector, 0.);
	return is_refused;
}

static void end_list(struct kube_reflector *reflector)
{
	struct kube_response response = {.retry_seconds = -1, .http_status = 200};
	struct kube_list_end end = {0};
	int r = kube_reader_finish(reflector->reader, &end, &response.error);

	if (r >= 0)
		r = kube_place_take_page(&reflector->place, end.token, &response.error);
	if (r > 0)
		r = finish_listing(reflector, end.version, &response.error);
	kube_list_end_clear(&end);
	if (r >= 0) {
		if (reflector->place.continue_token || reflector->options.watch_seconds)
			start_in(reflector, 0.);
		return;
	}
	leave_protobuf(reflector, &response);
	fail(reflector, &response);
}

/* A watch that does not get on, although the server answers, may do so after a new list. */
static void list_if_watches_fail(struct kube_reflector *reflector)
{
	if (reflector->place.goal == KUBE_GOAL_CHANGES && reflector->failures >= WATCH_FAILURES)
		reflector->place.goal = KUBE_GOAL_LISTING;
}

/* The server ended the watch, or the stream of initial events, in good order. */
static void end_watch(struct kube_reflector *reflector)
{
	struct kube_response response = {.retry_seconds = -1, .http_status = 200};
	double seconds = clock_now() - reflector->started;

	if (reflector->activity == ACTIVITY_STREAM ||
	    (seconds < WATCH_SHORT_SECONDS && !reflector->has_event)) {
		error_set(&response.error, -EIO, "the server ended the watch at once");
		list_if_watches_fail(reflector);
		fail(reflector, &response);
	} else if (!reflector->has_event && seconds >= reflector->duration - 0.5) {
		/* A bookmark was due. Does the server wait for a version that never comes? */
		reflector->place.base = KUBE_QUERY_NEWEST;
		list_again(reflector);
	} else {
		/* Whatever such a short one tells, there is about one a second. */
		start_in(reflector, kube_random(0., seconds < WATCH_SHORT_SECONDS ? 2. : 0.1));
	}
	if (!timer_is_running(&reflector->resync))
		reflector->resync_seconds = RESYNC_SECONDS_MIN;
}

/* Return: whether an ordinary list comes next, which shows whether streaming was the trouble */
static bool fall_back(struct kube_reflector *reflector, const struct kube_response *response)
{
	if (!kube_trouble_may_be_streaming(response))
		return false;
	reflector->stream_failures++;
	if (!kube_trouble_is_refusal(response) && reflector->stream_failures < STREAM_FAILURES)
		return false;
	reflector->listing = ACTIVITY_LIST;
	start_in(reflector, 0.);
	return true;
}

static void handle_failure(struct kube_reflector *reflector, const struct kube_response *response)
{
	const struct kube_status *status =
		response->error.code == -ECANCELED ? &reflector->event_status : &response->status;

	if (retry_credentials(reflector, status))
		return;
	if (kube_place_leave(&reflector->place, status)) {
		list_again(reflector);
		return;
	}
	if (response->http_status && !response->is_broken)
		list_if_watches_fail(reflector);
	if (reflector->activity == ACTIVITY_WATCH && response->is_broken && !reflector->failures) {
		/* It worked so far: no word about it unless it does not go on. */
		reflector->failures = 1;
		start_in(reflector, kube_random(0., 0.2));
		return;
	}
	fail(reflector, response);
}

static void on_request_end(void *owner, const struct kube_response *response)
{
	struct kube_reflector *reflector = owner;
	bool is_complete = response->http_status == 200 && !response->error.code;

	if (reflector->activity == ACTIVITY_WATCH && response->http_status == 200 &&
	    clock_now() - reflector->started >= WATCH_SHORT_SECONDS)
		reflector->failures = 0;
	reflector->needs_fresh_connection = response->is_broken;
	if (leave_protobuf(reflector, response) ||
	    (reflector->activity == ACTIVITY_STREAM && fall_back(reflector, response)))
		; /* the next request asks for less */
	else if (is_complete && reflector->activity == ACTIVITY_LIST)
		end_list(reflector);
	else if (is_complete)
		end_watch(reflector);
	else
		handle_failure(reflector, response);
	drop_request(reflector);
}

struct kube_reflector *kube_reflector_new(struct ev_loop *loop,
					  const struct kube_reflector_options *options)
{
	struct kube_reflector *reflector = memory_allocate(sizeof(*reflector));

	reflector->loop = loop;
	reflector->options = *options;
	reflector->path = string_dup(options->path);
	reflector->selector = string_dup(options->selector);
	kube_place_init(&reflector->place, options->kind, options->sink);
	reflector->encoding = options->encoding;
	reflector->listing = options->listing.is_streamed ? ACTIVITY_STREAM : ACTIVITY_LIST;
	reflector->resync_seconds = RESYNC_SECONDS_MIN;
	timer_init(&reflector->start, reflector->loop, on_start, reflector);
	timer_init(&reflector->resync, reflector->loop, on_resync, reflector);
	if (options->watch_seconds)
		start_in(reflector, 0.);
	return reflector;
}

void kube_reflector_list(struct kube_reflector *reflector)
{
	if (reflector->activity != ACTIVITY_PAUSED || timer_is_running(&reflector->start))
		return;
	reflector->place.goal = KUBE_GOAL_LISTING;
	reflector->failures = 0;
	start_in(reflector, 0.);
}

void kube_reflector_free(struct kube_reflector *reflector)
{
	if (!reflector)
		return;
	timer_stop(&reflector->start);
	timer_stop(&reflector->resync);
	drop_request(reflector);
	kube_place_clear(&reflector->place);
	free(reflector->path);
	free(reflector->selector);
	free(reflector);
}

void kube_reflector_credentials_ready(struct kube_reflector *reflector, const struct error *err)
{
	struct kube_response response = {.retry_seconds = -1};

	if (reflector->activity != ACTIVITY_AWAITING)
		return;
	reflector->activity = ACTIVITY_PAUSED;
	if (!err) {
		start_in(reflector, 0.);
		return;
	}
	response.error = *err;
	fail(reflector, &response);
}

bool kube_reflector_is_listed(const struct kube_reflector *reflector)
{
	return reflector->is_listed;
}
