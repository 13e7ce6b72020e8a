/* SPDX-License-Identifier: MIT */
/* Starting a world: its namespaces, its directory, its environment. */
#ifndef COPROC_LOOPBACK_LAUNCH_H
#define COPROC_LOOPBACK_LAUNCH_H

#include "loopback/broker/broker.h"

/**
 * lb_launch - start a world, run a command as its domain 0, wait for its end
 * @cfg: dir is ignored, it is made here
 * @argv: the command
 *
 * Returns the command's exit status (128 + n if signal n ended it), or 125
 * after saying on stderr what could not be done.
 */
int lb_launch(struct lb_config *cfg, char *const argv[]);

/* Puts @libdir before LD_LIBRARY_PATH.  0, or -1 with errno. */
int lb_env_library_path(const char *libdir);

/* The directory of the libraries: from the environment, beside this program,
 * or where they are installed.  NULL after saying where it looked. */
const char *lb_find_libdir(void);

/* Debian's xenstored: @given, or the first found.  NULL after an explanation. */
const char *lb_find_xenstored(const char *given);

#endif
