// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sound: the card that comes and goes with a monitor, and what ALSA shows of it
 * to a sound server.
 */
#include <sys/wait.h>

#include "miracast_alsa.h"
#include "miracast_memory.h"

FIXTURE(card) {
	struct sound s;
};

FIXTURE_SETUP(card)
{
	self->s.pcm.fd = -1;
	self->s.ear.fd = -1;
	kms_open(_metadata, &self->s.kms);
}

FIXTURE_TEARDOWN(card)
{
	sound_close(&self->s);
}

static int number(struct sound *s)
{
	return sound_card_number(&s->kms.target);
}

static int open_control(struct sound *s)
{
	return sound_open_node(number(s), "control", O_RDWR | O_NONBLOCK);
}

/* ------------------------------------------------------------------- life */

TEST_F(card, comes_and_goes_with_the_plug)
{
	struct snd_ctl_card_info info = {};
	struct miracast_open_sound open;
	int sink = self->s.kms.sink, first, control;
	struct snd_pcm_info pcm = {};
	struct pcm held;

	EXPECT_EQ(-ENOENT, number(&self->s));
	EXPECT_EQ(-ENODATA, sink_open_sound(sink, 0, &open));
	/* Without sound there is none. */
	EXPECT_EQ(0, sink_plug_sounding(sink, 0, 0, ""));
	EXPECT_EQ(-ENOENT, number(&self->s));
	EXPECT_EQ(-ENODATA, sink_open_sound(sink, 0, &open));

	ASSERT_EQ(0, sink_plug_sound(sink));
	first = number(&self->s);
	ASSERT_LE(0, first);
	control = open_control(&self->s);
	ASSERT_LE(0, control);
	EXPECT_EQ(0, dev_ioctl(control, SNDRV_CTL_IOCTL_CARD_INFO, &info));
	EXPECT_EQ(0, strncmp("Miracast", (char *)info.id, 8));
	EXPECT_STREQ("Miracast", (char *)info.driver);
	EXPECT_STREQ(SOUND_NAME, (char *)info.name);
	EXPECT_EQ((char *)info.longname,
		  strstr((char *)info.longname, SOUND_NAME " at "));
	EXPECT_NE(NULL, strstr((char *)info.longname, self->s.kms.target.name));
	EXPECT_EQ(0, dev_ioctl(control, SNDRV_CTL_IOCTL_PCM_INFO, &pcm));
	EXPECT_STREQ("HDMI 0", (char *)pcm.id);
	EXPECT_STREQ(SOUND_NAME, (char *)pcm.name);
	EXPECT_EQ(1, pcm.subdevices_count);
	/* No microphone. */
	pcm.stream = SNDRV_PCM_STREAM_CAPTURE;
	EXPECT_EQ(-ENOENT, dev_ioctl(control, SNDRV_CTL_IOCTL_PCM_INFO, &pcm));

	/* The same again leaves it alone, also while it is open. */
	held = (struct pcm) { .rate = 48000, .channels = 2, .period = 480, .buffer = 960 };
	ASSERT_EQ(0, pcm_open(&held, &self->s.kms.target));
	EXPECT_EQ(0, sink_plug_sound(sink));
	EXPECT_EQ(first, number(&self->s));
	EXPECT_EQ(0, dev_ioctl(control, SNDRV_CTL_IOCTL_CARD_INFO, &info));
	EXPECT_EQ(0, pcm_set_up(&held, 0));

	/* Another name, other rates, and other channels are other cards. */
	EXPECT_EQ(0, sink_plug_sounding(sink, 3, 6, "Another"));
	EXPECT_EQ(-ENODEV, dev_ioctl(control, SNDRV_CTL_IOCTL_CARD_INFO, &info));
	EXPECT_EQ(-ENODEV, pcm_prepare(&held));
	pcm_close(&held);
	close(control);
	control = open_control(&self->s);
	EXPECT_EQ(0, dev_ioctl(control, SNDRV_CTL_IOCTL_CARD_INFO, &info));
	EXPECT_STREQ("Another", (char *)info.name);
	EXPECT_EQ(0, sink_plug_sounding(sink, 2, 6, "Another"));
	EXPECT_EQ(-ENODEV, dev_ioctl(control, SNDRV_CTL_IOCTL_CARD_INFO, &info));
	close(control);
	control = open_control(&self->s);
	EXPECT_EQ(0, sink_plug_sounding(sink, 2, 2, "Another"));
	EXPECT_EQ(-ENODEV, dev_ioctl(control, SNDRV_CTL_IOCTL_CARD_INFO, &info));
	close(control);

	/* It goes without, with the plug, with a stop, and with the sink. */
	EXPECT_EQ(0, sink_plug_sounding(sink, 0, 0, ""));
	EXPECT_EQ(-ENOENT, number(&self->s));
	EXPECT_EQ(0, sink_plug_sound(sink));
	EXPECT_LE(0, number(&self->s));
	EXPECT_EQ(0, sink_unplug(sink));
	EXPECT_EQ(-ENOENT, number(&self->s));
	EXPECT_EQ(0, sink_plug_sound(sink));
	EXPECT_EQ(0, sink_stop(sink));
	EXPECT_EQ(-ENOENT, number(&self->s));
	EXPECT_EQ(0, sink_start(sink));
	EXPECT_EQ(0, sink_plug_sound(sink));
	close(sink);
	self->s.kms.sink = -1;
	EXPECT_EQ(-ENOENT, number(&self->s));
}

