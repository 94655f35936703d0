/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * encoders-private.h - what encoders.c, encoder-properties.c and encoder-test.c share
 */
#pragma once

#include "encoders.h"

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
 */
struct encoder_scaled {
	const char *property;
	guint unit;
	guint ms;
	gboolean while_playing;
	enum encoder_need need;
};

#define ENCODER_MAX_SCALED 3

/**
 * struct encoder_row - a row of the table
 * @element: name of the factory
 * @others: glob of the names that it has for further devices, or NULL
 * @settings: ended by one without a property
 * @scaled: as well
 * @controls: for v4l2: the "extra-controls" to set, with %u for the bit rate and
 *	the distance of key frames; NULL otherwise
 * @running_controls: those to set while it runs, with %u for the bit rate
 * @key_interval: property for the distance of key frames, in pictures; NULL: in
 *	@controls
 * @slices: property for the number of slices, or NULL
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
	const struct encoder_setting *settings;
	struct encoder_scaled scaled[ENCODER_MAX_SCALED + 1];
	const char *controls;
	const char *running_controls;
	const char *key_interval;
	const char *slices;
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
 * struct video_encoder - an element that is installed; see encoders.h
 * @max_width, @max_height: from its pad template, or less; 0: any
 * @unfit: profiles that it cannot be configured for, or has failed with
 * @why: what was wrong last
 * @measured: pixels per second; 0: not measured
 * @passed: bit per enum size_class, for each profile bit - 1
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

/* encoder-properties.c: a property by its text; says whether that is its value now. */
gboolean encoder_set_property(GObject *element, const char *property, const char *value,
			      enum encoder_need need, GError **error);
/* As near to @value as its range lets it. */
gboolean encoder_set_number(GObject *element, const char *property, guint64 value,
			    enum encoder_need need, GError **error);
gboolean encoder_apply_row(const struct encoder_row *row, GObject *element,
			   const struct video_encoder_settings *settings, GError **error);
void encoder_apply_bit_rate(const struct encoder_row *row, GObject *element, guint bit_rate);

G_END_DECLS
