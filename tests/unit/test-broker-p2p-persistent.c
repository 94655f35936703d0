// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A display that keeps the key to a persistent group is cast to without a question to anybody, and asked as any other
 * when it does not: see wpa-persistent.h and p2p-connection.h. The wpa_supplicant and the radio are played.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "p2p-fixture.h"

/* config_methods of a display that shows a PIN, and takes no push button */
#define SHOWS 0x0008

static const struct p2p_key *key_of_tv(struct fixture *f)
{
	return remembered_key(broker_remembered(f->broker), MOCK_PEER_ID);
}

static void cast_with(struct fixture *f, const char *options)
{
	f->wpas->connects = 0;
	f->wpas->invites = 0;
	begin_options(f, options);
	stream_and_end(f);
}

static void cast(struct fixture *f)
{
	cast_with(f, "@a{sv} {}");
}

/* It comes by the key: nobody is asked. */
static void assert_invited(struct fixture *f)
{
	cast(f);
	g_assert_cmpuint(f->wpas->invites, ==, 1);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	g_assert_true(has_phase(f, "inviting"));
	g_assert_false(has_phase(f, "waiting-for-acceptance"));
}

/* As any other display. */
static void assert_asked(struct fixture *f)
{
	cast(f);
	g_assert_cmpuint(f->wpas->invites, ==, 0);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
}

/* @data: enum mock_answer, that is, in which role: with the passphrase, or with the key that a client is told */
static void test_known(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = GPOINTER_TO_INT(data);
	scan(f);
	assert_asked(f);
	g_assert_nonnull(key_of_tv(f));
	/* The display was told to keep it; wpa_supplicant was not left with it. */
	g_assert_nonnull(f->wpas->tv_knows);
	g_assert_cmpuint(f->wpas->keeps, ==, 1);
	g_assert_cmpuint(g_hash_table_size(f->wpas->kept), ==, 0);
	assert_invited(f);
	g_assert_cmpstr(net_opened, ==, f->wpas->answer == MOCK_ACCEPT ? "owner" : "client -/0 of -");
	g_assert_cmpuint(g_hash_table_size(f->wpas->kept), ==, 0);
	assert_invited(f);
}

/* Also of a daemon that is started anew, and of one that is not told what others keep. */
static void test_restart(struct fixture *f, gconstpointer data)
{
	g_autofree char *directory = g_dir_make_tmp("miracast-state-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(directory, "displays", NULL);
	GStatBuf status;

	stop_broker(f);
	f->config.state_dir = directory;
	start_broker(f);
	f->wpas->other_keeps = TRUE;
	scan(f);
	assert_asked(f);
	stop_broker(f);
	g_assert_cmpint(g_stat(file, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	start_broker(f);
	f->wpas->other_keeps = FALSE;
	scan(f);
	assert_invited(f);
	/* What another program has made is its own. */
	g_assert_cmpuint(g_hash_table_size(f->wpas->kept), ==, 1);
	f->wpas->other_keeps = TRUE;
	stop_broker(f);
	g_assert_cmpint(g_unlink(file), ==, 0);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
	f->config.state_dir = NULL;
	start_broker(f);
}

/* As all that is remembered of a display. */
static void test_forget(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f);
	g_assert_true(broker_forget(f->broker, MOCK_PEER_ID, OWNER_ALL, NULL));
	g_assert_null(key_of_tv(f));
	scan(f);
	assert_asked(f);
}

/* @data: what the display does; that is, in one attempt, the end of the key, and a question as to any other */
static const struct refusal {
	const char *name;
	enum mock_invitation invitation;
	int status;
	gboolean kept;
} refusals[] = {
	{ "unknown-group", MOCK_INVITATION_STATUS, 8, FALSE },
	{ "rejected", MOCK_INVITATION_STATUS, 11, FALSE },
	{ "no-answer", MOCK_INVITATION_STATUS, -1, FALSE },
	/* It wants to ask its user first, but knows the group. */
	{ "not-now", MOCK_INVITATION_STATUS, 1, TRUE },
	{ "fails", MOCK_INVITATION_FAILS, 0, FALSE },
	/* That is not the display's fault. */
	{ "refused-here", MOCK_INVITATION_REFUSED, 0, TRUE },
	{ "silent", MOCK_INVITATION_IGNORED, 0, FALSE },
};

static void test_refusal(struct fixture *f, gconstpointer data)
{
	const struct refusal *refusal = data;

	scan(f);
	cast(f);
	f->wpas->invitation = refusal->invitation;
	f->wpas->invitation_status = refusal->status;
	f->wpas->connects = 0;
	begin(f);
	wait_until(last_waits_for_call, f);
	g_assert_true(has_phase(f, "inviting"));
	g_assert_true(has_phase(f, "waiting-for-acceptance"));
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	g_assert_cmpint(key_of_tv(f) != NULL, ==, refusal->kept);
	stream_and_end(f);
	/* From the new group it has a new one. */
	f->wpas->invitation = MOCK_INVITATION_JOINS;
	assert_invited(f);
}

static gboolean group_is_there(struct fixture *f)
{
	return f->wpas->group;
}

/* It agrees, but has lost the key: wpa_supplicant ends the group that it never joins. */
static void test_absent(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f);
	f->wpas->invitation = MOCK_INVITATION_ABSENT;
	f->wpas->connects = 0;
	begin(f);
	wait_until(group_is_there, f);
	settle(f);
	/* The group alone is no display. */
	g_assert_false(last_waits_for_call(f));
	g_assert_cmpuint(open_nets, ==, 0);
	mock_wpas_end_group(f->wpas);
	wait_until(last_waits_for_call, f);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	g_assert_null(key_of_tv(f));
	end_last(f);
}

/* It may have joined before all is known of the group. */
static void test_early(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f);
	f->wpas->invitation = MOCK_INVITATION_EARLY;
	assert_invited(f);
}

