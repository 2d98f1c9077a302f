/* A start runs much code once: configuration, descriptions, keys, the state on disk, and each library's own beginnings.
 * The kernel maps code in pieces of 64 KB round each page that is touched, and keeps what is mapped longest when memory
 * gets scarce; it cannot know that most of it will not run again.
 *
 * ONLY WHAT THE FILE STILL HAS may go, or the process loses it. So a range has to be a segment that the linker has mapped
 * without write permission (dl_iterate_phdr), and the kernel has to say of this very range that no page in it was ever
 * written to (smaps: "Anonymous: 0"): not by relocations in the text, nor by a debugger. Where either is not to be had (another
 * C library, an emulator) nothing happens. */
#include "base/code_pages.h"

#include <inttypes.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SEGMENTS_MAX = 256, LINE_BYTES = 512 };

struct range {
	uintptr_t from, to;
};

struct segments {
	struct range at[SEGMENTS_MAX];
	unsigned n;
	struct range own; /* the one that this code is in */
};

static int note_segments(struct dl_phdr_info *object, size_t size, void *arg)
{
	struct segments *segments = arg;
	(void)size;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W ||
		        segments->n == SEGMENTS_MAX)
			continue;
		uintptr_t from = object->dlpi_addr + segment->p_vaddr, to = from + segment->p_memsz;
		struct range pages = { from & ~(page - 1), (to + page - 1) & ~(page - 1) };
		uintptr_t here = (uintptr_t)code_pages_release;
		segments->at[segments->n++] = pages;
		if (here >= pages.from && here < pages.to)
			segments->own = pages;
	}
	return 0;
}

/* The whole mapping lies in the segment's pages. */
static bool is_segment(const struct segments *segments, const struct range *mapping)
{
	for (unsigned i = 0; i < segments->n; i++) {
		if (mapping->from >= segments->at[i].from && mapping->to <= segments->at[i].to)
			return true;
	}
	return false;
}

/* "5581c0de0000-5581c0e00000 r-xp 00020000 fe:00 123 /usr/bin/fairlead" */
static bool read_mapping(const char *line, struct range *mapping)
{
	uint64_t from, to, inode;
	char mode[8];
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %" SCNu64, &from, &to, mode,
	            &inode) != 4)
		return false;
	*mapping = (struct range){ (uintptr_t)from, (uintptr_t)to };
	bool candidate = inode && strlen(mode) == 4 && mode[1] != 'w' && mode[3] == 'p';
	if (!candidate || mapping->from != from || mapping->to != to)
		*mapping = (struct range){ 0, 0 };
	return true;
}

/* An emulator of user programs shows smaps of itself, whose addresses may be off by a page or more; what is said there of one
 * range is true of another. So they are believed only where this very code has the mapping that it must have. */
static bool is_of_this_program(FILE *smaps, const struct segments *segments)
{
	struct range mapping;
	char line[LINE_BYTES];
	while (fgets(line, sizeof line, smaps)) {
		if (read_mapping(line, &mapping) && mapping.from == segments->own.from &&
		        mapping.to == segments->own.to)
			return mapping.to > mapping.from;
	}
	return false;
}

size_t code_pages_release(void)
{
	struct segments segments = { .n = 0, .own = { 0, 0 } };
	struct range mapping = { 0, 0 };
	char line[LINE_BYTES];
	size_t released = 0;
	FILE *smaps = fopen("/proc/self/smaps", "re");
	if (!smaps)
		return 0;
	(void)dl_iterate_phdr(note_segments, &segments);
	bool believed = is_of_this_program(smaps, &segments);
	rewind(smaps);
	while (believed && fgets(line, sizeof line, smaps)) {
		if (read_mapping(line, &mapping))
			continue;
		unsigned long written;
		if (sscanf(line, "Anonymous: %lu kB", &written) != 1)
			continue;
		size_t n = mapping.to - mapping.from;
		if (n && !written && is_segment(&segments, &mapping) &&
		        madvise((void *)mapping.from, n, MADV_DONTNEED) == 0)
			released += n;
	}
	(void)fclose(smaps);
	return released;
}
