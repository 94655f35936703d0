// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl doctor: does sound reach a display? See ctl-doctor.h.
 */
#include <string.h>
#include <unistd.h>

#include "ctl-doctor.h"
#include "ctl-program.h"
#include "packages.h"

#define CARDS "/proc/asound/cards"

/* ---- module and files ------------------------------------------------------ */

/* A module that was built with sound depends on ALSA's, unless that is built in. */
static gboolean module_has_sound(const char *root, const char *release)
{
	static const char *const files[][2] = {
		{ "modules.builtin", "/snd-pcm\\.ko$" },
		{ "modules.dep", "/miracast\\.ko(\\.[a-z]+)?:.*/snd-pcm\\.ko" },
	};

	g_autofree char *holder = g_strconcat(root, "/sys/module/snd_pcm/holders/miracast", NULL);

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_strdup_printf("%s/lib/modules/%s/%s", root, release, files[i][0]);
		g_autofree char *content = NULL;

		if (g_file_get_contents(path, &content, NULL, NULL) &&
		    g_regex_match_simple(files[i][1], content, G_REGEX_MULTILINE, 0))
			return TRUE;
	}
	/* Not installed but loaded. */
	return g_file_test(holder, G_FILE_TEST_EXISTS);
}

/*
 * The first of our files that is not there, NULL if all are.  In packages they are a desktop's, which a computer can do
 * without that only sends pictures.
 */
static const char *missing_file(const char *root)
{
	static const char *const files[] = {
		MIRACAST_UDEV_RULES "/79-miracast-sound.rules",
		MIRACAST_DATA "/alsa/cards/Miracast.conf",
		MIRACAST_DATA "/wireplumber/wireplumber.conf.d/60-miracast.conf",
		MIRACAST_DATA "/wireplumber/scripts/miracast.lua",
	};

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_strconcat(root, files[i], NULL);

		if (access(path, R_OK) != 0)
			return files[i];
	}
	return NULL;
}

static void say_missing(struct doctor *d, const char *root, const char *file)
{
	g_autofree char *os_release = *root ? g_strconcat(root, "/etc/os-release", NULL) : NULL;
	g_autofree char *install = package_command(PACKAGE_DESKTOP, os_release);
	g_autofree char *next = g_strdup_printf("Install it in the way in which miracastd was installed%s%s",
						install ? "; if that was as a package: " : "", install ? install : "");

	doctor_say(d, "sound", WARN, HINT(CHECK_INSTALLATION, next),
		   "the module has sound, but %s is missing: what plays it may not find the display", file);
}

gboolean doctor_check_sound_module(struct doctor *d, const char *root, const char *release)
{
	const char *missing = missing_file(root);

	if (!module_has_sound(root, release)) {
		doctor_say(d, "sound", WARN,
			   HINT(INSTALL_MODULE, "Install a kernel with ALSA (snd-pcm), and the module for it in the way in which "
			   "miracastd was installed; see also: dkms status"),
			   "miracast.ko has no sound on kernel %s: displays show pictures only", release);
		return FALSE;
	}
	if (missing)
		say_missing(d, root, missing);
	else
		doctor_say(d, "sound", OK, NO_HINT,
			   "the module has sound: a display that takes it is a sound card while it is connected");
	return TRUE;
}

/* ---- cards ------------------------------------------------------------------ */

