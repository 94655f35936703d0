// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A wpa_supplicant for tests: see mock-wpas.h.
 */
#include "mock-private.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include <string.h>

#define NAME "fi.w1.wpa_supplicant1"
#define ROOT "/fi/w1/wpa_supplicant1"
#define RADIO ROOT "/Interfaces/0"
#define GROUP ROOT "/Interfaces/1"
#define OTHER_RADIO ROOT "/Interfaces/2"
#define FOREIGN ROOT "/Interfaces/5"
#define UNKNOWN ROOT "/Interfaces/7"
#define GROUP_OBJECT GROUP "/Groups/AB"
#define FOREIGN_OBJECT FOREIGN "/Groups/CD"
#define PEERS RADIO "/Peers/"
#define TV PEERS "020000000100"

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

/*
 * Three devices: the TV, with the element that a real one of LG sends; a laptop
 * that is a WFD source; a printer without WFD.
 */
static const struct {
	const char *path;
	guint8 last_byte;
	const char *name;
	guint8 ies[9];
	gsize ies_len;
} peers[] = {
	{ TV, 0x00, MOCK_PEER_NAME,
	  { 0x00, 0x00, 0x06, 0x01, 0x11, 0x1c, 0x44, 0x00, 0x32 }, 9 },
	{ PEERS "020000000101", 0x01, "Laptop",
	  { 0x00, 0x00, 0x06, 0x00, 0x10, 0x1c, 0x44, 0x00, 0xc8 }, 9 },
	{ PEERS "020000000102", 0x02, "Printer", { 0 }, 0 },
};

GVariant *mock_bytes(gconstpointer data, gsize len)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, len, 1);
}

static const char *ifname_of(mock_wpas *mock, const char *path)
{
	return strcmp(path, GROUP) == 0 ? (mock->group_ifname ? mock->group_ifname : "lo") :
	       strcmp(path, FOREIGN) == 0 || strcmp(path, UNKNOWN) == 0 ? MOCK_FOREIGN_IFNAME :
	       strcmp(path, OTHER_RADIO) == 0 ? "wlan9" :
						"wlan0";
}

void mock_emit(mock_wpas *mock, const char *signal, GVariant *args)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, RADIO, NAME ".Interface.P2PDevice", signal,
				      args, NULL);
}

void mock_wpas_show_peer(mock_wpas *mock, gboolean there)
{
	mock->peer_hidden = !there;
	mock_emit(mock, there ? "DeviceFound" : "DeviceLost", g_variant_new("(o)", TV));
}

static void emit_from(mock_wpas *mock, const char *path, const char *signal, GVariant *args)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, path, NAME ".Interface.P2PDevice", signal,
				      args, NULL);
}

static GVariant *ssid_of(const char *path)
{
	return strstr(path, FOREIGN) || strstr(path, UNKNOWN) ? mock_bytes("DIRECT-other", 12) :
								mock_bytes("DIRECT-ours", 11);
}

/* As it is told: the SSID of the group to come is in it. */
static void negotiated(mock_wpas *mock, const char *role)
{
	mock_emit(mock, "GONegotiationSuccess",
	     g_variant_new_parsed("({'peer_object': <%o>, 'status': <0>, 'role_go': <%s>, "
				  "'ssid': <%@ay>},)", TV, role, ssid_of(GROUP)));
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
						strcmp(interface, GROUP) == 0 && mock->persistent ? "true" : "false");

	emit_from(mock, from, "GroupStarted", g_variant_new_parsed(text));
}

static void group_finished(mock_wpas *mock, const char *interface)
{
	mock_emit(mock, "GroupFinished",
	     g_variant_new_parsed("({'interface_object': <%o>, 'role': <'GO'>},)", interface));
}

void mock_begin_group(mock_wpas *mock, const char *role)
{
	mock->group = TRUE;
	group_started(mock, RADIO, GROUP, GROUP_OBJECT, role);
}

static void start_group(mock_wpas *mock, const char *role)
{
	negotiated(mock, role);
	if (mock->persistent)
		mock_keep_group(mock, role);
	mock_begin_group(mock, role);
}

