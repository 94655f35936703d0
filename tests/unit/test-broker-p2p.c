// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The P2P link with a wpa_supplicant that the test plays, on a bus of its own.
 * IP is the loopback's; the group's network interface is lo.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

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
	g_assert_true(tv(f) == broker_find_sink(f->broker, "LIVING", NULL));
	g_assert_true(tv(f) == broker_find_sink(f->broker, MOCK_PEER_ID, NULL));
	g_assert_null(broker_find_sink(f->broker, "", NULL));
	g_assert_cmpstr(f->wpas->device_name, !=, "");

	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	g_assert_null(broker_scan_problem(f->broker));
}

static gboolean tv_is_out_of_sight(struct fixture *f)
{
	return !tv(f)->present;
}

static gboolean is_searching(struct fixture *f)
{
	return has_phase(f, "searching");
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

static void assert_scan_fails(struct fixture *f, const char *expected)
{
	g_assert_true(broker_scan(f->broker, 60, NULL));
	wait_until(scan_is_over, f);
	g_assert_nonnull(broker_scan_problem(f->broker));
	g_assert_cmpstr(broker_scan_problem(f->broker)->name, ==, expected);
	g_assert_cmpstr(broker_scan_problem(f->broker)->hint, !=, "");
	/* Users read it. */
	g_assert_null(strstr(broker_scan_problem(f->broker)->message, "GDBus.Error"));
}

static void test_no_supplicant(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "supplicant-missing");
	/* It may be started meanwhile. */
	f->wpas = mock_wpas_new(f->wpas_bus, MOCK_COMPLETE);
	scan(f);
}

static void test_no_wfd(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "no-wfd-support");
}

static void test_no_p2p(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "no-p2p-support");
}

static void test_no_radio(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "no-wifi");
}

/* ---- connecting --------------------------------------------------------------------- */

static void test_stream(struct fixture *f, gconstpointer data)
{
	static const char *const phases[] = {
		"linking", "waiting-for-acceptance", "group-started", "link-up", "dialled",
		"connected", "streaming",
	};
	g_autoptr(GSocketConnection) sink = NULL;
	const char *interface = "";

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->wpas->last_intent, ==, 15);
	sink = call_and_stream(f);
	for (guint i = 0; i < G_N_ELEMENTS(phases); i++)
		g_assert_true(has_phase(f, phases[i]));
	g_variant_lookup(session_path(only_session(f)), "interface", "&s", &interface);
	g_assert_cmpstr(interface, ==, "lo");

	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	g_assert_false(f->wpas->group);
	g_assert_cmpuint(open_nets, ==, 0);
}

static gboolean is_gone_and_was_kept_out(struct fixture *f)
{
	g_assert_true(open_nets == 1 || !f->wpas->group);
	return session_state(last_session(f)) == SESSION_GONE;
}

