// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The encoder of wfdx264enc.h, and the plugin that it is.  Linked with libx264 the plugin is under
 * the GPL, version 2 or later.
 */
#include "wfdx264enc.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <x264.h>

#include "h264-order.h"
#include "h264-patch.h"
#include "picture-reference.h"

#define DEFAULT_BITRATE 4000
#define DEFAULT_VBV_MS 80
#define DEFAULT_QP_MIN 12
/* So long at the bit rate of bursts, after which what was saved for one is used up. */
#define BURST_MS 150
#define MOST_QP 51
#define MACROBLOCK 16

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
/* Part of the bits at hand that what is planned may have; the rest is for what comes next. */
#define REFINE_PERCENT 80
/* ... and where none are it goes on, if slowly: with such a part of what a picture may have. */
#define REFINE_LEAST_PART 16
/* ... of what a picture may have, that a patch may: libx264 needs a tenth of the bits. */
#define PATCH_PART 3
#define CREDIT_PICTURES 10
/*
 * Of a macroblock that is coded again: its bits without any content, and those for a unit of it,
 * until more is known: text of any colour takes 3.4 to 4.6, a soft photo 2.8.
 */
#define BARE_BITS 4
#define FIRST_BITS_PER_UNIT 4.0
#define LEAST_BITS_PER_UNIT 2.0

struct _WfdX264Enc {
	GstVideoEncoder parent;

	/* Guarded by the object's lock. */
	guint bitrate;
	guint burst_bitrate;
	guint vbv_ms;
	guint qp_min;
	guint key_interval;
	guint slices;
	gboolean patches;
	gboolean bitrate_changed;

	/* Streaming thread. */
	GstVideoCodecState *input;
	x264_t *x264;
	x264_param_t param;
	gint64 n;	 /* pictures so far */
	guint since_key; /* ... and since a key frame */
	guint mb_width, mb_height;

	/* For the next picture, by macroblock. */
	guint8 *mb_info;
	float *offsets;

	/* Refinement. */
	float content_of[256]; /* by difference of two pixels */
	guint8 *rough;	/* by macroblock: it is not coded with the least quantiser */
	guint next;	/* where it goes on */
	double bits;	/* for a unit of content */
	double budget;	/* bits that may be sent now; below 0: too many were */
	double saved;	/* that were not sent of the bit rate, and are left for a burst */
	gboolean bursts; /* the rate is that of bursts */
	int motion_qp;	/* that something large that moves gets next; 0: x264 finds it */
	gint settled;	/* none is rough; read by any thread */
	struct h264_patch patch;
	picture_reference *reference; /* what x264 has seen last; NULL: there are no patches */
	guint number;  /* of the picture that comes, since the latest key frame */
	guint between; /* patches since x264's latest picture */
	double x264_bits;  /* that x264 believes to be at hand: by its pictures, whenever they come */
	GstClockTime last_pts;
};

/* What is done to a picture. */
struct plan {
	guint changed; /* macroblocks that are new */
	gboolean small; /* so few that they get the least quantiser at once */
	guint refined; /* that are coded again */
	double content; /* of those */
};

enum {
	PROP_BITRATE = 1,
	PROP_BURST_BITRATE,
	PROP_VBV,
	PROP_QP_MIN,
	PROP_KEY_INTERVAL,
	PROP_SLICES,
	PROP_PATCHES,
	PROP_SETTLED,
};

static GstStaticPadTemplate sink_template =
	GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
				GST_STATIC_CAPS("video/x-raw, format=I420, width=[16, 4096], height=[16, 2304], "
						"framerate=(fraction)[1/1, 240/1]"));
static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
				GST_STATIC_CAPS("video/x-h264, stream-format=byte-stream, alignment=au, "
						"profile={ constrained-baseline, high }"));

G_DEFINE_FINAL_TYPE(WfdX264Enc, wfd_x264_enc, GST_TYPE_VIDEO_ENCODER)

/* ------------------------------------------------------------------ parameters */

