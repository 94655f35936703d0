// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the numbers of a session mean: see client-quality.h.
 */
#include "client-quality.h"

#include "client.h"

#include <string.h>

#define MS 1000.0

const char *quality_name(enum quality quality)
{
	static const char *const names[] = { N_("unknown"), N_("good"), N_("fair"), N_("poor") };

	return names[quality];
}

static void row_free(gpointer data)
{
	struct quality_row *row = data;

	g_free(row->text);
	g_free(row->why);
	g_free(row);
}

/* Rows that are being made, and what their formats are in the language of who wants them. */
struct table {
	GPtrArray *rows;
	quality_words words;
};

/* @format is that of the catalogue, in which msgfmt has seen that each translation takes the same values. */
static char *in_words(const struct table *table, const char *format, va_list args)
{
	return g_strdup_vprintf(table->words ? table->words(format) : format, args);
}

static char *text_of(const struct table *table, const char *format, ...) G_GNUC_PRINTF(2, 3);

static char *text_of(const struct table *table, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = in_words(table, format, args);
	va_end(args);
	return text;
}

static void add(const struct table *table, const char *what, enum quality quality, const char *why, const char *format,
		...) G_GNUC_PRINTF(5, 6);

static void add(const struct table *table, const char *what, enum quality quality, const char *why, const char *format,
		...)
{
	struct quality_row *row = g_new0(struct quality_row, 1);
	va_list args;

	va_start(args, format);
	row->what = what;
	row->quality = quality;
	row->text = in_words(table, format, args);
	row->why = g_strdup(quality == QUALITY_GOOD ? "" : why);
	va_end(args);
	g_ptr_array_add(table->rows, row);
}

/* Up to @good it is good, up to @fair it is fair. */
static enum quality judge(double value, double good, double fair)
{
	return value <= good ? QUALITY_GOOD : value <= fair ? QUALITY_FAIR : QUALITY_POOR;
}

static guint64 number(GVariant *dict, const char *key)
{
	guint64 value = 0;
	guint32 small;

	if (!g_variant_lookup(dict, key, "t", &value) && g_variant_lookup(dict, key, "u", &small))
		value = small;
	return value;
}

static void add_pictures(const struct table *table, GVariant *stats)
{
	guint64 last_us = number(stats, "last-us"), offered = number(stats, "last-offered");
	guint64 dropped = number(stats, "last-dropped");
	double left_out = 100.0 * dropped / MAX(MAX(offered, dropped), 1);
	enum quality quality;

	if (!last_us)
		return;
	if (offered == 0 && dropped == 0) {
		add(table, N_("frame rate"), QUALITY_GOOD, "", N_("%.0f per second, the desktop is still"),
		    number(stats, "last-sent") * 1e6 / last_us);
		return;
	}
	quality = judge(left_out, 2, 10);
	add(table, N_("frame rate"), quality,
	    quality == QUALITY_FAIR ? N_("some are left out") : N_("many are left out: choose a smaller mode, or another encoder"),
	    N_("%.0f per second, %.0f %% of the desktop's left out"), number(stats, "last-sent") * 1e6 / last_us, left_out);
}

static const char *largest_part(guint64 waiting, guint64 encoding, guint64 sending)
{
	if (encoding >= waiting && encoding >= sending)
		return N_("most of it is the encoder: choose a smaller mode, or another encoder");
	if (waiting >= sending)
		return N_("most of it is reading the desktop's pictures, or waiting for the encoder");
	return N_("most of it is the network: move closer to the display, or use 5 GHz");
}

static void add_delay(const struct table *table, GVariant *stats)
{
	guint64 p95 = number(stats, "latency-p95-us"), waiting = number(stats, "latency-waiting-us");
	guint64 encoding = number(stats, "latency-encoding-us"), sending = number(stats, "latency-sending-us");

	if (!p95)
		return;
	add(table, N_("delay"), judge(p95 / MS, 50, 100), largest_part(waiting, encoding, sending),
	    N_("%.1f ms, 95 %% within %.1f, 99 %% within %.1f (waiting %.1f, encoding %.1f, sending %.1f)"),
	    number(stats, "latency-median-us") / MS, p95 / MS, number(stats, "latency-p99-us") / MS, waiting / MS,
	    encoding / MS, sending / MS);
}

static void add_bit_rate(const struct table *table, GVariant *mode, GVariant *stats)
{
	guint64 last_us = number(stats, "last-us"), set = number(stats, "bit-rate");
	guint64 wanted = number(mode, "bit-rate");

	if (!last_us || !set || !wanted)
		return;
	add(table, N_("bit rate"), judge(-(double)set / wanted, -1, -0.5),
	    N_("slow link: move closer to the display, or use 5 GHz"),
	    N_("%.1f Mbit/s, the encoder may have %.1f of %.1f"), number(stats, "last-bytes") * 8.0 / last_us, set / 1e6,
	    wanted / 1e6);
}

enum quality quality_of_level(int level)
{
	return level ? judge(-level, 60, 70) : QUALITY_UNKNOWN;
}

/* "5 GHz channel 36, 80 MHz wide, 433 Mbit/s, -48 dBm", as far as known; @signal 0: not known */
static char *describe_link(const struct table *table, GVariant *stats, int signal)
{
	guint channel = number(stats, "radio-channel"), width = number(stats, "radio-width");
	guint64 rate = number(stats, "radio-rate");
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
	const char *band;

	if (g_variant_lookup(stats, "radio-band", "&s", &band))
		g_ptr_array_add(parts, channel ? text_of(table, N_("%s channel %u"), band, channel) : g_strdup(band));
	if (width)
		g_ptr_array_add(parts, text_of(table, N_("%u MHz wide"), width));
	if (rate)
		g_ptr_array_add(parts, g_strdup_printf("%.0f Mbit/s", rate / 1e6));
	if (signal)
		g_ptr_array_add(parts, g_strdup_printf("%d dBm", signal));
	g_ptr_array_add(parts, NULL);
	return g_strjoinv(", ", (char **)parts->pdata);
}

