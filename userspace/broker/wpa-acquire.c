// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Taking wpa_supplicant's P2P device and giving it back: see wpa-supplicant.h.
 *
 * The steps of acquiring, each an answer to a call:
 *
 *	root object -> every interface that there is -> choice
 *	   none suits -> for each adapter: who has it? -> create -> look -> choice
 *	choice -> name, type and methods, where nobody has set them -> WFD element
 */
#define G_LOG_DOMAIN "miracastd"

#include "wpa-private.h"

#include <string.h>

/* Category 1 (computer), OUI 00-50-F2-04, subcategory 1 (PC); WSC 2.0, 12. */
static const guint8 primary_device_type[] = { 0, 1, 0x00, 0x50, 0xf2, 0x04, 0, 1 };

#define CONFIG_METHODS "display virtual_display keypad push_button virtual_push_button"

static GVariant *bytes_variant(gconstpointer data, gsize len)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, len, 1);
}

GVariant *wpas_bytes_variant(GBytes *bytes)
{
	gsize len;
	gconstpointer data = g_bytes_get_data(bytes, &len);

	return bytes_variant(data, len);
}

static void radio_free(struct wpas_radio *radio)
{
	g_free(radio->path);
	g_free(radio->ifname);
	g_free(radio->control);
	g_free(radio);
}

static void starting_free(struct wpas_starting *starting)
{
	g_free(starting->path);
	g_variant_unref(starting->started);
	g_free(starting->ifname);
	g_clear_pointer(&starting->ssid, g_bytes_unref);
	g_free(starting);
}

void wpas_clear(wpas *w)
{
	if (w->cancellable)
		g_cancellable_cancel(w->cancellable);
	g_clear_object(&w->cancellable);
	w->cancellable = g_cancellable_new();
	w->state = WPAS_IDLE;
	w->release_wanted = FALSE;
	w->announced = FALSE;
	w->forming = FALSE;
	w->cancel_answered = FALSE;
	wpas_forget_connect(w);
	w->width = 0;
	g_clear_pointer(&w->interface, g_free);
	/* Without an interface nothing is said of it. */
	wpas_invitation_is_over(w);
	g_queue_clear_full(&w->new_groups, g_free);
	wpas_stop_listening(w);
	g_clear_pointer(&w->ifname, g_free);
	g_clear_pointer(&w->created, g_free);
	g_clear_pointer(&w->created_ifname, g_free);
	g_clear_pointer(&w->former_wfd, g_bytes_unref);
	g_clear_pointer(&w->former_config, g_variant_unref);
	g_clear_pointer(&w->former, g_variant_unref);
	g_clear_error(&w->problem);
	w->adapters_listed = FALSE;
	g_queue_clear_full(&w->interfaces, g_free);
	g_queue_clear_full(&w->adapters, g_free);
	g_clear_pointer(&w->radios, g_hash_table_unref);
	g_clear_pointer(&w->groups, g_hash_table_unref);
	g_clear_pointer(&w->starting, g_hash_table_unref);
	g_clear_pointer(&w->lost, g_hash_table_unref);
	g_clear_pointer(&w->asked, g_hash_table_unref);
	w->unheard = FALSE;
	g_clear_pointer(&w->ended, g_hash_table_unref);
	w->ended = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	w->lost = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	w->asked = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, wpas_asked_free);
	w->radios = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					  (GDestroyNotify)radio_free);
	w->groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	w->starting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    (GDestroyNotify)starting_free);
}

void wpas_fail_error(wpas *w, GError *error)
{
	g_autoptr(GError) owned = error;

	wpas_clear(w);
	w->funcs->failed(w, owned, w->user_data);
}

void wpas_fail(wpas *w, enum reason_code code, const char *format, ...)
{
	GError *error;
	va_list args;

	va_start(args, format);
	error = g_error_new_valist(REASON_ERROR, code, format, args);
	va_end(args);
	wpas_fail_error(w, error);
}

/* ---- what we created ----------------------------------------------------------- */

/* Removing is a step of acquiring or of releasing; this goes on with it. */
typedef void after_removal(wpas *w);
static after_removal *removal_next(wpas *w);

static void forget_created(wpas *w)
{
	g_clear_pointer(&w->created, g_free);
	g_clear_pointer(&w->created_ifname, g_free);
	w->funcs->created(w, NULL, w->user_data);
}

