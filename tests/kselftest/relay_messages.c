// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages from a display driver to the user-mode driver: R37 to R53.
 */
#include <sys/uio.h>

#include "miracast_kselftest.h"

FIXTURE(relay) {
	struct relay r;
};

FIXTURE_SETUP(relay)
{
	relay_open(_metadata, &self->r);
}

FIXTURE_TEARDOWN(relay)
{
	relay_close(_metadata, &self->r);
}

/* A pointer that faults; the compiler need not know. */
static void *_Atomic bad_pointer = (void *)8;

TEST_F(relay, R38_accepted_is_not_handled)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 id;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 7, &id));
	EXPECT_EQ(-ETIMEDOUT, test_collect(self->r.test, &done, 100));

	/* Read is not handled, either. */
	ASSERT_EQ(sizeof(record.head) + 8, sink_read(self->r.sink, &record));
	EXPECT_EQ(-ETIMEDOUT, test_collect(self->r.test, &done, 100));

	ASSERT_LT(0, sink_reply(self->r.sink, id, 0, NULL, 0));
	EXPECT_EQ(0, test_collect(self->r.test, &done, 1000));
}

TEST_F(relay, record_layout)
{
	struct record record;
	__u64 id;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 7, &id));
	ASSERT_EQ(sizeof(record.head) + 8, sink_read(self->r.sink, &record));
	EXPECT_EQ(sizeof(record.head) + 8, record.head.len);
	EXPECT_EQ(MIRACAST_REC_MESSAGE, record.head.type);
	EXPECT_EQ(0, record.head.flags);
	EXPECT_EQ(sizeof(record.head), record.head.header_len);
	EXPECT_EQ(id, record.head.id);
	EXPECT_EQ(64, record.head.out_max);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(7 + i, record.data[i]);
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
}

TEST_F(relay, R40_R53_status_and_bytes_reach_the_sender)
{
	struct miracast_test_completion done;
	struct record record;
	uint8_t data[64];
	__u64 id[2];

	memset(data, 0x5a, sizeof(data));
	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id[0]));
	ASSERT_EQ(0, test_send(self->r.test, 2, &id[1]));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	ASSERT_LT(0, sink_read(self->r.sink, &record));

	ASSERT_EQ(sizeof(struct miracast_reply) + sizeof(data),
		  sink_reply(self->r.sink, id[0], 0, data, sizeof(data)));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 1000));
	EXPECT_EQ(1, done.cookie);
	EXPECT_EQ(0, done.status);
	EXPECT_EQ(64, done.bytes);
	EXPECT_EQ(0, memcmp(data, done.data, sizeof(data)));
	/* R44: the thread that completed it */
	EXPECT_EQ(thread_id(), done.tid);

	ASSERT_LT(0, sink_reply(self->r.sink, id[1], -EIO, NULL, 0));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 1000));
	EXPECT_EQ(2, done.cookie);
	EXPECT_EQ(-EIO, done.status);
	/* R45 */
	EXPECT_EQ(0, done.bytes);
	EXPECT_EQ(0, done.has_out);
}

TEST_F(relay, R39_callback_is_optional)
{
	struct miracast_test_send send = {
		.flags = MIRACAST_TEST_NO_DONE, .in_len = 4, .count = 1,
	};
	struct record record;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_EQ(0, record.head.out_max);
	EXPECT_LT(0, sink_reply(self->r.sink, send.id, 0, NULL, 0));

	/* Without a callback there is nobody to give output to. */
	send.out_max = 4;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
}