/* As long as there is the group the display can send: what keeps it out goes with the net. */
static void test_kept_out(struct fixture *f, gconstpointer data)
{
	scan(f);
	for (guint hangs = FALSE; hangs <= TRUE; hangs++) {
		net_does_not_close = hangs;
		begin(f);
		wait_until(last_waits_for_call, f);
		session_end(last_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
		wait_until(is_gone_and_was_kept_out, f);
		g_assert_false(f->wpas->group);
		g_assert_cmpuint(open_nets, ==, 0);
	}
}

static enum session_state state_of(struct fixture *f, guint i)
{
	return session_state(g_ptr_array_index(broker_sessions(f->broker), i));
}

static gboolean second_waits_for_call(struct fixture *f)
{
	return state_of(f, 1) == SESSION_RTSP;
}

static gboolean second_is_gone(struct fixture *f)
{
	return state_of(f, 1) == SESSION_GONE;
}

static gboolean third_waits_for_call(struct fixture *f)
{
	return state_of(f, 2) == SESSION_RTSP;
}

/* The address of the 4-way handshake, with its own mask and who gave it. */
static void test_handshake(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_ACCEPT_AS_OWNER;
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(net_opened, ==, "client -/0 of -");
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);

	f->wpas->handshake_mask = "255, 255, 240, 0";
	begin(f);
	wait_until(second_waits_for_call, f);
	g_assert_cmpstr(net_opened, ==, "client 192.168.77.9/20 of 192.168.77.1");
	session_end(g_ptr_array_index(broker_sessions(f->broker), 1),
		    reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(second_is_gone, f);

	/* No mask at all: whoever takes the address has to see that. */
	f->wpas->handshake_mask = "255, 0, 255, 0";
	begin(f);
	wait_until(third_waits_for_call, f);
	g_assert_cmpstr(net_opened, ==, "client 192.168.77.9/-1 of 192.168.77.1");
}

/* D-Bus has no words for a group of more than 20 MHz, the control socket has. */
static void test_wide(struct fixture *f, gconstpointer data)
{
	g_autofree char *directory = g_dir_make_tmp("miracast-wpas-XXXXXX", NULL);
	g_autoptr(GSocketConnection) sink = NULL;

	mock_wpas_open_control(f->wpas, directory);
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->command, ==,
			"P2P_CONNECT 02:00:00:00:01:00 pbc go_intent=15 persistent ht40 vht he");
	g_assert_cmpuint(f->wpas->commands, ==, 1);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	sink = call_and_stream(f);
	g_unlink(f->wpas->control_path);
	g_rmdir(directory);
}

/* A driver may refuse such a channel though it has announced it. */
static void test_wide_fails(struct fixture *f, gconstpointer data)
{
	g_autofree char *directory = g_dir_make_tmp("miracast-wpas-XXXXXX", NULL);

	mock_wpas_open_control(f->wpas, directory);
	f->wpas->answer = MOCK_FORMATION_FAILS;
	scan(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "group-failed");
	g_assert_cmpuint(f->wpas->commands, ==, 2);
	g_assert_true(g_str_has_suffix(f->wpas->command, " ht40"));
	g_unlink(f->wpas->control_path);
	g_rmdir(directory);
}

/* What the socket refuses, or where it is not, D-Bus is asked. */
static void test_wide_refused(struct fixture *f, gconstpointer data)
{
	g_autofree char *directory = g_dir_make_tmp("miracast-wpas-XXXXXX", NULL);

	mock_wpas_open_control(f->wpas, directory);
	f->wpas->control_answer = "UNKNOWN COMMAND\n";
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->wpas->commands, ==, 1);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	g_assert_cmpuint(f->wpas->last_intent, ==, 15);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);

	g_unlink(f->wpas->control_path);
	f->wpas->last_intent = 0;
	begin(f);
	wait_until(second_waits_for_call, f);
	g_assert_cmpuint(f->wpas->commands, ==, 1);
	g_assert_cmpuint(f->wpas->last_intent, ==, 15);
	g_rmdir(directory);
}

/* Who is not in the group's network is not the sink. */
static void test_stranger(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) stranger = NULL;
	g_autoptr(GSocketConnection) sink = NULL;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	stranger = dial_from(f, "127.0.0.3");
	g_assert_nonnull(stranger);
	sink = call_and_stream(f);
}

static gboolean hung_up(struct fixture *f)
{
	return has_phase(f, "hung-up");
}

/* It hears nothing in time, hangs up, and dials again: the group stays, and the second call counts. */
static void test_redial(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_object_unref(dial_from(f, "127.0.0.2"));
	wait_until(hung_up, f);
	g_assert_true(f->wpas->group);
	sink = call_and_stream(f);
	/* It has answered; now nobody else can call. */
	g_assert_null(dial_from(f, "127.0.0.2"));
}

