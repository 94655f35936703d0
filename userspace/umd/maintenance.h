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
 * ends, however it does.  Sessions can only read there: they could keep the lock from
 * being taken, and who maintains does not wait for it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sinks are patient for 6 s after M3 (6.5); what is not known by then is tried by the session. */
#define MAINTENANCE_WAIT_MS 4000

/* Until the process ends. What cannot be locked is not. */
void maintenance_begin(void);
/* Waits until nobody maintains, MAINTENANCE_WAIT_MS at most; at once where nobody ever has. */
void maintenance_await(void);

G_END_DECLS