TEST_F(card, plugs_that_are_refused)
{
	static const struct {
		uint32_t rates;
		uint32_t channels;
		const char *name;
	} bad[] = {
		{ 4, 2, "A" }, { 1U << 31 | 1, 2, "A" },
		{ 1, 0, "A" }, { 1, 1, "A" }, { 1, 4, "A" }, { 1, 8, "A" }, { 3, ~0U, "A" },
		{ 3, 2, "" }, { 3, 2, "A\nB" }, { 3, 2, "A\x7f" }, { 3, 2, "\x1b[2J" },
		/* Not terminated. */
		{ 3, 2, "01234567890123456789012345678901" },
		{ 0, 2, "" }, { 0, 0, "A" },
	};
	int first;
	size_t i;

	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	first = number(&self->s);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, sink_plug_sounding(self->s.kms.sink, bad[i].rates,
						      bad[i].channels, bad[i].name))
			TH_LOG("plug %zu", i);
	}
	EXPECT_EQ(first, number(&self->s));
	/* As long as it may be, and not in ASCII. */
	EXPECT_EQ(0, sink_plug_sounding(self->s.kms.sink, 3, 2,
					"Fernseher im Wohnzimmer \xc3\xbc"));
	EXPECT_LE(0, number(&self->s));
}

/* Each monitor has its own. */
TEST_F(card, two_monitors)
{
	struct miracast_target_info other;
	int sink, card;

	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	ASSERT_EQ(0, kms_find(self->s.kms.broker, 1, &other));
	sink = broker_open_sink(self->s.kms.broker, other.id, MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, sink);
	ASSERT_EQ(0, sink_start(sink));
	ASSERT_EQ(0, sink_plug_sounding(sink, 2, 2, SOUND_NAME));
	card = sound_card_number(&other);
	EXPECT_LE(0, card);
	EXPECT_NE(card, number(&self->s));
	close(sink);
	EXPECT_EQ(-ENOENT, sound_card_number(&other));
	EXPECT_LE(0, number(&self->s));
}

/* --------------------------------------------------------------- hardware */

static int refine(struct pcm *pcm, int which, unsigned int value)
{
	struct snd_pcm_hw_params hw;

	hw_any(&hw);
	hw_set(&hw, which, value);

	return dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_HW_REFINE, &hw);
}

