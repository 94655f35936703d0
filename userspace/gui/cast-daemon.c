// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastd as the window sees it: see cast-daemon.h.
 */
#include "cast-daemon.h"

#include <string.h>

#include "cast-sinks.h"
#include "reason.h"

#define START_SECONDS 60
#define SCAN_SECONDS 60

struct _CastDaemon {
	GObject parent;
	GBusType bus_type;
	GCancellable *cancellable; /* of all that is under way, until dispose */
	GDBusConnection *bus;
	guint watch;
	GCancellable *opening; /* of the owner that is there now; NULL: there is none */
	GDBusObjectManager *objects; /* NULL: not read yet */
	Miracast1Manager *manager;
	GListStore *displays;
	enum cast_daemon_state state;
	char *message, *hint, *hint_code;
	gboolean scan_wanted; /* as soon as it is there, and until it has answered */
};

G_DEFINE_FINAL_TYPE(CastDaemon, cast_daemon, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_MOVED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void drop_owner(CastDaemon *daemon)
{
	if (daemon->opening)
		g_cancellable_cancel(daemon->opening);
	g_clear_object(&daemon->opening);
	if (daemon->manager)
		g_signal_handlers_disconnect_by_data(daemon->manager, daemon);
	if (daemon->objects)
		g_signal_handlers_disconnect_by_data(daemon->objects, daemon);
	g_clear_object(&daemon->manager);
	g_clear_object(&daemon->objects);
}

static void cast_daemon_dispose(GObject *object)
{
	CastDaemon *daemon = CAST_DAEMON(object);

	g_cancellable_cancel(daemon->cancellable);
	if (daemon->watch)
		g_bus_unwatch_name(daemon->watch);
	daemon->watch = 0;
	drop_owner(daemon);
	g_clear_object(&daemon->bus);
	G_OBJECT_CLASS(cast_daemon_parent_class)->dispose(object);
}

static void cast_daemon_finalize(GObject *object)
{
	CastDaemon *daemon = CAST_DAEMON(object);

	g_object_unref(daemon->cancellable);
	g_object_unref(daemon->displays);
	g_free(daemon->message);
	g_free(daemon->hint);
	g_free(daemon->hint_code);
	G_OBJECT_CLASS(cast_daemon_parent_class)->finalize(object);
}

static void cast_daemon_class_init(CastDaemonClass *class)
{
	G_OBJECT_CLASS(class)->dispose = cast_daemon_dispose;
	G_OBJECT_CLASS(class)->finalize = cast_daemon_finalize;
	signals[SIGNAL_CHANGED] = g_signal_new("changed", CAST_TYPE_DAEMON, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					       G_TYPE_NONE, 0);
	signals[SIGNAL_MOVED] = g_signal_new("moved", CAST_TYPE_DAEMON, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					     G_TYPE_NONE, 2, CAST_TYPE_DISPLAY, G_TYPE_INT);
}

static void cast_daemon_init(CastDaemon *daemon)
{
	(void)REASON_ERROR; /* registers the names of the daemon's errors */
	daemon->cancellable = g_cancellable_new();
	daemon->displays = g_list_store_new(CAST_TYPE_DISPLAY);
	daemon->state = CAST_DAEMON_AWAY;
}

CastDaemon *cast_daemon_new(GBusType bus)
{
	CastDaemon *daemon = g_object_new(CAST_TYPE_DAEMON, NULL);

	daemon->bus_type = bus;
	return daemon;
}

/* ---- what is shown ----------------------------------------------------------------- */

GListModel *cast_daemon_displays(CastDaemon *daemon)
{
	return G_LIST_MODEL(daemon->displays);
}

enum cast_daemon_state cast_daemon_state(CastDaemon *daemon)
{
	return daemon->state;
}

const char *cast_daemon_message(CastDaemon *daemon)
{
	const char *name, *message;
	struct hint hint;

	client_scan_problem(daemon->manager, &name, &message, &hint);
	return daemon->state == CAST_DAEMON_FAILED ? daemon->message : message;
}

struct hint cast_daemon_hint(CastDaemon *daemon)
{
	const char *name, *message;
	struct hint hint;

	client_scan_problem(daemon->manager, &name, &message, &hint);
	return daemon->state == CAST_DAEMON_FAILED ? (struct hint){ daemon->hint_code, daemon->hint } : hint;
}

gboolean cast_daemon_is_scanning(CastDaemon *daemon)
{
	return daemon->scan_wanted || (daemon->manager && miracast1_manager_get_scanning(daemon->manager));
}

gboolean cast_daemon_is_test(CastDaemon *daemon)
{
	return daemon->manager && g_strcmp0(miracast1_manager_get_source(daemon->manager), "test") == 0;
}

Miracast1Manager *cast_daemon_manager(CastDaemon *daemon)
{
	return daemon->manager;
}

GCancellable *cast_daemon_cancellable(CastDaemon *daemon)
{
	return daemon->cancellable;
}

static void changed(CastDaemon *daemon)
{
	g_signal_emit(daemon, signals[SIGNAL_CHANGED], 0);
}

static void move_to(CastDaemon *daemon, enum cast_daemon_state state)
{
	daemon->state = state;
	changed(daemon);
}

static void fail(CastDaemon *daemon, const GError *error)
{
	g_free(daemon->message);
	g_free(daemon->hint);
	g_free(daemon->hint_code);
	daemon->message = client_error_text(error);
	daemon->hint = g_strdup(client_error_hint(error).text);
	daemon->hint_code = g_strdup(client_error_hint(error).code);
	daemon->scan_wanted = FALSE;
	move_to(daemon, CAST_DAEMON_FAILED);
}

/* Asked for by us, and not by its dispose. */
static gboolean is_cancelled(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* ---- displays and sessions --------------------------------------------------------- */

static CastDisplay *display_at(CastDaemon *daemon, guint i)
{
	g_autoptr(CastDisplay) display = g_list_model_get_item(G_LIST_MODEL(daemon->displays), i);

	return display; /* the list has it */
}

static guint n_displays(CastDaemon *daemon)
{
	return g_list_model_get_n_items(G_LIST_MODEL(daemon->displays));
}

static void display_moved(CastDisplay *display, int before, CastDaemon *daemon)
{
	g_signal_emit(daemon, signals[SIGNAL_MOVED], 0, display, before);
}

static CastDisplay *find(CastDaemon *daemon, const char *id)
{
	CastDisplay *other_way = NULL;

	for (guint i = 0; i < n_displays(daemon); i++) {
		CastDisplay *display = display_at(daemon, i);

		if (strcmp(cast_display_id(display), id) == 0)
			return display;
		if (cast_display_has_id(display, id))
			other_way = display;
	}
	return other_way;
}

CastDisplay *cast_daemon_find(CastDaemon *daemon, const char *id)
{
	return find(daemon, id);
}

static CastDisplay *find_session(CastDaemon *daemon, Miracast1Session *session)
{
	for (guint i = 0; i < n_displays(daemon); i++) {
		CastDisplay *display = display_at(daemon, i);

		if (cast_display_session(display) == session)
			return display;
	}
	return NULL;
}

/* Where it belongs by its name is known when it has one. */
static void add(CastDaemon *daemon, CastDisplay *display)
{
	g_signal_connect_object(display, "moved", G_CALLBACK(display_moved), daemon, 0);
	g_list_store_insert_sorted(daemon->displays, display, cast_display_compare, NULL);
}

static void look_at_sink(CastDaemon *daemon, const char *id, GVariant *sink)
{
	CastDisplay *display = find(daemon, id);

	if (display && strcmp(cast_display_id(display), id) == 0) {
		cast_display_set_sink(display, sink);
	} else {
		g_autoptr(CastDisplay) one = cast_display_new(id);

		cast_display_set_sink(one, sink);
		add(daemon, one);
	}
}

/*
 * None is moved that need not be: a row that goes and comes again has lost what was typed there.  A list store sorts by
 * taking all of them out.
 */
static void put_in_order(CastDaemon *daemon)
{
	for (guint i = 1; i < n_displays(daemon); i++) {
		g_autoptr(CastDisplay) display = g_object_ref(display_at(daemon, i));
		guint to = i;

		while (to > 0 && cast_display_compare(display_at(daemon, to - 1), display, NULL) > 0)
			to--;
		if (to == i)
			continue;
		g_list_store_remove(daemon->displays, i);
		g_list_store_insert(daemon->displays, to, display);
	}
}

static void look_at_sinks(CastDaemon *daemon)
{
	g_autoptr(GVariant) sinks = cast_sinks(daemon->manager, daemon->objects);
	GVariantIter iter;
	const char *id;
	GVariant *sink;

	for (guint i = 0; i < n_displays(daemon); i++) {
		CastDisplay *display = display_at(daemon, i);
		g_autoptr(GVariant) known =
			g_variant_lookup_value(sinks, cast_display_id(display), G_VARIANT_TYPE_VARDICT);

		if (!known)
			cast_display_set_sink(display, NULL);
	}
	g_variant_iter_init(&iter, sinks);
	while (g_variant_iter_next(&iter, "{&s@a{sv}}", &id, &sink)) {
		look_at_sink(daemon, id, sink);
		g_variant_unref(sink);
	}
	put_in_order(daemon);
}

/* What the last word of a session is for its display. */
static void session_over(CastDisplay *display)
{
	Miracast1Session *session = cast_display_session(display);
	gboolean wanted = g_strcmp0(miracast1_session_get_reason(session), "disconnected") == 0;
	g_autofree char *message = g_strdup(miracast1_session_get_message(session));
	g_autofree char *hint = g_strdup(client_session_hint(session).text);
	g_autofree char *code = g_strdup(client_session_hint(session).code);

	cast_display_end(display, wanted ? NULL : message, (struct hint){ code, hint });
}

/* The one that it belongs to, which may be another one than before: it has gone another way. */
static CastDisplay *home_of(CastDaemon *daemon, Miracast1Session *session)
{
	const char *id = miracast1_session_get_sink_id(session);
	CastDisplay *before = find_session(daemon, session);
	CastDisplay *display = find(daemon, id ? id : "");
	g_autoptr(CastDisplay) one = NULL;

	if (before && (!display || display == before))
		return before;
	if (before)
		cast_display_set_session(before, NULL, NULL);
	if (display)
		return display;
	one = cast_display_new(id ? id : "");
	cast_display_set_name(one, miracast1_session_get_sink_name(session));
	add(daemon, one);
	return one;
}

static void look_at_session(CastDaemon *daemon, Miracast1Session *session)
{
	CastDisplay *display;

	if (client_session_has_ended(session)) {
		display = find_session(daemon, session);
		if (display)
			session_over(display);
	} else {
		display = home_of(daemon, session);
		cast_display_set_session(display, session, daemon->manager);
	}
}

static void look_at_sessions(CastDaemon *daemon)
{
	g_autolist(GDBusObject) list = g_dbus_object_manager_get_objects(daemon->objects);

	for (GList *l = list; l; l = l->next) {
		g_autoptr(Miracast1Session) session = miracast1_object_get_session(l->data);

		if (session)
			look_at_session(daemon, session);
	}
}

static void sweep(CastDaemon *daemon)
{
	for (guint i = n_displays(daemon); i-- > 0;) {
		if (cast_display_is_gone(display_at(daemon, i)))
			g_list_store_remove(daemon->displays, i);
	}
}

static void look(CastDaemon *daemon)
{
	if (!daemon->manager || !daemon->objects)
		return;
	look_at_sinks(daemon);
	look_at_sessions(daemon);
	sweep(daemon);
}

/* ---- the daemon comes and goes ------------------------------------------------------ */

static void manager_changed(GDBusProxy *proxy, GVariant *changes, const char *const *invalidated, CastDaemon *daemon)
{
	look(daemon);
	changed(daemon);
}

static void object_added(GDBusObjectManager *objects, GDBusObject *object, CastDaemon *daemon)
{
	look(daemon);
}

/* One that has not said before that it has ended. */
static void object_removed(GDBusObjectManager *objects, GDBusObject *object, CastDaemon *daemon)
{
	g_autoptr(Miracast1Session) session = miracast1_object_get_session(MIRACAST1_OBJECT(object));
	CastDisplay *display = session ? find_session(daemon, session) : NULL;

	if (display)
		session_over(display);
	sweep(daemon);
}

static void properties_changed(GDBusObjectManagerClient *objects, GDBusObjectProxy *object, GDBusProxy *proxy,
			       GVariant *changes, const char *const *invalidated, CastDaemon *daemon)
{
	if (MIRACAST1_IS_DISPLAY(proxy))
		look(daemon);
	if (!MIRACAST1_IS_SESSION(proxy))
		return;
	look_at_session(daemon, MIRACAST1_SESSION(proxy));
	sweep(daemon);
}

static void scanned(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(CastDaemon) daemon = user_data;
	g_autoptr(GError) error = NULL;

	daemon->scan_wanted = FALSE;
	/* Why it could not look for displays is told by ScanProblem. */
	if (!miracast1_manager_call_scan_finish(MIRACAST1_MANAGER(source), result, &error) && !is_cancelled(error) &&
	    client_error_is_of_daemon(error))
		fail(daemon, error);
	else if (!g_cancellable_is_cancelled(daemon->cancellable))
		changed(daemon);
}

static void scan_now(CastDaemon *daemon)
{
	daemon->scan_wanted = TRUE;
	miracast1_manager_call_scan(daemon->manager, SCAN_SECONDS, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, daemon->cancellable, scanned,
				    g_object_ref(daemon));
}

/* It answers, and lets itself be asked. */
static void has_opened(CastDaemon *daemon, GDBusObjectManager *objects)
{
	g_autoptr(GDBusInterface) manager = g_dbus_object_manager_get_interface(objects, CLIENT_PATH "/Manager",
										CLIENT_BUS_NAME ".Manager");

	/* It has ended between. */
	if (!manager || !miracast1_manager_get_version(MIRACAST1_MANAGER(manager))) {
		g_autoptr(GError) error = g_error_new_literal(G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, "access denied");

		fail(daemon, error);
		return;
	}
	daemon->objects = g_object_ref(objects);
	daemon->manager = MIRACAST1_MANAGER(g_steal_pointer(&manager));
	g_signal_connect(daemon->manager, "g-properties-changed", G_CALLBACK(manager_changed), daemon);
	g_signal_connect(objects, "object-added", G_CALLBACK(object_added), daemon);
	g_signal_connect(objects, "object-removed", G_CALLBACK(object_removed), daemon);
	g_signal_connect(objects, "interface-proxy-properties-changed", G_CALLBACK(properties_changed), daemon);
	look(daemon);
	move_to(daemon, CAST_DAEMON_THERE);
	if (daemon->scan_wanted)
		scan_now(daemon);
}

static void objects_ready(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(CastDaemon) daemon = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusObjectManager) objects = miracast1_object_manager_client_new_finish(result, &error);

	if (objects)
		has_opened(daemon, objects);
	else if (!is_cancelled(error))
		fail(daemon, error);
}

/* Whoever may look may hear from then on. */
static void let_in(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(CastDaemon) daemon = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) all = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (all)
		miracast1_object_manager_client_new(G_DBUS_CONNECTION(source),
						    G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, CLIENT_BUS_NAME,
						    CLIENT_PATH, daemon->opening, objects_ready, g_object_ref(daemon));
	else if (!is_cancelled(error))
		fail(daemon, error);
}

