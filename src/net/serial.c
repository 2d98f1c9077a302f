/* A PORT IS TAKEN TWICE: TIOCEXCL keeps other programs from opening it, but root's; the lock (flock) keeps those away that ask for
 * one, and is how two of our own see each other.
 *
 * RAW. The line discipline of the kernel would change bytes (ends of lines, control characters) if it were let. VMIN 1 and
 * VTIME 0 with O_NONBLOCK: a read gives what is there, and EAGAIN where nothing is. (VMIN 0 would give 0, as at the end of a file.)
 *
 * WHAT THE PORT CANNOT DO, such as a parity, some drivers refuse and others pass over in silence; so it is read back, and said in
 * the log. It is no error: a pseudo-terminal carries bytes whatever it is set to.
 *
 * CLOSING a port waits for what is not sent yet, up to half a minute, inside close(): so that is thrown away before. Who wants
 * it sent waits for it first (stream.c, serial_unsent_ms()). */
#include "net/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"

static int say(char *why, size_t size, const char *text)
{
	(void)snprintf(why, size, "%s", text);
	return -1;
}

static const char *meaning(int errno_value)
{
	switch (errno_value) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "there is no such port (any more): is it plugged in?";
	case EACCES:
	case EPERM:
		return "not permitted: the gateway's user must be in the port's group, which is "
		       "dialout on "
		       "Debian";
	case EBUSY:
	case EWOULDBLOCK:
		return "another program has the port";
	case ENOTTY:
		return "this is no serial port";
	default:
		return strerror(errno_value);
	}
}

static tcflag_t control_flags(const struct serial_settings *settings)
{
	tcflag_t flags = CREAD | CLOCAL;
	flags |= settings->bits == 7 ? CS7 : CS8;
	if (settings->stop == 2)
		flags |= CSTOPB;
	if (settings->parity != SERIAL_PARITY_NONE)
		flags |= PARENB;
	if (settings->parity == SERIAL_PARITY_ODD)
		flags |= PARODD;
	return flags;
}

enum { CONTROL_FLAGS = CSIZE | CSTOPB | PARENB | PARODD };

/* false: errno. */
static bool set_up(int fd, const struct serial_settings *settings)
{
	struct termios termios;
	if (tcgetattr(fd, &termios) != 0)
		return false;
	cfmakeraw(&termios);
	termios.c_cflag &= ~(tcflag_t)(CONTROL_FLAGS | CRTSCTS | HUPCL);
	termios.c_cflag |= control_flags(settings);
	termios.c_iflag &= ~(tcflag_t)(IGNPAR | IXOFF | IXANY);
	termios.c_iflag |= PARMRK;
	if (settings->parity != SERIAL_PARITY_NONE)
		termios.c_iflag |= INPCK;
	termios.c_cc[VMIN] = 1;
	termios.c_cc[VTIME] = 0;
	return tcsetattr(fd, TCSANOW, &termios) == 0 && serial_set_rate(fd, settings->baud) == 0;
}

/* What the port has made of it. */
static void check(int fd, const char *path, const struct serial_settings *settings)
{
	struct termios termios;
	unsigned rate = serial_rate(fd);
	if (tcgetattr(fd, &termios) != 0)
		return;
	if ((termios.c_cflag & CONTROL_FLAGS) != (control_flags(settings) & CONTROL_FLAGS))
		log_info("serial", "%s does not do these bits, parity and stop bits", path);
	/* Dividers make it another rate than was asked for; beyond 3 % a byte is not read right any more. */
	if (rate && (rate > settings->baud + settings->baud / 32 ||
	                    rate < settings->baud - settings->baud / 32))
		log_warning("serial", "%s does not do %u bits a second, but %u", path,
		        settings->baud, rate);
}

static bool set_direction(int fd, const struct serial_settings *settings)
{
	struct serial_rs485 rs485 = { .flags = SER_RS485_ENABLED |
		                               (settings->rts_low ? SER_RS485_RTS_AFTER_SEND
		                                                  : SER_RS485_RTS_ON_SEND),
		.delay_rts_before_send = settings->rts_before_ms,
		.delay_rts_after_send = settings->rts_after_ms };
	if (settings->rs485)
		return ioctl(fd, TIOCSRS485, &rs485) == 0;
	/* The setting outlives whoever made it. */
	struct serial_rs485 before = { 0 };
	bool on = settings->rs485_off && ioctl(fd, TIOCGRS485, &before) == 0 &&
	          (before.flags & SER_RS485_ENABLED);
	before.flags &= ~(unsigned)SER_RS485_ENABLED;
	return !on || ioctl(fd, TIOCSRS485, &before) == 0;
}

static int fail(int fd, char *why, size_t size, const char *text)
{
	serial_release(fd);
	(void)close(fd);
	return say(why, size, text);
}

int serial_open(
        const char *path, const struct serial_settings *settings, char *why, size_t why_size)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return say(why, why_size, meaning(errno));
	if (!isatty(fd) || flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int reason = errno;
		(void)close(fd);
		return say(why, why_size, meaning(reason));
	}
	if (ioctl(fd, TIOCEXCL) != 0 || !set_up(fd, settings))
		return fail(fd, why, why_size, meaning(errno));
	if (!set_direction(fd, settings))
		return fail(fd, why, why_size,
		        "the port's driver cannot switch the direction (rs485=on); an adapter that "
		        "does so "
		        "by itself wants rs485=off");
	check(fd, path, settings);
	return fd;
}

void serial_release(int fd)
{
	(void)tcflush(fd, TCIOFLUSH);
	(void)ioctl(fd, TIOCNXCL);
}

unsigned serial_unsent_ms(int fd)
{
	int unsent = 0;
	unsigned rate = serial_rate(fd);
	if (!rate || ioctl(fd, TIOCOUTQ, &unsent) != 0 || unsent <= 0)
		return 0;
	/* A byte is up to twelve bits on the line; and a little for the port's own buffer, of which nobody knows. */
	return (unsigned)((unsigned long long)unsent * 12 * 1000 / rate) + 20;
}
