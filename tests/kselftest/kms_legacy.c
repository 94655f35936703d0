// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of clients that know nothing of atomic commits, Xorg above all.
 */
#include <pthread.h>

#include "miracast_kms.h"

#define LATE_MS	10000

FIXTURE(legacy) {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
};

/* 1280x720, set as old clients do. */
static int set_crtc(struct kms *kms, const struct kms_fb *fb, uint32_t x,
		    uint32_t y)
{
	return errno_of(drmModeSetCrtc(kms->card, kms->crtc, fb->id, x, y,
				       &kms->connector, 1, &kms->mode));
}

FIXTURE_SETUP(legacy)
{
	struct kms *kms = &self->kms;

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, MIRACAST_PLUG_CURSOR);
	ASSERT_EQ(0, drmSetClientCap(kms->card, DRM_CLIENT_CAP_ATOMIC, 0));
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, set_crtc(kms, &self->a, 0, 0));
}

FIXTURE_TEARDOWN(legacy)
{
	kms_close(&self->kms);
}

static void take(struct __test_metadata *_metadata, struct kms *kms,
		 struct miracast_frame *frame)
{
	ASSERT_EQ(0, sink_acquire(kms->sink, frame));
	ASSERT_EQ(0, sink_release(kms->sink, frame->seq, -1, NULL));
}

TEST_F(legacy, mode_is_set_and_changed_and_dropped)
{
	struct kms *kms = &self->kms;
	struct miracast_mode_state first, state;
	struct miracast_frame frame;
	struct kms_fb big;

	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, &first,
				 sizeof(first)));
	EXPECT_EQ(1280, first.width);
	take(_metadata, kms, &frame);
	EXPECT_EQ(first.serial, frame.mode_serial);

	/* In mid-session, to a part of a larger buffer. */
	ASSERT_EQ(0, kms_fb_create(kms, &big, 2000, 1200, DRM_FORMAT_XRGB8888,
				   0));
	ASSERT_TRUE(kms_find_mode(kms, 1920, 1080, 60, &kms->mode));
	ASSERT_EQ(0, set_crtc(kms, &big, 80, 120));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, &state,
				 sizeof(state)));
	EXPECT_EQ(1920, state.width);
	EXPECT_EQ(first.serial + 1, state.serial);
	take(_metadata, kms, &frame);
	EXPECT_EQ(state.serial, frame.mode_serial);
	EXPECT_TRUE(frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(80, frame.src_x);
	EXPECT_EQ(120, frame.src_y);
	EXPECT_EQ(1920, frame.width);

	/* Panning is no new mode, but all of the picture. */
	ASSERT_EQ(0, set_crtc(kms, &big, 0, 0));
	take(_metadata, kms, &frame);
	EXPECT_EQ(state.serial, frame.mode_serial);
	EXPECT_TRUE(frame.flags & MIRACAST_FRAME_FULL);

	ASSERT_EQ(0, errno_of(drmModeSetCrtc(kms->card, kms->crtc, 0, 0, 0,
					     NULL, 0, NULL)));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_OFF, NULL, 0));
	EXPECT_EQ(-ENODATA, sink_acquire(kms->sink, &frame));
}

TEST_F(legacy, R55_dpms_is_standby)
{
	struct kms *kms = &self->kms;
	struct miracast_power power;
	struct miracast_frame frame;
	uint32_t dpms;

	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, NULL, 0));
	EXPECT_EQ(DRM_MODE_DPMS_ON,
		  kms_property(kms->card, kms->connector,
			       DRM_MODE_OBJECT_CONNECTOR, "DPMS", &dpms));
	ASSERT_NE(0, dpms);
	ASSERT_EQ(0, errno_of(drmModeConnectorSetProperty(kms->card, kms->connector,
							  dpms,
							  DRM_MODE_DPMS_OFF)));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_POWER, &power,
				 sizeof(power)));
	EXPECT_EQ(0, power.on);
	EXPECT_EQ(-ENODATA, sink_acquire(kms->sink, &frame));
	ASSERT_EQ(0, errno_of(drmModeConnectorSetProperty(kms->card, kms->connector,
							  dpms,
							  DRM_MODE_DPMS_ON)));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_POWER, &power,
				 sizeof(power)));
	EXPECT_EQ(1, power.on);
	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));
	EXPECT_TRUE(frame.flags & MIRACAST_FRAME_FULL);
}

