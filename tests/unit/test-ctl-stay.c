// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl connect --stay: a display in the network, which the test plays, goes and comes, and the computer sleeps;
 * what people and programs are told meanwhile.
 */
#include <signal.h>
#include <string.h>

#include "ctl-fixture.h"
#include "mice-message.h"
#include "mock-logind.h"
#include "test-bus.h"

/* A display in the network. */
struct display {
	guint16 port;
	GSocket *door; /* NULL: it is off */
	GSocket *control;
	GSocketConnection *rtsp;
};

static void switch_on(struct display *d)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string("127.0.0.1", d->port);
	g_autoptr(GSocketAddress) bound = NULL;
	g_autoptr(GError) error = NULL;

	d->door = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
	g_assert_no_error(error);
	g_socket_set_timeout(d->door, 60);
	g_socket_bind(d->door, address, TRUE, &error);
	g_assert_no_error(error);
	g_socket_listen(d->door, &error);
	g_assert_no_error(error);
	bound = g_socket_get_local_address(d->door, &error);
	d->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
}

static void say_rtsp(struct display *d, const char *line)
{
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(d->rtsp));

	g_assert_true(g_output_stream_printf(out, NULL, NULL, NULL, "%s\n", line));
}

static void hang_up(struct display *d)
{
	g_clear_object(&d->control);
	g_clear_object(&d->rtsp);
}

static void switch_off(struct display *d)
{
	g_clear_object(&d->door);
	say_rtsp(d, "leave");
	hang_up(d);
}

/* It is told to call, calls and plays. */
static void answer(struct display *d)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GError) error = NULL;
	struct mice_message ready;
	guint8 data[MICE_MESSAGE_MAX];
	gsize have = 0, size = 0;

	d->control = g_socket_accept(d->door, NULL, &error);
	g_assert_no_error(error);
	while (size == 0 || have < size) {
		gssize n = g_socket_receive(d->control, (char *)data + have, sizeof(data) - have, NULL, &error);

		g_assert_no_error(error);
		g_assert_cmpint(n, >, 0);
		have += n;
		g_assert_true(mice_message_size(data, have, &size, NULL));
	}
	g_assert_true(mice_message_parse(data, size, &ready, &error));
	d->rtsp = g_socket_client_connect_to_host(client, "127.0.0.1", ready.rtsp_port, NULL, &error);
	g_assert_no_error(error);
	mice_message_clear(&ready);
	say_rtsp(d, "stream");
}

static void begin(struct display *d)
{
	g_autofree char *what = NULL;
	g_autoptr(JsonNode) json = NULL;

	switch_on(d);
	what = g_strdup_printf("mice:127.0.0.1:%u", d->port);
	g_assert_cmpint(CTL(&json, "connect", "--no-wait", "--stay", what), ==, 0);
	answer(d);
}

/* What it says of staying, once it is in @state. */
static JsonObject *stay_in(const char *state, JsonNode **json)
{
	*json = wait_session("sessions", state);
	return json_object_get_object_member(object(*json), "stay");
}

static void start_monitor(GSubprocess **monitor)
{
	g_autoptr(GError) error = NULL;

	*monitor = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, MIRACASTCTL, "--session-bus", "monitor",
				    NULL);
	g_assert_no_error(error);
}

static char *stop_monitor(GSubprocess *monitor)
{
	char *said = NULL;

	g_subprocess_send_signal(monitor, SIGTERM);
	g_assert_true(g_subprocess_communicate_utf8(monitor, NULL, NULL, &said, NULL, NULL));
	return said;
}

/* ---- tests -------------------------------------------------------------------------- */

/* It goes and comes; each who asks is told why it is not there, and when it is tried again. */
static void test_goes_and_comes(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) first = NULL, away = NULL, back = NULL, json = NULL, ended = NULL;
	g_autoptr(GSubprocess) monitor = NULL;
	g_autofree char *text = NULL, *said = NULL;
	struct display d = { 0 };
	JsonObject *stay;

	begin(&d);
	stay = stay_in("streaming", &first);
	g_assert_true(json_object_get_boolean_member(stay, "wanted"));
	g_assert_false(json_object_has_member(stay, "cause"));
	start_monitor(&monitor);
	switch_off(&d);
	stay = stay_in("waiting", &away);
	g_assert_cmpstr(json_object_get_string_member(stay, "cause"), ==,
			json_object_get_string_member(object(away), "reason"));
	g_assert_cmpstr(json_object_get_string_member(stay, "message"), !=, "");
	g_assert_cmpint(json_object_get_int_member(stay, "next-try"), >, 0);
	g_assert_cmpint(json_object_get_int_member(stay, "until"), >, json_object_get_int_member(stay, "next-try"));
	while (!text || !strstr(text, ": waiting\n")) {
		g_free(text);
		text = SAY("status");
	}
	g_assert_nonnull(strstr(text, "    waiting to reconnect: "));
	g_assert_nonnull(strstr(text, "    next try in "));
	switch_on(&d);
	answer(&d);
	stay = stay_in("streaming", &back);
	g_assert_false(json_object_has_member(stay, "cause"));
	g_assert_cmpstr(json_object_get_string_member(object(back), "reason"), ==, "");
	said = stop_monitor(monitor);
	g_assert_nonnull(strstr(said, "waiting to reconnect, in 2 s: "));
	g_assert_nonnull(strstr(said, "connecting again"));
	g_assert_cmpint(CTL(&json, "disconnect"), ==, 0);
	hang_up(&d);
	ended = wait_session("ended", "gone");
	g_assert_cmpstr(json_object_get_string_member(object(ended), "reason"), ==, "disconnected");
	g_clear_object(&d.door);
}

