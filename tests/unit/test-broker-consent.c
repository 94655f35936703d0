// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Calls from addresses that nobody has named: nothing happens before somebody says yes, and whoever calls can neither
 * ask for ever nor take the place of others.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "direct-fixture.h"
#include "rtsp-listener.h"

/* ---- the clock ----------------------------------------------------------------- */

gint64 __real_g_get_monotonic_time(void);
gint64 __wrap_g_get_monotonic_time(void);

static gint64 ahead_us;

gint64 __wrap_g_get_monotonic_time(void)
{
	return __real_g_get_monotonic_time() + ahead_us;
}

/* ---- what is seen ---------------------------------------------------------------- */

/* How often the log has said that there is no place. */
static guint said_full;

static GLogWriterOutput read_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer user_data)
{
	for (gsize i = 0; i < n; i++) {
		if (strcmp(fields[i].key, "MESSAGE") == 0 && strstr(fields[i].value, "have asked for the screen already"))
			said_full++;
	}
	return g_log_writer_default(level, fields, n, user_data);
}

static void set_up_questions(struct fixture *f, gconstpointer options)
{
	ahead_us = 0;
	said_full = 0;
	f->options = options ? options : "@a{sv} {}";
	f->config.consent_timeout = 30;
	set_up(f, NULL);
}

/* What is there for the display to read, or that it was hung up on; waits for neither. */
static gboolean hears_something(GSocketConnection *sink)
{
	struct pollfd fd = { .fd = g_socket_get_fd(g_socket_connection_get_socket(sink)), .events = POLLIN };

	return poll(&fd, 1, 0) != 0;
}

static void let_pass(guint ms)
{
	gint64 end = g_get_monotonic_time() + ms * G_GINT64_CONSTANT(1000);

	while (g_get_monotonic_time() < end) {
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

static void assert_closed(GSocketConnection *sink)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
	g_autofree char *heard = NULL;

	while (!hears_something(sink)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		let_pass(1);
	}
	heard = hear(sink);
	g_assert_cmpstr(heard, ==, "");
}

static GSocketConnection *call_from(struct fixture *f, const char *host)
{
	guint before = f->added;
	GSocketConnection *sink = dial_from(f, host);
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (f->added == before) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		let_pass(1);
	}
	g_assert_true(asks(f));
	return sink;
}

static void refuse(session *s)
{
	session_end(s, reason_new_code(REASON_DISCONNECTED, "refused"));
	g_assert_cmpint(session_state(s), ==, SESSION_GONE);
}

static void accept_it(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	session_accept(only_session(f), &error);
	g_assert_no_error(error);
}

static gboolean has_phase(struct fixture *f, const char *name)
{
	GPtrArray *phases = session_phases(only_session(f));

	for (guint i = 0; i < phases->len; i++) {
		if (strcmp(((struct session_phase *)g_ptr_array_index(phases, i))->name, name) == 0)
			return TRUE;
	}
	return FALSE;
}

/* ---- yes and no ------------------------------------------------------------------- */

/* Nothing of what it says is read, and nothing said to it; then all of it is. */
static void test_yes(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = call_from(f, "127.0.0.1");
	g_autoptr(GError) again = NULL;
	g_autofree char *config = NULL;

	tell(sink, "config");
	let_pass(500);
	g_assert_cmpuint(f->states, ==, 1u << SESSION_ASKING);
	g_assert_true(has_phase(f, "consent-wanted"));
	g_assert_false(hears_something(sink));
	accept_it(f);
	g_assert_false(session_wants_consent(only_session(f)));
	g_assert_true(session_was_let_in(only_session(f)));
	config = hear(sink);
	g_assert_nonnull(strstr(config, "'peer-address': <'127.0.0.1'>"));
	tell(sink, "stream");
	wait_until(streams, f);
	g_assert_false(session_accept(only_session(f), &again));
	g_assert_error(again, REASON_ERROR, REASON_CONSENT_NOT_WANTED);
	g_assert_cmpuint(f->added, ==, 1);
}

