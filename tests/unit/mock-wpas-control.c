// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The control socket of the wpa_supplicant for tests: see mock-wpas.h.
 */
#include "mock-wpas-private.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include <string.h>

static void say_event(mock_wpas *mock, const char *event)
{
	g_autofree char *text = g_strconcat("<3>", event, NULL);

	g_assert_nonnull(mock->listener);
	g_assert_cmpint(g_socket_send_to(mock->control, mock->listener, text, strlen(text), NULL, NULL), >, 0);
}

void mock_wpas_end_group_for(mock_wpas *mock, const char *reason)
{
	mock->last_event = g_strdup_printf("P2P-GROUP-REMOVED %s GO reason=%s", mock_ifname_of(mock, MOCK_GROUP), reason);
	say_event(mock, "CTRL-EVENT-SCAN-RESULTS ");
	mock_wpas_end_group(mock);
}

/* P2P_CONNECT ADDRESS pbc ..., or P2P_CONNECT ADDRESS PIN METHOD ... */
static void note_command(mock_wpas *mock)
{
	g_auto(GStrv) words = g_strsplit(mock->command, " ", -1);
	gboolean pin = g_ascii_isdigit(*words[2]);

	mock_note_method(mock, words[pin ? 3 : 2], pin ? words[2] : "");
	mock->persistent = g_strv_contains((const char *const *)words, "persistent");
}

static void peer_asked(mock_wpas *mock, GSocketAddress *from, const char *command)
{
	gboolean tv = g_str_equal(command, "P2P_PEER " MOCK_PEER_ID);
	const char *answer = tv ? mock->peer_answer : "FAIL\n";

	mock->peer_commands += tv;
	if (answer)
		g_socket_send_to(mock->control, from, answer, strlen(answer), NULL, NULL);
}

/* Of events there is one, so one that listens is enough. */
static gboolean listener_says(mock_wpas *mock, const char *command, GSocketAddress *from)
{
	if (strcmp(command, "ATTACH") == 0) {
		g_assert_null(mock->listener);
		mock->listener = g_object_ref(from);
		g_socket_send_to(mock->control, from, "OK\n", strlen("OK\n"), NULL, NULL);
		return TRUE;
	}
	if (strcmp(command, "P2P_SET conc_pref sta") == 0) {
		mock->station_first = TRUE;
		g_socket_send_to(mock->control, from, "OK\n", strlen("OK\n"), NULL, NULL);
		return TRUE;
	}
	if (strcmp(command, "PING") == 0) {
		if (mock->last_event)
			say_event(mock, mock->last_event);
		g_clear_pointer(&mock->last_event, g_free);
		g_socket_send_to(mock->control, from, "PONG\n", strlen("PONG\n"), NULL, NULL);
		return TRUE;
	}
	if (strcmp(command, "DETACH") != 0)
		return FALSE;
	g_assert_nonnull(mock->listener);
	g_clear_object(&mock->listener);
	return TRUE;
}

static gboolean control_called(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	mock_wpas *mock = user_data;
	g_autoptr(GSocketAddress) from = NULL;
	char command[256];
	gssize len = g_socket_receive_from(socket, &from, command, sizeof(command) - 1, NULL, NULL);

	g_assert_cmpint(len, >, 0);
	command[len] = '\0';
	if (g_str_has_prefix(command, "P2P_PEER ")) {
		peer_asked(mock, from, command);
		return G_SOURCE_CONTINUE;
	}
	if (listener_says(mock, command, from))
		return G_SOURCE_CONTINUE;
	g_free(mock->command);
	mock->command = g_strdup(command);
	mock->commands++;
	if (g_str_has_prefix(command, "P2P_CONNECT"))
		note_command(mock);
	g_socket_send_to(socket, from, mock->control_answer, strlen(mock->control_answer), NULL, NULL);
	if (g_str_has_prefix(mock->control_answer, "OK") && g_str_has_prefix(command, "P2P_INVITE")) {
		mock_persistent_command(mock, command);
	} else if (g_str_has_prefix(mock->control_answer, "OK")) {
		mock->connects++;
		mock->finding = FALSE;
		mock_answer_connect(mock);
	}
	return G_SOURCE_CONTINUE;
}

void mock_wpas_open_control(mock_wpas *mock)
{
	g_autofree char *directory = g_dir_make_tmp("miracast-wpas-XXXXXX", NULL);
	g_autoptr(GSocketAddress) address = NULL;

	mock->control_path = g_build_filename(directory, "wlan0", NULL);
	address = g_unix_socket_address_new(mock->control_path);
	mock->control = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
				     G_SOCKET_PROTOCOL_DEFAULT, NULL);
	g_assert_true(g_socket_bind(mock->control, address, FALSE, NULL));
	mock->control_source = g_socket_create_source(mock->control, G_IO_IN, NULL);
	g_source_set_callback(mock->control_source, G_SOURCE_FUNC(control_called), mock, NULL);
	g_source_attach(mock->control_source, NULL);
	mock->control_answer = "OK\n";
	mock->peer_answer = "FAIL\n";
}

void mock_control_close(mock_wpas *mock)
{
	if (mock->control) {
		g_autofree char *directory = g_path_get_dirname(mock->control_path);

		g_source_destroy(mock->control_source);
		g_source_unref(mock->control_source);
		g_object_unref(mock->control);
		g_unlink(mock->control_path);
		g_assert_cmpint(g_rmdir(directory), ==, 0);
	}
	g_clear_object(&mock->listener);
	g_free(mock->last_event);
	g_free(mock->control_path);
	g_free(mock->command);
}
