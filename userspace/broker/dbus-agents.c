// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs that ask users: see dbus-agents.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "dbus-agents.h"

#include <string.h>

#include "dbus-caller.h"

#define INTERFACE "org.miracast.Miracast1.Agent"
#define ACCEPTANCE "waiting-for-acceptance"

struct agent {
	dbus_agents *owner;
	GDBusConnection *bus;
	char *name; /* of its connection */
	char *path;
	gint64 uid;
	guint watch;
};

/* Whose it is is being asked. */
struct applicant {
	dbus_agents *owner;
	GDBusMethodInvocation *call;
	char *path;
};

struct request;
struct client;

/**
 * struct question - what an agent is asked about a session
 * @method: its method, with the session and the display as arguments
 * @reply: type of what it answers with
 * @most: how often
 * @is_wanted: it is to be asked now
 * @answered: FALSE: the answer is none, it may be asked again
 * @failed: there is none; may be NULL
 */
struct question {
	const char *method;
	const char *reply;
	guint most;
	gboolean (*is_wanted)(session *s);
	gboolean (*answered)(session *s, GVariant *reply, GError **error);
	void (*failed)(session *s, const GError *error);
};

/* A session that somebody has begun. @uid: -1: not known */
struct client {
	dbus_agents *owner;
	session *session;
	char *name;
	gint64 uid;
	GCancellable *asking_uid;
	struct request *request; /* NULL: nothing is asked */
	guint asks;		 /* of the question that is wanted now */
	char *shown;	    /* the PIN that an agent was told; NULL: none */
	gint64 prompted_us; /* the phase that it was told of */
};

/* A call that is on its way; @client NULL: nobody waits for the answer any more. */
struct request {
	const struct question *question;
	struct client *client;
	GCancellable *cancellable;
	char *name, *path; /* of the agent */
	GDBusConnection *bus;
};

struct dbus_agents {
	Miracast1Manager *manager;
	GCancellable *cancellable; /* of all applicants */
	GPtrArray *agents;	   /* struct agent, the newest last */
	GPtrArray *applicants;	   /* struct applicant */
	GHashTable *clients;	   /* session -> struct client */
	char *(*path_of)(session *s);
	void (*used)(gpointer user_data);
	gpointer user_data;
};

/* ---- what agents are told ---------------------------------------------------- */

/* No answer is waited for. */
static void tell(GDBusConnection *bus, const char *name, const char *path, const char *method, GVariant *arguments)
{
	g_dbus_connection_call(bus, name, path, INTERFACE, method, arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
			       NULL, NULL, NULL);
}

static void request_free(struct request *request)
{
	g_object_unref(request->cancellable);
	g_object_unref(request->bus);
	g_free(request->name);
	g_free(request->path);
	g_free(request);
}

static void drop_request(struct client *client)
{
	struct request *request = g_steal_pointer(&client->request);
	g_autofree char *path = NULL;

	if (!request)
		return;
	path = client->owner->path_of(client->session);
	tell(request->bus, request->name, request->path, "Cancel", g_variant_new("(o)", path));
	request->client = NULL;
	g_cancellable_cancel(request->cancellable);
}

static struct agent *find_agent(struct client *client)
{
	GPtrArray *agents = client->owner->agents;
	struct agent *of_user = NULL;

	for (guint i = agents->len; i-- > 0;) {
		struct agent *agent = g_ptr_array_index(agents, i);

		if (strcmp(agent->name, client->name) == 0)
			return agent;
		if (!of_user && client->uid >= 0 && agent->uid == client->uid)
			of_user = agent;
	}
	return of_user;
}

static gboolean take_pin(session *s, GVariant *reply, GError **error)
{
	const char *pin;

	g_variant_get(reply, "(&s)", &pin);
	return session_enter_pin(s, pin, error);
}

static gboolean take_consent(session *s, GVariant *reply, GError **error)
{
	return session_accept(s, error);
}

/* Somebody has said it; else it is the program that could not ask. */
static gboolean is_refusal(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	return (name && g_str_has_prefix(name, REASON_DBUS_PREFIX)) ||
	       g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void take_refusal(session *s, const GError *error)
{
	if (is_refusal(error))
		session_end(s, reason_new_code(REASON_DISCONNECTED, "refused by the user"));
}

/* Never are two of them wanted of a session. */
static const struct question questions[] = {
	{ "RequestPin", "(s)", AGENT_MAX_ASKS, session_wants_pin, take_pin, NULL },
	{ "RequestConsent", "()", 1, session_wants_consent, take_consent, take_refusal },
};

/* NULL: none */
static const struct question *wanted_question(struct client *client)
{
	for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
		if (questions[i].is_wanted(client->session))
			return &questions[i];
	}
	return NULL;
}

static void look_at_question(struct client *client);

