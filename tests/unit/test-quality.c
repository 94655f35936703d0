// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The words for a session's numbers: good, fair, poor, on both sides of each border.
 */
#include <string.h>

#include "client-quality.h"

#define MINUTE (60 * G_USEC_PER_SEC)

static const char mode[] = "{'bit-rate': <uint32 8000000>}";
/* All of it is good. */
static const char stats[] =
	"{'frames-sent': <uint64 600>, 'packets': <uint64 10000>, 'idr': <uint64 2>, 'idr-requests': <uint64 1>,"
	" 'last-us': <uint64 1000000>, 'last-offered': <uint64 60>, 'last-sent': <uint64 60>, 'last-dropped': <uint64 1>,"
	" 'last-bytes': <uint64 500000>, 'bit-rate': <uint64 8000000>,"
	" 'latency-median-us': <uint64 20000>, 'latency-p95-us': <uint64 50000>, 'latency-p99-us': <uint64 51000>,"
	" 'latency-waiting-us': <uint64 5000>, 'latency-encoding-us': <uint64 10000>, 'latency-sending-us': <uint64 1000>,"
	" 'sink-reports': <uint64 3>, 'sink-lost': <uint64 9>, 'sound': <'playing'>,"
	" 'sound-latency-median-us': <uint64 30000>, 'sound-skipped-us': <uint64 0>, 'sound-lost-us': <uint64 0>}";

/* @changed: a{sv} with what is otherwise */
static GPtrArray *rows_in(quality_words words, const char *changed, int level)
{
	g_autoptr(GVariant) m = g_variant_ref_sink(g_variant_new_parsed(mode));
	g_autoptr(GVariant) base = g_variant_ref_sink(g_variant_new_parsed(stats));
	g_autoptr(GVariant) other = g_variant_parse(G_VARIANT_TYPE_VARDICT, changed, NULL, NULL, NULL);
	g_autoptr(GVariant) s = NULL;
	GVariantDict dict;
	GVariantIter iter;
	const char *key;
	GVariant *value;

	g_variant_dict_init(&dict, base);
	g_variant_iter_init(&iter, other);
	while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
		g_variant_dict_insert_value(&dict, key, value);
	s = g_variant_ref_sink(g_variant_dict_end(&dict));
	return quality_of(m, s, level, 2 * MINUTE, words);
}

static GPtrArray *rows_of(const char *changed, int level)
{
	return rows_in(NULL, changed, level);
}

static const struct quality_row *find(GPtrArray *rows, const char *what)
{
	for (guint i = 0; i < rows->len; i++) {
		const struct quality_row *row = g_ptr_array_index(rows, i);

		if (strcmp(row->what, what) == 0)
			return row;
	}
	return NULL;
}

static void test_good(void)
{
	g_autoptr(GPtrArray) rows = rows_of("{}", -60);

	g_assert_cmpuint(rows->len, ==, 7);
	for (guint i = 0; i < rows->len; i++) {
		const struct quality_row *row = g_ptr_array_index(rows, i);

		g_assert_cmpstr(row->why, ==, "");
		g_assert_cmpstr(quality_name(row->quality), ==, "good");
	}
	g_assert_cmpint(quality_worst(rows), ==, QUALITY_GOOD);
	g_assert_cmpstr(find(rows, "frame rate")->text, ==, "60 per second, 2 % of the desktop's left out");
	g_assert_cmpstr(find(rows, "delay")->text, ==,
			"20.0 ms, 95 % within 50.0, 99 % within 51.0 (waiting 5.0, encoding 10.0, sending 1.0)");
	g_assert_cmpstr(find(rows, "bit rate")->text, ==, "4.0 Mbit/s, the encoder may have 8.0 of 8.0");
	g_assert_cmpstr(find(rows, "link")->text, ==, "-60 dBm");
	g_assert_cmpstr(find(rows, "losses")->text, ==, "0.09 %, 9 packets");
	g_assert_cmpstr(find(rows, "key frames")->text, ==, "2, the display has asked for 1");
	g_assert_cmpstr(find(rows, "sound")->text, ==, "0 ms of it missing; leaves 10 ms after its picture");
}

