/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-private.h - between mock-wpas.c and mock-persistent.c, see mock-wpas.h
 */
#pragma once

#include "mock-wpas.h"

#define MOCK_RADIO "/fi/w1/wpa_supplicant1/Interfaces/0"
#define MOCK_KEPT MOCK_RADIO "/PersistentGroups/"

/* A signal of the P2P device. */
void mock_emit(mock_wpas *mock, const char *signal, GVariant *args);
/* ay, floating */
GVariant *mock_bytes(gconstpointer data, gsize len);
/* The group is there; @role: "GO" or "client". */
void mock_begin_group(mock_wpas *mock, const char *role);

/* TRUE: it is a method of persistent groups, and is answered. */
gboolean mock_persistent_called(mock_wpas *mock, const char *method, GVariant *args, GDBusMethodInvocation *call);
/* "P2P_INVITE ..." came over the control socket. */
void mock_persistent_command(mock_wpas *mock, const char *command);
/* Both keep the key to the group that is about to start. */
void mock_keep_group(mock_wpas *mock, const char *role);
/* Property "Properties" of a kept one. */
GVariant *mock_kept_properties(mock_wpas *mock, const char *path);
/* With the radio go the groups that are kept. */
void mock_persistent_clear(mock_wpas *mock);
