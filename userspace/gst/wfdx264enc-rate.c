// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bits that there are: see wfdx264enc-private.h.
 *
 * The bits at hand are those of the time that has passed, not of the pictures: a picture that
 * comes after a pause may have more.
 */
#include "wfdx264enc-private.h"

/* So long at the bit rate of bursts, after which what was saved for one is used up. */
#define BURST_MS 150
/* Part of the bits at hand that what is planned may have; the rest is for what comes next. */
#define REFINE_PERCENT 80
/* ... and where none are it goes on, if slowly: with such a part of what a picture may have. */
#define REFINE_LEAST_PART 16
#define CREDIT_PICTURES 10

void wfd_x264_enc_begin_rate(WfdX264Enc *self)
{
	self->budget = self->saved = 0;
	self->bursts = FALSE;
	self->x264_bits = 0;
	self->last_pts = GST_CLOCK_TIME_NONE;
}

void wfd_x264_enc_set_rate(WfdX264Enc *self, x264_param_t *param)
{
	guint rate;

	GST_OBJECT_LOCK(self);
	rate = self->bursts ? MAX(self->burst_bitrate, self->bitrate) : self->bitrate;
	param->rc.i_bitrate = rate;
	param->rc.i_vbv_max_bitrate = rate;
	param->rc.i_vbv_buffer_size = MAX(rate * self->vbv_ms / 1000, 1);
	self->bitrate_changed = FALSE;
	GST_OBJECT_UNLOCK(self);
}

/*
 * What pictures leave of the bit rate is saved for those that come, up to what BURST_MS of a burst take beyond
 * it.  Once so much is there the rate is that of bursts, until it is used up: libx264's buffer is full of it before the
 * first large picture comes.
 */
static void save(WfdX264Enc *self, GstClockTime pts)
{
	double rate, most;
	gboolean bursts;

	if (!GST_CLOCK_TIME_IS_VALID(pts))
		return;
	GST_OBJECT_LOCK(self);
	rate = self->bitrate * 1000.0;
	most = MAX((double)self->burst_bitrate - self->bitrate, 0) * BURST_MS;
	if (GST_CLOCK_TIME_IS_VALID(self->last_pts) && pts > self->last_pts)
		self->saved += rate * (pts - self->last_pts) / GST_SECOND;
	self->saved = CLAMP(self->saved, 0, most);
	bursts = self->saved > 0 && (self->bursts || self->saved >= most);
	self->bitrate_changed |= bursts != self->bursts;
	self->bursts = bursts;
	GST_OBJECT_UNLOCK(self);
}

static void follow_rate(WfdX264Enc *self)
{
	gboolean changed;

	GST_OBJECT_LOCK(self);
	changed = self->bitrate_changed;
	GST_OBJECT_UNLOCK(self);
	if (!changed)
		return;
	/* A larger buffer is not full. */
	self->x264_bits = MIN(self->x264_bits, self->param.rc.i_vbv_buffer_size * 1000.0);
	wfd_x264_enc_set_rate(self, &self->param);
	if (x264_encoder_reconfig(self->x264, &self->param) < 0)
		GST_WARNING_OBJECT(self, "the bit rate stays");
}

static void earn_budget(WfdX264Enc *self, GstClockTime pts)
{
	double rate = self->param.rc.i_bitrate * 1000.0, most = self->param.rc.i_vbv_buffer_size * 1000.0;

	if (!GST_CLOCK_TIME_IS_VALID(pts))
		return;
	if (!GST_CLOCK_TIME_IS_VALID(self->last_pts))
		self->budget = most;
	else if (pts > self->last_pts)
		self->budget = MIN(self->budget + rate * (pts - self->last_pts) / GST_SECOND, most);
	self->last_pts = pts;
}

void wfd_x264_enc_earn(WfdX264Enc *self, GstClockTime pts)
{
	save(self, pts);
	follow_rate(self);
	earn_budget(self, pts);
}

void wfd_x264_enc_spend(WfdX264Enc *self, double bits)
{
	self->budget -= bits;
	self->saved -= bits;
}

double wfd_x264_enc_picture_share(const WfdX264Enc *self)
{
	return self->param.rc.i_bitrate * 1000.0 * self->param.i_fps_den / self->param.i_fps_num;
}

double wfd_x264_enc_bits_at_hand(const WfdX264Enc *self)
{
	return MAX(self->budget * REFINE_PERCENT / 100, wfd_x264_enc_picture_share(self) / REFINE_LEAST_PART);
}

/*
 * When x264 would have all the bits for what is new that it can have: its buffer is full, and no more than that does it count
 * there.  Its rate control looks at the mean as well, over pictures, since it knows no time: without a burst to come it is to
 * see some more in which there was nothing.
 */
static double most_x264_bits(const WfdX264Enc *self)
{
	const double credit = self->bursts ? 0 : CREDIT_PICTURES * wfd_x264_enc_picture_share(self);

	return self->param.rc.i_vbv_buffer_size * 1000.0 + credit;
}

void wfd_x264_enc_follow_x264(WfdX264Enc *self, double bits)
{
	/* What it has spent beyond that it has forgotten with the next picture, too. */
	self->x264_bits = CLAMP(self->x264_bits - bits + wfd_x264_enc_picture_share(self), 0, most_x264_bits(self));
}

gboolean wfd_x264_enc_x264_is_full(const WfdX264Enc *self)
{
	return self->x264_bits >= most_x264_bits(self);
}
