// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * IPv4 and the RTSP port on a group: see p2p-path.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-path.h"

#include "link-filter.h"
#include "rtsp-listener.h"

struct p2p_path {
	const struct p2p_net_impl *impl;
	p2p_net *net;
	char *ifname;
	guint16 port;
	rtsp_listener *listener; /* until the display has answered */
	rtsp_calls *calls;
	gboolean closing;
	const struct p2p_path_funcs *funcs;
	gpointer user_data;
};

static void dialled(rtsp_calls *calls, GSocketConnection *rtsp, gpointer user_data)
{
	p2p_path *path = user_data;

	path->funcs->dialled(path, rtsp, path->user_data);
}

static void called(rtsp_listener *listener, GSocketConnection *rtsp, gpointer user_data)
{
	p2p_path *path = user_data;

	if (!rtsp_calls_offer(path->calls, rtsp))
		g_message("dropped a second connection on %s", path->ifname);
}

static void open_port(p2p_path *path, GInetAddress *local, GInetAddressMask *peers, GError **error)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new(local, path->port);

	path->listener = rtsp_listener_new(&(struct rtsp_listen){
						   .address = address,
						   .interface = path->ifname,
						   .peers = peers,
					   }, called, path, error);
	if (path->listener)
		link_filter_open_door(path->ifname, LINK_FILTER_RTSP,
				      rtsp_listener_port(path->listener));
}

static void shut_port(p2p_path *path)
{
	if (path->listener)
		link_filter_shut_door(path->ifname, LINK_FILTER_RTSP,
				      rtsp_listener_port(path->listener));
	g_clear_pointer(&path->listener, rtsp_listener_free);
}

static void net_progress(p2p_net *net, const char *phase, const char *text, gpointer user_data)
{
	p2p_path *path = user_data;

	if (!path->closing)
		path->funcs->progress(path, phase, text, path->user_data);
}

static void net_up(p2p_net *net, GInetAddress *local, GInetAddressMask *peers, gpointer user_data)
{
	p2p_path *path = user_data;
	g_autofree char *text = g_inet_address_to_string(local);
	const struct link_path where = { .local = text, .interface = path->ifname };
	g_autoptr(GError) error = NULL;

	if (path->closing || path->calls)
		return;
	open_port(path, local, peers, &error);
	path->calls = rtsp_calls_new(dialled, path);
	if (path->listener)
		path->funcs->up(path, &where, path->user_data);
	else
		path->funcs->failed(path, error, path->user_data);
}

static void net_failed(p2p_net *net, const GError *error, gpointer user_data)
{
	p2p_path *path = user_data;

	if (!path->closing)
		path->funcs->failed(path, error, path->user_data);
}

static void net_closed(p2p_net *net, gpointer user_data)
{
	p2p_path *path = user_data;

	path->funcs->closed(path, path->user_data);
}

static const struct p2p_net_funcs net_callbacks = {
	.progress = net_progress,
	.up = net_up,
	.failed = net_failed,
	.closed = net_closed,
};

p2p_path *p2p_path_open(const struct p2p_net_impl *impl, const struct p2p_net_request *request,
			guint16 port, const struct p2p_path_funcs *funcs, gpointer user_data)
{
	p2p_path *path = g_new0(p2p_path, 1);

	path->impl = impl;
	path->ifname = g_strdup(request->ifname);
	path->port = port;
	path->funcs = funcs;
	path->user_data = user_data;
	path->net = impl->open(request, &net_callbacks, path);
	return path;
}

void p2p_path_next_call(p2p_path *path)
{
	if (path->calls)
		rtsp_calls_next(path->calls);
}

void p2p_path_answered(p2p_path *path)
{
	/* Nobody else is wanted. */
	shut_port(path);
	if (path->calls)
		rtsp_calls_answered(path->calls);
}

static void hang_up(p2p_path *path)
{
	shut_port(path);
	g_clear_pointer(&path->calls, rtsp_calls_free);
}

void p2p_path_close(p2p_path *path)
{
	path->closing = TRUE;
	hang_up(path);
	path->impl->close(path->net);
}

void p2p_path_free(p2p_path *path)
{
	if (!path)
		return;
	hang_up(path);
	path->impl->free(path->net);
	g_free(path->ifname);
	g_free(path);
}
