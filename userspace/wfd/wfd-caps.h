/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-caps.h - M3 and M4: what the sink can do and what the source chose
 *
 * M3 is the source's GET_PARAMETER with a list of names; the sink answers with
 * the values that it knows, in any order.  M4 is the source's SET_PARAMETER
 * with one choice out of them (WFD v2.1, 6.4.3 and 6.4.4).
 */
#pragma once

#include <glib.h>

#include "wfd-params.h"
#include "wfd-values.h"

G_BEGIN_DECLS

/**
 * enum wfd_m3_scope - how much M3 asks
 * @WFD_M3_FULL: everything that struct wfd_sink_caps has a place for
 * @WFD_M3_MINIMAL: the three mandatory names, for sinks that choke on others
 */
enum wfd_m3_scope {
	WFD_M3_FULL,
	WFD_M3_MINIMAL,
};

/* Body of the M3 request.  Caller frees. */
char *wfd_m3_request_body(enum wfd_m3_scope scope, gsize *len);

/**
 * struct wfd_sink_caps - a sink's answer to M3
 *
 * A parameter that the sink left out has the zero value of its type, which is
 * always the "none" of that parameter; has_* tells the difference where it
 * matters.  All memory belongs to the struct.
 *
 * @has_video, @has_audio, @has_rtp_ports: the mandatory parameters came, in
 *	any of their versions, or were supplied
 * @video, @video2, @videox, @ms_modes: see wfd-values.h; n_codecs == 0 or mask
 *	0 if not given.  A sink of R2 answers only @video2, one of Microsoft's
 *	may answer all
 * @audio, @audio2: likewise.  LG answers wfd_audio_codecs next to
 *	wfd2_video_formats, so both are kept
 * @edid: bytes as the sink gave them, or NULL; not judged yet
 * @connector_type: Table 91, or -1
 * @no_panel: wfd_connector_type is there, and says none
 * @idr_requests: the sink will send M13 when it needs a key frame
 *	(wfd_idr_request_capability, Microsoft); FALSE only says that it did
 *	not promise so, M13 must be answered anyway
 * @friendly_name ... @device_url: intel_* strings, UTF-8 made valid, NULL if
 *	not given
 * @max_bitrate: microsoft_max_bitrate, bits per second, 0 if not given; a
 *	value below 100000 is taken as kbit/s, which some sinks send
 * @problems: (element-type utf8): one sentence for each parameter that could not
 *	be read as it is and for what was made of that; for the log
 */
typedef struct wfd_sink_caps {
	gboolean has_video;
	gboolean has_audio;
	gboolean has_rtp_ports;

	struct wfd_video_formats video;
	struct wfd_video_formats video2;
	struct wfd_video_formats videox;
	guint64 ms_modes;
	struct wfd_audio_codecs audio;
	struct wfd_audio_codecs audio2;
	struct wfd_rtp_ports rtp_ports;

	GBytes *edid;
	struct wfd_content_protection content_protection;
	struct wfd_coupled_sink coupled_sink;
	struct wfd_uibc uibc;
	struct wfd_ms_cursor cursor;
	int connector_type;
	gboolean no_panel;
	guint16 i2c_port;
	gboolean standby_resume;
	gboolean idr_requests;

	char *friendly_name;
	char *manufacturer;
	char *model_name;
	char *version;
	char *device_url;

	gboolean diagnostics;
	gboolean format_change;
	gboolean rtcp;
	gboolean multiscreen;
	gboolean audio_mute;
	gboolean latency_management;
	gboolean color_space_conversion;
	guint64 max_bitrate;

	GPtrArray *problems;
} wfd_sink_caps;

/**
 * wfd_sink_caps_parse - read the body of an M3 answer
 *
 * Fails only if the body is not a parameter list, says "none" of video, or has no
 * usable wfd_client_rtp_ports: without these there is no session.  Every other
 * defect ends up in @problems; where it leaves no video or no audio formats, those
 * that every sink must have (3.4.2: 640x480p60 in CBP at level 3.1, LPCM at 48 kHz)
 * are in their place.
 *
 * @ms_modes is kept for the log only: [MS-WFDPE] does not say how M4 would name
 * one of them.
 */
wfd_sink_caps *wfd_sink_caps_parse(const void *body, gsize len, GError **error);
void wfd_sink_caps_free(wfd_sink_caps *caps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(wfd_sink_caps, wfd_sink_caps_free)

/**
 * struct wfd_selection - one choice, as M4 tells it
 * @mode: what the picture will be; not NULL
 * @set: numbering that names the mode towards this sink: the M4 parameter is
 *	wfd_, wfd2_ or wfdx_video_formats accordingly
 * @profile: one profile bit
 * @level: the level the encoder writes
 * @frame_rate_control: frame skipping as the sink gave it (bits 3:0 of the
 *	field of struct wfd_video_codec), so that an unchanged desktop needs no
 *	pictures; rate change (bit 4) is never chosen
 * @slices: of a picture; 0: it is one
 * @min_slice_size, @slice_enc: what M4 says of them, as in struct wfd_video_codec
 * @bitrate: video bits per second to start with
 * @burst_bitrate: ... and that they may be for a moment, see wfd_burst_bitrate()
 * @audio_format: WFD_AUDIO_NONE makes "wfd_audio_codecs" absent from M4
 * @audio_mode: one mode bit
 * @audio_r2: the sink knows this codec as wfd2_audio_codecs only
 *
 * wfd_negotiate() in wfd-negotiate.h fills it.  Holds no allocation.
 */
struct wfd_selection {
	const struct wfd_mode *mode;
	enum wfd_set set;
	guint8 profile;
	enum wfd_level level;
	guint8 frame_rate_control;
	guint slices;
	guint16 min_slice_size;
	guint16 slice_enc;
	guint bitrate;
	guint burst_bitrate;
	enum wfd_audio_format audio_format;
	guint32 audio_mode;
	gboolean audio_r2;
};

/**
 * wfd_m4_params - the parameters of M4
 * @selection: what was chosen
 * @ports: the sink's wfd_client_rtp_ports, echoed unchanged
 * @presentation_url: value made by wfd_presentation_url_format()
 *
 * One bit per mask, native field 00, latency 0, slices as chosen, max-hres
 * and max-vres "none", as 6.4.4 wants it.  The caller may add lines (wfd_uibc_capability,
 * wfd_av_format_change_timing, microsoft_*) before wfd_params_format().
 */
wfd_params *wfd_m4_params(const struct wfd_selection *selection,
			  const struct wfd_rtp_ports *ports, const char *presentation_url);

G_END_DECLS
