// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the media pipeline makes of pauses, of losses, of a slow encoder, of a network that takes less, and of new modes;
 * what its encoder gets: see media-pipeline-fixture.h.
 */
#include "media-pipeline-fixture.h"

/* ------------------------------------------------------------------- PLAY and PAUSE */

/* After each PLAY: an IDR with its parameter sets, shown soon, nothing older; in between nothing at all. */
static void test_pauses(void)
{
	struct wfd_selection selection = VGA60;
	guint32 rtp_base = 0;
	struct fixture f;

	selection.audio_format = WFD_AUDIO_AAC;
	selection.audio_mode = WFD_AAC_48K_16_2;
	begin(&f, selection);
	for (guint n = 0; n < 8; n++) {
		g_autoptr(GPtrArray) units = NULL;
		g_autoptr(GPtrArray) sound = NULL;
		gint64 played = g_get_monotonic_time();
		guint packets, first = 0, first_sound = 0;

		play(&f);
		for (guint i = 0; i < 12; i++) {
			push(&f, 0, FALSE);
			run(i == 11 ? n % 3 : 17);
		}
		pause_stream(&f);
		/* What has left arrives. */
		run(60);
		packets = rtp_reader_packets(f.reader);
		/* The pump may come too late. */
		if (n % 2)
			push(&f, 0, FALSE);
		run(150);
		g_assert_cmpuint(rtp_reader_packets(f.reader), ==, packets);

		units = rtp_reader_units(f.reader, TRUE);
		sound = rtp_reader_units(f.reader, FALSE);
		while (first < units->len && unit_at(units, first)->arrival_us < played)
			first++;
		while (first_sound < sound->len && unit_at(sound, first_sound)->arrival_us < played)
			first_sound++;
		assert_begins(unit_at(units, first));
		if (n == 0)
			rtp_base = unit_at(units, first)->rtp - (guint32)unit_at(units, first)->pcr;
		/* RTP time and PCR tell the same time as in the first PLAY, to a tick. */
		g_assert_cmpint(ABS((gint32)(unit_at(units, first)->rtp - (guint32)unit_at(units, first)->pcr - rtp_base)), <=, 2);
		for (guint i = first; i < units->len; i++) {
			gint64 lead = (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr;

			g_assert_cmpint(lead, >=, 0);
			g_assert_cmpint(lead, <=, 90 * 100);
		}
		/* Sound begins with the picture, and not with what was left over. */
		g_assert_cmpuint(first_sound, <, sound->len);
		g_assert_cmpint((gint64)(unit_at(sound, first_sound)->pts - unit_at(units, first)->pts), >=, 0);
		g_assert_cmpint((gint64)(unit_at(sound, first_sound)->pts - unit_at(units, first)->pts), <, 90 * 100);
	}
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* ----------------------------------------------------------------------- key frames */

/* A desktop that stands still gets key frames as often as one that does not: by time. */
static void test_key_frames_by_time(void)
{
	g_autoptr(GPtrArray) units = NULL;
	gint64 began = g_get_monotonic_time();
	guint64 last = 0;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	push(&f, 0, FALSE);
	while (g_get_monotonic_time() < began + 9 * G_USEC_PER_SEC) {
		run(200);
		push(&f, 0, TRUE);
	}
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	for (guint i = 0; i < units->len; i++) {
		if (unit_at(units, i)->idr) {
			assert_begins(unit_at(units, i));
			last = unit_at(units, i)->pts;
		}
		g_assert_cmpuint(unit_at(units, i)->pts - last, <=, 90000 * 5);
	}
	g_assert_cmpint(f.needs, ==, 0);
	end(&f);
}

/*
 * A sink that asks 50 times a second gets four key frames a second; they are pictures that would
 * have come anyway, and one that is due while nothing flows is asked for.
 */
static void test_key_frames_asked(void)
{
	g_autoptr(GPtrArray) units = NULL;
	guint pushed = 0, idr = 0;
	gint64 pushed_us;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 100; i++) {
		media_pipeline_key_frame(f.pipeline);
		if (i % 2 == 0) {
			push(&f, 0, FALSE);
			pushed++;
		}
		run(20);
	}
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, pushed);
	for (guint i = 0; i < units->len; i++)
		idr += unit_at(units, i)->idr;
	/* 2 s, a little more on a slow machine. */
	g_assert_cmpuint(idr, >=, 7);
	g_assert_cmpuint(idr, <=, 1 + (unit_at(units, units->len - 1)->pts - unit_at(units, 0)->pts) / (90000 / 4));

	/* Now nothing comes by itself. */
	run(300);
	pushed_us = g_get_monotonic_time();
	push(&f, 0, TRUE);
	run(20);
	g_atomic_int_set(&f.needs, 0);
	media_pipeline_key_frame(f.pipeline);
	run(100);
	if (g_get_monotonic_time() - pushed_us < 240 * MSEC_US)
		g_assert_cmpint(f.needs, ==, 0);
	run(250);
	g_assert_cmpint(f.needs, ==, 1);
	end(&f);
}