/*
 * A new one for each owner: one that outlives its owner asks the next one without leaving the main thread, and the
 * window would stand still meanwhile.
 */
static void name_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
	CastDaemon *daemon = user_data;

	drop_owner(daemon);
	daemon->opening = g_cancellable_new();
	g_dbus_connection_call(bus, owner, CLIENT_PATH "/Manager", "org.freedesktop.DBus.Properties", "GetAll",
			       g_variant_new("(s)", CLIENT_BUS_NAME ".Manager"), NULL, CLIENT_CALL_FLAGS, CLIENT_CALL_MS,
			       daemon->opening, let_in, g_object_ref(daemon));
}

static void name_vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
	CastDaemon *daemon = user_data;
	gboolean was_there = daemon->opening != NULL;

	drop_owner(daemon);
	if (was_there)
		daemon->scan_wanted = FALSE;
	for (guint i = 0; i < n_displays(daemon); i++) {
		CastDisplay *display = display_at(daemon, i);

		if (cast_display_is_busy(display))
			cast_display_end(display, CLIENT_DAEMON_ENDED, CLIENT_DAEMON_ENDED_HINT);
		cast_display_set_sink(display, NULL);
	}
	sweep(daemon);
	if (was_there)
		move_to(daemon, CAST_DAEMON_AWAY);
}

