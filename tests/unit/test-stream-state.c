// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the desktop wants of a stream and what a sink lets it have: each order of
 * their events ends where it should, and nothing of the desktop is ever left over.
 */
#include "stream-state.h"

#define START_US (100 * G_USEC_PER_SEC)

static const struct wfd_mode *mode_of(guint bit)
{
	return wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, bit);
}

#define VGA mode_of(0)
#define HD mode_of(5)
#define FULL_HD mode_of(7)

struct world {
	struct stream_state state;
	gint64 now_us;
	gint64 due_us;
};

/* What is done until there is nothing to do; it must come to an end. */
static void assert_does(struct world *w, const enum stream_action *actions)
{
	for (guint i = 0;; i++) {
		enum stream_action action = stream_state_next(&w->state, w->now_us, &w->due_us);

		g_assert_cmpint(action, ==, actions[i]);
		if (action == STREAM_NOTHING)
			return;
		stream_state_done(&w->state, action, w->now_us);
	}
}

#define DOES(w, ...) assert_does(w, (const enum stream_action[]){ __VA_ARGS__ })
#define NOTHING(w) DOES(w, STREAM_NOTHING)

static void pass(struct world *w, gint64 us)
{
	w->now_us += us;
}

/* As a session begins: the desktop's mode is agreed on, and the sink plays. */
static void begin(struct world *w, gboolean standby)
{
	w->now_us = START_US;
	stream_state_init(&w->state);
	if (standby)
		stream_state_offers_standby(&w->state);
	NOTHING(w);
	stream_state_want_mode(&w->state, VGA);
	NOTHING(w);
	stream_state_agreed(&w->state, VGA);
	DOES(w, STREAM_UNBLANK, STREAM_NOTHING);
	stream_state_plays(&w->state, w->now_us);
	NOTHING(w);
}

static void sleep_for(struct world *w)
{
	DOES(w, STREAM_BLANK, STREAM_NOTHING);
	g_assert_cmpint(w->due_us, ==, w->now_us + STREAM_BLACK_US);
	pass(w, STREAM_BLACK_US);
	DOES(w, STREAM_SLEEP, STREAM_NOTHING);
	g_assert_cmpint(w->due_us, ==, -1);
}

/* No sink is asked for anything: black for as long as it takes. */
static void test_off_is_black(void)
{
	struct world w;

	begin(&w, FALSE);
	stream_state_want_off(&w.state);
	DOES(&w, STREAM_BLANK, STREAM_NOTHING);
	g_assert_cmpint(w.due_us, ==, -1);
	pass(&w, 3600 * (gint64)G_USEC_PER_SEC);
	NOTHING(&w);
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
}

static void test_power_and_output(void)
{
	struct world w;

	begin(&w, FALSE);
	stream_state_want_power(&w.state, FALSE);
	DOES(&w, STREAM_BLANK, STREAM_NOTHING);
	stream_state_want_off(&w.state);
	stream_state_want_power(&w.state, TRUE);
	NOTHING(&w);
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
}

static void test_standby(void)
{
	struct world w;

	begin(&w, TRUE);
	stream_state_want_off(&w.state);
	sleep_for(&w);
	stream_state_paused(&w.state);
	NOTHING(&w);
	stream_state_answered(&w.state, TRUE);
	g_assert_cmpint(w.state.phase, ==, STREAM_STANDBY);
	NOTHING(&w);
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_UNBLANK, STREAM_WAKE, STREAM_NOTHING);
	stream_state_answered(&w.state, TRUE);
	NOTHING(&w);
	stream_state_plays(&w.state, w.now_us);
	NOTHING(&w);
	g_assert_cmpint(w.state.phase, ==, STREAM_PLAYING);
	g_assert_false(w.state.black);
}

/* Off and on again before the sink has answered: it is woken when it has. */
static void test_on_before_standby_is_answered(void)
{
	struct world w;

	begin(&w, TRUE);
	stream_state_want_off(&w.state);
	sleep_for(&w);
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
	stream_state_paused(&w.state);
	stream_state_answered(&w.state, TRUE);
	DOES(&w, STREAM_WAKE, STREAM_NOTHING);
	stream_state_plays(&w.state, w.now_us);
	NOTHING(&w);
	g_assert_false(w.state.black);
}

/* On before black was shown for long: the sink hears nothing of it. */
static void test_on_before_standby_is_asked(void)
{
	struct world w;

	begin(&w, TRUE);
	stream_state_want_off(&w.state);
	DOES(&w, STREAM_BLANK, STREAM_NOTHING);
	pass(&w, STREAM_BLACK_US - 1);
	NOTHING(&w);
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
	stream_state_want_off(&w.state);
	sleep_for(&w);
}

static void test_standby_refused(void)
{
	struct world w;

	begin(&w, TRUE);
	stream_state_want_off(&w.state);
	sleep_for(&w);
	stream_state_answered(&w.state, FALSE);
	/* Black goes on, and it is not asked again. */
	pass(&w, 10 * STREAM_BLACK_US);
	NOTHING(&w);
	g_assert_cmpint(w.state.phase, ==, STREAM_PLAYING);
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
}

