// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl connect, listen, unlisten: how sessions begin.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "ctl.h"
#include "link-direct.h"
#include "options.h"
#include "reason.h"

#define SEARCH_SECONDS 30
#define MOST_SEARCH_SECONDS 300
/* Longer than any PIN with the blanks in it. */
#define MOST_TYPED 256

/* ---- options --------------------------------------------------------------- */

/* Options of a session, on the command line. */
typedef struct session_options {
	char *mode;
	char *encoder;
	char *audio;
	gboolean no_sound;
	char *latency;
	char *import;
	char *max_bit_rate;
	char *other_ways;
	gboolean stay;
	gboolean pin;
	gboolean encrypt;
	char *go_intent;
	char *frequency;
	char *from;
} session_options;

#define SESSION_OPTION_ENTRIES(o) \
	{ "mode", 0, 0, G_OPTION_ARG_STRING, &(o)->mode, "Preferred mode", "WxH[@HZ]" }, \
	{ "encoder", 0, 0, G_OPTION_ARG_STRING, &(o)->encoder, \
	  "GStreamer encoder instead of the best one", "ELEMENT" }, \
	{ "no-sound", 0, 0, G_OPTION_ARG_NONE, &(o)->no_sound, "Pictures only", NULL }, \
	{ "audio", 0, 0, G_OPTION_ARG_STRING, &(o)->audio, "none, desktop, silence or tone", "KIND" }, \
	{ "latency", 0, 0, G_OPTION_ARG_STRING, &(o)->latency, \
	  "Pictures shall come soon (low), or none late (high)", "low|normal|high" }, \
	{ "import", 0, 0, G_OPTION_ARG_STRING, &(o)->import, \
	  "no: the desktop copies its pictures", "yes|no" }, \
	{ "max-bit-rate", 0, 0, G_OPTION_ARG_STRING, &(o)->max_bit_rate, \
	  "Limit for video in bits per second", "BPS" }

static void session_options_clear(session_options *o)
{
	g_free(o->mode);
	g_free(o->encoder);
	g_free(o->audio);
	g_free(o->latency);
	g_free(o->import);
	g_free(o->max_bit_rate);
	g_free(o->other_ways);
	g_free(o->go_intent);
	g_free(o->frequency);
	g_free(o->from);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(session_options, session_options_clear)

static gboolean make_options(const session_options *o, GVariant **options, GError **error)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	if (!options_parse_mode(o->mode, &dict, error) ||
	    !options_parse("encoder", o->encoder, &dict, error) ||
	    !options_parse_audio(o->audio, o->no_sound, &dict, error) ||
	    !options_parse("latency", o->latency, &dict, error) ||
	    !options_parse("import", o->import, &dict, error) ||
	    !options_parse("max-bit-rate", o->max_bit_rate, &dict, error) ||
	    !options_parse("other-ways", o->other_ways, &dict, error) ||
	    !options_parse("stay", o->stay ? "yes" : NULL, &dict, error) ||
	    !options_parse("security", o->pin ? "pin" : o->encrypt ? "encryption" : NULL, &dict, error) ||
	    !options_parse("go-intent", o->go_intent, &dict, error) ||
	    !options_parse("frequency", o->frequency, &dict, error) ||
	    !options_parse("from", o->from, &dict, error))
		return FALSE;
	*options = g_variant_ref_sink(g_variant_dict_end(&dict));
	return TRUE;
}

/* ---- a session that begins -------------------------------------------------- */

struct waiting {
	struct ctl *ctl;
	GMainLoop *loop;
	Miracast1Session *session;
	guint printed; /* phases */
	gint64 begin_us; /* of them */
	gboolean lost;
	gboolean interrupted;
	GString *typed; /* of the PIN, until the end of the line */
	guint input; /* watch of the standard input */
	gboolean asked; /* for the PIN that is wanted now */
	char *shown; /* the PIN that was said last, or NULL */
};

static gboolean is_over(Miracast1Session *session)
{
	return client_session_has_ended(session) ||
	       g_strcmp0(miracast1_session_get_state(session), "streaming") == 0;
}

