// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Wi-Fi P2P: see link-p2p.h; p2p.h names the parts.
 */
#define G_LOG_DOMAIN "miracastd"

#include "link-p2p.h"

#include "p2p-connection.h"
#include "p2p-find.h"
#include "wfd-ie.h"

/* What we say that we can send; Windows says the same. */
#define THROUGHPUT_MBIT 200

/* ---- the P2P device ---------------------------------------------------------- */

static void device_ready(p2p_device *device, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_find_device_ready(p2p->find);
	p2p_connection_device_ready(p2p->connection);
}

static void device_gone(p2p_device *device, const GError *error, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_sinks_lose(p2p->sinks, NULL);
	p2p_find_device_gone(p2p->find, error);
	p2p_connection_device_gone(p2p->connection, error);
}

static void device_stopped(p2p_device *device, gpointer user_data)
{
	struct p2p *p2p = user_data;

	link_emit_stopped(&p2p->base);
}

static const struct p2p_device_funcs device_callbacks = {
	.ready = device_ready,
	.gone = device_gone,
	.stopped = device_stopped,
};

GError *p2p_wifi_off(const struct p2p *p2p)
{
	const char *ifname = wpas_ifname(p2p->wpas);

	if (!ifname || !p2p->watch->is_off(ifname))
		return NULL;
	return g_error_new_literal(REASON_ERROR, REASON_NO_WIFI, "Wi-Fi is switched off");
}

/* ---- what wpa_supplicant says --------------------------------------------------- */

static void on_found(wpas *w, const char *owner, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_device_found(p2p->device, owner);
}

static void on_created(wpas *w, const char *path, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_device_created(p2p->device, path);
}

static void on_configured(wpas *w, GVariant *former, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_device_configured(p2p->device, former);
}

static void on_ready(wpas *w, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_device_acquired(p2p->device);
}

static void on_failed(wpas *w, const GError *error, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_device_lost(p2p->device, error);
}

/* Displays are still there, but nobody looks any more. */
static void on_released(wpas *w, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_sinks_lose(p2p->sinks, NULL);
	p2p_device_released(p2p->device);
}

static void on_peer(wpas *w, const struct wpas_peer *found, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_sinks_update(p2p->sinks, found, p2p_connection_sink(p2p->connection));
	p2p_connection_peer_seen(p2p->connection);
}

static void on_peer_heard(wpas *w, const char *path, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_sinks_heard(p2p->sinks, path);
}

static void on_peer_lost(wpas *w, const char *path, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_sinks_lose(p2p->sinks, path);
}

static void on_find_stopped(wpas *w, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_find_burst_over(p2p->find);
}

static void on_connect_failed(wpas *w, const GError *error, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_refused(p2p->connection, error);
}

static void on_negotiated(wpas *w, const struct wpas_negotiation *result, gpointer user_data)
{
	struct p2p *p2p = user_data;

	if (p2p->late)
		p2p_claim_negotiated(p2p->late, result);
	p2p_connection_negotiated(p2p->connection, result);
}

static void on_negotiation_failed(wpas *w, const char *peer, int status, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_negotiation_failed(p2p->connection, peer, status);
}

static void on_provisioned(wpas *w, const char *peer, enum wpas_method method, const char *pin,
			   gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_provisioned(p2p->connection, peer, method, pin);
}

static void on_provision_failed(wpas *w, const char *peer, const GError *error, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_provision_failed(p2p->connection, peer, error);
}

static void on_invited(wpas *w, int status, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_invited(p2p->connection, status);
}

static void on_wps_failed(wpas *w, const char *why, gboolean password, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_wps_failed(p2p->connection, why, password);
}

static void on_formation_failed(wpas *w, const char *why, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_formation_failed(p2p->connection, why);
}

static void on_group_started(wpas *w, const struct wpas_group *group, gpointer user_data)
{
	struct p2p *p2p = user_data;

	if (p2p_connection_group_started(p2p->connection, group)) {
		wpas_drop_kept(w, group->kept);
		return;
	}
	if (p2p->late && p2p_claim_fits(p2p->late, group)) {
		wpas_drop_kept(w, group->kept);
		g_message("ending the group on %s, which is no longer wanted", group->ifname);
		wpas_disconnect(w, group->path);
		return;
	}
	g_message("another program has a Wi-Fi P2P group on %s", group->ifname);
}

static void on_group_ended(wpas *w, const char *path, gboolean displaced, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_group_ended(p2p->connection, path, displaced);
}

static void on_station(wpas *w, const char *path, gboolean joined, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_station(p2p->connection, path, joined);
}

static void on_cancelled(wpas *w, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_cancelled(p2p->connection);
}

static const struct wpas_funcs wpas_callbacks = {
	.found = on_found,
	.created = on_created,
	.configured = on_configured,
	.ready = on_ready,
	.failed = on_failed,
	.released = on_released,
	.peer = on_peer,
	.peer_heard = on_peer_heard,
	.peer_lost = on_peer_lost,
	.find_stopped = on_find_stopped,
	.connect_failed = on_connect_failed,
	.provisioned = on_provisioned,
	.provision_failed = on_provision_failed,
	.negotiated = on_negotiated,
	.negotiation_failed = on_negotiation_failed,
	.invited = on_invited,
	.wps_failed = on_wps_failed,
	.formation_failed = on_formation_failed,
	.group_started = on_group_started,
	.group_ended = on_group_ended,
	.station = on_station,
	.cancelled = on_cancelled,
};

/* ---- what NetworkManager says ----------------------------------------------------- */

