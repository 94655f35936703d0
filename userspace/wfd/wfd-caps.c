/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wfd-caps.h"
#include "wfd-scan.h"

/* Longest friendly name, model, ... that is kept; [MS-WFDPE] says 32 for most. */
#define MAX_STRING 256

typedef gboolean (*parse_func)(wfd_sink_caps *caps, const char *value, GError **error);

static void add_problem(wfd_sink_caps *caps, const char *text)
{
	g_ptr_array_add(caps->problems, g_strdup(text));
}

static gboolean parse_formats(wfd_sink_caps *caps, const char *value, enum wfd_set set,
			      struct wfd_video_formats *formats, GError **error)
{
	if (!wfd_video_formats_parse(value, set, formats, error))
		return FALSE;
	if (formats->cut)
		add_problem(caps, "video formats that end with their masks: taken for what they say");
	return TRUE;
}

static gboolean parse_video(wfd_sink_caps *caps, const char *value, GError **error)
{
	return parse_formats(caps, value, WFD_SET_R1, &caps->video, error);
}

static gboolean parse_video2(wfd_sink_caps *caps, const char *value, GError **error)
{
	return parse_formats(caps, value, WFD_SET_R2, &caps->video2, error);
}

static gboolean parse_videox(wfd_sink_caps *caps, const char *value, GError **error)
{
	return parse_formats(caps, value, WFD_SET_X, &caps->videox, error);
}

static gboolean parse_ms_modes(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_ms_video_formats_parse(value, &caps->ms_modes, error);
}

static gboolean parse_audio(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_audio_codecs_parse(value, &caps->audio, error);
}

static gboolean parse_audio2(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_audio_codecs_parse(value, &caps->audio2, error);
}

static gboolean parse_ports(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_rtp_ports_parse(value, &caps->rtp_ports, error);
}

static gboolean parse_edid(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_display_edid_parse(value, &caps->edid, error);
}

static gboolean parse_protection(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_content_protection_parse(value, &caps->content_protection, error);
}

static gboolean parse_coupled(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_coupled_sink_parse(value, &caps->coupled_sink, error);
}

static gboolean parse_uibc(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_uibc_parse(value, &caps->uibc, error);
}

static gboolean parse_cursor(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_ms_cursor_parse(value, &caps->cursor, error);
}

static gboolean parse_connector(wfd_sink_caps *caps, const char *value, GError **error)
{
	if (!wfd_connector_type_parse(value, &caps->connector_type, error))
		return FALSE;
	caps->no_panel = caps->connector_type < 0;
	return TRUE;
}

static gboolean parse_i2c(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_i2c_parse(value, &caps->i2c_port, error);
}

static gboolean parse_idr_capability(wfd_sink_caps *caps, const char *value, GError **error)
{
	return wfd_idr_request_capability_parse(value, &caps->idr_requests, error);
}

static gboolean parse_max_bitrate(wfd_sink_caps *caps, const char *value, GError **error)
{
	const char *pos = value;
	guint64 rate;

	if (scan_is_none(value))
		return TRUE;
	if (!scan_decimal(&pos, G_GUINT64_CONSTANT(100000000000), &rate) || !scan_end(&pos))
		return scan_fail(error, "microsoft_max_bitrate", value, pos, "bits per second");
	caps->max_bitrate = rate < 100000 ? rate * 1000 : rate;
	return TRUE;
}

/*
 * Everything M3 asks, and where the answer goes: through a parser, or into a
 * gboolean ("none" / "supported") or a string of struct wfd_sink_caps.
 */
