// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * logind on D-Bus: see sleep.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "sleep.h"

#include <unistd.h>

#include <gio/gunixfdlist.h>

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define MANAGER LOGIND ".Manager"

enum sleep_state {
	SLEEP_ABSENT,
	SLEEP_ASKING,
	SLEEP_AWAKE,
	SLEEP_SETTLING,
	SLEEP_ASLEEP,
};

struct sleep_watch {
	enum sleep_state state;
	GDBusConnection *bus; /* NULL: not yet, or not at all */
	GCancellable *cancellable; /* of the way to the bus, and of what the state has asked */
	guint watch;
	guint signals;
	guint limit; /* of the state */
	int inhibitor; /* -1: none */
	gboolean complained;
	const struct sleep_watch_funcs *funcs;
	gpointer user_data;
};

/* Once for each daemon: it is no fault, and does not change often. */
static void complain(sleep_watch *w, const char *text)
{
	if (!w->complained)
		g_message("casts are not ended in time when the computer goes to sleep: %s", text);
	w->complained = TRUE;
}

static void let_go(sleep_watch *w)
{
	if (w->inhibitor >= 0)
		close(w->inhibitor);
	w->inhibitor = -1;
}

static gboolean limit_reached(gpointer user_data);

/* The only place where the state changes; what belonged to the former one ends with it. */
static void enter(sleep_watch *w, enum sleep_state state, guint seconds)
{
	g_cancellable_cancel(w->cancellable);
	g_object_unref(w->cancellable);
	w->cancellable = g_cancellable_new();
	g_clear_handle_id(&w->limit, g_source_remove);
	w->state = state;
	if (seconds)
		w->limit = g_timeout_add_seconds(seconds, limit_reached, w);
	if (state != SLEEP_AWAKE && state != SLEEP_SETTLING)
		let_go(w);
}

/* ---- the inhibitor ------------------------------------------------------------------- */

static void inhibited(GObject *source, GAsyncResult *result, gpointer user_data)
{
	sleep_watch *w = user_data;
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), &fds, result, &error);
	gint32 handle = -1;

	/* Then @w may have gone; a descriptor that came is closed with the list. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	enter(w, SLEEP_AWAKE, 0);
	if (reply)
		g_variant_get(reply, "(h)", &handle);
	if (handle >= 0 && fds)
		w->inhibitor = g_unix_fd_list_get(fds, handle, &error);
	if (w->inhibitor < 0) {
		g_dbus_error_strip_remote_error(error);
		complain(w, error ? error->message : "logind has given no inhibitor");
	}
}

static void ask(sleep_watch *w)
{
	enter(w, SLEEP_ASKING, 0);
	g_dbus_connection_call_with_unix_fd_list(
		w->bus, LOGIND, LOGIND_PATH, MANAGER, "Inhibit",
		g_variant_new("(ssss)", "sleep", "Miracast", "Displays that are cast to have to be told", "delay"),
		G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, SLEEP_ASK_MS, NULL, w->cancellable,
		inhibited, w);
}

/* ---- sleep ------------------------------------------------------------------------------ */

static void fall_asleep(sleep_watch *w)
{
	enter(w, SLEEP_ASLEEP, SLEEP_ASLEEP_SECONDS);
}

static void suspend(sleep_watch *w)
{
	if (w->state != SLEEP_ASKING && w->state != SLEEP_AWAKE)
		return;
	g_message("the computer is going to sleep");
	enter(w, SLEEP_SETTLING, SLEEP_SETTLE_SECONDS);
	w->funcs->suspend(w, w->user_data);
}

static gboolean is_down(const sleep_watch *w)
{
	return w->state == SLEEP_SETTLING || w->state == SLEEP_ASLEEP;
}

static void resume(sleep_watch *w)
{
	if (!is_down(w))
		return;
	g_message("the computer is awake");
	ask(w);
	w->funcs->resume(w, w->user_data);
}

static gboolean limit_reached(gpointer user_data)
{
	sleep_watch *w = user_data;

	w->limit = 0;
	if (w->state == SLEEP_SETTLING) {
		g_message("not everything was taken down within %d s; the computer may sleep all the same",
			  SLEEP_SETTLE_SECONDS);
		fall_asleep(w);
	} else {
		g_warning("logind has not said that the computer is awake; it has been for %d s",
			  SLEEP_ASLEEP_SECONDS);
		resume(w);
	}
	return G_SOURCE_REMOVE;
}

void sleep_watch_settled(sleep_watch *w)
{
	if (w->state == SLEEP_SETTLING)
		fall_asleep(w);
}

static void prepare_for_sleep(GDBusConnection *bus, const char *sender, const char *path,
			      const char *interface_name, const char *signal, GVariant *arguments,
			      gpointer user_data)
{
	gboolean down;

	if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(b)")))
		return;
	g_variant_get(arguments, "(b)", &down);
	if (down)
		suspend(user_data);
	else
		resume(user_data);
}

/* ---- logind ------------------------------------------------------------------------------ */

static void appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
	sleep_watch *w = user_data;

	/* Before the inhibitor: whoever has that is told. */
	w->signals = g_dbus_connection_signal_subscribe(bus, owner, MANAGER, "PrepareForSleep", LOGIND_PATH,
							NULL, G_DBUS_SIGNAL_FLAGS_NONE, prepare_for_sleep,
							w, NULL);
	ask(w);
}

static void forget_owner(sleep_watch *w)
{
	if (w->signals)
		g_dbus_connection_signal_unsubscribe(w->bus, w->signals);
	w->signals = 0;
}

/* Also if it was never there. What nobody will say any more is not waited for. */
static void vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
	sleep_watch *w = user_data;
	gboolean down = is_down(w);

	forget_owner(w);
	enter(w, SLEEP_ABSENT, 0);
	complain(w, "there is no logind");
	if (down)
		w->funcs->resume(w, w->user_data);
}

static void have_bus(sleep_watch *w, GDBusConnection *bus)
{
	w->bus = g_object_ref(bus);
	w->watch = g_bus_watch_name_on_connection(bus, LOGIND, G_BUS_NAME_WATCHER_FLAGS_NONE, appeared,
						  vanished, w, NULL);
}

static void bus_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	sleep_watch *w = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (bus)
		have_bus(w, bus);
	else
		complain(w, "there is no system bus");
}

/* ---- life ---------------------------------------------------------------------------------- */

sleep_watch *sleep_watch_new(GDBusConnection *bus, const struct sleep_watch_funcs *funcs,
			     gpointer user_data)
{
	sleep_watch *w = g_new0(sleep_watch, 1);

	w->cancellable = g_cancellable_new();
	w->inhibitor = -1;
	w->funcs = funcs;
	w->user_data = user_data;
	if (bus)
		have_bus(w, bus);
	else
		g_bus_get(G_BUS_TYPE_SYSTEM, w->cancellable, bus_came, w);
	return w;
}

void sleep_watch_free(sleep_watch *w)
{
	if (!w)
		return;
	if (w->watch)
		g_bus_unwatch_name(w->watch);
	if (w->bus)
		forget_owner(w);
	enter(w, SLEEP_ABSENT, 0);
	g_object_unref(w->cancellable);
	g_clear_object(&w->bus);
	g_free(w);
}
