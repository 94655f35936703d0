// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The SPS of h264-promise.h.
 */
#include "h264-promise.h"

/* nal_unit_type, H.264 table 7-1 */
#define NAL_SLICE 1
#define NAL_IDR 5
#define NAL_SPS 7

#define PROFILE_IDC_BASELINE 66
#define PROFILE_IDC_HIGH 100

#define CONSTRAINT_SET1 0x40
#define CONSTRAINT_SET4_AND_5 0x0c

/* profile_idc, constraint flags and level_idc of the SPS; NULL: there is none. */
static guint8 *find_sps(guint8 *data, gsize size)
{
	for (gsize i = 0; i + 6 < size; i++) {
		guint type;

		if (data[i] || data[i + 1] || data[i + 2] != 1)
			continue;
		type = data[i + 3] & 0x1f;
		if (type == NAL_SPS)
			return data + i + 4;
		if (type >= NAL_SLICE && type <= NAL_IDR)
			break; /* nothing follows */
	}
	return NULL;
}

enum h264_promise h264_promise_keep(guint8 *data, gsize size, guint profile, enum wfd_level level)
{
	gboolean high = profile == WFD_H264_PROFILE_CHP;
	guint8 *sps = find_sps(data, size);
	guint8 flags, level_idc;

	if (!sps)
		return H264_PROMISE_NONE;
	if (sps[0] != (high ? PROFILE_IDC_HIGH : PROFILE_IDC_BASELINE))
		return H264_PROMISE_BROKEN;
	flags = sps[1] | (high ? CONSTRAINT_SET4_AND_5 : CONSTRAINT_SET1);
	level_idc = wfd_level_idc(level);
	if (sps[1] == flags && sps[2] == level_idc)
		return H264_PROMISE_KEPT;
	sps[1] = flags;
	sps[2] = level_idc;
	return H264_PROMISE_MENDED;
}
