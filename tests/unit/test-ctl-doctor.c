// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What miracastctl doctor says of a system that the test has made: whether the kernel takes the module, whether a firewall
 * is on, and whether what a desktop's sound needs is there.
 */
#include "ctl-doctor.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "packages.h"
#include "reason.h"
#include "test-bus.h"

#define RELEASE "6.12.0-test"
#define MODULES "/lib/modules/" RELEASE
#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define KEY "/var/lib/dkms/mok.pub"

/* The last line, and how many there were. */
struct doctor {
	char *check, *text, *next, *code;
	enum verdict verdict;
	guint n;
};

void doctor_say(struct doctor *d, const char *check, enum verdict verdict, struct hint next, const char *format, ...)
{
	va_list args;

	g_free(d->check);
	g_free(d->text);
	g_free(d->next);
	g_free(d->code);
	va_start(args, format);
	d->text = g_strdup_vprintf(format, args);
	va_end(args);
	d->check = g_strdup(check);
	d->next = g_strdup(next.text);
	d->code = g_strdup(next.code);
	d->verdict = verdict;
	d->n++;
	g_assert_cmpint(verdict == OK, ==, *next.text == '\0');
	g_assert_cmpint(*next.code == '\0', ==, *next.text == '\0');
}

/**
 * struct fixture - a system
 * @root: directory that it is in
 * @path: what PATH was
 */
struct fixture {
	struct doctor doctor;
	char *root;
	char *path;
};

static char *path_in(struct fixture *f, const char *path)
{
	return g_strconcat(f->root, path, NULL);
}

static void put_bytes(struct fixture *f, const char *path, const char *content, gssize length)
{
	g_autofree char *file = path_in(f, path), *directory = g_path_get_dirname(file);

	g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, content, length, NULL));
}

static void put(struct fixture *f, const char *path, const char *content)
{
	put_bytes(f, path, content, -1);
}

static void take_away(struct fixture *f, const char *path)
{
	g_autofree char *file = path_in(f, path);

	g_assert_cmpint(g_remove(file), ==, 0);
}

static void put_program(struct fixture *f, const char *path, const char *script)
{
	g_autofree char *file = path_in(f, path);

	put(f, path, script);
	g_assert_cmpint(g_chmod(file, 0700), ==, 0);
}

/* Nothing of this machine is found but timeout(1), and that in PATH. */
static void set_up(struct fixture *f, gconstpointer data)
{
	g_autofree char *timeout = g_find_program_in_path("timeout");
	g_autofree char *programs = NULL, *link = NULL;

	g_assert_nonnull(timeout);
	f->root = g_dir_make_tmp("doctor-XXXXXX", NULL);
	f->path = g_strdup(g_getenv("PATH"));
	programs = path_in(f, "/programs");
	link = g_build_filename(programs, "timeout", NULL);
	g_assert_cmpint(g_mkdir(programs, 0700), ==, 0);
	g_assert_cmpint(symlink(timeout, link), ==, 0);
	g_setenv("PATH", programs, TRUE);
}

static void remove_all(const char *path)
{
	g_autoptr(GDir) directory = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		remove_all(below);
	}
	g_assert_cmpint(g_remove(path), ==, 0);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_setenv("PATH", f->path, TRUE);
	remove_all(f->root);
	g_free(f->root);
	g_free(f->path);
	g_free(f->doctor.check);
	g_free(f->doctor.text);
	g_free(f->doctor.next);
	g_free(f->doctor.code);
}

/* There was one line since the last time, and it is this one. */
static void assert_said(struct fixture *f, const char *check, enum verdict verdict, const char *text, struct hint next)
{
	g_assert_cmpuint(f->doctor.n, ==, 1);
	f->doctor.n = 0;
	g_assert_cmpstr(f->doctor.check, ==, check);
	g_assert_cmpstr(f->doctor.text, ==, text);
	g_assert_cmpint(f->doctor.verdict, ==, verdict);
	g_assert_cmpstr(f->doctor.next, ==, next.text);
	g_assert_cmpstr(f->doctor.code, ==, next.code);
}

