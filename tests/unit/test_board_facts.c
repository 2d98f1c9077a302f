/* What a machine tells of itself: who it is, how much memory it has, what its state is kept on. */
#include "fake_root.h"

#include <sys/sysmacros.h>

#include "board/identity.h"
#include "board/memory.h"
#include "board/storage.h"

static struct arena arena;

static int start(void **state)
{
	arena_init(&arena, 16 << 20);
	return fake_root_make(state);
}

static int end(void **state)
{
	arena_finish(&arena);
	return fake_root_remove(state);
}

static void what_is_no_identity(void **state)
{
	(void)state;
	static const char *const unreal[] = { "", " ", "To be filled by O.E.M.",
		"To Be Filled By O.E.M.", "Default string", "0123456789", "123456789",
		"0000000000000000", "0000-0000-0000", "ffffffffffff", "FF:FF:FF:FF:FF:FF",
		"System Serial Number", "Not Specified", "N/A", "None", "None.", "Unknown", "OEM",
		"xxxxxxxx", "................", "abc", "-", "\x01",
		"01234567890123456789012345678901234567890123456789012345678901234" };
	for (size_t i = 0; i < sizeof unreal / sizeof *unreal; i++) {
		if (identity_take(&arena, slice_of(unreal[i])).p)
			fail_msg("\"%s\" is taken", unreal[i]);
	}
	assert_slice(identity_take(&arena, SLICE("10000000a1b2c3d4")), "10000000a1b2c3d4");
	assert_slice(identity_take(&arena, SLICE(" S/N: KSA 12345.6 ")), "S-N--KSA-12345.6");
	assert_slice(identity_take(&arena, SLICE("0000000000000001")), "0000000000000001");
	assert_int_equal(identity_find(&arena, slice_of(fake_root), SLICE("no way")).n, 0);
}

static slice mac(void)
{
	return identity_find(&arena, slice_of(fake_root), SLICE("mac"));
}

static void the_interface_that_is_built_in(void **state)
{
	(void)state;
	assert_null(mac().p);
	fake_interface("lo", "virtual", "00:00:00:00:00:00");
	fake_interface("br0", "virtual", "dc:a6:32:00:00:99");
	fake_interface("usb0", "pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0", "00:11:22:33:44:55");
	assert_null(mac().p);
	fake_interface("wlan0", "pci0000:00/0000:00:01.0", "dc:a6:32:00:00:03");
	fake_file("/sys/devices/pci0000:00/0000:00:01.0/net/wlan0/phy80211/name", "phy0\n");
	assert_slice(mac(), "dca632000003");
	fake_interface("eth1", "pci0000:00/0000:00:1c.1/0000:03:00.0", "dc:a6:32:00:00:02");
	assert_slice(mac(), "dca632000002");
	/* By its place, not by its name. */
	fake_interface("zzz", "pci0000:00/0000:00:1c.0/0000:02:00.0", "DC:A6:32:00:00:01");
	assert_slice(mac(), "dca632000001");
	/* Somebody has given it another address. */
	fake_file("/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/net/zzz/addr_assign_type",
	        "3\n");
	assert_slice(mac(), "dca632000002");
	/* It is in a bond, and shows the bond's. */
	fake_file("/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/net/zzz/bonding_slave/"
	          "perm_hwaddr",
	        "dc:a6:32:00:00:01\n");
	assert_slice(mac(), "dca632000001");
}

static void addresses_that_nobody_was_given(void **state)
{
	(void)state;
	static const char *const unreal[] = { "00:00:00:00:00:00", "02:11:22:33:44:55",
		"01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "dc:a6:32:00:00", "dc-a6-32-00-00-01",
		"dc:a6:32:00:00:0g", "", "dc:a6:32:00:00:01:02" };
	fake_interface("eth0", "platform/fd580000.ethernet", "dc:a6:32:00:00:01");
	assert_slice(mac(), "dca632000001");
	for (size_t i = 0; i < sizeof unreal / sizeof *unreal; i++) {
		fake_file("/sys/devices/platform/fd580000.ethernet/net/eth0/address", unreal[i]);
		if (mac().p)
			fail_msg("%s is taken", unreal[i]);
	}
	fake_file("/sys/devices/platform/fd580000.ethernet/net/eth0/address", "dc:a6:32:00:00:01");
	fake_file("/sys/devices/platform/fd580000.ethernet/net/eth0/type", "512\n");
	assert_null(mac().p);
}

