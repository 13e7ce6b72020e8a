# SPDX-License-Identifier: MIT
# into: coprocd
# source: backend/image.c
# found as: a byte that a request names is loaded twice
# What is hashed is not what was copied.
s@crypto_hash_sha256_update(&copy->hash, copy->memory + copy->at, n);@static uint8_t again[STEP_BYTES]; buffer_read(cache->session, copy->buffer, (uint64_t)copy->offset + copy->at, again, n); crypto_hash_sha256_update(\&copy->hash, again, n);@
