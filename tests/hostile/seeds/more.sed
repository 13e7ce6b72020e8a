# SPDX-License-Identifier: MIT
# into: coprocd
# source: backend/job.c
# found as: a byte of the guest is loaded that no request names
# More is copied than the operand table's length.
s@buffer_read(session, table->buffer, table->offset, wire, table->length)@buffer_read(session, table->buffer, table->offset, wire, table->length + 4)@