/* Each phase when it is reached, with the time since the first one. */
static void print_phases(struct waiting *w)
{
	GVariant *phases = miracast1_session_get_phases(w->session);
	gint64 start = 0;

	/* They begin anew when it is tried again. */
	if (client_session_begin(w->session) != w->begin_us)
		w->printed = 0;
	w->begin_us = client_session_begin(w->session);
	for (guint i = 0; phases && i < g_variant_n_children(phases); i++) {
		const char *text;
		gint64 time_us;

		g_variant_get_child(phases, i, "(&sx&s)", NULL, &time_us, &text);
		if (i == 0)
			start = time_us;
		if (i < w->printed)
			continue;
		g_print("%6.1f s  %s\n", (time_us - start) / (double)G_USEC_PER_SEC, text);
		w->printed = i + 1;
	}
}

static void ask_pin(struct waiting *w);

static void pin_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct waiting *w = user_data;
	g_autoptr(GError) error = NULL;

	if (miracast1_session_call_enter_pin_finish(MIRACAST1_SESSION(source), result, &error))
		return;
	g_dbus_error_strip_remote_error(error);
	/* It is asked for again: the display is still there. */
	g_printerr("miracastctl: %s\n", error->message);
	if (!w->input && miracast1_session_get_pin_wanted(w->session))
		ask_pin(w);
}

/* The first line of what was typed, if it is whole. */
static gboolean take_line(struct waiting *w)
{
	const char *end = strchr(w->typed->str, '\n');
	g_autofree char *line = NULL;

	if (!end)
		return FALSE;
	line = g_strndup(w->typed->str, end - w->typed->str);
	g_string_erase(w->typed, 0, end + 1 - w->typed->str);
	miracast1_session_call_enter_pin(w->session, g_strchomp(line), CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, pin_answered, w);
	return TRUE;
}

/* Who says nothing does not want it. */
static gboolean pin_typed(int fd, GIOCondition condition, gpointer user_data)
{
	struct waiting *w = user_data;
	char text[64];
	gssize n = read(fd, text, sizeof(text));

	if (n > 0)
		g_string_append_len(w->typed, text, n);
	if (n > 0 && w->typed->len < MOST_TYPED && !strchr(w->typed->str, '\n'))
		return G_SOURCE_CONTINUE;
	w->input = 0;
	if (!take_line(w))
		miracast1_session_call_disconnect(w->session, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, NULL, NULL);
	return G_SOURCE_REMOVE;
}

static void ask_pin(struct waiting *w)
{
	g_autofree char *name = client_session_name(w->ctl->manager, w->session);

	g_printerr("PIN that %s shows: ", name);
	if (!take_line(w))
		w->input = g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, pin_typed, w);
}

/* The display wants one of ours typed. */
static void show_pin(struct waiting *w)
{
	g_autofree char *name = client_session_name(w->ctl->manager, w->session);
	const char *pin = miracast1_session_get_pin_shown(w->session);

	if (g_strcmp0(pin, w->shown) == 0)
		return;
	g_free(w->shown);
	w->shown = g_strdup(pin);
	if (pin && *pin)
		g_printerr("PIN to type at %s: %s\n", name, pin);
}

/* It is wanted, or not any more: two minutes have gone by. */
static void look_at_pin(struct waiting *w)
{
	gboolean wanted = miracast1_session_get_pin_wanted(w->session);

	show_pin(w);
	if (wanted && !w->asked)
		ask_pin(w);
	else if (!wanted)
		g_clear_handle_id(&w->input, g_source_remove);
	w->asked = wanted;
}

static void session_changed(GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
			    gpointer user_data)
{
	struct waiting *w = user_data;

	if (!w->ctl->json)
		print_phases(w);
	look_at_pin(w);
	if (is_over(w->session))
		g_main_loop_quit(w->loop);
}

static void owner_changed(GDBusProxy *proxy, GParamSpec *pspec, gpointer user_data)
{
	struct waiting *w = user_data;

	w->lost = TRUE;
	g_main_loop_quit(w->loop);
}

