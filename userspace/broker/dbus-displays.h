/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dbus-displays.h - org.miracast.Miracast1.Display: an object for each display, see data/org.miracast.Miracast1.xml
 *
 * A part of dbus-api.c's: a mirror of displays_list().  What it keeps is only which object stands for which display: the
 * one that has a way in common with it, so that clients see one object while ways come and go.  An object has the owner of
 * its display (owner.h), and another one comes in its place when that is for all.
 *
 * Threads: all functions are for the main one.
 */
#pragma once

#include "dbus-objects.h"
#include "display.h"

G_BEGIN_DECLS

typedef struct dbus_displays dbus_displays;

/**
 * struct dbus_displays_funcs - what is done elsewhere
 * @used: a client has called a method
 * @connect: answer @call as Manager.Connect is answered; @what is the id of a way, and @owner whose the display is
 */
struct dbus_displays_funcs {
	void (*used)(gpointer user_data);
	void (*connect)(GDBusMethodInvocation *call, const char *what, gint64 owner, GVariant *options,
			gpointer user_data);
};

/**
 * dbus_displays_new - objects in @objects, for what is there now
 * @b, @objects, @funcs: borrowed
 * @quirks_dir: see quirk-files.h; may be NULL
 */
dbus_displays *dbus_displays_new(broker *b, dbus_objects *objects, const char *quirks_dir,
				 const struct dbus_displays_funcs *funcs, gpointer user_data);
void dbus_displays_free(dbus_displays *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dbus_displays, dbus_displays_free)

/* Sinks, or what is remembered of them, have changed. */
void dbus_displays_changed(dbus_displays *d);

G_END_DECLS
