/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd.h - write a Miracast user-mode driver, or the program that hosts one
 *
 * A user-mode driver (UMD) is five functions in a struct miracast_driver.  It
 * speaks with the sink (RTSP, RTP), encodes, and tells the display driver in
 * the kernel about the monitor.  The host is this library together with the
 * program that uses it: it plays the part that the Windows Miracast DDI gives to
 * the operating system.  "R59" and the like name the rules of that interface.
 *
 *     program ------- miracast_host_new(), _run() ------> host
 *     host ---------- create, start, stop, destroy -----> driver
 *     host ---------- handle_kernel_mode_message -------> driver   (kernel -> user)
 *     driver -------- struct miracast_callbacks --------> host     (user -> kernel)
 *
 * Life of a session
 * =================
 *
 *	miracast_host_run()     driver                          kernel session
 *	create                  create_context()                STOPPED
 *	begin start             start_session()                 STARTING
 *	end start               messages and I/O control flow   STARTED
 *	... until miracast_host_request_stop(), report_session_status(), or the
 *	    kernel's context is gone
 *	begin stop              stop_session()                  STOPPING
 *	end stop                                                STOPPED
 *	destroy                 destroy_context()
 *
 * All four functions run in the thread that called miracast_host_run(), one at
 * a time (R13).  A start that fails is not followed by stop_session(), only by
 * destroy_context().
 *
 * Errors are negative errno values throughout, 0 is success.
 */
#ifndef MIRACAST_UMD_H
#define MIRACAST_UMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/miracast.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIRACAST_DRIVER_VERSION 1

/* One session as its host sees it; opaque. The DDI's MiracastHandle. */
struct miracast_host;

/**
 * struct miracast_wfd_connection_stats - what the link can carry at the start
 * @current_bit_rate: bits per second recommended for audio and video together;
 *	0: not known
 * @local_max_bit_rate: most that our side of the link can do; 0: not known
 * @remote_max_bit_rate: most that the sink can do; 0: not known
 */
struct miracast_wfd_connection_stats {
	uint64_t current_bit_rate;
	uint64_t local_max_bit_rate;
	uint64_t remote_max_bit_rate;
};

/**
 * struct miracast_data_rate - what the link carries now
 * @encoder_bit_rate: bits per second recommended for audio and video together
 * @current_max_tx_data_rate: bits per second, the Wi-Fi driver's estimate
 * @transmitted_frame_count: Wi-Fi frames sent without retry
 * @failed_frame_count: Wi-Fi frames given up
 * @retried_frame_count: Wi-Fi frames sent with one retry
 * @multiple_retry_frame_count: Wi-Fi frames sent with more retries
 *
 * Counters count since the notification before.
 */
struct miracast_data_rate {
	uint64_t encoder_bit_rate;
	uint64_t current_max_tx_data_rate;
	uint64_t transmitted_frame_count;
	uint64_t failed_frame_count;
	uint64_t retried_frame_count;
	uint64_t multiple_retry_frame_count;
};

/**
 * miracast_data_rate_notify - the driver is told the data rate
 * @rate: borrowed for the call; NULL: this is the last call (R88)
 *
 * Runs each second in a thread of the host, one call at a time.  It must not
 * wait for stop_session(), which may be waiting for it in
 * register_for_data_rate().
 */
typedef void miracast_data_rate_notify(void *data, const struct miracast_data_rate *rate);

/**
 * struct miracast_callbacks - what a driver may call
 * @size: bytes of this structure, as the library was built
 *
 * Valid from the beginning of create_context() to the end of destroy_context()
 * (R18); a call outside of that fails with -ENODEV and does nothing, as long as
 * the host is there, that is, until miracast_host_free().  All but
 * register_for_data_rate may be called by any thread, also within
 * handle_kernel_mode_message() and the driver's other functions.
 */
struct miracast_callbacks {
	size_t size;

	/**
	 * report_session_status - the session is over
	 * @status: enum miracast_status
	 * @error: negative errno with the details, or 0; for the log
	 *
	 * Returns at once; the host stops the session in its own thread (R80).
	 * Reports after the first are handed to the program's log only.
	 */
	void (*report_session_status)(struct miracast_host *host, uint32_t status, int error);

