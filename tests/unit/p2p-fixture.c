// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A broker with the P2P link, for tests: see p2p-fixture.h.
 */
#include "p2p-fixture.h"
#include "test-bus.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define PATIENCE_US (30 * G_USEC_PER_SEC)
/* Below those that the kernel hands out to whoever asks for any. */
#define PORT 7236

/* ---- IP, played ------------------------------------------------------------------ */

struct p2p_net {
	const struct p2p_net_funcs *funcs;
	gpointer user_data;
	guint idle;
};

guint open_nets;
static p2p_net *last_net;
char net_opened[64];
gboolean net_in_zone;

static void note_request(const struct p2p_net_request *request)
{
	g_autofree char *ip = request->ip ? g_inet_address_to_string(request->ip) : NULL;
	g_autofree char *owner_ip =
		request->owner_ip ? g_inet_address_to_string(request->owner_ip) : NULL;

	if (request->made)
		g_snprintf(net_opened, sizeof(net_opened), "made for %s", owner_ip ? owner_ip : "-");
	else if (request->owner)
		g_strlcpy(net_opened, "owner", sizeof(net_opened));
	else
		g_snprintf(net_opened, sizeof(net_opened), "client %s/%d of %s", ip ? ip : "-",
			   request->prefix, owner_ip ? owner_ip : "-");
}
gboolean net_is_silent;
gboolean net_does_not_close;

/* Of the loopback network, and nobody else's: tests run side by side. */
static char *own_address(void)
{
	guint pid = getpid();

	return g_strdup_printf("127.%u.%u.%u", 1 + (pid >> 16) % 254, pid >> 8 & 0xff,
			       pid & 0xff);
}

static gboolean net_is_up(gpointer user_data)
{
	p2p_net *net = user_data;
	g_autofree char *text = own_address();
	g_autoptr(GInetAddress) local = g_inet_address_new_from_string(text);
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
	net_in_zone = request->in_zone;
	/* Where firewalld would be. */
	g_assert_nonnull(request->bus);
	net->funcs = funcs;
	net->user_data = user_data;
	if (!net_is_silent)
		net->idle = g_idle_add(net_is_up, net);
	note_request(request);
	open_nets++;
	last_net = net;
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
	if (!net_does_not_close)
		net->idle = g_idle_add(net_is_closed, net);
}

void net_rises(void)
{
	g_assert_cmpuint(open_nets, ==, 1);
	net_is_up(last_net);
}

void net_leases(void)
{
	g_assert_cmpuint(open_nets, ==, 1);
	last_net->funcs->progress(last_net, "leased", "the display has an address", last_net->user_data);
}

static void net_free(p2p_net *net)
{
	g_clear_handle_id(&net->idle, g_source_remove);
	g_free(net);
	open_nets--;
}

gboolean net_has_no_rules;

static gboolean net_keeps_out(void)
{
	return !net_has_no_rules;
}

static const struct p2p_net_impl loopback_net = { net_open, net_close, net_free, net_keeps_out };

/* ---- nl80211, played -------------------------------------------------------------- */

struct wifi_watch {
	wifi_watch_heard *heard;
	gpointer user_data;
};

guint open_watches;
static wifi_watch *last_watch;

static wifi_watch *watch_open(const char *ifname, wifi_watch_heard *heard, gpointer user_data)
{
	g_assert_cmpstr(ifname, ==, "lo");
	last_watch = g_new0(wifi_watch, 1);
	last_watch->heard = heard;
	last_watch->user_data = user_data;
	open_watches++;
	return last_watch;
}

static void watch_free(wifi_watch *watch)
{
	if (!watch)
		return;
	g_free(watch);
	open_watches--;
}

gboolean wifi_is_off;

static gboolean watch_is_off(const char *ifname)
{
	return wifi_is_off;
}

static const struct wifi_watch_impl played_watch = { watch_open, watch_free, watch_is_off };

void radio_says(const struct wifi_link *link)
{
	g_assert_cmpuint(open_watches, ==, 1);
	last_watch->heard(link, last_watch->user_data);
}

/* ---- fixture ------------------------------------------------------------------------ */

void wait_until(gboolean (*done)(struct fixture *f), struct fixture *f)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (!done(f)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

void spin(guint ms)
{
	gint64 end = g_get_monotonic_time() + (gint64)ms * 1000;

	while (g_get_monotonic_time() < end)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
}

static void marker_came(GDBusConnection *bus, const char *sender, const char *path,
			const char *iface, const char *signal, GVariant *args, gpointer user_data)
{
	struct fixture *f = user_data;

	f->markers++;
}

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct fixture *f = user_data;
	g_autoptr(GVariant) answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);

	f->markers++;
}

/*
 * A marker is behind all that was said, an answer behind all that was asked; what they
 * bring about is said and asked in its turn, a few times.
 */
