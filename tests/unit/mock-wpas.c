// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A wpa_supplicant for tests: its objects, its signals, its life. See mock-wpas.h.
 */
#include "mock-wpas-private.h"

#include <string.h>

static const char xml[] =
	"<node>"
	"<interface name='fi.w1.wpa_supplicant1'>"
	" <method name='CreateInterface'><arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
	" <method name='GetInterface'><arg type='s' direction='in'/><arg type='o' direction='out'/></method>"
	" <method name='RemoveInterface'><arg type='o' direction='in'/></method>"
	" <property name='Interfaces' type='ao' access='read'/>"
	" <property name='Capabilities' type='as' access='read'/>"
	" <property name='WFDIEs' type='ay' access='readwrite'/>"
	"</interface>"
	"<interface name='fi.w1.wpa_supplicant1.Interface'>"
	" <property name='Ifname' type='s' access='read'/>"
	" <property name='CtrlInterface' type='s' access='read'/>"
	" <property name='UpdateConfig' type='s' access='read'/>"
	" <property name='Country' type='s' access='read'/>"
	" <property name='Capabilities' type='a{sv}' access='read'/>"
	" <property name='Networks' type='ao' access='read'/>"
	"</interface>"
	"<interface name='fi.w1.wpa_supplicant1.Interface.WPS'>"
	" <property name='ConfigMethods' type='s' access='readwrite'/>"
	"</interface>"
	"<interface name='fi.w1.wpa_supplicant1.Interface.P2PDevice'>"
	" <method name='Find'><arg type='a{sv}' direction='in'/></method>"
	" <method name='StopFind'/>"
	" <method name='Connect'><arg type='a{sv}' direction='in'/><arg type='s' direction='out'/></method>"
	" <method name='ProvisionDiscoveryRequest'><arg type='o' direction='in'/>"
	"  <arg type='s' direction='in'/></method>"
	" <method name='Cancel'/>"
	" <method name='Disconnect'/>"
	" <method name='AddPersistentGroup'><arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
	" <method name='RemovePersistentGroup'><arg type='o' direction='in'/></method>"
	" <method name='Invite'><arg type='a{sv}' direction='in'/></method>"
	" <property name='P2PDeviceConfig' type='a{sv}' access='readwrite'/>"
	" <property name='Peers' type='ao' access='read'/>"
	"</interface>"
	"<interface name='fi.w1.wpa_supplicant1.Peer'>"
	" <property name='DeviceName' type='s' access='read'/>"
	" <property name='Manufacturer' type='s' access='read'/>"
	" <property name='ModelName' type='s' access='read'/>"
	" <property name='DeviceAddress' type='ay' access='read'/>"
	" <property name='IEs' type='ay' access='read'/>"
	" <property name='config_method' type='q' access='read'/>"
	" <property name='VendorExtension' type='aay' access='read'/>"
	" <property name='groupcapability' type='y' access='read'/>"
	" <property name='level' type='i' access='read'/>"
	"</interface>"
	"<interface name='fi.w1.wpa_supplicant1.Group'>"
	" <property name='SSID' type='ay' access='read'/>"
	"</interface>"
	"</node>";

GVariant *mock_bytes(gconstpointer data, gsize len)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, len, 1);
}

void mock_emit(mock_wpas *mock, const char *signal, GVariant *args)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, MOCK_RADIO, MOCK_NAME ".Interface.P2PDevice", signal,
				      args, NULL);
}

void mock_wpas_show_peer(mock_wpas *mock, gboolean there)
{
	mock->peer_hidden = !there;
	mock_emit(mock, there ? "DeviceFound" : "DeviceLost", g_variant_new("(o)", MOCK_TV));
}

void mock_emit_from(mock_wpas *mock, const char *path, const char *signal, GVariant *args)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, path, MOCK_NAME ".Interface.P2PDevice", signal,
				      args, NULL);
}

