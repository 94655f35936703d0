/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of sound share: a small sound server on the one side of the
 * card, by ALSA's own requests, and the reader of the sound fd on the other.
 */
#ifndef _MIRACAST_ALSA_H
#define _MIRACAST_ALSA_H

#include <dirent.h>
#include <limits.h>
#include <sound/asound.h>
#include <sound/tlv.h>

#include "miracast_kms.h"

#define SOUND_NAME	"Kselftest TV"
#define NS_PER_SECOND	1000000000ULL

/* Whether the tests want sound cards, or their absence. */
#ifndef SOUND_WANTED
#define SOUND_WANTED	true
#endif

/* A kernel without ALSA has no sound, and the module can be built without it. */
static void __attribute__((constructor)) need_sound(void)
{
	struct miracast_hello hello = {
		.abi_min = MIRACAST_ABI_VERSION,
		.abi_max = MIRACAST_ABI_VERSION,
	};
	int broker = broker_open();

	if (broker < 0)
		return;
	dev_ioctl(broker, MIRACAST_IOC_HELLO, &hello);
	close(broker);
	if (!!(hello.features & MIRACAST_FEATURE_SOUND) == SOUND_WANTED)
		return;
	printf("TAP version 13\n1..0 # SKIP %s in this kernel\n",
	       SOUND_WANTED ? "no sound" : "sound");
	exit(KSFT_SKIP);
}

/* ------------------------------------------------------------------ plug */

static inline void plug_make_sounding(struct plug *plug, uint32_t rates,
				      uint32_t channels, const char *name)
{
	struct miracast_plug head;
	uint8_t edid[2 * EDID_BLOCK];
	size_t len = strlen(name);

	edid_make(edid);
	plug_make(plug, NULL, 0, edid, sizeof(edid), 0);
	memcpy(&head, plug->data, sizeof(head));
	head.sound_rates = rates;
	head.sound_channels = channels;
	/* One that is too long is not terminated. */
	memcpy(head.sound_name, name, len < sizeof(head.sound_name) ? len :
				      sizeof(head.sound_name));
	memcpy(plug->data, &head, sizeof(head));
}

static inline int sink_plug_sounding(int sink, uint32_t rates,
				     uint32_t channels, const char *name)
{
	static __thread struct plug plug;

	plug_make_sounding(&plug, rates, channels, name);

	return sink_plug(sink, &plug);
}

/* A television that takes all. */
static inline int sink_plug_sound(int sink)
{
	return sink_plug_sounding(sink, MIRACAST_SOUND_44100 | MIRACAST_SOUND_48000,
				  6, SOUND_NAME);
}

static inline int sink_open_sound(int sink, uint32_t flags,
				  struct miracast_open_sound *open)
{
	int ret;

	memset(open, 0, sizeof(*open));
	open->flags = flags;
	ret = dev_ioctl(sink, MIRACAST_IOC_OPEN_SOUND, open);

	return ret ? ret : open->fd;
}

/* Number of the connector's sound card, or -ENOENT. */
static inline int sound_card_number(const struct miracast_target_info *target)
{
	char path[128];
	struct dirent *entry;
	int number = -ENOENT;
	DIR *dir;

	/* The connector is the card's parent. */
	snprintf(path, sizeof(path), "/sys/class/drm/card%u-%s",
		 target->card_minor, target->name);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "card", 4))
			number = atoi(entry->d_name + 4);
	if (dir)
		closedir(dir);

	return number;
}

static inline int sound_open_node(int card, const char *what, int flags)
{
	char path[64];
	int fd, tries;

	snprintf(path, sizeof(path), "/dev/snd/%sC%d%s", what, card,
		 strcmp(what, "pcm") ? "" : "D0p");
	/* The node takes a moment; whoever played last may be on its way out. */
	for (tries = 0; tries < 100; tries++) {
		fd = open(path, flags | O_CLOEXEC);
		if (fd >= 0 || (errno != ENOENT && errno != EBUSY && errno != EACCES))
			break;
		sleep_ms(20);
	}

	return fd < 0 ? -errno : fd;
}

