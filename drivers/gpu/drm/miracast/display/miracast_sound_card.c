// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sound of a monitor: what ALSA sees of it, a card with one playback device that
 * looks like that of a HDMI output. See miracast_sound.h.
 */
#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include <sound/asoundef.h>
#include <sound/control.h>
#include <sound/core.h>
#include <sound/initval.h>
#include <sound/pcm.h>

#include "miracast_drv.h"
#include "miracast_sound.h"

#define MIRACAST_SOUND_DRIVER	"Miracast"
#define MIRACAST_SOUND_DEVICE	"HDMI 0"

/* How often an application may want to be woken. */
#define MIRACAST_SOUND_MIN_PERIOD_US	1000

/* Cards that ALSA has not freed yet, which is when the last application has gone. */
static atomic_t miracast_sound_cards = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(miracast_sound_no_cards);

/* ----------------------------------------------------------------- stream */

static struct miracast_sound *
substream_to_sound(struct snd_pcm_substream *substream)
{
	return snd_pcm_substream_chip(substream);
}

/* How far the application is ahead of where ALSA sees the card. */
static s64 miracast_card_queued(struct snd_pcm_substream *substream)
{
	return snd_pcm_playback_hw_avail(substream->runtime);
}

static enum hrtimer_restart miracast_card_timeout(struct hrtimer *timer)
{
	struct miracast_sound *sound =
		container_of(timer, struct miracast_sound, timer);
	struct snd_pcm_substream *substream = sound->substream;
	struct snd_pcm_runtime *runtime = substream->runtime;
	bool draining, elapsed;
	unsigned long flags;

	/* What is on the way when the stream ends is waited for before it goes. */
	snd_pcm_stream_lock_irqsave(substream, flags);
	draining = runtime->state == SNDRV_PCM_STATE_DRAINING;
	if (miracast_sound_tick(sound, miracast_card_queued(substream), draining,
				&elapsed)) {
		if (elapsed && (draining || !runtime->no_period_wakeup))
			snd_pcm_period_elapsed_under_stream_lock(substream);
		miracast_sound_rearm(sound);
	}
	snd_pcm_stream_unlock_irqrestore(substream, flags);

	return HRTIMER_NORESTART;
}

static const struct snd_pcm_hardware miracast_card_hardware = {
	.info = SNDRV_PCM_INFO_MMAP | SNDRV_PCM_INFO_MMAP_VALID |
		SNDRV_PCM_INFO_INTERLEAVED | SNDRV_PCM_INFO_BLOCK_TRANSFER |
		SNDRV_PCM_INFO_PAUSE | SNDRV_PCM_INFO_RESUME |
		SNDRV_PCM_INFO_NO_PERIOD_WAKEUP | SNDRV_PCM_INFO_FIFO_IN_FRAMES,
	.formats = SNDRV_PCM_FMTBIT_S16_LE,
	.channels_min = 2,
	.buffer_bytes_max = MIRACAST_SOUND_RING,
	.period_bytes_min = 64,
	.period_bytes_max = MIRACAST_SOUND_RING / 2,
	.periods_min = 2,
	.periods_max = 1024,
	/* What is read before it is due, at the higher rate. */
	.fifo_size = MIRACAST_SOUND_LEAD_US / 1000 * 48,
};

static int miracast_card_open(struct snd_pcm_substream *substream)
{
	static const unsigned int channels[] = { 2, 6 };
	static const struct snd_pcm_hw_constraint_list surround = {
		.count = ARRAY_SIZE(channels),
		.list = channels,
	};
	struct miracast_sound *sound = substream_to_sound(substream);
	struct snd_pcm_runtime *runtime = substream->runtime;
	int ret;

	runtime->hw = miracast_card_hardware;
	runtime->hw.channels_max = sound->channels;
	if (sound->rates & MIRACAST_SOUND_44100)
		runtime->hw.rates |= SNDRV_PCM_RATE_44100;
	if (sound->rates & MIRACAST_SOUND_48000)
		runtime->hw.rates |= SNDRV_PCM_RATE_48000;
	snd_pcm_limit_hw_rates(runtime);

	ret = snd_pcm_hw_constraint_list(runtime, 0, SNDRV_PCM_HW_PARAM_CHANNELS,
					 &surround);
	if (ret < 0)
		return ret;
	ret = snd_pcm_hw_constraint_integer(runtime, SNDRV_PCM_HW_PARAM_PERIODS);
	if (ret < 0)
		return ret;
	ret = snd_pcm_hw_constraint_minmax(runtime,
					   SNDRV_PCM_HW_PARAM_PERIOD_TIME,
					   MIRACAST_SOUND_MIN_PERIOD_US,
					   UINT_MAX);

	return ret < 0 ? ret : 0;
}

