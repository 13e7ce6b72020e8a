/* SPDX-License-Identifier: MIT */
/*
 * A backend in the hands of the input, for libcoproc: it can serve what it is
 * asked, or put anything into its pages and nodes.
 */
#ifndef TESTS_FUZZ_PEER_H
#define TESTS_FUZZ_PEER_H

#include "fuzz.h"

#define PEER_FE_DIR     "/local/domain/1/device/vcoproc/0"
#define PEER_BE_DIR     "/local/domain/0/backend/vcoproc/1/0"

/* The directories, as a toolstack and a backend that just started leave them. */
void peer_reset(uint8_t limits);
/* The steps of the backend's table that are due, and all requests answered OK.
 * Return: whether it did something. */
bool peer_serve(void);
/* One thing out of the input. */
void peer_act(struct input *in);

#endif /* TESTS_FUZZ_PEER_H */