static void started(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(CastDaemon) daemon = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	/* Its name appears, or is there already: one that the bus cannot start may run all the same. */
	if (!reply && !daemon->opening && !is_cancelled(error))
		fail(daemon, error);
}

static void start_daemon(CastDaemon *daemon)
{
	g_dbus_connection_call(daemon->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
			       "StartServiceByName", g_variant_new("(su)", CLIENT_BUS_NAME, 0), NULL,
			       G_DBUS_CALL_FLAGS_NONE, START_SECONDS * 1000, daemon->cancellable, started,
			       g_object_ref(daemon));
}

static void bus_ready(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(CastDaemon) daemon = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, &error);

	if (!bus) {
		g_autoptr(GError) no_bus = g_error_new_literal(G_DBUS_ERROR, G_DBUS_ERROR_NO_SERVER, error->message);

		if (!is_cancelled(error))
			fail(daemon, no_bus);
		return;
	}
	if (g_cancellable_is_cancelled(daemon->cancellable))
		return;
	daemon->bus = g_steal_pointer(&bus);
	g_dbus_connection_set_exit_on_close(daemon->bus, FALSE);
	daemon->watch = g_bus_watch_name_on_connection(daemon->bus, CLIENT_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
						       name_appeared, name_vanished, daemon, NULL);
	start_daemon(daemon);
}

