/* The rate of a serial port as a number. POSIX knows names of some rates only (B9600); Linux takes any, by a second form of
 * struct termios, whose header does not go together with POSIX's. A rate that has a name is set by it all the same, since
 * that is what other programs show. */
#include "net/serial.h"

/* TCGETS2 is in the kernel's header alone: glibc's <sys/ioctl.h> includes it, musl's does not. */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <sys/ioctl.h>

/* A request is an unsigned long to glibc and an int to musl; the kernel takes the 32 bits of either. */
#pragma GCC diagnostic ignored "-Woverflow"

static const struct {
	unsigned baud;
	tcflag_t name;
} rates[] = { { 50, B50 }, { 75, B75 }, { 110, B110 }, { 134, B134 }, { 150, B150 }, { 200, B200 },
	{ 300, B300 }, { 600, B600 }, { 1200, B1200 }, { 1800, B1800 }, { 2400, B2400 },
	{ 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 }, { 57600, B57600 },
	{ 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 }, { 500000, B500000 },
	{ 576000, B576000 }, { 921600, B921600 }, { 1000000, B1000000 }, { 1152000, B1152000 },
	{ 1500000, B1500000 }, { 2000000, B2000000 }, { 2500000, B2500000 }, { 3000000, B3000000 },
	{ 3500000, B3500000 }, { 4000000, B4000000 } };

static tcflag_t name_of(unsigned baud)
{
	for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
		if (rates[i].baud == baud)
			return rates[i].name;
	}
	return BOTHER;
}

int serial_set_rate(int fd, unsigned baud)
{
	struct termios2 settings;
	if (ioctl(fd, TCGETS2, &settings) != 0)
		return -1;
	settings.c_cflag &= ~(tcflag_t)(CBAUD | CBAUD << IBSHIFT);
	settings.c_cflag |= name_of(baud) | name_of(baud) << IBSHIFT;
	settings.c_ispeed = settings.c_ospeed = baud;
	return ioctl(fd, TCSETS2, &settings);
}

unsigned serial_rate(int fd)
{
	struct termios2 settings;
	return ioctl(fd, TCGETS2, &settings) == 0 ? settings.c_ospeed : 0;
}
