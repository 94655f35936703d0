/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-va-private.h - what converter and encoder of fake-va.h share
 */
#pragma once

#include "fake-va.h"

G_BEGIN_DECLS

#define FAKE_VA_MEMORY "VAMemory"

/* Memory of the GPU that the connection @display has made. */
GstMemory *fake_va_memory_new(gsize size, gpointer display);
/* Of which one it is; NULL: it is no such memory. */
gpointer fake_va_memory_display(GstMemory *memory);

/*
 * The connection of an element, as libgstva finds it: of its neighbours, of the application, or
 * a new one, of which all are told. The caller's to unref.
 */
GObject *fake_va_display(GstElement *element);
/* For GstElement.set_context and GST_QUERY_CONTEXT. */
void fake_va_set_context(GstElement *element, GstContext *context);
gboolean fake_va_answer(GstElement *element, GstQuery *query);

/* fake-va-encoder.c */
GType fake_va_encoder_type(GKeyFile *encoders, GKeyFile *devices, const char *group);
/* fake-va-converter.c */
GType fake_va_converter_type(GKeyFile *devices, const char *group);

G_END_DECLS
