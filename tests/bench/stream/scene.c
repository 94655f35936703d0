// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The scenes of bench.h.  What they show comes out of a generator of random numbers with a
 * fixed seed, so it is the same in each process and run.
 */
#include "bench.h"

#include <math.h>
#include <string.h>

#define GLYPHS 64
#define GLYPH_WIDTH 10
#define GLYPH_HEIGHT 20
#define LINE_HEIGHT 24
#define INK 0xff202428u
#define PAPER 0xfff8f8f6u
/* A texture is larger than the picture by so much, for motion. */
#define MARGIN 512

struct scene_kind {
	const char *name;
	void (*begin)(struct scene *s);
	gboolean (*next)(struct scene *s, struct miracast_damage *damage);
	gboolean cursor;
};

struct scene {
	const struct scene_kind *kind;
	const struct bench_mode *mode;
	guint width, height;
	guint n; /* of the frame that is shown */
	guint32 random;
	guint32 *pixels;
	guint8 glyphs[GLYPHS][GLYPH_HEIGHT][GLYPH_WIDTH];

	guint32 *under;	  /* drag: the desktop without the window */
	guint32 *picture; /* drag: the window; scroll: the document; video: the texture */
	guint picture_width, picture_height;
	struct miracast_rect window;
	guint column, line; /* typing: where the caret is */
};

static guint32 random_bits(struct scene *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 17;
	s->random ^= s->random << 5;
	return s->random;
}

static guint random_below(struct scene *s, guint n)
{
	return (random_bits(s) >> 8) % n;
}

static guint32 mix(guint32 a, guint32 b, guint of_b)
{
	guint32 out = 0xff000000u;

	for (guint shift = 0; shift < 24; shift += 8) {
		guint x = a >> shift & 0xff, y = b >> shift & 0xff;

		out |= ((x * (255 - of_b) + y * of_b + 127) / 255) << shift;
	}
	return out;
}

/* ----------------------------------------------------------------------- text */

/* Letters: some strokes with soft edges. */
static void make_glyphs(struct scene *s)
{
	for (guint g = 1; g < GLYPHS; g++) {
		guint strokes = 2 + random_below(s, 3);

		for (guint i = 0; i < strokes; i++) {
			double x = 1.5 + random_below(s, 7), y = 4 + random_below(s, 12);
			double dx = (int)random_below(s, 3) - 1, dy = (int)random_below(s, 3) - 1;

			if (dx == 0 && dy == 0)
				dy = 1;
			for (double t = 0; t < 9; t += 0.25) {
				double px = x + dx * t, py = y + dy * t;

				for (int cy = (int)py - 1; cy <= (int)py + 1; cy++) {
					for (int cx = (int)px - 1; cx <= (int)px + 1; cx++) {
						double far = hypot(cx + .5 - px, cy + .5 - py);
						int ink = (int)(255 * (1.4 - far));

						if (cx < 0 || cy < 0 || cx >= GLYPH_WIDTH - 1 || cy >= GLYPH_HEIGHT)
							continue;
						s->glyphs[g][cy][cx] = MAX(s->glyphs[g][cy][cx], CLAMP(ink, 0, 255));
					}
				}
			}
		}
	}
}

static void draw_glyph(struct scene *s, guint32 *pixels, guint stride, guint g)
{
	for (guint y = 0; y < GLYPH_HEIGHT; y++) {
		for (guint x = 0; x < GLYPH_WIDTH; x++)
			pixels[y * stride + x] = mix(PAPER, INK, s->glyphs[g][y][x]);
	}
}

static void fill(guint32 *pixels, guint stride, guint width, guint height, guint32 colour)
{
	for (guint y = 0; y < height; y++) {
		for (guint x = 0; x < width; x++)
			pixels[y * stride + x] = colour;
	}
}

static void draw_text(struct scene *s, guint32 *pixels, guint stride, guint width, guint height)
{
	fill(pixels, stride, width, height, PAPER);
	for (guint y = 2; y + GLYPH_HEIGHT <= height; y += LINE_HEIGHT) {
		guint end = width * (40 + random_below(s, 60)) / 100;

		for (guint x = 8; x + GLYPH_WIDTH < end; x += GLYPH_WIDTH) {
			guint g = random_below(s, 6) ? 1 + random_below(s, GLYPHS - 1) : 0;

			draw_glyph(s, pixels + y * stride + x, stride, g);
		}
	}
}

/* ------------------------------------------------------------------- pictures */

static float hash_noise(int x, int y, guint seed)
{
	guint32 h = (guint32)x * 374761393u + (guint32)y * 668265263u + seed * 2246822519u;

	h = (h ^ h >> 13) * 1274126177u;
	return (float)((h ^ h >> 16) & 0xffff) / 65535.0f;
}

