// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the window can do itself: see cast-remedy.h.
 */
#include "cast-remedy.h"

#include <gio/gdesktopappinfo.h>

#include "client.h"

static const enum cast_remedy remedies[N_HINTS] = {
	[HINT_CONNECT_AGAIN] = CAST_REMEDY_AGAIN,
	[HINT_OPEN_MIRRORING] = CAST_REMEDY_AGAIN,
	[HINT_ACCEPT_ON_DISPLAY] = CAST_REMEDY_AGAIN,
	[HINT_RESTART_DISPLAY] = CAST_REMEDY_AGAIN,
	[HINT_CHECK_DISPLAY] = CAST_REMEDY_AGAIN,
	[HINT_MOVE_CLOSER] = CAST_REMEDY_AGAIN,
	[HINT_FORGET_ON_DISPLAY] = CAST_REMEDY_AGAIN,
	[HINT_CHOOSE_PAIRING] = CAST_REMEDY_AGAIN,
	[HINT_ENTER_PIN] = CAST_REMEDY_AGAIN,
	[HINT_CONNECT_WITH_PIN] = CAST_REMEDY_WITH_PIN,
	[HINT_CONNECT_WITHOUT_PIN] = CAST_REMEDY_WITHOUT_PIN,
	[HINT_SWITCH_ON_WIFI] = CAST_REMEDY_NETWORK,
	[HINT_CHANGE_NETWORK] = CAST_REMEDY_NETWORK,
};

/*
 * GNOME, KDE Plasma; what other desktops have for sound, under its name of today and the one before; and for monitors Xfce,
 * MATE, LXQt and Cinnamon, that one under both of its names, and at last a program for any compositor of Sway's kind.
 */
static const char *const panels[][9] = {
	[CAST_REMEDY_NETWORK] = { "gnome-wifi-panel.desktop", "kcm_networkmanagement.desktop" },
	[CAST_REMEDY_SOUND] = { "gnome-sound-panel.desktop", "kcm_pulseaudio.desktop",
				"org.pulseaudio.pavucontrol.desktop", "pavucontrol.desktop" },
	[CAST_REMEDY_DISPLAYS] = { "gnome-display-panel.desktop", "kcm_kscreen.desktop", "xfce-display-settings.desktop",
				   "mate-display-properties.desktop", "lxqt-config-monitor.desktop",
				   "cinnamon-settings-display.desktop", "cinnamon-display-panel.desktop",
				   "network.cycles.wdisplays.desktop" },
};

enum cast_remedy cast_remedy_of(const char *hint_code)
{
	return remedies[hint_from_code(hint_code)];
}

const char *cast_remedy_label(enum cast_remedy remedy)
{
	static const char *const labels[] = {
		[CAST_REMEDY_NONE] = "",
		[CAST_REMEDY_AGAIN] = N_("Try again"),
		[CAST_REMEDY_WITH_PIN] = N_("Connect with a PIN"),
		[CAST_REMEDY_WITHOUT_PIN] = N_("Connect without a PIN"),
		[CAST_REMEDY_NETWORK] = N_("Network settings"),
		[CAST_REMEDY_SOUND] = N_("Sound settings"),
		[CAST_REMEDY_DISPLAYS] = N_("Display settings"),
	};

	return labels[remedy];
}

gboolean cast_remedy_opens_settings(enum cast_remedy remedy)
{
	return panels[remedy][0] != NULL;
}

GAppInfo *cast_remedy_settings(enum cast_remedy remedy)
{
	for (guint i = 0; panels[remedy][i]; i++) {
		g_autoptr(GDesktopAppInfo) panel = g_desktop_app_info_new(panels[remedy][i]);

		if (panel && g_desktop_app_info_get_show_in(panel, NULL))
			return G_APP_INFO(g_steal_pointer(&panel));
	}
	return NULL;
}
