/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wfd-error.h"

G_DEFINE_QUARK(wfd-error-quark, wfd_error)

const char *wfd_reason_text(guint code)
{
	switch (code) {
#define R(number, id, text) \
	case number: \
		return text;
		WFD_REASONS(R)
#undef R
	}
	return "unassigned reason code";
}
