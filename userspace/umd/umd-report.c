// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the broker and the kernel are told: see umd-private.h.
 */
#include "umd-private.h"

static void tell(umd_session *s, enum channel_message message, GVariant *fields)
{
	g_autoptr(GError) error = NULL;

	if (!channel_send(s->ch, message, fields, &error))
		g_debug("%s", error->message);
}

void umd_report_phase(umd_session *s, enum channel_phase phase)
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

void umd_report_sink(umd_session *s, const char *user_agent)
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

void umd_report_short_m3(umd_session *s)
{
	tell(s, CHANNEL_SINK, g_variant_new_parsed("{'short-m3': <true>}"));
}

void umd_report_encoder_failed(umd_session *s)
{
	tell(s, CHANNEL_ENCODER_FAILED,
	     g_variant_new_parsed("{'encoder': <%s>, 'profiles': <%u>}",
				  video_encoder_element(s->encoder), (guint32)s->selection.profile));
}

void umd_report_gpu_failed(umd_session *s)
{
	tell(s, CHANNEL_ENCODER_FAILED,
	     g_variant_new_parsed("{'encoder': <%s>, 'profiles': <%u>}", video_encoder_element(s->way_of),
				  (guint32)CHANNEL_ENCODER_PICTURES));
}

void umd_report_rtp_port(umd_session *s, guint16 port)
{
	tell(s, CHANNEL_RTP_PORT, g_variant_new_parsed("{'port': <%u>}", (guint32)port));
}

void umd_report_mode(umd_session *s)
{
	const struct wfd_selection *selection = &s->selection;
	const struct wfd_mode *mode = selection->mode;
	const char *audio = wfd_audio_format_name(selection->audio_format);
	gboolean high = selection->profile == WFD_H264_PROFILE_CHP;

	tell(s, CHANNEL_MODE,
	     g_variant_new_parsed("{'width': <%u>, 'height': <%u>, 'refresh': <%u>, "
				  "'codec': <'H.264'>, 'profile': <%s>, 'level': <%s>, "
				  "'audio': <%s>, 'audio-rate': <%u>, 'audio-channels': <%u>, "
				  "'bit-rate': <%u>, 'encoder': <%s>}",
				  (guint32)mode->width, (guint32)mode->height,
				  (guint32)(mode->refresh_hz * 1000),
				  high ? "high" : "constrained-baseline",
				  wfd_level_name(selection->level), audio ? audio : "none",
				  wfd_audio_rate(selection->audio_format, selection->audio_mode),
				  wfd_audio_channels(selection->audio_format, selection->audio_mode),
				  (guint32)s->bit_rate, video_encoder_element(s->encoder)));
}

static void add_sound(umd_session *s, GVariantDict *dict, const struct media_stats *media)
{
	static const char *const names[] = {
		[SOUND_AWAY] = "away",
		[SOUND_SILENT] = "silent",
		[SOUND_PLAYING] = "playing",
	};
	struct sound_state sound;

	if (!s->sound)
		return;
	sound_pump_get_state(s->sound, &sound);
	g_variant_dict_insert(dict, "sound", "s", names[sound.activity]);
	if (sound.activity == SOUND_PLAYING) {
		g_variant_dict_insert(dict, "sound-rate", "u", sound.format.rate);
		g_variant_dict_insert(dict, "sound-channels", "u", sound.format.channels);
	}
	g_variant_dict_insert(dict, "sound-latency-median-us", "t", media->sound_latency.median_us);
	g_variant_dict_insert(dict, "sound-latency-p95-us", "t", media->sound_latency.p95_us);
	g_variant_dict_insert(dict, "sound-skipped-us", "t",
			      sound.counters.skipped_us + media->sound_skipped_us);
	g_variant_dict_insert(dict, "sound-lost-us", "t", sound.counters.lost_us);
	g_variant_dict_insert(dict, "sound-gaps", "t", sound.counters.gaps + media->sound_gaps);
}

/* Whose memory the pictures are in, and why not in the GPU's. */
static void add_pictures(umd_session *s, GVariantDict *dict)
{
	gboolean imported = g_atomic_int_get(&s->plug.imported);
	guint64 read_mb = g_atomic_int_get(&s->plug.read_mb);

	if (!s->config->kernel)
		return;
	g_variant_dict_insert(dict, "pictures", "s", imported ? "shared" : "copied");
	if (imported && read_mb)
		g_variant_dict_insert(dict, "pictures-read-rate", "t", read_mb * 1000000);
	if (!imported && s->plug.copies_why)
		g_variant_dict_insert(dict, "pictures-why", "s", s->plug.copies_why);
}