TEST_F(legacy, R79_page_flip)
{
	struct kms *kms = &self->kms;
	struct miracast_frame frame;
	uint64_t done, start;
	uint32_t flags;

	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));
	start = now_ns();
	ASSERT_EQ(0, errno_of(drmModePageFlip(kms->card, kms->crtc, self->b.id,
					      DRM_MODE_PAGE_FLIP_EVENT, NULL)));
	/* One at a time. */
	EXPECT_EQ(-EBUSY, errno_of(drmModePageFlip(kms->card, kms->crtc,
						   self->a.id, 0, NULL)));
	done = kms_wait_flip(kms, LATE_MS);
	ASSERT_NE(0, done);
	/* Nobody releases: not with the next vblank. */
	EXPECT_LE(start + 1000000000ULL / 60, done);
	ASSERT_EQ(0, sink_release(kms->sink, frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);
}

TEST_F(legacy, flips_that_tear_are_not_promised)
{
	struct kms *kms = &self->kms;
	uint64_t cap = 1;

	EXPECT_EQ(0, drmGetCap(kms->card, DRM_CAP_ASYNC_PAGE_FLIP, &cap));
	EXPECT_EQ(0, cap);
	EXPECT_EQ(-EINVAL, errno_of(drmModePageFlip(kms->card, kms->crtc,
						    self->b.id,
						    DRM_MODE_PAGE_FLIP_ASYNC |
						    DRM_MODE_PAGE_FLIP_EVENT,
						    NULL)));
	EXPECT_EQ(0, drmGetCap(kms->card, DRM_CAP_PAGE_FLIP_TARGET, &cap));
	EXPECT_EQ(0, cap);
	/* Nothing is pending: the next one is taken. */
	EXPECT_EQ(0, errno_of(drmModePageFlip(kms->card, kms->crtc, self->b.id,
					      DRM_MODE_PAGE_FLIP_EVENT, NULL)));
	EXPECT_NE(0, kms_wait_flip(kms, LATE_MS));
}