/* As whoever looks for the display sees it. */
static void test_disconnect(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) first = NULL, away = NULL, json = NULL, ended = NULL;
	struct display d = { 0 };

	begin(&d);
	stay_in("streaming", &first);
	switch_off(&d);
	stay_in("waiting", &away);
	g_assert_cmpint(CTL(&json, "disconnect", "127.0.0.1"), ==, 0);
	ended = wait_session("ended", "gone");
	g_assert_cmpstr(json_object_get_string_member(object(ended), "reason"), ==, "disconnected");
	g_assert_false(json_object_get_boolean_member(json_object_get_object_member(object(ended), "stay"), "wanted"));
}

/* Who calls us cannot be called back. */
static void test_listen(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		bus, "org.miracast.Miracast1", "/org/miracast/Miracast1/Manager", "org.miracast.Miracast1.Manager",
		"Listen", g_variant_new_parsed("('127.0.0.1:0', {'stay': <'yes'>})"), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
		NULL, &error);
	g_autofree char *name = error ? g_dbus_error_get_remote_error(error) : NULL;

	g_assert_null(reply);
	g_assert_cmpstr(name, ==, "org.miracast.Miracast1.Error.configuration");
}

static mock_logind *start_logind(struct fixture *f)
{
	g_autoptr(GDBusConnection) bus = test_bus_connect(f->test_bus);
	mock_logind *logind = mock_logind_new(bus);
	gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;

	while (!mock_logind_is_held(logind)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
	return logind;
}

static void say_sleep(mock_logind *logind, gboolean down)
{
	mock_logind_say(logind, down);
	g_assert_true(g_dbus_connection_flush_sync(logind->bus, NULL, NULL));
}

/* The daemon has logind wait for it, and the cast is there again when the computer is. */
static void test_sleep(struct fixture *f, gconstpointer data)
{
	mock_logind *logind = start_logind(f);
	g_autoptr(JsonNode) first = NULL, asleep = NULL, back = NULL, json = NULL, refused = NULL;
	g_autofree char *text = NULL;
	struct display d = { 0 };
	JsonObject *stay;

	begin(&d);
	stay_in("streaming", &first);
	say_sleep(logind, TRUE);
	stay = stay_in("waiting", &asleep);
	g_assert_true(json_object_get_boolean_member(stay, "asleep"));
	g_assert_cmpstr(json_object_get_string_member(stay, "cause"), ==, "suspended");
	g_assert_false(mock_logind_is_held(logind));
	text = SAY("status");
	g_assert_nonnull(strstr(text, "    next try when the computer is awake again\n"));
	g_assert_cmpint(CTL(&refused, "connect", "mice:127.0.0.2"), ==, 1);
	assert_error(refused, "suspended");
	hang_up(&d);
	say_sleep(logind, FALSE);
	answer(&d);
	stay_in("streaming", &back);
	g_assert_cmpint(CTL(&json, "disconnect"), ==, 0);
	hang_up(&d);
	g_clear_object(&d.door);
	mock_logind_free(logind);
}

static void start_on_system_bus(struct fixture *f, gconstpointer data)
{
	f->system_bus = TRUE;
	start_daemon(f, data);
}

void add_stay_tests(void)
{
	g_test_add("/ctl/stay-goes-and-comes", struct fixture, NULL, start_daemon, test_goes_and_comes, tear_down);
	g_test_add("/ctl/stay-disconnect", struct fixture, NULL, start_daemon, test_disconnect, tear_down);
	g_test_add("/ctl/stay-listen", struct fixture, NULL, start_daemon, test_listen, tear_down);
	g_test_add("/ctl/stay-sleep", struct fixture, NULL, start_on_system_bus, test_sleep, tear_down);
}
