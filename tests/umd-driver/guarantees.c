// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The guarantees that libmiracast gives to a user-mode driver, with the real
 * kernel behind it: the witness on a target of miracast_test.ko, which sends
 * what a test wants and tells how it ended; and on miracast_sample.ko.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "miracast_sample.h"
#include "miracast_test.h"
#include "witness.h"

#define COLLECT_MS 10000

/* ------------------------------------------------------------------ the kernel */

static struct {
	int broker;
	int test;
	uint32_t target;
} kernel;

static gboolean next_target(struct miracast_target_info *info)
{
	uint32_t after = info->id;

	*info = (struct miracast_target_info){ .id = after };
	return ioctl(kernel.broker, MIRACAST_IOC_NEXT_TARGET, info) == 0;
}

static struct miracast_target_info target_info(void)
{
	struct miracast_target_info info = { .id = kernel.target - 1 };

	g_assert_true(next_target(&info));
	g_assert_cmpuint(info.id, ==, kernel.target);
	return info;
}

/* A witness on the first target of this driver. */
static void begin(struct witness *w, const char *driver)
{
	struct miracast_hello hello = { MIRACAST_ABI_VERSION, MIRACAST_ABI_VERSION };
	struct miracast_test_setup setup = { 0 };
	struct miracast_target_info info = { 0 };
	struct miracast_open_sink sink = { 0 };

	kernel.broker = open("/dev/miracast", O_RDWR | O_CLOEXEC);
	kernel.test = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);
	g_assert_no_errno(ioctl(kernel.broker, MIRACAST_IOC_HELLO, &hello));
	g_assert_no_errno(ioctl(kernel.test, MIRACAST_TEST_IOC_SETUP, &setup));
	do
		g_assert_true(next_target(&info));
	while (strcmp(info.driver, driver) != 0);
	kernel.target = info.id;
	sink.target = info.id;
	g_assert_no_errno(ioctl(kernel.broker, MIRACAST_IOC_OPEN_SINK, &sink));
	witness_init(w, sink.fd);
}

static void end(struct witness *w)
{
	int sink = w->sink;

	witness_clear(w);
	close(sink);
	close(kernel.test);
	close(kernel.broker);
}

/* Messages from the display driver; each is remembered until it is collected. */
static void send_messages(guint first, guint count)
{
	struct miracast_test_send message = {
		.in_len = 16, .out_max = 16, .count = count, .cookie = first,
	};

	g_assert_no_errno(ioctl(kernel.test, MIRACAST_TEST_IOC_SEND, &message));
}

static struct miracast_test_completion collect(void)
{
	struct miracast_test_completion done = { .timeout_ms = COLLECT_MS };

	g_assert_no_errno(ioctl(kernel.test, MIRACAST_TEST_IOC_COLLECT, &done));
	g_assert_cmpuint(done.calls, ==, 1);
	return done;
}

static void report_chunks(guint64 frame, guint count)
{
	struct miracast_test_chunk chunk = { .count = count, .frame = frame, .len = 8,
					     .flags = MIRACAST_TEST_CHUNK_IRQ };

	g_assert_no_errno(ioctl(kernel.test, MIRACAST_TEST_IOC_CHUNK, &chunk));
}

/* ------------------------------------------------------------------- messages */

static void test_status_and_bytes(void)
{
	struct miracast_test_completion done;
	struct witness w;

	begin(&w, MIRACAST_TEST_DRIVER);
	witness_run(&w);
	witness_wait_until_started(&w);
	send_messages(7, 1);
	done = collect();
	g_assert_cmpint(done.status, ==, 0);
	g_assert_cmpuint(done.bytes, ==, 16);
	g_assert_cmpuint(done.data[0], ==, 7);
	g_assert_cmpuint(done.data[15], ==, 22);
	w.handler_result = -ENOSPC;
	send_messages(8, 1);
	done = collect();
	g_assert_cmpint(done.status, ==, -ENOSPC);
	g_assert_cmpuint(done.bytes, ==, 0);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	end(&w);
}

static void test_several_at_once(void)
{
	struct miracast_host_config config;
	struct witness w;

	begin(&w, MIRACAST_TEST_DRIVER);
	w.hold_handlers = TRUE;
	config = witness_config(&w);
	config.num_threads = 4;
	witness_run_config(&w, &config);
	witness_wait_until_started(&w);
	send_messages(0, 8);
	witness_wait_for_handlers(&w, 4);
	witness_release_handlers(&w);
	for (guint i = 0; i < 8; i++)
		g_assert_cmpint(collect().status, ==, 0);
	g_assert_cmpuint(w.most_handlers, ==, 4);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	end(&w);
}

