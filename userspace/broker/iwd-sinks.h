/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * iwd-sinks.h - which of iwd's peers are sinks, and what became of them
 *
 * As p2p-sinks.h, of what iwd says: which is less.  A sink that was seen once is remembered.
 */
#pragma once

#include "iwd.h"
#include "link.h"

G_BEGIN_DECLS

typedef struct iwd_sinks iwd_sinks;

/* @backend: for whom sink_changed and sink_gone are emitted */
iwd_sinks *iwd_sinks_new(link_backend *backend);
void iwd_sinks_free(iwd_sinks *sinks);

/**
 * iwd_sinks_update - a peer is there, or has changed
 * @keep: not to be forgotten when there are too many, or NULL
 *
 * Returns: the sink, or NULL: it is none
 */
link_sink *iwd_sinks_update(iwd_sinks *sinks, const struct iwd_peer *peer, link_sink *keep);
/* The peer of that object path went out of sight. */
void iwd_sinks_lose(iwd_sinks *sinks, const char *path);
/* Drop it, without an event; FALSE: it is in sight, or not one of these. */
gboolean iwd_sinks_forget(iwd_sinks *sinks, link_sink *sink);
/* Object path; NULL: it is not in sight. */
const char *iwd_sinks_path(iwd_sinks *sinks, const char *id);

G_END_DECLS