static float smooth_noise(float x, float y, guint seed)
{
	int ix = (int)floorf(x), iy = (int)floorf(y);
	float fx = x - ix, fy = y - iy;
	float upper = hash_noise(ix, iy, seed) * (1 - fx) + hash_noise(ix + 1, iy, seed) * fx;
	float lower = hash_noise(ix, iy + 1, seed) * (1 - fx) + hash_noise(ix + 1, iy + 1, seed) * fx;

	return upper * (1 - fy) + lower * fy;
}

/* As nature has it: each octave of detail half as strong as the one before. */
static void draw_texture(guint32 *pixels, guint width, guint height, guint seed, guint octaves)
{
	for (guint y = 0; y < height; y++) {
		for (guint x = 0; x < width; x++) {
			float value = 0, strength = 0.5f, scale = 1.0f / 256;
			float hue = smooth_noise(x / 300.0f, y / 300.0f, seed + 77);

			for (guint o = 0; o < octaves; o++, strength /= 2, scale *= 2)
				value += strength * smooth_noise(x * scale, y * scale, seed + o);
			value = CLAMP((value - 0.2f) * 1.7f, 0.0f, 1.0f);
			pixels[(gsize)y * width + x] = 0xff000000u |
				(guint32)(value * (140 + 110 * hue)) << 16 |
				(guint32)(value * 230) << 8 | (guint32)(value * (250 - 120 * hue));
		}
	}
}

static void blit(guint32 *to, guint to_stride, const guint32 *from, guint from_stride, guint width,
		 guint height)
{
	for (guint y = 0; y < height; y++)
		memcpy(to + (gsize)y * to_stride, from + (gsize)y * from_stride, width * sizeof(*to));
}

/* Wallpaper and two windows with text. */
static void draw_desktop(struct scene *s)
{
	const guint w = s->width, h = s->height;

	draw_texture(s->pixels, w, h, 5, 4);
	draw_text(s, s->pixels + (gsize)(h / 12) * w + w / 16, w, w * 5 / 12, h * 5 / 6);
	draw_text(s, s->pixels + (gsize)(h / 6) * w + w * 9 / 16, w, w * 3 / 8, h * 3 / 5);
}

/* --------------------------------------------------------------------- scenes */

static void add_damage(struct miracast_damage *damage, guint x, guint y, guint width, guint height)
{
	const struct miracast_rect rect = { x, y, x + width, y + height };

	miracast_damage_add(damage, &rect);
}

/* Twice a second a caret blinks, each second a clock changes. */
static gboolean idle_next(struct scene *s, struct miracast_damage *damage)
{
	const guint half = s->mode->fps / 2, x = s->width / 3, y = s->height / 2;
	guint32 *clock = s->pixels + (gsize)6 * s->width + s->width / 2;

	if (s->n % half)
		return FALSE;
	fill(s->pixels + (gsize)y * s->width + x, s->width, 2, GLYPH_HEIGHT,
	     s->n / half % 2 ? INK : PAPER);
	add_damage(damage, x, y, 2, GLYPH_HEIGHT);
	if (s->n / half % 2)
		return TRUE;
	for (guint i = 0; i < 8; i++)
		draw_glyph(s, clock + i * GLYPH_WIDTH, s->width,
			   i < 6 ? 1 + s->n / half / 2 / 60 % 10 : 1 + random_below(s, GLYPHS - 1));
	add_damage(damage, s->width / 2, 6, 8 * GLYPH_WIDTH, GLYPH_HEIGHT);
	return TRUE;
}

/* Eight keys a second, each with the caret that goes on. */
static gboolean typing_next(struct scene *s, struct miracast_damage *damage)
{
	const guint left = s->width / 16 + 8, top = s->height / 12 + 2;
	const guint columns = s->width * 5 / 12 / GLYPH_WIDTH - 3;
	guint32 *at;

	if (s->n * 8 / s->mode->fps == (s->n - 1) * 8 / s->mode->fps)
		return FALSE;
	at = s->pixels + (gsize)(top + s->line * LINE_HEIGHT) * s->width + left + s->column * GLYPH_WIDTH;
	draw_glyph(s, at, s->width, random_below(s, 6) ? 1 + random_below(s, GLYPHS - 1) : 0);
	fill(at + GLYPH_WIDTH, s->width, 2, GLYPH_HEIGHT, INK);
	add_damage(damage, left + s->column * GLYPH_WIDTH, top + s->line * LINE_HEIGHT, GLYPH_WIDTH + 2,
		   GLYPH_HEIGHT);
	if (++s->column == columns) {
		s->column = 0;
		s->line++;
	}
	return TRUE;
}

