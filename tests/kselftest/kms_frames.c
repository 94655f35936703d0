// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pictures: from the compositor's buffer to the daemon's dma-buf.
 */
#include <linux/dma-buf.h>
#include <sys/resource.h>

#include "miracast_kms.h"

#define RED	0x00ff0000
#define GREEN	0x0000ff00

FIXTURE(frames) {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
};

/* A monitor with two buffers to show, one of them on the screen. */
FIXTURE_SETUP(frames)
{
	struct kms *kms = &self->kms;

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, MIRACAST_PLUG_CURSOR);
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1280, 720,
				   DRM_FORMAT_XRGB8888, RED));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1280, 720,
				   DRM_FORMAT_XRGB8888, GREEN));
	ASSERT_EQ(0, kms_modeset(kms, &self->a));
}

FIXTURE_TEARDOWN(frames)
{
	kms_close(&self->kms);
}

static bool rect_is(const struct miracast_rect *rect, uint32_t x1, uint32_t y1,
		    uint32_t x2, uint32_t y2)
{
	return rect->x1 == x1 && rect->y1 == y1 && rect->x2 == x2 &&
	       rect->y2 == y2;
}

/* --------------------------------------------------------------- pixels */

TEST_F(frames, pixels_are_those_that_were_drawn)
{
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ,
	};
	struct miracast_frame frame;
	uint32_t x, y, wrong = 0;
	const uint32_t *line;
	uint8_t *map;
	size_t size;
	int fd;

	for (y = 0; y < 720; y++)
		for (x = 0; x < 1280; x++)
			self->b.pixels[y * self->b.pitch / 4 + x] = y << 16 | x;
	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
	ASSERT_NE(0, kms_wait_flip(&self->kms, 5000));

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(1280, frame.width);
	EXPECT_EQ(720, frame.height);
	EXPECT_EQ(DRM_FORMAT_XRGB8888, frame.fourcc);
	EXPECT_EQ(DRM_FORMAT_MOD_LINEAR, frame.modifier);
	EXPECT_EQ(1, frame.num_planes);
	EXPECT_EQ(self->b.pitch, frame.pitch[0]);
	EXPECT_EQ(0, frame.pitch[0] % 256);
	EXPECT_EQ(0, frame.src_x | frame.src_y | frame.offset[0]);
	fd = sink_get_buffer(self->kms.sink, frame.buffer_id);
	ASSERT_LE(0, fd);
	size = (size_t)lseek(fd, 0, SEEK_END);
	ASSERT_LE((size_t)frame.pitch[0] * frame.height, size);

	/* Ours to read only. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_WRITE, MAP_SHARED, fd, 0));
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, dev_ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
	for (y = 0; y < frame.height; y++) {
		line = (const uint32_t *)(map + (size_t)y * frame.pitch[0]);
		for (x = 0; x < frame.width; x++)
			wrong += line[x] != (y << 16 | x);
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
}

TEST_F(frames, part_of_a_larger_buffer)
{
	struct miracast_frame frame;
	drmModeAtomicReq *req;
	struct kms_fb big;

	ASSERT_EQ(0, kms_fb_create(&self->kms, &big, 2560, 1440,
				   DRM_FORMAT_XRGB8888, 0));
	req = drmModeAtomicAlloc();
	kms_set_picture(&self->kms, req, &big);
	kms_set_plane(&self->kms, req, self->kms.primary, "SRC_X", 100 << 16);
	kms_set_plane(&self->kms, req, self->kms.primary, "SRC_Y", 200 << 16);
	ASSERT_EQ(0, kms_commit(&self->kms, req, 0));

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(100, frame.src_x);
	EXPECT_EQ(200, frame.src_y);
	EXPECT_EQ(1280, frame.width);
	EXPECT_EQ(720, frame.height);
	EXPECT_EQ(big.pitch, frame.pitch[0]);
}

/* -------------------------------------------------------------- mailbox */

TEST_F(frames, newest_wins)
{
	struct miracast_frame first, second;

	EXPECT_EQ(POLLPRI, fd_poll(self->kms.sink, POLLPRI, 5000));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &first));
	EXPECT_EQ(MIRACAST_FRAME_FULL, first.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(0, fd_poll(self->kms.sink, POLLPRI, 0));
	EXPECT_EQ(-EAGAIN, sink_acquire(self->kms.sink, &second));
	ASSERT_EQ(0, sink_release(self->kms.sink, first.seq, -1, NULL));
	EXPECT_EQ(-EAGAIN, sink_acquire(self->kms.sink, &second));

	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->a, NULL, 0));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &second));
	EXPECT_EQ(first.seq + 3, second.seq);
	EXPECT_NE(first.buffer_id, second.buffer_id);
	EXPECT_LT(first.flip_ns, second.flip_ns);
	EXPECT_EQ(first.mode_serial, second.mode_serial);
}