/* It is closed, for a minute each further call is as well, and nobody is asked. */
static void test_no(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = call_from(f, "127.0.0.1");
	g_autoptr(GSocketConnection) again = NULL, other = NULL, later = NULL;

	refuse(only_session(f));
	g_assert_false(session_was_let_in(only_session(f)));
	assert_reason(f, "disconnected");
	assert_closed(sink);
	let_pass(20);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 0);
	for (guint i = 0; i < 3; i++) {
		g_autoptr(GSocketConnection) one = dial(f);

		assert_closed(one);
	}
	ahead_us = (LINK_DIRECT_QUIET_SECONDS - 5) * (gint64)G_USEC_PER_SEC;
	again = dial(f);
	assert_closed(again);
	g_assert_cmpuint(f->added, ==, 1);
	other = call_from(f, "127.0.0.2");
	refuse(only_session(f));
	ahead_us = LINK_DIRECT_QUIET_SECONDS * (gint64)G_USEC_PER_SEC;
	later = call_from(f, "127.0.0.1");
	g_assert_cmpuint(f->added, ==, 3);
	g_assert_cmpuint(1u << SESSION_ASKING | 1u << SESSION_ENDING | 1u << SESSION_GONE, ==, f->states);
}

static void ask_in_vain(struct fixture *f)
{
	g_autoptr(GSocketConnection) sink = call_from(f, "127.0.0.1");

	wait_until(is_gone, f);
	assert_reason(f, "call-not-accepted");
	assert_closed(sink);
	let_pass(20);
}

/* The clock goes on; one second before the end of that its call is closed, and nobody asked. */
static void be_quiet(struct fixture *f, guint seconds)
{
	gint64 begin_us = g_get_monotonic_time();
	g_autoptr(GSocketConnection) early = NULL;
	guint added = f->added;

	ahead_us += (seconds - 2) * (gint64)G_USEC_PER_SEC;
	early = dial(f);
	assert_closed(early);
	g_assert_cmpuint(f->added, ==, added);
	ahead_us += seconds * (gint64)G_USEC_PER_SEC - (g_get_monotonic_time() - begin_us);
}

/* Nobody says anything. It may call again, as somebody may have been away; but people are not asked each minute for ever. */
static void test_limit(struct fixture *f, gconstpointer data)
{
	static const guint minutes[] = { 1, 2, 4, 8, 8 };
	g_autoptr(GSocketConnection) other = NULL, again = NULL, late = NULL;

	ask_in_vain(f);
	g_assert_cmpstr(session_reason(only_session(f))->hint_code, ==, "accept-call");
	/* It keeps no place, and others are none of it. */
	other = call_from(f, "127.0.0.2");
	for (guint i = 0; i < G_N_ELEMENTS(minutes); i++) {
		be_quiet(f, 60 * minutes[i]);
		ask_in_vain(f);
	}
	/* A yes is the end of it. */
	be_quiet(f, LINK_DIRECT_QUIET_MOST_SECONDS);
	again = call_from(f, "127.0.0.1");
	accept_it(f);
	tell(again, "stream");
	wait_until(streams, f);
	tell(again, "leave");
	wait_until(is_gone, f);
	let_pass(50);
	ask_in_vain(f);
	be_quiet(f, 60);
	/* And so is having been quiet. */
	ask_in_vain(f);
	ahead_us += 2 * (LINK_DIRECT_QUIET_MOST_SECONDS + 1) * (gint64)G_USEC_PER_SEC;
	ask_in_vain(f);
	be_quiet(f, 60);
	late = call_from(f, "127.0.0.1");
}

static void set_up_limit(struct fixture *f, gconstpointer data)
{
	f->config.consent_timeout = 1;
	ahead_us = 0;
	f->options = "@a{sv} {}";
	set_up(f, NULL);
}

/* All addresses are nobody in particular. */
static void test_all_addresses(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = call_from(f, "127.0.0.1");

	/* Sessions go on, and so does a question. */
	g_assert_true(link_direct_unlisten(f->direct, f->bound));
	accept_it(f);
	tell(sink, "stream");
	wait_until(streams, f);
}

/* ---- displays that lose patience --------------------------------------------------- */

/* The newest call is the one that counts, whether the one before was hung up or not, and there is one at a time. */
static void test_calls_again(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) second = NULL, third = NULL;
	g_autofree char *config = NULL;

	g_object_unref(call_from(f, "127.0.0.1"));
	second = dial(f);
	let_pass(100);
	g_assert_false(hears_something(second));
	third = dial(f);
	tell(third, "config");
	assert_closed(second);
	g_assert_false(hears_something(third));
	accept_it(f);
	config = hear(third);
	g_assert_nonnull(strstr(config, "'source'"));
	g_assert_cmpuint(f->added, ==, 1);
}

static gboolean waits_for_call(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_RTSP;
}

/* With a FIN, or, as a display that was switched off, with a RST. */
static void hang_up(GSocketConnection *sink, gboolean reset)
{
	struct linger linger = { .l_onoff = reset };
	int fd = g_socket_get_fd(g_socket_connection_get_socket(sink));

	g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), ==, 0);
	g_assert_true(g_io_stream_close(G_IO_STREAM(sink), NULL, NULL));
}

