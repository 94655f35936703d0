// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The P2P link with a wpa_supplicant that the test plays, on a bus of its own.
 * IP is the loopback's; the group's network interface is lo.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "broker.h"
#include "link-p2p.h"
#include "mock-wpas.h"

#define PATIENCE_US (30 * G_USEC_PER_SEC)

struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *bus; /* ours */
	GDBusConnection *wpas_bus; /* the mock's */
	mock_wpas *wpas;
	struct broker_config config;
	broker *broker;
	char *runtime_dir;
	guint16 port;
	gboolean stopped;
};

/* ---- IP, played ------------------------------------------------------------------ */

struct p2p_net {
	const struct p2p_net_funcs *funcs;
	gpointer user_data;
	guint idle;
};

static guint open_nets;

static gboolean net_is_up(gpointer user_data)
{
	p2p_net *net = user_data;
	g_autoptr(GInetAddress) local = g_inet_address_new_from_string("127.0.0.1");
	g_autoptr(GInetAddressMask) peers =
		g_inet_address_mask_new_from_string("127.0.0.2", NULL);

	net->idle = 0;
	net->funcs->up(net, local, peers, net->user_data);
	return G_SOURCE_REMOVE;
}

static p2p_net *net_open(const struct p2p_net_request *request, const struct p2p_net_funcs *funcs,
			 gpointer user_data)
{
	p2p_net *net = g_new0(p2p_net, 1);

	g_assert_cmpstr(request->ifname, ==, "lo");
	net->funcs = funcs;
	net->user_data = user_data;
	net->idle = g_idle_add(net_is_up, net);
	open_nets++;
	return net;
}

static gboolean net_is_closed(gpointer user_data)
{
	p2p_net *net = user_data;

	net->idle = 0;
	net->funcs->closed(net, net->user_data);
	return G_SOURCE_REMOVE;
}

static void net_close(p2p_net *net)
{
	g_clear_handle_id(&net->idle, g_source_remove);
	net->idle = g_idle_add(net_is_closed, net);
}

static void net_free(p2p_net *net)
{
	g_clear_handle_id(&net->idle, g_source_remove);
	g_free(net);
	open_nets--;
}

static const struct p2p_net_impl loopback_net = { net_open, net_close, net_free };

/* ---- fixture ------------------------------------------------------------------------ */

static void wait_until(gboolean (*done)(struct fixture *f), struct fixture *f)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (!done(f)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

static GDBusConnection *connect_bus(struct fixture *f)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(f->test_bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);

	g_assert_no_error(error);
	return bus;
}

static guint16 free_port(void)
{
	g_autoptr(GSocketListener) listener = g_socket_listener_new();

	return g_socket_listener_add_any_inet_port(listener, NULL, NULL);
}

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static const struct broker_events events = { .stopped = stopped };

static void start_broker(struct fixture *f)
{
	f->stopped = FALSE;
	f->broker = broker_new(&f->config);
	broker_set_events(f->broker, &events, f);
	broker_add_link(f->broker, link_p2p_new(&(struct link_p2p_config){
						.bus = f->bus,
						.interface = f->wpas && f->wpas->build != MOCK_COMPLETE ?
							"wlan0" : NULL,
						.runtime_dir = f->runtime_dir,
						.net = &loopback_net,
						.rtsp_port = f->port,
						.accept_seconds = 2,
					}, broker_link_events(), f->broker));
}

static gboolean has_stopped(struct fixture *f)
{
	return f->stopped;
}

static void stop_broker(struct fixture *f)
{
	broker_stop(f->broker, reason_new_code(REASON_SHUTDOWN, "the test is over"));
	wait_until(has_stopped, f);
	g_clear_pointer(&f->broker, broker_free);
}

/* @data: enum mock_build, or -1: no wpa_supplicant */
static void set_up(struct fixture *f, gconstpointer data)
{
	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->bus = connect_bus(f);
	f->wpas_bus = connect_bus(f);
	if (GPOINTER_TO_INT(data) >= 0)
		f->wpas = mock_wpas_new(f->wpas_bus, GPOINTER_TO_INT(data));
	f->runtime_dir = g_dir_make_tmp("miracast-XXXXXX", NULL);
	f->port = free_port();
	f->config.umd_program = FAKE_UMD;
	f->config.keep_ended = 60;
	f->config.rtsp_timeout = 1;
	start_broker(f);
}

