/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * firewalld.h - the interface of a link in firewalld's zone "trusted"
 *
 * Where firewalld runs, an interface that nobody has put into a zone is in its default one, which as a rule drops
 * DHCP and the display's call; what it drops is gone, whatever our own rules accept.  So as long as our table stands
 * (link-filter.h), which lets in less than any zone, the interface is in the zone that accepts all.  It is our table that
 * protects: without one, or when it is taken away, the interface is not in that zone because of us.
 *
 * All that is firewalld's state of run time: nothing is permanent, no zone is made or changed.  firewalld forgets it
 * when it ends, or reads its configuration again ("Reloaded"; FlushAllOnReload), and is asked again then.  It does not
 * forget it when we end: so a file in the runtime directory says which interface it is, from before it is asked until
 * it has taken it out again, and the next daemon has that done as soon as it starts.
 *
 * What is wanted is in (enter) or out (leave); what has been reached is the state; the one follows the other:
 *
 *	state		waits for		then					limit
 *	looking		whether firewalld is	absent; adding, or if out is wanted	-: the owner's, below
 *			on the bus		removing
 *	absent		firewalld		adding; over, if out is wanted		-: nobody waits
 *	adding		addInterface		in; out, if it refuses, or has it	FIREWALLD_CALL_SECONDS
 *						there already without us
 *	in		-			removing, if out is wanted; adding	-
 *						when it has read its configuration
 *	out		-			over, if out is wanted; adding when it	-
 *						has read its configuration
 *	removing	removeInterface		over; adding, if in is wanted again	FIREWALLD_CALL_SECONDS
 *	any		firewalld goes away	absent, or over
 *
 * The owner waits for FIREWALLD_ENTER_SECONDS, or FIREWALLD_LEAVE_SECONDS, at most, and goes on then; what firewalld
 * answers later still counts.  An owner that frees it without waiting is done without: it leaves by itself.  An
 * interface that is still to be left for a former link is taken over by the next one of the same name.
 *
 * What firewalld answers, as the beginning of the message of org.fedoraproject.FirewallD1.Exception:
 *
 *	ZONE_ALREADY_SET	to add: it is in that zone.  Ours, if it was ours before or NetworkManager has put it
 *				there for us (@in_zone); else somebody else's, and left there
 *	ZONE_CONFLICT		to add: it is in another zone, where somebody has put it: refused, and left there; to
 *				remove: somebody has moved it, and nothing is left to do
 *	UNKNOWN_INTERFACE	to remove: it is in no zone, and nothing is left to do
 *	anything else		PANIC_MODE, INVALID_ZONE, COMMAND_FAILED, no right by polkit (NotAuthorizedException) ...:
 *				to add: refused; to remove: the file stays, and the log says so
 *
 * A refusal ends nothing: the display may be let in all the same, by a zone of the user's.  firewalld lets root do this;
 * polkit, which it asks, does, too.  It is never started by being asked.
 *
 * ufw has nothing like that: its rules are permanent, or are not ufw's.
 *
 * All runs in the main context and nothing waits.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define FIREWALLD_NAME "org.fedoraproject.FirewallD1"
#define FIREWALLD_ZONE "trusted"

/* It writes its rules anew, in Python. */
#define FIREWALLD_ENTER_SECONDS 5
/* Less than a link has for its end (p2p-connection.h). */
#define FIREWALLD_LEAVE_SECONDS 2
/* It may have to start, or to wait for polkit. */
#define FIREWALLD_CALL_SECONDS 25

typedef struct firewalld firewalld;

/**
 * struct firewalld_request - read by firewalld_enter() only
 * @bus: where firewalld is; NULL: system bus
 * @ifname: of the link
 * @runtime_dir: for the file; exists
 * @in_zone: NetworkManager has been asked to put it there (network-manager.h)
 */
struct firewalld_request {
	GDBusConnection *bus;
	const char *ifname;
	const char *runtime_dir;
	gboolean in_zone;
};

/**
 * struct firewalld_funcs - what the owner hears; never from inside of a call
 * @entered: once, unless it is left before: it is in, or will not be, or the owner has waited long enough
 * @refused: firewalld may keep the display out: a sentence for the user, and what to do.  Also later than entered
 * @left: answer to firewalld_leave(); it may free it
 */
struct firewalld_funcs {
	void (*entered)(firewalld *fw, gpointer user_data);
	void (*refused)(firewalld *fw, const char *text, gpointer user_data);
	void (*left)(firewalld *fw, gpointer user_data);
};

/* Our table stands. */
firewalld *firewalld_enter(const struct firewalld_request *request, const struct firewalld_funcs *funcs,
			   gpointer user_data);
/* Our table stands no more, or is about to go. left follows, once, and nothing else. */
void firewalld_leave(firewalld *fw);
/* Nothing is heard any more; what has to be left is left. NULL is allowed. */
void firewalld_free(firewalld *fw);

/* What a process that was killed has left in firewalld. */
void firewalld_clean_up(GDBusConnection *bus, const char *runtime_dir);

G_END_DECLS