static void test_reconnect(struct fixture *f, gconstpointer data)
{
	scan(f);
	for (guint i = 0; i < 3; i++) {
		GPtrArray *sessions = broker_sessions(f->broker);
		session *s;

		begin(f);
		s = g_ptr_array_index(sessions, sessions->len - 1);
		while (session_state(s) != SESSION_RTSP)
			g_main_context_iteration(NULL, TRUE);
		session_end(s, reason_new_code(REASON_DISCONNECTED, "enough"));
		while (session_state(s) != SESSION_GONE)
			g_main_context_iteration(NULL, TRUE);
		g_assert_false(f->wpas->group);
	}
	g_assert_cmpuint(f->wpas->connects, ==, 3);
}

static const struct failure {
	const char *name;
	enum mock_answer answer;
	int status;
	const char *reason;
	gboolean retried;
	guint connects; /* 0: one */
} failures[] = {
	{ "rejected", MOCK_STATUS, 11, "rejected" },
	{ "channel", MOCK_STATUS, 7, "no-common-channel" },
	{ "other", MOCK_STATUS, 5, "group-failed" },
	/* Tried again and again until the time is up. */
	{ "unavailable", MOCK_STATUS, 1, "not-accepted", TRUE },
	{ "no-answer", MOCK_STATUS, -1, "not-accepted", TRUE },
	{ "ignored", MOCK_IGNORE, 0, "not-accepted" },
	/* Once more, and no more. */
	{ "pin", MOCK_STATUS, 10, "needs-pin", FALSE, 2 },
	{ "wps", MOCK_WPS_FAILS, 0, "wps-failed", FALSE, 2 },
	{ "formation", MOCK_FORMATION_FAILS, 0, "group-failed", FALSE, 2 },
	{ "refused", MOCK_REFUSE, 0, "no-common-channel" },
};

/* On its way when the session is gone; nothing that comes later can overtake it. */
static gboolean is_cancelled(struct fixture *f)
{
	return f->wpas->cancels > 0;
}

static void test_failure(struct fixture *f, const struct failure *failure)
{
	f->wpas->answer = failure->answer;
	f->wpas->status = failure->status;
	scan(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, failure->reason);
	g_assert_cmpstr(session_reason(only_session(f))->hint, !=, "");
	wait_until(is_cancelled, f);
	if (failure->retried)
		g_assert_cmpuint(f->wpas->connects, >=, 2);
	else
		g_assert_cmpuint(f->wpas->connects, ==, MAX(failure->connects, 1));
}

/* Such a sink only works as group owner; we ask again with less wish to be it. */
static void test_both_want_owner(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS_ONCE;
	f->wpas->status = 9;
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	g_assert_cmpuint(f->wpas->last_intent, <, 15);
}

static void test_never_dials(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "sink-never-dialled");
	g_assert_false(f->wpas->group);
}

static void test_group_ends(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	sink = scan_and_stream(f);
	mock_wpas_end_group(f->wpas);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
}

/* Not each time that a device is away for a moment. */
static void test_sink_leaves_group(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	sink = scan_and_stream(f);
	mock_wpas_station(f->wpas, FALSE);
	mock_wpas_station(f->wpas, TRUE);
	spin(7000);
	g_assert_true(streams(f));
	mock_wpas_station(f->wpas, FALSE);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
}

static void test_unplugged(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	sink = scan_and_stream(f);
	mock_wpas_unplug(f->wpas);
	wait_until(is_gone, f);
	assert_reason(f, "no-wifi");
}

static void test_supplicant_dies(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	sink = scan_and_stream(f);
	g_clear_pointer(&f->wpas, mock_wpas_free);
	wait_until(is_gone, f);
	assert_reason(f, "supplicant-missing");
}

static void test_busy(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	scan(f);
	begin(f);
	g_assert_null(broker_connect(f->broker, tv(f), g_variant_new("a{sv}", NULL), &error));
	g_assert_error(error, REASON_ERROR, REASON_SINK_BUSY);
}

/* ---- before and after ------------------------------------------------------------ */

static void test_created_interface(struct fixture *f, gconstpointer data)
{
	scan(f);
	g_assert_true(f->wpas->interface);
	stop_broker(f);
	g_assert_false(f->wpas->interface);
	start_broker(f);
}