void settle(struct fixture *f)
{
	for (guint round = 0; round < 6; round++) {
		guint before = f->markers;

		g_dbus_connection_emit_signal(f->wpas_bus, NULL, "/marker", "test.Marker", "Here", NULL,
					      NULL);
		g_dbus_connection_call(f->bus, g_dbus_connection_get_unique_name(f->wpas_bus),
				       "/fi/w1/wpa_supplicant1", "org.freedesktop.DBus.Properties", "GetAll",
				       g_variant_new("(s)", "fi.w1.wpa_supplicant1"), NULL,
				       G_DBUS_CALL_FLAGS_NONE, -1, NULL, answered, f);
		while (f->markers < before + 2)
			g_main_context_iteration(NULL, TRUE);
		/* And what else is there at this moment. */
		while (g_main_context_iteration(NULL, FALSE))
			;
	}
}

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static const struct broker_events events = { .stopped = stopped };

void reset_events(struct fixture *f)
{
	broker_set_events(f->broker, &events, f);
}

void start_broker(struct fixture *f)
{
	f->stopped = FALSE;
	f->broker = broker_new(&f->config);
	broker_set_events(f->broker, &events, f);
	broker_add_link(f->broker, (f->wifi ? link_wifi_new : link_p2p_new)(&(struct link_p2p_config){
						.bus = f->bus,
						.interface = f->interface ? f->interface :
							f->wpas && f->wpas->build != MOCK_COMPLETE &&
							f->wpas->build != MOCK_TWO_RADIOS ?
							"wlan0" : NULL,
						.linger_seconds = f->linger,
						.device_name = f->device_name,
						.users = &f->users,
						.runtime_dir = f->runtime_dir,
						.net = &loopback_net,
						.watch = &played_watch,
						.rtsp_port = PORT,
						.accept_seconds = f->accept_seconds ? f->accept_seconds : 2,
						.remembered = broker_remembered(f->broker),
					}, broker_link_events(), f->broker));
}

static gboolean has_stopped(struct fixture *f)
{
	return f->stopped;
}

void stop_broker(struct fixture *f)
{
	broker_stop(f->broker, reason_new_code(REASON_SHUTDOWN, "the test is over"));
	wait_until(has_stopped, f);
	g_clear_pointer(&f->broker, broker_free);
}

void start_nm(struct fixture *f)
{
	g_autoptr(GDBusConnection) bus = test_bus_connect(f->test_bus);

	f->nm = mock_nm_new(bus);
}

static char *kernel_user;

/* nl80211, played. */
static char *ask_kernel(const char *ifname)
{
	return g_strdup(kernel_user);
}

void set_kernel_user(const char *user)
{
	g_free(kernel_user);
	kernel_user = g_strdup(user);
}

/* @data: enum mock_build, or -1: no wpa_supplicant */
void set_up(struct fixture *f, gconstpointer data)
{
	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->bus = test_bus_connect(f->test_bus);
	f->wpas_bus = test_bus_connect(f->test_bus);
	g_dbus_connection_signal_subscribe(f->bus, NULL, "test.Marker", "Here", NULL, NULL,
					   G_DBUS_SIGNAL_FLAGS_NONE, marker_came, f, NULL);
	/* The bus has it when it has answered something later. */
	g_variant_unref(g_dbus_connection_call_sync(f->bus, "org.freedesktop.DBus", "/",
						    "org.freedesktop.DBus", "GetId", NULL, NULL,
						    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL));
	if (GPOINTER_TO_INT(data) >= 0)
		f->wpas = mock_wpas_new(f->wpas_bus, GPOINTER_TO_INT(data));
	f->runtime_dir = g_dir_make_tmp("miracast-XXXXXX", NULL);
	f->control_dirs[0] = f->runtime_dir;
	f->users.kernel = ask_kernel;
	f->users.control_dirs = f->control_dirs;
	f->config.launcher = umd_launcher_new(FAKE_UMD, NULL);
	f->config.keep_ended = 60;
	f->config.rtsp_timeout = 1;
	start_broker(f);
}

/* However a test went: nothing of us is left. */
void tear_down(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	wifi_is_off = FALSE;
	g_assert_cmpuint(open_nets, ==, 0);
	g_assert_cmpuint(open_watches, ==, 0);
	if (f->wpas) {
		g_assert_false(f->wpas->group);
		g_assert_cmpuint(f->wpas->foreign_ends, ==, 0);
		/* Of groups, wpa_supplicant keeps nothing of ours. */
		g_assert_cmpuint(f->wpas->kept ? g_hash_table_size(f->wpas->kept) : 0, ==, f->wpas->other_keeps);
		g_assert_false(f->wpas->finding);
		g_assert_cmpuint(g_variant_n_children(f->wpas->wfd), ==, 0);
		mock_wpas_free(f->wpas);
	}
	if (f->nm) {
		g_assert_false(f->nm->active);
		mock_nm_free(f->nm);
	}
	/* Fails if a file was left in it. */
	g_assert_cmpint(g_rmdir(f->runtime_dir), ==, 0);
	g_object_unref(f->bus);
	g_object_unref(f->wpas_bus);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
	g_free(f->runtime_dir);
	umd_launcher_unref(f->config.launcher);
	set_kernel_user(NULL);
	net_is_silent = FALSE;
	net_does_not_close = FALSE;
	net_has_no_rules = FALSE;
}

