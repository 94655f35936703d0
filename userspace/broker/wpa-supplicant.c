// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * P2P with wpa_supplicant over D-Bus: see wpa-supplicant.h.
 *
 * Its interface is described in wpa_supplicant's doc/docbook and dbus.doxygen.
 */
#define G_LOG_DOMAIN "miracastd"

#include "wpa-supplicant.h"

#include <net/if.h>
#include <string.h>

#define ROOT_PATH "/fi/w1/wpa_supplicant1"
#define ROOT_IFACE WPAS_NAME
#define INTERFACE_IFACE WPAS_NAME ".Interface"
#define WPS_IFACE WPAS_NAME ".Interface.WPS"
#define P2P_IFACE WPAS_NAME ".Interface.P2PDevice"
#define PEER_IFACE WPAS_NAME ".Peer"
#define PROPERTIES_IFACE "org.freedesktop.DBus.Properties"

/* GO formation answers at once; only scanning commands may take a while. */
#define CALL_TIMEOUT_MS 10000

/* Bit 0 of the group capability bitmap: the device is a group owner. */
#define GROUP_CAPABILITY_OWNER 0x01

/*
 * What wpa_supplicant calls the network interface of a group, p2p-wlan0-0, and what
 * the P2P device of a radio, p2p-dev-wlan0.
 */
static gboolean is_group_interface(const char *name)
{
	return g_str_has_prefix(name, "p2p-") && !g_str_has_prefix(name, "p2p-dev-");
}

/* Category 1 (computer), OUI 00-50-F2-04, subcategory 1 (PC); WSC 2.0, 12. */
static const guint8 primary_device_type[] = { 0, 1, 0x00, 0x50, 0xf2, 0x04, 0, 1 };

struct wpas {
	char *wanted_interface;
	char *device_name;
	GBytes *wfd;
	const struct wpas_funcs *funcs;
	gpointer user_data;

	GDBusConnection *bus;
	guint watch;
	guint p2p_signals;
	guint peer_signals;
	guint interface_signals;
	guint root_signals;
	GCancellable *cancellable; /* of all that belongs to the present acquisition */

	char *owner; /* unique name of wpa_supplicant */
	char *interface; /* object path; NULL until chosen */
	gboolean ready;
	char *created; /* object path of an interface that is ours to remove */
	GBytes *former_wfd;
	GQueue candidates; /* interface paths, then network interface names, to try */
	gboolean creating;
	gboolean interface_seen; /* an interface was there, though without P2P */
};

/* ---- calls --------------------------------------------------------------- */

/* Answer to a call: @result or @error. Not called after a cancel. */
typedef void call_done(wpas *w, const char *context, GVariant *result, const GError *error);

struct call {
	wpas *w;
	call_done *done;
	char *context;
};

static void call_finished(GObject *source, GAsyncResult *async, gpointer user_data)
{
	struct call *call = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) result =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), async, &error);

	if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && call->done)
		call->done(call->w, call->context, result, error);
	g_free(call->context);
	g_free(call);
}

/* @args: floating or NULL; @reply: type of the answer or NULL for any */
static void wpas_call(wpas *w, const char *path, const char *iface, const char *method,
		      GVariant *args, const char *reply, call_done *done, const char *context)
{
	struct call *call = g_new0(struct call, 1);

	call->w = w;
	call->done = done;
	call->context = g_strdup(context);
	g_dbus_connection_call(w->bus, WPAS_NAME, path, iface, method, args,
			       reply ? G_VARIANT_TYPE(reply) : NULL, G_DBUS_CALL_FLAGS_NONE,
			       CALL_TIMEOUT_MS, w->cancellable, call_finished, call);
}

static void get_all(wpas *w, const char *path, const char *iface, call_done *done)
{
	wpas_call(w, path, PROPERTIES_IFACE, "GetAll", g_variant_new("(s)", iface), "(a{sv})",
		  done, path);
}

static void log_error(wpas *w, const char *context, GVariant *result, const GError *error)
{
	if (error)
		g_info("wpa_supplicant: %s: %s", context, error->message);
}

/* For what is good to have, and no reason to give up. */
static void set_property(wpas *w, const char *path, const char *iface, const char *name,
			 GVariant *value)
{
	wpas_call(w, path, PROPERTIES_IFACE, "Set", g_variant_new("(ssv)", iface, name, value),
		  NULL, log_error, name);
}

