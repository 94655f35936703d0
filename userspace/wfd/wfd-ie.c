/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "wfd-ie.h"

#define ELEMENT_VENDOR 0xdd
#define ELEMENT_MAX 251 /* bytes of subelements in one element */
#define INPUT_MAX 8192

static const guint8 wfd_oui_type[4] = { 0x50, 0x6f, 0x9a, 0x0a };

/* Subelements, Table 19. */
enum {
	SUB_DEVICE_INFO = 0,
	SUB_BSSID = 1,
	SUB_COUPLED_SINK = 6,
	SUB_EXTENDED = 7,
	SUB_LOCAL_IP = 8,
	SUB_SESSION_INFO = 9,
	SUB_ALTERNATIVE_MAC = 10,
	SUB_R2_DEVICE_INFO = 11,
};

/* Shortest legal body of each; 0 = none is too short. */
static const guint8 sub_min_len[] = {
	[SUB_DEVICE_INFO] = 6, [SUB_BSSID] = 6,		  [SUB_COUPLED_SINK] = 7,
	[SUB_EXTENDED] = 2,    [SUB_LOCAL_IP] = 5,	  [SUB_ALTERNATIVE_MAC] = 6,
	[SUB_R2_DEVICE_INFO] = 2,
};

/* Device information bits, Table 20. */
#define INFO_ROLE 0x0003
#define INFO_COUPLED_SOURCE (1 << 2)
#define INFO_COUPLED_SINK (1 << 3)
#define INFO_AVAILABILITY 0x0030
#define INFO_AVAILABLE 0x0010
#define INFO_SERVICE_DISCOVERY (1 << 6)
#define INFO_PREFERS_TDLS (1 << 7)
#define INFO_HDCP (1 << 8)
#define INFO_TIME_SYNC (1 << 9)
#define INFO_NO_AUDIO (1 << 10)
#define INFO_AUDIO_ONLY (1 << 11)

/* One descriptor per associated client: length byte, then 23 bytes. */
#define SESSION_DESCRIPTOR 23

static guint16 get_be16(const guint8 *data)
{
	return data[0] << 8 | data[1];
}

static void put_be16(GByteArray *bytes, guint16 value)
{
	const guint8 data[2] = { value >> 8, value & 0xff };

	g_byte_array_append(bytes, data, sizeof(data));
}

static void parse_device_info(const guint8 *body, struct wfd_ie *out)
{
	guint16 info = get_be16(body);

	out->has_device_info = TRUE;
	out->role = info & INFO_ROLE;
	out->available = (info & INFO_AVAILABILITY) == INFO_AVAILABLE;
	out->coupled_sink_at_source = !!(info & INFO_COUPLED_SOURCE);
	out->coupled_sink_at_sink = !!(info & INFO_COUPLED_SINK);
	out->service_discovery = !!(info & INFO_SERVICE_DISCOVERY);
	out->prefers_tdls = !!(info & INFO_PREFERS_TDLS);
	out->hdcp = !!(info & INFO_HDCP);
	out->time_sync = !!(info & INFO_TIME_SYNC);
	out->no_audio = !!(info & INFO_NO_AUDIO);
	out->audio_only = !!(info & INFO_AUDIO_ONLY);
	out->rtsp_port = get_be16(body + 2);
	out->throughput = get_be16(body + 4);
}

static guint count_clients(const guint8 *body, gsize len)
{
	guint n = 0;

	while (len > 0 && body[0] >= SESSION_DESCRIPTOR && body[0] < len) {
		gsize step = 1 + body[0];

		body += step;
		len -= step;
		n++;
	}
	return n;
}

