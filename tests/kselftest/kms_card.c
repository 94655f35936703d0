// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the card is to a desktop: an ordinary monitor. And what it is not: a
 * console, a GPU, or a way to look at what others show.
 */
#include <dirent.h>

#include "miracast_kms.h"

#define DEVICE	"/sys/devices/platform/miracast"

FIXTURE(card) {
	struct kms kms;
};

FIXTURE_SETUP(card)
{
	kms_open(_metadata, &self->kms);
	kms_plug(_metadata, &self->kms, MIRACAST_PLUG_CURSOR);
}

FIXTURE_TEARDOWN(card)
{
	kms_close(&self->kms);
}

/* Entries of a directory whose names begin like this; -1: no such directory. */
static int count_entries(const char *path, const char *prefix)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		count += !strncmp(entry->d_name, prefix, strlen(prefix));
	closedir(dir);

	return count;
}

TEST_F(card, no_console_no_renderer)
{
	EXPECT_EQ(1, count_entries(DEVICE "/drm", "card"));
	EXPECT_EQ(0, count_entries(DEVICE "/drm", "render"));
	EXPECT_EQ(-1, count_entries(DEVICE "/graphics", "fb"));
}

/* Only /dev/miracast gives pictures away: the card has no calls of its own. */
TEST_F(card, no_private_calls)
{
	uint8_t arg[256] = {};
	unsigned int nr;

	for (nr = DRM_COMMAND_BASE; nr < DRM_COMMAND_END; nr++)
		EXPECT_EQ(-EINVAL, dev_ioctl(self->kms.card,
					     _IOC(_IOC_READ | _IOC_WRITE, 'd',
						  nr, sizeof(arg)), arg));
}

TEST_F(card, what_desktops_ask_a_connector)
{
	struct kms *kms = &self->kms;
	drmModeConnector *connector =
		drmModeGetConnector(kms->card, kms->connector);
	uint32_t id;

	ASSERT_NE(NULL, connector);
	EXPECT_EQ(800, connector->mmWidth);
	EXPECT_EQ(450, connector->mmHeight);
	EXPECT_EQ(1, connector->count_encoders);
	drmModeFreeConnector(connector);

	EXPECT_EQ(0, kms_property(kms->card, kms->connector,
				  DRM_MODE_OBJECT_CONNECTOR, "non-desktop", &id));
	EXPECT_NE(0, id);
	EXPECT_EQ(DRM_MODE_LINK_STATUS_GOOD,
		  kms_property(kms->card, kms->connector,
			       DRM_MODE_OBJECT_CONNECTOR, "link-status", &id));
	EXPECT_NE(0, id);
	kms_property(kms->card, kms->connector, DRM_MODE_OBJECT_CONNECTOR,
		     "DPMS", &id);
	EXPECT_NE(0, id);
	EXPECT_NE(0, kms_property(kms->card, kms->connector,
				  DRM_MODE_OBJECT_CONNECTOR, "EDID", &id));
	/* No promise that a stream of 8 bits and 2 dimensions cannot keep. */
	kms_property(kms->card, kms->connector, DRM_MODE_OBJECT_CONNECTOR,
		     "max bpc", &id);
	EXPECT_EQ(0, id);
	kms_property(kms->card, kms->connector, DRM_MODE_OBJECT_CONNECTOR,
		     "HDR_OUTPUT_METADATA", &id);
	EXPECT_EQ(0, id);
	kms_property(kms->card, kms->connector, DRM_MODE_OBJECT_CONNECTOR,
		     "Content Protection", &id);
	EXPECT_EQ(0, id);
	kms_property(kms->card, kms->connector, DRM_MODE_OBJECT_CONNECTOR,
		     "vrr_capable", &id);
	EXPECT_EQ(0, id);
}

/* Formats and modifiers of a plane, from its IN_FORMATS, with "x linear". */
static int linear_formats(struct kms *kms, uint32_t plane, uint32_t *formats,
			  int max)
{
	drmModeFormatModifierIterator iter = {};
	drmModePropertyBlobRes *blob;
	int count = 0;
	uint32_t id;

	blob = drmModeGetPropertyBlob(kms->card,
				      (uint32_t)kms_property(kms->card, plane,
							     DRM_MODE_OBJECT_PLANE,
							     "IN_FORMATS", &id));
	if (!blob)
		return -1;
	while (drmModeFormatModifierBlobIterNext(blob, &iter)) {
		if (iter.mod != DRM_FORMAT_MOD_LINEAR || count == max) {
			count = -1;
			break;
		}
		formats[count++] = iter.fmt;
	}
	drmModeFreePropertyBlob(blob);

	return count;
}

TEST_F(card, formats_that_every_reader_takes)
{
	struct kms *kms = &self->kms;
	uint32_t formats[4] = {};

	EXPECT_EQ(3, linear_formats(kms, kms->primary, formats, 4));
	EXPECT_EQ(DRM_FORMAT_XRGB8888, formats[0]);
	EXPECT_EQ(DRM_FORMAT_ARGB8888, formats[1]);
	EXPECT_EQ(DRM_FORMAT_RGB565, formats[2]);
	EXPECT_EQ(1, linear_formats(kms, kms->cursor, formats, 4));
	EXPECT_EQ(DRM_FORMAT_ARGB8888, formats[0]);
}