void mock_wpas_end_group(mock_wpas *mock)
{
	mock->group = FALSE;
	group_finished(mock, GROUP);
}

static void say_event(mock_wpas *mock, const char *event)
{
	g_autofree char *text = g_strconcat("<3>", event, NULL);

	g_assert_nonnull(mock->listener);
	g_assert_cmpint(g_socket_send_to(mock->control, mock->listener, text, strlen(text), NULL, NULL), >, 0);
}

void mock_wpas_end_group_for(mock_wpas *mock, const char *reason)
{
	mock->last_event = g_strdup_printf("P2P-GROUP-REMOVED %s GO reason=%s", ifname_of(mock, GROUP), reason);
	say_event(mock, "CTRL-EVENT-SCAN-RESULTS ");
	mock_wpas_end_group(mock);
}

void mock_wpas_foreign_group(mock_wpas *mock, gboolean there)
{
	mock->foreign = there;
	if (there)
		group_started(mock, RADIO, FOREIGN, FOREIGN_OBJECT, "GO");
	else
		group_finished(mock, FOREIGN);
}

void mock_wpas_peer_changed(mock_wpas *mock)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, TV, "org.freedesktop.DBus.Properties",
				      "PropertiesChanged",
				      g_variant_new_parsed("(%s, @a{sv} {}, @as [])", NAME ".Peer"), NULL);
}

void mock_wpas_station(mock_wpas *mock, gboolean joined)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, GROUP, NAME ".Interface",
				      joined ? "StaAuthorized" : "StaDeauthorized",
				      g_variant_new("(s)", "02:00:00:00:01:00"), NULL);
}

static void set_wfd(mock_wpas *mock, GVariant *value)
{
	g_variant_unref(mock->wfd);
	mock->wfd = value;
}

static void unregister(mock_wpas *mock, GArray *objects)
{
	for (guint i = 0; i < objects->len; i++)
		g_dbus_connection_unregister_object(mock->bus, g_array_index(objects, guint, i));
	g_array_set_size(objects, 0);
}

void mock_wpas_unplug(mock_wpas *mock)
{
	mock->interface = FALSE;
	mock->group = FALSE;
	mock->finding = FALSE;
	g_clear_handle_id(&mock->idle, g_source_remove);
	set_wfd(mock, g_variant_ref_sink(mock_bytes(NULL, 0)));
	unregister(mock, mock->radio_objects);
	mock_persistent_clear(mock);
	g_dbus_connection_emit_signal(mock->bus, NULL, ROOT, NAME, "InterfaceRemoved",
				      g_variant_new("(o)", RADIO), NULL);
}

/* From the interface that was made for the group; one after the other. */
static void fail_wps(mock_wpas *mock, gint16 config_error)
{
	negotiated(mock, "GO");
	emit_from(mock, GROUP, "WpsFailed",
		  g_variant_new_parsed("('fail', {'msg': <8>, 'config_error': <%n>})", config_error));
	emit_from(mock, GROUP, "GroupFormationFailure", g_variant_new("(s)", ""));
}

static void fail_negotiation(mock_wpas *mock)
{
	mock_emit(mock, "GONegotiationFailure",
	     g_variant_new_parsed("({'peer_object': <%o>, 'status': <%i>},)", TV, mock->status));
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
		fail_negotiation(mock);
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
		start_group(mock, "GO");
		break;
	case MOCK_ACCEPT_AS_OWNER:
		start_group(mock, "client");
		break;
	case MOCK_STATUS:
		fail_negotiation(mock);
		break;
	case MOCK_STATUS_ONCE:
		if (mock->connects == 1)
			fail_negotiation(mock);
		else
			start_group(mock, mock->last_intent < 15 ? "client" : "GO");
		break;
	case MOCK_WPS_FAILS:
	case MOCK_WPS_FAILS_ONCE:
		if (mock->answer == MOCK_WPS_FAILS_ONCE && mock->connects > 1) {
			start_group(mock, "GO");
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
			start_group(mock, "GO");
			break;
		}
		negotiated(mock, "GO");
		emit_from(mock, GROUP, "GroupFormationFailure", g_variant_new("(s)", ""));
		break;
	case MOCK_IGNORE:
	case MOCK_REFUSE:
		break;
	}
	return G_SOURCE_REMOVE;
}

