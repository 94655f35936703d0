/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * aac-join.h - AAC of 5.1 channels out of that of its parts
 *
 * A block of AAC (raw_data_block(), ISO/IEC 13818-7 6.3) is a row of elements, each with one
 * channel or a pair and on its own: what is in one says nothing of the others.  So blocks that
 * encoders of one and of two channels have made of the same time are one block of all the
 * channels, when their elements stand in one row in the order of channel configuration 6.
 *
 *	single channel 0   front centre
 *	channel pair 0     front left and right
 *	channel pair 1     rear left and right
 *	LFE 0              low frequencies
 *
 * The element of an LFE channel is that of a single one by another name, of which the
 * standard wants long windows only.  An encoder that has not been told what it encodes
 * changes to short ones where something loud begins; it does not where all is as soft as
 * noise.  So it gets the channel AAC_LFE_SOFTER times softer than it is, and the gain that is
 * written in the element, in steps of 1.5 dB, takes that back.
 *
 * No GStreamer, no state.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum aac_part {
	AAC_CENTRE,
	AAC_FRONT,
	AAC_REAR,
	AAC_LFE,
	AAC_PARTS,
};

#define AAC_LFE_SOFTER 16
/* The same in steps of the gain, four of which are a factor of two. */
#define AAC_LFE_GAIN 16

/**
 * struct aac_block - a raw_data_block() with one element, of one or two channels
 */
struct aac_block {
	const guint8 *data;
	gsize size;
};

/**
 * aac_join() - one block of four
 * @blocks: one for each enum aac_part, of the same time
 * @out: gets the block, in place of what it has
 *
 * Return: FALSE if one of them is not what it should be; @out is empty then.
 */
gboolean aac_join(const struct aac_block blocks[AAC_PARTS], GByteArray *out);

G_END_DECLS
