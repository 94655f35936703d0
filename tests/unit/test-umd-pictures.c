// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of miracast-umd: what it makes of the desktop's pictures, and of a desktop that has none. See
 * umd-driver-fixture.h.
 */
#include <errno.h>
#include <string.h>

#include "fake-encoder.h"
#include "umd-driver-fixture.h"

static gboolean some_dropped(struct fixture *f)
{
	return count(MIRACAST_STATISTIC_CHUNK_COMPLETE) >= 3;
}

/*
 * The kernel takes each frame back before it is read: none of them is sent, but one
 * after a second without any, which this takes on a busy machine only.
 */
static void test_dropped(void)
{
	struct fixture f = { .video = VGA, .config.kernel = TRUE };
	gboolean taken = FALSE;
	gint64 begun;
	guint n = 0;

	kernel.frames = TRUE;
	kernel.revokes = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	begun = g_get_monotonic_time();
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(some_dropped, &f);
	g_assert_cmpint(end(&f), ==, 0);
	for (guint i = 0; i < kernel.statistics->len; i++) {
		const struct miracast_statistic *s =
			&g_array_index(kernel.statistics, struct miracast_statistic, i);

		if (s->type == MIRACAST_STATISTIC_EVENT)
			continue;
		taken |= s->type != MIRACAST_STATISTIC_CHUNK_COMPLETE ||
			 s->info.type != MIRACAST_CHUNK_FRAME_DROPPED;
		if (!taken)
			g_assert_cmpuint(s->info.id, ==, MIRACAST_CHUNK_ID(++n, 0));
	}
	g_assert_cmpuint(n, >, 0);
	if (taken)
		g_assert_cmpint(g_get_monotonic_time() - begun, >=, G_USEC_PER_SEC);
	kernel.frames = FALSE;
	kernel.revokes = FALSE;
	clear(&f);
}

static gboolean is_back(struct fixture *f)
{
	gboolean back;

	g_mutex_lock(&kernel.lock);
	back = strstr(kernel.ops->str, "control-1 control-2 control-1 ") != NULL;
	g_mutex_unlock(&kernel.lock);
	return back && f->acquired >= 3 && count(MIRACAST_STATISTIC_CHUNK_SENT) >= 3;
}

/*
 * Pictures in memory that nobody can map: the monitor comes back as one that the
 * desktop has to copy them for.  Where that does not help, the session ends.
 */
static void test_unreadable(gconstpointer always)
{
	/* Whatever cards this machine has. */
	struct fixture f = { .video = VGA, .config = { .kernel = TRUE, .imports = TRUE } };

	kernel.frames = TRUE;
	kernel.foreign = TRUE;
	kernel.always_foreign = GPOINTER_TO_INT(always);
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmphex(kernel.plug_flags & MIRACAST_PLUG_IMPORT, ==, MIRACAST_PLUG_IMPORT);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(always ? is_done : is_back, &f);
	g_assert_cmphex(kernel.plug_flags & MIRACAST_PLUG_IMPORT, ==, 0);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_true(g_str_has_prefix(kernel.ops->str,
				       "begin-start end-start control-1 control-2 control-1 "));
	g_assert_true(!always || f.driver.reason == CHANNEL_REASON_PICTURE_UNREADABLE);
	kernel.frames = FALSE;
	kernel.foreign = FALSE;
	kernel.always_foreign = FALSE;
	clear(&f);
}

/* Before the first picture they count as the desktop's own. */
static gboolean has_own(struct fixture *f)
{
	return g_strcmp0(f->pictures, "copied") == 0 && f->acquired >= 3 && f->sent >= 3;
}

static gboolean has_shared(struct fixture *f)
{
	return g_strcmp0(f->pictures, "shared") == 0 && f->read_rate;
}

/* What the user is told of the memory that pictures are in. */
static void check_pictures(const struct umd_config *config, gboolean shares, int older, const char *why)
{
	struct fixture f = { .video = VGA, .config = *config };

	kernel.frames = TRUE;
	kernel.shares = shares;
	kernel.older = older;
	begin(&f);
	wait_until(is_plugged, &f);
	if (older)
		g_assert_cmphex(kernel.plug_flags, ==, MIRACAST_PLUG_CURSOR);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(shares ? has_shared : has_own, &f);
	g_assert_cmpint(f.read_rate > 0, ==, shares);
	if (why)
		g_assert_nonnull(strstr(f.pictures_why, why));
	else if (shares)
		g_assert_null(f.pictures_why);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	kernel.shares = FALSE;
	kernel.older = 0;
	clear(&f);
}

static void test_pictures(void)
{
	static const struct umd_config usual = { .kernel = TRUE }, copies = { .kernel = TRUE, .copies = TRUE };

	check_pictures(&usual, FALSE, 0, NULL);
	check_pictures(&usual, TRUE, 0, NULL);
	check_pictures(&copies, FALSE, 0, "--import=no");
	/* A kernel that cannot be told whose buffers are readable gets none of them. */
	check_pictures(&usual, FALSE, E2BIG, "older");
	check_pictures(&usual, FALSE, EINVAL, "older");
}

