/* own_address: which addresses are this machine's. Any thread. */
#ifndef BASE_OWN_ADDRESS_H
#define BASE_OWN_ADDRESS_H

#include "base/slice.h"

/* Could a socket be bound to it now: "10.0.0.5", "[fe80::1%eth0]", "0.0.0.0"? Numeric addresses only, so nobody is asked. */
bool own_address_is(slice host);

#endif