/* As it is told: the SSID of the group to come is in it. */
void mock_negotiated(mock_wpas *mock, const char *role)
{
	mock_emit(mock, "GONegotiationSuccess",
	     g_variant_new_parsed("({'peer_object': <%o>, 'status': <0>, 'role_go': <%s>, "
				  "'ssid': <%@ay>},)", MOCK_TV, role, mock_ssid_of(MOCK_GROUP)));
}

static void group_started(mock_wpas *mock, const char *from, const char *interface,
			  const char *object, const char *role)
{
	g_autofree char *handshake = mock->handshake_mask && strcmp(role, "client") == 0 ?
		g_strdup_printf(", 'IpAddr': <[byte 192, 168, 77, 9]>, 'IpAddrMask': <[byte %s]>, "
				"'IpAddrGo': <[byte 192, 168, 77, 1]>", mock->handshake_mask) :
		g_strdup("");
	g_autofree char *text = g_strdup_printf("({'interface_object': <objectpath '%s'>, 'role': <'%s'>, "
						"'group_object': <objectpath '%s'>%s, 'persistent': <%s>},)",
						interface, role, object, handshake,
						strcmp(interface, MOCK_GROUP) == 0 && mock->persistent ? "true" : "false");

	mock_emit_from(mock, from, "GroupStarted", g_variant_new_parsed(text));
}

static void group_finished(mock_wpas *mock, const char *interface)
{
	mock_emit(mock, "GroupFinished",
	     g_variant_new_parsed("({'interface_object': <%o>, 'role': <'GO'>},)", interface));
}

void mock_begin_group(mock_wpas *mock, const char *role)
{
	mock->group = TRUE;
	group_started(mock, MOCK_RADIO, MOCK_GROUP, MOCK_GROUP_OBJECT, role);
}

void mock_start_group(mock_wpas *mock, const char *role)
{
	mock_negotiated(mock, role);
	if (mock->persistent)
		mock_keep_group(mock, role);
	mock_begin_group(mock, role);
}

void mock_wpas_end_group(mock_wpas *mock)
{
	mock->group = FALSE;
	group_finished(mock, MOCK_GROUP);
}

void mock_say_group_again(mock_wpas *mock)
{
	enum mock_again again = mock->again;

	mock->again = MOCK_NOT_AGAIN;
	if (again == MOCK_STARTED_AGAIN)
		group_finished(mock, MOCK_GROUP);
	if (again != MOCK_NOT_AGAIN)
		group_started(mock, MOCK_RADIO, MOCK_GROUP, MOCK_GROUP_OBJECT, "GO");
}

void mock_wpas_foreign_group(mock_wpas *mock, gboolean there)
{
	mock->foreign = there;
	if (there)
		group_started(mock, MOCK_RADIO, MOCK_FOREIGN, MOCK_FOREIGN_OBJECT, "GO");
	else
		group_finished(mock, MOCK_FOREIGN);
}

void mock_wpas_peer_changed(mock_wpas *mock)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, MOCK_TV, "org.freedesktop.DBus.Properties",
				      "PropertiesChanged",
				      g_variant_new_parsed("(%s, @a{sv} {}, @as [])", MOCK_NAME ".Peer"), NULL);
}

void mock_wpas_station(mock_wpas *mock, gboolean joined)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, MOCK_GROUP, MOCK_NAME ".Interface",
				      joined ? "StaAuthorized" : "StaDeauthorized",
				      g_variant_new("(s)", "02:00:00:00:01:00"), NULL);
}

void mock_fail_negotiation(mock_wpas *mock)
{
	mock_emit(mock, "GONegotiationFailure",
	     g_variant_new_parsed("({'peer_object': <%o>, 'status': <%i>},)", MOCK_TV, mock->status));
}

/* ---- life ------------------------------------------------------------------------- */

static void register_object(mock_wpas *mock, const char *path, guint first, guint last, GArray *objects)
{
	static const GDBusInterfaceVTable vtable = { mock_called, mock_get_property, NULL, { 0 } };
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);

	for (guint i = first; i <= last; i++) {
		g_autoptr(GError) error = NULL;
		guint id = g_dbus_connection_register_object(mock->bus, path, info->interfaces[i],
							     &vtable, mock, NULL, &error);

		g_assert_no_error(error);
		g_array_append_val(objects, id);
	}
}

