// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The broker on D-Bus: see dbus-api.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "dbus-api.h"

#include <string.h>

#include "dbus-agents.h"
#include "dbus-displays.h"
#include "dbus-objects.h"
#include "dbus-sessions.h"
#include "encoder-check.h"
#include "link-direct.h"
#include "miracast1-dbus.h"
#include "options.h"

/* Calls that are answered later, of each kind. */
#define MAX_WAITING 16
#define MANAGER_PATH DBUS_API_PATH "/Manager"

struct dbus_api {
	broker *broker;
	kernel_module *module;
	GBusType bus;
	guint owner_id; /* 0: the name was given back */
	GQueue waiting; /* struct waiting_call */
	struct diagnosis_config diagnosis_config;
	diagnosis *diagnosis; /* NULL: none is under way */
	GPtrArray *diagnosed; /* GDBusMethodInvocation, owned by GDBus: who waits for it */
	dbus_objects *objects;
	gboolean beginning; /* a session, for this user: */
	gint64 beginning_uid;
	dbus_displays *displays;
	dbus_agents *agents;
	Miracast1Manager *manager;
	const struct dbus_api_funcs *funcs;
	gpointer user_data;
};

/* A call that is answered when encoder and device are known to be there, or not to be. */
struct waiting_call {
	dbus_api *api;
	GDBusMethodInvocation *call;
	gint64 uid; /* who calls */
	gint64 viewer; /* as who he looks for the display */
	char *text; /* what to connect to, or where we listen by now */
	GVariant *options;
	void (*go_on)(struct waiting_call *w, const GError *error);
	encoder_check *encoder; /* the one that was asked for is being tried */
};

static gint64 uid_of(dbus_api *api, GDBusMethodInvocation *call)
{
	return dbus_objects_uid(api->objects, g_dbus_method_invocation_get_sender(call));
}

/* ---- sessions ------------------------------------------------------------ */

/* Of what displays have begun by calling us: who listens there. */
static gint64 owner_of(dbus_api *api, session *s)
{
	return api->beginning ? api->beginning_uid : session_sink(s)->owner;
}

/* Who listens where a display has called is asked about it. */
static void begin_for_listener(dbus_api *api, session *s)
{
	GVariant *options = link_direct_options(broker_link(api->broker, "direct"), session_sink(s));
	const char *name;

	if (options && g_variant_lookup(options, LINK_DIRECT_OWNER_NAME, "&s", &name))
		dbus_agents_session_called(api->agents, s, name, session_sink(s)->owner);
}

void dbus_api_session_added(dbus_api *api, session *s)
{
	dbus_sessions_add(api->objects, s, owner_of(api, s));
	if (!api->beginning && strcmp(session_sink(s)->link, "direct") == 0)
		begin_for_listener(api, s);
}

void dbus_api_session_changed(dbus_api *api, session *s, enum session_change what)
{
	dbus_sessions_change(api->objects, s, what);
	/* Who reads the session before he answers finds there what he is asked. */
	dbus_agents_session_changed(api->agents, s, what);
}

void dbus_api_session_removed(dbus_api *api, session *s)
{
	dbus_agents_session_removed(api->agents, s);
	dbus_sessions_remove(api->objects, s);
}

/* ---- manager ------------------------------------------------------------- */

static void waiting_call_free(struct waiting_call *w)
{
	encoder_check_free(w->encoder);
	g_free(w->text);
	g_variant_unref(w->options);
	g_free(w);
}

static void call_ready(const GError *error, gpointer user_data)
{
	struct waiting_call *w = user_data;

	g_queue_remove(&w->api->waiting, w);
	w->go_on(w, error);
	waiting_call_free(w);
}

static void need_device(struct waiting_call *w)
{
	if (w->api->module)
		kernel_module_need(w->api->module, call_ready, w);
	else
		call_ready(NULL, w);
}

static void encoder_tried(encoder_check *check, const char *element, gboolean software, const char *pictures,
			 const GError *error,
			  gpointer user_data)
{
	struct waiting_call *w = user_data;

	if (error)
		call_ready(error, w);
	else
		need_device(w);
}

/*
 * Try the encoder if one was asked for, have the device open, then go on; @go_on
 * answers the call in any case.
 */