TEST_F(relay, send_arguments)
{
	struct miracast_test_completion done;
	struct miracast_test_send send = { .count = 1 };
	struct record record;

	ASSERT_EQ(0, sink_start(self->r.sink));

	send.flags = MIRACAST_TEST_NULL_IN;
	send.in_len = 1;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	send.in_len = 0;
	EXPECT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	EXPECT_EQ(sizeof(record.head), sink_read(self->r.sink, &record));
	EXPECT_LT(0, sink_reply(self->r.sink, send.id, 0, NULL, 0));
	EXPECT_EQ(0, test_collect(self->r.test, &done, 1000));

	send.flags = 0;
	send.in_len = MIRACAST_MAX_MESSAGE + 1;
	EXPECT_EQ(-EMSGSIZE, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	send.in_len = 0;
	send.out_max = MIRACAST_MAX_MESSAGE + 1;
	EXPECT_EQ(-EMSGSIZE, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));

	/* The largest, both ways. */
	send.in_len = MIRACAST_MAX_MESSAGE;
	send.out_max = MIRACAST_MAX_MESSAGE;
	send.cookie = 0;
	EXPECT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	EXPECT_EQ(sizeof(record), sink_read(self->r.sink, &record));
	EXPECT_EQ((uint8_t)(MIRACAST_MAX_MESSAGE - 1),
		  record.data[MIRACAST_MAX_MESSAGE - 1]);
	EXPECT_LT(0, sink_reply(self->r.sink, send.id, 0, record.data,
				MIRACAST_MAX_MESSAGE));
	EXPECT_EQ(0, test_collect(self->r.test, &done, 1000));
	EXPECT_EQ(MIRACAST_MAX_MESSAGE, done.bytes);
	EXPECT_EQ(0, memcmp(record.data, done.data, sizeof(done.data)));
}

TEST_F(relay, R43_cancel_completes_once)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 id[2];

	ASSERT_EQ(0, sink_start(self->r.sink));

	/* Not delivered: the reader never hears of it. */
	ASSERT_EQ(0, test_send(self->r.test, 1, &id[0]));
	EXPECT_EQ(0, test_cancel(self->r.test, id[0]));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
	EXPECT_EQ(-ENOENT, test_cancel(self->r.test, id[0]));
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));

	/* Delivered: the reader is told, its reply comes too late. */
	ASSERT_EQ(0, test_send(self->r.test, 2, &id[1]));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_EQ(0, test_cancel(self->r.test, id[1]));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
	EXPECT_EQ(-ENOENT, test_cancel(self->r.test, id[1]));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id[1], 0, NULL, 0));
	EXPECT_EQ(POLLIN, fd_poll(self->r.sink, POLLIN, 0));
	ASSERT_EQ(sizeof(record.head), sink_read(self->r.sink, &record));
	EXPECT_EQ(MIRACAST_REC_CANCEL, record.head.type);
	EXPECT_EQ(id[1], record.head.id);
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));

	/* Completed: nothing to cancel. */
	ASSERT_EQ(0, test_send(self->r.test, 3, &id[0]));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	ASSERT_LT(0, sink_reply(self->r.sink, id[0], 0, NULL, 0));
	EXPECT_EQ(-ENOENT, test_cancel(self->r.test, id[0]));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id[0], 0, NULL, 0));
}

TEST_F(relay, R43_timeout_completes_that_message_only)
{
	struct miracast_test_send send = {
		.in_len = 8, .out_max = 8, .timeout_ms = 200, .count = 2,
	};
	struct miracast_test_completion done;
	struct record record;
	__u64 other, start = now_ms();
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 100, &other));
	ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	ASSERT_LT(0, sink_read(self->r.sink, &record));

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, test_collect(self->r.test, &done, 10000));
		EXPECT_EQ(-ETIMEDOUT, done.status);
		EXPECT_GT(2, done.cookie);
	}
	EXPECT_LE(200, now_ms() - start);

	/* One of the two was delivered, and is told to be gone. */
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_EQ(MIRACAST_REC_CANCEL, record.head.type);
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));

	EXPECT_LT(0, sink_reply(self->r.sink, other, 0, NULL, 0));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 1000));
	EXPECT_EQ(100, done.cookie);
	EXPECT_EQ(0, done.status);
}

TEST_F(relay, timeout_counts_while_held)
{
	struct miracast_test_send send = {
		.in_len = 8, .timeout_ms = 50, .count = 1,
	};
	struct miracast_test_completion done;
	struct record record;

	ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 10000));
	EXPECT_EQ(-ETIMEDOUT, done.status);
	ASSERT_EQ(0, sink_start(self->r.sink));
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
}

struct replier {
	int sink;
	__u64 id;
	ssize_t ret;
	pid_t tid;
};

static void *reply_thread(void *arg)
{
	struct replier *replier = arg;

	replier->tid = thread_id();
	replier->ret = sink_reply(replier->sink, replier->id, 0, NULL, 0);
	return NULL;
}

TEST_F(relay, R44_callbacks_run_at_once)
{
	struct miracast_test_send send = {
		.in_len = 8, .count = 1, .done_sleep_ms = 1000,
	};
	struct miracast_test_stats stats;
	struct replier replier[3];
	pthread_t thread[3];
	struct record record;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
		ASSERT_LT(0, sink_read(self->r.sink, &record));
		replier[i].sink = self->r.sink;
		replier[i].id = send.id;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, reply_thread,
					    &replier[i]));
	}
	for (i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_LT(0, replier[i].ret);
	}
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(3, stats.max_done);
}

