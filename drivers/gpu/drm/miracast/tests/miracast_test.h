/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/miracast_test: what the kselftests make the test display driver do.
 *
 * The driver has MIRACAST_TEST_TARGETS targets, named "test-0" and so on; every
 * request names one by its number. A message that was sent with a callback is
 * remembered until MIRACAST_TEST_IOC_COLLECT fetched its completion.
 */
#ifndef _MIRACAST_TEST_H_
#define _MIRACAST_TEST_H_

#include <linux/ioctl.h>
#include <linux/types.h>

#include <drm/miracast.h>

#define MIRACAST_TEST_DRIVER	"miracast_test"
#define MIRACAST_TEST_TARGETS	3
#define MIRACAST_TEST_MAX_LOG	4096	/* completions not collected yet */

/**
 * struct miracast_test_setup - forget everything, then behave like this
 * @target: which
 * @create_error: negative errno that create_context() returns, or 0
 * @create_messages: messages that create_context() sends
 * @create_sleep_ms: how long it takes
 */
struct miracast_test_setup {
	__u32 target;
	__s32 create_error;
	__u32 create_messages;
	__u32 create_sleep_ms;
};

#define MIRACAST_TEST_NO_DONE	0x1	/* no completion callback */
/*
 * Count completions only. The driver remembers some thousand that are over, so
 * that a message that completes once more is a duplicate, not a crash.
 */
#define MIRACAST_TEST_FORGET	0x2
#define MIRACAST_TEST_NULL_IN	0x4	/* input is NULL */

/**
 * struct miracast_test_send - send messages to the session of the target
 * @target: which
 * @flags: MIRACAST_TEST_*
 * @in_len: bytes of input; byte i is (cookie + i) modulo 256
 * @out_max: room for the reply
 * @timeout_ms: timeout
 * @count: how many; the cookie of each is one above that of the one before
 * @cookie: of the first
 * @resend: times that the callback sends the message again
 * @done_sleep_ms: how long the callback takes
 * @sent: out: how many were accepted before one was refused
 * @reserved: zero
 * @id: out: id of the last that was accepted
 *
 * Fails with the error of the message that was refused.
 */
struct miracast_test_send {
	__u32 target;
	__u32 flags;
	__u32 in_len;
	__u32 out_max;
	__u32 timeout_ms;
	__u32 count;
	__u64 cookie;
	__u32 resend;
	__u32 done_sleep_ms;
	__u32 sent;
	__u32 reserved;
	__u64 id;
};

/**
 * struct miracast_test_cancel - cancel a message
 * @id: which message
 * @target: of which target
 * @reserved: zero
 */
struct miracast_test_cancel {
	__u64 id;
	__u32 target;
	__u32 reserved;
};

/**
 * struct miracast_test_completion - fetch one completion
 * @target: in: which
 * @timeout_ms: in: how long to wait for one; then -ETIMEDOUT
 * @cookie: out: of the message
 * @order: out: how many completions came before it
 * @status: out: as the callback got it
 * @bytes: out: as the callback got it
 * @calls: out: how often the callback was called
 * @tid: out: thread that it ran in
 * @before_return: out: it had run before miracast_send_message() returned
 * @has_out: out: its output pointer was not NULL
 * @data: out: the beginning of the reply
 */
struct miracast_test_completion {
	__u32 target;
	__u32 timeout_ms;
	__u64 cookie;
	__u64 order;
	__s32 status;
	__u32 bytes;
	__u32 calls;
	__u32 tid;
	__u32 before_return;
	__u32 has_out;
	__u8 data[64];
};

/**
 * struct miracast_test_ends - how messages ended
 * @replied: with 0, by a reply
 * @failed: with an error, by a reply
 * @cancelled: with -ECANCELED: by their sender, a stop or the end
 * @timed_out: with -ETIMEDOUT
 * @shut_down: with -ESHUTDOWN
 */
struct miracast_test_ends {
	__u64 replied;
	__u64 failed;
	__u64 cancelled;
	__u64 timed_out;
	__u64 shut_down;
};

/**
 * struct miracast_test_stats - what the driver has seen since the setup
 * @target: in: which
 * @num_states: out: valid entries of @states
 * @states: out: arguments of session_state(), in order, first 16
 * @infos: out: the info argument of each
 * @created: out: contexts created
 * @destroyed: out: contexts destroyed
 * @accepted: out: messages accepted that had a callback
 * @completed: out: calls of the callback
 * @ends: out: the same by the status that it got
 * @duplicates: out: calls of it for a message that had completed
 * @max_done: out: most callbacks that ran at the same time
 * @max_class: out: most of create, destroy, I/O control at the same time
 * @late_calls: out: callbacks of any kind after the context was destroyed
 * @outstanding_at_destroy: out: messages not completed at destroy_context()
 */
