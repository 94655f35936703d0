// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The state machine of stream-state.h.
 */
#include "stream-state.h"

static gboolean is_on(const struct stream_state *state)
{
	return state->output_on && state->power_on;
}

/* The desktop's own picture may go out. */
static gboolean is_shown(const struct stream_state *state)
{
	return is_on(state) && state->mode && state->mode == state->wanted;
}

void stream_state_init(struct stream_state *state)
{
	*state = (struct stream_state){ .power_on = TRUE, .black = TRUE };
}

void stream_state_want_mode(struct stream_state *state, const struct wfd_mode *mode)
{
	if (mode != state->wanted)
		state->mode_dropped = state->mode_told = FALSE;
	state->output_on = TRUE;
	state->was_on = TRUE;
	state->wanted = mode;
}

void stream_state_want_off(struct stream_state *state)
{
	state->output_on = FALSE;
}

void stream_state_want_power(struct stream_state *state, gboolean on)
{
	state->power_on = on;
}

void stream_state_offers_standby(struct stream_state *state)
{
	state->can_sleep = TRUE;
}

void stream_state_agreed(struct stream_state *state, const struct wfd_mode *mode)
{
	state->mode = mode;
}

void stream_state_plays(struct stream_state *state, gint64 now_us)
{
	state->phase = STREAM_PLAYING;
	state->wake_failed = FALSE;
	/* Black that the sink has not seen is none. */
	state->black_us = now_us;
	if (state->asked == STREAM_WAKE)
		state->asked = STREAM_NOTHING;
}

void stream_state_paused(struct stream_state *state)
{
	state->phase = STREAM_PAUSED;
}

/* What only waits for time: whether it is over, and else when it will be. */
static gboolean is_over(gint64 begin_us, gint64 length_us, gint64 now_us, gint64 *due_us)
{
	if (now_us - begin_us >= length_us)
		return TRUE;
	*due_us = begin_us + length_us;
	return FALSE;
}

static enum stream_action next_in_standby(const struct stream_state *state)
{
	if (!is_on(state))
		return STREAM_NOTHING;
	return state->wake_failed ? STREAM_PLAY_UNASKED : STREAM_WAKE;
}

static enum stream_action next_in_play(const struct stream_state *state, gint64 now_us,
				       gint64 *due_us)
{
	if (!is_on(state))
		return state->can_sleep && state->was_on &&
				       is_over(state->black_us, STREAM_BLACK_US, now_us, due_us) ?
			       STREAM_SLEEP :
			       STREAM_NOTHING;
	if (!state->wanted || state->wanted == state->mode)
		return STREAM_NOTHING;
	if (state->mode_dropped)
		return state->mode_told ? STREAM_NOTHING : STREAM_DROP_MODE;
	return STREAM_CHANGE_MODE;
}

enum stream_action stream_state_next(const struct stream_state *state, gint64 now_us, gint64 *due_us)
{
	*due_us = -1;
	if (state->black == is_shown(state))
		return state->black ? STREAM_UNBLANK : STREAM_BLANK;
	if (state->asked == STREAM_WAKE && is_over(state->asked_us, STREAM_WAKE_US, now_us, due_us))
		return STREAM_PLAY_UNASKED;
	if (state->asked != STREAM_NOTHING)
		return STREAM_NOTHING;
	switch (state->phase) {
	case STREAM_PLAYING:
		return next_in_play(state, now_us, due_us);
	case STREAM_STANDBY:
		return next_in_standby(state);
	case STREAM_PREPARING:
	case STREAM_PAUSED:
		break;
	}
	return STREAM_NOTHING;
}

void stream_state_done(struct stream_state *state, enum stream_action action, gint64 now_us)
{
	switch (action) {
	case STREAM_BLANK:
		state->black_us = now_us;
		state->black = TRUE;
		break;
	case STREAM_UNBLANK:
		state->black = FALSE;
		break;
	case STREAM_CHANGE_MODE:
		state->asked_mode = state->wanted;
		state->asked = action;
		break;
	case STREAM_WAKE:
		state->asked_us = now_us;
		state->asked = action;
		break;
	case STREAM_SLEEP:
		state->asked = action;
		break;
	case STREAM_PLAY_UNASKED:
		stream_state_plays(state, now_us);
		break;
	case STREAM_DROP_MODE:
		state->mode_told = TRUE;
		break;
	case STREAM_NOTHING:
		break;
	}
}

void stream_state_answered(struct stream_state *state, gboolean accepted)
{
	enum stream_action asked = state->asked;

	switch (asked) {
	case STREAM_SLEEP:
		state->asked = STREAM_NOTHING;
		if (accepted)
			state->phase = STREAM_STANDBY;
		else
			state->can_sleep = FALSE;
		break;
	case STREAM_WAKE:
		/* With M7 it is over, see stream_state_plays(). */
		if (!accepted) {
			state->asked = STREAM_NOTHING;
			state->wake_failed = TRUE;
		}
		break;
	case STREAM_CHANGE_MODE:
		state->asked = STREAM_NOTHING;
		if (accepted)
			state->mode = state->asked_mode;
		else if (state->asked_mode == state->wanted)
			state->mode_dropped = TRUE;
		break;
	default:
		break;
	}
}