/* Of what a radio counts half is left for data, and of that the pictures want no more than half. */
static enum quality judge_rate(GVariant *mode, GVariant *stats)
{
	guint64 rate = number(stats, "radio-rate"), wanted = number(mode, "bit-rate");

	return rate && wanted ? judge(-(double)rate / wanted, -4, -2) : QUALITY_UNKNOWN;
}

static const char *why_slow(GVariant *stats)
{
	const char *band = "";

	g_variant_lookup(stats, "radio-band", "&s", &band);
	return strcmp(band, "2.4 GHz") == 0 ?
		       N_("the radio is slow for these pictures: use 5 GHz, move closer to the display, or choose a smaller mode") :
		       N_("the radio is slow for these pictures: move closer to the display, or choose a smaller mode");
}

/* @level: from when the display was last found, which is better than nothing */
static void add_link(const struct table *table, GVariant *mode, GVariant *stats, int level)
{
	enum quality by_rate = judge_rate(mode, stats), by_signal = QUALITY_UNKNOWN;
	g_autofree char *text = NULL;
	int signal = level;
	guint silent;

	if (g_variant_lookup(stats, "radio-silent", "u", &silent)) {
		add(table, N_("link"), QUALITY_POOR, N_("the display is not heard any more: is it switched off, or out of reach?"),
		    N_("not heard for %u s"), silent);
		return;
	}
	g_variant_lookup(stats, "radio-signal", "i", &signal);
	by_signal = quality_of_level(signal);
	text = describe_link(table, stats, signal);
	/* In words already, and "%s" is the same in all languages. */
	if (*text)
		add(table, N_("link"), MAX(by_rate, by_signal),
		    MAX(by_rate, by_signal) == QUALITY_UNKNOWN ? N_("the driver says neither bit rate nor signal") :
		    by_signal >= by_rate ? N_("the signal is weak: move closer to the display") : why_slow(stats),
		    "%s", text);
}

static void add_losses(const struct table *table, GVariant *stats)
{
	guint64 packets = number(stats, "packets"), lost = number(stats, "sink-lost");
	guint64 reports = 0;

	if (!packets || !g_variant_lookup(stats, "sink-reports", "t", &reports))
		return;
	if (!reports)
		add(table, N_("losses"), QUALITY_UNKNOWN, N_("the display does not say"), N_("not known"));
	else
		/* Below 0.1 and below 1. */
		add(table, N_("losses"), judge(100.0 * lost / packets, 0.0999, 0.999),
		    N_("packets are lost on the way: use 5 GHz, or a quieter channel"), N_("%.2f %%, %llu packets"),
		    100.0 * lost / packets, (unsigned long long)lost);
}

static void add_key_frames(const struct table *table, GVariant *stats, gint64 streaming_us)
{
	guint64 requests = number(stats, "idr-requests");
	/* Displays ask for one to begin with. */
	double minutes = MAX(streaming_us / 60e6, 1.0);

	if (number(stats, "packets"))
		add(table, N_("key frames"), judge(requests / minutes, 1, 6), N_("the display misses parts of the stream"),
		    N_("%llu, the display has asked for %llu"), (unsigned long long)number(stats, "idr"),
		    (unsigned long long)requests);
}

static void add_sound(const struct table *table, GVariant *stats, gint64 streaming_us)
{
	guint64 missing = number(stats, "sound-skipped-us") + number(stats, "sound-lost-us");
	guint64 picture = number(stats, "latency-median-us"), sound = number(stats, "sound-latency-median-us");
	double later = ((double)sound - picture) / MS, percent = 100.0 * missing / MAX(streaming_us, 1);
	enum quality gaps = missing == 0 ? QUALITY_GOOD : judge(percent, 0, 1), skew;
	const char *activity;

	if (!g_variant_lookup(stats, "sound", "&s", &activity))
		return;
	if (strcmp(activity, "playing") != 0 || !picture || !sound) {
		add(table, N_("sound"), gaps, N_("parts of it came too late"), N_("%.0f ms of it missing"),
		    missing / MS);
		return;
	}
	skew = later >= 0 ? judge(later, 125, 185) : judge(-later, 45, 90);
	add(table, N_("sound"), MAX(gaps, skew), gaps >= skew ? N_("parts of it came too late") : N_("it is far from its picture"),
	    later >= 0 ? N_("%.0f ms of it missing; leaves %.0f ms after its picture") :
			 N_("%.0f ms of it missing; leaves %.0f ms before its picture"),
	    missing / MS, ABS(later));
}

GPtrArray *quality_of(GVariant *mode, GVariant *stats, int level, gint64 streaming_us, quality_words words)
{
	const struct table table = { g_ptr_array_new_with_free_func(row_free), words };

	if (!mode || !stats || !number(stats, "frames-sent"))
		return table.rows;
	add_pictures(&table, stats);
	add_delay(&table, stats);
	add_bit_rate(&table, mode, stats);
	add_link(&table, mode, stats, level);
	add_losses(&table, stats);
	add_key_frames(&table, stats, streaming_us);
	add_sound(&table, stats, streaming_us);
	return table.rows;
}

enum quality quality_worst(GPtrArray *rows)
{
	enum quality worst = QUALITY_UNKNOWN;

	for (guint i = 0; i < rows->len; i++) {
		const struct quality_row *row = g_ptr_array_index(rows, i);

		worst = MAX(worst, row->quality);
	}
	return worst;
}
