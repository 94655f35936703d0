// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One session: see session.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "session.h"

#include <string.h>
#include <unistd.h>

#include "encoder-check.h"
#include "options.h"
#include "place.h"
#include "quirk-files.h"
#include "rtsp-listener.h"
#include "stay.h"
#include "umd-process.h"
#include "wifi-link.h"

/* More records than any UMD makes, fewer than there are numbers for SESSION_MAX_CALLS of them. */
#define SEQUENCES_OF_ONE_CALL (G_GUINT64_CONSTANT(1) << 40)

struct session {
	guint id;
	enum session_state state;
	link_sink *sink;
	const struct session_env *env;
	GVariant *options;
	session_changed *changed;
	gpointer user_data;

	link_backend *asking; /* it holds the call; NULL: nobody is asked */
	link_connection *link;
	gboolean let_in; /* it is, or was, more than a question */
	gboolean link_closing;
	link_sink *next; /* by which it goes on when the link is closed; NULL: it does not */
	link_backend *next_backend;
	gboolean wants_pin;
	char *shown_pin; /* NULL: none is */
	GVariant *media; /* of struct link_path, or NULL */
	char *first_failure; /* why another way was taken; NULL: none was */
	guint limit; /* of the state */
	guint calls; /* how often the sink has dialled */
	gboolean encoder_failed; /* and was written down */
	gboolean gpu_failed; /* the same of its way from a dma-buf */
	gboolean answered; /* it has said something on this connection */
	reason *hung_up; /* what the UMD said when it had not */

	/* The kernel's context: the fd until the UMD has it, the target until the end. */
	int sink_fd;
	guint32 target;
	char *place; /* or NULL */
	umd_process *umd;

	reason *why;
	struct stay stay;
	GPtrArray *phases;
	GVariant *sink_info;
	GVariant *mode;
	GVariant *stats;
	GVariant *radio; /* what the link said last; NULL: nothing */
	GVariant *path;
};

/* ---- phases and states ---------------------------------------------------- */

/* The first ones, and the newest: a display may come and go for days. */
#define PHASES_MAX 64

static void add_phase(session *s, const char *name, gint64 time_us, const char *text)
{
	struct session_phase *phase = g_new0(struct session_phase, 1);

	if (s->phases->len == PHASES_MAX)
		g_ptr_array_remove_index(s->phases, PHASES_MAX / 2);
	phase->name = g_strdup(name);
	phase->time_us = time_us;
	phase->text = g_strdup(text);
	g_ptr_array_add(s->phases, phase);
	g_message("session %u: %s: %s", s->id, name, text);
}

static void phase_free(struct session_phase *phase)
{
	g_free(phase->name);
	g_free(phase->text);
	g_free(phase);
}

static gboolean limit_reached(gpointer user_data);

/* 0: none */
static guint seconds_of(session *s, enum session_state state)
{
	switch (state) {
	case SESSION_ASKING:
		return s->env->consent_timeout;
	case SESSION_LINKING:
		return SESSION_LINKING_SECONDS;
	case SESSION_RTSP:
		return s->hung_up ? MIN(SESSION_REDIAL_SECONDS, s->env->rtsp_timeout) :
				    s->env->rtsp_timeout;
	case SESSION_NEGOTIATING:
		return s->env->negotiation_timeout;
	case SESSION_ENDING:
		return SESSION_ENDING_SECONDS;
	case SESSION_WAITING:
		return s->stay.asleep ? 0 : MAX(1, (stay_wait_ms(&s->stay, g_get_monotonic_time()) + 999) / 1000);
	default:
		return 0;
	}
}

/* Of the state that it is in. */
static void arm_limit(session *s)
{
	guint seconds = seconds_of(s, s->state);

	g_clear_handle_id(&s->limit, g_source_remove);
	if (seconds)
		s->limit = g_timeout_add_seconds(seconds, limit_reached, s);
}

static void set_wants_pin(session *s, gboolean wanted)
{
	if (s->wants_pin == wanted)
		return;
	s->wants_pin = wanted;
	s->changed(s, SESSION_CHANGED_PIN, s->user_data);
}

