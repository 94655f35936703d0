/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * display.h - displays as people count them: one for all ways to it, found or remembered
 *
 * The broker knows sinks, one for each way to a display (broker_same_display()), and what is remembered, by the id of
 * one way.  Here they are put together, for whoever shows displays: nothing is kept, each call counts anew.
 *
 * A display that is remembered and not in sight is the same as one in sight only if one of its ways was remembered
 * as well: that two ways lead to one display is no more than what it says, and whoever calls itself like a display
 * that people know must not get its name and its settings.
 *
 * Of whom a display is known to (owner.h): all its ways are one owner's.  What is remembered of one that a user has named
 * by its address is none of its own while all see a display of that id.
 */
#pragma once

#include "broker.h"

G_BEGIN_DECLS

/**
 * struct display - one of them
 * @ids: of its ways, those in sight first and of these the one to take; never empty
 * @sinks: (element-type link_sink): of these ways, in that order, as they are now; of one that is only remembered as
 *	remembered_find() gives it.  References
 * @owner: of all of them
 * @known: one of them is remembered
 * @autoconnect: one of them is cast to whenever it is in sight
 */
struct display {
	char **ids;
	GPtrArray *sinks;
	gint64 owner;
	gboolean known;
	gboolean autoconnect;
};

/**
 * enum display_state - can it be cast to?
 *
 * Not: is it.  What is cast where is said by sessions only.
 *
 * @DISPLAY_AWAY: not in sight
 * @DISPLAY_BLOCKED: in sight, and its obstacle says why it cannot be connected to
 * @DISPLAY_READY: it can be connected to
 */
enum display_state {
	DISPLAY_AWAY,
	DISPLAY_BLOCKED,
	DISPLAY_READY,
};

/* (element-type struct display) (transfer full), in the order in which they were found, then those that were not */
GPtrArray *displays_list(broker *b);

/* The way to take; borrowed. */
link_sink *display_sink(const struct display *display);
enum display_state display_state_of(const struct display *display);
const char *display_state_name(enum display_state state);
/* What people call it on one of its ways, or NULL; borrowed from the broker until it changes */
const char *display_alias(const struct display *display, broker *b);
/* They have a way in common. */
gboolean display_has_any(const struct display *display, const char *const *ids);

/**
 * displays_set_autoconnect - whether a display is cast to whenever it is in sight
 * @what, @viewer: as for broker_set_alias()
 *
 * Of the way that is taken and of those that are remembered; what only says that it leads there is none of them.
 * Fails with REASON_SINK_UNKNOWN, _CONFIGURATION.
 */
gboolean displays_set_autoconnect(broker *b, const char *what, gint64 viewer, gboolean on, GError **error);

G_END_DECLS
