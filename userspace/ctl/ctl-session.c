// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl connect, listen, unlisten, status, disconnect: sessions.
 */
#include <signal.h>
#include <string.h>

#include <glib-unix.h>

#include "ctl.h"
#include "options.h"

#define BUS_NAME "org.miracast.Miracast1"
#define SESSION_PATH "/org/miracast/Miracast1/Session/"

/* ---- all sessions -------------------------------------------------------- */

static int compare_sessions(gconstpointer a, gconstpointer b)
{
	guint first = miracast1_session_get_id(*(Miracast1Session *const *)a);
	guint second = miracast1_session_get_id(*(Miracast1Session *const *)b);

	return first < second ? -1 : first > second;
}

GPtrArray *ctl_sessions(struct ctl *ctl, GError **error)
{
	g_autoptr(GPtrArray) sessions = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(GDBusObjectManager) objects = miracast1_object_manager_client_new_sync(
		ctl->bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, BUS_NAME,
		"/org/miracast/Miracast1", NULL, error);
	g_autolist(GDBusObject) list = NULL;

	if (!objects)
		return NULL;
	list = g_dbus_object_manager_get_objects(objects);
	for (GList *l = list; l; l = l->next) {
		Miracast1Session *session = miracast1_object_get_session(l->data);

		if (session)
			g_ptr_array_add(sessions, session);
	}
	g_ptr_array_sort(sessions, compare_sessions);
	return g_steal_pointer(&sessions);
}

static gboolean has_ended(Miracast1Session *session)
{
	return g_strcmp0(miracast1_session_get_state(session), "gone") == 0;
}

static GVariant *or_empty(GVariant *value)
{
	return value ? value : g_variant_new("a{sv}", NULL);
}

static const char *or_blank(const char *text)
{
	return text ? text : "";
}

/* In the order in which they were reached; some come more than once. */
static GVariant *phases_variant(Miracast1Session *session)
{
	GVariant *phases = miracast1_session_get_phases(session);
	GVariantBuilder list;
	GVariantIter iter;
	const char *name, *text;
	gint64 time_us;

	g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
	if (phases) {
		g_variant_iter_init(&iter, phases);
		while (g_variant_iter_next(&iter, "(&sx&s)", &name, &time_us, &text))
			g_variant_builder_add_value(
				&list, g_variant_new_parsed("{'name': <%s>, 'time-us': <%x>, 'text': <%s>}",
							    name, time_us, text));
	}
	return g_variant_builder_end(&list);
}

/* The last step, for people; "" before the first one. */
static char *describe_step(Miracast1Session *session)
{
	GVariant *phases = miracast1_session_get_phases(session);
	gsize n = phases ? g_variant_n_children(phases) : 0;
	char *text;

	if (n == 0)
		return g_strdup("");
	g_variant_get_child(phases, n - 1, "(sxs)", NULL, NULL, &text);
	return text;
}

GVariant *ctl_session_variant(Miracast1Session *session)
{
	return g_variant_new_parsed(
		"{'id': <%u>, 'state': <%s>, 'sink': <{'id': <%s>, 'name': <%s>}>, "
		"'phases': <%*>, 'path': <%*>, 'sink-info': <%*>, 'mode': <%*>, 'stats': <%*>, "
		"'reason': <%s>, 'message': <%s>, 'hint': <%s>}",
		miracast1_session_get_id(session), or_blank(miracast1_session_get_state(session)),
		or_blank(miracast1_session_get_sink_id(session)),
		or_blank(miracast1_session_get_sink_name(session)), phases_variant(session),
		or_empty(miracast1_session_get_path(session)),
		or_empty(miracast1_session_get_sink_info(session)),
		or_empty(miracast1_session_get_mode(session)),
		or_empty(miracast1_session_get_stats(session)),
		or_blank(miracast1_session_get_reason(session)),
		or_blank(miracast1_session_get_message(session)),
		or_blank(miracast1_session_get_hint(session)));
}

/* ---- status -------------------------------------------------------------- */