static void send_in_vain(struct witness *w)
{
	send_messages(100, 5);
}

static void send_early(struct witness *w)
{
	send_messages(0, 5);
	g_usleep(50 * 1000);
	g_assert_cmpuint(w->handled, ==, 0);
}

/* Sent in create and start: held. Sent in stop: refused by the callback. */
static void test_held_and_dropped(void)
{
	struct witness w;

	begin(&w, MIRACAST_TEST_DRIVER);
	w.in_create = send_early;
	w.in_start = send_early;
	w.in_stop = send_in_vain;
	witness_run(&w);
	witness_wait_until_started(&w);
	for (guint i = 0; i < 10; i++)
		g_assert_cmpint(collect().status, ==, 0);
	g_assert_cmpuint(w.handled, ==, 10);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	for (guint i = 0; i < 5; i++)
		g_assert_cmpint(collect().status, ==, -ESHUTDOWN);
	g_assert_cmpuint(w.handled, ==, 10);
	end(&w);
}

struct sender {
	gint quit;
	guint accepted;
};

static gpointer send_thread(gpointer data)
{
	struct sender *sender = data;
	struct miracast_test_send message = {
		.in_len = 16, .out_max = 16, .count = 16, .flags = MIRACAST_TEST_FORGET,
	};

	while (!g_atomic_int_get(&sender->quit)) {
		/* -ENOBUFS when the handlers are slower, -ENODEV between two lives. */
		ioctl(kernel.test, MIRACAST_TEST_IOC_SEND, &message);
		sender->accepted += message.sent;
	}
	return NULL;
}

/* Those that are refused by their callback are so a moment later. */
static struct miracast_test_stats stats_of_all(guint accepted)
{
	gint64 deadline = g_get_monotonic_time() + COLLECT_MS * 1000;
	struct miracast_test_stats stats = { 0 };

	do
		g_assert_no_errno(ioctl(kernel.test, MIRACAST_TEST_IOC_STATS, &stats));
	while (stats.completed < accepted && g_get_monotonic_time() < deadline);
	return stats;
}

/* Ten lives under fire; the witness fails if a handler and another function meet. */
static void test_never_beside(void)
{
	guint handled = 0;

	for (guint life = 0; life < 10; life++) {
		struct sender sender = { 0 };
		struct miracast_host_config config;
		struct miracast_test_stats stats;
		struct witness w;
		GThread *thread;

		begin(&w, MIRACAST_TEST_DRIVER);
		config = witness_config(&w);
		config.num_threads = 4;
		thread = g_thread_new("sender", send_thread, &sender);
		witness_run_config(&w, &config);
		witness_wait_until_started(&w);
		g_usleep((1 + life) * 5000);
		g_assert_cmpint(witness_stop(&w), ==, 0);
		g_atomic_int_set(&sender.quit, TRUE);
		g_thread_join(thread);
		stats = stats_of_all(sender.accepted);
		g_assert_cmpuint(stats.accepted, ==, sender.accepted);
		g_assert_cmpuint(stats.completed, ==, sender.accepted);
		g_assert_cmpuint(stats.duplicates, ==, 0);
		handled += w.handled;
		end(&w);
	}
	g_assert_cmpuint(handled, >, 0);
}

/* ------------------------------------------------------------------ callbacks */

static void test_gates(void)
{
	struct witness w;

	begin(&w, MIRACAST_TEST_DRIVER);
	witness_check_gates(&w);
	witness_run(&w);
	witness_wait_until_started(&w);
	witness_join_gates(&w);
	g_assert_cmpint(w.other_result, ==, 0);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	end(&w);
}

/* The kernel's context lives on; the callbacks do not. */
static void test_dead_after_destroy(void)
{
	const struct miracast_statistic late = { .type = MIRACAST_STATISTIC_EVENT };
	uint64_t chunks[32];
	uint32_t size = sizeof(chunks);
	struct witness w;

	begin(&w, MIRACAST_TEST_DRIVER);
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	report_chunks(1, 1);
	g_assert_cmpint(control(&w, WITNESS_CONTROL), ==, -ENODEV);
	g_assert_cmpint(w.callbacks->get_next_chunk(w.host, 0, 0, NULL, &size, chunks, NULL), ==,
			-ENODEV);
	w.callbacks->report_statistic(w.host, &late);
	w.callbacks->report_session_status(w.host, MIRACAST_STATUS_CRITICAL_ERROR, 0);
	g_assert_cmpuint(target_info().last_status, ==, MIRACAST_STATUS_NONE);
	g_assert_cmpstr(w.log->str, ==, "");
	end(&w);
}