/* Who gives up waiting does not want the display any more. */
static gboolean interrupted(gpointer user_data)
{
	struct waiting *w = user_data;

	if (w->interrupted)
		g_main_loop_quit(w->loop);
	w->interrupted = TRUE;
	miracast1_session_call_disconnect(w->session, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, NULL, NULL);
	return G_SOURCE_CONTINUE;
}

static enum ctl_status print_result(struct waiting *w)
{
	g_autofree char *mode = NULL, *name = NULL;

	if (w->lost)
		return ctl_print_reason(w->ctl, "daemon-not-running", CLIENT_DAEMON_ENDED,
					CLIENT_DAEMON_ENDED_HINT);
	if (client_session_has_ended(w->session))
		return ctl_print_reason(w->ctl, miracast1_session_get_reason(w->session),
					miracast1_session_get_message(w->session),
					client_session_hint(w->session));
	if (w->ctl->json) {
		ctl_print_json(ctl_session_variant(w->ctl, w->session));
		return CTL_OK;
	}
	mode = client_session_mode(w->session);
	name = client_session_name(w->ctl->manager, w->session);
	g_print("Casting to %s: %s\n", name, mode);
	g_print("It is a monitor of your desktop now. To end: miracastctl disconnect %u\n",
		miracast1_session_get_id(w->session));
	return CTL_OK;
}

static enum ctl_status wait_for_session(struct ctl *ctl, Miracast1Session *session)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GString) typed = g_string_new(NULL);
	struct waiting w = { .ctl = ctl, .loop = loop, .session = session, .typed = typed };
	guint sigint = g_unix_signal_add(SIGINT, interrupted, &w);
	guint sigterm = g_unix_signal_add(SIGTERM, interrupted, &w);

	g_signal_connect(session, "g-properties-changed", G_CALLBACK(session_changed), &w);
	g_signal_connect(session, "notify::g-name-owner", G_CALLBACK(owner_changed), &w);
	if (!ctl->json)
		print_phases(&w);
	look_at_pin(&w);
	if (!is_over(session))
		g_main_loop_run(loop);
	g_clear_handle_id(&w.input, g_source_remove);
	g_free(w.shown);
	g_signal_handlers_disconnect_by_data(session, &w);
	g_source_remove(sigint);
	g_source_remove(sigterm);
	return print_result(&w);
}

/* ---- a display that is not known yet ---------------------------------------- */

/*
 * The daemon is asked anew with each display that its scan finds, until it knows the one that is
 * meant, or the scan is over; what it says then is what the user is told.
 */
struct search {
	struct ctl *ctl;
	GMainLoop *loop;
	const char *sink;
	GVariant *options;
	char *path;
	GError *error; /* of the latest attempt */
	gboolean lost;
};

static gboolean try_connect(struct search *search)
{
	g_clear_error(&search->error);
	return miracast1_manager_call_connect_sync(search->ctl->manager, search->sink, search->options,
						   CLIENT_CALL_FLAGS, CLIENT_CALL_MS, &search->path, NULL, &search->error);
}

static gboolean is_unknown(const GError *error)
{
	return g_error_matches(error, REASON_ERROR, REASON_SINK_UNKNOWN);
}

static void sinks_changed(Miracast1Manager *manager, GParamSpec *pspec, gpointer user_data)
{
	struct search *search = user_data;

	if (!search->path && (try_connect(search) || !is_unknown(search->error)))
		g_main_loop_quit(search->loop);
}

static void scanning_changed(Miracast1Manager *manager, GParamSpec *pspec, gpointer user_data)
{
	struct search *search = user_data;

	if (!miracast1_manager_get_scanning(manager))
		g_main_loop_quit(search->loop);
}

static void daemon_changed(GDBusProxy *proxy, GParamSpec *pspec, gpointer user_data)
{
	struct search *search = user_data;

	search->lost = TRUE;
	g_main_loop_quit(search->loop);
}

/* In case it was over before the change could be seen. */
static gboolean look_at_scan(gpointer user_data)
{
	struct search *search = user_data;

	scanning_changed(search->ctl->manager, NULL, search);
	return G_SOURCE_REMOVE;
}

