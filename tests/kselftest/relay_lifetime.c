// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends of a session, by everybody who can end it, under users who do not let
 * go: R18, R21 to R25, R42, R43.
 */
#include <sys/uio.h>

#include "miracast_memory.h"

#define SYNC_MS	10000	/* far more than any step takes, far less than for ever */

FIXTURE(lifetime) {
	struct relay r;
};

FIXTURE_SETUP(lifetime)
{
	relay_open(_metadata, &self->r);
}

FIXTURE_TEARDOWN(lifetime)
{
	relay_close(_metadata, &self->r);
}

static int destroyed(int test)
{
	struct miracast_test_stats stats;

	test_stats(test, &stats);
	return (int)stats.destroyed;
}

/* Every call on a sink fd whose context is gone. */
static void check_gone(struct __test_metadata *_metadata, int sink)
{
	struct miracast_report_status report = { 0 };
	struct miracast_test_add add = { 0 };
	struct record record;

	EXPECT_EQ(-ENODEV, sink_read(sink, &record));
	EXPECT_EQ(-ENODEV, sink_reply(sink, 1, 0, NULL, 0));
	EXPECT_EQ(-ENODEV, sink_op(sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	EXPECT_EQ(-ENODEV, sink_op(sink, MIRACAST_SESSION_END_STOP, 0, 0));
	EXPECT_EQ(-ENODEV, sink_io_control(sink, MIRACAST_TEST_CTL_ECHO, NULL, 0,
					   NULL, 0, NULL));
	EXPECT_EQ(-ENODEV, dev_ioctl(sink, MIRACAST_IOC_REPORT_STATUS, &report));
	EXPECT_EQ(-ENODEV, dev_ioctl(sink, MIRACAST_TEST_SINK_IOC_ADD, &add));
	EXPECT_EQ(POLLHUP | POLLERR, fd_poll(sink, POLLIN, 0));
}

/* ------------------------------------------------------------- ways to end */

TEST_F(lifetime, R21_close_destroys_and_completes)
{
	struct miracast_test_completion done;
	struct record record;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, test_send(self->r.test, i, NULL));
	}
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	close(self->r.sink);
	EXPECT_EQ(1, destroyed(self->r.test));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
		EXPECT_EQ(-ECANCELED, done.status);
		EXPECT_EQ(1, done.calls);
	}
	/* R18: nothing is accepted any more. */
	EXPECT_EQ(-ENODEV, test_send(self->r.test, 9, NULL));
	/* The target is free for the next. */
	self->r.sink = broker_open_sink(self->r.broker, self->r.target, 0);
	EXPECT_LE(0, self->r.sink);
}

TEST_F(lifetime, held_messages_end_with_the_context)
{
	struct miracast_test_completion done;

	ASSERT_EQ(0, test_send(self->r.test, 1, NULL));
	close(self->r.sink);
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
}

TEST_F(lifetime, duplicate_keeps_the_session)
{
	int copy = dup(self->r.sink);

	ASSERT_LE(0, copy);
	close(self->r.sink);
	EXPECT_EQ(0, destroyed(self->r.test));
	EXPECT_EQ(0, sink_start(copy));
	close(copy);
	EXPECT_EQ(1, destroyed(self->r.test));
}

TEST_F(lifetime, child_keeps_the_session_until_killed)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		/* The broker is not ours to keep. */
		close(self->r.broker);
		pause();
	}
	close(self->r.sink);
	EXPECT_EQ(0, destroyed(self->r.test));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_EQ(1, destroyed(self->r.test));
}

TEST_F(lifetime, R23_broker_destroys_under_the_user)
{
	struct miracast_test_completion done;
	struct record record;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, NULL));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	ASSERT_EQ(0, broker_destroy_sink(self->r.broker, self->r.target));
	EXPECT_EQ(1, destroyed(self->r.test));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
	check_gone(_metadata, self->r.sink);
	EXPECT_EQ(-ENOENT, broker_destroy_sink(self->r.broker, self->r.target));
	EXPECT_EQ(-ENOENT, broker_destroy_sink(self->r.broker, 0xfffffff0));

	/* R24: the close that comes late does not end the next session. */
	ASSERT_LE(0, broker_open_sink(self->r.broker, self->r.target, 0));
	close(self->r.sink);
	EXPECT_EQ(1, destroyed(self->r.test));
}