static void set_shown_pin(session *s, const char *pin)
{
	if (g_strcmp0(s->shown_pin, pin) == 0)
		return;
	g_free(s->shown_pin);
	s->shown_pin = g_strdup(pin);
	s->changed(s, SESSION_CHANGED_PIN, s->user_data);
}

/* Nobody is to type one, here or there. */
static void forget_pin(session *s)
{
	set_wants_pin(s, FALSE);
	set_shown_pin(s, NULL);
}

/* The only place where the state changes, and its limit with it. */
static gboolean session_move(session *s, enum session_event event)
{
	enum session_state next;

	if (!session_next_state(s->state, event, &next))
		return FALSE;
	g_debug("session %u: %s -> %s", s->id, session_state_name(s->state), session_state_name(next));
	s->state = next;
	if (next == SESSION_STREAMING)
		stay_streams(&s->stay, g_get_monotonic_time());
	/* Its process is wanted at once when the display dials. */
	if (next == SESSION_LINKING || next == SESSION_RTSP)
		umd_launcher_prepare(s->env->launcher);
	arm_limit(s);
	s->changed(s, SESSION_CHANGED_STATE, s->user_data);
	return TRUE;
}

/* ---- the way down -------------------------------------------------------- */

static void close_sink_fd(session *s)
{
	if (s->sink_fd >= 0)
		close(s->sink_fd);
	s->sink_fd = -1;
}

static gboolean come_back_later(session *s);

/* UMD first, since its TEARDOWN needs the link. Called again as each has gone. */
static void take_down(session *s)
{
	if (s->umd) {
		umd_process_stop(s->umd, s->why->name);
	} else if (s->link) {
		close_sink_fd(s);
		if (!s->link_closing) {
			s->link_closing = TRUE;
			link_disconnect(s->link);
		}
	} else {
		close_sink_fd(s);
		if (come_back_later(s))
			return;
		g_message("session %u: over (%s): %s", s->id, s->why->name, s->why->message);
		session_move(s, SESSION_EVENT_ENDED);
	}
}

/* What people have said who were asked. */
static enum link_turned_away answer_of(const reason *why)
{
	if (strcmp(why->name, reason_code_name(REASON_DISCONNECTED)) == 0)
		return LINK_REFUSED;
	if (strcmp(why->name, reason_code_name(REASON_CALL_NOT_ACCEPTED)) == 0 ||
	    strcmp(why->name, channel_reason_name(CHANNEL_REASON_SINK_VANISHED)) == 0)
		return LINK_UNANSWERED;
	return LINK_WITHDRAWN;
}

/* Who was asked about; the link does not ask again at once. */
static void turn_away(session *s)
{
	link_backend *backend = g_steal_pointer(&s->asking);

	if (backend)
		link_turn_away(backend, s->sink, answer_of(s->why));
}

void session_end(session *s, reason *why)
{
	stay_heed(&s->stay, why);
	if (s->why) {
		reason_free(why);
		return;
	}
	s->why = why;
	forget_pin(s);
	turn_away(s);
	add_phase(s, "ending", g_get_monotonic_time(), why->message);
	session_move(s, SESSION_EVENT_END);
	take_down(s);
}

static void session_fail(session *s, const GError *error, enum reason_code otherwise)
{
	session_end(s, reason_from_error(error, otherwise));
}

/* ---- UMD ----------------------------------------------------------------- */

/* Found by who makes catalogues; the daemon itself speaks English. */
#define N_(String) (String)

static const char *phase_text(const char *phase)
{
	static const struct {
		const char *phase;
		const char *text;
	} texts[] = {
		{ "connected", N_("the display was spoken to") },
		{ "answered", N_("the display answers") },
		{ "capabilities", N_("the display has said what it can show") },
		{ "monitor", N_("the desktop has a new monitor") },
		{ "mode", N_("the display has accepted a mode") },
		{ "setup", N_("the stream is set up") },
		{ "play", N_("the display plays") },
		{ "streaming", N_("pictures are being sent") },
	};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (strcmp(texts[i].phase, phase) == 0)
			return texts[i].text;
	}
	return phase;
}

