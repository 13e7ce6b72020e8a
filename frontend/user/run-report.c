// SPDX-License-Identifier: MIT
/* What coproc-run tells: figures for people and as JSON, progress, devices. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "run.h"

void run_say(const char *format, ...)
{
	va_list args;

	fputs("coproc-run: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static double per_second(double what, double seconds)
{
	return seconds > 0 ? what / seconds : 0;
}

static void print_times(const char *what, const struct run_times *times)
{
	fprintf(stderr, "%-10s p50 %llu us, p99 %llu us, max %llu us\n", what,
		(unsigned long long)run_times_at(times, 50),
		(unsigned long long)run_times_at(times, 99), (unsigned long long)times->max);
}

void run_report(const struct run_figures *f, const struct run_options *options,
		const struct coproc_info *info)
{
	unsigned int i;

	fprintf(stderr, "device     %d, %s (%s), class %s\n", info->index, info->name, info->kind,
		coproc_class_text(options->qclass));
	fprintf(stderr, "jobs       %llu of %llu ended:", (unsigned long long)f->ended,
		(unsigned long long)f->total);
	for (i = 0; i < RUN_STATUSES; i++)
		if (f->status[i])
			fprintf(stderr, " %llu %s", (unsigned long long)f->status[i],
				coproc_status_text(i));
	fprintf(stderr, "\ntime       %.3f s, %.0f jobs/s, in %.1f MB/s, out %.1f MB/s\n",
		f->seconds, per_second((double)f->ended, f->seconds),
		per_second((double)f->bytes_in, f->seconds) / 1e6,
		per_second((double)f->bytes_out, f->seconds) / 1e6);
	print_times("waited", &f->waited);
	print_times("ran", &f->ran);
	fprintf(stderr, "notified   %.3f sent and %.3f received for each job\n",
		f->ended ? (double)f->device.sent / (double)f->ended : 0,
		f->ended ? (double)f->device.received / (double)f->ended : 0);
}

static json_t *json_times(const struct run_times *times)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "count", (json_int_t)times->count,
			 "p50", (json_int_t)run_times_at(times, 50),
			 "p99", (json_int_t)run_times_at(times, 99),
			 "max", (json_int_t)times->max);
}

static json_t *json_statuses(const struct run_figures *f)
{
	json_t *object = json_object();
	unsigned int i;

	for (i = 0; i < RUN_STATUSES; i++)
		if (f->status[i])
			json_object_set_new(object, coproc_status_text(i),
					    json_integer((json_int_t)f->status[i]));
	return object;
}

static int json_print(json_t *root, FILE *out)
{
	int rc = -ENOMEM;

	if (root) {
		rc = json_dumpf(root, out, JSON_INDENT(2)) ? -EIO : 0;
		fputc('\n', out);
		json_decref(root);
	}
	return fflush(out) || ferror(out) ? -errno : rc;
}

int run_report_json(const struct run_figures *f, const struct run_options *options,
		    const struct coproc_info *info, FILE *out)
{
	json_t *root = json_pack(
		"{s:{s:i, s:s, s:s}, s:s, s:I, s:I, s:o, s:f, s:I, s:I, s:o, s:o, s:I, s:I, s:I}",
		"device", "index", info->index, "name", info->name, "kind", info->kind,
		"class", coproc_class_text(options->qclass),
		"jobs", (json_int_t)f->total,
		"ended", (json_int_t)f->ended,
		"status", json_statuses(f),
		"seconds", f->seconds,
		"bytes_in", (json_int_t)f->bytes_in,
		"bytes_out", (json_int_t)f->bytes_out,
		"waited_us", json_times(&f->waited),
		"ran_us", json_times(&f->ran),
		"notifications_sent", (json_int_t)f->device.sent,
		"notifications_received", (json_int_t)f->device.received,
		"connections", (json_int_t)f->device.connections);

	return json_print(root, out);
}

void run_progress(const struct run_figures *f, double since)
{
	static const char bar[] = "########################################";
	double part = f->total ? (double)f->ended / (double)f->total : 0;

	fprintf(stderr, "\r[%-40.*s] %3.0f %%  %llu/%llu jobs, %.0f/s \033[K",
		(int)(part * 40), bar, part * 100, (unsigned long long)f->ended,
		(unsigned long long)f->total, per_second((double)f->ended, since));
	fflush(stderr);
}

void run_progress_clear(void)
{
	fputs("\r\033[K", stderr);
	fflush(stderr);
}

/* ---- --list ---- */

static const char *state_word(int state)
{
	static const char *const words[] = { "absent", "initialising", "waiting", "initialised",
					     "connected", "closing", "closed" };

	return state >= 0 && state < 7 ? words[state] : "unknown";
}

static int list_json(const struct coproc_listed *list, int count)
{
	json_t *root = json_array();
	int i;

	for (i = 0; i < count; i++)
		json_array_append_new(root, json_pack("{s:i, s:s, s:s, s:s, s:s}",
			"index", list[i].index, "name", list[i].name, "kind", list[i].kind,
			"frontend", state_word(list[i].frontend_state),
			"backend", state_word(list[i].backend_state)));
	return json_print(root, stdout) ? RUN_FILE : RUN_OK;
}

int run_list(bool json)
{
	struct coproc_listed list[64];
	int count = coproc_list(list, 64);
	int i;

	if (count < 0) {
		run_say("no xenstore: %s.  This works in a Xen guest, for who may use "
			"/dev/xen/xenbus", strerror(-count));
		return RUN_NO_DEVICE;
	}
	count = count < 64 ? count : 64;
	if (json)
		return list_json(list, count);
	if (!count)
		run_say("no coprocessor is attached to this domain; the toolstack attaches one "
			"(in domain 0: coproc-attach)");
	for (i = 0; i < count; i++)
		printf("%d  %-20s %-12s frontend %s, backend %s\n", list[i].index, list[i].name,
		       list[i].kind[0] ? list[i].kind : "-", state_word(list[i].frontend_state),
		       state_word(list[i].backend_state));
	return count ? RUN_OK : RUN_NO_DEVICE;
}
