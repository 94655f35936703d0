// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A computer that is too slow for the mode that its display likes best: the driver under the
 * kernel, the sink and the broker of umd-driver-fixture.h, with an encoder that takes
 * its time: what the plugin calls of libx264 is found here first.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#include <x264.h>

#include "encoders.h"
#include "umd-driver-fixture.h"

/* CEA 0, 5, 6, 7 and 8: 640x480p60, 720p30 and 60, 1080p30 and 60; up to level 4.2, and its panel has the last one. */
#define FORMATS " 00 01 10 000001E1 00000000 00000000 00 0000 0000 00 none none"
#define VIDEO "40" FORMATS
/* The panel has the last but one. */
#define VIDEO_30 "38" FORMATS

static gint pixel_rate; /* that it encodes; 0: as fast as it can */

void __wrap_video_encoder_limits(const struct video_encoder *encoder, struct wfd_encoder_limits *limits);
void __real_video_encoder_limits(const struct video_encoder *encoder, struct wfd_encoder_limits *limits);

int x264_encoder_encode(x264_t *x264, x264_nal_t **nals, int *n, x264_picture_t *in, x264_picture_t *out)
{
	int (*encode)(x264_t *, x264_nal_t **, int *, x264_picture_t *, x264_picture_t *) =
		dlsym(RTLD_NEXT, "x264_encoder_encode");
	const gint64 begun = g_get_monotonic_time();
	const gint rate = g_atomic_int_get(&pixel_rate);
	x264_param_t param;
	gint64 needed;
	int result = encode(x264, nals, n, in, out);

	x264_encoder_parameters(x264, &param);
	needed = rate ? (gint64)param.i_width * param.i_height * G_USEC_PER_SEC / rate : 0;
	g_usleep(MAX(begun + needed - g_get_monotonic_time(), 0));
	return result;
}

/* When it was measured it was fast. */
void __wrap_video_encoder_limits(const struct video_encoder *encoder, struct wfd_encoder_limits *limits)
{
	__real_video_encoder_limits(encoder, limits);
	limits->max_pixel_rate = 0;
}

static guint plugs(void)
{
	guint n = 0;

	g_mutex_lock(&kernel.lock);
	for (const char *at = kernel.ops->str; (at = strstr(at, "control-1 ")); at++)
		n++;
	g_mutex_unlock(&kernel.lock);
	return n;
}

static gboolean is_plugged_twice(struct fixture *f)
{
	return plugs() == 2;
}

static gboolean is_told_slow(struct fixture *f)
{
	return f->slow_width > 0;
}

static gboolean is_streaming(struct fixture *f)
{
	return f->sent > 5;
}

/* Modes of the n-th monitor. */
static const struct miracast_mode *modes_of(guint n, guint *n_modes)
{
	const guint8 *at = kernel.plug->data;

	for (;;) {
		const struct miracast_plug *plug = (const struct miracast_plug *)at;

		*n_modes = plug->num_modes;
		if (n-- == 0)
			return (const struct miracast_mode *)(plug + 1);
		at += sizeof(*plug) + plug->num_modes * sizeof(struct miracast_mode) + plug->edid_len +
		      plug->num_imports * plug->import_size;
	}
}

static void run(guint seconds)
{
	const gint64 until = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;

	while (g_get_monotonic_time() < until) {
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(500);
	}
}

/* The desktop sets a mode and draws in it. */
static void set_mode(struct fixture *f, guint width, guint height, guint hz)
{
	g_assert_cmpint(tell_mode(f, width, height, hz), ==, 0);
	g_mutex_lock(&kernel.lock);
	kernel.width = width;
	kernel.height = height;
	kernel.frame_us = G_USEC_PER_SEC / hz;
	kernel.frames = kernel.changes = TRUE;
	g_mutex_unlock(&kernel.lock);
}

static void begin_in(struct fixture *f, guint width, guint height, guint hz, gint rate)
{
	g_atomic_int_set(&pixel_rate, rate);
	begin(f);
	wait_until(is_plugged, f);
	set_mode(f, width, height, hz);
	wait_until(is_streaming, f);
}

