// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pictures and packets: see umd-private.h.
 */
#include "umd-private.h"

static void picture_wanted(gpointer user_data)
{
	umd_session *s = user_data;

	frame_pump_want(s->pump);
}

static void first_sent(gpointer user_data)
{
	umd_report_phase(user_data, CHANNEL_PHASE_STREAMING);
}

static void pipeline_failed(const char *message, gpointer user_data)
{
	umd_session_fail(user_data, CHANNEL_REASON_PIPELINE_FAILED, message);
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
	umd_session_fail(user_data, CHANNEL_REASON_DRIVER_GONE, "The kernel took the monitor away");
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

struct stream_mode umd_stream_mode(const struct wfd_mode *mode)
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

guint16 umd_stream_new(umd_session *s, guint16 client_port, GError **error)
{
	struct stream_mode mode = umd_stream_mode(s->selection.mode);
	guint16 port;

	s->rtp_socket = open_rtp_socket(s->config->local_address, &port, error);
	if (!s->rtp_socket)
		return 0;
	s->gone_source = g_idle_source_new();
	g_source_set_callback(s->gone_source, source_gone, s, NULL);
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
	return port;
}

void umd_stream_free(umd_session *s)
{
	/* Each calls the other from a thread of its own: no pictures, then no wishes. */
	if (s->pump)
		frame_pump_stop(s->pump);
	if (s->gone_source)
		g_source_destroy(s->gone_source);
	g_clear_pointer(&s->gone_source, g_source_unref);
	g_clear_pointer(&s->pipeline, media_pipeline_free);
	g_clear_pointer(&s->pump, frame_pump_free);
}
