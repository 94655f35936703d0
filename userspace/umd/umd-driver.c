// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The five functions of the driver.  The host calls them in its threads; the
 * session lives in the thread of the main context: each call is brought there,
 * and create, start, stop and destroy wait until it is done.
 */
#include "umd-driver.h"

#include <errno.h>
#include <string.h>

#include <drm/miracast.h>

struct driver {
	struct umd_driver_data *data;
	struct miracast_host *host;
	const struct miracast_callbacks *callbacks;

	/* Between the host's thread, which waits, and the main context. */
	GMutex lock;
	GCond changed;
	gboolean call_done;
	gboolean started;
	gboolean ended;
	guint32 info;
	int error;
};

/* ------------------------------------------------------ into the main context */

/* Posts run in the order in which they were made. */
static void post(struct driver *driver, GSourceFunc function, gpointer data, GDestroyNotify destroy)
{
	GSource *source = g_idle_source_new();

	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, function, data, destroy);
	g_source_attach(source, driver->data->context);
	g_source_unref(source);
}

struct call {
	struct driver *driver;
	void (*function)(struct driver *driver, gpointer argument);
	gpointer argument;
};

static gboolean run_call(gpointer data)
{
	struct call *call = data;

	call->function(call->driver, call->argument);
	g_mutex_lock(&call->driver->lock);
	call->driver->call_done = TRUE;
	g_cond_signal(&call->driver->changed);
	g_mutex_unlock(&call->driver->lock);
	return G_SOURCE_REMOVE;
}

static void call_and_wait(struct driver *driver, void (*function)(struct driver *, gpointer),
			  gpointer argument)
{
	struct call call = { driver, function, argument };

	g_mutex_lock(&driver->lock);
	driver->call_done = FALSE;
	post(driver, run_call, &call, NULL);
	while (!driver->call_done)
		g_cond_wait(&driver->changed, &driver->lock);
	g_mutex_unlock(&driver->lock);
}

/* ------------------------------------------------------ from the main context */

static void session_started(umd_session *session, guint32 info, gpointer user_data)
{
	struct driver *driver = user_data;

	g_mutex_lock(&driver->lock);
	driver->started = TRUE;
	driver->info = info;
	g_cond_signal(&driver->changed);
	g_mutex_unlock(&driver->lock);
}

/* start_session() tells the kernel why by its errno. */
static int reason_errno(enum channel_reason reason)
{
	switch (reason) {
	case CHANNEL_REASON_STOPPED:
		return -ECANCELED;
	case CHANNEL_REASON_BANDWIDTH:
		return -ENOSPC;
	case CHANNEL_REASON_RESPONSE_TIMEOUT:
	case CHANNEL_REASON_REQUEST_TIMEOUT:
		return -ETIMEDOUT;
	case CHANNEL_REASON_SINK_LEFT:
	case CHANNEL_REASON_SINK_VANISHED:
		return -ECONNRESET;
	default:
		return -EPROTO;
	}
}

static void session_ended(umd_session *session, enum channel_reason reason, const char *message,
			  gpointer user_data)
{
	struct driver *driver = user_data;
	guint32 status = channel_reason_status(reason);
	gboolean started;

	driver->data->reason = reason;
	driver->data->message = g_strdup(message);
	g_mutex_lock(&driver->lock);
	driver->ended = TRUE;
	driver->error = reason_errno(reason);
	started = driver->started;
	g_cond_signal(&driver->changed);
	g_mutex_unlock(&driver->lock);

	/* A start that fails says it by its result. */
	if (started && status != MIRACAST_STATUS_NONE)
		driver->callbacks->report_session_status(driver->host, status, driver->error);
}

static const struct umd_session_funcs session_funcs = {
	.started = session_started,
	.ended = session_ended,
};

/* ------------------------------------------------------------- the functions */

static void create_in_main(struct driver *driver, gpointer argument)
{
	struct umd_driver_data *data = driver->data;
	g_autoptr(GError) error = NULL;

	data->session = umd_session_new(data->config, data->ch, driver->host, driver->callbacks,
					&session_funcs, driver, &data->reason, &error);
	if (!data->session) {
		data->message = g_strdup(error->message);
		driver->error = -EIO;
	}
}

static void destroy_in_main(struct driver *driver, gpointer argument)
{
	g_clear_pointer(&driver->data->session, umd_session_free);
}

static void driver_free(struct driver *driver)
{
	g_mutex_clear(&driver->lock);
	g_cond_clear(&driver->changed);
	g_free(driver);
}

static int create_context(void *driver_data, struct miracast_host *host,
			  const struct miracast_callbacks *callbacks, void **context)
{
	struct driver *driver = g_new0(struct driver, 1);

	driver->data = driver_data;
	driver->host = host;
	driver->callbacks = callbacks;
	g_mutex_init(&driver->lock);
	g_cond_init(&driver->changed);
	call_and_wait(driver, create_in_main, NULL);
	if (driver->error) {
		int error = driver->error;

		driver_free(driver);
		return error;
	}
	*context = driver;
	return 0;
}

