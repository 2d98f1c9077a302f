################################################################################
#
# fairlead
#
################################################################################

FAIRLEAD_VERSION = 0.1.0
FAIRLEAD_SITE = $(or $(call qstrip,$(BR2_PACKAGE_FAIRLEAD_SOURCE)),$(realpath $(BR2_EXTERNAL_FAIRLEAD_PATH)/../..))
FAIRLEAD_SITE_METHOD = local
FAIRLEAD_LICENSE = Apache-2.0
FAIRLEAD_LICENSE_FILES = LICENSE
FAIRLEAD_DEPENDENCIES = \
	expat \
	fairlead-uthash \
	host-protobuf \
	host-protobuf-c \
	libcoap \
	libhttpparser \
	libuv \
	libwebsockets \
	libyaml \
	mbedtls \
	openssl \
	paho-mqtt-c \
	protobuf-c \
	sqlite \
	zlib

# What the project's own builds leave in a checkout is no source.
FAIRLEAD_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude=/build

FAIRLEAD_CONF_OPTS = \
	-DCMAKE_COMPILE_WARNING_AS_ERROR=OFF \
	-DFAIRLEAD_TESTS=OFF \
	-DFAIRLEAD_UNIT_FOLDER=$(if $(BR2_INIT_SYSTEMD),lib/systemd/system)

# Texts of other encodings; musl and glibc with locales have iconv themselves.
ifeq ($(BR2_PACKAGE_LIBICONV),y)
FAIRLEAD_DEPENDENCIES += libiconv
endif

# What the gateway acknowledges must be on the disk.
ifeq ($(BR2_PACKAGE_FAIRLEAD)$(BR2_PACKAGE_SQLITE_NO_SYNC),yy)
$(error fairlead promises that what it acknowledges survives a power cut, which BR2_PACKAGE_SQLITE_NO_SYNC breaks: unset it)
endif

# The user owns its state; dialout opens serial ports.
define FAIRLEAD_USERS
	fairlead -1 fairlead -1 * - - dialout Fairlead gateway
endef

define FAIRLEAD_PERMISSIONS
	/var/lib/fairlead d 700 fairlead fairlead - - - - -
endef

# The image's own configuration comes from an overlay (BR2_ROOTFS_OVERLAY) and wins.
define FAIRLEAD_INSTALL_CONFIGURATION
	test -e $(TARGET_DIR)/etc/fairlead/fairlead.yaml || \
		$(INSTALL) -D -m 0644 $(@D)/toolchains/debian/fairlead.yaml \
			$(TARGET_DIR)/etc/fairlead/fairlead.yaml
	mkdir -p $(TARGET_DIR)/var/lib/fairlead
endef
FAIRLEAD_POST_INSTALL_TARGET_HOOKS += FAIRLEAD_INSTALL_CONFIGURATION

# Examples for a desk, which want bash and Python, and the init script, which stands in its place if it is wanted.
define FAIRLEAD_REMOVE_EXAMPLES
	rm -rf $(addprefix $(TARGET_DIR)/usr/share/fairlead/board/,demo init.d)
endef
FAIRLEAD_POST_INSTALL_TARGET_HOOKS += FAIRLEAD_REMOVE_EXAMPLES

define FAIRLEAD_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(@D)/board/init.d/fairlead \
		$(TARGET_DIR)/etc/init.d/S80fairlead
endef

$(eval $(cmake-package))
