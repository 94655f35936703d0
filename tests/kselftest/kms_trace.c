// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: what perf and trace-cmd see of a picture's way.
 */
#include <sys/mount.h>

#include "miracast_kms.h"

#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/miracast-kselftest"
#define LATE_MS		10000

FIXTURE(trace) {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
	char *text;
};

static int trace_write(const char *file, const char *text)
{
	char path[128];
	ssize_t ret;
	int fd;

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text));
	close(fd);

	return ret < 0 ? -errno : 0;
}

FIXTURE_SETUP(trace)
{
	struct kms *kms = &self->kms;

	self->text = calloc(1, 1 << 20);
	ASSERT_NE(NULL, self->text);
	if (access(TRACING "/instances", F_OK))
		ASSERT_EQ(0, mount("tracefs", TRACING, "tracefs", 0, NULL));
	if (mkdir(INSTANCE, 0700))
		ASSERT_EQ(EEXIST, errno);
	ASSERT_EQ(0, trace_write("trace_clock", "mono"));
	ASSERT_EQ(0, trace_write("trace", ""));
	ASSERT_EQ(0, trace_write("events/miracast/enable", "1"));

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, 0);
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(kms, &self->a));
}

FIXTURE_TEARDOWN(trace)
{
	kms_close(&self->kms);
	rmdir(INSTANCE);
	free(self->text);
}

/* All that was traced so far, as text. */
static void trace_read(struct __test_metadata *_metadata, char *text)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	size_t len;

	ASSERT_NE(NULL, file);
	len = fread(text, 1, (1 << 20) - 1, file);
	text[len] = 0;
	fclose(file);
}

/* Where this event is, with this in its line; NULL: not after @text. */
static const char *find_event(const char *text, const char *event,
			      const char *what)
{
	const char *at = text, *end;
	char name[64];

	snprintf(name, sizeof(name), " %s: ", event);
	while ((at = strstr(at, name))) {
		end = strchr(at, '\n');
		if (end && memmem(at, (size_t)(end - at) + 1, what, strlen(what)))
			return at;
		at++;
	}

	return NULL;
}

/* "seq=3 " must not be found in "seq=31". */
static const char *find_seq(const char *text, const char *event, __u64 seq)
{
	char what[32];

	snprintf(what, sizeof(what), " seq=%llu ", seq);

	return find_event(text, event, what);
}

TEST_F(trace, way_of_a_picture)
{
	struct miracast_frame frame;
	const char *at = self->text;
	char id[32];

	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
	ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
	trace_read(_metadata, self->text);

	/* In this order, and of the same picture and buffer. */
	snprintf(id, sizeof(id), "buffer=%llu ", frame.buffer_id);
	at = find_seq(at, "miracast_frame_flip", frame.seq);
	ASSERT_NE(NULL, at);
	EXPECT_EQ(at, find_event(at, "miracast_frame_flip", id));
	at = find_seq(at, "miracast_frame_acquire", frame.seq);
	ASSERT_NE(NULL, at);
	EXPECT_EQ(at, find_event(at, "miracast_frame_acquire", id));
	at = find_seq(at, "miracast_frame_release", frame.seq);
	ASSERT_NE(NULL, at);

	/* Its chunk record has its number. */
	snprintf(id, sizeof(id), " frame=%llu ", frame.seq);
	EXPECT_NE(NULL, find_event(self->text, "miracast_chunk", id));
}

TEST_F(trace, revoked_picture)
{
	struct miracast_frame frame;
	const char *at;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
	ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
	trace_read(_metadata, self->text);
	at = find_seq(self->text, "miracast_frame_acquire", frame.seq);
	ASSERT_NE(NULL, at);
	/* The flip that has to wait says so. */
	at = find_event(at, "miracast_frame_flip", " busy");
	ASSERT_NE(NULL, at);
	at = find_seq(at, "miracast_frame_revoke", frame.seq);
	ASSERT_NE(NULL, at);
	at = find_seq(at, "miracast_frame_release", frame.seq);
	ASSERT_NE(NULL, at);
	EXPECT_EQ(at, find_event(at, "miracast_frame_release", " revoked"));
}

TEST_F(trace, session_and_messages)
{
	const char *at = self->text;

	ASSERT_EQ(0, sink_expect(self->kms.sink, MIRACAST_MSG_MODE_SET, NULL, 0));
	ASSERT_EQ(0, sink_stop(self->kms.sink));
	trace_read(_metadata, self->text);
	at = find_event(at, "miracast_session_state", " to=1 ");
	ASSERT_NE(NULL, at);
	at = find_event(at, "miracast_session_state", " to=2 ");
	ASSERT_NE(NULL, at);
	at = find_event(at, "miracast_msg_send", " id=1 ");
	ASSERT_NE(NULL, at);
	at = find_event(at, "miracast_msg_deliver", " id=1 ");
	ASSERT_NE(NULL, at);
	at = find_event(at, "miracast_msg_done", " id=1 ");
	ASSERT_NE(NULL, at);
	at = find_event(at, "miracast_session_state", " to=3 ");
	ASSERT_NE(NULL, at);
	EXPECT_NE(NULL, find_event(at, "miracast_session_state", " to=0 "));
}

static unsigned int count_lines(const char *text, const char *event)
{
	unsigned int count = 0;

	while ((text = find_event(text, event, ""))) {
		text++;
		count++;
	}

	return count;
}

/* A processor that sleeps is not woken sixty times a second for nobody. */
TEST_F(trace, idle_desktop_lets_the_machine_sleep)
{
	struct kms *kms = &self->kms;

	ASSERT_EQ(0, kms_flip(kms, &self->b));
	ASSERT_NE(0, kms_wait_flip(kms, LATE_MS));
	sleep_ms(100);
	ASSERT_EQ(0, trace_write("trace", ""));
	ASSERT_EQ(0, trace_write("events/drm/drm_vblank_event/enable", "1"));
	sleep_ms(1000);
	trace_read(_metadata, self->text);
	EXPECT_EQ(0, count_lines(self->text, "drm_vblank_event"));

	/* It would have been seen. */
	ASSERT_EQ(0, kms_flip(kms, &self->a));
	ASSERT_NE(0, kms_wait_flip(kms, LATE_MS));
	trace_read(_metadata, self->text);
	EXPECT_LT(0, count_lines(self->text, "drm_vblank_event"));
}

TEST_HARNESS_MAIN
