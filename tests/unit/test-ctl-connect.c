// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl connect and monitor, as somebody sees them who waits: each step has its line when it is reached, and Ctrl-C
 * gives the session up.  The test plays miracastd.
 */
#include <signal.h>
#include <string.h>

#include "cast-mock.h"
#include "ctl-process.h"
#include "reason.h"

struct fixture {
	mock mock;
	GSubprocess *ctl;
	GDataInputStream *output;
	char *line; /* the last one that was printed */
	gboolean over; /* it has ended */
	gboolean ended; /* the process has */
};

/* ---- what it prints ------------------------------------------------------------- */

static void has_line(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct fixture *f = user_data;

	f->line = g_data_input_stream_read_line_finish_utf8(f->output, result, NULL, NULL);
	if (!f->line)
		f->over = TRUE;
}

/* The next one; NULL: there is none any more. */
static void assert_line(struct fixture *f, const char *wanted)
{
	g_clear_pointer(&f->line, g_free);
	g_data_input_stream_read_line_async(f->output, G_PRIORITY_DEFAULT, NULL, has_line, f);
	WAIT(f->line || f->over);
	g_assert_cmpstr(f->line, ==, wanted);
}

static void has_ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct fixture *f = user_data;

	g_assert_true(g_subprocess_wait_finish(f->ctl, result, NULL));
	f->ended = TRUE;
}

/* It has nothing more to say but @errors, and ends so. */
static void assert_ends(struct fixture *f, int status, const char *errors)
{
	char text[1000] = "";

	assert_line(f, NULL);
	g_subprocess_wait_async(f->ctl, NULL, has_ended, f);
	WAIT(f->ended);
	g_assert_true(g_input_stream_read_all(g_subprocess_get_stderr_pipe(f->ctl), text, sizeof(text) - 1, NULL, NULL, NULL));
	g_assert_cmpstr(text, ==, errors);
	g_assert_true(g_subprocess_get_if_exited(f->ctl));
	g_assert_cmpint(g_subprocess_get_exit_status(f->ctl), ==, status);
}

/* ---- a daemon, and who asks it ----------------------------------------------------- */

static void set_up(struct fixture *f, gconstpointer data)
{
	mock_set_up(&f->mock, NULL);
	mock_start(&f->mock);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_free(f->line);
	g_object_unref(f->output);
	g_object_unref(f->ctl);
	mock_tear_down(&f->mock, NULL);
}

static void start(struct fixture *f, const char *const *arguments)
{
	f->ctl = ctl_process(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, arguments);
	f->output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(f->ctl));
}
#define START(f, ...) start(f, (const char *const[]){ __VA_ARGS__, NULL })

/* @text: a(sxs) */
static void set_phases(Miracast1Session *session, const char *text)
{
	g_autoptr(GVariant) phases = g_variant_parse(G_VARIANT_TYPE("a(sxs)"), text, NULL, NULL, NULL);

	g_assert_nonnull(phases);
	miracast1_session_set_phases(session, phases);
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(session));
}

#define SEARCHING "('searching', 1000000, 'looking for the display')"
#define JOINING "('joining', 3449000, 'the display joins')"
#define AGAIN "('searching', 9000000, 'looking for the display')"
#define ANSWERED "('answered', 21100000, 'the display answers')"

/* One that is known: its session, which has come to its first step. */
static Miracast1Session *begin(struct fixture *f)
{
	Miracast1Session *session;

	mock_sink(&f->mock, "a", "TV", "{'link': <'p2p'>}");
	START(f, "connect", "TV");
	WAIT(f->mock.n_sessions == 1);
	session = mock_last_session(&f->mock);
	set_phases(session, "[" SEARCHING "]");
	assert_line(f, "   0.0 s  looking for the display");
	return session;
}

/* ---- connect --------------------------------------------------------------------------- */

