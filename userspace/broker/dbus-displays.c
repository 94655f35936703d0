// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays on D-Bus: see dbus-displays.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "dbus-displays.h"

#include "dbus-api.h"
#include "miracast1-dbus.h"
#include "quirk-files.h"
#include "wfd-quirks.h"

/* An object. @seen: it stands for one of the displays of this time. */
struct entry {
	dbus_displays *owner;
	char *path;
	Miracast1Display *skeleton;
	gint64 display_owner;
	gboolean seen;
};

struct dbus_displays {
	broker *broker;
	dbus_objects *objects;
	const char *quirks_dir;
	const struct dbus_displays_funcs *funcs;
	gpointer user_data;
	GPtrArray *entries; /* struct entry */
	guint next;
};

static void entry_free(struct entry *entry)
{
	dbus_objects_remove(entry->owner->objects, entry->path);
	g_signal_handlers_disconnect_by_data(entry->skeleton, entry);
	g_object_unref(entry->skeleton);
	g_free(entry->path);
	g_free(entry);
}

/* ---- calls ---------------------------------------------------------------- */

static const char *begin_call(struct entry *entry)
{
	entry->owner->funcs->used(entry->owner->user_data);
	return miracast1_display_get_id(entry->skeleton);
}

/* As who calls, or if he was let at what is another user's as that one. */
static gint64 viewer_of(struct entry *entry, GDBusMethodInvocation *call)
{
	if (entry->display_owner != OWNER_SHARED)
		return entry->display_owner;
	return dbus_objects_uid(entry->owner->objects, g_dbus_method_invocation_get_sender(call));
}

static gboolean handle_connect(Miracast1Display *skeleton, GDBusMethodInvocation *call, GVariant *options,
			       gpointer user_data)
{
	struct entry *entry = user_data;
	dbus_displays *d = entry->owner;

	d->funcs->connect(call, miracast1_display_get_id(skeleton), entry->display_owner, options, d->user_data);
	return TRUE;
}

