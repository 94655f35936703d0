// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Groups by way of NetworkManager: see network-manager.h.
 *
 * D-Bus interface: https://networkmanager.dev/docs/api/latest/
 */
#define G_LOG_DOMAIN "miracastd"

#include "network-manager.h"

#include <string.h>

#define NM_NAME "org.freedesktop.NetworkManager"
#define NM_PATH "/org/freedesktop/NetworkManager"
#define NM_DEVICE_IFACE NM_NAME ".Device"
#define NM_ACTIVE_IFACE NM_NAME ".Connection.Active"

/* NMDeviceState. */
#define DEVICE_UNMANAGED 10
#define DEVICE_UNAVAILABLE 20
#define DEVICE_PREPARE 40
#define DEVICE_ACTIVATED 100
/* NMActiveConnectionState. */
#define ACTIVE_DEACTIVATED 4
/* NMSettingWirelessSecurityWpsMethod. */
#define WPS_PUSH_BUTTON 4

enum nm_state {
	NM_IDLE,
	NM_LOOKING,
	NM_ASKING,
	NM_ACTIVE,
	NM_ENDING,
};

/**
 * struct network_manager - see the header
 * @config_bus: the one to use, or NULL
 * @bus, @owner: while NetworkManager is there and the state is not idle
 * @watch: of its name, unless idle
 * @signals: subscription to what active connections say, as long as @owner
 * @cancellable: of the calls of this state
 * @limit: of "looking" and "ending"; "asking" has that of its call
 * @ifname, @peer: what is wanted, or NULL; @zone: the same, or the default one
 * @asked_peer: which peer was asked
 * @active: object path of the active connection
 */
struct network_manager {
	GDBusConnection *config_bus;
	GBytes *wfd;
	const struct network_manager_funcs *funcs;
	gpointer user_data;

	enum nm_state state;
	GDBusConnection *bus;
	char *owner;
	guint watch;
	guint signals;
	GCancellable *cancellable;
	guint limit;
	char *ifname;
	char *peer;
	char *zone;
	char *asked_peer;
	char *active;
};

static void follow(network_manager *nm);

static void forget_owner(network_manager *nm)
{
	if (nm->signals)
		g_dbus_connection_signal_unsubscribe(nm->bus, nm->signals);
	nm->signals = 0;
	g_clear_object(&nm->bus);
	g_clear_pointer(&nm->owner, g_free);
}

static void want_nothing(network_manager *nm)
{
	g_clear_pointer(&nm->ifname, g_free);
	g_clear_pointer(&nm->peer, g_free);
	g_clear_pointer(&nm->zone, g_free);
}

/* The only place where the state changes; what belonged to the former one ends with it. */
static void enter(network_manager *nm, enum nm_state state)
{
	g_cancellable_cancel(nm->cancellable);
	g_object_unref(nm->cancellable);
	nm->cancellable = g_cancellable_new();
	g_clear_handle_id(&nm->limit, g_source_remove);
	nm->state = state;
	if (state != NM_IDLE)
		return;
	g_clear_pointer(&nm->active, g_free);
	forget_owner(nm);
	g_clear_handle_id(&nm->watch, g_bus_unwatch_name);
}

static void call(network_manager *nm, const char *path, const char *iface, const char *method,
		 GVariant *args, const char *reply, guint seconds, GAsyncReadyCallback answered)
{
	g_dbus_connection_call(nm->bus, nm->owner, path, iface, method, args, G_VARIANT_TYPE(reply),
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, seconds * 1000, nm->cancellable,
			       answered, nm);
}

