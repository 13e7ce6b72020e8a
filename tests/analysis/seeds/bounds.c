/* SPDX-License-Identifier: MIT */
/* One entry too many, and a length that is cut to 16 bits before it is checked.
 * finds: cppcheck/arrayIndexOutOfBounds
 * finds: clang-tidy/clang-diagnostic-implicit-int-conversion
 * finds: clang-tidy/bugprone-implicit-widening-of-multiplication-result
 */
#include <stddef.h>
#include <stdint.h>

unsigned int seed(uint32_t pages, uint32_t size);
size_t seed_bytes(uint32_t pages, uint32_t size);

unsigned int seed(uint32_t pages, uint32_t size)
{
	static const unsigned int limit[4] = { 1, 2, 3, 4 };
	uint16_t length = pages;
	unsigned int sum = 0;

	for (unsigned int i = 0; i <= 4; i++)
		sum += limit[i];
	return length > size ? 0 : sum;
}

size_t seed_bytes(uint32_t pages, uint32_t size)
{
	return pages * size;
}
