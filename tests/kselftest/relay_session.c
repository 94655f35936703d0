// SPDX-License-Identifier: GPL-2.0-only
/*
 * Session states, I/O control, status and statistics: R14, R36, R57 to R59,
 * R80, R81.
 */
#include <sys/mount.h>

#include "miracast_kselftest.h"

FIXTURE(session) {
	struct relay r;
};

FIXTURE_SETUP(session)
{
	relay_open(_metadata, &self->r);
}

FIXTURE_TEARDOWN(session)
{
	relay_close(_metadata, &self->r);
}

#define BEGIN_START	MIRACAST_SESSION_BEGIN_START
#define END_START	MIRACAST_SESSION_END_START
#define FAIL_START	MIRACAST_SESSION_FAIL_START
#define BEGIN_STOP	MIRACAST_SESSION_BEGIN_STOP
#define END_STOP	MIRACAST_SESSION_END_STOP

static int do_op(int sink, __u32 op, __u32 *state)
{
	struct miracast_session_ctl ctl = {
		.op = op, .status = op == FAIL_START ? -EIO : 0,
	};
	int ret = dev_ioctl(sink, MIRACAST_IOC_SESSION, &ctl);

	*state = ctl.state;
	return ret;
}

/* How to get to each state from STOPPED, and what each request does there. */
static const struct {
	__u32 way[3];
	struct {
		__u32 op;
		int ret;
		__u32 state;
	} arrow[5];
} machine[] = {
	[MIRACAST_STATE_STOPPED] = { { 0 }, {
		{ BEGIN_START, 0, MIRACAST_STATE_STARTING },
		{ END_START, -EBUSY, MIRACAST_STATE_STOPPED },
		{ FAIL_START, -EBUSY, MIRACAST_STATE_STOPPED },
		{ BEGIN_STOP, 0, MIRACAST_STATE_STOPPING },
		{ END_STOP, -EBUSY, MIRACAST_STATE_STOPPED },
	} },
	[MIRACAST_STATE_STARTING] = { { BEGIN_START }, {
		{ BEGIN_START, -EBUSY, MIRACAST_STATE_STARTING },
		{ END_START, 0, MIRACAST_STATE_STARTED },
		{ FAIL_START, 0, MIRACAST_STATE_STOPPING },
		{ BEGIN_STOP, -EBUSY, MIRACAST_STATE_STARTING },
		{ END_STOP, -EBUSY, MIRACAST_STATE_STARTING },
	} },
	[MIRACAST_STATE_STARTED] = { { BEGIN_START, END_START }, {
		{ BEGIN_START, -EBUSY, MIRACAST_STATE_STARTED },
		{ END_START, -EBUSY, MIRACAST_STATE_STARTED },
		{ FAIL_START, -EBUSY, MIRACAST_STATE_STARTED },
		{ BEGIN_STOP, 0, MIRACAST_STATE_STOPPING },
		{ END_STOP, -EBUSY, MIRACAST_STATE_STARTED },
	} },
	[MIRACAST_STATE_STOPPING] = { { BEGIN_START, END_START, BEGIN_STOP }, {
		{ BEGIN_START, -ESHUTDOWN, MIRACAST_STATE_STOPPING },
		{ END_START, -ESHUTDOWN, MIRACAST_STATE_STOPPING },
		{ FAIL_START, -ESHUTDOWN, MIRACAST_STATE_STOPPING },
		{ BEGIN_STOP, 0, MIRACAST_STATE_STOPPING },
		{ END_STOP, 0, MIRACAST_STATE_STOPPED },
	} },
};

TEST_F(session, every_arrow)
{
	unsigned int from, i, j;
	__u32 state;

	for (from = 0; from < 4; from++) {
		for (i = 0; i < 5; i++) {
			close(self->r.sink);
			self->r.sink = broker_open_sink(self->r.broker,
							self->r.target, 0);
			ASSERT_LE(0, self->r.sink);
			for (j = 0; j < 3 && machine[from].way[j]; j++)
				ASSERT_EQ(0, do_op(self->r.sink,
						   machine[from].way[j], &state));
			EXPECT_EQ(machine[from].arrow[i].ret,
				  do_op(self->r.sink, machine[from].arrow[i].op,
					&state));
			EXPECT_EQ(machine[from].arrow[i].state, state);
		}
	}
}

