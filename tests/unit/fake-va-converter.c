// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vapostproc of fake-va.h.
 */
#include "fake-va-private.h"

#include <string.h>

#include <gst/allocators/gstdmabuf.h>
#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

struct converter {
	GstBaseTransform parent;
	GObject *display;
	GstVideoInfo out;
	GstVideoFormat format; /* of what comes in */
	GstVideoConverter *convert;
	GstVideoInfo convert_in;
	GstBuffer *before;
};

struct converter_class {
	GstBaseTransformClass parent;
	char *imports;
};

static gpointer parent_of(gpointer instance)
{
	return g_type_class_peek(GST_TYPE_BASE_TRANSFORM);
}

static void clear(struct converter *c)
{
	g_clear_pointer(&c->convert, gst_video_converter_free);
	gst_clear_buffer(&c->before);
}

/* What the driver imports is known when the device is open. */
static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
	struct converter_class *class = G_TYPE_INSTANCE_GET_CLASS(base, 0, struct converter_class);
	g_autoptr(GstCaps) other = direction == GST_PAD_SINK ?
		gst_caps_from_string("video/x-raw(memory:VAMemory), format=NV12, width=[ 16, 16384 ], "
				     "height=[ 16, 16384 ]") : gst_caps_from_string(class->imports);

	return filter ? gst_caps_intersect(other, filter) : g_steal_pointer(&other);
}

static GstCaps *fixate_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *other)
{
	const GstStructure *from = gst_caps_get_structure(caps, 0);
	GstStructure *to;

	other = gst_caps_make_writable(gst_caps_truncate(other));
	to = gst_caps_get_structure(other, 0);
	for (const char *const *name = (const char *const[]){ "width", "height", "framerate", NULL }; *name; name++) {
		const GValue *value = gst_structure_get_value(to, *name);

		if ((!value || !gst_value_is_fixed(value)) && gst_structure_has_field(from, *name))
			gst_structure_set_value(to, *name, gst_structure_get_value(from, *name));
	}
	return gst_caps_fixate(other);
}

static GstVideoFormat format_of(const GstStructure *caps)
{
	const char *drm = gst_structure_get_string(caps, "drm-format");

	if (!drm)
		return gst_video_format_from_string(gst_structure_get_string(caps, "format"));
	if (g_str_has_prefix(drm, "XR24"))
		return GST_VIDEO_FORMAT_BGRx;
	if (g_str_has_prefix(drm, "AR24"))
		return GST_VIDEO_FORMAT_BGRA;
	return g_str_has_prefix(drm, "XB24") ? GST_VIDEO_FORMAT_RGBx : GST_VIDEO_FORMAT_RGBA;
}

static gboolean set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out)
{
	struct converter *c = (struct converter *)base;

	clear(c);
	c->format = format_of(gst_caps_get_structure(in, 0));
	return gst_video_info_from_caps(&c->out, out);
}

static gboolean start(GstBaseTransform *base)
{
	struct converter *c = (struct converter *)base;

	c->display = fake_va_display(GST_ELEMENT(base));
	return TRUE;
}

static gboolean stop(GstBaseTransform *base)
{
	struct converter *c = (struct converter *)base;

	clear(c);
	g_clear_object(&c->display);
	return TRUE;
}

