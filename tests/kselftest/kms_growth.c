// SPDX-License-Identifier: GPL-2.0-only
/*
 * "Growing" in <drm/miracast.h>, for plugs, modes, frames and buffers: what
 * relay_growth does for the relay.
 */
#include "miracast_kms.h"

#define SIZED(cmd, size) \
	_IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size)

#define MORE	32	/* bytes that a newer program knows */

#define end_of(type, member) \
	(offsetof(struct type, member) + sizeof(((struct type *)0)->member))

FIXTURE(growth) {
	struct kms kms;
	struct plug plug;
	uint8_t edid[2 * EDID_BLOCK];
};

FIXTURE_SETUP(growth)
{
	kms_open(_metadata, &self->kms);
	edid_make(self->edid);
}

FIXTURE_TEARDOWN(growth)
{
	kms_close(&self->kms);
}

/*
 * The plug of a program to whom the structures have these sizes: 1280x720 and
 * 1920x1080 at 60 Hz of a television. @byte is set to 1, if it is not 0.
 */
static void plug_sized(struct plug *plug, const uint8_t *edid, uint32_t plug_size,
		       uint32_t mode_size, size_t byte)
{
	const struct miracast_mode modes[] = {
		{ 1280, 720, 60000, 0 }, { 1920, 1080, 60000, 0 },
	};
	const struct miracast_plug head = {
		.size = plug_size, .num_modes = 2, .mode_size = mode_size,
		.edid_len = 2 * EDID_BLOCK, .monitor_type = DRM_MODE_CONNECTOR_HDMIA,
	};
	size_t i;

	memset(plug, 0, sizeof(*plug));
	memcpy(plug->data, &head, plug_size < sizeof(head) ? plug_size : sizeof(head));
	for (i = 0; i < 2; i++)
		memcpy(plug->data + plug_size + i * mode_size, &modes[i],
		       mode_size < sizeof(modes[0]) ? mode_size : sizeof(modes[0]));
	memcpy(plug->data + plug_size + 2 * mode_size, edid, 2 * EDID_BLOCK);
	plug->len = plug_size + 2 * mode_size + 2 * EDID_BLOCK;
	if (byte)
		plug->data[byte] = 1;
}

TEST_F(growth, plugs_and_modes)
{
	static const uint32_t plug_sizes[] = {
		offsetof(struct miracast_plug, monitor_type),
		offsetof(struct miracast_plug, sound_rates),
		offsetof(struct miracast_plug, num_imports),
		sizeof(struct miracast_plug), sizeof(struct miracast_plug) + 4,
		sizeof(struct miracast_plug) + MORE, 1000,
	};
	static const uint32_t mode_sizes[] = {
		offsetof(struct miracast_mode, flags), sizeof(struct miracast_mode),
		sizeof(struct miracast_mode) + 4, sizeof(struct miracast_mode) + MORE,
	};
	struct kms *kms = &self->kms;
	size_t i, j, k;

	for (i = 0; i < ARRAY_SIZE(plug_sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(mode_sizes); j++) {
			uint32_t plug = plug_sizes[i], mode = mode_sizes[j];

			plug_sized(&self->plug, self->edid, plug, mode, 0);
			EXPECT_EQ(0, sink_plug(kms->sink, &self->plug))
				TH_LOG("%u and %u bytes", plug, mode);
			EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(kms));
			EXPECT_TRUE(kms_find_mode(kms, 1280, 720, 60, &kms->mode));
			EXPECT_TRUE(kms_find_mode(kms, 1920, 1080, 60, &kms->mode));
			/* The list is a limit: it has been understood. */
			EXPECT_FALSE(kms_find_mode(kms, 1920, 1080, 24, &kms->mode));
			EXPECT_EQ(0, sink_unplug(kms->sink));

			for (k = sizeof(struct miracast_plug); k < plug; k++) {
				plug_sized(&self->plug, self->edid, plug, mode, k);
				EXPECT_EQ(-E2BIG, sink_plug(kms->sink, &self->plug));
			}
			for (k = sizeof(struct miracast_mode); k < mode; k++) {
				plug_sized(&self->plug, self->edid, plug, mode,
					   plug + k);
				EXPECT_EQ(-E2BIG, sink_plug(kms->sink, &self->plug));
				plug_sized(&self->plug, self->edid, plug, mode,
					   plug + mode + k);
				EXPECT_EQ(-E2BIG, sink_plug(kms->sink, &self->plug));
			}
			EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(kms));
		}
	}
}

/* Sizes that say nothing, or that do not add up. */
TEST_F(growth, plugs_that_are_none)
{
	static const uint32_t bad[] = {
		0, 1, 3, 4, 8, 0x10000, 0x10001, 0x7fffffff, 0x80000000, UINT32_MAX,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		plug_sized(&self->plug, self->edid, sizeof(struct miracast_plug),
			   sizeof(struct miracast_mode), 0);
		plug_head(&self->plug)->size = bad[i];
		EXPECT_EQ(-EINVAL, sink_plug(self->kms.sink, &self->plug))
			TH_LOG("size %#x", bad[i]);
		plug_sized(&self->plug, self->edid, sizeof(struct miracast_plug),
			   sizeof(struct miracast_mode), 0);
		plug_head(&self->plug)->mode_size = bad[i];
		EXPECT_EQ(-EINVAL, sink_plug(self->kms.sink, &self->plug))
			TH_LOG("mode_size %#x", bad[i]);
	}
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
}