/* TRUE: the state that has asked is over, and @nm may be gone. */
static gboolean is_void(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void refuse(network_manager *nm, enum reason_code code, const char *message)
{
	g_autoptr(GError) error = g_error_new_literal(REASON_ERROR, code, message);

	enter(nm, NM_IDLE);
	want_nothing(nm);
	nm->funcs->refused(nm, error, nm->user_data);
}

static void be_absent(network_manager *nm)
{
	enter(nm, NM_IDLE);
	want_nothing(nm);
	nm->funcs->absent(nm, nm->user_data);
}

/* What was asked for is what is wanted now. */
static gboolean is_wanted(network_manager *nm)
{
	return nm->state != NM_ENDING && g_strcmp0(nm->peer, nm->asked_peer) == 0;
}

/* Of "asking", "active" and "ending"; who wants another one does not hear of this one. */
static void be_over(network_manager *nm)
{
	gboolean again = nm->peer && !is_wanted(nm);

	enter(nm, NM_IDLE);
	if (again) {
		follow(nm);
		return;
	}
	want_nothing(nm);
	nm->funcs->ended(nm, nm->user_data);
}

/* ---- ending ---------------------------------------------------------------------- */

static gboolean limit_reached(gpointer user_data)
{
	network_manager *nm = user_data;

	nm->limit = 0;
	if (nm->state == NM_LOOKING) {
		refuse(nm, REASON_LINK_UNAVAILABLE, "NetworkManager does not answer");
	} else {
		g_warning("NetworkManager did not end its connection within %d s",
			  NETWORK_MANAGER_END_SECONDS);
		be_over(nm);
	}
	return G_SOURCE_REMOVE;
}

static void deactivated(GObject *source, GAsyncResult *result, gpointer user_data)
{
	network_manager *nm = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (answer || is_void(error))
		return; /* it says when it is over */
	g_info("NetworkManager: DeactivateConnection: %s", error->message);
	be_over(nm);
}

static void end(network_manager *nm)
{
	enter(nm, NM_ENDING);
	nm->limit = g_timeout_add_seconds(NETWORK_MANAGER_END_SECONDS, limit_reached, nm);
	call(nm, NM_PATH, NM_NAME, "DeactivateConnection", g_variant_new("(o)", nm->active), "()",
	     NETWORK_MANAGER_END_SECONDS, deactivated);
}

/* ---- asking ---------------------------------------------------------------------- */

static void check_active(network_manager *nm, guint32 state)
{
	if (state < ACTIVE_DEACTIVATED)
		return;
	g_info("NetworkManager's connection is over");
	be_over(nm);
}

static void active_changed(GDBusConnection *bus, const char *sender, const char *path,
			   const char *iface, const char *signal, GVariant *args, gpointer user_data)
{
	network_manager *nm = user_data;
	guint32 state, cause;

	/* While it is asked for, its path is not known; what it says then is asked for later. */
	if (g_strcmp0(path, nm->active) != 0 || !g_variant_is_of_type(args, G_VARIANT_TYPE("(uu)")))
		return;
	g_variant_get(args, "(uu)", &state, &cause);
	g_debug("NetworkManager: %s is in state %u (reason %u)", path, state, cause);
	check_active(nm, state);
}

static void got_active(GObject *source, GAsyncResult *result, gpointer user_data)
{
	network_manager *nm = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autoptr(GVariant) value = NULL;

	if (is_void(error))
		return;
	if (answer)
		g_variant_get(answer, "(v)", &value);
	/* Without an answer: there is no such object any more. */
	check_active(nm, value && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32) ?
				 g_variant_get_uint32(value) : ACTIVE_DEACTIVATED);
}

static void activated(GObject *source, GAsyncResult *result, gpointer user_data)
{
	network_manager *nm = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autofree char *message = NULL;

	if (is_void(error))
		return;
	if (error && !is_wanted(nm)) {
		be_over(nm);
		return;
	}
	if (error) {
		g_dbus_error_strip_remote_error(error);
		message = g_strdup_printf("NetworkManager has the Wi-Fi adapter and makes no group: %s",
					  error->message);
		refuse(nm, REASON_LINK_UNAVAILABLE, message);
		return;
	}
	g_variant_get(answer, "(oo@a{sv})", NULL, &nm->active, NULL);
	if (!is_wanted(nm)) {
		end(nm);
		return;
	}
	enter(nm, NM_ACTIVE);
	call(nm, nm->active, "org.freedesktop.DBus.Properties", "Get",
	     g_variant_new("(ss)", NM_ACTIVE_IFACE, "State"), "(v)", NETWORK_MANAGER_LOOK_SECONDS,
	     got_active);
	nm->funcs->asked(nm, nm->user_data);
}

