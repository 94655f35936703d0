/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-pipeline-private.h - inside of struct media_pipeline
 *
 * media-pipeline.c	what the owner calls, and what the elements say
 * media-elements.c	makes, connects and replaces elements
 * media-encoder.c	when the encoder is replaced, and what comes of its failures
 * media-guard.h	the element that keeps those from the pictures' source
 * media-sound.c	the elements of sound, and what goes into them
 * media-encoded.c	what comes out of the encoder: its time, what it is, how much
 * picture-times.h	which picture that is
 * key-frames.h		which picture is a key frame
 * rtp-sender.h		packets to the network
 * rate-control.h	how many bits that may be
 *
 * Threads
 *	the owner's	play, pause, set_mode, messages, timers
 *	the pumps'	push, push_sound
 *	streaming	that of the pictures encodes, packs and sends; that of sound and the mux's task
 *			send, too, one at a time (the mux's lock)
 *
 * "lock" covers what is below it.  It is held while a picture is put into appsrc, so
 * that pictures get their times in the order in which the encoder gets them; nothing that
 * waits for a streaming thread is called with it held.
 *
 * PLAY and PAUSE.  The elements play from the first PLAY to the end, so that the
 * clock of the stream goes on in a pause, as that of the sink does, and nothing can
 * be held back in an element that would come out later.  A pause mutes the mux: what
 * is on its way is dropped there.  A PLAY begins with the next picture, a key frame;
 * what was pushed before it has another number ("play") and never leaves.
 *
 * A new mode.  From set_mode() on the encoder gets nothing more; the sink shows the
 * old picture.  appsrc gets the new caps at once.  When they come out of it, in the
 * streaming thread, the old encoder is empty and idle: it is replaced as a whole, by one
 * that is made for the new size, rate, profile and level, and has opened its device before
 * the time comes.  So no encoder ever sees two of these.  When the running time reaches the
 * one that was announced, the newest picture of the new size goes in with just that time.
 *
 * Pictures in other memory (gpu-way.h) than the one before: the same, at once.  They are made for an
 * encoder that opens with them, so the sink notices a key frame.
 *
 * An encoder that fails, with an error on the bus, or because it refuses what it is given: the
 * guard in front of it says to the source that all is well, and lets nothing more pass.  The owner
 * hears of it, once for each encoder, and either sees to it that pictures come in memory of
 * the processor (gpu_failed), or names another encoder (encoder_failed,
 * media_pipeline_set_encoder()), or the pipeline has failed.  Parser and mux know nothing of it:
 * what the new one gives begins with a key frame.
 */
#pragma once

#include <gst/app/gstappsrc.h>

#include "gpu-way.h"

#include "encoder-load.h"
#include "key-frames.h"
#include "latency.h"
#include "log-limit.h"
#include "media-guard.h"
#include "media-pipeline.h"
#include "picture-times.h"
#include "rate-control.h"
#include "rtp-sender.h"

G_BEGIN_DECLS

/* Units between appsrc and the mux of which it is known when they were taken. */
#define SOUNDS_INSIDE 32

/* A unit on its way. */
struct sound_inside {
	gint64 pts;	  /* in the stream */
	guint64 taken_ns; /* see struct sound_unit */
};

struct media_pipeline {
	const struct media_pipeline_funcs *funcs;
	gpointer user_data;
	GMainContext *context;

	/* Elements are the pipeline's; those that may be replaced are below. */
	GstElement *pipeline;
	GstElement *source;
	GstElement *layout;
	GstElement *parser;
	GstElement *mux;
	GstElement *payloader;
	rtp_sender *sender;
	guint64 base_ns; /* CLOCK_MONOTONIC of running time 0, set by the first PLAY */

	GSource *bus_source;
	GSource *first_sent_source;
	GSource *key_frame_source; /* ready when one is due that was asked for */
	GSource *broken_source;	   /* ready when the encoder has failed */
	GSource *mode_source;	   /* ready at the time of a new mode */
	GSource *slow_source;	   /* ready when the mode is too much for the encoder */
	GSource *lost_source;	   /* attached when the network is lost */
	struct log_limit warnings;
	gboolean failed;
	gboolean promise_broken; /* the streaming thread has said so */

	GMutex lock;
	const struct video_encoder *encoder; /* the one to be made */
	const struct video_encoder *made_of; /* ... and that of the element that is there */
	guint made;	      /* elements so far */
	guint told;	      /* number of the latest of which the owner was told that it has failed */
	gboolean made_on_gpu; /* it was made for pictures in the GPU's memory ... */
	gboolean on_gpu;      /* ... and these are those that are pushed now */
	gboolean remake;      /* with the next picture */
	gboolean replaced;    /* by media_pipeline_set_encoder(): nothing comes past the processor any more */
	gboolean broken;      /* it has failed; nothing is let through to it */
	char *broken_why;     /* (nullable) what it said */
	GstElement *video_encoder; /* these two are made anew for a mode; NULL meanwhile */
	GstElement *video_filter;
	gboolean encoder_used; /* it has got a picture, or will get the first one */
	gboolean settled;      /* the latest picture that came out of it has nothing to gain */
	gboolean changes_lost; /* the latest picture was not encoded: the next one is new to the encoder */
	gboolean stopping;
	gboolean playing;
	guint play; /* number of the latest PLAY */
	const struct wfd_mode *mode;	/* pictures of another size are not taken */
	struct wfd_selection selection; /* that the encoder was made for */
	struct rate_control rate;
	guint bit_rate, burst_bit_rate; /* that the encoder is set to */
	guint lead_ms; /* 0: what the mode needs */
	gboolean plain_video;
	gint latency_mode; /* enum channel_latency; atomic */
	guint encoder_number; /* of the one that pictures are for which are pushed now */
	struct picture_times times;
	struct key_frames keys;
	struct encoder_load load;
	gint64 slow_us; /* what a picture of ... */
	const struct wfd_mode *slow_mode; /* ... takes, as the owner is going to be told */

	/* A mode to come: pictures are held back until its time, or the encoder has to be made, or both. */
	gboolean mode_waits;
	gboolean encoder_waits;
	struct wfd_selection next;
	gint64 next_pts;
	GstBuffer *next_buffer; /* the newest picture of it */
	struct picture_time next_picture;

	/* Sound; what is not marked does not change. */
	GstElement *sound; /* NULL: there is none */
	gint64 sound_shift; /* its PTS are smaller by this */
	struct sound_layout sound_layout;
	gboolean sound_gap; /* the next unit does not follow: push_sound's own ... */
	gboolean sound_first; /* the thread that encodes has its priority: its own ... */
	gboolean sound_cut; /* ... and the same in the thread that encodes: its own */
	struct sound_inside sounds[SOUNDS_INSIDE]; /* the latest units that went in; with the lock held */
	guint n_sounds;	/* so far, the same */
	struct latency_window *sound_latency;

	gboolean sent_one;
	char *lost_message;
	struct media_stats stats;
	struct latency_window *latency;
	struct latency_window *waiting, *encoding, *sending; /* its parts */
	struct picture_time out; /* the picture that the encoder has given last ... */
	gint64 out_us; /* ... and when; with the lock held */
};

/* media-elements.c */

/* All elements, connected, for the selection of @config. */
gboolean media_elements_build(media_pipeline *p, const struct media_pipeline_config *config,
			      GError **error);
/* Another encoder for @selection; in the pictures' streaming thread, or before it runs. */
gboolean media_elements_make_encoder(media_pipeline *p, const struct wfd_selection *selection,
				     guint bit_rate, guint burst_bit_rate, gboolean on_gpu, GError **error);
/* The clock of the sink, and the gaps in large pictures, as this mode and the latency want them. */
void media_elements_apply_delay(media_pipeline *p, const struct wfd_mode *mode);
GstCaps *media_elements_picture_caps(const media_pipeline *p, const struct wfd_mode *mode, gboolean on_gpu);

GstElement *media_add_element(media_pipeline *p, const char *factory, const char *name,
			      GError **error);
gboolean media_link_elements(GstElement *from, GstElement *to, GError **error);
gboolean media_link_to_mux(media_pipeline *p, GstElement *from, const char *pad, GError **error);

/* media-pipeline.c */

/* Nothing will be sent any more; main context, told once. */
void media_fail(media_pipeline *p, enum channel_reason reason, const char *message);
gboolean media_bus_message(GstBus *bus, GstMessage *message, gpointer user_data);
/* A source that runs at its ready time, which others set. */
GSource *media_add_alarm(media_pipeline *p, GSourceFunc callback);

/* media-encoder.c */

extern const struct media_guard_funcs media_encoder_guard;
void media_encoder_watch(media_pipeline *p);
/* With the lock held: the next picture is in such memory. */
void media_encoder_follow(media_pipeline *p, gboolean on_gpu);
/* It has failed; @why (nullable) as it said. */
void media_encoder_broke(media_pipeline *p, const char *why);

/* media-sound.c */

gboolean media_sound_build(media_pipeline *p, const struct media_pipeline_config *config,
			   GError **error);

/* media-encoded.c */

void media_encoded_watch(media_pipeline *p);

/* media-pipeline.c: the rate may have changed; no lock held. */
void media_pipeline_follow_rate(media_pipeline *p);

G_END_DECLS
