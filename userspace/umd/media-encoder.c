// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The encoder's life: made anew for other pictures, and when it has failed.  See
 * media-pipeline-private.h.
 */
#include "media-pipeline-private.h"

/* ------------------------------------------------------------------------- failures */

/* In any thread; the owner hears of it in the main context. */
void media_encoder_broke(media_pipeline *p, const char *why)
{
	g_mutex_lock(&p->lock);
	p->broken = TRUE;
	if (why && !p->broken_why)
		p->broken_why = g_strdup(why);
	g_mutex_unlock(&p->lock);
	g_source_set_ready_time(p->broken_source, 0);
}

static void refused(GstFlowReturn flow, gpointer user_data)
{
	media_encoder_broke(user_data, NULL);
}

/* What the encoder itself has said, if that has not been read yet. */
static void read_errors(media_pipeline *p)
{
	g_autoptr(GstBus) bus = gst_element_get_bus(p->pipeline);
	GstMessage *message;

	while ((message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR))) {
		media_bus_message(bus, message, p);
		gst_message_unref(message);
	}
}

/* A step down: no pictures in the GPU's memory; another encoder; the end. */
static gboolean step_down(gpointer user_data)
{
	media_pipeline *p = user_data;
	g_autofree char *why = NULL;
	gboolean again, on_gpu;

	g_source_set_ready_time(p->broken_source, -1);
	read_errors(p);
	g_mutex_lock(&p->lock);
	/* Of each encoder once. */
	again = !p->broken || p->told == p->made;
	p->told = p->made;
	on_gpu = p->made_on_gpu;
	why = g_strdup(p->broken_why ? p->broken_why : "The encoder takes no more pictures");
	g_mutex_unlock(&p->lock);
	g_source_set_ready_time(p->broken_source, -1);
	if (again || p->failed)
		return G_SOURCE_CONTINUE;
	if (on_gpu && p->funcs->gpu_failed)
		p->funcs->gpu_failed(why, p->user_data);
	else if (!p->funcs->encoder_failed || !p->funcs->encoder_failed(why, p->user_data))
		media_fail(p, CHANNEL_REASON_ENCODER_FAILED, why);
	return G_SOURCE_CONTINUE;
}

/* ---------------------------------------------------------------------- another one */

/* With the lock held: what is pushed from now on is for an encoder that is not there yet. */
static void expect_another(media_pipeline *p)
{
	p->encoder_number++;
	p->encoder_used = FALSE;
	key_frames_restart(&p->keys);
}

void media_encoder_follow(media_pipeline *p, gboolean on_gpu)
{
	g_autoptr(GstCaps) caps = NULL;

	if (on_gpu == p->on_gpu)
		return;
	p->on_gpu = on_gpu;
	if (!p->encoder_waits)
		p->next = p->selection;
	p->encoder_waits = TRUE;
	expect_another(p);
	caps = media_elements_picture_caps(p, p->mode, on_gpu);
	gst_app_src_set_caps(GST_APP_SRC(p->source), caps);
}

void media_pipeline_set_encoder(media_pipeline *p, const struct video_encoder *encoder)
{
	g_mutex_lock(&p->lock);
	p->encoder = encoder;
	p->replaced = p->remake = TRUE;
	expect_another(p);
	g_mutex_unlock(&p->lock);
	p->funcs->needed(p->user_data);
}

/* The pictures' streaming thread: what is behind appsrc is empty and idle. */
static void replace(media_pipeline *p, gboolean on_gpu)
{
	g_autoptr(GError) error = NULL;
	struct wfd_selection selection;
	gboolean slowed;
	guint bit_rate, burst_bit_rate;

	g_mutex_lock(&p->lock);
	if (p->encoder_waits)
		p->selection = p->next;
	p->encoder_waits = p->remake = FALSE;
	picture_times_forget(&p->times, p->encoder_number);
	selection = p->selection;
	bit_rate = p->bit_rate;
	burst_bit_rate = p->burst_bit_rate;
	/* What the one before was too slow for this one need not be. */
	slowed = encoder_load_divisor(&p->load) > 1;
	encoder_load_init(&p->load, selection.mode->refresh_hz);
	g_mutex_unlock(&p->lock);
	if (slowed && p->funcs->load)
		p->funcs->load(1, p->user_data);
	if (!media_elements_make_encoder(p, &selection, bit_rate, burst_bit_rate, on_gpu, &error))
		media_encoder_broke(p, error->message);
}

/* Caps leave appsrc: pictures of another kind follow. */
static GstPadProbeReturn caps_leave(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	media_pipeline *p = user_data;
	GstEvent *event = gst_pad_probe_info_get_event(info);
	gboolean wanted;
	GstCaps *caps;

	if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS)
		return GST_PAD_PROBE_OK;
	g_mutex_lock(&p->lock);
	wanted = p->encoder_waits && !p->stopping;
	g_mutex_unlock(&p->lock);
	gst_event_parse_caps(event, &caps);
	if (wanted)
		replace(p, gpu_way_is(caps));
	return GST_PAD_PROBE_OK;
}

/*
 * The picture that is on its way: it may be from before media_pipeline_set_encoder(), and then the new encoder is not to
 * blame for not taking it.
 */
static gboolean comes_from_gpu(media_pipeline *p)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(p->source, "src");
	g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);

	return caps && gpu_way_is(caps);
}

/* Pictures are the same, the encoder is another one. */
static gboolean pass(gpointer user_data)
{
	media_pipeline *p = user_data;
	gboolean wanted, broken;

	g_mutex_lock(&p->lock);
	wanted = p->remake && !p->stopping;
	g_mutex_unlock(&p->lock);
	if (wanted)
		replace(p, comes_from_gpu(p));
	g_mutex_lock(&p->lock);
	broken = p->broken;
	g_mutex_unlock(&p->lock);
	return !broken;
}

const struct media_guard_funcs media_encoder_guard = {
	.pass = pass,
	.refused = refused,
};

void media_encoder_watch(media_pipeline *p)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(p->source, "src");

	p->broken_source = media_add_alarm(p, step_down);
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, caps_leave, p, NULL);
}
