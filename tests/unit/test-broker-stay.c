// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sessions that are to stay: stay.h by itself, and casts over the loopback that are lost and
 * come back. The display is this test.
 */
#include <string.h>

#include "mice-fixture.h"
#include "mock-resolver.h"
#include "stay.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

/* ---- stay.h -------------------------------------------------------------------------- */

static void init(struct stay *stay)
{
	g_autoptr(GVariant) options = g_variant_ref_sink(g_variant_new_parsed("{'stay': <'yes'>}"));

	stay_init(stay, options);
	g_assert_true(stay->wanted);
}

static reason *left(void)
{
	return reason_new_code(REASON_SINK_LEFT, "it has left");
}

/* A display that does not come back is asked ever more rarely, and not for ever. */
static void test_waits(void)
{
	static const gint64 waits[] = { 2, 4, 8, 16, 32, 60, 60, 60 };
	struct stay stay;
	gint64 now = 1000 * SECOND, lost;
	reason *why;
	guint tries = 0;

	init(&stay);
	stay_streams(&stay, now);
	now += 100 * SECOND;
	lost = now;
	while (why = left(), stay_lose(&stay, why, now)) {
		gint64 wait = stay_wait_ms(&stay, now);

		if (tries < G_N_ELEMENTS(waits))
			g_assert_cmpint(wait, ==, waits[tries] * 1000);
		now += wait * 1000;
		stay_try(&stay);
		tries++;
		g_assert_cmpint(now - lost, <=, STAY_SECONDS * SECOND);
	}
	g_assert_cmpint(now - lost, >, (STAY_SECONDS - STAY_MOST_SECONDS) * SECOND);
	g_assert_null(stay.cause);
	g_assert_cmpint(stay.next_us, ==, 0);
	g_assert_nonnull(strstr(why->message, "it has left; it was tried again 13 times within 10 minutes"));
	reason_free(why);
	stay_clear(&stay);
}

/* What is lost as soon as it is there is not there. */
static void test_settled(void)
{
	struct stay stay;

	init(&stay);
	stay_streams(&stay, 100 * SECOND);
	g_assert_true(stay_lose(&stay, left(), 101 * SECOND));
	stay_try(&stay);
	stay_streams(&stay, 104 * SECOND);
	g_assert_true(stay_lose(&stay, left(), 105 * SECOND));
	g_assert_cmpint(stay_wait_ms(&stay, 105 * SECOND), ==, 4000);
	g_assert_cmpint(stay.lost_us, ==, 101 * SECOND);
	stay_try(&stay);
	stay_streams(&stay, 110 * SECOND);
	g_assert_true(stay_lose(&stay, left(), (110 + STAY_SETTLED_SECONDS) * SECOND));
	g_assert_cmpint(stay_wait_ms(&stay, (110 + STAY_SETTLED_SECONDS) * SECOND), ==, 2000);
	stay_clear(&stay);
}

/* The time asleep does not count, nor what was before. */
static void test_wake(void)
{
	struct stay stay;
	g_autofree char *text = NULL;

	init(&stay);
	stay_streams(&stay, 100 * SECOND);
	g_assert_true(stay_lose(&stay, left(), 200 * SECOND));
	stay_try(&stay);
	stay_sleep(&stay);
	g_assert_true(stay_lose(&stay, reason_new_code(REASON_SUSPENDED, "sleep"), 700 * SECOND));
	g_assert_cmpint(stay_wait_ms(&stay, 5000 * SECOND), ==, -1);
	text = stay_describe(&stay, 5000 * SECOND);
	g_assert_cmpstr(text, ==, "waiting to reconnect when the computer is awake again: sleep");
	stay_wake(&stay, 5000 * SECOND);
	g_assert_cmpint(stay_wait_ms(&stay, 5000 * SECOND), ==, 2000);
	stay_try(&stay);
	g_assert_true(stay_lose(&stay, left(), 5500 * SECOND));
	stay_clear(&stay);
}

/* Of the machine's sleep it is also a session that was on its way. */
static void test_never_streamed(void)
{
	g_autoptr(reason) why = left();
	struct stay stay;

	init(&stay);
	g_assert_false(stay_lose(&stay, why, SECOND));
	init(&stay);
	g_assert_true(stay_lose(&stay, reason_new_code(REASON_SUSPENDED, "sleep"), SECOND));
	stay_try(&stay);
	g_assert_true(stay_lose(&stay, left(), 2 * SECOND));
	stay_clear(&stay);
}

