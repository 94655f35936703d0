// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose a name on the bus is: see dbus-caller.h.
 */
#include "dbus-caller.h"

#include <grp.h>
#include <pwd.h>

#define MOST_GROUPS 1024

/* @groups: what it takes to look in the data base, in a thread; cancelled when the time is over */
struct question {
	GCancellable *cancellable;
	dbus_caller_known *done;
	gpointer user_data;
	struct dbus_caller who;
	GCancellable *groups;
	guint limit;
};

/* Looked up once: the data base of groups may be somewhere in the network. */
static gint64 group_id(void)
{
	static gint64 gid = -2;
	struct group *group;

	if (gid == -2) {
		group = getgrnam(DBUS_CALLER_GROUP);
		gid = group ? (gint64)group->gr_gid : -1;
	}
	return gid;
}

static gboolean is_among(const guint32 *ids, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (ids[i] == group_id())
			return TRUE;
	}
	return FALSE;
}

static void answer(struct question *question)
{
	if (!g_cancellable_is_cancelled(question->cancellable))
		question->done(&question->who, question->user_data);
	g_clear_handle_id(&question->limit, g_source_remove);
	g_clear_object(&question->groups);
	g_clear_object(&question->cancellable);
	g_free(question);
}

/* ---- a bus that does not name groups -------------------------------------------- */

static void look_up(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
	uid_t uid = GPOINTER_TO_UINT(task_data);
	g_autofree char *buffer = g_malloc(16384);
	g_autofree gid_t *ids = g_new0(gid_t, MOST_GROUPS);
	int n = MOST_GROUPS;
	struct passwd entry, *found = NULL;

	G_STATIC_ASSERT(sizeof(gid_t) == sizeof(guint32));
	if (getpwuid_r(uid, &entry, buffer, 16384, &found) != 0 || !found ||
	    getgrouplist(entry.pw_name, entry.pw_gid, ids, &n) < 0)
		n = 0;
	g_task_return_boolean(task, is_among(ids, n));
}

static void looked_up(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct question *question = user_data;

	/* With an error, as after the limit, he is none. */
	question->who.member = g_task_propagate_boolean(G_TASK(result), NULL);
	answer(question);
}

static gboolean limit_is_over(gpointer user_data)
{
	struct question *question = user_data;

	question->limit = 0;
	g_cancellable_cancel(question->groups);
	return G_SOURCE_REMOVE;
}

static void ask_data_base(struct question *question)
{
	g_autoptr(GTask) task = NULL;

	question->groups = g_cancellable_new();
	question->limit = g_timeout_add(DBUS_CALLER_MS, limit_is_over, question);
	task = g_task_new(NULL, question->groups, looked_up, question);
	g_task_set_task_data(task, GUINT_TO_POINTER((guint32)question->who.uid), NULL);
	g_task_set_return_on_cancel(task, TRUE);
	g_task_run_in_thread(task, look_up);
}

/* ---- the bus ----------------------------------------------------------------------- */

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct question *question = user_data;
	g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
	g_autoptr(GVariant) credentials = reply ? g_variant_get_child_value(reply, 0) : NULL;
	g_autoptr(GVariant) groups = NULL;
	const guint32 *ids;
	guint32 uid;
	gsize n = 0;

	if (credentials && g_variant_lookup(credentials, "UnixUserID", "u", &uid))
		question->who.uid = uid;
	if (credentials)
		groups = g_variant_lookup_value(credentials, "UnixGroupIDs", G_VARIANT_TYPE("au"));
	if (groups) {
		ids = g_variant_get_fixed_array(groups, &n, sizeof(*ids));
		question->who.member = is_among(ids, n);
	} else if (question->who.uid > 0 && group_id() >= 0 && !g_cancellable_is_cancelled(question->cancellable)) {
		ask_data_base(question);
		return;
	}
	answer(question);
}

void dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
		     gpointer user_data)
{
	struct question *question = g_new0(struct question, 1);

	question->cancellable = cancellable ? g_object_ref(cancellable) : NULL;
	question->who.uid = -1;
	question->done = done;
	question->user_data = user_data;
	g_dbus_connection_call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
			       "GetConnectionCredentials", g_variant_new("(s)", name), G_VARIANT_TYPE("(a{sv})"),
			       G_DBUS_CALL_FLAGS_NONE, DBUS_CALLER_MS, cancellable, answered, question);
}
