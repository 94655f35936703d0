// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * iwd on D-Bus: see iwd.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "iwd.h"

#include <string.h>

#include "iwd-objects.h"
#include "p2p-state.h"

#define DEVICE IWD_P2P_DEVICE
#define PEER IWD_P2P_PEER
#define DISPLAY IWD_P2P_DISPLAY
#define SERVICES IWD_NAME ".p2p.ServiceManager"
#define WSC IWD_NAME ".SimpleConfiguration"
#define MANAGER_PATH "/net/connman/iwd"
#define OBJECTS "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECTS_TYPE "(a{oa{sa{sv}}})"

enum iwd_state {
	IDLE,
	ACQUIRING,
	READY,
	RELEASING,
};

struct iwd {
	GDBusConnection *bus;
	char *interface;
	guint16 rtsp_port;
	const struct iwd_funcs *funcs;
	gpointer user_data;

	enum iwd_state state;
	GCancellable *life; /* from acquiring to idle */
	GCancellable *attempt; /* of one connection */
	guint watch;
	guint signals;
	guint idle; /* something is to be said */
	GError *error; /* to be said */
	p2p_state *leftovers;
	char *owner; /* unique name */
	char *device;
	gboolean registering; /* has not been answered */
	gboolean registered;
	gboolean enabled_by_us;
	gboolean finding;
	gboolean listing; /* is asked for */
	gboolean list_again;
	guint levels;
	iwd_peers *peers;
	char *peer; /* asked, or connected */
	gint64 asked_us;
	guint limit_ms; /* of the attempt */
	gboolean connected;
};

/* ---- calls ------------------------------------------------------------------- */

static void call(iwd *w, const char *path, const char *interface, const char *method, GVariant *args,
		 const char *reply, guint ms, GCancellable *cancellable, GAsyncReadyCallback answered)
{
	g_dbus_connection_call(w->bus, IWD_NAME, path, interface, method, args,
			       reply ? G_VARIANT_TYPE(reply) : NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, ms,
			       cancellable, answered, answered ? w : NULL);
}

/* FALSE: @w may have gone. */
static gboolean take(GObject *source, GAsyncResult *result, GVariant **reply, GError **error)
{
	*reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, error);
	return !g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Of an error, the last word of its name on D-Bus: "Busy"; "" if it has none. */
static char *error_word(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);
	const char *dot = name ? strrchr(name, '.') : NULL;

	return g_strdup(dot ? dot + 1 : "");
}

static char *error_text(const GError *error)
{
	g_autoptr(GError) plain = g_error_copy(error);

	g_dbus_error_strip_remote_error(plain);
	return g_strdup(plain->message);
}

/* ---- the end of it ------------------------------------------------------------- */

static void end_attempt(iwd *w)
{
	if (w->attempt)
		g_cancellable_cancel(w->attempt);
	g_clear_object(&w->attempt);
	g_clear_pointer(&w->peer, g_free);
	w->connected = FALSE;
}

/* Nothing of it is ours any more, or nothing that could be undone. */
static void reset(iwd *w)
{
	w->state = IDLE;
	end_attempt(w);
	if (w->life)
		g_cancellable_cancel(w->life);
	g_clear_object(&w->life);
	g_clear_handle_id(&w->levels, g_source_remove);
	g_clear_handle_id(&w->idle, g_source_remove);
	if (w->watch)
		g_bus_unwatch_name(w->watch);
	w->watch = 0;
	if (w->signals)
		g_dbus_connection_signal_unsubscribe(w->bus, w->signals);
	w->signals = 0;
	g_clear_error(&w->error);
	g_clear_pointer(&w->owner, g_free);
	g_clear_pointer(&w->device, g_free);
	w->registering = w->registered = w->enabled_by_us = FALSE;
	w->finding = w->listing = w->list_again = FALSE;
}

static void undo(iwd *w, GAsyncReadyCallback undone);
static void released(GObject *source, GAsyncResult *result, gpointer user_data);

static gboolean say_failed(gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = g_steal_pointer(&w->error);

	w->idle = 0;
	reset(w);
	iwd_peers_forget(w->peers);
	w->funcs->failed(w, error, w->user_data);
	return G_SOURCE_REMOVE;
}

