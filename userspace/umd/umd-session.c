// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The session of umd-session.h.
 */
#include "umd-session.h"

#include <errno.h>
#include <string.h>

#include <drm/miracast.h>

#include "frame-pump.h"
#include "media-pipeline.h"
#include "monitor.h"
#include "rtsp-session.h"

/*
 * The desktop gets so long to use its new monitor; then the stream begins with
 * black, because sinks give up 6 s after M3 (6.5).
 */
#define DESKTOP_MS 3000

/* R32: 1024x768p30 needs about this much, bits per second; other modes by their pixels (R30). */
#define FLOOR_BIT_RATE 1500000
#define FLOOR_PIXEL_RATE (1024 * 768 * 30)

/* Part of the recommended rate that video may take; the rest is audio, TS and RTP. */
#define VIDEO_SHARE_PERCENT 85

/* In-play M4: the new mode begins so long after the request. */
#define MODE_CHANGE_MS 200

struct umd_session {
	const struct umd_config *config;
	channel *ch;
	struct miracast_host *host;
	const struct miracast_callbacks *callbacks;
	const struct umd_session_funcs *funcs;
	gpointer user_data;
	GMainContext *context;
	gint64 phases_reached; /* bit per enum channel_phase */
	gboolean over;	       /* ended() was called */

	const struct video_encoder *encoder;
	const struct frame_source_class *source_class;
	gpointer source;
	frame_pump *pump;
	media_pipeline *pipeline;
	GSocket *rtp_socket;
	rtsp_session *rtsp;

	const wfd_sink_caps *caps; /* the RTSP session's; NULL before M3 */
	gboolean reduced;	   /* modes were left out because of the link */
	struct wfd_quirks quirks;
	struct wfd_encoder_limits limits;
	struct wfd_selection selection; /* told to the sink */
	struct wfd_selection next;	/* in-play M4 under way, or mode NULL */
	guint bit_rate;
	guint64 idr_requests;
	struct miracast_mode_state desktop; /* what the desktop has set; width 0: off */
	gboolean selected;

	GSource *desktop_timer;
	GSource *tick; /* each second while there is a stream */
	GSource *gone_source; /* attached when the frame source has gone */

	GMutex lock;
	GArray *modes; /* struct wfd_mode_choice; read by any thread under the lock */
};

/* ------------------------------------------------------------- to the broker */

static void tell(umd_session *s, enum channel_message message, GVariant *fields)
{
	g_autoptr(GError) error = NULL;

	if (!channel_send(s->ch, message, fields, &error))
		g_debug("%s", error->message);
}

static void reach_phase(umd_session *s, enum channel_phase phase)
{
	if (s->phases_reached & (G_GINT64_CONSTANT(1) << phase))
		return;
	s->phases_reached |= G_GINT64_CONSTANT(1) << phase;
	g_message("phase: %s", channel_phase_name(phase));
	tell(s, CHANNEL_PHASE,
	     g_variant_new_parsed("{'phase': <%s>, 'time-us': <%x>}", channel_phase_name(phase),
				  g_get_monotonic_time()));
}

static void add_string(GVariantDict *dict, const char *key, const char *value)
{
	if (value && *value)
		g_variant_dict_insert(dict, key, "s", value);
}

static void tell_sink(umd_session *s, const char *user_agent)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	if (s->caps) {
		add_string(&dict, "name", s->caps->friendly_name);
		add_string(&dict, "manufacturer", s->caps->manufacturer);
		add_string(&dict, "model", s->caps->model_name);
		add_string(&dict, "version", s->caps->version);
	}
	add_string(&dict, "user-agent", user_agent);
	add_string(&dict, "quirks", s->quirks.name);
	tell(s, CHANNEL_SINK, g_variant_dict_end(&dict));
}

static void tell_mode(umd_session *s)
{
	const struct wfd_mode *mode = s->selection.mode;
	const char *audio = wfd_audio_format_name(s->selection.audio_format);
	gboolean high = s->selection.profile == WFD_H264_PROFILE_CHP;

	tell(s, CHANNEL_MODE,
	     g_variant_new_parsed("{'width': <%u>, 'height': <%u>, 'refresh': <%u>, "
				  "'codec': <'H.264'>, 'profile': <%s>, 'level': <%s>, "
				  "'audio': <%s>, 'bit-rate': <%u>, 'encoder': <%s>}",
				  (guint32)mode->width, (guint32)mode->height,
				  (guint32)(mode->refresh_hz * 1000),
				  high ? "high" : "constrained-baseline",
				  wfd_level_name(s->selection.level), audio ? audio : "none",
				  (guint32)s->bit_rate, video_encoder_element(s->encoder)));
}

