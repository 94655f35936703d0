// SPDX-License-Identifier: GPL-2.0-only
/*
 * The display half, with each allocation and copy failing in turn. Not the
 * probe of the device: DRM itself, up to 7.2 at least, puts a device that is
 * an ERR_PTR when there is no memory for the name of its minor.
 */
#include "miracast_faults.h"
#include "miracast_kms.h"

struct state {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
	struct plug plug;
	struct miracast_frame frame;
	struct faults operation;
	int fd;
	uint32_t handle;
	drmModeAtomicReq *request;
	uint32_t flags;
};

FIXTURE(faults) {
	struct state s;
};

FIXTURE_SETUP(faults)
{
	uint8_t edid[2 * EDID_BLOCK];

	kms_open(_metadata, &self->s.kms);
	edid_make(edid);
	plug_make(&self->s.plug, NULL, 0, edid, sizeof(edid), MIRACAST_PLUG_CURSOR);
	faults_prepare(_metadata);
}

FIXTURE_TEARDOWN(faults)
{
	kms_close(&self->s.kms);
}

#define OPERATION(_run, _undo) \
	(self->s.operation = (struct faults) { \
		.name = #_run, .run = _run, .undo = _undo, .data = &self->s, \
	}, &self->s.operation)

static void show(struct __test_metadata *_metadata, struct state *self)
{
	struct kms *kms = &self->kms;

	kms_plug(_metadata, kms, MIRACAST_PLUG_CURSOR);
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1280, 720, DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1280, 720, DRM_FORMAT_XRGB8888, 1));
	ASSERT_EQ(0, kms_modeset(kms, &self->a));
}

/* ---------------------------------------------------------------- monitor */

static int plug(void *data)
{
	struct state *self = data;

	return sink_plug(self->kms.sink, &self->plug);
}

static int unplug(void *data)
{
	struct state *self = data;

	return sink_unplug(self->kms.sink);
}

static int get_connector(void *data)
{
	struct drm_mode_modeinfo modes[64];
	struct state *self = data;
	struct drm_mode_get_connector get = {
		.connector_id = self->kms.connector,
	};
	int ret;

	/* Without room for modes it probes, which is all that is wanted. */
	ret = dev_ioctl(self->kms.card, DRM_IOCTL_MODE_GETCONNECTOR, &get);
	if (ret)
		return ret;
	get = (struct drm_mode_get_connector) {
		.connector_id = self->kms.connector,
		.modes_ptr = (uintptr_t)modes, .count_modes = 64,
	};

	return dev_ioctl(self->kms.card, DRM_IOCTL_MODE_GETCONNECTOR, &get);
}

TEST_F_TIMEOUT(faults, plug, 240)
{
	faults_expect(_metadata, OPERATION(plug, unplug));
	ASSERT_EQ(0, plug(&self->s));
	/* Another one in its place. */
	faults_expect(_metadata, OPERATION(plug, NULL));
	faults_expect(_metadata, OPERATION(get_connector, NULL));
	/* All modes are there again. */
	EXPECT_TRUE(kms_find_mode(&self->s.kms, 1280, 720, 60, &self->s.kms.mode));
	EXPECT_TRUE(kms_find_mode(&self->s.kms, 1920, 1080, 60, &self->s.kms.mode));
}

/* --------------------------------------------------------------- pictures */

static int create_dumb(void *data)
{
	struct drm_mode_create_dumb create = {
		.width = 64, .height = 64, .bpp = 32,
	};
	struct state *self = data;
	int ret = dev_ioctl(self->kms.card, DRM_IOCTL_MODE_CREATE_DUMB, &create);

	self->handle = create.handle;

	/* In the words of shmem, which found no memory for an inode. */
	return ret == -ENOSPC ? -ENOMEM : ret;
}

