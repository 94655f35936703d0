/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An M3 answer all the way: capabilities, mode list, EDID, and M4 for every mode. */
#include "fuzz.h"
#include "wfd-edid.h"
#include "wfd-negotiate.h"

static const struct wfd_encoder_limits limits = {
	.h264_profiles = WFD_H264_PROFILE_CBP | WFD_H264_PROFILE_CHP,
	.max_level = WFD_LEVEL_5_2,
	.audio = 1 << WFD_AUDIO_AAC | 1 << WFD_AUDIO_LPCM,
};

static void check_m4(const wfd_sink_caps *caps, const struct wfd_mode_choice *choice)
{
	const struct wfd_mode_request request = {
		choice->mode->width, choice->mode->height, choice->mode->refresh_hz * 1000,
	};
	g_autoptr(wfd_params) params = NULL;
	struct wfd_selection selection;
	struct wfd_video_formats formats;
	const char *value;

	g_assert_true(wfd_negotiate(caps, &limits, &request, &selection, NULL));
	g_assert_true(selection.mode == choice->mode);
	g_assert_cmpuint(selection.bitrate, >, 0);
	params = wfd_m4_params(&selection, &caps->rtp_ports, "none none");

	/* A sink that is as strict as we are finds exactly this mode in it. */
	value = wfd_params_at(params, 0).value;
	g_assert_true(wfd_video_formats_parse(value, selection.set, &formats, NULL));
	g_assert_cmpuint(formats.n_codecs, ==, 1);
	g_assert_true(formats.codecs[0].modes[choice->mode->table] ==
		      G_GUINT64_CONSTANT(1) << choice->mode->bit);
}

static void check_edid(const GArray *choices)
{
	const struct wfd_mode *modes[WFD_EDID_MAX_MODES];
	struct wfd_edid_desc desc = { .modes = modes };
	g_autoptr(GBytes) edid = NULL;

	for (; desc.n_modes < MIN(choices->len, WFD_EDID_MAX_MODES); desc.n_modes++)
		modes[desc.n_modes] =
			g_array_index(choices, struct wfd_mode_choice, desc.n_modes).mode;
	edid = wfd_edid_build(&desc, NULL, NULL);
	g_assert_nonnull(edid);
	g_assert_true(wfd_edid_check(g_bytes_get_data(edid, NULL), g_bytes_get_size(edid), NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(wfd_sink_caps) caps = wfd_sink_caps_parse(data, size, NULL);
	g_autoptr(GArray) choices = NULL;

	if (!caps)
		return 0;
	choices = wfd_negotiate_modes(caps, &limits, NULL);
	g_assert_nonnull(choices);
	g_assert_cmpuint(choices->len, >, 0);
	for (guint i = 0; i < choices->len; i++)
		check_m4(caps, &g_array_index(choices, struct wfd_mode_choice, i));
	check_edid(choices);
	return 0;
}