static GVariant *bytes_variant(gconstpointer data, gsize len)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, len, 1);
}

static GVariant *gbytes_variant(GBytes *bytes)
{
	gsize len;
	gconstpointer data = g_bytes_get_data(bytes, &len);

	return bytes_variant(data, len);
}

static gboolean is_dbus_error(const GError *error, const char *name)
{
	g_autofree char *remote = g_dbus_error_get_remote_error(error);

	return remote && strcmp(remote, name) == 0;
}

/* ---- acquiring: root object, interface, our announcement ------------------- */

static void try_next_candidate(wpas *w);

static void forget_acquisition(wpas *w)
{
	g_cancellable_cancel(w->cancellable);
	g_object_unref(w->cancellable);
	w->cancellable = g_cancellable_new();
	w->ready = FALSE;
	w->creating = FALSE;
	g_clear_pointer(&w->interface, g_free);
	g_clear_pointer(&w->former_wfd, g_bytes_unref);
	g_queue_clear_full(&w->candidates, g_free);
}

static void acquire_failed(wpas *w, enum reason_code code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void acquire_failed(wpas *w, enum reason_code code, const char *format, ...)
{
	g_autoptr(GError) error = NULL;
	va_list args;

	va_start(args, format);
	error = g_error_new_valist(REASON_ERROR, code, format, args);
	va_end(args);
	forget_acquisition(w);
	w->funcs->failed(w, error, w->user_data);
}

static void root_failed(wpas *w, const GError *error)
{
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
		acquire_failed(w, REASON_NO_RIGHTS, "no right to use wpa_supplicant on D-Bus");
	else if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
		 g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
		 error->domain == G_DBUS_ERROR)
		acquire_failed(w, REASON_SUPPLICANT_MISSING,
			       "wpa_supplicant is not on D-Bus: %s", error->message);
	else
		acquire_failed(w, REASON_SUPPLICANT_FAILED, "wpa_supplicant does not answer: %s",
			       error->message);
}

static void announced(wpas *w, const char *context, GVariant *result, const GError *error)
{
	if (error) {
		acquire_failed(w, REASON_SUPPLICANT_FAILED,
			       "wpa_supplicant refused our Wi-Fi Display element: %s",
			       error->message);
		return;
	}
	w->ready = TRUE;
	w->funcs->ready(w, w->user_data);
}

static void announce(wpas *w)
{
	wpas_call(w, ROOT_PATH, PROPERTIES_IFACE, "Set",
		  g_variant_new("(ssv)", ROOT_IFACE, "WFDIEs", gbytes_variant(w->wfd)), NULL,
		  announced, NULL);
}

/* A name and a type, where whoever owns the interface has not set them. */
static void got_device_config(wpas *w, const char *path, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) all = NULL;
	g_autoptr(GVariant) config = NULL;
	g_auto(GVariantDict) ours = G_VARIANT_DICT_INIT(NULL);
	const char *name = "";

	if (error) {
		acquire_failed(w, REASON_NO_P2P_SUPPORT, "the Wi-Fi interface has no P2P: %s",
			       error->message);
		return;
	}
	g_variant_get(result, "(@a{sv})", &all);
	config = g_variant_lookup_value(all, "P2PDeviceConfig", G_VARIANT_TYPE_VARDICT);
	if (config)
		g_variant_lookup(config, "DeviceName", "&s", &name);
	if (!*name || g_strcmp0(w->created, w->interface) == 0) {
		g_variant_dict_insert(&ours, "DeviceName", "s", w->device_name);
		g_variant_dict_insert_value(&ours, "PrimaryDeviceType",
					    bytes_variant(primary_device_type,
							  sizeof(primary_device_type)));
		set_property(w, path, P2P_IFACE, "P2PDeviceConfig", g_variant_dict_end(&ours));
		set_property(w, path, WPS_IFACE, "ConfigMethods",
			     g_variant_new_string("push_button virtual_push_button"));
	}
	announce(w);
}

static void use_interface(wpas *w, const char *path)
{
	w->interface = g_strdup(path);
	get_all(w, path, P2P_IFACE, got_device_config);
}

static gboolean has_p2p(GVariant *properties)
{
	g_autoptr(GVariant) capabilities =
		g_variant_lookup_value(properties, "Capabilities", G_VARIANT_TYPE_VARDICT);
	g_autofree const char **modes = NULL;

	return capabilities && g_variant_lookup(capabilities, "Modes", "^a&s", &modes) &&
	       g_strv_contains(modes, "p2p");
}

