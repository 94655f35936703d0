// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * When the sink shows pictures of the media pipeline, by its clock: see media-pipeline-fixture.h.
 */
#include "media-pipeline-fixture.h"

/*
 * Each picture has the time of the vertical blank after its flip, from a desktop that shows pictures as it likes, and
 * whatever the encoder makes of times and of what is attached.
 */
static void check_times(gboolean rewrites, gboolean forgets)
{
	static const guint gaps_ms[] = { 17, 17, 120, 17, 33, 200, 17, 17, 90, 50, 17, 17, 17, 150, 17 };
	struct media_stats stats;
	g_autoptr(GPtrArray) units = NULL;
	gint64 base = G_MAXINT64;
	guint late = 0;
	struct fixture f;

	begin(&f, VGA60);
	encoder.rewrites = rewrites;
	encoder.forgets = forgets;
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < G_N_ELEMENTS(gaps_ms); i++) {
		push(&f, i % 3 * 2 * MSEC_US, FALSE);
		run(gaps_ms[i]);
	}
	run(50);
	media_pipeline_take_stats(f.pipeline, &stats);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, f.shown->len);
	g_assert_cmpint(f.sent, ==, f.shown->len);
	for (guint i = 0; i < units->len; i++)
		base = MIN(base, (gint64)unit_at(units, i)->pts - shown_ticks(&f, i));
	for (guint i = 0; i < units->len; i++) {
		const struct rtp_unit *unit = unit_at(units, i);

		/* Too late for its time, on a slow machine: shown at once. */
		if ((gint64)unit->pts - unit->pcr <= 90 * 6)
			late++;
		else
			g_assert_cmpint((gint64)unit->pts - shown_ticks(&f, i) - base, <=, 2);
	}
	g_assert_cmpuint(late, <=, units->len / 3);
	g_assert_cmpuint(stats.latency.median_us, >, 0);
	g_assert_cmpuint(stats.latency.median_us, <, 500 * MSEC_US);
	g_assert_cmpuint(stats.latency.p95_us, >=, stats.latency.median_us);
	g_assert_cmpuint(stats.latency.p99_us, >=, stats.latency.p95_us);
	/* Its parts, of which each is one of the whole. */
	g_assert_cmpuint(stats.encoding.median_us, >, 0);
	g_assert_cmpuint(stats.waiting.median_us, <=, stats.latency.p99_us);
	g_assert_cmpuint(stats.encoding.p99_us, <=, stats.latency.p99_us);
	g_assert_cmpuint(stats.sending.median_us, >, 0);
	g_assert_cmpuint(stats.sending.median_us, <=, stats.latency.p99_us);
	end(&f);
}

static void test_times(void)
{
	check_times(FALSE, FALSE);
}

static void test_times_of_encoder(void)
{
	check_times(TRUE, TRUE);
}

/* A picture that is shown again has the time of now; one that waited for long, too. */
static void test_times_of_old_pictures(void)
{
	g_autoptr(GPtrArray) units = NULL;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	push(&f, 5 * G_USEC_PER_SEC, FALSE);
	run(100);
	push(&f, 0, TRUE);
	run(100);
	push(&f, 0, TRUE);
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, 3);
	for (guint i = 0; i < units->len; i++) {
		gint64 lead = (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr;

		g_assert_cmpint(lead, >, 0);
		g_assert_cmpint(lead, <, 90 * 100);
	}
	end(&f);
}

/* ------------------------------------------------------------------------ the clock */

/*
 * A picture that takes 400 ms is late, and the clock of the sink goes on as before: those
 * behind it are shown as soon after their arrival as those before.
 */
static void test_late_picture(void)
{
	g_autoptr(GPtrArray) units = NULL;
	/* Of those that were encoded fastest. */
	gint64 before = 0, after = 0;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 60; i++) {
		if (i == 20)
			encoder.stalls_ms = 400;
		push(&f, 0, FALSE);
		run(17);
	}
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, 60);
	for (guint i = 0; i < units->len; i++) {
		gint64 lead = (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr;

		g_assert_cmpuint(unit_at(units, i)->steps, ==, 1);
		g_assert_cmpint(lead, >=, 0);
		if (i >= 5 && i < 20)
			before = MAX(before, lead);
		if (i >= 30)
			after = MAX(after, lead);
	}
	g_assert_cmpint(after - before, <, 90 * 20);
	end(&f);
}

