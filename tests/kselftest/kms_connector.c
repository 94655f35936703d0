// SPDX-License-Identifier: GPL-2.0-only
/*
 * The monitor: arrival, departure, EDID, modes, and what is refused.
 */
#include <linux/netlink.h>
#include <sys/socket.h>

#include "miracast_kms.h"

FIXTURE(connector) {
	struct kms kms;
	uint8_t edid[2 * EDID_BLOCK];
	struct plug plug;
};

FIXTURE_SETUP(connector)
{
	edid_make(self->edid);
	kms_open(_metadata, &self->kms);
}

FIXTURE_TEARDOWN(connector)
{
	kms_close(&self->kms);
}

/* Modes of the connector, whether they are preferred as bits. */
static int count_modes(struct kms *kms, uint32_t *preferred)
{
	drmModeConnector *connector =
		drmModeGetConnector(kms->card, kms->connector);
	int count = connector ? connector->count_modes : -1;
	int i;

	*preferred = 0;
	for (i = 0; i < count && i < 32; i++)
		if (connector->modes[i].type & DRM_MODE_TYPE_PREFERRED)
			*preferred |= 1U << i;
	drmModeFreeConnector(connector);

	return count;
}

/* Whether users could tell these modes apart by nothing. */
static bool same_look(const drmModeModeInfo *a, const drmModeModeInfo *b)
{
	uint64_t first = 1000000ULL * a->clock / a->htotal / a->vtotal;
	uint64_t second = 1000000ULL * b->clock / b->htotal / b->vtotal;

	return a->hdisplay == b->hdisplay && a->vdisplay == b->vdisplay &&
	       (first > second ? first - second : second - first) < 10;
}

static bool edid_shown(struct kms *kms, const uint8_t *edid, uint32_t len)
{
	drmModePropertyBlobRes *blob;
	uint64_t value;
	uint32_t id;
	bool equal;

	value = kms_property(kms->card, kms->connector,
			     DRM_MODE_OBJECT_CONNECTOR, "EDID", &id);
	blob = drmModeGetPropertyBlob(kms->card, (uint32_t)value);
	if (!blob)
		return !len;
	equal = blob->length == len && !memcmp(blob->data, edid, len);
	drmModeFreePropertyBlob(blob);

	return equal;
}

TEST_F(connector, R6_disconnected_until_plugged)
{
	struct miracast_target_info info;
	unsigned int num;

	for (num = 0; !kms_find(self->kms.broker, num, &info); num++) {
		self->kms.connector = info.connector_id;
		EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
		EXPECT_EQ(0, info.flags & MIRACAST_TARGET_PLUGGED);
	}
	EXPECT_LT(0, num);
}

TEST_F(connector, R4_target_names_its_connector)
{
	drmModeConnector *connector =
		drmModeGetConnector(self->kms.card, self->kms.connector);
	char name[64];

	ASSERT_NE(NULL, connector);
	EXPECT_EQ(DRM_MODE_CONNECTOR_VIRTUAL, connector->connector_type);
	snprintf(name, sizeof(name), "Virtual-%u", connector->connector_type_id);
	EXPECT_STREQ(name, self->kms.target.name);
	drmModeFreeConnector(connector);
}