TEST_F(card, offers_what_the_sink_takes)
{
	struct pcm *pcm = &self->s.pcm;
	struct snd_pcm_hw_params hw;
	unsigned int i;

	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	ASSERT_EQ(0, pcm_open(pcm, &self->s.kms.target));
	hw_any(&hw);
	ASSERT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_HW_REFINE, &hw));
	EXPECT_EQ(44100, hw_interval(&hw, SNDRV_PCM_HW_PARAM_RATE)->min);
	EXPECT_EQ(48000, hw_interval(&hw, SNDRV_PCM_HW_PARAM_RATE)->max);
	EXPECT_EQ(2, hw_interval(&hw, SNDRV_PCM_HW_PARAM_CHANNELS)->min);
	EXPECT_EQ(6, hw_interval(&hw, SNDRV_PCM_HW_PARAM_CHANNELS)->max);
	EXPECT_EQ(256 * 1024, hw_interval(&hw, SNDRV_PCM_HW_PARAM_BUFFER_BYTES)->max);
	EXPECT_GE(1000, hw_interval(&hw, SNDRV_PCM_HW_PARAM_PERIOD_TIME)->min);
	for (i = 0; i <= SNDRV_PCM_FORMAT_LAST; i++)
		EXPECT_EQ(i == SNDRV_PCM_FORMAT_S16_LE,
			  hw_has(&hw, SNDRV_PCM_HW_PARAM_FORMAT, i));
	EXPECT_TRUE(hw_has(&hw, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_MMAP_INTERLEAVED));
	EXPECT_TRUE(hw_has(&hw, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED));
	EXPECT_FALSE(hw_has(&hw, SNDRV_PCM_HW_PARAM_ACCESS,
			    SNDRV_PCM_ACCESS_MMAP_NONINTERLEAVED));

	EXPECT_EQ(0, refine(pcm, SNDRV_PCM_HW_PARAM_RATE, 44100));
	EXPECT_EQ(0, refine(pcm, SNDRV_PCM_HW_PARAM_RATE, 48000));
	EXPECT_EQ(-EINVAL, refine(pcm, SNDRV_PCM_HW_PARAM_RATE, 32000));
	EXPECT_EQ(-EINVAL, refine(pcm, SNDRV_PCM_HW_PARAM_RATE, 46000));
	EXPECT_EQ(-EINVAL, refine(pcm, SNDRV_PCM_HW_PARAM_RATE, 96000));
	for (i = 1; i < 9; i++)
		EXPECT_EQ(i == 2 || i == 6 ? 0 : -EINVAL,
			  refine(pcm, SNDRV_PCM_HW_PARAM_CHANNELS, i));

	/* What it is: the position is exact, and it can be paused. */
	pcm->rate = 48000;
	pcm->channels = 2;
	pcm->period = 480;
	pcm->buffer = 4800;
	hw_fill(&hw, pcm, SNDRV_PCM_ACCESS_RW_INTERLEAVED, 0);
	ASSERT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw));
	EXPECT_EQ(SNDRV_PCM_INFO_MMAP | SNDRV_PCM_INFO_MMAP_VALID |
		  SNDRV_PCM_INFO_INTERLEAVED | SNDRV_PCM_INFO_PAUSE |
		  SNDRV_PCM_INFO_RESUME | SNDRV_PCM_INFO_NO_PERIOD_WAKEUP,
		  hw.info & (SNDRV_PCM_INFO_MMAP | SNDRV_PCM_INFO_MMAP_VALID |
			     SNDRV_PCM_INFO_INTERLEAVED | SNDRV_PCM_INFO_PAUSE |
			     SNDRV_PCM_INFO_RESUME | SNDRV_PCM_INFO_NO_PERIOD_WAKEUP |
			     SNDRV_PCM_INFO_BATCH | SNDRV_PCM_INFO_DOUBLE |
			     SNDRV_PCM_INFO_NONINTERLEAVED));
	EXPECT_EQ(16, hw.msbits);
	EXPECT_EQ(48000, hw.rate_num);
	/* Frames that are read before they are due. */
	EXPECT_EQ(960, hw.fifo_size);
	pcm_close(pcm);

	/* Less of it. */
	ASSERT_EQ(0, sink_plug_sounding(self->s.kms.sink, MIRACAST_SOUND_44100, 2, "A"));
	ASSERT_EQ(0, pcm_open(pcm, &self->s.kms.target));
	EXPECT_EQ(0, refine(pcm, SNDRV_PCM_HW_PARAM_RATE, 44100));
	EXPECT_EQ(-EINVAL, refine(pcm, SNDRV_PCM_HW_PARAM_RATE, 48000));
	EXPECT_EQ(0, refine(pcm, SNDRV_PCM_HW_PARAM_CHANNELS, 2));
	EXPECT_EQ(-EINVAL, refine(pcm, SNDRV_PCM_HW_PARAM_CHANNELS, 6));
}

/* --------------------------------------------------------------- controls */

static int control_get(int fd, int iface, const char *name, struct snd_ctl_elem_info *info,
		       struct snd_ctl_elem_value *value)
{
	int ret;

	memset(info, 0, sizeof(*info));
	memset(value, 0, sizeof(*value));
	info->id.iface = iface;
	snprintf((char *)info->id.name, sizeof(info->id.name), "%s", name);
	value->id = info->id;
	ret = dev_ioctl(fd, SNDRV_CTL_IOCTL_ELEM_INFO, info);

