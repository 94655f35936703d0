// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracast-sandbox [OPTION…] PROGRAM [ARGUMENT…]: becomes PROGRAM, confined (sandbox.h).
 *
 * With --check it only says, a line for each layer, what this machine has:
 *
 *	NAME ok|missing TEXT
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
	gboolean check;
	char *user;
	char *cache;
	gboolean maintains;
	char **program;
};

static void print_report(const struct sandbox_report *report)
{
	for (enum sandbox_layer layer = 0; layer < N_SANDBOX_LAYERS; layer++) {
		const char *missing = report->missing[layer];

		g_print("%s %s %s\n", sandbox_layer_name(layer), missing ? "missing" : "ok",
			missing ? missing : report->has[layer]);
	}
}

/* One line; the journal has it beside what the driver says. */
static void log_report(const struct sandbox_report *report, const char *program)
{
	g_autoptr(GString) line = g_string_new(NULL);

	for (enum sandbox_layer layer = 0; layer < N_SANDBOX_LAYERS; layer++) {
		if (report->missing[layer])
			g_string_append_printf(line, "%s %s (%s)", line->len ? "," : "",
					       sandbox_layer_name(layer), report->missing[layer]);
	}
	if (line->len)
		g_printerr("miracast-sandbox: %s is confined in part only, without%s\n", program,
			   line->str);
}

/* By its descriptor where the account is not let into the directories above a build tree. */
static void become(int fd, char **argv)
{
	execv(argv[0], argv);
	if (errno == EACCES)
		execveat(fd, "", argv, environ, AT_EMPTY_PATH);
}

static gboolean parse(struct options *options, int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
		{ "check", 0, 0, G_OPTION_ARG_NONE, &options->check,
		  "Say what this machine has, and end", NULL },
		{ "user", 0, 0, G_OPTION_ARG_STRING, &options->user, "Account to become", "NAME" },
		{ "cache", 0, 0, G_OPTION_ARG_FILENAME, &options->cache,
		  "What is known of plug-ins and encoders", "DIRECTORY" },
		{ "maintain", 0, 0, G_OPTION_ARG_NONE, &options->maintains,
		  "It may write there, and start GStreamer's scanner", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->program, NULL,
		  "PROGRAM [ARGUMENT…]" },
		{ NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- confine a user-mode driver");
	g_autoptr(GError) error = NULL;

	g_option_context_set_summary(context, "Started by miracastd.");
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		g_printerr("miracast-sandbox: %s\n", error->message);
		return FALSE;
	}
	if (options->program || options->check)
		return TRUE;
	g_printerr("miracast-sandbox: which program?\n");
	return FALSE;
}

static void options_clear(struct options *options)
{
	g_free(options->user);
	g_free(options->cache);
	g_strfreev(options->program);
}

static int confine(const struct options *options)
{
	const struct sandbox_config config = {
		.user = options->user,
		.cache = options->cache,
		.maintains = options->maintains,
		.program = options->program ? options->program[0] : "/dev/null",
	};
	g_auto(sandbox_report) report = { 0 };
	g_autoptr(GError) error = NULL;
	int program = open(config.program, O_PATH | O_CLOEXEC);

	/* What maintenance writes sessions read as somebody else. */
	umask(022);
	if (program < 0) {
		g_printerr("miracast-sandbox: %s: %s\n", config.program, g_strerror(errno));
		return SANDBOX_EXIT_PROGRAM;
	}
	if (!sandbox_enter(&config, &report, &error)) {
		g_printerr("miracast-sandbox: %s\n", error->message);
		return SANDBOX_EXIT_CONFINE;
	}
	if (options->check) {
		print_report(&report);
		return EXIT_SUCCESS;
	}
	log_report(&report, config.program);
	become(program, options->program);
	g_printerr("miracast-sandbox: %s: %s\n", config.program, g_strerror(errno));
	return SANDBOX_EXIT_PROGRAM;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int status = SANDBOX_EXIT_USAGE;

	setlocale(LC_ALL, "");
	g_set_prgname("miracast-sandbox");
	if (parse(&options, &argc, &argv))
		status = confine(&options);
	options_clear(&options);
	return status;
}