/* What has been set up is undone; nobody waits for the answers. */
static void fail(iwd *w, enum reason_code code, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void fail(iwd *w, enum reason_code code, const char *format, ...)
{
	va_list args;

	if (w->error || w->state == IDLE || w->state == RELEASING)
		return;
	va_start(args, format);
	w->error = g_error_new_valist(REASON_ERROR, code, format, args);
	va_end(args);
	undo(w, NULL);
	w->idle = g_idle_add_full(G_PRIORITY_DEFAULT, say_failed, w, NULL);
}

/* ---- peers ---------------------------------------------------------------------- */

static void peer_seen(const struct iwd_peer *peer, gpointer user_data)
{
	iwd *w = user_data;

	w->funcs->peer(w, peer, w->user_data);
}

static void peer_lost(const char *path, gpointer user_data)
{
	iwd *w = user_data;

	/* One that we are connected to, or that is being asked, is not free for another session: that ends nothing. */
	w->funcs->peer_lost(w, path, w->user_data);
}

static void list_now(iwd *w);

static void listed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GVariant) objects = NULL;
	gboolean again;

	if (!take(source, result, &reply, &error))
		return;
	w->listing = FALSE;
	again = w->list_again;
	w->list_again = FALSE;
	if (reply)
		objects = g_variant_get_child_value(reply, 0);
	if (objects && w->state == READY && !w->error && !iwd_peers_see(w->peers, w->device, objects))
		fail(w, REASON_LINK_UNAVAILABLE, "iwd's Wi-Fi P2P device has gone");
	if (again && w->state == READY && !w->error)
		list_now(w);
}

/* One at a time: many a change comes as several signals. */
static void list_now(iwd *w)
{
	if (w->listing) {
		w->list_again = TRUE;
		return;
	}
	w->listing = TRUE;
	call(w, "/", OBJECTS, "GetManagedObjects", NULL, OBJECTS_TYPE, IWD_CALL_MS, w->life, listed);
}

static void levels_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	GVariantIter *iter;
	const char *path;
	gint16 level;

	if (!take(source, result, &reply, &error) || !reply || w->state != READY)
		return;
	g_variant_get(reply, "(a(on))", &iter);
	while (g_variant_iter_next(iter, "(&on)", &path, &level))
		iwd_peers_set_level(w->peers, path, level);
	g_variant_iter_free(iter);
}

static gboolean ask_levels(gpointer user_data)
{
	iwd *w = user_data;

	call(w, w->device, DEVICE, "GetPeers", NULL, "(a(on))", IWD_CALL_MS, w->life, levels_came);
	return G_SOURCE_CONTINUE;
}

static void discovery_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autofree char *text = NULL;

	if (!take(source, result, &reply, &error) || reply)
		return;
	text = error_text(error);
	fail(w, REASON_LINK_UNAVAILABLE, "iwd does not look for displays: %s", text);
}

void iwd_find(iwd *w, gboolean on)
{
	if (w->state != READY || w->error || w->finding == on)
		return;
	w->finding = on;
	g_clear_handle_id(&w->levels, g_source_remove);
	call(w, w->device, DEVICE, on ? "RequestDiscovery" : "ReleaseDiscovery", NULL, NULL, IWD_CALL_MS, w->life,
	     on ? discovery_came : NULL);
	if (on) {
		w->levels = g_timeout_add_seconds(IWD_LEVELS_SECONDS, ask_levels, w);
		list_now(w);
	}
}

/* ---- signals -------------------------------------------------------------------- */

static void properties_changed(iwd *w, const char *path, GVariant *args)
{
	g_autoptr(GVariant) changed = NULL;
	const char *interface;
	gboolean connected = TRUE;
	guint16 free_ones = 0;

	if (!g_variant_is_of_type(args, G_VARIANT_TYPE("(sa{sv}as)")))
		return;
	g_variant_get(args, "(&s@a{sv}@as)", &interface, &changed, NULL);
	/* iwd does not say of each end that "Connected" has changed, but that it has room again. */
	if (w->connected && ((strcmp(interface, PEER) == 0 && strcmp(path, w->peer) == 0 &&
			      g_variant_lookup(changed, "Connected", "b", &connected) && !connected) ||
			     (strcmp(interface, DEVICE) == 0 && g_strcmp0(path, w->device) == 0 &&
			      g_variant_lookup(changed, "AvailableConnections", "q", &free_ones) && free_ones))) {
		end_attempt(w);
		w->funcs->ended(w, w->user_data);
	} else if (strcmp(interface, DISPLAY) == 0 || strcmp(interface, PEER) == 0) {
		list_now(w);
	}
}

