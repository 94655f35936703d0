/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failing allocations, and copies from and to user memory, one after another:
 * for N = 1, 2, … an operation is tried with its Nth one failing, until it
 * has fewer. Wants a kernel with fault injection.
 */
#ifndef _MIRACAST_FAULTS_H
#define _MIRACAST_FAULTS_H

#include "miracast_kselftest.h"

/* More than any operation has. */
#define FAULTS_MAX	20000

/**
 * struct faults - an operation under faults
 * @name: for the log
 * @run: does it; 0, or a negative errno when nothing has happened
 * @undo: takes back what @run did, without faults; may be NULL
 * @data: for both
 */
struct faults {
	const char *name;
	int (*run)(void *data);
	int (*undo)(void *data);
	void *data;
};

/* Of all kinds of allocations, and without a word in the log. */
static inline void faults_prepare(struct __test_metadata *_metadata)
{
	static const char *const knobs[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", knobs[i][0]);
		ASSERT_EQ(0, write_words(path, knobs[i][1])) {
			TH_LOG("%s", path);
		}
	}
	/* Page faults of the test itself allocate, too. */
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
}

/* Run @operation with fault @nth; @left receives how many were not reached. */
static inline int faults_once(int fd, struct faults *operation,
			      unsigned int nth, unsigned int *left)
{
	char text[16] = "";
	int ret;

	snprintf(text, sizeof(text), "%u", nth);
	if (write(fd, text, strlen(text)) < 0)
		return -errno;
	ret = operation->run(operation->data);
	/* What was not reached may hit this, and must not hit what comes next. */
	*left = 1;
	if (pread(fd, text, sizeof(text) - 1, 0) > 0)
		*left = (unsigned int)strtoul(text, NULL, 10);
	while (*left && write(fd, "0", 1) < 0)
		;

	return ret;
}

static inline int count_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;

	return n;
}

static inline void faults_expect(struct __test_metadata *_metadata,
				 struct faults *operation)
{
	unsigned int nth, left = 0, refused = 0;
	int ret = 0, fd, fds;

	fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	/* Once without, also to have all code and data in memory. */
	ASSERT_EQ(0, operation->run(operation->data));
	if (operation->undo)
		ASSERT_EQ(0, operation->undo(operation->data));
	fds = count_fds();

	for (nth = 1; nth < FAULTS_MAX; nth++) {
		ret = faults_once(fd, operation, nth, &left);
		/* What has a second way succeeds all the same. */
		EXPECT_TRUE(ret == 0 || ret == -ENOMEM || ret == -EFAULT) {
			TH_LOG("%s: %d with fault %u", operation->name, ret, nth);
		}
		refused += ret != 0;
		if (!ret && operation->undo)
			ASSERT_EQ(0, operation->undo(operation->data));
		EXPECT_EQ(fds, count_fds()) {
			TH_LOG("%s: descriptors with fault %u", operation->name, nth);
		}
		if (left)
			break;
	}
	TH_LOG("%s: %u faults, %u refusals", operation->name, nth - 1, refused);
	EXPECT_LT(1, nth);
	EXPECT_LT(0, left);
	/* Without a fault it works, after all of them. */
	EXPECT_EQ(0, ret);
	close(fd);
}

#endif /* _MIRACAST_FAULTS_H */
