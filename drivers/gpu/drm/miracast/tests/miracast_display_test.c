// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the display half's arithmetic: damage and EDID.
 */
#include <kunit/test.h>

#include <linux/prandom.h>
#include <linux/string.h>

#include "display/miracast_damage.h"
#include "display/miracast_edid.h"

/* ----------------------------------------------------------------- damage */

#define SIZE	64

static bool damage_test_covers(const struct miracast_damage *damage, u32 x, u32 y)
{
	unsigned int i;

	for (i = 0; i < damage->num; i++) {
		const struct miracast_rect *r = &damage->rects[i];

		if (x >= r->x1 && x < r->x2 && y >= r->y1 && y < r->y2)
			return true;
	}

	return false;
}

static void damage_test_merges_for_free(struct kunit *test)
{
	static const struct miracast_rect left = { 0, 0, 10, 10 };
	static const struct miracast_rect right = { 20, 0, 30, 10 };
	static const struct miracast_rect between = { 10, 0, 20, 10 };
	static const struct miracast_rect none = { 9, 9, 3, 3 };
	struct miracast_damage damage = {};

	miracast_damage_add(&damage, &none);
	KUNIT_EXPECT_EQ(test, damage.num, 0);
	miracast_damage_add(&damage, &left);
	miracast_damage_add(&damage, &right);
	KUNIT_EXPECT_EQ(test, damage.num, 2);
	miracast_damage_add(&damage, &between);
	KUNIT_ASSERT_EQ(test, damage.num, 1);
	KUNIT_EXPECT_EQ(test, damage.rects[0].x2, 30);
}

/* 64-bit products, also where the machine has none. */
static void damage_test_large(struct kunit *test)
{
	static const struct miracast_rect first = { 0, 0, 1, 1 };
	static const struct miracast_rect last = {
		U32_MAX - 1, U32_MAX - 1, U32_MAX, U32_MAX,
	};
	struct miracast_damage damage = {};

	miracast_damage_add(&damage, &first);
	miracast_damage_add(&damage, &last);
	KUNIT_EXPECT_EQ(test, damage.num, 2);
}

/* Whatever is added in whatever order is covered, within the bound. */
static void damage_test_covers_all(struct kunit *test)
{
	struct miracast_damage damage = {}, other = {};
	DECLARE_BITMAP(added, SIZE * SIZE) = {};
	struct rnd_state rnd;
	unsigned int i, at;

	prandom_seed_state(&rnd, 79);
	for (i = 0; i < 60; i++) {
		struct miracast_rect r;
		u32 y;

		r.x1 = prandom_u32_state(&rnd) % SIZE;
		r.y1 = prandom_u32_state(&rnd) % SIZE;
		r.x2 = min(SIZE, r.x1 + prandom_u32_state(&rnd) % 12);
		r.y2 = min(SIZE, r.y1 + prandom_u32_state(&rnd) % 12);
		miracast_damage_add(i % 2 ? &damage : &other, &r);
		for (y = r.y1; y < r.y2; y++)
			bitmap_set(added, y * SIZE + r.x1, r.x2 - r.x1);
	}
	miracast_damage_merge(&damage, &other);
	KUNIT_ASSERT_LE(test, damage.num, MIRACAST_MAX_DAMAGE);
	for_each_set_bit(at, added, SIZE * SIZE)
		KUNIT_ASSERT_TRUE(test, damage_test_covers(&damage, at % SIZE, at / SIZE));
}

static struct kunit_case damage_test_cases[] = {
	KUNIT_CASE(damage_test_merges_for_free),
	KUNIT_CASE(damage_test_large),
	KUNIT_CASE(damage_test_covers_all),
	{}
};

static struct kunit_suite damage_test_suite = {
	.name = "miracast_damage",
	.test_cases = damage_test_cases,
};

/* ------------------------------------------------------------------- EDID */

#define BLOCK	MIRACAST_EDID_BLOCK

static void edid_test_seal(u8 *block)
{
	unsigned int i;
	u8 sum = 0;

	for (i = 0; i < BLOCK - 1; i++)
		sum += block[i];
	block[BLOCK - 1] = -sum;
}

static int edid_test_init(struct kunit *test)
{
	static const u8 header[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
	u8 *edid = kunit_kzalloc(test, 3 * BLOCK, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, edid);
	memcpy(edid, header, sizeof(header));
	edid[18] = 1;
	edid[126] = 2;
	for (i = 1; i < 3; i++) {
		edid[i * BLOCK] = 2;
		edid[i * BLOCK + 1] = 3;
		edid[i * BLOCK + 2] = 7;
		edid_test_seal(edid + i * BLOCK);
	}
	edid_test_seal(edid);
	test->priv = edid;

	return 0;
}

/* The count that old readers trust must be that of the bytes, R72. */
static void edid_test_R72_count(struct kunit *test)
{
	u8 *edid = test->priv;
	unsigned int count;

	for (count = 0; count < 256; count++) {
		edid[126] = count;
		edid_test_seal(edid);
		KUNIT_EXPECT_EQ(test, miracast_edid_valid(edid, 3 * BLOCK), count == 2);
	}
	KUNIT_EXPECT_FALSE(test, miracast_edid_valid(edid, 0));
	KUNIT_EXPECT_FALSE(test, miracast_edid_valid(edid, 3 * BLOCK - 1));
}

static void edid_test_override(struct kunit *test)
{
	u8 *edid = test->priv, *cta = edid + BLOCK;

	edid[126] = 1;
	edid_test_seal(edid);
	cta[4] = 0xe2;
	cta[5] = 0x78;
	cta[6] = 2;
	edid_test_seal(cta);
	KUNIT_EXPECT_TRUE(test, miracast_edid_valid(edid, 3 * BLOCK));
	KUNIT_EXPECT_TRUE(test, miracast_edid_valid(edid, 2 * BLOCK));
	cta[6] = 3;
	edid_test_seal(cta);
	KUNIT_EXPECT_FALSE(test, miracast_edid_valid(edid, 3 * BLOCK));
}

static void edid_test_every_bit_counts(struct kunit *test)
{
	u8 *edid = test->priv;
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, miracast_edid_valid(edid, 3 * BLOCK));
	for (i = 0; i < 3 * BLOCK; i++) {
		edid[i] ^= 1 << i % 8;
		KUNIT_EXPECT_FALSE(test, miracast_edid_valid(edid, 3 * BLOCK));
		edid[i] ^= 1 << i % 8;
	}
}

static struct kunit_case edid_test_cases[] = {
	KUNIT_CASE(edid_test_R72_count),
	KUNIT_CASE(edid_test_override),
	KUNIT_CASE(edid_test_every_bit_counts),
	{}
};

static struct kunit_suite edid_test_suite = {
	.name = "miracast_edid",
	.init = edid_test_init,
	.test_cases = edid_test_cases,
};

kunit_test_suites(&damage_test_suite, &edid_test_suite);