static void start(CastDaemon *daemon)
{
	move_to(daemon, CAST_DAEMON_STARTING);
	if (daemon->bus)
		start_daemon(daemon);
	else
		g_bus_get(daemon->bus_type, daemon->cancellable, bus_ready, g_object_ref(daemon));
}

void cast_daemon_scan(CastDaemon *daemon)
{
	if (daemon->manager) {
		scan_now(daemon);
		return;
	}
	daemon->scan_wanted = TRUE;
	if (daemon->state == CAST_DAEMON_STARTING)
		changed(daemon);
	else
		start(daemon);
}

/* ---- casts ---------------------------------------------------------------------------- */

/* A call about a display. */
typedef struct asked {
	CastDaemon *daemon;
	CastDisplay *display;
} asked;

static asked *asked_new(CastDaemon *daemon, CastDisplay *display)
{
	asked *a = g_new(asked, 1);

	*a = (asked){ g_object_ref(daemon), g_object_ref(display) };
	return a;
}

static void asked_free(asked *a)
{
	g_object_unref(a->daemon);
	g_object_unref(a->display);
	g_free(a);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(asked, asked_free)

static void end_with_error(CastDisplay *display, const GError *error)
{
	g_autofree char *text = client_error_text(error);

	cast_display_end(display, text, client_error_hint(error));
}

/* Of one that was given up before its session was known: whether it works shows when the session ends. */
static void disconnect_path(CastDaemon *daemon, const char *path)
{
	g_dbus_connection_call(daemon->bus, CLIENT_BUS_NAME, path, CLIENT_BUS_NAME ".Session", "Disconnect", NULL, NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, daemon->cancellable, NULL, NULL);
}

static void connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(asked) a = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	gboolean given_up = cast_display_is_given_up(a->display);

	if (!miracast1_manager_call_connect_finish(MIRACAST1_MANAGER(source), &path, result, &error)) {
		/* It may have ended meanwhile, and have been told so. */
		if (!is_cancelled(error) && cast_display_is_busy(a->display)) {
			if (given_up)
				cast_display_end(a->display, NULL, NO_HINT);
			else
				end_with_error(a->display, error);
			sweep(a->daemon);
		}
		return;
	}
	if (given_up)
		disconnect_path(a->daemon, path);
	else
		look(a->daemon);
}

