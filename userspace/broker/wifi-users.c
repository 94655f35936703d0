// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who else has a Wi-Fi network interface: see wifi-users.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "wifi-users.h"

#include <linux/nl80211.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <netlink/genl/genl.h>

#include "nl80211.h"

#define IWD_NAME "net.connman.iwd"
#define NM_NAME "org.freedesktop.NetworkManager"
#define NM_PATH "/org/freedesktop/NetworkManager"
/* NM_DEVICE_STATE_DISCONNECTED: from there on it uses wpa_supplicant's interface. */
#define NM_MANAGED 30

#define ASK_TIMEOUT_MS 2000

struct question {
	const struct wifi_users *users;
	char *ifname;
	GCancellable *cancellable;
	wifi_users_answer *answer;
	gpointer user_data;
};

static struct question *question_new(const struct wifi_users *users, const char *ifname,
				     GCancellable *cancellable, wifi_users_answer *answer,
				     gpointer user_data)
{
	struct question *question = g_new0(struct question, 1);

	question->users = users;
	question->ifname = g_strdup(ifname);
	g_set_object(&question->cancellable, cancellable);
	question->answer = answer;
	question->user_data = user_data;
	return question;
}

static void question_free(struct question *question)
{
	g_free(question->ifname);
	g_clear_object(&question->cancellable);
	g_free(question);
}

typedef struct question pending_question;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(pending_question, question_free)

/* ---- the kernel ---------------------------------------------------------------- */

static char *describe(enum nl80211_iftype type, struct nlattr *ssid)
{
	switch (type) {
	case NL80211_IFTYPE_AP:
	case NL80211_IFTYPE_AP_VLAN:
		return g_strdup("an access point (hostapd)");
	case NL80211_IFTYPE_MESH_POINT:
		return g_strdup("a mesh network");
	case NL80211_IFTYPE_MONITOR:
		return g_strdup("a program that monitors the air");
	case NL80211_IFTYPE_OCB:
	case NL80211_IFTYPE_P2P_CLIENT:
	case NL80211_IFTYPE_P2P_GO:
		return g_strdup("another program");
	default:
		/* A station is told with the name of the network that it is in. */
		return ssid ? g_strdup("a program that has connected it to a network") : NULL;
	}
}

static int interface_came(struct nl_msg *message, void *arg)
{
	struct genlmsghdr *header = nlmsg_data(nlmsg_hdr(message));
	struct nlattr *attributes[NL80211_ATTR_MAX + 1] = { 0 };
	char **user = arg;

	if (nla_parse(attributes, NL80211_ATTR_MAX, genlmsg_attrdata(header, 0),
		      genlmsg_attrlen(header, 0), NULL) == 0 &&
	    attributes[NL80211_ATTR_IFTYPE] && !*user)
		*user = describe(nla_get_u32(attributes[NL80211_ATTR_IFTYPE]),
				 attributes[NL80211_ATTR_SSID]);
	return NL_OK;
}

/* A kernel without nl80211 has nothing that wpa_supplicant could take, either. */
static char *ask_kernel(const char *ifname)
{
	char *user = NULL;

	nl80211_ask(ifname, NL80211_CMD_GET_INTERFACE, 0, 0, interface_came, &user);
	return user;
}

static const char *const control_dirs[] = { "/run/wpa_supplicant", "/run/hostapd", NULL };

const struct wifi_users wifi_users_system = { ask_kernel, control_dirs };

/* ---- control sockets --------------------------------------------------------------- */

/* The file of a process that was killed refuses; a process behind it does not. */
static gboolean is_alive(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	gboolean alive;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return FALSE;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return FALSE;
	alive = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return alive;
}

static char *ask_control_sockets(const struct wifi_users *users, const char *ifname)
{
	for (guint i = 0; users->control_dirs[i]; i++) {
		g_autofree char *path = g_build_filename(users->control_dirs[i], ifname, NULL);
		g_autofree char *program = g_path_get_basename(users->control_dirs[i]);

		if (is_alive(path))
			return g_strdup_printf("another %s", program);
	}
	return NULL;
}

