/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-sinks.h - which displays there are to be shown, of what the daemon says
 *
 * Reads properties that are there already; main thread.
 */
#pragma once

#include "client.h"

G_BEGIN_DECLS

/*
 * Transfer full: a{sa{sv}}, as Sinks of the manager: those that were found, and those that are remembered, one way of
 * each.  The latter are not "present", and "remembered" as the former may be.
 */
GVariant *cast_sinks(Miracast1Manager *manager, GDBusObjectManager *objects);

G_END_DECLS
