// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bit rate on links that are made up here: a queue, a rate that changes, packets that are lost
 * or come late.  The clock is the test's, so that a minute takes no time.
 */
#include "rate-control.h"

#define MBIT 1000000
#define SEC_US ((gint64)G_USEC_PER_SEC)
#define MS_US G_GINT64_CONSTANT(1000)
#define PACKET 1328
#define AGREED (20 * MBIT)
#define BURST (35 * MBIT)
#define FLOOR (3 * MBIT / 2)
/* What an access point queues: half a second at 30 Mbit/s. */
#define QUEUE_BYTES (30 * MBIT / 8 / 2)
/* A queue that does not get empty for so long stands: some times the longest time that a link does nothing. */
#define STANDS_US (300 * MS_US)
#define MOST_PACKETS 200000
#define RUNS 20

/**
 * struct scene - a link, and who looks at it
 * @steps: its rate, each for a third of the time
 * @seconds: how long each third is
 * @fps: pictures
 * @stalls_us: each half a second it does nothing for as long as that, at most
 * @jitter_us: packets come as much later, at most
 * @loss: part that is lost
 * @visible: the kernel knows the queue
 * @report_us: the sink reports; 0: it does not
 * @settles_us: so long after each step what is seen counts
 */
struct scene {
	guint steps[3];
	guint seconds;
	guint fps;
	gint64 stalls_us;
	gint64 jitter_us;
	double loss;
	gboolean visible;
	gint64 report_us;
	gint64 settles_us;
};

/**
 * struct seen - what came of a third
 * @use: part of what the link gave (or of what was agreed on) that was sent, once it has settled
 * @standing_us: the longest queue that stood (STANDS_US), once it has settled
 * @recovered_us: from its begin on until the queue was, and stayed for a second, below 50 ms and
 *	75 % were used
 */
struct seen {
	double use;
	gint64 standing_us;
	gint64 recovered_us;
};

struct packet {
	gint64 leaves_us;
	gint64 comes_us; /* G_MAXINT64: never */
};

struct link {
	const struct scene *scene;
	GRand *random;
	struct packet *packets;
	guint n, left; /* packets so far; that have left */
	guint highest, came; /* by the report before */
	gint64 free_us;
	double debt; /* bytes that pictures took beyond the rate */
	gint64 stall_us, stall_end_us; /* the one of this half second */
};

static guint rate_at(const struct link *link, gint64 now_us)
{
	return link->scene->steps[MIN(now_us / SEC_US / link->scene->seconds, 2)];
}

/* Where the link does nothing for a while, what comes then waits for its end. */
static gint64 after_stall(struct link *link, gint64 now_us)
{
	if (!link->scene->stalls_us)
		return now_us;
	while (now_us >= link->stall_end_us) {
		gint64 half = MAX(link->stall_end_us, 0) / (SEC_US / 2) + 1;

		link->stall_us = half * (SEC_US / 2) + g_rand_int_range(link->random, 0, 300) * MS_US;
		link->stall_end_us = link->stall_us + g_rand_double(link->random) * link->scene->stalls_us;
	}
	return now_us >= link->stall_us ? link->stall_end_us : now_us;
}

static void put_packet(struct link *link, gint64 now_us)
{
	struct packet *packet = &link->packets[link->n++];
	gint64 begin = after_stall(link, MAX(now_us, link->free_us));
	guint rate = rate_at(link, begin);

	g_assert_cmpuint(link->n, <, MOST_PACKETS);
	if ((link->free_us - now_us) / (double)SEC_US * rate / 8 > QUEUE_BYTES) {
		*packet = (struct packet){ now_us, G_MAXINT64 };
		return;
	}
	link->free_us = begin + PACKET * 8 * SEC_US / rate;
	packet->leaves_us = link->free_us;
	packet->comes_us = g_rand_double(link->random) < link->scene->loss ?
				   G_MAXINT64 :
				   link->free_us + (gint64)(g_rand_double(link->random) * link->scene->jitter_us);
}

/* Packets that are in the queue. */
static guint waiting(struct link *link, gint64 now_us)
{
	while (link->left < link->n && link->packets[link->left].leaves_us <= now_us)
		link->left++;
	return link->n - link->left;
}