static const struct m3_entry {
	const char *name;
	gboolean mandatory;
	parse_func parse;
	glong supported;
	glong string;
} m3_entries[] = {
#define PARSED(name_, func) { .name = name_, .parse = func }
#define MANDATORY(name_, func) { .name = name_, .mandatory = TRUE, .parse = func }
#define SUPPORTED(name_, field) \
	{ .name = name_, .supported = G_STRUCT_OFFSET(wfd_sink_caps, field) }
#define STRING(name_, field) { .name = name_, .string = G_STRUCT_OFFSET(wfd_sink_caps, field) }
	MANDATORY("wfd_video_formats", parse_video),
	MANDATORY("wfd_audio_codecs", parse_audio),
	MANDATORY("wfd_client_rtp_ports", parse_ports),
	PARSED("wfd2_video_formats", parse_video2),
	PARSED("wfd2_audio_codecs", parse_audio2),
	PARSED("wfdx_video_formats", parse_videox),
	PARSED("wfd_display_edid", parse_edid),
	PARSED("wfd_content_protection", parse_protection),
	PARSED("wfd_coupled_sink", parse_coupled),
	PARSED("wfd_connector_type", parse_connector),
	PARSED("wfd_uibc_capability", parse_uibc),
	PARSED("wfd_I2C", parse_i2c),
	SUPPORTED("wfd_standby_resume_capability", standby_resume),
	PARSED("wfd_idr_request_capability", parse_idr_capability),
	STRING("intel_friendly_name", friendly_name),
	STRING("intel_sink_manufacturer_name", manufacturer),
	STRING("intel_sink_model_name", model_name),
	STRING("intel_sink_version", version),
	STRING("intel_sink_device_URL", device_url),
	PARSED("microsoft_video_formats", parse_ms_modes),
	PARSED("microsoft_max_bitrate", parse_max_bitrate),
	PARSED("microsoft_cursor", parse_cursor),
	SUPPORTED("microsoft_latency_management_capability", latency_management),
	SUPPORTED("microsoft_format_change_capability", format_change),
	SUPPORTED("microsoft_diagnostics_capability", diagnostics),
	SUPPORTED("microsoft_rtcp_capability", rtcp),
	SUPPORTED("microsoft_multiscreen_projection", multiscreen),
	SUPPORTED("microsoft_audio_mute", audio_mute),
	SUPPORTED("microsoft_color_space_conversion", color_space_conversion),
#undef PARSED
#undef MANDATORY
#undef SUPPORTED
#undef STRING
};

char *wfd_m3_request_body(enum wfd_m3_scope scope, gsize *len)
{
	g_autoptr(wfd_params) params = wfd_params_new();

	for (guint i = 0; i < G_N_ELEMENTS(m3_entries); i++) {
		if (scope == WFD_M3_FULL || m3_entries[i].mandatory)
			wfd_params_add(params, m3_entries[i].name, NULL);
	}
	return wfd_params_format(params, len);
}

static gboolean parse_entry(wfd_sink_caps *caps, const struct m3_entry *entry, const char *value,
			    GError **error)
{
	if (entry->supported)
		return wfd_supported_parse(value, &G_STRUCT_MEMBER(gboolean, caps, entry->supported),
					   error);
	if (entry->string) {
		if (*value && !scan_is_none(value))
			G_STRUCT_MEMBER(char *, caps, entry->string) =
				g_utf8_make_valid(value, strnlen(value, MAX_STRING));
		return TRUE;
	}
	return entry->parse(caps, value, error);
}

/* Whether the sink itself says that it has none of these. */
static gboolean says_none(const wfd_params *params, const char *name, const char *name2)
{
	const char *value = wfd_params_get(params, name);
	const char *value2 = wfd_params_get(params, name2);

	return (value && scan_is_none(value)) || (value2 && scan_is_none(value2));
}

static gboolean has_known_codec(const struct wfd_audio_codecs *codecs)
{
	for (guint i = 0; i < codecs->n_codecs; i++) {
		if (wfd_audio_format_name(codecs->codecs[i].format))
			return TRUE;
	}
	return FALSE;
}

/*
 * A sink whose formats are left out or defective has those at least that every
 * sink must have (3.4.2): "none" is no such defect.
 */
static void fall_back(wfd_sink_caps *caps, const wfd_params *params)
{
	if (!caps->has_video && !says_none(params, "wfd_video_formats", "wfd2_video_formats")) {
		caps->video = (struct wfd_video_formats){
			.set = WFD_SET_R1,
			.n_codecs = 1,
			.codecs[0] = {
				.codec = WFD_CODEC_H264,
				.profile = WFD_H264_PROFILE_CBP,
				.level = wfd_level_to_bit(WFD_LEVEL_3_1),
				.modes[WFD_TABLE_CEA] = 1,
			},
		};
		caps->has_video = TRUE;
		add_problem(caps, "no usable video formats: taken for 640x480p60, which is mandatory");
	}
	if (!has_known_codec(&caps->audio) && !has_known_codec(&caps->audio2) &&
	    !says_none(params, "wfd_audio_codecs", "wfd2_audio_codecs")) {
		*(caps->audio2.n_codecs ? &caps->audio2 : &caps->audio) = (struct wfd_audio_codecs){
			.n_codecs = 1,
			.codecs[0] = { WFD_AUDIO_LPCM, WFD_LPCM_48K_16_2, 0 },
		};
		caps->has_audio = TRUE;
		add_problem(caps, "no usable audio codecs: taken for LPCM at 48 kHz, which is mandatory");
	}
}

