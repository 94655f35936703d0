// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sources of sound: the sound card of a kernel that the test plays (a socket pair for the records, a
 * memfd for the ring), the test signal, and the pump between them and the track.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <miracast/sound.h>

#include "sound-pump.h"

#define RING 8192
#define MSEC G_GINT64_CONSTANT(1000000)

/* Warnings are counted, not fatal. */
static guint warnings;

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	if (!(level & G_LOG_LEVEL_WARNING))
		return g_log_writer_default(level, fields, n, data);
	warnings++;
	return G_LOG_WRITER_HANDLED;
}

/* The kernel; its ring is what mmap() of its descriptor gives, which is called mmap64 with large files. */
static struct {
	int peer;
	int ring_fd;
	gint16 *ring;
	int error; /* of the next open, 0: none */
	guint opened;
	gboolean unmappable;
	gint64 frame;
	int fd;
} card = { .peer = -1, .ring_fd = -1 };

int miracast_sound_open(struct miracast_host *host, struct miracast_open_sound *open)
{
	int fds[2];

	if (card.error)
		return card.error;
	/* Records, each whole; and -EAGAIN without one. */
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
	card.peer = fds[1];
	card.fd = fds[0];
	card.opened++;
	*open = (struct miracast_open_sound){ .fd = fds[0], .ring_bytes = RING, .tick_us = 5000, .lead_us = 20000, .hold_us = 20000 };
	return fds[0];
}

void *__wrap_mmap64(void *addr, size_t length, int protection, int flags, int fd, off_t offset);
void *__real_mmap64(void *addr, size_t length, int protection, int flags, int fd, off_t offset);

void *__wrap_mmap64(void *addr, size_t length, int protection, int flags, int fd, off_t offset)
{
	if (fd != card.fd || fd < 0)
		return __real_mmap64(addr, length, protection, flags, fd, offset);
	g_assert_cmpint(protection, ==, PROT_READ);
	g_assert_cmpint(flags, ==, MAP_SHARED);
	if (card.unmappable) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return __real_mmap64(addr, length, protection, flags, card.ring_fd, offset);
}

/* A read that finds the peer gone says what the kernel says of a card that has gone. */
ssize_t __wrap_read(int fd, void *buffer, size_t size);
ssize_t __real_read(int fd, void *buffer, size_t size);

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	ssize_t n = __real_read(fd, buffer, size);

	if (fd == card.fd && fd >= 0 && (n == 0 || (n < 0 && errno == ECONNRESET))) {
		errno = ENODEV;
		return -1;
	}
	if (fd == card.fd && fd >= 0)
		g_assert_cmpuint(size, >=, MIRACAST_MAX_HEADER);
	return n;
}

static void card_begin(void)
{
	memset(&card, 0, sizeof(card));
	warnings = 0;
	card.peer = card.fd = -1;
	card.ring_fd = memfd_create("ring", MFD_CLOEXEC);
	g_assert_no_errno(ftruncate(card.ring_fd, RING));
	card.ring = __real_mmap64(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, card.ring_fd, 0);
	g_assert_true(card.ring != MAP_FAILED);
}

static void card_pull_out(void)
{
	if (card.peer >= 0)
		close(card.peer);
	card.peer = -1;
}

static void card_end(void)
{
	card_pull_out();
	munmap(card.ring, RING);
	close(card.ring_fd);
}

static void say(struct miracast_sound_record record)
{
	record.len = record.header_len = sizeof(record);
	g_assert_cmpint(send(card.peer, &record, sizeof(record), MSG_NOSIGNAL), ==, sizeof(record));
}

static void say_start(guint rate, guint channels)
{
	say((struct miracast_sound_record){ .type = MIRACAST_SOUND_START, .rate = rate, .channels = channels,
					    .buffer_bytes = RING / (2 * channels) * (2 * channels) });
}

static void say_samples(guint offset, guint frames, guint64 time_ns)
{
	say((struct miracast_sound_record){ .type = MIRACAST_SOUND_SAMPLES, .offset = offset, .frames = frames, .time_ns = time_ns });
}

static enum sound_result take(gpointer source, struct sound_block *block)
{
	*block = (struct sound_block){ 0 };
	return sound_source_kernel.take(source, block);
}

