/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An access unit from an encoder: at most two bytes of its SPS change, once, and only if it has one. */
#include <string.h>

#include "fuzz.h"
#include "h264-au.h"
#include "h264-promise.h"

static gsize count_changes(const guint8 *a, const guint8 *b, gsize size)
{
	gsize n = 0;

	for (gsize i = 0; i < size; i++)
		n += a[i] != b[i];
	return n;
}

static void check(const uint8_t *data, size_t size, guint profile, enum wfd_level level)
{
	/* Its own block, so that reading beyond it is found. */
	g_autofree guint8 *unit = g_memdup2(data, size);
	enum h264_promise promise = h264_promise_keep(unit, size, profile, level);
	gsize changes = count_changes(data, unit, size);
	struct wfd_h264_au au;

	wfd_h264_au_scan(data, size, NULL, &au);
	switch (promise) {
	case H264_PROMISE_MENDED:
		g_assert_cmpuint(changes, >=, 1);
		g_assert_cmpuint(changes, <=, 2);
		g_assert_true(au.has_sps);
		g_assert_cmpint(h264_promise_keep(unit, size, profile, level), ==, H264_PROMISE_KEPT);
		break;
	case H264_PROMISE_KEPT:
	case H264_PROMISE_BROKEN:
		g_assert_true(au.has_sps);
		/* fall through */
	case H264_PROMISE_NONE:
		g_assert_cmpuint(changes, ==, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int level = 0; level < WFD_N_LEVELS; level++) {
		check(data, size, WFD_H264_PROFILE_CBP, level);
		check(data, size, WFD_H264_PROFILE_CHP, level);
	}
	return 0;
}
