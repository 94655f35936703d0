// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every call of the relay, with each of its allocations and copies failing in
 * turn: a documented errno, nothing lost, and it works the next time.
 */
#include "miracast_faults.h"

#define BIG	20000	/* more than what the relay has on the stack */

struct state {
	struct relay r;
	int fd;
	__u64 id;
	struct record record;
	uint8_t in[BIG], out[BIG];
	struct faults operation;
};

FIXTURE(faults) {
	struct state s;
};

FIXTURE_SETUP(faults)
{
	relay_open(_metadata, &self->s.r);
	self->s.fd = -1;
	faults_prepare(_metadata);
}

FIXTURE_TEARDOWN(faults)
{
	relay_close(_metadata, &self->s.r);
}

/* Names and numbers as in <uapi/drm/miracast.h>. */
#define OPERATION(_run, _undo) \
	(self->s.operation = (struct faults) { \
		.name = #_run, .run = _run, .undo = _undo, .data = &self->s, \
	}, &self->s.operation)

/* ----------------------------------------------------------------- broker */

static int open_broker(void *data)
{
	struct state *self = data;
	int ret;

	self->fd = open("/dev/miracast", O_RDWR | O_CLOEXEC);
	if (self->fd < 0)
		return -errno;
	ret = broker_hello(self->fd);
	if (ret)
		close(self->fd);

	return ret;
}

static int close_fd(void *data)
{
	struct state *self = data;

	return close(self->fd);
}

TEST_F_TIMEOUT(faults, open_and_handshake, 120)
{
	close(self->s.r.sink);
	close(self->s.r.broker);
	faults_expect(_metadata, OPERATION(open_broker, close_fd));
	self->s.r.sink = -1;
	self->s.r.broker = -1;
}

static int next_target(void *data)
{
	struct miracast_target_info info = { .id = 0 };
	struct state *self = data;

	return dev_ioctl(self->r.broker, MIRACAST_IOC_NEXT_TARGET, &info);
}

static int open_sink(void *data)
{
	struct state *self = data;

	self->fd = broker_open_sink(self->r.broker, self->r.target,
				    MIRACAST_OPEN_NONBLOCK);

	return self->fd < 0 ? self->fd : 0;
}

static int destroy_sink(void *data)
{
	struct state *self = data;

	return broker_destroy_sink(self->r.broker, self->r.target);
}

/* The session of the one that was destroyed, which is opened anew. */
static int reopen_sink(void *data)
{
	struct state *self = data;

	close(self->r.sink);
	self->r.sink = broker_open_sink(self->r.broker, self->r.target,
					MIRACAST_OPEN_NONBLOCK);

	return self->r.sink < 0 ? self->r.sink : 0;
}

TEST_F_TIMEOUT(faults, targets_and_sinks, 240)
{
	faults_expect(_metadata, OPERATION(next_target, NULL));
	faults_expect(_metadata, OPERATION(destroy_sink, reopen_sink));
	close(self->s.r.sink);
	faults_expect(_metadata, OPERATION(open_sink, close_fd));
	self->s.r.sink = -1;
}

static int bind_target(void *data)
{
	struct state *self = data;

	return test_bind(self->r.test, 0, 1);
}

static int unbind_target(void *data)
{
	struct state *self = data;

	return test_bind(self->r.test, 0, 0);
}

TEST_F_TIMEOUT(faults, register_target, 240)
{
	struct miracast_target_info info;

	close(self->s.r.sink);
	self->s.r.sink = -1;
	ASSERT_EQ(0, unbind_target(&self->s));
	faults_expect(_metadata, OPERATION(bind_target, unbind_target));
	ASSERT_EQ(0, bind_target(&self->s));
	EXPECT_NE(0, broker_find(self->s.r.broker, 0, &info));
}

/* ------------------------------------------------------------------- sink */

/*
 * The answer may be what fails, of a change that has been made: then the same
 * change is refused the next time, or makes no difference.
 */
static int change(void *data, uint32_t op)
{
	struct state *self = data;
	int ret = sink_op(self->r.sink, op, 0, 0);

	if (ret != -EFAULT)
		return ret;
	ret = sink_op(self->r.sink, op, 0, 0);

	return ret == -EBUSY ? 0 : ret;
}

static int begin_start(void *data)
{
	return change(data, MIRACAST_SESSION_BEGIN_START);
}

static int end_start(void *data)
{
	return change(data, MIRACAST_SESSION_END_START);
}

static int begin_stop(void *data)
{
	return change(data, MIRACAST_SESSION_BEGIN_STOP);
}

static int end_stop(void *data)
{
	return change(data, MIRACAST_SESSION_END_STOP);
}

static int fail_start(void *data)
{
	struct state *self = data;
	int ret = sink_op(self->r.sink, MIRACAST_SESSION_FAIL_START, 0, -EIO);

	return ret ? ret : end_stop(data);
}

static int stop_and_begin(void *data)
{
	struct state *self = data;
	int ret = sink_stop(self->r.sink);

	return ret ? ret : begin_start(data);
}

static int start(void *data)
{
	struct state *self = data;

	return sink_start(self->r.sink);
}

static int end_and_start(void *data)
{
	int ret = end_stop(data);

	return ret ? ret : start(data);
}

TEST_F_TIMEOUT(faults, session, 240)
{
	faults_expect(_metadata, OPERATION(begin_start, fail_start));
	ASSERT_EQ(0, begin_start(&self->s));
	faults_expect(_metadata, OPERATION(end_start, stop_and_begin));
	ASSERT_EQ(0, end_start(&self->s));
	faults_expect(_metadata, OPERATION(begin_stop, end_and_start));
}

