// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl list, alias, autoconnect, forget and record: what is known of displays, and what of it leaves the machine.
 */
#include <string.h>
#include <sys/stat.h>

#include "ctl-fixture.h"

/* The display of this id in a list of `list`; NULL: it is not there. */
static JsonObject *find(JsonNode *json, const char *list, const char *id)
{
	JsonArray *displays = json_object_get_array_member(object(json), list);

	for (guint i = 0; i < json_array_get_length(displays); i++) {
		JsonObject *display = json_array_get_object_element(displays, i);

		if (strcmp(json_object_get_string_member(display, "id"), id) == 0)
			return display;
	}
	return NULL;
}

/* Its name, its alias first; NULL: it is not there. */
static const char *listed(JsonNode *json, const char *list, const char *id)
{
	JsonObject *display = find(json, list, id);

	if (!display)
		return NULL;
	return json_object_get_string_member(display, json_object_has_member(display, "alias") ? "alias" : "name");
}

#define KITCHEN "[02:00:00:00:01:00]\nname=LG 55\nlink=p2p\nalias=Kitchen\nlast-cast=86400\n"

static void start_with(struct fixture *f, const char *memory, gconstpointer data)
{
	f->quirks_dir = g_dir_make_tmp("quirks-XXXXXX", NULL);
	put_file(f, CTL_DISPLAYS, memory);
	start_daemon(f, data);
}

static void start_with_memory(struct fixture *f, gconstpointer data)
{
	start_with(f, KITCHEN "[02:00:00:00:02:00]\nname=Projector\nlink=p2p\nshort-m3=true\n", data);
}

static void start_with_wanted(struct fixture *f, gconstpointer data)
{
	start_with(f, KITCHEN "autoconnect=true\n", data);
}

/* What an earlier daemon knew, and what people say to it. */
static void test_remembered(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) before = NULL, alias = NULL, taken = NULL, after = NULL, forget = NULL, unknown = NULL,
			    wrong = NULL, removed = NULL, empty = NULL, all = NULL;
	g_autofree char *text = NULL, *offered = NULL;

	g_assert_cmpint(CTL(&before, "list"), ==, 0);
	g_assert_cmpstr(listed(before, "remembered", "02:00:00:00:01:00"), ==, "Kitchen");
	g_assert_cmpstr(listed(before, "remembered", "02:00:00:00:02:00"), ==, "Projector");
	text = SAY("list");
	g_assert_nonnull(strstr(text, "02:00:00:00:01:00"));
	g_assert_nonnull(strstr(text, "(LG 55)"));
	g_assert_nonnull(strstr(text, "last cast to on 1970-01-0"));
	offered = SAY("complete", "connect", "");
	g_assert_cmpstr(offered, ==, "Kitchen\t02:00:00:00:01:00\nProjector\t02:00:00:00:02:00\n");

	g_assert_cmpint(CTL(&alias, "alias", "proj", "Office"), ==, 0);
	g_assert_cmpint(CTL(&taken, "alias", "kitchen", "Office"), ==, 1);
	assert_error(taken, "configuration");
	g_assert_cmpint(CTL(&removed, "alias", "--remove", "kitchen"), ==, 0);
	g_assert_cmpint(CTL(&after, "list"), ==, 0);
	g_assert_cmpstr(listed(after, "remembered", "02:00:00:00:01:00"), ==, "LG 55");
	g_assert_cmpstr(listed(after, "remembered", "02:00:00:00:02:00"), ==, "Office");

	g_assert_cmpint(CTL(&forget, "forget", "LG 55"), ==, 0);
	g_assert_cmpint(CTL(&unknown, "forget", "LG 55"), ==, 1);
	assert_error(unknown, "sink-unknown");
	g_assert_cmpint(CTL(&wrong, "forget", "--all", "TV"), ==, 2);
	g_assert_cmpint(CTL(&all, "forget", "--all"), ==, 0);
	g_assert_cmpint(CTL(&empty, "list"), ==, 0);
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object(empty), "remembered")), ==, 0);
}

/* What has an alias is called by it, wherever its cast is. */
static void test_session_alias(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autoptr(JsonNode) ended = NULL, json = NULL, alias = NULL;
	g_autofree char *text = NULL, *offered = NULL;

	g_assert_cmpint(CTL(&alias, "alias", "127.0.0.1", "Kitchen"), ==, 0);
	text = SAY("status");
	g_assert_nonnull(strstr(text, "\n1  Kitchen (127.0.0.1): streaming\n"));
	offered = SAY("complete", "disconnect", "");
	g_assert_cmpstr(offered, ==, "all\tevery session\nKitchen\t1\n");
	g_assert_cmpint(CTL(&json, "disconnect", "kit"), ==, 0);
	ended = wait_session("ended", "gone");
	g_assert_cmpstr(json_object_get_string_member(object(ended), "reason"), ==, "disconnected");
}

