/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the display half of the kernel module decides without a kernel: damage
 * (miracast_damage.c) and the validity of EDIDs (miracast_edid.c).
 */
#include <glib.h>
#include <string.h>

#include "miracast_damage.h"
#include "miracast_edid.h"

/* --------------------------------------------------------------- damage */

#define SIZE	96

/* Pixels that a region covers, and pixels that were added to it. */
struct canvas {
	struct miracast_damage damage;
	bool added[SIZE][SIZE];
};

static guint covered(const struct canvas *canvas, guint x, guint y)
{
	guint i, n = 0;

	for (i = 0; i < canvas->damage.num; i++) {
		const struct miracast_rect *r = &canvas->damage.rects[i];

		n += x >= r->x1 && x < r->x2 && y >= r->y1 && y < r->y2;
	}
	return n;
}

static void add(struct canvas *canvas, guint x1, guint y1, guint x2, guint y2)
{
	struct miracast_rect rect = { x1, y1, x2, y2 };
	guint x, y;

	miracast_damage_add(&canvas->damage, &rect);
	for (y = y1; y < y2; y++)
		for (x = x1; x < x2; x++)
			canvas->added[y][x] = true;
}

/* The promise: bounded, nothing empty, nothing outside, everything covered. */
static void check(const struct canvas *canvas)
{
	guint x, y, i;

	g_assert_cmpuint(canvas->damage.num, <=, MIRACAST_MAX_DAMAGE);
	for (i = 0; i < canvas->damage.num; i++) {
		const struct miracast_rect *r = &canvas->damage.rects[i];

		g_assert_cmpuint(r->x1, <, r->x2);
		g_assert_cmpuint(r->y1, <, r->y2);
		g_assert_cmpuint(r->x2, <=, SIZE);
		g_assert_cmpuint(r->y2, <=, SIZE);
	}
	for (y = 0; y < SIZE; y++)
		for (x = 0; x < SIZE; x++)
			if (canvas->added[y][x])
				g_assert_cmpuint(covered(canvas, x, y), >, 0);
}

static guint area(const struct canvas *canvas)
{
	guint x, y, n = 0;

	for (y = 0; y < SIZE; y++)
		for (x = 0; x < SIZE; x++)
			n += covered(canvas, x, y) > 0;
	return n;
}

static void test_damage_empty(void)
{
	struct canvas canvas = {};
	struct miracast_rect none = { 5, 5, 5, 9 }, negative = { 9, 9, 3, 3 };

	miracast_damage_add(&canvas.damage, &none);
	miracast_damage_add(&canvas.damage, &negative);
	g_assert_cmpuint(canvas.damage.num, ==, 0);
}

static void test_damage_merges_for_free(void)
{
	struct canvas canvas = {};

	/* Within, around, beside: one rectangle. */
	add(&canvas, 10, 10, 20, 20);
	add(&canvas, 12, 12, 15, 15);
	g_assert_cmpuint(canvas.damage.num, ==, 1);
	add(&canvas, 5, 5, 25, 25);
	g_assert_cmpuint(canvas.damage.num, ==, 1);
	add(&canvas, 25, 5, 40, 25);
	g_assert_cmpuint(canvas.damage.num, ==, 1);
	check(&canvas);
	g_assert_cmpuint(area(&canvas), ==, 35 * 20);
	/* Far away: not. */
	add(&canvas, 80, 80, 81, 81);
	g_assert_cmpuint(canvas.damage.num, ==, 2);
	/* What joins two makes one of three. */
	miracast_damage_clear(&canvas.damage);
	memset(canvas.added, 0, sizeof(canvas.added));
	add(&canvas, 0, 0, 10, 10);
	add(&canvas, 20, 0, 30, 10);
	g_assert_cmpuint(canvas.damage.num, ==, 2);
	add(&canvas, 10, 0, 20, 10);
	g_assert_cmpuint(canvas.damage.num, ==, 1);
	check(&canvas);
	g_assert_cmpuint(area(&canvas), ==, 300);
}

static void test_damage_overflow(void)
{
	struct canvas canvas = {};
	guint i;

	/* 16 far apart, and a 17th beside one of them: that one grows. */
	for (i = 0; i < 16; i++)
		add(&canvas, (i % 4) * 24, (i / 4) * 24, (i % 4) * 24 + 2, (i / 4) * 24 + 2);
	g_assert_cmpuint(canvas.damage.num, ==, 16);
	g_assert_cmpuint(area(&canvas), ==, 16 * 4);
	add(&canvas, 3, 3, 5, 5);
	check(&canvas);
	g_assert_cmpuint(canvas.damage.num, ==, 16);
	g_assert_cmpuint(area(&canvas), ==, 15 * 4 + 25);
}

static void test_damage_large(void)
{
	const struct miracast_rect a = { 0, 0, 1, 1 };
	const struct miracast_rect b = { G_MAXUINT32 - 1, G_MAXUINT32 - 1, G_MAXUINT32, G_MAXUINT32 };
	struct miracast_damage damage = {};

	/* The area of both does not fit 32 bits, nor is anything else lost. */
	miracast_damage_add(&damage, &a);
	miracast_damage_add(&damage, &b);
	g_assert_cmpuint(damage.num, ==, 2);
}

