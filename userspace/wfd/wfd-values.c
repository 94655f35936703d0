/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wfd-scan.h"
#include "wfd-values.h"

/* ---- wfd_client_rtp_ports ------------------------------------------------ */

static gboolean scan_rtp_ports(const char **pos, struct wfd_rtp_ports *out, const char **expected)
{
	guint64 port0, port1 = 0;

	*expected = "RTP/AVP/UDP;unicast";
	if (scan_word(pos, "RTP/AVP/TCP"))
		out->tcp = TRUE;
	else if (!scan_word(pos, "RTP/AVP/UDP") && !scan_word(pos, "RTP/AVP"))
		return FALSE;
	if (!scan_char(pos, ';') || !scan_word(pos, "unicast"))
		return FALSE;

	*expected = "a port from 1 to 65535";
	if (!scan_decimal(pos, G_MAXUINT16, &port0) || port0 == 0)
		return FALSE;
	*expected = "the second port, from 0 to 65535";
	scan_blanks(pos);
	if (g_ascii_isdigit(**pos) && !scan_decimal(pos, G_MAXUINT16, &port1))
		return FALSE;
	*expected = "mode=play";
	if (!scan_end(pos) && !scan_word(pos, "mode=play"))
		return FALSE;
	out->port0 = port0;
	out->port1 = port1;
	return scan_end(pos);
}

gboolean wfd_rtp_ports_parse(const char *value, struct wfd_rtp_ports *out, GError **error)
{
	const char *expected = NULL;
	const char *pos = value;

	*out = (struct wfd_rtp_ports){ 0 };
	if (scan_rtp_ports(&pos, out, &expected))
		return TRUE;
	*out = (struct wfd_rtp_ports){ 0 };
	return scan_fail(error, "wfd_client_rtp_ports", value, pos, expected);
}

char *wfd_rtp_ports_format(const struct wfd_rtp_ports *ports)
{
	return g_strdup_printf("RTP/AVP/%s;unicast %u %u mode=play", ports->tcp ? "TCP" : "UDP",
			       ports->port0, ports->port1);
}

/* ---- wfd_display_edid ---------------------------------------------------- */

/* Hex digits to bytes; blanks between bytes are allowed.  NULL if it is something else. */
static GByteArray *hex_to_bytes(const char **pos, gsize max)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	for (; !scan_end(pos); *pos += 2) {
		guint8 byte;

		if (bytes->len == max || !g_ascii_isxdigit((*pos)[0]) || !g_ascii_isxdigit((*pos)[1]))
			return NULL;
		byte = g_ascii_xdigit_value((*pos)[0]) << 4 | g_ascii_xdigit_value((*pos)[1]);
		g_byte_array_append(bytes, &byte, 1);
	}
	return g_steal_pointer(&bytes);
}

gboolean wfd_display_edid_parse(const char *value, GBytes **edid, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	const char *pos = value;
	guint64 blocks;

	*edid = NULL;
	if (scan_is_none(value))
		return TRUE;
	if (!scan_hex(&pos, 16, &blocks) || blocks > WFD_EDID_MAX_BLOCKS)
		return scan_fail(error, "wfd_display_edid", value, pos,
				 "\"none\" or a count of at most 0100 blocks");
	if (blocks == 0)
		return TRUE;

	bytes = hex_to_bytes(&pos, WFD_EDID_MAX_BLOCKS * WFD_EDID_BLOCK);
	if (!bytes)
		return scan_fail(error, "wfd_display_edid", value, pos,
				 "at most 256 blocks in hex digits");
	if (bytes->len < blocks * WFD_EDID_BLOCK || bytes->len % WFD_EDID_BLOCK != 0) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
			    "wfd_display_edid: %u bytes given, %u blocks of %d announced",
			    bytes->len, (guint)blocks, WFD_EDID_BLOCK);
		return FALSE;
	}
	*edid = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
	return TRUE;
}

char *wfd_display_edid_format(GBytes *edid)
{
	GString *text;
	const guint8 *data;
	gsize len;

	if (!edid)
		return g_strdup("none");
	data = g_bytes_get_data(edid, &len);
	text = g_string_sized_new(6 + 2 * len);
	g_string_printf(text, "%04X ", (guint)(len / WFD_EDID_BLOCK));
	for (gsize i = 0; i < len; i++)
		g_string_append_printf(text, "%02X", data[i]);
	return g_string_free(text, FALSE);
}

