// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad callers of read, write and the rest: who lie about lengths, answer what
 * they were not asked, die, duplicate, pass on and run out. Nothing is lost by
 * it, and the device works afterwards. Bad arguments of requests are in
 * relay_requests.c, what concerns pictures in kms_hostile.c.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "miracast_memory.h"

#define SYNC_MS	10000	/* far more than any step takes, far less than for ever */

FIXTURE(hostile) {
	struct relay r;
};

FIXTURE_SETUP(hostile)
{
	relay_open(_metadata, &self->r);
}

FIXTURE_TEARDOWN(hostile)
{
	relay_check_usable(_metadata, &self->r);
	relay_close(_metadata, &self->r);
}

/* ----------------------------------------------------------------- lengths */

TEST_F(hostile, lengths_of_zero_and_4_GiB)
{
	const uint64_t huge = 1ULL << 32;
	struct miracast_get_chunks chunks = { .buf_len = UINT32_MAX };
	struct miracast_test_completion done;
	struct miracast_reply *reply;
	struct record record;
	uint8_t *buf = NULL;
	__u64 id;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));

	EXPECT_EQ(-1, read(self->r.sink, &record, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, write(self->r.sink, &record, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_ECHO, NULL, 0,
				     NULL, 0, NULL));
	EXPECT_EQ(-EMSGSIZE, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_ECHO,
					     &record, UINT32_MAX, NULL, 0, NULL));
	EXPECT_EQ(-EMSGSIZE, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_ECHO,
					     NULL, 0, &record, UINT32_MAX, NULL));
	EXPECT_EQ(-EAGAIN, dev_ioctl(self->r.sink, MIRACAST_IOC_GET_CHUNKS, &chunks));

	/* As large as the address space allows; the system cuts it to 2 GiB. */
	if (sizeof(size_t) > 4) {
		buf = mmap(NULL, (size_t)huge, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		ASSERT_NE(MAP_FAILED, (void *)buf);
		reply = (void *)buf;
		*reply = (struct miracast_reply) {
			.len = UINT32_MAX, .header_len = sizeof(*reply), .id = id,
		};
		EXPECT_EQ(-1, write(self->r.sink, buf, (size_t)huge));
		EXPECT_EQ(EINVAL, errno);
		reply->len = 0x7ffff000;
		EXPECT_EQ(-1, write(self->r.sink, buf, (size_t)huge));
		EXPECT_EQ(EMSGSIZE, errno);
		EXPECT_EQ(sizeof(record.head) + 8,
			  read(self->r.sink, buf, (size_t)huge));
		munmap(buf, (size_t)huge);
	} else {
		EXPECT_LT(0, sink_read(self->r.sink, &record));
	}
	EXPECT_LT(0, sink_reply(self->r.sink, id, 0, NULL, 0));
	EXPECT_EQ(0, test_collect(self->r.test, &done, SYNC_MS));
}

TEST_F(hostile, lengths_that_a_reply_says_and_does_not_have)
{
	static const uint32_t lens[] = { 0, 1, 23, 25, 0x10018, INT32_MAX, UINT32_MAX };
	struct miracast_reply reply = { .header_len = sizeof(reply) };
	struct record record;
	size_t i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &reply.id));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		reply.len = lens[i];
		EXPECT_EQ(-1, write(self->r.sink, &reply, sizeof(reply)));
		EXPECT_EQ(EINVAL, errno);
	}
}

/* ----------------------------------------------------- replies out of place */

TEST_F(hostile, id_reuse)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 id, last = 0;
	int i;

	/* Not by an end, not by a stop, not by what nobody ever read. */
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, sink_start(self->r.sink));
		ASSERT_EQ(0, test_send(self->r.test, i, &id));
		EXPECT_LT(last, id);
		last = id;
		ASSERT_LT(0, sink_read(self->r.sink, &record));
		if (i % 2) {
			ASSERT_LT(0, sink_reply(self->r.sink, id, 0, NULL, 0));
		}
		ASSERT_EQ(0, test_send(self->r.test, i, &id));
		EXPECT_LT(last, id);
		last = id;
		ASSERT_EQ(0, sink_stop(self->r.sink));
		while (!test_collect(self->r.test, &done, 0)) {
			EXPECT_EQ(1, done.calls);
		}
		EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, record.head.id, 0, NULL, 0));
	}
}

TEST_F(hostile, reply_before_read_and_twice)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 id;

	/* While it is held, before it was read, and after its end. */
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id, 0, NULL, 0));
	ASSERT_EQ(0, sink_start(self->r.sink));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id, 0, NULL, 0));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_LT(0, sink_reply(self->r.sink, id, 0, NULL, 0));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id, 0, NULL, 0));
	EXPECT_EQ(0, test_collect(self->r.test, &done, SYNC_MS));
	EXPECT_EQ(-ETIMEDOUT, test_collect(self->r.test, &done, 0));
}

