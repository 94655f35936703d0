// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The P2P link with a wpa_supplicant that the test plays, on a bus of its own.
 * IP is the loopback's; the group's network interface is lo.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "p2p-fixture.h"

/* ---- what cannot look -------------------------------------------------------------- */

static void test_no_supplicant(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "supplicant-missing", "wpa_supplicant");
	/* It may be started meanwhile. */
	f->wpas = mock_wpas_new(f->wpas_bus, MOCK_COMPLETE);
	scan(f);
}

static void test_no_wfd(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "no-wfd-support", "Wi-Fi Display");
}

static void test_no_p2p(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "no-p2p-support", "P2P");
}

static void test_no_radio(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "no-wifi", "wlan0");
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
	g_autoptr(GSocketConnection) sink = NULL;

	mock_wpas_open_control(f->wpas);
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->command, ==,
			"P2P_CONNECT 02:00:00:00:01:00 pbc go_intent=15 persistent ht40 vht he");
	g_assert_cmpuint(f->wpas->commands, ==, 1);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	sink = call_and_stream(f);
}

/* A driver may refuse such a channel though it has announced it. */
static void test_wide_fails(struct fixture *f, gconstpointer data)
{
	mock_wpas_open_control(f->wpas);
	f->wpas->answer = MOCK_FORMATION_FAILS;
	scan(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "group-failed");
	g_assert_cmpuint(f->wpas->commands, ==, 2);
	g_assert_true(g_str_has_suffix(f->wpas->command, " ht40"));
}

/* What the socket refuses, or where it is not, D-Bus is asked. */
static void test_wide_refused(struct fixture *f, gconstpointer data)
{
	mock_wpas_open_control(f->wpas);
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

/*
 * Who is switched off in mid-stream, and on again, may listen on another channel: it is asked when it has been heard, though
 * wpa_supplicant has listed it all the time.
 */
static void test_peer_doubted(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;
	guint finds;

	sink = scan_and_stream(f);
	mock_wpas_end_group(f->wpas);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
	/* That its groups are others now is not its word. */
	mock_wpas_peer_changed(f->wpas);
	settle(f);
	finds = f->wpas->finds;
	begin(f);
	wait_until(last_waits_for_call, f);
	g_assert_cmpuint(f->wpas->finds, >, finds);
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
	assert_scan_fails(f, "link-unavailable", "wlan0");
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
	add("/p2p/second-try/wps", MOCK_COMPLETE, test_wps_once);
	add("/p2p/second-try/channel", MOCK_COMPLETE, test_channel_fails);
	add("/p2p/peer/expires", MOCK_COMPLETE, test_peer_expires);
	add("/p2p/peer/stays-away", MOCK_COMPLETE, test_peer_stays_away);
	add("/p2p/peer/doubted", MOCK_COMPLETE, test_peer_doubted);
	add("/p2p/peer/no-push-button", MOCK_COMPLETE, test_no_push_button);
	add("/p2p/radio/scan-while-casting", MOCK_COMPLETE, test_scan_while_casting);
	add("/p2p/radio/connect-while-resting", MOCK_COMPLETE, test_connect_while_resting);
	add("/p2p/radio/foreign-group", MOCK_COMPLETE, test_foreign_group);
	add("/p2p/radio/older-foreign-group", MOCK_COMPLETE, test_older_foreign_group);
	add("/p2p/radio/two", MOCK_TWO_RADIOS, test_two_radios);
	add("/p2p/radio/other", MOCK_TWO_RADIOS, test_other_radio);
	return g_test_run();
}
