/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller parameter values of WFD v2.1, 6.1. */
#include <string.h>

#include "wfd-values.h"

static void test_rtp_ports(void)
{
	static const char *const bad[] = {
		"", "RTP/AVP/UDP", "RTP/AVP/UDP;unicast", "RTP/AVP/UDP;unicast 0 0 mode=play",
		"RTP/AVP/UDP;unicast 65536 0 mode=play", "RTP/AVP/UDP;unicast 1028 65536 mode=play",
		"RTP/AVP/UDP;multicast 1028 0 mode=play", "RTP/AVP/UDP;unicast 1028 0 mode=record",
		"RTP/AVP/UDP;unicast 1028 0 mode=play x", "RTP/AVP/UDP;unicast -1 0 mode=play",
		"RTP/AVP/UDP;unicast 99999999999999999999999999 0 mode=play", "none",
	};
	struct wfd_rtp_ports ports;
	g_autofree char *written = NULL;

	g_assert_true(wfd_rtp_ports_parse("RTP/AVP/UDP;unicast 19000 0 mode=play", &ports, NULL));
	g_assert_cmpuint(ports.port0, ==, 19000);
	g_assert_cmpuint(ports.port1, ==, 0);
	g_assert_false(ports.tcp);
	written = wfd_rtp_ports_format(&ports);
	g_assert_cmpstr(written, ==, "RTP/AVP/UDP;unicast 19000 0 mode=play");

	/* A second port that is not 0 is against the rule and echoed all the same. */
	g_clear_pointer(&written, g_free);
	g_assert_true(wfd_rtp_ports_parse("rtp/avp/tcp; unicast 65535 1029  mode=play ", &ports, NULL));
	written = wfd_rtp_ports_format(&ports);
	g_assert_cmpstr(written, ==, "RTP/AVP/TCP;unicast 65535 1029 mode=play");
	g_assert_true(wfd_rtp_ports_parse("RTP/AVP;unicast 1028", &ports, NULL));

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(wfd_rtp_ports_parse(bad[i], &ports, &error));
		g_assert_error(error, WFD_ERROR, WFD_ERROR_SYNTAX);
		g_assert_cmpuint(ports.port0, ==, 0);
	}
}

static char *edid_value(const char *count, gsize n_bytes)
{
	GString *value = g_string_new(count);

	g_string_append_c(value, ' ');
	for (gsize i = 0; i < n_bytes; i++)
		g_string_append_printf(value, "%02x", (guint)(i & 0xff));
	return g_string_free(value, FALSE);
}

static void assert_edid(const char *count, gsize n_bytes, gboolean accepted, gsize len)
{
	g_autofree char *value = edid_value(count, n_bytes);
	g_autoptr(GBytes) edid = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(wfd_display_edid_parse(value, &edid, &error), ==, accepted);
	g_assert_cmpint(error != NULL, ==, !accepted);
	g_assert_cmpuint(edid ? g_bytes_get_size(edid) : 0, ==, len);
}

static void test_display_edid(void)
{
	g_autoptr(GBytes) edid = NULL;
	g_autofree char *value = edid_value("0001", 128);
	g_autofree char *written = NULL;
	g_autofree char *upper = g_ascii_strup(value, -1);

	g_assert_true(wfd_display_edid_parse("none", &edid, NULL));
	g_assert_null(edid);
	g_assert_true(wfd_display_edid_parse("0000 none", &edid, NULL));
	g_assert_null(edid);
	written = wfd_display_edid_format(NULL);
	g_assert_cmpstr(written, ==, "none");
	g_clear_pointer(&written, g_free);

	g_assert_true(wfd_display_edid_parse(value, &edid, NULL));
	written = wfd_display_edid_format(edid);
	g_assert_cmpstr(written, ==, upper);

	assert_edid("0002", 256, TRUE, 256);
	assert_edid("0010", 16 * 128, TRUE, 16 * 128); /* hex, not ten */
	assert_edid("0100", 256 * 128, TRUE, 256 * 128);
	assert_edid("0001", 256, TRUE, 256); /* wrong count */
	assert_edid("0002", 128, FALSE, 0);
	assert_edid("0001", 127, FALSE, 0);
	assert_edid("0001", 129, FALSE, 0);
	assert_edid("0001", 0, FALSE, 0);
	assert_edid("0101", 257 * 128, FALSE, 0);
	assert_edid("0100", 257 * 128, FALSE, 0);
	assert_edid("ffffffffffffffffff", 128, FALSE, 0);
	assert_edid("0001 0", 127, FALSE, 0);
	assert_edid("0001 zz", 127, FALSE, 0);
	assert_edid("", 0, FALSE, 0);
}

