// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is to be done, for programs: that codes are what they are promised to be (hint.h), and that each reason has one.
 */
#include <string.h>

#include "channel.h"
#include "reason.h"

static void test_codes(void)
{
	for (enum hint_id id = 0; id < N_HINTS; id++) {
		g_assert_cmpint(hint_from_code(hint_code(id)), ==, id);
		g_assert_cmpstr(hint_meaning(id), !=, "");
		g_assert_cmpint(id == HINT_NONE, ==, *hint_code(id) == '\0');
		if (id != HINT_NONE)
			g_assert_true(g_regex_match_simple("^[a-z0-9]+(-[a-z0-9]+)*$", hint_code(id), 0, 0));
		for (enum hint_id other = 0; other < id; other++)
			g_assert_cmpstr(hint_code(id), !=, hint_code(other));
	}
	/* Of a daemon that knows more, or of one that knows none. */
	g_assert_cmpint(hint_from_code("plant-an-aerial"), ==, HINT_NONE);
	g_assert_cmpint(hint_from_code(NULL), ==, HINT_NONE);
}

/* @codes: what was met, by sentence */
static void look_at(GHashTable *codes, const char *name, struct hint hint)
{
	const char *before = g_hash_table_lookup(codes, hint.text);

	g_test_message("%s", name);
	g_assert_cmpint(*hint.code == '\0', ==, *hint.text == '\0');
	if (before)
		g_assert_cmpstr(hint.code, ==, before);
	g_hash_table_insert(codes, (gpointer)hint.text, (gpointer)hint.code);
}

/* A sentence and no code, or one with two codes, cannot be. */
static void test_reasons(void)
{
	g_autoptr(GHashTable) codes = g_hash_table_new(g_str_hash, g_str_equal);

	for (enum reason_code code = 0; code < N_REASONS; code++)
		look_at(codes, reason_code_name(code), reason_code_hint(code));
	for (enum channel_reason code = 0; code < CHANNEL_N_REASONS; code++)
		look_at(codes, channel_reason_name(code), channel_reason_hint(code));
	g_assert_cmpuint(g_hash_table_size(codes), >, 50);
}

/* What is told on D-Bus is of every reason, and the same in whichever table it was looked up. */
static void test_told(void)
{
	g_autoptr(GVariant) told = g_variant_ref_sink(reason_hints());
	const char *told_code, *text;

	for (enum channel_reason code = 0; code < CHANNEL_N_REASONS; code++) {
		g_assert_true(g_variant_lookup(told, channel_reason_name(code), "(&s&s)", &told_code, &text));
		g_assert_cmpstr(told_code, ==, channel_reason_hint(code).code);
		g_assert_cmpstr(text, ==, channel_reason_hint(code).text);
	}
	for (enum reason_code code = 0; code < N_REASONS; code++) {
		g_assert_true(g_variant_lookup(told, reason_code_name(code), "(&s&s)", &told_code, &text));
		g_assert_cmpstr(told_code, ==, reason_code_hint(code).code);
		g_assert_cmpstr(text, ==, reason_code_hint(code).text);
	}
}

/* It goes with the reason, wherever that goes. */
static void test_goes_with_reason(void)
{
	g_autoptr(GError) error = g_error_new(REASON_ERROR, REASON_REJECTED, "TV said no");
	g_autoptr(GError) other = g_error_new(G_IO_ERROR, G_IO_ERROR_FAILED, "something");
	g_autoptr(reason) r = reason_from_error(error, REASON_KERNEL);
	g_autoptr(reason) copy = reason_copy(r);

	g_assert_cmpstr(copy->name, ==, "rejected");
	g_assert_cmpstr(copy->message, ==, "TV said no");
	g_assert_cmpstr(copy->hint_code, ==, "accept-on-display");
	g_assert_cmpstr(copy->hint, ==, reason_code_hint(REASON_REJECTED).text);
	g_assert_cmpstr(reason_error_hint(error).code, ==, "accept-on-display");
	g_assert_cmpstr(reason_error_hint(other).code, ==, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hints/codes", test_codes);
	g_test_add_func("/hints/reasons", test_reasons);
	g_test_add_func("/hints/told", test_told);
	g_test_add_func("/hints/goes-with-reason", test_goes_with_reason);
	return g_test_run();
}