static void test_status(void)
{
	struct witness w;

	begin(&w, MIRACAST_TEST_DRIVER);
	witness_run(&w);
	witness_wait_until_started(&w);
	w.callbacks->report_session_status(w.host, MIRACAST_STATUS_SINK_DISCONNECT_REQUEST, 0);
	w.callbacks->report_session_status(w.host, MIRACAST_STATUS_CRITICAL_ERROR, 0);
	g_assert_cmpint(witness_join(&w), ==, 0);
	g_assert_cmpstr(w.calls->str, ==, "create start stop destroy ");
	g_assert_cmpuint(target_info().last_status, ==, MIRACAST_STATUS_SINK_DISCONNECT_REQUEST);
	end(&w);
}

/* --------------------------------------------------------------------- chunks */

static gpointer report_later(gpointer data)
{
	g_usleep(100 * 1000);
	report_chunks(77, 1);
	return NULL;
}

static void test_chunks(void)
{
	const struct miracast_callbacks *callbacks;
	uint8_t buffer[4096] __attribute__((aligned(8)));
	const struct miracast_chunk *chunk = (const struct miracast_chunk *)buffer;
	uint32_t record = sizeof(*chunk) + 8, size = record - 1, outstanding;
	int ready[2];
	struct witness w;
	GThread *thread;

	begin(&w, MIRACAST_TEST_DRIVER);
	witness_run(&w);
	witness_wait_until_started(&w);
	callbacks = w.callbacks;
	report_chunks(1, 3);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, 0, 0, NULL, &size, buffer, NULL), ==,
			-EMSGSIZE);
	g_assert_cmpuint(size, ==, record);
	size = 2 * record + 1;
	g_assert_cmpint(callbacks->get_next_chunk(w.host, 0, 0, NULL, &size, buffer, &outstanding),
			==, 0);
	g_assert_cmpuint(size, ==, 2 * record);
	g_assert_cmpuint(outstanding, ==, 1);
	g_assert_cmpuint(chunk->info.id, ==, MIRACAST_CHUNK_ID(1, 0));

	report_chunks(10, MIRACAST_MAX_CHUNKS);
	size = sizeof(buffer);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, -1, 0, NULL, &size, buffer, NULL), ==,
			-ECONNRESET);
	/* What there was room for after the loss. */
	size = sizeof(buffer);
	while (callbacks->get_next_chunk(w.host, 0, 0, NULL, &size, buffer, NULL) == 0)
		size = sizeof(buffer);

	size = sizeof(buffer);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, 100, 0, NULL, &size, buffer, NULL), ==,
			-ETIMEDOUT);
	thread = g_thread_new("report", report_later, NULL);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, -1, 0, NULL, &size, buffer, NULL), ==, 0);
	g_assert_cmpuint(chunk->info.id, ==, MIRACAST_CHUNK_ID(77, 0));
	g_thread_join(thread);

	g_assert_no_errno(pipe2(ready, O_CLOEXEC));
	g_assert_cmpint(write(ready[1], "x", 1), ==, 1);
	size = sizeof(buffer);
	g_assert_cmpint(callbacks->get_next_chunk(w.host, -1, 1, ready, &size, buffer, NULL), ==, 1);
	g_assert_cmpuint(size, ==, 0);
	close(ready[0]);
	close(ready[1]);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	end(&w);
}

/* -------------------------------------------------------------------- the end */

static gpointer destroy_later(gpointer data)
{
	const struct miracast_destroy_sink destroy = { .target = kernel.target };

	g_usleep(100 * 1000);
	g_assert_no_errno(ioctl(kernel.broker, MIRACAST_IOC_DESTROY_SINK, &destroy));
	return NULL;
}

/* The broker takes the context away under the driver, which waits for chunks. */
static void test_kernel_gone(void)
{
	uint64_t chunks[32];
	uint32_t size = sizeof(chunks);
	struct witness w;
	GThread *thread;

	begin(&w, MIRACAST_TEST_DRIVER);
	w.hold_handlers = TRUE;
	witness_run(&w);
	witness_wait_until_started(&w);
	send_messages(0, 1);
	witness_wait_for_handlers(&w, 1);
	thread = g_thread_new("destroy", destroy_later, NULL);
	g_assert_cmpint(w.callbacks->get_next_chunk(w.host, -1, 0, NULL, &size, chunks, NULL), ==,
			-ENODEV);
	g_thread_join(thread);
	g_assert_cmpint(collect().status, ==, -ECANCELED);
	g_assert_cmpint(control(&w, WITNESS_CONTROL), !=, 0);
	witness_release_handlers(&w);
	g_assert_cmpint(witness_join(&w), ==, -ENODEV);
	g_assert_cmpstr(w.calls->str, ==, "create start stop destroy ");
	end(&w);
}