/* What the flip's event says, and known before it comes. */
TEST_F(frames, time_on_the_screen)
{
	const struct kms_fb *fbs[] = { &self->b, &self->a };
	unsigned int i, agree = 0, before = 0;
	struct miracast_frame frame;
	uint64_t event, known_ns;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
	for (i = 0; i < 30; i++) {
		/* At any time between two vertical blanks. */
		usleep(i * 1100);
		ASSERT_EQ(0, kms_flip(&self->kms, fbs[i % 2]));
		ASSERT_EQ(POLLPRI, fd_poll(self->kms.sink, POLLPRI, 5000));
		ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
		known_ns = now_ns();
		ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
		event = kms_wait_flip(&self->kms, 5000);
		ASSERT_NE(0, event);
		EXPECT_LT(frame.flip_ns, frame.shown_ns);
		EXPECT_GE(frame.flip_ns + 16700000, frame.shown_ns);
		agree += frame.shown_ns / 1000 == event / 1000;
		before += known_ns < event;
	}
	/* A commit may sit across a vertical blank, and the machine may stand still. */
	EXPECT_LE(27, agree);
	EXPECT_LE(15, before);
	TH_LOG("%u of %u agree, %u are known before", agree, i, before);
}

TEST_F(frames, damage_of_skipped_pictures_adds_up)
{
	static const struct drm_mode_rect one = { 0, 0, 64, 32 };
	static const struct drm_mode_rect two = { 600, 300, 700, 400 };
	static const struct drm_mode_rect outside = { 1200, 700, 5000, 5000 };
	struct miracast_frame frame;
	uint32_t i, seen = 0;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));

	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, &one, 1));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->a, &two, 1));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, &outside, 1));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(0, frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(3, frame.num_damage);
	for (i = 0; i < frame.num_damage && i < MIRACAST_MAX_DAMAGE; i++) {
		seen |= rect_is(&frame.damage[i], 0, 0, 64, 32) << 0;
		seen |= rect_is(&frame.damage[i], 600, 300, 700, 400) << 1;
		seen |= rect_is(&frame.damage[i], 1200, 700, 1280, 720) << 2;
	}
	EXPECT_EQ(7, seen);
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));

	/* And starts anew. */
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->a, &one, 1));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(1, frame.num_damage);
	EXPECT_TRUE(rect_is(&frame.damage[0], 0, 0, 64, 32));
}

TEST_F(frames, damage_in_more_places_than_there_is_room)
{
	struct drm_mode_rect rects[40];
	struct miracast_frame frame;
	uint32_t covered = 0, i, j;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
	for (i = 0; i < 40; i++) {
		rects[i].x1 = (int32_t)(i * 30);
		rects[i].y1 = (int32_t)(i * 15);
		rects[i].x2 = rects[i].x1 + 5;
		rects[i].y2 = rects[i].y1 + 5;
	}
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, rects, 40));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_GE(MIRACAST_MAX_DAMAGE, frame.num_damage);
	for (i = 0; i < 40; i++) {
		for (j = 0; j < frame.num_damage; j++) {
			if ((uint32_t)rects[i].x1 >= frame.damage[j].x1 &&
			    (uint32_t)rects[i].y1 >= frame.damage[j].y1 &&
			    (uint32_t)rects[i].x2 <= frame.damage[j].x2 &&
			    (uint32_t)rects[i].y2 <= frame.damage[j].y2)
				break;
		}
		covered += j < frame.num_damage;
	}
	EXPECT_EQ(40, covered);
}

/* Half a pixel more on the one side is none beyond the other. */
TEST_F(frames, damage_lies_within_the_picture)
{
	struct miracast_frame frame;
	drmModeAtomicReq *req;
	struct kms_fb big;

	ASSERT_EQ(0, kms_fb_create(&self->kms, &big, 1400, 800,
				   DRM_FORMAT_XRGB8888, 0));
	req = drmModeAtomicAlloc();
	kms_set_picture(&self->kms, req, &big);
	kms_set_plane(&self->kms, req, self->kms.primary, "SRC_X",
		      (10 << 16) + 0x8000);
	kms_set_plane(&self->kms, req, self->kms.primary, "SRC_Y",
		      (20 << 16) + 0x8000);
	ASSERT_EQ(0, kms_commit(&self->kms, req, 0));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));

	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &big, NULL, 0));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(0, frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(10, frame.src_x);
	EXPECT_EQ(20, frame.src_y);
	ASSERT_EQ(1, frame.num_damage);
	EXPECT_TRUE(rect_is(&frame.damage[0], 0, 0, 1280, 720));
}

