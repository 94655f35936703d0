/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-polkit.h - a polkit that says what a test wants
 *
 * Serves org.freedesktop.PolicyKit1 on a bus connection of its own, in the test's main context.
 */
#pragma once

#include <gio/gio.h>

enum mock_polkit_mood {
	MOCK_POLKIT_ALLOWS,
	MOCK_POLKIT_DENIES,
	MOCK_POLKIT_CHALLENGES, /* somebody would have to say who he is; if he is asked he does not */
	MOCK_POLKIT_IS_SILENT,
};

typedef struct mock_polkit {
	GDBusConnection *bus;
	guint object;
	GPtrArray *held; /* GDBusMethodInvocation, not answered */

	/* set by the test */
	enum mock_polkit_mood mood;

	/* seen by the test; of the last question */
	guint asks, taken_back;
	char *subject, *action, *id, *taken_back_id;
	guint flags;
} mock_polkit;

/* Has the name when it returns. */
mock_polkit *mock_polkit_new(GDBusConnection *bus);
/* Closes its connection, as with the end of the process. */
void mock_polkit_free(mock_polkit *p);
