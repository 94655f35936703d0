// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The direct link: see link-direct.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "link-direct.h"

#include "rtsp-listener.h"

struct direct_connection;

/* A sink that has dialled; the socket waits in it for connect(). */
struct caller {
	struct direct *direct;
	link_sink *sink;
	GSocketConnection *waiting;
	guint hang_up; /* source: whether @waiting is */
	guint redial;  /* timer: it is, and another call may come */
	GVariant *options;
	gboolean asks; /* people are asked whether it may go on; not any more after connect() */
	gboolean turned_away; /* to be forgotten from the main loop */
	struct direct_connection *conn; /* from "dialled" to disconnect() */
};

struct direct {
	link_backend base;
	GPtrArray *listeners; /* struct address */
	GHashTable *callers; /* id -> struct caller */
	GHashTable *quiet; /* id -> struct quiet; LINK_DIRECT_MAX_QUIET at most */
	gint64 said_full_us; /* CLOCK_MONOTONIC: that there was no place; 0: never */
	guint find_idle;
	guint stop_idle;
	guint turn_idle;
};

/* Who was asked about in vain. All of it of CLOCK_MONOTONIC. */
struct quiet {
	gint64 until_us;  /* no call of it is taken before */
	gint64 forget_us; /* what it was is forgotten then */
	guint unanswered; /* questions one after the other */
	gboolean refused; /* it keeps its place until @until_us */
};

/* One address that we listen on. */
struct address {
	struct direct *direct;
	rtsp_listener *listener;
	GVariant *options;
	gboolean asks; /* nobody in particular may call */
};

struct direct_connection {
	link_connection base;
	GSocketConnection *first; /* until the owner has been told */
	gboolean was_held; /* @first, until people had said yes */
	rtsp_calls *calls; /* from "dialled" to disconnect() */
	guint idle;
};

/* What waits is given to who has it from now on, or closed. */
static GSocketConnection *take_waiting(struct caller *caller)
{
	g_clear_handle_id(&caller->hang_up, g_source_remove);
	g_clear_handle_id(&caller->redial, g_source_remove);
	return g_steal_pointer(&caller->waiting);
}

static void close_waiting(struct caller *caller)
{
	g_autoptr(GSocketConnection) waiting = take_waiting(caller);
}

static void caller_free(struct caller *caller)
{
	close_waiting(caller);
	link_sink_unref(caller->sink);
	g_clear_pointer(&caller->options, g_variant_unref);
	g_free(caller);
}

static void address_free(struct address *address)
{
	rtsp_listener_free(address->listener);
	g_clear_pointer(&address->options, g_variant_unref);
	g_free(address);
}

static void direct_forget(struct direct *direct, link_sink *sink)
{
	g_autoptr(link_sink) held = link_sink_ref(sink);

	if (g_hash_table_remove(direct->callers, sink->id))
		link_emit_sink_gone(&direct->base, held);
}

/* ---- questions ----------------------------------------------------------- */

static gboolean is_forgotten(gpointer id, gpointer value, gpointer now_us)
{
	return ((struct quiet *)value)->forget_us <= *(gint64 *)now_us;
}

/* Those that have a place. */
static guint count_questions(struct direct *direct, gint64 now_us)
{
	GHashTableIter iter;
	struct caller *caller;
	struct quiet *quiet;
	guint questions = 0;

	g_hash_table_iter_init(&iter, direct->quiet);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&quiet))
		questions += quiet->refused && quiet->until_us > now_us;
	g_hash_table_iter_init(&iter, direct->callers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&caller))
		questions += caller->asks;
	return questions;
}

/* Whose display is kept out by strangers has to find out, and they must not fill the log. */
static void say_full(struct direct *direct, const char *id, gint64 now_us)
{
	if (direct->said_full_us && now_us - direct->said_full_us < LINK_DIRECT_SAY_SECONDS * (gint64)G_USEC_PER_SEC)
		return;
	direct->said_full_us = now_us;
	g_message("turned %s away, and others for a minute without saying so: %d have asked for the screen already", id,
		  LINK_DIRECT_QUESTIONS);
}