static void test_damage_random(void)
{
	guint round, i;

	for (round = 0; round < 200; round++) {
		struct canvas canvas = {}, other = {};

		for (i = 0; i < 60; i++) {
			guint x = g_test_rand_int_range(0, SIZE);
			guint y = g_test_rand_int_range(0, SIZE);
			guint w = g_test_rand_int_range(0, 12);
			guint h = g_test_rand_int_range(0, 12);

			add(i < 30 ? &canvas : &other, x, y, MIN(SIZE, x + w), MIN(SIZE, y + h));
		}
		check(&canvas);
		check(&other);
		miracast_damage_merge(&canvas.damage, &other.damage);
		for (i = 0; i < SIZE * SIZE; i++)
			canvas.added[i / SIZE][i % SIZE] |= other.added[i / SIZE][i % SIZE];
		check(&canvas);
	}
}

/* ----------------------------------------------------------------- EDID */

#define BLOCK	MIRACAST_EDID_BLOCK

static void seal(guint8 *block)
{
	guint8 sum = 0;
	guint i;

	for (i = 0; i < BLOCK - 1; i++)
		sum += block[i];
	block[BLOCK - 1] = -sum;
}

/* @blocks in all, of which byte 126 claims @extensions. */
static guint8 *edid_new(guint blocks, guint extensions)
{
	static const guint8 header[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
	guint8 *edid = g_malloc0(blocks * BLOCK);
	guint i;

	memcpy(edid, header, sizeof(header));
	edid[18] = 1;
	edid[19] = 4;
	edid[126] = extensions;
	for (i = 1; i < blocks; i++) {
		edid[i * BLOCK] = 2;
		edid[i * BLOCK + 1] = 3;
		edid[i * BLOCK + 2] = 4;
		seal(edid + i * BLOCK);
	}
	seal(edid);
	return edid;
}

/* An extension count override in the first extension. */
static void edid_override(guint8 *edid, guint count)
{
	guint8 *cta = edid + BLOCK;

	cta[2] = 7;
	cta[4] = 0xe2;
	cta[5] = 0x78;
	cta[6] = count;
	seal(cta);
}

static void test_edid_length(void)
{
	g_autofree guint8 *one = edid_new(1, 0), *two = edid_new(2, 1);
	guint len;

	for (len = 0; len <= BLOCK; len++)
		g_assert_cmpint(miracast_edid_valid(one, len), ==, len == BLOCK);
	for (len = 0; len <= 2 * BLOCK; len++)
		g_assert_cmpint(miracast_edid_valid(two, len), ==, len == 2 * BLOCK);
}

/* The over-read of old kernels: 128 bytes that promise 32 KiB. */
static void test_edid_R72_count(void)
{
	guint extensions, blocks;

	for (blocks = 1; blocks < 5; blocks++) {
		for (extensions = 0; extensions < 256; extensions++) {
			g_autofree guint8 *edid = edid_new(blocks, extensions);

			g_assert_cmpint(miracast_edid_valid(edid, blocks * BLOCK), ==,
					blocks == extensions + 1);
		}
	}
}

static void test_edid_largest(void)
{
	g_autofree guint8 *edid = edid_new(256, 255), *more = edid_new(257, 1);

	g_assert_true(miracast_edid_valid(edid, 256 * BLOCK));
	edid_override(more, 256 & 0xff);
	g_assert_false(miracast_edid_valid(more, 257 * BLOCK));
}

static void test_edid_override(void)
{
	g_autofree guint8 *edid = edid_new(4, 1);

	edid_override(edid, 3);
	g_assert_true(miracast_edid_valid(edid, 4 * BLOCK));
	/* Old readers see two blocks, which is an EDID as well. */
	g_assert_true(miracast_edid_valid(edid, 2 * BLOCK));
	g_assert_false(miracast_edid_valid(edid, 3 * BLOCK));
	edid_override(edid, 2);
	g_assert_false(miracast_edid_valid(edid, 4 * BLOCK));

	/* Not in a CTA extension, or of revision 2, or behind the end of the data blocks. */
	edid_override(edid, 3);
	edid[BLOCK] = 0x70;
	seal(edid + BLOCK);
	g_assert_false(miracast_edid_valid(edid, 4 * BLOCK));
	edid[BLOCK] = 2;
	edid[BLOCK + 1] = 2;
	seal(edid + BLOCK);
	g_assert_false(miracast_edid_valid(edid, 4 * BLOCK));
	edid[BLOCK + 1] = 3;
	edid[BLOCK + 2] = 6;
	seal(edid + BLOCK);
	g_assert_false(miracast_edid_valid(edid, 4 * BLOCK));
}

static void test_edid_every_byte_counts(void)
{
	g_autofree guint8 *edid = edid_new(2, 1);
	guint i;

	for (i = 0; i < 2 * BLOCK; i++) {
		edid[i] ^= 0x10;
		g_assert_false(miracast_edid_valid(edid, 2 * BLOCK));
		edid[i] ^= 0x10;
	}
	g_assert_true(miracast_edid_valid(edid, 2 * BLOCK));
	/* A header and a version that no checksum excuses. */
	edid[1] = 0xfe;
	seal(edid);
	g_assert_false(miracast_edid_valid(edid, 2 * BLOCK));
	edid[1] = 0xff;
	edid[18] = 2;
	seal(edid);
	g_assert_false(miracast_edid_valid(edid, 2 * BLOCK));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/damage/empty", test_damage_empty);
	g_test_add_func("/damage/merges-for-free", test_damage_merges_for_free);
	g_test_add_func("/damage/overflow", test_damage_overflow);
	g_test_add_func("/damage/large", test_damage_large);
	g_test_add_func("/damage/random", test_damage_random);
	g_test_add_func("/edid/length", test_edid_length);
	g_test_add_func("/edid/R72-count", test_edid_R72_count);
	g_test_add_func("/edid/largest", test_edid_largest);
	g_test_add_func("/edid/override", test_edid_override);
	g_test_add_func("/edid/every-byte-counts", test_edid_every_byte_counts);
	return g_test_run();
}
