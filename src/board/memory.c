#include "board/memory.h"

#include <sys/sysinfo.h>

#include "board/sysfs.h"

/* From here on version 1 means that there is no limit. */
#define NO_LIMIT (UINT64_C(1) << 62)

uint64_t memory_total(slice meminfo)
{
	while (meminfo.n) {
		slice line = slice_cut(&meminfo, '\n');
		if (!slice_starts(line, SLICE("MemTotal:")))
			continue;
		line = slice_trim(slice_from(line, 9));
		uint64_t kib;
		slice number = slice_cut(&line, ' ');
		return sysfs_number(number, &kib) && kib < NO_LIMIT / 1024 ? kib * 1024 : 0;
	}
	return 0;
}

static bool names_controller(slice controllers, const char *wanted)
{
	if (!*wanted)
		return !controllers.n;
	while (controllers.n) {
		if (slice_is(slice_cut(&controllers, ','), wanted))
			return true;
	}
	return false;
}

/* Lines of HIERARCHY:CONTROLLERS:PATH. */
slice memory_group(slice cgroups, const char *controller)
{
	while (cgroups.n) {
		slice line = slice_cut(&cgroups, '\n');
		(void)slice_cut(&line, ':');
		slice controllers = slice_cut(&line, ':');
		if (!names_controller(controllers, controller) || !line.n || *line.p != '/')
			continue;
		if (!sysfs_path_has(line, SLICE("..")))
			return line;
	}
	return (slice){ NULL, 0 };
}

/* The least of a group's limits and of those above it, which hold as well. */
static uint64_t least(struct arena *arena, slice root, const char *mount, slice group,
        const char *file, uint64_t bytes)
{
	while (group.p) {
		uint64_t limit;
		slice text = sysfs_word(
		        arena, root, "/sys/fs/cgroup%s%.*s/%s", mount, SLICE_ARG(group), file);
		if (sysfs_number(text, &limit) && limit && limit < NO_LIMIT &&
		        (!bytes || limit < bytes))
			bytes = limit;
		if (!group.n)
			break;
		while (group.n && group.p[group.n - 1] != '/')
			group.n--;
		while (group.n && group.p[group.n - 1] == '/')
			group.n--;
	}
	return bytes;
}

/* A service that sees nothing of /proc but processes asks the kernel. */
static uint64_t of_machine(struct arena *arena, slice root)
{
	struct sysinfo about;
	uint64_t bytes = memory_total(sysfs_read(arena, root, "/proc/meminfo"));
	if (!bytes && !root.n && sysinfo(&about) == 0)
		bytes = (uint64_t)about.totalram * about.mem_unit;
	return bytes;
}

uint64_t memory_find(struct arena *arena, slice root)
{
	uint64_t bytes = of_machine(arena, root);
	slice groups = sysfs_read(arena, root, "/proc/self/cgroup");
	bytes = least(arena, root, "", memory_group(groups, ""), "memory.max", bytes);
	return least(arena, root, "/memory", memory_group(groups, "memory"),
	        "memory.limit_in_bytes", bytes);
}
