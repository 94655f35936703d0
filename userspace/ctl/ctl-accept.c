// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl accept: a display that has called where this user listens may have the screen.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "reason.h"

/* What is said of it is all that anybody knows who says yes. */
static char *describe(struct ctl *ctl, Miracast1Session *session)
{
	g_autofree char *name = client_session_name(ctl->manager, session);

	return g_strdup_printf("%s (%s, session %u)", name, miracast1_session_get_sink_id(session),
			       miracast1_session_get_id(session));
}

#define SAY_WHICH HINT(SEE_STATUS, "Say which one: miracastctl accept ID")

static enum ctl_status nobody_asks(struct ctl *ctl)
{
	return ctl_print_reason(ctl, reason_code_name(REASON_CONSENT_NOT_WANTED), "no display asks for your screen",
				reason_code_hint(REASON_CONSENT_NOT_WANTED));
}

static gboolean is_yes(const char *answer)
{
	g_autofree char *text = g_ascii_strdown(answer, -1);

	g_strstrip(text);
	return strcmp(text, "y") == 0 || strcmp(text, "yes") == 0;
}

/* Who calls decides when that is, so nobody says yes to whoever it is at this moment. */
static gboolean confirm(struct ctl *ctl, Miracast1Session *session)
{
	g_autofree char *who = describe(ctl, session), *message = NULL;
	char answer[16] = "";

	if (ctl->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		message = g_strdup_printf("%s asks for your screen, and nobody can be asked here whether that is the one",
					  who);
		ctl_print_reason(ctl, "session-unknown", message, SAY_WHICH);
		return FALSE;
	}
	g_printerr("%s asks for your screen. May it have it? [y/N] ", who);
	if (fgets(answer, sizeof(answer), stdin) && is_yes(answer))
		return TRUE;
	g_printerr("It still waits. A no is: miracastctl disconnect %u\n", miracast1_session_get_id(session));
	return FALSE;
}

/* The only one that asks, after its user has said that it is the one; NULL after the error was printed. */
static Miracast1Session *find_asking(struct ctl *ctl, GPtrArray *sessions)
{
	g_autoptr(GString) names = g_string_new(NULL);
	g_autofree char *message = NULL;
	Miracast1Session *asking = NULL;
	guint n = 0;

	for (guint i = 0; i < sessions->len; i++) {
		Miracast1Session *session = g_ptr_array_index(sessions, i);
		g_autofree char *name = NULL;

		if (!miracast1_session_get_consent_wanted(session))
			continue;
		name = client_session_name(ctl->manager, session);
		g_string_append_printf(names, "%s%s", n ? ", " : "", name);
		asking = session;
		n++;
	}
	if (n == 1)
		return confirm(ctl, asking) ? asking : NULL;
	if (n == 0) {
		nobody_asks(ctl);
		return NULL;
	}
	message = g_strdup_printf("%u displays ask for your screen: %s", n, names->str);
	ctl_print_reason(ctl, "session-unknown", message, SAY_WHICH);
	return NULL;
}

/*
 * The whole of what was said, since a beginning may be another one's who has called meanwhile: 192.168.1.2 is none of
 * 192.168.1.23.
 */
static Miracast1Session *find_named(struct ctl *ctl, GPtrArray *sessions, const char *what)
{
	Miracast1Session *meant = NULL;
	guint best = 0;
	gboolean runs = FALSE;
	g_autofree char *message = NULL;

	for (guint i = 0; i < sessions->len; i++) {
		Miracast1Session *session = g_ptr_array_index(sessions, i);
		guint quality = ctl_session_named(ctl, session, what);

		runs = runs || quality;
		if (quality > best && miracast1_session_get_consent_wanted(session)) {
			meant = session;
			best = quality;
		}
	}
	if (meant)
		return meant;
	message = g_strdup_printf(runs ? "\"%s\" does not ask for your screen" : "no display that asks for your screen is \"%s\"",
				  what);
	ctl_print_reason(ctl, runs ? reason_code_name(REASON_CONSENT_NOT_WANTED) : "session-unknown", message,
			 HINT(SEE_STATUS, "Run: miracastctl status"));
	return NULL;
}

static enum ctl_status let_in(struct ctl *ctl, Miracast1Session *session)
{
	g_autofree char *name = client_session_name(ctl->manager, session);
	g_autoptr(GError) error = NULL;

	if (!miracast1_session_call_accept_sync(session, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, &error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'accepted': <%u>}", miracast1_session_get_id(session)));
	else
		g_print("%s may have your screen. To see how it goes: miracastctl status\n", name);
	return CTL_OK;
}

enum ctl_status ctl_accept(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(GPtrArray) sessions = NULL;
	Miracast1Session *session;
	enum ctl_status status;

	if (!ctl_parse(ctl, "[NAME|ID] - let a display that has called have the screen", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 2 || (argc == 2 && !*argv[1]))
		return ctl_usage(ctl, "accept wants a display or the number of a session, or, at a terminal, nothing");
	status = ctl_open_sessions(ctl, &sessions);
	if (status != CTL_OK)
		return status;
	session = argc == 2 ? find_named(ctl, sessions, argv[1]) : find_asking(ctl, sessions);
	return session ? let_in(ctl, session) : CTL_FAILED;
}
