/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * audio-encoders.h - the audio encoders that GStreamer may have
 *
 * A table in audio-encoders.c, best first, with what has to be known of each: how many
 * samples it takes at a time, how much of its output comes before the first sample that went
 * in (a decoder gives that out, too, so that all is later by as much than the time stamps
 * say), and how much it wants to see beyond a frame before it gives that out.
 *
 * That an element is installed does not say that it works: nothing is promised to a sink
 * before some frames went through it, with the parser and the caps that the stream has.
 * Results are kept for the process.  All functions may be called by any thread, after
 * gst_init().
 */
#pragma once

#include <gst/gst.h>

#include "wfd-negotiate.h"

G_BEGIN_DECLS

/**
 * struct audio_encoder - a row
 * @element: factory
 * @parser: factory of what makes of its output what the caps below want
 * @format, @channels: what it is for
 * @bit_rate: bits per second
 * @frame: samples of each channel that it takes at a time
 * @delay: samples of the decoder's output before the first one that went in
 * @ahead: samples beyond a frame that it waits for
 * @made_of: (nullable): factory that it is made of, which may not be there
 */
struct audio_encoder {
	const char *element;
	const char *parser;
	enum wfd_audio_format format;
	guint channels;
	guint bit_rate;
	guint frame;
	guint delay;
	guint ahead;
	const char *made_of;
};

/*
 * The best one that works; NULL: there is none, or none is needed (LPCM).  The first call for
 * a format takes some milliseconds, two seconds at most for each that does not work.
 */
const struct audio_encoder *audio_encoder_find(enum wfd_audio_format format, guint channels);

/* Sets what the row says; before it leaves NULL. */
void audio_encoder_configure(const struct audio_encoder *encoder, GstElement *element);

/* What can be produced: bit per enum wfd_audio_format, with two and with six channels. */
void audio_encoders_available(guint *stereo, guint *six);

/* What the mux gets, fixed; LPCM, too. */
GstCaps *audio_stream_caps(enum wfd_audio_format format, guint rate, guint channels);

/* All rows, for tests. */
const struct audio_encoder *audio_encoders(gsize *n);

G_END_DECLS