static GVariant *connection_settings(network_manager *nm)
{
	g_autofree char *uuid = g_uuid_string_random();
	g_autofree char *id = g_strconcat("Miracast ", nm->peer, NULL);
	GVariantDict connection;
	gsize len;
	gconstpointer data = g_bytes_get_data(nm->wfd, &len);

	g_variant_dict_init(&connection, NULL);
	g_variant_dict_insert(&connection, "type", "s", "wifi-p2p");
	g_variant_dict_insert(&connection, "id", "s", id);
	g_variant_dict_insert(&connection, "uuid", "s", uuid);
	g_variant_dict_insert(&connection, "autoconnect", "b", FALSE);
	if (nm->zone)
		g_variant_dict_insert(&connection, "zone", "s", nm->zone);

	return g_variant_new_parsed(
		"{'connection': %@a{sv},"
		" 'wifi-p2p': {'peer': <%s>, 'wps-method': <%u>, 'wfd-ies': <%@ay>},"
		" 'ipv4': {'method': <'disabled'>}, 'ipv6': {'method': <'disabled'>}}",
		g_variant_dict_end(&connection), nm->peer, (guint32)WPS_PUSH_BUTTON,
		g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, len, 1));
}

static void ask(network_manager *nm, const char *device)
{
	enter(nm, NM_ASKING);
	g_message("NetworkManager has the Wi-Fi adapter: the group is made by it");
	g_free(nm->asked_peer);
	nm->asked_peer = g_strdup(nm->peer);
	nm->signals = g_dbus_connection_signal_subscribe(
		nm->bus, nm->owner, NM_ACTIVE_IFACE, "StateChanged", NULL, NULL,
		G_DBUS_SIGNAL_FLAGS_NONE, active_changed, nm, NULL);
	call(nm, NM_PATH, NM_NAME, "AddAndActivateConnection2",
	     g_variant_new("(@a{sa{sv}}oo@a{sv})", connection_settings(nm), device, "/",
			   g_variant_new_parsed("{'persist': <'volatile'>,"
						" 'bind-activation': <'dbus-client'>}")),
	     "(ooa{sv})", NETWORK_MANAGER_ASK_SECONDS, activated);
}

/* ---- looking --------------------------------------------------------------------- */

/* Path (borrowed) of the device of that network interface, or NULL. */
static const char *find_device(GVariant *objects, const char *ifname, guint32 *state)
{
	GVariantIter iter;
	GVariant *interfaces;
	const char *path;

	g_variant_iter_init(&iter, objects);
	while (g_variant_iter_loop(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		g_autoptr(GVariant) device =
			g_variant_lookup_value(interfaces, NM_DEVICE_IFACE, G_VARIANT_TYPE_VARDICT);
		const char *interface = "";

		if (!device)
			continue;
		g_variant_lookup(device, "Interface", "&s", &interface);
		if (strcmp(interface, ifname) == 0 && g_variant_lookup(device, "State", "u", state)) {
			g_variant_unref(interfaces);
			return path;
		}
	}
	return NULL;
}

static void objects_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	network_manager *nm = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autoptr(GVariant) objects = NULL;
	g_autofree char *name = NULL;
	guint32 state = 0, adapter_state = 0;
	const char *device;

	if (is_void(error))
		return;
	if (error) {
		g_info("NetworkManager: %s", error->message);
		refuse(nm, REASON_LINK_UNAVAILABLE, "NetworkManager does not answer");
		return;
	}
	name = g_strconcat("p2p-dev-", nm->ifname, NULL);
	objects = g_variant_get_child_value(answer, 0);
	device = find_device(objects, name, &state);
	find_device(objects, nm->ifname, &adapter_state);
	if (!device || state == DEVICE_UNAVAILABLE ||
	    (state <= DEVICE_UNMANAGED && adapter_state <= DEVICE_UNMANAGED))
		be_absent(nm);
	else if (state >= DEVICE_PREPARE && state <= DEVICE_ACTIVATED)
		refuse(nm, REASON_LINK_BUSY,
		       "a Wi-Fi P2P connection of NetworkManager has the Wi-Fi adapter");
	else
		ask(nm, device);
}

