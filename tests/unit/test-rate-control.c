/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bit rate on a link that is simulated: what it carries, how long its queue is for,
 * and how soon a change is noticed. Times are the simulation's own.
 */
#include "rate-control.h"

#define MBIT 1000000
#define PERIOD_US 33333
/* What the kernel counts for a byte of a packet; not what rate-control begins with. */
#define OVERHEAD 2.2
/* Wi-Fi: a turn in the air, and the others'. */
#define LUMP_US 8000

struct step {
	guint seconds;
	guint link; /* bits per second */
};

struct link {
	struct rate_control rc;
	gint64 now_us;
	guint link;
	double queue;	   /* units */
	double queue_us;   /* longest that a picture would have waited since it was reset */
	double carried;	   /* bytes since it was reset */
	guint64 dropped;   /* pictures, ditto */
	guint pictures;	   /* ... and those that were sent */
	GRand *rand;
	gint64 lump_us;	   /* packets leave a handful at a time, so often, as with Wi-Fi; 0: one by one */
	double owed;	   /* to the next lump */
	gint64 next_lump_us;
	gint64 encode_us;  /* what a picture needs before it is sent */
};

static void pass(struct link *l, gint64 us)
{
	double can = (double)l->link / 8 * OVERHEAD * us / G_USEC_PER_SEC;

	l->now_us += us;
	if (l->lump_us) {
		l->owed = MIN(l->owed + can, l->queue);
		can = l->now_us >= l->next_lump_us ? l->owed : 0;
		l->owed -= can;
		if (l->now_us >= l->next_lump_us)
			l->next_lump_us = l->now_us + l->lump_us;
	}
	can = MIN(can, l->queue);
	l->queue -= can;
	l->carried += can / OVERHEAD;
}

/* As the sender does it before it asks for a picture, right behind the one before. */
static void hold(struct link *l)
{
	gint64 since = l->now_us;

	rate_control_look(&l->rc, l->now_us, l->queue);
	if (rate_control_delay(&l->rc) <= RATE_CONTROL_QUEUE_US) {
		for (guint i = 0; i < 2 && rate_control_is_curious(&l->rc); i++) {
			pass(l, 2000);
			rate_control_look(&l->rc, l->now_us, l->queue);
		}
		return;
	}
	while (rate_control_delay(&l->rc) > RATE_CONTROL_QUEUE_US && l->now_us - since < 1000000) {
		pass(l, 2000);
		rate_control_look(&l->rc, l->now_us, l->queue);
	}
	rate_control_held(&l->rc, l->now_us - since);
}

static void picture(struct link *l, guint n)
{
	gint64 began = l->now_us;
	double bytes;

	for (gint64 us = 0; us < l->encode_us; us += 1000)
		pass(l, 1000);
	rate_control_look(&l->rc, l->now_us, l->queue);
	bytes = (double)l->rc.rate / 8 * PERIOD_US / G_USEC_PER_SEC * g_rand_double_range(l->rand, 0.7, 1.3);
	if (n % 120 == 0)
		bytes *= 2;
	/* What stands there; the picture's own time comes on top. */
	l->queue_us = MAX(l->queue_us, l->queue / OVERHEAD * 8 / l->link * G_USEC_PER_SEC);
	l->queue += bytes * OVERHEAD;
	rate_control_sent(&l->rc, l->now_us, bytes, l->queue);
	l->pictures++;
	hold(l);
	while (l->now_us - began < PERIOD_US)
		pass(l, MIN(1000, PERIOD_US - (l->now_us - began)));
	l->dropped += (l->now_us - began - 1) / PERIOD_US;
}

static void begin(struct link *l, guint most, gboolean lumps)
{
	*l = (struct link){ .now_us = 1, .rand = g_rand_new_with_seed(1), .lump_us = lumps ? LUMP_US : 0 };
	rate_control_init(&l->rc, 500000, most);
}

/* Counted are all seconds but the first @settle of the step. */
static void run(struct link *l, struct step step, guint settle)
{
	gint64 end = l->now_us + (gint64)step.seconds * G_USEC_PER_SEC;
	gint64 from = l->now_us + (gint64)settle * G_USEC_PER_SEC;
	gboolean counting = FALSE;

	l->link = step.link;
	for (guint n = 1; l->now_us < end; n++) {
		if (!counting && l->now_us >= from) {
			l->queue_us = l->carried = 0;
			l->dropped = l->pictures = 0;
			counting = TRUE;
		}
		picture(l, n);
	}
}

static double share(const struct link *l, struct step step, guint settle)
{
	return l->carried * 8 / (step.seconds - settle) / MIN(step.link, l->rc.most);
}

/* A link that is faster than all there is: nothing is changed or held. */
static void test_free(void)
{
	struct step step = { 20, 50 * MBIT };
	struct link l;

	begin(&l, 10 * MBIT, FALSE);
	run(&l, step, 0);
	g_assert_cmpuint(l.rc.rate, ==, 10 * MBIT);
	g_assert_cmpuint(l.dropped, ==, 0);
	g_rand_free(l.rand);
}

