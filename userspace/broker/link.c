// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What all link backends share: see link.h.
 */
#include "link.h"

#include <string.h>

#include "channel.h"

#define MAX_TEXT 64

link_sink *link_sink_new(const char *link, const char *id, const char *name)
{
	link_sink *sink = g_new0(link_sink, 1);

	g_atomic_ref_count_init(&sink->refs);
	sink->link = link;
	sink->id = g_strdup(id);
	sink->name = g_strdup(name);
	sink->model = g_strdup("");
	sink->connectable = TRUE;
	sink->obstacle_code = REASON_SINK_UNAVAILABLE;
	sink->present = TRUE;
	sink->last_seen_us = g_get_monotonic_time();
	sink->owner = OWNER_SHARED;
	return sink;
}

link_sink *link_sink_ref(link_sink *sink)
{
	g_atomic_ref_count_inc(&sink->refs);
	return sink;
}

void link_sink_unref(link_sink *sink)
{
	if (!sink || !g_atomic_ref_count_dec(&sink->refs))
		return;
	g_free(sink->id);
	g_free(sink->name);
	g_free(sink->model);
	g_free(sink->obstacle);
	g_free(sink->host);
	g_strfreev(sink->addresses);
	g_free(sink);
}

char *link_clean_text(const char *text)
{
	return channel_clean_text(text, MAX_TEXT);
}

const char *link_own_name(void)
{
	const char *name = g_get_host_name();

	/* glibc and GLib have these two for a machine that has no name. */
	if (!*name || strcmp(name, "(none)") == 0 || strcmp(name, "localhost") == 0)
		return "Linux";
	return name;
}

link_connection *link_connect(link_backend *backend, link_sink *sink, GVariant *options,
			      const struct link_connection_events *events, gpointer user_data)
{
	return backend->impl->connect(backend, sink, options, events, user_data);
}

void link_enter_pin(link_connection *conn, const char *pin)
{
	conn->backend->impl->enter_pin(conn, pin);
}

void link_next_call(link_connection *conn)
{
	conn->backend->impl->next_call(conn);
}

void link_answered(link_connection *conn)
{
	conn->backend->impl->answered(conn);
}

void link_streams(link_connection *conn)
{
	if (conn->backend->impl->streams)
		conn->backend->impl->streams(conn);
}

void link_disconnect(link_connection *conn)
{
	conn->backend->impl->disconnect(conn);
}

void link_connection_free(link_connection *conn)
{
	if (conn)
		conn->backend->impl->connection_free(conn);
}

void link_turn_away(link_backend *backend, link_sink *sink, enum link_turned_away why)
{
	backend->impl->turn_away(backend, sink, why);
}

void link_backend_free(link_backend *backend)
{
	if (backend)
		backend->impl->free(backend);
}

void link_connection_init(link_connection *conn, link_backend *backend, link_sink *sink,
			  const struct link_connection_events *events, gpointer user_data)
{
	conn->backend = backend;
	conn->sink = link_sink_ref(sink);
	conn->events = events;
	conn->user_data = user_data;
}

void link_connection_finish(link_connection *conn)
{
	g_clear_pointer(&conn->sink, link_sink_unref);
}

void link_emit_progress(link_connection *conn, const char *phase, const char *text)
{
	conn->events->progress(conn, phase, text, conn->user_data);
}

void link_emit_wants_pin(link_connection *conn)
{
	conn->events->wants_pin(conn, conn->user_data);
}

void link_emit_shows_pin(link_connection *conn, const char *pin)
{
	conn->events->shows_pin(conn, pin, conn->user_data);
}

void link_emit_up(link_connection *conn, const struct link_path *path)
{
	conn->events->up(conn, path, conn->user_data);
}

void link_emit_dialled(link_connection *conn, GSocketConnection *rtsp)
{
	conn->events->dialled(conn, rtsp, conn->user_data);
}

void link_emit_failed(link_connection *conn, const GError *error)
{
	conn->events->failed(conn, error, conn->user_data);
}

void link_emit_radio(link_connection *conn, GVariant *radio)
{
	conn->events->radio(conn, radio, conn->user_data);
}

void link_emit_closed(link_connection *conn)
{
	conn->events->closed(conn, conn->user_data);
}

void link_emit_sink_changed(link_backend *backend, link_sink *sink)
{
	backend->events->sink_changed(backend, sink, backend->user_data);
}

void link_emit_sink_gone(link_backend *backend, link_sink *sink)
{
	backend->events->sink_gone(backend, sink, backend->user_data);
}

gboolean link_emit_incoming(link_backend *backend, link_sink *sink)
{
	return backend->events->incoming(backend, sink, backend->user_data);
}

void link_emit_left(link_backend *backend, link_sink *sink)
{
	backend->events->left(backend, sink, backend->user_data);
}

void link_emit_find_ended(link_backend *backend, const GError *error)
{
	backend->events->find_ended(backend, error, backend->user_data);
}

void link_emit_stopped(link_backend *backend)
{
	backend->events->stopped(backend, backend->user_data);
}
