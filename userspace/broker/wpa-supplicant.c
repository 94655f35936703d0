// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * P2P with wpa_supplicant over D-Bus: see wpa-supplicant.h.
 *
 * Its interface is described in wpa_supplicant's doc/docbook and dbus.doxygen.
 */
#define G_LOG_DOMAIN "miracastd"

#include "wpa-private.h"

#include <string.h>

#include "p2p-address.h"
#include "wpa-peer.h"

/* GO formation answers at once; only scanning commands may take a while. */
#define CALL_TIMEOUT_MS 10000

/* Bit 0 of the group capability bitmap: the device is a group owner. */
#define GROUP_CAPABILITY_OWNER 0x01

/* And what it calls the P2P device of a radio: p2p-dev-wlan0. */
gboolean wpas_is_group_interface(const char *ifname)
{
	return g_str_has_prefix(ifname, "p2p-") && !g_str_has_prefix(ifname, "p2p-dev-");
}

/* ---- calls --------------------------------------------------------------- */

struct call {
	wpas *w;
	wpas_call_done *done;
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

void wpas_call(wpas *w, const char *path, const char *iface, const char *method, GVariant *args,
	       const char *reply, wpas_call_done *done, const char *context)
{
	struct call *call = g_new0(struct call, 1);

	call->w = w;
	call->done = done;
	call->context = g_strdup(context);
	g_dbus_connection_call(w->bus, WPAS_NAME, path, iface, method, args,
			       reply ? G_VARIANT_TYPE(reply) : NULL,
			       w->start ? G_DBUS_CALL_FLAGS_NONE : G_DBUS_CALL_FLAGS_NO_AUTO_START,
			       CALL_TIMEOUT_MS, w->cancellable, call_finished, call);
}

void wpas_get_all(wpas *w, const char *path, const char *iface, wpas_call_done *done)
{
	wpas_call(w, path, WPAS_PROPERTIES_IFACE, "GetAll", g_variant_new("(s)", iface), "(a{sv})",
		  done, path);
}

void wpas_get(wpas *w, const char *path, const char *iface, const char *name,
	      wpas_call_done *done, const char *context)
{
	wpas_call(w, path, WPAS_PROPERTIES_IFACE, "Get", g_variant_new("(ss)", iface, name), "(v)",
		  done, context);
}

void wpas_log_error(wpas *w, const char *context, GVariant *result, const GError *error)
{
	if (error)
		g_info("wpa_supplicant: %s: %s", context, error->message);
}

void wpas_set(wpas *w, const char *path, const char *iface, const char *name, GVariant *value)
{
	wpas_call(w, path, WPAS_PROPERTIES_IFACE, "Set",
		  g_variant_new("(ssv)", iface, name, value), NULL, wpas_log_error, name);
}

gboolean wpas_is_dbus_error(const GError *error, const char *name)
{
	g_autofree char *remote = g_dbus_error_get_remote_error(error);

	return remote && strcmp(remote, name) == 0;
}

/* ---- signals ------------------------------------------------------------- */

static GBytes *lookup_bytes(GVariant *value)
{
	gconstpointer data;
	gsize len;

	if (!value || !g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING))
		return NULL;
	data = g_variant_get_fixed_array(value, &len, 1);
	return len > 0 ? g_bytes_new(data, len) : NULL;
}

static guint16 lookup_u16(GVariant *dict, const char *key)
{
	guint16 value = 0;

	g_variant_lookup(dict, key, "q", &value);
	return value;
}

