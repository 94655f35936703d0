// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl: which command, and how to reach the daemon.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "ctl-agent.h"
#include "ctl.h"
#include "reason.h"

const struct ctl_command ctl_commands[] = {
	{ "scan", ctl_scan, "[--seconds N]", "look for displays", CTL_NOTHING },
	{ "list", ctl_list, "", "displays that are known", CTL_NOTHING },
	{ "connect", ctl_connect, "NAME|MAC|HOST [--no-wait]", "cast to a display", CTL_DISPLAY },
	{ "listen", ctl_listen, "ADDRESS[:PORT]", "wait for displays on a network that is there", CTL_NOTHING },
	{ "unlisten", ctl_unlisten, "ADDRESS:PORT", "stop waiting there", CTL_LISTENING },
	{ "status", ctl_status, "", "what is running", CTL_NOTHING },
	{ "disconnect", ctl_disconnect, "[NAME|ID|all]", "end a session", CTL_SESSION },
	{ "accept", ctl_accept, "[NAME|ID]", "let a display that has called have the screen", CTL_CONSENT_WANTED },
	{ "pin", ctl_pin, "NAME|ID [PIN]", "type the PIN that a display shows", CTL_PIN_WANTED },
	{ "monitor", ctl_monitor, "", "displays and sessions as they come and go", CTL_NOTHING },
	{ "alias", ctl_alias, "NAME|MAC|HOST NEW", "call a display something else", CTL_DISPLAY },
	{ "autoconnect", ctl_autoconnect, "NAME|MAC|HOST on|off", "cast to a display whenever it is in sight", CTL_DISPLAY },
	{ "forget", ctl_forget, "NAME|MAC|HOST|--all", "remember nothing of a display", CTL_DISPLAY },
	{ "doctor", ctl_doctor, "", "is everything there? and what to do if not", CTL_NOTHING },
	{ "record", ctl_record, "[FILE]", "what a bug report needs, without personal data", CTL_NOTHING },
	{ "help", ctl_help, "[COMMAND]", "this text, or that of a command", CTL_COMMAND },
	{ NULL }
};

/* ---- printing ------------------------------------------------------------ */

void ctl_print_column(const char *text, guint columns)
{
	guint used = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (!g_unichar_iszerowidth(c))
			used += g_unichar_iswide(c) ? 2 : 1;
	}
	g_print("%s%*s ", text, used < columns ? (int)(columns - used) : 0, "");
}

void ctl_print_json(GVariant *value)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(value);
	g_autoptr(JsonNode) node = json_gvariant_serialize(owned);
	g_autofree char *text = json_to_string(node, TRUE);

	g_print("%s\n", text);
}

enum ctl_status ctl_print_reason(struct ctl *ctl, const char *name, const char *message,
				 struct hint hint)
{
	if (ctl->json) {
		ctl_print_json(g_variant_new_parsed(
			"{'error': <{'name': <%s>, 'message': <%s>, 'hint': <%s>, 'hint-code': <%s>}>}", name,
			message, hint.text, hint.code));
		return CTL_FAILED;
	}
	g_printerr("miracastctl: %s\n", message);
	if (*hint.text)
		g_printerr("  -> %s\n", hint.text);
	return CTL_FAILED;
}

enum ctl_status ctl_print_error(struct ctl *ctl, const GError *error)
{
	g_autofree char *text = client_error_text(error);

	ctl_print_reason(ctl, client_error_name(error), text, client_error_hint(error));
	return client_error_is_of_daemon(error) ? CTL_NO_DAEMON : CTL_FAILED;
}

enum ctl_status ctl_usage(struct ctl *ctl, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	ctl_print_reason(ctl, "usage", message, HINT(SEE_HELP, "See: miracastctl --help"));
	return CTL_USAGE;
}

/* --help ends the program when it is parsed: as JSON it is printed before. */
static void print_help_json(GOptionContext *context, gboolean json, int argc, char **argv)
{
	gboolean help = FALSE;

	for (int i = 1; i < argc; i++) {
		json = json || strcmp(argv[i], "--json") == 0;
		help = help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
		/* A command has its own. */
		if (g_option_context_get_strict_posix(context) && *argv[i] != '-')
			break;
	}
	if (json && help) {
		char *text = g_option_context_get_help(context, TRUE, NULL);

		ctl_print_json(g_variant_new_parsed("{'help': <%s>}", text));
		g_free(text);
		exit(CTL_OK);
	}
}

