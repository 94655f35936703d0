/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * encoders-private.h - what those share that know encoders
 *
 * encoders.c		the table, and which of it is used
 * encoder-properties.c	properties of elements
 * encoder-test.c	does an encoder work, and how fast is it
 * encoder-line.c	what tests run in
 * encoder-notes.c	what is remembered until the next boot
 * gpu-test.c		the same for the way from a dma-buf (gpu-way.h)
 */
#pragma once

#include "encoders.h"
#include "gpu-way.h"

G_BEGIN_DECLS

#define BOTH_PROFILES (WFD_H264_PROFILE_CBP | WFD_H264_PROFILE_CHP)

/**
 * enum encoder_need - what becomes of an encoder that does not take a property
 * @NEEDED: it is not fit for the profiles of the setting
 * @IF_THERE: as NEEDED, unless it has no such property, which then has nothing to say
 * @WISH: it is used all the same
 */
enum encoder_need {
	NEEDED,
	IF_THERE,
	WISH,
};

/**
 * struct encoder_setting - a property that does not change
 * @value: as text; several, "a|b": the first that the property's enum knows.
 *	Numbers are brought into the property's range, which only a WISH may need
 * @profiles: it is set for; 0: for all
 */
struct encoder_setting {
	const char *property;
	const char *value;
	enum encoder_need need;
	guint8 profiles;
};

/**
 * struct encoder_scaled - a number that follows from the bit rate
 * @unit: bits in one unit of the property
 * @ms: of the bit rate: 1000 is the bit rate itself
 * @while_playing: may be set while the element runs
 * @of_burst: it follows from that of bursts
 */
struct encoder_scaled {
	const char *property;
	guint unit;
	guint ms;
	gboolean while_playing;
	enum encoder_need need;
	gboolean of_burst;
};

#define ENCODER_MAX_SCALED 3

/**
 * struct encoder_row - a row of the table
 * @element: name of the factory
 * @others: glob of the names that it has for further devices, or NULL
 * @converter: elements that take dma-bufs and give what it encodes (gpu-way.h), "A ! B" for two
 *	of them, with what is set of them; or NULL
 * @other_converters: for the names of @others; with a glob for those of the same device, without for all
 * @kind: whose memory they give
 * @gpu_settings: as @settings, where pictures are such; NULL: none
 * @settings: ended by one without a property
 * @scaled: as well
 * @controls: for v4l2: the "extra-controls" to set, with %u for the bit rate and
 *	the distance of key frames; NULL otherwise
 * @running_controls: those to set while it runs, with %u for the bit rate
 * @key_interval: property for the distance of key frames, in pictures; NULL: in
 *	@controls
 * @slices: property for the number of slices, or NULL
 * @short_cuts: property, a boolean, for making some pictures in another way; NULL: it does not
 * @profiles: WFD_H264_PROFILE_* that it may be fit for
 * @takes_level: it takes the level from the caps behind it; others choose it, and
 *	their caps need not agree with a filter's
 * @says_colour: its SPS has the colour description of the caps
 * @software: runs on the CPU, in one thread
 * @pixel_rate: pixels per second, until it was measured; software only
 */
struct encoder_row {
	const char *element;
	const char *others;
	const char *converter;
	const char *other_converters;
	enum gpu_kind kind;
	const struct encoder_setting *gpu_settings;
	const struct encoder_setting *settings;
	struct encoder_scaled scaled[ENCODER_MAX_SCALED + 1];
	const char *controls;
	const char *running_controls;
	const char *key_interval;
	const char *slices;
	const char *short_cuts;
	guint8 profiles;
	gboolean takes_level;
	gboolean says_colour;
	gboolean software;
	guint64 pixel_rate;
};

const struct encoder_row *encoder_rows(gsize *n);

/* Sizes that are tested once for all of them. */
enum size_class {
	SIZE_HD,   /* up to 1280x720 */
	SIZE_FULL_HD, /* up to 1920x1200 */
	SIZE_UHD,
	N_SIZES,
};

/**
 * enum gpu_verdict - of the way from a dma-buf through converter and encoder
 * @GPU_UNTESTED: nobody knows
 * @GPU_FAILED: not to be used
 * @GPU_ENCODED: what was put in came out as a stream; nothing is installed that decodes it
 * @GPU_SEEN: ... and was decoded and looked at
 */
