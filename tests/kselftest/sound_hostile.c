// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sound: ends under an application that plays and a reader that listens, and
 * what either may try that it should not.
 */
#include "miracast_alsa.h"
#include "miracast_memory.h"

#define LATE_MS	5000

FIXTURE(hostile) {
	struct sound s;
};

FIXTURE_SETUP(hostile)
{
	sound_open(_metadata, &self->s);
}

FIXTURE_TEARDOWN(hostile)
{
	sound_close(&self->s);
}

/* ----------------------------------------------------------------- reader */

TEST_F(hostile, ring_is_read_only)
{
	struct ear *ear = &self->s.ear;
	uint32_t ring;
	void *map;

	ASSERT_EQ(0, ear_open(ear, self->s.kms.sink));
	ring = ear->open.ring_bytes;
	EXPECT_EQ(256 * 1024, ring);
	EXPECT_LT(0, ear->open.tick_us);
	EXPECT_LE(ear->open.tick_us, ear->open.lead_us);
	EXPECT_LT(0, ear->open.hold_us);
	EXPECT_TRUE(fcntl(ear->fd, F_GETFD) & FD_CLOEXEC);
	EXPECT_TRUE(fcntl(ear->fd, F_GETFL) & O_NONBLOCK);

	EXPECT_EQ(MAP_FAILED, mmap(NULL, ring, PROT_READ | PROT_WRITE, MAP_SHARED, ear->fd, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect((void *)ear->ring, ring, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, ring, PROT_READ | PROT_WRITE, MAP_PRIVATE, ear->fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, ring + PAGE, PROT_READ, MAP_SHARED, ear->fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ear->fd, PAGE));
	EXPECT_EQ(EINVAL, errno);
	/* Less of it may be asked for. */
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ear->fd, 0);
	EXPECT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, *(const uint8_t *)map);
	munmap(map, PAGE);
	EXPECT_EQ(-1, write(ear->fd, "x", 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-ENOTTY, dev_ioctl(ear->fd, MIRACAST_IOC_OPEN_SOUND, &ear->open));
}

TEST_F(hostile, one_reader)
{
	struct ear *ear = &self->s.ear;
	struct miracast_open_sound open = {};
	int sink = self->s.kms.sink, fd;
	void *page;

	ASSERT_EQ(0, ear_open(ear, sink));
	EXPECT_EQ(-EBUSY, sink_open_sound(sink, 0, &open));
	/* A mapping is a user of the file. */
	close(ear->fd);
	EXPECT_EQ(-EBUSY, sink_open_sound(sink, 0, &open));
	ear->fd = -1;
	ear_close(ear);
	EXPECT_EQ(-EINVAL, sink_open_sound(sink, ~0U, &open));
	open.flags = 2;
	EXPECT_EQ(-EINVAL, dev_ioctl(sink, MIRACAST_IOC_OPEN_SOUND, &open));
	/* What cannot be told of leaves nothing behind. */
	open.flags = 0;
	EXPECT_EQ(-EFAULT, dev_ioctl(sink, MIRACAST_IOC_OPEN_SOUND, (void *)8));
	page = read_only_page(&open, sizeof(open));
	EXPECT_EQ(-EFAULT, dev_ioctl(sink, MIRACAST_IOC_OPEN_SOUND, page));
	munmap(page, PAGE);
	/* An older caller that cannot be told of the descriptor, and one that can of no more. */
	EXPECT_EQ(-EINVAL, dev_ioctl(sink, _IOWR(MIRACAST_IOC_MAGIC, 0x44, __u32), &open));
	EXPECT_EQ(0, dev_ioctl(sink, _IOWR(MIRACAST_IOC_MAGIC, 0x44, __u64), &open));
	EXPECT_EQ(0, open.ring_bytes);
	close(open.fd);
	fd = sink_open_sound(sink, 0, &open);
	EXPECT_LE(0, fd);
	EXPECT_FALSE(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
}

TEST_F(hostile, records_are_not_lost_by_bad_reads)
{
	struct sound *s = &self->s;
	struct miracast_sound_record record = { 0 };
	void *nowhere = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t data[MIRACAST_MAX_HEADER];
	unsigned int i;

	sound_begin(_metadata, s, 48000, 2);
	EXPECT_EQ(-1, read(s->ear.fd, data, sizeof(data)));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, pcm_write(&s->pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(&s->pcm, SNDRV_PCM_IOCTL_START));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-1, read(s->ear.fd, data, sizeof(record) - 1));
		EXPECT_EQ(EMSGSIZE, errno);
		EXPECT_EQ(-1, read(s->ear.fd, nowhere, sizeof(data)));
		EXPECT_EQ(EFAULT, errno);
	}
	ASSERT_EQ(0, ear_read(&s->ear, &record));
	EXPECT_EQ(MIRACAST_SOUND_START, record.type);
	EXPECT_EQ(-1, read(s->ear.fd, nowhere, sizeof(data)));
	ASSERT_EQ(0, ear_read(&s->ear, &record));
	EXPECT_EQ(MIRACAST_SOUND_SAMPLES, record.type);
	/* On a slow machine it is late by then. */
	EXPECT_EQ(record.lost, record.frame);
	ASSERT_EQ(0, pcm_ioctl(&s->pcm, SNDRV_PCM_IOCTL_DROP));
	for (i = 0; i < 50 && record.type != MIRACAST_SOUND_STOP; i++) {
		EXPECT_EQ(-1, read(s->ear.fd, nowhere, sizeof(data)));
		EXPECT_EQ(EFAULT, errno);
		ASSERT_EQ(0, ear_read(&s->ear, &record));
	}
	EXPECT_EQ(MIRACAST_SOUND_STOP, record.type);
}

