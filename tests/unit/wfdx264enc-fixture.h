/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdx264enc-fixture.h - wfdx264enc between a desktop of noise, of which the test says what has changed, and a decoder
 */
#pragma once

#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "wfdchanged.h"

#define WIDTH 640
#define HEIGHT 480
#define SIZE (WIDTH * HEIGHT * 3 / 2)
#define FPS 30
#define KBIT 3000
#define PERIOD (GST_SECOND / FPS)
/* Bytes that a decoder buffers by default, and so the most that a picture may have. */
#define MOST (KBIT * 1000 / 8 * 80 / 1000)
/* ... one that is new everywhere some more: libx264 sees after each row what it has spent. */
#define MOST_NEW (MOST * 5 / 4)
/* A picture of which nothing is coded: delimiter, slice header, one run of skipped macroblocks. */
#define NOTHING 64
/* What is refined comes so long after the picture before. */
#define REPEAT (PERIOD * 3 / 2)

struct fixture {
	GstHarness *harness;
	GstHarness *decoder; /* NULL: nobody looks at the pictures */
	guint8 picture[SIZE];
	GRand *random;
	GstClockTime pts;
	guint reference; /* nal_ref_idc of the latest picture */
};

/* Begins a program: the plugin is loaded. */
void begin_tests(int *argc, char ***argv);
/* A case for each profile. */
void add(const char *name, void (*test)(struct fixture *f, gconstpointer profile));
void set_up_with(struct fixture *f, gconstpointer profile, guint slices, gboolean patches);
void tear_down(struct fixture *f, gconstpointer profile);

/* ---- the desktop ----------------------------------------------------------- */

/* Noise. */
void draw(struct fixture *f, guint x, guint y, guint width, guint height);
/* The picture, so long after the one before; of what has changed in it nothing is said. */
GstBuffer *make_buffer(struct fixture *f, GstClockTime after);

/* ---- the encoder; functions that encode give bytes of the access unit ------ */

/* nal_ref_idc of its slices. */
guint reference_of(GstBuffer *unit);
/* @key: whether it is a key frame; may be NULL */
gsize encode(struct fixture *f, GstBuffer *buffer, gboolean *key);
/* All of it is new; nothing is; this area is. No access unit is larger than it may be. */
gsize encode_new(struct fixture *f);
gsize encode_unchanged(struct fixture *f);
gsize encode_changed(struct fixture *f, guint x, guint y, guint width, guint height);
gboolean has_settled(struct fixture *f);
/* Repeats until nothing is added any more; their number. */
guint settle(struct fixture *f, gsize *bytes);

/* ---- the decoder ----------------------------------------------------------- */

/* From here on somebody looks at the pictures. */
void begin_decoding(struct fixture *f);
/* The picture that a decoder has after all access units so far. */
GstBuffer *decode(struct fixture *f);
/* Of each macroblock's luma, against the picture: the largest mean difference of a pixel. */
double worst_difference(struct fixture *f, GstBuffer *shown);
