// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl record [FILE]: what a bug report needs, in one file that can be read before it is sent.
 *
 * A JSON object: the system, what doctor and list say, what status says each second, and the logs; without personal
 * data (ctl-pseudonyms.h).  Each part is what the command of its name prints, so it is asked for as anybody would.
 * Names that could not be recognised by their form are gathered from all parts before the first one is written: also
 * those of displays that are mentioned in the log and not there any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "ctl.h"
#include "ctl-pseudonyms.h"

#define DEFAULT_SECONDS 10
#define MOST_SECONDS 300
/* Of a program that is asked; the encoder is tried by doctor. */
#define ANSWER_SECONDS "60"
#define LOG_LINES 2000
#define FORMAT 1

struct record {
	struct ctl *ctl;
	JsonObject *bundle;
	pseudonyms *names;
};

/* ---- programs ---------------------------------------------------------------- */

/* What it prints, or NULL; also if it fails after that. */
static char *output_of(const char *const *argv)
{
	g_autoptr(GPtrArray) limited = g_ptr_array_new();
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GBytes) output = NULL;

	g_ptr_array_add(limited, (gpointer) "timeout");
	g_ptr_array_add(limited, (gpointer)ANSWER_SECONDS);
	for (; *argv; argv++)
		g_ptr_array_add(limited, (gpointer)*argv);
	g_ptr_array_add(limited, NULL);
	process = g_subprocess_newv((const char *const *)limited->pdata,
				    G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
	if (!process || !g_subprocess_communicate(process, NULL, NULL, &output, NULL, NULL) || !output ||
	    g_bytes_get_size(output) == 0)
		return NULL;
	return g_utf8_make_valid(g_bytes_get_data(output, NULL), g_bytes_get_size(output));
}

#define OUTPUT_OF(...) output_of((const char *const[]){ __VA_ARGS__, NULL })

/* What a command of ours prints as JSON; null if it does not. */
static JsonNode *ask(struct record *r, const char *command)
{
	const char *bus = r->ctl->bus_type == G_BUS_TYPE_SESSION ? "--session-bus" : "--json";
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *text = program ? OUTPUT_OF(program, "--json", bus, command) : NULL;
	JsonNode *node = text ? json_from_string(text, NULL) : NULL;

	return node ? node : json_node_new(JSON_NODE_NULL);
}

/* The newest lines. */
static JsonNode *lines_of(const char *text)
{
	g_autoptr(JsonArray) array = json_array_new();
	g_auto(GStrv) lines = g_strsplit(text ? text : "there is nothing, or it may not be read", "\n", -1);
	guint n = g_strv_length(lines);
	JsonNode *node = json_node_new(JSON_NODE_ARRAY);

	for (guint i = n > LOG_LINES ? n - LOG_LINES : 0; i < n; i++) {
		if (*lines[i])
			json_array_add_string_element(array, lines[i]);
	}
	json_node_set_array(node, array);
	return node;
}

/* ---- names --------------------------------------------------------------------- */

/* Of displays. */
static const char *const naming[] = { "name", "alias", NULL };

/* All members of these names, wherever they are. */
static void gather_members(struct record *r, JsonNode *node, const char *const *members, const char *word);

static void gather_object(struct record *r, JsonObject *object, const char *const *members, const char *word)
{
	JsonObjectIter iter;
	const char *name;
	JsonNode *value;

	json_object_iter_init(&iter, object);
	while (json_object_iter_next(&iter, &name, &value)) {
		if (g_strv_contains(members, name) && JSON_NODE_HOLDS_VALUE(value) &&
		    json_node_get_value_type(value) == G_TYPE_STRING)
			pseudonyms_add(r->names, word, json_node_get_string(value));
		else
			gather_members(r, value, members, word);
	}
}

static void gather_members(struct record *r, JsonNode *node, const char *const *members, const char *word)
{
	if (JSON_NODE_HOLDS_OBJECT(node))
		gather_object(r, json_node_get_object(node), members, word);
	for (guint i = 0; JSON_NODE_HOLDS_ARRAY(node) && i < json_array_get_length(json_node_get_array(node)); i++)
		gather_members(r, json_array_get_element(json_node_get_array(node), i), members, word);
}

/* Of each place that @pattern finds: its first group is a name. */
static void gather_text(struct record *r, const char *text, const char *pattern, const char *word)
{
	g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *name = g_match_info_fetch(match, 1);

		pseudonyms_add(r->names, word, name);
	}
}

