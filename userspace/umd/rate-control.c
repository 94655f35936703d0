// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The state machine of rate-control.h.
 */
#include "rate-control.h"

/* What was measured so long ago counts no more. */
#define MEMORY_US (200 * 1000)
/* A step up; near to what was too much the last time; by reports, which are fewer. */
#define STEP_PERCENT 116
#define NEAR_STEP_PERCENT 105
#define NEAR_FROM_PERCENT 80
#define NEAR_PERCENT 110
#define REPORT_NEAR_PERCENT 130
#define REPORT_STEP_PERCENT 130
#define REPORT_NEAR_STEP_PERCENT 108
/* So much of the rate has to be sent before more is tried. */
#define USED_PERCENT 65
#define USED_WINDOW_US (500 * 1000)
/* Nearly nothing waits: a picture may not have left when the sound behind it comes. */
#define EMPTY_US (12 * 1000)
/* Ways change with the route, so the shortest one is forgotten after twice that. */
#define WAY_US (15 * G_USEC_PER_SEC)
/* Reports that come faster say little. */
#define REPORT_LEAST_US (200 * 1000)
#define REPORT_DRAIN_US G_USEC_PER_SEC
/* For so long after a queue has stood here the narrow place is here. */
#define STOOD_US (5 * G_USEC_PER_SEC)
/* Reports over which the usual loss is a mean. */
#define LOSS_MEMORY 8

/* The call @back calls before the latest one; NULL: it is forgotten, or was not. */
static const struct rate_sent *sent_before(const struct rate_control *c, guint back)
{
	return back < MIN(c->n, RATE_HISTORY) ? &c->sent[(c->n - 1 - back) % RATE_HISTORY] : NULL;
}

static guint most(const struct rate_control *c)
{
	guint least = c->limit ? MIN(c->limit, c->agreed) : c->agreed;

	return MAX(least, MIN(c->floor, c->agreed));
}

static void set_rate(struct rate_control *c, double rate)
{
	c->rate = CLAMP(rate, MIN(c->floor, c->agreed), most(c));
}

void rate_control_init(struct rate_control *c, guint floor, guint agreed, guint burst)
{
	*c = (struct rate_control){ .floor = floor, .agreed = agreed, .burst = burst, .rate = agreed };
}

void rate_control_limit(struct rate_control *c, guint limit)
{
	gboolean at_most = c->rate == most(c);

	c->limit = limit;
	set_rate(c, at_most ? most(c) : c->rate);
}

void rate_control_agree(struct rate_control *c, guint agreed, guint burst)
{
	gboolean at_most = c->rate == most(c);

	c->agreed = agreed;
	c->burst = burst;
	set_rate(c, at_most ? most(c) : c->rate);
}

guint rate_control_get(const struct rate_control *c)
{
	return c->rate;
}

guint rate_control_get_burst(const struct rate_control *c)
{
	const struct rate_sent *latest = sent_before(c, 0);
	const gint64 trouble_us = MAX(c->stood_us, c->cut_us);

	if ((trouble_us && latest && latest->time_us - trouble_us < RATE_CALM_US) || c->rate < c->agreed)
		return c->rate;
	return MAX(c->limit ? MIN(c->burst, c->limit) : c->burst, c->rate);
}

const char *rate_state_name(enum rate_state state)
{
	static const char *const names[] = { "holding", "probing", "backing-off" };

	return names[state];
}

/* ---------------------------------------------------------------------- history */

static guint64 total(const struct rate_control *c)
{
	const struct rate_sent *latest = sent_before(c, 0);

	return latest ? latest->total : 0;
}

/* The least wait of the window; 0 while there is too little to say so. */
static gint64 standing_us(const struct rate_control *c, gint64 now_us)
{
	gint64 least = G_MAXINT64;

	for (guint i = 0; sent_before(c, i); i++) {
		least = MIN(least, sent_before(c, i)->wait_us);
		if (sent_before(c, i)->time_us <= now_us - RATE_WINDOW_US)
			return least;
	}
	return 0;
}

/* Is the rate used? Otherwise nothing is known of what the link carries beyond what was sent. */
static gboolean is_used(const struct rate_control *c, gint64 now_us)
{
	for (guint i = 0; sent_before(c, i); i++) {
		const struct rate_sent *then = sent_before(c, i);

		if (then->time_us <= now_us - USED_WINDOW_US)
			return (total(c) - then->total) * 8.0 * G_USEC_PER_SEC / (now_us - then->time_us) * 100 >
			       c->rate * (double)USED_PERCENT;
	}
	return FALSE;
}

