// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A daemon that looks at pictures instead of encoding them.
 *
 *   reader [-i] DIRECTORY PROGRESS…
 *
 * Plays monitors on the module's first targets, one for each PROGRESS: the
 * file (struct pattern_progress) of the painter that draws on it. Takes
 * pictures as fast as it can and judges them:
 *
 *   torn       no picture that was ever drawn, to the pixel
 *   stale      older than one that the desktop has shown before
 *   reordered  older than one that was taken before
 *   undamaged  differs from the picture before outside of the damage
 *
 * Pictures without any band of the painter are not judged, nor are those whose
 * hold was revoked. Nor is what a desktop composes after a mode was set, until the
 * painter has been shown in that size: the rest of its window's old picture, beside
 * what it has not drawn yet. With -i the desktop draws into the buffer on the screen, and
 * waits when it has said what it has drawn. So one that was taken after the time
 * for which it waits may be torn, and one that a cursor has brought, which it does
 * not wait for. What it draws after it has set a mode may be seen before it says
 * so: damage counts from the first picture with a band on. The first bad one goes
 * to DIRECTORY.
 *
 * Commands come on stdin, one a line, and are answered by a line of JSON each:
 *
 *   plug MONITOR HEX    the input of MIRACAST_CTL_PLUG
 *   unplug MONITOR
 *   judge MONITOR 0|1   whether its pictures are those of the painter alone
 *   stats MONITOR
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <linux/dma-buf.h>

#include "pattern.h"

#define MAX_MONITORS	2
#define MAX_MAPPINGS	64
#define COLOUR		0xffffffU	/* of a pixel; the rest is not shown */
#define PATIENCE_NS	33000000ULL	/* of a desktop that draws in place */

struct mapping {
	__u64 id; /* 0: free */
	int fd;
	void *data;
	size_t size;
};

struct monitor {
	int sink;
	uint32_t who;
	char connector[32];
	struct mapping mappings[MAX_MAPPINGS];
	const struct pattern_progress *progress;
	struct miracast_mode_state mode;
	bool judged;

	struct pattern_image taken;    /* the newest picture, all of it */
	struct pattern_image followed; /* the same, made of what was damaged */
	struct pattern_image drawn;    /* what was drawn, as the painter would */
	uint32_t drawn_number;
	uint32_t last; /* greatest number seen */

	unsigned long pictures, other, torn, stale, reordered, undamaged, revoked;
	unsigned long skipped, late, full, cursor, cursor_only, mode_sets;
	__u64 last_seq;
	int cursor_x, cursor_y;
	bool cursor_visible;
};

static const char *directory;
static bool in_place;
static struct monitor monitors[MAX_MONITORS];
static int num_monitors;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "reader: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void *checked(void *memory)
{
	if (!memory)
		die("memory");
	return memory;
}

/* --------------------------------------------------------------- pictures */

static void image_resize(struct pattern_image *image, uint32_t width, uint32_t height)
{
	free(image->pixels);
	*image = (struct pattern_image){
		.pixels = checked(calloc((size_t)width * height, sizeof(uint32_t))),
		.pitch = width,
		.width = width,
		.height = height,
	};
}

static void image_save(const struct pattern_image *image, const char *what, int monitor)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-%d.ppm", directory, what, monitor);
	if (!access(path, F_OK))
		return;
	file = checked(fopen(path, "w"));
	fprintf(file, "P6 %u %u 255\n", image->width, image->height);
	for (size_t i = 0; i < (size_t)image->width * image->height; i++) {
		fputc(image->pixels[i] >> 16 & 0xff, file);
		fputc(image->pixels[i] >> 8 & 0xff, file);
		fputc(image->pixels[i] & 0xff, file);
	}
	fclose(file);
}