/* ---- wfd_content_protection ---------------------------------------------- */

gboolean wfd_content_protection_parse(const char *value, struct wfd_content_protection *out,
				      GError **error)
{
	const char *pos = value;
	guint64 port;

	*out = (struct wfd_content_protection){ 0 };
	if (scan_is_none(value))
		return TRUE;
	if (g_ascii_strncasecmp(pos, "HDCP", 4) != 0 || !g_ascii_isdigit(pos[4]) || pos[5] != '.' ||
	    !g_ascii_isdigit(pos[6]))
		return scan_fail(error, "wfd_content_protection", value, pos,
				 "\"none\" or HDCP2.x");
	pos += 7;
	if (!scan_key(&pos, "port") || !scan_decimal(&pos, G_MAXUINT16, &port) || !scan_end(&pos))
		return scan_fail(error, "wfd_content_protection", value, pos, "port=number");
	out->hdcp_major = g_ascii_digit_value(value[4]);
	out->hdcp_minor = g_ascii_digit_value(value[6]);
	out->port = port;
	return TRUE;
}

/* ---- wfd_coupled_sink ----------------------------------------------------- */

/* Six bytes in hex, with or without ':' or '-' between them. */
static gboolean scan_mac(const char **pos, guint8 mac[6])
{
	scan_blanks(pos);
	for (int i = 0; i < 6; i++) {
		if (i && (**pos == ':' || **pos == '-'))
			(*pos)++;
		if (!g_ascii_isxdigit((*pos)[0]) || !g_ascii_isxdigit((*pos)[1]))
			return FALSE;
		mac[i] = g_ascii_xdigit_value((*pos)[0]) << 4 | g_ascii_xdigit_value((*pos)[1]);
		*pos += 2;
	}
	return TRUE;
}

gboolean wfd_coupled_sink_parse(const char *value, struct wfd_coupled_sink *out, GError **error)
{
	struct wfd_coupled_sink sink = { .supported = TRUE };
	const char *pos = value;
	guint64 status;

	*out = (struct wfd_coupled_sink){ 0 };
	if (scan_is_none(value))
		return TRUE;
	if (!scan_hex(&pos, 8, &status))
		return scan_fail(error, "wfd_coupled_sink", value, pos, "\"none\" or a status");
	if (!scan_end(&pos) && !scan_word(&pos, "none")) {
		if (!scan_mac(&pos, sink.mac))
			return scan_fail(error, "wfd_coupled_sink", value, pos, "a MAC address");
		sink.has_mac = TRUE;
	}
	if (!scan_end(&pos))
		return scan_fail(error, "wfd_coupled_sink", value, pos, "the end");
	sink.status = status & 3;
	*out = sink;
	return TRUE;
}

/* ---- wfd_trigger_method --------------------------------------------------- */

static const char *const trigger_names[] = {
	[WFD_TRIGGER_SETUP] = "SETUP",
	[WFD_TRIGGER_PLAY] = "PLAY",
	[WFD_TRIGGER_PAUSE] = "PAUSE",
	[WFD_TRIGGER_TEARDOWN] = "TEARDOWN",
};

const char *wfd_trigger_name(enum wfd_trigger trigger)
{
	return trigger_names[trigger];
}

gboolean wfd_trigger_parse(const char *value, enum wfd_trigger *out, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(trigger_names); i++) {
		const char *pos = value;

		if (scan_word(&pos, trigger_names[i]) && scan_end(&pos)) {
			*out = i;
			return TRUE;
		}
	}
	return scan_fail(error, "wfd_trigger_method", value, value,
			 "SETUP, PLAY, PAUSE or TEARDOWN");
}

/* ---- wfd_presentation_URL ------------------------------------------------- */

static gboolean scan_url(const char **pos, char **out)
{
	gsize len;

	scan_blanks(pos);
	len = strcspn(*pos, " \t");
	if (len == 0)
		return FALSE;
	if (len == 4 && g_ascii_strncasecmp(*pos, "none", 4) == 0)
		*out = NULL;
	else if (len > 7 && g_ascii_strncasecmp(*pos, "rtsp://", 7) == 0)
		*out = g_strndup(*pos, len);
	else
		return FALSE;
	*pos += len;
	return TRUE;
}

