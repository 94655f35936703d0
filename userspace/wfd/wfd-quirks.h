/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-quirks.h - what real sinks need beyond the specification
 *
 * Data, not code: one row per family of sinks in wfd-quirks.c, keyed on words
 * that a sink says about itself (whole words, in either case: "LG" is found in
 * "[LG] webOS TV" and not in "Algo").  A row names the fields that it sets, each
 * to any value, 0 among them; the defaults are left in the others, and when
 * several rows match, later rows win field by field.
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
 * @name: the rows that matched, "+" between them, for the log; "default"
 * @keepalive: see above
 * @max_session_id: longest session id the sink can handle, in characters
 * @session_timeout: seconds to announce as ";timeout=", 0 = do not announce
 * @audio_required: the sink drops a session without audio: send silence
 *	rather than nothing
 * @audio_only_aac: choose AAC even if the sink names others
 * @standby: M12 may be sent, if the sink offers standby: it stays while no RTP
 *	comes.  Others get black pictures for as long as there is nothing to see
 * @pmt_pid: PID of the PMT
 */
struct wfd_quirks {
	char name[64];
	enum wfd_keepalive keepalive;
	guint max_session_id;
	guint session_timeout;
	gboolean audio_required;
	gboolean audio_only_aac;
	gboolean standby;
	guint pmt_pid;
};

/**
 * struct wfd_sink_identity - what is known about a sink; any may be NULL
 * @user_agent: User-Agent header of its requests
 * @server: Server header of its answers
 * @manufacturer, @model: from intel_sink_* (M3) or from the P2P device
 * @device_name: P2P device name
 */
struct wfd_sink_identity {
	const char *user_agent;
	const char *server;
	const char *manufacturer;
	const char *model;
	const char *device_name;
};

/**
 * wfd_quirks_match - the quirks of a sink
 *
 * Can be asked again whenever more is known.  Never fails: a sink that no row
 * knows gets the defaults.
 */
void wfd_quirks_match(const struct wfd_sink_identity *identity, struct wfd_quirks *out);

G_END_DECLS
