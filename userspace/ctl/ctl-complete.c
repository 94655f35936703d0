// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl complete [WORD...] WORD: how a line may go on, for the shells' completions (data/completions).
 *
 * The words are those behind "miracastctl", the last one is being typed and may be empty. Prints a line for each
 * word that may stand in its place: the word, a tab, and what it is. The shell picks those that begin as what was
 * typed, and puts them into the line.
 *
 * What displays are called came over the air, and so did names of hosts. A shell must compare these lines and
 * quote them, and never expand them; what is offered here has no tab, no end of line, nor anything else that is not
 * to be seen, and is not taken for an option.
 */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/* @current: the word that is being typed; @arguments: how many there are before it, or -1: nothing fits there */
struct ctl_completion {
	const char *current;
	int arguments;
};

static gboolean is_plain(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return FALSE;
	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (!g_unichar_isprint(c) || g_unichar_type(c) == G_UNICODE_FORMAT)
			return FALSE;
	}
	return TRUE;
}

/* FALSE: it is no word to be typed. */
static gboolean offer(const char *word, const char *what)
{
	if (!*word || *word == '-' || !is_plain(word))
		return FALSE;
	printf("%s\t%s\n", word, is_plain(what) ? what : "");
	return TRUE;
}

static void offer_option(const GOptionEntry *entry)
{
	if (!(entry->flags & G_OPTION_FLAG_HIDDEN))
		printf("--%s\t%s\n", entry->long_name, entry->description);
}

void ctl_complete_options(struct ctl_completion *completion, GOptionContext *context,
			  const GOptionEntry *entries, int *argc, char ***argv)
{
	static const GOptionEntry common[] = {
		{ .long_name = "json", .description = "Print JSON" },
		{ .long_name = "help", .description = "Print what it takes" },
	};

	completion->arguments = -1;
	g_option_context_set_help_enabled(context, FALSE);
	/* The word is the value of the option before it; or a wrong one is before it. */
	if (!g_option_context_parse(context, argc, argv, NULL))
		return;
	if (*completion->current != '-') {
		completion->arguments = *argc - 1;
		return;
	}
	for (const GOptionEntry *entry = entries; entry && entry->long_name; entry++)
		offer_option(entry);
	for (guint i = 0; i < G_N_ELEMENTS(common); i++)
		offer_option(&common[i]);
}

/* ---- words ---------------------------------------------------------------- */

/* With which, after "help", one can be asked about. */
static void offer_commands(void)
{
	for (const struct ctl_command *command = ctl_commands; command->name; command++)
		offer(command->name, command->text);
}

static const char *text_of(GVariant *dict, const char *key)
{
	const char *text = "";

	g_variant_lookup(dict, key, "&s", &text);
	return text;
}

/* What may be called by its name, and the id that is its own. */
struct candidate {
	char *name;
	char *id;
};

static void candidate_free(struct candidate *candidate)
{
	g_free(candidate->name);
	g_free(candidate->id);
	g_free(candidate);
}

static GPtrArray *candidates_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)candidate_free);
}

static void candidates_add(GPtrArray *candidates, const char *name, const char *id)
{
	struct candidate *candidate;

	/* A display may be in sight and remembered. */
	for (guint i = 0; i < candidates->len; i++) {
		candidate = g_ptr_array_index(candidates, i);
		if (strcmp(candidate->id, id) == 0)
			return;
	}
	candidate = g_new0(struct candidate, 1);
	candidate->name = g_strdup(name ? name : "");
	candidate->id = g_strdup(id);
	g_ptr_array_add(candidates, candidate);
}

static gboolean is_only_one(GPtrArray *candidates, const char *name)
{
	guint n = 0;

	for (guint i = 0; i < candidates->len; i++) {
		struct candidate *candidate = g_ptr_array_index(candidates, i);

		n += strcmp(candidate->name, name) == 0;
	}
	return n == 1;
}

/* By name, as people know them; by id if that is being typed, or if the name does not tell which one. */
static void offer_candidates(GPtrArray *candidates, const char *current)
{
	for (guint i = 0; i < candidates->len; i++) {
		struct candidate *candidate = g_ptr_array_index(candidates, i);
		gboolean types_id = *current && g_str_has_prefix(candidate->id, current);

		if (types_id || !is_only_one(candidates, candidate->name) || !offer(candidate->name, candidate->id))
			offer(candidate->id, candidate->name);
	}
}

