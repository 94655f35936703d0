// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * gnome-network-displays' pipeline: its elements, in their order and with their properties
 * (src/wfd/wfd-media-factory.c of version 0.99, x264enc), behind a source that gives the
 * frames without a copy.  What is left out makes it quicker: the fixed delay of 500 ms, and
 * the two elements of the screen cast that copy the picture before it comes here.
 */
#include "bench.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

/*
 * "pass=quant" is what its 4 means to x264enc, though its comment calls it a constant bit
 * rate: the quantiser is 21, whatever the bit rate.  The other row has what the comment says.
 * Key frames each ten seconds are those of a sink that can ask for more.
 */
#define PIPELINE \
	"appsrc name=pictures is-live=true format=time block=true max-buffers=1 ! " \
	"videoscale qos=true ! video/x-raw,width=%u,height=%u,framerate=%u/1 ! videoconvert qos=true ! " \
	"queue max-size-buffers=1 ! " \
	"x264enc qos=true pass=%s tune=zerolatency speed-preset=ultrafast threads=1 vbv-buf-capacity=50 " \
	"dct8x8=false ref=1 cabac=false sync-lookahead=0 b-adapt=false bframes=0 rc-lookahead=0 " \
	"key-int-max=%u bitrate=4096 insert-vui=true sliced-threads=false name=encoder ! " \
	"identity ! h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,profile=high ! " \
	"queue max-size-buffers=1000 max-size-time=500000000 ! mux.sink_4113 " \
	"mpegtsmux name=mux alignment=7 ! queue max-size-buffers=1 ! " \
	"rtpmp2tpay ssrc=1 perfect-rtptime=false timestamp-offset=0 seqnum-offset=0 ! " \
	"udpsink host=127.0.0.1 port=%u sync=false async=false "
#define SOUND \
	"audiotestsrc is-live=true wave=silence ! audioresample ! audioconvert ! %s ! " \
	"audio/mpeg,channels=2,rate=48000 ! queue max-size-buffers=100000 max-size-time=500000000 ! " \
	"mux.sink_4352"

static const char *sound_encoder(void)
{
	static const char *const names[] = { "fdkaacenc", "avenc_aac", "faac" };

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GstElementFactory) factory = gst_element_factory_find(names[i]);

		if (factory)
			return names[i];
	}
	return NULL;
}

static GstElement *make_pipeline(const struct bench_run *run, const char *pass, GError **error)
{
	const struct bench_mode *mode = run->mode;
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_append_printf(text, PIPELINE, mode->width, mode->height, mode->fps, pass, 10 * mode->fps, run->port);
	if (sound_encoder())
		g_string_append_printf(text, SOUND, sound_encoder());
	return gst_parse_launch(text->str, error);
}

static GstCaps *picture_caps(const struct bench_mode *mode)
{
	return gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "BGRx", "width", G_TYPE_INT, mode->width,
				   "height", G_TYPE_INT, mode->height, "framerate", GST_TYPE_FRACTION, mode->fps, 1,
				   "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, NULL);
}

static void release(gpointer data)
{
	frames_release(GPOINTER_TO_UINT(data));
}

static GstBuffer *wrap(const struct bench_frame *frame, const struct bench_mode *mode)
{
	gsize size = (gsize)frame->pitch * mode->height;

	return gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, (gpointer)frame->pixels, size, 0, size,
					   GUINT_TO_POINTER(frame->buffer), release);
}

static int run_pipeline(const struct bench_run *run, const char *pass)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) pipeline = make_pipeline(run, pass, &error);
	g_autoptr(GstElement) source = NULL;
	g_autoptr(GstCaps) caps = picture_caps(run->mode);
	struct bench_frame frame;
	GstFlowReturn flow = GST_FLOW_OK;

	if (!pipeline) {
		g_printerr("stream-bench: %s\n", error->message);
		return 1;
	}
	source = gst_bin_get_by_name(GST_BIN(pipeline), "pictures");
	gst_app_src_set_caps(GST_APP_SRC(source), caps);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	frames_ready();
	while (flow == GST_FLOW_OK && frames_wait_at_rate(&frame)) {
		GstBuffer *buffer = wrap(&frame, run->mode);

		GST_BUFFER_PTS(buffer) = gst_element_get_current_running_time(pipeline);
		GST_BUFFER_DURATION(buffer) = GST_SECOND / run->mode->fps;
		frames_pushed(frame.seq, frame.repeat);
		flow = gst_app_src_push_buffer(GST_APP_SRC(source), buffer);
	}
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return flow != GST_FLOW_OK;
}

static int run_gnd(const struct bench_run *run)
{
	return run_pipeline(run, "quant");
}

static int run_gnd_cbr(const struct bench_run *run)
{
	return run_pipeline(run, "cbr");
}

const struct bench_source source_gnd = {
	.name = "gnd",
	.what = "gnome-network-displays' pipeline, as it is: quantiser 21, AAC",
	.run = run_gnd,
};

const struct bench_source source_gnd_cbr = {
	.name = "gnd-cbr",
	.what = "the same with the constant 4 Mbit/s that it means to have",
	.run = run_gnd_cbr,
};