TEST_F(frames, held_at_most)
{
	struct miracast_frame frame[MIRACAST_MAX_HELD + 1];
	struct kms_fb fb[MIRACAST_MAX_HELD];
	int i;

	for (i = 0; i < MIRACAST_MAX_HELD; i++) {
		ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame[i]));
		ASSERT_EQ(0, kms_fb_create(&self->kms, &fb[i], 1280, 720,
					   DRM_FORMAT_XRGB8888, 0));
		ASSERT_EQ(0, kms_flip_damaged(&self->kms, &fb[i], NULL, 0));
	}
	EXPECT_EQ(-EBUSY, sink_acquire(self->kms.sink, &frame[i]));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame[1].seq, -1, NULL));
	EXPECT_EQ(0, sink_acquire(self->kms.sink, &frame[i]));
	EXPECT_EQ(MIRACAST_FRAME_FULL, frame[i].flags & MIRACAST_FRAME_FULL);
}

TEST_F(frames, nothing_to_see_when_off)
{
	struct miracast_frame frame;

	ASSERT_EQ(0, kms_set_active(&self->kms, false));
	EXPECT_EQ(-ENODATA, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(0, fd_poll(self->kms.sink, POLLPRI, 0));
	ASSERT_EQ(0, kms_set_active(&self->kms, true));
	EXPECT_EQ(POLLPRI, fd_poll(self->kms.sink, POLLPRI, 5000));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(MIRACAST_FRAME_FULL, frame.flags & MIRACAST_FRAME_FULL);
	ASSERT_EQ(0, kms_disable(&self->kms));
	EXPECT_EQ(-ENODATA, sink_acquire(self->kms.sink, &frame));
}

TEST_F(frames, nothing_to_see_when_unplugged_or_stopped)
{
	struct miracast_frame frame, none;

	ASSERT_EQ(0, sink_unplug(self->kms.sink));
	EXPECT_EQ(-ENODATA, sink_acquire(self->kms.sink, &none));
	kms_plug(_metadata, &self->kms, 0);
	EXPECT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, sink_op(self->kms.sink, MIRACAST_SESSION_BEGIN_STOP, 0, 0));
	EXPECT_EQ(-ENODATA, sink_acquire(self->kms.sink, &none));
	/* What was held may be given back. */
	EXPECT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
}

/* -------------------------------------------------------------- buffers */

TEST_F(frames, id_is_told_once_and_retired_once)
{
	struct miracast_get_retired retired;
	struct miracast_frame one, two, three;

	EXPECT_EQ(-EAGAIN, dev_ioctl(self->kms.sink, MIRACAST_IOC_GET_RETIRED,
				     &retired));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &one));
	ASSERT_LE(0, sink_get_buffer(self->kms.sink, one.buffer_id));
	ASSERT_EQ(0, sink_release(self->kms.sink, one.seq, -1, NULL));

	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &two));
	ASSERT_EQ(0, sink_release(self->kms.sink, two.seq, -1, NULL));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->a, NULL, 0));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &three));
	EXPECT_EQ(one.buffer_id, three.buffer_id);
	ASSERT_EQ(0, sink_release(self->kms.sink, three.seq, -1, NULL));

	/* Off the screen and destroyed: gone. */
	kms_fb_destroy(&self->kms, &self->b);
	EXPECT_EQ(POLLPRI, fd_poll(self->kms.sink, POLLPRI, 5000));
	ASSERT_EQ(0, dev_ioctl(self->kms.sink, MIRACAST_IOC_GET_RETIRED,
			       &retired));
	EXPECT_EQ(1, retired.num_ids);
	EXPECT_EQ(0, retired.outstanding);
	EXPECT_EQ(two.buffer_id, retired.ids[0]);
	EXPECT_EQ(-EAGAIN, dev_ioctl(self->kms.sink, MIRACAST_IOC_GET_RETIRED,
				     &retired));
	EXPECT_EQ(0, fd_poll(self->kms.sink, POLLPRI, 0));
}

