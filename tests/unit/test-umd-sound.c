// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of miracast-umd: the sound card that it makes of a sink, and the sound of the stream. See umd-driver-fixture.h.
 */
#include <errno.h>
#include <string.h>

#include "fake-encoder.h"
#include "umd-driver-fixture.h"

/* A sound card comes with the monitor, with the display's name, of which whole characters fit in. */
static void test_sound_card(void)
{
	struct fixture f = {
		.video = VGA,
		.more = "intel_friendly_name: A television of thirty letters\xc3\xa9\r\n",
		.config = { .kernel = TRUE, .audio = CHANNEL_AUDIO_DESKTOP },
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmphex(kernel.newest_plug.sound_rates, ==, MIRACAST_SOUND_44100 | MIRACAST_SOUND_48000);
	g_assert_cmpuint(kernel.newest_plug.sound_channels, ==, 2);
	g_assert_cmpstr(kernel.newest_plug.sound_name, ==, "A television of thirty letters");
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* One that the user, or the sink, does not want. */
static void check_no_sound(enum channel_audio audio, const char *codecs)
{
	struct fixture f = {
		.video = VGA,
		.audio = codecs,
		.config = { .kernel = TRUE, .audio = audio },
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmphex(kernel.newest_plug.sound_rates, ==, 0);
	g_assert_cmpuint(kernel.newest_plug.sound_channels, ==, 0);
	g_assert_cmpstr(kernel.newest_plug.sound_name, ==, "");
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(mode_is_set, &f);
	if (audio != CHANNEL_AUDIO_SILENCE)
		g_assert_false(sink_heard(&f, "wfd_audio_codecs: "));
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static void test_no_sound(void)
{
	check_no_sound(CHANNEL_AUDIO_NONE, NULL);
	check_no_sound(CHANNEL_AUDIO_SILENCE, NULL);
	check_no_sound(CHANNEL_AUDIO_DESKTOP, "none");
}

/* A kernel that has no sound cards gets the monitor alone, and the stream is as ever. */
static void test_no_sound_in_kernel(void)
{
	static const int errors[] = { E2BIG, EOPNOTSUPP, ENOSPC };

	for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
		struct fixture f = {
			.video = VGA,
			.config = { .kernel = TRUE, .audio = CHANNEL_AUDIO_DESKTOP },
		};

		kernel.sound_error = errors[i];
		begin(&f);
		wait_until(is_plugged, &f);
		g_assert_cmphex(kernel.newest_plug.sound_rates, ==, 0);
		g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
		wait_until(mode_is_set, &f);
		g_assert_true(sink_heard(&f, "wfd_audio_codecs: LPCM"));
		g_assert_cmpint(end(&f), ==, 0);
		clear(&f);
		kernel.sound_error = 0;
	}
}

/* One that is known to have none is not asked for one. */
static void test_no_sound_card(void)
{
	struct fixture f = {
		.video = VGA,
		.config = { .kernel = TRUE, .audio = CHANNEL_AUDIO_DESKTOP, .no_card = TRUE },
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmphex(kernel.newest_plug.sound_rates, ==, 0);
	g_assert_null(strstr(strstr(kernel.ops->str, "control-1 ") + 1, "control-1 "));
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* The sink does not take the sound that it has named: the card goes. */
static void test_sound_refused(void)
{
	struct fixture f = {
		.video = TWO,
		.refused = "wfd_audio_codecs: LPCM",
		.why = "wfd_audio_codecs: 415\r\n",
		.config = { .kernel = TRUE, .audio = CHANNEL_AUDIO_DESKTOP },
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpuint(kernel.newest_plug.sound_channels, ==, 2);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(is_playing, &f);
	g_assert_true(is_plugged_again(&f));
	g_assert_cmphex(kernel.newest_plug.sound_rates, ==, 0);
	g_assert_cmpuint(kernel.newest_plug.num_modes, ==, 2);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* It is the sound that the sink does not like: the mode stays, and goes without. */
static void test_audio_refused(void)
{
	struct fixture f = {
		.video = TWO,
		.refused = "wfd_audio_codecs: LPCM",
		.why = "wfd_audio_codecs: 415\r\n",
		.config.audio = CHANNEL_AUDIO_SILENCE,
	};

	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpuint(sink_heard_times(&f, "wfd_presentation_URL"), ==, 2);
	g_assert_cmpuint(sink_heard_times(&f, "wfd_audio_codecs: LPCM"), ==, 1);
	g_assert_cmpuint(sink_heard_times(&f, SECOND_MODE), ==, 2);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean has_sound_latency(struct fixture *f)
{
	return f->sound_latency > 0;
}

/* The track carries what is played, and the broker is told how soon. */
static void test_sound_statistics(void)
{
	struct fixture f = { .video = VGA, .config.audio = CHANNEL_AUDIO_DESKTOP };

	begin(&f);
	wait_until(has_sound_latency, &f);
	g_assert_cmpstr(f.sound, ==, "playing");
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

int main(int argc, char *argv[])
{
	umd_driver_init(&argc, &argv);
	fake_encoder_register_bad(ENCODERS_INI);
	g_test_add_func("/umd-driver/audio-refused", test_audio_refused);
	g_test_add_func("/umd-driver/sound/card", test_sound_card);
	g_test_add_func("/umd-driver/sound/none", test_no_sound);
	g_test_add_func("/umd-driver/sound/none-in-kernel", test_no_sound_in_kernel);
	g_test_add_func("/umd-driver/sound/no-card", test_no_sound_card);
	g_test_add_func("/umd-driver/sound/refused", test_sound_refused);
	g_test_add_func("/umd-driver/sound/statistics", test_sound_statistics);
	return g_test_run();
}