TEST_F(relay, R45_no_payload_beside_a_failure)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 id;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_EQ(-EINVAL, sink_reply(self->r.sink, id, -EIO, "x", 1));
	EXPECT_EQ(-ETIMEDOUT, test_collect(self->r.test, &done, 0));
	EXPECT_LT(0, sink_reply(self->r.sink, id, -EIO, NULL, 0));
	EXPECT_EQ(0, test_collect(self->r.test, &done, 1000));
}

TEST_F_TIMEOUT(relay, R47_callback_frees_its_context, 120)
{
	struct miracast_test_send send = {
		.flags = MIRACAST_TEST_FORGET, .in_len = 100, .out_max = 100,
	};
	struct miracast_test_stats stats;
	struct record record;
	int i, j;

	ASSERT_EQ(0, sink_start(self->r.sink));
	for (i = 0; i < 20; i++) {
		send.count = 100;
		ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
		for (j = 0; j < 100; j++) {
			ASSERT_LT(0, sink_read(self->r.sink, &record));
			ASSERT_LT(0, sink_reply(self->r.sink, record.head.id, 0,
						record.data, 100));
		}
	}
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(2000, stats.completed);
}

TEST_F(relay, R47_callback_may_send)
{
	struct miracast_test_send send = {
		.in_len = 8, .count = 1, .cookie = 1, .resend = 3,
	};
	struct miracast_test_completion done;
	struct record record;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	for (i = 0; i < 4; i++) {
		ASSERT_LT(0, sink_read(self->r.sink, &record));
		ASSERT_LT(0, sink_reply(self->r.sink, record.head.id, 0, NULL, 0));
		ASSERT_EQ(0, test_collect(self->r.test, &done, 1000));
		EXPECT_EQ(1 + 1000000 * i, done.cookie);
	}
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
}

/* -------------------------------------------------------------- the gate */

TEST_F(relay, R48_R49_held_until_started_in_order)
{
	struct record record;
	__u64 id[3];
	int i;

	ASSERT_EQ(0, test_send(self->r.test, 1, &id[0]));
	EXPECT_EQ(0, fd_poll(self->r.sink, POLLIN, 50));
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));

	ASSERT_EQ(0, sink_op(self->r.sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	ASSERT_EQ(0, test_send(self->r.test, 2, &id[1]));
	EXPECT_EQ(0, fd_poll(self->r.sink, POLLIN, 50));
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));

	ASSERT_EQ(0, sink_op(self->r.sink, MIRACAST_SESSION_END_START, 0, 0));
	ASSERT_EQ(0, test_send(self->r.test, 3, &id[2]));
	EXPECT_EQ(POLLIN, fd_poll(self->r.sink, POLLIN, 0));
	for (i = 0; i < 3; i++) {
		ASSERT_LT(0, sink_read(self->r.sink, &record));
		EXPECT_EQ(id[i], record.head.id);
	}
	EXPECT_LT(id[0], id[1]);
	EXPECT_LT(id[1], id[2]);
}

TEST_F(relay, R48_message_of_create_context_is_held)
{
	struct record record;
	int i;

	close(self->r.sink);
	ASSERT_EQ(0, test_setup(self->r.test, 0, 0, 2));
	self->r.sink = broker_open_sink(self->r.broker, self->r.target,
					MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, self->r.sink);
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
	ASSERT_EQ(0, sink_start(self->r.sink));
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, sink_read(self->r.sink, &record));
		EXPECT_EQ(i, record.data[0]);
	}
}

TEST_F(relay, R50_sent_after_stop_fails_by_callback)
{
	struct miracast_test_completion done;
	struct record record;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, sink_op(self->r.sink,
				     i ? MIRACAST_SESSION_END_STOP :
					 MIRACAST_SESSION_BEGIN_STOP, 0, 0));
		ASSERT_EQ(0, test_send(self->r.test, 5, NULL));
		ASSERT_EQ(0, test_collect(self->r.test, &done, 5000));
		EXPECT_EQ(-ESHUTDOWN, done.status);
		EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
		EXPECT_EQ(0, fd_poll(self->r.sink, POLLIN, 0));
	}
}