static int destroy_dumb(void *data)
{
	struct state *self = data;
	struct drm_mode_destroy_dumb destroy = { .handle = self->handle };

	return dev_ioctl(self->kms.card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
}

static int add_fb(void *data)
{
	struct state *self = data;

	return kms_fb_from_handle(&self->kms, &self->b, DRM_FORMAT_XRGB8888);
}

static int remove_fb(void *data)
{
	struct state *self = data;

	return errno_of(drmModeRmFB(self->kms.card, self->b.id));
}

/*
 * As everywhere in DRM, a descriptor whose number could not be told is there
 * all the same. It is the one that comes next.
 */
static int next_fd(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);

	return fd;
}

static int export(void *data)
{
	struct state *self = data;
	int ret, fd = next_fd();

	ret = errno_of(drmPrimeHandleToFD(self->kms.card, self->b.handle,
					  O_CLOEXEC, &self->fd));
	if (ret == -EFAULT)
		close(fd);

	return ret;
}

static int close_fd(void *data)
{
	struct state *self = data;

	return close(self->fd);
}

TEST_F_TIMEOUT(faults, buffers, 240)
{
	show(_metadata, &self->s);
	faults_expect(_metadata, OPERATION(create_dumb, destroy_dumb));
	ASSERT_EQ(0, remove_fb(&self->s));
	faults_expect(_metadata, OPERATION(add_fb, remove_fb));
	faults_expect(_metadata, OPERATION(export, close_fd));
}

static int import(void *data)
{
	struct state *self = data;

	return errno_of(drmPrimeFDToHandle(self->kms.card, self->fd,
					   &self->handle));
}

static int close_handle(void *data)
{
	struct state *self = data;

	return errno_of(drmCloseBufferHandle(self->kms.card, self->handle));
}

