// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays as people count them: see display.h.
 */
#include "display.h"

#include <string.h>

static void display_free(struct display *display)
{
	g_strfreev(display->ids);
	g_ptr_array_unref(display->sinks);
	g_free(display);
}

static struct display *display_new(link_sink *sink)
{
	struct display *display = g_new0(struct display, 1);

	display->sinks = g_ptr_array_new_with_free_func((GDestroyNotify)link_sink_unref);
	g_ptr_array_add(display->sinks, link_sink_ref(sink));
	display->owner = sink->owner;
	return display;
}

static gboolean has_way(const struct display *display, const char *id)
{
	for (guint i = 0; i < display->sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(display->sinks, i);

		if (strcmp(sink->id, id) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Of those so far that the owner of @sink is told of; NULL: of none. */
static struct display *find_way(GPtrArray *displays, const link_sink *sink)
{
	for (guint i = 0; i < displays->len; i++) {
		struct display *display = g_ptr_array_index(displays, i);

		if ((display->owner == OWNER_SHARED || display->owner == sink->owner) && has_way(display, sink->id))
			return display;
	}
	return NULL;
}

/* With each other way to it that is not of another one by now. */
static void add_ways(broker *b, GPtrArray *displays, struct display *display)
{
	GPtrArray *sinks = broker_sinks(b);
	link_sink *first = display_sink(display);

	for (guint i = 0; i < sinks->len; i++) {
		link_sink *other = g_ptr_array_index(sinks, i);

		if (other != first && broker_same_display(first, other) && !find_way(displays, other))
			g_ptr_array_add(display->sinks, link_sink_ref(other));
	}
}

/* @best: only those to which there is no better way: they come first, the others are theirs. */
static void add_found(broker *b, GPtrArray *displays, gboolean best)
{
	GPtrArray *sinks = broker_sinks(b);

	for (guint i = 0; i < sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(sinks, i);
		struct display *display;

		if ((best && broker_better_way(b, sink)) || find_way(displays, sink))
			continue;
		display = display_new(sink);
		add_ways(b, displays, display);
		g_ptr_array_add(displays, display);
	}
}

/* One of its ways, itself remembered, is the same display. */
static gboolean is_same(remembered *memory, const struct display *display, link_sink *sink)
{
	for (guint i = 0; i < display->sinks->len; i++) {
		link_sink *way = g_ptr_array_index(display->sinks, i);

		if (remembered_has(memory, way->id, way->owner) && broker_same_display(way, sink))
			return TRUE;
	}
	return FALSE;
}

static void add_remembered(broker *b, GPtrArray *displays)
{
	remembered *memory = broker_remembered(b);
	g_autoptr(GPtrArray) known = remembered_list(memory);

	for (guint i = 0; i < known->len; i++) {
		link_sink *sink = g_ptr_array_index(known, i);
		struct display *display = NULL;

		if (find_way(displays, sink))
			continue;
		for (guint j = 0; !display && j < displays->len; j++) {
			if (is_same(memory, g_ptr_array_index(displays, j), sink))
				display = g_ptr_array_index(displays, j);
		}
		if (display)
			g_ptr_array_add(display->sinks, link_sink_ref(sink));
		else
			g_ptr_array_add(displays, display_new(sink));
	}
}

static void finish(remembered *memory, struct display *display)
{
	display->ids = g_new0(char *, display->sinks->len + 1);
	for (guint i = 0; i < display->sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(display->sinks, i);

		display->ids[i] = g_strdup(sink->id);
		display->known |= remembered_has(memory, sink->id, sink->owner);
		display->autoconnect |= remembered_autoconnect(memory, sink->id, sink->owner);
	}
}

GPtrArray *displays_list(broker *b)
{
	GPtrArray *displays = g_ptr_array_new_with_free_func((GDestroyNotify)display_free);

	add_found(b, displays, TRUE);
	add_found(b, displays, FALSE);
	add_remembered(b, displays);
	for (guint i = 0; i < displays->len; i++)
		finish(broker_remembered(b), g_ptr_array_index(displays, i));
	return displays;
}

link_sink *display_sink(const struct display *display)
{
	return g_ptr_array_index(display->sinks, 0);
}

enum display_state display_state_of(const struct display *display)
{
	link_sink *sink = display_sink(display);

	if (!sink->present)
		return DISPLAY_AWAY;
	return sink->connectable ? DISPLAY_READY : DISPLAY_BLOCKED;
}

const char *display_state_name(enum display_state state)
{
	static const char *const names[] = {
		[DISPLAY_AWAY] = "away",
		[DISPLAY_BLOCKED] = "blocked",
		[DISPLAY_READY] = "ready",
	};

	return names[state];
}

const char *display_alias(const struct display *display, broker *b)
{
	const char *alias = NULL;

	for (guint i = 0; !alias && i < display->sinks->len; i++)
		alias = broker_alias(b, g_ptr_array_index(display->sinks, i));
	return alias;
}

gboolean display_has_any(const struct display *display, const char *const *ids)
{
	for (guint i = 0; display->ids[i]; i++) {
		if (g_strv_contains(ids, display->ids[i]))
			return TRUE;
	}
	return FALSE;
}

/* Of all ways, or when it is wished for of those that are known to lead there. */
static gboolean set_ways(remembered *memory, struct display *display, gboolean on, GError **error)
{
	for (guint i = 0; i < display->sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(display->sinks, i);

		if (on && i > 0 && (!remembered_has(memory, sink->id, sink->owner) || strcmp(sink->link, "direct") == 0))
			continue;
		if (!remembered_set_autoconnect(memory, sink, on, error))
			return FALSE;
	}
	return TRUE;
}

gboolean displays_set_autoconnect(broker *b, const char *what, gint64 viewer, gboolean on, GError **error)
{
	g_autoptr(link_sink) sink = broker_know_sink(b, what, viewer, error);
	g_autoptr(GPtrArray) displays = sink ? displays_list(b) : NULL;
	struct display *display = sink ? find_way(displays, sink) : NULL;

	return display && set_ways(broker_remembered(b), display, on, error);
}
