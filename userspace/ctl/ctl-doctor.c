// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl doctor: is everything there, and what to do if not.
 *
 * Looks, and changes nothing. Each check prints one line.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl.h"
#include "encoders.h"
#include "kernel.h"
#include "reason.h"

#define WPAS_NAME "fi.w1.wpa_supplicant1"
#define WPAS_PATH "/fi/w1/wpa_supplicant1"
#define GROUP "miracast"

enum verdict {
	OK,
	WARN,
	FAIL,
};

static const char *const verdicts[] = { "ok", "warn", "fail" };

struct doctor {
	struct ctl *ctl;
	gboolean daemon_runs;
	GVariantBuilder checks; /* aa{sv} */
	enum verdict worst;
};

static void say(struct doctor *d, const char *check, enum verdict verdict, const char *next,
		const char *format, ...) G_GNUC_PRINTF(5, 6);

/* @next: what to do; "" with OK */
static void say(struct doctor *d, const char *check, enum verdict verdict, const char *next,
		const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	d->worst = MAX(d->worst, verdict);
	g_variant_builder_add_value(&d->checks,
				    g_variant_new_parsed("{'check': <%s>, 'result': <%s>, 'text': "
							 "<%s>, 'next': <%s>}",
							 check, verdicts[verdict], text, next));
	if (d->ctl->json)
		return;
	g_print("%-4s  %-14s %s\n", verdicts[verdict], check, text);
	if (*next)
		g_print("      %-14s -> %s\n", "", next);
}

/* ---- daemon --------------------------------------------------------------- */

static void check_rights(struct doctor *d)
{
	struct group *group = getgrnam(GROUP);
	gid_t groups[256];
	int n = getgroups(G_N_ELEMENTS(groups), groups);

	if (geteuid() == 0) {
		say(d, "rights", OK, "", "you are root");
		return;
	}
	if (!group) {
		say(d, "rights", FAIL, "Create it: sudo systemd-sysusers",
		    "there is no group \"" GROUP "\"");
		return;
	}
	for (int i = 0; i < n; i++) {
		if (groups[i] == group->gr_gid) {
			say(d, "rights", OK, "", "you are in group \"" GROUP "\"");
			return;
		}
	}
	say(d, "rights", FAIL, "sudo usermod -aG " GROUP " $USER, and log in again",
	    "you are not in group \"" GROUP "\"");
}

static void check_daemon(struct doctor *d)
{
	g_autoptr(GVariant) owner = NULL;
	g_autoptr(GError) error = NULL;

	d->ctl->bus = g_bus_get_sync(d->ctl->bus_type, NULL, &error);
	if (!d->ctl->bus) {
		say(d, "daemon", FAIL, "Start the D-Bus system bus.", "there is no D-Bus: %s",
		    error->message);
		return;
	}
	g_dbus_connection_set_exit_on_close(d->ctl->bus, FALSE);
	owner = g_dbus_connection_call_sync(d->ctl->bus, "org.freedesktop.DBus",
					    "/org/freedesktop/DBus", "org.freedesktop.DBus",
					    "GetNameOwner",
					    g_variant_new("(s)", "org.miracast.Miracast1"), NULL,
					    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	d->daemon_runs = owner != NULL;
	if (d->daemon_runs)
		say(d, "daemon", OK, "", "miracastd is running");
	else
		say(d, "daemon", WARN, "systemctl start miracastd", "miracastd is not running");
}

static void check_umd(struct doctor *d)
{
	if (access(MIRACAST_UMD, X_OK) == 0)
		say(d, "driver", OK, "", MIRACAST_UMD);
	else
		say(d, "driver", FAIL, "Install it: sudo make install", MIRACAST_UMD ": %s",
		    g_strerror(errno));
}

/* ---- kernel --------------------------------------------------------------- */

static gboolean secure_boot(void)
{
	g_autofree char *content = NULL;
	gsize len = 0;

	/* Four bytes of attributes, then the value. */
	return g_file_get_contents("/sys/firmware/efi/efivars/"
				   "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
				   &content, &len, NULL) &&
	       len == 5 && content[4] == 1;
}

static gboolean module_is_installed(const char *release)
{
	g_autofree char *path = g_strdup_printf("/lib/modules/%s/modules.dep", release);
	g_autofree char *content = NULL;

	return g_file_get_contents(path, &content, NULL, NULL) &&
	       g_regex_match_simple("/miracast\\.ko(\\.[a-z]+)?:", content, 0, 0);
}

static gboolean check_module(struct doctor *d)
{
	struct utsname uts;

	uname(&uts);
	if (g_file_test("/sys/module/miracast", G_FILE_TEST_IS_DIR)) {
		say(d, "module", OK, "", "miracast.ko is loaded (kernel %s)", uts.release);
		return TRUE;
	}
	if (!module_is_installed(uts.release))
		say(d, "module", FAIL, "sudo make install, which builds it with DKMS",
		    "miracast.ko is not installed for kernel %s", uts.release);
	else if (secure_boot())
		say(d, "module", FAIL,
		    "sudo modprobe miracast; if its key is rejected: sudo mokutil --import "
		    "/var/lib/dkms/mok.pub, and restart",
		    "miracast.ko is not loaded; Secure Boot is on");
	else
		say(d, "module", FAIL, "sudo modprobe miracast", "miracast.ko is not loaded");
	return FALSE;
}

/* Opens it for a moment, unless the daemon has it. */
static void check_device(struct doctor *d)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(kernel) k = NULL;

	if (d->daemon_runs) {
		say(d, "device", OK, "", KERNEL_DEVICE " is in use by miracastd");
		return;
	}
	k = kernel_new(KERNEL_DEVICE);
	if (kernel_open(k, &error))
		say(d, "device", OK, "", KERNEL_DEVICE " speaks version %d of the interface",
		    MIRACAST_ABI_VERSION);
	else
		say(d, "device", error->code == REASON_NO_RIGHTS ? WARN : FAIL,
		    reason_error_hint(error), "%s", error->message);
}

