// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * iwd's peers that are sinks: see iwd-sinks.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "iwd-sinks.h"

/* Forgetting begins here; what is in sight is kept in any case. */
#define MAX_SINKS 64

/* @path: its object, NULL: not in sight */
struct found {
	link_sink *sink;
	char *path;
};

struct iwd_sinks {
	link_backend *backend;
	GHashTable *found; /* id -> struct found */
};

static void found_free(struct found *found)
{
	link_sink_unref(found->sink);
	g_free(found->path);
	g_free(found);
}

static void forget_oldest(iwd_sinks *sinks, link_sink *keep)
{
	g_autoptr(link_sink) oldest = NULL;
	GHashTableIter iter;
	struct found *found;

	if (g_hash_table_size(sinks->found) < MAX_SINKS)
		return;
	g_hash_table_iter_init(&iter, sinks->found);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&found)) {
		if (found->path || found->sink == keep ||
		    (oldest && oldest->last_seen_us <= found->sink->last_seen_us))
			continue;
		g_clear_pointer(&oldest, link_sink_unref);
		oldest = link_sink_ref(found->sink);
	}
	if (!oldest)
		return;
	g_hash_table_remove(sinks->found, oldest->id);
	link_emit_sink_gone(sinks->backend, oldest);
}

void iwd_sinks_lose(iwd_sinks *sinks, const char *path)
{
	GHashTableIter iter;
	struct found *found;

	g_hash_table_iter_init(&iter, sinks->found);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&found)) {
		if (g_strcmp0(found->path, path) != 0)
			continue;
		g_clear_pointer(&found->path, g_free);
		found->sink->present = FALSE;
		link_emit_sink_changed(sinks->backend, found->sink);
		return;
	}
}

link_sink *iwd_sinks_update(iwd_sinks *sinks, const struct iwd_peer *peer, link_sink *keep)
{
	struct found *found = g_hash_table_lookup(sinks->found, peer->address);
	g_autofree char *name = link_clean_text(peer->name);
	link_sink *sink;

	if (!peer->sink) {
		iwd_sinks_lose(sinks, peer->path);
		return NULL;
	}
	if (!found) {
		forget_oldest(sinks, keep);
		found = g_new0(struct found, 1);
		found->sink = link_sink_new(sinks->backend->impl->name, peer->address, peer->address);
		g_hash_table_insert(sinks->found, found->sink->id, found);
	}
	sink = found->sink;
	g_free(found->path);
	found->path = g_strdup(peer->path);
	g_free(sink->name);
	sink->name = g_strdup(*name ? name : sink->id);
	sink->hdcp = peer->hdcp;
	sink->level = peer->level;
	sink->present = TRUE;
	sink->last_seen_us = g_get_monotonic_time();
	link_emit_sink_changed(sinks->backend, sink);
	return sink;
}

gboolean iwd_sinks_forget(iwd_sinks *sinks, link_sink *sink)
{
	struct found *found = g_hash_table_lookup(sinks->found, sink->id);

	return found && found->sink == sink && !found->path && g_hash_table_remove(sinks->found, sink->id);
}

const char *iwd_sinks_path(iwd_sinks *sinks, const char *id)
{
	struct found *found = g_hash_table_lookup(sinks->found, id);

	return found ? found->path : NULL;
}

iwd_sinks *iwd_sinks_new(link_backend *backend)
{
	iwd_sinks *sinks = g_new0(iwd_sinks, 1);

	sinks->backend = backend;
	sinks->found = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)found_free);
	return sinks;
}

void iwd_sinks_free(iwd_sinks *sinks)
{
	g_hash_table_unref(sinks->found);
	g_free(sinks);
}