static void umd_phase(session *s, GVariant *fields)
{
	enum channel_phase phase;
	const char *name = "";
	gint64 time_us = 0;

	g_variant_lookup(fields, "phase", "&s", &name);
	g_variant_lookup(fields, "time-us", "x", &time_us);
	/* A UMD that says the same for ever must fill neither the memory nor the log. */
	if (!channel_phase_from_name(name, &phase) || s->phases->len >= PHASES_MAX)
		return;
	add_phase(s, name, time_us, phase_text(name));
	s->changed(s, SESSION_CHANGED_PHASES, s->user_data);
	if (phase == CHANNEL_PHASE_ANSWERED && !s->answered) {
		s->answered = TRUE;
		link_answered(s->link);
	}
	if (phase == CHANNEL_PHASE_STREAMING && session_move(s, SESSION_EVENT_STREAMING))
		link_streams(s->link);
}

static void keep(session *s, GVariant **where, GVariant *fields, enum session_change what)
{
	g_variant_unref(*where);
	*where = g_variant_ref_sink(fields);
	s->changed(s, what, s->user_data);
}

/*
 * Some sinks choke on the long list of M3; when they come back they shall not get it.
 * Whether that was what the UMD had to say.
 */
static gboolean remember_m3(session *s, GVariant *sink)
{
	gboolean short_m3 = FALSE;

	g_variant_lookup(sink, "short-m3", "b", &short_m3);
	if (!short_m3)
		return FALSE;
	remembered_learn_short_m3(s->env->remembered, s->sink);
	return TRUE;
}

/* Once of each kind: a UMD that says it again and again shall not start as many processes. */
static void encoder_failed(session *s, GVariant *fields)
{
	const char *encoder = "";
	guint32 profiles = 0;
	gboolean *told;

	g_variant_lookup(fields, "encoder", "&s", &encoder);
	g_variant_lookup(fields, "profiles", "u", &profiles);
	told = profiles == CHANNEL_ENCODER_PICTURES ? &s->gpu_failed : &s->encoder_failed;
	if (*told || !umd_launcher_confines(s->env->launcher))
		return;
	*told = TRUE;
	encoder_check_note_failure(s->env->launcher, encoder, profiles);
}

static void umd_message(umd_process *umd, enum channel_message message, GVariant *fields,
			gpointer user_data)
{
	session *s = user_data;

	switch (message) {
	case CHANNEL_PHASE:
		umd_phase(s, fields);
		break;
	case CHANNEL_SINK:
		if (!remember_m3(s, fields))
			keep(s, &s->sink_info, fields, SESSION_CHANGED_SINK);
		break;
	case CHANNEL_MODE:
		keep(s, &s->mode, fields, SESSION_CHANGED_MODE);
		break;
	case CHANNEL_ENCODER_FAILED:
		encoder_failed(s, fields);
		break;
	case CHANNEL_STATS:
		keep(s, &s->stats, wifi_link_beside(fields, s->radio), SESSION_CHANGED_STATS);
		break;
	default:
		break;
	}
}

static void umd_hung(umd_process *umd, gpointer user_data)
{
	session *s = user_data;
	g_autoptr(GError) error = NULL;

	if (s->env->kernel && !kernel_destroy_sink(s->env->kernel, s->target, &error))
		g_warning("session %u: %s", s->id, error->message);
}

/* Of the way that it may go on by; NULL: there is none. */
static const char *other_id(session *s)
{
	link_backend *backend;
	link_sink *other = s->env->other_way ? s->env->other_way(s->sink, &backend, s->env->user_data) : NULL;

	return other ? other->id : NULL;
}

/* Reserve a connector for the UMD to come; a failure ends the session. */
static gboolean open_sink(session *s)
{
	g_autoptr(GError) error = NULL;

	if (!s->env->kernel)
		return TRUE;
	g_clear_pointer(&s->place, g_free);
	s->sink_fd = place_open(s->env->kernel, s->env->remembered, s->sink, other_id(s), &s->target, &s->place,
				&error);
	if (s->sink_fd < 0)
		session_fail(s, error, REASON_KERNEL);
	return s->sink_fd >= 0;
}

