// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What only the daemon can say: see diagnosis.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "diagnosis.h"

#include "avahi.h"
#include "channel.h"
#include "encoder-check.h"
#include "imports.h"
#include "iwd-objects.h"
#include "packages.h"
#include "quirk-files.h"
#include "reason.h"

#define WPAS_NAME "fi.w1.wpa_supplicant1"
#define WPAS_PATH "/fi/w1/wpa_supplicant1"
#define CALL_MS 5000
#define MAX_INTERFACES 16

struct diagnosis {
	GDBusConnection *bus;
	radio *(*radio)(const char *ifname);
	GCancellable *cancellable;
	encoder_check *encoder;
	GSubprocess *sandbox;
	char *drm_class;
	GVariantBuilder checks;
	guint open; /* questions that were not answered */
	guint timer; /* the end of all, or its first step */
	diagnosis_done *done;
	gpointer user_data;
};

static void say(diagnosis *d, const char *check, const char *result, struct hint next,
		const char *format, ...) G_GNUC_PRINTF(5, 6);

static void say(diagnosis *d, const char *check, const char *result, struct hint next,
		const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *clean = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	clean = channel_clean_text(text, CHANNEL_MAX_TEXT);
	g_variant_builder_add_value(&d->checks,
				    g_variant_new_parsed("{'check': <%s>, 'result': <%s>, 'text': <%s>, "
							 "'next': <%s>, 'next-code': <%s>}",
							 check, result, clean, next.text, next.code));
}

static void finish(diagnosis *d)
{
	g_autoptr(GVariant) checks = g_variant_ref_sink(g_variant_builder_end(&d->checks));

	g_variant_builder_init(&d->checks, G_VARIANT_TYPE("aa{sv}"));
	g_clear_handle_id(&d->timer, g_source_remove);
	d->done(d, checks, d->user_data);
}

/* One question less; the last one may free @d. */
static void answered(diagnosis *d)
{
	if (--d->open == 0)
		finish(d);
}

static void ask(diagnosis *d, const char *name, const char *path, const char *interface,
		const char *method, GVariant *arguments, GAsyncReadyCallback came)
{
	d->open++;
	g_dbus_connection_call(d->bus, name, path, interface, method, arguments, NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, d->cancellable, came, d);
}

/* The reply, or NULL; FALSE: @d has gone. */
static gboolean take_reply(GObject *source, GAsyncResult *result, GVariant **reply, GError **error)
{
	*reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, error);
	return *reply || !g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static GVariant *properties_of(GVariant *reply)
{
	return g_variant_is_of_type(reply, G_VARIANT_TYPE("(a{sv})")) ?
		       g_variant_get_child_value(reply, 0) : NULL;
}

/* ---- wpa_supplicant ----------------------------------------------------------- */

static void say_country(diagnosis *d, const char *name, GVariant *properties)
{
	const char *country = "";

	g_variant_lookup(properties, "Country", "&s", &country);
	if (*country && !g_str_equal(country, "00"))
		say(d, "country", "ok", NO_HINT, "%s obeys the radio rules of %s", name, country);
	else
		say(d, "country", "warn", HINT(SET_COUNTRY, "Set it: iw reg set XX, with the two letters of your country"),
		    "%s knows no country and may use the fewest channels only", name);
}

/* What the driver promises; only a cast shows whether it keeps that. */
static void say_radio(diagnosis *d, const char *name)
{
	g_autoptr(radio) r = d->radio(name);
	guint channels = r ? radio_channels(r) : 0;

	if (!r)
		return;
	if (!radio_is_owner(r))
		say(d, "radio", "warn", reason_code_hint(REASON_NO_P2P_SUPPORT),
		    "%s cannot own a Wi-Fi P2P group, which most displays want it to", name);
	else if (channels == 0)
		say(d, "radio", "warn", HINT(CHANGE_NETWORK, "Leave the Wi-Fi network while you cast, or use another Wi-Fi adapter."),
		    "%s cannot be in a network and cast at once", name);
	else if (channels == 1)
		say(d, "radio", "ok", NO_HINT, "%s can cast beside a network, on the channel of that one", name);
	else
		say(d, "radio", "ok", NO_HINT, "%s can cast beside a network, also on another channel", name);
}