TEST_F(session, R31_arguments)
{
	struct miracast_session_ctl ctl = { 0 };
	unsigned int op;

	EXPECT_EQ(-EINVAL, sink_op(self->r.sink, 0, 0, 0));
	EXPECT_EQ(-EINVAL, sink_op(self->r.sink, 6, 0, 0));
	for (op = BEGIN_START; op <= END_STOP; op++) {
		EXPECT_EQ(-EINVAL, sink_op(self->r.sink, op, 4, 0));
		if (op != END_START)
			EXPECT_EQ(-EINVAL, sink_op(self->r.sink, op, 1,
						   op == FAIL_START ? -EIO : 0));
		if (op != FAIL_START)
			EXPECT_EQ(-EINVAL, sink_op(self->r.sink, op, 0, -EIO));
	}
	EXPECT_EQ(-EINVAL, sink_op(self->r.sink, FAIL_START, 0, 0));
	EXPECT_EQ(-EINVAL, sink_op(self->r.sink, FAIL_START, 0, 1));
	EXPECT_EQ(-EINVAL, sink_op(self->r.sink, FAIL_START, 0, -4096));
	ctl.op = 6;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->r.sink, MIRACAST_IOC_SESSION, &ctl));
	EXPECT_EQ(MIRACAST_STATE_STOPPED, ctl.state);
}

TEST_F(session, R36_driver_sees_states_in_order)
{
	static const __u32 states[] = {
		MIRACAST_STATE_STARTING, MIRACAST_STATE_STARTED,
		MIRACAST_STATE_STOPPING, MIRACAST_STATE_STOPPED,
		MIRACAST_STATE_STARTING, MIRACAST_STATE_STOPPING,
		MIRACAST_STATE_STOPPED,
	};
	struct miracast_test_stats stats;
	unsigned int i;

	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_START, 0, 0));
	ASSERT_EQ(0, sink_op(self->r.sink, END_START,
			     MIRACAST_SESSION_MONITOR_CONNECTED |
			     MIRACAST_SESSION_REDUCED_MODES, 0));
	ASSERT_EQ(0, sink_stop(self->r.sink));
	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_START, 0, 0));
	ASSERT_EQ(0, sink_op(self->r.sink, FAIL_START, 0, -EIO));
	/* Already stopping: the driver is not told again. */
	ASSERT_EQ(0, sink_stop(self->r.sink));

	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	ASSERT_EQ(7, stats.num_states);
	for (i = 0; i < 7; i++) {
		EXPECT_EQ(states[i], stats.states[i]);
		EXPECT_EQ(i == 1 ? 3 : 0, stats.infos[i]);
	}
}

/* ------------------------------------------------------------ I/O control */

TEST_F(session, R57_io_control_runs_in_the_caller)
{
	__u32 who[2] = { 0 }, bytes;

	EXPECT_EQ(0, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_WHO, NULL, 0,
				     who, sizeof(who), &bytes));
	EXPECT_EQ(sizeof(who), bytes);
	EXPECT_EQ(thread_id(), who[0]);
	EXPECT_EQ(0, who[1]);
}

TEST_F(session, R15_hardware_access_is_the_drivers_to_judge)
{
	__u32 who[2] = { 0 };
	struct miracast_io_control ctl = {
		.code = MIRACAST_TEST_CTL_WHO,
		.flags = MIRACAST_IO_CONTROL_HARDWARE_ACCESS,
		.out_ptr = (uintptr_t)who, .out_len = sizeof(who),
	};

	EXPECT_EQ(0, dev_ioctl(self->r.sink, MIRACAST_IOC_IO_CONTROL, &ctl));
	EXPECT_EQ(MIRACAST_IO_CONTROL_HARDWARE_ACCESS, who[1]);
	ctl.flags = 2;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->r.sink, MIRACAST_IOC_IO_CONTROL, &ctl));
	ctl.flags = 0;
	ctl.reserved = 1;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->r.sink, MIRACAST_IOC_IO_CONTROL, &ctl));
}

