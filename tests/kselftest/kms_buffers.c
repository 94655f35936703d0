// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that others made: handed on as they are, and never touched.
 */
#include <dirent.h>
#include <linux/udmabuf.h>

#include "miracast_kms.h"

#define BUFINFO	"/sys/kernel/debug/dma_buf/bufinfo"
#define SIZE	(1280 * 720 * 4)

FIXTURE(buffers) {
	struct kms kms;
	struct kms_fb fb;
};

FIXTURE_SETUP(buffers)
{
	struct kms *kms = &self->kms;

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, MIRACAST_PLUG_IMPORT);
	ASSERT_EQ(0, kms_fb_create(kms, &self->fb, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(kms, &self->fb));
}

FIXTURE_TEARDOWN(buffers)
{
	kms_close(&self->kms);
}

static uint64_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/*
 * Whether this device is attached to the dma-buf, by debugfs: the line of a
 * buffer has its inode, and the names of attached devices follow.
 */
static int is_attached(int dma_buf, const char *device)
{
	char number[24], line[512];
	bool ours = false, seen = false, attached = false;
	FILE *info = fopen(BUFINFO, "re");

	if (!info)
		return -errno;
	snprintf(number, sizeof(number), "%08llu",
		 (unsigned long long)inode(dma_buf));
	while (fgets(line, sizeof(line), info)) {
		/* Size, flags, mode, count in hexadecimal. */
		if (strspn(line, "0123456789") == 8) {
			ours = strstr(line, number);
			seen |= ours;
		} else if (ours && strstr(line, device)) {
			attached = true;
		}
	}
	fclose(info);

	return seen ? attached : -ENOENT;
}

/* The same dma-buf comes out at the other end; returned as the daemon got it. */
static int passes_on(struct __test_metadata *_metadata, struct kms *kms,
		     int prime)
{
	struct drm_mode_map_dumb map = {};
	struct miracast_frame frame;
	struct kms_fb fb = {
		.width = 1280, .height = 720, .pitch = 1280 * 4,
	};
	int out, reexported;
	__u32 flags = 0;

	ASSERT_EQ(0, drmPrimeFDToHandle(kms->card, prime, &fb.handle));
	ASSERT_EQ(0, kms_fb_from_handle(kms, &fb, DRM_FORMAT_XRGB8888));
	ASSERT_EQ(0, kms_flip_damaged(kms, &fb, NULL, 0));
	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));
	EXPECT_EQ(1280 * 4, frame.pitch[0]);
	out = sink_get_flagged_buffer(kms->sink, frame.buffer_id, &flags);
	ASSERT_LE(0, out);
	EXPECT_EQ(MIRACAST_BUFFER_IMPORTED, flags);
	EXPECT_NE(0, inode(prime));
	EXPECT_EQ(inode(prime), inode(out));

	/* On the screen and in the daemon's hands, and we have not touched it. */
	EXPECT_EQ(0, is_attached(prime, "miracast"));
	/* We have no pixels of it. */
	map.handle = fb.handle;
	EXPECT_EQ(-EINVAL, dev_ioctl(kms->card, DRM_IOCTL_MODE_MAP_DUMB, &map));
	/* Nor do we make another dma-buf of it, whoever asks. */
	ASSERT_EQ(0, drmPrimeHandleToFD(kms->card, fb.handle, DRM_CLOEXEC,
					&reexported));
	EXPECT_EQ(inode(prime), inode(reexported));

	return out;
}

/* A buffer of vgem, or a negative errno. */
static int vgem_buffer(int vgem)
{
	struct drm_mode_create_dumb create = {
		.width = 1280, .height = 720, .bpp = 32,
	};
	int ret, prime = -1;

	ret = dev_ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create);
	if (!ret)
		ret = errno_of(drmPrimeHandleToFD(vgem, create.handle,
						  DRM_CLOEXEC | DRM_RDWR, &prime));

	return ret ? ret : prime;
}

TEST_F(buffers, of_vgem)
{
	int vgem = card_open_driver("vgem"), prime, ours;
	uint32_t handle;

	ASSERT_LE(0, vgem);
	prime = vgem_buffer(vgem);
	ASSERT_LE(0, prime);
	passes_on(_metadata, &self->kms, prime);

	/* Others do attach, to ours for example, and it would have been seen. */
	ASSERT_EQ(0, drmPrimeHandleToFD(self->kms.card, self->fb.handle,
					DRM_CLOEXEC | DRM_RDWR, &ours));
	ASSERT_EQ(0, drmPrimeFDToHandle(vgem, ours, &handle));
	EXPECT_EQ(1, is_attached(ours, "vgem"));
}

