/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-negotiate.h - from the sink's capabilities to one choice
 *
 * Pure decisions, made twice in a session: when M3 is answered, to build the
 * connector's mode list (wfd_negotiate_modes()), and when the desktop has set
 * one of these modes (wfd_negotiate() with a request), to write M4.
 */
#pragma once

#include <glib.h>

#include "wfd-caps.h"

G_BEGIN_DECLS

/**
 * struct wfd_encoder_limits - what the source's side can do
 * @max_width, @max_height: largest picture; 0 = no limit
 * @max_pixel_rate: pixels per second it keeps up with; 0 = no limit.  Modes beyond
 *	it are left out, but for the lightest if the sink names no other: some of its
 *	pictures are better than all of 640x480
 * @h264_profiles: WFD_H264_PROFILE_* bits it can write; 0 is taken as CBP
 * @max_level: highest level it can write
 * @software: it runs on the CPU: among modes that are no one's native one,
 *	prefer those up to 1920x1080p30
 * @min_bitrate, @max_bitrate: bits per second; 0 = no limit
 * @link_rate: usable bits per second of the link, from the throughput field of
 *	the IE or from measurement; 0 = not known
 * @slices: slices of a picture at most; 0 or 1: a picture is one
 * @audio: bit per enum wfd_audio_format (1 << WFD_AUDIO_AAC, ...) that can
 *	be produced
 * @audio_six: the same for six channels
 */
struct wfd_encoder_limits {
	guint max_width;
	guint max_height;
	guint64 max_pixel_rate;
	guint8 h264_profiles;
	enum wfd_level max_level;
	gboolean software;
	guint min_bitrate;
	guint max_bitrate;
	guint link_rate;
	guint slices;
	guint audio;
	guint audio_six;
};

/**
 * struct wfd_mode_choice - a mode both sides can do, and how
 * @native: the sink named it as its native mode
 * @set, @profile, @level: as in struct wfd_selection
 * @codec: index of the tuple in the sink's struct wfd_video_formats of @set
 */
struct wfd_mode_choice {
	const struct wfd_mode *mode;
	enum wfd_set set;
	guint8 profile;
	enum wfd_level level;
	guint codec;
	gboolean native;
};

/**
 * wfd_negotiate_modes - all modes common to both sides, best first
 *
 * Order: the sink's native mode, if it can be done; with a software encoder
 * then what is not heavier than 1920x1080p30; then by pixels per second, then by
 * size.  Interlaced modes are left out.  640x480p60 is always in the list, since
 * it is mandatory for every sink (3.4.2).
 *
 * Level: the lowest that both WFD's Table 10 and H.264's Table A-1 allow for the
 * mode.  Where it is above the sink's the mode is left out: for 1080p24 and 1080p25
 * with level 3.2 and for 1920x1200p30 with 4.2 Table 10 asks for less than any
 * conforming stream can say.
 *
 * Native: real sinks leave the field 00, which would be 640x480p60, so that value
 * counts as "not said".  Where the native mode itself is not common, or is below
 * 30 Hz (no panel is; R2 sinks write the field in the R1 way), the highest rate
 * of its size takes its place.
 *
 * Numbering: wfd_video_formats is used where it can name the mode, then
 * wfd2_, then wfdx_.  But a sink that gives wfdx_video_formats must not see
 * wfd_video_formats again ([MS-WFDPE] 2.7.1.1).  Constrained High goes before
 * Constrained Baseline.  Each (size, rate) is in the list once.
 *
 * Returns: (element-type struct wfd_mode_choice): free with g_array_unref();
 * NULL with WFD_ERROR_NO_MATCH if not even the mandatory mode fits @limits.
 */
GArray *wfd_negotiate_modes(const wfd_sink_caps *caps, const struct wfd_encoder_limits *limits,
			    GError **error);

/**
 * struct wfd_mode_request - what the desktop has set on the connector
 * @width, @height: active size; 0 = no request, take the best
 * @refresh_mhz: refresh rate in mHz; 0 = any
 */
struct wfd_mode_request {
	guint width;
	guint height;
	guint refresh_mhz;
};

/* More cost bits, and next to nothing is left to be gained. */
#define WFD_SLICES 4

/**
 * wfd_negotiate - choose everything that M4 tells
 * @request: (nullable): mode wanted
 * @out: (out): the choice
 *
 * Fails with WFD_ERROR_NO_MATCH, naming the mode, if @request is not common to
 * both sides: the caller then has the choice of wfd_negotiate_modes().  Audio
 * is never a reason to fail.
 *
 * Slices: where the sink takes some (6.1.3: minimum slice size not 0), as many as both can
 * do, WFD_SLICES at most, and all of one size in rows of macroblocks, unless the sink
 * lets the largest be twice the smallest.  What is lost then costs one of them.
 */
gboolean wfd_negotiate(const wfd_sink_caps *caps, const struct wfd_encoder_limits *limits,
		       const struct wfd_mode_request *request, struct wfd_selection *out,
		       GError **error);

/**
 * wfd_negotiate_audio - choose the audio codec
 * @limits: its audio and audio_six
 *
 * Of what both can do, in this order:
 *
 *	AC-3, AAC with six channels	a display that names them has the speakers, or
 *			hands AC-3 on to a receiver that has.  AC-3 first: it is what
 *			receivers take, and 11 ms faster than AAC
 *	AAC stereo	what no display is known to fail with, and a tenth of the bits
 *	LPCM 48 kHz	every sample as it was, 10 ms faster than AAC, and mandatory; but TCL
 *			names it and stays silent, so it is not the first
 *	LPCM 44.1 kHz	the same, resampled from what most programs play
 *	AC-3 stereo	nobody names it alone
 *
 * If the sink named any codec and none of them is common, LPCM 48k is taken when
 * available, because it is mandatory for every sink with audio (3.4.1).
 * wfd_audio_codecs goes before wfd2_audio_codecs.  Sets the audio_* fields of @out only.
 */
void wfd_negotiate_audio(const wfd_sink_caps *caps, const struct wfd_encoder_limits *limits,
			 struct wfd_selection *out);

/**
 * wfd_suggest_bitrate - video bits per second to start a stream with
 *
 * 0.15 bit per pixel for the first 60 million pixels per second and 0.06 for
 * those beyond: 9 Mbit/s for 1080p30, 13 for 1080p60.  Not above what the level,
 * @limits and the sink's microsoft_max_bitrate (0 = not given) allow, nor above
 * 70 % of the link's rate, so that audio, RTP overhead and retries have room;
 * not above 12 Mbit/s on a link of unknown rate, which is what a 20 MHz HT link
 * carries without loss.
 */
guint wfd_suggest_bitrate(const struct wfd_mode *mode, enum wfd_level level, guint profile,
			  const struct wfd_encoder_limits *limits, guint64 sink_max_bitrate);

/**
 * wfd_burst_bitrate - video bits per second for a tenth of a second after a still picture
 * @bitrate: that was suggested
 *
 * Twice as many, so that a new page is sharp with its third picture, and no more than what
 * bounds the bit rate as well; 20 Mbit/s on a link of unknown rate: one that carries
 * but 12 is late by a tenth of a second then, once (rate-control.h).
 */
guint wfd_burst_bitrate(guint bitrate, enum wfd_level level, guint profile, const struct wfd_encoder_limits *limits,
			guint64 sink_max_bitrate);

G_END_DECLS
