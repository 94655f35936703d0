/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-guard.h - an element that keeps failures of an encoder from its source
 *
 * What is refused behind it ends a source for good, and all that is behind it with the end of
 * the stream.  The guard says to the source that all is well, and to its owner that it is
 * not, who makes another encoder; no more is let through until then.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * struct media_guard_funcs - in the streaming thread
 * @pass: a picture comes: FALSE, it is dropped
 * @refused: it was not taken, for @flow
 */
struct media_guard_funcs {
	gboolean (*pass)(gpointer user_data);
	void (*refused)(GstFlowReturn flow, gpointer user_data);
};

/* @funcs and @user_data live longer than its streaming thread. */
GstElement *media_guard_new(const char *name, const struct media_guard_funcs *funcs, gpointer user_data);

G_END_DECLS