TEST_F(connector, R34_plug_needs_a_started_session)
{
	plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);

	ASSERT_EQ(0, sink_stop(self->kms.sink));
	EXPECT_EQ(-EBUSY, sink_plug(self->kms.sink, &self->plug));
	ASSERT_EQ(0, sink_op(self->kms.sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	EXPECT_EQ(-EBUSY, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
	ASSERT_EQ(0, sink_op(self->kms.sink, MIRACAST_SESSION_END_START, 0, 0));
	EXPECT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
}

TEST_F(connector, R72_edid_is_shown_as_it_is)
{
	drmModeModeInfo mode;

	plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_TRUE(edid_shown(&self->kms, self->edid, sizeof(self->edid)));
	EXPECT_TRUE(kms_find_mode(&self->kms, 1280, 720, 60, &mode));
	EXPECT_TRUE(mode.type & DRM_MODE_TYPE_PREFERRED);
	EXPECT_TRUE(kms_find_mode(&self->kms, 1920, 1080, 60, &mode));
	EXPECT_FALSE(mode.flags & DRM_MODE_FLAG_INTERLACE);

	/* Another panel behind the same sink. */
	self->edid[17]++;
	edid_seal(self->edid);
	plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_TRUE(edid_shown(&self->kms, self->edid, sizeof(self->edid)));

	ASSERT_EQ(0, sink_unplug(self->kms.sink));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
	EXPECT_TRUE(edid_shown(&self->kms, NULL, 0));
}

/* Writes the administrator's EDID; "reset" takes it away. */
static bool override_edid(const struct kms *kms, const void *data, size_t len)
{
	char path[128];
	bool written;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s/edid_override",
		 kms->target.card_minor, kms->target.name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	written = fd >= 0 && write(fd, data, len) == (ssize_t)len;
	close(fd);

	return written;
}

/* As with any monitor: the administrator knows better, as long as the list allows it. */
TEST_F(connector, edid_of_the_administrator)
{
	static const struct miracast_mode list[] = {
		{ 1920, 1080, 60000, MIRACAST_MODE_PREFERRED },
	};
	uint8_t other[2 * EDID_BLOCK];
	drmModeModeInfo mode;

	memcpy(other, self->edid, sizeof(other));
	other[17]++;
	edid_seal(other);
	plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_TRUE(edid_shown(&self->kms, self->edid, sizeof(self->edid)));
	ASSERT_TRUE(override_edid(&self->kms, other, sizeof(other)));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_TRUE(edid_shown(&self->kms, other, sizeof(other)));
	EXPECT_TRUE(kms_find_mode(&self->kms, 1280, 720, 60, &mode));

	/* Also where the daemon has none. */
	plug_make(&self->plug, list, 1, NULL, 0, 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_TRUE(edid_shown(&self->kms, other, sizeof(other)));
	EXPECT_TRUE(kms_find_mode(&self->kms, 1920, 1080, 60, &mode));
	EXPECT_FALSE(kms_find_mode(&self->kms, 1280, 720, 60, &mode));

	ASSERT_TRUE(override_edid(&self->kms, "reset", strlen("reset")));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_TRUE(edid_shown(&self->kms, NULL, 0));
}

TEST_F(connector, R74_modes_that_both_have)
{
	static const struct miracast_mode list[] = {
		{ 1920, 1080, 60000, MIRACAST_MODE_PREFERRED },
		{ 1280, 720, 60000, 0 },
		{ 1280, 720, 50000, 0 },
	};
	drmModeModeInfo mode;
	uint32_t preferred;

	plug_make(&self->plug, list, 3, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_TRUE(kms_find_mode(&self->kms, 1280, 720, 60, &mode));
	EXPECT_FALSE(mode.type & DRM_MODE_TYPE_PREFERRED);
	EXPECT_TRUE(kms_find_mode(&self->kms, 1920, 1080, 60, &mode));
	EXPECT_TRUE(mode.type & DRM_MODE_TYPE_PREFERRED);
	EXPECT_FALSE(kms_find_mode(&self->kms, 1280, 720, 50, &mode));
	EXPECT_FALSE(kms_find_mode(&self->kms, 1920, 1080, 24, &mode));
	/* CTA modes come with 59.94 Hz, too. The EDID has two of 720p60: one is enough. */
	EXPECT_EQ(4, count_modes(&self->kms, &preferred));
	/* The list's preference counts, not the EDID's. */
	EXPECT_EQ(3, preferred);
}

TEST_F(connector, R74_the_list_where_nothing_matches)
{
	static const struct miracast_mode list[] = {
		{ 800, 480, 60000, 0 },
		{ 1366, 768, 30000, MIRACAST_MODE_PREFERRED },
		/* An interlaced mode of the EDID is no match for this. */
		{ 1920, 1080, 30000, 0 },
	};
	drmModeModeInfo mode;
	uint32_t preferred;

	plug_make(&self->plug, list, 3, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(3, count_modes(&self->kms, &preferred));
	EXPECT_TRUE(edid_shown(&self->kms, self->edid, sizeof(self->edid)));
	EXPECT_TRUE(kms_find_mode(&self->kms, 800, 480, 60, &mode));
	EXPECT_TRUE(kms_find_mode(&self->kms, 1920, 1080, 30, &mode));
	EXPECT_TRUE(kms_find_mode(&self->kms, 1366, 768, 30, &mode));
	EXPECT_TRUE(mode.type & DRM_MODE_TYPE_PREFERRED);

	plug_make(&self->plug, list, 3, NULL, 0, 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(3, count_modes(&self->kms, &preferred));
	EXPECT_TRUE(edid_shown(&self->kms, NULL, 0));
}

/* Also as a detailed timing and as a video code, whose blanking nobody sees. */
TEST_F(connector, each_mode_is_offered_once)
{
	drmModeConnector *connector;
	int i, j, twins = 0;

	/* 720p60 with ten pixels more of blanking, by a clock of 10 kHz steps. */
	self->edid[54] = 0x2e;
	self->edid[57] += 10;
	edid_seal(self->edid);
	plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	connector = drmModeGetConnector(self->kms.card, self->kms.connector);
	ASSERT_NE(NULL, connector);
	/* 720p and 1080p at 60 and 59.94 Hz, 1080p at 24 and 23.976 Hz. */
	EXPECT_EQ(6, connector->count_modes);
	for (i = 0; i < connector->count_modes; i++) {
		for (j = 0; j < i; j++)
			twins += same_look(&connector->modes[i],
					   &connector->modes[j]);
	}
	EXPECT_EQ(0, twins);
	/* Which is as preferred as both were. */
	EXPECT_TRUE(connector->modes[0].type & DRM_MODE_TYPE_PREFERRED);
	EXPECT_EQ(1280, connector->modes[0].hdisplay);
	drmModeFreeConnector(connector);
}

/* A stream is 4:2:0 in any case, so what a panel takes only so is welcome. */
TEST_F(connector, modes_that_are_420_only)
{
	static const uint8_t cta[] = {
		0x02, 0x03, 0x07, 0x00,
		/* 4:2:0 video: 2160p60 */
		0xe2, 0x0e, 97,
	};
	static const struct miracast_mode list[] = {
		{ 3840, 2160, 60000, MIRACAST_MODE_PREFERRED },
	};
	drmModeModeInfo mode;

	memset(self->edid + EDID_BLOCK, 0, EDID_BLOCK);
	memcpy(self->edid + EDID_BLOCK, cta, sizeof(cta));
	edid_seal(self->edid + EDID_BLOCK);
	plug_make(&self->plug, list, 1, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	ASSERT_TRUE(kms_find_mode(&self->kms, 3840, 2160, 60, &mode));
	/* The sink's own timing, not one for want of it. */
	EXPECT_EQ(4400, mode.htotal);
}

TEST_F(connector, R76_no_mode_below_23_9_Hz)
{
	static const struct miracast_mode list[] = {
		{ 1280, 720, 23890, 0 },
		{ 1280, 800, 23976, 0 },
	};
	drmModeModeInfo mode;
	uint32_t preferred;

	plug_make(&self->plug, list, 2, NULL, 0, 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(1, count_modes(&self->kms, &preferred));
	EXPECT_TRUE(kms_find_mode(&self->kms, 1280, 800, 24, &mode));
}

/* Nor one whose vblanks would be all that the machine is busy with. */
TEST_F(connector, no_absurd_mode)
{
	static const struct miracast_mode list[] = {
		{ 1280, 720, 240100, 0 },
		{ 8192, 8192, 60000, 0 },
		{ 1280, 800, 60000, 0 },
	};
	drmModeModeInfo mode;
	uint32_t preferred;

	plug_make(&self->plug, list, 3, NULL, 0, 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_EQ(1, count_modes(&self->kms, &preferred));
	EXPECT_TRUE(kms_find_mode(&self->kms, 1280, 800, 60, &mode));
}

TEST_F(connector, R75_R76_modes_of_user_spaces_own_making)
{
	static const struct miracast_mode list[] = {
		{ 1280, 720, 60000, 0 },
		{ 1920, 1080, 60000, 0 },
	};
	drmModeModeInfo good;
	struct kms_fb fb;

	plug_make(&self->plug, list, 1, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	ASSERT_TRUE(kms_find_mode(&self->kms, 1280, 720, 60, &good));
	ASSERT_EQ(0, kms_fb_create(&self->kms, &fb, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));

	self->kms.mode = good;
	EXPECT_EQ(0, kms_modeset_flags(&self->kms, &fb,
				       DRM_MODE_ATOMIC_TEST_ONLY));
	/* Not on the list. */
	self->kms.mode.clock /= 2;
	EXPECT_EQ(-EINVAL, kms_modeset_flags(&self->kms, &fb,
					     DRM_MODE_ATOMIC_TEST_ONLY));
	/* Nor would any list help. */
	self->kms.mode.clock = good.clock / 3;
	EXPECT_EQ(-EINVAL, kms_modeset_flags(&self->kms, &fb,
					     DRM_MODE_ATOMIC_TEST_ONLY));
	self->kms.mode = good;
	self->kms.mode.clock = INT32_MAX;
	EXPECT_EQ(-EINVAL, kms_modeset_flags(&self->kms, &fb,
					     DRM_MODE_ATOMIC_TEST_ONLY));
	self->kms.mode = good;
	self->kms.mode.flags |= DRM_MODE_FLAG_INTERLACE;
	EXPECT_EQ(-EINVAL, kms_modeset_flags(&self->kms, &fb,
					     DRM_MODE_ATOMIC_TEST_ONLY));
	/* Multiplies the lines, which the refresh rate does not show. */
	self->kms.mode = good;
	self->kms.mode.vscan = 3;
	EXPECT_EQ(-EINVAL, kms_modeset_flags(&self->kms, &fb,
					     DRM_MODE_ATOMIC_TEST_ONLY));
	self->kms.mode = good;
	self->kms.mode.flags |= DRM_MODE_FLAG_3D_FRAME_PACKING;
	EXPECT_GT(0, kms_modeset_flags(&self->kms, &fb,
				       DRM_MODE_ATOMIC_TEST_ONLY));
}

/* Whether the kernel tells of a hotplug within the time. */
static bool hears_hotplug(int netlink, int timeout_ms)
{
	uint64_t end = now_ms() + (uint64_t)timeout_ms;
	char text[4096];

	while (now_ms() < end && fd_poll(netlink, POLLIN, timeout_ms) > 0) {
		ssize_t len = recv(netlink, text, sizeof(text) - 1, 0);

		if (len > 0 && memmem(text, (size_t)len, "HOTPLUG=1", 9))
			return true;
	}

	return false;
}

/* What the kernel says to udev. */
static int netlink_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			     NETLINK_KOBJECT_UEVENT);

	if (netlink < 0 ||
	    bind(netlink, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;

	return netlink;
}

TEST_F(connector, R67_user_space_is_told)
{
	int netlink = netlink_open();

	ASSERT_LE(0, netlink);
	plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_TRUE(hears_hotplug(netlink, 5000));
	/* Of other modes, too. */
	ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
	EXPECT_TRUE(hears_hotplug(netlink, 5000));
	ASSERT_EQ(0, sink_unplug(self->kms.sink));
	EXPECT_TRUE(hears_hotplug(netlink, 5000));
	/* But not of a departure without a monitor. */
	ASSERT_EQ(0, sink_unplug(self->kms.sink));
	EXPECT_FALSE(hears_hotplug(netlink, 300));
	close(netlink);
}

/* A daemon that has gone mad does not keep the desktop busy. */
TEST_F(connector, hotplug_storm_is_bounded)
{
	uint64_t start = now_ms(), end;
	unsigned int plugs = 0, told = 0;
	drmModeConnector *connector;
	int netlink = netlink_open();

	ASSERT_LE(0, netlink);
	plug_make(&self->plug, NULL, 0, self->edid, sizeof(self->edid), 0);
	while (now_ms() < start + 1500) {
		ASSERT_EQ(0, sink_plug(self->kms.sink, &self->plug));
		ASSERT_EQ(0, sink_unplug(self->kms.sink));
		plugs++;
		/* Let workers run, as a daemon would. */
		sleep_ms(5);
	}
	end = now_ms();
	EXPECT_LT(50, plugs);
	while (hears_hotplug(netlink, 1000))
		told++;
	/* Four a second, the first one at once and the last one later. */
	EXPECT_LT(0, told);
	EXPECT_GE((end - start) / 250 + 2, told);
	/* And it knows what came out, without a look. */
	connector = drmModeGetConnectorCurrent(self->kms.card,
					       self->kms.connector);
	ASSERT_NE(NULL, connector);
	EXPECT_EQ(DRM_MODE_DISCONNECTED, connector->connection);
	drmModeFreeConnector(connector);
	close(netlink);
}

static uint64_t link_status(struct kms *kms)
{
	uint32_t id;

	return kms_property(kms->card, kms->connector,
			    DRM_MODE_OBJECT_CONNECTOR, "link-status", &id);
}

static const struct miracast_mode two_modes[] = {
	{ 1920, 1080, 60000, 0 },
	{ 1280, 720, 60000, 0 },
};

/* 1280x720 at 60 Hz on the screen, of @two_modes, and the daemon was told. */
static void light(struct __test_metadata *_metadata, struct kms *kms,
		  struct plug *plug, struct kms_fb *fb)
{
	plug_make(plug, two_modes, 2, NULL, 0, 0);
	ASSERT_EQ(0, sink_plug(kms->sink, plug));
	ASSERT_TRUE(kms_find_mode(kms, 1280, 720, 60, &kms->mode));
	ASSERT_EQ(0, kms_fb_create(kms, fb, 1920, 1080, DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(kms, fb));
}

/* The desktop keeps to a mode as long as it believes in it. */
TEST_F(connector, mode_that_the_next_monitor_does_not_take_is_given_up)
{
	struct kms *kms = &self->kms;
	int netlink = netlink_open();
	struct kms_fb fb;

	ASSERT_LE(0, netlink);
	light(_metadata, kms, &self->plug, &fb);
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, NULL, 0));
	while (hears_hotplug(netlink, 500))
		;
	EXPECT_EQ(DRM_MODE_LINK_STATUS_GOOD, link_status(kms));

	/* Also one that is another process's session. */
	ASSERT_EQ(0, sink_stop(kms->sink));
	ASSERT_EQ(0, sink_start(kms->sink));
	plug_make(&self->plug, two_modes, 1, NULL, 0, 0);
	ASSERT_EQ(0, sink_plug(kms->sink, &self->plug));
	EXPECT_TRUE(hears_hotplug(netlink, 5000));
	while (hears_hotplug(netlink, 500))
		;
	EXPECT_EQ(DRM_MODE_LINK_STATUS_BAD, link_status(kms));

	/* A desktop that need not even know of link-status. */
	ASSERT_TRUE(kms_find_mode(kms, 1920, 1080, 60, &kms->mode));
	ASSERT_EQ(0, kms_modeset(kms, &fb));
	EXPECT_EQ(DRM_MODE_LINK_STATUS_GOOD, link_status(kms));
	ASSERT_EQ(0, sink_plug(kms->sink, &self->plug));
	EXPECT_TRUE(hears_hotplug(netlink, 5000));
	EXPECT_EQ(DRM_MODE_LINK_STATUS_GOOD, link_status(kms));
	close(netlink);
}

TEST_F(connector, mode_that_the_daemon_refuses_is_given_up)
{
	struct kms *kms = &self->kms;
	struct miracast_mode_state first, again;
	int netlink = netlink_open();
	drmModeAtomicReq *req;
	struct kms_fb fb;
	uint32_t code;
	__u64 id;

	ASSERT_LE(0, netlink);
	light(_metadata, kms, &self->plug, &fb);
	ASSERT_EQ(0, sink_message(kms->sink, &code, &first, sizeof(first), &id));
	ASSERT_EQ(MIRACAST_MSG_MODE_SET, code);
	while (hears_hotplug(netlink, 500))
		;
	/* What is wrong with the sink is not wrong with the mode. */
	ASSERT_LT(0, sink_reply(kms->sink, id, -EIO, NULL, 0));
	EXPECT_FALSE(hears_hotplug(netlink, 500));

	req = drmModeAtomicAlloc();
	kms_set_connector(kms, req, "CRTC_ID", 0);
	kms_set_crtc(kms, req, "MODE_ID", 0);
	kms_set_crtc(kms, req, "ACTIVE", 0);
	ASSERT_EQ(0, kms_commit(kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_OFF, NULL, 0));
	ASSERT_EQ(0, kms_modeset(kms, &fb));
	ASSERT_EQ(0, sink_message(kms->sink, &code, &first, sizeof(first), &id));
	ASSERT_EQ(MIRACAST_MSG_MODE_SET, code);
	ASSERT_LT(0, sink_reply(kms->sink, id, -ERANGE, NULL, 0));
	EXPECT_TRUE(hears_hotplug(netlink, 5000));
	EXPECT_EQ(DRM_MODE_LINK_STATUS_BAD, link_status(kms));

	/* Once more is as good as another one: the daemon is asked again. */
	req = drmModeAtomicAlloc();
	kms_set_connector(kms, req, "link-status", DRM_MODE_LINK_STATUS_GOOD);
	ASSERT_EQ(0, kms_commit(kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET));
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, &again,
				 sizeof(again)));
	EXPECT_EQ(first.serial + 1, again.serial);
	EXPECT_EQ(first.width, again.width);
	EXPECT_EQ(DRM_MODE_LINK_STATUS_GOOD, link_status(kms));
	close(netlink);
}

/* Who refuses everything does not keep a desktop busy that tries everything. */
TEST_F(connector, daemon_that_refuses_everything_is_not_asked_for_ever)
{
	struct kms *kms = &self->kms;
	struct miracast_mode_state state;
	unsigned int told = 0, i;
	drmModeAtomicReq *req;
	struct kms_fb fb;
	uint32_t code;
	__u64 id;

	light(_metadata, kms, &self->plug, &fb);
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, sink_message(kms->sink, &code, &state,
					  sizeof(state), &id));
		ASSERT_EQ(MIRACAST_MSG_MODE_SET, code);
		ASSERT_LT(0, sink_reply(kms->sink, id, -ERANGE, NULL, 0));
		sleep_ms(500);
		if (link_status(kms) == DRM_MODE_LINK_STATUS_GOOD)
			break;
		told++;
		req = drmModeAtomicAlloc();
		kms_set_connector(kms, req, "link-status",
				  DRM_MODE_LINK_STATUS_GOOD);
		ASSERT_EQ(0, kms_commit(kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET));
	}
	EXPECT_EQ(3, told);
}

TEST_F(connector, R24_departure_is_idempotent)
{
	EXPECT_EQ(0, sink_unplug(self->kms.sink));
	kms_plug(_metadata, &self->kms, 0);
	EXPECT_EQ(0, sink_unplug(self->kms.sink));
	EXPECT_EQ(0, sink_unplug(self->kms.sink));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
}

TEST_F(connector, R21_close_is_departure)
{
	struct miracast_target_info info;

	kms_plug(_metadata, &self->kms, 0);
	ASSERT_EQ(0, kms_find(self->kms.broker, 0, &info));
	EXPECT_TRUE(info.flags & MIRACAST_TARGET_PLUGGED);
	close(self->kms.sink);
	self->kms.sink = -1;
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
	ASSERT_EQ(0, kms_find(self->kms.broker, 0, &info));
	EXPECT_EQ(0, info.flags & MIRACAST_TARGET_PLUGGED);
}

TEST_F(connector, R23_destroy_is_departure)
{
	struct miracast_frame frame;

	kms_plug(_metadata, &self->kms, 0);
	ASSERT_EQ(0, broker_destroy_sink(self->kms.broker, self->kms.target.id));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
	EXPECT_EQ(-ENODEV, sink_unplug(self->kms.sink));
	EXPECT_EQ(-ENODEV, sink_acquire(self->kms.sink, &frame));
}

TEST_F(connector, R68_stop_is_departure)
{
	kms_plug(_metadata, &self->kms, 0);
	ASSERT_EQ(0, sink_stop(self->kms.sink));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
	/* And the next start begins without one. */
	ASSERT_EQ(0, sink_start(self->kms.sink));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
	kms_plug(_metadata, &self->kms, 0);
}

TEST_F(connector, R58_bad_plugs_change_nothing)
{
	static const struct miracast_mode good = { 1280, 720, 60000, 0 };
	uint8_t *edid = self->edid;
	struct miracast_mode bad;
	struct plug *plug = &self->plug;
	int sink = self->kms.sink;
	uint32_t len;

	kms_plug(_metadata, &self->kms, 0);

	/* Every length but the right one. */
	plug_make(plug, &good, 1, edid, sizeof(self->edid), 0);
	len = plug->len;
	for (plug->len = 0; plug->len <= len + 8; plug->len++)
		if (plug->len != len)
			EXPECT_EQ(-EINVAL, sink_plug(sink, plug));

	/* Nothing at all. */
	plug_make(plug, NULL, 0, NULL, 0, 0);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));

	/* Too much, and sizes that overflow. */
	plug_make(plug, NULL, 0, edid, sizeof(self->edid), 0);
	plug_head(plug)->num_modes = MIRACAST_MAX_MODES + 1;
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));
	plug_head(plug)->num_modes = 0x10000000;
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));
	plug_head(plug)->num_modes = 0;
	plug_head(plug)->edid_len = UINT32_MAX & ~127U;
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));

	/* Unknown flags and types. */
	plug_make(plug, NULL, 0, edid, sizeof(self->edid), 1U << 31);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));
	plug_make(plug, NULL, 0, edid, sizeof(self->edid), 0);
	plug_head(plug)->monitor_type = 1000;
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));

	/* Modes that are none. */
	bad = good;
	bad.width = 0;
	plug_make(plug, &bad, 1, edid, sizeof(self->edid), 0);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));
	bad = good;
	bad.height = UINT32_MAX;
	plug_make(plug, &bad, 1, edid, sizeof(self->edid), 0);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));
	bad = good;
	bad.refresh = UINT32_MAX;
	plug_make(plug, &bad, 1, edid, sizeof(self->edid), 0);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));
	bad = good;
	bad.flags = 2;
	plug_make(plug, &bad, 1, edid, sizeof(self->edid), 0);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));

	/* An EDID that promises more than there is, or less. */
	edid[126] = 255;
	edid_seal(edid);
	plug_make(plug, NULL, 0, edid, EDID_BLOCK, 0);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));
	edid[126] = 0;
	edid_seal(edid);
	plug_make(plug, NULL, 0, edid, sizeof(self->edid), 0);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));
	/* A wrong checksum. */
	edid_make(edid);
	edid[EDID_BLOCK + 20] ^= 1;
	plug_make(plug, NULL, 0, edid, sizeof(self->edid), 0);
	EXPECT_EQ(-EINVAL, sink_plug(sink, plug));

	/* The monitor from the beginning is still there. */
	edid_make(edid);
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_TRUE(edid_shown(&self->kms, edid, sizeof(self->edid)));
}