/* As a sink's RTCP has it: what has come by now; what is only late counts with the next one. */
static void report(struct link *link, struct rate_control *control, gint64 now_us)
{
	const guint highest = link->highest, came = link->came;
	guint expected, now;

	link->came = 0;
	for (guint i = 0; i < link->n; i++) {
		if (link->packets[i].comes_us > now_us)
			continue;
		link->highest = i;
		link->came++;
	}
	expected = link->highest - highest;
	now = MIN(link->came - came, expected);
	if (expected)
		rate_control_report(control, now_us, (expected - now) * 256 / expected, link->highest);
}

/*
 * Bytes of a picture at @rate; some take more, and each four seconds there is a large one. An
 * encoder of a constant rate saves them afterwards.
 */
static guint picture_bytes(struct link *link, guint rate, guint number)
{
	const double share = rate / 8.0 / link->scene->fps;
	double bytes = share * g_rand_double_range(link->random, 0.7, 1.3);

	if (number % (4 * link->scene->fps) == 0)
		bytes = share * 2.4;
	else if (link->debt > 0)
		bytes = MAX(bytes - link->debt, share * 0.6);
	link->debt += bytes - share;
	return bytes;
}

/* What came of it, from one picture to the next. */
static void look(const struct scene *scene, struct seen *seen, gint64 now_us, gint64 queue_us, guint bytes, double could)
{
	static gint64 least_us, since_us, bad_us, window_us;
	static double sent, given;
	gint64 third_us = scene->seconds * SEC_US, at_us = now_us % third_us;
	struct seen *third = &seen[MIN(now_us / third_us, 2)];

	if (at_us < SEC_US / scene->fps + 1) {
		least_us = G_MAXINT64;
		since_us = window_us = bad_us = now_us;
		sent = given = 0;
		*third = (struct seen){ 0 };
	}
	least_us = MIN(least_us, queue_us);
	if (now_us - since_us >= STANDS_US) {
		if (at_us > scene->settles_us + STANDS_US)
			third->standing_us = MAX(third->standing_us, least_us);
		if (least_us > 50 * MS_US)
			bad_us = now_us;
		least_us = G_MAXINT64;
		since_us = now_us;
	}
	sent += bytes * 8.0;
	given += could;
	if (at_us < scene->settles_us && now_us - window_us >= SEC_US / 2) {
		if (sent < given * 0.75)
			bad_us = now_us;
		sent = given = 0;
		window_us = now_us;
	}
	third->recovered_us = bad_us - now_us / third_us * third_us;
	third->use = given > 0 ? sent / given : 0;
}

static void run(const struct scene *scene, guint32 seed, struct seen *seen)
{
	struct link link = { .scene = scene, .random = g_rand_new_with_seed(seed) };
	struct rate_control control;
	gint64 reported_us = 0;
	const guint pictures = 3 * scene->seconds * scene->fps;

	link.packets = g_new(struct packet, MOST_PACKETS);
	rate_control_init(&control, FLOOR, AGREED, BURST);
	for (guint i = 0; i < pictures; i++) {
		gint64 now_us = i * SEC_US / scene->fps;
		guint bytes = picture_bytes(&link, rate_control_get(&control), i);
		guint packets = MAX(bytes / PACKET, 1), queue = waiting(&link, now_us);
		double part = scene->stalls_us ? 1 - scene->stalls_us / 2.0 / (SEC_US / 2) : 1;

		look(scene, seen, now_us, MAX(link.free_us - now_us, 0), packets * PACKET,
		     MIN(rate_at(&link, now_us) * part, AGREED) / scene->fps);
		rate_control_sent(&control, now_us, scene->visible ? queue * PACKET : 0, packets * PACKET,
				  link.n + packets - 1, 0);
		for (guint n = 0; n < packets; n++)
			put_packet(&link, now_us);
		if (scene->report_us && now_us - reported_us >= scene->report_us) {
			report(&link, &control, now_us);
			reported_us = now_us;
		}
		if (g_test_verbose() && i % (scene->fps / 5) == 0)
			g_test_message("%6.2f s: %5.2f Mbit/s, queue %4d ms, %s", now_us / 1e6,
				       rate_control_get(&control) / 1e6, (int)(MAX(link.free_us - now_us, 0) / 1000),
				       rate_state_name(control.state));
	}
	g_free(link.packets);
	g_rand_free(link.random);
}

/**
 * struct goals - of a scene
 * @use: in each third, mean of all runs; a single run may be worse by a tenth
 * @standing_us, @recovered_us: see struct seen, of each run
 */
struct goals {
	double use;
	gint64 standing_us;
	gint64 recovered_us;
};

static const struct goals agreed = { 0.8, 50 * MS_US, 2 * SEC_US };

