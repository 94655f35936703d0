/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that a user might hand to the kernel: pages that fault for as long as
 * the test likes, pages that are read-only, and a cgroup that has no more.
 */
#ifndef _MIRACAST_MEMORY_H
#define _MIRACAST_MEMORY_H

#include <linux/fuse.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "miracast_kselftest.h"

#define PAGE	4096

/* A page that can be read, with @data at its beginning. */
static inline void *read_only_page(const void *data, size_t size)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, data, size);
	mprotect(page, PAGE, PROT_READ);

	return page;
}

/* ------------------------------------------------------------- slow pages */

enum slow_kind {
	SLOW_USERFAULT,		/* userfaultfd: a page that is missing */
	SLOW_FUSE,		/* a file that this very process serves */
	NUM_SLOW,
	SLOW_WRITE = NUM_SLOW,	/* userfaultfd: it can be read, writing faults */
};

/*
 * A page of zeros that faults until slow_answer(). With SLOW_FUSE a thread
 * serves the file system, and @ready is readable when somebody has faulted.
 */
struct slow_page {
	enum slow_kind kind;
	void *page;
	int ready;
	int fuse;
	int stop;
	pthread_t server;
	uint64_t unique;
	uint32_t size;
	char dir[32];
};

static inline int slow_userfault(struct slow_page *slow)
{
	bool writing = slow->kind == SLOW_WRITE;
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = writing ? UFFD_FEATURE_PAGEFAULT_FLAG_WP : 0,
	};
	struct uffdio_register reg = {
		.mode = writing ? UFFDIO_REGISTER_MODE_WP :
				  UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_writeprotect protect = {
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0)
		return -errno;
	slow->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)slow->page;
	reg.range.len = PAGE;
	protect.range = reg.range;
	if (slow->page == MAP_FAILED)
		return -errno;
	if (writing)
		memset(slow->page, 0, PAGE);
	if (ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg) ||
	    (writing && ioctl(uffd, UFFDIO_WRITEPROTECT, &protect))) {
		close(uffd);
		return -EINVAL;
	}
	slow->ready = uffd;

	return 0;
}

static inline void fuse_reply(int fuse, uint64_t unique, int error,
			      const void *data, size_t size)
{
	struct {
		struct fuse_out_header head;
		uint8_t data[PAGE];
	} out = { .head = { .unique = unique, .error = error } };

	out.head.len = (uint32_t)(sizeof(out.head) + size);
	if (size)
		memcpy(out.data, data, size);
	/* A request that was interrupted wants no answer. */
	if (write(fuse, &out, out.head.len) < 0)
		return;
}

