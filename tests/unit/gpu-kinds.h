/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu-kinds.h - how elements of each kind of GPU are named, and how they are made a converter
 *
 * For tests that have them from fake-gpu.h.
 */
#pragma once

#include "gpu-way.h"

/**
 * struct gpu_names - of a kind of device
 * @name: for tests
 * @elements: for fake_gpu_register()
 * @converter: what encoders.c makes of them
 * @said: what people are told
 */
struct gpu_names {
	enum gpu_kind kind;
	const char *name;
	const char *encoder;
	const char *elements;
	const char *converter;
	const char *said;
};

static const struct gpu_names gpu_va = {
	GPU_KIND_VA, "va", "vah264enc", "vapostproc", "vapostproc", "vapostproc",
};
static const struct gpu_names gpu_nv = {
	GPU_KIND_GL, "gl", "nvh264enc", "glupload ! glcolorconvert", "glupload ! glcolorconvert", "glupload and glcolorconvert",
};
static const struct gpu_names gpu_v4l2 = {
	GPU_KIND_V4L2, "v4l2", "v4l2h264enc", "v4l2convert",
	"v4l2convert output-io-mode=dmabuf-import capture-io-mode=dmabuf", "v4l2convert",
};
