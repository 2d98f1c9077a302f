/* device_status: how a command ended, in a device's own words. */
#ifndef COMMON_DEVICE_STATUS_H
#define COMMON_DEVICE_STATUS_H

#include "api/message.h"

/* A name as status_name() gives it, or HTTP's number. STATUS_BAD_BACKEND when it is anything else. */
enum status device_status(slice said);

#endif