	/**
	 * io_control - call the display driver, and wait for it (R57)
	 * @hardware_access: see MIRACAST_IO_CONTROL_HARDWARE_ACCESS (R15)
	 * @code: MIRACAST_CTL_*
	 * @bytes_returned: (optional): bytes written to @out
	 *
	 * By the state of the session and the calling thread (R59):
	 *
	 *	running            that function's thread   another thread
	 *	create_context     called                   -EBUSY
	 *	before start       -                        -EBUSY
	 *	start_session      called                   waits until it ended
	 *	started            -                        called
	 *	stop_session       called                   -ESHUTDOWN
	 *	stopped            -                        -ESHUTDOWN
	 *	destroy_context    called                   -ESHUTDOWN
	 *
	 * A thread that waited for a start that failed gets -ESHUTDOWN.
	 * Waiting is how a driver plugs its monitor after start_session(),
	 * which must return first (R34): by a thread of its own.
	 *
	 * Other errors are the display driver's; -EMSGSIZE beyond
	 * MIRACAST_MAX_IO_CONTROL; -ENODEV: context gone, or a host without
	 * a kernel.
	 */
	int (*io_control)(struct miracast_host *host, bool hardware_access, uint32_t code,
			  uint32_t in_size, const void *in, uint32_t out_size, void *out,
			  uint32_t *bytes_returned);

	/**
	 * report_statistic - leave a line in the kernel's trace (R81)
	 * @statistic: see struct miracast_statistic; call it at the moment of
	 *	the event, because that is its time (R84)
	 */
	void (*report_statistic)(struct miracast_host *host,
				 const struct miracast_statistic *statistic);

	/**
	 * get_next_chunk - fetch encode chunks of a display driver that encodes
	 * @timeout_ms: 0: do not wait; -1: wait for ever; else milliseconds
	 * @n_fds: file descriptors whose readability ends the wait, at most 4 (R66)
	 * @fds: these
	 * @size: in: bytes of @chunks; out, with results 0, > 0 and -EMSGSIZE:
	 *	bytes used, or needed
	 * @chunks: packed struct miracast_chunk, each of its len (R64)
	 * @outstanding: (optional): records left, a hint
	 *
	 * For one thread at a time.  Returns 0: @size bytes of whole records;
	 * 1 + i: fds[i] is readable and @size is 0; -EMSGSIZE: the next does not
	 * fit, @size is what it needs, it stays; -ETIMEDOUT; -ECONNRESET: records
	 * were lost, once, go on with an IDR (R63); -ENODEV: session destroyed;
	 * -EINVAL.  Records that are there at the call come first.
	 */
	int (*get_next_chunk)(struct miracast_host *host, int timeout_ms, unsigned int n_fds,
			      const int *fds, uint32_t *size, void *chunks, uint32_t *outstanding);

	/**
	 * register_for_data_rate - be told the data rate each second
	 * @notify: NULL ends the registration; when the call has returned
	 *	@notify does not run and will not run again
	 * @data: handed to @notify
	 *
	 * Only in the thread and during start_session() or stop_session() (R89):
	 * -EPERM otherwise.  A registration that is there when stop_session() has
	 * returned, or a start_session() that failed, is ended by the host, with
	 * a last call of @notify with NULL.
	 * -EALREADY: registered, or ended, before; -EOPNOTSUPP: the program has
	 * no source of data rates.
	 */
	int (*register_for_data_rate)(struct miracast_host *host, miracast_data_rate_notify *notify,
				      void *data);
};

/**
 * struct miracast_driver - a user-mode driver
 * @size: sizeof(struct miracast_driver)
 * @version: MIRACAST_DRIVER_VERSION
 *
 * All functions must be there.
 */
struct miracast_driver {
	size_t size;
	uint32_t version;

	/**
	 * create_context - prepare everything a session needs (R17)
	 * @driver_data: as in struct miracast_host_config
	 * @context: out: handed to the other functions
	 */
	int (*create_context)(void *driver_data, struct miracast_host *host,
			      const struct miracast_callbacks *callbacks, void **context);

	/**
	 * destroy_context - release everything
	 *
	 * When it returns, no thread of the driver is alive and nothing is open
	 * (R20).  It has 3 seconds (R19).
	 */
	void (*destroy_context)(void *context);

