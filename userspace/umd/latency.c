// SPDX-License-Identifier: LGPL-2.1-or-later
#include "latency.h"

#include <stdlib.h>

struct latency_window {
	guint64 values[LATENCY_WINDOW];
	guint n;
};

struct latency_window *latency_window_new(void)
{
	return g_new0(struct latency_window, 1);
}

void latency_window_free(struct latency_window *window)
{
	g_free(window);
}

void latency_window_add(struct latency_window *window, guint64 us)
{
	if (window->n < LATENCY_WINDOW)
		window->values[window->n++] = us;
}

static int compare(const void *a, const void *b)
{
	guint64 left = *(const guint64 *)a;
	guint64 right = *(const guint64 *)b;

	return left < right ? -1 : left > right;
}

void latency_window_take(struct latency_window *window, struct latency *latency)
{
	*latency = (struct latency){ 0 };
	if (!window->n)
		return;
	qsort(window->values, window->n, sizeof(window->values[0]), compare);
	latency->median_us = window->values[window->n / 2];
	latency->p95_us = window->values[window->n * 95 / 100];
	latency->p99_us = window->values[window->n * 99 / 100];
	window->n = 0;
}
