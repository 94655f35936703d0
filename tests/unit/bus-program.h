/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-program.h - programs of several users, on a test's bus, that call the daemon
 *
 * All of them are of this process and of its user.  The daemon is told otherwise: this takes the place of
 * dbus_caller_ask() (link with -Wl,--wrap=dbus_caller_ask), and answers as late as that would.  Of a connection that is
 * not one of these programs' it says that nobody knows whose it is.
 */
#pragma once

#include <gio/gio.h>

#include "dbus-caller.h"

/**
 * struct program - one of them
 * @who: what the daemon is told
 * @heard: of signals, "+PATH ", "-PATH " and "~PATH ", once program_hear() was called; else NULL
 * @said: what the last of them said, printed; NULL: there was none
 * @answered: how many calls were
 * @reply: to the last one; NULL if @error
 * @error: of the last one
 */
struct program {
	GDBusConnection *bus;
	struct dbus_caller who;
	GString *heard;
	char *said;
	guint answered;
	GVariant *reply;
	GError *error;
};

/* @member: of group miracast */
void program_begin(struct program *p, GTestDBus *bus, gint64 uid, gboolean member);
/* It leaves the bus; once more is nothing. */
void program_end(struct program *p);
/* Notes down the signals that come from @server. */
void program_hear(struct program *p, GDBusConnection *server);

/* Calls @name, and does not wait for the answer. @arguments: consumed if floating; NULL: none */
void program_begin_call(struct program *p, const char *name, const char *path, const char *interface, const char *method,
			GVariant *arguments);
/* The same, and waits. FALSE: it was refused, see @error of @p */
gboolean program_call(struct program *p, const char *name, const char *path, const char *interface, const char *method,
		      GVariant *arguments);
/* Does the ObjectManager of @name at @root show @path to it? */
gboolean program_lists(struct program *p, const char *name, const char *root, const char *path);
