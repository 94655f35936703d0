// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is remembered of displays, from one daemon to the next.
 */
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "remembered.h"

struct fixture {
	char *directory;
	char *file;
	remembered *remembered;
	guint changes;
};

static guint warnings;

static GLogWriterOutput count(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	warnings += level == G_LOG_LEVEL_WARNING;
	return level <= G_LOG_LEVEL_CRITICAL ? g_log_writer_default(level, fields, n_fields, NULL) :
					       G_LOG_WRITER_HANDLED;
}

static void changed(gpointer user_data)
{
	struct fixture *f = user_data;

	f->changes++;
}

static void begin(struct fixture *f)
{
	f->remembered = remembered_new(f->directory, changed, f);
}

/* As the next daemon finds it. */
static void begin_again(struct fixture *f)
{
	g_clear_pointer(&f->remembered, remembered_free);
	begin(f);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	g_autofree char *top = g_dir_make_tmp("remembered-XXXXXX", NULL);

	/* It is made when there is something to keep. */
	f->directory = g_build_filename(top, "state", NULL);
	f->file = g_build_filename(f->directory, "displays", NULL);
	begin(f);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_autofree char *top = g_path_get_dirname(f->directory);

	g_clear_pointer(&f->remembered, remembered_free);
	g_unlink(f->file);
	g_rmdir(f->directory);
	g_assert_cmpint(g_rmdir(top), ==, 0);
	g_free(f->file);
	g_free(f->directory);
}

static link_sink *tv(const char *id, const char *name)
{
	return link_sink_new(strchr(id, '.') ? "mice" : "p2p", id, name);
}

static void set_alias(struct fixture *f, const char *id, const char *name, const char *alias)
{
	g_autoptr(link_sink) sink = tv(id, name);
	g_autoptr(GError) error = NULL;

	remembered_set_alias(f->remembered, sink, alias, OWNER_ALL, &error);
	g_assert_no_error(error);
}

static void assert_find(struct fixture *f, const char *what, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(link_sink) sink = remembered_find(f->remembered, what, OWNER_ALL, &error);

	g_assert_cmpstr(sink ? sink->id : NULL, ==, id);
	if (!id)
		g_assert_error(error, REASON_ERROR, REASON_SINK_UNKNOWN);
}

