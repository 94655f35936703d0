// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The session's state machine, and the calls of the program.
 */
#include "host-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* R19 for destroy; the same for stop and for draining messages, which have none. */
#define HOST_OVERDUE_MS 3000

#define HOST_DEFAULT_THREADS 2

static const struct {
	enum host_gate own;
	enum host_gate other;
} states[] = {
#define H(state, own, other) [HOST_##state] = { own, other },
	HOST_STATES(H)
#undef H
};

/* The one place that changes the state. */
static void host_set_state(struct miracast_host *host, enum host_state state)
{
	pthread_mutex_lock(&host->lock);
	host->state = state;
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->lock);
}

enum host_gate host_gate(struct miracast_host *host)
{
	enum host_gate gate;

	pthread_mutex_lock(&host->lock);
	for (;;) {
		bool own = host->state != HOST_NEW && pthread_equal(host->owner, pthread_self());

		gate = own ? states[host->state].own : states[host->state].other;
		if (gate != GATE_WAIT)
			break;
		pthread_cond_wait(&host->changed, &host->lock);
	}
	pthread_mutex_unlock(&host->lock);
	return gate;
}

bool host_alive(struct miracast_host *host)
{
	bool alive;

	pthread_mutex_lock(&host->lock);
	alive = states[host->state].own != GATE_DEAD;
	pthread_mutex_unlock(&host->lock);
	return alive;
}

bool host_is_owner_in(struct miracast_host *host, enum host_state state)
{
	bool is;

	pthread_mutex_lock(&host->lock);
	is = host->state == state && pthread_equal(host->owner, pthread_self());
	pthread_mutex_unlock(&host->lock);
	return is;
}

void host_lost(struct miracast_host *host, int err)
{
	pthread_mutex_lock(&host->lock);
	if (!host->lost)
		host->lost = err;
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->lock);
}

int host_thread_create(pthread_t *thread, void *(*function)(void *), void *data)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(thread, NULL, function, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

static int host_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int err;

	err = pthread_condattr_init(&attr);
	if (err)
		return -err;
	err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!err)
		err = pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
	return -err;
}

int64_t host_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

bool host_wait_until(struct miracast_host *host, pthread_cond_t *cond, int64_t deadline_ns)
{
	struct timespec deadline = {
		.tv_sec = deadline_ns / INT64_C(1000000000),
		.tv_nsec = deadline_ns % INT64_C(1000000000),
	};

	return pthread_cond_timedwait(cond, &host->lock, &deadline) != ETIMEDOUT;
}

static bool driver_is_complete(const struct miracast_driver *driver)
{
	return driver->create_context && driver->destroy_context && driver->start_session &&
	       driver->stop_session && driver->handle_kernel_mode_message;
}

int miracast_host_new(const struct miracast_host_config *config, struct miracast_host **out)
{
	struct miracast_host *host;
	int err, flags;

	*out = NULL;
	if (!config || !config->driver || config->rtsp_fd < 0 || config->sink_fd < -1 ||
	    config->num_threads > MIRACAST_HOST_MAX_THREADS)
		return -EINVAL;
	if (config->driver->version != MIRACAST_DRIVER_VERSION)
		return -EPROTONOSUPPORT;
	if (config->driver->size < sizeof(struct miracast_driver) ||
	    !driver_is_complete(config->driver))
		return -EINVAL;

	/* A reader that lost the race for a record must not sleep in read(). */
	if (config->sink_fd >= 0) {
		flags = fcntl(config->sink_fd, F_GETFL);
		if (flags < 0 || fcntl(config->sink_fd, F_SETFL, flags | O_NONBLOCK) < 0)
			return -errno;
	}

	host = calloc(1, sizeof(*host));
	if (!host)
		return -ENOMEM;
	host->config = *config;
	if (!host->config.num_threads)
		host->config.num_threads = HOST_DEFAULT_THREADS;

	host->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (host->wake_fd < 0) {
		err = -errno;
		goto fail_host;
	}
	err = -pthread_mutex_init(&host->lock, NULL);
	if (err)
		goto fail_fd;
	err = host_cond_init(&host->changed);
	if (err)
		goto fail_lock;
	err = host_cond_init(&host->rate_changed);
	if (err)
		goto fail_changed;
	err = host_cond_init(&host->watch_changed);
	if (err)
		goto fail_rate;
	*out = host;
	return 0;

fail_rate:
	pthread_cond_destroy(&host->rate_changed);
fail_changed:
	pthread_cond_destroy(&host->changed);
fail_lock:
	pthread_mutex_destroy(&host->lock);
fail_fd:
	close(host->wake_fd);
fail_host:
	free(host);
	return err;
}