static void nm_absent(network_manager *nm, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_ask_directly(p2p->connection);
}

static void nm_asked(network_manager *nm, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_asked(p2p->connection);
}

static void nm_refused(network_manager *nm, const GError *error, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_not_asked(p2p->connection, error);
}

static void nm_ended(network_manager *nm, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_connection_request_ended(p2p->connection);
}

static const struct network_manager_funcs nm_callbacks = {
	.absent = nm_absent,
	.asked = nm_asked,
	.refused = nm_refused,
	.ended = nm_ended,
};

/* ---- backend ------------------------------------------------------------- */

static void p2p_start_find(link_backend *backend, guint seconds)
{
	p2p_find_start(((struct p2p *)backend)->find, seconds);
}

/* A connection that searches needs it still; its end is the end of this one, too. */
static void p2p_stop_find(link_backend *backend)
{
	struct p2p *p2p = (struct p2p *)backend;

	if (!p2p_connection_searches(p2p->connection))
		p2p_find_stop(p2p->find);
}

static link_connection *p2p_connect(link_backend *backend, link_sink *sink, GVariant *options,
				    const struct link_connection_events *events,
				    gpointer user_data)
{
	return p2p_connection_new((struct p2p *)backend, sink, options, events, user_data);
}

static void p2p_enter_pin(link_connection *base, const char *pin)
{
	p2p_connection_enter_pin((p2p_connection *)base, pin);
}

static void p2p_next_call(link_connection *base)
{
	p2p_connection_next_call((p2p_connection *)base);
}

static void p2p_answered(link_connection *base)
{
	p2p_connection_answered((p2p_connection *)base);
}

static void p2p_streams(link_connection *base)
{
	p2p_connection_streams((p2p_connection *)base);
}

static void p2p_disconnect(link_connection *base)
{
	p2p_connection_disconnect((p2p_connection *)base);
}

static void p2p_free_connection(link_connection *base)
{
	p2p_connection_free((p2p_connection *)base);
}

static void p2p_stop(link_backend *backend)
{
	struct p2p *p2p = (struct p2p *)backend;

	p2p_find_abort(p2p->find);
	p2p_device_stop(p2p->device);
}

static void p2p_free(link_backend *backend)
{
	struct p2p *p2p = (struct p2p *)backend;

	p2p_find_free(p2p->find);
	p2p_device_free(p2p->device);
	network_manager_free(p2p->nm);
	wpas_free(p2p->wpas);
	p2p_sinks_free(p2p->sinks);
	g_clear_handle_id(&p2p->late_timer, g_source_remove);
	p2p_claim_free(p2p->late);
	g_clear_object(&p2p->bus);
	g_free(p2p->runtime_dir);
	g_free(p2p);
}

static gboolean p2p_forget(link_backend *backend, link_sink *sink)
{
	struct p2p *p2p = (struct p2p *)backend;

	return p2p_connection_sink(p2p->connection) != sink && p2p_sinks_forget(p2p->sinks, sink);
}

static const struct link_impl p2p_impl = {
	.name = "p2p",
	.start_find = p2p_start_find,
	.stop_find = p2p_stop_find,
	.forget = p2p_forget,
	.connect = p2p_connect,
	.enter_pin = p2p_enter_pin,
	.next_call = p2p_next_call,
	.answered = p2p_answered,
	.streams = p2p_streams,
	.disconnect = p2p_disconnect,
	.connection_free = p2p_free_connection,
	.stop = p2p_stop,
	.free = p2p_free,
};

link_backend *link_p2p_new(const struct link_p2p_config *config, const struct link_events *events,
			   gpointer user_data)
{
	struct p2p *p2p = g_new0(struct p2p, 1);
	g_autoptr(GBytes) wfd = NULL;
	struct wfd_ie ie;

	p2p->base.impl = &p2p_impl;
	p2p->base.events = events;
	p2p->base.user_data = user_data;
	p2p->net = config->net ? config->net : &p2p_net_system;
	p2p->watch = config->watch ? config->watch : &wifi_watch_system;
	p2p->remembered = config->remembered;
	p2p->rtsp_port = config->rtsp_port ? config->rtsp_port : LINK_DEFAULT_PORT;
	p2p->accept_seconds = config->accept_seconds ? config->accept_seconds :
						       LINK_P2P_ACCEPT_SECONDS;
	p2p->runtime_dir = g_strdup(config->runtime_dir ? config->runtime_dir : "/run/miracast");
	if (g_mkdir_with_parents(p2p->runtime_dir, 0755) < 0)
		g_warning("cannot make %s", p2p->runtime_dir);
	p2p->bus = config->bus ? g_object_ref(config->bus) : NULL;
	p2p_net_clean_up(p2p->bus, p2p->runtime_dir);
	wfd_ie_init_source(&ie, p2p->rtsp_port, THROUGHPUT_MBIT);
	wfd = wfd_ie_build_subelements(&ie);
	p2p->wpas = wpas_new(&(struct wpas_config){
				     .bus = config->bus,
				     .interface = config->interface,
				     .device_name = config->device_name ? config->device_name : link_own_name(),
				     .wfd = wfd,
				     .users = config->users,
			     }, &wpas_callbacks, p2p);
	p2p->nm = network_manager_new(config->bus, wfd, &nm_callbacks, p2p);
	p2p->device = p2p_device_new(p2p->wpas, p2p->runtime_dir, config->linger_seconds,
				     &device_callbacks, p2p);
	p2p->sinks = p2p_sinks_new(&p2p->base);
	p2p->find = p2p_find_new(p2p);
	return &p2p->base;
}
