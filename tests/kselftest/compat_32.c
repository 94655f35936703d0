// SPDX-License-Identifier: GPL-2.0-only
/*
 * compat_32 BROKER SINK TARGET PIXEL
 *
 * A caller of 32 bits: every request, read and write, once. kms_hostile starts
 * it with the fd of a broker, which has shaken hands, and of a sink on TARGET
 * that has messages, and a picture whose first pixel is PIXEL on its screen.
 * Ends with 0 when everything is as it would be for a caller of 64 bits.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <drm/miracast.h>

_Static_assert(sizeof(long) == 4, "this is to be built with -m32");

/* Every member of a structure is where a caller of 64 bits has it. */
#include "miracast_layout.h"

#define CHECK(expression, expected) \
	check(__LINE__, #expression, (long long)(expression), expected)

static void check(int line, const char *what, long long seen, long long expected)
{
	if (seen == expected)
		return;
	printf("compat_32.c:%d: %s is %lld, not %lld\n", line, what, seen, expected);
	exit(1);
}

static int call(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

static int session(int sink, uint32_t op, uint32_t state)
{
	struct miracast_session_ctl ctl = { .op = op };
	int ret = call(sink, MIRACAST_IOC_SESSION, &ctl);

	return !ret && ctl.state != state ? -EBADMSG : ret;
}

static void check_broker(int broker, uint32_t target)
{
	struct miracast_hello hello = { .abi_max = MIRACAST_ABI_VERSION };
	struct miracast_target_info info = { .id = target - 1 };
	struct miracast_target_info end = { .id = UINT32_MAX };

	CHECK(call(broker, MIRACAST_IOC_HELLO, &hello), -EBUSY);
	CHECK(hello.max_chunk_data, MIRACAST_MAX_CHUNK_DATA);
	CHECK(call(broker, MIRACAST_IOC_NEXT_TARGET, &info), 0);
	CHECK(info.id, target);
	CHECK(strcmp(info.driver, "miracast"), 0);
	CHECK(info.flags, MIRACAST_TARGET_OPEN | MIRACAST_TARGET_PLUGGED);
	CHECK(info.last_status, MIRACAST_STATUS_NONE);
	CHECK(call(broker, MIRACAST_IOC_NEXT_TARGET, &end), -ENOENT);
	CHECK(call(broker, MIRACAST_IOC_NEXT_TARGET, (void *)8), -EFAULT);
	CHECK(call(broker, MIRACAST_IOC_NEXT_TARGET, (void *)0xffffe000), -EFAULT);
	CHECK(call(broker, MIRACAST_IOC_SESSION, &end), -ENOTTY);
}

/* A session of its own on the next connector, from beginning to forced end. */
static void check_session(int broker, uint32_t target)
{
	struct miracast_open_sink open = {
		.target = target + 1, .flags = MIRACAST_OPEN_NONBLOCK,
	};
	struct miracast_report_status status = {
		.status = MIRACAST_STATUS_MISSING_KEEPALIVE, .error = -EIO,
	};
	struct miracast_statistic statistic = {
		.type = MIRACAST_STATISTIC_CHUNK_SENT,
		.info.id = MIRACAST_CHUNK_ID(1, 2),
	};
	struct miracast_mode_state mode;
	struct miracast_io_control control = {
		.code = MIRACAST_CTL_GET_MODE,
		.out_ptr = (uintptr_t)&mode, .out_len = sizeof(mode),
	};
	struct miracast_destroy_sink destroy = { 0 };
	char byte;

	CHECK(call(broker, MIRACAST_IOC_OPEN_SINK, &open), 0);
	CHECK(open.target_opened, target + 1);
	CHECK(fcntl(open.fd, F_GETFD), FD_CLOEXEC);
	CHECK(session(open.fd, MIRACAST_SESSION_BEGIN_START,
		      MIRACAST_STATE_STARTING), 0);
	CHECK(session(open.fd, MIRACAST_SESSION_END_START,
		      MIRACAST_STATE_STARTED), 0);
	CHECK(call(open.fd, MIRACAST_IOC_REPORT_STATISTIC, &statistic), 0);
	memset(&mode, 0xa5, sizeof(mode));
	CHECK(call(open.fd, MIRACAST_IOC_IO_CONTROL, &control), 0);
	CHECK(control.bytes_returned, sizeof(mode));
	CHECK(mode.width, 0);
	/* Half of an address in 64 bits is none in 32. */
	control.out_ptr |= 1ULL << 32;
	CHECK(call(open.fd, MIRACAST_IOC_IO_CONTROL, &control), -EFAULT);
	CHECK(call(open.fd, MIRACAST_IOC_REPORT_STATUS, &status), 0);
	CHECK(session(open.fd, MIRACAST_SESSION_BEGIN_STOP,
		      MIRACAST_STATE_STOPPING), 0);
	CHECK(session(open.fd, MIRACAST_SESSION_END_STOP,
		      MIRACAST_STATE_STOPPED), 0);
	destroy.target = open.target_opened;
	CHECK(call(broker, MIRACAST_IOC_DESTROY_SINK, &destroy), 0);
	CHECK(call(broker, MIRACAST_IOC_DESTROY_SINK, &destroy), -ENOENT);
	CHECK(read(open.fd, &byte, 1), -1);
	CHECK(errno, ENODEV);
	close(open.fd);
}

static void check_messages(int sink)
{
	struct miracast_reply reply = { .len = sizeof(reply), .header_len = sizeof(reply) };
	struct miracast_record record;
	struct miracast_message message;
	uint8_t payload[256];
	struct iovec in[] = {
		{ &record, sizeof(record) }, { &message, sizeof(message) },
		{ payload, sizeof(payload) },
	};
	struct iovec out[] = { { &reply, 8 }, { (char *)&reply + 8, 16 } };
	struct pollfd pollfd = { .fd = sink, .events = POLLIN };
	ssize_t len;

	CHECK(poll(&pollfd, 1, 10000), 1);
	len = readv(sink, in, 3);
	CHECK(record.len, len);
	CHECK(record.header_len, sizeof(record));
	CHECK(record.type, MIRACAST_REC_MESSAGE);
	CHECK(record.len, sizeof(record) + message.len);
	reply.id = record.id;
	CHECK(write(sink, &reply, sizeof(reply) - 1), -1);
	CHECK(errno, EINVAL);
	CHECK(write(sink, (void *)0xffffe000, sizeof(reply)), -1);
	CHECK(errno, EFAULT);
	CHECK(writev(sink, out, 2), sizeof(reply));
	CHECK(write(sink, &reply, sizeof(reply)), -1);
	CHECK(errno, ENOENT);
}

static void check_frames(int sink, uint32_t pixel)
{
	struct miracast_chunk chunk;
	struct miracast_get_chunks chunks = {
		.buf_ptr = (uintptr_t)&chunk, .buf_len = sizeof(chunk),
	};
	struct miracast_release_frame release = { .sync_file = -1 };
	struct miracast_get_retired retired = { .num_ids = 5 };
	struct miracast_open_sound sound = { .fd = 5 };
	struct miracast_get_buffer get = { 0 };
	struct miracast_frame frame = { 0 }, none = { 0 };
	uint32_t *pixels;

	CHECK(call(sink, MIRACAST_IOC_GET_CHUNKS, &chunks), 0);
	CHECK(chunks.used, sizeof(chunk));
	CHECK(chunk.header_len, sizeof(chunk));
	CHECK(chunk.info.type, MIRACAST_CHUNK_FRAME_START);
	CHECK(call(sink, MIRACAST_IOC_ACQUIRE_FRAME, &frame), 0);
	CHECK(frame.flags & MIRACAST_FRAME_FULL, MIRACAST_FRAME_FULL);
	CHECK(frame.num_damage, 1);
	CHECK(frame.damage[0].x2, frame.width);
	get.buffer_id = frame.buffer_id;
	CHECK(call(sink, MIRACAST_IOC_GET_BUFFER, &get), 0);
	CHECK(get.num_fds, 1);
	CHECK(get.fd[3], -1);
	CHECK(lseek(get.fd[0], 0, SEEK_END) >= frame.pitch[0] * frame.height, 1);
	pixels = mmap(NULL, frame.pitch[0], PROT_READ, MAP_SHARED, get.fd[0], 0);
	CHECK(pixels == MAP_FAILED, 0);
	CHECK(pixels[0], pixel);
	CHECK(call(sink, MIRACAST_IOC_ACQUIRE_FRAME, &none), -EAGAIN);
	release.seq = frame.seq + (1ULL << 32);
	CHECK(call(sink, MIRACAST_IOC_RELEASE_FRAME, &release), -ENOENT);
	release.seq = frame.seq;
	CHECK(call(sink, MIRACAST_IOC_RELEASE_FRAME, &release), 0);
	CHECK(call(sink, MIRACAST_IOC_RELEASE_FRAME, &release), -ENOENT);
	CHECK(call(sink, MIRACAST_IOC_GET_RETIRED, &retired), -EAGAIN);
	CHECK(retired.num_ids, 0);
	CHECK(call(sink, MIRACAST_IOC_OPEN_SOUND, &sound), -ENODATA);
	CHECK(sound.fd, 5);
}

int main(int argc, char **argv)
{
	uint32_t target;
	int broker, sink;

	if (argc != 5) {
		fprintf(stderr, "%s is started by kms_hostile\n", argv[0]);
		return 2;
	}
	broker = atoi(argv[1]);
	sink = atoi(argv[2]);
	target = (uint32_t)strtoul(argv[3], NULL, 0);
	check_broker(broker, target);
	check_session(broker, target);
	check_messages(sink);
	check_frames(sink, (uint32_t)strtoul(argv[4], NULL, 0));

	return 0;
}
