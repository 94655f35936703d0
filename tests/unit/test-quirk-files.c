/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user's files of quirks: what is used, what is left out, and in which words. */
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quirk-files.h"
#include "wfd-quirks.h"

struct fixture {
	char *directory;
	char **texts;
	char **problems;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	f->directory = g_dir_make_tmp("quirks-XXXXXX", NULL);
	g_assert_nonnull(f->directory);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDir) dir = g_dir_open(f->directory, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(f->directory, name, NULL);

		g_unlink(path);
	}
	g_rmdir(f->directory);
	g_free(f->directory);
	g_strfreev(f->texts);
	g_strfreev(f->problems);
}

static char *path_of(struct fixture *f, const char *name)
{
	return g_build_filename(f->directory, name, NULL);
}

static void put(struct fixture *f, const char *name, const char *text)
{
	g_autofree char *path = path_of(f, name);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void look(struct fixture *f)
{
	g_clear_pointer(&f->texts, g_strfreev);
	g_clear_pointer(&f->problems, g_strfreev);
	f->texts = quirk_files_read(f->directory, &f->problems);
}

static void assert_problem(struct fixture *f, guint i, const char *pattern)
{
	g_assert_cmpuint(g_strv_length(f->problems), >, i);
	g_test_message("%s", f->problems[i]);
	g_assert_true(g_pattern_match_simple(pattern, f->problems[i]));
}

static void test_order(struct fixture *f, gconstpointer data)
{
	struct wfd_sink_identity identity = { .device_name = "TV" };
	g_autoptr(wfd_quirk_table) table = wfd_quirk_table_new();
	struct wfd_quirks quirks;

	put(f, "20-b.conf", "[b]\nany=TV\nlead=200\n");
	put(f, "10-a.conf", "[a]\nany=TV\nlead=100\n");
	put(f, "30-c.conf~", "[c]\nany=TV\nlead=300\n");
	put(f, ".40-d.conf", "[d]\nany=TV\nlead=400\n");
	look(f);
	g_assert_cmpuint(g_strv_length(f->problems), ==, 0);
	g_assert_cmpuint(g_strv_length(f->texts), ==, 2);
	for (guint i = 0; f->texts[i]; i++)
		g_assert_true(wfd_quirk_table_add(table, f->texts[i], NULL));
	wfd_quirks_match(table, &identity, &quirks);
	g_assert_cmpstr(quirks.name, ==, "a+b");
	g_assert_cmpuint(quirks.lead_ms, ==, 200);
}

/* One that is wrong does not take the others with it. */
static void test_mistake(struct fixture *f, gconstpointer data)
{
	put(f, "1.conf", "[a]\nany=TV\nlead=100\n");
	put(f, "2.conf", "[b]\nany=TV\nlead=soon\n");
	put(f, "3.conf", "[c]\nany=TV\nlead=300\n");
	look(f);
	g_assert_cmpuint(g_strv_length(f->texts), ==, 2);
	g_assert_cmpuint(g_strv_length(f->problems), ==, 1);
	assert_problem(f, 0, "*/2.conf is not used: ?b? lead=soon: should be 0, or 50 to 1000");
}

static void test_no_directory(struct fixture *f, gconstpointer data)
{
	g_auto(GStrv) problems = NULL;
	g_auto(GStrv) texts = quirk_files_read("/proc/self/nonexistent", &problems);
	g_auto(GStrv) none = NULL;
	g_auto(GStrv) nothing = quirk_files_read(NULL, &none);

	g_assert_cmpuint(g_strv_length(texts) + g_strv_length(problems), ==, 0);
	g_assert_cmpuint(g_strv_length(nothing) + g_strv_length(none), ==, 0);
}

/* Nobody writes to the pipe, and the daemon does not wait for it. */
static void test_no_files(struct fixture *f, gconstpointer data)
{
	g_autofree char *pipe = path_of(f, "1.conf");
	g_autofree char *nowhere = path_of(f, "2.conf");

	g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
	g_assert_cmpint(symlink("nowhere", nowhere), ==, 0);
	put(f, "3.conf", "\xff\xfe");
	look(f);
	g_assert_cmpuint(g_strv_length(f->texts), ==, 0);
	g_assert_cmpuint(g_strv_length(f->problems), ==, 3);
	assert_problem(f, 0, "*no regular file");
	assert_problem(f, 1, "*No such file or directory");
	assert_problem(f, 2, "*UTF-8*");
}

/* All of them go into one datagram. */
static void test_too_much(struct fixture *f, gconstpointer data)
{
	g_autofree char *half = g_strdup_printf("#%*s\n", QUIRK_FILES_MAX_TEXT / 2 - 2, "");
	g_autofree char *all = g_strdup_printf("#%*s\n", QUIRK_FILES_MAX_TEXT - 2, "");

	put(f, "1.conf", half);
	put(f, "2.conf", all);
	put(f, "3.conf", half);
	put(f, "4.conf", "#");
	look(f);
	g_assert_cmpuint(g_strv_length(f->texts), ==, 2);
	g_assert_cmpuint(g_strv_length(f->problems), ==, 2);
	assert_problem(f, 0, "*2.conf*8 KiB");
	assert_problem(f, 1, "*4.conf*8 KiB");
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/quirk-files/" name, struct fixture, NULL, set_up, func, tear_down)
	ADD("order", test_order);
	ADD("mistake", test_mistake);
	ADD("no-directory", test_no_directory);
	ADD("no-files", test_no_files);
	ADD("too-much", test_too_much);
	return g_test_run();
}