static void question_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct request *request = user_data;
	const struct question *question = request->question;
	struct client *client = request->client;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (client)
		client->request = NULL;
	request_free(request);
	if (!client)
		return;
	if (!reply) {
		g_info("no answer to %s from the agent of session %u: %s", question->method,
		       session_id(client->session), error->message);
		client->asks = AGENT_MAX_ASKS;
		if (question->failed)
			question->failed(client->session, error);
		return;
	}
	if (question->answered(client->session, reply, &error))
		return;
	g_info("the answer to %s of session %u is not taken: %s", question->method, session_id(client->session),
	       error->message);
	look_at_question(client);
}

static void ask(struct client *client, struct agent *agent, const struct question *question)
{
	struct request *request = g_new0(struct request, 1);
	g_autofree char *path = client->owner->path_of(client->session);

	request->question = question;
	request->client = client;
	request->cancellable = g_cancellable_new();
	request->name = g_strdup(agent->name);
	request->path = g_strdup(agent->path);
	request->bus = g_object_ref(agent->bus);
	client->request = request;
	client->asks++;
	g_dbus_connection_call(agent->bus, agent->name, agent->path, INTERFACE, question->method,
			       g_variant_new("(os)", path, session_sink(client->session)->name), G_VARIANT_TYPE(question->reply),
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, AGENT_SECONDS * 1000, request->cancellable,
			       question_answered, request);
}

static void look_at_question(struct client *client)
{
	const struct question *question = wanted_question(client);
	struct agent *agent = find_agent(client);

	if (client->request && client->request->question != question)
		drop_request(client);
	if (!question)
		client->asks = 0;
	else if (agent && !client->request && client->asks < question->most)
		ask(client, agent, question);
}

static void look_at_shown(struct client *client, struct agent *agent)
{
	const char *pin = session_shown_pin(client->session);
	g_autofree char *path = client->owner->path_of(client->session);

	if (g_strcmp0(pin, client->shown) == 0)
		return;
	g_free(client->shown);
	client->shown = g_strdup(pin);
	tell(agent->bus, agent->name, agent->path, "ShowPin",
	     g_variant_new("(oss)", path, session_sink(client->session)->name, pin ? pin : ""));
}

static void look_at_phase(struct client *client, struct agent *agent)
{
	GPtrArray *phases = session_phases(client->session);
	struct session_phase *last = phases->len ? g_ptr_array_index(phases, phases->len - 1) : NULL;
	g_autofree char *path = NULL;

	if (!last || strcmp(last->name, ACCEPTANCE) != 0 || last->time_us == client->prompted_us)
		return;
	client->prompted_us = last->time_us;
	path = client->owner->path_of(client->session);
	tell(agent->bus, agent->name, agent->path, "Prompt",
	     g_variant_new("(osss)", path, session_sink(client->session)->name, last->name, last->text));
}

static void look(struct client *client)
{
	struct agent *agent = find_agent(client);

	look_at_question(client);
	if (!agent)
		return;
	look_at_shown(client, agent);
	look_at_phase(client, agent);
}

static void look_at_all(dbus_agents *a)
{
	GHashTableIter iter;
	struct client *client;

	g_hash_table_iter_init(&iter, a->clients);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&client))
		look(client);
}

/* ---- agents ---------------------------------------------------------------------- */

static void agent_free(struct agent *agent)
{
	tell(agent->bus, agent->name, agent->path, "Release", NULL);
	g_bus_unwatch_name(agent->watch);
	g_object_unref(agent->bus);
	g_free(agent->name);
	g_free(agent->path);
	g_free(agent);
}

static void applicant_free(struct applicant *applicant)
{
	g_free(applicant->path);
	g_free(applicant);
}

/* Of this connection; NULL: it has none. */
static struct agent *agent_of(dbus_agents *a, const char *name)
{
	for (guint i = 0; i < a->agents->len; i++) {
		struct agent *agent = g_ptr_array_index(a->agents, i);

		if (strcmp(agent->name, name) == 0)
			return agent;
	}
	return NULL;
}

static void drop_agent(dbus_agents *a, const char *name)
{
	struct agent *agent = agent_of(a, name);

	if (agent)
		g_ptr_array_remove(a->agents, agent);
}

static void agent_left(GDBusConnection *bus, const char *name, gpointer user_data)
{
	drop_agent(user_data, name);
}

static void applicant_known(const struct dbus_caller *who, gpointer user_data)
{
	struct applicant *applicant = user_data;
	dbus_agents *a = applicant->owner;
	GDBusMethodInvocation *call = applicant->call;
	struct agent *agent;

	if (who->uid < 0) {
		g_dbus_method_invocation_return_error(call, REASON_ERROR, REASON_LINK_UNAVAILABLE,
						      "the bus does not say whose agent it is");
		g_ptr_array_remove(a->applicants, applicant);
		return;
	}
	agent = g_new0(struct agent, 1);
	agent->owner = a;
	agent->uid = who->uid;
	agent->bus = g_object_ref(g_dbus_method_invocation_get_connection(call));
	agent->name = g_strdup(g_dbus_method_invocation_get_sender(call));
	agent->path = g_steal_pointer(&applicant->path);
	agent->watch = g_bus_watch_name_on_connection(agent->bus, agent->name, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
						      agent_left, a, NULL);
	g_ptr_array_remove(a->applicants, applicant);
	drop_agent(a, agent->name);
	g_ptr_array_add(a->agents, agent);
	miracast1_manager_complete_register_agent(a->manager, call);
	look_at_all(a);
}