static void got_interface(wpas *w, const char *path, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) properties = NULL;
	const char *name = "";

	if (error) {
		try_next_candidate(w);
		return;
	}
	g_variant_get(result, "(@a{sv})", &properties);
	g_variant_lookup(properties, "Ifname", "&s", &name);
	/* A group comes and goes, be it somebody's or left behind. */
	if ((w->wanted_interface && strcmp(w->wanted_interface, name) != 0) ||
	    is_group_interface(name)) {
		try_next_candidate(w);
		return;
	}
	w->interface_seen = TRUE;
	if (!has_p2p(properties)) {
		g_info("wpa_supplicant: interface %s has no P2P", name);
		try_next_candidate(w);
		return;
	}
	g_info("wpa_supplicant: using interface %s", name);
	use_interface(w, path);
}

static void created_interface(wpas *w, const char *ifname, GVariant *result, const GError *error)
{
	const char *path;

	if (error) {
		g_info("wpa_supplicant: cannot create interface %s: %s", ifname, error->message);
		try_next_candidate(w);
		return;
	}
	g_variant_get(result, "(&o)", &path);
	g_free(w->created);
	w->created = g_strdup(path);
	get_all(w, path, INTERFACE_IFACE, got_interface);
}

/* Wi-Fi interfaces of the machine; P2P ones are made by wpa_supplicant itself. */
static void list_wifi_interfaces(wpas *w)
{
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (w->wanted_interface) {
		g_queue_push_tail(&w->candidates, g_strdup(w->wanted_interface));
		return;
	}
	dir = g_dir_open("/sys/class/net", 0, NULL);
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *phy = g_build_filename("/sys/class/net", name, "phy80211", NULL);

		if (!is_group_interface(name) && g_file_test(phy, G_FILE_TEST_EXISTS))
			g_queue_push_tail(&w->candidates, g_strdup(name));
	}
}

static void create_interface(wpas *w, const char *ifname)
{
	g_auto(GVariantDict) args = G_VARIANT_DICT_INIT(NULL);

	g_variant_dict_insert(&args, "Ifname", "s", ifname);
	wpas_call(w, ROOT_PATH, ROOT_IFACE, "CreateInterface",
		  g_variant_new("(@a{sv})", g_variant_dict_end(&args)), "(o)", created_interface,
		  ifname);
}

/* First the interfaces that wpa_supplicant has, then those it could have. */
static void try_next_candidate(wpas *w)
{
	g_autofree char *candidate = g_queue_pop_head(&w->candidates);

	if (!candidate && !w->creating) {
		w->creating = TRUE;
		list_wifi_interfaces(w);
		candidate = g_queue_pop_head(&w->candidates);
	}
	if (candidate && w->creating)
		create_interface(w, candidate);
	else if (candidate)
		get_all(w, candidate, INTERFACE_IFACE, got_interface);
	else if (w->interface_seen)
		acquire_failed(w, REASON_NO_P2P_SUPPORT,
			       "no Wi-Fi interface of this machine can do Wi-Fi P2P");
	else if (w->wanted_interface)
		acquire_failed(w, REASON_NO_WIFI, "wpa_supplicant cannot use interface %s",
			       w->wanted_interface);
	else
		acquire_failed(w, REASON_NO_WIFI, "this machine has no Wi-Fi interface");
}

static void got_root(wpas *w, const char *path, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) properties = NULL;
	g_autoptr(GVariant) wfd = NULL;
	g_autofree const char **interfaces = NULL;
	gconstpointer data;
	gsize len;

	if (error) {
		root_failed(w, error);
		return;
	}
	g_variant_get(result, "(@a{sv})", &properties);
	wfd = g_variant_lookup_value(properties, "WFDIEs", G_VARIANT_TYPE_BYTESTRING);
	if (!wfd) {
		acquire_failed(w, REASON_NO_WFD_SUPPORT,
			       "this wpa_supplicant is built without Wi-Fi Display");
		return;
	}
	/* What a process of ours that was killed has left is not to be restored. */
	data = g_variant_get_fixed_array(wfd, &len, 1);
	if (len != g_bytes_get_size(w->wfd) || memcmp(data, g_bytes_get_data(w->wfd, NULL), len) != 0)
		w->former_wfd = g_bytes_new(data, len);
	else
		w->former_wfd = g_bytes_new(NULL, 0);

	g_variant_lookup(properties, "Interfaces", "^a&o", &interfaces);
	for (guint i = 0; interfaces && interfaces[i]; i++)
		g_queue_push_tail(&w->candidates, g_strdup(interfaces[i]));
	try_next_candidate(w);
}

