// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the driver calls: struct miracast_callbacks.
 */
#include "host-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>

#define MAX_EXTRA_FDS 4 /* R66 */

static void report_session_status(struct miracast_host *host, uint32_t status, int error)
{
	struct miracast_report_status report = { .status = status, .error = error };
	bool first;

	if (!host_alive(host))
		return;
	pthread_mutex_lock(&host->lock);
	first = !host->status_reported;
	host->status_reported = true;
	pthread_mutex_unlock(&host->lock);

	if (host->config.status)
		host->config.status(host->config.data, status, error, first);
	/* Without a session the kernel has nothing to end, which is no matter. */
	if (host->config.sink_fd >= 0)
		ioctl(host->config.sink_fd, MIRACAST_IOC_REPORT_STATUS, &report);
	miracast_host_request_stop(host);
}

static int io_control(struct miracast_host *host, bool hardware_access, uint32_t code,
		      uint32_t in_size, const void *in, uint32_t out_size, void *out,
		      uint32_t *bytes_returned)
{
	struct miracast_io_control ctl = {
		.code = code,
		.flags = hardware_access ? MIRACAST_IO_CONTROL_HARDWARE_ACCESS : 0,
		.in_ptr = (uintptr_t)in,
		.out_ptr = (uintptr_t)out,
		.in_len = in_size,
		.out_len = out_size,
	};

	if (bytes_returned)
		*bytes_returned = 0;
	switch (host_gate(host)) {
	case GATE_DEAD:
		return -ENODEV;
	case GATE_BUSY:
		return -EBUSY;
	case GATE_WAIT:
	case GATE_SHUT:
		return -ESHUTDOWN;
	case GATE_OPEN:
		break;
	}
	if (in_size > MIRACAST_MAX_IO_CONTROL || out_size > MIRACAST_MAX_IO_CONTROL)
		return -EMSGSIZE;
	if (host->config.sink_fd < 0)
		return -ENODEV;
	if (ioctl(host->config.sink_fd, MIRACAST_IOC_IO_CONTROL, &ctl) < 0)
		return -errno;
	if (bytes_returned)
		*bytes_returned = ctl.bytes_returned;
	return 0;
}

static void report_statistic(struct miracast_host *host, const struct miracast_statistic *statistic)
{
	struct miracast_statistic copy = *statistic;

	if (host->config.sink_fd >= 0 && host_alive(host))
		ioctl(host->config.sink_fd, MIRACAST_IOC_REPORT_STATISTIC, &copy);
}

/* Drain without waiting; -EAGAIN if there is nothing. */
static int get_chunks(struct miracast_host *host, uint32_t *size, void *chunks,
		      uint32_t *outstanding)
{
	struct miracast_get_chunks get = { .buf_ptr = (uintptr_t)chunks, .buf_len = *size };

	if (ioctl(host->config.sink_fd, MIRACAST_IOC_GET_CHUNKS, &get) < 0) {
		int err = -errno;

		if (err == -EMSGSIZE)
			*size = get.needed;
		return err;
	}
	*size = get.used;
	if (outstanding)
		*outstanding = get.outstanding;
	return 0;
}

static int get_next_chunk(struct miracast_host *host, int timeout_ms, unsigned int n_fds,
			  const int *fds, uint32_t *size, void *chunks, uint32_t *outstanding)
{
	int64_t deadline = host_now_ns() + timeout_ms * INT64_C(1000000);
	struct pollfd wait[1 + MAX_EXTRA_FDS];

	if (n_fds > MAX_EXTRA_FDS || (n_fds && !fds) || timeout_ms < -1 || !size)
		return -EINVAL;
	if (host->config.sink_fd < 0 || !host_alive(host))
		return -ENODEV;

	wait[0] = (struct pollfd){ .fd = host->config.sink_fd, .events = POLLRDBAND };
	for (unsigned int i = 0; i < n_fds; i++)
		wait[1 + i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };

	for (;;) {
		int left = -1;
		int err = get_chunks(host, size, chunks, outstanding);

		if (err != -EAGAIN)
			return err;
		if (timeout_ms >= 0) {
			int64_t now = host_now_ns();

			left = now < deadline ? (deadline - now + 999999) / 1000000 : 0;
		}
		if (poll(wait, 1 + n_fds, left) < 0 && errno != EINTR)
			return -errno;
		for (unsigned int i = 0; i < n_fds; i++) {
			if (wait[1 + i].revents) {
				*size = 0;
				return 1 + i;
			}
		}
		if (!wait[0].revents && !left)
			return -ETIMEDOUT;
	}
}

static int register_for_data_rate(struct miracast_host *host, miracast_data_rate_notify *notify,
				  void *data)
{
	if (!host_alive(host))
		return -ENODEV;
	if (!host_is_owner_in(host, HOST_STARTING) && !host_is_owner_in(host, HOST_STOPPING))
		return -EPERM;
	if (!host->config.has_data_rate)
		return -EOPNOTSUPP;
	if (!notify == !host->rate_notify)
		return -EALREADY;
	if (notify)
		return host_rate_start(host, notify, data);
	host_rate_end(host, false);
	return 0;
}

const struct miracast_callbacks host_callbacks = {
	.size = sizeof(struct miracast_callbacks),
	.report_session_status = report_session_status,
	.io_control = io_control,
	.report_statistic = report_statistic,
	.get_next_chunk = get_next_chunk,
	.register_for_data_rate = register_for_data_rate,
};
