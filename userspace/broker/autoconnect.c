// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays that are cast to whenever they are in sight: see autoconnect.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "autoconnect.h"

#include <string.h>

/* Networks need a moment when the machine wakes up. */
#define WAKE_MS 5000

/* Of an id that is wanted. @tried_us: 0: never */
struct watch {
	gboolean tried;
	gboolean held;
	gint64 tried_us;
};

/* The module is being loaded for it. */
struct attempt {
	autoconnect *owner;
	char *id;
};

struct autoconnect {
	struct autoconnect_config config;
	GHashTable *watches; /* id -> struct watch */
	GPtrArray *attempts; /* struct attempt */
	gboolean resting;
	gboolean looking; /* the scan that runs is ours */
	guint every_ms;	  /* until the next one, longer while it cannot look */
	guint look_timer;
	guint idle;
};

static void attempt_free(struct attempt *attempt)
{
	g_free(attempt->id);
	g_free(attempt);
}

static link_sink *find_sink(autoconnect *a, const char *id)
{
	GPtrArray *sinks = broker_sinks(a->config.broker);

	for (guint i = 0; i < sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(sinks, i);

		if (strcmp(sink->id, id) == 0)
			return sink;
	}
	return NULL;
}

static gboolean is_wanted(autoconnect *a, const char *id)
{
	return remembered_autoconnect(broker_remembered(a->config.broker), id, OWNER_SHARED);
}

gboolean autoconnect_is_wanted(autoconnect *a)
{
	return remembered_any_autoconnect(broker_remembered(a->config.broker));
}

/* NULL: it is not wanted. */
static struct watch *watch_of(autoconnect *a, const char *id)
{
	struct watch *watch = g_hash_table_lookup(a->watches, id);

	if (!watch && is_wanted(a, id)) {
		watch = g_new0(struct watch, 1);
		g_hash_table_insert(a->watches, g_strdup(id), watch);
	}
	return watch;
}

/* ---- sessions --------------------------------------------------------------- */

static void connect_now(autoconnect *a, const char *id)
{
	g_autoptr(GVariant) options = g_variant_ref_sink(g_variant_new_parsed("{'stay': <'yes'>}"));
	g_autoptr(GError) error = NULL;
	link_sink *sink = find_sink(a, id);

	if (a->resting || !sink || !is_wanted(a, id))
		return;
	g_message("%s is in sight, and wanted", sink->name);
	if (!broker_connect(a->config.broker, sink, options, &error))
		g_message("%s is not connected to: %s", sink->name, error->message);
}

static void module_ready(const GError *error, gpointer user_data)
{
	struct attempt *attempt = user_data;
	autoconnect *a = attempt->owner;

	if (error)
		g_warning("a display that is wanted is not connected to: %s. %s", error->message,
			  reason_error_hint(error).text);
	else
		connect_now(a, attempt->id);
	g_ptr_array_remove(a->attempts, attempt);
}

static void try(autoconnect *a, struct watch *watch, const char *id)
{
	struct attempt *attempt;

	watch->tried = TRUE;
	watch->tried_us = g_get_monotonic_time();
	if (!a->config.module) {
		connect_now(a, id);
		return;
	}
	attempt = g_new0(struct attempt, 1);
	attempt->owner = a;
	attempt->id = g_strdup(id);
	g_ptr_array_add(a->attempts, attempt);
	kernel_module_need(a->config.module, module_ready, attempt);
}

/* The better one of two ways comes first; a session knows the other one by itself. */
static gboolean is_second(autoconnect *a, link_sink *sink)
{
	link_sink *better = broker_better_way(a->config.broker, sink);

	return better && is_wanted(a, better->id);
}

static void consider(autoconnect *a, link_sink *sink)
{
	struct watch *watch = watch_of(a, sink->id);
	gint64 again_us = (gint64)a->config.again_ms * 1000;

	if (!watch)
		return;
	if (!sink->present)
		watch->tried = FALSE;
	else if (sink->connectable && !watch->tried && !watch->held && !is_second(a, sink) &&
		 (!watch->tried_us || g_get_monotonic_time() - watch->tried_us >= again_us))
		try(a, watch, sink->id);
}

/* It is told anew when it is wanted anew; one that is not known at all is out of sight. */
static void forget_watches(autoconnect *a)
{
	GHashTableIter iter;
	struct watch *watch;
	const char *id;

	g_hash_table_iter_init(&iter, a->watches);
	while (g_hash_table_iter_next(&iter, (gpointer *)&id, (gpointer *)&watch)) {
		if (!is_wanted(a, id))
			g_hash_table_iter_remove(&iter);
		else if (!find_sink(a, id))
			watch->tried = FALSE;
	}
}

static void plan_look(autoconnect *a, guint wait_ms);

static gpointer take_reference(gconstpointer sink, gpointer user_data)
{
	return link_sink_ref((link_sink *)sink);
}

