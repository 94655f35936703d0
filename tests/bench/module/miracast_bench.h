/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/miracast_bench: round trips from the kernel to a thread and back.
 *
 * Whatever the way, what is timed is the same: a task in the kernel hands a
 * payload over and sleeps until the other end, a thread that has done one read
 * and one write, has given one of the same length back.
 */
#ifndef _MIRACAST_BENCH_H_
#define _MIRACAST_BENCH_H_

#include <linux/ioctl.h>
#include <linux/types.h>

#define MIRACAST_BENCH_DRIVER		"miracast_bench"
#define MIRACAST_BENCH_MAX_COUNT	1000000
#define MIRACAST_BENCH_MAX_PAYLOAD	4096

/**
 * enum miracast_bench_way - how the payload travels
 * @MIRACAST_BENCH_RELAY: a message to the session of the driver's target
 * @MIRACAST_BENCH_PIPE: write to one pipe, read from another
 * @MIRACAST_BENCH_NETLINK: a request of the generic netlink family to the
 *	socket that sent MIRACAST_BENCH_CMD_HELLO, and its reply
 * @MIRACAST_BENCH_FILE: read from a file that user space serves, by FUSE
 */
enum miracast_bench_way {
	MIRACAST_BENCH_RELAY,
	MIRACAST_BENCH_PIPE,
	MIRACAST_BENCH_NETLINK,
	MIRACAST_BENCH_FILE,
};

/**
 * struct miracast_bench_run - MIRACAST_BENCH_IOC_RUN, one after the other
 * @way: enum miracast_bench_way
 * @count: how many round trips
 * @payload: bytes each way
 * @fd_to: with PIPE where to write
 * @fd_from: with PIPE and FILE where to read
 * @reserved: zero
 * @samples_ptr: user address of @count __u32: nanoseconds of each, or 0
 * @total_ns: out: time of all
 */
struct miracast_bench_run {
	__u32 way;
	__u32 count;
	__u32 payload;
	__s32 fd_to;
	__s32 fd_from;
	__u32 reserved;
	__u64 samples_ptr;
	__u64 total_ns;
};

#define MIRACAST_BENCH_IOC_RUN	_IOWR(0xde, 0, struct miracast_bench_run)

/* Generic netlink: commands and attributes. */
#define MIRACAST_BENCH_FAMILY	"miracast_bench"

enum miracast_bench_cmd {
	MIRACAST_BENCH_CMD_UNSPEC,
	MIRACAST_BENCH_CMD_HELLO,
	MIRACAST_BENCH_CMD_PING,
	MIRACAST_BENCH_CMD_PONG,
};

enum miracast_bench_attr {
	MIRACAST_BENCH_ATTR_UNSPEC,
	MIRACAST_BENCH_ATTR_PAYLOAD,
	__MIRACAST_BENCH_ATTR_NUM,
};

#define MIRACAST_BENCH_ATTR_MAX	(__MIRACAST_BENCH_ATTR_NUM - 1)

#endif /* _MIRACAST_BENCH_H_ */