	/**
	 * start_session - talk to the sink until its capabilities are known
	 * @rtsp_socket: connected TCP socket, borrowed: never closed by the
	 *	driver, valid until stop_session() has returned (R27)
	 * @stats: borrowed for the call
	 * @session_info: out: MIRACAST_SESSION_* bits, all others zero (R31):
	 *	MONITOR_CONNECTED if the sink said in M3 that it has a monitor
	 *	(R29), REDUCED_MODES if modes are left out for the recommended
	 *	rate (R30)
	 *
	 * The monitor must not be plugged in here (R34), but -ENOSPC must be
	 * returned if a monitor is there and the recommended rate cannot carry
	 * 1024x768 (R32).
	 */
	int (*start_session)(void *context, int rtsp_socket,
			     const struct miracast_wfd_connection_stats *stats,
			     uint32_t *session_info);

	/**
	 * stop_session - end all communication with the sink (R91)
	 *
	 * As quickly as possible.  Must not unplug the monitor (R70): the kernel
	 * does when the context goes.  Frames and messages have ended (R90).
	 */
	void (*stop_session)(void *context);

	/**
	 * handle_kernel_mode_message - a message of the display driver
	 * @in: borrowed for the call
	 * @out: room for the answer, zeroed
	 * @bytes_returned: out: bytes written to @out, 0 on entry
	 *
	 * Runs in several threads at once (R52), and never while one of the
	 * functions above runs (R51): it must not wait for any of them, else
	 * nothing stops any more.  Returns the status for the kernel's sender
	 * (R53); with a negative one no bytes are returned.
	 */
	int (*handle_kernel_mode_message)(void *context, uint32_t in_size, const void *in,
					  uint32_t out_size, void *out, uint32_t *bytes_returned);
};

/* ------------------------------------------------------------- the program */

/**
 * struct miracast_host_config - everything a host is given
 * @driver: static
 * @driver_data: handed to create_context()
 * @sink_fd: sink fd of /dev/miracast; -1: a session without a kernel, for tests
 *	and native use.  Borrowed, and made O_NONBLOCK
 * @rtsp_fd: connected RTSP socket; borrowed
 * @num_threads: threads for messages, 1 to MIRACAST_HOST_MAX_THREADS; 0 = 2
 * @has_data_rate: miracast_host_set_data_rate() will be called
 * @stats: handed to start_session()
 * @data: handed to the functions below
 * @status: (optional): the driver reported a status; in the driver's thread.
 *	@first: this one ends the session
 * @overdue: (optional): something takes longer than it may: "stop" or
 *	"destroy" 3 s (R19), "message" (a handler that keeps a stop waiting) 3 s.
 *	In a thread of the host, once each.  The host goes on waiting; a program
 *	that must not hang calls _exit(): the kernel cleans up.
 *
 * Zero what you do not set.
 */
struct miracast_host_config {
	const struct miracast_driver *driver;
	void *driver_data;
	int sink_fd;
	int rtsp_fd;
	unsigned int num_threads;
	bool has_data_rate;
	struct miracast_wfd_connection_stats stats;
	void *data;
	void (*status)(void *data, uint32_t status, int error, bool first);
	void (*overdue)(void *data, const char *what);
};

#define MIRACAST_HOST_MAX_THREADS 16

/**
 * miracast_host_new - make a host; nothing is called yet
 *
 * -EINVAL: an argument is missing or out of range; -EPROTONOSUPPORT: the driver
 * was built for another version; -ENOMEM.
 */
int miracast_host_new(const struct miracast_host_config *config, struct miracast_host **host);

/**
 * miracast_host_run - one session from create to destroy
 *
 * Returns 0 after a session that was started and then stopped on request or
 * because of a status report; the error of create_context(), start_session() or
 * of the kernel otherwise; -ENODEV if the kernel's context went away;
 * -ECANCELED if a stop was requested before start_session() was called.
 * Once per host.
 */
int miracast_host_run(struct miracast_host *host);

/**
 * miracast_host_request_stop - stop the session soon
 *
 * From any thread, also in callbacks; not from a signal handler.  A
 * start_session() that is under way is not interrupted: make the socket fail
 * (shutdown()) if that must be quick.
 */
void miracast_host_request_stop(struct miracast_host *host);

/**
 * miracast_host_set_data_rate - what the next notification says
 *
 * From any thread, at any pace: rates are those of the last call, counters add
 * up until they are notified.
 */
void miracast_host_set_data_rate(struct miracast_host *host, const struct miracast_data_rate *rate);

/* After miracast_host_run() has returned, or before it was called. NULL is allowed. */
void miracast_host_free(struct miracast_host *host);

#ifdef __cplusplus
}
#endif

#endif /* MIRACAST_UMD_H */
