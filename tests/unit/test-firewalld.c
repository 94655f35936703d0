// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * firewalld.h: with a firewalld that is played, and, in network namespaces, beside the rules that protect.
 */
#include <linux/capability.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "firewalld.h"
#include "link-filter.h"
#include "link-net.h"
#include "main-loop.h"
#include "mock-firewalld.h"
#include "p2p-net.h"
#include "test-bus.h"

#define RTSP_PORT 7236
#define SERVICE_PORT 631

/* ---- time ------------------------------------------------------------------------------ */

/* The daemon's is a tenth of what it is elsewhere. */
#define HASTE 10

static gint haste = HASTE;

guint __real_g_timeout_add(guint interval, GSourceFunc function, gpointer data);
guint __wrap_g_timeout_add(guint interval, GSourceFunc function, gpointer data);
void __real_g_dbus_connection_call(GDBusConnection *connection, const gchar *bus_name, const gchar *object_path,
				   const gchar *interface_name, const gchar *method_name, GVariant *parameters,
				   const GVariantType *reply_type, GDBusCallFlags flags, gint timeout_msec,
				   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
void __wrap_g_dbus_connection_call(GDBusConnection *connection, const gchar *bus_name, const gchar *object_path,
				   const gchar *interface_name, const gchar *method_name, GVariant *parameters,
				   const GVariantType *reply_type, GDBusCallFlags flags, gint timeout_msec,
				   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

guint __wrap_g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	/* Those of whole seconds are the program's. */
	return __real_g_timeout_add(interval >= 1000 ? interval / haste : interval, function, data);
}

void __wrap_g_dbus_connection_call(GDBusConnection *connection, const gchar *bus_name, const gchar *object_path,
				   const gchar *interface_name, const gchar *method_name, GVariant *parameters,
				   const GVariantType *reply_type, GDBusCallFlags flags, gint timeout_msec,
				   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
	__real_g_dbus_connection_call(connection, bus_name, object_path, interface_name, method_name, parameters,
				      reply_type, flags, timeout_msec > 0 ? timeout_msec / haste : timeout_msec,
				      cancellable, callback, user_data);
}

/* ---- warnings ------------------------------------------------------------------------- */

static GQueue expected = G_QUEUE_INIT;

/* In this order; any other warning fails the test. */
static void expect_warning(const char *pattern)
{
	g_queue_push_tail(&expected, g_strdup(pattern));
}

static void assert_warned(void)
{
	g_assert_cmpstr(g_queue_peek_head(&expected), ==, NULL);
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer user_data)
{
	const char *message = NULL;
	g_autofree char *pattern = NULL;

	for (gsize i = 0; i < n; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE"))
			message = fields[i].value;
	}
	/* That a link is without rules is a warning in the first test alone. */
	if (!(level & G_LOG_LEVEL_WARNING) || !message || strstr(message, "can reach every service"))
		return g_log_writer_default(level, fields, n, user_data);
	pattern = g_queue_pop_head(&expected);
	if (!pattern || !g_pattern_match_simple(pattern, message))
		g_error("a warning that is not \"%s\": %s", pattern ? pattern : "", message);
	return G_LOG_WRITER_HANDLED;
}

/* ---- fixture ------------------------------------------------------------------------- */

/**
 * struct fixture - of one test
 * @bus: the daemon's
 * @entered, @left: how often that was said; @refused: what was said last
 */
struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *bus;
	mock_firewalld *firewalld;
	char *directory;
	firewalld *fw;
	guint entered, left;
	char *refused;
};

static void start_firewalld(struct fixture *f)
{
	f->firewalld = mock_firewalld_new(test_bus_connect(f->test_bus));
}

static void stop_firewalld(struct fixture *f)
{
	g_clear_pointer(&f->firewalld, mock_firewalld_free);
}

static void set_up_without(struct fixture *f, gconstpointer data)
{
	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->bus = test_bus_connect(f->test_bus);
	f->directory = g_dir_make_tmp("miracast-XXXXXX", NULL);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	set_up_without(f, data);
	start_firewalld(f);
}