/* A sink that wants pictures long before they are shown, and to be told where each one ends. */
static void check_quirks(const struct wfd_quirks *quirks, gint64 least_lead_ms, gint64 most_lead_ms)
{
	g_autoptr(GPtrArray) units = NULL;
	gint64 longest = 0;
	struct fixture f;

	begin_with(&f, VGA60, quirks);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 10; i++) {
		push(&f, 0, FALSE);
		run(17);
	}
	run(100);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, 10);
	for (guint i = 0; i < units->len; i++) {
		longest = MAX(longest, (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr);
		/* RFC 2250: only where time jumps, which is at the first packet. */
		if (i > 0)
			g_assert_cmpint(unit_at(units, i)->marker, ==, quirks->frame_marker);
	}
	/* Of the one that was encoded fastest. */
	g_assert_cmpint(longest, >, 90 * least_lead_ms);
	g_assert_cmpint(longest, <=, 90 * (most_lead_ms + LATEST_BLANK_MS));
	end(&f);
}

static void test_quirks(void)
{
	check_quirks(&(struct wfd_quirks){ .pmt_pid = 0x100 }, 0, 27);
	check_quirks(&(struct wfd_quirks){ .pmt_pid = 0x200, .lead_ms = 300, .frame_marker = TRUE }, 150, 301);
}

/* The longest lead of pictures from the one numbered @first on. */
static gint64 longest_lead(GPtrArray *units, guint first)
{
	gint64 longest = G_MININT64;

	for (guint i = first; i < units->len; i++)
		longest = MAX(longest, (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr);
	return longest;
}

/*
 * Pictures are ahead of the clock by no more than a period and 10 ms, but for what the desktop is ahead of
 * its vertical blank; with "low" by no more than a period, with "high" by much more.  Who changes that while the
 * stream runs makes one step of the clock, which says so.  And a picture that is there is sent.
 */
static void test_latency(void)
{
	static const struct {
		enum channel_latency latency;
		gint64 least_ms, most_ms;
	} turns[] = {
		{ CHANNEL_LATENCY_NORMAL, 1, 27 },
		{ CHANNEL_LATENCY_LOW, 1, 17 },
		{ CHANNEL_LATENCY_LOW, 1, 17 },
		{ CHANNEL_LATENCY_HIGH, 90, 134 },
		{ CHANNEL_LATENCY_NORMAL, 1, 27 },
	};
	struct media_stats stats;
	guint steps = 1, first = 0;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (guint turn = 0; turn < G_N_ELEMENTS(turns); turn++) {
		g_autoptr(GPtrArray) units = NULL;

		media_pipeline_set_latency(f.pipeline, turns[turn].latency);
		for (guint i = 0; i < 20; i++) {
			push(&f, 0, FALSE);
			run(17);
		}
		run(60);
		units = rtp_reader_units(f.reader, TRUE);
		g_assert_cmpuint(units->len, ==, first + 20);
		g_test_message("%s: %.1f ms ahead at most", channel_latency_name(turns[turn].latency),
			       longest_lead(units, first) / 90.0);
		g_assert_cmpint(longest_lead(units, first), >=, 90 * turns[turn].least_ms);
		g_assert_cmpint(longest_lead(units, first), <=, 90 * (turns[turn].most_ms + LATEST_BLANK_MS));
		steps += turn && turns[turn].latency != turns[turn - 1].latency;
		g_assert_cmpuint(unit_at(units, units->len - 1)->steps, ==, steps);
		g_assert_cmpuint(unit_at(units, first)->steps, ==, steps);
		first = units->len;
	}
	media_pipeline_take_stats(f.pipeline, &stats);
	g_test_message("sent after %u us", (guint)stats.sending.median_us);
	g_assert_cmpuint(stats.sending.median_us, <=, 2000);
	end(&f);
}

int main(int argc, char **argv)
{
	media_init(&argc, &argv);
	g_test_add_func("/media-pipeline/quirks", test_quirks);
	g_test_add_func("/media-pipeline/latency", test_latency);
	g_test_add_func("/media-pipeline/times/flips", test_times);
	g_test_add_func("/media-pipeline/times/of-the-encoder", test_times_of_encoder);
	g_test_add_func("/media-pipeline/times/of-old-pictures", test_times_of_old_pictures);
	g_test_add_func("/media-pipeline/late-picture", test_late_picture);
	return g_test_run();
}