/* One that somebody else has made is left alone. */
static void test_foreign_interface(struct fixture *f, gconstpointer data)
{
	scan(f);
	stop_broker(f);
	g_assert_true(f->wpas->interface);
	g_assert_cmpuint(f->wpas->removes, ==, 0);
	start_broker(f);
}

/* SIGKILL: nothing is taken down. The next one does it. */
static void test_killed(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_clear_pointer(&f->broker, broker_free);
	g_assert_true(f->wpas->group);
	g_assert_true(f->wpas->interface);
	g_assert_cmpuint(g_variant_n_children(f->wpas->wfd), ==, 9);

	start_broker(f);
	scan(f);
	g_assert_false(f->wpas->group);
	stop_broker(f);
	g_assert_false(f->wpas->interface);
	start_broker(f);
}

/* ---- once more ----------------------------------------------------------------- */

/* @data: of what goes wrong the first time */
static void test_second_try(struct fixture *f, enum mock_answer answer, guint frequency)
{
	f->wpas->answer = answer;
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	g_assert_cmpuint(f->wpas->last_frequency, ==, frequency);
}

static void test_wps_once(struct fixture *f, gconstpointer data)
{
	test_second_try(f, MOCK_WPS_FAILS_ONCE, 0);
}

/* On a channel that is always allowed. */
static void test_channel_fails(struct fixture *f, gconstpointer data)
{
	test_second_try(f, MOCK_CHANNEL_FAILS, MOCK_GOOD_FREQUENCY);
}

static gboolean was_asked(struct fixture *f)
{
	return f->wpas->connects > 0;
}

/* wpa_supplicant forgets a peer while its user walks to it: he still has his time. */
static void test_peer_expires(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS;
	f->wpas->status = -1;
	scan(f);
	begin(f);
	wait_until(was_asked, f);
	mock_wpas_show_peer(f->wpas, FALSE);
	wait_until(is_searching, f);
	f->wpas->answer = MOCK_ACCEPT;
	mock_wpas_show_peer(f->wpas, TRUE);
	wait_until(waits_for_call, f);
}

static void test_peer_stays_away(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS;
	f->wpas->status = -1;
	scan(f);
	begin(f);
	wait_until(was_asked, f);
	mock_wpas_show_peer(f->wpas, FALSE);
	wait_until(is_gone, f);
	assert_reason(f, "not-accepted");
	g_assert_nonnull(strstr(session_reason(only_session(f))->message, "no longer in sight"));
}

/* Said before anybody walks to it. */
static void test_no_push_button(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	f->wpas->config_methods = 0x0004; /* a PIN that is printed on it */
	scan(f);
	g_assert_false(tv(f)->connectable);
	g_assert_null(broker_connect(f->broker, tv(f), g_variant_new("a{sv}", NULL), &error));
	g_assert_error(error, REASON_ERROR, REASON_NEEDS_PIN);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
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

static char *control_directory;

static void open_control(struct fixture *f, const char *answer)
{
	control_directory = g_dir_make_tmp("miracast-wpas-XXXXXX", NULL);
	mock_wpas_open_control(f->wpas, control_directory);
	f->wpas->peer_answer = answer;
}

static void close_control(struct fixture *f)
{
	g_unlink(f->wpas->control_path);
	g_rmdir(control_directory);
	g_clear_pointer(&control_directory, g_free);
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
	close_control(f);
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
	close_control(f);
}

/* Many have D-Bus alone, whatever the property says. */
static void test_band_no_socket(struct fixture *f, gconstpointer data)
{
	open_control(f, HEARD_ON_2_4);
	g_unlink(f->wpas->control_path);
	scan(f);
	g_assert_null(tv(f)->band);
	g_assert_true(tv(f)->connectable);
	close_control(f);
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
	close_control(f);
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
	close_control(f);
}

/* Nothing waits for an answer when all is over. */
static void test_band_stop(struct fixture *f, gconstpointer data)
{
	ask_in_vain(f);
	stop_broker(f);
	spin(2 * ANSWER_MS);
	start_broker(f);
	close_control(f);
}

/* ---- one radio for all ----------------------------------------------------------- */

static void test_scan_while_casting(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	scan(f);
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	begin(f);
	wait_until(waits_for_call, f);
	sink = call_and_stream(f);
	g_assert_true(broker_scan(f->broker, 10, NULL));
	/* Not from inside of the call. */
	g_assert_true(broker_scanning(f->broker));
	wait_until(scan_is_over, f);
	g_assert_nonnull(broker_scan_problem(f->broker));
	g_assert_cmpstr(broker_scan_problem(f->broker)->name, ==, "link-busy");
	g_assert_true(streams(f));
}

/* A connect ends a scan, also one that rests and of which nothing more is heard. */
static void test_connect_while_resting(struct fixture *f, gconstpointer data)
{
	scan(f);
	f->wpas->between_scans = TRUE;
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_FIND_STOPPED);
	f->wpas->finding = FALSE;
	spin(300);
	begin(f);
	wait_until(waits_for_call, f);
	wait_until(scan_is_over, f);
	wait_until(is_gone, f);
	g_assert_false(broker_scanning(f->broker));
	g_assert_true(broker_scan(f->broker, 1, NULL));
	settle(f);
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
}

