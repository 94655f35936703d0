// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * P2P peers that are sinks: see p2p-sinks.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-sinks.h"

#include "mice-offer.h"
#include "mice-resolve.h"
#include "p2p-pin.h"
#include "wfd-ie.h"
#include "wifi-link.h"

/* Forgetting begins here; what is in sight is kept in any case. */
#define MAX_SINKS 64

/* dB; less is what a hand that moves makes of it. */
#define CLEARLY_ANOTHER_LEVEL 6

struct p2p_sinks {
	link_backend *backend;
	GHashTable *peers; /* id -> struct p2p_peer */
};

static void peer_free(struct p2p_peer *peer)
{
	link_sink_unref(peer->sink);
	g_free(peer->path);
	g_free(peer);
}

p2p_sinks *p2p_sinks_new(link_backend *backend)
{
	p2p_sinks *sinks = g_new0(p2p_sinks, 1);

	sinks->backend = backend;
	sinks->peers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					     (GDestroyNotify)peer_free);
	return sinks;
}

void p2p_sinks_free(p2p_sinks *sinks)
{
	g_hash_table_unref(sinks->peers);
	g_free(sinks);
}

const struct p2p_peer *p2p_sinks_lookup(p2p_sinks *sinks, const char *id)
{
	return g_hash_table_lookup(sinks->peers, id);
}

/* The one out of sight for longest, when there are too many. */
static void forget_oldest(p2p_sinks *sinks, link_sink *keep)
{
	g_autoptr(link_sink) oldest = NULL;
	GHashTableIter iter;
	struct p2p_peer *peer;

	if (g_hash_table_size(sinks->peers) < MAX_SINKS)
		return;
	g_hash_table_iter_init(&iter, sinks->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer)) {
		if (peer->path || peer->sink == keep ||
		    (oldest && oldest->last_seen_us <= peer->sink->last_seen_us))
			continue;
		g_clear_pointer(&oldest, link_sink_unref);
		oldest = link_sink_ref(peer->sink);
	}
	if (!oldest)
		return;
	g_hash_table_remove(sinks->peers, oldest->id);
	link_emit_sink_gone(sinks->backend, oldest);
}

static gboolean replace_text(char **where, const char *text)
{
	if (g_strcmp0(*where, text) == 0)
		return FALSE;
	g_free(*where);
	*where = g_strdup(text);
	return TRUE;
}

/* The first offer of Miracast over Infrastructure that can be understood. */
static gboolean find_offer(GVariant *vendor, struct mice_offer *offer)
{
	gsize n = vendor ? g_variant_n_children(vendor) : 0;

	for (gsize i = 0; i < n; i++) {
		g_autoptr(GVariant) one = g_variant_get_child_value(vendor, i);
		gsize len;
		const guint8 *data = g_variant_get_fixed_array(one, &len, 1);
		g_autoptr(GError) error = NULL;

		if (mice_offer_parse(data, len, offer, &error))
			return offer->supported;
		if (!g_error_matches(error, WFD_ERROR, WFD_ERROR_NO_MATCH))
			g_debug("p2p: %s", error->message);
	}
	return FALSE;
}

/* In the form in which they are compared; what is no address is passed over. */
static char **offered_addresses(const struct mice_offer *offer)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	gboolean any = FALSE;

	for (guint i = 0; i < offer->n_addresses; i++) {
		g_autoptr(GInetAddress) address = g_inet_address_new_from_string(offer->addresses[i]);
		g_autofree char *text = NULL;

		/* Nobody says on which network a link-local one is. */
		if (!address || g_inet_address_get_is_any(address) || g_inet_address_get_is_loopback(address) ||
		    g_inet_address_get_is_multicast(address) || g_inet_address_get_is_link_local(address))
			continue;
		text = g_inet_address_to_string(address);
		g_strv_builder_add(builder, text);
		any = TRUE;
	}
	return any ? g_strv_builder_end(builder) : NULL;
}

static gboolean same_list(char **one, char **two)
{
	return one && two ? g_strv_equal((const char *const *)one, (const char *const *)two) : one == two;
}

/* Where it can be found in the network that is there. TRUE if that has changed. */
static gboolean update_network(link_sink *sink, GVariant *vendor)
{
	g_autofree char *host = NULL;
	g_auto(GStrv) addresses = NULL;
	struct mice_offer offer;
	guint16 port;
	gboolean changed;

	if (find_offer(vendor, &offer)) {
		host = mice_host_parse(offer.host, &port);
		addresses = offered_addresses(&offer);
		if (host && mice_host_is_numeric(host))
			g_clear_pointer(&host, g_free);
	}
	changed = replace_text(&sink->host, host);
	if (same_list(sink->addresses, addresses))
		return changed;
	g_strfreev(sink->addresses);
	sink->addresses = g_steal_pointer(&addresses);
	return TRUE;
}