	return ret ? ret : dev_ioctl(fd, SNDRV_CTL_IOCTL_ELEM_READ, value);
}

/* As sound servers parse it. */
TEST_F(card, eld_tells_the_name)
{
	struct snd_ctl_elem_value value;
	struct snd_ctl_elem_info info;
	const uint8_t *eld = value.value.bytes.data;
	unsigned int len;
	int control;

	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	control = open_control(&self->s);
	ASSERT_EQ(0, control_get(control, SNDRV_CTL_ELEM_IFACE_PCM, "ELD", &info, &value));
	EXPECT_EQ(SNDRV_CTL_ELEM_TYPE_BYTES, info.type);
	EXPECT_TRUE(info.access & SNDRV_CTL_ELEM_ACCESS_READ);
	EXPECT_FALSE(info.access & SNDRV_CTL_ELEM_ACCESS_WRITE);
	/* CEA-861D, and as long as it says. */
	EXPECT_EQ(2, eld[0] >> 3);
	EXPECT_EQ(info.count, 4 + eld[2] * 4);
	len = eld[4] & 0x1f;
	EXPECT_EQ(strlen(SOUND_NAME), len);
	EXPECT_EQ(0, memcmp(&eld[20], SOUND_NAME, len));
	/* One descriptor, of HDMI: linear PCM, 6 channels, 44.1 and 48 kHz, 16 bits. */
	EXPECT_EQ(0x10, eld[5]);
	EXPECT_EQ(1 << 3 | 5, eld[20 + len]);
	EXPECT_EQ(0x06, eld[21 + len]);
	EXPECT_EQ(0x01, eld[22 + len]);
	/* Front, rear, centre, low frequencies. */
	EXPECT_EQ(0x0f, eld[7]);
	/* Manufacturer of the EDID. */
	EXPECT_EQ(0x35, eld[16]);
	EXPECT_EQ(0xa3, eld[17]);
	close(control);

	/* A name that is too long for it ends with a whole character. */
	ASSERT_EQ(0, sink_plug_sounding(self->s.kms.sink, 2, 2, "Wohnzimmer-TV: \xc3\xbc"));
	control = open_control(&self->s);
	ASSERT_EQ(0, control_get(control, SNDRV_CTL_ELEM_IFACE_PCM, "ELD", &info, &value));
	EXPECT_EQ(15, eld[4] & 0x1f);
	EXPECT_EQ(0, memcmp(&eld[20], "Wohnzimmer-TV: ", 15));
	EXPECT_EQ(1 << 3 | 1, eld[20 + 15]);
	EXPECT_EQ(0x04, eld[21 + 15]);
	EXPECT_EQ(0x01, eld[7]);
	close(control);
}

TEST_F(card, jack_is_plugged)
{
	struct snd_ctl_elem_value value;
	struct snd_ctl_elem_info info;
	struct snd_ctl_event event;
	int subscribe = 1, control;

	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	control = open_control(&self->s);
	ASSERT_EQ(0, control_get(control, SNDRV_CTL_ELEM_IFACE_CARD,
				 "HDMI/DP,pcm=0 Jack", &info, &value));
	EXPECT_EQ(SNDRV_CTL_ELEM_TYPE_BOOLEAN, info.type);
	EXPECT_FALSE(info.access & SNDRV_CTL_ELEM_ACCESS_WRITE);
	EXPECT_EQ(1, value.value.integer.value[0]);
	/* Who waits for events hears that the card has gone. */
	EXPECT_EQ(0, dev_ioctl(control, SNDRV_CTL_IOCTL_SUBSCRIBE_EVENTS, &subscribe));
	EXPECT_EQ(0, fd_poll(control, POLLIN, 0));
	EXPECT_EQ(0, sink_unplug(self->s.kms.sink));
	EXPECT_TRUE(fd_poll(control, POLLIN, 1000) & (POLLERR | POLLNVAL | POLLHUP));
	EXPECT_EQ(-1, read(control, &event, sizeof(event)));
	EXPECT_EQ(ENODEV, errno);
	close(control);
}

