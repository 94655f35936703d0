/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* M3: the request and what sinks answer.  M4: the body. */
#include <string.h>

#include "wfd-caps.h"

#define VIDEO "wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none\r\n"
#define PORTS "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"

static wfd_sink_caps *parse(const char *body)
{
	g_autoptr(GError) error = NULL;
	wfd_sink_caps *caps = wfd_sink_caps_parse(body, strlen(body), &error);

	g_assert_no_error(error);
	g_assert_nonnull(caps);
	return caps;
}

static void test_m3_request(void)
{
	g_autofree char *minimal = NULL;
	g_autofree char *full = NULL;
	g_autoptr(wfd_params) params = NULL;
	gsize len;

	minimal = wfd_m3_request_body(WFD_M3_MINIMAL, &len);
	g_assert_cmpstr(minimal, ==,
			"wfd_video_formats\r\nwfd_audio_codecs\r\nwfd_client_rtp_ports\r\n");
	g_assert_cmpuint(len, ==, strlen(minimal));

	full = wfd_m3_request_body(WFD_M3_FULL, &len);
	g_assert_true(g_str_has_prefix(full, minimal));
	params = wfd_params_parse(full, len, NULL);
	g_assert_true(wfd_params_has(params, "wfd2_video_formats"));
	g_assert_true(wfd_params_has(params, "wfd_display_edid"));
	g_assert_true(wfd_params_has(params, "intel_friendly_name"));
	g_assert_true(wfd_params_has(params, "microsoft_max_bitrate"));
	for (guint i = 0; i < wfd_params_n(params); i++)
		g_assert_null(wfd_params_at(params, i).value);
}

/* A sink with the R2 and the Microsoft parameters, as a public implementation answers. */
static void test_m3_answer_r2_and_microsoft(void)
{
	g_autoptr(wfd_sink_caps) caps = parse(
		"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n"
		"wfd2_audio_codecs: LPCM 000001ff 00\r\n"
		"wfd2_video_formats: 40 01 04 0080 000001ffbdeb 000155557fff 000000000fff 10 0000 "
		"001f 11, 01 01 0080 000001ffbdeb 0001555557ff 000000000fff 10 0000 001f 11 00\r\n"
		"microsoft_video_formats: 0000001fffff\r\n"
		"wfd_content_protection: none\r\n"
		"wfd_connector_type: 05\r\n"
		"wfd_uibc_capability: input_category_list=HIDC;hidc_cap_list=Keyboard/USB, "
		"Mouse/USB, MultiTouch/USB, Gesture/USB, RemoteControl/USB, "
		"Joystick/USB;port=none\r\n"
		"wfd2_rotation_capability: supported\r\n"
		"wfd_idr_request_capability: 1\r\n"
		"microsoft_latency_management_capability: none\r\n"
		"microsoft_format_change_capability: supported\r\n"
		"microsoft_diagnostics_capability: supported\r\n"
		"microsoft_multiscreen_projection: supported\r\n"
		"microsoft_audio_mute: supported\r\n"
		"microsoft_cursor: none 0100 0100 4abf\r\n"
		"microsoft_rtcp_capability: supported\r\n"
		"microsoft_max_bitrate: 200000000\r\n");

	g_assert_cmpuint(caps->problems->len, ==, 0);
	g_assert_true(caps->has_video);
	g_assert_true(caps->has_audio);
	g_assert_cmpuint(caps->video.n_codecs, ==, 0);
	g_assert_cmpuint(caps->video2.n_codecs, ==, 2);
	g_assert_cmpuint(caps->audio2.codecs[0].modes, ==, 0x1ff);
	g_assert_cmpuint(caps->rtp_ports.port0, ==, 1028);
	g_assert_cmphex(caps->ms_modes, ==, 0x1fffff);
	g_assert_cmpint(caps->connector_type, ==, 5);
	g_assert_false(caps->no_panel);
	g_assert_cmpuint(caps->uibc.n_hidc, ==, 6);
	g_assert_true(caps->idr_requests);
	g_assert_false(caps->latency_management);
	g_assert_true(caps->format_change);
	g_assert_true(caps->diagnostics);
	g_assert_true(caps->multiscreen);
	g_assert_true(caps->audio_mute);
	g_assert_true(caps->cursor.supported);
	g_assert_true(caps->rtcp);
	g_assert_cmpuint(caps->max_bitrate, ==, 200000000);
	g_assert_null(caps->edid);
	g_assert_null(caps->friendly_name);
}

/* LG answers wfd_audio_codecs next to wfd2_video_formats. */
static void test_m3_answer_mixed_releases(void)
{
	g_autoptr(wfd_sink_caps) caps = parse(
		"wfd2_video_formats: 20 01 04 0040 0000000F97FF 0001555575DF 000000000555 00 0000 "
		"0000 1F 00\r\n"
		"wfd_audio_codecs: AAC 00000001 00\r\n" PORTS);

	g_assert_cmpuint(caps->video2.n_codecs, ==, 1);
	g_assert_cmpint(caps->audio.codecs[0].format, ==, WFD_AUDIO_AAC);
	g_assert_true(caps->has_audio);
}

