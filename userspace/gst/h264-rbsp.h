/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-rbsp.h - payloads of NAL units, without and with emulation prevention bytes (H.264 7.4.1.1)
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Both append to what is there. */
void wfd_h264_unescape(const guint8 *nal, gsize size, GByteArray *rbsp);
void wfd_h264_escape(const guint8 *rbsp, gsize size, GByteArray *out);

G_END_DECLS
