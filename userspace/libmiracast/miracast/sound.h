/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sound.h - what the desktop plays, for drivers of miracast.ko
 *
 * A thin wrapper of MIRACAST_IOC_OPEN_SOUND of <drm/miracast.h>, which describes the rules of
 * the sound fd under "Sound": records that are read, a ring that is mapped, a hold that
 * lasts until the next read.  A sound card comes with MIRACAST_CTL_PLUG, if that names
 * sampling rates.
 */
#ifndef MIRACAST_SOUND_H
#define MIRACAST_SOUND_H

#include <miracast/umd.h>

#ifdef __cplusplus
extern "C" {
#endif

struct miracast_open_sound;

/**
 * miracast_sound_open - hear the sound card of the monitor that is plugged in
 * @open: out: all of it but its flags, which are not looked at
 *
 * Any thread, between create_context() and the end of destroy_context().
 *
 * Returns: the sound fd, O_NONBLOCK and close-on-exec, the caller's to close; -ENODATA: there is no
 * sound card; -EBUSY: somebody reads it; -ENOTTY: the kernel knows of no sound; -ENODEV on
 * a host without a kernel, or after the context has gone.
 */
int miracast_sound_open(struct miracast_host *host, struct miracast_open_sound *open);

#ifdef __cplusplus
}
#endif

#endif /* MIRACAST_SOUND_H */
