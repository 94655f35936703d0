/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-logind.h - a logind that sends the machine to sleep when a test wants it
 *
 * Serves org.freedesktop.login1 on a bus connection of its own, in the test's main context.
 * As the real one it gives one end of a pipe as inhibitor, and knows by the other end
 * whether that is still held.
 */
#pragma once

#include <gio/gio.h>

typedef struct mock_logind {
	GDBusConnection *bus;
	guint object;
	int pipe; /* our end of the last inhibitor, -1: none was given */
	GDBusMethodInvocation *asked;

	/* set by the test */
	gboolean refuses; /* Inhibit */
	gboolean silent; /* it is not answered */

	/* seen by the test */
	guint asks;
	char *what, *mode; /* of the last one */
} mock_logind;

/* Has the name when it returns. */
mock_logind *mock_logind_new(GDBusConnection *bus);
/* Closes its connection, as with the end of the process. */
void mock_logind_free(mock_logind *l);
/* The inhibitor that was given last is held. */
gboolean mock_logind_is_held(mock_logind *l);
/* PrepareForSleep */
void mock_logind_say(mock_logind *l, gboolean down);
