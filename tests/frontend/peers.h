/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FRONTEND_PEERS_H
#define TESTS_FRONTEND_PEERS_H

#include "tests/conformance/frontend.h"

/* peers.c: jobs as its head says, and the backend that follows another. */
played_hook peers_honest;
void peers_successor(struct played *p);
/* Gone, and comes back when the guest calls for it. */
void peers_away(struct played *p);

/*
 * peers-moments.c: does what the guest wishes, once, at the moment that it names,
 * in its node `wish`: SERIAL ACTION OP N: at the N-th request of this operation.
 * The question for the weight always makes it go.
 */
played_hook peers_obey;

#endif /* TESTS_FRONTEND_PEERS_H */
