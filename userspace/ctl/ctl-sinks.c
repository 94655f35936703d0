// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl scan, list, alias, autoconnect, forget: displays.
 */
#include <string.h>

#include "ctl.h"

#define DEFAULT_SECONDS 10

static int compare_sinks(gconstpointer a, gconstpointer b)
{
	return g_utf8_collate(client_sink_name(*(GVariant *const *)a), client_sink_name(*(GVariant *const *)b));
}

/* The daemon's dictionary with the id as one more property, by name. */
static GPtrArray *sort_sinks(GVariant *sinks)
{
	g_autoptr(GPtrArray) sorted =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
	GVariantIter iter;
	const char *id;
	GVariant *properties;

	if (!sinks)
		return g_steal_pointer(&sorted);
	g_variant_iter_init(&iter, sinks);
	while (g_variant_iter_next(&iter, "{&s@a{sv}}", &id, &properties)) {
		g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(properties);

		g_variant_dict_insert(&dict, "id", "s", id);
		g_ptr_array_add(sorted, g_variant_ref_sink(g_variant_dict_end(&dict)));
		g_variant_unref(properties);
	}
	g_ptr_array_sort(sorted, compare_sinks);
	return g_steal_pointer(&sorted);
}

GPtrArray *ctl_sinks(struct ctl *ctl)
{
	return sort_sinks(miracast1_manager_get_sinks(ctl->manager));
}

GPtrArray *ctl_remembered(struct ctl *ctl)
{
	return sort_sinks(miracast1_manager_get_remembered(ctl->manager));
}

static void print_head(GVariant *sink)
{
	const char *id = "", *model = "", *link = "", *name = "", *alias;
	g_autofree const char **links = NULL;
	g_autofree char *ways = NULL;

	g_variant_lookup(sink, "id", "&s", &id);
	g_variant_lookup(sink, "name", "&s", &name);
	g_variant_lookup(sink, "model", "&s", &model);
	g_variant_lookup(sink, "link", "&s", &link);
	g_variant_lookup(sink, "links", "^a&s", &links);
	ctl_print_column(client_sink_name(sink), 28);
	ctl_print_column(id, 18);
	ways = links ? g_strjoinv("+", (char **)links) : g_strdup(link);
	ctl_print_column(ways, 8);
	g_print("%s", model);
	if (g_variant_lookup(sink, "alias", "&s", &alias) && strcmp(alias, name) != 0)
		g_print("  (%s)", name);
}

static gboolean is_present(GVariant *sink)
{
	gboolean present = TRUE;

	g_variant_lookup(sink, "present", "b", &present);
	return present;
}

void ctl_print_sink(GVariant *sink)
{
	const char *obstacle = NULL, *band = NULL;
	gboolean remembered = FALSE, autoconnect = FALSE;
	gint level = 0;
	gint64 last_seen = 0;

	g_variant_lookup(sink, "obstacle", "&s", &obstacle);
	g_variant_lookup(sink, "remembered", "b", &remembered);
	g_variant_lookup(sink, "autoconnect", "b", &autoconnect);
	g_variant_lookup(sink, "level", "i", &level);
	g_variant_lookup(sink, "band", "&s", &band);
	g_variant_lookup(sink, "last-seen", "x", &last_seen);
	print_head(sink);
	if (level)
		g_print("  %d dBm", level);
	if (band)
		g_print(level ? " on %s" : "  on %s", band);
	if (!remembered)
		g_print("  [new]");
	if (autoconnect)
		g_print("  [autoconnect]");
	if (obstacle)
		g_print("  [%s]", obstacle);
	if (!is_present(sink))
		g_print("  [not in sight, last seen %" G_GINT64_FORMAT " s ago]",
			(g_get_monotonic_time() - last_seen) / G_USEC_PER_SEC);
	g_print("\n");
}

/* One that is not in sight. */
static void print_remembered(GVariant *display)
{
	g_autoptr(GDateTime) time = NULL;
	g_autofree char *day = NULL;
	gboolean autoconnect = FALSE;
	gint64 last_cast = 0;

	g_variant_lookup(display, "last-cast", "x", &last_cast);
	g_variant_lookup(display, "autoconnect", "b", &autoconnect);
	print_head(display);
	if (autoconnect)
		g_print("  [autoconnect]");
	if (last_cast)
		time = g_date_time_new_from_unix_local(last_cast);
	if (time)
		day = g_date_time_format(time, "%F");
	if (day)
		g_print("  [not in sight, last cast to on %s]\n", day);
	else
		g_print("  [not in sight]\n");
}

static gboolean has_id(GPtrArray *sinks, GVariant *display)
{
	const char *id = "", *other;

	g_variant_lookup(display, "id", "&s", &id);
	for (guint i = 0; i < sinks->len; i++) {
		if (g_variant_lookup(g_ptr_array_index(sinks, i), "id", "&s", &other) && strcmp(id, other) == 0)
			return TRUE;
	}
	return FALSE;
}

static GVariant *array_of(GPtrArray *dicts)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < dicts->len; i++)
		g_variant_builder_add_value(&builder, g_ptr_array_index(dicts, i));
	return g_variant_builder_end(&builder);
}