/* Xorg draws into the buffer on the screen and says where. */
TEST_F(legacy, dirty_becomes_damage)
{
	struct kms *kms = &self->kms;
	drmModeClip clips[] = { { 10, 20, 30, 40 }, { 100, 200, 300, 400 } };
	struct miracast_frame frame;
	uint32_t i, seen = 0;
	__u64 buffer;

	take(_metadata, kms, &frame);
	buffer = frame.buffer_id;
	/* Two calls that nobody looked at between add up. */
	ASSERT_EQ(0, drmModeDirtyFB(kms->card, self->a.id, &clips[0], 1));
	ASSERT_EQ(0, drmModeDirtyFB(kms->card, self->a.id, &clips[1], 1));
	take(_metadata, kms, &frame);
	EXPECT_EQ(buffer, frame.buffer_id);
	EXPECT_EQ(0, frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(2, frame.num_damage);
	for (i = 0; i < frame.num_damage && i < MIRACAST_MAX_DAMAGE; i++) {
		const struct miracast_rect *rect = &frame.damage[i];

		seen |= rect->x1 == 10 && rect->y1 == 20 && rect->x2 == 30 &&
			rect->y2 == 40;
		seen |= (rect->x1 == 100 && rect->y1 == 200 && rect->x2 == 300 &&
			 rect->y2 == 400) << 1;
	}
	EXPECT_EQ(3, seen);

	/* Without clips it is all of it. */
	ASSERT_EQ(0, drmModeDirtyFB(kms->card, self->a.id, NULL, 0));
	take(_metadata, kms, &frame);
	ASSERT_EQ(1, frame.num_damage);
	EXPECT_EQ(0, frame.damage[0].x1 | frame.damage[0].y1);
	EXPECT_EQ(1280, frame.damage[0].x2);
	EXPECT_EQ(720, frame.damage[0].y2);

	/* What is not on the screen is no damage. */
	ASSERT_EQ(0, drmModeDirtyFB(kms->card, self->b.id, &clips[0], 1));
	EXPECT_EQ(-EAGAIN, sink_acquire(kms->sink, &frame));
}

TEST_F(legacy, cursor_is_set_moved_changed_and_hidden)
{
	struct kms *kms = &self->kms;
	struct miracast_frame frame;
	struct kms_fb image;
	__u64 first;

	ASSERT_EQ(0, kms_fb_create(kms, &image, 64, 64, DRM_FORMAT_ARGB8888, 0));
	take(_metadata, kms, &frame);
	ASSERT_EQ(0, drmModeMoveCursor(kms->card, kms->crtc, 40, 50));
	ASSERT_EQ(0, drmModeSetCursor(kms->card, kms->crtc, image.handle, 64, 64));
	take(_metadata, kms, &frame);
	EXPECT_EQ(MIRACAST_FRAME_CURSOR | MIRACAST_FRAME_CURSOR_VISIBLE,
		  frame.flags);
	EXPECT_EQ(40, frame.cursor_x);
	EXPECT_EQ(50, frame.cursor_y);
	EXPECT_EQ(0, frame.num_damage);
	first = frame.cursor_buffer_id;

	/* An image that was drawn over the old one has to be looked at, too. */
	ASSERT_EQ(0, drmModeSetCursor2(kms->card, kms->crtc, image.handle, 64,
				       64, 3, 4));
	take(_metadata, kms, &frame);
	EXPECT_TRUE(frame.flags & MIRACAST_FRAME_CURSOR);
	EXPECT_NE(first, frame.cursor_buffer_id);

	/* Out of sight, and back. */
	ASSERT_EQ(0, drmModeMoveCursor(kms->card, kms->crtc, 5000, 5000));
	take(_metadata, kms, &frame);
	EXPECT_EQ(MIRACAST_FRAME_CURSOR, frame.flags);
	ASSERT_EQ(0, drmModeMoveCursor(kms->card, kms->crtc, -63, 719));
	take(_metadata, kms, &frame);
	EXPECT_EQ(MIRACAST_FRAME_CURSOR | MIRACAST_FRAME_CURSOR_VISIBLE,
		  frame.flags);
	EXPECT_EQ(-63, frame.cursor_x);
	EXPECT_EQ(719, frame.cursor_y);

	ASSERT_EQ(0, drmModeSetCursor(kms->card, kms->crtc, 0, 0, 0));
	take(_metadata, kms, &frame);
	EXPECT_EQ(MIRACAST_FRAME_CURSOR, frame.flags);
}

static int get_color(struct kms *kms, struct miracast_color *color)
{
	uint32_t bytes = 0;
	int ret;

	memset(color, 0xa5, sizeof(*color));
	ret = sink_io_control(kms->sink, MIRACAST_CTL_GET_COLOR, NULL, 0, color,
			      sizeof(*color), &bytes);

	return ret ? ret : bytes == sizeof(*color) ? 0 : -EBADMSG;
}

/* Night light: the reader is told of the curves, and shows everything anew. */
TEST_F(legacy, gamma)
{
	struct kms *kms = &self->kms;
	drmModeCrtc *crtc = drmModeGetCrtc(kms->card, kms->crtc);
	uint16_t red[256], green[256], blue[256], again[3][256];
	struct miracast_color color;
	struct miracast_frame frame;
	uint32_t serial;
	int i;

	ASSERT_NE(NULL, crtc);
	EXPECT_EQ(256, crtc->gamma_size);
	drmModeFreeCrtc(crtc);
	for (i = 0; i < 256; i++) {
		red[i] = (uint16_t)(i * 257);
		green[i] = (uint16_t)(i * 200);
		blue[i] = (uint16_t)(i * 100 + 1);
	}
	take(_metadata, kms, &frame);
	serial = frame.color_serial;
	ASSERT_EQ(0, errno_of(drmModeCrtcSetGamma(kms->card, kms->crtc, 256, red,
						  green, blue)));
	take(_metadata, kms, &frame);
	EXPECT_TRUE(frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_NE(0, frame.color_serial);
	EXPECT_NE(serial, frame.color_serial);
	ASSERT_EQ(0, get_color(kms, &color));
	EXPECT_EQ(frame.color_serial, color.serial);
	EXPECT_EQ(MIRACAST_COLOR_CURVES, color.flags);
	EXPECT_EQ(0, memcmp(red, color.red, sizeof(red)));
	EXPECT_EQ(0, memcmp(green, color.green, sizeof(green)));
	EXPECT_EQ(0, memcmp(blue, color.blue, sizeof(blue)));
	ASSERT_EQ(0, drmModeCrtcGetGamma(kms->card, kms->crtc, 256, again[0],
					 again[1], again[2]));
	EXPECT_EQ(0, memcmp(blue, again[2], sizeof(blue)));
	EXPECT_GT(0, drmModeCrtcSetGamma(kms->card, kms->crtc, 255, red, green,
					 blue));

	/* A reader that knows less of it. */
	EXPECT_EQ(0, sink_io_control(kms->sink, MIRACAST_CTL_GET_COLOR, NULL, 0,
				     &color, 4, &serial));
	EXPECT_EQ(4, serial);
}

static int set_crtc_blob(struct kms *kms, const char *name, const void *data,
			 size_t size)
{
	uint32_t id, blob = 0;
	int ret = 0;

	kms_property(kms->card, kms->crtc, DRM_MODE_OBJECT_CRTC, name, &id);
	if (!id)
		return -ENOENT;
	if (data)
		ret = errno_of(drmModeCreatePropertyBlob(kms->card, data, size,
							 &blob));

	return ret ? ret : errno_of(drmModeObjectSetProperty(kms->card, kms->crtc,
							     DRM_MODE_OBJECT_CRTC,
							     id, blob));
}

/* The matrix is handed on as it is; what cannot be is refused. */
TEST_F(legacy, colour_matrix)
{
	const struct drm_color_ctm ctm = {
		.matrix = { 1ULL << 32, 0, 0, 0, 1ULL << 31, 1ULL << 63 | 5, 0, 0, 7 },
	};
	static const struct drm_color_lut lut[257];
	struct kms *kms = &self->kms;
	struct miracast_color color;
	struct miracast_frame frame;
	uint32_t id;

	/* What a desktop has set outlives it. */
	ASSERT_EQ(0, set_crtc_blob(kms, "GAMMA_LUT", NULL, 0));
	take(_metadata, kms, &frame);
	ASSERT_EQ(0, set_crtc_blob(kms, "CTM", &ctm, sizeof(ctm)));
	take(_metadata, kms, &frame);
	EXPECT_TRUE(frame.flags & MIRACAST_FRAME_FULL);
	ASSERT_EQ(0, get_color(kms, &color));
	EXPECT_EQ(frame.color_serial, color.serial);
	EXPECT_EQ(MIRACAST_COLOR_MATRIX, color.flags);
	EXPECT_EQ(0, memcmp(ctm.matrix, color.matrix, sizeof(ctm.matrix)));
	EXPECT_EQ(0, color.red[255]);

	EXPECT_EQ(256, kms_property(kms->card, kms->crtc, DRM_MODE_OBJECT_CRTC,
				    "GAMMA_LUT_SIZE", &id));
	EXPECT_EQ(-EINVAL, set_crtc_blob(kms, "GAMMA_LUT", lut, sizeof(lut)));
	EXPECT_EQ(-EINVAL, set_crtc_blob(kms, "GAMMA_LUT", lut, sizeof(lut[0])));
	/* Nobody would apply it before the matrix. */
	EXPECT_EQ(-ENOENT, set_crtc_blob(kms, "DEGAMMA_LUT", lut, sizeof(lut)));

	ASSERT_EQ(0, set_crtc_blob(kms, "CTM", NULL, 0));
	take(_metadata, kms, &frame);
	ASSERT_EQ(0, get_color(kms, &color));
	EXPECT_EQ(0, color.flags);
	EXPECT_EQ(frame.color_serial, color.serial);
}

/* A DRM_IOCTL_MODE_DIRTYFB, which blocks. */
struct dirty {
	struct kms *kms;
	uint32_t fb;
	pthread_t thread;
	int ret;
	uint64_t began;
	uint64_t ended;
};

static void *draw_in_place(void *arg)
{
	drmModeClip clip = { 10, 20, 30, 40 };
	struct dirty *dirty = arg;

	dirty->began = now_ns();
	dirty->ret = drmModeDirtyFB(dirty->kms->card, dirty->fb, &clip, 1);
	dirty->ended = now_ns();

	return NULL;
}

/* The picture of @dirty, while its call may still be waiting. */
static int take_of_call(struct dirty *dirty, struct miracast_frame *frame)
{
	if (pthread_create(&dirty->thread, NULL, draw_in_place, dirty))
		return -EAGAIN;
	if (fd_poll(dirty->kms->sink, POLLPRI, LATE_MS) != POLLPRI)
		return -ETIMEDOUT;

	return sink_acquire(dirty->kms->sink, frame);
}

TEST_F(legacy, R79_drawing_in_place_waits_for_the_release)
{
	struct kms *kms = &self->kms;
	struct dirty dirty = { .kms = kms, .fb = self->a.id };
	struct miracast_frame frame;
	bool waited = false;
	uint64_t released;
	uint32_t flags;
	int i;

	take(_metadata, kms, &frame);
	/* The deadline may come first on a slow machine; not each time. */
	for (i = 0; i < 20 && !waited; i++) {
		ASSERT_EQ(0, take_of_call(&dirty, &frame));
		/* One that does not wait has returned after a period. */
		while (now_ns() < dirty.began + 25000000)
			sleep_ms(1);
		released = now_ns();
		ASSERT_EQ(0, sink_release(kms->sink, frame.seq, -1, &flags));
		ASSERT_EQ(0, pthread_join(dirty.thread, NULL));
		ASSERT_EQ(0, dirty.ret);
		waited = !flags && dirty.ended >= released;
		EXPECT_TRUE(waited || flags);
		/* Else it is there again. */
		if (flags)
			take(_metadata, kms, &frame);
	}
	EXPECT_TRUE(waited);
}

TEST_F(legacy, R79_drawing_in_place_goes_on_without_the_daemon)
{
	struct kms *kms = &self->kms;
	struct dirty dirty = { .kms = kms, .fb = self->a.id };
	uint64_t least = UINT64_MAX;
	struct miracast_frame frame;
	uint32_t flags;
	int i;

	/* The first time it has the chance to take, then to release. */
	take(_metadata, kms, &frame);
	ASSERT_EQ(0, take_of_call(&dirty, &frame));
	ASSERT_EQ(0, pthread_join(dirty.thread, NULL));
	EXPECT_LE(dirty.began + 34000000, dirty.ended);
	ASSERT_EQ(0, sink_release(kms->sink, frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);

	/* It does not take; so it is not waited for. */
	for (i = 0; i < 20; i++) {
		draw_in_place(&dirty);
		ASSERT_EQ(0, dirty.ret);
		if (dirty.ended - dirty.began < least)
			least = dirty.ended - dirty.began;
	}
	EXPECT_LT(least, 34000000);
}

TEST_F(legacy, R79_what_is_read_while_it_is_drawn_in_place_is_torn)
{
	struct kms *kms = &self->kms;
	struct dirty dirty = { .kms = kms, .fb = self->a.id };
	struct miracast_frame frame;
	uint32_t flags;

	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));
	draw_in_place(&dirty);
	ASSERT_EQ(0, dirty.ret);
	ASSERT_EQ(0, sink_release(kms->sink, frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);

	take(_metadata, kms, &frame);
	EXPECT_EQ(MIRACAST_FRAME_FULL, frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_KEY_FRAME, NULL, 0));
}

TEST_HARNESS_MAIN