TEST_F(relay, R50_resend_after_stop_does_not_recurse)
{
	struct miracast_test_send send = {
		.in_len = 8, .count = 1, .resend = 2000,
	};
	struct miracast_test_stats stats;
	struct miracast_test_completion done;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, sink_stop(self->r.sink));
	ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	for (i = 0; i <= 2000; i++)
		ASSERT_EQ(0, test_collect(self->r.test, &done, 5000));
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(2001, stats.completed);
	EXPECT_EQ(1, stats.max_done);
}

TEST_F(relay, stop_completes_held_and_delivered)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 id;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	ASSERT_EQ(0, test_send(self->r.test, 2, NULL));
	ASSERT_LT(0, sink_read(self->r.sink, &record));

	ASSERT_EQ(0, sink_op(self->r.sink, MIRACAST_SESSION_BEGIN_STOP, 0, 0));
	for (i = 0; i < 2; i++) {
		/* At once: before BEGIN_STOP has returned. */
		ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
		EXPECT_EQ(-ECANCELED, done.status);
	}
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id, 0, NULL, 0));
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
}

TEST_F(relay, failed_start_completes_held)
{
	struct miracast_test_completion done;

	ASSERT_EQ(0, test_send(self->r.test, 1, NULL));
	ASSERT_EQ(0, sink_op(self->r.sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	ASSERT_EQ(0, test_send(self->r.test, 2, NULL));
	ASSERT_EQ(0, sink_op(self->r.sink, MIRACAST_SESSION_FAIL_START, 0, -ENOSPC));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
	EXPECT_EQ(1, done.cookie);
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
}

TEST_F(relay, new_generation_after_stop)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 old, id;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &old));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	/* Its cancel record must not survive the stop. */
	ASSERT_EQ(0, test_cancel(self->r.test, old));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	ASSERT_EQ(0, sink_stop(self->r.sink));

	ASSERT_EQ(0, sink_start(self->r.sink));
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, old, 0, NULL, 0));
	ASSERT_EQ(0, test_send(self->r.test, 2, &id));
	EXPECT_LT(old, id);
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_EQ(id, record.head.id);
	EXPECT_LT(0, sink_reply(self->r.sink, id, 0, NULL, 0));
	EXPECT_EQ(0, test_collect(self->r.test, &done, 1000));
	EXPECT_EQ(0, done.status);
}

/* --------------------------------------------------------- read and write */

TEST_F(relay, R52_replies_in_any_order)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 id[4];
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, test_send(self->r.test, i, &id[i]));
	for (i = 0; i < 4; i++)
		ASSERT_LT(0, sink_read(self->r.sink, &record));
	for (i = 3; i >= 0; i--) {
		ASSERT_LT(0, sink_reply(self->r.sink, id[i], -1 - i, NULL, 0));
		ASSERT_EQ(0, test_collect(self->r.test, &done, 1000));
		EXPECT_EQ(i, done.cookie);
		EXPECT_EQ(-1 - i, done.status);
	}
}

TEST_F(relay, short_buffer_loses_nothing)
{
	struct record record;
	__u64 id;
	char byte;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	EXPECT_EQ(-1, read(self->r.sink, &byte, 1));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, read(self->r.sink, &record, sizeof(record.head) + 7));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(sizeof(record.head) + 8,
		  read(self->r.sink, &record, sizeof(record.head) + 8));
	EXPECT_EQ(id, record.head.id);
}

TEST_F(relay, fault_in_read_loses_nothing)
{
	struct record record;
	struct iovec iov[2] = {
		{ &record, sizeof(record.head) }, { bad_pointer, 4096 },
	};
	__u64 id[2];
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, test_send(self->r.test, i, &id[i]));
	EXPECT_EQ(-1, read(self->r.sink, bad_pointer, 4096));
	EXPECT_EQ(EFAULT, errno);
	/* The header can be written, the payload not. */
	EXPECT_EQ(-1, readv(self->r.sink, iov, 2));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id[0], 0, NULL, 0));
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, sink_read(self->r.sink, &record));
		EXPECT_EQ(id[i], record.head.id);
	}
}