static uint64_t memory(void)
{
	return memory_find(&arena, slice_of(fake_root));
}

static void memory_of_the_machine_and_of_its_groups(void **state)
{
	(void)state;
	assert_int_equal(memory(), 0);
	fake_file("/proc/meminfo", "MemTotal:         498048 kB\nMemFree: 1 kB\n");
	assert_int_equal(memory(), UINT64_C(498048) * 1024);
	fake_file("/proc/self/cgroup", "0::/system.slice/fairlead.service\n");
	fake_file("/sys/fs/cgroup/system.slice/fairlead.service/memory.max", "max\n");
	assert_int_equal(memory(), UINT64_C(498048) * 1024);
	fake_file("/sys/fs/cgroup/system.slice/memory.max", "268435456\n");
	assert_int_equal(memory(), 268435456);
	fake_file("/sys/fs/cgroup/system.slice/fairlead.service/memory.max", "134217728\n");
	assert_int_equal(memory(), 134217728);
	/* Of a namespace whose root is elsewhere nothing is known but what stands here. */
	fake_file("/proc/self/cgroup", "0::/../../other\n");
	assert_int_equal(memory(), UINT64_C(498048) * 1024);
	fake_file("/proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n");
	fake_file(
	        "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(memory(), UINT64_C(498048) * 1024);
	fake_file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "100000000\n");
	assert_int_equal(memory(), 100000000);
	static const char *const garbage[] = { "MemTotal:\n", "MemTotal: x kB\n", "MemTotal",
		"MemTotal: 99999999999999999999999999 kB\n", "\0", "MemTotal: -1 kB" };
	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
		assert_int_equal(memory_total(slice_of(garbage[i])), 0);
}

/* A folder whose device the test describes: it is on whatever the test's own folder is on. */
static struct storage kept(const char *below)
{
	struct storage storage;
	char path[PATH_MAX + 64];
	(void)snprintf(path, sizeof path, "%s%s", fake_root, below);
	storage_find(&arena, slice_of(fake_root), path, &storage);
	return storage;
}

static void is_on(const char *to)
{
	struct stat about;
	char path[128];
	assert_int_equal(stat(fake_root, &about), 0);
	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(about.st_dev),
	        minor(about.st_dev));
	(void)unlink(fake_path(path));
	fake_link(path, to);
}

static void mounted(const char *file_system, const char *source)
{
	struct stat about;
	char line[256];
	assert_int_equal(stat(fake_root, &about), 0);
	(void)snprintf(line, sizeof line,
	        "22 1 0:1 / /proc rw - proc proc rw\n36 35 %u:%u / / rw,noatime master:1 shared:2 "
	        "- "
	        "%s %s rw\n",
	        major(about.st_dev), minor(about.st_dev), file_system, source);
	fake_file("/proc/self/mountinfo", line);
}

static void a_partition_of_a_card(void **state)
{
	(void)state;
	assert_int_equal(kept("/var/lib/fairlead").kind, STORAGE_UNKNOWN);
	fake_file("/sys/devices/mmc0/block/mmcblk0/mmcblk0p2/partition", "2\n");
	fake_file("/sys/devices/mmc0/block/mmcblk0/removable", "0\n");
	fake_file("/sys/devices/mmc0/block/mmcblk0/device/type", "SD\n");
	is_on("../../devices/mmc0/block/mmcblk0/mmcblk0p2");
	mounted("ext4", "/dev/mmcblk0p2");
	struct storage storage = kept("/var/lib/fairlead");
	assert_int_equal(storage.kind, STORAGE_SD);
	assert_slice(storage.device, "mmcblk0p2");
	assert_slice(storage.file_system, "ext4");
	fake_file("/sys/devices/mmc0/block/mmcblk0/device/type", "MMC\n");
	assert_int_equal(kept("").kind, STORAGE_EMMC);
}

static void disks(void **state)
{
	(void)state;
	fake_file("/sys/devices/pci0/nvme0n1/queue/rotational", "0\n");
	is_on("../../devices/pci0/nvme0n1");
	assert_int_equal(kept("").kind, STORAGE_FLASH);
	fake_file("/sys/devices/pci0/nvme0n1/queue/rotational", "1\n");
	assert_int_equal(kept("").kind, STORAGE_DISK);
	fake_file("/sys/devices/pci0/nvme0n1/removable", "1\n");
	assert_int_equal(kept("").kind, STORAGE_USB);
	fake_file("/sys/devices/pci0/usb2/2-1/block/sda/queue/rotational", "1\n");
	is_on("../../devices/pci0/usb2/2-1/block/sda");
	assert_int_equal(kept("").kind, STORAGE_USB);
	fake_file("/sys/devices/virtual/block/zram1/queue/rotational", "0\n");
	is_on("../../devices/virtual/block/zram1");
	assert_int_equal(kept("").kind, STORAGE_MEMORY);
}

