// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * NetworkManager's P2P device: see network-manager.h.
 *
 * D-Bus interface: https://networkmanager.dev/docs/api/latest/
 */
#define G_LOG_DOMAIN "miracastd"

#include "network-manager.h"

#include <string.h>
#include <unistd.h>

#define NM_NAME "org.freedesktop.NetworkManager"
#define NM_DEVICE_IFACE NM_NAME ".Device"
/* NMDeviceState: disconnected; what is above is in use, or about to be. */
#define NM_DEVICE_STATE_DISCONNECTED 30

#define CALL_TIMEOUT_MS 2000

struct network_manager {
	GDBusConnection *bus;
	char *file;
	GCancellable *asking; /* of what hold() has begun, until it is done */
	char *ifname; /* whose device is wanted, or NULL */
	char *owner; /* unique name of NetworkManager */
	char *device; /* object path of the device that is not managed because of us */
	void (*done)(gpointer user_data);
	gpointer user_data;
	guint done_source;
};

static void call(network_manager *nm, const char *name, const char *path, const char *iface,
		 const char *method, GVariant *args, const char *reply, GCancellable *cancellable,
		 GAsyncReadyCallback answered)
{
	g_dbus_connection_call(nm->bus, name, path, iface, method, args,
			       reply ? G_VARIANT_TYPE(reply) : NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
			       CALL_TIMEOUT_MS, cancellable, answered, nm);
}

/* The answer, or NULL; *over: the rest is no business of ours any more, @nm may be gone. */
static GVariant *finish(GObject *source, GAsyncResult *result, gboolean *over)
{
	g_autoptr(GError) error = NULL;
	GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	*over = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	if (error && !*over)
		g_debug("NetworkManager: %s", error->message);
	return answer;
}

static void set_managed(network_manager *nm, gboolean managed, GCancellable *cancellable,
			GAsyncReadyCallback answered)
{
	g_info("NetworkManager: %s is %s", nm->device, managed ? "managed again" : "to keep out");
	call(nm, nm->owner, nm->device, "org.freedesktop.DBus.Properties", "Set",
	     g_variant_new("(ssv)", NM_DEVICE_IFACE, "Managed", g_variant_new_boolean(managed)), NULL,
	     cancellable, answered);
}

/* ---- keeping it out ------------------------------------------------------------ */

static gboolean is_idle_p2p_device(GVariant *interfaces, const char *name)
{
	g_autoptr(GVariant) device =
		g_variant_lookup_value(interfaces, NM_DEVICE_IFACE, G_VARIANT_TYPE_VARDICT);
	const char *interface = "";
	gboolean managed = FALSE;
	guint32 state = 0;

	if (!device)
		return FALSE;
	g_variant_lookup(device, "Interface", "&s", &interface);
	g_variant_lookup(device, "Managed", "b", &managed);
	g_variant_lookup(device, "State", "u", &state);
	return managed && state <= NM_DEVICE_STATE_DISCONNECTED && strcmp(interface, name) == 0;
}

static void objects_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	network_manager *nm = user_data;
	gboolean over;
	g_autoptr(GVariant) answer = finish(source, result, &over);
	g_autoptr(GVariant) objects = NULL;
	g_autofree char *name = NULL, *content = NULL;
	GVariantIter iter;
	GVariant *interfaces;
	const char *path;

	if (over || !answer)
		return;
	name = g_strconcat("p2p-dev-", nm->ifname, NULL);
	objects = g_variant_get_child_value(answer, 0);
	g_variant_iter_init(&iter, objects);
	while (!nm->device && g_variant_iter_next(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		if (is_idle_p2p_device(interfaces, name))
			nm->device = g_strdup(path);
		g_variant_unref(interfaces);
	}
	if (!nm->device)
		return;
	content = g_strdup_printf("%s\n%s\n", nm->owner, nm->device);
	if (!g_file_set_contents(nm->file, content, -1, NULL)) {
		/* Nobody would set it back. */
		g_clear_pointer(&nm->device, g_free);
		return;
	}
	set_managed(nm, FALSE, NULL, NULL);
}

