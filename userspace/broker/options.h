/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * options.h - what a user may ask of a session
 *
 * The options of org.miracast.Miracast1.Manager.Connect() and .Listen(), of the
 * command line of miracastd and of miracastctl connect: a{sv}, all of them in
 * the list below, with what they may be.  They are checked before anything is
 * done, by whoever gets them first: a word that is misspelt must not cost a walk
 * to the display.
 */
#pragma once

#include <glib.h>

#include "channel.h"

G_BEGIN_DECLS

/*
 * O(key, type, user, minimum, maximum, words)
 *
 * Numbers go from minimum to maximum; text has so many characters, and is one of
 * @words, which are separated by "|", unless that is NULL.
 *
 * encoder	GStreamer element to use instead of the best one
 * width, height	pixels; the modes of Wi-Fi Display are between these
 * refresh	millihertz
 * audio	one of CHANNEL_AUDIO; "desktop" without it
 * latency	one of CHANNEL_LATENCIES; "normal" without it
 * import	"no": the desktop copies, whether the GPU's buffers can be read or not;
 *		"yes": it may hand over any that can be mapped
 * max-bit-rate	bits per second for video
 * go-intent	how much we want to be P2P group owner (default 15)
 * other-ways	"no": if the display cannot be reached in the way that is tried, no other
 *	one is taken
 * stay	"yes": if it is lost it comes back by itself (stay.h)
 * security	"encryption", or "pin", which the display shows and the user types, or, over
 *		Wi-Fi P2P, the other way round; with encryption, which Wi-Fi P2P always has
 * frequency	MHz of the P2P group (default: wpa_supplicant chooses)
 * from		of Listen() alone: who may call, an address or a network; without it people are
 *	asked about each call (link-direct.h)
 */
#define SESSION_OPTIONS(O) \
	O("encoder", "s", OPTION_UMD, 1, 64, NULL) \
	O("width", "u", OPTION_UMD, 640, 4096, NULL) \
	O("height", "u", OPTION_UMD, 360, 2160, NULL) \
	O("refresh", "u", OPTION_UMD, 23000, 120000, NULL) \
	O("audio", "s", OPTION_UMD, 1, 64, CHANNEL_AUDIO_WORDS) \
	O("latency", "s", OPTION_UMD, 1, 64, CHANNEL_LATENCY_WORDS) \
	O("import", "s", OPTION_UMD, 1, 64, "yes|no") \
	O("other-ways", "s", OPTION_BROKER, 1, 64, "yes|no") \
	O("stay", "s", OPTION_BROKER, 1, 64, "yes|no") \
	O("max-bit-rate", "t", OPTION_BROKER, 100000, 1000000000, NULL) \
	O("security", "s", OPTION_LINK, 1, 64, "none|encryption|pin") \
	O("go-intent", "u", OPTION_LINK, 0, 15, NULL) \
	O("frequency", "u", OPTION_LINK, 2412, 7115, NULL) \
	O("from", "s", OPTION_LINK, 1, 64, NULL)

enum option_user {
	OPTION_UMD, /* a field of the channel's "config" message */
	OPTION_BROKER,
	OPTION_LINK,
};

/* Fails with REASON_CONFIGURATION, naming the option and what it may be. */
gboolean options_check(GVariant *options, GError **error);

/* The fields of the channel's "config" message that the user has chosen. */
void options_copy_for_umd(GVariant *options, GVariantDict *config);

/**
 * options_parse - an option of the command line
 * @key: of the list
 * @text: what the user has typed; NULL: nothing, the option stays unset
 *
 * Inserts it.  Fails with REASON_CONFIGURATION, as options_check() does.
 */
gboolean options_parse(const char *key, const char *text, GVariantDict *options, GError **error);

/**
 * options_parse_mode - "1920x1080@60", "1920x1080@59.94", "1280x720"
 * @text: NULL: nothing
 *
 * Inserts width, height and, if given, refresh.  Fails with
 * REASON_CONFIGURATION.
 */
gboolean options_parse_mode(const char *text, GVariantDict *options, GError **error);

/**
 * options_parse_audio - the option "audio", for which there are two on the command line
 * @text: NULL: nothing
 * @no_sound: the same as "none"; it must not be said with another kind
 */
gboolean options_parse_audio(const char *text, gboolean no_sound, GVariantDict *options,
			     GError **error);

G_END_DECLS
