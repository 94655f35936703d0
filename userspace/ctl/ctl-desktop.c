// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The desktop and its monitors: see ctl-desktop.h.
 */
#include "ctl-desktop.h"

#include <string.h>

#define DRIVER "miracast"

static void monitor_free(gpointer data)
{
	struct desktop_monitor *monitor = data;

	g_free(monitor->name);
	g_free(monitor);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	const struct desktop_monitor *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

static gboolean is_ours(const char *drm_class, const char *card)
{
	g_autofree char *link = g_build_filename(drm_class, card, "device", "driver", NULL);
	g_autofree char *target = g_file_read_link(link, NULL);
	g_autofree char *driver = target ? g_path_get_basename(target) : NULL;

	return g_strcmp0(driver, DRIVER) == 0;
}

/* Of a connector; @value is the whole word, "disconnected" is not "connected". */
static gboolean says(const char *drm_class, const char *connector, const char *attribute, const char *value)
{
	g_autofree char *path = g_build_filename(drm_class, connector, attribute, NULL);
	g_autofree char *content = NULL;

	return g_file_get_contents(path, &content, NULL, NULL) && strcmp(g_strchomp(content), value) == 0;
}

GPtrArray *desktop_monitors(const char *drm_class)
{
	GPtrArray *monitors = g_ptr_array_new_with_free_func(monitor_free);
	g_autoptr(GDir) directory = g_dir_open(drm_class, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		/* "card1-Virtual-1" */
		const char *dash = strchr(name, '-');
		g_autofree char *card = dash ? g_strndup(name, dash - name) : NULL;
		struct desktop_monitor *monitor;

		if (!card || !is_ours(drm_class, card) || !says(drm_class, name, "status", "connected"))
			continue;
		monitor = g_new0(struct desktop_monitor, 1);
		monitor->name = g_strdup(dash + 1);
		monitor->used = says(drm_class, name, "enabled", "enabled");
		g_ptr_array_add(monitors, monitor);
	}
	g_ptr_array_sort(monitors, by_name);
	return monitors;
}

static gboolean is_set(char **environment, const char *variable)
{
	const char *value = g_environ_getenv(environment, variable);

	return value && *value;
}

char *desktop_name(char **environment)
{
	const char *name = is_set(environment, "XDG_CURRENT_DESKTOP") ?
				   g_environ_getenv(environment, "XDG_CURRENT_DESKTOP") : "a desktop";

	/* Where both are, X11 is what Wayland's compositor has for old programs. */
	if (is_set(environment, "WAYLAND_DISPLAY"))
		return g_strdup_printf("%s, on Wayland", name);
	/* "localhost:10.0" is the way back to another computer's screen. */
	if (is_set(environment, "DISPLAY") && *g_environ_getenv(environment, "DISPLAY") == ':')
		return g_strdup_printf("%s, on X11", name);
	return NULL;
}