/* The first pixel that differs, or -1. */
static long image_compare(const struct pattern_image *a, const struct pattern_image *b)
{
	size_t size = (size_t)a->width * a->height;
	uint32_t differ = 0;

	/* Without a branch in it the compiler makes something quick of the loop. */
	for (size_t i = 0; i < size; i++)
		differ |= a->pixels[i] ^ b->pixels[i];
	if (!(differ & COLOUR))
		return -1;
	for (size_t i = 0;; i++) {
		if ((a->pixels[i] ^ b->pixels[i]) & COLOUR)
			return (long)i;
	}
}

static void complain(struct monitor *m, const char *what, uint32_t n, long at)
{
	int monitor = (int)(m - monitors);

	fprintf(stderr, "reader: monitor %d: %s: picture %u, shown %u, last %u", monitor, what, n,
		atomic_load(&m->progress->shown), m->last);
	if (at >= 0)
		fprintf(stderr, ", from pixel %ld,%ld on", at % m->taken.width, at / m->taken.width);
	fputs("; bands:", stderr);
	for (uint32_t band = 0; band < PATTERN_BANDS; band++)
		fprintf(stderr, " %u", pattern_read(&m->taken, band, m->who));
	fputc('\n', stderr);
	image_save(&m->taken, what, monitor);
}

/* The greatest number in the picture that was taken, or PATTERN_NONE. */
static uint32_t number_taken(const struct monitor *m)
{
	uint32_t n = PATTERN_NONE;

	for (uint32_t band = 0; band < PATTERN_BANDS; band++) {
		uint32_t number = pattern_read(&m->taken, band, m->who);

		if (number > n)
			n = number;
	}
	return n;
}

/* @shown and @size: what the painter had told before the picture was taken. */
static void judge(struct monitor *m, uint32_t n, uint32_t shown, uint32_t size, bool drawing)
{
	long at;

	if (n == PATTERN_NONE || size != pattern_size(&m->taken)) {
		m->other++;
		return;
	}
	pattern_draw(&m->drawn, m->drawn_number, n, m->who);
	m->drawn_number = n;
	m->pictures++;
	at = image_compare(&m->taken, &m->drawn);
	if (at >= 0 && !drawing) {
		m->torn++;
		complain(m, "torn", n, at);
	}
	if (n < shown) {
		m->stale++;
		complain(m, "stale", n, -1);
	}
	if (n < m->last) {
		m->reordered++;
		complain(m, "reordered", n, -1);
	}
	if (n > m->last)
		m->last = n;
}

/* What an encoder does: looks at nothing but what has changed. */
static void follow(struct monitor *m, const struct miracast_frame *frame, uint32_t n, bool drawing)
{
	long at;

	for (uint32_t i = 0; i < frame->num_damage; i++) {
		const struct miracast_rect *rect = &frame->damage[i];
		uint32_t x2 = rect->x2 < frame->width ? rect->x2 : frame->width;
		uint32_t y2 = rect->y2 < frame->height ? rect->y2 : frame->height;

		for (uint32_t y = rect->y1; y < y2 && rect->x1 < x2; y++) {
			size_t begin = (size_t)y * m->taken.pitch + rect->x1;

			memcpy(m->followed.pixels + begin, m->taken.pixels + begin,
			       (x2 - rect->x1) * sizeof(uint32_t));
		}
	}
	at = image_compare(&m->followed, &m->taken);
	if (at < 0)
		return;
	if (drawing || (in_place && n == PATTERN_NONE)) {
		memcpy(m->followed.pixels, m->taken.pixels,
		       (size_t)m->taken.width * m->taken.height * sizeof(uint32_t));
		return;
	}
	m->undamaged++;
	complain(m, "undamaged", n, at);
}

/* ----------------------------------------------------------------- frames */

static void unmap(struct mapping *mapping)
{
	munmap(mapping->data, mapping->size);
	close(mapping->fd);
	mapping->id = 0;
}

static void drop_retired(struct monitor *m)
{
	struct miracast_get_retired retired;

	while (!ioctl(m->sink, MIRACAST_IOC_GET_RETIRED, &retired)) {
		for (uint32_t i = 0; i < retired.num_ids; i++) {
			for (int j = 0; j < MAX_MAPPINGS; j++) {
				if (m->mappings[j].id == retired.ids[i])
					unmap(&m->mappings[j]);
			}
		}
	}
}