static void test_content_protection(void)
{
	struct wfd_content_protection cp;

	g_assert_true(wfd_content_protection_parse("none", &cp, NULL));
	g_assert_cmpuint(cp.hdcp_major, ==, 0);
	g_assert_true(wfd_content_protection_parse("HDCP2.1 port=53002", &cp, NULL));
	g_assert_cmpuint(cp.hdcp_major, ==, 2);
	g_assert_cmpuint(cp.hdcp_minor, ==, 1);
	g_assert_cmpuint(cp.port, ==, 53002);
	g_assert_false(wfd_content_protection_parse("HDCP", &cp, NULL));
	g_assert_false(wfd_content_protection_parse("HDCP2.1", &cp, NULL));
	g_assert_false(wfd_content_protection_parse("HDCP2.1 port=65536", &cp, NULL));
	g_assert_false(wfd_content_protection_parse("HDCP2.1 port=1 2", &cp, NULL));
	g_assert_cmpuint(cp.hdcp_major, ==, 0);
}

static void test_coupled_sink(void)
{
	static const guint8 mac[6] = { 0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f };
	struct wfd_coupled_sink sink;

	g_assert_true(wfd_coupled_sink_parse("none", &sink, NULL));
	g_assert_false(sink.supported);
	g_assert_true(wfd_coupled_sink_parse("00 none", &sink, NULL));
	g_assert_true(sink.supported);
	g_assert_false(sink.has_mac);
	g_assert_true(wfd_coupled_sink_parse("01 0A1b2c3d4e5f", &sink, NULL));
	g_assert_cmpmem(sink.mac, 6, mac, 6);
	g_assert_cmpuint(sink.status, ==, 1);
	g_assert_true(wfd_coupled_sink_parse("01 0A:1b:2c:3d:4e:5f", &sink, NULL));
	g_assert_false(wfd_coupled_sink_parse("01 0A:1b:2c:3d:4e", &sink, NULL));
	g_assert_false(wfd_coupled_sink_parse("01 0A1b2c3d4e5f66", &sink, NULL));
	g_assert_false(wfd_coupled_sink_parse("", &sink, NULL));
	g_assert_false(sink.supported);
}

static void test_trigger(void)
{
	enum wfd_trigger trigger;

	for (int i = WFD_TRIGGER_SETUP; i <= WFD_TRIGGER_TEARDOWN; i++) {
		g_assert_true(wfd_trigger_parse(wfd_trigger_name(i), &trigger, NULL));
		g_assert_cmpint(trigger, ==, i);
	}
	g_assert_false(wfd_trigger_parse("PLAYING", &trigger, NULL));
	g_assert_false(wfd_trigger_parse("", &trigger, NULL));
}

static void test_presentation_url(void)
{
	g_autofree char *url0 = NULL;
	g_autofree char *url1 = NULL;
	g_autofree char *v4 = wfd_presentation_url_format("192.168.49.1", 0);
	g_autofree char *v6 = wfd_presentation_url_format("fe80::1", 7236);
	g_autofree char *scoped = wfd_presentation_url_format("fe80::1%wlan0", 7236);

	g_assert_cmpstr(v4, ==, "rtsp://192.168.49.1/wfd1.0/streamid=0 none");
	g_assert_cmpstr(v6, ==, "rtsp://[fe80::1]:7236/wfd1.0/streamid=0 none");
	g_assert_cmpstr(scoped, ==, v6);
	g_assert_true(wfd_presentation_url_parse(v4, &url0, &url1, NULL));
	g_assert_cmpstr(url0, ==, "rtsp://192.168.49.1/wfd1.0/streamid=0");
	g_assert_null(url1);
	g_clear_pointer(&url0, g_free);
	g_assert_false(wfd_presentation_url_parse("", &url0, &url1, NULL));
	g_assert_false(wfd_presentation_url_parse("http://x none", &url0, &url1, NULL));
	g_assert_false(wfd_presentation_url_parse("rtsp://x rtsp://y z", &url0, &url1, NULL));
	g_assert_null(url0);
	g_assert_null(url1);
}