static void fall_asleep(struct world *w)
{
	begin(w, TRUE);
	stream_state_want_power(&w->state, FALSE);
	sleep_for(w);
	stream_state_answered(&w->state, TRUE);
	stream_state_want_power(&w->state, TRUE);
	DOES(w, STREAM_UNBLANK, STREAM_WAKE, STREAM_NOTHING);
	g_assert_cmpint(w->due_us, ==, w->now_us + STREAM_WAKE_US);
}

static void test_play_refused(void)
{
	struct world w;

	fall_asleep(&w);
	stream_state_answered(&w.state, FALSE);
	DOES(&w, STREAM_PLAY_UNASKED, STREAM_NOTHING);
	g_assert_cmpint(w.state.phase, ==, STREAM_PLAYING);
	g_assert_false(w.state.black);
}

/* 200, and then no M7. */
static void test_play_ignored(void)
{
	struct world w;

	fall_asleep(&w);
	stream_state_answered(&w.state, TRUE);
	pass(&w, STREAM_WAKE_US - 1);
	NOTHING(&w);
	pass(&w, 1);
	DOES(&w, STREAM_PLAY_UNASKED, STREAM_NOTHING);
	g_assert_cmpint(w.state.phase, ==, STREAM_PLAYING);
	/* The late M7 changes nothing. */
	stream_state_plays(&w.state, w.now_us);
	NOTHING(&w);
}

/* Off again while it wakes up: it goes back to sleep once it plays, and black is what it gets. */
static void test_off_while_waking(void)
{
	struct world w;

	fall_asleep(&w);
	stream_state_want_off(&w.state);
	DOES(&w, STREAM_BLANK, STREAM_NOTHING);
	stream_state_answered(&w.state, TRUE);
	stream_state_plays(&w.state, w.now_us);
	NOTHING(&w);
	pass(&w, STREAM_BLACK_US);
	DOES(&w, STREAM_SLEEP, STREAM_NOTHING);
}

/* Who pauses a sink by hand goes on by hand. */
static void test_sink_pauses(void)
{
	struct world w;

	begin(&w, TRUE);
	stream_state_paused(&w.state);
	NOTHING(&w);
	stream_state_want_off(&w.state);
	DOES(&w, STREAM_BLANK, STREAM_NOTHING);
	stream_state_want_mode(&w.state, HD);
	pass(&w, 60 * G_USEC_PER_SEC);
	NOTHING(&w);
	/* What has happened meanwhile is caught up with. */
	stream_state_plays(&w.state, w.now_us);
	DOES(&w, STREAM_CHANGE_MODE, STREAM_NOTHING);
	stream_state_answered(&w.state, TRUE);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
	g_assert_true(w.state.mode == HD);
}

static void test_mode_change(void)
{
	struct world w;

	begin(&w, FALSE);
	stream_state_want_mode(&w.state, HD);
	/* What was drawn for the old mode is not shown for the new one. */
	DOES(&w, STREAM_BLANK, STREAM_CHANGE_MODE, STREAM_NOTHING);
	stream_state_answered(&w.state, TRUE);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
}

/* The newest wish counts, and each change waits for the one before. */
static void test_mode_changes_meanwhile(void)
{
	struct world w;

	begin(&w, FALSE);
	stream_state_want_mode(&w.state, HD);
	DOES(&w, STREAM_BLANK, STREAM_CHANGE_MODE, STREAM_NOTHING);
	stream_state_want_off(&w.state);
	NOTHING(&w);
	stream_state_want_mode(&w.state, FULL_HD);
	NOTHING(&w);
	stream_state_answered(&w.state, TRUE);
	g_assert_true(w.state.mode == HD);
	DOES(&w, STREAM_CHANGE_MODE, STREAM_NOTHING);
	/* And back to what it was, while the sink thinks about it. */
	stream_state_want_mode(&w.state, HD);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
	stream_state_answered(&w.state, TRUE);
	DOES(&w, STREAM_BLANK, STREAM_CHANGE_MODE, STREAM_NOTHING);
	stream_state_answered(&w.state, TRUE);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
	g_assert_true(w.state.mode == HD);
}

static void test_mode_refused(void)
{
	struct world w;

	begin(&w, FALSE);
	stream_state_want_mode(&w.state, HD);
	DOES(&w, STREAM_BLANK, STREAM_CHANGE_MODE, STREAM_NOTHING);
	stream_state_answered(&w.state, FALSE);
	DOES(&w, STREAM_DROP_MODE, STREAM_NOTHING);
	g_assert_true(w.state.mode == VGA);
	/* The desktop has not noticed yet. */
	stream_state_want_off(&w.state);
	stream_state_want_mode(&w.state, HD);
	NOTHING(&w);
	stream_state_want_mode(&w.state, FULL_HD);
	DOES(&w, STREAM_CHANGE_MODE, STREAM_NOTHING);
	/* Back meanwhile: that a mode is refused which nobody wants any more does not matter. */
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
	stream_state_answered(&w.state, FALSE);
	NOTHING(&w);
}

