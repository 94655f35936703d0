// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends and interruptions, under a desktop that draws and a daemon that reads.
 */
#include <sys/socket.h>

#include "miracast_kms.h"

#define LATE_MS	10000
#define RED	0x00ff0000

FIXTURE(life) {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
};

FIXTURE_SETUP(life)
{
	struct kms *kms = &self->kms;

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, 0);
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1280, 720,
				   DRM_FORMAT_XRGB8888, RED));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(kms, &self->a));
}

FIXTURE_TEARDOWN(life)
{
	kms_close(&self->kms);
}

/* ------------------------------------------------------------ hung daemon */

/* Counters of the connector, from debugfs. */
static int counters(struct kms *kms, unsigned long long *held,
		    unsigned long long *revoked)
{
	char path[64], line[256], *at;
	bool ours = false;
	int found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/pipes",
		 kms->target.card_minor);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (found != 2 && fgets(line, sizeof(line), file)) {
		ours |= !strncmp(line, kms->target.name,
				 strlen(kms->target.name));
		at = ours ? strstr(line, "held flips") : NULL;
		if (at)
			found = sscanf(at, "held flips %llu revoked %llu",
				       held, revoked);
	}
	fclose(file);

	return found == 2 ? 0 : -ENOENT;
}

/* A daemon that hangs with a picture in its hands delays one flip, once. */
TEST_F(life, R79_hung_daemon_costs_one_deadline)
{
	unsigned long long held, revoked, held_after, revoked_after;
	struct miracast_frame frame;
	uint32_t flags;
	int i;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	ASSERT_EQ(0, counters(&self->kms, &held, &revoked));
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, kms_flip(&self->kms, i & 1 ? &self->a : &self->b));
		ASSERT_NE(0, kms_wait_flip(&self->kms, LATE_MS));
	}
	ASSERT_EQ(0, counters(&self->kms, &held_after, &revoked_after));
	EXPECT_EQ(held + 1, held_after);
	EXPECT_EQ(revoked + 1, revoked_after);
	ASSERT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);
}

/* ------------------------------------------------------------- fd passing */

static int send_fd(int socket, int fd)
{
	union {
		char data[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = {};
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));

	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int socket)
{
	union {
		char data[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = {};
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) == 1 &&
	    control.head.cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));

	return fd;
}

/* The user-mode driver: its descriptor comes through a socket. */
static void reader(int socket)
{
	int sink = receive_fd(socket);
	struct miracast_frame frame;

	if (sink_acquire(sink, &frame))
		_exit(1);
	send_fd(socket, sink_get_buffer(sink, frame.buffer_id));
	pause();
	_exit(0);
}

TEST_F(life, R21_session_and_picture_belong_to_whom_they_were_passed)
{
	struct kms *kms = &self->kms;
	const uint32_t *pixels;
	int sockets[2], picture, status;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(kms->sink);
		close(kms->broker);
		close(kms->card);
		reader(sockets[1]);
	}
	ASSERT_EQ(0, send_fd(sockets[0], kms->sink));
	picture = receive_fd(sockets[0]);
	ASSERT_LE(0, picture);
	/* Ours goes, the session is the other's. */
	close(kms->sink);
	kms->sink = -1;
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(kms));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(kms));
	/* The picture outlives them. */
	pixels = mmap(NULL, self->a.size, PROT_READ, MAP_SHARED, picture, 0);
	ASSERT_NE(MAP_FAILED, pixels);
	EXPECT_EQ(RED, pixels[0]);
}

/* ---------------------------------------------------------------- suspend */

TEST_F_TIMEOUT(life, R25_suspended_session_goes_on, 120)
{
	struct kms *kms = &self->kms;
	struct miracast_mode_state first, state;
	struct miracast_frame frame;
	uint32_t flags;
	int test;

	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, &first,
				 sizeof(first)));
	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));

	test = test_open();
	ASSERT_LE(0, test);
	ASSERT_EQ(0, test_suspend(test, 1));
	ASSERT_EQ(0, test_suspend(test, 0));
	close(test);

	/* Nobody was waited for, and the mode is back. */
	ASSERT_EQ(0, sink_release(kms->sink, frame.seq, -1, &flags));
	EXPECT_EQ(MIRACAST_RELEASE_REVOKED, flags);
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, &state,
				 sizeof(state)));
	EXPECT_EQ(first.width, state.width);
	EXPECT_LT(first.serial, state.serial);
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(kms));
	ASSERT_EQ(0, sink_acquire(kms->sink, &frame));
	EXPECT_TRUE(frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(state.serial, frame.mode_serial);
	ASSERT_EQ(0, sink_release(kms->sink, frame.seq, -1, NULL));
	ASSERT_EQ(0, kms_flip(kms, &self->b));
	EXPECT_NE(0, kms_wait_flip(kms, LATE_MS));
}

/* ----------------------------------------------------------------- unbind */

struct party {
	struct kms *kms;
	const struct kms_fb *fb[2];
	int ret;
	unsigned int done;
};

/* Flips until it is told to go away. */
static void *draw(void *data)
{
	struct party *party = data;

	while (!(party->ret = kms_flip(party->kms, party->fb[party->done & 1])))
		party->done += kms_wait_flip(party->kms, LATE_MS) != 0;

	return NULL;
}

static void *look(void *data)
{
	struct party *party = data;
	struct miracast_frame frame;
	int fd;

	for (;;) {
		party->ret = sink_acquire(party->kms->sink, &frame);
		if (party->ret == -EAGAIN || party->ret == -ENODATA) {
			fd_poll(party->kms->sink, POLLPRI, 100);
			continue;
		}
		if (party->ret)
			break;
		fd = sink_get_buffer(party->kms->sink, frame.buffer_id);
		if (fd >= 0)
			close(fd);
		sink_release(party->kms->sink, frame.seq, -1, NULL);
		party->done++;
	}

	return NULL;
}

TEST_F_TIMEOUT(life, R25_unbind_under_desktop_and_daemon, 120)
{
	struct kms *kms = &self->kms;
	struct party desktop = { .kms = kms, .fb = { &self->b, &self->a } };
	struct party daemon = { .kms = kms };
	struct miracast_target_info info;
	pthread_t draws, looks;
	int i;

	ASSERT_EQ(0, pthread_create(&draws, NULL, draw, &desktop));
	ASSERT_EQ(0, pthread_create(&looks, NULL, look, &daemon));
	sleep_ms(1000);
	ASSERT_EQ(0, kms_driver("unbind"));
	ASSERT_EQ(0, pthread_join(draws, NULL));
	ASSERT_EQ(0, pthread_join(looks, NULL));
	EXPECT_EQ(-ENODEV, desktop.ret);
	EXPECT_EQ(-ENODEV, daemon.ret);
	EXPECT_LT(0, desktop.done);
	EXPECT_LT(0, daemon.done);
	/* What it draws into is still there. */
	self->a.pixels[0] = RED;
	EXPECT_EQ(RED, self->a.pixels[0]);

	/* Back and forth, while the old one is still open. */
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, kms_driver("bind"));
		ASSERT_EQ(0, kms_find(kms->broker, 0, &info));
		if (i < 2)
			ASSERT_EQ(0, kms_driver("unbind"));
	}
	EXPECT_TRUE(kms_card_there(&info));
}

TEST_HARNESS_MAIN
