// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a flip is complete: not while the daemon reads the buffer that it flips
 * away from, and never much later.
 *
 * Machines that run this may be slow. What is checked of time is that nothing
 * comes too early, by the time stamps of the events, and that everything comes.
 */
#include <linux/sync_file.h>
#include <sched.h>

#include "miracast_fence.h"

/* Two periods of the slowest mode there is. */
#define HOLD_NS		(2 * 1000000000ULL / 24)
#define LATE_MS		10000

FIXTURE(flips) {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
	struct miracast_frame frame;
};

/* 1920x1080 at 24 Hz, buffer a on the screen and held. */
FIXTURE_SETUP(flips)
{
	struct kms *kms = &self->kms;

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, 0);
	ASSERT_TRUE(kms_find_mode(kms, 1920, 1080, 24, &kms->mode));
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1920, 1080,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1920, 1080,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(kms, &self->a));
	ASSERT_EQ(0, sink_acquire(kms->sink, &self->frame));
}

FIXTURE_TEARDOWN(flips)
{
	kms_close(&self->kms);
}

/* A flip to @fb; @out_fence receives a sync_file that it signals. */
static int flip_with_fence(struct kms *kms, const struct kms_fb *fb,
			   int *out_fence)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	*out_fence = -1;
	kms_set_plane(kms, req, kms->primary, "FB_ID", fb->id);
	kms_set_crtc(kms, req, "OUT_FENCE_PTR", (uintptr_t)out_fence);

	return kms_commit(kms, req, DRM_MODE_ATOMIC_NONBLOCK |
				    DRM_MODE_PAGE_FLIP_EVENT);
}

/* A commit that does not block has a worker of its own; here it has begun. */
static int flip_begun(struct kms *kms)
{
	return fd_poll(kms->sink, POLLPRI, LATE_MS) == POLLPRI ? 0 : -ETIMEDOUT;
}

/*
 * Until a flip that was asked for at @start has got to what holds it, for sure,
 * and an event that nothing holds would be there: more than a period.
 */
static void wait_a_period(uint64_t start)
{
	while (now_ns() < start + HOLD_NS * 6 / 10)
		sleep_ms(1);
}

/*
 * Vblanks may be lost on a slow machine, so any number of periods may lie
 * between two that were seen, but it is a whole number.
 */
static int vblanks_fit_the_mode(struct kms *kms, uint64_t *off_by)
{
	uint64_t period = kms_period_ns(kms);
	uint64_t first, at, rest, seen = 0;
	uint64_t end = now_ms() + LATE_MS;

	/* An event far ahead keeps the vblanks coming. */
	if (drmCrtcQueueSequence(kms->card, kms->crtc,
				 DRM_CRTC_SEQUENCE_RELATIVE, 100000, NULL, 0) ||
	    drmCrtcGetSequence(kms->card, kms->crtc, NULL, &first))
		return -errno;
	*off_by = 0;
	while (seen < 20 && now_ms() < end) {
		sleep_ms(period / 1000000 + 1);
		if (drmCrtcGetSequence(kms->card, kms->crtc, NULL, &at))
			return -errno;
		if (at == first)
			continue;
		rest = (at - first) % period;
		if (rest > period / 2)
			rest = period - rest;
		/* In thousandths of a period, per period. */
		rest = rest * 1000 / (at - first);
		if (rest > *off_by)
			*off_by = rest;
		seen++;
	}

	return seen == 20 ? 0 : -ETIMEDOUT;
}

TEST_F(flips, vblanks_come_at_the_rate_of_the_mode)
{
	static const unsigned int rates[] = { 24, 60 };
	struct kms *kms = &self->kms;
	uint64_t off_by = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		ASSERT_TRUE(kms_find_mode(kms, 1920, 1080, rates[i], &kms->mode));
		ASSERT_EQ(0, kms_modeset(kms, &self->b));
		ASSERT_EQ(0, vblanks_fit_the_mode(kms, &off_by));
		EXPECT_LE(off_by, 5);
	}
}