void wpas_report_peer(wpas *w, const char *path, GVariant *properties, const char *heard)
{
	g_autoptr(GVariant) address =
		g_variant_lookup_value(properties, "DeviceAddress", G_VARIANT_TYPE_BYTESTRING);
	g_autoptr(GVariant) ies =
		g_variant_lookup_value(properties, "IEs", G_VARIANT_TYPE_BYTESTRING);
	g_autoptr(GVariant) vendor =
		g_variant_lookup_value(properties, "VendorExtension", G_VARIANT_TYPE("aay"));
	g_autoptr(GBytes) wfd = NULL;
	struct wpas_peer peer = { .path = path, .name = "", .manufacturer = "", .model = "" };
	guint8 capability = 0;
	gconstpointer data;
	gsize len = 0;

	data = address ? g_variant_get_fixed_array(address, &len, 1) : NULL;
	if (len != sizeof(peer.address))
		return;
	memcpy(peer.address, data, len);
	peer.ies = wfd = lookup_bytes(ies);
	peer.vendor = vendor;
	g_variant_lookup(properties, "DeviceName", "&s", &peer.name);
	g_variant_lookup(properties, "Manufacturer", "&s", &peer.manufacturer);
	g_variant_lookup(properties, "ModelName", "&s", &peer.model);
	g_variant_lookup(properties, "level", "i", &peer.level);
	g_variant_lookup(properties, "groupcapability", "y", &capability);
	peer.group_owner = (capability & GROUP_CAPABILITY_OWNER) != 0;
	peer.config_methods = lookup_u16(properties, "config_method");
	if (heard)
		peer.frequency = wpa_peer_frequency(heard, peer.group_owner);
	w->funcs->peer(w, &peer, w->user_data);
}

static void got_peer(wpas *w, const char *path, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) properties = NULL;

	if (error || g_hash_table_contains(w->lost, path))
		return; /* lost meanwhile */
	g_variant_get(result, "(@a{sv})", &properties);
	wpas_hear_peer(w, path, properties);
}

/* Many do not go between a question and its answer. */
static void remember(GHashTable *paths, const char *path)
{
	if (g_hash_table_size(paths) >= 256)
		g_hash_table_remove_all(paths);
	g_hash_table_add(paths, g_strdup(path));
}

static void peer_found(wpas *w, const char *path)
{
	g_hash_table_remove(w->lost, path);
	w->funcs->peer_heard(w, path, w->user_data);
	wpas_get_all(w, path, WPAS_PEER_IFACE, got_peer);
}

static void peer_lost(wpas *w, const char *path)
{
	remember(w->lost, path);
	w->funcs->peer_lost(w, path, w->user_data);
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
		wpas_get_all(w, paths[i], WPAS_PEER_IFACE, got_peer);
}

static void peer_changed(GDBusConnection *bus, const char *sender, const char *path,
			 const char *iface, const char *signal, GVariant *args,
			 gpointer user_data)
{
	wpas *w = user_data;

	if (w->state == WPAS_READY)
		wpas_get_all(w, path, WPAS_PEER_IFACE, got_peer);
}

/* ---- signals: groups ------------------------------------------------------------- */

/* IPv4 addresses of the 4-way handshake are four bytes in network order. */
static gboolean lookup_ipv4(GVariant *dict, const char *key, guint8 address[4])
{
	g_autoptr(GVariant) value = g_variant_lookup_value(dict, key, G_VARIANT_TYPE_BYTESTRING);
	gsize len = 0;
	const guint8 *bytes = value ? g_variant_get_fixed_array(value, &len, 1) : NULL;

	if (len != 4)
		return FALSE;
	memcpy(address, bytes, len);
	return TRUE;
}

