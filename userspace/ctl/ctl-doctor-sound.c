// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl doctor: does sound reach a display? See ctl-doctor.h.
 */
#include <string.h>
#include <unistd.h>

#include "ctl-doctor.h"
#include "packages.h"

#define CARDS "/proc/asound/cards"
#define DATA "/usr/share/"
#define ANSWER_SECONDS 5

/* ---- module and files ------------------------------------------------------ */

/* A module that was built with sound depends on ALSA's, unless that is built in. */
static gboolean module_has_sound(const char *release)
{
	static const char *const files[][2] = {
		{ "modules.builtin", "/snd-pcm\\.ko$" },
		{ "modules.dep", "/miracast\\.ko(\\.[a-z]+)?:.*/snd-pcm\\.ko" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_strdup_printf("/lib/modules/%s/%s", release, files[i][0]);
		g_autofree char *content = NULL;

		if (g_file_get_contents(path, &content, NULL, NULL) &&
		    g_regex_match_simple(files[i][1], content, G_REGEX_MULTILINE, 0))
			return TRUE;
	}
	/* Not installed but loaded. */
	return g_file_test("/sys/module/snd_pcm/holders/miracast", G_FILE_TEST_EXISTS);
}

/* The first of our files that is not there, NULL if all are. */
static const char *missing_file(void)
{
	static const char *const files[] = {
		"/usr/lib/udev/rules.d/79-miracast-sound.rules",
		DATA "alsa/cards/Miracast.conf",
		DATA "wireplumber/wireplumber.conf.d/60-miracast.conf",
		DATA "wireplumber/scripts/miracast.lua",
	};

	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		if (access(files[i], R_OK) != 0)
			return files[i];
	return NULL;
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

/* What a program prints; NULL if it fails or does not answer. */
static char *output_of(const char *const *argv)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	g_autoptr(GSubprocess) process = NULL;
	g_autofree char *output = NULL;
	const char *limited[8] = { "timeout", G_STRINGIFY(ANSWER_SECONDS) };

	for (guint i = 0; argv[i] && i + 3 < G_N_ELEMENTS(limited); i++)
		limited[i + 2] = argv[i];
	/* Its words are looked at. */
	g_subprocess_launcher_setenv(launcher, "LC_ALL", "C.UTF-8", TRUE);
	process = g_subprocess_launcher_spawnv(launcher, limited, NULL);
	if (!process || !g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, NULL) ||
	    !g_subprocess_get_successful(process))
		return NULL;
	return g_steal_pointer(&output);
}

#define OUTPUT_OF(...) output_of((const char *const[]){ __VA_ARGS__, NULL })

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
	const char *missing = missing_file();
	guint cards;

	if (!module_has_sound(release)) {
		doctor_say(d, "sound", WARN,
			   HINT(INSTALL_MODULE, "Install a kernel with ALSA (snd-pcm), and the module for it: sudo make install"),
			   "miracast.ko has no sound on kernel %s: displays show pictures only", release);
		return;
	}
	if (missing)
		doctor_say(d, "sound", WARN, HINT(CHECK_INSTALLATION, "Install it again: sudo make install"),
			   "the module has sound, but %s is missing: what plays it may not find the display",
			   missing);
	else
		doctor_say(d, "sound", OK, NO_HINT,
			   "the module has sound: a display that takes it is a sound card while it is connected");
	cards = check_cards(d);
	check_server(d, cards);
}
