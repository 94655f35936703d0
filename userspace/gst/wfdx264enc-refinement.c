// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which macroblocks get the least quantiser, and when: see wfdx264enc-private.h.
 *
 * x264 would code a macroblock that has not changed anew in each picture that has a smaller
 * quantiser than the one before, and its rate control takes a step at a time: a dozen whole
 * pictures until a new page is as good as it gets.  So which macroblocks become better is
 * decided here: as many as there are bits for, each once, with the least quantiser.  How many
 * that are is estimated, and not from macroblocks in general: those of text take a hundred times
 * the bits of those around it, those of a photo more.  A macroblock's content is the sum of
 * logarithms of the differences of its pixels, which is about the bits that they take.  The
 * others are told to be skipped by a large offset of theirs: x264 skips what was coded with
 * no larger one.
 *
 * What is new and small, a letter or a cursor, is coded with the least quantiser at once, and need
 * not be sent again.  Of all else that is new nobody knows how good it is: x264 raises the quantiser
 * on the way down a picture, to 51 where it must, and does not tell.  An offset of the least one
 * holds whatever it does.
 */
#include "wfdx264enc-private.h"

#include <math.h>
#include <string.h>

/*
 * So large a part of a picture is new where something large moves.  Its quantiser goes down by so
 * much from one picture to the next at most.
 */
#define MOTION_PART 16
#define MOTION_QP_STEP 8

/* What is added to a macroblock's quantiser: nothing; it becomes the least one; it is skipped. */
#define KEEP 0.0f
#define REFINE (-(float)MOST_QP)
#define LEAVE ((float)MOST_QP)
/*
 * Of a macroblock that is coded again: its bits without any content, and those for a unit of it,
 * until more is known: text of any colour takes 3.4 to 4.6, a soft photo 2.8.
 */
#define BARE_BITS 4
#define FIRST_BITS_PER_UNIT 4.0
#define LEAST_BITS_PER_UNIT 2.0

void wfd_x264_enc_begin_refinement(WfdX264Enc *self)
{
	/* What is less than the quantiser's step hardly counts: it is 1 at 4, and doubles each six. */
	const float step = exp2f((self->param.rc.i_qp_min - 4) / 6.0f);

	for (guint i = 0; i < G_N_ELEMENTS(self->content_of); i++)
		self->content_of[i] = log2f(1 + i / step);
	self->offsets = g_new(float, mb_count(self));
	self->rough = g_malloc(mb_count(self));
	memset(self->rough, TRUE, mb_count(self));
	self->bits = FIRST_BITS_PER_UNIT;
	self->next = 0;
	self->motion_qp = 0;
	g_atomic_int_set(&self->settled, FALSE);
}

/* Of every second row, to the right and downward: as many differences as there are pixels. */
static double content(const WfdX264Enc *self, const x264_picture_t *picture, guint at)
{
	const guint x = at % self->mb_width * MACROBLOCK, y = at / self->mb_width * MACROBLOCK;
	const guint width = MIN(MACROBLOCK, self->param.i_width - x), height = MIN(MACROBLOCK, self->param.i_height - y);
	const int stride = picture->img.i_stride[0];
	float sum = 0;

	for (guint row = 0; row + 1 < height; row += 2) {
		const guint8 *luma = picture->img.plane[0] + (gsize)(y + row) * stride + x;

		for (guint i = 0; i + 1 < width; i++)
			sum += self->content_of[ABS(luma[i] - luma[i + 1])] +
			       self->content_of[ABS(luma[i] - luma[i + stride])];
	}
	return sum;
}

static double bits_of(const WfdX264Enc *self, double found)
{
	return BARE_BITS + self->bits * found;
}

/* What has changed, if @left bits are enough to code all of that with the least quantiser; it takes them. */
static gboolean plan_changes(WfdX264Enc *self, const x264_picture_t *picture, double *left)
{
	double bits = 0;

	for (guint at = 0; at < mb_count(self) && bits <= *left; at++) {
		if (!self->mb_info[at])
			bits += bits_of(self, content(self, picture, at));
	}
	if (bits > *left)
		return FALSE;
	*left -= bits;
	return TRUE;
}

/* Which macroblocks are coded again, one at least where some wait; fills in the offsets. */
static void plan_refinement(WfdX264Enc *self, const x264_picture_t *picture, double left, struct plan *plan)
{
	const guint n = mb_count(self), first = self->next;

	for (guint i = 0; i < n; i++) {
		guint at = (first + i) % n;
		gboolean refine = self->mb_info[at] && self->rough[at] && left > 0;
		double found = refine ? content(self, picture, at) : 0;
		double bits = bits_of(self, found);

		refine = refine && (left >= bits || !plan->refined);
		if (refine)
			left -= bits;
		else if (found > 0)
			left = 0;
		if (!self->mb_info[at]) {
			plan->changed++;
			self->offsets[at] = plan->small ? REFINE : KEEP;
			self->rough[at] = !plan->small;
			continue;
		}
		self->offsets[at] = refine ? REFINE : LEAVE;
		if (!refine)
			continue;
		self->rough[at] = FALSE;
		plan->refined++;
		plan->content += found;
		self->next = (at + 1) % n;
	}
}

static gboolean moves(const WfdX264Enc *self, const struct plan *plan)
{
	return plan->changed > mb_count(self) / MOTION_PART;
}

void wfd_x264_enc_plan(WfdX264Enc *self, x264_picture_t *picture, struct plan *plan)
{
	double left = wfd_x264_enc_bits_at_hand(self);

	/* The arrays are read in the call. */
	picture->prop.mb_info = self->mb_info;
	picture->prop.quant_offsets = self->offsets;
	plan->small = plan_changes(self, picture, &left);
	plan_refinement(self, picture, left, plan);
	/* Rows of macroblocks may get larger ones yet: x264 keeps to its buffer. */
	if (plan->small)
		picture->i_qpplus1 = self->param.rc.i_qp_min + 1;
	else if (self->motion_qp && moves(self, plan))
		picture->i_qpplus1 = self->motion_qp + 1;
}

/*
 * x264's rate control looks back for long: it takes twice as many pictures as need be until what
 * moves is as good after a key frame as it was before.  Bits double with six steps of the quantiser,
 * about; when they were too many it is x264's turn.
 */
static int next_motion_qp(const WfdX264Enc *self, const struct plan *plan, int qp, double bits)
{
	const double share = wfd_x264_enc_picture_share(self);

	if (plan->refined || bits > share * 5 / 4)
		return 0;
	if (bits < share)
		qp -= MIN((int)(6 * log2(share / bits)), MOTION_QP_STEP);
	return MAX(qp, self->param.rc.i_qp_min);
}

void wfd_x264_enc_learn(WfdX264Enc *self, const struct plan *plan, int qp, double bits, gboolean known)
{
	double share = wfd_x264_enc_picture_share(self);
	guint waiting = 0;

	self->motion_qp = known && moves(self, plan) ? next_motion_qp(self, plan, qp, bits) : 0;
	for (guint i = 0; i < mb_count(self); i++) {
		if (!known || (self->offsets[i] == LEAVE && !self->mb_info[i]))
			self->rough[i] = TRUE;
		waiting += self->rough[i];
	}
	g_atomic_int_set(&self->settled, !waiting);
	/* From what is large enough to say something; more than was thought is believed at once. */
	if (!plan->changed && plan->content * self->bits > share / 2) {
		double found = MAX((bits - BARE_BITS * (double)plan->refined) / plan->content, LEAST_BITS_PER_UNIT);

		self->bits = found > self->bits ? found : (3 * self->bits + found) / 4;
	}
}