static void owner_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	network_manager *nm = user_data;
	gboolean over;
	g_autoptr(GVariant) answer = finish(source, result, &over);

	if (over || !answer)
		return; /* there is none */
	g_free(nm->owner);
	g_variant_get(answer, "(s)", &nm->owner);
	call(nm, nm->owner, "/org/freedesktop", "org.freedesktop.DBus.ObjectManager",
	     "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", nm->asking, objects_came);
}

static void ask_owner(network_manager *nm)
{
	call(nm, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
	     "GetNameOwner", g_variant_new("(s)", NM_NAME), "(s)", nm->asking, owner_came);
}

/* ---- setting back ---------------------------------------------------------------- */

static gboolean say_done(gpointer user_data)
{
	network_manager *nm = user_data;
	void (*done)(gpointer user_data) = nm->done;

	nm->done_source = 0;
	nm->done = NULL;
	if (done)
		done(nm->user_data);
	return G_SOURCE_REMOVE;
}

static void set_back(GObject *source, GAsyncResult *result, gpointer user_data)
{
	network_manager *nm = user_data;
	gboolean over;
	g_autoptr(GVariant) answer = finish(source, result, &over);

	if (over)
		return;
	/* An error: there is no such device, or no such NetworkManager, any more. */
	unlink(nm->file);
	g_clear_pointer(&nm->device, g_free);
	if (nm->ifname)
		ask_owner(nm);
	else
		say_done(nm);
}

static void take_leftovers(network_manager *nm)
{
	g_autofree char *content = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(nm->file, &content, NULL, NULL))
		return;
	lines = g_strsplit(content, "\n", 3);
	if (g_strv_length(lines) < 2 || !g_dbus_is_unique_name(lines[0]) ||
	    !g_variant_is_object_path(lines[1])) {
		unlink(nm->file);
		return;
	}
	nm->owner = g_strdup(lines[0]);
	nm->device = g_strdup(lines[1]);
	set_managed(nm, TRUE, nm->asking, set_back);
}

/* ---- life -------------------------------------------------------------------- */

static void bus_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_bus_get_finish(result, &error);
	network_manager *nm = user_data;

	if (!bus)
		return;
	nm->bus = bus;
	take_leftovers(nm);
	if (nm->ifname && !nm->device)
		ask_owner(nm);
}

network_manager *network_manager_new(GDBusConnection *bus, const char *runtime_dir)
{
	network_manager *nm = g_new0(network_manager, 1);

	nm->file = g_build_filename(runtime_dir, "network-manager", NULL);
	nm->asking = g_cancellable_new();
	if (bus) {
		nm->bus = g_object_ref(bus);
		take_leftovers(nm);
	} else {
		g_bus_get(G_BUS_TYPE_SYSTEM, nm->asking, bus_came, nm);
	}
	return nm;
}

void network_manager_free(network_manager *nm)
{
	if (!nm)
		return;
	g_cancellable_cancel(nm->asking);
	g_object_unref(nm->asking);
	g_clear_handle_id(&nm->done_source, g_source_remove);
	g_clear_object(&nm->bus);
	g_free(nm->file);
	g_free(nm->ifname);
	g_free(nm->owner);
	g_free(nm->device);
	g_free(nm);
}

void network_manager_hold(network_manager *nm, const char *ifname)
{
	if (nm->ifname)
		return;
	nm->ifname = g_strdup(ifname);
	/* Else as soon as the bus, or what was left, has been dealt with. */
	if (nm->bus && !nm->device)
		ask_owner(nm);
}

void network_manager_release(network_manager *nm, void (*done)(gpointer user_data),
			     gpointer user_data)
{
	nm->done = done;
	nm->user_data = user_data;
	g_clear_handle_id(&nm->done_source, g_source_remove);
	if (nm->bus) {
		g_cancellable_cancel(nm->asking);
		g_object_unref(nm->asking);
		nm->asking = g_cancellable_new();
	}
	g_clear_pointer(&nm->ifname, g_free);
	if (nm->device)
		set_managed(nm, TRUE, nm->asking, set_back);
	else
		nm->done_source = g_idle_add_full(G_PRIORITY_DEFAULT, say_done, nm, NULL);
}