link_sink *tv(struct fixture *f)
{
	return broker_find_sink(f->broker, MOCK_PEER_NAME, OWNER_ALL, NULL);
}

gboolean tv_is_found(struct fixture *f)
{
	return tv(f) != NULL;
}

gboolean scan_is_over(struct fixture *f)
{
	return !broker_scanning(f->broker);
}

void scan(struct fixture *f)
{
	g_assert_true(broker_scan(f->broker, 60, NULL));
	wait_until(tv_is_found, f);
}

session *only_session(struct fixture *f)
{
	return g_ptr_array_index(broker_sessions(f->broker), 0);
}

session *last_session(struct fixture *f)
{
	GPtrArray *sessions = broker_sessions(f->broker);

	return g_ptr_array_index(sessions, sessions->len - 1);
}

gboolean is_gone(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_GONE;
}

gboolean waits_for_call(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_RTSP;
}

gboolean streams(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_STREAMING;
}

gboolean last_waits_for_call(struct fixture *f)
{
	return session_state(last_session(f)) == SESSION_RTSP;
}

static gboolean last_streams(struct fixture *f)
{
	return session_state(last_session(f)) == SESSION_STREAMING;
}

gboolean last_is_gone(struct fixture *f)
{
	return session_state(last_session(f)) == SESSION_GONE;
}

void end_last(struct fixture *f)
{
	session_end(last_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(last_is_gone, f);
}

void stream_and_end(struct fixture *f)
{
	g_autoptr(GSocketConnection) sink = NULL;

	wait_until(last_waits_for_call, f);
	sink = dial_from(f, "127.0.0.2");
	g_assert_nonnull(sink);
	g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL, NULL, "stream\n");
	wait_until(last_streams, f);
	end_last(f);
}

void begin_options(struct fixture *f, const char *options)
{
	g_autoptr(GError) error = NULL;

	broker_connect(f->broker, tv(f), g_variant_new_parsed(options), &error);
	g_assert_no_error(error);
}

void begin_secure(struct fixture *f, const char *security)
{
	g_auto(GVariantDict) options = G_VARIANT_DICT_INIT(NULL);
	g_autoptr(GError) error = NULL;

	if (security)
		g_variant_dict_insert(&options, "security", "s", security);
	broker_connect(f->broker, tv(f), g_variant_dict_end(&options), &error);
	g_assert_no_error(error);
}

void assert_scan_fails(struct fixture *f, const char *expected, const char *word)
{
	g_assert_true(broker_scan(f->broker, 60, NULL));
	wait_until(scan_is_over, f);
	g_assert_nonnull(broker_scan_problem(f->broker));
	g_assert_cmpstr(broker_scan_problem(f->broker)->name, ==, expected);
	g_assert_cmpstr(broker_scan_problem(f->broker)->hint, !=, "");
	/* Users read it. */
	g_assert_nonnull(strstr(broker_scan_problem(f->broker)->message, word));
	g_assert_null(strstr(broker_scan_problem(f->broker)->message, "GDBus.Error"));
}

void begin(struct fixture *f)
{
	begin_secure(f, NULL);
}

void assert_reason(struct fixture *f, const char *name)
{
	g_assert_cmpstr(session_reason(only_session(f))->name, ==, name);
}

gboolean has_phase(struct fixture *f, const char *name)
{
	GPtrArray *phases = session_phases(last_session(f));

	for (guint i = 0; i < phases->len; i++) {
		struct session_phase *phase = g_ptr_array_index(phases, i);

		if (strcmp(phase->name, name) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean is_searching(struct fixture *f)
{
	return has_phase(f, "searching");
}

GSocketConnection *dial_from(struct fixture *f, const char *host)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(host, 0);
	g_autofree char *address = own_address();

	g_socket_client_set_local_address(client, local);
	return g_socket_client_connect_to_host(client, address, PORT, NULL, NULL);
}

GSocketConnection *call_and_stream(struct fixture *f)
{
	GSocketConnection *sink = dial_from(f, "127.0.0.2");

	g_assert_nonnull(sink);
	g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL, NULL,
			       "stream\n");
	wait_until(streams, f);
	return sink;
}

GSocketConnection *scan_and_stream(struct fixture *f)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	return call_and_stream(f);
}