/* ------------------------------------------------------------------- ends */

struct writer {
	struct pcm pcm;
	struct snd_xferi transfer;
	pthread_t thread;
	uint64_t ended_ms;
	int ret;
};

/* As aplay: writes that wait. */
static void *write_thread(void *arg)
{
	struct writer *writer = arg;

	do
		writer->ret = dev_ioctl(writer->pcm.fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES,
					&writer->transfer);
	while (!writer->ret);
	writer->ended_ms = now_ms();

	return NULL;
}

static void writer_begin(struct __test_metadata *_metadata, struct writer *writer,
			 struct sound *s)
{
	static int16_t silence[4800 * 2];
	struct snd_pcm_hw_params hw;

	writer->transfer = (struct snd_xferi) { .buf = silence, .frames = 4800 };
	writer->pcm = (struct pcm) {
		.fd = -1, .rate = 48000, .channels = 2, .period = 4800, .buffer = 14400,
	};
	ASSERT_EQ(0, pcm_open(&writer->pcm, &s->kms.target));
	ASSERT_EQ(0, fcntl(writer->pcm.fd, F_SETFL, O_RDWR));
	hw_fill(&hw, &writer->pcm, SNDRV_PCM_ACCESS_RW_INTERLEAVED, 0);
	ASSERT_EQ(0, dev_ioctl(writer->pcm.fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw));
	ASSERT_EQ(0, pcm_sw(&writer->pcm, 4800, false));
	ASSERT_EQ(0, pcm_prepare(&writer->pcm));
	ASSERT_EQ(0, pthread_create(&writer->thread, NULL, write_thread, writer));
	sleep_ms(30);
	ASSERT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(&writer->pcm));
}

/* Who waits is woken at once, and everything fails from then on, but for the close. */
static void ends(struct __test_metadata *_metadata, struct sound *s,
		 int (*end)(struct kms *kms))
{
	struct snd_pcm_hw_params hw;
	struct writer writer;
	struct pollfd pollfd;
	uint64_t begin;
	uint8_t data[MIRACAST_MAX_HEADER];

	writer_begin(_metadata, &writer, s);
	ASSERT_EQ(0, ear_open(&s->ear, s->kms.sink));
	begin = now_ms();
	EXPECT_EQ(0, end(&s->kms));
	EXPECT_GE(begin + 3000, now_ms());
	pthread_join(writer.thread, NULL);
	EXPECT_GE(begin + 3000, writer.ended_ms);
	EXPECT_TRUE(writer.ret == -ENODEV || writer.ret == -EBADFD) {
		TH_LOG("write: %d", writer.ret);
	}
	EXPECT_EQ(-ENODEV, pcm_prepare(&writer.pcm));
	hw_any(&hw);
	EXPECT_EQ(-ENODEV, dev_ioctl(writer.pcm.fd, SNDRV_PCM_IOCTL_HW_REFINE, &hw));
	pollfd = (struct pollfd) { .fd = writer.pcm.fd, .events = POLLOUT };
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_TRUE(pollfd.revents & POLLERR);
	EXPECT_EQ(-ENOENT, sound_card_number(&s->kms.target));

	/* The reader, too; the ring stays as long as it is mapped. */
	EXPECT_EQ(POLLHUP | POLLERR, fd_poll(s->ear.fd, POLLIN, 0));
	EXPECT_EQ(-1, read(s->ear.fd, data, sizeof(data)));
	EXPECT_EQ(ENODEV, errno);
	pcm_close(&writer.pcm);
	EXPECT_EQ(0, s->ear.ring[0]);
	EXPECT_EQ(0, s->ear.ring[s->ear.open.ring_bytes - 1]);
	close(s->ear.fd);
	s->ear.fd = -1;
	EXPECT_EQ(0, s->ear.ring[0]);
	ear_close(&s->ear);
}