static void test_borders(void)
{
	static const struct {
		const char *what;
		const char *changed;
		int level;
		enum quality quality;
	} cases[] = {
		{ "frame rate", "{'last-dropped': <uint64 2>}", 0, QUALITY_FAIR },
		{ "frame rate", "{'last-dropped': <uint64 6>}", 0, QUALITY_FAIR },
		{ "frame rate", "{'last-dropped': <uint64 7>}", 0, QUALITY_POOR },
		{ "frame rate", "{'last-offered': <uint64 0>, 'last-dropped': <uint64 5>}", 0, QUALITY_POOR },
		{ "frame rate", "{'last-offered': <uint64 0>, 'last-dropped': <uint64 0>}", 0, QUALITY_GOOD },
		{ "delay", "{'latency-p95-us': <uint64 50001>}", 0, QUALITY_FAIR },
		{ "delay", "{'latency-p95-us': <uint64 100000>}", 0, QUALITY_FAIR },
		{ "delay", "{'latency-p95-us': <uint64 100001>}", 0, QUALITY_POOR },
		{ "bit rate", "{'bit-rate': <uint64 7999999>}", 0, QUALITY_FAIR },
		{ "bit rate", "{'bit-rate': <uint64 4000000>}", 0, QUALITY_FAIR },
		{ "bit rate", "{'bit-rate': <uint64 3999999>}", 0, QUALITY_POOR },
		{ "bit rate", "{'bit-rate': <uint64 8000001>}", 0, QUALITY_GOOD },
		{ "link", "{}", -61, QUALITY_FAIR },
		{ "link", "{}", -70, QUALITY_FAIR },
		{ "link", "{}", -71, QUALITY_POOR },
		{ "link", "{'radio-signal': <-60>}", -71, QUALITY_GOOD },
		{ "link", "{'radio-signal': <-71>}", -60, QUALITY_POOR },
		{ "link", "{'radio-rate': <uint64 32000000>}", 0, QUALITY_GOOD },
		{ "link", "{'radio-rate': <uint64 31999999>}", 0, QUALITY_FAIR },
		{ "link", "{'radio-rate': <uint64 16000000>}", -60, QUALITY_FAIR },
		{ "link", "{'radio-rate': <uint64 15999999>}", -61, QUALITY_POOR },
		{ "link", "{'radio-rate': <uint64 32000000>, 'radio-signal': <-71>}", 0, QUALITY_POOR },
		{ "link", "{'radio-band': <'5 GHz'>}", 0, QUALITY_UNKNOWN },
		{ "losses", "{'sink-lost': <uint64 10>}", 0, QUALITY_FAIR },
		{ "losses", "{'sink-lost': <uint64 99>}", 0, QUALITY_FAIR },
		{ "losses", "{'sink-lost': <uint64 100>}", 0, QUALITY_POOR },
		{ "losses", "{'sink-reports': <uint64 0>}", 0, QUALITY_UNKNOWN },
		{ "key frames", "{'idr-requests': <uint64 2>}", 0, QUALITY_GOOD },
		{ "key frames", "{'idr-requests': <uint64 3>}", 0, QUALITY_FAIR },
		{ "key frames", "{'idr-requests': <uint64 13>}", 0, QUALITY_POOR },
		{ "sound", "{'sound-skipped-us': <uint64 1>}", 0, QUALITY_FAIR },
		{ "sound", "{'sound-lost-us': <uint64 1200000>}", 0, QUALITY_FAIR },
		{ "sound", "{'sound-lost-us': <uint64 1200001>}", 0, QUALITY_POOR },
		{ "sound", "{'sound-latency-median-us': <uint64 145000>}", 0, QUALITY_GOOD },
		{ "sound", "{'sound-latency-median-us': <uint64 145001>}", 0, QUALITY_FAIR },
		{ "sound", "{'sound-latency-median-us': <uint64 205001>}", 0, QUALITY_POOR },
		{ "sound", "{'latency-median-us': <uint64 75000>}", 0, QUALITY_GOOD },
		{ "sound", "{'latency-median-us': <uint64 75001>}", 0, QUALITY_FAIR },
		{ "sound", "{'latency-median-us': <uint64 120001>}", 0, QUALITY_POOR },
		{ "sound", "{'sound': <'silent'>, 'sound-latency-median-us': <uint64 0>}", 0, QUALITY_GOOD },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) rows = rows_of(cases[i].changed, cases[i].level);
		const struct quality_row *row = find(rows, cases[i].what);

		g_test_message("%s: %s", cases[i].what, cases[i].changed);
		g_assert_cmpstr(quality_name(row->quality), ==, quality_name(cases[i].quality));
		g_assert_cmpint(*row->why != '\0', ==, row->quality != QUALITY_GOOD);
		if (row->quality != QUALITY_UNKNOWN)
			g_assert_cmpint(quality_worst(rows), ==, row->quality);
	}
}

