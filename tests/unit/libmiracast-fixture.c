// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fixture of libmiracast-fixture.h.
 */
#include "libmiracast-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ------------------------------------------------------------ the kernel's half */

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
		.info = { .type = MIRACAST_CHUNK_FRAME_START, .id = MIRACAST_CHUNK_ID(frame, 0) },
	};

	g_mutex_lock(&kernel.lock);
	g_array_append_val(kernel.chunks, chunk);
	kernel_chunks_changed();
	g_mutex_unlock(&kernel.lock);
}

void kernel_overflow(void)
{
	g_mutex_lock(&kernel.lock);
	g_array_set_size(kernel.chunks, 0);
	kernel.chunks_lost = TRUE;
	kernel_chunks_changed();
	g_mutex_unlock(&kernel.lock);
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

	g_mutex_lock(&kernel.lock);
	error = kernel_ioctl(request, argument);
	g_mutex_unlock(&kernel.lock);
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

/* ---------------------------------------------------------------- the driver */

static void enter(struct fixture *f, const char *name)
{
	g_mutex_lock(&f->lock);
	g_assert_false(f->running);	       /* R13 */
	g_assert_cmpuint(f->handlers, ==, 0); /* R51 */
	f->running = TRUE;
	g_string_append_printf(f->calls, "%s ", name);
	g_cond_broadcast(&f->changed);
	g_mutex_unlock(&f->lock);
}

static void leave(struct fixture *f)
{
	g_mutex_lock(&f->lock);
	f->running = FALSE;
	g_mutex_unlock(&f->lock);
}

static int driver_create(void *data, struct miracast_host *host,
			 const struct miracast_callbacks *callbacks, void **context)
{
	struct fixture *f = data;

	enter(f, "create");
	g_assert_cmpuint(callbacks->size, ==, sizeof(*callbacks));
	f->callbacks = callbacks;
	*context = f;
	if (f->in_create)
		f->in_create(f);
	leave(f);
	return f->create_result;
}

static void driver_destroy(void *context)
{
	struct fixture *f = context;

	enter(f, "destroy");
	if (f->in_destroy)
		f->in_destroy(f);
	leave(f);
}

static int driver_start(void *context, int rtsp, const struct miracast_wfd_connection_stats *stats,
			uint32_t *info)
{
	struct fixture *f = context;

	enter(f, "start");
	g_assert_cmpint(rtsp, ==, f->rtsp);
	g_assert_cmpuint(stats->current_bit_rate, ==, 7000000);
	if (f->in_start)
		f->in_start(f);
	*info = f->info;
	leave(f);
	return f->start_result;
}

static void driver_stop(void *context)
{
	struct fixture *f = context;

	enter(f, "stop");
	if (f->in_stop)
		f->in_stop(f);
	leave(f);
}

static int driver_handle(void *context, uint32_t in_size, const void *in, uint32_t out_size,
			 void *out, uint32_t *bytes_returned)
{
	struct fixture *f = context;

	g_mutex_lock(&f->lock);
	g_assert_false(f->running); /* R51 */
	f->handlers++;
	f->handled++;
	f->most_handlers = MAX(f->most_handlers, f->handlers);
	g_cond_broadcast(&f->changed);
	while (f->hold_handlers)
		g_cond_wait(&f->changed, &f->lock);
	f->handlers--;
	g_mutex_unlock(&f->lock);
	g_assert_cmpuint(*bytes_returned, ==, 0);
	g_assert_true((uintptr_t)in % 8 == 0 && (uintptr_t)out % 8 == 0);
	memcpy(out, in, MIN(in_size, out_size));
	*bytes_returned = f->handler_bytes ? f->handler_bytes : MIN(in_size, out_size);
	return f->handler_result;
}

const struct miracast_driver fixture_driver = {
	.size = sizeof(fixture_driver),
	.version = MIRACAST_DRIVER_VERSION,
	.create_context = driver_create,
	.destroy_context = driver_destroy,
	.start_session = driver_start,
	.stop_session = driver_stop,
	.handle_kernel_mode_message = driver_handle,
};

/* --------------------------------------------------------------- the program */

static void status(void *data, uint32_t value, int error, bool first)
{
	struct fixture *f = data;

	g_mutex_lock(&f->lock);
	g_string_append_printf(f->log, "%u:%d:%d ", value, error, first);
	g_mutex_unlock(&f->lock);
}

static void overdue(void *data, const char *what)
{
	struct fixture *f = data;

	g_mutex_lock(&f->lock);
	g_string_append_printf(f->log, "%s ", what);
	f->hold_handlers = FALSE;
	g_cond_broadcast(&f->changed);
	g_mutex_unlock(&f->lock);
}

struct miracast_host_config make_config(struct fixture *f)
{
	return (struct miracast_host_config){
		.driver = &fixture_driver,
		.driver_data = f,
		.sink_fd = f->sink[0],
		.rtsp_fd = f->rtsp,
		.has_data_rate = true,
		.stats = { .current_bit_rate = 7000000 },
		.data = f,
		.status = status,
		.overdue = overdue,
	};
}

void fixture_init(struct fixture *f, gboolean with_kernel)
{
	memset(f, 0, sizeof(*f));
	f->calls = g_string_new(NULL);
	f->log = g_string_new(NULL);
	f->rtsp = open("/dev/null", O_RDWR | O_CLOEXEC);
	f->sink[0] = -1;
	f->sink[1] = -1;
	if (with_kernel)
		g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, f->sink));
	memset(&kernel, 0, sizeof(kernel));
	kernel.ops = g_string_new(NULL);
	kernel.chunks = g_array_new(FALSE, FALSE, sizeof(struct miracast_chunk));
	kernel.chunks_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static gpointer run(gpointer data)
{
	struct fixture *f = data;

	f->result = miracast_host_run(f->host);
	return NULL;
}

