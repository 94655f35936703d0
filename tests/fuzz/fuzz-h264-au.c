/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* H.264 from an encoder: the scan stays inside, and what it stores reads as parameter sets again. */
#include <string.h>

#include "fuzz.h"
#include "h264-au.h"

/* Written out again, parameter sets are found whole and are the same. */
static void check_round_trip(const struct wfd_h264_parameter_sets *sets)
{
	g_autoptr(GByteArray) stream = g_byte_array_new();
	struct wfd_h264_parameter_sets again;
	struct wfd_h264_au au;

	g_byte_array_append(stream, sets->sps->data, sets->sps->len);
	g_byte_array_append(stream, sets->pps->data, sets->pps->len);
	wfd_h264_parameter_sets_init(&again);
	wfd_h264_au_scan(stream->data, stream->len, &again, &au);
	g_assert_cmpmem(again.sps->data, again.sps->len, sets->sps->data, sets->sps->len);
	g_assert_cmpmem(again.pps->data, again.pps->len, sets->pps->data, sets->pps->len);
	wfd_h264_parameter_sets_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wfd_h264_parameter_sets sets;
	struct wfd_h264_au au, without_sets;
	guint8 profile[3];

	wfd_h264_parameter_sets_init(&sets);
	wfd_h264_au_scan(data, size, &sets, &au);
	g_assert_cmpuint(au.aud_end, <=, size);
	g_assert_true(au.has_aud == (au.aud_end > 0));
	g_assert_true(au.has_slice || !au.idr);
	g_assert_cmpuint(sets.sps->len, <=, WFD_H264_MAX_PARAMETER_SETS);
	g_assert_cmpuint(sets.pps->len, <=, WFD_H264_MAX_PARAMETER_SETS);
	wfd_h264_parameter_sets_profile(&sets, profile);
	check_round_trip(&sets);

	wfd_h264_au_scan(data, size, NULL, &without_sets);
	g_assert_cmpmem(&au, sizeof(au), &without_sets, sizeof(without_sets));

	wfd_h264_codec_data(data, size, &sets);
	g_assert_cmpuint(sets.sps->len, <=, WFD_H264_MAX_PARAMETER_SETS);
	wfd_h264_parameter_sets_clear(&sets);
	return 0;
}