TEST_F(session, R58_sizes)
{
	static uint8_t in[MIRACAST_MAX_IO_CONTROL + 1], out[MIRACAST_MAX_IO_CONTROL + 1];
	const __u32 max = MIRACAST_MAX_IO_CONTROL, code = MIRACAST_TEST_CTL_ECHO;
	int sink = self->r.sink;
	__u32 bytes;

	memset(in, 0xa5, sizeof(in));
	EXPECT_EQ(0, sink_io_control(sink, code, NULL, 0, NULL, 0, &bytes));
	EXPECT_EQ(0, bytes);
	EXPECT_EQ(0, sink_io_control(sink, code, in, max, out, max, &bytes));
	EXPECT_EQ(max, bytes);
	EXPECT_EQ(0, memcmp(in, out, max));
	EXPECT_EQ(0, out[max]);
	EXPECT_EQ(-EMSGSIZE, sink_io_control(sink, code, in, max + 1, out, max, NULL));
	EXPECT_EQ(-EMSGSIZE, sink_io_control(sink, code, in, max, out, max + 1, NULL));
	EXPECT_EQ(-EMSGSIZE, sink_io_control(sink, code, in, 0xffffffff, out, max, NULL));
	EXPECT_EQ(-EFAULT, sink_io_control(sink, code, (void *)8, 8, out, 8, NULL));
	EXPECT_EQ(-EFAULT, sink_io_control(sink, code, in, 8, (void *)8, 8, NULL));
	/* Room without use is not touched. */
	memset(out, 1, sizeof(out));
	EXPECT_EQ(0, sink_io_control(sink, code, in, 4, out, 8, &bytes));
	EXPECT_EQ(4, bytes);
	EXPECT_EQ(1, out[4]);
}

TEST_F(session, io_control_returns_what_the_driver_returns)
{
	__s32 error = -EDOM;
	__u32 bytes = 5;

	EXPECT_EQ(-EDOM, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_FAIL, &error,
					 sizeof(error), NULL, 0, &bytes));
	EXPECT_EQ(0, bytes);
	EXPECT_EQ(-EOPNOTSUPP, sink_io_control(self->r.sink, 0x1ffff, NULL, 0, NULL,
					       0, NULL));
}

struct caller {
	int sink;
	__u32 code;
	__u32 sleep;
	int ret;
	atomic_bool done;
	pthread_t thread;
};

static void *call_io_control(void *arg)
{
	struct caller *caller = arg;

	caller->ret = sink_io_control(caller->sink, caller->code, &caller->sleep,
				      sizeof(caller->sleep), NULL, 0, NULL);
	caller->done = true;
	return NULL;
}

static int start_caller(struct caller *caller, int sink, __u32 sleep)
{
	memset(caller, 0, sizeof(*caller));
	caller->sink = sink;
	caller->code = MIRACAST_TEST_CTL_SLEEP;
	caller->sleep = sleep;
	return pthread_create(&caller->thread, NULL, call_io_control, caller);
}

TEST_F(session, R14_one_io_control_at_a_time)
{
	struct miracast_test_stats stats;
	struct caller caller[4];
	__u64 start = now_ms();
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, start_caller(&caller[i], self->r.sink, 200));
	for (i = 0; i < 4; i++) {
		pthread_join(caller[i].thread, NULL);
		EXPECT_EQ(0, caller[i].ret);
	}
	EXPECT_LE(800, now_ms() - start);
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(1, stats.max_class);
}

TEST_F(session, R59_starting_lets_its_thread_through_and_others_wait)
{
	__u32 sleep = 0;
	struct caller caller;

	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_START, 0, 0));
	ASSERT_EQ(0, start_caller(&caller, self->r.sink, 0));
	EXPECT_EQ(0, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_SLEEP, &sleep,
				     sizeof(sleep), NULL, 0, NULL));
	sleep_ms(300);
	EXPECT_FALSE(caller.done);
	ASSERT_EQ(0, sink_op(self->r.sink, END_START, 0, 0));
	pthread_join(caller.thread, NULL);
	EXPECT_EQ(0, caller.ret);
}

TEST_F(session, R59_failed_start_ends_the_wait)
{
	struct caller caller;

	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_START, 0, 0));
	ASSERT_EQ(0, start_caller(&caller, self->r.sink, 0));
	sleep_ms(200);
	EXPECT_FALSE(caller.done);
	ASSERT_EQ(0, sink_op(self->r.sink, FAIL_START, 0, -EIO));
	pthread_join(caller.thread, NULL);
	EXPECT_EQ(-ESHUTDOWN, caller.ret);
}

TEST_F(session, R59_stopping_lets_its_thread_through_and_fails_others)
{
	__u32 sleep = 0;
	struct caller caller;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_STOP, 0, 0));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, start_caller(&caller, self->r.sink, 0));
		pthread_join(caller.thread, NULL);
		EXPECT_EQ(i ? 0 : -ESHUTDOWN, caller.ret);
		EXPECT_EQ(0, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_SLEEP,
					     &sleep, sizeof(sleep), NULL, 0, NULL));
		if (!i)
			ASSERT_EQ(0, sink_op(self->r.sink, END_STOP, 0, 0));
	}
}

