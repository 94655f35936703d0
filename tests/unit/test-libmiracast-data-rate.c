// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: the data rate that a driver is told each second.
 */
#include <errno.h>

#include "fake-kernel.h"

static void rate_notify(void *data, const struct miracast_data_rate *rate)
{
	struct witness *w = data;

	pthread_mutex_lock(&w->lock);
	g_assert_false(w->last_rate); /* NULL is the last call */
	if (rate) {
		w->rates++;
		w->rate = *rate;
	} else {
		w->last_rate = TRUE;
	}
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static gpointer register_thread(gpointer data)
{
	struct witness *w = data;

	return GINT_TO_POINTER(w->callbacks->register_for_data_rate(w->host, rate_notify, w));
}

static void register_rate(struct witness *w)
{
	const struct miracast_callbacks *callbacks = w->callbacks;

	g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(g_thread_new("other", register_thread, w))),
			==, -EPERM);
	g_assert_cmpint(callbacks->register_for_data_rate(w->host, NULL, NULL), ==, -EALREADY);
	w->registered_us = g_get_monotonic_time();
	g_assert_cmpint(callbacks->register_for_data_rate(w->host, rate_notify, w), ==, 0);
	g_assert_cmpint(callbacks->register_for_data_rate(w->host, rate_notify, w), ==, -EALREADY);
}

static void wait_for_rates(struct witness *w, guint n)
{
	gint64 deadline = w->registered_us + (n + 5) * G_USEC_PER_SEC;

	while (w->rates < n)
		g_assert_true(witness_wait_until(w, deadline));
	g_assert_cmpuint(w->rates, ==, n);
	g_assert_cmpint(g_get_monotonic_time() - w->registered_us, >=, n * G_USEC_PER_SEC);
}

/* Each second; rates are the last ones said, counts add up and begin anew. */
static void test_each_second(void)
{
	const struct miracast_data_rate rate = {
		.encoder_bit_rate = 5000000,
		.current_max_tx_data_rate = 65000000,
		.transmitted_frame_count = 10,
		.failed_frame_count = 1,
		.retried_frame_count = 2,
		.multiple_retry_frame_count = 3,
	};
	struct witness w;

	kernel_begin(&w, FALSE);
	w.in_start = register_rate;
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(w.callbacks->register_for_data_rate(w.host, rate_notify, &w), ==, -EPERM);
	miracast_host_set_data_rate(w.host, &rate);
	miracast_host_set_data_rate(w.host, &rate);
	pthread_mutex_lock(&w.lock);
	wait_for_rates(&w, 1);
	g_assert_cmpuint(w.rate.encoder_bit_rate, ==, 5000000);
	g_assert_cmpuint(w.rate.current_max_tx_data_rate, ==, 65000000);
	g_assert_cmpuint(w.rate.transmitted_frame_count, ==, 20);
	g_assert_cmpuint(w.rate.failed_frame_count, ==, 2);
	g_assert_cmpuint(w.rate.retried_frame_count, ==, 4);
	g_assert_cmpuint(w.rate.multiple_retry_frame_count, ==, 6);
	wait_for_rates(&w, 2);
	g_assert_cmpuint(w.rate.encoder_bit_rate, ==, 5000000);
	g_assert_cmpuint(w.rate.transmitted_frame_count, ==, 0);
	g_assert_cmpuint(w.rate.multiple_retry_frame_count, ==, 0);
	wait_for_rates(&w, 3);
	g_assert_cmpint(g_get_monotonic_time() - w.registered_us, <, 4.5 * G_USEC_PER_SEC);
	pthread_mutex_unlock(&w.lock);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_true(w.last_rate);
	kernel_end(&w);
}

static void unregister_rate(struct witness *w)
{
	g_assert_cmpint(w->callbacks->register_for_data_rate(w->host, NULL, NULL), ==, 0);
	g_assert_cmpint(w->callbacks->register_for_data_rate(w->host, NULL, NULL), ==, -EALREADY);
}

static void test_unregister(void)
{
	struct witness w;

	kernel_begin(&w, FALSE);
	w.in_start = register_rate;
	w.in_stop = unregister_rate;
	witness_run(&w);
	witness_wait_until_started(&w);
	g_assert_cmpint(witness_stop(&w), ==, 0);
	g_assert_false(w.last_rate);
	kernel_end(&w);
}

static void test_failed_start(void)
{
	struct witness w;

	kernel_begin(&w, FALSE);
	w.in_start = register_rate;
	w.start_result = -EPROTO;
	witness_run(&w);
	g_assert_cmpint(witness_join(&w), ==, -EPROTO);
	g_assert_true(w.last_rate);
	kernel_end(&w);
}

static void register_too_early(struct witness *w)
{
	g_assert_cmpint(w->callbacks->register_for_data_rate(w->host, rate_notify, w), ==, -EPERM);
}

static void register_without_source(struct witness *w)
{
	g_assert_cmpint(w->callbacks->register_for_data_rate(w->host, rate_notify, w), ==,
			-EOPNOTSUPP);
}

static void test_unsupported(void)
{
	struct witness w;
	struct miracast_host_config config;

	kernel_begin(&w, FALSE);
	w.in_create = register_too_early;
	w.in_start = register_without_source;
	w.start_result = -EPROTO;
	config = witness_config(&w);
	config.has_data_rate = false;
	g_assert_cmpint(miracast_host_new(&config, &w.host), ==, 0);
	g_assert_cmpint(miracast_host_run(w.host), ==, -EPROTO);
	kernel_end(&w);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libmiracast/data-rate/R88-R89-each-second", test_each_second);
	g_test_add_func("/libmiracast/data-rate/R89-unregister", test_unregister);
	g_test_add_func("/libmiracast/data-rate/R88-failed-start", test_failed_start);
	g_test_add_func("/libmiracast/data-rate/R89-unsupported", test_unsupported);
	return g_test_run();
}
