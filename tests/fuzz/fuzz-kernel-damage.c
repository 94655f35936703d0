/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Damage: four bytes a rectangle, on a picture of 64 by 64 pixels. Whatever was
 * added must be covered.
 */
#include <string.h>

#include "fuzz.h"
#include "miracast_damage.h"

#define SIZE	64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct miracast_damage damage = {};
	guint8 missing[SIZE][SIZE] = {};
	guint i, x, y;

	for (; size >= 4; data += 4, size -= 4) {
		const struct miracast_rect rect = {
			data[0] % (SIZE + 1), data[1] % (SIZE + 1),
			data[2] % (SIZE + 1), data[3] % (SIZE + 1),
		};

		miracast_damage_add(&damage, &rect);
		g_assert_cmpuint(damage.num, <=, MIRACAST_MAX_DAMAGE);
		for (y = rect.y1; y < rect.y2; y++)
			for (x = rect.x1; x < rect.x2; x++)
				missing[y][x] = 1;
	}
	for (i = 0; i < damage.num; i++) {
		const struct miracast_rect *r = &damage.rects[i];

		g_assert_true(r->x1 < r->x2 && r->x2 <= SIZE && r->y1 < r->y2 && r->y2 <= SIZE);
		for (y = r->y1; y < r->y2; y++)
			memset(&missing[y][r->x1], 0, r->x2 - r->x1);
	}
	for (y = 0; y < SIZE; y++)
		for (x = 0; x < SIZE; x++)
			g_assert_cmpuint(missing[y][x], ==, 0);
	return 0;
}
