// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sessions on D-Bus: see dbus-sessions.h.
 */
#include "dbus-sessions.h"

#include "dbus-api.h"
#include "miracast1-dbus.h"

char *dbus_sessions_path(session *s)
{
	return g_strdup_printf(DBUS_API_PATH "/Session/%u", session_id(s));
}

static gboolean handle_disconnect(Miracast1Session *skeleton, GDBusMethodInvocation *call,
				  gpointer user_data)
{
	miracast1_session_complete_disconnect(skeleton, call);
	session_end(user_data, reason_new_code(REASON_DISCONNECTED, "disconnected by the user"));
	return TRUE;
}

static gboolean handle_enter_pin(Miracast1Session *skeleton, GDBusMethodInvocation *call,
				 const char *pin, gpointer user_data)
{
	g_autoptr(GError) error = NULL;

	if (session_enter_pin(user_data, pin, &error))
		miracast1_session_complete_enter_pin(skeleton, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

static gboolean handle_accept(Miracast1Session *skeleton, GDBusMethodInvocation *call, gpointer user_data)
{
	g_autoptr(GError) error = NULL;

	if (session_accept(user_data, &error))
		miracast1_session_complete_accept(skeleton, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

static gboolean handle_request_idr(Miracast1Session *skeleton, GDBusMethodInvocation *call,
				   gpointer user_data)
{
	if (session_request_idr(user_data))
		miracast1_session_complete_request_idr(skeleton, call);
	else
		g_dbus_method_invocation_return_error(call, REASON_ERROR, REASON_LINK_UNAVAILABLE,
						      "session %u does not stream",
						      session_id(user_data));
	return TRUE;
}

static GVariant *phases_of(session *s)
{
	GPtrArray *phases = session_phases(s);
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(sxs)"));
	for (guint i = 0; i < phases->len; i++) {
		struct session_phase *phase = g_ptr_array_index(phases, i);

		g_variant_builder_add(&builder, "(sxs)", phase->name, phase->time_us, phase->text);
	}
	return g_variant_builder_end(&builder);
}

static void update_session(Miracast1Session *skeleton, session *s, enum session_change what)
{
	const reason *why = session_reason(s);

	if (what & SESSION_CHANGED_PIN) {
		const char *pin = session_shown_pin(s);

		miracast1_session_set_pin_wanted(skeleton, session_wants_pin(s));
		miracast1_session_set_pin_shown(skeleton, pin ? pin : "");
	}
	miracast1_session_set_consent_wanted(skeleton, session_wants_consent(s));
	if (what & SESSION_CHANGED_WAY) {
		miracast1_session_set_sink_id(skeleton, session_sink(s)->id);
		miracast1_session_set_sink_name(skeleton, session_sink(s)->name);
	}
	/* The reason before the state: who waits for the state can read it then. */
	miracast1_session_set_reason(skeleton, why ? why->name : "");
	miracast1_session_set_message(skeleton, why ? why->message : "");
	miracast1_session_set_hint_code(skeleton, why ? why->hint_code : "");
	miracast1_session_set_hint(skeleton, why ? why->hint : "");
	if (what & (SESSION_CHANGED_STAY | SESSION_CHANGED_STATE))
		miracast1_session_set_stay(skeleton, session_stay(s));
	if (what & (SESSION_CHANGED_PHASES | SESSION_CHANGED_STATE)) {
		miracast1_session_set_phases(skeleton, phases_of(s));
		miracast1_session_set_path(skeleton, session_path(s));
	}
	if (what & SESSION_CHANGED_SINK)
		miracast1_session_set_sink_info(skeleton, session_sink_info(s));
	if (what & SESSION_CHANGED_MODE)
		miracast1_session_set_mode(skeleton, session_mode(s));
	if (what & SESSION_CHANGED_STATS)
		miracast1_session_set_stats(skeleton, session_stats(s));
	if (what & SESSION_CHANGED_STATE)
		miracast1_session_set_state(skeleton, session_state_name(session_state(s)));
}

void dbus_sessions_add(dbus_objects *objects, session *s, gint64 owner)
{
	g_autofree char *path = dbus_sessions_path(s);
	g_autoptr(Miracast1Session) skeleton = miracast1_session_skeleton_new();

	miracast1_session_set_id(skeleton, session_id(s));
	update_session(skeleton, s, ~0u);
	g_signal_connect(skeleton, "handle-disconnect", G_CALLBACK(handle_disconnect), s);
	g_signal_connect(skeleton, "handle-accept", G_CALLBACK(handle_accept), s);
	g_signal_connect(skeleton, "handle-enter-pin", G_CALLBACK(handle_enter_pin), s);
	g_signal_connect(skeleton, "handle-request-idr", G_CALLBACK(handle_request_idr), s);
	dbus_objects_add(objects, path, G_DBUS_INTERFACE_SKELETON(skeleton), owner);
}

void dbus_sessions_change(dbus_objects *objects, session *s, enum session_change what)
{
	g_autofree char *path = dbus_sessions_path(s);
	GDBusInterfaceSkeleton *skeleton = dbus_objects_get(objects, path);

	if (!skeleton)
		return;
	update_session(MIRACAST1_SESSION(skeleton), s, what);
	dbus_objects_flush(objects, path);
}

void dbus_sessions_remove(dbus_objects *objects, session *s)
{
	g_autofree char *path = dbus_sessions_path(s);

	dbus_objects_remove(objects, path);
}
