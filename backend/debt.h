/* SPDX-License-Identifier: MIT */
/*
 * What a device's last connection had beyond its turn, and used up of its realtime
 * budget and its cap: a domain that connects anew has no more than if it had stayed.
 */
#ifndef COPROC_BACKEND_DEBT_H
#define COPROC_BACKEND_DEBT_H

struct coprocessor;
struct session;

/* Before the session's lanes are removed.  Without memory nothing is kept. */
void debt_keep(struct session *session);
/* After the new session's bounds are set. */
void debt_take(struct session *session);
void debt_forget_all(struct coprocessor *coprocessor);

#endif /* COPROC_BACKEND_DEBT_H */
