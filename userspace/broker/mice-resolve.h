/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-resolve.h - the addresses of a display that was named by host
 *
 * DNS and multicast DNS are asked at the same time, as Windows does, and who
 * answers first with an address that can be used is believed: the system's
 * resolver (GResolver, that is getaddrinfo() with whatever nsswitch.conf names:
 * DNS, nss-mdns, systemd-resolved) for the name as it was given, and for the name in
 * "local." if it has no domain; and
 * the system's Avahi over D-Bus (avahi.h), which also knows the interface of a
 * link-local address, for names in "local.".  Where the display was found a moment ago
 * its addresses are known and nobody is asked.
 *
 *	asking -> done		an answer, or all have failed, or MICE_RESOLVE_MS are over
 *
 * Link-local IPv6 addresses without an interface are of no use and passed over.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What Windows gives it ([MS-MICE] 3.2.2, Discovery timer). */
#define MICE_RESOLVE_MS 1500
/* More addresses of one display are not tried. */
#define MICE_MAX_ADDRESSES 8

typedef struct mice_resolve mice_resolve;

/**
 * mice_resolved - it is done
 * @addresses: (element-type GSocketAddress): in the order in which they should be
 *	tried, borrowed; NULL with @error
 * @error: REASON_HOST_UNKNOWN
 *
 * Called once, from the main loop.  May free the @resolve.
 */
typedef void mice_resolved(mice_resolve *resolve, GPtrArray *addresses, const GError *error,
			   gpointer user_data);

/**
 * mice_resolve_new - begin
 * @host: as mice_host_parse() gave it
 * @known: (element-type GSocketAddress): what is known already, or NULL
 * @bus: where Avahi may be, or NULL
 */
mice_resolve *mice_resolve_new(const char *host, guint16 port, GPtrArray *known,
			       GDBusConnection *bus, mice_resolved *resolved, gpointer user_data);
/* Without a word if it was not done. */
void mice_resolve_free(mice_resolve *resolve);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mice_resolve, mice_resolve_free)

/**
 * mice_host_parse - "192.0.2.1", "tv.local", "tv.local:7250", "fe80::1%eth0", "[::1]:7250"
 * @port: (out): MICE_PORT if there is none
 *
 * Returns: (transfer full): the host in the form in which it is compared: a name in
 * lower case and ASCII, or a numeric address; NULL if it can be neither
 */
char *mice_host_parse(const char *text, guint16 *port);
/* Is it a numeric address? */
gboolean mice_host_is_numeric(const char *host);

/**
 * mice_host_compare - are two hosts one?
 * @host, @other: of mice_host_parse(), no addresses
 *
 * A name without a domain is that name in any, and so is one in "local.", which every
 * host may give itself.
 *
 * Returns: 0: they are; above: they are not; below: that cannot be said, they have the
 * same name in two domains
 */
int mice_host_compare(const char *host, const char *other);

G_END_DECLS