static void slow(struct witness *w)
{
	g_usleep(3200 * 1000);
}

static void test_overdue(void)
{
	struct witness w;

	begin(&w, MIRACAST_TEST_DRIVER);
	w.in_destroy = slow;
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_cmpstr(w.log->str, ==, "destroy ");
	end(&w);
}

/* ----------------------------------------------------------------- the sample */

static void test_sample(void)
{
	uint8_t buffer[sizeof(struct miracast_chunk) + sizeof(struct miracast_sample_chunk)]
		__attribute__((aligned(8)));
	const struct miracast_chunk *chunk = (const struct miracast_chunk *)buffer;
	const struct miracast_sample_chunk *picture = (const struct miracast_sample_chunk *)(chunk + 1);
	uint32_t size = sizeof(buffer);
	uint64_t more = 0;
	struct witness w;
	int err;

	begin(&w, MIRACAST_SAMPLE_DRIVER);
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(w.callbacks->get_next_chunk(w.host, 10000, 0, NULL, &size, buffer, NULL), ==,
			0);
	g_assert_cmpuint(w.handled, ==, 1);
	g_assert_cmpuint(chunk->info.type, ==, MIRACAST_CHUNK_ENCODE);
	g_assert_cmpuint(MIRACAST_CHUNK_ID_FRAME(chunk->info.id), ==, 1);
	g_assert_cmpuint(chunk->data_len, ==, sizeof(*picture));
	g_assert_cmpuint(picture->key, ==, 1);
	g_assert_cmpuint(target_info().flags, ==, MIRACAST_TARGET_OPEN | MIRACAST_TARGET_PLUGGED);

	/* A key frame when it is wanted, and only then. */
	size = sizeof(buffer);
	g_assert_cmpint(w.callbacks->get_next_chunk(w.host, 10000, 0, NULL, &size, buffer, NULL), ==,
			0);
	g_assert_cmpuint(picture->key, ==, 0);
	g_assert_cmpint(w.callbacks->io_control(w.host, false, MIRACAST_SAMPLE_CTL_KEY_FRAME, 0,
						NULL, 0, NULL, NULL), ==, 0);
	/* Of a newer driver: zeros say nothing new. */
	g_assert_cmpint(w.callbacks->io_control(w.host, false, MIRACAST_SAMPLE_CTL_KEY_FRAME,
						sizeof(more), &more, 0, NULL, NULL), ==, 0);
	more = 1;
	g_assert_cmpint(w.callbacks->io_control(w.host, false, MIRACAST_SAMPLE_CTL_KEY_FRAME,
						sizeof(more), &more, 0, NULL, NULL), ==, -E2BIG);
	do {
		size = sizeof(buffer);
		err = w.callbacks->get_next_chunk(w.host, 10000, 0, NULL, &size, buffer, NULL);
	} while (!err && !picture->key);
	g_assert_cmpint(err, ==, 0);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_cmpuint(target_info().flags, ==, MIRACAST_TARGET_OPEN);
	end(&w);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/guarantees/R45-R53-status-and-bytes", test_status_and_bytes);
	g_test_add_func("/guarantees/R51-R52-several-at-once", test_several_at_once);
	g_test_add_func("/guarantees/R48-R49-R50-held-and-dropped", test_held_and_dropped);
	g_test_add_func("/guarantees/R13-R43-R51-never-beside", test_never_beside);
	g_test_add_func("/guarantees/R34-R35-R59-gates", test_gates);
	g_test_add_func("/guarantees/R18-R81-dead-after-destroy", test_dead_after_destroy);
	g_test_add_func("/guarantees/R80-status", test_status);
	g_test_add_func("/guarantees/R63-R64-R65-R66-chunks", test_chunks);
	g_test_add_func("/guarantees/R23-R65-kernel-gone", test_kernel_gone);
	g_test_add_func("/guarantees/R19-overdue", test_overdue);
	g_test_add_func("/guarantees/sample-driver", test_sample);
	return g_test_run();
}