static void removed(wpas *w, const char *context, GVariant *result, const GError *error)
{
	wpas_log_error(w, context, result, error);
	forget_created(w);
	removal_next(w)(w);
}

static void keep_created(wpas *w, const char *user)
{
	g_message("wpa_supplicant: interface %s stays, %s uses it now",
		  w->created_ifname ? w->created_ifname : w->created, user);
	forget_created(w);
	removal_next(w)(w);
}

/* Without a manager of its own: somebody has told it of a network to join. */
static void networks_came(wpas *w, const char *context, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) networks = NULL;

	if (result)
		g_variant_get(result, "(v)", &networks);
	if (networks && g_variant_is_of_type(networks, G_VARIANT_TYPE_OBJECT_PATH_ARRAY) &&
	    g_variant_n_children(networks) > 0)
		keep_created(w, "another program");
	else
		wpas_call(w, WPAS_ROOT_PATH, WPAS_ROOT_IFACE, "RemoveInterface",
			  g_variant_new("(o)", w->created), NULL, removed, "RemoveInterface");
}

static void manager_answered(const char *user, gpointer user_data)
{
	wpas *w = user_data;

	if (user)
		keep_created(w, user);
	else
		wpas_get(w, w->created, WPAS_INTERFACE_IFACE, "Networks", networks_came, NULL);
}

static void ask_manager(wpas *w)
{
	wifi_users_ask_manager(w->bus, w->created_ifname, w->cancellable, manager_answered, w);
}

static void created_name_came(wpas *w, const char *context, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) name = NULL;

	if (error) {
		removed(w, "Ifname", NULL, error); /* it is not there any more */
		return;
	}
	g_variant_get(result, "(v)", &name);
	w->created_ifname = g_variant_dup_string(name, NULL);
	ask_manager(w);
}

/* Unless somebody has begun to use it. removal_next() follows. */
static void remove_created(wpas *w)
{
	if (w->created_ifname)
		ask_manager(w);
	else
		wpas_get(w, w->created, WPAS_INTERFACE_IFACE, "Ifname", created_name_came, NULL);
}

/* ---- acquiring: the choice --------------------------------------------------------- */

static void next_step(wpas *w);

void wpas_set_back(wpas *w, GVariant *former)
{
	g_autoptr(GVariant) config = NULL;
	const char *path, *methods;

	if (!g_variant_is_of_type(former, G_VARIANT_TYPE(WPAS_FORMER_TYPE)))
		return;
	g_variant_get(former, "(&o@a{sv}m&s)", &path, &config, &methods);
	wpas_set(w, path, WPAS_P2P_IFACE, "P2PDeviceConfig", config);
	if (methods)
		wpas_set(w, path, WPAS_WPS_IFACE, "ConfigMethods", g_variant_new_string(methods));
}

/* Name, type and methods as they were; of an interface that goes it does not matter. */
static void restore_config(wpas *w)
{
	if (w->former)
		wpas_set_back(w, w->former);
	g_clear_pointer(&w->former, g_variant_unref);
}

/* What users read of it: without the name of the error on the bus. */
static char *words_of(const GError *error)
{
	g_autoptr(GError) copy = g_error_copy(error);

	g_dbus_error_strip_remote_error(copy);
	return g_strdup(copy->message);
}

static void announced(wpas *w, const char *context, GVariant *result, const GError *error)
{
	w->announced = !error;
	if (error) {
		g_autofree char *words = words_of(error);

		g_clear_error(&w->problem);
		g_set_error(&w->problem, REASON_ERROR, REASON_SUPPLICANT_FAILED,
			    "wpa_supplicant refused our Wi-Fi Display element: %s", words);
		/* The element is of all interfaces, so none is left to try. */
		restore_config(w);
		g_clear_pointer(&w->interface, g_free);
		g_hash_table_remove_all(w->radios);
		g_queue_clear_full(&w->adapters, g_free);
		w->adapters_listed = TRUE;
	}
	next_step(w);
}

static void announce(wpas *w)
{
	wpas_call(w, WPAS_ROOT_PATH, WPAS_PROPERTIES_IFACE, "Set",
		  g_variant_new("(ssv)", WPAS_ROOT_IFACE, "WFDIEs", wpas_bytes_variant(w->wfd)), NULL,
		  announced, NULL);
}

