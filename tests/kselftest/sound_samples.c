// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sound: what the reader of the sound fd hears of what is played, when it is
 * due, and where ALSA believes the card to be.
 */
#include <inttypes.h>

#include "miracast_alsa.h"

FIXTURE(samples) {
	struct sound s;
};

FIXTURE_SETUP(samples)
{
	sound_open(_metadata, &self->s);
}

FIXTURE_TEARDOWN(samples)
{
	sound_close(&self->s);
}

static void plays(struct __test_metadata *_metadata, struct sound *s, uint32_t rate,
		  uint32_t channels)
{
	struct pcm *pcm = &s->pcm;
	struct ear *ear = &s->ear;
	uint64_t before, after;

	sound_begin(_metadata, s, rate, channels);
	ASSERT_EQ(0, pcm_write(pcm, 8000));
	EXPECT_EQ(0, ear_listen(ear));
	EXPECT_EQ(0, ear->records);
	before = now_ns();
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	after = now_ns();
	ASSERT_EQ(0, play(pcm, ear, 300, 8000, true));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_DROP));
	ASSERT_EQ(0, ear_listen(ear));

	sound_expect_clean(_metadata, ear);
	EXPECT_EQ(1, ear->starts);
	EXPECT_EQ(1, ear->stops);
	EXPECT_EQ(0, ear->start.frame);
	EXPECT_LE(before, ear->start.time_ns);
	EXPECT_GE(after, ear->start.time_ns);
	EXPECT_EQ(rate, ear->start.rate);
	EXPECT_EQ(channels, ear->start.channels);
	EXPECT_EQ(16384 * channels * 2, ear->start.buffer_bytes);
	EXPECT_EQ(MIRACAST_SOUND_STOP, ear->last.type);
	EXPECT_EQ(ear->next + ear->lost_before, ear->last.frame);
	/* All but what was in the ring yet. */
	EXPECT_LT(rate / 4, ear->frames + ear->lost);
	EXPECT_LE(ear->frames, pcm->written);
	EXPECT_GE(ear->open.lead_us * 1000LL, ear->soonest);
	TH_LOG("%u Hz %u channels: %llu frames, up to %lld us before they are due", rate,
	       channels, (unsigned long long)ear->frames, (long long)ear->soonest / 1000);
	pcm_close(pcm);
	ear_close(ear);
}

TEST_F(samples, are_what_was_written)
{
	plays(_metadata, &self->s, 48000, 2);
	plays(_metadata, &self->s, 44100, 2);
	plays(_metadata, &self->s, 48000, 6);
	plays(_metadata, &self->s, 44100, 6);
}

/* An application that writes what is due next, and no more, is heard as well. */
TEST_F(samples, written_just_in_time)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;

	sound_begin(_metadata, &self->s, 48000, 2);
	ASSERT_EQ(0, pcm_sw(pcm, ULONG_MAX / 4, true));
	ASSERT_EQ(0, pcm_write(pcm, 480));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, play(pcm, ear, 200, 480, true));
	/* On a slow machine it is not always in time. */
	sound_expect_heard(_metadata, ear);
	EXPECT_LT(2400, ear->frames);
	TH_LOG("%llu frames, %llu gaps", (unsigned long long)ear->frames,
	       (unsigned long long)ear->gaps);
}

/* ------------------------------------------------------------------- time */

/* Frames that ALSA's position is ahead of the clock at its own time stamp. */
static int64_t off_the_clock(struct pcm *pcm, const struct ear *ear)
{
	struct snd_pcm_sync_ptr sync;
	uint64_t at, due;

	if (pcm_sync(pcm, true, &sync))
		return INT64_MIN;
	at = (uint64_t)sync.s.status.tstamp.tv_sec * NS_PER_SECOND +
	     (uint64_t)sync.s.status.tstamp.tv_nsec - ear->start.time_ns;
	due = at * pcm->rate / NS_PER_SECOND;

	return (int64_t)(sync.s.status.hw_ptr - ear->start.frame - due);
}

/*
 * The position is read, and its time stamp taken right after it: on a busy
 * machine that is a while. It is never late for longer, so the least counts.
 */
static int64_t least_off_the_clock(struct pcm *pcm, struct ear *ear, bool listening)
{
	int64_t off, least = INT64_MIN;
	int i;

	for (i = 0; i < 20; i++) {
		if (listening && ear_listen(ear))
			return INT64_MIN;
		off = off_the_clock(pcm, ear);
		if (off > least)
			least = off;
	}

	return least;
}