static void add_displays(GPtrArray *candidates, GPtrArray *displays)
{
	for (guint i = 0; i < displays->len; i++) {
		GVariant *display = g_ptr_array_index(displays, i);

		candidates_add(candidates, client_sink_name(display), text_of(display, "id"));
	}
}

static void offer_displays(struct ctl *ctl, const char *current)
{
	g_autoptr(GPtrArray) candidates = candidates_new();
	g_autoptr(GPtrArray) sinks = ctl_sinks(ctl);
	g_autoptr(GPtrArray) known = ctl_remembered(ctl);

	add_displays(candidates, sinks);
	add_displays(candidates, known);
	offer_candidates(candidates, current);
}

static void offer_sessions(struct ctl *ctl, enum ctl_argument argument, const char *current)
{
	g_autoptr(GPtrArray) candidates = candidates_new();
	g_autoptr(GPtrArray) sessions = ctl_sessions(ctl, NULL);

	for (guint i = 0; sessions && i < sessions->len; i++) {
		Miracast1Session *session = g_ptr_array_index(sessions, i);
		g_autofree char *id = g_strdup_printf("%u", miracast1_session_get_id(session));
		g_autofree char *name = client_session_name(ctl->manager, session);

		if (client_session_has_ended(session) ||
		    (argument == CTL_PIN_WANTED && !miracast1_session_get_pin_wanted(session)) ||
		    (argument == CTL_CONSENT_WANTED && !miracast1_session_get_consent_wanted(session)))
			continue;
		candidates_add(candidates, name, id);
	}
	if (argument == CTL_SESSION)
		offer("all", "every session");
	offer_candidates(candidates, current);
}

static void offer_listening(struct ctl *ctl)
{
	const char *const *listening = miracast1_manager_get_listening(ctl->manager);

	for (guint i = 0; listening && listening[i]; i++)
		offer(listening[i], "");
}

static void offer_argument(struct ctl *ctl, enum ctl_argument argument, const char *current)
{
	if (argument == CTL_COMMAND)
		offer_commands();
	if (argument == CTL_COMMAND || argument == CTL_NOTHING || !ctl_connect_daemon(ctl, NULL))
		return;
	if (argument == CTL_DISPLAY)
		offer_displays(ctl, current);
	else if (argument == CTL_LISTENING)
		offer_listening(ctl);
	else
		offer_sessions(ctl, argument, current);
}

/* ---- the line -------------------------------------------------------------- */

static void complete_command(struct ctl *ctl, int argc, char **argv, const char *current)
{
	struct ctl_completion completion = { .current = current, .arguments = -1 };

	for (const struct ctl_command *command = ctl_commands; command->name; command++) {
		if (strcmp(command->name, argv[0]) != 0)
			continue;
		ctl->completing = &completion;
		command->run(ctl, argc, argv);
		if (completion.arguments == 0)
			offer_argument(ctl, command->argument, current);
		ctl->completing = NULL;
	}
}

static void complete_first(const char *current)
{
	static const GOptionEntry options[] = {
		{ .long_name = "json", .description = "Print JSON" },
		{ .long_name = "help", .description = "Print what it takes" },
		{ .long_name = "version", .description = "Print the version" },
	};

	for (guint i = 0; *current == '-' && i < G_N_ELEMENTS(options); i++)
		offer_option(&options[i]);
	if (*current != '-')
		offer_commands();
}

enum ctl_status ctl_complete(struct ctl *ctl, int argc, char **argv)
{
	const char *current = argc > 1 ? argv[argc - 1] : "";
	int n = argc - 1;

	/* Options may stand before the command. */
	for (int i = 1; i < n; i++) {
		if (strcmp(argv[i], "--session-bus") == 0)
			ctl->bus_type = G_BUS_TYPE_SESSION;
		if (*argv[i] == '-')
			continue;
		/* The command has what stands before the word. */
		argv[n] = NULL;
		complete_command(ctl, n - i, argv + i, current);
		return CTL_OK;
	}
	complete_first(current);
	return CTL_OK;
}