/* gnome-network-displays, or a P2P connection of NetworkManager. */
static void test_foreign_group(struct fixture *f, gconstpointer data)
{
	scan(f);
	mock_wpas_foreign_group(f->wpas, TRUE);
	settle(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "link-busy");
	g_assert_nonnull(strstr(session_reason(only_session(f))->message, MOCK_FOREIGN_IFNAME));
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	mock_wpas_foreign_group(f->wpas, FALSE);
	settle(f);
	begin(f);
	while (session_state(last_session(f)) != SESSION_RTSP)
		g_main_context_iteration(NULL, TRUE);
}

/* One that was there before us. */
static void test_older_foreign_group(struct fixture *f, gconstpointer data)
{
	f->wpas->foreign = TRUE;
	scan(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "link-busy");
	g_assert_true(f->wpas->foreign);
}

/* wpa_supplicant lists the newest first, and has P2P on the oldest. */
static void test_two_radios(struct fixture *f, gconstpointer data)
{
	scan(f);
	g_assert_cmpstr(f->wpas->find_ifname, ==, "wlan0");
	begin(f);
	wait_until(waits_for_call, f);
}

static void test_other_radio(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	f->interface = "wlan9";
	start_broker(f);
	assert_scan_fails(f, "link-unavailable");
	g_assert_nonnull(strstr(broker_scan_problem(f->broker)->message, "wlan0"));
}

/* ---- what is not ours ------------------------------------------------------------------ */

static const char iwd_xml[] =
	"<node><interface name='org.freedesktop.DBus.ObjectManager'>"
	"<method name='GetManagedObjects'><arg type='a{oa{sa{sv}}}' direction='out'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.NetworkManager'>"
	"<method name='GetDeviceByIpIface'><arg type='s' direction='in'/><arg type='o' direction='out'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.NetworkManager.Device'>"
	"<property name='State' type='u' access='read'/>"
	"</interface></node>";

static void manager_called(GDBusConnection *bus, const char *sender, const char *path,
			   const char *iface, const char *method, GVariant *args,
			   GDBusMethodInvocation *call, gpointer user_data)
{
	if (strcmp(method, "GetManagedObjects") == 0)
		g_dbus_method_invocation_return_value(
			call, g_variant_new_parsed(
				      "({objectpath '/net/connman/iwd/0/3': {'net.connman.iwd.Device': "
				      "{'Name': <'wlan0'>, 'Powered': <true>}}},)"));
	else
		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", "/device"));
}

static GVariant *manager_state(GDBusConnection *bus, const char *sender, const char *path,
			       const char *iface, const char *property, GError **error,
			       gpointer user_data)
{
	return g_variant_new_uint32(100); /* activated */
}

