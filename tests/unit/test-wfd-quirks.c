/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of what real sinks need beyond the specification. */
#include "wfd-quirks.h"

static void match(struct wfd_sink_identity identity, struct wfd_quirks *out)
{
	wfd_quirks_match(&identity, out);
}

static void test_defaults(void)
{
	struct wfd_quirks quirks;

	match((struct wfd_sink_identity){ 0 }, &quirks);
	g_assert_cmpstr(quirks.name, ==, "default");
	g_assert_cmpint(quirks.keepalive, ==, WFD_KEEPALIVE_AUTO);
	g_assert_cmpuint(quirks.max_session_id, ==, 15);
	/* A keep-alive timeout is at least 10 s (6.5.1). */
	g_assert_cmpuint(quirks.session_timeout, >=, 10);
	g_assert_false(quirks.audio_required);
	g_assert_true(quirks.standby);
	g_assert_cmphex(quirks.pmt_pid, ==, 0x100);
}

static void test_microsoft(void)
{
	struct wfd_quirks quirks;

	match((struct wfd_sink_identity){ .user_agent = "MSFT-WDD/1.0" }, &quirks);
	g_assert_cmpstr(quirks.name, ==, "microsoft");
	g_assert_cmpint(quirks.keepalive, ==, WFD_KEEPALIVE_OFF);
	/* Without M16 no time is announced after which a sink would miss it. */
	g_assert_cmpuint(quirks.session_timeout, ==, 0);
	g_assert_false(quirks.standby);
	match((struct wfd_sink_identity){ .manufacturer = "Microsoft Corporation" }, &quirks);
	g_assert_cmpint(quirks.keepalive, ==, WFD_KEEPALIVE_OFF);
}

static void test_lg_whole_word(void)
{
	struct wfd_quirks quirks;

	match((struct wfd_sink_identity){ .device_name = "[LG] webOS TV OLED55C9" }, &quirks);
	g_assert_cmpstr(quirks.name, ==, "lg");
	g_assert_cmpint(quirks.keepalive, ==, WFD_KEEPALIVE_ON);
	g_assert_cmpuint(quirks.max_session_id, ==, 10);
	match((struct wfd_sink_identity){ .manufacturer = "lg electronics" }, &quirks);
	g_assert_cmpstr(quirks.name, ==, "lg");
	match((struct wfd_sink_identity){ .manufacturer = "Algonquin", .model = "FLG2 LGX" }, &quirks);
	g_assert_cmpstr(quirks.name, ==, "default");
}

static void test_audio(void)
{
	struct wfd_quirks quirks;

	match((struct wfd_sink_identity){ .device_name = "[TV] Samsung 7 Series" }, &quirks);
	g_assert_true(quirks.audio_required);
	g_assert_false(quirks.audio_only_aac);
	match((struct wfd_sink_identity){ .manufacturer = "TCL" }, &quirks);
	g_assert_true(quirks.audio_required);
	g_assert_true(quirks.audio_only_aac);
}

static void test_several_rows(void)
{
	struct wfd_quirks quirks;

	match((struct wfd_sink_identity){ .user_agent = "MSFT-WDD", .manufacturer = "LG" }, &quirks);
	g_assert_cmpstr(quirks.name, ==, "microsoft+lg");
	g_assert_cmpint(quirks.keepalive, ==, WFD_KEEPALIVE_ON);
	/* What only one row names is kept, a 0 too; what both do is the later one's. */
	g_assert_false(quirks.standby);
	g_assert_cmpuint(quirks.session_timeout, ==, 30);
	g_assert_cmpuint(quirks.max_session_id, ==, 10);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/quirks/defaults", test_defaults);
	g_test_add_func("/wfd/quirks/microsoft-m16", test_microsoft);
	g_test_add_func("/wfd/quirks/lg-m16", test_lg_whole_word);
	g_test_add_func("/wfd/quirks/audio", test_audio);
	g_test_add_func("/wfd/quirks/several-rows", test_several_rows);
	return g_test_run();
}
