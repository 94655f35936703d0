/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dbus-sessions.h - org.miracast.Miracast1.Session: an object for each session, see data/org.miracast.Miracast1.xml
 *
 * A part of dbus-api.c's: a mirror of sessions, without a state of its own.  Each belongs to a user, or to all who may cast
 * (authority.h).
 *
 * Threads: all functions are for the main one.
 */
#pragma once

#include "dbus-objects.h"
#include "session.h"

G_BEGIN_DECLS

/* Of its object; to be freed. */
char *dbus_sessions_path(session *s);

/* @owner: a uid, or OWNER_SHARED */
void dbus_sessions_add(dbus_objects *objects, session *s, gint64 owner);
void dbus_sessions_change(dbus_objects *objects, session *s, enum session_change what);
void dbus_sessions_remove(dbus_objects *objects, session *s);

G_END_DECLS
