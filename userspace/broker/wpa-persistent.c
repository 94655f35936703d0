// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Persistent groups of wpa_supplicant: see wpa-persistent.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "wpa-private.h"

#include <string.h>

/* Values of "mode" in its configuration. */
#define MODE_CLIENT 0
#define MODE_GROUP_OWNER 3

/* More than are made at the same time. */
#define MAX_NEW_GROUPS 8

/**
 * struct wpas_invitation - one that is under way
 * @number: of it: an answer may be about an earlier one
 * @kept: object path of the group in the configuration, or NULL while that is being made
 * @sockets: control sockets that have not been tried
 */
struct wpas_invitation {
	wpas *w;
	guint number;
	char *peer_path;
	char *kept;
	gboolean owner;
	guint frequency;
	guint narrowed;
	GQueue sockets;
};

gboolean wpas_may_persist(wpas *w)
{
	struct wpas_radio *radio = w->interface ? g_hash_table_lookup(w->radios, w->interface) : NULL;

	return radio && radio->keeps_no_file;
}

/* ---- what is kept -------------------------------------------------------------------- */

void wpas_drop_kept(wpas *w, const char *kept)
{
	if (kept && w->interface)
		wpas_call(w, w->interface, WPAS_P2P_IFACE, "RemovePersistentGroup", g_variant_new("(o)", kept), NULL,
			  wpas_log_error, "RemovePersistentGroup");
}

static void note_new_group(wpas *w, const char *path)
{
	GList *before = g_queue_find_custom(&w->new_groups, path, (GCompareFunc)g_strcmp0);

	/* Numbers are used again. */
	if (before) {
		g_free(before->data);
		g_queue_delete_link(&w->new_groups, before);
	}
	if (g_queue_get_length(&w->new_groups) >= MAX_NEW_GROUPS)
		g_free(g_queue_pop_head(&w->new_groups));
	g_queue_push_tail(&w->new_groups, g_strdup(path));
}

/* Of its configuration: text in quotation marks, or hexadecimal digits. */
static GBytes *parse_ssid(const char *value)
{
	gsize len = strlen(value);

	if (len >= 2 && value[0] == '"' && value[len - 1] == '"')
		return g_bytes_new(value + 1, len - 2);
	return p2p_key_bytes(value);
}

static char *parse_psk(const char *value)
{
	gsize len = strlen(value);

	return len >= 2 && value[0] == '"' && value[len - 1] == '"' ? g_strndup(value + 1, len - 2) : g_strdup(value);
}

static struct p2p_key *parse_key(wpas *w, const struct wpas_starting *starting, GVariant *properties)
{
	const char *psk = NULL, *address = NULL, *role = "";
	g_autofree char *plain = NULL;
	struct p2p_key *key;

	g_variant_lookup(properties, "psk", "&s", &psk);
	g_variant_lookup(properties, "bssid", "&s", &address);
	g_variant_lookup(starting->started, "role", "&s", &role);
	plain = psk ? parse_psk(psk) : NULL;
	key = p2p_key_new(strcmp(role, "GO") == 0, starting->ssid, plain, address);
	if (key)
		key->narrowed = w->width;
	return key;
}

static void group_properties_came(wpas *w, const char *number, GVariant *result, const GError *error)
{
	struct wpas_starting *starting = g_hash_table_lookup(w->starting, number);
	g_autoptr(GVariant) properties = NULL;
	g_autoptr(p2p_key) key = NULL;
	g_autoptr(GBytes) ssid = NULL;
	g_autofree char *kept = NULL;
	const char *name = NULL;

	if (!starting)
		return; /* over already, or said twice */
	if (result)
		g_variant_get(result, "(v)", &properties);
	if (properties && g_variant_is_of_type(properties, G_VARIANT_TYPE_VARDICT) &&
	    g_variant_lookup(properties, "ssid", "&s", &name))
		ssid = parse_ssid(name);
	/* Another program's, or nothing. */
	if (!ssid || !g_bytes_equal(ssid, starting->ssid)) {
		starting->asked++;
		wpas_read_kept(w, number);
		return;
	}
	key = parse_key(w, starting, properties);
	kept = g_queue_pop_nth(&w->new_groups, starting->asked);
	wpas_report_group(w, number, kept, key);
}

void wpas_read_kept(wpas *w, const char *number)
{
	struct wpas_starting *starting = g_hash_table_lookup(w->starting, number);
	const char *path = g_queue_peek_nth(&w->new_groups, starting->asked);

	/* Of an invitation the key is known. */
	if (path && w->invitation && g_strcmp0(w->invitation->kept, path) == 0)
		path = g_queue_peek_nth(&w->new_groups, ++starting->asked);
	if (path && starting->ssid)
		wpas_get(w, path, WPAS_PERSISTENT_IFACE, "Properties", group_properties_came, number);
	else
		wpas_report_group(w, number, NULL, NULL);
}

/* ---- inviting ------------------------------------------------------------------------ */

void wpas_invitation_is_over(wpas *w)
{
	struct wpas_invitation *i = g_steal_pointer(&w->invitation);

	if (!i)
		return;
	wpas_drop_kept(w, i->kept);
	g_queue_clear_full(&i->sockets, g_free);
	g_free(i->peer_path);
	g_free(i->kept);
	g_free(i);
}

static void not_invited(wpas *w, const char *why)
{
	g_info("wpa_supplicant: no invitation: %s", why);
	wpas_invitation_is_over(w);
	/* No fault of the display's. */
	w->funcs->invited(w, P2P_STATUS_UNAVAILABLE, w->user_data);
}

static void invite_answered(wpas *w, const char *context, GVariant *result, const GError *error)
{
	if (error && w->invitation)
		not_invited(w, error->message);
}

