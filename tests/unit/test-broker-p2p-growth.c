// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A daemon that has cast often is as large as one that has cast a few times: of a Wi-Fi P2P session, from the push button
 * to its end, no descriptor, source or memory stays.
 */
#include <malloc.h>

#include "p2p-fixture.h"

/* More than are remembered after their end, and until the allocator has its size. */
#define WARM_UP 192
#define CYCLES 700
/*
 * Less than a fifth of a kilobyte of each cast, from the larger of two rounds to the smaller of the two after them: what is kept
 * for threads that come and go, and tables that double, is so much at once.
 */
#define MOST_GROWTH (256 * 1024)
/* What a cast leaves for a moment (a closing connection, messages on their way) is gone after so long. */
#define REST_US (1500 * G_TIME_SPAN_MILLISECOND)

static guint open_descriptors(void)
{
	g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
	guint n = 0;

	while (g_dir_read_name(dir))
		n++;
	return n;
}

static void wait_for(session *s, enum session_state state)
{
	while (session_state(s) != state) {
		g_assert_cmpint(session_state(s), !=, SESSION_GONE);
		g_main_context_iteration(NULL, TRUE);
	}
}

/* @calls: the display calls, and pictures flow; else the user gives up before that */
static void cast(struct fixture *f, gboolean calls)
{
	g_autoptr(GSocketConnection) sink = NULL;
	session *s;

	begin(f);
	s = last_session(f);
	wait_for(s, SESSION_RTSP);
	if (calls) {
		sink = dial_from(f, "127.0.0.2");
		g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL, NULL,
				       "stream\n");
		wait_for(s, SESSION_STREAMING);
	}
	session_end(s, reason_new_code(REASON_DISCONNECTED, "enough"));
	while (session_state(s) != SESSION_GONE)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(f->wpas->group);
}

static gboolean wake(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

/*
 * The memory that is in use once casts are over. Beside casts that follow each other at once it depends on how fast the
 * machine is: a second's worth of them is on its way.
 */
static gsize memory_at_rest(struct fixture *f)
{
	gint64 until = g_get_monotonic_time() + REST_US;
	guint clock = g_timeout_add(50, wake, NULL);
	gsize least = G_MAXSIZE;

	settle(f);
	while (g_get_monotonic_time() < until) {
		g_main_context_iteration(NULL, TRUE);
		least = MIN(least, mallinfo2().uordblks);
	}
	g_source_remove(clock);
	return least;
}

static gsize cast_often(struct fixture *f, guint times)
{
	for (guint i = 0; i < times; i++)
		cast(f, i % 4);
	return memory_at_rest(f);
}

static void test_growth(struct fixture *f, gconstpointer data)
{
	guint descriptors;
	gsize before, after;

	scan(f);
	cast_often(f, WARM_UP);
	before = cast_often(f, CYCLES);
	before = MAX(before, cast_often(f, CYCLES));
	descriptors = open_descriptors();
	after = cast_often(f, CYCLES);
	after = MIN(after, cast_often(f, CYCLES));
	g_test_message("%u casts: descriptors %u, then %u; memory %zu, then %zu", 2 * CYCLES, descriptors,
		       open_descriptors(), before, after);
	g_assert_cmpuint(open_descriptors(), ==, descriptors);
	/* With AddressSanitizer both are 0; what is lost there, LeakSanitizer finds. */
	g_assert_cmpuint(after, <=, before + MOST_GROWTH);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_test_add("/p2p/growth", struct fixture, GINT_TO_POINTER(MOCK_COMPLETE), set_up, test_growth, tear_down);
	return g_test_run();
}