static void iwd_said(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
		     const char *signal, GVariant *args, gpointer user_data)
{
	iwd *w = user_data;

	if (w->state != READY || w->error)
		return;
	if (strcmp(signal, "PropertiesChanged") == 0)
		properties_changed(w, path, args);
	else if (strcmp(signal, "InterfacesAdded") == 0 || strcmp(signal, "InterfacesRemoved") == 0)
		list_now(w);
}

static void vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
	iwd *w = user_data;

	if (w->owner)
		fail(w, REASON_LINK_UNAVAILABLE, "iwd has ended");
	else
		fail(w, REASON_SUPPLICANT_MISSING, "iwd is not running");
}

/* ---- acquiring ------------------------------------------------------------------- */

static void enabled(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autofree char *text = NULL;

	if (!take(source, result, &reply, &error) || w->state != ACQUIRING || w->error)
		return;
	if (!reply) {
		text = error_text(error);
		fail(w, REASON_LINK_UNAVAILABLE,
		     "iwd cannot switch Wi-Fi P2P on, as when Wi-Fi is switched off: %s", text);
		return;
	}
	w->state = READY;
	w->funcs->ready(w, w->user_data);
}

static void set_enabled(iwd *w, gboolean on, GAsyncReadyCallback answered)
{
	call(w, w->device, PROPERTIES, "Set",
	     g_variant_new("(ssv)", DEVICE, "Enabled", g_variant_new_boolean(on)), NULL, IWD_CALL_MS,
	     answered ? w->life : NULL, answered);
}

static void registered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autofree char *word = NULL, *text = NULL;

	if (!take(source, result, &reply, &error))
		return;
	w->registering = FALSE;
	w->registered = reply != NULL;
	if (w->state == RELEASING)
		undo(w, released);
	if (w->state != ACQUIRING || w->error)
		return;
	if (reply) {
		if (w->enabled_by_us)
			p2p_state_begin(w->leftovers, w->owner, w->device);
		/* Nothing happens where it is enabled. */
		set_enabled(w, TRUE, enabled);
		return;
	}
	/* It is as it was. */
	w->enabled_by_us = FALSE;
	word = error_word(error);
	text = error_text(error);
	if (strcmp(word, "AlreadyExists") == 0)
		fail(w, REASON_LINK_BUSY, "another program casts over Wi-Fi P2P through iwd");
	else
		fail(w, REASON_LINK_UNAVAILABLE, "iwd does not take a Wi-Fi Display service: %s", text);
}

static void begin(iwd *w, GVariant *objects)
{
	g_autofree char *left = NULL, *group = NULL;
	gboolean is_enabled = FALSE;
	GVariantBuilder service;

	w->device = iwd_choose_device(objects, w->interface, &is_enabled);
	if (!w->device) {
		fail(w, REASON_NO_P2P_SUPPORT,
		     w->interface ? "iwd has no Wi-Fi P2P device on %s: the adapter or its driver cannot do it" :
				    "iwd has no Wi-Fi P2P device%s: the adapter or its driver cannot do it",
		     w->interface ? w->interface : "");
		return;
	}
	p2p_state_take_leftovers(w->leftovers, w->owner, &left, &group, NULL);
	w->enabled_by_us = !is_enabled || g_strcmp0(left, w->device) == 0;
	if (left && w->enabled_by_us)
		p2p_state_begin(w->leftovers, w->owner, w->device);
	g_variant_builder_init(&service, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&service, "{sv}", "Source", g_variant_new_boolean(TRUE));
	g_variant_builder_add(&service, "{sv}", "Sink", g_variant_new_boolean(FALSE));
	g_variant_builder_add(&service, "{sv}", "Port", g_variant_new_uint16(w->rtsp_port));
	w->registering = TRUE;
	call(w, MANAGER_PATH, SERVICES, "RegisterDisplayService", g_variant_new("(a{sv})", &service), NULL, IWD_CALL_MS,
	     w->life, registered);
}

static void objects_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GVariant) objects = NULL;
	g_autofree char *text = NULL;

	if (!take(source, result, &reply, &error) || w->error)
		return;
	if (!reply) {
		text = error_text(error);
		fail(w, REASON_LINK_UNAVAILABLE, "iwd does not say what it has: %s", text);
		return;
	}
	objects = g_variant_get_child_value(reply, 0);
	begin(w, objects);
}