gboolean ctl_parse(struct ctl *ctl, const char *usage, const GOptionEntry *entries, int *argc,
		   char ***argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new(usage);
	g_autofree char *name = g_strdup_printf("miracastctl %s", *argv[0]);
	const GOptionEntry json[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &ctl->json, "Print JSON", NULL },
		G_OPTION_ENTRY_NULL
	};
	g_autoptr(GError) error = NULL;

	/* Help begins with it. */
	g_set_prgname(name);
	g_option_context_add_main_entries(context, json, NULL);
	if (entries)
		g_option_context_add_main_entries(context, entries, NULL);
	if (ctl->completing) {
		ctl_complete_options(ctl->completing, context, entries, argc, argv);
		return FALSE;
	}
	print_help_json(context, ctl->json, *argc, *argv);
	if (g_option_context_parse(context, argc, argv, &error))
		return TRUE;
	ctl_usage(ctl, "%s", error->message);
	return FALSE;
}

/* ---- daemon -------------------------------------------------------------- */

/*
 * The bus starts the daemon, through systemd. If that fails, the bus does not learn
 * of it and lets the caller wait for 25 s; so systemd is looked at meanwhile.
 */
struct start {
	struct ctl *ctl;
	GMainLoop *loop;
	GCancellable *cancellable;
	gint64 begin_us;
	guint looks;
	GError *error;
};

static GVariant *unit_property(struct ctl *ctl, const char *interface, const char *name,
			       const GVariantType *type)
{
	g_autofree char *full = g_strconcat("org.freedesktop.systemd1.", interface, NULL);
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		ctl->bus, "org.freedesktop.systemd1",
		"/org/freedesktop/systemd1/unit/miracastd_2eservice",
		"org.freedesktop.DBus.Properties", "Get",
		g_variant_new("(ss)", full, name),
		G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, 1000, NULL, NULL);
	g_autoptr(GVariant) value = NULL;

	if (reply)
		g_variant_get(reply, "(v)", &value);
	return value && g_variant_is_of_type(value, type) ? g_steal_pointer(&value) : NULL;
}

/* Nobody is about to start it. */
static gboolean stays_failed(struct ctl *ctl)
{
	g_autoptr(GVariant) state =
		unit_property(ctl, "Unit", "ActiveState", G_VARIANT_TYPE_STRING);
	g_autoptr(GVariant) job = unit_property(ctl, "Unit", "Job", G_VARIANT_TYPE("(uo)"));
	guint id = 0;

	if (job)
		g_variant_get(job, "(uo)", &id, NULL);
	return state && job && id == 0 && g_str_equal(g_variant_get_string(state, NULL), "failed");
}

static gboolean look_at_unit(gpointer user_data)
{
	struct start *start = user_data;
	g_autoptr(GVariant) exited = unit_property(
		start->ctl, "Service", "ExecMainExitTimestampMonotonic", G_VARIANT_TYPE_UINT64);
	g_autoptr(GVariant) result =
		unit_property(start->ctl, "Service", "Result", G_VARIANT_TYPE_STRING);
	g_autoptr(GVariant) status =
		unit_property(start->ctl, "Service", "ExecMainStatus", G_VARIANT_TYPE_INT32);
	gboolean failed_now;

	if (!exited || !result || !status ||
	    g_str_equal(g_variant_get_string(result, NULL), "success"))
		return G_SOURCE_CONTINUE;
	/*
	 * The end of an earlier one is not that of what we have started; but the bus, which
	 * waits for the earlier one still, has not had it started again.
	 */
	failed_now = g_variant_get_uint64(exited) >= (guint64)start->begin_us;
	if (!failed_now && (++start->looks < 5 || !stays_failed(start->ctl)))
		return G_SOURCE_CONTINUE;
	start->error = g_error_new(G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_FAILED,
				   "miracastd could not start: it has ended (%s, status %d)",
				   g_variant_get_string(result, NULL), g_variant_get_int32(status));
	g_cancellable_cancel(start->cancellable);
	return G_SOURCE_REMOVE;
}

