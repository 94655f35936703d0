// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every request with everything about it wrong: address, size, flags, padding,
 * number, state, id, and memory that takes its time. Each call fails with the
 * errno that <drm/miracast.h> says, and the device works afterwards.
 */
#include <limits.h>

#include "miracast_memory.h"

#define SYNC_MS	10000	/* far more than any step takes, far less than for ever */

/*
 * A sink of the test driver, and one of miracast.ko's for the requests of its
 * own: nothing is plugged in there.
 */
FIXTURE(requests) {
	struct relay r;
	int sink;
};

FIXTURE_SETUP(requests)
{
	struct miracast_target_info info = { 0 };

	relay_open(_metadata, &self->r);
	do {
		ASSERT_EQ(0, dev_ioctl(self->r.broker, MIRACAST_IOC_NEXT_TARGET,
				       &info));
	} while (strcmp(info.driver, "miracast"));
	self->sink = broker_open_sink(self->r.broker, info.id,
				      MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, self->sink);
}

FIXTURE_TEARDOWN(requests)
{
	relay_check_usable(_metadata, &self->r);
	close(self->sink);
	relay_close(_metadata, &self->r);
}

/* Lowest number that a new descriptor would get. */
static int free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* ------------------------------------------------------------- the requests */

/* A field with bits that nobody knows, and that must therefore be zero. */
struct field {
	uint32_t at;
	uint32_t size;
	uint64_t known;
};

#define FIELD(type, member, bits) \
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member), bits }

/*
 * Every request, with an argument that is right but has no effect; @ret is what
 * it then returns on an idle sink.
 */
struct request {
	const char *name;
	unsigned long cmd;
	bool broker;
	int ret;
	union {
		struct miracast_hello hello;
		struct miracast_target_info info;
		struct miracast_open_sink open;
		struct miracast_destroy_sink destroy;
		struct miracast_session_ctl session;
		struct miracast_io_control control;
		struct miracast_report_status status;
		struct miracast_statistic statistic;
		struct miracast_get_chunks chunks;
		struct miracast_frame frame;
		struct miracast_release_frame release;
		struct miracast_get_buffer get;
		struct miracast_get_retired retired;
		struct miracast_open_sound sound;
		uint8_t bytes[512];
	} arg;
	struct field fields[3];
};

#define BROKER(request, returns) \
	.name = #request, .cmd = MIRACAST_IOC_##request, .ret = returns, \
	.broker = true
#define SINK(request, returns) \
	.name = #request, .cmd = MIRACAST_IOC_##request, .ret = returns

#define NO_ID	0xfffffff0

static const struct request requests[] = {
	{ BROKER(HELLO, -EBUSY),
	  .arg.hello = { .abi_max = MIRACAST_ABI_VERSION },
	  .fields = { FIELD(miracast_hello, reserved, 0) } },
	{ BROKER(NEXT_TARGET, -ENOENT),
	  .arg.info = { .id = NO_ID },
	  .fields = { FIELD(miracast_target_info, reserved, 0) } },
	{ BROKER(OPEN_SINK, -ENOENT),
	  .arg.open = { .target = NO_ID },
	  .fields = { FIELD(miracast_open_sink, flags, MIRACAST_OPEN_NONBLOCK) } },
	{ BROKER(DESTROY_SINK, -ENOENT),
	  .arg.destroy = { .target = NO_ID },
	  .fields = { FIELD(miracast_destroy_sink, reserved, 0) } },
	{ SINK(SESSION, -EBUSY),
	  .arg.session = { .op = MIRACAST_SESSION_END_START },
	  .fields = { FIELD(miracast_session_ctl, info,
			    MIRACAST_SESSION_MONITOR_CONNECTED |
			    MIRACAST_SESSION_REDUCED_MODES),
		      FIELD(miracast_session_ctl, status, 0) } },
	{ SINK(IO_CONTROL, -EOPNOTSUPP),
	  .arg.control = { .code = NO_ID },
	  .fields = { FIELD(miracast_io_control, flags,
			    MIRACAST_IO_CONTROL_HARDWARE_ACCESS),
		      FIELD(miracast_io_control, reserved, 0) } },
	{ SINK(REPORT_STATUS, 0) },
	{ SINK(REPORT_STATISTIC, 0),
	  .arg.statistic = { .type = MIRACAST_STATISTIC_CHUNK_SENT },
	  .fields = { FIELD(miracast_statistic, event, 0),
		      FIELD(miracast_statistic, info.reserved, 0) } },
	{ SINK(REPORT_STATISTIC, 0),
	  .arg.statistic = { .type = MIRACAST_STATISTIC_EVENT },
	  .fields = { FIELD(miracast_statistic, info.type, 0),
		      FIELD(miracast_statistic, info.id, 0),
		      FIELD(miracast_statistic, info.reserved, 0) } },
	{ SINK(GET_CHUNKS, -EAGAIN) },
	{ SINK(ACQUIRE_FRAME, -ENODATA),
	  .fields = { FIELD(miracast_frame, flags, 0) } },
	{ SINK(RELEASE_FRAME, -ENOENT),
	  .arg.release = { .seq = 1, .sync_file = -1 },
	  .fields = { FIELD(miracast_release_frame, flags, 0) } },
	{ SINK(GET_BUFFER, -ENOENT),
	  .arg.get = { .buffer_id = NO_ID },
	  .fields = { FIELD(miracast_get_buffer, flags, 0) } },
	{ SINK(GET_RETIRED, -EAGAIN) },
	{ SINK(OPEN_SOUND, -ENODATA),
	  .fields = { FIELD(miracast_open_sound, flags, MIRACAST_OPEN_NONBLOCK) } },
};

