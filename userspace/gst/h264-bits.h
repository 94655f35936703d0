/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-bits.h - what those have in common that read and write slices of libx264's
 */
#pragma once

#include <gst/base/base.h>

G_BEGIN_DECLS

/* nal_unit_type, H.264 table 7-1 */
#define H264_NAL_TYPE 0x1f
#define H264_NAL_SLICE 1
#define H264_NAL_IDR 5
#define H264_NAL_SPS 7
#define H264_NAL_REF_IDC 0x60
/* log2_max_frame_num: encoders that have one reference need no larger one. */
#define H264_FRAME_NUM_BITS 4

/* Longer codes are those of numbers that no header here has: FALSE. */
gboolean h264_read_ue(GstBitReader *reader, guint *value);
void h264_write_ue(GstBitWriter *writer, guint value);
/* Where, behind its start code, the header of a NAL unit with a payload is; 0: it is none. */
gsize h264_nal_header(const guint8 *nal, gsize size);

G_END_DECLS