static void swap_sink(struct kms *kms, int *sink)
{
	int other = *sink;

	*sink = kms->sink;
	kms->sink = other;
}

/*
 * A compositor that is refused copies; one that is not would show what nobody can
 * read.
 */
TEST_F(buffers, refused_when_a_daemon_cannot_read_them)
{
	int vgem = card_open_driver("vgem"), prime, ours;
	struct kms *kms = &self->kms;
	struct miracast_target_info other;
	uint32_t handle;
	int sink;

	ASSERT_LE(0, vgem);
	prime = vgem_buffer(vgem);
	ASSERT_LE(0, prime);
	kms_plug(_metadata, kms, 0);
	EXPECT_EQ(-EOPNOTSUPP, errno_of(drmPrimeFDToHandle(kms->card, prime,
							   &handle)));
	/* Our own we can always read. */
	ASSERT_EQ(0, drmPrimeHandleToFD(kms->card, self->fb.handle,
					DRM_CLOEXEC | DRM_RDWR, &ours));
	EXPECT_EQ(0, drmPrimeFDToHandle(kms->card, ours, &handle));

	/* Buffers are the card's: one monitor that cannot is enough. */
	ASSERT_EQ(0, kms_find(kms->broker, 1, &other));
	sink = broker_open_sink(kms->broker, other.id, MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, sink);
	ASSERT_EQ(0, sink_start(sink));
	kms_plug(_metadata, kms, MIRACAST_PLUG_IMPORT);
	swap_sink(kms, &sink);
	kms->connector = other.connector_id;
	kms_plug(_metadata, kms, 0);
	EXPECT_EQ(-EOPNOTSUPP, errno_of(drmPrimeFDToHandle(kms->card, prime,
							   &handle)));
	ASSERT_EQ(0, sink_unplug(kms->sink));
	swap_sink(kms, &sink);
	kms->connector = kms->target.connector_id;
	EXPECT_EQ(0, errno_of(drmPrimeFDToHandle(kms->card, prime, &handle)));
	close(sink);
}

/*
 * A buffer in a process's own memory; -ENOENT where the kernel has no such thing, as
 * Debian's 6.1, which says so, too. @pixels receives the memory, unless it is NULL.
 */