TEST_F(flips, R79_flip_waits_for_the_release)
{
	uint64_t start, released, done = 0;
	uint32_t flags;
	int i;

	/* The deadline may come first on a slow machine; not each time. */
	for (i = 0; i < 20 && !done; i++) {
		start = now_ns();
		ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
		wait_a_period(start);
		EXPECT_TRUE(!fd_poll(self->kms.card, POLLIN, 0) ||
			    now_ns() > start + HOLD_NS);
		released = now_ns();
		ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1,
					  &flags));
		if (!flags) {
			done = kms_wait_flip(&self->kms, LATE_MS);
			EXPECT_LE(released / 1000, done / 1000);
		} else {
			ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
			ASSERT_EQ(0, kms_flip(&self->kms, &self->a));
			ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
			ASSERT_EQ(0, sink_acquire(self->kms.sink, &self->frame));
		}
	}
	EXPECT_NE(0, done);
}

TEST_F(flips, R79_hold_is_revoked_in_the_end)
{
	struct miracast_frame frame;
	uint64_t start = now_ns(), told;
	uint32_t flags;

	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
	ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	/* Not the event's time: that is the vblank's, which a slow machine is late for. */
	told = now_ns();
	EXPECT_LE(start + HOLD_NS, told);
	ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);

	/* What was read may be torn: it is all new now, and wants a key frame. */
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(MIRACAST_FRAME_FULL, frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(0, sink_expect(self->kms.sink, MIRACAST_MSG_KEY_FRAME, NULL,
				 0));
}

/* Also a picture that was taken after the flip away. */
TEST_F(flips, revoked_after_the_next_was_taken)
{
	struct miracast_frame next, again;
	uint32_t flags;

	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
	ASSERT_EQ(0, flip_begun(&self->kms));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &next));
	ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);
	ASSERT_EQ(0, sink_release(self->kms.sink, next.seq, -1, &flags));
	EXPECT_EQ(0, flags);
	/* The screen does not change, yet the picture is offered again. */
	EXPECT_EQ(POLLPRI, fd_poll(self->kms.sink, POLLPRI, LATE_MS));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &again));
	EXPECT_EQ(next.buffer_id, again.buffer_id);
	EXPECT_LT(next.seq, again.seq);
	EXPECT_EQ(MIRACAST_FRAME_FULL, again.flags & MIRACAST_FRAME_FULL);
}

TEST_F(flips, same_buffer_is_not_waited_for)
{
	uint32_t flags;

	ASSERT_EQ(0, kms_flip(&self->kms, &self->a));
	ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1, &flags));
	EXPECT_EQ(0, flags);
}

TEST_F(flips, legacy_cursor_overtakes_a_held_flip)
{
	struct kms *kms = &self->kms;
	struct kms_fb cursor, *next = &self->b;
	bool overtaken = false;
	int x;

	kms_plug(_metadata, kms, MIRACAST_PLUG_CURSOR);
	ASSERT_EQ(0, kms_fb_create(kms, &cursor, 64, 64, DRM_FORMAT_ARGB8888,
				   0xffffffff));
	ASSERT_EQ(0, errno_of(drmModeSetCursor(kms->card, kms->crtc,
					       cursor.handle, 64, 64)));

	/* The hold may end while a slow machine is at it, but not each time. */
	for (x = 1; x < 10 && !overtaken; x++) {
		ASSERT_EQ(0, kms_flip(kms, next));
		ASSERT_EQ(0, flip_begun(kms));
		ASSERT_EQ(0, errno_of(drmModeMoveCursor(kms->card, kms->crtc,
							x, 0)));
		overtaken = !fd_poll(kms->card, POLLIN, 0);
		ASSERT_NE(0, kms_wait_flip(kms, LATE_MS));
		ASSERT_EQ(0, sink_release(kms->sink, self->frame.seq, -1, NULL));
		ASSERT_EQ(0, sink_acquire(kms->sink, &self->frame));
		EXPECT_EQ(x, self->frame.cursor_x);
		next = next == &self->b ? &self->a : &self->b;
	}
	EXPECT_TRUE(overtaken);
}

