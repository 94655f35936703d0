// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What tests of encoders run in: a pipeline as short as can be, and a thread of its own,
 * because a driver may hang.  See encoders-private.h.
 */
#include "encoders-private.h"

#include <gio/gio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include "gpu-way.h"

/* So long is waited for the test of one encoder. */
#define TEST_US (2 * G_USEC_PER_SEC)

/* -------------------------------------------------------------------- a pipeline */

static GstElement *add(struct encoder_line *line, const char *factory, GError **error)
{
	GstElement *element = gst_element_factory_make(factory, NULL);

	if (element)
		gst_bin_add(GST_BIN(line->pipeline), element);
	else
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no %s", factory);
	return element;
}

gboolean encoder_line_build(struct encoder_line *line, const struct video_encoder *encoder,
			    const struct wfd_selection *selection, GstCaps *caps, GError **error)
{
	const struct video_encoder_settings settings = {
		.bit_rate = selection->bitrate,
		.burst_bit_rate = selection->burst_bitrate,
		.fps = selection->mode->refresh_hz,
		.slices = MAX(selection->slices, 1),
		.high = selection->profile == WFD_H264_PROFILE_CHP,
		.on_gpu = gpu_way_is(caps),
	};
	g_autoptr(GstCaps) encoded = video_encoder_caps(encoder, selection);
	GstElement *convert, *filter, *parse;

	line->pipeline = gst_object_ref_sink(gst_pipeline_new("encoder-test"));
	gpu_way_share_device(line->pipeline);
	if (!(line->source = add(line, "appsrc", error)) || !(convert = add(line, "videoconvert", error)) ||
	    !(line->encoder = add(line, encoder->element, error)) || !(filter = add(line, "capsfilter", error)) ||
	    !(parse = add(line, "h264parse", error)) || !(line->sink = add(line, "appsink", error)))
		return FALSE;
	/* Live: some hold pictures back unless they are told so. */
	g_object_set(line->source, "caps", caps, "format", GST_FORMAT_TIME, "is-live", TRUE, NULL);
	g_object_set(filter, "caps", encoded, NULL);
	g_object_set(line->sink, "sync", FALSE, NULL);
	if (!video_encoder_configure(encoder, line->encoder, &settings, error))
		return FALSE;
	if (gst_element_link_many(line->source, convert, line->encoder, filter, parse, line->sink, NULL))
		return TRUE;
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "it does not take pictures from memory");
	return FALSE;
}

gboolean encoder_line_start(struct encoder_line *line, GError **error)
{
	if (gst_element_set_state(line->pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
		return TRUE;
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "it does not start");
	return FALSE;
}

/* Why nothing came. */
static void say_why(const struct encoder_line *line, GError **error)
{
	g_autoptr(GstBus) bus = gst_element_get_bus(line->pipeline);
	g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
	g_autoptr(GError) cause = NULL;

	if (message)
		gst_message_parse_error(message, &cause, NULL);
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "no picture comes out of it: %s",
		    cause ? cause->message : "it says nothing");
}

GstSample *encoder_line_encode(const struct encoder_line *line, GstBuffer *picture, GstClockTime patience,
			       GError **error)
{
	GstSample *sample;

	gst_app_src_push_buffer(GST_APP_SRC(line->source), picture);
	sample = gst_app_sink_try_pull_sample(GST_APP_SINK(line->sink), patience);
	if (!sample)
		say_why(line, error);
	return sample;
}

void encoder_line_clear(struct encoder_line *line)
{
	if (!line->pipeline)
		return;
	gst_element_set_state(line->pipeline, GST_STATE_NULL);
	gst_clear_object(&line->pipeline);
}

/* ---------------------------------------------------------------------- a thread */

/* A test under way; the one who waits and the thread have a reference each. */
typedef struct attempt {
	gatomicrefcount refs;
	encoder_test_func func;
	gpointer data;
	GDestroyNotify free_data;

	GMutex lock;
	GCond ended_cond;
	gboolean ended;
	GError *error;
} test_attempt;

static void attempt_unref(struct attempt *attempt)
{
	if (!g_atomic_ref_count_dec(&attempt->refs))
		return;
	attempt->free_data(attempt->data);
	g_mutex_clear(&attempt->lock);
	g_cond_clear(&attempt->ended_cond);
	g_clear_error(&attempt->error);
	g_free(attempt);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(test_attempt, attempt_unref)

static gpointer attempt_thread(gpointer data)
{
	g_autoptr(test_attempt) attempt = data;
	g_autoptr(GError) error = NULL;

	attempt->func(attempt->data, &error);
	g_mutex_lock(&attempt->lock);
	attempt->ended = TRUE;
	attempt->error = g_steal_pointer(&error);
	g_cond_signal(&attempt->ended_cond);
	g_mutex_unlock(&attempt->lock);
	return NULL;
}

static void wait_for(struct attempt *attempt, GError **error)
{
	gint64 end = g_get_monotonic_time() + TEST_US;
	gboolean in_time = TRUE;

	g_mutex_lock(&attempt->lock);
	while (!attempt->ended && in_time)
		in_time = g_cond_wait_until(&attempt->ended_cond, &attempt->lock, end);
	if (!attempt->ended)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
			    "it encodes nothing within %d s", (int)(TEST_US / G_USEC_PER_SEC));
	else if (attempt->error)
		g_propagate_error(error, g_steal_pointer(&attempt->error));
	g_mutex_unlock(&attempt->lock);
}

void encoder_attempt(encoder_test_func func, gpointer data, GDestroyNotify free_data, GError **error)
{
	g_autoptr(test_attempt) attempt = g_new0(struct attempt, 1);
	g_autoptr(GThread) thread = NULL;

	g_atomic_ref_count_init(&attempt->refs);
	g_mutex_init(&attempt->lock);
	g_cond_init(&attempt->ended_cond);
	attempt->func = func;
	attempt->data = data;
	attempt->free_data = free_data;
	g_atomic_ref_count_inc(&attempt->refs);
	thread = g_thread_try_new("encoder-test", attempt_thread, attempt, error);
	if (!thread)
		attempt_unref(attempt);
	else
		wait_for(attempt, error);
}
