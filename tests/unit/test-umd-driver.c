// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of miracast-umd: the stream that it makes for a sink, what it says to the kernel's messages, and what it tells
 * the kernel of that. See umd-driver-fixture.h.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "fake-encoder.h"
#include "umd-driver-fixture.h"

/* Conversion, encoding, sending: each once for each frame, in this order. */
static void check_statistics(void)
{
	g_autoptr(GHashTable) steps = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

	for (guint i = 0; i < kernel.statistics->len; i++) {
		const struct miracast_statistic *s =
			&g_array_index(kernel.statistics, struct miracast_statistic, i);
		guint64 id = s->info.id;
		guint step = GPOINTER_TO_UINT(g_hash_table_lookup(steps, &id));

		if (s->type == MIRACAST_STATISTIC_EVENT) {
			g_assert_cmpuint(s->event, ==, MIRACAST_EVENT_IDR_REQUEST);
			continue;
		}
		g_assert_cmpuint(MIRACAST_CHUNK_ID_PART(id), ==, 0);
		if (s->type == MIRACAST_STATISTIC_CHUNK_SENT) {
			g_assert_cmpuint(step, ==, 2);
		} else if (s->info.type == MIRACAST_CHUNK_ENCODE) {
			g_assert_cmpuint(step, ==, 1);
			g_assert_cmpuint(s->info.processing_time, >, 0);
			g_assert_cmpuint(s->info.encode_rate, >, 0);
		} else {
			g_assert_cmpuint(s->info.type, ==, MIRACAST_CHUNK_COLOR_CONVERT);
			g_assert_cmpuint(step, ==, 0);
			g_assert_cmpuint(s->info.encode_rate, ==, 0);
		}
		g_hash_table_replace(steps, g_memdup2(&id, sizeof(id)), GUINT_TO_POINTER(step + 1));
	}
}

static void test_statistics(void)
{
	struct fixture f = { .video = VGA };

	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start end-start begin-stop end-stop ");
	check_statistics();
	clear(&f);
}

static gboolean is_standby(struct fixture *f)
{
	return sink_heard(f, "\r\nwfd_standby\r\n");
}

static gboolean is_awake(struct fixture *f)
{
	return sink_heard(f, "wfd_trigger_method: PLAY\r\n");
}

static void test_messages(void)
{
	struct fixture f = { .video = VGA };
	struct miracast_power power = { 0 };
	guint8 grown[sizeof(power) + 8];

	memset(grown, 0xff, sizeof(grown));
	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpint(tell(&f, 99, "", 0), ==, -EOPNOTSUPP);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, "", 0), ==, -EINVAL);
	g_assert_cmpint(tell_mode(&f, 123, 45, 60), ==, -ERANGE);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_KEY_FRAME, "", 0), ==, 0);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, &power, sizeof(power)), ==, 0);
	wait_until(is_standby, &f);
	power.on = 1;
	/* A newer kernel says more. */
	memcpy(grown, &power, sizeof(power));
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, grown, sizeof(grown)), ==, 0);
	wait_until(is_awake, &f);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* ----------------------------------------------------------------------------- bits */

static gboolean has_idr(struct fixture *f)
{
	return f->idr > 0;
}