/* ---------------------------------------------------------------------------- kernel */

static void test_records(void)
{
	struct sound_block block;
	gpointer source;

	card_begin();
	source = sound_source_kernel.create(NULL, &(struct sound_format){ 48000, 2 }, NULL);
	g_assert_cmpint(sound_source_kernel.wait_fd(source), ==, -1);
	/* There is a card, which is silent. */
	g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
	g_assert_cmpint(sound_source_kernel.wait_fd(source), ==, card.fd);
	g_assert_cmpint(take(source, &block), ==, SOUND_NONE);

	say_start(44100, 2);
	say_samples(RING - 8, 2, 1234567);
	say((struct miracast_sound_record){ .type = MIRACAST_SOUND_SAMPLES, .frames = 3, .time_ns = 99,
					    .lost = 7, .flags = MIRACAST_SOUND_REVOKED });
	say((struct miracast_sound_record){ .type = MIRACAST_SOUND_STOP });
	for (guint i = 0; i < RING / 2; i++)
		card.ring[i] = i;
	g_assert_cmpint(take(source, &block), ==, SOUND_START);
	g_assert_cmpuint(block.format.rate, ==, 44100);
	g_assert_cmpuint(block.format.channels, ==, 2);
	g_assert_cmpint(take(source, &block), ==, SOUND_SAMPLES);
	g_assert_cmpuint(block.frames, ==, 2);
	g_assert_cmpuint(block.time_ns, ==, 1234567);
	g_assert_cmpuint(block.waited_ns, ==, 5 * MSEC);
	g_assert_cmpuint(block.lost, ==, 0);
	g_assert_false(block.torn);
	/* In place: nothing was copied. */
	card.ring[RING / 2 - 1] = -5;
	g_assert_cmpint(block.samples[0], ==, RING / 2 - 4);
	g_assert_cmpint(block.samples[3], ==, -5);
	g_assert_cmpint(take(source, &block), ==, SOUND_SAMPLES);
	g_assert_cmpint(block.samples[5], ==, 5);
	g_assert_cmpuint(block.lost, ==, 7);
	g_assert_true(block.torn);
	g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
	g_assert_cmpint(take(source, &block), ==, SOUND_NONE);
	sound_source_kernel.destroy(source);
	card_end();
}

/* The card goes, another one comes; one that cannot be had is asked for once for each plug. */
static void test_cards(void)
{
	struct sound_block block;
	gpointer source;

	card_begin();
	card.error = -ENODATA;
	source = sound_source_kernel.create(NULL, &(struct sound_format){ 48000, 2 }, NULL);
	g_assert_cmpint(take(source, &block), ==, SOUND_NONE);
	card.error = 0;
	g_assert_cmpint(take(source, &block), ==, SOUND_NONE);
	g_assert_cmpuint(card.opened, ==, 0);
	sound_source_kernel.look(source);
	g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
	say_start(48000, 2);
	g_assert_cmpint(take(source, &block), ==, SOUND_START);

	card_pull_out();
	g_assert_cmpint(take(source, &block), ==, SOUND_GONE);
	g_assert_cmpint(sound_source_kernel.wait_fd(source), ==, -1);
	g_assert_cmpint(take(source, &block), ==, SOUND_NONE);
	/* Said before the end of the old one was noticed. */
	sound_source_kernel.look(source);
	g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
	sound_source_kernel.look(source);
	card_pull_out();
	g_assert_cmpint(take(source, &block), ==, SOUND_GONE);
	g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
	g_assert_cmpuint(card.opened, ==, 3);
	/* What a stream says that has not begun on this card. */
	g_assert_cmpuint(warnings, ==, 0);
	say_samples(0, 1, 0);
	g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
	g_assert_cmpuint(warnings, ==, 1);
	card_pull_out();
	g_assert_cmpint(take(source, &block), ==, SOUND_GONE);

	card.unmappable = TRUE;
	sound_source_kernel.look(source);
	g_assert_cmpint(take(source, &block), ==, SOUND_NONE);
	g_assert_cmpint(sound_source_kernel.wait_fd(source), ==, -1);
	card.error = -EBUSY;
	sound_source_kernel.look(source);
	g_assert_cmpint(take(source, &block), ==, SOUND_NONE);
	sound_source_kernel.destroy(source);
	card_end();
}

