/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * latency.h - median, 95th and 99th percentile of the last second
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Most values between two takes; more are left out. */
#define LATENCY_WINDOW 256

struct latency_window;

/* All 0 if there was nothing. */
struct latency {
	guint64 median_us;
	guint64 p95_us;
	guint64 p99_us;
};

struct latency_window *latency_window_new(void);
void latency_window_free(struct latency_window *window);
void latency_window_add(struct latency_window *window, guint64 us);
/* Of what was added since the take before; the window is empty then. */
void latency_window_take(struct latency_window *window, struct latency *latency);

G_END_DECLS