/* However a test went: nothing of us is left. */
static void tear_down(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	g_assert_cmpuint(open_nets, ==, 0);
	if (f->wpas) {
		g_assert_false(f->wpas->group);
		g_assert_cmpuint(g_variant_n_children(f->wpas->wfd), ==, 0);
		mock_wpas_free(f->wpas);
	}
	/* Fails if a file was left in it. */
	g_assert_cmpint(g_rmdir(f->runtime_dir), ==, 0);
	g_object_unref(f->bus);
	g_object_unref(f->wpas_bus);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
	g_free(f->runtime_dir);
}

static link_sink *tv(struct fixture *f)
{
	return broker_find_sink(f->broker, MOCK_PEER_NAME, NULL);
}

static gboolean tv_is_found(struct fixture *f)
{
	return tv(f) != NULL;
}

static gboolean scan_is_over(struct fixture *f)
{
	return !broker_scanning(f->broker);
}

static void scan(struct fixture *f)
{
	g_assert_true(broker_scan(f->broker, 60, NULL));
	wait_until(tv_is_found, f);
}

static session *only_session(struct fixture *f)
{
	return g_ptr_array_index(broker_sessions(f->broker), 0);
}

static gboolean is_gone(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_GONE;
}

static gboolean waits_for_call(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_RTSP;
}

static gboolean streams(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_STREAMING;
}

static void begin(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	broker_connect(f->broker, tv(f), g_variant_new("a{sv}", NULL), &error);
	g_assert_no_error(error);
}

static void assert_reason(struct fixture *f, const char *name)
{
	g_assert_cmpstr(session_reason(only_session(f))->name, ==, name);
}

static gboolean has_phase(struct fixture *f, const char *name)
{
	GPtrArray *phases = session_phases(only_session(f));

	for (guint i = 0; i < phases->len; i++) {
		struct session_phase *phase = g_ptr_array_index(phases, i);

		if (strcmp(phase->name, name) == 0)
			return TRUE;
	}
	return FALSE;
}

static GSocketConnection *dial_from(struct fixture *f, const char *host)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(host, 0);

	g_socket_client_set_local_address(client, local);
	return g_socket_client_connect_to_host(client, "127.0.0.1", f->port, NULL, NULL);
}

static GSocketConnection *call_and_stream(struct fixture *f)
{
	GSocketConnection *sink = dial_from(f, "127.0.0.2");

	g_assert_nonnull(sink);
	g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL, NULL,
			       "stream\n");
	wait_until(streams, f);
	return sink;
}

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
} failures[] = {
	{ "rejected", MOCK_STATUS, 11, "rejected" },
	{ "pin", MOCK_STATUS, 10, "needs-pin" },
	{ "channel", MOCK_STATUS, 7, "no-common-channel" },
	{ "other", MOCK_STATUS, 5, "group-failed" },
	/* Tried again and again until the time is up. */
	{ "unavailable", MOCK_STATUS, 1, "not-accepted", TRUE },
	{ "no-answer", MOCK_STATUS, -1, "not-accepted", TRUE },
	{ "ignored", MOCK_IGNORE, 0, "not-accepted" },
	{ "wps", MOCK_WPS_FAILS, 0, "wps-failed" },
	{ "formation", MOCK_FORMATION_FAILS, 0, "group-failed" },
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
		g_assert_cmpuint(f->wpas->connects, ==, 1);
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

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	sink = call_and_stream(f);
	mock_wpas_end_group(f->wpas);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
}

/* Not each time that a device is away for a moment. */
static void test_sink_leaves_group(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;
	gint64 start;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	sink = call_and_stream(f);
	mock_wpas_station(f->wpas, FALSE);
	mock_wpas_station(f->wpas, TRUE);
	start = g_get_monotonic_time();
	while (g_get_monotonic_time() - start < 7 * G_USEC_PER_SEC)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	g_assert_true(streams(f));
	mock_wpas_station(f->wpas, FALSE);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
}

static void test_unplugged(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	sink = call_and_stream(f);
	mock_wpas_unplug(f->wpas);
	wait_until(is_gone, f);
	assert_reason(f, "no-wifi");
}

static void test_supplicant_dies(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	sink = call_and_stream(f);
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
	add("/p2p/stranger", MOCK_COMPLETE, test_stranger);
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
	return g_test_run();
}