static void check(const struct scene *scene, const struct goals *goals)
{
	double use[3] = { 0 };

	for (guint32 seed = 1; seed <= RUNS; seed++) {
		struct seen seen[3];

		run(scene, seed, seen);
		for (guint i = 0; i < 3; i++) {
			g_test_message("seed %u, %u Mbit/s: use %.2f, standing %d ms, recovered after %d ms", seed,
				       scene->steps[i] / MBIT, seen[i].use, (int)(seen[i].standing_us / 1000),
				       (int)(seen[i].recovered_us / 1000));
			use[i] += seen[i].use / RUNS;
			g_assert_cmpfloat(seen[i].use, >=, goals->use - 0.1);
			g_assert_cmpint(seen[i].standing_us, <=, goals->standing_us);
			g_assert_cmpint(seen[i].recovered_us, <=, goals->recovered_us);
		}
	}
	for (guint i = 0; i < 3; i++)
		g_assert_cmpfloat(use[i], >=, goals->use);
}

#define STEPS .steps = { 30 * MBIT, 5 * MBIT, 30 * MBIT }, .seconds = 12, .settles_us = 2 * SEC_US

static void test_steps(void)
{
	check(&(struct scene){ STEPS, .fps = 30, .visible = TRUE }, &agreed);
	check(&(struct scene){ STEPS, .fps = 60, .visible = TRUE }, &agreed);
}

/* The link does nothing for up to 100 ms, again and again. */
static void test_jitter(void)
{
	struct scene scene = { STEPS, .fps = 30, .stalls_us = 100 * MS_US, .jitter_us = 100 * MS_US, .visible = TRUE };
	/* At 60 Hz it is sooner taken for a slow one. */
	const struct goals goals = { 0.75, 50 * MS_US, 2 * SEC_US };

	check(&scene, &agreed);
	scene.fps = 60;
	check(&scene, &goals);
}

/* What is lost is lost: fewer bits would not help, wherever the narrow place is. */
static void test_loss(void)
{
	struct scene scene = { STEPS, .fps = 30, .loss = 0.05, .jitter_us = 100 * MS_US, .report_us = SEC_US, .visible = TRUE };

	check(&scene, &agreed);
	scene.steps[1] = scene.steps[0];
	scene.visible = FALSE;
	check(&scene, &agreed);
}

/* The queue is somebody else's, and all that is known comes once a second. */
static void test_reports(void)
{
	const struct scene scene = { .steps = { 30 * MBIT, 5 * MBIT, 30 * MBIT }, .seconds = 24, .settles_us = 10 * SEC_US,
				     .fps = 30, .report_us = SEC_US };
	const struct goals goals = { 0.8, 300 * MS_US, 24 * SEC_US };

	check(&scene, &goals);
}

/* ---------------------------------------------------------------- one thing at a time */

/* Pictures of @bytes each 33 ms for @ms, of which the kernel has @waiting every time. */
static void send(struct rate_control *control, gint64 *now_us, guint ms, guint waiting, guint bytes)
{
	for (gint64 end_us = *now_us + ms * MS_US; *now_us < end_us; *now_us += 33 * MS_US)
		rate_control_sent(control, *now_us, waiting, bytes, 0, 0);
}

/* A still desktop tells nothing of the link; what moves again finds out. */
static void test_unused(void)
{
	struct rate_control control;
	gint64 now_us = SEC_US;
	guint before;

	rate_control_init(&control, FLOOR, AGREED, BURST);
	send(&control, &now_us, 1000, 200000, 20000);
	g_assert_cmpint(control.state, ==, RATE_BACKING_OFF);
	send(&control, &now_us, 300, 0, 0);
	before = rate_control_get(&control);
	g_assert_cmpuint(before, <, AGREED / 2);
	send(&control, &now_us, 10000, 0, 400);
	g_assert_cmpuint(rate_control_get(&control), ==, before);
	for (guint i = 0; i < 300; i++)
		send(&control, &now_us, 33, 0, rate_control_get(&control) / 240);
	g_assert_cmpuint(rate_control_get(&control), ==, AGREED);
}