TEST_F(samples, position_is_the_clock)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;
	int64_t first, last;
	int i;

	sound_begin(_metadata, &self->s, 44100, 2);
	ASSERT_EQ(0, pcm_write(pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, play(pcm, ear, 20, 8000, true));
	first = least_off_the_clock(pcm, ear, true);
	last = first;
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, play(pcm, ear, 250, 8000, true));
		last = least_off_the_clock(pcm, ear, true);
		/* A millisecond, and never ahead but for rounding. */
		EXPECT_LE(-44, last);
		EXPECT_GE(1, last);
	}
	EXPECT_LE(-44, first);
	EXPECT_GE(1, first);
	sound_expect_clean(_metadata, ear);
	TH_LOG("position is %lld frames off the clock, 2 s later %lld", (long long)first,
	       (long long)last);
}

TEST_F(samples, pause_and_resume)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;
	uint64_t paused, resumed, frames;
	int64_t queued, still;

	sound_begin(_metadata, &self->s, 48000, 2);
	ASSERT_EQ(0, pcm_write(pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, play(pcm, ear, 100, 8000, true));
	ASSERT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_PAUSE, (void *)1));
	ASSERT_EQ(0, pcm_queued(pcm, &queued));
	paused = pcm->written - (uint64_t)queued;
	ASSERT_EQ(0, ear_listen(ear));
	EXPECT_EQ(1, ear->stops);
	EXPECT_FALSE(ear->playing);
	frames = ear->frames;
	sleep_ms(50);
	/* Nothing moves. */
	EXPECT_EQ(0, fd_poll(ear->fd, POLLIN, 0));
	ASSERT_EQ(0, pcm_queued(pcm, &still));
	EXPECT_EQ(queued, still);

	resumed = now_ns();
	ASSERT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_PAUSE, (void *)0));
	ASSERT_EQ(0, play(pcm, ear, 100, 8000, true));
	EXPECT_EQ(2, ear->starts);
	EXPECT_LE(resumed, ear->start.time_ns);
	/* On goes the ring, where it stood, and what was heard is not heard again. */
	EXPECT_EQ(paused, ear->start.frame);
	EXPECT_LT(0, paused);
	EXPECT_GE(frames + ear->lost, ear->start.frame);
	EXPECT_LT(frames + 2400, ear->frames + ear->lost);
	sound_expect_clean(_metadata, ear);
}

/* To the very last frame, which is no whole period, and then it ends by itself. */
TEST_F(samples, drain_to_the_end)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;
	uint64_t begin;

	sound_begin(_metadata, &self->s, 48000, 2);
	ASSERT_EQ(0, pcm_write(pcm, 2500));
	ASSERT_EQ(0, fcntl(pcm->fd, F_SETFL, O_RDWR | O_NONBLOCK));
	begin = now_ms();
	/* Starts it, too. */
	EXPECT_EQ(-EAGAIN, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_DRAIN));
	while (pcm_state(pcm) == SNDRV_PCM_STATE_DRAINING && now_ms() < begin + 2000) {
		fd_poll(ear->fd, POLLIN, 5);
		ASSERT_EQ(0, ear_listen(ear));
	}
	EXPECT_EQ(SNDRV_PCM_STATE_SETUP, pcm_state(pcm));
	ASSERT_EQ(0, ear_listen(ear));
	EXPECT_EQ(2500, ear->frames + ear->lost);
	EXPECT_EQ(1, ear->stops);
	sound_expect_clean(_metadata, ear);
	/* 2500 frames are 52 ms. */
	EXPECT_LE(52 * NS_PER_MS, ear->last.time_ns - ear->start.time_ns);
	EXPECT_GE(252 * NS_PER_MS, ear->last.time_ns - ear->start.time_ns);
}

