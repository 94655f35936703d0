// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several monitors on one card: as many as there may be, cloned, extended.
 */
#include "miracast_kms.h"

#define NUM_SINKS	8
#define LATE_MS		10000

#define RED	0x00ff0000
#define GREEN	0x0000ff00

/* Each with a sink of its own; broker and card are shared. */
FIXTURE(sinks) {
	struct kms kms[NUM_SINKS];
	int num;
};

/* Targets in the order of their ids, each with a session and a monitor. */
static void add_sink(struct __test_metadata *_metadata, struct kms *kms,
		     const struct kms *first, unsigned int num)
{
	*kms = *first;
	ASSERT_EQ(0, kms_find(first->broker, num, &kms->target));
	kms->connector = kms->target.connector_id;
	ASSERT_TRUE(kms_find_pipe(kms));
	kms->sink = broker_open_sink(first->broker, kms->target.id,
				     MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, kms->sink);
	ASSERT_EQ(0, sink_start(kms->sink));
	kms_plug(_metadata, kms, 0);
}

FIXTURE_SETUP(sinks)
{
	kms_open(_metadata, &self->kms[0]);
	kms_plug(_metadata, &self->kms[0], 0);
	for (self->num = 1; self->num < NUM_SINKS; self->num++)
		add_sink(_metadata, &self->kms[self->num], &self->kms[0],
			 (unsigned int)self->num);
}

FIXTURE_TEARDOWN(sinks)
{
	while (--self->num > 0)
		close(self->kms[self->num].sink);
	kms_close(&self->kms[0]);
}

/* Acquire, check and give back: the picture of @fb is the newest. */
static __u64 picture_is(struct __test_metadata *_metadata, struct kms *kms,
			uint32_t pixel)
{
	struct miracast_frame frame;
	const uint32_t *pixels;
	size_t size;
	int fd;

	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));
	fd = sink_get_buffer(kms->sink, frame.buffer_id);
	ASSERT_LE(0, fd);
	size = (size_t)frame.pitch[0] * frame.height;
	pixels = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, pixels);
	EXPECT_EQ(pixel, pixels[frame.src_x + frame.src_y * frame.pitch[0] / 4]);
	munmap((void *)pixels, size);
	close(fd);
	ASSERT_EQ(0, sink_release(kms->sink, frame.seq, -1, NULL));

	return frame.buffer_id;
}

TEST_F_TIMEOUT(sinks, eight_monitors_at_once, 120)
{
	struct kms_fb fb[NUM_SINKS], next[NUM_SINKS];
	struct miracast_mode_state mode;
	struct drm_event_vblank event;
	uint32_t seen = 0, id;
	int i, round;

	for (i = 0; i < NUM_SINKS; i++) {
		struct kms *kms = &self->kms[i];

		ASSERT_EQ(0, kms_fb_create(kms, &fb[i], 1280, 720,
					   DRM_FORMAT_XRGB8888, 0x100U + i));
		ASSERT_EQ(0, kms_fb_create(kms, &next[i], 1280, 720,
					   DRM_FORMAT_XRGB8888, 0x200U + i));
		ASSERT_EQ(0, kms_modeset(kms, &fb[i]));
		ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET,
					 &mode, sizeof(mode)));
		EXPECT_EQ(1280, mode.width);
	}

	/* Each sees its own, and only its own. */
	for (i = 0; i < NUM_SINKS; i++)
		picture_is(_metadata, &self->kms[i], 0x100U + i);

	/* All flip, and every flip is reported. */
	for (round = 0; round < 3; round++) {
		seen = 0;
		for (i = 0; i < NUM_SINKS; i++)
			ASSERT_EQ(0, kms_flip(&self->kms[i],
					      round & 1 ? &fb[i] : &next[i]));
		for (i = 0; i < NUM_SINKS; i++) {
			ASSERT_LT(0, fd_poll(self->kms[0].card, POLLIN, LATE_MS));
			ASSERT_EQ(sizeof(event), read(self->kms[0].card, &event,
						      sizeof(event)));
			for (id = 0; id < NUM_SINKS; id++)
				if (self->kms[id].crtc == event.crtc_id)
					seen |= 1U << id;
		}
		EXPECT_EQ((1U << NUM_SINKS) - 1, seen);
	}
	for (i = 0; i < NUM_SINKS; i++)
		picture_is(_metadata, &self->kms[i], 0x200U + i);

	/* One goes, the others stay. */
	close(self->kms[3].sink);
	self->kms[3].sink = -1;
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms[3]));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms[4]));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms[4], &fb[4], NULL, 0));
	picture_is(_metadata, &self->kms[4], 0x104);
}

