// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * h264-rbsp.c - payloads of NAL units, without and with emulation prevention bytes
 */
#include "h264-rbsp.h"

void wfd_h264_unescape(const guint8 *nal, gsize size, GByteArray *rbsp)
{
	guint zeros = 0;

	for (gsize i = 0; i < size; i++) {
		if (zeros >= 2 && nal[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = nal[i] ? 0 : zeros + 1;
		g_byte_array_append(rbsp, nal + i, 1);
	}
}

void wfd_h264_escape(const guint8 *rbsp, gsize size, GByteArray *out)
{
	static const guint8 prevention = 3;
	gsize from = 0;
	guint zeros = 0;

	for (gsize i = 0; i < size; i++) {
		if (zeros >= 2 && rbsp[i] <= 3) {
			g_byte_array_append(out, rbsp + from, i - from);
			g_byte_array_append(out, &prevention, 1);
			from = i;
			zeros = 0;
		}
		zeros = rbsp[i] ? 0 : zeros + 1;
	}
	g_byte_array_append(out, rbsp + from, size - from);
}
