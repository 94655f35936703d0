// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encode chunk records: R60 to R66, R82.
 */
#include "miracast_kselftest.h"

FIXTURE(chunks) {
	struct relay r;
};

FIXTURE_SETUP(chunks)
{
	relay_open(_metadata, &self->r);
}

FIXTURE_TEARDOWN(chunks)
{
	relay_close(_metadata, &self->r);
}

static int put(int test, __u32 count, __u32 len, __u64 frame, __u32 flags,
	       struct miracast_test_chunk *chunk)
{
	*chunk = (struct miracast_test_chunk) {
		.flags = flags, .count = count, .len = len, .frame = frame,
	};

	return dev_ioctl(test, MIRACAST_TEST_IOC_CHUNK, chunk);
}

static int get(int sink, void *buf, __u32 len, struct miracast_get_chunks *get)
{
	*get = (struct miracast_get_chunks) {
		.buf_ptr = (uintptr_t)buf, .buf_len = len,
	};

	return dev_ioctl(sink, MIRACAST_IOC_GET_CHUNKS, get);
}

TEST_F(chunks, R60_R82_record)
{
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks out;
	union {
		struct miracast_chunk head;
		uint8_t bytes[512];
	} buf;
	unsigned int i;

	EXPECT_EQ(-EAGAIN, get(self->r.sink, &buf, sizeof(buf), &out));
	EXPECT_EQ(0, fd_poll(self->r.sink, POLLRDBAND, 0));
	ASSERT_EQ(0, put(self->r.test, 1, 5, 0x123456789aULL, 0, &chunk));
	EXPECT_EQ(0, chunk.refused);
	EXPECT_EQ(POLLRDBAND, fd_poll(self->r.sink, POLLRDBAND | POLLIN, 1000));

	memset(&buf, 0xff, sizeof(buf));
	ASSERT_EQ(0, get(self->r.sink, &buf, sizeof(buf), &out));
	EXPECT_EQ(sizeof(buf.head) + 8, out.used);
	EXPECT_EQ(0, out.outstanding);
	EXPECT_EQ(0, out.needed);
	EXPECT_EQ(out.used, buf.head.len);
	EXPECT_EQ(5, buf.head.data_len);
	EXPECT_EQ(MIRACAST_CHUNK_ENCODE, buf.head.info.type);
	EXPECT_EQ(1000, buf.head.info.processing_time);
	EXPECT_EQ(5000, buf.head.info.encode_rate);
	EXPECT_EQ(0x123456789aULL, MIRACAST_CHUNK_ID_FRAME(buf.head.info.id));
	EXPECT_EQ(0, MIRACAST_CHUNK_ID_PART(buf.head.info.id));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(i < 5 ? 0x9a : 0, buf.bytes[sizeof(buf.head) + i]);
	EXPECT_EQ(0xff, buf.bytes[sizeof(buf.head) + 8]);
	EXPECT_EQ(-EAGAIN, get(self->r.sink, &buf, sizeof(buf), &out));
}

TEST_F(chunks, R60_from_interrupt_context)
{
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks out;
	uint8_t buf[4096];
	pid_t child;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		sleep_ms(200);
		_exit(put(self->r.test, 10, 16, 1, MIRACAST_TEST_CHUNK_IRQ, &chunk));
	}
	EXPECT_EQ(POLLRDBAND, fd_poll(self->r.sink, POLLRDBAND, 10000));
	waitpid(child, NULL, 0);
	ASSERT_EQ(0, get(self->r.sink, buf, sizeof(buf), &out));
	EXPECT_EQ(10 * (sizeof(struct miracast_chunk) + 16), out.used);
}

TEST_F(chunks, R61_private_data_is_bounded)
{
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks out;
	uint8_t buf[4096];

	ASSERT_EQ(0, put(self->r.test, 1, MIRACAST_MAX_CHUNK_DATA + 1, 1, 0, &chunk));
	EXPECT_EQ(1, chunk.refused);
	EXPECT_EQ(-EMSGSIZE, chunk.error);
	ASSERT_EQ(0, put(self->r.test, 1, MIRACAST_MAX_CHUNK_DATA, 1, 0, &chunk));
	EXPECT_EQ(0, chunk.refused);
	ASSERT_EQ(0, get(self->r.sink, buf, sizeof(buf), &out));
	EXPECT_EQ(sizeof(struct miracast_chunk) + MIRACAST_MAX_CHUNK_DATA, out.used);
}

TEST_F(chunks, R62_R63_overflow_loses_all_and_is_told_once)
{
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks out;
	union {
		struct miracast_chunk head;
		uint8_t bytes[8192];
	} buf;

	/* Full, but nothing is lost. */
	ASSERT_EQ(0, put(self->r.test, MIRACAST_MAX_CHUNKS, 0, 1, 0, &chunk));
	EXPECT_EQ(0, chunk.refused);
	/* One more: it and all before are lost. */
	ASSERT_EQ(0, put(self->r.test, 1, 0, 1000, 0, &chunk));
	EXPECT_EQ(1, chunk.refused);
	EXPECT_EQ(-ENOBUFS, chunk.error);
	/* Sent after the loss: stays. */
	ASSERT_EQ(0, put(self->r.test, 2, 0, 2000, 0, &chunk));
	EXPECT_EQ(0, chunk.refused);

	EXPECT_EQ(POLLRDBAND, fd_poll(self->r.sink, POLLRDBAND, 0));
	EXPECT_EQ(-ECONNRESET, get(self->r.sink, &buf, sizeof(buf), &out));
	EXPECT_EQ(0, out.used);
	EXPECT_EQ(2, out.outstanding);
	ASSERT_EQ(0, get(self->r.sink, &buf, sizeof(buf), &out));
	EXPECT_EQ(2 * sizeof(struct miracast_chunk), out.used);
	EXPECT_EQ(2000, MIRACAST_CHUNK_ID_FRAME(buf.head.info.id));
	EXPECT_EQ(-EAGAIN, get(self->r.sink, &buf, sizeof(buf), &out));
}