static void test_kept(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) cast = tv("02:00:00:00:00:01", "Living room");
	g_autoptr(link_sink) learnt = tv("mice:[fe80::1%wlan0]:7251", "Beamer. 客厅");
	g_autoptr(GVariant) before = NULL, after = NULL;
	struct stat status;

	remembered_cast(f->remembered, cast, "miracast:Virtual-2");
	remembered_learn_short_m3(f->remembered, learnt);
	set_alias(f, "mice:tv.local", "TV", "Küche; [x] = \"1\"\\");
	g_assert_cmpuint(f->changes, ==, 3);
	before = g_variant_ref_sink(remembered_to_variant(f->remembered));
	g_assert_cmpuint(g_variant_n_children(before), ==, 3);
	begin_again(f);
	after = g_variant_ref_sink(remembered_to_variant(f->remembered));
	g_assert_true(g_variant_equal(before, after));
	g_assert_true(remembered_short_m3(f->remembered, learnt->id, OWNER_SHARED));
	g_assert_false(remembered_short_m3(f->remembered, cast->id, OWNER_SHARED));
	g_assert_cmpstr(remembered_alias(f->remembered, "mice:tv.local", OWNER_SHARED), ==, "Küche; [x] = \"1\"\\");
	/* Who is cast to is nobody else's business. */
	g_assert_cmpint(stat(f->file, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
}

static void test_find(struct fixture *f, gconstpointer data)
{
	set_alias(f, "02:00:00:00:00:01", "TV 1", "Kitchen");
	set_alias(f, "02:00:00:00:00:02", "Kitchen", "");
	set_alias(f, "02:00:00:00:00:03", "TV 3", "");
	assert_find(f, "02:00:00:00:00:01", "02:00:00:00:00:01");
	/* An alias comes before what another one calls itself, or is. */
	set_alias(f, "02:00:00:00:00:04", "TV 4", "02:00:00:00:00:03");
	assert_find(f, "02:00:00:00:00:03", "02:00:00:00:00:04");
	assert_find(f, "kitchen", "02:00:00:00:00:01");
	assert_find(f, "TV 3", "02:00:00:00:00:03");
	assert_find(f, "TV", NULL);
	assert_find(f, "", NULL);
	assert_find(f, "Garage", NULL);
	g_assert_cmpstr(remembered_find_alias(f->remembered, "KITCHEN", OWNER_ALL), ==, "02:00:00:00:00:01");
	g_assert_null(remembered_find_alias(f->remembered, "kitch", OWNER_ALL));
	g_assert_null(remembered_find_alias(f->remembered, "", OWNER_ALL));
}

static void test_alias(struct fixture *f, gconstpointer data)
{
	static const char *const wrong[] = { "two\nlines", "\033[2J", "kitchen", "\342\200\256backwards" };
	g_autoptr(link_sink) sink = tv("02:00:00:00:00:02", "TV");
	g_autofree char *long_one = g_strnfill(65, 'x');
	g_autoptr(GError) error = NULL;

	set_alias(f, "02:00:00:00:00:01", "TV", "Kitchen");
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_false(remembered_set_alias(f->remembered, sink, wrong[i], OWNER_ALL, &error));
		g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
		g_clear_error(&error);
	}
	g_assert_false(remembered_set_alias(f->remembered, sink, long_one, OWNER_ALL, &error));
	g_assert_false(remembered_has(f->remembered, sink->id, OWNER_SHARED));
	/* Its own, written otherwise. */
	set_alias(f, "02:00:00:00:00:01", "TV", "KITCHEN");
	set_alias(f, "02:00:00:00:00:01", "TV", "");
	g_assert_null(remembered_alias(f->remembered, "02:00:00:00:00:01", OWNER_SHARED));
	set_alias(f, sink->id, "TV", "Kitchen");
}

static void test_forget(struct fixture *f, gconstpointer data)
{
	g_autofree char *text = NULL;

	set_alias(f, "02:00:00:00:00:01", "Secret TV", "Secret room");
	set_alias(f, "02:00:00:00:00:02", "TV", "Kitchen");
	g_assert_true(remembered_forget(f->remembered, "02:00:00:00:00:01", OWNER_ALL));
	g_assert_false(remembered_forget(f->remembered, "02:00:00:00:00:01", OWNER_ALL));
	g_clear_pointer(&f->remembered, remembered_free);
	g_assert_true(g_file_get_contents(f->file, &text, NULL, NULL));
	g_assert_null(strstr(text, "Secret"));
	g_assert_null(strstr(text, "00:01"));
	g_assert_nonnull(strstr(text, "Kitchen"));
}

/* An address that dialled us says nothing tomorrow. */
static void test_direct(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) sink = link_sink_new("direct", "192.0.2.1", "192.0.2.1");

	remembered_learn_short_m3(f->remembered, sink);
	g_assert_true(remembered_short_m3(f->remembered, sink->id, OWNER_SHARED));
	begin_again(f);
	g_assert_false(remembered_has(f->remembered, sink->id, OWNER_SHARED));
}

