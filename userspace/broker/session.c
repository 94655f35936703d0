// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One session: see session.h. Its other rooms are in session-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "session-private.h"

#include <unistd.h>

#include "place.h"

/* ---- states --------------------------------------------------------------- */

gboolean session_move(session *s, enum session_event event)
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
	session_arm_limit(s);
	s->changed(s, SESSION_CHANGED_STATE, s->user_data);
	return TRUE;
}

/* ---- the kernel's context -------------------------------------------------- */

static void close_sink_fd(session *s)
{
	if (s->sink_fd >= 0)
		close(s->sink_fd);
	s->sink_fd = -1;
}

/* Of the way that it may go on by; NULL: there is none. */
static const char *other_id(session *s)
{
	link_backend *backend;
	link_sink *other = s->env->other_way ? s->env->other_way(s->sink, &backend, s->env->user_data) : NULL;

	return other ? other->id : NULL;
}

gboolean session_open_sink(session *s)
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

/* ---- the way down -------------------------------------------------------- */

static gboolean come_back_later(session *s);

void session_take_down(session *s)
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

void session_end(session *s, reason *why)
{
	stay_heed(&s->stay, why);
	if (s->why) {
		reason_free(why);
		return;
	}
	s->why = why;
	session_forget_pin(s);
	session_turn_away(s);
	session_add_phase(s, "ending", g_get_monotonic_time(), why->message);
	session_move(s, SESSION_EVENT_END);
	session_take_down(s);
}

void session_fail(session *s, const GError *error, enum reason_code otherwise)
{
	session_end(s, reason_from_error(error, otherwise));
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
	session_add_phase(s, "waiting", now_us, text);
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

void session_try_again(session *s)
{
	link_backend *backend = NULL;
	link_sink *sink = s->env->again(s->sink, &backend, s->env->user_data);

	stay_try(&s->stay);
	g_ptr_array_set_size(s->phases, 0);
	link_sink_unref(s->sink);
	s->sink = sink;
	s->changed(s, SESSION_CHANGED_WAY, s->user_data);
	session_begin(s, backend, SESSION_EVENT_AGAIN, "connecting again");
}

/* The machine sleeps, or does not any more. */
static void wait_anew(session *s)
{
	session_arm_limit(s);
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
	s->phases = session_phases_new();
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
