// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays in sight over Wi-Fi P2P: found, lost, how strong, on which band.
 */
#include <glib/gstdio.h>

#include "p2p-fixture.h"

/* ---- finding --------------------------------------------------------------------- */

static void test_find(struct fixture *f, gconstpointer data)
{
	scan(f);
	/* Not the laptop, which is a source, nor the printer. */
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 1);
	g_assert_cmpstr(tv(f)->id, ==, MOCK_PEER_ID);
	g_assert_true(tv(f)->connectable);
	g_assert_true(tv(f)->hdcp);
	g_assert_cmpint(tv(f)->level, ==, -40);
	g_assert_true(tv(f) == broker_find_sink(f->broker, "LIVING", OWNER_ALL, NULL));
	g_assert_true(tv(f) == broker_find_sink(f->broker, MOCK_PEER_ID, OWNER_ALL, NULL));
	g_assert_null(broker_find_sink(f->broker, "", OWNER_ALL, NULL));
	g_assert_cmpstr(f->wpas->device_name, !=, "");

	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	g_assert_null(broker_scan_problem(f->broker));
}

static gboolean tv_is_out_of_sight(struct fixture *f)
{
	return !tv(f)->present;
}

/* A display that is not in sight is remembered, and found again for a connect. */
static void test_lost(struct fixture *f, gconstpointer data)
{
	scan(f);
	mock_wpas_show_peer(f->wpas, FALSE);
	wait_until(tv_is_out_of_sight, f);
	begin(f);
	wait_until(is_searching, f);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	mock_wpas_show_peer(f->wpas, TRUE);
	wait_until(waits_for_call, f);
}

static gboolean is_near(struct fixture *f)
{
	return tv(f)->level == -70;
}

static guint sinks_told;

static void sinks_changed(broker *b, gpointer user_data)
{
	sinks_told++;
}

/* What D-Bus says of a signal does not stay as it was when it was first seen. */
static void test_level(struct fixture *f, gconstpointer data)
{
	static const struct broker_events counting = { .sinks_changed = sinks_changed };

	scan(f);
	settle(f);
	broker_set_events(f->broker, &counting, f);
	sinks_told = 0;
	f->wpas->level = -41; /* not worth a word */
	mock_wpas_peer_changed(f->wpas);
	settle(f);
	g_assert_cmpuint(sinks_told, ==, 0);
	f->wpas->level = -70;
	mock_wpas_peer_changed(f->wpas);
	wait_until(is_near, f);
	g_assert_cmpuint(sinks_told, ==, 1);
	/* A sign of life is told from time to time. */
	spin(P2P_SINKS_FRESH_SECONDS * 1000);
	mock_wpas_peer_changed(f->wpas);
	settle(f);
	g_assert_cmpuint(sinks_told, ==, 2);
	reset_events(f);
}

/* ---- where it was heard ------------------------------------------------------------ */

/* As wpa_supplicant 2.10 writes it, shortened. */
#define HEARD_ON_2_4 "02:00:00:00:01:00\nage=1\nlisten_freq=2437\nlevel=-40\ndevice_name=TV\noper_freq=5180\nstatus=0\n"
/* How long an answer is waited for, with what seconds are rounded by. */
#define ANSWER_MS 1200

static void open_control(struct fixture *f, const char *answer)
{
	mock_wpas_open_control(f->wpas);
	f->wpas->peer_answer = answer;
}

static gboolean is_on_5_ghz(struct fixture *f)
{
	return g_strcmp0(tv(f)->band, "5 GHz") == 0;
}

static gboolean has_no_band(struct fixture *f)
{
	return !tv(f)->band;
}

