// SPDX-License-Identifier: LGPL-2.1-or-later
#include "key-frames.h"

void key_frames_restart(struct key_frames *keys)
{
	keys->last_us = 0;
	keys->asked = TRUE;
}

void key_frames_ask(struct key_frames *keys)
{
	keys->asked = TRUE;
}

void key_frames_requested(struct key_frames *keys, gint64 now_us)
{
	keys->told_us = now_us + KEY_FRAME_TOLD_US;
	key_frames_ask(keys);
}

gboolean key_frames_is_busy(gsize bytes, gsize bits)
{
	return bytes * 8 * 2 >= bits;
}

void key_frames_busy(struct key_frames *keys)
{
	keys->busy++;
}

void key_frames_reported(struct key_frames *keys, gboolean missing, gint64 now_us)
{
	keys->told_us = missing ? 0 : now_us + KEY_FRAME_TOLD_US;
	keys->lossy_us = missing ? now_us + KEY_FRAME_LOSSY_FOR_US : 0;
	if (missing)
		key_frames_ask(keys);
}

gint64 key_frames_due(const struct key_frames *keys)
{
	if (!keys->asked)
		return G_MAXINT64;
	return keys->last_us ? keys->last_us + KEY_FRAME_GAP_US : 0;
}

/* Pictures in motion, and time, from one key frame to the next. */
static gboolean is_due_in_motion(const struct key_frames *keys, gint64 now_us)
{
	const gboolean lossy = now_us < keys->lossy_us;

	return now_us >= keys->told_us && keys->busy >= (lossy ? KEY_FRAME_LOSSY : KEY_FRAME_BUSY) &&
	       now_us >= keys->last_us + (lossy ? KEY_FRAME_LOSSY_US : KEY_FRAME_BUSY_US);
}

gboolean key_frames_next(struct key_frames *keys, gint64 now_us)
{
	gint64 due = MIN(key_frames_due(keys), keys->last_us + KEY_FRAME_INTERVAL_US);

	if (now_us < due && !is_due_in_motion(keys, now_us))
		return FALSE;
	keys->last_us = now_us;
	keys->asked = FALSE;
	keys->busy = 0;
	return TRUE;
}
