// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vertical blanking: events, sequences, time stamps, and what becomes of them
 * when the monitor goes dark.
 *
 * On a slow machine vblanks come late, but their number and time belong
 * together, and that is what is checked.
 */
#include "miracast_kms.h"

#define LATE_MS		10000
#define NUM_FLIPS	30

FIXTURE(vblank) {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
};

FIXTURE_SETUP(vblank)
{
	struct kms *kms = &self->kms;

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, 0);
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(kms, &self->a));
}

FIXTURE_TEARDOWN(vblank)
{
	kms_close(&self->kms);
}

static bool next_event(struct kms *kms, struct drm_event_vblank *event,
		       int timeout_ms)
{
	return fd_poll(kms->card, POLLIN, timeout_ms) > 0 &&
	       read(kms->card, event, sizeof(*event)) == sizeof(*event);
}

static uint64_t event_ns(const struct drm_event_vblank *event)
{
	return event->tv_sec * 1000000000ULL + event->tv_usec * 1000ULL;
}

/* The target is the first CRTC's: drmWaitVBlank counts CRTCs. */
static int wait_vblank(struct kms *kms, unsigned int type, unsigned int sequence,
		       drmVBlank *vblank)
{
	memset(vblank, 0, sizeof(*vblank));
	vblank->request.type = type;
	vblank->request.sequence = sequence;
	vblank->request.signal = 42;

	return errno_of(drmWaitVBlank(kms->card, vblank));
}

TEST_F(vblank, clocks_are_those_that_compositors_expect)
{
	uint64_t cap = 0;

	EXPECT_EQ(0, drmGetCap(self->kms.card, DRM_CAP_TIMESTAMP_MONOTONIC, &cap));
	EXPECT_EQ(1, cap);
	EXPECT_EQ(0, drmGetCap(self->kms.card, DRM_CAP_CRTC_IN_VBLANK_EVENT, &cap));
	EXPECT_EQ(1, cap);
	EXPECT_EQ(0, drmGetCap(self->kms.card, DRM_CAP_VBLANK_HIGH_CRTC, &cap));
	EXPECT_EQ(1, cap);
}

/* Each flip has a vblank of its own, at the time that its number says. */
TEST_F(vblank, flips_are_paced_and_their_stamps_exact)
{
	struct kms *kms = &self->kms;
	struct drm_event_vblank first = {}, event = {}, last = {};
	uint64_t passed, expected;
	int i;

	for (i = 0; i < NUM_FLIPS; i++) {
		ASSERT_EQ(0, kms_flip(kms, i & 1 ? &self->a : &self->b));
		ASSERT_TRUE(next_event(kms, &event, LATE_MS));
		EXPECT_EQ(DRM_EVENT_FLIP_COMPLETE, event.base.type);
		EXPECT_EQ(kms->crtc, event.crtc_id);
		if (!i) {
			first = event;
		} else {
			EXPECT_LT(last.sequence, event.sequence);
			EXPECT_LT(event_ns(&last), event_ns(&event));
		}
		last = event;
	}
	passed = event_ns(&event) - event_ns(&first);
	expected = (event.sequence - first.sequence) * kms_period_ns(kms);
	/* Within half a percent of a period for each period. */
	EXPECT_LE(passed > expected ? passed - expected : expected - passed,
		  expected / 200);
	/* Stamps are of the past, and not of long ago. */
	EXPECT_GE(now_ns(), event_ns(&event));
}

/* Neither number nor phase of vblanks depends on who looked meanwhile. */
TEST_F(vblank, pauses_do_not_lose_the_beat)
{
	struct kms *kms = &self->kms;
	struct drm_event_vblank first = {}, event = {};
	uint64_t period = kms_period_ns(kms), passed, rest;
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, kms_flip(kms, i & 1 ? &self->a : &self->b));
		ASSERT_TRUE(next_event(kms, &event, LATE_MS));
		if (!i)
			first = event;
		/* Long enough for the timer to stop, and not a whole number of periods. */
		sleep_ms((int)(period * (5 + i) / 2 / NS_PER_MS) + 3);
	}
	passed = event_ns(&event) - event_ns(&first);
	rest = passed % period;
	if (rest > period / 2)
		rest = period - rest;
	EXPECT_LE(rest, period / 50);
	EXPECT_EQ((passed + period / 2) / period,
		  event.sequence - first.sequence);
}

TEST_F(vblank, waits_and_events)
{
	struct kms *kms = &self->kms;
	struct drm_event_vblank event;
	drmVBlank vblank;
	uint32_t now;

	ASSERT_EQ(0, wait_vblank(kms, DRM_VBLANK_RELATIVE, 1, &vblank));
	now = vblank.reply.sequence;
	ASSERT_EQ(0, wait_vblank(kms, DRM_VBLANK_RELATIVE, 2, &vblank));
	EXPECT_LE(now + 2, vblank.reply.sequence);
	/* One that is past. */
	ASSERT_EQ(0, wait_vblank(kms, DRM_VBLANK_ABSOLUTE, now, &vblank));

	ASSERT_EQ(0, wait_vblank(kms, DRM_VBLANK_RELATIVE | DRM_VBLANK_EVENT, 3,
				 &vblank));
	ASSERT_TRUE(next_event(kms, &event, LATE_MS));
	EXPECT_EQ(DRM_EVENT_VBLANK, event.base.type);
	EXPECT_EQ(42, event.user_data);
	EXPECT_EQ(kms->crtc, event.crtc_id);
	EXPECT_LE(now + 3, event.sequence);
}

