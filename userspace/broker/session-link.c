// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A session and its link: what that one says, and the other way to the same display. See session-private.h.
 */
#include "session-private.h"

void session_set_path(session *s, const char *local, const char *peer, const char *interface)
{
	g_auto(GVariantDict) path = G_VARIANT_DICT_INIT(s->path);

	if (local)
		g_variant_dict_insert(&path, "local-address", "s", local);
	if (peer)
		g_variant_dict_insert(&path, "peer-address", "s", peer);
	if (interface)
		g_variant_dict_insert(&path, "interface", "s", interface);
	g_variant_unref(s->path);
	s->path = g_variant_ref_sink(g_variant_dict_end(&path));
}

static void link_progress(link_connection *conn, const char *phase, const char *text,
			  gpointer user_data)
{
	session *s = user_data;

	session_add_phase(s, phase, g_get_monotonic_time(), text);
	s->changed(s, SESSION_CHANGED_PHASES, s->user_data);
}

/* What is being taken down has no use for a PIN any more. */
static void link_wants_pin(link_connection *conn, gpointer user_data)
{
	session *s = user_data;

	if (!s->why && !s->link_closing)
		session_set_wants_pin(s, TRUE);
}

static void link_shows_pin(link_connection *conn, const char *pin, gpointer user_data)
{
	session *s = user_data;

	if (!s->why && !s->link_closing)
		session_set_shown_pin(s, pin);
}

static void link_up(link_connection *conn, const struct link_path *path, gpointer user_data)
{
	session *s = user_data;

	session_set_path(s, path->local, path->peer, path->interface);
	g_clear_pointer(&s->media, g_variant_unref);
	s->media = path->media ? g_variant_ref_sink(path->media) : NULL;
	session_add_phase(s, "link-up", g_get_monotonic_time(),
			  "the network path is up, waiting for the display to call");
	session_move(s, SESSION_EVENT_LINK_UP);
}

static void link_dialled(link_connection *conn, GSocketConnection *rtsp, gpointer user_data)
{
	session *s = user_data;
	g_autoptr(GError) error = NULL;

	s->calls++;
	session_add_phase(s, "dialled", g_get_monotonic_time(), "the display has called");
	session_move(s, SESSION_EVENT_DIALLED);
	if (!session_start_umd(s, rtsp, &error))
		session_fail(s, error, REASON_SINK_UNAVAILABLE);
}

static void go_next_way(session *s);

/* Whether it was the way, and not the display or its user. */
static gboolean is_no_way(const GError *error)
{
	static const enum reason_code codes[] = {
		REASON_HOST_UNKNOWN, REASON_CONTROL_REFUSED, REASON_CONTROL_PROTOCOL,
		REASON_SECURITY_UNSUPPORTED, REASON_SINK_NEVER_DIALLED,
	};

	for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
		if (g_error_matches(error, REASON_ERROR, codes[i]))
			return TRUE;
	}
	return FALSE;
}

static gboolean may_take_other_way(session *s)
{
	const char *other_ways = "yes";

	g_variant_lookup(s->options, "other-ways", "&s", &other_ways);
	return s->env->other_way && !s->first_failure && s->calls == 0 &&
	       !g_str_equal(other_ways, "no");
}

/* FALSE: there is none, or it was not the way. */
static gboolean take_other_way(session *s, const GError *error)
{
	g_autofree char *text = NULL;
	link_sink *next = NULL;

	if (may_take_other_way(s) && is_no_way(error))
		next = s->env->other_way(s->sink, &s->next_backend, s->env->user_data);
	if (!next || !session_move(s, SESSION_EVENT_OTHER_WAY))
		return FALSE;
	session_forget_pin(s);
	s->first_failure = g_strdup(error->message);
	s->next = link_sink_ref(next);
	text = g_strdup_printf("%s; it is in sight in another way (%s), which is tried now",
			       error->message, next->id);
	session_add_phase(s, "other-way", g_get_monotonic_time(), text);
	s->changed(s, SESSION_CHANGED_PHASES, s->user_data);
	s->link_closing = TRUE;
	link_disconnect(s->link);
	return TRUE;
}

static void link_failed(link_connection *conn, const GError *error, gpointer user_data)
{
	session *s = user_data;
	g_autoptr(GError) both = NULL;

	if (take_other_way(s, error))
		return;
	both = g_error_copy(error);
	if (s->first_failure) {
		g_free(both->message);
		both->message = g_strdup_printf("%s; and before that: %s", error->message, s->first_failure);
	}
	session_fail(s, both, REASON_LINK_UNAVAILABLE);
}

/* It is told with the next "stats" of the UMD, which come each second. */
static void link_radio(link_connection *conn, GVariant *radio, gpointer user_data)
{
	session *s = user_data;

	g_clear_pointer(&s->radio, g_variant_unref);
	s->radio = g_variant_ref(radio);
}

static void link_closed(link_connection *conn, gpointer user_data)
{
	session *s = user_data;

	g_clear_pointer(&s->link, link_connection_free);
	if (s->next && !s->why)
		go_next_way(s);
	else
		session_take_down(s);
}

static const struct link_connection_events link_callbacks = {
	.progress = link_progress,
	.wants_pin = link_wants_pin,
	.shows_pin = link_shows_pin,
	.up = link_up,
	.dialled = link_dialled,
	.failed = link_failed,
	.radio = link_radio,
	.closed = link_closed,
};

static void go_next_way(session *s)
{
	link_sink_unref(s->sink);
	s->sink = g_steal_pointer(&s->next);
	s->link_closing = FALSE;
	s->link = link_connect(s->next_backend, s->sink, s->options, &link_callbacks, s);
	s->changed(s, SESSION_CHANGED_WAY, s->user_data);
}

void session_begin(session *s, link_backend *backend, enum session_event event, const char *text)
{
	s->let_in = TRUE;
	session_add_phase(s, "linking", g_get_monotonic_time(), text);
	s->link = link_connect(backend, s->sink, s->options, &link_callbacks, s);
	session_move(s, event);
	/* Now, and not after the user has walked to the display for nothing. */
	session_open_sink(s);
}

void session_connect(session *s, link_backend *backend)
{
	session_begin(s, backend, SESSION_EVENT_CONNECT, "connecting");
}