/* ---- methods ------------------------------------------------------------------ */

static void register_radio(mock_wpas *mock);

/* "pbc", or "keypad" or "display" with a PIN. */
static void note_method(mock_wpas *mock, const char *method, const char *pin)
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
	g_assert_cmpstr(peer, ==, TV);
	note_method(mock, method, pin);
	mock->persistent = FALSE;
	g_variant_lookup(dict, "persistent", "b", &mock->persistent);
	if (g_variant_lookup(dict, "go_intent", "i", &intent))
		mock->last_intent = intent;
	if (mock->answer == MOCK_REFUSE) {
		g_dbus_method_invocation_return_dbus_error(call, NAME ".ConnectChannelUnsupported",
							   "no");
		return;
	}
	g_dbus_method_invocation_return_value(call, g_variant_new("(s)", ""));
	if (!mock->idle)
		mock->idle = g_idle_add(answer_connect, mock);
}

/* P2P_CONNECT ADDRESS pbc ..., or P2P_CONNECT ADDRESS PIN METHOD ... */
static void note_command(mock_wpas *mock)
{
	g_auto(GStrv) words = g_strsplit(mock->command, " ", -1);
	gboolean pin = g_ascii_isdigit(*words[2]);

	note_method(mock, words[pin ? 3 : 2], pin ? words[2] : "");
	mock->persistent = g_strv_contains((const char *const *)words, "persistent");
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
	g_assert_cmpstr(peer, ==, TV);
	mock->provisions++;
	mock->finding = FALSE;
	g_free(mock->asked_to);
	mock->asked_to = g_strdup(method);
	if (mock->provisioning == MOCK_PROVISION_FAILS) {
		g_dbus_method_invocation_return_dbus_error(call, NAME ".UnknownError", "no");
		return;
	}
	g_dbus_method_invocation_return_value(call, NULL);
	/* Somebody else's, of another device, is none of ours. */
	mock_emit(mock, "ProvisionDiscoveryResponseEnterPin", g_variant_new("(o)", PEERS "020000000101"));
	provision(mock, peer, g_str_equal(method, "display"));
}

static void peer_asked(mock_wpas *mock, GSocketAddress *from, const char *command)
{
	gboolean tv = g_str_equal(command, "P2P_PEER " MOCK_PEER_ID);
	const char *answer = tv ? mock->peer_answer : "FAIL\n";

	mock->peer_commands += tv;
	if (answer)
		g_socket_send_to(mock->control, from, answer, strlen(answer), NULL, NULL);
}

/* Of events there is one, so one that listens is enough. */
static gboolean listener_says(mock_wpas *mock, const char *command, GSocketAddress *from)
{
	if (strcmp(command, "ATTACH") == 0) {
		g_assert_null(mock->listener);
		mock->listener = g_object_ref(from);
		g_socket_send_to(mock->control, from, "OK\n", strlen("OK\n"), NULL, NULL);
		return TRUE;
	}
	if (strcmp(command, "P2P_SET conc_pref sta") == 0) {
		mock->station_first = TRUE;
		g_socket_send_to(mock->control, from, "OK\n", strlen("OK\n"), NULL, NULL);
		return TRUE;
	}
	if (strcmp(command, "PING") == 0) {
		if (mock->last_event)
			say_event(mock, mock->last_event);
		g_clear_pointer(&mock->last_event, g_free);
		g_socket_send_to(mock->control, from, "PONG\n", strlen("PONG\n"), NULL, NULL);
		return TRUE;
	}
	if (strcmp(command, "DETACH") != 0)
		return FALSE;
	g_assert_nonnull(mock->listener);
	g_clear_object(&mock->listener);
	return TRUE;
}