/* ---- the module ----------------------------------------------------------------------- */

#define REFUSED "miracast.ko is installed, but Secure Boot is on: the kernel takes it only if it knows the key that signs it"

static void assert_module(struct fixture *f, enum verdict verdict, const char *text, struct hint next)
{
	g_assert_false(doctor_check_module(&f->doctor, f->root, RELEASE));
	assert_said(f, "module", verdict, text, next);
}

static void put_module(struct fixture *f, gboolean secure_boot)
{
	const char value[] = { 6, 0, 0, 0, secure_boot };

	put(f, MODULES "/modules.dep", "kernel/a.ko:\nupdates/dkms/miracast.ko.xz: kernel/snd-pcm.ko.xz\n");
	put_bytes(f, SECURE_BOOT, value, sizeof(value));
}

static void test_module(struct fixture *f, gconstpointer data)
{
	assert_module(f, FAIL, "miracast.ko is not installed for kernel " RELEASE,
		      reason_code_hint(REASON_MODULE_NOT_INSTALLED));
	put(f, MODULES "/modules.dep", "updates/notmiracast.ko: kernel/a.ko\n");
	assert_module(f, FAIL, "miracast.ko is not installed for kernel " RELEASE,
		      reason_code_hint(REASON_MODULE_NOT_INSTALLED));
	/* A computer without UEFI. */
	put(f, MODULES "/modules.dep", "updates/dkms/miracast.ko: kernel/a.ko\n");
	assert_module(f, OK, "miracast.ko is installed for kernel " RELEASE ", and is loaded when a display is connected",
		      NO_HINT);
	put_module(f, FALSE);
	assert_module(f, OK, "miracast.ko is installed for kernel " RELEASE ", and is loaded when a display is connected",
		      NO_HINT);
	/* The kernel has taken it: nobody need be asked. */
	put_module(f, TRUE);
	put(f, "/sys/module/miracast/refcnt", "0\n");
	g_assert_true(doctor_check_module(&f->doctor, f->root, RELEASE));
	assert_said(f, "module", OK, "miracast.ko is loaded (kernel " RELEASE ")", NO_HINT);
}

/* What mokutil says, with whatever status; it is asked for the very key. */
static void put_mokutil(struct fixture *f, const char *path, const char *answer)
{
	g_autofree char *key = path_in(f, KEY);
	g_autofree char *script = g_strdup_printf("#!/bin/sh\n[ \"$#:$1:$2\" = \"2:--test-key:%s\" ] || exit\n%s\n", key, answer);

	put_program(f, path, script);
}

static void test_secure_boot(struct fixture *f, gconstpointer data)
{
	static const char *const not_known[] = {
		"echo \"$2 is not enrolled\"", "exit 1", "echo \"$2 is already enrolled\" >&2", "kill -9 $$",
	};
	static const char *const known[] = {
		"echo \"$2 is already enrolled\"", "echo \"$2 is already enrolled\"; exit 1",
	};

	put_module(f, TRUE);
	for (guint i = 0; i < G_N_ELEMENTS(not_known); i++) {
		put_mokutil(f, "/usr/sbin/mokutil", not_known[i]);
		assert_module(f, WARN, REFUSED ", and mokutil does not say that it knows that of DKMS",
			      reason_code_hint(REASON_MODULE_REJECTED));
	}
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		put_mokutil(f, "/usr/sbin/mokutil", known[i]);
		assert_module(f, OK, "miracast.ko is installed for kernel " RELEASE ", the key that DKMS signs with is "
			      "enrolled (Secure Boot is on), and it is loaded when a display is connected", NO_HINT);
	}
	/* In PATH, where most have it. */
	take_away(f, "/usr/sbin/mokutil");
	put_mokutil(f, "/programs/mokutil", known[0]);
	g_assert_false(doctor_check_module(&f->doctor, f->root, RELEASE));
	g_assert_cmpint(f->doctor.verdict, ==, OK);
}