TEST_F(hostile, reply_from_a_second_process)
{
	struct miracast_test_completion done;
	struct record record;
	int status;
	pid_t child;
	__u64 id;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(sink_reply(self->r.sink, id, 0, "ok", 2) < 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, test_collect(self->r.test, &done, SYNC_MS));
	EXPECT_EQ(child, (pid_t)done.tid);
	EXPECT_EQ(2, done.bytes);
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id, 0, NULL, 0));
}

TEST_F(hostile, reply_to_a_cancelled_message)
{
	struct miracast_test_completion done;
	struct record record;
	__u64 id;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	ASSERT_EQ(0, test_cancel(self->r.test, id));
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id, 0, "late", 4));
	ASSERT_EQ(0, test_collect(self->r.test, &done, SYNC_MS));
	EXPECT_EQ(-ECANCELED, done.status);
	ASSERT_EQ(sizeof(record.head), sink_read(self->r.sink, &record));
	EXPECT_EQ(MIRACAST_REC_CANCEL, record.head.type);
	/* Neither does the cancel record want one. */
	EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, id, 0, NULL, 0));
	EXPECT_EQ(-ETIMEDOUT, test_collect(self->r.test, &done, 0));
}

/* ------------------------------------------------------ descriptors abroad */

TEST_F(hostile, duplicated_descriptors)
{
	struct miracast_test_stats stats;
	struct record record;
	int fd[8], i;
	__u64 id;

	for (i = 0; i < 8; i++) {
		fd[i] = i % 2 ? dup(self->r.sink) : fcntl(self->r.sink, F_DUPFD, 100);
		ASSERT_LE(0, fd[i]);
	}
	ASSERT_EQ(0, sink_start(fd[0]));
	/* What one has read another may answer, and nobody reads it again. */
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, test_send(self->r.test, i, &id));
		ASSERT_LT(0, sink_read(fd[i], &record));
		EXPECT_EQ(id, record.head.id);
		EXPECT_EQ(-EAGAIN, sink_read(fd[7 - i], &record));
		EXPECT_LT(0, sink_reply(fd[7 - i], id, 0, NULL, 0));
	}
	for (i = 0; i < 8; i++)
		close(fd[i]);
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(0, stats.destroyed);
}

static int send_fd(int socket, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = {
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));

	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));

	return fd;
}

static bool destroyed_within(int test, unsigned int ms)
{
	struct miracast_test_stats stats;
	__u64 end = now_ms() + ms;

	do {
		test_stats(test, &stats);
		if (stats.destroyed)
			return true;
		sleep_ms(5);
	} while (now_ms() < end);

	return false;
}

/* Passed on by a socket to one who was born before: his is the session. */
TEST_F(hostile, descriptor_passing)
{
	struct miracast_test_completion done;
	struct record record;
	int socket[2], sink;
	pid_t child;
	__u64 id;

	close(self->r.sink);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(self->r.broker);
		close(socket[0]);
		sink = receive_fd(socket[1]);
		/* The parent's death or word ends it. */
		if (sink_start(sink) || write(socket[1], "x", 1) != 1)
			_exit(1);
		while (fd_poll(sink, POLLIN, SYNC_MS) == POLLIN &&
		       sink_read(sink, &record) > 0)
			sink_reply(sink, record.head.id, 0, NULL, 0);
		pause();
	}
	ASSERT_EQ(0, test_setup(self->r.test, 0, 0, 0));
	sink = broker_open_sink(self->r.broker, self->r.target,
				MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, sink);
	ASSERT_EQ(0, send_fd(socket[0], sink));
	close(sink);
	ASSERT_EQ(1, read(socket[0], &record, 1));
	ASSERT_EQ(0, test_send(self->r.test, 1, &id));
	EXPECT_EQ(0, test_collect(self->r.test, &done, SYNC_MS));
	EXPECT_EQ(child, (pid_t)done.tid);
	EXPECT_FALSE(destroyed_within(self->r.test, 50));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_TRUE(destroyed_within(self->r.test, SYNC_MS));
	self->r.sink = -1;
	close(socket[0]);
	close(socket[1]);
}

/* In a socket that nobody reads: alive until the socket goes. */
TEST_F(hostile, descriptor_in_flight)
{
	int socket[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socket));
	ASSERT_EQ(0, send_fd(socket[0], self->r.sink));
	close(self->r.sink);
	self->r.sink = -1;
	EXPECT_FALSE(destroyed_within(self->r.test, 50));
	close(socket[0]);
	close(socket[1]);
	EXPECT_TRUE(destroyed_within(self->r.test, SYNC_MS));
}

