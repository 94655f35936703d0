// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: what a driver may call, and when: I/O control, session status,
 * statistics.
 */
#include <errno.h>
#include <string.h>

#include "fake-kernel.h"

static void test_gates(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_check_gates(&w);
	witness_run(&w);
	witness_wait_until_started(&w);
	witness_join_gates(&w);
	g_assert_cmpint(w.other_result, ==, 0);
	g_assert_cmpint(control_elsewhere(&w), ==, 0);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_cmpint(control(&w, 7), ==, -ENODEV);
	kernel_end(&w);
}

static void test_gate_of_failed_start(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_check_gates(&w);
	w.start_result = -EPROTO;
	witness_run(&w);
	g_assert_cmpint(witness_join(&w), ==, -EPROTO);
	witness_join_gates(&w);
	g_assert_true(w.other_result == -ESHUTDOWN || w.other_result == -ENODEV);
	kernel_end(&w);
}

static void test_io_control(void)
{
	static const uint8_t large[MIRACAST_MAX_IO_CONTROL + 1];
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(control(&w, 5), ==, 0);
	kernel.io_control_error = ERANGE;
	g_assert_cmpint(control(&w, 6), ==, -ERANGE);
	kernel.io_control_error = 0;
	/* Hardware access, and the number of bytes is optional. */
	g_assert_cmpint(w.callbacks->io_control(w.host, true, 8, 0, NULL, 0, NULL, NULL), ==, 0);
	g_assert_cmpint(w.callbacks->io_control(w.host, false, 9, sizeof(large), large, 0, NULL,
						NULL), ==, -EMSGSIZE);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1000 control-5 control-6 control-8-hardware "
			"begin-stop end-stop ");
	kernel_end(&w);
}

static void test_status(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_run(&w);
	witness_wait_until_started(&w);
	w.callbacks->report_session_status(w.host, MIRACAST_STATUS_MISSING_KEEPALIVE, -ETIMEDOUT);
	w.callbacks->report_session_status(w.host, MIRACAST_STATUS_CRITICAL_ERROR, 0);
	g_assert_cmpint(witness_join(&w), ==, 0);
	g_assert_cmpstr(w.calls->str, ==, "create start stop destroy ");
	g_assert_true(g_str_has_prefix(w.log->str, "1:-110:1 "));
	g_assert_nonnull(strstr(kernel.ops->str, "status-1 "));
	kernel_end(&w);
}

static void give_up(struct witness *w)
{
	w->callbacks->report_session_status(w->host, MIRACAST_STATUS_CRITICAL_ERROR, -EIO);
	/* The stop does not run inside the report. */
	g_assert_cmpstr(w->calls->str, ==, "create start ");
}

static void test_status_while_starting(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	w.in_start = give_up;
	witness_run(&w);
	g_assert_cmpint(witness_join(&w), ==, 0);
	g_assert_cmpstr(w.calls->str, ==, "create start stop destroy ");
	g_assert_cmpstr(w.log->str, ==, "0:-5:1 ");
	kernel_end(&w);
}

static void test_statistic(void)
{
	const struct miracast_statistic statistic = { .type = MIRACAST_STATISTIC_EVENT };
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_run(&w);
	witness_wait_until_started(&w);
	w.callbacks->report_statistic(w.host, &statistic);
	g_assert_cmpint(control(&w, 5), ==, 0); /* the session goes on */
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1000 statistic-2 control-5 "
			"begin-stop end-stop ");
	g_assert_cmpstr(w.log->str, ==, "");
	kernel_end(&w);
}

static void no_notify(void *data, const struct miracast_data_rate *rate)
{
	g_assert_not_reached();
}

/* All five, after the context's end: nothing reaches the kernel or the program. */
static void call_all_in_vain(struct witness *w)
{
	const struct miracast_statistic statistic = { .type = MIRACAST_STATISTIC_EVENT };
	const struct miracast_callbacks *callbacks = w->callbacks;
	g_autofree char *ops = g_strdup(kernel.ops->str);
	uint32_t size = 64;
	uint64_t chunks[8];

	kernel_report_chunk(1);
	g_assert_cmpint(control(w, 7), ==, -ENODEV);
	g_assert_cmpint(callbacks->get_next_chunk(w->host, -1, 0, NULL, &size, chunks, NULL), ==,
			-ENODEV);
	g_assert_cmpint(callbacks->register_for_data_rate(w->host, no_notify, w), ==, -ENODEV);
	callbacks->report_statistic(w->host, &statistic);
	callbacks->report_session_status(w->host, MIRACAST_STATUS_CRITICAL_ERROR, 0);
	g_assert_cmpstr(kernel.ops->str, ==, ops);
	g_assert_cmpstr(w->log->str, ==, "");
}

static void test_dead_after_destroy(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	call_all_in_vain(&w);
	kernel_end(&w);
}

static void test_dead_after_failed_create(void)
{
	struct witness w;

	kernel_begin(&w, TRUE);
	w.create_result = -ENOMEM;
	witness_run(&w);
	g_assert_cmpint(witness_join(&w), ==, -ENOMEM);
	call_all_in_vain(&w);
	kernel_end(&w);
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