/* Key frames of two seconds in which all is said to be new, or nothing. */
static guint64 key_frames_of_noise(gboolean moves)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	struct media_stats stats;
	struct fixture f;

	begin(&f, VGA60);
	f.info.changes.everything = moves;
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 60; i++) {
		for (gsize at = 0; at < GST_VIDEO_INFO_SIZE(&f.picture.info); at += 4)
			*(guint32 *)(f.picture.data + at) = g_rand_int(random);
		push(&f, 0, FALSE);
		run(33);
	}
	media_pipeline_take_stats(f.pipeline, &stats);
	end(&f);
	return stats.idr;
}

/* Where all moves, and takes the bits, one who misses something need not ask. */
static void test_key_frames_in_motion(void)
{
	g_assert_cmpuint(key_frames_of_noise(TRUE), >=, 4);
	g_assert_cmpuint(key_frames_of_noise(FALSE), <=, 2);
}

/* -------------------------------------------------------------- encoder and network */

/* Pictures as soon as the encoder wants them, until @divisor was told; returns how long that took. */
static gint64 push_until(struct fixture *f, gint divisor)
{
	const gint64 begin = g_get_monotonic_time();

	while (g_atomic_int_get(&f->divisor) != divisor) {
		g_assert_cmpint(g_get_monotonic_time() - begin, <, 20 * G_USEC_PER_SEC);
		push(f, 0, FALSE);
	}
	return g_get_monotonic_time() - begin;
}

/*
 * An encoder that becomes slow in mid-session, at 60 Hz: within a second only half the pictures are wanted, and
 * all of them again when it has been as quick as before for a while.  A new mode begins with all.
 */
static void test_slow_encoder(void)
{
	struct wfd_selection hd = HD30;
	struct fixture f;
	gint64 took;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 30; i++) {
		push(&f, 0, FALSE);
		run(17);
	}
	g_assert_cmpint(f.divisor, ==, 0);
	g_atomic_int_set(&encoder.takes_ms, 22);
	took = push_until(&f, 2);
	g_test_message("half of them after %.0f ms", took / 1000.0);
	g_assert_cmpint(took, <=, G_USEC_PER_SEC);
	g_atomic_int_set(&encoder.takes_ms, 0);
	took = push_until(&f, 1);
	g_test_message("all after %.0f ms", took / 1000.0);
	g_assert_cmpint(took, >=, 2 * G_USEC_PER_SEC);
	g_atomic_int_set(&encoder.takes_ms, 22);
	push_until(&f, 2);
	g_atomic_int_set(&encoder.takes_ms, 0);
	set_picture(&f, hd.mode);
	media_pipeline_set_mode(f.pipeline, &hd, media_pipeline_pts_in(f.pipeline, 20));
	push_until(&f, 1);
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

static guint encoder_bit_rate(void)
{
	guint kbits;

	g_object_get(encoder.latest, "bitrate", &kbits, NULL);
	return kbits * 1000;
}

/* The kernel does not get rid of what it has: the encoder gets less; and no more than the driver says. */
static void test_rate(void)
{
	struct media_stats stats;
	struct fixture f;
	guint agreed;

	begin(&f, VGA60);
	agreed = f.selection.bitrate;
	g_assert_cmpuint(agreed, >, 2 * LEAST_BIT_RATE);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 20; i++) {
		push(&f, 0, FALSE);
		run(15);
	}
	media_pipeline_take_stats(f.pipeline, &stats);
	g_assert_cmpuint(stats.bit_rate, ==, agreed);
	g_assert_cmpuint(encoder_bit_rate(), ==, agreed / 1000 * 1000);
	g_atomic_int_set(&network.counted, 2000000);
	for (guint i = 0; i < 30; i++) {
		push(&f, 0, FALSE);
		run(15);
	}
	g_atomic_int_set(&network.counted, 0);
	media_pipeline_take_stats(f.pipeline, &stats);
	g_assert_cmpuint(stats.bit_rate, ==, LEAST_BIT_RATE);
	g_assert_cmpuint(encoder_bit_rate(), ==, LEAST_BIT_RATE);
	end(&f);

	begin(&f, VGA60);
	media_pipeline_limit_bit_rate(f.pipeline, agreed / 2);
	g_assert_cmpuint(encoder_bit_rate(), ==, agreed / 2000 * 1000);
	media_pipeline_limit_bit_rate(f.pipeline, 0);
	g_assert_cmpuint(encoder_bit_rate(), ==, agreed / 1000 * 1000);
	end(&f);
}

