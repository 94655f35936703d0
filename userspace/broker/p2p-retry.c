// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a P2P connection tries once more, and what it says when that was of no use: see
 * p2p-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-private.h"

#include <string.h>

/* When both want to be owner: any lower value makes it the other. */
#define GO_INTENT_YIELD 7
/* Channel 6: every radio has it, no regulatory domain forbids it. */
#define FREQUENCY_EVERYWHERE 2437

gboolean p2p_connection_try_once_more(p2p_connection *conn, enum p2p_remedy remedy)
{
	guint tried = conn->frequency;
	gboolean *done = remedy == P2P_REMEDY_METHOD ? &conn->second_request : &conn->second_try;

	if (*done || !p2p_step_next(conn->state, P2P_EVENT_AGAIN, NULL))
		return FALSE;
	*done = TRUE;
	if (remedy != P2P_REMEDY_METHOD)
		p2p_connection_unlearn(conn);
	if (remedy == P2P_REMEDY_CHANNEL) {
		conn->frequency = tried ? 0 : FREQUENCY_EVERYWHERE;
		conn->guessed = conn->narrowed != wpas_narrowed(p2p_of(conn)->wpas);
	}
	/* With another PIN its user has his time once more. */
	if (p2p_pin_is_needed(conn->pin))
		conn->accept_until = 0;
	p2p_connection_forget_pin(conn);
	g_message("trying once more to form a group with %s", name_of(conn));
	return p2p_connection_happen(conn, P2P_EVENT_AGAIN);
}

/* With a PIN it may have been NetworkManager's question, which knows push button only. */
static void wrong_method(p2p_connection *conn)
{
	const struct p2p_peer *peer = peer_of(conn);

	if (p2p_pin_is_needed(conn->pin) && !conn->asked_directly)
		return;
	if (p2p_connection_try_once_more(conn, P2P_REMEDY_METHOD))
		return;
	if (p2p_pin_is_needed(conn->pin))
		p2p_connection_fail(conn, REASON_PIN_REFUSED, "%s does not take a PIN in this way", name_of(conn));
	else
		p2p_connection_fail(conn, REASON_NEEDS_PIN,
				    p2p_pin_is_offered(peer ? peer->config_methods : 0) ?
					    "%s does not take push button; it may take a PIN: connect with --pin" :
					    "%s offers push button only, and does not take it", name_of(conn));
}

/* As the table of the specification has them (enum p2p_status); NULL: a number that it does not have. */
static const char *status_words(int status)
{
	static const char *const words[] = {
		[2] = "what the two can do does not fit together",
		[3] = "it has no room for another connection",
		[4] = "it takes our request for malformed",
		[5] = "it cannot do what was asked for",
		[6] = "it takes us for a device that disturbs it",
		[8] = "it does not know the group",
		[P2P_STATUS_BOTH_WANT_OWNER] = "it says that we want to own the group as it does, although we have given way",
	};

	return status > 0 && status < (int)G_N_ELEMENTS(words) ? words[status] : NULL;
}

static void ended_by_status(p2p_connection *conn, int status)
{
	const char *words = status_words(status);

	p2p_connection_fail(conn, REASON_GROUP_FAILED, "%s ended the negotiation with P2P status %d%s%s",
			    name_of(conn), status, words ? ": " : "", words ? words : "");
}

void p2p_connection_negotiation_failed(p2p_connection *conn, const char *peer, int status)
{
	if (!conn || conn->state != P2P_NEGOTIATING || (peer && strcmp(peer, conn->claim->peer) != 0))
		return;
	g_info("GO negotiation with %s: status %d", name_of(conn), status);
	switch (status) {
	case P2P_STATUS_REJECTED:
		p2p_connection_fail(conn, REASON_REJECTED, "%s has refused the connection", name_of(conn));
		break;
	case P2P_STATUS_PROVISIONING:
		wrong_method(conn);
		break;
	case P2P_STATUS_NO_COMMON_CHANNEL:
		if (!conn->frequency || !p2p_connection_try_once_more(conn, P2P_REMEDY_CHANNEL))
			p2p_connection_fail(conn, REASON_NO_COMMON_CHANNEL,
					    "%s and this machine have no common channel", name_of(conn));
		break;
	case P2P_STATUS_BOTH_WANT_OWNER:
		/* Such a sink only works as group owner. Who says so of less than all wish will not be convinced. */
		if (conn->go_intent <= GO_INTENT_YIELD) {
			ended_by_status(conn, status);
			break;
		}
		conn->go_intent = GO_INTENT_YIELD;
		p2p_connection_happen(conn, P2P_EVENT_AGAIN);
		break;
	case P2P_STATUS_NO_ANSWER:
	case P2P_STATUS_UNAVAILABLE:
		/*
		 * No refusal: "not yet", and what becomes of that when nobody has accepted meanwhile.  Its user may still
		 * be on the way to it, and so the same is asked as long as he may take; the time limit goes on.
		 */
		p2p_connection_happen(conn, P2P_EVENT_AGAIN);
		break;
	default:
		ended_by_status(conn, status);
	}
}