/* What one application has played is not for the next one. */
static int miracast_card_close(struct snd_pcm_substream *substream)
{
	struct miracast_sound *sound = substream_to_sound(substream);

	hrtimer_cancel(&sound->timer);
	memset(sound->ring, 0, MIRACAST_SOUND_RING);

	return 0;
}

static int miracast_card_hw_params(struct snd_pcm_substream *substream,
				   struct snd_pcm_hw_params *params)
{
	struct miracast_sound *sound = substream_to_sound(substream);
	struct snd_pcm_runtime *runtime = substream->runtime;

	runtime->dma_area = sound->ring;
	runtime->dma_addr = 0;
	runtime->dma_bytes = params_buffer_bytes(params);
	WRITE_ONCE(sound->set_up, params_channels(params));

	return 0;
}

static int miracast_card_sync_stop(struct snd_pcm_substream *substream)
{
	hrtimer_cancel(&substream_to_sound(substream)->timer);

	return 0;
}

static int miracast_card_hw_free(struct snd_pcm_substream *substream)
{
	struct snd_pcm_runtime *runtime = substream->runtime;

	miracast_card_sync_stop(substream);
	WRITE_ONCE(substream_to_sound(substream)->set_up, 0);
	runtime->dma_area = NULL;
	runtime->dma_bytes = 0;

	return 0;
}

static int miracast_card_prepare(struct snd_pcm_substream *substream)
{
	miracast_sound_prepare(substream_to_sound(substream));

	return 0;
}

static int miracast_card_trigger(struct snd_pcm_substream *substream, int cmd)
{
	struct miracast_sound *sound = substream_to_sound(substream);
	struct snd_pcm_runtime *runtime = substream->runtime;
	const struct miracast_stream params = {
		.rate = runtime->rate,
		.channels = runtime->channels,
		.buffer_frames = runtime->buffer_size,
		.period_frames = runtime->period_size,
	};

	switch (cmd) {
	case SNDRV_PCM_TRIGGER_START:
	case SNDRV_PCM_TRIGGER_RESUME:
	case SNDRV_PCM_TRIGGER_PAUSE_RELEASE:
		miracast_sound_start(sound, &params,
				     miracast_card_queued(substream));
		return 0;
	case SNDRV_PCM_TRIGGER_STOP:
	case SNDRV_PCM_TRIGGER_SUSPEND:
	case SNDRV_PCM_TRIGGER_PAUSE_PUSH:
		miracast_sound_stop(sound);
		return 0;
	default:
		return -EINVAL;
	}
}

static snd_pcm_uframes_t
miracast_card_pointer(struct snd_pcm_substream *substream)
{
	s64 delay;
	u64 frame = miracast_sound_pointer(substream_to_sound(substream),
					   miracast_card_queued(substream),
					   &delay);

	substream->runtime->delay = delay;

	return frame;
}

static int miracast_card_mmap(struct snd_pcm_substream *substream,
			      struct vm_area_struct *vma)
{
	return miracast_sound_map(substream_to_sound(substream), vma);
}

static const struct snd_pcm_ops miracast_card_ops = {
	.open = miracast_card_open,
	.close = miracast_card_close,
	.hw_params = miracast_card_hw_params,
	.hw_free = miracast_card_hw_free,
	.prepare = miracast_card_prepare,
	.trigger = miracast_card_trigger,
	.sync_stop = miracast_card_sync_stop,
	.pointer = miracast_card_pointer,
	.mmap = miracast_card_mmap,
};

/* --------------------------------------------------------------- controls */