static void destroy_context(void *context)
{
	struct driver *driver = context;

	call_and_wait(driver, destroy_in_main, NULL);
	driver_free(driver);
}

struct start {
	int rtsp_fd;
	const struct miracast_wfd_connection_stats *stats;
};

static void start_in_main(struct driver *driver, gpointer argument)
{
	struct start *start = argument;

	umd_session_start(driver->data->session, start->rtsp_fd, start->stats);
}

static gboolean running_in_main(gpointer data)
{
	struct driver *driver = data;

	umd_session_running(driver->data->session);
	return G_SOURCE_REMOVE;
}

struct rate {
	struct driver *driver;
	struct miracast_data_rate rate;
};

static gboolean rate_in_main(gpointer data)
{
	struct rate *rate = data;

	umd_session_data_rate(rate->driver->data->session, &rate->rate);
	return G_SOURCE_REMOVE;
}

static void data_rate_notify(void *data, const struct miracast_data_rate *rate)
{
	struct rate *copy;

	if (!rate)
		return;
	copy = g_new(struct rate, 1);
	*copy = (struct rate){ data, *rate };
	post(data, rate_in_main, copy, g_free);
}

static int start_session(void *context, int rtsp_socket,
			 const struct miracast_wfd_connection_stats *stats, uint32_t *session_info)
{
	struct driver *driver = context;
	struct start start = { rtsp_socket, stats };
	gboolean started;

	call_and_wait(driver, start_in_main, &start);
	g_mutex_lock(&driver->lock);
	while (!driver->started && !driver->ended)
		g_cond_wait(&driver->changed, &driver->lock);
	started = driver->started;
	g_mutex_unlock(&driver->lock);
	if (!started)
		return driver->error;

	*session_info = driver->info;
	driver->callbacks->register_for_data_rate(driver->host, data_rate_notify, driver);
	/* It plugs the monitor by an I/O control that waits for this function to return (R34). */
	post(driver, running_in_main, driver, NULL);
	return 0;
}

static void stop_in_main(struct driver *driver, gpointer argument)
{
	umd_session_stop(driver->data->session);
}

static void stop_session(void *context)
{
	struct driver *driver = context;

	driver->callbacks->register_for_data_rate(driver->host, NULL, NULL);
	call_and_wait(driver, stop_in_main, NULL);
	g_mutex_lock(&driver->lock);
	while (!driver->ended)
		g_cond_wait(&driver->changed, &driver->lock);
	g_mutex_unlock(&driver->lock);
}

/* ------------------------------------------------------- the kernel's messages */

struct kernel_message {
	struct driver *driver;
	guint32 code;
	struct miracast_mode_state mode;
	gboolean on;
};

static gboolean message_in_main(gpointer data)
{
	struct kernel_message *message = data;
	umd_session *session = message->driver->data->session;

	switch (message->code) {
	case MIRACAST_MSG_MODE_SET:
		umd_session_mode_set(session, &message->mode);
		break;
	case MIRACAST_MSG_MODE_OFF:
		umd_session_mode_off(session);
		break;
	case MIRACAST_MSG_POWER:
		umd_session_power(session, message->on);
		break;
	case MIRACAST_MSG_KEY_FRAME:
		umd_session_key_frame(session);
		break;
	}
	return G_SOURCE_REMOVE;
}

/* Copies the payload of @size bytes after the header; what a newer kernel adds is left. */
static gboolean get_payload(uint32_t in_size, const void *in, void *payload, gsize size)
{
	const struct miracast_message *header = in;

	if (in_size < sizeof(*header) + size)
		return FALSE;
	memcpy(payload, header + 1, size);
	return TRUE;
}

static int handle_kernel_mode_message(void *context, uint32_t in_size, const void *in,
				      uint32_t out_size, void *out, uint32_t *bytes_returned)
{
	struct driver *driver = context;
	const struct miracast_message *header = in;
	struct kernel_message message = { .driver = driver };
	struct miracast_power power;
	struct kernel_message *copy;

	if (in_size < sizeof(*header) || header->len != in_size)
		return -EINVAL;
	message.code = header->code;
	switch (header->code) {
	case MIRACAST_MSG_MODE_SET:
		if (!get_payload(in_size, in, &message.mode, sizeof(message.mode)))
			return -EINVAL;
		if (!umd_session_can_show(driver->data->session, &message.mode))
			return -ERANGE;
		break;
	case MIRACAST_MSG_POWER:
		if (!get_payload(in_size, in, &power, sizeof(power)))
			return -EINVAL;
		message.on = power.on != 0;
		break;
	case MIRACAST_MSG_MODE_OFF:
	case MIRACAST_MSG_KEY_FRAME:
		break;
	default:
		return -EOPNOTSUPP;
	}
	copy = g_memdup2(&message, sizeof(message));
	post(driver, message_in_main, copy, g_free);
	return 0;
}

const struct miracast_driver umd_driver = {
	.size = sizeof(struct miracast_driver),
	.version = MIRACAST_DRIVER_VERSION,
	.create_context = create_context,
	.destroy_context = destroy_context,
	.start_session = start_session,
	.stop_session = stop_session,
	.handle_kernel_mode_message = handle_kernel_mode_message,
};
