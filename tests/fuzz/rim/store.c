/* SPDX-License-Identifier: MIT */
/* xenstore: a flat table of paths, one handle's transactions and watches. */
#include "real.h"

#include <errno.h>
#include <xenstore.h>

#include "../fuzz.h"
#include "rim.h"

#define NODES_MAX       192u
#define WATCHES_MAX     32u
#define FIRED_MAX       512u
#define PATH_MAX_       128u
#define VALUE_MAX       260u

#define CALL_NS         20000u  /* that a question to xenstored takes */
#define DEPTH_MAX       12u

struct node {
	uint32_t hash;          /* 0: free */
	uint32_t above[DEPTH_MAX];      /* hashes of the directories it lies in */
	uint16_t len;
	char path[PATH_MAX_];
	char value[VALUE_MAX];
};

struct xs_handle {
	uint8_t nothing;
};

static struct node nodes[NODES_MAX], saved[NODES_MAX];
static struct watch {
	bool used;
	char path[PATH_MAX_], token[64];
} watches[WATCHES_MAX];
static struct fired {
	uint8_t watch;
	char path[PATH_MAX_];
} fired[FIRED_MAX];
static uint32_t first_fired, fired_count, handles, watch_count;
static bool in_transaction, was_saved;
static char changed[64][PATH_MAX_];
static uint32_t changes, fail_at, transactions;
static int fail_error;

static uint32_t hash_of(const char *path)
{
	uint32_t h = 2166136261u;

	while (*path)
		h = (h ^ (uint8_t)*path++) * 16777619u;
	return h ? h : 1;
}

/* Where a path was found last: nearly always where it still is. */
static uint8_t hint[1024];

static struct node *find(const char *path)
{
	uint32_t h = hash_of(path);
	struct node *n = &nodes[hint[h % 1024]];

	if (n->hash == h && !strcmp(n->path, path))
		return n;
	for (n = nodes; n < nodes + NODES_MAX; n++)
		if (n->hash == h && !strcmp(n->path, path)) {
			hint[h % 1024] = (uint8_t)(n - nodes);
			return n;
		}
	return NULL;
}

/* Whether @path is @above or below it. */
static bool below(const char *path, const char *above)
{
	/* By hand: libFuzzer looks into each strncmp(). */
	while (*above && *path == *above) {
		path++;
		above++;
	}
	return !*above && (*path == '/' || *path == '\0');
}

void rim_store_reset(void)
{
	memset(nodes, 0, sizeof(nodes));
	memset(watches, 0, sizeof(watches));
	first_fired = fired_count = handles = watch_count = changes = fail_at = 0;
	in_transaction = was_saved = false;
}

void rim_store_fail(uint32_t nth, int error)
{
	fail_at = nth;
	fail_error = error;
}

uint32_t rim_store_transactions(void)
{
	return transactions;
}

uint32_t rim_store_held(void)
{
	return handles + watch_count;
}

bool rim_store_ready(void)
{
	return fired_count > 0;
}

static void fire(const char *path)
{
	for (uint32_t i = 0; i < WATCHES_MAX; i++) {
		struct fired *f = &fired[(first_fired + fired_count) % FIRED_MAX];

		/* A removal above is news to those who watch below. */
		if (!watches[i].used || fired_count == FIRED_MAX ||
		    !(below(path, watches[i].path) || below(watches[i].path, path)))
			continue;
		f->watch = (uint8_t)i;
		snprintf(f->path, sizeof(f->path), "%s", path);
		fired_count++;
	}
}

static void change(const char *path)
{
	if (!in_transaction)
		fire(path);
	else if (changes < 64)
		snprintf(changed[changes++], PATH_MAX_, "%s", path);
}

static void save(void)
{
	if (in_transaction && !was_saved)
		memcpy(saved, nodes, sizeof(nodes));
	was_saved |= in_transaction;
}

static void name_node(struct node *n, const char *path)
{
	uint32_t h = 2166136261u, depth = 0;

	memset(n->above, 0, sizeof(n->above));
	for (const char *at = path; *at; at++) {
		if (*at == '/' && at != path && depth < DEPTH_MAX)
			n->above[depth++] = h ? h : 1;
		h = (h ^ (uint8_t)*at) * 16777619u;
	}
	n->hash = h ? h : 1;
	snprintf(n->path, sizeof(n->path), "%s", path);
}

static void put(const char *path, const void *value, size_t len)
{
	struct node *n = find(path);

	for (struct node *free = nodes; !n && free < nodes + NODES_MAX; free++)
		if (!free->hash)
			n = free;
	if (!n)
		fuzz_bug("too many nodes in xenstore");
	if (len > VALUE_MAX - 1)
		len = VALUE_MAX - 1;
	name_node(n, path);
	if (len)
		memcpy(n->value, value, len);
	n->value[len] = '\0';
	n->len = (uint16_t)len;
	change(path);
}

void rim_store_put(const char *path, const void *value, size_t len)
{
	put(path, value, len);
}

const char *rim_store_get(const char *path)
{
	struct node *n = find(path);

	return n ? n->value : NULL;
}

void rim_store_remove(const char *path)
{
	for (struct node *n = nodes; n < nodes + NODES_MAX; n++)
		if (n->hash && below(n->path, path))
			n->hash = 0;
	change(path);
}

/* ---- libxenstore ---- */

static bool refuse(void)
{
	rim_now += CALL_NS;
	if (!fail_at || --fail_at)
		return false;
	errno = fail_error;
	return true;
}

struct xs_handle *xs_open(unsigned long flags)
{
	struct xs_handle *h;

	if (refuse())
		return NULL;
	h = calloc(1, sizeof(*h));
	handles += h != NULL;
	return h;
}