/* FALSE: people are not to be asked about it now. */
static gboolean may_ask(struct direct *direct, const char *id)
{
	gint64 now_us = g_get_monotonic_time();
	struct quiet *quiet;

	g_hash_table_foreach_remove(direct->quiet, is_forgotten, &now_us);
	quiet = g_hash_table_lookup(direct->quiet, id);
	if (quiet && quiet->until_us > now_us) {
		g_info("%s calls again, and was asked about in vain a moment ago", id);
		return FALSE;
	}
	if (count_questions(direct, now_us) < LINK_DIRECT_QUESTIONS)
		return TRUE;
	say_full(direct, id, now_us);
	return FALSE;
}

/* Whoever has more addresses than are kept begins anew with the one that was asked about longest ago; not those with a place. */
static void make_room_for_quiet(struct direct *direct, gint64 now_us)
{
	struct quiet *quiet, *oldest = NULL;
	GHashTableIter iter;
	const char *id, *oldest_id = NULL;

	if (g_hash_table_size(direct->quiet) < LINK_DIRECT_MAX_QUIET)
		return;
	g_hash_table_iter_init(&iter, direct->quiet);
	while (g_hash_table_iter_next(&iter, (gpointer *)&id, (gpointer *)&quiet)) {
		if ((quiet->refused && quiet->until_us > now_us) || (oldest && oldest->forget_us <= quiet->forget_us))
			continue;
		oldest = quiet;
		oldest_id = id;
	}
	g_hash_table_remove(direct->quiet, oldest_id);
}

static struct quiet *quiet_of(struct direct *direct, const char *id, gint64 now_us)
{
	struct quiet *quiet = g_hash_table_lookup(direct->quiet, id);

	if (quiet)
		return quiet;
	make_room_for_quiet(direct, now_us);
	quiet = g_new0(struct quiet, 1);
	g_hash_table_insert(direct->quiet, g_strdup(id), quiet);
	return quiet;
}

/* Not for long: the no may have been meant for another call. */
static void refuse(struct direct *direct, const char *id)
{
	gint64 now_us = g_get_monotonic_time();
	struct quiet *quiet = quiet_of(direct, id, now_us);

	quiet->refused = TRUE;
	quiet->until_us = now_us + LINK_DIRECT_QUIET_SECONDS * (gint64)G_USEC_PER_SEC;
	quiet->forget_us = MAX(quiet->forget_us, quiet->until_us);
}

/* Longer each time, and begun with anew by who has been quiet as long as that can be. */
static void leave_unanswered(struct direct *direct, const char *id)
{
	gint64 now_us = g_get_monotonic_time();
	gint64 most_us = LINK_DIRECT_QUIET_MOST_SECONDS * (gint64)G_USEC_PER_SEC;
	struct quiet *quiet = quiet_of(direct, id, now_us);
	gint64 wait_us = LINK_DIRECT_QUIET_SECONDS * (gint64)G_USEC_PER_SEC;

	for (guint i = 0; i < quiet->unanswered && wait_us < most_us; i++)
		wait_us *= 2;
	quiet->unanswered++;
	quiet->refused = FALSE;
	quiet->until_us = now_us + MIN(wait_us, most_us);
	quiet->forget_us = quiet->until_us + most_us;
}

static gboolean forget_turned_away(gpointer user_data)
{
	struct direct *direct = user_data;
	g_autoptr(GList) callers = g_hash_table_get_values(direct->callers);

	direct->turn_idle = 0;
	for (GList *item = callers; item; item = item->next) {
		struct caller *caller = item->data;

		if (caller->turned_away)
			direct_forget(direct, caller->sink);
	}
	return G_SOURCE_REMOVE;
}

static void direct_turn_away(link_backend *backend, link_sink *sink, enum link_turned_away why)
{
	struct direct *direct = (struct direct *)backend;
	struct caller *caller = g_hash_table_lookup(direct->callers, sink->id);

	close_waiting(caller);
	caller->asks = FALSE;
	caller->turned_away = TRUE;
	if (why == LINK_REFUSED)
		refuse(direct, sink->id);
	else if (why == LINK_UNANSWERED)
		leave_unanswered(direct, sink->id);
	if (!direct->turn_idle)
		direct->turn_idle = g_idle_add(forget_turned_away, direct);
}

/* ---- calls --------------------------------------------------------------- */

static gboolean has_left(gpointer user_data)
{
	struct caller *caller = user_data;

	caller->redial = 0;
	link_emit_left(&caller->direct->base, caller->sink);
	return G_SOURCE_REMOVE;
}