static void run_search(struct search *search)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	Miracast1Manager *manager = search->ctl->manager;
	guint timer = g_timeout_add(200, look_at_scan, search);

	search->loop = loop;
	g_signal_connect(manager, "notify::sinks", G_CALLBACK(sinks_changed), search);
	g_signal_connect(manager, "notify::scanning", G_CALLBACK(scanning_changed), search);
	g_signal_connect(manager, "notify::g-name-owner", G_CALLBACK(daemon_changed), search);
	g_main_loop_run(loop);
	g_signal_handlers_disconnect_by_data(manager, search);
	if (g_main_context_find_source_by_id(NULL, timer))
		g_source_remove(timer);
}

/* Why nothing was found, if the scan itself knows. */
static enum ctl_status print_search_error(struct search *search)
{
	const char *name, *message;
	struct hint hint;

	if (search->lost)
		return ctl_print_reason(search->ctl, "daemon-not-running", CLIENT_DAEMON_ENDED,
					CLIENT_DAEMON_ENDED_HINT);
	if (is_unknown(search->error) && client_scan_problem(search->ctl->manager, &name, &message, &hint))
		return ctl_print_reason(search->ctl, name, message, hint);
	return ctl_print_error(search->ctl, search->error);
}

static enum ctl_status look_for(struct search *search, int seconds)
{
	g_autoptr(GError) error = NULL;

	if (try_connect(search))
		return CTL_OK;
	if (!is_unknown(search->error) || seconds == 0)
		return ctl_print_error(search->ctl, search->error);
	if (!miracast1_manager_call_scan_sync(search->ctl->manager, seconds, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, &error))
		return ctl_print_error(search->ctl, error);
	if (!search->ctl->json)
		g_print("Looking for %s, for %d s at most; is screen mirroring open there?\n", search->sink, seconds);
	run_search(search);
	return search->path ? CTL_OK : print_search_error(search);
}

/* ---- connect --------------------------------------------------------------- */

static enum ctl_status show_session(struct ctl *ctl, const char *path, gboolean wait)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Miracast1Session) session = miracast1_session_proxy_new_sync(
		ctl->bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, CLIENT_BUS_NAME, path, NULL, &error);

	g_autofree char *name = NULL;

	if (!session)
		return ctl_print_error(ctl, error);
	if (wait)
		return wait_for_session(ctl, session);
	name = client_session_name(ctl->manager, session);
	if (ctl->json)
		ctl_print_json(ctl_session_variant(ctl, session));
	else
		g_print("Session %u with %s has begun. To see how it goes: miracastctl status\n",
			miracast1_session_get_id(session), name);
	return CTL_OK;
}

static enum ctl_status start_session(struct ctl *ctl, const char *sink, GVariant *options,
				     int seconds, gboolean wait)
{
	struct search search = { .ctl = ctl, .sink = sink, .options = options };
	enum ctl_status status = look_for(&search, seconds);

	if (status == CTL_OK)
		status = show_session(ctl, search.path, wait);
	g_free(search.path);
	g_clear_error(&search.error);
	return status;
}

enum ctl_status ctl_connect(struct ctl *ctl, int argc, char **argv)
{
	g_auto(session_options) o = { NULL };
	gboolean wait = TRUE;
	int seconds = SEARCH_SECONDS;
	const GOptionEntry entries[] = {
		{ "no-wait", 'n', G_OPTION_FLAG_REVERSE, G_OPTION_ARG_NONE, &wait,
		  "Do not wait until pictures flow", NULL },
		/* What it does without, too; it was to be asked for once. */
		{ "wait", 'w', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &wait, NULL, NULL },
		{ "seconds", 's', 0, G_OPTION_ARG_INT, &seconds,
		  "How long to look for a display that is not known yet, 0 to 300 (default 30)", "N" },
		SESSION_OPTION_ENTRIES(&o),
		{ "other-ways", 0, 0, G_OPTION_ARG_STRING, &o.other_ways,
		  "no: not over Wi-Fi P2P if the network leads nowhere", "yes|no" },
		{ "stay", 0, 0, G_OPTION_ARG_NONE, &o.stay,
		  "If it is lost, or the computer sleeps, connect again by itself", NULL },
		{ "pin", 0, 0, G_OPTION_ARG_NONE, &o.pin,
		  "With a PIN that the display shows, or that is typed there; encrypted", NULL },
		{ "encrypt", 0, 0, G_OPTION_ARG_NONE, &o.encrypt, "Encrypted, which Wi-Fi P2P always is", NULL },
		{ "go-intent", 0, 0, G_OPTION_ARG_STRING, &o.go_intent,
		  "Wish to be P2P group owner, 0 to 15 (default 15)", "N" },
		{ "frequency", 0, 0, G_OPTION_ARG_STRING, &o.frequency,
		  "Frequency of the P2P group (default: wpa_supplicant chooses)", "MHZ" },
		G_OPTION_ENTRY_NULL
	};
	g_autoptr(GVariant) options = NULL;
	g_autoptr(GError) error = NULL;
	enum ctl_status status;

