################################################################################
#
# fairlead-uthash
#
################################################################################

FAIRLEAD_UTHASH_VERSION = 2.3.0
FAIRLEAD_UTHASH_SOURCE = uthash_$(FAIRLEAD_UTHASH_VERSION).orig.tar.gz
FAIRLEAD_UTHASH_SITE = https://deb.debian.org/debian/pool/main/u/uthash
FAIRLEAD_UTHASH_LICENSE = BSD-1-Clause
FAIRLEAD_UTHASH_LICENSE_FILES = LICENSE
# A header only.
FAIRLEAD_UTHASH_INSTALL_STAGING = YES
FAIRLEAD_UTHASH_INSTALL_TARGET = NO

define FAIRLEAD_UTHASH_INSTALL_STAGING_CMDS
	$(INSTALL) -D -m 0644 $(@D)/src/uthash.h \
		$(STAGING_DIR)/usr/include/uthash.h
endef

$(eval $(generic-package))
