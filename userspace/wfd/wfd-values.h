/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-values.h - the values of single RTSP parameters (WFD v2.1, 6.1)
 *
 * For each parameter there is a struct, a parser and, where a source writes
 * it, a formatter.  Parsers take the zero terminated value without its name,
 * fill a caller-owned struct, leave no allocation in it unless its comment
 * says so, and leave it zeroed on failure.  Hex fields may be shorter than the
 * grammar wants, in either case; a field with more significant digits than it
 * has bits is an error.
 */
#pragma once

#include <glib.h>

#include "wfd-error.h"
#include "wfd-modes.h"

G_BEGIN_DECLS

/* ---- wfd_video_formats, wfdx_video_formats, wfd2_video_formats ---------- */

#define WFD_VIDEO_MAX_CODECS 16

/* Codec bit of wfd2_video_formats; the two older parameters are H.264 only. */
#define WFD_CODEC_H264 0x01
#define WFD_CODEC_H265 0x02

#define WFD_SLICE_COUNT(slice_enc) (((slice_enc) & 0x3ffu) + 1)
#define WFD_SLICE_RATIO(slice_enc) ((slice_enc) >> 10 & 7u)

/**
 * struct wfd_video_codec - one codec tuple
 * @codec: WFD_CODEC_*; WFD_CODEC_H264 when read from an R1 or X value
 * @profile: profile bits (WFD_H264_PROFILE_*)
 * @level: level bits, see wfd_level_from_bits()
 * @modes: mask per enum wfd_table
 * @latency: decoder latency, unit 5 ms
 * @min_slice_size: smallest slice in macroblocks, 0 = slices not supported
 * @slice_enc: bits 9:0 slices per picture - 1, 12:10 size ratio (WFD_SLICE_COUNT, WFD_SLICE_RATIO)
 * @frame_rate_control: b0 frame skip, 3:1 longest skip in 0.5 s, b4 rate change
 * @max_hres, @max_vres: 0 for "none"; R2 values do not have them
 */
struct wfd_video_codec {
	guint8 codec;
	guint16 profile;
	guint16 level;
	guint64 modes[WFD_N_TABLES];
	guint8 latency;
	guint16 min_slice_size;
	guint16 slice_enc;
	guint8 frame_rate_control;
	guint16 max_hres;
	guint16 max_vres;
};

/**
 * struct wfd_video_formats - value of one of the three parameters
 * @set: WFD_SET_R1, _R2 or _X: grammar and bit numbering
 * @n_codecs: 0 means "none"
 * @native_table, @native_bit: the native mode; need not be a mode that exists
 * @preferred: the 01 flag "preferred display mode supported" (R1, X)
 * @non_transcoding: R2: last field
 * @cut: a tuple ended with its masks, and has 0 in what would come behind them
 */
struct wfd_video_formats {
	enum wfd_set set;
	guint n_codecs;
	guint8 native_table;
	guint16 native_bit;
	guint8 preferred;
	guint8 non_transcoding;
	gboolean cut;
	struct wfd_video_codec codecs[WFD_VIDEO_MAX_CODECS];
};

/*
 * @set chooses the grammar: 6.1.3, [MS-WFDPE] 2.7.1.1 or 6.1.21.  Fields after
 * the last one that the grammar has are ignored; max-hres and max-vres may be
 * missing, and so may all that stands behind the masks of a tuple.
 */
gboolean wfd_video_formats_parse(const char *value, enum wfd_set set,
				 struct wfd_video_formats *out, GError **error);
/* Strict form of @formats->set; "none" without codecs.  Caller frees. */
char *wfd_video_formats_format(const struct wfd_video_formats *formats);

/*
 * microsoft_video_formats ([MS-WFDPE] 2.7.1.2): the mode mask, "none" = 0.
 * Whatever follows the mask is left alone.
 */
gboolean wfd_ms_video_formats_parse(const char *value, guint64 *mask, GError **error);

/* ---- wfd_audio_codecs, wfd2_audio_codecs -------------------------------- */

#define WFD_AUDIO_MAX_CODECS 16

enum wfd_audio_format {
	WFD_AUDIO_NONE,
	WFD_AUDIO_LPCM,
	WFD_AUDIO_AAC,
	WFD_AUDIO_AC3,
	WFD_AUDIO_OTHER, /* well formed, and not one that is known here */
};

