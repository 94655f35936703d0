// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What to type to install a program that is missing: see packages.h.
 */
#include "packages.h"

#include <string.h>

static const struct distribution {
	const char *ids[5]; /* of os-release */
	const char *command;
	const char *names[N_PACKAGES]; /* NULL: it has none */
} distributions[] = {
	{ { "debian", "ubuntu" },
	  "apt install",
	  { "dnsmasq-base", "busybox", "avahi-daemon", "pipewire-audio",
	    "intel-media-va-driver gstreamer1.0-plugins-bad", "mesa-va-drivers gstreamer1.0-plugins-bad",
	    "mokutil", "miracast-desktop" } },
	{ { "fedora", "rhel", "centos" },
	  "dnf install",
	  { "dnsmasq", "busybox", "avahi", "pipewire-pulseaudio wireplumber",
	    "libva-intel-media-driver gstreamer1-plugins-bad-free",
	    /* Of RPM Fusion: Fedora's own leaves H.264 out. */
	    "mesa-va-drivers-freeworld gstreamer1-plugins-bad-free", "mokutil" } },
	{ { "arch" },
	  "pacman -S",
	  { "dnsmasq", "busybox", "avahi", "pipewire-pulse wireplumber", "intel-media-driver gst-plugin-va",
	    "mesa gst-plugin-va", "mokutil" } },
	{ { "suse", "opensuse", "opensuse-tumbleweed", "opensuse-leap" },
	  "zypper install",
	  { "dnsmasq", "busybox", "avahi", "pipewire-pulseaudio wireplumber",
	    "intel-media-driver gstreamer-plugins-bad", "Mesa-libva gstreamer-plugins-bad", "mokutil" } },
};

static const struct distribution unknown = {
	{ NULL },
	"install",
	{ "dnsmasq", "busybox", "avahi", "PipeWire and WirePlumber", "Intel's media driver and GStreamer's VA plugin",
	  "Mesa's VA-API driver and GStreamer's VA plugin", "mokutil" },
};

static const struct distribution *find(const char *id)
{
	for (guint i = 0; i < G_N_ELEMENTS(distributions); i++) {
		for (guint j = 0; j < G_N_ELEMENTS(distributions[i].ids); j++) {
			if (g_strcmp0(distributions[i].ids[j], id) == 0)
				return &distributions[i];
		}
	}
	return NULL;
}

/* The value of @key, without its quotes; NULL if there is none. */
static char *value_of(char **lines, const char *key)
{
	for (; *lines; lines++) {
		const char *line = g_strstrip(*lines);

		if (g_str_has_prefix(line, key) && line[strlen(key)] == '=')
			return g_shell_unquote(line + strlen(key) + 1, NULL);
	}
	return NULL;
}

static const struct distribution *which(const char *os_release)
{
	const char *const paths[] = { os_release ? os_release : "/etc/os-release",
				      os_release ? NULL : "/usr/lib/os-release" };
	g_autofree char *content = NULL, *id = NULL, *like = NULL;
	const struct distribution *found;
	g_auto(GStrv) lines = NULL;
	g_auto(GStrv) ids = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(paths) && !content && paths[i]; i++)
		g_file_get_contents(paths[i], &content, NULL, NULL);
	lines = g_strsplit(content ? content : "", "\n", -1);
	id = value_of(lines, "ID");
	like = value_of(lines, "ID_LIKE");
	found = id ? find(id) : NULL;
	ids = g_strsplit(like ? like : "", " ", -1);
	for (guint i = 0; ids[i] && !found; i++)
		found = find(ids[i]);
	return found ? found : &unknown;
}

char *package_command(enum package package, const char *os_release)
{
	const struct distribution *distribution = which(os_release);

	if (!distribution->names[package])
		return NULL;
	return g_strdup_printf("%s %s", distribution->command, distribution->names[package]);
}