TEST_F(card, channel_map)
{
	static const unsigned int surround[] = {
		SNDRV_CHMAP_FL, SNDRV_CHMAP_FR, SNDRV_CHMAP_RL,
		SNDRV_CHMAP_RR, SNDRV_CHMAP_FC, SNDRV_CHMAP_LFE,
	};
	static const uint32_t tlv_wanted[] = {
		SNDRV_CTL_TLVT_CONTAINER, (2 + 2 + 2 + 6) * 4,
		SNDRV_CTL_TLVT_CHMAP_FIXED, 2 * 4, SNDRV_CHMAP_FL, SNDRV_CHMAP_FR,
		SNDRV_CTL_TLVT_CHMAP_FIXED, 6 * 4, SNDRV_CHMAP_FL, SNDRV_CHMAP_FR,
		SNDRV_CHMAP_RL, SNDRV_CHMAP_RR, SNDRV_CHMAP_FC, SNDRV_CHMAP_LFE,
	};
	struct {
		struct snd_ctl_tlv head;
		uint32_t data[64];
	} tlv = { .head.length = sizeof(tlv.data) };
	struct snd_ctl_elem_value value;
	struct snd_ctl_elem_info info;
	struct pcm *pcm = &self->s.pcm;
	int control;
	size_t i;

	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	control = open_control(&self->s);
	ASSERT_EQ(0, control_get(control, SNDRV_CTL_ELEM_IFACE_PCM, "Playback Channel Map",
				 &info, &value));
	tlv.head.numid = info.id.numid;
	ASSERT_EQ(0, dev_ioctl(control, SNDRV_CTL_IOCTL_TLV_READ, &tlv));
	EXPECT_EQ(0, memcmp(tlv_wanted, tlv.data, sizeof(tlv_wanted)));

	*pcm = (struct pcm) { .rate = 48000, .channels = 6, .period = 480, .buffer = 960 };
	ASSERT_EQ(0, pcm_open(pcm, &self->s.kms.target));
	ASSERT_EQ(0, pcm_set_up(pcm, 0));
	ASSERT_EQ(0, pcm_prepare(pcm));
	ASSERT_EQ(0, control_get(control, SNDRV_CTL_ELEM_IFACE_PCM, "Playback Channel Map",
				 &info, &value));
	for (i = 0; i < ARRAY_SIZE(surround); i++)
		EXPECT_EQ(surround[i], value.value.integer.value[i]);
	close(control);
}

/* alsa-lib sets it when it opens "hdmi:"; what would not be linear PCM is refused. */
TEST_F(card, channel_status)
{
	static const uint8_t bad[][4] = {
		{ 0x02 }, { 0x01 }, { 0x40 }, { 0, 0, 0, 0x40 },
	};
	struct snd_ctl_elem_value value;
	struct snd_ctl_elem_info info;
	uint8_t *status = value.value.iec958.status;
	int control;
	size_t i;

	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	control = open_control(&self->s);
	ASSERT_EQ(0, control_get(control, SNDRV_CTL_ELEM_IFACE_MIXER,
				 "IEC958 Playback Con Mask", &info, &value));
	EXPECT_EQ(0x04, status[0] & 0x06);
	ASSERT_EQ(0, control_get(control, SNDRV_CTL_ELEM_IFACE_MIXER,
				 "IEC958 Playback Default", &info, &value));
	EXPECT_EQ(SNDRV_CTL_ELEM_TYPE_IEC958, info.type);
	memcpy(status, (uint8_t[]){ 0x04, 0x82, 0x00, 0x02 }, 4);
	EXPECT_LE(0, dev_ioctl(control, SNDRV_CTL_IOCTL_ELEM_WRITE, &value));
	EXPECT_EQ(0, dev_ioctl(control, SNDRV_CTL_IOCTL_ELEM_WRITE, &value));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy(status, bad[i], 4);
		EXPECT_EQ(-EINVAL, dev_ioctl(control, SNDRV_CTL_IOCTL_ELEM_WRITE, &value)) {
			TH_LOG("status %zu", i);
		}
	}
	ASSERT_EQ(0, control_get(control, SNDRV_CTL_ELEM_IFACE_MIXER,
				 "IEC958 Playback Default", &info, &value));
	EXPECT_EQ(0, memcmp(status, (uint8_t[]){ 0x04, 0x82, 0x00, 0x02 }, 4));
	close(control);
}

/* ----------------------------------------------------------------- writei */

static int writei(struct pcm *pcm, const void *data, uint32_t frames)
{
	struct snd_xferi transfer = { .buf = (void *)data, .frames = frames };
	int ret = dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &transfer);

	return ret ? ret : (int)transfer.result;
}

