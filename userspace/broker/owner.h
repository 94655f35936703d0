/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * owner.h - whose something is, and who is told of it
 *
 * A cast is the user's who has begun it, and so is what the daemon knows by that alone: a display that has called where
 * he listens, or that he has named by its address.  To others it is not there, whatever they ask by.  What was found
 * by looking stands in the room, or in the network: all who may cast see it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the place of a uid: nobody's, and so for all. */
#define OWNER_SHARED G_GINT64_CONSTANT(-1)
/* As who looks: the daemon itself, to whom nothing is hidden. */
#define OWNER_ALL G_GINT64_CONSTANT(-2)
/* In an item of a D-Bus property a{sa{sv}}: its owner (x), and who is not told of that does not see it (dbus-objects.h). */
#define OWNER_KEY "owner"

/**
 * owner_tells - is @viewer told of what is @owner's?
 * @owner: uid, or OWNER_SHARED
 * @viewer: uid, OWNER_ALL, or OWNER_SHARED: one of whom it is not known who he is
 *
 * All are of what is shared; root, and the daemon's own account (authority_is_root()), of everything.
 */
gboolean owner_tells(gint64 owner, gint64 viewer);

/**
 * owner_comes_first - of two things of which @viewer is told, both by the same name: is it that of @owner?
 * @other: owner of the other one
 *
 * His own, then what is shared.
 */
gboolean owner_comes_first(gint64 owner, gint64 other, gint64 viewer);

G_END_DECLS