gboolean wfd_presentation_url_parse(const char *value, char **url0, char **url1, GError **error)
{
	const char *pos = value;

	*url0 = NULL;
	*url1 = NULL;
	if (scan_url(&pos, url0) && (scan_end(&pos) || scan_url(&pos, url1)) && scan_end(&pos))
		return TRUE;
	g_clear_pointer(url0, g_free);
	g_clear_pointer(url1, g_free);
	return scan_fail(error, "wfd_presentation_URL", value, pos, "\"none\" or an rtsp:// URL");
}

char *wfd_presentation_url_format(const char *ip, guint16 port)
{
	gboolean v6 = strchr(ip, ':') != NULL;
	/* The interface of a link-local address is nobody else's. */
	int len = (int)strcspn(ip, "%");
	char suffix[sizeof(":65535")] = "";

	if (port)
		g_snprintf(suffix, sizeof(suffix), ":%u", port);
	return g_strdup_printf("rtsp://%s%.*s%s%s/wfd1.0/streamid=0 none", v6 ? "[" : "", len, ip,
			       v6 ? "]" : "", suffix);
}

/* ---- wfd_connector_type --------------------------------------------------- */

/* Table 91, and the number of drm_mode.h that comes nearest. */
#define DRM_CONNECTOR_VIRTUAL 15

static const struct {
	int type;
	const char *name;
	guint drm;
} connectors[] = {
	{ 0, "VGA", 1 },
	{ 1, "S-Video", 6 },
	{ 2, "composite", 5 },
	{ 3, "component", 8 },
	{ 4, "DVI", 2 },
	{ 5, "HDMI", 11 },
	{ 7, "Wi-Fi Display", DRM_CONNECTOR_VIRTUAL },
	{ 8, "Japanese D", 8 },
	{ 9, "SDI", DRM_CONNECTOR_VIRTUAL },
	{ 10, "DisplayPort", 10 },
	{ 12, "UDI", DRM_CONNECTOR_VIRTUAL },
	{ 255, "other", DRM_CONNECTOR_VIRTUAL },
};

gboolean wfd_connector_type_parse(const char *value, int *type, GError **error)
{
	const char *pos = value;
	guint64 number;

	*type = -1;
	if (scan_is_none(value))
		return TRUE;
	if (!scan_hex(&pos, 8, &number) || !scan_end(&pos))
		return scan_fail(error, "wfd_connector_type", value, pos,
				 "\"none\" or two hex digits");
	*type = number;
	return TRUE;
}

const char *wfd_connector_type_name(int type)
{
	for (guint i = 0; i < G_N_ELEMENTS(connectors); i++) {
		if (connectors[i].type == type)
			return connectors[i].name;
	}
	return "reserved";
}

guint wfd_connector_type_to_drm(int type)
{
	for (guint i = 0; i < G_N_ELEMENTS(connectors); i++) {
		if (connectors[i].type == type)
			return connectors[i].drm;
	}
	return DRM_CONNECTOR_VIRTUAL;
}

/* ---- wfd_av_format_change_timing ------------------------------------------ */

/* A 33 bit time stamp sits in the high bits of a 40 bit field. */
#define TIMING_BITS 40
#define TIMING_SHIFT 7

gboolean wfd_av_timing_parse(const char *value, guint64 *pts, guint64 *dts, GError **error)
{
	const char *pos = value;

	*pts = 0;
	*dts = 0;
	if (!scan_hex(&pos, TIMING_BITS, pts) || !scan_hex(&pos, TIMING_BITS, dts) ||
	    !scan_end(&pos)) {
		*pts = 0;
		*dts = 0;
		return scan_fail(error, "wfd_av_format_change_timing", value, pos,
				 "PTS and DTS of ten hex digits");
	}
	*pts >>= TIMING_SHIFT;
	*dts >>= TIMING_SHIFT;
	return TRUE;
}

char *wfd_av_timing_format(guint64 pts, guint64 dts)
{
	const guint64 mask = (G_GUINT64_CONSTANT(1) << (TIMING_BITS - TIMING_SHIFT)) - 1;

	return g_strdup_printf("%010" G_GINT64_MODIFIER "X %010" G_GINT64_MODIFIER "X",
			       (pts & mask) << TIMING_SHIFT, (dts & mask) << TIMING_SHIFT);
}

