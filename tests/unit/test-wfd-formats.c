/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wfd_video_formats, wfd2_, wfdx_ (6.1.3, 6.1.21, [MS-WFDPE] 2.7.1) and wfd_audio_codecs (6.1.2). */
#include <string.h>

#include "wfd-values.h"

static void parse_video(const char *value, enum wfd_set set, struct wfd_video_formats *out)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(wfd_video_formats_parse(value, set, out, &error));
	g_assert_no_error(error);
}

/*
 * As [MS-WFDPE], captures and public sink implementations write them; each is
 * parsed and written again.
 */
static void test_video_vectors(void)
{
	static const struct {
		enum wfd_set set;
		const char *value;
		const char *written; /* NULL = the same */
		guint n_codecs;
		guint native_table, native_bit;
	} vectors[] = {
		{ WFD_SET_R1, "none", NULL, 0, 0, 0 },
		/* examples of [MS-WFDPE] 4 */
		{ WFD_SET_R1, "00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none", NULL,
		  1, 0, 0 },
		/* Android as source, 1080p30 */
		{ WFD_SET_R1, "38 00 02 02 00000080 00000000 00000000 00 0000 0000 11 none none", NULL,
		  1, 0, 7 },
		/* a sink implementation: two tuples, largest picture given, lower case, reserved bits set */
		{ WFD_SET_R1,
		  "40 00 01 10 0001bdeb 051557ff 00003fff 10 0000 001f 11 0780 0438, "
		  "02 10 0001bdeb 155557ff 00000fff 10 0000 001f 11 0780 0438",
		  "40 00 01 10 0001BDEB 051557FF 00003FFF 10 0000 001F 11 0780 0438, "
		  "02 10 0001BDEB 155557FF 00000FFF 10 0000 001F 11 0780 0438",
		  2, 0, 8 },
		/* one that forgets the blank after the comma */
		{ WFD_SET_R1,
		  "40 00 02 08 0001DEFF 157C7FFF 00000FFF 00 0000 0000 00 none none,"
		  "01 08 0001DEFF 157C7FFF 00000FFF 00 0000 0000 00 none none",
		  "40 00 02 08 0001DEFF 157C7FFF 00000FFF 00 0000 0000 00 none none, "
		  "01 08 0001DEFF 157C7FFF 00000FFF 00 0000 0000 00 none none",
		  2, 0, 8 },
		/* no max-hres and max-vres */
		{ WFD_SET_R1, "09 01 01 04 00000001 00000002 00000003 00 0000 0000 00",
		  "09 01 01 04 00000001 00000002 00000003 00 0000 0000 00 none none", 1, 1, 1 },
		/* example of [MS-WFDPE] 4 for wfdx */
		{ WFD_SET_X,
		  "0040 00 0001 0001 0000500001 0010000000 00000000 00 0000 0000 11 none none", NULL,
		  1, 0, 8 },
		{ WFD_SET_X,
		  "0000 00 0005 0040 0000060080 0000000000 00000000 00 0000 0000 11 none none", NULL,
		  1, 0, 0 },
		/* a sink of R2, two profiles */
		{ WFD_SET_R2,
		  "40 01 04 0080 000001ffbdeb 000155557fff 000000000fff 10 0000 001f 11, "
		  "01 01 0080 000001ffbdeb 0001555557ff 000000000fff 10 0000 001f 11 00",
		  "40 01 04 0080 000001FFBDEB 000155557FFF 000000000FFF 10 0000 001F 11, "
		  "01 01 0080 000001FFBDEB 0001555557FF 000000000FFF 10 0000 001F 11 00",
		  2, 0, 16 },
		/* one of R2; the last tuple without the non-transcoding field */
		{ WFD_SET_R2, "20 01 04 0040 0000000F97FF 0001555575DF 000000000555 00 0000 0000 1F",
		  "20 01 04 0040 0000000F97FF 0001555575DF 000000000555 00 0000 0000 1F 00", 1, 0, 8 },
		/* captured from a dongle of R2, three profiles */
		{ WFD_SET_R2,
		  "40 01 10 0040 00000001ffff 0001ffffffff 000000000fff 10 0000 001f 11, "
		  "01 20 0040 00000001ffff 0001ffffffff 000000000fff 10 0000 001f 11, "
		  "01 02 0040 00000001ffff 0001ffffffff 000000000fff 10 0000 001f 11 00",
		  "40 01 10 0040 00000001FFFF 0001FFFFFFFF 000000000FFF 10 0000 001F 11, "
		  "01 20 0040 00000001FFFF 0001FFFFFFFF 000000000FFF 10 0000 001F 11, "
		  "01 02 0040 00000001FFFF 0001FFFFFFFF 000000000FFF 10 0000 001F 11 00",
		  3, 0, 16 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
		struct wfd_video_formats formats;
		g_autofree char *written = NULL;

		parse_video(vectors[i].value, vectors[i].set, &formats);
		g_assert_cmpuint(formats.n_codecs, ==, vectors[i].n_codecs);
		g_assert_cmpuint(formats.native_table, ==, vectors[i].native_table);
		g_assert_cmpuint(formats.native_bit, ==, vectors[i].native_bit);
		written = wfd_video_formats_format(&formats);
		g_assert_cmpstr(written, ==,
				vectors[i].written ? vectors[i].written : vectors[i].value);
	}
}

static void test_video_fields(void)
{
	struct wfd_video_formats formats;
	const struct wfd_video_codec *codec = &formats.codecs[1];

	parse_video("0a 01 01 10 1 2 3 00 0000 0000 00 none none, "
		    "02 08 80000000 5 6 7 8 9 0A 0780 0438 surplus",
		    WFD_SET_R1, &formats);
	g_assert_cmpuint(formats.native_table, ==, WFD_TABLE_HH);
	g_assert_cmpuint(formats.native_bit, ==, 1);
	g_assert_cmpuint(formats.preferred, ==, 1);
	g_assert_cmpuint(codec->codec, ==, WFD_CODEC_H264);
	g_assert_cmpuint(codec->profile, ==, WFD_H264_PROFILE_CHP);
	g_assert_cmpuint(codec->level, ==, 0x08);
	g_assert_cmphex(codec->modes[WFD_TABLE_CEA], ==, 0x80000000);
	g_assert_cmphex(codec->modes[WFD_TABLE_VESA], ==, 5);
	g_assert_cmphex(codec->modes[WFD_TABLE_HH], ==, 6);
	g_assert_cmpuint(codec->latency, ==, 7);
	g_assert_cmpuint(codec->min_slice_size, ==, 8);
	g_assert_cmpuint(codec->slice_enc, ==, 9);
	g_assert_cmpuint(codec->frame_rate_control, ==, 10);
	g_assert_cmpuint(codec->max_hres, ==, 1920);
	g_assert_cmpuint(codec->max_vres, ==, 1080);
}

static void test_video_bad(void)
{
	static const char *const bad[] = {
		"",
		"40",
		"40 00",
		"40 00 01",
		"40 00 01 01 00000001 00000000 00000000 00 0000 0000",
		"40 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none,",
		"40 00 01 01 00000001 00000000 00000000 00 0000 0000 00 some none",
		"40 00 01 01 0000000g 00000000 00000000 00 0000 0000 00 none none",
		"40 00 01 01 100000000 00000000 00000000 00 0000 0000 00 none none",
		"40 00 01 01 11111111111111111 00000000 00000000 00 0000 0000 00 none none",
		"140 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none",
		"40 00 01 01 00000001 00000000 00000000 00 10000 0000 00 none none",
		"0x40 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none",
		"-1 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none",
		"none none",
	};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct wfd_video_formats formats = { .n_codecs = 7 };
		g_autoptr(GError) error = NULL;

		g_assert_false(wfd_video_formats_parse(bad[i], WFD_SET_R1, &formats, &error));
		g_assert_error(error, WFD_ERROR, WFD_ERROR_SYNTAX);
		g_assert_cmpuint(formats.n_codecs, ==, 0);
	}
}

