/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-quirks.h - what real sinks need beyond the specification
 *
 * Data, not code: one row per family of sinks.  The rows of every build are in
 * quirks.conf beside this file; more are added in the same format, which is that of
 * GKeyFile and is described for users in miracast-quirks(5):
 *
 *	[name]			of the row, for status and log
 *	any=LG;webOS		keys: what the sink says about itself ...
 *	keep-alive=on		settings: ... and how it is treated then
 *
 * A key names words, whole ones, in either case ("LG" is found in "[LG] webOS TV" and
 * not in "Algo"), of which one has to be there; of several keys each has to fit.
 * "any" looks everywhere, the others at one thing each; "address" names the
 * beginning of a device address, such as an OUI.
 *
 * A row sets the fields that it names, each to any value, 0 among them; the defaults
 * are left in the others, and when several rows fit, later rows win field by field. A
 * row takes the place of an earlier one of its name, and without keys and settings it
 * only puts that one out of force.
 *
 * Threads: a table that is not added to any more may be asked by several.
 */
#pragma once

#include <glib.h>


G_BEGIN_DECLS

/**
 * enum wfd_keepalive - when to send M16
 * @WFD_KEEPALIVE_AUTO: send it; any answer counts as alive; stop for good
 *	after an answer that is an error status, since the sink does not know
 *	M16 then (the TCP connection and RTCP tell that it is there)
 * @WFD_KEEPALIVE_ON: send it whatever is answered
 * @WFD_KEEPALIVE_OFF: never send it
 */
enum wfd_keepalive {
	WFD_KEEPALIVE_AUTO,
	WFD_KEEPALIVE_ON,
	WFD_KEEPALIVE_OFF,
};

/**
 * struct wfd_quirks - how to treat a sink
 * @name: the rows that fitted, "+" between them, for status and log; "default"
 * @keepalive: keep-alive=auto|on|off, see above
 * @max_session_id: session-id-length=1..15: longest session id the sink can handle, in
 *	characters
 * @session_timeout: session-timeout=0|10..3600: seconds to announce as ";timeout=", 0 =
 *	do not announce
 * @audio_required: audio-required=true|false: the sink drops a session without audio:
 *	send silence rather than nothing
 * @audio_codecs: audio-codecs=LPCM;AAC;AC3: bits 1 << enum wfd_audio_format; others are
 *	not chosen even if the sink names them
 * @standby: standby=true|false: M12 may be sent, if the sink offers standby: it stays
 *	while no RTP comes.  Others get black pictures for as long as there is nothing to
 *	see
 * @pmt_pid: pmt-pid=32..8190: PID of the PMT
 * @baseline_only: baseline-only=true|false: Constrained Baseline is chosen even if the
 *	sink names Constrained High
 * @max_bit_rate: max-bit-rate=100..100000, in kbit/s: bits per second of the video at
 *	most; 0 = no limit
 * @short_m3: short-m3=true|false: M3 asks for what every sink must know, and nothing
 *	else.  By what is known before M3 only
 * @frame_marker: frame-marker=true|false: RTP's marker bit on the last packet of a
 *	picture, as Windows sends it, and not where RFC 2250 has it
 * @lead_ms: lead=50..1000: milliseconds from the time at which a packet leaves to that at
 *	which its picture is shown; 0: what the mode needs
 * @plain_video: plain-video=true|false: each picture is an encoder's, none of which little is new is written
 *	in its place (h264-patch.h)
 *
 * All fields but @name are of the size of guint.
 */
struct wfd_quirks {
	char name[64];
	enum wfd_keepalive keepalive;
	guint max_session_id;
	guint session_timeout;
	gboolean audio_required;
	guint audio_codecs;
	gboolean standby;
	guint pmt_pid;
	gboolean baseline_only;
	guint max_bit_rate;
	gboolean short_m3;
	gboolean frame_marker;
	guint lead_ms;
	gboolean plain_video;
};

/**
 * struct wfd_sink_identity - what is known about a sink; any may be NULL
 * @user_agent: User-Agent header of its requests
 * @server: Server header of its answers
 * @manufacturer, @model: from intel_sink_* (M3)
 * @device_name: P2P device name
 * @device_model: manufacturer and model of the P2P device
 * @address: P2P device address
 *
 * The keys are user-agent (either header), manufacturer, model (of M3 or P2P, as for
 * manufacturer), name and address.
 */
struct wfd_sink_identity {
	const char *user_agent;
	const char *server;
	const char *manufacturer;
	const char *model;
	const char *device_name;
	const char *device_model;
	const char *address;
};

typedef struct wfd_quirk_table wfd_quirk_table;

/* The rows that every build has. */
wfd_quirk_table *wfd_quirk_table_new(void);
void wfd_quirk_table_free(wfd_quirk_table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(wfd_quirk_table, wfd_quirk_table_free)

/* Rows of one text. */
#define WFD_QUIRKS_MAX_ROWS 256
/* Longest text that is looked at, in bytes. */
#define WFD_QUIRKS_MAX_TEXT (8 * 1024)

/**
 * wfd_quirk_table_add - the rows of a text come after those that are there
 * @text: UTF-8
 *
 * All of them or, with WFD_ERROR_SYNTAX, WFD_ERROR_RANGE or WFD_ERROR_TOO_BIG, none:
 * the message names the row and the key, and says what would be right.
 */
gboolean wfd_quirk_table_add(wfd_quirk_table *table, const char *text, GError **error);

/**
 * wfd_quirks_match - the quirks of a sink
 *
 * Can be asked again whenever more is known.  Never fails: a sink that no row
 * knows gets the defaults.
 */
void wfd_quirks_match(const wfd_quirk_table *table, const struct wfd_sink_identity *identity,
		      struct wfd_quirks *out);

G_END_DECLS
