/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdx264enc.h - libx264 for a desktop: a GStreamer element beside x264enc
 *
 * Of a desktop's picture most is what it was before, and the source knows which part.
 * libx264 can be told, macroblock by macroblock (b_mb_info, X264_MBINFO_CONSTANT): one that
 * has not changed and was coded at least as well as it would be now is skipped without being
 * looked at.  GStreamer's x264enc cannot pass that on: it fills in an x264_picture_t of its
 * own, without the array, none of its properties and no meta of a buffer sets it, and its
 * "option-string" sets parameters, not pictures.  Hence an element of our own.  It is no better
 * x264enc, and leaves out what a live desktop has no use for: passes, tunes, B frames,
 * look-ahead, CABAC, other formats than I420.
 *
 * It is built where libx264's header is, and preferred to x264enc where it was.  This source is
 * under the LGPL as its neighbours; libx264 is under the GPL, version 2 or later, and so is what
 * is linked with it: hence a plugin, libgstwfdx264.so, with nothing else in it, as GStreamer's
 * x264enc has one.
 *
 * What has changed
 *   See wfdchanged.h.  A buffer that does not say is new everywhere.
 *
 * Pads
 *   sink  video/x-raw,format=I420, progressive; constant frame rate as far as the bit rate is
 *         concerned
 *   src   video/x-h264,stream-format=byte-stream,alignment=au,
 *         profile={constrained-baseline,high},level=...; both are taken from the caps behind,
 *         where a level that does not hold the pictures is refused
 *
 * One picture goes in, one access unit comes out, in the thread that brings the picture (with
 * "slices" above 1 that many threads help); the picture is not kept.  AUD, SPS and PPS are in
 * the stream; no SEI but x264's own in the first picture.  A key frame is the first picture and
 * those that are asked for (GstForceKeyUnit); they are IDR.
 *
 * Patches
 *   Where little is new of a picture that has settled, a letter, the mouse, or nothing at all, it is written
 *   without libx264 (h264-patch.h): nothing refers to it, and what is new is in it as it is (I_PCM).  For that
 *   each slice says the order of its picture (h264-order.h).  There are none with more slices than one, and the
 *   stream is libx264's then.
 *
 * Properties
 *   bitrate (kbit/s)    constant bit rate; while it runs, too
 *   burst-bitrate (kbit/s)  bit rate of what comes after pictures that have left some of "bitrate",
 *                       as long as 150 ms of it, so that a new page is sharp soon; 0, the default, or no
 *                       more than "bitrate": there are no bursts.  While it runs, too
 *   vbv-buf-capacity    ms of the bit rate, and in a burst of that, that a decoder buffers; default 80
 *   qp-min              no better than that; default 12.  A picture at rest gets better until it
 *                       is there, and then costs neither bits nor time
 *   key-int-max         most pictures between two key frames
 *   slices              of a picture, each coded by a thread; default 1
 *   patches (boolean)   TRUE, the default: as above.  FALSE: all pictures are libx264's, and so is
 *                       what the stream says of their order, which is nothing
 *   settled (boolean)   read only: the latest picture is as good as it gets; encoding it again
 *                       adds nothing
 *
 * Signals and messages: none of its own.
 */
#pragma once

#include <gst/video/video.h>

#include "wfdchanged.h"

G_BEGIN_DECLS

#define WFD_TYPE_X264_ENC (wfd_x264_enc_get_type())
G_DECLARE_FINAL_TYPE(WfdX264Enc, wfd_x264_enc, WFD, X264_ENC, GstVideoEncoder)

G_END_DECLS
