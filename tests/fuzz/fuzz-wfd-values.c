/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller values: every parser on the same text, written forms must be stable. */
#include "fuzz.h"
#include "wfd-values.h"

static void fuzz_ports(const char *value)
{
	struct wfd_rtp_ports ports, again;
	g_autofree char *text = NULL;

	if (!wfd_rtp_ports_parse(value, &ports, NULL))
		return;
	text = wfd_rtp_ports_format(&ports);
	g_assert_true(wfd_rtp_ports_parse(text, &again, NULL));
	g_assert_cmpuint(again.port0, ==, ports.port0);
	g_assert_cmpuint(again.port1, ==, ports.port1);
}

static void fuzz_edid(const char *value)
{
	g_autoptr(GBytes) edid = NULL;
	g_autoptr(GBytes) again = NULL;
	g_autofree char *text = NULL;

	if (!wfd_display_edid_parse(value, &edid, NULL))
		g_assert_null(edid);
	if (!edid)
		return;
	text = wfd_display_edid_format(edid);
	g_assert_true(wfd_display_edid_parse(text, &again, NULL));
	g_assert_true(g_bytes_equal(edid, again));
}

static void fuzz_uibc(const char *value)
{
	struct wfd_uibc uibc, again;
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	if (!wfd_uibc_parse(value, &uibc, NULL))
		return;
	first = wfd_uibc_format(&uibc);
	g_assert_true(wfd_uibc_parse(first, &again, NULL));
	second = wfd_uibc_format(&again);
	g_assert_cmpstr(first, ==, second);
}

static void fuzz_url(const char *value)
{
	g_autofree char *url0 = NULL;
	g_autofree char *url1 = NULL;

	wfd_presentation_url_parse(value, &url0, &url1, NULL);
}

static void fuzz_timing(const char *value)
{
	guint64 pts, dts, pts2, dts2;
	g_autofree char *text = NULL;

	if (!wfd_av_timing_parse(value, &pts, &dts, NULL))
		return;
	text = wfd_av_timing_format(pts, dts);
	g_assert_true(wfd_av_timing_parse(text, &pts2, &dts2, NULL));
	g_assert_cmpuint(pts, ==, pts2);
	g_assert_cmpuint(dts, ==, dts2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *value = g_strndup((const char *)data, size);
	struct wfd_content_protection protection;
	struct wfd_coupled_sink coupled;
	struct wfd_ms_cursor cursor;
	enum wfd_trigger trigger;
	gboolean yes;
	guint16 port;
	int type;

	fuzz_ports(value);
	fuzz_edid(value);
	fuzz_uibc(value);
	fuzz_url(value);
	fuzz_timing(value);
	wfd_content_protection_parse(value, &protection, NULL);
	wfd_coupled_sink_parse(value, &coupled, NULL);
	wfd_ms_cursor_parse(value, &cursor, NULL);
	wfd_trigger_parse(value, &trigger, NULL);
	wfd_supported_parse(value, &yes, NULL);
	wfd_idr_request_capability_parse(value, &yes, NULL);
	wfd_i2c_parse(value, &port, NULL);
	if (wfd_connector_type_parse(value, &type, NULL))
		g_assert_nonnull(wfd_connector_type_name(type));
	return 0;
}
