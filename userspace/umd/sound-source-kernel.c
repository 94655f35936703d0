// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the desktop plays, through libmiracast.
 *
 * A sound fd is of one card.  When the card has gone, so has the fd, and the next look()
 * opens that of the next one.  The ring is mapped once for each, and read only where a
 * record says so: the block that take() gives points there, and the next take() reads
 * the next record, with which the hold on it ends.
 */
#include "sound-source.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <miracast/sound.h>

/* Up to what every kernel says. */
#define LEAST_RECORD ((ssize_t)G_STRUCT_OFFSET(struct miracast_sound_record, reserved))

struct kernel_source {
	struct miracast_host *host;
	gint look; /* atomic: there may be another card than the one that is read */

	int fd; /* -1: AWAY */
	const guint8 *ring;
	gsize ring_bytes;
	guint64 tick_ns;
	struct sound_format format; /* of the stream; no rate: there is none */
	guint buffer_bytes;
	gboolean complained;
};

static gpointer kernel_create(struct miracast_host *host, const struct sound_format *format,
			      GError **error)
{
	struct kernel_source *s = g_new0(struct kernel_source, 1);

	s->host = host;
	s->fd = -1;
	s->look = TRUE;
	return s;
}

static void close_card(struct kernel_source *s)
{
	if (s->ring)
		munmap((gpointer)s->ring, s->ring_bytes);
	s->ring = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->format = (struct sound_format){ 0 };
}

static void kernel_destroy(gpointer data)
{
	struct kernel_source *s = data;

	close_card(s);
	g_free(s);
}

static void kernel_look(gpointer data)
{
	struct kernel_source *s = data;

	g_atomic_int_set(&s->look, TRUE);
}

static int kernel_wait_fd(gpointer data)
{
	struct kernel_source *s = data;

	return s->fd;
}

static void complain_once(struct kernel_source *s, const char *what, int err)
{
	if (!s->complained)
		g_warning("the desktop cannot be heard: %s%s%s", what, err ? ": " : "",
			  err ? g_strerror(err) : "");
	s->complained = TRUE;
}

/* FALSE: there is none, or none that can be read, until the next look(). */
static gboolean open_card(struct kernel_source *s)
{
	struct miracast_open_sound open;
	gpointer ring;
	int fd;

	if (!g_atomic_int_compare_and_exchange(&s->look, TRUE, FALSE))
		return FALSE;
	fd = miracast_sound_open(s->host, &open);
	if (fd < 0) {
		if (fd != -ENODATA && fd != -ENODEV && fd != -ENOTTY)
			complain_once(s, "the sound card cannot be opened", -fd);
		return FALSE;
	}
	ring = mmap(NULL, open.ring_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED) {
		complain_once(s, "the sound card's ring cannot be mapped", errno);
		close(fd);
		return FALSE;
	}
	s->fd = fd;
	s->ring = ring;
	s->ring_bytes = open.ring_bytes;
	s->tick_ns = open.tick_us * G_GUINT64_CONSTANT(1000);
	g_debug("sound card: ring of %u bytes, looked at each %u us, %u us before its time",
		open.ring_bytes, open.tick_us, open.lead_us);
	return TRUE;
}

static gboolean start(struct kernel_source *s, const struct miracast_sound_record *record)
{
	if (record->rate < 1 || record->channels < 1 || record->channels > SOUND_MAX_CHANNELS ||
	    record->buffer_bytes > s->ring_bytes)
		return FALSE;
	s->format = (struct sound_format){ record->rate, record->channels };
	s->buffer_bytes = record->buffer_bytes;
	return TRUE;
}

/* Do the samples lie within the ring? */
static gboolean fit(const struct kernel_source *s, const struct miracast_sound_record *record)
{
	guint64 bytes = (guint64)record->frames * s->format.channels * sizeof(gint16);

	return s->format.rate && record->offset % sizeof(gint16) == 0 &&
	       record->offset + bytes <= s->buffer_bytes;
}

static enum sound_result look_at(struct kernel_source *s, const struct miracast_sound_record *record,
				 struct sound_block *block)
{
	block->lost = record->lost;
	block->torn = (record->flags & MIRACAST_SOUND_REVOKED) != 0;
	switch (record->type) {
	case MIRACAST_SOUND_START:
		if (start(s, record)) {
			block->format = s->format;
			return SOUND_START;
		}
		break;
	case MIRACAST_SOUND_SAMPLES:
		if (fit(s, record)) {
			block->format = s->format;
			block->samples = (const gint16 *)(s->ring + record->offset);
			block->frames = record->frames;
			block->time_ns = record->time_ns;
			block->waited_ns = s->tick_ns;
			return SOUND_SAMPLES;
		}
		break;
	case MIRACAST_SOUND_STOP:
		s->format = (struct sound_format){ 0 };
		return SOUND_STOP;
	}
	complain_once(s, "the kernel says what makes no sense", 0);
	s->format = (struct sound_format){ 0 };
	return SOUND_STOP;
}

static enum sound_result kernel_take(gpointer data, struct sound_block *block)
{
	struct kernel_source *s = data;
	/* What a shorter record of an older kernel leaves out counts as zero. */
	union {
		struct miracast_sound_record record;
		guint8 bytes[MIRACAST_MAX_HEADER];
	} in = { 0 };
	ssize_t n;

	if (s->fd < 0)
		return open_card(s) ? SOUND_STOP : SOUND_NONE;
	do {
		n = read(s->fd, &in, sizeof(in));
	} while (n < 0 && errno == EINTR);
	if (n >= LEAST_RECORD)
		return look_at(s, &in.record, block);
	if (n < 0 && errno == EAGAIN)
		return SOUND_NONE;
	if (n >= 0 || errno != ENODEV)
		complain_once(s, "the sound card cannot be read", n < 0 ? errno : 0);
	close_card(s);
	return SOUND_GONE;
}

const struct sound_source_class sound_source_kernel = {
	.name = "kernel",
	.create = kernel_create,
	.destroy = kernel_destroy,
	.look = kernel_look,
	.wait_fd = kernel_wait_fd,
	.take = kernel_take,
};