#define for_each_request(r) \
	for ((r) = requests; (r) < requests + ARRAY_SIZE(requests); (r)++)

static unsigned long sized(unsigned long cmd, size_t size)
{
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size);
}

TEST_F(requests, requests_as_they_should_be)
{
	const struct request *r;
	struct request copy;

	for_each_request(r) {
		copy = *r;
		EXPECT_EQ(r->ret, dev_ioctl(r->broker ? self->r.broker : self->sink,
					    r->cmd, &copy.arg))
			TH_LOG("%s", r->name);
	}
}

TEST_F(requests, addresses_that_nobody_may_use)
{
	const uintptr_t nowhere[] = {
		0, 8, (uintptr_t)LONG_MAX - 4095, (uintptr_t)LONG_MAX + 1,
		/* of the kernel: its memory, its code */
		(uintptr_t)0xffff888000000000ULL, (uintptr_t)0xffffffff81000000ULL,
		UINTPTR_MAX - 4095, UINTPTR_MAX,
	};
	const struct request *r;
	uint8_t *pages;
	size_t i;

	/* And one that begins well and ends where there is nothing. */
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)pages);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));

	for_each_request(r) {
		int fd = r->broker ? self->r.broker : self->sink;
		int first = free_fd();

		for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
			EXPECT_EQ(-EFAULT, dev_ioctl(fd, r->cmd, (void *)nowhere[i]))
				TH_LOG("%s at %#lx", r->name, (long)nowhere[i]);
		}
		for (i = 1; i < _IOC_SIZE(r->cmd); i++) {
			memcpy(pages + PAGE - i, &r->arg, i);
			EXPECT_EQ(-EFAULT, dev_ioctl(fd, r->cmd, pages + PAGE - i))
				TH_LOG("%s, %zu bytes", r->name, i);
		}
		EXPECT_EQ(first, free_fd());
	}
	EXPECT_EQ(-1, read(self->r.sink, (void *)UINTPTR_MAX, 4096));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(self->r.sink, (void *)(UINTPTR_MAX - 4095), 16));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(requests, addresses_that_can_only_be_read)
{
	const struct request *r;

	for_each_request(r) {
		void *page = read_only_page(&r->arg, sizeof(r->arg));
		bool out = _IOC_DIR(r->cmd) & _IOC_READ;

		EXPECT_EQ(out ? -EFAULT : r->ret,
			  dev_ioctl(r->broker ? self->r.broker : self->sink, r->cmd,
				    page))
			TH_LOG("%s", r->name);
		munmap(page, PAGE);
	}
}

/* A size is that of a caller with an older or a newer header. */
TEST_F(requests, sizes_that_are_wrong)
{
	static uint8_t arg[1 << _IOC_SIZEBITS];
	const struct request *r;
	size_t size, full, i;
	int ret;

	for_each_request(r) {
		int fd = r->broker ? self->r.broker : self->sink;
		int first = free_fd();

		full = _IOC_SIZE(r->cmd);
		for (size = 0; size < sizeof(arg); size += size < 600 ? 1 : 977) {
			memset(arg, 0, sizeof(arg));
			memcpy(arg, &r->arg, full);
			memset(arg + size, 0xa5, sizeof(arg) - size);
			ret = dev_ioctl(fd, sized(r->cmd, size), arg);
			/* What is not there is zero, and 0 may be any target. */
			EXPECT_TRUE(ret == r->ret ||
				    (size < full && (!ret || ret == -EINVAL)))
				TH_LOG("%s, %zu bytes: %d", r->name, size, ret);
			/* What the caller does not have is not written. */
			for (i = size; i < sizeof(arg) && arg[i] == 0xa5; i++)
				;
			EXPECT_EQ(sizeof(arg), i);

			if (size <= full || !(_IOC_DIR(r->cmd) & _IOC_WRITE))
				continue;
			arg[size - 1] = 1;
			EXPECT_EQ(-E2BIG, dev_ioctl(fd, sized(r->cmd, size), arg))
				TH_LOG("%s, %zu bytes", r->name, size);
		}
		EXPECT_EQ(first, free_fd())
			TH_LOG("%s", r->name);
	}
}

