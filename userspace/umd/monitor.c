// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The monitor of monitor.h.
 */
#include "monitor.h"

#include <string.h>

#include <drm/miracast.h>

#include "channel.h"
#include "wfd-edid.h"

/*
 * The size of a television is not known. This one is 16:9 for GNOME, which takes it
 * for an aspect ratio, as it was meant, and then names the monitor by manufacturer and
 * product; and no smaller than anybody's, so that KDE does not scale the desktop up.
 */
#define WIDTH_MM 1600
#define HEIGHT_MM 900

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

/* "[TV] Name" is how some call themselves: the monitor's name has room for 13 characters. */
static const char *without_prefix(const char *name)
{
	const char *end;

	if (!name || *name != '[' || !(end = strchr(name, ']')))
		return name;
	end++;
	while (g_ascii_isspace(*end))
		end++;
	return *end ? end : name;
}

/* The same for the same texts, at any time and on any machine; never 0. */
static guint32 stable_number(const char *const *texts)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize len = sizeof(digest);
	guint32 number;

	for (; *texts; texts++)
		g_checksum_update(sum, (const guchar *)*texts, strlen(*texts) + 1);
	g_checksum_get_digest(sum, digest, &len);
	number = digest[0] | digest[1] << 8 | digest[2] << 16 | (guint32)digest[3] << 24;
	return number ? number : 1;
}

static const char *name_of(const struct monitor_desc *monitor)
{
	return without_prefix(monitor->caps->friendly_name ? monitor->caps->friendly_name :
							     monitor->friendly_name);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/*
 * Desktops keep settings by manufacturer, product and serial number. The product is
 * the model, the serial number the device; where nothing tells devices apart, what
 * the sink and the user call it has to do.
 */
static void set_identity(struct wfd_edid_desc *desc, const struct monitor_desc *monitor)
{
	const wfd_sink_caps *caps = monitor->caps;
	const char *const model[] = { or_empty(caps->manufacturer), or_empty(caps->model_name), NULL };
	const char *const device[] = { monitor->device_id, NULL };
	const char *const names[] = { or_empty(caps->friendly_name), or_empty(monitor->friendly_name),
				      model[0], model[1], NULL };

	desc->name = name_of(monitor);
	desc->product = stable_number(*model[0] || *model[1] ? model : names) & 0xffff;
	desc->serial = stable_number(monitor->device_id && *monitor->device_id ? device : names);
}

/* An EDID of our own: the preferred mode first, as wfd_edid_build() wants it. */
static GBytes *build_edid(const struct monitor_desc *monitor, GError **error)
{
	const struct wfd_mode *list[WFD_EDID_MAX_MODES] = { monitor->preferred };
	struct wfd_edid_desc desc = {
		.modes = list,
		.n_modes = 1,
		.width_mm = WIDTH_MM,
		.height_mm = HEIGHT_MM,
		.audio = monitor->caps->has_audio,
	};

	set_identity(&desc, monitor);
	for (guint i = 0; i < monitor->modes->len && desc.n_modes < G_N_ELEMENTS(list); i++) {
		if (mode_at(monitor->modes, i) != monitor->preferred)
			list[desc.n_modes++] = mode_at(monitor->modes, i);
	}
	return wfd_edid_build(&desc, NULL, error);
}

static GBytes *choose_edid(const struct monitor_desc *monitor, GError **error)
{
	GBytes *edid = monitor->caps->edid;
	g_autoptr(GError) unsound = NULL;
	gconstpointer data;
	gsize len;

	if (edid) {
		data = g_bytes_get_data(edid, &len);
		if (len <= MIRACAST_MAX_EDID && wfd_edid_check(data, len, &unsound))
			return g_bytes_ref(edid);
		g_message("the sink's EDID is not used: %s", unsound ? unsound->message : "too long");
	}
	return build_edid(monitor, error);
}

/* The kernel wants whole characters, no control characters, and some name. */
static void set_sound(struct miracast_plug *plug, const struct monitor_desc *monitor)
{
	g_autofree char *name = channel_clean_text(or_empty(name_of(monitor)), sizeof(plug->sound_name) - 1);
	const char *end = name;

	plug->sound_rates = MIRACAST_SOUND_44100 | MIRACAST_SOUND_48000;
	plug->sound_channels = monitor->sound_channels;
	while (*end && g_utf8_next_char(end) - name < (gssize)sizeof(plug->sound_name))
		end = g_utf8_next_char(end);
	if (end == name)
		g_strlcpy(plug->sound_name, "Miracast", sizeof(plug->sound_name));
	else
		memcpy(plug->sound_name, name, end - name);
}

static guint32 import_flags(enum monitor_import import)
{
	switch (import) {
	case MONITOR_IMPORT_ANY:
		return MIRACAST_PLUG_IMPORT;
	case MONITOR_IMPORT_READABLE:
		return MIRACAST_PLUG_IMPORT_SYNCED;
	default:
		return 0;
	}
}

static void add_imports(GByteArray *plug, const GPtrArray *drivers, guint n)
{
	for (guint i = 0; i < n; i++) {
		struct miracast_import import = { 0 };

		g_strlcpy(import.driver, g_ptr_array_index(drivers, i), sizeof(import.driver));
		g_byte_array_append(plug, (const guint8 *)&import, sizeof(import));
	}
}

GBytes *monitor_plug(const struct monitor_desc *monitor, GError **error)
{
	g_autoptr(GBytes) edid = choose_edid(monitor, error);
	g_autoptr(GByteArray) plug = g_byte_array_new();
	struct miracast_plug header = {
		.size = sizeof(header),
		.num_modes = MIN(monitor->modes->len, MIRACAST_MAX_MODES),
		.mode_size = sizeof(struct miracast_mode),
		.monitor_type = wfd_connector_type_to_drm(monitor->caps->connector_type),
		.flags = (monitor->blends_cursor ? MIRACAST_PLUG_CURSOR : 0) | import_flags(monitor->import),
	};

	if (!edid)
		return NULL;
	if (monitor->sound_channels)
		set_sound(&header, monitor);
	if (monitor->import == MONITOR_IMPORT_READABLE && monitor->drivers) {
		header.num_imports = MIN(monitor->drivers->len, MIRACAST_MAX_IMPORTS);
		header.import_size = sizeof(struct miracast_import);
	}
	header.edid_len = g_bytes_get_size(edid);
	g_byte_array_append(plug, (const guint8 *)&header, sizeof(header));
	for (guint i = 0; i < header.num_modes; i++) {
		const struct wfd_mode *mode = mode_at(monitor->modes, i);
		struct miracast_mode entry = {
			.width = mode->width,
			.height = mode->height,
			.refresh = mode->refresh_hz * 1000,
			.flags = mode == monitor->preferred ? MIRACAST_MODE_PREFERRED : 0,
		};

		g_byte_array_append(plug, (const guint8 *)&entry, sizeof(entry));
	}
	g_byte_array_append(plug, g_bytes_get_data(edid, NULL), header.edid_len);
	add_imports(plug, monitor->drivers, header.num_imports);
	return g_byte_array_free_to_bytes(g_steal_pointer(&plug));
}