static void appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
	network_manager *nm = user_data;

	if (nm->state != NM_LOOKING || nm->owner)
		return;
	nm->bus = g_object_ref(bus);
	nm->owner = g_strdup(owner);
	call(nm, "/org/freedesktop", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
	     "(a{oa{sa{sv}}})", NETWORK_MANAGER_LOOK_SECONDS, objects_came);
}

static void vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
	network_manager *nm = user_data;

	if (nm->state == NM_LOOKING)
		be_absent(nm);
	else
		be_over(nm);
}

static void look(network_manager *nm)
{
	enter(nm, NM_LOOKING);
	nm->limit = g_timeout_add_seconds(NETWORK_MANAGER_LOOK_SECONDS, limit_reached, nm);
	nm->watch = nm->config_bus ?
		g_bus_watch_name_on_connection(nm->config_bus, NM_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
					       appeared, vanished, nm, NULL) :
		g_bus_watch_name(G_BUS_TYPE_SYSTEM, NM_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, appeared,
				 vanished, nm, NULL);
}

/* ---- what the header declares ------------------------------------------------------- */

/* Called whenever what is wanted has changed. */
static void follow(network_manager *nm)
{
	switch (nm->state) {
	case NM_IDLE:
		if (nm->peer)
			look(nm);
		break;
	case NM_LOOKING:
		if (!nm->peer)
			enter(nm, NM_IDLE);
		break;
	case NM_ACTIVE:
		if (!nm->peer)
			end(nm);
		break;
	case NM_ASKING:
	case NM_ENDING:
		break;
	}
}

network_manager *network_manager_new(GDBusConnection *bus, GBytes *wfd,
				     const struct network_manager_funcs *funcs, gpointer user_data)
{
	network_manager *nm = g_new0(network_manager, 1);

	nm->config_bus = bus ? g_object_ref(bus) : NULL;
	nm->wfd = g_bytes_ref(wfd);
	nm->funcs = funcs;
	nm->user_data = user_data;
	nm->cancellable = g_cancellable_new();
	return nm;
}

void network_manager_free(network_manager *nm)
{
	/* Nothing of the bus connection's end helps if that is shared and goes on. */
	if (nm->active && nm->owner && nm->state == NM_ACTIVE)
		g_dbus_connection_call(nm->bus, nm->owner, NM_PATH, NM_NAME, "DeactivateConnection",
				       g_variant_new("(o)", nm->active), NULL,
				       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
	enter(nm, NM_IDLE);
	want_nothing(nm);
	g_object_unref(nm->cancellable);
	g_clear_object(&nm->config_bus);
	g_bytes_unref(nm->wfd);
	g_free(nm->asked_peer);
	g_free(nm);
}

void network_manager_ask(network_manager *nm, const char *ifname, const char *peer, const char *zone)
{
	if (nm->peer)
		return;
	nm->ifname = g_strdup(ifname);
	nm->peer = g_strdup(peer);
	nm->zone = g_strdup(zone);
	follow(nm);
}

void network_manager_release(network_manager *nm)
{
	want_nothing(nm);
	follow(nm);
}

gboolean network_manager_is_idle(network_manager *nm)
{
	return nm->state == NM_IDLE;
}

gboolean network_manager_is_active(network_manager *nm)
{
	return nm->state == NM_ACTIVE;
}