/* None is alive when somebody says yes: no process is started for that one, and the next is waited for. */
static void yes_after(struct fixture *f, gboolean reset)
{
	g_autoptr(GSocketConnection) first = call_from(f, "127.0.0.1"), second = NULL;

	hang_up(first, reset);
	let_pass(100);
	g_assert_true(asks(f));
	accept_it(f);
	wait_until(waits_for_call, f);
	let_pass(100);
	g_assert_false(has_phase(f, "dialled"));
	second = dial(f);
	tell(second, "stream");
	wait_until(streams, f);
	g_assert_cmpuint(f->added, ==, 1);
}

static void wait_gone(session *s)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (session_state(s) != SESSION_GONE) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		let_pass(1);
	}
	g_assert_cmpstr(session_reason(s)->name, ==, "sink-vanished");
}

/* Nobody waits for an answer any more: others have its place, and that was a question, too. */
static void test_hung_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) redials = call_from(f, "127.0.1.1"), other = NULL, leaves = NULL, resets = NULL;
	g_autoptr(GSocketConnection) again = NULL, one = NULL, two = NULL;
	session *stays = only_session(f), *left, *reset;

	other = call_from(f, "127.0.1.2");
	leaves = call_from(f, "127.0.1.3");
	left = only_session(f);
	resets = call_from(f, "127.0.1.4");
	reset = only_session(f);
	hang_up(redials, FALSE);
	let_pass(1500);
	g_clear_object(&redials);
	redials = dial_from(f, "127.0.1.1");
	hang_up(leaves, FALSE);
	let_pass(1500);
	hang_up(resets, TRUE);
	let_pass(LINK_DIRECT_REDIAL_SECONDS * 1000 - 4000);
	g_assert_true(session_wants_consent(left));
	wait_gone(left);
	g_assert_true(session_wants_consent(reset));
	wait_gone(reset);
	g_assert_true(session_wants_consent(stays));
	again = dial_from(f, "127.0.1.3");
	assert_closed(again);
	one = call_from(f, "127.0.2.1");
	two = call_from(f, "127.0.2.2");
}

static void test_yes_after_hang_up(struct fixture *f, gconstpointer data)
{
	yes_after(f, FALSE);
}

static void test_yes_after_reset(struct fixture *f, gconstpointer data)
{
	yes_after(f, TRUE);
}

/* And not for ever: rtsp_timeout, which is less than SESSION_REDIAL_SECONDS here. */
static void test_yes_and_no_call(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) first = call_from(f, "127.0.0.1");

	hang_up(first, FALSE);
	accept_it(f);
	wait_until(is_gone, f);
	assert_reason(f, "sink-vanished");
	g_assert_false(has_phase(f, "dialled"));
}

/* ---- strangers ----------------------------------------------------------------------- */

/* Each from an address of its own: so many are asked about, the others closed; each no keeps its place for a minute. */
static void test_many(struct fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) sinks = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(GSocketConnection) later = NULL;

	for (guint i = 0; i < 10; i++) {
		g_autofree char *host = g_strdup_printf("127.0.1.%u", i + 1);

		g_ptr_array_add(sinks, dial_from(f, host));
		let_pass(20);
	}
	g_assert_cmpuint(f->added, ==, LINK_DIRECT_QUESTIONS);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, LINK_DIRECT_QUESTIONS);
	g_assert_cmpuint(said_full, ==, 1);
	for (guint i = LINK_DIRECT_QUESTIONS; i < sinks->len; i++)
		assert_closed(g_ptr_array_index(sinks, i));
	while (broker_active_sessions(f->broker) > 0) {
		GPtrArray *sessions = broker_sessions(f->broker);

		refuse(g_ptr_array_index(sessions, broker_active_sessions(f->broker) - 1));
	}
	later = dial_from(f, "127.0.2.1");
	assert_closed(later);
	g_assert_cmpuint(f->added, ==, LINK_DIRECT_QUESTIONS);
	g_assert_cmpuint(said_full, ==, 1);
	ahead_us = LINK_DIRECT_QUIET_SECONDS * (gint64)G_USEC_PER_SEC;
	g_clear_object(&later);
	later = call_from(f, "127.0.2.1");
}