/* A fence may not wait for the daemon: it comes with the vblank, long before the deadline. */
TEST_F(flips, out_fence_is_never_waited_for)
{
	bool in_time = false;
	uint64_t start;
	uint32_t flags;
	int fence, i;

	/* Too late for a slow machine's own reasons, but not each time. */
	for (i = 0; i < 20 && !in_time; i++) {
		start = now_ns();
		ASSERT_EQ(0, flip_with_fence(&self->kms, i & 1 ? &self->a : &self->b,
					     &fence));
		ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
		EXPECT_EQ(POLLIN, fd_poll(fence, POLLIN, LATE_MS));
		in_time = now_ns() < start + HOLD_NS;
		close(fence);
		ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1,
					  &flags));
		EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);
		ASSERT_EQ(0, sink_acquire(self->kms.sink, &self->frame));
	}
	EXPECT_TRUE(in_time);
}

/* But until the vblank nobody draws, so what is read until then is whole. */
TEST_F(flips, out_fence_leaves_the_hold_until_the_vblank)
{
	uint32_t flags = MIRACAST_RELEASE_REVOKED;
	int fence, i;

	/* The vblank may be just now, but not each time. */
	for (i = 0; i < 20 && flags; i++) {
		ASSERT_EQ(0, flip_with_fence(&self->kms, i & 1 ? &self->a : &self->b,
					     &fence));
		ASSERT_EQ(0, flip_begun(&self->kms));
		ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1,
					  &flags));
		ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
		EXPECT_EQ(POLLIN, fd_poll(fence, POLLIN, LATE_MS));
		close(fence);
		ASSERT_EQ(0, sink_acquire(self->kms.sink, &self->frame));
	}
	EXPECT_EQ(0, flags);
}

/* What wlroots asks for before it uses fences at all. */
TEST_F(flips, timelines_can_be_had)
{
	struct kms *kms = &self->kms;
	uint64_t cap = 0, point = 7;
	uint32_t timeline = 0, binary = 0;
	int fence;

	EXPECT_EQ(0, drmGetCap(kms->card, DRM_CAP_SYNCOBJ, &cap));
	EXPECT_EQ(1, cap);
	EXPECT_EQ(0, drmGetCap(kms->card, DRM_CAP_SYNCOBJ_TIMELINE, &cap));
	EXPECT_EQ(1, cap);

	ASSERT_EQ(0, flip_with_fence(kms, &self->b, &fence));
	ASSERT_EQ(0, errno_of(drmSyncobjCreate(kms->card, 0, &binary)));
	ASSERT_EQ(0, errno_of(drmSyncobjCreate(kms->card, 0, &timeline)));
	ASSERT_EQ(0, errno_of(drmSyncobjImportSyncFile(kms->card, binary, fence)));
	ASSERT_EQ(0, errno_of(drmSyncobjTransfer(kms->card, timeline, point,
						 binary, 0, 0)));
	EXPECT_EQ(0, errno_of(drmSyncobjTimelineWait(kms->card, &timeline, &point, 1,
						     (int64_t)(now_ns() + LATE_MS * NS_PER_MS),
						     0, NULL)));
	EXPECT_NE(0, kms_wait_flip(kms, 0));
}

