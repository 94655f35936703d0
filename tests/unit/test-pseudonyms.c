// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Text without personal data: nothing that tells who it was, and the same pseudonym for the same thing.
 */
#include <string.h>

#include "ctl-pseudonyms.h"

static void assert_same(const char *one, const char *other)
{
	g_autoptr(pseudonyms) p = pseudonyms_new("key");
	g_autofree char *first = pseudonyms_apply(p, one);
	g_autofree char *second = pseudonyms_apply(p, other);

	g_assert_cmpstr(first, ==, second);
	g_assert_cmpstr(first, !=, one);
}

static void test_forms(void)
{
	assert_same("02:aa:bb:cc:dd:ee", "02:AA:BB:CC:DD:EE");
	assert_same("02:aa:bb:cc:dd:ee", "02aabbccddee");
	assert_same("02:aa:bb:cc:dd:ee", "02-AA-bb-cc-dd-ee");
	assert_same("2001:db8::1", "2001:0db8:0:0:0:0:0:1");
	assert_same("2001:db8::1", "2001:DB8::1");
}

/* @kept: what is to be left of it, with "#" for each pseudonym */
static void assert_text(pseudonyms *p, const char *text, const char *kept)
{
	g_autofree char *said = pseudonyms_apply(p, text);
	g_autoptr(GRegex) regex = g_regex_new("\\b[a-z]+-[0-9a-f]{6}\\b", 0, 0, NULL);
	g_autofree char *got = g_regex_replace_literal(regex, said, -1, 0, "#", 0, NULL);

	g_assert_cmpstr(got, ==, kept);
}

static void test_text(void)
{
	g_autoptr(pseudonyms) p = pseudonyms_new("key");

	pseudonyms_add(p, "name", "TV");
	pseudonyms_add(p, "name", "[TV] Anna's \"big\" one (5.1)");
	pseudonyms_add(p, "name", "Straße 客厅");
	pseudonyms_add(p, "name", " x ");
	pseudonyms_add(p, "name", "");
	pseudonyms_add(p, "name", "mac");
	pseudonyms_add(p, "host", "tv-1");
	/* Who has no name. */
	pseudonyms_add(p, "name", "127.0.0.1");
	pseudonyms_add(p, "name", "02:00:00:00:01:00");
	assert_text(p, "found TV (02:00:00:00:01:00, p2p)", "found # (#, p2p)");
	assert_text(p, "127.0.0.1", "127.0.0.1");
	assert_text(p, "tv, Tv. HDTV TV2", "#, #. HDTV TV2");
	assert_text(p, "[TV] Anna's \"big\" one (5.1) and [TV] Anna", "# and [#] Anna");
	assert_text(p, "Straße 客厅; STRAßE 客厅", "#; #");
	assert_text(p, "x y", "x y");
	/* A pseudonym is not looked at again. */
	assert_text(p, "mac 02:00:00:00:01:00 mac", "# # #");
	assert_text(p, "mice:tv-1:7251 tv-1.local", "mice:#:7251 #.local");
	assert_text(p, "192.0.2.1:7236 10.0.0.1, [2001:db8::1]:7236 fe80::1%wlan0 ::ffff:192.0.2.1 2001:db8::",
		    "#:7236 #, [#]:7236 #%wlan0 # #");
	assert_text(p, "127.0.0.1 0.0.0.0 ::1 :: 05:01:05 1.22.0 a::b::c std::string 256.1.1.1",
		    "127.0.0.1 0.0.0.0 ::1 :: 05:01:05 1.22.0 a::b::c std::string 256.1.1.1");
	assert_text(p, "/fi/w1/wpa_supplicant1/Peers/02aabbccddee", "/fi/w1/wpa_supplicant1/Peers/#");
	assert_text(p, "machine 0123456789abcdef0123456789abcdef 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "machine # #");
	assert_text(p, "DIRECT-xyTv link direct-1 directed", "# link direct-1 directed");
	assert_text(p, "serial number ABC/12; Serial: 7, serial=\"q\"", "serial number #; Serial: #, serial=\"#\"");
	assert_text(p, "alsa_output.miracast-LG_TV-0042.hdmi miracast-umd", "alsa_output.miracast-# miracast-umd");
	assert_text(p, "/home/otto/x", "/home/#/x");
	assert_text(p, "it wants a PIN; pin: 1234, passphrase=\"s3 x\"", "it wants a PIN; pin: [removed], passphrase=\"[removed]\"");
	assert_text(p, "H.264 constrained-baseline 3.2, 1280x720 at 60 Hz, sink-unknown, 1f.2",
		    "H.264 constrained-baseline 3.2, 1280x720 at 60 Hz, sink-unknown, 1f.2");
}

/* The same for the same machine, another one for another, and not the thing itself in other clothes. */
static void test_key(void)
{
	g_autoptr(pseudonyms) one = pseudonyms_new("one"), again = pseudonyms_new("one"), other = pseudonyms_new("other");
	g_autofree char *first = pseudonyms_apply(one, "02:00:00:00:01:00");
	g_autofree char *second = pseudonyms_apply(again, "02:00:00:00:01:00");
	g_autofree char *third = pseudonyms_apply(other, "02:00:00:00:01:00");
	g_autofree char *neighbour = pseudonyms_apply(one, "02:00:00:00:01:01");

	g_assert_cmpstr(first, ==, second);
	g_assert_cmpstr(first, !=, third);
	g_assert_cmpstr(first, !=, neighbour);
	g_assert_cmpuint(strlen(first), ==, strlen("mac-123456"));
}

/* Of an object each text, however deep; and of a session no PIN, which looks like any number. */
static void test_json(void)
{
	g_autoptr(pseudonyms) p = pseudonyms_new("key");
	g_autoptr(JsonNode) node = json_from_string("{\"sessions\": [{\"id\": 1, \"sink\": {\"TV\": \"tv\"}, \"pin-wanted\": true,"
						    " \"pin-shown\": \"12345670\"}, {\"pin-shown\": \"\", \"hint\": null}]}", NULL);
	g_autoptr(JsonNode) clean = NULL;
	g_autofree char *text = NULL, *name = NULL, *wanted = NULL;

	pseudonyms_add(p, "name", "TV");
	name = pseudonyms_apply(p, "TV");
	clean = pseudonyms_apply_json(p, node);
	text = json_to_string(clean, FALSE);
	wanted = g_strdup_printf("{\"sessions\":[{\"id\":1,\"sink\":{\"TV\":\"%s\"},\"pin-wanted\":true,"
				 "\"pin-shown\":\"[removed]\"},{\"pin-shown\":\"\",\"hint\":null}]}", name);
	g_assert_cmpstr(text, ==, wanted);
}

/* Added while text is being read. */
static void test_late(void)
{
	g_autoptr(pseudonyms) p = pseudonyms_new("key");
	g_autofree char *before = pseudonyms_apply(p, "Kitchen");
	g_autofree char *after = NULL;

	pseudonyms_add(p, "name", "kitchen");
	after = pseudonyms_apply(p, "Kitchen");
	g_assert_cmpstr(before, ==, "Kitchen");
	g_assert_true(g_str_has_prefix(after, "name-"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pseudonyms/forms", test_forms);
	g_test_add_func("/pseudonyms/text", test_text);
	g_test_add_func("/pseudonyms/key", test_key);
	g_test_add_func("/pseudonyms/json", test_json);
	g_test_add_func("/pseudonyms/late", test_late);
	return g_test_run();
}