/* @name: on the bus of the test; an object with interface @index of the XML */
static void play_manager(struct fixture *f, const char *path, guint index)
{
	static const GDBusInterfaceVTable vtable = { manager_called, manager_state, NULL, { 0 } };
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(iwd_xml, NULL);
	g_autoptr(GError) error = NULL;

	g_dbus_connection_register_object(f->wpas_bus, path, info->interfaces[index], &vtable, NULL,
					  NULL, &error);
	g_assert_no_error(error);
}

static void own_name(struct fixture *f, const char *name)
{
	g_autoptr(GVariant) result = g_dbus_connection_call_sync(
		f->wpas_bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		"org.freedesktop.DBus", "RequestName", g_variant_new("(su)", name, 0), NULL,
		G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

	g_assert_nonnull(result);
}

static void assert_adapter_is_left(struct fixture *f, const char *whose)
{
	assert_scan_fails(f, "link-unavailable");
	g_assert_nonnull(strstr(broker_scan_problem(f->broker)->message, whose));
	g_assert_nonnull(strstr(broker_scan_problem(f->broker)->message, "wlan0"));
	g_assert_false(f->wpas->interface);
}

static void test_iwd(struct fixture *f, gconstpointer data)
{
	play_manager(f, "/", 0);
	own_name(f, "net.connman.iwd");
	assert_adapter_is_left(f, "iwd");
}

static void test_associated(struct fixture *f, gconstpointer data)
{
	set_kernel_user("an access point");
	assert_adapter_is_left(f, "an access point");
	/* It may be free later. */
	set_kernel_user(NULL);
	scan(f);
}

/* ifupdown's, or wpa_supplicant@wlan0.service */
static void test_control_socket(struct fixture *f, gconstpointer data)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/wlan0", f->runtime_dir);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	assert_adapter_is_left(f, "another");
	/* Only its file is left: nobody is there. */
	close(fd);
	scan(f);
	g_unlink(address.sun_path);
}

/* Between our look and our call somebody gives it to wpa_supplicant. */
static void test_somebody_was_quicker(struct fixture *f, gconstpointer data)
{
	f->wpas->exists = TRUE;
	test_foreign_interface(f, data);
}

static void test_adopted_by_manager(struct fixture *f, gconstpointer data)
{
	scan(f);
	play_manager(f, "/org/freedesktop/NetworkManager", 1);
	play_manager(f, "/device", 2);
	own_name(f, "org.freedesktop.NetworkManager");
	stop_broker(f);
	g_assert_true(f->wpas->interface);
	start_broker(f);
}

static void test_adopted(struct fixture *f, gconstpointer data)
{
	scan(f);
	f->wpas->adopted = TRUE;
	stop_broker(f);
	g_assert_true(f->wpas->interface);
	start_broker(f);
}

/* What cannot be used is not left behind, and not only at our end. */
static void test_created_in_vain(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "no-p2p-support");
	g_assert_false(f->wpas->interface);
	g_assert_cmpuint(f->wpas->removes, ==, 1);
}

static void test_refuses_element(struct fixture *f, gconstpointer data)
{
	mock_wpas_unplug(f->wpas);
	assert_scan_fails(f, "supplicant-failed");
	g_assert_false(f->wpas->interface);
	g_assert_cmpuint(f->wpas->removes, ==, 1);
}

static void test_restored(struct fixture *f, gconstpointer data)
{
	scan(f);
	g_assert_cmpstr(f->wpas->device_name, !=, "");
	g_assert_nonnull(strstr(f->wpas->methods, "push_button"));
	stop_broker(f);
	g_assert_cmpstr(f->wpas->device_name, ==, "");
	g_assert_cmpstr(f->wpas->device_type, ==, "[0x07]");
	g_assert_cmpstr(f->wpas->methods, ==, MOCK_OLD_METHODS);
	start_broker(f);
}