/* ---- iwd --------------------------------------------------------------------------- */

static gboolean has_device(GVariant *objects, const char *ifname)
{
	GVariantIter iter;
	GVariant *interfaces;

	g_variant_iter_init(&iter, objects);
	while (g_variant_iter_next(&iter, "{o@a{sa{sv}}}", NULL, &interfaces)) {
		g_autoptr(GVariant) owned = interfaces;
		g_autoptr(GVariant) device =
			g_variant_lookup_value(owned, IWD_NAME ".Device", G_VARIANT_TYPE_VARDICT);
		const char *name = "";

		if (device && g_variant_lookup(device, "Name", "&s", &name) &&
		    strcmp(name, ifname) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean is_not_there(const GError *error)
{
	return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

static void iwd_answered(GObject *source, GAsyncResult *async, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) result =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), async, &error);
	g_autoptr(pending_question) question = user_data;
	g_autoptr(GVariant) objects = NULL;
	g_autofree char *user = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (result)
		objects = g_variant_get_child_value(result, 0);
	/* One that runs and does not say what it has may have everything. */
	if (objects ? has_device(objects, question->ifname) : !is_not_there(error))
		user = g_strdup("iwd");
	if (!user)
		user = question->users->kernel(question->ifname);
	if (!user)
		user = ask_control_sockets(question->users, question->ifname);
	question->answer(user, question->user_data);
}

void wifi_users_ask(const struct wifi_users *users, GDBusConnection *bus, const char *ifname,
		    GCancellable *cancellable, wifi_users_answer *answer, gpointer user_data)
{
	g_dbus_connection_call(bus, IWD_NAME, "/", "org.freedesktop.DBus.ObjectManager",
			       "GetManagedObjects", NULL, G_VARIANT_TYPE("(a{oa{sa{sv}}})"),
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, ASK_TIMEOUT_MS, cancellable,
			       iwd_answered, question_new(users, ifname, cancellable, answer,
					   user_data));
}

/* ---- NetworkManager ---------------------------------------------------------------- */

static void state_came(GObject *source, GAsyncResult *async, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) result =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), async, &error);
	g_autoptr(pending_question) question = user_data;
	g_autoptr(GVariant) value = NULL;
	gboolean managed = FALSE;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (result)
		g_variant_get(result, "(v)", &value);
	if (value && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
		managed = g_variant_get_uint32(value) >= NM_MANAGED;
	question->answer(managed ? "NetworkManager" : NULL, question->user_data);
}

static void device_came(GObject *source, GAsyncResult *async, gpointer user_data)
{
	GDBusConnection *bus = G_DBUS_CONNECTION(source);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) result = g_dbus_connection_call_finish(bus, async, &error);
	g_autoptr(pending_question) question = user_data;
	GCancellable *cancellable = question->cancellable;
	const char *path;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!result) {
		question->answer(NULL, question->user_data);
		return;
	}
	g_variant_get(result, "(&o)", &path);
	g_dbus_connection_call(bus, NM_NAME, path, "org.freedesktop.DBus.Properties", "Get",
			       g_variant_new("(ss)", NM_NAME ".Device", "State"),
			       G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
			       ASK_TIMEOUT_MS, cancellable, state_came,
			       g_steal_pointer(&question));
}

void wifi_users_ask_manager(GDBusConnection *bus, const char *ifname, GCancellable *cancellable,
			    wifi_users_answer *answer, gpointer user_data)
{
	g_dbus_connection_call(bus, NM_NAME, NM_PATH, NM_NAME, "GetDeviceByIpIface",
			       g_variant_new("(s)", ifname), G_VARIANT_TYPE("(o)"),
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, ASK_TIMEOUT_MS, cancellable,
			       device_came, question_new(NULL, ifname, cancellable, answer, user_data));
}