/* An application that goes on after an underrun leaves a gap, and is no other's fault. */
TEST_F(samples, late_application_leaves_a_gap)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;
	struct snd_pcm_sync_ptr sync;
	snd_pcm_uframes_t forward;
	uint64_t end;

	sound_begin(_metadata, &self->s, 48000, 2);
	ASSERT_EQ(0, pcm_sw(pcm, ULONG_MAX / 4, true));
	ASSERT_EQ(0, pcm_write(pcm, 1000));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	for (end = now_ms() + 60; now_ms() < end; ) {
		fd_poll(ear->fd, POLLIN, 5);
		ASSERT_EQ(0, ear_listen(ear));
	}
	EXPECT_EQ(1000, ear->frames + ear->lost);
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(pcm));

	/* As sound servers do: forward to where the card is, and a little more. */
	ASSERT_EQ(0, pcm_sync(pcm, true, &sync));
	forward = sync.s.status.hw_ptr - sync.c.control.appl_ptr + 480;
	ASSERT_LE(1880, forward + 0);
	ASSERT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_FORWARD, &forward));
	pcm->written += forward;
	/* What was skipped is what is in the ring, only the last of it is due yet. */
	ASSERT_EQ(0, pcm_write(pcm, 2000));
	ASSERT_EQ(0, play(pcm, ear, 50, 2000, true));
	EXPECT_LE(1, ear->gaps);
	EXPECT_EQ(0, ear->untimely);
	EXPECT_EQ(1, ear->starts);
}

/* ----------------------------------------------------------------- reader */

/* What a record names is not played over before the next read. */
TEST_F(samples, are_held_until_the_next_read)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;
	struct miracast_sound_record record;
	struct snd_pcm_sync_ptr sync;
	snd_pcm_sframes_t delay = 0;
	uint64_t end;
	int64_t off;

	sound_begin(_metadata, &self->s, 48000, 2);
	ASSERT_EQ(0, pcm_write(pcm, 16384));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, ear_read(ear, &record));
	ASSERT_EQ(MIRACAST_SOUND_START, record.type);
	ear->start = record;
	ear->playing = true;
	ASSERT_EQ(0, ear_read(ear, &record));
	ASSERT_EQ(MIRACAST_SOUND_SAMPLES, record.type);
	EXPECT_EQ(record.lost, record.frame);
	/* Held: 0 is due now, and the hold lasts so much longer. */
	end = ear->start.time_ns + ear->open.hold_us * 1000ULL - 2 * NS_PER_MS;
	do {
		ASSERT_EQ(0, pcm_sync(pcm, true, &sync));
		if (now_ns() < end)
			EXPECT_EQ(0, sync.s.status.hw_ptr);
	} while (now_ns() < end);
	/* Revoked: it goes on behind the clock by as much, and not a jump. */
	sleep_ms(20);
	ASSERT_EQ(0, pcm_sync(pcm, true, &sync));
	EXPECT_LT(0, sync.s.status.hw_ptr);
	off = least_off_the_clock(pcm, ear, false);
	EXPECT_GE(-(int64_t)ear->open.hold_us * 48 / 1000 + 96, off);
	EXPECT_LE(-(int64_t)ear->open.hold_us * 48 / 1000 - 480, off);
	/* ALSA's delay says so. */
	ASSERT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_DELAY, &delay));
	ASSERT_EQ(0, pcm_sync(pcm, false, &sync));
	EXPECT_GT((int64_t)(sync.c.control.appl_ptr - sync.s.status.hw_ptr) - 480, delay);
	ASSERT_EQ(0, ear_read(ear, &record));
	EXPECT_EQ(MIRACAST_SOUND_SAMPLES, record.type);
	EXPECT_EQ(MIRACAST_SOUND_REVOKED, record.flags);
	/* Then the reader is in time again. */
	ear->next = record.frame + record.frames;
	ASSERT_EQ(0, ear_listen(ear));
	ear->lost = 0;
	ear->revoked = 0;
	ear->latest = INT64_MIN;
	ASSERT_EQ(0, play(pcm, ear, 100, 8000, true));
	sound_expect_clean(_metadata, ear);
	EXPECT_LE(-48, least_off_the_clock(pcm, ear, true));
}

