// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory and connection of the device of fake-va.h.
 */
#include "fake-va-private.h"

#include <string.h>

#define CONTEXT "gst.va.display.handle"
#define KEY "fake-va-display"

struct fake_va fake_va;

/* ------------------------------------------------------------------------ memory */

struct fake_memory {
	GstMemory parent;
	gpointer display;
	guint8 *data;
};

typedef struct {
	GstAllocator parent;
} FakeVaAllocator;

typedef struct {
	GstAllocatorClass parent;
} FakeVaAllocatorClass;

GType fake_va_allocator_get_type(void);
G_DEFINE_TYPE(FakeVaAllocator, fake_va_allocator, GST_TYPE_ALLOCATOR)

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

static void fake_va_allocator_class_init(FakeVaAllocatorClass *class)
{
	GST_ALLOCATOR_CLASS(class)->free = free_memory;
}

static void fake_va_allocator_init(FakeVaAllocator *self)
{
	GstAllocator *allocator = GST_ALLOCATOR(self);

	allocator->mem_type = FAKE_VA_MEMORY;
	allocator->mem_map = map_memory;
	allocator->mem_unmap = unmap_memory;
	GST_OBJECT_FLAG_SET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

GstMemory *fake_va_memory_new(gsize size, gpointer display)
{
	g_autoptr(GstAllocator) allocator = gst_object_ref_sink(g_object_new(fake_va_allocator_get_type(), NULL));
	struct fake_memory *memory = g_new0(struct fake_memory, 1);

	gst_memory_init(GST_MEMORY_CAST(memory), 0, allocator, NULL, size, 0, 0, size);
	memory->display = display;
	memory->data = g_malloc0(size);
	return GST_MEMORY_CAST(memory);
}

gpointer fake_va_memory_display(GstMemory *memory)
{
	return gst_memory_is_type(memory, FAKE_VA_MEMORY) ? ((struct fake_memory *)memory)->display : NULL;
}

/* -------------------------------------------------------------------- connection */

typedef struct {
	GObject parent;
	char *path;
} FakeVaDisplay;

typedef struct {
	GObjectClass parent;
} FakeVaDisplayClass;

GType fake_va_display_get_type(void);
G_DEFINE_TYPE(FakeVaDisplay, fake_va_display, G_TYPE_OBJECT)

static void get_path(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	g_value_set_string(value, ((FakeVaDisplay *)object)->path);
}

static void finalize_display(GObject *object)
{
	g_free(((FakeVaDisplay *)object)->path);
	G_OBJECT_CLASS(fake_va_display_parent_class)->finalize(object);
}

static void fake_va_display_class_init(FakeVaDisplayClass *class)
{
	G_OBJECT_CLASS(class)->get_property = get_path;
	G_OBJECT_CLASS(class)->finalize = finalize_display;
	g_object_class_install_property(G_OBJECT_CLASS(class), 1,
					g_param_spec_string("path", "path", "path", NULL,
							    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void fake_va_display_init(FakeVaDisplay *self)
{
}

/* Elements of all devices but the first have its node in their names. */
static char *device_of(GstElement *element)
{
	const char *name = GST_OBJECT_NAME(gst_element_get_factory(element));
	const char *node = g_str_has_prefix(name, "varenderD") ? name + strlen("va") : "renderD128";

	return g_strdup_printf("/dev/dri/%.10s", node);
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
	GstContext *context = gst_context_new(CONTEXT, TRUE);

	gst_structure_set(gst_context_writable_structure(context), "gst-display", G_TYPE_OBJECT, display, NULL);
	return context;
}

void fake_va_set_context(GstElement *element, GstContext *context)
{
	g_autofree char *device = device_of(element);
	GObject *display = NULL;

	if (!context || strcmp(gst_context_get_context_type(context), CONTEXT) != 0 ||
	    !gst_structure_get(gst_context_get_structure(context), "gst-display", G_TYPE_OBJECT, &display, NULL))
		return;
	if (!g_str_equal(((FakeVaDisplay *)display)->path, device)) {
		g_object_unref(display);
		return;
	}
	GST_OBJECT_LOCK(element);
	g_object_set_data_full(G_OBJECT(element), KEY, display, g_object_unref);
	GST_OBJECT_UNLOCK(element);
}

gboolean fake_va_answer(GstElement *element, GstQuery *query)
{
	g_autoptr(GObject) display = display_of(element);
	g_autoptr(GstContext) context = NULL;
	const char *type;

	if (!display || !gst_query_parse_context_type(query, &type) || strcmp(type, CONTEXT) != 0)
		return FALSE;
	context = context_of(display);
	gst_query_set_context(query, context);
	return TRUE;
}

static void ask(GstElement *element, const char *name)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(element, name);
	g_autoptr(GstQuery) query = gst_query_new_context(CONTEXT);
	GstContext *context = NULL;

	if (!gst_pad_peer_query(pad, query))
		return;
	gst_query_parse_context(query, &context);
	gst_element_set_context(element, context);
}

/* Nobody has answered, and all that open the device now have asked. */
static void wait_for_others(void)
{
	g_atomic_int_inc(&fake_va.opened);
	for (guint i = 0; g_atomic_int_get(&fake_va.opened) < g_atomic_int_get(&fake_va.open_together); i++) {
		g_assert_cmpuint(i, <, 1000);
		g_usleep(1000);
	}
}

GObject *fake_va_display(GstElement *element)
{
	g_autoptr(GstContext) context = NULL;
	GObject *display = display_of(element);

	if (!display)
		ask(element, "src");
	if (!display && !(display = display_of(element)))
		ask(element, "sink");
	if (display || (display = display_of(element)))
		return display;
	gst_element_post_message(element, gst_message_new_need_context(GST_OBJECT(element), CONTEXT));
	display = display_of(element);
	if (display)
		return display;
	wait_for_others();
	display = g_object_new(fake_va_display_get_type(), NULL);
	((FakeVaDisplay *)display)->path = device_of(element);
	context = context_of(display);
	gst_element_set_context(element, context);
	g_object_unref(display);
	gst_element_post_message(element, gst_message_new_have_context(GST_OBJECT(element), gst_context_ref(context)));
	/* Who is told may have a better one. */
	return display_of(element);
}

/* ---------------------------------------------------------------------- a device */

GKeyFile *fake_va_load(const char *name)
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

void fake_va_register(GstPlugin *plugin, GKeyFile *encoders, GKeyFile *devices, const char *group,
		      const char *encoder, const char *converter)
{
	if (encoder)
		g_assert_true(gst_element_register(plugin, encoder, GST_RANK_NONE,
						   fake_va_encoder_type(encoders, devices, group)));
	if (converter)
		g_assert_true(gst_element_register(plugin, converter, GST_RANK_NONE,
						   fake_va_converter_type(devices, group)));
}
