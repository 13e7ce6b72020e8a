/* SPDX-License-Identifier: MIT */
/*
 * A domain that shares pages with domain 0 and waits.
 *
 *   engine-guest WRITABLE READONLY
 *
 * Prints the references of WRITABLE pages, a line break, those of READONLY
 * pages, a line break; every word of read-only page n is n + 1.  Ends when its
 * standard input does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xengnttab.h>

#define PAGE    4096u

static uint32_t *share(xengntshr_handle *xgs, uint32_t pages, int writable)
{
	uint32_t *refs = calloc(pages, sizeof(*refs));
	uint32_t *memory = refs ?
		xengntshr_share_pages(xgs, 0, (int)pages, refs, writable) : NULL;

	if (!memory) {
		perror("engine-guest: xengntshr_share_pages");
		exit(1);
	}
	for (uint32_t i = 0; i < pages; i++)
		printf("%u%c", refs[i], i + 1 == pages ? '\n' : ' ');
	free(refs);
	return memory;
}

int main(int argc, char **argv)
{
	xengntshr_handle *xgs = xengntshr_open(NULL, 0);
	const uint32_t ro = argc == 3 ? (uint32_t)atoi(argv[2]) : 0;
	uint32_t *pages;
	char byte;

	if (!xgs || !ro) {
		fprintf(stderr, "engine-guest: no pages, or no gntalloc\n");
		return 1;
	}
	share(xgs, (uint32_t)atoi(argv[1]), 1);
	pages = share(xgs, ro, 0);
	for (uint32_t i = 0; i < ro * PAGE / 4; i++)
		pages[i] = i / (PAGE / 4) + 1;
	puts("filled");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
