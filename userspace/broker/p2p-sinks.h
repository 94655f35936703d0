/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-sinks.h - which P2P peers are sinks, and what became of them
 *
 * Peers come from the air and go; a sink that was seen once is remembered, so
 * that the user can name it and learn when it was seen last.
 *
 * Signal and time of the last sign of life change with each frame; they are told
 * (sink_changed) when the signal is clearly another one, and in any case with the
 * first frame after P2P_SINKS_FRESH_SECONDS.
 */
#pragma once

#include "link.h"
#include "wpa-supplicant.h"

G_BEGIN_DECLS

#define P2P_SINKS_FRESH_SECONDS 5

typedef struct p2p_sinks p2p_sinks;

/**
 * struct p2p_peer - one sink
 * @sink: what the user sees
 * @path: its object in wpa_supplicant; NULL: not in sight
 * @doubted: wpa_supplicant has it, and where that has heard it last it need not listen any more
 * @group_owner: it is owner of a group already and can only be joined
 * @config_methods: how it can be connected to, see p2p-pin.h
 * @told_us, @told_level: when sink_changed was emitted last, and with which level
 */
struct p2p_peer {
	link_sink *sink;
	char *path;
	gboolean doubted;
	gboolean group_owner;
	guint16 config_methods;
	gint64 told_us;
	gint told_level;
};

/* @backend: for whom sink_changed and sink_gone are emitted */
p2p_sinks *p2p_sinks_new(link_backend *backend);
void p2p_sinks_free(p2p_sinks *sinks);

/**
 * p2p_sinks_update - a peer is there, or has changed
 * @keep: not to be forgotten when there are too many, or NULL
 *
 * Returns: the sink, or NULL: sources and devices without a display are none of
 * our business
 */
const struct p2p_peer *p2p_sinks_update(p2p_sinks *sinks, const struct wpas_peer *found,
					link_sink *keep);
/* The peer of that object path, or all if NULL, went out of sight. */
void p2p_sinks_lose(p2p_sinks *sinks, const char *path);
/*
 * The link to it was lost, or it was asked in vain.  Who is switched on again may listen on another channel, and is not
 * reached on that of before, as long as wpa_supplicant lists it: it is in doubt until it is heard.
 */
void p2p_sinks_doubt(p2p_sinks *sinks, const char *id);
/* The peer of that object path was heard, if there is one. */
void p2p_sinks_heard(p2p_sinks *sinks, const char *path);
/* Drop it, without an event; FALSE: it is in sight. */
gboolean p2p_sinks_forget(p2p_sinks *sinks, link_sink *sink);
/* By id; NULL if it was forgotten. */
const struct p2p_peer *p2p_sinks_lookup(p2p_sinks *sinks, const char *id);

G_END_DECLS
