// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sound in the media pipeline, decoded, beside the pictures of its time: see media-pipeline-fixture.h.
 */
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include "media-pipeline-fixture.h"

/* Samples of the first channel, decoded; the first one has the time of the first unit. */
static GArray *decode(GPtrArray *units, enum wfd_audio_format format, guint channels)
{
	GArray *samples = g_array_new(FALSE, FALSE, sizeof(gint16));
	g_autoptr(GstElement) pipeline = NULL;
	g_autoptr(GstElement) source = NULL;
	g_autoptr(GstElement) sink = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (format == WFD_AUDIO_LPCM) {
		for (guint i = 0; i < units->len; i++) {
			const struct rtp_unit *unit = unit_at(units, i);

			/* Behind the private header. */
			for (guint at = 4; at + 2 * channels <= unit->data->len; at += 2 * channels) {
				gint16 value = unit->data->data[at] << 8 | unit->data->data[at + 1];

				g_array_append_val(samples, value);
			}
		}
		return samples;
	}
	text = g_strdup_printf("appsrc name=source caps=%s ! %s ! %s ! audioconvert ! "
			       "audio/x-raw,format=S16LE,channels=%u ! appsink name=sink sync=false",
			       format == WFD_AUDIO_AAC ? "audio/mpeg,mpegversion=2,stream-format=adts" : "audio/x-ac3",
			       format == WFD_AUDIO_AAC ? "aacparse" : "ac3parse",
			       format == WFD_AUDIO_AAC ? "avdec_aac" : "avdec_ac3", channels);
	pipeline = gst_parse_launch(text, &error);
	g_assert_no_error(error);
	source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
	sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	for (guint i = 0; i < units->len; i++) {
		const struct rtp_unit *unit = unit_at(units, i);

		gst_app_src_push_buffer(GST_APP_SRC(source), gst_buffer_new_memdup(unit->data->data, unit->data->len));
	}
	gst_app_src_end_of_stream(GST_APP_SRC(source));
	for (;;) {
		g_autoptr(GstSample) sample = gst_app_sink_pull_sample(GST_APP_SINK(sink));
		GstMapInfo map;

		if (!sample)
			break;
		g_assert_true(gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ));
		for (gsize at = 0; at + 2 * channels <= map.size; at += 2 * channels)
			g_array_append_vals(samples, map.data + at, 1);
		gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
	}
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return samples;
}

/* How long a click of the test source is. */
#define CLICK_MS 10

/* Each click, which the test source has with each second, has the PTS that a picture of that second has. */
static void check_clicks(const struct fixture *f, GPtrArray *units, GPtrArray *pictures, guint frame,
			 guint later_ms)
{
	guint rate = wfd_audio_rate(f->selection.audio_format, f->selection.audio_mode);
	guint channels = wfd_audio_channels(f->selection.audio_format, f->selection.audio_mode);
	g_autoptr(GArray) samples = decode(units, f->selection.audio_format, channels);
	gint64 base = G_MAXINT64, last = -(gint64)rate;
	/* So soon it may be the rest of a click that came before the sound, and what the decoder makes of its beginning. */
	guint cut = CLICK_MS * rate / 1000 + 2 * frame;
	guint clicks = 0;

	for (guint i = 0; i < pictures->len; i++)
		base = MIN(base, (gint64)unit_at(pictures, i)->pts - shown_ticks(f, i));
	for (guint i = 0; i < samples->len; i++) {
		gint64 off;

		if (ABS(g_array_index(samples, gint16, i)) < 12000 || i < last + rate / 2)
			continue;
		last = i;
		if (i < cut)
			continue;
		clicks++;
		off = ((gint64)unit_at(units, 0)->pts + (gint64)i * 90000 / rate - base) % 90000 - later_ms * 90;
		if (off > 45000)
			off -= 90000;
		g_test_message("click off by %.2f ms", off / 90.0);
		g_assert_cmpint(ABS(off), <=, 90);
	}
	g_assert_cmpuint(clicks, >=, 1);
}

