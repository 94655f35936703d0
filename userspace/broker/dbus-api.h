/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dbus-api.h - org.miracast.Miracast1, see data/org.miracast.Miracast1.xml
 *
 * A mirror of the broker on the bus: it owns no state of its own.
 */
#pragma once

#include <gio/gio.h>

#include "broker.h"

G_BEGIN_DECLS

#define DBUS_API_NAME "org.miracast.Miracast1"
#define DBUS_API_PATH "/org/miracast/Miracast1"

typedef struct dbus_api dbus_api;

/**
 * struct dbus_api_funcs - what the owner hears
 * @ready: the name is ours and calls are served
 * @failed: there is no bus, or somebody else has the name, or it was lost
 */
struct dbus_api_funcs {
	void (*ready)(gpointer user_data);
	void (*failed)(const GError *error, gpointer user_data);
};

/* Does not wait; @source is shown. Calls of clients reach @b from then on. */
dbus_api *dbus_api_new(broker *b, GBusType bus, const char *source,
		       const struct dbus_api_funcs *funcs, gpointer user_data);
void dbus_api_free(dbus_api *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dbus_api, dbus_api_free)

/* To be called for the broker's events of the same names. */
void dbus_api_sinks_changed(dbus_api *api);
void dbus_api_scanning_changed(dbus_api *api);
void dbus_api_session_added(dbus_api *api, session *s);
void dbus_api_session_changed(dbus_api *api, session *s, enum session_change what);
void dbus_api_session_removed(dbus_api *api, session *s);

G_END_DECLS