/* ---- signals ------------------------------------------------------------- */

static guint16 lookup_u16(GVariant *dict, const char *key)
{
	guint16 value = 0;

	g_variant_lookup(dict, key, "q", &value);
	return value;
}

static void report_peer(wpas *w, const char *path, GVariant *properties)
{
	g_autoptr(GVariant) address =
		g_variant_lookup_value(properties, "DeviceAddress", G_VARIANT_TYPE_BYTESTRING);
	g_autoptr(GVariant) ies =
		g_variant_lookup_value(properties, "IEs", G_VARIANT_TYPE_BYTESTRING);
	g_autoptr(GBytes) wfd = NULL;
	struct wpas_peer peer = { .path = path, .name = "", .manufacturer = "", .model = "" };
	guint8 capability = 0;
	gconstpointer data;
	gsize len = 0;

	data = address ? g_variant_get_fixed_array(address, &len, 1) : NULL;
	if (len != sizeof(peer.address))
		return;
	memcpy(peer.address, data, len);
	data = ies ? g_variant_get_fixed_array(ies, &len, 1) : NULL;
	if (data && len > 0)
		peer.ies = wfd = g_bytes_new(data, len);
	g_variant_lookup(properties, "DeviceName", "&s", &peer.name);
	g_variant_lookup(properties, "Manufacturer", "&s", &peer.manufacturer);
	g_variant_lookup(properties, "ModelName", "&s", &peer.model);
	g_variant_lookup(properties, "level", "i", &peer.level);
	g_variant_lookup(properties, "groupcapability", "y", &capability);
	peer.group_owner = (capability & GROUP_CAPABILITY_OWNER) != 0;
	peer.config_methods = lookup_u16(properties, "config_method");
	w->funcs->peer(w, &peer, w->user_data);
}

static void got_peer(wpas *w, const char *path, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) properties = NULL;

	if (error)
		return; /* lost meanwhile */
	g_variant_get(result, "(@a{sv})", &properties);
	report_peer(w, path, properties);
}

static void got_peers(wpas *w, const char *context, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) value = NULL;
	g_autofree const char **paths = NULL;

	if (error)
		return;
	g_variant_get(result, "(v)", &value);
	if (!g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH_ARRAY))
		return;
	paths = g_variant_get_objv(value, NULL);
	for (guint i = 0; paths[i]; i++)
		get_all(w, paths[i], PEER_IFACE, got_peer);
}

static void peer_changed(GDBusConnection *bus, const char *sender, const char *path,
			 const char *iface, const char *signal, GVariant *args,
			 gpointer user_data)
{
	wpas *w = user_data;

	if (w->ready)
		get_all(w, path, PEER_IFACE, got_peer);
}

/* A group without a network interface name is of no use. */
static void got_group_name(wpas *w, const char *context, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) started =
		g_variant_parse(G_VARIANT_TYPE_VARDICT, context, NULL, NULL, NULL);
	g_autoptr(GVariant) value = NULL;
	g_autoptr(GVariant) ip = NULL;
	g_autoptr(GVariant) mask = NULL;
	g_autoptr(GInetAddress) address = NULL;
	struct wpas_group group = { 0 };
	const char *role = "";
	gsize len = 0;

	if (error) {
		w->funcs->formation_failed(w, error->message, w->user_data);
		return;
	}
	g_variant_get(result, "(v)", &value);
	g_variant_lookup(started, "interface_object", "&o", &group.path);
	g_variant_lookup(started, "role", "&s", &role);
	group.owner = strcmp(role, "GO") == 0;
	group.ifname = g_variant_get_string(value, NULL);
	ip = g_variant_lookup_value(started, "IpAddr", G_VARIANT_TYPE_BYTESTRING);
	mask = g_variant_lookup_value(started, "IpAddrMask", G_VARIANT_TYPE_BYTESTRING);
	if (ip && mask && g_variant_n_children(ip) == 4 && g_variant_n_children(mask) == 4) {
		const guint8 *bits = g_variant_get_fixed_array(mask, &len, 1);

		address = g_inet_address_new_from_bytes(g_variant_get_fixed_array(ip, &len, 1),
							G_SOCKET_FAMILY_IPV4);
		group.ip = address;
		for (guint i = 0; i < 4; i++)
			group.mask += __builtin_popcount(bits[i]);
	}
	w->funcs->group_started(w, &group, w->user_data);
}