/* A sink that reports what it misses gets key frames also if it does not ask for them (M13). */
static void test_reported_loss(void)
{
	/* One block, 5 of 256 lost. */
	static const guint8 report[32] = { 0x81, 201, 0, 7, [12] = 5 };
	struct fixture f = { .video = VGA };
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	gint64 end_us;
	guint64 before;

	begin(&f);
	wait_until(has_idr, &f);
	before = f.idr;
	g_assert_cmpint(getsockname(f.config.ports.rtcp, (struct sockaddr *)&to, &len), ==, 0);
	/* By time there are two of them in this time at the most. */
	for (end_us = g_get_monotonic_time() + 4 * G_USEC_PER_SEC; g_get_monotonic_time() < end_us;) {
		g_assert_cmpint(sendto(f.rtp, report, sizeof(report), 0, (struct sockaddr *)&to, len), ==, sizeof(report));
		for (guint i = 0; i < 50; i++) {
			g_main_context_iteration(NULL, FALSE);
			g_usleep(10000);
		}
	}
	g_assert_cmpuint(f.idr, >=, before + 4);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean has_bit_rate(struct fixture *f)
{
	return f->bit_rate > 0;
}

static gboolean has_slower_rate(struct fixture *f)
{
	return f->bit_rate == 2000000 * 85 / 100;
}

static gboolean has_old_rate(struct fixture *f)
{
	return f->bit_rate > 2000000;
}

/* The encoder follows what the link carries, down and up again; 0 is no news. */
static void test_data_rate(void)
{
	struct miracast_data_rate rate = { .encoder_bit_rate = 2000000 };
	struct fixture f = { .video = VGA };
	guint64 before;

	begin(&f);
	wait_until(has_bit_rate, &f);
	before = f.bit_rate;
	g_assert_cmpuint(before, >, 2000000);
	miracast_host_set_data_rate(f.host, &rate);
	wait_until(has_slower_rate, &f);
	rate.encoder_bit_rate = 100000000;
	miracast_host_set_data_rate(f.host, &rate);
	wait_until(has_old_rate, &f);
	g_assert_cmpuint(f.bit_rate, ==, before);
	rate.encoder_bit_rate = 0;
	miracast_host_set_data_rate(f.host, &rate);
	f.bit_rate = 0;
	wait_until(has_bit_rate, &f);
	g_assert_cmpuint(f.bit_rate, ==, before);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* -------------------------------------------------------- what is chosen for a sink */

#define TWO_PROFILES "00 00 02 04 00000001 00000000 00000000 00 0000 0000 00 none none, " \
		     "01 04 00000001 00000000 00000000 00 0000 0000 00 none none"

/* What a row of quirks forbids is not chosen, though both sides could. */
static void check_quirks(const char *quirks, const char *video, const char *audio, guint64 least, guint64 most)
{
	struct fixture f = {
		.video = TWO_PROFILES,
		.audio = "LPCM 00000002 00, AAC 00000001 00",
		.quirks = quirks,
		.config.audio = CHANNEL_AUDIO_SILENCE,
	};

	begin(&f);
	wait_until(has_bit_rate, &f);
	g_assert_cmpuint(sink_heard_times(&f, video), ==, 1);
	g_assert_cmpuint(sink_heard_times(&f, audio), ==, 1);
	g_assert_cmpuint(f.bit_rate, >=, least);
	g_assert_cmpuint(f.bit_rate, <=, most);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static void test_quirks(void)
{
	check_quirks(NULL, "wfd_video_formats: 00 00 02 ", "wfd_audio_codecs: AAC", 700001, G_MAXUINT);
	check_quirks("[mine]\nname=script\nbaseline-only=true\naudio-codecs=LPCM\nmax-bit-rate=700\n",
		     "wfd_video_formats: 00 00 01 ", "wfd_audio_codecs: LPCM", 100000, 700000);
}

/* One whose stream does not say what its colours are, so that they are converted. */
static void test_other_encoder(void)
{
	g_autofree char *name = g_strdup("openh264enc");
	struct fixture f = { .video = VGA, .config.encoder = name };

	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean has_encoder(struct fixture *f)
{
	return f->encoder != NULL;
}

/* The last test: the best encoder has one profile left, which this sink does not decode. */
static void test_no_common_profile(void)
{
	struct fixture f = { .video = "00 00 01 10 00000001 00000000 00000000 00 0000 0000 00 none none" };

	video_encoder_give_up(video_encoder_find("x264enc", NULL), WFD_H264_PROFILE_CBP, "a test");
	begin(&f);
	wait_until(has_encoder, &f);
	g_assert_cmpstr(f.encoder, ==, "openh264enc");
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

int main(int argc, char *argv[])
{
	umd_driver_init(&argc, &argv);
	fake_encoder_register_bad(ENCODERS_INI);
	g_test_add_func("/umd-driver/quirks", test_quirks);
	g_test_add_func("/umd-driver/R81-R86-statistics", test_statistics);
	g_test_add_func("/umd-driver/other-encoder", test_other_encoder);
	g_test_add_func("/umd-driver/R55-messages", test_messages);
	g_test_add_func("/umd-driver/reported-loss", test_reported_loss);
	g_test_add_func("/umd-driver/R88-R89-data-rate", test_data_rate);
	g_test_add_func("/umd-driver/no-common-profile", test_no_common_profile);
	return g_test_run();
}
