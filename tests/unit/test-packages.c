// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which command installs what is missing, by what os-release says. */
#include <glib/gstdio.h>

#include "packages.h"

static void assert_command(const char *content, enum package package, const char *expected)
{
	g_autofree char *path = NULL, *command = NULL;
	int fd = g_file_open_tmp("os-release-XXXXXX", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	g_assert_true(g_file_set_contents(path, content, -1, NULL));
	command = package_command(package, path);
	g_assert_cmpstr(command, ==, expected);
	g_unlink(path);
}

static void test_distributions(void)
{
	assert_command("ID=debian\n", PACKAGE_DNSMASQ, "apt install dnsmasq-base");
	assert_command("NAME=\"Fedora Linux\"\nID=fedora\n", PACKAGE_DNSMASQ, "dnf install dnsmasq");
	assert_command("ID=arch\n", PACKAGE_SOUND_SERVER, "pacman -S pipewire-pulse wireplumber");
	assert_command("ID=debian\n", PACKAGE_VA_AMD, "apt install mesa-va-drivers gstreamer1.0-plugins-bad");
	assert_command("ID=debian\n", PACKAGE_DESKTOP, "apt install miracast-desktop");
	assert_command("ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n", PACKAGE_BUSYBOX,
		       "zypper install busybox");
}

/* One that only says what it is like; the first that is known counts. */
static void test_like(void)
{
	assert_command("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", PACKAGE_BUSYBOX,
		       "apt install busybox");
	assert_command("ID=rocky\nID_LIKE='rhel centos fedora'\n", PACKAGE_BUSYBOX,
		       "dnf install busybox");
	assert_command("ID=\"new\"\nID_LIKE=\"newer arch\"\n", PACKAGE_BUSYBOX, "pacman -S busybox");
}

/* No command that would not be there. */
static void test_unknown(void)
{
	g_autofree char *command = NULL;

	assert_command("ID=nixos\n", PACKAGE_DNSMASQ, "install dnsmasq");
	assert_command("", PACKAGE_SOUND_SERVER, "install PipeWire and WirePlumber");
	assert_command("ID=\nID_LIKE=\n", PACKAGE_BUSYBOX, "install busybox");
	assert_command("ID=\"debian\n", PACKAGE_BUSYBOX, "install busybox");
	assert_command("IDS=debian\nVERSION_ID=debian\n", PACKAGE_BUSYBOX, "install busybox");
	/* Nor a package. */
	assert_command("ID=nixos\n", PACKAGE_DESKTOP, NULL);
	command = package_command(PACKAGE_BUSYBOX, "/nonexistent");
	g_assert_cmpstr(command, ==, "install busybox");
}

/* Each has a name for each but what is only Debian's, and the system's own file is read. */
static void test_complete(void)
{
	const char *const ids[] = { "debian", "fedora", "arch", "suse" };

	for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
		for (int package = 0; package < N_PACKAGES; package++) {
			g_autofree char *content = g_strdup_printf("ID=%s\n", ids[i]);
			g_autofree char *path = NULL, *command = NULL;
			int fd = g_file_open_tmp("os-release-XXXXXX", &path, NULL);

			g_close(fd, NULL);
			g_assert_true(g_file_set_contents(path, content, -1, NULL));
			command = package_command(package, path);
			g_unlink(path);
			g_assert_cmpint(command == NULL, ==, package == PACKAGE_DESKTOP && i > 0);
			if (!command)
				continue;
			g_assert_false(g_str_has_prefix(command, "install"));
			g_assert_null(g_strstr_len(command, -1, "(null)"));
		}
	}
	for (int package = 0; package < N_PACKAGES; package++) {
		g_autofree char *command = package_command(package, NULL);

		g_assert_true((package == PACKAGE_DESKTOP && !command) || g_strstr_len(command, -1, "install"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/packages/distributions", test_distributions);
	g_test_add_func("/packages/like", test_like);
	g_test_add_func("/packages/unknown", test_unknown);
	g_test_add_func("/packages/complete", test_complete);
	return g_test_run();
}