static void test_for_good(void)
{
	static const enum reason_code codes[] = {
		REASON_DISCONNECTED, REASON_SHUTDOWN, REASON_REJECTED, REASON_PIN_WRONG, REASON_PIN_NOT_ENTERED,
		REASON_NEEDS_PIN, REASON_CONFIGURATION, REASON_SECURITY_UNSUPPORTED, REASON_MODULE_MISSING,
		REASON_ADDRESS_REFUSED,
	};

	for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_autoptr(reason) why = reason_new_code(codes[i], "no");
		struct stay stay;

		init(&stay);
		stay_streams(&stay, SECOND);
		g_assert_false(stay_lose(&stay, why, 100 * SECOND));
		g_assert_cmpstr(why->message, ==, "no");
		/* Nor does anybody wait for it any more. */
		g_assert_false(stay.wanted);
	}
}

/* What the machine has to find again when it wakes up may not be there at once. */
static void test_not_back_yet(void)
{
	static const enum reason_code codes[] = {
		REASON_NO_WIFI, REASON_NO_P2P_SUPPORT, REASON_SUPPLICANT_MISSING, REASON_LINK_UNAVAILABLE,
	};

	for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
		struct stay stay;

		init(&stay);
		stay_streams(&stay, SECOND);
		g_assert_true(stay_lose(&stay, reason_new_code(codes[i], "not yet"), 100 * SECOND));
		g_assert_true(stay.wanted);
		stay_clear(&stay);
	}
}

/* ---- casts ------------------------------------------------------------------------------ */

static guint times_settled;

static void settled(broker *b, gpointer user_data)
{
	times_settled++;
}

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static const struct broker_events events = { .settled = settled, .stopped = stopped };

static void begin_test(struct fixture *f, gconstpointer data)
{
	set_up(f, NULL);
	broker_set_events(f->broker, &events, f);
	times_settled = 0;
}

static session *begin_to_stay(struct fixture *f)
{
	g_autofree char *what = g_strdup_printf("mice:127.0.0.1:%u", f->port);

	return begin_with(f, what, g_variant_new_parsed("{'stay': <'yes'>}"));
}

static void stream_to_stay(struct fixture *f)
{
	begin_to_stay(f);
	answer(f, "127.0.0.1");
}

static gboolean waits(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_WAITING;
}

static gboolean is_ending(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_ENDING;
}

static gboolean has_settled(struct fixture *f)
{
	return times_settled > 0;
}

/* It is told Stop Projection, which a display answers by hanging up. */
static gboolean is_lost(struct fixture *f)
{
	if (f->control && take_message(f->control, &last_said)) {
		mice_message_clear(&last_said);
		g_clear_object(&f->control);
	}
	return waits(f);
}

static void lose(struct fixture *f)
{
	tell(f, "leave");
	wait_until(is_lost, f);
	forget_call(f);
}

static void spin(guint ms)
{
	gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;

	while (g_get_monotonic_time() < until)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
}

static GVariant *stay_of(session *s)
{
	return g_variant_ref_sink(session_stay(s));
}

/* Why it is not there, and when it is tried again, is told until it is there again. */
static void assert_told(struct fixture *f, const char *cause, guint tries)
{
	g_autoptr(GVariant) stay = stay_of(only_session(f));
	gint64 next = 0, until = 0, now = g_get_monotonic_time();
	const char *said = "";
	gboolean wanted = FALSE;
	guint said_tries = 99;

	g_variant_lookup(stay, "wanted", "b", &wanted);
	g_variant_lookup(stay, "cause", "&s", &said);
	g_variant_lookup(stay, "tries", "u", &said_tries);
	g_variant_lookup(stay, "next-try", "x", &next);
	g_variant_lookup(stay, "until", "x", &until);
	g_assert_true(wanted);
	g_assert_cmpstr(said, ==, cause);
	g_assert_cmpuint(said_tries, ==, tries);
	g_assert_cmpint(next, >, now);
	g_assert_cmpint(next, <, now + (STAY_FIRST_SECONDS << tries) * SECOND);
	g_assert_cmpint(until, >, now + (STAY_SECONDS - 30) * SECOND);
	assert_reason(f, cause);
}