/* Many machines are called as they came from the distribution. */
static gboolean is_own_name(const char *host)
{
	g_autofree char *distribution = g_get_os_info(G_OS_INFO_KEY_ID);

	return g_ascii_strcasecmp(host, "localhost") != 0 && g_ascii_strcasecmp(host, "linux") != 0 &&
	       !(distribution && g_ascii_strcasecmp(host, distribution) == 0);
}

static void gather_users(struct record *r)
{
	struct passwd *user;

	if (is_own_name(g_get_host_name()))
		pseudonyms_add(r->names, "host", g_get_host_name());
	if (geteuid() != 0)
		pseudonyms_add(r->names, "user", g_get_user_name());
	setpwent();
	while ((user = getpwent())) {
		/* People; all others are the system's. */
		if (user->pw_uid < 1000 || user->pw_uid >= 60000)
			continue;
		pseudonyms_add(r->names, "user", user->pw_name);
		if (user->pw_gecos) {
			g_auto(GStrv) fields = g_strsplit(user->pw_gecos, ",", 2);

			if (*fields && g_utf8_validate(*fields, -1, NULL))
				pseudonyms_add(r->names, "user", *fields);
		}
	}
	endpwent();
}

/* Phases have names, too, which everybody has; only those of displays are to go. */
static void gather_sinks(struct record *r, JsonNode *status)
{
	static const char *const lists[] = { "sessions", "ended" };
	static const char *const parts[] = { "sink", "sink-info" };
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(status) ? json_node_get_object(status) : NULL;

	for (guint i = 0; object && i < G_N_ELEMENTS(lists); i++) {
		JsonArray *sessions = json_object_has_member(object, lists[i]) ?
					      json_object_get_array_member(object, lists[i]) : NULL;

		for (guint j = 0; sessions && j < json_array_get_length(sessions); j++) {
			for (guint k = 0; k < G_N_ELEMENTS(parts); k++)
				gather_members(r, json_object_get_member(json_array_get_object_element(sessions, j),
									 parts[k]), naming, "name");
		}
	}
}

/* A sound card has as much of the display's name as fits. */
static void gather_cards(struct record *r, JsonNode *doctor)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(doctor) ? json_node_get_object(doctor) : NULL;
	JsonArray *checks = object && json_object_has_member(object, "checks") ?
				    json_object_get_array_member(object, "checks") : NULL;

	for (guint i = 0; checks && i < json_array_get_length(checks); i++) {
		JsonObject *check = json_array_get_object_element(checks, i);

		gather_text(r, json_object_get_string_member(check, "text"), "^(.+) is sound card \\d+", "name");
	}
}

static void gather(struct record *r, const char *journal)
{
	JsonNode *list = json_object_get_member(r->bundle, "list");
	JsonArray *samples = json_object_get_array_member(r->bundle, "status");
	g_autofree char *listed = json_to_string(list, TRUE);

	/* An error has a name, too. */
	if (JSON_NODE_HOLDS_OBJECT(list) && json_object_has_member(json_node_get_object(list), "sinks"))
		gather_members(r, list, naming, "name");
	for (guint i = 0; i < json_array_get_length(samples); i++) {
		g_autofree char *sample = json_to_string(json_array_get_element(samples, i), TRUE);

		gather_sinks(r, json_array_get_element(samples, i));
		gather_text(r, sample, "\"mice:([^\":\\[]+)", "host");
	}
	/* The host of an id; one that is an address is recognised anyway. */
	gather_text(r, listed, "\"mice:([^\":\\[]+)", "host");
	gather_cards(r, json_object_get_member(r->bundle, "doctor"));
	/* Displays that are not known any more. */
	gather_text(r, journal, "found (.+) \\(\\S+, (?:p2p|mice|direct)\\)$", "name");
	gather_text(r, journal, "found .+ \\(mice:([^:\\[)]+)[^)]*, mice\\)$", "host");
	gather_users(r);
}

/* ---- the file ------------------------------------------------------------------- */

/* The user's own, and not in the place of another file. */
static gboolean write_file(const char *path, const char *text, GError **error)
{
	gsize length = strlen(text), done = 0;
	int descriptor = g_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	gboolean written;

	while (descriptor >= 0 && done < length) {
		gssize n = write(descriptor, text + done, length - done);

		if (n < 0 && errno != EINTR)
			break;
		done += MAX(n, 0);
	}
	written = descriptor >= 0 && done == length;
	if (!written)
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "cannot write %s: %s", path,
			    g_strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return written;
}

