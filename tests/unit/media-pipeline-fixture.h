/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-pipeline-fixture.h - the media pipeline with a real encoder (x264enc) and real packets,
 * read back by a reader of its own (rtp-reader.h)
 *
 * The encoder is x264enc under its own name, but of a type that the fixture derives from it: it
 * can be told to do to its output what others do.  The network is the kernel's, and may be away:
 * programs wrap writev() and ioctl().
 */
#pragma once

#include <gst/video/video.h>

#include "media-pipeline.h"
#include "picture.h"
#include "rtp-reader.h"
#include "sound-pump.h"
#include "wfd-quirks.h"

#define MSEC_US 1000

/* Forgets all of it when a session begins. */
struct played_encoder {
	gboolean rewrites; /* counts pictures and makes times of that, as vah264enc did before 1.24.3 */
	gboolean forgets;  /* what is attached to a picture does not come out */
	guint stalls_ms;   /* the next picture takes so long */
	gint takes_ms;	   /* each picture takes so much longer; atomic */
	gint made;	   /* encoders so far */
	const guint8 *memory; /* of the latest picture that it got */
	guint areas;	   /* ... and metas that say what is new in it */
	GObject *latest; /* borrowed: the one made last */
};

extern struct played_encoder encoder;

/* All of it atomic. */
struct played_network {
	gint unreachable;
	gint held_ms; /* the next packets take so long */
	gint counted; /* what SIOCOUTQ says */
};

extern struct played_network network;

struct fixture {
	struct rtp_reader *reader;
	media_pipeline *pipeline;
	sound_pump *sound; /* of tones, if the mode has sound */
	gpointer sound_source;
	GSocket *socket;
	struct wfd_selection selection;
	struct picture picture;
	struct frame_info info;
	GArray *shown; /* guint64, of the pictures pushed */

	gint wants;
	gint needs;
	gint sent;
	gint encoded;
	gint divisor; /* as told; 0: nothing was */
	gint settled; /* the latest one */
	guint failures;
	enum channel_reason reason;
};

#define VGA60 select_mode(0, WFD_H264_PROFILE_CBP, WFD_LEVEL_3_1)
#define HD30 select_mode(5, WFD_H264_PROFILE_CHP, WFD_LEVEL_3_1)

#define LEAST_BIT_RATE 400000

/* So long after a flip is the vertical blank that it is shown with, at most. */
#define LATEST_BLANK_MS 9

/* What a program begins with. */
void media_init(int *argc, char ***argv);

/* A mode of CEA's table, without sound. */
struct wfd_selection select_mode(guint bit, guint8 profile, enum wfd_level level);

/* @name: an encoder that is installed; @quirks: its pmt_pid, frame_marker, lead_ms and plain_video */
void begin_encoder(struct fixture *f, const char *name, struct wfd_selection selection, const struct wfd_quirks *quirks);
/* x264enc's type of the fixture, from here on. */
void begin_with(struct fixture *f, struct wfd_selection selection, const struct wfd_quirks *quirks);
void begin(struct fixture *f, struct wfd_selection selection);
void end(struct fixture *f);

/* Of the stream and of its sound. */
void play(struct fixture *f);
void pause_stream(struct fixture *f);

/* The main context, for so long. */
void run(gint64 ms);

/* A grey one, for all pictures from now on. */
void set_picture(struct fixture *f, const struct wfd_mode *mode);
/* As the pump does: a picture when the encoder wants one, that has come @age_us ago. */
void push(struct fixture *f, gint64 age_us, gboolean repeat);
/* When the desktop has shown the one numbered @i, 90 kHz. */
gint64 shown_ticks(const struct fixture *f, guint i);

/* What has arrived: it has to be there. */
const struct rtp_unit *unit_at(GPtrArray *units, guint i);
/* A decoder can begin with it. */
void assert_begins(const struct rtp_unit *unit);