static void when_ready(dbus_api *api, GDBusMethodInvocation *call, const char *text,
		       gint64 viewer, GVariant *options,
		       void (*go_on)(struct waiting_call *w, const GError *error))
{
	struct waiting_call *w = g_new0(struct waiting_call, 1);
	const char *encoder;

	w->api = api;
	w->call = call;
	w->uid = uid_of(api, call);
	w->viewer = viewer;
	w->text = g_strdup(text);
	w->options = g_variant_ref(options);
	w->go_on = go_on;
	g_queue_push_tail(&api->waiting, w);
	if (g_variant_lookup(options, "encoder", "&s", &encoder))
		w->encoder = encoder_check_new(api->diagnosis_config.launcher, encoder,
					       ENCODER_CHECK_SECONDS, encoder_tried, w);
	else
		need_device(w);
}

/* Each call that waits may have a process that tries its encoder. */
static gboolean is_free(dbus_api *api, GError **error)
{
	if (g_queue_get_length(&api->waiting) < MAX_WAITING)
		return TRUE;
	g_set_error(error, REASON_ERROR, REASON_LINK_BUSY, "%d calls are being answered already",
		    MAX_WAITING);
	return FALSE;
}

static void used(dbus_api *api)
{
	api->funcs->used(api->user_data);
}