/* "1280x720 at 60 Hz, H.264 constrained-baseline 3.2, LPCM" or "" */
static char *describe_mode(Miracast1Session *session)
{
	GVariant *mode = miracast1_session_get_mode(session);
	const char *codec = "", *profile = "", *level = "", *audio = "";
	guint width = 0, height = 0, refresh = 0;

	if (!mode || !g_variant_lookup(mode, "width", "u", &width))
		return g_strdup("");
	g_variant_lookup(mode, "height", "u", &height);
	g_variant_lookup(mode, "refresh", "u", &refresh);
	g_variant_lookup(mode, "codec", "&s", &codec);
	g_variant_lookup(mode, "profile", "&s", &profile);
	g_variant_lookup(mode, "level", "&s", &level);
	g_variant_lookup(mode, "audio", "&s", &audio);
	return g_strdup_printf("%ux%u at %g Hz, %s %s %s, audio %s", width, height,
			       refresh / 1000.0, codec, profile, level, audio);
}

static void print_stats(Miracast1Session *session)
{
	GVariant *stats = miracast1_session_get_stats(session);
	guint64 sent = 0, dropped = 0, median = 0, p95 = 0, bytes = 0;

	if (!stats || !g_variant_lookup(stats, "frames-sent", "t", &sent))
		return;
	g_variant_lookup(stats, "frames-dropped", "t", &dropped);
	g_variant_lookup(stats, "latency-median-us", "t", &median);
	g_variant_lookup(stats, "latency-p95-us", "t", &p95);
	g_variant_lookup(stats, "bytes", "t", &bytes);
	g_print("    %" G_GUINT64_FORMAT " frames sent, %" G_GUINT64_FORMAT
		" dropped, %.1f MB; latency %.1f ms, 95 %%: %.1f ms\n",
		sent, dropped, bytes / 1e6, median / 1000.0, p95 / 1000.0);
}

/* "AAC, 48 kHz, 2 channels: playing (44.1 kHz, 2 channels); latency ..." */
static void print_sound(Miracast1Session *session)
{
	GVariant *mode = miracast1_session_get_mode(session);
	GVariant *stats = miracast1_session_get_stats(session);
	const char *codec = "", *activity;
	guint rate = 0, channels = 0, played_rate, played_channels = 0;
	guint64 median = 0, p95 = 0, skipped = 0, lost = 0, gaps = 0;

	if (!mode || !stats)
		return;
	g_variant_lookup(mode, "audio", "&s", &codec);
	if (g_str_equal(codec, "none"))
		g_print("    sound: none, no sound card\n");
	if (!g_variant_lookup(stats, "sound", "&s", &activity))
		return;
	g_variant_lookup(mode, "audio-rate", "u", &rate);
	g_variant_lookup(mode, "audio-channels", "u", &channels);
	g_variant_lookup(stats, "sound-latency-median-us", "t", &median);
	g_variant_lookup(stats, "sound-latency-p95-us", "t", &p95);
	g_variant_lookup(stats, "sound-skipped-us", "t", &skipped);
	g_variant_lookup(stats, "sound-lost-us", "t", &lost);
	g_variant_lookup(stats, "sound-gaps", "t", &gaps);
	g_print("    sound: %s, %g kHz, %u channels: %s", codec, rate / 1000.0, channels,
		g_str_equal(activity, "away") ? "no sound card" : activity);
	if (g_variant_lookup(stats, "sound-rate", "u", &played_rate)) {
		g_variant_lookup(stats, "sound-channels", "u", &played_channels);
		g_print(" (%g kHz, %u channels); latency %.1f ms, 95 %%: %.1f ms", played_rate / 1000.0,
			played_channels, median / 1000.0, p95 / 1000.0);
	}
	g_print("; skipped %.1f ms, lost %.1f ms", skipped / 1000.0, lost / 1000.0);
	g_print(gaps ? ", in %" G_GUINT64_FORMAT " places\n" : "\n", gaps);
}

/* Rows of quirks other than what every sink gets. */
static void print_quirks(Miracast1Session *session)
{
	GVariant *sink = miracast1_session_get_sink_info(session);
	const char *rows = "default";

	if (sink)
		g_variant_lookup(sink, "quirks", "&s", &rows);
	if (!g_str_equal(rows, "default"))
		g_print("    treated as the display asks for: %s (man 5 miracast-quirks)\n", rows);
}