static gboolean file_is_there(struct fixture *f)
{
	g_autofree char *path = g_build_filename(f->directory, "firewalld-" LINK_NET_IFNAME, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	assert_warned();
	firewalld_free(f->fw);
	stop_firewalld(f);
	WAIT(!file_is_there(f));
	/* Fails if a file was left in it. */
	g_assert_cmpint(g_rmdir(f->directory), ==, 0);
	g_dbus_connection_close_sync(f->bus, NULL, NULL);
	g_object_unref(f->bus);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
	g_free(f->directory);
	g_free(f->refused);
}

static void on_entered(firewalld *fw, gpointer user_data)
{
	struct fixture *f = user_data;

	f->entered++;
}

static void on_refused(firewalld *fw, const char *text, gpointer user_data)
{
	struct fixture *f = user_data;

	g_free(f->refused);
	f->refused = g_strdup(text);
}

static void on_left(firewalld *fw, gpointer user_data)
{
	struct fixture *f = user_data;

	f->left++;
	g_clear_pointer(&f->fw, firewalld_free);
}

static const struct firewalld_funcs funcs = { .entered = on_entered, .refused = on_refused, .left = on_left };

static void enter_zone(struct fixture *f, gboolean in_zone)
{
	f->fw = firewalld_enter(&(struct firewalld_request){ .bus = f->bus, .ifname = LINK_NET_IFNAME,
							     .runtime_dir = f->directory, .in_zone = in_zone },
				&funcs, f);
	g_assert_cmpuint(f->entered, ==, 0);
}

static void enter(struct fixture *f)
{
	enter_zone(f, FALSE);
	WAIT(f->entered);
}

static void leave(struct fixture *f)
{
	firewalld_leave(f->fw);
	g_assert_cmpuint(f->left, ==, 0);
	WAIT(f->left);
}

static const char *zone(struct fixture *f)
{
	return mock_firewalld_zone(f->firewalld, LINK_NET_IFNAME);
}


/* ---- tests: what firewalld answers --------------------------------------------------- */

static void test_in_and_out(struct fixture *f, gconstpointer data)
{
	enter(f);
	g_assert_cmpstr(zone(f), ==, "trusted");
	g_assert_true(file_is_there(f));
	leave(f);
	g_assert_null(zone(f));
	g_assert_false(file_is_there(f));
	turn(50);
	g_assert_cmpuint(f->entered, ==, 1);
	g_assert_cmpuint(f->left, ==, 1);
	g_assert_cmpuint(f->firewalld->adds, ==, 1);
	g_assert_cmpuint(f->firewalld->removes, ==, 1);
	g_assert_null(f->refused);
}

/* An owner for whom nothing matters any more. */
static void test_freed(struct fixture *f, gconstpointer data)
{
	enter(f);
	g_clear_pointer(&f->fw, firewalld_free);
	WAIT(!file_is_there(f));
	g_assert_null(zone(f));
	g_assert_cmpuint(f->left, ==, 0);
}

/* @data: what it says */
static void test_refused(struct fixture *f, gconstpointer data)
{
	g_autofree char *pattern = g_strdup_printf("firewalld may keep the display out (%s): *7236*", (const char *)data);

	f->firewalld->refuses = data;
	if (g_str_has_prefix(data, "Not Authorized"))
		f->firewalld->refuses_as = "org.fedoraproject.FirewallD1.NotAuthorizedException";
	expect_warning(pattern);
	enter(f);
	assert_warned();
	g_assert_nonnull(f->refused);
	g_assert_true(g_pattern_match_simple(pattern, f->refused));
	g_assert_false(file_is_there(f));
	leave(f);
	g_assert_cmpuint(f->firewalld->removes, ==, 0);
}

/* Where somebody has put it. */
static void test_conflict(struct fixture *f, gconstpointer data)
{
	mock_firewalld_put(f->firewalld, LINK_NET_IFNAME, "work");
	expect_warning("*already bound to 'work'*");
	enter(f);
	assert_warned();
	g_assert_nonnull(f->refused);
	leave(f);
	g_assert_cmpstr(zone(f), ==, "work");
}

static void test_already(struct fixture *f, gconstpointer data)
{
	mock_firewalld_put(f->firewalld, LINK_NET_IFNAME, "trusted");
	enter(f);
	g_assert_null(f->refused);
	g_assert_false(file_is_there(f));
	leave(f);
	g_assert_cmpstr(zone(f), ==, "trusted");
	g_assert_cmpuint(f->firewalld->removes, ==, 0);
}

/* By NetworkManager, for us: what protects goes before its connection does. */
static void test_in_zone(struct fixture *f, gconstpointer data)
{
	mock_firewalld_put(f->firewalld, LINK_NET_IFNAME, "trusted");
	enter_zone(f, TRUE);
	WAIT(f->entered);
	g_assert_null(f->refused);
	leave(f);
	g_assert_null(zone(f));
}

/* Our rules do not stand: it must not stay where NetworkManager has put it. */
static void test_in_zone_without_rules(struct fixture *f, gconstpointer data)
{
	mock_firewalld_put(f->firewalld, LINK_NET_IFNAME, "trusted");
	enter_zone(f, TRUE);
	leave(f);
	g_assert_null(zone(f));
	g_assert_cmpuint(f->firewalld->adds, ==, 0);
	g_assert_cmpuint(f->entered, ==, 0);
}

/* @data: what it answers where it is no longer as we have left it */
static void test_moved(struct fixture *f, gconstpointer data)
{
	enter(f);
	g_hash_table_remove_all(f->firewalld->zones);
	if (data)
		mock_firewalld_put(f->firewalld, LINK_NET_IFNAME, data);
	leave(f);
	g_assert_cmpstr(zone(f), ==, data);
	g_assert_false(file_is_there(f));
}

/* It cannot be taken out: the file stays for the next daemon. */
static void test_kept(struct fixture *f, gconstpointer data)
{
	enter(f);
	f->firewalld->keeps = "PANIC_MODE";
	expect_warning("*--remove-interface=" LINK_NET_IFNAME "*");
	leave(f);
	assert_warned();
	g_assert_true(file_is_there(f));
	f->firewalld->keeps = NULL;
	firewalld_clean_up(f->bus, f->directory);
	WAIT(!file_is_there(f));
	g_assert_null(zone(f));
}

/* ---- tests: firewalld comes and goes --------------------------------------------------- */

static void test_absent(struct fixture *f, gconstpointer data)
{
	enter(f);
	g_assert_null(f->refused);
	g_assert_false(file_is_there(f));
	leave(f);
}

static void test_comes(struct fixture *f, gconstpointer data)
{
	enter(f);
	start_firewalld(f);
	WAIT(zone(f));
	leave(f);
	g_assert_null(zone(f));
	g_assert_cmpuint(f->entered, ==, 1);
}

static void test_goes(struct fixture *f, gconstpointer data)
{
	enter(f);
	stop_firewalld(f);
	WAIT(!file_is_there(f));
	leave(f);
}

static void test_restarts(struct fixture *f, gconstpointer data)
{
	enter(f);
	for (guint i = 0; i < 2; i++) {
		stop_firewalld(f);
		start_firewalld(f);
		WAIT(zone(f));
	}
	g_assert_true(file_is_there(f));
	leave(f);
	g_assert_null(zone(f));
	g_assert_cmpuint(f->entered, ==, 1);
}

/* @data: whether it forgets what it has been told */
static void test_reloads(struct fixture *f, gconstpointer data)
{
	enter(f);
	mock_firewalld_reload(f->firewalld, GPOINTER_TO_INT(data));
	WAIT(f->firewalld->adds == 2);
	turn(50);
	g_assert_cmpstr(zone(f), ==, "trusted");
	leave(f);
	g_assert_null(zone(f));
	g_assert_null(f->refused);
}

/* It is asked once more when that may help. */
static void test_relents(struct fixture *f, gconstpointer data)
{
	f->firewalld->refuses = "INVALID_ZONE: trusted";
	expect_warning("*INVALID_ZONE*");
	enter(f);
	f->firewalld->refuses = NULL;
	mock_firewalld_reload(f->firewalld, TRUE);
	WAIT(zone(f));
	leave(f);
	g_assert_null(zone(f));
}

/* ---- tests: time -------------------------------------------------------------------------- */

static gint64 milliseconds_since(gint64 start)
{
	return (g_get_monotonic_time() - start) / 1000;
}

/* Nobody waits longer than he has to; what it answers late counts. */
static void test_late(struct fixture *f, gconstpointer data)
{
	gint64 start = g_get_monotonic_time();

	f->firewalld->silent = TRUE;
	expect_warning("*does not answer*");
	enter(f);
	assert_warned();
	g_assert_cmpint(milliseconds_since(start), >=, FIREWALLD_ENTER_SECONDS * 1000 / HASTE - 50);
	WAIT(f->refused);
	g_assert_true(file_is_there(f));
	mock_firewalld_answer(f->firewalld);
	WAIT(zone(f));
	turn(50);
	g_assert_cmpuint(f->entered, ==, 1);
	leave(f);
	g_assert_null(zone(f));
}

static void test_hangs(struct fixture *f, gconstpointer data)
{
	f->firewalld->silent = TRUE;
	expect_warning("*does not answer*");
	enter(f);
	assert_warned();
	/* The owner's patience, and then the call's. */
	expect_warning("*imeout*");
	WAIT(g_queue_is_empty(&expected));
	/* It may have been done: it is undone. */
	leave(f);
	g_assert_cmpuint(f->firewalld->removes, ==, 1);
	g_assert_true(file_is_there(f));
	expect_warning("*--remove-interface=*");
	WAIT(g_queue_is_empty(&expected));
	g_assert_true(file_is_there(f));
	/* The next daemon: firewalld has been started anew. */
	stop_firewalld(f);
	firewalld_clean_up(f->bus, f->directory);
	WAIT(!file_is_there(f));
}

static void test_left_late(struct fixture *f, gconstpointer data)
{
	gint64 start;

	enter(f);
	f->firewalld->silent = TRUE;
	start = g_get_monotonic_time();
	leave(f);
	g_assert_cmpint(milliseconds_since(start), >=, FIREWALLD_LEAVE_SECONDS * 1000 / HASTE - 50);
	g_assert_true(file_is_there(f));
	mock_firewalld_answer(f->firewalld);
	WAIT(!file_is_there(f));
	g_assert_null(zone(f));
}

/* The end of a link that firewalld has not answered for yet: what it does then is undone. */
static void test_left_before(struct fixture *f, gconstpointer data)
{
	f->firewalld->silent = TRUE;
	enter_zone(f, FALSE);
	WAIT(f->firewalld->adds);
	leave(f);
	g_assert_cmpuint(f->entered, ==, 0);
	mock_firewalld_answer(f->firewalld);
	WAIT(f->firewalld->removes && !file_is_there(f));
	g_assert_null(zone(f));
}

/* @data: whether it is already asked to take it out. The next link of that name begins meanwhile. */
static void test_taken_over(struct fixture *f, gconstpointer data)
{
	if (data) {
		enter(f);
		f->firewalld->silent = TRUE;
		leave(f);
	} else {
		f->firewalld->silent = TRUE;
		enter_zone(f, FALSE);
		WAIT(f->firewalld->adds);
		leave(f);
	}
	f->entered = f->left = 0;
	enter_zone(f, FALSE);
	turn(50);
	mock_firewalld_answer(f->firewalld);
	WAIT(f->entered);
	WAIT(zone(f));
	turn(50);
	g_assert_cmpstr(zone(f), ==, "trusted");
	g_assert_true(file_is_there(f));
	leave(f);
	g_assert_null(zone(f));
	g_assert_false(file_is_there(f));
}

/* ---- tests: the next daemon -------------------------------------------------------------- */

static void be_killed(struct fixture *f)
{
	g_autofree char *path = g_build_filename(f->directory, "firewalld-" LINK_NET_IFNAME, NULL);

	g_assert_true(g_file_set_contents(path, "", 0, NULL));
	if (f->firewalld)
		mock_firewalld_put(f->firewalld, LINK_NET_IFNAME, "trusted");
}

static void test_killed(struct fixture *f, gconstpointer data)
{
	be_killed(f);
	mock_firewalld_put(f->firewalld, "theirs", "trusted");
	p2p_net_clean_up(f->bus, f->directory);
	WAIT(!file_is_there(f));
	g_assert_null(zone(f));
	g_assert_cmpstr(mock_firewalld_zone(f->firewalld, "theirs"), ==, "trusted");
}

static void test_killed_without(struct fixture *f, gconstpointer data)
{
	be_killed(f);
	p2p_net_clean_up(f->bus, f->directory);
	WAIT(!file_is_there(f));
}

/* The next daemon has a link of that name at once. */
static void test_killed_and_again(struct fixture *f, gconstpointer data)
{
	be_killed(f);
	p2p_net_clean_up(f->bus, f->directory);
	enter(f);
	g_assert_cmpstr(zone(f), ==, "trusted");
	g_assert_true(file_is_there(f));
	leave(f);
	g_assert_null(zone(f));
	g_assert_false(file_is_there(f));
}

/* ---- tests: where it is used ------------------------------------------------------------- */

/**
 * struct net_heard - of a link
 * @f: its firewalld
 * @let_in: the display was, while firewalld was being asked
 */
struct net_heard {
	struct fixture *f;
	gboolean up;
	guint closed;
	char *progress;
	gboolean let_in;
};

static void net_progress(p2p_net *net, const char *phase, const char *text, gpointer user_data)
{
	struct net_heard *heard = user_data;

	g_free(heard->progress);
	heard->progress = g_strdup(phase);
}

static void net_up(p2p_net *net, GInetAddress *local, GInetAddressMask *peers, gpointer user_data)
{
	struct net_heard *heard = user_data;

	heard->up = TRUE;
}

static void net_failed(p2p_net *net, const GError *error, gpointer user_data)
{
	g_error("%s", error->message);
}

static void net_closed(p2p_net *net, gpointer user_data)
{
	struct net_heard *heard = user_data;

	heard->closed++;
}

static const struct p2p_net_funcs net_funcs = {
	.progress = net_progress, .up = net_up, .failed = net_failed, .closed = net_closed,
};

static p2p_net *open_net(struct fixture *f, struct net_heard *heard, const char *ifname, gboolean in_zone)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(LINK_NET_HERE);

	heard->f = f;
	return p2p_net_system.open(&(struct p2p_net_request){ .ifname = ifname, .ip = address, .prefix = 24,
							      .runtime_dir = f->directory, .bus = f->bus,
							      .in_zone = in_zone }, &net_funcs, heard);
}

