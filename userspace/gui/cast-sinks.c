// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which displays there are to be shown: see cast-sinks.h.
 */
#include "cast-sinks.h"

#include <string.h>

/* A way to one that is in sight, or that is shown as another one of its ways. */
static gboolean is_shown_otherwise(GDBusObjectManager *objects, GVariant *sinks, const char *id)
{
	g_autoptr(GVariant) sink = sinks ? g_variant_lookup_value(sinks, id, G_VARIANT_TYPE_VARDICT) : NULL;
	g_autolist(GDBusObject) list = g_dbus_object_manager_get_objects(objects);

	if (sink)
		return TRUE;
	for (GList *l = list; l; l = l->next) {
		g_autoptr(Miracast1Display) display = miracast1_object_get_display(l->data);
		const char *const *ids = display ? miracast1_display_get_ids(display) : NULL;

		if (ids && g_strv_contains(ids, id))
			return g_strcmp0(miracast1_display_get_id(display), id) != 0;
	}
	return FALSE;
}

/* As in Sinks, of one that is out of sight. Over the network it can be called all the same, since its id is a host. */
static GVariant *as_sink(GVariant *known)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(known);
	const char *link = "";

	g_variant_lookup(known, "link", "&s", &link);
	g_variant_dict_insert(&dict, "remembered", "b", TRUE);
	g_variant_dict_insert(&dict, "present", "b", FALSE);
	g_variant_dict_insert(&dict, "connectable", "b", strcmp(link, "mice") == 0);
	return g_variant_dict_end(&dict);
}

GVariant *cast_sinks(Miracast1Manager *manager, GDBusObjectManager *objects)
{
	GVariant *sinks = miracast1_manager_get_sinks(manager);
	GVariant *known = miracast1_manager_get_remembered(manager);
	GVariantBuilder builder;
	GVariantIter iter;
	const char *id;
	GVariant *item;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sa{sv}}"));
	for (gsize i = 0; sinks && i < g_variant_n_children(sinks); i++) {
		g_autoptr(GVariant) sink = g_variant_get_child_value(sinks, i);

		g_variant_builder_add_value(&builder, sink);
	}
	if (known)
		g_variant_iter_init(&iter, known);
	while (known && g_variant_iter_next(&iter, "{&s@a{sv}}", &id, &item)) {
		if (!is_shown_otherwise(objects, sinks, id))
			g_variant_builder_add(&builder, "{s@a{sv}}", id, as_sink(item));
		g_variant_unref(item);
	}
	return g_variant_ref_sink(g_variant_builder_end(&builder));
}