static void interface_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	diagnosis *d = user_data;
	g_autoptr(GVariant) reply = NULL, properties = NULL, capabilities = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree const char **modes = NULL;
	const char *name = "an interface";

	if (!take_reply(source, result, &reply, &error))
		return;
	properties = reply ? properties_of(reply) : NULL;
	if (properties) {
		g_variant_lookup(properties, "Ifname", "&s", &name);
		capabilities = g_variant_lookup_value(properties, "Capabilities",
						      G_VARIANT_TYPE_VARDICT);
	}
	if (capabilities && g_variant_lookup(capabilities, "Modes", "^a&s", &modes) &&
	    g_strv_contains(modes, "p2p")) {
		say(d, "p2p", "ok", NO_HINT, "%s can do Wi-Fi P2P", name);
		say_country(d, name, properties);
		say_radio(d, name);
	} else {
		say(d, "p2p", "warn", reason_code_hint(REASON_NO_P2P_SUPPORT),
		    "%s cannot do Wi-Fi P2P", name);
	}
	answered(d);
}

static void say_supplicant(diagnosis *d, GVariant *properties)
{
	g_autofree const char **capabilities = NULL;
	g_autoptr(GVariant) wfd = g_variant_lookup_value(properties, "WFDIEs", NULL);

	g_variant_lookup(properties, "Capabilities", "^a&s", &capabilities);
	if (!capabilities || !g_strv_contains(capabilities, "p2p"))
		say(d, "wpa_supplicant", "fail", reason_code_hint(REASON_NO_WFD_SUPPORT),
		    "this wpa_supplicant is built without P2P");
	else if (!wfd)
		say(d, "wpa_supplicant", "fail", reason_code_hint(REASON_NO_WFD_SUPPORT),
		    "this wpa_supplicant is built without Wi-Fi Display");
	else
		say(d, "wpa_supplicant", "ok", NO_HINT, "has P2P and Wi-Fi Display");
}

static void supplicant_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	diagnosis *d = user_data;
	g_autoptr(GVariant) reply = NULL, properties = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree const char **interfaces = NULL;

	if (!take_reply(source, result, &reply, &error))
		return;
	properties = reply ? properties_of(reply) : NULL;
	if (!properties) {
		say(d, "wpa_supplicant", "warn", reason_code_hint(REASON_SUPPLICANT_MISSING),
		    "wpa_supplicant is not on D-Bus, which Wi-Fi P2P needs");
		answered(d);
		return;
	}
	say_supplicant(d, properties);
	g_variant_lookup(properties, "Interfaces", "^a&o", &interfaces);
	for (guint i = 0; interfaces && interfaces[i] && i < MAX_INTERFACES; i++)
		ask(d, WPAS_NAME, interfaces[i], "org.freedesktop.DBus.Properties", "GetAll",
		    g_variant_new("(s)", WPAS_NAME ".Interface"), interface_came);
	answered(d);
}

/* Of a display that joins a group of ours it is iwd which gives it its address. */
static void iwd_info_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	diagnosis *d = user_data;
	g_autoptr(GVariant) reply = NULL, info = NULL;
	g_autoptr(GError) error = NULL;
	gboolean configures = TRUE;

	if (!take_reply(source, result, &reply, &error))
		return;
	info = reply ? properties_of(reply) : NULL;
	if (info)
		g_variant_lookup(info, "NetworkConfigurationEnabled", "b", &configures);
	if (configures)
		say(d, "iwd", "ok", NO_HINT, "iwd is running and can do Wi-Fi P2P; where it has the adapter it casts");
	else
		say(d, "iwd", "warn",
		    HINT(CORRECT_SETTING, "Set EnableNetworkConfiguration=true under [General] in /etc/iwd/main.conf, "
		    "unless another program configures its network; or cast over the network"),
		    "iwd is running and can do Wi-Fi P2P, but gives no addresses: displays that join it cannot be cast to");
	answered(d);
}

static void iwd_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	diagnosis *d = user_data;
	g_autoptr(GVariant) reply = NULL, objects = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *device = NULL;
	gboolean enabled;

	if (!take_reply(source, result, &reply, &error))
		return;
	if (reply && g_variant_is_of_type(reply, G_VARIANT_TYPE("(a{oa{sa{sv}}})")))
		objects = g_variant_get_child_value(reply, 0);
	device = objects ? iwd_choose_device(objects, NULL, &enabled) : NULL;
	if (device)
		ask(d, IWD_NAME, "/net/connman/iwd", IWD_NAME ".Daemon", "GetInfo", NULL, iwd_info_came);
	else if (reply)
		say(d, "iwd", "warn",
		    HINT(USE_OTHER_ADAPTER, "Let wpa_supplicant run Wi-Fi, or use another adapter, or the direct link: "
		    "miracastctl listen ADDRESS"),
		    "iwd is running and has no Wi-Fi P2P device; an adapter that it has cannot be used for Wi-Fi P2P");
	answered(d);
}

