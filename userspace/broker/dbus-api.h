/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dbus-api.h - org.miracast.Miracast1, see data/org.miracast.Miracast1.xml
 *
 * A mirror of the broker on the bus: it owns no state of its own.
 */
#pragma once

#include <gio/gio.h>

#include "broker.h"
#include "diagnosis.h"
#include "kernel-module.h"

G_BEGIN_DECLS

#define DBUS_API_NAME "org.miracast.Miracast1"
#define DBUS_API_PATH "/org/miracast/Miracast1"

typedef struct dbus_api dbus_api;

/**
 * struct dbus_api_funcs - what the owner hears
 * @ready: the name is ours and calls are served
 * @failed: there is no bus, or somebody else has the name, or it was lost
 * @used: a client has called a method
 */
struct dbus_api_funcs {
	void (*ready)(gpointer user_data);
	void (*failed)(const GError *error, gpointer user_data);
	void (*used)(gpointer user_data);
};

/**
 * struct dbus_api_config - read by dbus_api_new() only
 * @bus: to be served on
 * @diagnosis: for the Diagnose method
 * @module: borrowed: loads the module for the calls that begin sessions; they are
 *	answered when that is done. NULL with the test source
 */
struct dbus_api_config {
	GBusType bus;
	struct diagnosis_config diagnosis;
	kernel_module *module;
};

/* Does not wait. Calls of clients reach @b from then on. */
dbus_api *dbus_api_new(broker *b, const struct dbus_api_config *config,
		       const struct dbus_api_funcs *funcs, gpointer user_data);
/**
 * dbus_api_release - give the name back
 *
 * What was sent to us before is still served, and may be a reason to
 * dbus_api_own() the name again; later calls start the next daemon.
 */
void dbus_api_release(dbus_api *api);
void dbus_api_own(dbus_api *api);
/* A call waits for the device. */
gboolean dbus_api_is_answering(dbus_api *api);
void dbus_api_free(dbus_api *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dbus_api, dbus_api_free)

/* To be called for the broker's events of the same names. */
void dbus_api_sinks_changed(dbus_api *api);
void dbus_api_scanning_changed(dbus_api *api);
void dbus_api_remembered_changed(dbus_api *api);
void dbus_api_session_added(dbus_api *api, session *s);
void dbus_api_session_changed(dbus_api *api, session *s, enum session_change what);
void dbus_api_session_removed(dbus_api *api, session *s);

G_END_DECLS
