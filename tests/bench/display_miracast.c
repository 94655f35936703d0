// SPDX-License-Identifier: GPL-2.0-only
/*
 * A daemon on miracast.ko's sink fd.
 */
#include <err.h>
#include <linux/dma-buf.h>

#include "display_bench.h"
#include "miracast_kms.h"

#define MAX_BUFFERS	8

const char screen_name[] = "miracast";
uint64_t screen_cpu_ns;

static int sink;
static struct miracast_frame frame;

/* Mappings are kept per buffer, as the ABI's manual says. */
static struct {
	uint64_t id;
	const volatile uint32_t *pixels;
} buffers[MAX_BUFFERS];
static unsigned int num_buffers;

static void must(int ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		err(2, "%s", what);
	}
}

void screen_open(uint32_t *card_minor, uint32_t *connector)
{
	struct miracast_target_info target;
	uint8_t edid[2 * EDID_BLOCK];
	static struct plug plug;
	int broker = broker_open();

	must(broker, "/dev/miracast");
	must(broker_hello(broker), "HELLO");
	must(kms_find(broker, 0, &target), "no target");
	sink = broker_open_sink(broker, target.id, MIRACAST_OPEN_NONBLOCK);
	must(sink, "OPEN_SINK");
	must(sink_start(sink), "start");
	edid_make(edid);
	plug_make(&plug, NULL, 0, edid, sizeof(edid), MIRACAST_PLUG_CURSOR);
	must(sink_plug(sink, &plug), "PLUG");
	*card_minor = target.card_minor;
	*connector = target.connector_id;
}

static const volatile uint32_t *map(uint64_t id)
{
	void *pixels;
	int fd;

	for (unsigned int i = 0; i < num_buffers; i++)
		if (buffers[i].id == id)
			return buffers[i].pixels;

	fd = sink_get_buffer(sink, id);
	must(fd, "GET_BUFFER");
	pixels = mmap(NULL, (size_t)lseek(fd, 0, SEEK_END), PROT_READ, MAP_SHARED, fd, 0);
	if (pixels == MAP_FAILED || num_buffers == MAX_BUFFERS)
		err(2, "mapping a buffer");
	close(fd);
	buffers[num_buffers].id = id;
	buffers[num_buffers++].pixels = pixels;

	return pixels;
}

bool screen_take(int timeout_ms, uint32_t *pixel)
{
	uint64_t begin;
	int ret;

	if (fd_poll(sink, POLLPRI, timeout_ms) <= 0)
		return false;
	begin = thread_cpu_ns();
	ret = sink_acquire(sink, &frame);
	screen_cpu_ns += thread_cpu_ns() - begin;
	if (ret == -EAGAIN || ret == -ENODATA)
		return false;
	must(ret, "ACQUIRE_FRAME");
	*pixel = *map(frame.buffer_id);

	return true;
}

void screen_release(void)
{
	uint64_t begin = thread_cpu_ns();
	int ret = sink_release(sink, frame.seq, -1, NULL);

	screen_cpu_ns += thread_cpu_ns() - begin;
	must(ret, "RELEASE_FRAME");
}