static gboolean is_invited(struct fixture *f)
{
	return f->wpas->invites > 0;
}

/* Whoever does not want it any more meanwhile leaves nothing; tear_down() looks. */
static void test_given_up(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f);
	f->wpas->invitation = GPOINTER_TO_INT(data);
	begin(f);
	wait_until(is_invited, f);
	if (f->wpas->invitation == MOCK_INVITATION_ABSENT)
		wait_until(group_is_there, f);
	end_last(f);
	g_assert_cmpuint(g_hash_table_size(f->wpas->kept), ==, 0);
	/* That was no fault of the display's. */
	g_assert_nonnull(key_of_tv(f));
	f->wpas->invitation = MOCK_INVITATION_JOINS;
	assert_invited(f);
}

/* No picture: nothing is learnt. */
static void test_no_pictures(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(last_waits_for_call, f);
	end_last(f);
	g_assert_null(key_of_tv(f));
}

/* What wpa_supplicant may write to a file is not made. @data: what it says of that; NULL: nothing */
static void test_file(struct fixture *f, gconstpointer data)
{
	f->wpas->update_config = data;
	scan(f);
	assert_asked(f);
	g_assert_false(f->wpas->persistent);
	g_assert_cmpuint(f->wpas->keeps, ==, 0);
	assert_asked(f);
}

/* ... nor put into it. */
static void test_file_later(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	/* A wpa_supplicant is asked once while the device is held. */
	f->linger = 1;
	start_broker(f);
	scan(f);
	cast(f);
	g_assert_nonnull(key_of_tv(f));
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	mock_wpas_unplug(f->wpas);
	settle(f);
	mock_wpas_plug(f->wpas);
	f->wpas->update_config = "1";
	scan(f);
	assert_asked(f);
	g_assert_cmpuint(f->wpas->keeps, ==, 1);
}

/* Over the control socket it can be said how wide the group is to be, and where. */
static void test_wide(struct fixture *f, gconstpointer data)
{
	mock_wpas_open_control(f->wpas);
	scan(f);
	cast(f);
	g_assert_cmpstr(f->wpas->command, ==, "P2P_CONNECT 02:00:00:00:01:00 pbc go_intent=15 persistent ht40 vht he");
	assert_invited(f);
	g_assert_cmpstr(f->wpas->command, ==, "P2P_INVITE persistent=1 peer=02:00:00:00:01:00 ht40 vht he");
	/* One that does not know the command is asked by D-Bus. */
	f->wpas->control_answer = "FAIL\n";
	assert_invited(f);
}