/* ---- all of it ------------------------------------------------------------------ */

static JsonNode *system_node(struct record *r)
{
	g_autoptr(JsonObject) object = json_object_new();
	g_autofree char *release = NULL;
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	struct utsname uts;

	uname(&uts);
	release = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
	json_object_set_string_member(object, "os", release ? release : "");
	json_object_set_string_member(object, "kernel", uts.release);
	json_object_set_string_member(object, "machine", uts.machine);
	json_object_set_string_member(object, "miracastctl", MIRACAST_VERSION);
	json_object_set_string_member(object, "miracastd", miracast1_manager_get_version(r->ctl->manager));
	json_node_set_object(node, object);
	return node;
}

static void watch_status(struct record *r, int seconds)
{
	g_autoptr(JsonArray) samples = json_array_new();

	for (int i = 0; i <= seconds; i++) {
		if (i)
			g_usleep(G_USEC_PER_SEC);
		json_array_add_element(samples, ask(r, "status"));
	}
	json_object_set_array_member(r->bundle, "status", g_steal_pointer(&samples));
}

/* The machine's own, so that the pseudonyms of two files are the same. */
static char *read_key(void)
{
	g_autofree char *text = NULL;

	if (g_file_get_contents("/etc/machine-id", &text, NULL, NULL) && *g_strstrip(text))
		return g_steal_pointer(&text);
	return g_uuid_string_random();
}

static char *compose(struct record *r, int seconds)
{
	g_autofree char *journal = NULL, *kernel_log = NULL;
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	g_autoptr(JsonNode) clean = NULL;

	json_object_set_int_member(r->bundle, "format", FORMAT);
	json_object_set_member(r->bundle, "system", system_node(r));
	json_object_set_member(r->bundle, "doctor", ask(r, "doctor"));
	json_object_set_member(r->bundle, "list", ask(r, "list"));
	watch_status(r, seconds);
	journal = OUTPUT_OF("journalctl", "--unit=miracastd", "--boot", "--output=short-monotonic", "--no-hostname",
			"--quiet");
	kernel_log = OUTPUT_OF("journalctl", "--dmesg", "--boot", "--grep=miracast", "--output=short-monotonic",
			       "--no-hostname", "--quiet");
	gather(r, journal ? journal : "");
	json_object_set_member(r->bundle, "log", lines_of(journal));
	json_object_set_member(r->bundle, "kernel-log", lines_of(kernel_log));
	json_node_set_object(node, r->bundle);
	clean = pseudonyms_apply_json(r->names, node);
	return json_to_string(clean, TRUE);
}

static char *default_name(void)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();

	return g_date_time_format(now, "miracast-record-%Y%m%d-%H%M%S.json");
}

static enum ctl_status record(struct ctl *ctl, const char *path, int seconds)
{
	g_autofree char *key = read_key();
	g_autoptr(JsonObject) bundle = json_object_new();
	g_autoptr(pseudonyms) names = pseudonyms_new(key);
	struct record r = { .ctl = ctl, .bundle = bundle, .names = names };
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (!ctl->json)
		g_printerr("Watching for %d s, then reading the logs...\n", seconds);
	text = compose(&r, seconds);
	if (!write_file(path, text, &error))
		return ctl_print_reason(ctl, "file-not-written", error->message,
					HINT(CORRECT_SETTING, "Give another one: miracastctl record FILE"));
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'file': <%s>}", path));
	else
		g_print("%s: names and addresses in it are replaced. Read it before you send it.\n", path);
	return CTL_OK;
}

enum ctl_status ctl_record(struct ctl *ctl, int argc, char **argv)
{
	int seconds = DEFAULT_SECONDS;
	const GOptionEntry entries[] = {
		{ "seconds", 's', 0, G_OPTION_ARG_INT, &seconds, "How long to watch, 0 to 300 (default 10)", "N" },
		G_OPTION_ENTRY_NULL
	};
	g_autofree char *name = NULL;
	enum ctl_status status;

	if (!ctl_parse(ctl, "[FILE] - what a bug report needs, without personal data", entries, &argc, &argv))
		return CTL_USAGE;
	if (argc > 2)
		return ctl_usage(ctl, "record takes one file");
	if (seconds < 0 || seconds > MOST_SECONDS)
		return ctl_usage(ctl, "--seconds is 0 to %d", MOST_SECONDS);
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	name = argc == 2 ? g_strdup(argv[1]) : default_name();
	return record(ctl, name, seconds);
}
