// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The host of libmiracast: order and threads of a driver's functions, gates of
 * its callbacks, messages, data rate.  The kernel is played by the other end of
 * a socket pair for records and replies, and by __wrap_ioctl() for the rest (the
 * linker's --wrap); the real one is tested in the virtual machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#include <miracast/frames.h>

/* ------------------------------------------------------------ the kernel's half */

static struct {
	GMutex lock;
	GString *ops; /* session ops, reports and calls, in order */
	int io_control_error;
	int chunk_error;
} kernel;

static void kernel_note(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void kernel_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_mutex_lock(&kernel.lock);
	g_string_append_vprintf(kernel.ops, format, args);
	g_mutex_unlock(&kernel.lock);
	va_end(args);
}

int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	static const char *const names[] = { "", "begin-start", "end-start", "fail-start",
					     "begin-stop", "end-stop" };
	int error = 0;

	switch (request) {
	case MIRACAST_IOC_SESSION: {
		struct miracast_session_ctl *ctl = argument;

		kernel_note("%s", names[ctl->op]);
		if (ctl->status)
			kernel_note("(%d)", ctl->status);
		kernel_note(" ");
		break;
	}
	case MIRACAST_IOC_IO_CONTROL: {
		struct miracast_io_control *ctl = argument;

		kernel_note("control-%u%s ", ctl->code,
			    ctl->flags & MIRACAST_IO_CONTROL_HARDWARE_ACCESS ? "-hardware" : "");
		ctl->bytes_returned = ctl->out_len;
		error = kernel.io_control_error;
		break;
	}
	case MIRACAST_IOC_REPORT_STATUS:
		kernel_note("status-%u ", ((struct miracast_report_status *)argument)->status);
		break;
	case MIRACAST_IOC_REPORT_STATISTIC:
		kernel_note("statistic-%u ", ((struct miracast_statistic *)argument)->type);
		break;
	case MIRACAST_IOC_GET_CHUNKS:
		((struct miracast_get_chunks *)argument)->needed = 99;
		((struct miracast_get_chunks *)argument)->used = 24;
		error = kernel.chunk_error;
		break;
	default:
		error = ENOTTY;
	}
	errno = error;
	return error ? -1 : 0;
}

/* ---------------------------------------------------------------- the driver */

/* What a test wants the driver to do; everything else does nothing. */
struct fixture {
	struct miracast_host *host;
	const struct miracast_callbacks *callbacks;
	int sink[2]; /* [0] is the host's */
	int rtsp;
	GThread *runner;
	int result;
	GMutex lock;
	GCond changed;
	GString *calls;
	gboolean running; /* one of the four functions */
	guint handlers;	  /* that run now */
	guint most_handlers;
	gboolean hold_handlers;
	void (*in_create)(struct fixture *f);
	void (*in_start)(struct fixture *f);
	void (*in_stop)(struct fixture *f);
	void (*in_destroy)(struct fixture *f);
	int create_result;
	int start_result;
	uint32_t info;
	int handler_result;
	uint32_t handler_bytes;
	GString *log; /* of status and overdue */
	guint rates;
	struct miracast_data_rate rate;
	gboolean last_rate;
	gint64 registered_us;
	GThread *controller;
	int control_result;
};

