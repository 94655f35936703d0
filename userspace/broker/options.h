/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * options.h - what a user may ask of a session
 *
 * The options of org.miracast.Miracast1.Manager.Connect() and .Listen(), of the
 * command line of miracastd and of miracastctl connect: a{sv}, all of them in
 * the list below.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * O(key, type, user)
 *
 * encoder	GStreamer element to use instead of the best one
 * width, height	pixels
 * refresh	millihertz
 * audio	"none", "silence" or "tone"
 * max-bit-rate	bits per second for video; the path's own limit stays
 * go-intent	0 to 15: how much we want to be P2P group owner (default 15)
 * frequency	MHz of the P2P group (default: wpa_supplicant chooses)
 */
#define SESSION_OPTIONS(O) \
	O("encoder", "s", OPTION_UMD) \
	O("width", "u", OPTION_UMD) \
	O("height", "u", OPTION_UMD) \
	O("refresh", "u", OPTION_UMD) \
	O("audio", "s", OPTION_UMD) \
	O("max-bit-rate", "t", OPTION_BROKER) \
	O("go-intent", "u", OPTION_LINK) \
	O("frequency", "u", OPTION_LINK)

enum option_user {
	OPTION_UMD, /* a field of the channel's "config" message */
	OPTION_BROKER,
	OPTION_LINK,
};

/* Fails with REASON_CONFIGURATION, naming the option. */
gboolean options_check(GVariant *options, GError **error);

/* The fields of the channel's "config" message that the user has chosen. */
void options_copy_for_umd(GVariant *options, GVariantDict *config);

/**
 * options_parse_mode - "1920x1080@60", "1920x1080@59.94", "1280x720"
 *
 * Inserts width, height and, if given, refresh.  Fails with
 * REASON_CONFIGURATION.
 */
gboolean options_parse_mode(const char *text, GVariantDict *options, GError **error);

G_END_DECLS
