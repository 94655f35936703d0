/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wfd-negotiate.h"

/* What a processor can be expected to encode beside the desktop. */
#define SOFTWARE_PIXEL_RATE (G_GUINT64_CONSTANT(1920) * 1080 * 30)

static guint profiles(const struct wfd_encoder_limits *limits)
{
	return limits->h264_profiles ? limits->h264_profiles : WFD_H264_PROFILE_CBP;
}

static gboolean within_limits(const struct wfd_mode *mode, const struct wfd_encoder_limits *limits)
{
	return (!limits->max_width || mode->width <= limits->max_width) &&
	       (!limits->max_height || mode->height <= limits->max_height) &&
	       (!limits->max_pixel_rate || wfd_mode_pixel_rate(mode) <= limits->max_pixel_rate);
}

/*
 * The level to encode @mode with for a sink that decodes up to @sink_level, or -1.
 * A stream that says less than H.264 asks for its size and rate cannot be made:
 * encoders refuse, or write the level that is true.
 */
static int choose_level(const struct wfd_mode *mode, int sink_level,
			const struct wfd_encoder_limits *limits)
{
	int h264 = wfd_level_for(mode->width, mode->height, mode->refresh_hz);
	int level = MAX(h264, (int)mode->min_level);

	if (h264 < 0 || level > sink_level || level > (int)limits->max_level)
		return -1;
	return level;
}

static gboolean is_listed(const GArray *choices, const struct wfd_mode *mode)
{
	for (guint i = 0; i < choices->len; i++) {
		const struct wfd_mode *other =
			g_array_index(choices, struct wfd_mode_choice, i).mode;

		if (other->width == mode->width && other->height == mode->height &&
		    other->refresh_hz == mode->refresh_hz)
			return TRUE;
	}
	return FALSE;
}

/* All modes of one codec tuple. */
static void add_codec_modes(GArray *choices, const struct wfd_video_formats *formats, guint index,
			    guint profile, const struct wfd_encoder_limits *limits)
{
	const struct wfd_video_codec *codec = &formats->codecs[index];
	int sink_level = wfd_level_from_bits(codec->level);
	const struct wfd_mode *mode;
	gsize n;

	if (codec->codec != WFD_CODEC_H264 || !(codec->profile & profile))
		return;

	mode = wfd_modes(&n);
	for (gsize i = 0; i < n; i++, mode++) {
		struct wfd_mode_choice choice = {
			.mode = mode, .set = formats->set, .profile = profile, .codec = index,
		};
		int level;

		if (!(mode->sets & formats->set) || mode->interlaced ||
		    !(codec->modes[mode->table] >> mode->bit & 1))
			continue;
		level = choose_level(mode, sink_level, limits);
		if (level < 0 || !within_limits(mode, limits) || is_listed(choices, mode))
			continue;
		choice.level = level;
		g_array_append_val(choices, choice);
	}
}

static void add_formats(GArray *choices, const struct wfd_video_formats *formats,
			const struct wfd_encoder_limits *limits)
{
	static const guint preference[] = { WFD_H264_PROFILE_CHP, WFD_H264_PROFILE_CBP };

	for (guint p = 0; p < G_N_ELEMENTS(preference); p++) {
		if (!(profiles(limits) & preference[p]))
			continue;
		for (guint i = 0; i < formats->n_codecs; i++)
			add_codec_modes(choices, formats, i, preference[p], limits);
	}
}

/* The parameters of the sink that may be used, in order of preference. */
static guint usable_formats(const wfd_sink_caps *caps, const struct wfd_video_formats *out[3])
{
	guint n = 0;

	if (caps->video.n_codecs && !caps->videox.n_codecs)
		out[n++] = &caps->video;
	if (caps->video2.n_codecs)
		out[n++] = &caps->video2;
	if (caps->videox.n_codecs)
		out[n++] = &caps->videox;
	return n;
}

