// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What has arrived, decoded by libavcodec and compared with what the desktop showed.
 */
#include "bench.h"

#include <math.h>

#include <libavcodec/avcodec.h>
#include <libyuv.h>

#include "rtp-reader.h"

/* Pictures of a run whose quality is looked at, about. */
#define SAMPLE 40
#define SHARP_DB 40.0
/* The same picture, exactly: more than any encoder has. */
#define BEST_PSNR 99.0

struct view {
	const struct judge_case *c;
	struct scene *scene; /* shows frame number "seq" */
	guint64 seq;
	guint8 *luma;	     /* what it should be */
	guint32 *composed;   /* with the cursor */
	double weight;	     /* of the pictures looked at */
	guint fresh_sampled;
	double psnr, ssim, fresh_psnr;
	guint64 page; /* page: the first frame of this one, so many pictures ago; 0: sharp */
	guint since_page;
};

/* Luma, limited range, to the nearest. */
static void expect_luma(struct view *v, const guint32 *pixels)
{
	const gsize n = (gsize)v->c->mode->width * v->c->mode->height;
	const float red = v->c->source->bt601 ? 0.299f : 0.2126f;
	const float blue = v->c->source->bt601 ? 0.114f : 0.0722f;
	const float scale = 219.0f / 255, r = red * scale, b = blue * scale, g = (1 - red - blue) * scale;

	for (gsize i = 0; i < n; i++)
		v->luma[i] = (guint8)(16.5f + r * (pixels[i] >> 16 & 0xff) + g * (pixels[i] >> 8 & 0xff) +
				      b * (pixels[i] & 0xff));
}

/* The scene at frame @seq, as the display should show it. */
static void expect(struct view *v, guint64 seq)
{
	const guint32 *pixels;
	int x, y;

	while (v->seq < seq) {
		struct miracast_damage damage = { 0 };

		v->seq += scene_next(v->scene, &damage);
	}
	pixels = scene_pixels(v->scene);
	if (scene_cursor(v->scene, &x, &y)) {
		memcpy(v->composed, pixels, (gsize)v->c->mode->width * v->c->mode->height * 4);
		scene_draw_cursor(v->composed, v->c->mode, x, y);
		pixels = v->composed;
	}
	expect_luma(v, pixels);
}

static double psnr_of(const struct view *v, const AVFrame *picture)
{
	const int w = v->c->mode->width, h = v->c->mode->height;
	guint64 error = ComputeSumSquareErrorPlane(picture->data[0], picture->linesize[0], v->luma, w, w, h);

	return error ? MIN(SumSquareErrorToPsnr(error, (guint64)w * h), BEST_PSNR) : BEST_PSNR;
}

/* @shown_us: until the next picture came. */
static void look_at(struct view *v, const AVFrame *picture, const struct bench_pushed *pushed, double shown_us,
		    struct judgement *out)
{
	const int w = v->c->mode->width, h = v->c->mode->height;
	double psnr;

	expect(v, pushed->seq);
	psnr = psnr_of(v, picture);
	v->psnr += psnr * shown_us;
	v->ssim += CalcFrameSsim(picture->data[0], picture->linesize[0], v->luma, w, w, h) * shown_us;
	v->weight += shown_us;
	if (!pushed->repeat) {
		v->fresh_psnr += psnr;
		v->fresh_sampled++;
	}
	if (!g_str_equal(v->c->scene, "page"))
		return;
	if (!pushed->repeat) {
		v->page = pushed->seq;
		v->since_page = 0;
	}
	v->since_page++;
	if (v->page && psnr >= SHARP_DB) {
		out->until_sharp = MAX(out->until_sharp, v->since_page);
		v->page = 0;
	}
}

static gint compare_delays(gconstpointer a, gconstpointer b)
{
	const gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return x < y ? -1 : x > y;
}