static void close_net(p2p_net *net, struct net_heard *heard)
{
	p2p_net_system.close(net);
	WAIT(heard->closed);
	p2p_net_system.free(net);
	g_clear_pointer(&heard->progress, g_free);
}

/* Our rules are there before it is in, and until it is out. */
static void try_to_call(const char *method, gpointer user_data)
{
	struct net_heard *heard = user_data;

	heard->let_in = heard->let_in || link_net_calls(TV, LINK_NET_HERE, SERVICE_PORT);
}

static void test_net(struct fixture *f, gconstpointer data)
{
	struct net_heard heard = { 0 };
	p2p_net *net;
	int service;

	if (!link_net_has_rules())
		return;
	set_up(f, data);
	service = link_net_serve(HERE, SOCK_STREAM, SERVICE_PORT);
	/* What is tried in vain takes its time. */
	haste = 1;
	f->firewalld->asked = try_to_call;
	f->firewalld->user_data = &heard;
	f->firewalld->silent = TRUE;
	net = open_net(f, &heard, LINK_NET_IFNAME, FALSE);
	WAIT(f->firewalld->adds);
	turn(50);
	/* Not before it lets the display in. */
	g_assert_false(heard.up);
	mock_firewalld_answer(f->firewalld);
	WAIT(heard.up);
	g_assert_cmpstr(zone(f), ==, "trusted");
	f->firewalld->silent = TRUE;
	p2p_net_system.close(net);
	WAIT(f->firewalld->removes);
	g_assert_false(heard.closed);
	mock_firewalld_answer(f->firewalld);
	WAIT(heard.closed);
	g_assert_null(zone(f));
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, SERVICE_PORT));
	p2p_net_system.free(net);
	g_assert_false(heard.let_in);
	close(service);
	haste = HASTE;
	tear_down(f, data);
}

