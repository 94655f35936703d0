// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vapostproc, glupload, glcolorconvert and v4l2convert of fake-gpu.h.
 */
#include "fake-gpu-private.h"

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
	gint io_modes[2]; /* in, out; enum fake_io_mode */
	gboolean deep; /* it was told how many buffers are in use */
};

/* Of a group, as long as the process. */
struct kind {
	const struct fake_gpu_device *device;
	char *imports; /* caps */
	char *gives; /* format */
	gboolean io_modes; /* it has such */
};

struct converter_class {
	GstBaseTransformClass parent;
	const struct kind *kind;
};

static gpointer parent_of(gpointer instance)
{
	return g_type_class_peek(GST_TYPE_BASE_TRANSFORM);
}

static const struct kind *kind_of(gpointer converter)
{
	return G_TYPE_INSTANCE_GET_CLASS(converter, 0, struct converter_class)->kind;
}

static void clear(struct converter *c)
{
	g_clear_pointer(&c->convert, gst_video_converter_free);
	gst_clear_buffer(&c->before);
}

/* What the driver imports is known when the device is open. */
static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
	const struct kind *kind = kind_of(base);
	g_autofree char *gives = g_strdup_printf("video/x-raw%s%s%s, format=%s, width=[ 16, 16384 ], height=[ 16, 16384 ]",
						 kind->device->memory ? "(" : "", kind->device->memory ?: "",
						 kind->device->memory ? ")" : "", kind->gives);
	g_autoptr(GstCaps) other = gst_caps_from_string(direction == GST_PAD_SINK ? gives : kind->imports);

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

	c->display = fake_gpu_display(GST_ELEMENT(base), kind_of(base)->device);
	return TRUE;
}

static gboolean stop(GstBaseTransform *base)
{
	struct converter *c = (struct converter *)base;

	clear(c);
	g_clear_object(&c->display);
	return TRUE;
}

static gboolean decide_allocation(GstBaseTransform *base, GstQuery *of)
{
	struct converter *c = (struct converter *)base;
	guint least = 0;

	if (gst_query_get_n_allocation_pools(of) > 0)
		gst_query_parse_nth_allocation_pool(of, 0, NULL, NULL, &least, NULL);
	c->deep = least >= 4 && gst_query_find_allocation_meta(of, GST_VIDEO_META_API_TYPE, NULL);
	return TRUE;
}

static GstFlowReturn prepare(GstBaseTransform *base, GstBuffer *in, GstBuffer **out)
{
	struct converter *c = (struct converter *)base;

	*out = gst_buffer_new();
	gst_buffer_append_memory(*out, fake_gpu_memory_new(c->out.size, c->display));
	gst_buffer_add_video_meta_full(*out, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&c->out), c->out.width,
				       c->out.height, c->out.finfo->n_planes, c->out.offset, c->out.stride);
	gst_buffer_copy_into(*out, in, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
	return GST_FLOW_OK;
}

