/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture-reference.h - how a picture differs from the encoder's latest one, by macroblock
 *
 * The source says what has changed since the picture before; a patch (h264-patch.h) needs what has changed since the latest
 * picture that the encoder has seen, and where the mouse was, that is nothing.  So that picture is kept, as it went in: not
 * copied when it did, which would cost as much as a good part of encoding it, but piece by piece when the desktop rests, from
 * pictures that have not changed there since.
 *
 * For each macroblock:
 *
 *	kept	its samples in the encoder's picture are here
 *	unknown	the encoder has got it, and it has not been seen unchanged since: if it changes it counts as different
 *
 * One thread at a time.
 */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct picture_reference picture_reference;

/* For I420; nothing is kept. */
picture_reference *picture_reference_new(const GstVideoInfo *info);
void picture_reference_free(picture_reference *reference);

/**
 * picture_reference_look() - a picture has come
 * @unchanged: by macroblock: as in the picture before, if not 0
 * @most: so many are looked at
 *
 * Return: how many macroblocks differ from the encoder's picture; above @most: more than that
 */
guint picture_reference_look(picture_reference *reference, const GstVideoFrame *picture, const guint8 *unchanged, guint most);
/* Which ones, by macroblock; changes with the functions here. */
const guint8 *picture_reference_different(const picture_reference *reference);
/* All that has been said of it is over: the encoder gets the picture. @unchanged as above; NULL: it is new everywhere. */
void picture_reference_encoded(picture_reference *reference, const guint8 *unchanged);
/* The picture before this one was all of the encoder's and nothing moves: keep what has not changed. */
void picture_reference_keep(picture_reference *reference, const GstVideoFrame *picture, const guint8 *unchanged);

G_END_DECLS
