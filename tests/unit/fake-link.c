// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A link for tests: see fake-link.h.
 */
#include "fake-link.h"

#include "broker.h"

static struct fake_link *fake_of(link_backend *backend)
{
	return (struct fake_link *)backend;
}

static gboolean find_ends(gpointer user_data)
{
	struct fake_link *link = user_data;
	g_autoptr(GError) error = g_steal_pointer(&link->find_error);

	link->find_ending = 0;
	link_emit_find_ended(&link->base, error);
	return G_SOURCE_REMOVE;
}

static void start_find(link_backend *backend, guint seconds)
{
	struct fake_link *link = fake_of(backend);

	link->finds++;
	if (!link->find_ending)
		link->find_ending = g_idle_add(find_ends, link);
}

static void stop_find(link_backend *backend)
{
}

static link_connection *begin(link_backend *backend, link_sink *sink, GVariant *options,
			      const struct link_connection_events *events, gpointer user_data)
{
	struct fake_link *link = fake_of(backend);

	link->connects++;
	g_free(link->connected);
	link->connected = g_strdup(sink->id);
	link->connection = g_new0(link_connection, 1);
	link_connection_init(link->connection, backend, sink, events, user_data);
	return link->connection;
}

static gboolean closes(gpointer user_data)
{
	link_emit_closed(user_data);
	return G_SOURCE_REMOVE;
}

static void end(link_connection *connection)
{
	fake_of(connection->backend)->connection = NULL;
	g_idle_add(closes, connection);
}

static void enter_pin(link_connection *connection, const char *pin)
{
	struct fake_link *link = fake_of(connection->backend);

	g_free(link->pin);
	link->pin = g_strdup(pin);
}

static void ignore(link_connection *connection)
{
}

static void connection_free(link_connection *connection)
{
	link_connection_finish(connection);
	g_free(connection);
}

static gboolean stops(gpointer user_data)
{
	link_emit_stopped(user_data);
	return G_SOURCE_REMOVE;
}

static void stop(link_backend *backend)
{
	g_idle_add(stops, backend);
}

static void backend_free(link_backend *backend)
{
	struct fake_link *link = fake_of(backend);

	g_clear_handle_id(&link->find_ending, g_source_remove);
	g_clear_error(&link->find_error);
	g_free(link->connected);
	g_free(link->pin);
	g_free(link);
}

struct fake_link *fake_link_new(const char *name, gpointer user_data)
{
	struct fake_link *link = g_new0(struct fake_link, 1);

	link->impl = (struct link_impl){
		.name = name,
		.start_find = start_find,
		.stop_find = stop_find,
		.connect = begin,
		.enter_pin = enter_pin,
		.next_call = ignore,
		.answered = ignore,
		.disconnect = end,
		.connection_free = connection_free,
		.stop = stop,
		.free = backend_free,
	};
	link->base.impl = &link->impl;
	link->base.events = broker_link_events();
	link->base.user_data = user_data;
	return link;
}

link_sink *fake_link_sink(struct fake_link *link, link_sink *sink, gboolean present)
{
	sink->present = present;
	sink->connectable = present;
	link_emit_sink_changed(&link->base, sink);
	return sink;
}

void fake_link_fail(struct fake_link *link)
{
	g_autoptr(GError) error = g_error_new_literal(REASON_ERROR, REASON_NOT_ACCEPTED, "nobody has accepted it");

	link_emit_failed(link->connection, error);
}
