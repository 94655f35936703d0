/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place.h - at which connector the monitor of a display appears
 *
 * Desktops keep what their user has set for a monitor, and some keep it for one connector: mutter compares that, too
 * (meta_monitor_spec_equals()).  So a display appears where it did the last time, and two of one make do not swap
 * their modes and places when they are cast to in another order.  Of the connectors that are free it gets
 *
 *	1. that of the last time that pictures flowed to it (remembered.h);
 *	2. if that is taken, or gone, or there was no such time: the first one that is no other display's place, so that
 *	   who comes new does not sit down where somebody else is wont to sit;
 *	3. if all of them are: the one to whose display pictures have not flowed for longest.
 *
 * What it got is its place from then on, also if it wanted another one: two that had the same place, as there are
 * more displays than connectors, have their own when both have been cast to at once.  A display that is
 * forgotten leaves its place.  One that shows itself under a new id each time is a new one each time, and goes through
 * the connectors by 2 and 3.
 *
 * A wish never fails a session.  Where the kernel does not say what there is, and when a connector is taken or goes
 * between the look and the opening, it is any that is free; only when none is, that is an error, as it always was.
 *
 * A place is known by the names of driver and connector, as ids are new with each loading of the module.  Names may be
 * others then, too, where another card has taken them first: the place is gone, and 2 holds.
 *
 * A session begins with one way to its display and may go on by another one (session.h, session_env.other_way), which
 * has been remembered for itself.  The monitor is the same: what the first one has no place for is looked up for the
 * second.
 */
#pragma once

#include "kernel.h"
#include "remembered.h"

G_BEGIN_DECLS

/**
 * place_open - a kernel context where the monitor of a display belongs; opens the device first
 * @sink: the display
 * @other_id: of the way that it may be reached by if @sink is none, one that was found; or NULL
 * @target: (out): its id
 * @place: (out) (transfer full): for remembered_cast(); NULL: it has no name to be known by
 *
 * Returns: the sink fd, or -1, as kernel_open_sink(), and then nothing is put out
 */
int place_open(kernel *k, remembered *r, const link_sink *sink, const char *other_id, guint32 *target, char **place,
	       GError **error);

/**
 * place_choose - the target to ask for
 * @targets: all that there are
 *
 * Returns: its id; 0: any
 */
guint32 place_choose(const struct miracast_target_info *targets, guint n, remembered *r,
		     const link_sink *sink, const char *other_id);

/* "DRIVER:CONNECTOR", to be freed; NULL: it has no name, or none that can be printed. */
char *place_name(const struct miracast_target_info *target);

G_END_DECLS
