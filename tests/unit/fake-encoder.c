// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The elements of fake-encoder.h.
 */
#include "fake-encoder.h"

#include <string.h>

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#define MAX_PROPERTIES 64

struct fake_class {
	GstElementClass parent;
	guint n;
	GParamSpec *specs[MAX_PROPERTIES];
	gboolean stuck[MAX_PROPERTIES];
	enum fake_behaviour behaviour;
	struct fake_parts parts;
};

struct fake {
	GstElement parent;
	GValue values[MAX_PROPERTIES];
};

/* What the class is made from. */
struct recipe {
	GKeyFile *data;
	char *group;
	gboolean least;
	enum fake_behaviour behaviour;
	struct fake_parts parts;
};

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	struct fake *fake = (struct fake *)object;
	struct fake_class *class = G_TYPE_INSTANCE_GET_CLASS(object, 0, struct fake_class);

	if (!class->stuck[id - 1])
		g_value_copy(value, &fake->values[id - 1]);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	struct fake *fake = (struct fake *)object;

	g_value_copy(&fake->values[id - 1], value);
}

static void finalize(GObject *object)
{
	struct fake *fake = (struct fake *)object;

	for (guint i = 0; i < MAX_PROPERTIES; i++) {
		if (G_IS_VALUE(&fake->values[i]))
			g_value_unset(&fake->values[i]);
	}
	G_OBJECT_CLASS(g_type_class_peek(GST_TYPE_ELEMENT))->finalize(object);
}

/* "cbr,vbr": values in their order. */
static GType enum_type(const char *name, const char *nicks, gboolean flags)
{
	g_auto(GStrv) words = g_strsplit(nicks, ",", -1);
	guint n = g_strv_length(words);

	if (flags) {
		GFlagsValue *values = g_new0(GFlagsValue, n + 1);

		for (guint i = 0; i < n; i++)
			values[i] = (GFlagsValue){ 1u << i, g_strdup(words[i]), g_strdup(words[i]) };
		return g_flags_register_static(name, values);
	}
	GEnumValue *values = g_new0(GEnumValue, n + 1);

	for (guint i = 0; i < n; i++)
		values[i] = (GEnumValue){ i, g_strdup(words[i]), g_strdup(words[i]) };
	return g_enum_register_static(name, values);
}

static GParamSpec *make_spec(GObjectClass *class, const char *name, char **words)
{
	const GParamFlags flags = G_PARAM_READWRITE;
	g_autofree char *type = g_strdup_printf("%s-%s", G_OBJECT_CLASS_NAME(class), name);
	const char *kind = words[0];

	if (strcmp(kind, "uint") == 0)
		return g_param_spec_uint(name, name, name, g_ascii_strtoull(words[1], NULL, 10),
					 g_ascii_strtoull(words[2], NULL, 10),
					 g_ascii_strtoull(words[3], NULL, 10), flags);
	if (strcmp(kind, "int") == 0)
		return g_param_spec_int(name, name, name, g_ascii_strtoll(words[1], NULL, 10),
					g_ascii_strtoll(words[2], NULL, 10),
					g_ascii_strtoll(words[3], NULL, 10), flags);
	if (strcmp(kind, "boolean") == 0)
		return g_param_spec_boolean(name, name, name, strcmp(words[1], "true") == 0, flags);
	if (strcmp(kind, "string") == 0)
		return g_param_spec_string(name, name, name, NULL, flags);
	if (strcmp(kind, "structure") == 0)
		return g_param_spec_boxed(name, name, name, GST_TYPE_STRUCTURE, flags);
	if (strcmp(kind, "flags") == 0)
		return g_param_spec_flags(name, name, name, enum_type(type, words[1], TRUE), 0, flags);
	if (strcmp(kind, "enum") == 0) {
		GType of = enum_type(type, words[1], FALSE);
		g_autoptr(GEnumClass) values = g_type_class_ref(of);

		return g_param_spec_enum(name, name, name, of,
					 g_enum_get_value_by_nick(values, words[2])->value, flags);
	}
	g_error("%s is no type", kind);
}

