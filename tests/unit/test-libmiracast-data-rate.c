// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmiracast: the data rate that a driver is told each second.
 */
#include <errno.h>

#include "libmiracast-fixture.h"

static void rate_notify(void *data, const struct miracast_data_rate *rate)
{
	struct fixture *f = data;

	g_mutex_lock(&f->lock);
	g_assert_false(f->last_rate); /* NULL is the last call */
	if (rate) {
		f->rates++;
		f->rate = *rate;
	} else {
		f->last_rate = TRUE;
	}
	g_cond_broadcast(&f->changed);
	g_mutex_unlock(&f->lock);
}

static gpointer register_thread(gpointer data)
{
	struct fixture *f = data;

	return GINT_TO_POINTER(f->callbacks->register_for_data_rate(f->host, rate_notify, f));
}

static void register_rate(struct fixture *f)
{
	const struct miracast_callbacks *callbacks = f->callbacks;

	g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(g_thread_new("other", register_thread, f))),
			==, -EPERM);
	g_assert_cmpint(callbacks->register_for_data_rate(f->host, NULL, NULL), ==, -EALREADY);
	f->registered_us = g_get_monotonic_time();
	g_assert_cmpint(callbacks->register_for_data_rate(f->host, rate_notify, f), ==, 0);
	g_assert_cmpint(callbacks->register_for_data_rate(f->host, rate_notify, f), ==, -EALREADY);
}

static void wait_for_rates(struct fixture *f, guint n)
{
	gint64 deadline = f->registered_us + (n + 5) * G_USEC_PER_SEC;

	while (f->rates < n)
		g_assert_true(g_cond_wait_until(&f->changed, &f->lock, deadline));
	g_assert_cmpuint(f->rates, ==, n);
	g_assert_cmpint(g_get_monotonic_time() - f->registered_us, >=, n * G_USEC_PER_SEC);
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
	struct fixture f;

	fixture_init(&f, FALSE);
	f.in_start = register_rate;
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(f.callbacks->register_for_data_rate(f.host, rate_notify, &f), ==, -EPERM);
	miracast_host_set_data_rate(f.host, &rate);
	miracast_host_set_data_rate(f.host, &rate);
	g_mutex_lock(&f.lock);
	wait_for_rates(&f, 1);
	g_assert_cmpuint(f.rate.encoder_bit_rate, ==, 5000000);
	g_assert_cmpuint(f.rate.current_max_tx_data_rate, ==, 65000000);
	g_assert_cmpuint(f.rate.transmitted_frame_count, ==, 20);
	g_assert_cmpuint(f.rate.failed_frame_count, ==, 2);
	g_assert_cmpuint(f.rate.retried_frame_count, ==, 4);
	g_assert_cmpuint(f.rate.multiple_retry_frame_count, ==, 6);
	wait_for_rates(&f, 2);
	g_assert_cmpuint(f.rate.encoder_bit_rate, ==, 5000000);
	g_assert_cmpuint(f.rate.transmitted_frame_count, ==, 0);
	g_assert_cmpuint(f.rate.multiple_retry_frame_count, ==, 0);
	wait_for_rates(&f, 3);
	g_assert_cmpint(g_get_monotonic_time() - f.registered_us, <, 4.5 * G_USEC_PER_SEC);
	g_mutex_unlock(&f.lock);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	g_assert_true(f.last_rate);
	fixture_clear(&f);
}

static void unregister_rate(struct fixture *f)
{
	g_assert_cmpint(f->callbacks->register_for_data_rate(f->host, NULL, NULL), ==, 0);
	g_assert_cmpint(f->callbacks->register_for_data_rate(f->host, NULL, NULL), ==, -EALREADY);
}

static void test_unregister(void)
{
	struct fixture f;

	fixture_init(&f, FALSE);
	f.in_start = register_rate;
	f.in_stop = unregister_rate;
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(fixture_stop(&f), ==, 0);
	g_assert_false(f.last_rate);
	fixture_clear(&f);
}

static void test_failed_start(void)
{
	struct fixture f;

	fixture_init(&f, FALSE);
	f.in_start = register_rate;
	f.start_result = -EPROTO;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -EPROTO);
	g_assert_true(f.last_rate);
	fixture_clear(&f);
}

static void register_too_early(struct fixture *f)
{
	g_assert_cmpint(f->callbacks->register_for_data_rate(f->host, rate_notify, f), ==, -EPERM);
}

static void register_without_source(struct fixture *f)
{
	g_assert_cmpint(f->callbacks->register_for_data_rate(f->host, rate_notify, f), ==,
			-EOPNOTSUPP);
}

static void test_unsupported(void)
{
	struct fixture f;
	struct miracast_host_config config;

	fixture_init(&f, FALSE);
	f.in_create = register_too_early;
	f.in_start = register_without_source;
	f.start_result = -EPROTO;
	config = make_config(&f);
	config.has_data_rate = false;
	g_assert_cmpint(miracast_host_new(&config, &f.host), ==, 0);
	g_assert_cmpint(miracast_host_run(f.host), ==, -EPROTO);
	fixture_clear(&f);
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