/* The last picture of a desktop that is gone must not keep the module. */
TEST_F(frames, only_who_has_a_buffer_pins_the_module)
{
	struct miracast_frame frame;
	long users;
	int fd;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	users = module_users("miracast");
	ASSERT_LT(0, users);
	fd = sink_get_buffer(self->kms.sink, frame.buffer_id);
	ASSERT_LE(0, fd);
	EXPECT_LT(users, module_users("miracast"));
	close(fd);
	EXPECT_EQ(users, module_users("miracast"));
}

TEST_F(frames, held_buffer_is_not_retired)
{
	struct miracast_get_retired retired;
	struct miracast_frame frame;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	kms_fb_destroy(&self->kms, &self->a);
	EXPECT_EQ(-EAGAIN, dev_ioctl(self->kms.sink, MIRACAST_IOC_GET_RETIRED,
				     &retired));
	EXPECT_LE(0, sink_get_buffer(self->kms.sink, frame.buffer_id));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
	ASSERT_EQ(0, dev_ioctl(self->kms.sink, MIRACAST_IOC_GET_RETIRED,
			       &retired));
	EXPECT_EQ(frame.buffer_id, retired.ids[0]);
}

TEST_F_TIMEOUT(frames, retired_ids_come_in_portions, 60)
{
	struct miracast_get_retired retired;
	struct miracast_frame frame;
	unsigned int i, got = 0;
	struct kms_fb fb;

	for (i = 0; i < 20; i++) {
		fb = self->b;
		ASSERT_EQ(0, kms_fb_from_handle(&self->kms, &fb,
						DRM_FORMAT_XRGB8888));
		ASSERT_EQ(0, kms_flip_damaged(&self->kms, &fb, NULL, 0));
		ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
		ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
		ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->a, NULL, 0));
		drmModeRmFB(self->kms.card, fb.id);
	}
	ASSERT_EQ(0, dev_ioctl(self->kms.sink, MIRACAST_IOC_GET_RETIRED,
			       &retired));
	EXPECT_EQ(16, retired.num_ids);
	EXPECT_EQ(4, retired.outstanding);
	got += retired.num_ids;
	ASSERT_EQ(0, dev_ioctl(self->kms.sink, MIRACAST_IOC_GET_RETIRED,
			       &retired));
	got += retired.num_ids;
	EXPECT_EQ(20, got);
	EXPECT_EQ(0, retired.outstanding);
}

TEST_F(frames, bad_buffers_and_releases)
{
	struct miracast_release_frame release = { .sync_file = -1 };
	struct miracast_get_buffer get = {};
	struct rlimit limit, none;
	struct miracast_frame frame;
	int sink = self->kms.sink;
	int first;

	EXPECT_EQ(-ENOENT, sink_release(sink, 1, -1, NULL));
	EXPECT_EQ(-ENOENT, sink_get_buffer(sink, 1));
	EXPECT_EQ(-ENOENT, sink_get_buffer(sink, 0));
	ASSERT_EQ(0, sink_acquire(sink, &frame));
	EXPECT_EQ(-ENOENT, sink_get_buffer(sink, frame.buffer_id + 1000));
	/* A visible cursor would have an id. */
	EXPECT_EQ(-ENOENT, sink_get_buffer(sink, frame.cursor_buffer_id));
	get.buffer_id = frame.buffer_id;
	get.flags = 1;
	EXPECT_EQ(-EINVAL, dev_ioctl(sink, MIRACAST_IOC_GET_BUFFER, &get));

	/* No descriptor to be had: nothing happens, it can be tried again. */
	first = dup(0);
	close(first);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = (rlim_t)first;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, sink_get_buffer(sink, frame.buffer_id));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(first, sink_get_buffer(sink, frame.buffer_id));
	EXPECT_EQ(FD_CLOEXEC, fcntl(first, F_GETFD));

	release.seq = frame.seq;
	release.flags = 1;
	EXPECT_EQ(-EINVAL, dev_ioctl(sink, MIRACAST_IOC_RELEASE_FRAME, &release));
	release.flags = 0;
	release.sync_file = -2;
	EXPECT_EQ(-EINVAL, dev_ioctl(sink, MIRACAST_IOC_RELEASE_FRAME, &release));
	release.sync_file = 0;
	EXPECT_EQ(-EINVAL, dev_ioctl(sink, MIRACAST_IOC_RELEASE_FRAME, &release));
	EXPECT_EQ(0, sink_release(sink, frame.seq, -1, NULL));
	EXPECT_EQ(-ENOENT, sink_release(sink, frame.seq, -1, NULL));
	EXPECT_EQ(-ENOENT, sink_get_buffer(sink, frame.buffer_id));
}