/* The cursor's image is a buffer, too. */
TEST_F(flips, R79_cursor_image_waits_for_the_release)
{
	struct kms *kms = &self->kms;
	uint64_t start, released, done = 0;
	struct kms_fb image[2];
	uint32_t flags;
	int i;

	ASSERT_EQ(0, sink_release(kms->sink, self->frame.seq, -1, NULL));
	kms_plug(_metadata, kms, MIRACAST_PLUG_CURSOR);
	ASSERT_TRUE(kms_find_mode(kms, 1920, 1080, 24, &kms->mode));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, kms_fb_create(kms, &image[i], 64, 64,
					   DRM_FORMAT_ARGB8888, 0));
	ASSERT_EQ(0, kms_set_cursor(kms, &image[0], 0, 0, 0));

	/* The deadline may come first on a slow machine; not each time. */
	for (i = 1; i < 20 && !done; i++) {
		ASSERT_EQ(0, sink_acquire(kms->sink, &self->frame));
		ASSERT_TRUE(self->frame.flags & MIRACAST_FRAME_CURSOR_VISIBLE);
		start = now_ns();
		ASSERT_EQ(0, kms_set_cursor(kms, &image[i & 1], 0, 0,
					    DRM_MODE_ATOMIC_NONBLOCK |
					    DRM_MODE_PAGE_FLIP_EVENT));
		wait_a_period(start);
		EXPECT_TRUE(!fd_poll(kms->card, POLLIN, 0) ||
			    now_ns() > start + HOLD_NS);
		released = now_ns();
		ASSERT_EQ(0, sink_release(kms->sink, self->frame.seq, -1, &flags));
		if (!flags) {
			done = kms_wait_flip(kms, LATE_MS);
			EXPECT_LE(released / 1000, done / 1000);
		} else {
			ASSERT_NE(0, kms_wait_flip(kms, LATE_MS));
		}
	}
	EXPECT_NE(0, done);
}

/*
 * A release as of a fence, and, to make it hard, one of this very CRTC: it is
 * signalled under the locks that a release wants.
 */
TEST_F(flips, R79_release_as_of_a_fence)
{
	struct miracast_frame frame;
	uint32_t flags;
	int fence;

	ASSERT_EQ(0, flip_with_fence(&self->kms, &self->b, &fence));
	ASSERT_EQ(0, flip_begun(&self->kms));
	ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1, &flags));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, fence, &flags));
	EXPECT_EQ(-ENOENT, sink_release(self->kms.sink, frame.seq, -1, NULL));
	ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	ASSERT_EQ(0, kms_flip(&self->kms, &self->a));
	ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	/* One that has signalled already. */
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, fence, &flags));
	EXPECT_EQ(0, flags);
}

/* Holds that end with a fence keep their place until it signals, not longer. */
TEST_F(flips, fenced_releases_make_room_again)
{
	struct miracast_frame frame;
	int i, fence;

	ASSERT_EQ(0, flip_with_fence(&self->kms, &self->b, &fence));
	ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1, NULL));
	ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	for (i = 0; i < 3 * MIRACAST_MAX_HELD; i++) {
		ASSERT_EQ(0, flip_with_fence(&self->kms,
					     i & 1 ? &self->b : &self->a,
					     &fence));
		ASSERT_EQ(0, flip_begun(&self->kms));
		ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
		ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, fence,
					  NULL));
		ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
		close(fence);
		/* The worker that takes it back may be slow. */
		sleep_ms(20);
	}
}

/* A thread that leaves its processor to nobody but who is more important. */
struct hog {
	pthread_t thread;
	int cpu;
	atomic_int *running;
	atomic_bool *stop;
};

static int run_realtime(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, SCHED_FIFO, &param) ? -errno : 0;
}

static void *hog_run(void *data)
{
	struct hog *hog = data;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)hog->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	if (!run_realtime(1))
		atomic_fetch_add(hog->running, 1);
	while (!atomic_load(hog->stop))
		;

	return NULL;
}