static void test_m3_answer_defects_are_kept_small(void)
{
	g_autoptr(wfd_sink_caps) caps = parse(
		VIDEO PORTS
		"wfd_audio_codecs: gibberish\r\n"
		"wfd_display_edid: 0002 00ff\r\n"
		"wfd_connector_type: 77777\r\n"
		"intel_friendly_name: \xff\xfeTV\r\n"
		"intel_sink_model_name: none\r\n"
		"microsoft_max_bitrate: 8000\r\n"
		"wfd_vendor_extension: whatever\r\n");

	g_assert_cmpuint(caps->problems->len, ==, 3);
	/* an unknown codec is no codec that could be chosen, but the sink has audio */
	g_assert_true(caps->has_audio);
	g_assert_cmpint(caps->audio.codecs[0].format, ==, WFD_AUDIO_LPCM);
	g_assert_null(caps->edid);
	g_assert_cmpint(caps->connector_type, ==, -1);
	g_assert_false(caps->no_panel);
	g_assert_true(g_utf8_validate(caps->friendly_name, -1, NULL));
	g_assert_true(g_str_has_suffix(caps->friendly_name, "TV"));
	g_assert_null(caps->model_name);
	g_assert_cmpuint(caps->max_bitrate, ==, 8000000);
}

static gboolean has_problem(const wfd_sink_caps *caps, const char *words)
{
	for (guint i = 0; i < caps->problems->len; i++) {
		if (strstr(caps->problems->pdata[i], words))
			return TRUE;
	}
	return FALSE;
}

/* Left out, cut short in a way that loses the masks, or what the oldest test sinks say. */
static void test_m3_answer_falls_back(void)
{
	static const char *const answers[] = {
		PORTS,
		"wfd_video_formats: xxx\r\nwfd_audio_codecs: xxx\r\n" PORTS,
		"wfd_video_formats: 40 00 0\r\nwfd_audio_codecs: LPCM\r\n" PORTS,
		"wfd_video_formats: zz zz banana\r\nwfd_audio_codecs:\r\n" PORTS,
		"wfd_video_formats\r\nwfd_audio_codecs\r\n" PORTS,
	};

	for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(wfd_sink_caps) caps = parse(answers[i]);

		g_assert_true(caps->has_video);
		g_assert_cmpuint(caps->video.n_codecs, ==, 1);
		g_assert_cmphex(caps->video.codecs[0].profile, ==, WFD_H264_PROFILE_CBP);
		g_assert_cmpint(wfd_level_from_bits(caps->video.codecs[0].level), ==, WFD_LEVEL_3_1);
		g_assert_cmphex(caps->video.codecs[0].modes[WFD_TABLE_CEA], ==, 1);
		g_assert_cmphex(caps->video.codecs[0].modes[WFD_TABLE_VESA], ==, 0);
		g_assert_true(has_problem(caps, "640x480p60"));
		g_assert_true(caps->has_audio);
		g_assert_cmpuint(caps->audio.n_codecs, ==, 1);
		g_assert_cmpint(caps->audio.codecs[0].format, ==, WFD_AUDIO_LPCM);
		g_assert_cmphex(caps->audio.codecs[0].modes, ==, WFD_LPCM_48K_16_2);
		g_assert_true(has_problem(caps, "LPCM"));
	}
}

/* A display without sound says so, and is believed. */
static void test_m3_answer_none_is_none(void)
{
	g_autoptr(wfd_sink_caps) caps = parse(VIDEO "wfd_audio_codecs: none\r\n" PORTS);

	g_assert_false(caps->has_audio);
	g_assert_cmpuint(caps->audio.n_codecs, ==, 0);
	g_assert_cmpuint(caps->problems->len, ==, 0);
}

/* As a public sink answers: nothing behind the masks. */
static void test_m3_answer_seven_fields(void)
{
	g_autoptr(wfd_sink_caps) caps = parse(
		"wfd_video_formats: 00 00 01 10 0001bde1 00300000 000003c0\r\n"
		"wfd_audio_codecs: AAC 00000001 00\r\n" PORTS);

	g_assert_cmpuint(caps->video.n_codecs, ==, 1);
	g_assert_cmphex(caps->video.codecs[0].modes[WFD_TABLE_CEA], ==, 0x1bde1);
	g_assert_cmphex(caps->video.codecs[0].modes[WFD_TABLE_HH], ==, 0x3c0);
	g_assert_cmpint(wfd_level_from_bits(caps->video.codecs[0].level), ==, WFD_LEVEL_4_2);
	g_assert_cmphex(caps->video.codecs[0].frame_rate_control, ==, 0);
	g_assert_true(has_problem(caps, "end with their masks"));
}

