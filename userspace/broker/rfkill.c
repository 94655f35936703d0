// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Is Wi-Fi switched off? See rfkill.h.
 */
#include "rfkill.h"

#include <string.h>

/* @name: of a file of a switch; "" if it has none */
static char *read_word(const char *directory, const char *rfkill, const char *name)
{
	g_autofree char *path = g_build_filename(directory, rfkill, name, NULL);
	char *value = NULL;

	if (!g_file_get_contents(path, &value, NULL, NULL))
		return g_strdup("");
	return g_strchomp(value);
}

static enum rfkill read_switch(const char *directory, const char *rfkill)
{
	g_autofree char *type = read_word(directory, rfkill, "type");
	g_autofree char *soft = read_word(directory, rfkill, "soft"), *hard = read_word(directory, rfkill, "hard");

	if (strcmp(type, "wlan") != 0)
		return RFKILL_ON;
	return *hard == '1' ? RFKILL_HARD : *soft == '1' ? RFKILL_SOFT : RFKILL_ON;
}

enum rfkill rfkill_read(const char *directory)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	enum rfkill worst = RFKILL_ON;
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (g_str_has_prefix(name, "rfkill"))
			worst = MAX(worst, read_switch(directory, name));
	}
	return worst;
}
