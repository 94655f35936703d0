/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Damage: what changed since a reader last looked, as a few rectangles.
 *
 * Pure arithmetic on half-open rectangles, no DRM, no locks, no memory of its
 * own. The promise is one-sided: every pixel that was added is covered, and
 * pixels that were not may be.
 */
#ifndef _MIRACAST_DAMAGE_H_
#define _MIRACAST_DAMAGE_H_

#include <linux/types.h>

#include <uapi/drm/miracast.h>

/**
 * struct miracast_damage - a region, slightly too large
 * @num: rectangles in use
 * @rects: they; none is empty, none lies within another
 */
struct miracast_damage {
	unsigned int num;
	struct miracast_rect rects[MIRACAST_MAX_DAMAGE];
};

static inline void miracast_damage_clear(struct miracast_damage *damage)
{
	damage->num = 0;
}

void miracast_damage_add(struct miracast_damage *damage,
			 const struct miracast_rect *rect);
void miracast_damage_merge(struct miracast_damage *damage,
			   const struct miracast_damage *other);

#endif /* _MIRACAST_DAMAGE_H_ */