/* Mode bits (Tables 28 to 30). */
#define WFD_LPCM_44K1_16_2 (1u << 0)
#define WFD_LPCM_48K_16_2 (1u << 1)
#define WFD_AAC_48K_16_2 (1u << 0)
#define WFD_AAC_48K_16_4 (1u << 1)
#define WFD_AAC_48K_16_6 (1u << 2)
#define WFD_AAC_48K_16_8 (1u << 3)
#define WFD_AC3_48K_16_2 (1u << 0)
#define WFD_AC3_48K_16_4 (1u << 1)
#define WFD_AC3_48K_16_6 (1u << 2)

/**
 * struct wfd_audio_codec - one entry
 * @modes: mode bits of that format
 * @latency: decoder latency, unit 5 ms
 */
struct wfd_audio_codec {
	enum wfd_audio_format format;
	guint32 modes;
	guint8 latency;
};

struct wfd_audio_codecs {
	guint n_codecs; /* 0 means "none" */
	struct wfd_audio_codec codecs[WFD_AUDIO_MAX_CODECS];
};

gboolean wfd_audio_codecs_parse(const char *value, struct wfd_audio_codecs *out, GError **error);
char *wfd_audio_codecs_format(const struct wfd_audio_codecs *codecs);
/* "LPCM", "AAC", "AC3"; NULL for the other two. */
const char *wfd_audio_format_name(enum wfd_audio_format format);
/* What a mode bit says: samples per second and channels; 0 for formats that are not known here. */
guint wfd_audio_rate(enum wfd_audio_format format, guint32 mode);
guint wfd_audio_channels(enum wfd_audio_format format, guint32 mode);

/* ---- wfd_client_rtp_ports ------------------------------------------------ */

/**
 * struct wfd_rtp_ports - "RTP/AVP/UDP;unicast port0 port1 mode=play"
 * @port0: UDP port of the sink for the RTP stream, never 0
 * @port1: 0 for a primary sink; M4 has to echo it as it came, whatever it is
 * @tcp: profile was RTP/AVP/TCP (R2 only)
 */
struct wfd_rtp_ports {
	guint16 port0;
	guint16 port1;
	gboolean tcp;
};

gboolean wfd_rtp_ports_parse(const char *value, struct wfd_rtp_ports *out, GError **error);
char *wfd_rtp_ports_format(const struct wfd_rtp_ports *ports);

/* ---- wfd_display_edid ---------------------------------------------------- */

#define WFD_EDID_BLOCK 128
#define WFD_EDID_MAX_BLOCKS 256

/**
 * wfd_display_edid_parse - "none" or "blocks hex"
 * @edid: (out): the bytes, a multiple of 128; NULL for "none" and 0000 blocks
 *
 * Only the framing is checked here: wfd_edid_check() judges the content.  Fewer
 * bytes than the count says are refused; whole blocks beyond the count are
 * kept, because the count is what sinks get wrong.
 */
gboolean wfd_display_edid_parse(const char *value, GBytes **edid, GError **error);
char *wfd_display_edid_format(GBytes *edid);

/* ---- small ones ---------------------------------------------------------- */

/* wfd_content_protection: "none", "HDCP2.0 port=N", "HDCP2.1 port=N". */
struct wfd_content_protection {
	guint8 hdcp_major; /* 0 = none */
	guint8 hdcp_minor;
	guint16 port;
};
gboolean wfd_content_protection_parse(const char *value, struct wfd_content_protection *out,
				      GError **error);

/* wfd_coupled_sink: "none" or status and MAC (or "none" for the MAC). */
struct wfd_coupled_sink {
	gboolean supported;
	guint8 status; /* 0 not coupled, 1 coupled, 2 teardown of coupling */
	gboolean has_mac;
	guint8 mac[6];
};
gboolean wfd_coupled_sink_parse(const char *value, struct wfd_coupled_sink *out, GError **error);

/* wfd_trigger_method (M5) */
enum wfd_trigger {
	WFD_TRIGGER_SETUP,
	WFD_TRIGGER_PLAY,
	WFD_TRIGGER_PAUSE,
	WFD_TRIGGER_TEARDOWN,
};
const char *wfd_trigger_name(enum wfd_trigger trigger);
gboolean wfd_trigger_parse(const char *value, enum wfd_trigger *out, GError **error);