static void test_connector_type(void)
{
	int type;

	g_assert_true(wfd_connector_type_parse("none", &type, NULL));
	g_assert_cmpint(type, ==, -1);
	g_assert_true(wfd_connector_type_parse("05", &type, NULL));
	g_assert_cmpstr(wfd_connector_type_name(type), ==, "HDMI");
	g_assert_cmpuint(wfd_connector_type_to_drm(type), ==, 11); /* DRM_MODE_CONNECTOR_HDMIA */
	g_assert_true(wfd_connector_type_parse("0A", &type, NULL));
	g_assert_cmpuint(wfd_connector_type_to_drm(type), ==, 10); /* ..._DisplayPort */
	g_assert_true(wfd_connector_type_parse("FF", &type, NULL));
	g_assert_cmpstr(wfd_connector_type_name(type), ==, "other");
	g_assert_cmpstr(wfd_connector_type_name(6), ==, "reserved");
	g_assert_cmpuint(wfd_connector_type_to_drm(-1), ==, 15); /* ..._VIRTUAL */
	g_assert_false(wfd_connector_type_parse("100", &type, NULL));
	g_assert_false(wfd_connector_type_parse("HDMI", &type, NULL));
	g_assert_cmpint(type, ==, -1);
}

static void test_av_timing(void)
{
	g_autofree char *text = wfd_av_timing_format(G_GUINT64_CONSTANT(0x1ffffffff), 1);
	guint64 pts, dts;

	g_assert_cmpstr(text, ==, "FFFFFFFF80 0000000080");
	g_assert_true(wfd_av_timing_parse(text, &pts, &dts, NULL));
	g_assert_cmphex(pts, ==, G_GUINT64_CONSTANT(0x1ffffffff));
	g_assert_cmphex(dts, ==, 1);
	g_assert_false(wfd_av_timing_parse("10000000000 0", &pts, &dts, NULL));
	g_assert_false(wfd_av_timing_parse("0", &pts, &dts, NULL));
	g_assert_false(wfd_av_timing_parse("0 0 0", &pts, &dts, NULL));
}

static void test_words(void)
{
	gboolean yes;
	guint16 port;

	g_assert_true(wfd_supported_parse("supported", &yes, NULL));
	g_assert_true(yes);
	g_assert_true(wfd_supported_parse("none", &yes, NULL));
	g_assert_false(yes);
	g_assert_false(wfd_supported_parse("supported?", &yes, NULL));
	g_assert_true(wfd_idr_request_capability_parse("1", &yes, NULL));
	g_assert_true(yes);
	g_assert_true(wfd_idr_request_capability_parse("0", &yes, NULL));
	g_assert_false(yes);
	g_assert_false(wfd_idr_request_capability_parse("2", &yes, NULL));
	g_assert_true(wfd_i2c_parse("none", &port, NULL));
	g_assert_cmpuint(port, ==, 0);
	g_assert_true(wfd_i2c_parse("404", &port, NULL));
	g_assert_cmpuint(port, ==, 404);
	g_assert_false(wfd_i2c_parse("0", &port, NULL));
	g_assert_false(wfd_i2c_parse("70000", &port, NULL));
}