static gboolean handle_scan(Miracast1Manager *skeleton, GDBusMethodInvocation *call, guint seconds,
			    gpointer user_data)
{
	dbus_api *api = user_data;
	g_autoptr(GError) error = NULL;

	used(api);
	if (broker_scan(api->broker, seconds, &error))
		miracast1_manager_complete_scan(skeleton, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

static gboolean handle_stop_scan(Miracast1Manager *skeleton, GDBusMethodInvocation *call,
				 gpointer user_data)
{
	dbus_api *api = user_data;

	used(api);
	broker_stop_scan(api->broker);
	miracast1_manager_complete_stop_scan(skeleton, call);
	return TRUE;
}

static void connect_now(struct waiting_call *w, const GError *unready)
{
	dbus_api *api = w->api;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	g_autoptr(link_sink) sink = NULL;
	session *s = NULL;

	if (unready) {
		g_dbus_method_invocation_return_gerror(w->call, unready);
		return;
	}
	sink = broker_reach_sink(api->broker, w->text, w->viewer, &error);
	api->beginning = TRUE;
	api->beginning_uid = w->uid;
	if (sink)
		s = broker_connect(api->broker, sink, w->options, &error);
	api->beginning = FALSE;
	if (!s) {
		g_dbus_method_invocation_return_gerror(w->call, error);
		return;
	}
	dbus_agents_session_begun(api->agents, s, w->call);
	path = dbus_sessions_path(s);
	miracast1_manager_complete_connect(api->manager, w->call, path);
}

/* Who may call means nothing where nobody calls who was not asked. */
static gboolean is_for_connect(GVariant *options, GError **error)
{
	g_autoptr(GVariant) from = g_variant_lookup_value(options, "from", NULL);

	if (!from)
		return TRUE;
	g_set_error_literal(error, REASON_ERROR, REASON_CONFIGURATION,
			    "option \"from\" is for listening, not for a display that is named");
	return FALSE;
}

/* Of the manager or, with the id of one of its ways, of a display, maybe of another user's. */
static void connect_for(GDBusMethodInvocation *call, const char *what, gint64 owner, GVariant *options,
			gpointer user_data)
{
	dbus_api *api = user_data;
	gint64 viewer = owner == OWNER_SHARED ? uid_of(api, call) : owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(link_sink) sink = broker_reach_sink(api->broker, what, viewer, &error);

	used(api);
	/* The module only for what is going to be tried. */
	if (sink && is_for_connect(options, &error) && is_free(api, &error) && broker_check_connect(api->broker, sink, options, &error))
		when_ready(api, call, what, viewer, options, connect_now);
	else
		g_dbus_method_invocation_return_gerror(call, error);
}

static gboolean handle_connect(Miracast1Manager *skeleton, GDBusMethodInvocation *call,
			       const char *what, GVariant *options, gpointer user_data)
{
	connect_for(call, what, OWNER_SHARED, options, user_data);
	return TRUE;
}

static void update_listening(dbus_api *api)
{
	g_auto(GStrv) listening = link_direct_listening(broker_link(api->broker, "direct"));

	miracast1_manager_set_listening(api->manager, (const char *const *)listening);
}

/* Nobody may dial what could not be served. */
static void listen_now(struct waiting_call *w, const GError *unready)
{
	dbus_api *api = w->api;

	if (unready) {
		link_direct_unlisten(broker_link(api->broker, "direct"), w->text);
		g_dbus_method_invocation_return_gerror(w->call, unready);
	} else {
		miracast1_manager_complete_listen(api->manager, w->call, w->text);
	}
	update_listening(api);
}

/* Who calls us cannot be called back. */
static gboolean check_listen(GVariant *options, GError **error)
{
	const char *stay = "no";

	if (!options_check(options, error) || !broker_check_security("direct", options, error))
		return FALSE;
	g_variant_lookup(options, "stay", "&s", &stay);
	if (g_str_equal(stay, "no"))
		return TRUE;
	g_set_error_literal(error, REASON_ERROR, REASON_CONFIGURATION,
			    "\"stay\" is of displays that are connected to; one that calls has to call again");
	return FALSE;
}

static GVariant *with_owner(dbus_api *api, GDBusMethodInvocation *call, GVariant *options)
{
	const char *name = g_dbus_method_invocation_get_sender(call);
	GVariantDict dict;

	g_variant_dict_init(&dict, options);
	g_variant_dict_insert(&dict, LINK_DIRECT_OWNER, "x", uid_of(api, call));
	g_variant_dict_insert(&dict, LINK_DIRECT_OWNER_NAME, "s", name);
	return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static gboolean handle_listen(Miracast1Manager *skeleton, GDBusMethodInvocation *call,
			      const char *address, GVariant *options, gpointer user_data)
{
	dbus_api *api = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *bound = NULL;
	g_autoptr(GVariant) owned = NULL;

	used(api);
	if (check_listen(options, &error))
		owned = with_owner(api, call, options);
	if (!owned || !link_direct_listen(broker_link(api->broker, "direct"), address, owned, &bound, &error)) {
		g_dbus_method_invocation_return_gerror(call, error);
		return TRUE;
	}
	when_ready(api, call, bound, OWNER_SHARED, options, listen_now);
	return TRUE;
}

static gboolean handle_stop_listening(Miracast1Manager *skeleton, GDBusMethodInvocation *call,
				      const char *bound, gpointer user_data)
{
	dbus_api *api = user_data;

	used(api);
	if (!link_direct_unlisten(broker_link(api->broker, "direct"), bound)) {
		g_dbus_method_invocation_return_error(call, REASON_ERROR, REASON_ADDRESS_INVALID,
						      "nothing listens on \"%s\"", bound);
		return TRUE;
	}
	update_listening(api);
	miracast1_manager_complete_stop_listening(skeleton, call);
	return TRUE;
}

static gboolean handle_disconnect_all(Miracast1Manager *skeleton, GDBusMethodInvocation *call,
				      gpointer user_data)
{
	dbus_api *api = user_data;
	GPtrArray *sessions = broker_sessions(api->broker);

	used(api);
	for (guint i = 0; i < sessions->len; i++) {
		session *s = g_ptr_array_index(sessions, i);
		g_autofree char *path = dbus_sessions_path(s);

		if (dbus_objects_may_see(api->objects, g_dbus_method_invocation_get_sender(call), path))
			session_end(s, reason_new_code(REASON_DISCONNECTED, "disconnected by the user"));
	}
	miracast1_manager_complete_disconnect_all(skeleton, call);
	return TRUE;
}

/* Ids of the same display on other links, and all links, the one to take first; whether one of them is autoconnect. */
static void insert_other_ways(GVariantDict *dict, broker *b, link_sink *sink)
{
	gboolean autoconnect = remembered_autoconnect(broker_remembered(b), sink->id, sink->owner);
	GPtrArray *sinks = broker_sinks(b);
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	g_autoptr(GPtrArray) links = g_ptr_array_new();

	g_ptr_array_add(links, (gpointer)sink->link);

	for (guint i = 0; i < sinks->len; i++) {
		link_sink *other = g_ptr_array_index(sinks, i);

		if (other == sink || !broker_same_display(sink, other))
			continue;
		g_ptr_array_add(ids, other->id);
		autoconnect |= remembered_autoconnect(broker_remembered(b), other->id, other->owner);
		if (!g_ptr_array_find_with_equal_func(links, other->link, g_str_equal, NULL))
			g_ptr_array_add(links, (gpointer)other->link);
	}
	g_variant_dict_insert(dict, "autoconnect", "b", autoconnect);
	g_variant_dict_insert_value(dict, "links",
				    g_variant_new_strv((const char *const *)links->pdata, links->len));
	if (ids->len)
		g_variant_dict_insert_value(dict, "other-ways",
					    g_variant_new_strv((const char *const *)ids->pdata, ids->len));
}

static GVariant *sink_to_variant(broker *b, link_sink *sink)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	const char *alias = broker_alias(b, sink);

	g_variant_dict_insert(&dict, "name", "s", sink->name);
	g_variant_dict_insert(&dict, "model", "s", sink->model);
	g_variant_dict_insert(&dict, "link", "s", sink->link);
	g_variant_dict_insert(&dict, "connectable", "b", sink->connectable);
	if (sink->obstacle)
		g_variant_dict_insert(&dict, "obstacle", "s", sink->obstacle);
	g_variant_dict_insert(&dict, "present", "b", sink->present);
	g_variant_dict_insert(&dict, "last-seen", "x", sink->last_seen_us);
	if (sink->level)
		g_variant_dict_insert(&dict, "level", "i", sink->level);
	if (sink->band)
		g_variant_dict_insert(&dict, "band", "s", sink->band);
	if (sink->throughput)
		g_variant_dict_insert(&dict, "throughput", "u", sink->throughput);
	g_variant_dict_insert(&dict, "hdcp", "b", sink->hdcp);
	if (alias)
		g_variant_dict_insert(&dict, "alias", "s", alias);
	g_variant_dict_insert(&dict, "remembered", "b", remembered_has(broker_remembered(b), sink->id, sink->owner));
	insert_other_ways(&dict, b, sink);
	if (sink->owner != OWNER_SHARED)
		g_variant_dict_insert(&dict, OWNER_KEY, "x", sink->owner);
	return g_variant_dict_end(&dict);
}

void dbus_api_sinks_changed(dbus_api *api)
{
	GPtrArray *sinks = broker_sinks(api->broker);
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sa{sv}}"));
	for (guint i = 0; i < sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(sinks, i);

		if (!broker_better_way(api->broker, sink))
			g_variant_builder_add(&builder, "{s@a{sv}}", sink->id,
					      sink_to_variant(api->broker, sink));
	}
	miracast1_manager_set_sinks(api->manager, g_variant_builder_end(&builder));
	if (api->displays)
		dbus_displays_changed(api->displays);
}

void dbus_api_remembered_changed(dbus_api *api)
{
	miracast1_manager_set_remembered(api->manager, remembered_to_variant(broker_remembered(api->broker)));
	dbus_api_sinks_changed(api);
	dbus_objects_flush(api->objects, MANAGER_PATH);
}

static gboolean handle_set_alias(Miracast1Manager *skeleton, GDBusMethodInvocation *call, const char *what,
				 const char *alias, gpointer user_data)
{
	dbus_api *api = user_data;
	g_autoptr(GError) error = NULL;

	used(api);
	if (broker_set_alias(api->broker, what, uid_of(api, call), alias, &error))
		miracast1_manager_complete_set_alias(skeleton, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

static gboolean handle_forget(Miracast1Manager *skeleton, GDBusMethodInvocation *call, const char *what,
			      gpointer user_data)
{
	dbus_api *api = user_data;
	g_autoptr(GError) error = NULL;

	used(api);
	if (broker_forget(api->broker, what, uid_of(api, call), &error))
		miracast1_manager_complete_forget(skeleton, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

static gboolean handle_set_autoconnect(Miracast1Manager *skeleton, GDBusMethodInvocation *call, const char *what,
				       gboolean on, gpointer user_data)
{
	dbus_api *api = user_data;
	g_autoptr(GError) error = NULL;

	used(api);
	if (displays_set_autoconnect(api->broker, what, uid_of(api, call), on, &error))
		miracast1_manager_complete_set_autoconnect(skeleton, call);
	else
		g_dbus_method_invocation_return_gerror(call, error);
	return TRUE;
}

void dbus_api_scanning_changed(dbus_api *api)
{
	const reason *problem = broker_scan_problem(api->broker);

	miracast1_manager_set_scan_problem(
		api->manager, problem ? g_variant_new("(sss)", problem->name, problem->message,
						      problem->hint) :
					g_variant_new("(sss)", "", "", ""));
	miracast1_manager_set_scan_hint_code(api->manager, problem ? problem->hint_code : "");
	miracast1_manager_set_scanning(api->manager, broker_scanning(api->broker));
	dbus_objects_flush(api->objects, MANAGER_PATH);
}

static void diagnosed(diagnosis *d, GVariant *checks, gpointer user_data)
{
	dbus_api *api = user_data;

	for (guint i = 0; i < api->diagnosed->len; i++)
		miracast1_manager_complete_diagnose(api->manager,
						    g_ptr_array_index(api->diagnosed, i), checks);
	g_ptr_array_set_size(api->diagnosed, 0);
	g_clear_pointer(&api->diagnosis, diagnosis_free);
}

static gboolean handle_diagnose(Miracast1Manager *skeleton, GDBusMethodInvocation *call,
				gpointer user_data)
{
	dbus_api *api = user_data;

	used(api);
	if (api->diagnosed->len >= MAX_WAITING) {
		g_dbus_method_invocation_return_error(call, REASON_ERROR, REASON_LINK_BUSY,
						      "%d calls wait for a diagnosis already",
						      MAX_WAITING);
		return TRUE;
	}
	g_ptr_array_add(api->diagnosed, call);
	if (!api->diagnosis)
		api->diagnosis = diagnosis_new(&api->diagnosis_config, diagnosed, api);
	return TRUE;
}

static void make_manager(dbus_api *api)
{
	api->manager = miracast1_manager_skeleton_new();
	miracast1_manager_set_version(api->manager, MIRACAST_VERSION);
	miracast1_manager_set_hints(api->manager, reason_hints());
	miracast1_manager_set_source(api->manager, api->module ? "kernel" : "test");
	g_object_connect(api->manager,
			 "signal::handle-scan", handle_scan, api,
			 "signal::handle-stop-scan", handle_stop_scan, api,
			 "signal::handle-connect", handle_connect, api,
			 "signal::handle-listen", handle_listen, api,
			 "signal::handle-stop-listening", handle_stop_listening, api,
			 "signal::handle-diagnose", handle_diagnose, api,
			 "signal::handle-set-alias", handle_set_alias, api,
			 "signal::handle-set-autoconnect", handle_set_autoconnect, api,
			 "signal::handle-forget", handle_forget, api,
			 "signal::handle-disconnect-all", handle_disconnect_all, api,
			 NULL);
	dbus_api_remembered_changed(api);
	dbus_api_scanning_changed(api);
	update_listening(api);
	dbus_objects_add(api->objects, MANAGER_PATH, G_DBUS_INTERFACE_SKELETON(api->manager), OWNER_SHARED);
}

static void part_used(gpointer user_data)
{
	used(user_data);
}

static const struct dbus_displays_funcs display_callbacks = {
	.used = part_used,
	.connect = connect_for,
};

/* ---- who may ---------------------------------------------------------------- */

/* Anybody could have the screen, or whoever listens is somebody else. */
static enum authority_action listening_action(dbus_api *api, const char *method, GVariant *parameters, gint64 uid)
{
	g_autoptr(GVariant) options = NULL;
	const char *bound, *from = NULL;
	gint64 owner = OWNER_SHARED;

	if (strcmp(method, "Listen") == 0) {
		options = g_variant_get_child_value(parameters, 1);
		g_variant_lookup(options, "from", "&s", &from);
		return link_direct_names_nobody(from) ? AUTHORITY_CONFIGURE : AUTHORITY_CAST;
	}
	g_variant_get_child(parameters, 0, "&s", &bound);
	options = link_direct_options_at(broker_link(api->broker, "direct"), bound);
	if (options)
		g_variant_lookup(options, LINK_DIRECT_OWNER, "x", &owner);
	return owner == uid ? AUTHORITY_CAST : AUTHORITY_CONFIGURE;
}

static enum authority_action action_of(const char *interface, const char *method, GVariant *parameters, gint64 uid,
				       gpointer user_data)
{
	/* Of all interfaces; what is not here is the administrator's. */
	static const char *const cast[] = { "Scan",	  "StopScan",	     "Connect",	   "RegisterAgent", "UnregisterAgent",
					    "Diagnose",	  "DisconnectAll",   "Disconnect", "EnterPin",	    "RequestIdr",
					    "Accept",	  NULL };
	static const char *const listening[] = { "Listen", "StopListening", NULL };

	if (g_strv_contains(listening, method))
		return listening_action(user_data, method, parameters, uid);
	return g_strv_contains(cast, method) ? AUTHORITY_CAST : AUTHORITY_CONFIGURE;
}

/* ---- bus ----------------------------------------------------------------- */

static void bus_acquired(GDBusConnection *connection, const char *name, gpointer user_data)
{
	dbus_api *api = user_data;

	/* A daemon whose bus goes away ends in an orderly way, not by SIGTERM of GIO. */
	g_dbus_connection_set_exit_on_close(connection, FALSE);
	dbus_objects_set_connection(api->objects, connection);
}

static void name_acquired(GDBusConnection *connection, const char *name, gpointer user_data)
{
	dbus_api *api = user_data;

	api->funcs->ready(api->user_data);
}

static void name_lost(GDBusConnection *connection, const char *name, gpointer user_data)
{
	dbus_api *api = user_data;
	g_autoptr(GError) error = NULL;

	if (!connection || g_dbus_connection_is_closed(connection))
		g_set_error_literal(&error, REASON_ERROR, REASON_LINK_UNAVAILABLE,
				    "there is no D-Bus to serve on");
	else
		g_set_error(&error, REASON_ERROR, REASON_OTHER_BROKER,
			    "cannot own the D-Bus name %s: another miracastd has it, or the bus policy is not installed",
			    name);
	api->funcs->failed(error, api->user_data);
}

void dbus_api_own(dbus_api *api)
{
	if (!api->owner_id)
		api->owner_id = g_bus_own_name(api->bus, DBUS_API_NAME,
					       G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, bus_acquired,
					       name_acquired, name_lost, api, NULL);
}

void dbus_api_release(dbus_api *api)
{
	if (api->owner_id)
		g_bus_unown_name(api->owner_id);
	api->owner_id = 0;
}

gboolean dbus_api_is_answering(dbus_api *api)
{
	return !g_queue_is_empty(&api->waiting) || api->diagnosis;
}

dbus_api *dbus_api_new(broker *b, const struct dbus_api_config *config,
		       const struct dbus_api_funcs *funcs, gpointer user_data)
{
	dbus_api *api = g_new0(dbus_api, 1);

	api->broker = b;
	api->module = config->module;
	api->bus = config->bus;
	api->diagnosis_config = config->diagnosis;
	api->diagnosed = g_ptr_array_new();
	api->funcs = funcs;
	api->user_data = user_data;
	g_queue_init(&api->waiting);
	api->objects = dbus_objects_new(DBUS_API_PATH, action_of, api);
	make_manager(api);
	api->displays = dbus_displays_new(b, api->objects, api->diagnosis_config.quirks_dir, &display_callbacks, api);
	api->agents = dbus_agents_new(api->manager, dbus_sessions_path, part_used, api);
	dbus_api_own(api);
	return api;
}

void dbus_api_free(dbus_api *api)
{
	struct waiting_call *w;

	if (!api)
		return;
	dbus_api_release(api);
	while ((w = g_queue_pop_head(&api->waiting))) {
		g_dbus_method_invocation_return_error(w->call, REASON_ERROR, REASON_SHUTDOWN,
						      "miracastd is ending");
		waiting_call_free(w);
	}
	for (guint i = 0; i < api->diagnosed->len; i++)
		g_dbus_method_invocation_return_error(g_ptr_array_index(api->diagnosed, i),
						      REASON_ERROR, REASON_SHUTDOWN,
						      "miracastd is ending");
	g_ptr_array_unref(api->diagnosed);
	diagnosis_free(api->diagnosis);
	dbus_displays_free(api->displays);
	dbus_agents_free(api->agents);
	dbus_objects_free(api->objects);
	g_object_unref(api->manager);
	g_free(api);
}