TEST_F(requests, flags_that_nobody_knows_and_padding_that_is_not_zero)
{
	const struct request *r;
	struct request copy;
	size_t i, bit;

	for_each_request(r) {
		for (i = 0; i < 3 && r->fields[i].size; i++) {
			const struct field *field = &r->fields[i];

			for (bit = 0; bit < field->size * 8; bit++) {
				uint64_t value = 1ULL << bit;

				if (field->known & value)
					continue;
				copy = *r;
				memcpy(copy.arg.bytes + field->at, &value, field->size);
				EXPECT_EQ(-EINVAL,
					  dev_ioctl(r->broker ? self->r.broker :
								self->sink,
						    r->cmd, &copy.arg))
					TH_LOG("%s, field %zu, bit %zu", r->name, i,
					       bit);
			}
		}
	}
}

/* Every number in every direction, on either kind of fd. */
TEST_F(requests, requests_that_there_are_not)
{
	static uint8_t arg[512];
	const struct request *r;
	int nr, dir, broker;

	for (broker = 0; broker < 2; broker++) {
		int fd = broker ? self->r.broker : self->sink;

		for (nr = 0; nr < 256; nr++) {
			for (dir = 0; dir < 4; dir++) {
				unsigned long cmd = _IOC(dir, MIRACAST_IOC_MAGIC, nr, 64);
				bool known = false;

				for_each_request(r)
					known |= r->broker == broker &&
						 _IOC_NR(r->cmd) == nr &&
						 _IOC_DIR(r->cmd) == dir;
				if (!known) {
					EXPECT_EQ(-ENOTTY, dev_ioctl(fd, cmd, arg))
						TH_LOG("%#lx", cmd);
				}
			}
			EXPECT_EQ(-ENOTTY, dev_ioctl(fd, _IOWR('M', nr, int), arg));
		}
	}
}

TEST_F(requests, requests_in_every_wrong_state)
{
	static const struct {
		uint32_t op;
		int plug;
	} steps[] = {
		/* R34: only while started; only by the owner while stopping. */
		{ 0, -EBUSY },
		{ MIRACAST_SESSION_BEGIN_START, -EBUSY },
		{ MIRACAST_SESSION_FAIL_START, -EBUSY },
		{ MIRACAST_SESSION_END_STOP, -EBUSY },
	};
	struct miracast_plug plug = { .size = sizeof(plug), .num_modes = 1 };
	const struct request *r;
	struct request copy;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].op) {
			ASSERT_EQ(0, sink_op(self->sink, steps[i].op, 0,
					     steps[i].op == MIRACAST_SESSION_FAIL_START ?
					     -EIO : 0));
		}
		EXPECT_EQ(steps[i].plug,
			  sink_io_control(self->sink, MIRACAST_CTL_PLUG, &plug,
					  sizeof(plug), NULL, 0, NULL));
		for_each_request(r) {
			copy = *r;
			/* These two are what changes the state. */
			if (r->cmd == MIRACAST_IOC_SESSION ||
			    r->cmd == MIRACAST_IOC_REPORT_STATUS)
				continue;
			EXPECT_EQ(r->ret, dev_ioctl(r->broker ? self->r.broker :
							self->sink,
						    r->cmd, &copy.arg))
				TH_LOG("%s, step %zu", r->name, i);
		}
	}
}

TEST_F(requests, requests_when_the_context_is_gone)
{
	struct miracast_target_info info = { 0 };
	const struct request *r;
	struct request copy;

	do {
		ASSERT_EQ(0, dev_ioctl(self->r.broker, MIRACAST_IOC_NEXT_TARGET,
				       &info));
	} while (strcmp(info.driver, "miracast"));
	ASSERT_EQ(0, broker_destroy_sink(self->r.broker, info.id));
	for_each_request(r) {
		copy = *r;
		if (!r->broker) {
			EXPECT_EQ(-ENODEV, dev_ioctl(self->sink, r->cmd, &copy.arg))
				TH_LOG("%s", r->name);
		}
	}
}