TEST_F(lifetime, broker_close_ends_all)
{
	struct miracast_target_info info;
	struct miracast_test_stats stats = { .target = 1 };
	int sink;

	ASSERT_EQ(0, test_setup(self->r.test, 1, 0, 0));
	sink = broker_open_sink(self->r.broker,
				broker_find(self->r.broker, 1, &info), 0);
	ASSERT_LE(0, sink);
	ASSERT_EQ(0, sink_start(self->r.sink));
	close(self->r.broker);
	EXPECT_EQ(1, destroyed(self->r.test));
	ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_STATS, &stats));
	EXPECT_EQ(1, stats.destroyed);
	check_gone(_metadata, self->r.sink);
	check_gone(_metadata, sink);
	close(sink);

	/* The next one finds everything free, while old fds are open. */
	self->r.broker = broker_open();
	ASSERT_LE(0, self->r.broker);
	ASSERT_EQ(0, broker_hello(self->r.broker));
	EXPECT_LE(0, broker_open_sink(self->r.broker, self->r.target, 0));
}

TEST_F(lifetime, killed_daemon_leaves_nothing)
{
	struct miracast_test_completion done;
	pid_t child;
	int ready[2];
	char byte;
	int i;

	close(self->r.sink);
	close(self->r.broker);
	ASSERT_EQ(0, pipe(ready));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct relay relay = { .broker = broker_open() };
		struct record record;
		int sink;

		broker_hello(relay.broker);
		sink = broker_open_sink(relay.broker, self->r.target, 0);
		sink_start(sink);
		for (i = 0; i < 10; i++)
			test_send(self->r.test, i, NULL);
		sink_read(sink, &record);
		byte = write(ready[1], "x", 1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, test_collect(self->r.test, &done, SYNC_MS));
		EXPECT_EQ(-ECANCELED, done.status);
	}
	self->r.broker = broker_open();
	ASSERT_LE(0, self->r.broker);
	ASSERT_EQ(0, broker_hello(self->r.broker));
	self->r.sink = broker_open_sink(self->r.broker, self->r.target, 0);
	EXPECT_LE(0, self->r.sink);
}

TEST_F(lifetime, unregister_under_open_fds)
{
	struct miracast_test_completion done;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, NULL));
	ASSERT_EQ(0, test_bind(self->r.test, 0, 0));
	EXPECT_EQ(1, destroyed(self->r.test));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
	EXPECT_EQ(-ENODEV, test_send(self->r.test, 2, NULL));
	check_gone(_metadata, self->r.sink);
	EXPECT_EQ(-ENOENT, broker_open_sink(self->r.broker, self->r.target, 0));
	EXPECT_EQ(-ENOENT, broker_destroy_sink(self->r.broker, self->r.target));
	ASSERT_EQ(0, test_bind(self->r.test, 0, 1));
}