static void report_group(wpas *w, const struct wpas_starting *starting, const char *kept, const struct p2p_key *key)
{
	g_autoptr(GInetAddress) address = NULL;
	g_autoptr(GInetAddress) owner_address = NULL;
	struct wpas_group group = { .path = starting->path, .ifname = starting->ifname, .ssid = starting->ssid,
				    .kept = kept, .key = key };
	const char *role = "";
	guint8 ip[4], mask[4], owner_ip[4];

	g_variant_lookup(starting->started, "role", "&s", &role);
	group.owner = strcmp(role, "GO") == 0;
	if (lookup_ipv4(starting->started, "IpAddr", ip) &&
	    lookup_ipv4(starting->started, "IpAddrMask", mask)) {
		group.ip = address = g_inet_address_new_from_bytes(ip, G_SOCKET_FAMILY_IPV4);
		group.prefix = p2p_address_prefix(mask);
	}
	if (group.ip && lookup_ipv4(starting->started, "IpAddrGo", owner_ip))
		group.owner_ip = owner_address =
			g_inet_address_new_from_bytes(owner_ip, G_SOCKET_FAMILY_IPV4);
	g_hash_table_replace(w->groups, g_strdup(group.path), g_strdup(group.ifname));
	w->funcs->group_started(w, &group, w->user_data);
}

static gboolean is_starting_on(gpointer key, gpointer starting, gpointer path)
{
	return strcmp(((struct wpas_starting *)starting)->path, path) == 0;
}

/* What is asked about a group that has not been reported yet is of no interest any more. */
static void forget_start(wpas *w, const char *path)
{
	g_hash_table_foreach_remove(w->starting, is_starting_on, (gpointer)path);
}

void wpas_report_group(wpas *w, const char *number, const char *kept, const struct p2p_key *key)
{
	/* Whoever hears of it may end it. */
	g_autofree char *own = g_strdup(kept);

	report_group(w, g_hash_table_lookup(w->starting, number), own, key);
	g_hash_table_remove(w->starting, number);
	wpas_check_cancelled(w);
}

/* Older ones do not tell it; then the role has to be enough. */
static void group_ssid_came(wpas *w, const char *key, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) value = NULL;
	struct wpas_starting *starting = g_hash_table_lookup(w->starting, key);
	gboolean persistent = FALSE;

	if (!starting)
		return; /* over already, or said twice */
	if (result)
		g_variant_get(result, "(v)", &value);
	starting->ssid = lookup_bytes(value);
	g_variant_lookup(starting->started, "persistent", "b", &persistent);
	/* What may be in a file is the user's. */
	if (persistent && wpas_may_persist(w))
		wpas_read_kept(w, key);
	else
		wpas_report_group(w, key, NULL, NULL);
}

static void group_name_came(wpas *w, const char *key, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) value = NULL;
	struct wpas_starting *starting = g_hash_table_lookup(w->starting, key);
	const char *group = NULL;

	if (!starting)
		return; /* over already, or said twice */
	if (result)
		g_variant_get(result, "(v)", &value);
	/* A group without a network interface is gone, or of no use. */
	if (!value || !g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
		g_hash_table_remove(w->starting, key);
		w->funcs->formation_failed(w, error ? error->message : "it has no interface",
					   w->user_data);
		wpas_check_cancelled(w);
		return;
	}
	starting->ifname = g_variant_dup_string(value, NULL);
	if (g_variant_lookup(starting->started, "group_object", "&o", &group))
		wpas_get(w, group, WPAS_GROUP_IFACE, "SSID", group_ssid_came, key);
	else
		group_ssid_came(w, key, NULL, NULL);
}

/* ---- signals: the end of a group --------------------------------------------------- */

/*
 * D-Bus has no reason for it, the control socket has, which says it a moment later: so that is asked for an answer to
 * anything, before which it has said it. A group of another program's, or that we have ended ourselves, needs none.
 */
#define WHY_MS 1000

static void report_end(wpas *w, const char *path)
{
	const char *ifname = g_hash_table_lookup(w->groups, path);
	gboolean displaced = ifname && g_strcmp0(w->displaced, ifname) == 0;

	g_hash_table_remove(w->groups, path);
	forget_start(w, path);
	if (g_hash_table_size(w->groups) == 0 && g_hash_table_size(w->starting) == 0)
		wpas_stop_listening(w);
	w->funcs->group_ended(w, path, displaced, w->user_data);
	wpas_check_cancelled(w);
}