/* A mode that is not the sink's is black until there is another. */
static void test_mode_unknown(void)
{
	struct world w;

	begin(&w, FALSE);
	stream_state_want_mode(&w.state, NULL);
	DOES(&w, STREAM_BLANK, STREAM_NOTHING);
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
}

/* The desktop was late: the stream began without it, black. */
static void test_desktop_late(void)
{
	struct world w = { .now_us = START_US };

	stream_state_init(&w.state);
	stream_state_offers_standby(&w.state);
	stream_state_agreed(&w.state, HD);
	NOTHING(&w);
	stream_state_plays(&w.state, w.now_us);
	NOTHING(&w);
	pass(&w, 10 * STREAM_BLACK_US);
	NOTHING(&w);
	g_assert_true(w.state.black);
	stream_state_want_mode(&w.state, VGA);
	DOES(&w, STREAM_CHANGE_MODE, STREAM_NOTHING);
	stream_state_answered(&w.state, TRUE);
	DOES(&w, STREAM_UNBLANK, STREAM_NOTHING);
}

/* ------------------------------------------------------------------ any order */

static void random_event(struct world *w)
{
	static const guint bits[] = { 0, 5, 7 };

	switch (g_test_rand_int_range(0, 8)) {
	case 0:
		stream_state_want_off(&w->state);
		break;
	case 1:
	case 2:
		stream_state_want_mode(&w->state,
				       mode_of(bits[g_test_rand_int_range(0, G_N_ELEMENTS(bits))]));
		break;
	case 3:
		stream_state_want_power(&w->state, g_test_rand_bit());
		break;
	case 4:
	case 5:
		stream_state_answered(&w->state, g_test_rand_bit());
		break;
	case 6:
		if (w->state.phase == STREAM_PLAYING)
			stream_state_paused(&w->state);
		else
			stream_state_plays(&w->state, w->now_us);
		break;
	case 7:
		pass(w, g_test_rand_int_range(0, 2 * STREAM_WAKE_US));
		break;
	}
}

/* Does what there is to do. */
static void settle(struct world *w)
{
	enum stream_action action;
	guint n = 0;

	while ((action = stream_state_next(&w->state, w->now_us, &w->due_us)) != STREAM_NOTHING) {
		stream_state_done(&w->state, action, w->now_us);
		g_assert_cmpuint(++n, <, 10);
	}
	/* Nothing of the desktop but where it wants to be seen. */
	g_assert_true(w->state.black || (w->state.output_on && w->state.power_on &&
					 w->state.mode == w->state.wanted));
}

/* Whatever has happened: if the desktop wants VGA and the sink says yes from then on, there it is. */
static void test_any_order(void)
{
	for (guint round = 0; round < 20000; round++) {
		struct world w;

		begin(&w, g_test_rand_bit());
		for (gint i = g_test_rand_int_range(0, 20); i > 0; i--) {
			random_event(&w);
			settle(&w);
		}
		stream_state_want_power(&w.state, TRUE);
		stream_state_want_mode(&w.state, HD);
		stream_state_want_mode(&w.state, VGA);
		if (w.state.phase == STREAM_PAUSED)
			stream_state_plays(&w.state, w.now_us);
		for (guint i = 0; i < 10; i++) {
			settle(&w);
			stream_state_answered(&w.state, TRUE);
			pass(&w, STREAM_WAKE_US);
		}
		settle(&w);
		g_assert_cmpint(w.state.phase, ==, STREAM_PLAYING);
		g_assert_true(w.state.mode == VGA);
		g_assert_false(w.state.black);
	}
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stream-state/off-is-black", test_off_is_black);
	g_test_add_func("/stream-state/power-and-output", test_power_and_output);
	g_test_add_func("/stream-state/standby", test_standby);
	g_test_add_func("/stream-state/on-before-standby-is-answered", test_on_before_standby_is_answered);
	g_test_add_func("/stream-state/on-before-standby-is-asked", test_on_before_standby_is_asked);
	g_test_add_func("/stream-state/standby-refused", test_standby_refused);
	g_test_add_func("/stream-state/play-refused", test_play_refused);
	g_test_add_func("/stream-state/play-ignored", test_play_ignored);
	g_test_add_func("/stream-state/off-while-waking", test_off_while_waking);
	g_test_add_func("/stream-state/sink-pauses", test_sink_pauses);
	g_test_add_func("/stream-state/mode-change", test_mode_change);
	g_test_add_func("/stream-state/mode-changes-meanwhile", test_mode_changes_meanwhile);
	g_test_add_func("/stream-state/mode-refused", test_mode_refused);
	g_test_add_func("/stream-state/mode-unknown", test_mode_unknown);
	g_test_add_func("/stream-state/desktop-late", test_desktop_late);
	g_test_add_func("/stream-state/any-order", test_any_order);
	return g_test_run();
}