/* 30, 5 and 30 Mbit/s: within 2 s at least 80 % is used, and nothing waits for more than 50 ms. */
static void check_steps(gboolean lumps)
{
	static const struct step steps[] = { { 10, 30 * MBIT }, { 20, 5 * MBIT }, { 10, 30 * MBIT }, { 20, 8 * MBIT } };
	struct link l;

	begin(&l, 25 * MBIT, lumps);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		run(&l, steps[i], 2);
		g_test_message("%u Mbit/s: %.0f %% used, %.1f ms waited, %" G_GUINT64_FORMAT " pictures dropped, rate %.1f",
			       steps[i].link / MBIT, share(&l, steps[i], 2) * 100, l.queue_us / 1000, l.dropped, l.rc.rate / 1e6);
		g_assert_cmpfloat(share(&l, steps[i], 2), >=, 0.8);
		g_assert_cmpfloat(l.queue_us, <=, 50000);
		/* Of some hundred. */
		g_assert_cmpuint(l.dropped, <=, 30 * steps[i].seconds / 10);
	}
	g_rand_free(l.rand);
}

static void test_steps(void)
{
	check_steps(FALSE);
}

static void test_lumps(void)
{
	check_steps(TRUE);
}

/* An encoder that takes so long that the queue has become empty meanwhile: pictures are lost all the same. */
static void test_slow_encoder(void)
{
	struct step step = { 20, 5 * MBIT };
	struct link l;

	begin(&l, 8 * MBIT, FALSE);
	l.encode_us = 28000;
	run(&l, step, 5);
	g_test_message("%.0f %% used, %u pictures, rate %.1f", share(&l, step, 5) * 100, l.pictures, l.rc.rate / 1e6);
	/* Of 450; 28 ms and what is left of the one before take a little more than a period. */
	g_assert_cmpuint(l.pictures, >=, 24 * 15);
	g_assert_cmpfloat(share(&l, step, 5), >=, 0.7);
	g_rand_free(l.rand);
}

/* A driver that tells late of what it has sent: something is always there, and no link is slow. */
static void test_late_news(void)
{
	struct link l;

	begin(&l, 10 * MBIT, FALSE);
	l.lump_us = 30000;
	run(&l, (struct step){ 20, 100 * MBIT }, 0);
	g_assert_cmpuint(l.rc.rate, ==, 10 * MBIT);
	g_rand_free(l.rand);
}

/* How long it takes until the rate suits the link. */
static void test_soon(void)
{
	struct link l;
	guint n = 0;

	begin(&l, 25 * MBIT, FALSE);
	run(&l, (struct step){ 5, 30 * MBIT }, 0);
	l.link = 5 * MBIT;
	while (l.rc.rate > 5 * MBIT && n < 300)
		picture(&l, ++n);
	g_test_message("down in %u pictures", n);
	g_assert_cmpuint(n, <=, 30);
	run(&l, (struct step){ 60, 5 * MBIT }, 0);
	l.link = 30 * MBIT;
	for (n = 0; l.rc.rate < 24 * MBIT && n < 300;)
		picture(&l, ++n);
	g_test_message("up in %u pictures", n);
	g_assert_cmpuint(n, <=, 60);
	g_rand_free(l.rand);
}

/* A link that takes nothing for a while is no slow link: the rate is back soon. */
static void test_pause(void)
{
	struct link l;

	begin(&l, 10 * MBIT, FALSE);
	run(&l, (struct step){ 5, 30 * MBIT }, 0);
	run(&l, (struct step){ 1, 1 }, 0);
	run(&l, (struct step){ 2, 30 * MBIT }, 0);
	g_assert_cmpuint(l.rc.rate, ==, 10 * MBIT);
	g_rand_free(l.rand);
}

static void test_bounds(void)
{
	struct rate_control rc;

	rate_control_init(&rc, 500000, 10 * MBIT);
	rate_control_set_bounds(&rc, 500000, 4 * MBIT);
	g_assert_cmpuint(rc.rate, ==, 4 * MBIT);
	rate_control_set_bounds(&rc, 500000, 12 * MBIT);
	g_assert_cmpuint(rc.rate, ==, 12 * MBIT);
	rc.rate = 2 * MBIT;
	rate_control_set_bounds(&rc, 500000, 8 * MBIT);
	g_assert_cmpuint(rc.rate, ==, 2 * MBIT);
	rate_control_set_bounds(&rc, 500000, 400000);
	g_assert_cmpuint(rc.rate, ==, 400000);
	g_assert_cmpuint(rc.least, ==, 400000);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rate-control/free", test_free);
	g_test_add_func("/rate-control/steps", test_steps);
	g_test_add_func("/rate-control/lumps", test_lumps);
	g_test_add_func("/rate-control/slow-encoder", test_slow_encoder);
	g_test_add_func("/rate-control/late-news", test_late_news);
	g_test_add_func("/rate-control/soon", test_soon);
	g_test_add_func("/rate-control/pause", test_pause);
	g_test_add_func("/rate-control/bounds", test_bounds);
	return g_test_run();
}
