// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl monitor: displays and sessions as they come and go.
 *
 * With --json one object follows the other: {"sink": ...} or {"session": ...}, as list and status print them, or
 * {"sink-gone": ID} for a display that is not known any more.
 */
#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#include "ctl.h"

struct monitor {
	struct ctl *ctl;
	GMainLoop *loop;
	GHashTable *sinks;    /* id to the dictionary that was printed */
	GHashTable *sessions; /* path to struct shown */
	gboolean lost;
};

/* ---- displays ------------------------------------------------------------- */

/* What is worth a line: not that it was seen again, nor each dBm. */
static gboolean is_news(GVariant *before, GVariant *now)
{
	static const char *const keys[] = { "name", "alias", "remembered", "autoconnect", "model", "links", "obstacle", "present", NULL };

	if (!before)
		return TRUE;
	for (guint i = 0; keys[i]; i++) {
		g_autoptr(GVariant) one = g_variant_lookup_value(before, keys[i], NULL);
		g_autoptr(GVariant) other = g_variant_lookup_value(now, keys[i], NULL);

		if ((one != NULL) != (other != NULL) || (one && !g_variant_equal(one, other)))
			return TRUE;
	}
	return FALSE;
}

static void print_sink(struct monitor *m, GVariant *sink)
{
	if (m->ctl->json)
		ctl_print_json(g_variant_new_parsed("{'sink': <%*>}", sink));
	else
		ctl_print_sink(sink);
}

static void print_gone(struct monitor *m, const char *id)
{
	if (m->ctl->json)
		ctl_print_json(g_variant_new_parsed("{'sink-gone': <%s>}", id));
	else
		g_print("%s has gone\n", id);
}

static gboolean is_known(GPtrArray *sinks, const char *id)
{
	for (guint i = 0; i < sinks->len; i++) {
		const char *other = "";

		g_variant_lookup(g_ptr_array_index(sinks, i), "id", "&s", &other);
		if (strcmp(id, other) == 0)
			return TRUE;
	}
	return FALSE;
}

static void look_at_sinks(struct monitor *m)
{
	g_autoptr(GPtrArray) sinks = ctl_sinks(m->ctl);
	GHashTableIter iter;
	gpointer key;

	for (guint i = 0; i < sinks->len; i++) {
		GVariant *sink = g_ptr_array_index(sinks, i);
		const char *id = "";

		g_variant_lookup(sink, "id", "&s", &id);
		if (is_news(g_hash_table_lookup(m->sinks, id), sink))
			print_sink(m, sink);
		g_hash_table_insert(m->sinks, g_strdup(id), g_variant_ref(sink));
	}
	g_hash_table_iter_init(&iter, m->sinks);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		if (is_known(sinks, key))
			continue;
		print_gone(m, key);
		g_hash_table_iter_remove(&iter);
	}
}

static void sinks_changed(Miracast1Manager *manager, GParamSpec *pspec, gpointer user_data)
{
	look_at_sinks(user_data);
}

static void owner_changed(GDBusProxy *proxy, GParamSpec *pspec, gpointer user_data)
{
	struct monitor *m = user_data;

	m->lost = TRUE;
	g_main_loop_quit(m->loop);
}

/* Of a session: how many phases were printed, and when the first of them was. They begin anew with each try. */
struct shown {
	gint64 begin_us;
	guint n;
};

/* ---- sessions ------------------------------------------------------------- */

static void print_phases(Miracast1Session *session, const char *name, guint printed)
{
	GVariant *phases = miracast1_session_get_phases(session);

	for (guint i = printed; phases && i < g_variant_n_children(phases); i++) {
		const char *text;

		g_variant_get_child(phases, i, "(&sx&s)", NULL, NULL, &text);
		g_print("%u  %s: %s\n", miracast1_session_get_id(session), name, text);
	}
}