void miracast_host_free(struct miracast_host *host)
{
	if (!host)
		return;
	pthread_cond_destroy(&host->watch_changed);
	pthread_cond_destroy(&host->rate_changed);
	pthread_cond_destroy(&host->changed);
	pthread_mutex_destroy(&host->lock);
	close(host->wake_fd);
	free(host);
}

void miracast_host_request_stop(struct miracast_host *host)
{
	pthread_mutex_lock(&host->lock);
	host->stop_requested = true;
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->lock);
}

/* Follow an arrow of the kernel's state machine. */
static int host_session_op(struct miracast_host *host, enum miracast_session_op op, uint32_t info,
			   int status)
{
	struct miracast_session_ctl ctl = { .op = op, .info = info, .status = status };

	if (host->config.sink_fd < 0)
		return 0;
	return ioctl(host->config.sink_fd, MIRACAST_IOC_SESSION, &ctl) < 0 ? -errno : 0;
}

static bool host_stop_was_requested(struct miracast_host *host)
{
	bool requested;

	pthread_mutex_lock(&host->lock);
	requested = host->stop_requested;
	pthread_mutex_unlock(&host->lock);
	return requested;
}

/* Until somebody wants the session to end. Returns host->lost. */
static int host_wait_for_end(struct miracast_host *host)
{
	int lost;

	pthread_mutex_lock(&host->lock);
	while (!host->stop_requested && !host->lost)
		pthread_cond_wait(&host->changed, &host->lock);
	lost = host->lost;
	pthread_mutex_unlock(&host->lock);
	return lost;
}

static void host_stop(struct miracast_host *host)
{
	host_set_state(host, HOST_STOPPING);
	/* From here on the kernel completes messages itself; it may be gone. */
	host_session_op(host, MIRACAST_SESSION_BEGIN_STOP, 0, 0);

	host_watch_begin(host, "message", HOST_OVERDUE_MS);
	host_dispatch_drain(host);
	host_watch_end(host);

	host_watch_begin(host, "stop", HOST_OVERDUE_MS);
	host->config.driver->stop_session(host->context);
	host_watch_end(host);

	host_rate_end(host, true);
	host_session_op(host, MIRACAST_SESSION_END_STOP, 0, 0);
	host_set_state(host, HOST_STOPPED);
}

/* start_session() and what is around it; on failure there is nothing to stop. */
static int host_start(struct miracast_host *host, uint32_t *info)
{
	int err;

	err = host_session_op(host, MIRACAST_SESSION_BEGIN_START, 0, 0);
	if (err)
		return err;
	host_set_state(host, HOST_STARTING);
	err = host->config.driver->start_session(host->context, host->config.rtsp_fd,
						 &host->config.stats, info);
	if (err >= 0)
		return 0;

	host_rate_end(host, true);
	host_session_op(host, MIRACAST_SESSION_FAIL_START, 0, err);
	host_session_op(host, MIRACAST_SESSION_END_STOP, 0, 0);
	host_set_state(host, HOST_STOPPED);
	return err;
}

/* Between a start that succeeded and the stop. */
static int host_stream(struct miracast_host *host, uint32_t info)
{
	const uint32_t known = MIRACAST_SESSION_MONITOR_CONNECTED | MIRACAST_SESSION_REDUCED_MODES;
	int err;

	if (info & ~known)
		return -EINVAL; /* R31 */
	err = host_session_op(host, MIRACAST_SESSION_END_START, info, 0);
	/* A status that was reported during the start has shut the kernel's side. */
	if (err == -ESHUTDOWN && host_stop_was_requested(host))
		return 0;
	if (err)
		return err;
	host_set_state(host, HOST_STARTED);
	err = host_dispatch_start(host);
	if (err)
		return err;
	return host_wait_for_end(host);
}

int miracast_host_run(struct miracast_host *host)
{
	uint32_t info = 0;
	int err;

	err = host_watch_start(host);
	if (err)
		return err;

	pthread_mutex_lock(&host->lock);
	host->owner = pthread_self();
	pthread_mutex_unlock(&host->lock);

	host_set_state(host, HOST_CREATING);
	err = host->config.driver->create_context(host->config.driver_data, host, &host_callbacks,
						  &host->context);
	if (err < 0) {
		host_set_state(host, HOST_DEAD);
		host_watch_finish(host);
		return err;
	}
	host_set_state(host, HOST_CREATED);

	if (host_stop_was_requested(host)) {
		err = -ECANCELED;
	} else {
		err = host_start(host, &info);
		if (!err) {
			err = host_stream(host, info);
			host_stop(host);
		}
	}

	host_set_state(host, HOST_DESTROYING);
	host_watch_begin(host, "destroy", HOST_OVERDUE_MS);
	host->config.driver->destroy_context(host->context);
	host_watch_end(host);
	host_set_state(host, HOST_DEAD);
	host_watch_finish(host);
	return err;
}
