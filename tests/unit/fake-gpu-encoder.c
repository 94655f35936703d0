// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vah264enc, nvh264enc and v4l2h264enc of fake-gpu.h: properties are those of fake-encoder.h, the stream is x264enc's.
 */
#include "fake-gpu-private.h"

#include <gst/allocators/gstdmabuf.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include "fake-encoder.h"

#define KEY "fake-gpu-encoder"

/* Of a device. */
struct habits {
	const struct fake_gpu_device *device;
	guint holds;
	gboolean counts;
};

/* Of an element that has got caps. */
struct inside {
	GstElement *pipeline; /* x264enc, as long as the caps stay */
	GstElement *source;
	GstElement *sink;
	GstVideoInfo info;
	gboolean gpu;
	gboolean live;
	GQueue held; /* GstBuffer */
	guint n;
	GstClockTime first;
	GObject *display;
};

static void inside_free(gpointer data)
{
	struct inside *i = data;

	gst_element_set_state(i->pipeline, GST_STATE_NULL);
	gst_object_unref(i->source);
	gst_object_unref(i->sink);
	gst_object_unref(i->pipeline);
	g_atomic_int_add(&fake_gpu.held, -(gint)i->held.length);
	g_queue_clear_full(&i->held, (GDestroyNotify)gst_buffer_unref);
	g_clear_object(&i->display);
	g_free(i);
}

static gboolean is_live(GstPad *pad)
{
	g_autoptr(GstQuery) query = gst_query_new_latency();
	gboolean live = FALSE;

	if (gst_pad_peer_query(pad, query))
		gst_query_parse_latency(query, &live, NULL, NULL);
	return live && !g_atomic_int_get(&fake_gpu.no_live);
}

/* What is asked for behind it, and nothing else, is what x264enc makes. */
static struct inside *make_inside(GstPad *pad, GstPad *src, GstElement *element, GstCaps *caps)
{
	const struct habits *habits = fake_encoder_data(element);
	struct inside *i = g_new0(struct inside, 1);
	g_autoptr(GstCaps) plain = gst_caps_copy(caps);
	g_autoptr(GstCaps) out = gst_pad_get_current_caps(src);
	g_autofree char *in_text = NULL;
	g_autofree char *out_text = gst_caps_to_string(out);
	g_autofree char *line = NULL;
	guint bit_rate = 4000; /* where it is a control of the device */
	gboolean dct8x8 = g_strcmp0(gst_structure_get_string(gst_caps_get_structure(out, 0), "profile"), "high") == 0;

	i->gpu = fake_gpu_has_memory(habits->device, caps);
	gst_caps_set_features_simple(plain, gst_caps_features_new_empty());
	in_text = gst_caps_to_string(plain);
	gst_video_info_from_caps(&i->info, plain);
	g_atomic_int_set(&fake_gpu.matrix, i->info.colorimetry.matrix);
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "bitrate"))
		g_object_get(element, "bitrate", &bit_rate, NULL);
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "dct8x8"))
		g_object_get(element, "dct8x8", &dct8x8, NULL);
	line = g_strdup_printf("appsrc name=source format=time caps=\"%s\" ! x264enc tune=zerolatency speed-preset=ultrafast "
			       "key-int-max=10000 bframes=0 threads=1 sliced-threads=false cabac=false "
			       "dct8x8=%s bitrate=%u ! %s ! appsink name=sink sync=false",
			       in_text, dct8x8 ? "true" : "false", MAX(bit_rate, 1), out_text);
	i->pipeline = gst_object_ref_sink(gst_parse_launch(line, NULL));
	i->source = gst_bin_get_by_name(GST_BIN(i->pipeline), "source");
	i->sink = gst_bin_get_by_name(GST_BIN(i->pipeline), "sink");
	gst_element_set_state(i->pipeline, GST_STATE_PLAYING);
	i->live = is_live(pad);
	i->display = fake_gpu_display(element, habits->device);
	return i;
}

/* Where caps do not say it the memory does, and whether the device takes that as it is is a property. */
static gboolean is_of_gpu(GstObject *parent, const struct inside *i, const struct fake_gpu_device *device,
			  GstBuffer *buffer)
{
	gint mode = FAKE_IO_AUTO;

	if (device->memory)
		return i->gpu;
	if (!gst_is_dmabuf_memory(gst_buffer_peek_memory(buffer, 0)))
		return FALSE;
	g_object_get(parent, "output-io-mode", &mode, NULL);
	if (mode != FAKE_IO_DMABUF_IMPORT)
		g_atomic_int_inc(&fake_gpu.copied);
	return TRUE;
}

static GstFlowReturn refuse(GstObject *parent, GstBuffer *buffer, const char *why)
{
	GST_ELEMENT_ERROR(parent, LIBRARY, ENCODE, ("%s", why), (NULL));
	gst_buffer_unref(buffer);
	return GST_FLOW_ERROR;
}