/* A worker frees the hold, but it is over when the fence has signalled. */
TEST_F(flips, signalled_fence_does_not_wait_for_a_worker)
{
	long i, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct kms *kms = &self->kms;
	struct miracast_frame frame;
	struct vgem_fence fence;
	atomic_bool stop = false;
	atomic_int running = 0;
	struct hog hogs[64];
	uint64_t start;
	uint32_t flags;

	ASSERT_GE(ARRAY_SIZE(hogs), cpus);
	ASSERT_EQ(0, vgem_fence_make(&fence));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, NULL, 0));
	start = now_ns();
	ASSERT_EQ(0, kms_flip(kms, &self->b));
	ASSERT_EQ(0, flip_begun(kms));
	ASSERT_EQ(0, sink_release(kms->sink, self->frame.seq, fence.sync_file,
				  &flags));

	/* From here on no worker runs, for less long than real-time tasks may. */
	ASSERT_EQ(0, run_realtime(2));
	for (i = 0; i < cpus; i++) {
		hogs[i] = (struct hog) {
			.cpu = (int)i, .running = &running, .stop = &stop,
		};
		ASSERT_EQ(0, pthread_create(&hogs[i].thread, NULL, hog_run,
					    &hogs[i]));
	}
	while (atomic_load(&running) < cpus && now_ns() < start + HOLD_NS / 2)
		sched_yield();
	if (!flags && now_ns() < start + HOLD_NS)
		EXPECT_EQ(0, vgem_fence_signal(&fence));
	while (now_ns() < start + 2 * HOLD_NS)
		;
	atomic_store(&stop, true);
	for (i = 0; i < cpus; i++)
		pthread_join(hogs[i].thread, NULL);

	EXPECT_EQ(cpus, atomic_load(&running));
	ASSERT_NE(0, kms_wait_flip(kms, LATE_MS));
	/* Nothing was revoked, so nothing has to be sent anew. */
	EXPECT_EQ(0, fd_poll(kms->sink, POLLIN, 300));
	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));
	EXPECT_EQ(self->frame.seq + 1, frame.seq);
}

/* ------------------------------------- ends: the flip comes, and at once */

/* Flips, and waits until the flip is held for sure. */
static int flip_held(struct kms *kms, const struct kms_fb *fb)
{
	uint64_t start = now_ns();
	int ret = kms_flip(kms, fb);

	wait_a_period(start);

	return ret ? ret : flip_begun(kms);
}

TEST_F(flips, R21_close_lets_go)
{
	ASSERT_EQ(0, flip_held(&self->kms, &self->b));
	close(self->kms.sink);
	self->kms.sink = -1;
	/* Before the close has returned, so nothing is waited for here. */
	EXPECT_NE(0, kms_wait_flip(&self->kms, 0));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
}

TEST_F(flips, stop_lets_go)
{
	uint32_t flags;

	ASSERT_EQ(0, flip_held(&self->kms, &self->b));
	ASSERT_EQ(0, sink_op(self->kms.sink, MIRACAST_SESSION_BEGIN_STOP, 0, 0));
	EXPECT_NE(0, kms_wait_flip(&self->kms, 0));
	ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);
}

TEST_F(flips, unplug_lets_go)
{
	ASSERT_EQ(0, flip_held(&self->kms, &self->b));
	ASSERT_EQ(0, sink_unplug(self->kms.sink));
	EXPECT_NE(0, kms_wait_flip(&self->kms, 0));
}

TEST_F(flips, killed_daemon_lets_go)
{
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		pause();
		_exit(0);
	}
	/* The child has the last descriptors, and dies as daemons do. */
	close(self->kms.sink);
	close(self->kms.broker);
	self->kms.sink = -1;
	self->kms.broker = -1;
	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
	/* And nobody holds anything any more. */
	ASSERT_EQ(0, kms_flip(&self->kms, &self->a));
	EXPECT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
}