static void assert_unusable(const char *body, const char *words)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(wfd_sink_caps_parse(body, strlen(body), &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_MISSING);
	g_assert_nonnull(strstr(error->message, words));
}

static void test_m3_answer_unusable(void)
{
	g_autoptr(GError) error = NULL;

	assert_unusable("", "wfd_client_rtp_ports");
	assert_unusable("wfd_video_formats: none\r\n" PORTS, "shows no video");
	assert_unusable(VIDEO, "wfd_client_rtp_ports");
	assert_unusable(VIDEO "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 0 0 mode=play\r\n",
			"a port from 1 to 65535");
	g_assert_null(wfd_sink_caps_parse("a\0b", 3, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_SYNTAX);
}

static void test_m4_body(void)
{
	struct wfd_selection selection = {
		.mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 8),
		.set = WFD_SET_R1,
		.profile = WFD_H264_PROFILE_CHP,
		.level = WFD_LEVEL_4_2,
		.frame_rate_control = 0x01,
		.audio_format = WFD_AUDIO_AAC,
		.audio_mode = WFD_AAC_48K_16_2,
	};
	const struct wfd_rtp_ports ports = { .port0 = 19000 };
	g_autofree char *url = wfd_presentation_url_format("192.168.49.1", 0);
	g_autoptr(wfd_params) params = wfd_m4_params(&selection, &ports, url);
	g_autofree char *body = wfd_params_format(params, NULL);

	g_assert_cmpstr(body, ==,
			"wfd_video_formats: 00 00 02 10 00000100 00000000 00000000 00 0000 0000 01 "
			"none none\r\n"
			"wfd_audio_codecs: AAC 00000001 00\r\n"
			"wfd_presentation_URL: rtsp://192.168.49.1/wfd1.0/streamid=0 none\r\n"
			"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n");
}

static void test_m4_body_r2_and_x(void)
{
	struct wfd_selection selection = {
		.mode = wfd_mode_lookup(WFD_SET_R2, WFD_TABLE_CEA, 21),
		.set = WFD_SET_R2,
		.profile = WFD_H264_PROFILE_CBP,
		.level = WFD_LEVEL_5_2,
		.audio_format = WFD_AUDIO_LPCM,
		.audio_mode = WFD_LPCM_48K_16_2,
		.audio_r2 = TRUE,
	};
	const struct wfd_rtp_ports ports = { .port0 = 1028 };
	g_autoptr(wfd_params) r2 = wfd_m4_params(&selection, &ports, "none none");
	g_autoptr(wfd_params) x = NULL;

	g_assert_cmpstr(wfd_params_get(r2, "wfd2_video_formats"), ==,
			"00 01 01 0080 000000200000 000000000000 000000000000 00 0000 0000 00 00");
	g_assert_cmpstr(wfd_params_get(r2, "wfd2_audio_codecs"), ==, "LPCM 00000002 00");
	g_assert_false(wfd_params_has(r2, "wfd_video_formats"));

	selection.mode = wfd_mode_lookup(WFD_SET_X, WFD_TABLE_CEA, 18);
	selection.set = WFD_SET_X;
	selection.audio_format = WFD_AUDIO_NONE;
	x = wfd_m4_params(&selection, &ports, "none none");
	g_assert_cmpstr(wfd_params_get(x, "wfdx_video_formats"), ==,
			"0000 00 0001 0080 0000040000 0000000000 00000000 00 0000 0000 00 none none");
	g_assert_false(wfd_params_has(x, "wfd_video_formats"));
	g_assert_false(wfd_params_has(x, "wfd_audio_codecs"));
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/caps/M3/request", test_m3_request);
	g_test_add_func("/wfd/caps/M3/answer-r2-microsoft", test_m3_answer_r2_and_microsoft);
	g_test_add_func("/wfd/caps/M3/answer-mixed-releases", test_m3_answer_mixed_releases);
	g_test_add_func("/wfd/caps/M3/answer-defects", test_m3_answer_defects_are_kept_small);
	g_test_add_func("/wfd/caps/M3/answer-falls-back", test_m3_answer_falls_back);
	g_test_add_func("/wfd/caps/M3/answer-none", test_m3_answer_none_is_none);
	g_test_add_func("/wfd/caps/M3/answer-seven-fields", test_m3_answer_seven_fields);
	g_test_add_func("/wfd/caps/M3/answer-unusable", test_m3_answer_unusable);
	g_test_add_func("/wfd/caps/M4/6.4.4-body", test_m4_body);
	g_test_add_func("/wfd/caps/M4/body-r2-wfdx", test_m4_body_r2_and_x);
	return g_test_run();
}
