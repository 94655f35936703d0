// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The element of media-guard.h.
 */
#include "media-guard.h"

#define MEDIA_TYPE_GUARD media_guard_get_type()
G_DECLARE_FINAL_TYPE(MediaGuard, media_guard, MEDIA, GUARD, GstElement)

struct _MediaGuard {
	GstElement parent;
	GstPad *src; /* the element's */
	const struct media_guard_funcs *funcs;
	gpointer user_data;
};

G_DEFINE_FINAL_TYPE(MediaGuard, media_guard, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template =
	GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	MediaGuard *guard = MEDIA_GUARD(parent);
	GstFlowReturn flow;

	if (!guard->funcs->pass(guard->user_data)) {
		gst_buffer_unref(buffer);
		return GST_FLOW_OK;
	}
	flow = gst_pad_push(guard->src, buffer);
	if (flow == GST_FLOW_OK || flow == GST_FLOW_FLUSHING || flow == GST_FLOW_EOS)
		return flow;
	guard->funcs->refused(flow, guard->user_data);
	return GST_FLOW_OK;
}

/* Caps that are refused are, too, but not the end of the world: the picture that follows is refused. */
static gboolean event(GstPad *pad, GstObject *parent, GstEvent *of)
{
	const gboolean caps = GST_EVENT_TYPE(of) == GST_EVENT_CAPS;

	return gst_pad_event_default(pad, parent, of) || caps;
}

static void media_guard_class_init(MediaGuardClass *class)
{
	GstElementClass *element = GST_ELEMENT_CLASS(class);

	gst_element_class_set_static_metadata(element, "Guard", "Generic", "Keeps failures from a source",
					      "Miracast for Linux");
	gst_element_class_add_static_pad_template(element, &sink_template);
	gst_element_class_add_static_pad_template(element, &src_template);
}

static void media_guard_init(MediaGuard *guard)
{
	GstPad *sink = gst_pad_new_from_static_template(&sink_template, "sink");

	gst_pad_set_chain_function(sink, chain);
	gst_pad_set_event_function(sink, event);
	guard->src = gst_pad_new_from_static_template(&src_template, "src");
	GST_PAD_SET_PROXY_CAPS(sink);
	GST_PAD_SET_PROXY_ALLOCATION(sink);
	GST_PAD_SET_PROXY_CAPS(guard->src);
	gst_element_add_pad(GST_ELEMENT(guard), sink);
	gst_element_add_pad(GST_ELEMENT(guard), guard->src);
}

GstElement *media_guard_new(const char *name, const struct media_guard_funcs *funcs, gpointer user_data)
{
	MediaGuard *guard = g_object_new(MEDIA_TYPE_GUARD, "name", name, NULL);

	guard->funcs = funcs;
	guard->user_data = user_data;
	return GST_ELEMENT(guard);
}
