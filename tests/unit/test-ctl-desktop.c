// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which monitors a desktop uses, by what sysfs says of them, and in which desktop a program runs.
 */
#include "ctl-desktop.h"

#include <unistd.h>

#include <glib/gstdio.h>

/* Another card's connectors are not ours, whatever they are called; nor are those without a display. */
static const struct entry {
	const char *name;
	const char *driver;
	const char *status;
	const char *enabled;
} entries[] = {
	{ .name = "card0", .driver = "i915" },
	{ .name = "card0-eDP-1", .status = "connected\n", .enabled = "enabled\n" },
	{ .name = "card0-Virtual-1", .status = "connected\n", .enabled = "disabled\n" },
	{ .name = "card1", .driver = "miracast" },
	{ .name = "card1-Virtual-2", .status = "connected\n", .enabled = "disabled\n" },
	{ .name = "card1-Virtual-1", .status = "connected\n", .enabled = "enabled\n" },
	{ .name = "card1-Virtual-3", .status = "disconnected\n", .enabled = "disabled\n" },
	{ .name = "card1-Virtual-4" },
	{ .name = "card10", .driver = "miracast" },
	{ .name = "card10-Virtual-5", .status = "connected\n", .enabled = "enabled\n" },
	{ .name = "renderD128" },
	{ .name = "version" },
};

static void put(const char *class, const char *name, const char *attribute, const char *content)
{
	g_autofree char *path = g_build_filename(class, name, attribute, NULL);

	if (content)
		g_assert_true(g_file_set_contents(path, content, -1, NULL));
}

static char *make_class(void)
{
	char *class = g_dir_make_tmp("drm-XXXXXX", NULL);

	for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
		g_autofree char *device = g_build_filename(class, entries[i].name, "device", NULL);
		g_autofree char *link = g_build_filename(device, "driver", NULL);
		g_autofree char *target = g_strdup_printf("../../bus/platform/drivers/%s", entries[i].driver);

		g_assert_cmpint(g_mkdir_with_parents(device, 0700), ==, 0);
		if (entries[i].driver)
			g_assert_cmpint(symlink(target, link), ==, 0);
		put(class, entries[i].name, "status", entries[i].status);
		put(class, entries[i].name, "enabled", entries[i].enabled);
	}
	return class;
}

static void remove_class(const char *class)
{
	static const char *const parts[] = { "device/driver", "device", "status", "enabled", "" };

	for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
		for (guint j = 0; j < G_N_ELEMENTS(parts); j++) {
			g_autofree char *path = g_build_filename(class, entries[i].name, parts[j], NULL);

			g_remove(path);
		}
	}
	g_assert_cmpint(g_rmdir(class), ==, 0);
}

static void test_monitors(void)
{
	static const struct desktop_monitor expected[] = {
		{ (char *)"Virtual-1", TRUE }, { (char *)"Virtual-2", FALSE }, { (char *)"Virtual-5", TRUE },
	};
	g_autofree char *class = make_class();
	g_autoptr(GPtrArray) monitors = desktop_monitors(class);

	g_assert_cmpuint(monitors->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < monitors->len; i++) {
		const struct desktop_monitor *monitor = g_ptr_array_index(monitors, i);

		g_assert_cmpstr(monitor->name, ==, expected[i].name);
		g_assert_cmpint(monitor->used, ==, expected[i].used);
	}
	remove_class(class);
}

static void test_no_cards(void)
{
	g_autoptr(GPtrArray) monitors = desktop_monitors("/nonexistent");

	g_assert_cmpuint(monitors->len, ==, 0);
}

static void test_names(void)
{
	static const struct {
		const char *environment[4];
		const char *name;
	} cases[] = {
		{ { NULL }, NULL },
		{ { "XDG_CURRENT_DESKTOP=GNOME" }, NULL },
		{ { "XDG_CURRENT_DESKTOP=GNOME", "WAYLAND_DISPLAY=wayland-0", "DISPLAY=:0" }, "GNOME, on Wayland" },
		{ { "XDG_CURRENT_DESKTOP=XFCE", "WAYLAND_DISPLAY=", "DISPLAY=:0.0" }, "XFCE, on X11" },
		{ { "WAYLAND_DISPLAY=wayland-1" }, "a desktop, on Wayland" },
		/* ssh -X: the desktop is that of another computer. */
		{ { "DISPLAY=localhost:10.0" }, NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = desktop_name((char **)cases[i].environment);

		g_assert_cmpstr(name, ==, cases[i].name);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ctl-desktop/monitors", test_monitors);
	g_test_add_func("/ctl-desktop/no-cards", test_no_cards);
	g_test_add_func("/ctl-desktop/names", test_names);
	return g_test_run();
}
