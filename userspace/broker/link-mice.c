// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Miracast over Infrastructure: see link-mice.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "link-mice.h"

#include <string.h>

#include "avahi.h"
#include "mice-connection.h"
#include "mice-resolve.h"

struct mice {
	link_backend base;
	mice_sinks *sinks;
	GCancellable *cancellable; /* of the way to the bus */
	GDBusConnection *bus; /* NULL: not yet, or not at all */
	gboolean no_bus;
	avahi *avahi; /* with @bus */
	guint find; /* the end of a find; 0: there is none */
	gint64 find_ends_us; /* CLOCK_MONOTONIC */
	guint connections; /* that are not closed */
	guint linger; /* the end of browsing, after finds and connections; 0: they go on, or nobody browses */
	guint linger_seconds;
	guint16 rtsp_port;
	guint answer_seconds;
	guint handshake_ms;
	guint pin_seconds;
	char *name;
	char *machine_id;
	guint stop_idle;
};

/* ---- who we are ----------------------------------------------------------------- */

void link_mice_source_id(const char *machine_id, const char *sink, guint8 *source_id)
{
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)machine_id, strlen(machine_id));
	guint8 digest[32];
	gsize len = sizeof(digest);

	g_hmac_update(hmac, (const guchar *)sink, -1);
	g_hmac_get_digest(hmac, digest, &len);
	g_hmac_unref(hmac);
	memcpy(source_id, digest, MICE_SOURCE_ID_SIZE);
}

/* A machine without an id is another one each time. */
static char *read_machine_id(void)
{
	g_autofree char *text = NULL;

	if (g_file_get_contents("/etc/machine-id", &text, NULL, NULL) && *g_strstrip(text))
		return g_steal_pointer(&text);
	return g_uuid_string_random();
}

/* ---- finding -------------------------------------------------------------------- */

static void stop_browsing(struct mice *mice)
{
	g_clear_handle_id(&mice->linger, g_source_remove);
	if (mice->avahi && avahi_browses(mice->avahi))
		avahi_stop(mice->avahi);
	mice_sinks_lose_all(mice->sinks);
}

static gboolean lingered(gpointer user_data)
{
	struct mice *mice = user_data;

	mice->linger = 0;
	stop_browsing(mice);
	return G_SOURCE_REMOVE;
}

/* What was found may still be looked at for a while; what is connected to is there. */
static void linger(struct mice *mice)
{
	g_clear_handle_id(&mice->linger, g_source_remove);
	if (!mice->find && !mice->connections && mice->avahi && avahi_browses(mice->avahi))
		mice->linger = g_timeout_add_seconds(mice->linger_seconds, lingered, mice);
}

static gboolean end_find(gpointer user_data)
{
	struct mice *mice = user_data;

	mice->find = 0;
	linger(mice);
	link_emit_find_ended(&mice->base, NULL);
	return G_SOURCE_REMOVE;
}

static void end_find_in(struct mice *mice, guint seconds)
{
	g_clear_handle_id(&mice->find, g_source_remove);
	mice->find = seconds ? g_timeout_add_seconds(seconds, end_find, mice) :
			       g_idle_add(end_find, mice);
	mice->find_ends_us = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
}

static void browse(struct mice *mice)
{
	if (mice->find && mice->avahi && !avahi_browses(mice->avahi))
		avahi_browse(mice->avahi, LINK_MICE_SERVICE);
}

static void mice_start_find(link_backend *backend, guint seconds)
{
	struct mice *mice = (struct mice *)backend;
	gint64 ends_us = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;

	g_clear_handle_id(&mice->linger, g_source_remove);
	if (mice->no_bus)
		end_find_in(mice, 0);
	else if (!mice->find || ends_us > mice->find_ends_us)
		end_find_in(mice, seconds);
	browse(mice);
}

static void mice_stop_find(link_backend *backend)
{
	struct mice *mice = (struct mice *)backend;

	if (mice->find)
		end_find_in(mice, 0);
}

static void service_found(avahi *a, const struct avahi_service *service, gpointer user_data)
{
	struct mice *mice = user_data;

	mice_sinks_found(mice->sinks, service);
}

static void service_lost(avahi *a, const char *key, gpointer user_data)
{
	struct mice *mice = user_data;

	mice_sinks_lost(mice->sinks, key);
}

static void avahi_failed(avahi *a, const GError *error, gpointer user_data)
{
	struct mice *mice = user_data;

	g_message("displays in the network are not looked for: %s", error->message);
	stop_browsing(mice);
	if (mice->find)
		end_find_in(mice, 0);
}

static const struct avahi_funcs avahi_callbacks = {
	.found = service_found,
	.lost = service_lost,
	.failed = avahi_failed,
};

static void have_bus(struct mice *mice, GDBusConnection *bus)
{
	mice->bus = g_object_ref(bus);
	mice->avahi = avahi_new(bus, &avahi_callbacks, mice);
	browse(mice);
}

static void bus_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct mice *mice = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (bus) {
		have_bus(mice, bus);
		return;
	}
	mice->no_bus = TRUE;
	if (mice->find)
		end_find_in(mice, 0);
}

/* ---- connection ------------------------------------------------------------------ */