void wpas_announce_again(wpas *w)
{
	wpas_set(w, WPAS_ROOT_PATH, WPAS_ROOT_IFACE, "WFDIEs", wpas_bytes_variant(w->wfd));
}

static GVariant *device_config(const char *name)
{
	g_auto(GVariantDict) config = G_VARIANT_DICT_INIT(NULL);

	if (name)
		g_variant_dict_insert(&config, "DeviceName", "s", name);
	g_variant_dict_insert_value(&config, "PrimaryDeviceType",
				    bytes_variant(primary_device_type, sizeof(primary_device_type)));
	return g_variant_dict_end(&config);
}

/* Better a computer without a name than neither. */
static void config_answered(wpas *w, const char *context, GVariant *result, const GError *error)
{
	if (!error)
		return;
	g_info("wpa_supplicant: P2PDeviceConfig: %s", error->message);
	if (w->interface)
		wpas_set(w, w->interface, WPAS_P2P_IFACE, "P2PDeviceConfig", device_config(NULL));
}

static void set_device_config(wpas *w)
{
	wpas_call(w, w->interface, WPAS_PROPERTIES_IFACE, "Set",
		  g_variant_new("(ssv)", WPAS_P2P_IFACE, "P2PDeviceConfig",
				device_config(w->device_name)), NULL, config_answered, NULL);
	wpas_set(w, w->interface, WPAS_WPS_IFACE, "ConfigMethods",
		 g_variant_new_string(CONFIG_METHODS));
}

static void methods_came(wpas *w, const char *context, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) methods = NULL;
	const char *text = NULL;

	if (result)
		g_variant_get(result, "(v)", &methods);
	if (methods && g_variant_is_of_type(methods, G_VARIANT_TYPE_STRING))
		text = g_variant_get_string(methods, NULL);
	if (w->release_wanted) {
		next_step(w);
		return;
	}
	w->former = g_variant_ref_sink(g_variant_new("(o@a{sv}ms)", w->interface, w->former_config, text));
	w->funcs->configured(w, w->former, w->user_data);
	set_device_config(w);
	announce(w);
}

/* A name, a type and methods, where whoever owns the interface has not set them. */
static void device_config_came(wpas *w, const char *path, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) all = NULL;
	g_autoptr(GVariant) config = NULL;
	g_autoptr(GVariant) type = NULL;
	g_auto(GVariantDict) former = G_VARIANT_DICT_INIT(NULL);
	const char *name = "";

	if (error) {
		struct wpas_radio *radio = g_hash_table_lookup(w->radios, path);

		g_info("wpa_supplicant: %s: %s", path, error->message);
		if (radio)
			radio->p2p = FALSE;
		g_clear_pointer(&w->interface, g_free);
		next_step(w);
		return;
	}
	g_variant_get(result, "(@a{sv})", &all);
	config = g_variant_lookup_value(all, "P2PDeviceConfig", G_VARIANT_TYPE_VARDICT);
	if (config)
		g_variant_lookup(config, "DeviceName", "&s", &name);
	if (g_strcmp0(w->created, w->interface) == 0) {
		set_device_config(w);
		announce(w);
	} else if (*name) {
		announce(w);
	} else {
		if (config)
			type = g_variant_lookup_value(config, "PrimaryDeviceType",
						      G_VARIANT_TYPE_BYTESTRING);
		g_variant_dict_insert(&former, "DeviceName", "s", name);
		if (type)
			g_variant_dict_insert_value(&former, "PrimaryDeviceType", type);
		w->former_config = g_variant_ref_sink(g_variant_dict_end(&former));
		wpas_get(w, path, WPAS_WPS_IFACE, "ConfigMethods", methods_came, NULL);
	}
}

static void use_radio(wpas *w, struct wpas_radio *radio)
{
	w->interface = g_strdup(radio->path);
	g_free(w->ifname);
	w->ifname = g_strdup(radio->ifname);
	g_message("using P2P of Wi-Fi interface %s", radio->ifname);
	wpas_get_all(w, radio->path, WPAS_P2P_IFACE, device_config_came);
}