static gboolean convert(struct converter *c, GstBuffer *in, GstBuffer *out)
{
	const GstVideoMeta *meta = gst_buffer_get_video_meta(in);
	GstVideoFrame from = { 0 }, to = { 0 };
	GstMapInfo map;

	/* A driver believes what it is told of the layout. */
	if (fake_gpu_memory_display(gst_buffer_peek_memory(in, 0)))
		g_assert_true(fake_gpu_memory_display(gst_buffer_peek_memory(in, 0)) == c->display);
	else
		g_assert_true(gst_is_dmabuf_memory(gst_buffer_peek_memory(in, 0)));
	g_assert_nonnull(meta);
	g_assert_cmpint(meta->format, ==, c->format);
	gst_video_info_set_format(&c->convert_in, g_atomic_int_get(&fake_gpu.swaps) ? GST_VIDEO_FORMAT_RGBx : c->format,
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
	/* Of two elements the one at the end. */
	const gint number = g_str_equal(kind_of(base)->gives, "NV12") ? g_atomic_int_add(&fake_gpu.converted, 1) + 1 : -1;

	if (kind_of(base)->io_modes &&
	    (c->io_modes[0] != FAKE_IO_DMABUF_IMPORT || c->io_modes[1] != FAKE_IO_DMABUF || !c->deep))
		g_atomic_int_inc(&fake_gpu.copied);
	while (number == g_atomic_int_get(&fake_gpu.convert_hangs_at) && !g_atomic_int_get(&fake_gpu.let_go))
		g_usleep(10000);
	if (number == g_atomic_int_get(&fake_gpu.convert_fails_at) || g_atomic_int_get(&fake_gpu.convert_fails)) {
		GST_ELEMENT_ERROR(base, RESOURCE, READ, ("the driver does not import this buffer"), (NULL));
		return GST_FLOW_ERROR;
	}
	if (g_atomic_int_get(&fake_gpu.green))
		return GST_FLOW_OK;
	if (!convert(c, in, out))
		return GST_FLOW_ERROR;
	if (g_atomic_int_get(&fake_gpu.old)) {
		g_autoptr(GstBuffer) now = gst_buffer_copy_deep(out);

		if (c->before)
			copy(out, c->before);
		gst_buffer_replace(&c->before, now);
	}
	return GST_FLOW_OK;
}

static gboolean query(GstBaseTransform *base, GstPadDirection direction, GstQuery *of)
{
	if (GST_QUERY_TYPE(of) == GST_QUERY_CONTEXT && fake_gpu_answer(GST_ELEMENT(base), of))
		return TRUE;
	return GST_BASE_TRANSFORM_CLASS(parent_of(base))->query(base, direction, of);
}

static void set_io_mode(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	((struct converter *)object)->io_modes[id - 1] = g_value_get_enum(value);
}

static void get_io_mode(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	g_value_set_enum(value, ((struct converter *)object)->io_modes[id - 1]);
}

static void add_io_modes(GObjectClass *class)
{
	static const GEnumValue modes[] = {
		{ FAKE_IO_AUTO, "auto", "auto" },
		{ FAKE_IO_RW, "rw", "rw" },
		{ FAKE_IO_MMAP, "mmap", "mmap" },
		{ FAKE_IO_USERPTR, "userptr", "userptr" },
		{ FAKE_IO_DMABUF, "dmabuf", "dmabuf" },
		{ FAKE_IO_DMABUF_IMPORT, "dmabuf-import", "dmabuf-import" },
		{ 0 },
	};
	static GType type;

	if (!type)
		type = g_enum_register_static("FakeIoMode", modes);
	class->set_property = set_io_mode;
	class->get_property = get_io_mode;
	g_object_class_install_property(class, 1, g_param_spec_enum("output-io-mode", "in", "in", type, FAKE_IO_AUTO,
								    G_PARAM_READWRITE));
	g_object_class_install_property(class, 2, g_param_spec_enum("capture-io-mode", "out", "out", type, FAKE_IO_AUTO,
								    G_PARAM_READWRITE));
}

static void add_template(GstElementClass *class, const char *name, GstPadDirection direction)
{
	g_autoptr(GstCaps) caps = gst_caps_from_string("video/x-raw(ANY)");

	gst_element_class_add_pad_template(class, gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps));
}

static void class_init(gpointer g_class, gpointer data)
{
	GstBaseTransformClass *class = g_class;
	const struct kind *kind = data;

	((struct converter_class *)g_class)->kind = kind;
	gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "fake", "Filter/Converter/Video/Hardware", "fake",
					      "tests");
	add_template(GST_ELEMENT_CLASS(class), "sink", GST_PAD_SINK);
	add_template(GST_ELEMENT_CLASS(class), "src", GST_PAD_SRC);
	if (kind->io_modes)
		add_io_modes(G_OBJECT_CLASS(class));
	GST_ELEMENT_CLASS(class)->set_context = fake_gpu_set_context;
	class->transform_caps = transform_caps;
	class->fixate_caps = fixate_caps;
	class->set_caps = set_caps;
	class->start = start;
	class->stop = stop;
	class->decide_allocation = decide_allocation;
	class->prepare_output_buffer = prepare;
	class->transform = transform;
	class->query = query;
	class->passthrough_on_same_caps = FALSE;
}

GType fake_gpu_converter_type(GKeyFile *devices, const char *group)
{
	static guint number;
	g_autofree char *name = g_strdup_printf("FakeGpuConverter%u", number++);
	struct kind *kind = g_new0(struct kind, 1);
	const GTypeInfo info = {
		.class_size = sizeof(struct converter_class),
		.class_init = class_init,
		.class_data = kind,
		.instance_size = sizeof(struct converter),
	};

	kind->device = fake_gpu_device_of(devices, group);
	kind->imports = g_key_file_get_string(devices, group, "imports", NULL);
	kind->gives = g_key_file_get_string(devices, group, "gives", NULL);
	kind->io_modes = g_key_file_get_boolean(devices, group, "io-modes", NULL);
	return g_type_register_static(GST_TYPE_BASE_TRANSFORM, name, &info, 0);
}