/* Kernels that have the property know which cursors are drawn in the least time. */
TEST_F(card, sizes_of_cursors)
{
	static const struct drm_plane_size_hint sizes[] = {
		{ 64, 64 }, { 128, 128 }, { 256, 256 },
	};
	struct kms *kms = &self->kms;
	bool known = !system("grep -qw drm_plane_add_size_hints_property /proc/kallsyms");
	drmModePropertyBlobRes *blob;
	uint32_t id;
	uint64_t value = kms_property(kms->card, kms->cursor, DRM_MODE_OBJECT_PLANE,
				      "SIZE_HINTS", &id);

	ASSERT_EQ(known, id != 0);
	if (!known)
		return;
	blob = drmModeGetPropertyBlob(kms->card, (uint32_t)value);
	ASSERT_NE(NULL, blob);
	ASSERT_EQ(sizeof(sizes), blob->length);
	EXPECT_EQ(0, memcmp(sizes, blob->data, sizeof(sizes)));
	drmModeFreePropertyBlob(blob);
}

/* A buffer in a way that was not offered becomes no framebuffer. */
TEST_F(card, other_formats_are_refused)
{
	static const uint32_t others[] = {
		DRM_FORMAT_XRGB2101010, DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888,
	};
	struct kms *kms = &self->kms;
	uint32_t handles[4] = {}, pitches[4] = {}, offsets[4] = {};
	uint64_t modifiers[4] = { fourcc_mod_code(INTEL, 1) };
	struct kms_fb fb, other;
	size_t i;

	ASSERT_EQ(0, kms_fb_create(kms, &fb, 1280, 720, DRM_FORMAT_XRGB8888, 0));
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		other = fb;
		EXPECT_EQ(-EINVAL, kms_fb_from_handle(kms, &other, others[i]));
	}
	handles[0] = fb.handle;
	pitches[0] = fb.pitch;
	EXPECT_EQ(-EINVAL,
		  errno_of(drmModeAddFB2WithModifiers(kms->card, 1280, 720,
						      DRM_FORMAT_XRGB8888,
						      handles, pitches, offsets,
						      modifiers, &other.id,
						      DRM_MODE_FB_MODIFIERS)));
	modifiers[0] = DRM_FORMAT_MOD_LINEAR;
	ASSERT_EQ(0, drmModeAddFB2WithModifiers(kms->card, 1280, 720,
						DRM_FORMAT_XRGB8888, handles,
						pitches, offsets, modifiers,
						&other.id,
						DRM_MODE_FB_MODIFIERS));
	EXPECT_EQ(0, kms_modeset(kms, &other));
}

/* GPUs refuse to import what is less. */
TEST_F(card, buffers_are_padded)
{
	struct drm_mode_create_dumb create = {
		.width = 1366, .height = 767, .bpp = 32,
	};

	ASSERT_EQ(0, dev_ioctl(self->kms.card, DRM_IOCTL_MODE_CREATE_DUMB,
			       &create));
	EXPECT_EQ(5632, create.pitch);
	EXPECT_LE(768ULL * 5632, create.size);
}

/* -------------------------------------------------------------- forcing */

static int force(struct kms *kms, const char *how)
{
	char path[96];

	snprintf(path, sizeof(path), DEVICE "/drm/card%u/card%u-%s/status",
		 kms->target.card_minor, kms->target.card_minor,
		 kms->target.name);

	return write_words(path, how);
}

/* Without a probe, as udev's listeners see it. */
static drmModeConnection status_now(struct kms *kms)
{
	drmModeConnector *connector =
		drmModeGetConnectorCurrent(kms->card, kms->connector);
	drmModeConnection status = DRM_MODE_UNKNOWNCONNECTION;

	if (connector)
		status = connector->connection;
	drmModeFreeConnector(connector);

	return status;
}

TEST_F(card, forced_status_stays)
{
	struct kms *kms = &self->kms;
	uint8_t edid[2 * EDID_BLOCK];
	static struct plug plug;
	drmModeModeInfo mode;

	ASSERT_EQ(0, force(kms, "off"));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(kms));
	/* A monitor that arrives is not looked for. */
	edid_make(edid);
	plug_make(&plug, NULL, 0, edid, sizeof(edid), 0);
	ASSERT_EQ(0, sink_unplug(kms->sink));
	ASSERT_EQ(0, sink_plug(kms->sink, &plug));
	sleep_ms(500);
	EXPECT_EQ(DRM_MODE_DISCONNECTED, status_now(kms));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(kms));

	ASSERT_EQ(0, force(kms, "detect"));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(kms));
	EXPECT_TRUE(kms_find_mode(kms, 1280, 720, 60, &mode));

	/* On, and nothing there: something to choose from all the same. */
	ASSERT_EQ(0, force(kms, "on"));
	ASSERT_EQ(0, sink_unplug(kms->sink));
	sleep_ms(500);
	EXPECT_EQ(DRM_MODE_CONNECTED, status_now(kms));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(kms));
	EXPECT_TRUE(kms_find_mode(kms, 1024, 768, 60, &mode));
	ASSERT_EQ(0, force(kms, "detect"));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(kms));
}

/* ------------------------------------------------------------------ log */

/* A line for each probe would fill the log of a desktop that looks often. */
TEST_F(card, nothing_in_the_log)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct kms *kms = &self->kms;
	unsigned int said = 0;
	struct kms_fb fb;
	char line[8192];
	ssize_t len;
	int i;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, lseek(fd, 0, SEEK_END));
	ASSERT_EQ(0, kms_fb_create(kms, &fb, 1280, 720, DRM_FORMAT_XRGB8888, 0));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, sink_unplug(kms->sink));
		EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(kms));
		kms_plug(_metadata, kms, 0);
		ASSERT_EQ(0, kms_modeset(kms, &fb));
	}
	while ((len = read(fd, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		said += strstr(line, "iracast") || strstr(line, "drm");
	}
	EXPECT_EQ(0, said);
	close(fd);
}

TEST_HARNESS_MAIN
