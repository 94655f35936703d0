/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What miracast_sample.ko and its user-mode driver have agreed on.
 */
#ifndef _MIRACAST_SAMPLE_H_
#define _MIRACAST_SAMPLE_H_

#include <linux/types.h>

#define MIRACAST_SAMPLE_DRIVER	"miracast_sample"

/**
 * struct miracast_sample_mode - message: the size of the encoded picture
 * @width: pixels
 * @height: lines
 * @refresh: millihertz
 * @reserved: zero
 *
 * Reply: the same, as the sink takes it. A failure means that it does not.
 */
struct miracast_sample_mode {
	__u32 width;
	__u32 height;
	__u32 refresh;
	__u32 reserved;
};

/**
 * struct miracast_sample_chunk - private data of a MIRACAST_CHUNK_ENCODE record
 * @offset: where the encoder has put the picture
 * @bytes: how long it is
 * @key: it is an IDR
 * @reserved: zero
 */
struct miracast_sample_chunk {
	__u32 offset;
	__u32 bytes;
	__u32 key;
	__u32 reserved;
};

/* I/O control without input and output: the next picture shall be an IDR */
#define MIRACAST_SAMPLE_CTL_KEY_FRAME	0x10000

#endif /* _MIRACAST_SAMPLE_H_ */
