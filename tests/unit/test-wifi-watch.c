// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a link is asked for, of a kernel that the test plays in the same main loop: a question
 * that waited for its answer would wait for ever.
 */
#include "wifi-watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>
#include <string.h>

#include <glib-unix.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#define FAMILY 33
#define IFINDEX 7
#define ROUND_MS 50
#define PATIENCE_US (30 * G_USEC_PER_SEC)

/**
 * struct fixture - the kernel, and who asks it
 * @silent, @refuses: what is not answered, or with an error: NL80211_CMD_*, 0: nothing
 * @late: what is answered with the number of the question before
 * @families, @interfaces, @stations: how often each was asked
 * @rounds: what was heard, and the last of it
 */
struct fixture {
	struct nl_sock *kernel;
	guint port; /* of who asks */
	guint readable;
	wifi_watch *watch;
	guint8 silent, refuses, late;
	guint families, interfaces, stations;
	guint rounds;
	struct wifi_link link;
	gboolean frees;
	gboolean stale;
};

/* ---- the kernel ------------------------------------------------------------------- */

static struct nl_msg *answer_new(struct fixture *f, guint32 sequence, int type, guint8 command, int flags)
{
	struct nl_msg *message = nlmsg_alloc();

	if (type < NLMSG_MIN_TYPE)
		nlmsg_put(message, f->port, sequence, type, 0, flags);
	else
		genlmsg_put(message, f->port, sequence, type, 0, flags, command, 1);
	return message;
}

static void say(struct fixture *f, struct nl_msg *message)
{
	g_assert_cmpint(nl_send(f->kernel, message), >, 0);
	nlmsg_free(message);
}

static void say_end(struct fixture *f, const struct nlmsghdr *question, guint32 sequence, int error)
{
	struct nl_msg *message = answer_new(f, sequence, NLMSG_ERROR, 0, 0);
	struct nlmsgerr end = { .error = error, .msg = *question };

	nlmsg_append(message, &end, sizeof(end), NLMSG_ALIGNTO);
	say(f, message);
}

static void say_interface(struct fixture *f, guint32 sequence)
{
	struct nl_msg *message = answer_new(f, sequence, FAMILY, NL80211_CMD_NEW_INTERFACE, 0);

	nla_put_u32(message, NL80211_ATTR_WIPHY_FREQ, 5180);
	nla_put_u32(message, NL80211_ATTR_CHANNEL_WIDTH, NL80211_CHAN_WIDTH_80);
	say(f, message);
}

static void say_station(struct fixture *f, guint32 sequence, gint8 signal)
{
	struct nl_msg *message = answer_new(f, sequence, FAMILY, NL80211_CMD_NEW_STATION, NLM_F_MULTI);
	struct nlattr *info = nla_nest_start(message, NL80211_ATTR_STA_INFO);

	nla_put_u8(message, NL80211_STA_INFO_SIGNAL, (guint8)signal);
	nla_nest_end(message, info);
	say(f, message);
}

static void say_done(struct fixture *f, guint32 sequence)
{
	struct nl_msg *message = answer_new(f, sequence, NLMSG_DONE, 0, NLM_F_MULTI);
	int status = 0;

	nlmsg_append(message, &status, sizeof(status), NLMSG_ALIGNTO);
	say(f, message);
}

static void answer_family(struct fixture *f, const struct nlmsghdr *question)
{
	struct nl_msg *message = answer_new(f, question->nlmsg_seq, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, 0);

	f->families++;
	nla_put_u16(message, CTRL_ATTR_FAMILY_ID, FAMILY);
	say(f, message);
	say_end(f, question, question->nlmsg_seq, 0);
}

static void answer(struct fixture *f, struct nlmsghdr *question)
{
	struct genlmsghdr *generic = genlmsg_hdr(question);
	guint32 sequence = question->nlmsg_seq - (f->late && generic->cmd == f->late);

	if (question->nlmsg_type == GENL_ID_CTRL) {
		answer_family(f, question);
		return;
	}
	g_assert_cmpint(question->nlmsg_type, ==, FAMILY);
	f->interfaces += generic->cmd == NL80211_CMD_GET_INTERFACE;
	f->stations += generic->cmd == NL80211_CMD_GET_STATION;
	if (generic->cmd == f->silent)
		return;
	if (generic->cmd == f->refuses) {
		say_end(f, question, sequence, -ENODEV);
	} else if (generic->cmd == NL80211_CMD_GET_INTERFACE) {
		g_assert_cmpuint(nla_get_u32(genlmsg_attrdata(generic, 0)), ==, IFINDEX);
		say_interface(f, sequence);
		say_end(f, question, sequence, 0);
	} else {
		g_assert_true(question->nlmsg_flags & NLM_F_DUMP);
		/* What is left of the round before. */
		if (f->stale)
			say_station(f, sequence - 1, -99);
		say_station(f, sequence, -50);
		say_station(f, sequence, -80);
		say_done(f, sequence);
	}
}

static gboolean asked(int fd, GIOCondition condition, gpointer user_data)
{
	struct sockaddr_nl from = { 0 };
	g_autofree guint8 *data = NULL;
	int length = nl_recv(((struct fixture *)user_data)->kernel, &from, &data, NULL);
	struct nlmsghdr *question = (struct nlmsghdr *)data;

	g_assert_cmpint(length, >, 0);
	answer(user_data, question);
	return G_SOURCE_CONTINUE;
}