static void scroll_begin(struct scene *s)
{
	s->picture_width = s->width * 5 / 12;
	s->picture_height = LINE_HEIGHT * 200;
	s->picture = g_new(guint32, (gsize)s->picture_width * s->picture_height);
	draw_text(s, s->picture, s->picture_width, s->picture_width, s->picture_height);
}

/* A column of text, 180 lines of pixels a second. */
static gboolean scroll_next(struct scene *s, struct miracast_damage *damage)
{
	const guint x = s->width / 16, y = s->height / 12, height = s->height * 5 / 6;
	guint offset = s->n * 180 / s->mode->fps % (s->picture_height - height);

	blit(s->pixels + (gsize)y * s->width + x, s->width,
	     s->picture + (gsize)offset * s->picture_width, s->picture_width, s->picture_width, height);
	add_damage(damage, x, y, s->picture_width, height);
	return TRUE;
}

static struct miracast_rect window_at(const struct scene *s, guint n)
{
	double t = (double)n / s->mode->fps;
	guint x = (guint)((s->width - s->picture_width) / 2.0 * (1 + sin(t * 1.1)));
	guint y = (guint)((s->height - s->picture_height) / 2.0 * (1 + sin(t * 0.9)));

	return (struct miracast_rect){ x, y, x + s->picture_width, y + s->picture_height };
}

static void draw_window(struct scene *s)
{
	blit(s->pixels + (gsize)s->window.y1 * s->width + s->window.x1, s->width, s->picture,
	     s->picture_width, s->picture_width, s->picture_height);
}

static void drag_begin(struct scene *s)
{
	s->picture_width = s->width / 3;
	s->picture_height = s->height * 4 / 9;
	s->picture = g_new(guint32, (gsize)s->picture_width * s->picture_height);
	draw_text(s, s->picture, s->picture_width, s->picture_width, s->picture_height);
	fill(s->picture, s->picture_width, s->picture_width, LINE_HEIGHT, 0xff3060a0u);
	s->under = g_memdup2(s->pixels, (gsize)s->width * s->height * sizeof(guint32));
	s->window = window_at(s, 0);
	draw_window(s);
}

static gboolean drag_next(struct scene *s, struct miracast_damage *damage)
{
	gsize at = (gsize)s->window.y1 * s->width + s->window.x1;

	miracast_damage_add(damage, &s->window);
	blit(s->pixels + at, s->width, s->under + at, s->width, s->picture_width, s->picture_height);
	s->window = window_at(s, s->n);
	draw_window(s);
	miracast_damage_add(damage, &s->window);
	return TRUE;
}

static guint8 average(guint8 a, guint8 b)
{
	return (a + b + 1) >> 1;
}

/* What moves one way, and a quarter of what moves another. */
static void blend(guint8 *restrict to, const guint8 *restrict a, const guint8 *restrict b, guint bytes)
{
	for (guint i = 0; i < bytes; i++)
		to[i] = average(average(a[i], b[i]), a[i]);
}

static void draw_video(struct scene *s)
{
	double t = (double)s->n / s->mode->fps;
	guint x = (guint)(MARGIN / 2 * (1 + 0.9 * sin(t * 0.7))), y = (guint)(MARGIN / 2 * (1 + 0.9 * cos(t * 0.5)));
	guint x2 = (guint)(MARGIN / 2 * (1 + 0.9 * cos(t * 0.9))), y2 = (guint)(MARGIN / 2 * (1 + 0.9 * sin(t * 0.8)));

	for (guint line = 0; line < s->height; line++) {
		guint sway = (guint)(8 + 8 * sin(line / 97.0 + t * 4));
		const guint32 *a = s->picture + (gsize)(y + line) * s->picture_width + x + sway;
		const guint32 *b = s->picture + (gsize)(y2 + line) * s->picture_width + x2;

		blend((guint8 *)(s->pixels + (gsize)line * s->width), (const guint8 *)a, (const guint8 *)b,
		      s->width * 4);
	}
}

static void video_begin(struct scene *s)
{
	s->picture_width = s->width + MARGIN + 16;
	s->picture_height = s->height + MARGIN;
	s->picture = g_new(guint32, (gsize)s->picture_width * s->picture_height);
	draw_texture(s->picture, s->picture_width, s->picture_height, 11, 7);
	draw_video(s);
}

static gboolean video_next(struct scene *s, struct miracast_damage *damage)
{
	draw_video(s);
	add_damage(damage, 0, 0, s->width, s->height);
	return TRUE;
}

static gboolean mouse_next(struct scene *s, struct miracast_damage *damage)
{
	return TRUE;
}