static void open_for_writing(struct __test_metadata *_metadata, struct sound *s,
			     unsigned int flags)
{
	struct snd_pcm_hw_params hw;

	s->pcm = (struct pcm) {
		.fd = -1, .rate = 48000, .channels = 2, .period = 960, .buffer = 9600,
	};
	ASSERT_EQ(0, sink_plug_sound(s->kms.sink));
	ASSERT_EQ(0, pcm_open(&s->pcm, &s->kms.target));
	ASSERT_EQ(0, fcntl(s->pcm.fd, F_SETFL, O_RDWR));
	hw_fill(&hw, &s->pcm, SNDRV_PCM_ACCESS_RW_INTERLEAVED, flags);
	ASSERT_EQ(0, dev_ioctl(s->pcm.fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw));
	ASSERT_EQ(0, pcm_sw(&s->pcm, 9600, false));
	ASSERT_EQ(0, pcm_prepare(&s->pcm));
}

/* As aplay does it: writes that wait, a drain that waits; at the pace of the clock. */
TEST_F(card, writes_wait_for_the_clock)
{
	static int16_t silence[48000 * 2];
	uint64_t begin, took;

	open_for_writing(_metadata, &self->s, 0);
	begin = now_ns();
	EXPECT_EQ(24000, writei(&self->s.pcm, silence, 24000));
	took = now_ns() - begin;
	/* All but what the ring holds: 300 ms. */
	EXPECT_LE(299 * NS_PER_MS, took);
	EXPECT_GE(1330 * NS_PER_MS, took);
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(&self->s.pcm));
	EXPECT_EQ(0, pcm_ioctl(&self->s.pcm, SNDRV_PCM_IOCTL_DRAIN));
	took = now_ns() - begin;
	EXPECT_LE(499 * NS_PER_MS, took);
	EXPECT_GE(1580 * NS_PER_MS, took);
	EXPECT_EQ(SNDRV_PCM_STATE_SETUP, pcm_state(&self->s.pcm));
}

/* Without wakeups for periods the end of a drain still wakes who waits for it. */
TEST_F(card, drain_without_period_wakeups)
{
	static int16_t silence[9600 * 2];
	uint64_t begin;

	open_for_writing(_metadata, &self->s, SNDRV_PCM_HW_PARAMS_NO_PERIOD_WAKEUP);
	EXPECT_EQ(9600, writei(&self->s.pcm, silence, 9600));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(&self->s.pcm));
	/* Nobody is woken for the first period. */
	EXPECT_EQ(0, fd_poll(self->s.pcm.fd, POLLOUT, 15));
	begin = now_ms();
	EXPECT_EQ(0, pcm_ioctl(&self->s.pcm, SNDRV_PCM_IOCTL_DRAIN));
	EXPECT_GE(begin + 1000, now_ms());
}

TEST_F(card, periods_wake)
{
	static int16_t silence[9600 * 2];
	uint64_t begin, took;

	open_for_writing(_metadata, &self->s, 0);
	EXPECT_EQ(9600, writei(&self->s.pcm, silence, 9600));
	begin = now_ns();
	EXPECT_TRUE(fd_poll(self->s.pcm.fd, POLLOUT, 1000) & POLLOUT);
	took = now_ns() - begin;
	EXPECT_LE(5 * NS_PER_MS, took);
	EXPECT_GE(500 * NS_PER_MS, took);
}

TEST_F(card, underrun_and_recovery)
{
	static int16_t silence[9600 * 2];
	struct snd_pcm_status status;

	open_for_writing(_metadata, &self->s, 0);
	EXPECT_EQ(9600, writei(&self->s.pcm, silence, 9600));
	sleep_ms(260);
	EXPECT_EQ(SNDRV_PCM_STATE_XRUN, pcm_state(&self->s.pcm));
	EXPECT_EQ(-EPIPE, writei(&self->s.pcm, silence, 960));
	memset(&status, 0, sizeof(status));
	EXPECT_EQ(0, dev_ioctl(self->s.pcm.fd, SNDRV_PCM_IOCTL_STATUS, &status));
	EXPECT_EQ(SNDRV_PCM_STATE_XRUN, status.state);
	EXPECT_EQ(0, pcm_prepare(&self->s.pcm));
	EXPECT_EQ(9600, writei(&self->s.pcm, silence, 9600));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(&self->s.pcm));
	EXPECT_EQ(0, pcm_ioctl(&self->s.pcm, SNDRV_PCM_IOCTL_DROP));
	EXPECT_EQ(SNDRV_PCM_STATE_SETUP, pcm_state(&self->s.pcm));
	EXPECT_EQ(0, pcm_ioctl(&self->s.pcm, SNDRV_PCM_IOCTL_HW_FREE));
	EXPECT_EQ(SNDRV_PCM_STATE_OPEN, pcm_state(&self->s.pcm));
}

