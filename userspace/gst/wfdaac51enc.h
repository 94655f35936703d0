/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdaac51enc.h - GStreamer element that encodes 5.1 channels of AAC-LC without looking ahead
 *
 * The only encoder of six channels that all distributions have, FFmpeg's, gives a frame out when
 * the one after it has come: 21 ms of latency that nobody needs.  voaacenc does not, and has
 * two channels at most.  So here are four of them, and what makes one stream of theirs
 * (aac-join.h):
 *
 *	       +- audioconvert (FC) ------------- voaacenc -+
 *	tee ---+- audioconvert (FL FR) ---------- voaacenc -+--- join
 *	       +- audioconvert (RL RR) ---------- voaacenc -+
 *	       +- audioconvert (LFE) - low pass - voaacenc -+
 *
 * All of it runs in the thread that pushes.  The frames of a moment come one after the other;
 * with the last of them all that there is of it has come, so nothing ever waits.
 *
 * Pads
 *   sink  audio/x-raw,format=S16 (native),channels=6,rate=48000 or 44100
 *   src   audio/mpeg,mpegversion=4,stream-format=raw,channels=6
 *
 * Property
 *   bitrate (guint)  bits per second of all channels, default 448000; before READY
 *
 * It needs voaacenc (gst-plugins-bad) and audiocheblimit (gst-plugins-good); without them it goes
 * nowhere but NULL.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define WFD_TYPE_AAC_51_ENC (wfd_aac_51_enc_get_type())
G_DECLARE_FINAL_TYPE(WfdAac51Enc, wfd_aac_51_enc, WFD, AAC_51_ENC, GstBin)

G_END_DECLS