static void tell_stats(umd_session *s)
{
	struct frame_pump_counters frames;
	struct media_stats media;

	frame_pump_get_counters(s->pump, &frames);
	media_pipeline_take_stats(s->pipeline, &media);
	tell(s, CHANNEL_STATS,
	     g_variant_new_parsed("{'frames-offered': <%t>, 'frames-acquired': <%t>, "
				  "'frames-encoded': <%t>, 'frames-sent': <%t>, "
				  "'frames-dropped': <%t>, 'packets': <%t>, "
				  "'bytes': <%t>, 'idr': <%t>, 'idr-requests': <%t>, "
				  "'latency-median-us': <%t>, 'latency-p95-us': <%t>, "
				  "'bit-rate': <%t>}",
				  frames.offered, frames.taken, media.frames_encoded, media.frames_sent,
				  frames.dropped, media.packets, media.bytes, media.idr,
				  s->idr_requests, media.latency_median_us, media.latency_p95_us,
				  (guint64)s->bit_rate));
}

static void report_event(umd_session *s, enum miracast_protocol_event event)
{
	struct miracast_statistic statistic = {
		.type = MIRACAST_STATISTIC_EVENT,
		.event = event,
	};

	s->callbacks->report_statistic(s->host, &statistic);
}

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
		tell_stats(s);
	return G_SOURCE_CONTINUE;
}

/* --------------------------------------------------------------------- the end */

static void stop_streaming(umd_session *s)
{
	clear_source(&s->desktop_timer);
	clear_source(&s->tick);
	/* Each calls the other from a thread of its own: no pictures, then no wishes. */
	if (s->pump)
		frame_pump_stop(s->pump);
	clear_source(&s->gone_source);
	g_clear_pointer(&s->pipeline, media_pipeline_free);
	g_clear_pointer(&s->pump, frame_pump_free);
}

static void session_over(umd_session *s, enum channel_reason reason, const char *message)
{
	if (s->over)
		return;
	s->over = TRUE;
	if (s->pipeline)
		tell_stats(s);
	stop_streaming(s);
	g_message("session over (%s): %s", channel_reason_name(reason), message);
	s->funcs->ended(s, reason, message, s->user_data);
}

/* The sink shall hear of it, if it listens. */
static void fail(umd_session *s, enum channel_reason reason, const char *message)
{
	if (s->rtsp)
		rtsp_session_fail(s->rtsp, reason, message);
	else
		session_over(s, reason, message);
}

/* ------------------------------------------------------------------- the stream */

static void picture_wanted(gpointer user_data)
{
	umd_session *s = user_data;

	frame_pump_want(s->pump);
}

static void first_sent(gpointer user_data)
{
	reach_phase(user_data, CHANNEL_PHASE_STREAMING);
}

static void pipeline_failed(const char *message, gpointer user_data)
{
	fail(user_data, CHANNEL_REASON_PIPELINE_FAILED, message);
}

static void frame_sent(guint64 seq, guint encode_us, guint bytes, gpointer user_data)
{
	umd_session *s = user_data;
	struct miracast_statistic statistic = {
		.type = MIRACAST_STATISTIC_CHUNK_COMPLETE,
		.info = {
			.type = MIRACAST_CHUNK_ENCODE,
			.processing_time = encode_us,
			.id = MIRACAST_CHUNK_ID(seq, 0),
			.encode_rate = s->bit_rate / 1000,
		},
	};

	s->callbacks->report_statistic(s->host, &statistic);
	statistic.type = MIRACAST_STATISTIC_CHUNK_SENT;
	s->callbacks->report_statistic(s->host, &statistic);
}

static const struct media_pipeline_funcs pipeline_funcs = {
	.wanted = picture_wanted,
	.first_sent = first_sent,
	.failed = pipeline_failed,
	.frame_sent = frame_sent,
};

static void have_picture(const struct picture *picture, const struct frame_info *info,
			 gboolean repeat, gpointer user_data)
{
	umd_session *s = user_data;

	if (!repeat) {
		struct miracast_statistic statistic = {
			.type = MIRACAST_STATISTIC_CHUNK_COMPLETE,
			.info = {
				.type = MIRACAST_CHUNK_COLOR_CONVERT,
				.processing_time = info->convert_us,
				.id = MIRACAST_CHUNK_ID(info->seq, 0),
			},
		};

		s->callbacks->report_statistic(s->host, &statistic);
	}
	media_pipeline_push(s->pipeline, picture, info, repeat);
}