static void avahi_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	diagnosis *d = user_data;
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *install = package_command(PACKAGE_AVAHI, NULL);
	g_autofree char *next = g_strdup_printf(
		"%s, systemctl start avahi-daemon; or name the display: miracastctl connect ADDRESS", install);

	if (!take_reply(source, result, &reply, &error))
		return;
	if (reply)
		say(d, "avahi", "ok", NO_HINT, "displays in the network are found by Avahi");
	else
		say(d, "avahi", "warn", HINT(INSTALL_PROGRAM, next),
		    "Avahi is not running, displays in the network cannot be found");
	answered(d);
}

static void bus_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	diagnosis *d = user_data;
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_bus_get_finish(result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	d->bus = bus;
	if (bus) {
		ask(d, WPAS_NAME, WPAS_PATH, "org.freedesktop.DBus.Properties", "GetAll",
		    g_variant_new("(s)", WPAS_NAME), supplicant_came);
		ask(d, IWD_NAME, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, iwd_came);
		ask(d, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		    "GetNameOwner", g_variant_new("(s)", AVAHI_NAME), avahi_came);
	} else {
		say(d, "wpa_supplicant", "warn", HINT(START_BUS, "Start the D-Bus system bus."),
		    "there is no D-Bus: %s", error->message);
	}
	answered(d);
}

/* ---- encoder ------------------------------------------------------------------ */

/* Whose cards may have an encoder, and what it takes. */
static const struct {
	const char *driver;
	enum package package;
} vendors[] = {
	{ "i915", PACKAGE_VA_INTEL },
	{ "xe", PACKAGE_VA_INTEL },
	{ "amdgpu", PACKAGE_VA_AMD },
	{ "radeon", PACKAGE_VA_AMD },
};

/* The first card that may do better; FALSE: there is none. */
static gboolean say_better(diagnosis *d, const char *element)
{
	g_autoptr(GPtrArray) cards = imports_cards(d->drm_class);

	for (guint i = 0; i < cards->len; i++) {
		const struct import_card *card = g_ptr_array_index(cards, i);

		for (guint j = 0; j < G_N_ELEMENTS(vendors); j++) {
			g_autofree char *install = NULL, *next = NULL;

			if (!g_str_equal(vendors[j].driver, card->driver))
				continue;
			install = package_command(vendors[j].package, NULL);
			next = g_strdup_printf("If that is missing: %s", install);
			say(d, "encoder", "warn", HINT(INSTALL_ENCODER, next),
			    "video with %s, on the processor: no encoder of %s (%s) works",
			    element, card->name, card->driver);
			return TRUE;
		}
	}
	return FALSE;
}

static void encoder_came(encoder_check *check, const char *element, gboolean software, const char *pictures,
			 const GError *error,
			 gpointer user_data)
{
	diagnosis *d = user_data;

	if (element && software) {
		if (!say_better(d, element))
			say(d, "encoder", "ok", NO_HINT, "video with %s, on the processor", element);
	} else if (element) {
		say(d, "encoder", "ok", NO_HINT, "video with %s%s%s", element, *pictures ? "; pictures go to it " : "", pictures);
	} else if (error->code == REASON_CONFIGURATION) {
		say(d, "encoder", "fail", channel_reason_hint(CHANNEL_REASON_ENCODER_MISSING), "%s",
		    error->message);
	} else {
		say(d, "encoder", "fail", reason_error_hint(error), "%s", error->message);
	}
	answered(d);
}

/* ---- quirks -------------------------------------------------------------------- */

static void say_quirks(diagnosis *d, const char *directory)
{
	g_auto(GStrv) problems = NULL;
	g_auto(GStrv) texts = quirk_files_read(directory, &problems);

	for (guint i = 0; problems[i]; i++)
		say(d, "quirks", "warn", HINT(CORRECT_SETTING, "Mend it; its manual: man 5 miracast-quirks"), "%s", problems[i]);
	if (texts[0])
		say(d, "quirks", "ok", NO_HINT, "%u of your files in %s", g_strv_length(texts), directory);
}

/* ---- filter -------------------------------------------------------------------- */

static void say_filter(diagnosis *d, gboolean (*check)(GError **error))
{
	g_autoptr(GError) error = NULL;

	if (check(&error))
		say(d, "filter", "ok", NO_HINT, "over Wi-Fi P2P a display reaches nothing of this computer but what casting needs");
	else
		say(d, "filter", "warn",
		    HINT(SET_UP_FILTER, "The kernel needs nf_tables and connection tracking, miracastd libnftables when it is built; it looks once "
		    "after it has started. Until then, a firewall of your own can do it."),
		    "over Wi-Fi P2P a display reaches every service that listens on all addresses: %s",
		    error->message);
}

