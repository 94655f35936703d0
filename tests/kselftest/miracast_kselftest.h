/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of /dev/miracast share: short names for its calls, and the
 * test display driver as the other side.
 */
#ifndef _MIRACAST_KSELFTEST_H
#define _MIRACAST_KSELFTEST_H

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <drm/miracast.h>

#include <kselftest_harness.h>
#include "miracast_test.h"

/*
 * A runner of a kernel tree starts the programs by themselves, too. What uses
 * these helpers and is no kselftest needs no miracast_test.ko, and says so.
 */
#ifndef WITHOUT_MIRACAST_TEST
static void __attribute__((constructor)) need_modules(void)
{
	if (!access("/dev/miracast", F_OK) && !access("/dev/miracast_test", F_OK))
		return;
	printf("TAP version 13\n1..0 # SKIP no /dev/miracast: run.sh loads the modules\n");
	exit(KSFT_SKIP);
}
#endif

/* Calls return 0 or more, or a negative errno. */
static inline int dev_ioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

static inline __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000 + (__u64)ts.tv_nsec / 1000000;
}

static inline pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* What a file of the kernel says, or a negative errno. */
static inline long number_in(const char *path)
{
	char words[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, words, sizeof(words) - 1) < 0)
		words[0] = 0;
	close(fd);

	return atol(words);
}

/* Tell a file of the kernel; 0 or a negative errno. */
static inline int write_words(const char *path, const char *words)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, words, strlen(words)) < 0)
		ret = -errno;
	close(fd);

	return ret;
}

static inline long module_users(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);

	return number_in(path);
}

/* ---------------------------------------------------------------- broker */

static inline int broker_hello(int fd)
{
	struct miracast_hello hello = {
		.abi_min = MIRACAST_ABI_VERSION,
		.abi_max = MIRACAST_ABI_VERSION,
	};

	return dev_ioctl(fd, MIRACAST_IOC_HELLO, &hello);
}

/* The process of a test before may still be on its way out. */
static inline int broker_open(void)
{
	__u64 end = now_ms() + 5000;
	int fd;

	do {
		fd = open("/dev/miracast", O_RDWR | O_CLOEXEC);
		if (fd >= 0 || errno != EBUSY)
			break;
		sleep_ms(10);
	} while (now_ms() < end);

	return fd < 0 ? -errno : fd;
}

/* Target number @num of the test driver; 0 if it is not there. */
static inline uint32_t broker_find(int broker, unsigned int num,
				   struct miracast_target_info *info)
{
	char name[32];

	snprintf(name, sizeof(name), "test-%u", num);
	memset(info, 0, sizeof(*info));
	while (!dev_ioctl(broker, MIRACAST_IOC_NEXT_TARGET, info))
		if (!strcmp(info->driver, MIRACAST_TEST_DRIVER) &&
		    !strcmp(info->name, name))
			return info->id;

	return 0;
}

static inline int broker_open_sink(int broker, uint32_t target, uint32_t flags)
{
	struct miracast_open_sink open = { .target = target, .flags = flags };
	int ret = dev_ioctl(broker, MIRACAST_IOC_OPEN_SINK, &open);

	return ret ? ret : open.fd;
}

static inline int broker_destroy_sink(int broker, uint32_t target)
{
	struct miracast_destroy_sink destroy = { .target = target };

	return dev_ioctl(broker, MIRACAST_IOC_DESTROY_SINK, &destroy);
}

/* ------------------------------------------------------------------ sink */

static inline int sink_op(int sink, uint32_t op, uint32_t info, int status)
{
	struct miracast_session_ctl ctl = {
		.op = op, .info = info, .status = status,
	};

	return dev_ioctl(sink, MIRACAST_IOC_SESSION, &ctl);
}

static inline int sink_start(int sink)
{
	int ret = sink_op(sink, MIRACAST_SESSION_BEGIN_START, 0, 0);

	return ret ? ret : sink_op(sink, MIRACAST_SESSION_END_START, 0, 0);
}

static inline int sink_stop(int sink)
{
	int ret = sink_op(sink, MIRACAST_SESSION_BEGIN_STOP, 0, 0);

	return ret ? ret : sink_op(sink, MIRACAST_SESSION_END_STOP, 0, 0);
}

static inline int sink_io_control(int sink, uint32_t code, const void *in,
				  uint32_t in_len, void *out, uint32_t out_len,
				  uint32_t *bytes)
{
	struct miracast_io_control ctl = {
		.code = code,
		.in_ptr = (uintptr_t)in, .in_len = in_len,
		.out_ptr = (uintptr_t)out, .out_len = out_len,
	};
	int ret = dev_ioctl(sink, MIRACAST_IOC_IO_CONTROL, &ctl);

	if (bytes)
		*bytes = ctl.bytes_returned;
	return ret;
}

struct record {
	struct miracast_record head;
	uint8_t data[MIRACAST_MAX_MESSAGE];
};

static inline ssize_t sink_read(int sink, struct record *record)
{
	ssize_t ret = read(sink, record, sizeof(*record));

	return ret < 0 ? -errno : ret;
}

static inline ssize_t sink_reply(int sink, __u64 id, int status,
				 const void *data, size_t len)
{
	static __thread struct {
		struct miracast_reply head;
		uint8_t data[MIRACAST_MAX_MESSAGE + 1];
	} reply;
	ssize_t ret;

	reply.head.len = (uint32_t)(sizeof(reply.head) + len);
	reply.head.header_len = sizeof(reply.head);
	reply.head.status = status;
	reply.head.id = id;
	if (len)
		memcpy(reply.data, data, len);
	ret = write(sink, &reply, reply.head.len);

	return ret < 0 ? -errno : ret;
}