static int end_unplug(struct kms *kms)
{
	return sink_unplug(kms->sink);
}

static int end_stop(struct kms *kms)
{
	return sink_stop(kms->sink);
}

static int end_close(struct kms *kms)
{
	int ret = close(kms->sink);

	kms->sink = -1;

	return ret;
}

static int end_destroy(struct kms *kms)
{
	return broker_destroy_sink(kms->broker, kms->target.id);
}

static int end_broker(struct kms *kms)
{
	int ret = close(kms->broker);

	kms->broker = -1;

	return ret;
}

static int end_unbind(struct kms *kms)
{
	return kms->sink < 0 ? -EBADF : kms_driver("unbind");
}

TEST_F(hostile, unplug_under_play)
{
	ends(_metadata, &self->s, end_unplug);
	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	ends(_metadata, &self->s, end_stop);
}

TEST_F(hostile, close_under_play)
{
	ends(_metadata, &self->s, end_close);
}

TEST_F(hostile, destroy_under_play)
{
	ends(_metadata, &self->s, end_destroy);
}

TEST_F(hostile, broker_goes_under_play)
{
	ends(_metadata, &self->s, end_broker);
}

TEST_F(hostile, unbind_under_play)
{
	struct miracast_target_info info;

	ends(_metadata, &self->s, end_unbind);
	EXPECT_EQ(0, kms_driver("bind"));
	ASSERT_EQ(0, kms_find(self->s.kms.broker, 0, &info));
	EXPECT_TRUE(kms_card_there(&info));
}

/* The first use of a mapped ring may come after the end. Nobody dies of it. */
TEST_F(hostile, mapped_before_the_end_and_used_after_it)
{
	struct sound *s = &self->s;
	struct pcm pcm = {
		.fd = -1, .rate = 48000, .channels = 2, .period = 4800, .buffer = 14400,
	};
	uint8_t *ring;
	size_t at;

	ASSERT_EQ(0, ear_open(&s->ear, s->kms.sink));
	ASSERT_EQ(0, pcm_open(&pcm, &s->kms.target));
	ASSERT_EQ(0, pcm_set_up(&pcm, 0));
	ASSERT_EQ(0, sink_unplug(s->kms.sink));
	ring = (uint8_t *)pcm.area;
	for (at = 0; at < pcm.area_len; at += PAGE) {
		EXPECT_EQ(0, ring[at]);
		ring[at] = 1;
	}
	for (at = 0; at < s->ear.open.ring_bytes; at += PAGE)
		EXPECT_EQ(at < pcm.area_len, s->ear.ring[at]);
	pcm_close(&pcm);
}

/* A reader that waits is woken by the end, and by what begins to play. */
static void *read_thread(void *arg)
{
	uint8_t data[MIRACAST_MAX_HEADER];
	struct ear *ear = arg;
	ssize_t ret;

	do {
		ret = read(ear->fd, data, sizeof(data));
		if (ret > 0)
			ear->records++;
	} while (ret > 0);

	return (void *)(intptr_t)errno;
}

