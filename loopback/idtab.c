// SPDX-License-Identifier: MIT
#include "loopback/idtab.h"

#include <stdlib.h>

static int grow(struct lb_idtab *t)
{
	uint32_t size = t->size ? t->size * 2 : 16, i;
	void **slot = realloc(t->slot, size * sizeof(*slot));
	uint32_t *fr;

	if (!slot)
		return -1;
	t->slot = slot;
	fr = realloc(t->free, size * sizeof(*fr));
	if (!fr)
		return -1;
	t->free = fr;
	for (i = size; i > t->size; i--) {
		t->slot[i - 1] = NULL;
		t->free[t->nfree++] = i - 1;
	}
	t->size = size;
	return 0;
}

uint32_t lb_id_add(struct lb_idtab *t, void *p)
{
	uint32_t i;

	if (!t->nfree && grow(t) < 0)
		return 0;
	i = t->free[--t->nfree];
	t->slot[i] = p;
	return i + 1;
}

void *lb_id_get(const struct lb_idtab *t, uint32_t id)
{
	return id && id <= t->size ? t->slot[id - 1] : NULL;
}

void lb_id_del(struct lb_idtab *t, uint32_t id)
{
	t->slot[id - 1] = NULL;
	t->free[t->nfree++] = id - 1;
}

void lb_id_free(struct lb_idtab *t)
{
	free(t->slot);
	free(t->free);
	*t = (struct lb_idtab){ 0 };
}