/* As often as it has to; what was of the session before does not pile up. */
static void test_back(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) there = NULL;
	gboolean wanted = FALSE;

	stream_to_stay(f);
	lose(f);
	assert_told(f, "sink-left", 0);
	g_assert_cmpuint(session_phases(only_session(f))->len, ==, 1);
	g_assert_cmpuint(g_variant_n_children(session_mode(only_session(f))), ==, 0);
	answer(f, "127.0.0.1");
	g_assert_null(session_reason(only_session(f)));
	there = stay_of(only_session(f));
	g_assert_cmpuint(g_variant_n_children(there), ==, 1);
	g_assert_true(g_variant_lookup(there, "wanted", "b", &wanted) && wanted);
	lose(f);
	/* It was not there for long. */
	assert_told(f, "sink-left", 1);
	g_assert_cmpuint(session_phases(only_session(f))->len, ==, 1);
	g_assert_cmpuint(broker_sessions(f->broker)->len, ==, 1);
	answer(f, "127.0.0.1");
	end(f);
}

/* Nobody there: the next wait is longer. */
static void test_away(struct fixture *f, gconstpointer data)
{
	stream_to_stay(f);
	g_clear_object(&f->door);
	lose(f);
	assert_told(f, "sink-left", 0);
	spin(STAY_FIRST_SECONDS * 1000 + 1000);
	g_assert_true(waits(f));
	assert_told(f, "control-refused", 1);
	f->door = listen_on("127.0.0.1", f->port, 4);
	answer(f, "127.0.0.1");
	end(f);
}

static void test_not_asked_for(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) stay = NULL;

	start_streaming(f);
	tell(f, "leave");
	wait_until(is_gone_politely, f);
	assert_reason(f, "sink-left");
	stay = stay_of(only_session(f));
	g_assert_cmpuint(g_variant_n_children(stay), ==, 0);
}

/* Who has just asked for it is told why not. */
static void test_first_time(struct fixture *f, gconstpointer data)
{
	g_clear_object(&f->door);
	begin_to_stay(f);
	wait_until(is_gone, f);
	assert_reason(f, "control-refused");
}

/* Who does not want it any more need not wait for it. */
static void test_disconnect(struct fixture *f, gconstpointer data)
{
	stream_to_stay(f);
	lose(f);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	g_assert_true(is_gone(f));
	assert_reason(f, "disconnected");
	/* Its phases of before are not told any more, but miracastd --once ends with it. */
	g_assert_true(session_was_let_in(only_session(f)));
	spin(STAY_FIRST_SECONDS * 1000 + 500);
	g_assert_false(was_contacted(f));
}

/* Nor if he says so while it is being taken down for another reason. */
static void test_disconnect_ending(struct fixture *f, gconstpointer data)
{
	stream_to_stay(f);
	tell(f, "leave");
	wait_until(is_ending, f);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone_politely, f);
	assert_reason(f, "sink-left");
}

/* It takes the place of the one that waits, also where there is no other. */
static void test_by_hand(struct fixture *f, gconstpointer data)
{
	session *first;

	f->config.max_sessions = 1;
	stream_to_stay(f);
	first = only_session(f);
	lose(f);
	start_streaming(f);
	g_assert_true(only_session(f) != first);
	g_assert_cmpint(session_state(first), ==, SESSION_GONE);
	g_assert_cmpstr(session_reason(first)->name, ==, "disconnected");
	end(f);
}

/* The display's user says no: it is not asked again. */
static void test_rejected(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) stay = NULL;
	gboolean wanted = TRUE;

	stream_to_stay(f);
	lose(f);
	wait_until(was_told, f);
	g_clear_object(&f->control);
	wait_until(is_gone, f);
	assert_reason(f, "rejected");
	stay = stay_of(only_session(f));
	g_assert_cmpuint(g_variant_n_children(stay), ==, 1);
	g_assert_true(g_variant_lookup(stay, "wanted", "b", &wanted));
	g_assert_false(wanted);
}