/* ------------------------------------------------------------------- PCM */

struct pcm {
	int fd;
	uint32_t rate;
	uint32_t channels;
	uint32_t period;
	uint32_t buffer;
	uint64_t boundary;
	int16_t *area;
	size_t area_len;
	/* Frames that were written since it was prepared. */
	uint64_t written;
};

static inline struct snd_mask *hw_mask(struct snd_pcm_hw_params *params, int which)
{
	return &params->masks[which - SNDRV_PCM_HW_PARAM_FIRST_MASK];
}

static inline struct snd_interval *hw_interval(struct snd_pcm_hw_params *params,
					       int which)
{
	return &params->intervals[which - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];
}

static inline void hw_any(struct snd_pcm_hw_params *params)
{
	int i;

	memset(params, 0, sizeof(*params));
	for (i = SNDRV_PCM_HW_PARAM_FIRST_MASK; i <= SNDRV_PCM_HW_PARAM_LAST_MASK; i++)
		memset(hw_mask(params, i), 0xff, sizeof(struct snd_mask));
	for (i = SNDRV_PCM_HW_PARAM_FIRST_INTERVAL;
	     i <= SNDRV_PCM_HW_PARAM_LAST_INTERVAL; i++)
		hw_interval(params, i)->max = UINT_MAX;
	params->rmask = ~0U;
	params->info = ~0U;
}

static inline void hw_set_mask(struct snd_pcm_hw_params *params, int which,
			       unsigned int value)
{
	memset(hw_mask(params, which), 0, sizeof(struct snd_mask));
	hw_mask(params, which)->bits[value / 32] = 1U << value % 32;
}

static inline void hw_set(struct snd_pcm_hw_params *params, int which,
			  unsigned int value)
{
	struct snd_interval *interval = hw_interval(params, which);

	memset(interval, 0, sizeof(*interval));
	interval->min = value;
	interval->max = value;
	interval->integer = 1;
}

static inline bool hw_has(struct snd_pcm_hw_params *params, int which,
			  unsigned int value)
{
	return hw_mask(params, which)->bits[value / 32] >> value % 32 & 1;
}

static inline int pcm_ioctl(struct pcm *pcm, unsigned long cmd)
{
	return dev_ioctl(pcm->fd, cmd, NULL);
}

static inline void hw_fill(struct snd_pcm_hw_params *params, const struct pcm *pcm,
			   int access, unsigned int flags)
{
	hw_any(params);
	params->flags = flags;
	hw_set_mask(params, SNDRV_PCM_HW_PARAM_ACCESS, (unsigned int)access);
	hw_set_mask(params, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
	hw_set(params, SNDRV_PCM_HW_PARAM_RATE, pcm->rate);
	hw_set(params, SNDRV_PCM_HW_PARAM_CHANNELS, pcm->channels);
	hw_set(params, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, pcm->period);
	hw_set(params, SNDRV_PCM_HW_PARAM_BUFFER_SIZE, pcm->buffer);
}

/* As sound servers set it: started by hand, stopped by an underrun unless @go_on. */
static inline int pcm_sw(struct pcm *pcm, uint64_t start, bool go_on)
{
	struct snd_pcm_sw_params sw = {
		.tstamp_mode = SNDRV_PCM_TSTAMP_ENABLE,
		.tstamp_type = SNDRV_PCM_TSTAMP_TYPE_MONOTONIC,
		.proto = SNDRV_PCM_VERSION,
		.period_step = 1, .avail_min = pcm->period,
		.start_threshold = start, .stop_threshold = pcm->buffer,
	};
	int ret = dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_SW_PARAMS, &sw);

	if (ret)
		return ret;
	pcm->boundary = sw.boundary;
	if (!go_on)
		return 0;
	sw.stop_threshold = sw.boundary;

	return dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_SW_PARAMS, &sw);
}

