# SPDX-License-Identifier: MIT
# into: coprocd
# source: backend/buffer.c
# found as: a byte that a request names is loaded twice
# A directory is checked in the copy and used through a mapping.
s@^\(	*\)uint32_t value = le32toh(directory.gref\[i\]);@\1static volatile uint32_t *there; uint32_t value;\n\1if (i == 0) there = xengnttab_map_grant_ref(session->backend->gnttab, session->domain, request->u.buf_register.dir_ref[d], 1);\n\1value = le32toh(there[i]);@
