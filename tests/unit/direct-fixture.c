// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The broker of direct-fixture.h.
 */
#include "direct-fixture.h"

void wait_until(gboolean (*done)(struct fixture *f), struct fixture *f)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (!done(f)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

static void session_added(broker *b, session *s, gpointer user_data)
{
	struct fixture *f = user_data;

	f->added++;
}

static void session_changed_state(broker *b, session *s, enum session_change what,
				  gpointer user_data)
{
	struct fixture *f = user_data;

	if (what & SESSION_CHANGED_STATE)
		f->states |= 1u << session_state(s);
}

static void session_removed(broker *b, session *s, gpointer user_data)
{
	struct fixture *f = user_data;

	f->removed++;
}

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static const struct broker_events events = {
	.session_added = session_added,
	.session_changed = session_changed_state,
	.session_removed = session_removed,
	.stopped = stopped,
};

void set_up_with(struct fixture *f, const char *umd, const char *sandbox)
{
	g_autoptr(GError) error = NULL;

	f->config.launcher = umd_launcher_new(umd, sandbox);
	f->config.keep_ended = 1;
	f->config.max_sessions = 1;
	f->config.rtsp_timeout = 2;
	f->config.defaults = g_variant_ref_sink(
		g_variant_new_parsed("{'width': <uint32 1280>, 'max-bit-rate': <uint64 5>}"));
	f->broker = broker_new(&f->config);
	broker_set_events(f->broker, &events, f);
	f->direct = link_direct_new(broker_link_events(), f->broker);
	broker_add_link(f->broker, f->direct);
	link_direct_listen(f->direct, "127.0.0.1:0",
			   g_variant_new_parsed(f->options ? f->options :
						"{'audio': <'tone'>, 'from': <'127.0.0.0/8'>}"),
			   &f->bound, &error);
	g_assert_no_error(error);
}

void set_up(struct fixture *f, gconstpointer umd)
{
	set_up_with(f, umd ? umd : FAKE_UMD, NULL);
}

static gboolean has_stopped(struct fixture *f)
{
	return f->stopped;
}

void tear_down(struct fixture *f, gconstpointer umd)
{
	broker_stop(f->broker, reason_new_code(REASON_SHUTDOWN, "the test is over"));
	wait_until(has_stopped, f);
	g_assert_cmpuint(broker_active_sessions(f->broker), ==, 0);
	broker_free(f->broker);
	g_variant_unref(f->config.defaults);
	umd_launcher_unref(f->config.launcher);
	g_free(f->bound);
}

GSocketConnection *dial_from(struct fixture *f, const char *host)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(host, 0);
	g_autoptr(GError) error = NULL;
	GSocketConnection *sink;

	g_socket_client_set_local_address(client, local);
	sink = g_socket_client_connect_to_host(client, f->bound, 0, NULL, &error);

	g_assert_no_error(error);
	return sink;
}

GSocketConnection *dial(struct fixture *f)
{
	return dial_from(f, "127.0.0.1");
}

void tell(GSocketConnection *sink, const char *line)
{
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(sink));

	g_assert_true(g_output_stream_printf(out, NULL, NULL, NULL, "%s\n", line));
}

/* Reads while the main loop runs, since the other end is served by it. */
struct reading {
	char line[2048];
	gssize n;
	gboolean done;
};

static void was_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct reading *reading = user_data;

	reading->n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
	reading->done = TRUE;
}

char *hear(GSocketConnection *sink)
{
	struct reading reading = { 0 };

	g_input_stream_read_async(g_io_stream_get_input_stream(G_IO_STREAM(sink)), reading.line,
				  sizeof(reading.line) - 1, G_PRIORITY_DEFAULT, NULL, was_read,
				  &reading);
	while (!reading.done)
		g_main_context_iteration(NULL, TRUE);
	return g_strndup(reading.line, MAX(reading.n, 0));
}

session *only_session(struct fixture *f)
{
	GPtrArray *sessions = broker_sessions(f->broker);

	return sessions->len ? g_ptr_array_index(sessions, sessions->len - 1) : NULL;
}

gboolean streams(struct fixture *f)
{
	session *s = only_session(f);

	return s && session_state(s) == SESSION_STREAMING &&
	       g_variant_n_children(session_stats(s)) > 0;
}

gboolean asks(struct fixture *f)
{
	session *s = only_session(f);

	return s && session_wants_consent(s);
}

gboolean is_gone(struct fixture *f)
{
	session *s = only_session(f);

	return s && session_state(s) == SESSION_GONE;
}

void assert_reason(struct fixture *f, const char *name)
{
	const reason *why = session_reason(only_session(f));

	g_assert_cmpstr(why->name, ==, name);
	g_assert_cmpstr(why->message, !=, "");
}