/* How a Wi-Fi P2P group came about, until it does not any more. */
static void test_group(struct fixture *f, gconstpointer data)
{
	const struct remembered_group learnt = { 7, 2437 };
	struct remembered_group group = { 0 };
	g_autoptr(link_sink) sink = tv("02:00:00:00:00:01", "TV");
	g_autoptr(GVariant) all = NULL, display = NULL;
	g_autofree const char **names = NULL;

	/* Nothing to forget, and nobody to remember. */
	remembered_learn_group(f->remembered, sink, NULL);
	g_assert_false(remembered_has(f->remembered, sink->id, OWNER_SHARED));
	g_assert_cmpuint(f->changes, ==, 0);
	remembered_learn_group(f->remembered, sink, &learnt);
	g_assert_cmpuint(f->changes, ==, 1);
	begin_again(f);
	g_assert_true(remembered_find_group(f->remembered, sink->id, &group));
	g_assert_cmpuint(group.go_intent, ==, 7);
	g_assert_cmpuint(group.frequency, ==, 2437);
	all = g_variant_ref_sink(remembered_to_variant(f->remembered));
	display = g_variant_lookup_value(all, sink->id, G_VARIANT_TYPE_VARDICT);
	g_assert_true(g_variant_lookup(display, "learnt", "^a&s", &names));
	g_assert_cmpstr(names[0], ==, "p2p-group");
	g_assert_null(names[1]);

	remembered_learn_group(f->remembered, sink, NULL);
	g_assert_cmpuint(f->changes, ==, 2);
	g_assert_true(remembered_has(f->remembered, sink->id, OWNER_SHARED));
	begin_again(f);
	g_assert_false(remembered_find_group(f->remembered, sink->id, &group));
}

/* The key to a persistent group, which nobody is told, until it is of no use any more. */
static void test_key(struct fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) ssid = g_bytes_new_static("DIRECT-\"\xff", 9);
	g_autoptr(p2p_key) key = p2p_key_new(TRUE, ssid, "pass \"word\" ", "02:00:00:00:00:09");
	g_autoptr(link_sink) sink = tv("02:00:00:00:00:01", "TV");
	g_autofree char *told = NULL, *text = NULL;
	g_autoptr(GVariant) all = NULL;

	g_assert_nonnull(key);
	key->narrowed = 2;
	key->by_pin = TRUE;
	remembered_learn_key(f->remembered, sink, NULL);
	g_assert_false(remembered_has(f->remembered, sink->id, OWNER_SHARED));
	remembered_learn_key(f->remembered, sink, key);
	g_assert_cmpuint(f->changes, ==, 1);
	begin_again(f);
	g_assert_nonnull(remembered_key(f->remembered, sink->id));
	g_assert_true(p2p_key_equal(remembered_key(f->remembered, sink->id), key));
	all = g_variant_ref_sink(remembered_to_variant(f->remembered));
	told = g_variant_print(all, FALSE);
	g_assert_nonnull(strstr(told, "'p2p-key'"));
	g_assert_null(strstr(told, "pass"));
	g_assert_null(strstr(told, "DIRECT"));

	remembered_learn_key(f->remembered, sink, NULL);
	g_assert_true(remembered_has(f->remembered, sink->id, OWNER_SHARED));
	begin_again(f);
	g_assert_null(remembered_key(f->remembered, sink->id));
	g_clear_pointer(&f->remembered, remembered_free);
	g_assert_true(g_file_get_contents(f->file, &text, NULL, NULL));
	g_assert_null(strstr(text, "pass"));
}

/* What is no key is not remembered. */
static void test_wrong_key(struct fixture *f, gconstpointer data)
{
#define SSID "p2p-ssid=44495245\n"
#define PSK "p2p-psk=password\n"
#define ADDRESS "p2p-owner-address=02:00:00:00:00:09\n"
#define DIGITS_31 "0123456789abcdef0123456789abcde"
	static const struct {
		const char *lines;
		gboolean valid;
	} cases[] = {
		{ SSID PSK ADDRESS, TRUE },
		{ SSID PSK, FALSE },
		{ SSID ADDRESS, FALSE },
		{ PSK ADDRESS, FALSE },
		{ "p2p-ssid=\n" PSK ADDRESS, FALSE },
		{ "p2p-ssid=444\n" PSK ADDRESS, FALSE },
		{ "p2p-ssid=4x\n" PSK ADDRESS, FALSE },
		{ "p2p-ssid=" DIGITS_31 "f" DIGITS_31 "f\n" PSK ADDRESS, TRUE },
		{ "p2p-ssid=" DIGITS_31 "f" DIGITS_31 "f00\n" PSK ADDRESS, FALSE },
		{ SSID "p2p-psk=passwor\n" ADDRESS, FALSE },
		{ SSID "p2p-psk=password\\n\n" ADDRESS, FALSE },
		{ SSID "p2p-psk=" DIGITS_31 "f" DIGITS_31 "\n" ADDRESS, TRUE },
		{ SSID "p2p-psk=" DIGITS_31 "f" DIGITS_31 "f\n" ADDRESS, TRUE },
		{ SSID "p2p-psk=" DIGITS_31 "f" DIGITS_31 "x\n" ADDRESS, FALSE },
		{ SSID "p2p-psk=" DIGITS_31 "f" DIGITS_31 "ff\n" ADDRESS, FALSE },
		{ SSID PSK "p2p-owner-address=02:00:00:00:00\n", FALSE },
		{ SSID PSK "p2p-owner-address=02:00:00:00:00:09:\n", FALSE },
		{ SSID PSK "p2p-owner-address=02-00-00-00-00-09\n", FALSE },
	};

	g_assert_cmpint(g_mkdir(f->directory, 0700), ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat("[02:00:00:00:00:01]\nname=TV\nlink=p2p\n", cases[i].lines, NULL);

		g_assert_true(g_file_set_contents(f->file, text, -1, NULL));
		begin_again(f);
		g_test_message("%s", cases[i].lines);
		g_assert_cmpint(remembered_key(f->remembered, "02:00:00:00:00:01") != NULL, ==, cases[i].valid);
	}
}

