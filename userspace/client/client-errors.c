// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Errors of the daemon and of the bus in words: see client.h.
 */
#include "client.h"
#include "reason.h"

/* What comes of a service that does not start; dbus-daemon has no better word for most of it. */
gboolean client_daemon_has_failed(const GError *error)
{
	return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMED_OUT) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT) ||
	       (error->domain == G_DBUS_ERROR && error->code >= G_DBUS_ERROR_SPAWN_EXEC_FAILED &&
		error->code <= G_DBUS_ERROR_SPAWN_NO_MEMORY);
}

/* What an error that is not of REASON_ERROR is for the user: @text NULL stands for its own message. */
struct told {
	const char *name;
	const char *text;
	enum hint_id hint;
	const char *hint_text;
	gboolean of_daemon;
};

static struct told tell(const GError *error)
{
	static const struct {
		int code; /* of G_DBUS_ERROR */
		struct told told;
	} known[] = {
		{ G_DBUS_ERROR_ACCESS_DENIED,
		  { "no-rights", N_("you may not use miracastd"),
		    HINT_GET_RIGHTS,
		    N_("Join the group and log in again: sudo usermod -aG miracast $USER"), TRUE } },
		{ G_DBUS_ERROR_SERVICE_UNKNOWN,
		  { "daemon-not-running", N_("miracastd is not running"),
		    HINT_START_DAEMON,
		    N_("Start it: systemctl start miracastd"), TRUE } },
		{ G_DBUS_ERROR_NAME_HAS_NO_OWNER,
		  { "daemon-not-running", N_("miracastd is not running"),
		    HINT_START_DAEMON,
		    N_("Start it: systemctl start miracastd"), TRUE } },
		{ G_DBUS_ERROR_NO_REPLY,
		  { "daemon-not-running", N_("miracastd has ended without an answer"),
		    HINT_SEE_LOG, N_("See its log: journalctl -u miracastd -n 20"), TRUE } },
		{ G_DBUS_ERROR_NO_SERVER, { "no-bus", NULL, HINT_START_BUS, N_("Start the D-Bus system bus."), TRUE } },
	};

	if (client_daemon_has_failed(error))
		return (struct told){ "daemon-failed", NULL, HINT_SEE_LOG,
				      N_("See why: journalctl -u miracastd -n 20"), TRUE };
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		if (g_error_matches(error, G_DBUS_ERROR, known[i].code))
			return known[i].told;
	}
	return (struct told){ "failed", NULL, HINT_RUN_DOCTOR, N_("Run: miracastctl doctor"), FALSE };
}

const char *client_error_name(const GError *error)
{
	return error->domain == REASON_ERROR ? reason_code_name(error->code) : tell(error).name;
}

char *client_error_text(const GError *error)
{
	g_autoptr(GError) copy = NULL;
	const char *text = tell(error).text;

	if (text)
		return g_strdup(text);
	copy = g_error_copy(error);
	g_dbus_error_strip_remote_error(copy);
	return g_strdup(copy->message);
}

struct hint client_error_hint(const GError *error)
{
	struct told told = tell(error);

	return error->domain == REASON_ERROR ? reason_error_hint(error) :
					       (struct hint){ hint_code(told.hint), told.hint_text };
}

gboolean client_error_is_of_daemon(const GError *error)
{
	return tell(error).of_daemon;
}