static inline int pcm_set_up(struct pcm *pcm, unsigned int flags)
{
	struct snd_pcm_hw_params hw;
	int ret;

	hw_fill(&hw, pcm, SNDRV_PCM_ACCESS_MMAP_INTERLEAVED, flags);
	ret = dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw);
	if (ret)
		return ret;
	ret = pcm_sw(pcm, ULONG_MAX / 4, false);
	if (ret)
		return ret;
	pcm->area_len = (size_t)pcm->buffer * pcm->channels * 2;
	pcm->area = mmap(NULL, pcm->area_len, PROT_READ | PROT_WRITE, MAP_SHARED,
			 pcm->fd, SNDRV_PCM_MMAP_OFFSET_DATA);
	if (pcm->area == MAP_FAILED) {
		pcm->area = NULL;
		return -errno;
	}

	return 0;
}

static inline int pcm_prepare(struct pcm *pcm)
{
	pcm->written = 0;

	return pcm_ioctl(pcm, SNDRV_PCM_IOCTL_PREPARE);
}

/* Open the connector's card; @pcm says rate, channels, period and buffer. */
static inline int pcm_open(struct pcm *pcm, const struct miracast_target_info *target)
{
	int card = sound_card_number(target);

	pcm->area = NULL;
	pcm->written = 0;
	pcm->fd = card < 0 ? card : sound_open_node(card, "pcm", O_RDWR | O_NONBLOCK);

	return pcm->fd < 0 ? pcm->fd : 0;
}

static inline void pcm_close(struct pcm *pcm)
{
	if (pcm->area)
		munmap(pcm->area, pcm->area_len);
	pcm->area = NULL;
	if (pcm->fd >= 0)
		close(pcm->fd);
	pcm->fd = -1;
}

/* Where ALSA is; with @update it asks the driver before. */
static inline int pcm_sync(struct pcm *pcm, bool update, struct snd_pcm_sync_ptr *sync)
{
	memset(sync, 0, sizeof(*sync));
	sync->flags = SNDRV_PCM_SYNC_PTR_APPL | SNDRV_PCM_SYNC_PTR_AVAIL_MIN |
		      (update ? SNDRV_PCM_SYNC_PTR_HWSYNC : 0);

	return dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_SYNC_PTR, sync);
}

/* What is in the ring and was not played; below 0 after an underrun. */
static inline int pcm_queued(struct pcm *pcm, int64_t *queued)
{
	struct snd_pcm_sync_ptr sync;
	int ret = pcm_sync(pcm, true, &sync);

	*queued = (int64_t)(sync.c.control.appl_ptr - sync.s.status.hw_ptr);

	return ret;
}

/* A value that tells one sample of one frame from all others near it. */
static inline int16_t sample_at(uint64_t frame, uint32_t channel)
{
	return (int16_t)((uint32_t)frame * 40503U + (uint32_t)(frame >> 16) +
			 channel * 9973U + 1);
}

/* Write @frames samples into the ring, and tell ALSA. */
static inline int pcm_write(struct pcm *pcm, uint32_t frames)
{
	struct snd_pcm_sync_ptr sync;
	uint32_t i, channel;
	int ret;

	for (i = 0; i < frames; i++) {
		uint64_t frame = pcm->written + i;
		int16_t *at = pcm->area + frame % pcm->buffer * pcm->channels;

		for (channel = 0; channel < pcm->channels; channel++)
			at[channel] = sample_at(frame, channel);
	}
	pcm->written += frames;

	ret = pcm_sync(pcm, false, &sync);
	if (ret)
		return ret;
	sync.flags = SNDRV_PCM_SYNC_PTR_AVAIL_MIN;
	sync.c.control.appl_ptr = (sync.c.control.appl_ptr + frames) % pcm->boundary;

	return dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_SYNC_PTR, &sync);
}

static inline int pcm_state(struct pcm *pcm)
{
	struct snd_pcm_sync_ptr sync;
	int ret = pcm_sync(pcm, false, &sync);

	return ret ? ret : (int)sync.s.status.state;
}

/* ---------------------------------------------------------------- reader */