static int report_status(void *data)
{
	struct miracast_report_status report = {
		.status = MIRACAST_STATUS_MISSING_KEEPALIVE,
	};
	struct state *self = data;

	return dev_ioctl(self->r.sink, MIRACAST_IOC_REPORT_STATUS, &report);
}

static int report_statistic(void *data)
{
	struct miracast_statistic statistic = { .type = MIRACAST_STATISTIC_EVENT };
	struct state *self = data;

	return dev_ioctl(self->r.sink, MIRACAST_IOC_REPORT_STATISTIC, &statistic);
}

TEST_F_TIMEOUT(faults, reports, 120)
{
	ASSERT_EQ(0, start(&self->s));
	faults_expect(_metadata, OPERATION(report_statistic, NULL));
	faults_expect(_metadata, OPERATION(report_status, NULL));
}

static int io_control(void *data)
{
	struct state *self = data;
	uint32_t bytes;
	int ret;

	ret = sink_io_control(self->r.sink, MIRACAST_TEST_CTL_ECHO, self->in, BIG,
			      self->out, BIG, &bytes);

	return ret || bytes == BIG ? ret : -EBADMSG;
}

static int driver_ioctl(void *data)
{
	struct miracast_test_add add = { .value = 1 };
	struct state *self = data;

	return dev_ioctl(self->r.sink, MIRACAST_TEST_SINK_IOC_ADD, &add);
}

TEST_F_TIMEOUT(faults, driver_calls, 240)
{
	ASSERT_EQ(0, start(&self->s));
	faults_expect(_metadata, OPERATION(io_control, NULL));
	faults_expect(_metadata, OPERATION(driver_ioctl, NULL));
}

/* --------------------------------------------------------------- messages */

/* Ids count what the session has accepted, so that no answer is needed. */
static int send_big(void *data)
{
	struct miracast_test_send send = {
		.in_len = BIG, .out_max = BIG, .count = 1,
	};
	struct miracast_test_stats stats;
	struct state *self = data;
	int ret = dev_ioctl(self->r.test, MIRACAST_TEST_IOC_SEND, &send);

	/* A fault that is not reached above is reached here, once. */
	if (test_stats(self->r.test, &stats) && test_stats(self->r.test, &stats))
		return -EIO;
	if (ret && ret != -EFAULT)
		return stats.accepted == self->id ? ret : -EBADMSG;
	if (stats.accepted == self->id)
		return ret;
	self->id = stats.accepted;

	return 0;
}

static int collect(void *data)
{
	struct miracast_test_completion done;
	struct state *self = data;

	return test_collect(self->r.test, &done, 10000);
}

static int cancel_it(void *data)
{
	struct state *self = data;

	return test_cancel(self->r.test, self->id);
}

static int read_it(void *data)
{
	struct state *self = data;
	ssize_t ret = sink_read(self->r.sink, &self->record);

	if (ret < 0)
		return (int)ret;

	return ret == (ssize_t)(sizeof(self->record.head) + BIG) ? 0 : -EBADMSG;
}

static int reply_to_it(void *data)
{
	struct state *self = data;
	ssize_t ret = sink_reply(self->r.sink, self->record.head.id, 0, self->in, BIG);

	return ret < 0 ? (int)ret : 0;
}

static int reply_and_send(void *data)
{
	int ret = reply_to_it(data);

	if (!ret)
		ret = collect(data);

	return ret ? ret : send_big(data);
}

static int collect_and_read(void *data)
{
	int ret = collect(data);

	if (!ret)
		ret = send_big(data);

	return ret ? ret : read_it(data);
}

static int cancel_and_collect(void *data)
{
	int ret = cancel_it(data);

	return ret ? ret : collect(data);
}

/* While held, so that a cancel leaves no record. */
TEST_F_TIMEOUT(faults, send, 240)
{
	faults_expect(_metadata, OPERATION(send_big, cancel_and_collect));
}

TEST_F_TIMEOUT(faults, read, 240)
{
	ASSERT_EQ(0, start(&self->s));
	ASSERT_EQ(0, send_big(&self->s));
	faults_expect(_metadata, OPERATION(read_it, reply_and_send));
}

TEST_F_TIMEOUT(faults, reply, 240)
{
	ASSERT_EQ(0, start(&self->s));
	ASSERT_EQ(0, send_big(&self->s));
	ASSERT_EQ(0, read_it(&self->s));
	faults_expect(_metadata, OPERATION(reply_to_it, collect_and_read));
}

static int report_chunk(void *data)
{
	struct miracast_test_chunk chunk = { .count = 1, .len = 100 };
	struct state *self = data;

	return dev_ioctl(self->r.test, MIRACAST_TEST_IOC_CHUNK, &chunk);
}

static int get_chunks_left(void *data)
{
	struct state *self = data;
	struct miracast_get_chunks get = {
		.buf_ptr = (uintptr_t)self->out, .buf_len = 0,
	};

	return dev_ioctl(self->r.sink, MIRACAST_IOC_GET_CHUNKS, &get);
}

static int get_chunks(void *data)
{
	struct state *self = data;
	struct miracast_get_chunks get = {
		.buf_ptr = (uintptr_t)self->out, .buf_len = BIG,
	};

	int ret = dev_ioctl(self->r.sink, MIRACAST_IOC_GET_CHUNKS, &get);

	/* It may have been how many they are that could not be told. */
	if (ret == -EFAULT && get_chunks_left(data) == -EAGAIN && report_chunk(data))
		return -EIO;

	return ret;
}

TEST_F_TIMEOUT(faults, chunks, 120)
{
	ASSERT_EQ(0, start(&self->s));
	ASSERT_EQ(0, report_chunk(&self->s));
	faults_expect(_metadata, OPERATION(get_chunks, report_chunk));
}

TEST_HARNESS_MAIN
