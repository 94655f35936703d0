// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * When a display counts as gone, by what its radio has confirmed.
 */
#include "wifi-silence.h"

/* @inactive_ms: -1: the driver does not say */
static void hear(struct wifi_silence *silence, gint inactive_ms, enum wifi_silence_state expected)
{
	enum wifi_silence_state before = silence->state;
	struct wifi_link link = { .has_inactive = inactive_ms >= 0, .inactive_ms = (guint32)MAX(inactive_ms, 0) };

	g_assert_cmpint(wifi_silence_hear(silence, &link), ==, expected != before);
	g_assert_cmpint(silence->state, ==, expected);
}

static void learn(struct wifi_silence *silence)
{
	for (guint i = 1; i < WIFI_SILENCE_LEARN; i++)
		hear(silence, 2, WIFI_LEARNING);
	hear(silence, WIFI_SILENCE_QUICK_MS, WIFI_HEARD);
}

static void test_gone(void)
{
	struct wifi_silence silence = { 0 };

	learn(&silence);
	/* Not quick is not silent yet. */
	hear(&silence, WIFI_SILENCE_MS - 1, WIFI_HEARD);
	hear(&silence, WIFI_SILENCE_MS, WIFI_SILENT);
	hear(&silence, WIFI_SILENCE_END_MS - 1, WIFI_SILENT);
	hear(&silence, -1, WIFI_SILENT);
	hear(&silence, WIFI_SILENCE_END_MS, WIFI_LOST);
	hear(&silence, 0, WIFI_LOST);
}

static void test_back(void)
{
	struct wifi_silence silence = { 0 };

	learn(&silence);
	hear(&silence, WIFI_SILENCE_MS, WIFI_SILENT);
	/* One frame came through: that is not a link yet. */
	hear(&silence, WIFI_SILENCE_QUICK_MS + 1, WIFI_SILENT);
	hear(&silence, 10, WIFI_HEARD);
	hear(&silence, WIFI_SILENCE_END_MS, WIFI_LOST);
}

/* A driver that counts only what the display sends by itself: it is never called silent. */
static void test_not_believed(void)
{
	struct wifi_silence silence = { 0 };

	for (guint i = 0; i < 10; i++) {
		hear(&silence, 100, WIFI_LEARNING);
		hear(&silence, 900, WIFI_LEARNING);
		hear(&silence, WIFI_SILENCE_QUICK_MS + 1, WIFI_LEARNING);
		hear(&silence, 60000, WIFI_LEARNING);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wifi-silence/gone", test_gone);
	g_test_add_func("/wifi-silence/back", test_back);
	g_test_add_func("/wifi-silence/not-believed", test_not_believed);
	return g_test_run();
}