static void invite_by_dbus(struct wpas_invitation *i)
{
	g_auto(GVariantDict) args = G_VARIANT_DICT_INIT(NULL);

	g_variant_dict_insert(&args, "peer", "o", i->peer_path);
	g_variant_dict_insert(&args, "persistent_group_object", "o", i->kept);
	wpas_call(i->w, i->w->interface, WPAS_P2P_IFACE, "Invite", g_variant_new("(@a{sv})", g_variant_dict_end(&args)),
		  NULL, invite_answered, NULL);
}

static void invite(struct wpas_invitation *i);

static void command_answered(const char *answer, const GError *error, gpointer user_data)
{
	struct wpas_invitation *i = user_data;

	if (g_strcmp0(answer, "OK") == 0)
		return;
	g_info("wpa_supplicant: P2P_INVITE: %s", answer ? answer : error->message);
	invite(i);
}

/* The next way to say it. */
static void invite(struct wpas_invitation *i)
{
	g_autofree char *path = g_queue_pop_head(&i->sockets);
	g_autofree char *address = wpas_peer_address(i->peer_path);
	const char *width = i->owner ? wpas_width_words(i->narrowed) : NULL;
	g_autoptr(GString) command = NULL;

	if (!path || !address || (!width && !i->frequency)) {
		invite_by_dbus(i);
		return;
	}
	command = g_string_new(NULL);
	g_string_printf(command, "P2P_INVITE persistent=%s peer=%s", strrchr(i->kept, '/') + 1, address);
	if (i->frequency)
		g_string_append_printf(command, " freq=%u", i->frequency);
	g_string_append(command, width ? width : "");
	wpas_forget_connect(i->w);
	i->w->connecting = g_cancellable_new();
	wpa_control_request(path, command->str, WPA_CONTROL_SECONDS, i->w->connecting, command_answered, i, NULL);
}

void wpas_list_sockets(wpas *w, GQueue *paths)
{
	struct wpas_radio *radio = w->interface ? g_hash_table_lookup(w->radios, w->interface) : NULL;
	g_autofree char *directory = NULL, *name = NULL, *own = NULL;

	if (!radio || !radio->control)
		return;
	directory = g_path_get_dirname(radio->control);
	name = g_path_get_basename(radio->control);
	own = g_strconcat("p2p-dev-", name, NULL);
	g_queue_push_tail(paths, g_build_filename(directory, own, NULL));
	g_queue_push_tail(paths, g_strdup(radio->control));
}

static void key_added(wpas *w, const char *number, GVariant *result, const GError *error)
{
	struct wpas_invitation *i = w->invitation;
	const char *kept = NULL;

	if (result)
		g_variant_get(result, "(&o)", &kept);
	if (!i || i->number != g_ascii_strtoull(number, NULL, 10)) {
		wpas_drop_kept(w, kept); /* given up meanwhile */
		return;
	}
	if (error) {
		not_invited(w, error->message);
		return;
	}
	i->kept = g_strdup(kept);
	wpas_list_sockets(w, &i->sockets);
	invite(i);
}

static GVariant *configuration(const struct p2p_key *key)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	g_autoptr(GBytes) raw = p2p_key_is_raw(key) ? p2p_key_bytes(key->psk) : NULL;

	g_variant_dict_insert_value(&dict, "ssid", wpas_bytes_variant(key->ssid));
	if (raw)
		g_variant_dict_insert_value(&dict, "psk", wpas_bytes_variant(raw));
	else
		g_variant_dict_insert(&dict, "psk", "s", key->psk);
	g_variant_dict_insert(&dict, "mode", "i", (gint32)(key->owner ? MODE_GROUP_OWNER : MODE_CLIENT));
	g_variant_dict_insert(&dict, "bssid", "s", key->owner_address);
	g_variant_dict_insert(&dict, "key_mgmt", "s", "WPA-PSK");
	g_variant_dict_insert(&dict, "proto", "s", "RSN");
	g_variant_dict_insert(&dict, "pairwise", "s", "CCMP");
	g_variant_dict_insert(&dict, "auth_alg", "s", "OPEN");
	return g_variant_dict_end(&dict);
}

void wpas_invite(wpas *w, const char *peer_path, const struct p2p_key *key, guint frequency)
{
	struct wpas_invitation *i = g_new0(struct wpas_invitation, 1);
	g_autofree char *number = NULL;

	wpas_invitation_is_over(w);
	wpas_expect(w);
	wpas_announce_again(w);
	i->w = w;
	i->number = ++w->invitations;
	i->peer_path = g_strdup(peer_path);
	i->owner = key->owner;
	i->frequency = frequency;
	i->narrowed = MAX(key->narrowed, w->width);
	g_queue_init(&i->sockets);
	w->invitation = i;
	number = g_strdup_printf("%u", i->number);
	wpas_call(w, w->interface, WPAS_P2P_IFACE, "AddPersistentGroup",
		  g_variant_new("(@a{sv})", configuration(key)), "(o)", key_added, number);
}

/* ---- signals ------------------------------------------------------------------------- */

void wpas_persistent_signal(wpas *w, const char *signal, GVariant *args)
{
	g_autoptr(GVariant) first = g_variant_n_children(args) > 0 ? g_variant_get_child_value(args, 0) : NULL;
	gint32 status;

	if (!first)
		return;
	if (strcmp(signal, "PersistentGroupAdded") == 0 && g_variant_is_of_type(first, G_VARIANT_TYPE_OBJECT_PATH))
		note_new_group(w, g_variant_get_string(first, NULL));
	else if (strcmp(signal, "InvitationResult") == 0 && w->invitation &&
		 g_variant_is_of_type(first, G_VARIANT_TYPE_VARDICT) && g_variant_lookup(first, "status", "i", &status))
		w->funcs->invited(w, status, w->user_data);
}