static void group_started(wpas *w, GVariant *properties)
{
	g_autofree char *text = g_variant_print(properties, TRUE);
	const char *path = NULL;

	if (g_variant_lookup(properties, "interface_object", "&o", &path))
		wpas_call(w, path, PROPERTIES_IFACE, "Get",
			  g_variant_new("(ss)", INTERFACE_IFACE, "Ifname"), "(v)", got_group_name,
			  text);
}

static void group_finished(wpas *w, GVariant *properties)
{
	const char *path = NULL;

	if (g_variant_lookup(properties, "interface_object", "&o", &path))
		w->funcs->group_ended(w, path, w->user_data);
}

static void negotiation_failed(wpas *w, GVariant *properties)
{
	gint32 status = P2P_STATUS_NO_ANSWER;

	g_variant_lookup(properties, "status", "i", &status);
	w->funcs->negotiation_failed(w, status, w->user_data);
}

static void wps_failed(wpas *w, GVariant *properties)
{
	g_autofree char *text = g_variant_print(properties, FALSE);

	w->funcs->wps_failed(w, text, w->user_data);
}

static void p2p_signal(GDBusConnection *bus, const char *sender, const char *path,
		       const char *iface, const char *signal, GVariant *args, gpointer user_data)
{
	wpas *w = user_data;
	g_autoptr(GVariant) first = NULL;
	const char *text = "";

	if (!w->ready)
		return;
	/* With several arguments the last one is the dictionary. */
	if (g_variant_n_children(args) > 0)
		first = g_variant_get_child_value(args, g_variant_n_children(args) - 1);
	if (first && (g_variant_is_of_type(first, G_VARIANT_TYPE_STRING) ||
		      g_variant_is_of_type(first, G_VARIANT_TYPE_OBJECT_PATH)))
		text = g_variant_get_string(first, NULL);
	g_debug("wpa_supplicant: %s %s", signal, text);

	if (strcmp(signal, "FindStopped") == 0)
		w->funcs->find_stopped(w, w->user_data);
	else if (strcmp(signal, "DeviceFound") == 0 && *text)
		get_all(w, text, PEER_IFACE, got_peer);
	else if (strcmp(signal, "DeviceLost") == 0 && *text)
		w->funcs->peer_lost(w, text, w->user_data);
	else if (strcmp(signal, "GONegotiationSuccess") == 0)
		w->funcs->negotiated(w, w->user_data);
	else if (strcmp(signal, "GroupFormationFailure") == 0)
		w->funcs->formation_failed(w, text, w->user_data);
	else if (!first || !g_variant_is_of_type(first, G_VARIANT_TYPE_VARDICT))
		return;
	else if (strcmp(signal, "GONegotiationFailure") == 0)
		negotiation_failed(w, first);
	else if (strcmp(signal, "GroupStarted") == 0)
		group_started(w, first);
	else if (strcmp(signal, "GroupFinished") == 0)
		group_finished(w, first);
	else if (strcmp(signal, "WpsFailed") == 0)
		wps_failed(w, first);
}

static void station_signal(GDBusConnection *bus, const char *sender, const char *path,
			   const char *iface, const char *signal, GVariant *args,
			   gpointer user_data)
{
	wpas *w = user_data;

	if (!w->ready)
		return;
	if (strcmp(signal, "StaAuthorized") == 0)
		w->funcs->station(w, path, TRUE, w->user_data);
	else if (strcmp(signal, "StaDeauthorized") == 0)
		w->funcs->station(w, path, FALSE, w->user_data);
}

/* The adapter was unplugged, or somebody has taken it away. */
static void interface_removed(GDBusConnection *bus, const char *sender, const char *root,
			      const char *iface, const char *signal, GVariant *args,
			      gpointer user_data)
{
	wpas *w = user_data;
	const char *path;

	if (!w->ready || !g_variant_is_of_type(args, G_VARIANT_TYPE("(o)")))
		return;
	g_variant_get(args, "(&o)", &path);
	if (g_strcmp0(path, w->created) == 0)
		g_clear_pointer(&w->created, g_free);
	if (strcmp(path, w->interface) == 0)
		acquire_failed(w, REASON_NO_WIFI, "the Wi-Fi adapter has gone");
}

