// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Wi-Fi P2P through wpa_supplicant or iwd: see link-wifi.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "link-wifi.h"

#include <string.h>

#include "link-iwd.h"

enum way {
	SUPPLICANT,
	IWD,
	N_WAYS,
};

struct link_wifi {
	link_backend base;
	link_backend *ways[N_WAYS];
	gboolean stopped[N_WAYS];
	enum way way; /* the last one that looked */
	gboolean finding;
	gint64 find_until;
	GError *refused; /* why wpa_supplicant cannot look */
	GHashTable *sinks; /* link_sink, a reference -> its link_backend */
};

/* ---- what the two say -------------------------------------------------------------- */

/* Of the same display, out of sight of the other way. */
static link_sink *find_former(struct link_wifi *wifi, link_backend *way, link_sink *sink)
{
	GHashTableIter iter;
	link_sink *other;
	link_backend *of;

	g_hash_table_iter_init(&iter, wifi->sinks);
	while (g_hash_table_iter_next(&iter, (gpointer *)&other, (gpointer *)&of)) {
		if (of != way && !other->present && strcmp(other->id, sink->id) == 0)
			return other;
	}
	return NULL;
}

static void on_sink_changed(link_backend *way, link_sink *sink, gpointer user_data)
{
	struct link_wifi *wifi = user_data;
	link_sink *former = sink->present ? find_former(wifi, way, sink) : NULL;

	if (former) {
		g_autoptr(link_sink) kept = link_sink_ref(former);
		link_backend *of = g_hash_table_lookup(wifi->sinks, kept);

		if (of->impl->forget(of, kept)) {
			g_hash_table_remove(wifi->sinks, kept);
			link_emit_sink_gone(&wifi->base, kept);
		}
	}
	if (!g_hash_table_contains(wifi->sinks, sink))
		g_hash_table_insert(wifi->sinks, link_sink_ref(sink), way);
	link_emit_sink_changed(&wifi->base, sink);
}

static void on_sink_gone(link_backend *way, link_sink *sink, gpointer user_data)
{
	struct link_wifi *wifi = user_data;

	link_emit_sink_gone(&wifi->base, sink);
	g_hash_table_remove(wifi->sinks, sink);
}

static gboolean on_incoming(link_backend *way, link_sink *sink, gpointer user_data)
{
	struct link_wifi *wifi = user_data;

	return link_emit_incoming(&wifi->base, sink);
}

static void find_over(struct link_wifi *wifi, const GError *error)
{
	g_autoptr(GError) refused = g_steal_pointer(&wifi->refused);

	wifi->finding = FALSE;
	if (refused && g_error_matches(error, REASON_ERROR, REASON_SUPPLICANT_MISSING))
		error = refused;
	link_emit_find_ended(&wifi->base, error);
}

static void on_find_ended(link_backend *way, const GError *error, gpointer user_data)
{
	struct link_wifi *wifi = user_data;
	gint64 left = wifi->find_until - g_get_monotonic_time();

	if (!wifi->finding || way != wifi->ways[wifi->way])
		return;
	if (error && wifi->way == SUPPLICANT && left > 0 && !g_error_matches(error, REASON_ERROR, REASON_LINK_BUSY)) {
		g_clear_error(&wifi->refused);
		wifi->refused = g_error_copy(error);
		wifi->way = IWD;
		wifi->ways[IWD]->impl->start_find(wifi->ways[IWD], (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
		return;
	}
	find_over(wifi, error);
}

static void on_stopped(link_backend *way, gpointer user_data)
{
	struct link_wifi *wifi = user_data;

	wifi->stopped[way == wifi->ways[IWD] ? IWD : SUPPLICANT] = TRUE;
	if (wifi->stopped[SUPPLICANT] && wifi->stopped[IWD])
		link_emit_stopped(&wifi->base);
}

static const struct link_events way_callbacks = {
	.sink_changed = on_sink_changed,
	.sink_gone = on_sink_gone,
	.incoming = on_incoming,
	.find_ended = on_find_ended,
	.stopped = on_stopped,
};

/* ---- backend ------------------------------------------------------------------------- */

static void wifi_start_find(link_backend *backend, guint seconds)
{
	struct link_wifi *wifi = (struct link_wifi *)backend;
	gint64 until = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;

	if (!wifi->finding) {
		g_clear_error(&wifi->refused);
		wifi->find_until = 0;
		wifi->way = link_iwd_is_used(wifi->ways[IWD]) ? IWD : SUPPLICANT;
	}
	wifi->finding = TRUE;
	wifi->find_until = MAX(wifi->find_until, until);
	wifi->ways[wifi->way]->impl->start_find(wifi->ways[wifi->way], seconds);
}

static void wifi_stop_find(link_backend *backend)
{
	struct link_wifi *wifi = (struct link_wifi *)backend;

	/* Not to be begun anew with the other one. */
	wifi->find_until = 0;
	wifi->ways[wifi->way]->impl->stop_find(wifi->ways[wifi->way]);
}

static gboolean wifi_forget(link_backend *backend, link_sink *sink)
{
	struct link_wifi *wifi = (struct link_wifi *)backend;
	link_backend *way = g_hash_table_lookup(wifi->sinks, sink);

	return way && way->impl->forget(way, sink) && g_hash_table_remove(wifi->sinks, sink);
}

/* What comes of it is the way's own. */
static link_connection *wifi_connect(link_backend *backend, link_sink *sink, GVariant *options,
				     const struct link_connection_events *events, gpointer user_data)
{
	struct link_wifi *wifi = (struct link_wifi *)backend;
	link_backend *way = g_hash_table_lookup(wifi->sinks, sink);

	if (!way)
		way = wifi->ways[wifi->way];
	return way->impl->connect(way, sink, options, events, user_data);
}

static void wifi_stop(link_backend *backend)
{
	struct link_wifi *wifi = (struct link_wifi *)backend;

	wifi->find_until = 0;
	for (guint i = 0; i < N_WAYS; i++)
		wifi->ways[i]->impl->stop(wifi->ways[i]);
}

static void wifi_free(link_backend *backend)
{
	struct link_wifi *wifi = (struct link_wifi *)backend;

	for (guint i = 0; i < N_WAYS; i++)
		link_backend_free(wifi->ways[i]);
	g_clear_error(&wifi->refused);
	g_hash_table_unref(wifi->sinks);
	g_free(wifi);
}

static const struct link_impl wifi_impl = {
	.name = "p2p",
	.start_find = wifi_start_find,
	.stop_find = wifi_stop_find,
	.forget = wifi_forget,
	.connect = wifi_connect,
	.stop = wifi_stop,
	.free = wifi_free,
};

link_backend *link_wifi_new(const struct link_p2p_config *config, const struct link_events *events,
			    gpointer user_data)
{
	struct link_wifi *wifi = g_new0(struct link_wifi, 1);

	wifi->base = (link_backend){ &wifi_impl, events, user_data };
	wifi->sinks = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)link_sink_unref, NULL);
	wifi->ways[SUPPLICANT] = link_p2p_new(config, &way_callbacks, wifi);
	wifi->ways[IWD] = link_iwd_new(config, &way_callbacks, wifi);
	return &wifi->base;
}
