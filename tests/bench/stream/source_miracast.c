// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Our session process' own path: the source of the kernel's frames, the pump, a track of sound
 * into which nobody plays, and the media pipeline, put together as umd-stream.c does it.
 */
#include "bench.h"

#include <errno.h>
#include <poll.h>

#include <miracast/umd.h>

#include "audio-encoders.h"
#include "frame-pump.h"
#include "media-pipeline.h"
#include "rtp-ports.h"
#include "sound-pump.h"
#include "wfdelements.h"

/* How often the main loop looks whether the run is over: too rarely to be seen in the figures. */
#define LOOK_MS 250

static struct session {
	GMainLoop *loop;
	frame_pump *pump;
	media_pipeline *pipeline;
	sound_pump *sound;
	gpointer sound_source;
	gboolean failed;
} session;

static int no_chunk(struct miracast_host *host, int timeout_ms, unsigned int n_fds, const int *fds,
		    uint32_t *size, void *chunks, uint32_t *outstanding)
{
	return -ETIMEDOUT;
}

/* The mailbox's event is one that is read. */
static int wait_fd(gpointer source, short *events)
{
	*events = POLLIN;
	return frames_event_fd();
}

static void have_picture(const struct picture *picture, const struct frame_info *info, gboolean repeat,
			 gpointer data)
{
	frames_pushed(info->seq, repeat);
	media_pipeline_push(session.pipeline, picture, info, repeat);
}

static void dropped(guint64 seq, gpointer data)
{
}

static void lost(gpointer data)
{
	media_pipeline_key_frame(session.pipeline);
}

static void unreadable(const char *why, gpointer data)
{
	g_error("%s", why);
}

static void gone(gpointer data)
{
}

static const struct frame_pump_funcs pump_funcs = {
	.picture = have_picture,
	.dropped = dropped,
	.lost = lost,
	.unreadable = unreadable,
	.gone = gone,
};

static void wanted(gpointer data)
{
	frame_pump_want(session.pump);
}

static void needed(gpointer data)
{
	frame_pump_poke(session.pump);
}

static void first_sent(gpointer data)
{
}

static void failed(enum channel_reason reason, const char *message, gpointer data)
{
	g_printerr("stream-bench: %s\n", message);
	session.failed = TRUE;
	g_main_loop_quit(session.loop);
}

static void frame_sent(guint64 seq, guint encode_us, guint bytes, gpointer data)
{
}

static void encoded(guint64 seq, gboolean key, enum picture_gain gain, gpointer data)
{
	frame_pump_encoded(session.pump, seq, key, gain);
}

static const struct media_pipeline_funcs pipeline_funcs = {
	.wanted = wanted,
	.needed = needed,
	.first_sent = first_sent,
	.failed = failed,
	.frame_sent = frame_sent,
	.encoded = encoded,
};

static gboolean look(gpointer data)
{
	if (frames_quit())
		g_main_loop_quit(session.loop);
	return G_SOURCE_CONTINUE;
}

static struct wfd_selection select_mode(const struct bench_run *run)
{
	const struct wfd_mode *mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, run->mode->cea);
	guint stereo, six;

	audio_encoders_available(&stereo, &six);
	return (struct wfd_selection){
		.mode = mode,
		.set = WFD_SET_R1,
		.profile = WFD_H264_PROFILE_CHP,
		.level = MAX((int)mode->min_level, wfd_level_for(mode->width, mode->height, mode->refresh_hz)),
		.bitrate = run->bit_rate,
		/* wfd_burst_bitrate() on a link of unknown rate. */
		.burst_bitrate = MIN(2 * run->bit_rate, 20000000),
		.audio_format = stereo & 1u << WFD_AUDIO_AAC ? WFD_AUDIO_AAC : WFD_AUDIO_NONE,
		.audio_mode = WFD_AAC_48K_16_2,
	};
}

static void sound_unit(const struct sound_unit *unit, gpointer data)
{
	media_pipeline_push_sound(session.pipeline, unit);
}

