/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wifi-users.h - who else has a Wi-Fi network interface
 *
 * wpa_supplicant takes an interface that it is told to take: it makes it a station
 * and removes its keys, and whatever ran on it is cut off.  So somebody has to ask
 * first, and these are asked:
 *
 *	iwd			on D-Bus: net.connman.iwd.Device of that name
 *	the kernel		nl80211: access point, mesh, monitor, or associated
 *	wpa_supplicant, hostapd	that run beside the one on D-Bus (ifupdown's,
 *				wpa_supplicant@.service): their control socket,
 *				with a process behind it
 *
 * An interface that we had created may have been adopted meanwhile: NetworkManager
 * takes what wpa_supplicant has.
 *
 * Threads: main context.  D-Bus is asked asynchronously and with a time limit, and
 * nobody is started by the question.  The kernel answers a netlink request before
 * sending it returns; receiving has a limit of a second all the same.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * struct wifi_users - where to look; tests have their own
 * @kernel: nl80211's word about an interface: who uses it, for people, newly
 *	allocated; NULL: nobody
 * @control_dirs: where control sockets are, NULL-terminated
 */
struct wifi_users {
	char *(*kernel)(const char *ifname);
	const char *const *control_dirs;
};

extern const struct wifi_users wifi_users_system;

/**
 * wifi_users_answer - who it is
 * @user: for people: "iwd", "an access point"; NULL: nobody
 */
typedef void wifi_users_answer(const char *user, gpointer user_data);

/* Who has @ifname?  @answer is called later, always unless cancelled. */
void wifi_users_ask(const struct wifi_users *users, GDBusConnection *bus, const char *ifname,
		    GCancellable *cancellable, wifi_users_answer *answer, gpointer user_data);

/* Has NetworkManager adopted @ifname?  As wifi_users_ask(). */
void wifi_users_ask_manager(GDBusConnection *bus, const char *ifname, GCancellable *cancellable,
			    wifi_users_answer *answer, gpointer user_data);

G_END_DECLS
