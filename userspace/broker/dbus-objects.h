/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dbus-objects.h - objects on the bus, and the door before them
 *
 * In the place of GDBusObjectManagerServer, which answers whoever asks and tells everybody.  Here each call, the reading
 * of properties among them, goes through one door, and nothing is told to all the bus:
 *
 *	call	-> whose is it: the bus is asked once for each caller (dbus-caller.h)
 *		-> may he: which action it is says the owner of the object manager, authority.h decides
 *		-> the object; or an error
 *
 * A call that is held up (DBUS_OBJECTS_WAITING of each caller at most) holds up nothing else but those that its caller
 * has sent before it is known who he is; of these the order is kept.
 *
 * An object is shared or has an owner, a user.  Others do not find it in GetManagedObjects, and each call of it is
 * AUTHORITY_OTHERS; root finds all.  Signals (PropertiesChanged, InterfacesAdded, InterfacesRemoved) go to each caller
 * by name: to those who were let in once since they came to the bus, and of an owned object to those who may see it.
 * So it is with the items of a property of the type a{sa{sv}}, on whatever object: one that says whose it is (OWNER_KEY)
 * is left out for others, and a change of it is told only to those who see it.  Of two items of one name that somebody
 * may see he sees the first.
 * Nobody is asked whether these may read on.
 * Whoever was once let at something of other users' hears of theirs until he leaves the bus.  So a program that has never
 * called hears nothing; programs read before they wait.
 *
 * Skeletons are what gdbus-codegen makes; they are not exported by themselves, and their "flush" sends nothing.
 *
 * Threads: all functions are for the main one.
 */
#pragma once

#include <gio/gio.h>

#include "authority.h"
#include "owner.h"

G_BEGIN_DECLS

#define DBUS_OBJECTS_WAITING 32

typedef struct dbus_objects dbus_objects;

/**
 * dbus_objects_action - what a call of a shared object, or of the caller's own, wants
 * @uid: who calls
 */
typedef enum authority_action dbus_objects_action(const char *interface, const char *method, GVariant *parameters,
						  gint64 uid, gpointer user_data);

/**
 * dbus_objects_new - no objects, and no bus yet
 * @root: path of the org.freedesktop.DBus.ObjectManager
 * @action: NULL: all is AUTHORITY_CAST
 */
dbus_objects *dbus_objects_new(const char *root, dbus_objects_action *action, gpointer user_data);
/* Who waits gets an error. */
void dbus_objects_free(dbus_objects *o);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dbus_objects, dbus_objects_free)
/* NULL: none any more. */
void dbus_objects_set_connection(dbus_objects *o, GDBusConnection *bus);

/* @owner: OWNER_SHARED, or a uid */
void dbus_objects_add(dbus_objects *o, const char *path, GDBusInterfaceSkeleton *skeleton, gint64 owner);
void dbus_objects_remove(dbus_objects *o, const char *path);
/* What has changed is told now, in one signal; else from the main loop. */
void dbus_objects_flush(dbus_objects *o, const char *path);

/* NULL: there is none. */
GDBusInterfaceSkeleton *dbus_objects_get(dbus_objects *o, const char *path);
/* Of a caller who was let in; -1: he has left. */
gint64 dbus_objects_uid(dbus_objects *o, const char *name);
/* He may see that object, and need not be asked about. */
gboolean dbus_objects_may_see(dbus_objects *o, const char *name, const char *path);

G_END_DECLS
