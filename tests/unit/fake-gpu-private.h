/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-gpu-private.h - what converter and encoder of fake-gpu.h share
 */
#pragma once

#include "fake-gpu.h"

G_BEGIN_DECLS

/* As V4L2's elements have them. */
enum fake_io_mode {
	FAKE_IO_AUTO,
	FAKE_IO_RW,
	FAKE_IO_MMAP,
	FAKE_IO_USERPTR,
	FAKE_IO_DMABUF,
	FAKE_IO_DMABUF_IMPORT,
};

/**
 * struct fake_gpu_device - what elements of one group have in common; lasts as long as the process
 * @memory: feature of caps, "memory:..."; NULL: dma-bufs
 * @connection: type of the context that they share; NULL: they have none
 */
struct fake_gpu_device {
	char *memory;
	const char *connection;
};

const struct fake_gpu_device *fake_gpu_device_of(GKeyFile *devices, const char *group);
/* Are pictures of these caps in it? For dma-bufs the memory says. */
gboolean fake_gpu_has_memory(const struct fake_gpu_device *device, const GstCaps *caps);

/* Memory of the GPU that the connection @display has made; NULL: a dma-buf. */
GstMemory *fake_gpu_memory_new(gsize size, gpointer display);
/* Of which one it is; NULL: it is no such memory. */
gpointer fake_gpu_memory_display(GstMemory *memory);

/*
 * The connection of an element, as libgstva and libgstgl find it: of its neighbours, of the application, or
 * a new one, of which all are told. The caller's to unref; NULL: it has none.
 */
GObject *fake_gpu_display(GstElement *element, const struct fake_gpu_device *device);
/* For GstElement.set_context and GST_QUERY_CONTEXT. */
void fake_gpu_set_context(GstElement *element, GstContext *context);
gboolean fake_gpu_answer(GstElement *element, GstQuery *query);

/* fake-gpu-encoder.c */
GType fake_gpu_encoder_type(GKeyFile *encoders, GKeyFile *devices, const char *group);
/* fake-gpu-converter.c */
GType fake_gpu_converter_type(GKeyFile *devices, const char *group);

G_END_DECLS
