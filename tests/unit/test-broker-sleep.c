// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine goes to sleep in the middle of a cast: sleep.h with a logind that is played,
 * and the broker with its direct link.
 */
#include <string.h>

#include "direct-fixture.h"
#include "mock-logind.h"
#include "sleep.h"
#include "test-bus.h"

/* Of one test; the broker and its sessions are the fixture's. */
static struct {
	GTestDBus *bus;
	GDBusConnection *ours;
	mock_logind *logind; /* NULL: there is none */
	sleep_watch *watch;
	guint suspended, resumed;
	gboolean idle; /* nothing is done, and so nothing settles */
	gboolean was_held; /* when the session had gone */
	guint said; /* that there is nothing to be told by */
} t;

/* How long one waits for logind to say that the machine is awake must not be waited for here. */
guint __real_g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data);
guint __wrap_g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data);
guint __wrap_g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
	return __real_g_timeout_add_seconds(interval == SLEEP_ASLEEP_SECONDS ? 1 : interval, function, data);
}

static void settled(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	t.was_held = t.logind && mock_logind_is_held(t.logind);
	if (only_session(f))
		g_assert_cmpint(session_state(only_session(f)), ==, SESSION_GONE);
	sleep_watch_settled(t.watch);
}

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static const struct broker_events events = { .settled = settled, .stopped = stopped };

static void suspend(sleep_watch *w, gpointer user_data)
{
	struct fixture *f = user_data;

	t.suspended++;
	if (!t.idle)
		broker_suspend(f->broker);
}

static void resume(sleep_watch *w, gpointer user_data)
{
	struct fixture *f = user_data;

	t.resumed++;
	broker_resume(f->broker);
}

static const struct sleep_watch_funcs funcs = { .suspend = suspend, .resume = resume };

static GLogWriterOutput count_said(GLogLevelFlags level, const GLogField *fields, gsize n,
				   gpointer user_data)
{
	g_autofree char *text = g_log_writer_format_fields(level, fields, n, FALSE);

	/* What the journal has without being asked for more. */
	if ((level & G_LOG_LEVEL_MESSAGE) && strstr(text, "casts are not ended in time"))
		t.said++;
	return g_log_writer_default(level, fields, n, user_data);
}

static void start_logind(void)
{
	g_autoptr(GDBusConnection) bus = test_bus_connect(t.bus);

	t.logind = mock_logind_new(bus);
}

/* @data: there is no logind yet */
static void begin(struct fixture *f, gconstpointer data)
{
	memset(&t, 0, sizeof(t));
	set_up(f, NULL);
	broker_set_events(f->broker, &events, f);
	t.bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(t.bus);
	t.ours = test_bus_connect(t.bus);
	if (!data)
		start_logind();
	t.watch = sleep_watch_new(t.ours, &funcs, f);
}

static void end(struct fixture *f, gconstpointer data)
{
	sleep_watch_free(t.watch);
	if (t.logind)
		mock_logind_free(t.logind);
	g_clear_object(&t.ours);
	g_test_dbus_down(t.bus);
	g_object_unref(t.bus);
	tear_down(f, NULL);
}

static gboolean is_held(struct fixture *f)
{
	return mock_logind_is_held(t.logind);
}

static gboolean is_free(struct fixture *f)
{
	return !mock_logind_is_held(t.logind);
}

static gboolean has_suspended(struct fixture *f)
{
	return t.suspended == 1;
}

static gboolean has_resumed(struct fixture *f)
{
	return t.resumed == 1;
}

static gboolean was_asked(struct fixture *f)
{
	return t.logind->asks > 0;
}

static gboolean was_said(struct fixture *f)
{
	return t.said > 0;
}

static void spin(guint ms)
{
	gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;

	while (g_get_monotonic_time() < until)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
}

/* ---- tests ------------------------------------------------------------------------------- */

/* The display is told first; only then may the machine sleep. */
static void test_session(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);
	gint64 begin_us;

	wait_until(is_held, f);
	g_assert_cmpstr(t.logind->what, ==, "sleep");
	g_assert_cmpstr(t.logind->mode, ==, "delay");
	tell(sink, "stream");
	wait_until(streams, f);
	begin_us = g_get_monotonic_time();
	mock_logind_say(t.logind, TRUE);
	wait_until(is_free, f);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, <, SLEEP_SETTLE_SECONDS * G_USEC_PER_SEC);
	g_assert_true(is_gone(f));
	g_assert_true(t.was_held);
	assert_reason(f, "suspended");
	g_assert_cmpstr(session_reason(only_session(f))->hint, !=, "");
	mock_logind_say(t.logind, FALSE);
	wait_until(is_held, f);
	g_assert_cmpuint(t.resumed, ==, 1);
	g_assert_cmpuint(t.logind->asks, ==, 2);
}

/* Whoever does not end must not keep the machine awake. */
static void test_hanging(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);
	gint64 begin_us;

	wait_until(is_held, f);
	tell(sink, "stream");
	wait_until(streams, f);
	tell(sink, "hang");
	spin(200);
	begin_us = g_get_monotonic_time();
	mock_logind_say(t.logind, TRUE);
	wait_until(is_free, f);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, <, (SLEEP_SETTLE_SECONDS + 1.5) * G_USEC_PER_SEC);
	mock_logind_say(t.logind, FALSE);
	wait_until(has_resumed, f);
	wait_until(is_gone, f);
}

