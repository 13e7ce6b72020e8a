/* SPDX-License-Identifier: MIT */
/* A buffer that is freed on the error path and again at the end.
 * finds: gcc/analyzer-double-free
 * finds: clang-tidy/clang-analyzer-unix.Malloc
 * finds: cppcheck/doubleFree
 */
#include <stdlib.h>
#include <string.h>

int seed(const char *text);
int seed(const char *text)
{
	char *copy = malloc(16);
	int rc = 0;

	if (!copy)
		return -1;
	if (strlen(text) >= 16) {
		free(copy);
		rc = -1;
	}
	free(copy);
	return rc;
}