/* With those that are remembered, and not in sight, if @all. */
static void print_sinks(struct ctl *ctl, gboolean all)
{
	g_autoptr(GPtrArray) sinks = ctl_sinks(ctl);
	g_autoptr(GPtrArray) known = ctl_remembered(ctl);

	if (ctl->json) {
		ctl_print_json(g_variant_new_parsed("{'scanning': <%b>, 'sinks': <%*>, 'remembered': <%*>}",
						    miracast1_manager_get_scanning(ctl->manager),
						    array_of(sinks), array_of(known)));
		return;
	}
	if (sinks->len == 0 && !(all && known->len))
		g_print("No display found. Open screen mirroring on the display, and scan again.\n");
	for (guint i = 0; i < sinks->len; i++)
		ctl_print_sink(g_ptr_array_index(sinks, i));
	for (guint i = 0; all && i < known->len; i++) {
		if (!has_id(sinks, g_ptr_array_index(known, i)))
			print_remembered(g_ptr_array_index(known, i));
	}
}

enum ctl_status ctl_list(struct ctl *ctl, int argc, char **argv)
{
	enum ctl_status status;

	if (!ctl_parse(ctl, "- displays that are known", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 1)
		return ctl_usage(ctl, "list takes no arguments");
	status = ctl_open(ctl);
	if (status == CTL_OK)
		print_sinks(ctl, TRUE);
	return status;
}

/* ---- what is remembered ---------------------------------------------------- */

enum ctl_status ctl_alias(struct ctl *ctl, int argc, char **argv)
{
	gboolean remove = FALSE;
	const GOptionEntry entries[] = {
		{ "remove", 'r', 0, G_OPTION_ARG_NONE, &remove, "Take the alias away", NULL },
		G_OPTION_ENTRY_NULL
	};
	g_autoptr(GError) error = NULL;
	enum ctl_status status;
	const char *alias;

	if (!ctl_parse(ctl, "NAME|MAC|HOST [NEW] - call a display something else", entries, &argc, &argv))
		return CTL_USAGE;
	if (argc != (remove ? 2 : 3))
		return ctl_usage(ctl, "alias wants a display, and what to call it or --remove");
	alias = remove ? "" : argv[2];
	if (!remove && !*alias)
		return ctl_usage(ctl, "to take an alias away: miracastctl alias --remove");
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	if (!miracast1_manager_call_set_alias_sync(ctl->manager, argv[1], alias, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, &error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'display': <%s>, 'alias': <%s>}", argv[1], alias));
	return CTL_OK;
}

enum ctl_status ctl_autoconnect(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	enum ctl_status status;
	gboolean on;

	if (!ctl_parse(ctl, "NAME|MAC|HOST on|off - cast to a display whenever it is in sight", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc != 3 || (strcmp(argv[2], "on") != 0 && strcmp(argv[2], "off") != 0))
		return ctl_usage(ctl, "autoconnect wants a display, and on or off");
	on = strcmp(argv[2], "on") == 0;
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	if (!miracast1_manager_call_set_autoconnect_sync(ctl->manager, argv[1], on, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, &error))
		return ctl_print_error(ctl, error);
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed("{'display': <%s>, 'autoconnect': <%b>}", argv[1], on));
	return CTL_OK;
}

/* The ids of all that are remembered. */
static GPtrArray *remembered_ids(struct ctl *ctl)
{
	g_autoptr(GPtrArray) known = ctl_remembered(ctl);
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < known->len; i++) {
		char *id;

		if (g_variant_lookup(g_ptr_array_index(known, i), "id", "s", &id))
			g_ptr_array_add(ids, id);
	}
	return ids;
}

static enum ctl_status forget(struct ctl *ctl, GPtrArray *displays)
{
	for (guint i = 0; i < displays->len; i++) {
		g_autoptr(GError) error = NULL;

		if (!miracast1_manager_call_forget_sync(ctl->manager, g_ptr_array_index(displays, i), CLIENT_CALL_FLAGS, CLIENT_CALL_MS,
							   NULL, &error))
			return ctl_print_error(ctl, error);
	}
	if (ctl->json)
		ctl_print_json(g_variant_new_parsed(
			"{'forgotten': <%*>}",
			g_variant_new_strv((const char *const *)displays->pdata, displays->len)));
	return CTL_OK;
}

enum ctl_status ctl_forget(struct ctl *ctl, int argc, char **argv)
{
	gboolean all = FALSE;
	const GOptionEntry entries[] = {
		{ "all", 'a', 0, G_OPTION_ARG_NONE, &all, "All that are remembered", NULL },
		G_OPTION_ENTRY_NULL
	};
	g_autoptr(GPtrArray) displays = NULL;
	enum ctl_status status;

