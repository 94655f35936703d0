/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * encoders.h - the video and audio encoders that GStreamer may have
 *
 * A table in encoders.c, best first; a row says how to make an encoder fit for
 * a live picture: no frame held back, a constant bit rate, key frames only on
 * demand or rarely.  gst_init() has to have been called.
 */
#pragma once

#include <gst/gst.h>

#include "wfd-negotiate.h"

G_BEGIN_DECLS

/* An encoder of the table; opaque. */
struct video_encoder;

/**
 * struct video_encoder_settings - what a stream wants of its encoder
 * @bit_rate: bits per second
 * @fps: nominal frames per second, rounded up
 * @key_interval_s: seconds between key frames that nobody asked for
 * @slices: slices per picture, 1 unless the sink can do more
 * @high: High Profile instead of Baseline
 */
struct video_encoder_settings {
	guint bit_rate;
	guint fps;
	guint key_interval_s;
	guint slices;
	gboolean high;
};

/**
 * video_encoder_find - the best one that is installed
 * @name: (nullable): element that the user wants
 *
 * Fails with G_IO_ERROR_NOT_FOUND, and says what to install.
 */
const struct video_encoder *video_encoder_find(const char *name, GError **error);
const char *video_encoder_element(const struct video_encoder *encoder);
/* Fills in profiles, level, software and pixel rate; the rest stays. */
void video_encoder_limits(const struct video_encoder *encoder, struct wfd_encoder_limits *limits);
/* All properties that must be there before the element leaves NULL. */
void video_encoder_configure(const struct video_encoder *encoder, GstElement *element,
			     const struct video_encoder_settings *settings);
/* While it runs. */
void video_encoder_set_bit_rate(const struct video_encoder *encoder, GstElement *element,
				guint bit_rate);

/* Audio formats that can be produced: bit per enum wfd_audio_format. */
guint audio_encoders_available(void);
/* Element that encodes @format: NULL if none is installed, or none is needed. */
const char *audio_encoder_element(enum wfd_audio_format format);

G_END_DECLS
