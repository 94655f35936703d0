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

gint64 key_frames_due(const struct key_frames *keys)
{
	if (!keys->asked)
		return G_MAXINT64;
	return keys->last_us ? keys->last_us + KEY_FRAME_GAP_US : 0;
}

gboolean key_frames_next(struct key_frames *keys, gint64 now_us)
{
	gint64 due = MIN(key_frames_due(keys), keys->last_us + KEY_FRAME_INTERVAL_US);

	if (now_us < due)
		return FALSE;
	keys->last_us = now_us;
	keys->asked = FALSE;
	return TRUE;
}