/* Of a call that must not wait, on a sink that may: io_uring does the same. */
TEST_F(relay, nowait_is_said_by_the_call)
{
	struct miracast_test_completion done;
	struct miracast_reply reply = {
		.len = sizeof(reply), .header_len = sizeof(reply),
	};
	struct record record;
	struct iovec in = { &record, sizeof(record) };
	struct iovec out = { &reply, sizeof(reply) };

	ASSERT_EQ(0, relay_set_blocking(&self->r));
	ASSERT_EQ(0, sink_start(self->r.sink));
	EXPECT_EQ(-1, preadv2(self->r.sink, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, test_send(self->r.test, 1, &reply.id));
	ASSERT_EQ(sizeof(record.head) + 8,
		  preadv2(self->r.sink, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(reply.id, record.head.id);
	EXPECT_EQ(-1, preadv2(self->r.sink, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(sizeof(reply), pwritev2(self->r.sink, &out, 1, -1, RWF_NOWAIT));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 1000));
	EXPECT_EQ(0, done.status);
}

TEST_F(relay, scattered_record_and_reply)
{
	struct miracast_test_completion done;
	struct miracast_reply reply = { .len = sizeof(reply) + 4, .header_len = sizeof(reply) };
	struct miracast_record head;
	uint8_t a[3], b[100];
	struct iovec in[3] = { { &head, sizeof(head) }, { a, 3 }, { b, 100 } };
	struct iovec out[2] = { { &reply, sizeof(reply) }, { "wxyz", 4 } };

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 20, &reply.id));
	ASSERT_EQ(sizeof(head) + 8, readv(self->r.sink, in, 3));
	EXPECT_EQ(22, a[2]);
	EXPECT_EQ(27, b[4]);
	ASSERT_EQ(sizeof(reply) + 4, writev(self->r.sink, out, 2));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 1000));
	EXPECT_EQ(4, done.bytes);
	EXPECT_EQ(0, memcmp("wxyz", done.data, 4));
}

TEST_F(relay, bad_replies_leave_the_message)
{
	struct miracast_reply reply = { .len = sizeof(reply), .header_len = sizeof(reply) };
	struct miracast_test_completion done;
	struct record record;
	uint8_t big[65] = { 0 };
	struct iovec iov[2] = {
		{ &reply, sizeof(reply) }, { bad_pointer, 16 },
	};

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &reply.id));
	/* Nobody has read it yet. */
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, reply.id, 0, NULL, 0));
	ASSERT_LT(0, sink_read(self->r.sink, &record));

	EXPECT_EQ(-1, write(self->r.sink, &reply, sizeof(reply) - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->r.sink, &reply, 0));
	EXPECT_EQ(EINVAL, errno);
	reply.len++;
	EXPECT_EQ(-1, write(self->r.sink, &reply, sizeof(reply)));
	EXPECT_EQ(EINVAL, errno);
	reply.len--;
	EXPECT_EQ(-EINVAL, sink_reply(self->r.sink, reply.id, 1, NULL, 0));
	EXPECT_EQ(-EINVAL, sink_reply(self->r.sink, reply.id, -4096, NULL, 0));
	EXPECT_EQ(-EMSGSIZE, sink_reply(self->r.sink, reply.id, 0, big, 65));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, reply.id + 1, 0, NULL, 0));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, 0, 0, NULL, 0));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, reply.id + (1ULL << 32), 0,
				      NULL, 0));
	EXPECT_EQ(-1, write(self->r.sink, bad_pointer, sizeof(reply)));
	EXPECT_EQ(EFAULT, errno);
	reply.len = sizeof(reply) + 16;
	EXPECT_EQ(-1, writev(self->r.sink, iov, 2));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-ETIMEDOUT, test_collect(self->r.test, &done, 0));

	EXPECT_LT(0, sink_reply(self->r.sink, reply.id, -4095, NULL, 0));
	EXPECT_EQ(0, test_collect(self->r.test, &done, 1000));
	EXPECT_EQ(-4095, done.status);
}

TEST_F(relay, blocking_read_waits)
{
	struct miracast_test_completion done;
	struct record record;
	pid_t child;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, relay_set_blocking(&self->r));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		sleep_ms(200);
		_exit(test_send(self->r.test, 1, NULL) ? 1 : 0);
	}
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_LT(0, sink_reply(self->r.sink, record.head.id, 0, NULL, 0));
	EXPECT_EQ(0, test_collect(self->r.test, &done, 1000));
	waitpid(child, NULL, 0);
}

/* ----------------------------------------------------------------- limits */

