/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame-copy.h - a copy of the desktop's newest picture, and where it has changed
 *
 * A copy is made in a fraction of the time of a conversion, after which the desktop has its
 * buffer back.  And it shows what is new where the desktop does not say it: KWin (6.3, 6.7)
 * sets no damage, so that of each of its pictures everything may be.  To compare and copy a 1080p
 * picture takes half a millisecond, to convert and encode as new what has not changed ten or more.
 *
 * Pixels are compared as they lie in memory, in tiles of 64 by 16, the height of a macroblock.
 *
 * One thread.
 */
#pragma once

#include "picture-convert.h"

G_BEGIN_DECLS

struct frame_copy;

/* Of pictures of this size. What it holds is undefined until a whole picture was copied. */
struct frame_copy *frame_copy_new(guint width, guint height, guint bytes_per_pixel);
void frame_copy_free(struct frame_copy *copy);

/* Copies @area, which must lie within the picture. */
void frame_copy_update(struct frame_copy *copy, const struct rgb_view *source, const struct area *area);

/**
 * frame_copy_compare - copies all of the picture that differs
 * @changed: receives up to @max areas (1 at least) in which all of that is; they do not overlap,
 *	and end where the picture ends
 * @n_changed: how many
 *
 * Returns the share of the picture's tiles that differ, in percent, rounded up.
 */
guint frame_copy_compare(struct frame_copy *copy, const struct rgb_view *source, struct area *changed,
			 guint max, guint *n_changed);

/* The copy; valid until it is freed. */
struct rgb_view frame_copy_view(const struct frame_copy *copy);

/**
 * struct compare_policy - whether frames are worth a comparison; zeroed at the beginning
 *
 *	trusting --FULL_FRAMES in a row that are damaged everywhere--> comparing
 *	comparing --PARTIAL_FRAMES in a row that are not--> trusting
 *	comparing --VAIN_FRAMES in a row of which most had changed--> resting
 *	resting --REST_FRAMES--> comparing
 *
 * A film over the whole screen is what rests: comparing it is in vain.
 */
struct compare_policy {
	enum { COMPARE_TRUSTING, COMPARE_COMPARING, COMPARE_RESTING } state;
	guint frames; /* in a row, of those that lead to another state */
	guint vain;   /* comparisons in a row of which most had changed */
};

/* A frame comes, damaged everywhere (@full) or in parts. TRUE: through a copy, please. */
gboolean compare_policy_frame(struct compare_policy *policy, gboolean full);
/* It was compared: @percent of it had changed. */
void compare_policy_result(struct compare_policy *policy, guint percent);

G_END_DECLS