/* Nothing outside of the ring is read, whatever a record says. */
static void test_nonsense(void)
{
	static const struct miracast_sound_record records[] = {
		{ .type = MIRACAST_SOUND_START, .rate = 48000, .channels = 2, .buffer_bytes = RING + 4 },
		{ .type = MIRACAST_SOUND_START, .rate = 48000, .channels = 99, .buffer_bytes = RING },
		{ .type = MIRACAST_SOUND_START, .rate = 0, .channels = 2, .buffer_bytes = RING },
		{ .type = MIRACAST_SOUND_SAMPLES, .offset = RING, .frames = 1 },
		{ .type = MIRACAST_SOUND_SAMPLES, .offset = RING - 4, .frames = 2 },
		{ .type = MIRACAST_SOUND_SAMPLES, .offset = 1, .frames = 1 },
		{ .type = MIRACAST_SOUND_SAMPLES, .offset = 0, .frames = G_MAXUINT32 },
		{ .type = MIRACAST_SOUND_SAMPLES, .offset = G_MAXUINT32 - 1, .frames = 1 },
		{ .type = 77 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(records); i++) {
		struct sound_block block;
		gpointer source;

		card_begin();
		source = sound_source_kernel.create(NULL, &(struct sound_format){ 48000, 2 }, NULL);
		g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
		say_start(48000, 2);
		g_assert_cmpint(take(source, &block), ==, SOUND_START);
		warnings = 0;
		say(records[i]);
		say(records[i]);
		g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
		g_assert_null(block.samples);
		/* Said once. */
		g_assert_cmpint(take(source, &block), ==, SOUND_STOP);
		g_assert_cmpuint(warnings, ==, 1);
		/* The next stream is heard. */
		say_start(48000, 2);
		say_samples(0, 1, 0);
		g_assert_cmpint(take(source, &block), ==, SOUND_START);
		g_assert_cmpint(take(source, &block), ==, SOUND_SAMPLES);
		sound_source_kernel.destroy(source);
		card_end();
	}
}

/* ------------------------------------------------------------------------------ test */

/* The signal is a function of the clock: tones in each channel, a click with each second. */
static void check_signal(guint rate, guint channels)
{
	static const guint hz[2][6] = { { 440, 660 }, { 440, 660, 1100, 1320, 880, 60 } };
	const struct sound_format format = { rate, channels };
	gpointer source = sound_source_test.create(NULL, &format, NULL);
	gint64 until = g_get_monotonic_time() + 1200000;
	guint64 next = 0, seen = 0;
	guint clicks = 0;

	while (g_get_monotonic_time() < until) {
		struct sound_block block = { 0 };
		enum sound_result result = sound_source_test.take(source, &block);

		if (result != SOUND_SAMPLES) {
			g_assert_cmpint(result, ==, next ? SOUND_NONE : SOUND_START);
			next = MAX(next, 1);
			g_usleep(2000);
			continue;
		}
		/* Ahead of its time, by no more than it says. */
		g_assert_cmpint(block.time_ns, <=, g_get_monotonic_time() * 1000 + SOUND_TEST_LEAD_NS);
		if (next > 1 && !block.lost)
			g_assert_cmpint(ABS((gint64)(block.time_ns - next)), <=, 1);
		next = block.time_ns + block.frames * G_GUINT64_CONSTANT(1000000000) / rate;
		for (guint n = 0; n < block.frames; n++) {
			guint at = (block.time_ns % 1000000000 * rate + 500000000) / 1000000000 + n;
			gboolean click = at % rate < rate / 100;

			clicks += at % rate == 0;
			for (guint c = 0; c < channels; c++) {
				double wanted = 0.25 * 32767 * sin(2 * G_PI * hz[channels == 6][c] * at / rate);

				if (click && hz[channels == 6][c] != 60)
					wanted += 0.5 * 32767 * sin(2 * G_PI * 4000 * (at % rate) / rate);
				g_assert_cmpfloat(fabs(block.samples[n * channels + c] - wanted), <=, 1);
			}
		}
		seen += block.frames;
	}
	g_assert_cmpuint(seen, >=, rate);
	g_assert_cmpuint(clicks, >=, 1);
	sound_source_test.destroy(source);
}

static void test_signal(void)
{
	check_signal(48000, 2);
	check_signal(44100, 2);
	check_signal(48000, 6);
}

/* ------------------------------------------------------------------------------ pump */

struct pumped {
	GMutex lock;
	GArray *samples; /* gint16 of the first channel */
	guint64 begin_ns;
	guint units;
	guint silent;
};

static void take_unit(const struct sound_unit *unit, gpointer data)
{
	struct pumped *p = data;

	g_mutex_lock(&p->lock);
	if (unit->discont) {
		p->begin_ns = unit->time_ns;
		g_array_set_size(p->samples, 0);
	}
	for (guint i = 0; i < unit->frames; i++)
		g_array_append_val(p->samples, unit->samples[2 * i]);
	p->units++;
	p->silent += unit->silent;
	g_mutex_unlock(&p->lock);
}

static guint units(struct pumped *p)
{
	guint n;

	g_mutex_lock(&p->lock);
	n = p->units;
	g_mutex_unlock(&p->lock);
	return n;
}

static enum sound_activity activity(sound_pump *pump)
{
	struct sound_state state;

	sound_pump_get_state(pump, &state);
	return state.activity;
}

static void wait_for(sound_pump *pump, enum sound_activity wanted)
{
	gint64 until = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

	while (activity(pump) != wanted) {
		g_assert_cmpint(g_get_monotonic_time(), <, until);
		g_usleep(1000);
	}
}

/* A card whose samples are all there, as long as somebody asks: 20 ms ahead, none of them silence. */
static struct {
	gint16 ring[2 * 9600];
	gboolean started;
	guint64 next_ns;
	guint asked;
} steady;

static enum sound_result steady_take(gpointer source, struct sound_block *block)
{
	guint64 now = g_get_monotonic_time() * 1000;

	block->format = (struct sound_format){ 48000, 2 };
	if (!steady.started) {
		steady.started = TRUE;
		steady.next_ns = now;
		return SOUND_START;
	}
	if (steady.next_ns + 5 * MSEC > now + 20 * MSEC) {
		/* The thread does not run for a while, and the answer is old. */
		if (++steady.asked % 5 == 0)
			g_usleep(120000);
		return SOUND_NONE;
	}
	block->samples = steady.ring;
	block->frames = 240;
	block->time_ns = steady.next_ns;
	steady.next_ns += 5 * MSEC;
	return SOUND_SAMPLES;
}

static int steady_wait_fd(gpointer source)
{
	return -1;
}

static const struct sound_source_class steady_source = {
	.wait_fd = steady_wait_fd,
	.take = steady_take,
};

/* What is played after the source said that there is nothing more is asked for, not made silence of. */
static void test_pump_old_answer(void)
{
	const struct sound_layout layout = { { 48000, 2 }, 480, 3 };
	struct pumped pumped = { .samples = g_array_new(FALSE, FALSE, sizeof(gint16)) };
	struct sound_state state;
	guint first = 0;
	sound_pump *pump;

	memset(&steady, 0, sizeof(steady));
	for (guint i = 0; i < G_N_ELEMENTS(steady.ring); i++)
		steady.ring[i] = 1000;
	pump = sound_pump_new(&steady_source, NULL, &layout, take_unit, &pumped, NULL);
	sound_pump_set_running(pump, TRUE);
	while (units(&pumped) < 100)
		g_usleep(10000);
	sound_pump_get_state(pump, &state);
	sound_pump_free(pump);
	g_assert_cmpuint(state.counters.skipped_us, ==, 0);
	while (first < pumped.samples->len && g_array_index(pumped.samples, gint16, first) == 0)
		first++;
	for (guint i = first; i < pumped.samples->len; i++)
		g_assert_cmpint(g_array_index(pumped.samples, gint16, i), ==, 1000);
	g_array_unref(pumped.samples);
}

static void test_pump(void)
{
	const struct sound_layout layout = { { 48000, 2 }, 480, 3 };
	struct pumped pumped = { .samples = g_array_new(FALSE, FALSE, sizeof(gint16)) };
	struct sound_state state;
	sound_pump *pump;
	gpointer source;
	guint64 began;
	guint before, at;

	card_begin();
	card.error = -ENODATA;
	source = sound_source_kernel.create(NULL, &layout.format, NULL);
	pump = sound_pump_new(&sound_source_kernel, source, &layout, take_unit, &pumped, NULL);
	g_usleep(100000);
	g_assert_cmpuint(units(&pumped), ==, 0);
	/* Silence without a card. */
	sound_pump_set_running(pump, TRUE);
	began = g_get_monotonic_time();
	g_usleep(300000);
	g_assert_cmpuint(units(&pumped), >=, 20);
	g_assert_cmpuint(units(&pumped), <=, (g_get_monotonic_time() - began) / 10000 + 2);
	g_assert_cmpint(activity(pump), ==, SOUND_AWAY);
	card.error = 0;
	sound_pump_look(pump);
	wait_for(pump, SOUND_SILENT);

	/* Something is played, and is where it belongs. */
	for (guint i = 0; i < RING / 2; i++)
		card.ring[i] = 1 + i / 2 % 240;
	began = g_get_monotonic_time() * 1000;
	say_start(48000, 2);
	/* Well ahead, so that a machine that is busy makes no hole. */
	for (guint i = 0; i < 40; i++) {
		say_samples(0, 240, began + i * 5 * MSEC);
		while (g_get_monotonic_time() * 1000 + 100 * MSEC < (gint64)began + i * 5 * MSEC)
			g_usleep(1000);
	}
	sound_pump_get_state(pump, &state);
	g_assert_cmpint(state.activity, ==, SOUND_PLAYING);
	g_assert_cmpuint(state.format.rate, ==, 48000);
	say((struct miracast_sound_record){ .type = MIRACAST_SOUND_STOP });
	wait_for(pump, SOUND_SILENT);
	g_usleep(200000);
	g_mutex_lock(&pumped.lock);
	at = ((began - pumped.begin_ns) * 48000 + 500000000) / 1000000000;
	g_assert_cmpuint(pumped.samples->len, >, at + 40 * 240);
	for (guint i = 40; i < 40 * 240; i++)
		g_assert_cmpint(g_array_index(pumped.samples, gint16, at + i), ==, 1 + i % 240);
	g_assert_cmpint(g_array_index(pumped.samples, gint16, at + 40 * 240), ==, 0);
	g_mutex_unlock(&pumped.lock);

	/* It is pulled out while it plays; the track goes on. */
	say_start(48000, 2);
	say_samples(0, 240, g_get_monotonic_time() * 1000);
	wait_for(pump, SOUND_PLAYING);
	sound_pump_set_running(pump, FALSE);
	g_assert_cmpint(activity(pump), ==, SOUND_SILENT);
	sound_pump_set_running(pump, TRUE);
	g_assert_cmpint(activity(pump), ==, SOUND_PLAYING);
	card_pull_out();
	wait_for(pump, SOUND_AWAY);
	before = units(&pumped);
	g_usleep(200000);
	g_assert_cmpuint(units(&pumped), >=, before + 10);

	/* A session's pause costs nothing. */
	sound_pump_set_running(pump, FALSE);
	g_usleep(50000);
	before = units(&pumped);
	g_usleep(200000);
	g_assert_cmpuint(units(&pumped), ==, before);
	sound_pump_stop(pump);
	sound_pump_look(pump);
	sound_pump_free(pump);
	sound_source_kernel.destroy(source);
	card_end();
	g_array_unref(pumped.samples);
}

int main(int argc, char **argv)
{
	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/sound-source/kernel/records", test_records);
	g_test_add_func("/sound-source/kernel/cards", test_cards);
	g_test_add_func("/sound-source/kernel/nonsense", test_nonsense);
	g_test_add_func("/sound-source/test", test_signal);
	g_test_add_func("/sound-source/pump", test_pump);
	g_test_add_func("/sound-source/pump-old-answer", test_pump_old_answer);
	return g_test_run();
}