static void test_autoconnect(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) on = NULL, list = NULL, off = NULL, after = NULL, unknown = NULL;
	g_autofree char *text = NULL;

	g_assert_cmpint(CTL(&on, "autoconnect", "kitchen", "on"), ==, 0);
	g_assert_cmpint(CTL(&list, "list"), ==, 0);
	g_assert_true(json_object_get_boolean_member(find(list, "remembered", "02:00:00:00:01:00"), "autoconnect"));
	g_assert_false(json_object_get_boolean_member(find(list, "remembered", "02:00:00:00:02:00"), "autoconnect"));
	text = SAY("list");
	g_assert_nonnull(strstr(text, "[autoconnect]"));
	g_assert_cmpint(CTL(&off, "autoconnect", "kitchen", "off"), ==, 0);
	g_assert_cmpint(CTL(&after, "list"), ==, 0);
	g_assert_false(json_object_get_boolean_member(find(after, "remembered", "02:00:00:00:01:00"), "autoconnect"));
	g_assert_cmpint(CTL(&unknown, "autoconnect", "nobody", "on"), ==, 1);
	assert_error(unknown, "sink-unknown");
}

static gboolean has_daemon(GDBusConnection *bus)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
		g_variant_new("(s)", "org.miracast.Miracast1"), G_VARIANT_TYPE("(b)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL,
		NULL);
	gboolean has = FALSE;

	g_variant_get(reply, "(b)", &has);
	return has;
}

/* A daemon that ends when it has nothing to do waits for a display that is wanted; without a radio or a module, too. */
static void test_autoconnect_waits(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	g_autoptr(JsonNode) off = NULL, unlisten = NULL;
	gint64 deadline;

	g_assert_cmpint(CTL(&unlisten, "unlisten", f->address), ==, 0);
	g_usleep(2500 * 1000);
	g_assert_true(has_daemon(bus));
	g_assert_cmpint(CTL(&off, "autoconnect", "kitchen", "off"), ==, 0);
	deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
	while (has_daemon(bus)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_usleep(50 * 1000);
	}
}

/* The daemon's own objects, over the bus. */
static void test_objects(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) objects = g_dbus_connection_call_sync(
		bus, "org.miracast.Miracast1", "/org/miracast/Miracast1", "org.freedesktop.DBus.ObjectManager",
		"GetManagedObjects", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	text = g_variant_print(objects, FALSE);
	g_assert_nonnull(strstr(text, "/org/miracast/Miracast1/Display/1"));
	g_assert_nonnull(strstr(text, "/org/miracast/Miracast1/Display/2"));
	g_assert_nonnull(strstr(text, "'Alias': <'Kitchen'>"));
	g_clear_pointer(&objects, g_variant_unref);
	objects = g_dbus_connection_call_sync(bus, "org.miracast.Miracast1", "/org/miracast/Miracast1/Display/1",
					      "org.miracast.Miracast1.Display", "Connect",
					      g_variant_new_parsed("(@a{sv} {},)"), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
					      NULL, &error);
	/* Nobody has it in sight. */
	g_assert_null(objects);
	g_assert_nonnull(strstr(error->message, "sink_unknown"));
}

/* What is cast to is remembered, is called by its alias, and cannot be forgotten meanwhile. */
static void test_alias_of_session(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autoptr(JsonNode) alias = NULL, list = NULL, busy = NULL, json = NULL, ended = NULL;

	g_assert_cmpint(CTL(&alias, "alias", "127.0.0.1", "Kitchen"), ==, 0);
	g_assert_cmpint(CTL(&list, "list"), ==, 0);
	g_assert_cmpstr(listed(list, "sinks", "127.0.0.1"), ==, "Kitchen");
	g_assert_cmpstr(listed(list, "remembered", "127.0.0.1"), ==, "Kitchen");
	g_assert_cmpint(CTL(&busy, "forget", "Kitchen"), ==, 1);
	assert_error(busy, "sink-busy");
	g_assert_cmpint(CTL(&json, "disconnect", "kitchen"), ==, 0);
	ended = wait_session("ended", "gone");
}

