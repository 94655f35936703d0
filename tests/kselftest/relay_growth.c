// SPDX-License-Identifier: GPL-2.0-only
/*
 * "Growing" in <drm/miracast.h>, for what the relay reads and writes: programs
 * that are older than the kernel, whose structures are shorter, and newer ones,
 * whose structures are longer. What is not known must be zero. The display half's
 * structures are kms_growth's; relay_requests tries every size of every request.
 */
#include "miracast_kselftest.h"

/* A request of a program whose structure has @size bytes. */
#define SIZED(cmd, size) \
	_IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size)

#define MORE	32	/* bytes that a newer program knows */

#define end_of(type, member) \
	(offsetof(struct type, member) + sizeof(((struct type *)0)->member))

FIXTURE(growth) {
	struct relay r;
};

FIXTURE_SETUP(growth)
{
	relay_open(_metadata, &self->r);
}

FIXTURE_TEARDOWN(growth)
{
	relay_close(_metadata, &self->r);
}

/* ------------------------------------------------------------------ requests */

/*
 * A right argument @arg in three lengths: @shorter, the kernel's own, and longer.
 * Each has to give @ret; a longer one with something in it that nobody knows
 * gives -E2BIG. What an older program does not have is not written.
 */
static void try_sizes(struct __test_metadata *_metadata, int fd,
		      unsigned long cmd, const void *arg, size_t shorter, int ret)
{
	size_t size = _IOC_SIZE(cmd), i;
	uint8_t buf[1024];

	memset(buf, 0xa5, sizeof(buf));
	memcpy(buf, arg, shorter);
	EXPECT_EQ(ret, dev_ioctl(fd, SIZED(cmd, shorter), buf));
	for (i = shorter; i < sizeof(buf) && buf[i] == 0xa5; i++)
		;
	EXPECT_EQ(sizeof(buf), i);

	memset(buf, 0, sizeof(buf));
	memcpy(buf, arg, size);
	EXPECT_EQ(ret, dev_ioctl(fd, cmd, buf));

	memset(buf, 0, sizeof(buf));
	memcpy(buf, arg, size);
	EXPECT_EQ(ret, dev_ioctl(fd, SIZED(cmd, size + MORE), buf));
	for (i = size; i < sizeof(buf) && !buf[i]; i++)
		;
	EXPECT_EQ(sizeof(buf), i);

	for (i = size; i < size + MORE; i++) {
		memset(buf, 0, sizeof(buf));
		memcpy(buf, arg, size);
		buf[i] = 1;
		EXPECT_EQ(-E2BIG, dev_ioctl(fd, SIZED(cmd, size + MORE), buf));
	}
}

TEST_F(growth, requests_of_the_broker)
{
	struct {
		struct miracast_hello hello;
		__u64 more[2];
	} hello = { .hello = { .abi_max = MIRACAST_ABI_VERSION } };
	struct miracast_target_info info = { .id = self->r.target - 1 };
	struct {
		struct miracast_open_sink open;
		__u64 more;
	} open = { .open = { .target = self->r.target } };
	struct miracast_destroy_sink destroy = { .target = self->r.target };

	/* A handshake is made once: by a newer program, then an older one. */
	close(self->r.sink);
	close(self->r.broker);
	self->r.broker = broker_open();
	ASSERT_LE(0, self->r.broker);
	hello.more[1] = 1;
	EXPECT_EQ(-E2BIG, dev_ioctl(self->r.broker,
				    SIZED(MIRACAST_IOC_HELLO, sizeof(hello)), &hello));
	hello.more[1] = 0;
	EXPECT_EQ(0, dev_ioctl(self->r.broker,
			       SIZED(MIRACAST_IOC_HELLO, sizeof(hello)), &hello));
	EXPECT_EQ(MIRACAST_ABI_VERSION, hello.hello.abi);
	EXPECT_EQ(0, hello.more[0]);
	close(self->r.broker);
	self->r.broker = broker_open();
	ASSERT_LE(0, self->r.broker);
	hello.hello = (struct miracast_hello) {
		.abi_max = MIRACAST_ABI_VERSION, .max_chunk_data = 77,
	};
	EXPECT_EQ(0, dev_ioctl(self->r.broker,
			       SIZED(MIRACAST_IOC_HELLO, end_of(miracast_hello, features)),
			       &hello));
	EXPECT_EQ(77, hello.hello.max_chunk_data);

	try_sizes(_metadata, self->r.broker, MIRACAST_IOC_NEXT_TARGET, &info,
		  offsetof(struct miracast_target_info, name), 0);

	open.more = 1;
	EXPECT_EQ(-E2BIG, dev_ioctl(self->r.broker,
				    SIZED(MIRACAST_IOC_OPEN_SINK, sizeof(open)), &open));
	open.more = 0;
	ASSERT_EQ(0, dev_ioctl(self->r.broker,
			       SIZED(MIRACAST_IOC_OPEN_SINK, sizeof(open)), &open));
	EXPECT_EQ(self->r.target, open.open.target_opened);
	close(open.open.fd);
	open.open = (struct miracast_open_sink) {
		.target = self->r.target, .target_opened = 77,
	};
	ASSERT_EQ(0, dev_ioctl(self->r.broker,
			       SIZED(MIRACAST_IOC_OPEN_SINK, end_of(miracast_open_sink, fd)),
			       &open));
	EXPECT_EQ(77, open.open.target_opened);
	self->r.sink = open.open.fd;
	ASSERT_EQ(0, close(self->r.sink));
	try_sizes(_metadata, self->r.broker, MIRACAST_IOC_DESTROY_SINK, &destroy,
		  end_of(miracast_destroy_sink, target), -ENOENT);
	self->r.sink = -1;
}

