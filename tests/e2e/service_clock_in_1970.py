"""A box that has lost its clock: time begins with the build, so that what has expired stays so, and the logs are in order."""
import os
import re
import time

import support
import support_jwt as issuer
from support import RestBackend, run

# Put before the system's own: the wall clock began with the machine, and everything else is as it is.
LOST = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t which, struct timespec *to)
{
	if (which == CLOCK_REALTIME)
		which = CLOCK_MONOTONIC;
	return (int)syscall(SYS_clock_gettime, which, to);
}
"""
STARTED = time.time()


def lost_clock(folder):
    """The environment in which a program believes that it is 1970."""
    source, library = os.path.join(folder, "lost.c"), os.path.join(folder, "lost.so")
    with open(source, "w", encoding="ascii") as out:
        out.write(LOST)
    run("cc", "-shared", "-fPIC", "-o", library, source)
    # The sanitizer wants to be first otherwise.
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


def test_what_has_expired_stays_so():
    backend, key = RestBackend(), issuer.ec_key("ec")
    gateway = issuer.gateway(backend, "jwks: file:pki/jwks.json", {"pki/jwks.json": issuer.key_set(key)}, state=True)
    with gateway:
        assert "clock" not in gateway.log(), gateway.log()
        gateway.kill()
        gateway.environment.update(lost_clock(gateway.folder))
        gateway.start()
        warning = gateway.wait_log("the system's clock is behind the day on which this program was built")
        built = warning.split()[0]
        assert "2025-" < built < time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(STARTED + 86400 * 400)), built
        # In 1970 both would be far from their end.
        for seconds in (1000000000, 1700000000):
            status, why = issuer.post(gateway, key.token(exp=seconds))
            assert status == 401 and "expired" in why, (status, why)
        backend.nothing_more()
        assert issuer.post(gateway, key.token(exp=int(STARTED) + 86400 * 400)) == (200, None), gateway.log()
        # Time goes on, in the log and in the audit log.
        after = [line.split()[0] for line in gateway.lines if re.match(r"20\d\d-", line)]
        assert after == sorted(after) and not any(line.startswith("1970") for line in gateway.lines), gateway.log()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
