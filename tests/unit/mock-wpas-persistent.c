// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Persistent groups of the wpa_supplicant for tests, and the TV that is invited to them: see mock-wpas.h.
 */
#include "mock-wpas-private.h"

#include <string.h>

#define SSID MOCK_SSID
#define PASSPHRASE MOCK_PASSPHRASE
#define OWN_ADDRESS MOCK_OWN_ADDRESS
/* As one that owns the group has it, and as a client has been told it. */
#define RAW "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char xml[] =
	"<node><interface name='fi.w1.wpa_supplicant1.PersistentGroup'>"
	" <property name='Properties' type='a{sv}' access='read'/>"
	"</interface></node>";

struct kept {
	guint object;
	GVariant *properties;
};

static void kept_free(gpointer data)
{
	struct kept *kept = data;

	g_variant_unref(kept->properties);
	g_free(kept);
}

static GVariant *get_property(GDBusConnection *bus, const char *sender, const char *path, const char *iface,
			      const char *property, GError **error, gpointer user_data)
{
	GVariant *properties = mock_kept_properties(user_data, path);

	if (!properties)
		g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "there is none");
	return properties;
}

GVariant *mock_kept_properties(mock_wpas *mock, const char *path)
{
	struct kept *kept = mock->kept ? g_hash_table_lookup(mock->kept, path) : NULL;

	return kept ? g_variant_ref(kept->properties) : NULL;
}

/* Its signal comes before it has properties. */
static char *keep(mock_wpas *mock, GVariant *properties)
{
	static const GDBusInterfaceVTable vtable = { NULL, get_property, NULL, { 0 } };
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	char *path = g_strdup_printf(MOCK_KEPT "%u", mock->keeps++);
	struct kept *kept = g_new0(struct kept, 1);

	if (!mock->kept)
		mock->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kept_free);
	kept->properties = g_variant_ref_sink(properties);
	kept->object = g_dbus_connection_register_object(mock->bus, path, info->interfaces[0], &vtable, mock, NULL, NULL);
	g_assert_cmpuint(kept->object, >, 0);
	g_hash_table_insert(mock->kept, g_strdup(path), kept);
	mock_emit(mock, "PersistentGroupAdded", g_variant_new_parsed("(%o, @a{sv} {})", path));
	return path;
}

static gboolean drop(mock_wpas *mock, const char *path)
{
	struct kept *kept = mock->kept ? g_hash_table_lookup(mock->kept, path) : NULL;

	if (!kept)
		return FALSE;
	g_dbus_connection_unregister_object(mock->bus, kept->object);
	return g_hash_table_remove(mock->kept, path);
}

void mock_keep_group(mock_wpas *mock, const char *role)
{
	gboolean owner = strcmp(role, "GO") == 0;
	g_autofree char *path = NULL;

	mock->tv_knows = role;
	/* Said twice, it is one group still. */
	if (mock->group)
		return;
	if (mock->other_keeps)
		g_free(keep(mock, g_variant_new_parsed("{'ssid': <'\"DIRECT-other\"'>, 'psk': <'\"not ours at all\"'>, "
						       "'bssid': <'02:00:00:00:00:98'>}")));
	path = keep(mock, g_variant_new_parsed("{'ssid': <%s>, 'psk': <%s>, 'bssid': <%s>, 'mode': <%s>}",
					       owner ? "\"" SSID "\"" : "4449524543542d6f757273",
					       owner ? "\"" PASSPHRASE "\"" : RAW, owner ? OWN_ADDRESS : MOCK_PEER_ID,
					       owner ? "3" : "0"));
}

/* ---- the TV --------------------------------------------------------------------------- */

static const char *role_of(GVariant *key)
{
	gint32 mode = -1;

	g_variant_lookup(key, "mode", "i", &mode);
	g_assert_true(mode == 0 || mode == 3);
	return mode == 3 ? "GO" : "client";
}

static gboolean has_bytes(GVariant *key, const char *name, gconstpointer data, gsize len)
{
	g_autoptr(GVariant) value = g_variant_lookup_value(key, name, G_VARIANT_TYPE_BYTESTRING);

	return value && g_variant_get_size(value) == len && memcmp(g_variant_get_data(value), data, len) == 0;
}