/* It has gone before we spoke to it: FALSE if it shall not get another chance. */
static gboolean await_redial(session *s, const reason *why)
{
	if (s->state != SESSION_NEGOTIATING || s->answered || s->calls >= SESSION_MAX_CALLS ||
	    strcmp(why->name, channel_reason_name(CHANNEL_REASON_SINK_VANISHED)) != 0)
		return FALSE;
	link_next_call(s->link);
	g_clear_pointer(&s->hung_up, reason_free);
	s->hung_up = reason_copy(why);
	add_phase(s, "hung-up", g_get_monotonic_time(),
		  "the display has hung up before it said anything, waiting for it to call again");
	session_move(s, SESSION_EVENT_HUNG_UP);
	open_sink(s);
	return TRUE;
}

static void umd_exited(umd_process *umd, const reason *why, gpointer user_data)
{
	session *s = user_data;
	g_autoptr(reason) copy = reason_copy(why);

	g_clear_pointer(&s->umd, umd_process_free);
	if (s->why)
		take_down(s);
	else if (!await_redial(s, copy))
		session_end(s, g_steal_pointer(&copy));
}

static const struct umd_process_funcs umd_callbacks = {
	.message = umd_message,
	.hung = umd_hung,
	.exited = umd_exited,
};

/* The user's rows, as they are now. */
static void add_quirks(session *s, GVariantDict *config)
{
	g_auto(GStrv) problems = NULL;
	g_auto(GStrv) texts = quirk_files_read(s->env->quirks_dir, &problems);

	for (guint i = 0; problems[i]; i++)
		g_warning("%s", problems[i]);
	g_variant_dict_insert(config, "quirks", "^as", texts);
}

/* How RTP is encrypted; each UMD has its own numbers, since two records must not share one. */
static void add_media(session *s, GVariantDict *config)
{
	GVariantIter iter;
	const char *key;
	GVariant *item;

	if (!s->media)
		return;
	g_variant_iter_init(&iter, s->media);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &item)) {
		g_autoptr(GVariant) value = item;

		if (g_str_equal(key, "rtp-sequence"))
			g_variant_dict_insert(config, key, "t", g_variant_get_uint64(value) +
					      s->calls * SEQUENCES_OF_ONE_CALL);
		else
			g_variant_dict_insert_value(config, key, value);
	}
}

static GVariant *make_config(session *s, const char *local, const char *peer)
{
	g_auto(GVariantDict) config = G_VARIANT_DICT_INIT(NULL);
	guint64 max_bit_rate = 0;

	g_variant_lookup(s->options, "max-bit-rate", "t", &max_bit_rate);
	options_copy_for_umd(s->options, &config);
	g_variant_dict_insert(&config, "source", "s", s->env->kernel ? "kernel" : "test");
	g_variant_dict_insert(&config, "friendly-name", "s", s->sink->name);
	g_variant_dict_insert(&config, "device-id", "s", s->sink->id);
	g_variant_dict_insert(&config, "device-model", "s", s->sink->model);
	add_quirks(s, &config);
	add_media(s, &config);
	g_variant_dict_insert(&config, "peer-address", "s", peer);
	g_variant_dict_insert(&config, "local-address", "s", local);
	g_variant_dict_insert(&config, "max-bit-rate", "t", max_bit_rate);
	g_variant_dict_insert(&config, "short-m3", "b",
			      remembered_short_m3(s->env->remembered, s->sink->id, s->sink->owner));
	if (s->env->kernel)
		g_variant_dict_insert(&config, "sound-card", "b", kernel_has_sound(s->env->kernel));
	return g_variant_dict_end(&config);
}

/* NULL leaves what is known. */
static void set_path(session *s, const char *local, const char *peer, const char *interface)
{
	g_auto(GVariantDict) path = G_VARIANT_DICT_INIT(s->path);

	if (local)
		g_variant_dict_insert(&path, "local-address", "s", local);
	if (peer)
		g_variant_dict_insert(&path, "peer-address", "s", peer);
	if (interface)
		g_variant_dict_insert(&path, "interface", "s", interface);
	g_variant_unref(s->path);
	s->path = g_variant_ref_sink(g_variant_dict_end(&path));
}