static void finish(struct fixture *f)
{
	g_atomic_int_set(&pixel_rate, 0);
	g_assert_cmpint(end(f), ==, 0);
	kernel.frames = FALSE;
	kernel.width = kernel.height = kernel.frame_us = 0;
	clear(f);
}

/*
 * A picture of 1080p takes more than twice as long as there is for one: after a while the desktop is offered what can be done,
 * and no more than that; the least of it is 720p30.
 */
static void test_lowers(void)
{
	struct fixture f = { .video = VIDEO, .config.kernel = TRUE, .config.encoder = "wfdx264enc" };
	const struct miracast_mode *modes;
	guint n;

	begin_in(&f, 1920, 1080, 60, 20000000);
	modes = modes_of(0, &n);
	g_assert_cmpuint(n, ==, 5);
	g_assert_cmpuint(modes[0].width, ==, 1920);
	wait_until(is_plugged_twice, &f);
	wait_until(is_told_slow, &f);
	g_assert_cmpuint(f.slow_width, ==, 1920);
	g_assert_true(f.slow_lowered);
	modes = modes_of(1, &n);
	g_assert_cmpuint(n, ==, 2);
	for (guint i = 0; i < n; i++)
		g_assert_cmpuint(modes[i].width, <=, 1280);
	g_assert_cmpuint(modes[0].width, ==, 1280);
	g_assert_cmpuint(modes[0].refresh, ==, 30000);
	g_assert_false(is_done(&f));
	/* The desktop goes along. The display is told, and below that nothing is lowered. */
	set_mode(&f, 1280, 720, 30);
	g_assert_cmpuint(sink_heard_times(&f, " 00000020 00000000 00000000 "), ==, 0);
	run(15);
	g_assert_cmpuint(sink_heard_times(&f, " 00000020 00000000 00000000 "), ==, 1);
	g_assert_cmpuint(plugs(), ==, 2);
	g_assert_cmpuint(f.slow_width, ==, 1920);
	/* Who wants it back nevertheless gets it, and has it. */
	set_mode(&f, 1920, 1080, 60);
	run(15);
	g_assert_cmpuint(plugs(), ==, 2);
	g_assert_false(is_done(&f));
	finish(&f);
}

/* Half of the pictures can be done, and all are not. */
static void test_half(void)
{
	struct fixture f = { .video = VIDEO_30, .config.kernel = TRUE, .config.encoder = "wfdx264enc" };

	begin_in(&f, 1920, 1080, 30, 45000000);
	run(15);
	g_assert_cmpuint(plugs(), ==, 1);
	g_assert_cmpuint(f.slow_width, ==, 0);
	finish(&f);
}

/* Whoever has chosen the mode is told, and no more. */
static void test_wish(void)
{
	struct fixture f = { .video = VIDEO, .config.kernel = TRUE, .config.encoder = "wfdx264enc" };

	f.config.wish = (struct wfd_mode_request){ 1920, 1080, 60000 };
	begin_in(&f, 1920, 1080, 60, 20000000);
	wait_until(is_told_slow, &f);
	g_assert_false(f.slow_lowered);
	g_assert_cmpuint(plugs(), ==, 1);
	finish(&f);
}

/* The same in the desktop's settings: it was given another one. */
static void test_chosen(void)
{
	struct fixture f = { .video = VIDEO, .config.kernel = TRUE, .config.encoder = "wfdx264enc" };

	begin_in(&f, 1920, 1080, 30, 10000000);
	wait_until(is_told_slow, &f);
	g_assert_false(f.slow_lowered);
	g_assert_cmpuint(plugs(), ==, 1);
	finish(&f);
}

int main(int argc, char **argv)
{
	g_autoptr(GstPlugin) plugin = NULL;
	g_autoptr(GError) error = NULL;

	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	plugin = gst_plugin_load_file(X264_PLUGIN, &error);
	g_assert_no_error(error);
	g_test_add_func("/umd-slow/lowers", test_lowers);
	g_test_add_func("/umd-slow/half", test_half);
	g_test_add_func("/umd-slow/wish", test_wish);
	g_test_add_func("/umd-slow/chosen", test_chosen);
	return g_test_run();
}
