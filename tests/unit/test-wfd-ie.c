/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Wi-Fi Display information element, WFD v2.1, 5.1. */
#include <string.h>

#include "wfd-ie.h"

static GBytes *from_hex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; hex[0] && hex[1]; hex += 2) {
		guint8 byte = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);

		g_byte_array_append(bytes, &byte, 1);
	}
	return g_byte_array_free_to_bytes(bytes);
}

static gboolean parse_hex(const char *hex, struct wfd_ie *ie, GError **error)
{
	g_autoptr(GBytes) bytes = from_hex(hex);
	gsize len;
	const guint8 *data = g_bytes_get_data(bytes, &len);

	return wfd_ie_parse(data, len, ie, error);
}

static void assert_hex(GBytes *bytes, const char *hex)
{
	g_autoptr(GBytes) expected = from_hex(hex);

	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
			g_bytes_get_data(expected, NULL), g_bytes_get_size(expected));
	g_bytes_unref(bytes);
}

/* Elements as devices send them, but for the last; each is parsed and built again. */
static void test_real_devices(void)
{
	static const struct {
		const char *hex;
		enum wfd_device_role role;
		guint16 port, throughput;
		gboolean hdcp, sink;
	} devices[] = {
		{ "000006" "0010" "1c44" "00c8", WFD_ROLE_SOURCE, 7236, 200, FALSE, FALSE },
		{ "000006" "0110" "1c44" "0036", WFD_ROLE_SOURCE, 7236, 54, TRUE, FALSE },
		/* LG C9 */
		{ "000006" "0111" "1c44" "0032", WFD_ROLE_PRIMARY_SINK, 7236, 50, TRUE, TRUE },
		/* lazycast */
		{ "000006" "0011" "1c44" "012c", WFD_ROLE_PRIMARY_SINK, 7236, 300, FALSE, TRUE },
		/* made up: an RTSP port of its own, as MR-A202 has */
		{ "000006" "0011" "022a" "0096", WFD_ROLE_PRIMARY_SINK, 554, 150, FALSE, TRUE },
	};

	for (guint i = 0; i < G_N_ELEMENTS(devices); i++) {
		g_autoptr(GError) error = NULL;
		struct wfd_ie ie;

		g_assert_true(parse_hex(devices[i].hex, &ie, &error));
		g_assert_true(ie.has_device_info);
		g_assert_true(ie.available);
		g_assert_cmpint(ie.role, ==, devices[i].role);
		g_assert_cmpuint(ie.rtsp_port, ==, devices[i].port);
		g_assert_cmpuint(ie.throughput, ==, devices[i].throughput);
		g_assert_cmpint(ie.hdcp, ==, devices[i].hdcp);
		g_assert_cmpint(wfd_device_is_connectable_sink(&ie, NULL), ==, devices[i].sink);
		assert_hex(wfd_ie_build_subelements(&ie), devices[i].hex);
	}
}

static void test_our_source(void)
{
	struct wfd_ie ie;

	wfd_ie_init_source(&ie, WFD_DEFAULT_RTSP_PORT, 200);
	assert_hex(wfd_ie_build_subelements(&ie), "00000600101c4400c8");
	assert_hex(wfd_ie_build(&ie), "dd0d506f9a0a" "00000600101c4400c8");
	ie.r2 = TRUE;
	ie.extended = WFD_EXT_UIBC | WFD_EXT_STANDBY;
	assert_hex(wfd_ie_build_subelements(&ie), "00000600101c4400c8" "0700020009" "0b00020000");
}

static void test_all_subelements(void)
{
	static const guint8 mac[6] = { 1, 2, 3, 4, 5, 6 };
	static const guint8 ip[4] = { 192, 168, 49, 1 };
	struct wfd_ie ie;

	g_assert_true(parse_hex("0000060fff00000000"
				"010006010203040506"
				"06000701010203040506"
				"0700020003"
				"08000501c0a83101"
				"090018" "17" "010203040506" "010203040506" "0011" "0032" "00000000000000"
				"0a0006010203040506"
				"0b00020003"
				"f0000401020304",
				&ie, NULL));
	g_assert_cmpint(ie.role, ==, WFD_ROLE_DUAL);
	g_assert_false(ie.available); /* 11 is reserved */
	g_assert_true(ie.no_audio && ie.audio_only && ie.prefers_tdls && ie.service_discovery);
	g_assert_cmpmem(ie.bssid, 6, mac, 6);
	g_assert_true(ie.has_coupled);
	g_assert_cmpuint(ie.coupled_status, ==, 1);
	g_assert_cmpmem(ie.coupled_mac, 6, mac, 6);
	g_assert_cmphex(ie.extended, ==, WFD_EXT_UIBC | WFD_EXT_I2C);
	g_assert_cmpmem(ie.ipv4, 4, ip, 4);
	g_assert_cmpuint(ie.n_clients, ==, 1);
	g_assert_cmpmem(ie.alternative_mac, 6, mac, 6);
	g_assert_true(ie.r2);
	g_assert_cmpuint(ie.r2_role, ==, 3);
}

