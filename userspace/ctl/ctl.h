/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl.h - what the commands of miracastctl share
 *
 * Each command is a function that gets the arguments after its name, prints to
 * stdout, and returns the exit status.  With --json it prints exactly one JSON
 * object and nothing else; an error is {"error": {"name", "message", "hint", "hint-code"}}.
 */
#pragma once

#include <gio/gio.h>

#include "client.h"

G_BEGIN_DECLS

enum ctl_status {
	CTL_OK = 0,
	CTL_FAILED = 1, /* it was tried and did not work */
	CTL_USAGE = 2,
	CTL_NO_DAEMON = 3, /* miracastd does not run, or may not be used */
};

struct ctl_completion;

/**
 * struct ctl - options that come before the command, and the daemon
 * @json: print JSON
 * @completing: the line is not to be obeyed, but continued (ctl_complete()), and nobody is asked anything
 * @bus_type: where miracastd is
 * @bus: set by ctl_open()
 * @manager: set by ctl_open()
 */
struct ctl {
	gboolean json;
	struct ctl_completion *completing;
	GBusType bus_type;
	GDBusConnection *bus;
	Miracast1Manager *manager;
};

/**
 * ctl_open - reach the daemon, which is started if it does not run
 *
 * Returns: CTL_OK, or CTL_NO_DAEMON after the error was printed
 */
enum ctl_status ctl_open(struct ctl *ctl);
void ctl_clear(struct ctl *ctl);
/* The same without printing: sets @error, of which client_error_text() and its like make what people read. */
gboolean ctl_connect_daemon(struct ctl *ctl, GError **error);

/* Prints an error of a call and the hint that belongs to it; returns CTL_FAILED. */
enum ctl_status ctl_print_error(struct ctl *ctl, const GError *error);
enum ctl_status ctl_print_reason(struct ctl *ctl, const char *name, const char *message,
				 struct hint hint);
/* "miracastctl: MESSAGE", and where help is; returns CTL_USAGE. */
enum ctl_status ctl_usage(struct ctl *ctl, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * What displays are called may be as wide as two columns a character.  Prints @text and
 * spaces up to @columns; one that is wider is printed whole.
 */
void ctl_print_column(const char *text, guint columns);
/* A line for a display: a{sv} of the daemon's, with its id as one more property. */
void ctl_print_sink(GVariant *sink);
/* (element-type GVariant): all that the daemon has found, by name. */
GPtrArray *ctl_sinks(struct ctl *ctl);
/* The same of those that it remembers. */
GPtrArray *ctl_remembered(struct ctl *ctl);

/* One line of JSON; a floating reference is consumed. */
void ctl_print_json(GVariant *value);

/* What the daemon shows on the bus, kept up to date. */
GDBusObjectManager *ctl_objects(struct ctl *ctl, GError **error);
/**
 * ctl_sessions - proxies of all sessions, oldest first
 *
 * Returns: (element-type Miracast1Session) (transfer full), or NULL
 */
GPtrArray *ctl_sessions(struct ctl *ctl, GError **error);
/* ctl_open(), and those; all but CTL_OK: the error was printed. */
enum ctl_status ctl_open_sessions(struct ctl *ctl, GPtrArray **sessions);
/**
 * ctl_find_session - the one that is meant
 * @sessions: of ctl_sessions()
 * @what: its number; or of its display the alias, id or name, or what only one name begins with
 *
 * Returns: (transfer none): one that has not ended; NULL after the error was printed
 */
Miracast1Session *ctl_find_session(struct ctl *ctl, GPtrArray *sessions, const char *what);
/*
 * Whether @what is the whole of its number (3), of its display's alias (2), or of the id or name of that (1); 0: of none,
 * or it has ended.
 */
guint ctl_session_named(struct ctl *ctl, Miracast1Session *session, const char *what);
/* a{sv}, as every command prints a session. */
GVariant *ctl_session_variant(struct ctl *ctl, Miracast1Session *session);

enum ctl_status ctl_scan(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_list(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_alias(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_autoconnect(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_forget(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_connect(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_listen(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_unlisten(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_status(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_disconnect(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_accept(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_pin(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_record(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_monitor(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_doctor(struct ctl *ctl, int argc, char **argv);

enum ctl_status ctl_help(struct ctl *ctl, int argc, char **argv);

enum ctl_status ctl_complete(struct ctl *ctl, int argc, char **argv);

/* What the first argument of a command names. */
enum ctl_argument {
	CTL_NOTHING, /* nothing that can be known before it is typed */
	CTL_DISPLAY, /* found or remembered */
	CTL_SESSION,
	CTL_PIN_WANTED, /* a session that waits for one */
	CTL_CONSENT_WANTED, /* a session that waits for a yes */
	CTL_LISTENING,
	CTL_COMMAND,
};

/**
 * struct ctl_command - a row of help, and of what shells complete
 * @arguments: as people read them
 * @text: what it does
 */
struct ctl_command {
	const char *name;
	enum ctl_status (*run)(struct ctl *ctl, int argc, char **argv);
	const char *arguments;
	const char *text;
	enum ctl_argument argument;
};

/* In the order of help; ends with one without a name. */
extern const struct ctl_command ctl_commands[];

/**
 * ctl_parse - parse the options of the command argv[0]
 *
 * The first thing that each command does.
 *
 * Returns: FALSE after the error was printed, or, if the line is being completed,
 * after that was done
 */
gboolean ctl_parse(struct ctl *ctl, const char *usage, const GOptionEntry *entries, int *argc,
		   char ***argv);
/* For ctl_parse(): offers the options, and says how many arguments there are already. */
void ctl_complete_options(struct ctl_completion *completion, GOptionContext *context,
			  const GOptionEntry *entries, int *argc, char ***argv);

G_END_DECLS
