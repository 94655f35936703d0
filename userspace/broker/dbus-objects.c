// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Objects on the bus, and the door before them: see dbus-objects.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "dbus-objects.h"

#include <string.h>

#include "reason.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
/* Properties of this type have items that may be somebody's. */
#define ITEMS "a{sa{sv}}"

static const char manager_xml[] =
	"<node><interface name='" OBJECT_MANAGER "'>"
	"<method name='GetManagedObjects'><arg name='objects' type='a{oa{sa{sv}}}' direction='out'/></method>"
	"<signal name='InterfacesAdded'><arg name='path' type='o'/><arg name='interfaces' type='a{sa{sv}}'/></signal>"
	"<signal name='InterfacesRemoved'><arg name='path' type='o'/><arg name='interfaces' type='as'/></signal>"
	"</interface></node>";

/* @told: a{sv}, what those who hear know */
struct entry {
	dbus_objects *owner;
	char *path;
	GDBusInterfaceSkeleton *skeleton;
	gint64 uid; /* OWNER_SHARED: of all */
	GVariant *told;
	guint registration; /* 0: there is no bus */
	guint idle;
};

/* A connection to the bus that has called. */
struct caller {
	dbus_objects *owner;
	char *name;
	struct dbus_caller who;
	gboolean known;	 /* @who is */
	gboolean hears;	 /* he was let in */
	gboolean others; /* also at what is other users' */
	guint watch;
	GCancellable *cancellable; /* of all questions about him */
	GQueue visits;		   /* struct visit, those at the door */
};

struct visit {
	struct caller *caller;
	GDBusMethodInvocation *call;
	enum authority_action action;
};

struct dbus_objects {
	char *root;
	dbus_objects_action *action;
	gpointer user_data;
	GDBusConnection *bus;
	GDBusNodeInfo *manager_info;
	guint registration; /* of the object manager */
	GHashTable *entries; /* path -> struct entry */
	GHashTable *callers; /* name -> struct caller */
};

/* ---- who hears ------------------------------------------------------------------ */

static const char *interface_of(struct entry *entry)
{
	return g_dbus_interface_skeleton_get_info(entry->skeleton)->name;
}

/* a{sv}, to be unreferenced: GLib has sunk it already, and another reference would keep it for ever. */
static GVariant *properties_of(GDBusInterfaceSkeleton *skeleton)
{
	return g_variant_take_ref(g_dbus_interface_skeleton_get_properties(skeleton));
}

static gboolean may_see_of(struct caller *caller, gint64 owner)
{
	return caller->others || owner_tells(owner, caller->who.uid);
}

static gboolean may_see(struct caller *caller, struct entry *entry)
{
	return may_see_of(caller, entry->uid);
}

/* a{sa{sv}}, without what @caller may not see. */
static GVariant *items_for(struct caller *caller, GVariant *items)
{
	GVariantBuilder shown;
	GVariantIter iter;
	const char *name, *last = NULL;
	GVariant *item;

	g_variant_builder_init(&shown, G_VARIANT_TYPE(ITEMS));
	g_variant_iter_init(&iter, items);
	while (g_variant_iter_next(&iter, "{&s@a{sv}}", &name, &item)) {
		gint64 owner = OWNER_SHARED;

		g_variant_lookup(item, OWNER_KEY, "x", &owner);
		if (may_see_of(caller, owner) && g_strcmp0(name, last) != 0) {
			g_variant_builder_add(&shown, "{s@a{sv}}", name, item);
			last = name;
		}
		g_variant_unref(item);
	}
	return g_variant_ref_sink(g_variant_builder_end(&shown));
}

/* A property's @value, as @caller is told of it. */
static GVariant *value_for(struct caller *caller, GVariant *value)
{
	return g_variant_is_of_type(value, G_VARIANT_TYPE(ITEMS)) ? items_for(caller, value) : g_variant_ref(value);
}