/* By the number at the end: the order in which wpa_supplicant got them. */
static gint compare_paths(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	guint64 i = x ? g_ascii_strtoull(x + 1, NULL, 10) : 0;
	guint64 j = y ? g_ascii_strtoull(y + 1, NULL, 10) : 0;

	return i < j ? -1 : i > j;
}

/* The first one that can do P2P: that is where wpa_supplicant has its P2P device. */
static struct wpas_radio *choose_radio(wpas *w)
{
	struct wpas_radio *best = NULL, *radio;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->radios);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&radio)) {
		if (!radio->p2p ||
		    (w->wanted_interface && strcmp(w->wanted_interface, radio->ifname) != 0))
			continue;
		if (!best || compare_paths(radio->path, best->path) < 0)
			best = radio;
	}
	return best;
}

static gboolean has_p2p(GVariant *properties)
{
	g_autoptr(GVariant) capabilities =
		g_variant_lookup_value(properties, "Capabilities", G_VARIANT_TYPE_VARDICT);
	g_autofree const char **modes = NULL;

	return capabilities && g_variant_lookup(capabilities, "Modes", "^a&s", &modes) &&
	       g_strv_contains(modes, "p2p");
}

static void interface_came(wpas *w, const char *path, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) properties = NULL;
	struct wpas_radio *radio;
	const char *name = "", *control, *writes = "";

	if (error || g_hash_table_contains(w->lost, path)) {
		next_step(w); /* it has gone meanwhile */
		return;
	}
	g_variant_get(result, "(@a{sv})", &properties);
	g_variant_lookup(properties, "Ifname", "&s", &name);
	/* A group comes and goes, be it somebody's, or left behind and on its way out. */
	if (wpas_is_group_interface(name)) {
		if (!g_hash_table_contains(w->ended, path))
			g_hash_table_replace(w->groups, g_strdup(path),
					     g_strdup(name));
	} else {
		radio = g_new0(struct wpas_radio, 1);
		radio->path = g_strdup(path);
		radio->ifname = g_strdup(name);
		radio->p2p = has_p2p(properties);
		if (g_variant_lookup(properties, "CtrlInterface", "&s", &control))
			radio->control = wpa_control_path(control, name);
		radio->keeps_no_file = g_variant_lookup(properties, "UpdateConfig", "&s", &writes) &&
				       strcmp(writes, "0") == 0;
		g_hash_table_replace(w->radios, radio->path, radio);
		if (!radio->p2p)
			g_info("wpa_supplicant: interface %s has no P2P", name);
	}
	next_step(w);
}

/* ---- acquiring: an adapter that wpa_supplicant does not have yet ------------------------ */

/* Somebody else was quicker: then it is theirs, and we use it beside them. */
static void existing_came(wpas *w, const char *ifname, GVariant *result, const GError *error)
{
	const char *path;

	if (result) {
		g_variant_get(result, "(&o)", &path);
		g_queue_push_tail(&w->interfaces, g_strdup(path));
	}
	next_step(w);
}

static void interface_created(wpas *w, const char *ifname, GVariant *result, const GError *error)
{
	g_autofree char *remote = error ? g_dbus_error_get_remote_error(error) : NULL;
	const char *path;

	if (g_strcmp0(remote, WPAS_NAME ".InterfaceExists") == 0) {
		wpas_call(w, WPAS_ROOT_PATH, WPAS_ROOT_IFACE, "GetInterface",
			  g_variant_new("(s)", ifname), "(o)", existing_came, ifname);
		return;
	}
	if (error) {
		g_info("wpa_supplicant: cannot create interface %s: %s", ifname, error->message);
		next_step(w);
		return;
	}
	g_variant_get(result, "(&o)", &path);
	w->created = g_strdup(path);
	w->created_ifname = g_strdup(ifname);
	g_hash_table_remove(w->lost, path);
	w->funcs->created(w, path, w->user_data);
	g_queue_push_tail(&w->interfaces, g_strdup(path));
	next_step(w);
}