TEST_F(connector, R58_bad_io_control)
{
	struct miracast_mode_state state;
	uint32_t bytes;

	EXPECT_EQ(-EOPNOTSUPP, sink_io_control(self->kms.sink, 0, NULL, 0, NULL,
					       0, NULL));
	EXPECT_EQ(-EOPNOTSUPP, sink_io_control(self->kms.sink,
					       MIRACAST_CTL_DRIVER_BASE, NULL,
					       0, NULL, 0, NULL));
	EXPECT_EQ(-E2BIG, sink_io_control(self->kms.sink, MIRACAST_CTL_UNPLUG,
					  "x", 1, NULL, 0, NULL));
	EXPECT_EQ(-E2BIG, sink_io_control(self->kms.sink,
					  MIRACAST_CTL_GET_MODE, "x", 1,
					  &state, sizeof(state), &bytes));
	EXPECT_EQ(0, bytes);
}

TEST_F(connector, R15_no_hardware_access)
{
	struct miracast_io_control ctl = {
		.code = MIRACAST_CTL_UNPLUG,
		.flags = MIRACAST_IO_CONTROL_HARDWARE_ACCESS,
	};

	EXPECT_EQ(-EOPNOTSUPP, dev_ioctl(self->kms.sink,
					 MIRACAST_IOC_IO_CONTROL, &ctl));
}

TEST_F(connector, card_draws_nothing_and_shares)
{
	uint64_t cap = 0;

	/* No render node. */
	EXPECT_EQ(NULL, drmGetRenderDeviceNameFromFd(self->kms.card));
	EXPECT_EQ(0, drmGetCap(self->kms.card, DRM_CAP_DUMB_BUFFER, &cap));
	EXPECT_EQ(1, cap);
	EXPECT_EQ(0, drmGetCap(self->kms.card, DRM_CAP_PRIME, &cap));
	EXPECT_EQ(DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT, cap);
}

TEST_HARNESS_MAIN