static gboolean report_ends(gpointer user_data)
{
	wpas *w = user_data;
	GQueue over = w->over;
	char *path;

	w->why_limit = 0;
	w->asked_why = 0;
	g_queue_init(&w->over);
	/* What is done about the first one may be that all is forgotten. */
	while ((path = g_queue_pop_head(&over))) {
		if (w->state == WPAS_READY)
			report_end(w, path);
		g_free(path);
	}
	return G_SOURCE_REMOVE;
}

/* "P2P-GROUP-REMOVED p2p-wlan0-0 GO reason=FREQ_CONFLICT" */
static void control_heard(const char *text, gpointer user_data)
{
	wpas *w = user_data;
	g_auto(GStrv) words = NULL;

	if (strcmp(text, "PONG") == 0 && w->asked_why > 0 && --w->asked_why == 0) {
		g_source_remove(w->why_limit);
		w->why_limit = g_idle_add_full(G_PRIORITY_DEFAULT, report_ends, w, NULL);
	}
	if (!g_str_has_prefix(text, "P2P-GROUP-REMOVED "))
		return;
	g_debug("wpa_supplicant: %s", text);
	words = g_strsplit(text, " ", -1);
	if (g_strv_contains((const char *const *)words, "reason=FREQ_CONFLICT")) {
		g_free(w->displaced);
		w->displaced = g_strdup(words[1]);
	}
}

/*
 * What is to become of the network that the adapter is in, when that goes to another channel than the group's and the
 * adapter serves one at a time: left to itself, wpa_supplicant keeps what was there first, and switches the network off. The
 * group has to give way. There is no command that takes this back; it says nothing of where there is no group.
 */
void wpas_group_is_ours(wpas *w)
{
	GQueue paths = G_QUEUE_INIT;

	wpas_list_sockets(w, &paths);
	for (guint i = 0; i < G_N_ELEMENTS(w->ears); i++) {
		g_autofree char *path = g_queue_pop_head(&paths);

		if (path && !w->ears[i])
			w->ears[i] = wpa_control_listen(path, control_heard, w);
		if (w->ears[i])
			wpa_control_tell(w->ears[i], "P2P_SET conc_pref sta");
	}
	g_queue_clear_full(&paths, g_free);
}

void wpas_stop_listening(wpas *w)
{
	for (guint i = 0; i < G_N_ELEMENTS(w->ears); i++)
		g_clear_pointer(&w->ears[i], wpa_control_ear_free);
	g_clear_pointer(&w->displaced, g_free);
	g_clear_handle_id(&w->why_limit, g_source_remove);
	w->asked_why = 0;
	g_queue_clear_full(&w->over, g_free);
}

static void ask_why(wpas *w)
{
	for (guint i = 0; i < G_N_ELEMENTS(w->ears); i++) {
		if (w->ears[i] && wpa_control_tell(w->ears[i], "PING"))
			w->asked_why++;
	}
	g_clear_handle_id(&w->why_limit, g_source_remove);
	w->why_limit = g_timeout_add(w->asked_why > 0 ? WHY_MS : 0, report_ends, w);
}

static gboolean is_over(wpas *w, const char *path)
{
	return g_queue_find_custom(&w->over, path, (GCompareFunc)g_strcmp0) != NULL;
}

static void group_is_over(wpas *w, const char *path)
{
	/* It may be told twice: as a group, and as an interface. */
	if (is_over(w, path))
		return;
	if (!g_hash_table_contains(w->groups, path) || (!w->ears[0] && !w->ears[1])) {
		report_end(w, path);
		return;
	}
	g_queue_push_tail(&w->over, g_strdup(path));
	ask_why(w);
}

