/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-sps.h - the sequence parameter set says when pictures come, and in which order
 *
 * Encoders are told a picture rate and write fixed_frame_rate_flag (H.264 E.2.1): each
 * picture comes one period after the one before.  Those of a desktop come when it shows
 * something new, the AVC timing and HRD descriptor says so, and a decoder that believes the
 * SPS shows them at the wrong times.  Input is not trusted: any bytes are accepted.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * wfd_h264_clear_fixed_rate() - take back the promise of a fixed rate
 * @data: access unit in byte stream format
 * @size: its bytes
 * @out: if there is something to change, the access unit with its first SPS changed is
 *	appended: up to two bytes longer, where emulation prevention asks for it
 *
 * Return: FALSE if nothing was appended: no SPS, no such promise, or an SPS that is
 * malformed or ends in the middle
 */
gboolean wfd_h264_clear_fixed_rate(const guint8 *data, gsize size, GByteArray *out);

/* Bits that each slice has to say its picture's place with, then. */
#define WFD_H264_ORDER_BITS 8

/**
 * wfd_h264_say_order() - each picture says its place itself
 * @data: access unit, or SPS, in byte stream format
 * @size: its bytes
 * @out: with the picture order count type 0 instead of 2, appended; slices stay as they are
 *
 * Return: FALSE if nothing was appended: no SPS, another type than 2, a frame_num of more than four bits,
 * or an SPS that is malformed
 */
gboolean wfd_h264_say_order(const guint8 *data, gsize size, GByteArray *out);

G_END_DECLS