/* Which is not known yet: it is asked for again with each display that is found. */
static void test_looking(struct fixture *f, gconstpointer data)
{
	g_autoptr(Miracast1Session) session = NULL;

	f->mock.refuse_with = g_error_new_literal(REASON_ERROR, REASON_SINK_UNKNOWN, "no display is called \"TV\"");
	START(f, "connect", "TV", "--seconds=9", "--no-sound");
	assert_line(f, "Looking for TV, for 9 s at most; is screen mirroring open there?");
	g_assert_cmpuint(f->mock.scans, ==, 1);
	g_assert_cmpuint(f->mock.connects, ==, 1);
	mock_sink(&f->mock, "b", "Other", "{'link': <'p2p'>}");
	WAIT(f->mock.connects == 2);
	g_clear_error(&f->mock.refuse_with);
	mock_sink(&f->mock, "a", "TV", "{'link': <'p2p'>}");
	WAIT(f->mock.n_sessions == 1);
	g_assert_cmpuint(f->mock.connects, ==, 3);
	g_assert_cmpstr(f->mock.connected_to, ==, "TV");
	session = mock_last_session(&f->mock);
	set_phases(session, "[" SEARCHING "]");
	assert_line(f, "   0.0 s  looking for the display");
	set_phases(session, "[" SEARCHING "," JOINING "]");
	assert_line(f, "   2.4 s  the display joins");
	/* It is tried in another way. */
	set_phases(session, "[" AGAIN "]");
	assert_line(f, "   0.0 s  looking for the display");
	miracast1_session_set_mode(session, g_variant_new_parsed(
		"{'width': <uint32 1280>, 'height': <uint32 720>, 'refresh': <uint32 59940>, 'codec': <'H.264'>,"
		" 'profile': <'CBP'>, 'level': <'3.1'>, 'audio': <'none'>}"));
	miracast1_session_set_state(session, "streaming");
	/* Two at a time, in one go with the end. */
	set_phases(session, "[" AGAIN "," ANSWERED ", ('streaming', 21200000, 'pictures are being sent')]");
	assert_line(f, "  12.1 s  the display answers");
	assert_line(f, "  12.2 s  pictures are being sent");
	assert_line(f, "Casting to TV: 1280x720 at 59.94 Hz, H.264 CBP 3.1, audio none");
	assert_line(f, "It is a monitor of your desktop now. To end: miracastctl disconnect 1");
	assert_ends(f, 0, "");
	g_assert_cmpuint(f->mock.disconnects, ==, 0);
}

static void test_not_found(struct fixture *f, gconstpointer data)
{
	f->mock.refuse_with = g_error_new_literal(REASON_ERROR, REASON_SINK_UNKNOWN, "no display is called \"TV\"");
	START(f, "connect", "TV");
	assert_line(f, "Looking for TV, for 30 s at most; is screen mirroring open there?");
	miracast1_manager_set_scanning(f->mock.manager, FALSE);
	assert_ends(f, 1, "miracastctl: no display is called \"TV\"\n  -> Run: miracastctl scan\n");
}

/* As the manual page promises. */
static void test_interrupted(struct fixture *f, gconstpointer data)
{
	g_autoptr(Miracast1Session) session = begin(f);

	g_subprocess_send_signal(f->ctl, SIGINT);
	WAIT(f->mock.disconnects == 1);
	/* What the daemon says to that. */
	assert_line(f, "   0.0 s  disconnected by the user");
	assert_ends(f, 1, "miracastctl: disconnected by the user\n");
	g_assert_cmpuint(f->mock.disconnects, ==, 1);
}

static void test_refused(struct fixture *f, gconstpointer data)
{
	g_autoptr(Miracast1Session) session = begin(f);

	mock_session_end(session, "not-accepted", "nobody has accepted at the display", "Accept there.");
	assert_ends(f, 1, "miracastctl: nobody has accepted at the display\n  -> Accept there.\n");
}

static void test_daemon_ends(struct fixture *f, gconstpointer data)
{
	g_autoptr(Miracast1Session) session = begin(f);

	mock_stop(&f->mock);
	assert_ends(f, 1, "miracastctl: miracastd has ended\n  -> See its log: journalctl -u miracastd\n");
}

static void test_no_wait(struct fixture *f, gconstpointer data)
{
	START(f, "connect", "TV", "--no-wait");
	assert_line(f, "Session 1 with TV has begun. To see how it goes: miracastctl status");
	assert_ends(f, 0, "");
}

/* ---- monitor -------------------------------------------------------------------------------- */

static void test_monitor(struct fixture *f, gconstpointer data)
{
	g_autoptr(Miracast1Session) session = NULL;

	mock_sink(&f->mock, "a", "TV", "{'link': <'p2p'>, 'links': <['p2p']>, 'model': <'X1'>, 'level': <-48>}");
	START(f, "monitor");
	assert_line(f, "TV                           a                  p2p      X1  -48 dBm  [new]");
	/* That it is heard otherwise is no news. */
	mock_sink(&f->mock, "a", "TV", "{'link': <'p2p'>, 'links': <['p2p']>, 'model': <'X1'>, 'level': <-60>}");
	session = mock_session(&f->mock, 7, "a", "TV");
	set_phases(session, "[" SEARCHING "]");
	assert_line(f, "7  TV: looking for the display");
	set_phases(session, "[" SEARCHING "," JOINING "]");
	assert_line(f, "7  TV: the display joins");
	mock_session_end(session, "sink-left", "the display has ended the session", "Connect again.");
	assert_line(f, "7  TV has ended: the display has ended the session");
	mock_sink(&f->mock, "a", NULL, NULL);
	assert_line(f, "a has gone");
	g_subprocess_send_signal(f->ctl, SIGINT);
	assert_ends(f, 0, "");
}

#define TEST(path, function) g_test_add(path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST("/connect/looking", test_looking);
	TEST("/connect/not-found", test_not_found);
	TEST("/connect/interrupted", test_interrupted);
	TEST("/connect/refused", test_refused);
	TEST("/connect/daemon-ends", test_daemon_ends);
	TEST("/connect/no-wait", test_no_wait);
	TEST("/monitor/lines", test_monitor);
	return g_test_run();
}