static void print_session(Miracast1Session *session)
{
	g_autofree char *mode = describe_mode(session);
	g_autofree char *step = describe_step(session);

	g_print("%u  %s (%s): %s\n", miracast1_session_get_id(session),
		miracast1_session_get_sink_name(session), miracast1_session_get_sink_id(session),
		miracast1_session_get_state(session));
	if (has_ended(session)) {
		g_print("    %s\n", miracast1_session_get_message(session));
		if (*or_blank(miracast1_session_get_hint(session)))
			g_print("    -> %s\n", miracast1_session_get_hint(session));
		return;
	}
	if (*step && g_strcmp0(miracast1_session_get_state(session), "streaming") != 0)
		g_print("    %s\n", step);
	if (*mode)
		g_print("    %s\n", mode);
	print_quirks(session);
	print_stats(session);
	print_sound(session);
}

static void print_status(struct ctl *ctl, GPtrArray *sessions)
{
	const char *const *listening = miracast1_manager_get_listening(ctl->manager);

	g_print("miracastd %s%s%s\n", miracast1_manager_get_version(ctl->manager),
		g_strcmp0(miracast1_manager_get_source(ctl->manager), "test") == 0 ?
			", test picture instead of a monitor" :
			"",
		miracast1_manager_get_scanning(ctl->manager) ? ", scanning" : "");
	for (guint i = 0; listening && listening[i]; i++)
		g_print("listening on %s\n", listening[i]);
	if (sessions->len == 0)
		g_print("no session\n");
	for (guint i = 0; i < sessions->len; i++)
		print_session(g_ptr_array_index(sessions, i));
}

static void print_status_json(struct ctl *ctl, GPtrArray *sessions)
{
	const char *const *listening = miracast1_manager_get_listening(ctl->manager);
	GVariantBuilder running, ended;

	g_variant_builder_init(&running, G_VARIANT_TYPE("aa{sv}"));
	g_variant_builder_init(&ended, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < sessions->len; i++) {
		Miracast1Session *session = g_ptr_array_index(sessions, i);

		g_variant_builder_add_value(has_ended(session) ? &ended : &running,
					    ctl_session_variant(session));
	}
	ctl_print_json(g_variant_new_parsed(
		"{'version': <%s>, 'source': <%s>, 'scanning': <%b>, 'listening': <%*>, "
		"'sessions': <%*>, 'ended': <%*>}",
		miracast1_manager_get_version(ctl->manager),
		or_blank(miracast1_manager_get_source(ctl->manager)),
		miracast1_manager_get_scanning(ctl->manager),
		g_variant_new_strv(listening, listening ? -1 : 0), g_variant_builder_end(&running),
		g_variant_builder_end(&ended)));
}

