/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdx264enc-private.h - inside of the encoder for desktops
 *
 * wfdx264enc.c		the element: properties, formats, what has changed of a picture, and what becomes of it
 * wfdx264enc-parameters.c	what libx264 is told before the first picture
 * wfdx264enc-rate.c	the bits: what may be sent now, what is saved for a burst, what libx264 believes to have
 * wfdx264enc-refinement.c	which macroblocks get the least quantiser, and when
 * wfdx264enc-patches.c	pictures that are written without libx264
 *
 * A picture goes through them in this order: wfd_x264_enc_earn() for the time that has passed; wfd_x264_enc_write_patch(), and if
 * it is one, that is all; else wfd_x264_enc_take_patches(), wfd_x264_enc_plan(), libx264, wfd_x264_enc_follow_x264() and
 * wfd_x264_enc_learn().  What has come out is spent (wfd_x264_enc_spend()) either way.
 *
 * All of it is in the streaming thread.  Properties come from any: they are guarded by the object's lock, which is held for
 * no longer than it takes to read them, and never while libx264 works.
 */
#pragma once

#include <stdint.h>

#include <x264.h>

#include "h264-patch.h"
#include "picture-reference.h"
#include "wfdx264enc.h"

G_BEGIN_DECLS

#define MACROBLOCK 16
#define MOST_QP 51

/**
 * struct _WfdX264Enc - see wfdx264enc.h
 *
 * Members are under the room that fills them; others read them.  enc_stop() frees them.
 *
 * wfdx264enc.c, guarded by the object's lock:
 * @bitrate, @burst_bitrate, @vbv_ms, @qp_min, @key_interval, @slices, @patches: the properties
 * @bitrate_changed: libx264 has not been told yet; of wfdx264enc-rate.c, too
 *
 * wfdx264enc.c:
 * @input: the format; NULL: none
 * @x264: NULL: none
 * @n: pictures so far
 * @since_key: ... and since a key frame
 * @number: of the picture that comes, since the latest key frame
 * @mb_width, @mb_height: macroblocks of a picture
 * @mb_info: of this picture, by macroblock, for libx264: X264_MBINFO_CONSTANT, or 0: it has changed
 *
 * wfdx264enc-parameters.c:
 * @param: as libx264 has them; the bit rate in it is of wfdx264enc-rate.c
 *
 * wfdx264enc-rate.c:
 * @budget: bits that may be sent now; below 0: too many were
 * @saved: that were not sent of the bit rate, and are left for a burst
 * @bursts: the rate is that of bursts; changes with the object's lock held
 * @x264_bits: that x264 believes to be at hand: by its pictures, whenever they come
 * @last_pts: of the latest picture
 *
 * wfdx264enc-refinement.c:
 * @offsets: of this picture, by macroblock, for libx264: what is added to the quantiser
 * @content_of: by difference of two pixels
 * @rough: by macroblock: it is not coded with the least quantiser
 * @next: where it goes on
 * @bits: for a unit of content
 * @motion_qp: that something large that moves gets next; 0: x264 finds it
 * @settled: none is rough; atomic, read by any thread
 *
 * wfdx264enc-patches.c:
 * @patch: what libx264's headers look like, by h264_patch_learn()
 * @reference: what x264 has seen last; NULL: there are no patches
 * @between: patches since x264's latest picture
 */
struct _WfdX264Enc {
	GstVideoEncoder parent;

	guint bitrate;
	guint burst_bitrate;
	guint vbv_ms;
	guint qp_min;
	guint key_interval;
	guint slices;
	gboolean patches;
	gboolean bitrate_changed;

	GstVideoCodecState *input;
	x264_t *x264;
	gint64 n;
	guint since_key;
	guint number;
	guint mb_width, mb_height;
	guint8 *mb_info;

	x264_param_t param;

	double budget;
	double saved;
	gboolean bursts;
	double x264_bits;
	GstClockTime last_pts;

	float *offsets;
	float content_of[256];
	guint8 *rough;
	guint next;
	double bits;
	int motion_qp;
	gint settled;

	struct h264_patch patch;
	picture_reference *reference;
	guint between;
};

/**
 * struct plan - what is done to a picture
 * @changed: macroblocks that are new
 * @small: so few that they get the least quantiser at once
 * @refined: that are coded again
 * @content: of those
 */
struct plan {
	guint changed;
	gboolean small;
	guint refined;
	double content;
};

static inline guint mb_count(const WfdX264Enc *self)
{
	return self->mb_width * self->mb_height;
}

/* wfdx264enc-parameters.c: from @input, the properties and the caps behind. FALSE: libx264 refuses them, or would have to. */
gboolean wfd_x264_enc_set_parameters(WfdX264Enc *self, const GstStructure *format);

/* wfdx264enc-rate.c */

/* Before set_parameters(): nothing has been sent. */
void wfd_x264_enc_begin_rate(WfdX264Enc *self);
/* The bit rate as it is now, into @param. */
void wfd_x264_enc_set_rate(WfdX264Enc *self, x264_param_t *param);
/* A picture comes: the bits of the time since the one before, and libx264 hears of another rate. */
void wfd_x264_enc_earn(WfdX264Enc *self, GstClockTime pts);
/* So many came out. */
void wfd_x264_enc_spend(WfdX264Enc *self, double bits);
/* ... of libx264, by its own count. */
void wfd_x264_enc_follow_x264(WfdX264Enc *self, double bits);
/* It would have all the bits for what is new that it can have. */
gboolean wfd_x264_enc_x264_is_full(const WfdX264Enc *self);
/* Bits that there are for each picture. */
double wfd_x264_enc_picture_share(const WfdX264Enc *self);
/* Bits that what is planned may have. */
double wfd_x264_enc_bits_at_hand(const WfdX264Enc *self);

/* wfdx264enc-refinement.c */

/* A format has come: all is rough. */
void wfd_x264_enc_begin_refinement(WfdX264Enc *self);
/* For a picture of which @mb_info says what has changed: what libx264 is told of its macroblocks. */
void wfd_x264_enc_plan(WfdX264Enc *self, x264_picture_t *picture, struct plan *plan);
/* A picture of so many bits came out, with this quantiser where no macroblock has its own. @known: there was a plan */
void wfd_x264_enc_learn(WfdX264Enc *self, const struct plan *plan, int qp, double bits, gboolean known);

/* wfdx264enc-patches.c */

/* A format has come: nothing is known of libx264's pictures. */
void wfd_x264_enc_begin_patches(WfdX264Enc *self);
/*
 * A patch, where the picture before is as good as it gets: x264 need not see it.  FALSE: it has to,
 * also where its buffer is not full yet: what is new would have fewer bits for it.
 */
gboolean wfd_x264_enc_write_patch(WfdX264Enc *self, GstVideoCodecFrame *frame, const GstVideoFrame *input);
/* x264 gets what it has not seen of patches as well: that is added to @mb_info. @known: that says what has changed */
void wfd_x264_enc_take_patches(WfdX264Enc *self, gboolean known);

G_END_DECLS