/* a{sv}, floating: of @properties, without those that are to @caller as they were @before; NULL: of all. */
static GVariant *properties_for(struct caller *caller, GVariant *properties, GVariant *before)
{
	GVariantBuilder builder;
	GVariantIter iter;
	const char *key;
	GVariant *value;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	g_variant_iter_init(&iter, properties);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &value)) {
		g_autoptr(GVariant) owned = value, old = before ? g_variant_lookup_value(before, key, NULL) : NULL;
		g_autoptr(GVariant) old_shown = NULL, shown = NULL;

		if (old && g_variant_equal(old, value))
			continue;
		shown = value_for(caller, value);
		old_shown = old ? value_for(caller, old) : NULL;
		if (!old_shown || !g_variant_equal(old_shown, shown))
			g_variant_builder_add(&builder, "{sv}", key, shown);
	}
	return g_variant_builder_end(&builder);
}

/* What a signal about @entry says to @caller, floating; NULL: nothing. */
typedef GVariant *arguments_for(struct entry *entry, struct caller *caller, gconstpointer data);

static void tell(struct entry *entry, const char *path, const char *interface, const char *signal,
		 arguments_for *arguments, gconstpointer data)
{
	dbus_objects *o = entry->owner;
	GHashTableIter iter;
	struct caller *caller;

	g_hash_table_iter_init(&iter, o->callers);
	while (o->bus && g_hash_table_iter_next(&iter, NULL, (gpointer *)&caller)) {
		gboolean told = caller->hears && may_see(caller, entry);
		GVariant *what = told ? arguments(entry, caller, data) : NULL;

		if (what)
			g_dbus_connection_emit_signal(o->bus, caller->name, path, interface, signal, what, NULL);
	}
}

static GVariant *changes_for(struct entry *entry, struct caller *caller, gconstpointer before)
{
	g_autoptr(GVariant) changed =
		g_variant_ref_sink(properties_for(caller, entry->told, (GVariant *)before));

	if (g_variant_n_children(changed) == 0)
		return NULL;
	return g_variant_new("(s@a{sv}as)", interface_of(entry), changed, NULL);
}

static void flush(struct entry *entry)
{
	g_autoptr(GVariant) before = g_steal_pointer(&entry->told);

	g_clear_handle_id(&entry->idle, g_source_remove);
	entry->told = properties_of(entry->skeleton);
	tell(entry, entry->path, PROPERTIES, "PropertiesChanged", changes_for, before);
}

static gboolean flush_later(gpointer user_data)
{
	struct entry *entry = user_data;

	entry->idle = 0;
	flush(entry);
	return G_SOURCE_REMOVE;
}

static void property_changed(GObject *skeleton, GParamSpec *pspec, gpointer user_data)
{
	struct entry *entry = user_data;

	if (!entry->idle)
		entry->idle = g_idle_add_full(G_PRIORITY_DEFAULT, flush_later, entry, NULL);
}

/* ---- behind the door -------------------------------------------------------------- */

static void add_interfaces(GVariantBuilder *builder, struct entry *entry, struct caller *caller)
{
	g_autoptr(GVariant) properties = properties_of(entry->skeleton);

	g_variant_builder_init(builder, G_VARIANT_TYPE("a{sa{sv}}"));
	g_variant_builder_add(builder, "{s@a{sv}}", interface_of(entry), properties_for(caller, properties, NULL));
}

static void answer_objects(struct visit *visit)
{
	GVariantBuilder objects;
	GHashTableIter iter;
	struct entry *entry;

	g_variant_builder_init(&objects, G_VARIANT_TYPE("a{oa{sa{sv}}}"));
	g_hash_table_iter_init(&iter, visit->caller->owner->entries);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&entry)) {
		GVariantBuilder interfaces;

		if (!may_see(visit->caller, entry))
			continue;
		add_interfaces(&interfaces, entry, visit->caller);
		g_variant_builder_add(&objects, "{oa{sa{sv}}}", entry->path, &interfaces);
	}
	g_dbus_method_invocation_return_value(visit->call, g_variant_new("(a{oa{sa{sv}}})", &objects));
}

static void answer_property(struct entry *entry, struct caller *caller, GDBusMethodInvocation *call)
{
	g_autoptr(GVariant) properties = properties_of(entry->skeleton);
	g_autoptr(GVariant) all = g_variant_ref_sink(properties_for(caller, properties, NULL));
	g_autoptr(GVariant) value = NULL;
	const char *name;

	if (strcmp(g_dbus_method_invocation_get_method_name(call), "GetAll") == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(@a{sv})", all));
		return;
	}
	g_variant_get_child(g_dbus_method_invocation_get_parameters(call), 1, "&s", &name);
	value = g_variant_lookup_value(all, name, NULL);
	if (value)
		g_dbus_method_invocation_return_value(call, g_variant_new("(v)", value));
	else
		g_dbus_method_invocation_return_error(call, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY,
						      "there is no property \"%s\"", name);
}