/* To the encoder; and why not past the processor, if that was so and is no more. */
static void add_way(umd_session *s, GVariantDict *dict)
{
	const char *why = s->way ? gpu_way_given_up(s->way) : NULL;

	/* The test picture has a way only where there are two. */
	if (!s->config->kernel && !s->way)
		return;
	g_variant_dict_insert(dict, "pictures-way", "s", g_atomic_int_get(&s->plug.on_gpu) ? "gpu" : "processor");
	if (why)
		g_variant_dict_insert(dict, "pictures-way-why", "s", why);
}

static void add_slow_mode(umd_session *s, GVariantDict *dict)
{
	if (!s->slow_mode)
		return;
	g_variant_dict_insert(dict, "slow-width", "u", (guint32)s->slow_mode->width);
	g_variant_dict_insert(dict, "slow-height", "u", (guint32)s->slow_mode->height);
	g_variant_dict_insert(dict, "slow-refresh", "u", (guint32)(s->slow_mode->refresh_hz * 1000));
	g_variant_dict_insert(dict, "slow-lowered", "b", s->slow_lowered);
}

static void add_delay(GVariantDict *dict, const struct media_stats *media)
{
	g_variant_dict_insert(dict, "latency-p99-us", "t", media->latency.p99_us);
	g_variant_dict_insert(dict, "latency-waiting-us", "t", media->waiting.median_us);
	g_variant_dict_insert(dict, "latency-encoding-us", "t", media->encoding.median_us);
	g_variant_dict_insert(dict, "latency-sending-us", "t", media->sending.median_us);
}

/* What has come since the stats before. */
static void add_last(umd_session *s, GVariantDict *dict, const struct frame_pump_counters *frames,
		     const struct media_stats *media)
{
	const struct umd_reported now = {
		.time_us = g_get_monotonic_time(),
		.offered = frames->offered,
		.sent = media->frames_sent,
		.dropped = frames->dropped,
		.bytes = media->bytes,
	};
	const struct umd_reported before = s->reported;

	s->reported = now;
	if (!before.time_us)
		return;
	g_variant_dict_insert(dict, "last-us", "t", (guint64)(now.time_us - before.time_us));
	g_variant_dict_insert(dict, "last-offered", "t", now.offered - before.offered);
	g_variant_dict_insert(dict, "last-sent", "t", now.sent - before.sent);
	g_variant_dict_insert(dict, "last-dropped", "t", now.dropped - before.dropped);
	g_variant_dict_insert(dict, "last-bytes", "t", now.bytes - before.bytes);
}

static void add_losses(umd_session *s, GVariantDict *dict)
{
	struct rtcp_counters counters;

	rtp_sockets_get_counters(s->sockets, &counters);
	g_variant_dict_insert(dict, "sink-reports", "t", counters.reports);
	/* More came than were sent: some came twice. */
	g_variant_dict_insert(dict, "sink-lost", "t", (guint64)MAX(counters.lost, 0));
}

void umd_report_stats(umd_session *s)
{
	struct frame_pump_counters frames;
	struct media_stats media;
	g_autoptr(GVariant) base = NULL;
	GVariantDict dict;

	frame_pump_get_counters(s->pump, &frames);
	media_pipeline_take_stats(s->pipeline, &media);
	base = g_variant_ref_sink(g_variant_new_parsed(
		"{'frames-offered': <%t>, 'frames-acquired': <%t>, "
		"'frames-encoded': <%t>, 'frames-sent': <%t>, "
		"'frames-dropped': <%t>, 'packets': <%t>, "
		"'bytes': <%t>, 'idr': <%t>, 'idr-requests': <%t>, "
		"'latency-median-us': <%t>, 'latency-p95-us': <%t>, "
		"'bit-rate': <%t>}",
		frames.offered, frames.taken, media.frames_encoded, media.frames_sent,
		frames.dropped, media.packets, media.bytes, media.idr, s->idr_requests,
		media.latency.median_us, media.latency.p95_us, (guint64)media.bit_rate));
	g_variant_dict_init(&dict, base);
	add_pictures(s, &dict);
	add_way(s, &dict);
	add_delay(&dict, &media);
	add_last(s, &dict, &frames, &media);
	add_losses(s, &dict);
	add_slow_mode(s, &dict);
	add_sound(s, &dict, &media);
	tell(s, CHANNEL_STATS, g_variant_dict_end(&dict));
}

void umd_report_event(umd_session *s, enum miracast_protocol_event event)
{
	struct miracast_statistic statistic = {
		.type = MIRACAST_STATISTIC_EVENT,
		.event = event,
	};

	s->callbacks->report_statistic(s->host, &statistic);
}
