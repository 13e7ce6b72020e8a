/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Between state-table.c, which is made, and state.c, which looks things up. */
#ifndef COPROC_SCHEMA_STATE_TABLE_H
#define COPROC_SCHEMA_STATE_TABLE_H

#include "state.h"

/* [side][wish: STAY or LEAVE][mine][peer] */
extern const struct coproc_step coproc_step_table[2][2][COPROC_STATES][COPROC_PEERS];

#endif /* COPROC_SCHEMA_STATE_TABLE_H */
