/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-au.h - what a transport stream has to know of an H.264 access unit
 *
 * Looks at the NAL units before the first slice, so its cost does not grow with
 * the picture.  Input is not trusted: any bytes are accepted.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Parameter sets longer than this together are not remembered. */
#define WFD_H264_MAX_PARAMETER_SETS 4096

/**
 * struct wfd_h264_au - findings about one access unit
 * @has_aud: it starts with an access unit delimiter
 * @has_sps: a sequence parameter set precedes the first slice
 * @has_pps: a picture parameter set precedes the first slice
 * @has_slice: a slice was found
 * @idr: the first slice belongs to an IDR picture
 * @aud_end: number of bytes up to the end of the delimiter, 0 without one
 */
struct wfd_h264_au {
	gboolean has_aud;
	gboolean has_sps;
	gboolean has_pps;
	gboolean has_slice;
	gboolean idr;
	gsize aud_end;
};

/**
 * struct wfd_h264_parameter_sets - the latest parameter sets of a stream
 * @sps: sequence parameter sets, each with a four-byte start code
 * @pps: picture parameter sets, likewise
 *
 * Owned by the caller; wfd_h264_parameter_sets_clear() when done.
 */
struct wfd_h264_parameter_sets {
	GByteArray *sps;
	GByteArray *pps;
};

void wfd_h264_parameter_sets_init(struct wfd_h264_parameter_sets *sets);
void wfd_h264_parameter_sets_clear(struct wfd_h264_parameter_sets *sets);

/**
 * wfd_h264_parameter_sets_profile() - profile, constraint and level bytes
 * @sets: parameter sets
 * @bytes: profile_idc, constraint flags, level_idc of the first SPS
 *
 * Return: FALSE if there is no SPS yet
 */
gboolean wfd_h264_parameter_sets_profile(const struct wfd_h264_parameter_sets *sets, guint8 bytes[3]);

/**
 * wfd_h264_au_scan() - look at an access unit in byte stream format
 * @data: Annex B byte stream, may be NULL if @size is 0
 * @size: its bytes
 * @sets: the parameter sets found replace those known; NULL if not wanted
 * @au: the findings
 */
void wfd_h264_au_scan(const guint8 *data, gsize size, struct wfd_h264_parameter_sets *sets,
		      struct wfd_h264_au *au);

/**
 * wfd_h264_codec_data() - take parameter sets from caps
 * @data: codec_data: an AVC decoder configuration record (ISO/IEC 14496-15), or
 *	an Annex B byte stream as some encoders give
 * @size: its bytes
 * @sets: replaced if both SPS and PPS were found
 *
 * Return: FALSE if @data holds no SPS and PPS; @sets is unchanged then
 */
gboolean wfd_h264_codec_data(const guint8 *data, gsize size, struct wfd_h264_parameter_sets *sets);

G_END_DECLS