/* What an EDID's CTA extension would say, in the way that HDMI controllers do. */
static void miracast_card_make_eld(struct miracast_sound *sound,
				   u32 connector_id, const u8 *edid)
{
	u8 speakers = DRM_ELD_SPEAKER_FLR, rates = 0;
	size_t name_len = strlen(sound->name);
	u8 *eld = sound->eld, *descriptor;
	__le32 port = cpu_to_le32(connector_id);

	/* Whole characters only. */
	if (name_len > 16) {
		name_len = 16;
		while (name_len && ((u8)sound->name[name_len] & 0xc0) == 0x80)
			name_len--;
	}
	if (sound->channels == 6)
		speakers |= DRM_ELD_SPEAKER_LFE | DRM_ELD_SPEAKER_FC |
			    DRM_ELD_SPEAKER_RLR;
	if (sound->rates & MIRACAST_SOUND_44100)
		rates |= BIT(1);
	if (sound->rates & MIRACAST_SOUND_48000)
		rates |= BIT(2);

	eld[DRM_ELD_VER] = DRM_ELD_VER_CEA861D;
	eld[DRM_ELD_CEA_EDID_VER_MNL] = DRM_ELD_CEA_EDID_VER_CEA861BCD |
					name_len << DRM_ELD_MNL_SHIFT;
	eld[DRM_ELD_SAD_COUNT_CONN_TYPE] = 1 << DRM_ELD_SAD_COUNT_SHIFT |
					   DRM_ELD_CONN_TYPE_HDMI;
	eld[DRM_ELD_SPEAKER] = speakers;
	memcpy(&eld[DRM_ELD_PORT_ID], &port, sizeof(port));
	/* Manufacturer and product are in both as they are. */
	if (edid)
		memcpy(&eld[DRM_ELD_MANUFACTURER_NAME0], &edid[8], 4);
	memcpy(&eld[DRM_ELD_MONITOR_NAME_STRING], sound->name, name_len);
	/* Linear PCM, 16 bits. */
	descriptor = &eld[DRM_ELD_CEA_SAD(name_len, 0)];
	descriptor[0] = 1 << 3 | (sound->channels - 1);
	descriptor[1] = rates;
	descriptor[2] = BIT(0);

	eld[DRM_ELD_BASELINE_ELD_LEN] =
		DIV_ROUND_UP(drm_eld_calc_baseline_block_size(eld), 4);
	sound->eld_len = DRM_ELD_HEADER_BLOCK_SIZE +
			 eld[DRM_ELD_BASELINE_ELD_LEN] * 4;
}

static int miracast_card_eld_info(struct snd_kcontrol *control,
				  struct snd_ctl_elem_info *info)
{
	struct miracast_sound *sound = snd_kcontrol_chip(control);

	info->type = SNDRV_CTL_ELEM_TYPE_BYTES;
	info->count = sound->eld_len;

	return 0;
}

static int miracast_card_eld_get(struct snd_kcontrol *control,
				 struct snd_ctl_elem_value *value)
{
	struct miracast_sound *sound = snd_kcontrol_chip(control);

	memcpy(value->value.bytes.data, sound->eld, sound->eld_len);

	return 0;
}

/* What may be set of the channel status; samples are consumer's linear PCM. */
static const u8 miracast_card_iec958_mask[] = {
	IEC958_AES0_CON_NOT_COPYRIGHT | IEC958_AES0_CON_EMPHASIS,
	IEC958_AES1_CON_CATEGORY | IEC958_AES1_CON_ORIGINAL,
	IEC958_AES2_CON_SOURCE | IEC958_AES2_CON_CHANNEL,
	IEC958_AES3_CON_FS | IEC958_AES3_CON_CLOCK,
};

static int miracast_card_iec958_info(struct snd_kcontrol *control,
				     struct snd_ctl_elem_info *info)
{
	info->type = SNDRV_CTL_ELEM_TYPE_IEC958;
	info->count = 1;

	return 0;
}

static int miracast_card_iec958_mask_get(struct snd_kcontrol *control,
					 struct snd_ctl_elem_value *value)
{
	memcpy(value->value.iec958.status, miracast_card_iec958_mask,
	       sizeof(miracast_card_iec958_mask));

	return 0;
}

static int miracast_card_iec958_get(struct snd_kcontrol *control,
				    struct snd_ctl_elem_value *value)
{
	struct miracast_sound *sound = snd_kcontrol_chip(control);

	memcpy(value->value.iec958.status, sound->iec958, sizeof(sound->iec958));

	return 0;
}