TEST_F(flips, switching_off_waits_for_nobody)
{
	uint32_t flags;

	ASSERT_EQ(0, kms_disable(&self->kms));
	ASSERT_EQ(0, sink_release(self->kms.sink, self->frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);
}

/* Under a daemon that holds, and a compositor that waits. */
TEST_F_TIMEOUT(flips, unbind_waits_for_nobody, 60)
{
	struct miracast_target_info info;
	struct drm_get_cap cap = { .capability = DRM_CAP_PRIME };
	struct miracast_frame frame;
	int fd;

	fd = sink_get_buffer(self->kms.sink, self->frame.buffer_id);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, flip_held(&self->kms, &self->b));
	ASSERT_EQ(0, kms_driver("unbind"));
	EXPECT_NE(0, kms_wait_flip(&self->kms, 0));
	EXPECT_EQ(-ENODEV, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(-ENODEV, sink_release(self->kms.sink, self->frame.seq, -1,
					NULL));
	EXPECT_EQ(POLLHUP | POLLERR, fd_poll(self->kms.sink, POLLIN, 0) &
				     (POLLHUP | POLLERR));
	EXPECT_EQ(-ENODEV, dev_ioctl(self->kms.card, DRM_IOCTL_GET_CAP, &cap));
	EXPECT_EQ(-ENOENT, kms_find(self->kms.broker, 0, &info));
	/* The picture is the daemon's as long as it likes. */
	EXPECT_LT(0, lseek(fd, 0, SEEK_END));

	ASSERT_EQ(0, kms_driver("bind"));
	EXPECT_EQ(0, kms_find(self->kms.broker, 0, &info));
	EXPECT_TRUE(kms_card_there(&info));
}

/* A flip to @fb that is asked for at @when; the moment it was, 0 on failure. */
static uint64_t flip_at(struct kms *kms, const struct kms_fb *fb, uint64_t when)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	uint64_t now;

	kms_set_plane(kms, req, kms->primary, "FB_ID", fb->id);
	do {
		now = now_ns();
		if (now + 2 * NS_PER_MS < when)
			sleep_ms(1);
	} while (now < when);

	return kms_commit(kms, req, DRM_MODE_PAGE_FLIP_EVENT) ? 0 : now;
}

/*
 * A vblank that comes while a picture is published is before it or after it, for
 * the reader of the picture and for who waits for the flip alike.
 */
TEST_F(flips, one_time_for_both_beside_a_vblank)
{
	enum { FLIPS = 120, STEP_NS = 50000 };
	struct kms *kms = &self->kms;
	uint64_t period = kms_period_ns(kms), lead = 0, when = 0;
	const struct kms_fb *fbs[] = { &self->b, &self->a };
	unsigned int i, before = 0, agree = 0;
	uint64_t asked, event;
	bool late;

	for (i = 0; i < FLIPS; i++) {
		ASSERT_EQ(0, sink_release(kms->sink, self->frame.seq, -1, NULL));
		asked = flip_at(kms, fbs[i % 2], when);
		ASSERT_NE(0, asked);
		event = kms_wait_flip(kms, LATE_MS);
		ASSERT_NE(0, event);
		ASSERT_EQ(0, sink_acquire(kms->sink, &self->frame));
		EXPECT_LT(self->frame.flip_ns, self->frame.shown_ns);
		agree += self->frame.shown_ns / 1000 == event / 1000;
		late = self->frame.shown_ns - self->frame.flip_ns >= period / 2;
		before += !late;
		/*
		 * The vblank is at each place of the commit, on a machine of any speed:
		 * what was published after it is asked for sooner the next time.
		 */
		if (i == 0)
			lead = self->frame.flip_ns - asked;
		else if (late)
			lead += STEP_NS;
		else if (lead > STEP_NS)
			lead -= STEP_NS;
		when = self->frame.shown_ns + period - lead;
	}
	TH_LOG("%u of %u agree, %u had the vblank before them", agree, i,
	       i - before);
	EXPECT_LE(10, before);
	EXPECT_GE(FLIPS - 10, before);
	EXPECT_EQ(FLIPS, agree);
}

TEST_HARNESS_MAIN
