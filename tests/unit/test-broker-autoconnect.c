// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays that are cast to whenever they are in sight. The links are this test's, and nobody answers on them.
 */
#include <string.h>

#include "autoconnect.h"
#include "display.h"
#include "fake-link.h"
#include "link-direct.h"
#include "main-loop.h"

#define TV "02:00:00:00:01:00"
#define AGAIN_MS 300
#define LOOK_MS 100

/* Looks that were refused at once, by what the log says. */
static guint refusals;

struct fixture {
	struct broker_config config;
	broker *broker;
	struct fake_link *p2p, *mice;
	autoconnect *autoconnect;
	link_sink *tv;
	gboolean stopped;
};

static void sinks_changed(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	autoconnect_displays_changed(f->autoconnect);
}

static void scanning_changed(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	autoconnect_scanning_changed(f->autoconnect);
}

static void session_changed_state(broker *b, session *s, enum session_change what, gpointer user_data)
{
	struct fixture *f = user_data;

	autoconnect_session_changed(f->autoconnect, s, what);
}

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static const struct broker_events events = {
	.sinks_changed = sinks_changed,
	.remembered_changed = sinks_changed,
	.scanning_changed = scanning_changed,
	.session_changed = session_changed_state,
	.stopped = stopped,
};

/* The test adds them. */
static const char no_links[] = "no links";

static void set_up(struct fixture *f, gconstpointer data)
{
	f->config.launcher = umd_launcher_new(FAKE_UMD, NULL);
	f->config.keep_ended = BROKER_KEEP_ENDED;
	f->broker = broker_new(&f->config);
	f->p2p = fake_link_new("p2p", f->broker);
	f->mice = fake_link_new("mice", f->broker);
	if (data != no_links) {
		broker_add_link(f->broker, &f->p2p->base);
		broker_add_link(f->broker, &f->mice->base);
	}
	f->autoconnect = autoconnect_new(&(struct autoconnect_config){
		.broker = f->broker, .every_ms = LOOK_MS, .again_ms = AGAIN_MS });
	broker_set_events(f->broker, &events, f);
	f->tv = link_sink_new("p2p", TV, "TV");
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	autoconnect_rest(f->autoconnect, TRUE);
	broker_stop(f->broker, reason_new_code(REASON_SHUTDOWN, "the test is over"));
	WAIT(f->stopped);
	broker_free(f->broker);
	autoconnect_free(f->autoconnect);
	umd_launcher_unref(f->config.launcher);
	link_sink_unref(f->tv);
}

static void want(struct fixture *f, const char *what, gboolean on)
{
	g_autoptr(GError) error = NULL;

	displays_set_autoconnect(f->broker, what, OWNER_ALL, on, &error);
	g_assert_no_error(error);
}

static session *last_session(struct fixture *f)
{
	GPtrArray *sessions = broker_sessions(f->broker);

	return sessions->len ? g_ptr_array_index(sessions, sessions->len - 1) : NULL;
}

static gboolean is_over(struct fixture *f)
{
	return session_state(last_session(f)) == SESSION_GONE;
}

static void see(struct fixture *f, gboolean present)
{
	fake_link_sink(f->p2p, f->tv, present);
	turn(50);
}

/* Once each time that it is there; whoever says no is not asked again. */
static void test_in_sight(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) stay = NULL;
	gboolean wanted = FALSE;

	see(f, TRUE);
	g_assert_cmpuint(f->p2p->connects, ==, 0);
	want(f, "TV", TRUE);
	WAIT(f->p2p->connects == 1);
	g_assert_cmpstr(f->p2p->connected, ==, TV);
	stay = g_variant_ref_sink(session_stay(last_session(f)));
	g_assert_true(g_variant_lookup(stay, "wanted", "b", &wanted));
	g_assert_true(wanted);
	fake_link_fail(f->p2p);
	WAIT(is_over(f));
	turn(2 * AGAIN_MS);
	see(f, TRUE);
	g_assert_cmpuint(f->p2p->connects, ==, 1);
	see(f, FALSE);
	see(f, TRUE);
	WAIT(f->p2p->connects == 2);
}