TEST_F(lifetime, context_pins_the_driver)
{
	/* With its fd closed only the context holds the test driver. */
	close(self->r.test);
	EXPECT_EQ(-1, syscall(SYS_delete_module, "miracast_test", O_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
	self->r.test = test_open();
	ASSERT_LE(0, self->r.test);
}

/* ------------------------------------------------- users that do not let go */

enum stuck_in {
	STUCK_READ, STUCK_POLL, STUCK_IO_CONTROL_WAIT,
	STUCK_FAULT_READ, STUCK_FAULT_WRITE, STUCK_FAULT_IO_CONTROL_IN,
	STUCK_FAULT_IO_CONTROL_OUT, STUCK_FAULT_IOCTL, STUCK_FAULT_CHUNKS,
	STUCK_FAULT_STATUS,
	NUM_STUCK,
};

struct stuck {
	enum stuck_in in;
	struct relay *relay;
	struct slow_page slow;
	atomic_long ret;
	atomic_bool ended;
};

static void *stuck_thread(void *arg)
{
	struct stuck *stuck = arg;
	int sink = stuck->relay->sink;
	struct miracast_get_chunks chunks = {
		.buf_ptr = (uintptr_t)stuck->slow.page, .buf_len = 4096,
	};
	struct miracast_reply reply = {
		.len = sizeof(reply) + 8, .header_len = sizeof(reply), .id = 1,
	};
	struct iovec iov[2] = { { &reply, sizeof(reply) }, { stuck->slow.page, 8 } };
	struct record record;
	char buf[8] = { 0 };
	long ret = 0;

	switch (stuck->in) {
	case STUCK_READ:
		ret = read(sink, &record, sizeof(record));
		break;
	case STUCK_POLL:
		ret = fd_poll(sink, POLLIN, -1) == (POLLHUP | POLLERR) ? -1 : 0;
		errno = ENODEV;
		break;
	case STUCK_IO_CONTROL_WAIT:
		ret = sink_io_control(sink, MIRACAST_TEST_CTL_ECHO, NULL, 0, NULL, 0,
				      NULL);
		break;
	case STUCK_FAULT_READ:
		ret = read(sink, stuck->slow.page, 4096);
		break;
	case STUCK_FAULT_WRITE:
		ret = writev(sink, iov, 2);
		break;
	case STUCK_FAULT_IO_CONTROL_IN:
		ret = sink_io_control(sink, MIRACAST_TEST_CTL_ECHO, stuck->slow.page, 8,
				      buf, 8, NULL);
		break;
	case STUCK_FAULT_IO_CONTROL_OUT:
		ret = sink_io_control(sink, MIRACAST_TEST_CTL_ECHO, buf, 8,
				      stuck->slow.page, 8, NULL);
		break;
	case STUCK_FAULT_IOCTL:
		ret = ioctl(sink, MIRACAST_TEST_SINK_IOC_ADD, stuck->slow.page);
		break;
	case STUCK_FAULT_CHUNKS:
		ret = ioctl(sink, MIRACAST_IOC_GET_CHUNKS, &chunks);
		break;
	case STUCK_FAULT_STATUS:
		ret = ioctl(sink, MIRACAST_IOC_REPORT_STATUS, stuck->slow.page);
		break;
	default:
		break;
	}
	stuck->ret = ret == -1 ? -errno : ret;
	stuck->ended = true;
	return NULL;
}

enum end {
	END_STOP, END_CLOSE, END_DESTROY, END_UNREGISTER,
};

/* End the session under a thread that is stuck in @in, in memory of this kind. */
static void end_under_stuck(struct __test_metadata *_metadata, struct relay *relay,
			    enum stuck_in in, enum slow_kind kind, enum end end)
{
	struct miracast_test_chunk chunk = { .count = 1 };
	struct stuck stuck = { .in = in, .relay = relay };
	bool faults = in >= STUCK_FAULT_READ;
	pthread_t thread;
	int before;
	__u64 start;

	TH_LOG("stuck in %d, memory %d, end %d", in, kind, end);
	ASSERT_EQ(0, slow_open(&stuck.slow, kind));
	ASSERT_EQ(0, relay_set_blocking(relay));
	if (in == STUCK_IO_CONTROL_WAIT) {
		ASSERT_EQ(0, sink_op(relay->sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	} else {
		ASSERT_EQ(0, sink_start(relay->sink));
	}
	if (in == STUCK_FAULT_READ) {
		ASSERT_EQ(0, test_send(relay->test, 1, NULL));
	}
	if (in == STUCK_FAULT_CHUNKS) {
		ASSERT_EQ(0, dev_ioctl(relay->test, MIRACAST_TEST_IOC_CHUNK, &chunk));
	}

	ASSERT_EQ(0, pthread_create(&thread, NULL, stuck_thread, &stuck));
	if (faults) {
		ASSERT_TRUE(slow_faulted(&stuck.slow, SYNC_MS));
	} else {
		sleep_ms(200);
	}
	ASSERT_FALSE(stuck.ended);

	before = destroyed(relay->test);
	start = now_ms();
	if (end == END_STOP) {
		ASSERT_EQ(0, sink_stop(relay->sink));
	}
	if (end == END_CLOSE) {
		ASSERT_EQ(0, close(relay->sink));
	}
	if (end == END_UNREGISTER) {
		ASSERT_EQ(0, test_bind(relay->test, 0, 0));
	} else {
		ASSERT_EQ(0, broker_destroy_sink(relay->broker, relay->target));
	}
	EXPECT_GT(SYNC_MS, now_ms() - start);
	EXPECT_EQ(before + 1, destroyed(relay->test));

	/* It still holds its fault, and nothing else. */
	if (faults) {
		EXPECT_FALSE(stuck.ended);
		slow_answer(&stuck.slow);
	}
	pthread_join(thread, NULL);
	/* The output of a call that had succeeded is given; else it is gone. */
	if (in == STUCK_FAULT_IO_CONTROL_OUT) {
		EXPECT_EQ(0, stuck.ret);
	} else if (in == STUCK_FAULT_READ || in == STUCK_FAULT_CHUNKS) {
		EXPECT_GT(0, stuck.ret);
	} else if (in == STUCK_POLL && end == END_CLOSE) {
		/* It looks for the fd again, and finds none: POLLNVAL. */
		EXPECT_EQ(0, stuck.ret);
	} else {
		EXPECT_EQ(-ENODEV, stuck.ret);
	}
	slow_close(&stuck.slow);
	if (end == END_CLOSE)
		return;
	check_gone(_metadata, relay->sink);
	close(relay->sink);
}

/* The same with everything that one can be stuck in. */
static void end_under_all_stuck(struct __test_metadata *_metadata,
				struct relay *relay, enum end end)
{
	struct miracast_target_info info;
	int in, kind;

	for (in = 0; in < NUM_STUCK; in++) {
		for (kind = 0; kind < NUM_SLOW; kind++) {
			/* The others use no memory that could be slow. */
			if (kind && in < STUCK_FAULT_READ)
				break;
			end_under_stuck(_metadata, relay, in, kind, end);
			ASSERT_EQ(0, test_bind(relay->test, 0, 1));
			relay->target = broker_find(relay->broker, 0, &info);
			relay->sink = broker_open_sink(relay->broker,
						       relay->target, 0);
			ASSERT_LE(0, relay->sink);
		}
	}
}

TEST_F_TIMEOUT(lifetime, R23_destroy_under_stuck_users, 240)
{
	end_under_all_stuck(_metadata, &self->r, END_DESTROY);
}

TEST_F_TIMEOUT(lifetime, R23_unregister_under_stuck_users, 240)
{
	end_under_all_stuck(_metadata, &self->r, END_UNREGISTER);
}

/* A close only lets go of the fd; the call is a user, too. */
TEST_F_TIMEOUT(lifetime, R23_close_and_destroy_under_stuck_users, 240)
{
	end_under_all_stuck(_metadata, &self->r, END_CLOSE);
}

TEST_F_TIMEOUT(lifetime, R23_stop_and_destroy_under_stuck_users, 240)
{
	int in, kind;

	for (in = STUCK_FAULT_READ; in < NUM_STUCK; in++) {
		for (kind = 0; kind < NUM_SLOW; kind++) {
			end_under_stuck(_metadata, &self->r, in, kind, END_STOP);
			self->r.sink = broker_open_sink(self->r.broker,
							self->r.target, 0);
			ASSERT_LE(0, self->r.sink);
		}
	}
}

TEST_F(lifetime, stop_overtakes_a_read_that_faults)
{
	struct miracast_test_completion done;
	struct stuck stuck = { .in = STUCK_FAULT_READ, .relay = &self->r };
	pthread_t thread;

	ASSERT_EQ(0, slow_open(&stuck.slow, SLOW_USERFAULT));
	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, NULL));
	ASSERT_EQ(0, pthread_create(&thread, NULL, stuck_thread, &stuck));
	ASSERT_TRUE(slow_faulted(&stuck.slow, SYNC_MS));

	ASSERT_EQ(0, sink_stop(self->r.sink));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
	slow_answer(&stuck.slow);
	pthread_join(thread, NULL);
	/* Its record belongs to a generation that is over. */
	EXPECT_EQ(-EAGAIN, stuck.ret);
	slow_close(&stuck.slow);
}

TEST_F(lifetime, cancel_overtakes_a_read_that_faults)
{
	struct miracast_test_completion done;
	struct stuck stuck = { .in = STUCK_FAULT_READ, .relay = &self->r };
	struct record record;
	pthread_t thread;
	__u64 id;

	ASSERT_EQ(0, slow_open(&stuck.slow, SLOW_USERFAULT));
	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	ASSERT_EQ(0, pthread_create(&thread, NULL, stuck_thread, &stuck));
	ASSERT_TRUE(slow_faulted(&stuck.slow, SYNC_MS));
	ASSERT_EQ(0, test_cancel(self->r.test, id));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));

	/* The copy fails: nobody has seen it, nobody is told of its end. */
	ASSERT_EQ(0, mprotect(stuck.slow.page, PAGE, PROT_NONE));
	slow_answer(&stuck.slow);
	close(stuck.slow.ready);
	pthread_join(thread, NULL);
	EXPECT_EQ(-EFAULT, stuck.ret);
	EXPECT_EQ(-EAGAIN, sink_read(self->r.sink, &record));
}

