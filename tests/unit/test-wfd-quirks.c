/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of what real sinks need beyond the specification. */
#include "wfd-error.h"
#include "wfd-quirks.h"
#include "wfd-values.h"

static void match(struct wfd_sink_identity identity, struct wfd_quirks *out)
{
	g_autoptr(wfd_quirk_table) table = wfd_quirk_table_new();

	wfd_quirks_match(table, &identity, out);
}

/* With rows of @text. */
static void match_with(const char *text, struct wfd_sink_identity identity, struct wfd_quirks *out)
{
	g_autoptr(wfd_quirk_table) table = wfd_quirk_table_new();
	g_autoptr(GError) error = NULL;

	wfd_quirk_table_add(table, text, &error);
	g_assert_no_error(error);
	wfd_quirks_match(table, &identity, out);
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
	g_assert_cmphex(quirks.audio_codecs, ==, ~0u);
	g_assert_false(quirks.baseline_only);
	g_assert_cmpuint(quirks.max_bit_rate, ==, 0);
	g_assert_false(quirks.short_m3);
	g_assert_false(quirks.frame_marker);
	g_assert_cmpuint(quirks.lead_ms, ==, 0);
	g_assert_false(quirks.plain_video);
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
	g_assert_cmphex(quirks.audio_codecs, ==, ~0u);
	match((struct wfd_sink_identity){ .manufacturer = "TCL" }, &quirks);
	g_assert_true(quirks.audio_required);
	g_assert_cmphex(quirks.audio_codecs, ==, 1u << WFD_AUDIO_AAC);
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

static void test_every_setting(void)
{
	struct wfd_quirks quirks;

	match_with("# a comment\n[mine]\nany=Acme\nkeep-alive=OFF\nsession-timeout=0\nsession-id-length=4\n"
		   "audio-required=true\naudio-codecs=LPCM;AC3;\nstandby=false\npmt-pid=0x1000\n"
		   "baseline-only=true\nmax-bit-rate=4000\nshort-m3=true\nframe-marker=true\nlead=120\nplain-video=true\n",
		   (struct wfd_sink_identity){ .device_name = "Acme 3" }, &quirks);
	g_assert_cmpstr(quirks.name, ==, "mine");
	g_assert_cmpint(quirks.keepalive, ==, WFD_KEEPALIVE_OFF);
	g_assert_cmpuint(quirks.session_timeout, ==, 0);
	g_assert_cmpuint(quirks.max_session_id, ==, 4);
	g_assert_true(quirks.audio_required);
	g_assert_cmphex(quirks.audio_codecs, ==, 1u << WFD_AUDIO_LPCM | 1u << WFD_AUDIO_AC3);
	g_assert_false(quirks.standby);
	g_assert_cmphex(quirks.pmt_pid, ==, 0x1000);
	g_assert_true(quirks.baseline_only);
	g_assert_cmpuint(quirks.max_bit_rate, ==, 4000000);
	g_assert_true(quirks.short_m3);
	g_assert_true(quirks.frame_marker);
	g_assert_cmpuint(quirks.lead_ms, ==, 120);
	g_assert_true(quirks.plain_video);
}

/* Which sinks a row is for. */
static void test_keys(void)
{
	static const struct {
		const char *key;
		struct wfd_sink_identity identity;
		gboolean fits;
	} cases[] = {
		{ "user-agent=Acme", { .user_agent = "Acme/2" }, TRUE },
		{ "user-agent=Acme", { .server = "acme" }, TRUE },
		{ "user-agent=Acme", { .model = "Acme" }, FALSE },
		{ "manufacturer=Acme", { .manufacturer = "Acme Inc." }, TRUE },
		{ "manufacturer=Acme", { .device_model = "Acme TV3" }, TRUE },
		{ "manufacturer=Acme", { .device_name = "Acme" }, FALSE },
		{ "model=TV3", { .model = "TV3" }, TRUE },
		{ "model=TV3", { .device_model = "Acme TV3" }, TRUE },
		{ "model=TV3", { .model = "TV31" }, FALSE },
		{ "name=Living room", { .device_name = "Living Room TV" }, TRUE },
		{ "name=Living room", { .manufacturer = "Living room" }, FALSE },
		{ "address=02:11:22", { .address = "02:11:22:33:44:55" }, TRUE },
		{ "address=02:AA", { .address = "02:aa:22:33:44:55" }, TRUE },
		{ "address=11:22", { .address = "02:11:22:33:44:55" }, FALSE },
		{ "any=Other;Acme", { .device_model = "Acme" }, TRUE },
		{ "any=02:11", { .address = "02:11:22:33:44:55" }, FALSE },
		{ "name=Acme\nmodel=TV3", { .device_name = "Acme", .model = "TV3" }, TRUE },
		{ "name=Acme\nmodel=TV3", { .device_name = "Acme", .model = "TV4" }, FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("[row]\n%s\n", cases[i].key);
		struct wfd_quirks quirks;

		match_with(text, cases[i].identity, &quirks);
		g_test_message("%s", cases[i].key);
		g_assert_cmpstr(quirks.name, ==, cases[i].fits ? "row" : "default");
	}
}

/* What the user says comes after what is built in, and may put it out of force. */
static void test_users_rows(void)
{
	struct wfd_sink_identity lg = { .manufacturer = "LG" };
	struct wfd_quirks quirks;

	match_with("[mine]\nmanufacturer=LG\nkeep-alive=off\n", lg, &quirks);
	g_assert_cmpstr(quirks.name, ==, "lg+mine");
	g_assert_cmpint(quirks.keepalive, ==, WFD_KEEPALIVE_OFF);
	g_assert_cmpuint(quirks.max_session_id, ==, 10);
	match_with("[lg]\nany=LG\nsession-id-length=12\n", lg, &quirks);
	g_assert_cmpstr(quirks.name, ==, "lg");
	g_assert_cmpint(quirks.keepalive, ==, WFD_KEEPALIVE_AUTO);
	g_assert_cmpuint(quirks.max_session_id, ==, 12);
	match_with("[lg]\n", lg, &quirks);
	g_assert_cmpstr(quirks.name, ==, "default");
}

/* What is wrong changes nothing, and the sentence says where and what would be right. */
static void test_mistakes(void)
{
	static const struct {
		const char *text;
		int code;
		const char *sentence;
	} cases[] = {
		{ "[a]\nany=LG\nkeep-alive=maybe\n", WFD_ERROR_RANGE, "*[a] keep-alive=maybe*auto, on, off*" },
		{ "[a]\nany=LG\nsession-timeout=9\n", WFD_ERROR_RANGE, "*session-timeout=9*0, or 10 to 3600*" },
		{ "[a]\nany=LG\nsession-id-length=0\n", WFD_ERROR_RANGE, "*1 to 15*" },
		{ "[a]\nany=LG\nsession-id-length=-1\n", WFD_ERROR_RANGE, "*1 to 15*" },
		{ "[a]\nany=LG\nsession-id-length=4294967297\n", WFD_ERROR_RANGE, "*1 to 15*" },
		{ "[a]\nany=LG\naudio-required=yes\n", WFD_ERROR_RANGE, "*true or false*" },
		{ "[a]\nany=LG\naudio-codecs=MP3\n", WFD_ERROR_RANGE, "*LPCM, AAC, AC3*" },
		{ "[a]\nany=LG\naudio-codecs=\n", WFD_ERROR_RANGE, "*LPCM, AAC, AC3*" },
		{ "[a]\nany=LG\npmt-pid=0x1fff\n", WFD_ERROR_RANGE, "*32 to 8190*" },
		{ "[a]\nany=LG\nlead=20\n", WFD_ERROR_RANGE, "*50 to 1000*" },
		{ "[a]\nany=LG\nkeepalive=on\n", WFD_ERROR_SYNTAX, "*keepalive=*not known*" },
		{ "[a]\nany=;\nkeep-alive=on\n", WFD_ERROR_RANGE, "*any=*nothing*" },
		{ "[a]\nkeep-alive=on\n", WFD_ERROR_MISSING, "*for which display*" },
		{ "keep-alive=on\n", WFD_ERROR_SYNTAX, "*" },
		{ "[a\n", WFD_ERROR_SYNTAX, "*" },
		{ "[a]\nany=\xff\nkeep-alive=on\n", WFD_ERROR_SYNTAX, "*" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(wfd_quirk_table) table = wfd_quirk_table_new();
		g_autofree char *text = g_strdup_printf("[good]\nany=LG\nstandby=false\n%s", cases[i].text);
		struct wfd_sink_identity lg = { .manufacturer = "LG" };
		g_autoptr(GError) error = NULL;
		struct wfd_quirks quirks;

		g_test_message("%u", (guint)i);
		/* The one that belongs to no row: alone. */
		g_assert_false(wfd_quirk_table_add(table, *cases[i].text == '[' ? text : cases[i].text, &error));
		g_assert_error(error, WFD_ERROR, cases[i].code);
		g_assert_true(g_pattern_match_simple(cases[i].sentence, error->message));
		wfd_quirks_match(table, &lg, &quirks);
		g_assert_cmpstr(quirks.name, ==, "lg");
	}
}

static void test_too_big(void)
{
	g_autoptr(wfd_quirk_table) table = wfd_quirk_table_new();
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i <= WFD_QUIRKS_MAX_ROWS; i++)
		g_string_append_printf(text, "[%u]\nany=x\n", i);
	g_assert_false(wfd_quirk_table_add(table, text->str, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG);
	g_clear_error(&error);
	g_string_printf(text, "#%*s", WFD_QUIRKS_MAX_TEXT, "");
	g_assert_false(wfd_quirk_table_add(table, text->str, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/quirks/defaults", test_defaults);
	g_test_add_func("/wfd/quirks/microsoft-m16", test_microsoft);
	g_test_add_func("/wfd/quirks/lg-m16", test_lg_whole_word);
	g_test_add_func("/wfd/quirks/audio", test_audio);
	g_test_add_func("/wfd/quirks/several-rows", test_several_rows);
	g_test_add_func("/wfd/quirks/every-setting", test_every_setting);
	g_test_add_func("/wfd/quirks/keys", test_keys);
	g_test_add_func("/wfd/quirks/users-rows", test_users_rows);
	g_test_add_func("/wfd/quirks/mistakes", test_mistakes);
	g_test_add_func("/wfd/quirks/too-big", test_too_big);
	return g_test_run();
}