static void judge_delays(const struct judge_case *c, struct judgement *out)
{
	const struct bench_shared *shared = desktop_shared(c->desktop);
	g_autoptr(GArray) delays = g_array_new(FALSE, FALSE, sizeof(gint64));

	for (guint i = c->first; i < MIN(c->end, c->units->len); i++) {
		const struct rtp_unit *unit = g_ptr_array_index(c->units, i);
		const struct bench_pushed *pushed = &shared->pushed[i];
		gint64 delay;

		out->bits += 8 * (guint64)unit->data->len;
		if (pushed->repeat) {
			out->repeats++;
			continue;
		}
		out->pictures++;
		delay = unit->last_us - desktop_flip_us(c->desktop, pushed->seq);
		g_array_append_val(delays, delay);
	}
	if (!delays->len)
		return;
	g_array_sort(delays, compare_delays);
	out->delay_median_us = g_array_index(delays, gint64, delays->len / 2);
	out->delay_p95_us = g_array_index(delays, gint64, MIN(delays->len * 95 / 100, delays->len - 1));
}

/* Gives the next picture that is ready, if there is one. */
static gboolean decode(AVCodecContext *decoder, const struct rtp_unit *unit, AVFrame *picture)
{
	g_autofree guint8 *data = g_malloc0(unit->data->len + AV_INPUT_BUFFER_PADDING_SIZE);
	AVPacket *packet = av_packet_alloc();
	gboolean ready;

	memcpy(data, unit->data->data, unit->data->len);
	packet->data = data;
	packet->size = unit->data->len;
	ready = avcodec_send_packet(decoder, packet) >= 0 && avcodec_receive_frame(decoder, picture) >= 0;
	av_packet_free(&packet);
	return ready;
}

static gboolean judge_quality(const struct judge_case *c, struct view *v, struct judgement *out)
{
	const struct bench_shared *shared = desktop_shared(c->desktop);
	AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	AVFrame *picture = av_frame_alloc();
	const guint every = g_str_equal(c->scene, "page") ? 1 : MAX((out->pictures + out->repeats) / SAMPLE, 1);
	guint at = 0;
	gboolean ok = TRUE;

	decoder->thread_count = 1;
	decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
	avcodec_open2(decoder, NULL, NULL);
	/* The end of the last one may be missing. */
	for (guint i = 0; ok && i + 1 < c->units->len; i++) {
		const struct rtp_unit *unit = g_ptr_array_index(c->units, i), *next = g_ptr_array_index(c->units, i + 1);
		const struct bench_pushed *pushed = &shared->pushed[i];

		ok = decode(decoder, unit, picture);
		if (!ok)
			g_printerr("stream-bench: picture %u cannot be decoded\n", i);
		else if (i >= c->first && i < c->end && at++ % every == 0)
			look_at(v, picture, pushed, MAX(next->last_us - unit->last_us, 1), out);
	}
	av_frame_free(&picture);
	avcodec_free_context(&decoder);
	return ok;
}

gboolean judge(const struct judge_case *c, struct judgement *out)
{
	const gsize pixels = (gsize)c->mode->width * c->mode->height;
	const guint pushed = desktop_pushed(c->desktop);
	struct view v = { .c = c, .seq = 1 };
	gboolean ok;

	*out = (struct judgement){ 0 };
	if (c->units->len > pushed || c->units->len + 8 < pushed) {
		g_printerr("stream-bench: %u pictures were sent and %u arrived\n", pushed, c->units->len);
		return FALSE;
	}
	v.scene = scene_new(c->scene, c->mode);
	v.luma = g_malloc(pixels);
	v.composed = g_malloc(pixels * 4);
	judge_delays(c, out);
	ok = judge_quality(c, &v, out);
	if (v.weight > 0) {
		out->psnr = v.psnr / v.weight;
		out->ssim = v.ssim / v.weight;
	}
	if (v.fresh_sampled)
		out->fresh_psnr = v.fresh_psnr / v.fresh_sampled;
	g_free(v.luma);
	g_free(v.composed);
	scene_free(v.scene);
	return ok;
}