static void test_net_refused(struct fixture *f, gconstpointer data)
{
	struct net_heard heard = { 0 };
	p2p_net *net;

	if (!link_net_has_rules())
		return;
	set_up(f, data);
	f->firewalld->refuses = "PANIC_MODE";
	expect_warning("*PANIC_MODE*");
	net = open_net(f, &heard, LINK_NET_IFNAME, FALSE);
	WAIT(heard.up);
	g_assert_cmpstr(heard.progress, ==, "firewalld-refused");
	close_net(net, &heard);
	tear_down(f, data);
}

/* Closed before firewalld has answered, and freed without having been closed. */
static void test_net_ends_early(struct fixture *f, gconstpointer data)
{
	struct net_heard heard = { 0 };
	p2p_net *net;

	if (!link_net_has_rules())
		return;
	set_up(f, data);
	f->firewalld->silent = TRUE;
	net = open_net(f, &heard, LINK_NET_IFNAME, FALSE);
	WAIT(f->firewalld->adds);
	close_net(net, &heard);
	net = open_net(f, &heard, LINK_NET_IFNAME, FALSE);
	turn(50);
	p2p_net_system.free(net);
	g_assert_false(heard.up);
	mock_firewalld_answer(f->firewalld);
	WAIT(!file_is_there(f));
	g_assert_null(zone(f));
	tear_down(f, data);
}

