/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link-wifi.h - Wi-Fi P2P through whoever runs the adapter
 *
 * One backend, "p2p", with two ways: wpa_supplicant (link-p2p.h) and iwd (link-iwd.h).  Who asks for
 * displays gets those of one of them:
 *
 *	a find begins with	wpa_supplicant, which takes no adapter that is somebody else's;
 *				with iwd while there is a connection through that
 *	and goes on with	iwd, when wpa_supplicant cannot; what it says then is what
 *				has become of the find.  Where there is no iwd it is what
 *				wpa_supplicant has said.  Not when wpa_supplicant is busy.
 *
 * A sink is connected to by the way that has found it; one that neither knows by the last one that looked.
 * A display that was seen by the other way before, and is not any more, is forgotten there: there is one row for it.
 *
 * Nothing here waits, so nothing has a time limit; threads and errors are those of the two.
 */
#pragma once

#include "link-p2p.h"

G_BEGIN_DECLS

link_backend *link_wifi_new(const struct link_p2p_config *config, const struct link_events *events,
			    gpointer user_data);

G_END_DECLS
