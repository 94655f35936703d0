// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pictures that are torn after they have been released: whoever reads with a GPU
 * releases as of a sync_file, and hears with the next picture when the desktop
 * has not waited for it.
 */
#include "miracast_fence.h"

#define LATE_MS		10000

FIXTURE(revoked) {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
	struct miracast_frame frame;	/* of a, held */
	struct vgem_fence fence;
};

FIXTURE_SETUP(revoked)
{
	struct kms *kms = &self->kms;

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, 0);
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1280, 720, DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1280, 720, DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(kms, &self->a));
	ASSERT_EQ(0, sink_acquire(kms->sink, &self->frame));
	EXPECT_EQ(0, self->frame.num_revoked);
	ASSERT_EQ(0, vgem_fence_make(&self->fence));
}

FIXTURE_TEARDOWN(revoked)
{
	close(self->fence.sync_file);
	close(self->fence.vgem);
	kms_close(&self->kms);
}

/* Release as of the fence; then the desktop flips away, and does not wait. */
static void release_and_flip(struct __test_metadata *_metadata, struct kms *kms,
			     const struct vgem_fence *fence, __u64 seq,
			     const struct kms_fb *to)
{
	uint32_t flags = ~0U;

	ASSERT_EQ(0, sink_release(kms->sink, seq, fence->sync_file, &flags));
	EXPECT_EQ(0, flags);
	ASSERT_EQ(0, kms_flip(kms, to));
	ASSERT_NE(0, kms_wait_flip(kms, LATE_MS));
}

TEST_F(revoked, picture_torn_after_its_release_is_named_once)
{
	struct kms *kms = &self->kms;
	struct miracast_frame next;
	uint32_t flags;

	release_and_flip(_metadata, kms, &self->fence, self->frame.seq, &self->b);

	/* Offered at once, and all of it. */
	ASSERT_EQ(POLLPRI, fd_poll(kms->sink, POLLPRI, LATE_MS));
	ASSERT_EQ(0, sink_acquire(kms->sink, &next));
	ASSERT_EQ(1, next.num_revoked);
	EXPECT_EQ(self->frame.seq, next.revoked[0]);
	EXPECT_EQ(MIRACAST_FRAME_FULL, next.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_KEY_FRAME, NULL, 0));

	/* Its fence changes nothing any more. */
	EXPECT_EQ(0, vgem_fence_signal(&self->fence));
	ASSERT_EQ(0, sink_release(kms->sink, next.seq, -1, &flags));
	EXPECT_EQ(0, flags);
	ASSERT_EQ(0, kms_flip_damaged(kms, &self->a, NULL, 0));
	ASSERT_EQ(0, sink_acquire(kms->sink, &next));
	EXPECT_EQ(0, next.num_revoked);
	EXPECT_EQ(0, next.revoked[0]);
}

TEST_F(revoked, picture_whose_fence_was_in_time_is_not_named)
{
	struct kms *kms = &self->kms;
	struct miracast_frame next;

	EXPECT_EQ(0, vgem_fence_signal(&self->fence));
	release_and_flip(_metadata, kms, &self->fence, self->frame.seq, &self->b);
	ASSERT_EQ(0, sink_acquire(kms->sink, &next));
	EXPECT_EQ(0, next.num_revoked);
}

/* Whoever hears it from RELEASE_FRAME does not hear it again. */
TEST_F(revoked, picture_torn_before_its_release_is_not_named)
{
	struct kms *kms = &self->kms;
	struct miracast_frame next;
	uint32_t flags;

	ASSERT_EQ(0, kms_flip(kms, &self->b));
	ASSERT_NE(0, kms_wait_flip(kms, LATE_MS));
	ASSERT_EQ(0, sink_release(kms->sink, self->frame.seq, self->fence.sync_file,
				  &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);
	ASSERT_EQ(0, sink_acquire(kms->sink, &next));
	EXPECT_EQ(0, next.num_revoked);
}

/* As many as may be held, by one fence; nobody was told while that failed. */
TEST_F(revoked, all_that_are_held_are_named_and_none_is_lost)
{
	struct kms *kms = &self->kms;
	__u64 seq[MIRACAST_MAX_HELD];
	struct miracast_frame next;
	void *page;
	int i;

	seq[0] = self->frame.seq;
	for (i = 1; i < MIRACAST_MAX_HELD - 1; i++) {
		ASSERT_EQ(0, sink_release(kms->sink, seq[i - 1], self->fence.sync_file,
					  NULL));
		/* The same buffer anew, which nobody need wait for. */
		ASSERT_EQ(0, kms_modeset(kms, &self->a));
		ASSERT_EQ(0, sink_acquire(kms->sink, &next));
		EXPECT_EQ(0, next.num_revoked);
		seq[i] = next.seq;
	}
	release_and_flip(_metadata, kms, &self->fence, seq[i - 1], &self->b);

	memset(&next, 0, sizeof(next));
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(-EFAULT, dev_ioctl(kms->sink, MIRACAST_IOC_ACQUIRE_FRAME, page));

	ASSERT_EQ(0, sink_acquire(kms->sink, &next));
	ASSERT_EQ(MIRACAST_MAX_HELD - 1, next.num_revoked);
	for (i = 0; i < MIRACAST_MAX_HELD - 1; i++)
		EXPECT_EQ(seq[i], next.revoked[i]);
	EXPECT_EQ(0, vgem_fence_signal(&self->fence));
}

TEST_HARNESS_MAIN