static void test_uibc(void)
{
	static const char value[] =
		"input_category_list=GENERIC, HIDC;generic_cap_list=Keyboard, Mouse, MultiTouch;"
		"hidc_cap_list=Keyboard/USB, Mouse/BT;port=none";
	g_autoptr(GString) many = g_string_new("input_category_list=HIDC;hidc_cap_list=");
	struct wfd_uibc uibc;
	g_autofree char *written = NULL;

	g_assert_true(wfd_uibc_parse("none", &uibc, NULL));
	g_assert_false(uibc.supported);
	g_assert_true(wfd_uibc_parse(value, &uibc, NULL));
	g_assert_cmphex(uibc.categories, ==, WFD_UIBC_CATEGORY_GENERIC | WFD_UIBC_CATEGORY_HIDC);
	g_assert_cmphex(uibc.generic, ==,
			WFD_UIBC_GENERIC_KEYBOARD | WFD_UIBC_GENERIC_MOUSE |
				WFD_UIBC_GENERIC_MULTI_TOUCH);
	g_assert_cmpuint(uibc.n_hidc, ==, 2);
	g_assert_cmpuint(uibc.hidc[1].type, ==, WFD_UIBC_GENERIC_MOUSE);
	g_assert_cmpuint(uibc.hidc[1].path, ==, 2);
	written = wfd_uibc_format(&uibc);
	g_assert_cmpstr(written, ==, value);

	/* with blanks, and an input nobody knows */
	g_clear_pointer(&written, g_free);
	g_assert_true(wfd_uibc_parse("input_category_list=GENERIC; generic_cap_list=Mouse, "
				     "Telepathy; hidc_cap_list=none; port = 7239",
				     &uibc, NULL));
	g_assert_cmpuint(uibc.port, ==, 7239);
	written = wfd_uibc_format(&uibc);
	g_assert_cmpstr(written, ==,
			"input_category_list=GENERIC;generic_cap_list=Mouse;"
			"hidc_cap_list=none;port=7239");

	for (int i = 0; i < 100; i++)
		g_string_append(many, "Mouse/USB,");
	g_assert_true(wfd_uibc_parse(many->str, &uibc, NULL));
	g_assert_cmpuint(uibc.n_hidc, ==, WFD_UIBC_MAX_HIDC);
	g_assert_false(wfd_uibc_parse("input_category_list=GENERIC;port=70000", &uibc, NULL));
	g_assert_false(wfd_uibc_parse("generic_cap_list=Mouse", &uibc, NULL));
	g_assert_false(wfd_uibc_parse("", &uibc, NULL));
	g_assert_false(uibc.supported);
}

static void test_ms_cursor(void)
{
	struct wfd_ms_cursor cursor;

	g_assert_true(wfd_ms_cursor_parse("none", &cursor, NULL));
	g_assert_false(cursor.supported);
	/* no XOR masks, 256x256, port in hex */
	g_assert_true(wfd_ms_cursor_parse("none 0100 0100 4abf", &cursor, NULL));
	g_assert_true(cursor.supported);
	g_assert_false(cursor.xor_masks);
	g_assert_cmpuint(cursor.max_width, ==, 256);
	g_assert_cmpuint(cursor.port, ==, 0x4abf);
	g_assert_true(wfd_ms_cursor_parse("full 0040 0040 1000", &cursor, NULL));
	g_assert_true(cursor.xor_masks);
	g_assert_false(wfd_ms_cursor_parse("full 0040", &cursor, NULL));
	g_assert_false(wfd_ms_cursor_parse("supported", &cursor, NULL));
	g_assert_false(cursor.supported);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/values/6.1.7/client-rtp-ports", test_rtp_ports);
	g_test_add_func("/wfd/values/6.1.6/display-edid", test_display_edid);
	g_test_add_func("/wfd/values/6.1/content-protection", test_content_protection);
	g_test_add_func("/wfd/values/6.1/coupled-sink", test_coupled_sink);
	g_test_add_func("/wfd/values/M5/trigger-method", test_trigger);
	g_test_add_func("/wfd/values/M4/presentation-url", test_presentation_url);
	g_test_add_func("/wfd/values/table-91/connector-type", test_connector_type);
	g_test_add_func("/wfd/values/M4/av-format-change-timing", test_av_timing);
	g_test_add_func("/wfd/values/6.1/one-word", test_words);
	g_test_add_func("/wfd/values/M14/uibc-capability", test_uibc);
	g_test_add_func("/wfd/values/wdhce-1.7/cursor", test_ms_cursor);
	return g_test_run();
}