static void group_started(wpas *w, GVariant *properties)
{
	g_autofree char *key = NULL;
	struct wpas_starting *starting;
	const char *path = NULL;

	if (!g_variant_lookup(properties, "interface_object", "&o", &path))
		return;
	/* The next one has the same object path. */
	if (is_over(w, path)) {
		g_source_remove(w->why_limit);
		report_ends(w);
	}
	w->forming = FALSE;
	forget_start(w, path);
	starting = g_new0(struct wpas_starting, 1);
	starting->path = g_strdup(path);
	starting->started = g_variant_ref(properties);
	key = g_strdup_printf("%u", ++w->starts);
	g_hash_table_insert(w->starting, g_strdup(key), starting);
	wpas_get(w, path, WPAS_INTERFACE_IFACE, "Ifname", group_name_came, key);
}

static void group_finished(wpas *w, GVariant *properties)
{
	const char *path = NULL;

	if (g_variant_lookup(properties, "interface_object", "&o", &path))
		group_is_over(w, path);
}

/* ---- signals: negotiation --------------------------------------------------------- */

static void negotiated(wpas *w, GVariant *properties)
{
	g_autoptr(GVariant) bytes = g_variant_lookup_value(properties, "ssid", NULL);
	g_autoptr(GBytes) ssid = lookup_bytes(bytes);
	struct wpas_negotiation result = { .ssid = ssid };
	const char *role;

	g_variant_lookup(properties, "peer_object", "&o", &result.peer);
	result.role_known = g_variant_lookup(properties, "role_go", "&s", &role);
	result.owner = result.role_known && strcmp(role, "GO") == 0;
	w->funcs->negotiated(w, &result, w->user_data);
}

static void negotiation_failed(wpas *w, GVariant *properties)
{
	gint32 status = P2P_STATUS_NO_ANSWER;
	const char *peer = NULL;

	g_variant_lookup(properties, "peer_object", "&o", &peer);
	g_variant_lookup(properties, "status", "i", &status);
	w->funcs->negotiation_failed(w, peer, status, w->user_data);
}

/* Drivers refuse channels that they have announced: the next try asks for less. */
static void formation_failed(wpas *w, const char *why)
{
	if (w->asked_wide)
		w->width++;
	w->asked_wide = FALSE;
	w->funcs->formation_failed(w, why, w->user_data);
}

static void wps_failed(wpas *w, GVariant *properties)
{
	g_autofree char *text = g_variant_print(properties, FALSE);
	gint16 config_error = 0;

	g_variant_lookup(properties, "config_error", "n", &config_error);
	w->funcs->wps_failed(w, text, config_error == WPAS_ERROR_PASSWORD, w->user_data);
}

/*
 * Whose signal it is.  All of P2P comes from the interface that has the P2P device.
 * Only what goes wrong while a group is being formed comes from the interface that
 * was made for the group, of which nothing has been said yet.
 */
static gboolean is_for_us(wpas *w, const char *path, const char *signal)
{
	if (strcmp(path, w->interface) == 0)
		return TRUE;
	if (g_hash_table_contains(w->radios, path)) {
		wpas_p2p_is_on(w, path);
		return w->state == WPAS_READY;
	}
	return w->forming && !g_hash_table_contains(w->groups, path) &&
	       (strcmp(signal, "WpsFailed") == 0 || strcmp(signal, "GroupFormationFailure") == 0);
}

static void p2p_signal(GDBusConnection *bus, const char *sender, const char *path,
		       const char *iface, const char *signal, GVariant *args, gpointer user_data)
{
	wpas *w = user_data;
	g_autoptr(GVariant) first = NULL;
	const char *text = "";

	if (w->state != WPAS_READY || !is_for_us(w, path, signal))
		return;
	if (g_str_has_prefix(signal, "ProvisionDiscovery")) {
		g_debug("wpa_supplicant: %s", signal);
		wpas_provision_signal(w, signal, args);
		return;
	}
	if (g_str_has_prefix(signal, "PersistentGroup") || strcmp(signal, "InvitationResult") == 0) {
		g_debug("wpa_supplicant: %s", signal);
		wpas_persistent_signal(w, signal, args);
		return;
	}
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
		peer_found(w, text);
	else if (strcmp(signal, "DeviceLost") == 0 && *text)
		peer_lost(w, text);
	else if (strcmp(signal, "GroupFormationFailure") == 0)
		formation_failed(w, text);
	else if (!first || !g_variant_is_of_type(first, G_VARIANT_TYPE_VARDICT))
		return;
	else if (strcmp(signal, "GONegotiationSuccess") == 0)
		negotiated(w, first);
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

	if (w->state != WPAS_READY)
		return;
	if (strcmp(signal, "StaAuthorized") == 0)
		w->funcs->station(w, path, TRUE, w->user_data);
	else if (strcmp(signal, "StaDeauthorized") == 0)
		w->funcs->station(w, path, FALSE, w->user_data);
}