/* A name of 40 bytes; the 32nd is in the middle of a character. */
static void test_long_name(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	f->device_name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\303\244.example";
	start_broker(f);
	scan(f);
	g_assert_cmpstr(f->wpas->device_name, ==, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

/* Then a computer without a name. */
static void test_refused_name(struct fixture *f, gconstpointer data)
{
	f->wpas->refuses_name = TRUE;
	scan(f);
	settle(f);
	g_assert_nonnull(strstr(f->wpas->device_type, "0x50"));
}

static gboolean is_not_announced(struct fixture *f)
{
	return g_variant_n_children(f->wpas->wfd) == 0;
}

/* Nobody needs it any more: we are no source on the air until the next scan. */
static void test_idle(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	f->linger = 1;
	start_broker(f);
	scan(f);
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	g_assert_false(is_not_announced(f));
	wait_until(is_not_announced, f);
	settle(f);
	g_assert_false(f->wpas->interface);
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
}

/* The group that is on its way out is no other program's. */
static void test_killed_with_group(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_clear_pointer(&f->broker, broker_free);
	f->wpas->group_ifname = "p2p-wlan0-0";
	start_broker(f);
	scan(f);
	settle(f);
	g_assert_false(f->wpas->group);
	f->wpas->group_ifname = NULL;
	begin(f);
	wait_until(waits_for_call, f);
}

/* SIGKILL between creating the interface and using it: the file says so already. */
static void test_killed_early(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->runtime_dir, "p2p.state", NULL);

	g_assert_true(broker_scan(f->broker, 60, NULL));
	for (;;) {
		g_autofree char *text = NULL;

		g_file_get_contents(path, &text, NULL, NULL);
		if (text && strstr(text, "created="))
			break;
		g_main_context_iteration(NULL, TRUE);
	}
	g_assert_true(is_not_announced(f));
	g_clear_pointer(&f->broker, broker_free);
	settle(f);
	g_assert_true(f->wpas->interface);
	start_broker(f);
	scan(f);
	stop_broker(f);
	g_assert_false(f->wpas->interface);
	start_broker(f);
}

static void add(const char *name, int build, void (*test)(struct fixture *, gconstpointer))
{
	g_test_add(name, struct fixture, GINT_TO_POINTER(build), set_up, test, tear_down);
}

static void set_up_failure(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(MOCK_COMPLETE));
}

