// SPDX-License-Identifier: LGPL-2.1-or-later
/* Twice the same slice, then a picture of as many macroblocks as the first two bytes say, some of them new: no start code is in it. */
#include <string.h>

#include "fuzz.h"
#include "h264-order.h"
#include "h264-patch.h"

/* Start code, delimiter, start code. */
#define HEAD 10

static void write_one(const struct h264_patch *patch, guint width, guint height, guint8 value)
{
	g_autofree guint8 *samples = NULL, *wanted = g_malloc0(width * height);
	g_autoptr(GByteArray) out = g_byte_array_new();
	GstVideoFrame picture = { 0 };
	gboolean written;

	gst_video_info_set_format(&picture.info, GST_VIDEO_FORMAT_I420, width * 16 - 6, height * 16 - 2);
	samples = g_malloc(GST_VIDEO_INFO_SIZE(&picture.info));
	memset(samples, value, GST_VIDEO_INFO_SIZE(&picture.info));
	for (guint i = 0; i < 3; i++)
		picture.data[i] = samples + GST_VIDEO_INFO_PLANE_OFFSET(&picture.info, i);
	for (guint i = value; i < width * height; i += 3)
		wanted[i] = TRUE;
	written = h264_patch_write(patch, value, &picture, wanted, out);
	g_assert_cmpint(written, ==, patch->known);
	g_assert_cmpint(out->len > HEAD, ==, written);
	for (gsize i = HEAD; i + 2 < out->len; i++)
		g_assert_false(!out->data[i] && !out->data[i + 1] && out->data[i + 2] < 3);
	if (written)
		g_assert_cmpint(out->data[out->len - 1], !=, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h264_patch patch = { 0 };

	if (size < 2)
		return 0;
	h264_patch_learn(&patch, data + 2, size - 2);
	g_assert_false(patch.known);
	h264_patch_learn(&patch, data + 2, size - 2);
	write_one(&patch, 1 + data[0] % 8, 1 + data[1] % 8, data[size - 1] % 4);
	return 0;
}
