// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reasons and hints: see reason.h.
 */
#include "reason.h"

static const struct {
	const char *name;
	const char *hint;
} reasons[] = {
#define R(id, name, hint) [REASON_##id] = { name, hint },
	REASONS(R)
#undef R
};

GQuark reason_error_quark(void)
{
	static gsize quark;

	if (g_once_init_enter(&quark)) {
		GQuark domain = g_quark_from_static_string("miracast-reason");

		for (guint i = 0; i < N_REASONS; i++) {
			g_autofree char *name = g_strconcat(REASON_DBUS_PREFIX, reasons[i].name, NULL);

			g_dbus_error_register_error(domain, i, g_strdelimit(name, "-", '_'));
		}
		g_once_init_leave(&quark, domain);
	}
	return quark;
}

const char *reason_code_name(enum reason_code code)
{
	g_return_val_if_fail(code < N_REASONS, "unknown");
	return reasons[code].name;
}

const char *reason_code_hint(enum reason_code code)
{
	g_return_val_if_fail(code < N_REASONS, "");
	return reasons[code].hint;
}

reason *reason_new(const char *name, const char *message, const char *hint)
{
	reason *r = g_new0(reason, 1);

	r->name = g_strdup(name);
	r->message = g_strdup(message);
	r->hint = g_strdup(hint);
	return r;
}

reason *reason_new_code(enum reason_code code, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	return reason_new(reason_code_name(code), message, reason_code_hint(code));
}

reason *reason_from_error(const GError *error, enum reason_code otherwise)
{
	enum reason_code code = otherwise;

	if (error->domain == REASON_ERROR)
		code = error->code;
	return reason_new(reason_code_name(code), error->message, reason_code_hint(code));
}

void reason_free(reason *r)
{
	if (!r)
		return;
	g_free(r->name);
	g_free(r->message);
	g_free(r->hint);
	g_free(r);
}

const char *reason_error_hint(const GError *error)
{
	return error->domain == REASON_ERROR ? reason_code_hint(error->code) : "";
}