/* An import of each size; those that know more than the name say nothing of it. */
TEST_F(growth, imports)
{
	static const uint32_t sizes[] = {
		1, 8, sizeof(struct miracast_import), sizeof(struct miracast_import) + 1,
		sizeof(struct miracast_import) + MORE,
	};
	const uint32_t head = sizeof(struct miracast_plug);
	uint8_t *last;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		plug_sized(&self->plug, self->edid, head, sizeof(struct miracast_mode), 0);
		plug_head(&self->plug)->num_imports = 2;
		plug_head(&self->plug)->import_size = sizes[i];
		last = self->plug.data + self->plug.len;
		memset(last, 0, 2 * sizes[i]);
		last[0] = 'a';
		last += sizes[i];
		last[0] = 'b';
		self->plug.len += 2 * sizes[i];
		EXPECT_EQ(0, sink_plug(self->kms.sink, &self->plug))
			TH_LOG("%u bytes", sizes[i]);
		for (j = sizeof(struct miracast_import); j < sizes[i]; j++) {
			last[j] = 1;
			EXPECT_EQ(-E2BIG, sink_plug(self->kms.sink, &self->plug));
			last[j] = 0;
		}
		last[0] = 0;
		EXPECT_EQ(-EINVAL, sink_plug(self->kms.sink, &self->plug));
	}
}

/* Names that are none, more than there may be, and sizes that do not add up. */
TEST_F(growth, imports_that_are_none)
{
	static const uint32_t bad[] = {
		0, 1, sizeof(struct miracast_import) + 1, 0x10000, 0x10001, 0x80000000,
		UINT32_MAX,
	};
	char name[sizeof(struct miracast_import) + 1];
	size_t i;

	memset(name, 'x', sizeof(name));
	for (i = 1; i < sizeof(name); i++) {
		plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
		name[i] = 0;
		plug_add_import(&self->plug, name);
		name[i] = 'x';
		EXPECT_EQ(i == sizeof(name) - 1 ? -EINVAL : 0,
			  sink_plug(self->kms.sink, &self->plug))
			TH_LOG("%zu characters", i);
	}

	plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
	for (i = 0; i < MIRACAST_MAX_IMPORTS; i++)
		plug_add_import(&self->plug, "x");
	EXPECT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	plug_add_import(&self->plug, "x");
	EXPECT_EQ(-EINVAL, sink_plug(self->kms.sink, &self->plug));

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
		plug_add_import(&self->plug, "x");
		plug_head(&self->plug)->import_size = bad[i];
		EXPECT_EQ(-EINVAL, sink_plug(self->kms.sink, &self->plug))
			TH_LOG("import_size %#x", bad[i]);
		plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
		plug_add_import(&self->plug, "x");
		plug_head(&self->plug)->num_imports = bad[i] == 1 ? 2 : bad[i];
		EXPECT_EQ(-EINVAL, sink_plug(self->kms.sink, &self->plug))
			TH_LOG("num_imports %#x", bad[i]);
	}
}