static void log_x264(void *data, int level, const char *format, va_list args)
{
	g_autofree char *text = g_strdup_vprintf(format, args);

	g_strchomp(text);
	if (level <= X264_LOG_ERROR)
		GST_ERROR_OBJECT(data, "%s", text);
	else
		GST_DEBUG_OBJECT(data, "%s", text);
}

static void set_rate(WfdX264Enc *self, x264_param_t *param)
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

static void set_colours(x264_param_t *param, const GstVideoColorimetry *colours)
{
	param->vui.b_fullrange = colours->range == GST_VIDEO_COLOR_RANGE_0_255;
	param->vui.i_colorprim = gst_video_color_primaries_to_iso(colours->primaries);
	param->vui.i_transfer = gst_video_transfer_function_to_iso(colours->transfer);
	param->vui.i_colmatrix = gst_video_color_matrix_to_iso(colours->matrix);
}

/* level_idc of "4.2"; none, and x264 finds one: -1. */
static int level_of(const char *name)
{
	guint major = 0, minor = 0;

	return name && sscanf(name, "%u.%u", &major, &minor) >= 1 ? (int)(major * 10 + minor) : -1;
}

/*
 * What costs least, since what it saves is worth more than the bits: on a desktop nearly
 * everything stays or moves by whole pixels.  No deblocking: it would blur what is left alone, and
 * then x264 may leave it alone no longer.
 */
static gboolean set_parameters(WfdX264Enc *self, const GstStructure *format)
{
	const GstVideoInfo *info = &self->input->info;
	gboolean high = g_strcmp0(gst_structure_get_string(format, "profile"), "high") == 0;
	x264_param_t *param = &self->param;

	if (x264_param_default_preset(param, "ultrafast", "zerolatency") < 0)
		return FALSE;
	param->pf_log = log_x264;
	param->p_log_private = self;
	param->i_width = GST_VIDEO_INFO_WIDTH(info);
	param->i_height = GST_VIDEO_INFO_HEIGHT(info);
	param->i_csp = X264_CSP_I420;
	param->i_fps_num = GST_VIDEO_INFO_FPS_N(info);
	param->i_fps_den = GST_VIDEO_INFO_FPS_D(info);
	/* A variable rate makes x264 keep each picture until it knows when the next one comes. */
	param->b_vfr_input = 0;
	param->b_cabac = 0;
	param->b_annexb = 1;
	param->b_repeat_headers = 1;
	param->b_aud = 1;
	/* Which picture is one is decided here, since its plan is another one. */
	param->i_keyint_max = X264_KEYINT_MAX_INFINITE;
	param->i_level_idc = level_of(gst_structure_get_string(format, "level"));
	param->vui.i_sar_width = param->vui.i_sar_height = 1;
	param->analyse.b_transform_8x8 = high;
	param->analyse.i_weighted_pred = X264_WEIGHTP_NONE;
	param->analyse.b_psy = 0;
	param->analyse.b_mb_info = 1;
	/*
	 * It says which macroblocks it has coded although they have not changed.  One that was to be skipped
	 * is taken to be worse than before: x264 gives a macroblock the quantiser of the one before if
	 * that is less by one, and then it is not the largest one.
	 */
	param->analyse.b_mb_info_update = 1;
	/* Offsets of the quantiser are a part of adaptive quantisation, which itself is not wanted. */
	param->rc.i_aq_mode = X264_AQ_VARIANCE;
	param->rc.f_aq_strength = 1e-4f;
	param->rc.i_rc_method = X264_RC_ABR;
	/* Beyond it offsets do not count any more. */
	param->rc.i_qp_max = MOST_QP;
	set_colours(param, &GST_VIDEO_INFO_COLORIMETRY(info));
	set_rate(self, param);
	GST_OBJECT_LOCK(self);
	param->rc.i_qp_min = self->qp_min;
	param->i_threads = self->slices;
	param->b_sliced_threads = self->slices > 1;
	param->i_slice_count = self->slices;
	GST_OBJECT_UNLOCK(self);
	return x264_param_apply_profile(param, high ? "high" : "baseline") == 0;
}