static void was_started(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct start *start = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (!reply && !start->error) {
		g_dbus_error_strip_remote_error(error);
		if (client_daemon_has_failed(error))
			g_prefix_error(&error, "miracastd could not start: ");
		start->error = g_steal_pointer(&error);
	}
	g_main_loop_quit(start->loop);
}

static gboolean start_daemon(struct ctl *ctl, GError **error)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	struct start start = {
		.ctl = ctl,
		.loop = loop,
		.cancellable = cancellable,
		.begin_us = g_get_monotonic_time(),
	};
	GSource *looking = g_timeout_source_new(200);

	g_source_set_callback(looking, look_at_unit, &start, NULL);
	g_source_attach(looking, NULL);
	g_dbus_connection_call(ctl->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "StartServiceByName",
			       g_variant_new("(su)", CLIENT_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE,
			       60 * 1000, cancellable, was_started, &start);
	g_main_loop_run(loop);
	g_source_destroy(looking);
	g_source_unref(looking);
	if (start.error)
		g_propagate_error(error, start.error);
	return !start.error;
}

static gboolean daemon_runs(struct ctl *ctl)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		ctl->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		"NameHasOwner", g_variant_new("(s)", CLIENT_BUS_NAME), G_VARIANT_TYPE("(b)"),
		G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	gboolean runs = FALSE;

	if (reply)
		g_variant_get(reply, "(b)", &runs);
	return runs;
}

/* People may be asked whether this user may, but for a key that completes a line. */
static gboolean is_let_in(struct ctl *ctl, GError **error)
{
	g_autoptr(GVariant) version = g_dbus_connection_call_sync(
		ctl->bus, CLIENT_BUS_NAME, CLIENT_PATH "/Manager", "org.freedesktop.DBus.Properties", "Get",
		g_variant_new("(ss)", CLIENT_BUS_NAME ".Manager", "Version"), G_VARIANT_TYPE("(v)"),
		G_DBUS_CALL_FLAGS_NO_AUTO_START | (ctl->completing ? 0 : CLIENT_CALL_FLAGS), CLIENT_CALL_MS, NULL, error);

	return version != NULL;
}

gboolean ctl_connect_daemon(struct ctl *ctl, GError **error)
{
	g_autoptr(GError) no_bus = NULL;
	g_autofree char *owner = NULL;

	ctl->bus = g_bus_get_sync(ctl->bus_type, NULL, &no_bus);
	if (!ctl->bus) {
		g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_SERVER, "%s", no_bus->message);
		return FALSE;
	}
	g_dbus_connection_set_exit_on_close(ctl->bus, FALSE);
	if (!daemon_runs(ctl) && !start_daemon(ctl, error))
		return FALSE;
	/* Root is not asked about, and polkit is on the system's bus. */
	if (!ctl->completing && geteuid() != 0 && ctl->bus_type == G_BUS_TYPE_SYSTEM)
		ctl_agent_start();
	if (!is_let_in(ctl, error))
		return FALSE;
	ctl->manager = miracast1_manager_proxy_new_sync(
		ctl->bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, CLIENT_BUS_NAME, CLIENT_PATH "/Manager",
		NULL, error);
	if (!ctl->manager)
		return FALSE;
	owner = g_dbus_proxy_get_name_owner(G_DBUS_PROXY(ctl->manager));
	if (!owner)
		g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER,
			    "miracastd is not running");
	/* It has ended between, or it is another one. */
	else if (!miracast1_manager_get_version(ctl->manager))
		g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, "access denied");
	else
		return TRUE;
	return FALSE;
}

enum ctl_status ctl_open(struct ctl *ctl)
{
	g_autoptr(GError) error = NULL;

	if (ctl_connect_daemon(ctl, &error))
		return CTL_OK;
	ctl_print_error(ctl, error);
	return CTL_NO_DAEMON;
}

void ctl_clear(struct ctl *ctl)
{
	g_clear_object(&ctl->manager);
	g_clear_object(&ctl->bus);
}

/* ---- which command ------------------------------------------------------- */