/* The path is away for a second: the session goes on, and with a key frame that nobody asked for. */
static void test_network_away(void)
{
	g_autoptr(GPtrArray) units = NULL;
	guint n, first;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (n = 0; n < 90; n++) {
		g_atomic_int_set(&network.unreachable, n >= 20 && n < 50);
		push(&f, 0, FALSE);
		run(17);
	}
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	/* The one in front of the gap is complete only when it ends. */
	for (first = 1; first < units->len; first++) {
		if (unit_at(units, first)->idr)
			break;
	}
	assert_begins(unit_at(units, first));
	g_assert_cmpuint(first, >=, 19);
	g_assert_cmpuint(first, <=, 30);
	g_assert_cmpuint(units->len, <=, 62);
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* ----------------------------------------------------------------------- a new mode */

static void check_mode(struct wfd_selection from, struct wfd_selection to, const guint8 profile[2], guint delay_ms)
{
	g_autoptr(GPtrArray) units = NULL;
	guint64 at;
	guint first, changed;
	struct fixture f;

	begin(&f, from);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 10; i++) {
		push(&f, 0, FALSE);
		run(30);
	}
	at = media_pipeline_pts_in(f.pipeline, 150);
	/* The answer takes its time. */
	for (guint i = 0; i < delay_ms / 30; i++) {
		push(&f, 0, FALSE);
		run(30);
	}
	media_pipeline_set_mode(f.pipeline, &to, at);
	/* One of the old size that was on its way, then new ones. */
	push(&f, 0, FALSE);
	set_picture(&f, to.mode);
	for (guint i = 0; i < 20; i++) {
		push(&f, 0, FALSE);
		run(30);
	}
	run(50);
	g_assert_cmpuint(f.failures, ==, 0);
	units = rtp_reader_units(f.reader, TRUE);
	first = unit_at(units, 0)->profile[0];
	g_assert_cmphex(first, ==, from.profile == WFD_H264_PROFILE_CHP ? 100 : 66);
	for (changed = 1; changed < units->len; changed++) {
		if (unit_at(units, changed)->idr)
			break;
	}
	assert_begins(unit_at(units, changed));
	/* Not sent before its time. */
	g_assert_cmpint((gint64)unit_at(units, changed)->pts - unit_at(units, changed)->pcr, <=, 90 * 85);
	g_assert_cmphex(unit_at(units, changed)->profile[0], ==, profile[0]);
	g_assert_cmphex(unit_at(units, changed)->profile[1] & 0x0c, ==, profile[1]);
	if (delay_ms < 150 && unit_at(units, changed)->pts - unit_at(units, changed)->pcr > 90 * 6)
		g_assert_cmpuint(unit_at(units, changed)->pts, ==, at);
	else if (delay_ms < 150)
		g_assert_cmpuint(unit_at(units, changed)->pts - at, <, 90 * 500); /* too late, on a slow machine */
	else
		g_assert_cmpuint(unit_at(units, changed)->pts, >, at);
	g_assert_cmpuint(units->len - changed, >=, 8);
	for (guint i = changed + 1; i < units->len; i++)
		g_assert_false(unit_at(units, i)->idr);
	g_assert_cmpint(encoder.made, ==, 2);
	end(&f);
}

static void test_mode(void)
{
	static const guint8 high[] = { 100, 0x0c }, baseline[] = { 66, 0 };

	check_mode(VGA60, HD30, high, 30);
	check_mode(HD30, VGA60, baseline, 0);
}

/* The sink answers after the time that it was told. */
static void test_mode_late(void)
{
	static const guint8 high[] = { 100, 0x0c };

	check_mode(VGA60, HD30, high, 600);
}

