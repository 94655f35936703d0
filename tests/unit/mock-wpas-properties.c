// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Properties of the wpa_supplicant for tests, and of what it sees: see mock-wpas.h.
 */
#include "mock-wpas-private.h"

#include <string.h>

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
	{ MOCK_TV, 0x00, MOCK_PEER_NAME,
	  { 0x00, 0x00, 0x06, 0x01, 0x11, 0x1c, 0x44, 0x00, 0x32 }, 9 },
	{ MOCK_PEERS "020000000101", 0x01, "Laptop",
	  { 0x00, 0x00, 0x06, 0x00, 0x10, 0x1c, 0x44, 0x00, 0xc8 }, 9 },
	{ MOCK_PEERS "020000000102", 0x02, "Printer", { 0 }, 0 },
};

const char *mock_peer_path(guint i)
{
	return i < G_N_ELEMENTS(peers) ? peers[i].path : NULL;
}

const char *mock_ifname_of(mock_wpas *mock, const char *path)
{
	return strcmp(path, MOCK_GROUP) == 0 ? (mock->group_ifname ? mock->group_ifname : "lo") :
	       strcmp(path, MOCK_FOREIGN) == 0 || strcmp(path, MOCK_UNKNOWN) == 0 ? MOCK_FOREIGN_IFNAME :
	       strcmp(path, MOCK_OTHER_RADIO) == 0 ? "wlan9" :
						     "wlan0";
}

GVariant *mock_ssid_of(const char *path)
{
	return strstr(path, MOCK_FOREIGN) || strstr(path, MOCK_UNKNOWN) ? mock_bytes("DIRECT-other", 12) :
									  mock_bytes("DIRECT-ours", 11);
}

void mock_set_wfd(mock_wpas *mock, GVariant *value)
{
	g_variant_unref(mock->wfd);
	mock->wfd = value;
}

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
		g_variant_builder_add(&all, "o", MOCK_FOREIGN);
	if (mock->build == MOCK_TWO_RADIOS)
		g_variant_builder_add(&all, "o", MOCK_OTHER_RADIO);
	if (mock->group)
		g_variant_builder_add(&all, "o", MOCK_GROUP);
	if (mock->interface)
		g_variant_builder_add(&all, "o", MOCK_RADIO);
	return g_variant_builder_end(&all);
}

GVariant *mock_get_property(GDBusConnection *bus, const char *sender, const char *path, const char *iface,
			    const char *property, GError **error, gpointer user_data)
{
	mock_wpas *mock = user_data;

	if (strcmp(path, MOCK_TV) == 0 && mock->peer_hidden) {
		g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "it is lost");
		return NULL;
	}
	if (g_str_has_prefix(path, MOCK_PEERS))
		return peer_property(mock, path, property);
	if (strcmp(property, "Interfaces") == 0)
		return interfaces(mock);
	if (strcmp(property, "SSID") == 0) {
		mock_say_group_again(mock);
		return mock_ssid_of(path);
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
		return g_variant_new_string(mock_ifname_of(mock, path));
	if (strcmp(property, "CtrlInterface") == 0 && mock->control_path) {
		g_autofree char *directory = g_path_get_dirname(mock->control_path);

		return g_variant_new_take_string(g_strdup_printf("DIR=%s GROUP=netdev", directory));
	}
	if (strcmp(property, "Capabilities") == 0 && strcmp(path, MOCK_ROOT) == 0)
		return mock->build == MOCK_BUILT_WITHOUT_P2P ? g_variant_new_parsed("['ap']") :
							       g_variant_new_parsed("['ap', 'p2p']");
	if (strcmp(property, "Capabilities") == 0)
		return mock->build == MOCK_NO_P2P || mock->build == MOCK_CREATED_NO_P2P ||
				       mock->build == MOCK_BUILT_WITHOUT_P2P || strcmp(path, MOCK_GROUP) == 0 ?
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

static void set_device_config(mock_wpas *mock, GVariant *value, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(GVariant) type =
		g_variant_lookup_value(value, "PrimaryDeviceType", G_VARIANT_TYPE_BYTESTRING);

	/* All or nothing: WPS_DEV_NAME_MAX_LEN. */
	if (g_variant_lookup(value, "DeviceName", "s", &name) &&
	    (strlen(name) > 32 || (mock->refuses_name && *name))) {
		g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, "DeviceName");
		return;
	}
	if (name) {
		g_free(mock->device_name);
		mock->device_name = g_steal_pointer(&name);
	}
	if (type) {
		g_free(mock->device_type);
		mock->device_type = g_variant_print(type, FALSE);
	}
}

void mock_set_property(mock_wpas *mock, const char *property, GVariant *value, GDBusMethodInvocation *call)
{
	GError *error = NULL;

	if (strcmp(property, "WFDIEs") == 0 && mock->build == MOCK_REFUSES_WFD) {
		g_set_error_literal(&error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "no");
	} else if (strcmp(property, "WFDIEs") == 0) {
		mock_set_wfd(mock, g_variant_ref(value));
	} else if (strcmp(property, "P2PDeviceConfig") == 0) {
		set_device_config(mock, value, &error);
	} else if (strcmp(property, "ConfigMethods") == 0) {
		g_free(mock->methods);
		mock->methods = g_variant_dup_string(value, NULL);
	}
	if (error)
		g_dbus_method_invocation_take_error(call, error);
	else
		g_dbus_method_invocation_return_value(call, NULL);
}
