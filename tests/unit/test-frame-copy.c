// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What of a picture is new, found by comparison; and when that is worth it.
 */
#include <string.h>

#include "frame-copy.h"

/* Neither is a multiple of a tile. */
#define WIDTH 330
#define HEIGHT 245
#define PITCH (WIDTH * 4 + 52)
#define MAX_AREAS 16

static guint8 pixels[PITCH * HEIGHT];
static const struct rgb_view screen = { pixels, PITCH };
static const struct area whole = { 0, 0, WIDTH, HEIGHT };

static void touch(guint x, guint y)
{
	pixels[y * PITCH + x * 4 + 1]++;
}

static struct frame_copy *copy_of_screen(void)
{
	struct frame_copy *copy = frame_copy_new(WIDTH, HEIGHT, 4);

	frame_copy_update(copy, &screen, &whole);
	return copy;
}

static void assert_same(const struct frame_copy *copy)
{
	const struct rgb_view view = frame_copy_view(copy);

	for (guint y = 0; y < HEIGHT; y++)
		g_assert_cmpmem(view.data + (gsize)y * view.pitch, WIDTH * 4, pixels + y * PITCH, WIDTH * 4);
}

static gboolean covers(const struct area *areas, guint n, guint x, guint y)
{
	guint times = 0;

	for (guint i = 0; i < n; i++)
		times += x >= areas[i].x1 && x < areas[i].x2 && y >= areas[i].y1 && y < areas[i].y2;
	g_assert_cmpuint(times, <=, 1);
	return times;
}

static void test_same(void)
{
	struct frame_copy *copy = copy_of_screen();
	struct area areas[MAX_AREAS];
	guint n;

	/* What is behind the picture in each line is none of it. */
	pixels[WIDTH * 4]++;
	g_assert_cmpuint(frame_copy_compare(copy, &screen, areas, MAX_AREAS, &n), ==, 0);
	g_assert_cmpuint(n, ==, 0);
	frame_copy_free(copy);
}

/* A caret, and the last pixel of all: a tile each. */
static void test_places(void)
{
	struct frame_copy *copy = copy_of_screen();
	struct area areas[MAX_AREAS];
	guint n;

	for (guint y = 30; y < 40; y++)
		touch(100, y);
	touch(WIDTH - 1, HEIGHT - 1);
	/* Three of 6 times 16 tiles. */
	g_assert_cmpuint(frame_copy_compare(copy, &screen, areas, MAX_AREAS, &n), ==, 4);
	g_assert_cmpuint(n, ==, 2);
	g_assert_cmpmem(&areas[0], sizeof(areas[0]), (&(struct area){ 64, 16, 128, 48 }), sizeof(areas[0]));
	g_assert_cmpmem(&areas[1], sizeof(areas[1]), (&(struct area){ 320, 240, WIDTH, HEIGHT }), sizeof(areas[1]));
	assert_same(copy);
	g_assert_cmpuint(frame_copy_compare(copy, &screen, areas, MAX_AREAS, &n), ==, 0);
	frame_copy_free(copy);
}

/* However it is scattered, and into however few areas it has to go: all of it is found, once. */
static void test_scattered(void)
{
	struct frame_copy *copy = copy_of_screen();
	struct area areas[MAX_AREAS];

	for (guint round = 0; round < 300; round++) {
		guint max = g_test_rand_int_range(1, MAX_AREAS + 1);
		guint touched = g_test_rand_int_range(0, 40);
		guint n, x[40], y[40];

		for (guint i = 0; i < touched; i++) {
			x[i] = g_test_rand_int_range(0, WIDTH);
			y[i] = g_test_rand_int_range(0, HEIGHT);
			touch(x[i], y[i]);
		}
		frame_copy_compare(copy, &screen, areas, max, &n);
		g_assert_cmpuint(n, <=, max);
		g_assert_true(n || !touched);
		for (guint i = 0; i < n; i++)
			g_assert_true(areas[i].x1 < areas[i].x2 && areas[i].x2 <= WIDTH &&
				      areas[i].y1 < areas[i].y2 && areas[i].y2 <= HEIGHT);
		for (guint i = 0; i < touched; i++)
			g_assert_true(covers(areas, n, x[i], y[i]));
		assert_same(copy);
	}
	frame_copy_free(copy);
}

static void test_everything(void)
{
	struct frame_copy *copy = copy_of_screen();
	struct area areas[MAX_AREAS];
	guint n;

	for (guint y = 0; y < HEIGHT; y++) {
		for (guint x = 0; x < WIDTH; x++)
			touch(x, y);
	}
	g_assert_cmpuint(frame_copy_compare(copy, &screen, areas, MAX_AREAS, &n), ==, 100);
	g_assert_cmpuint(n, ==, 1);
	g_assert_cmpmem(&areas[0], sizeof(areas[0]), &whole, sizeof(whole));
	frame_copy_free(copy);
}

/* Only the area that is asked for. */
static void test_update(void)
{
	struct frame_copy *copy = copy_of_screen();
	struct area areas[MAX_AREAS];
	guint n;

	touch(10, 10);
	touch(200, 200);
	frame_copy_update(copy, &screen, &(struct area){ 10, 10, 11, 11 });
	frame_copy_compare(copy, &screen, areas, MAX_AREAS, &n);
	g_assert_cmpuint(n, ==, 1);
	g_assert_true(covers(areas, n, 200, 200));
	frame_copy_free(copy);
}

static gboolean frames(struct compare_policy *policy, guint n, gboolean full, guint percent)
{
	gboolean compare = FALSE;

	for (guint i = 0; i < n; i++) {
		compare = compare_policy_frame(policy, full);
		if (compare && full)
			compare_policy_result(policy, percent);
	}
	return compare;
}

static void test_policy(void)
{
	struct compare_policy policy = { 0 };

	/* A desktop that says what is new, and has a new window now and then. */
	for (guint i = 0; i < 50; i++) {
		g_assert_false(frames(&policy, 3, TRUE, 1));
		g_assert_false(frames(&policy, 1, FALSE, 0));
	}
	/* One that does not: soon, and for as long as it is worth it. */
	g_assert_true(frames(&policy, 4, TRUE, 1));
	for (guint i = 0; i < 50; i++) {
		g_assert_true(frames(&policy, 9, TRUE, 100));
		g_assert_true(frames(&policy, 1, TRUE, 5));
	}
	/* A film: one picture in thirteen is compared. */
	g_assert_true(frames(&policy, 10, TRUE, 100));
	g_assert_false(frames(&policy, 119, TRUE, 100));
	g_assert_true(frames(&policy, 1, TRUE, 100));
	g_assert_true(frames(&policy, 9, TRUE, 100));
	g_assert_false(frames(&policy, 1, TRUE, 100));
	/* It is over. */
	g_assert_true(frames(&policy, 200, TRUE, 2));
	/* Another desktop. */
	g_assert_true(frames(&policy, 29, FALSE, 0));
	g_assert_false(frames(&policy, 1, FALSE, 0));
	g_assert_false(frames(&policy, 3, TRUE, 0));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/frame-copy/same", test_same);
	g_test_add_func("/frame-copy/places", test_places);
	g_test_add_func("/frame-copy/scattered", test_scattered);
	g_test_add_func("/frame-copy/everything", test_everything);
	g_test_add_func("/frame-copy/update", test_update);
	g_test_add_func("/frame-copy/policy", test_policy);
	return g_test_run();
}
