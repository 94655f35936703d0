// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The programs of DHCP: who starts them, what is heard of them, and how they end. Both are one script in PATH.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "fake-units.h"
#include "main-loop.h"
#include "p2p-dhcp.h"

struct fixture {
	fake_units *units; /* NULL: the programs are our own */
	char *directory; /* what runs, and its programs */
	char *path; /* PATH as it was */
	p2p_dhcp *dhcp;
	guint leased, closed;
	char *why; /* it has ended by itself */
};

static void leased(p2p_dhcp *dhcp, GInetAddress *address, int prefix, gpointer user_data)
{
	struct fixture *f = user_data;
	g_autofree char *text = g_inet_address_to_string(address);

	g_assert_cmpstr(text, ==, "10.77.0.5");
	g_assert_cmpint(prefix, ==, 24);
	f->leased++;
}

static void ended(p2p_dhcp *dhcp, const GError *error, gpointer user_data)
{
	struct fixture *f = user_data;

	g_assert_null(f->why);
	f->why = g_strdup(error->message);
}

static void closed(p2p_dhcp *dhcp, gpointer user_data)
{
	struct fixture *f = user_data;

	f->closed++;
}

static const struct p2p_dhcp_funcs funcs = { .leased = leased, .ended = ended, .closed = closed };

static void play(struct fixture *f, const char *script)
{
	g_autofree char *program = g_build_filename(f->directory, "busybox", NULL);

	g_assert_true(g_file_set_contents_full(program, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
}

/* @by_unit: systemd starts them. */
static void set_up(struct fixture *f, gconstpointer by_unit)
{
	g_autofree char *path = NULL;

	f->directory = g_dir_make_tmp("miracast-XXXXXX", NULL);
	f->path = g_strdup(g_getenv("PATH"));
	path = g_strconcat(f->directory, ":", f->path, NULL);
	g_setenv("PATH", path, TRUE);
	if (by_unit)
		f->units = fake_units_new();
}

static void tear_down(struct fixture *f, gconstpointer by_unit)
{
	g_autofree char *program = g_build_filename(f->directory, "busybox", NULL);

	p2p_dhcp_free(f->dhcp);
	g_clear_pointer(&f->units, fake_units_free);
	g_setenv("PATH", f->path, TRUE);
	g_unlink(program);
	g_rmdir(f->directory);
	g_free(f->directory);
	g_free(f->path);
	g_free(f->why);
}

static void ask(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	f->dhcp = p2p_dhcp_ask("p2p0", f->units ? fake_units_directory(f->units) : f->directory, &funcs, f, &error);
	g_assert_no_error(error);
	g_assert_nonnull(f->dhcp);
}

static void test_lease(struct fixture *f, gconstpointer by_unit)
{
	play(f, "#!/bin/sh\n[ \"$1 $2 $4 $5\" = 'udhcpc -f p2p0 -s' ] && echo 'bound 10.77.0.5 255.255.255.0'\nexec sleep 1000\n");
	ask(f);
	WAIT(f->leased == 1);
	p2p_dhcp_close(f->dhcp);
	WAIT(f->closed == 1);
	g_assert_null(f->why);
	if (f->units)
		g_assert_cmpuint(fake_units_calls(f->units), ==, 1);
}

/* One that does not listen is ended as well. */
static void test_deaf(struct fixture *f, gconstpointer by_unit)
{
	play(f, "#!/bin/sh\ntrap '' TERM\necho 'bound 10.77.0.5 255.255.255.0'\nwhile :; do sleep 0.1; done\n");
	ask(f);
	WAIT(f->leased == 1);
	p2p_dhcp_close(f->dhcp);
	WAIT(f->closed == 1);
}

static void test_ends(struct fixture *f, gconstpointer by_unit)
{
	play(f, "#!/bin/sh\nexit 1\n");
	ask(f);
	WAIT(f->why);
	g_assert_nonnull(strstr(f->why, "has ended by itself"));
}

/* As busybox says that it has no udhcpc. */
static void test_incomplete(struct fixture *f, gconstpointer by_unit)
{
	play(f, "#!/bin/sh\nexit 127\n");
	ask(f);
	WAIT(f->why);
	g_assert_nonnull(strstr(f->why, "is not complete"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/p2p-dhcp/" name, struct fixture, NULL, set_up, function, tear_down); \
	g_test_add("/p2p-dhcp/unit/" name, struct fixture, "by a unit", set_up, function, tear_down)
	ADD("lease", test_lease);
	ADD("deaf", test_deaf);
	ADD("ends", test_ends);
	ADD("incomplete", test_incomplete);
	return g_test_run();
}