static void class_init(gpointer g_class, gpointer data)
{
	static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE(
		"src", GST_PAD_SRC, GST_PAD_ALWAYS,
		GST_STATIC_CAPS("video/x-h264, stream-format=byte-stream, alignment=au"));
	struct fake_class *class = g_class;
	const struct recipe *recipe = data;
	g_auto(GStrv) keys = g_key_file_get_keys(recipe->data, recipe->group, NULL, NULL);
	g_autoptr(GstCaps) caps = gst_caps_from_string(recipe->parts.sink);

	G_OBJECT_CLASS(class)->set_property = set_property;
	G_OBJECT_CLASS(class)->get_property = get_property;
	G_OBJECT_CLASS(class)->finalize = finalize;
	gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "fake",
					      "Codec/Encoder/Video/Hardware", "fake", "tests");
	gst_element_class_add_pad_template(GST_ELEMENT_CLASS(class),
					   gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
	if (recipe->parts.set_context)
		GST_ELEMENT_CLASS(class)->set_context = recipe->parts.set_context;
	class->parts = recipe->parts;
	gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &src);
	class->behaviour = recipe->behaviour;
	for (char **key = keys; *key; key++) {
		g_autofree char *value =
			g_key_file_get_string(recipe->data, recipe->group, *key, NULL);
		g_auto(GStrv) words = g_strsplit(value, " ", -1);
		g_autofree char *name = g_strdup(*key);
		gboolean conditional = g_str_has_suffix(name, "?");

		if (g_str_has_prefix(name, "fit") || (conditional && recipe->least))
			continue;
		if (conditional)
			name[strlen(name) - 1] = '\0';
		class->specs[class->n] = make_spec(G_OBJECT_CLASS(class), name, words);
		g_object_class_install_property(G_OBJECT_CLASS(class), class->n + 1,
						class->specs[class->n]);
		class->n++;
	}
}

/* What x264enc makes of it as the first picture of a stream; NULL: too large. */
static GstBuffer *encode(GstPad *pad, GstPad *src, GstBuffer *buffer)
{
	g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);
	g_autoptr(GstCaps) allowed = gst_pad_get_current_caps(src);
	g_autofree char *text = NULL;
	g_autofree char *wanted = NULL;
	g_autofree char *line = NULL;
	g_autoptr(GstElement) pipeline = NULL;
	g_autoptr(GstElement) source = NULL;
	g_autoptr(GstElement) sink = NULL;
	g_autoptr(GstSample) sample = NULL;
	int width = 0;

	gst_structure_get_int(gst_caps_get_structure(caps, 0), "width", &width);
	if (width > 1920)
		return NULL;
	text = gst_caps_to_string(caps);
	wanted = gst_caps_to_string(allowed);
	line = g_strdup_printf("appsrc name=source format=time caps=\"%s\" ! x264enc tune=zerolatency "
			       "cabac=false dct8x8=%s ! %s ! appsink name=sink sync=false", text,
			       strstr(wanted, "high") ? "true" : "false", wanted);
	pipeline = gst_object_ref_sink(gst_parse_launch(line, NULL));
	source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
	sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	gst_app_src_push_buffer(GST_APP_SRC(source), gst_buffer_copy(buffer));
	sample = gst_app_sink_pull_sample(GST_APP_SINK(sink));
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return gst_buffer_ref(gst_sample_get_buffer(sample));
}

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	struct fake_class *class = G_TYPE_INSTANCE_GET_CLASS(parent, 0, struct fake_class);
	g_autoptr(GstPad) src = gst_element_get_static_pad(GST_ELEMENT(parent), "src");
	GstBuffer *encoded = class->behaviour == FAKE_WORKS ? encode(pad, src, buffer) : NULL;

	gst_buffer_unref(buffer);
	if (encoded)
		return gst_pad_push(src, encoded);
	while (class->behaviour == FAKE_HANGS)
		g_usleep(G_USEC_PER_SEC);
	if (class->behaviour == FAKE_SWALLOWS)
		return GST_FLOW_OK;
	GST_ELEMENT_ERROR(parent, LIBRARY, ENCODE, ("the driver does not do this"), (NULL));
	return GST_FLOW_ERROR;
}

