// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl status, disconnect: sessions.
 */
#include <string.h>

#include "client-quality.h"
#include "ctl.h"
#include "ctl-colour.h"

#define SESSION_PATH CLIENT_PATH "/Session/"

/* ---- all sessions -------------------------------------------------------- */

static int compare_sessions(gconstpointer a, gconstpointer b)
{
	guint first = miracast1_session_get_id(*(Miracast1Session *const *)a);
	guint second = miracast1_session_get_id(*(Miracast1Session *const *)b);

	return first < second ? -1 : first > second;
}

GDBusObjectManager *ctl_objects(struct ctl *ctl, GError **error)
{
	return miracast1_object_manager_client_new_sync(ctl->bus,
							G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
							CLIENT_BUS_NAME, CLIENT_PATH, NULL, error);
}

GPtrArray *ctl_sessions(struct ctl *ctl, GError **error)
{
	g_autoptr(GPtrArray) sessions = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(GDBusObjectManager) objects = ctl_objects(ctl, error);
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

static GVariant *quality_variant(struct ctl *ctl, Miracast1Session *session)
{
	g_autoptr(GPtrArray) rows = client_session_quality(ctl->manager, session, NULL);
	GVariantBuilder list;

	g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < rows->len; i++) {
		const struct quality_row *row = g_ptr_array_index(rows, i);

		g_variant_builder_add_value(
			&list, g_variant_new_parsed("{'what': <%s>, 'quality': <%s>, 'text': <%s>, 'why': <%s>}",
						    row->what, quality_name(row->quality), row->text, row->why));
	}
	return g_variant_builder_end(&list);
}

GVariant *ctl_session_variant(struct ctl *ctl, Miracast1Session *session)
{
	struct hint hint = client_session_hint(session);

	return g_variant_new_parsed(
		"{'id': <%u>, 'state': <%s>, 'sink': <{'id': <%s>, 'name': <%s>}>, "
		"'phases': <%*>, 'path': <%*>, 'sink-info': <%*>, 'mode': <%*>, 'stats': <%*>, 'quality': <%*>, "
		"'stay': <%*>, 'consent-wanted': <%b>, 'pin-wanted': <%b>, 'pin-shown': <%s>, 'reason': <%s>, 'message': <%s>, 'hint': <%s>, "
		"'hint-code': <%s>}",
		miracast1_session_get_id(session), or_blank(miracast1_session_get_state(session)),
		or_blank(miracast1_session_get_sink_id(session)),
		or_blank(miracast1_session_get_sink_name(session)), phases_variant(session),
		or_empty(miracast1_session_get_path(session)),
		or_empty(miracast1_session_get_sink_info(session)),
		or_empty(miracast1_session_get_mode(session)),
		or_empty(miracast1_session_get_stats(session)), quality_variant(ctl, session),
		or_empty(miracast1_session_get_stay(session)), miracast1_session_get_consent_wanted(session),
		miracast1_session_get_pin_wanted(session),
		or_blank(miracast1_session_get_pin_shown(session)), or_blank(miracast1_session_get_reason(session)),
		or_blank(miracast1_session_get_message(session)),
		hint.text, hint.code);
}

/* ---- status -------------------------------------------------------------- */

static void print_stats(Miracast1Session *session)
{
	GVariant *stats = miracast1_session_get_stats(session);
	guint64 sent = 0, dropped = 0, bytes = 0;

	if (!stats || !g_variant_lookup(stats, "frames-sent", "t", &sent))
		return;
	g_variant_lookup(stats, "frames-dropped", "t", &dropped);
	g_variant_lookup(stats, "bytes", "t", &bytes);
	g_print("    %" G_GUINT64_FORMAT " frames sent, %" G_GUINT64_FORMAT " dropped, %.1f MB\n", sent, dropped,
		bytes / 1e6);
}