/* One more that calls, from another address. */
static GSocketConnection *dial_from(struct fixture *f, const char *address, const char *line)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(address, 0);
	g_autoptr(GError) error = NULL;
	GSocketConnection *sink;

	g_socket_client_set_local_address(client, local);
	sink = g_socket_client_connect_to_host(client, f->address, 0, NULL, &error);
	g_assert_no_error(error);
	g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL, NULL, "%s\n", line);
	return sink;
}

static void wait_two_sessions(void)
{
	gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
	guint n = 0;

	while (n < 2) {
		g_autoptr(JsonNode) json = NULL;

		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_assert_cmpint(CTL(&json, "status"), ==, 0);
		n = json_array_get_length(json_object_get_array_member(object(json), "sessions"));
	}
}

/* The one that has the alias is meant, and not one that is called so. */
static void test_alias_first(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) one = dial(f, "stream"), two = dial_from(f, "127.0.0.2", "stream");
	g_autoptr(JsonNode) alias = NULL, json = NULL, ended = NULL;

	wait_two_sessions();
	g_assert_cmpint(CTL(&alias, "alias", "127.0.0.2", "127.0.0.1"), ==, 0);
	g_assert_cmpint(CTL(&json, "disconnect", "127.0.0.1"), ==, 0);
	ended = wait_session("ended", "gone");
	g_assert_cmpstr(json_object_get_string_member(
				json_object_get_object_member(object(ended), "sink"), "id"), ==, "127.0.0.2");
}

/* ---- record ------------------------------------------------------------------------ */

/* Names of displays that are not known any more, of people, addresses in each of their forms. */
static const char journal[] =
	"#!/bin/sh\n"
	"case $* in *--unit=miracastd*) cat <<'LOG'\n"
	"[    1.0] miracastd[7]: found Anna's \"TV\" $(x) (02:aa:bb:cc:dd:ee, p2p)\n"
	"[    2.0] miracastd[7]: found Beamer (mice:annas-beamer.local, mice)\n"
	"[    3.0] miracastd[7]: trying once more to form a group with anna's \"tv\" $(x)\n"
	"[    4.0] miracastd[7]: /fi/w1/wpa_supplicant1/Interfaces/1/Peers/02AABBCCDDEE is gone; peer 02-aa-bb-cc-dd-ee\n"
	"[    5.0] miracastd[7]: group DIRECT-xyAnnas on p2p-wlan0-0, 192.0.2.77:7236, [2001:db8::77], fe80::77%%wlan0\n"
	"[    6.0] miracastd[7]: /home/annamaria/x of kitchen at 05:01:05 on 127.0.0.1 and LG 55, model X serial ABC123\n"
	"[    7.0] miracastd[7]: annas-beamer.local; pin=12345670; 6ba7b810-9dad-11d1-80b4-00c04fd430c8\n"
	"[    8.0] miracastd[7]: ran at %s, and ended\n"
	"LOG\n"
	"esac\n";
static const char *const personal[] = {
	"anna", "02:aa:bb", "02aabb", "02-aa", "kitchen", "lg 55", "projector", "02:00:00:00:01:00", "beamer",
	"192.0.2.77", "db8::77", "fe80::77", "xyannas", "abc123", "12345670", "6ba7b810",
};

/* A word and six digits, behind @before; "" if it is not there. */
static char *pseudonym_after(const char *text, const char *before)
{
	const char *at = strstr(text, before);

	at = at ? at + strlen(before) : "";
	return g_strndup(at, strspn(at, G_CSET_a_2_z G_CSET_DIGITS "-"));
}

static JsonNode *read_record(struct fixture *f, char **text)
{
	g_autofree char *path = path_of(f, CTL_RECORD);
	g_autoptr(GError) error = NULL;
	JsonNode *bundle;
	struct stat status;

	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	g_assert_true(g_file_get_contents(path, text, NULL, NULL));
	bundle = json_from_string(*text, &error);
	g_assert_no_error(error);
	note((const char *const[]){ "bundle", NULL }, bundle);
	return bundle;
}

