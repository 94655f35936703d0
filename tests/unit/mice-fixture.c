// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sessions by Miracast over Infrastructure, for tests: see mice-fixture.h.
 */
#include "mice-fixture.h"

#include <string.h>
#include <sys/socket.h>

#include "link-mice.h"
#include "mock-resolver.h"

/* Far longer than anything takes; a test that hangs must end. */
#define PATIENCE_US (30 * G_USEC_PER_SEC)

void wait_until(condition *done, struct fixture *f)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (!done(f)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

guint16 own_rtsp_port;

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static const struct broker_events events = { .stopped = stopped };

#define PORT_TRIES 1500
#define PORT_WAIT_US 20000

GSocket *listen_on(const char *host, guint16 port, int backlog)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(host, port);
	g_autoptr(GError) error = NULL;
	GSocket *door = g_socket_new(g_socket_address_get_family(address), G_SOCKET_TYPE_STREAM,
				     G_SOCKET_PROTOCOL_TCP, &error);

	g_assert_no_error(error);
	g_socket_set_blocking(door, FALSE);
	g_socket_set_listen_backlog(door, backlog);
	/* Tests beside this one, too, listen where displays call, each for a moment. */
	for (guint tries = 0; !g_socket_bind(door, address, TRUE, &error); tries++) {
		g_assert_error(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
		g_assert_cmpuint(tries, <, PORT_TRIES);
		g_clear_error(&error);
		g_usleep(PORT_WAIT_US);
	}
	g_socket_listen(door, &error);
	g_assert_no_error(error);
	return door;
}

static guint16 port_of(GSocket *socket)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(socket, NULL);

	return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
}

void set_up(struct fixture *f, gconstpointer host)
{
	link_backend *mice;

	f->config.launcher = umd_launcher_new(FAKE_UMD, NULL);
	f->config.keep_ended = 60;
	f->config.rtsp_timeout = 20;
	f->broker = broker_new(&f->config);
	broker_set_events(f->broker, &events, f);
	mice = link_mice_new(&(struct link_mice_config){ .answer_seconds = ANSWER_SECONDS,
							 .handshake_ms = HANDSHAKE_MS,
							 .pin_seconds = PIN_SECONDS,
							 .rtsp_port = own_rtsp_port,
							 .name = OWN_NAME },
			     broker_link_events(), f->broker);
	broker_add_link(f->broker, mice);
	f->door = listen_on(host ? host : "127.0.0.1", 0, 4);
	f->port = port_of(f->door);
}

static gboolean has_stopped(struct fixture *f)
{
	return f->stopped;
}

void forget_call(struct fixture *f)
{
	g_clear_object(&f->control);
	g_clear_object(&f->rtsp);
	mice_message_clear(&f->ready);
	mice_message_clear(&f->heard);
	g_clear_pointer(&f->dtls, mock_dtls_free);
	f->sealed = FALSE;
}

void tear_down(struct fixture *f, gconstpointer host)
{
	broker_stop(f->broker, reason_new_code(REASON_SHUTDOWN, "the test is over"));
	wait_until(has_stopped, f);
	g_assert_cmpuint(broker_active_sessions(f->broker), ==, 0);
	broker_free(f->broker);
	umd_launcher_unref(f->config.launcher);
	forget_call(f);
	g_clear_object(&f->door);
	mock_resolver_clear();
}

/* ---- the display --------------------------------------------------------------- */

session *only_session(struct fixture *f)
{
	GPtrArray *sessions = broker_sessions(f->broker);

	return sessions->len ? g_ptr_array_index(sessions, sessions->len - 1) : NULL;
}

session *begin_with(struct fixture *f, const char *what, GVariant *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(link_sink) sink = broker_reach_sink(f->broker, what, OWNER_ALL, &error);
	session *s;

	g_assert_no_error(error);
	s = broker_connect(f->broker, sink, options, &error);
	g_assert_no_error(error);
	return s;
}

session *begin(struct fixture *f, const char *what)
{
	return begin_with(f, what, g_variant_new("a{sv}", NULL));
}

session *begin_on(struct fixture *f, const char *host)
{
	g_autofree char *what = g_strdup_printf("mice:%s:%u", host, f->port);

	return begin(f, what);
}

gboolean was_contacted(struct fixture *f)
{
	if (!f->control)
		f->control = g_socket_accept(f->door, NULL, NULL);
	if (f->control)
		g_socket_set_blocking(f->control, FALSE);
	return f->control != NULL;
}