/* What it costs to copy every picture whole, or what reading them takes. */
static void print_pictures(Miracast1Session *session)
{
	GVariant *mode = miracast1_session_get_mode(session);
	GVariant *stats = miracast1_session_get_stats(session);
	const char *pictures, *why = "";
	guint width = 0, height = 0, refresh = 0;
	guint64 rate = 0;

	if (!mode || !stats || !g_variant_lookup(stats, "pictures", "&s", &pictures))
		return;
	g_variant_lookup(mode, "width", "u", &width);
	g_variant_lookup(mode, "height", "u", &height);
	g_variant_lookup(mode, "refresh", "u", &refresh);
	g_variant_lookup(stats, "pictures-read-rate", "t", &rate);
	g_variant_lookup(stats, "pictures-why", "&s", &why);
	if (g_str_equal(pictures, "shared")) {
		g_print("    pictures: read out of the GPU's memory");
		if (rate)
			g_print(", %.1f GB/s", rate / 1e9);
		g_print("; the desktop copies nothing\n");
	} else if (*why) {
		/* Four bytes per pixel. */
		g_print("    pictures: the desktop copies them, up to %.2f GB/s, %s\n",
			4e-12 * width * height * refresh, why);
	} else {
		g_print("    pictures: drawn or copied by the desktop into the monitor's own memory\n");
	}
}

/* A mode that is, or was, too much. */
static void print_slow_mode(Miracast1Session *session)
{
	GVariant *stats = miracast1_session_get_stats(session);
	guint width, height = 0;
	gboolean lowered = FALSE;

	if (!stats || !g_variant_lookup(stats, "slow-width", "u", &width))
		return;
	g_variant_lookup(stats, "slow-height", "u", &height);
	g_variant_lookup(stats, "slow-lowered", "b", &lowered);
	if (lowered)
		g_print("    the mode was lowered because this computer cannot encode %ux%u fast enough\n", width, height);
	else
		g_print("    this computer cannot encode %ux%u fast enough: a lower mode would look smoother\n", width, height);
}

/* To the encoder: what the processor has to do with them, and why. */
static void print_way(Miracast1Session *session)
{
	GVariant *stats = miracast1_session_get_stats(session);
	const char *way, *why = "";

	if (!stats || !g_variant_lookup(stats, "pictures-way", "&s", &way))
		return;
	g_variant_lookup(stats, "pictures-way-why", "&s", &why);
	if (g_str_equal(way, "gpu"))
		g_print("    to the encoder: in the GPU; the processor sees no pixel\n");
	else
		g_print("    to the encoder: through the processor%s%s\n", *why ? ": " : "", why);
}

static enum colour colour_of(enum quality quality)
{
	return quality == QUALITY_GOOD ? COLOUR_GOOD :
	       quality == QUALITY_FAIR ? COLOUR_FAIR :
	       quality == QUALITY_POOR ? COLOUR_POOR :
					 COLOUR_NONE;
}

