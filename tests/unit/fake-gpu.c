// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory and connection of the device of fake-gpu.h.
 */
#include "fake-gpu-private.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gst/allocators/gstdmabuf.h>

#define VA_CONNECTION "gst.va.display.handle"
#define GL_CONNECTION "gst.gl.GLDisplay"
#define KEY "fake-gpu-display"
#define MEMORY "FakeGpuMemory"

struct fake_gpu fake_gpu;

/* ------------------------------------------------------------------------ memory */

struct fake_memory {
	GstMemory parent;
	gpointer display;
	guint8 *data;
};

typedef struct {
	GstAllocator parent;
} FakeGpuAllocator;

typedef struct {
	GstAllocatorClass parent;
} FakeGpuAllocatorClass;

GType fake_gpu_allocator_get_type(void);
G_DEFINE_TYPE(FakeGpuAllocator, fake_gpu_allocator, GST_TYPE_ALLOCATOR)

static void free_memory(GstAllocator *allocator, GstMemory *memory)
{
	g_free(((struct fake_memory *)memory)->data);
	g_free(memory);
}

static gpointer map_memory(GstMemory *memory, gsize size, GstMapFlags flags)
{
	return ((struct fake_memory *)memory)->data;
}

static void unmap_memory(GstMemory *memory)
{
}

static void fake_gpu_allocator_class_init(FakeGpuAllocatorClass *class)
{
	GST_ALLOCATOR_CLASS(class)->free = free_memory;
}

