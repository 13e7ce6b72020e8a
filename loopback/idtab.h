/* SPDX-License-Identifier: MIT */
#ifndef COPROC_LOOPBACK_IDTAB_H
#define COPROC_LOOPBACK_IDTAB_H

#include <stdint.h>

/* Small integers for pointers; 0 is never given out. */
struct lb_idtab {
	void **slot;
	uint32_t *free;
	uint32_t size, nfree;
};

uint32_t lb_id_add(struct lb_idtab *t, void *p);	/* 0: out of memory */
void *lb_id_get(const struct lb_idtab *t, uint32_t id);	/* NULL: no such id */
void lb_id_del(struct lb_idtab *t, uint32_t id);
void lb_id_free(struct lb_idtab *t);

#endif