static void run_failure(struct fixture *f, gconstpointer data)
{
	test_failure(f, data);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* What the broker warns of is what some of the tests are about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	add("/p2p/find", MOCK_COMPLETE, test_find);
	add("/p2p/lost", MOCK_COMPLETE, test_lost);
	add("/p2p/no-supplicant", -1, test_no_supplicant);
	add("/p2p/no-wfd", MOCK_NO_WFD, test_no_wfd);
	add("/p2p/no-p2p", MOCK_NO_P2P, test_no_p2p);
	add("/p2p/no-radio", MOCK_NO_RADIO, test_no_radio);
	add("/p2p/stream", MOCK_COMPLETE, test_stream);
	add("/p2p/kept-out", MOCK_COMPLETE, test_kept_out);
	add("/p2p/handshake", MOCK_COMPLETE, test_handshake);
	add("/p2p/wide", MOCK_COMPLETE, test_wide);
	add("/p2p/wide/fails", MOCK_COMPLETE, test_wide_fails);
	add("/p2p/wide/refused", MOCK_COMPLETE, test_wide_refused);
	add("/p2p/stranger", MOCK_COMPLETE, test_stranger);
	add("/p2p/redial", MOCK_COMPLETE, test_redial);
	add("/p2p/reconnect", MOCK_COMPLETE, test_reconnect);
	for (guint i = 0; i < G_N_ELEMENTS(failures); i++) {
		g_autofree char *path = g_strconcat("/p2p/fails/", failures[i].name, NULL);

		g_test_add(path, struct fixture, &failures[i], set_up_failure, run_failure,
			   tear_down);
	}
	add("/p2p/both-want-owner", MOCK_COMPLETE, test_both_want_owner);
	add("/p2p/never-dials", MOCK_COMPLETE, test_never_dials);
	add("/p2p/group-ends", MOCK_COMPLETE, test_group_ends);
	add("/p2p/sink-leaves-group", MOCK_COMPLETE, test_sink_leaves_group);
	add("/p2p/unplugged", MOCK_COMPLETE, test_unplugged);
	add("/p2p/supplicant-dies", MOCK_COMPLETE, test_supplicant_dies);
	add("/p2p/busy", MOCK_COMPLETE, test_busy);
	add("/p2p/created-interface", MOCK_NO_INTERFACE, test_created_interface);
	add("/p2p/foreign-interface", MOCK_COMPLETE, test_foreign_interface);
	add("/p2p/killed", MOCK_NO_INTERFACE, test_killed);
	add("/p2p/killed-with-group", MOCK_COMPLETE, test_killed_with_group);
	add("/p2p/killed-early", MOCK_NO_INTERFACE, test_killed_early);
	add("/p2p/second-try/wps", MOCK_COMPLETE, test_wps_once);
	add("/p2p/second-try/channel", MOCK_COMPLETE, test_channel_fails);
	add("/p2p/peer/expires", MOCK_COMPLETE, test_peer_expires);
	add("/p2p/peer/stays-away", MOCK_COMPLETE, test_peer_stays_away);
	add("/p2p/peer/no-push-button", MOCK_COMPLETE, test_no_push_button);
	add("/p2p/peer/level", MOCK_COMPLETE, test_level);
	add("/p2p/peer/band", MOCK_COMPLETE, test_band);
	add("/p2p/peer/band/silent", MOCK_COMPLETE, test_band_silent);
	add("/p2p/peer/band/no-socket", MOCK_COMPLETE, test_band_no_socket);
	add("/p2p/peer/band/once", MOCK_COMPLETE, test_band_once);
	add("/p2p/peer/band/lost", MOCK_COMPLETE, test_band_lost);
	add("/p2p/peer/band/stop", MOCK_COMPLETE, test_band_stop);
	add("/p2p/radio/scan-while-casting", MOCK_COMPLETE, test_scan_while_casting);
	add("/p2p/radio/connect-while-resting", MOCK_COMPLETE, test_connect_while_resting);
	add("/p2p/radio/foreign-group", MOCK_COMPLETE, test_foreign_group);
	add("/p2p/radio/older-foreign-group", MOCK_COMPLETE, test_older_foreign_group);
	add("/p2p/radio/two", MOCK_TWO_RADIOS, test_two_radios);
	add("/p2p/radio/other", MOCK_TWO_RADIOS, test_other_radio);
	add("/p2p/adapter/iwd", MOCK_NO_INTERFACE, test_iwd);
	add("/p2p/adapter/kernel", MOCK_NO_INTERFACE, test_associated);
	add("/p2p/adapter/control-socket", MOCK_NO_INTERFACE, test_control_socket);
	add("/p2p/adapter/exists", MOCK_NO_INTERFACE, test_somebody_was_quicker);
	add("/p2p/adapter/adopted-by-manager", MOCK_NO_INTERFACE, test_adopted_by_manager);
	add("/p2p/adapter/adopted", MOCK_NO_INTERFACE, test_adopted);
	add("/p2p/adapter/created-in-vain", MOCK_CREATED_NO_P2P, test_created_in_vain);
	add("/p2p/adapter/refuses-element", MOCK_REFUSES_WFD, test_refuses_element);
	add("/p2p/adapter/restored", MOCK_COMPLETE, test_restored);
	add("/p2p/adapter/long-name", MOCK_COMPLETE, test_long_name);
	add("/p2p/adapter/refused-name", MOCK_COMPLETE, test_refused_name);
	add("/p2p/adapter/idle", MOCK_NO_INTERFACE, test_idle);
	return g_test_run();
}
