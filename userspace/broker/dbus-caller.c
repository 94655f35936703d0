// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose a name on the bus is: see dbus-caller.h.
 */
#include "dbus-caller.h"

#include <grp.h>
#include <pwd.h>

#define MOST_GROUPS 1024

#define BUFFER_SIZE 16384

/* @lookup: of the data base, in a thread; cancelled when the time is over */
struct question {
	GCancellable *cancellable;
	dbus_caller_known *done;
	gpointer user_data;
	struct dbus_caller who;
	GCancellable *lookup;
	guint limit;
};

/* What the thread is to find out. @groups: au, as the bus says; NULL: it does not */
struct membership {
	uid_t uid;
	GVariant *groups;
};

static void answer(struct question *question)
{
	if (!g_cancellable_is_cancelled(question->cancellable))
		question->done(&question->who, question->user_data);
	g_clear_handle_id(&question->limit, g_source_remove);
	g_clear_object(&question->lookup);
	g_clear_object(&question->cancellable);
	g_free(question);
}

/* ---- the data base, which may be somewhere in the network ------------------------ */

static gboolean is_among(gid_t group, const gid_t *ids, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (ids[i] == group)
			return TRUE;
	}
	return FALSE;
}

static gboolean find_group(gid_t *gid)
{
	g_autofree char *buffer = g_malloc(BUFFER_SIZE);
	struct group entry, *found = NULL;

	if (getgrnam_r(DBUS_CALLER_GROUP, &entry, buffer, BUFFER_SIZE, &found) != 0 || !found)
		return FALSE;
	*gid = entry.gr_gid;
	return TRUE;
}

static gboolean is_in_data_base(uid_t uid, gid_t group)
{
	g_autofree char *buffer = g_malloc(BUFFER_SIZE);
	g_autofree gid_t *ids = g_new0(gid_t, MOST_GROUPS);
	int n = MOST_GROUPS;
	struct passwd entry, *found = NULL;

	return getpwuid_r(uid, &entry, buffer, BUFFER_SIZE, &found) == 0 && found &&
	       getgrouplist(entry.pw_name, entry.pw_gid, ids, &n) >= 0 && is_among(group, ids, n);
}

static void look_up(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
	struct membership *of = task_data;
	const gid_t *ids;
	gid_t group;
	gsize n;

	G_STATIC_ASSERT(sizeof(gid_t) == sizeof(guint32));
	if (!find_group(&group)) {
		g_task_return_boolean(task, FALSE);
	} else if (of->groups) {
		ids = g_variant_get_fixed_array(of->groups, &n, sizeof(*ids));
		g_task_return_boolean(task, is_among(group, ids, n));
	} else {
		g_task_return_boolean(task, is_in_data_base(of->uid, group));
	}
}

static void membership_free(gpointer data)
{
	struct membership *of = data;

	g_clear_pointer(&of->groups, g_variant_unref);
	g_free(of);
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
	g_cancellable_cancel(question->lookup);
	return G_SOURCE_REMOVE;
}

static void ask_data_base(struct question *question, GVariant *groups)
{
	struct membership *of = g_new0(struct membership, 1);
	g_autoptr(GTask) task = NULL;

	of->uid = (uid_t)question->who.uid;
	of->groups = groups ? g_variant_ref(groups) : NULL;
	question->lookup = g_cancellable_new();
	question->limit = g_timeout_add(DBUS_CALLER_MS, limit_is_over, question);
	task = g_task_new(NULL, question->lookup, looked_up, question);
	g_task_set_task_data(task, of, membership_free);
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
	guint32 uid;

	if (credentials && g_variant_lookup(credentials, "UnixUserID", "u", &uid))
		question->who.uid = uid;
	/* Root may whatever he is in. */
	if (question->who.uid <= 0 || g_cancellable_is_cancelled(question->cancellable)) {
		answer(question);
		return;
	}
	groups = g_variant_lookup_value(credentials, "UnixGroupIDs", G_VARIANT_TYPE("au"));
	ask_data_base(question, groups);
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
