// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Copy and comparison of frame-copy.h.
 */
#include "frame-copy.h"

#include <string.h>

#define TILE_WIDTH 64
#define TILE_HEIGHT 16

/* Four: a desktop that does say what is new has new windows, too. */
#define FULL_FRAMES 4
#define PARTIAL_FRAMES 30
#define VAIN_FRAMES 10
#define VAIN_PERCENT 60
#define REST_FRAMES 120

struct frame_copy {
	guint width;
	guint height;
	guint bytes;
	gsize pitch;
	guint columns; /* of tiles */
	guint rows;
	guint8 *data;
	gboolean *dirty; /* columns x rows */
};

struct frame_copy *frame_copy_new(guint width, guint height, guint bytes_per_pixel)
{
	struct frame_copy *c = g_new0(struct frame_copy, 1);

	c->width = width;
	c->height = height;
	c->bytes = bytes_per_pixel;
	c->pitch = (gsize)width * bytes_per_pixel;
	c->columns = (width + TILE_WIDTH - 1) / TILE_WIDTH;
	c->rows = (height + TILE_HEIGHT - 1) / TILE_HEIGHT;
	c->data = g_malloc(c->pitch * height);
	c->dirty = g_new0(gboolean, (gsize)c->columns * c->rows);
	return c;
}

void frame_copy_free(struct frame_copy *c)
{
	if (!c)
		return;
	g_free(c->data);
	g_free(c->dirty);
	g_free(c);
}

struct rgb_view frame_copy_view(const struct frame_copy *c)
{
	return (struct rgb_view){ c->data, c->pitch };
}

void frame_copy_update(struct frame_copy *c, const struct rgb_view *source, const struct area *area)
{
	gsize left = (gsize)area->x1 * c->bytes, length = (gsize)area->x2 * c->bytes - left;

	for (guint y = area->y1; y < area->y2; y++)
		memcpy(c->data + y * c->pitch + left, source->data + (gsize)y * source->pitch + left, length);
}

/* -------------------------------------------------------------- what has changed */

/* Line by line, as it lies in memory; returns how many tiles of the row differ. */
static guint compare_row(struct frame_copy *c, const struct rgb_view *source, guint row, gboolean *dirty)
{
	const guint bottom = MIN((row + 1) * TILE_HEIGHT, c->height);
	const gsize tile = TILE_WIDTH * c->bytes;
	guint n = 0;

	memset(dirty, 0, c->columns * sizeof(*dirty));
	for (guint y = row * TILE_HEIGHT; y < bottom; y++) {
		const guint8 *from = source->data + (gsize)y * source->pitch;
		guint8 *to = c->data + y * c->pitch;

		for (guint column = 0; column < c->columns; column++) {
			gsize at = column * tile, length = MIN(tile, c->pitch - at);

			if (!memcmp(to + at, from + at, length))
				continue;
			memcpy(to + at, from + at, length);
			n += !dirty[column];
			dirty[column] = TRUE;
		}
	}
	return n;
}

/* Areas in units of tiles, while they are collected: those that the last row has reached may grow. */
struct collection {
	struct area *area;
	guint max;
	guint n;
	gboolean too_many;
};

static void collect_run(struct collection *areas, guint row, guint first, guint end)
{
	for (guint i = 0; i < areas->n; i++) {
		struct area *area = &areas->area[i];

		if (area->x1 == first && area->x2 == end && area->y2 == row) {
			area->y2 = row + 1;
			return;
		}
	}
	if (areas->n < areas->max)
		areas->area[areas->n++] = (struct area){ first, row, end, row + 1 };
	else
		areas->too_many = TRUE;
}

/* The runs of tiles in each row; those of one width below each other are one area. */
static void collect_runs(const struct frame_copy *c, struct collection *areas)
{
	for (guint row = 0; row < c->rows && !areas->too_many; row++) {
		const gboolean *dirty = c->dirty + (gsize)row * c->columns;

		for (guint column = 0; column < c->columns; column++) {
			guint first = column;

			while (column < c->columns && dirty[column])
				column++;
			if (column > first)
				collect_run(areas, row, first, column);
		}
	}
}

/* The span of all dirty tiles of the rows from @row to @end; FALSE: there are none. */
static gboolean span_of_rows(const struct frame_copy *c, guint row, guint end, struct area *span)
{
	*span = (struct area){ c->columns, 0, 0, 0 };
	for (; row < end; row++) {
		for (guint column = 0; column < c->columns; column++) {
			if (!c->dirty[(gsize)row * c->columns + column])
				continue;
			if (span->x1 >= span->x2)
				span->y1 = row;
			span->x1 = MIN(span->x1, column);
			span->x2 = MAX(span->x2, column + 1);
			span->y2 = row + 1;
		}
	}
	return span->x1 < span->x2;
}

/* Too many for single ones: the picture in @max bands, of each what lies between its outermost tiles. */
static void collect_bands(const struct frame_copy *c, struct collection *areas)
{
	guint height = (c->rows + areas->max - 1) / areas->max;

	areas->n = 0;
	for (guint row = 0; row < c->rows; row += height) {
		if (span_of_rows(c, row, MIN(row + height, c->rows), &areas->area[areas->n]))
			areas->n++;
	}
}

guint frame_copy_compare(struct frame_copy *c, const struct rgb_view *source, struct area *changed, guint max,
			 guint *n_changed)
{
	const guint tiles = c->columns * c->rows;
	struct collection areas = { .area = changed, .max = max };
	guint dirty = 0;

	for (guint row = 0; row < c->rows; row++)
		dirty += compare_row(c, source, row, c->dirty + (gsize)row * c->columns);
	collect_runs(c, &areas);
	if (areas.too_many)
		collect_bands(c, &areas);
	for (guint i = 0; i < areas.n; i++) {
		struct area *area = &changed[i];

		*area = (struct area){
			area->x1 * TILE_WIDTH,
			area->y1 * TILE_HEIGHT,
			MIN(area->x2 * TILE_WIDTH, c->width),
			MIN(area->y2 * TILE_HEIGHT, c->height),
		};
	}
	*n_changed = areas.n;
	return (100 * dirty + tiles - 1) / tiles;
}

/* ---------------------------------------------------------------------- policy */

static gboolean enough(guint *frames, gboolean one_more, guint wanted)
{
	*frames = one_more ? *frames + 1 : 0;
	return *frames >= wanted;
}

static void go_to(struct compare_policy *policy, int state)
{
	*policy = (struct compare_policy){ .state = state };
}

gboolean compare_policy_frame(struct compare_policy *policy, gboolean full)
{
	switch (policy->state) {
	case COMPARE_TRUSTING:
		if (enough(&policy->frames, full, FULL_FRAMES))
			go_to(policy, COMPARE_COMPARING);
		break;
	case COMPARE_COMPARING:
		if (enough(&policy->frames, !full, PARTIAL_FRAMES))
			go_to(policy, COMPARE_TRUSTING);
		break;
	case COMPARE_RESTING:
		if (enough(&policy->frames, TRUE, REST_FRAMES))
			go_to(policy, COMPARE_COMPARING);
		break;
	}
	return policy->state == COMPARE_COMPARING;
}

void compare_policy_result(struct compare_policy *policy, guint percent)
{
	if (policy->state == COMPARE_COMPARING && enough(&policy->vain, percent > VAIN_PERCENT, VAIN_FRAMES))
		go_to(policy, COMPARE_RESTING);
}