static struct mapping *map(struct monitor *m, __u64 id)
{
	struct miracast_get_buffer get = { .buffer_id = id };
	struct mapping *mapping = NULL;

	for (int i = 0; i < MAX_MAPPINGS; i++) {
		if (m->mappings[i].id == id)
			return &m->mappings[i];
		if (!m->mappings[i].id)
			mapping = &m->mappings[i];
	}
	if (!mapping || ioctl(m->sink, MIRACAST_IOC_GET_BUFFER, &get))
		return NULL;
	*mapping = (struct mapping){ id, get.fd[0], NULL, (size_t)lseek(get.fd[0], 0, SEEK_END) };
	mapping->data = mmap(NULL, mapping->size, PROT_READ, MAP_SHARED, mapping->fd, 0);
	if (mapping->data == MAP_FAILED)
		die("a picture's buffer cannot be mapped");
	return mapping;
}

static void sync_buffer(const struct mapping *mapping, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_READ };

	if (ioctl(mapping->fd, DMA_BUF_IOCTL_SYNC, &sync))
		die("DMA_BUF_IOCTL_SYNC");
}

static void copy_picture(struct monitor *m, const struct miracast_frame *frame)
{
	const struct mapping *mapping = map(m, frame->buffer_id);
	size_t pitch = frame->pitch[0];
	const char *from;

	if (!mapping)
		die("MIRACAST_IOC_GET_BUFFER");
	if (m->taken.width != frame->width || m->taken.height != frame->height) {
		image_resize(&m->taken, frame->width, frame->height);
		image_resize(&m->followed, frame->width, frame->height);
		image_resize(&m->drawn, frame->width, frame->height);
		m->drawn_number = PATTERN_NONE;
	}
	from = (const char *)mapping->data + frame->offset[0] + frame->src_y * pitch +
	       frame->src_x * sizeof(uint32_t);
	sync_buffer(mapping, DMA_BUF_SYNC_START);
	for (uint32_t y = 0; y < frame->height; y++)
		memcpy(m->taken.pixels + (size_t)y * m->taken.pitch, from + y * pitch,
		       frame->width * sizeof(uint32_t));
	sync_buffer(mapping, DMA_BUF_SYNC_END);
}

static void count(struct monitor *m, const struct miracast_frame *frame)
{
	if (m->last_seq && frame->seq > m->last_seq)
		m->skipped += frame->seq - m->last_seq - 1;
	m->last_seq = frame->seq;
	m->full += !!(frame->flags & MIRACAST_FRAME_FULL);
	m->cursor_visible = frame->flags & MIRACAST_FRAME_CURSOR_VISIBLE;
	if (!(frame->flags & MIRACAST_FRAME_CURSOR))
		return;
	m->cursor++;
	m->cursor_only += !frame->num_damage;
	m->cursor_x = frame->cursor_x;
	m->cursor_y = frame->cursor_y;
}

static void take(struct monitor *m)
{
	uint32_t shown = atomic_load(&m->progress->shown), size = atomic_load(&m->progress->size);
	struct miracast_release_frame release = { .sync_file = -1 };
	struct miracast_frame frame = { 0 };
	uint32_t n;
	bool late, drawing; /* the desktop may be, meanwhile */

	drop_retired(m);
	if (ioctl(m->sink, MIRACAST_IOC_ACQUIRE_FRAME, &frame)) {
		if (errno != EAGAIN && errno != ENODATA)
			die("MIRACAST_IOC_ACQUIRE_FRAME");
		return;
	}
	late = in_place && now_ns() > frame.flip_ns + PATIENCE_NS;
	drawing = late || (in_place && frame.flags & MIRACAST_FRAME_CURSOR);
	copy_picture(m, &frame);
	release.seq = frame.seq;
	if (ioctl(m->sink, MIRACAST_IOC_RELEASE_FRAME, &release))
		die("MIRACAST_IOC_RELEASE_FRAME");
	count(m, &frame);
	if (release.flags & MIRACAST_RELEASE_REVOKED) {
		/* It comes again, all of it. */
		m->revoked++;
		return;
	}
	n = number_taken(m);
	follow(m, &frame, n, drawing);
	m->late += late;
	if (m->judged)
		judge(m, n, shown, size, drawing);
}