/* Sound of two seconds, as a rule from the middle of a click on: no gap, each sample at its time, and soon. */
static void check_sound(enum wfd_audio_format format, guint32 mode, guint frame, guint later_ms, guint limit_ms)
{
	struct wfd_selection selection = VGA60;
	g_autoptr(GPtrArray) units = NULL;
	g_autoptr(GPtrArray) pictures = NULL;
	struct sound_state state;
	struct media_stats stats;
	struct fixture f;
	guint rate;

	selection.audio_format = format;
	selection.audio_mode = mode;
	rate = wfd_audio_rate(format, mode);
	begin(&f, selection);
	/* The first unit is of what is played some 20 ms after PLAY. */
	run((2 * G_USEC_PER_SEC - g_get_monotonic_time() % G_USEC_PER_SEC) / MSEC_US - 20 + CLICK_MS / 2);
	play(&f);
	for (guint i = 0; i < 110; i++) {
		push(&f, 0, FALSE);
		run(20);
	}
	sound_pump_get_state(f.sound, &state);
	pause_stream(&f);
	run(50);
	units = rtp_reader_units(f.reader, FALSE);
	pictures = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, >=, 2 * rate / frame);
	for (guint i = 1; i < units->len; i++) {
		gint64 step = unit_at(units, i)->pts - unit_at(units, i - 1)->pts;

		g_assert_cmpint(ABS(step * rate - 90000 * (gint64)frame), <=, 2 * rate);
	}
	check_clicks(&f, units, pictures, frame, later_ms);
	media_pipeline_take_stats(f.pipeline, &stats);
	g_test_message("latency %.1f ms, 95 %%: %.1f ms", stats.sound_latency.median_us / 1000.0,
		       stats.sound_latency.p95_us / 1000.0);
	g_assert_cmpuint(stats.sound_latency.median_us, >, 0);
	g_assert_cmpuint(stats.sound_latency.median_us, <=, limit_ms * MSEC_US);
	g_assert_cmpuint(stats.sound_skipped_us, ==, 0);
	g_assert_cmpuint(state.counters.skipped_us, ==, 0);
	g_assert_cmpuint(state.counters.lost_us, ==, 0);
	g_assert_cmpint(state.activity, ==, SOUND_PLAYING);
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* Nothing leaves for 400 ms: of the sound that has waited the oldest is skipped, once, and the newest is sent. */
static void test_sound_held(void)
{
	struct wfd_selection selection = VGA60;
	g_autoptr(GPtrArray) units = NULL;
	guint gaps = 0, missing_us = 0, late = 0;
	struct media_stats stats;
	struct fixture f;

	selection.audio_format = WFD_AUDIO_LPCM;
	selection.audio_mode = WFD_LPCM_48K_16_2;
	begin(&f, selection);
	play(&f);
	for (guint i = 0; i < 50; i++) {
		if (i == 25)
			g_atomic_int_set(&network.held_ms, 400);
		push(&f, 0, FALSE);
		run(20);
	}
	media_pipeline_take_stats(f.pipeline, &stats);
	pause_stream(&f);
	run(50);
	units = rtp_reader_units(f.reader, FALSE);
	for (guint i = 1; i < units->len; i++) {
		gint64 missing = unit_at(units, i)->pts - unit_at(units, i - 1)->pts - 900;

		/* By the sink's clock. */
		late += (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr < -90 * 150;
		if (missing < 900)
			continue;
		gaps++;
		missing_us += missing * 100 / 9;
		/* Behind the gap is what was as new as may wait: of 400 ms, and what came before they were over. */
		g_assert_cmpint(missing, >=, 90 * 150);
		g_assert_cmpint(missing, <=, 90 * 350);
	}
	/* Nothing is sent that has waited for long, but what was on its way. */
	g_assert_cmpuint(late, <=, 1);
	g_assert_cmpuint(gaps, ==, 1);
	g_assert_cmpuint(stats.sound_gaps, ==, 1);
	g_assert_cmpint(ABS((gint)(stats.sound_skipped_us - missing_us)), <=, 100);
	end(&f);
}

static void test_sound_lpcm(void)
{
	check_sound(WFD_AUDIO_LPCM, WFD_LPCM_48K_16_2, 480, 0, 25);
	check_sound(WFD_AUDIO_LPCM, WFD_LPCM_44K1_16_2, 480, 0, 25);
}

static void test_sound_aac(void)
{
	check_sound(WFD_AUDIO_AAC, WFD_AAC_48K_16_2, 1024, 17, 40);
	check_sound(WFD_AUDIO_AAC, WFD_AAC_48K_16_6, 1024, 17, 40);
}

static void test_sound_ac3(void)
{
	check_sound(WFD_AUDIO_AC3, WFD_AC3_48K_16_2, 1536, 0, 50);
	check_sound(WFD_AUDIO_AC3, WFD_AC3_48K_16_6, 1536, 0, 50);
}

int main(int argc, char **argv)
{
	media_init(&argc, &argv);
	g_test_add_func("/media-pipeline/sound/held", test_sound_held);
	g_test_add_func("/media-pipeline/sound/lpcm", test_sound_lpcm);
	g_test_add_func("/media-pipeline/sound/aac", test_sound_aac);
	g_test_add_func("/media-pipeline/sound/ac3", test_sound_ac3);
	return g_test_run();
}