TEST_F(growth, requests_of_a_sink)
{
	struct miracast_session_ctl stop = { .op = MIRACAST_SESSION_BEGIN_STOP };
	struct miracast_io_control echo = { .code = MIRACAST_TEST_CTL_ECHO };
	struct miracast_report_status status = {
		.status = MIRACAST_STATUS_MISSING_KEEPALIVE,
	};
	struct miracast_statistic sent = {
		.type = MIRACAST_STATISTIC_CHUNK_SENT,
		.info.id = MIRACAST_CHUNK_ID(1, 2),
	};
	struct miracast_get_chunks chunks = { 0 };
	int sink = self->r.sink;

	try_sizes(_metadata, sink, MIRACAST_IOC_IO_CONTROL, &echo,
		  end_of(miracast_io_control, out_len), 0);
	try_sizes(_metadata, sink, MIRACAST_IOC_REPORT_STATISTIC, &sent,
		  end_of(miracast_statistic, info.id), 0);
	try_sizes(_metadata, sink, MIRACAST_IOC_GET_CHUNKS, &chunks,
		  end_of(miracast_get_chunks, used), -EAGAIN);
	try_sizes(_metadata, sink, MIRACAST_IOC_REPORT_STATUS, &status,
		  end_of(miracast_report_status, status), 0);
	try_sizes(_metadata, sink, MIRACAST_IOC_SESSION, &stop,
		  end_of(miracast_session_ctl, op), 0);
}

/* -------------------------------------------------------- records and replies */

TEST_F(growth, header_of_a_record_says_where_the_payload_is)
{
	struct record record;
	__u64 id;
	int i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	ASSERT_EQ(0, test_send(self->r.test, 7, &id));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_EQ(0, record.head.header_len % 8);
	EXPECT_LE(record.head.header_len, MIRACAST_MAX_HEADER);
	EXPECT_LE(sizeof(record.head), record.head.header_len);
	EXPECT_EQ(record.head.header_len + 8, record.head.len);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(7 + i, ((uint8_t *)&record)[record.head.header_len + i]);
	EXPECT_LT(0, sink_reply(self->r.sink, id, 0, NULL, 0));

	/* That of a cancel record, too. */
	ASSERT_EQ(0, test_send(self->r.test, 8, &id));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	ASSERT_EQ(0, test_cancel(self->r.test, id));
	ASSERT_LT(0, sink_read(self->r.sink, &record));
	EXPECT_EQ(MIRACAST_REC_CANCEL, record.head.type);
	EXPECT_EQ(record.head.len, record.head.header_len);
}

TEST_F(growth, header_of_a_reply)
{
	const uint16_t oldest = end_of(miracast_reply, id);
	struct miracast_test_completion done;
	uint8_t buf[MIRACAST_MAX_HEADER + 4];
	struct miracast_reply reply;
	struct record record;
	uint16_t len, i;

	ASSERT_EQ(0, sink_start(self->r.sink));
	for (len = oldest; len <= MIRACAST_MAX_HEADER; len++) {
		reply = (struct miracast_reply) { .len = len + 4U, .header_len = len };
		ASSERT_EQ(0, test_send(self->r.test, len, &reply.id));
		ASSERT_LT(0, sink_read(self->r.sink, &record));
		memset(buf, 0, sizeof(buf));
		memcpy(buf, &reply, sizeof(reply));
		memcpy(buf + len, "wxyz", 4);

		for (i = sizeof(reply); i < len; i++) {
			buf[i] = 1;
			EXPECT_EQ(-1, write(self->r.sink, buf, len + 4U));
			EXPECT_EQ(E2BIG, errno);
			buf[i] = 0;
		}
		EXPECT_EQ(len + 4, write(self->r.sink, buf, len + 4U));
		ASSERT_EQ(0, test_collect(self->r.test, &done, 1000));
		EXPECT_EQ(len, done.cookie);
		EXPECT_EQ(0, done.status);
		EXPECT_EQ(4, done.bytes);
		EXPECT_EQ(0, memcmp("wxyz", done.data, 4));
	}
}

TEST_F(growth, header_of_a_chunk_record)
{
	struct miracast_test_chunk put = { .count = 1, .len = 5, .frame = 9 };
	union {
		struct miracast_chunk chunk;
		uint8_t bytes[512];
	} buf;
	struct miracast_get_chunks get = {
		.buf_ptr = (uintptr_t)&buf, .buf_len = sizeof(buf),
	};

	ASSERT_EQ(0, dev_ioctl(self->r.test, MIRACAST_TEST_IOC_CHUNK, &put));
	ASSERT_EQ(0, dev_ioctl(self->r.sink, MIRACAST_IOC_GET_CHUNKS, &get));
	EXPECT_EQ(0, buf.chunk.header_len % 8);
	EXPECT_LE(buf.chunk.header_len, MIRACAST_MAX_HEADER);
	EXPECT_LE(sizeof(buf.chunk), buf.chunk.header_len);
	EXPECT_EQ(5, buf.chunk.data_len);
	EXPECT_EQ(get.used, buf.chunk.len);
	EXPECT_EQ((buf.chunk.header_len + 5 + 7) / 8 * 8, buf.chunk.len);
}

TEST_HARNESS_MAIN
