/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sound-silence.h - silence is encoded until it is always the same, and then only sent
 *
 * Most of the time a desktop is silent, and its track of sound goes on.  An encoder works as
 * hard at silence as at music: for an idle desktop that is a quarter of all.  Yet of silence alone
 * each frame comes out as the one before, and each may follow each.  Some encoders keep to their
 * bit rate with a byte more in every second or third.  So once SOUND_SILENCE_SAME of them were as
 * those of the cycle before, that cycle is sent again in place of what would be, until something
 * is heard.
 *
 *	encoding --so many equal frames of silence--> repeating
 *	repeating --a unit that is not all zero, or that does not follow--> encoding
 *
 * The encoder does not notice.  What it holds, of its look-ahead or of the half of a window, is
 * silence, as is what would have come since; and its time stands still meanwhile: what goes in is
 * taken back by what was left out, and what comes out is put forward again.
 *
 * An encoder whose frames of silence differ is never spared.
 *
 * Threads: the one that @in and @out of sound_silence_watch() have in common; elements between them
 * have none of their own.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Frames: where each, or each second or third, is the same, each sixth is. */
#define SOUND_SILENCE_CYCLE 6
/* Frames in a row; and units of silence before them: of what was heard nothing is left in the encoder. */
#define SOUND_SILENCE_SAME SOUND_SILENCE_CYCLE
#define SOUND_SILENCE_BEFORE 4

/*
 * @in: a source pad in front of an encoder, with one unit of samples, 16 bits each, for each frame, and
 * times.  @out: one behind it, where frames leave singly.  It lives as long as @in.
 */
void sound_silence_watch(GstPad *in, GstPad *out);

G_END_DECLS
