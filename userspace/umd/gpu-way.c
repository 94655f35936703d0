// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The GPU way of gpu-way.h.
 */
#include "gpu-way.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <gio/gio.h>
#include <gst/allocators/gstdmabuf.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <linux/dma-buf.h>

#include "frame-source.h"

/* To submit work takes less than a millisecond, a picture of V4L2, which is waited for, some; who needs so long hangs. */
#define CONVERT_NS (100 * GST_MSECOND)
/* The first one opens the device and compiles what it runs there. */
#define FIRST_CONVERT_NS (1000 * GST_MSECOND)
/* Where there is no fence: the kernel would revoke the hold after so long. */
#define READ_MS 30

/* Pictures behind the converter. */
#define IN_USE 4
/* Devices of a machine that encode. */
#define MAX_CONTEXTS 4

/* In the kernel since 6.0, in the headers of Debian 12 as well; others may be older. */
#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file {
	__u32 flags;
	__s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#endif

/* ------------------------------------------------------------------------ memory */

struct gpu_memory {
	GstMemory *memory; /* has its own descriptor */
	int fd;		   /* the same */
};

struct gpu_memory *gpu_memory_new(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	g_autoptr(GstAllocator) allocator = NULL;
	struct gpu_memory *memory;
	int own;

	if (size <= 0) {
		errno = EINVAL;
		return NULL;
	}
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return NULL;
	allocator = gst_dmabuf_allocator_new();
	memory = g_new0(struct gpu_memory, 1);
	memory->memory = gst_dmabuf_allocator_alloc(allocator, own, size);
	memory->fd = own;
	if (memory->memory)
		return memory;
	close(own);
	g_free(memory);
	errno = ENOTSUP;
	return NULL;
}

void gpu_memory_free(struct gpu_memory *memory)
{
	if (!memory)
		return;
	gst_memory_unref(memory->memory);
	g_free(memory);
}

int gpu_memory_fence(const struct gpu_memory *memory)
{
	/* What one who writes has to wait for: all that reads. */
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_WRITE, .fd = -1 };
	struct pollfd fence = { .fd = memory->fd, .events = POLLOUT };
	int result;

	do {
		result = ioctl(memory->fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export);
	} while (result < 0 && errno == EINTR);
	if (result == 0)
		return export.fd;
	poll(&fence, 1, READ_MS);
	return -1;
}

/* ----------------------------------------------------------------------- formats */

/*
 * What a buffer may be called in front of a converter.  Some drivers import no format without
 * alpha that they import with it; nothing shines through in either case, since
 * the picture has nothing below it.
 */
static const struct format {
	guint32 fourcc;
	guint32 as; /* DRM format it is described as */
	GstVideoFormat format;
} formats[] = {
	{ DRM_FORMAT_XRGB8888, DRM_FORMAT_XRGB8888, GST_VIDEO_FORMAT_BGRx },
	{ DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, GST_VIDEO_FORMAT_BGRA },
	{ DRM_FORMAT_XBGR8888, DRM_FORMAT_XBGR8888, GST_VIDEO_FORMAT_RGBx },
	{ DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888, GST_VIDEO_FORMAT_RGBA },
	{ DRM_FORMAT_ARGB8888, DRM_FORMAT_ARGB8888, GST_VIDEO_FORMAT_BGRA },
	{ DRM_FORMAT_ABGR8888, DRM_FORMAT_ABGR8888, GST_VIDEO_FORMAT_RGBA },
};

gboolean gpu_way_knows(guint32 fourcc)
{
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (formats[i].fourcc == fourcc)
			return TRUE;
	}
	return FALSE;
}

/*
 * Since 1.24 GStreamer names formats of dma-bufs as the kernel does, a linear one without its
 * modifier; before that all were linear and named as any other.  V4L2's elements looked at the memory itself.
 */
enum description {
	AS_DRM,
	AS_DMABUF,
	AS_ANY_MEMORY,
	N_DESCRIPTIONS,
};

