/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an M3 answer to the mode list and to M4. */
#include <string.h>

#include "wfd-negotiate.h"

#define PORTS "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"
#define TAIL " 00 0000 0000 00 none none\r\n"

static const struct wfd_encoder_limits no_limits = {
	.h264_profiles = WFD_H264_PROFILE_CBP | WFD_H264_PROFILE_CHP,
	.max_level = WFD_LEVEL_5_2,
	.audio = 1 << WFD_AUDIO_AAC | 1 << WFD_AUDIO_LPCM | 1 << WFD_AUDIO_AC3,
};

static wfd_sink_caps *sink(const char *lines)
{
	g_autofree char *body = g_strconcat(lines, PORTS, NULL);
	g_autoptr(GError) error = NULL;
	wfd_sink_caps *caps = wfd_sink_caps_parse(body, strlen(body), &error);

	g_assert_no_error(error);
	return caps;
}

/* The list as text: "1920x1080p60 1280x720p60 ..." */
static char *mode_list(const wfd_sink_caps *caps, const struct wfd_encoder_limits *limits)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) choices = wfd_negotiate_modes(caps, limits, &error);
	GString *text = g_string_new(NULL);

	g_assert_no_error(error);
	for (guint i = 0; i < choices->len; i++) {
		g_autofree char *mode =
			wfd_mode_to_string(g_array_index(choices, struct wfd_mode_choice, i).mode);

		g_string_append_printf(text, "%s%s", i ? " " : "", mode);
	}
	return g_string_free(text, FALSE);
}

static void assert_modes(const char *lines, const struct wfd_encoder_limits *limits,
			 const char *expected)
{
	g_autoptr(wfd_sink_caps) caps = sink(lines);
	g_autofree char *modes = mode_list(caps, limits);

	g_assert_cmpstr(modes, ==, expected);
}

static void test_order(void)
{
	/* native 720p60 (bit 6); also 480p, 1080p30, 1080p60, 1080i60 */
	assert_modes("wfd_video_formats: 30 00 02 10 000003C3 00000000 00000000" TAIL, &no_limits,
		     "1280x720p60 1920x1080p60 1920x1080p30 720x480p60 640x480p60");
	/* CEA and VESA together, by pixels per second */
	assert_modes("wfd_video_formats: 40 00 02 10 00000101 00002002 00000000" TAIL, &no_limits,
		     "1920x1080p60 1366x768p60 800x600p60 640x480p60");
}

/* 00 is what sinks write that do not care; it must not make 640x480 the first mode. */
static void test_native_not_said(void)
{
	assert_modes("wfd_video_formats: 00 00 02 10 00000181 00000000 00000000" TAIL, &no_limits,
		     "1920x1080p60 1920x1080p30 640x480p60");
}

/* Not common itself, below 30 Hz, or interlaced: the size counts. */
static void test_native_size(void)
{
	/* native 1080p60, but the masks have 1080p30 and 1280x1024p60 (more pixels per second) */
	assert_modes("wfd_video_formats: 40 00 02 10 00000081 00008000 00000000" TAIL, &no_limits,
		     "1920x1080p30 1280x1024p60 640x480p60");
	/* R2 native 40 is bit 16 = 1080p24: meant is bit 8 */
	assert_modes("wfd2_video_formats: 40 01 02 0080 000000210101 000000000000 000000000000 00 "
		     "0000 0000 00 00\r\n",
		     &no_limits, "1920x1080p60 3840x2160p60 1920x1080p24 640x480p60");
	/* native 1080i60 (bit 9) */
	assert_modes("wfd_video_formats: 48 00 02 10 00000281 00000000 00000000" TAIL, &no_limits,
		     "1920x1080p30 640x480p60");
	/* a reserved table */
	assert_modes("wfd_video_formats: 47 00 02 10 00000041 00000000 00000000" TAIL, &no_limits,
		     "1280x720p60 640x480p60");
}

