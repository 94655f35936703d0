/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Video and audio formats.  The first byte chooses the parameter, the rest is
 * its value.  What was written once must not change when it is read and written
 * again.
 */
#include "fuzz.h"
#include "wfd-values.h"

static void fuzz_video(const char *value, enum wfd_set set)
{
	struct wfd_video_formats formats, again;
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	if (!wfd_video_formats_parse(value, set, &formats, NULL)) {
		g_assert_cmpuint(formats.n_codecs, ==, 0);
		return;
	}
	first = wfd_video_formats_format(&formats);
	g_assert_true(wfd_video_formats_parse(first, set, &again, NULL));
	second = wfd_video_formats_format(&again);
	g_assert_cmpstr(first, ==, second);
}

static void fuzz_audio(const char *value)
{
	struct wfd_audio_codecs codecs, again;
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	if (!wfd_audio_codecs_parse(value, &codecs, NULL)) {
		g_assert_cmpuint(codecs.n_codecs, ==, 0);
		return;
	}
	first = wfd_audio_codecs_format(&codecs);
	g_assert_true(wfd_audio_codecs_parse(first, &again, NULL));
	second = wfd_audio_codecs_format(&again);
	g_assert_cmpstr(first, ==, second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *value = NULL;
	guint64 mask;

	if (size == 0)
		return 0;
	value = g_strndup((const char *)data + 1, size - 1);
	switch (data[0]) {
	case '1':
		fuzz_video(value, WFD_SET_R1);
		break;
	case '2':
		fuzz_video(value, WFD_SET_R2);
		break;
	case 'x':
		fuzz_video(value, WFD_SET_X);
		break;
	case 'a':
		fuzz_audio(value);
		break;
	case 'm':
		wfd_ms_video_formats_parse(value, &mask, NULL);
		break;
	}
	return 0;
}