static void register_radio(mock_wpas *mock)
{
	mock->interface = TRUE;
	register_object(mock, MOCK_RADIO, 1, 3, mock->radio_objects);
}

void mock_wpas_plug(mock_wpas *mock)
{
	if (!mock->interface)
		register_radio(mock);
}

static void unregister(mock_wpas *mock, GArray *objects)
{
	for (guint i = 0; i < objects->len; i++)
		g_dbus_connection_unregister_object(mock->bus, g_array_index(objects, guint, i));
	g_array_set_size(objects, 0);
}

void mock_remove_radio(mock_wpas *mock)
{
	mock->interface = FALSE;
	mock->finding = FALSE;
	unregister(mock, mock->radio_objects);
	g_dbus_connection_emit_signal(mock->bus, NULL, MOCK_ROOT, MOCK_NAME, "InterfaceRemoved",
				      g_variant_new("(o)", MOCK_RADIO), NULL);
}

void mock_wpas_unplug(mock_wpas *mock)
{
	mock->group = FALSE;
	g_clear_handle_id(&mock->idle, g_source_remove);
	mock_set_wfd(mock, g_variant_ref_sink(mock_bytes(NULL, 0)));
	mock_persistent_clear(mock);
	mock_remove_radio(mock);
}

/* Answered when it returns: whoever asks on another connection from now on finds what is so. */
static void ask_for_name(mock_wpas *mock, const char *method, GVariant *parameters)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
		mock->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

	g_assert_no_error(error);
}

mock_wpas *mock_wpas_new(GDBusConnection *bus, enum mock_build build)
{
	mock_wpas *mock = g_new0(mock_wpas, 1);

	mock->bus = g_object_ref(bus);
	mock->build = build;
	mock->wfd = g_variant_ref_sink(mock_bytes(NULL, 0));
	mock->config_methods = 0x0080;
	mock->level = -40;
	mock->update_config = "0";
	mock->device_type = g_strdup(MOCK_OLD_TYPE);
	mock->methods = g_strdup(MOCK_OLD_METHODS);
	mock->objects = g_array_new(FALSE, FALSE, sizeof(guint));
	mock->radio_objects = g_array_new(FALSE, FALSE, sizeof(guint));
	register_object(mock, MOCK_ROOT, 0, 0, mock->objects);
	register_object(mock, MOCK_GROUP, 1, 3, mock->objects);
	register_object(mock, MOCK_FOREIGN, 1, 3, mock->objects);
	register_object(mock, MOCK_UNKNOWN, 1, 3, mock->objects);
	register_object(mock, MOCK_GROUP_OBJECT, 5, 5, mock->objects);
	register_object(mock, MOCK_FOREIGN_OBJECT, 5, 5, mock->objects);
	if (build == MOCK_TWO_RADIOS)
		register_object(mock, MOCK_OTHER_RADIO, 1, 3, mock->objects);
	for (guint i = 0; mock_peer_path(i); i++)
		register_object(mock, mock_peer_path(i), 4, 4, mock->objects);
	if (build != MOCK_NO_INTERFACE && build != MOCK_CREATED_NO_P2P && build != MOCK_NO_RADIO)
		register_radio(mock);
	ask_for_name(mock, "RequestName", g_variant_new("(su)", MOCK_NAME, 0));
	return mock;
}

void mock_wpas_free(mock_wpas *mock)
{
	ask_for_name(mock, "ReleaseName", g_variant_new("(s)", MOCK_NAME));
	g_clear_handle_id(&mock->idle, g_source_remove);
	unregister(mock, mock->objects);
	unregister(mock, mock->radio_objects);
	mock_persistent_clear(mock);
	g_clear_pointer(&mock->kept, g_hash_table_unref);
	g_free(mock->invited_to);
	g_array_unref(mock->objects);
	g_array_unref(mock->radio_objects);
	g_variant_unref(mock->wfd);
	mock_control_close(mock);
	g_free(mock->method);
	g_free(mock->pin);
	g_free(mock->asked_to);
	g_free(mock->device_name);
	g_free(mock->device_type);
	g_free(mock->methods);
	g_clear_pointer(&mock->vendor, g_bytes_unref);
	g_object_unref(mock->bus);
	g_free(mock);
}