static gboolean has_hung_up(int fd, GIOCondition condition, gpointer user_data)
{
	struct caller *caller = user_data;

	caller->hang_up = 0;
	caller->redial = g_timeout_add_seconds(LINK_DIRECT_REDIAL_SECONDS, has_left, caller);
	return G_SOURCE_REMOVE;
}

/* Until people have said something. */
static void hold(struct caller *caller, GSocketConnection *rtsp)
{
	close_waiting(caller);
	caller->waiting = g_object_ref(rtsp);
	if (caller->asks)
		caller->hang_up = rtsp_watch_hang_up(rtsp, has_hung_up, caller);
}

/* A further one of a sink that is here already; FALSE: it is not wanted. */
static gboolean take_further_call(struct caller *caller, GSocketConnection *rtsp)
{
	if (caller->conn)
		return rtsp_calls_offer(caller->conn->calls, rtsp);
	if (!caller->asks)
		return FALSE;
	/* Nothing has been read of the one before, so whether that was hung up is all the same. */
	hold(caller, rtsp);
	return TRUE;
}

static void accepted(rtsp_listener *listener, GSocketConnection *rtsp, gpointer user_data)
{
	struct address *address = user_data;
	struct direct *direct = address->direct;
	g_autoptr(GSocketAddress) remote = g_socket_connection_get_remote_address(rtsp, NULL);
	g_autofree char *peer = NULL;
	struct caller *caller;

	if (!remote)
		return; /* it has hung up already */
	peer = rtsp_address_to_string(remote);
	caller = g_hash_table_lookup(direct->callers, peer);
	if (caller && take_further_call(caller, rtsp)) {
		g_message("%s has dialled again", peer);
		return;
	}
	if (caller) {
		g_message("dropped a second connection from %s", peer);
		return;
	}
	if (address->asks && !may_ask(direct, peer))
		return;
	g_message("%s has dialled %s", peer, rtsp_listener_address(listener));
	caller = g_new0(struct caller, 1);
	caller->sink = link_sink_new(direct->base.impl->name, peer, peer);
	g_variant_lookup(address->options, LINK_DIRECT_OWNER, "x", &caller->sink->owner);
	caller->direct = direct;
	caller->options = g_variant_ref(address->options);
	caller->asks = address->asks;
	hold(caller, rtsp);
	g_hash_table_insert(direct->callers, caller->sink->id, caller);
	link_emit_sink_changed(&direct->base, caller->sink);
	if (!link_emit_incoming(&direct->base, caller->sink))
		direct_forget(direct, caller->sink);
}

/* ---- connection ---------------------------------------------------------- */

static void dialled(rtsp_calls *calls, GSocketConnection *rtsp, gpointer user_data)
{
	struct direct_connection *conn = user_data;

	link_emit_dialled(&conn->base, rtsp);
}

/* From now on further calls of this sink are looked at, after the first one. */
static void take_calls(struct direct_connection *conn, GSocketConnection *first)
{
	struct direct *direct = (struct direct *)conn->base.backend;
	struct caller *caller = g_hash_table_lookup(direct->callers, conn->base.sink->id);

	caller->conn = conn;
	conn->calls = rtsp_calls_new(dialled, conn);
	/* While people were asked it may have lost patience; then its next call is the first. */
	if (!conn->was_held || !rtsp_has_hung_up(first))
		rtsp_calls_offer(conn->calls, first);
}

static gboolean emit_result(gpointer user_data)
{
	struct direct_connection *conn = user_data;
	g_autoptr(GSocketAddress) local = NULL;
	g_autofree char *local_text = NULL;
	struct link_path path = { .peer = conn->base.sink->id };
	g_autoptr(GSocketConnection) first = g_steal_pointer(&conn->first);

	conn->idle = 0;
	if (first)
		local = g_socket_connection_get_local_address(first, NULL);
	if (!local) {
		g_autoptr(GError) error =
			g_error_new(REASON_ERROR, REASON_SINK_UNKNOWN,
				    "%s is no longer connected", conn->base.sink->id);

		link_emit_failed(&conn->base, error);
		return G_SOURCE_REMOVE;
	}
	local_text = rtsp_address_to_string(local);
	path.local = local_text;
	link_emit_up(&conn->base, &path);
	/* Unless that was the end of it. */
	if (!conn->idle)
		take_calls(conn, first);
	return G_SOURCE_REMOVE;
}

