// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A session and its process, the user-mode driver: what it says, and how it begins and ends. See session-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "session-private.h"

#include <string.h>

#include "encoder-check.h"
#include "rtsp-listener.h"
#include "wifi-link.h"

static void umd_phase(session *s, GVariant *fields)
{
	enum channel_phase phase;
	const char *name = "";
	gint64 time_us = 0;

	g_variant_lookup(fields, "phase", "&s", &name);
	g_variant_lookup(fields, "time-us", "x", &time_us);
	/* A UMD that says the same for ever must fill neither the memory nor the log. */
	if (!channel_phase_from_name(name, &phase) || s->phases->len >= SESSION_PHASES_MAX)
		return;
	session_add_phase(s, name, time_us, session_phase_text(name));
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

/* It has gone before we spoke to it: FALSE if it shall not get another chance. */
static gboolean await_redial(session *s, const reason *why)
{
	if (s->state != SESSION_NEGOTIATING || s->answered || s->calls >= SESSION_MAX_CALLS ||
	    strcmp(why->name, channel_reason_name(CHANNEL_REASON_SINK_VANISHED)) != 0)
		return FALSE;
	link_next_call(s->link);
	g_clear_pointer(&s->hung_up, reason_free);
	s->hung_up = reason_copy(why);
	session_add_phase(s, "hung-up", g_get_monotonic_time(),
			  "the display has hung up before it said anything, waiting for it to call again");
	session_move(s, SESSION_EVENT_HUNG_UP);
	session_open_sink(s);
	return TRUE;
}

static void umd_exited(umd_process *umd, const reason *why, gpointer user_data)
{
	session *s = user_data;
	g_autoptr(reason) copy = reason_copy(why);

	g_clear_pointer(&s->umd, umd_process_free);
	if (s->why)
		session_take_down(s);
	else if (!await_redial(s, copy))
		session_end(s, g_steal_pointer(&copy));
}

static const struct umd_process_funcs umd_callbacks = {
	.message = umd_message,
	.hung = umd_hung,
	.exited = umd_exited,
};

gboolean session_start_umd(session *s, GSocketConnection *rtsp, GError **error)
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
	session_set_path(s, local_text, peer_text, NULL);
	path.local = local_text;
	path.peer = peer_text;
	g_variant_lookup(s->path, "interface", "&s", &path.interface);
	s->sink_fd = -1;
	s->umd = umd_process_new(s->env->launcher, sink_fd, rtsp, &path,
				 session_make_config(s, local_text, peer_text), &umd_callbacks, s, error);
	return s->umd != NULL;
}

gboolean session_request_idr(session *s)
{
	if (s->state != SESSION_STREAMING)
		return FALSE;
	umd_process_send(s->umd, CHANNEL_IDR, g_variant_new("a{sv}", NULL));
	return TRUE;
}