/* R87 */
static void frame_dropped(guint64 seq, gpointer user_data)
{
	const struct miracast_statistic statistic = {
		.type = MIRACAST_STATISTIC_CHUNK_COMPLETE,
		.info = {
			.type = MIRACAST_CHUNK_FRAME_DROPPED,
			.id = MIRACAST_CHUNK_ID(seq, 0),
		},
	};
	umd_session *s = user_data;

	s->callbacks->report_statistic(s->host, &statistic);
}

/* R63; what was on its way to the sink has had a gap of a second at least. */
static void frames_lost(gpointer user_data)
{
	umd_session *s = user_data;

	media_pipeline_key_frame(s->pipeline);
}

static gboolean source_gone(gpointer user_data)
{
	fail(user_data, CHANNEL_REASON_DRIVER_GONE, "The kernel took the monitor away");
	return G_SOURCE_REMOVE;
}

/* In the pump's thread, once. */
static void pump_gone(gpointer user_data)
{
	umd_session *s = user_data;

	g_source_attach(s->gone_source, s->context);
}

static const struct frame_pump_funcs pump_funcs = {
	.picture = have_picture,
	.dropped = frame_dropped,
	.lost = frames_lost,
	.gone = pump_gone,
};

static struct stream_mode stream_mode(const struct wfd_mode *mode)
{
	return (struct stream_mode){ mode->width, mode->height, mode->refresh_hz * 1000 };
}

static GSocket *open_rtp_socket(const char *address, guint16 *port, GError **error)
{
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(address, 0);
	g_autoptr(GSocketAddress) bound = NULL;
	g_autoptr(GSocket) rtp_socket = NULL;

	rtp_socket = g_socket_new(g_socket_address_get_family(local), G_SOCKET_TYPE_DATAGRAM,
				  G_SOCKET_PROTOCOL_UDP, error);
	if (!rtp_socket || !g_socket_bind(rtp_socket, local, FALSE, error))
		return NULL;
	bound = g_socket_get_local_address(rtp_socket, error);
	if (!bound)
		return NULL;
	*port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
	return g_steal_pointer(&rtp_socket);
}

/* ------------------------------------------------------------------- the mode */

/* The wish of the user if the sink can do it, else the best mode. */
static const struct wfd_mode *preferred_mode(umd_session *s)
{
	const struct wfd_mode_request *wish = &s->config->wish;
	const struct wfd_mode *mode = NULL;

	if (wish->width) {
		for (guint i = 0; i < s->modes->len && !mode; i++) {
			mode = g_array_index(s->modes, struct wfd_mode_choice, i).mode;
			if (mode->width != wish->width || mode->height != wish->height ||
			    (wish->refresh_mhz && !wfd_mode_matches_rate(mode, wish->refresh_mhz)))
				mode = NULL;
		}
		if (!mode)
			g_message("the sink cannot show %ux%u; taking its best mode", wish->width,
				  wish->height);
	}
	return mode ? mode : g_array_index(s->modes, struct wfd_mode_choice, 0).mode;
}

static gboolean negotiate(umd_session *s, const struct wfd_mode *mode,
			  struct wfd_selection *selection, GError **error)
{
	struct wfd_mode_request request = { mode->width, mode->height, mode->refresh_hz * 1000 };

	if (!wfd_negotiate(s->caps, &s->limits, &request, selection, error))
		return FALSE;
	if (!s->config->audio && !s->quirks.audio_required)
		selection->audio_format = WFD_AUDIO_NONE;
	return TRUE;
}

