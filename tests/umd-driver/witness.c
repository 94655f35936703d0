// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of witness.h.
 */
#include "witness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- the driver */

static void enter(struct witness *w, const char *name)
{
	pthread_mutex_lock(&w->lock);
	g_assert_false(w->running);	       /* R13 */
	g_assert_cmpuint(w->handlers, ==, 0); /* R51 */
	w->running = TRUE;
	g_string_append_printf(w->calls, "%s ", name);
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static void leave(struct witness *w)
{
	pthread_mutex_lock(&w->lock);
	w->running = FALSE;
	pthread_mutex_unlock(&w->lock);
}

static int driver_create(void *data, struct miracast_host *host,
			 const struct miracast_callbacks *callbacks, void **context)
{
	struct witness *w = data;

	enter(w, "create");
	g_assert_cmpuint(callbacks->size, ==, sizeof(*callbacks));
	w->callbacks = callbacks;
	*context = w;
	if (w->in_create)
		w->in_create(w);
	leave(w);
	return w->create_result;
}

static void driver_destroy(void *context)
{
	struct witness *w = context;

	enter(w, "destroy");
	if (w->in_destroy)
		w->in_destroy(w);
	leave(w);
}

static int driver_start(void *context, int rtsp, const struct miracast_wfd_connection_stats *stats,
			uint32_t *info)
{
	struct witness *w = context;

	enter(w, "start");
	g_assert_cmpint(rtsp, ==, w->rtsp);
	g_assert_cmpuint(stats->current_bit_rate, ==, 7000000);
	if (w->in_start)
		w->in_start(w);
	*info = w->info;
	leave(w);
	return w->start_result;
}

static void driver_stop(void *context)
{
	struct witness *w = context;

	enter(w, "stop");
	if (w->in_stop)
		w->in_stop(w);
	leave(w);
}

static int driver_handle(void *context, uint32_t in_size, const void *in, uint32_t out_size,
			 void *out, uint32_t *bytes_returned)
{
	struct witness *w = context;

	pthread_mutex_lock(&w->lock);
	g_assert_false(w->running); /* R51 */
	w->handlers++;
	w->handled++;
	w->most_handlers = MAX(w->most_handlers, w->handlers);
	pthread_cond_broadcast(&w->changed);
	while (w->hold_handlers)
		pthread_cond_wait(&w->changed, &w->lock);
	w->handlers--;
	pthread_mutex_unlock(&w->lock);
	g_assert_cmpuint(*bytes_returned, ==, 0);
	g_assert_true((uintptr_t)in % 8 == 0 && (uintptr_t)out % 8 == 0);
	memcpy(out, in, MIN(in_size, out_size));
	*bytes_returned = w->handler_bytes ? w->handler_bytes : MIN(in_size, out_size);
	return w->handler_result;
}

const struct miracast_driver witness_driver = {
	.size = sizeof(witness_driver),
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
	struct witness *w = data;

	pthread_mutex_lock(&w->lock);
	g_string_append_printf(w->log, "%u:%d:%d ", value, error, first);
	pthread_mutex_unlock(&w->lock);
}

static void overdue(void *data, const char *what)
{
	struct witness *w = data;

	pthread_mutex_lock(&w->lock);
	g_string_append_printf(w->log, "%s ", what);
	w->hold_handlers = FALSE;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

struct miracast_host_config witness_config(struct witness *w)
{
	return (struct miracast_host_config){
		.driver = &witness_driver,
		.driver_data = w,
		.sink_fd = w->sink,
		.rtsp_fd = w->rtsp,
		.has_data_rate = true,
		.stats = { .current_bit_rate = 7000000 },
		.data = w,
		.status = status,
		.overdue = overdue,
	};
}

void witness_init(struct witness *w, int sink_fd)
{
	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->calls = g_string_new(NULL);
	w->log = g_string_new(NULL);
	w->rtsp = open("/dev/null", O_RDWR | O_CLOEXEC);
	w->sink = sink_fd;
}

static gpointer run(gpointer data)
{
	struct witness *w = data;

	w->result = miracast_host_run(w->host);
	return NULL;
}

void witness_run_config(struct witness *w, const struct miracast_host_config *config)
{
	g_assert_cmpint(miracast_host_new(config, &w->host), ==, 0);
	w->runner = g_thread_new("host", run, w);
}

void witness_run(struct witness *w)
{
	struct miracast_host_config config = witness_config(w);

	witness_run_config(w, &config);
}

gboolean witness_wait_until(struct witness *w, gint64 deadline_us)
{
	const struct timespec deadline = {
		.tv_sec = deadline_us / G_USEC_PER_SEC,
		.tv_nsec = deadline_us % G_USEC_PER_SEC * 1000,
	};

	return pthread_cond_clockwait(&w->changed, &w->lock, CLOCK_MONOTONIC, &deadline) == 0;
}

static void wait_for_calls(struct witness *w, const char *calls)
{
	gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

	pthread_mutex_lock(&w->lock);
	while (strcmp(w->calls->str, calls) != 0)
		g_assert_true(witness_wait_until(w, deadline));
	pthread_mutex_unlock(&w->lock);
}

/* Started: an I/O control gets through. */
void witness_wait_until_started(struct witness *w)
{
	wait_for_calls(w, "create start ");
	/* Waits for the start to end (R59); the answer does not matter. */
	w->callbacks->io_control(w->host, false, 1000, 0, NULL, 0, NULL, NULL);
}

int witness_join(struct witness *w)
{
	g_thread_join(g_steal_pointer(&w->runner));
	return w->result;
}

int witness_stop(struct witness *w)
{
	miracast_host_request_stop(w->host);
	return witness_join(w);
}

void witness_clear(struct witness *w)
{
	miracast_host_free(w->host);
	g_assert_cmpint(fcntl(w->rtsp, F_GETFD), >=, 0); /* R27 */
	close(w->rtsp);
	g_string_free(w->calls, TRUE);
	g_string_free(w->log, TRUE);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
}

/* ------------------------------------------------------- what a test does to it */

int control(struct witness *w, uint32_t code)
{
	uint32_t in[2] = { 0 }, out[2], bytes = 77;
	int err = w->callbacks->io_control(w->host, false, code, sizeof(in), in, sizeof(out), out,
					   &bytes);

	g_assert_cmpuint(bytes, ==, err ? 0 : sizeof(out));
	return err;
}

static gpointer control_thread(gpointer data)
{
	return GINT_TO_POINTER(control(data, WITNESS_CONTROL));
}

int control_elsewhere(struct witness *w)
{
	return GPOINTER_TO_INT(g_thread_join(g_thread_new("other", control_thread, w)));
}

static gpointer other_thread(gpointer data)
{
	struct witness *w = data;

	w->other_result = control(w, WITNESS_CONTROL);
	return NULL;
}

static void gates_in_create(struct witness *w)
{
	g_assert_cmpint(control(w, WITNESS_CONTROL), ==, 0);
	g_assert_cmpint(control_elsewhere(w), ==, -EBUSY);
}

static void gates_in_start(struct witness *w)
{
	g_assert_cmpint(control(w, WITNESS_CONTROL), ==, 0);
	w->other_result = 1;
	w->other = g_thread_new("waits", other_thread, w);
	g_usleep(100 * 1000);
	g_assert_cmpint(w->other_result, ==, 1);
}

static void gates_in_end(struct witness *w)
{
	g_assert_cmpint(control(w, WITNESS_CONTROL), ==, 0);
	g_assert_cmpint(control_elsewhere(w), ==, -ESHUTDOWN);
}

void witness_check_gates(struct witness *w)
{
	w->in_create = gates_in_create;
	w->in_start = gates_in_start;
	w->in_stop = gates_in_end;
	w->in_destroy = gates_in_end;
}

void witness_join_gates(struct witness *w)
{
	g_thread_join(g_steal_pointer(&w->other));
}

void witness_wait_for_handlers(struct witness *w, guint n)
{
	pthread_mutex_lock(&w->lock);
	while (w->handlers < n)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void witness_release_handlers(struct witness *w)
{
	pthread_mutex_lock(&w->lock);
	w->hold_handlers = FALSE;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}
