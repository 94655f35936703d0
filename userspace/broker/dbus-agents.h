/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dbus-agents.h - programs that ask users: org.miracast.Miracast1.Agent, see data/org.miracast.Miracast1.xml
 *
 * A part of dbus-api.c's.  Nothing depends on an agent: whatever it is asked is in the properties of the session as
 * well, and an agent that does not answer leaves it as it is there.
 *
 * An agent belongs to a connection to the bus, and so to a user, whom the bus names (dbus-caller.h).  A session belongs
 * to the connection that called Connect, or Listen for what comes of that, and its user.  It asks the agent of that connection or else the newest one of
 * that user; as long as it is not known whose it is, nobody.  Nobody hears of another user's sessions here.
 *
 * There are two questions, of which a session has one at a time: the PIN that a display shows, and whether a display
 * that has called may have the screen.  For each session:
 *
 *	quiet		nothing is wanted
 *	  | PinWanted, ConsentWanted
 *	  v
 *	asking		AGENT_SECONDS at most; a PIN that cannot be one is asked for again, AGENT_MAX_ASKS times
 *	  | answer	-> quiet, or asking again if it was a wrong one
 *	  | error, limit, agent gone
 *	  v
 *	left alone	until nothing is wanted any more: EnterPin, Accept
 *
 * An error is a no to the second question, which ends the session, if its name says that somebody has given it
 * (REASON_DBUS_PREFIX and anything, or "cancelled" of GIO); an agent that has left, is late, or does not know the method
 * has said nothing.
 *
 * Threads: all functions are for the main one.
 */
#pragma once

#include "miracast1-dbus.h"
#include "session.h"

G_BEGIN_DECLS

#define AGENT_SECONDS 120
#define AGENT_MAX_ASKS 3
#define AGENTS_MAX 16

typedef struct dbus_agents dbus_agents;

/**
 * dbus_agents_new - answer RegisterAgent and UnregisterAgent of @manager
 * @manager: a reference is taken
 * @path_of: the object of a session; to be freed
 * @used: called for each call of a client's
 */
dbus_agents *dbus_agents_new(Miracast1Manager *manager, char *(*path_of)(session *s),
			     void (*used)(gpointer user_data), gpointer user_data);
/* Says Release to all. */
void dbus_agents_free(dbus_agents *a);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dbus_agents, dbus_agents_free)

/* @call has begun it. */
void dbus_agents_session_begun(dbus_agents *a, session *s, GDBusMethodInvocation *call);
/* A display has, where the program @name of the user @uid listens; it may have left the bus. */
void dbus_agents_session_called(dbus_agents *a, session *s, const char *name, gint64 uid);
void dbus_agents_session_changed(dbus_agents *a, session *s, enum session_change what);
void dbus_agents_session_removed(dbus_agents *a, session *s);

G_END_DECLS