/* Says which displays have a card; the number of those that the caller may open. */
static guint check_cards(struct doctor *d)
{
	g_autofree char *cards = NULL;
	g_autoptr(GRegex) regex = g_regex_new("^ ?(\\d+) \\[.{15}\\]: Miracast - (.*)$",
					      G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	guint usable = 0;

	if (!g_file_get_contents(CARDS, &cards, NULL, NULL))
		return 0;
	for (g_regex_match(regex, cards, 0, &match); g_match_info_matches(match);
	     g_match_info_next(match, NULL)) {
		g_autofree char *number = g_match_info_fetch(match, 1);
		g_autofree char *raw = g_match_info_fetch(match, 2);
		g_autofree char *name = g_utf8_make_valid(raw, -1);
		g_autofree char *device = g_strdup_printf("/dev/snd/pcmC%sD0p", number);

		if (access(device, R_OK | W_OK) == 0) {
			doctor_say(d, "sound-card", OK, NO_HINT, "%s is sound card %s", name, number);
			usable++;
		} else {
			doctor_say(d, "sound-card", WARN,
				   HINT(GET_RIGHTS, "Log in at this computer, not over the network; or: sudo usermod -aG "
				   "audio $USER, and log in again"),
				   "%s is sound card %s, but you may not open it", name, number);
		}
	}
	return usable;
}

/* ---- sound server ------------------------------------------------------------- */

#define OUTPUT_OF(...) PROGRAM_OUTPUT(PROGRAM_SUCCESS, __VA_ARGS__)

/*
 * The command that lets an output play again; NULL if it is not muted.
 *
 * PipeWire mutes the route of a device, and with it the device's node. At times wpctl mutes the node alone: nothing is
 * heard then, while the route, and with it pactl and the settings of a desktop, are not muted, and cannot end it.
 */
static char *unmute_command(const char *name)
{
	g_autofree char *route = OUTPUT_OF("pactl", "get-sink-mute", name);
	g_autofree char *node = OUTPUT_OF("pw-dump", name);
	g_autoptr(GRegex) muted = g_regex_new("\"id\": (\\d+).*\"(softMute|mute)\": true", G_REGEX_DOTALL, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *id = NULL;

	if (route && g_str_has_prefix(route, "Mute: yes"))
		return g_strdup("pactl set-sink-mute @DEFAULT_SINK@ 0");
	if (!node || !g_regex_match(muted, node, 0, &match))
		return NULL;
	id = g_match_info_fetch(match, 1);
	return g_strdup_printf("pw-cli set-param %s Props '{ mute: false }'", id);
}

/* Where a card is: does the sound server play on it? */
static void check_default(struct doctor *d)
{
	g_autofree char *name = OUTPUT_OF("pactl", "get-default-sink");
	g_autofree char *unmute = NULL;

	if (!name)
		return;
	g_strchomp(name);
	if (!strstr(name, ".miracast-"))
		doctor_say(d, "sound-output", WARN,
			   HINT(CHOOSE_OUTPUT, "Choose the display in the sound settings of your desktop, or: pactl "
			   "set-default-sink NAME, one of those that `pactl list short sinks` names"),
			   "the default output is not the display but %s", name);
	else if ((unmute = unmute_command(name)))
		doctor_say(d, "sound-output", WARN, HINT(UNMUTE, unmute), "the display is the default output, but muted");
	else
		doctor_say(d, "sound-output", OK, NO_HINT, "the display is the default output");
}

static gboolean is_in_runtime_dir(const char *name)
{
	g_autofree char *path = g_build_filename(g_get_user_runtime_dir(), name, NULL);

	return access(path, F_OK) == 0;
}

static void check_server(struct doctor *d, guint cards)
{
	g_autofree char *wireplumber = g_find_program_in_path("wireplumber");
	g_autofree char *install = package_command(PACKAGE_SOUND_SERVER, NULL);
	g_autofree char *next = g_strdup_printf(
		"%s, and log in again; without it: aplay -D hdmi:CARD=Miracast FILE.wav", install);

	if (is_in_runtime_dir("pipewire-0") && wireplumber) {
		doctor_say(d, "sound-server", OK, NO_HINT,
			   "PipeWire runs, and WirePlumber is there, which moves the default output to a "
			   "display that connects");
	} else if (is_in_runtime_dir("pulse/native")) {
		doctor_say(d, "sound-server", OK, NO_HINT,
			   "a sound server runs, but not WirePlumber: you may have to choose the display "
			   "in the sound settings");
	} else {
		doctor_say(d, "sound-server", WARN,
			   geteuid() == 0 ? HINT(RUN_IN_DESKTOP, "Ask as the user of the desktop: miracastctl doctor") :
					    HINT(INSTALL_PROGRAM, next),
			   "no sound server runs for you");
		return;
	}
	if (cards)
		check_default(d);
}

void doctor_check_sound(struct doctor *d, const char *release)
{
	guint cards;

	if (!doctor_check_sound_module(d, "", release))
		return;
	cards = check_cards(d);
	check_server(d, cards);
}
