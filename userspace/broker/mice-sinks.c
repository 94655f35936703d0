// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays of the network: see mice-sinks.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "mice-sinks.h"

#include <string.h>

#include "mice-message.h"
#include "mice-resolve.h"

struct mice_sinks {
	link_backend *backend;
	GHashTable *known; /* id -> struct known */
};

/* A display that is there by what another link says. */
struct heard {
	char *host; /* NULL: only addresses */
	char **addresses; /* NULL: only a host */
};

struct known {
	link_sink *sink;
	GHashTable *services; /* key -> GSocketAddress: those that say that it is there */
	GHashTable *heard; /* id of the other link's sink -> struct heard */
	guint16 port;
	char *container; /* NULL: no service has said */
	gboolean found; /* at some time */
	gboolean used;
};

static void heard_free(struct heard *heard)
{
	g_free(heard->host);
	g_strfreev(heard->addresses);
	g_free(heard);
}

static void known_free(struct known *known)
{
	link_sink_unref(known->sink);
	g_hash_table_unref(known->services);
	g_hash_table_unref(known->heard);
	g_free(known->container);
	g_free(known);
}

static char *id_of(const char *host, guint16 port)
{
	if (port == MICE_PORT)
		return g_strconcat(LINK_MICE_PREFIX, host, NULL);
	return g_strdup_printf(strchr(host, ':') ? LINK_MICE_PREFIX "[%s]:%u" :
						   LINK_MICE_PREFIX "%s:%u", host, port);
}

static struct known *add(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_new0(struct known, 1);

	known->sink = link_sink_ref(sink);
	known->services = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	known->heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     (GDestroyNotify)heard_free);
	g_free(mice_host_parse(sink->id + strlen(LINK_MICE_PREFIX), &known->port));
	g_hash_table_insert(sinks->known, known->sink->id, known);
	return known;
}

/* One that nothing is known of but its host. */
static link_sink *new_sink(mice_sinks *sinks, const char *id, const char *host, const char *name)
{
	link_sink *sink = link_sink_new(sinks->backend->impl->name, id, name);
	g_autoptr(GInetAddress) numeric = g_inet_address_new_from_string(host);

	if (numeric) {
		sink->addresses = g_new0(char *, 2);
		sink->addresses[0] = g_inet_address_to_string(numeric);
	} else {
		sink->host = g_strdup(host);
	}
	return sink;
}

static void forget(mice_sinks *sinks, struct known *known)
{
	g_autoptr(link_sink) held = link_sink_ref(known->sink);

	g_hash_table_remove(sinks->known, held->id);
	link_emit_sink_gone(sinks->backend, held);
}

/* FALSE: all that are known are needed. */
static gboolean make_room(mice_sinks *sinks)
{
	struct known *oldest = NULL, *known;
	GHashTableIter iter;

	if (g_hash_table_size(sinks->known) < MICE_MAX_SINKS)
		return TRUE;
	g_hash_table_iter_init(&iter, sinks->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (!known->used && !known->sink->present &&
		    (!oldest || known->sink->last_seen_us < oldest->sink->last_seen_us))
			oldest = known;
	}
	if (oldest)
		forget(sinks, oldest);
	return oldest != NULL;
}

/* The same display under another host name; NULL: none that is known. */
static struct known *find_container(mice_sinks *sinks, const char *container, guint16 port)
{
	GHashTableIter iter;
	struct known *known;

	g_hash_table_iter_init(&iter, sinks->known);
	while (container && g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (known->port == port && g_strcmp0(known->container, container) == 0)
			return known;
	}
	return NULL;
}

static gboolean is_there(const struct known *known)
{
	return g_hash_table_size(known->services) > 0 || g_hash_table_size(known->heard) > 0;
}

static void add_heard_texts(GPtrArray *all, struct known *known)
{
	GHashTableIter iter;
	struct heard *heard;

	g_hash_table_iter_init(&iter, known->heard);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&heard)) {
		for (char **text = heard->addresses; text && *text; text++)
			g_ptr_array_add(all, g_strdup(*text));
	}
}