/* Nor who does nothing at all; as long as that the machine waits. */
static void test_never_settled(struct fixture *f, gconstpointer data)
{
	gint64 begin_us;

	wait_until(is_held, f);
	t.idle = TRUE;
	begin_us = g_get_monotonic_time();
	mock_logind_say(t.logind, TRUE);
	wait_until(is_free, f);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, >, (SLEEP_SETTLE_SECONDS - 1) * G_USEC_PER_SEC);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, <, (SLEEP_SETTLE_SECONDS + 1.5) * G_USEC_PER_SEC);
	g_assert_cmpuint(t.resumed, ==, 0);
}

static void test_nothing_to_do(struct fixture *f, gconstpointer data)
{
	gint64 begin_us;

	wait_until(is_held, f);
	begin_us = g_get_monotonic_time();
	mock_logind_say(t.logind, TRUE);
	wait_until(is_free, f);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, <, G_USEC_PER_SEC);
}

/* Nobody is let in while the machine wants to sleep, and everybody afterwards. */
static void test_refused_meanwhile(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) tv = link_sink_new("direct", "id", "TV");
	g_autoptr(GVariant) options = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
	g_autoptr(GSocketConnection) turned_away = NULL, sink = NULL;
	g_autoptr(GError) error = NULL;

	wait_until(is_held, f);
	mock_logind_say(t.logind, TRUE);
	wait_until(is_free, f);
	g_assert_false(broker_check_connect(f->broker, tv, options, &error));
	g_assert_error(error, REASON_ERROR, REASON_SUSPENDED);
	turned_away = dial(f);
	spin(100);
	g_assert_cmpuint(broker_sessions(f->broker)->len, ==, 0);
	mock_logind_say(t.logind, FALSE);
	wait_until(has_resumed, f);
	sink = dial(f);
	tell(sink, "stream");
	wait_until(streams, f);
}

/* It is said once, and casts go on. */
static void test_no_logind(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);

	tell(sink, "stream");
	wait_until(streams, f);
	wait_until(was_said, f);
	start_logind();
	wait_until(is_held, f);
	g_clear_pointer(&t.logind, mock_logind_free);
	spin(200);
	g_assert_cmpuint(t.said, ==, 1);
	g_assert_true(streams(f));
}

static void test_no_bus(struct fixture *f, gconstpointer data)
{
	sleep_watch_free(t.watch);
	t.watch = sleep_watch_new(NULL, &funcs, f);
	wait_until(was_said, f);
	g_assert_cmpuint(t.said, ==, 1);
}

/* Without an inhibitor there is still the signal. */
static void test_refused(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);

	t.logind->refuses = TRUE;
	wait_until(was_asked, f);
	wait_until(was_said, f);
	tell(sink, "stream");
	wait_until(streams, f);
	mock_logind_say(t.logind, TRUE);
	wait_until(is_gone, f);
	assert_reason(f, "suspended");
	mock_logind_say(t.logind, FALSE);
	wait_until(has_resumed, f);
	g_assert_cmpuint(t.said, ==, 1);
}

/* Nor is its answer waited for. */
static void test_silent(struct fixture *f, gconstpointer data)
{
	t.logind->silent = TRUE;
	wait_until(was_asked, f);
	mock_logind_say(t.logind, TRUE);
	wait_until(has_suspended, f);
	t.logind->silent = FALSE;
	mock_logind_say(t.logind, FALSE);
	wait_until(is_held, f);
	g_assert_cmpuint(t.resumed, ==, 1);
}

/* Nobody will say any more that it is awake. */
static void test_logind_dies(struct fixture *f, gconstpointer data)
{
	wait_until(is_held, f);
	mock_logind_say(t.logind, TRUE);
	wait_until(is_free, f);
	g_clear_pointer(&t.logind, mock_logind_free);
	wait_until(has_resumed, f);
}

/* Nor does it after a long time in which it was awake. */
static void test_never_awake(struct fixture *f, gconstpointer data)
{
	wait_until(is_held, f);
	mock_logind_say(t.logind, TRUE);
	wait_until(is_free, f);
	wait_until(has_resumed, f);
	wait_until(is_held, f);
}

/* Other users of the bus cannot end casts. */
static void test_stranger(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) stranger = test_bus_connect(t.bus);

	wait_until(is_held, f);
	g_dbus_connection_emit_signal(stranger, NULL, "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
				      "PrepareForSleep", g_variant_new("(b)", TRUE), NULL);
	spin(300);
	g_assert_cmpuint(t.suspended, ==, 0);
	g_assert_true(is_held(f));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		gboolean alone;
		void (*run)(struct fixture *f, gconstpointer data);
	} tests[] = {
		{ "/sleep/session", FALSE, test_session },
		{ "/sleep/hanging", FALSE, test_hanging },
		{ "/sleep/never-settled", FALSE, test_never_settled },
		{ "/sleep/nothing-to-do", FALSE, test_nothing_to_do },
		{ "/sleep/refused-meanwhile", FALSE, test_refused_meanwhile },
		{ "/sleep/no-logind", TRUE, test_no_logind },
		{ "/sleep/no-bus", TRUE, test_no_bus },
		{ "/sleep/refused", FALSE, test_refused },
		{ "/sleep/silent", FALSE, test_silent },
		{ "/sleep/logind-dies", FALSE, test_logind_dies },
		{ "/sleep/never-awake", FALSE, test_never_awake },
		{ "/sleep/stranger", FALSE, test_stranger },
	};

	g_test_init(&argc, &argv, NULL);
	/* What runs on this machine is left alone. */
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	/* Warnings are what some tests are about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(count_said, NULL, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, GINT_TO_POINTER(tests[i].alone), begin, tests[i].run, end);
	return g_test_run();
}
