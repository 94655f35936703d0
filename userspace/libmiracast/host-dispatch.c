// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Threads that read the kernel's messages and bring them to the driver.
 *
 * They live exactly while the session is started: that is what keeps the
 * handler from running beside the other four functions (R51).
 */
#include "host-private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

/* Buffers of one thread; payloads stay aligned for 64-bit fields. */
struct dispatch_buffers {
	uint8_t in[MIRACAST_MAX_RECORD] __attribute__((aligned(8)));
	uint8_t out[MIRACAST_MAX_MESSAGE] __attribute__((aligned(8)));
};

/* A header says at least which message it is about. */
#define MIN_HEADER offsetof(struct miracast_record, out_max)

static void begin_message(struct host_dispatcher *self, uint64_t id)
{
	pthread_mutex_lock(&self->host->lock);
	self->message = (struct host_message){ .id = id };
	pthread_mutex_unlock(&self->host->lock);
}

/* Returns whether a reply is still wanted. */
static bool end_message(struct host_dispatcher *self)
{
	bool wanted;

	pthread_mutex_lock(&self->host->lock);
	wanted = !self->message.cancelled;
	self->message = (struct host_message){ 0 };
	pthread_mutex_unlock(&self->host->lock);
	return wanted;
}

/*
 * A cancel can be read before the thread that has the message got so far as
 * begin_message(); its reply then fails with -ENOENT, which does no harm.
 */
static void cancel_message(struct miracast_host *host, uint64_t id)
{
	pthread_mutex_lock(&host->lock);
	for (unsigned int i = 0; i < MIRACAST_HOST_MAX_THREADS; i++) {
		if (host->dispatchers[i].message.id == id)
			host->dispatchers[i].message.cancelled = true;
	}
	pthread_mutex_unlock(&host->lock);
}

static void handle_message(struct host_dispatcher *self, struct dispatch_buffers *buffers,
			   const struct miracast_record *record)
{
	struct miracast_host *host = self->host;
	struct miracast_reply reply = { .header_len = sizeof(reply), .id = record->id };
	struct iovec parts[] = { { &reply, sizeof(reply) }, { buffers->out, 0 } };
	uint32_t bytes = 0;
	int status;

	begin_message(self, record->id);
	memset(buffers->out, 0, record->out_max);
	status = host->config.driver->handle_kernel_mode_message(
		host->context, record->len - record->header_len, buffers->in + record->header_len,
		record->out_max, buffers->out, &bytes);
	if (!end_message(self))
		return;

	if (status > 0 || status < -4095)
		status = -EINVAL;
	else if (bytes > record->out_max)
		status = -EMSGSIZE; /* a driver's bug; its sender shall know */
	if (status < 0)
		bytes = 0; /* R45 */
	reply.len = sizeof(reply) + bytes;
	reply.status = status;
	parts[1].iov_len = bytes;
	/* It may have been completed by its timeout or by a stop meanwhile. */
	if (writev(host->config.sink_fd, parts, bytes ? 2 : 1) < 0 && errno != ENOENT &&
	    errno != ENODEV)
		host_lost(host, -errno);
}

/*
 * What this library knows of the header of a record of @n bytes, which may be
 * that of an older or a newer kernel: what it does not say is zero.
 */
static bool get_header(const struct dispatch_buffers *buffers, size_t n,
		       struct miracast_record *record)
{
	size_t known = sizeof(*record);

	memset(record, 0, sizeof(*record));
	if (n < MIN_HEADER)
		return false;
	memcpy(record, buffers->in, MIN_HEADER);
	if (record->len != n || record->header_len < MIN_HEADER || record->header_len > n ||
	    record->header_len % 8)
		return false;
	if (record->header_len < known)
		known = record->header_len;
	memcpy(record, buffers->in, known);
	return record->out_max <= sizeof(buffers->out);
}

/* Returns false when the thread shall end. */
static bool read_record(struct host_dispatcher *self, struct dispatch_buffers *buffers)
{
	struct miracast_host *host = self->host;
	struct miracast_record record;
	ssize_t n;

	n = read(host->config.sink_fd, buffers->in, sizeof(buffers->in));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n < 0) {
		host_lost(host, -errno);
		return false;
	}
	if (!get_header(buffers, n, &record)) {
		host_lost(host, -EPROTO);
		return false;
	}
	switch (record.type) {
	case MIRACAST_REC_MESSAGE:
		handle_message(self, buffers, &record);
		break;
	case MIRACAST_REC_CANCEL:
		cancel_message(host, record.id);
		break;
	}
	return true;
}

static void *dispatch_thread(void *data)
{
	struct host_dispatcher *self = data;
	struct miracast_host *host = self->host;
	struct dispatch_buffers *buffers = malloc(sizeof(*buffers));
	struct pollfd fds[] = {
		{ .fd = host->wake_fd, .events = POLLIN },
		{ .fd = host->config.sink_fd, .events = POLLIN },
	};

	if (!buffers)
		host_lost(host, -ENOMEM);
	while (buffers) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			host_lost(host, -errno);
			break;
		}
		if (fds[0].revents)
			break;
		if (fds[1].revents & POLLIN) {
			if (!read_record(self, buffers))
				break;
		} else if (fds[1].revents) {
			host_lost(host, -ENODEV);
			break;
		}
	}
	free(buffers);
	return NULL;
}

int host_dispatch_start(struct miracast_host *host)
{
	if (host->config.sink_fd < 0)
		return 0;
	for (unsigned int i = 0; i < host->config.num_threads; i++) {
		struct host_dispatcher *dispatcher = &host->dispatchers[i];
		int err;

		dispatcher->host = host;
		err = host_thread_create(&dispatcher->thread, dispatch_thread, dispatcher);
		if (err)
			return err; /* the stop that follows ends those that run */
		host->num_dispatchers++;
	}
	return 0;
}

void host_dispatch_drain(struct miracast_host *host)
{
	eventfd_write(host->wake_fd, 1);
	while (host->num_dispatchers)
		pthread_join(host->dispatchers[--host->num_dispatchers].thread, NULL);
}