TEST_F(requests, ids_that_there_are_not)
{
	static const uint32_t ids[] = { NO_ID, INT32_MAX, UINT32_MAX };
	struct miracast_target_info info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOENT, broker_open_sink(self->r.broker, ids[i], 0));
		EXPECT_EQ(-ENOENT, broker_destroy_sink(self->r.broker, ids[i]));
		info = (struct miracast_target_info) { .id = ids[i] };
		EXPECT_EQ(-ENOENT, dev_ioctl(self->r.broker,
					     MIRACAST_IOC_NEXT_TARGET, &info));
		EXPECT_EQ(-ENOENT, sink_reply(self->r.sink, ids[i], 0, NULL, 0));
		EXPECT_EQ(-ENOENT, sink_reply(self->r.sink,
					      ids[i] | 1ULL << 63, 0, NULL, 0));
	}
	EXPECT_EQ(-ENOENT, broker_destroy_sink(self->r.broker, 0));
}

/* ----------------------------------------------------- memory that is slow */

/* Every request stands in its argument; sessions and brokers come and go. */
static void call_slowly(struct __test_metadata *_metadata, struct relay *relay,
			int fd, const struct request *r, enum slow_kind kind)
{
	struct slow_call call = { .fd = fd, .cmd = r->cmd };
	pthread_t thread;
	__u64 start;

	ASSERT_EQ(0, slow_open(&call.slow, kind));
	ASSERT_EQ(0, pthread_create(&thread, NULL, slow_call_thread, &call));
	ASSERT_TRUE(slow_faulted(&call.slow, SYNC_MS))
		TH_LOG("%s, memory %d", r->name, kind);

	start = now_ms();
	ASSERT_EQ(0, sink_start(relay->sink));
	ASSERT_EQ(0, test_send(relay->test, 1, NULL));
	ASSERT_EQ(0, sink_stop(relay->sink));
	ASSERT_EQ(0, broker_destroy_sink(relay->broker, relay->target));
	close(relay->sink);
	relay->sink = broker_open_sink(relay->broker, relay->target,
				       MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, relay->sink);
	EXPECT_GT(SYNC_MS, now_ms() - start);
	EXPECT_FALSE(call.ended);

	slow_answer(&call.slow);
	pthread_join(thread, NULL);
	EXPECT_NE(-EFAULT, call.ret)
		TH_LOG("%s, memory %d", r->name, kind);
	/* Zeros are an order to open any sink. */
	if (r->cmd == MIRACAST_IOC_OPEN_SINK) {
		struct miracast_open_sink *open = call.slow.page;

		EXPECT_EQ(0, call.ret);
		EXPECT_EQ(FD_CLOEXEC, fcntl(open->fd, F_GETFD));
		close(open->fd);
	}
	slow_close(&call.slow);
}

TEST_F_TIMEOUT(requests, userfaultfd_and_fuse_memory_in_every_request, 120)
{
	const struct request *r;
	int kind;

	for_each_request(r) {
		for (kind = 0; kind <= SLOW_WRITE; kind++) {
			/* What does not write there is not stopped there. */
			if (kind == SLOW_WRITE && !(_IOC_DIR(r->cmd) & _IOC_READ))
				continue;
			call_slowly(_metadata, &self->r,
				    r->broker ? self->r.broker : self->sink, r, kind);
		}
	}
}

/* The broker goes while it is still to be told of its new sink. */
TEST_F(requests, close_of_the_broker_inside_open_sink)
{
	struct slow_call call = { .cmd = MIRACAST_IOC_OPEN_SINK };
	struct miracast_target_info info;
	pthread_t thread;
	int sink;

	ASSERT_EQ(0, slow_open(&call.slow, SLOW_WRITE));
	call.fd = self->r.broker;
	ASSERT_EQ(0, pthread_create(&thread, NULL, slow_call_thread, &call));
	ASSERT_TRUE(slow_faulted(&call.slow, SYNC_MS));
	ASSERT_EQ(0, close(self->r.broker));
	EXPECT_FALSE(call.ended);
	/* The call is its user still. */
	EXPECT_EQ(-1, open("/dev/miracast", O_RDWR));
	EXPECT_EQ(EBUSY, errno);
	slow_answer(&call.slow);
	pthread_join(thread, NULL);
	ASSERT_EQ(0, call.ret);
	sink = ((struct miracast_open_sink *)call.slow.page)->fd;

	self->r.broker = broker_open();
	ASSERT_LE(0, self->r.broker);
	ASSERT_EQ(0, broker_hello(self->r.broker));
	EXPECT_EQ(-ENODEV, sink_op(sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	EXPECT_NE(0, broker_find(self->r.broker, 0, &info));
	EXPECT_EQ(0, info.flags);
	close(sink);
	slow_close(&call.slow);
}

TEST_HARNESS_MAIN
