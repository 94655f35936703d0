// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Miracast over Infrastructure: see link-mice.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "link-mice.h"

#include <string.h>

#include "mice-connection.h"
#include "mice-resolve.h"

struct mice {
	link_backend base;
	GHashTable *used; /* id -> link_sink, a reference: those with a connection */
	guint16 rtsp_port;
	guint answer_seconds;
	char *name;
	char *machine_id;
	guint find_idle;
	guint stop_idle;
};

/* ---- who we are ----------------------------------------------------------------- */

void link_mice_source_id(const char *machine_id, const char *sink, guint8 *source_id)
{
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)machine_id, strlen(machine_id));
	guint8 digest[32];
	gsize len = sizeof(digest);

	g_hmac_update(hmac, (const guchar *)sink, -1);
	g_hmac_get_digest(hmac, digest, &len);
	g_hmac_unref(hmac);
	memcpy(source_id, digest, MICE_SOURCE_ID_SIZE);
}

/* A machine without an id is another one each time. */
static char *read_machine_id(void)
{
	g_autofree char *text = NULL;

	if (g_file_get_contents("/etc/machine-id", &text, NULL, NULL) && *g_strstrip(text))
		return g_steal_pointer(&text);
	return g_uuid_string_random();
}

/* ---- sinks ---------------------------------------------------------------------- */

static char *id_of(const char *host, guint16 port)
{
	if (port == MICE_PORT)
		return g_strconcat(LINK_MICE_PREFIX, host, NULL);
	return g_strdup_printf(strchr(host, ':') ? LINK_MICE_PREFIX "[%s]:%u" :
						   LINK_MICE_PREFIX "%s:%u", host, port);
}

static link_sink *mice_reach(link_backend *backend, const char *what, GError **error)
{
	struct mice *mice = (struct mice *)backend;
	gboolean said = g_str_has_prefix(what, LINK_MICE_PREFIX);
	const char *text = said ? what + strlen(LINK_MICE_PREFIX) : what;
	guint16 port;
	g_autofree char *host = mice_host_parse(text, &port);
	g_autofree char *id = NULL;
	g_autofree char *name = NULL;
	link_sink *known;

	if (!host && said)
		g_set_error(error, REASON_ERROR, REASON_HOST_UNKNOWN,
			    "\"%s\" is neither a host name nor an address", text);
	/* A word alone is the name of a display, which was not found. */
	if (!host || (!said && !strchr(host, '.') && !mice_host_is_numeric(host)))
		return NULL;
	id = id_of(host, port);
	known = g_hash_table_lookup(mice->used, id);
	if (known)
		return link_sink_ref(known);
	name = link_clean_text(host);
	return link_sink_new(backend->impl->name, id, name);
}

/* ---- connection ------------------------------------------------------------------ */

/* Nobody has found it; it was known for this connection's sake. */
static void forget(link_backend *backend, link_sink *sink)
{
	struct mice *mice = (struct mice *)backend;
	g_autoptr(link_sink) held = link_sink_ref(sink);

	if (g_hash_table_remove(mice->used, sink->id))
		link_emit_sink_gone(backend, held);
}

static link_connection *mice_connect(link_backend *backend, link_sink *sink, GVariant *options,
				     const struct link_connection_events *events,
				     gpointer user_data)
{
	struct mice *mice = (struct mice *)backend;
	struct mice_target target = { .rtsp_port = mice->rtsp_port,
				      .answer_seconds = mice->answer_seconds,
				      .name = mice->name, .closed = forget };
	g_autofree char *host = mice_host_parse(sink->id + strlen(LINK_MICE_PREFIX), &target.port);
	guint8 source_id[MICE_SOURCE_ID_SIZE];

	link_mice_source_id(mice->machine_id, sink->id, source_id);
	target.host = host;
	target.source_id = source_id;
	g_hash_table_insert(mice->used, sink->id, link_sink_ref(sink));
	return mice_connection_new(backend, sink, &target, events, user_data);
}

/* ---- backend ---------------------------------------------------------------------- */

static gboolean emit_find_ended(gpointer user_data)
{
	struct mice *mice = user_data;

	mice->find_idle = 0;
	link_emit_find_ended(&mice->base, NULL);
	return G_SOURCE_REMOVE;
}

static void mice_start_find(link_backend *backend, guint seconds)
{
	struct mice *mice = (struct mice *)backend;

	if (!mice->find_idle)
		mice->find_idle = g_idle_add(emit_find_ended, mice);
}

static void mice_stop_find(link_backend *backend)
{
}

static gboolean emit_stopped(gpointer user_data)
{
	struct mice *mice = user_data;

	mice->stop_idle = 0;
	link_emit_stopped(&mice->base);
	return G_SOURCE_REMOVE;
}

static void mice_stop(link_backend *backend)
{
	struct mice *mice = (struct mice *)backend;

	if (!mice->stop_idle)
		mice->stop_idle = g_idle_add(emit_stopped, mice);
}

static void mice_free(link_backend *backend)
{
	struct mice *mice = (struct mice *)backend;

	g_clear_handle_id(&mice->find_idle, g_source_remove);
	g_clear_handle_id(&mice->stop_idle, g_source_remove);
	g_hash_table_unref(mice->used);
	g_free(mice->name);
	g_free(mice->machine_id);
	g_free(mice);
}

static const struct link_impl mice_impl = {
	.name = "mice",
	.start_find = mice_start_find,
	.stop_find = mice_stop_find,
	.reach = mice_reach,
	.connect = mice_connect,
	.next_call = mice_connection_next_call,
	.answered = mice_connection_answered,
	.disconnect = mice_connection_disconnect,
	.connection_free = mice_connection_free,
	.stop = mice_stop,
	.free = mice_free,
};

link_backend *link_mice_new(const struct link_mice_config *config, const struct link_events *events,
			    gpointer user_data)
{
	struct mice *mice = g_new0(struct mice, 1);

	mice->base.impl = &mice_impl;
	mice->base.events = events;
	mice->base.user_data = user_data;
	mice->rtsp_port = config->rtsp_port ? config->rtsp_port : LINK_DEFAULT_PORT;
	mice->answer_seconds = config->answer_seconds;
	mice->name = g_strdup(config->name ? config->name : link_own_name());
	mice->machine_id = read_machine_id();
	mice->used = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					   (GDestroyNotify)link_sink_unref);
	return &mice->base;
}