static gboolean sends_again(struct fixture *f)
{
	return f->acquired && f->sent >= 8;
}

/* A picture that is sent again and again is reported once. */
static void test_still_picture(void)
{
	struct fixture f = { .video = VGA, .config.kernel = TRUE };

	kernel.frames = TRUE;
	kernel.still = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(sends_again, &f);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpuint(f.acquired, ==, 1);
	/* Converted and encoded; sent. */
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_COMPLETE), ==, 2);
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_SENT), ==, 1);
	kernel.frames = FALSE;
	kernel.still = FALSE;
	clear(&f);
}

static gboolean plays_without_idr(struct fixture *f)
{
	return f->acquired >= 10 && f->idr && f->same_idr >= 2;
}

static gboolean sends_idr(struct fixture *f)
{
	return f->same_idr == 0;
}

/*
 * The records of the kernel are read: they count the desktop's frames, and when
 * some were lost the sink, which would ask for key frames, gets one unasked.
 */
static void test_chunks(void)
{
	struct fixture f = {
		.video = VGA,
		.more = "wfd_idr_request_capability: 1\r\n",
		.config.kernel = TRUE,
	};

	kernel.frames = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(plays_without_idr, &f);
	g_mutex_lock(&kernel.lock);
	kernel.chunks_lost = TRUE;
	g_mutex_unlock(&kernel.lock);
	wait_until(sends_idr, &f);
	/* One record for each frame, perhaps one of a frame that is not acquired yet. */
	g_assert_cmpuint(f.offered - f.acquired, <=, 1);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

/* ------------------------------------------------------- the output goes off and on */

/* Everything that asks a sink to do something in play. */
static guint count_triggers(struct fixture *f)
{
	return sink_heard_times(f, "\r\nwfd_standby\r\n") +
	       sink_heard_times(f, "wfd_trigger_method: PAUSE") +
	       sink_heard_times(f, "wfd_trigger_method: PLAY");
}

/* A desktop that draws, and pictures of it that arrive. */
static void begin_drawing(struct fixture *f)
{
	kernel.frames = TRUE;
	begin(f);
	wait_until(is_plugged, f);
	g_assert_cmpint(tell_mode(f, 640, 480, 60), ==, 0);
	wait_until(some_sent, f);
}

/* A sink that has not offered standby is asked for nothing, and gets pictures all the time. */
static void test_off_is_black(void)
{
	struct fixture f = {
		.video = VGA,
		.more = "wfd_standby_resume_capability: none\r\n",
		.config.kernel = TRUE,
	};
	const struct miracast_power off = { .on = 0 };

	begin_drawing(&f);
	kernel.frames = FALSE;
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_OFF, "", 0), ==, 0);
	assert_sends(&f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, &off, sizeof(off)), ==, 0);
	assert_sends(&f);
	g_assert_cmpuint(count_triggers(&f), ==, 0);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* A desktop that dies leaves a monitor without a picture, then none; the next one lights it. */
static void test_another_desktop(void)
{
	const struct miracast_power off = { .on = 0 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };
	guint sent;

	begin_drawing(&f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, &off, sizeof(off)), ==, 0);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_OFF, "", 0), ==, 0);
	assert_sends(&f);
	sent = count(MIRACAST_STATISTIC_CHUNK_SENT);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	assert_sends(&f);
	assert_sends(&f);
	/* Frames of the desktop: repetitions are not counted here. */
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_SENT), >, sent);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

/* Off and on before a sink could answer anything: the desktop's frames are sent as before. */
static void test_off_and_on(void)
{
	struct fixture f = { .video = VGA, .config.kernel = TRUE };
	guint sent;

	begin_drawing(&f);
	for (guint i = 0; i < 3; i++) {
		g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_OFF, "", 0), ==, 0);
		g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	}
	assert_sends(&f);
	/* Frames of the desktop, that is: repetitions are not counted here. */
	sent = count(MIRACAST_STATISTIC_CHUNK_SENT);
	assert_sends(&f);
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_SENT), >, sent);
	g_assert_cmpuint(count_triggers(&f), ==, 0);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

int main(int argc, char *argv[])
{
	umd_driver_init(&argc, &argv);
	fake_encoder_register_bad(ENCODERS_INI);
	g_test_add_func("/umd-driver/pictures", test_pictures);
	g_test_add_func("/umd-driver/R87-dropped", test_dropped);
	g_test_add_func("/umd-driver/R83-still-picture", test_still_picture);
	g_test_add_func("/umd-driver/off-is-black", test_off_is_black);
	g_test_add_func("/umd-driver/off-and-on", test_off_and_on);
	g_test_add_func("/umd-driver/another-desktop", test_another_desktop);
	g_test_add_data_func("/umd-driver/unreadable/copied", GINT_TO_POINTER(FALSE), test_unreadable);
	g_test_add_data_func("/umd-driver/unreadable/always", GINT_TO_POINTER(TRUE), test_unreadable);
	g_test_add_func("/umd-driver/R60-R63-R64-chunks", test_chunks);
	return g_test_run();
}