/* A request that cannot be made is not remembered. */
static void test_wrong_group(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *lines;
		gboolean valid;
	} cases[] = {
		{ "go-intent=0\nfrequency=0\n", TRUE },	   { "go-intent=15\nfrequency=2412\n", TRUE },
		{ "go-intent=15\nfrequency=7115\n", TRUE }, { "go-intent=16\nfrequency=0\n", FALSE },
		{ "go-intent=-1\nfrequency=0\n", FALSE },   { "go-intent=7\nfrequency=2411\n", FALSE },
		{ "go-intent=7\nfrequency=7116\n", FALSE }, { "go-intent=7\nfrequency=-1\n", FALSE },
		{ "go-intent=7\n", FALSE },		   { "go-intent=7\nfrequency=any\n", FALSE },
	};
	struct remembered_group group;

	g_assert_cmpint(g_mkdir(f->directory, 0700), ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat("[02:00:00:00:00:01]\nname=TV\nlink=p2p\n", cases[i].lines, NULL);

		g_assert_true(g_file_set_contents(f->file, text, -1, NULL));
		begin_again(f);
		g_assert_true(remembered_has(f->remembered, "02:00:00:00:00:01", OWNER_SHARED));
		g_test_message("%s", cases[i].lines);
		g_assert_cmpint(remembered_find_group(f->remembered, "02:00:00:00:00:01", &group), ==, cases[i].valid);
	}
}

/* Where its monitor was: told to nobody, and free when the display is forgotten. */
static void test_place(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) sink = tv("02:00:00:00:00:01", "TV");
	g_autoptr(link_sink) other = tv("02:00:00:00:00:02", "TV");
	g_autoptr(link_sink) caller = link_sink_new("direct", "192.0.2.1", "TV");
	g_autofree char *told = NULL;
	g_autoptr(GVariant) all = NULL;

	g_assert_null(remembered_place(f->remembered, sink->id, OWNER_SHARED));
	remembered_cast(f->remembered, sink, "miracast:Virtual-2");
	remembered_cast(f->remembered, caller, "miracast:Virtual-3");
	g_assert_cmpint(remembered_last_cast_at(f->remembered, "miracast:Virtual-3", sink->id, NULL), >, 0);
	begin_again(f);
	/* Where there is no connector, what was known of one stays. */
	remembered_cast(f->remembered, sink, NULL);
	g_assert_cmpstr(remembered_place(f->remembered, sink->id, OWNER_SHARED), ==, "miracast:Virtual-2");
	g_assert_null(remembered_place(f->remembered, other->id, OWNER_SHARED));
	all = g_variant_ref_sink(remembered_to_variant(f->remembered));
	told = g_variant_print(all, FALSE);
	g_assert_null(strstr(told, "Virtual"));

	g_assert_cmpint(remembered_last_cast_at(f->remembered, "miracast:Virtual-2", other->id, NULL), >, 0);
	g_assert_cmpint(remembered_last_cast_at(f->remembered, "miracast:Virtual-2", sink->id, NULL), ==,
			REMEMBERED_NOBODY);
	g_assert_cmpint(remembered_last_cast_at(f->remembered, "miracast:Virtual-2", other->id, sink->id), ==,
			REMEMBERED_NOBODY);
	/* Of one that dials us it is not kept. */
	g_assert_cmpint(remembered_last_cast_at(f->remembered, "miracast:Virtual-3", sink->id, NULL), ==,
			REMEMBERED_NOBODY);

	remembered_cast(f->remembered, sink, "miracast:Virtual-4");
	g_assert_cmpstr(remembered_place(f->remembered, sink->id, OWNER_SHARED), ==, "miracast:Virtual-4");
	g_assert_true(remembered_forget(f->remembered, sink->id, OWNER_ALL));
	begin_again(f);
	g_assert_null(remembered_place(f->remembered, sink->id, OWNER_SHARED));
	g_assert_cmpint(remembered_last_cast_at(f->remembered, "miracast:Virtual-4", other->id, NULL), ==,
			REMEMBERED_NOBODY);
}