static void enter(struct fixture *f, const char *name)
{
	g_mutex_lock(&f->lock);
	g_assert_false(f->running);
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

static const struct miracast_driver driver = {
	.size = sizeof(driver),
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

static struct miracast_host_config make_config(struct fixture *f)
{
	return (struct miracast_host_config){
		.driver = &driver,
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

static void fixture_init(struct fixture *f, gboolean with_kernel)
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
}

static gpointer run(gpointer data)
{
	struct fixture *f = data;

	f->result = miracast_host_run(f->host);
	return NULL;
}

static void fixture_run(struct fixture *f)
{
	struct miracast_host_config config = make_config(f);

	g_assert_cmpint(miracast_host_new(&config, &f->host), ==, 0);
	f->runner = g_thread_new("host", run, f);
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
static void wait_until_started(struct fixture *f)
{
	wait_for_calls(f, "create start ");
	/* Waits for the start to end (R59); the answer does not matter. */
	f->callbacks->io_control(f->host, false, 1000, 0, NULL, 0, NULL, NULL);
}

static int fixture_join(struct fixture *f)
{
	g_thread_join(f->runner);
	f->runner = NULL;
	return f->result;
}

static void fixture_clear(struct fixture *f)
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
}

static int control(struct fixture *f, uint32_t code)
{
	uint32_t bytes = 77;
	uint32_t out[2];
	int err = f->callbacks->io_control(f->host, false, code, 0, NULL, sizeof(out), out, &bytes);

	g_assert_cmpuint(bytes, ==, err ? 0 : sizeof(out));
	return err;
}

/* --------------------------------------------------------------------- tests */

static void test_arguments(void)
{
	struct fixture f;
	struct miracast_host_config config;
	struct miracast_driver broken = driver;
	struct miracast_host *host;

	fixture_init(&f, FALSE);
	config = make_config(&f);
	config.rtsp_fd = -1;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	config = make_config(&f);
	config.num_threads = MIRACAST_HOST_MAX_THREADS + 1;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	config = make_config(&f);
	config.sink_fd = 9999;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EBADF);

	/* R12 */
	config = make_config(&f);
	config.driver = &broken;
	broken.version = 2;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EPROTONOSUPPORT);
	broken = driver;
	broken.size--;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	broken = driver;
	broken.stop_session = NULL;
	g_assert_cmpint(miracast_host_new(&config, &host), ==, -EINVAL);
	g_assert_null(host);
	fixture_clear(&f);
}

static void test_session(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.info = MIRACAST_SESSION_MONITOR_CONNECTED;
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(control(&f, 5), ==, 0);
	kernel.io_control_error = ERANGE;
	g_assert_cmpint(control(&f, 6), ==, -ERANGE);
	kernel.io_control_error = 0;
	/* R15, and R59: the number of bytes is optional. */
	g_assert_cmpint(f.callbacks->io_control(f.host, true, 8, 0, NULL, 0, NULL, NULL), ==, 0);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_cmpstr(f.calls->str, ==, "create start stop destroy ");
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1000 control-5 control-6 control-8-hardware "
			"begin-stop end-stop ");
	g_assert_cmpint(control(&f, 7), ==, -ENODEV); /* R18 */
	fixture_clear(&f);
}

static void test_no_kernel(void)
{
	struct fixture f;
	struct miracast_frame frame;

	fixture_init(&f, FALSE);
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(control(&f, 5), ==, -ENODEV);
	g_assert_cmpint(miracast_frames_fd(f.host), ==, -ENODEV);
	g_assert_cmpint(miracast_frames_acquire(f.host, &frame), ==, -ENODEV);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	fixture_clear(&f);
}

static void test_create_fails(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.create_result = -ENOMEM;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -ENOMEM);
	g_assert_cmpstr(f.calls->str, ==, "create ");
	g_assert_cmpstr(kernel.ops->str, ==, "");
	fixture_clear(&f);
}

static void test_start_fails(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.start_result = -ENOSPC;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -ENOSPC);
	g_assert_cmpstr(f.calls->str, ==, "create start destroy ");
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start fail-start(-28) end-stop ");
	fixture_clear(&f);
}

/* R31 */
static void test_reserved_info(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.info = 1 << 7;
	fixture_run(&f);
	g_assert_cmpint(fixture_join(&f), ==, -EINVAL);
	g_assert_cmpstr(f.calls->str, ==, "create start stop destroy ");
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start begin-stop end-stop ");
	fixture_clear(&f);
}

static void test_stop_before_start(void)
{
	struct fixture f;
	struct miracast_host_config config;

	fixture_init(&f, TRUE);
	config = make_config(&f);
	g_assert_cmpint(miracast_host_new(&config, &f.host), ==, 0);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(miracast_host_run(f.host), ==, -ECANCELED);
	g_assert_cmpstr(f.calls->str, ==, "create destroy ");
	fixture_clear(&f);
}

static gpointer control_thread(gpointer data)
{
	struct fixture *f = data;

	f->control_result = control(f, 50);
	return NULL;
}

static int control_elsewhere(struct fixture *f)
{
	g_thread_join(g_thread_new("other", control_thread, f));
	return f->control_result;
}