static void parse_sealed(mock_dtls *dtls, const guint8 *data, gsize size, struct mice_message *message)
{
	enum mice_command command;
	g_autoptr(GBytes) plain = NULL;
	const guint8 *body;
	gsize len;

	g_assert_true(mice_message_open(data, size, &command, &body, &len, NULL));
	plain = mock_dtls_open(dtls, body, len);
	g_assert_nonnull(plain);
	body = g_bytes_get_data(plain, &len);
	g_assert_true(mice_message_parse_values(command, body, len, message, NULL));
}

gboolean take_sealed(GSocket *control, mock_dtls *dtls, struct mice_message *message)
{
	guint8 data[MICE_MESSAGE_MAX];
	gssize n = recv(g_socket_get_fd(control), data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);
	g_autoptr(GError) error = NULL;
	gsize size;

	memset(message, 0, sizeof(*message));
	if (n <= 0)
		return n == 0;
	g_assert_true(mice_message_size(data, (gsize)n, &size, NULL));
	if (size == 0 || size > (gsize)n)
		return FALSE;
	g_assert_cmpint(recv(g_socket_get_fd(control), data, size, 0), ==, size);
	if (dtls) {
		parse_sealed(dtls, data, size, message);
		return TRUE;
	}
	g_assert_true(mice_message_parse(data, size, message, &error));
	g_assert_no_error(error);
	return TRUE;
}

gboolean take_message(GSocket *control, struct mice_message *message)
{
	return take_sealed(control, NULL, message);
}

gboolean was_told(struct fixture *f)
{
	return was_contacted(f) && take_message(f->control, &f->ready);
}

void say(struct fixture *f, const void *data, gsize len)
{
	g_assert_cmpint(g_socket_send(f->control, data, len, NULL, NULL), ==, len);
}

GSocketConnection *dial_from(struct fixture *f, const char *from, const char *to)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(from, 0);
	g_autoptr(GSocketAddress) remote =
		g_inet_socket_address_new_from_string(to, f->ready.rtsp_port);
	g_autoptr(GError) error = NULL;
	GSocketConnection *rtsp;

	g_socket_client_set_local_address(client, local);
	rtsp = g_socket_client_connect(client, G_SOCKET_CONNECTABLE(remote), NULL, &error);
	g_assert_no_error(error);
	return rtsp;
}

void tell(struct fixture *f, const char *line)
{
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(f->rtsp));

	g_assert_true(g_output_stream_printf(out, NULL, NULL, NULL, "%s\n", line));
}

char *ask_config(struct fixture *f)
{
	char text[4096] = "";

	tell(f, "config");
	while (!strchr(text, '\n')) {
		gssize n = recv(g_socket_get_fd(g_socket_connection_get_socket(f->rtsp)),
				text + strlen(text), sizeof(text) - strlen(text) - 1, MSG_DONTWAIT);

		g_assert_cmpint(n, !=, 0);
		g_main_context_iteration(NULL, FALSE);
	}
	return g_strdup(text);
}

gboolean streams(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_STREAMING;
}

gboolean is_gone(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_GONE;
}

void assert_reason(struct fixture *f, const char *name)
{
	const reason *why = session_reason(only_session(f));

	g_assert_cmpstr(why->name, ==, name);
	g_assert_cmpstr(why->message, !=, "");
}

void answer(struct fixture *f, const char *host)
{
	wait_until(was_told, f);
	g_assert_cmpint(f->ready.command, ==, MICE_SOURCE_READY);
	f->rtsp = dial_from(f, host, host);
	tell(f, "stream");
	wait_until(streams, f);
}

void start_streaming(struct fixture *f)
{
	begin_on(f, "127.0.0.1");
	answer(f, "127.0.0.1");
}

struct mice_message last_said;

gboolean is_gone_politely(struct fixture *f)
{
	if (f->control && take_message(f->control, &last_said)) {
		g_assert_cmpint(last_said.command, ==, MICE_STOP_PROJECTION);
		mice_message_clear(&last_said);
		g_clear_object(&f->control);
	}
	return is_gone(f);
}

void end(struct fixture *f)
{
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone_politely, f);
	assert_reason(f, "disconnected");
}

gboolean was_told_more(struct fixture *f)
{
	return take_message(f->control, &last_said);
}