TEST_F(relay, limit_of_count)
{
	struct miracast_test_send send = { .in_len = 1, .count = 1000 };
	struct record record;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	EXPECT_EQ(-ENOBUFS, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	EXPECT_EQ(MIRACAST_MAX_QUEUED, send.sent);

	/* Reading makes no room, an answer does; so does a stop. */
	for (i = 0; i < 2; i++)
		ASSERT_LT(0, sink_read(self->r.sink, &record));
	send.count = 1;
	EXPECT_EQ(-ENOBUFS, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	ASSERT_LT(0, sink_reply(self->r.sink, record.head.id, 0, NULL, 0));
	EXPECT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	EXPECT_EQ(-ENOBUFS, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));

	ASSERT_EQ(0, sink_stop(self->r.sink));
	ASSERT_EQ(0, sink_start(self->r.sink));
	send.count = MIRACAST_MAX_QUEUED;
	EXPECT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
}

TEST_F(relay, limit_of_bytes)
{
	struct miracast_test_send send = {
		.in_len = MIRACAST_MAX_MESSAGE, .out_max = MIRACAST_MAX_MESSAGE,
		.count = 100,
	};

	ASSERT_EQ(0, sink_start(self->r.sink));
	EXPECT_EQ(-ENOBUFS, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send));
	EXPECT_EQ(MIRACAST_MAX_QUEUED_BYTES / (2 * MIRACAST_MAX_MESSAGE), send.sent);
}

TEST_F(relay, limit_counts_cancel_records)
{
	struct record record;
	__u64 id;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	for (i = 0; i < MIRACAST_MAX_QUEUED; i++) {
		ASSERT_EQ(0, test_send(self->r.test, i, NULL));
		do {
			ASSERT_LT(0, sink_read(self->r.sink, &record));
		} while (record.head.type != MIRACAST_REC_MESSAGE);
		id = record.head.id;
		ASSERT_EQ(0, test_cancel(self->r.test, id));
	}
	/* Each read took the cancel record before: one is left. */
	ASSERT_EQ(sizeof(record.head), sink_read(self->r.sink, &record));
	EXPECT_EQ(id, record.head.id);
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
}

/* ----------------------------------------------------------------- stress */

struct stress {
	int sink, test;
	atomic_bool stop;
};

static void *stress_send(void *arg)
{
	struct miracast_test_send send = {
		.flags = MIRACAST_TEST_FORGET, .in_len = 300, .out_max = 300,
		.timeout_ms = 5, .count = 8,
	};
	struct stress *stress = arg;
	unsigned int i;

	for (i = 0; !stress->stop; i++) {
		send.timeout_ms = i % 3 ? 0 : 5;
		send.resend = i % 4 ? 0 : 1;
		dev_ioctl(stress->test, MIRACAST_TEST_IOC_SEND, &send);
		if (i % 5 == 0)
			test_cancel(stress->test, send.id);
	}
	return NULL;
}

static void *stress_reply(void *arg)
{
	struct stress *stress = arg;
	struct record record;
	struct pollfd pollfd = { .fd = stress->sink, .events = POLLIN };

	while (!stress->stop) {
		poll(&pollfd, 1, 10);
		if (sink_read(stress->sink, &record) > 0 &&
		    record.head.type == MIRACAST_REC_MESSAGE)
			sink_reply(stress->sink, record.head.id, 0, record.data,
				   record.head.out_max);
	}
	return NULL;
}

TEST_F_TIMEOUT(relay, R43_exactly_once_under_stress, 240)
{
	struct stress stress = { .sink = self->r.sink, .test = self->r.test };
	struct miracast_test_stats stats;
	__u64 end = now_ms() + 5000;
	pthread_t thread[6];
	int i;

	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL,
					    i % 2 ? stress_reply : stress_send,
					    &stress));
	/* Generations of starts and stops, and reports that stop. */
	for (i = 0; now_ms() < end; i++) {
		struct miracast_report_status report = { 0 };

		ASSERT_EQ(0, sink_start(self->r.sink));
		sleep_ms(20);
		if (i % 2)
			EXPECT_EQ(0, dev_ioctl(self->r.sink,
					       MIRACAST_IOC_REPORT_STATUS, &report));
		ASSERT_EQ(0, sink_stop(self->r.sink));
	}
	stress.stop = true;
	for (i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);

	/* The end of the context completes the rest; the teardown compares. */
	close(self->r.sink);
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_LT(1000, stats.accepted);
	TH_LOG("%llu messages", (unsigned long long)stats.accepted);
}

TEST_HARNESS_MAIN