/* ---- any signal at any time ------------------------------------------------------- */

void mock_wpas_signal(mock_wpas *mock, enum mock_signal signal)
{
	if (!mock->interface)
		return; /* without a radio nothing happens any more */
	switch (signal) {
	case MOCK_SIGNAL_FIND_STOPPED:
		mock->finding = FALSE;
		mock_emit(mock, "FindStopped", NULL);
		break;
	case MOCK_SIGNAL_DEVICE_LOST:
	case MOCK_SIGNAL_DEVICE_FOUND:
		mock_wpas_show_peer(mock, signal == MOCK_SIGNAL_DEVICE_FOUND);
		break;
	case MOCK_SIGNAL_PROVISIONED:
		mock_emit(mock, "ProvisionDiscoveryResponseEnterPin", g_variant_new("(o)", MOCK_TV));
		break;
	case MOCK_SIGNAL_PROVISION_SHOWN:
		mock_emit(mock, "ProvisionDiscoveryResponseDisplayPin", g_variant_new("(os)", MOCK_TV, MOCK_PIN));
		break;
	case MOCK_SIGNAL_PROVISION_FAILED:
		mock_emit(mock, "ProvisionDiscoveryFailure", g_variant_new("(oi)", MOCK_TV, 2));
		break;
	case MOCK_SIGNAL_INVITATION_TAKEN:
	case MOCK_SIGNAL_INVITATION_REFUSED:
		mock_emit(mock, "InvitationResult",
			  g_variant_new_parsed("({'status': <%i>},)", signal == MOCK_SIGNAL_INVITATION_TAKEN ? 0 : 8));
		break;
	case MOCK_SIGNAL_KEPT:
		mock_emit(mock, "PersistentGroupAdded", g_variant_new_parsed("(%o, @a{sv} {})", MOCK_KEPT "77"));
		break;
	case MOCK_SIGNAL_NEGOTIATED:
		mock_negotiated(mock, "GO");
		break;
	case MOCK_SIGNAL_NEGOTIATION_FAILED:
		mock->status = 11;
		mock_fail_negotiation(mock);
		break;
	case MOCK_SIGNAL_WPS_FAILED:
		mock_emit(mock, "WpsFailed",
		     g_variant_new_parsed("('fail', {'msg': <8>, 'config_error': <int16 12>})"));
		break;
	case MOCK_SIGNAL_FORMATION_FAILED:
		mock_emit(mock, "GroupFormationFailure", g_variant_new("(s)", ""));
		break;
	case MOCK_SIGNAL_GROUP_STARTED:
		mock_start_group(mock, "GO");
		break;
	case MOCK_SIGNAL_GROUP_FINISHED:
		mock_wpas_end_group(mock);
		break;
	case MOCK_SIGNAL_STA_DEAUTHORIZED:
	case MOCK_SIGNAL_STA_AUTHORIZED:
		mock_wpas_station(mock, signal == MOCK_SIGNAL_STA_AUTHORIZED);
		break;
	case MOCK_SIGNAL_FOREIGN_STARTED:
	case MOCK_SIGNAL_FOREIGN_FINISHED:
		mock_wpas_foreign_group(mock, signal == MOCK_SIGNAL_FOREIGN_STARTED);
		break;
	case MOCK_SIGNAL_UNKNOWN_STARTED:
		group_started(mock, MOCK_UNKNOWN, MOCK_FOREIGN, MOCK_FOREIGN_OBJECT, "client");
		break;
	case MOCK_SIGNAL_UNPLUGGED:
		mock_wpas_unplug(mock);
		break;
	case MOCK_N_SIGNALS:
		break;
	}
}