/* It goes nowhere: what says what the samples are is in the stream to the sink. */
static int miracast_card_iec958_put(struct snd_kcontrol *control,
				    struct snd_ctl_elem_value *value)
{
	struct miracast_sound *sound = snd_kcontrol_chip(control);
	const u8 *status = value->value.iec958.status;
	unsigned int i;

	for (i = 0; i < sizeof(sound->iec958); i++)
		if (status[i] & ~miracast_card_iec958_mask[i])
			return -EINVAL;
	if (!memcmp(sound->iec958, status, sizeof(sound->iec958)))
		return 0;
	memcpy(sound->iec958, status, sizeof(sound->iec958));

	return 1;
}

/* The card goes with the plug. */
static int miracast_card_jack_get(struct snd_kcontrol *control,
				  struct snd_ctl_elem_value *value)
{
	value->value.integer.value[0] = 1;

	return 0;
}

/*
 * The jack is a control of our own: what ALSA's jacks leave behind when there is
 * no memory for one of their parts is used after it has been freed.
 */
static const struct snd_kcontrol_new miracast_card_controls[] = {
	{
		.iface = SNDRV_CTL_ELEM_IFACE_PCM,
		.name = "ELD",
		.access = SNDRV_CTL_ELEM_ACCESS_READ |
			  SNDRV_CTL_ELEM_ACCESS_VOLATILE,
		.info = miracast_card_eld_info,
		.get = miracast_card_eld_get,
	},
	{
		.iface = SNDRV_CTL_ELEM_IFACE_CARD,
		.name = "HDMI/DP,pcm=0 Jack",
		.access = SNDRV_CTL_ELEM_ACCESS_READ,
		.info = snd_ctl_boolean_mono_info,
		.get = miracast_card_jack_get,
	},
	{
		.iface = SNDRV_CTL_ELEM_IFACE_MIXER,
		.name = SNDRV_CTL_NAME_IEC958("", PLAYBACK, CON_MASK),
		.access = SNDRV_CTL_ELEM_ACCESS_READ,
		.info = miracast_card_iec958_info,
		.get = miracast_card_iec958_mask_get,
	},
	{
		.iface = SNDRV_CTL_ELEM_IFACE_MIXER,
		.name = SNDRV_CTL_NAME_IEC958("", PLAYBACK, DEFAULT),
		.access = SNDRV_CTL_ELEM_ACCESS_READWRITE,
		.info = miracast_card_iec958_info,
		.get = miracast_card_iec958_get,
		.put = miracast_card_iec958_put,
	},
};

/*
 * The map of the channels that are set up. ALSA's own function for this looks at
 * the runtime of a stream that may just be closed.
 */
static int miracast_card_chmap_get(struct snd_kcontrol *control,
				   struct snd_ctl_elem_value *value)
{
	const struct snd_pcm_chmap *chmap = snd_kcontrol_chip(control);
	const struct miracast_sound *sound = chmap->private_data;
	unsigned int channels = READ_ONCE(sound->set_up), i;
	const struct snd_pcm_chmap_elem *map;

	for (map = chmap->chmap; map->channels; map++) {
		if (map->channels != channels)
			continue;
		for (i = 0; i < channels; i++)
			value->value.integer.value[i] = map->map[i];
		break;
	}

	return 0;
}

static int miracast_card_add_controls(struct miracast_sound *sound)
{
	struct snd_kcontrol *control;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(miracast_card_controls); i++) {
		control = snd_ctl_new1(&miracast_card_controls[i], sound);
		if (!control)
			return -ENOMEM;
		ret = snd_ctl_add(sound->card, control);
		if (ret < 0)
			return ret;
	}

	return 0;
}

/* ------------------------------------------------------------------- card */