/* The call is over, or the object's. */
static void enter(struct visit *visit)
{
	GDBusMethodInvocation *call = visit->call;
	const char *path = g_dbus_method_invocation_get_object_path(call);
	const char *interface = g_dbus_method_invocation_get_interface_name(call);
	struct entry *entry = g_hash_table_lookup(visit->caller->owner->entries, path);
	g_autoptr(GDBusInterfaceSkeleton) kept = NULL;

	if (strcmp(interface, OBJECT_MANAGER) == 0) {
		answer_objects(visit);
	} else if (strcmp(path, visit->caller->owner->root) == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(a{sv})", NULL));
	} else if (!entry) {
		g_dbus_method_invocation_return_error(call, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT,
						      "%s is not there any more", path);
	} else if (strcmp(interface, PROPERTIES) == 0) {
		answer_property(entry, visit->caller, call);
	} else {
		kept = g_object_ref(entry->skeleton);
		g_dbus_interface_skeleton_get_vtable(kept)->method_call(
			g_dbus_method_invocation_get_connection(call), visit->caller->name, path, interface,
			g_dbus_method_invocation_get_method_name(call), g_dbus_method_invocation_get_parameters(call), call,
			kept);
	}
}

/* ---- at the door -------------------------------------------------------------------- */

static void end_visit(struct visit *visit)
{
	g_queue_remove(&visit->caller->visits, visit);
	g_free(visit);
}

static void decided(const GError *error, gpointer user_data)
{
	struct visit *visit = user_data;

	if (error) {
		g_dbus_method_invocation_return_gerror(visit->call, error);
	} else {
		visit->caller->hears = TRUE;
		visit->caller->others |= visit->action == AUTHORITY_OTHERS;
		enter(visit);
	}
	end_visit(visit);
}

/* To one who is let in: whether he is shown what is other users'. That is no reason to ask anybody. */
static void decided_others(const GError *error, gpointer user_data)
{
	struct visit *visit = user_data;

	visit->caller->others |= !error;
	enter(visit);
	end_visit(visit);
}

static gboolean has_hidden(struct caller *caller)
{
	GHashTableIter iter;
	struct entry *entry;

	g_hash_table_iter_init(&iter, caller->owner->entries);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&entry)) {
		if (!may_see(caller, entry))
			return TRUE;
	}
	return FALSE;
}

static void decided_objects(const GError *error, gpointer user_data)
{
	struct visit *visit = user_data;
	struct caller *caller = visit->caller;

	if (error || !has_hidden(caller)) {
		decided(error, visit);
		return;
	}
	caller->hears = TRUE;
	authority_ask(caller->owner->bus, caller->name, &caller->who, AUTHORITY_OTHERS, FALSE, caller->cancellable,
		      decided_others, visit);
}

static enum authority_action action_of(struct visit *visit)
{
	dbus_objects *o = visit->caller->owner;
	const char *interface = g_dbus_method_invocation_get_interface_name(visit->call);
	struct entry *entry = g_hash_table_lookup(o->entries, g_dbus_method_invocation_get_object_path(visit->call));

	if (entry && !may_see(visit->caller, entry))
		return AUTHORITY_OTHERS;
	if (!o->action || strcmp(interface, OBJECT_MANAGER) == 0 || strcmp(interface, PROPERTIES) == 0)
		return AUTHORITY_CAST;
	return o->action(interface, g_dbus_method_invocation_get_method_name(visit->call),
			 g_dbus_method_invocation_get_parameters(visit->call), visit->caller->who.uid, o->user_data);
}