TEST_F(hostile, waiting_reader_is_woken)
{
	struct sound *s = &self->s;
	pthread_t thread;
	void *ret;

	sound_begin(_metadata, s, 48000, 2);
	ASSERT_EQ(0, fcntl(s->ear.fd, F_SETFL, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_thread, &s->ear));
	ASSERT_EQ(0, pcm_write(&s->pcm, 8000));
	sleep_ms(20);
	ASSERT_EQ(0, pcm_ioctl(&s->pcm, SNDRV_PCM_IOCTL_START));
	sleep_ms(60);
	ASSERT_EQ(0, sink_unplug(s->kms.sink));
	pthread_join(thread, &ret);
	EXPECT_EQ(ENODEV, (int)(intptr_t)ret);
	EXPECT_LT(3, s->ear.records);
}

/* An application whose memory faults for as long as it likes holds up nobody. */
TEST_F(hostile, slow_memory_of_an_application)
{
	struct slow_page slow;
	struct writer writer;
	struct sound *s = &self->s;
	uint64_t begin;

	writer_begin(_metadata, &writer, s);
	/* The stream ends, the next write faults. */
	ASSERT_EQ(0, pcm_ioctl(&writer.pcm, SNDRV_PCM_IOCTL_DROP));
	pthread_join(writer.thread, NULL);
	ASSERT_EQ(0, pcm_prepare(&writer.pcm));
	ASSERT_EQ(0, slow_open(&slow, SLOW_USERFAULT));
	writer.transfer = (struct snd_xferi) { .buf = slow.page, .frames = 100 };
	ASSERT_EQ(0, pthread_create(&writer.thread, NULL, write_thread, &writer));
	ASSERT_TRUE(slow_faulted(&slow, LATE_MS));
	begin = now_ms();
	EXPECT_EQ(0, sink_unplug(s->kms.sink));
	EXPECT_EQ(0, sink_plug_sound(s->kms.sink));
	EXPECT_GE(begin + 3000, now_ms());
	slow_answer(&slow);
	pthread_join(writer.thread, NULL);
	EXPECT_GT(0, writer.ret);
	slow_close(&slow);
	pcm_close(&writer.pcm);
}

/* ---------------------------------------------------------------- suspend */