static GstCaps *import_caps(const struct format *format, const struct gpu_picture *picture,
			    enum description description)
{
	GstCaps *caps = gst_caps_new_simple("video/x-raw", "width", G_TYPE_INT, picture->width, "height",
					    G_TYPE_INT, picture->height, "framerate", GST_TYPE_FRACTION, 0, 1,
					    "interlace-mode", G_TYPE_STRING, "progressive", NULL);

	if (description != AS_ANY_MEMORY)
		gst_caps_set_features_simple(caps, gst_caps_features_new("memory:DMABuf", NULL));
	if (description == AS_DRM) {
		const guint32 code = GUINT32_TO_LE(format->as);
		g_autofree char *name = picture->modifier == DRM_FORMAT_MOD_LINEAR ?
			g_strdup_printf("%.4s", (const char *)&code) :
			g_strdup_printf("%.4s:0x%016" G_GINT64_MODIFIER "x", (const char *)&code, picture->modifier);

		gst_caps_set_simple(caps, "format", G_TYPE_STRING, "DMA_DRM", "drm-format", G_TYPE_STRING, name,
				    NULL);
	} else {
		gst_caps_set_simple(caps, "format", G_TYPE_STRING, gst_video_format_to_string(format->format), NULL);
	}
	return caps;
}

/* The first description that the converter takes, NULL: none. */
static GstCaps *choose_caps(enum gpu_kind kind, GstElement *converter, const struct gpu_picture *picture,
			    const struct format **chosen)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(converter, "sink");
	g_autoptr(GstCaps) taken = gst_pad_query_caps(pad, NULL);

	for (guint i = 0; i < N_DESCRIPTIONS * G_N_ELEMENTS(formats); i++) {
		const struct format *format = &formats[i / N_DESCRIPTIONS];
		const enum description description = i % N_DESCRIPTIONS;
		g_autoptr(GstCaps) caps = NULL;

		if (format->fourcc != picture->fourcc ||
		    (description != AS_DRM && picture->modifier != DRM_FORMAT_MOD_LINEAR) ||
		    (description == AS_ANY_MEMORY && kind != GPU_KIND_V4L2))
			continue;
		caps = import_caps(format, picture, description);
		if (!gst_caps_can_intersect(caps, taken))
			continue;
		*chosen = format;
		return g_steal_pointer(&caps);
	}
	return NULL;
}

/* ----------------------------------------------------------------------- devices */

/* A connection to a device, as elements hand it on. */
static const char *const connections[] = { "gst.va.display.handle", "gst.gl.GLDisplay" };

static GMutex contexts_lock;
static GstContext *contexts[MAX_CONTEXTS];

static gboolean is_connection(const char *type)
{
	for (guint i = 0; i < G_N_ELEMENTS(connections); i++) {
		if (g_str_equal(type, connections[i]))
			return TRUE;
	}
	return FALSE;
}

/* Path of the device; NULL: it does not say. */
static char *device_of(GstContext *context)
{
	g_autoptr(GObject) display = NULL;
	char *path = NULL;

	if (gst_structure_get(gst_context_get_structure(context), "gst-display", G_TYPE_OBJECT, &display, NULL) &&
	    display && g_object_class_find_property(G_OBJECT_GET_CLASS(display), "path"))
		g_object_get(display, "path", &path, NULL);
	return path;
}

/*
 * The connection that is used to the device of @context: of two that were opened at once it is the
 * one that was told first. The caller's to unref; NULL: there are more devices than we know of.
 */
static GstContext *keep_context(GstContext *context)
{
	g_autofree char *device = device_of(context);
	GstContext *kept = NULL;

	g_mutex_lock(&contexts_lock);
	for (guint i = 0; i < MAX_CONTEXTS && !kept; i++) {
		g_autofree char *other = contexts[i] ? device_of(contexts[i]) : NULL;

		if (!contexts[i])
			contexts[i] = gst_context_ref(context);
		else if (!gst_context_has_context_type(contexts[i], gst_context_get_context_type(context)) ||
			 g_strcmp0(device, other) != 0)
			continue;
		kept = gst_context_ref(contexts[i]);
	}
	g_mutex_unlock(&contexts_lock);
	return kept;
}

/*
 * An element has opened its device. Another one may have been doing so when this one asked, and was
 * told of none: then it goes over to that connection, before it has used its own.
 */