/* A reader that hangs, and one that has gone, hold nobody up. */
TEST_F(samples, hung_and_absent_reader)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;
	struct ear nobody;
	uint64_t lost;

	sound_begin(_metadata, &self->s, 48000, 2);
	ASSERT_EQ(0, pcm_write(pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, play(pcm, ear, 50, 8000, true));
	sound_expect_clean(_metadata, ear);
	lost = ear->lost;

	/* Never behind by more than the hold. */
	ASSERT_EQ(0, play(pcm, ear, 300, 8000, false));
	EXPECT_LE(-(int64_t)ear->open.hold_us * 48 / 1000 - 48,
		  least_off_the_clock(pcm, ear, false));
	/* It comes back: what it missed is counted, to the frame. */
	ASSERT_EQ(0, play(pcm, ear, 50, 8000, true));
	EXPECT_LT(lost + 48 * 200, ear->lost);
	EXPECT_EQ(ear->next + ear->lost_before, ear->frames + ear->lost);
	EXPECT_EQ(0, ear->wrong);
	EXPECT_EQ(0, ear->gaps);

	/* Nobody. */
	nobody = (struct ear) { .start = ear->start };
	ear_close(ear);
	ASSERT_EQ(0, play(pcm, ear, 100, 8000, false));
	EXPECT_LE(-48, least_off_the_clock(pcm, &nobody, false));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(pcm));

	/* A new one begins with START, and hears what comes from now on. */
	ASSERT_EQ(0, ear_open(ear, self->s.kms.sink));
	ASSERT_EQ(0, play(pcm, ear, 100, 8000, true));
	EXPECT_EQ(1, ear->starts);
	EXPECT_LT(2400, ear->frames + ear->lost);
	/* The gap from 0 to now. */
	EXPECT_EQ(1, ear->gaps);
	ear->gaps = 0;
	sound_expect_clean(_metadata, ear);
}

/* What one application has played is nothing that the next one finds. */
TEST_F(samples, are_not_for_the_next_application)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;
	uint32_t i, left = 0;

	sound_begin(_metadata, &self->s, 48000, 2);
	ASSERT_EQ(0, pcm_write(pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, play(pcm, ear, 20, 8000, true));
	pcm_close(pcm);
	/* Nor the reader, who may have been late. */
	for (i = 0; i < ear->open.ring_bytes; i++)
		left += ear->ring[i] != 0;
	EXPECT_EQ(0, left);
	ASSERT_EQ(0, pcm_open(pcm, &self->s.kms.target));
	pcm->buffer = 65536;
	pcm->period = 32768;
	ASSERT_EQ(0, pcm_set_up(pcm, 0));
	for (i = 0; i < pcm->area_len / 2; i++)
		left += pcm->area[i] != 0;
	EXPECT_EQ(0, left);
	EXPECT_EQ(pcm->area_len, ear->open.ring_bytes);
	/* It is the ring, all of it. */
	pcm->area[pcm->area_len / 2 - 1] = 4711;
	EXPECT_EQ(0, memcmp(&ear->ring[pcm->area_len - 2],
			    &pcm->area[pcm->area_len / 2 - 1], 2));
	EXPECT_EQ(0, ear_listen(ear));
	EXPECT_EQ(1, ear->stops);
}

/* ------------------------------------------------------------------- idle */

/*
 * When our timer expires next, nanoseconds; 0: it does not run. Trace events would tell as
 * well, but to switch those of timers patches code that runs all the time, of which an
 * emulated machine may die.
 */
static uint64_t timer_expires(void)
{
	FILE *file = fopen("/proc/timer_list", "re");
	bool ours = false;
	uint64_t at = 0;
	char line[512];

	while (file && !at && fgets(line, sizeof(line), file)) {
		if (ours)
			sscanf(line, " # expires at %" SCNu64, &at);
		ours = strstr(line, ", miracast_card_timeout ");
	}
	if (file)
		fclose(file);

	return at;
}

/* How often it was set anew within so many milliseconds; @least: what was between two times. */
static int ticks(int ms, uint64_t *least)
{
	uint64_t end = now_ms() + ms, last = 0, at;
	int n = 0;

	*least = UINT64_MAX;
	while (now_ms() < end) {
		at = timer_expires();
		if (at && at != last) {
			if (last && at - last < *least)
				*least = at - last;
			last = at;
			n++;
		}
	}

	return n;
}

/* Nothing costs nothing: no timer, no wake-up of the reader. */
TEST_F(samples, silence_lets_the_machine_sleep)
{
	struct pcm *pcm = &self->s.pcm;
	struct ear *ear = &self->s.ear;
	uint64_t least;

	sound_begin(_metadata, &self->s, 48000, 2);
	EXPECT_EQ(0, ticks(200, &least));
	EXPECT_EQ(0, fd_poll(ear->fd, POLLIN, 0));

	ASSERT_EQ(0, pcm_write(pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	/* Five parts to each period of 21 ms. */
	EXPECT_LT(1, ticks(100, &least));
	EXPECT_LT(4000000, least);

	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_DROP));
	ASSERT_EQ(0, ear_listen(ear));
	EXPECT_EQ(0, ticks(200, &least));
	EXPECT_EQ(0, fd_poll(ear->fd, POLLIN, 0));
}

TEST_HARNESS_MAIN