/* The system sleeps under play: ALSA suspends the stream, and it can be resumed. */
TEST_F(hostile, suspend_under_play)
{
	struct sound *s = &self->s;
	uint64_t frame;
	int test;

	sound_begin(_metadata, s, 48000, 2);
	ASSERT_EQ(0, pcm_write(&s->pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(&s->pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, play(&s->pcm, &s->ear, 30, 8000, true));
	test = test_open();
	ASSERT_LE(0, test);
	EXPECT_EQ(0, test_suspend(test, 1));
	EXPECT_EQ(0, test_suspend(test, 0));
	close(test);

	EXPECT_EQ(SNDRV_PCM_STATE_SUSPENDED, pcm_state(&s->pcm));
	EXPECT_EQ(0, ear_listen(&s->ear));
	EXPECT_FALSE(s->ear.playing);
	frame = s->ear.next;
	EXPECT_EQ(0, pcm_ioctl(&s->pcm, SNDRV_PCM_IOCTL_RESUME));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(&s->pcm));
	ASSERT_EQ(0, play(&s->pcm, &s->ear, 50, 8000, true));
	EXPECT_EQ(2, s->ear.starts);
	EXPECT_LT(frame, s->ear.next);
	sound_expect_clean(_metadata, &s->ear);
}

/* ------------------------------------------------------------------ races */

struct race {
	struct sound *s;
	atomic_bool over;
	atomic_uint opened;
	atomic_uint heard;
};

/* Whatever an application may call, in any order, on a card that comes and goes. */
static void *race_application(void *arg)
{
	struct race *race = arg;
	unsigned int seed = (unsigned int)thread_id();
	struct snd_pcm_status status;
	struct snd_pcm_hw_params hw;
	struct pcm pcm;
	int64_t queued;
	int i;

	while (!race->over) {
		pcm = (struct pcm) {
			.rate = 48000, .channels = 2, .period = 240, .buffer = 960,
		};
		if (pcm_open(&pcm, &race->s->kms.target))
			continue;
		race->opened++;
		for (i = 0; i < 40 && !race->over; i++) {
			switch (rand_r(&seed) % 10) {
			case 0:
				if (!pcm.area)
					pcm_set_up(&pcm, rand_r(&seed) % 2 ?
						   SNDRV_PCM_HW_PARAMS_NO_PERIOD_WAKEUP : 0);
				break;
			case 1:
			case 2:
				pcm_prepare(&pcm);
				break;
			case 3:
			case 4:
				if (pcm.area && !pcm_write(&pcm, 240))
					pcm_ioctl(&pcm, SNDRV_PCM_IOCTL_START);
				break;
			case 5:
				dev_ioctl(pcm.fd, SNDRV_PCM_IOCTL_PAUSE,
					  (void *)(uintptr_t)(rand_r(&seed) % 2));
				break;
			case 6:
				pcm_ioctl(&pcm, rand_r(&seed) % 2 ? SNDRV_PCM_IOCTL_DROP :
						SNDRV_PCM_IOCTL_DRAIN);
				break;
			case 7:
				pcm_queued(&pcm, &queued);
				dev_ioctl(pcm.fd, SNDRV_PCM_IOCTL_STATUS, &status);
				break;
			case 8:
				hw_any(&hw);
				dev_ioctl(pcm.fd, SNDRV_PCM_IOCTL_HW_REFINE, &hw);
				break;
			default:
				fd_poll(pcm.fd, POLLOUT, 2);
			}
		}
		pcm_close(&pcm);
	}

	return NULL;
}

static void *race_reader(void *arg)
{
	struct race *race = arg;
	struct miracast_sound_record record;
	struct ear ear;

	while (!race->over) {
		if (!ear_open(&ear, race->s->kms.sink))
			while (!race->over && !(fd_poll(ear.fd, POLLIN, 5) & POLLHUP))
				while (!ear_read(&ear, &record))
					race->heard++;
		ear_close(&ear);
	}

	return NULL;
}

static void *race_control(void *arg)
{
	struct race *race = arg;
	struct snd_ctl_elem_list list;
	struct snd_ctl_elem_value value;
	struct snd_ctl_elem_id ids[16];
	unsigned int i;
	int card, fd;

	while (!race->over) {
		card = sound_card_number(&race->s->kms.target);
		fd = card < 0 ? card : sound_open_node(card, "control", O_RDWR | O_NONBLOCK);
		if (fd < 0)
			continue;
		list = (struct snd_ctl_elem_list) {
			.space = ARRAY_SIZE(ids), .pids = ids,
		};
		dev_ioctl(fd, SNDRV_CTL_IOCTL_ELEM_LIST, &list);
		for (i = 0; i < list.used; i++) {
			memset(&value, 0, sizeof(value));
			value.id = ids[i];
			dev_ioctl(fd, SNDRV_CTL_IOCTL_ELEM_READ, &value);
			dev_ioctl(fd, SNDRV_CTL_IOCTL_ELEM_WRITE, &value);
		}
		close(fd);
	}

	return NULL;
}

TEST_F(hostile, replug_in_a_loop_under_play)
{
	void *(*const threads[])(void *) = {
		race_application, race_application, race_reader, race_control,
	};
	struct race race = { .s = &self->s };
	pthread_t thread[ARRAY_SIZE(threads)];
	uint64_t end = now_ms() + 1200;
	unsigned int plugs = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, threads[i], &race));
	while (now_ms() < end) {
		/* Another card, the same once more, none. */
		EXPECT_EQ(0, sink_plug_sounding(self->s.kms.sink, 3, 2,
						plugs % 2 ? "One" : "Other"));
		sleep_ms(plugs % 4 * 10);
		EXPECT_EQ(0, sink_plug_sounding(self->s.kms.sink, 3, 2,
						plugs % 2 ? "One" : "Other"));
		sleep_ms(5);
		if (plugs % 3 == 0)
			EXPECT_EQ(0, sink_unplug(self->s.kms.sink));
		plugs++;
	}
	race.over = true;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(thread[i], NULL);
	EXPECT_LT(0, race.opened);
	EXPECT_LT(0, race.heard);
	TH_LOG("%u cards, opened %u times, %u records", plugs, race.opened, race.heard);

	/* And it still plays. */
	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	sound_begin(_metadata, &self->s, 48000, 2);
	ASSERT_EQ(0, pcm_write(&self->s.pcm, 8000));
	ASSERT_EQ(0, pcm_ioctl(&self->s.pcm, SNDRV_PCM_IOCTL_START));
	ASSERT_EQ(0, play(&self->s.pcm, &self->s.ear, 50, 8000, true));
	sound_expect_clean(_metadata, &self->s.ear);
}

TEST_HARNESS_MAIN