static void settle(GstElement *element, GstContext *context)
{
	g_autoptr(GstContext) kept = keep_context(context);

	if (kept && kept != context)
		gst_element_set_context(element, kept);
}

/* An element takes that of its device, and no other. */
static void give_contexts(GstElement *element)
{
	for (guint i = 0; i < MAX_CONTEXTS; i++) {
		g_autoptr(GstContext) context = NULL;

		g_mutex_lock(&contexts_lock);
		context = contexts[i] ? gst_context_ref(contexts[i]) : NULL;
		g_mutex_unlock(&contexts_lock);
		if (context)
			gst_element_set_context(element, context);
	}
}

static GstBusSyncReply share(GstBus *bus, GstMessage *message, gpointer unused)
{
	g_autoptr(GstContext) context = NULL;
	const char *type;

	switch (GST_MESSAGE_TYPE(message)) {
	case GST_MESSAGE_NEED_CONTEXT:
		if (gst_message_parse_context_type(message, &type) && is_connection(type))
			give_contexts(GST_ELEMENT(GST_MESSAGE_SRC(message)));
		break;
	case GST_MESSAGE_HAVE_CONTEXT:
		gst_message_parse_have_context(message, &context);
		if (is_connection(gst_context_get_context_type(context)))
			settle(GST_ELEMENT(GST_MESSAGE_SRC(message)), context);
		break;
	default:
		break;
	}
	return GST_BUS_PASS;
}

void gpu_way_share_device(GstElement *pipeline)
{
	g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);

	gst_bus_set_sync_handler(bus, share, NULL, NULL);
}

/* ---------------------------------------------------------------------- the way */

void gpu_way_set_environment(void)
{
	g_setenv("GST_GL_PLATFORM", "egl", FALSE);
	g_setenv("GST_GL_WINDOW", "egl-device", FALSE);
}

char **gpu_way_elements(const char *converter)
{
	char **elements = g_strsplit(converter, " ! ", -1);

	for (char **element = elements; *element; element++)
		*strchrnul(*element, ' ') = '\0';
	return elements;
}

/* Feature of caps; NULL: none. */
static const char *const memories[] = {
	[GPU_KIND_VA] = "memory:VAMemory",
	[GPU_KIND_GL] = "memory:GLMemory",
	[GPU_KIND_V4L2] = NULL,
};

static void set_memory(GstCaps *caps, enum gpu_kind kind)
{
	if (memories[kind])
		gst_caps_set_features_simple(caps, gst_caps_features_new(memories[kind], NULL));
}

GstCaps *gpu_way_caps(enum gpu_kind kind, guint width, guint height, guint refresh_hz, const char *colorimetry)
{
	GstCaps *caps = gst_caps_new_simple(
		"video/x-raw", "format", G_TYPE_STRING, GPU_WAY_FORMAT, "width", G_TYPE_INT, width, "height",
		G_TYPE_INT, height, "framerate", GST_TYPE_FRACTION, refresh_hz, 1, "pixel-aspect-ratio",
		GST_TYPE_FRACTION, 1, 1, "interlace-mode", G_TYPE_STRING, "progressive", "colorimetry", G_TYPE_STRING,
		colorimetry, NULL);

	set_memory(caps, kind);
	return caps;
}

gboolean gpu_way_is(const GstCaps *caps)
{
	return g_strcmp0(gst_structure_get_string(gst_caps_get_structure(caps, 0), "format"), GPU_WAY_FORMAT) == 0;
}

struct gpu_way {
	enum gpu_kind kind;
	char *converter;
	char *name; /* of it, for people */
	GMutex lock;
	char *given_up; /* set once; with the lock */
	const char *wanted; /* colorimetry; with the lock */

	/* Of the one who converts. */
	const char *colorimetry;
	GstElement *pipeline; /* for pictures like @layout; NULL: none */
	GstElement *source; /* these are the pipeline's */
	GstElement *sink;
	GstVideoFormat format;
	struct gpu_picture layout; /* without its memory */
	gboolean used;
};

