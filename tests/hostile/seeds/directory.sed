# SPDX-License-Identifier: MIT
# into: coprocd
# source: backend/buffer.c
# found as: a byte that a request names is loaded twice
# A directory is copied twice.
s@if (xengnttab_grant_copy(session->backend->gnttab, 1, &segment) ||@if (xengnttab_grant_copy(session->backend->gnttab, 1, \&segment) || xengnttab_grant_copy(session->backend->gnttab, 1, \&segment) ||@
