/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-path.h - IPv4 and the RTSP port on a group
 *
 *	open() -> progress* -> up -> dialled
 *	              |         |       |
 *	              +--failed-+-------+
 *	close(), once -> closed
 *
 * The port is open until the display has answered, since one that heard nothing may
 * dial again (rtsp-listener.h); only its network can reach it.  Time limits are
 * p2p-net.h's and the connection's.
 */
#pragma once

#include "link.h"
#include "p2p-net.h"

G_BEGIN_DECLS

typedef struct p2p_path p2p_path;

/**
 * struct p2p_path_funcs - what the connection hears; never from inside of a call
 * @progress: as in link.h
 * @up: the display may dial; @where is borrowed
 * @dialled: it has; again only after p2p_path_next_call()
 * @failed: at most once
 * @closed: answer to p2p_path_close(); may free it. Until that is done, what keeps the
 *	display out stays (p2p-net.h)
 */
struct p2p_path_funcs {
	void (*progress)(p2p_path *path, const char *phase, const char *text, gpointer user_data);
	void (*up)(p2p_path *path, const struct link_path *where, gpointer user_data);
	void (*dialled)(p2p_path *path, GSocketConnection *rtsp, gpointer user_data);
	void (*failed)(p2p_path *path, const GError *error, gpointer user_data);
	void (*closed)(p2p_path *path, gpointer user_data);
};

/* @impl, @request: see p2p-net.h; @port: the RTSP port */
p2p_path *p2p_path_open(const struct p2p_net_impl *impl, const struct p2p_net_request *request,
			guint16 port, const struct p2p_path_funcs *funcs, gpointer user_data);
/* As in struct link_impl. */
void p2p_path_next_call(p2p_path *path);
void p2p_path_answered(p2p_path *path);
/* Nothing but closed comes after it. */
void p2p_path_close(p2p_path *path);
/* When the group is gone, after closed; or at once if nothing matters any more. NULL is allowed. */
void p2p_path_free(p2p_path *path);

G_END_DECLS