static GstBuffer *encode(struct inside *i, GstBuffer *picture)
{
	g_autoptr(GstSample) sample = NULL;
	g_autoptr(GstBuffer) copy = gst_buffer_new_allocate(NULL, i->info.size, NULL);
	const GstClockTime pts = GST_BUFFER_PTS(picture);
	GstBuffer *unit;
	GstMapInfo map;

	gst_buffer_map(picture, &map, GST_MAP_READ);
	gst_buffer_fill(copy, 0, map.data, map.size);
	gst_buffer_unmap(picture, &map);
	gst_buffer_unref(picture);
	GST_BUFFER_PTS(copy) = i->n * (GST_SECOND / 60);
	gst_app_src_push_buffer(GST_APP_SRC(i->source), g_steal_pointer(&copy));
	sample = gst_app_sink_pull_sample(GST_APP_SINK(i->sink));
	g_assert_nonnull(sample);
	unit = gst_buffer_copy(gst_sample_get_buffer(sample));
	GST_BUFFER_PTS(unit) = pts;
	GST_BUFFER_DTS(unit) = pts;
	return unit;
}

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	struct inside *i = g_object_get_data(G_OBJECT(parent), KEY);
	const struct habits *habits = fake_encoder_data(parent);
	g_autoptr(GstPad) src = gst_element_get_static_pad(GST_ELEMENT(parent), "src");
	gpointer display = fake_gpu_memory_display(gst_buffer_peek_memory(buffer, 0));
	GstBuffer *unit;
	gboolean gpu;
	gint number = 0;

	if (!i) {
		gst_buffer_unref(buffer);
		return GST_FLOW_NOT_NEGOTIATED;
	}
	if (g_atomic_int_get(&fake_gpu.encode_fails))
		return refuse(parent, buffer, "the driver does not do this any more");
	gpu = is_of_gpu(parent, i, habits->device, buffer);
	if (gpu && display != i->display)
		return refuse(parent, buffer, display ? "the surface is not of this display" : "it is no surface");
	if (gpu)
		number = g_atomic_int_add(&fake_gpu.encoded_gpu, 1) + 1;
	while (gpu && number == g_atomic_int_get(&fake_gpu.encode_hangs_at) && !g_atomic_int_get(&fake_gpu.let_go))
		g_usleep(10000);
	if (gpu && (number == g_atomic_int_get(&fake_gpu.encode_fails_at) || g_atomic_int_get(&fake_gpu.encode_fails_gpu)))
		return refuse(parent, buffer, "the driver does not encode this surface");
	g_queue_push_tail(&i->held, buffer);
	g_atomic_int_inc(&fake_gpu.held);
	if (!i->live && i->held.length <= habits->holds)
		return GST_FLOW_OK;
	if (!i->n)
		i->first = GST_BUFFER_PTS(buffer);
	unit = encode(i, g_queue_pop_head(&i->held));
	g_atomic_int_dec_and_test(&fake_gpu.held);
	g_atomic_int_inc(&fake_gpu.encoded);
	if (habits->counts)
		GST_BUFFER_PTS(unit) = GST_BUFFER_DTS(unit) = i->first + i->n * (GST_SECOND / 60);
	i->n++;
	return gst_pad_push(src, unit);
}

static gboolean event(GstPad *pad, GstObject *parent, GstEvent *of)
{
	g_autoptr(GstPad) src = gst_element_get_static_pad(GST_ELEMENT(parent), "src");
	GstCaps *caps;

	if (GST_EVENT_TYPE(of) != GST_EVENT_CAPS)
		return gst_pad_event_default(pad, parent, of);
	gst_event_parse_caps(of, &caps);
	fake_encoder_negotiate(src);
	g_object_set_data_full(G_OBJECT(parent), KEY, make_inside(pad, src, GST_ELEMENT(parent), caps), inside_free);
	gst_event_unref(of);
	return TRUE;
}

static gboolean query(GstPad *pad, GstObject *parent, GstQuery *of)
{
	if (GST_QUERY_TYPE(of) == GST_QUERY_CONTEXT && fake_gpu_answer(GST_ELEMENT(parent), of))
		return TRUE;
	return gst_pad_query_default(pad, parent, of);
}

/* A key frame: the next picture is one. */
static gboolean src_event(GstPad *pad, GstObject *parent, GstEvent *of)
{
	struct inside *i = g_object_get_data(G_OBJECT(parent), KEY);
	g_autoptr(GstPad) inner = NULL;

	if (!i || !gst_video_event_is_force_key_unit(of))
		return gst_pad_event_default(pad, parent, of);
	gst_event_unref(of);
	inner = gst_element_get_static_pad(i->sink, "sink");
	return gst_pad_push_event(inner, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

GType fake_gpu_encoder_type(GKeyFile *encoders, GKeyFile *devices, const char *group)
{
	g_autofree char *of = g_key_file_get_string(devices, group, "encoder", NULL);
	const struct fake_gpu_device *device = fake_gpu_device_of(devices, group);
	g_autofree char *sink = device->memory ?
		g_strdup_printf("video/x-raw(%s), format=NV12; video/x-raw, format=NV12", device->memory) :
		g_strdup("video/x-raw, format=NV12");
	struct habits *habits = g_new0(struct habits, 1);
	const struct fake_parts parts = {
		.sink = g_intern_string(sink),
		.chain = chain,
		.event = event,
		.query = query,
		.src_event = src_event,
		.set_context = fake_gpu_set_context,
		.data = habits,
	};

	habits->device = device;
	habits->holds = g_key_file_get_integer(devices, group, "holds", NULL);
	habits->counts = g_key_file_get_boolean(devices, group, "counts", NULL);
	return fake_encoder_type_of(encoders, of, &parts);
}
