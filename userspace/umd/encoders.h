/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * encoders.h - the video encoders that GStreamer may have
 *
 * A table in encoders.c, best first; a row says how to make an encoder fit for
 * a live picture: no frame held back, a constant bit rate, no CABAC, key frames
 * only on demand or rarely.  Elements of further devices (varenderD129h264enc)
 * belong to the row of the first one.
 *
 * What a row sets is checked: enum values by the element's own enum, numbers by
 * its own range, and everything is read back.  An element that does not have or
 * does not take what a profile needs is not used for it.
 *
 * That an element is installed does not say that it works.  So it encodes a few
 * pictures before the sink is promised anything (encoder-test.c): output has to
 * come, and the SPS has to say the size and the profile.  video_encoder_choose()
 * does that and goes down the table past what fails; video_encoder_try() does it for
 * what M4 is about to promise; video_encoder_give_up() is for what fails later.
 * The way from a dma-buf to the encoder is tested then, too, where the element has one.
 * Results are kept for the process, and in the user's cache directory until the
 * next boot.  One lock guards them; all functions may be called by any thread.
 *
 * gst_init() has to have been called.
 */
#pragma once

#include <gst/gst.h>

#include "gpu-way.h"
#include "wfd-negotiate.h"

G_BEGIN_DECLS

/* An encoder of this machine; opaque, lives as long as the process. */
struct video_encoder;

/**
 * struct video_encoder_settings - what a stream wants of its encoder
 * @bit_rate: bits per second
 * @burst_bit_rate: ... for a moment after a still picture, where the element can do that; 0: no more than @bit_rate
 * @fps: nominal frames per second, rounded up
 * @key_interval_s: seconds of pictures at @fps between key frames that nobody
 *	asked for; 0: as rarely as the element can, for those who ask by a timer,
 *	since pictures come at any rate
 * @slices: slices per picture, 1 unless the sink can do more
 * @high: Constrained High Profile instead of Constrained Baseline
 * @plain: no picture is made in another way than the others
 * @on_gpu: pictures are those of the GPU way
 */
struct video_encoder_settings {
	guint bit_rate;
	guint burst_bit_rate;
	guint fps;
	guint key_interval_s;
	guint slices;
	gboolean high;
	gboolean plain;
	gboolean on_gpu;
};

/**
 * video_encoder_find - the best one that is installed and was not given up
 * @name: (nullable): element that the user wants
 *
 * Does not wait for tests.  Fails with G_IO_ERROR_NOT_FOUND, and says what to
 * install, or why those that are installed are not used.
 */
const struct video_encoder *video_encoder_find(const char *name, GError **error);

/**
 * video_encoder_choose - the best one that works
 * @name: (nullable): as above; what is known of an encoder that the user names does
 *	not count, it is tested again
 *
 * Tests, or waits for another thread that does: some tens of milliseconds where
 * nothing is known of the encoder yet, two seconds at most for each that does not
 * work.  Errors as above.
 */
const struct video_encoder *video_encoder_choose(const char *name, GError **error);

/**
 * video_encoder_try - does it encode this?
 * @selection: what M4 is about to promise
 *
 * At once if this profile was tested with a picture of about this size; else a
 * few pictures are encoded.  On failure the encoder is given up for the profile.
 */
gboolean video_encoder_try(const struct video_encoder *encoder,
			   const struct wfd_selection *selection, GError **error);

/* It has failed with @profiles (WFD_H264_PROFILE_*): says so, once, and is not found again. */
void video_encoder_give_up(const struct video_encoder *encoder, guint8 profiles, const char *why);

/*
 * The same for one that had passed its test and stopped in a session: the sessions
 * until the next boot do without it, too, unless the user names it.
 */
void video_encoder_failed(const struct video_encoder *encoder, guint8 profiles, const char *why);

/* Name of the factory. */
const char *video_encoder_element(const struct video_encoder *encoder);
/*
 * Fills in profiles, level, size, software and pixel rate; the rest stays.  The
 * pixel rate is the measured one, with room for what else the thread does, and
 * 1920x1080p30 at least: where the processor does not manage that, a large picture
 * that comes less often is still worth more than a small one.
 */
void video_encoder_limits(const struct video_encoder *encoder, struct wfd_encoder_limits *limits);

/*
 * Caps behind the encoder: its profile, and the level if the element takes it from
 * there (others choose it by themselves; see h264-promise.h).
 */
GstCaps *video_encoder_caps(const struct video_encoder *encoder,
			    const struct wfd_selection *selection);

/*
 * Caps in front of it: BT.601 for pictures of standard definition if its stream does
 * not say what the colours are, since displays take them for that; else any.
 */
GstCaps *video_encoder_input_caps(const struct video_encoder *encoder, const struct wfd_mode *mode);

/* The same as a word, PICTURE_COLORIMETRY or BT.601; lives for ever. */
const char *video_encoder_colorimetry(const struct video_encoder *encoder, const struct wfd_mode *mode);

/*
 * What makes of a dma-buf what this one encodes, for gpu_way_new(), if the two have passed their test;
 * NULL: its pictures come from the processor.
 */
const char *video_encoder_converter(const struct video_encoder *encoder);
/* Whatever has become of the test. */
enum gpu_kind video_encoder_gpu_kind(const struct video_encoder *encoder);
/* Which way that is, for people: a part of a sentence, and why. */
char *video_encoder_pictures(const struct video_encoder *encoder);
/* That way has passed its test and failed in a session: no other one takes it until the next boot. */
void video_encoder_gpu_failed(const struct video_encoder *encoder, const char *why);

/**
 * video_encoder_configure - all properties that must be there before it leaves NULL
 *
 * FALSE with G_IO_ERROR_NOT_SUPPORTED, which names the property, if the element
 * cannot be made fit.
 */
gboolean video_encoder_configure(const struct video_encoder *encoder, GstElement *element,
				 const struct video_encoder_settings *settings, GError **error);
/* While it runs: the bit rate, and what follows from it. */
void video_encoder_set_bit_rate(const struct video_encoder *encoder, GstElement *element,
				guint bit_rate, guint burst_bit_rate);

G_END_DECLS
