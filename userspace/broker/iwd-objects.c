// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * iwd's objects: see iwd-objects.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "iwd-objects.h"

#include <string.h>

#define ADDRESS_LENGTH 17

/* A peer as it was told. */
struct known {
	char *path;
	char *address;
	char *name;
	gboolean sink;
	gboolean hdcp;
	gint level;
	gboolean seen; /* in the present listing */
};

struct iwd_peers {
	GHashTable *known; /* path -> struct known */
	void (*peer)(const struct iwd_peer *peer, gpointer user_data);
	void (*lost)(const char *path, gpointer user_data);
	gpointer user_data;
};

static void known_free(struct known *known)
{
	g_free(known->path);
	g_free(known->address);
	g_free(known->name);
	g_free(known);
}

/* ---- devices ------------------------------------------------------------------- */

/* Object path of the adapter that has a network interface of that name, or NULL. */
static char *adapter_of(GVariant *objects, const char *interface)
{
	GVariantIter iter;
	GVariant *interfaces;
	char *adapter = NULL;

	g_variant_iter_init(&iter, objects);
	while (!adapter && g_variant_iter_next(&iter, "{&o@a{sa{sv}}}", NULL, &interfaces)) {
		g_autoptr(GVariant) owned = interfaces;
		g_autoptr(GVariant) device =
			g_variant_lookup_value(owned, IWD_NAME ".Device", G_VARIANT_TYPE_VARDICT);
		const char *name = "";

		if (device && g_variant_lookup(device, "Name", "&s", &name) && strcmp(name, interface) == 0)
			g_variant_lookup(device, "Adapter", "o", &adapter);
	}
	return adapter;
}

char *iwd_choose_device(GVariant *objects, const char *interface, gboolean *enabled)
{
	g_autofree char *adapter = interface ? adapter_of(objects, interface) : NULL;
	GVariantIter iter;
	GVariant *interfaces;
	const char *path;
	char *chosen = NULL;

	g_variant_iter_init(&iter, objects);
	while (!chosen && g_variant_iter_next(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		g_autoptr(GVariant) owned = interfaces;
		g_autoptr(GVariant) device = g_variant_lookup_value(owned, IWD_P2P_DEVICE, G_VARIANT_TYPE_VARDICT);

		if (!device || (interface && g_strcmp0(path, adapter) != 0))
			continue;
		*enabled = FALSE;
		g_variant_lookup(device, "Enabled", "b", enabled);
		chosen = g_strdup(path);
	}
	return chosen;
}

/* ---- peers ---------------------------------------------------------------------- */

static void tell(iwd_peers *peers, const struct known *known)
{
	peers->peer(&(struct iwd_peer){ known->path, known->address, known->name, known->sink, known->hdcp,
					known->level }, peers->user_data);
}

static gboolean is_address(const char *text)
{
	for (guint i = 0; i < ADDRESS_LENGTH; i++) {
		if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit(text[i]))
			return FALSE;
	}
	return !text[ADDRESS_LENGTH];
}

static void see_peer(iwd_peers *peers, const char *path, GVariant *peer, GVariant *display)
{
	struct known *known = g_hash_table_lookup(peers->known, path);
	const char *name = "", *address = "";
	gboolean sink = FALSE, hdcp = FALSE, changed = !known;

	g_variant_lookup(peer, "Name", "&s", &name);
	g_variant_lookup(peer, "Address", "&s", &address);
	g_variant_lookup(display, "Sink", "b", &sink);
	g_variant_lookup(display, "HasContentProtection", "b", &hdcp);
	if (!is_address(address))
		return;
	if (!known) {
		known = g_new0(struct known, 1);
		known->path = g_strdup(path);
		known->address = g_ascii_strdown(address, -1);
		g_hash_table_insert(peers->known, known->path, known);
	}
	known->seen = TRUE;
	changed |= g_strcmp0(known->name, name) != 0 || known->sink != sink || known->hdcp != hdcp;
	if (!changed)
		return;
	g_free(known->name);
	known->name = g_strdup(name);
	known->sink = sink;
	known->hdcp = hdcp;
	tell(peers, known);
}

static void lose(iwd_peers *peers, gboolean all)
{
	g_autoptr(GList) list = g_hash_table_get_values(peers->known);

	for (GList *one = list; one; one = one->next) {
		struct known *known = one->data;
		g_autofree char *path = NULL;

		if (known->seen && !all)
			continue;
		path = g_strdup(known->path);
		g_hash_table_remove(peers->known, path);
		peers->lost(path, peers->user_data);
	}
}

gboolean iwd_peers_see(iwd_peers *peers, const char *device, GVariant *objects)
{
	gboolean there = FALSE;
	GHashTableIter table;
	struct known *known;
	GVariantIter iter;
	GVariant *interfaces;
	const char *path;

	g_hash_table_iter_init(&table, peers->known);
	while (g_hash_table_iter_next(&table, NULL, (gpointer *)&known))
		known->seen = FALSE;
	g_variant_iter_init(&iter, objects);
	while (g_variant_iter_next(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		g_autoptr(GVariant) owned = interfaces;
		g_autoptr(GVariant) own = g_variant_lookup_value(owned, IWD_P2P_DEVICE, G_VARIANT_TYPE_VARDICT);
		g_autoptr(GVariant) peer = g_variant_lookup_value(owned, IWD_P2P_PEER, G_VARIANT_TYPE_VARDICT);
		g_autoptr(GVariant) display =
			g_variant_lookup_value(owned, IWD_P2P_DISPLAY, G_VARIANT_TYPE_VARDICT);
		const char *of = "";

		there |= own && strcmp(path, device) == 0;
		if (peer && display && g_variant_lookup(peer, "Device", "&o", &of) && strcmp(of, device) == 0)
			see_peer(peers, path, peer, display);
	}
	lose(peers, FALSE);
	return there;
}

void iwd_peers_set_level(iwd_peers *peers, const char *path, gint16 level)
{
	struct known *known = g_hash_table_lookup(peers->known, path);

	if (!known)
		return;
	known->level = level / 100;
	tell(peers, known);
}

void iwd_peers_forget(iwd_peers *peers)
{
	lose(peers, TRUE);
}

iwd_peers *iwd_peers_new(void (*peer)(const struct iwd_peer *peer, gpointer user_data),
			 void (*lost)(const char *path, gpointer user_data), gpointer user_data)
{
	iwd_peers *peers = g_new0(iwd_peers, 1);

	peers->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)known_free);
	peers->peer = peer;
	peers->lost = lost;
	peers->user_data = user_data;
	return peers;
}

void iwd_peers_free(iwd_peers *peers)
{
	g_hash_table_unref(peers->known);
	g_free(peers);
}