/* One that comes and goes with the wind is left in peace for a while. */
static void test_again(struct fixture *f, gconstpointer data)
{
	gint64 begun;

	see(f, TRUE);
	want(f, "TV", TRUE);
	WAIT(f->p2p->connects == 1);
	begun = g_get_monotonic_time();
	fake_link_fail(f->p2p);
	WAIT(is_over(f));
	while (f->p2p->connects == 1) {
		see(f, FALSE);
		see(f, TRUE);
	}
	g_assert_cmpint(g_get_monotonic_time() - begun, >=, AGAIN_MS * 1000);
}

/* Who ends it does not see it come back; who connects by hand takes that back. */
static void test_held(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) options = g_variant_ref_sink(g_variant_new_parsed("@a{sv} {}"));
	g_autoptr(GError) error = NULL;

	see(f, TRUE);
	want(f, "TV", TRUE);
	WAIT(f->p2p->connects == 1);
	session_end(last_session(f), reason_new_code(REASON_DISCONNECTED, "by the user"));
	WAIT(is_over(f));
	turn(AGAIN_MS);
	see(f, FALSE);
	see(f, TRUE);
	turn(2 * LOOK_MS);
	g_assert_cmpuint(f->p2p->connects, ==, 1);

	g_assert_nonnull(broker_connect(f->broker, f->tv, options, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(f->p2p->connects, ==, 2);
	fake_link_fail(f->p2p);
	WAIT(is_over(f));
	turn(AGAIN_MS);
	see(f, FALSE);
	see(f, TRUE);
	WAIT(f->p2p->connects == 3);
}

/* One that calls itself so is not the one that is wanted. */
static void test_other_id(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) other = link_sink_new("p2p", "02:00:00:00:02:00", "TV");
	g_autoptr(link_sink) way = link_sink_new("mice", "mice:tv.local", "TV");

	see(f, TRUE);
	want(f, TV, TRUE);
	WAIT(f->p2p->connects == 1);
	fake_link_fail(f->p2p);
	WAIT(is_over(f));
	see(f, FALSE);
	turn(AGAIN_MS);
	fake_link_sink(f->p2p, other, TRUE);
	fake_link_sink(f->mice, way, TRUE);
	turn(4 * LOOK_MS);
	g_assert_cmpuint(f->p2p->connects, ==, 1);
	g_assert_cmpuint(f->mice->connects, ==, 0);
	want(f, TV, FALSE);
	g_assert_false(autoconnect_is_wanted(f->autoconnect));
	see(f, TRUE);
	g_assert_cmpuint(f->p2p->connects, ==, 1);
}

/* It is looked for as long as it is wanted, but not while there is a cast, nor asleep. */
static void test_look(struct fixture *f, gconstpointer data)
{
	guint finds;

	turn(2 * LOOK_MS);
	g_assert_cmpuint(f->p2p->finds, ==, 0);
	see(f, FALSE);
	want(f, "TV", TRUE);
	WAIT(f->p2p->finds >= 3);
	see(f, TRUE);
	WAIT(f->p2p->connects == 1);
	turn(20);
	finds = f->p2p->finds;
	turn(3 * LOOK_MS);
	g_assert_cmpuint(f->p2p->finds, ==, finds);

	autoconnect_rest(f->autoconnect, TRUE);
	broker_suspend(f->broker);
	WAIT(session_is_down(last_session(f)));
	see(f, FALSE);
	see(f, TRUE);
	turn(3 * LOOK_MS);
	g_assert_cmpuint(f->p2p->finds, ==, finds);
	g_assert_cmpuint(f->p2p->connects, ==, 1);
}