static void test_video_too_many_codecs(void)
{
	g_autoptr(GString) value = g_string_new("00 00 ");
	struct wfd_video_formats formats;
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < WFD_VIDEO_MAX_CODECS; i++)
		g_string_append_printf(value, "%s01 01 1 0 0 00 0000 0000 00 none none",
				       i ? ", " : "");
	parse_video(value->str, WFD_SET_R1, &formats);
	g_assert_cmpuint(formats.n_codecs, ==, WFD_VIDEO_MAX_CODECS);
	g_string_append(value, ", 01 01 1 0 0 00 0000 0000 00 none none");
	g_assert_false(wfd_video_formats_parse(value->str, WFD_SET_R1, &formats, &error));
	g_assert_nonnull(strstr(error->message, "no more codecs"));
}

static void test_ms_video_formats(void)
{
	guint64 mask;

	g_assert_true(wfd_ms_video_formats_parse("0000001fffff", &mask, NULL));
	g_assert_cmphex(mask, ==, 0x1fffff);
	g_assert_true(wfd_ms_video_formats_parse("none", &mask, NULL));
	g_assert_cmphex(mask, ==, 0);
	g_assert_false(wfd_ms_video_formats_parse("1000000000000", &mask, NULL));
	g_assert_false(wfd_ms_video_formats_parse("", &mask, NULL));
}