/* The adapter was unplugged, somebody has taken it away, or a group is over. */
static void interface_removed(GDBusConnection *bus, const char *sender, const char *root,
			      const char *iface, const char *signal, GVariant *args,
			      gpointer user_data)
{
	wpas *w = user_data;
	const char *path;

	/* A wpa_supplicant that is started anew counts its interfaces from 0 again. */
	if (w->state == WPAS_IDLE || !g_variant_is_of_type(args, G_VARIANT_TYPE("(o)")))
		return;
	g_variant_get(args, "(&o)", &path);
	g_hash_table_remove(w->radios, path);
	remember(w->lost, path);
	if (w->state != WPAS_READY) {
		g_hash_table_remove(w->groups, path);
		return; /* its own calls tell */
	}
	if (strcmp(path, w->interface) == 0)
		wpas_fail(w, REASON_NO_WIFI, "the Wi-Fi adapter has gone");
	else if (g_hash_table_contains(w->groups, path))
		group_is_over(w, path);
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

	/* While acquiring the calls themselves tell, since they may start it. */
	g_clear_pointer(&w->owner, g_free);
	if (w->state == WPAS_READY)
		wpas_fail(w, REASON_SUPPLICANT_MISSING, "wpa_supplicant has ended");
	else if (w->state == WPAS_RELEASING)
		wpas_released(w);
}

void wpas_listen(wpas *w)
{
	static const struct {
		const char *iface;
		const char *signal;
		const char *path;
		const char *arg0;
		GDBusSignalCallback callback;
	} table[] = {
		{ WPAS_P2P_IFACE, NULL, NULL, NULL, p2p_signal },
		{ WPAS_INTERFACE_IFACE, NULL, NULL, NULL, station_signal },
		{ WPAS_ROOT_IFACE, "InterfaceRemoved", WPAS_ROOT_PATH, NULL, interface_removed },
		{ WPAS_PROPERTIES_IFACE, "PropertiesChanged", NULL, WPAS_PEER_IFACE, peer_changed },
	};

	if (w->watch)
		return;
	w->watch = g_bus_watch_name_on_connection(w->bus, WPAS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
						  supplicant_appeared, supplicant_vanished, w, NULL);
	G_STATIC_ASSERT(G_N_ELEMENTS(table) == G_N_ELEMENTS(w->signals));
	for (guint i = 0; i < G_N_ELEMENTS(table); i++)
		w->signals[i] = g_dbus_connection_signal_subscribe(
			w->bus, WPAS_NAME, table[i].iface, table[i].signal, table[i].path,
			table[i].arg0, G_DBUS_SIGNAL_FLAGS_NONE, table[i].callback, w, NULL);
}

/* ---- what the header declares ------------------------------------------- */

static void got_bus(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, &error);
	wpas *w = user_data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!bus) {
		wpas_fail(w, REASON_SUPPLICANT_MISSING, "there is no system bus: %s", error->message);
		return;
	}
	w->bus = g_steal_pointer(&bus);
	wpas_begin(w);
}

/* At the beginning of a character, since half of one is no UTF-8. */
static char *cut_name(const char *name)
{
	const char *end = name + strlen(name);

	while (end - name > WPAS_DEVICE_NAME_MAX)
		end = g_utf8_find_prev_char(name, end);
	return g_strndup(name, end - name);
}