/* --------------------------------------------------------------- cursor */

TEST_F(frames, cursor_is_passed_on_unblended)
{
	struct miracast_frame frame;
	struct kms_fb image;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(0, frame.flags & MIRACAST_FRAME_CURSOR_VISIBLE);
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
	ASSERT_EQ(0, kms_fb_create(&self->kms, &image, 64, 64,
				   DRM_FORMAT_ARGB8888, 0x80ffffff));
	ASSERT_EQ(0, kms_set_cursor(&self->kms, &image, -10, 30, 0));

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(MIRACAST_FRAME_CURSOR | MIRACAST_FRAME_CURSOR_VISIBLE,
		  frame.flags);
	EXPECT_EQ(0, frame.num_damage);
	EXPECT_EQ(-10, frame.cursor_x);
	EXPECT_EQ(30, frame.cursor_y);
	EXPECT_EQ(64, frame.cursor_width);
	EXPECT_EQ(64, frame.cursor_height);
	EXPECT_EQ(image.pitch, frame.cursor_pitch);
	EXPECT_NE(frame.buffer_id, frame.cursor_buffer_id);
	EXPECT_LE(0, sink_get_buffer(self->kms.sink, frame.cursor_buffer_id));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));

	/* A picture under a cursor that rests. */
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(MIRACAST_FRAME_CURSOR_VISIBLE,
		  frame.flags & ~MIRACAST_FRAME_FULL);
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));

	/* Moved as old clients do. */
	ASSERT_EQ(0, drmModeMoveCursor(self->kms.card, self->kms.crtc, 500, 400));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(MIRACAST_FRAME_CURSOR | MIRACAST_FRAME_CURSOR_VISIBLE,
		  frame.flags);
	EXPECT_EQ(500, frame.cursor_x);
	EXPECT_EQ(400, frame.cursor_y);
}

TEST_F(frames, cursor_that_nobody_would_draw_is_refused)
{
	struct kms_fb image, small;

	ASSERT_EQ(0, kms_fb_create(&self->kms, &image, 64, 64,
				   DRM_FORMAT_ARGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(&self->kms, &small, 32, 32,
				   DRM_FORMAT_ARGB8888, 0));
	EXPECT_EQ(0, kms_set_cursor(&self->kms, &image, 0, 0,
				    DRM_MODE_ATOMIC_TEST_ONLY));
	EXPECT_EQ(-EINVAL, kms_set_cursor(&self->kms, &small, 0, 0,
					  DRM_MODE_ATOMIC_TEST_ONLY));

	kms_plug(_metadata, &self->kms, 0);
	EXPECT_EQ(-EINVAL, kms_set_cursor(&self->kms, &image, 0, 0,
					  DRM_MODE_ATOMIC_TEST_ONLY));
	EXPECT_EQ(-EINVAL, drmModeSetCursor(self->kms.card, self->kms.crtc,
					    image.handle, 64, 64) ? -errno : 0);
}

/* The cursor of another session is in a modeset, too, but not what it is about. */
TEST_F(frames, cursor_of_the_last_session_is_in_nobodys_way)
{
	struct kms *kms = &self->kms;
	struct kms_fb image, wide;

	ASSERT_EQ(0, kms_fb_create(kms, &image, 64, 64, DRM_FORMAT_ARGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(kms, &wide, 1920, 1080, DRM_FORMAT_XRGB8888,
				   0));
	ASSERT_EQ(0, kms_set_cursor(kms, &image, 0, 0, 0));

	kms_plug(_metadata, kms, 0);
	ASSERT_TRUE(kms_find_mode(kms, 1920, 1080, 60, &kms->mode));
	EXPECT_EQ(0, kms_modeset(kms, &wide));
	/* Nobody would draw it where it is moved to. */
	EXPECT_EQ(-EINVAL, kms_set_cursor(kms, &image, 1, 0, 0));
}

/* ------------------------------------------------------------- messages */

TEST_F(frames, R55_mode_and_power_are_told)
{
	struct miracast_mode_state first, state;
	struct miracast_frame frame;
	struct miracast_power power;
	drmModeModeInfo old = self->kms.mode;
	struct kms_fb wide;
	uint32_t bytes;
	int sink = self->kms.sink;

	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_MODE_SET, &first,
				 sizeof(first)));
	EXPECT_EQ(1280, first.width);
	EXPECT_EQ(720, first.height);
	EXPECT_EQ(60000, first.refresh);
	/* And no more: a picture came with it. */
	EXPECT_EQ(0, fd_poll(sink, POLLIN, 300));
	ASSERT_EQ(0, sink_acquire(sink, &frame));
	EXPECT_EQ(first.serial, frame.mode_serial);
	ASSERT_EQ(0, sink_release(sink, frame.seq, -1, NULL));
	ASSERT_EQ(0, sink_io_control(sink, MIRACAST_CTL_GET_MODE, NULL, 0,
				     &state, sizeof(state), &bytes));
	EXPECT_EQ(sizeof(state), bytes);
	EXPECT_EQ(0, memcmp(&first, &state, sizeof(state)));

	/* Standby is not the end of the mode. */
	ASSERT_EQ(0, kms_set_active(&self->kms, false));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_POWER, &power, sizeof(power)));
	EXPECT_EQ(0, power.on);
	ASSERT_EQ(0, kms_set_active(&self->kms, true));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_POWER, &power, sizeof(power)));
	EXPECT_EQ(1, power.on);

	ASSERT_TRUE(kms_find_mode(&self->kms, 1920, 1080, 24, &self->kms.mode));
	ASSERT_EQ(0, kms_fb_create(&self->kms, &wide, 1920, 1080,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(&self->kms, &wide));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_MODE_SET, &state,
				 sizeof(state)));
	EXPECT_EQ(first.serial + 1, state.serial);
	EXPECT_EQ(1920, state.width);
	EXPECT_EQ(1080, state.height);
	/* CTA's 24 Hz comes in two kinds. */
	EXPECT_LE(23976, state.refresh);
	EXPECT_GE(24000, state.refresh);

	/* A mode that is chosen in standby counts when the monitor wakes. */
	self->kms.mode = old;
	ASSERT_EQ(0, kms_set_active(&self->kms, false));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_POWER, &power, sizeof(power)));
	ASSERT_EQ(0, kms_modeset_inactive(&self->kms, &self->a));
	EXPECT_EQ(0, fd_poll(sink, POLLIN, 300));
	ASSERT_EQ(0, kms_set_active(&self->kms, true));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_MODE_SET, &state,
				 sizeof(state)));
	EXPECT_EQ(1280, state.width);
	EXPECT_EQ(first.serial + 2, state.serial);

	ASSERT_EQ(0, kms_disable(&self->kms));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_MODE_OFF, NULL, 0));
	ASSERT_EQ(0, sink_io_control(sink, MIRACAST_CTL_GET_MODE, NULL, 0,
				     &state, sizeof(state), &bytes));
	EXPECT_EQ(0, state.width);
}

