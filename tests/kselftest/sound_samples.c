// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sound: what the reader of the sound fd hears of what is played, when it is
 * due, and where ALSA believes the card to be.
 */
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
	ASSERT_EQ(0, pcm_write(pcm, 2048));
	EXPECT_EQ(0, ear_listen(ear));
	EXPECT_EQ(0, ear->records);
	before = now_ns();
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	after = now_ns();
	ASSERT_EQ(0, play(pcm, ear, 300, 2048, true));
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
	EXPECT_EQ(4096 * channels * 2, ear->start.buffer_bytes);
	EXPECT_EQ(MIRACAST_SOUND_STOP, ear->last.type);
	EXPECT_EQ(ear->next, ear->last.frame);
	/* All but what was in the ring yet. */
	EXPECT_LT(rate / 4, ear->frames);
	EXPECT_LE(ear->frames, pcm->written);
	EXPECT_GE(ear->open.lead_us * 1000LL, ear->soonest);
	TH_LOG("%u Hz %u channels: %llu frames, %lld to %lld us before they are due", rate,
	       channels, (unsigned long long)ear->frames, (long long)-ear->latest / 1000,
	       (long long)ear->soonest / 1000);
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

TEST_HARNESS_MAIN
