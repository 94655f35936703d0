// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The modes of a session: see umd-private.h.
 */
#include "umd-private.h"

#include "audio-encoders.h"

#define FLOOR_PIXEL_RATE (1024 * 768 * 30)

/* What no mode is lowered below. */
#define LEAST_PIXELS (1280 * 720)

/* ------------------------------------------------------------- what is offered */

static const struct wfd_mode *mode_at(const GArray *modes, guint i)
{
	return g_array_index(modes, struct wfd_mode_choice, i).mode;
}

static guint pixels(const struct wfd_mode *mode)
{
	return (guint)mode->width * mode->height;
}

static guint64 pixel_rate(const struct wfd_mode *mode)
{
	return (guint64)pixels(mode) * mode->refresh_hz;
}

static gboolean is_offered(const umd_session *s, const struct wfd_mode *mode)
{
	return !s->most_pixel_rate || pixel_rate(mode) <= s->most_pixel_rate;
}

GArray *umd_modes_offered(const umd_session *s)
{
	GArray *offered = g_array_new(FALSE, FALSE, sizeof(struct wfd_mode_choice));

	for (guint i = 0; i < s->modes->len; i++) {
		if (is_offered(s, mode_at(s->modes, i)))
			g_array_append_val(offered, g_array_index(s->modes, struct wfd_mode_choice, i));
	}
	return offered;
}

/* If some are left out, of those that are left one that is not too small, where there is one. */
static const struct wfd_mode *best_mode(const umd_session *s)
{
	const struct wfd_mode *best = NULL;

	for (guint i = 0; i < s->modes->len; i++) {
		const struct wfd_mode *mode = mode_at(s->modes, i);

		if (!is_offered(s, mode))
			continue;
		if (!s->most_pixel_rate || pixels(mode) >= LEAST_PIXELS)
			return mode;
		best = best ? best : mode;
	}
	return best;
}

/* The least one that a mode is lowered to; NULL: none needs less than @mode. */
static const struct wfd_mode *least_below(const GArray *modes, const struct wfd_mode *mode)
{
	const struct wfd_mode *least = NULL;

	for (guint i = 0; i < modes->len; i++) {
		const struct wfd_mode *other = mode_at(modes, i);

		if (pixels(other) >= LEAST_PIXELS && pixel_rate(other) < pixel_rate(mode) &&
		    (!least || pixel_rate(other) < pixel_rate(least)))
			least = other;
	}
	return least;
}

gboolean umd_modes_too_slow(umd_session *s, const struct wfd_mode *mode, guint picture_us)
{
	const guint64 rate = (guint64)pixels(mode) * G_USEC_PER_SEC / MAX(picture_us, 1);
	const struct wfd_mode *least = least_below(s->modes, mode);

	/* What was lowered and is too much all the same is told as it was. */
	if (s->slow_lowered && !least)
		return FALSE;
	s->slow_mode = mode;
	s->slow_lowered = least && s->config->kernel && !s->config->wish.width && mode == umd_modes_preferred(s);
	g_message("%s takes %u ms for a picture of %ux%u at %u Hz: %s", video_encoder_element(s->encoder),
		  picture_us / 1000, mode->width, mode->height, mode->refresh_hz,
		  s->slow_lowered ? "the desktop is offered lower modes" : "the mode stays");
	if (s->slow_lowered)
		s->most_pixel_rate = MAX(rate, pixel_rate(least));
	return s->slow_lowered;
}

/* --------------------------------------------------------------- what is agreed on */

/* The wish of the user if the sink can do it, else the best mode. */
const struct wfd_mode *umd_modes_preferred(umd_session *s)
{
	const struct wfd_mode_request *wish = &s->config->wish;
	const struct wfd_mode *mode = NULL;

	if (wish->width) {
		for (guint i = 0; i < s->modes->len && !mode; i++) {
			mode = g_array_index(s->modes, struct wfd_mode_choice, i).mode;
			if (mode->width != wish->width || mode->height != wish->height ||
			    (wish->refresh_mhz && !wfd_mode_matches_rate(mode, wish->refresh_mhz)))
				mode = NULL;
		}
		if (!mode)
			g_message("the sink cannot show %ux%u; taking its best mode", wish->width,
				  wish->height);
	}
	return mode ? mode : best_mode(s);
}

