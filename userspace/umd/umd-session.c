// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The session of umd-session.h.
 */
#include "umd-private.h"

#include <errno.h>
#include <string.h>

/*
 * The desktop gets so long to use its new monitor; then the stream begins with
 * black, because sinks give up 6 s after M3 (6.5).
 */
#define DESKTOP_MS 3000

/* Part of the recommended rate that video may take; the rest is audio, TS and RTP. */
#define VIDEO_SHARE_PERCENT 85

/* In-play M4: the new mode begins so long after the request. */
#define MODE_CHANGE_MS 200

/* --------------------------------------------------------------------- timers */

static void clear_source(GSource **source)
{
	if (!*source)
		return;
	g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

static GSource *add_timer(umd_session *s, guint ms, GSourceFunc function)
{
	GSource *source = g_timeout_source_new(ms);

	g_source_set_callback(source, function, s, NULL);
	g_source_attach(source, s->context);
	return source;
}

static gboolean second_passed(gpointer data)
{
	umd_session *s = data;

	if (s->pipeline)
		umd_report_stats(s);
	return G_SOURCE_CONTINUE;
}

/* --------------------------------------------------------------------- the end */

static void stop_streaming(umd_session *s)
{
	clear_source(&s->desktop_timer);
	clear_source(&s->tick);
	umd_stream_free(s);
}

static void session_over(umd_session *s, enum channel_reason reason, const char *message)
{
	if (s->over)
		return;
	s->over = TRUE;
	if (s->pipeline)
		umd_report_stats(s);
	stop_streaming(s);
	g_message("session over (%s): %s", channel_reason_name(reason), message);
	s->funcs->ended(s, reason, message, s->user_data);
}

/* The sink shall hear of it, if it listens. */
void umd_session_fail(umd_session *s, enum channel_reason reason, const char *message)
{
	if (s->rtsp)
		rtsp_session_fail(s->rtsp, reason, message);
	else
		session_over(s, reason, message);
}

/* ------------------------------------------------------------------- the mode */

static void select_mode(umd_session *s, const struct wfd_mode *mode)
{
	g_autoptr(GError) error = NULL;

	clear_source(&s->desktop_timer);
	s->selected = TRUE;
	if (!umd_modes_negotiate(s, mode, &s->selection, &error)) {
		umd_session_fail(s, CHANNEL_REASON_NO_COMMON_MODE, error->message);
		return;
	}
	s->bit_rate = s->selection.bitrate;
	rtsp_session_select(s->rtsp, &s->selection);
}

static gboolean desktop_is_late(gpointer data)
{
	umd_session *s = data;

	g_message("the desktop has not set a mode within %d ms; going on with a black picture",
		  DESKTOP_MS);
	select_mode(s, umd_modes_preferred(s));
	return G_SOURCE_REMOVE;
}

/* Bring the stream to what the desktop has set, if it is not there already. */
static void follow_desktop(umd_session *s)
{
	g_autoptr(GError) error = NULL;
	const struct wfd_mode *mode;

	if (!s->pipeline || s->next.mode || !s->desktop.width)
		return;
	mode = monitor_find_mode(s->modes, s->desktop.width, s->desktop.height, s->desktop.refresh);
	if (!mode || mode == s->selection.mode)
		return;
	if (!umd_modes_negotiate(s, mode, &s->next, &error)) {
		s->next.mode = NULL;
		umd_session_fail(s, CHANNEL_REASON_MODE_REFUSED, error->message);
		return;
	}
	if (!rtsp_session_change_mode(s->rtsp, &s->next,
				      media_pipeline_pts_in(s->pipeline, MODE_CHANGE_MS)))
		s->next.mode = NULL;
}

/* -------------------------------------------------------------- RTSP says ... */

static void sink_identified(rtsp_session *rtsp, const char *user_agent,
			    const struct wfd_quirks *quirks, gpointer user_data)
{
	umd_session *s = user_data;

	s->quirks = *quirks;
	umd_report_sink(s, user_agent);
}

/*
 * What the sink has said in M3 (R29).  Sinks that say that they have no panel get
 * a stream all the same (R33): it is there when somebody switches the panel on.
 */
static guint32 session_info(umd_session *s)
{
	guint32 info = 0;

	if (s->caps->no_panel)
		g_message("the sink says that it has no panel");
	else
		info |= MIRACAST_SESSION_MONITOR_CONNECTED;
	if (s->reduced)
		info |= MIRACAST_SESSION_REDUCED_MODES;
	return info;
}

static void capabilities(rtsp_session *rtsp, const wfd_sink_caps *caps,
			 const struct wfd_quirks *quirks, gpointer user_data)
{
	umd_session *s = user_data;
	g_autoptr(GError) error = NULL;
	GArray *modes;

	s->caps = caps;
	s->quirks = *quirks;
	umd_report_sink(s, NULL);
	umd_report_phase(s, CHANNEL_PHASE_CAPABILITIES);

	modes = umd_modes_new(s, &error);
	if (!modes) {
		umd_session_fail(s, CHANNEL_REASON_NO_COMMON_MODE, error->message);
		return;
	}
	g_mutex_lock(&s->lock);
	s->modes = modes;
	g_mutex_unlock(&s->lock);
	if (!caps->no_panel && s->limits.link_rate && s->limits.link_rate < FLOOR_BIT_RATE) {
		umd_session_fail(s, CHANNEL_REASON_BANDWIDTH,
		     "The link is too slow for even the smallest picture (1024x768)");
		return;
	}
	s->funcs->started(s, session_info(s), s->user_data);
}

static void mode_accepted(rtsp_session *rtsp, gboolean in_play, gpointer user_data)
{
	umd_session *s = user_data;
	struct stream_mode mode;

	if (in_play) {
		s->selection = s->next;
		s->next.mode = NULL;
		s->bit_rate = s->selection.bitrate;
		mode = umd_stream_mode(s->selection.mode);
		media_pipeline_set_mode(s->pipeline, &s->selection);
		frame_pump_set_mode(s->pump, &mode);
		frame_pump_set_blank(s->pump, FALSE);
	}
	umd_report_phase(s, CHANNEL_PHASE_MODE);
	umd_report_mode(s);
	if (in_play)
		follow_desktop(s);
}

static guint16 setup(rtsp_session *rtsp, guint16 client_port, gpointer user_data, GError **error)
{
	umd_session *s = user_data;
	guint16 port = umd_stream_new(s, client_port, error);

	if (port)
		umd_report_phase(s, CHANNEL_PHASE_SETUP);
	return port;
}

static void play(rtsp_session *rtsp, gpointer user_data)
{
	umd_session *s = user_data;

	umd_report_phase(s, CHANNEL_PHASE_PLAY);
	media_pipeline_play(s->pipeline);
	frame_pump_set_running(s->pump, TRUE);
	follow_desktop(s);
}

static void pause_stream(rtsp_session *rtsp, gpointer user_data)
{
	umd_session *s = user_data;

	frame_pump_set_running(s->pump, FALSE);
	media_pipeline_pause(s->pipeline);
}

static void key_frame_requested(rtsp_session *rtsp, gpointer user_data)
{
	umd_session *s = user_data;

	s->idr_requests++;
	umd_report_event(s, MIRACAST_EVENT_IDR_REQUEST);
	umd_session_key_frame(s);
}

/* The kernel's monitor departs with the session, which ends now. */
static void panel_unplugged(rtsp_session *rtsp, gpointer user_data)
{
	umd_report_event(user_data, MIRACAST_EVENT_MONITOR_DEPART);
}

static void rtsp_ended(rtsp_session *rtsp, enum channel_reason reason, const char *message,
		       gpointer user_data)
{
	session_over(user_data, reason, message);
}

static void m1_answered(rtsp_session *rtsp, gpointer user_data)
{
	umd_report_phase(user_data, CHANNEL_PHASE_ANSWERED);
}

static const struct rtsp_session_funcs rtsp_funcs = {
	.answered = m1_answered,
	.identified = sink_identified,
	.capabilities = capabilities,
	.mode_accepted = mode_accepted,
	.setup = setup,
	.play = play,
	.pause = pause_stream,
	.key_frame = key_frame_requested,
	.unplugged = panel_unplugged,
	.ended = rtsp_ended,
};

/* ------------------------------------------------------------ the driver says ... */

umd_session *umd_session_new(const struct umd_config *config, channel *ch, struct miracast_host *host,
			     const struct miracast_callbacks *callbacks,
			     const struct umd_session_funcs *funcs, gpointer user_data,
			     enum channel_reason *reason, GError **error)
{
	g_autoptr(umd_session) s = g_new0(umd_session, 1);

	s->config = config;
	s->ch = ch;
	s->host = host;
	s->callbacks = callbacks;
	s->funcs = funcs;
	s->user_data = user_data;
	s->context = g_main_context_ref_thread_default();
	g_mutex_init(&s->lock);

	*reason = CHANNEL_REASON_ENCODER_MISSING;
	s->encoder = video_encoder_find(config->encoder, error);
	if (!s->encoder)
		return NULL;
	*reason = CHANNEL_REASON_INTERNAL;
	s->source_class = config->kernel ? &frame_source_kernel : &frame_source_test;
	s->source = s->source_class->create(host, callbacks, error);
	if (!s->source)
		return NULL;
	return g_steal_pointer(&s);
}

void umd_session_free(umd_session *s)
{
	if (!s)
		return;
	stop_streaming(s);
	rtsp_session_free(s->rtsp);
	if (s->source)
		s->source_class->destroy(s->source);
	g_clear_object(&s->rtp_socket);
	if (s->modes)
		g_array_unref(s->modes);
	g_mutex_clear(&s->lock);
	g_main_context_unref(s->context);
	g_free(s);
}

void umd_session_start(umd_session *s, int rtsp_fd, const struct miracast_wfd_connection_stats *stats)
{
	g_autoptr(GError) error = NULL;
	struct rtsp_session_config config = {
		.local_address = s->config->local_address,
		.friendly_name = s->config->friendly_name,
	};

	video_encoder_limits(s->encoder, &s->limits);
	s->limits.max_bitrate = MIN(s->config->max_bit_rate, G_MAXUINT);
	s->limits.link_rate = MIN(stats->current_bit_rate, G_MAXUINT);
	s->rtsp = rtsp_session_new(rtsp_fd, &config, &rtsp_funcs, s, &error);
	if (!s->rtsp) {
		session_over(s, CHANNEL_REASON_SINK_VANISHED, error->message);
		return;
	}
	s->tick = add_timer(s, 1000, second_passed);
	umd_report_phase(s, CHANNEL_PHASE_CONNECTED);
}

void umd_session_stop(umd_session *s)
{
	if (s->rtsp)
		rtsp_session_teardown(s->rtsp);
	else
		session_over(s, CHANNEL_REASON_STOPPED, "Stopped");
}

/* Tell the kernel of the monitor. */
static int plug(umd_session *s, GError **error)
{
	g_autoptr(GBytes) input = monitor_plug(s->caps, s->modes, umd_modes_preferred(s),
					       s->config->friendly_name, error);
	gconstpointer data;
	gsize len;
	int err;

	if (!input)
		return -EINVAL;
	data = g_bytes_get_data(input, &len);
	err = s->callbacks->io_control(s->host, false, MIRACAST_CTL_PLUG, len, data, 0, NULL, NULL);
	if (err)
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-err),
			    "The kernel does not take the monitor: %s", g_strerror(-err));
	return err;
}