static void ask(struct visit *visit)
{
	struct caller *caller = visit->caller;
	GDBusMessage *message = g_dbus_method_invocation_get_message(visit->call);
	const char *interface = g_dbus_method_invocation_get_interface_name(visit->call);
	gboolean interactive = g_dbus_message_get_flags(message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;
	gboolean all = strcmp(interface, OBJECT_MANAGER) == 0;
	gboolean reads = all || strcmp(interface, PROPERTIES) == 0;
	authority_decided *then = all ? decided_objects : decided;

	visit->action = action_of(visit);
	/*
	 * What is read here he hears of anyway. Proxies read by themselves, without leave to ask anybody: where an
	 * administrator wants a password each time they could never.
	 */
	if (reads && caller->hears && visit->action == AUTHORITY_CAST)
		then(NULL, visit);
	else
		authority_ask(caller->owner->bus, caller->name, &caller->who, visit->action, interactive, caller->cancellable,
			      then, visit);
}

static void caller_known(const struct dbus_caller *who, gpointer user_data)
{
	struct caller *caller = user_data;
	g_autoptr(GList) visits = g_list_copy(caller->visits.head);

	caller->who = *who;
	caller->known = who->uid >= 0;
	for (GList *item = visits; item; item = item->next) {
		struct visit *visit = item->data;

		if (caller->known) {
			ask(visit);
		} else {
			g_dbus_method_invocation_return_error_literal(visit->call, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
								      "the bus does not say who calls");
			end_visit(visit);
		}
	}
}

static void caller_free(gpointer data)
{
	struct caller *caller = data;
	struct visit *visit;

	g_cancellable_cancel(caller->cancellable);
	g_object_unref(caller->cancellable);
	while ((visit = g_queue_pop_head(&caller->visits))) {
		g_dbus_method_invocation_return_error_literal(visit->call, REASON_ERROR, REASON_SHUTDOWN,
							      "miracastd is ending");
		g_free(visit);
	}
	g_bus_unwatch_name(caller->watch);
	g_free(caller->name);
	g_free(caller);
}

static void caller_left(GDBusConnection *bus, const char *name, gpointer user_data)
{
	dbus_objects *o = user_data;

	g_hash_table_remove(o->callers, name);
}

static struct caller *caller_of(dbus_objects *o, const char *name)
{
	struct caller *caller = g_hash_table_lookup(o->callers, name);

	if (caller)
		return caller;
	caller = g_new0(struct caller, 1);
	caller->owner = o;
	caller->name = g_strdup(name);
	caller->who.uid = -1;
	caller->cancellable = g_cancellable_new();
	g_queue_init(&caller->visits);
	g_hash_table_insert(o->callers, caller->name, caller);
	caller->watch = g_bus_watch_name_on_connection(o->bus, name, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, caller_left, o,
						       NULL);
	return caller;
}

static void called(GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *method,
		   GVariant *parameters, GDBusMethodInvocation *call, gpointer user_data)
{
	dbus_objects *o = user_data;
	struct caller *caller = caller_of(o, sender);
	struct visit *visit;

	if (g_queue_get_length(&caller->visits) >= DBUS_OBJECTS_WAITING) {
		g_dbus_method_invocation_return_error(call, REASON_ERROR, REASON_LINK_BUSY,
						      "%d calls of this program wait already", DBUS_OBJECTS_WAITING);
		return;
	}
	visit = g_new0(struct visit, 1);
	visit->caller = caller;
	visit->call = call;
	g_queue_push_tail(&caller->visits, visit);
	if (caller->known)
		ask(visit);
	else if (g_queue_get_length(&caller->visits) == 1)
		dbus_caller_ask(bus, sender, caller->cancellable, caller_known, caller);
}

/* Without functions for properties these are calls, too. */
static const GDBusInterfaceVTable vtable = { .method_call = called };

/* ---- objects -------------------------------------------------------------------------- */

static guint put_on_bus(dbus_objects *o, const char *path, GDBusInterfaceInfo *info)
{
	g_autoptr(GError) error = NULL;
	guint id;

	if (!o->bus)
		return 0;
	id = g_dbus_connection_register_object(o->bus, path, info, &vtable, o, NULL, &error);
	if (!id)
		g_critical("no object %s: %s", path, error->message);
	return id;
}

static void take_off_bus(dbus_objects *o, guint *registration)
{
	if (*registration)
		g_dbus_connection_unregister_object(o->bus, *registration);
	*registration = 0;
}

static void entry_free(gpointer data)
{
	struct entry *entry = data;

	take_off_bus(entry->owner, &entry->registration);
	g_clear_handle_id(&entry->idle, g_source_remove);
	g_signal_handlers_disconnect_by_data(entry->skeleton, entry);
	g_object_unref(entry->skeleton);
	g_variant_unref(entry->told);
	g_free(entry->path);
	g_free(entry);
}

static GVariant *added_for(struct entry *entry, struct caller *caller, gconstpointer path)
{
	GVariantBuilder interfaces;

	add_interfaces(&interfaces, entry, caller);
	return g_variant_new("(oa{sa{sv}})", path, &interfaces);
}

static GVariant *removed_for(struct entry *entry, struct caller *caller, gconstpointer path)
{
	const char *interfaces[] = { interface_of(entry), NULL };

	return g_variant_new("(o^as)", path, interfaces);
}

void dbus_objects_add(dbus_objects *o, const char *path, GDBusInterfaceSkeleton *skeleton, gint64 owner)
{
	struct entry *entry = g_new0(struct entry, 1);

	entry->owner = o;
	entry->path = g_strdup(path);
	entry->skeleton = g_object_ref(skeleton);
	entry->uid = owner;
	entry->told = properties_of(skeleton);
	entry->registration = put_on_bus(o, path, g_dbus_interface_skeleton_get_info(skeleton));
	g_signal_connect(skeleton, "notify", G_CALLBACK(property_changed), entry);
	g_hash_table_replace(o->entries, entry->path, entry);
	tell(entry, o->root, OBJECT_MANAGER, "InterfacesAdded", added_for, path);
}

void dbus_objects_remove(dbus_objects *o, const char *path)
{
	struct entry *entry = g_hash_table_lookup(o->entries, path);

	if (!entry)
		return;
	tell(entry, o->root, OBJECT_MANAGER, "InterfacesRemoved", removed_for, path);
	g_hash_table_remove(o->entries, path);
}

void dbus_objects_flush(dbus_objects *o, const char *path)
{
	struct entry *entry = g_hash_table_lookup(o->entries, path);

	if (entry)
		flush(entry);
}

GDBusInterfaceSkeleton *dbus_objects_get(dbus_objects *o, const char *path)
{
	struct entry *entry = g_hash_table_lookup(o->entries, path);

	return entry ? entry->skeleton : NULL;
}

gint64 dbus_objects_uid(dbus_objects *o, const char *name)
{
	struct caller *caller = g_hash_table_lookup(o->callers, name);

	return caller ? caller->who.uid : -1;
}

gboolean dbus_objects_may_see(dbus_objects *o, const char *name, const char *path)
{
	struct caller *caller = g_hash_table_lookup(o->callers, name);
	struct entry *entry = g_hash_table_lookup(o->entries, path);

	return caller && entry && may_see(caller, entry);
}

/* ---- life ------------------------------------------------------------------------------ */

void dbus_objects_set_connection(dbus_objects *o, GDBusConnection *bus)
{
	GHashTableIter iter;
	struct entry *entry;

	if (o->bus == bus)
		return;
	g_hash_table_remove_all(o->callers);
	g_hash_table_iter_init(&iter, o->entries);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&entry))
		take_off_bus(o, &entry->registration);
	take_off_bus(o, &o->registration);
	g_set_object(&o->bus, bus);
	o->registration = put_on_bus(o, o->root, o->manager_info->interfaces[0]);
	g_hash_table_iter_init(&iter, o->entries);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&entry))
		entry->registration =
			put_on_bus(o, entry->path, g_dbus_interface_skeleton_get_info(entry->skeleton));
}

dbus_objects *dbus_objects_new(const char *root, dbus_objects_action *action, gpointer user_data)
{
	dbus_objects *o = g_new0(dbus_objects, 1);

	o->root = g_strdup(root);
	o->action = action;
	o->user_data = user_data;
	o->manager_info = g_dbus_node_info_new_for_xml(manager_xml, NULL);
	o->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
	o->callers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, caller_free);
	return o;
}

void dbus_objects_free(dbus_objects *o)
{
	if (!o)
		return;
	dbus_objects_set_connection(o, NULL);
	g_hash_table_unref(o->entries);
	g_hash_table_unref(o->callers);
	g_dbus_node_info_unref(o->manager_info);
	g_free(o->root);
	g_free(o);
}
