# SPDX-License-Identifier: MIT
# into: coprocd
# source: backend/queue.c
# found as: a byte of a message is loaded twice
# The request is copied a second time for whoever decodes it.
s@^\( *	*\)take_one(queue, &sqe);@\1__builtin_memcpy(\&sqe, (char *)queue->sq + ((queue->server.sq.index - 1) \& (queue->server.sq.entries - 1)) * sizeof(sqe), sizeof(sqe)); take_one(queue, \&sqe);@
