# SPDX-License-Identifier: MIT
# into: coprocd
# source: backend/job.c
# found as: a byte that a request names is loaded twice
# An operand table is copied twice.
s@if (buffer_read(session, table->buffer, table->offset, wire, table->length))@if (buffer_read(session, table->buffer, table->offset, wire, table->length) || buffer_read(session, table->buffer, table->offset, wire, 4))@
