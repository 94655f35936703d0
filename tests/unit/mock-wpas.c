// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A wpa_supplicant for tests: see mock-wpas.h.
 */
#include "mock-wpas.h"

#include <string.h>

#define NAME "fi.w1.wpa_supplicant1"
#define ROOT "/fi/w1/wpa_supplicant1"
#define RADIO ROOT "/Interfaces/0"
#define GROUP ROOT "/Interfaces/1"
#define PEERS RADIO "/Peers/"
#define TV PEERS "020000000100"

static const char xml[] =
	"<node>"
	"<interface name='fi.w1.wpa_supplicant1'>"
	" <method name='CreateInterface'><arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
	" <method name='RemoveInterface'><arg type='o' direction='in'/></method>"
	" <property name='Interfaces' type='ao' access='read'/>"
	" <property name='Capabilities' type='as' access='read'/>"
	" <property name='WFDIEs' type='ay' access='readwrite'/>"
	"</interface>"
	"<interface name='fi.w1.wpa_supplicant1.Interface'>"
	" <property name='Ifname' type='s' access='read'/>"
	" <property name='Capabilities' type='a{sv}' access='read'/>"
	"</interface>"
	"<interface name='fi.w1.wpa_supplicant1.Interface.WPS'>"
	" <property name='ConfigMethods' type='s' access='readwrite'/>"
	"</interface>"
	"<interface name='fi.w1.wpa_supplicant1.Interface.P2PDevice'>"
	" <method name='Find'><arg type='a{sv}' direction='in'/></method>"
	" <method name='StopFind'/>"
	" <method name='Connect'><arg type='a{sv}' direction='in'/><arg type='s' direction='out'/></method>"
	" <method name='Cancel'/>"
	" <method name='Disconnect'/>"
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
	" <property name='groupcapability' type='y' access='read'/>"
	" <property name='level' type='i' access='read'/>"
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

static GVariant *bytes(gconstpointer data, gsize len)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, len, 1);
}

static void emit(mock_wpas *mock, const char *signal, GVariant *args)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, RADIO, NAME ".Interface.P2PDevice", signal,
				      args, NULL);
}

void mock_wpas_show_peer(mock_wpas *mock, gboolean there)
{
	mock->peer_hidden = !there;
	emit(mock, there ? "DeviceFound" : "DeviceLost", g_variant_new("(o)", TV));
}

static void start_group(mock_wpas *mock, const char *role)
{
	mock->group = TRUE;
	emit(mock, "GONegotiationSuccess", g_variant_new_parsed("({'peer_object': <%o>},)", TV));
	emit(mock, "GroupStarted",
	     g_variant_new_parsed("({'interface_object': <%o>, 'role': <%s>, 'group_object': <%o>},)",
				  GROUP, role, GROUP "/Groups/AB"));
}

void mock_wpas_end_group(mock_wpas *mock)
{
	mock->group = FALSE;
	emit(mock, "GroupFinished",
	     g_variant_new_parsed("({'interface_object': <%o>, 'role': <'GO'>},)", GROUP));
}

void mock_wpas_station(mock_wpas *mock, gboolean joined)
{
	g_dbus_connection_emit_signal(mock->bus, NULL, GROUP, NAME ".Interface",
				      joined ? "StaAuthorized" : "StaDeauthorized",
				      g_variant_new("(s)", "02:00:00:00:01:00"), NULL);
}

void mock_wpas_unplug(mock_wpas *mock)
{
	mock->interface = FALSE;
	mock->group = FALSE;
	g_variant_unref(mock->wfd);
	mock->wfd = g_variant_ref_sink(bytes(NULL, 0));
	g_dbus_connection_emit_signal(mock->bus, NULL, ROOT, NAME, "InterfaceRemoved",
				      g_variant_new("(o)", RADIO), NULL);
}

static void fail_negotiation(mock_wpas *mock)
{
	emit(mock, "GONegotiationFailure",
	     g_variant_new_parsed("({'peer_object': <%o>, 'status': <%i>},)", TV, mock->status));
}