void umd_modes_drop(umd_session *s, const struct wfd_mode *mode)
{
	g_mutex_lock(&s->lock);
	for (guint i = s->modes->len; i-- > 0;) {
		if (g_array_index(s->modes, struct wfd_mode_choice, i).mode == mode)
			g_array_remove_index(s->modes, i);
	}
	/* A mode that is too much is better than none. */
	if (s->modes->len && !best_mode(s))
		s->most_pixel_rate = 0;
	g_mutex_unlock(&s->lock);
}

const struct wfd_mode *umd_modes_next(umd_session *s, gboolean last)
{
	const struct wfd_mode *mandatory = monitor_find_mode(s->modes, 640, 480, 60000);

	if (!s->modes->len)
		return NULL;
	return last && mandatory ? mandatory : umd_modes_preferred(s);
}

/* Of what the encoder can do, what the sink takes. */
static struct wfd_encoder_limits limits_for_sink(const umd_session *s)
{
	struct wfd_encoder_limits limits = s->limits;

	if (s->quirks.baseline_only)
		limits.h264_profiles &= WFD_H264_PROFILE_CBP;
	return limits;
}

gboolean umd_modes_negotiate(umd_session *s, const struct wfd_mode *mode,
			     struct wfd_selection *selection, GError **error)
{
	struct wfd_mode_request request = { mode->width, mode->height, mode->refresh_hz * 1000 };
	struct wfd_encoder_limits limits = limits_for_sink(s);

	if (!wfd_negotiate(s->caps, &limits, &request, selection, error))
		return FALSE;
	if (s->config->audio == CHANNEL_AUDIO_NONE && !s->quirks.audio_required)
		selection->audio_format = WFD_AUDIO_NONE;
	return TRUE;
}

/* What the user has asked for is on offer, even if the encoder does not keep up with it. */
static void allow_wish(umd_session *s)
{
	const struct wfd_mode_request *wish = &s->config->wish;
	guint64 rate = (guint64)wish->width * wish->height * MAX(wish->refresh_mhz, 60000) / 1000;

	if (wish->width && s->limits.max_pixel_rate)
		s->limits.max_pixel_rate = MAX(s->limits.max_pixel_rate, rate);
}

gboolean umd_encoder_choose(umd_session *s, GError **error)
{
	const struct video_encoder *encoder = video_encoder_choose(s->config->encoder, error);

	if (!encoder)
		return FALSE;
	s->encoder = encoder;
	video_encoder_limits(encoder, &s->limits);
	allow_wish(s);
	return TRUE;
}

/* The next one may be slower than the mode wants, which the desktop has set by now: it is used. */
static gboolean choose_again(umd_session *s, GError **error)
{
	if (!umd_encoder_choose(s, error))
		return FALSE;
	s->limits.max_pixel_rate = 0;
	return TRUE;
}

gboolean umd_modes_promise(umd_session *s, const struct wfd_mode *mode,
			   struct wfd_selection *selection, enum channel_reason *reason,
			   GError **error)
{
	g_autoptr(GError) cause = NULL;

	*reason = CHANNEL_REASON_NO_COMMON_MODE;
	if (!umd_modes_negotiate(s, mode, selection, error))
		return FALSE;
	while (!video_encoder_try(s->encoder, selection, NULL)) {
		*reason = CHANNEL_REASON_ENCODER_FAILED;
		if (!choose_again(s, error) || !umd_modes_negotiate(s, mode, selection, error))
			return FALSE;
	}
	return TRUE;
}

gboolean umd_encoder_replace(umd_session *s, const char *why, GError **error)
{
	video_encoder_give_up(s->encoder, s->selection.profile, why);
	while (choose_again(s, error)) {
		if (s->limits.h264_profiles & s->selection.profile)
			return TRUE;
		/* As a rule the one that has failed, of which the other profile is left. */
		video_encoder_give_up(s->encoder, s->limits.h264_profiles,
				      "it does not have the profile that the sink was promised");
	}
	return FALSE;
}