TEST_F(growth, io_control)
{
	uint8_t zeros[64] = { 0 }, out[64];
	uint32_t len, bytes, i;
	struct kms_fb fb;

	kms_plug(_metadata, &self->kms, 0);
	ASSERT_EQ(0, kms_fb_create(&self->kms, &fb, 1280, 720, DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(&self->kms, &fb));
	for (len = 0; len <= sizeof(out); len++) {
		struct miracast_mode_state mode = { 0 };
		uint32_t known = len < sizeof(mode) ? len : sizeof(mode);

		memset(out, 0xa5, sizeof(out));
		/* Input that it does not have, of a newer program. */
		EXPECT_EQ(0, sink_io_control(self->kms.sink, MIRACAST_CTL_GET_MODE, zeros,
					     len, out, len, &bytes));
		EXPECT_EQ(known, bytes);
		memcpy(&mode, out, known);
		EXPECT_EQ(len >= 4 ? 1280 : 0, len >= 4 ? mode.width : 0);
		EXPECT_EQ(len >= 8 ? 720 : 0, len >= 8 ? mode.height : 0);
		for (i = known; i < sizeof(out) && out[i] == 0xa5; i++)
			;
		EXPECT_EQ(sizeof(out), i);
		if (!len)
			continue;
		zeros[len - 1] = 1;
		EXPECT_EQ(-E2BIG, sink_io_control(self->kms.sink, MIRACAST_CTL_GET_MODE,
						  zeros, len, out, len, &bytes));
		EXPECT_EQ(-E2BIG, sink_io_control(self->kms.sink, MIRACAST_CTL_UNPLUG,
						  zeros, len, NULL, 0, NULL));
		zeros[len - 1] = 0;
	}
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_EQ(0, sink_io_control(self->kms.sink, MIRACAST_CTL_UNPLUG, zeros,
				     sizeof(zeros), NULL, 0, NULL));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
}

/* A request with a structure that is longer by MORE bytes. */
#define GROWN(type) struct { struct type known; uint8_t more[MORE]; }

TEST_F(growth, frames_and_buffers)
{
	GROWN(miracast_frame) frame = { .known = { 0 } };
	GROWN(miracast_release_frame) release = { .known = { .sync_file = -1 } };
	GROWN(miracast_get_buffer) get = { .known = { 0 } };
	GROWN(miracast_get_retired) retired = { .known = { .num_ids = 0 } };
	int sink = self->kms.sink;
	struct kms_fb a, b;

	kms_plug(_metadata, &self->kms, 0);
	ASSERT_EQ(0, kms_fb_create(&self->kms, &a, 1280, 720, DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(&self->kms, &b, 1280, 720, DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(&self->kms, &a));

	/* Newer. */
	frame.more[MORE - 1] = 1;
	EXPECT_EQ(-E2BIG, dev_ioctl(sink, SIZED(MIRACAST_IOC_ACQUIRE_FRAME, sizeof(frame)),
				    &frame));
	frame.more[MORE - 1] = 0;
	ASSERT_EQ(0, dev_ioctl(sink, SIZED(MIRACAST_IOC_ACQUIRE_FRAME, sizeof(frame)),
			       &frame));
	EXPECT_EQ(1280, frame.known.width);
	EXPECT_EQ(0, frame.more[0]);
	get.known.buffer_id = frame.known.buffer_id;
	get.more[0] = 1;
	EXPECT_EQ(-E2BIG, dev_ioctl(sink, SIZED(MIRACAST_IOC_GET_BUFFER, sizeof(get)), &get));
	get.more[0] = 0;
	ASSERT_EQ(0, dev_ioctl(sink, SIZED(MIRACAST_IOC_GET_BUFFER, sizeof(get)), &get));
	EXPECT_EQ(1, get.known.num_fds);
	close(get.known.fd[0]);
	release.known.seq = frame.known.seq;
	release.more[3] = 1;
	EXPECT_EQ(-E2BIG, dev_ioctl(sink, SIZED(MIRACAST_IOC_RELEASE_FRAME, sizeof(release)),
				    &release));
	release.more[3] = 0;
	EXPECT_EQ(0, dev_ioctl(sink, SIZED(MIRACAST_IOC_RELEASE_FRAME, sizeof(release)),
			       &release));

	/* Older: without a cursor, without num_fds, with one id at a time. */
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &b, NULL, 0));
	memset(&frame, 0, sizeof(frame));
	frame.known.cursor_width = 77;
	ASSERT_EQ(0, dev_ioctl(sink, SIZED(MIRACAST_IOC_ACQUIRE_FRAME,
					   offsetof(struct miracast_frame, cursor_x)),
			       &frame));
	EXPECT_EQ(1280, frame.known.width);
	EXPECT_EQ(77, frame.known.cursor_width);
	get.known = (struct miracast_get_buffer) {
		.buffer_id = frame.known.buffer_id, .fd = { 0, 77 },
	};
	ASSERT_EQ(0, dev_ioctl(sink, SIZED(MIRACAST_IOC_GET_BUFFER,
					   end_of(miracast_get_buffer, fd[0])), &get));
	EXPECT_EQ(77, get.known.fd[1]);
	close(get.known.fd[0]);
	/* 0 is a descriptor, though none of a fence. */
	release.known = (struct miracast_release_frame) {
		.seq = frame.known.seq, .sync_file = -1,
	};
	EXPECT_EQ(-EINVAL, dev_ioctl(sink, SIZED(MIRACAST_IOC_RELEASE_FRAME,
						 end_of(miracast_release_frame, flags)),
				     &release));
	EXPECT_EQ(0, dev_ioctl(sink, MIRACAST_IOC_RELEASE_FRAME, &release));

	ASSERT_EQ(0, kms_modeset(&self->kms, &b));
	kms_fb_destroy(&self->kms, &a);
	EXPECT_EQ(POLLPRI, fd_poll(sink, POLLPRI, 1000));
	retired.more[8] = 1;
	EXPECT_EQ(-E2BIG, dev_ioctl(sink, SIZED(MIRACAST_IOC_GET_RETIRED, sizeof(retired)),
				    &retired));
	retired.more[8] = 0;
	retired.known.outstanding = 77;
	EXPECT_EQ(0, dev_ioctl(sink, SIZED(MIRACAST_IOC_GET_RETIRED,
					   end_of(miracast_get_retired, num_ids)), &retired));
	EXPECT_EQ(1, retired.known.num_ids);
	EXPECT_EQ(77, retired.known.outstanding);
	EXPECT_EQ(-EAGAIN, dev_ioctl(sink, SIZED(MIRACAST_IOC_GET_RETIRED, sizeof(retired)),
				     &retired));
}

TEST_HARNESS_MAIN