static gboolean control_called(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	mock_wpas *mock = user_data;
	g_autoptr(GSocketAddress) from = NULL;
	char command[256];
	gssize len = g_socket_receive_from(socket, &from, command, sizeof(command) - 1, NULL, NULL);

	g_assert_cmpint(len, >, 0);
	command[len] = '\0';
	if (g_str_has_prefix(command, "P2P_PEER ")) {
		peer_asked(mock, from, command);
		return G_SOURCE_CONTINUE;
	}
	if (listener_says(mock, command, from))
		return G_SOURCE_CONTINUE;
	g_free(mock->command);
	mock->command = g_strdup(command);
	mock->commands++;
	if (g_str_has_prefix(command, "P2P_CONNECT"))
		note_command(mock);
	g_socket_send_to(socket, from, mock->control_answer, strlen(mock->control_answer), NULL, NULL);
	if (g_str_has_prefix(mock->control_answer, "OK") && g_str_has_prefix(command, "P2P_INVITE")) {
		mock_persistent_command(mock, command);
	} else if (g_str_has_prefix(mock->control_answer, "OK")) {
		mock->connects++;
		mock->finding = FALSE;
		if (!mock->idle)
			mock->idle = g_idle_add(answer_connect, mock);
	}
	return G_SOURCE_CONTINUE;
}

void mock_wpas_open_control(mock_wpas *mock)
{
	g_autofree char *directory = g_dir_make_tmp("miracast-wpas-XXXXXX", NULL);
	g_autoptr(GSocketAddress) address = NULL;

	mock->control_path = g_build_filename(directory, "wlan0", NULL);
	address = g_unix_socket_address_new(mock->control_path);
	mock->control = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
				     G_SOCKET_PROTOCOL_DEFAULT, NULL);
	g_assert_true(g_socket_bind(mock->control, address, FALSE, NULL));
	mock->control_source = g_socket_create_source(mock->control, G_IO_IN, NULL);
	g_source_set_callback(mock->control_source, G_SOURCE_FUNC(control_called), mock, NULL);
	g_source_attach(mock->control_source, NULL);
	mock->control_answer = "OK\n";
	mock->peer_answer = "FAIL\n";
}

static void find_called(mock_wpas *mock, GDBusMethodInvocation *call)
{
	mock->finds++;
	mock->finding = TRUE;
	/* Sinks that look at us must see a source from the first frame on. */
	g_assert_cmpuint(g_variant_n_children(mock->wfd), ==, 9);
	g_dbus_method_invocation_return_value(call, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(peers); i++) {
		if (i > 0 || !mock->peer_hidden)
			mock_emit(mock, "DeviceFound", g_variant_new("(o)", peers[i].path));
	}
}

static void create_called(mock_wpas *mock, GDBusMethodInvocation *call)
{
	if (mock->exists)
		register_radio(mock);
	if (mock->build == MOCK_NO_RADIO || mock->interface) {
		g_dbus_method_invocation_return_dbus_error(
			call, mock->interface ? NAME ".InterfaceExists" : NAME ".UnknownError", "no");
		return;
	}
	register_radio(mock);
	g_dbus_method_invocation_return_value(call, g_variant_new("(o)", RADIO));
}

static void stop_find_called(mock_wpas *mock)
{
	if (mock->finding && !mock->between_scans)
		mock_emit(mock, "FindStopped", NULL);
	mock->finding = FALSE;
}

static void disconnect_called(mock_wpas *mock, const char *path)
{
	if (strcmp(path, FOREIGN) == 0) {
		mock->foreign_ends++;
		mock_wpas_foreign_group(mock, FALSE);
		return;
	}
	g_assert_cmpstr(path, ==, GROUP);
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
	g_assert_cmpstr(path, ==, RADIO);
	mock->interface = FALSE;
	mock->finding = FALSE;
	mock->removes++;
	unregister(mock, mock->radio_objects);
	g_dbus_connection_emit_signal(mock->bus, NULL, ROOT, NAME, "InterfaceRemoved",
				      g_variant_new("(o)", RADIO), NULL);
}

