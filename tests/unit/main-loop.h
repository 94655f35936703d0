/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main-loop.h - tests that wait in the default main context for what is to come
 */
#pragma once

#include <glib.h>

/* Runs the main loop until it is true; fails the test if it is not within 20 s. */
#define WAIT(condition) \
	do { \
		gint64 deadline_ = g_get_monotonic_time() + 20 * G_USEC_PER_SEC; \
		while (!(condition)) { \
			g_assert_cmpint(g_get_monotonic_time(), <, deadline_); \
			turn(10); \
		} \
	} while (0)

static inline gboolean turn_is_over(gpointer user_data)
{
	*(gboolean *)user_data = TRUE;
	return G_SOURCE_REMOVE;
}

/* Runs the main loop so long. */
static inline void turn(guint ms)
{
	gboolean done = FALSE;

	g_timeout_add(ms, turn_is_over, &done);
	while (!done)
		g_main_context_iteration(NULL, TRUE);
}