static void adapter_answered(const char *user, gpointer user_data)
{
	wpas *w = user_data;
	g_autofree char *ifname = g_queue_pop_head(&w->adapters);
	g_auto(GVariantDict) args = G_VARIANT_DICT_INIT(NULL);

	if (user || w->release_wanted) {
		if (user && !w->problem)
			g_set_error(&w->problem, REASON_ERROR, REASON_LINK_UNAVAILABLE,
				    "%s has the Wi-Fi adapter %s and would lose it; let NetworkManager "
				    "run it with wpa_supplicant, or plug in a second adapter", user, ifname);
		next_step(w);
		return;
	}
	g_variant_dict_insert(&args, "Ifname", "s", ifname);
	wpas_call(w, WPAS_ROOT_PATH, WPAS_ROOT_IFACE, "CreateInterface",
		  g_variant_new("(@a{sv})", g_variant_dict_end(&args)), "(o)", interface_created,
		  ifname);
}

static gboolean is_radio(wpas *w, const char *ifname)
{
	struct wpas_radio *radio;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->radios);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&radio))
		if (strcmp(radio->ifname, ifname) == 0)
			return TRUE;
	return FALSE;
}

static gint compare_names(gconstpointer a, gconstpointer b, gpointer user_data)
{
	return strcmp(a, b);
}

/* Those of the machine that wpa_supplicant does not have; it makes P2P ones itself. */
static void list_adapters(wpas *w)
{
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (w->wanted_interface) {
		if (!is_radio(w, w->wanted_interface))
			g_queue_push_tail(&w->adapters, g_strdup(w->wanted_interface));
		return;
	}
	dir = g_dir_open("/sys/class/net", 0, NULL);
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *phy = g_build_filename("/sys/class/net", name, "phy80211", NULL);

		if (!wpas_is_group_interface(name) && !is_radio(w, name) &&
		    g_file_test(phy, G_FILE_TEST_EXISTS))
			g_queue_insert_sorted(&w->adapters, g_strdup(name), compare_names, NULL);
	}
}

/* ---- acquiring: the order of things -------------------------------------------------- */

static void give_up(wpas *w)
{
	g_autofree char *wanted = g_strdup(w->wanted_interface);

	if (w->problem)
		wpas_fail_error(w, g_steal_pointer(&w->problem));
	else if (wanted && is_radio(w, wanted))
		wpas_fail(w, REASON_NO_P2P_SUPPORT, "the Wi-Fi interface %s cannot do Wi-Fi P2P", wanted);
	else if (wanted)
		wpas_fail(w, REASON_NO_WIFI, "wpa_supplicant cannot use interface %s", wanted);
	else if (g_hash_table_size(w->radios) > 0)
		wpas_fail(w, REASON_NO_P2P_SUPPORT,
			  "no Wi-Fi interface of this machine can do Wi-Fi P2P");
	else
		wpas_fail(w, REASON_NO_WIFI, "this machine has no Wi-Fi interface");
}

static void begin_release(wpas *w);

/* All is set up; unless the adapter has been unplugged in the last moment. */
static void become_ready(wpas *w)
{
	if (!g_hash_table_contains(w->radios, w->interface)) {
		g_clear_error(&w->problem);
		g_set_error_literal(&w->problem, REASON_ERROR, REASON_NO_WIFI,
				    "the Wi-Fi adapter has gone");
		begin_release(w);
		return;
	}
	w->state = WPAS_READY;
	w->funcs->ready(w, w->user_data);
}

static void next_step(wpas *w)
{
	g_autofree char *path = NULL;
	struct wpas_radio *radio;

	if (w->release_wanted) {
		begin_release(w);
		return;
	}
	path = g_queue_pop_head(&w->interfaces);
	if (path) {
		wpas_get_all(w, path, WPAS_INTERFACE_IFACE, interface_came);
		return;
	}
	radio = w->announced ? NULL : choose_radio(w);
	if (radio) {
		use_radio(w, radio);
		return;
	}
	/* What we made and do not use goes at once. */
	if (w->created && g_strcmp0(w->created, w->interface) != 0) {
		remove_created(w);
		return;
	}
	if (w->announced) {
		become_ready(w);
		return;
	}
	if (!w->adapters_listed)
		list_adapters(w);
	w->adapters_listed = TRUE;
	if (g_queue_is_empty(&w->adapters))
		give_up(w);
	else
		wifi_users_ask(w->users, w->bus, g_queue_peek_head(&w->adapters), w->cancellable,
			       adapter_answered, w);
}

