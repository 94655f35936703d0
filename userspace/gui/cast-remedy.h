/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-remedy.h - what the window can do itself of what a hint says is to be done
 *
 * A hint (hint.h) is for people: most of what they are told to do, no program can do for them.  For the rest there is a
 * button, by the code of the hint and never by its words.  A code that is not known here has none: the sentence is
 * shown all the same.
 *
 * Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "hint.h"

G_BEGIN_DECLS

enum cast_remedy {
	CAST_REMEDY_NONE,
	CAST_REMEDY_AGAIN,	 /* connect to the display as before: what is to be done at it is done then */
	CAST_REMEDY_WITH_PIN,	 /* ... and have a PIN asked for */
	CAST_REMEDY_WITHOUT_PIN, /* ... and have none asked for */
	CAST_REMEDY_NETWORK,	 /* open the desktop's settings of networks */
	CAST_REMEDY_SOUND,	 /* ... of sound; no hint says so, it is offered while there is sound */
	CAST_REMEDY_DISPLAYS,	 /* ... of monitors: mode, mirror or extend; offered while pictures flow */
};

enum cast_remedy cast_remedy_of(const char *hint_code);
/* On its button, not translated; "" of NONE */
const char *cast_remedy_label(enum cast_remedy remedy);
/* It opens settings, if there are any. */
gboolean cast_remedy_opens_settings(enum cast_remedy remedy);
/*
 * Transfer full: what opens the settings; NULL: that remedy opens none, or this desktop has none that are known.
 * Settings of another desktop than the one that runs are passed over.
 */
GAppInfo *cast_remedy_settings(enum cast_remedy remedy);

G_END_DECLS