static gboolean handle_register(Miracast1Manager *manager, GDBusMethodInvocation *call, const char *path,
				gpointer user_data)
{
	dbus_agents *a = user_data;
	const char *name = g_dbus_method_invocation_get_sender(call);
	struct applicant *applicant;

	a->used(a->user_data);
	if (!agent_of(a, name) && a->agents->len + a->applicants->len >= AGENTS_MAX) {
		g_dbus_method_invocation_return_error(call, REASON_ERROR, REASON_LINK_BUSY, "there are %d agents already",
						      AGENTS_MAX);
		return TRUE;
	}
	applicant = g_new0(struct applicant, 1);
	applicant->owner = a;
	applicant->call = call;
	applicant->path = g_strdup(path);
	g_ptr_array_add(a->applicants, applicant);
	dbus_caller_ask(g_dbus_method_invocation_get_connection(call), name, a->cancellable, applicant_known, applicant);
	return TRUE;
}

static gboolean handle_unregister(Miracast1Manager *manager, GDBusMethodInvocation *call, gpointer user_data)
{
	dbus_agents *a = user_data;

	a->used(a->user_data);
	drop_agent(a, g_dbus_method_invocation_get_sender(call));
	miracast1_manager_complete_unregister_agent(manager, call);
	return TRUE;
}

/* ---- sessions ----------------------------------------------------------------------- */

static void client_free(struct client *client)
{
	drop_request(client);
	g_cancellable_cancel(client->asking_uid);
	g_object_unref(client->asking_uid);
	g_free(client->name);
	g_free(client->shown);
	g_free(client);
}

static void client_known(const struct dbus_caller *who, gpointer user_data)
{
	struct client *client = user_data;

	client->uid = who->uid;
	look(client);
}

static struct client *add_client(dbus_agents *a, session *s, const char *name, gint64 uid)
{
	struct client *client = g_new0(struct client, 1);

	client->owner = a;
	client->session = s;
	client->name = g_strdup(name);
	client->uid = uid;
	client->asking_uid = g_cancellable_new();
	g_hash_table_insert(a->clients, s, client);
	return client;
}

void dbus_agents_session_called(dbus_agents *a, session *s, const char *name, gint64 uid)
{
	look(add_client(a, s, name, uid));
}

void dbus_agents_session_begun(dbus_agents *a, session *s, GDBusMethodInvocation *call)
{
	struct client *client = add_client(a, s, g_dbus_method_invocation_get_sender(call), -1);

	dbus_caller_ask(g_dbus_method_invocation_get_connection(call), client->name, client->asking_uid, client_known,
			client);
}

void dbus_agents_session_changed(dbus_agents *a, session *s, enum session_change what)
{
	struct client *client = g_hash_table_lookup(a->clients, s);

	if (client && (what & (SESSION_CHANGED_PIN | SESSION_CHANGED_PHASES | SESSION_CHANGED_STATE)))
		look(client);
}

void dbus_agents_session_removed(dbus_agents *a, session *s)
{
	g_hash_table_remove(a->clients, s);
}

dbus_agents *dbus_agents_new(Miracast1Manager *manager, char *(*path_of)(session *s),
			     void (*used)(gpointer user_data), gpointer user_data)
{
	dbus_agents *a = g_new0(dbus_agents, 1);

	a->manager = g_object_ref(manager);
	a->cancellable = g_cancellable_new();
	a->agents = g_ptr_array_new_with_free_func((GDestroyNotify)agent_free);
	a->applicants = g_ptr_array_new_with_free_func((GDestroyNotify)applicant_free);
	a->clients = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)client_free);
	a->path_of = path_of;
	a->used = used;
	a->user_data = user_data;
	g_object_connect(manager,
			 "signal::handle-register-agent", handle_register, a,
			 "signal::handle-unregister-agent", handle_unregister, a,
			 NULL);
	return a;
}

void dbus_agents_free(dbus_agents *a)
{
	if (!a)
		return;
	g_signal_handlers_disconnect_by_data(a->manager, a);
	g_cancellable_cancel(a->cancellable);
	for (guint i = 0; i < a->applicants->len; i++)
		g_dbus_method_invocation_return_error(((struct applicant *)g_ptr_array_index(a->applicants, i))->call,
						      REASON_ERROR, REASON_SHUTDOWN, "miracastd is ending");
	g_hash_table_unref(a->clients);
	g_ptr_array_unref(a->applicants);
	g_ptr_array_unref(a->agents);
	g_object_unref(a->cancellable);
	g_object_unref(a->manager);
	g_free(a);
}
