/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-kernel.h - the kernel that the tests of libmiracast play
 *
 * The other end of a socket pair for records and replies, and __wrap_ioctl() and
 * __wrap_poll() for the rest (the linker's --wrap).
 */
#pragma once

#include "witness.h"

struct fake_kernel {
	int peer; /* of the sink fd */
	pthread_mutex_t lock;
	GString *ops; /* session ops, reports and calls, in order */
	int io_control_error;

	GArray *chunks; /* struct miracast_chunk, all without private data */
	gboolean chunks_lost;
	int chunks_fd; /* eventfd: stands in for the sink fd's POLLRDBAND */
};

extern struct fake_kernel kernel;

/* A kernel, and a witness on its sink fd; without one the host has no kernel. */
void kernel_begin(struct witness *w, gboolean with_sink);
void kernel_end(struct witness *w);
/* The nearest a socket comes to a context that is gone. */
void kernel_hang_up(void);

/* What a display driver does with its chunks: one more, and more than there is room for. */
void kernel_report_chunk(guint64 frame);
void kernel_overflow(void);

/* Of a kernel whose header of records has @header_len bytes; what this one does not know is 0xff. */
void send_record_of(uint16_t header_len, uint64_t id, const char *payload, uint32_t out_max);
void send_record(uint64_t id, uint16_t type, const char *payload, uint32_t out_max);
void expect_reply(uint64_t id, int result, const char *payload);