/* It is told with the display, not after it; what it has spoken of is its band only when it owns a group. */
static void test_band(struct fixture *f, gconstpointer data)
{
	static const struct broker_events counting = { .sinks_changed = sinks_changed };

	open_control(f, HEARD_ON_2_4);
	scan(f);
	g_assert_cmpstr(tv(f)->band, ==, "2.4 GHz");
	settle(f);
	g_assert_cmpuint(f->wpas->commands, ==, 0);
	broker_set_events(f->broker, &counting, f);
	sinks_told = 0;
	f->wpas->group_capability = 0x01;
	mock_wpas_peer_changed(f->wpas);
	wait_until(is_on_5_ghz, f);
	settle(f);
	g_assert_cmpuint(sinks_told, ==, 1);
	f->wpas->peer_answer = "FAIL\n";
	mock_wpas_peer_changed(f->wpas);
	wait_until(has_no_band, f);
	g_assert_cmpuint(sinks_told, ==, 2);
	reset_events(f);
}

/* A socket that is silent holds up a display once, and for a moment. */
static void test_band_silent(struct fixture *f, gconstpointer data)
{
	gint64 began = g_get_monotonic_time();
	guint asked;

	open_control(f, NULL);
	scan(f);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 5 * G_USEC_PER_SEC);
	g_assert_null(tv(f)->band);
	asked = f->wpas->peer_commands;
	g_assert_cmpuint(asked, ==, 1);
	f->wpas->level = -70;
	mock_wpas_peer_changed(f->wpas);
	settle(f);
	g_assert_true(is_near(f));
	g_assert_cmpuint(f->wpas->peer_commands, ==, asked);
}

/* Many have D-Bus alone, whatever the property says. */
static void test_band_no_socket(struct fixture *f, gconstpointer data)
{
	open_control(f, HEARD_ON_2_4);
	g_unlink(f->wpas->control_path);
	scan(f);
	g_assert_null(tv(f)->band);
	g_assert_true(tv(f)->connectable);
}

/* However often it changes while it is asked for, there is one question, and what is new counts. */
static void test_band_once(struct fixture *f, gconstpointer data)
{
	guint asked;

	open_control(f, HEARD_ON_2_4);
	scan(f);
	settle(f);
	asked = f->wpas->peer_commands;
	f->wpas->peer_answer = NULL;
	for (int level = -68; level >= -70; level--) {
		f->wpas->level = level;
		mock_wpas_peer_changed(f->wpas);
		settle(f);
	}
	g_assert_cmpuint(f->wpas->peer_commands, ==, asked + 1);
	wait_until(is_near, f);
}

/* A display is known, and is asked about again, without an answer. */
static void ask_in_vain(struct fixture *f)
{
	open_control(f, HEARD_ON_2_4);
	scan(f);
	settle(f);
	f->wpas->peer_answer = NULL;
	mock_wpas_peer_changed(f->wpas);
	settle(f);
}

/* What is lost while it is asked for is not found by the answer. */
static void test_band_lost(struct fixture *f, gconstpointer data)
{
	ask_in_vain(f);
	mock_wpas_show_peer(f->wpas, FALSE);
	wait_until(tv_is_out_of_sight, f);
	spin(2 * ANSWER_MS);
	g_assert_false(tv(f)->present);
}

/* Nothing waits for an answer when all is over. */
static void test_band_stop(struct fixture *f, gconstpointer data)
{
	ask_in_vain(f);
	stop_broker(f);
	spin(2 * ANSWER_MS);
	start_broker(f);
}

static void add(const char *name, int build, void (*test)(struct fixture *, gconstpointer))
{
	g_test_add(name, struct fixture, GINT_TO_POINTER(build), set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* What the broker warns of is what some of the tests are about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	add("/p2p/find", MOCK_COMPLETE, test_find);
	add("/p2p/lost", MOCK_COMPLETE, test_lost);
	add("/p2p/peer/level", MOCK_COMPLETE, test_level);
	add("/p2p/peer/band", MOCK_COMPLETE, test_band);
	add("/p2p/peer/band/silent", MOCK_COMPLETE, test_band_silent);
	add("/p2p/peer/band/no-socket", MOCK_COMPLETE, test_band_no_socket);
	add("/p2p/peer/band/once", MOCK_COMPLETE, test_band_once);
	add("/p2p/peer/band/lost", MOCK_COMPLETE, test_band_lost);
	add("/p2p/peer/band/stop", MOCK_COMPLETE, test_band_stop);
	return g_test_run();
}