/* ---- Wi-Fi ------------------------------------------------------------------ */

static gboolean any_blocked(const char *kind)
{
	g_autoptr(GDir) dir = g_dir_open("/sys/class/rfkill", 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *type_path =
			g_build_filename("/sys/class/rfkill", name, "type", NULL);
		g_autofree char *path = g_build_filename("/sys/class/rfkill", name, kind, NULL);
		g_autofree char *type = NULL, *blocked = NULL;

		if (g_file_get_contents(type_path, &type, NULL, NULL) &&
		    g_str_has_prefix(type, "wlan") &&
		    g_file_get_contents(path, &blocked, NULL, NULL) && blocked[0] == '1')
			return TRUE;
	}
	return FALSE;
}

static void check_wifi(struct doctor *d)
{
	g_autoptr(GDir) dir = g_dir_open("/sys/class/ieee80211", 0, NULL);

	if (!dir || !g_dir_read_name(dir))
		say(d, "wifi", WARN,
		    "Plug in a Wi-Fi adapter, or use a network that is there: miracastctl listen ADDRESS",
		    "there is no Wi-Fi adapter");
	else if (any_blocked("hard"))
		say(d, "wifi", FAIL, "Switch it on at the machine.", "Wi-Fi is switched off");
	else if (any_blocked("soft"))
		say(d, "wifi", FAIL, "rfkill unblock wlan", "Wi-Fi is blocked by software");
	else
		say(d, "wifi", OK, "", "there is a Wi-Fi adapter");
}

static GVariant *supplicant_properties(struct doctor *d, const char *path, const char *iface,
				       GError **error)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error);
	g_autoptr(GVariant) result = NULL;
	GVariant *properties = NULL;

	if (!bus)
		return NULL;
	result = g_dbus_connection_call_sync(bus, WPAS_NAME, path,
					     "org.freedesktop.DBus.Properties", "GetAll",
					     g_variant_new("(s)", iface),
					     G_VARIANT_TYPE("(a{sv})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
					     -1, NULL, error);
	if (result)
		g_variant_get(result, "(@a{sv})", &properties);
	return properties;
}

static void check_interface(struct doctor *d, const char *path)
{
	g_autoptr(GVariant) properties =
		supplicant_properties(d, path, WPAS_NAME ".Interface", NULL);
	g_autoptr(GVariant) capabilities = NULL;
	g_autofree const char **modes = NULL;
	const char *name = path;

	if (!properties)
		return;
	g_variant_lookup(properties, "Ifname", "&s", &name);
	capabilities = g_variant_lookup_value(properties, "Capabilities", G_VARIANT_TYPE_VARDICT);
	if (capabilities && g_variant_lookup(capabilities, "Modes", "^a&s", &modes) &&
	    g_strv_contains(modes, "p2p"))
		say(d, "p2p", OK, "", "%s can do Wi-Fi P2P", name);
	else
		say(d, "p2p", WARN, "Use another adapter or driver for Wi-Fi P2P.",
		    "%s cannot do Wi-Fi P2P", name);
}

