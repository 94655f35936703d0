// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is called of the wpa_supplicant for tests, and what becomes of it: see mock-wpas.h.
 */
#include "mock-wpas-private.h"
#include "test-bus.h"

#include <string.h>

/* ---- what the TV says to a connect ------------------------------------------------- */

/* From the interface that was made for the group; one after the other. */
static void fail_wps(mock_wpas *mock, gint16 config_error)
{
	mock_negotiated(mock, "GO");
	mock_emit_from(mock, MOCK_GROUP, "WpsFailed",
		       g_variant_new_parsed("('fail', {'msg': <8>, 'config_error': <%n>})", config_error));
	mock_emit_from(mock, MOCK_GROUP, "GroupFormationFailure", g_variant_new("(s)", ""));
}

/* TRUE: it is another method, or another PIN, than the TV's, which ends it. */
static gboolean answer_method(mock_wpas *mock)
{
	gboolean takes_push_button = !mock->config_methods || mock->config_methods & 0x0080;

	if (mock->answer == MOCK_IGNORE)
		return FALSE;
	if (g_str_equal(mock->method, "pbc")) {
		if (takes_push_button)
			return FALSE;
		mock->status = 10;
		mock_fail_negotiation(mock);
		return TRUE;
	}
	if (g_str_equal(mock->pin, mock->provisions == 1 ? MOCK_PIN : MOCK_NEXT_PIN))
		return FALSE;
	fail_wps(mock, 18);
	return TRUE;
}

static gboolean answer_connect(gpointer user_data)
{
	mock_wpas *mock = user_data;

	mock->idle = 0;
	if (answer_method(mock))
		return G_SOURCE_REMOVE;
	switch (mock->answer) {
	case MOCK_ACCEPT:
		mock_start_group(mock, "GO");
		break;
	case MOCK_ACCEPT_AS_OWNER:
		mock_start_group(mock, "client");
		break;
	case MOCK_STATUS:
		mock_fail_negotiation(mock);
		break;
	case MOCK_STATUS_ONCE:
		if (mock->connects == 1)
			mock_fail_negotiation(mock);
		else
			mock_start_group(mock, mock->last_intent < 15 ? "client" : "GO");
		break;
	case MOCK_WPS_FAILS:
	case MOCK_WPS_FAILS_ONCE:
		if (mock->answer == MOCK_WPS_FAILS_ONCE && mock->connects > 1) {
			mock_start_group(mock, "GO");
			break;
		}
		fail_wps(mock, 12);
		break;
	case MOCK_CHANNEL_FAILS:
	case MOCK_FORMATION_FAILS:
	case MOCK_FORMATION_FAILS_ONCE:
		if ((mock->answer == MOCK_FORMATION_FAILS_ONCE && mock->connects > 1) ||
		    (mock->answer == MOCK_CHANNEL_FAILS &&
		     mock->last_frequency == MOCK_GOOD_FREQUENCY)) {
			mock_start_group(mock, "GO");
			break;
		}
		mock_negotiated(mock, "GO");
		mock_emit_from(mock, MOCK_GROUP, "GroupFormationFailure", g_variant_new("(s)", ""));
		break;
	case MOCK_IGNORE:
	case MOCK_REFUSE:
		break;
	}
	return G_SOURCE_REMOVE;
}

void mock_answer_connect(mock_wpas *mock)
{
	if (!mock->idle)
		mock->idle = g_idle_add(answer_connect, mock);
}

/* ---- methods ---------------------------------------------------------------------- */

void mock_note_method(mock_wpas *mock, const char *method, const char *pin)
{
	g_free(mock->method);
	mock->method = g_strdup(method);
	g_free(mock->pin);
	mock->pin = g_strdup(pin);
	if (g_str_equal(method, "pbc"))
		g_assert_cmpstr(pin, ==, "");
	else
		g_assert_true(g_str_equal(method, "keypad") || g_str_equal(method, "display"));
}

static void connect_called(mock_wpas *mock, GVariant *args, GDBusMethodInvocation *call)
{
	g_autoptr(GVariant) dict = g_variant_get_child_value(args, 0);
	const char *peer = "", *method = "", *pin = "";
	gint32 intent = 0, frequency = 0;

	mock->connects++;
	/* It stops what it was looking for, and says so in the middle of a scan only. */
	mock->finding = FALSE;
	g_variant_lookup(dict, "frequency", "i", &frequency);
	mock->last_frequency = frequency;
	g_variant_lookup(dict, "peer", "&o", &peer);
	g_variant_lookup(dict, "wps_method", "&s", &method);
	g_variant_lookup(dict, "pin", "&s", &pin);
	g_assert_cmpstr(peer, ==, MOCK_TV);
	mock_note_method(mock, method, pin);
	mock->persistent = FALSE;
	g_variant_lookup(dict, "persistent", "b", &mock->persistent);
	if (g_variant_lookup(dict, "go_intent", "i", &intent))
		mock->last_intent = intent;
	if (mock->answer == MOCK_REFUSE) {
		g_dbus_method_invocation_return_dbus_error(call, MOCK_NAME ".ConnectChannelUnsupported",
							   "no");
		return;
	}
	g_dbus_method_invocation_return_value(call, g_variant_new("(s)", ""));
	mock_answer_connect(mock);
}