/* A subelement may be cut by the end of an element and go on in the next (5.1.1). */
static void test_several_elements(void)
{
	struct wfd_ie ie;

	g_assert_true(parse_hex("dd08506f9a0a" "00000601"
				"dd09506f9a0a" "111c440032"
				"dd050050f20401" /* WPS */
				"dd09506f9a0a" "0b00020001",
				&ie, NULL));
	g_assert_true(ie.has_device_info);
	g_assert_true(ie.r2);
	g_assert_cmpuint(ie.throughput, ==, 50);
	/* the WFD element is not the first */
	g_assert_true(parse_hex("dd050050f20401" "dd0d506f9a0a00000601111c440032", &ie, NULL));
	g_assert_true(ie.has_device_info);
}

static void assert_bad(const char *hex, enum wfd_error code)
{
	g_autoptr(GError) error = NULL;
	struct wfd_ie ie = { .available = TRUE };

	g_assert_false(parse_hex(hex, &ie, &error));
	g_assert_error(error, WFD_ERROR, (int)code);
	g_assert_false(ie.available);
}

static void test_bad(void)
{
	g_autofree guint8 *huge = g_malloc0(8193);
	g_autoptr(GError) error = NULL;
	struct wfd_ie ie;

	assert_bad("", WFD_ERROR_MISSING);
	assert_bad("dd050050f20401", WFD_ERROR_MISSING);
	assert_bad("dd04506f9a0a", WFD_ERROR_MISSING);
	assert_bad("00", WFD_ERROR_TRUNCATED);
	assert_bad("0000", WFD_ERROR_TRUNCATED);
	assert_bad("00000601111c4400", WFD_ERROR_TRUNCATED);
	assert_bad("00000501111c4400", WFD_ERROR_TRUNCATED);
	assert_bad("00ffff01111c440032", WFD_ERROR_TRUNCATED);
	assert_bad("dd", WFD_ERROR_TRUNCATED);
	assert_bad("ddff506f9a0a", WFD_ERROR_TRUNCATED);
	assert_bad("dd0d506f9a0a" "00000701111c440032", WFD_ERROR_TRUNCATED);
	assert_bad("080004" "01c0a831", WFD_ERROR_TRUNCATED);
	g_assert_false(wfd_ie_parse(huge, 8193, &ie, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG);
}

static void test_connectable(void)
{
	static const struct {
		const char *hex;
		gboolean connectable;
	} cases[] = {
		{ "00000600111c440032", TRUE },	 /* primary sink */
		{ "00000600131c440032", TRUE },	 /* dual role */
		{ "00000600121c440032", FALSE }, /* secondary sink */
		{ "00000600101c440032", FALSE }, /* source */
		{ "00000600011c440032", FALSE }, /* sink, not available */
		{ "0b00020001", FALSE },	 /* no device information */
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *why;
		struct wfd_ie ie;

		g_assert_true(parse_hex(cases[i].hex, &ie, NULL));
		g_assert_cmpint(wfd_device_is_connectable_sink(&ie, &why), ==, cases[i].connectable);
		g_assert_cmpint(why == NULL, ==, cases[i].connectable);
	}
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/ie/5.1/real-devices", test_real_devices);
	g_test_add_func("/wfd/ie/5.1/our-source", test_our_source);
	g_test_add_func("/wfd/ie/5.1/all-subelements", test_all_subelements);
	g_test_add_func("/wfd/ie/5.1.1/several-elements", test_several_elements);
	g_test_add_func("/wfd/ie/5.1/bad", test_bad);
	g_test_add_func("/wfd/ie/table-20/connectable", test_connectable);
	return g_test_run();
}