/* With a server of addresses, which ends sooner than firewalld answers. */
static void test_net_owner(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = g_strdup(g_getenv("PATH"));
	g_autofree char *programs = NULL, *server = NULL, *with_server = NULL;
	struct net_heard heard = { .f = f };
	p2p_net *net;

	if (!link_net_has_rules())
		return;
	set_up(f, data);
	programs = g_dir_make_tmp("miracast-XXXXXX", NULL);
	server = g_build_filename(programs, "dnsmasq", NULL);
	with_server = g_strconcat(programs, ":", path, NULL);
	g_assert_true(g_file_set_contents_full(server, "#!/bin/sh\nexec sleep 60\n", -1, G_FILE_SET_CONTENTS_NONE, 0755,
					       NULL));
	g_setenv("PATH", with_server, TRUE);
	net = p2p_net_system.open(&(struct p2p_net_request){ .ifname = LINK_NET_IFNAME, .owner = TRUE, .bus = f->bus,
							     .runtime_dir = f->directory }, &net_funcs, &heard);
	WAIT(heard.up);
	g_setenv("PATH", path, TRUE);
	f->firewalld->silent = TRUE;
	haste = 1;
	p2p_net_system.close(net);
	turn(500);
	g_assert_cmpuint(heard.closed, ==, 0);
	mock_firewalld_answer(f->firewalld);
	WAIT(heard.closed);
	turn(50);
	g_assert_cmpuint(heard.closed, ==, 1);
	p2p_net_system.free(net);
	haste = HASTE;
	g_unlink(server);
	g_rmdir(programs);
	tear_down(f, data);
}