/* Does x264 refuse it? It only warns of a level that does not hold the pictures. */
static gboolean level_holds(const x264_param_t *param)
{
	const guint mbs = ((param->i_width + 15) / 16) * ((param->i_height + 15) / 16);

	for (const x264_level_t *level = x264_levels; level->level_idc; level++) {
		if (level->level_idc == param->i_level_idc)
			return (guint)level->frame_size >= mbs &&
			       (guint64)level->mbps * param->i_fps_den >= (guint64)mbs * param->i_fps_num;
	}
	return param->i_level_idc < 0;
}

/* ------------------------------------------------------------------- refinement */

/*
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
 *
 * The bits at hand are those of the time that has passed, not of the pictures: a picture that
 * comes after a pause may have more.
 */

static guint mb_count(const WfdX264Enc *self)
{
	return self->mb_width * self->mb_height;
}

static void begin_refinement(WfdX264Enc *self)
{
	/* What is less than the quantiser's step hardly counts: it is 1 at 4, and doubles each six. */
	const float step = exp2f((self->param.rc.i_qp_min - 4) / 6.0f);

	for (guint i = 0; i < G_N_ELEMENTS(self->content_of); i++)
		self->content_of[i] = log2f(1 + i / step);
	GST_OBJECT_LOCK(self);
	if (self->patches && self->slices == 1)
		self->reference = picture_reference_new(&self->input->info);
	GST_OBJECT_UNLOCK(self);
	self->mb_info = g_malloc(mb_count(self));
	self->offsets = g_new(float, mb_count(self));
	self->rough = g_malloc(mb_count(self));
	memset(self->rough, TRUE, mb_count(self));
	self->bits = FIRST_BITS_PER_UNIT;
	self->next = 0;
	self->budget = self->saved = 0;
	self->motion_qp = 0;
	g_atomic_int_set(&self->settled, FALSE);
	self->patch = (struct h264_patch){ 0 };
	self->number = self->between = 0;
	self->x264_bits = 0;
	self->last_pts = GST_CLOCK_TIME_NONE;
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

/* Bits that there are for each picture. */
static double picture_share(const WfdX264Enc *self)
{
	return self->param.rc.i_bitrate * 1000.0 * self->param.i_fps_den / self->param.i_fps_num;
}

/* Bits that what is planned may have. */
static double bits_at_hand(const WfdX264Enc *self)
{
	return MAX(self->budget * REFINE_PERCENT / 100, picture_share(self) / REFINE_LEAST_PART);
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

/*
 * x264's rate control looks back for long: it takes twice as many pictures as need be until what
 * moves is as good after a key frame as it was before.  Bits double with six steps of the quantiser,
 * about; when they were too many it is x264's turn.
 */
static int next_motion_qp(const WfdX264Enc *self, const struct plan *plan, int qp, double bits)
{
	const double share = picture_share(self);

	if (plan->refined || bits > share * 5 / 4)
		return 0;
	if (bits < share)
		qp -= MIN((int)(6 * log2(share / bits)), MOTION_QP_STEP);
	return MAX(qp, self->param.rc.i_qp_min);
}

/* A picture of so many bits came out, with this quantiser where no macroblock has its own. */
static void learn(WfdX264Enc *self, const struct plan *plan, int qp, double bits, gboolean known)
{
	double share = picture_share(self);
	guint waiting = 0;

	self->motion_qp = known && moves(self, plan) ? next_motion_qp(self, plan, qp, bits) : 0;
	self->budget -= bits;
	self->saved -= bits;
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

/* ------------------------------------------------------------------ the encoder */

static gboolean enc_stop(GstVideoEncoder *encoder)
{
	WfdX264Enc *self = WFD_X264_ENC(encoder);

	g_clear_pointer(&self->x264, x264_encoder_close);
	g_clear_pointer(&self->input, gst_video_codec_state_unref);
	g_clear_pointer(&self->reference, picture_reference_free);
	g_clear_pointer(&self->mb_info, g_free);
	g_clear_pointer(&self->offsets, g_free);
	g_clear_pointer(&self->rough, g_free);
	return TRUE;
}

static GstCaps *choose_caps(WfdX264Enc *self)
{
	GstCaps *caps = gst_pad_get_allowed_caps(GST_VIDEO_ENCODER_SRC_PAD(self));

	if (!caps)
		caps = gst_static_pad_template_get_caps(&src_template);
	if (gst_caps_is_empty(caps)) {
		gst_caps_unref(caps);
		return NULL;
	}
	return gst_caps_fixate(gst_caps_truncate(gst_caps_make_writable(caps)));
}

static gboolean enc_set_format(GstVideoEncoder *encoder, GstVideoCodecState *state)
{
	WfdX264Enc *self = WFD_X264_ENC(encoder);
	g_autoptr(GstCaps) caps = choose_caps(self);
	GstVideoCodecState *output;

	/* Caps need not name the mode of progressive pictures, so the template cannot ask for it. */
	if (!caps || GST_VIDEO_INFO_IS_INTERLACED(&state->info))
		return FALSE;
	enc_stop(encoder);
	self->bursts = FALSE;
	self->input = gst_video_codec_state_ref(state);
	if (!set_parameters(self, gst_caps_get_structure(caps, 0)))
		return FALSE;
	if (!level_holds(&self->param)) {
		GST_ERROR_OBJECT(self, "level %d does not hold such pictures", self->param.i_level_idc);
		return FALSE;
	}
	self->x264 = x264_encoder_open(&self->param);
	if (!self->x264)
		return FALSE;
	x264_encoder_parameters(self->x264, &self->param);
	self->n = 0;
	self->since_key = 0;
	self->mb_width = (self->param.i_width + MACROBLOCK - 1) / MACROBLOCK;
	self->mb_height = (self->param.i_height + MACROBLOCK - 1) / MACROBLOCK;
	begin_refinement(self);
	output = gst_video_encoder_set_output_state(encoder, gst_caps_ref(caps), state);
	gst_video_codec_state_unref(output);
	return gst_video_encoder_negotiate(encoder);
}

/* ------------------------------------------------------------------ pictures */

/* The macroblocks that the area touches have changed. */
static void mark_changed(WfdX264Enc *self, const GstVideoRegionOfInterestMeta *area)
{
	/* Whoever gives the buffer may claim anything. */
	guint right = MIN(((guint64)area->x + area->w + MACROBLOCK - 1) / MACROBLOCK, self->mb_width);
	guint bottom = MIN(((guint64)area->y + area->h + MACROBLOCK - 1) / MACROBLOCK, self->mb_height);
	guint left = area->x / MACROBLOCK;

	for (guint y = area->y / MACROBLOCK; y < bottom && left < right && area->h; y++)
		memset(self->mb_info + y * self->mb_width + left, 0, right - left);
}

/* FALSE: everything is new, as far as is known. */
static gboolean find_changes(WfdX264Enc *self, GstBuffer *buffer)
{
	const GQuark changed = g_quark_from_static_string(WFD_CHANGED);
	gboolean known = FALSE;
	gpointer state = NULL;
	GstMeta *meta;

	while ((meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
		const GstVideoRegionOfInterestMeta *area = (GstVideoRegionOfInterestMeta *)meta;

		if (area->roi_type != changed)
			continue;
		if (!known)
			memset(self->mb_info, X264_MBINFO_CONSTANT, self->mb_width * self->mb_height);
		known = TRUE;
		if (area->w)
			mark_changed(self, area);
	}
	return known;
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
	set_rate(self, &self->param);
	if (x264_encoder_reconfig(self->x264, &self->param) < 0)
		GST_WARNING_OBJECT(self, "the bit rate stays");
}

static gboolean is_key_frame(WfdX264Enc *self, const GstVideoCodecFrame *frame)
{
	guint most;

	GST_OBJECT_LOCK(self);
	most = self->key_interval;
	GST_OBJECT_UNLOCK(self);
	return !self->n || self->since_key >= most || GST_VIDEO_CODEC_FRAME_IS_FORCE_KEYFRAME(frame);
}

/*
 * When x264 would have all the bits for what is new that it can have: its buffer is full, and no more than that does it count
 * there.  Its rate control looks at the mean as well, over pictures, since it knows no time: without a burst to come it is to
 * see some more in which there was nothing.
 */
static double most_x264_bits(const WfdX264Enc *self)
{
	return self->param.rc.i_vbv_buffer_size * 1000.0 + (self->bursts ? 0 : CREDIT_PICTURES * picture_share(self));
}

static void follow_x264(WfdX264Enc *self, double bits)
{
	/* What it has spent beyond that it has forgotten with the next picture, too. */
	self->x264_bits = CLAMP(self->x264_bits - bits + picture_share(self), 0, most_x264_bits(self));
}

/*
 * A patch, where the picture before is as good as it gets: x264 need not see it.  FALSE: it has to,
 * also where its buffer is not full yet: what is new would have fewer bits for it.
 */
static gboolean write_patch(WfdX264Enc *self, GstVideoCodecFrame *frame, const GstVideoFrame *input)
{
	g_autoptr(GByteArray) out = NULL;
	guint most, found;
	gsize size;

	if (!self->reference || self->between == H264_ORDER_MOST_BETWEEN ||
	    self->x264_bits < most_x264_bits(self) || !g_atomic_int_get(&self->settled))
		return FALSE;
	picture_reference_keep(self->reference, input, self->mb_info);
	most = MIN(picture_share(self) / PATCH_PART, bits_at_hand(self)) / H264_PATCH_BITS;
	found = picture_reference_look(self->reference, input, self->mb_info, most);
	if (found > most)
		return FALSE;
	out = g_byte_array_sized_new(64 + found * H264_PATCH_BITS / 8);
	if (!h264_patch_write(&self->patch, self->number, input, picture_reference_different(self->reference), out))
		return FALSE;
	size = out->len;
	self->between++;
	self->budget -= size * 8.0;
	self->saved -= size * 8.0;
	frame->output_buffer = gst_buffer_new_wrapped(g_byte_array_free(g_steal_pointer(&out), FALSE), size);
	return TRUE;
}

/* x264 gets what it has not seen of patches as well. */
static void take_patches(WfdX264Enc *self, gboolean known)
{
	const guint8 *different;

	if (!self->reference)
		return;
	different = picture_reference_different(self->reference);
	for (guint at = 0; known && at < mb_count(self); at++)
		self->mb_info[at] = different[at] ? 0 : self->mb_info[at];
	picture_reference_encoded(self->reference, known ? self->mb_info : NULL);
	self->between = 0;
}

/* The NAL units of a picture lie one behind the other. NULL: x264 writes what it never did. */
static GstBuffer *make_output(WfdX264Enc *self, const x264_nal_t *nals, guint n, gsize size)
{
	g_autoptr(GByteArray) out = NULL;

	if (!self->reference)
		return gst_buffer_new_memdup(nals[0].p_payload, size);
	/* A place for each slice, and some for the SPS. */
	out = g_byte_array_sized_new(size + 2 * n + 8);
	for (guint i = 0; i < n; i++) {
		if (!h264_order_add(nals[i].p_payload, nals[i].i_payload, self->number, out))
			return NULL;
	}
	size = out->len;
	return gst_buffer_new_wrapped(g_byte_array_free(g_steal_pointer(&out), FALSE), size);
}

static GstFlowReturn fail(WfdX264Enc *self, GstVideoCodecFrame *frame, const char *what, int size)
{
	GST_ELEMENT_ERROR(self, STREAM, ENCODE, (NULL), ("x264 gives %s (%d)", what, size));
	gst_video_encoder_finish_frame(GST_VIDEO_ENCODER(self), frame);
	return GST_FLOW_ERROR;
}

static GstFlowReturn finish(WfdX264Enc *self, GstVideoCodecFrame *frame)
{
	self->number++;
	frame->dts = frame->pts;
	return gst_video_encoder_finish_frame(GST_VIDEO_ENCODER(self), frame);
}

static GstFlowReturn encode(WfdX264Enc *self, GstVideoCodecFrame *frame, const GstVideoFrame *input,
			    x264_picture_t *picture)
{
	gboolean known = find_changes(self, frame->input_buffer), key = picture->i_type == X264_TYPE_IDR;
	struct plan plan = { 0 };
	double left;
	x264_picture_t out;
	x264_nal_t *nals;
	int n = 0, size;

	save(self, frame->pts);
	follow_rate(self);
	earn_budget(self, frame->pts);
	if (known && !key && write_patch(self, frame, input))
		return finish(self, frame);
	take_patches(self, known);
	/* The arrays are read in the call. */
	if (known && !key) {
		picture->prop.mb_info = self->mb_info;
		picture->prop.quant_offsets = self->offsets;
		left = bits_at_hand(self);
		plan.small = plan_changes(self, picture, &left);
		plan_refinement(self, picture, left, &plan);
		/* Rows of macroblocks may get larger ones yet: x264 keeps to its buffer. */
		if (plan.small)
			picture->i_qpplus1 = self->param.rc.i_qp_min + 1;
		else if (self->motion_qp && moves(self, &plan))
			picture->i_qpplus1 = self->motion_qp + 1;
	}
	size = x264_encoder_encode(self->x264, &nals, &n, picture, &out);
	if (size <= 0)
		return fail(self, frame, "no picture", size);
	if (out.b_keyframe) {
		self->number = 0;
		GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT(frame);
	}
	frame->output_buffer = make_output(self, nals, n, size);
	if (!frame->output_buffer)
		return fail(self, frame, "a picture of another form", size);
	follow_x264(self, size * 8.0);
	h264_patch_learn(&self->patch, nals[n - 1].p_payload, nals[n - 1].i_payload);
	learn(self, &plan, out.i_qpplus1 - 1, size * 8.0, picture->prop.mb_info != NULL && !out.b_keyframe);
	return finish(self, frame);
}

static GstFlowReturn enc_handle_frame(GstVideoEncoder *encoder, GstVideoCodecFrame *frame)
{
	WfdX264Enc *self = WFD_X264_ENC(encoder);
	GstVideoFrame input;
	x264_picture_t picture;
	GstFlowReturn flow;

	if (!gst_video_frame_map(&input, &self->input->info, frame->input_buffer, GST_MAP_READ)) {
		gst_video_encoder_finish_frame(encoder, frame);
		return GST_FLOW_ERROR;
	}
	x264_picture_init(&picture);
	picture.img.i_csp = X264_CSP_I420;
	picture.img.i_plane = 3;
	for (guint i = 0; i < 3; i++) {
		picture.img.plane[i] = GST_VIDEO_FRAME_PLANE_DATA(&input, i);
		picture.img.i_stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&input, i);
	}
	if (is_key_frame(self, frame)) {
		picture.i_type = X264_TYPE_IDR;
		self->since_key = 0;
	}
	self->since_key++;
	picture.i_pts = self->n++;
	flow = encode(self, frame, &input, &picture);
	gst_video_frame_unmap(&input);
	return flow;
}

/* ------------------------------------------------------------------- the element */

static void enc_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	WfdX264Enc *self = WFD_X264_ENC(object);

	GST_OBJECT_LOCK(self);
	switch (id) {
	case PROP_BITRATE:
		self->bitrate = g_value_get_uint(value);
		self->bitrate_changed = TRUE;
		break;
	case PROP_BURST_BITRATE:
		self->burst_bitrate = g_value_get_uint(value);
		self->bitrate_changed = TRUE;
		break;
	case PROP_VBV:
		self->vbv_ms = g_value_get_uint(value);
		self->bitrate_changed = TRUE;
		break;
	case PROP_QP_MIN:
		self->qp_min = g_value_get_uint(value);
		break;
	case PROP_KEY_INTERVAL:
		self->key_interval = g_value_get_uint(value);
		break;
	case PROP_SLICES:
		self->slices = g_value_get_uint(value);
		break;
	case PROP_PATCHES:
		self->patches = g_value_get_boolean(value);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(self);
}

static void enc_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	WfdX264Enc *self = WFD_X264_ENC(object);

	GST_OBJECT_LOCK(self);
	switch (id) {
	case PROP_BITRATE:
		g_value_set_uint(value, self->bitrate);
		break;
	case PROP_BURST_BITRATE:
		g_value_set_uint(value, self->burst_bitrate);
		break;
	case PROP_VBV:
		g_value_set_uint(value, self->vbv_ms);
		break;
	case PROP_QP_MIN:
		g_value_set_uint(value, self->qp_min);
		break;
	case PROP_KEY_INTERVAL:
		g_value_set_uint(value, self->key_interval);
		break;
	case PROP_SLICES:
		g_value_set_uint(value, self->slices);
		break;
	case PROP_PATCHES:
		g_value_set_boolean(value, self->patches);
		break;
	case PROP_SETTLED:
		g_value_set_boolean(value, g_atomic_int_get(&self->settled));
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(self);
}

static void add_property(GObjectClass *class, guint id, const char *name, const char *what, guint least, guint most,
			 guint normal, GParamFlags flags)
{
	g_object_class_install_property(class, id,
					g_param_spec_uint(name, name, what, least, most, normal,
							  G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | flags));
}

static void wfd_x264_enc_class_init(WfdX264EncClass *class)
{
	GObjectClass *object_class = G_OBJECT_CLASS(class);
	GstElementClass *element_class = GST_ELEMENT_CLASS(class);
	GstVideoEncoderClass *encoder_class = GST_VIDEO_ENCODER_CLASS(class);

	object_class->set_property = enc_set_property;
	object_class->get_property = enc_get_property;
	encoder_class->stop = enc_stop;
	encoder_class->set_format = enc_set_format;
	encoder_class->handle_frame = enc_handle_frame;
	add_property(object_class, PROP_BITRATE, "bitrate", "kbit/s", 1, 1000000, DEFAULT_BITRATE,
		     GST_PARAM_MUTABLE_PLAYING);
	add_property(object_class, PROP_BURST_BITRATE, "burst-bitrate", "kbit/s for a moment after a still picture; 0: as bitrate",
		     0, 1000000, 0, GST_PARAM_MUTABLE_PLAYING);
	add_property(object_class, PROP_VBV, "vbv-buf-capacity", "ms of the bit rate that a decoder buffers", 1, 10000,
		     DEFAULT_VBV_MS, GST_PARAM_MUTABLE_READY);
	add_property(object_class, PROP_QP_MIN, "qp-min", "least quantiser", 1, MOST_QP, DEFAULT_QP_MIN,
		     GST_PARAM_MUTABLE_READY);
	add_property(object_class, PROP_KEY_INTERVAL, "key-int-max", "pictures between key frames, at most", 1, G_MAXINT,
		     X264_KEYINT_MAX_INFINITE, GST_PARAM_MUTABLE_READY);
	add_property(object_class, PROP_SLICES, "slices", "slices of a picture, and threads", 1, 16, 1,
		     GST_PARAM_MUTABLE_READY);
	g_object_class_install_property(object_class, PROP_PATCHES,
					g_param_spec_boolean("patches", "patches", "pictures with little news are written without libx264",
							     TRUE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
							     GST_PARAM_MUTABLE_READY));
	g_object_class_install_property(object_class, PROP_SETTLED,
					g_param_spec_boolean("settled", "settled", "the latest picture gets no better",
							     FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
	gst_element_class_add_static_pad_template(element_class, &sink_template);
	gst_element_class_add_static_pad_template(element_class, &src_template);
	gst_element_class_set_static_metadata(element_class, "H.264 encoder for desktops", "Codec/Encoder/Video",
					      "libx264, told what has not changed", "miracast");
}

static void wfd_x264_enc_init(WfdX264Enc *self)
{
	self->bitrate = DEFAULT_BITRATE;
	self->vbv_ms = DEFAULT_VBV_MS;
	self->qp_min = DEFAULT_QP_MIN;
	self->key_interval = X264_KEYINT_MAX_INFINITE;
	self->slices = 1;
	self->patches = TRUE;
}

static gboolean plugin_init(GstPlugin *plugin)
{
	return gst_element_register(plugin, "wfdx264enc", GST_RANK_NONE, WFD_TYPE_X264_ENC);
}

#define PACKAGE "miracast"

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, wfdx264, "H.264 encoder for desktops", plugin_init, VERSION,
		  "GPL", "miracast", "https://www.wi-fi.org/discover-wi-fi/miracast")
