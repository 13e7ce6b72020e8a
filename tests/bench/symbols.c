/* SPDX-License-Identifier: MIT */
#include "symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct symbol {
	uint64_t begin, end;            /* in the process */
	const char *name;               /* in its object's image */
};

/* One executable mapping. */
struct object {
	uint64_t begin, end, offset;
	char name[64];
	const uint8_t *image;           /* of the file, NULL: none */
	size_t size;
	struct symbol *symbol;
	size_t symbols;
};

struct symbols {
	struct object *object;
	size_t objects;
};

static void load_image(struct object *o, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *image;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && (size_t)st.st_size > sizeof(Elf64_Ehdr)) {
		image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (image != MAP_FAILED) {
			o->image = image;
			o->size = (size_t)st.st_size;
		}
	}
	close(fd);
}

/* What has to be added to an address in the file's symbols. */
static uint64_t bias(const struct object *o, const Elf64_Ehdr *head)
{
	const Elf64_Phdr *ph = (const void *)(o->image + head->e_phoff);

	for (unsigned int i = 0; i < head->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && o->offset >= (ph[i].p_offset & ~4095ull) &&
		    o->offset < ph[i].p_offset + ph[i].p_filesz)
			return o->begin - o->offset + ph[i].p_offset - ph[i].p_vaddr;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

static void load_table(struct object *o, const Elf64_Shdr *table, const char *names, uint64_t add)
{
	const Elf64_Sym *sym = (const void *)(o->image + table->sh_offset);
	size_t count = table->sh_size / sizeof(*sym);

	o->symbol = calloc(count ? count : 1, sizeof(*o->symbol));
	if (!o->symbol)
		return;
	for (size_t i = 0; i < count; i++) {
		unsigned int type = ELF64_ST_TYPE(sym[i].st_info);

		if ((type != STT_FUNC && type != STT_GNU_IFUNC) || !sym[i].st_value)
			continue;
		o->symbol[o->symbols++] = (struct symbol){
			sym[i].st_value + add,
			sym[i].st_value + add + (sym[i].st_size ? sym[i].st_size : 1),
			names + sym[i].st_name };
	}
	qsort(o->symbol, o->symbols, sizeof(*o->symbol), by_address);
}

/* The full table where there is one, else that of exported names. */
static void load_symbols(struct object *o)
{
	const Elf64_Ehdr *head = (const void *)o->image;
	const Elf64_Shdr *section, *table = NULL;

	if (!o->image || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shoff >= o->size)
		return;
	section = (const void *)(o->image + head->e_shoff);
	for (unsigned int i = 0; i < head->e_shnum; i++)
		if (section[i].sh_type == SHT_SYMTAB || (section[i].sh_type == SHT_DYNSYM && !table))
			table = &section[i];
	if (table)
		load_table(o, table, (const char *)o->image + section[table->sh_link].sh_offset,
			   bias(o, head));
}

int symbols_map(struct symbols *s, const char *line)
{
	unsigned long long begin, end, offset;
	char perms[8] = "", path[512] = "";
	struct object *grown, *o;
	const char *slash;

	if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %511s", &begin, &end, perms, &offset, path) < 4 ||
	    perms[2] != 'x')
		return 0;
	grown = realloc(s->object, (s->objects + 1) * sizeof(*grown));
	if (!grown)
		return -1;
	s->object = grown;
	o = &s->object[s->objects++];
	*o = (struct object){ .begin = begin, .end = end, .offset = offset };
	slash = strrchr(path, '/');
	snprintf(o->name, sizeof(o->name), "%.63s", slash ? slash + 1 : path[0] ? path : "anonymous");
	if (path[0] == '/')
		load_image(o, path);
	load_symbols(o);
	return 0;
}

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->objects; i++) {
		struct object *o = &symbols->object[i];

		free(o->symbol);
		if (o->image)
			munmap((void *)(uintptr_t)o->image, o->size);
	}
	free(symbols->object);
	free(symbols);
}

static const char *function_at(const struct object *o, uint64_t address)
{
	size_t low = 0, high = o->symbols;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (o->symbol[middle].begin <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* A few back, for names of one address and for functions inside others. */
	for (size_t back = 0; back < 4 && back < low; back++)
		if (address < o->symbol[low - 1 - back].end)
			return o->symbol[low - 1 - back].name;
	return "?";
}

void symbols_find(const struct symbols *symbols, uint64_t address, const char **function,
		  const char **object)
{
	*function = "?";
	*object = "?";
	for (size_t i = 0; i < symbols->objects; i++) {
		const struct object *o = &symbols->object[i];

		if (address < o->begin || address >= o->end)
			continue;
		*object = o->name;
		*function = function_at(o, address);
		return;
	}
}