static void method_called(GDBusConnection *bus, const char *sender, const char *path,
			  const char *iface, const char *method, GVariant *args,
			  GDBusMethodInvocation *call, gpointer user_data)
{
	mock_wpas *mock = user_data;

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
		mock->find_ifname = ifname_of(mock, path);
		find_called(mock, call);
		return;
	}
	if (strcmp(method, "CreateInterface") == 0) {
		create_called(mock, call);
		return;
	}
	if (strcmp(method, "GetInterface") == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", RADIO));
		return;
	}
	if (mock->deaf && (strcmp(method, "Cancel") == 0 || strcmp(method, "Disconnect") == 0)) {
		g_object_unref(call);
		return;
	}
	if (strcmp(method, "Disconnect") == 0 && strcmp(path, GROUP) == 0 && !mock->group) {
		g_dbus_method_invocation_return_dbus_error(call, NAME ".UnknownError",
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

/* ---- properties ----------------------------------------------------------------- */

/* One of the Wi-Fi Alliance's, which says nothing to us, before the TV's own. */
static GVariant *vendor_extensions(GBytes *vendor)
{
	g_auto(GVariantBuilder) all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aay"));

	g_variant_builder_add_value(&all, mock_bytes((guint8[]){ 0x00, 0x37, 0x2a, 0x00 }, 4));
	if (vendor)
		g_variant_builder_add_value(&all, mock_bytes(g_bytes_get_data(vendor, NULL),
							g_bytes_get_size(vendor)));
	return g_variant_builder_end(&all);
}

static GVariant *peer_property(mock_wpas *mock, const char *path, const char *property)
{
	guint i = 0;

	while (strcmp(peers[i].path, path) != 0)
		i++;
	if (strcmp(property, "DeviceName") == 0)
		return g_variant_new_string(peers[i].name);
	if (strcmp(property, "IEs") == 0 && i == 1 && mock->two_displays)
		i = 0;
	if (strcmp(property, "IEs") == 0)
		return mock_bytes(peers[i].ies, peers[i].ies_len);
	if (strcmp(property, "DeviceAddress") == 0)
		return mock_bytes((guint8[]){ 2, 0, 0, 0, 1, peers[i].last_byte }, 6);
	if (strcmp(property, "VendorExtension") == 0)
		return vendor_extensions(i == 0 ? mock->vendor : NULL);
	if (strcmp(property, "config_method") == 0)
		return g_variant_new_uint16(mock->config_methods);
	if (strcmp(property, "groupcapability") == 0)
		return g_variant_new_byte(i == 0 ? mock->group_capability : 0);
	if (strcmp(property, "level") == 0)
		return g_variant_new_int32(mock->level);
	return g_variant_new_string("");
}

/* The newest first, as wpa_supplicant has them. */
static GVariant *interfaces(mock_wpas *mock)
{
	g_auto(GVariantBuilder) all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_OBJECT_PATH_ARRAY);

	if (mock->foreign)
		g_variant_builder_add(&all, "o", FOREIGN);
	if (mock->build == MOCK_TWO_RADIOS)
		g_variant_builder_add(&all, "o", OTHER_RADIO);
	if (mock->group)
		g_variant_builder_add(&all, "o", GROUP);
	if (mock->interface)
		g_variant_builder_add(&all, "o", RADIO);
	return g_variant_builder_end(&all);
}

static void say_again(mock_wpas *mock)
{
	enum mock_again again = mock->again;

	mock->again = MOCK_NOT_AGAIN;
	if (again == MOCK_STARTED_AGAIN)
		group_finished(mock, GROUP);
	if (again != MOCK_NOT_AGAIN)
		group_started(mock, RADIO, GROUP, GROUP_OBJECT, "GO");
}

static GVariant *get_property(GDBusConnection *bus, const char *sender, const char *path,
			      const char *iface, const char *property, GError **error,
			      gpointer user_data)
{
	mock_wpas *mock = user_data;

	if (strcmp(path, TV) == 0 && mock->peer_hidden) {
		g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "it is lost");
		return NULL;
	}
	if (g_str_has_prefix(path, PEERS))
		return peer_property(mock, path, property);
	if (strcmp(property, "Interfaces") == 0)
		return interfaces(mock);
	if (strcmp(property, "SSID") == 0) {
		say_again(mock);
		return ssid_of(path);
	}
	if (strcmp(property, "Networks") == 0)
		return mock->adopted ? g_variant_new_parsed("[objectpath '/network/0']") :
				       g_variant_new_parsed("@ao []");
	if (strcmp(property, "WFDIEs") == 0)
		return mock->build == MOCK_NO_WFD || mock->build == MOCK_BUILT_WITHOUT_P2P ? NULL : g_variant_ref(mock->wfd);
	if (strcmp(property, "Country") == 0)
		return mock->country ? g_variant_new_string(mock->country) : NULL;
	if (strcmp(property, "UpdateConfig") == 0 && mock->update_config)
		return g_variant_new_string(mock->update_config);
	if (strcmp(property, "Ifname") == 0)
		return g_variant_new_string(ifname_of(mock, path));
	if (strcmp(property, "CtrlInterface") == 0 && mock->control_path) {
		g_autofree char *directory = g_path_get_dirname(mock->control_path);

		return g_variant_new_take_string(g_strdup_printf("DIR=%s GROUP=netdev", directory));
	}
	if (strcmp(property, "Capabilities") == 0 && strcmp(path, ROOT) == 0)
		return mock->build == MOCK_BUILT_WITHOUT_P2P ? g_variant_new_parsed("['ap']") :
							       g_variant_new_parsed("['ap', 'p2p']");
	if (strcmp(property, "Capabilities") == 0)
		return mock->build == MOCK_NO_P2P || mock->build == MOCK_CREATED_NO_P2P ||
				       mock->build == MOCK_BUILT_WITHOUT_P2P || strcmp(path, GROUP) == 0 ?
			g_variant_new_parsed("{'Modes': <['infrastructure']>}") :
			g_variant_new_parsed("{'Modes': <['infrastructure', 'p2p']>}");
	if (strcmp(property, "Peers") == 0)
		return g_variant_new_parsed("@ao []");
	if (strcmp(property, "P2PDeviceConfig") == 0) {
		g_autoptr(GVariant) type = g_variant_parse(G_VARIANT_TYPE_BYTESTRING, mock->device_type, NULL, NULL, NULL);

		return g_variant_new_parsed("{'DeviceName': <%s>, 'PrimaryDeviceType': <%@ay>}",
					    mock->device_name ? mock->device_name : "", type);
	}
	if (strcmp(property, "ConfigMethods") == 0)
		return g_variant_new_string(mock->methods);
	return g_variant_new_string("");
}