/*
 * wfd_presentation_URL: two URLs, each NULL for "none".  The parser
 * allocates both strings; free with g_free().
 */
gboolean wfd_presentation_url_parse(const char *value, char **url0, char **url1, GError **error);
/* "rtsp://<ip>/wfd1.0/streamid=0 none"; @ip IPv6 addresses get brackets, @port 0 is left out. */
char *wfd_presentation_url_format(const char *ip, guint16 port);

/**
 * wfd_connector_type_parse - physical connector of the sink (Table 91)
 * @type: (out): 0 to 255, or -1 for "none"
 */
gboolean wfd_connector_type_parse(const char *value, int *type, GError **error);
/* Name of a type: "HDMI", "VGA", ...; "reserved" if Table 91 has none. */
const char *wfd_connector_type_name(int type);
/*
 * The DRM_MODE_CONNECTOR_* number (drm_mode.h, stable ABI) that describes the
 * sink best; DRM_MODE_CONNECTOR_VIRTUAL (15) where there is no such thing.
 */
guint wfd_connector_type_to_drm(int type);

/* wfd_av_format_change_timing: 33 bit PTS and DTS, 90 kHz (M4 while playing). */
gboolean wfd_av_timing_parse(const char *value, guint64 *pts, guint64 *dts, GError **error);
char *wfd_av_timing_format(guint64 pts, guint64 dts);

/* wfd_I2C: TCP port of the sink, 0 for "none". */
gboolean wfd_i2c_parse(const char *value, guint16 *port, GError **error);

/* wfd_standby_resume_capability, microsoft_*_capability: "none" or "supported". */
gboolean wfd_supported_parse(const char *value, gboolean *supported, GError **error);

/* wfd_idr_request_capability ([MS-WFDPE] 2.6): "0", "1", and "none". */
gboolean wfd_idr_request_capability_parse(const char *value, gboolean *supported, GError **error);

/* UIBC (WFD v2.1, 4.11 and 6.1.15) */
#define WFD_UIBC_CATEGORY_GENERIC (1 << 0)
#define WFD_UIBC_CATEGORY_HIDC (1 << 1)
#define WFD_UIBC_GENERIC_KEYBOARD (1 << 0)
#define WFD_UIBC_GENERIC_MOUSE (1 << 1)
#define WFD_UIBC_GENERIC_SINGLE_TOUCH (1 << 2)
#define WFD_UIBC_GENERIC_MULTI_TOUCH (1 << 3)
#define WFD_UIBC_GENERIC_JOYSTICK (1 << 4)
#define WFD_UIBC_GENERIC_CAMERA (1 << 5)
#define WFD_UIBC_GENERIC_GESTURE (1 << 6)
#define WFD_UIBC_GENERIC_REMOTE (1 << 7)

#define WFD_UIBC_MAX_HIDC 32

/**
 * struct wfd_uibc - wfd_uibc_capability
 * @supported: FALSE for "none"
 * @categories: WFD_UIBC_CATEGORY_*
 * @generic: WFD_UIBC_GENERIC_*, inputs of the generic category
 * @n_hidc, @hidc: HIDC inputs: type is a bit of WFD_UIBC_GENERIC_*, path
 *	0 infrared, 1 USB, 2 BT, 3 Zigbee, 4 Wi-Fi, 255 not specified
 * @port: TCP port the source listens on; 0 for "none"
 */
struct wfd_uibc {
	gboolean supported;
	guint8 categories;
	guint8 generic;
	guint n_hidc;
	struct {
		guint8 type;
		guint8 path;
	} hidc[WFD_UIBC_MAX_HIDC];
	guint16 port;
};
gboolean wfd_uibc_parse(const char *value, struct wfd_uibc *out, GError **error);
char *wfd_uibc_format(const struct wfd_uibc *uibc);

/*
 * microsoft_cursor ([MS-WDHCE] 1.7): "none", or xor-support ("none" or "full"),
 * largest width and height, and the UDP port, four hex digits each.
 */
struct wfd_ms_cursor {
	gboolean supported;
	gboolean xor_masks;
	guint16 max_width;
	guint16 max_height;
	guint16 port;
};
gboolean wfd_ms_cursor_parse(const char *value, struct wfd_ms_cursor *out, GError **error);

G_END_DECLS