static void test_no_mokutil(struct fixture *f, gconstpointer data)
{
	g_autofree char *install = package_command(PACKAGE_MOKUTIL, NULL);
	g_autofree char *next = g_strdup_printf("%s, and ask again: miracastctl doctor", install);

	put_module(f, TRUE);
	assert_module(f, WARN, REFUSED "; without mokutil nobody can say whether it does", HINT(INSTALL_PROGRAM, next));
}

/* It is not waited for. */
static void test_mokutil_hangs(struct fixture *f, gconstpointer data)
{
	gint64 begin = g_get_monotonic_time();

	put_module(f, TRUE);
	put_mokutil(f, "/usr/sbin/mokutil", "echo \"$2 is already enrolled\"; /bin/sleep 60");
	assert_module(f, WARN, REFUSED ", and mokutil does not say that it knows that of DKMS",
		      reason_code_hint(REASON_MODULE_REJECTED));
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 30 * G_USEC_PER_SEC);
}

/* ---- firewall --------------------------------------------------------------------------- */

#define NO_FIREWALL "neither firewalld nor ufw was found to be on; other rules, such as nftables of your own, were not looked at"
#define UFW_NEXT HINT(OPEN_FIREWALL, "Let displays in on their own interfaces only: ufw allow in on p2p-+ to any port 7236 " \
		      "proto tcp && ufw allow in on p2p-+ to any port 67 proto udp")

/* It does not say that nothing is in the way: that it cannot know. */
static void test_no_firewall(struct fixture *f, gconstpointer data)
{
	doctor_check_firewall(&f->doctor, f->root, NULL, TRUE);
	assert_said(f, "firewall", OK, NO_FIREWALL, NO_HINT);
	put(f, "/etc/ufw/ufw.conf", "# ENABLED=yes\nENABLED=no\n");
	doctor_check_firewall(&f->doctor, f->root, NULL, TRUE);
	assert_said(f, "firewall", OK, NO_FIREWALL, NO_HINT);
}

static void test_ufw(struct fixture *f, gconstpointer data)
{
	put(f, "/etc/ufw/ufw.conf", "# ufw\nENABLED=yes\nLOGLEVEL=low\n");
	doctor_check_firewall(&f->doctor, f->root, NULL, TRUE);
	assert_said(f, "firewall", WARN, "ufw is enabled and may keep displays out; its rules are permanent, so they are for you to make", UFW_NEXT);
}