/* A buffer of another card. */
TEST_F_TIMEOUT(faults, import, 240)
{
	struct drm_mode_create_dumb create = {
		.width = 64, .height = 64, .bpp = 32,
	};
	int vgem = drmOpen("vgem", NULL);

	ASSERT_LE(0, vgem);
	ASSERT_EQ(0, dev_ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	ASSERT_EQ(0, drmPrimeHandleToFD(vgem, create.handle, O_CLOEXEC, &self->s.fd));
	faults_expect(_metadata, OPERATION(import, close_handle));
	close(self->s.fd);
	close(vgem);
}

/* What is committed is put together before: it takes many calls. */
static int commit(void *data)
{
	struct state *self = data;

	return errno_of(drmModeAtomicCommit(self->kms.card, self->request,
					    self->flags, NULL));
}

static void prepare_modeset(struct __test_metadata *_metadata, struct state *self)
{
	struct kms *kms = &self->kms;
	uint32_t blob;

	self->request = drmModeAtomicAlloc();
	self->flags = DRM_MODE_ATOMIC_ALLOW_MODESET;
	ASSERT_EQ(0, drmModeCreatePropertyBlob(kms->card, &kms->mode,
					       sizeof(kms->mode), &blob));
	kms_set_connector(kms, self->request, "CRTC_ID", kms->crtc);
	kms_set_crtc(kms, self->request, "MODE_ID", blob);
	kms_set_crtc(kms, self->request, "ACTIVE", 1);
	kms_set_picture(kms, self->request, &self->a);
}

static void prepare_flip(struct __test_metadata *_metadata, struct state *self,
			 uint32_t flags)
{
	static const struct drm_mode_rect rect = { 0, 0, 64, 64 };
	struct kms *kms = &self->kms;
	uint32_t blob;

	self->request = drmModeAtomicAlloc();
	self->flags = flags;
	ASSERT_EQ(0, drmModeCreatePropertyBlob(kms->card, &rect, sizeof(rect),
					       &blob));
	kms_set_plane(kms, self->request, kms->primary, "FB_ID", self->b.id);
	kms_set_plane(kms, self->request, kms->primary, "FB_DAMAGE_CLIPS", blob);
}

/* It may be only its answer that fails; then there is an event all the same. */
static int commit_with_event(void *data)
{
	struct state *self = data;
	int ret = commit(data);

	if (ret == -EFAULT)
		kms_wait_flip(&self->kms, 1000);

	return ret;
}

static int disable(void *data)
{
	struct state *self = data;

	return kms_disable(&self->kms);
}

static int flip_event(void *data)
{
	struct state *self = data;

	return kms_wait_flip(&self->kms, 10000) ? 0 : -ETIMEDOUT;
}

static int flip_at_once(void *data)
{
	static const struct drm_mode_rect rect = { 0, 0, 64, 64 };
	struct state *self = data;

	return kms_flip_damaged(&self->kms, &self->b, &rect, 1);
}

TEST_F_TIMEOUT(faults, commits, 600)
{
	show(_metadata, &self->s);
	ASSERT_EQ(0, disable(&self->s));
	prepare_modeset(_metadata, &self->s);
	faults_expect(_metadata, OPERATION(commit, disable));
	ASSERT_EQ(0, commit(&self->s));
	prepare_flip(_metadata, &self->s, DRM_MODE_ATOMIC_NONBLOCK |
					  DRM_MODE_PAGE_FLIP_EVENT);
	faults_expect(_metadata, OPERATION(commit_with_event, flip_event));
	prepare_flip(_metadata, &self->s, 0);
	faults_expect(_metadata, OPERATION(commit, NULL));
}

/* ----------------------------------------------------------------- frames */

static int acquire(void *data)
{
	struct state *self = data;
	int ret = sink_acquire(self->kms.sink, &self->frame);

	/* A picture that is lost on the way; there are others. */
	if (ret == -EFAULT && flip_at_once(data))
		return -EIO;

	return ret;
}

static int release(void *data)
{
	struct state *self = data;
	int ret = sink_release(self->kms.sink, self->frame.seq, -1, NULL);

	/* It may be its answer that fails. */
	if (ret == -EFAULT)
		ret = sink_release(self->kms.sink, self->frame.seq, -1, NULL);

	return ret == -ENOENT ? 0 : ret;
}

static int release_and_flip(void *data)
{
	int ret = release(data);

	return ret ? ret : flip_at_once(data);
}

static int flip_and_acquire(void *data)
{
	int ret = flip_at_once(data);

	return ret ? ret : acquire(data);
}

static int get_buffer(void *data)
{
	struct state *self = data;
	int fd = next_fd();

	self->fd = sink_get_buffer(self->kms.sink, self->frame.buffer_id);
	if (self->fd == -EFAULT)
		close(fd);

	return self->fd < 0 ? self->fd : 0;
}

TEST_F_TIMEOUT(faults, frames, 240)
{
	show(_metadata, &self->s);
	faults_expect(_metadata, OPERATION(acquire, release_and_flip));
	ASSERT_EQ(0, acquire(&self->s));
	faults_expect(_metadata, OPERATION(get_buffer, close_fd));
	faults_expect(_metadata, OPERATION(release, flip_and_acquire));
}

/* A buffer that was given out, and is destroyed. */
static int retire(void *data)
{
	struct state *self = data;
	struct kms_fb fb;
	int ret;

	ret = kms_fb_create(&self->kms, &fb, 1280, 720, DRM_FORMAT_XRGB8888, 0);
	if (!ret)
		ret = kms_flip_damaged(&self->kms, &fb, NULL, 0);
	if (!ret)
		ret = acquire(data);
	if (!ret)
		ret = get_buffer(data);
	if (!ret)
		ret = close_fd(data);
	if (!ret)
		ret = release_and_flip(data);
	if (!ret)
		kms_fb_destroy(&self->kms, &fb);

	return ret;
}

static int get_retired(void *data)
{
	struct miracast_get_retired get = {};
	struct state *self = data;
	int ret, tries = 500;

	/* It may take a moment until nothing shows it any more. */
	do {
		ret = dev_ioctl(self->kms.sink, MIRACAST_IOC_GET_RETIRED, &get);
		sleep_ms(ret == -EAGAIN ? 10 : 0);
	} while (ret == -EAGAIN && tries--);
	/* Ids that are lost on the way. */
	if (ret == -EFAULT && retire(data))
		return -EIO;

	return ret;
}

TEST_F_TIMEOUT(faults, retired, 240)
{
	show(_metadata, &self->s);
	ASSERT_EQ(0, retire(&self->s));
	faults_expect(_metadata, OPERATION(get_retired, retire));
}

TEST_HARNESS_MAIN