struct miracast_test_stats {
	__u32 target;
	__u32 num_states;
	__u32 states[16];
	__u32 infos[16];
	__u64 created;
	__u64 destroyed;
	__u64 accepted;
	__u64 completed;
	struct miracast_test_ends ends;
	__u64 duplicates;
	__u32 max_done;
	__u32 max_class;
	__u64 late_calls;
	__u64 outstanding_at_destroy;
};

#define MIRACAST_TEST_CHUNK_IRQ	0x1	/* from hard interrupt context */

/**
 * struct miracast_test_chunk - report encode chunks
 * @target: which
 * @flags: MIRACAST_TEST_CHUNK_*
 * @count: how many
 * @len: private data bytes; each byte is the low byte of the frame number
 * @frame: frame number of the first; the next has one more
 * @refused: out: how many were refused
 * @error: out: last error
 */
struct miracast_test_chunk {
	__u32 target;
	__u32 flags;
	__u32 count;
	__u32 len;
	__u64 frame;
	__u32 refused;
	__s32 error;
};

/**
 * struct miracast_test_set - one value for one target
 * @target: which
 * @value: what
 */
struct miracast_test_set {
	__u32 target;
	__u32 value;
};

#define MIRACAST_TEST_IOC_SETUP \
	_IOW(MIRACAST_IOC_MAGIC, 0xf0, struct miracast_test_setup)
#define MIRACAST_TEST_IOC_SEND \
	_IOWR(MIRACAST_IOC_MAGIC, 0xf1, struct miracast_test_send)
#define MIRACAST_TEST_IOC_CANCEL \
	_IOW(MIRACAST_IOC_MAGIC, 0xf2, struct miracast_test_cancel)
#define MIRACAST_TEST_IOC_COLLECT \
	_IOWR(MIRACAST_IOC_MAGIC, 0xf3, struct miracast_test_completion)
#define MIRACAST_TEST_IOC_STATS \
	_IOWR(MIRACAST_IOC_MAGIC, 0xf4, struct miracast_test_stats)
#define MIRACAST_TEST_IOC_CHUNK \
	_IOWR(MIRACAST_IOC_MAGIC, 0xf5, struct miracast_test_chunk)
/* value 1: registered, 0: unregistered */
#define MIRACAST_TEST_IOC_BIND \
	_IOW(MIRACAST_IOC_MAGIC, 0xf6, struct miracast_test_set)
/* value: EPOLL* bits that the driver's poll() reports; wakes pollers */
#define MIRACAST_TEST_IOC_POLL \
	_IOW(MIRACAST_IOC_MAGIC, 0xf7, struct miracast_test_set)
/* value 1: a monitor is reported */
#define MIRACAST_TEST_IOC_PLUG \
	_IOW(MIRACAST_IOC_MAGIC, 0xf8, struct miracast_test_set)
/* value 1: the device of miracast.ko and its children are suspended, 0: resumed; any target */
#define MIRACAST_TEST_IOC_SUSPEND \
	_IOW(MIRACAST_IOC_MAGIC, 0xf9, struct miracast_test_set)

/* -------------------------------------------------------- on the sink fd */

/* I/O control: output is the input */
#define MIRACAST_TEST_CTL_ECHO	0x10000
/* I/O control: sleep for the u32 milliseconds of the input */
#define MIRACAST_TEST_CTL_SLEEP	0x10001
/* I/O control: fail with the s32 errno of the input */
#define MIRACAST_TEST_CTL_FAIL	0x10002
/* I/O control: output is the u32 id of the thread it runs in, then its flags */
#define MIRACAST_TEST_CTL_WHO	0x10003

/**
 * struct miracast_test_add - a request of the driver's own
 * @value: in, out: one is added to it
 * @sleep_ms: in: how long it takes
 * @fail: in: negative errno to fail with
 */
struct miracast_test_add {
	__u64 value;
	__u32 sleep_ms;
	__s32 fail;
};

#define MIRACAST_TEST_SINK_IOC_ADD	\
	_IOWR(MIRACAST_IOC_MAGIC, 0xe0, struct miracast_test_add)

#endif /* _MIRACAST_TEST_H_ */