void fixture_run_config(struct fixture *f, const struct miracast_host_config *config)
{
	g_assert_cmpint(miracast_host_new(config, &f->host), ==, 0);
	f->runner = g_thread_new("host", run, f);
}

void fixture_run(struct fixture *f)
{
	struct miracast_host_config config = make_config(f);

	fixture_run_config(f, &config);
}

static void wait_for_calls(struct fixture *f, const char *calls)
{
	gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

	g_mutex_lock(&f->lock);
	while (strcmp(f->calls->str, calls) != 0)
		g_assert_true(g_cond_wait_until(&f->changed, &f->lock, deadline));
	g_mutex_unlock(&f->lock);
}

/* Started: an I/O control gets through. */
void wait_until_started(struct fixture *f)
{
	wait_for_calls(f, "create start ");
	/* Waits for the start to end (R59); the answer does not matter. */
	f->callbacks->io_control(f->host, false, 1000, 0, NULL, 0, NULL, NULL);
}

int fixture_join(struct fixture *f)
{
	g_thread_join(g_steal_pointer(&f->runner));
	return f->result;
}

int fixture_stop(struct fixture *f)
{
	miracast_host_request_stop(f->host);
	return fixture_join(f);
}

void fixture_clear(struct fixture *f)
{
	miracast_host_free(f->host);
	g_assert_cmpint(fcntl(f->rtsp, F_GETFD), >=, 0); /* R27 */
	close(f->rtsp);
	if (f->sink[0] >= 0)
		close(f->sink[0]);
	if (f->sink[1] >= 0)
		close(f->sink[1]);
	g_string_free(f->calls, TRUE);
	g_string_free(f->log, TRUE);
	g_string_free(kernel.ops, TRUE);
	g_array_unref(kernel.chunks);
	close(kernel.chunks_fd);
}

/* ------------------------------------------------------- what a test does to it */

int control(struct fixture *f, uint32_t code)
{
	uint32_t bytes = 77;
	uint32_t out[2];
	int err = f->callbacks->io_control(f->host, false, code, 0, NULL, sizeof(out), out, &bytes);

	g_assert_cmpuint(bytes, ==, err ? 0 : sizeof(out));
	return err;
}

static gpointer control_thread(gpointer data)
{
	return GINT_TO_POINTER(control(data, 50));
}

int control_elsewhere(struct fixture *f)
{
	return GPOINTER_TO_INT(g_thread_join(g_thread_new("other", control_thread, f)));
}

void send_record(struct fixture *f, uint64_t id, uint16_t type, const char *payload,
		 uint32_t out_max)
{
	struct {
		struct miracast_record record;
		char payload[64];
	} message = { .record = {
			      .len = sizeof(struct miracast_record) + strlen(payload),
			      .type = type,
			      .id = id,
			      .out_max = out_max,
		      } };

	memcpy(message.payload, payload, strlen(payload));
	g_assert_cmpint(send(f->sink[1], &message, message.record.len, 0), ==, message.record.len);
}

void expect_reply(struct fixture *f, uint64_t id, int result, const char *payload)
{
	struct {
		struct miracast_reply reply;
		char payload[64];
	} message = { 0 };
	struct pollfd wait = { f->sink[1], POLLIN, 0 };
	ssize_t n;

	g_assert_cmpint(poll(&wait, 1, 5000), ==, 1);
	n = recv(f->sink[1], &message, sizeof(message), 0);
	g_assert_cmpint(n, ==, message.reply.len);
	g_assert_cmpuint(message.reply.id, ==, id);
	g_assert_cmpint(message.reply.status, ==, result);
	g_assert_cmpstr(message.payload, ==, payload);
}

void wait_for_handlers(struct fixture *f, guint n)
{
	g_mutex_lock(&f->lock);
	while (f->handlers < n)
		g_cond_wait(&f->changed, &f->lock);
	g_mutex_unlock(&f->lock);
}

void release_handlers(struct fixture *f)
{
	g_mutex_lock(&f->lock);
	f->hold_handlers = FALSE;
	g_cond_broadcast(&f->changed);
	g_mutex_unlock(&f->lock);
}
