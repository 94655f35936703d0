// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sinks, sessions and links together: see broker.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "broker.h"

#include <string.h>

#include "link-direct.h"
#include "mice-resolve.h"
#include "options.h"

/* A backend and what it is doing. */
struct link_slot {
	link_backend *backend;
	gboolean finding;
	gboolean stopped;
};

struct broker {
	const struct broker_config *config;
	struct session_env env;
	GPtrArray *links; /* struct link_slot */
	GPtrArray *sinks; /* link_sink, references */
	GPtrArray *sessions; /* session, owned */
	GHashTable *removals; /* session -> timer that removes it */
	guint next_id;
	reason *scan_problem;
	reason *stopping; /* why, once broker_stop() was called */
	gboolean asleep; /* from broker_suspend() to broker_resume() */
	gboolean settling; /* settled has not been said yet */
	const struct broker_events *events;
	gpointer user_data;
};

static const struct broker_events no_events;

#define EMIT(b, event, ...) \
	do { \
		if ((b)->events->event) \
			(b)->events->event(b, ##__VA_ARGS__, (b)->user_data); \
	} while (0)

/* ---- stopping ------------------------------------------------------------ */

static void stop_links(broker *b)
{
	gboolean all = TRUE;

	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		all = all && slot->stopped;
	}
	if (all)
		EMIT(b, stopped);
}

static void link_stopped(link_backend *backend, gpointer user_data)
{
	broker *b = user_data;

	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		if (slot->backend == backend)
			slot->stopped = TRUE;
	}
	stop_links(b);
}

/* Links are needed until the last session has gone. */
static void check_stop(broker *b)
{
	if (!b->stopping || broker_active_sessions(b) > 0)
		return;
	if (b->links->len == 0)
		EMIT(b, stopped);
	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		slot->backend->impl->stop(slot->backend);
	}
}

void broker_stop(broker *b, reason *why)
{
	if (b->stopping) {
		reason_free(why);
		return;
	}
	b->stopping = why;
	if (broker_active_sessions(b) == 0) {
		check_stop(b);
		return;
	}
	for (guint i = 0; i < b->sessions->len; i++)
		session_end(g_ptr_array_index(b->sessions, i),
			    reason_copy(why));
}

/* ---- sleep --------------------------------------------------------------- */

static void check_settled(broker *b)
{
	if (!b->settling)
		return;
	for (guint i = 0; i < b->sessions->len; i++) {
		if (!session_is_down(g_ptr_array_index(b->sessions, i)))
			return;
	}
	b->settling = FALSE;
	EMIT(b, settled);
}

void broker_suspend(broker *b)
{
	if (b->asleep)
		return;
	b->asleep = TRUE;
	b->settling = TRUE;
	for (guint i = 0; i < b->sessions->len; i++)
		session_suspend(g_ptr_array_index(b->sessions, i));
	check_settled(b);
}

void broker_resume(broker *b)
{
	b->asleep = FALSE;
	b->settling = FALSE;
	for (guint i = 0; i < b->sessions->len; i++)
		session_resume(g_ptr_array_index(b->sessions, i));
}

/* ---- sessions ------------------------------------------------------------ */

static void remove_session(broker *b, session *s)
{
	EMIT(b, session_removed, s);
	g_hash_table_remove(b->removals, s);
	g_ptr_array_remove(b->sessions, s);
}

struct removal {
	broker *broker;
	session *session;
};

static gboolean removal_due(gpointer user_data)
{
	struct removal *removal = user_data;

	g_hash_table_steal(removal->broker->removals, removal->session);
	remove_session(removal->broker, removal->session);
	return G_SOURCE_REMOVE;
}

static void remove_timer(gpointer id)
{
	g_source_remove(GPOINTER_TO_UINT(id));
}