static void supplicant_appeared(GDBusConnection *bus, const char *name, const char *owner,
				gpointer user_data)
{
	wpas *w = user_data;

	g_free(w->owner);
	w->owner = g_strdup(owner);
}

static void supplicant_vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
	wpas *w = user_data;

	/* Before the first answer the calls themselves tell, since they may start it. */
	g_clear_pointer(&w->created, g_free);
	g_clear_pointer(&w->owner, g_free);
	if (w->ready)
		acquire_failed(w, REASON_SUPPLICANT_MISSING, "wpa_supplicant has ended");
}

/* ---- what the header declares ------------------------------------------- */

static void start_acquiring(wpas *w)
{
	if (!w->watch) {
		w->watch = g_bus_watch_name_on_connection(w->bus, WPAS_NAME,
							  G_BUS_NAME_WATCHER_FLAGS_NONE,
							  supplicant_appeared,
							  supplicant_vanished, w, NULL);
		w->p2p_signals = g_dbus_connection_signal_subscribe(
			w->bus, WPAS_NAME, P2P_IFACE, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
			p2p_signal, w, NULL);
		w->interface_signals = g_dbus_connection_signal_subscribe(
			w->bus, WPAS_NAME, INTERFACE_IFACE, NULL, NULL, NULL,
			G_DBUS_SIGNAL_FLAGS_NONE, station_signal, w, NULL);
		w->root_signals = g_dbus_connection_signal_subscribe(
			w->bus, WPAS_NAME, ROOT_IFACE, "InterfaceRemoved", ROOT_PATH, NULL,
			G_DBUS_SIGNAL_FLAGS_NONE, interface_removed, w, NULL);
		w->peer_signals = g_dbus_connection_signal_subscribe(
			w->bus, WPAS_NAME, PROPERTIES_IFACE, "PropertiesChanged", NULL, PEER_IFACE,
			G_DBUS_SIGNAL_FLAGS_NONE, peer_changed, w, NULL);
	}
	w->interface_seen = FALSE;
	get_all(w, ROOT_PATH, ROOT_IFACE, got_root);
}

static void got_bus(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, &error);
	wpas *w = user_data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!bus) {
		acquire_failed(w, REASON_SUPPLICANT_MISSING, "there is no system bus: %s",
			       error->message);
		return;
	}
	w->bus = g_steal_pointer(&bus);
	start_acquiring(w);
}

wpas *wpas_new(GDBusConnection *bus, const char *interface, const char *device_name, GBytes *wfd,
	       const struct wpas_funcs *funcs, gpointer user_data)
{
	wpas *w = g_new0(wpas, 1);

	if (bus)
		w->bus = g_object_ref(bus);
	w->wanted_interface = g_strdup(interface);
	w->device_name = g_strdup(device_name);
	w->wfd = g_bytes_ref(wfd);
	w->funcs = funcs;
	w->user_data = user_data;
	w->cancellable = g_cancellable_new();
	g_queue_init(&w->candidates);
	return w;
}

void wpas_free(wpas *w)
{
	if (!w)
		return;
	if (w->watch)
		g_bus_unwatch_name(w->watch);
	if (w->watch) {
		g_dbus_connection_signal_unsubscribe(w->bus, w->p2p_signals);
		g_dbus_connection_signal_unsubscribe(w->bus, w->peer_signals);
		g_dbus_connection_signal_unsubscribe(w->bus, w->interface_signals);
		g_dbus_connection_signal_unsubscribe(w->bus, w->root_signals);
	}
	forget_acquisition(w);
	g_object_unref(w->cancellable);
	g_clear_object(&w->bus);
	g_bytes_unref(w->wfd);
	g_free(w->created);
	g_free(w->owner);
	g_free(w->wanted_interface);
	g_free(w->device_name);
	g_free(w);
}

void wpas_acquire(wpas *w)
{
	if (w->bus)
		start_acquiring(w);
	else
		g_bus_get(G_BUS_TYPE_SYSTEM, w->cancellable, got_bus, w);
}

const char *wpas_owner(wpas *w)
{
	return w->owner;
}

const char *wpas_created(wpas *w)
{
	return w->created;
}

void wpas_adopt_created(wpas *w, const char *path)
{
	g_free(w->created);
	w->created = g_strdup(path);
}

