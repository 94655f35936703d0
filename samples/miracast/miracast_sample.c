// SPDX-License-Identifier: GPL-2.0-only
/*
 * A display driver that offers Miracast on a connector of its own, reduced to
 * what it says to the relay. Documentation/in-kernel-api.rst walks through it.
 *
 * The hardware scans out and encodes by itself; here a work item stands in for
 * it, and for its interrupt.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <drm/miracast.h>

#include "miracast_sample.h"

#define SAMPLE_ANSWER_MS	5000

#define SAMPLE_WANT_KEY		0	/* bit of sample.flags: an IDR next */

/**
 * struct sample - the device
 * @target: where its sessions are
 * @session: the one that exists, from create_context() to destroy_context()
 * @encoder: the hardware; runs while a sink shows our picture
 * @frame: number of the last picture; the encoder's alone
 * @flags: SAMPLE_*
 */
struct sample {
	struct miracast_target *target;
	struct miracast_session *session;
	struct delayed_work encoder;
	u64 frame;
	unsigned long flags;
};

static struct sample sample;

static const struct miracast_sample_mode sample_mode = {
	.width = 1920,
	.height = 1080,
	.refresh = 30000,
};

/* --------------------------------------------------------------- chunks */

/* The next picture is encoded. */
static void sample_encoder_run(struct work_struct *work)
{
	struct sample *s = container_of(to_delayed_work(work), struct sample, encoder);
	bool key = test_and_clear_bit(SAMPLE_WANT_KEY, &s->flags);
	struct miracast_chunk_info info = {
		.type = MIRACAST_CHUNK_ENCODE,
		.processing_time = 4000,
		.encode_rate = 8000,
	};
	const struct miracast_sample_chunk chunk = {
		.offset = (s->frame % 8) * SZ_64K,
		.bytes = key ? SZ_64K : SZ_16K,
		.key = key,
	};

	/* Stopped, while the answer that started us was on its way. */
	if (miracast_session_state(s->session) != MIRACAST_STATE_STARTED)
		return;

	miracast_target_set_plugged(s->target, true);
	info.id = MIRACAST_CHUNK_ID(++s->frame, 0);
	/* Everything queued is lost: the sink can go on with an IDR only. */
	if (miracast_report_chunk(s->session, &info, &chunk, sizeof(chunk)) == -ENOBUFS)
		set_bit(SAMPLE_WANT_KEY, &s->flags);
	schedule_delayed_work(&s->encoder, HZ / 30);
}

/* ------------------------------------------------------------- messages */

/* The user-mode driver has answered, or nobody will. */
static void sample_mode_done(void *ctx, int status, const void *out,
			     size_t bytes_returned)
{
	struct miracast_sample_mode answer;
	struct sample *s = ctx;

	if (status) {
		pr_info("no sink takes the mode: %d\n", status);
		return;
	}
	/* The user-mode driver may be older than its structure is here. */
	if (miracast_copy_struct(&answer, sizeof(answer), out, bytes_returned) ||
	    memcmp(&answer, &sample_mode, sizeof(sample_mode))) {
		pr_err("an answer that makes no sense\n");
		return;
	}

	set_bit(SAMPLE_WANT_KEY, &s->flags);
	schedule_delayed_work(&s->encoder, 0);
}

static void sample_send_mode(struct sample *s)
{
	int ret;

	ret = miracast_send_message(s->session, &sample_mode, sizeof(sample_mode),
				    sizeof(sample_mode), SAMPLE_ANSWER_MS,
				    sample_mode_done, s, NULL);
	/* Refused: then there is no callback. */
	if (ret)
		pr_err("the mode could not be sent: %d\n", ret);
}

/* ------------------------------------------------------------- contexts */

static int sample_create_context(void *driver_data,
				 struct miracast_session *session, void **context)
{
	struct sample *s = driver_data;

	/* Hardware that is taken would be -EBUSY here. */
	s->session = miracast_session_get(session);
	s->frame = 0;
	*context = s;

	return 0;
}

/* Every message has been completed before. */
static void sample_destroy_context(void *context)
{
	struct sample *s = context;

	cancel_delayed_work_sync(&s->encoder);
	miracast_target_set_plugged(s->target, false);
	miracast_session_put(s->session);
	s->session = NULL;
}

static void sample_session_state(void *context, enum miracast_state state, u32 info)
{
	struct sample *s = context;

	switch (state) {
	case MIRACAST_STATE_STARTED:
		sample_send_mode(s);
		break;
	case MIRACAST_STATE_STOPPING:
		cancel_delayed_work_sync(&s->encoder);
		miracast_target_set_plugged(s->target, false);
		break;
	case MIRACAST_STATE_STARTING:
	case MIRACAST_STATE_STOPPED:
		break;
	}
}

static int sample_io_control(void *context, u32 code, u32 flags,
			     const void *in, size_t in_len,
			     void *out, size_t out_len, size_t *bytes_returned)
{
	struct sample *s = context;

	switch (code) {
	case MIRACAST_SAMPLE_CTL_KEY_FRAME:
		/* There is none yet; what comes to be must be zero here. */
		if (memchr_inv(in, 0, in_len))
			return -E2BIG;
		set_bit(SAMPLE_WANT_KEY, &s->flags);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static const struct miracast_target_ops sample_ops = {
	.owner = THIS_MODULE,
	.create_context = sample_create_context,
	.destroy_context = sample_destroy_context,
	.session_state = sample_session_state,
	.io_control = sample_io_control,
};

/* --------------------------------------------------------------- module */

static int __init sample_init(void)
{
	const struct miracast_target_desc desc = {
		.driver = MIRACAST_SAMPLE_DRIVER,
		.name = "sample-0",
		/* A real one says which connector of which card. */
		.card_minor = ~0U,
	};

	INIT_DELAYED_WORK(&sample.encoder, sample_encoder_run);

	return miracast_register_target(&desc, &sample_ops, &sample, &sample.target);
}

static void __exit sample_exit(void)
{
	miracast_unregister_target(sample.target);
}

module_init(sample_init);
module_exit(sample_exit);

MODULE_DESCRIPTION("Sample display driver for the Miracast message relay");
MODULE_LICENSE("GPL");
