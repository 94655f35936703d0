/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link-iwd.h - Wi-Fi P2P through iwd, where that has the adapter
 *
 * Beside link-p2p.h the other way over Wi-Fi P2P, with the same name and the same ids of sinks; which of
 * the two is taken: link-wifi.h.  iwd does most of it (iwd.h).  Here are: when its P2P device is
 * needed, which peers are sinks, and the steps of a connection.  What keeps the display from this machine
 * (p2p-net.h, "made") and the port that only it can reach (p2p-path.h) are the same as there.
 *
 * The P2P device follows the number of those who hold it:
 *
 *	state		holders		what happens		then
 *	idle		first comes	iwd_acquire()		acquiring
 *	acquiring	any		ready			ready; lingering if none
 *	acquiring	any		failed			idle
 *	ready		last leaves	-			lingering
 *	lingering	one comes	-			ready
 *	lingering	none		the limit, a stop	releasing
 *	releasing	any		released		idle; acquiring if some
 *	ready, lingering		failed: it has gone	idle
 *
 * Each call of iwd.h has its limit there.  What a killed daemon has left switched on is switched off
 * by the next one as soon as that begins: acquired, and released.
 *
 * A find holds it for as long as it runs.  iwd scans and listens in turns by itself.
 *
 * States of a connection, and what ends them:
 *
 *	state		waits for			limit
 *	beginning	its own source			-
 *	preparing	the P2P device			LINK_IWD_PREPARE_SECONDS
 *	searching	the display in sight		LINK_IWD_SEARCH_SECONDS
 *	asking		iwd's answer, which comes with	accept_seconds + LINK_IWD_GROUP_SECONDS
 *			the addresses
 *	addressing	p2p-net.h			its own
 *	up		the owner, who has limits	-
 *	failed		disconnect()			-: the owner's
 *	closing-net	IPv4 and the port taken down	LINK_IWD_CLOSE_SECONDS
 *	closing-group	iwd has disconnected		LINK_IWD_CLOSE_SECONDS
 *	closed		free()				-
 *
 *			begin	ready	sighted	connected	address	fail	disconnect
 *	beginning	prepar.	-	-	-		-	failed	closing
 *	preparing	-	search.	-	-		-	failed	closing
 *	searching	-	-	asking	-		-	failed	closing
 *	asking		-	-	-	addressing	-	failed	closing
 *	addressing	-	-	-	-		up	failed	closing
 *	up		-	-	-	-		-	failed	closing
 *
 * disconnect() is taken there and then; its work is begun from a source.  When iwd or its device goes,
 * what has not failed fails with REASON_GROUP_ENDED, or what iwd.h says, and closing goes on without it.
 *
 * Phases, as progress() names them: searching, waiting-for-acceptance, pin-shown, group-started, firewalld-refused.
 *
 * By push button; with the option "security" of "pin" iwd makes a PIN that is to be typed at the display.
 * One connection at a time; while there is one nothing is looked for.  No group is kept for the next
 * time, and the options "go-intent" and "frequency" mean nothing to iwd.  How the radio link is, is not watched.
 */
#pragma once

#include "link-p2p.h"

G_BEGIN_DECLS

#define LINK_IWD_PREPARE_SECONDS 20
#define LINK_IWD_SEARCH_SECONDS 30
/* Keys, and addresses, for which iwd waits 20. */
#define LINK_IWD_GROUP_SECONDS 30
#define LINK_IWD_CLOSE_SECONDS 8

/* @config: as link_p2p_new(); @remembered, @watch, @users and @device_name are not used. */
link_backend *link_iwd_new(const struct link_p2p_config *config, const struct link_events *events,
			   gpointer user_data);
/* There is a connection. */
gboolean link_iwd_is_used(link_backend *backend);

G_END_DECLS
