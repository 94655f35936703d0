// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Two clocks: the data rate that the driver is told each second, and the watch
 * over functions that may not take long.  Each has a thread of its own, so that
 * a driver that hangs in the one does not stop the other.
 */
#include "host-private.h"

#include <errno.h>
#include <string.h>

#define NS_PER_MS INT64_C(1000000)
#define RATE_PERIOD_NS (1000 * NS_PER_MS) /* R88 */

static void *rate_thread(void *data)
{
	struct miracast_host *host = data;
	int64_t next = host_now_ns() + RATE_PERIOD_NS;

	pthread_mutex_lock(&host->lock);
	while (!host->rate_quit) {
		struct miracast_data_rate rate;

		if (host_wait_until(host, &host->rate_changed, next))
			continue;
		next += RATE_PERIOD_NS;
		rate = host->rate;
		host->rate = (struct miracast_data_rate){
			.encoder_bit_rate = rate.encoder_bit_rate,
			.current_max_tx_data_rate = rate.current_max_tx_data_rate,
		};
		pthread_mutex_unlock(&host->lock);
		host->rate_notify(host->rate_data, &rate);
		pthread_mutex_lock(&host->lock);
	}
	pthread_mutex_unlock(&host->lock);
	return NULL;
}

int host_rate_start(struct miracast_host *host, miracast_data_rate_notify *notify, void *data)
{
	int err;

	host->rate_notify = notify;
	host->rate_data = data;
	host->rate_quit = false;
	err = host_thread_create(&host->rate_thread, rate_thread, host);
	if (err)
		host->rate_notify = NULL;
	return err;
}

void host_rate_end(struct miracast_host *host, bool last)
{
	if (!host->rate_notify)
		return;
	pthread_mutex_lock(&host->lock);
	host->rate_quit = true;
	pthread_cond_signal(&host->rate_changed);
	pthread_mutex_unlock(&host->lock);
	pthread_join(host->rate_thread, NULL);
	if (last)
		host->rate_notify(host->rate_data, NULL);
	host->rate_notify = NULL;
}

void miracast_host_set_data_rate(struct miracast_host *host, const struct miracast_data_rate *rate)
{
	pthread_mutex_lock(&host->lock);
	host->rate.encoder_bit_rate = rate->encoder_bit_rate;
	host->rate.current_max_tx_data_rate = rate->current_max_tx_data_rate;
	host->rate.transmitted_frame_count += rate->transmitted_frame_count;
	host->rate.failed_frame_count += rate->failed_frame_count;
	host->rate.retried_frame_count += rate->retried_frame_count;
	host->rate.multiple_retry_frame_count += rate->multiple_retry_frame_count;
	pthread_mutex_unlock(&host->lock);
}

static void *watch_thread(void *data)
{
	struct miracast_host *host = data;

	pthread_mutex_lock(&host->lock);
	while (!host->watch_quit) {
		const char *what = host->watch_what;

		if (!what) {
			pthread_cond_wait(&host->watch_changed, &host->lock);
			continue;
		}
		if (host_now_ns() < host->watch_deadline_ns) {
			host_wait_until(host, &host->watch_changed, host->watch_deadline_ns);
			continue;
		}
		host->watch_what = NULL;
		pthread_mutex_unlock(&host->lock);
		if (host->config.overdue)
			host->config.overdue(host->config.data, what);
		pthread_mutex_lock(&host->lock);
	}
	pthread_mutex_unlock(&host->lock);
	return NULL;
}

int host_watch_start(struct miracast_host *host)
{
	return host_thread_create(&host->watch_thread, watch_thread, host);
}

void host_watch_finish(struct miracast_host *host)
{
	pthread_mutex_lock(&host->lock);
	host->watch_quit = true;
	pthread_cond_signal(&host->watch_changed);
	pthread_mutex_unlock(&host->lock);
	pthread_join(host->watch_thread, NULL);
}

static void host_watch_set(struct miracast_host *host, const char *what, int64_t deadline_ns)
{
	pthread_mutex_lock(&host->lock);
	host->watch_what = what;
	host->watch_deadline_ns = deadline_ns;
	pthread_cond_signal(&host->watch_changed);
	pthread_mutex_unlock(&host->lock);
}

void host_watch_begin(struct miracast_host *host, const char *what, unsigned int ms)
{
	host_watch_set(host, what, host_now_ns() + ms * NS_PER_MS);
}

void host_watch_end(struct miracast_host *host)
{
	host_watch_set(host, NULL, 0);
}
