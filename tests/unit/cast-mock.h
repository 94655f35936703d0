/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-mock.h - a miracastd that the test plays, on a bus of its own
 *
 * Does nothing by itself: the test says which displays there are and how far sessions have come.
 */
#pragma once

#include "client.h"
#include "main-loop.h"

/**
 * struct mock - the daemon
 * @scans: calls of Scan so far
 * @connects, @connected_to, @options: of Connect; it makes session 1, 2 ... unless @refuse_with is set
 * @hold: a Connect is not answered before mock_answer(); @held: (nullable): one that waits
 * @disconnects: calls of Disconnect
 * @pin: that was typed last
 * @accepts: calls of Accept; they fail while @refuse_with is set
 */
typedef struct mock {
	GTestDBus *test_bus;
	GDBusConnection *bus;
	GDBusObjectManagerServer *objects;
	Miracast1Manager *manager;
	GHashTable *sinks;
	guint scans, connects, disconnects, accepts;
	char *connected_to;
	GVariant *options;
	GError *refuse_with;
	gboolean hold;
	GDBusMethodInvocation *held;
	char *pin;
	char *kept; /* what was asked of what is kept of displays, last: "ID autoconnect 1" */
	guint n_sessions;
} mock;

/* A bus, of which the session bus of this process is one, and no daemon. */
void mock_set_up(mock *m, gconstpointer data);
void mock_tear_down(mock *m, gconstpointer data);
void mock_start(mock *m);
/* The same without mock_set_up(), on a bus that is there; @bus: given to it. mock_clear() frees what mock_stop() leaves. */
void mock_start_on(mock *m, GDBusConnection *bus);
void mock_clear(mock *m);
void mock_stop(mock *m);
/* @text: a{sv} in text form, without name, present and connectable; NULL: it is gone */
void mock_sink(mock *m, const char *id, const char *name, const char *text);
/* The object of a display with these ways, which is made if it is not there. */
void mock_display(mock *m, guint n, const char *const *ids);
/* Transfer full: the skeleton of a session, which the test changes with mock_session_*(). */
Miracast1Session *mock_session(mock *m, guint id, const char *sink_id, const char *sink_name);
void mock_session_state(Miracast1Session *session, const char *state, const char *phase, const char *text);
void mock_session_end(Miracast1Session *session, const char *reason, const char *message, const char *hint);
void mock_session_remove(mock *m, guint id);
void mock_answer(mock *m);
/* The one that a Connect has made. */
Miracast1Session *mock_last_session(mock *m);
