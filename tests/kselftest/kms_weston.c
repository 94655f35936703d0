// SPDX-License-Identifier: GPL-2.0-only
/*
 * A real compositor on the connector: Weston on its DRM backend, with a daemon
 * on the other side that looks at the pictures. Wants weston and a udevd.
 */
#include <sys/prctl.h>

#include "miracast_kms.h"

#define PATIENCE_MS	60000

FIXTURE(weston) {
	struct kms kms;
	char runtime[32];
	pid_t weston;
};

static void plug_mode(struct __test_metadata *_metadata, int sink,
		      uint32_t width, uint32_t height)
{
	struct miracast_mode mode = { width, height, 60000, 0 };
	uint8_t edid[2 * EDID_BLOCK];
	static struct plug plug;

	edid_make(edid);
	plug_make(&plug, &mode, 1, edid, sizeof(edid), 0);
	ASSERT_EQ(0, sink_plug(sink, &plug));
}

static void run_weston(const char *runtime, uint32_t minor)
{
	char device[32];

	snprintf(device, sizeof(device), "--drm-device=card%u", minor);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	setenv("LIBSEAT_BACKEND", "builtin", 1);
	execlp("weston", "weston", "--backend=drm", "--renderer=pixman", device,
	       "--continue-without-input", "--idle-time=0", "--no-config",
	       "--log=/dev/null", NULL);
	_exit(127);
}

FIXTURE_SETUP(weston)
{
	struct kms *kms = &self->kms;

	if (system("command -v weston >/dev/null"))
		SKIP(return, "no weston");
	kms_open(_metadata, kms);
	/* Weston is to be the card's master. */
	close(kms->card);
	kms->card = -1;
	plug_mode(_metadata, kms->sink, 1280, 720);
	snprintf(self->runtime, sizeof(self->runtime), "/tmp/weston-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->runtime));
	self->weston = fork();
	ASSERT_LE(0, self->weston);
	if (!self->weston)
		run_weston(self->runtime, kms->target.card_minor);
}

FIXTURE_TEARDOWN(weston)
{
	int status;

	if (self->weston > 0) {
		/* It has to be alive still. */
		EXPECT_EQ(0, waitpid(self->weston, &status, WNOHANG));
		kill(self->weston, SIGKILL);
		waitpid(self->weston, &status, 0);
	}
	kms_close(&self->kms);
}

/* Whether the picture has more than one colour. */
static bool drawn(int sink, const struct miracast_frame *frame)
{
	size_t size = (size_t)frame->pitch[0] * frame->height;
	int fd = sink_get_buffer(sink, frame->buffer_id);
	const uint32_t *pixels;
	bool differ = false;
	size_t i;

	if (fd < 0)
		return false;
	pixels = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (pixels == MAP_FAILED)
		return false;
	for (i = 1; i < size / 4 && !differ; i++)
		differ = (pixels[i] ^ pixels[0]) & 0xffffff;
	munmap((void *)pixels, size);

	return differ;
}

/* Look at pictures until one has a desktop in it; 0 or a negative errno. */
static int await_desktop(int sink, uint32_t width, uint32_t height)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	struct miracast_frame frame;
	bool seen;
	int ret;

	while (now_ms() < end) {
		if (fd_poll(sink, POLLPRI, 1000) <= 0)
			continue;
		ret = sink_acquire(sink, &frame);
		if (ret == -EAGAIN || ret == -ENODATA) {
			struct miracast_get_retired retired;

			dev_ioctl(sink, MIRACAST_IOC_GET_RETIRED, &retired);
			continue;
		}
		if (ret)
			return ret;
		if (frame.width != width || frame.height != height)
			return -ERANGE;
		seen = drawn(sink, &frame);
		ret = sink_release(sink, frame.seq, -1, NULL);
		if (seen || ret)
			return ret;
	}

	return -ETIMEDOUT;
}

static int await_mode(int sink, struct miracast_mode_state *mode)
{
	int tries, ret = -ETIMEDOUT;

	/* A slow machine takes its time to start a compositor. */
	for (tries = 0; tries < 6 && ret == -ETIMEDOUT; tries++)
		ret = sink_expect(sink, MIRACAST_MSG_MODE_SET, mode,
				  sizeof(*mode));

	return ret;
}

/* Until the compositor has switched the CRTC off. */
static bool await_dark(struct kms *kms)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	bool dark = false;
	char path[32];
	int card;

	snprintf(path, sizeof(path), "/dev/dri/card%u", kms->target.card_minor);
	card = open(path, O_RDWR | O_CLOEXEC);
	while (!dark && now_ms() < end) {
		drmModeCrtc *crtc = drmModeGetCrtc(card, kms->crtc);

		dark = crtc && !crtc->mode_valid;
		drmModeFreeCrtc(crtc);
		sleep_ms(100);
	}
	close(card);

	return dark;
}

TEST_F_TIMEOUT(weston, desktop_arrives_and_follows_the_monitor, 300)
{
	struct miracast_mode_state mode;
	int sink = self->kms.sink;

	ASSERT_EQ(0, await_mode(sink, &mode));
	EXPECT_EQ(1280, mode.width);
	EXPECT_EQ(720, mode.height);
	ASSERT_EQ(0, await_desktop(sink, 1280, 720));

	/* Another monitor, once the compositor has left the first one. */
	ASSERT_EQ(0, sink_unplug(sink));
	ASSERT_TRUE(await_dark(&self->kms));
	plug_mode(_metadata, sink, 1920, 1080);
	ASSERT_EQ(0, await_mode(sink, &mode));
	EXPECT_EQ(1920, mode.width);
	ASSERT_EQ(0, await_desktop(sink, 1920, 1080));
}

TEST_F_TIMEOUT(weston, compositor_survives_the_session, 300)
{
	struct miracast_mode_state mode;

	ASSERT_EQ(0, await_mode(self->kms.sink, &mode));
	ASSERT_EQ(0, await_desktop(self->kms.sink, 1280, 720));
	close(self->kms.sink);
	sleep_ms(1000);
	self->kms.sink = broker_open_sink(self->kms.broker, self->kms.target.id,
					  MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, self->kms.sink);
	ASSERT_EQ(0, sink_start(self->kms.sink));
	plug_mode(_metadata, self->kms.sink, 1280, 720);
	ASSERT_EQ(0, await_mode(self->kms.sink, &mode));
	ASSERT_EQ(0, await_desktop(self->kms.sink, 1280, 720));
}

TEST_HARNESS_MAIN
