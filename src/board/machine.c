#include "board/machine.h"

#include <fnmatch.h>

#include "board/sysfs.h"

/* Not /proc/device-tree, a link to it: a service may not be let see more of /proc than processes. */
#define TREE "/sys/firmware/devicetree/base"
#define DMI  "/sys/class/dmi/id"
#define CPU  "/sys/devices/system/cpu/modalias"

enum { FITS_COMPATIBLE = 1000000, FITS_DMI_MAX = 1000 };

slice machine_tidy(struct arena *arena, slice text)
{
	slice tidy = arena_copy_slice(arena, text);
	char *bytes = (char *)(uintptr_t)tidy.p;
	for (size_t i = 0; i < tidy.n; i++) {
		if (bytes[i] < ' ' || bytes[i] > '~')
			bytes[i] = '?';
	}
	return tidy;
}

bool machine_next(slice *list, slice *text)
{
	while (list->n) {
		*text = slice_cut(list, '\0');
		if (text->n)
			return true;
	}
	return false;
}

/* DMI is not the PC's alone: ARM's servers have it as well. "cpu:type:x86,ven0000fam0006mod00CF:feature:,0000,0001…" says what it is. */
static slice read_cpu(struct arena *arena, slice root)
{
	slice alias = sysfs_word(arena, root, CPU);
	if (!slice_starts(alias, SLICE("cpu:type:")))
		return (slice){ NULL, 0 };
	slice type = slice_from(alias, 9);
	type = slice_cut(&type, ':');
	return slice_cut(&type, ',');
}

void machine_read(struct arena *arena, slice root, struct machine *machine)
{
	*machine = (struct machine){ .root = root };
	machine->compatible = sysfs_read(arena, root, TREE "/compatible");
	slice model = sysfs_word(arena, root, TREE "/model");
	slice vendor = sysfs_word(arena, root, DMI "/sys_vendor");
	slice product = sysfs_word(arena, root, DMI "/product_name");
	machine->cpu = read_cpu(arena, root);
	if (vendor.p)
		machine->vendor = machine_tidy(arena, vendor);
	if (product.p)
		machine->product = machine_tidy(arena, product);
	if (model.p)
		machine->model = machine_tidy(arena, model);
	else if (vendor.p || product.p)
		machine->model = slice_trim(arena_printf(arena, "%.*s %.*s",
		        SLICE_ARG(machine->vendor), SLICE_ARG(machine->product)));
}

unsigned machine_fits_compatible(const struct machine *machine, slice compatible)
{
	slice list = machine->compatible, text;
	for (unsigned i = 0; machine_next(&list, &text); i++) {
		if (slice_equal(text, compatible))
			return FITS_COMPATIBLE - i;
	}
	return 0;
}

/* Adds what the pattern says exactly. false: it is not like that. */
static bool fits(slice pattern, slice text, unsigned *exact)
{
	if (!pattern.n)
		return true;
	if (!text.n || fnmatch(pattern.p, text.p, 0) != 0)
		return false;
	for (size_t i = 0; i < pattern.n; i++)
		*exact += pattern.p[i] != '*' && pattern.p[i] != '?';
	return true;
}

unsigned machine_fits_dmi(const struct machine *machine, slice vendor, slice product, slice cpu)
{
	unsigned exact = 1;
	if (cpu.n && !slice_equal(cpu, machine->cpu))
		return 0;
	if (!fits(vendor, machine->vendor, &exact) || !fits(product, machine->product, &exact))
		return 0;
	return exact < FITS_DMI_MAX ? exact : FITS_DMI_MAX;
}
