/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link-mice.h - Miracast over Infrastructure: displays in a network that is there
 *
 * A display that is in the same network as this computer, by cable or Wi-Fi, is told
 * over TCP to call us (mice-connection.h).  No radio is touched; it works with any
 * Wi-Fi adapter and whoever runs it.
 *
 * Sinks: their id is LINK_MICE_PREFIX and the host, "mice:tv.local", or
 * "mice:192.0.2.7:7251" with a port that is not MICE_PORT.  They are found by
 * LINK_MICE_SERVICE over multicast DNS where Avahi runs (avahi.h), announced by the
 * same display over the air (heard), or named by their address (reach); mice-sinks.h
 * says for how long they are known.
 *
 * A find begins to browse; browsing goes on for LINK_MICE_LINGER_SECONDS when the find is
 * over, so that what the user has just been shown stays true while he chooses; and as long
 * as there is a connection, and so long after the last one, so that a display that was in
 * sight is not said to be out of it while, and just after, it is cast to.  Where there is
 * no Avahi a find is over at once, without an error: it is one of several ways.
 *
 * Who we are: displays want a source id, 16 bytes that are the same in all messages
 * of a session, and by which they may know a source again.  It is made of this
 * machine's id (machine-id(5)) and the sink's, so that the same display sees the same
 * one each time, and the owners of two displays cannot tell from it that they were
 * visited by one machine.
 *
 * Phases of a connection, as progress() names them:
 *	contacting		the display has an address, its control channel is being
 *				opened
 *	securing		keys are being agreed on
 *	pin-wanted		the display shows a PIN
 *	pin-wrong		another one was typed, and it is wanted again
 *
 * Options: security (options.h).
 */
#pragma once

#include "link.h"
#include "mice-sinks.h"

G_BEGIN_DECLS

#define LINK_MICE_SERVICE "_display._tcp"
#define LINK_MICE_LINGER_SECONDS 60

/**
 * struct link_mice_config - read by link_mice_new() only
 * @bus: where Avahi is; NULL: system bus
 * @linger_seconds: 0: LINK_MICE_LINGER_SECONDS
 * @rtsp_port: 0: LINK_DEFAULT_PORT
 * @answer_seconds: 0: MICE_ANSWER_SECONDS
 * @handshake_ms: 0: MICE_HANDSHAKE_MS
 * @pin_seconds: 0: MICE_PIN_SECONDS
 * @name: what displays show, NULL: link_own_name()
 */
struct link_mice_config {
	GDBusConnection *bus;
	guint linger_seconds;
	guint16 rtsp_port;
	guint answer_seconds;
	guint handshake_ms;
	guint pin_seconds;
	const char *name;
};

link_backend *link_mice_new(const struct link_mice_config *config, const struct link_events *events,
			    gpointer user_data);

/**
 * link_mice_source_id - who we are for one display
 * @machine_id: any secret text that stays
 * @sink: id of the sink
 * @source_id: (out): MICE_SOURCE_ID_SIZE bytes
 */
void link_mice_source_id(const char *machine_id, const char *sink, guint8 *source_id);

G_END_DECLS