TEST_F(hostile, rlimit_nofile_in_open_sink)
{
	struct miracast_test_stats stats;
	struct rlimit limit, none;
	int first = self->r.sink;

	close(self->r.sink);
	self->r.sink = -1;
	ASSERT_EQ(0, test_setup(self->r.test, 0, 0, 0));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = (rlim_t)first;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, broker_open_sink(self->r.broker, self->r.target, 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	/* No context is left of it. */
	ASSERT_EQ(0, test_stats(self->r.test, &stats));
	EXPECT_EQ(stats.created, stats.destroyed);
	EXPECT_EQ(first, broker_open_sink(self->r.broker, self->r.target, 0));
	self->r.sink = first;
}

/* ----------------------------------------------------- memory that is slow */

/* A process that dies while the kernel copies to or from its memory. */
static void kill_in_copy(struct __test_metadata *_metadata, struct relay *relay,
			 bool reading)
{
	struct miracast_test_completion done;
	struct record record;
	int faulted[2];
	pid_t child;
	__u64 id;
	char byte;

	ASSERT_EQ(0, sink_start(relay->sink));
	ASSERT_EQ(0, test_send(relay->test, 1, &id));
	if (!reading) {
		ASSERT_LT(0, sink_read(relay->sink, &record));
	}
	ASSERT_EQ(0, pipe(faulted));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct miracast_reply reply = {
			.len = sizeof(reply) + 8, .header_len = sizeof(reply),
			.id = id,
		};
		struct slow_page slow;
		struct iovec iov[2] = { { &reply, sizeof(reply) }, { NULL, 8 } };

		if (slow_open(&slow, SLOW_USERFAULT))
			_exit(1);
		iov[1].iov_base = slow.page;
		if (!fork()) {
			/* Shares the page no more, but sees the fault. */
			if (slow_faulted(&slow, SYNC_MS))
				_exit(write(faulted[1], "x", 1) != 1);
			_exit(1);
		}
		if (reading)
			read(relay->sink, slow.page, PAGE) < 0 ? _exit(2) : _exit(3);
		writev(relay->sink, iov, 2) < 0 ? _exit(2) : _exit(3);
	}
	ASSERT_EQ(POLLIN, fd_poll(faulted[0], POLLIN, SYNC_MS));
	ASSERT_EQ(1, read(faulted[0], &byte, 1));
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, NULL, 0));

	/* The record is there for another reader; the message for another reply. */
	if (reading) {
		ASSERT_LT(0, sink_read(relay->sink, &record));
		EXPECT_EQ(id, record.head.id);
	}
	EXPECT_EQ(-ETIMEDOUT, test_collect(relay->test, &done, 0));
	EXPECT_LT(0, sink_reply(relay->sink, id, 0, NULL, 0));
	EXPECT_EQ(0, test_collect(relay->test, &done, SYNC_MS));
	EXPECT_EQ(0, done.status);
	ASSERT_EQ(0, sink_stop(relay->sink));
	close(faulted[0]);
	close(faulted[1]);
}

TEST_F(hostile, sigkill_in_mid_copy)
{
	kill_in_copy(_metadata, &self->r, true);
	kill_in_copy(_metadata, &self->r, false);
}

/* ---------------------------------------------------- memory that is short */

TEST_F(hostile, memcg_exhaustion_in_send)
{
	static uint8_t in[MIRACAST_MAX_IO_CONTROL];
	struct record record;
	int max, ret;
	long killed;

	/* Everything that it needs is there: it can do with what it has. */
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	max = cgroup_enter();
	ASSERT_LE(0, max)
		TH_LOG("no cgroup v2 with a memory controller at " CGROUP_ROOT);
	killed = cgroup_killed();
	ASSERT_LE(0, killed);
	close(self->r.sink);
	self->r.sink = broker_open_sink(self->r.broker, self->r.target,
					MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, self->r.sink);
	ASSERT_EQ(0, sink_start(self->r.sink));

	ASSERT_EQ(0, cgroup_limit(max, 256 * 1024));
	EXPECT_GT(16, cgroup_send(self->r.test, MIRACAST_MAX_MESSAGE, 256, &ret));
	EXPECT_EQ(-ENOMEM, ret);
	cgroup_send(self->r.test, 4000, 256, &ret);
	EXPECT_EQ(-ENOMEM, ret);
	/* The same for what the user asks for itself. */
	EXPECT_EQ(-ENOMEM, sink_io_control(self->r.sink, MIRACAST_TEST_CTL_ECHO, in,
					   sizeof(in), in, sizeof(in), NULL));
	/* Nobody was killed for it, and what was accepted is there. */
	ASSERT_EQ(0, cgroup_unlimit(max));
	EXPECT_EQ(killed, cgroup_killed());
	EXPECT_EQ(sizeof(record.head) + MIRACAST_MAX_MESSAGE,
		  sink_read(self->r.sink, &record));
	cgroup_send(self->r.test, 8, 1000, &ret);
	EXPECT_EQ(-ENOBUFS, ret);
}

TEST_HARNESS_MAIN