/* Whether it is the key that both have kept. */
static gboolean is_right(mock_wpas *mock, GVariant *key)
{
	gboolean owner = strcmp(role_of(key), "GO") == 0;
	const char *psk = "", *address = "";
	guint8 raw[32];

	for (guint i = 0; i < sizeof(raw); i++)
		raw[i] = (i % 8) * 0x22 + 0x01;
	g_variant_lookup(key, "psk", "&s", &psk);
	g_variant_lookup(key, "bssid", "&s", &address);
	return g_strcmp0(mock->tv_knows, role_of(key)) == 0 && has_bytes(key, "ssid", SSID, strlen(SSID)) &&
	       strcmp(address, owner ? OWN_ADDRESS : MOCK_PEER_ID) == 0 &&
	       (owner ? strcmp(psk, PASSPHRASE) == 0 : has_bytes(key, "psk", raw, sizeof(raw)));
}

static void say_result(mock_wpas *mock, int status)
{
	mock_emit(mock, "InvitationResult", g_variant_new_parsed("({'status': <%i>},)", status));
}

static gboolean answer_invitation(gpointer user_data)
{
	mock_wpas *mock = user_data;
	g_autoptr(GVariant) key = mock_kept_properties(mock, mock->invited_to);

	mock->idle = 0;
	if (mock->invitation == MOCK_INVITATION_IGNORED)
		return G_SOURCE_REMOVE;
	if (mock->invitation == MOCK_INVITATION_STATUS || !is_right(mock, key)) {
		say_result(mock, mock->invitation == MOCK_INVITATION_STATUS ? mock->invitation_status : 8);
		return G_SOURCE_REMOVE;
	}
	say_result(mock, 0);
	if (mock->invitation == MOCK_INVITATION_FAILS) {
		mock_emit(mock, "GroupFormationFailure", g_variant_new("(s)", ""));
		return G_SOURCE_REMOVE;
	}
	if (mock->invitation == MOCK_INVITATION_EARLY)
		mock_wpas_station(mock, TRUE);
	mock_begin_group(mock, role_of(key));
	if (mock->invitation == MOCK_INVITATION_JOINS && strcmp(role_of(key), "GO") == 0)
		mock_wpas_station(mock, TRUE);
	return G_SOURCE_REMOVE;
}

static gboolean invite(mock_wpas *mock, const char *kept)
{
	if (mock->invitation == MOCK_INVITATION_REFUSED || !mock->kept || !g_hash_table_contains(mock->kept, kept))
		return FALSE;
	mock->invites++;
	mock->finding = FALSE;
	g_free(mock->invited_to);
	mock->invited_to = g_strdup(kept);
	if (!mock->idle)
		mock->idle = g_idle_add(answer_invitation, mock);
	return TRUE;
}

/* ---- calls ----------------------------------------------------------------------------- */

static gboolean invite_called(mock_wpas *mock, GVariant *args)
{
	g_autoptr(GVariant) dict = g_variant_get_child_value(args, 0);
	const char *peer = "", *kept = "";

	g_variant_lookup(dict, "peer", "&o", &peer);
	g_variant_lookup(dict, "persistent_group_object", "&o", &kept);
	g_assert_true(g_str_has_suffix(peer, "/020000000100"));
	return invite(mock, kept);
}

gboolean mock_persistent_called(mock_wpas *mock, const char *method, GVariant *args, GDBusMethodInvocation *call)
{
	const char *path;

	if (strcmp(method, "AddPersistentGroup") == 0) {
		g_autoptr(GVariant) properties = g_variant_get_child_value(args, 0);
		g_autofree char *kept = keep(mock, properties);

		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", kept));
		return TRUE;
	}
	if (strcmp(method, "RemovePersistentGroup") != 0 && strcmp(method, "Invite") != 0)
		return FALSE;
	if (strcmp(method, "Invite") == 0 ? invite_called(mock, args) :
					    (g_variant_get(args, "(&o)", &path), drop(mock, path)))
		g_dbus_method_invocation_return_value(call, NULL);
	else
		g_dbus_method_invocation_return_dbus_error(call, MOCK_NAME ".UnknownError", "no");
	return TRUE;
}

void mock_persistent_command(mock_wpas *mock, const char *command)
{
	g_auto(GStrv) words = g_strsplit(command, " ", -1);
	g_autofree char *path = NULL;

	g_assert_true(g_str_has_prefix(words[1], "persistent="));
	g_assert_cmpstr(words[2], ==, "peer=" MOCK_PEER_ID);
	path = g_strconcat(MOCK_KEPT, words[1] + strlen("persistent="), NULL);
	invite(mock, path);
}

void mock_persistent_clear(mock_wpas *mock)
{
	GHashTableIter iter;
	struct kept *kept;

	if (mock->kept) {
		g_hash_table_iter_init(&iter, mock->kept);
		while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&kept))
			g_dbus_connection_unregister_object(mock->bus, kept->object);
		g_hash_table_remove_all(mock->kept);
	}
}
