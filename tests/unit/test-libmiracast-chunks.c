// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: the chunk records of a display driver, get_next_chunk().
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fake-kernel.h"

#define RECORD ((uint32_t)sizeof(struct miracast_chunk))

static void chunks_begin(struct witness *w)
{
	kernel_begin(w, TRUE);
	witness_run(w);
	witness_wait_until_started(w);
}

static void chunks_end(struct witness *w)
{
	g_assert_cmpint(witness_stop(w), ==, 0);
	kernel_end(w);
}

static int next_chunk(struct witness *w, int timeout_ms, uint32_t *size,
		      struct miracast_chunk *chunks)
{
	return w->callbacks->get_next_chunk(w->host, timeout_ms, 0, NULL, size, chunks, NULL);
}

static void test_whole_records(void)
{
	struct miracast_chunk chunks[4];
	uint32_t outstanding = 77;
	uint32_t size = 3 * RECORD - 1;
	struct witness w;

	chunks_begin(&w);
	for (guint i = 1; i <= 3; i++)
		kernel_report_chunk(i);
	g_assert_cmpint(w.callbacks->get_next_chunk(w.host, 0, 0, NULL, &size, chunks, &outstanding),
			==, 0);
	g_assert_cmpuint(size, ==, 2 * RECORD);
	g_assert_cmpuint(outstanding, ==, 1);
	for (guint i = 0; i < 2; i++)
		g_assert_cmpuint(chunks[i].info.id, ==, MIRACAST_CHUNK_ID(i + 1, 0));

	/* Too small: the size that is needed, and the record stays. */
	size = RECORD - 1;
	g_assert_cmpint(next_chunk(&w, 0, &size, chunks), ==, -EMSGSIZE);
	g_assert_cmpuint(size, ==, RECORD);
	g_assert_cmpint(next_chunk(&w, 0, &size, chunks), ==, 0);
	g_assert_cmpuint(chunks[0].info.id, ==, MIRACAST_CHUNK_ID(3, 0));
	chunks_end(&w);
}

static void test_loss(void)
{
	struct miracast_chunk chunks[4];
	uint32_t size = sizeof(chunks);
	struct witness w;

	chunks_begin(&w);
	kernel_report_chunk(1);
	kernel_overflow();
	kernel_report_chunk(2);
	g_assert_cmpint(next_chunk(&w, -1, &size, chunks), ==, -ECONNRESET);
	g_assert_cmpint(next_chunk(&w, -1, &size, chunks), ==, 0);
	g_assert_cmpuint(size, ==, RECORD);
	g_assert_cmpuint(chunks[0].info.id, ==, MIRACAST_CHUNK_ID(2, 0));
	chunks_end(&w);
}

static gpointer report_later(gpointer data)
{
	g_usleep(100 * 1000);
	kernel_report_chunk(9);
	return NULL;
}

/* 0 does not wait, a time-out waits so long and no longer, -1 until there is one. */
static void test_timeouts(void)
{
	struct miracast_chunk chunks[4];
	uint32_t size = sizeof(chunks);
	struct witness w;
	GThread *thread;
	gint64 begin;

	chunks_begin(&w);
	begin = g_get_monotonic_time();
	g_assert_cmpint(next_chunk(&w, 0, &size, chunks), ==, -ETIMEDOUT);
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 200 * 1000);
	begin = g_get_monotonic_time();
	g_assert_cmpint(next_chunk(&w, 250, &size, chunks), ==, -ETIMEDOUT);
	g_assert_cmpint(g_get_monotonic_time() - begin, >=, 250 * 1000);
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 2000 * 1000);

	begin = g_get_monotonic_time();
	thread = g_thread_new("report", report_later, NULL);
	g_assert_cmpint(next_chunk(&w, 10 * 1000, &size, chunks), ==, 0);
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 5000 * 1000);
	g_thread_join(thread);

	size = sizeof(chunks);
	thread = g_thread_new("report", report_later, NULL);
	g_assert_cmpint(next_chunk(&w, -1, &size, chunks), ==, 0);
	g_assert_cmpuint(size, ==, RECORD);
	g_thread_join(thread);
	chunks_end(&w);
}

static gpointer write_later(gpointer data)
{
	g_usleep(100 * 1000);
	g_assert_cmpint(write(GPOINTER_TO_INT(data), "x", 1), ==, 1);
	return NULL;
}

static void test_extra_events(void)
{
	const struct miracast_callbacks *callbacks;
	struct miracast_chunk chunks[4];
	int pipes[4][2], fds[5] = { 0 };
	uint32_t size = sizeof(chunks);
	struct witness w;
	GThread *thread;

	chunks_begin(&w);
	callbacks = w.callbacks;
	for (guint i = 0; i < 4; i++) {
		g_assert_no_errno(pipe2(pipes[i], O_CLOEXEC));
		fds[i] = pipes[i][0];
	}
	thread = g_thread_new("write", write_later, GINT_TO_POINTER(pipes[3][1]));
	g_assert_cmpint(callbacks->get_next_chunk(w.host, -1, 4, fds, &size, chunks, NULL), ==, 4);
	g_assert_cmpuint(size, ==, 0);
	g_thread_join(thread);

	/* Of two that are ready the first one; records come before both. */
	g_assert_cmpint(write(pipes[0][1], "x", 1), ==, 1);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, 0, 4, fds, &size, chunks, NULL), ==, 1);
	kernel_report_chunk(5);
	size = sizeof(chunks);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, 0, 4, fds, &size, chunks, NULL), ==, 0);
	g_assert_cmpuint(size, ==, RECORD);

	g_assert_cmpint(callbacks->get_next_chunk(w.host, 0, 5, fds, &size, chunks, NULL), ==,
			-EINVAL);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, 0, 1, NULL, &size, chunks, NULL), ==,
			-EINVAL);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, -2, 0, NULL, &size, chunks, NULL), ==,
			-EINVAL);
	for (guint i = 0; i < 4; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	chunks_end(&w);
}

static void test_no_kernel(void)
{
	struct miracast_chunk chunks[4];
	uint32_t size = sizeof(chunks);
	struct witness w;

	kernel_begin(&w, FALSE);
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(next_chunk(&w, -1, &size, chunks), ==, -ENODEV);
	chunks_end(&w);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libmiracast/chunks/R64-R65-whole-records", test_whole_records);
	g_test_add_func("/libmiracast/chunks/R63-loss", test_loss);
	g_test_add_func("/libmiracast/chunks/R65-timeouts", test_timeouts);
	g_test_add_func("/libmiracast/chunks/R65-R66-extra-events", test_extra_events);
	g_test_add_func("/libmiracast/chunks/R65-no-kernel", test_no_kernel);
	return g_test_run();
}
