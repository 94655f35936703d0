// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl doctor: is everything there, and what to do if not.
 *
 * Looks, and changes nothing. Each check prints one line. What depends on who asks
 * is asked by the daemon (userspace/broker/diagnosis.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl.h"
#include "ctl-colour.h"
#include "ctl-desktop.h"
#include "ctl-doctor.h"
#include "ctl-program.h"
#include "imports.h"
#include "kernel.h"
#include "packages.h"
#include "reason.h"
#include "rfkill.h"

#define GROUP "miracast"
#define SYSTEM ""

static const char *const verdicts[] = { "ok", "warn", "fail" };
static const enum colour colours[] = { COLOUR_GOOD, COLOUR_FAIR, COLOUR_POOR };

static enum verdict verdict_of(const char *name)
{
	return strcmp(name, "ok") == 0 ? OK : strcmp(name, "warn") == 0 ? WARN : FAIL;
}

struct doctor {
	struct ctl *ctl;
	GVariantBuilder checks; /* aa{sv} */
	enum verdict worst;
	gboolean unfiltered; /* the daemon can have no rules of its own on a link */
};

void doctor_say(struct doctor *d, const char *check, enum verdict verdict, struct hint next,
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
							 "<%s>, 'next': <%s>, 'next-code': <%s>}",
							 check, verdicts[verdict], text, next.text, next.code));
	if (d->ctl->json)
		return;
	colour_print(colours[verdict], verdicts[verdict], 4);
	g_print("  %-14s %s\n", check, text);
	if (*next.text)
		g_print("      %-14s -> %s\n", "", next.text);
}

/* ---- daemon --------------------------------------------------------------- */

static void check_rights(struct doctor *d)
{
	struct group *group = getgrnam(GROUP);
	gid_t groups[256];
	int n = getgroups(G_N_ELEMENTS(groups), groups);

	if (geteuid() == 0) {
		doctor_say(d, "rights", OK, NO_HINT, "you are root");
		return;
	}
	if (!group) {
		doctor_say(d, "rights", FAIL, HINT(CREATE_ACCOUNTS, "Create it: sudo systemd-sysusers"),
			   "there is no group \"" GROUP "\"");
		return;
	}
	for (int i = 0; i < n; i++) {
		if (groups[i] == group->gr_gid) {
			doctor_say(d, "rights", OK, NO_HINT, "you are in group \"" GROUP "\"");
			return;
		}
	}
	/* Whether polkit lets him is seen at the next line. */
	doctor_say(d, "rights", OK, NO_HINT, "you are not in group \"" GROUP "\": it is up to polkit");
}

static void say_error(struct doctor *d, const GError *error)
{
	g_autofree char *text = client_error_text(error);

	doctor_say(d, "daemon", FAIL, client_error_hint(error), "%s", text);
}

/* What only the daemon can say; it is started for it, as by any other command. */
static void check_daemon(struct doctor *d)
{
	g_autoptr(GVariant) checks = NULL;
	g_autoptr(GError) error = NULL;
	GVariantIter iter;
	GVariant *item;

	if (!ctl_connect_daemon(d->ctl, &error)) {
		say_error(d, error);
		return;
	}
	if (!miracast1_manager_call_diagnose_sync(d->ctl->manager, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, &checks, NULL, &error)) {
		say_error(d, error);
		return;
	}
	doctor_say(d, "daemon", OK, NO_HINT, "miracastd %s answers",
		   miracast1_manager_get_version(d->ctl->manager));
	g_variant_iter_init(&iter, checks);
	while (g_variant_iter_next(&iter, "@a{sv}", &item)) {
		g_autoptr(GVariant) check = item;
		const char *name = "", *result = "", *text = "";
		struct hint next = NO_HINT;

		g_variant_lookup(check, "check", "&s", &name);
		g_variant_lookup(check, "result", "&s", &result);
		g_variant_lookup(check, "text", "&s", &text);
		g_variant_lookup(check, "next", "&s", &next.text);
		g_variant_lookup(check, "next-code", "&s", &next.code);
		doctor_say(d, name, verdict_of(result), next, "%s", text);
		if (strcmp(name, "filter") == 0)
			d->unfiltered = verdict_of(result) != OK;
	}
}

static void check_umd(struct doctor *d)
{
	if (access(MIRACAST_UMD, X_OK) == 0)
		doctor_say(d, "driver", OK, NO_HINT, MIRACAST_UMD);
	else
		doctor_say(d, "driver", FAIL, reason_code_hint(REASON_UMD_START), MIRACAST_UMD ": %s",
			   g_strerror(errno));
}

/* ---- kernel --------------------------------------------------------------- */

/* Opens it for a moment, unless the daemon has it. */
static void check_device(struct doctor *d)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(kernel) k = kernel_new(KERNEL_DEVICE);

	if (kernel_open(k, &error))
		doctor_say(d, "device", OK, NO_HINT, KERNEL_DEVICE " speaks version %d of the interface",
			   MIRACAST_ABI_VERSION);
	else if (error->code == REASON_OTHER_BROKER)
		doctor_say(d, "device", OK, NO_HINT, KERNEL_DEVICE " is in use by miracastd");
	else if (error->code != REASON_NO_RIGHTS) /* the daemon has them, this user need not */
		doctor_say(d, "device", FAIL, reason_error_hint(error), "%s", error->message);
}