/* Blanked first and then disabled, as desktops do whose screen saver was faster. */
TEST_F(frames, monitor_that_is_blanked_can_go_off)
{
	struct miracast_mode_state first, state;
	struct miracast_power power;
	int sink = self->kms.sink;
	uint32_t bytes;

	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_MODE_SET, &first,
				 sizeof(first)));
	ASSERT_EQ(0, kms_set_active(&self->kms, false));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_POWER, &power, sizeof(power)));
	EXPECT_EQ(0, power.on);
	ASSERT_EQ(0, kms_disable(&self->kms));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_MODE_OFF, NULL, 0));
	ASSERT_EQ(0, sink_io_control(sink, MIRACAST_CTL_GET_MODE, NULL, 0,
				     &state, sizeof(state), &bytes));
	EXPECT_EQ(0, state.width);

	/* The next monitor is not told of a mode that nobody has set. */
	ASSERT_EQ(0, sink_unplug(sink));
	kms_plug(_metadata, &self->kms, 0);
	EXPECT_EQ(0, fd_poll(sink, POLLIN, 300));

	/* And on again. */
	ASSERT_EQ(0, kms_modeset(&self->kms, &self->a));
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_MODE_SET, &state,
				 sizeof(state)));
	EXPECT_EQ(first.serial + 1, state.serial);
	EXPECT_EQ(1280, state.width);
	EXPECT_EQ(0, fd_poll(sink, POLLIN, 300));
}

/* ---------------------------------------------- desktops that are gone */

/* Nothing is shown, the daemon has been told, and no mode is set. */
static void expect_dark(struct __test_metadata *_metadata, struct kms *kms)
{
	struct miracast_mode_state state = { .width = 1 };
	struct miracast_frame frame;
	uint32_t bytes;

	EXPECT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_OFF, NULL, 0));
	EXPECT_EQ(-ENODATA, sink_acquire(kms->sink, &frame));
	EXPECT_EQ(0, sink_io_control(kms->sink, MIRACAST_CTL_GET_MODE, NULL, 0,
				     &state, sizeof(state), &bytes));
	EXPECT_EQ(0, state.width);
}