/* What was heard since START, and whether it is what sample_at() says. */
struct ear {
	int fd;
	struct miracast_open_sound open;
	const uint8_t *ring;
	struct miracast_sound_record start;
	struct miracast_sound_record last;
	bool playing;
	unsigned int starts;
	unsigned int stops;
	unsigned int records;
	unsigned int revoked;
	/* The frame that is expected next, and how many came. */
	uint64_t next;
	uint64_t frames;
	uint64_t lost;
	uint64_t lost_before;
	/* What was wrong, in all and in the last record. */
	uint64_t gaps;
	uint64_t wrong;
	uint64_t wrong_last;
	uint64_t untimely;
	/* How long before it is due a sample comes, and after that it is held, ns. */
	int64_t soonest;
	int64_t latest;
	uint64_t held_due;
};

static inline int ear_open(struct ear *ear, int sink)
{
	memset(ear, 0, sizeof(*ear));
	ear->latest = INT64_MIN;
	ear->fd = sink_open_sound(sink, MIRACAST_OPEN_NONBLOCK, &ear->open);
	if (ear->fd < 0)
		return ear->fd;
	ear->ring = mmap(NULL, ear->open.ring_bytes, PROT_READ, MAP_SHARED, ear->fd, 0);

	return ear->ring == MAP_FAILED ? -errno : 0;
}

static inline void ear_close(struct ear *ear)
{
	if (ear->ring && ear->ring != MAP_FAILED)
		munmap((void *)ear->ring, ear->open.ring_bytes);
	if (ear->fd >= 0)
		close(ear->fd);
	ear->fd = -1;
	ear->ring = NULL;
}

/* The next record as it is, or a negative errno. */
static inline int ear_read(struct ear *ear, struct miracast_sound_record *record)
{
	uint8_t data[MIRACAST_MAX_HEADER];
	ssize_t ret = read(ear->fd, data, sizeof(data));

	if (ret < 0)
		return -errno;
	memcpy(record, data, sizeof(*record));
	if (ret < (ssize_t)sizeof(*record) || record->len != ret ||
	    record->header_len < sizeof(*record) || record->reserved)
		return -EBADMSG;

	return 0;
}

static inline void ear_samples(struct ear *ear, const struct miracast_sound_record *record)
{
	const struct miracast_sound_record *start = &ear->start;
	const int16_t *samples = (const int16_t *)(ear->ring + record->offset);
	uint64_t since = record->frame - start->frame, due;
	uint32_t frame_bytes = record->channels * 2, i, channel;
	int64_t early = (int64_t)(record->time_ns - now_ns());
	uint64_t wrong = 0;

	/* Without an overflow for all that a test takes. */
	due = start->time_ns + since / record->rate * NS_PER_SECOND +
	      since % record->rate * NS_PER_SECOND / record->rate;
	ear->untimely += record->time_ns != due;
	if (early > ear->soonest)
		ear->soonest = early;
	/* What was lost is no gap. */
	ear->gaps += record->frame != ear->next + ear->lost_before;
	ear->lost_before = 0;
	wrong += !record->frames ||
		      record->offset + record->frames * frame_bytes > record->buffer_bytes ||
		      record->buffer_bytes > ear->open.ring_bytes ||
		      record->offset != record->frame * frame_bytes % record->buffer_bytes;
	for (i = 0; i < record->frames; i++)
		for (channel = 0; channel < record->channels; channel++)
			wrong += samples[i * record->channels + channel] !=
				 sample_at(record->frame + i, channel);
	ear->wrong += wrong;
	ear->wrong_last = wrong;
	ear->held_due = record->time_ns;
	ear->next = record->frame + record->frames;
	ear->frames += record->frames;
}