static void what_is_made_of_others(void **state)
{
	(void)state;
	fake_file("/sys/devices/mmc0/mmcblk0/mmcblk0p3/partition", "3\n");
	fake_file("/sys/devices/mmc0/mmcblk0/device/type", "MMC\n");
	fake_link("/sys/class/block/mmcblk0p3", "../../devices/mmc0/mmcblk0/mmcblk0p3");
	fake_file("/sys/devices/virtual/block/dm-1/queue/rotational", "0\n");
	fake_link("/sys/devices/virtual/block/dm-1/slaves/dm-0", "../../dm-0");
	fake_link("/sys/devices/virtual/block/dm-0/slaves/mmcblk0p3",
	        "../../../../mmc0/mmcblk0/mmcblk0p3");
	fake_link("/sys/class/block/dm-0", "../../devices/virtual/block/dm-0");
	is_on("../../devices/virtual/block/dm-1");
	struct storage storage = kept("");
	assert_int_equal(storage.kind, STORAGE_EMMC);
	assert_slice(storage.device, "dm-1");
	/* In a circle. */
	fake_link("/sys/class/block/dm-1", "../../devices/virtual/block/dm-1");
	assert_int_equal(unlink(fake_path("/sys/devices/virtual/block/dm-0/slaves/mmcblk0p3")), 0);
	fake_link("/sys/devices/virtual/block/dm-0/slaves/dm-1", "../../dm-1");
	(void)kept("");
}

static void file_systems_without_a_device(void **state)
{
	(void)state;
	mounted("tmpfs", "tmpfs");
	assert_int_equal(kept("").kind, STORAGE_MEMORY);
	mounted("overlay", "overlay");
	assert_int_equal(kept("").kind, STORAGE_OVERLAY);
	mounted("ubifs", "ubi0:data");
	assert_int_equal(kept("").kind, STORAGE_FLASH);
	mounted("nfs4", "10.0.0.1:/export");
	assert_int_equal(kept("").kind, STORAGE_UNKNOWN);
	mounted("btrfs", "/dev/mmcblk1p1");
	assert_int_equal(kept("").kind, STORAGE_UNKNOWN);
	fake_file("/sys/devices/mmcblk1/mmcblk1p1/partition", "1\n");
	fake_file("/sys/devices/mmcblk1/device/type", "SD\n");
	fake_link("/sys/class/block/mmcblk1p1", "../../devices/mmcblk1/mmcblk1p1");
	assert_int_equal(kept("").kind, STORAGE_SD);
	static const char *const garbage[] = { "", "\n", "36", "36 35 0:1", "36 35 0:1 / /",
		"- - - -", "36 35 0:1 / / rw -", "36 35 0:1 / / rw - " };
	slice type, source;
	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
		assert_false(storage_mount(slice_of(garbage[i]), 0, 1, &type, &source));
	/* One that is cut off takes nothing away from one that is whole. */
	assert_true(storage_mount(SLICE("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n1 0 8:1 / / rw -"), 8,
	        1, &type, &source));
	assert_slice(type, "ext4");
}

static void a_link_in_a_circle(void **state)
{
	(void)state;
	is_on("b");
	struct stat about;
	char path[128];
	assert_int_equal(stat(fake_root, &about), 0);
	(void)snprintf(path, sizeof path, "%u:%u", major(about.st_dev), minor(about.st_dev));
	fake_link("/sys/dev/block/b", path);
	assert_int_equal(kept("").kind, STORAGE_UNKNOWN);
	fake_link("/sys/class/net/eth0", "eth0");
	assert_null(mac().p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_identity),
		TEST(the_interface_that_is_built_in),
		TEST(addresses_that_nobody_was_given),
		TEST(memory_of_the_machine_and_of_its_groups),
		TEST(a_partition_of_a_card),
		TEST(disks),
		TEST(what_is_made_of_others),
		TEST(file_systems_without_a_device),
		TEST(a_link_in_a_circle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