/* TRUE if it is worth telling at once. */
static gboolean update_sink(link_sink *sink, const struct wpas_peer *found, const struct wfd_ie *ie)
{
	g_autofree char *name = link_clean_text(found->name);
	g_autofree char *both = g_strdup_printf("%s %s", found->manufacturer, found->model);
	g_autofree char *model = link_clean_text(both);
	const char *obstacle = NULL, *band = wifi_link_band(found->frequency);
	gboolean connectable = wfd_device_is_connectable_sink(ie, &obstacle);
	gboolean changed = FALSE;

	sink->obstacle_code = REASON_SINK_UNAVAILABLE;
	if (connectable && !p2p_pin_has_method(found->config_methods)) {
		connectable = FALSE;
		obstacle = "it takes neither push button nor a PIN that it could show or have typed";
		sink->obstacle_code = REASON_NEEDS_PIN;
	}

	changed |= replace_text(&sink->name, *name ? name : sink->id);
	changed |= replace_text(&sink->model, model);
	changed |= update_network(sink, found->vendor);
	changed |= replace_text(&sink->obstacle, connectable ? NULL : obstacle);
	changed |= sink->connectable != connectable || !sink->present || sink->hdcp != ie->hdcp ||
		   sink->throughput != ie->throughput || g_strcmp0(sink->band, band) != 0;
	sink->connectable = connectable;
	sink->present = TRUE;
	sink->hdcp = ie->hdcp;
	sink->throughput = ie->throughput;
	sink->level = found->level;
	sink->band = band;
	sink->last_seen_us = g_get_monotonic_time();
	return changed;
}

/* What was told of it is no longer true enough. */
static gboolean is_stale(const struct p2p_peer *peer)
{
	return ABS(peer->sink->level - peer->told_level) >= CLEARLY_ANOTHER_LEVEL ||
	       peer->sink->last_seen_us - peer->told_us >=
		       (gint64)P2P_SINKS_FRESH_SECONDS * G_USEC_PER_SEC;
}

static gboolean is_sink(const struct wpas_peer *found, struct wfd_ie *ie)
{
	const guint8 *data;
	gsize len;

	if (!found->ies)
		return FALSE;
	data = g_bytes_get_data(found->ies, &len);
	return wfd_ie_parse(data, len, ie, NULL) && ie->has_device_info &&
	       ie->role != WFD_ROLE_SOURCE;
}

const struct p2p_peer *p2p_sinks_update(p2p_sinks *sinks, const struct wpas_peer *found,
					link_sink *keep)
{
	const guint8 *a = found->address;
	g_autofree char *id = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2],
					      a[3], a[4], a[5]);
	struct p2p_peer *peer = g_hash_table_lookup(sinks->peers, id);
	gboolean changed = !peer;
	struct wfd_ie ie;

	if (!is_sink(found, &ie))
		return NULL;
	if (!peer) {
		forget_oldest(sinks, keep);
		peer = g_new0(struct p2p_peer, 1);
		peer->sink = link_sink_new(sinks->backend->impl->name, id, id);
		g_hash_table_insert(sinks->peers, peer->sink->id, peer);
	}
	replace_text(&peer->path, found->path);
	peer->group_owner = found->group_owner;
	peer->config_methods = found->config_methods;
	changed |= update_sink(peer->sink, found, &ie);
	if (changed || is_stale(peer)) {
		peer->told_us = peer->sink->last_seen_us;
		peer->told_level = peer->sink->level;
		link_emit_sink_changed(sinks->backend, peer->sink);
	}
	return peer;
}

void p2p_sinks_lose(p2p_sinks *sinks, const char *path)
{
	GHashTableIter iter;
	struct p2p_peer *peer;

	g_hash_table_iter_init(&iter, sinks->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer)) {
		if (!peer->path || (path && !g_str_equal(peer->path, path)))
			continue;
		g_clear_pointer(&peer->path, g_free);
		/* Who comes again has been heard. */
		peer->doubted = FALSE;
		peer->sink->present = FALSE;
		link_emit_sink_changed(sinks->backend, peer->sink);
	}
}

void p2p_sinks_doubt(p2p_sinks *sinks, const char *id)
{
	struct p2p_peer *peer = g_hash_table_lookup(sinks->peers, id);

	if (peer)
		peer->doubted = TRUE;
}

void p2p_sinks_heard(p2p_sinks *sinks, const char *path)
{
	GHashTableIter iter;
	struct p2p_peer *peer;

	g_hash_table_iter_init(&iter, sinks->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer)) {
		if (g_strcmp0(peer->path, path) == 0)
			peer->doubted = FALSE;
	}
}

gboolean p2p_sinks_forget(p2p_sinks *sinks, link_sink *sink)
{
	const struct p2p_peer *peer = p2p_sinks_lookup(sinks, sink->id);

	return peer && !peer->path && g_hash_table_remove(sinks->peers, sink->id);
}
