/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-dial.h - a TCP connection to whichever address of a display answers
 *
 * Addresses are tried in their order.  The next one is tried when one has failed,
 * and as well, beside it, when it has not answered within MICE_DIAL_NEXT_MS: a
 * display that announces an address that leads nowhere must not cost the limit.
 * The first connection that comes about is taken, all others are closed.
 *
 *	dialling -> done	connected, or all have failed, or the limit is over
 *
 * No proxy is used: displays are near.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* RFC 8305, 5: "Connection Attempt Delay" */
#define MICE_DIAL_NEXT_MS 250

typedef struct mice_dial mice_dial;

/**
 * mice_dialled - it is done
 * @socket: connected, non-blocking; the receiver takes a reference; NULL with @error
 * @error: of the domain G_IO_ERROR: that of the address that failed last, or
 *	G_IO_ERROR_TIMED_OUT
 *
 * Called once, from the main loop.  May free the @dial.
 */
typedef void mice_dialled(mice_dial *dial, GSocket *socket, const GError *error,
			  gpointer user_data);

/* @addresses: (element-type GSocketAddress): one at least; a reference is taken */
mice_dial *mice_dial_new(GPtrArray *addresses, guint limit_ms, mice_dialled *dialled,
			 gpointer user_data);
/* Without a word if it was not done. */
void mice_dial_free(mice_dial *dial);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mice_dial, mice_dial_free)

G_END_DECLS