gpu_way *gpu_way_new(enum gpu_kind kind, const char *converter)
{
	g_auto(GStrv) elements = gpu_way_elements(converter);
	gpu_way *way = g_new0(gpu_way, 1);

	way->kind = kind;
	way->converter = g_strdup(converter);
	way->name = g_strjoinv(" and ", elements);
	way->wanted = PICTURE_COLORIMETRY;
	g_mutex_init(&way->lock);
	return way;
}

static void drop_pipeline(gpu_way *way)
{
	if (!way->pipeline)
		return;
	gst_element_set_state(way->pipeline, GST_STATE_NULL);
	gst_clear_object(&way->pipeline);
}

void gpu_way_free(gpu_way *way)
{
	if (!way)
		return;
	drop_pipeline(way);
	g_mutex_clear(&way->lock);
	g_free(way->given_up);
	g_free(way->converter);
	g_free(way->name);
	g_free(way);
}

void gpu_way_set_colorimetry(gpu_way *way, const char *colorimetry)
{
	g_mutex_lock(&way->lock);
	way->wanted = colorimetry;
	g_mutex_unlock(&way->lock);
}

const char *gpu_way_given_up(gpu_way *way)
{
	const char *why;

	g_mutex_lock(&way->lock);
	why = way->given_up;
	g_mutex_unlock(&way->lock);
	return why;
}

void gpu_way_give_up(gpu_way *way, const char *why)
{
	g_mutex_lock(&way->lock);
	if (!way->given_up) {
		way->given_up = g_strdup(why);
		g_message("pictures go through the processor from now on: %s", why);
	}
	g_mutex_unlock(&way->lock);
}

/* @description: of several elements it is a bin of them, with the first one's sink pad and the last one's src pad */
static GstElement *add(gpu_way *way, const char *description, GError **error)
{
	g_autoptr(GError) cause = NULL;
	GstElement *element = gst_parse_bin_from_description_full(
		description, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS | GST_PARSE_FLAG_NO_SINGLE_ELEMENT_BINS |
						 GST_PARSE_FLAG_PLACE_IN_BIN, &cause);

	if (element)
		gst_bin_add(GST_BIN(way->pipeline), element);
	else
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s cannot be made: %s", way->name, cause->message);
	return element;
}

/*
 * How many are in use at once, the one that is shown, its repetition, the encoder's and the next one, is for who asks to
 * know: V4L2's elements copy a picture when their buffers run low, and to memory that they cannot describe.
 */
static GstPadProbeReturn answer_allocation(GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
	GstQuery *query = gst_pad_probe_info_get_query(info);
	GstVideoInfo layout;
	GstCaps *caps;

	if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
		return GST_PAD_PROBE_OK;
	gst_query_parse_allocation(query, &caps, NULL);
	if (!caps || !gst_video_info_from_caps(&layout, caps))
		return GST_PAD_PROBE_OK;
	gst_query_add_allocation_pool(query, NULL, GST_VIDEO_INFO_SIZE(&layout), IN_USE, 0);
	gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
	return GST_PAD_PROBE_HANDLED;
}

static void set_caps(gpu_way *way, GstCaps *imported, const struct gpu_picture *picture)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(way->sink, "sink");
	g_autoptr(GstCaps) caps = gst_caps_new_simple(
		"video/x-raw", "format", G_TYPE_STRING, GPU_WAY_FORMAT, "width", G_TYPE_INT, picture->width,
		"height", G_TYPE_INT, picture->height, "colorimetry", G_TYPE_STRING, way->colorimetry, NULL);

	set_memory(caps, way->kind);
	g_object_set(way->source, "caps", imported, "format", GST_FORMAT_TIME, "is-live", TRUE, NULL);
	g_object_set(way->sink, "caps", caps, "sync", FALSE, "enable-last-sample", FALSE, NULL);
	if (way->kind == GPU_KIND_V4L2)
		gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PUSH, answer_allocation, NULL,
				  NULL);
}