/* One picture on two monitors: one buffer, but each reader counts. */
TEST_F(sinks, clone)
{
	struct kms *one = &self->kms[0], *two = &self->kms[1];
	struct miracast_get_retired retired;
	struct miracast_frame a, b;
	uint32_t flags;
	struct kms_fb fb, next;
	int at, bt;

	ASSERT_EQ(0, kms_fb_create(one, &fb, 1280, 720, DRM_FORMAT_XRGB8888,
				   RED));
	ASSERT_EQ(0, kms_fb_create(one, &next, 1280, 720, DRM_FORMAT_XRGB8888,
				   GREEN));
	ASSERT_EQ(0, kms_modeset(one, &fb));
	ASSERT_EQ(0, kms_modeset(two, &fb));
	ASSERT_EQ(0, sink_acquire(one->sink, &a));
	ASSERT_EQ(0, sink_acquire(two->sink, &b));
	EXPECT_EQ(a.buffer_id, b.buffer_id);
	at = sink_get_buffer(one->sink, a.buffer_id);
	bt = sink_get_buffer(two->sink, b.buffer_id);
	ASSERT_LE(0, at);
	ASSERT_LE(0, bt);

	/* The one flips without the other's reader, whose hold is its own. */
	ASSERT_EQ(0, sink_release(one->sink, a.seq, -1, &flags));
	EXPECT_EQ(0, flags);
	ASSERT_EQ(0, kms_flip(one, &next));
	ASSERT_NE(0, kms_wait_flip(one, LATE_MS));
	ASSERT_EQ(0, sink_release(two->sink, b.seq, -1, &flags));
	EXPECT_EQ(0, flags);
	picture_is(_metadata, one, GREEN);
	ASSERT_EQ(0, kms_flip(two, &next));
	ASSERT_NE(0, kms_wait_flip(two, LATE_MS));
	picture_is(_metadata, two, GREEN);

	/* Both are told that it is gone. */
	kms_fb_destroy(one, &fb);
	EXPECT_EQ(POLLPRI, fd_poll(one->sink, POLLPRI, LATE_MS));
	EXPECT_EQ(POLLPRI, fd_poll(two->sink, POLLPRI, LATE_MS));
	ASSERT_EQ(0, dev_ioctl(one->sink, MIRACAST_IOC_GET_RETIRED, &retired));
	EXPECT_EQ(a.buffer_id, retired.ids[0]);
	ASSERT_EQ(0, dev_ioctl(two->sink, MIRACAST_IOC_GET_RETIRED, &retired));
	EXPECT_EQ(a.buffer_id, retired.ids[0]);
}

/* As Xorg does it: one buffer across both, in one commit. */
TEST_F(sinks, extend)
{
	struct kms *left = &self->kms[0], *right = &self->kms[1];
	static const struct drm_mode_rect on_the_right = { 1300, 10, 1400, 20 };
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct miracast_frame frame;
	uint32_t x, y, blob = 0;
	struct kms_fb fb;

	ASSERT_EQ(0, kms_fb_create(left, &fb, 2560, 720, DRM_FORMAT_XRGB8888,
				   RED));
	for (y = 0; y < 720; y++)
		for (x = 1280; x < 2560; x++)
			fb.pixels[y * fb.pitch / 4 + x] = GREEN;
	ASSERT_EQ(0, kms_modeset(left, &fb));
	ASSERT_EQ(0, kms_modeset(right, &fb));
	kms_set_plane(right, req, right->primary, "SRC_X", 1280 << 16);
	ASSERT_EQ(0, kms_commit(right, req, 0));
	picture_is(_metadata, left, RED);
	picture_is(_metadata, right, GREEN);

	/* Damage is that of the monitor, in its own coordinates. */
	drmModeCreatePropertyBlob(left->card, &on_the_right,
				  sizeof(on_the_right), &blob);
	req = drmModeAtomicAlloc();
	kms_set_plane(left, req, left->primary, "FB_ID", fb.id);
	kms_set_plane(left, req, left->primary, "FB_DAMAGE_CLIPS", blob);
	kms_set_plane(right, req, right->primary, "FB_ID", fb.id);
	kms_set_plane(right, req, right->primary, "FB_DAMAGE_CLIPS", blob);
	ASSERT_EQ(0, kms_commit(left, req, 0));
	drmModeDestroyPropertyBlob(left->card, blob);
	ASSERT_EQ(0, sink_acquire(left->sink, &frame));
	EXPECT_EQ(0, frame.num_damage);
	ASSERT_EQ(0, sink_acquire(right->sink, &frame));
	ASSERT_EQ(1, frame.num_damage);
	EXPECT_EQ(20, frame.damage[0].x1);
	EXPECT_EQ(10, frame.damage[0].y1);
	EXPECT_EQ(120, frame.damage[0].x2);
	EXPECT_EQ(20, frame.damage[0].y2);
}

TEST_HARNESS_MAIN