/* Another page every two seconds: a column of text with gaps, and a picture beside it. */
static gboolean page_next(struct scene *s, struct miracast_damage *damage)
{
	const guint w = s->width, paragraph = s->height / 6;

	if (s->n % (2 * s->mode->fps))
		return FALSE;
	fill(s->pixels, w, w, s->height, PAPER);
	for (guint i = 0; i < 6; i++)
		draw_text(s, s->pixels + (gsize)i * paragraph * w + w / 16, w, w / 2, paragraph - LINE_HEIGHT);
	draw_texture(s->picture, s->picture_width, s->picture_height, random_bits(s), 5);
	blit(s->pixels + (gsize)(s->height / 8) * w + w * 5 / 8, w, s->picture, s->picture_width, s->picture_width,
	     s->picture_height);
	add_damage(damage, 0, 0, w, s->height);
	return TRUE;
}

static void page_begin(struct scene *s)
{
	s->picture_width = s->width / 4;
	s->picture_height = s->height / 3;
	s->picture = g_new(guint32, (gsize)s->picture_width * s->picture_height);
}

static const struct scene_kind kinds[] = {
	{ "idle", NULL, idle_next },
	{ "typing", NULL, typing_next },
	{ "scroll", scroll_begin, scroll_next },
	{ "drag", drag_begin, drag_next },
	{ "video", video_begin, video_next },
	{ "mouse", NULL, mouse_next, TRUE },
	{ "page", page_begin, page_next },
};

const char *const scene_names[] = { "idle", "typing", "scroll", "drag", "video", "mouse", "page", NULL };

struct scene *scene_new(const char *name, const struct bench_mode *mode)
{
	struct scene *s;
	guint i = 0;

	while (i < G_N_ELEMENTS(kinds) && strcmp(kinds[i].name, name) != 0)
		i++;
	if (i == G_N_ELEMENTS(kinds))
		return NULL;
	s = g_new0(struct scene, 1);
	s->kind = &kinds[i];
	s->mode = mode;
	s->width = mode->width;
	s->height = mode->height;
	s->random = 0x9e3779b9u;
	s->pixels = g_new(guint32, (gsize)s->width * s->height);
	make_glyphs(s);
	draw_desktop(s);
	if (s->kind->begin)
		s->kind->begin(s);
	return s;
}

void scene_free(struct scene *s)
{
	g_free(s->pixels);
	g_free(s->under);
	g_free(s->picture);
	g_free(s);
}

const guint32 *scene_pixels(const struct scene *s)
{
	return s->pixels;
}

gboolean scene_next(struct scene *s, struct miracast_damage *damage)
{
	s->n++;
	return s->kind->next(s, damage);
}

/* --------------------------------------------------------------------- cursor */

gboolean scene_cursor(const struct scene *s, int *x, int *y)
{
	double t = (double)s->n / s->mode->fps;

	*x = (int)(s->width / 2.0 * (1 + 0.9 * sin(t * 1.3)));
	*y = (int)(s->height / 2.0 * (1 + 0.9 * sin(t * 1.7)));
	return s->kind->cursor;
}

const guint32 *scene_cursor_image(void)
{
	static guint32 image[BENCH_CURSOR * BENCH_CURSOR];
	static gboolean drawn;

	/* An arrow: white, with a black edge and a soft one around that. */
	for (int y = 0; y < BENCH_CURSOR && !drawn; y++) {
		for (int x = 0; x < BENCH_CURSOR; x++) {
			int inside = MIN(MIN(x, y - x), 40 - y + x / 3);

			if (inside < 0 || x > 24)
				continue;
			image[y * BENCH_CURSOR + x] = inside == 0 ? 0x80000000u :
						      inside < 3 ? 0xff000000u : 0xffffffffu;
		}
	}
	drawn = TRUE;
	return image;
}

struct miracast_rect scene_cursor_rect(const struct bench_mode *mode, int x, int y)
{
	return (struct miracast_rect){
		(guint)CLAMP(x, 0, (int)mode->width),
		(guint)CLAMP(y, 0, (int)mode->height),
		(guint)CLAMP(x + BENCH_CURSOR, 0, (int)mode->width),
		(guint)CLAMP(y + BENCH_CURSOR, 0, (int)mode->height),
	};
}

void scene_draw_cursor(guint32 *pixels, const struct bench_mode *mode, int x, int y)
{
	const struct miracast_rect rect = scene_cursor_rect(mode, x, y);
	const guint32 *image = scene_cursor_image();

	for (guint py = rect.y1; py < rect.y2; py++) {
		for (guint px = rect.x1; px < rect.x2; px++) {
			guint32 argb = image[((int)py - y) * BENCH_CURSOR + ((int)px - x)];
			guint32 *to = &pixels[(gsize)py * mode->width + px];

			/* It is black, white or half black. */
			*to = mix(*to, argb, argb >> 24);
		}
	}
}