static gboolean start_umd(session *s, GSocketConnection *rtsp, GError **error)
{
	g_autoptr(GSocketAddress) remote = g_socket_connection_get_remote_address(rtsp, error);
	g_autoptr(GSocketAddress) local = NULL;
	g_autofree char *peer_text = NULL;
	g_autofree char *local_text = NULL;
	struct umd_process_path path = { 0 };
	int sink_fd = s->sink_fd;

	if (!remote)
		return FALSE;
	local = g_socket_connection_get_local_address(rtsp, error);
	if (!local)
		return FALSE;
	peer_text = rtsp_address_to_string(remote);
	local_text = rtsp_address_to_string(local);
	set_path(s, local_text, peer_text, NULL);
	path.local = local_text;
	path.peer = peer_text;
	g_variant_lookup(s->path, "interface", "&s", &path.interface);
	s->sink_fd = -1;
	s->umd = umd_process_new(s->env->launcher, sink_fd, rtsp, &path,
				 make_config(s, local_text, peer_text), &umd_callbacks, s, error);
	return s->umd != NULL;
}

/* ---- link ---------------------------------------------------------------- */

static void link_progress(link_connection *conn, const char *phase, const char *text,
			  gpointer user_data)
{
	session *s = user_data;

	add_phase(s, phase, g_get_monotonic_time(), text);
	s->changed(s, SESSION_CHANGED_PHASES, s->user_data);
}

/* What is being taken down has no use for a PIN any more. */
static void link_wants_pin(link_connection *conn, gpointer user_data)
{
	session *s = user_data;

	if (!s->why && !s->link_closing)
		set_wants_pin(s, TRUE);
}

static void link_shows_pin(link_connection *conn, const char *pin, gpointer user_data)
{
	session *s = user_data;

	if (!s->why && !s->link_closing)
		set_shown_pin(s, pin);
}

static void link_up(link_connection *conn, const struct link_path *path, gpointer user_data)
{
	session *s = user_data;

	set_path(s, path->local, path->peer, path->interface);
	g_clear_pointer(&s->media, g_variant_unref);
	s->media = path->media ? g_variant_ref_sink(path->media) : NULL;
	add_phase(s, "link-up", g_get_monotonic_time(),
		  "the network path is up, waiting for the display to call");
	session_move(s, SESSION_EVENT_LINK_UP);
}

static void link_dialled(link_connection *conn, GSocketConnection *rtsp, gpointer user_data)
{
	session *s = user_data;
	g_autoptr(GError) error = NULL;

	s->calls++;
	add_phase(s, "dialled", g_get_monotonic_time(), "the display has called");
	session_move(s, SESSION_EVENT_DIALLED);
	if (!start_umd(s, rtsp, &error))
		session_fail(s, error, REASON_SINK_UNAVAILABLE);
}

static void go_next_way(session *s);

/* Whether it was the way, and not the display or its user. */
static gboolean is_no_way(const GError *error)
{
	static const enum reason_code codes[] = {
		REASON_HOST_UNKNOWN, REASON_CONTROL_REFUSED, REASON_CONTROL_PROTOCOL,
		REASON_SECURITY_UNSUPPORTED, REASON_SINK_NEVER_DIALLED,
	};

	for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
		if (g_error_matches(error, REASON_ERROR, codes[i]))
			return TRUE;
	}
	return FALSE;
}

static gboolean may_take_other_way(session *s)
{
	const char *other_ways = "yes";

	g_variant_lookup(s->options, "other-ways", "&s", &other_ways);
	return s->env->other_way && !s->first_failure && s->calls == 0 &&
	       !g_str_equal(other_ways, "no");
}

/* FALSE: there is none, or it was not the way. */
static gboolean take_other_way(session *s, const GError *error)
{
	g_autofree char *text = NULL;
	link_sink *next = NULL;

	if (may_take_other_way(s) && is_no_way(error))
		next = s->env->other_way(s->sink, &s->next_backend, s->env->user_data);
	if (!next || !session_move(s, SESSION_EVENT_OTHER_WAY))
		return FALSE;
	forget_pin(s);
	s->first_failure = g_strdup(error->message);
	s->next = link_sink_ref(next);
	text = g_strdup_printf("%s; it is in sight in another way (%s), which is tried now",
			       error->message, next->id);
	add_phase(s, "other-way", g_get_monotonic_time(), text);
	s->changed(s, SESSION_CHANGED_PHASES, s->user_data);
	s->link_closing = TRUE;
	link_disconnect(s->link);
	return TRUE;
}