/* By which displays of two links are compared. Where it was once is good enough to know it by. */
static void update_addresses(struct known *known)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	GHashTableIter iter;
	GSocketAddress *address;

	g_hash_table_iter_init(&iter, known->services);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&address)) {
		GInetAddress *inet = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address));

		if (!g_inet_address_get_is_link_local(inet))
			g_ptr_array_add(all, g_inet_address_to_string(inet));
	}
	/* What others say of it counts only as long as it says nothing itself. */
	if (!all->len)
		add_heard_texts(all, known);
	if (!all->len)
		return;
	g_ptr_array_add(all, NULL);
	g_strfreev(known->sink->addresses);
	known->sink->addresses = (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

static void set_name(struct known *known, const char *name)
{
	if (!*name || g_str_equal(known->sink->name, name))
		return;
	g_free(known->sink->name);
	known->sink->name = g_strdup(name);
}

/* For all to see, also if somebody had named it before. */
static void in_sight(mice_sinks *sinks, struct known *known)
{
	known->sink->present = TRUE;
	known->sink->owner = OWNER_SHARED;
	known->sink->last_seen_us = g_get_monotonic_time();
	link_emit_sink_changed(sinks->backend, known->sink);
}

static void out_of_sight(mice_sinks *sinks, struct known *known)
{
	/* Nobody has met it. */
	if (!known->found && !known->used) {
		forget(sinks, known);
		return;
	}
	known->sink->present = FALSE;
	known->sink->last_seen_us = g_get_monotonic_time();
	link_emit_sink_changed(sinks->backend, known->sink);
}

static gboolean has_address(char **addresses, const char *address)
{
	return addresses && g_strv_contains((const char *const *)addresses, address);
}

static gboolean is_at(const struct known *known, const char *host, char **addresses)
{
	if (known->port != MICE_PORT)
		return FALSE;
	if (host && known->sink->host && mice_host_compare(host, known->sink->host) == 0)
		return TRUE;
	for (char **address = addresses; address && *address; address++) {
		if (has_address(known->sink->addresses, *address))
			return TRUE;
	}
	return FALSE;
}

/* What is heard of @known, which was just found, under a name that was less certain. */
static void absorb_heard(mice_sinks *sinks, struct known *known)
{
	GHashTableIter iter, heard_iter;
	struct known *other, *absorbed = NULL;
	struct heard *heard;
	char *id;

	g_hash_table_iter_init(&iter, sinks->known);
	while (!absorbed && g_hash_table_iter_next(&iter, NULL, (gpointer *)&other)) {
		if (other != known && !other->found && !other->used &&
		    is_at(known, other->sink->host, other->sink->addresses))
			absorbed = other;
	}
	if (!absorbed)
		return;
	g_hash_table_iter_init(&heard_iter, absorbed->heard);
	while (g_hash_table_iter_next(&heard_iter, (gpointer *)&id, (gpointer *)&heard)) {
		g_hash_table_iter_steal(&heard_iter);
		g_hash_table_insert(known->heard, id, heard);
	}
	forget(sinks, absorbed);
}

/* NULL: there is no room. */
static struct known *make(mice_sinks *sinks, const char *host, guint16 port, const char *name)
{
	g_autofree char *id = id_of(host, port);
	struct known *known = g_hash_table_lookup(sinks->known, id);
	g_autoptr(link_sink) sink = NULL;

	if (known || !make_room(sinks))
		return known;
	sink = new_sink(sinks, id, host, *name ? name : host);
	return add(sinks, sink);
}

void mice_sinks_found(mice_sinks *sinks, const struct avahi_service *service)
{
	guint16 port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(service->address));
	guint16 none;
	g_autofree char *host = mice_host_parse(service->host, &none);
	g_autofree char *name = link_clean_text(service->name);
	struct known *known;

	if (!host || none != MICE_PORT) {
		g_debug("a service is on a host that is none");
		return;
	}
	known = find_container(sinks, service->container, port);
	if (!known)
		known = make(sinks, host, port, name);
	if (!known)
		return;
	set_name(known, name);
	if (service->container && !known->container)
		known->container = g_strdup(service->container);
	g_hash_table_replace(known->services, g_strdup(service->key), g_object_ref(service->address));
	update_addresses(known);
	known->found = TRUE;
	absorb_heard(sinks, known);
	in_sight(sinks, known);
}

void mice_sinks_lost(mice_sinks *sinks, const char *key)
{
	GHashTableIter iter;
	struct known *known;

	g_hash_table_iter_init(&iter, sinks->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (!g_hash_table_remove(known->services, key))
			continue;
		if (!is_there(known))
			out_of_sight(sinks, known);
		return;
	}
}

void mice_sinks_lose_all(mice_sinks *sinks)
{
	GHashTableIter iter;
	struct known *known;

	g_hash_table_iter_init(&iter, sinks->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (g_hash_table_size(known->services) == 0)
			continue;
		/* It was found, and is not forgotten here. */
		g_hash_table_remove_all(known->services);
		if (!is_there(known))
			out_of_sight(sinks, known);
	}
}

/* ---- what is heard ------------------------------------------------------------------ */

static struct known *find_heard(mice_sinks *sinks, const char *id)
{
	GHashTableIter iter;
	struct known *known;

	g_hash_table_iter_init(&iter, sinks->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (g_hash_table_contains(known->heard, id))
			return known;
	}
	return NULL;
}

static struct known *find_at(mice_sinks *sinks, const char *host, char **addresses)
{
	GHashTableIter iter;
	struct known *known;

	g_hash_table_iter_init(&iter, sinks->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (is_at(known, host, addresses))
			return known;
	}
	return NULL;
}

static gboolean same_addresses(char **one, char **two)
{
	return one && two ? g_strv_equal((const char *const *)one, (const char *const *)two) : one == two;
}

