/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-repeat.h - the picture before, once more, without an encoder
 *
 * A picture in which nothing has changed is a header and the number of macroblocks that are skipped.
 * An encoder goes through all of them to find that out.  Where it was known before it is written
 * here: a P slice that nothing refers to (nal_ref_idc 0), so that the encoder, which has not seen it,
 * goes on as if it had not been.  With picture order count type 2, which is that of streams without
 * B frames, no two such pictures may follow each other (H.264 7.4.2.1.1): the caller sees to that.
 *
 * What the header has to look like is not known from parameter sets, but from the encoder's own last
 * picture without content.  What is no such picture, to the last bit, is not learned from; so nothing
 * is written where an encoder has headers of another form.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * struct h264_repeat - what was learned; all zero: nothing
 * @slice_type, @override, @qp_delta, @deblocking: of the encoder's slice header
 */
struct h264_repeat {
	gboolean known;
	guint slice_type;
	gboolean override;
	guint qp_delta;
	guint deblocking;
	guint frame_num; /* of the encoder's latest picture */
};

/* Start code, delimiter, start code, and a slice. */
#define H264_REPEAT_MAX 32

/*
 * @slice: the encoder's picture, one NAL unit with its start code, of @mbs macroblocks; to be called
 * for each picture of it.  Input is not trusted.
 */
void h264_repeat_learn(struct h264_repeat *repeat, const guint8 *slice, gsize size, guint mbs);

/* An access unit; returns its bytes, 0 where nothing was learned. */
gsize h264_repeat_write(const struct h264_repeat *repeat, guint mbs, guint8 out[H264_REPEAT_MAX]);

G_END_DECLS
