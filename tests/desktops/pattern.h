/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The numbered picture that painters draw and reader.c knows by heart.
 *
 * It consists of bands, each of which carries in black and white cells the
 * number of the picture that it was drawn for, its own number, and who drew
 * it. Picture n draws every second band anew, so that damage is small and
 * matters; every 16th draws everything in other colours. What picture n looks
 * like is known to the pixel, so that a mixture of two pictures is noticed.
 */
#ifndef DESKTOPS_PATTERN_H
#define DESKTOPS_PATTERN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_BANDS	16
#define PATTERN_NONE	0		/* no picture has this number */
#define PATTERN_CELLS	32		/* bits of a band, least significant left */
#define PATTERN_MARGIN	4		/* cells left and right, lines above and below */
#define PATTERN_PERIOD	16		/* pictures between two that draw everything */
#define PATTERN_CURSOR	24		/* side of the cursor over it, whose place is its upper left corner */
#define PATTERN_CURSOR_PIXEL 0xffff0000	/* ARGB8888 */

/* XRGB8888; @pitch in pixels. */
struct pattern_image {
	uint32_t *pixels;
	uint32_t pitch, width, height;
};

struct pattern_rect {
	uint32_t x, y, width, height;
};

/*
 * What a painter tells, in a file that both sides map: a picture that is taken
 * later shows this number or a greater one, and was drawn in this size or, after
 * another mode, in a newer one.
 */
struct pattern_progress {
	_Atomic uint32_t shown;
	_Atomic uint32_t drawn;
	_Atomic uint32_t size; /* pattern_size() of the one that was shown; 0: none was */
};

static inline uint32_t pattern_size(const struct pattern_image *image)
{
	return image->width << 16 | image->height;
}

static inline void pattern_shown(struct pattern_progress *progress, uint32_t n, uint32_t size)
{
	if (n > atomic_load(&progress->shown))
		atomic_store(&progress->shown, n);
	atomic_store(&progress->size, size);
}

static inline bool pattern_draws_all(uint32_t n)
{
	return n % PATTERN_PERIOD == 0;
}

/* The picture that band @band of picture @n was drawn for. */
static inline uint32_t pattern_number(uint32_t n, uint32_t band)
{
	return pattern_draws_all(n) || (n ^ band) % 2 == 0 ? n : n - 1;
}

/* 20 bits of number, 4 of band, 2 of painter, 6 to recognise it by. */
static inline uint32_t pattern_code(uint32_t number, uint32_t band, uint32_t who)
{
	uint32_t code = (number & 0xfffff) | band << 20 | (who & 3) << 24;

	return code | ((code * 2654435761U) >> 26) << 26;
}

static inline uint32_t pattern_background(uint32_t number, uint32_t band)
{
	return 0x204060 + number / PATTERN_PERIOD * 0x050301 % 0x400000 + band * 0x000408;
}

static inline uint32_t pattern_band_height(const struct pattern_image *image)
{
	return image->height / PATTERN_BANDS;
}

/* Where the cells of @band are; what lies outside is background. */
static inline struct pattern_rect pattern_cells(const struct pattern_image *image, uint32_t band)
{
	uint32_t cell = image->width / (PATTERN_CELLS + 2 * PATTERN_MARGIN);
	uint32_t height = pattern_band_height(image);

	return (struct pattern_rect){
		PATTERN_MARGIN * cell,
		band * height + PATTERN_MARGIN,
		PATTERN_CELLS * cell,
		height - 2 * PATTERN_MARGIN,
	};
}

static inline void pattern_fill(const struct pattern_image *image, struct pattern_rect rect,
				uint32_t pixel)
{
	for (uint32_t y = rect.y; y < rect.y + rect.height; y++) {
		for (uint32_t x = rect.x; x < rect.x + rect.width; x++)
			image->pixels[(size_t)y * image->pitch + x] = pixel;
	}
}

static inline void pattern_draw_cells(const struct pattern_image *image, uint32_t number,
				      uint32_t band, uint32_t who)
{
	struct pattern_rect cell = pattern_cells(image, band);
	uint32_t code = pattern_code(number, band, who);

	cell.width /= PATTERN_CELLS;
	for (uint32_t bit = 0; bit < PATTERN_CELLS; bit++, cell.x += cell.width)
		pattern_fill(image, cell, code >> bit & 1 ? 0xffffff : 0);
}

static inline void pattern_draw_background(const struct pattern_image *image, uint32_t number)
{
	uint32_t height = pattern_band_height(image);

	for (uint32_t band = 0; band < PATTERN_BANDS; band++) {
		struct pattern_rect rect = { 0, band * height, image->width, height };

		/* The last one takes the lines that are left over. */
		if (band == PATTERN_BANDS - 1)
			rect.height = image->height - rect.y;
		pattern_fill(image, rect, pattern_background(number, band));
	}
}

/* Whether all of the picture differs between these two. */
static inline bool pattern_all_changed(uint32_t before, uint32_t n)
{
	return before == PATTERN_NONE || before / PATTERN_PERIOD != n / PATTERN_PERIOD;
}

static inline bool pattern_band_changed(uint32_t before, uint32_t n, uint32_t band)
{
	return pattern_all_changed(before, n) ||
	       pattern_number(before, band) != pattern_number(n, band);
}

/* What differs between pictures @before and @n: so many rectangles. */
static inline uint32_t pattern_changes(const struct pattern_image *image, uint32_t before,
				       uint32_t n, struct pattern_rect changes[PATTERN_BANDS])
{
	uint32_t num = 0;

	if (pattern_all_changed(before, n)) {
		changes[0] = (struct pattern_rect){ 0, 0, image->width, image->height };
		return 1;
	}
	for (uint32_t band = 0; band < PATTERN_BANDS; band++) {
		if (pattern_band_changed(before, n, band))
			changes[num++] = pattern_cells(image, band);
	}
	return num;
}

/* Makes picture @n out of picture @before; PATTERN_NONE: out of anything. */
static inline void pattern_draw(const struct pattern_image *image, uint32_t before, uint32_t n,
				uint32_t who)
{
	if (pattern_all_changed(before, n))
		pattern_draw_background(image, n);
	for (uint32_t band = 0; band < PATTERN_BANDS; band++) {
		if (pattern_band_changed(before, n, band))
			pattern_draw_cells(image, pattern_number(n, band), band, who);
	}
}

/* The number in @band, or PATTERN_NONE when there is no band of @who. */
static inline uint32_t pattern_read(const struct pattern_image *image, uint32_t band, uint32_t who)
{
	struct pattern_rect cells = pattern_cells(image, band);
	uint32_t cell = cells.width / PATTERN_CELLS, code = 0;
	const uint32_t *line = image->pixels +
			       (size_t)(cells.y + cells.height / 2) * image->pitch;

	for (uint32_t bit = 0; bit < PATTERN_CELLS; bit++) {
		uint32_t pixel = line[cells.x + bit * cell + cell / 2] & 0xffffff;

		if (pixel != 0 && pixel != 0xffffff)
			return PATTERN_NONE;
		code |= (uint32_t)(pixel != 0) << bit;
	}
	return code == pattern_code(code & 0xfffff, band, who) ? code & 0xfffff : PATTERN_NONE;
}

#endif /* DESKTOPS_PATTERN_H */