static gboolean fill_pipeline(gpu_way *way, const struct gpu_picture *picture, GError **error)
{
	const struct format *format = NULL;
	g_autoptr(GstCaps) imported = NULL;
	GstElement *converter;

	if (!(way->source = add(way, "appsrc", error)) || !(converter = add(way, way->converter, error)) ||
	    !(way->sink = add(way, "appsink", error)))
		return FALSE;
	/* Opens the device: only then it says what its driver imports. */
	if (gst_element_set_state(way->pipeline, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s does not start", way->name);
		return FALSE;
	}
	imported = choose_caps(way->kind, converter, picture, &format);
	if (!imported) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
			    "%s does not import buffers of format %.4s with modifier 0x%" G_GINT64_MODIFIER "x",
			    way->name, (const char *)&picture->fourcc, picture->modifier);
		return FALSE;
	}
	way->format = format->format;
	set_caps(way, imported, picture);
	if (!gst_element_link_many(way->source, converter, way->sink, NULL) ||
	    gst_element_set_state(way->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be connected", way->name);
		return FALSE;
	}
	return TRUE;
}

static gboolean is_prepared(const gpu_way *way, const char *colorimetry, const struct gpu_picture *picture)
{
	return way->pipeline && g_str_equal(way->colorimetry, colorimetry) && way->layout.fourcc == picture->fourcc &&
	       way->layout.modifier == picture->modifier && way->layout.width == picture->width && way->layout.height == picture->height;
}

static gboolean prepare(gpu_way *way, const struct gpu_picture *picture, GError **error)
{
	const char *colorimetry;

	g_mutex_lock(&way->lock);
	colorimetry = way->wanted;
	g_mutex_unlock(&way->lock);
	if (is_prepared(way, colorimetry, picture))
		return TRUE;
	drop_pipeline(way);
	way->colorimetry = colorimetry;
	way->used = FALSE;
	way->layout = *picture;
	way->layout.memory = NULL;
	way->pipeline = gst_object_ref_sink(gst_pipeline_new("gpu-way"));
	gpu_way_share_device(way->pipeline);
	if (fill_pipeline(way, picture, error))
		return TRUE;
	drop_pipeline(way);
	return FALSE;
}

static GstBuffer *wrap(const gpu_way *way, const struct gpu_picture *picture)
{
	gsize offsets[GST_VIDEO_MAX_PLANES] = { picture->offset };
	int strides[GST_VIDEO_MAX_PLANES] = { picture->pitch };
	GstBuffer *buffer = gst_buffer_new();

	gst_buffer_append_memory(buffer, gst_memory_ref(picture->memory->memory));
	gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, way->format, picture->width,
				       picture->height, 1, offsets, strides);
	GST_BUFFER_PTS(buffer) = 0;
	return buffer;
}

/* Why nothing has come.  A thread that hangs is left alone, with all that it uses. */
static void say_why(gpu_way *way, GError **error)
{
	g_autoptr(GstBus) bus = gst_element_get_bus(way->pipeline);
	g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
	g_autoptr(GError) cause = NULL;

	if (message) {
		gst_message_parse_error(message, &cause, NULL);
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", way->name, cause->message);
		drop_pipeline(way);
		return;
	}
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s does not come back", way->name);
	way->pipeline = NULL;
}

static GstBuffer *run(gpu_way *way, const struct gpu_picture *picture, GError **error)
{
	g_autoptr(GstSample) sample = NULL;

	gst_app_src_push_buffer(GST_APP_SRC(way->source), wrap(way, picture));
	sample = gst_app_sink_try_pull_sample(GST_APP_SINK(way->sink), way->used ? CONVERT_NS : FIRST_CONVERT_NS);
	if (!sample) {
		say_why(way, error);
		return NULL;
	}
	way->used = TRUE;
	return gst_buffer_ref(gst_sample_get_buffer(sample));
}

GstBuffer *gpu_way_convert(gpu_way *way, const struct gpu_picture *picture, GError **error)
{
	const char *given_up = gpu_way_given_up(way);
	g_autoptr(GError) cause = NULL;
	GstBuffer *buffer;

	if (given_up) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CLOSED, given_up);
		return NULL;
	}
	if (prepare(way, picture, &cause)) {
		buffer = run(way, picture, &cause);
		if (buffer)
			return buffer;
	}
	if (!g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
		gpu_way_give_up(way, cause->message);
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}