/*
 * 640x480p60 is mandatory, whatever the masks say; but a mode that the sink has
 * named is the safer one.
 */
static gboolean add_mandatory(GArray *choices, enum wfd_set set,
			      const struct wfd_encoder_limits *limits)
{
	struct wfd_mode_choice choice = {
		.mode = wfd_mode_lookup(set, WFD_TABLE_CEA, 0),
		.set = set,
		.profile = profiles(limits) & WFD_H264_PROFILE_CBP ? WFD_H264_PROFILE_CBP :
								     WFD_H264_PROFILE_CHP,
		.level = WFD_LEVEL_3_1,
	};

	if (choices->len > 0)
		return TRUE;
	if (!within_limits(choice.mode, limits))
		return FALSE;
	g_array_append_val(choices, choice);
	return TRUE;
}

/* Keep what needs least. */
static void keep_lightest(GArray *choices)
{
	for (guint i = choices->len; i-- > 1;) {
		struct wfd_mode_choice *first = &g_array_index(choices, struct wfd_mode_choice, 0);
		struct wfd_mode_choice *other = &g_array_index(choices, struct wfd_mode_choice, i);

		if (wfd_mode_pixel_rate(other->mode) < wfd_mode_pixel_rate(first->mode))
			*first = *other;
	}
	if (choices->len > 1)
		g_array_set_size(choices, 1);
}

static void mark_native(GArray *choices, const struct wfd_video_formats *formats)
{
	const struct wfd_mode *native;
	struct wfd_mode_choice *best = NULL;

	if (formats->native_table == 0 && formats->native_bit == 0)
		return;
	native = wfd_mode_lookup(formats->set, formats->native_table, formats->native_bit);
	if (!native)
		return;

	for (guint i = 0; i < choices->len; i++) {
		struct wfd_mode_choice *choice = &g_array_index(choices, struct wfd_mode_choice, i);
		guint rate = choice->mode->refresh_hz;

		if (choice->mode->width != native->width || choice->mode->height != native->height)
			continue;
		if (rate == native->refresh_hz && rate >= 30 && !native->interlaced) {
			best = choice;
			break;
		}
		if (!best || rate > best->mode->refresh_hz)
			best = choice;
	}
	if (best)
		best->native = TRUE;
}

static int compare(guint64 a, guint64 b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static gint compare_choices(gconstpointer a, gconstpointer b, gpointer data)
{
	const struct wfd_encoder_limits *limits = data;
	const struct wfd_mode_choice *left = a, *right = b;
	guint64 left_rate = wfd_mode_pixel_rate(left->mode);
	guint64 right_rate = wfd_mode_pixel_rate(right->mode);
	int order = compare(left->native, right->native);

	if (!order && limits->software)
		order = compare(left_rate <= SOFTWARE_PIXEL_RATE, right_rate <= SOFTWARE_PIXEL_RATE);
	if (!order)
		order = compare(left_rate, right_rate);
	if (!order)
		order = compare(left->mode->width * left->mode->height,
				right->mode->width * right->mode->height);
	return order ? order : compare(left->mode->width, right->mode->width);
}

GArray *wfd_negotiate_modes(const wfd_sink_caps *caps, const struct wfd_encoder_limits *limits,
			    GError **error)
{
	g_autoptr(GArray) choices = g_array_new(FALSE, TRUE, sizeof(struct wfd_mode_choice));
	const struct wfd_video_formats *formats[3];
	guint n = usable_formats(caps, formats);

	for (guint i = 0; i < n; i++)
		add_formats(choices, formats[i], limits);
	if (!choices->len && limits->max_pixel_rate) {
		struct wfd_encoder_limits slow = *limits;

		slow.max_pixel_rate = 0;
		for (guint i = 0; i < n; i++)
			add_formats(choices, formats[i], &slow);
		keep_lightest(choices);
	}
	if (!add_mandatory(choices, n ? formats[0]->set : WFD_SET_R1, limits)) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_NO_MATCH,
			    "the encoder's limits (%ux%u, %" G_GUINT64_FORMAT
			    " pixels per second) do not even allow 640x480p60",
			    limits->max_width, limits->max_height, limits->max_pixel_rate);
		return NULL;
	}
	if (n)
		mark_native(choices, formats[0]);
	g_array_sort_with_data(choices, compare_choices, (gpointer)limits);
	return g_steal_pointer(&choices);
}