static gboolean emit_closed(gpointer user_data)
{
	struct direct_connection *conn = user_data;

	conn->idle = 0;
	direct_forget((struct direct *)conn->base.backend, conn->base.sink);
	link_emit_closed(&conn->base);
	return G_SOURCE_REMOVE;
}

static link_connection *direct_connect(link_backend *backend, link_sink *sink, GVariant *options,
				       const struct link_connection_events *events,
				       gpointer user_data)
{
	struct direct *direct = (struct direct *)backend;
	struct direct_connection *conn = g_new0(struct direct_connection, 1);
	struct caller *caller = g_hash_table_lookup(direct->callers, sink->id);

	link_connection_init(&conn->base, backend, sink, events, user_data);
	if (caller) {
		conn->first = take_waiting(caller);
		conn->was_held = caller->asks;
		/* Somebody has said yes. */
		if (caller->asks)
			g_hash_table_remove(direct->quiet, sink->id);
		caller->asks = FALSE;
	}
	conn->idle = g_idle_add(emit_result, conn);
	return &conn->base;
}

static void direct_next_call(link_connection *base)
{
	rtsp_calls_next(((struct direct_connection *)base)->calls);
}

static void direct_answered(link_connection *base)
{
	rtsp_calls_answered(((struct direct_connection *)base)->calls);
}

/* No further call of this sink is for this connection. */
static void drop_calls(struct direct_connection *conn)
{
	struct direct *direct = (struct direct *)conn->base.backend;
	struct caller *caller = g_hash_table_lookup(direct->callers, conn->base.sink->id);

	if (caller && caller->conn == conn)
		caller->conn = NULL;
	g_clear_object(&conn->first);
	g_clear_pointer(&conn->calls, rtsp_calls_free);
}

static void direct_disconnect(link_connection *base)
{
	struct direct_connection *conn = (struct direct_connection *)base;

	/* The UMD has its own duplicate of the socket, and has ended. */
	drop_calls(conn);
	g_clear_handle_id(&conn->idle, g_source_remove);
	conn->idle = g_idle_add(emit_closed, conn);
}

static void direct_connection_free(link_connection *base)
{
	struct direct_connection *conn = (struct direct_connection *)base;

	g_clear_handle_id(&conn->idle, g_source_remove);
	drop_calls(conn);
	link_connection_finish(base);
	g_free(conn);
}

/* ---- backend ------------------------------------------------------------- */

static gboolean emit_find_ended(gpointer user_data)
{
	struct direct *direct = user_data;

	direct->find_idle = 0;
	link_emit_find_ended(&direct->base, NULL);
	return G_SOURCE_REMOVE;
}

static void direct_start_find(link_backend *backend, guint seconds)
{
	struct direct *direct = (struct direct *)backend;

	if (!direct->find_idle)
		direct->find_idle = g_idle_add(emit_find_ended, direct);
}

static void direct_stop_find(link_backend *backend)
{
}

static gboolean emit_stopped(gpointer user_data)
{
	struct direct *direct = user_data;

	direct->stop_idle = 0;
	link_emit_stopped(&direct->base);
	return G_SOURCE_REMOVE;
}

static void direct_stop(link_backend *backend)
{
	struct direct *direct = (struct direct *)backend;

	g_ptr_array_set_size(direct->listeners, 0);
	if (!direct->stop_idle)
		direct->stop_idle = g_idle_add(emit_stopped, direct);
}

static void direct_free(link_backend *backend)
{
	struct direct *direct = (struct direct *)backend;

	g_clear_handle_id(&direct->find_idle, g_source_remove);
	g_clear_handle_id(&direct->stop_idle, g_source_remove);
	g_clear_handle_id(&direct->turn_idle, g_source_remove);
	g_ptr_array_unref(direct->listeners);
	g_hash_table_unref(direct->callers);
	g_hash_table_unref(direct->quiet);
	g_free(direct);
}

static const struct link_impl direct_impl = {
	.name = "direct",
	.start_find = direct_start_find,
	.stop_find = direct_stop_find,
	.connect = direct_connect,
	.next_call = direct_next_call,
	.answered = direct_answered,
	.disconnect = direct_disconnect,
	.connection_free = direct_connection_free,
	.turn_away = direct_turn_away,
	.stop = direct_stop,
	.free = direct_free,
};

