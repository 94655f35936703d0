/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client.h - what programs that speak to miracastd share
 *
 * miracastctl and miracast-cast: where the daemon is on the bus, what its errors, its displays and its sessions are
 * in words.  Nothing here calls the daemon or waits; everything reads what is there already, in any thread, as long
 * as the proxies are not used in another one meanwhile.  Texts are English; those that are for people and fixed are
 * marked with N_(), so that a program that speaks the user's language finds them in its catalogue.
 */
#pragma once

#include <gio/gio.h>

#include "client-quality.h"
#include "hint.h"
#include "miracast1-dbus.h"

G_BEGIN_DECLS

#define CLIENT_BUS_NAME "org.miracast.Miracast1"
#define CLIENT_PATH "/org/miracast/Miracast1"

/*
 * Of every call that a user asks for: people may be asked whether he may, for which they have two minutes; what is
 * called may have the module loaded besides, or an encoder tried.
 */
#define CLIENT_CALL_FLAGS G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
#define CLIENT_CALL_MS (150 * 1000)

/* Marks a text for the catalogues; it is translated where it is shown. As in gi18n.h, word by word. */
#define N_(String) (String)

/* What is told of a daemon that was there a moment ago. */
#define CLIENT_DAEMON_ENDED N_("miracastd has ended")
#define CLIENT_DAEMON_ENDED_HINT HINT(SEE_LOG, N_("See its log: journalctl -u miracastd"))

/* ---- errors, client-errors.c ----------------------------------------------- */

/*
 * Of a call to the daemon, of the bus, or of REASON_ERROR: the machine name, what happened, and what to do next.
 * The text is to be freed.
 */
const char *client_error_name(const GError *error);
char *client_error_text(const GError *error);
struct hint client_error_hint(const GError *error);
/* It is the daemon that cannot be reached, or may not be; else it has been reached and has refused. */
gboolean client_error_is_of_daemon(const GError *error);
/* It was to be started and could not be. */
gboolean client_daemon_has_failed(const GError *error);

/* ---- displays, client-session.c --------------------------------------------- */

/* Of an a{sv} of Sinks or Remembered: what people call it, or else it itself. */
const char *client_sink_name(GVariant *sink);

/* FALSE: the last scan could look, and all are blank. Borrowed from the manager; @manager may be NULL. */
gboolean client_scan_problem(Miracast1Manager *manager, const char **name, const char **message, struct hint *hint);

/* ---- sessions, client-session.c ---------------------------------------------- */

gboolean client_session_has_ended(Miracast1Session *session);
/* Of its reason, borrowed from it; NO_HINT if it has none. */
struct hint client_session_hint(Miracast1Session *session);
/* When its first phase was reached: another one with each try (CLOCK_MONOTONIC); 0: none was. */
gint64 client_session_begin(Miracast1Session *session);
/*
 * The alias of its display, "" if it has none; and what people call it, the alias or else what it calls itself. @manager
 * knows aliases. Free them.
 */
char *client_session_alias(Miracast1Manager *manager, Miracast1Session *session);
char *client_session_name(Miracast1Manager *manager, Miracast1Session *session);
/* The last step, for people; "" before the first one. Free it. */
char *client_session_step(Miracast1Session *session);
/* "1280x720 at 60 Hz, H.264 ..."; "" if there is none yet. Free it. */
char *client_session_mode(Miracast1Session *session);
/* Rows of client-quality.h (transfer full), for which @words are; @manager knows the signal. */
GPtrArray *client_session_quality(Miracast1Manager *manager, Miracast1Session *session, quality_words words);

G_END_DECLS