static void check_supplicant(struct doctor *d)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) properties =
		supplicant_properties(d, WPAS_PATH, WPAS_NAME, &error);
	g_autoptr(GVariant) wfd = NULL;
	g_autofree const char **capabilities = NULL;
	g_autofree const char **interfaces = NULL;

	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED)) {
		say(d, "wpa_supplicant", WARN, "To check it: sudo miracastctl doctor",
		    "only root may ask wpa_supplicant");
		return;
	}
	if (!properties) {
		say(d, "wpa_supplicant", WARN, "For Wi-Fi P2P: systemctl start wpa_supplicant",
		    "wpa_supplicant is not on D-Bus");
		return;
	}
	wfd = g_variant_lookup_value(properties, "WFDIEs", NULL);
	g_variant_lookup(properties, "Capabilities", "^a&s", &capabilities);
	g_variant_lookup(properties, "Interfaces", "^a&o", &interfaces);
	if (!capabilities || !g_strv_contains(capabilities, "p2p"))
		say(d, "wpa_supplicant", FAIL, reason_code_hint(REASON_NO_WFD_SUPPORT),
		    "this wpa_supplicant is built without P2P");
	else if (!wfd)
		say(d, "wpa_supplicant", FAIL, reason_code_hint(REASON_NO_WFD_SUPPORT),
		    "this wpa_supplicant is built without Wi-Fi Display");
	else
		say(d, "wpa_supplicant", OK, "", "has P2P and Wi-Fi Display");
	for (guint i = 0; interfaces && interfaces[i]; i++)
		check_interface(d, interfaces[i]);
}

static void check_program(struct doctor *d, const char *program, const char *package,
			  enum verdict without, const char *what_for)
{
	g_autofree char *path = g_find_program_in_path(program);
	g_autofree char *sbin = g_build_filename("/usr/sbin", program, NULL);
	g_autofree char *next = g_strdup_printf("apt install %s", package);

	if (path || access(sbin, X_OK) == 0)
		say(d, program, OK, "", "%s", path ? path : sbin);
	else
		say(d, program, without, next, "there is no %s, which %s", program, what_for);
}

static void check_firewall(struct doctor *d)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);
	g_autoptr(GVariant) firewalld = NULL;
	g_autofree char *ufw = NULL;

	if (bus)
		firewalld = g_dbus_connection_call_sync(
			bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			"org.freedesktop.DBus", "GetNameOwner",
			g_variant_new("(s)", "org.fedoraproject.FirewallD1"), NULL,
			G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_file_get_contents("/etc/ufw/ufw.conf", &ufw, NULL, NULL);
	if (firewalld)
		say(d, "firewall", WARN,
		    "firewall-cmd --permanent --add-port=7236/tcp && firewall-cmd --reload; "
		    "DHCP (67/udp) for Wi-Fi P2P",
		    "firewalld is running and may keep displays out");
	else if (ufw && g_regex_match_simple("^ENABLED=yes", ufw, G_REGEX_MULTILINE, 0))
		say(d, "firewall", WARN, "ufw allow 7236/tcp, and for Wi-Fi P2P: ufw allow 67/udp",
		    "ufw is enabled and may keep displays out");
	else
		say(d, "firewall", OK, "", "neither firewalld nor ufw");
}

/* ---- media ------------------------------------------------------------------ */

static void check_encoders(struct doctor *d)
{
	g_autoptr(GError) error = NULL;
	const struct video_encoder *video;

	if (!gst_init_check(NULL, NULL, &error)) {
		say(d, "encoder", FAIL, "apt install gstreamer1.0-plugins-base", "GStreamer: %s",
		    error->message);
		return;
	}
	video = video_encoder_find(NULL, &error);
	if (video)
		say(d, "encoder", OK, "", "video with %s", video_encoder_element(video));
	else
		say(d, "encoder", FAIL, "apt install gstreamer1.0-plugins-ugly", "%s",
		    error->message);
}

enum ctl_status ctl_doctor(struct ctl *ctl, int argc, char **argv)
{
	struct doctor d = { .ctl = ctl, .worst = OK };

	if (!ctl_parse(ctl, "- is everything there? and what to do if not", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 1)
		return ctl_usage(ctl, "doctor takes no arguments");
	g_variant_builder_init(&d.checks, G_VARIANT_TYPE("aa{sv}"));
	check_rights(&d);
	check_daemon(&d);
	check_umd(&d);
	if (check_module(&d))
		check_device(&d);
	check_encoders(&d);
	check_wifi(&d);
	check_supplicant(&d);
	check_program(&d, "dnsmasq", "dnsmasq-base", FAIL,
		      "gives displays their address over Wi-Fi P2P");
	check_program(&d, "busybox", "busybox", WARN,
		      "is needed for displays that insist on being group owner");
	check_firewall(&d);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'result': <%s>, 'checks': <%*>}",
						    verdicts[d.worst],
						    g_variant_builder_end(&d.checks)));
	else
		g_variant_builder_clear(&d.checks);
	return d.worst == FAIL ? CTL_FAILED : CTL_OK;
}
