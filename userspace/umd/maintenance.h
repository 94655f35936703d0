/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * maintenance.h - sessions do not find out what is just being found out
 *
 * The process that keeps the cache (umd-launcher.h) tries encoders and measures them.
 * A session that begins meanwhile would do the same at the same time: each would take
 * as long again, and measure half of what there is.  So it waits, since what the other
 * one has begun earlier is known earlier.
 *
 * By a lock on a file in the cache, which the kernel takes back from a process that
 * ends, however it does.  It is one that only who may write there can hold: sessions,
 * which can only read, look whether it is held, and none can have others wait.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * For a session: one that hangs is no reason to wait for ever, and each slow one is known
 * sooner than what a session would begin to try now.
 */
#define MAINTENANCE_WAIT_MS 30000

/* Until the process ends. What cannot be locked is not. */
void maintenance_begin(void);
/* Waits until nobody maintains, @limit_ms at most; not at all where nobody ever has. */
void maintenance_await(guint limit_ms);

G_END_DECLS
