/* storage: what kind of device a folder is on. */
#ifndef BOARD_STORAGE_H
#define BOARD_STORAGE_H

#include "base/arena.h"

enum storage_kind {
	STORAGE_UNKNOWN,
	STORAGE_SD,
	STORAGE_EMMC,
	STORAGE_USB,    /* a stick, or another thing that can be pulled */
	STORAGE_FLASH,  /* an SSD, NVMe, raw flash with a file system for it */
	STORAGE_DISK,   /* that turns, or says so, as those of virtual machines do */
	STORAGE_MEMORY, /* tmpfs, a RAM disk: gone with the power */
	STORAGE_OVERLAY, /* of which one cannot see what is beneath: often memory over a root that is read only */
	STORAGE_KINDS
};

struct storage {
	enum storage_kind kind;
	slice device;      /* "mmcblk0p2"; empty: none */
	slice file_system; /* "ext4"; empty: not known */
};

/* "sd", "emmc", …: as the keys of board.yaml. */
const char *storage_kind_name(enum storage_kind);
/* The folder's, or, while it is not there yet, of the nearest above it. In the arena. */
void storage_find(struct arena *, slice root, const char *folder, struct storage *);

/* A part of it, pure: the last mount of this device in /proc/self/mountinfo. false: there is none. */
bool storage_mount(
        slice mountinfo, unsigned major, unsigned minor, slice *file_system, slice *source);

#endif