static void select_mode(umd_session *s, const struct wfd_mode *mode)
{
	g_autoptr(GError) error = NULL;

	clear_source(&s->desktop_timer);
	s->selected = TRUE;
	if (!negotiate(s, mode, &s->selection, &error)) {
		fail(s, CHANNEL_REASON_NO_COMMON_MODE, error->message);
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
	select_mode(s, preferred_mode(s));
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
	if (!negotiate(s, mode, &s->next, &error)) {
		s->next.mode = NULL;
		fail(s, CHANNEL_REASON_MODE_REFUSED, error->message);
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
	tell_sink(s, user_agent);
}

static guint64 least_bit_rate(const struct wfd_mode *mode)
{
	return (guint64)mode->width * mode->height * mode->refresh_hz * FLOOR_BIT_RATE /
	       FLOOR_PIXEL_RATE;
}

/* Leave out what the link cannot carry, but for the mode that needs least; returns whether (R30). */
static gboolean drop_modes(GArray *modes, guint link_rate)
{
	const struct wfd_mode *frugal = NULL;
	guint before = modes->len;

	for (guint i = 0; i < modes->len; i++) {
		const struct wfd_mode *mode = g_array_index(modes, struct wfd_mode_choice, i).mode;

		if (!frugal || least_bit_rate(mode) < least_bit_rate(frugal))
			frugal = mode;
	}
	for (guint i = modes->len; link_rate && i-- > 0;) {
		const struct wfd_mode *mode = g_array_index(modes, struct wfd_mode_choice, i).mode;

		if (mode != frugal && least_bit_rate(mode) > link_rate)
			g_array_remove_index(modes, i);
	}
	return modes->len < before;
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
	tell_sink(s, NULL);
	reach_phase(s, CHANNEL_PHASE_CAPABILITIES);

	s->limits.audio = s->quirks.audio_only_aac ? 1u << WFD_AUDIO_AAC : ~0u;
	s->limits.audio &= audio_encoders_available();
	modes = wfd_negotiate_modes(caps, &s->limits, &error);
	if (!modes) {
		fail(s, CHANNEL_REASON_NO_COMMON_MODE, error->message);
		return;
	}
	s->reduced = drop_modes(modes, s->limits.link_rate);
	g_mutex_lock(&s->lock);
	s->modes = modes;
	g_mutex_unlock(&s->lock);
	if (!caps->no_panel && s->limits.link_rate && s->limits.link_rate < FLOOR_BIT_RATE) {
		fail(s, CHANNEL_REASON_BANDWIDTH,
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
		mode = stream_mode(s->selection.mode);
		media_pipeline_set_mode(s->pipeline, &s->selection);
		frame_pump_set_mode(s->pump, &mode);
		frame_pump_set_blank(s->pump, FALSE);
	}
	reach_phase(s, CHANNEL_PHASE_MODE);
	tell_mode(s);
	if (in_play)
		follow_desktop(s);
}

static guint16 setup(rtsp_session *rtsp, guint16 client_port, gpointer user_data, GError **error)
{
	umd_session *s = user_data;
	struct stream_mode mode = stream_mode(s->selection.mode);
	guint16 port;

	s->rtp_socket = open_rtp_socket(s->config->local_address, &port, error);
	if (!s->rtp_socket)
		return 0;
	s->pump = frame_pump_new(s->source_class, s->source, &pump_funcs, s, error);
	if (!s->pump)
		return 0;
	frame_pump_set_mode(s->pump, &mode);
	{
		struct media_pipeline_config config = {
			.encoder = s->encoder,
			.selection = &s->selection,
			.bit_rate = s->bit_rate,
			.rare_key_frames = s->caps->idr_requests,
			.audio = s->config->tone ? AUDIO_SOURCE_TONE : AUDIO_SOURCE_SILENCE,
			.socket = s->rtp_socket,
			.peer_address = s->config->peer_address,
			.peer_port = client_port,
			.pmt_pid = s->quirks.pmt_pid,
		};

		s->pipeline = media_pipeline_new(&config, &pipeline_funcs, s, error);
	}
	if (!s->pipeline)
		return 0;
	reach_phase(s, CHANNEL_PHASE_SETUP);
	return port;
}

static void play(rtsp_session *rtsp, gpointer user_data)
{
	umd_session *s = user_data;

	reach_phase(s, CHANNEL_PHASE_PLAY);
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
	report_event(s, MIRACAST_EVENT_IDR_REQUEST);
	umd_session_key_frame(s);
}

/* The kernel's monitor departs with the session, which ends now. */
static void panel_unplugged(rtsp_session *rtsp, gpointer user_data)
{
	report_event(user_data, MIRACAST_EVENT_MONITOR_DEPART);
}

static void rtsp_ended(rtsp_session *rtsp, enum channel_reason reason, const char *message,
		       gpointer user_data)
{
	session_over(user_data, reason, message);
}

static const struct rtsp_session_funcs rtsp_funcs = {
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
	s->gone_source = g_idle_source_new();
	g_source_set_callback(s->gone_source, source_gone, s, NULL);

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
	reach_phase(s, CHANNEL_PHASE_CONNECTED);
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
	g_autoptr(GBytes) input = monitor_plug(s->caps, s->modes, preferred_mode(s),
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
		select_mode(s, preferred_mode(s));
		return;
	}
	if (plug(s, &error) < 0) {
		fail(s, CHANNEL_REASON_DRIVER_GONE, error->message);
		return;
	}
	report_event(s, MIRACAST_EVENT_MONITOR_ARRIVE);
	reach_phase(s, CHANNEL_PHASE_MONITOR);
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