static gboolean make_sound(const struct wfd_selection *selection, GError **error)
{
	struct sound_layout layout;

	if (!media_pipeline_sound_layout(selection, &layout))
		return TRUE;
	session.sound_source = sound_source_silence.create(NULL, &layout.format, error);
	if (session.sound_source)
		session.sound = sound_pump_new(&sound_source_silence, session.sound_source, &layout, sound_unit, NULL,
					       error);
	return session.sound != NULL;
}

static int run_with(const struct bench_run *run, const char *encoder)
{
	static const struct miracast_callbacks callbacks = { .get_next_chunk = no_chunk };
	const struct stream_mode mode = { run->mode->width, run->mode->height, run->mode->fps * 1000 };
	struct wfd_selection selection = select_mode(run);
	struct frame_source_class source_class = frame_source_kernel;
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string("127.0.0.1", 0);
	g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
						 G_SOCKET_PROTOCOL_UDP, NULL);
	g_autoptr(GstPlugin) plugin = NULL;
	g_autoptr(GError) error = NULL;
	struct media_pipeline_config config = {
		.selection = &selection,
		.bit_rate = run->bit_rate,
		/* The same for all: it follows nothing. */
		.least_bit_rate = run->bit_rate,
		.socket = socket,
		.pmt_pid = 0x100,
	};
	gpointer source;

	plugin = gst_plugin_load_file(X264_PLUGIN, &error);
	if (!plugin || !wfd_elements_register()) {
		g_printerr("stream-bench: %s\n", error ? error->message : "GStreamer does not take our elements");
		return 1;
	}
	session.loop = g_main_loop_new(NULL, FALSE);
	source_class.wait_fd = wait_fd;
	source = source_class.create(NULL, &callbacks, &error);
	config.encoder = source ? video_encoder_find(encoder, &error) : NULL;
	if (!config.encoder || !g_socket_bind(socket, any, FALSE, &error) ||
	    !rtp_ports_connect(g_socket_get_fd(socket), "127.0.0.1", run->port, &error)) {
		g_printerr("stream-bench: %s\n", error->message);
		return 1;
	}
	session.pump = frame_pump_new(&source_class, source, &pump_funcs, NULL, &error);
	session.pipeline = media_pipeline_new(&config, &pipeline_funcs, NULL, &error);
	if (!session.pump || !session.pipeline || !make_sound(&selection, &error)) {
		g_printerr("stream-bench: %s\n", error->message);
		return 1;
	}
	frame_pump_set_mode(session.pump, &mode);
	media_pipeline_play(session.pipeline);
	frame_pump_set_running(session.pump, TRUE);
	if (session.sound)
		sound_pump_set_running(session.sound, TRUE);
	g_timeout_add(LOOK_MS, look, NULL);
	frames_ready();
	g_main_loop_run(session.loop);

	frame_pump_stop(session.pump);
	sound_pump_free(session.sound);
	if (session.sound_source)
		sound_source_silence.destroy(session.sound_source);
	media_pipeline_free(session.pipeline);
	frame_pump_free(session.pump);
	source_class.destroy(source);
	g_main_loop_unref(session.loop);
	return session.failed;
}

static int run_miracast(const struct bench_run *run)
{
	return run_with(run, "wfdx264enc");
}

static int run_undamaged(const struct bench_run *run)
{
	frames_hide_damage();
	return run_with(run, "wfdx264enc");
}

static int run_x264enc(const struct bench_run *run)
{
	return run_with(run, "x264enc");
}

const struct bench_source source_miracast = {
	.name = "miracast",
	.what = "our session process with our element on libx264, AAC",
	.cursor_plane = TRUE,
	.run = run_miracast,
};

const struct bench_source source_miracast_undamaged = {
	.name = "ours-undamaged",
	.what = "the same under a desktop that sets no damage, as KWin",
	.cursor_plane = TRUE,
	.run = run_undamaged,
};

const struct bench_source source_miracast_x264enc = {
	.name = "ours+x264enc",
	.what = "the first with GStreamer's x264enc",
	.cursor_plane = TRUE,
	.run = run_x264enc,
};