static void test_mandatory_mode(void)
{
	struct wfd_encoder_limits tiny = no_limits;
	g_autoptr(wfd_sink_caps) caps =
		sink("wfd_video_formats: 40 00 02 10 00000100 00000000 00000000" TAIL);
	g_autoptr(GError) error = NULL;

	assert_modes("wfd_video_formats: 00 00 01 01 00000000 00000000 00000000" TAIL, &no_limits,
		     "640x480p60");
	/* even if there is nothing but H.265 */
	assert_modes("wfd2_video_formats: 20 02 01 0008 000000000100 0 0 00 0000 0000 00 00\r\n",
		     &no_limits, "640x480p60");
	tiny.max_width = 320;
	g_assert_null(wfd_negotiate_modes(caps, &tiny, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_NO_MATCH);
}

static void test_limits(void)
{
	static const char lines[] =
		"wfd_video_formats: 40 00 03 10 000001C1 00000002 00000000" TAIL;
	struct wfd_encoder_limits limits = no_limits;

	limits.max_pixel_rate = 1920 * 1080 * 30;
	assert_modes(lines, &limits, "1920x1080p30 1280x720p60 800x600p60 640x480p60");
	/* Nothing that it keeps up with: the lightest that the sink has named. */
	assert_modes("wfd_video_formats: 40 00 03 10 00000100 0002a000 00000000" TAIL, &limits,
		     "1366x768p60");
	/* A native mode that it does not keep up with is not offered, so not preferred. */
	limits.software = TRUE;
	limits.max_pixel_rate = 110000000;
	assert_modes("wfd2_video_formats: a8 01 03 0080 0000002001c1 000000000000 000000000000 00 0000 "
		     "0000 00 00\r\n", &limits, "1920x1080p30 1280x720p60 640x480p60");
	limits = no_limits;
	limits.max_width = 1280;
	assert_modes(lines, &limits, "1280x720p60 800x600p60 640x480p60");
	limits = no_limits;
	limits.max_level = WFD_LEVEL_3_1;
	assert_modes(lines, &limits, "640x480p60");
	/* Software: what is heavier than 1080p30 goes to the end, unless it is native. */
	limits = no_limits;
	limits.software = TRUE;
	assert_modes(lines, &limits,
		     "1920x1080p60 1920x1080p30 1280x720p60 800x600p60 640x480p60");
	assert_modes("wfd_video_formats: 00 00 03 10 000001C1 00000000 00000000" TAIL, &limits,
		     "1920x1080p30 1280x720p60 640x480p60 1920x1080p60");
}

/* A level below Table 10's minimum takes the mode out, whatever the mask says. */
static void test_sink_level(void)
{
	assert_modes("wfd_video_formats: 00 00 01 02 000001C1 00000000 00000000" TAIL, &no_limits,
		     "1280x720p60 640x480p60");
	/* With 3.2 Table 10 allows 1080p24 and 1080p25, H.264 does not; with 4.2 1920x1200p30. */
	assert_modes("wfd_video_formats: 00 00 01 02 00011041 00000000 00000000" TAIL, &no_limits,
		     "1280x720p60 640x480p60");
	assert_modes("wfd_video_formats: 00 00 01 04 00011041 00000000 00000000" TAIL, &no_limits,
		     "1280x720p60 1920x1080p25 1920x1080p24 640x480p60");
	assert_modes("wfd_video_formats: 00 00 02 10 00000001 10000000 00000000" TAIL, &no_limits,
		     "640x480p60");
	assert_modes("wfd2_video_formats: 00 01 02 0020 000000000001 000010000000 0 00 0000 0000 00 00\r\n",
		     &no_limits, "1920x1200p30 640x480p60");
	/* no level at all */
	assert_modes("wfd_video_formats: 00 00 01 00 00010001 00000000 00000000" TAIL, &no_limits,
		     "640x480p60");
}

/* Every mode with every level that a sink can name: what is promised is true of the stream. */
static void test_promised_levels(void)
{
	static const char *const formats[] = {
		"wfd_video_formats: 00 00 %02x %02x 0001ffff 1fffffff 00000fff" TAIL,
		"wfd2_video_formats: 00 01 %02x %04x 000007ffffff 0003ffffffff 000000000fff 00 0000 "
		"0000 00 00\r\n",
		"wfdx_video_formats: 0000 00 %04x %04x 0007ffffff 01ffffffff 0000000fff" TAIL,
	};
	guint promised = 0;

	for (guint i = 0; i < G_N_ELEMENTS(formats) * WFD_N_LEVELS * 2; i++) {
		guint profile = i % 2 ? WFD_H264_PROFILE_CHP : WFD_H264_PROFILE_CBP;
		int sink_level = i / 2 % WFD_N_LEVELS;
		g_autofree char *lines = g_strdup_printf(formats[i / 2 / WFD_N_LEVELS], profile,
							 wfd_level_to_bit(sink_level));
		g_autoptr(wfd_sink_caps) caps = sink(lines);
		g_autoptr(GArray) choices = wfd_negotiate_modes(caps, &no_limits, NULL);

		g_assert_nonnull(choices);
		for (guint c = 0; c < choices->len; c++) {
			const struct wfd_mode_choice *choice =
				&g_array_index(choices, struct wfd_mode_choice, c);
			const struct wfd_mode *mode = choice->mode;

			g_assert_cmpint(choice->level, <=, sink_level);
			g_assert_cmpint(choice->level, >=, mode->min_level);
			g_assert_cmpint(choice->level, >=,
					wfd_level_for(mode->width, mode->height, mode->refresh_hz));
			promised++;
		}
	}
	g_assert_cmpuint(promised, >, 1000);
}

static void test_profile_choice(void)
{
	g_autoptr(wfd_sink_caps) caps = sink(
		"wfd_video_formats: 40 00 01 10 00000101 00000000 00000000 00 0000 0000 17 none none, "
		"02 04 00000081 00000000 00000000 00 0000 0000 00 none none\r\n");
	struct wfd_mode_request request = { 1920, 1080, 60000 };
	struct wfd_encoder_limits limits = no_limits;
	struct wfd_selection selection;

	/* 1080p60 is Baseline only */
	g_assert_true(wfd_negotiate(caps, &limits, &request, &selection, NULL));
	g_assert_cmpuint(selection.profile, ==, WFD_H264_PROFILE_CBP);
	g_assert_cmpint(selection.level, ==, WFD_LEVEL_4_2);
	g_assert_cmphex(selection.frame_rate_control, ==, 0x07);
	/* 1080p30 is High only */
	request.refresh_mhz = 29970;
	g_assert_true(wfd_negotiate(caps, &limits, &request, &selection, NULL));
	g_assert_cmpuint(selection.profile, ==, WFD_H264_PROFILE_CHP);
	g_assert_cmpint(selection.level, ==, WFD_LEVEL_4);
	g_assert_cmphex(selection.frame_rate_control, ==, 0);
	/* both have 640x480: High if the encoder can */
	request = (struct wfd_mode_request){ 640, 480, 0 };
	g_assert_true(wfd_negotiate(caps, &limits, &request, &selection, NULL));
	g_assert_cmpuint(selection.profile, ==, WFD_H264_PROFILE_CHP);
	limits.h264_profiles = 0;
	g_assert_true(wfd_negotiate(caps, &limits, &request, &selection, NULL));
	g_assert_cmpuint(selection.profile, ==, WFD_H264_PROFILE_CBP);
	g_assert_cmpint(selection.level, ==, WFD_LEVEL_3_1);
}

/* Only of sinks that take them, no smaller than they say, and no more than both can do. */
static void test_slices(void)
{
	static const struct {
		const char *tail, *told; /* latency to frame rate control, of M3 and of M4 */
		guint able;
		guint width;
		guint slices;
	} cases[] = {
		{ "00 0000 0000 00", "00 0000 0000 00", 4, 1920, 0 },
		{ "00 0000 0003 00", "00 0000 0000 00", 4, 1920, 0 },
		/* 68 rows of 120, 45 of 80: of one size, or nearly where the sink lets them be. */
		{ "00 0078 0003 00", "00 07F8 0003 00", 4, 1920, 4 },
		{ "00 0078 000F 00", "00 07F8 0003 00", 4, 1920, 4 },
		{ "00 0078 0001 00", "00 0FF0 0001 00", 4, 1920, 2 },
		{ "00 0078 0000 00", "00 0000 0000 00", 4, 1920, 0 },
		{ "00 0078 0003 00", "00 04B0 0002 00", 4, 1280, 3 },
		{ "00 0078 0803 00", "00 0370 0803 00", 4, 1280, 4 },
		{ "00 0900 0003 00", "00 0FF0 0001 00", 4, 1920, 2 },
		{ "00 FFFF 0003 00", "00 0000 0000 00", 4, 1920, 0 },
		{ "00 0078 0003 00", "00 0000 0000 00", 1, 1920, 0 },
		{ "00 0078 0003 00", "00 0000 0000 00", 0, 1920, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *lines = g_strdup_printf(
			"wfd_video_formats: 38 00 02 10 000001A1 00000000 00000000 %s none none\r\n", cases[i].tail);
		g_autoptr(wfd_sink_caps) caps = sink(lines);
		struct wfd_encoder_limits limits = no_limits;
		const struct wfd_mode_request request = { cases[i].width, cases[i].width * 9 / 16, 30000 };
		struct wfd_selection selection;
		g_autoptr(wfd_params) params = NULL;
		g_autoptr(GError) error = NULL;

		limits.slices = cases[i].able;
		g_assert_true(wfd_negotiate(caps, &limits, &request, &selection, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(selection.slices, ==, cases[i].slices);
		params = wfd_m4_params(&selection, &caps->rtp_ports, "x none");
		g_assert_nonnull(strstr(wfd_params_get(params, "wfd_video_formats"), cases[i].told));
	}
}

static void test_request_refused(void)
{
	g_autoptr(wfd_sink_caps) caps =
		sink("wfd_video_formats: 40 00 01 10 00000101 00000000 00000000" TAIL);
	const struct wfd_mode_request request = { 1600, 1200, 60000 };
	struct wfd_selection selection;
	g_autoptr(GError) error = NULL;

	g_assert_false(wfd_negotiate(caps, &no_limits, &request, &selection, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_NO_MATCH);
	g_assert_nonnull(strstr(error->message, "1600x1200 at 60.000 Hz"));
	g_assert_null(selection.mode);
	g_assert_true(wfd_negotiate(caps, &no_limits, NULL, &selection, NULL));
	g_assert_cmpuint(selection.mode->width, ==, 1920);
}

/* R1 where it can name the mode, R2 beyond; never R1 beside wfdx ([MS-WFDPE] 2.7.1.1). */
static void test_numbering(void)
{
	g_autoptr(wfd_sink_caps) r2 = sink(
		"wfd_video_formats: 40 00 02 10 00000101 00000000 00000000" TAIL
		"wfd2_video_formats: 20 01 02 0080 000000200101 0 0 00 0000 0000 00 00\r\n");
	g_autoptr(wfd_sink_caps) x = sink(
		"wfd_video_formats: 40 00 02 10 00000101 00000000 00000000" TAIL
		"wfdx_video_formats: 0040 00 0002 0080 0000040101 0 0" TAIL);
	const struct wfd_mode_request full_hd = { 1920, 1080, 60000 };
	const struct wfd_mode_request uhd = { 3840, 2160, 60000 };
	struct wfd_selection selection;

	g_assert_true(wfd_negotiate(r2, &no_limits, &full_hd, &selection, NULL));
	g_assert_cmpint(selection.set, ==, WFD_SET_R1);
	g_assert_true(wfd_negotiate(r2, &no_limits, &uhd, &selection, NULL));
	g_assert_cmpint(selection.set, ==, WFD_SET_R2);
	g_assert_cmpuint(selection.mode->bit, ==, 21);
	g_assert_true(wfd_negotiate(x, &no_limits, &full_hd, &selection, NULL));
	g_assert_cmpint(selection.set, ==, WFD_SET_X);
	g_assert_true(wfd_negotiate(x, &no_limits, &uhd, &selection, NULL));
	g_assert_cmpuint(selection.mode->bit, ==, 18);
	g_assert_cmpint(selection.level, ==, WFD_LEVEL_5_2);
}

static void assert_audio_of(const char *line, guint available, guint six, enum wfd_audio_format format,
			    guint32 mode, gboolean r2)
{
	const struct wfd_encoder_limits limits = { .audio = available, .audio_six = six };
	g_autofree char *lines = g_strconcat(
		"wfd_video_formats: 40 00 01 10 00000101 00000000 00000000" TAIL, line, NULL);
	g_autoptr(wfd_sink_caps) caps = sink(lines);
	struct wfd_selection selection;

	wfd_negotiate_audio(caps, &limits, &selection);
	g_assert_cmpint(selection.audio_format, ==, format);
	g_assert_cmphex(selection.audio_mode, ==, mode);
	g_assert_cmpint(selection.audio_r2, ==, r2);
}

static void assert_audio(const char *line, guint available, enum wfd_audio_format format,
			 guint32 mode, gboolean r2)
{
	assert_audio_of(line, available, 0, format, mode, r2);
}

/* Six channels only where an encoder has them, and then before two. */
static void test_six_channels(void)
{
	const char *all = "wfd_audio_codecs: LPCM 00000003 00, AAC 0000000f 00, AC3 00000007 00\r\n";
	const char *aac = "wfd_audio_codecs: LPCM 00000003 00, AAC 00000005 00\r\n";
	const char *ac3 = "wfd_audio_codecs: LPCM 00000002 00, AC3 00000005 00\r\n";
	const char *r2 = "wfd_audio_codecs: LPCM 00000003 00\r\nwfd2_audio_codecs: AC3 00000004 00\r\n";
	const guint both = 1 << WFD_AUDIO_AAC | 1 << WFD_AUDIO_AC3;
	const guint stereo = no_limits.audio;

	assert_audio_of(all, stereo, both, WFD_AUDIO_AC3, WFD_AC3_48K_16_6, FALSE);
	assert_audio_of(all, stereo, 1 << WFD_AUDIO_AAC, WFD_AUDIO_AAC, WFD_AAC_48K_16_6, FALSE);
	assert_audio_of(all, stereo, 0, WFD_AUDIO_AAC, WFD_AAC_48K_16_2, FALSE);
	assert_audio_of(aac, stereo, both, WFD_AUDIO_AAC, WFD_AAC_48K_16_6, FALSE);
	assert_audio_of(ac3, stereo, both, WFD_AUDIO_AC3, WFD_AC3_48K_16_6, FALSE);
	assert_audio_of(ac3, stereo, 1 << WFD_AUDIO_AAC, WFD_AUDIO_LPCM, WFD_LPCM_48K_16_2, FALSE);
	assert_audio_of(ac3, 1 << WFD_AUDIO_AC3, 0, WFD_AUDIO_AC3, WFD_AC3_48K_16_2, FALSE);
	assert_audio_of(r2, stereo, both, WFD_AUDIO_AC3, WFD_AC3_48K_16_6, TRUE);
}

static void test_audio_modes(void)
{
	static const struct {
		enum wfd_audio_format format;
		guint32 mode;
		guint rate, channels;
	} rows[] = {
		{ WFD_AUDIO_LPCM, WFD_LPCM_44K1_16_2, 44100, 2 }, { WFD_AUDIO_LPCM, WFD_LPCM_48K_16_2, 48000, 2 },
		{ WFD_AUDIO_AAC, WFD_AAC_48K_16_2, 48000, 2 },	  { WFD_AUDIO_AAC, WFD_AAC_48K_16_4, 48000, 4 },
		{ WFD_AUDIO_AAC, WFD_AAC_48K_16_6, 48000, 6 },	  { WFD_AUDIO_AAC, WFD_AAC_48K_16_8, 48000, 8 },
		{ WFD_AUDIO_AC3, WFD_AC3_48K_16_2, 48000, 2 },	  { WFD_AUDIO_AC3, WFD_AC3_48K_16_6, 48000, 6 },
		{ WFD_AUDIO_NONE, 0, 0, 0 },			  { WFD_AUDIO_OTHER, 1, 0, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_cmpuint(wfd_audio_rate(rows[i].format, rows[i].mode), ==, rows[i].rate);
		g_assert_cmpuint(wfd_audio_channels(rows[i].format, rows[i].mode), ==, rows[i].channels);
	}
}

static void test_audio(void)
{
	const guint all = no_limits.audio;
	const guint lpcm = 1 << WFD_AUDIO_LPCM;

	assert_audio("wfd_audio_codecs: LPCM 00000003 00, AAC 00000001 00\r\n", all, WFD_AUDIO_AAC,
		     WFD_AAC_48K_16_2, FALSE);
	assert_audio("wfd_audio_codecs: LPCM 00000003 00, AAC 00000001 00\r\n", lpcm,
		     WFD_AUDIO_LPCM, WFD_LPCM_48K_16_2, FALSE);
	assert_audio("wfd_audio_codecs: LPCM 00000001 00\r\n", all, WFD_AUDIO_LPCM,
		     WFD_LPCM_44K1_16_2, FALSE);
	assert_audio("wfd_audio_codecs: AC3 00000001 00\r\n", all, WFD_AUDIO_AC3, WFD_AC3_48K_16_2,
		     FALSE);
	/* surround only: none common, so the mandatory one */
	assert_audio("wfd_audio_codecs: AAC 00000004 00\r\n", all, WFD_AUDIO_LPCM,
		     WFD_LPCM_48K_16_2, FALSE);
	assert_audio("wfd_audio_codecs: AAC 00000001 00\r\n", lpcm, WFD_AUDIO_LPCM,
		     WFD_LPCM_48K_16_2, FALSE);
	assert_audio("wfd2_audio_codecs: LPCM 000001ff 00\r\n", all, WFD_AUDIO_LPCM,
		     WFD_LPCM_48K_16_2, TRUE);
	assert_audio("wfd_audio_codecs: none\r\n", all, WFD_AUDIO_NONE, 0, FALSE);
	/* left out: what every sink must have */
	assert_audio("", all, WFD_AUDIO_LPCM, WFD_LPCM_48K_16_2, FALSE);
	assert_audio("wfd_audio_codecs: LPCM 00000003 00\r\n", 0, WFD_AUDIO_NONE, 0, FALSE);
}

static void test_bitrate(void)
{
	const struct wfd_mode *vga = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 0);
	const struct wfd_mode *full_hd = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 8);
	const struct wfd_mode *uhd = wfd_mode_lookup(WFD_SET_R2, WFD_TABLE_CEA, 21);
	struct wfd_encoder_limits limits = no_limits;

#define SUGGEST(mode, level, max) \
	wfd_suggest_bitrate(mode, WFD_LEVEL_##level, WFD_H264_PROFILE_CBP, &limits, max)
	g_assert_cmpuint(SUGGEST(vga, 3_1, 0), ==, 640 * 480 * 60 * 15 / 100);
	g_assert_cmpuint(SUGGEST(full_hd, 4_2, 0), ==, 12000000); /* unknown link */
	limits.link_rate = 200000000;
	g_assert_cmpuint(SUGGEST(full_hd, 4_2, 0), ==, 9000000 + 64416000 * 6 / 100);
	g_assert_cmpuint(SUGGEST(uhd, 3_1, 0), ==, 14000000); /* level */
	g_assert_cmpuint(SUGGEST(full_hd, 4_2, 5000000), ==, 5000000); /* sink */
	limits.link_rate = 10000000;
	g_assert_cmpuint(SUGGEST(full_hd, 4_2, 0), ==, 7000000);
	limits.max_bitrate = 6000000;
	g_assert_cmpuint(SUGGEST(full_hd, 4_2, 0), ==, 6000000);
	limits.min_bitrate = 6500000;
	g_assert_cmpuint(SUGGEST(full_hd, 4_2, 0), ==, 6500000);
#undef SUGGEST
}

/* Twice the bit rate, as far as what bounds that allows. */
static void test_burst(void)
{
	struct wfd_encoder_limits limits = no_limits;

#define BURST(rate, level, max) wfd_burst_bitrate(rate, WFD_LEVEL_##level, WFD_H264_PROFILE_CBP, &limits, max)
	g_assert_cmpuint(BURST(9132480, 4_2, 0), ==, 2 * 9132480);
	g_assert_cmpuint(BURST(12000000, 4_2, 0), ==, 20000000); /* unknown link */
	limits.link_rate = 200000000;
	g_assert_cmpuint(BURST(12000000, 4_2, 0), ==, 24000000);
	g_assert_cmpuint(BURST(12000000, 3_1, 0), ==, 14000000); /* level */
	g_assert_cmpuint(BURST(9000000, 4_2, 11000000), ==, 11000000); /* sink */
	limits.link_rate = 20000000;
	g_assert_cmpuint(BURST(9000000, 4_2, 0), ==, 14000000); /* link */
	limits.max_bitrate = 10000000;
	g_assert_cmpuint(BURST(9000000, 4_2, 0), ==, 10000000); /* user */
	/* Where the least bit rate is more than that. */
	g_assert_cmpuint(BURST(11000000, 4_2, 0), ==, 11000000);
#undef BURST
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/negotiate/M3/order", test_order);
	g_test_add_func("/wfd/negotiate/M3/native-not-said", test_native_not_said);
	g_test_add_func("/wfd/negotiate/M3/native-size", test_native_size);
	g_test_add_func("/wfd/negotiate/3.4.2/mandatory-mode", test_mandatory_mode);
	g_test_add_func("/wfd/negotiate/M3/encoder-limits", test_limits);
	g_test_add_func("/wfd/negotiate/table-10/sink-level", test_sink_level);
	g_test_add_func("/wfd/negotiate/table-a-1/promised-levels", test_promised_levels);
	g_test_add_func("/wfd/negotiate/M4/profile", test_profile_choice);
	g_test_add_func("/wfd/negotiate/6.1.3/slices", test_slices);
	g_test_add_func("/wfd/negotiate/M4/request-refused", test_request_refused);
	g_test_add_func("/wfd/negotiate/M4/numbering", test_numbering);
	g_test_add_func("/wfd/negotiate/3.4.1/audio", test_audio);
	g_test_add_func("/wfd/negotiate/six-channels", test_six_channels);
	g_test_add_func("/wfd/negotiate/audio-modes", test_audio_modes);
	g_test_add_func("/wfd/negotiate/M4/bitrate", test_bitrate);
	g_test_add_func("/wfd/negotiate/M4/burst", test_burst);
	return g_test_run();
}
