/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-pipeline.h - from I420 pictures, or pictures in the GPU's memory, to RTP packets
 *
 *     appsrc ! guard ! videoconvert ! ENCODER ! h264parse ! wfdtsmux.video
 *     appsrc ! audioconvert [! ENCODER ! PARSER] ! wfdtsmux.audio
 *     wfdtsmux ! wfdrtppay ! appsink (rtp-sender.h)
 *
 * There is no queue between appsrc and the network: with an encoder that works in
 * the thread that calls it, one thread encodes a picture and hands its packets to
 * the network before it asks for the next one.  Nothing is synchronised to a clock,
 * and pictures never wait for sound.
 *
 * Sound comes in units of the track (sound-track.h), in a size that suits the encoder, and
 * is encoded in a thread of its own.  At most MEDIA_SOUND_WAITS_NS of it wait for that: where
 * the processor, or the network, does not get done with it, the oldest units are skipped, which
 * a sink has no use for any more; so there are gaps, but what follows is no later.  Its PTS is CLOCK_MONOTONIC on the same axis as that of pictures, less what the
 * encoder puts in front of it (audio-encoders.h).
 *
 * A picture's PTS is the time at which the desktop believes it to be on the screen, whatever the
 * encoder says (picture-times.h); every few seconds one is a key frame (key-frames.h).
 */
#pragma once

#include "latency.h"
#include "channel.h"
#include "encoders.h"
#include "frame-source.h"
#include "rtp-seal.h"
#include "sound-track.h"

G_BEGIN_DECLS

/* As much sound may wait for its encoder; what was there before is skipped. */
#define MEDIA_SOUND_WAITS_NS (150 * GST_MSECOND)
/* And while the encoder does not go on at all, as much; what comes then is skipped. */
#define MEDIA_SOUND_HELD_NS (1000 * GST_MSECOND)

/**
 * struct media_pipeline_config - borrowed for the call
 * @encoder: from video_encoder_find()
 * @selection: what M4 told the sink
 * @bit_rate: bits per second of video to start with, and at the most; for a moment @selection's burst_bitrate
 * @least_bit_rate: ... and at the least, however slow the link is
 * @socket: UDP socket that RTP leaves from, and that is connected to where it goes
 * @seal: RTP is encrypted with it, as long as the pipeline lives; NULL: it is not
 * @latency: what counts more, see media-delay.h
 * @pmt_pid, @frame_marker, @lead_ms, @plain_video: from the quirks (struct wfd_quirks); a lead is kept whatever
 *	the latency is
 */
struct media_pipeline_config {
	const struct video_encoder *encoder;
	const struct wfd_selection *selection;
	guint bit_rate;
	guint least_bit_rate;
	GSocket *socket;
	rtp_seal *seal;
	enum channel_latency latency;
	guint16 pmt_pid;
	gboolean frame_marker;
	guint lead_ms;
	gboolean plain_video;
};

/**
 * struct media_stats - counters since the pipeline began
 * @frames_encoded: pictures that left the encoder
 * @frames_sent: pictures whose last packet was handed to the network
 * @packets, @bytes: RTP, headers included
 * @idr: key frames sent
 * @bit_rate: bits per second that the encoder is set to now (rate-control.h)
 * @latency: flip to last packet, of the pictures sent since media_pipeline_take_stats()
 *	was called before; 0 without any
 * @waiting, @encoding, @sending: its parts, of the same pictures: until the encoder got it,
 *	reading and converting included; until it came out there; until the last packet
 * @sound_latency: the same as @latency of sound that was played: from
 *	the moment at which the first sample of a unit was there to be taken to its packet.
 *	What the encoder waits for is in it
 * @sound_skipped_us: sound that has waited too long for its encoder, microseconds of it
 * @sound_gaps: in so many places
 */
struct media_stats {
	guint64 frames_encoded;
	guint64 frames_sent;
	guint64 packets;
	guint64 bytes;
	guint64 idr;
	guint bit_rate;
	struct latency latency;
	struct latency waiting;
	struct latency encoding;
	struct latency sending;
	struct latency sound_latency;
	guint64 sound_skipped_us;
	guint64 sound_gaps;
};