/* What the TV is to do, which it does, if it can. */
static void provision(mock_wpas *mock, const char *path, gboolean show)
{
	if (mock->provisioning == MOCK_PROVISION_SWAPPED)
		show = !show;
	if (mock->provisioning == MOCK_PROVISION_IGNORED)
		return;
	if (mock->provisioning == MOCK_PROVISION_REFUSED || !(mock->config_methods & (show ? 0x0008 : 0x0100)))
		mock_emit(mock, "ProvisionDiscoveryFailure", g_variant_new("(oi)", path, 2));
	else if (show)
		mock_emit(mock, "ProvisionDiscoveryResponseEnterPin", g_variant_new("(o)", path));
	else
		mock_emit(mock, "ProvisionDiscoveryResponseDisplayPin",
		     g_variant_new("(os)", path, mock->provisions == 1 ? MOCK_PIN : MOCK_NEXT_PIN));
}

static void provision_called(mock_wpas *mock, GVariant *args, GDBusMethodInvocation *call)
{
	const char *peer, *method;

	g_variant_get(args, "(&o&s)", &peer, &method);
	g_assert_cmpstr(peer, ==, MOCK_TV);
	mock->provisions++;
	mock->finding = FALSE;
	g_free(mock->asked_to);
	mock->asked_to = g_strdup(method);
	if (mock->provisioning == MOCK_PROVISION_FAILS) {
		g_dbus_method_invocation_return_dbus_error(call, MOCK_NAME ".UnknownError", "no");
		return;
	}
	g_dbus_method_invocation_return_value(call, NULL);
	/* Somebody else's, of another device, is none of ours. */
	mock_emit(mock, "ProvisionDiscoveryResponseEnterPin", g_variant_new("(o)", MOCK_PEERS "020000000101"));
	provision(mock, peer, g_str_equal(method, "display"));
}

static void find_called(mock_wpas *mock, GDBusMethodInvocation *call)
{
	mock->finds++;
	mock->finding = TRUE;
	/* Sinks that look at us must see a source from the first frame on. */
	g_assert_cmpuint(g_variant_n_children(mock->wfd), ==, 9);
	g_dbus_method_invocation_return_value(call, NULL);
	for (guint i = 0; mock_peer_path(i); i++) {
		if (i > 0 || !mock->peer_hidden)
			mock_emit(mock, "DeviceFound", g_variant_new("(o)", mock_peer_path(i)));
	}
}

static void create_called(mock_wpas *mock, GDBusMethodInvocation *call)
{
	if (mock->exists)
		mock_wpas_plug(mock);
	if (mock->build == MOCK_NO_RADIO || mock->interface) {
		g_dbus_method_invocation_return_dbus_error(
			call, mock->interface ? MOCK_NAME ".InterfaceExists" : MOCK_NAME ".UnknownError", "no");
		return;
	}
	mock_wpas_plug(mock);
	g_dbus_method_invocation_return_value(call, g_variant_new("(o)", MOCK_RADIO));
}

static void stop_find_called(mock_wpas *mock)
{
	if (mock->finding && !mock->between_scans)
		mock_emit(mock, "FindStopped", NULL);
	mock->finding = FALSE;
}

static void disconnect_called(mock_wpas *mock, const char *path)
{
	if (strcmp(path, MOCK_FOREIGN) == 0) {
		mock->foreign_ends++;
		mock_wpas_foreign_group(mock, FALSE);
		return;
	}
	g_assert_cmpstr(path, ==, MOCK_GROUP);
	mock_wpas_end_group(mock);
}

static void cancel_called(mock_wpas *mock)
{
	mock->cancels++;
	if (mock->late && mock->idle)
		return;
	g_clear_handle_id(&mock->idle, g_source_remove);
}

static void remove_called(mock_wpas *mock, GVariant *args)
{
	const char *path;

	g_variant_get(args, "(&o)", &path);
	g_assert_cmpstr(path, ==, MOCK_RADIO);
	mock->removes++;
	mock_remove_radio(mock);
}

void mock_called(GDBusConnection *bus, const char *sender, const char *path, const char *iface, const char *method,
		 GVariant *args, GDBusMethodInvocation *call, gpointer user_data)
{
	mock_wpas *mock = user_data;
	g_autoptr(GVariant) value = NULL;
	const char *property;

	if (test_bus_is_set(iface, method, args, &property, &value)) {
		mock_set_property(mock, property, value, call);
		return;
	}
	if (mock_persistent_called(mock, method, args, call))
		return;
	if (strcmp(method, "Connect") == 0) {
		connect_called(mock, args, call);
		return;
	}
	if (strcmp(method, "ProvisionDiscoveryRequest") == 0) {
		provision_called(mock, args, call);
		return;
	}
	if (strcmp(method, "Find") == 0) {
		mock->find_ifname = mock_ifname_of(mock, path);
		find_called(mock, call);
		return;
	}
	if (strcmp(method, "CreateInterface") == 0) {
		create_called(mock, call);
		return;
	}
	if (strcmp(method, "GetInterface") == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", MOCK_RADIO));
		return;
	}
	if (mock->deaf && (strcmp(method, "Cancel") == 0 || strcmp(method, "Disconnect") == 0)) {
		g_object_unref(call);
		return;
	}
	if (strcmp(method, "Disconnect") == 0 && strcmp(path, MOCK_GROUP) == 0 && !mock->group) {
		g_dbus_method_invocation_return_dbus_error(call, MOCK_NAME ".UnknownError",
							   "failed to disconnect");
		return;
	}
	g_dbus_method_invocation_return_value(call, NULL);
	if (strcmp(method, "StopFind") == 0)
		stop_find_called(mock);
	else if (strcmp(method, "Cancel") == 0)
		cancel_called(mock);
	else if (strcmp(method, "Disconnect") == 0)
		disconnect_called(mock, path);
	else if (strcmp(method, "RemoveInterface") == 0)
		remove_called(mock, args);
}
