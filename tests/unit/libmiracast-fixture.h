/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmiracast-fixture.h - a host of libmiracast between a kernel and a driver
 * that the test plays
 *
 * The kernel is the other end of a socket pair for records and replies, and
 * __wrap_ioctl() and __wrap_poll() for the rest (the linker's --wrap); the real
 * one is tested in the virtual machine.  The driver does what the test's hooks
 * say, and fails the test whenever two of its functions run that must not.
 */
#pragma once

#include <glib.h>

#include <miracast/frames.h>

/* ------------------------------------------------------------ the kernel's half */

struct fake_kernel {
	GMutex lock;
	GString *ops; /* session ops, reports and calls, in order */
	int io_control_error;

	GArray *chunks; /* struct miracast_chunk, all without private data */
	gboolean chunks_lost;
	int chunks_fd; /* eventfd: stands in for the sink fd's POLLRDBAND */
};

extern struct fake_kernel kernel;

/* What a display driver does with its chunks: one more, and more than there is room for. */
void kernel_report_chunk(guint64 frame);
void kernel_overflow(void);

/* ---------------------------------------------------------------- the fixture */

/* What a test wants the driver to do; everything else does nothing. */
struct fixture {
	struct miracast_host *host;
	const struct miracast_callbacks *callbacks;
	int sink[2]; /* [0] is the host's */
	int rtsp;
	GThread *runner;
	int result;

	GMutex lock;
	GCond changed;
	GString *calls;	  /* of create, start, stop, destroy */
	gboolean running; /* one of these four */
	guint handlers;	  /* that run now */
	guint most_handlers;
	guint handled;
	GString *log; /* of status and overdue */

	void (*in_create)(struct fixture *f);
	void (*in_start)(struct fixture *f);
	void (*in_stop)(struct fixture *f);
	void (*in_destroy)(struct fixture *f);
	int create_result;
	int start_result;
	uint32_t info;
	gboolean hold_handlers;
	int handler_result;
	uint32_t handler_bytes;

	GThread *other; /* for a call from another thread that takes long */
	int other_result;

	guint rates;
	struct miracast_data_rate rate;
	gboolean last_rate;
	gint64 registered_us;
};

void fixture_init(struct fixture *f, gboolean with_kernel);
void fixture_clear(struct fixture *f);

struct miracast_host_config make_config(struct fixture *f);
/* A host in a thread of its own. */
void fixture_run_config(struct fixture *f, const struct miracast_host_config *config);
void fixture_run(struct fixture *f);
void wait_until_started(struct fixture *f);
/* Of miracast_host_run(). */
int fixture_join(struct fixture *f);
int fixture_stop(struct fixture *f);

/* I/O control, by this thread and by another one. */
int control(struct fixture *f, uint32_t code);
int control_elsewhere(struct fixture *f);

void send_record(struct fixture *f, uint64_t id, uint16_t type, const char *payload,
		 uint32_t out_max);
void expect_reply(struct fixture *f, uint64_t id, int result, const char *payload);
void wait_for_handlers(struct fixture *f, guint n);
void release_handlers(struct fixture *f);

extern const struct miracast_driver fixture_driver;
