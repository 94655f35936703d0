/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameter lists: what was read and written must read as the same list again. */
#include "fuzz.h"
#include "wfd-params.h"

static void check_round_trip(const wfd_params *params)
{
	gsize len;
	g_autofree char *text = wfd_params_format(params, &len);
	g_autoptr(wfd_params) again = NULL;

	/* "a:b" is written as "a: b", so the text may have become too long. */
	if (len > WFD_PARAMS_MAX_BODY)
		return;
	again = wfd_params_parse(text, len, NULL);
	g_assert_nonnull(again);
	g_assert_cmpuint(wfd_params_n(again), ==, wfd_params_n(params));
	for (guint i = 0; i < wfd_params_n(params); i++) {
		g_assert_cmpstr(wfd_params_at(again, i).name, ==, wfd_params_at(params, i).name);
		g_assert_cmpstr(wfd_params_at(again, i).value, ==, wfd_params_at(params, i).value);
		g_assert_true(wfd_params_has(params, wfd_params_at(params, i).name));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(wfd_params) params = wfd_params_parse(data, size, NULL);
	g_autoptr(GArray) errors = wfd_param_errors_parse(data, size, NULL);

	if (params)
		check_round_trip(params);
	if (errors)
		g_free(wfd_param_errors_to_string(errors));
	return 0;
}