/* What can be no place is none, and the rest of the display is as it was. */
static void test_wrong_place(struct fixture *f, gconstpointer data)
{
#define LONGEST "0123456789012345678901234567890123456789012345678901234567890123"
	static const struct {
		const char *lines;
		gboolean valid;
		gint64 last_cast;
	} cases[] = {
		{ "connector=miracast:Virtual-1\nlast-cast=5\n", TRUE, 5 },
		{ "connector=no such driver\nlast-cast=5\n", TRUE, 5 },
		{ "connector=" LONGEST "\nlast-cast=5\n", TRUE, 5 },
		{ "connector=" LONGEST "x\nlast-cast=5\n", FALSE, 0 },
		{ "connector=\nlast-cast=5\n", FALSE, 0 },
		{ "connector=a\\nb\nlast-cast=5\n", FALSE, 0 },
		{ "connector=\377\376\nlast-cast=5\n", FALSE, 0 },
		{ "last-cast=5\n", FALSE, 0 },
		/* A time that is none is long ago. */
		{ "connector=miracast:Virtual-1\nlast-cast=-7\n", TRUE, 0 },
		{ "connector=miracast:Virtual-1\nlast-cast=never\n", TRUE, 0 },
		{ "connector=miracast:Virtual-1\n", TRUE, 0 },
	};

	g_assert_cmpint(g_mkdir(f->directory, 0700), ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat("[02:00:00:00:00:01]\nname=TV\nlink=p2p\n", cases[i].lines, NULL);
		const char *place;

		g_assert_true(g_file_set_contents(f->file, text, -1, NULL));
		begin_again(f);
		g_test_message("case %u", i); /* one is no UTF-8 */
		g_assert_true(remembered_has(f->remembered, "02:00:00:00:00:01", OWNER_SHARED));
		place = remembered_place(f->remembered, "02:00:00:00:00:01", OWNER_SHARED);
		g_assert_cmpint(place != NULL, ==, cases[i].valid);
		if (place)
			g_assert_cmpint(remembered_last_cast_at(f->remembered, place, "other", NULL), ==,
					cases[i].last_cast);
	}
}

/* As an alias, of this very display, and of those only that can be called. */
static void test_autoconnect(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) sink = tv("02:00:00:00:00:01", "TV");
	g_autoptr(link_sink) caller = link_sink_new("direct", "192.0.2.1", "TV");
	g_autoptr(GError) error = NULL;
	guint changes;

	g_assert_true(remembered_set_autoconnect(f->remembered, sink, FALSE, NULL));
	g_assert_false(remembered_has(f->remembered, sink->id, OWNER_SHARED));
	g_assert_true(remembered_set_autoconnect(f->remembered, sink, TRUE, NULL));
	changes = f->changes;
	g_assert_true(remembered_set_autoconnect(f->remembered, sink, TRUE, NULL));
	g_assert_cmpuint(f->changes, ==, changes);
	g_assert_false(remembered_set_autoconnect(f->remembered, caller, TRUE, &error));
	g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
	begin_again(f);
	g_assert_true(remembered_autoconnect(f->remembered, sink->id, OWNER_SHARED));
	g_assert_true(remembered_any_autoconnect(f->remembered));
	g_assert_false(remembered_autoconnect(f->remembered, "02:00:00:00:00:02", OWNER_SHARED));
	g_assert_true(remembered_set_autoconnect(f->remembered, sink, FALSE, NULL));
	begin_again(f);
	g_assert_false(remembered_any_autoconnect(f->remembered));
}

