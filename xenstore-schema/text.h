/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Building a short text where there is no printf.  What does not fit is cut
 * off; the result always ends in NUL.
 */
#ifndef COPROC_SCHEMA_TEXT_H
#define COPROC_SCHEMA_TEXT_H

#include "libcoproc-ring/port.h"

struct coproc_writer {
	char *at;
	size_t left;            /* bytes from @at, the NUL's included */
	bool cut;               /* something did not fit */
};

static inline void coproc_write_begin(struct coproc_writer *w, char *out, size_t room)
{
	w->at = out;
	w->left = room;
	w->cut = room == 0;
	if (room)
		*out = '\0';
}

static inline void coproc_write_char(struct coproc_writer *w, char c)
{
	if (w->left < 2) {
		w->cut = true;
		return;
	}
	*w->at++ = c;
	*w->at = '\0';
	w->left--;
}

static inline void coproc_write_text(struct coproc_writer *w, const char *text)
{
	while (*text)
		coproc_write_char(w, *text++);
}

/* By subtraction: a 32-bit kernel has no 64-bit division, and this is rare. */
static inline void coproc_write_number(struct coproc_writer *w, uint64_t value)
{
	static const uint64_t ten_to[] = {
		1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull,
		100000000ull, 1000000000ull, 10000000000ull, 100000000000ull,
		1000000000000ull, 10000000000000ull, 100000000000000ull,
		1000000000000000ull, 10000000000000000ull, 100000000000000000ull,
		1000000000000000000ull, 10000000000000000000ull,
	};
	int n = 19;

	while (n > 0 && value < ten_to[n])
		n--;
	for (; n >= 0; n--) {
		char digit = '0';

		while (value >= ten_to[n]) {
			value -= ten_to[n];
			digit++;
		}
		coproc_write_char(w, digit);
	}
}

static inline bool coproc_printable(char c)
{
	return c >= ' ' && c <= '~';
}

#endif /* COPROC_SCHEMA_TEXT_H */
