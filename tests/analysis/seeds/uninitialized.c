/* SPDX-License-Identifier: MIT */
/* A status that one path forgets to set.
 * finds: gcc/analyzer-use-of-uninitialized-value
 * finds: clang-tidy/clang-analyzer-core.uninitialized.UndefReturn
 */
int seed(int kind);
int seed(int kind)
{
	int status;

	if (kind == 1)
		status = 0;
	else if (kind == 2)
		status = -1;
	return status;
}