/* Whether the desktop has to copy what it draws with this machine's GPU. */
static void check_cards(struct doctor *d)
{
	g_autoptr(GPtrArray) cards = imports_cards("/sys/class/drm");

	for (guint i = 0; i < cards->len; i++) {
		const struct import_card *card = g_ptr_array_index(cards, i);

		switch (card->verdict) {
		case IMPORT_READABLE:
			doctor_say(d, "pictures", OK, NO_HINT, "the desktop's are read out of the memory of %s (%s)",
				   card->name, card->driver);
			break;
		case IMPORT_STALE:
			doctor_say(d, "pictures", OK, NO_HINT,
				   "in the memory of %s (%s) the processor may see old ones: the desktop copies "
				   "each of them; Sway shows nothing", card->name, card->driver);
			break;
		case IMPORT_UNKNOWN:
			doctor_say(d, "pictures", OK, NO_HINT,
				   "it is not known whether the processor can read those in the memory of %s (%s): "
				   "unless its driver says so, the desktop copies each of them, and Sway shows "
				   "nothing without --import=yes", card->name, card->driver);
			break;
		}
	}
}

/* ---- desktop ----------------------------------------------------------------- */

static void check_desktop(struct doctor *d)
{
	g_auto(GStrv) environment = g_get_environ();
	g_autofree char *name = desktop_name(environment);
	g_autoptr(GPtrArray) monitors = desktop_monitors("/sys/class/drm");

	if (name)
		doctor_say(d, "desktop", OK, NO_HINT, "%s", name);
	else
		doctor_say(d, "desktop", WARN, HINT(RUN_IN_DESKTOP, "Ask in the desktop, as its user: miracastctl doctor"),
			   "you are in no desktop of this computer");
	for (guint i = 0; i < monitors->len; i++) {
		const struct desktop_monitor *monitor = g_ptr_array_index(monitors, i);

		if (monitor->used)
			doctor_say(d, "monitor", OK, NO_HINT, "%s is used by the desktop", monitor->name);
		else
			doctor_say(d, "monitor", WARN,
				   HINT(ENABLE_MONITOR, "Switch it on in the display settings of your desktop, or wake the screens."),
				   "%s is connected, but no desktop uses it: the display is black",
				   monitor->name);
	}
}

/* ---- Wi-Fi ------------------------------------------------------------------ */

static void check_wifi(struct doctor *d)
{
	g_autoptr(GDir) dir = g_dir_open("/sys/class/ieee80211", 0, NULL);
	enum rfkill rfkill = rfkill_read(RFKILL_ALL);

	if (!dir || !g_dir_read_name(dir))
		doctor_say(d, "wifi", WARN,
			   HINT(SWITCH_ON_WIFI, "Plug in a Wi-Fi adapter, or use a network that is there: miracastctl listen ADDRESS"),
			   "there is no Wi-Fi adapter");
	else if (rfkill == RFKILL_HARD)
		doctor_say(d, "wifi", FAIL, HINT(SWITCH_ON_WIFI, "Switch it on at the machine."), "Wi-Fi is switched off");
	else if (rfkill == RFKILL_SOFT)
		doctor_say(d, "wifi", FAIL, HINT(SWITCH_ON_WIFI, "rfkill unblock wlan"), "Wi-Fi is blocked by software");
	else
		doctor_say(d, "wifi", OK, NO_HINT, "there is a Wi-Fi adapter");
}

static void check_program(struct doctor *d, const char *program, enum package package,
			  enum verdict without, const char *what_for)
{
	g_autofree char *path = program_find(SYSTEM, program);
	g_autofree char *next = package_command(package, NULL);

	if (path)
		doctor_say(d, program, OK, NO_HINT, "%s", path);
	else
		doctor_say(d, program, without, HINT(INSTALL_PROGRAM, next), "there is no %s, which %s", program, what_for);
}

enum ctl_status ctl_doctor(struct ctl *ctl, int argc, char **argv)
{
	struct doctor d = { .ctl = ctl, .worst = OK };
	g_autoptr(GDBusConnection) bus = NULL;
	struct utsname uts;
	gboolean loaded;

	if (!ctl_parse(ctl, "- is everything there? and what to do if not", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 1)
		return ctl_usage(ctl, "doctor takes no arguments");
	g_variant_builder_init(&d.checks, G_VARIANT_TYPE("aa{sv}"));
	check_rights(&d);
	check_daemon(&d);
	check_umd(&d);
	uname(&uts);
	loaded = doctor_check_module(&d, SYSTEM, uts.release);
	if (loaded)
		check_device(&d);
	check_cards(&d);
	check_desktop(&d);
	check_wifi(&d);
	check_program(&d, "dnsmasq", PACKAGE_DNSMASQ, FAIL,
		      "gives displays their address over Wi-Fi P2P");
	check_program(&d, "busybox", PACKAGE_BUSYBOX, WARN,
		      "is needed for displays that insist on being group owner");
	bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);
	doctor_check_firewall(&d, SYSTEM, bus, !d.unfiltered);
	if (loaded || doctor_module_is_installed(SYSTEM, uts.release))
		doctor_check_sound(&d, uts.release);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'result': <%s>, 'checks': <%*>}",
						    verdicts[d.worst],
						    g_variant_builder_end(&d.checks)));
	else
		g_variant_builder_clear(&d.checks);
	return d.worst == FAIL ? CTL_FAILED : CTL_OK;
}
