/* SPDX-License-Identifier: MIT */
/*
 * Stores at the speed of loads.
 *
 * Unicorn 2.0 cannot tell pages that hold translated code from those that do
 * not, and so takes the long way for each store: a call, three allocations, a
 * search for translations to drop; some 180 ns.  Here no page is ever writable
 * and executable, so there is nothing to be found.  stores.c says so to
 * Unicorn, page by page.
 */
#ifndef COPROC_CORTEX_M_STORES_H
#define COPROC_CORTEX_M_STORES_H

#include "backend/engines/cortex-m/window.h"

/* Once, before the first core executes.  Without effect on other versions. */
void stores_prepare(void);
/* A core with these windows is about to execute. */
void stores_begin(const struct window_set *windows);

#endif /* COPROC_CORTEX_M_STORES_H */
