// SPDX-License-Identifier: LGPL-2.1-or-later
#include "picture-times.h"

#include <string.h>

void picture_times_init(struct picture_times *times)
{
	times->n = 0;
	times->last_pts = -1;
}

gint64 picture_times_pts(struct picture_times *times, gint64 now, gint64 shown)
{
	gint64 pts = MAX(now, 0);

	if (shown >= 0 && shown <= pts + PICTURE_TIMES_MAX_AHEAD_NS)
		pts = MAX(shown, pts - PICTURE_TIMES_MAX_AGE_NS);
	if (times->last_pts >= 0)
		pts = MAX(pts, times->last_pts + PICTURE_TIMES_STEP_NS);
	times->last_pts = pts;
	return pts;
}

static void drop_oldest(struct picture_times *times, guint n)
{
	times->n -= n;
	memmove(times->inside, times->inside + n, times->n * sizeof(times->inside[0]));
}

void picture_times_forget(struct picture_times *times, guint encoder)
{
	guint old = 0;

	while (old < times->n && times->inside[old].encoder != encoder)
		old++;
	drop_oldest(times, old);
}

void picture_times_push(struct picture_times *times, const struct picture_time *picture)
{
	if (times->n == PICTURE_TIMES_MAX)
		drop_oldest(times, 1);
	times->inside[times->n++] = *picture;
}

gboolean picture_times_pop(struct picture_times *times, gint64 pts, struct picture_time *picture)
{
	guint which = 0;

	if (!times->n)
		return FALSE;
	for (guint i = 0; i < times->n; i++) {
		if (times->inside[i].pts == pts)
			which = i;
	}
	*picture = times->inside[which];
	drop_oldest(times, which + 1);
	return TRUE;
}
