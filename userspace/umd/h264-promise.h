/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-promise.h - the stream says of itself what M4 has said
 *
 * A sink has been told a profile and a level, and may configure its decoder by
 * either M4 or the SPS.  Encoders write the same thing in another way: High for
 * Constrained High, Baseline for Constrained Baseline, and the lowest level that
 * they think will do, or a higher one.
 */
#pragma once

#include <glib.h>

#include "wfd-modes.h"

G_BEGIN_DECLS

/**
 * enum h264_promise - what was found in an access unit
 * @H264_PROMISE_NONE: no SPS
 * @H264_PROMISE_KEPT: the SPS says what was promised
 * @H264_PROMISE_MENDED: it does now
 * @H264_PROMISE_BROKEN: it is of another profile; it is left alone
 */
enum h264_promise {
	H264_PROMISE_NONE,
	H264_PROMISE_KEPT,
	H264_PROMISE_MENDED,
	H264_PROMISE_BROKEN,
};

/**
 * h264_promise_keep - compare the SPS with what was promised, and mend it
 * @data, @size: an access unit as a byte stream; up to two bytes of it change
 * @profile: WFD_H264_PROFILE_*
 * @level: of M4
 *
 * Mended is only what is true of the streams that encoders.h makes:
 * constraint_set1_flag of Baseline (no FMO, ASO or redundant slices),
 * constraint_set4_flag and constraint_set5_flag of High (frames only, no B slices;
 * H.264 A.2.4.2), and level_idc: upward always, downward because the modes and bit
 * rates that wfd-negotiate.h offers are within the level and one reference frame
 * is.
 */
enum h264_promise h264_promise_keep(guint8 *data, gsize size, guint profile, enum wfd_level level);

G_END_DECLS