static void remove_after(broker *b, session *s, guint seconds)
{
	struct removal *removal = g_new0(struct removal, 1);
	guint id;

	removal->broker = b;
	removal->session = s;
	id = g_timeout_add_seconds_full(G_PRIORITY_DEFAULT, seconds, removal_due, removal, g_free);
	g_hash_table_insert(b->removals, s, GUINT_TO_POINTER(id));
}

/* It has ended; whoever asked for it may still want to know why. Many are not kept for long. */
static void keep_for_a_while(broker *b, session *s)
{
	guint ended = 0;

	remove_after(b, s, b->config->keep_ended);
	for (guint i = b->sessions->len; i > 0; i--) {
		session *other = g_ptr_array_index(b->sessions, i - 1);

		if (g_hash_table_contains(b->removals, other) && ++ended > BROKER_MAX_ENDED)
			remove_after(b, other, 0);
	}
}

static void session_did_change(session *s, enum session_change what, gpointer user_data)
{
	broker *b = user_data;

	EMIT(b, session_changed, s, what);
	if ((what & SESSION_CHANGED_STATE) && session_state(s) == SESSION_STREAMING)
		remembered_cast(b->env.remembered, session_sink(s), session_place(s));
	if (!(what & SESSION_CHANGED_STATE) || !session_is_down(s))
		return;
	check_settled(b);
	if (session_state(s) != SESSION_GONE)
		return;
	keep_for_a_while(b, s);
	check_stop(b);
}

guint broker_active_sessions(broker *b)
{
	guint n = 0;

	for (guint i = 0; i < b->sessions->len; i++)
		n += session_state(g_ptr_array_index(b->sessions, i)) != SESSION_GONE;
	return n;
}

guint broker_running_sessions(broker *b)
{
	guint n = 0;

	for (guint i = 0; i < b->sessions->len; i++) {
		session *s = g_ptr_array_index(b->sessions, i);

		n += session_state(s) != SESSION_GONE && !session_wants_consent(s);
	}
	return n;
}

static gboolean share_address(link_sink *sink, link_sink *other)
{
	if (!sink->addresses || !other->addresses)
		return FALSE;
	for (char **address = sink->addresses; *address; address++) {
		if (g_strv_contains((const char *const *)other->addresses, *address))
			return TRUE;
	}
	return FALSE;
}

/* By what they say, whoever is told of it. */
static gboolean are_one(link_sink *sink, link_sink *other)
{
	g_autofree char *one = NULL, *two = NULL;
	int hosts = -1;

	if (sink == other || strcmp(sink->link, other->link) == 0)
		return sink == other;
	if (sink->host && other->host)
		hosts = mice_host_compare(sink->host, other->host);
	if (hosts == 0 || share_address(sink, other))
		return TRUE;
	if (hosts > 0)
		return FALSE;
	one = g_utf8_casefold(sink->name, -1);
	two = g_utf8_casefold(other->name, -1);
	return strcmp(one, two) == 0;
}

gboolean broker_same_display(link_sink *sink, link_sink *other)
{
	return sink->owner == other->owner && are_one(sink, other);
}

/* A sink that has dialled itself is neither better nor worse than any. */
static guint rank_of(link_sink *sink)
{
	guint ready = sink->present && sink->connectable ? 2 : 0;

	return ready + (strcmp(sink->link, "mice") == 0);
}

link_sink *broker_better_way(broker *b, link_sink *sink)
{
	link_sink *best = sink;

	for (guint i = 0; i < b->sinks->len; i++) {
		link_sink *other = g_ptr_array_index(b->sinks, i);

		if (broker_same_display(sink, other) && rank_of(other) > rank_of(best))
			best = other;
	}
	return best == sink ? NULL : best;
}

/*
 * By the link that has to be made; the other way round nobody would be spared a walk. A display that has an alias is
 * not taken for one that was never cast to: that they are one is only what they say. Whoever has named the address of
 * one that all see may go there, too.
 */