static void link_failed(link_connection *conn, const GError *error, gpointer user_data)
{
	session *s = user_data;
	g_autoptr(GError) both = NULL;

	if (take_other_way(s, error))
		return;
	both = g_error_copy(error);
	if (s->first_failure) {
		g_free(both->message);
		both->message = g_strdup_printf("%s; and before that: %s", error->message, s->first_failure);
	}
	session_fail(s, both, REASON_LINK_UNAVAILABLE);
}

/* It is told with the next "stats" of the UMD, which come each second. */
static void link_radio(link_connection *conn, GVariant *radio, gpointer user_data)
{
	session *s = user_data;

	g_clear_pointer(&s->radio, g_variant_unref);
	s->radio = g_variant_ref(radio);
}

static void link_closed(link_connection *conn, gpointer user_data)
{
	session *s = user_data;

	g_clear_pointer(&s->link, link_connection_free);
	if (s->next && !s->why)
		go_next_way(s);
	else
		take_down(s);
}

static const struct link_connection_events link_callbacks = {
	.progress = link_progress,
	.wants_pin = link_wants_pin,
	.shows_pin = link_shows_pin,
	.up = link_up,
	.dialled = link_dialled,
	.failed = link_failed,
	.radio = link_radio,
	.closed = link_closed,
};

static void go_next_way(session *s)
{
	link_sink_unref(s->sink);
	s->sink = g_steal_pointer(&s->next);
	s->link_closing = FALSE;
	s->link = link_connect(s->next_backend, s->sink, s->options, &link_callbacks, s);
	s->changed(s, SESSION_CHANGED_WAY, s->user_data);
}

static void begin(session *s, link_backend *backend, enum session_event event, const char *text)
{
	s->let_in = TRUE;
	add_phase(s, "linking", g_get_monotonic_time(), text);
	s->link = link_connect(backend, s->sink, s->options, &link_callbacks, s);
	session_move(s, event);
	/* Now, and not after the user has walked to the display for nothing. */
	open_sink(s);
}

void session_connect(session *s, link_backend *backend)
{
	begin(s, backend, SESSION_EVENT_CONNECT, "connecting");
}

/* ---- consent ---------------------------------------------------------------- */

void session_ask(session *s, link_backend *backend)
{
	s->asking = backend;
	add_phase(s, "consent-wanted", g_get_monotonic_time(),
		  N_("the display asks for your screen, and is not answered before somebody says yes"));
	session_move(s, SESSION_EVENT_ASK);
}

static reason *caller_vanished(void)
{
	return reason_new(channel_reason_name(CHANNEL_REASON_SINK_VANISHED),
			  "the display has hung up before somebody said yes, and has not called again",
			  channel_reason_hint(CHANNEL_REASON_SINK_VANISHED));
}

void session_caller_left(session *s)
{
	session_end(s, caller_vanished());
}

gboolean session_wants_consent(session *s)
{
	return s->asking != NULL;
}

gboolean session_was_let_in(session *s)
{
	return s->let_in;
}

gboolean session_accept(session *s, GError **error)
{
	if (!s->asking) {
		g_set_error(error, REASON_ERROR, REASON_CONSENT_NOT_WANTED, "session %u does not ask for the screen",
			    s->id);
		return FALSE;
	}
	if (s->env->make_room && !s->env->make_room(s->sink, s->env->user_data, error))
		return FALSE;
	/* What it is if no call is alive any more, and none comes. */
	s->hung_up = caller_vanished();
	begin(s, g_steal_pointer(&s->asking), SESSION_EVENT_ACCEPTED, N_("somebody has said yes"));
	return TRUE;
}

/* ---- coming back ----------------------------------------------------------- */

static void forget(GVariant **what)
{
	g_variant_unref(*what);
	*what = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
}

/* Nothing of it is true of the next one. */
static void forget_attempt(session *s)
{
	s->link_closing = FALSE;
	s->calls = 0;
	s->encoder_failed = s->gpu_failed = FALSE;
	s->answered = FALSE;
	g_clear_pointer(&s->next, link_sink_unref);
	g_clear_pointer(&s->media, g_variant_unref);
	g_clear_pointer(&s->first_failure, g_free);
	g_clear_pointer(&s->hung_up, reason_free);
	g_clear_pointer(&s->radio, g_variant_unref);
	forget(&s->sink_info);
	forget(&s->mode);
	forget(&s->stats);
	forget(&s->path);
}

