// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: the life of a session, and the order of a driver's functions in it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libmiracast-fixture.h"

static void test_arguments(void)
{
	struct fixture f;
	struct miracast_host_config config;
	struct miracast_driver broken = fixture_driver;
	struct miracast_host *host;

	fixture_init(&f, FALSE);
	config = make_config(&f);
	config.rtsp_fd = -1;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	config = make_config(&f);
	config.num_threads = MIRACAST_HOST_MAX_THREADS + 1;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	config = make_config(&f);
	config.sink_fd = 9999;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EBADF);

	config = make_config(&f);
	config.driver = &broken;
	broken.version = 2;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EPROTONOSUPPORT);
	broken = fixture_driver;
	broken.size--;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	broken = fixture_driver;
	broken.stop_session = NULL;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	g_assert_null(host);
	fixture_clear(&f);
}

static void test_order(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.info = MIRACAST_SESSION_MONITOR_CONNECTED;
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(control(&f, 5), ==, 0);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	g_assert_cmpstr(f.calls->str, ==, "create start stop destroy ");
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1000 control-5 begin-stop end-stop ");
	fixture_clear(&f);
}

static void test_no_kernel(void)
{
	struct fixture f;
	struct miracast_frame frame;

	fixture_init(&f, FALSE);
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(control(&f, 5), ==, -ENODEV);
	g_assert_cmpint(miracast_frames_fd(f.host), ==, -ENODEV);
	g_assert_cmpint(miracast_frames_acquire(f.host, &frame), ==, -ENODEV);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	fixture_clear(&f);
}

static void test_create_fails(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.create_result = -ENOMEM;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -ENOMEM);
	g_assert_cmpstr(f.calls->str, ==, "create ");
	g_assert_cmpstr(kernel.ops->str, ==, "");
	fixture_clear(&f);
}

static void test_start_fails(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.start_result = -ENOSPC;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -ENOSPC);
	g_assert_cmpstr(f.calls->str, ==, "create start destroy ");
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start fail-start(-28) end-stop ");
	fixture_clear(&f);
}

static void test_reserved_info(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.info = 1 << 7;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -EINVAL);
	g_assert_cmpstr(f.calls->str, ==, "create start stop destroy ");
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start begin-stop end-stop ");
	fixture_clear(&f);
}

static void test_stop_before_start(void)
{
	struct fixture f;
	struct miracast_host_config config;

	fixture_init(&f, TRUE);
	config = make_config(&f);
	g_assert_cmpint(miracast_host_new(&config, &f.host), ==, 0);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(miracast_host_run(f.host), ==, -ECANCELED);
	g_assert_cmpstr(f.calls->str, ==, "create destroy ");
	fixture_clear(&f);
}

static void test_kernel_gone(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	/* The nearest a socket comes to a context that is gone. */
	close(f.sink[1]);
	f.sink[1] = -1;
	g_assert_cmpint(fixture_join(&f), <, 0);
	g_assert_cmpstr(f.calls->str, ==, "create start stop destroy ");
	fixture_clear(&f);
}

static void slow(struct fixture *f)
{
	g_usleep(3200 * 1000);
}

/* And a stop, and a handler that keeps one waiting. */
static void test_overdue(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.hold_handlers = TRUE; /* until overdue() */
	f.in_stop = slow;
	f.in_destroy = slow;
	fixture_run(&f);
	wait_until_started(&f);
	send_record(&f, 1, MIRACAST_REC_MESSAGE, "held", 32);
	wait_for_handlers(&f, 1);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	g_assert_cmpstr(f.log->str, ==, "message stop destroy ");
	fixture_clear(&f);
}

static void just_in_time(struct fixture *f)
{
	g_usleep(2500 * 1000);
}

static void test_not_overdue(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.in_destroy = just_in_time;
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	g_assert_cmpstr(f.log->str, ==, "");
	fixture_clear(&f);
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
