/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session of the relay as display driver and user-mode driver see it:
 * completions, I/O control, encode chunks.  The message state machine has its
 * own test; tests/fuzz/fuzz-relay.c covers the combinations.
 */
#include <glib.h>
#include <pthread.h>
#include <unistd.h>

#include <linux/err.h>
#include <linux/string.h>

#include "relay-fixture.h"

static struct relay_driver driver;
static struct miracast_session *session;

static void begin(void)
{
	relay_driver_init(&driver);
	session = relay_open(&driver);
	g_assert_false(IS_ERR(session));
}

static void end(void)
{
	relay_close(session);
	relay_driver_exit(&driver);
}

/* ------------------------------------------------------------- completions */

/* What a sender hears; freed by its callback, R47. */
struct heard {
	guint times;
	int status;
	gsize bytes;
	char out[8];
	bool send_again;
};

static struct heard heard;

static void done(void *ctx, int status, const void *out, size_t bytes)
{
	g_autofree struct heard *own = ctx;

	heard.times++;
	heard.status = status;
	heard.bytes = bytes;
	if (bytes)
		memcpy(heard.out, out, bytes);
	if (own->send_again) {
		guint before = heard.times;
		struct heard *again = g_new0(struct heard, 1);

		g_assert_cmpint(miracast_send_message(session, "x", 1, 0, 0, done, again, NULL),
				==, 0);
		/* R50: by a worker, or a driver that always tries again would never end. */
		g_assert_cmpuint(heard.times, ==, before);
	}
}

static u64 send_message(bool send_again)
{
	struct heard *ctx = g_new0(struct heard, 1);
	u64 id = 0;

	memset(&heard, 0, sizeof(heard));
	ctx->send_again = send_again;
	g_assert_cmpint(miracast_send_message(session, "in", 2, sizeof(heard.out), 0, done, ctx, &id),
			==, 0);
	g_assert_cmpuint(id, !=, 0);
	return id;
}

static void deliver(u64 id)
{
	struct {
		struct miracast_record head;
		char in[16];
	} read;

	g_assert_cmpint(relay_read(session, &read, sizeof(read), true), ==,
			sizeof(read.head) + 2);
	g_assert_cmpuint(read.head.id, ==, id);
	g_assert_cmpmem(read.in, 2, "in", 2);
}

static ssize_t reply(u64 id, int status, const char *out)
{
	struct {
		struct miracast_reply head;
		char out[16];
	} write = { .head = { .header_len = sizeof(write.head), .id = id, .status = status } };

	write.head.len = sizeof(write.head) + strlen(out);
	memcpy(write.out, out, strlen(out));
	return relay_write(session, &write, write.head.len);
}

static void test_r40_r53_status_and_bytes(void)
{
	u64 id;

	begin();
	relay_start(session);
	id = send_message(false);
	deliver(id);
	g_assert_cmpuint(heard.times, ==, 0);
	g_assert_cmpint(reply(id, 0, "out"), ==, sizeof(struct miracast_reply) + 3);
	g_assert_cmpuint(heard.times, ==, 1);
	g_assert_cmpint(heard.status, ==, 0);
	g_assert_cmpmem(heard.out, heard.bytes, "out", 3);
	g_assert_cmpint(reply(id, 0, ""), ==, -ENOENT);
	end();
	g_assert_cmpuint(heard.times, ==, 1);
}

/* Message 1 is read and answered while its sender is still busy waking readers. */
static void answer_at_once(void)
{
	deliver(1);
	g_assert_cmpint(reply(1, 0, "out"), ==, sizeof(struct miracast_reply) + 3);
	g_assert_cmpuint(heard.times, ==, 1);
}

static void test_r41_done_before_send_returns(void)
{
	begin();
	relay_start(session);
	kernel_shim_waking = answer_at_once;
	g_assert_cmpuint(send_message(false), ==, 1);
	g_assert_null(kernel_shim_waking);
	g_assert_cmpuint(heard.times, ==, 1);
	g_assert_cmpmem(heard.out, heard.bytes, "out", 3);
	end();
	g_assert_cmpuint(heard.times, ==, 1);
}

static void test_r45_no_bytes_beside_an_error(void)
{
	u64 id;

	begin();
	relay_start(session);
	id = send_message(false);
	deliver(id);
	g_assert_cmpint(reply(id, -EIO, "out"), ==, -EINVAL);
	g_assert_cmpint(reply(id, 1, ""), ==, -EINVAL);
	g_assert_cmpint(reply(id, -4096, ""), ==, -EINVAL);
	g_assert_cmpuint(heard.times, ==, 0);
	g_assert_cmpint(reply(id, -4095, ""), ==, sizeof(struct miracast_reply));
	g_assert_cmpint(heard.status, ==, -4095);
	g_assert_cmpuint(heard.bytes, ==, 0);
	end();
}