void fake_encoder_negotiate(GstPad *src)
{
	GstCaps *wanted = gst_pad_get_allowed_caps(src);

	if (!wanted)
		return;
	wanted = gst_caps_fixate(wanted);
	gst_pad_set_caps(src, wanted);
	gst_caps_unref(wanted);
}

gconstpointer fake_encoder_data(gpointer element)
{
	return G_TYPE_INSTANCE_GET_CLASS(element, 0, struct fake_class)->parts.data;
}

static gboolean event(GstPad *pad, GstObject *parent, GstEvent *of)
{
	g_autoptr(GstPad) src = gst_element_get_static_pad(GST_ELEMENT(parent), "src");

	if (GST_EVENT_TYPE(of) != GST_EVENT_CAPS)
		return gst_pad_event_default(pad, parent, of);
	gst_event_unref(of);
	fake_encoder_negotiate(src);
	return TRUE;
}

static void instance_init(GTypeInstance *instance, gpointer g_class)
{
	struct fake_class *class = g_class;
	struct fake *fake = (struct fake *)instance;
	GstElement *element = GST_ELEMENT(instance);
	GstPad *sink = gst_pad_new_from_template(
		gst_element_class_get_pad_template(GST_ELEMENT_CLASS(class), "sink"), "sink");

	GstPad *src = gst_pad_new_from_template(
		gst_element_class_get_pad_template(GST_ELEMENT_CLASS(class), "src"), "src");

	gst_pad_set_chain_function(sink, class->parts.chain);
	gst_pad_set_event_function(sink, class->parts.event);
	if (class->parts.query)
		gst_pad_set_query_function(sink, class->parts.query);
	if (class->parts.src_event)
		gst_pad_set_event_function(src, class->parts.src_event);
	gst_element_add_pad(element, sink);
	gst_element_add_pad(element, src);
	for (guint i = 0; i < class->n; i++) {
		g_value_init(&fake->values[i], G_PARAM_SPEC_VALUE_TYPE(class->specs[i]));
		g_param_value_set_default(class->specs[i], &fake->values[i]);
	}
}

static GType make_type(GKeyFile *data, const char *group, gboolean least,
		       enum fake_behaviour behaviour, const struct fake_parts *parts)
{
	static guint number;
	g_autofree char *name = g_strdup_printf("FakeEncoder%u", number++);
	struct recipe *recipe = g_new0(struct recipe, 1);
	const GTypeInfo info = {
		.class_size = sizeof(struct fake_class),
		.class_init = class_init,
		.class_data = recipe,
		.instance_size = sizeof(struct fake),
		.instance_init = instance_init,
	};

	*recipe = (struct recipe){ g_key_file_ref(data), g_strdup(group), least, behaviour, *parts };
	return g_type_register_static(GST_TYPE_ELEMENT, name, &info, 0);
}

static const struct fake_parts plain_parts = { .sink = "video/x-raw", .chain = chain, .event = event };

GType fake_encoder_type(GKeyFile *data, const char *group, gboolean least)
{
	return make_type(data, group, least, FAKE_SWALLOWS, &plain_parts);
}

GType fake_encoder_type_of(GKeyFile *data, const char *group, const struct fake_parts *parts)
{
	return make_type(data, group, FALSE, FAKE_WORKS, parts);
}

void fake_encoder_register(GKeyFile *data, const char *group, const char *name,
			   enum fake_behaviour behaviour)
{
	g_assert_true(gst_element_register(NULL, name, GST_RANK_NONE,
					   make_type(data, group, FALSE, behaviour, &plain_parts)));
}

void fake_encoder_register_bad(const char *ini)
{
	g_autoptr(GKeyFile) data = g_key_file_new();
	g_autoptr(GError) error = NULL;

	g_key_file_load_from_file(data, ini, G_KEY_FILE_NONE, &error);
	g_assert_no_error(error);
	fake_encoder_register(data, "vah264enc@1.26", "vah264enc", FAKE_FAILS);
}

void fake_encoder_stick(GType type, const char *property)
{
	struct fake_class *class = g_type_class_ref(type);

	for (guint i = 0; i < class->n; i++)
		class->stuck[i] |= strcmp(class->specs[i]->name, property) == 0;
}