/* Of the process; for the lack of it the rules are taken away. */
static void set_right(gboolean has)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	g_assert_no_errno(syscall(SYS_capget, &header, sets));
	if (has)
		sets[0].effective |= 1u << CAP_NET_ADMIN;
	else
		sets[0].effective &= ~(1u << CAP_NET_ADMIN);
	g_assert_no_errno(syscall(SYS_capset, &header, sets));
}

static void test_rules_lost(struct fixture *f, gconstpointer data)
{
	struct net_heard heard = { 0 };
	p2p_net *net;

	if (!link_net_has_rules())
		return;
	set_up(f, data);
	net = open_net(f, &heard, LINK_NET_IFNAME, FALSE);
	WAIT(heard.up);
	g_assert_cmpstr(zone(f), ==, "trusted");
	set_right(FALSE);
	link_filter_open_door(LINK_NET_IFNAME, LINK_FILTER_RTSP, RTSP_PORT);
	set_right(TRUE);
	WAIT(!zone(f));
	close_net(net, &heard);
	g_assert_cmpuint(f->firewalld->adds, ==, 1);
	tear_down(f, data);
}

/* @data: whether NetworkManager has put it there, for rules that cannot be now */
static void test_no_rules(struct fixture *f, gconstpointer data)
{
	struct net_heard heard = { 0 };
	link_filter *other;
	p2p_net *net;

	if (!link_net_has_rules())
		return;
	set_up(f, data);
	if (data)
		mock_firewalld_put(f->firewalld, LINK_NET_IFNAME, "trusted");
	/* Another socket has the table, and so the net cannot. */
	other = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);
	g_assert_nonnull(other);
	net = open_net(f, &heard, LINK_NET_IFNAME, data != NULL);
	WAIT(heard.up);
	link_filter_free(other);
	g_assert_null(zone(f));
	g_assert_cmpuint(f->firewalld->adds, ==, 0);
	g_assert_cmpuint(f->firewalld->removes, ==, data ? 1 : 0);
	close_net(net, &heard);
	tear_down(f, data);
}