/* Strangers do not fill the disk, nor push out those who have an alias. */
static void test_many(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) all = NULL;

	set_alias(f, "02:00:00:00:00:01", "TV", "Kitchen");
	for (guint i = 0; i < 3 * REMEMBERED_MAX; i++) {
		g_autofree char *id = g_strdup_printf("02:00:00:00:01:%02x", i);
		g_autoptr(link_sink) sink = tv(id, "Stranger");

		remembered_cast(f->remembered, sink, NULL);
		g_assert_true(remembered_has(f->remembered, id, OWNER_SHARED));
	}
	all = g_variant_ref_sink(remembered_to_variant(f->remembered));
	g_assert_cmpuint(g_variant_n_children(all), ==, REMEMBERED_MAX);
	g_assert_cmpstr(remembered_alias(f->remembered, "02:00:00:00:00:01", OWNER_SHARED), ==, "Kitchen");
}

/* ---- whose it is ---------------------------------------------------------- */

#define ONE 1000
#define OTHER 1001
#define NAMED "mice:192.0.2.9"

/* One that @owner has named by its address. */
static link_sink *named_by(gint64 owner)
{
	link_sink *sink = tv(NAMED, "192.0.2.9");

	sink->owner = owner;
	return sink;
}

static void set_alias_of(struct fixture *f, gint64 owner, const char *alias)
{
	g_autoptr(link_sink) sink = named_by(owner);
	g_autoptr(GError) error = NULL;

	remembered_set_alias(f->remembered, sink, alias, owner, &error);
	g_assert_no_error(error);
}

static void assert_found_by(struct fixture *f, gint64 viewer, const char *what, gint64 owner)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(link_sink) sink = remembered_find(f->remembered, what, viewer, &error);

	g_assert_no_error(error);
	g_assert_cmpint(sink->owner, ==, owner);
}

/* Others get the very words that they get for what nobody has ever named. */
static void assert_not_found_by(struct fixture *f, gint64 viewer, const char *what)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *words = g_strdup_printf("no display \"%s\" is known", what);

	g_assert_null(remembered_find(f->remembered, what, viewer, &error));
	g_assert_error(error, REASON_ERROR, REASON_SINK_UNKNOWN);
	g_assert_cmpstr(error->message, ==, words);
}

/* Each by all the ways there are to ask; the same after a restart. */
static void test_owner(struct fixture *f, gconstpointer data)
{
	static const char *const ways[] = { NAMED, "192.0.2.9", "192.", "Desk", "de" };
	g_autoptr(link_sink) sink = named_by(ONE);

	remembered_cast(f->remembered, sink, "miracast:Virtual-2");
	remembered_learn_short_m3(f->remembered, sink);
	set_alias_of(f, ONE, "Desk");
	for (guint restart = 0; restart < 2; restart++) {
		for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
			assert_found_by(f, ONE, ways[i], ONE);
			assert_found_by(f, 0, ways[i], ONE);
			assert_not_found_by(f, OTHER, ways[i]);
			assert_not_found_by(f, OWNER_SHARED, ways[i]);
		}
		g_assert_cmpstr(remembered_find_alias(f->remembered, "desk", ONE), ==, NAMED);
		g_assert_null(remembered_find_alias(f->remembered, "desk", OTHER));
		g_assert_cmpstr(remembered_alias(f->remembered, NAMED, ONE), ==, "Desk");
		g_assert_null(remembered_alias(f->remembered, NAMED, OTHER));
		g_assert_true(remembered_has(f->remembered, NAMED, ONE));
		g_assert_false(remembered_has(f->remembered, NAMED, OTHER));
		g_assert_false(remembered_has(f->remembered, NAMED, OWNER_SHARED));
		g_assert_true(remembered_short_m3(f->remembered, NAMED, ONE));
		g_assert_false(remembered_short_m3(f->remembered, NAMED, OTHER));
		g_assert_cmpstr(remembered_place(f->remembered, NAMED, ONE), ==, "miracast:Virtual-2");
		g_assert_null(remembered_place(f->remembered, NAMED, OTHER));
		begin_again(f);
	}
	g_assert_false(remembered_forget(f->remembered, NAMED, OTHER));
	g_assert_true(remembered_has(f->remembered, NAMED, ONE));
	g_assert_true(remembered_forget(f->remembered, NAMED, ONE));
	g_assert_false(remembered_has(f->remembered, NAMED, ONE));
}