	if (!ctl_parse(ctl, "NAME|MAC|HOST - remember nothing of a display", entries, &argc, &argv))
		return CTL_USAGE;
	if (argc != (all ? 1 : 2))
		return ctl_usage(ctl, "forget wants one display, or --all");
	status = ctl_open(ctl);
	if (status != CTL_OK)
		return status;
	if (all) {
		displays = remembered_ids(ctl);
	} else {
		displays = g_ptr_array_new_with_free_func(g_free);
		g_ptr_array_add(displays, g_strdup(argv[1]));
	}
	return forget(ctl, displays);
}

/* ---- scan ---------------------------------------------------------------- */

struct scan {
	struct ctl *ctl;
	GMainLoop *loop;
	GHashTable *printed; /* ids of displays that are on the screen */
	gboolean lost;
};

/* Those that were not printed yet, as they are found. */
static void print_new(struct scan *scan)
{
	g_autoptr(GPtrArray) sinks = ctl_sinks(scan->ctl);

	for (guint i = 0; i < sinks->len; i++) {
		GVariant *sink = g_ptr_array_index(sinks, i);
		const char *id = "";

		g_variant_lookup(sink, "id", "&s", &id);
		if (is_present(sink) && g_hash_table_add(scan->printed, g_strdup(id)))
			ctl_print_sink(sink);
	}
}

static void sinks_changed(Miracast1Manager *manager, GParamSpec *pspec, gpointer user_data)
{
	print_new(user_data);
}

static void scanning_changed(Miracast1Manager *manager, GParamSpec *pspec, gpointer user_data)
{
	struct scan *scan = user_data;

	if (!miracast1_manager_get_scanning(manager))
		g_main_loop_quit(scan->loop);
}

static void owner_changed(GDBusProxy *proxy, GParamSpec *pspec, gpointer user_data)
{
	struct scan *scan = user_data;

	scan->lost = TRUE;
	g_main_loop_quit(scan->loop);
}

/* One that was seen before, and is not now, has not been found. */
static gboolean has_found(struct ctl *ctl)
{
	g_autoptr(GPtrArray) sinks = ctl_sinks(ctl);

	for (guint i = 0; i < sinks->len; i++) {
		if (is_present(g_ptr_array_index(sinks, i)))
			return TRUE;
	}
	return FALSE;
}

static enum ctl_status finish_scan(struct scan *scan)
{
	struct ctl *ctl = scan->ctl;
	const char *name, *message;
	struct hint hint;
	gboolean failed = client_scan_problem(ctl->manager, &name, &message, &hint);

	if (failed && !has_found(ctl))
		return ctl_print_reason(ctl, name, message, hint);
	/* One way to look is closed, and another one has found something. */
	if (failed && !ctl->json)
		ctl_print_reason(ctl, name, message, hint);
	if (ctl->json || g_hash_table_size(scan->printed) == 0)
		print_sinks(ctl, FALSE);
	return CTL_OK;
}

static gboolean start_scan(gpointer user_data)
{
	struct scan *scan = user_data;

	/* In case it was over before the change could be seen. */
	if (!miracast1_manager_get_scanning(scan->ctl->manager))
		g_main_loop_quit(scan->loop);
	return G_SOURCE_REMOVE;
}

static enum ctl_status run_scan(struct ctl *ctl, int seconds)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GHashTable) printed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct scan scan = { .ctl = ctl, .loop = loop, .printed = printed };
	g_autoptr(GError) error = NULL;

	g_signal_connect(ctl->manager, "notify::scanning", G_CALLBACK(scanning_changed), &scan);
	g_signal_connect(ctl->manager, "notify::g-name-owner", G_CALLBACK(owner_changed), &scan);
	if (!miracast1_manager_call_scan_sync(ctl->manager, seconds, CLIENT_CALL_FLAGS, CLIENT_CALL_MS, NULL, &error))
		return ctl_print_error(ctl, error);
	if (!ctl->json)
		g_printerr("Looking for displays for %d s...\n", seconds);
	if (!ctl->json) {
		g_signal_connect(ctl->manager, "notify::sinks", G_CALLBACK(sinks_changed), &scan);
		print_new(&scan);
	}
	/* The daemon has said that it scans before it answered; let that come in first. */
	g_timeout_add(200, start_scan, &scan);
	g_main_loop_run(loop);
	g_signal_handlers_disconnect_by_data(ctl->manager, &scan);
	if (scan.lost)
		return ctl_print_reason(ctl, "daemon-not-running", CLIENT_DAEMON_ENDED,
					CLIENT_DAEMON_ENDED_HINT);
	return finish_scan(&scan);
}

enum ctl_status ctl_scan(struct ctl *ctl, int argc, char **argv)
{
	int seconds = DEFAULT_SECONDS;
	const GOptionEntry entries[] = {
		{ "seconds", 's', 0, G_OPTION_ARG_INT, &seconds, "How long (default 10)", "N" },
		G_OPTION_ENTRY_NULL
	};
	enum ctl_status status;

	if (!ctl_parse(ctl, "- look for displays", entries, &argc, &argv))
		return CTL_USAGE;
	if (argc > 1 || seconds < 1)
		return ctl_usage(ctl, "scan takes only --seconds N, N above 0");
	status = ctl_open(ctl);
	return status == CTL_OK ? run_scan(ctl, seconds) : status;
}
