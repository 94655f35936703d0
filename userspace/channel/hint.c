// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What people can do: see hint.h.
 */
#include "hint.h"

static const struct {
	const char *code;
	const char *meaning;
} hints[] = {
#define H(id, code, meaning) [HINT_##id] = { code, meaning },
	HINTS(H)
#undef H
};

const char *hint_code(enum hint_id id)
{
	g_return_val_if_fail(id < N_HINTS, "");
	return hints[id].code;
}

const char *hint_meaning(enum hint_id id)
{
	g_return_val_if_fail(id < N_HINTS, "");
	return hints[id].meaning;
}

enum hint_id hint_from_code(const char *code)
{
	for (guint i = 0; i < N_HINTS; i++) {
		if (g_strcmp0(hints[i].code, code) == 0)
			return i;
	}
	return HINT_NONE;
}
