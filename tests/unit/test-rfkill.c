// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether Wi-Fi is switched off, by directories as sysfs has them.
 */
#include "rfkill.h"

#include <glib/gstdio.h>

struct fixture {
	char *directory;
};

static void write_word(struct fixture *f, const char *rfkill, const char *name, const char *value)
{
	g_autofree char *directory = g_build_filename(f->directory, rfkill, NULL);
	g_autofree char *path = g_build_filename(directory, name, NULL), *line = g_strconcat(value, "\n", NULL);

	g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, line, -1, NULL));
}

static void make_switch(struct fixture *f, const char *rfkill, const char *type, const char *soft, const char *hard)
{
	write_word(f, rfkill, "type", type);
	write_word(f, rfkill, "soft", soft);
	write_word(f, rfkill, "hard", hard);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	f->directory = g_dir_make_tmp("rfkill-XXXXXX", NULL);
}

static void remove_all(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		remove_all(below);
	}
	g_remove(path);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	remove_all(f->directory);
	g_free(f->directory);
}

static void test_switches(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *soft, *hard;
		enum rfkill said;
	} rows[] = {
		{ "0", "0", RFKILL_ON },
		{ "1", "0", RFKILL_SOFT },
		{ "0", "1", RFKILL_HARD },
		/* Software alone cannot undo that. */
		{ "1", "1", RFKILL_HARD },
		{ "", "", RFKILL_ON },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		make_switch(f, "rfkill0", "wlan", rows[i].soft, rows[i].hard);
		g_assert_cmpint(rfkill_read(f->directory), ==, rows[i].said);
	}
}

/* A machine has one for all adapters, and one for each; in any order. */
static void test_several(struct fixture *f, gconstpointer data)
{
	make_switch(f, "rfkill0", "wlan", "1", "0");
	make_switch(f, "rfkill1", "wlan", "0", "0");
	g_assert_cmpint(rfkill_read(f->directory), ==, RFKILL_SOFT);
	make_switch(f, "rfkill2", "wlan", "0", "1");
	make_switch(f, "rfkill3", "wlan", "1", "0");
	g_assert_cmpint(rfkill_read(f->directory), ==, RFKILL_HARD);
}

/* Bluetooth that is off is no matter of ours; nor is what else an adapter's directory has. */
static void test_others(struct fixture *f, gconstpointer data)
{
	make_switch(f, "rfkill0", "bluetooth", "1", "1");
	make_switch(f, "power", "wlan", "1", "1");
	write_word(f, "rfkill1", "soft", "1");
	write_word(f, "rfkill2", "type", "wlan");
	g_assert_cmpint(rfkill_read(f->directory), ==, RFKILL_ON);
}

static void test_nothing(struct fixture *f, gconstpointer data)
{
	g_autofree char *none = g_build_filename(f->directory, "none", NULL);

	g_assert_cmpint(rfkill_read(f->directory), ==, RFKILL_ON);
	g_assert_cmpint(rfkill_read(none), ==, RFKILL_ON);
}

#define TEST(path, function) g_test_add(path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST("/rfkill/switches", test_switches);
	TEST("/rfkill/several", test_several);
	TEST("/rfkill/others", test_others);
	TEST("/rfkill/nothing", test_nothing);
	return g_test_run();
}