/* As wide as the group was of which the key is: a driver that refuses more would refuse it each time. */
static void test_width(struct fixture *f, gconstpointer data)
{
	mock_wpas_open_control(f->wpas);
	scan(f);
	f->wpas->answer = MOCK_FORMATION_FAILS_ONCE;
	cast(f);
	g_assert_cmpuint(key_of_tv(f)->narrowed, ==, 1);
	/* The device is taken anew, and nothing is known of widths any more. */
	mock_wpas_unplug(f->wpas);
	settle(f);
	mock_wpas_plug(f->wpas);
	scan(f);
	assert_invited(f);
	g_assert_true(g_str_has_suffix(f->wpas->command, MOCK_PEER_ID " ht40"));
}

/* Another role or channel than last time is another group. */
static void test_wish(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f);
	cast_with(f, "{'frequency': <uint32 5180>}");
	g_assert_cmpuint(f->wpas->invites, ==, 0);
	cast_with(f, "{'go-intent': <uint32 15>}");
	g_assert_cmpuint(f->wpas->invites, ==, 0);
	assert_invited(f);
}

static gboolean wants_pin(struct fixture *f)
{
	return session_wants_pin(last_session(f));
}

static void type_pin(struct fixture *f, const char *pin)
{
	g_autoptr(GError) error = NULL;

	wait_until(wants_pin, f);
	session_enter_pin(last_session(f), pin, &error);
	g_assert_no_error(error);
}

/* Whoever asks for a PIN is not satisfied with a key that was made by push button, but with one that was made with it. */
static void test_pin(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f);
	g_assert_false(key_of_tv(f)->by_pin);
	f->wpas->config_methods = SHOWS;
	f->wpas->invites = 0;
	mock_wpas_peer_changed(f->wpas);
	settle(f);
	begin_secure(f, "pin");
	type_pin(f, MOCK_PIN);
	stream_and_end(f);
	g_assert_cmpuint(f->wpas->invites, ==, 0);
	g_assert_true(key_of_tv(f)->by_pin);
	cast_with(f, "{'security': <'pin'>}");
	g_assert_cmpuint(f->wpas->invites, ==, 1);
	g_assert_cmpuint(f->wpas->provisions, ==, 1);
}

/* NetworkManager's groups are not persistent: it would not let us have them again. */
static void test_nm(struct fixture *f, gconstpointer data)
{
	start_nm(f);
	/* Also when we ask the second time, within NetworkManager's connection. */
	f->wpas->answer = MOCK_STATUS_ONCE;
	f->wpas->status = 10;
	scan(f);
	begin(f);
	wait_until(last_waits_for_call, f);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	g_assert_cmpuint(f->wpas->keeps, ==, 0);
	stream_and_end(f);
	g_assert_null(key_of_tv(f));
}

static void set_up_complete(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(MOCK_COMPLETE));
}

static void add(const char *name, gconstpointer data, void (*function)(struct fixture *f, gconstpointer data))
{
	g_autofree char *path = g_strconcat("/broker-p2p-persistent/", name, NULL);

	g_test_add(path, struct fixture, data, set_up_complete, function, tear_down);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	add("known/owner", GINT_TO_POINTER(MOCK_ACCEPT), test_known);
	add("known/client", GINT_TO_POINTER(MOCK_ACCEPT_AS_OWNER), test_known);
	add("restart", NULL, test_restart);
	add("forget", NULL, test_forget);
	for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *name = g_strconcat("refusal/", refusals[i].name, NULL);

		add(name, &refusals[i], test_refusal);
	}
	add("absent", NULL, test_absent);
	add("early", NULL, test_early);
	add("given-up/before", GINT_TO_POINTER(MOCK_INVITATION_IGNORED), test_given_up);
	add("given-up/after", GINT_TO_POINTER(MOCK_INVITATION_ABSENT), test_given_up);
	add("no-pictures", NULL, test_no_pictures);
	add("file/written", "1", test_file);
	add("file/unknown", NULL, test_file);
	add("file/later", NULL, test_file_later);
	add("wide", NULL, test_wide);
	add("width", NULL, test_width);
	add("wish", NULL, test_wish);
	add("pin", NULL, test_pin);
	add("nm", NULL, test_nm);
	return g_test_run();
}