static const struct wfd_mode_choice *find_request(const GArray *choices,
						  const struct wfd_mode_request *request)
{
	for (guint i = 0; i < choices->len; i++) {
		const struct wfd_mode_choice *choice =
			&g_array_index(choices, struct wfd_mode_choice, i);

		if (!request || !request->width ||
		    (choice->mode->width == request->width &&
		     choice->mode->height == request->height &&
		     (!request->refresh_mhz ||
		      wfd_mode_matches_rate(choice->mode, request->refresh_mhz))))
			return choice;
	}
	return NULL;
}

/* NULL: the sink was not asked for one; that mode is mandatory. */
static const struct wfd_video_codec *chosen_codec(const wfd_sink_caps *caps, const struct wfd_mode_choice *choice)
{
	const struct wfd_video_formats *formats = &caps->video;

	if (choice->set == WFD_SET_R2)
		formats = &caps->video2;
	else if (choice->set == WFD_SET_X)
		formats = &caps->videox;
	return choice->codec < formats->n_codecs ? &formats->codecs[choice->codec] : NULL;
}

/* Frame skipping (bits 3:0) only makes sense when bit 0 says that it is there. */
static guint8 frame_skip(const struct wfd_video_codec *codec)
{
	return codec && codec->frame_rate_control & 1 ? codec->frame_rate_control & 0x0f : 0;
}

/* See wfd_negotiate(). */
static void choose_slices(const struct wfd_video_codec *codec, guint most, struct wfd_selection *out)
{
	const guint columns = (out->mode->width + 15) / 16, rows = (out->mode->height + 15) / 16;
	const guint ratio = codec ? WFD_SLICE_RATIO(codec->slice_enc) : 0;

	if (!codec || !codec->min_slice_size)
		return;
	for (guint n = MIN(MIN(most, WFD_SLICES), WFD_SLICE_COUNT(codec->slice_enc)); n > 1; n--) {
		if (rows / n * columns < codec->min_slice_size || (rows % n && ratio < 2))
			continue;
		out->slices = n;
		out->min_slice_size = rows / n * columns;
		out->slice_enc = codec->slice_enc - (WFD_SLICE_COUNT(codec->slice_enc) - n);
		return;
	}
}

gboolean wfd_negotiate(const wfd_sink_caps *caps, const struct wfd_encoder_limits *limits,
		       const struct wfd_mode_request *request, struct wfd_selection *out,
		       GError **error)
{
	g_autoptr(GArray) choices = wfd_negotiate_modes(caps, limits, error);
	const struct wfd_mode_choice *choice;

	*out = (struct wfd_selection){ 0 };
	if (!choices)
		return FALSE;
	choice = find_request(choices, request);
	if (!choice) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_NO_MATCH,
			    "%ux%u at %u.%03u Hz is not a mode that both the sink and the encoder can do",
			    request->width, request->height, request->refresh_mhz / 1000,
			    request->refresh_mhz % 1000);
		return FALSE;
	}

	out->mode = choice->mode;
	out->set = choice->set;
	out->profile = choice->profile;
	out->level = choice->level;
	out->frame_rate_control = frame_skip(chosen_codec(caps, choice));
	choose_slices(chosen_codec(caps, choice), limits->slices, out);
	out->bitrate = wfd_suggest_bitrate(choice->mode, choice->level, choice->profile, limits,
					   caps->max_bitrate);
	out->burst_bitrate = wfd_burst_bitrate(out->bitrate, choice->level, choice->profile, limits, caps->max_bitrate);
	wfd_negotiate_audio(caps, limits, out);
	return TRUE;
}

