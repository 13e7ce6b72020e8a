// SPDX-License-Identifier: MIT
/* Where our libraries and Debian's xenstored are. */
#include "loopback/launch.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef COPROC_LOOPBACK_INSTALLED_LIBDIR
#define COPROC_LOOPBACK_INSTALLED_LIBDIR "/usr/local/lib/coproc-loopback"
#endif

static bool has_libraries(const char *dir)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/libxengnttab.so.1", dir) < (int)sizeof(path) &&
	       access(path, R_OK) == 0;
}

const char *lb_find_libdir(void)
{
	static const char *const beside[] = { "../loopback/lib", "../lib/coproc-loopback" };
	static char dir[PATH_MAX], path[PATH_MAX + 32];
	const char *given = getenv(LB_ENV_LIBDIR);
	ssize_t n;
	size_t i;

	if (given && *given == '/') {
		if (has_libraries(given))
			return given;
		lb_log("no libxengnttab.so.1 in %s=%s", LB_ENV_LIBDIR, given);
		return NULL;
	}
	n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	if (n > 0) {
		dir[n] = 0;
		*strrchr(dir, '/') = 0;
		for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
			snprintf(path, sizeof(path), "%s/%s", dir, beside[i]);
			if (has_libraries(path) && realpath(path, dir))
				return dir;
		}
	}
	if (has_libraries(COPROC_LOOPBACK_INSTALLED_LIBDIR))
		return COPROC_LOOPBACK_INSTALLED_LIBDIR;
	lb_log("its libraries are neither beside the program nor in %s; set %s to their "
	       "absolute directory", COPROC_LOOPBACK_INSTALLED_LIBDIR, LB_ENV_LIBDIR);
	return NULL;
}

static bool on_path(char *buf, size_t size)
{
	const char *p = getenv("PATH"), *end;

	for (; p && *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, ':');
		if (snprintf(buf, size, "%.*s/xenstored", (int)(end - p), p) < (int)size &&
		    access(buf, X_OK) == 0)
			return true;
	}
	return false;
}

const char *lb_find_xenstored(const char *given)
{
	static char path[PATH_MAX];
	glob_t g;

	if (given) {
		/* An absolute path: it is run from "/" later. */
		if (access(given, X_OK) == 0 && realpath(given, path))
			return path;
		lb_log("%s cannot be run: %m", given);
		return NULL;
	}
	/* The newest installed: glob sorts. */
	if (glob("/usr/lib/xen-*/bin/xenstored", 0, NULL, &g) == 0) {
		snprintf(path, sizeof(path), "%s", g.gl_pathv[g.gl_pathc - 1]);
		globfree(&g);
		if (access(path, X_OK) == 0)
			return path;
	}
	if (on_path(path, sizeof(path)))
		return path;
	lb_log("xenstored not found in /usr/lib/xen-*/bin or $PATH: install Debian's package "
	       "xen-utils-4.17, or name it with --xenstored PATH");
	return NULL;
}
