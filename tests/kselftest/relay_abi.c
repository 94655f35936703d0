// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interface itself: handshake, structures that grow, bad input, targets.
 */
#include "miracast_kselftest.h"

FIXTURE(abi) {
	int broker;
	int test;
};

FIXTURE_SETUP(abi)
{
	self->broker = broker_open();
	ASSERT_LE(0, self->broker);
	self->test = test_open();
	ASSERT_LE(0, self->test);
	ASSERT_EQ(0, test_bind(self->test, 0, 1));
	ASSERT_EQ(0, test_setup(self->test, 0, 0, 0));
}

FIXTURE_TEARDOWN(abi)
{
	close(self->broker);
	close(self->test);
}

/* A request whose number encodes another size of the same structure. */
#define SIZED(cmd, size) \
	_IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size)

TEST_F(abi, nothing_before_the_handshake)
{
	struct miracast_target_info info = { 0 };

	EXPECT_EQ(-EPROTO, dev_ioctl(self->broker, MIRACAST_IOC_NEXT_TARGET, &info));
	EXPECT_EQ(-EPROTO, broker_open_sink(self->broker, 0, 0));
	EXPECT_EQ(-EPROTO, broker_destroy_sink(self->broker, 1));
	EXPECT_EQ(0, broker_hello(self->broker));
	EXPECT_EQ(0, dev_ioctl(self->broker, MIRACAST_IOC_NEXT_TARGET, &info));
	EXPECT_EQ(-EBUSY, broker_hello(self->broker));
}

TEST_F(abi, R7_R9_handshake)
{
	struct miracast_hello hello = {
		.abi_min = MIRACAST_ABI_VERSION + 1,
		.abi_max = MIRACAST_ABI_VERSION + 2,
	};

	EXPECT_EQ(-EPROTONOSUPPORT, dev_ioctl(self->broker, MIRACAST_IOC_HELLO, &hello));
	EXPECT_EQ(MIRACAST_ABI_VERSION, hello.abi);

	hello.abi_min = 0;
	hello.abi_max = 0;
	EXPECT_EQ(-EPROTONOSUPPORT, dev_ioctl(self->broker, MIRACAST_IOC_HELLO, &hello));
	hello.abi_min = 2;
	hello.abi_max = 1;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->broker, MIRACAST_IOC_HELLO, &hello));
	hello.abi_min = 0;
	hello.abi_max = 1000;
	hello.reserved = 1;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->broker, MIRACAST_IOC_HELLO, &hello));
	hello.reserved = 0;
	EXPECT_EQ(0, dev_ioctl(self->broker, MIRACAST_IOC_HELLO, &hello));
	EXPECT_EQ(MIRACAST_ABI_VERSION, hello.abi);
	EXPECT_EQ(MIRACAST_MAX_CHUNK_DATA, hello.max_chunk_data);
	/* Without ALSA in the kernel there is no sound. */
	if (access("/proc/asound", F_OK))
		hello.features |= MIRACAST_FEATURE_SOUND;
	EXPECT_EQ(MIRACAST_FEATURE_REVOKED | MIRACAST_FEATURE_IMPORT |
		  MIRACAST_FEATURE_IMPORT_LIST | MIRACAST_FEATURE_COLOR |
		  MIRACAST_FEATURE_SOUND, hello.features);
	EXPECT_LE(MIRACAST_TEST_TARGETS, hello.num_targets);
}

TEST_F(abi, R8_structures_may_grow)
{
	struct {
		struct miracast_hello hello;
		__u64 tail;
	} grown = { .hello = { .abi_max = MIRACAST_ABI_VERSION }, .tail = 1 };
	struct miracast_hello hello = { .abi_max = MIRACAST_ABI_VERSION };

	/* From the future, with something that we do not know. */
	EXPECT_EQ(-E2BIG, dev_ioctl(self->broker,
				    SIZED(MIRACAST_IOC_HELLO, sizeof(grown)), &grown));
	/* From the past: what it does not have is not written. */
	hello.max_chunk_data = 12345;
	EXPECT_EQ(0, dev_ioctl(self->broker,
			       SIZED(MIRACAST_IOC_HELLO,
				     offsetof(struct miracast_hello, max_chunk_data)),
			       &hello));
	EXPECT_EQ(MIRACAST_ABI_VERSION, hello.abi);
	EXPECT_EQ(12345, hello.max_chunk_data);
}