static void parse_subelement(guint8 id, const guint8 *body, gsize len, struct wfd_ie *out)
{
	switch (id) {
	case SUB_DEVICE_INFO:
		parse_device_info(body, out);
		break;
	case SUB_BSSID:
		out->has_bssid = TRUE;
		memcpy(out->bssid, body, sizeof(out->bssid));
		break;
	case SUB_COUPLED_SINK:
		out->has_coupled = TRUE;
		out->coupled_status = body[0] & 3;
		memcpy(out->coupled_mac, body + 1, sizeof(out->coupled_mac));
		break;
	case SUB_EXTENDED:
		out->extended = get_be16(body);
		break;
	case SUB_LOCAL_IP:
		if (body[0] == 1) { /* IPv4 is the only version there is */
			out->has_ipv4 = TRUE;
			memcpy(out->ipv4, body + 1, sizeof(out->ipv4));
		}
		break;
	case SUB_SESSION_INFO:
		out->n_clients = count_clients(body, len);
		break;
	case SUB_ALTERNATIVE_MAC:
		out->has_alternative_mac = TRUE;
		memcpy(out->alternative_mac, body, sizeof(out->alternative_mac));
		break;
	case SUB_R2_DEVICE_INFO:
		out->r2 = TRUE;
		out->r2_role = get_be16(body) & INFO_ROLE;
		break;
	}
}

static gboolean parse_subelements(const guint8 *data, gsize len, struct wfd_ie *out, GError **error)
{
	while (len > 0) {
		gsize body_len;

		if (len < 3 || (body_len = get_be16(data + 1)) > len - 3) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
				    "WFD subelement %u runs past the end of the element", data[0]);
			return FALSE;
		}
		if (data[0] < G_N_ELEMENTS(sub_min_len) && body_len < sub_min_len[data[0]]) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
				    "WFD subelement %u has %u bytes, %u are the least", data[0],
				    (guint)body_len, sub_min_len[data[0]]);
			return FALSE;
		}
		parse_subelement(data[0], data + 3, body_len, out);
		data += 3 + body_len;
		len -= 3 + body_len;
	}
	return TRUE;
}

/* The subelements of all WFD elements, put together. */
static GByteArray *collect_elements(const guint8 *data, gsize len, GError **error)
{
	g_autoptr(GByteArray) subelements = g_byte_array_new();

	while (len > 0) {
		gsize body_len;

		if (len < 2 || (body_len = data[1]) > len - 2) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
				    "information element 0x%02x runs past the end", data[0]);
			return NULL;
		}
		if (data[0] == ELEMENT_VENDOR && body_len >= sizeof(wfd_oui_type) &&
		    memcmp(data + 2, wfd_oui_type, sizeof(wfd_oui_type)) == 0)
			g_byte_array_append(subelements, data + 2 + sizeof(wfd_oui_type),
					    body_len - sizeof(wfd_oui_type));
		data += 2 + body_len;
		len -= 2 + body_len;
	}
	return g_steal_pointer(&subelements);
}

static gboolean parse_any(const guint8 *data, gsize len, struct wfd_ie *out, GError **error)
{
	g_autoptr(GByteArray) subelements = NULL;

	if (len > INPUT_MAX) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG,
			    "%" G_GSIZE_FORMAT " bytes of information elements; the limit is %d",
			    len, INPUT_MAX);
		return FALSE;
	}
	if (len > 0 && data[0] == ELEMENT_VENDOR) {
		subelements = collect_elements(data, len, error);
		if (!subelements)
			return FALSE;
		data = subelements->data;
		len = subelements->len;
	}
	if (len == 0) {
		g_set_error_literal(error, WFD_ERROR, WFD_ERROR_MISSING,
				    "no WFD information element: not a Wi-Fi Display device");
		return FALSE;
	}
	return parse_subelements(data, len, out, error);
}

gboolean wfd_ie_parse(const guint8 *data, gsize len, struct wfd_ie *out, GError **error)
{
	*out = (struct wfd_ie){ 0 };
	if (parse_any(data, len, out, error))
		return TRUE;
	*out = (struct wfd_ie){ 0 };
	return FALSE;
}

static void put_header(GByteArray *bytes, guint8 id, guint16 len)
{
	g_byte_array_append(bytes, &id, 1);
	put_be16(bytes, len);
}

