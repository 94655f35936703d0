// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl pin: the PIN that a display shows, for a session that nobody waits for.
 *
 * Whoever waits in `miracastctl connect` is asked there. A session that has begun without, or comes back by itself, has
 * nobody.
 */
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "ctl.h"
#include "reason.h"

/* Longer than any PIN with the blanks in it. */
#define MOST_TYPED 256

struct asking {
	Miracast1Session *session;
	GMainLoop *loop;
	GString *typed;
	guint input; /* watch of the standard input; 0: its line is whole, or it is over */
	gboolean lost; /* the daemon */
};

static gboolean typed(int fd, GIOCondition condition, gpointer user_data)
{
	struct asking *a = user_data;
	char text[64];
	gssize n = read(fd, text, sizeof(text));

	if (n > 0)
		g_string_append_len(a->typed, text, n);
	if (n > 0 && a->typed->len < MOST_TYPED && !strchr(a->typed->str, '\n'))
		return G_SOURCE_CONTINUE;
	a->input = 0;
	g_main_loop_quit(a->loop);
	return G_SOURCE_REMOVE;
}

/* The display gives up after two minutes, and so does who asks. */
static void session_changed(GDBusProxy *proxy, GVariant *changed, const char *const *invalidated, gpointer user_data)
{
	struct asking *a = user_data;

	if (!miracast1_session_get_pin_wanted(a->session) || client_session_has_ended(a->session))
		g_main_loop_quit(a->loop);
}

static void owner_changed(GDBusProxy *proxy, GParamSpec *pspec, gpointer user_data)
{
	struct asking *a = user_data;

	a->lost = TRUE;
	g_main_loop_quit(a->loop);
}

static enum ctl_status not_wanted(struct ctl *ctl, Miracast1Session *session, const char *any_more)
{
	g_autofree char *message = g_strdup_printf("session %u does not wait for a PIN%s",
						   miracast1_session_get_id(session), any_more);

	return ctl_print_reason(ctl, reason_code_name(REASON_PIN_NOT_WANTED), message,
				reason_code_hint(REASON_PIN_NOT_WANTED));
}

/* *@pin: (transfer full): set with CTL_OK */
static enum ctl_status ask(struct ctl *ctl, Miracast1Session *session, char **pin)
{
	g_autofree char *name = client_session_name(ctl->manager, session);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GString) text = g_string_new(NULL);
	struct asking a = { .session = session, .loop = loop, .typed = text };
	gboolean whole;

	if (!miracast1_session_get_pin_wanted(session))
		return not_wanted(ctl, session, "");
	g_printerr("PIN that %s shows: ", name);
	a.input = g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, typed, &a);
	g_signal_connect(session, "g-properties-changed", G_CALLBACK(session_changed), &a);
	g_signal_connect(session, "notify::g-name-owner", G_CALLBACK(owner_changed), &a);
	g_main_loop_run(loop);
	g_signal_handlers_disconnect_by_data(session, &a);
	whole = a.input == 0;
	g_clear_handle_id(&a.input, g_source_remove);
	if (!whole)
		/* What is said next begins a line. */
		g_printerr("\n");
	if (!whole && a.lost)
		return ctl_print_reason(ctl, "daemon-not-running", CLIENT_DAEMON_ENDED, CLIENT_DAEMON_ENDED_HINT);
	if (!whole)
		return not_wanted(ctl, session, " any more");
	text->str[strcspn(text->str, "\n")] = '\0';
	*pin = g_strdup(g_strstrip(text->str));
	return **pin ? CTL_OK : ctl_usage(ctl, "no PIN was typed");
}

static enum ctl_status enter(struct ctl *ctl, Miracast1Session *session, const char *pin)
{
	g_autoptr(GError) error = NULL;

	if (!miracast1_session_call_enter_pin_sync(session, pin, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, &error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'entered': <%u>}", miracast1_session_get_id(session)));
	else
		g_print("It is tried now. To see how it goes: miracastctl status\n");
	return CTL_OK;
}

enum ctl_status ctl_pin(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(GPtrArray) sessions = NULL;
	g_autoptr(Miracast1Session) session = NULL;
	g_autofree char *pin = NULL;
	g_autoptr(GError) error = NULL;
	Miracast1Session *found;
	enum ctl_status status;

	if (!ctl_parse(ctl, "NAME|ID [PIN] - type the PIN that a display shows", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc < 2 || argc > 3 || !*argv[1])
		return ctl_usage(ctl, "pin wants a display or the number of a session, and perhaps the PIN");
	status = ctl_open_sessions(ctl, &sessions);
	if (status != CTL_OK)
		return status;
	found = ctl_find_session(ctl, sessions, argv[1]);
	if (!found)
		return CTL_FAILED;
	/* One that hears of changes: that was the business of who had looked for all of them. */
	session = miracast1_session_proxy_new_sync(ctl->bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, CLIENT_BUS_NAME,
						   g_dbus_proxy_get_object_path(G_DBUS_PROXY(found)), NULL, &error);
	if (!session)
		return ctl_print_error(ctl, error);
	if (argc == 3)
		pin = g_strdup(argv[2]);
	else
		status = ask(ctl, session, &pin);
	return status == CTL_OK ? enter(ctl, session, pin) : status;
}
