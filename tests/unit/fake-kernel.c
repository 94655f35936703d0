// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel of fake-kernel.h.
 */
#include "fake-kernel.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_kernel kernel;

static void kernel_note(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void kernel_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_string_append_vprintf(kernel.ops, format, args);
	va_end(args);
}

static void kernel_chunks_changed(void)
{
	eventfd_t value;

	if (kernel.chunks->len || kernel.chunks_lost)
		eventfd_write(kernel.chunks_fd, 1);
	else
		eventfd_read(kernel.chunks_fd, &value);
}

void kernel_report_chunk(guint64 frame)
{
	const struct miracast_chunk chunk = {
		.len = sizeof(chunk),
		.header_len = sizeof(chunk),
		.info = { .type = MIRACAST_CHUNK_FRAME_START, .id = MIRACAST_CHUNK_ID(frame, 0) },
	};

	pthread_mutex_lock(&kernel.lock);
	g_array_append_val(kernel.chunks, chunk);
	kernel_chunks_changed();
	pthread_mutex_unlock(&kernel.lock);
}

void kernel_overflow(void)
{
	pthread_mutex_lock(&kernel.lock);
	g_array_set_size(kernel.chunks, 0);
	kernel.chunks_lost = TRUE;
	kernel_chunks_changed();
	pthread_mutex_unlock(&kernel.lock);
}

static int kernel_get_chunks(struct miracast_get_chunks *get)
{
	struct miracast_chunk *buffer = (struct miracast_chunk *)(uintptr_t)get->buf_ptr;
	guint n = MIN(get->buf_len / sizeof(*buffer), kernel.chunks->len);

	if (kernel.chunks_lost) {
		kernel.chunks_lost = FALSE;
		kernel_chunks_changed();
		return ECONNRESET;
	}
	if (!kernel.chunks->len)
		return EAGAIN;
	if (!n) {
		get->needed = sizeof(*buffer);
		return EMSGSIZE;
	}
	memcpy(buffer, kernel.chunks->data, n * sizeof(*buffer));
	g_array_remove_range(kernel.chunks, 0, n);
	kernel_chunks_changed();
	get->used = n * sizeof(*buffer);
	get->outstanding = kernel.chunks->len;
	return 0;
}

static int kernel_ioctl(unsigned long request, void *argument)
{
	static const char *const names[] = { "", "begin-start", "end-start", "fail-start",
					     "begin-stop", "end-stop" };

	switch (request) {
	case MIRACAST_IOC_SESSION: {
		struct miracast_session_ctl *ctl = argument;

		kernel_note("%s", names[ctl->op]);
		if (ctl->status)
			kernel_note("(%d)", ctl->status);
		kernel_note(" ");
		return 0;
	}
	case MIRACAST_IOC_IO_CONTROL: {
		struct miracast_io_control *ctl = argument;

		kernel_note("control-%u%s ", ctl->code,
			    ctl->flags & MIRACAST_IO_CONTROL_HARDWARE_ACCESS ? "-hardware" : "");
		ctl->bytes_returned = ctl->out_len;
		return kernel.io_control_error;
	}
	case MIRACAST_IOC_REPORT_STATUS:
		kernel_note("status-%u ", ((struct miracast_report_status *)argument)->status);
		return 0;
	case MIRACAST_IOC_REPORT_STATISTIC:
		kernel_note("statistic-%u ", ((struct miracast_statistic *)argument)->type);
		return 0;
	case MIRACAST_IOC_GET_CHUNKS:
		return kernel_get_chunks(argument);
	default:
		return ENOTTY;
	}
}

int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	int error;

	pthread_mutex_lock(&kernel.lock);
	error = kernel_ioctl(request, argument);
	pthread_mutex_unlock(&kernel.lock);
	errno = error;
	return error ? -1 : 0;
}

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

/* No socket has POLLRDBAND. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct pollfd *chunks = fds[0].events == POLLRDBAND ? &fds[0] : NULL;
	int sink = fds[0].fd;
	int ready;

	if (chunks)
		*chunks = (struct pollfd){ kernel.chunks_fd, POLLIN, 0 };
	ready = __real_poll(fds, n, timeout);
	if (chunks)
		*chunks = (struct pollfd){ sink, POLLRDBAND, chunks->revents ? POLLRDBAND : 0 };
	return ready;
}

/* --------------------------------------------------------------- with a witness */

void kernel_begin(struct witness *w, gboolean with_sink)
{
	int sink[2] = { -1, -1 };

	if (with_sink)
		g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sink));
	memset(&kernel, 0, sizeof(kernel));
	pthread_mutex_init(&kernel.lock, NULL);
	kernel.peer = sink[1];
	kernel.ops = g_string_new(NULL);
	kernel.chunks = g_array_new(FALSE, FALSE, sizeof(struct miracast_chunk));
	kernel.chunks_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	witness_init(w, sink[0]);
}

void kernel_hang_up(void)
{
	close(kernel.peer);
	kernel.peer = -1;
}

void kernel_end(struct witness *w)
{
	int sink = w->sink;

	witness_clear(w);
	if (sink >= 0)
		close(sink);
	if (kernel.peer >= 0)
		kernel_hang_up();
	g_string_free(kernel.ops, TRUE);
	g_array_unref(kernel.chunks);
	close(kernel.chunks_fd);
	pthread_mutex_destroy(&kernel.lock);
}

void send_record(uint64_t id, uint16_t type, const char *payload, uint32_t out_max)
{
	struct {
		struct miracast_record record;
		char payload[64];
	} message = { .record = {
			      .len = sizeof(struct miracast_record) + strlen(payload),
			      .header_len = sizeof(struct miracast_record),
			      .type = type,
			      .id = id,
			      .out_max = out_max,
		      } };

	memcpy(message.payload, payload, strlen(payload));
	g_assert_cmpint(send(kernel.peer, &message, message.record.len, 0), ==, message.record.len);
}

void send_record_of(uint16_t header_len, uint64_t id, const char *payload, uint32_t out_max)
{
	const struct miracast_record known = {
		.len = header_len + strlen(payload),
		.header_len = header_len,
		.type = MIRACAST_REC_MESSAGE,
		.id = id,
		.out_max = out_max,
	};
	guint8 message[MIRACAST_MAX_HEADER + 64];

	memset(message, 0xff, sizeof(message));
	memcpy(message, &known, MIN(header_len, sizeof(known)));
	memcpy(message + header_len, payload, strlen(payload));
	g_assert_cmpint(send(kernel.peer, message, known.len, 0), ==, known.len);
}

void expect_reply(uint64_t id, int result, const char *payload)
{
	struct {
		struct miracast_reply reply;
		char payload[64];
	} message = { 0 };
	struct pollfd wait = { kernel.peer, POLLIN, 0 };
	ssize_t n;

	g_assert_cmpint(poll(&wait, 1, 5000), ==, 1);
	n = recv(kernel.peer, &message, sizeof(message), 0);
	g_assert_cmpint(n, ==, message.reply.len);
	g_assert_cmpuint(message.reply.header_len, ==, sizeof(message.reply));
	g_assert_cmpuint(message.reply.id, ==, id);
	g_assert_cmpint(message.reply.status, ==, result);
	g_assert_cmpstr(message.payload, ==, payload);
}