/* ---- one word ------------------------------------------------------------- */

gboolean wfd_i2c_parse(const char *value, guint16 *port, GError **error)
{
	const char *pos = value;
	guint64 number;

	*port = 0;
	if (scan_is_none(value))
		return TRUE;
	if (!scan_decimal(&pos, G_MAXUINT16, &number) || number == 0 || !scan_end(&pos))
		return scan_fail(error, "wfd_I2C", value, pos, "\"none\" or a port");
	*port = number;
	return TRUE;
}

gboolean wfd_supported_parse(const char *value, gboolean *supported, GError **error)
{
	const char *pos = value;

	*supported = FALSE;
	if (scan_is_none(value))
		return TRUE;
	if (!scan_word(&pos, "supported") || !scan_end(&pos))
		return scan_fail(error, "capability", value, pos, "\"none\" or \"supported\"");
	*supported = TRUE;
	return TRUE;
}

gboolean wfd_idr_request_capability_parse(const char *value, gboolean *supported, GError **error)
{
	const char *pos = value;
	guint64 number;

	*supported = FALSE;
	if (scan_is_none(value))
		return TRUE;
	if (!scan_decimal(&pos, 1, &number) || !scan_end(&pos))
		return scan_fail(error, "wfd_idr_request_capability", value, pos, "0 or 1");
	*supported = number;
	return TRUE;
}

gboolean wfd_ms_cursor_parse(const char *value, struct wfd_ms_cursor *out, GError **error)
{
	const char *pos = value;
	guint64 width, height, port;

	*out = (struct wfd_ms_cursor){ 0 };
	if (scan_is_none(value))
		return TRUE;
	if (scan_word(&pos, "full"))
		out->xor_masks = TRUE;
	else if (!scan_word(&pos, "none"))
		return scan_fail(error, "microsoft_cursor", value, pos, "\"none\" or \"full\"");
	if (!scan_hex(&pos, 16, &width) || !scan_hex(&pos, 16, &height) ||
	    !scan_hex(&pos, 16, &port) || !scan_end(&pos)) {
		out->xor_masks = FALSE;
		return scan_fail(error, "microsoft_cursor", value, pos,
				 "width, height and port of four hex digits");
	}
	out->supported = TRUE;
	out->max_width = width;
	out->max_height = height;
	out->port = port;
	return TRUE;
}

/* ---- wfd_uibc_capability -------------------------------------------------- */

struct name {
	const char *name;
	guint value;
};

static const struct name uibc_categories[] = {
	{ "GENERIC", WFD_UIBC_CATEGORY_GENERIC },
	{ "HIDC", WFD_UIBC_CATEGORY_HIDC },
	{ NULL },
};

static const struct name uibc_types[] = {
	{ "Keyboard", WFD_UIBC_GENERIC_KEYBOARD },
	{ "Mouse", WFD_UIBC_GENERIC_MOUSE },
	{ "SingleTouch", WFD_UIBC_GENERIC_SINGLE_TOUCH },
	{ "MultiTouch", WFD_UIBC_GENERIC_MULTI_TOUCH },
	{ "Joystick", WFD_UIBC_GENERIC_JOYSTICK },
	{ "Camera", WFD_UIBC_GENERIC_CAMERA },
	{ "Gesture", WFD_UIBC_GENERIC_GESTURE },
	{ "RemoteControl", WFD_UIBC_GENERIC_REMOTE },
	{ NULL },
};

static const struct name uibc_paths[] = {
	{ "Infrared", 0 }, { "USB", 1 },   { "BT", 2 },     { "Zigbee", 3 },
	{ "Wi-Fi", 4 },	   { "No-SP", 255 }, { NULL },
};

static gboolean name_to_value(const struct name *names, const char *text, guint *value)
{
	for (; names->name; names++) {
		if (g_ascii_strcasecmp(names->name, text) == 0) {
			*value = names->value;
			return TRUE;
		}
	}
	return FALSE;
}

static const char *value_to_name(const struct name *names, guint value)
{
	for (; names->name; names++) {
		if (names->value == value)
			return names->name;
	}
	return NULL;
}

