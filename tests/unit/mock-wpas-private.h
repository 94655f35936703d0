/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-wpas-private.h - inside of the wpa_supplicant of mock-wpas.h
 *
 * mock-wpas.c			its objects and its signals, its life
 * mock-wpas-calls.c		what is called, and what the TV says to that
 * mock-wpas-properties.c	what it and its peers say of themselves
 * mock-wpas-persistent.c	groups that are kept, and the TV that is invited to them
 * mock-wpas-control.c		the control socket
 */
#pragma once

#include "mock-wpas.h"

#define MOCK_NAME "fi.w1.wpa_supplicant1"
#define MOCK_ROOT "/fi/w1/wpa_supplicant1"
#define MOCK_RADIO MOCK_ROOT "/Interfaces/0"
#define MOCK_GROUP MOCK_ROOT "/Interfaces/1"
#define MOCK_OTHER_RADIO MOCK_ROOT "/Interfaces/2"
#define MOCK_FOREIGN MOCK_ROOT "/Interfaces/5"
#define MOCK_UNKNOWN MOCK_ROOT "/Interfaces/7"
#define MOCK_GROUP_OBJECT MOCK_GROUP "/Groups/AB"
#define MOCK_FOREIGN_OBJECT MOCK_FOREIGN "/Groups/CD"
#define MOCK_PEERS MOCK_RADIO "/Peers/"
#define MOCK_TV MOCK_PEERS "020000000100"
#define MOCK_KEPT MOCK_RADIO "/PersistentGroups/"

/* mock-wpas.c: a signal of the P2P device. */
void mock_emit(mock_wpas *mock, const char *signal, GVariant *args);
/* The same of the interface at @path. */
void mock_emit_from(mock_wpas *mock, const char *path, const char *signal, GVariant *args);
/* ay, floating */
GVariant *mock_bytes(gconstpointer data, gsize len);
/* Both agree who owns the group to come; @role: "GO" or "client". */
void mock_negotiated(mock_wpas *mock, const char *role);
/* They do not, with the status of the mock. */
void mock_fail_negotiation(mock_wpas *mock);
/* The group is there. */
void mock_begin_group(mock_wpas *mock, const char *role);
/* Both, and what is kept of it in between. */
void mock_start_group(mock_wpas *mock, const char *role);
/* What a test wants of a group of which not all has been asked yet. */
void mock_say_group_again(mock_wpas *mock);
/* Its object goes, and with that all that it has begun. */
void mock_remove_radio(mock_wpas *mock);

/* mock-wpas-calls.c: a method of any object. */
void mock_called(GDBusConnection *bus, const char *sender, const char *path, const char *iface, const char *method,
		 GVariant *args, GDBusMethodInvocation *call, gpointer user_data);
/* @method: "pbc", or "keypad" or "display" with a PIN. */
void mock_note_method(mock_wpas *mock, const char *method, const char *pin);
/* The TV, or wpa_supplicant, says to the newest connect what the test wants, once whoever has called has his answer. */
void mock_answer_connect(mock_wpas *mock);

/* mock-wpas-properties.c: of any object but a group that is kept. */
GVariant *mock_get_property(GDBusConnection *bus, const char *sender, const char *path, const char *iface,
			    const char *property, GError **error, gpointer user_data);
void mock_set_property(mock_wpas *mock, const char *property, GVariant *value, GDBusMethodInvocation *call);
/* The TV first; NULL behind the last one. */
const char *mock_peer_path(guint i);
const char *mock_ifname_of(mock_wpas *mock, const char *path);
/* Of the group at @path, or on its interface. */
GVariant *mock_ssid_of(const char *path);
/* @value: ay, taken */
void mock_set_wfd(mock_wpas *mock, GVariant *value);

/* mock-wpas-persistent.c. TRUE: it is a method of persistent groups, and is answered. */
gboolean mock_persistent_called(mock_wpas *mock, const char *method, GVariant *args, GDBusMethodInvocation *call);
/* "P2P_INVITE ..." came over the control socket. */
void mock_persistent_command(mock_wpas *mock, const char *command);
/* Both keep the key to the group that is about to start. */
void mock_keep_group(mock_wpas *mock, const char *role);
/* Property "Properties" of a kept one. */
GVariant *mock_kept_properties(mock_wpas *mock, const char *path);
/* With the radio go the groups that are kept. */
void mock_persistent_clear(mock_wpas *mock);

/* mock-wpas-control.c: the socket goes, if there is one, and what came over it. */
void mock_control_close(mock_wpas *mock);