static link_sink *find_other_way(link_sink *sink, link_backend **backend, gpointer user_data)
{
	broker *b = user_data;
	gboolean certain = remembered_alias(b->env.remembered, sink->id, sink->owner) != NULL;

	if (strcmp(sink->link, "mice") != 0)
		return NULL;
	for (guint i = 0; i < b->sinks->len; i++) {
		link_sink *other = g_ptr_array_index(b->sinks, i);

		if (strcmp(other->link, "p2p") != 0 || !other->present || !other->connectable ||
		    !owner_tells(other->owner, sink->owner) || !are_one(sink, other) ||
		    (certain && !remembered_has(b->env.remembered, other->id, other->owner)))
			continue;
		*backend = broker_link(b, other->link);
		return other;
	}
	return NULL;
}

/*
 * By what is known of it now; it may have been forgotten, and found again, meanwhile.  Where it is still forgotten the
 * session's own sink knows more of it than its id does.
 */
static link_sink *find_again(link_sink *sink, link_backend **backend, gpointer user_data)
{
	broker *b = user_data;

	*backend = broker_link(b, sink->link);
	for (guint i = 0; i < b->sinks->len; i++) {
		link_sink *other = g_ptr_array_index(b->sinks, i);

		if (strcmp(other->id, sink->id) == 0)
			return link_sink_ref(other);
	}
	return link_sink_ref(sink);
}

static session *find_active(broker *b, link_sink *sink)
{
	for (guint i = 0; i < b->sessions->len; i++) {
		session *s = g_ptr_array_index(b->sessions, i);

		if (session_state(s) != SESSION_GONE && (broker_same_display(session_sink(s), sink) ||
							 strcmp(session_sink(s)->id, sink->id) == 0))
			return s;
	}
	return NULL;
}

/* Defaults below, the caller's options above. */
static GVariant *merge_options(GVariant *defaults, GVariant *options)
{
	g_auto(GVariantDict) merged = G_VARIANT_DICT_INIT(defaults);
	GVariantIter iter;
	const char *key;
	GVariant *value;

	g_variant_iter_init(&iter, options);
	while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
		g_variant_dict_insert_value(&merged, key, value);
	return g_variant_dict_end(&merged);
}

/* Who connects to a display by hand does not wait for it to come back. */
static void end_waiting(broker *b, link_sink *sink)
{
	session *s = find_active(b, sink);

	if (s && session_state(s) == SESSION_WAITING)
		session_end(s, reason_new_code(REASON_DISCONNECTED, "%s was connected to by hand", sink->name));
}

/* What begins next. */
static session *add_session(broker *b, link_sink *sink, GVariant *options)
{
	session *s = session_new(++b->next_id, sink, &b->env, merge_options(b->config->defaults, options),
				 session_did_change, b);

	g_ptr_array_add(b->sessions, s);
	EMIT(b, session_added, s);
	return s;
}

static session *start_session(broker *b, link_sink *sink, link_backend *backend, GVariant *options)
{
	session *s;

	end_waiting(b, sink);
	s = add_session(b, sink, options);
	session_connect(s, backend);
	return s;
}

/* One that waits to come back to @sink does not count: it ends with the new one. */
static gboolean check_room(broker *b, link_sink *sink, GError **error)
{
	guint limit = b->config->max_sessions ? b->config->max_sessions : BROKER_MAX_SESSIONS;
	session *other = find_active(b, sink);
	guint waiting = other && session_state(other) == SESSION_WAITING;

	if (b->stopping) {
		g_set_error_literal(error, REASON_ERROR, REASON_SHUTDOWN, "miracastd is ending");
		return FALSE;
	}
	if (b->asleep) {
		g_set_error_literal(error, REASON_ERROR, REASON_SUSPENDED, "the computer is going to sleep");
		return FALSE;
	}
	if (broker_running_sessions(b) - waiting >= limit) {
		g_set_error(error, REASON_ERROR, REASON_NO_FREE_CONNECTOR,
			    "%u sessions are running, more are not allowed", limit);
		return FALSE;
	}
	return TRUE;
}