static void test_r38_r39_arguments(void)
{
	begin();
	g_assert_cmpint(miracast_send_message(session, NULL, 1, 0, 0, NULL, NULL, NULL), ==, -EINVAL);
	g_assert_cmpint(miracast_send_message(session, NULL, 0, 1, 0, NULL, NULL, NULL), ==, -EINVAL);
	g_assert_cmpint(miracast_send_message(session, "", MIRACAST_MAX_MESSAGE + 1, 0, 0, NULL, NULL,
					      NULL), ==, -EMSGSIZE);
	g_assert_cmpint(miracast_send_message(session, NULL, 0, 0, 0, NULL, NULL, NULL), ==, 0);
	end();
}

/* Where sleeping is not allowed, even a message that would be refused anyway is a bug. */
static void test_r37_atomic_context(void)
{
	if (g_test_subprocess()) {
		begin();
		kernel_shim_spinlocks++;
		miracast_send_message(session, NULL, 1, 0, 0, NULL, NULL, NULL);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_failed();
	g_test_trap_assert_stderr("*miracast_message.c*kernel_shim_spinlocks*");
}

static void test_r50_callback_that_sends_again(void)
{
	begin();
	relay_start(session);
	send_message(true);
	relay_stop(session);
	g_assert_cmpuint(heard.times, ==, 1);
	g_assert_cmpint(heard.status, ==, -ECANCELED);
	g_assert_cmpuint(kernel_shim_run_work(), ==, 1);
	g_assert_cmpuint(heard.times, ==, 2);
	g_assert_cmpint(heard.status, ==, -ESHUTDOWN);
	end();
}

static void test_r23_destroyed_from_outside(void)
{
	u64 id;
	char buf[64];

	begin();
	relay_start(session);
	id = send_message(false);
	deliver(id);
	g_assert_cmpint(miracast_target_destroy_session(driver.target), ==, 0);
	g_assert_cmpint(heard.status, ==, -ECANCELED);
	g_assert_false(driver.alive);
	g_assert_cmpint(relay_read(session, buf, sizeof(buf), false), ==, -ENODEV);
	g_assert_cmpint(reply(id, 0, ""), ==, -ENODEV);
	g_assert_cmpint(relay_start(session), ==, -ENODEV);
	g_assert_cmpint(miracast_target_destroy_session(driver.target), ==, -ENOENT);
	end();
}

static int refuse(void *data, struct miracast_session *new)
{
	session = new;
	send_message(false);
	return -ENOSPC;
}

static void test_r16_create_context_refuses(void)
{
	relay_driver_init(&driver);
	driver.create = refuse;
	g_assert_cmpint(PTR_ERR(relay_open(&driver)), ==, -ENOSPC);
	/* What was accepted has been completed all the same. */
	g_assert_cmpuint(heard.times, ==, 1);
	g_assert_cmpint(heard.status, ==, -ECANCELED);
	relay_driver_exit(&driver);
}

/* ------------------------------------------------------------- I/O control */

static int control(void)
{
	size_t bytes = 1;
	char out[4];
	int ret = miracast_session_io_control(session, 1, 0, NULL, 0, out, sizeof(out), &bytes);

	g_assert_cmpuint(bytes, ==, ret ? 0 : sizeof(out));
	return ret;
}

static void *control_thread(void *data)
{
	return GINT_TO_POINTER(control());
}

static int control_elsewhere(void)
{
	pthread_t thread;
	void *ret;

	pthread_create(&thread, NULL, control_thread, NULL);
	pthread_join(thread, &ret);
	return GPOINTER_TO_INT(ret);
}

static void test_r59_io_control_while_starting_and_stopping(void)
{
	static const struct miracast_report_status report = {
		.status = MIRACAST_STATUS_CRITICAL_ERROR,
	};
	pthread_t thread;
	void *ret;

	begin();
	g_assert_cmpint(control(), ==, 0);
	g_assert_cmpint(control_elsewhere(), ==, 0);

	relay_session(session, MIRACAST_SESSION_BEGIN_START);
	g_assert_cmpint(control(), ==, 0);
	pthread_create(&thread, NULL, control_thread, NULL);
	while (!kernel_shim_sleepers())
		usleep(100);
	g_assert_cmpuint(driver.controls, ==, 3);
	relay_session(session, MIRACAST_SESSION_END_START);
	pthread_join(thread, &ret);
	g_assert_cmpint(GPOINTER_TO_INT(ret), ==, 0);
	g_assert_cmpuint(driver.controls, ==, 4);

	relay_session(session, MIRACAST_SESSION_BEGIN_STOP);
	g_assert_cmpint(control(), ==, 0);
	g_assert_cmpint(control_elsewhere(), ==, -ESHUTDOWN);
	relay_session(session, MIRACAST_SESSION_END_STOP);
	g_assert_cmpint(control_elsewhere(), ==, 0);

	/* R80: a status report stops without an owner. */
	relay_start(session);
	g_assert_cmpint(miracast_session_report_status(session, &report), ==, 0);
	g_assert_cmpint(control(), ==, -ESHUTDOWN);
	end();
}

/* ------------------------------------------------------------------ chunks */

static int chunk(u64 id, gsize len)
{
	static const u8 data[MIRACAST_MAX_CHUNK_DATA + 1] = { 1, 2, 3 };
	struct miracast_chunk_info info = { .type = MIRACAST_CHUNK_ENCODE, .id = id };

	return miracast_report_chunk(session, &info, data, len);
}

static u64 buffer[4096];

static struct miracast_get_chunks drain(u32 len, int expected)
{
	struct miracast_get_chunks get = { .buf_ptr = (uintptr_t)buffer, .buf_len = len };

	g_assert_cmpint(miracast_chunk_ring_drain(&session->chunks, &get), ==, expected);
	return get;
}

static void test_r64_chunks_are_packed(void)
{
	const guint head = sizeof(struct miracast_chunk);
	const struct miracast_chunk *record = (const void *)buffer;
	struct miracast_get_chunks get;

	begin();
	g_assert_cmpint(chunk(1, MIRACAST_MAX_CHUNK_DATA + 1), ==, -EMSGSIZE);
	drain(sizeof(buffer), -EAGAIN);
	chunk(1, 3);
	chunk(2, 0);
	chunk(3, MIRACAST_MAX_CHUNK_DATA);
	get = drain(head, -EMSGSIZE);
	g_assert_cmpuint(get.needed, ==, head + 8);
	g_assert_cmpuint(get.outstanding, ==, 3);

	memset(buffer, 0xff, sizeof(buffer));
	get = drain(2 * head + 8, 0);
	g_assert_cmpuint(get.used, ==, 2 * head + 8);
	g_assert_cmpuint(get.outstanding, ==, 1);
	g_assert_cmpuint(record->len, ==, head + 8);
	g_assert_cmpuint(record->data_len, ==, 3);
	g_assert_cmpuint(record->info.id, ==, 1);
	g_assert_cmpmem(record + 1, 8, "\1\2\3\0\0\0\0\0", 8);
	record = (const void *)((const u8 *)record + record->len);
	g_assert_cmpuint(record->len, ==, head);
	g_assert_cmpuint(record->info.id, ==, 2);

	kernel_shim_user.good = head;
	drain(sizeof(buffer), -EFAULT);
	kernel_shim_user = KERNEL_SHIM_USER_GOOD;
	get = drain(sizeof(buffer), 0);
	g_assert_cmpuint(get.used, ==, head + MIRACAST_MAX_CHUNK_DATA);
	end();
}

static void test_r62_overflow_is_told_once(void)
{
	begin();
	for (guint i = 0; i < MIRACAST_MAX_CHUNKS; i++)
		g_assert_cmpint(chunk(i, 0), ==, 0);
	g_assert_cmpint(chunk(100, 0), ==, -ENOBUFS);
	g_assert_cmpint(chunk(101, 0), ==, 0);
	g_assert_true(miracast_chunk_ring_readable(&session->chunks));
	drain(sizeof(buffer), -ECONNRESET);
	drain(sizeof(buffer), 0);
	g_assert_cmpuint(((struct miracast_chunk *)buffer)->info.id, ==, 101);
	drain(sizeof(buffer), -EAGAIN);
	end();
}

static void overflow(void *data)
{
	kernel_shim_user.copying = NULL;
	for (guint i = 0; i < MIRACAST_MAX_CHUNKS; i++)
		chunk(i, 0);
}

static void test_r62_overflow_while_copying(void)
{
	struct miracast_get_chunks get;

	begin();
	chunk(1, 0);
	kernel_shim_user.copying = overflow;
	/* What was lost during its copy is not counted as given. */
	get = drain(sizeof(buffer), -ECONNRESET);
	g_assert_cmpuint(get.used, ==, 0);
	end();
}

static void test_chunks_of_the_dead(void)
{
	begin();
	chunk(1, 0);
	miracast_target_destroy_session(driver.target);
	g_assert_cmpint(chunk(2, 0), ==, -ENODEV);
	drain(sizeof(buffer), -EAGAIN);
	end();
}

/* Replies whose header is shorter or longer than ours, see "Growing" in the ABI. */
static void test_r8_replies_of_other_programs(void)
{
	struct {
		struct miracast_reply head;
		u8 more[MIRACAST_MAX_HEADER + 1 - sizeof(struct miracast_reply)];
		char out[3];
	} write = { .head = { 0 } };
	const u16 min = offsetof(struct miracast_reply, status), max = MIRACAST_MAX_HEADER;
	u8 *bytes = (u8 *)&write;

	begin();
	relay_start(session);
	for (u16 len = min; len <= max; len++) {
		memset(&write, 0, sizeof(write));
		write.head.id = send_message(false);
		deliver(write.head.id);
		write.head.len = len + 3;
		write.head.header_len = len;
		memcpy(bytes + len, "out", 3);
		/* What is not known must be zero, wherever it is. */
		if (len > sizeof(write.head)) {
			bytes[len - 1] = 1;
			g_assert_cmpint(relay_write(session, &write, len + 3), ==, -E2BIG);
			bytes[len - 1] = 0;
			bytes[sizeof(write.head)] |= 0x80;
			g_assert_cmpint(relay_write(session, &write, len + 3), ==, -E2BIG);
			bytes[sizeof(write.head)] = 0;
		}
		g_assert_cmpint(relay_write(session, &write, len + 3), ==, len + 3);
		g_assert_cmpint(heard.status, ==, 0);
		g_assert_cmpmem(heard.out, heard.bytes, "out", 3);
	}

	memset(&write, 0, sizeof(write));
	write.head.id = send_message(false);
	deliver(write.head.id);
	write.head.len = sizeof(write);
	write.head.header_len = max + 1;
	g_assert_cmpint(relay_write(session, &write, sizeof(write)), ==, -E2BIG);
	write.head.header_len = min - 1;
	g_assert_cmpint(relay_write(session, &write, sizeof(write)), ==, -EINVAL);
	write.head.header_len = 0;
	g_assert_cmpint(relay_write(session, &write, sizeof(write)), ==, -EINVAL);
	write.head.len = sizeof(write.head);
	write.head.header_len = sizeof(write.head) + 1;
	g_assert_cmpint(relay_write(session, &write, sizeof(write.head)), ==, -EINVAL);
	/* Reserved members and flags. */
	write.head.header_len = sizeof(write.head);
	write.head.flags = 1;
	g_assert_cmpint(relay_write(session, &write, sizeof(write.head)), ==, -EINVAL);
	write.head.flags = 0;
	write.head.reserved = 1;
	g_assert_cmpint(relay_write(session, &write, sizeof(write.head)), ==, -EINVAL);
	write.head.reserved = 0;
	g_assert_cmpint(relay_write(session, &write, sizeof(write.head)), ==, sizeof(write.head));
	end();
}

/* miracast_copy_struct(), which drivers use for I/O control's input. */
static void test_r8_input_of_other_programs(void)
{
	u8 in[8] = { 1, 2, 3, 4, 0, 0, 0, 0 }, out[4];

	g_assert_cmpint(miracast_copy_struct(out, 4, in, 8), ==, 0);
	g_assert_cmpmem(out, 4, in, 4);
	in[7] = 1;
	g_assert_cmpint(miracast_copy_struct(out, 4, in, 8), ==, -E2BIG);
	g_assert_cmpint(miracast_copy_struct(out, 4, in, 7), ==, 0);
	g_assert_cmpint(miracast_copy_struct(out, 4, in, 2), ==, 0);
	g_assert_cmpmem(out, 4, "\1\2\0\0", 4);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/session/R40-R46-R47-R53-status-and-bytes",
			test_r40_r53_status_and_bytes);
	g_test_add_func("/relay/session/R41-done-before-send-returns",
			test_r41_done_before_send_returns);
	g_test_add_func("/relay/session/R45-no-bytes-beside-an-error",
			test_r45_no_bytes_beside_an_error);
	g_test_add_func("/relay/session/R38-R39-arguments", test_r38_r39_arguments);
	g_test_add_func("/relay/session/R37-atomic-context", test_r37_atomic_context);
	g_test_add_func("/relay/session/R50-callback-that-sends-again",
			test_r50_callback_that_sends_again);
	g_test_add_func("/relay/session/R23-destroyed-from-outside",
			test_r23_destroyed_from_outside);
	g_test_add_func("/relay/session/R16-create-context-refuses",
			test_r16_create_context_refuses);
	g_test_add_func("/relay/session/R59-R80-io-control",
			test_r59_io_control_while_starting_and_stopping);
	g_test_add_func("/relay/session/R61-R64-chunks-are-packed", test_r64_chunks_are_packed);
	g_test_add_func("/relay/session/R62-overflow-is-told-once",
			test_r62_overflow_is_told_once);
	g_test_add_func("/relay/session/R62-overflow-while-copying",
			test_r62_overflow_while_copying);
	g_test_add_func("/relay/session/chunks-of-the-dead", test_chunks_of_the_dead);
	g_test_add_func("/relay/session/R8-replies-of-other-programs",
			test_r8_replies_of_other_programs);
	g_test_add_func("/relay/session/R8-input-of-other-programs",
			test_r8_input_of_other_programs);
	return g_test_run();
}