static gboolean check_usable(const wfd_sink_caps *caps, GError **error)
{
	const char *problem = caps->problems->len ? g_ptr_array_index(caps->problems, 0) : NULL;

	if (!caps->has_video) {
		g_set_error_literal(error, WFD_ERROR, WFD_ERROR_MISSING,
				    "the sink's M3 answer says that it shows no video");
		return FALSE;
	}
	if (!caps->has_rtp_ports) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_MISSING,
			    "the sink's M3 answer has no usable wfd_client_rtp_ports%s%s",
			    problem ? ": " : "", problem ? problem : "");
		return FALSE;
	}
	return TRUE;
}

wfd_sink_caps *wfd_sink_caps_parse(const void *body, gsize len, GError **error)
{
	g_autoptr(wfd_params) params = wfd_params_parse(body, len, error);
	g_autoptr(wfd_sink_caps) caps = NULL;

	if (!params)
		return NULL;

	caps = g_new0(wfd_sink_caps, 1);
	caps->connector_type = -1;
	caps->problems = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < G_N_ELEMENTS(m3_entries); i++) {
		const char *value = wfd_params_get(params, m3_entries[i].name);
		g_autoptr(GError) problem = NULL;

		if (value && !parse_entry(caps, &m3_entries[i], value, &problem))
			g_ptr_array_add(caps->problems,
					g_strdup_printf("%s ignored: %s", m3_entries[i].name,
							problem->message));
	}
	caps->has_video = caps->video.n_codecs || caps->video2.n_codecs || caps->videox.n_codecs;
	caps->has_audio = caps->audio.n_codecs || caps->audio2.n_codecs;
	caps->has_rtp_ports = caps->rtp_ports.port0 != 0;
	fall_back(caps, params);
	if (!check_usable(caps, error))
		return NULL;
	return g_steal_pointer(&caps);
}

void wfd_sink_caps_free(wfd_sink_caps *caps)
{
	if (!caps)
		return;
	g_clear_pointer(&caps->edid, g_bytes_unref);
	g_ptr_array_unref(caps->problems);
	g_free(caps->friendly_name);
	g_free(caps->manufacturer);
	g_free(caps->model_name);
	g_free(caps->version);
	g_free(caps->device_url);
	g_free(caps);
}

static const char *video_parameter(enum wfd_set set)
{
	switch (set) {
	case WFD_SET_R2:
		return "wfd2_video_formats";
	case WFD_SET_X:
		return "wfdx_video_formats";
	case WFD_SET_R1:
	case WFD_SET_MS:
		break;
	}
	return "wfd_video_formats";
}

static void add_video(wfd_params *params, const struct wfd_selection *selection)
{
	struct wfd_video_formats formats = { .set = selection->set, .n_codecs = 1 };
	struct wfd_video_codec *codec = &formats.codecs[0];
	g_autofree char *value = NULL;

	codec->codec = WFD_CODEC_H264;
	codec->profile = selection->profile;
	codec->level = wfd_level_to_bit(selection->level);
	codec->modes[selection->mode->table] = G_GUINT64_CONSTANT(1) << selection->mode->bit;
	codec->min_slice_size = selection->min_slice_size;
	codec->slice_enc = selection->slice_enc;
	codec->frame_rate_control = selection->frame_rate_control;
	value = wfd_video_formats_format(&formats);
	wfd_params_add(params, video_parameter(selection->set), value);
}

static void add_audio(wfd_params *params, const struct wfd_selection *selection)
{
	struct wfd_audio_codecs codecs = {
		.n_codecs = 1,
		.codecs[0] = { selection->audio_format, selection->audio_mode, 0 },
	};
	g_autofree char *value = NULL;

	if (selection->audio_format == WFD_AUDIO_NONE)
		return;
	value = wfd_audio_codecs_format(&codecs);
	wfd_params_add(params, selection->audio_r2 ? "wfd2_audio_codecs" : "wfd_audio_codecs",
		       value);
}

wfd_params *wfd_m4_params(const struct wfd_selection *selection,
			  const struct wfd_rtp_ports *ports, const char *presentation_url)
{
	g_autofree char *rtp_ports = wfd_rtp_ports_format(ports);
	wfd_params *params = wfd_params_new();

	add_video(params, selection);
	add_audio(params, selection);
	wfd_params_add(params, "wfd_presentation_URL", presentation_url);
	wfd_params_add(params, "wfd_client_rtp_ports", rtp_ports);
	return params;
}