static gboolean sink_has(const struct wfd_audio_codecs *codecs, enum wfd_audio_format format,
			 guint32 mode)
{
	for (guint i = 0; i < codecs->n_codecs; i++) {
		if (codecs->codecs[i].format == format && (codecs->codecs[i].modes & mode))
			return TRUE;
	}
	return FALSE;
}

struct audio_preference {
	enum wfd_audio_format format;
	guint32 mode;
};

/* What cannot be encoded is never promised. */
static gboolean can_encode(const struct wfd_encoder_limits *limits, const struct audio_preference *p)
{
	guint formats = wfd_audio_channels(p->format, p->mode) > 2 ? limits->audio_six : limits->audio;

	return formats >> p->format & 1;
}

void wfd_negotiate_audio(const wfd_sink_caps *caps, const struct wfd_encoder_limits *limits,
			 struct wfd_selection *out)
{
	static const struct audio_preference preference[] = {
		{ WFD_AUDIO_AC3, WFD_AC3_48K_16_6 },   { WFD_AUDIO_AAC, WFD_AAC_48K_16_6 },
		{ WFD_AUDIO_AAC, WFD_AAC_48K_16_2 },   { WFD_AUDIO_LPCM, WFD_LPCM_48K_16_2 },
		{ WFD_AUDIO_LPCM, WFD_LPCM_44K1_16_2 }, { WFD_AUDIO_AC3, WFD_AC3_48K_16_2 },
	};

	out->audio_format = WFD_AUDIO_NONE;
	out->audio_mode = 0;
	out->audio_r2 = FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(preference); i++) {
		const struct audio_preference *p = &preference[i];
		gboolean r1 = sink_has(&caps->audio, p->format, p->mode);

		if (!can_encode(limits, p) || !(r1 || sink_has(&caps->audio2, p->format, p->mode)))
			continue;
		out->audio_format = p->format;
		out->audio_mode = p->mode;
		out->audio_r2 = !r1;
		return;
	}
	if (caps->has_audio && (limits->audio & 1u << WFD_AUDIO_LPCM)) {
		out->audio_format = WFD_AUDIO_LPCM;
		out->audio_mode = WFD_LPCM_48K_16_2;
		out->audio_r2 = caps->audio.n_codecs == 0;
	}
}

/* What level, sink, link and user allow of @rate. */
static guint allowed_bitrate(guint64 rate, enum wfd_level level, guint profile, const struct wfd_encoder_limits *limits,
			     guint64 sink_max_bitrate, guint64 unknown_link)
{
	rate = MIN(rate, wfd_level_max_bitrate(level, profile));
	if (sink_max_bitrate)
		rate = MIN(rate, sink_max_bitrate);
	rate = MIN(rate, limits->link_rate ? (guint64)limits->link_rate * 7 / 10 : unknown_link);
	if (limits->max_bitrate)
		rate = MIN(rate, limits->max_bitrate);
	return rate;
}

guint wfd_suggest_bitrate(const struct wfd_mode *mode, enum wfd_level level, guint profile,
			  const struct wfd_encoder_limits *limits, guint64 sink_max_bitrate)
{
	const guint64 dense = 60000000;
	guint64 pixels = wfd_mode_pixel_rate(mode);
	guint64 rate = MIN(pixels, dense) * 15 / 100;

	if (pixels > dense)
		rate += (pixels - dense) * 6 / 100;
	return MAX(allowed_bitrate(rate, level, profile, limits, sink_max_bitrate, 12000000), limits->min_bitrate);
}

guint wfd_burst_bitrate(guint bitrate, enum wfd_level level, guint profile, const struct wfd_encoder_limits *limits,
			guint64 sink_max_bitrate)
{
	return MAX(allowed_bitrate(bitrate * (guint64)2, level, profile, limits, sink_max_bitrate, 20000000), bitrate);
}
