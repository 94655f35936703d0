// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What displays in the field need of the P2P link: see p2p-connection.h. The wpa_supplicant and the radio are played.
 */
#include <string.h>

#include "p2p-fixture.h"

/* ---- how the link is --------------------------------------------------------------- */

static gboolean radio_is_told(struct fixture *f)
{
	guint channel = 0;

	return g_variant_lookup(session_stats(only_session(f)), "radio-channel", "u", &channel) && channel == 36;
}

static gboolean other_radio_is_told(struct fixture *f)
{
	guint channel = 0;

	return g_variant_lookup(session_stats(only_session(f)), "radio-channel", "u", &channel) && channel == 6;
}

/* Only while pictures flow: before that there is nothing to say, and each question costs the radio something. */
static void test_radio(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;
	guint64 frames = 0, rate = 0;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(open_watches, ==, 0);
	sink = call_and_stream(f);
	g_assert_cmpuint(open_watches, ==, 1);
	radio_says(&(struct wifi_link){ .frequency = 5180, .width = 40, .rate = 400000000, .signal = -50 });
	wait_until(radio_is_told, f);
	/* Beside what the user-mode driver has said. */
	g_assert_true(g_variant_lookup(session_stats(only_session(f)), "frames-sent", "t", &frames));
	g_assert_true(g_variant_lookup(session_stats(only_session(f)), "radio-rate", "t", &rate));
	g_assert_cmpuint(rate, ==, 400000000);
	/* It has changed the channel, and the driver no longer knows its rate: what was is not said any more. */
	radio_says(&(struct wifi_link){ .frequency = 2437, .signal = -50 });
	wait_until(other_radio_is_told, f);
	g_assert_false(g_variant_lookup(session_stats(only_session(f)), "radio-rate", "t", &rate));

	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	g_assert_cmpuint(open_watches, ==, 0);
}

/* Whatever ends it. */
static void test_radio_ends(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	sink = call_and_stream(f);
	g_assert_cmpuint(open_watches, ==, 1);
	mock_wpas_unplug(f->wpas);
	wait_until(is_gone, f);
	g_assert_cmpuint(open_watches, ==, 0);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/broker-p2p-field/" name, struct fixture, GINT_TO_POINTER(MOCK_COMPLETE), set_up, function, tear_down)
	ADD("radio", test_radio);
	ADD("radio-ends", test_radio_ends);
	return g_test_run();
}
