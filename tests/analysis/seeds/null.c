/* SPDX-License-Identifier: MIT */
/* A peer's name that is used where it was found to be absent.
 * finds: gcc/analyzer-null-dereference
 * finds: clang-tidy/clang-analyzer-core.NullDereference
 * finds: cppcheck/nullPointerRedundantCheck
 */
struct peer {
	unsigned int domain;
};

unsigned int seed(const struct peer *peer);
unsigned int seed(const struct peer *peer)
{
	if (!peer)
		return peer->domain;
	return peer->domain + 1;
}