static void say_waiting(session *s)
{
	gint64 now_us = g_get_monotonic_time();
	g_autofree char *text = stay_describe(&s->stay, now_us);

	g_ptr_array_set_size(s->phases, 0);
	add_phase(s, "waiting", now_us, text);
}

/* FALSE: it does not. */
static gboolean come_back_later(session *s)
{
	if (!s->env->again || !stay_lose(&s->stay, s->why, g_get_monotonic_time()))
		return FALSE;
	s->why = NULL; /* it is the cause now */
	forget_attempt(s);
	say_waiting(s);
	session_move(s, SESSION_EVENT_WAIT);
	s->changed(s, SESSION_CHANGED_SINK | SESSION_CHANGED_MODE | SESSION_CHANGED_STATS, s->user_data);
	return TRUE;
}

static void try_again(session *s)
{
	link_backend *backend = NULL;
	link_sink *sink = s->env->again(s->sink, &backend, s->env->user_data);

	stay_try(&s->stay);
	g_ptr_array_set_size(s->phases, 0);
	link_sink_unref(s->sink);
	s->sink = sink;
	s->changed(s, SESSION_CHANGED_WAY, s->user_data);
	begin(s, backend, SESSION_EVENT_AGAIN, "connecting again");
}

/* The machine sleeps, or does not any more. */
static void wait_anew(session *s)
{
	arm_limit(s);
	say_waiting(s);
	s->changed(s, SESSION_CHANGED_PHASES | SESSION_CHANGED_STAY, s->user_data);
}

void session_suspend(session *s)
{
	stay_sleep(&s->stay);
	if (s->state == SESSION_WAITING)
		wait_anew(s);
	else
		session_end(s, reason_new_code(REASON_SUSPENDED, "the computer is going to sleep"));
}

void session_resume(session *s)
{
	if (s->state == SESSION_GONE)
		return;
	stay_wake(&s->stay, g_get_monotonic_time());
	if (s->state == SESSION_WAITING)
		wait_anew(s);
}

/* ---- limits ---------------------------------------------------------------- */

/* Whoever has not done what he was told is left where he is. */
static void give_up(session *s)
{
	g_warning("session %u: %s was not taken down within %d s", s->id,
		  s->umd ? "the user-mode driver" : "the link", SESSION_ENDING_SECONDS);
	g_clear_pointer(&s->umd, umd_process_free);
	g_clear_pointer(&s->link, link_connection_free);
	take_down(s);
}

static gboolean limit_reached(gpointer user_data)
{
	session *s = user_data;

	s->limit = 0;
	switch (s->state) {
	case SESSION_ASKING:
		session_end(s, reason_new_code(REASON_CALL_NOT_ACCEPTED,
					       "%s has called, and nobody said within %u s that it may have the screen",
					       s->sink->name, s->env->consent_timeout));
		break;
	case SESSION_LINKING:
		session_end(s, reason_new_code(REASON_LINK_UNAVAILABLE,
					       "there was no path to %s within %d s", s->sink->name,
					       SESSION_LINKING_SECONDS));
		break;
	case SESSION_RTSP:
		session_end(s, s->hung_up ? g_steal_pointer(&s->hung_up) :
			       reason_new_code(REASON_SINK_NEVER_DIALLED,
					       "%s has joined, but did not connect to our RTSP port within %u s",
					       s->sink->name, s->env->rtsp_timeout));
		break;
	case SESSION_NEGOTIATING:
		session_end(s, reason_new_code(REASON_UMD_HUNG,
					       "no stream to %s came about within %u s", s->sink->name,
					       s->env->negotiation_timeout));
		break;
	case SESSION_ENDING:
		give_up(s);
		break;
	case SESSION_WAITING:
		try_again(s);
		break;
	default:
		break;
	}
	return G_SOURCE_REMOVE;
}

/* ---- life ---------------------------------------------------------------- */