static void look_at_session(struct monitor *m, Miracast1Session *session)
{
	const char *path = g_dbus_proxy_get_object_path(G_DBUS_PROXY(session));
	GVariant *phases = miracast1_session_get_phases(session);
	guint n = phases ? g_variant_n_children(phases) : 0;
	/* Its last word is one more. */
	guint now = n + (client_session_has_ended(session) ? 1 : 0);
	gint64 begin_us = client_session_begin(session);
	struct shown *shown = g_hash_table_lookup(m->sessions, path);
	g_autofree char *name = NULL;
	guint before;

	if (!shown) {
		shown = g_new0(struct shown, 1);
		g_hash_table_insert(m->sessions, g_strdup(path), shown);
	}
	before = shown->begin_us == begin_us ? shown->n : 0;
	if (now <= before)
		return;
	*shown = (struct shown){ begin_us, now };
	if (m->ctl->json) {
		ctl_print_json(g_variant_new_parsed("{'session': <%*>}", ctl_session_variant(m->ctl, session)));
		return;
	}
	name = client_session_name(m->ctl->manager, session);
	print_phases(session, name, before);
	if (miracast1_session_get_consent_wanted(session))
		g_print("%u  -> yes: miracastctl accept %u; no: miracastctl disconnect %u\n",
			miracast1_session_get_id(session), miracast1_session_get_id(session),
			miracast1_session_get_id(session));
	if (client_session_has_ended(session))
		g_print("%u  %s has ended: %s\n", miracast1_session_get_id(session), name,
			miracast1_session_get_message(session));
}

static void object_added(GDBusObjectManager *objects, GDBusObject *object, gpointer user_data)
{
	g_autoptr(Miracast1Session) session = miracast1_object_get_session(MIRACAST1_OBJECT(object));

	if (session)
		look_at_session(user_data, session);
}

static void object_removed(GDBusObjectManager *objects, GDBusObject *object, gpointer user_data)
{
	struct monitor *m = user_data;

	g_hash_table_remove(m->sessions, g_dbus_object_get_object_path(object));
}

static void properties_changed(GDBusObjectManagerClient *objects, GDBusObjectProxy *object, GDBusProxy *proxy,
			       GVariant *changed, const char *const *invalidated, gpointer user_data)
{
	object_added(NULL, G_DBUS_OBJECT(object), user_data);
}

static void look_at_sessions(struct monitor *m, GDBusObjectManager *objects)
{
	g_autolist(GDBusObject) list = g_dbus_object_manager_get_objects(objects);

	for (GList *l = list; l; l = l->next)
		object_added(objects, l->data, m);
}

/* ---- all of it ------------------------------------------------------------- */

static gboolean interrupted(gpointer user_data)
{
	g_main_loop_quit(user_data);
	return G_SOURCE_CONTINUE;
}

static void watch(struct monitor *m, GDBusObjectManager *objects)
{
	guint sigint = g_unix_signal_add(SIGINT, interrupted, m->loop);
	guint sigterm = g_unix_signal_add(SIGTERM, interrupted, m->loop);

	g_signal_connect(m->ctl->manager, "notify::sinks", G_CALLBACK(sinks_changed), m);
	g_signal_connect(m->ctl->manager, "notify::g-name-owner", G_CALLBACK(owner_changed), m);
	g_signal_connect(objects, "object-added", G_CALLBACK(object_added), m);
	g_signal_connect(objects, "object-removed", G_CALLBACK(object_removed), m);
	g_signal_connect(objects, "interface-proxy-properties-changed", G_CALLBACK(properties_changed), m);
	look_at_sinks(m);
	look_at_sessions(m, objects);
	g_main_loop_run(m->loop);
	g_signal_handlers_disconnect_by_data(m->ctl->manager, m);
	g_signal_handlers_disconnect_by_data(objects, m);
	g_source_remove(sigint);
	g_source_remove(sigterm);
}

enum ctl_status ctl_monitor(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GHashTable) sinks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							    (GDestroyNotify)g_variant_unref);
	g_autoptr(GHashTable) sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct monitor m = { .ctl = ctl, .loop = loop, .sinks = sinks, .sessions = sessions };
	g_autoptr(GDBusObjectManager) objects = NULL;
	g_autoptr(GError) error = NULL;
	enum ctl_status status;

	if (!ctl_parse(ctl, "- displays and sessions as they come and go", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 1)
		return ctl_usage(ctl, "monitor takes no arguments");
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	objects = ctl_objects(ctl, &error);
	if (!objects)
		return ctl_print_error(ctl, error);
	watch(&m, objects);
	if (m.lost)
		return ctl_print_reason(ctl, "daemon-not-running", CLIENT_DAEMON_ENDED,
					CLIENT_DAEMON_ENDED_HINT);
	return CTL_OK;
}