/* Listen until there is no record; 0, or a negative errno. */
static inline int ear_listen(struct ear *ear)
{
	struct miracast_sound_record record;
	int ret;

	while (!(ret = ear_read(ear, &record))) {
		ear->records++;
		if (ear->held_due && (int64_t)(now_ns() - ear->held_due) > ear->latest)
			ear->latest = (int64_t)(now_ns() - ear->held_due);
		ear->held_due = 0;
		/* It was overwritten while it was read. */
		if (record.flags & MIRACAST_SOUND_REVOKED) {
			ear->revoked++;
			ear->wrong -= ear->wrong_last;
		}
		ear->wrong_last = 0;
		ear->lost += record.lost;
		ear->lost_before += record.lost;
		switch (record.type) {
		case MIRACAST_SOUND_START:
			ear->start = record;
			ear->playing = true;
			ear->starts++;
			/* A pause does not begin anew. */
			if (!record.frame) {
				ear->next = 0;
				ear->lost_before = 0;
			}
			break;
		case MIRACAST_SOUND_SAMPLES:
			ear->wrong += !ear->playing;
			ear_samples(ear, &record);
			break;
		case MIRACAST_SOUND_STOP:
			ear->wrong += !ear->playing;
			ear->playing = false;
			ear->stops++;
			break;
		default:
			return -EBADMSG;
		}
		ear->last = record;
	}
	if (ear->held_due && (int64_t)(now_ns() - ear->held_due) > ear->latest)
		ear->latest = (int64_t)(now_ns() - ear->held_due);
	ear->held_due = 0;

	return ret == -EAGAIN ? 0 : ret;
}

/*
 * Play and listen for so long, with @ahead frames in the ring; @listening: the
 * reader is in time.
 */
static inline int play(struct pcm *pcm, struct ear *ear, unsigned int ms,
		       uint32_t ahead, bool listening)
{
	uint64_t end = now_ns() + ms * NS_PER_MS;
	int64_t queued;
	int ret;

	do {
		if (listening && fd_poll(ear->fd, POLLIN, 2) < 0)
			return -errno;
		if (listening) {
			ret = ear_listen(ear);
			if (ret)
				return ret;
		} else {
			sleep_ms(2);
		}
		ret = pcm_queued(pcm, &queued);
		if (!ret && queued < ahead)
			ret = pcm_write(pcm, (uint32_t)(ahead - queued));
		if (ret)
			return ret;
	} while (now_ns() < end);

	return 0;
}

/* --------------------------------------------------------------- fixture */

struct sound {
	struct kms kms;
	struct pcm pcm;
	struct ear ear;
};

static inline void sound_open(struct __test_metadata *_metadata, struct sound *sound)
{
	sound->pcm.fd = -1;
	sound->ear.fd = -1;
	kms_open(_metadata, &sound->kms);
	ASSERT_EQ(0, sink_plug_sound(sound->kms.sink));
}

static inline void sound_close(struct sound *sound)
{
	pcm_close(&sound->pcm);
	ear_close(&sound->ear);
	kms_close(&sound->kms);
}

/* An application that is about to play, and one who listens. */
static inline void sound_begin(struct __test_metadata *_metadata, struct sound *sound,
			       uint32_t rate, uint32_t channels)
{
	sound->pcm = (struct pcm) {
		.fd = -1, .rate = rate, .channels = channels,
		.period = 1024, .buffer = 16384,
	};
	ASSERT_EQ(0, pcm_open(&sound->pcm, &sound->kms.target));
	ASSERT_EQ(0, pcm_set_up(&sound->pcm, 0));
	ASSERT_EQ(0, pcm_prepare(&sound->pcm));
	ASSERT_EQ(0, ear_open(&sound->ear, sound->kms.sink));
}

/*
 * What was written in time was heard. A machine may be too slow for a reader to
 * be in time: then it was told so, and not else.
 */
static inline void sound_expect_heard(struct __test_metadata *_metadata,
				      const struct ear *ear)
{
	EXPECT_EQ(0, ear->wrong);
	EXPECT_EQ(0, ear->untimely);
	if (ear->latest < ear->open.hold_us * 1000LL) {
		EXPECT_EQ(0, ear->lost);
		EXPECT_EQ(0, ear->revoked);
	} else {
		TH_LOG("the reader was late, by %lld us", (long long)ear->latest / 1000);
	}
}

/* ... and all was written in time. */
static inline void sound_expect_clean(struct __test_metadata *_metadata,
				      const struct ear *ear)
{
	sound_expect_heard(_metadata, ear);
	EXPECT_EQ(0, ear->gaps);
}

#endif /* _MIRACAST_ALSA_H */