/* They call and hang up as fast as they can; whoever looks sees the same few. */
static void test_nagging(struct fixture *f, gconstpointer data)
{
	for (guint i = 0; i < 200; i++) {
		g_autofree char *host = g_strdup_printf("127.0.1.%u", 1 + i % 50);

		g_object_unref(dial_from(f, host));
		let_pass(2);
	}
	g_assert_cmpuint(f->added, ==, LINK_DIRECT_QUESTIONS);
	g_assert_cmpuint(broker_active_sessions(f->broker), ==, LINK_DIRECT_QUESTIONS);
	g_assert_cmpuint(f->states, ==, 1u << SESSION_ASKING);
}

/* So many are remembered; who comes from more of them begins anew with the first. */
static void test_many_quiet(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) last = NULL, first = NULL;

	for (guint i = 0; i <= LINK_DIRECT_MAX_QUIET; i++) {
		g_autofree char *host = g_strdup_printf("127.0.1.%u", i + 1);

		/* A call a second, and less than a minute for all of them. */
		ahead_us = i < RTSP_CALLS_BURST - 4 ? 0 : (i - RTSP_CALLS_BURST + 4) * (gint64)G_USEC_PER_SEC;
		g_object_unref(call_from(f, host));
		session_end(only_session(f), reason_new_code(REASON_CALL_NOT_ACCEPTED, "nobody said anything"));
		let_pass(5);
	}
	last = dial_from(f, "127.0.1.2");
	assert_closed(last);
	first = call_from(f, "127.0.1.1");
}

/* One session is allowed here. Strangers do not take its place, and a yes that there is no room for can be said again. */
static void test_place(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) stranger = call_from(f, "127.0.0.2"), sink = NULL;
	session *asking = only_session(f);
	g_autofree char *bound = f->bound;
	g_autoptr(GError) error = NULL;

	f->bound = NULL;
	g_assert_true(link_direct_listen(f->direct, "127.0.0.1:0", g_variant_new_parsed(FROM_HERE), &f->bound, NULL));
	sink = dial_from(f, "127.0.0.3");
	tell(sink, "stream");
	wait_until(streams, f);
	g_assert_false(session_accept(asking, &error));
	g_assert_error(error, REASON_ERROR, REASON_NO_FREE_CONNECTOR);
	g_assert_true(session_wants_consent(asking));
	tell(sink, "leave");
	wait_until(is_gone, f);
	g_assert_true(session_accept(asking, NULL));
	tell(stranger, "config");
	g_free(hear(stranger));
}

/* ---- the daemon ------------------------------------------------------------------------ */

static gboolean none_is_active(struct fixture *f)
{
	return broker_active_sessions(f->broker) == 0;
}

/* The computer sleeps: nobody waits for an answer of before. That is no refusal either. */
static void test_sleep(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = call_from(f, "127.0.0.1"), again = NULL;

	broker_suspend(f->broker);
	wait_until(none_is_active, f);
	assert_reason(f, "suspended");
	assert_closed(sink);
	broker_resume(f->broker);
	let_pass(20);
	again = call_from(f, "127.0.0.1");
}

/* What waits does not hold up its end. */
static void test_end(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = call_from(f, "127.0.0.1"), other = call_from(f, "127.0.0.2");
	gint64 begin = g_get_monotonic_time();

	tear_down(f, NULL);
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 2 * G_USEC_PER_SEC);
	assert_closed(sink);
	assert_closed(other);
}

static void was_torn_down(struct fixture *f, gconstpointer data)
{
}

static void add(const char *name, void (*test)(struct fixture *, gconstpointer))
{
	g_test_add(name, struct fixture, NULL, set_up_questions, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(read_log, NULL, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	add("/consent/yes", test_yes);
	add("/consent/no", test_no);
	g_test_add("/consent/limit", struct fixture, NULL, set_up_limit, test_limit, tear_down);
	g_test_add("/consent/all-addresses", struct fixture, "{'from': <'0.0.0.0/0'>}", set_up_questions, test_all_addresses,
		   tear_down);
	g_test_add("/consent/half-the-world", struct fixture, "{'from': <'126.0.0.0/7'>}", set_up_questions, test_all_addresses,
		   tear_down);
	add("/consent/calls-again", test_calls_again);
	add("/consent/hung-up", test_hung_up);
	add("/consent/yes-after-hang-up", test_yes_after_hang_up);
	add("/consent/yes-after-reset", test_yes_after_reset);
	add("/consent/yes-and-no-call", test_yes_and_no_call);
	add("/consent/many", test_many);
	add("/consent/nagging", test_nagging);
	add("/consent/many-quiet", test_many_quiet);
	add("/consent/place", test_place);
	add("/consent/sleep", test_sleep);
	g_test_add("/consent/end", struct fixture, NULL, set_up_questions, test_end, was_torn_down);
	return g_test_run();
}