static void print_quality(struct ctl *ctl, Miracast1Session *session)
{
	g_autoptr(GPtrArray) rows = client_session_quality(ctl->manager, session, NULL);

	for (guint i = 0; i < rows->len; i++) {
		const struct quality_row *row = g_ptr_array_index(rows, i);

		g_print("    %-10s  ", row->what);
		colour_print(colour_of(row->quality), quality_name(row->quality), 7);
		g_print("  %s\n", row->text);
		if (*row->why)
			g_print("    %-10s  %-7s  -> %s\n", "", "", row->why);
	}
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

/* "next try in 4 s, the last one in 9 min" */
static void print_wait(GVariant *stay)
{
	gint64 now_us = g_get_monotonic_time(), next_us, until_us = 0;

	if (!g_variant_lookup(stay, "next-try", "x", &next_us)) {
		g_print("    next try when the computer is awake again\n");
		return;
	}
	g_variant_lookup(stay, "until", "x", &until_us);
	g_print("    next try in %" G_GINT64_FORMAT " s, the last one within %" G_GINT64_FORMAT " min\n",
		MAX(next_us - now_us + G_USEC_PER_SEC - 1, 0) / G_USEC_PER_SEC,
		MAX(until_us - now_us + 60 * G_USEC_PER_SEC - 1, 0) / (60 * G_USEC_PER_SEC));
}

/* Why it is not there, of one that is to come back. */
static void print_stay(Miracast1Session *session)
{
	GVariant *stay = miracast1_session_get_stay(session);
	const char *message;
	guint tries = 0;

	if (!stay || !g_variant_lookup(stay, "message", "&s", &message))
		return;
	g_variant_lookup(stay, "tries", "u", &tries);
	if (g_strcmp0(miracast1_session_get_state(session), "waiting") == 0) {
		g_print("    waiting to reconnect: %s\n", message);
		print_wait(stay);
	} else if (tries) {
		g_print("    try %u to reconnect: %s\n", tries, message);
	}
}

/* There may be nobody who waits for the session and was told: it has begun without, or comes back by itself. */
static void print_pin(struct ctl *ctl, Miracast1Session *session)
{
	const char *shown = or_blank(miracast1_session_get_pin_shown(session));
	g_autofree char *name = client_session_name(ctl->manager, session);

	if (*shown)
		g_print("    PIN to type at %s: %s\n", name, shown);
	if (miracast1_session_get_pin_wanted(session))
		g_print("    %s shows a PIN, which is to be typed here. If connect does not ask for it:\n"
			"    -> miracastctl %spin %u\n",
			name, ctl->bus_type == G_BUS_TYPE_SESSION ? "--session-bus " : "",
			miracast1_session_get_id(session));
}

static void print_consent(struct ctl *ctl, Miracast1Session *session)
{
	const char *bus = ctl->bus_type == G_BUS_TYPE_SESSION ? "--session-bus " : "";
	guint id = miracast1_session_get_id(session);

	if (miracast1_session_get_consent_wanted(session))
		g_print("    -> yes: miracastctl %saccept %u; no: miracastctl %sdisconnect %u\n", bus, id, bus, id);
}

static void print_session(struct ctl *ctl, Miracast1Session *session)
{
	g_autofree char *mode = client_session_mode(session), *step = client_session_step(session);
	g_autofree char *name = client_session_name(ctl->manager, session);

	g_print("%u  %s (%s): %s\n", miracast1_session_get_id(session), name, miracast1_session_get_sink_id(session),
		miracast1_session_get_state(session));
	if (client_session_has_ended(session)) {
		g_print("    %s\n", miracast1_session_get_message(session));
		if (*or_blank(miracast1_session_get_hint(session)))
			g_print("    -> %s\n", miracast1_session_get_hint(session));
		return;
	}
	print_stay(session);
	if (*step && g_strcmp0(miracast1_session_get_state(session), "streaming") != 0 &&
	    g_strcmp0(miracast1_session_get_state(session), "waiting") != 0)
		g_print("    %s\n", step);
	print_consent(ctl, session);
	print_pin(ctl, session);
	if (*mode)
		g_print("    %s\n", mode);
	print_quirks(session);
	print_stats(session);
	print_quality(ctl, session);
	print_slow_mode(session);
	print_pictures(session);
	print_way(session);
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
		print_session(ctl, g_ptr_array_index(sessions, i));
}

static void print_status_json(struct ctl *ctl, GPtrArray *sessions)
{
	const char *const *listening = miracast1_manager_get_listening(ctl->manager);
	GVariantBuilder running, ended;

	g_variant_builder_init(&running, G_VARIANT_TYPE("aa{sv}"));
	g_variant_builder_init(&ended, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < sessions->len; i++) {
		Miracast1Session *session = g_ptr_array_index(sessions, i);

		g_variant_builder_add_value(client_session_has_ended(session) ? &ended : &running,
					    ctl_session_variant(ctl, session));
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

enum ctl_status ctl_open_sessions(struct ctl *ctl, GPtrArray **sessions)
{
	enum ctl_status status = ctl_open(ctl);
	g_autoptr(GError) error = NULL;

	if (status != CTL_OK)
		return status;
	*sessions = ctl_sessions(ctl, &error);
	return *sessions ? CTL_OK : ctl_print_error(ctl, error);
}

enum ctl_status ctl_status(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(GPtrArray) sessions = NULL;
	enum ctl_status status;

	if (!ctl_parse(ctl, "- what is running", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 1)
		return ctl_usage(ctl, "status takes no arguments");
	status = ctl_open_sessions(ctl, &sessions);
	if (status != CTL_OK)
		return status;
	if (ctl->json)
		print_status_json(ctl, sessions);
	else
		print_status(ctl, sessions);
	return CTL_OK;
}

/* ---- disconnect ------------------------------------------------------------ */

static enum ctl_status disconnect_all(struct ctl *ctl)
{
	g_autoptr(GError) error = NULL;

	if (!miracast1_manager_call_disconnect_all_sync(ctl->manager, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, &error))
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

	result = g_dbus_connection_call_sync(ctl->bus, CLIENT_BUS_NAME, path,
					     "org.miracast.Miracast1.Session", "Disconnect", NULL,
					     NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START | CLIENT_CALL_FLAGS,
					     CLIENT_CALL_MS, NULL, &error);
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)) {
		g_autofree char *message =
			g_strdup_printf("there is no session %" G_GUINT64_FORMAT, id);

		return ctl_print_reason(ctl, "session-unknown", message, HINT(SEE_STATUS, "Run: miracastctl status"));
	}
	if (!result)
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'disconnected': <%t>}", id));
	return CTL_OK;
}

guint ctl_session_named(struct ctl *ctl, Miracast1Session *session, const char *what)
{
	g_autofree char *wanted = g_utf8_casefold(what, -1);
	g_autofree char *id = g_utf8_casefold(or_blank(miracast1_session_get_sink_id(session)), -1);
	g_autofree char *name = g_utf8_casefold(or_blank(miracast1_session_get_sink_name(session)), -1);
	g_autofree char *called = client_session_alias(ctl->manager, session), *alias = g_utf8_casefold(called, -1);
	guint64 number = 0;

	if (client_session_has_ended(session))
		return 0;
	g_ascii_string_to_unsigned(what, 10, 1, G_MAXUINT32, &number, NULL);
	if (number == miracast1_session_get_id(session))
		return 3;
	if (strcmp(alias, wanted) == 0)
		return 2;
	return strcmp(id, wanted) == 0 || strcmp(name, wanted) == 0;
}

Miracast1Session *ctl_find_session(struct ctl *ctl, GPtrArray *sessions, const char *what)
{
	g_autofree char *wanted = g_utf8_casefold(what, -1);
	g_autofree char *message = NULL;
	Miracast1Session *meant = NULL, *begins = NULL;
	guint best = 0, n = 0;

	for (guint i = 0; i < sessions->len; i++) {
		Miracast1Session *session = g_ptr_array_index(sessions, i);
		g_autofree char *name = g_utf8_casefold(or_blank(miracast1_session_get_sink_name(session)), -1);
		g_autofree char *called = client_session_alias(ctl->manager, session), *alias = g_utf8_casefold(called, -1);
		guint quality = ctl_session_named(ctl, session, what);

		if (quality > best) {
			meant = session;
			best = quality;
		}
		if (!client_session_has_ended(session) &&
		    (g_str_has_prefix(name, wanted) || g_str_has_prefix(alias, wanted))) {
			begins = session;
			n++;
		}
	}
	if (meant)
		return meant;
	if (n == 1)
		return begins;
	if (n)
		message = g_strdup_printf("the names of %u displays begin with \"%s\"", n, what);
	else
		message = g_strdup_printf("there is no session with \"%s\"", what);
	ctl_print_reason(ctl, "session-unknown", message, HINT(SEE_STATUS, "Run: miracastctl status"));
	return NULL;
}

static enum ctl_status disconnect_named(struct ctl *ctl, const char *what)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sessions = ctl_sessions(ctl, &error);
	Miracast1Session *session;

	if (!sessions)
		return ctl_print_error(ctl, error);
	session = ctl_find_session(ctl, sessions, what);
	return session ? disconnect_one(ctl, miracast1_session_get_id(session)) : CTL_FAILED;
}

enum ctl_status ctl_disconnect(struct ctl *ctl, int argc, char **argv)
{
	guint64 id = 0;
	enum ctl_status status;

	if (!ctl_parse(ctl, "[NAME|ID|all] - end a session, or all (default)", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 2 || (argc == 2 && !*argv[1]))
		return ctl_usage(ctl, "disconnect wants a display, the number of a session, or \"all\"");
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	if (argc == 1 || strcmp(argv[1], "all") == 0)
		return disconnect_all(ctl);
	if (g_ascii_string_to_unsigned(argv[1], 10, 1, G_MAXUINT32, &id, NULL))
		return disconnect_one(ctl, id);
	return disconnect_named(ctl, argv[1]);
}