TEST_F(abi, R8_unknown_zero_tail_is_fine)
{
	struct {
		struct miracast_hello hello;
		__u64 tail;
	} grown = { .hello = { .abi_max = MIRACAST_ABI_VERSION } };

	EXPECT_EQ(0, dev_ioctl(self->broker,
			       SIZED(MIRACAST_IOC_HELLO, sizeof(grown)), &grown));
}

TEST_F(abi, unknown_requests)
{
	__u64 data[64] = { 0 };
	int sink;

	ASSERT_EQ(0, broker_hello(self->broker));
	EXPECT_EQ(-ENOTTY, dev_ioctl(self->broker, MIRACAST_IOC_SESSION, data));
	EXPECT_EQ(-ENOTTY, dev_ioctl(self->broker, _IOWR(0xdc, 0xff, __u64), data));
	EXPECT_EQ(-ENOTTY, dev_ioctl(self->broker, _IOWR('x', 0, __u64), data));
	/* Right number, wrong direction. */
	EXPECT_EQ(-ENOTTY, dev_ioctl(self->broker,
				     _IOW(0xdc, 2, struct miracast_open_sink), data));

	sink = broker_open_sink(self->broker, 0, 0);
	ASSERT_LE(0, sink);
	EXPECT_EQ(-ENOTTY, dev_ioctl(sink, MIRACAST_IOC_HELLO, data));
	EXPECT_EQ(-ENOTTY, dev_ioctl(sink, _IOWR(0xdc, 0xff, __u64), data));
}

TEST_F(abi, bad_addresses)
{
	ASSERT_EQ(0, broker_hello(self->broker));
	EXPECT_EQ(-EFAULT, dev_ioctl(self->broker, MIRACAST_IOC_NEXT_TARGET, (void *)8));
	EXPECT_EQ(-EFAULT, dev_ioctl(self->broker, MIRACAST_IOC_OPEN_SINK, (void *)8));
}

TEST_F(abi, only_one_broker)
{
	EXPECT_EQ(-1, open("/dev/miracast", O_RDWR));
	EXPECT_EQ(EBUSY, errno);
	close(self->broker);
	self->broker = broker_open();
	EXPECT_LE(0, self->broker);
	/* The handshake belongs to the file. */
	EXPECT_EQ(-EPROTO, broker_open_sink(self->broker, 0, 0));
}

TEST_F(abi, walk_of_targets)
{
	struct miracast_target_info info = { 0 };
	__u32 last = 0;
	int found = 0;

	ASSERT_EQ(0, broker_hello(self->broker));
	while (!dev_ioctl(self->broker, MIRACAST_IOC_NEXT_TARGET, &info)) {
		EXPECT_LT(last, info.id);
		last = info.id;
		if (strcmp(info.driver, MIRACAST_TEST_DRIVER))
			continue;
		found++;
		EXPECT_EQ(MIRACAST_STATE_STOPPED, info.state);
		EXPECT_EQ(0, info.flags);
		EXPECT_EQ(0, info.connector_id);
		EXPECT_EQ(0xffffffff, info.card_minor);
		EXPECT_EQ(0, info.reserved);
	}
	EXPECT_EQ(MIRACAST_TEST_TARGETS, found);
	info.id = 0xffffffff;
	EXPECT_EQ(-ENOENT, dev_ioctl(self->broker, MIRACAST_IOC_NEXT_TARGET, &info));
	info.reserved = 1;
	EXPECT_EQ(-EINVAL, dev_ioctl(self->broker, MIRACAST_IOC_NEXT_TARGET, &info));
}