TEST_F(chunks, R63_loss_with_nothing_behind_it_is_told)
{
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks out;
	uint8_t buf[64];

	ASSERT_EQ(0, put(self->r.test, MIRACAST_MAX_CHUNKS + 1, 0, 1, 0, &chunk));
	EXPECT_EQ(1, chunk.refused);
	EXPECT_EQ(POLLRDBAND, fd_poll(self->r.sink, POLLRDBAND, 0));
	EXPECT_EQ(-ECONNRESET, get(self->r.sink, buf, sizeof(buf), &out));
	EXPECT_EQ(0, fd_poll(self->r.sink, POLLRDBAND, 0));
	EXPECT_EQ(-EAGAIN, get(self->r.sink, buf, sizeof(buf), &out));
}

TEST_F(chunks, R64_whole_records_only)
{
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks out;
	union {
		struct miracast_chunk head;
		uint8_t bytes[100];
	} buf;
	int i;

	/* 40 bytes each: two fit, the third does not. */
	ASSERT_EQ(0, put(self->r.test, 5, 8, 1, 0, &chunk));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, get(self->r.sink, &buf, sizeof(buf), &out));
		EXPECT_EQ(i < 2 ? 80 : 40, out.used);
		EXPECT_EQ(i < 2 ? 3 - 2 * i : 0, out.outstanding);
		EXPECT_EQ(1 + 2 * i, MIRACAST_CHUNK_ID_FRAME(buf.head.info.id));
	}
}

TEST_F(chunks, R65_short_buffer_and_fault_lose_nothing)
{
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks out;
	uint8_t buf[64];

	ASSERT_EQ(0, put(self->r.test, 1, 8, 1, 0, &chunk));
	EXPECT_EQ(-EMSGSIZE, get(self->r.sink, buf, 39, &out));
	EXPECT_EQ(40, out.needed);
	EXPECT_EQ(0, out.used);
	EXPECT_EQ(1, out.outstanding);
	EXPECT_EQ(-EMSGSIZE, get(self->r.sink, NULL, 0, &out));
	EXPECT_EQ(-EFAULT, get(self->r.sink, (void *)8, 64, &out));
	EXPECT_EQ(0, get(self->r.sink, buf, 40, &out));
	EXPECT_EQ(40, out.used);
}

struct drain {
	int sink;
	atomic_bool stop;
	__u64 last;
	unsigned int records, resets, disorder;
};

static void *drain_thread(void *arg)
{
	struct drain *drain = arg;
	struct miracast_get_chunks out;
	__u64 buf[125];
	bool stop;
	int ret;

	/* Empty after the last one was put, not before. */
	do {
		const struct miracast_chunk *chunk;
		__u32 at;

		stop = drain->stop;
		ret = get(drain->sink, buf, sizeof(buf), &out);
		drain->resets += ret == -ECONNRESET;
		for (at = 0; at < out.used; at += chunk->len) {
			chunk = (const void *)((const uint8_t *)buf + at);
			if (MIRACAST_CHUNK_ID_FRAME(chunk->info.id) <= drain->last)
				drain->disorder++;
			drain->last = MIRACAST_CHUNK_ID_FRAME(chunk->info.id);
			drain->records++;
		}
		if (ret)
			sleep_ms(1);
	} while (!stop || ret != -EAGAIN);

	return NULL;
}

TEST_F_TIMEOUT(chunks, reader_and_interrupts_at_once, 120)
{
	struct drain drain = { .sink = self->r.sink };
	struct miracast_test_chunk chunk;
	unsigned int refused = 0, i;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, drain_thread, &drain));
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, put(self->r.test, 20, 100, 1 + 20 * i,
				 MIRACAST_TEST_CHUNK_IRQ, &chunk));
		refused += chunk.refused;
		if (i % 8 == 0)
			sleep_ms(1);
	}
	drain.stop = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, drain.disorder);
	EXPECT_GE(refused, drain.resets);
	EXPECT_EQ(!refused, !drain.resets);
	/* Each loss takes what was queued and the one that did not fit. */
	EXPECT_LE(20000 - (int)refused * (MIRACAST_MAX_CHUNKS + 1), (int)drain.records);
	EXPECT_LT(0, drain.records);
}

TEST_F(chunks, context_gone)
{
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks out;
	uint8_t buf[64];

	ASSERT_EQ(0, put(self->r.test, 1, 0, 1, 0, &chunk));
	ASSERT_EQ(0, broker_destroy_sink(self->r.broker, self->r.target));
	EXPECT_EQ(-ENODEV, get(self->r.sink, buf, sizeof(buf), &out));
	ASSERT_EQ(0, put(self->r.test, 1, 0, 1, 0, &chunk));
	EXPECT_EQ(-ENODEV, chunk.error);
}

TEST_HARNESS_MAIN