static guint64 least_bit_rate(const struct wfd_mode *mode)
{
	return (guint64)mode->width * mode->height * mode->refresh_hz * FLOOR_BIT_RATE /
	       FLOOR_PIXEL_RATE;
}

/* Leave out what the link cannot carry, but for the mode that needs least; returns whether (R30). */
static gboolean drop_modes(GArray *modes, guint link_rate)
{
	const struct wfd_mode *frugal = NULL;
	guint before = modes->len;

	for (guint i = 0; i < modes->len; i++) {
		const struct wfd_mode *mode = g_array_index(modes, struct wfd_mode_choice, i).mode;

		if (!frugal || least_bit_rate(mode) < least_bit_rate(frugal))
			frugal = mode;
	}
	for (guint i = modes->len; link_rate && i-- > 0;) {
		const struct wfd_mode *mode = g_array_index(modes, struct wfd_mode_choice, i).mode;

		if (mode != frugal && least_bit_rate(mode) > link_rate)
			g_array_remove_index(modes, i);
	}
	return modes->len < before;
}

static guint profiles_of(const struct wfd_video_formats *formats)
{
	guint profiles = 0;

	for (guint i = 0; i < formats->n_codecs; i++) {
		if (formats->codecs[i].codec == WFD_CODEC_H264)
			profiles |= formats->codecs[i].profile;
	}
	return profiles;
}

/* An encoder that the sink can decode: Constrained Baseline is what all of them must. */
static gboolean share_profile(umd_session *s, GError **error)
{
	guint sink = WFD_H264_PROFILE_CBP;

	if (!s->quirks.baseline_only)
		sink |= profiles_of(&s->caps->video) | profiles_of(&s->caps->video2) |
			profiles_of(&s->caps->videox);

	while (!(s->limits.h264_profiles & sink)) {
		video_encoder_give_up(s->encoder, s->limits.h264_profiles,
				      "the sink has none of its profiles");
		if (!umd_encoder_choose(s, error))
			return FALSE;
	}
	return TRUE;
}

/* Large pictures are another thing than those that every encoder was tried with. FALSE: not these. */
static gboolean does_large(umd_session *s, const GArray *modes)
{
	struct wfd_selection selection;

	for (guint i = 0; i < modes->len; i++) {
		const struct wfd_mode *mode = g_array_index(modes, struct wfd_mode_choice, i).mode;

		if ((mode->width > 1920 || mode->height > 1200) &&
		    umd_modes_negotiate(s, mode, &selection, NULL))
			return video_encoder_try(s->encoder, &selection, NULL);
	}
	return TRUE;
}

/* Of two limits, of which 0 is none. */
static guint least_of(guint64 a, guint64 b)
{
	return MIN(a && b ? MIN(a, b) : MAX(a, b), G_MAXUINT);
}

GArray *umd_modes_new(umd_session *s, GError **error)
{
	struct wfd_encoder_limits limits;
	GArray *modes;
	guint stereo, six;

	if (!share_profile(s, error))
		return NULL;

	s->limits.audio = s->quirks.audio_codecs;
	s->limits.max_bitrate = least_of(s->config->max_bit_rate, s->quirks.max_bit_rate);
	audio_encoders_available(&stereo, &six);
	s->limits.audio_six = s->limits.audio & six;
	s->limits.audio &= stereo;
	limits = limits_for_sink(s);
	modes = wfd_negotiate_modes(s->caps, &limits, error);
	if (modes && !does_large(s, modes)) {
		g_clear_pointer(&modes, g_array_unref);
		if (umd_encoder_choose(s, error) && share_profile(s, error)) {
			limits = limits_for_sink(s);
			modes = wfd_negotiate_modes(s->caps, &limits, error);
		}
	}
	if (modes)
		s->reduced = drop_modes(modes, s->limits.link_rate);
	return modes;
}