static gboolean says_the_same(const struct heard *heard, link_sink *other)
{
	return g_strcmp0(heard->host, other->host) == 0 &&
	       same_addresses(heard->addresses, other->addresses);
}

static void hear_no_more(mice_sinks *sinks, struct known *known, const char *id)
{
	g_hash_table_remove(known->heard, id);
	if (!is_there(known))
		out_of_sight(sinks, known);
}

static void hear(mice_sinks *sinks, struct known *known, link_sink *other)
{
	struct heard *heard = g_new0(struct heard, 1);

	heard->host = g_strdup(other->host);
	heard->addresses = g_strdupv(other->addresses);
	g_hash_table_replace(known->heard, g_strdup(other->id), heard);
	update_addresses(known);
	/* What it says of itself here counts more. */
	if (!known->found)
		set_name(known, other->name);
	in_sight(sinks, known);
}

void mice_sinks_heard(mice_sinks *sinks, link_sink *other, gboolean gone)
{
	gboolean offers = !gone && other->present && (other->host || other->addresses);
	struct known *known = find_heard(sinks, other->id);

	if (known && offers && says_the_same(g_hash_table_lookup(known->heard, other->id), other)) {
		if (!known->found && !g_str_equal(known->sink->name, other->name)) {
			set_name(known, other->name);
			link_emit_sink_changed(sinks->backend, known->sink);
		}
		return;
	}
	if (known)
		hear_no_more(sinks, known, other->id);
	if (!offers)
		return;
	known = find_at(sinks, other->host, other->addresses);
	if (!known)
		known = make(sinks, other->host ? other->host : other->addresses[0], MICE_PORT, other->name);
	if (known)
		hear(sinks, known, other);
}

/* ---- by address ------------------------------------------------------------------ */

link_sink *mice_sinks_reach(mice_sinks *sinks, const char *host, guint16 port, gint64 owner)
{
	g_autofree char *id = id_of(host, port);
	g_autofree char *name = link_clean_text(host);
	struct known *known = g_hash_table_lookup(sinks->known, id);
	link_sink *sink;

	if (known)
		return link_sink_ref(known->sink);
	sink = new_sink(sinks, id, host, name);
	sink->owner = owner;
	return sink;
}

void mice_sinks_use(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_hash_table_lookup(sinks->known, sink->id);

	if (!known)
		known = add(sinks, sink);
	known->used = TRUE;
}

void mice_sinks_unuse(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_hash_table_lookup(sinks->known, sink->id);

	if (!known)
		return;
	known->used = FALSE;
	if (!known->found && !is_there(known))
		forget(sinks, known);
}

static void add_heard(GPtrArray *addresses, struct known *known)
{
	GHashTableIter iter;
	struct heard *heard;

	g_hash_table_iter_init(&iter, known->heard);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&heard)) {
		for (char **text = heard->addresses; text && *text; text++) {
			if (addresses->len < MICE_MAX_ADDRESSES)
				g_ptr_array_add(addresses, g_inet_socket_address_new_from_string(*text, known->port));
		}
	}
}

/* What @sink has kept of a host that nobody speaks of any more: its name alone may not lead there. */
static GPtrArray *kept_addresses(link_sink *sink)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
	guint16 port;

	g_free(mice_host_parse(sink->id + strlen(LINK_MICE_PREFIX), &port));
	for (char **text = sink->host ? sink->addresses : NULL;
	     text && *text && addresses->len < MICE_MAX_ADDRESSES; text++)
		g_ptr_array_add(addresses, g_inet_socket_address_new_from_string(*text, port));
	return addresses->len ? g_steal_pointer(&addresses) : NULL;
}

/* A link-local address last: not everybody answers there. What was only heard is tried if nothing was found. */
GPtrArray *mice_sinks_addresses(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_hash_table_lookup(sinks->known, sink->id);
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
	GHashTableIter iter;
	GSocketAddress *address;

	if (!known)
		return kept_addresses(sink);
	g_hash_table_iter_init(&iter, known->services);
	while (addresses->len < MICE_MAX_ADDRESSES &&
	       g_hash_table_iter_next(&iter, NULL, (gpointer *)&address)) {
		gboolean v6 = g_socket_address_get_family(address) == G_SOCKET_FAMILY_IPV6;

		g_ptr_array_insert(addresses, v6 ? -1 : 0, g_object_ref(address));
	}
	if (addresses->len == 0)
		add_heard(addresses, known);
	return addresses->len ? g_steal_pointer(&addresses) : NULL;
}

gboolean mice_sinks_forget(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_hash_table_lookup(sinks->known, sink->id);

	return known && !known->used && !sink->present && g_hash_table_remove(sinks->known, sink->id);
}

mice_sinks *mice_sinks_new(link_backend *backend)
{
	mice_sinks *sinks = g_new0(mice_sinks, 1);

	sinks->backend = backend;
	sinks->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)known_free);
	return sinks;
}

void mice_sinks_free(mice_sinks *sinks)
{
	g_hash_table_unref(sinks->known);
	g_free(sinks);
}
