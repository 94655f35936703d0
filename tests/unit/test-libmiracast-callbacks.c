// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: what a driver may call, and when: I/O control, session status,
 * statistics.
 */
#include <errno.h>
#include <string.h>

#include "libmiracast-fixture.h"

static gpointer other_thread(gpointer data)
{
	struct fixture *f = data;

	f->other_result = control(f, 50);
	return NULL;
}

static void gates_in_create(struct fixture *f)
{
	g_assert_cmpint(control(f, 1), ==, 0);
	g_assert_cmpint(control_elsewhere(f), ==, -EBUSY);
}

static void gates_in_start(struct fixture *f)
{
	g_assert_cmpint(control(f, 2), ==, 0);
	f->other_result = 1;
	f->other = g_thread_new("waits", other_thread, f);
	g_usleep(100 * 1000);
	g_assert_cmpint(f->other_result, ==, 1);
}

static void gates_in_stop(struct fixture *f)
{
	g_assert_cmpint(control(f, 3), ==, 0);
	g_assert_cmpint(control_elsewhere(f), ==, -ESHUTDOWN);
}

static void gates_in_destroy(struct fixture *f)
{
	g_assert_cmpint(control(f, 4), ==, 0);
	g_assert_cmpint(control_elsewhere(f), ==, -ESHUTDOWN);
}

static void test_gates(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.in_create = gates_in_create;
	f.in_start = gates_in_start;
	f.in_stop = gates_in_stop;
	f.in_destroy = gates_in_destroy;
	fixture_run(&f);
	wait_until_started(&f);
	g_thread_join(f.other);
	g_assert_cmpint(f.other_result, ==, 0);
	g_assert_cmpint(control_elsewhere(&f), ==, 0);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	g_assert_cmpint(control(&f, 7), ==, -ENODEV);
	fixture_clear(&f);
}

static void test_gate_of_failed_start(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.in_start = gates_in_start;
	f.start_result = -EPROTO;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -EPROTO);
	g_thread_join(f.other);
	g_assert_true(f.other_result == -ESHUTDOWN || f.other_result == -ENODEV);
	fixture_clear(&f);
}

static void test_io_control(void)
{
	static const uint8_t large[MIRACAST_MAX_IO_CONTROL + 1];
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(control(&f, 5), ==, 0);
	kernel.io_control_error = ERANGE;
	g_assert_cmpint(control(&f, 6), ==, -ERANGE);
	kernel.io_control_error = 0;
	/* Hardware access, and the number of bytes is optional. */
	g_assert_cmpint(f.callbacks->io_control(f.host, true, 8, 0, NULL, 0, NULL, NULL), ==, 0);
	g_assert_cmpint(f.callbacks->io_control(f.host, false, 9, sizeof(large), large, 0, NULL,
						NULL), ==, -EMSGSIZE);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1000 control-5 control-6 control-8-hardware "
			"begin-stop end-stop ");
	fixture_clear(&f);
}

static void test_status(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	f.callbacks->report_session_status(f.host, MIRACAST_STATUS_MISSING_KEEPALIVE, -ETIMEDOUT);
	f.callbacks->report_session_status(f.host, MIRACAST_STATUS_CRITICAL_ERROR, 0);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_cmpstr(f.calls->str, ==, "create start stop destroy ");
	g_assert_true(g_str_has_prefix(f.log->str, "1:-110:1 "));
	g_assert_nonnull(strstr(kernel.ops->str, "status-1 "));
	fixture_clear(&f);
}

static void give_up(struct fixture *f)
{
	f->callbacks->report_session_status(f->host, MIRACAST_STATUS_CRITICAL_ERROR, -EIO);
	/* The stop does not run inside the report. */
	g_assert_cmpstr(f->calls->str, ==, "create start ");
}

static void test_status_while_starting(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.in_start = give_up;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_cmpstr(f.calls->str, ==, "create start stop destroy ");
	g_assert_cmpstr(f.log->str, ==, "0:-5:1 ");
	fixture_clear(&f);
}

static void test_statistic(void)
{
	const struct miracast_statistic statistic = { .type = MIRACAST_STATISTIC_EVENT };
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	f.callbacks->report_statistic(f.host, &statistic);
	g_assert_cmpint(control(&f, 5), ==, 0); /* the session goes on */
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1000 statistic-2 control-5 "
			"begin-stop end-stop ");
	g_assert_cmpstr(f.log->str, ==, "");
	fixture_clear(&f);
}

static void no_notify(void *data, const struct miracast_data_rate *rate)
{
	g_assert_not_reached();
}

/* All five, after the context's end: nothing reaches the kernel or the program. */
static void call_all_in_vain(struct fixture *f)
{
	const struct miracast_statistic statistic = { .type = MIRACAST_STATISTIC_EVENT };
	const struct miracast_callbacks *callbacks = f->callbacks;
	g_autofree char *ops = g_strdup(kernel.ops->str);
	uint32_t size = 64;
	uint64_t chunks[8];

	kernel_report_chunk(1);
	g_assert_cmpint(control(f, 7), ==, -ENODEV);
	g_assert_cmpint(callbacks->get_next_chunk(f->host, -1, 0, NULL, &size, chunks, NULL), ==,
			-ENODEV);
	g_assert_cmpint(callbacks->register_for_data_rate(f->host, no_notify, f), ==, -ENODEV);
	callbacks->report_statistic(f->host, &statistic);
	callbacks->report_session_status(f->host, MIRACAST_STATUS_CRITICAL_ERROR, 0);
	g_assert_cmpstr(kernel.ops->str, ==, ops);
	g_assert_cmpstr(f->log->str, ==, "");
}

static void test_dead_after_destroy(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	call_all_in_vain(&f);
	fixture_clear(&f);
}

static void test_dead_after_failed_create(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.create_result = -ENOMEM;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -ENOMEM);
	call_all_in_vain(&f);
	fixture_clear(&f);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libmiracast/callbacks/R34-R35-R59-gates", test_gates);
	g_test_add_func("/libmiracast/callbacks/R59-gate-of-failed-start", test_gate_of_failed_start);
	g_test_add_func("/libmiracast/callbacks/R15-R59-io-control", test_io_control);
	g_test_add_func("/libmiracast/callbacks/R80-status", test_status);
	g_test_add_func("/libmiracast/callbacks/R80-status-while-starting",
			test_status_while_starting);
	g_test_add_func("/libmiracast/callbacks/R81-statistic", test_statistic);
	g_test_add_func("/libmiracast/callbacks/R18-dead-after-destroy", test_dead_after_destroy);
	g_test_add_func("/libmiracast/callbacks/R18-dead-after-failed-create",
			test_dead_after_failed_create);
	return g_test_run();
}