TEST_F(abi, target_shows_session_and_monitor)
{
	struct miracast_test_set plug = { .target = 0, .value = 1 };
	struct miracast_target_info info;
	__u32 target;
	int sink;

	ASSERT_EQ(0, broker_hello(self->broker));
	target = broker_find(self->broker, 0, &info);
	ASSERT_NE(0, target);
	sink = broker_open_sink(self->broker, target, 0);
	ASSERT_LE(0, sink);
	ASSERT_EQ(0, sink_op(sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	ASSERT_EQ(target, broker_find(self->broker, 0, &info));
	EXPECT_EQ(MIRACAST_TARGET_OPEN, info.flags);
	EXPECT_EQ(MIRACAST_STATE_STARTING, info.state);
	ASSERT_EQ(0, dev_ioctl(self->test, MIRACAST_TEST_IOC_PLUG, &plug));
	ASSERT_EQ(target, broker_find(self->broker, 0, &info));
	EXPECT_EQ(MIRACAST_TARGET_OPEN | MIRACAST_TARGET_PLUGGED, info.flags);
	plug.value = 0;
	ASSERT_EQ(0, dev_ioctl(self->test, MIRACAST_TEST_IOC_PLUG, &plug));
}

TEST_F(abi, comings_and_goings_wake_the_broker)
{
	struct miracast_target_info info;
	__u32 before, after;

	ASSERT_EQ(0, broker_hello(self->broker));
	before = broker_find(self->broker, 2, &info);
	ASSERT_NE(0, before);
	EXPECT_EQ(0, broker_find(self->broker, 99, &info));
	EXPECT_EQ(0, fd_poll(self->broker, POLLPRI, 0));

	ASSERT_EQ(0, test_bind(self->test, 2, 0));
	EXPECT_EQ(POLLPRI, fd_poll(self->broker, POLLPRI, 1000));
	EXPECT_EQ(0, broker_find(self->broker, 2, &info));
	EXPECT_EQ(0, fd_poll(self->broker, POLLPRI, 0));
	EXPECT_EQ(-ENOENT, broker_open_sink(self->broker, before, 0));

	/* An id is never used twice. */
	ASSERT_EQ(0, test_bind(self->test, 2, 1));
	EXPECT_EQ(POLLPRI, fd_poll(self->broker, POLLPRI, 1000));
	after = broker_find(self->broker, 2, &info);
	EXPECT_LT(before, after);
}

TEST_F(abi, open_sink)
{
	struct miracast_open_sink open = { .flags = 2 };
	struct miracast_target_info info;
	struct miracast_target_info walk = { 0 };
	struct record record;
	unsigned int opened = 0;
	__u32 target;
	int sink;

	ASSERT_EQ(0, broker_hello(self->broker));
	EXPECT_EQ(-EINVAL, dev_ioctl(self->broker, MIRACAST_IOC_OPEN_SINK, &open));
	EXPECT_EQ(-ENOENT, broker_open_sink(self->broker, 0xfffffff0, 0));

	target = broker_find(self->broker, 0, &info);
	open.target = target;
	open.flags = MIRACAST_OPEN_NONBLOCK;
	ASSERT_EQ(0, dev_ioctl(self->broker, MIRACAST_IOC_OPEN_SINK, &open));
	sink = open.fd;
	EXPECT_EQ(target, open.target_opened);
	EXPECT_EQ(FD_CLOEXEC, fcntl(sink, F_GETFD));
	EXPECT_EQ(O_NONBLOCK, fcntl(sink, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, sink_read(sink, &record));
	EXPECT_EQ(-1, lseek(sink, 0, SEEK_SET));

	/* R16: one context per target. */
	EXPECT_EQ(-EBUSY, broker_open_sink(self->broker, target, 0));

	/* 0 takes what is free, until nothing is. */
	while (broker_open_sink(self->broker, 0, 0) >= 0)
		opened++;
	EXPECT_EQ(-EBUSY, broker_open_sink(self->broker, 0, 0));
	while (!dev_ioctl(self->broker, MIRACAST_IOC_NEXT_TARGET, &walk)) {
		EXPECT_EQ(MIRACAST_TARGET_OPEN, walk.flags & MIRACAST_TARGET_OPEN);
		opened--;
	}
	EXPECT_EQ(-1, (int)opened);

	close(sink);
	EXPECT_LE(0, broker_open_sink(self->broker, 0, 0));
}

TEST_F(abi, fault_in_open_sink_leaves_nothing)
{
	struct miracast_test_stats stats;
	struct miracast_open_sink *open;
	struct miracast_target_info info;
	__u32 target;
	int fd;

	ASSERT_EQ(0, broker_hello(self->broker));
	target = broker_find(self->broker, 0, &info);
	open = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)open);
	open->target = target;
	ASSERT_EQ(0, mprotect(open, 4096, PROT_READ));

	fd = dup(self->test);
	close(fd);
	EXPECT_EQ(-EFAULT, dev_ioctl(self->broker, MIRACAST_IOC_OPEN_SINK, open));
	/* The number is free again, and so is the target. */
	EXPECT_EQ(-1, fcntl(fd, F_GETFD));
	EXPECT_LE(0, broker_open_sink(self->broker, target, 0));
	ASSERT_EQ(0, test_stats(self->test, &stats));
	EXPECT_EQ(2, stats.created);
	EXPECT_EQ(1, stats.destroyed);
}

TEST_F(abi, R16_failed_create_leaves_no_context)
{
	struct miracast_test_completion done;
	struct miracast_target_info info;
	struct miracast_test_stats stats;
	__u32 target;
	int i;

	ASSERT_EQ(0, broker_hello(self->broker));
	target = broker_find(self->broker, 0, &info);
	ASSERT_EQ(0, test_setup(self->test, 0, -ENOSPC, 2));
	EXPECT_EQ(-ENOSPC, broker_open_sink(self->broker, target, 0));
	ASSERT_EQ(target, broker_find(self->broker, 0, &info));
	EXPECT_EQ(0, info.flags);

	/* What it had sent was accepted, and so completes. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, test_collect(self->test, &done, 0));
		EXPECT_EQ(-ECANCELED, done.status);
	}
	ASSERT_EQ(0, test_stats(self->test, &stats));
	EXPECT_EQ(0, stats.created);
	EXPECT_EQ(0, stats.destroyed);

	ASSERT_EQ(0, test_setup(self->test, 0, 0, 0));
	EXPECT_LE(0, broker_open_sink(self->broker, target, 0));
}

TEST_F(abi, requests_of_the_driver)
{
	struct {
		struct miracast_test_add add;
		__u64 tail;
	} grown = { .add = { .value = 1 } };
	struct miracast_test_add add = { .value = 41 };
	struct miracast_target_info info;
	int sink;

	ASSERT_EQ(0, broker_hello(self->broker));
	sink = broker_open_sink(self->broker,
				broker_find(self->broker, 0, &info), 0);
	ASSERT_LE(0, sink);
	EXPECT_EQ(0, dev_ioctl(sink, MIRACAST_TEST_SINK_IOC_ADD, &add));
	EXPECT_EQ(42, add.value);
	/* Copied out after a failure, too. */
	add.fail = -EDOM;
	EXPECT_EQ(-EDOM, dev_ioctl(sink, MIRACAST_TEST_SINK_IOC_ADD, &add));
	EXPECT_EQ(43, add.value);
	EXPECT_EQ(-EFAULT, dev_ioctl(sink, MIRACAST_TEST_SINK_IOC_ADD, (void *)8));

	EXPECT_EQ(0, dev_ioctl(sink, SIZED(MIRACAST_TEST_SINK_IOC_ADD, sizeof(grown)),
			       &grown));
	EXPECT_EQ(2, grown.add.value);
	grown.tail = 1;
	EXPECT_EQ(-E2BIG, dev_ioctl(sink, SIZED(MIRACAST_TEST_SINK_IOC_ADD,
						sizeof(grown)), &grown));
	EXPECT_EQ(0, dev_ioctl(sink, SIZED(MIRACAST_TEST_SINK_IOC_ADD, 8), &add));
	EXPECT_EQ(44, add.value);
}

TEST_F(abi, poll_conditions_of_the_driver)
{
	struct miracast_test_set set = { .target = 0, .value = POLLPRI };
	struct miracast_target_info info;
	pid_t child;
	int sink;

	ASSERT_EQ(0, broker_hello(self->broker));
	sink = broker_open_sink(self->broker,
				broker_find(self->broker, 0, &info), 0);
	ASSERT_LE(0, sink);
	EXPECT_EQ(0, fd_poll(sink, POLLPRI | POLLIN, 0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		sleep_ms(200);
		_exit(dev_ioctl(self->test, MIRACAST_TEST_IOC_POLL, &set) ? 1 : 0);
	}
	EXPECT_EQ(POLLPRI, fd_poll(sink, POLLPRI | POLLIN, 10000));
	waitpid(child, NULL, 0);
}

TEST_HARNESS_MAIN