static void on_signal(int signal)
{
	(void)signal;
}

TEST_F(session, R59_wait_can_be_interrupted)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct caller caller;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_START, 0, 0));
	ASSERT_EQ(0, start_caller(&caller, self->r.sink, 0));
	sleep_ms(200);
	pthread_kill(caller.thread, SIGUSR1);
	pthread_join(caller.thread, NULL);
	EXPECT_EQ(-EINTR, caller.ret);
}

TEST_F(session, stop_does_not_wait_for_io_control)
{
	struct caller caller;
	__u64 start;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, start_caller(&caller, self->r.sink, 3000));
	sleep_ms(200);
	start = now_ms();
	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_STOP, 0, 0));
	EXPECT_GT(2000, now_ms() - start);
	EXPECT_FALSE(caller.done);
	pthread_join(caller.thread, NULL);
	EXPECT_EQ(0, caller.ret);
}

/* --------------------------------------------------- status and statistics */

static int report(int sink, __u32 status, __s32 error)
{
	struct miracast_report_status report = { .status = status, .error = error };

	return dev_ioctl(sink, MIRACAST_IOC_REPORT_STATUS, &report);
}

TEST_F(session, R80_first_status_stops_the_session)
{
	struct miracast_test_completion done;
	struct miracast_target_info info;
	struct miracast_test_stats stats;
	struct caller caller;
	__u32 sleep = 0;

	ASSERT_NE(0, broker_find(self->r.broker, 0, &info));
	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, NULL));

	EXPECT_EQ(0, report(self->r.sink, MIRACAST_STATUS_MISSING_KEEPALIVE, -ETIMEDOUT));
	ASSERT_EQ(0, test_collect(self->r.test, &done, 0));
	EXPECT_EQ(-ECANCELED, done.status);
	ASSERT_NE(0, broker_find(self->r.broker, 0, &info));
	EXPECT_EQ(MIRACAST_STATE_STOPPING, info.state);
	EXPECT_EQ(MIRACAST_STATUS_MISSING_KEEPALIVE, info.last_status);

	/* No thread has begun this stop, so none gets through. */
	EXPECT_EQ(-ESHUTDOWN, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_SLEEP,
					      &sleep, sizeof(sleep), NULL, 0, NULL));

	/* The second is logged only. */
	EXPECT_EQ(0, report(self->r.sink, MIRACAST_STATUS_CRITICAL_ERROR, 0));
	ASSERT_NE(0, broker_find(self->r.broker, 0, &info));
	EXPECT_EQ(MIRACAST_STATUS_MISSING_KEEPALIVE, info.last_status);
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(3, stats.num_states);

	/* BEGIN_STOP gives it an owner. */
	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_STOP, 0, 0));
	EXPECT_EQ(0, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_SLEEP,
				     &sleep, sizeof(sleep), NULL, 0, NULL));
	ASSERT_EQ(0, start_caller(&caller, self->r.sink, 0));
	pthread_join(caller.thread, NULL);
	EXPECT_EQ(-ESHUTDOWN, caller.ret);
}

TEST_F(session, R80_status_while_starting)
{
	__u32 state;

	ASSERT_EQ(0, sink_op(self->r.sink, BEGIN_START, 0, 0));
	EXPECT_EQ(0, report(self->r.sink, MIRACAST_STATUS_CRITICAL_ERROR, -EPIPE));
	EXPECT_EQ(-ESHUTDOWN, do_op(self->r.sink, END_START, &state));
	EXPECT_EQ(MIRACAST_STATE_STOPPING, state);
}

TEST_F(session, R80_status_without_session_is_logged_only)
{
	struct miracast_target_info info;
	struct miracast_test_stats stats;

	EXPECT_EQ(0, report(self->r.sink, MIRACAST_STATUS_CRITICAL_ERROR, 0));
	ASSERT_NE(0, broker_find(self->r.broker, 0, &info));
	EXPECT_EQ(MIRACAST_STATE_STOPPED, info.state);
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(0, stats.num_states);

	EXPECT_EQ(-EINVAL, report(self->r.sink, 5, 0));
	EXPECT_EQ(-EINVAL, report(self->r.sink, MIRACAST_STATUS_NONE, 0));
	EXPECT_EQ(-EINVAL, report(self->r.sink, 0, 1));
	EXPECT_EQ(-EINVAL, report(self->r.sink, 0, -4096));
}