enum ctl_status ctl_status(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(GPtrArray) sessions = NULL;
	g_autoptr(GError) error = NULL;
	enum ctl_status status;

	if (!ctl_parse(ctl, "- what is running", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 1)
		return ctl_usage(ctl, "status takes no arguments");
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	sessions = ctl_sessions(ctl, &error);
	if (!sessions)
		return ctl_print_error(ctl, error);
	if (ctl->json)
		print_status_json(ctl, sessions);
	else
		print_status(ctl, sessions);
	return CTL_OK;
}

/* ---- connect --------------------------------------------------------------- */

/* Options of a session, on the command line. */
typedef struct session_options {
	char *mode;
	char *encoder;
	char *audio;
	gboolean no_sound;
	char *import;
	char *max_bit_rate;
	char *go_intent;
	char *frequency;
} session_options;

#define SESSION_OPTION_ENTRIES(o) \
	{ "mode", 0, 0, G_OPTION_ARG_STRING, &(o)->mode, "Preferred mode", "WxH[@HZ]" }, \
	{ "encoder", 0, 0, G_OPTION_ARG_STRING, &(o)->encoder, \
	  "GStreamer encoder instead of the best one", "ELEMENT" }, \
	{ "no-sound", 0, 0, G_OPTION_ARG_NONE, &(o)->no_sound, "Pictures only", NULL }, \
	{ "audio", 0, 0, G_OPTION_ARG_STRING, &(o)->audio, "none, desktop, silence or tone", "KIND" }, \
	{ "import", 0, 0, G_OPTION_ARG_STRING, &(o)->import, \
	  "no: the desktop copies its pictures", "yes|no" }, \
	{ "max-bit-rate", 0, 0, G_OPTION_ARG_STRING, &(o)->max_bit_rate, \
	  "Limit for video in bits per second", "BPS" }

static void session_options_clear(session_options *o)
{
	g_free(o->mode);
	g_free(o->encoder);
	g_free(o->audio);
	g_free(o->import);
	g_free(o->max_bit_rate);
	g_free(o->go_intent);
	g_free(o->frequency);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(session_options, session_options_clear)

static gboolean make_options(const session_options *o, GVariant **options, GError **error)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	if (!options_parse_mode(o->mode, &dict, error) ||
	    !options_parse("encoder", o->encoder, &dict, error) ||
	    !options_parse_audio(o->audio, o->no_sound, &dict, error) ||
	    !options_parse("import", o->import, &dict, error) ||
	    !options_parse("max-bit-rate", o->max_bit_rate, &dict, error) ||
	    !options_parse("go-intent", o->go_intent, &dict, error) ||
	    !options_parse("frequency", o->frequency, &dict, error))
		return FALSE;
	*options = g_variant_ref_sink(g_variant_dict_end(&dict));
	return TRUE;
}

struct waiting {
	struct ctl *ctl;
	GMainLoop *loop;
	Miracast1Session *session;
	guint printed; /* phases */
	gboolean lost;
	gboolean interrupted;
};

static gboolean is_over(Miracast1Session *session)
{
	return has_ended(session) ||
	       g_strcmp0(miracast1_session_get_state(session), "streaming") == 0;
}

/* Each phase when it is reached, with the time since the first one. */
static void print_phases(struct waiting *w)
{
	GVariant *phases = miracast1_session_get_phases(w->session);
	gint64 start = 0;

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

static void session_changed(GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
			    gpointer user_data)
{
	struct waiting *w = user_data;

	if (!w->ctl->json)
		print_phases(w);
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
	miracast1_session_call_disconnect(w->session, NULL, NULL, NULL);
	return G_SOURCE_CONTINUE;
}

static enum ctl_status print_result(struct waiting *w)
{
	g_autofree char *mode = NULL;

	if (w->lost)
		return ctl_print_reason(w->ctl, "daemon-not-running", "miracastd has ended",
					"See its log: journalctl -u miracastd");
	if (has_ended(w->session))
		return ctl_print_reason(w->ctl, miracast1_session_get_reason(w->session),
					miracast1_session_get_message(w->session),
					miracast1_session_get_hint(w->session));
	if (w->ctl->json) {
		ctl_print_json(ctl_session_variant(w->session));
		return CTL_OK;
	}
	mode = describe_mode(w->session);
	g_print("Casting to %s: %s\n", miracast1_session_get_sink_name(w->session), mode);
	g_print("It is a monitor of your desktop now. To end: miracastctl disconnect %u\n",
		miracast1_session_get_id(w->session));
	return CTL_OK;
}

static enum ctl_status wait_for_session(struct ctl *ctl, Miracast1Session *session)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct waiting w = { .ctl = ctl, .loop = loop, .session = session };
	guint sigint = g_unix_signal_add(SIGINT, interrupted, &w);
	guint sigterm = g_unix_signal_add(SIGTERM, interrupted, &w);

	g_signal_connect(session, "g-properties-changed", G_CALLBACK(session_changed), &w);
	g_signal_connect(session, "notify::g-name-owner", G_CALLBACK(owner_changed), &w);
	if (!ctl->json)
		print_phases(&w);
	if (!is_over(session))
		g_main_loop_run(loop);
	g_signal_handlers_disconnect_by_data(session, &w);
	g_source_remove(sigint);
	g_source_remove(sigterm);
	return print_result(&w);
}

static enum ctl_status start_session(struct ctl *ctl, const char *sink, GVariant *options,
				     gboolean wait)
{
	g_autoptr(Miracast1Session) session = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;

	if (!miracast1_manager_call_connect_sync(ctl->manager, sink, options, &path, NULL, &error))
		return ctl_print_error(ctl, error);
	session = miracast1_session_proxy_new_sync(ctl->bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
						   BUS_NAME, path, NULL, &error);
	if (!session)
		return ctl_print_error(ctl, error);
	if (wait)
		return wait_for_session(ctl, session);
	if (ctl->json)
		ctl_print_json(ctl_session_variant(session));
	else
		g_print("Session %u with %s has begun. To see how it goes: miracastctl status\n",
			miracast1_session_get_id(session),
			miracast1_session_get_sink_name(session));
	return CTL_OK;
}

enum ctl_status ctl_connect(struct ctl *ctl, int argc, char **argv)
{
	g_auto(session_options) o = { NULL };
	gboolean wait = FALSE;
	const GOptionEntry entries[] = {
		{ "wait", 'w', 0, G_OPTION_ARG_NONE, &wait,
		  "Show what happens until pictures flow; Ctrl-C gives up", NULL },
		SESSION_OPTION_ENTRIES(&o),
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
		return ctl_usage(ctl, "connect wants one display: its name, its address, or its host in the network");
	if (!make_options(&o, &options, &error))
		return ctl_usage(ctl, "%s", error->message);
	status = ctl_open(ctl);
	return status == CTL_OK ? start_session(ctl, argv[1], options, wait) : status;
}

/* ---- listen ---------------------------------------------------------------- */

enum ctl_status ctl_listen(struct ctl *ctl, int argc, char **argv)
{
	g_auto(session_options) o = { NULL };
	const GOptionEntry entries[] = { SESSION_OPTION_ENTRIES(&o), G_OPTION_ENTRY_NULL };
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
	if (!miracast1_manager_call_listen_sync(ctl->manager, argv[1], options, &bound, NULL,
						&error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'listening': <%s>}", bound));
	else
		g_print("Displays can call %s now. To end: miracastctl unlisten %s\n", bound,
			bound);
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
	if (!miracast1_manager_call_stop_listening_sync(ctl->manager, argv[1], NULL, &error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'stopped': <%s>}", argv[1]));
	return CTL_OK;
}

/* ---- disconnect ------------------------------------------------------------ */

static enum ctl_status disconnect_all(struct ctl *ctl)
{
	g_autoptr(GError) error = NULL;

	if (!miracast1_manager_call_disconnect_all_sync(ctl->manager, NULL, &error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'disconnected': <'all'>}"));
	return CTL_OK;
}

static enum ctl_status disconnect_one(struct ctl *ctl, guint64 id)
{
	g_autofree char *path = g_strdup_printf(SESSION_PATH "%" G_GUINT64_FORMAT, id);
	g_autoptr(GVariant) result = NULL;
	g_autoptr(GError) error = NULL;

	result = g_dbus_connection_call_sync(ctl->bus, BUS_NAME, path,
					     "org.miracast.Miracast1.Session", "Disconnect", NULL,
					     NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL,
					     &error);
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)) {
		g_autofree char *message =
			g_strdup_printf("there is no session %" G_GUINT64_FORMAT, id);

		return ctl_print_reason(ctl, "session-unknown", message, "Run: miracastctl status");
	}
	if (!result)
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'disconnected': <%t>}", id));
	return CTL_OK;
}

enum ctl_status ctl_disconnect(struct ctl *ctl, int argc, char **argv)
{
	guint64 id = 0;
	enum ctl_status status;

	if (!ctl_parse(ctl, "[ID|all] - end a session, or all (default)", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "all") != 0 &&
			 !g_ascii_string_to_unsigned(argv[1], 10, 1, G_MAXUINT32, &id, NULL)))
		return ctl_usage(ctl, "disconnect wants the number of a session, or \"all\"");
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	return id ? disconnect_one(ctl, id) : disconnect_all(ctl);
}