static link_sink *mice_reach(link_backend *backend, const char *what, gint64 owner, GError **error)
{
	struct mice *mice = (struct mice *)backend;
	gboolean said = g_str_has_prefix(what, LINK_MICE_PREFIX);
	const char *text = said ? what + strlen(LINK_MICE_PREFIX) : what;
	guint16 port;
	g_autofree char *host = mice_host_parse(text, &port);

	if (!host && said)
		g_set_error(error, REASON_ERROR, REASON_HOST_UNKNOWN,
			    "\"%s\" is neither a host name nor an address", text);
	/* A word alone is the name of a display, which was not found. */
	if (!host || (!said && !strchr(host, '.') && !mice_host_is_numeric(host)))
		return NULL;
	return mice_sinks_reach(mice->sinks, host, port, owner);
}

static void mice_heard(link_backend *backend, link_sink *other, gboolean gone)
{
	mice_sinks_heard(((struct mice *)backend)->sinks, other, gone);
}

static void connection_closed(link_backend *backend, link_sink *sink)
{
	struct mice *mice = (struct mice *)backend;

	mice_sinks_unuse(mice->sinks, sink);
	mice->connections--;
	linger(mice);
}

static link_connection *mice_connect(link_backend *backend, link_sink *sink, GVariant *options,
				     const struct link_connection_events *events,
				     gpointer user_data)
{
	struct mice *mice = (struct mice *)backend;
	struct mice_target target = { .rtsp_port = mice->rtsp_port,
				      .answer_seconds = mice->answer_seconds,
				      .handshake_ms = mice->handshake_ms,
				      .pin_seconds = mice->pin_seconds,
				      .name = mice->name, .closed = connection_closed };
	const char *security = "none";
	g_autofree char *host = mice_host_parse(sink->id + strlen(LINK_MICE_PREFIX), &target.port);
	g_autoptr(GPtrArray) addresses = mice_sinks_addresses(mice->sinks, sink);
	guint8 source_id[MICE_SOURCE_ID_SIZE];

	link_mice_source_id(mice->machine_id, sink->id, source_id);
	target.host = host;
	target.addresses = addresses;
	target.bus = mice->bus;
	target.source_id = source_id;
	g_variant_lookup(options, "security", "&s", &security);
	target.pin = g_str_equal(security, "pin");
	target.encrypted = target.pin || g_str_equal(security, "encryption");
	mice_sinks_use(mice->sinks, sink);
	mice->connections++;
	linger(mice);
	return mice_connection_new(backend, sink, &target, events, user_data);
}

/* ---- backend ---------------------------------------------------------------------- */

static gboolean emit_stopped(gpointer user_data)
{
	struct mice *mice = user_data;

	mice->stop_idle = 0;
	if (mice->find) {
		g_clear_handle_id(&mice->find, g_source_remove);
		link_emit_find_ended(&mice->base, NULL);
	}
	link_emit_stopped(&mice->base);
	return G_SOURCE_REMOVE;
}

static void mice_stop(link_backend *backend)
{
	struct mice *mice = (struct mice *)backend;

	if (mice->avahi)
		avahi_stop(mice->avahi);
	g_clear_handle_id(&mice->linger, g_source_remove);
	if (!mice->stop_idle)
		mice->stop_idle = g_idle_add(emit_stopped, mice);
}

static void mice_free(link_backend *backend)
{
	struct mice *mice = (struct mice *)backend;

	g_clear_handle_id(&mice->find, g_source_remove);
	g_clear_handle_id(&mice->linger, g_source_remove);
	g_clear_handle_id(&mice->stop_idle, g_source_remove);
	g_cancellable_cancel(mice->cancellable);
	g_object_unref(mice->cancellable);
	avahi_free(mice->avahi);
	g_clear_object(&mice->bus);
	mice_sinks_free(mice->sinks);
	g_free(mice->name);
	g_free(mice->machine_id);
	g_free(mice);
}

static gboolean mice_forget(link_backend *backend, link_sink *sink)
{
	return mice_sinks_forget(((struct mice *)backend)->sinks, sink);
}

static const struct link_impl mice_impl = {
	.name = "mice",
	.start_find = mice_start_find,
	.stop_find = mice_stop_find,
	.reach = mice_reach,
	.forget = mice_forget,
	.heard = mice_heard,
	.connect = mice_connect,
	.enter_pin = mice_connection_enter_pin,
	.next_call = mice_connection_next_call,
	.answered = mice_connection_answered,
	.disconnect = mice_connection_disconnect,
	.connection_free = mice_connection_free,
	.stop = mice_stop,
	.free = mice_free,
};

link_backend *link_mice_new(const struct link_mice_config *config, const struct link_events *events,
			    gpointer user_data)
{
	struct mice *mice = g_new0(struct mice, 1);

	mice->base.impl = &mice_impl;
	mice->base.events = events;
	mice->base.user_data = user_data;
	mice->linger_seconds = config->linger_seconds ? config->linger_seconds : LINK_MICE_LINGER_SECONDS;
	mice->rtsp_port = config->rtsp_port ? config->rtsp_port : LINK_DEFAULT_PORT;
	mice->answer_seconds = config->answer_seconds;
	mice->handshake_ms = config->handshake_ms;
	mice->pin_seconds = config->pin_seconds;
	mice->name = g_strdup(config->name ? config->name : link_own_name());
	mice->machine_id = read_machine_id();
	mice->sinks = mice_sinks_new(&mice->base);
	mice->cancellable = g_cancellable_new();
	if (config->bus)
		have_bus(mice, config->bus);
	else
		g_bus_get(G_BUS_TYPE_SYSTEM, mice->cancellable, bus_came, mice);
	return &mice->base;
}