enum gpu_verdict {
	GPU_UNTESTED,
	GPU_FAILED,
	GPU_ENCODED,
	GPU_SEEN,
};

/**
 * struct video_encoder - an element that is installed; see encoders.h
 * @max_width, @max_height: from its pad template, or less; 0: any
 * @unfit: profiles that it cannot be configured for, or has failed with
 * @why: what was wrong last
 * @measured: pixels per second; 0: not measured
 * @passed: bit per enum size_class, for each profile bit - 1
 * @converter: that is installed for it, all of it, or NULL; constant
 * @gpu, @gpu_why: of the two; the latter only if it has failed
 *
 * What is not constant is guarded by the lock of encoders.c.
 */
struct video_encoder {
	const struct encoder_row *row;
	char *element;

	guint max_width;
	guint max_height;
	guint8 unfit;
	char *why;
	guint64 measured;
	guint passed[2];
	char *converter;
	enum gpu_verdict gpu;
	char *gpu_why;
	gboolean testing; /* a test is running ... */
	gboolean tested;  /* ... or was, by video_encoder_choose() */
};

/* All that are installed, best first; constant. */
const GPtrArray *video_encoders_installed(void);
void video_encoders_lock(void);
void video_encoders_unlock(void);
/* Lets the lock go meanwhile. */
void video_encoders_wait(GCond *cond);
/* video_encoder_find() by the lock's holder. */
struct video_encoder *video_encoder_find_locked(const char *name, GError **error);

/* encoder-line.c: a pipeline of one encoder; the elements are its. */
struct encoder_line {
	GstElement *pipeline;
	GstElement *source;
	GstElement *encoder;
	GstElement *sink;
};

/* For pictures of @caps. @line is all zero before, and to be cleared also when this fails. */
gboolean encoder_line_build(struct encoder_line *line, const struct video_encoder *encoder,
			    const struct wfd_selection *selection, GstCaps *caps, GError **error);
gboolean encoder_line_start(struct encoder_line *line, GError **error);
/* One picture, taken, goes in, one has to come out. */
GstSample *encoder_line_encode(const struct encoder_line *line, GstBuffer *picture, GstClockTime patience,
			       GError **error);
void encoder_line_clear(struct encoder_line *line);

/*
 * @func in a thread of its own, that is waited for two seconds and then left alone: then @error
 * is G_IO_ERROR_TIMED_OUT.  @data is freed when both have done with it.
 */
typedef gboolean (*encoder_test_func)(gpointer data, GError **error);
void encoder_attempt(encoder_test_func func, gpointer data, GDestroyNotify free_data, GError **error);

/* encoder-test.c: CEA bits that are tested, and what M4 would say of them */
#define ENCODER_TEST_HD_30 5
#define ENCODER_TEST_FULL_HD_60 8
struct wfd_selection encoder_test_selection(guint bit, guint profile);

/* encoder-notes.c: those of this boot, perhaps none; a group is an element, or what is tested of it. */
GKeyFile *encoder_notes_load(void);
void encoder_notes_save(GKeyFile *notes);
/* From now on, until encoder_notes_tested() and saving. */
void encoder_note_testing(const char *group);
void encoder_notes_tested(GKeyFile *notes, const char *group);
/* Have processes ended in the midst of it? */
gboolean encoder_notes_kills(GKeyFile *notes, const char *group);
void encoder_note_result(const struct video_encoder *encoder);
void encoder_note_test_failed(const struct video_encoder *encoder, guint profile_index);
/* What an earlier process has found out; TRUE: there is no need to test. */
gboolean encoder_recall(struct video_encoder *encoder);

/* gpu-test.c: recalls, or tests; @again: tests in any case. */
void encoder_test_gpu(struct video_encoder *encoder, gboolean again);

/* encoder-properties.c: a property by its text; says whether that is its value now. */
gboolean encoder_set_property(GObject *element, const char *property, const char *value,
			      enum encoder_need need, GError **error);
/* As near to @value as its range lets it. */
gboolean encoder_set_number(GObject *element, const char *property, guint64 value,
			    enum encoder_need need, GError **error);
gboolean encoder_apply_row(const struct encoder_row *row, GObject *element,
			   const struct video_encoder_settings *settings, GError **error);
void encoder_apply_bit_rate(const struct encoder_row *row, GObject *element, guint bit_rate, guint burst_bit_rate);

G_END_DECLS