static gboolean look_at_displays(gpointer user_data)
{
	autoconnect *a = user_data;
	g_autoptr(GPtrArray) sinks = NULL;

	a->idle = 0;
	forget_watches(a);
	if (a->resting)
		return G_SOURCE_REMOVE;
	if (!autoconnect_is_wanted(a))
		g_clear_handle_id(&a->look_timer, g_source_remove);
	else if (!a->look_timer)
		plan_look(a, 0);
	/* Whoever is connected to may change what is known. */
	sinks = g_ptr_array_copy(broker_sinks(a->config.broker), take_reference, NULL);
	g_ptr_array_set_free_func(sinks, (GDestroyNotify)link_sink_unref);
	for (guint i = 0; i < sinks->len; i++)
		consider(a, g_ptr_array_index(sinks, i));
	return G_SOURCE_REMOVE;
}

void autoconnect_displays_changed(autoconnect *a)
{
	if (!a->idle)
		a->idle = g_idle_add(look_at_displays, a);
}

/* Each way to the display of @s that is wanted. */
static void tell_watches(autoconnect *a, session *s, gboolean held)
{
	GPtrArray *sinks = broker_sinks(a->config.broker);
	link_sink *own = session_sink(s);

	for (guint i = 0; i < sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(sinks, i);
		struct watch *watch = watch_of(a, sink->id);

		if (!watch || (strcmp(sink->id, own->id) != 0 && !broker_same_display(sink, own)))
			continue;
		watch->held = held;
		watch->tried = TRUE;
		watch->tried_us = g_get_monotonic_time();
	}
}

void autoconnect_session_changed(autoconnect *a, session *s, enum session_change what)
{
	if (!(what & SESSION_CHANGED_STATE))
		return;
	if (session_state(s) == SESSION_LINKING)
		tell_watches(a, s, FALSE);
	else if (session_state(s) == SESSION_GONE &&
		 strcmp(session_reason(s)->name, reason_code_name(REASON_DISCONNECTED)) == 0)
		tell_watches(a, s, TRUE);
}

/* ---- looking for them ---------------------------------------------------------- */

static void has_looked(autoconnect *a, gboolean could)
{
	a->looking = FALSE;
	a->every_ms = could ? a->config.every_ms : MIN(2 * a->every_ms, AUTOCONNECT_MOST_SECONDS * 1000);
}

static gboolean look(gpointer user_data)
{
	autoconnect *a = user_data;
	broker *b = a->config.broker;
	g_autoptr(GError) error = NULL;

	a->look_timer = 0;
	/* A scan of somebody else's does as well. */
	if (!a->resting && broker_running_sessions(b) == 0 && !broker_scanning(b)) {
		a->looking = TRUE;
		if (!broker_scan(b, AUTOCONNECT_LOOK_SECONDS, &error)) {
			g_info("displays that are wanted cannot be looked for: %s", error->message);
			has_looked(a, FALSE);
		}
	}
	plan_look(a, a->every_ms);
	return G_SOURCE_REMOVE;
}

static void plan_look(autoconnect *a, guint wait_ms)
{
	g_clear_handle_id(&a->look_timer, g_source_remove);
	a->look_timer = g_timeout_add(wait_ms, look, a);
}

void autoconnect_scanning_changed(autoconnect *a)
{
	if (!a->looking || broker_scanning(a->config.broker))
		return;
	has_looked(a, !broker_scan_problem(a->config.broker));
}

void autoconnect_rest(autoconnect *a, gboolean resting)
{
	GHashTableIter iter;
	struct watch *watch;

	a->resting = resting;
	g_clear_handle_id(&a->look_timer, g_source_remove);
	if (resting)
		return;
	g_hash_table_iter_init(&iter, a->watches);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&watch)) {
		watch->tried = FALSE;
		watch->tried_us = 0;
	}
	if (autoconnect_is_wanted(a))
		plan_look(a, WAKE_MS);
	autoconnect_displays_changed(a);
}

autoconnect *autoconnect_new(const struct autoconnect_config *config)
{
	autoconnect *a = g_new0(autoconnect, 1);

	a->config = *config;
	if (!a->config.every_ms)
		a->config.every_ms = AUTOCONNECT_EVERY_SECONDS * 1000;
	if (!a->config.again_ms)
		a->config.again_ms = AUTOCONNECT_AGAIN_SECONDS * 1000;
	a->every_ms = a->config.every_ms;
	a->watches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	a->attempts = g_ptr_array_new_with_free_func((GDestroyNotify)attempt_free);
	autoconnect_displays_changed(a);
	return a;
}

void autoconnect_free(autoconnect *a)
{
	if (!a)
		return;
	g_clear_handle_id(&a->look_timer, g_source_remove);
	g_clear_handle_id(&a->idle, g_source_remove);
	g_hash_table_unref(a->watches);
	g_ptr_array_unref(a->attempts);
	g_free(a);
}