static void fake_gpu_allocator_init(FakeGpuAllocator *self)
{
	GstAllocator *allocator = GST_ALLOCATOR(self);

	allocator->mem_type = MEMORY;
	allocator->mem_map = map_memory;
	allocator->mem_unmap = unmap_memory;
	GST_OBJECT_FLAG_SET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

/* A memory file stands for it, as for those of the desktop. */
static GstMemory *make_dmabuf(gsize size)
{
	g_autoptr(GstAllocator) allocator = gst_dmabuf_allocator_new();
	int fd = memfd_create("fake-gpu", MFD_CLOEXEC);

	g_assert_cmpint(ftruncate(fd, size), ==, 0);
	return gst_dmabuf_allocator_alloc(allocator, fd, size);
}

GstMemory *fake_gpu_memory_new(gsize size, gpointer display)
{
	g_autoptr(GstAllocator) allocator = gst_object_ref_sink(g_object_new(fake_gpu_allocator_get_type(), NULL));
	struct fake_memory *memory;

	if (!display)
		return make_dmabuf(size);
	memory = g_new0(struct fake_memory, 1);
	gst_memory_init(GST_MEMORY_CAST(memory), 0, allocator, NULL, size, 0, 0, size);
	memory->display = display;
	memory->data = g_malloc0(size);
	return GST_MEMORY_CAST(memory);
}

gpointer fake_gpu_memory_display(GstMemory *memory)
{
	return gst_memory_is_type(memory, MEMORY) ? ((struct fake_memory *)memory)->display : NULL;
}

/* -------------------------------------------------------------------- connection */

typedef struct {
	GObject parent;
	const char *connection;
	char *path; /* NULL: it does not say */
} FakeGpuDisplay;

typedef struct {
	GObjectClass parent;
} FakeGpuDisplayClass;

GType fake_gpu_display_get_type(void);
G_DEFINE_TYPE(FakeGpuDisplay, fake_gpu_display, G_TYPE_OBJECT)

static void get_path(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	g_value_set_string(value, ((FakeGpuDisplay *)object)->path);
}

static void finalize_display(GObject *object)
{
	g_free(((FakeGpuDisplay *)object)->path);
	G_OBJECT_CLASS(fake_gpu_display_parent_class)->finalize(object);
}

static void fake_gpu_display_class_init(FakeGpuDisplayClass *class)
{
	G_OBJECT_CLASS(class)->get_property = get_path;
	G_OBJECT_CLASS(class)->finalize = finalize_display;
	g_object_class_install_property(G_OBJECT_CLASS(class), 1,
					g_param_spec_string("path", "path", "path", NULL,
							    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void fake_gpu_display_init(FakeGpuDisplay *self)
{
}

/* Elements of all devices but the first have its node in their names. */
static char *path_of(GstElement *element, const char *connection)
{
	const char *name = GST_OBJECT_NAME(gst_element_get_factory(element));
	const char *node = g_str_has_prefix(name, "varenderD") ? name + strlen("va") : "renderD128";

	if (!g_str_equal(connection, VA_CONNECTION) || g_atomic_int_get(&fake_gpu.no_path))
		return NULL;
	return g_strdup_printf("/dev/dri/%.10s", node);
}

static const char *connection_of(GstElement *element)
{
	return g_str_has_prefix(GST_OBJECT_NAME(gst_element_get_factory(element)), "va") ? VA_CONNECTION : GL_CONNECTION;
}

static GObject *display_of(GstElement *element)
{
	GObject *display;

	GST_OBJECT_LOCK(element);
	display = g_object_get_data(G_OBJECT(element), KEY);
	if (display)
		g_object_ref(display);
	GST_OBJECT_UNLOCK(element);
	return display;
}

static GstContext *context_of(GObject *display)
{
	GstContext *context = gst_context_new(((FakeGpuDisplay *)display)->connection, TRUE);

	gst_structure_set(gst_context_writable_structure(context), "gst-display", G_TYPE_OBJECT, display, NULL);
	return context;
}

void fake_gpu_set_context(GstElement *element, GstContext *context)
{
	const char *connection = context ? gst_context_get_context_type(context) : "";
	g_autofree char *path = path_of(element, connection);
	GObject *display = NULL;

	/* Those of others are nothing to it. */
	if (!g_str_equal(connection, connection_of(element)) ||
	    !gst_structure_get(gst_context_get_structure(context), "gst-display", G_TYPE_OBJECT, &display, NULL))
		return;
	if (g_strcmp0(((FakeGpuDisplay *)display)->path, path) != 0) {
		g_object_unref(display);
		return;
	}
	GST_OBJECT_LOCK(element);
	g_object_set_data_full(G_OBJECT(element), KEY, display, g_object_unref);
	GST_OBJECT_UNLOCK(element);
}

gboolean fake_gpu_answer(GstElement *element, GstQuery *query)
{
	g_autoptr(GObject) display = display_of(element);
	g_autoptr(GstContext) context = NULL;
	const char *type;

	if (!display || !gst_query_parse_context_type(query, &type) ||
	    !g_str_equal(type, ((FakeGpuDisplay *)display)->connection))
		return FALSE;
	context = context_of(display);
	gst_query_set_context(query, context);
	return TRUE;
}

static void ask(GstElement *element, const char *name, const char *connection)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(element, name);
	g_autoptr(GstQuery) query = gst_query_new_context(connection);
	GstContext *context = NULL;

	if (!gst_pad_peer_query(pad, query))
		return;
	gst_query_parse_context(query, &context);
	gst_element_set_context(element, context);
}

/* Nobody has answered, and all that open the device now have asked. */
static void wait_for_others(void)
{
	g_atomic_int_inc(&fake_gpu.opened);
	for (guint i = 0; g_atomic_int_get(&fake_gpu.opened) < g_atomic_int_get(&fake_gpu.open_together); i++) {
		g_assert_cmpuint(i, <, 1000);
		g_usleep(1000);
	}
}

GObject *fake_gpu_display(GstElement *element, const struct fake_gpu_device *device)
{
	g_autoptr(GstContext) context = NULL;
	GObject *display = display_of(element);

	if (!device->connection)
		return NULL;
	if (!display)
		ask(element, "src", device->connection);
	if (!display && !(display = display_of(element)))
		ask(element, "sink", device->connection);
	if (display || (display = display_of(element)))
		return display;
	gst_element_post_message(element, gst_message_new_need_context(GST_OBJECT(element), device->connection));
	display = display_of(element);
	if (display)
		return display;
	wait_for_others();
	display = g_object_new(fake_gpu_display_get_type(), NULL);
	((FakeGpuDisplay *)display)->connection = device->connection;
	((FakeGpuDisplay *)display)->path = path_of(element, device->connection);
	context = context_of(display);
	gst_element_set_context(element, context);
	g_object_unref(display);
	gst_element_post_message(element, gst_message_new_have_context(GST_OBJECT(element), gst_context_ref(context)));
	/* Who is told may have a better one. */
	return display_of(element);
}

/* ---------------------------------------------------------------------- a device */

const struct fake_gpu_device *fake_gpu_device_of(GKeyFile *devices, const char *group)
{
	struct fake_gpu_device *device = g_new0(struct fake_gpu_device, 1);

	device->memory = g_key_file_get_string(devices, group, "memory", NULL);
	if (g_strcmp0(device->memory, "memory:VAMemory") == 0)
		device->connection = VA_CONNECTION;
	else if (device->memory)
		device->connection = GL_CONNECTION;
	return device;
}

gboolean fake_gpu_has_memory(const struct fake_gpu_device *device, const GstCaps *caps)
{
	return device->memory && gst_caps_features_contains(gst_caps_get_features(caps, 0), device->memory);
}

GKeyFile *fake_gpu_load(const char *name)
{
	/* The types that are made of them last as long as the process. */
	static GPtrArray *all;
	GKeyFile *file = g_key_file_new();
	g_autoptr(GError) error = NULL;

	g_key_file_load_from_file(file, name, G_KEY_FILE_NONE, &error);
	g_assert_no_error(error);
	if (!all)
		all = g_ptr_array_new();
	g_ptr_array_add(all, file);
	return file;
}

void fake_gpu_register(GstPlugin *plugin, GKeyFile *encoders, GKeyFile *devices, const char *group,
		      const char *encoder, const char *converter)
{
	g_auto(GStrv) converters = converter ? g_strsplit(converter, " ! ", -1) : NULL;

	if (encoder)
		g_assert_true(gst_element_register(plugin, encoder, GST_RANK_NONE,
						   fake_gpu_encoder_type(encoders, devices, group)));
	for (guint i = 0; converters && converters[i]; i++) {
		g_autofree char *its = i ? g_strdup_printf("%s/%u", group, i + 1) : g_strdup(group);

		g_assert_true(gst_element_register(plugin, converters[i], GST_RANK_NONE,
						   fake_gpu_converter_type(devices, its)));
	}
}