static void test_firewalld(struct fixture *f, gconstpointer data)
{
	GTestDBus *test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_autoptr(GDBusConnection) bus = NULL, firewalld = NULL;
	g_autoptr(GVariant) reply = NULL;

	/* The bus's own program is this machine's. */
	g_setenv("PATH", f->path, TRUE);
	g_test_dbus_up(test_bus);
	bus = test_bus_connect(test_bus);
	firewalld = test_bus_connect(test_bus);
	doctor_check_firewall(&f->doctor, f->root, bus, TRUE);
	assert_said(f, "firewall", OK, NO_FIREWALL, NO_HINT);
	reply = g_dbus_connection_call_sync(firewalld, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
					    g_variant_new("(su)", "org.fedoraproject.FirewallD1", 0), NULL,
					    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_assert_nonnull(reply);
	/* What is on the bus runs, whatever the other one's file says. */
	put(f, "/etc/ufw/ufw.conf", "ENABLED=yes\n");
	doctor_check_firewall(&f->doctor, f->root, bus, FALSE);
	g_assert_cmpuint(f->doctor.n, ==, 1);
	g_assert_cmpint(f->doctor.verdict, ==, WARN);
	g_assert_nonnull(strstr(f->doctor.text, "firewalld is running and may keep displays out"));
	g_assert_cmpstr(f->doctor.code, ==, "open-firewall");
	/* Where there are rules of our own, the daemon sees to it. */
	doctor_check_firewall(&f->doctor, f->root, bus, TRUE);
	g_assert_cmpint(f->doctor.verdict, ==, OK);
	g_assert_nonnull(strstr(f->doctor.text, "\"trusted\""));
	g_assert_true(g_dbus_connection_close_sync(bus, NULL, NULL));
	g_assert_true(g_dbus_connection_close_sync(firewalld, NULL, NULL));
	g_test_dbus_down(test_bus);
	g_object_unref(test_bus);
}

/* ---- sound ------------------------------------------------------------------------------- */

static const char *const sound_files[] = {
	MIRACAST_UDEV_RULES "/79-miracast-sound.rules",
	MIRACAST_DATA "/alsa/cards/Miracast.conf",
	MIRACAST_DATA "/wireplumber/wireplumber.conf.d/60-miracast.conf",
	MIRACAST_DATA "/wireplumber/scripts/miracast.lua",
};

#define ANOTHER_WAY "Install it in the way in which miracastd was installed"

/* Each of the files, of a system with and without packages; nobody who has packages is sent to another way. */
static void test_sound_files(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *os_release, *next;
	} systems[] = {
		{ "ID=debian\n", ANOTHER_WAY "; if that was as a package: apt install miracast-desktop" },
		{ "ID=fedora\n", ANOTHER_WAY },
	};

	put(f, MODULES "/modules.dep", "updates/dkms/miracast.ko: kernel/drm.ko kernel/sound/snd-pcm.ko\n");
	for (guint i = 0; i < G_N_ELEMENTS(sound_files); i++)
		put(f, sound_files[i], "");
	g_assert_true(doctor_check_sound_module(&f->doctor, f->root, RELEASE));
	assert_said(f, "sound", OK, "the module has sound: a display that takes it is a sound card while it is connected",
		    NO_HINT);
	for (guint i = 0; i < G_N_ELEMENTS(sound_files); i++) {
		g_autofree char *text = g_strdup_printf(
			"the module has sound, but %s is missing: what plays it may not find the display", sound_files[i]);

		take_away(f, sound_files[i]);
		for (guint j = 0; j < G_N_ELEMENTS(systems); j++) {
			put(f, "/etc/os-release", systems[j].os_release);
			g_assert_true(doctor_check_sound_module(&f->doctor, f->root, RELEASE));
			assert_said(f, "sound", WARN, text, HINT(CHECK_INSTALLATION, systems[j].next));
		}
		put(f, sound_files[i], "");
	}
}

static void test_no_sound(struct fixture *f, gconstpointer data)
{
	put(f, MODULES "/modules.dep", "updates/dkms/miracast.ko: kernel/drm.ko\nkernel/other.ko: kernel/sound/snd-pcm.ko\n");
	g_assert_false(doctor_check_sound_module(&f->doctor, f->root, RELEASE));
	assert_said(f, "sound", WARN, "miracast.ko has no sound on kernel " RELEASE ": displays show pictures only",
		    HINT(INSTALL_MODULE, "Install a kernel with ALSA (snd-pcm), and the module for it in the way in which "
			 "miracastd was installed; see also: dkms status"));
	/* ALSA may be built in, or the module not be installed but loaded. */
	put(f, MODULES "/modules.builtin", "kernel/sound/core/snd-pcm.ko\n");
	g_assert_true(doctor_check_sound_module(&f->doctor, f->root, RELEASE));
	take_away(f, MODULES "/modules.builtin");
	put(f, "/sys/module/snd_pcm/holders/miracast", "");
	g_assert_true(doctor_check_sound_module(&f->doctor, f->root, RELEASE));
}

#define TEST(name, function) g_test_add("/ctl-doctor/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST("module", test_module);
	TEST("secure-boot", test_secure_boot);
	TEST("secure-boot/no-mokutil", test_no_mokutil);
	TEST("secure-boot/mokutil-hangs", test_mokutil_hangs);
	TEST("firewall/none", test_no_firewall);
	TEST("firewall/ufw", test_ufw);
	TEST("firewall/firewalld", test_firewalld);
	TEST("sound/files", test_sound_files);
	TEST("sound/none", test_no_sound);
	return g_test_run();
}