/* Each has his own, of the same id and by the same alias; what all see is a third one. */
static void test_two_owners(struct fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) all = NULL;

	set_alias_of(f, ONE, "Desk");
	set_alias_of(f, OTHER, "Desk");
	/* That the alias is taken nobody is told whom it does not concern; who knows it, is. */
	set_alias_of(f, OWNER_SHARED, "Desk");
	begin_again(f);
	for (gint64 uid = ONE; uid <= OTHER; uid++) {
		assert_found_by(f, uid, "desk", uid);
		assert_found_by(f, uid, NAMED, uid);
	}
	assert_found_by(f, OTHER + 1, "desk", OWNER_SHARED);
	assert_found_by(f, 0, "desk", OWNER_SHARED);
	all = remembered_list(f->remembered);
	g_assert_cmpuint(all->len, ==, 3);
	g_assert_cmpint(((link_sink *)g_ptr_array_index(all, 2))->owner, ==, OWNER_SHARED);
	g_assert_true(remembered_forget(f->remembered, "mice:192.0.2.9", ONE));
	assert_not_found_by(f, ONE, "desk");
	assert_found_by(f, OTHER, "desk", OTHER);
}

/* An alias that another user has is free; one that he knows is not. */
static void test_alias_of_others(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) tv_sink = tv("02:00:00:00:00:01", "TV");
	g_autoptr(GError) error = NULL;

	set_alias_of(f, ONE, "Desk");
	g_assert_false(remembered_set_alias(f->remembered, tv_sink, "desk", ONE, &error));
	g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
	g_clear_error(&error);
	g_assert_true(remembered_set_alias(f->remembered, tv_sink, "desk", OTHER, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(remembered_find_alias(f->remembered, "desk", OTHER), ==, "02:00:00:00:00:01");
	g_assert_cmpstr(remembered_find_alias(f->remembered, "desk", ONE), ==, NAMED);
	begin_again(f);
	g_assert_cmpstr(remembered_find_alias(f->remembered, "desk", OTHER), ==, "02:00:00:00:00:01");
	g_assert_cmpstr(remembered_find_alias(f->remembered, "desk", ONE), ==, NAMED);
}

/* The cast would be everybody's. */
static void test_autoconnect_of_one(struct fixture *f, gconstpointer data)
{
	static const char text[] = "[" NAMED "@1000]\nname=TV\nlink=mice\nautoconnect=true\n";
	g_autoptr(link_sink) sink = named_by(ONE);
	g_autoptr(GError) error = NULL;

	g_assert_false(remembered_set_autoconnect(f->remembered, sink, TRUE, &error));
	g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
	g_assert_true(remembered_set_autoconnect(f->remembered, sink, FALSE, NULL));
	g_assert_cmpint(g_mkdir(f->directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(f->file, text, -1, NULL));
	begin_again(f);
	g_assert_true(remembered_has(f->remembered, NAMED, ONE));
	g_assert_false(remembered_any_autoconnect(f->remembered));
}

/* What is no uid is nobody's, and not everybody's for that. */
static void test_wrong_owner(struct fixture *f, gconstpointer data)
{
	static const char *const wrong[] = { "@", "@-1", "@x", "@4294967295", "@1000 ", "@1000@1" };

	g_assert_cmpint(g_mkdir(f->directory, 0700), ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *text = g_strdup_printf("[" NAMED "%s]\nname=TV\nlink=mice\n", wrong[i]);
		g_autoptr(GPtrArray) all = NULL;

		g_assert_true(g_file_set_contents(f->file, text, -1, NULL));
		warnings = 0;
		begin_again(f);
		all = remembered_list(f->remembered);
		g_test_message("%s", wrong[i]);
		g_assert_cmpuint(all->len, ==, 0);
		g_assert_cmpuint(warnings, ==, 1);
	}
}

/* What is wrong in the file is passed over, what is right is not. */
static void test_wrong_file(struct fixture *f, gconstpointer data)
{
	static const char text[] =
		"[02:00:00:00:00:01]\nname=TV\nmodel=\nlink=p2p\nalias=Kitchen\nlast-cast=5\nshort-m3=true\n"
		"[02:00:00:00:00:02]\nname=\nlink=p2p\n"
		"[02:00:00:00:00:03]\nname=TV\nlink=cable\n"
		"[02:00:00:00:00:04]\nname=a\\nb\nlink=p2p\n"
		"[02:00:00:00:00:05]\nname=TV\nlink=p2p\nalias=kitchen\nlast-cast=never\n"
		"[%FF%FE]\nname=TV\nlink=p2p\n"
		"[02:00:00:00:00:06]\nname=\377\376\nlink=p2p\n";
	g_autoptr(GVariant) all = NULL;

	g_assert_cmpint(g_mkdir(f->directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(f->file, text, -1, NULL));
	warnings = 0;
	begin_again(f);
	g_assert_cmpuint(warnings, ==, 5);
	all = g_variant_ref_sink(remembered_to_variant(f->remembered));
	g_assert_cmpuint(g_variant_n_children(all), ==, 2);
	g_assert_cmpstr(remembered_find_alias(f->remembered, "kitchen", OWNER_ALL), ==, "02:00:00:00:00:01");
	g_assert_true(remembered_short_m3(f->remembered, "02:00:00:00:00:01", OWNER_SHARED));
	g_assert_null(remembered_alias(f->remembered, "02:00:00:00:00:05", OWNER_SHARED));
}

static void test_no_file(struct fixture *f, gconstpointer data)
{
	static const char garbage[] = "\177ELF [";
	g_autofree char *text = NULL;

	g_assert_cmpint(g_mkdir(f->directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(f->file, garbage, -1, NULL));
	warnings = 0;
	begin_again(f);
	g_assert_cmpuint(warnings, ==, 1);
	g_clear_pointer(&f->remembered, remembered_free);
	g_assert_true(g_file_get_contents(f->file, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, garbage);
	begin(f);
	set_alias(f, "02:00:00:00:00:01", "TV", "Kitchen");
	begin_again(f);
	g_assert_true(remembered_has(f->remembered, "02:00:00:00:00:01", OWNER_SHARED));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(count, NULL, NULL);
#define ADD(name, function) g_test_add("/remembered/" name, struct fixture, NULL, set_up, function, tear_down)
	ADD("kept", test_kept);
	ADD("find", test_find);
	ADD("autoconnect", test_autoconnect);
	ADD("alias", test_alias);
	ADD("forget", test_forget);
	ADD("direct", test_direct);
	ADD("group", test_group);
	ADD("wrong-group", test_wrong_group);
	ADD("key", test_key);
	ADD("wrong-key", test_wrong_key);
	ADD("place", test_place);
	ADD("wrong-place", test_wrong_place);
	ADD("many", test_many);
	ADD("owner", test_owner);
	ADD("two-owners", test_two_owners);
	ADD("alias-of-others", test_alias_of_others);
	ADD("autoconnect-of-one", test_autoconnect_of_one);
	ADD("wrong-owner", test_wrong_owner);
	ADD("wrong-file", test_wrong_file);
	ADD("no-file", test_no_file);
	return g_test_run();
}
