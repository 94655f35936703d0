/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-encoder.h - elements that have the properties of encoders that are not here
 *
 * Made from a group of data/encoders.ini.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * enum fake_behaviour - what becomes of pictures
 * @FAKE_SWALLOWS: nothing
 * @FAKE_FAILS: an error
 * @FAKE_HANGS: the thread does not come back
 * @FAKE_WORKS: up to 1920x1200 they are encoded, by x264enc, as @FAKE_FAILS beyond
 */
enum fake_behaviour {
	FAKE_SWALLOWS,
	FAKE_FAILS,
	FAKE_HANGS,
	FAKE_WORKS,
};

/**
 * struct fake_parts - of an encoder that is more than its properties
 * @sink: caps of its sink pad's template
 * @chain, @event, @query: of its sink pad
 * @src_event: of its src pad
 * @set_context: of the element
 * @data: fake_encoder_data() of its elements
 */
struct fake_parts {
	const char *sink;
	GstPadChainFunction chain;
	GstPadEventFunction event;
	GstPadQueryFunction query;
	GstPadEventFunction src_event;
	void (*set_context)(GstElement *element, GstContext *context);
	gconstpointer data;
};

GType fake_encoder_type_of(GKeyFile *data, const char *group, const struct fake_parts *parts);
gconstpointer fake_encoder_data(gpointer element);
/* What a sink pad's caps event does with @src: it gets what the filter behind it wants. */
void fake_encoder_negotiate(GstPad *src);

/* The properties of [element@release]; @least: without those of better devices. */
GType fake_encoder_type(GKeyFile *data, const char *group, gboolean least);

/* As an element of this name, which encoders.c finds. */
void fake_encoder_register(GKeyFile *data, const char *group, const char *name,
			   enum fake_behaviour behaviour);

/* The best encoder of this machine, which does not work: no session fails for that. @ini: the name of data/encoders.ini */
void fake_encoder_register_bad(const char *ini);

/* The property does not keep what it is set to, as when a driver knows better. */
void fake_encoder_stick(GType type, const char *property);

G_END_DECLS