void cast_daemon_connect(CastDaemon *daemon, CastDisplay *display, GVariant *options)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(options);

	if (cast_display_is_busy(display) || !daemon->manager)
		return;
	cast_display_set_asked(display, TRUE);
	miracast1_manager_call_connect(daemon->manager, cast_display_id(display), owned, CLIENT_CALL_FLAGS, CLIENT_CALL_MS,
				       daemon->cancellable, connected, asked_new(daemon, display));
}

static void disconnected(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(asked) a = user_data;
	g_autoptr(GError) error = NULL;

	/* It has ended by itself just now, or the daemon is about to be told of as gone. */
	if (!miracast1_session_call_disconnect_finish(MIRACAST1_SESSION(source), result, &error) && !is_cancelled(error))
		g_debug("%s: %s", cast_display_id(a->display), error->message);
}

void cast_daemon_disconnect(CastDaemon *daemon, CastDisplay *display)
{
	Miracast1Session *session = cast_display_session(display);

	if (session)
		miracast1_session_call_disconnect(session, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, daemon->cancellable, disconnected,
						 asked_new(daemon, display));
	else if (cast_display_is_asked(display))
		cast_display_give_up(display);
}

static void take_problem(asked *a, const GError *error)
{
	g_autofree char *text = client_error_text(error);

	if (!is_cancelled(error))
		cast_display_set_answer_problem(a->display, text);
}

static void accepted(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(asked) a = user_data;
	g_autoptr(GError) error = NULL;

	if (!miracast1_session_call_accept_finish(MIRACAST1_SESSION(source), result, &error))
		take_problem(a, error);
}

void cast_daemon_accept(CastDaemon *daemon, CastDisplay *display)
{
	cast_display_set_answer_problem(display, NULL);
	if (cast_display_state(display) == CAST_CONSENT)
		miracast1_session_call_accept(cast_display_session(display), CLIENT_CALL_FLAGS, CLIENT_CALL_MS,
					      daemon->cancellable, accepted, asked_new(daemon, display));
}

static void pin_entered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(asked) a = user_data;
	g_autoptr(GError) error = NULL;

	if (!miracast1_session_call_enter_pin_finish(MIRACAST1_SESSION(source), result, &error))
		take_problem(a, error);
}

void cast_daemon_enter_pin(CastDaemon *daemon, CastDisplay *display, const char *pin)
{
	Miracast1Session *session = cast_display_session(display);

	cast_display_set_answer_problem(display, NULL);
	if (session)
		miracast1_session_call_enter_pin(session, pin, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, daemon->cancellable,
						 pin_entered, asked_new(daemon, display));
}
