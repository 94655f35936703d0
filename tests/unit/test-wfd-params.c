/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameter lists (WFD v2.1, 6.1) and the body of 303 See Other (6.2). */
#include <string.h>

#include "wfd-params.h"

static wfd_params *parse(const char *body)
{
	g_autoptr(GError) error = NULL;
	wfd_params *params = wfd_params_parse(body, strlen(body), &error);

	g_assert_no_error(error);
	g_assert_nonnull(params);
	return params;
}

static void assert_rejected(const char *body, gsize len, enum wfd_error code)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(wfd_params_parse(body, len, &error));
	g_assert_error(error, WFD_ERROR, (int)code);
}

static void test_round_trip(void)
{
	static const char body[] =
		"wfd_audio_codecs: AAC 00000001 00\r\n"
		"wfd_idr_request\r\n"
		"x_vendor_thing: keep me\r\n";
	g_autoptr(wfd_params) params = parse(body);
	g_autofree char *text = NULL;
	gsize len;

	g_assert_cmpuint(wfd_params_n(params), ==, 3);
	g_assert_cmpstr(wfd_params_get(params, "wfd_audio_codecs"), ==, "AAC 00000001 00");
	g_assert_cmpstr(wfd_params_get(params, "wfd_idr_request"), ==, "");
	g_assert_null(wfd_params_at(params, 1).value);
	g_assert_true(wfd_params_has(params, "x_vendor_thing"));
	g_assert_false(wfd_params_has(params, "wfd_standby"));
	g_assert_null(wfd_params_get(params, "wfd_standby"));
	text = wfd_params_format(params, &len);
	g_assert_cmpmem(text, len, body, sizeof(body) - 1);
}

static void test_liberal_reading(void)
{
	g_autoptr(wfd_params) params =
		parse("\r\n  WFD_Trigger_Method :SETUP\n\n wfd_route:\r\nwfd_url: rtsp://a:1/b \t\r\nlast: 1");

	g_assert_cmpuint(wfd_params_n(params), ==, 4);
	g_assert_cmpstr(wfd_params_get(params, "wfd_trigger_method"), ==, "SETUP");
	g_assert_cmpstr(wfd_params_at(params, 1).value, ==, "");
	g_assert_cmpstr(wfd_params_get(params, "wfd_url"), ==, "rtsp://a:1/b");
	g_assert_cmpstr(wfd_params_get(params, "last"), ==, "1");
}

static void test_duplicates_first_counts(void)
{
	g_autoptr(wfd_params) params = parse("wfd_a: 1\r\nwfd_b: 2\r\nwfd_A: 3\r\n");

	g_assert_cmpstr(wfd_params_get(params, "wfd_a"), ==, "1");
	g_assert_cmpstr(wfd_params_at(params, 2).value, ==, "3");
}

static void test_empty(void)
{
	g_autoptr(wfd_params) params = wfd_params_parse(NULL, 0, NULL);
	g_autofree char *text = NULL;
	gsize len;

	g_assert_nonnull(params);
	g_assert_cmpuint(wfd_params_n(params), ==, 0);
	text = wfd_params_format(params, &len);
	g_assert_cmpuint(len, ==, 0);
	g_assert_cmpstr(text, ==, "");
}

static void test_bad_lists(void)
{
	g_autofree char *huge = g_malloc(WFD_PARAMS_MAX_BODY + 1);
	g_autofree char *long_name = g_strnfill(WFD_PARAMS_MAX_NAME + 1, 'n');
	g_autoptr(GString) many = g_string_new(NULL);

	assert_rejected("wfd_a: 1\0wfd_b: 2", 17, WFD_ERROR_SYNTAX);
	assert_rejected("wfd_a: \x1b[31m\r\n", 14, WFD_ERROR_SYNTAX);
	assert_rejected(": no name\r\n", 11, WFD_ERROR_SYNTAX);
	assert_rejected("two words: 1\r\n", 14, WFD_ERROR_SYNTAX);
	/* A CR inside a value would become a line of its own when it is written. */
	assert_rejected("wfd_a: 1\rwfd_b: 2\r\n", 19, WFD_ERROR_SYNTAX);
	assert_rejected(long_name, strlen(long_name), WFD_ERROR_SYNTAX);

	memset(huge, 'a', WFD_PARAMS_MAX_BODY + 1);
	assert_rejected(huge, WFD_PARAMS_MAX_BODY + 1, WFD_ERROR_TOO_BIG);
	for (int i = 0; i <= WFD_PARAMS_MAX_LINES; i++)
		g_string_append(many, "a: b\r\n");
	assert_rejected(many->str, many->len, WFD_ERROR_TOO_BIG);
}

static void test_303_body(void)
{
	static const char body[] =
		"wfd_video_formats: 457, 415\r\n"
		"wfd_audio_codecs: 415\r\n"
		"wfd_route: what\r\n"
		"wfd_standby\r\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) errors = wfd_param_errors_parse(body, strlen(body), &error);
	const struct wfd_param_error *entry;
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	g_assert_cmpuint(errors->len, ==, 4);
	entry = &g_array_index(errors, struct wfd_param_error, 0);
	g_assert_cmpstr(entry->name, ==, "wfd_video_formats");
	g_assert_cmpuint(entry->n_codes, ==, 2);
	g_assert_cmpuint(entry->codes[0], ==, WFD_REASON_PROFILE_LEVEL);
	g_assert_cmpuint(entry->codes[1], ==, WFD_REASON_FORMAT);
	entry = &g_array_index(errors, struct wfd_param_error, 2);
	g_assert_cmpuint(entry->codes[0], ==, WFD_REASON_UNKNOWN);
	text = wfd_param_errors_to_string(errors);
	g_assert_true(g_str_has_prefix(
		text, "wfd_video_formats: H.264 profile or level not supported (457), "
		      "audio or video format not supported (415); wfd_audio_codecs: "));
}

static void test_303_odd_codes(void)
{
	g_autoptr(GString) body = g_string_new("a: 99999999999999999999999\r\nb: 1000,\r\nc: ");
	g_autoptr(GArray) errors = NULL;
	const struct wfd_param_error *entry;

	for (int i = 0; i < 100; i++)
		g_string_append(body, "400, ");
	errors = wfd_param_errors_parse(body->str, body->len, NULL);
	g_assert_nonnull(errors);
	entry = &g_array_index(errors, struct wfd_param_error, 0);
	g_assert_cmpuint(entry->n_codes, ==, 1);
	g_assert_cmpuint(entry->codes[0], ==, WFD_REASON_UNKNOWN);
	entry = &g_array_index(errors, struct wfd_param_error, 1);
	g_assert_cmpuint(entry->n_codes, ==, 1);
	g_assert_cmpuint(entry->codes[0], ==, 1000);
	g_assert_cmpstr(wfd_reason_text(1000), ==, "unassigned reason code");
	entry = &g_array_index(errors, struct wfd_param_error, 2);
	g_assert_cmpuint(entry->n_codes, ==, WFD_PARAM_ERROR_MAX_CODES);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/params/6.1/round-trip", test_round_trip);
	g_test_add_func("/wfd/params/6.1/liberal-reading", test_liberal_reading);
	g_test_add_func("/wfd/params/6.1/duplicates", test_duplicates_first_counts);
	g_test_add_func("/wfd/params/6.1/empty", test_empty);
	g_test_add_func("/wfd/params/6.1/bad-lists", test_bad_lists);
	g_test_add_func("/wfd/params/6.2/303-body", test_303_body);
	g_test_add_func("/wfd/params/6.2/303-odd-codes", test_303_odd_codes);
	return g_test_run();
}
