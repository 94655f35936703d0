// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl accept: a display that has called where this user listens may have the screen.
 */
#include "ctl.h"
#include "reason.h"

static enum ctl_status nobody_asks(struct ctl *ctl)
{
	return ctl_print_reason(ctl, reason_code_name(REASON_CONSENT_NOT_WANTED), "no display asks for your screen",
				reason_code_hint(REASON_CONSENT_NOT_WANTED));
}

/* The only one that asks; NULL after the error was printed: whoever says yes says to whom. */
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
		return asking;
	if (n == 0) {
		nobody_asks(ctl);
		return NULL;
	}
	message = g_strdup_printf("%u displays ask for your screen: %s", n, names->str);
	ctl_print_reason(ctl, "session-unknown", message, HINT(SEE_STATUS, "Say which one: miracastctl accept NAME"));
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
	g_autoptr(GError) error = NULL;
	Miracast1Session *session;
	enum ctl_status status;

	if (!ctl_parse(ctl, "[NAME|ID] - let a display that has called have the screen", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 2 || (argc == 2 && !*argv[1]))
		return ctl_usage(ctl, "accept wants a display or the number of a session, or nothing");
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	sessions = ctl_sessions(ctl, &error);
	if (!sessions)
		return ctl_print_error(ctl, error);
	session = argc == 2 ? ctl_find_session(ctl, sessions, argv[1]) : find_asking(ctl, sessions);
	return session ? let_in(ctl, session) : CTL_FAILED;
}
