// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The monitor of monitor.h.
 */
#include "monitor.h"

#include <drm/miracast.h>

#include "wfd-edid.h"

static const struct wfd_mode *mode_at(const GArray *modes, guint i)
{
	return g_array_index(modes, struct wfd_mode_choice, i).mode;
}

const struct wfd_mode *monitor_find_mode(const GArray *modes, guint width, guint height,
					 guint refresh_mhz)
{
	for (guint i = 0; i < modes->len; i++) {
		const struct wfd_mode *mode = mode_at(modes, i);

		if (mode->width == width && mode->height == height &&
		    wfd_mode_matches_rate(mode, refresh_mhz))
			return mode;
	}
	return NULL;
}

/* An EDID of our own: the preferred mode first, as wfd_edid_build() wants it. */
static GBytes *build_edid(const wfd_sink_caps *caps, const GArray *modes,
			  const struct wfd_mode *preferred, const char *friendly_name, GError **error)
{
	const struct wfd_mode *list[WFD_EDID_MAX_MODES] = { preferred };
	struct wfd_edid_desc desc = {
		.name = caps->friendly_name ? caps->friendly_name : friendly_name,
		.modes = list,
		.n_modes = 1,
		.audio = caps->has_audio,
	};

	for (guint i = 0; i < modes->len && desc.n_modes < G_N_ELEMENTS(list); i++) {
		if (mode_at(modes, i) != preferred)
			list[desc.n_modes++] = mode_at(modes, i);
	}
	return wfd_edid_build(&desc, NULL, error);
}

static GBytes *choose_edid(const wfd_sink_caps *caps, const GArray *modes,
			   const struct wfd_mode *preferred, const char *friendly_name,
			   GError **error)
{
	g_autoptr(GError) unsound = NULL;
	gconstpointer data;
	gsize len;

	if (caps->edid) {
		data = g_bytes_get_data(caps->edid, &len);
		if (len <= MIRACAST_MAX_EDID && wfd_edid_check(data, len, &unsound))
			return g_bytes_ref(caps->edid);
		g_message("the sink's EDID is not used: %s", unsound ? unsound->message : "too long");
	}
	return build_edid(caps, modes, preferred, friendly_name, error);
}

GBytes *monitor_plug(const wfd_sink_caps *caps, const GArray *modes, const struct wfd_mode *preferred,
		     const char *friendly_name, GError **error)
{
	g_autoptr(GBytes) edid = choose_edid(caps, modes, preferred, friendly_name, error);
	g_autoptr(GByteArray) plug = g_byte_array_new();
	struct miracast_plug header = {
		.size = sizeof(header),
		.num_modes = MIN(modes->len, MIRACAST_MAX_MODES),
		.mode_size = sizeof(struct miracast_mode),
		.monitor_type = wfd_connector_type_to_drm(caps->connector_type),
		.flags = MIRACAST_PLUG_CURSOR | MIRACAST_PLUG_IMPORT,
	};

	if (!edid)
		return NULL;
	header.edid_len = g_bytes_get_size(edid);
	g_byte_array_append(plug, (const guint8 *)&header, sizeof(header));
	for (guint i = 0; i < header.num_modes; i++) {
		const struct wfd_mode *mode = mode_at(modes, i);
		struct miracast_mode entry = {
			.width = mode->width,
			.height = mode->height,
			.refresh = mode->refresh_hz * 1000,
			.flags = mode == preferred ? MIRACAST_MODE_PREFERRED : 0,
		};

		g_byte_array_append(plug, (const guint8 *)&entry, sizeof(entry));
	}
	g_byte_array_append(plug, g_bytes_get_data(edid, NULL), header.edid_len);
	return g_byte_array_free_to_bytes(g_steal_pointer(&plug));
}