/* All that is known of the radio, and what to do about it. */
static void test_radio(void)
{
	static const struct {
		const char *changed;
		const char *text;
		const char *why;
	} cases[] = {
		{ "{'radio-frequency': <uint32 5180>, 'radio-band': <'5 GHz'>, 'radio-channel': <uint32 36>,"
		  " 'radio-width': <uint32 80>, 'radio-rate': <uint64 433300000>, 'radio-signal': <-48>}",
		  "5 GHz channel 36, 80 MHz wide, 433 Mbit/s, -48 dBm", "" },
		{ "{'radio-band': <'2.4 GHz'>, 'radio-channel': <uint32 6>, 'radio-width': <uint32 20>,"
		  " 'radio-rate': <uint64 6500000>, 'radio-signal': <-65>}",
		  "2.4 GHz channel 6, 20 MHz wide, 6 Mbit/s, -65 dBm", "use 5 GHz" },
		{ "{'radio-band': <'5 GHz'>, 'radio-rate': <uint64 6000000>}", "5 GHz, 6 Mbit/s", "choose a smaller mode" },
		{ "{'radio-rate': <uint64 6000000>, 'radio-signal': <-80>}", "6 Mbit/s, -80 dBm", "signal is weak" },
		{ "{'radio-width': <uint32 20>}", "20 MHz wide", "the driver says neither" },
		{ "{'radio-band': <'5 GHz'>, 'radio-signal': <-40>, 'radio-silent': <uint32 4>}", "not heard for 4 s",
		  "is it switched off" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) rows = rows_of(cases[i].changed, 0);
		const struct quality_row *row = find(rows, "link");

		g_assert_cmpstr(row->text, ==, cases[i].text);
		g_assert_nonnull(strstr(row->why, cases[i].why));
	}
}

/* Which part of the delay can be mended. */
static void test_part(void)
{
	static const struct {
		const char *changed;
		const char *why;
	} cases[] = {
		{ "{'latency-p95-us': <uint64 60000>}", "encoder" },
		{ "{'latency-p95-us': <uint64 60000>, 'latency-waiting-us': <uint64 50000>}", "reading" },
		{ "{'latency-p95-us': <uint64 60000>, 'latency-sending-us': <uint64 50000>}", "network" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) rows = rows_of(cases[i].changed, 0);

		g_assert_nonnull(strstr(find(rows, "delay")->why, cases[i].why));
	}
}

/* A language, nearly. */
static const char *shouted(const char *format)
{
	g_autoptr(GString) other = g_string_new(format);

	g_string_replace(other, "channel", "CHANNEL", 0);
	g_string_append(other, strcmp(format, "%s") == 0 ? "" : "!");
	return g_intern_string(other->str);
}

/* Each number's text is that of the catalogue, and what it is and why are found there later. */
static void test_words(void)
{
	static const char *const cases[] = {
		"{'radio-band': <'5 GHz'>, 'radio-channel': <uint32 36>, 'radio-width': <uint32 80>}",
		"{'radio-silent': <uint32 4>, 'last-offered': <uint64 0>, 'last-dropped': <uint64 0>, 'sink-reports': <uint64 0>,"
		" 'sound': <'silent'>}",
		"{'radio-silent': <uint32 4>, 'latency-median-us': <uint64 75000>}",
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) rows = rows_in(shouted, cases[i], 0);
		g_autoptr(GPtrArray) english = rows_of(cases[i], 0);

		g_assert_cmpuint(rows->len, ==, 7);
		for (guint j = 0; j < rows->len; j++) {
			const struct quality_row *row = g_ptr_array_index(rows, j), *same = g_ptr_array_index(english, j);

			g_test_message("%s", row->text);
			g_assert_true(g_str_has_suffix(row->text, "!"));
			g_assert_cmpstr(row->what, ==, same->what);
			g_assert_cmpstr(row->why, ==, same->why);
		}
		if (i == 0)
			g_assert_cmpstr(find(rows, "link")->text, ==, "5 GHz CHANNEL 36!, 80 MHz wide!");
	}
}

/* A user-mode driver of somebody else's may say less, or nothing. */
static void test_little(void)
{
	g_autoptr(GVariant) empty = g_variant_ref_sink(g_variant_new_parsed("@a{sv} {}"));
	g_autoptr(GVariant) few =
		g_variant_ref_sink(g_variant_new_parsed("{'frames-sent': <uint64 1>, 'packets': <uint64 1>}"));
	g_autoptr(GPtrArray) none = quality_of(NULL, NULL, 0, 0, NULL);
	g_autoptr(GPtrArray) before = quality_of(empty, empty, -50, 0, NULL);
	g_autoptr(GPtrArray) little = quality_of(empty, few, 0, 0, NULL);

	g_assert_cmpuint(none->len, ==, 0);
	g_assert_cmpuint(before->len, ==, 0);
	g_assert_cmpuint(little->len, ==, 1);
	g_assert_nonnull(find(little, "key frames"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quality/good", test_good);
	g_test_add_func("/quality/borders", test_borders);
	g_test_add_func("/quality/part", test_part);
	g_test_add_func("/quality/radio", test_radio);
	g_test_add_func("/quality/words", test_words);
	g_test_add_func("/quality/little", test_little);
	return g_test_run();
}