static int miracast_card_add_device(struct miracast_sound *sound)
{
	struct snd_pcm_chmap *chmap;
	struct snd_pcm *pcm;
	int ret;

	ret = snd_pcm_new(sound->card, MIRACAST_SOUND_DEVICE, 0, 1, 0, &pcm);
	if (ret < 0)
		return ret;
	pcm->private_data = sound;
	/* What sound servers show of a device, where others have "HDMI 0", too. */
	strscpy(pcm->name, sound->name, sizeof(pcm->name));
	snd_pcm_set_ops(pcm, SNDRV_PCM_STREAM_PLAYBACK, &miracast_card_ops);
	sound->substream = pcm->streams[SNDRV_PCM_STREAM_PLAYBACK].substream;

	/* The order that sound servers use without looking here. */
	ret = snd_pcm_add_chmap_ctls(pcm, SNDRV_PCM_STREAM_PLAYBACK,
				     snd_pcm_std_chmaps, sound->channels, 0,
				     &chmap);
	if (ret < 0)
		return ret;
	chmap->channel_mask = BIT(2) | BIT(6);
	chmap->private_data = sound;
	chmap->kctl->get = miracast_card_chmap_get;

	return 0;
}

/* The last application has closed it. */
static void miracast_card_free(struct snd_card *card)
{
	miracast_sound_put(card->private_data);
	put_device(card->dev);
	if (atomic_dec_and_test(&miracast_sound_cards))
		wake_up_all(&miracast_sound_no_cards);
}

/* A card that nobody can see yet; it has the one reference to the sound. */
static int miracast_card_new(struct miracast_pipe *pipe,
			     struct miracast_sound *sound)
{
	struct snd_card *card;
	int ret;

	ret = snd_card_new(pipe->connector.kdev, SNDRV_DEFAULT_IDX1,
			   MIRACAST_SOUND_DRIVER, THIS_MODULE, 0, &card);
	if (ret < 0)
		return ret;

	atomic_inc(&miracast_sound_cards);
	/* ALSA speaks of it until the end, which may be after that of the device. */
	get_device(card->dev);
	card->private_data = miracast_sound_get(sound);
	card->private_free = miracast_card_free;
	sound->card = card;
	sound->card_number = card->number;
	strscpy(card->driver, MIRACAST_SOUND_DRIVER, sizeof(card->driver));
	strscpy(card->mixername, MIRACAST_SOUND_DRIVER, sizeof(card->mixername));
	strscpy(card->shortname, sound->name, sizeof(card->shortname));
	snprintf(card->longname, sizeof(card->longname), "%s at %s", sound->name,
		 pipe->connector.name);

	return 0;
}

/**
 * miracast_sound_create() - a sound card for a monitor that arrives
 * @pipe: where it arrives
 * @plug: what the daemon says of it, with rates
 * @edid: its EDID, or NULL
 *
 * Applications may play at once.
 *
 * Context: Process context, may sleep.
 *
 * Return: the sound, with a reference for the caller; -ENOMEM or -ENOSPC.
 */
struct miracast_sound *miracast_sound_create(struct miracast_pipe *pipe,
					     const struct miracast_plug *plug,
					     const u8 *edid)
{
	struct miracast_sound *sound = miracast_sound_alloc(plug);
	int ret;

	if (IS_ERR(sound))
		return sound;

	hrtimer_setup(&sound->timer, miracast_card_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	miracast_card_make_eld(sound, pipe->connector.base.id, edid);

	ret = miracast_card_new(pipe, sound);
	if (ret < 0)
		goto err_sound;
	ret = miracast_card_add_device(sound);
	if (ret < 0)
		goto err_card;
	ret = miracast_card_add_controls(sound);
	if (ret < 0)
		goto err_card;
	ret = snd_card_register(sound->card);
	if (ret < 0)
		goto err_card;

	return sound;

err_card:
	snd_card_free(sound->card);
err_sound:
	miracast_sound_put(sound);
	/* For want of memory for its name a device of ALSA's is invalid, later. */
	return ERR_PTR(ret == -ENOMEM || ret == -EINVAL ? -ENOMEM : -ENOSPC);
}

/**
 * miracast_sound_remove() - the monitor has departed
 * @sound: its sound, or NULL; the caller's reference is put
 *
 * Applications that have the card open are told, and not waited for.
 *
 * Context: Process context, may sleep.
 */
void miracast_sound_remove(struct miracast_sound *sound)
{
	if (!sound)
		return;

	miracast_sound_end(sound);
	snd_card_disconnect(sound->card);
	snd_card_free_when_closed(sound->card);
	miracast_sound_put(sound);
}

/* The module is about to go: wait for the end of closes that have begun. */
void miracast_sound_exit(void)
{
	wait_event(miracast_sound_no_cards, !atomic_read(&miracast_sound_cards));
}
