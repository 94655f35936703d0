// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: the life of a session, and the order of a driver's functions in it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fake-kernel.h"

static void test_arguments(void)
{
	struct witness w;
	struct miracast_host_config config;
	struct miracast_driver broken = witness_driver;
	struct miracast_host *host;

	kernel_begin(&w, FALSE);
	config = witness_config(&w);
	config.rtsp_fd = -1;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	config = witness_config(&w);
	config.num_threads = MIRACAST_HOST_MAX_THREADS + 1;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	config = witness_config(&w);
	config.sink_fd = 9999;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EBADF);

	config = witness_config(&w);
	config.driver = &broken;
	broken.version = 2;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EPROTONOSUPPORT);
	broken = witness_driver;
	broken.size--;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	broken = witness_driver;
	broken.stop_session = NULL;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	g_assert_null(host);
	kernel_end(&w);
}

static void test_order(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	w.info = MIRACAST_SESSION_MONITOR_CONNECTED;
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(control(&w, 5), ==, 0);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_cmpstr(w.calls->str, ==, "create start stop destroy ");
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1000 control-5 begin-stop end-stop ");
	kernel_end(&w);
}

static void test_no_kernel(void)
{
	struct witness w;
	struct miracast_frame frame;

	kernel_begin(&w, FALSE);
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(control(&w, 5), ==, -ENODEV);
	g_assert_cmpint(miracast_frames_fd(w.host), ==, -ENODEV);
	g_assert_cmpint(miracast_frames_acquire(w.host, &frame), ==, -ENODEV);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	kernel_end(&w);
}

static void test_create_fails(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	w.create_result = -ENOMEM;
	witness_run(&w);
	g_assert_cmpint(witness_join(&w), ==, -ENOMEM);
	g_assert_cmpstr(w.calls->str, ==, "create ");
	g_assert_cmpstr(kernel.ops->str, ==, "");
	kernel_end(&w);
}

static void test_start_fails(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	w.start_result = -ENOSPC;
	witness_run(&w);
	g_assert_cmpint(witness_join(&w), ==, -ENOSPC);
	g_assert_cmpstr(w.calls->str, ==, "create start destroy ");
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start fail-start(-28) end-stop ");
	kernel_end(&w);
}

static void test_reserved_info(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	w.info = 1 << 7;
	witness_run(&w);
	g_assert_cmpint(witness_join(&w), ==, -EINVAL);
	g_assert_cmpstr(w.calls->str, ==, "create start stop destroy ");
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start begin-stop end-stop ");
	kernel_end(&w);
}

static void test_stop_before_start(void)
{
	struct witness w;
	struct miracast_host_config config;

	kernel_begin(&w, TRUE);
	config = witness_config(&w);
	g_assert_cmpint(miracast_host_new(&config, &w.host), ==, 0);
	miracast_host_request_stop(w.host);
	g_assert_cmpint(miracast_host_run(w.host), ==, -ECANCELED);
	g_assert_cmpstr(w.calls->str, ==, "create destroy ");
	kernel_end(&w);
}

static void test_kernel_gone(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_run(&w);
	witness_wait_until_started(&w);
	kernel_hang_up();
	g_assert_cmpint(witness_join(&w), <, 0);
	g_assert_cmpstr(w.calls->str, ==, "create start stop destroy ");
	kernel_end(&w);
}

static void slow(struct witness *w)
{
	g_usleep(3200 * 1000);
}

/* And a stop, and a handler that keeps one waiting. */
static void test_overdue(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	w.hold_handlers = TRUE; /* until overdue() */
	w.in_stop = slow;
	w.in_destroy = slow;
	witness_run(&w);
	witness_wait_until_started(&w);
	send_record(1, MIRACAST_REC_MESSAGE, "held", 32);
	witness_wait_for_handlers(&w, 1);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_cmpstr(w.log->str, ==, "message stop destroy ");
	kernel_end(&w);
}

static void just_in_time(struct witness *w)
{
	g_usleep(2500 * 1000);
}

static void test_not_overdue(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	w.in_destroy = just_in_time;
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_cmpstr(w.log->str, ==, "");
	kernel_end(&w);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libmiracast/session/R8-R12-arguments", test_arguments);
	g_test_add_func("/libmiracast/session/R13-R27-order", test_order);
	g_test_add_func("/libmiracast/session/no-kernel", test_no_kernel);
	g_test_add_func("/libmiracast/session/R17-create-fails", test_create_fails);
	g_test_add_func("/libmiracast/session/R13-start-fails", test_start_fails);
	g_test_add_func("/libmiracast/session/R31-reserved-info", test_reserved_info);
	g_test_add_func("/libmiracast/session/R13-stop-before-start", test_stop_before_start);
	g_test_add_func("/libmiracast/session/R23-kernel-gone", test_kernel_gone);
	g_test_add_func("/libmiracast/session/R19-overdue", test_overdue);
	g_test_add_func("/libmiracast/session/R19-not-overdue", test_not_overdue);
	return g_test_run();
}