session *session_new(guint id, link_sink *sink, const struct session_env *env, GVariant *options,
		     session_changed *changed, gpointer user_data)
{
	session *s = g_new0(session, 1);

	s->id = id;
	s->state = SESSION_FOUND;
	s->sink = link_sink_ref(sink);
	s->env = env;
	s->options = g_variant_ref_sink(options);
	s->changed = changed;
	s->user_data = user_data;
	s->sink_fd = -1;
	stay_init(&s->stay, s->options);
	s->phases = g_ptr_array_new_with_free_func((GDestroyNotify)phase_free);
	s->sink_info = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
	s->mode = g_variant_ref(s->sink_info);
	s->stats = g_variant_ref(s->sink_info);
	s->path = g_variant_ref(s->sink_info);
	return s;
}

void session_free(session *s)
{
	if (!s)
		return;
	g_clear_handle_id(&s->limit, g_source_remove);
	g_clear_pointer(&s->umd, umd_process_free);
	g_clear_pointer(&s->link, link_connection_free);
	close_sink_fd(s);
	g_clear_pointer(&s->why, reason_free);
	stay_clear(&s->stay);
	g_clear_pointer(&s->hung_up, reason_free);
	g_ptr_array_unref(s->phases);
	g_variant_unref(s->sink_info);
	g_variant_unref(s->mode);
	g_variant_unref(s->stats);
	g_clear_pointer(&s->radio, g_variant_unref);
	g_variant_unref(s->path);
	g_variant_unref(s->options);
	link_sink_unref(s->sink);
	link_sink_unref(s->next);
	g_clear_pointer(&s->media, g_variant_unref);
	g_free(s->first_failure);
	g_free(s->place);
	g_free(s->shown_pin);
	g_free(s);
}

gboolean session_wants_pin(session *s)
{
	return s->wants_pin;
}

const char *session_shown_pin(session *s)
{
	return s->shown_pin;
}

/* NULL: it is none. */
static char *clean_pin(const char *typed)
{
	g_autoptr(GString) pin = g_string_new(NULL);

	for (const char *p = typed; *p; p++) {
		if (g_ascii_isdigit(*p))
			g_string_append_c(pin, *p);
		else if (*p != ' ' && *p != '-')
			return NULL;
	}
	if (pin->len < SESSION_PIN_MIN || pin->len > SESSION_PIN_MAX)
		return NULL;
	return g_string_free(g_steal_pointer(&pin), FALSE);
}

gboolean session_enter_pin(session *s, const char *typed, GError **error)
{
	g_autofree char *pin = clean_pin(typed);

	if (!s->wants_pin) {
		g_set_error(error, REASON_ERROR, REASON_PIN_NOT_WANTED, "session %u does not wait for a PIN", s->id);
		return FALSE;
	}
	if (!pin) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION, "a PIN has %d to %d digits, and nothing else",
			    SESSION_PIN_MIN, SESSION_PIN_MAX);
		return FALSE;
	}
	set_wants_pin(s, FALSE);
	link_enter_pin(s->link, pin);
	return TRUE;
}

gboolean session_request_idr(session *s)
{
	if (s->state != SESSION_STREAMING)
		return FALSE;
	umd_process_send(s->umd, CHANNEL_IDR, g_variant_new("a{sv}", NULL));
	return TRUE;
}

guint session_id(session *s)
{
	return s->id;
}

enum session_state session_state(session *s)
{
	return s->state;
}

link_sink *session_sink(session *s)
{
	return s->sink;
}

const char *session_place(session *s)
{
	return s->place;
}

const reason *session_reason(session *s)
{
	return s->state == SESSION_WAITING && !s->why ? s->stay.cause : s->why;
}

gboolean session_is_down(session *s)
{
	return s->state == SESSION_WAITING || s->state == SESSION_GONE;
}

GVariant *session_stay(session *s)
{
	return stay_to_variant(&s->stay, s->options);
}

GPtrArray *session_phases(session *s)
{
	return s->phases;
}

GVariant *session_sink_info(session *s)
{
	return s->sink_info;
}

GVariant *session_mode(session *s)
{
	return s->mode;
}

GVariant *session_stats(session *s)
{
	return s->stats;
}

GVariant *session_path(session *s)
{
	return s->path;
}
