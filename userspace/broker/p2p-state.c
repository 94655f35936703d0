// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The file about what is in wpa_supplicant: see p2p-state.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-state.h"

#include <unistd.h>

#define GROUP "wpa_supplicant"

struct p2p_state {
	char *path;
	GKeyFile *keys;
};

p2p_state *p2p_state_new(const char *runtime_dir, const char *file)
{
	p2p_state *state = g_new0(p2p_state, 1);

	state->path = g_build_filename(runtime_dir, file, NULL);
	state->keys = g_key_file_new();
	return state;
}

void p2p_state_free(p2p_state *state)
{
	g_key_file_unref(state->keys);
	g_free(state->path);
	g_free(state);
}

gboolean p2p_state_is_there(p2p_state *state)
{
	return g_file_test(state->path, G_FILE_TEST_EXISTS);
}

static void save(p2p_state *state)
{
	g_autoptr(GError) error = NULL;

	if (!g_key_file_save_to_file(state->keys, state->path, &error))
		g_info("%s", error->message);
}

gboolean p2p_state_take_leftovers(p2p_state *state, const char *owner, char **created, char **group,
				  GVariant **former)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autofree char *of = NULL, *text = NULL;

	*created = NULL;
	*group = NULL;
	if (former)
		*former = NULL;
	if (!g_key_file_load_from_file(keys, state->path, G_KEY_FILE_NONE, NULL))
		return FALSE;
	unlink(state->path);
	of = g_key_file_get_string(keys, GROUP, "owner", NULL);
	if (!owner || g_strcmp0(of, owner) != 0)
		return FALSE;
	*created = g_key_file_get_string(keys, GROUP, "created", NULL);
	*group = g_key_file_get_string(keys, GROUP, "group", NULL);
	text = g_key_file_get_string(keys, GROUP, "former", NULL);
	if (former && text)
		*former = g_variant_parse(NULL, text, NULL, NULL, NULL);
	return *created || *group || (former && *former);
}

void p2p_state_begin(p2p_state *state, const char *owner, const char *created)
{
	g_key_file_set_string(state->keys, GROUP, "owner", owner ? owner : "");
	if (created)
		g_key_file_set_string(state->keys, GROUP, "created", created);
	save(state);
}

static void set(p2p_state *state, const char *key, const char *value)
{
	if (value)
		g_key_file_set_string(state->keys, GROUP, key, value);
	else if (!g_key_file_remove_key(state->keys, GROUP, key, NULL))
		return;
	save(state);
}

void p2p_state_set_created(p2p_state *state, const char *created)
{
	set(state, "created", created);
}

void p2p_state_set_group(p2p_state *state, const char *group)
{
	set(state, "group", group);
}

void p2p_state_set_former(p2p_state *state, GVariant *former)
{
	g_autofree char *text = g_variant_print(former, TRUE);

	set(state, "former", text);
}

void p2p_state_end(p2p_state *state)
{
	g_key_file_remove_group(state->keys, GROUP, NULL);
	unlink(state->path);
}
