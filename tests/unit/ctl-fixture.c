// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A miracastd and a miracastctl for tests: see ctl-fixture.h.
 */
#include "ctl-fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "ctl-process.h"

/* ---- programs ------------------------------------------------------------------- */

/* A line for each object that was printed: the schema is held against them at the end. */
static FILE *printed;
static char *printed_name;

void notes_begin(void)
{
	int descriptor = g_file_open_tmp("ctl-json-XXXXXX", &printed_name, NULL);

	g_assert_cmpint(descriptor, >=, 0);
	printed = fdopen(descriptor, "w");
}

const char *notes_file(void)
{
	g_assert_cmpint(fflush(printed), ==, 0);
	return printed_name;
}

void notes_end(void)
{
	fclose(printed);
	g_unlink(printed_name);
	g_free(printed_name);
}

void note(const char *const *command, JsonNode *json)
{
	g_autofree char *text = json_to_string(json, FALSE);
	const char *name = "";

	for (guint i = 0; command[i] && !*name; i++)
		name = command[i][0] == '-' ? "" : command[i];
	if (!*name && command[0] && strcmp(command[0], "--version") == 0)
		name = "version";
	g_assert_cmpint(fprintf(printed, "%s\t%s\n", name, text), >, 0);
}

int ctl(JsonNode **json, const char *const *arguments)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GSubprocess) process = NULL;
	g_autofree char *output = NULL;
	g_autoptr(GError) error = NULL;
	const char *const *command = arguments;

	g_ptr_array_add(argv, (gpointer) "--json");
	for (; *arguments; arguments++)
		g_ptr_array_add(argv, (gpointer)*arguments);
	g_ptr_array_add(argv, NULL);
	process = ctl_process(G_SUBPROCESS_FLAGS_STDOUT_PIPE, (const char *const *)argv->pdata);
	g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, &error));
	g_assert_true(g_subprocess_get_if_exited(process));
	*json = json_from_string(output, &error);
	g_assert_no_error(error);
	g_assert_true(JSON_NODE_HOLDS_OBJECT(*json));
	note(command, *json);
	return g_subprocess_get_exit_status(process);
}

char *say(const char *const *arguments)
{
	g_autoptr(GSubprocess) process =
		ctl_process(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, arguments);
	g_autoptr(GError) error = NULL;
	char *output = NULL;

	g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, &error));
	return output;
}

JsonObject *object(JsonNode *json)
{
	return json_node_get_object(json);
}

void assert_error(JsonNode *json, const char *name)
{
	JsonObject *error = json_object_get_object_member(object(json), "error");

	g_assert_cmpstr(json_object_get_string_member(error, "name"), ==, name);
	g_assert_cmpstr(json_object_get_string_member(error, "message"), !=, "");
	g_assert_cmpstr(json_object_get_string_member(error, "hint"), !=, "");
	g_assert_cmpstr(json_object_get_string_member(error, "hint-code"), !=, "");
}

void set_up(struct fixture *f, gconstpointer data)
{
	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
}

/* Whatever is put there, or comes to be there. */
static const char *const files[] = {
	[CTL_QUIRKS_GOOD] = "good.conf",
	[CTL_QUIRKS_WRONG] = "wrong.conf",
	[CTL_DISPLAYS] = "displays",
	[CTL_PROGRAM] = "journalctl",
	[CTL_RECORD] = "record.json",
};

char *path_of(struct fixture *f, enum ctl_file file)
{
	return g_build_filename(f->quirks_dir, files[file], NULL);
}

void put_file(struct fixture *f, enum ctl_file file, const char *text)
{
	g_autofree char *path = path_of(f, file);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

void tear_down(struct fixture *f, gconstpointer data)
{
	if (f->daemon) {
		g_subprocess_send_signal(f->daemon, SIGTERM);
		g_assert_true(g_subprocess_wait_check(f->daemon, NULL, NULL));
		g_object_unref(f->daemon);
	}
	if (f->services) {
		g_autofree char *file =
			g_build_filename(f->services, "org.miracast.Miracast1.service", NULL);

		g_unlink(file);
		g_rmdir(f->services);
	}
	for (guint i = 0; f->quirks_dir && i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = path_of(f, i);

		g_unlink(path);
	}
	if (f->quirks_dir)
		g_rmdir(f->quirks_dir);
	g_free(f->quirks_dir);
	g_free(f->services);
	g_free(f->address);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
}

void start_daemon(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) json = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocessLauncher) launcher = NULL;
	g_autofree char *quirks = NULL, *runtime = NULL, *state = NULL;
	gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;

	set_up(f, data);
	if (!f->quirks_dir)
		f->quirks_dir = g_dir_make_tmp("quirks-XXXXXX", NULL);
	state = g_strdup_printf("--state-dir=%s", f->quirks_dir);
	quirks = g_strdup_printf("--quirks-dir=%s", f->quirks_dir);
	runtime = g_strdup_printf("--runtime-dir=%s", f->quirks_dir);
	launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	if (f->system_bus)
		g_subprocess_launcher_setenv(launcher, "DBUS_SYSTEM_BUS_ADDRESS",
					     g_test_dbus_get_bus_address(f->test_bus), TRUE);
	f->daemon = g_subprocess_launcher_spawn(launcher, &error, MIRACASTD, "--session-bus",
				     data ? (const char *)data : "--no-p2p", "--source=test", "--umd=" FAKE_UMD, "--sandbox=",
				     quirks, runtime, state, NULL);
	g_assert_no_error(error);
	while (CTL(&json, "status") != 0) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_clear_pointer(&json, json_node_unref);
		g_usleep(50000);
	}
	g_clear_pointer(&json, json_node_unref);
	g_assert_cmpint(CTL(&json, "listen", "127.0.0.1:0", "--mode", "1280x720@50", "--from", "127.0.0.0/8"), ==, 0);
	f->address = g_strdup(json_object_get_string_member(object(json), "listening"));
}

GSocketConnection *dial(struct fixture *f, const char *line)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GError) error = NULL;
	GSocketConnection *sink =
		g_socket_client_connect_to_host(client, f->address, 0, NULL, &error);

	g_assert_no_error(error);
	g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL, NULL,
			       "%s\n", line);
	return sink;
}

JsonNode *wait_session(const char *which, const char *state)
{
	gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;

	while (g_get_monotonic_time() < deadline) {
		g_autoptr(JsonNode) json = NULL;
		JsonArray *sessions;

		g_assert_cmpint(CTL(&json, "status"), ==, 0);
		sessions = json_object_get_array_member(object(json), which);
		if (json_array_get_length(sessions) > 0 &&
		    strcmp(json_object_get_string_member(
				   json_array_get_object_element(sessions, 0), "state"), state) == 0)
			return json_node_copy(json_array_get_element(sessions, 0));
		g_usleep(50000);
	}
	g_assert_not_reached();
}