static void root_failed(wpas *w, const GError *error)
{
	g_autofree char *words = words_of(error);

	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
		wpas_fail(w, REASON_NO_RIGHTS, "no right to use wpa_supplicant on D-Bus");
	else if (error->domain == G_DBUS_ERROR)
		wpas_fail(w, REASON_SUPPLICANT_MISSING, "wpa_supplicant is not on D-Bus: %s", words);
	else
		wpas_fail(w, REASON_SUPPLICANT_FAILED, "wpa_supplicant does not answer: %s", words);
}

static void root_came(wpas *w, const char *path, GVariant *result, const GError *error)
{
	g_autoptr(GVariant) properties = NULL;
	g_autoptr(GVariant) wfd = NULL;
	g_autofree const char **interfaces = NULL;
	gconstpointer data;
	gsize len;

	if (error) {
		if (w->release_wanted)
			begin_release(w);
		else
			root_failed(w, error);
		return;
	}
	g_variant_get(result, "(@a{sv})", &properties);
	wfd = g_variant_lookup_value(properties, "WFDIEs", G_VARIANT_TYPE_BYTESTRING);
	if (!wfd) {
		wpas_fail(w, REASON_NO_WFD_SUPPORT,
			  "this wpa_supplicant is built without Wi-Fi Display");
		return;
	}
	/* What a process of ours that was killed has left is not to be restored. */
	data = g_variant_get_fixed_array(wfd, &len, 1);
	if (len != g_bytes_get_size(w->wfd) || memcmp(data, g_bytes_get_data(w->wfd, NULL), len) != 0)
		w->former_wfd = g_bytes_new(data, len);
	else
		w->former_wfd = g_bytes_new(NULL, 0);

	g_variant_lookup(properties, "Interfaces", "^a&o", &interfaces);
	for (guint i = 0; interfaces && interfaces[i]; i++)
		g_queue_push_tail(&w->interfaces, g_strdup(interfaces[i]));
	w->funcs->found(w, w->owner, w->user_data);
	next_step(w);
}

void wpas_begin(wpas *w)
{
	wpas_listen(w);
	wpas_get_all(w, WPAS_ROOT_PATH, WPAS_ROOT_IFACE, root_came);
}

/* ---- releasing --------------------------------------------------------------------- */

void wpas_released(wpas *w)
{
	if (w->problem && !w->release_wanted) {
		wpas_fail_error(w, g_steal_pointer(&w->problem));
		return;
	}
	wpas_clear(w);
	w->funcs->released(w, w->user_data);
}

static after_removal *removal_next(wpas *w)
{
	return w->state == WPAS_RELEASING ? wpas_released : next_step;
}

static void element_restored(wpas *w, const char *context, GVariant *result, const GError *error)
{
	wpas_log_error(w, context, result, error);
	if (w->created)
		remove_created(w);
	else
		wpas_released(w);
}

static void begin_release(wpas *w)
{
	w->state = WPAS_RELEASING;
	if (w->interface)
		wpas_stop_find(w);
	restore_config(w);
	if (w->announced)
		wpas_call(w, WPAS_ROOT_PATH, WPAS_PROPERTIES_IFACE, "Set",
			  g_variant_new("(ssv)", WPAS_ROOT_IFACE, "WFDIEs",
					wpas_bytes_variant(w->former_wfd)),
			  NULL, element_restored, "WFDIEs");
	else
		element_restored(w, NULL, NULL, NULL);
}

void wpas_release(wpas *w)
{
	w->release_wanted = TRUE;
	if (w->state == WPAS_READY)
		begin_release(w);
}

void wpas_p2p_is_on(wpas *w, const char *path)
{
	struct wpas_radio *radio = g_hash_table_lookup(w->radios, path);

	if (!w->wanted_interface) {
		g_message("wpa_supplicant has its P2P device on %s", radio->ifname);
		g_free(w->interface);
		w->interface = g_strdup(path);
		g_free(w->ifname);
		w->ifname = g_strdup(radio->ifname);
		return;
	}
	g_set_error(&w->problem, REASON_ERROR, REASON_LINK_UNAVAILABLE,
		    "wpa_supplicant has one P2P device for all adapters, on %s, so %s cannot be used; "
		    "end wpa_supplicant's use of %s (nmcli device set %s managed no), or leave out --p2p-interface",
		    radio->ifname, w->wanted_interface, radio->ifname, radio->ifname);
	begin_release(w);
}
