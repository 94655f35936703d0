/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-patch.h - a picture of which little is new, without an encoder
 *
 * A picture in which nothing has changed is a header and the number of macroblocks that are skipped; one in which little
 * has, that and some macroblocks.  An encoder goes through all of them to find that out: libx264 takes as long for a letter as
 * for a third of a page.  Where it was known before such a picture is written here, its new macroblocks as they are (I_PCM, H.264
 * 7.3.5), without loss: a P slice that nothing refers to (nal_ref_idc 0), so that the encoder, which has not seen it,
 * goes on as if it had not been.  Hence each such picture has all that differs from the encoder's latest one, not from the picture
 * before.
 *
 * What the header has to look like is not known from parameter sets, but from the encoder's own P pictures, of which
 * two in a row have to agree.  What has more in its header than can be here is not learned from; so nothing
 * is written where an encoder has headers of another form.  The place of the picture is added (h264-order.h).
 */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Of a macroblock, 256 samples of luma and 2 * 64 of chroma, with what is around it. */
#define H264_PATCH_BITS (8 * 384 + 32)

/**
 * struct h264_patch - what was learned; all zero: nothing
 * @known: two pictures have agreed
 * @seen: one is there to agree with
 * @slice_type, @override, @deblocking: of the encoder's slice header
 * @frame_num: of its latest picture
 */
struct h264_patch {
	gboolean known, seen;
	guint slice_type;
	gboolean override;
	guint deblocking;
	guint frame_num;
};

/*
 * @slice: the encoder's picture, one NAL unit with its start code, as the encoder wrote it; to be called
 * for each picture of it.  Input is not trusted.
 */
void h264_patch_learn(struct h264_patch *patch, const guint8 *slice, gsize size);

/**
 * h264_patch_write() - an access unit
 * @number: of the picture, for h264_order_lsb()
 * @picture: I420; a part of a macroblock beyond its edge is what is at the edge
 * @wanted: by macroblock: it is not that of the encoder's latest picture; NULL: all are
 * @out: is appended to
 *
 * Return: FALSE where nothing was learned
 */
gboolean h264_patch_write(const struct h264_patch *patch, guint number, const GstVideoFrame *picture, const guint8 *wanted,
			  GByteArray *out);

G_END_DECLS