/* ---- who asks --------------------------------------------------------------------- */

static void heard(const struct wifi_link *link, gpointer user_data)
{
	struct fixture *f = user_data;

	f->link = *link;
	f->rounds++;
	if (f->frees)
		g_clear_pointer(&f->watch, wifi_watch_free);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	struct nl_sock *sock = nl_socket_alloc();

	f->kernel = nl_socket_alloc();
	g_assert_cmpint(nl_connect(f->kernel, NETLINK_USERSOCK), ==, 0);
	g_assert_cmpint(nl_connect(sock, NETLINK_USERSOCK), ==, 0);
	f->port = nl_socket_get_local_port(sock);
	nl_socket_set_peer_port(sock, nl_socket_get_local_port(f->kernel));
	nl_socket_set_peer_port(f->kernel, f->port);
	f->readable = g_unix_fd_add(nl_socket_get_fd(f->kernel), G_IO_IN, asked, f);
	f->watch = wifi_watch_new(sock, IFINDEX, ROUND_MS, heard, f);
	g_assert_cmpuint(f->rounds, ==, 0);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	wifi_watch_free(f->watch);
	g_source_remove(f->readable);
	nl_socket_free(f->kernel);
}

static void wait_for(const guint *count, guint n)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (*count < n) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_main_context_iteration(NULL, TRUE);
	}
}

static void test_rounds(struct fixture *f, gconstpointer data)
{
	gint64 begin = g_get_monotonic_time();

	wait_for(&f->rounds, 3);
	g_assert_cmpint(g_get_monotonic_time() - begin, >=, 2 * (ROUND_MS - 1) * 1000);
	g_assert_cmpuint(f->families, ==, 1);
	g_assert_cmpuint(f->link.frequency, ==, 5180);
	g_assert_cmpuint(f->link.width, ==, 80);
	/* Of the first one. */
	g_assert_cmpint(f->link.signal, ==, -50);
	g_assert_cmpuint(f->link.rate, ==, 0);
}

/* @data: the question that is not answered to its end, and what is made of it: then it is */
static void test_unanswered(struct fixture *f, gsize field, guint8 command)
{
	guint8 *trouble = (guint8 *)f + field;
	const guint *count = command == NL80211_CMD_GET_STATION ? &f->stations : &f->interfaces;

	*trouble = command;
	wait_for(count, *count + 3);
	g_assert_cmpuint(f->rounds, ==, 0);
	*trouble = 0;
	wait_for(&f->rounds, 1);
	g_assert_cmpuint(f->link.frequency, ==, 5180);
	g_assert_cmpint(f->link.signal, ==, -50);
}

static void test_silent(struct fixture *f, gconstpointer data)
{
	test_unanswered(f, offsetof(struct fixture, silent), GPOINTER_TO_UINT(data));
	g_assert_cmpuint(f->families, ==, 1);
}

static void test_refused(struct fixture *f, gconstpointer data)
{
	test_unanswered(f, offsetof(struct fixture, refuses), GPOINTER_TO_UINT(data));
	/* It may have another number now. */
	g_assert_cmpuint(f->families, >, 1);
}

/* Of the round before: that one is over. */
static void test_late(struct fixture *f, gconstpointer data)
{
	test_unanswered(f, offsetof(struct fixture, late), GPOINTER_TO_UINT(data));
}

/* Behind which comes what was asked for. */
static void test_stale(struct fixture *f, gconstpointer data)
{
	f->stale = TRUE;
	wait_for(&f->rounds, 2);
	g_assert_cmpint(f->link.signal, ==, -50);
}

static void test_freed(struct fixture *f, gconstpointer data)
{
	f->frees = TRUE;
	wait_for(&f->rounds, 1);
	g_assert_null(f->watch);
}

/* With the real kernel, of an interface that is no radio. */
static void test_no_radio(void)
{
	struct fixture f = { 0 };

	f.watch = wifi_watch_system.open("lo", heard, &f);
	for (gint64 end = g_get_monotonic_time() + 200000; g_get_monotonic_time() < end;)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpuint(f.rounds, ==, 0);
	wifi_watch_system.free(f.watch);
	wifi_watch_system.free(NULL);
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		guint8 command;
	} questions[] = {
		{ "interface", NL80211_CMD_GET_INTERFACE },
		{ "stations", NL80211_CMD_GET_STATION },
	};

	g_test_init(&argc, &argv, NULL);
	g_test_add("/wifi-watch/rounds", struct fixture, NULL, set_up, test_rounds, tear_down);
	for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
		gconstpointer command = GUINT_TO_POINTER(questions[i].command);
		g_autofree char *silent = g_strconcat("/wifi-watch/silent/", questions[i].name, NULL);
		g_autofree char *refused = g_strconcat("/wifi-watch/refused/", questions[i].name, NULL);
		g_autofree char *late = g_strconcat("/wifi-watch/late/", questions[i].name, NULL);

		g_test_add(silent, struct fixture, command, set_up, test_silent, tear_down);
		g_test_add(refused, struct fixture, command, set_up, test_refused, tear_down);
		g_test_add(late, struct fixture, command, set_up, test_late, tear_down);
	}
	g_test_add("/wifi-watch/stale", struct fixture, NULL, set_up, test_stale, tear_down);
	g_test_add("/wifi-watch/freed", struct fixture, NULL, set_up, test_freed, tear_down);
	g_test_add_func("/wifi-watch/no-radio", test_no_radio);
	return g_test_run();
}
