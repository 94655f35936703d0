/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avahi.h - services and hosts of the local network, by the Avahi that the system runs
 *
 * Multicast DNS through org.freedesktop.Avahi on D-Bus (Avahi 0.7 or later, for
 * Server2).  Avahi is asked, never started: whether a machine speaks multicast DNS is
 * its owner's matter.
 *
 * systemd-resolved could be asked as well from version 258 on, whose varlink interface
 * has BrowseServices; Debian 12 and 13 have 252 and 257.
 *
 *	idle -- avahi_browse() --> preparing --> browsing -- avahi_stop() --> idle
 *	                              |              |
 *	                              +--> failed() <+ (Avahi is not there, or goes away)
 *
 * Each service that Avahi finds is resolved, AVAHI_CALL_MS long, and told of once it has
 * an address.  A service is one name on one interface in one of IPv4 and IPv6: a display
 * is found several times.
 *
 * Everything that is told came from the network: text is not cleaned here, addresses and
 * ports are checked.  No more than AVAHI_MAX_SERVICES are known at a time.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define AVAHI_NAME "org.freedesktop.Avahi"
/* Avahi itself gives up after 5 s. */
#define AVAHI_CALL_MS 6000
#define AVAHI_MAX_SERVICES 128

typedef struct avahi avahi;

/**
 * struct avahi_service - one service
 * @key: which one, for @lost
 * @name: of the service, for people, UTF-8
 * @host: its host, "tv.local"
 * @address: with port, and interface if it is a link-local one
 * @container: the device that it is a service of ("container_id=" in its TXT record), a
 *	UUID in lower case; NULL if it does not say
 */
struct avahi_service {
	const char *key;
	const char *name;
	const char *host;
	GSocketAddress *address;
	const char *container;
};

/**
 * struct avahi_funcs - what is told, from the main loop
 * @found: a service is there, or has another address
 * @lost: it is not, or is not known of any more
 * @failed: there is nobody who looks; nothing more is told; what was found may still be
 *	there
 */
struct avahi_funcs {
	void (*found)(avahi *a, const struct avahi_service *service, gpointer user_data);
	void (*lost)(avahi *a, const char *key, gpointer user_data);
	void (*failed)(avahi *a, const GError *error, gpointer user_data);
};

/* @bus: a reference is taken */
avahi *avahi_new(GDBusConnection *bus, const struct avahi_funcs *funcs, gpointer user_data);
void avahi_free(avahi *a);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(avahi, avahi_free)

/* Look for services of this type, "_display._tcp", until avahi_stop(). Not twice. */
void avahi_browse(avahi *a, const char *type);
void avahi_stop(avahi *a);
gboolean avahi_browses(avahi *a);

/**
 * avahi_make_address - an address out of what Avahi says
 * @interface: index, for a link-local address
 *
 * Returns: (transfer full): NULL if it is none that can be connected to
 */
GSocketAddress *avahi_make_address(const char *text, gint32 interface, guint16 port);

/**
 * avahi_find_container - "container_id={...}" in a TXT record, as displays of Microsoft's have it
 * @txt: aay: its strings
 *
 * Returns: (transfer full): a UUID in lower case; NULL: there is none
 */
char *avahi_find_container(GVariant *txt);

G_END_DECLS