static char *describe_commands(void)
{
	GString *text = g_string_new("Commands:\n");
	gsize widest = 0;

	for (const struct ctl_command *command = ctl_commands; command->name; command++)
		widest = MAX(widest, strlen(command->name) + 1 + strlen(command->arguments));
	for (const struct ctl_command *command = ctl_commands; command->name; command++) {
		g_autofree char *left = g_strdup_printf("%s %s", command->name, command->arguments);

		g_string_append_printf(text, "  %-*s  %s\n", (int)widest, left, command->text);
	}
	g_string_append(text, "\nEach has its own --help, and prints JSON with --json.\n\n"
			      "Exit status:\n"
			      "  0  done\n"
			      "  1  it was tried and did not work; says why and what to do\n"
			      "  2  wrong usage\n"
			      "  3  miracastd is not running, or may not be used\n");
	return g_string_free(text, FALSE);
}

static enum ctl_status run(struct ctl *ctl, int argc, char **argv)
{
	if (argc < 2)
		return ctl_usage(ctl, "which command?");
	for (const struct ctl_command *command = ctl_commands; command->name; command++) {
		if (strcmp(command->name, argv[1]) == 0)
			return command->run(ctl, argc - 1, argv + 1);
	}
	/* Not for people. */
	if (strcmp(argv[1], "complete") == 0)
		return ctl_complete(ctl, argc - 1, argv + 1);
	return ctl_usage(ctl, "there is no command \"%s\"", argv[1]);
}

/* The options that may stand before the command. */
struct global_options {
	gboolean session_bus;
	gboolean version;
};

static GOptionContext *global_context(struct ctl *ctl, struct global_options *options)
{
	const GOptionEntry entries[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &ctl->json, "Print JSON", NULL },
		{ "session-bus", 0, 0, G_OPTION_ARG_NONE, &options->session_bus,
		  "miracastd is on the session bus (tests)", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL },
		G_OPTION_ENTRY_NULL
	};
	GOptionContext *context = g_option_context_new("COMMAND - cast to Miracast displays");
	g_autofree char *description = describe_commands();

	g_option_context_set_description(context, description);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_strict_posix(context, TRUE);
	return context;
}

static GVariant *commands_variant(void)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	for (const struct ctl_command *command = ctl_commands; command->name; command++)
		g_variant_builder_add_value(&builder,
					    g_variant_new_parsed("{'name': <%s>, 'arguments': <%s>, 'text': <%s>}",
								 command->name, command->arguments, command->text));
	return g_variant_builder_end(&builder);
}

enum ctl_status ctl_help(struct ctl *ctl, int argc, char **argv)
{
	char help[] = "--help";
	char *of_command[] = { "miracastctl", NULL, help, NULL };
	struct global_options options = { FALSE };
	g_autoptr(GOptionContext) context = NULL;
	g_autofree char *text = NULL;

	if (!ctl_parse(ctl, "[COMMAND] - what there is, or what a command takes", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 2)
		return ctl_usage(ctl, "help takes one command");
	of_command[1] = argv[argc - 1];
	g_set_prgname("miracastctl");
	if (argc == 2 && strcmp(argv[1], "help") != 0)
		return run(ctl, 3, of_command);
	context = global_context(ctl, &options);
	text = g_option_context_get_help(context, TRUE, NULL);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'help': <%s>, 'commands': <%*>}", text, commands_variant()));
	else
		g_print("%s", text);
	return CTL_OK;
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .bus_type = G_BUS_TYPE_SYSTEM };
	struct global_options options = { FALSE };
	g_autoptr(GOptionContext) context = NULL;
	g_autoptr(GError) error = NULL;
	enum ctl_status status;

	setlocale(LC_ALL, "");
	/* What happens is read while it happens, through a pipe, too. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	g_set_prgname("miracastctl");
	(void)REASON_ERROR; /* registers the names of the daemon's errors */
	context = global_context(&ctl, &options);
	print_help_json(context, FALSE, argc, argv);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		return ctl_usage(&ctl, "%s", error->message);
	if (options.version && ctl.json) {
		ctl_print_json(g_variant_new_parsed("{'version': <%s>}", MIRACAST_VERSION));
		return CTL_OK;
	}
	if (options.version) {
		g_print("miracastctl %s\n", MIRACAST_VERSION);
		return CTL_OK;
	}
	if (options.session_bus)
		ctl.bus_type = G_BUS_TYPE_SESSION;
	status = run(&ctl, argc, argv);
	ctl_clear(&ctl);
	return status;
}