/* The display is told that it is over, nothing is tried while the machine sleeps, and then it comes back. */
static void test_sleep(struct fixture *f, gconstpointer data)
{
	gint64 woke;

	stream_to_stay(f);
	broker_suspend(f->broker);
	wait_until(is_lost, f);
	g_assert_true(has_settled(f));
	assert_reason(f, "suspended");
	forget_call(f);
	spin(STAY_FIRST_SECONDS * 1000 + 1500);
	g_assert_false(was_contacted(f));
	woke = g_get_monotonic_time();
	broker_resume(f->broker);
	assert_told(f, "suspended", 0);
	answer(f, "127.0.0.1");
	g_assert_cmpint(g_get_monotonic_time() - woke, <, (STAY_FIRST_SECONDS + 3) * SECOND);
	end(f);
}

/* What waits already goes on waiting. */
static void test_sleep_waiting(struct fixture *f, gconstpointer data)
{
	stream_to_stay(f);
	lose(f);
	broker_suspend(f->broker);
	g_assert_true(has_settled(f));
	spin(STAY_FIRST_SECONDS * 1000 + 1500);
	g_assert_false(was_contacted(f));
	broker_resume(f->broker);
	answer(f, "127.0.0.1");
	end(f);
}

static void test_sleep_not_asked_for(struct fixture *f, gconstpointer data)
{
	start_streaming(f);
	broker_suspend(f->broker);
	wait_until(is_gone_politely, f);
	g_assert_cmpuint(times_settled, ==, 1);
	assert_reason(f, "suspended");
	broker_resume(f->broker);
	g_assert_true(is_gone(f));
}

/* ---- how soon it is known ------------------------------------------------------------ */

static void hang_up(struct fixture *f)
{
	g_clear_object(&f->rtsp);
}

static void leave(struct fixture *f)
{
	tell(f, "leave");
}

static void die(struct fixture *f)
{
	tell(f, "crash");
}

static void close_control(struct fixture *f)
{
	g_clear_object(&f->control);
}

static void stop_projection(struct fixture *f)
{
	SAY_STOP(f);
}

static const struct loss {
	const char *path;
	void (*happen)(struct fixture *f);
	const char *reason;
} losses[] = {
	{ "/stay/known/hung-up", hang_up, "sink-vanished" },
	{ "/stay/known/left", leave, "sink-left" },
	{ "/stay/known/umd-died", die, "umd-died" },
	{ "/stay/known/control-closed", close_control, "control-lost" },
	{ "/stay/known/stop-projection", stop_projection, "sink-left" },
};

/* Whatever the daemon can know of it is told within five seconds. */
static void test_known(struct fixture *f, gconstpointer data)
{
	const struct loss *loss = data;
	gint64 begin_us;

	stream_to_stay(f);
	begin_us = g_get_monotonic_time();
	loss->happen(f);
	wait_until(is_ending, f);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, <, 5 * SECOND);
	assert_reason(f, loss->reason);
	wait_until(is_lost, f);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, <, 5 * SECOND);
	assert_reason(f, loss->reason);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(struct fixture *f, gconstpointer data);
	} tests[] = {
		{ "/stay/back", test_back },
		{ "/stay/away", test_away },
		{ "/stay/not-asked-for", test_not_asked_for },
		{ "/stay/first-time", test_first_time },
		{ "/stay/disconnect", test_disconnect },
		{ "/stay/disconnect-ending", test_disconnect_ending },
		{ "/stay/by-hand", test_by_hand },
		{ "/stay/rejected", test_rejected },
		{ "/stay/sleep", test_sleep },
		{ "/stay/sleep-waiting", test_sleep_waiting },
		{ "/stay/sleep-not-asked-for", test_sleep_not_asked_for },
	};
	int status;

	g_test_init(&argc, &argv, NULL);
	mock_resolver_install();
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	own_rtsp_port = 7238;
	g_test_add_func("/stay/waits", test_waits);
	g_test_add_func("/stay/settled", test_settled);
	g_test_add_func("/stay/wake", test_wake);
	g_test_add_func("/stay/never-streamed", test_never_streamed);
	g_test_add_func("/stay/for-good", test_for_good);
	g_test_add_func("/stay/not-back-yet", test_not_back_yet);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, begin_test, tests[i].run, tear_down);
	for (guint i = 0; i < G_N_ELEMENTS(losses); i++)
		g_test_add(losses[i].path, struct fixture, &losses[i], begin_test, test_known, tear_down);
	status = g_test_run();
	mock_resolver_remove();
	return status;
}
