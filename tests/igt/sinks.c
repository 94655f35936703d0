// SPDX-License-Identifier: GPL-2.0-only
/*
 * sinks COUNT acquire|idle
 *
 * A daemon as small as can be, so that IGT finds connected connectors: plugs a
 * monitor into the first COUNT targets of miracast.ko, answers every message,
 * and comes back when targets have gone and come. With "acquire" it takes each
 * picture and gives it back at once, with "idle" it takes none, ever.
 *
 * Writes a line to stdout when all monitors are plugged in, and runs until it
 * is killed.
 */
#include "miracast_kms.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_SINKS	8

struct sinks {
	struct pollfd polls[1 + MAX_SINKS];
	uint32_t targets[1 + MAX_SINKS];
	unsigned int count;
	bool acquire;
};

static void die(const char *what, int error)
{
	fprintf(stderr, "sinks: %s: %s\n", what, strerror(-error));
	exit(1);
}

/* The sizes of old monitors beside those of a television. */
static void plug_in(int sink)
{
	static const struct miracast_mode modes[] = {
		{ 1024, 768, 60000, MIRACAST_MODE_PREFERRED },
		{ 640, 480, 60000, 0 },
		{ 800, 600, 60000, 0 },
		{ 1280, 720, 60000, 0 },
		{ 1920, 1080, 60000, 0 },
	};
	uint8_t edid[2 * EDID_BLOCK];
	static struct plug plug;
	int ret;

	edid_make(edid);
	edid[35] = 0x21; /* 640x480, 800x600 */
	edid[36] = 0x08; /* 1024x768 */
	edid_seal(edid);
	plug_make(&plug, modes, sizeof(modes) / sizeof(*modes), edid,
		  sizeof(edid), MIRACAST_PLUG_CURSOR);
	ret = sink_plug(sink, &plug);
	if (ret && ret != -ENODEV)
		die("cannot plug a monitor in", ret);
}

static int open_sink(int broker, uint32_t target)
{
	int sink = broker_open_sink(broker, target, MIRACAST_OPEN_NONBLOCK);
	int ret;

	if (sink < 0)
		return sink;
	ret = sink_start(sink);
	if (ret && ret != -ENODEV)
		die("cannot start a session", ret);
	plug_in(sink);

	return sink;
}

static void forget_sink(struct sinks *sinks, unsigned int at)
{
	close(sinks->polls[at].fd);
	sinks->polls[at].fd = -1;
}

/* Walk the targets to the end, which is what makes poll() tell of new ones. */
static void find_targets(struct sinks *sinks)
{
	int broker = sinks->polls[0].fd;
	struct miracast_target_info info = {};
	unsigned int at = 1;

	while (!dev_ioctl(broker, MIRACAST_IOC_NEXT_TARGET, &info)) {
		if (strcmp(info.driver, "miracast") || at > sinks->count)
			continue;
		if (sinks->polls[at].fd >= 0 && sinks->targets[at] != info.id)
			forget_sink(sinks, at);
		if (sinks->polls[at].fd < 0)
			sinks->polls[at].fd = open_sink(broker, info.id);
		sinks->targets[at] = info.id;
		at++;
	}
}

static void answer(int sink)
{
	static struct record record;
	ssize_t len = sink_read(sink, &record);

	if (len > 0 && record.head.type == MIRACAST_REC_MESSAGE)
		sink_reply(sink, record.head.id, 0, NULL, 0);
}

static void take_picture(int sink)
{
	struct miracast_get_retired retired;
	struct miracast_frame frame;

	while (!dev_ioctl(sink, MIRACAST_IOC_GET_RETIRED, &retired))
		;
	if (!sink_acquire(sink, &frame))
		sink_release(sink, frame.seq, -1, NULL);
}

static void serve(struct sinks *sinks, unsigned int at)
{
	short revents = sinks->polls[at].revents;
	int sink = sinks->polls[at].fd;

	if (revents & (POLLHUP | POLLERR)) {
		forget_sink(sinks, at);
		return;
	}
	if (revents & POLLIN)
		answer(sink);
	if (revents & POLLPRI)
		take_picture(sink);
}

int main(int argc, char **argv)
{
	struct sinks sinks = {};
	unsigned int at;

	if (argc == 3)
		sinks.count = (unsigned int)atoi(argv[1]);
	sinks.acquire = argc == 3 && !strcmp(argv[2], "acquire");
	if (!sinks.count || sinks.count > MAX_SINKS ||
	    (!sinks.acquire && strcmp(argv[2], "idle"))) {
		fprintf(stderr, "usage: sinks COUNT acquire|idle\n");
		return 2;
	}

	sinks.polls[0].fd = broker_open();
	if (sinks.polls[0].fd < 0)
		die("/dev/miracast", sinks.polls[0].fd);
	if (broker_hello(sinks.polls[0].fd))
		die("/dev/miracast speaks another version", -EPROTO);
	sinks.polls[0].events = POLLPRI;
	for (at = 1; at <= sinks.count; at++) {
		sinks.polls[at].fd = -1;
		sinks.polls[at].events = POLLIN | (sinks.acquire ? POLLPRI : 0);
	}
	find_targets(&sinks);
	for (at = 1; at <= sinks.count; at++)
		if (sinks.polls[at].fd < 0)
			die("too few targets", -ENODEV);
	puts("plugged in");
	fflush(stdout);

	while (poll(sinks.polls, 1 + sinks.count, -1) > 0) {
		if (sinks.polls[0].revents)
			find_targets(&sinks);
		for (at = 1; at <= sinks.count; at++)
			serve(&sinks, at);
	}
	die("poll", -errno);
}
