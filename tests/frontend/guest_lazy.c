// SPDX-License-Identifier: MIT
/* Backends that do not do their part: refuse, fall silent, never close, or flood. */
#include "guest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xengnttab.h>

void lazy_open_fails(const char *expected)
{
	static const struct { const char *name; int error; } names[] = {
		{ "-EPROTO", -EPROTO }, { "-EPROTONOSUPPORT", -EPROTONOSUPPORT },
		{ "-EREMOTEIO", -EREMOTEIO }, { "-ETIMEDOUT", -ETIMEDOUT },
	};
	struct coproc_options o;
	double start = seconds();
	unsigned int i;
	int rc;

	wait_for_device();
	options(&o);
	o.connect_timeout_ms = 1000;
	rc = coproc_open(&o, &dev);
	dev = NULL;
	fprintf(stderr, "# %d: %s\n", rc, reason);
	for (i = 0; i < 4; i++)
		if (!strcmp(expected, names[i].name))
			want(rc == names[i].error);
	want(reason[0] && seconds() - start < 4);
	if (rc == -EREMOTEIO)
		want(strstr(reason, "wants it so") != NULL);
}

void lazy_control_silent(void)
{
	struct coproc_options o;
	double start;

	wait_for_device();
	options(&o);
	want(coproc_open(&o, &dev) == 0);
	start = seconds();
	want(coproc_context_create(dev, &ctx) == -ECONNRESET);
	want(seconds() - start < 2);
	want(coproc_state(dev) != COPROC_CONNECTED);
	coproc_close(dev, 500);
	want(seconds() - start < 4);
}

void lazy_kept(void)
{
	xengntshr_handle *shr = xengntshr_open(NULL, 0);
	uint32_t refs[1000];
	void *pages;

	open_all(NULL);
	memset(coproc_buffer_data(in), 'a', 8192);
	good_job();
	coproc_close(dev, 1000);
	dev = NULL;
	/* Whatever this domain shares or keeps from now on is none of the
	 * backend's business. */
	pages = xengntshr_share_pages(shr, 0, 1000, refs, 1);
	want(pages != NULL);
	memset(pages, 's', 1000 * 4096);
	usleep(200000);
}

void lazy_never_closes(void)
{
	double start;

	open_all(NULL);
	good_job();
	start = seconds();
	want(coproc_close(dev, 700) == -ETIMEDOUT);
	want(seconds() - start < 2);
}

void lazy_storm(void)
{
	struct coproc_stats before, after;
	struct pollfd p;
	double end;
	int i;

	open_all(NULL);
	good_job();
	p = (struct pollfd){ .fd = coproc_fd(dev), .events = POLLIN };
	coproc_stats(dev, &before);
	for (end = seconds() + 1; seconds() < end; ) {
		poll(&p, 1, 100);
		coproc_dispatch(dev);
	}
	coproc_stats(dev, &after);
	fprintf(stderr, "# woken %llu times in a second of storm\n",
		(unsigned long long)(after.received - before.received));
	want(after.received - before.received < 250);
	for (i = 0; i < 20; i++)
		good_job();
	want(coproc_close(dev, 2000) == 0);
}

void lazy_flood(void)
{
	struct coproc_stats stats;
	int i;

	open_all(NULL);
	usleep(50000);
	for (i = 0; i < 2000; i++)
		good_job();
	coproc_stats(dev, &stats);
	fprintf(stderr, "# %llu events taken, %llu lost\n", (unsigned long long)stats.events,
		(unsigned long long)stats.events_lost);
	want(stats.events > 0 && stats.events_lost > 0);
	want(coproc_close(dev, 2000) == 0);
}

void lazy_deny(void)
{
	struct coproc_options o;

	wait_for_device();
	options(&o);
	want(coproc_open(&o, &dev) == 0);
	want(coproc_context_create(dev, &ctx) == -EREMOTEIO);
	want(coproc_refusal(dev) == XENCOPROC_NO_QUOTA);
	want(coproc_firmware_load(dev, "\177ELF", 4, 0, &fw) == -EREMOTEIO);
	want(coproc_refusal(dev) == XENCOPROC_DENIED && coproc_refusal_detail(dev) == 42);
	want(coproc_firmware_load(dev, "what is this?", 13, 0, &fw) == -EINVAL);
	want(coproc_settle(dev, 1000) == 0);
	want(coproc_close(dev, 2000) == 0);
}