static void test_bounds(void)
{
	struct rate_control control;
	gint64 now_us = SEC_US;

	rate_control_init(&control, FLOOR, AGREED, BURST);
	g_assert_cmpuint(rate_control_get(&control), ==, AGREED);
	rate_control_limit(&control, AGREED / 4);
	g_assert_cmpuint(rate_control_get(&control), ==, AGREED / 4);
	rate_control_limit(&control, 1);
	g_assert_cmpuint(rate_control_get(&control), ==, FLOOR);
	rate_control_limit(&control, 0);
	g_assert_cmpuint(rate_control_get(&control), ==, AGREED);
	rate_control_agree(&control, AGREED * 2, BURST);
	g_assert_cmpuint(rate_control_get(&control), ==, 2 * AGREED);
	/* A mode that needs less than the floor. */
	rate_control_agree(&control, FLOOR / 2, BURST);
	g_assert_cmpuint(rate_control_get(&control), ==, FLOOR / 2);
	rate_control_agree(&control, AGREED, BURST);
	/* A link that carries nothing. */
	send(&control, &now_us, 5000, 500000, 20000);
	g_assert_cmpuint(rate_control_get(&control), ==, FLOOR);
	/* A blocked send is a queue, too. */
	rate_control_init(&control, FLOOR, AGREED, BURST);
	for (guint i = 0; i < 10; i++, now_us += 33 * MS_US)
		rate_control_sent(&control, now_us, 0, 20000, 0, 25 * MS_US);
	g_assert_cmpuint(rate_control_get(&control), <, AGREED);
}

/* As long as nothing speaks against it. */
static void test_burst(void)
{
	struct rate_control control;
	gint64 now_us = SEC_US;

	rate_control_init(&control, FLOOR, AGREED, BURST);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, BURST);
	/* The driver's word. */
	rate_control_limit(&control, BURST - MBIT);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, BURST - MBIT);
	rate_control_limit(&control, AGREED / 2);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, AGREED / 2);
	rate_control_limit(&control, 0);
	/* A queue has stood: not before a minute is over, and the rate is all of it again. */
	send(&control, &now_us, 200, 200000, 20000);
	g_assert_cmpuint(rate_control_get(&control), <, AGREED);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, rate_control_get(&control));
	send(&control, &now_us, 300, 0, 0);
	while (rate_control_get(&control) < AGREED)
		send(&control, &now_us, 33, 0, rate_control_get(&control) / 240);
	g_assert_cmpint(now_us, <, 40 * SEC_US);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, AGREED);
	send(&control, &now_us, RATE_CALM_US / 1000, 0, 400);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, BURST);
	/* A report has found a narrow place behind; another mode takes less than is left. */
	for (guint16 seq = 1; seq <= 60; seq++, now_us += 33 * MS_US) {
		rate_control_sent(&control, now_us, 0, AGREED / 240, seq, 0);
		if (seq % 30 == 0)
			rate_control_report(&control, now_us, seq == 30 ? 0 : 200, seq);
	}
	g_assert_cmpuint(rate_control_get(&control), <, AGREED);
	rate_control_agree(&control, rate_control_get(&control) / 2, BURST);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, rate_control_get(&control));
	send(&control, &now_us, RATE_CALM_US / 1000 + 33, 0, 400);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, BURST);
	/* A mode for which none was agreed on. */
	rate_control_agree(&control, MBIT, 0);
	g_assert_cmpuint(rate_control_get_burst(&control), ==, rate_control_get(&control));
}

/* Reports are what anybody may send: any numbers, any time. */
static void test_nonsense(void)
{
	struct rate_control control;
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	gint64 now_us = 0;

	rate_control_init(&control, FLOOR, AGREED, BURST);
	rate_control_report(&control, 0, 255, 7);
	for (guint i = 0; i < 100000; i++) {
		now_us += g_rand_int_range(random, 0, 50) * MS_US;
		rate_control_sent(&control, now_us, g_rand_int_range(random, 0, 1000000), g_rand_int_range(random, 0, 200000), i * 3, 0);
		rate_control_report(&control, now_us, g_rand_int_range(random, 0, 256), g_rand_int(random));
		g_assert_cmpuint(rate_control_get(&control), >=, FLOOR);
		g_assert_cmpuint(rate_control_get(&control), <=, AGREED);
		g_assert_cmpuint(rate_control_get_burst(&control), >=, rate_control_get(&control));
		g_assert_cmpuint(rate_control_get_burst(&control), <=, BURST);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rate-control/steps", test_steps);
	g_test_add_func("/rate-control/jitter", test_jitter);
	g_test_add_func("/rate-control/loss", test_loss);
	g_test_add_func("/rate-control/reports", test_reports);
	g_test_add_func("/rate-control/unused", test_unused);
	g_test_add_func("/rate-control/bounds", test_bounds);
	g_test_add_func("/rate-control/burst", test_burst);
	g_test_add_func("/rate-control/nonsense", test_nonsense);
	return g_test_run();
}
