// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: the kernel's messages, to the driver and back.
 */
#include <errno.h>
#include <sys/socket.h>

#include "fake-kernel.h"

static void test_status_and_bytes(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_run(&w);
	witness_wait_until_started(&w);
	send_record(1, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(1, 0, "hello");
	send_record(2, MIRACAST_REC_MESSAGE, "hello", 3);
	expect_reply(2, 0, "hel");
	send_record(3, MIRACAST_REC_MESSAGE, "", 0);
	expect_reply(3, 0, "");
	w.handler_result = -EIO;
	send_record(4, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(4, -EIO, "");
	w.handler_result = 5;
	send_record(5, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(5, -EINVAL, "");
	w.handler_result = 0;
	w.handler_bytes = 33;
	send_record(6, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(6, -EMSGSIZE, "");
	/* Records of a later version are passed over. */
	w.handler_bytes = 0;
	send_record(7, 99, "hello", 32);
	send_record(8, MIRACAST_REC_MESSAGE, "again", 32);
	expect_reply(8, 0, "again");
	g_assert_cmpint(witness_stop(&w), ==, 0);
	kernel_end(&w);
}

/* Four at once, a cancel in between, and a stop that waits for them. */
static void test_several_at_once(void)
{
	struct miracast_host_config config;
	struct witness w;

	kernel_begin(&w, TRUE);
	w.hold_handlers = TRUE;
	config = witness_config(&w);
	config.num_threads = 4;
	witness_run_config(&w, &config);
	witness_wait_until_started(&w);
	for (guint i = 1; i <= 3; i++)
		send_record(i, MIRACAST_REC_MESSAGE, "held", 32);
	witness_wait_for_handlers(&w, 3);
	for (guint i = 1; i <= 2; i++)
		send_record(i, MIRACAST_REC_CANCEL, "", 0);
	/* The fourth thread has read both when it has this one. */
	send_record(4, MIRACAST_REC_MESSAGE, "last", 32);
	witness_wait_for_handlers(&w, 4);
	miracast_host_request_stop(w.host);
	g_usleep(50 * 1000);
	g_assert_cmpstr(w.calls->str, ==, "create start "); /* the stop waits */
	witness_release_handlers(&w);
	g_assert_cmpint(witness_join(&w), ==, 0);
	g_assert_cmpuint(w.most_handlers, ==, 4);
	/* Two replies: of the two that were not cancelled. */
	for (guint i = 0; i < 2; i++) {
		struct miracast_reply reply;

		g_assert_cmpint(recv(kernel.peer, &reply, sizeof(reply), MSG_DONTWAIT), >, 0);
		g_assert_true(reply.id == 3 || reply.id == 4);
	}
	g_assert_cmpint(recv(kernel.peer, &(char){ 0 }, 1, MSG_DONTWAIT), ==, -1);
	kernel_end(&w);
}

static void a_moment(struct witness *w)
{
	g_usleep(2000);
}

/*
 * The kernel has messages waiting at every moment of twenty lives, as the real
 * one never would; the witness fails if a handler and another function meet.
 */
static void test_never_beside(void)
{
	guint handled = 0;

	for (guint life = 0; life < 20; life++) {
		struct miracast_host_config config;
		struct witness w;

		kernel_begin(&w, TRUE);
		w.in_create = a_moment;
		w.in_start = a_moment;
		w.in_stop = a_moment;
		w.in_destroy = a_moment;
		w.start_result = life % 5 ? 0 : -EPROTO;
		config = witness_config(&w);
		config.num_threads = MIRACAST_HOST_MAX_THREADS;
		for (guint i = 1; i <= 100; i++)
			send_record(i, MIRACAST_REC_MESSAGE, "early", 8);
		witness_run_config(&w, &config);
		if (w.start_result) {
			g_assert_cmpint(witness_join(&w), ==, w.start_result);
			g_assert_cmpuint(w.handled, ==, 0);
		} else {
			witness_wait_until_started(&w);
			g_usleep(life * 50);
			g_assert_cmpint(witness_stop(&w), ==, 0);
		}
		handled += w.handled;
		kernel_end(&w);
	}
	g_assert_cmpuint(handled, >, 100);
}

/* Older ones do not say everything, newer ones more. */
static void test_headers_of_other_kernels(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_run(&w);
	witness_wait_until_started(&w);
	send_record_of(sizeof(struct miracast_record), 1, "now", 32);
	expect_reply(1, 0, "now");
	send_record_of(sizeof(struct miracast_record) + 8, 2, "newer", 32);
	expect_reply(2, 0, "newer");
	send_record_of(MIRACAST_MAX_HEADER, 3, "as new as may be", 32);
	expect_reply(3, 0, "as new as may be");
	/* Without out_max: no room. */
	send_record_of(offsetof(struct miracast_record, out_max), 4, "older", 32);
	expect_reply(4, 0, "");
	g_assert_cmpint(witness_stop(&w), ==, 0);
	kernel_end(&w);
}

static void check_bad_record(const void *record, gsize len)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(send(kernel.peer, record, len, 0), ==, len);
	g_assert_cmpint(witness_join(&w), ==, -EPROTO);
	kernel_end(&w);
}

static void test_bad_record(void)
{
	static const guint16 header_lens[] = { 0, 8, 15, 20, 25, 32, 0xffff };

	check_bad_record("short", 5);
	for (guint i = 0; i < G_N_ELEMENTS(header_lens); i++) {
		struct miracast_record record = {
			.len = sizeof(record),
			.header_len = header_lens[i],
			.type = MIRACAST_REC_MESSAGE,
			.id = 1,
		};

		check_bad_record(&record, sizeof(record));
	}
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libmiracast/messages/R45-R53-status-and-bytes", test_status_and_bytes);
	g_test_add_func("/libmiracast/messages/R51-R52-several-at-once", test_several_at_once);
	g_test_add_func("/libmiracast/messages/R51-never-beside", test_never_beside);
	g_test_add_func("/libmiracast/messages/headers-of-other-kernels",
			test_headers_of_other_kernels);
	g_test_add_func("/libmiracast/messages/bad-record", test_bad_record);
	return g_test_run();
}