/* ---- sandbox -------------------------------------------------------------------- */

/* "NAME ok TEXT" or "NAME missing TEXT"; FALSE: it is no such line. */
static gboolean say_layer(diagnosis *d, const char *line, GString *has)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);

	if (g_strv_length(words) != 3)
		return FALSE;
	if (g_str_equal(words[1], "ok"))
		g_string_append_printf(has, "%s%s", has->len ? "; " : "", words[2]);
	else
		say(d, "sandbox", "warn", g_str_equal(words[0], "user") ?
		    HINT(CREATE_ACCOUNTS, "systemd-sysusers makes the accounts, from miracast.conf in sysusers.d.") :
		    HINT(UPDATE_KERNEL, "Nothing need be done to cast; a newer kernel may have it."),
		    "a session process is confined without %s: %s", words[0], words[2]);
	return TRUE;
}

static void sandbox_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GString) has = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *output = NULL;
	g_auto(GStrv) lines = NULL;
	diagnosis *d = user_data;
	guint n = 0;

	if (!g_subprocess_communicate_utf8_finish(G_SUBPROCESS(source), result, &output, NULL, &error) &&
	    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	lines = g_strsplit(output ? output : "", "\n", -1);
	for (char **line = lines; *line; line++)
		n += say_layer(d, *line, has);
	if (n && has->len)
		say(d, "sandbox", "ok", NO_HINT, "a session process is confined: %s", has->str);
	if (!n)
		say(d, "sandbox", "fail", reason_code_hint(REASON_UMD_NOT_CONFINED),
		    "a session process cannot be confined, see the log");
	answered(d);
}

static void ask_sandbox(diagnosis *d, umd_launcher *launcher)
{
	g_autoptr(GError) error = NULL;

	if (!umd_launcher_confines(launcher)) {
		say(d, "sandbox", "warn", HINT(CORRECT_SETTING, "Start miracastd without --sandbox."),
		    "session processes are not confined, as miracastd was told");
		return;
	}
	d->sandbox = umd_launcher_start_check(launcher, &error);
	if (!d->sandbox) {
		say(d, "sandbox", "fail", reason_error_hint(error), "%s", error->message);
		return;
	}
	d->open++;
	g_subprocess_communicate_utf8_async(d->sandbox, NULL, d->cancellable, sandbox_came, d);
}

/* ---- life --------------------------------------------------------------------- */

/* Those who have not answered are not told of. */
static gboolean timed_out(gpointer user_data)
{
	diagnosis *d = user_data;

	d->timer = 0;
	g_cancellable_cancel(d->cancellable);
	g_clear_pointer(&d->encoder, encoder_check_free);
	say(d, "diagnosis", "warn", HINT(SEE_LOG, "See the log: journalctl -u miracastd"),
	    "not all questions were answered within %d s", DIAGNOSIS_SECONDS);
	finish(d);
	return G_SOURCE_REMOVE;
}

diagnosis *diagnosis_new(const struct diagnosis_config *config, diagnosis_done *done,
			 gpointer user_data)
{
	diagnosis *d = g_new0(diagnosis, 1);

	d->done = done;
	d->user_data = user_data;
	d->radio = config->radio;
	d->drm_class = g_strdup(config->drm_class);
	d->cancellable = g_cancellable_new();
	g_variant_builder_init(&d->checks, G_VARIANT_TYPE("aa{sv}"));
	d->timer = g_timeout_add_seconds(DIAGNOSIS_SECONDS, timed_out, d);
	d->encoder = encoder_check_new(config->launcher, NULL, ENCODER_CHECK_SECONDS, encoder_came, d);
	d->open = 2;
	say_quirks(d, config->quirks_dir);
	say_filter(d, config->filter);
	ask_sandbox(d, config->launcher);
	g_bus_get(config->bus, d->cancellable, bus_came, d);
	return d;
}

void diagnosis_free(diagnosis *d)
{
	if (!d)
		return;
	g_cancellable_cancel(d->cancellable);
	g_object_unref(d->cancellable);
	g_clear_handle_id(&d->timer, g_source_remove);
	encoder_check_free(d->encoder);
	if (d->sandbox)
		g_subprocess_force_exit(d->sandbox);
	g_clear_object(&d->sandbox);
	g_clear_object(&d->bus);
	g_variant_builder_clear(&d->checks);
	g_free(d->drm_class);
	g_free(d);
}
