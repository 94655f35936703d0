// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the ring of encode chunk records, with real user memory.
 */
#include <kunit/test.h>

#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "relay/miracast_chunk.h"

#define DATA_LEN	5
/* With its private data, padded. */
#define RECORD_LEN	(sizeof(struct miracast_chunk) + 8)

struct chunk_test {
	struct miracast_chunk_ring ring;
	unsigned long buf;
};

static int chunk_test_init(struct kunit *test)
{
	struct chunk_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->buf = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE,
			       PROT_READ | PROT_WRITE,
			       MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, t->buf, 0);
	KUNIT_ASSERT_EQ(test, 0, miracast_chunk_ring_init(&t->ring));
	test->priv = t;

	return 0;
}

static void chunk_test_exit(struct kunit *test)
{
	struct chunk_test *t = test->priv;

	if (t)
		miracast_chunk_ring_free(&t->ring);
}

static int chunk_test_put(struct kunit *test, u64 id)
{
	struct miracast_chunk_info info = { .type = MIRACAST_CHUNK_ENCODE, .id = id };
	struct chunk_test *t = test->priv;

	return miracast_chunk_ring_put(&t->ring, &info, "chunk", DATA_LEN);
}

static int chunk_test_drain(struct kunit *test, unsigned long buf, u32 len,
			    struct miracast_get_chunks *get)
{
	struct chunk_test *t = test->priv;

	*get = (struct miracast_get_chunks) { .buf_ptr = buf, .buf_len = len };

	return miracast_chunk_ring_drain(&t->ring, get);
}

/* Record number @at in user memory must be that of @id. */
static void chunk_test_check(struct kunit *test, unsigned int at, u64 id)
{
	static const u8 data[8] = "chunk\0\0";
	struct chunk_test *t = test->priv;
	struct {
		struct miracast_chunk head;
		u8 data[8];
	} got;

	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&got, (void __user *)(t->buf + at * RECORD_LEN),
						sizeof(got)));
	KUNIT_EXPECT_EQ(test, got.head.len, RECORD_LEN);
	KUNIT_EXPECT_EQ(test, got.head.data_len, DATA_LEN);
	KUNIT_EXPECT_EQ(test, got.head.info.id, id);
	KUNIT_EXPECT_MEMEQ(test, got.data, data, sizeof(data));
}

static void chunk_test_whole_records(struct kunit *test)
{
	struct chunk_test *t = test->priv;
	struct miracast_get_chunks get;
	u64 id;

	KUNIT_EXPECT_FALSE(test, miracast_chunk_ring_readable(&t->ring));
	KUNIT_EXPECT_EQ(test, -EAGAIN, chunk_test_drain(test, t->buf, PAGE_SIZE, &get));
	for (id = 1; id <= 3; id++)
		KUNIT_EXPECT_EQ(test, 0, chunk_test_put(test, id));
	KUNIT_EXPECT_TRUE(test, miracast_chunk_ring_readable(&t->ring));

	KUNIT_EXPECT_EQ(test, -EMSGSIZE, chunk_test_drain(test, t->buf, RECORD_LEN - 1, &get));
	KUNIT_EXPECT_EQ(test, get.needed, RECORD_LEN);
	KUNIT_EXPECT_EQ(test, 0, chunk_test_drain(test, t->buf, 3 * RECORD_LEN - 1, &get));
	KUNIT_EXPECT_EQ(test, get.used, 2 * RECORD_LEN);
	KUNIT_EXPECT_EQ(test, get.outstanding, 1);
	chunk_test_check(test, 0, 1);
	chunk_test_check(test, 1, 2);
	KUNIT_EXPECT_EQ(test, 0, chunk_test_drain(test, t->buf, PAGE_SIZE, &get));
	chunk_test_check(test, 0, 3);
}

static void chunk_test_overflow_is_told_once(struct kunit *test)
{
	struct chunk_test *t = test->priv;
	struct miracast_get_chunks get;
	u64 id;

	/* The positions of the ring wrap around on the way. */
	for (id = 0; id < MIRACAST_MAX_CHUNKS / 2; id++)
		KUNIT_EXPECT_EQ(test, 0, chunk_test_put(test, id));
	KUNIT_EXPECT_EQ(test, 0, chunk_test_drain(test, t->buf, 2 * PAGE_SIZE, &get));
	for (id = 0; id < MIRACAST_MAX_CHUNKS; id++)
		KUNIT_EXPECT_EQ(test, 0, chunk_test_put(test, id));
	KUNIT_EXPECT_EQ(test, -ENOBUFS, chunk_test_put(test, id));
	KUNIT_EXPECT_TRUE(test, miracast_chunk_ring_readable(&t->ring));
	KUNIT_EXPECT_EQ(test, 0, chunk_test_put(test, 100));

	KUNIT_EXPECT_EQ(test, -ECONNRESET, chunk_test_drain(test, t->buf, PAGE_SIZE, &get));
	KUNIT_EXPECT_EQ(test, 0, chunk_test_drain(test, t->buf, PAGE_SIZE, &get));
	KUNIT_EXPECT_EQ(test, get.used, RECORD_LEN);
	chunk_test_check(test, 0, 100);
}

static void chunk_test_fault_loses_nothing(struct kunit *test)
{
	struct chunk_test *t = test->priv;
	struct miracast_get_chunks get;
	u64 id;

	for (id = 1; id <= 2; id++)
		KUNIT_EXPECT_EQ(test, 0, chunk_test_put(test, id));
	/* The second record crosses the end of the mapping. */
	KUNIT_EXPECT_EQ(test, 0, chunk_test_drain(test, t->buf + 2 * PAGE_SIZE - RECORD_LEN - 8,
						  PAGE_SIZE, &get));
	KUNIT_EXPECT_EQ(test, get.used, RECORD_LEN);
	KUNIT_EXPECT_EQ(test, -EFAULT, chunk_test_drain(test, t->buf + 2 * PAGE_SIZE - 8,
							PAGE_SIZE, &get));
	KUNIT_EXPECT_EQ(test, 0, chunk_test_drain(test, t->buf, PAGE_SIZE, &get));
	chunk_test_check(test, 0, 2);
}

static void chunk_test_closed(struct kunit *test)
{
	struct chunk_test *t = test->priv;
	struct miracast_get_chunks get;

	KUNIT_EXPECT_EQ(test, 0, chunk_test_put(test, 1));
	miracast_chunk_ring_close(&t->ring);
	KUNIT_EXPECT_EQ(test, -ENODEV, chunk_test_put(test, 2));
	KUNIT_EXPECT_FALSE(test, miracast_chunk_ring_readable(&t->ring));
	KUNIT_EXPECT_EQ(test, -EAGAIN, chunk_test_drain(test, t->buf, PAGE_SIZE, &get));
}

static struct kunit_case chunk_test_cases[] = {
	KUNIT_CASE(chunk_test_whole_records),
	KUNIT_CASE(chunk_test_overflow_is_told_once),
	KUNIT_CASE(chunk_test_fault_loses_nothing),
	KUNIT_CASE(chunk_test_closed),
	{}
};

static struct kunit_suite chunk_test_suite = {
	.name = "miracast_chunk",
	.init = chunk_test_init,
	.exit = chunk_test_exit,
	.test_cases = chunk_test_cases,
};

kunit_test_suite(chunk_test_suite);
