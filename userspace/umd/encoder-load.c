// SPDX-License-Identifier: LGPL-2.1-or-later
#include "encoder-load.h"

#define BEHIND_PERCENT 95
/* Of one that begins before the picture before has left: they follow each other as the desktop's do, as long as it keeps up. */
#define OVERLAP_PERCENT 115
/* Of the distance of the next rate; the rest is for what is not as quick. */
#define QUICK_PERCENT 75
/* A picture after so long says nothing of the time between. */
#define PAUSE_US G_USEC_PER_SEC
/* Of what pictures take the newest counts one part in so many. */
#define SMOOTH 8

void encoder_load_init(struct encoder_load *load, guint refresh_hz)
{
	*load = (struct encoder_load){
		.period_us = G_USEC_PER_SEC / refresh_hz,
		.divisor = 1,
		.hold_us = LOAD_HOLD_US,
	};
}

static gboolean go_slower(struct encoder_load *load, gint64 now_us)
{
	load->score = 0;
	if (load->divisor == LOAD_MOST)
		return FALSE;
	load->divisor++;
	load->quick_since_us = 0;
	if (load->faster_us && now_us - load->faster_us < LOAD_RELAPSE_US)
		load->hold_us = MIN(2 * load->hold_us, LOAD_MOST_HOLD_US);
	else
		load->hold_us = LOAD_HOLD_US;
	return TRUE;
}

static gboolean go_faster(struct encoder_load *load, gint64 now_us)
{
	load->divisor--;
	load->score = 0;
	load->quick_since_us = 0;
	load->faster_us = now_us;
	return TRUE;
}

/* By itself, whatever the network takes: even half of the pictures are too many. */
static void look_at_half(struct encoder_load *load, gint64 own_us, gboolean at_once, gint64 since_us)
{
	const gint64 half_us = 2 * load->period_us;

	if (!at_once || load->divisor <= 2 || own_us * 100 <= half_us * BEHIND_PERCENT) {
		load->slow_us -= MIN(load->slow_us, since_us);
		return;
	}
	load->slow_us += since_us;
	load->picture_us = load->picture_us ? (load->picture_us * (SMOOTH - 1) + own_us) / SMOOTH : own_us;
}

gboolean encoder_load_sent(struct encoder_load *load, gint64 begun_us, gint64 encoded_us, gint64 sent_us)
{
	/* An encoder may have begun with one before it was done with the other. */
	const gint64 took_us = sent_us - MAX(begun_us, load->sent_us);
	const gboolean at_once = load->sent_us && begun_us - load->sent_us < load->period_us * load->divisor / 2;
	const guint percent = begun_us < load->sent_us ? OVERLAP_PERCENT : BEHIND_PERCENT;
	const gint64 next_us = load->period_us * (load->divisor - 1);

	look_at_half(load, encoded_us - MAX(begun_us, load->sent_us), at_once,
		     MIN(sent_us - load->sent_us, PAUSE_US));
	load->sent_us = sent_us;
	if (at_once && took_us * 100 > load->period_us * load->divisor * percent)
		load->score += 2;
	else
		load->score -= MIN(load->score, 1);
	if (load->score >= LOAD_SCORE)
		return go_slower(load, sent_us);
	if (load->divisor == 1)
		return FALSE;
	if (took_us * 100 > next_us * QUICK_PERCENT)
		load->quick_since_us = 0;
	else if (!load->quick_since_us)
		load->quick_since_us = sent_us;
	else if (sent_us - load->quick_since_us >= load->hold_us)
		return go_faster(load, sent_us);
	return FALSE;
}

guint encoder_load_divisor(const struct encoder_load *load)
{
	return load->divisor;
}

gint64 encoder_load_too_slow(struct encoder_load *load)
{
	if (load->slow_told || load->slow_us < LOAD_TOO_SLOW_US)
		return 0;
	load->slow_told = TRUE;
	return load->picture_us;
}