static inline int fd_poll(int fd, short events, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	int ret = poll(&pollfd, 1, timeout_ms);

	return ret < 0 ? -errno : pollfd.revents;
}

/* ----------------------------------------------------------- test driver */

static inline int test_open(void)
{
	int fd = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int test_setup(int test, uint32_t target, int create_error,
			     uint32_t create_messages)
{
	struct miracast_test_setup setup = {
		.target = target, .create_error = create_error,
		.create_messages = create_messages,
	};

	return dev_ioctl(test, MIRACAST_TEST_IOC_SETUP, &setup);
}

/* One message of 8 bytes with room for 64. */
static inline int test_send(int test, __u64 cookie, __u64 *id)
{
	struct miracast_test_send send = {
		.in_len = 8, .out_max = 64, .count = 1, .cookie = cookie,
	};
	int ret = dev_ioctl(test, MIRACAST_TEST_IOC_SEND, &send);

	if (id)
		*id = send.id;
	return ret;
}

static inline int test_cancel(int test, __u64 id)
{
	struct miracast_test_cancel cancel = { .id = id };

	return dev_ioctl(test, MIRACAST_TEST_IOC_CANCEL, &cancel);
}

static inline int test_collect(int test, struct miracast_test_completion *done,
			       uint32_t timeout_ms)
{
	memset(done, 0, sizeof(*done));
	done->timeout_ms = timeout_ms;

	return dev_ioctl(test, MIRACAST_TEST_IOC_COLLECT, done);
}

static inline int test_stats(int test, struct miracast_test_stats *stats)
{
	memset(stats, 0, sizeof(*stats));

	return dev_ioctl(test, MIRACAST_TEST_IOC_STATS, stats);
}

static inline int test_bind(int test, uint32_t target, uint32_t value)
{
	struct miracast_test_set set = { .target = target, .value = value };

	return dev_ioctl(test, MIRACAST_TEST_IOC_BIND, &set);
}

static inline int test_suspend(int test, uint32_t value)
{
	struct miracast_test_set set = { .value = value };

	return dev_ioctl(test, MIRACAST_TEST_IOC_SUSPEND, &set);
}

/* --------------------------------------------------------------- fixture */

/* A sink on test-0, not started; nothing in the log of the test driver. */
struct relay {
	int test;
	int broker;
	int sink;
	uint32_t target;
};

static inline void relay_open(struct __test_metadata *_metadata,
			      struct relay *relay)
{
	struct miracast_target_info info;

	relay->broker = -1;
	relay->sink = -1;
	relay->test = test_open();
	ASSERT_LE(0, relay->test);
	relay->broker = broker_open();
	ASSERT_LE(0, relay->broker);
	ASSERT_EQ(0, broker_hello(relay->broker));
	ASSERT_EQ(0, test_bind(relay->test, 0, 1));
	ASSERT_EQ(0, test_setup(relay->test, 0, 0, 0));
	relay->target = broker_find(relay->broker, 0, &info);
	ASSERT_NE(0, relay->target);
	relay->sink = broker_open_sink(relay->broker, relay->target,
				       MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, relay->sink);
}

/* Whatever the test did, the books of the test driver must balance. */
static inline void relay_close(struct __test_metadata *_metadata,
			       struct relay *relay)
{
	struct miracast_test_stats stats;

	close(relay->sink);
	close(relay->broker);
	if (relay->test < 0)
		return;
	EXPECT_EQ(0, test_stats(relay->test, &stats));
	EXPECT_EQ(stats.accepted, stats.completed);
	EXPECT_EQ(0, stats.duplicates);
	EXPECT_EQ(0, stats.late_calls);
	EXPECT_EQ(0, stats.outstanding_at_destroy);
	EXPECT_EQ(stats.created, stats.destroyed);
	EXPECT_GE(1, stats.max_class);
	close(relay->test);
}

/* Whatever happened: a message still goes there and back. */
static inline void relay_check_usable(struct __test_metadata *_metadata,
				      struct relay *relay)
{
	struct miracast_test_completion done;
	struct miracast_target_info info;
	struct record record;
	__u64 id;

	close(relay->sink);
	EXPECT_EQ(0, test_bind(relay->test, 0, 1));
	relay->target = broker_find(relay->broker, 0, &info);
	relay->sink = broker_open_sink(relay->broker, relay->target,
				       MIRACAST_OPEN_NONBLOCK);
	EXPECT_LE(0, relay->sink);
	while (!test_collect(relay->test, &done, 0))
		;
	EXPECT_EQ(0, sink_start(relay->sink));
	EXPECT_EQ(0, test_send(relay->test, 1, &id));
	EXPECT_LT(0, sink_read(relay->sink, &record));
	EXPECT_LT(0, sink_reply(relay->sink, id, 0, NULL, 0));
	EXPECT_EQ(0, test_collect(relay->test, &done, 10000));
	EXPECT_EQ(0, done.status);
}

static inline int relay_set_blocking(struct relay *relay)
{
	return fcntl(relay->sink, F_SETFL, O_RDWR);
}

#endif /* _MIRACAST_KSELFTEST_H */