static void test_record(struct fixture *f, gconstpointer data)
{
	g_autofree char *program = path_of(f, CTL_PROGRAM), *file = path_of(f, CTL_RECORD), *text = NULL,
			*folded = NULL, *in_list = NULL, *in_log = NULL, *again = NULL;
	g_autofree char *search = g_strconcat(f->quirks_dir, ":", g_getenv("PATH"), NULL);
	g_autofree char *where = g_strdup_printf("ran at %s,", g_get_host_name());
	g_autofree char *script = g_strdup_printf(journal, g_get_host_name());
	g_autofree char *former = g_strdup(g_getenv("PATH"));
	g_autoptr(JsonNode) json = NULL, bundle = NULL, there = NULL;
	JsonObject *system, *list;

	put_file(f, CTL_PROGRAM, script);
	g_assert_cmpint(chmod(program, 0755), ==, 0);
	g_setenv("PATH", search, TRUE);
	g_assert_cmpint(CTL(&json, "record", "--seconds=0", file), ==, 0);
	g_assert_cmpint(CTL(&there, "record", "--seconds=0", file), ==, 1);
	assert_error(there, "file-not-written");
	g_setenv("PATH", former, TRUE);
	bundle = read_record(f, &text);

	folded = g_utf8_strdown(text, -1);
	for (guint i = 0; i < G_N_ELEMENTS(personal); i++) {
		g_test_message("%s", personal[i]);
		g_assert_null(strstr(folded, personal[i]));
	}
	/* Unless it is called as it came from the distribution. */
	g_assert_true(strstr(text, "ran at host-") || strstr(text, where));

	/* What is one is one still, and what a report is about is there. */
	in_list = pseudonym_after(text, "\"alias\" : \"");
	in_log = pseudonym_after(text, "/x of ");
	g_assert_cmpstr(in_list, ==, in_log);
	g_assert_true(g_str_has_prefix(in_list, "name-"));
	again = pseudonym_after(text, "Peers/");
	g_assert_true(g_str_has_prefix(again, "mac-"));
	g_clear_pointer(&in_log, g_free);
	in_log = pseudonym_after(text, "gone; peer ");
	g_assert_cmpstr(again, ==, in_log);
	g_assert_nonnull(strstr(text, " at 05:01:05 on 127.0.0.1 and "));
	g_assert_nonnull(strstr(text, "model X serial serial-"));
	system = json_object_get_object_member(object(bundle), "system");
	g_assert_cmpstr(json_object_get_string_member(system, "miracastd"), !=, "");
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object(bundle), "log")), ==, 8);
	list = json_object_get_object_member(object(bundle), "list");
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(list, "remembered")), ==, 2);
}

/* A name that comes back with an error of the bus is enough to know what is to be done. */
static void test_hints(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	g_autoptr(GVariant) reply = NULL, value = NULL;
	g_autoptr(GError) error = NULL;
	const char *code, *text;

	reply = g_dbus_connection_call_sync(bus, "org.miracast.Miracast1", "/org/miracast/Miracast1/Manager",
					    "org.freedesktop.DBus.Properties", "Get",
					    g_variant_new("(ss)", "org.miracast.Miracast1.Manager", "Hints"), NULL,
					    G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	g_assert_no_error(error);
	g_variant_get(reply, "(v)", &value);
	g_assert_true(g_variant_lookup(value, "no-free-connector", "(&s&s)", &code, &text));
	g_assert_cmpstr(code, ==, "disconnect-other");
	g_assert_cmpstr(text, !=, "");
	g_assert_true(g_variant_lookup(value, "encoder-missing", "(&s&s)", &code, &text));
	g_assert_cmpstr(code, ==, "install-encoder");
}

void add_display_tests(void)
{
	g_test_add("/ctl/hints", struct fixture, NULL, start_daemon, test_hints, tear_down);
	g_test_add("/ctl/remembered", struct fixture, NULL, start_with_memory, test_remembered, tear_down);
	g_test_add("/ctl/session-alias", struct fixture, NULL, start_daemon, test_session_alias, tear_down);
	g_test_add("/ctl/autoconnect", struct fixture, NULL, start_with_memory, test_autoconnect, tear_down);
	g_test_add("/ctl/autoconnect-waits", struct fixture, "--idle-exit=1", start_with_wanted, test_autoconnect_waits,
		   tear_down);
	g_test_add("/ctl/display-objects", struct fixture, NULL, start_with_memory, test_objects, tear_down);
	g_test_add("/ctl/alias-of-session", struct fixture, NULL, start_daemon, test_alias_of_session, tear_down);
	g_test_add("/ctl/alias-first", struct fixture, NULL, start_daemon, test_alias_first, tear_down);
	g_test_add("/ctl/record", struct fixture, NULL, start_with_memory, test_record, tear_down);
}