/**
 * struct media_pipeline_funcs - what the owner hears
 * @wanted: the encoder has nothing to do; streaming thread
 * @needed: a key frame is due that was asked for: a picture is needed, be it the one before
 *	again, but no sooner after it than the mode allows; any thread, no lock held
 * @first_sent: the first picture was handed to the network; main context
 * @gpu_failed: the encoder does not take pictures in the GPU's memory any more (struct picture, gpu);
 *	it is made anew for the next one that is not; main context
 * @encoder_failed: it takes none at all. TRUE: media_pipeline_set_encoder() was called; FALSE, or
 *	NULL: there is no other, so the pipeline has failed; main context
 * @failed: nothing will be sent any more; main context, once.  ENCODER_FAILED: the
 *	encoder refuses its pictures or settings; LINK_LOST: the network takes no packets;
 *	else PIPELINE_FAILED
 * @frame_sent: frame @seq: its first packet is about to leave (R86), and it took
 *	@encode_us to encode; streaming thread
 * @load: (nullable): of the mode's pictures one of @divisor shall be pushed from now on, see
 *	encoder-load.h; streaming thread
 * @too_slow: (nullable): a picture of @mode takes @picture_us to be read and encoded, and has for a while: even half
 *	of them are too many. Once for each mode; it goes on as it can; main context
 * @encoded: frame @seq, perhaps again, has left the encoder, which says, or with so few bits
 *	that one may guess, what to encode it again would add; streaming thread
 */
struct media_pipeline_funcs {
	void (*wanted)(gpointer user_data);
	void (*needed)(gpointer user_data);
	void (*first_sent)(gpointer user_data);
	void (*gpu_failed)(const char *message, gpointer user_data);
	gboolean (*encoder_failed)(const char *message, gpointer user_data);
	void (*failed)(enum channel_reason reason, const char *message, gpointer user_data);
	void (*frame_sent)(guint64 seq, guint encode_us, guint bytes, gpointer user_data);
	void (*load)(guint divisor, gpointer user_data);
	void (*too_slow)(const struct wfd_mode *mode, guint picture_us, gpointer user_data);
	void (*encoded)(guint64 seq, gboolean key, enum picture_gain gain, gpointer user_data);
};

typedef struct media_pipeline media_pipeline;

/*
 * Makes and prepares everything; the main context is the thread's default one.
 * Fails if an element is missing (G_IO_ERROR_NOT_FOUND) or does not take what it
 * is given.
 */
media_pipeline *media_pipeline_new(const struct media_pipeline_config *config,
				   const struct media_pipeline_funcs *funcs, gpointer user_data,
				   GError **error);
/* Stops and waits for the threads; no function runs afterwards. */
void media_pipeline_free(media_pipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(media_pipeline, media_pipeline_free)

/*
 * Stream, beginning with a key frame of a picture that is pushed from now on; or send
 * nothing, from the moment that the call returns.  The stream's clock goes on in a pause.
 */
void media_pipeline_play(media_pipeline *pipeline);
void media_pipeline_pause(media_pipeline *pipeline);

/**
 * media_pipeline_set_mode() - the stream has another mode
 * @selection: what M4 told the sink; copied
 * @at: PTS of the first picture of it, as M4 told it (media_pipeline_pts_in()); where that has
 *	passed, or is more than two seconds away, the first picture comes as soon as it can
 *
 * From now on pictures of the former size are not taken, and those of the new one are held
 * back until @at; the encoder is then made anew.  Pictures may be pushed at once.
 */
void media_pipeline_set_mode(media_pipeline *pipeline, const struct wfd_selection *selection,
			     guint64 at);

/**
 * media_pipeline_push - encode and send a picture
 * @repeat: it is the one before: its latency does not count
 *
 * Any thread, after wanted() was called.
 */
void media_pipeline_push(media_pipeline *pipeline, const struct picture *picture,
			 const struct frame_info *info, gboolean repeat);

/*
 * What counts more is something else now; main context.  Where the clock of the sink lags behind by
 * more or by less it begins anew, marked as discontinuous.
 */
void media_pipeline_set_latency(media_pipeline *pipeline, enum channel_latency latency);

/* Another encoder from the next picture on, which keeps what M4 told the sink. */
void media_pipeline_set_encoder(media_pipeline *pipeline, const struct video_encoder *encoder);

/* The layout of the track that @selection has; FALSE: it has none. */
gboolean media_pipeline_sound_layout(const struct wfd_selection *selection,
				     struct sound_layout *layout);
/* A unit of it, in the order of their times; any one thread.  Before the first PLAY it is dropped. */
void media_pipeline_push_sound(media_pipeline *pipeline, const struct sound_unit *unit);

/* A key frame is needed: see key-frames.h for when it comes. Any thread. */
void media_pipeline_key_frame(media_pipeline *pipeline);
/* What the Wi-Fi driver believes that the link carries, of video; 0: it does not say. Any thread. */
void media_pipeline_limit_bit_rate(media_pipeline *pipeline, guint bit_rate);
/* A receiver report has come, see rate_control_report() and key_frames_reported(). Any thread. */
void media_pipeline_report(media_pipeline *pipeline, guint loss, guint16 seq);
/* PTS that a picture pushed @delay_ms from now would have, 90 kHz. */
guint64 media_pipeline_pts_in(media_pipeline *pipeline, guint delay_ms);
void media_pipeline_take_stats(media_pipeline *pipeline, struct media_stats *stats);

G_END_DECLS