static void *send_thread(void *arg)
{
	struct miracast_test_send *send = arg;
	int test = test_open();

	dev_ioctl(test, MIRACAST_TEST_IOC_SEND, send);
	close(test);
	return NULL;
}

TEST_F(lifetime, R42_destroy_waits_for_running_callbacks)
{
	struct miracast_test_send send = {
		.in_len = 8, .count = 1, .done_sleep_ms = 1500,
	};
	struct miracast_test_stats stats;
	struct record record;
	pthread_t thread;
	pid_t child;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_thread, &send));
	pthread_join(thread, NULL);
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(sink_reply(self->r.sink, record.head.id, 0, NULL, 0) < 0);
	sleep_ms(500);
	/* The books in the teardown say whether it had ended at that moment. */
	ASSERT_EQ(0, broker_destroy_sink(self->r.broker, self->r.target));
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(1, stats.destroyed);
	EXPECT_EQ(0, stats.outstanding_at_destroy);
	EXPECT_EQ(1, stats.completed);
	waitpid(child, NULL, 0);
}

TEST_F(lifetime, destroy_waits_for_running_driver_calls)
{
	struct miracast_test_add add = { .sleep_ms = 1500 };
	__u32 sleep = 1500;
	pid_t child[2];
	int i, status;

	for (i = 0; i < 2; i++) {
		child[i] = fork();
		ASSERT_LE(0, child[i]);
		if (child[i])
			continue;
		if (i)
			_exit(dev_ioctl(self->r.sink, MIRACAST_TEST_SINK_IOC_ADD,
					&add) != 0);
		_exit(sink_io_control(self->r.sink, MIRACAST_TEST_CTL_SLEEP, &sleep,
				      sizeof(sleep), NULL, 0, NULL) != 0);
	}
	sleep_ms(500);
	/* Late calls would show in the teardown. */
	ASSERT_EQ(0, broker_destroy_sink(self->r.broker, self->r.target));
	for (i = 0; i < 2; i++) {
		waitpid(child[i], &status, 0);
		EXPECT_EQ(0, status);
	}
}

