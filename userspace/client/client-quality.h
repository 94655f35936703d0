/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client-quality.h - what the numbers of a session mean
 *
 * From the mode and the counters of a session, as they are on the bus, to words that say whether it is good.  A row
 * each:
 *
 *	frame rate	how many pictures per second, and how many of the desktop's were left out:
 *			good up to 2 %, fair up to 10 %
 *	delay		from the desktop's flip to the last packet, and in which part most of it
 *			is: 95 of 100 pictures within 50 ms are good, within 100 ms fair
 *	bit rate	what was sent, and what the encoder is set to: good if that is what the mode
 *			is to have, fair down to half of it
 *	link		of Wi-Fi P2P, as far as known: band, channel, width, bit rate of the radio,
 *			signal: good from -60 dBm on if the bit rate is four times what the mode is to
 *			have, fair from -70 on with twice; poor while the display is not heard
 *	losses		packets that the display has missed: good below 0.1 %, fair below 1 %;
 *			unknown of displays that do not say
 *	key frames	that the display asks for when it has missed something: good up to one a
 *			minute, fair up to six
 *	sound		what was skipped or lost: good if nothing, fair below 1 %; and by how much
 *			it leaves later than the picture of the same moment: good while the display
 *			still has it in time (ITU-R BT.1359: 45 ms early to 125 ms late are not
 *			noticed, 90 and 185 are borne)
 *
 * What there is nothing to say of has no row.  Times and rates are those of the last second, losses and key frames
 * those since pictures began to flow.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

enum quality {
	QUALITY_UNKNOWN,
	QUALITY_GOOD,
	QUALITY_FAIR,
	QUALITY_POOR,
};

/* "good" */
const char *quality_name(enum quality quality);

/**
 * struct quality_row - one of the above
 * @what: "frame rate", "delay" ...
 * @text: the numbers, for people; owned
 * @why: what is not good about it, a part of a sentence, one of a fixed set; "" if it is; owned
 */
struct quality_row {
	const char *what;
	enum quality quality;
	char *text;
	char *why;
};

/* What a format is in the user's language; called in the thread of who asks for the rows. */
typedef const char *(*quality_words)(const char *text);

/**
 * quality_of - the rows of a session
 * @mode, @stats: a{sv} of org.miracast.Miracast1.Session
 * @level: of the display in dBm, 0: not known
 * @streaming_us: for how long pictures have been flowing
 * @words: (nullable): for @text of each row, which has numbers in it; @what and @why are English
 *
 * Returns: (element-type struct quality_row) (transfer full); empty before there are any
 */
GPtrArray *quality_of(GVariant *mode, GVariant *stats, int level, gint64 streaming_us, quality_words words);
/* Of a signal in dBm alone, as in the row "link"; 0: unknown. */
enum quality quality_of_level(int level);
/* The worst of them. */
enum quality quality_worst(GPtrArray *rows);

G_END_DECLS
