// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reasons and hints: see reason.h.
 */
#include "reason.h"

#include "channel.h"

static const struct {
	const char *name;
	enum hint_id hint;
	const char *text;
} reasons[] = {
#define R(id, name, hint, text) [REASON_##id] = { name, HINT_##hint, text },
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

struct hint reason_code_hint(enum reason_code code)
{
	g_return_val_if_fail(code < N_REASONS, NO_HINT);
	return (struct hint){ hint_code(reasons[code].hint), reasons[code].text };
}

reason *reason_new(const char *name, const char *message, struct hint hint)
{
	reason *r = g_new0(reason, 1);

	r->name = g_strdup(name);
	r->message = g_strdup(message);
	r->hint_code = g_strdup(hint.code);
	r->hint = g_strdup(hint.text);
	return r;
}

reason *reason_copy(const reason *r)
{
	return reason_new(r->name, r->message, (struct hint){ r->hint_code, r->hint });
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
	g_free(r->hint_code);
	g_free(r->hint);
	g_free(r);
}

struct hint reason_error_hint(const GError *error)
{
	return error->domain == REASON_ERROR ? reason_code_hint(error->code) : NO_HINT;
}

static void add_hint(GVariantDict *dict, const char *name, struct hint hint)
{
	g_variant_dict_insert(dict, name, "(ss)", hint.code, hint.text);
}

GVariant *reason_hints(void)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	g_autoptr(GVariant) all = NULL;
	GVariantBuilder builder;
	GVariantIter iter;
	const char *name;
	GVariant *hint;

	/* Names that both tables have are one reason, with one hint. */
	for (enum channel_reason code = 0; code < CHANNEL_N_REASONS; code++)
		add_hint(&dict, channel_reason_name(code), channel_reason_hint(code));
	for (enum reason_code code = 0; code < N_REASONS; code++)
		add_hint(&dict, reason_code_name(code), reason_code_hint(code));
	all = g_variant_ref_sink(g_variant_dict_end(&dict));
	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{s(ss)}"));
	g_variant_iter_init(&iter, all);
	while (g_variant_iter_loop(&iter, "{&sv}", &name, &hint))
		g_variant_builder_add(&builder, "{s@(ss)}", name, hint);
	return g_variant_builder_end(&builder);
}