/* ------------------------------------------------------------------ stress */

struct chaos {
	struct relay *relay;
	atomic_bool stop;
	unsigned int seed;
};

/* Opens, uses and loses sinks; nothing is expected but no harm. */
static void *chaos_user(void *arg)
{
	struct chaos *chaos = arg;
	struct miracast_target_info info;
	struct record record;
	unsigned int seed = chaos->seed;
	int sink, i;

	while (!chaos->stop) {
		sink = broker_open_sink(chaos->relay->broker,
					broker_find(chaos->relay->broker, 0, &info),
					MIRACAST_OPEN_NONBLOCK);
		if (sink < 0)
			continue;
		sink_start(sink);
		for (i = 0; i < 20; i++) {
			if (sink_read(sink, &record) > 0 && rand_r(&seed) % 2)
				sink_reply(sink, record.head.id, 0, NULL, 0);
			sink_io_control(sink, MIRACAST_TEST_CTL_ECHO, NULL, 0, NULL,
					0, NULL);
		}
		if (rand_r(&seed) % 2)
			sink_stop(sink);
		close(sink);
	}
	return NULL;
}

static void *chaos_sender(void *arg)
{
	struct miracast_test_send send = {
		.flags = MIRACAST_TEST_FORGET, .in_len = 64, .out_max = 64,
		.count = 4, .timeout_ms = 10,
	};
	struct chaos *chaos = arg;

	while (!chaos->stop) {
		dev_ioctl(chaos->relay->test, MIRACAST_TEST_IOC_SEND, &send);
		test_cancel(chaos->relay->test, send.id);
	}
	return NULL;
}

TEST_F_TIMEOUT(lifetime, R43_exactly_once_over_many_lives, 240)
{
	struct chaos chaos[5];
	struct miracast_target_info info;
	struct miracast_test_stats stats;
	__u64 end = now_ms() + 5000;
	pthread_t thread[5];
	int i;

	close(self->r.sink);
	self->r.sink = -1;
	for (i = 0; i < 5; i++) {
		chaos[i] = (struct chaos) { .relay = &self->r, .seed = i };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL,
					    i < 3 ? chaos_user : chaos_sender,
					    &chaos[i]));
	}
	for (i = 0; now_ms() < end; i++) {
		sleep_ms(5);
		if (i % 4) {
			broker_destroy_sink(self->r.broker,
					    broker_find(self->r.broker, 0, &info));
		} else {
			ASSERT_EQ(0, test_bind(self->r.test, 0, i / 4 % 2));
		}
	}
	for (i = 0; i < 5; i++)
		chaos[i].stop = true;
	ASSERT_EQ(0, test_bind(self->r.test, 0, 1));
	for (i = 0; i < 5; i++)
		pthread_join(thread[i], NULL);
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	TH_LOG("%llu contexts, %llu messages", (unsigned long long)stats.created,
	       (unsigned long long)stats.accepted);
	EXPECT_LT(20, stats.created);
	EXPECT_LT(20, stats.accepted);
}

TEST_HARNESS_MAIN