TEST_F(vblank, sequences)
{
	struct kms *kms = &self->kms;
	struct drm_event_crtc_sequence event;
	uint64_t at = 0, queued = 0, ns = 0;

	ASSERT_EQ(0, errno_of(drmCrtcGetSequence(kms->card, kms->crtc, &at, &ns)));
	ASSERT_EQ(0, errno_of(drmCrtcQueueSequence(kms->card, kms->crtc,
						   DRM_CRTC_SEQUENCE_RELATIVE,
						   3, &queued, 7)));
	EXPECT_LE(at + 3, queued);
	ASSERT_LT(0, fd_poll(kms->card, POLLIN, LATE_MS));
	ASSERT_EQ(sizeof(event), read(kms->card, &event, sizeof(event)));
	EXPECT_EQ(DRM_EVENT_CRTC_SEQUENCE, event.base.type);
	EXPECT_EQ(7, event.user_data);
	EXPECT_LE(queued, event.sequence);
	EXPECT_LT(ns, event.time_ns);
}

/* Whoever waits for a vblank of a monitor that goes dark is not forgotten. */
TEST_F(vblank, dark_monitor_forgets_nobody)
{
	struct kms *kms = &self->kms;
	struct drm_event_vblank event;
	uint64_t before, after;
	drmVBlank vblank;

	ASSERT_EQ(0, errno_of(drmCrtcGetSequence(kms->card, kms->crtc, &before,
						 NULL)));
	ASSERT_EQ(0, wait_vblank(kms, DRM_VBLANK_RELATIVE | DRM_VBLANK_EVENT,
				 100000, &vblank));
	ASSERT_EQ(0, kms_set_active(kms, false));
	EXPECT_TRUE(next_event(kms, &event, 0));
	EXPECT_EQ(-EINVAL, wait_vblank(kms, DRM_VBLANK_RELATIVE, 1, &vblank));
	/* And it counts on when it wakes. */
	ASSERT_EQ(0, kms_set_active(kms, true));
	ASSERT_EQ(0, wait_vblank(kms, DRM_VBLANK_RELATIVE, 1, &vblank));
	ASSERT_EQ(0, errno_of(drmCrtcGetSequence(kms->card, kms->crtc, &after,
						 NULL)));
	EXPECT_LT(before, after);
}

struct waiter {
	struct kms *kms;
	atomic_bool stop;
	unsigned int events;
};

/* Vblank references that come and go as fast as they can. */
static void *wait_for_vblanks(void *data)
{
	struct waiter *waiter = data;
	drmVBlank vblank;

	while (!atomic_load(&waiter->stop)) {
		wait_vblank(waiter->kms, DRM_VBLANK_RELATIVE | DRM_VBLANK_EVENT,
			    1, &vblank);
		wait_vblank(waiter->kms, DRM_VBLANK_RELATIVE, 0, &vblank);
	}

	return NULL;
}

/* And that come when the timer has just been stopped. */
static void *wait_now_and_then(void *data)
{
	struct waiter *waiter = data;
	drmVBlank vblank;
	unsigned int i;

	for (i = 0; !atomic_load(&waiter->stop); i++) {
		wait_vblank(waiter->kms, DRM_VBLANK_RELATIVE, 1, &vblank);
		usleep((useconds_t)(kms_period_ns(waiter->kms) / 1000 + i * 53 % 500));
	}

	return NULL;
}

/* A timer that is stopped and started while it expires. */
TEST_F_TIMEOUT(vblank, off_and_on_beside_waiters, 120)
{
	struct kms *kms = &self->kms;
	struct waiter waiter = { .kms = kms };
	struct drm_event_vblank event;
	pthread_t thread;
	drmVBlank vblank;
	uint64_t end = now_ms() + 60000;
	int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_vblanks, &waiter));
	for (i = 0; i < 100 && now_ms() < end; i++) {
		ASSERT_EQ(0, kms_set_active(kms, false));
		ASSERT_EQ(0, kms_set_active(kms, true));
		while (next_event(kms, &event, 0))
			waiter.events++;
	}
	atomic_store(&waiter.stop, true);
	pthread_join(thread, NULL);
	while (next_event(kms, &event, 100))
		waiter.events++;
	EXPECT_LT(10, i);
	EXPECT_LT(0, waiter.events);
	EXPECT_EQ(0, wait_vblank(kms, DRM_VBLANK_RELATIVE, 1, &vblank));
}

/* The same by flips, each of which finds the timer stopped, or about to be. */
TEST_F_TIMEOUT(vblank, flips_beside_waiters, 120)
{
	struct kms *kms = &self->kms;
	struct waiter waiter = { .kms = kms };
	struct drm_event_vblank event;
	uint64_t end = now_ms() + 10000;
	unsigned int flips = 0;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_now_and_then, &waiter));
	while (now_ms() < end) {
		ASSERT_EQ(0, kms_flip(kms, flips & 1 ? &self->a : &self->b));
		do {
			ASSERT_TRUE(next_event(kms, &event, LATE_MS));
		} while (event.base.type != DRM_EVENT_FLIP_COMPLETE);
		flips++;
		/* It stops with the vblank after the last one that was wanted. */
		usleep((useconds_t)(kms_period_ns(kms) / 1000 +
				    flips * 37 % 400));
	}
	atomic_store(&waiter.stop, true);
	pthread_join(thread, NULL);
	EXPECT_LT(10, flips);
}

TEST_HARNESS_MAIN