static gboolean handle_set_alias(Miracast1Display *skeleton, GDBusMethodInvocation *call, const char *alias,
				 gpointer user_data)
{
	struct entry *entry = user_data;
	g_autoptr(GError) error = NULL;

	if (broker_set_alias(entry->owner->broker, begin_call(entry), viewer_of(entry, call), alias, &error))
		miracast1_display_complete_set_alias(skeleton, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

static gboolean handle_set_autoconnect(Miracast1Display *skeleton, GDBusMethodInvocation *call, gboolean on,
				       gpointer user_data)
{
	struct entry *entry = user_data;
	g_autoptr(GError) error = NULL;

	if (displays_set_autoconnect(entry->owner->broker, begin_call(entry), viewer_of(entry, call), on, &error))
		miracast1_display_complete_set_autoconnect(skeleton, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

/* The object may go with it. */
static gboolean handle_forget(Miracast1Display *skeleton, GDBusMethodInvocation *call, gpointer user_data)
{
	struct entry *entry = user_data;
	g_autoptr(Miracast1Display) kept = g_object_ref(skeleton);
	g_autofree char *id = g_strdup(begin_call(entry));
	g_autoptr(GError) error = NULL;

	if (broker_forget(entry->owner->broker, id, viewer_of(entry, call), &error))
		miracast1_display_complete_forget(kept, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

/* ---- properties ------------------------------------------------------------- */

/* By what a session would know of it before it has said anything. */
static void set_quirks(dbus_displays *d, Miracast1Display *skeleton, link_sink *sink)
{
	g_autoptr(wfd_quirk_table) table = wfd_quirk_table_new();
	g_auto(GStrv) problems = NULL;
	g_auto(GStrv) texts = quirk_files_read(d->quirks_dir, &problems);
	const struct wfd_sink_identity identity = {
		.device_name = sink->name,
		.device_model = sink->model,
		.address = sink->id,
	};
	struct wfd_quirks quirks;

	for (char **text = texts; *text; text++)
		wfd_quirk_table_add(table, *text, NULL);
	wfd_quirks_match(table, &identity, &quirks);
	miracast1_display_set_quirks(skeleton, quirks.name);
}

static void set_ways(Miracast1Display *skeleton, const struct display *display)
{
	g_autoptr(GPtrArray) links = g_ptr_array_new();
	g_autoptr(GPtrArray) addresses = g_ptr_array_new();

	for (guint i = 0; i < display->sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(display->sinks, i);

		g_ptr_array_add(links, (gpointer)sink->link);
		for (char **address = sink->addresses; address && *address; address++) {
			if (!g_ptr_array_find_with_equal_func(addresses, *address, g_str_equal, NULL))
				g_ptr_array_add(addresses, *address);
		}
	}
	g_ptr_array_add(links, NULL);
	g_ptr_array_add(addresses, NULL);
	miracast1_display_set_ids(skeleton, (const char *const *)display->ids);
	miracast1_display_set_links(skeleton, (const char *const *)links->pdata);
	miracast1_display_set_addresses(skeleton, (const char *const *)addresses->pdata);
}

static void update(dbus_displays *d, Miracast1Display *skeleton, const struct display *display)
{
	link_sink *sink = display_sink(display);
	enum display_state state = display_state_of(display);
	const char *alias = display_alias(display, d->broker);
	/* Files are read for it: only when it may be another one. */
	gboolean same = g_strcmp0(miracast1_display_get_id(skeleton), sink->id) == 0 &&
			g_strcmp0(miracast1_display_get_name(skeleton), sink->name) == 0 &&
			g_strcmp0(miracast1_display_get_model(skeleton), sink->model) == 0;

	if (!same)
		set_quirks(d, skeleton, sink);
	set_ways(skeleton, display);
	miracast1_display_set_id(skeleton, sink->id);
	miracast1_display_set_name(skeleton, sink->name);
	miracast1_display_set_alias(skeleton, alias ? alias : "");
	miracast1_display_set_model(skeleton, sink->model);
	miracast1_display_set_state(skeleton, display_state_name(state));
	miracast1_display_set_obstacle(skeleton, state == DISPLAY_BLOCKED && sink->obstacle ? sink->obstacle : "");
	miracast1_display_set_signal(skeleton, sink->present ? sink->level : 0);
	miracast1_display_set_band(skeleton, sink->present && sink->band ? sink->band : "");
	miracast1_display_set_known(skeleton, display->known);
	miracast1_display_set_autoconnect(skeleton, display->autoconnect);
}

/* ---- objects ------------------------------------------------------------------ */

static void add_entry(dbus_displays *d, const struct display *display)
{
	struct entry *entry = g_new0(struct entry, 1);

	entry->owner = d;
	entry->display_owner = display->owner;
	entry->seen = TRUE;
	entry->path = g_strdup_printf(DBUS_API_PATH "/Display/%u", ++d->next);
	entry->skeleton = miracast1_display_skeleton_new();
	g_object_connect(entry->skeleton,
			 "signal::handle-connect", handle_connect, entry,
			 "signal::handle-set-alias", handle_set_alias, entry,
			 "signal::handle-set-autoconnect", handle_set_autoconnect, entry,
			 "signal::handle-forget", handle_forget, entry,
			 NULL);
	update(d, entry->skeleton, display);
	g_ptr_array_add(d->entries, entry);
	dbus_objects_add(d->objects, entry->path, G_DBUS_INTERFACE_SKELETON(entry->skeleton), display->owner);
}

/* That stood for it, or for one of its ways, and for none of the others yet. */
static struct entry *find_entry(dbus_displays *d, const struct display *display)
{
	for (guint i = 0; i < d->entries->len; i++) {
		struct entry *entry = g_ptr_array_index(d->entries, i);

		if (!entry->seen && entry->display_owner == display->owner &&
		    display_has_any(display, miracast1_display_get_ids(entry->skeleton)))
			return entry;
	}
	return NULL;
}

static void drop_unseen(dbus_displays *d)
{
	for (guint i = d->entries->len; i-- > 0;) {
		struct entry *entry = g_ptr_array_index(d->entries, i);

		if (!entry->seen)
			g_ptr_array_remove_index(d->entries, i);
	}
}

void dbus_displays_changed(dbus_displays *d)
{
	g_autoptr(GPtrArray) displays = displays_list(d->broker);
	g_autoptr(GPtrArray) new_ones = g_ptr_array_new();

	for (guint i = 0; i < d->entries->len; i++)
		((struct entry *)g_ptr_array_index(d->entries, i))->seen = FALSE;
	for (guint i = 0; i < displays->len; i++) {
		struct display *display = g_ptr_array_index(displays, i);
		struct entry *entry = find_entry(d, display);

		if (entry) {
			entry->seen = TRUE;
			update(d, entry->skeleton, display);
			dbus_objects_flush(d->objects, entry->path);
		} else {
			g_ptr_array_add(new_ones, display);
		}
	}
	/* First what is gone: nobody shall see one display twice. */
	drop_unseen(d);
	for (guint i = 0; i < new_ones->len; i++)
		add_entry(d, g_ptr_array_index(new_ones, i));
}

dbus_displays *dbus_displays_new(broker *b, dbus_objects *objects, const char *quirks_dir,
				 const struct dbus_displays_funcs *funcs, gpointer user_data)
{
	dbus_displays *d = g_new0(dbus_displays, 1);

	d->broker = b;
	d->objects = objects;
	d->quirks_dir = quirks_dir;
	d->funcs = funcs;
	d->user_data = user_data;
	d->entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
	dbus_displays_changed(d);
	return d;
}

void dbus_displays_free(dbus_displays *d)
{
	if (!d)
		return;
	g_ptr_array_unref(d->entries);
	g_free(d);
}