wpas *wpas_new(const struct wpas_config *config, const struct wpas_funcs *funcs,
	       gpointer user_data)
{
	wpas *w = g_new0(wpas, 1);

	if (config->bus)
		w->bus = g_object_ref(config->bus);
	w->wanted_interface = g_strdup(config->interface);
	w->device_name = cut_name(config->device_name);
	w->wfd = g_bytes_ref(config->wfd);
	w->users = config->users ? config->users : &wifi_users_system;
	w->funcs = funcs;
	w->user_data = user_data;
	g_queue_init(&w->interfaces);
	g_queue_init(&w->adapters);
	g_queue_init(&w->new_groups);
	g_queue_init(&w->over);
	wpas_clear(w);
	return w;
}

void wpas_free(wpas *w)
{
	if (!w)
		return;
	if (w->watch) {
		g_bus_unwatch_name(w->watch);
		for (guint i = 0; i < G_N_ELEMENTS(w->signals); i++)
			g_dbus_connection_signal_unsubscribe(w->bus, w->signals[i]);
	}
	wpas_clear(w);
	g_object_unref(w->cancellable);
	g_hash_table_unref(w->radios);
	g_hash_table_unref(w->groups);
	g_hash_table_unref(w->starting);
	g_hash_table_unref(w->lost);
	g_hash_table_unref(w->asked);
	g_hash_table_unref(w->ended);
	g_clear_object(&w->bus);
	g_bytes_unref(w->wfd);
	g_free(w->owner);
	g_free(w->wanted_interface);
	g_free(w->device_name);
	g_free(w);
}

void wpas_acquire(wpas *w, gboolean start)
{
	w->state = WPAS_ACQUIRING;
	w->start = start;
	if (w->bus)
		wpas_begin(w);
	else
		g_bus_get(G_BUS_TYPE_SYSTEM, w->cancellable, got_bus, w);
}

void wpas_forget(wpas *w)
{
	wpas_clear(w);
}

void wpas_adopt_created(wpas *w, const char *path)
{
	g_free(w->created);
	w->created = g_strdup(path);
}

const char *wpas_ifname(wpas *w)
{
	return w->ifname;
}

const char *wpas_other_group(wpas *w, const char *mine)
{
	const char *path, *ifname;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->groups);
	while (g_hash_table_iter_next(&iter, (gpointer *)&path, (gpointer *)&ifname))
		if (g_strcmp0(path, mine) != 0)
			return ifname;
	return NULL;
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

	wpas_announce_again(w);
	wpas_get(w, w->interface, WPAS_P2P_IFACE, "Peers", got_peers, NULL);
	g_variant_dict_insert(&args, "Timeout", "i", (gint32)seconds);
	g_variant_dict_insert(&args, "DiscoveryType", "s", full ? "start_with_full" : "social");
	wpas_call(w, w->interface, WPAS_P2P_IFACE, "Find",
		  g_variant_new("(@a{sv})", g_variant_dict_end(&args)), NULL, find_answered, NULL);
}

void wpas_stop_find(wpas *w)
{
	wpas_call(w, w->interface, WPAS_P2P_IFACE, "StopFind", NULL, NULL, wpas_log_error, "StopFind");
}

static void disconnect_answered(wpas *w, const char *path, GVariant *result, const GError *error)
{
	if (!error)
		return;
	g_info("wpa_supplicant: Disconnect: %s", error->message);
	w->funcs->group_ended(w, path, FALSE, w->user_data);
}

void wpas_disconnect(wpas *w, const char *group_path)
{
	g_hash_table_remove(w->groups, group_path);
	remember(w->ended, group_path);
	wpas_call(w, group_path, WPAS_P2P_IFACE, "Disconnect", NULL, NULL, disconnect_answered,
		  group_path);
}