static void test_audio_vectors(void)
{
	static const struct {
		const char *value;
		const char *written; /* NULL = the same */
		guint n_codecs;
	} vectors[] = {
		{ "none", NULL, 0 },
		{ "LPCM 00000003 00, AAC 00000001 00, AC3 00000000 00", NULL, 3 },
		{ "LPCM 00000003 00, AAC 0000000F 00, AC3 00000007 00", NULL, 3 },
		{ "AAC 00000001 00", NULL, 1 },
		{ "lpcm 000001ff 00", "LPCM 000001FF 00", 1 },
		{ "LPCM 2,AAC 1 0A", "LPCM 00000002 00, AAC 00000001 0A", 2 },
		/* codecs of R2 that are not known here are counted, not written */
		{ "AAC-ELDv2 00000001 00, LPCM 00000002 00, CTA 1 2 3 4", "LPCM 00000002 00", 3 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
		struct wfd_audio_codecs codecs;
		g_autofree char *written = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_true(wfd_audio_codecs_parse(vectors[i].value, &codecs, &error));
		g_assert_cmpuint(codecs.n_codecs, ==, vectors[i].n_codecs);
		written = wfd_audio_codecs_format(&codecs);
		g_assert_cmpstr(written, ==,
				vectors[i].written ? vectors[i].written : vectors[i].value);
	}
}

static void test_audio_bad(void)
{
	static const char *const bad[] = {
		"", "LPCM", "LPCM 00000003 00,", "LPCM 100000000 00", "LPCM 3 100", "LPCM x 00",
		"LPCM 3 00 AAC 1 00", "3 LPCM",
	};
	g_autoptr(GString) many = g_string_new("AAC 1 0");
	struct wfd_audio_codecs codecs;

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(wfd_audio_codecs_parse(bad[i], &codecs, &error));
		g_assert_error(error, WFD_ERROR, WFD_ERROR_SYNTAX);
		g_assert_cmpuint(codecs.n_codecs, ==, 0);
	}
	for (int i = 0; i < WFD_AUDIO_MAX_CODECS; i++)
		g_string_append(many, ", AAC 1 0");
	g_assert_false(wfd_audio_codecs_parse(many->str, &codecs, NULL));
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/formats/6.1.3/video-vectors", test_video_vectors);
	g_test_add_func("/wfd/formats/6.1.3/video-fields", test_video_fields);
	g_test_add_func("/wfd/formats/6.1.3/video-bad", test_video_bad);
	g_test_add_func("/wfd/formats/6.1.3/video-too-many", test_video_too_many_codecs);
	g_test_add_func("/wfd/formats/wfdpe-2.7.1.2", test_ms_video_formats);
	g_test_add_func("/wfd/formats/6.1.2/audio-vectors", test_audio_vectors);
	g_test_add_func("/wfd/formats/6.1.2/audio-bad", test_audio_bad);
	return g_test_run();
}