TEST_F(frames, killed_desktop_takes_its_picture_along)
{
	struct kms *kms = &self->kms;
	drmModeCrtc *crtc;
	int status, sink = kms->sink;
	pid_t desktop = fork();

	ASSERT_LE(0, desktop);
	if (!desktop) {
		pause();
		_exit(0);
	}
	/*
	 * The child has all that is left of the card, and dies as desktops do; a
	 * mapping keeps a card open, too.
	 */
	munmap(self->a.pixels, self->a.size);
	munmap(self->b.pixels, self->b.size);
	close(kms->card);
	ASSERT_EQ(0, sink_expect(sink, MIRACAST_MSG_MODE_SET, NULL, 0));
	ASSERT_EQ(0, kill(desktop, SIGKILL));
	ASSERT_EQ(desktop, waitpid(desktop, &status, 0));
	expect_dark(_metadata, kms);

	/* The next desktop finds a monitor that is off. */
	kms->card = card_open(kms->target.card_minor);
	ASSERT_LE(0, kms->card);
	crtc = drmModeGetCrtc(kms->card, kms->crtc);
	ASSERT_NE(NULL, crtc);
	EXPECT_FALSE(crtc->mode_valid);
	drmModeFreeCrtc(crtc);
}

/* A monitor that is lit and has nothing to show is told to the daemon as blank. */
TEST_F(frames, lit_monitor_without_a_picture_is_blank)
{
	struct kms *kms = &self->kms;
	struct miracast_power power = { .on = 1 };
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct miracast_frame frame;

	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, NULL, 0));
	kms_set_plane(kms, req, kms->primary, "FB_ID", 0);
	kms_set_plane(kms, req, kms->primary, "CRTC_ID", 0);
	ASSERT_EQ(0, kms_commit(kms, req, 0));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_POWER, &power,
				 sizeof(power)));
	EXPECT_EQ(0, power.on);
	EXPECT_EQ(-ENODATA, sink_acquire(kms->sink, &frame));
	/* That it is blanked, too, is nothing new. */
	ASSERT_EQ(0, kms_set_active(kms, false));
	ASSERT_EQ(0, kms_set_active(kms, true));
	EXPECT_EQ(0, fd_poll(kms->sink, POLLIN, 300));

	req = drmModeAtomicAlloc();
	kms_set_picture(kms, req, &self->b);
	ASSERT_EQ(0, kms_commit(kms, req, 0));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_POWER, &power,
				 sizeof(power)));
	EXPECT_EQ(1, power.on);
	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));
	EXPECT_EQ(MIRACAST_FRAME_FULL, frame.flags & MIRACAST_FRAME_FULL);
}

TEST_F(frames, removed_picture_is_not_shown_any_more)
{
	struct kms *kms = &self->kms;
	struct miracast_power power = { .on = 1 };
	struct miracast_frame frame;
	int other;

	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, NULL, 0));
	ASSERT_EQ(0, errno_of(drmModeRmFB(kms->card, self->a.id)));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_POWER, &power,
				 sizeof(power)));
	EXPECT_EQ(0, power.on);
	EXPECT_EQ(-ENODATA, sink_acquire(kms->sink, &frame));

	/* The desktop lives, so its mode is none of a passer-by's business. */
	other = card_open(kms->target.card_minor);
	ASSERT_LE(0, other);
	close(other);
	EXPECT_EQ(0, fd_poll(kms->sink, POLLIN, 300));
	ASSERT_EQ(0, drmDropMaster(kms->card));
	other = card_open(kms->target.card_minor);
	ASSERT_LE(0, other);
	close(other);
	expect_dark(_metadata, kms);
}

/* ------------------------------------------------ slow and late daemons */

TEST_F(frames, slow_daemon_hears_of_the_last_change_only)
{
	struct miracast_mode_state state;
	uint32_t code, first;
	int i, sink = self->kms.sink;
	__u64 id;

	ASSERT_EQ(0, sink_message(sink, &code, &state, sizeof(state), &id));
	ASSERT_EQ(MIRACAST_MSG_MODE_SET, code);
	first = state.serial;
	/* While it ponders, the desktop makes up its mind. */
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, kms_disable(&self->kms));
		ASSERT_EQ(0, kms_modeset(&self->kms, &self->a));
	}
	EXPECT_EQ(0, fd_poll(sink, POLLIN, 300));
	ASSERT_LT(0, sink_reply(sink, id, -EIO, NULL, 0));
	ASSERT_EQ(0, sink_message(sink, &code, &state, sizeof(state), &id));
	EXPECT_EQ(MIRACAST_MSG_MODE_SET, code);
	EXPECT_EQ(first + 3, state.serial);
	ASSERT_LT(0, sink_reply(sink, id, 0, NULL, 0));
	EXPECT_EQ(0, fd_poll(sink, POLLIN, 300));
}