void umd_session_running(umd_session *s)
{
	g_autoptr(GError) error = NULL;

	if (s->over)
		return;
	if (!s->config->kernel) {
		select_mode(s, umd_modes_preferred(s));
		return;
	}
	if (plug(s, &error) < 0) {
		umd_session_fail(s, CHANNEL_REASON_DRIVER_GONE, error->message);
		return;
	}
	umd_report_event(s, MIRACAST_EVENT_MONITOR_ARRIVE);
	umd_report_phase(s, CHANNEL_PHASE_MONITOR);
	if (!s->selected)
		s->desktop_timer = add_timer(s, DESKTOP_MS, desktop_is_late);
}

void umd_session_data_rate(umd_session *s, const struct miracast_data_rate *rate)
{
	guint64 bit_rate = rate->encoder_bit_rate * VIDEO_SHARE_PERCENT / 100;

	if (!s->pipeline || !rate->encoder_bit_rate)
		return;
	bit_rate = CLAMP(bit_rate, FLOOR_BIT_RATE, s->selection.bitrate);
	/* Small steps are not worth a change of the encoder. */
	if (bit_rate * 10 > (guint64)s->bit_rate * 9 && bit_rate * 10 < (guint64)s->bit_rate * 11)
		return;
	g_message("video bit rate %u -> %" G_GUINT64_FORMAT, s->bit_rate, bit_rate);
	s->bit_rate = bit_rate;
	media_pipeline_set_bit_rate(s->pipeline, s->bit_rate);
}