static void gates_in_create(struct fixture *f)
{
	g_assert_cmpint(control(f, 1), ==, 0);
	g_assert_cmpint(control_elsewhere(f), ==, -EBUSY);
}

static void gates_in_start(struct fixture *f)
{
	g_assert_cmpint(control(f, 2), ==, 0);
	f->control_result = 1;
	f->controller = g_thread_new("waits", control_thread, f);
	g_usleep(100 * 1000);
	g_assert_cmpint(f->control_result, ==, 1);
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

/* R59 */
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
	g_thread_join(f.controller);
	g_assert_cmpint(f.control_result, ==, 0);
	g_assert_cmpint(control_elsewhere(&f), ==, 0);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
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
	g_thread_join(f.controller);
	g_assert_true(f.control_result == -ESHUTDOWN || f.control_result == -ENODEV);
	fixture_clear(&f);
}

/* R80 */
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
	/* Dead now: nothing is said any more. */
	f.callbacks->report_session_status(f.host, 2, 0);
	g_assert_null(strstr(f.log->str, "2:"));
	fixture_clear(&f);
}

static void send_record(struct fixture *f, uint64_t id, uint16_t type, const char *payload,
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

static void expect_reply(struct fixture *f, uint64_t id, int result, const char *payload)
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

/* R45, R53 */
static void test_messages(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	send_record(&f, 1, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(&f, 1, 0, "hello");
	send_record(&f, 2, MIRACAST_REC_MESSAGE, "hello", 3);
	expect_reply(&f, 2, 0, "hel");
	send_record(&f, 3, MIRACAST_REC_MESSAGE, "", 0);
	expect_reply(&f, 3, 0, "");
	f.handler_result = -EIO;
	send_record(&f, 4, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(&f, 4, -EIO, "");
	f.handler_result = 5;
	send_record(&f, 5, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(&f, 5, -EINVAL, "");
	f.handler_result = 0;
	f.handler_bytes = 33;
	send_record(&f, 6, MIRACAST_REC_MESSAGE, "hello", 32);
	expect_reply(&f, 6, -EMSGSIZE, "");
	/* Records of a later version are passed over. */
	f.handler_bytes = 0;
	send_record(&f, 7, 99, "hello", 32);
	send_record(&f, 8, MIRACAST_REC_MESSAGE, "again", 32);
	expect_reply(&f, 8, 0, "again");
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	fixture_clear(&f);
}

static void wait_for_handlers(struct fixture *f, guint n)
{
	g_mutex_lock(&f->lock);
	while (f->handlers < n)
		g_cond_wait(&f->changed, &f->lock);
	g_mutex_unlock(&f->lock);
}

static void release_handlers(struct fixture *f)
{
	g_mutex_lock(&f->lock);
	f->hold_handlers = FALSE;
	g_cond_broadcast(&f->changed);
	g_mutex_unlock(&f->lock);
}

/* R51, R52, and a cancel in between */
static void test_many_messages(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.hold_handlers = TRUE;
	{
		struct miracast_host_config config = make_config(&f);

		config.num_threads = 4;
		g_assert_cmpint(miracast_host_new(&config, &f.host), ==, 0);
		f.runner = g_thread_new("host", run, &f);
	}
	wait_until_started(&f);
	for (guint i = 1; i <= 3; i++)
		send_record(&f, i, MIRACAST_REC_MESSAGE, "held", 32);
	wait_for_handlers(&f, 3);
	for (guint i = 1; i <= 2; i++)
		send_record(&f, i, MIRACAST_REC_CANCEL, "", 0);
	/* The fourth thread has read both when it has this one. */
	send_record(&f, 4, MIRACAST_REC_MESSAGE, "last", 32);
	wait_for_handlers(&f, 4);
	miracast_host_request_stop(f.host);
	g_usleep(50 * 1000);
	g_assert_cmpstr(f.calls->str, ==, "create start "); /* the stop waits */
	release_handlers(&f);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_cmpuint(f.most_handlers, ==, 4);
	/* Two replies: of the two that were not cancelled. */
	for (guint i = 0; i < 2; i++) {
		struct miracast_reply reply;

		g_assert_cmpint(recv(f.sink[1], &reply, sizeof(reply), MSG_DONTWAIT), >, 0);
		g_assert_true(reply.id == 3 || reply.id == 4);
	}
	g_assert_cmpint(recv(f.sink[1], &(char){ 0 }, 1, MSG_DONTWAIT), ==, -1);
	fixture_clear(&f);
}

static void test_kernel_gone(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	/* The nearest a socket comes to a context that is gone. */
	close(f.sink[1]);
	f.sink[1] = -1;
	g_assert_cmpint(fixture_join(&f), <, 0);
	g_assert_cmpstr(f.calls->str, ==, "create start stop destroy ");
	fixture_clear(&f);
}

static void test_bad_record(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	g_assert_cmpint(send(f.sink[1], "short", 5, 0), ==, 5);
	g_assert_cmpint(fixture_join(&f), ==, -EPROTO);
	fixture_clear(&f);
}

static void rate_notify(void *data, const struct miracast_data_rate *rate)
{
	struct fixture *f = data;

	g_mutex_lock(&f->lock);
	g_assert_false(f->last_rate); /* R88 */
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

/* R88, R89 */
static void test_data_rate(void)
{
	const struct miracast_data_rate rate = {
		.encoder_bit_rate = 5000000,
		.transmitted_frame_count = 10,
		.failed_frame_count = 1,
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
	while (f.rates < 1)
		g_cond_wait(&f.changed, &f.lock);
	g_assert_cmpuint(f.rate.encoder_bit_rate, ==, 5000000);
	g_assert_cmpuint(f.rate.transmitted_frame_count, ==, 20);
	g_assert_cmpuint(f.rate.failed_frame_count, ==, 2);
	g_assert_cmpint(g_get_monotonic_time() - f.registered_us, >=, G_USEC_PER_SEC);
	while (f.rates < 2)
		g_cond_wait(&f.changed, &f.lock);
	g_assert_cmpint(g_get_monotonic_time() - f.registered_us, >=, 2 * G_USEC_PER_SEC);
	g_assert_cmpuint(f.rate.encoder_bit_rate, ==, 5000000);
	g_assert_cmpuint(f.rate.transmitted_frame_count, ==, 0);
	g_mutex_unlock(&f.lock);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_true(f.last_rate);
	fixture_clear(&f);
}

static void unregister_rate(struct fixture *f)
{
	g_assert_cmpint(f->callbacks->register_for_data_rate(f->host, NULL, NULL), ==, 0);
	g_assert_cmpint(f->callbacks->register_for_data_rate(f->host, NULL, NULL), ==, -EALREADY);
}

static void test_data_rate_unregister(void)
{
	struct fixture f;

	fixture_init(&f, FALSE);
	f.in_start = register_rate;
	f.in_stop = unregister_rate;
	fixture_run(&f);
	wait_until_started(&f);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_false(f.last_rate);
	fixture_clear(&f);
}

static void register_without_source(struct fixture *f)
{
	g_assert_cmpint(f->callbacks->register_for_data_rate(f->host, rate_notify, f), ==,
			-EOPNOTSUPP);
}

static void test_data_rate_unsupported(void)
{
	struct fixture f;
	struct miracast_host_config config;

	fixture_init(&f, FALSE);
	f.in_start = register_without_source;
	f.start_result = -EPROTO;
	config = make_config(&f);
	config.has_data_rate = false;
	g_assert_cmpint(miracast_host_new(&config, &f.host), ==, 0);
	g_assert_cmpint(miracast_host_run(f.host), ==, -EPROTO);
	fixture_clear(&f);
}

/* R81 */
static void test_statistic(void)
{
	const struct miracast_statistic statistic = { .type = MIRACAST_STATISTIC_EVENT };
	struct fixture f;

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	f.callbacks->report_statistic(f.host, &statistic);
	g_assert_cmpint(control(&f, 5), ==, 0); /* the session goes on */
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	f.callbacks->report_statistic(f.host, &statistic); /* R18 */
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1000 statistic-2 control-5 "
			"begin-stop end-stop ");
	g_assert_cmpstr(f.log->str, ==, "");
	fixture_clear(&f);
}

/* R64 to R66 */
static void test_chunks(void)
{
	const struct miracast_callbacks *callbacks;
	struct fixture f;
	uint32_t size = 64;
	uint64_t chunks[8];
	int fds[5] = { 0 };
	int ready[2];

	fixture_init(&f, TRUE);
	fixture_run(&f);
	wait_until_started(&f);
	callbacks = f.callbacks;
	g_assert_cmpint(callbacks->get_next_chunk(f.host, 0, 0, NULL, &size, chunks, NULL), ==, 0);
	g_assert_cmpuint(size, ==, 24);
	kernel.chunk_error = EMSGSIZE;
	g_assert_cmpint(callbacks->get_next_chunk(f.host, 0, 0, NULL, &size, chunks, NULL), ==,
			-EMSGSIZE);
	g_assert_cmpuint(size, ==, 99);
	kernel.chunk_error = ECONNRESET;
	g_assert_cmpint(callbacks->get_next_chunk(f.host, 0, 0, NULL, &size, chunks, NULL), ==,
			-ECONNRESET);
	kernel.chunk_error = EAGAIN;
	g_assert_cmpint(callbacks->get_next_chunk(f.host, 30, 0, NULL, &size, chunks, NULL), ==,
			-ETIMEDOUT);
	g_assert_cmpint(callbacks->get_next_chunk(f.host, 0, 5, fds, &size, chunks, NULL), ==,
			-EINVAL);
	g_assert_no_errno(pipe2(ready, O_CLOEXEC));
	g_assert_cmpint(write(ready[1], "x", 1), ==, 1);
	g_assert_cmpint(callbacks->get_next_chunk(f.host, -1, 1, ready, &size, chunks, NULL), ==, 1);
	g_assert_cmpuint(size, ==, 0);
	for (guint i = 0; i < 4; i++)
		fds[i] = i == 3 ? ready[0] : f.sink[1];
	g_assert_cmpint(callbacks->get_next_chunk(f.host, -1, 4, fds, &size, chunks, NULL), ==, 4);
	close(ready[0]);
	close(ready[1]);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_cmpint(callbacks->get_next_chunk(f.host, 0, 0, NULL, &size, chunks, NULL), ==,
			-ENODEV);
	fixture_clear(&f);
}

static void slow(struct fixture *f)
{
	g_usleep(3200 * 1000);
}

/* R19, and a handler that hangs */
static void test_overdue(void)
{
	struct fixture f;

	fixture_init(&f, TRUE);
	f.hold_handlers = TRUE; /* until overdue() */
	f.in_destroy = slow;
	fixture_run(&f);
	wait_until_started(&f);
	send_record(&f, 1, MIRACAST_REC_MESSAGE, "held", 32);
	wait_for_handlers(&f, 1);
	miracast_host_request_stop(f.host);
	g_assert_cmpint(fixture_join(&f), ==, 0);
	g_assert_cmpstr(f.log->str, ==, "message destroy ");
	fixture_clear(&f);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libmiracast/arguments", test_arguments);
	g_test_add_func("/libmiracast/session", test_session);
	g_test_add_func("/libmiracast/no-kernel", test_no_kernel);
	g_test_add_func("/libmiracast/create-fails", test_create_fails);
	g_test_add_func("/libmiracast/start-fails", test_start_fails);
	g_test_add_func("/libmiracast/reserved-info", test_reserved_info);
	g_test_add_func("/libmiracast/stop-before-start", test_stop_before_start);
	g_test_add_func("/libmiracast/gates", test_gates);
	g_test_add_func("/libmiracast/gate-of-failed-start", test_gate_of_failed_start);
	g_test_add_func("/libmiracast/status", test_status);
	g_test_add_func("/libmiracast/messages", test_messages);
	g_test_add_func("/libmiracast/many-messages", test_many_messages);
	g_test_add_func("/libmiracast/kernel-gone", test_kernel_gone);
	g_test_add_func("/libmiracast/bad-record", test_bad_record);
	g_test_add_func("/libmiracast/data-rate", test_data_rate);
	g_test_add_func("/libmiracast/data-rate-unregister", test_data_rate_unregister);
	g_test_add_func("/libmiracast/data-rate-unsupported", test_data_rate_unsupported);
	g_test_add_func("/libmiracast/statistic", test_statistic);
	g_test_add_func("/libmiracast/chunks", test_chunks);
	g_test_add_func("/libmiracast/overdue", test_overdue);
	return g_test_run();
}
