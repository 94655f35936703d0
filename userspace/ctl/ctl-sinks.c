// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl scan, list: displays.
 */
#include "ctl.h"

#define DEFAULT_SECONDS 10

static int compare_sinks(gconstpointer a, gconstpointer b)
{
	g_autoptr(GVariantDict) first = g_variant_dict_new(*(GVariant *const *)a);
	g_autoptr(GVariantDict) second = g_variant_dict_new(*(GVariant *const *)b);
	const char *first_name = "", *second_name = "";

	g_variant_dict_lookup(first, "name", "&s", &first_name);
	g_variant_dict_lookup(second, "name", "&s", &second_name);
	return g_utf8_collate(first_name, second_name);
}

/* The daemon's dictionary with the id as one more property, by name. */
GPtrArray *ctl_sinks(struct ctl *ctl)
{
	g_autoptr(GPtrArray) sorted =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
	GVariant *sinks = miracast1_manager_get_sinks(ctl->manager);
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

void ctl_print_sink(GVariant *sink)
{
	const char *id = "", *name = "", *model = "", *link = "", *obstacle = NULL;
	gboolean present = TRUE;
	gint level = 0;
	gint64 last_seen = 0;

	g_variant_lookup(sink, "id", "&s", &id);
	g_variant_lookup(sink, "name", "&s", &name);
	g_variant_lookup(sink, "model", "&s", &model);
	g_variant_lookup(sink, "link", "&s", &link);
	g_variant_lookup(sink, "obstacle", "&s", &obstacle);
	g_variant_lookup(sink, "level", "i", &level);
	g_variant_lookup(sink, "present", "b", &present);
	g_variant_lookup(sink, "last-seen", "x", &last_seen);
	ctl_print_column(name, 28);
	ctl_print_column(id, 18);
	ctl_print_column(link, 7);
	g_print("%s", model);
	if (level)
		g_print("  %d dBm", level);
	if (obstacle)
		g_print("  [%s]", obstacle);
	if (!present)
		g_print("  [not in sight, last seen %" G_GINT64_FORMAT " s ago]",
			(g_get_monotonic_time() - last_seen) / G_USEC_PER_SEC);
	g_print("\n");
}

static void print_sinks(struct ctl *ctl)
{
	g_autoptr(GPtrArray) sinks = ctl_sinks(ctl);
	GVariantBuilder builder;

	if (ctl->json) {
		g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
		for (guint i = 0; i < sinks->len; i++)
			g_variant_builder_add_value(&builder, g_ptr_array_index(sinks, i));
		ctl_print_json(g_variant_new_parsed("{'scanning': <%b>, 'sinks': <%*>}",
						    miracast1_manager_get_scanning(ctl->manager),
						    g_variant_builder_end(&builder)));
		return;
	}
	if (sinks->len == 0)
		g_print("No display found. Open screen mirroring on the display, and scan again.\n");
	for (guint i = 0; i < sinks->len; i++)
		ctl_print_sink(g_ptr_array_index(sinks, i));
}

enum ctl_status ctl_list(struct ctl *ctl, int argc, char **argv)
{
	enum ctl_status status;

	if (!ctl_parse(ctl, "- displays found so far", NULL, &argc, &argv))
		return CTL_USAGE;
	if (argc > 1)
		return ctl_usage(ctl, "list takes no arguments");
	status = ctl_open(ctl);
	if (status == CTL_OK)
		print_sinks(ctl);
	return status;
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
		gboolean present = TRUE;

		g_variant_lookup(sink, "id", "&s", &id);
		g_variant_lookup(sink, "present", "b", &present);
		if (present && g_hash_table_add(scan->printed, g_strdup(id)))
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

static gboolean has_sinks(struct ctl *ctl)
{
	GVariant *sinks = miracast1_manager_get_sinks(ctl->manager);

	return sinks && g_variant_n_children(sinks) > 0;
}

static enum ctl_status finish_scan(struct scan *scan)
{
	struct ctl *ctl = scan->ctl;
	GVariant *problem = miracast1_manager_get_scan_problem(ctl->manager);
	const char *name = "", *message = "", *hint = "";

	if (problem)
		g_variant_get(problem, "(&s&s&s)", &name, &message, &hint);
	if (*name && !has_sinks(ctl))
		return ctl_print_reason(ctl, name, message, hint);
	/* One way to look is closed, and another one has found something. */
	if (*name && !ctl->json)
		ctl_print_reason(ctl, name, message, hint);
	if (ctl->json || g_hash_table_size(scan->printed) == 0)
		print_sinks(ctl);
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
	if (!miracast1_manager_call_scan_sync(ctl->manager, seconds, NULL, &error))
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
		return ctl_print_reason(ctl, "daemon-not-running", "miracastd has ended",
					"See its log: journalctl -u miracastd");
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
