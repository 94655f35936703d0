/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-fixture.h - a broker with the P2P link, and a wpa_supplicant that is played
 *
 * On a bus of its own; IP is the loopback's, the group's network interface is lo.
 * tear_down() demands that nothing of us is left, however a test went.
 */
#pragma once

#include "broker.h"
#include "link-wifi.h"
#include "mock-nm.h"
#include "mock-wpas.h"
#include "p2p-sinks.h"

/**
 * struct fixture - of one test
 * @bus: the broker's
 * @wpas_bus: the mock's
 * @nm: NULL: there is none
 * @interface, @linger, @device_name: for start_broker(), struct link_p2p_config
 * @accept_seconds: of the same; 0: 2
 * @wifi: link-wifi.h instead of link-p2p.h alone
 * @users, @control_dirs: who has an adapter; control sockets are in @runtime_dir
 */
struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *bus;
	GDBusConnection *wpas_bus;
	mock_wpas *wpas;
	mock_nm *nm;
	struct broker_config config;
	broker *broker;
	char *runtime_dir;
	const char *interface;
	guint linger;
	guint accept_seconds;
	gboolean wifi;
	const char *device_name;
	struct wifi_users users;
	const char *control_dirs[2];
	gboolean stopped;
	guint markers;
};

/* How many nets are open. */
extern guint open_nets;
/* What the last net was opened with: "owner", "client IP/PREFIX of OWNER", or "made for IP". */
extern char net_opened[64];
/* The same. */
extern gboolean net_in_zone;
/* The address of one that was silent comes after all; the display has got its own from us. */
void net_rises(void);
void net_leases(void);
/* How many links are asked how they are. */
extern guint open_watches;
/* Flight mode. */
extern gboolean wifi_is_off;
/* What the kernel says of the one that is. */
void radio_says(const struct wifi_link *link);
/* No address comes; close() is not answered. */
extern gboolean net_is_silent;
extern gboolean net_does_not_close;
/* There can be none that keep a display out. */
extern gboolean net_has_no_rules;

/* @data: enum mock_build, or -1: no wpa_supplicant */
void set_up(struct fixture *f, gconstpointer data);
void tear_down(struct fixture *f, gconstpointer data);
void start_broker(struct fixture *f);
/* A NetworkManager that has the adapter. */
void start_nm(struct fixture *f);
void stop_broker(struct fixture *f);
/* After a test had its own broker events. */
void reset_events(struct fixture *f);
/* What nl80211 says of every interface; NULL: nobody has it. */
void set_kernel_user(const char *user);

void wait_until(gboolean (*done)(struct fixture *f), struct fixture *f);
/* Until all that wpa_supplicant has said has been heard and dealt with. */
void settle(struct fixture *f);
/* Let the loop run for so long. */
void spin(guint ms);

link_sink *tv(struct fixture *f);
gboolean tv_is_found(struct fixture *f);
gboolean scan_is_over(struct fixture *f);
/* For a minute; returns when the TV is found. */
void scan(struct fixture *f);
/* It ends with that reason, in words for people, with @word among them. */
void assert_scan_fails(struct fixture *f, const char *expected, const char *word);

/* Connect to the TV. */
void begin(struct fixture *f);
/* ... with options, as GVariant's text. */
void begin_options(struct fixture *f, const char *options);
/* ... with the option "security"; NULL: without. */
void begin_secure(struct fixture *f, const char *security);
session *only_session(struct fixture *f);
/* Of the session that was begun last. */
session *last_session(struct fixture *f);
gboolean last_waits_for_call(struct fixture *f);
gboolean last_is_gone(struct fixture *f);
void end_last(struct fixture *f);
/* It is called, pictures flow, and it is ended. */
void stream_and_end(struct fixture *f);
gboolean is_gone(struct fixture *f);
gboolean waits_for_call(struct fixture *f);
gboolean streams(struct fixture *f);
void assert_reason(struct fixture *f, const char *name);
gboolean has_phase(struct fixture *f, const char *name);
gboolean is_searching(struct fixture *f);
GSocketConnection *dial_from(struct fixture *f, const char *host);
GSocketConnection *call_and_stream(struct fixture *f);
/* All of it, from the scan on. */
GSocketConnection *scan_and_stream(struct fixture *f);