static void appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
	iwd *w = user_data;

	if (w->owner)
		return;
	w->owner = g_strdup(owner);
	w->signals = g_dbus_connection_signal_subscribe(bus, owner, NULL, NULL, NULL, NULL,
							G_DBUS_SIGNAL_FLAGS_NONE, iwd_said, w, NULL);
	call(w, "/", OBJECTS, "GetManagedObjects", NULL, OBJECTS_TYPE, IWD_CALL_MS, w->life, objects_came);
}

static void watch_name(iwd *w)
{
	w->watch = g_bus_watch_name_on_connection(w->bus, IWD_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, appeared, vanished, w,
						  NULL);
}

static void bus_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_bus_get_finish(result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		g_clear_object(&bus);
		return;
	}
	w->bus = bus;
	if (bus)
		watch_name(w);
	else
		fail(w, REASON_SUPPLICANT_MISSING, "there is no D-Bus: %s", error->message);
}

void iwd_acquire(iwd *w)
{
	if (w->state != IDLE)
		return;
	w->state = ACQUIRING;
	w->life = g_cancellable_new();
	if (w->bus)
		watch_name(w);
	else
		g_bus_get(G_BUS_TYPE_SYSTEM, w->life, bus_came, w);
}

/* ---- releasing ------------------------------------------------------------------- */

static gboolean say_released(gpointer user_data)
{
	iwd *w = user_data;

	w->idle = 0;
	reset(w);
	iwd_peers_forget(w->peers);
	w->funcs->released(w, w->user_data);
	return G_SOURCE_REMOVE;
}

static void released(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;

	if (take(source, result, &reply, &error))
		say_released(user_data);
}

/* The last answer, if any was asked for, is @undone's; calls are answered in their order. */
static void undo(iwd *w, GAsyncReadyCallback undone)
{
	if (w->finding)
		call(w, w->device, DEVICE, "ReleaseDiscovery", NULL, NULL, IWD_CALL_MS, NULL, NULL);
	if (w->registered)
		call(w, MANAGER_PATH, SERVICES, "UnregisterDisplayService", NULL, NULL, IWD_CALL_MS,
		     undone && !w->enabled_by_us ? w->life : NULL, w->enabled_by_us ? NULL : undone);
	if (w->registered && w->enabled_by_us) {
		set_enabled(w, FALSE, undone);
		p2p_state_end(w->leftovers);
	}
	if (undone && !w->registered && !w->idle)
		w->idle = g_idle_add_full(G_PRIORITY_DEFAULT, say_released, w, NULL);
	w->registered = w->enabled_by_us = w->finding = FALSE;
}

void iwd_release(iwd *w)
{
	if (w->state == RELEASING)
		return;
	g_clear_handle_id(&w->idle, g_source_remove);
	g_clear_handle_id(&w->levels, g_source_remove);
	g_clear_error(&w->error);
	end_attempt(w);
	w->state = RELEASING;
	/* iwd lets everybody unregister whoever has registered: what we have not is not ours. */
	if (!w->registering)
		undo(w, released);
}

/* ---- connecting ------------------------------------------------------------------- */

static void refuse(iwd *w, const GError *cause, gboolean pin)
{
	g_autofree char *word = error_word(cause);
	g_autofree char *text = error_text(cause);
	g_autoptr(GError) error = NULL;
	gint64 waited_us = g_get_monotonic_time() - w->asked_us;
	gboolean late = waited_us >= (gint64)IWD_ACCEPT_SECONDS * G_USEC_PER_SEC ||
			g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
			strcmp(word, "WalkTimerExpired") == 0;

	/* It has ended, and that is said in a moment. */
	if (g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
		return;
	if (late)
		error = g_error_new_literal(REASON_ERROR, REASON_NOT_ACCEPTED,
					    "nobody has accepted the connection at the display in time");
	else if (strcmp(word, "Busy") == 0)
		error = g_error_new_literal(REASON_ERROR, REASON_LINK_BUSY,
					    "iwd, or the display, is connecting to another device");
	else if (strcmp(word, "NotSupported") == 0)
		error = pin ? g_error_new_literal(REASON_ERROR, REASON_NO_PIN,
						  "iwd says that no PIN can be typed at this display") :
			      g_error_new_literal(REASON_ERROR, REASON_NEEDS_PIN,
						  "iwd cannot join this display: it takes no push button, or "
						  "nobody at all, or wants to keep the group");
	else
		error = g_error_new(REASON_ERROR, REASON_GROUP_FAILED,
				    "iwd could not connect to the display: %s", *word ? word : text);
	w->funcs->connect_failed(w, error, w->user_data);
}

static void peer_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GVariant) properties = NULL;
	g_autoptr(GInetAddress) address = NULL;
	const char *ifname = "", *ip = "";
	gboolean is_connected = FALSE;

	if (!take(source, result, &reply, &error))
		return;
	if (reply) {
		properties = g_variant_get_child_value(reply, 0);
		g_variant_lookup(properties, "Connected", "b", &is_connected);
		g_variant_lookup(properties, "ConnectedInterface", "&s", &ifname);
		g_variant_lookup(properties, "ConnectedIP", "&s", &ip);
		address = g_inet_address_new_from_string(ip);
		if (address && g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV4)
			g_clear_object(&address);
	}
	if (!is_connected || !*ifname) {
		g_autoptr(GError) lost = g_error_new_literal(
			REASON_ERROR, REASON_GROUP_FAILED, "iwd has connected to the display, and no longer is");

		w->funcs->connect_failed(w, lost, w->user_data);
		return;
	}
	w->connected = TRUE;
	w->funcs->connected(w, ifname, address, w->user_data);
}