gboolean broker_check_security(const char *link, GVariant *options, GError **error)
{
	const char *security = "none";

	g_variant_lookup(options, "security", "&s", &security);
	if (g_str_equal(security, "none") || !g_str_equal(link, "direct"))
		return TRUE;
	g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
		    "\"%s\" can be asked for over the network and Wi-Fi P2P, and this way is \"%s\"", security, link);
	return FALSE;
}

gboolean broker_check_connect(broker *b, link_sink *sink, GVariant *options, GError **error)
{
	session *other = find_active(b, sink);

	if (!check_room(b, sink, error) || !options_check(options, error) ||
	    !broker_check_security(sink->link, options, error))
		return FALSE;
	if (other && session_state(other) != SESSION_WAITING) {
		g_set_error(error, REASON_ERROR, REASON_SINK_BUSY, "%s is in use by session %u",
			    sink->name, session_id(other));
		return FALSE;
	}
	if (!sink->connectable) {
		g_set_error(error, REASON_ERROR, sink->obstacle_code, "%s: %s", sink->name,
			    sink->obstacle);
		return FALSE;
	}
	return TRUE;
}

session *broker_connect(broker *b, link_sink *sink, GVariant *options, GError **error)
{
	g_autoptr(GVariant) held = g_variant_ref_sink(options);

	if (!broker_check_connect(b, sink, held, error))
		return NULL;
	return start_session(b, sink, broker_link(b, sink->link), held);
}

GPtrArray *broker_sessions(broker *b)
{
	return b->sessions;
}

/* ---- sinks --------------------------------------------------------------- */

/* What is said over one link of another one. */
static void tell_links(broker *b, link_backend *backend, link_sink *sink, gboolean gone)
{
	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		if (slot->backend != backend && slot->backend->impl->heard)
			slot->backend->impl->heard(slot->backend, sink, gone);
	}
}

static void sink_changed(link_backend *backend, link_sink *sink, gpointer user_data)
{
	broker *b = user_data;

	if (!g_ptr_array_find(b->sinks, sink, NULL)) {
		g_ptr_array_add(b->sinks, link_sink_ref(sink));
		g_message("found %s (%s, %s)", sink->name, sink->id, sink->link);
	}
	tell_links(b, backend, sink, FALSE);
	EMIT(b, sinks_changed);
}

static void sink_gone(link_backend *backend, link_sink *sink, gpointer user_data)
{
	broker *b = user_data;

	tell_links(b, backend, sink, TRUE);
	g_ptr_array_remove(b->sinks, sink);
	EMIT(b, sinks_changed);
}

static gboolean sink_incoming(link_backend *backend, link_sink *sink, gpointer user_data)
{
	broker *b = user_data;
	GVariant *options = link_direct_options(backend, sink);
	g_autoptr(GError) error = NULL;

	if (!check_room(b, sink, &error)) {
		g_message("turned %s away: %s", sink->name, error->message);
		return FALSE;
	}
	if (link_direct_asks(backend, sink))
		session_ask(add_session(b, sink, options), backend);
	else
		start_session(b, sink, backend, options);
	return TRUE;
}

static void sink_left(link_backend *backend, link_sink *sink, gpointer user_data)
{
	broker *b = user_data;

	for (guint i = 0; i < b->sessions->len; i++) {
		session *s = g_ptr_array_index(b->sessions, i);

		if (session_wants_consent(s) && session_sink(s) == sink)
			session_caller_left(s);
	}
}

static gboolean make_room(link_sink *sink, gpointer user_data, GError **error)
{
	if (!check_room(user_data, sink, error))
		return FALSE;
	end_waiting(user_data, sink);
	return TRUE;
}

GPtrArray *broker_sinks(broker *b)
{
	return b->sinks;
}

remembered *broker_remembered(broker *b)
{
	return b->env.remembered;
}

