/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-order.h - a stream that says the order of its pictures
 *
 * libx264 without B frames writes none (picture order count type 2): pictures are shown as they come, and no two to which
 * nothing refers may follow each other.  Those are what h264-patch.h makes.  With type 0 each slice says its picture's
 * place, which costs a byte, and any number of them may.  The SPS still says that none is held back
 * (max_num_reorder_frames 0).
 *
 * Since the place has eight bits, and is counted from the latest picture that is referred to (H.264 8.2.1.1), no
 * more than H264_ORDER_MOST_BETWEEN others may be between two of those.
 *
 * Input is not trusted: any bytes are accepted.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define H264_ORDER_MOST_BETWEEN 60

/**
 * h264_order_add() - a NAL unit of a stream of type 2, as one of type 0
 * @nal: with its start code
 * @number: of its picture, counted from the IDR picture before, which is 0
 * @out: is appended to
 *
 * What is neither SPS nor slice is taken as it is.
 *
 * Return: FALSE if it cannot be; nothing was appended then
 */
gboolean h264_order_add(const guint8 *nal, gsize size, guint number, GByteArray *out);

/* How a slice says the place of picture @number. */
guint8 h264_order_lsb(guint number);

G_END_DECLS
