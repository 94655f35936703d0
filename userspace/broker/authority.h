/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * authority.h - who may do what
 *
 * Who calls is known from the bus: name, uid, and whether he is of group miracast (dbus-caller.h).  What he wants is
 * one of three things.  polkit (org.freedesktop.PolicyKit1, Authority.CheckAuthorization) is asked about everybody whom
 * the table does not name; by its action in data/org.miracast.Miracast1.policy.
 *
 *				root	group miracast	all others: what polkit says of
 *	AUTHORITY_CAST		yes	yes		org.miracast.Miracast1.cast
 *	AUTHORITY_CONFIGURE	yes	yes		org.miracast.Miracast1.manage
 *	AUTHORITY_OTHERS	yes	as all others	org.miracast.Miracast1.manage
 *
 *	CAST		look for displays, cast, listen for who is named ("from"), see displays, and whatever is to be done
 *			with casts of one's own: end them, enter PINs, say yes to who has called, read and hear how they go
 *	CONFIGURE	what all users of the machine share: aliases, autoconnect, what is remembered, listening for anybody, who
 *			is asked about each time all the same
 *	OTHERS		casts of other users, and displays that are theirs (owner.h): end, change, read, hear
 *
 * As it is installed, polkit lets who sits at the machine (an active local session) cast without a question, and asks an
 * administrator for everything else.  "root" is also the account of the daemon itself, where that is another one.
 *
 * A cast belongs to the user who called Connect, or Listen for what comes of that; so does what the daemon knows of a
 * display by that alone.  What nobody has begun (autoconnect,
 * miracastd --listen) belongs to all who may cast.
 *
 * Without polkit on the bus "all others" may nothing: root and the group are as without it.  The log says so once.  A
 * polkit that does not answer, or ends, says no, this time.
 *
 * polkit asks people only if the call has the flag ALLOW_INTERACTIVE_AUTHORIZATION.  They have AUTHORITY_ASK_SECONDS;
 * without a question it has AUTHORITY_SECONDS.  Nothing waits for that but the call itself.  If its caller leaves the
 * bus the question is taken back (CancelCheckAuthorization), as when the time is over.
 *
 * Errors are REASON_ERROR: REASON_NOT_ALLOWED, or REASON_OTHERS_CAST; their hints say what to do.
 *
 * Threads: all functions are for the main one.
 *
 * Source: polkit's documentation, "polkit D-Bus API Reference"; D-Bus specification, "Message Format", flags.
 */
#pragma once

#include <gio/gio.h>

#include "dbus-caller.h"

G_BEGIN_DECLS

#define AUTHORITY_SECONDS 5
#define AUTHORITY_ASK_SECONDS 120

enum authority_action {
	AUTHORITY_CAST,
	AUTHORITY_CONFIGURE,
	AUTHORITY_OTHERS,
};

/* He needs not be asked about, whatever he wants. */
gboolean authority_is_root(gint64 uid);

/* @error: NULL: he may */
typedef void authority_decided(const GError *error, gpointer user_data);

/**
 * authority_ask - may he?
 * @name, @who: the caller
 * @interactive: people may be asked
 * @done: called once, maybe from inside of this; not after @cancellable was cancelled
 */
void authority_ask(GDBusConnection *bus, const char *name, const struct dbus_caller *who, enum authority_action action,
		   gboolean interactive, GCancellable *cancellable, authority_decided *done, gpointer user_data);

G_END_DECLS