const char *broker_alias(broker *b, link_sink *sink)
{
	const char *alias = remembered_alias(b->env.remembered, sink->id, sink->owner);

	for (guint i = 0; !alias && i < b->sinks->len; i++) {
		link_sink *other = g_ptr_array_index(b->sinks, i);

		if (broker_same_display(sink, other))
			alias = remembered_alias(b->env.remembered, other->id, other->owner);
	}
	return alias;
}

/*
 * 3: id, 2: whole name, 1: beginning of the name, or of its alias. Id and alias mean that sink; a name, which may be
 * another one over each link, means the display, and so the best way to it.
 */
static guint match_quality(broker *b, link_sink *sink, gint64 viewer, const char *folded, link_sink **meant)
{
	g_autofree char *id = g_utf8_casefold(sink->id, -1);
	g_autofree char *name = g_utf8_casefold(sink->name, -1);
	const char *own = remembered_alias(b->env.remembered, sink->id, viewer);
	const char *called = own ? own : remembered_alias(b->env.remembered, sink->id, sink->owner);
	g_autofree char *alias = g_utf8_casefold(called ? called : "", -1);
	link_sink *better;

	*meant = sink;
	if (strcmp(id, folded) == 0)
		return 3;
	if (g_str_has_prefix(alias, folded))
		return 1;
	if (!g_str_has_prefix(name, folded))
		return 0;
	better = broker_better_way(b, sink);
	if (better)
		*meant = better;
	if (strcmp(name, folded) == 0)
		return 2;
	return 1;
}

static link_sink *find_id(broker *b, const char *id, gint64 viewer, const char *alias, GError **error)
{
	for (guint i = 0; i < b->sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(b->sinks, i);

		if (strcmp(sink->id, id) == 0 && owner_tells(sink->owner, viewer))
			return sink;
	}
	g_set_error(error, REASON_ERROR, REASON_SINK_UNKNOWN, "%s (%s) has not been found", alias, id);
	return NULL;
}

link_sink *broker_find_sink(broker *b, const char *what, gint64 viewer, GError **error)
{
	g_autofree char *folded = g_utf8_casefold(what, -1);
	g_autoptr(GString) others = g_string_new(NULL);
	const char *id = remembered_find_alias(b->env.remembered, what, viewer);
	g_autoptr(GPtrArray) best = g_ptr_array_new();
	guint best_quality = 0;

	if (id)
		return find_id(b, id, viewer, what, error);
	for (guint i = 0; i < b->sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(b->sinks, i);
		gboolean told = *what && owner_tells(sink->owner, viewer);
		guint quality = told ? match_quality(b, sink, viewer, folded, &sink) : 0;

		if (quality == 0 || quality < best_quality)
			continue;
		if (quality > best_quality) {
			best_quality = quality;
			g_ptr_array_set_size(best, 0);
			g_string_truncate(others, 0);
		}
		if (g_ptr_array_find(best, sink, NULL))
			continue;
		g_string_append_printf(others, "%s%s (%s)", best->len ? ", " : "", sink->name, sink->id);
		g_ptr_array_add(best, sink);
	}
	if (best->len == 1)
		return best->pdata[0];
	if (best->len > 1)
		g_set_error(error, REASON_ERROR, REASON_SINK_UNKNOWN,
			    "\"%s\" may mean several displays: %s", what, others->str);
	else
		g_set_error(error, REASON_ERROR, REASON_SINK_UNKNOWN,
			    "no display \"%s\" has been found", what);
	return NULL;
}

/* One that was just made: it has been seen by all if that is remembered. */
static void set_owner(broker *b, link_sink *sink)
{
	if (remembered_has(b->env.remembered, sink->id, OWNER_SHARED))
		sink->owner = OWNER_SHARED;
}