/* Names that are not known are inputs of a later release: left out. */
static guint parse_name_list(const struct name *names, const char *list)
{
	g_auto(GStrv) words = g_strsplit(list, ",", 64);
	guint bits = 0;

	for (guint i = 0; words[i]; i++) {
		guint value;

		if (name_to_value(names, g_strstrip(words[i]), &value))
			bits |= value;
	}
	return bits;
}

static void parse_hidc_list(const char *list, struct wfd_uibc *out)
{
	g_auto(GStrv) words = g_strsplit(list, ",", 64);

	for (guint i = 0; words[i] && out->n_hidc < WFD_UIBC_MAX_HIDC; i++) {
		char *slash = strchr(words[i], '/');
		guint type, path;

		if (!slash)
			continue;
		*slash = '\0';
		if (!name_to_value(uibc_types, g_strstrip(words[i]), &type) ||
		    !name_to_value(uibc_paths, g_strstrip(slash + 1), &path))
			continue;
		out->hidc[out->n_hidc].type = type;
		out->hidc[out->n_hidc].path = path;
		out->n_hidc++;
	}
}

static gboolean parse_uibc_field(const char *field, const char *value, struct wfd_uibc *out,
				 GError **error)
{
	const char *pos = field;
	guint64 port;

	if (scan_key(&pos, "input_category_list")) {
		out->categories = parse_name_list(uibc_categories, pos);
	} else if (pos = field, scan_key(&pos, "generic_cap_list")) {
		out->generic = parse_name_list(uibc_types, pos);
	} else if (pos = field, scan_key(&pos, "hidc_cap_list")) {
		parse_hidc_list(pos, out);
	} else if (pos = field, scan_key(&pos, "port")) {
		if (scan_is_none(pos))
			return TRUE;
		if (!scan_decimal(&pos, G_MAXUINT16, &port) || !scan_end(&pos))
			return scan_fail(error, "wfd_uibc_capability", value, value,
					 "port=none or port=number");
		out->port = port;
	}
	return TRUE;
}

gboolean wfd_uibc_parse(const char *value, struct wfd_uibc *out, GError **error)
{
	g_auto(GStrv) fields = NULL;

	*out = (struct wfd_uibc){ 0 };
	if (scan_is_none(value))
		return TRUE;
	fields = g_strsplit(value, ";", 16);
	for (guint i = 0; fields[i]; i++) {
		if (!parse_uibc_field(fields[i], value, out, error)) {
			*out = (struct wfd_uibc){ 0 };
			return FALSE;
		}
	}
	if (!out->categories) {
		*out = (struct wfd_uibc){ 0 };
		return scan_fail(error, "wfd_uibc_capability", value, value,
				 "input_category_list=GENERIC and/or HIDC");
	}
	out->supported = TRUE;
	return TRUE;
}

static void append_names(GString *text, const char *key, const struct name *names, guint bits)
{
	const char *separator = "";

	g_string_append_printf(text, "%s=", key);
	for (; names->name; names++) {
		if (!(bits & names->value))
			continue;
		g_string_append_printf(text, "%s%s", separator, names->name);
		separator = ", ";
	}
	g_string_append(text, *separator ? ";" : "none;");
}

char *wfd_uibc_format(const struct wfd_uibc *uibc)
{
	GString *text;
	guint n = 0;

	if (!uibc->supported)
		return g_strdup("none");
	text = g_string_new(NULL);
	append_names(text, "input_category_list", uibc_categories, uibc->categories);
	append_names(text, "generic_cap_list", uibc_types, uibc->generic);
	g_string_append(text, "hidc_cap_list=");
	for (guint i = 0; i < uibc->n_hidc; i++) {
		const char *type = value_to_name(uibc_types, uibc->hidc[i].type);
		const char *path = value_to_name(uibc_paths, uibc->hidc[i].path);

		if (type && path)
			g_string_append_printf(text, "%s%s/%s", n++ ? ", " : "", type, path);
	}
	g_string_append(text, n ? ";port=" : "none;port=");
	if (uibc->port)
		g_string_append_printf(text, "%u", uibc->port);
	else
		g_string_append(text, "none");
	return g_string_free(text, FALSE);
}