link_backend *link_direct_new(const struct link_events *events, gpointer user_data)
{
	struct direct *direct = g_new0(struct direct, 1);

	direct->base.impl = &direct_impl;
	direct->base.events = events;
	direct->base.user_data = user_data;
	direct->listeners = g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
	direct->callers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						(GDestroyNotify)caller_free);
	direct->quiet = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return &direct->base;
}

gboolean link_direct_names_nobody(const char *from)
{
	g_autoptr(GInetAddressMask) peers = from ? g_inet_address_mask_new_from_string(from, NULL) : NULL;

	if (!from)
		return TRUE;
	return peers && g_inet_address_mask_get_length(peers) <
				(g_inet_address_mask_get_family(peers) == G_SOCKET_FAMILY_IPV4 ? LINK_DIRECT_LEAST_BITS_IPV4 :
												 LINK_DIRECT_LEAST_BITS_IPV6);
}

gboolean link_direct_listen(link_backend *backend, const char *text, GVariant *options,
			    char **bound, GError **error)
{
	struct direct *direct = (struct direct *)backend;
	g_autoptr(GVariant) owned_options = g_variant_ref_sink(options);
	g_autoptr(GSocketAddress) where =
		rtsp_parse_address(text, LINK_DEFAULT_PORT, error);
	g_autoptr(GInetAddressMask) peers = NULL;
	struct address *address;
	const char *from = NULL;

	if (!where)
		return FALSE;
	if (g_variant_lookup(owned_options, "from", "&s", &from)) {
		peers = rtsp_parse_peers(from, where, error);
		if (!peers)
			return FALSE;
	}
	if (direct->listeners->len >= LINK_DIRECT_MAX_LISTENING) {
		g_set_error(error, REASON_ERROR, REASON_TOO_MANY_ADDRESSES,
			    "displays can call %u addresses already, more are not allowed",
			    direct->listeners->len);
		return FALSE;
	}
	address = g_new0(struct address, 1);
	address->direct = direct;
	address->options = g_variant_ref(owned_options);
	address->asks = link_direct_names_nobody(from);
	address->listener = rtsp_listener_new(&(struct rtsp_listen){ .address = where, .peers = peers },
					      accepted, address, error);
	if (!address->listener) {
		address_free(address);
		return FALSE;
	}
	g_ptr_array_add(direct->listeners, address);
	if (bound)
		*bound = g_strdup(rtsp_listener_address(address->listener));
	return TRUE;
}

/* -1: nothing listens there. */
static int find_listener(struct direct *direct, const char *bound)
{
	for (guint i = 0; i < direct->listeners->len; i++) {
		struct address *address = g_ptr_array_index(direct->listeners, i);

		if (g_str_equal(rtsp_listener_address(address->listener), bound))
			return i;
	}
	return -1;
}

gboolean link_direct_unlisten(link_backend *backend, const char *bound)
{
	struct direct *direct = (struct direct *)backend;
	int i = find_listener(direct, bound);

	if (i >= 0)
		g_ptr_array_remove_index(direct->listeners, i);
	return i >= 0;
}

GVariant *link_direct_options_at(link_backend *backend, const char *bound)
{
	struct direct *direct = (struct direct *)backend;
	int i = find_listener(direct, bound);
	struct address *address = i >= 0 ? g_ptr_array_index(direct->listeners, i) : NULL;

	return address ? g_variant_ref(address->options) : NULL;
}

char **link_direct_listening(link_backend *backend)
{
	struct direct *direct = (struct direct *)backend;
	GStrvBuilder *builder = g_strv_builder_new();
	char **all;

	for (guint i = 0; i < direct->listeners->len; i++) {
		struct address *address = g_ptr_array_index(direct->listeners, i);

		g_strv_builder_add(builder, rtsp_listener_address(address->listener));
	}
	all = g_strv_builder_end(builder);
	g_strv_builder_unref(builder);
	return all;
}

gboolean link_direct_asks(link_backend *backend, link_sink *sink)
{
	struct direct *direct = (struct direct *)backend;
	struct caller *caller = g_hash_table_lookup(direct->callers, sink->id);

	return caller && caller->asks;
}

GVariant *link_direct_options(link_backend *backend, link_sink *sink)
{
	struct direct *direct = (struct direct *)backend;
	struct caller *caller = g_hash_table_lookup(direct->callers, sink->id);

	return caller ? caller->options : NULL;
}
