// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl doctor: does the kernel take the module, does a firewall keep displays out? See ctl-doctor.h.
 */
#include <string.h>

#include "ctl-doctor.h"
#include "ctl-program.h"
#include "firewalld.h"
#include "packages.h"
#include "reason.h"

/* What DKMS signs with belongs to this. data/miracast-module asks for the same one. */
#define KEY "/var/lib/dkms/mok.pub"

/* ---- the module ------------------------------------------------------------ */

static gboolean secure_boot(const char *root)
{
	g_autofree char *path = g_strconcat(
		root, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", NULL);
	g_autofree char *content = NULL;
	gsize len = 0;

	/* Four bytes of attributes, then the value. */
	return g_file_get_contents(path, &content, &len, NULL) && len == 5 && content[4] == 1;
}

gboolean doctor_module_is_installed(const char *root, const char *release)
{
	g_autofree char *path = g_strdup_printf("%s/lib/modules/%s/modules.dep", root, release);
	g_autofree char *content = NULL;

	return g_file_get_contents(path, &content, NULL, NULL) &&
	       g_regex_match_simple("/miracast\\.ko(\\.[a-z]+)?:", content, 0, 0);
}

/* Its exit status has not meant the same in every version: the words have. */
static gboolean key_is_enrolled(const char *root, const char *mokutil)
{
	g_autofree char *key = g_strconcat(root, KEY, NULL);
	g_autofree char *said = PROGRAM_OUTPUT(PROGRAM_ANY_STATUS, mokutil, "--test-key", key);

	return said && strstr(said, "already enrolled");
}

static void check_key(struct doctor *d, const char *root, const char *release)
{
	g_autofree char *mokutil = program_find(root, "mokutil");
	g_autofree char *install = package_command(PACKAGE_MOKUTIL, NULL);
	g_autofree char *next = g_strdup_printf("%s, and ask again: miracastctl doctor", install);

	if (!mokutil)
		doctor_say(d, "module", WARN, HINT(INSTALL_PROGRAM, next),
			   "miracast.ko is installed, but Secure Boot is on: the kernel takes it only if it knows the key "
			   "that signs it; without mokutil nobody can say whether it does");
	else if (key_is_enrolled(root, mokutil))
		doctor_say(d, "module", OK, NO_HINT,
			   "miracast.ko is installed for kernel %s, the key that DKMS signs with is enrolled (Secure Boot "
			   "is on), and it is loaded when a display is connected", release);
	else
		doctor_say(d, "module", WARN, reason_code_hint(REASON_MODULE_REJECTED),
			   "miracast.ko is installed, but Secure Boot is on: the kernel takes it only if it knows the key "
			   "that signs it, and mokutil does not say that it knows that of DKMS");
}

gboolean doctor_check_module(struct doctor *d, const char *root, const char *release)
{
	g_autofree char *loaded = g_strconcat(root, "/sys/module/miracast", NULL);

	if (g_file_test(loaded, G_FILE_TEST_IS_DIR)) {
		doctor_say(d, "module", OK, NO_HINT, "miracast.ko is loaded (kernel %s)", release);
		return TRUE;
	}
	if (!doctor_module_is_installed(root, release))
		doctor_say(d, "module", FAIL, reason_code_hint(REASON_MODULE_NOT_INSTALLED),
			   "miracast.ko is not installed for kernel %s", release);
	else if (secure_boot(root))
		check_key(d, root, release);
	else
		doctor_say(d, "module", OK, NO_HINT,
			   "miracast.ko is installed for kernel %s, and is loaded when a display is connected",
			   release);
	return FALSE;
}

/* ---- firewall ---------------------------------------------------------------- */

void doctor_check_firewall(struct doctor *d, const char *root, GDBusConnection *bus, gboolean filtered)
{
	g_autofree char *ufw_path = g_strconcat(root, "/etc/ufw/ufw.conf", NULL);
	g_autoptr(GVariant) owner = NULL;
	g_autofree char *ufw = NULL;

	if (bus)
		owner = g_dbus_connection_call_sync(
			bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			"org.freedesktop.DBus", "GetNameOwner",
			g_variant_new("(s)", FIREWALLD_NAME), NULL,
			G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_file_get_contents(ufw_path, &ufw, NULL, NULL);
	if (owner && filtered)
		doctor_say(d, "firewall", OK, NO_HINT,
			   "firewalld is running: as long as a link over Wi-Fi P2P lasts it is in the zone \"" FIREWALLD_ZONE
			   "\", where line \"filter\" is what keeps displays out; a display in the network has to be let in "
			   "by you, to TCP port 7236");
	else if (owner)
		/* Nobody would keep out what it lets in. */
		doctor_say(d, "firewall", WARN,
			   HINT(OPEN_FIREWALL, "Do what line \"filter\" says. Until then, let displays in on their own interfaces "
			   "only: firewall-cmd --permanent --new-zone=miracast && firewall-cmd --permanent --zone=miracast "
			   "--add-interface=p2p-+ --add-port=7236/tcp --add-port=67/udp && "
			   "firewall-cmd --reload"),
			   "firewalld is running and may keep displays out");
	else if (ufw && g_regex_match_simple("^ENABLED=yes", ufw, G_REGEX_MULTILINE, 0))
		doctor_say(d, "firewall", WARN,
			   HINT(OPEN_FIREWALL, "Let displays in on their own interfaces only: ufw allow in on p2p-+ to any port "
			   "7236 proto tcp && ufw allow in on p2p-+ to any port 67 proto udp"),
			   "ufw is enabled and may keep displays out; its rules are permanent, so they are for you to make");
	else
		/* Rules can be read by root alone, and what they do to a display only a display can tell. */
		doctor_say(d, "firewall", OK, NO_HINT,
			   "neither firewalld nor ufw was found to be on; other rules, such as nftables of your own, were "
			   "not looked at");
}
