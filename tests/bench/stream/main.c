// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream-bench SECONDS MODE SCENE SOURCE: one run, its figures as an object of JSON.
 * stream-bench --list: what there is.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include <gst/gst.h>

#include "rtp-reader.h"

/* Before it is counted: the first key frame, what is made at the start, what the processor learns. */
#define WARM_UP_S 1.0
/* What is on its way at the end has arrived after that. */
#define END_US (G_USEC_PER_SEC / 4)

/* Rates are those of wfd_suggest_bitrate() on a link of unknown rate. */
static const struct bench_mode modes[] = {
	{ "720p30", 5, 1280, 720, 30, 4147200 },
	{ "1080p30", 7, 1920, 1080, 30, 9132480 },
	{ "1080p60", 8, 1920, 1080, 60, 12000000 },
};

static const struct bench_source *const sources[] = {
	&source_miracast, &source_miracast_undamaged, &source_miracast_x264enc, &source_gnd, &source_gnd_cbr,
	&source_ffmpeg, &source_x264,
};

static const struct bench_mode *find_mode(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
		if (g_str_equal(modes[i].name, name))
			return &modes[i];
	}
	return NULL;
}

static const struct bench_source *find_source(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
		if (g_str_equal(sources[i]->name, name))
			return sources[i];
	}
	return NULL;
}

static gboolean find_scene(const char *name)
{
	return g_strv_contains(scene_names, name);
}

static int run_source(char **argv)
{
	const struct bench_source *source = find_source(argv[0]);
	const struct bench_run run = {
		.mode = find_mode(argv[1]),
		.bit_rate = strtoul(argv[2], NULL, 10),
		.port = strtoul(argv[3], NULL, 10),
	};

	if (!source || !run.mode)
		return 2;
	gst_init(NULL, NULL);
	frames_open(run.mode);
	return source->run(&run);
}

struct figures {
	double seconds;
	double cpu_ms;
	guint shown;
	struct judgement judged;
	GHashTable *threads[2]; /* before and after */
};

static gboolean measure(struct desktop *desktop, struct judge_case *c, double seconds, struct figures *out)
{
	struct rtp_reader *reader = rtp_reader_new();
	const struct bench_run run = { c->mode, c->mode->bit_rate, rtp_reader_port(reader) };
	gboolean ok = desktop_start(desktop, &run);
	guint64 cpu, seq;
	gint64 begun;

	if (ok) {
		desktop_play(desktop, WARM_UP_S);
		c->first = desktop_pushed(desktop);
		seq = desktop_seq(desktop);
		out->threads[0] = desktop_source_threads(desktop);
		cpu = desktop_source_cpu_ns(desktop);
		begun = g_get_monotonic_time();
		desktop_play(desktop, seconds);
		out->cpu_ms = (desktop_source_cpu_ns(desktop) - cpu) / 1e6;
		out->seconds = (g_get_monotonic_time() - begun) / 1e6;
		out->threads[1] = desktop_source_threads(desktop);
		out->shown = desktop_shown(desktop, seq, desktop_seq(desktop));
		c->end = desktop_pushed(desktop);
		g_usleep(END_US);
	}
	c->units = rtp_reader_units(reader, TRUE);
	ok = desktop_stop(desktop) && ok;
	rtp_reader_free(reader);
	if (!ok)
		g_printerr("stream-bench: %s has failed\n", c->source->name);
	ok = ok && judge(c, &out->judged);
	g_ptr_array_unref(c->units);
	return ok;
}

/* Those with half a millisecond a second at least. */
static void print_threads(const struct figures *f)
{
	const char *comma = "";
	GHashTableIter iter;
	gpointer name, ns;

	g_hash_table_iter_init(&iter, f->threads[1]);
	while (g_hash_table_iter_next(&iter, &name, &ns)) {
		const guint64 *before = g_hash_table_lookup(f->threads[0], name);
		double ms = (*(guint64 *)ns - (before ? *before : 0)) / 1e6 / f->seconds;
		g_autofree char *escaped = g_strescape(name, NULL);

		if (ms < .5)
			continue;
		g_print("%s\"%s\": %.1f", comma, escaped, ms);
		comma = ", ";
	}
}

static void print(const struct judge_case *c, const struct figures *f)
{
	const struct judgement *j = &f->judged;

	g_print("{\"mode\": \"%s\", \"scene\": \"%s\", \"source\": \"%s\", \"seconds\": %.3f, \"cpu_ms_per_s\": %.2f, "
		"\"shown\": %u, \"pictures\": %u, \"repeats\": %u, \"cpu_ms_per_picture\": %.3f, \"kbit_per_s\": %.1f, "
		"\"delay_median_ms\": %.2f, \"delay_p95_ms\": %.2f, \"psnr\": %.2f, \"fresh_psnr\": %.2f, "
		"\"ssim\": %.5f, \"until_sharp\": %u, \"threads_ms_per_s\": {",
		c->mode->name, c->scene, c->source->name, f->seconds, f->cpu_ms / f->seconds, f->shown, j->pictures,
		j->repeats, j->pictures ? f->cpu_ms / j->pictures : 0, j->bits / 1000.0 / f->seconds,
		j->delay_median_us / 1000.0, j->delay_p95_us / 1000.0, j->psnr, j->fresh_psnr, j->ssim, j->until_sharp);
	print_threads(f);
	g_print("}}\n");
}

static int list(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
		g_print("mode %s\n", modes[i].name);
	for (guint i = 0; scene_names[i]; i++)
		g_print("scene %s\n", scene_names[i]);
	for (guint i = 0; i < G_N_ELEMENTS(sources); i++)
		g_print("source %s %s\n", sources[i]->name, sources[i]->what);
	return 0;
}

int main(int argc, char **argv)
{
	struct judge_case c = { 0 };
	struct figures figures = { 0 };
	struct desktop *desktop;
	double seconds;
	gboolean ok;

	if (argc == 6 && g_str_equal(argv[1], "--source"))
		return run_source(argv + 2);
	if (argc == 2 && g_str_equal(argv[1], "--list"))
		return list();
	if (argc != 5) {
		g_printerr("usage: stream-bench --list | SECONDS MODE SCENE SOURCE\n");
		return 2;
	}
	seconds = g_ascii_strtod(argv[1], NULL);
	c.mode = find_mode(argv[2]);
	c.scene = argv[3];
	c.source = find_source(argv[4]);
	if (seconds <= 0 || seconds > 240 || !c.mode || !find_scene(c.scene) || !c.source) {
		g_printerr("stream-bench: %s %s %s %s: --list says what there is\n", argv[1], argv[2], argv[3], argv[4]);
		return 2;
	}
	desktop = desktop_new(c.mode, c.source, c.scene);
	c.desktop = desktop;
	ok = measure(desktop, &c, seconds, &figures);
	if (ok)
		print(&c, &figures);
	desktop_free(desktop);
	g_clear_pointer(&figures.threads[0], g_hash_table_unref);
	g_clear_pointer(&figures.threads[1], g_hash_table_unref);
	return !ok;
}