/* --------------------------------------------------------------- messages */

static void answer_message(struct monitor *m)
{
	struct {
		struct miracast_record head;
		struct miracast_message message;
		struct miracast_mode_state mode;
		char rest[256];
	} record;
	struct miracast_reply reply = { .len = sizeof(reply), .header_len = sizeof(reply) };

	if (read(m->sink, &record, sizeof(record)) < 0) {
		if (errno != EAGAIN)
			die("message");
		return;
	}
	if (record.head.type != MIRACAST_REC_MESSAGE)
		return;
	if (record.message.code == MIRACAST_MSG_MODE_SET) {
		m->mode = record.mode;
		m->mode_sets++;
	} else if (record.message.code == MIRACAST_MSG_MODE_OFF) {
		m->mode = (struct miracast_mode_state){ 0 };
	}
	reply.id = record.head.id;
	/* One that was cancelled meanwhile wants no answer. */
	if (write(m->sink, &reply, sizeof(reply)) < 0 && errno != ENOENT)
		die("answer to a message");
}

/* --------------------------------------------------------------- commands */

static int io_control(struct monitor *m, uint32_t code, const void *in, size_t len)
{
	struct miracast_io_control ctl = {
		.code = code,
		.in_ptr = (uintptr_t)in,
		.in_len = (uint32_t)len,
	};

	return ioctl(m->sink, MIRACAST_IOC_IO_CONTROL, &ctl) ? errno : 0;
}

static int plug(struct monitor *m, const char *hex)
{
	static uint8_t input[MIRACAST_MAX_IO_CONTROL];
	unsigned int byte;
	size_t len = 0;

	while (len < sizeof(input) && sscanf(hex + 2 * len, "%2x", &byte) == 1)
		input[len++] = (uint8_t)byte;
	return io_control(m, MIRACAST_CTL_PLUG, input, len);
}

static void print_stats(const struct monitor *m)
{
	printf("{\"connector\": \"%s\", \"width\": %u, \"height\": %u, \"refresh\": %u, "
	       "\"mode_sets\": %lu, \"pictures\": %lu, \"other\": %lu, \"torn\": %lu, \"stale\": %lu, "
	       "\"reordered\": %lu, \"undamaged\": %lu, \"revoked\": %lu, \"late\": %lu, \"skipped\": %lu, "
	       "\"full\": %lu, \"last\": %u, \"shown\": %u, \"cursor\": %lu, \"cursor_only\": %lu, "
	       "\"seq\": %llu, \"cursor_visible\": %d, \"cursor_x\": %d, \"cursor_y\": %d}\n",
	       m->connector, m->mode.width, m->mode.height, m->mode.refresh, m->mode_sets,
	       m->pictures, m->other, m->torn, m->stale, m->reordered, m->undamaged, m->revoked,
	       m->late, m->skipped, m->full, m->last, atomic_load(&m->progress->shown), m->cursor,
	       m->cursor_only, (unsigned long long)m->last_seq, m->cursor_visible, m->cursor_x, m->cursor_y);
}

static void obey(const char *line)
{
	unsigned int monitor = 0, value = 0;
	struct monitor *m;
	int at = 0, error = EINVAL;

	if (sscanf(line, "%*s %u", &monitor) == 1 && monitor < (unsigned int)num_monitors) {
		m = &monitors[monitor];
		if (sscanf(line, "plug %*u %n", &at), at) {
			error = plug(m, line + at);
		} else if (!strncmp(line, "unplug ", 7)) {
			error = io_control(m, MIRACAST_CTL_UNPLUG, NULL, 0);
			/* Nothing more is told of it. */
			m->mode = (struct miracast_mode_state){ 0 };
		} else if (sscanf(line, "judge %*u %u", &value) == 1) {
			m->judged = value;
			error = 0;
		} else if (!strncmp(line, "stats ", 6)) {
			print_stats(m);
			return;
		}
	}
	printf("{\"error\": %d}\n", error);
}