static void dont(struct fixture *f, gconstpointer data)
{
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*set_up)(struct fixture *f, gconstpointer data);
		void (*test)(struct fixture *f, gconstpointer data);
		gconstpointer data;
	} tests[] = {
		{ "/firewalld/in-and-out", set_up, test_in_and_out, NULL },
		{ "/firewalld/freed", set_up, test_freed, NULL },
		{ "/firewalld/refused/panic", set_up, test_refused, "PANIC_MODE" },
		{ "/firewalld/refused/no-right", set_up, test_refused,
		  "Not Authorized(polkit): org.fedoraproject.FirewallD1.config" },
		{ "/firewalld/conflict", set_up, test_conflict, NULL },
		{ "/firewalld/already", set_up, test_already, NULL },
		{ "/firewalld/in-zone/with-rules", set_up, test_in_zone, NULL },
		{ "/firewalld/in-zone/without-rules", set_up, test_in_zone_without_rules, NULL },
		{ "/firewalld/moved/out", set_up, test_moved, NULL },
		{ "/firewalld/moved/elsewhere", set_up, test_moved, "work" },
		{ "/firewalld/kept", set_up, test_kept, NULL },
		{ "/firewalld/absent", set_up_without, test_absent, NULL },
		{ "/firewalld/comes", set_up_without, test_comes, NULL },
		{ "/firewalld/goes", set_up, test_goes, NULL },
		{ "/firewalld/restarts", set_up, test_restarts, NULL },
		{ "/firewalld/reloads/forgets", set_up, test_reloads, GINT_TO_POINTER(TRUE) },
		{ "/firewalld/reloads/knows", set_up, test_reloads, GINT_TO_POINTER(FALSE) },
		{ "/firewalld/relents", set_up, test_relents, NULL },
		{ "/firewalld/late", set_up, test_late, NULL },
		{ "/firewalld/hangs", set_up, test_hangs, NULL },
		{ "/firewalld/left-late", set_up, test_left_late, NULL },
		{ "/firewalld/left-before", set_up, test_left_before, NULL },
		{ "/firewalld/taken-over/adding", set_up, test_taken_over, NULL },
		{ "/firewalld/taken-over/removing", set_up, test_taken_over, GINT_TO_POINTER(TRUE) },
		{ "/firewalld/killed/there", set_up, test_killed, NULL },
		{ "/firewalld/killed/absent", set_up_without, test_killed_without, NULL },
		{ "/firewalld/killed/again", set_up, test_killed_and_again, NULL },
	}, in_network[] = {
		/* A bus is of the network in which it was started. */
		{ "/firewalld/link/in-and-out", dont, test_net, NULL },
		{ "/firewalld/link/refused", dont, test_net_refused, NULL },
		{ "/firewalld/link/ends-early", dont, test_net_ends_early, NULL },
		{ "/firewalld/link/owner", dont, test_net_owner, NULL },
		{ "/firewalld/link/rules-lost", dont, test_rules_lost, NULL },
		{ "/firewalld/link/no-rules", dont, test_no_rules, NULL },
		{ "/firewalld/link/no-rules-in-zone", dont, test_no_rules, GINT_TO_POINTER(TRUE) },
	};

	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(write_log, NULL, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, tests[i].data, tests[i].set_up, tests[i].test, tear_down);
	for (guint i = 0; i < G_N_ELEMENTS(in_network); i++)
		g_test_add(in_network[i].path, struct fixture, in_network[i].data, in_network[i].set_up,
			   in_network[i].test, dont);
	return g_test_run();
}
