// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose something is: see owner.h.
 */
#include "owner.h"

#include "authority.h"

gboolean owner_tells(gint64 owner, gint64 viewer)
{
	return owner == OWNER_SHARED || owner == viewer || viewer == OWNER_ALL || authority_is_root(viewer);
}

gboolean owner_comes_first(gint64 owner, gint64 other, gint64 viewer)
{
	if (owner == viewer || other == viewer)
		return owner == viewer && other != viewer;
	/* Below all uids; of two others' one, always the same. */
	return owner < other;
}
