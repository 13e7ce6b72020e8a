/* SPDX-License-Identifier: MIT */
/* Privileges that are dropped without looking, and a leak.
 * finds: clang-tidy/bugprone-unused-return-value
 * finds: gcc/analyzer-malloc-leak
 * finds: cppcheck/memleak
 */
#include <stdlib.h>
#include <sys/resource.h>

int seed(int n);
int seed(int n)
{
	struct rlimit none = { 0, 0 };
	int *all = calloc(4, sizeof(*all));

	setrlimit(RLIMIT_NOFILE, &none);
	if (!all)
		return -1;
	if (n > 3)
		return -2;
	all[0] = n;
	n = all[0];
	free(all);
	return n;
}