static gboolean set_device_config(mock_wpas *mock, GVariant *value, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(GVariant) type =
		g_variant_lookup_value(value, "PrimaryDeviceType", G_VARIANT_TYPE_BYTESTRING);

	/* All or nothing: WPS_DEV_NAME_MAX_LEN. */
	if (g_variant_lookup(value, "DeviceName", "s", &name) &&
	    (strlen(name) > 32 || (mock->refuses_name && *name))) {
		g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, "DeviceName");
		return FALSE;
	}
	if (name) {
		g_free(mock->device_name);
		mock->device_name = g_steal_pointer(&name);
	}
	if (type) {
		g_free(mock->device_type);
		mock->device_type = g_variant_print(type, FALSE);
	}
	return TRUE;
}

static gboolean set_property(GDBusConnection *bus, const char *sender, const char *path,
			     const char *iface, const char *property, GVariant *value,
			     GError **error, gpointer user_data)
{
	mock_wpas *mock = user_data;

	if (strcmp(property, "WFDIEs") == 0) {
		if (mock->build == MOCK_REFUSES_WFD) {
			g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "no");
			return FALSE;
		}
		set_wfd(mock, g_variant_ref(value));
	} else if (strcmp(property, "P2PDeviceConfig") == 0) {
		return set_device_config(mock, value, error);
	} else if (strcmp(property, "ConfigMethods") == 0) {
		g_free(mock->methods);
		mock->methods = g_variant_dup_string(value, NULL);
	}
	return TRUE;
}