static GstFlowReturn prepare(GstBaseTransform *base, GstBuffer *in, GstBuffer **out)
{
	struct converter *c = (struct converter *)base;

	*out = gst_buffer_new();
	gst_buffer_append_memory(*out, fake_va_memory_new(c->out.size, c->display));
	gst_buffer_copy_into(*out, in, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
	return GST_FLOW_OK;
}

static gboolean convert(struct converter *c, GstBuffer *in, GstBuffer *out)
{
	const GstVideoMeta *meta = gst_buffer_get_video_meta(in);
	GstVideoFrame from = { 0 }, to = { 0 };
	GstMapInfo map;

	/* A driver believes what it is told of the layout. */
	g_assert_true(gst_is_dmabuf_memory(gst_buffer_peek_memory(in, 0)));
	g_assert_nonnull(meta);
	g_assert_cmpint(meta->format, ==, c->format);
	gst_video_info_set_format(&c->convert_in, g_atomic_int_get(&fake_va.swaps) ? GST_VIDEO_FORMAT_RGBx : c->format,
				  meta->width, meta->height);
	if (!c->convert)
		c->convert = gst_video_converter_new(&c->convert_in, &c->out, NULL);
	if (!gst_memory_map(gst_buffer_peek_memory(in, 0), &map, GST_MAP_READ))
		return FALSE;
	from.info = c->convert_in;
	from.data[0] = map.data + meta->offset[0];
	from.info.stride[0] = meta->stride[0];
	if (gst_video_frame_map(&to, &c->out, out, GST_MAP_WRITE)) {
		gst_video_converter_frame(c->convert, &from, &to);
		gst_video_frame_unmap(&to);
	}
	gst_memory_unmap(gst_buffer_peek_memory(in, 0), &map);
	return TRUE;
}

static void copy(GstBuffer *to, GstBuffer *from)
{
	GstMapInfo map;

	gst_buffer_map(from, &map, GST_MAP_READ);
	gst_buffer_fill(to, 0, map.data, map.size);
	gst_buffer_unmap(from, &map);
}

static GstFlowReturn transform(GstBaseTransform *base, GstBuffer *in, GstBuffer *out)
{
	struct converter *c = (struct converter *)base;
	const gint number = g_atomic_int_add(&fake_va.converted, 1) + 1;

	while (number == g_atomic_int_get(&fake_va.convert_hangs_at) && !g_atomic_int_get(&fake_va.let_go))
		g_usleep(10000);
	if (number == g_atomic_int_get(&fake_va.convert_fails_at) || g_atomic_int_get(&fake_va.convert_fails)) {
		GST_ELEMENT_ERROR(base, RESOURCE, READ, ("the driver does not import this buffer"), (NULL));
		return GST_FLOW_ERROR;
	}
	if (g_atomic_int_get(&fake_va.green))
		return GST_FLOW_OK;
	if (!convert(c, in, out))
		return GST_FLOW_ERROR;
	if (g_atomic_int_get(&fake_va.old)) {
		g_autoptr(GstBuffer) now = gst_buffer_copy_deep(out);

		if (c->before)
			copy(out, c->before);
		gst_buffer_replace(&c->before, now);
	}
	return GST_FLOW_OK;
}

static gboolean query(GstBaseTransform *base, GstPadDirection direction, GstQuery *of)
{
	if (GST_QUERY_TYPE(of) == GST_QUERY_CONTEXT && fake_va_answer(GST_ELEMENT(base), of))
		return TRUE;
	return GST_BASE_TRANSFORM_CLASS(parent_of(base))->query(base, direction, of);
}

static void class_init(gpointer g_class, gpointer data)
{
	static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE(
		"sink", GST_PAD_SINK, GST_PAD_ALWAYS,
		GST_STATIC_CAPS("video/x-raw(memory:VAMemory); video/x-raw(memory:DMABuf); video/x-raw"));
	static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE(
		"src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-raw(memory:VAMemory), format=NV12"));
	GstBaseTransformClass *class = g_class;

	((struct converter_class *)g_class)->imports = data;
	gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "fake", "Filter/Converter/Video/Hardware", "fake",
					      "tests");
	gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &sink);
	gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &src);
	GST_ELEMENT_CLASS(class)->set_context = fake_va_set_context;
	class->transform_caps = transform_caps;
	class->fixate_caps = fixate_caps;
	class->set_caps = set_caps;
	class->start = start;
	class->stop = stop;
	class->prepare_output_buffer = prepare;
	class->transform = transform;
	class->query = query;
	class->passthrough_on_same_caps = FALSE;
}

GType fake_va_converter_type(GKeyFile *devices, const char *group)
{
	static guint number;
	g_autofree char *name = g_strdup_printf("FakeVaConverter%u", number++);
	const GTypeInfo info = {
		.class_size = sizeof(struct converter_class),
		.class_init = class_init,
		.class_data = g_key_file_get_string(devices, group, "imports", NULL),
		.instance_size = sizeof(struct converter),
	};

	return g_type_register_static(GST_TYPE_BASE_TRANSFORM, name, &info, 0);
}