/* ------------------------------------------------------------------ what the kernel has */

/* Bits per second; 0: it was never busy. */
static double capacity(const struct rate_control *c)
{
	return c->drained_us > 0 ? c->drained * 8 * G_USEC_PER_SEC / c->drained_us : 0;
}

/*
 * The link was busy since the call before if something still waits of that.  If nothing does it carries
 * that much at least; without that only the times at which it stood still would count.
 */
static void measure(struct rate_control *c, gint64 now_us, guint waiting, guint before)
{
	const struct rate_sent *latest = sent_before(c, 0);
	double time, keep;

	if (!latest || !before || before < waiting)
		return;
	time = now_us - latest->time_us;
	if (!waiting && before * 8 * G_USEC_PER_SEC < capacity(c) * time)
		return;
	keep = MAX(0, 1 - time / MEMORY_US);
	c->drained = c->drained * keep + (before - waiting);
	c->drained_us = c->drained_us * keep + time;
}

/* How long the last of @waiting bytes will wait: no longer than the first has, but for what came since. */
static gint64 wait_us(const struct rate_control *c, guint waiting, gint64 now_us)
{
	const guint64 left = total(c) - MIN(waiting, total(c));
	const double carries = capacity(c);
	gint64 age = 0;

	for (guint i = 0; sent_before(c, i) && sent_before(c, i)->total > left; i++)
		age = now_us - sent_before(c, i)->time_us;
	return carries > 0 ? MIN(waiting * 8.0 * G_USEC_PER_SEC / carries, age) : age;
}

static void enter(struct rate_control *c, enum rate_state state, gint64 now_us)
{
	c->state = state;
	c->stepped_us = now_us;
}

static void back_off(struct rate_control *c, gint64 now_us, guint waiting)
{
	double share = capacity(c) * RATE_SHARE_PERCENT / 100;

	enter(c, RATE_BACKING_OFF, now_us);
	c->stood_us = now_us;
	c->by_reports = FALSE;
	set_rate(c, MIN(c->rate, share - waiting * 8.0 * G_USEC_PER_SEC / RATE_DRAIN_US));
}

/* The queue is gone; what was measured while it went counts. */
static void come_back(struct rate_control *c, gint64 now_us)
{
	enter(c, RATE_HOLDING, now_us);
	c->held_us = now_us + RATE_HOLD_US;
	c->too_much = capacity(c);
	set_rate(c, c->too_much * RATE_SHARE_PERCENT / 100);
}

/* A step up, a smaller one near to what was too much. */
static void step_up(struct rate_control *c)
{
	const guint far_step = c->by_reports ? REPORT_STEP_PERCENT : STEP_PERCENT;
	const guint near_step = c->by_reports ? REPORT_NEAR_STEP_PERCENT : NEAR_STEP_PERCENT;
	const guint to = c->by_reports ? REPORT_NEAR_PERCENT : NEAR_PERCENT;
	const gboolean near = c->rate * 100.0 < c->too_much * to && c->rate * 100.0 > c->too_much * NEAR_FROM_PERCENT;

	c->state = RATE_PROBING;
	set_rate(c, c->rate * (near ? near_step : far_step) / 100.0);
}

/* A step that is due: up, if there is nothing against it. */
static void step(struct rate_control *c, gint64 now_us, gint64 standing)
{
	if (now_us - c->stepped_us < RATE_STEP_US)
		return;
	c->stepped_us = now_us;
	/* Where reports have found the narrow place they say when there is more. */
	if (c->by_reports)
		return;
	if (c->rate >= most(c) || standing > EMPTY_US || now_us < c->held_us || !is_used(c, now_us)) {
		c->state = RATE_HOLDING;
		return;
	}
	step_up(c);
}

static void decide(struct rate_control *c, gint64 now_us, guint waiting)
{
	const gint64 standing = standing_us(c, now_us), wait = sent_before(c, 0)->wait_us;

	if (c->state == RATE_BACKING_OFF) {
		if (wait <= EMPTY_US)
			come_back(c, now_us);
		else if (now_us - c->stepped_us >= RATE_STEP_US)
			back_off(c, now_us, waiting);
		return;
	}
	if (standing > RATE_QUEUE_US && capacity(c) < c->rate * 1.2)
		back_off(c, now_us, waiting);
	else
		step(c, now_us, standing);
}

