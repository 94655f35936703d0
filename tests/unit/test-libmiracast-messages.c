// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: the kernel's messages, to the driver and back.
 */
#include <errno.h>
#include <sys/socket.h>

#include "libmiracast-fixture.h"

static void test_status_and_bytes(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	send_record(&f, 1, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(&f, 1, 0, "hello");
	send_record(&f, 2, MIRACAST_REC_MESSAGE, "hello", 3);
	expect_reply(&f, 2, 0, "hel");
	send_record(&f, 3, MIRACAST_REC_MESSAGE, "", 0);
	expect_reply(&f, 3, 0, "");
	f.handler_result = -EIO;
	send_record(&f, 4, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(&f, 4, -EIO, "");
	f.handler_result = 5;
	send_record(&f, 5, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(&f, 5, -EINVAL, "");
	f.handler_result = 0;
	f.handler_bytes = 33;
	send_record(&f, 6, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(&f, 6, -EMSGSIZE, "");
	/* Records of a later version are passed over. */
	f.handler_bytes = 0;
	send_record(&f, 7, 99, "hello", 32);
	send_record(&f, 8, MIRACAST_REC_MESSAGE, "again", 32);
	expect_reply(&f, 8, 0, "again");
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	fixture_clear(&f);
}

/* Four at once, a cancel in between, and a stop that waits for them. */
static void test_several_at_once(void)
{
	struct miracast_host_config config;
	struct fixture f;

	fixture_init(&f, TRUE);
	f.hold_handlers = TRUE;
	config = make_config(&f);
	config.num_threads = 4;
	fixture_run_config(&f, &config);
	wait_until_started(&f);
	for (guint i = 1; i <= 3; i++)
		send_record(&f, i, MIRACAST_REC_MESSAGE, "held", 32);
	wait_for_handlers(&f, 3);
	for (guint i = 1; i <= 2; i++)
		send_record(&f, i, MIRACAST_REC_CANCEL, "", 0);
	/* The fourth thread has read both when it has this one. */
	send_record(&f, 4, MIRACAST_REC_MESSAGE, "last", 32);
	wait_for_handlers(&f, 4);
	miracast_host_request_stop(f.host);
	g_usleep(50 * 1000);
	g_assert_cmpstr(f.calls->str, ==, "create start "); /* the stop waits */
	release_handlers(&f);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_cmpuint(f.most_handlers, ==, 4);
	/* Two replies: of the two that were not cancelled. */
	for (guint i = 0; i < 2; i++) {
		struct miracast_reply reply;

		g_assert_cmpint(recv(f.sink[1], &reply, sizeof(reply), MSG_DONTWAIT), >, 0);
		g_assert_true(reply.id == 3 || reply.id == 4);
	}
	g_assert_cmpint(recv(f.sink[1], &(char){ 0 }, 1, MSG_DONTWAIT), ==, -1);
	fixture_clear(&f);
}

static void a_moment(struct fixture *f)
{
	g_usleep(2000);
}

/*
 * The kernel has messages waiting at every moment of twenty lives, as the real
 * one never would; the fixture fails if a handler and another function meet.
 */
static void test_never_beside(void)
{
	guint handled = 0;

	for (guint life = 0; life < 20; life++) {
		struct miracast_host_config config;
		struct fixture f;

		fixture_init(&f, TRUE);
		f.in_create = a_moment;
		f.in_start = a_moment;
		f.in_stop = a_moment;
		f.in_destroy = a_moment;
		f.start_result = life % 5 ? 0 : -EPROTO;
		config = make_config(&f);
		config.num_threads = MIRACAST_HOST_MAX_THREADS;
		for (guint i = 1; i <= 100; i++)
			send_record(&f, i, MIRACAST_REC_MESSAGE, "early", 8);
		fixture_run_config(&f, &config);
		if (f.start_result) {
			g_assert_cmpint(fixture_join(&f), ==, f.start_result);
			g_assert_cmpuint(f.handled, ==, 0);
		} else {
			wait_until_started(&f);
			g_usleep(life * 50);
			g_assert_cmpint(fixture_stop(&f), ==, 0);
		}
		handled += f.handled;
		fixture_clear(&f);
	}
	g_assert_cmpuint(handled, >, 100);
}

static void test_bad_record(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(send(f.sink[1], "short", 5, 0), ==, 5);
	g_assert_cmpint(fixture_join(&f), ==, -EPROTO);
	fixture_clear(&f);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libmiracast/messages/R45-R53-status-and-bytes", test_status_and_bytes);
	g_test_add_func("/libmiracast/messages/R51-R52-several-at-once", test_several_at_once);
	g_test_add_func("/libmiracast/messages/R51-never-beside", test_never_beside);
	g_test_add_func("/libmiracast/messages/bad-record", test_bad_record);
	return g_test_run();
}