	if (!ctl_parse(ctl, "NAME|MAC|HOST - cast to a display", entries, &argc, &argv))
		return CTL_USAGE;
	if (argc != 2)
		return ctl_usage(ctl, "connect wants one display: its name, or its address");
	if (seconds < 0 || seconds > MOST_SEARCH_SECONDS)
		return ctl_usage(ctl, "--seconds is 0 to %d", MOST_SEARCH_SECONDS);
	if (o.pin && !wait)
		return ctl_usage(ctl, "who types the PIN has to wait for it: not --pin with --no-wait");
	if (!make_options(&o, &options, &error))
		return ctl_usage(ctl, "%s", error->message);
	status = ctl_open(ctl);
	return status == CTL_OK ? start_session(ctl, argv[1], options, seconds, wait) : status;
}

/* ---- listen ---------------------------------------------------------------- */

/* What the daemon makes of it. */
static void print_listening(const char *bound, const char *from)
{
	if (!link_direct_names_nobody(from)) {
		g_print("Displays can call %s now, from %s only. To end: miracastctl unlisten %s\n", bound, from, bound);
		return;
	}
	g_print("Displays can call %s now. So can anybody else who reaches it", bound);
	if (from)
		g_print(" from %s, which is too large to name anybody", from);
	g_print(", so each call waits a minute for your yes:\nmiracastctl status, miracastctl accept. A display that is named "
		"need not ask: --from ADDRESS.\nTo end: miracastctl unlisten %s\n", bound);
}

enum ctl_status ctl_listen(struct ctl *ctl, int argc, char **argv)
{
	g_auto(session_options) o = { NULL };
	const GOptionEntry entries[] = {
		SESSION_OPTION_ENTRIES(&o),
		{ "from", 0, 0, G_OPTION_ARG_STRING, &o.from,
		  "Who may have the screen (default: whoever you say yes to: miracastctl accept)", "ADDRESS[/PREFIX]" },
		G_OPTION_ENTRY_NULL
	};
	g_autoptr(GVariant) options = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *bound = NULL;
	enum ctl_status status;

	if (!ctl_parse(ctl, "ADDRESS[:PORT] - wait for displays on a network that is there", entries,
		       &argc, &argv))
		return CTL_USAGE;
	if (argc != 2)
		return ctl_usage(ctl, "listen wants one address of this machine");
	if (!make_options(&o, &options, &error))
		return ctl_usage(ctl, "%s", error->message);
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	if (!miracast1_manager_call_listen_sync(ctl->manager, argv[1], options, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, &bound, NULL,
						&error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'listening': <%s>}", bound));
	else
		print_listening(bound, o.from);
	return CTL_OK;
}

enum ctl_status ctl_unlisten(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	enum ctl_status status;

	if (!ctl_parse(ctl, "ADDRESS:PORT - stop waiting there", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc != 2)
		return ctl_usage(ctl, "unlisten wants an address and port, as status shows it");
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	if (!miracast1_manager_call_stop_listening_sync(ctl->manager, argv[1], CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, &error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'stopped': <%s>}", argv[1]));
	return CTL_OK;
}