void umd_session_key_frame(umd_session *s)
{
	if (!s->pipeline)
		return;
	media_pipeline_key_frame(s->pipeline);
	frame_pump_poke(s->pump);
}

gboolean umd_session_can_show(umd_session *s, const struct miracast_mode_state *mode)
{
	gboolean can;

	g_mutex_lock(&s->lock);
	can = s->modes && monitor_find_mode(s->modes, mode->width, mode->height, mode->refresh);
	g_mutex_unlock(&s->lock);
	return can;
}

void umd_session_mode_set(umd_session *s, const struct miracast_mode_state *mode)
{
	gboolean was_off = !s->desktop.width;

	if (s->over)
		return;
	s->desktop = *mode;
	if (!s->selected) {
		select_mode(s, monitor_find_mode(s->modes, mode->width, mode->height, mode->refresh));
		return;
	}
	if (was_off && s->pipeline && !rtsp_session_pause(s->rtsp, FALSE))
		frame_pump_set_blank(s->pump, FALSE);
	follow_desktop(s);
}

void umd_session_mode_off(umd_session *s)
{
	memset(&s->desktop, 0, sizeof(s->desktop));
	if (!s->over && s->pipeline && !rtsp_session_pause(s->rtsp, TRUE))
		frame_pump_set_blank(s->pump, TRUE);
}

void umd_session_power(umd_session *s, gboolean on)
{
	if (!s->over && s->pipeline && !rtsp_session_standby(s->rtsp, !on))
		frame_pump_set_blank(s->pump, !on);
}