void rate_control_sent(struct rate_control *c, gint64 now_us, guint waiting, guint bytes, guint16 seq,
		       gint64 blocked_us)
{
	const struct rate_sent *latest = sent_before(c, 0);
	/* What waited after the call before. */
	guint before = latest ? latest->waiting + latest->bytes : 0;
	struct rate_sent now = {
		.time_us = now_us,
		.waiting = waiting,
		.bytes = bytes,
		.total = total(c) + bytes,
		.seq = seq,
	};

	measure(c, now_us, waiting, before);
	now.wait_us = wait_us(c, waiting, now_us) + blocked_us;
	c->sent[c->n++ % RATE_HISTORY] = now;
	decide(c, now_us, waiting);
}

/* ------------------------------------------------------------------ what the sink says */

/* The call that packet @seq left with, or one soon after; NULL: it is forgotten. */
static const struct rate_sent *sent_with(const struct rate_control *c, guint16 seq)
{
	const struct rate_sent *found = NULL;

	for (guint i = 0; sent_before(c, i); i++) {
		if ((gint16)(sent_before(c, i)->seq - seq) < 0)
			return found;
		found = sent_before(c, i);
	}
	return NULL;
}

/* How much longer than the shortest one the way is. */
static gint64 late_us(struct rate_control *c, gint64 now_us, gint64 way_us)
{
	if (!c->way_since_us || now_us - c->way_since_us > WAY_US) {
		c->way_us = c->way_since_us ? c->next_way_us : way_us;
		c->next_way_us = way_us;
		c->way_since_us = now_us;
	}
	c->next_way_us = MIN(c->next_way_us, way_us);
	c->way_us = MIN(c->way_us, way_us);
	return way_us - c->way_us;
}

/* The longest that anything sent since then has waited here: it says nothing of the way behind. */
static gint64 waited_us(const struct rate_control *c, const struct rate_sent *since)
{
	gint64 longest = 0;

	for (guint i = 0; sent_before(c, i) && sent_before(c, i)->time_us >= since->time_us; i++)
		longest = MAX(longest, sent_before(c, i)->wait_us);
	return longest;
}

/* More was lost than is as a rule. */
static gboolean loses(struct rate_control *c, guint loss)
{
	const gboolean much = loss > c->base_loss + RATE_LOSS;

	/* Fewer bits did not help: it is not for us that they are lost. */
	if (c->loss_when_cut && loss * 4 > c->loss_when_cut * 3)
		c->base_loss = loss;
	else if (!much)
		c->base_loss += (loss - c->base_loss) / LOSS_MEMORY;
	c->loss_when_cut = 0;
	return loss > c->base_loss + RATE_LOSS;
}

/* @behind: bytes that are on their way and should have come. */
static void cut(struct rate_control *c, gint64 now_us, guint loss, double came, double behind)
{
	c->loss_when_cut = loss;
	c->by_reports = c->draining = TRUE;
	c->too_much = came;
	c->cut_us = now_us;
	enter(c, RATE_HOLDING, now_us);
	set_rate(c, MIN(c->rate, came * RATE_SHARE_PERCENT / 100 - behind * 8 * G_USEC_PER_SEC / REPORT_DRAIN_US));
}

void rate_control_report(struct rate_control *c, gint64 now_us, guint loss, guint16 seq)
{
	const struct rate_sent *sent = sent_with(c, seq), *latest = sent_before(c, 0);
	const gint64 since_us = now_us - c->reported_us;
	gint64 late = 0;
	gboolean first = !c->reported_us;
	double came, behind;

	/* The narrow place is here: what stands behind it is none of ours. */
	if (c->stood_us && now_us - c->stood_us < STOOD_US)
		return;
	if (!sent || since_us < REPORT_LEAST_US)
		return;
	came = (sent->total - MIN(c->reported_total, sent->total)) * 8.0 * G_USEC_PER_SEC / since_us * (256 - loss) / 256;
	/* Of what has all come nothing is on its way. */
	if (sent != latest)
		late = late_us(c, now_us, MAX(now_us - sent->time_us - waited_us(c, sent), 0));
	behind = came / 8 * late / G_USEC_PER_SEC;
	c->reported_us = now_us;
	c->reported_total = sent->total;
	if (first)
		return;
	/* What little a still desktop sends says nothing of the rate. */
	if (!is_used(c, now_us))
		return;
	/* Once it is known where the narrow place is, less says so. */
	if (loses(c, loss) || late > (c->by_reports ? RATE_LATE_US / 2 : RATE_LATE_US)) {
		cut(c, now_us, loss, came, behind);
	} else if (c->by_reports && c->draining) {
		c->draining = FALSE;
		set_rate(c, c->too_much * RATE_SHARE_PERCENT / 100);
	} else if (c->by_reports && c->rate < most(c) && late < RATE_LATE_US / 4) {
		step_up(c);
	}
}