/* Neither a pause nor the end waits for the time of a mode. */
static void test_mode_and_pause(void)
{
	g_autoptr(GPtrArray) units = NULL;
	struct wfd_selection to = HD30;
	struct fixture f;
	guint n;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	push(&f, 0, FALSE);
	run(50);
	media_pipeline_set_mode(f.pipeline, &to, media_pipeline_pts_in(f.pipeline, 100));
	media_pipeline_pause(f.pipeline);
	set_picture(&f, to.mode);
	push(&f, 0, FALSE);
	run(200);
	units = rtp_reader_units(f.reader, TRUE);
	n = units->len;
	media_pipeline_play(f.pipeline);
	/* A machine that is busy takes its time to make the encoder. */
	for (gint64 until = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
	     units->len <= n && g_get_monotonic_time() < until;) {
		push(&f, 0, FALSE);
		run(30);
		g_clear_pointer(&units, g_ptr_array_unref);
		units = rtp_reader_units(f.reader, TRUE);
	}
	assert_begins(unit_at(units, n));
	g_assert_cmphex(unit_at(units, n)->profile[0], ==, 100);
	media_pipeline_set_mode(f.pipeline, &f.selection, media_pipeline_pts_in(f.pipeline, 1000));
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* ---------------------------------------------------------------------- the picture */

static void wait_encoded(struct fixture *f, gint n)
{
	for (guint i = 0; g_atomic_int_get(&f->encoded) < n; i++) {
		g_assert_cmpuint(i, <, 5000);
		run(1);
	}
}

/* The encoder reads it where it was drawn, and is told what is new in it. */
static void test_picture_in_place(void)
{
	const struct picture_changes two = { .n = 2, .area = { { 0, 0, 16, 16 }, { 32, 32, 48, 64 } } };
	struct fixture f;

	begin(&f, VGA60);
	g_free(f.picture.data);
	f.picture.data = NULL;
	picture_make_black(&f.picture, f.selection.mode->width, f.selection.mode->height);
	play(&f);
	for (gint i = 1; i <= 4; i++) {
		f.info.changes = i == 1 ? (struct picture_changes){ .everything = TRUE } : two;
		push(&f, 0, FALSE);
		wait_encoded(&f, i);
		g_assert_true(encoder.memory == f.picture.data);
		/* One says that the others say what is new. */
		g_assert_cmpuint(encoder.areas, ==, i == 1 ? 0 : 3);
		/* When it wants another one it is done with this. */
		while (!g_atomic_int_get(&f.wants))
			run(1);
		g_assert_false(picture_make_writable(&f.picture));
	}
	f.info.changes = (struct picture_changes){ 0 };
	push(&f, 0, TRUE);
	wait_encoded(&f, 5);
	g_assert_cmpuint(encoder.areas, ==, 1);
	picture_clear(&f.picture);
	end(&f);
}

/* A picture that is encoded again and again has nothing to gain in the end, and that is told. */
static void test_picture_settles(void)
{
	struct fixture f;
	gint n = 1;

	begin(&f, VGA60);
	play(&f);
	push(&f, 0, FALSE);
	wait_encoded(&f, n);
	g_assert_false(f.settled);
	while (!g_atomic_int_get(&f.settled)) {
		g_assert_cmpint(++n, <, 100);
		push(&f, 0, TRUE);
		wait_encoded(&f, n);
	}
	/* A key frame begins anew. */
	media_pipeline_key_frame(f.pipeline);
	run(300);
	push(&f, 0, TRUE);
	wait_encoded(&f, n + 1);
	g_assert_false(f.settled);
	end(&f);
}

int main(int argc, char **argv)
{
	media_init(&argc, &argv);
	g_test_add_func("/media-pipeline/pauses", test_pauses);
	g_test_add_func("/media-pipeline/key-frames/by-time", test_key_frames_by_time);
	g_test_add_func("/media-pipeline/key-frames/asked", test_key_frames_asked);
	g_test_add_func("/media-pipeline/key-frames/in-motion", test_key_frames_in_motion);
	g_test_add_func("/media-pipeline/slow-encoder", test_slow_encoder);
	g_test_add_func("/media-pipeline/rate", test_rate);
	g_test_add_func("/media-pipeline/network-away", test_network_away);
	g_test_add_func("/media-pipeline/mode/in-time", test_mode);
	g_test_add_func("/media-pipeline/mode/late", test_mode_late);
	g_test_add_func("/media-pipeline/mode/and-pause", test_mode_and_pause);
	g_test_add_func("/media-pipeline/picture/in-place", test_picture_in_place);
	g_test_add_func("/media-pipeline/picture/settles", test_picture_settles);
	return g_test_run();
}