void mock_wpas_plug(mock_wpas *mock)
{
	if (!mock->interface)
		register_radio(mock);
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
		mock_emit(mock, "ProvisionDiscoveryResponseEnterPin", g_variant_new("(o)", TV));
		break;
	case MOCK_SIGNAL_PROVISION_SHOWN:
		mock_emit(mock, "ProvisionDiscoveryResponseDisplayPin", g_variant_new("(os)", TV, MOCK_PIN));
		break;
	case MOCK_SIGNAL_PROVISION_FAILED:
		mock_emit(mock, "ProvisionDiscoveryFailure", g_variant_new("(oi)", TV, 2));
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
		negotiated(mock, "GO");
		break;
	case MOCK_SIGNAL_NEGOTIATION_FAILED:
		mock->status = 11;
		fail_negotiation(mock);
		break;
	case MOCK_SIGNAL_WPS_FAILED:
		mock_emit(mock, "WpsFailed",
		     g_variant_new_parsed("('fail', {'msg': <8>, 'config_error': <int16 12>})"));
		break;
	case MOCK_SIGNAL_FORMATION_FAILED:
		mock_emit(mock, "GroupFormationFailure", g_variant_new("(s)", ""));
		break;
	case MOCK_SIGNAL_GROUP_STARTED:
		start_group(mock, "GO");
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
		group_started(mock, UNKNOWN, FOREIGN, FOREIGN_OBJECT, "client");
		break;
	case MOCK_SIGNAL_UNPLUGGED:
		mock_wpas_unplug(mock);
		break;
	case MOCK_N_SIGNALS:
		break;
	}
}

/* ---- life ------------------------------------------------------------------------- */

static void register_object(mock_wpas *mock, const char *path, guint first, guint last, GArray *objects)
{
	static const GDBusInterfaceVTable vtable = { method_called, get_property, set_property, { 0 } };
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
	register_object(mock, RADIO, 1, 3, mock->radio_objects);
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
	register_object(mock, ROOT, 0, 0, mock->objects);
	register_object(mock, GROUP, 1, 3, mock->objects);
	register_object(mock, FOREIGN, 1, 3, mock->objects);
	register_object(mock, UNKNOWN, 1, 3, mock->objects);
	register_object(mock, GROUP_OBJECT, 5, 5, mock->objects);
	register_object(mock, FOREIGN_OBJECT, 5, 5, mock->objects);
	if (build == MOCK_TWO_RADIOS)
		register_object(mock, OTHER_RADIO, 1, 3, mock->objects);
	for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
		register_object(mock, peers[i].path, 4, 4, mock->objects);
	if (build != MOCK_NO_INTERFACE && build != MOCK_CREATED_NO_P2P && build != MOCK_NO_RADIO)
		register_radio(mock);
	ask_for_name(mock, "RequestName", g_variant_new("(su)", NAME, 0));
	return mock;
}

void mock_wpas_free(mock_wpas *mock)
{
	ask_for_name(mock, "ReleaseName", g_variant_new("(s)", NAME));
	g_clear_handle_id(&mock->idle, g_source_remove);
	unregister(mock, mock->objects);
	unregister(mock, mock->radio_objects);
	mock_persistent_clear(mock);
	g_clear_pointer(&mock->kept, g_hash_table_unref);
	g_free(mock->invited_to);
	g_array_unref(mock->objects);
	g_array_unref(mock->radio_objects);
	g_variant_unref(mock->wfd);
	if (mock->control) {
		g_autofree char *directory = g_path_get_dirname(mock->control_path);

		g_source_destroy(mock->control_source);
		g_source_unref(mock->control_source);
		g_object_unref(mock->control);
		g_unlink(mock->control_path);
		g_assert_cmpint(g_rmdir(directory), ==, 0);
	}
	g_clear_object(&mock->listener);
	g_free(mock->last_event);
	g_free(mock->control_path);
	g_free(mock->command);
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