static guint16 device_info(const struct wfd_ie *ie)
{
	return (ie->role & INFO_ROLE) | (ie->available ? INFO_AVAILABLE : 0) |
	       (ie->coupled_sink_at_source ? INFO_COUPLED_SOURCE : 0) |
	       (ie->coupled_sink_at_sink ? INFO_COUPLED_SINK : 0) |
	       (ie->service_discovery ? INFO_SERVICE_DISCOVERY : 0) |
	       (ie->prefers_tdls ? INFO_PREFERS_TDLS : 0) | (ie->hdcp ? INFO_HDCP : 0) |
	       (ie->time_sync ? INFO_TIME_SYNC : 0) | (ie->no_audio ? INFO_NO_AUDIO : 0) |
	       (ie->audio_only ? INFO_AUDIO_ONLY : 0);
}

static GByteArray *build_subelements(const struct wfd_ie *ie)
{
	GByteArray *bytes = g_byte_array_new();

	put_header(bytes, SUB_DEVICE_INFO, 6);
	put_be16(bytes, device_info(ie));
	put_be16(bytes, ie->rtsp_port);
	put_be16(bytes, ie->throughput);
	if (ie->has_coupled) {
		put_header(bytes, SUB_COUPLED_SINK, 7);
		g_byte_array_append(bytes, &ie->coupled_status, 1);
		g_byte_array_append(bytes, ie->coupled_mac, sizeof(ie->coupled_mac));
	}
	if (ie->extended) {
		put_header(bytes, SUB_EXTENDED, 2);
		put_be16(bytes, ie->extended);
	}
	if (ie->has_alternative_mac) {
		put_header(bytes, SUB_ALTERNATIVE_MAC, sizeof(ie->alternative_mac));
		g_byte_array_append(bytes, ie->alternative_mac, sizeof(ie->alternative_mac));
	}
	if (ie->r2) {
		put_header(bytes, SUB_R2_DEVICE_INFO, 2);
		put_be16(bytes, ie->r2_role & INFO_ROLE);
	}
	return bytes;
}

GBytes *wfd_ie_build_subelements(const struct wfd_ie *ie)
{
	return g_byte_array_free_to_bytes(build_subelements(ie));
}

GBytes *wfd_ie_build(const struct wfd_ie *ie)
{
	g_autoptr(GByteArray) subelements = build_subelements(ie);
	GByteArray *bytes = g_byte_array_new();
	guint8 header[2] = { ELEMENT_VENDOR, sizeof(wfd_oui_type) + subelements->len };

	/* What is written here always fits into one element. */
	g_assert(subelements->len <= ELEMENT_MAX);
	g_byte_array_append(bytes, header, sizeof(header));
	g_byte_array_append(bytes, wfd_oui_type, sizeof(wfd_oui_type));
	g_byte_array_append(bytes, subelements->data, subelements->len);
	return g_byte_array_free_to_bytes(bytes);
}

void wfd_ie_init_source(struct wfd_ie *ie, guint16 rtsp_port, guint16 throughput)
{
	*ie = (struct wfd_ie){
		.has_device_info = TRUE,
		.role = WFD_ROLE_SOURCE,
		.available = TRUE,
		.rtsp_port = rtsp_port,
		.throughput = throughput,
	};
}

gboolean wfd_device_is_connectable_sink(const struct wfd_ie *ie, const char **why)
{
	const char *reason = NULL;

	if (!ie->has_device_info)
		reason = "the device does not say what it is";
	else if (ie->role == WFD_ROLE_SOURCE)
		reason = "the device is a source, not a display";
	else if (ie->role == WFD_ROLE_SECONDARY_SINK)
		reason = "the device only plays audio beside another display";
	else if (!ie->available)
		reason = "the display is busy with another session or its mirroring is switched off";

	if (why)
		*why = reason;
	return reason == NULL;
}