link_sink *broker_reach_sink(broker *b, const char *what, gint64 viewer, GError **error)
{
	const char *id = remembered_find_alias(b->env.remembered, what, viewer);
	g_autoptr(GError) unknown = NULL;
	link_sink *sink = broker_find_sink(b, what, viewer, &unknown);
	gint64 owner = viewer == OWNER_ALL ? OWNER_SHARED : viewer;

	if (sink)
		return link_sink_ref(sink);
	if (id)
		what = id;
	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);
		g_autoptr(GError) meant = NULL;

		if (slot->backend->impl->reach)
			sink = slot->backend->impl->reach(slot->backend, what, owner, &meant);
		if (sink && !g_ptr_array_find(b->sinks, sink, NULL))
			set_owner(b, sink);
		if (sink)
			return sink;
		if (meant) {
			g_propagate_error(error, g_steal_pointer(&meant));
			return NULL;
		}
	}
	g_propagate_error(error, g_steal_pointer(&unknown));
	return NULL;
}

/* ---- what is remembered --------------------------------------------------- */

static void remembered_changed(gpointer user_data)
{
	broker *b = user_data;

	EMIT(b, remembered_changed);
}

link_sink *broker_know_sink(broker *b, const char *what, gint64 viewer, GError **error)
{
	link_sink *sink = broker_find_sink(b, what, viewer, NULL);

	return sink ? link_sink_ref(sink) : remembered_find(b->env.remembered, what, viewer, error);
}

gboolean broker_set_alias(broker *b, const char *what, gint64 viewer, const char *alias, GError **error)
{
	g_autoptr(link_sink) sink = broker_know_sink(b, what, viewer, error);

	return sink && remembered_set_alias(b->env.remembered, sink, alias, viewer, error);
}

static gboolean drop(broker *b, link_sink *sink)
{
	link_backend *backend = broker_link(b, sink->link);

	return backend && backend->impl->forget && backend->impl->forget(backend, sink) &&
	       g_ptr_array_remove(b->sinks, sink);
}

/* With the same display on other links. */
static void forget_sinks(broker *b, link_sink *sink, gint64 viewer)
{
	gboolean dropped = FALSE;

	for (guint i = b->sinks->len; i > 0; i--) {
		g_autoptr(link_sink) other = link_sink_ref(g_ptr_array_index(b->sinks, i - 1));

		if (!broker_same_display(sink, other) && strcmp(sink->id, other->id) != 0)
			continue;
		remembered_forget(b->env.remembered, other->id, viewer);
		dropped |= drop(b, other);
	}
	remembered_forget(b->env.remembered, sink->id, viewer);
	if (dropped)
		EMIT(b, sinks_changed);
}

gboolean broker_forget(broker *b, const char *what, gint64 viewer, GError **error)
{
	g_autoptr(link_sink) sink = broker_know_sink(b, what, viewer, error);
	session *other = sink ? find_active(b, sink) : NULL;

	if (!sink)
		return FALSE;
	/* What others cast to by their own is not what is forgotten. */
	if (other && owner_tells(session_sink(other)->owner, viewer)) {
		g_set_error(error, REASON_ERROR, REASON_SINK_BUSY, "%s is in use by session %u", sink->name,
			    session_id(other));
		return FALSE;
	}
	forget_sinks(b, sink, viewer);
	return TRUE;
}

/* ---- finding ------------------------------------------------------------- */

gboolean broker_scanning(broker *b)
{
	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		if (slot->finding)
			return TRUE;
	}
	return FALSE;
}

const reason *broker_scan_problem(broker *b)
{
	return b->scan_problem;
}

static void find_ended(link_backend *backend, const GError *error, gpointer user_data)
{
	broker *b = user_data;

	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		if (slot->backend == backend)
			slot->finding = FALSE;
	}
	if (error) {
		g_warning("%s: %s. %s", backend->impl->name, error->message,
			  reason_error_hint(error).text);
		g_clear_pointer(&b->scan_problem, reason_free);
		b->scan_problem = reason_from_error(error, REASON_LINK_UNAVAILABLE);
	}
	if (!broker_scanning(b))
		EMIT(b, scanning_changed);
}