static void joined(iwd *w, GObject *source, GAsyncResult *result, gboolean pin)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;

	if (!take(source, result, &reply, &error))
		return;
	if (reply)
		call(w, w->peer, PROPERTIES, "GetAll", g_variant_new("(s)", PEER), "(a{sv})", IWD_CALL_MS, w->attempt,
		     peer_came);
	else
		refuse(w, error, pin);
}

static void button_pushed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	joined(user_data, source, result, FALSE);
}

static void pin_typed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	joined(user_data, source, result, TRUE);
}

static void pin_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	const char *pin;

	if (!take(source, result, &reply, &error))
		return;
	if (!reply) {
		refuse(w, error, TRUE);
		return;
	}
	g_variant_get(reply, "(&s)", &pin);
	call(w, w->peer, WSC, "StartPin", g_variant_new("(s)", pin), NULL, w->limit_ms, w->attempt, pin_typed);
	w->funcs->pin(w, pin, w->user_data);
}

void iwd_connect(iwd *w, const char *peer, gboolean pin, guint seconds)
{
	end_attempt(w);
	w->attempt = g_cancellable_new();
	w->peer = g_strdup(peer);
	w->asked_us = g_get_monotonic_time();
	w->limit_ms = seconds * 1000;
	if (pin)
		call(w, peer, WSC, "GeneratePin", NULL, "(s)", IWD_CALL_MS, w->attempt, pin_came);
	else
		call(w, peer, WSC, "PushButton", NULL, NULL, w->limit_ms, w->attempt, button_pushed);
}

/* Whatever the answer is, it is over. */
static void disconnected(GObject *source, GAsyncResult *result, gpointer user_data)
{
	iwd *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;

	if (take(source, result, &reply, &error))
		w->funcs->disconnected(w, w->user_data);
}

static gboolean say_disconnected(gpointer user_data)
{
	iwd *w = user_data;

	w->idle = 0;
	w->funcs->disconnected(w, w->user_data);
	return G_SOURCE_REMOVE;
}

void iwd_disconnect(iwd *w)
{
	g_autofree char *peer = g_steal_pointer(&w->peer);

	end_attempt(w);
	if (peer && w->state == READY && !w->error)
		call(w, peer, PEER, "Disconnect", NULL, NULL, IWD_CALL_MS, w->life, disconnected);
	else if (!w->idle)
		w->idle = g_idle_add_full(G_PRIORITY_DEFAULT, say_disconnected, w, NULL);
}

/* ---- life ------------------------------------------------------------------------- */

gboolean iwd_has_leftovers(iwd *w)
{
	return p2p_state_is_there(w->leftovers);
}

iwd *iwd_new(const struct iwd_config *config, const struct iwd_funcs *funcs, gpointer user_data)
{
	iwd *w = g_new0(iwd, 1);

	g_set_object(&w->bus, config->bus);
	w->interface = g_strdup(config->interface);
	w->rtsp_port = config->rtsp_port;
	w->leftovers = p2p_state_new(config->runtime_dir, "iwd.state");
	w->peers = iwd_peers_new(peer_seen, peer_lost, w);
	w->funcs = funcs;
	w->user_data = user_data;
	return w;
}

void iwd_free(iwd *w)
{
	if (!w)
		return;
	reset(w);
	p2p_state_free(w->leftovers);
	iwd_peers_free(w->peers);
	g_free(w->interface);
	g_clear_object(&w->bus);
	g_free(w);
}
