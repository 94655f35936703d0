// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sound, with each allocation and copy failing in turn: a plug that brings a
 * card, the reader of it, and those who play on it.
 */
#include "miracast_alsa.h"
#include "miracast_faults.h"

struct state {
	struct sound s;
	struct faults operation;
	unsigned int plugs;
	void *map;
};

FIXTURE(faults) {
	struct state s;
};

FIXTURE_SETUP(faults)
{
	self->s.s.pcm.fd = -1;
	self->s.s.ear.fd = -1;
	kms_open(_metadata, &self->s.s.kms);
	faults_prepare(_metadata);
}

FIXTURE_TEARDOWN(faults)
{
	sound_close(&self->s.s);
}

#define OPERATION(_run, _undo) \
	(self->s.operation = (struct faults) { \
		.name = #_run, .run = _run, .undo = _undo, .data = &self->s, \
	}, &self->s.operation)

static int card(const struct state *self)
{
	return sound_card_number(&self->s.kms.target);
}

/* --------------------------------------------------------------- the card */

/* The fault has been when there is an error, so looking is without. */
static int plug(void *data)
{
	struct state *self = data;
	int ret = sink_plug_sound(self->s.kms.sink);

	if (ret && card(self) != -ENOENT)
		return -EEXIST;

	return ret;
}

static int unplug(void *data)
{
	struct state *self = data;

	return sink_unplug(self->s.kms.sink);
}

/* Another card in its place, or the one that was there stays. */
static int replace(void *data)
{
	struct state *self = data;
	int before = card(self), ret;

	if (before < 0)
		return -ENOMEM;
	ret = sink_plug_sounding(self->s.kms.sink, MIRACAST_SOUND_48000, 2,
				 self->plugs % 2 ? "One" : "Other");
	if (ret && card(self) != before)
		return -EEXIST;
	self->plugs += !ret;

	return ret;
}

/* The monitor once more; the card stays. */
static int again(void *data)
{
	struct state *self = data;

	return sink_plug_sound(self->s.kms.sink);
}

static int unplugged(void *data)
{
	struct state *self = data;
	int ret = sink_unplug(self->s.kms.sink);

	return !ret && card(self) >= 0 ? -EEXIST : ret;
}

TEST_F_TIMEOUT(faults, plug, 300)
{
	faults_expect(_metadata, OPERATION(plug, unplug));
	ASSERT_EQ(0, plug(&self->s));
	faults_expect(_metadata, OPERATION(again, NULL));
	faults_expect(_metadata, OPERATION(replace, NULL));
	faults_expect(_metadata, OPERATION(unplugged, again));
}

/* -------------------------------------------------------------- the reader */

static int open_sound(void *data)
{
	struct state *self = data;
	struct ear *ear = &self->s.ear;

	ear->fd = sink_open_sound(self->s.kms.sink, MIRACAST_OPEN_NONBLOCK, &ear->open);

	return ear->fd < 0 ? ear->fd : 0;
}

static int close_sound(void *data)
{
	struct state *self = data;
	int ret = close(self->s.ear.fd);

	self->s.ear.fd = -1;

	return ret;
}

static int map_ring(void *data)
{
	struct state *self = data;

	self->map = mmap(NULL, self->s.ear.open.ring_bytes, PROT_READ, MAP_SHARED,
			 self->s.ear.fd, 0);

	return self->map == MAP_FAILED ? -errno : 0;
}

static int unmap_ring(void *data)
{
	struct state *self = data;

	return munmap(self->map, self->s.ear.open.ring_bytes);
}

TEST_F_TIMEOUT(faults, reader, 120)
{
	ASSERT_EQ(0, plug(&self->s));
	faults_expect(_metadata, OPERATION(open_sound, close_sound));
	ASSERT_EQ(0, open_sound(&self->s));
	faults_expect(_metadata, OPERATION(map_ring, unmap_ring));
	/* Every refusal has left the place of the reader. */
	ASSERT_EQ(0, close_sound(&self->s));
	ASSERT_EQ(0, open_sound(&self->s));
}

/* ----------------------------------------------------------------- players */

/* What an application does, from beginning to end, while it is listened to. */
static int play_a_little(void *data)
{
	struct state *self = data;
	struct pcm *pcm = &self->s.pcm;
	int ret;

	*pcm = (struct pcm) {
		.rate = 48000, .channels = 2, .period = 1024, .buffer = 16384,
	};
	ret = pcm_open(pcm, &self->s.kms.target);
	/* Looking for the card takes memory, too. */
	if (ret == -ENOENT)
		return -ENOMEM;
	if (!ret)
		ret = pcm_set_up(pcm, 0);
	if (!ret)
		ret = pcm_prepare(pcm);
	if (!ret)
		ret = pcm_write(pcm, 1024);
	if (!ret)
		ret = pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START);
	if (!ret)
		ret = ear_listen(&self->s.ear);
	if (!ret)
		ret = pcm_ioctl(pcm, SNDRV_PCM_IOCTL_DROP);
	pcm_close(pcm);

	return ret;
}

static int listen_to_the_end(void *data)
{
	struct state *self = data;
	int ret = ear_listen(&self->s.ear);

	return ret ? ret : self->s.ear.playing ? -EBUSY : 0;
}

static int read_controls(void *data)
{
	struct snd_ctl_elem_value value;
	struct snd_ctl_elem_id ids[16];
	struct snd_ctl_elem_list list = { .space = ARRAY_SIZE(ids), .pids = ids };
	struct state *self = data;
	int number = card(self), fd, ret;
	unsigned int i;

	if (number < 0)
		return -ENOMEM;
	fd = sound_open_node(number, "control", O_RDWR | O_NONBLOCK);
	/* In the words of ALSA, which has no memory for who opens it. */
	if (fd == -ENODEV && card(self) == number)
		return -ENOMEM;
	if (fd < 0)
		return fd;
	ret = dev_ioctl(fd, SNDRV_CTL_IOCTL_ELEM_LIST, &list);
	for (i = 0; !ret && i < list.used; i++) {
		memset(&value, 0, sizeof(value));
		value.id = ids[i];
		ret = dev_ioctl(fd, SNDRV_CTL_IOCTL_ELEM_READ, &value);
	}
	close(fd);

	return ret;
}

TEST_F_TIMEOUT(faults, players, 300)
{
	struct sound *s = &self->s.s;

	ASSERT_EQ(0, plug(&self->s));
	ASSERT_EQ(0, ear_open(&s->ear, s->kms.sink));
	faults_expect(_metadata, OPERATION(play_a_little, listen_to_the_end));
	faults_expect(_metadata, OPERATION(read_controls, NULL));

	/* And after all of that it plays. */
	pcm_close(&s->pcm);
	ear_close(&s->ear);
	sound_begin(_metadata, s, 48000, 2);
	ASSERT_EQ(0, pcm_write(&s->pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(&s->pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, play(&s->pcm, &s->ear, 50, 8000, true));
	sound_expect_clean(_metadata, &s->ear);
}

TEST_HARNESS_MAIN