static int memory_buffer(struct __test_metadata *_metadata, uint32_t **pixels)
{
	struct udmabuf_create create = { .size = SIZE };
	int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int prime;

	if (udmabuf < 0) {
		EXPECT_EQ(ENOENT, errno);
		EXPECT_NE(0, system("modprobe -nq udmabuf"));
		return -ENOENT;
	}
	create.memfd = (uint32_t)memfd_create("picture", MFD_ALLOW_SEALING |
							 MFD_CLOEXEC);
	EXPECT_EQ(0, ftruncate((int)create.memfd, SIZE));
	EXPECT_EQ(0, fcntl((int)create.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	if (pixels) {
		*pixels = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			       (int)create.memfd, 0);
		EXPECT_NE(MAP_FAILED, *pixels);
	}
	prime = ioctl(udmabuf, UDMABUF_CREATE, &create);
	EXPECT_LE(0, prime);

	return prime;
}

/* Plugs in again with these drivers named, and tries. */
static void plug_imports(struct __test_metadata *_metadata, struct kms *kms,
			 uint32_t flags, const char *first, const char *second)
{
	uint8_t edid[2 * EDID_BLOCK];
	static struct plug plug;

	edid_make(edid);
	plug_make(&plug, NULL, 0, edid, sizeof(edid), flags);
	if (first)
		plug_add_import(&plug, first);
	if (second)
		plug_add_import(&plug, second);
	ASSERT_EQ(0, sink_plug(kms->sink, &plug));
}

static int import(const struct kms *kms, int prime)
{
	struct drm_gem_close drop = {};
	int ret = errno_of(drmPrimeFDToHandle(kms->card, prime, &drop.handle));

	if (!ret)
		ret = dev_ioctl(kms->card, DRM_IOCTL_GEM_CLOSE, &drop);

	return ret;
}

/*
 * vgem makes nothing ready for the CPU, as its memory always is, so it has to be
 * named; memory of a process is made ready.
 */
TEST_F(buffers, only_those_that_the_plug_names)
{
	static const struct {
		uint32_t flags;
		const char *first, *second;
		int vgem, memory;
	} cases[] = {
		{ 0, NULL, NULL, -EOPNOTSUPP, -EOPNOTSUPP },
		{ MIRACAST_PLUG_IMPORT, NULL, NULL, 0, 0 },
		{ MIRACAST_PLUG_IMPORT_SYNCED, NULL, NULL, -EOPNOTSUPP, 0 },
		{ MIRACAST_PLUG_IMPORT_SYNCED, "vgem", NULL, 0, 0 },
		{ 0, "vgem", NULL, 0, -EOPNOTSUPP },
		{ 0, "nouveau", "vgem", 0, -EOPNOTSUPP },
		{ 0, "udmabuf", "nouveau", -EOPNOTSUPP, 0 },
		/* Whole names. */
		{ 0, "vge", "vgem2", -EOPNOTSUPP, -EOPNOTSUPP },
		/* The name of the helper is nobody's. */
		{ 0, "drm", NULL, -EOPNOTSUPP, -EOPNOTSUPP },
	};
	int vgem = card_open_driver("vgem"), prime, memory;
	struct kms *kms = &self->kms;
	size_t i;

	ASSERT_LE(0, vgem);
	prime = vgem_buffer(vgem);
	ASSERT_LE(0, prime);
	memory = memory_buffer(_metadata, NULL);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		plug_imports(_metadata, kms, cases[i].flags, cases[i].first,
			     cases[i].second);
		EXPECT_EQ(cases[i].vgem, import(kms, prime))
			TH_LOG("vgem, case %zu", i);
		if (memory >= 0)
			EXPECT_EQ(cases[i].memory, import(kms, memory))
				TH_LOG("memory, case %zu", i);
	}
}

/* A buffer in a process's own memory, where the kernel has that. */
TEST_F(buffers, of_memory)
{
	const uint32_t *seen;
	uint32_t *pixels;
	int prime, out;

	prime = memory_buffer(_metadata, &pixels);
	if (prime < 0)
		return;
	out = passes_on(_metadata, &self->kms, prime);

	/* The daemon sees what is drawn while it looks: there is no copy. */
	seen = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, out, 0);
	ASSERT_NE(MAP_FAILED, seen);
	pixels[1000] = 0x123456;
	EXPECT_EQ(0x123456, seen[1000]);
}

/* The buffer that the daemon got is imported where it comes from. */
TEST_F(buffers, our_own_comes_back)
{
	struct miracast_frame frame;
	uint32_t handle;
	int daemon, prime, fd;
	__u32 flags = 0;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	daemon = sink_get_flagged_buffer(self->kms.sink, frame.buffer_id, &flags);
	ASSERT_LE(0, daemon);
	EXPECT_EQ(0, flags);
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
	ASSERT_EQ(0, drmPrimeHandleToFD(self->kms.card, self->fb.handle,
					DRM_CLOEXEC | DRM_RDWR, &prime));
	EXPECT_NE(inode(daemon), inode(prime));

	/* Core's own dma-buf is the object, the daemon's a foreign one. */
	ASSERT_EQ(0, drmPrimeFDToHandle(self->kms.card, prime, &handle));
	EXPECT_EQ(self->fb.handle, handle);
	ASSERT_EQ(0, drmPrimeFDToHandle(self->kms.card, daemon, &handle));
	EXPECT_NE(self->fb.handle, handle);
	ASSERT_EQ(0, drmPrimeHandleToFD(self->kms.card, handle, DRM_CLOEXEC,
					&fd));
	EXPECT_EQ(inode(daemon), inode(fd));
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	closedir(dir);

	return count;
}

/* The steady state passes no descriptors. */
TEST_F(buffers, no_descriptor_per_picture)
{
	struct miracast_frame frame;
	struct kms_fb other;
	int before, i;

	ASSERT_EQ(0, kms_fb_create(&self->kms, &other, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	before = open_files();
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, kms_flip_damaged(&self->kms, i & 1 ? &self->fb : &other,
					      NULL, 0));
		ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
		ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
	}
	EXPECT_EQ(before, open_files());
}

TEST_HARNESS_MAIN