static gboolean answer_connect(gpointer user_data)
{
	mock_wpas *mock = user_data;

	mock->idle = 0;
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
		emit(mock, "GONegotiationSuccess", g_variant_new_parsed("(@a{sv} {},)"));
		emit(mock, "WpsFailed",
		     g_variant_new_parsed("('fail', {'msg': <8>, 'config_error': <int16 12>})"));
		break;
	case MOCK_FORMATION_FAILS:
		emit(mock, "GONegotiationSuccess", g_variant_new_parsed("(@a{sv} {},)"));
		emit(mock, "GroupFormationFailure", g_variant_new("(s)", ""));
		break;
	case MOCK_IGNORE:
	case MOCK_REFUSE:
		break;
	}
	return G_SOURCE_REMOVE;
}

/* ---- methods ------------------------------------------------------------------ */

static void register_radio(mock_wpas *mock);

static void connect_called(mock_wpas *mock, GVariant *args, GDBusMethodInvocation *call)
{
	g_autoptr(GVariant) dict = g_variant_get_child_value(args, 0);
	const char *peer = "", *method = "";
	gint32 intent = 0;

	mock->connects++;
	g_variant_lookup(dict, "peer", "&o", &peer);
	g_variant_lookup(dict, "wps_method", "&s", &method);
	g_assert_cmpstr(peer, ==, TV);
	g_assert_cmpstr(method, ==, "pbc");
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

static void find_called(mock_wpas *mock, GDBusMethodInvocation *call)
{
	mock->finds++;
	/* Sinks that look at us must see a source from the first frame on. */
	g_assert_cmpuint(g_variant_n_children(mock->wfd), ==, 9);
	g_dbus_method_invocation_return_value(call, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(peers); i++) {
		if (i > 0 || !mock->peer_hidden)
			emit(mock, "DeviceFound", g_variant_new("(o)", peers[i].path));
	}
}

static void method_called(GDBusConnection *bus, const char *sender, const char *path,
			  const char *iface, const char *method, GVariant *args,
			  GDBusMethodInvocation *call, gpointer user_data)
{
	mock_wpas *mock = user_data;

	if (strcmp(method, "Connect") == 0) {
		connect_called(mock, args, call);
		return;
	}
	if (strcmp(method, "Find") == 0) {
		find_called(mock, call);
		return;
	}
	if (strcmp(method, "CreateInterface") == 0) {
		if (mock->build == MOCK_NO_RADIO || mock->interface) {
			g_dbus_method_invocation_return_dbus_error(
				call, mock->interface ? NAME ".InterfaceExists" : NAME ".UnknownError",
				"no");
			return;
		}
		register_radio(mock);
		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", RADIO));
		return;
	}
	g_dbus_method_invocation_return_value(call, NULL);
	if (strcmp(method, "StopFind") == 0) {
		emit(mock, "FindStopped", NULL);
	} else if (strcmp(method, "Cancel") == 0) {
		mock->cancels++;
	} else if (strcmp(method, "Disconnect") == 0) {
		g_assert_cmpstr(path, ==, GROUP);
		mock_wpas_end_group(mock);
	} else if (strcmp(method, "RemoveInterface") == 0) {
		mock->interface = FALSE;
		mock->removes++;
	}
}

/* ---- properties ----------------------------------------------------------------- */

static GVariant *peer_property(const char *path, const char *property)
{
	guint i = 0;

	while (strcmp(peers[i].path, path) != 0)
		i++;
	if (strcmp(property, "DeviceName") == 0)
		return g_variant_new_string(peers[i].name);
	if (strcmp(property, "IEs") == 0)
		return bytes(peers[i].ies, peers[i].ies_len);
	if (strcmp(property, "DeviceAddress") == 0)
		return bytes((guint8[]){ 2, 0, 0, 0, 1, peers[i].last_byte }, 6);
	if (strcmp(property, "config_method") == 0)
		return g_variant_new_uint16(0x0080);
	if (strcmp(property, "groupcapability") == 0)
		return g_variant_new_byte(0);
	if (strcmp(property, "level") == 0)
		return g_variant_new_int32(-40);
	return g_variant_new_string("");
}

static GVariant *get_property(GDBusConnection *bus, const char *sender, const char *path,
			      const char *iface, const char *property, GError **error,
			      gpointer user_data)
{
	mock_wpas *mock = user_data;

	if (g_str_has_prefix(path, PEERS))
		return peer_property(path, property);
	if (strcmp(property, "Interfaces") == 0)
		return mock->group && mock->interface ? g_variant_new_parsed("[%o, %o]", GROUP, RADIO) :
		       mock->group ? g_variant_new_parsed("[%o]", GROUP) :
		       mock->interface ? g_variant_new_parsed("[%o]", RADIO) :
					 g_variant_new_parsed("@ao []");
	if (strcmp(property, "WFDIEs") == 0)
		return mock->build == MOCK_NO_WFD ? NULL : g_variant_ref(mock->wfd);
	if (strcmp(property, "Ifname") == 0)
		return g_variant_new_string(strcmp(path, GROUP) == 0 ? "lo" : "wlan0");
	if (strcmp(property, "Capabilities") == 0 && strcmp(path, ROOT) == 0)
		return g_variant_new_parsed("['ap', 'p2p']");
	if (strcmp(property, "Capabilities") == 0)
		return mock->build == MOCK_NO_P2P ?
			g_variant_new_parsed("{'Modes': <['infrastructure']>}") :
			g_variant_new_parsed("{'Modes': <['infrastructure', 'p2p']>}");
	if (strcmp(property, "Peers") == 0)
		return g_variant_new_parsed("@ao []");
	if (strcmp(property, "P2PDeviceConfig") == 0)
		return g_variant_new_parsed("{'DeviceName': <''>}");
	return g_variant_new_string("");
}

static gboolean set_property(GDBusConnection *bus, const char *sender, const char *path,
			     const char *iface, const char *property, GVariant *value,
			     GError **error, gpointer user_data)
{
	mock_wpas *mock = user_data;

	if (strcmp(property, "WFDIEs") == 0) {
		g_variant_unref(mock->wfd);
		mock->wfd = g_variant_ref(value);
	} else if (strcmp(property, "P2PDeviceConfig") == 0) {
		g_clear_pointer(&mock->device_name, g_free);
		g_variant_lookup(value, "DeviceName", "s", &mock->device_name);
	}
	return TRUE;
}

/* ---- life ------------------------------------------------------------------------- */

static void register_object(mock_wpas *mock, const char *path, guint first, guint last)
{
	static const GDBusInterfaceVTable vtable = { method_called, get_property, set_property, { 0 } };
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);

	for (guint i = first; i <= last; i++) {
		g_autoptr(GError) error = NULL;
		guint id = g_dbus_connection_register_object(mock->bus, path, info->interfaces[i],
							     &vtable, mock, NULL, &error);

		g_assert_no_error(error);
		g_array_append_val(mock->objects, id);
	}
}

