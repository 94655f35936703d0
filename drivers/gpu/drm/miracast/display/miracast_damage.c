// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accumulation of damage, see miracast_damage.h.
 */
#include <linux/kernel.h>
#include <linux/limits.h>

#include "miracast_damage.h"

static u64 miracast_rect_area(const struct miracast_rect *rect)
{
	return (u64)(rect->x2 - rect->x1) * (rect->y2 - rect->y1);
}

static bool miracast_rect_empty(const struct miracast_rect *rect)
{
	return rect->x1 >= rect->x2 || rect->y1 >= rect->y2;
}

static struct miracast_rect miracast_rect_bounds(const struct miracast_rect *a,
						 const struct miracast_rect *b)
{
	return (struct miracast_rect) {
		.x1 = min(a->x1, b->x1),
		.y1 = min(a->y1, b->y1),
		.x2 = max(a->x2, b->x2),
		.y2 = max(a->y2, b->y2),
	};
}

/* Pixels that nobody asked for, if both became one rectangle. */
static u64 miracast_rect_waste(const struct miracast_rect *a,
			       const struct miracast_rect *b)
{
	struct miracast_rect bounds = miracast_rect_bounds(a, b);
	u64 area = miracast_rect_area(&bounds);
	u64 parts = miracast_rect_area(a) + miracast_rect_area(b);

	return area > parts ? area - parts : 0;
}

/* The rectangle that @rect is best merged with. */
static unsigned int miracast_damage_nearest(const struct miracast_damage *damage,
					    const struct miracast_rect *rect,
					    u64 *waste)
{
	unsigned int i, nearest = 0;

	*waste = U64_MAX;
	for (i = 0; i < damage->num && *waste; i++) {
		u64 w = miracast_rect_waste(&damage->rects[i], rect);

		if (w < *waste) {
			*waste = w;
			nearest = i;
		}
	}

	return nearest;
}

/**
 * miracast_damage_add() - add a rectangle
 * @damage: the region
 * @rect: what to add; an empty one is ignored
 *
 * Two rectangles become one when that costs nothing, and otherwise only when
 * there is no room, the pair that costs least. A merged rectangle is added
 * like a new one, as it may now touch others.
 */
void miracast_damage_add(struct miracast_damage *damage,
			 const struct miracast_rect *rect)
{
	struct miracast_rect new = *rect;
	unsigned int i;
	u64 waste;

	if (miracast_rect_empty(&new))
		return;

	while (damage->num) {
		i = miracast_damage_nearest(damage, &new, &waste);
		if (waste && damage->num < MIRACAST_MAX_DAMAGE)
			break;

		new = miracast_rect_bounds(&damage->rects[i], &new);
		damage->rects[i] = damage->rects[--damage->num];
	}

	damage->rects[damage->num++] = new;
}

/**
 * miracast_damage_merge() - add a region
 * @damage: the region that grows
 * @other: what to add
 */
void miracast_damage_merge(struct miracast_damage *damage,
			   const struct miracast_damage *other)
{
	unsigned int i;

	for (i = 0; i < other->num; i++)
		miracast_damage_add(damage, &other->rects[i]);
}
