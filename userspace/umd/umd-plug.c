// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The session's monitor in the kernel: see umd-private.h.
 */
#include "umd-private.h"

#include <errno.h>

#include <drm/miracast.h>

#include "imports.h"
#include "monitor.h"

/* Desktops look at a monitor that has gone and come only if it was away for so long. */
#define AWAY_MS 1500

#define DRM_CLASS "/sys/class/drm"

/* Of the card that would fit to what M4 says, or is going to say; 0: there shall be none. */
static guint sound_channels(umd_session *s)
{
	struct wfd_selection selection;

	if (s->config->audio != CHANNEL_AUDIO_DESKTOP || s->plug.no_sound)
		return 0;
	wfd_negotiate_audio(s->caps, &s->limits, &selection);
	return wfd_audio_channels(selection.audio_format, selection.audio_mode);
}

static int plug(umd_session *s, struct monitor_desc *monitor, GError **error)
{
	g_autoptr(GBytes) input = monitor_plug(monitor, error);
	gconstpointer data;
	gsize len;
	int err;

	if (!input)
		return -EINVAL;
	data = g_bytes_get_data(input, &len);
	err = s->callbacks->io_control(s->host, false, MIRACAST_CTL_PLUG, len, data, 0, NULL, NULL);
	if (err)
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-err),
			    "The kernel does not take the monitor: %s", g_strerror(-err));
	return err;
}

/* A kernel that knows of no sound, was built without, or has no room for one more card. */
static gboolean has_no_sound(int err)
{
	return err == -E2BIG || err == -EOPNOTSUPP || err == -ENOSPC;
}

/* What the desktop may hand over, before anything of it was seen. */
static enum monitor_import importable(const umd_session *s)
{
	if (s->config->copies || s->plug.copies)
		return MONITOR_IMPORT_NONE;
	return s->config->imports ? MONITOR_IMPORT_ANY : MONITOR_IMPORT_READABLE;
}

/* Why the desktop copies, if it does. */
static const char *copies_why(const umd_session *s, GPtrArray *cards)
{
	if (s->config->copies)
		return "as --import=no says";
	for (guint i = 0; i < cards->len; i++) {
		const struct import_card *card = g_ptr_array_index(cards, i);

		if (card->verdict == IMPORT_STALE && !s->config->imports)
			return "since the processor may see old pictures in the memory of this machine's GPU";
	}
	return NULL;
}

/* Of a kernel that knows the flag for all drivers only. */
static gboolean knows_no_drivers(int err)
{
	return err == -EINVAL || err == -E2BIG;
}

int umd_plug(umd_session *s, GError **error)
{
	g_autoptr(GPtrArray) cards = imports_cards(DRM_CLASS);
	g_autoptr(GPtrArray) drivers = imports_drivers(cards);
	g_autoptr(GArray) offered = umd_modes_offered(s);
	struct monitor_desc monitor = {
		.caps = s->caps,
		.modes = offered,
		.preferred = umd_modes_preferred(s),
		.friendly_name = s->config->friendly_name,
		.device_id = s->config->device_id,
		.import = importable(s),
		.drivers = drivers,
		/* Past the processor, too (gpu-way.h): GNOME shows nothing new where the card refuses its cursor. */
		.blends_cursor = TRUE,
		.sound_channels = sound_channels(s),
	};
	g_autoptr(GError) cause = NULL;
	int err;

	if (s->plug.away) /* it comes back with what is true then */
		return 0;
	if (!s->plug.copies)
		s->plug.copies_why = copies_why(s, cards);
	err = plug(s, &monitor, &cause);
	if (monitor.import == MONITOR_IMPORT_READABLE && knows_no_drivers(err)) {
		g_message("the desktop has to copy its pictures: the module is older than this program and "
			  "cannot be told whose buffers can be read");
		s->plug.copies_why = "since the module is older than the session process";
		monitor.import = MONITOR_IMPORT_NONE;
		g_clear_error(&cause);
		err = plug(s, &monitor, &cause);
	}
	if (monitor.sound_channels && has_no_sound(err)) {
		g_message("the desktop gets no sound card: the kernel has none (%s)", g_strerror(-err));
		s->plug.no_sound = TRUE;
		monitor.sound_channels = 0;
		g_clear_error(&cause);
		err = plug(s, &monitor, &cause);
	}
	if (cause)
		g_propagate_error(error, g_steal_pointer(&cause));
	if (err)
		return err;
	s->plug.copies |= monitor.import == MONITOR_IMPORT_NONE;
	s->plug.sound_channels = monitor.sound_channels;
	if (s->sound)
		sound_pump_look(s->sound);
	return 0;
}

int umd_plug_sound(umd_session *s, GError **error)
{
	return sound_channels(s) == s->plug.sound_channels ? 0 : umd_plug(s, error);
}

static void clear_away(umd_session *s)
{
	if (s->plug.away)
		g_source_destroy(s->plug.away);
	g_clear_pointer(&s->plug.away, g_source_unref);
}

static gboolean come_back(gpointer data)
{
	umd_session *s = data;
	g_autoptr(GError) error = NULL;

	clear_away(s);
	if (umd_plug(s, &error) < 0)
		umd_session_fail(s, CHANNEL_REASON_DRIVER_GONE, error->message);
	return G_SOURCE_REMOVE;
}

/* In the main context; there may be several for one cause. */
static gboolean pictures_are_unreadable(gpointer data)
{
	umd_session *s = data;
	const char *why = g_atomic_pointer_get(&s->plug.why);

	g_source_set_ready_time(s->plug.unreadable, -1);
	if (s->over || s->plug.away)
		return G_SOURCE_CONTINUE;
	if (s->plug.copies) {
		umd_session_fail(s, CHANNEL_REASON_PICTURE_UNREADABLE, why);
		return G_SOURCE_CONTINUE;
	}
	g_message("%s: the monitor is taken away and comes back as one that the desktop copies its "
		  "pictures for", why);
	s->plug.copies = TRUE;
	s->plug.copies_why = why;
	s->callbacks->io_control(s->host, false, MIRACAST_CTL_UNPLUG, 0, NULL, 0, NULL, NULL);
	s->plug.away = g_timeout_source_new(AWAY_MS);
	g_source_set_callback(s->plug.away, come_back, s, NULL);
	g_source_attach(s->plug.away, s->context);
	return G_SOURCE_CONTINUE;
}

static gboolean call_back(GSource *source, GSourceFunc callback, gpointer user_data)
{
	return callback(user_data);
}

void umd_plug_watch(umd_session *s)
{
	static GSourceFuncs funcs = { .dispatch = call_back };

	s->plug.unreadable = g_source_new(&funcs, sizeof(GSource));
	g_source_set_callback(s->plug.unreadable, pictures_are_unreadable, s, NULL);
	g_source_attach(s->plug.unreadable, s->context);
}

void umd_plug_unreadable(umd_session *s, const char *why)
{
	g_atomic_pointer_set(&s->plug.why, why);
	g_source_set_ready_time(s->plug.unreadable, 0);
}

void umd_plug_picture(umd_session *s, const struct frame_info *info, gboolean on_gpu)
{
	g_atomic_int_set(&s->plug.on_gpu, on_gpu);
	g_atomic_int_set(&s->plug.imported, info->imported);
	g_atomic_int_set(&s->plug.read_mb, MIN(info->read_rate / 1000000, G_MAXINT));
}

void umd_plug_free(umd_session *s)
{
	clear_away(s);
	if (s->plug.unreadable)
		g_source_destroy(s->plug.unreadable);
	g_clear_pointer(&s->plug.unreadable, g_source_unref);
}