static void register_radio(mock_wpas *mock)
{
	mock->interface = TRUE;
	register_object(mock, RADIO, 1, 3);
}

mock_wpas *mock_wpas_new(GDBusConnection *bus, enum mock_build build)
{
	mock_wpas *mock = g_new0(mock_wpas, 1);

	mock->bus = g_object_ref(bus);
	mock->build = build;
	mock->wfd = g_variant_ref_sink(bytes(NULL, 0));
	mock->objects = g_array_new(FALSE, FALSE, sizeof(guint));
	register_object(mock, ROOT, 0, 0);
	register_object(mock, GROUP, 1, 3);
	for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
		register_object(mock, peers[i].path, 4, 4);
	if (build != MOCK_NO_INTERFACE && build != MOCK_NO_RADIO)
		register_radio(mock);
	mock->name_id = g_bus_own_name_on_connection(bus, NAME, G_BUS_NAME_OWNER_FLAGS_NONE, NULL,
						     NULL, NULL, NULL);
	return mock;
}

void mock_wpas_free(mock_wpas *mock)
{
	g_bus_unown_name(mock->name_id);
	g_clear_handle_id(&mock->idle, g_source_remove);
	for (guint i = 0; i < mock->objects->len; i++)
		g_dbus_connection_unregister_object(mock->bus,
						    g_array_index(mock->objects, guint, i));
	g_array_unref(mock->objects);
	g_variant_unref(mock->wfd);
	g_free(mock->device_name);
	g_object_unref(mock->bus);
	g_free(mock);
}
