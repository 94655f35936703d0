/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-state.h - what a broker that is killed leaves in wpa_supplicant, or in iwd
 *
 * A small file for each in the runtime directory: which wpa_supplicant (its unique bus
 * name, so that nothing of a restarted one is touched), the interface that was
 * created, the group that was formed, and what was set on an interface that is not
 * ours, as it was before; of iwd the P2P device that was switched on, as
 * what was created.  It exists only while there is such a thing.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct p2p_state p2p_state;

p2p_state *p2p_state_new(const char *runtime_dir, const char *file);
void p2p_state_free(p2p_state *state);
/* A process before us, or this one, has left something. */
gboolean p2p_state_is_there(p2p_state *state);

/**
 * p2p_state_take_leftovers - what a process before us has left
 * @owner: unique bus name of the wpa_supplicant that runs now
 * @created, @group: (out) (transfer full): object paths or NULL
 * @former: (out) (optional) (transfer full): what p2p_state_set_former() was told, or NULL
 *
 * Returns: FALSE if there is nothing
 */
gboolean p2p_state_take_leftovers(p2p_state *state, const char *owner, char **created,
				  char **group, GVariant **former);

/* From now on there is something of us in wpa_supplicant. @created may be NULL. */
void p2p_state_begin(p2p_state *state, const char *owner, const char *created);
/* NULL: it has been removed. */
void p2p_state_set_created(p2p_state *state, const char *created);
/* NULL: no group any more. */
void p2p_state_set_group(p2p_state *state, const char *group);
/* How an interface that is not ours was called and announced before: wpas_set_back(). */
void p2p_state_set_former(p2p_state *state, GVariant *former);
/* Nothing is left. */
void p2p_state_end(p2p_state *state);

G_END_DECLS