/* What was rewound is written anew, and what was handed out stays as it was. */
TEST_F(card, rewind_and_delay)
{
	static int16_t silence[9600 * 2];
	struct snd_pcm_status status;
	snd_pcm_uframes_t back = 400;
	snd_pcm_sframes_t delay;
	__u64 until;

	open_for_writing(_metadata, &self->s, 0);
	EXPECT_EQ(1000, writei(&self->s.pcm, silence, 1000));
	EXPECT_EQ(0, dev_ioctl(self->s.pcm.fd, SNDRV_PCM_IOCTL_REWIND, &back));
	EXPECT_EQ(400, back);
	EXPECT_EQ(0, dev_ioctl(self->s.pcm.fd, SNDRV_PCM_IOCTL_DELAY, &delay));
	EXPECT_EQ(600, delay);
	EXPECT_EQ(9000, writei(&self->s.pcm, silence, 9000));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(&self->s.pcm));
	sleep_ms(30);
	memset(&status, 0, sizeof(status));
	EXPECT_EQ(0, dev_ioctl(self->s.pcm.fd, SNDRV_PCM_IOCTL_STATUS, &status));
	/* Without a reader what is queued is what will be heard. */
	EXPECT_GE(9600, status.delay);
	EXPECT_EQ(9600, status.avail + status.delay);
	EXPECT_LE(status.trigger_tstamp.tv_sec, status.tstamp.tv_sec);
	/* Both are of one moment, also when the next frame is due while they are asked for. */
	until = now_ms() + 50;
	while (now_ms() < until) {
		ASSERT_EQ(0, dev_ioctl(self->s.pcm.fd, SNDRV_PCM_IOCTL_STATUS, &status));
		ASSERT_EQ(9600, status.avail + status.delay);
	}
	back = 20000;
	EXPECT_EQ(0, dev_ioctl(self->s.pcm.fd, SNDRV_PCM_IOCTL_REWIND, &back));
	EXPECT_GE(9600, back);
}

/* ------------------------------------------------------------ sound servers */

/* alsa-lib does without calls: it writes its position into a page, and reads ALSA's. */
TEST_F(card, positions_are_mapped)
{
	struct snd_pcm_mmap_control *control;
	struct snd_pcm_mmap_status *status;
	struct pcm *pcm = &self->s.pcm;
	snd_pcm_uframes_t at;

	*pcm = (struct pcm) { .rate = 48000, .channels = 2, .period = 480, .buffer = 9600 };
	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	ASSERT_EQ(0, pcm_open(pcm, &self->s.kms.target));
	ASSERT_EQ(0, pcm_set_up(pcm, 0));
	ASSERT_EQ(0, pcm_prepare(pcm));
	status = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, pcm->fd, SNDRV_PCM_MMAP_OFFSET_STATUS);
	ASSERT_NE(MAP_FAILED, status);
	control = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, pcm->fd,
		       SNDRV_PCM_MMAP_OFFSET_CONTROL);
	ASSERT_NE(MAP_FAILED, control);
	EXPECT_EQ(SNDRV_PCM_STATE_PREPARED, status->state);
	control->appl_ptr = 9600;
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, status->state);
	sleep_ms(20);
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_HWSYNC));
	at = status->hw_ptr;
	EXPECT_LE(900, at);
	EXPECT_GE(9600, at);
	EXPECT_LT(0, status->tstamp.tv_sec + status->tstamp.tv_nsec);
	sleep_ms(20);
	ASSERT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_HWSYNC));
	EXPECT_LT(at, status->hw_ptr);
	/* The ring is played to its end without one call more. */
	sleep_ms(240);
	EXPECT_EQ(SNDRV_PCM_STATE_XRUN, status->state);
	munmap(status, PAGE);
	munmap(control, PAGE);
}