/* ---------------------------------------------------------------- set-up */

static void session_op(int sink, uint32_t op)
{
	struct miracast_session_ctl ctl = { .op = op };

	if (ioctl(sink, MIRACAST_IOC_SESSION, &ctl))
		die("MIRACAST_IOC_SESSION");
}

static void open_monitor(struct monitor *m, int broker, const struct miracast_target_info *target,
			 const char *progress)
{
	struct miracast_open_sink open_sink = {
		.target = target->id,
		.flags = MIRACAST_OPEN_NONBLOCK,
	};
	int fd = open(progress, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(progress);
	m->progress = mmap(NULL, sizeof(*m->progress), PROT_READ, MAP_SHARED, fd, 0);
	if (m->progress == MAP_FAILED)
		die(progress);
	close(fd);
	if (ioctl(broker, MIRACAST_IOC_OPEN_SINK, &open_sink))
		die("MIRACAST_IOC_OPEN_SINK");
	m->sink = open_sink.fd;
	m->who = (uint32_t)(m - monitors);
	m->judged = true;
	snprintf(m->connector, sizeof(m->connector), "%s", target->name);
	session_op(m->sink, MIRACAST_SESSION_BEGIN_START);
	session_op(m->sink, MIRACAST_SESSION_END_START);
}

static void open_monitors(char **progress)
{
	struct miracast_hello hello = {
		.abi_min = MIRACAST_ABI_VERSION,
		.abi_max = MIRACAST_ABI_VERSION,
	};
	struct miracast_target_info target = { 0 };
	int broker = open("/dev/miracast", O_RDWR | O_CLOEXEC);

	if (broker < 0)
		die("/dev/miracast");
	if (ioctl(broker, MIRACAST_IOC_HELLO, &hello))
		die("MIRACAST_IOC_HELLO");
	for (; num_monitors < MAX_MONITORS && progress[num_monitors]; num_monitors++) {
		if (ioctl(broker, MIRACAST_IOC_NEXT_TARGET, &target))
			die("MIRACAST_IOC_NEXT_TARGET");
		open_monitor(&monitors[num_monitors], broker, &target, progress[num_monitors]);
	}
}

int main(int argc, char **argv)
{
	static char line[4 * MIRACAST_MAX_IO_CONTROL];
	struct pollfd polls[1 + MAX_MONITORS] = { { .fd = STDIN_FILENO, .events = POLLIN } };

	if (argc > 1 && !strcmp(argv[1], "-i")) {
		in_place = true;
		argv++;
		argc--;
	}
	if (argc < 3) {
		fputs("usage: reader [-i] DIRECTORY PROGRESS…\n", stderr);
		return 2;
	}
	directory = argv[1];
	open_monitors(argv + 2);
	/* Lines are read as poll() announces them: nothing may wait in a buffer. */
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < num_monitors; i++)
		polls[1 + i] = (struct pollfd){ monitors[i].sink, POLLIN | POLLPRI, 0 };

	while (poll(polls, 1 + (nfds_t)num_monitors, -1) >= 0) {
		for (int i = 0; i < num_monitors; i++) {
			if (polls[1 + i].revents & (POLLHUP | POLLERR))
				die("the sink fd hung up");
			if (polls[1 + i].revents & POLLIN)
				answer_message(&monitors[i]);
			if (polls[1 + i].revents & POLLPRI)
				take(&monitors[i]);
		}
		if (polls[0].revents && !fgets(line, sizeof(line), stdin))
			return 0;
		if (polls[0].revents)
			obey(line);
	}
	die("poll");
}