gboolean broker_scan(broker *b, guint seconds, GError **error)
{
	if (seconds < 1 || seconds > BROKER_MAX_SCAN) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "a scan takes 1 to %d seconds, not %u", BROKER_MAX_SCAN, seconds);
		return FALSE;
	}
	if (b->links->len == 0) {
		g_set_error_literal(error, REASON_ERROR, REASON_LINK_UNAVAILABLE,
				    "there is no link on which to look for displays");
		return FALSE;
	}
	g_clear_pointer(&b->scan_problem, reason_free);
	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		slot->finding = TRUE;
		slot->backend->impl->start_find(slot->backend, seconds);
	}
	EMIT(b, scanning_changed);
	return TRUE;
}

void broker_stop_scan(broker *b)
{
	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		if (slot->finding)
			slot->backend->impl->stop_find(slot->backend);
	}
}

/* ---- life ---------------------------------------------------------------- */

static const struct link_events link_callbacks = {
	.sink_changed = sink_changed,
	.sink_gone = sink_gone,
	.incoming = sink_incoming,
	.left = sink_left,
	.find_ended = find_ended,
	.stopped = link_stopped,
};

const struct link_events *broker_link_events(void)
{
	return &link_callbacks;
}

static void link_slot_free(struct link_slot *slot)
{
	link_backend_free(slot->backend);
	g_free(slot);
}

broker *broker_new(const struct broker_config *config)
{
	broker *b = g_new0(broker, 1);

	b->config = config;
	b->env.kernel = config->kernel;
	b->env.quirks_dir = config->quirks_dir;
	b->env.make_room = make_room;
	b->env.other_way = find_other_way;
	b->env.again = find_again;
	b->env.user_data = b;
	b->env.launcher = config->launcher;
	b->env.rtsp_timeout = config->rtsp_timeout ? config->rtsp_timeout : SESSION_RTSP_TIMEOUT;
	b->env.remembered = remembered_new(config->state_dir, remembered_changed, b);
	b->env.negotiation_timeout = config->negotiation_timeout ? config->negotiation_timeout :
								   SESSION_NEGOTIATION_TIMEOUT;
	b->env.consent_timeout = config->consent_timeout ? config->consent_timeout : SESSION_CONSENT_TIMEOUT;
	b->links = g_ptr_array_new_with_free_func((GDestroyNotify)link_slot_free);
	b->sinks = g_ptr_array_new_with_free_func((GDestroyNotify)link_sink_unref);
	b->sessions = g_ptr_array_new_with_free_func((GDestroyNotify)session_free);
	b->removals = g_hash_table_new_full(NULL, NULL, NULL, remove_timer);
	b->events = &no_events;
	return b;
}

void broker_free(broker *b)
{
	if (!b)
		return;
	b->events = &no_events;
	g_hash_table_unref(b->removals);
	g_ptr_array_unref(b->sessions);
	remembered_free(b->env.remembered);
	g_ptr_array_unref(b->links);
	g_ptr_array_unref(b->sinks);
	g_clear_pointer(&b->scan_problem, reason_free);
	g_clear_pointer(&b->stopping, reason_free);
	g_free(b);
}

void broker_set_events(broker *b, const struct broker_events *events, gpointer user_data)
{
	b->events = events ? events : &no_events;
	b->user_data = user_data;
}

void broker_add_link(broker *b, link_backend *backend)
{
	struct link_slot *slot = g_new0(struct link_slot, 1);

	slot->backend = backend;
	g_ptr_array_add(b->links, slot);
}

link_backend *broker_link(broker *b, const char *name)
{
	for (guint i = 0; i < b->links->len; i++) {
		struct link_slot *slot = g_ptr_array_index(b->links, i);

		if (strcmp(slot->backend->impl->name, name) == 0)
			return slot->backend;
	}
	return NULL;
}
