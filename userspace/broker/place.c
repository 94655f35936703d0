// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where the monitor of a display appears: see place.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "place.h"

#include <string.h>

char *place_name(const struct miracast_target_info *target)
{
	g_autofree char *driver = g_strndup(target->driver, sizeof(target->driver));
	g_autofree char *connector = g_strndup(target->name, sizeof(target->name));
	g_autofree char *name = g_strdup_printf("%s:%s", driver, connector);

	return *driver && *connector && remembered_may_be_place(name) ? g_steal_pointer(&name) : NULL;
}

/* Where it was the last time; NULL: nowhere. */
static const char *wanted_by(remembered *r, const link_sink *sink, const char *other_id)
{
	const char *place = remembered_place(r, sink->id, sink->owner);

	return place || !other_id ? place : remembered_place(r, other_id, OWNER_SHARED);
}

guint32 place_choose(const struct miracast_target_info *targets, guint n, remembered *r,
		     const link_sink *sink, const char *other_id)
{
	const char *wanted = wanted_by(r, sink, other_id);
	gint64 best_cast = G_MAXINT64;
	guint32 best = 0;

	for (guint i = 0; i < n; i++) {
		g_autofree char *name = place_name(&targets[i]);
		gint64 cast;

		if (targets[i].flags & MIRACAST_TARGET_OPEN)
			continue;
		if (name && g_strcmp0(name, wanted) == 0)
			return targets[i].id;
		cast = name ? remembered_last_cast_at(r, name, sink->id, other_id) : REMEMBERED_NOBODY;
		if (cast < best_cast) {
			best_cast = cast;
			best = targets[i].id;
		}
	}
	return best;
}

int place_open(kernel *k, remembered *r, const link_sink *sink, const char *other_id, guint32 *target, char **place,
	       GError **error)
{
	g_autoptr(GArray) targets = kernel_list_targets(k, error);
	const struct miracast_target_info *all;
	guint32 opened;
	int fd;

	if (!targets)
		return -1;
	all = (const struct miracast_target_info *)(void *)targets->data;
	fd = kernel_open_sink(k, place_choose(all, targets->len, r, sink, other_id), &opened, error);
	if (fd < 0)
		return -1;
	*target = opened;
	*place = NULL;
	for (guint i = 0; i < targets->len; i++) {
		if (all[i].id == opened)
			*place = place_name(&all[i]);
	}
	g_info("%s appears at %s", sink->id, *place ? *place : "a connector without a name");
	return fd;
}