void xs_close(struct xs_handle *h)
{
	if (!h)
		return;
	handles--;
	memset(watches, 0, sizeof(watches));
	watch_count = fired_count = 0;
	free(h);
}

const char *xs_daemon_socket(void)
{
	return "/nonexistent/xenstored";
}

int xs_fileno(struct xs_handle *h)
{
	return RIM_FD_STORE;
}

/* A directory is there when something lies below it. */
static bool is_directory(const char *path)
{
	uint32_t h = hash_of(path);

	for (struct node *n = nodes; n < nodes + NODES_MAX; n++) {
		if (!n->hash)
			continue;
		if (n->hash == h)
			return true;
		for (uint32_t d = 0; d < DEPTH_MAX && n->above[d]; d++)
			if (n->above[d] == h)
				return true;
	}
	return false;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
	struct node *n = find(path);
	char *copy;

	if (refuse())
		return NULL;
	if (!n && !is_directory(path)) {
		errno = ENOENT;
		return NULL;
	}
	copy = malloc((n ? n->len : 0) + 1u);
	if (!copy)
		abort();
	memcpy(copy, n ? n->value : "", (n ? n->len : 0) + 1u);
	if (len)
		*len = n ? n->len : 0;
	return copy;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
	      unsigned int len)
{
	if (refuse())
		return false;
	if (len > VALUE_MAX - 1)
		fuzz_bug("%u bytes written to a node", len);
	save();
	put(path, data, len);
	return true;
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	return xs_write(h, t, path, "", 0);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	if (refuse())
		return false;
	if (!is_directory(path)) {
		errno = ENOENT;
		return false;
	}
	save();
	rim_store_remove(path);
	return true;
}

/* The name of the child of @path that leads to a node, or NULL. */
static size_t child_of(const struct node *n, const char *path, const char **name)
{
	size_t at = strlen(path);

	if (!n->hash || !below(n->path, path) || n->path[at] != '/')
		return 0;
	*name = n->path + at + 1;
	return strcspn(*name, "/");
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *count)
{
	char **names = malloc(NODES_MAX * (sizeof(char *) + PATH_MAX_));
	char *room = (char *)(names + NODES_MAX);

	*count = 0;
	if (!names)
		abort();
	errno = ENOENT;
	if (refuse() || !is_directory(path)) {
		free(names);
		return NULL;
	}
	for (struct node *n = nodes; n < nodes + NODES_MAX; n++) {
		const char *name;
		size_t len = child_of(n, path, &name);
		bool seen = false;

		for (unsigned int i = 0; len && i < *count; i++)
			seen |= strlen(names[i]) == len && !memcmp(names[i], name, len);
		if (!len || seen)
			continue;
		names[(*count)++] = room;
		memcpy(room, name, len);
		room[len] = '\0';
		room += len + 1;
	}
	return names;
}

struct xs_permissions *xs_get_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
					  unsigned int *count)
{
	errno = ENOENT;
	return NULL;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
			struct xs_permissions *perms, unsigned int count)
{
	return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	if (refuse())
		return XBT_NULL;
	if (in_transaction)
		fuzz_bug("a transaction inside another");
	in_transaction = true;
	was_saved = false;
	changes = 0;
	transactions++;
	return 1;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abandon)
{
	bool failed = !abandon && refuse();

	if (!in_transaction)
		fuzz_bug("a transaction ended twice");
	in_transaction = false;
	if ((abandon || failed) && was_saved)
		memcpy(nodes, saved, sizeof(nodes));
	for (uint32_t i = 0; !abandon && !failed && i < changes; i++)
		fire(changed[i]);
	return !failed;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	uint32_t i = 0;

	if (refuse())
		return false;
	for (uint32_t k = 0; k < WATCHES_MAX; k++)
		if (watches[k].used && !strcmp(watches[k].path, path) && !strcmp(watches[k].token, token)) {
			errno = EEXIST;
			return false;
		}
	while (i < WATCHES_MAX && watches[i].used)
		i++;
	if (i == WATCHES_MAX) {
		errno = E2BIG;
		return false;
	}
	watches[i].used = true;
	watch_count++;
	snprintf(watches[i].path, PATH_MAX_, "%s", path);
	snprintf(watches[i].token, sizeof(watches[i].token), "%s", token);
	if (fired_count < FIRED_MAX) {
		struct fired *f = &fired[(first_fired + fired_count++) % FIRED_MAX];

		f->watch = (uint8_t)i;
		snprintf(f->path, PATH_MAX_, "%s", path);
	}
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	for (uint32_t i = 0; i < WATCHES_MAX; i++)
		if (watches[i].used && !strcmp(watches[i].path, path) && !strcmp(watches[i].token, token)) {
			watches[i].used = false;
			watch_count--;
			return true;
		}
	errno = ENOENT;
	return false;
}

/* As libxenstore gives it: one block, a path and a token. */
char **xs_check_watch(struct xs_handle *h)
{
	const struct fired *f = &fired[first_fired];
	char **event;
	char *text;

	errno = EAGAIN;
	if (!fired_count || refuse())
		return NULL;
	first_fired = (first_fired + 1) % FIRED_MAX;
	fired_count--;
	event = malloc(2 * sizeof(char *) + PATH_MAX_ + 64);
	if (!event)
		abort();
	text = (char *)(event + 2);
	event[XS_WATCH_PATH] = text;
	event[XS_WATCH_TOKEN] = text + PATH_MAX_;
	memcpy(text, f->path, PATH_MAX_);
	memcpy(text + PATH_MAX_, watches[f->watch].token, 64);
	return event;
}