TEST_F(session, R81_statistics_have_no_effect)
{
	struct miracast_statistic stat = {
		.type = MIRACAST_STATISTIC_EVENT,
		.event = MIRACAST_EVENT_IDR_REQUEST,
	};
	struct miracast_target_info info;

	ASSERT_EQ(0, sink_start(self->r.sink));
	EXPECT_EQ(0, dev_ioctl(self->r.sink, MIRACAST_IOC_REPORT_STATISTIC, &stat));
	stat.event = 3;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->r.sink, MIRACAST_IOC_REPORT_STATISTIC, &stat));
	stat.event = 0;
	stat.type = 3;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->r.sink, MIRACAST_IOC_REPORT_STATISTIC, &stat));
	stat.type = MIRACAST_STATISTIC_CHUNK_SENT;
	stat.info.id = MIRACAST_CHUNK_ID(7, 1);
	EXPECT_EQ(0, dev_ioctl(self->r.sink, MIRACAST_IOC_REPORT_STATISTIC, &stat));
	ASSERT_NE(0, broker_find(self->r.broker, 0, &info));
	EXPECT_EQ(MIRACAST_STATE_STARTED, info.state);
}

/* --------------------------------------------------------- what is to be seen */

static bool file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* The whole of a file of the kernel's, which has no size. */
static const char *file_read(const char *path)
{
	static char text[256 * 1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = 0, got;

	while (fd >= 0 && (got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += got;
	close(fd);
	text[len] = 0;
	return text;
}

#define TRACING "/sys/kernel/tracing/"

TEST_F(session, R60_R80_R81_events_are_traced)
{
	static const char * const lines[] = {
		" miracast_session_state: target=", " miracast_msg_send: target=",
		" miracast_msg_deliver: target=", " miracast_msg_done: target=",
		" miracast_chunk: target=",
		" miracast_status: target=", "status=2 error=-32 ends session",
		" miracast_statistic: target=", "type=chunk_sent event=0 chunk=0x0 frame=77 part=3",
	};
	struct miracast_statistic stat = {
		.type = MIRACAST_STATISTIC_CHUNK_SENT,
		.info = { .id = MIRACAST_CHUNK_ID(77, 3) },
	};
	struct miracast_test_chunk chunk = { .count = 1 };
	struct record record;
	unsigned int i;
	const char *trace;

	/* Mounted already, or not. */
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	ASSERT_TRUE(file_write(TRACING "trace", ""));
	ASSERT_TRUE(file_write(TRACING "events/miracast/enable", "1"));

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, NULL));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	ASSERT_LT(0, sink_reply(self->r.sink, record.head.id, 0, NULL, 0));
	ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_CHUNK, &chunk));
	ASSERT_EQ(0, dev_ioctl(self->r.sink, MIRACAST_IOC_REPORT_STATISTIC, &stat));
	ASSERT_EQ(0, report(self->r.sink, MIRACAST_STATUS_SINK_DISCONNECT_REQUEST,
			    -EPIPE));

	ASSERT_TRUE(file_write(TRACING "events/miracast/enable", "0"));
	trace = file_read(TRACING "trace");
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		if (!strstr(trace, lines[i]))
			TH_LOG("missing: %s", lines[i]);
		EXPECT_NE(NULL, strstr(trace, lines[i]));
	}
}

TEST_F(session, debugfs_shows_messages)
{
	struct record record;
	const char *table;
	char line[64];
	__u64 id;

	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	ASSERT_EQ(0, test_send(self->r.test, 2, NULL));
	ASSERT_LT(0, sink_read(self->r.sink, &record));

	table = file_read("/sys/kernel/debug/miracast/targets");
	snprintf(line, sizeof(line), "target %u miracast_test test-0", self->r.target);
	EXPECT_NE(NULL, strstr(table, line));
	EXPECT_NE(NULL, strstr(table, "session started messages=2 bytes=144"));
	snprintf(line, sizeof(line), "message %llu delivered in=8 out_max=64",
		 (unsigned long long)id);
	EXPECT_NE(NULL, strstr(table, line));
	EXPECT_NE(NULL, strstr(table, " queued in=8 out_max=64"));
}

TEST_HARNESS_MAIN