TEST_F(card, questions_of_a_sound_server)
{
	int monotonic = SNDRV_PCM_TSTAMP_TYPE_MONOTONIC, version = 0;
	int user_version = SNDRV_PCM_VERSION;
	struct snd_pcm_channel_info channel = { .channel = 1 };
	struct snd_pcm_status status = { .audio_tstamp_data = 1 };
	static int16_t silence[9600 * 2];
	snd_pcm_uframes_t on = 100;
	struct pcm *pcm = &self->s.pcm;

	open_for_writing(_metadata, &self->s, 0);
	EXPECT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_PVERSION, &version));
	EXPECT_LT(0, version);
	EXPECT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_USER_PVERSION, &user_version));
	EXPECT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_TTSTAMP, &monotonic));
	EXPECT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_CHANNEL_INFO, &channel));
	EXPECT_EQ(16, channel.first);
	EXPECT_EQ(32, channel.step);
	EXPECT_EQ(4800, writei(pcm, silence, 4800));
	EXPECT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_FORWARD, &on));
	EXPECT_EQ(100, on);
	EXPECT_EQ(4700, writei(pcm, silence, 4700));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(pcm));
	sleep_ms(20);
	EXPECT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_STATUS_EXT, &status));
	EXPECT_EQ(9600, status.avail + status.delay);
	EXPECT_LT(0, status.audio_tstamp.tv_sec + status.audio_tstamp.tv_nsec);
	/* What is queued is dropped while it runs. */
	EXPECT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_RESET));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(pcm));
	EXPECT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_XRUN));
	EXPECT_EQ(SNDRV_PCM_STATE_XRUN, pcm_state(pcm));
}

/* Two displays start at one call, and stop at one. */
TEST_F(card, linked_with_that_of_another_monitor)
{
	struct pcm second = { .rate = 48000, .channels = 2, .period = 480, .buffer = 9600 };
	struct pcm *pcm = &self->s.pcm;
	struct miracast_target_info other;
	int sink;

	*pcm = second;
	ASSERT_EQ(0, sink_plug_sound(self->s.kms.sink));
	ASSERT_EQ(0, pcm_open(pcm, &self->s.kms.target));
	ASSERT_EQ(0, pcm_set_up(pcm, 0));
	ASSERT_EQ(0, kms_find(self->s.kms.broker, 1, &other));
	sink = broker_open_sink(self->s.kms.broker, other.id, MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, sink);
	ASSERT_EQ(0, sink_start(sink));
	ASSERT_EQ(0, sink_plug_sounding(sink, 3, 2, "Another"));
	ASSERT_EQ(0, pcm_open(&second, &other));
	ASSERT_EQ(0, pcm_set_up(&second, 0));

	ASSERT_EQ(0, dev_ioctl(pcm->fd, SNDRV_PCM_IOCTL_LINK, (void *)(intptr_t)second.fd));
	EXPECT_EQ(0, pcm_prepare(pcm));
	EXPECT_EQ(SNDRV_PCM_STATE_PREPARED, pcm_state(&second));
	EXPECT_EQ(0, pcm_write(pcm, 9600));
	EXPECT_EQ(0, pcm_write(&second, 9600));
	EXPECT_EQ(0, pcm_ioctl(pcm, SNDRV_PCM_IOCTL_START));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(pcm));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(&second));
	EXPECT_EQ(0, pcm_ioctl(&second, SNDRV_PCM_IOCTL_DROP));
	EXPECT_EQ(SNDRV_PCM_STATE_SETUP, pcm_state(pcm));
	/* One goes under them. ALSA stops both then; the other card is still there. */
	EXPECT_EQ(0, sink_unplug(self->s.kms.sink));
	EXPECT_EQ(-ENODEV, pcm_prepare(pcm));
	pcm_close(pcm);
	pcm_close(&second);
	ASSERT_EQ(0, pcm_open(&second, &other));
	ASSERT_EQ(0, pcm_set_up(&second, 0));
	EXPECT_EQ(0, pcm_prepare(&second));
	EXPECT_EQ(0, pcm_write(&second, 9600));
	EXPECT_EQ(0, pcm_ioctl(&second, SNDRV_PCM_IOCTL_START));
	EXPECT_EQ(SNDRV_PCM_STATE_RUNNING, pcm_state(&second));
	pcm_close(&second);
	close(sink);
}

TEST_HARNESS_MAIN
