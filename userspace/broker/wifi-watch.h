/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wifi-watch.h - asks the kernel again and again how a Wi-Fi link is
 *
 * A round of questions each WIFI_WATCH_SECONDS, the first one at once: which number nl80211
 * has (the first time only), the channel of the interface, its stations; a P2P group of ours
 * has one.  Each question waits for its answer in the main loop:
 *
 *	resting -> family -> interface -> stations -> resting
 *
 * What is not answered to its end when the next round is due is left, and nothing is heard of
 * that round; nor is anything heard of one that the kernel refuses, so where there is no
 * nl80211, or no such interface any more, it is silent.
 *
 * Threads: the main one.  Nothing waits; the kernel works on a question while it is sent.
 */
#pragma once

#include "wifi-link.h"

G_BEGIN_DECLS

/* A display that has gone without a word is to be noticed before the user does (wifi-silence.h). */
#define WIFI_WATCH_SECONDS 1

struct nl_sock;
typedef struct wifi_watch wifi_watch;

/* After each round; not from inside of a call. It may free the watch. */
typedef void wifi_watch_heard(const struct wifi_link *link, gpointer user_data);

/**
 * struct wifi_watch_impl - so that tests can do without a radio
 * @open: of the network interface; NULL: there is no netlink
 * @free: NULL is allowed
 * @is_off: radio_is_off()
 */
struct wifi_watch_impl {
	wifi_watch *(*open)(const char *ifname, wifi_watch_heard *heard, gpointer user_data);
	void (*free)(wifi_watch *watch);
	gboolean (*is_off)(const char *ifname);
};

/* The one that asks the kernel. */
extern const struct wifi_watch_impl wifi_watch_system;

/**
 * wifi_watch_new - over a socket that is there
 * @sock: connected to whoever answers as the kernel does; taken
 * @round_ms: from one round to the next
 */
wifi_watch *wifi_watch_new(struct nl_sock *sock, guint ifindex, guint round_ms, wifi_watch_heard *heard,
			   gpointer user_data);
void wifi_watch_free(wifi_watch *watch);

G_END_DECLS