/* A directory with one file of one page, whatever its name. */
static inline void fuse_serve(struct slow_page *slow,
			      const struct fuse_in_header *in, const void *arg)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = PAGE,
	};
	struct fuse_entry_out entry = {
		.nodeid = 2, .attr = {
			.ino = 2, .size = PAGE, .mode = S_IFREG | 0600, .nlink = 1,
		},
	};
	struct fuse_attr_out attr = { .attr = entry.attr };
	struct fuse_open_out open = { .fh = 1 };
	const struct fuse_read_in *read = arg;
	uint64_t one = 1;

	switch (in->opcode) {
	case FUSE_INIT:
		fuse_reply(slow->fuse, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		fuse_reply(slow->fuse, in->unique, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		if (in->nodeid == FUSE_ROOT_ID)
			attr.attr = (struct fuse_attr) {
				.ino = 1, .mode = S_IFDIR | 0700, .nlink = 2,
			};
		fuse_reply(slow->fuse, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		fuse_reply(slow->fuse, in->unique, 0, &open, sizeof(open));
		break;
	case FUSE_READ:
		slow->size = read->size < PAGE ? read->size : PAGE;
		slow->unique = in->unique;
		if (write(slow->ready, &one, sizeof(one)) < 0)
			return;
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		fuse_reply(slow->fuse, in->unique, 0, NULL, 0);
		break;
	default:
		fuse_reply(slow->fuse, in->unique, -EOPNOTSUPP, NULL, 0);
	}
}

static inline void *fuse_thread(void *arg)
{
	static __thread uint64_t buf[(FUSE_MIN_READ_BUFFER + PAGE) / 8];
	struct slow_page *slow = arg;
	struct pollfd pollfd[2] = {
		{ .fd = slow->fuse, .events = POLLIN },
		{ .fd = slow->stop, .events = POLLIN },
	};

	while (poll(pollfd, 2, -1) > 0 && !pollfd[1].revents) {
		struct fuse_in_header *in = (struct fuse_in_header *)buf;

		if (read(slow->fuse, buf, sizeof(buf)) >= (ssize_t)sizeof(*in))
			fuse_serve(slow, in, in + 1);
	}
	return NULL;
}

static inline int slow_fuse(struct slow_page *slow)
{
	char options[64], path[48];
	int file, ret;

	slow->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (slow->fuse < 0)
		return -errno;
	slow->ready = eventfd(0, EFD_CLOEXEC);
	slow->stop = eventfd(0, EFD_CLOEXEC);
	snprintf(slow->dir, sizeof(slow->dir), "/tmp/miracast-fuse-XXXXXX");
	if (!mkdtemp(slow->dir))
		return -errno;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", slow->fuse);
	if (mount("miracast-test", slow->dir, "fuse", 0, options))
		return -errno;
	ret = pthread_create(&slow->server, NULL, fuse_thread, slow);
	if (ret)
		return -ret;

	snprintf(path, sizeof(path), "%s/page", slow->dir);
	file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0)
		return -errno;
	slow->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	/* Before the server ends: a close waits for it. */
	close(file);

	return slow->page == MAP_FAILED ? -errno : 0;
}

static inline int slow_open(struct slow_page *slow, enum slow_kind kind)
{
	*slow = (struct slow_page) { .kind = kind };

	return kind == SLOW_FUSE ? slow_fuse(slow) : slow_userfault(slow);
}

/* Whether somebody has faulted on the page, within this time. */
static inline bool slow_faulted(struct slow_page *slow, int timeout_ms)
{
	return fd_poll(slow->ready, POLLIN, timeout_ms) == POLLIN;
}

/* Let them go on. */
static inline void slow_answer(struct slow_page *slow)
{
	struct uffdio_range range = {
		.start = (uintptr_t)slow->page, .len = PAGE,
	};
	struct uffdio_writeprotect protect = { .range = range };
	struct uffdio_zeropage zero = { .range = range };
	static const uint8_t zeros[PAGE];

	if (slow->kind == SLOW_FUSE)
		fuse_reply(slow->fuse, slow->unique, 0, zeros, slow->size);
	else if (slow->kind == SLOW_WRITE)
		ioctl(slow->ready, UFFDIO_WRITEPROTECT, &protect);
	else
		ioctl(slow->ready, UFFDIO_ZEROPAGE, &zero);
}

static inline void slow_close(struct slow_page *slow)
{
	uint64_t one = 1;

	munmap(slow->page, PAGE);
	if (slow->kind == SLOW_FUSE) {
		umount2(slow->dir, MNT_DETACH);
		if (write(slow->stop, &one, sizeof(one)) > 0)
			pthread_join(slow->server, NULL);
		close(slow->fuse);
		close(slow->stop);
		rmdir(slow->dir);
	}
	close(slow->ready);
}

/* An ioctl whose argument is such a page, in a thread of its own. */
struct slow_call {
	int fd;
	unsigned long cmd;
	struct slow_page slow;
	atomic_int ret;
	atomic_bool ended;
};

static inline void *slow_call_thread(void *arg)
{
	struct slow_call *call = arg;

	call->ret = dev_ioctl(call->fd, call->cmd, call->slow.page);
	call->ended = true;

	return NULL;
}

/* ----------------------------------------------------------------- cgroup */

#define CGROUP_ROOT	"/sys/fs/cgroup"
#define CGROUP		CGROUP_ROOT "/miracast-test"

/*
 * Move this process to a cgroup of its own that accounts memory. Returns the
 * file with its limit: it cannot be opened any more when the limit is reached.
 */
static inline int cgroup_enter(void)
{
	int ret;

	if (access(CGROUP_ROOT "/cgroup.controllers", F_OK))
		mount("none", CGROUP_ROOT, "cgroup2", 0, NULL);
	ret = write_words(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
	if (ret)
		return ret;
	if (mkdir(CGROUP, 0700) && errno != EEXIST)
		return -errno;
	ret = write_words(CGROUP "/cgroup.procs", "0");
	if (ret)
		return ret;
	ret = open(CGROUP "/memory.max", O_RDWR | O_CLOEXEC);

	return ret < 0 ? -errno : ret;
}

/* From now on it gets @more bytes, but no others. */
static inline int cgroup_limit(int max, long more)
{
	long now = number_in(CGROUP "/memory.current");
	char words[32];

	if (now < 0)
		return (int)now;
	snprintf(words, sizeof(words), "%ld", now + more);

	return write(max, words, strlen(words)) < 0 ? -errno : 0;
}

static inline int cgroup_unlimit(int max)
{
	return write(max, "max", 3) < 0 ? -errno : 0;
}

/* So many messages of this size, or until one is refused; how many were accepted. */
static inline int cgroup_send(int test, uint32_t size, int most, int *ret)
{
	struct miracast_test_send send = {
		.flags = MIRACAST_TEST_NO_DONE, .in_len = size, .count = 1,
	};
	int sent;

	for (sent = 0; sent < most; sent++) {
		*ret = dev_ioctl(test, MIRACAST_TEST_IOC_SEND, &send);
		if (*ret)
			break;
	}

	return sent;
}

/* How many processes have been killed for want of memory there. */
static inline long cgroup_killed(void)
{
	char words[256] = "", *at;
	int fd = open(CGROUP "/memory.events", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, words, sizeof(words) - 1) < 0)
		words[0] = 0;
	close(fd);
	at = strstr(words, "oom_kill ");

	return at ? atol(at + strlen("oom_kill ")) : -ENOENT;
}

#endif /* _MIRACAST_MEMORY_H */