static void released(wpas *w, const char *context, GVariant *result, const GError *error)
{
	log_error(w, context, result, error);
	g_clear_pointer(&w->created, g_free);
	forget_acquisition(w);
	w->funcs->released(w, w->user_data);
}

void wpas_release(wpas *w)
{
	GVariant *former = w->former_wfd ? gbytes_variant(w->former_wfd) : bytes_variant(NULL, 0);

	/* Calls of one connection are served in order; the last answer is the end of all. */
	if (w->interface)
		wpas_stop_find(w);
	w->ready = FALSE;
	if (!w->created) {
		wpas_call(w, ROOT_PATH, PROPERTIES_IFACE, "Set",
			  g_variant_new("(ssv)", ROOT_IFACE, "WFDIEs", former), NULL, released,
			  "WFDIEs");
		return;
	}
	set_property(w, ROOT_PATH, ROOT_IFACE, "WFDIEs", former);
	wpas_call(w, ROOT_PATH, ROOT_IFACE, "RemoveInterface", g_variant_new("(o)", w->created),
		  NULL, released, "RemoveInterface");
}

static void find_answered(wpas *w, const char *context, GVariant *result, const GError *error)
{
	if (!error)
		return;
	g_info("wpa_supplicant: cannot look for displays now: %s", error->message);
	w->funcs->find_stopped(w, w->user_data);
}

void wpas_find(wpas *w, guint seconds, gboolean full)
{
	g_auto(GVariantDict) args = G_VARIANT_DICT_INIT(NULL);

	wpas_call(w, w->interface, PROPERTIES_IFACE, "Get",
		  g_variant_new("(ss)", P2P_IFACE, "Peers"), "(v)", got_peers, NULL);
	g_variant_dict_insert(&args, "Timeout", "i", (gint32)seconds);
	g_variant_dict_insert(&args, "DiscoveryType", "s", full ? "start_with_full" : "social");
	wpas_call(w, w->interface, P2P_IFACE, "Find",
		  g_variant_new("(@a{sv})", g_variant_dict_end(&args)), NULL, find_answered, NULL);
}

void wpas_stop_find(wpas *w)
{
	wpas_call(w, w->interface, P2P_IFACE, "StopFind", NULL, NULL, log_error, "StopFind");
}

static void connect_answered(wpas *w, const char *context, GVariant *result, const GError *error)
{
	g_autoptr(GError) cause = NULL;

	if (!error)
		return;
	if (is_dbus_error(error, WPAS_NAME ".ConnectChannelUnsupported") ||
	    is_dbus_error(error, WPAS_NAME ".ConnectChannelUnavailable"))
		g_set_error(&cause, REASON_ERROR, REASON_NO_COMMON_CHANNEL,
			    "no channel suits both Wi-Fi adapters");
	else
		g_set_error(&cause, REASON_ERROR, REASON_GROUP_FAILED,
			    "wpa_supplicant refused to connect: %s", error->message);
	w->funcs->connect_failed(w, cause, w->user_data);
}

void wpas_connect(wpas *w, const char *peer_path, gboolean join, guint go_intent, guint frequency)
{
	g_auto(GVariantDict) args = G_VARIANT_DICT_INIT(NULL);

	g_variant_dict_insert(&args, "peer", "o", peer_path);
	g_variant_dict_insert(&args, "wps_method", "s", "pbc");
	if (join)
		g_variant_dict_insert(&args, "join", "b", TRUE);
	else
		g_variant_dict_insert(&args, "go_intent", "i", (gint32)go_intent);
	if (frequency)
		g_variant_dict_insert(&args, "frequency", "i", (gint32)frequency);
	wpas_call(w, w->interface, P2P_IFACE, "Connect",
		  g_variant_new("(@a{sv})", g_variant_dict_end(&args)), NULL, connect_answered,
		  NULL);
}

void wpas_cancel(wpas *w)
{
	wpas_call(w, w->interface, P2P_IFACE, "Cancel", NULL, NULL, log_error, "Cancel");
}

static void disconnect_answered(wpas *w, const char *path, GVariant *result, const GError *error)
{
	if (!error)
		return;
	g_info("wpa_supplicant: Disconnect: %s", error->message);
	w->funcs->group_ended(w, path, w->user_data);
}

void wpas_disconnect(wpas *w, const char *group_path)
{
	wpas_call(w, group_path, P2P_IFACE, "Disconnect", NULL, NULL, disconnect_answered,
		  group_path);
}