TEST_F(frames, R54_nothing_is_sent_to_a_session_that_ended)
{
	struct miracast_mode_state state;

	ASSERT_EQ(0, sink_expect(self->kms.sink, MIRACAST_MSG_MODE_SET, &state,
				 sizeof(state)));
	ASSERT_EQ(0, sink_stop(self->kms.sink));
	ASSERT_EQ(0, kms_disable(&self->kms));
	ASSERT_EQ(0, kms_modeset(&self->kms, &self->a));
	ASSERT_EQ(0, sink_start(self->kms.sink));
	EXPECT_EQ(0, fd_poll(self->kms.sink, POLLIN, 300));
	/* The next monitor is told the mode that is set already. */
	kms_plug(_metadata, &self->kms, 0);
	EXPECT_EQ(0, sink_expect(self->kms.sink, MIRACAST_MSG_MODE_SET, &state,
				 sizeof(state)));
}

/* The next batch of records: how many, and the frame of the last one. */
static int frame_starts(int sink, unsigned int *count, __u64 *last)
{
	static __u64 buf[1024];
	struct miracast_get_chunks get = {
		.buf_ptr = (uintptr_t)buf, .buf_len = sizeof(buf),
	};
	int ret = dev_ioctl(sink, MIRACAST_IOC_GET_CHUNKS, &get);
	struct miracast_chunk chunk;
	uint32_t at;

	*count = 0;
	for (at = 0; !ret && at < get.used; at += chunk.len) {
		memcpy(&chunk, (uint8_t *)buf + at, sizeof(chunk));
		if (chunk.info.type != MIRACAST_CHUNK_FRAME_START ||
		    MIRACAST_CHUNK_ID_PART(chunk.info.id))
			return -EBADMSG;
		*last = MIRACAST_CHUNK_ID_FRAME(chunk.info.id);
		++*count;
	}

	return ret;
}

TEST_F(frames, R85_chunk_record_for_each_picture)
{
	struct miracast_frame frame;
	unsigned int count;
	__u64 last = 0;

	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->a, NULL, 0));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, frame_starts(self->kms.sink, &count, &last));
	EXPECT_EQ(3, count);
	EXPECT_EQ(frame.seq, last);
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));

	/* What is on the screen already begins for the next session, too (R83). */
	ASSERT_EQ(0, sink_stop(self->kms.sink));
	ASSERT_EQ(0, sink_start(self->kms.sink));
	kms_plug(_metadata, &self->kms, 0);
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, frame_starts(self->kms.sink, &count, &last));
	EXPECT_EQ(1, count);
	EXPECT_EQ(frame.seq, last);
}

TEST_F(frames, R85_picture_offered_anew_begins_anew)
{
	struct miracast_frame first, again;
	unsigned int count;
	__u64 last = 0;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &first));
	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
	ASSERT_NE(0, kms_wait_flip(&self->kms, 10000));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &again));
	/* One by the flip, and one when the hold on the first was revoked. */
	EXPECT_EQ(first.seq + 2, again.seq);
	ASSERT_EQ(0, frame_starts(self->kms.sink, &count, &last));
	EXPECT_EQ(3, count);
	EXPECT_EQ(again.seq, last);
}

/* A daemon that does not fetch them is told that there is a gap. */
TEST_F_TIMEOUT(frames, R62_R63_records_of_too_many_pictures, 60)
{
	struct miracast_frame frame;
	unsigned int count, i;
	__u64 last = 0;

	for (i = 0; i < MIRACAST_MAX_CHUNKS; i++)
		ASSERT_EQ(0, kms_flip_damaged(&self->kms,
					      i & 1 ? &self->a : &self->b, NULL,
					      0));
	EXPECT_EQ(-ECONNRESET, frame_starts(self->kms.sink, &count, &last));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	ASSERT_EQ(0, frame_starts(self->kms.sink, &count, &last));
	EXPECT_EQ(1, count);
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(frame.seq, last);
}

TEST_HARNESS_MAIN