/* Whoever calls and waits for a yes is no cast. */
static void test_asked(struct fixture *f, gconstpointer data)
{
	link_backend *direct = link_direct_new(broker_link_events(), f->broker);
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnection) caller = NULL;
	g_autofree char *bound = NULL;
	guint finds;

	f->config.consent_timeout = 30;
	broker_add_link(f->broker, direct);
	g_assert_true(link_direct_listen(direct, "127.0.0.1:0", g_variant_new("a{sv}", NULL), &bound, NULL));
	caller = g_socket_client_connect_to_host(client, bound, 0, NULL, NULL);
	g_assert_nonnull(caller);
	WAIT(last_session(f) && session_wants_consent(last_session(f)));
	see(f, FALSE);
	want(f, "TV", TRUE);
	finds = f->p2p->finds;
	WAIT(f->p2p->finds >= finds + 3);
	g_assert_true(session_wants_consent(last_session(f)));
}

/* What cannot look, since there is no radio, does so ever more rarely. */
static void test_cannot_look(struct fixture *f, gconstpointer data)
{
	gint64 begun = g_get_monotonic_time();

	see(f, FALSE);
	want(f, "TV", TRUE);
	while (f->p2p->finds < 4) {
		if (!f->p2p->find_error)
			f->p2p->find_error = g_error_new_literal(REASON_ERROR, REASON_NO_WIFI, "no Wi-Fi");
		turn(5);
		g_assert_cmpint(g_get_monotonic_time() - begun, <, 20 * G_USEC_PER_SEC);
	}
	g_clear_error(&f->p2p->find_error);
	/* At once, and after one, two and four times LOOK_MS less what a scan takes. */
	g_assert_cmpint(g_get_monotonic_time() - begun, >=, 5 * LOOK_MS * 1000);
}

/* One that is refused at once is over: whatever somebody else looks for then is none of ours. */
static void test_refused(struct fixture *f, gconstpointer data)
{
	gint64 begun;
	guint finds;

	see(f, FALSE);
	want(f, "TV", TRUE);
	WAIT(refusals == 1);
	begun = g_get_monotonic_time();
	WAIT(refusals == 4);
	/* Twice as rarely each time: two, four and eight times, less what a wait here is late. */
	g_assert_cmpint(g_get_monotonic_time() - begun, >=, 12 * LOOK_MS * 1000);

	broker_add_link(f->broker, &f->p2p->base);
	broker_add_link(f->broker, &f->mice->base);
	f->p2p->find_error = g_error_new_literal(REASON_ERROR, REASON_NO_WIFI, "no Wi-Fi");
	g_assert_true(broker_scan(f->broker, 1, NULL));
	WAIT(!broker_scanning(f->broker));
	finds = f->p2p->finds;
	begun = g_get_monotonic_time();
	WAIT(f->p2p->finds == finds + 2);
	/* What is left of the sixteen, and sixteen more; not thirty-two. */
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 42 * LOOK_MS * 1000);
}

static GLogWriterOutput quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	for (gsize i = 0; i < n_fields; i++) {
		if (strcmp(fields[i].key, "MESSAGE") == 0 && strstr(fields[i].value, "cannot be looked for"))
			refusals++;
	}
	return level <= G_LOG_LEVEL_CRITICAL ? g_log_writer_default(level, fields, n_fields, NULL) :
					       G_LOG_WRITER_HANDLED;
}

#define TEST(name, function) \
	g_test_add("/broker/autoconnect/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(quiet, NULL, NULL);
	TEST("in-sight", test_in_sight);
	TEST("again", test_again);
	TEST("held", test_held);
	TEST("other-id", test_other_id);
	TEST("look", test_look);
	TEST("asked", test_asked);
	TEST("cannot-look", test_cannot_look);
	g_test_add("/broker/autoconnect/refused", struct fixture, no_links, set_up, test_refused, tear_down);
	return g_test_run();
}
