SUMMARY = "Gateway between devices of many protocols and services behind it"
DESCRIPTION = "One small program for a box aboard a ship, a vehicle or on a factory floor. \
HTTP, WebSocket, CoAP, MQTT, raw binary protocols and SOAP become one kind of request; \
who is calling and whether they may is found out; and the request is led to the REST or \
protobuf service behind."
SECTION = "net"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

PV = "0.1.0+git"

# What is committed in the checkout around this layer. A product names its own mirror and pins the revision in its
# distribution or local.conf: FAIRLEAD_REPOSITORY and SRCREV:pn-fairlead.
FAIRLEAD_REPOSITORY ?= "git://${FAIRLEAD_CHECKOUT};protocol=file;branch=main"
SRC_URI = "${FAIRLEAD_REPOSITORY};destsuffix=fairlead-source"
SRCREV ?= "${AUTOREV}"
# scarthgap unpacks into WORKDIR, its successors into UNPACKDIR.
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}/fairlead-source"

DEPENDS = "\
    expat \
    http-parser \
    libcoap \
    libuv \
    libwebsockets \
    libyaml \
    mbedtls \
    openssl \
    paho-mqtt-c \
    protobuf-c \
    protobuf-c-native \
    protobuf-native \
    sqlite3 \
    uthash \
    virtual/libiconv \
    zlib \
"

inherit cmake pkgconfig useradd systemd update-rc.d

EXTRA_OECMAKE = "\
    -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF \
    -DFAIRLEAD_TESTS=OFF \
    -DFAIRLEAD_UNIT_FOLDER=${systemd_system_unitdir} \
"

# The user owns its state; dialout opens serial ports.
USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --user-group --groups dialout --no-create-home \
    --home-dir ${localstatedir}/lib/fairlead --shell ${base_sbindir}/nologin fairlead"

SYSTEMD_SERVICE:${PN} = "fairlead.service"
INITSCRIPT_NAME = "fairlead"
INITSCRIPT_PARAMS = "defaults 80 20"

do_install:append() {
    install -D -m 0644 ${S}/toolchains/debian/fairlead.yaml ${D}${sysconfdir}/fairlead/fairlead.yaml
    install -d -m 0700 -o fairlead -g fairlead ${D}${localstatedir}/lib/fairlead
    # In their places, and nowhere else.
    if [ ${nonarch_base_libdir} != ${nonarch_libdir} ]; then
        install -d ${D}${nonarch_base_libdir}
        mv ${D}${nonarch_libdir}/udev ${D}${nonarch_base_libdir}/
    fi
    rm -r ${D}${datadir}/fairlead/board/init.d
    if ${@bb.utils.contains('DISTRO_FEATURES', 'sysvinit', 'true', 'false', d)}; then
        install -D -m 0755 ${S}/board/init.d/fairlead ${D}${sysconfdir}/init.d/fairlead
    fi
}

# Examples for a desk, which want bash and Python.
PACKAGES =+ "${PN}-demo"
FILES:${PN}-demo = "${datadir}/fairlead/board/demo"
RDEPENDS:${PN}-demo = "${PN} bash curl python3-core"

FILES:${PN} += "${datadir}/fairlead ${systemd_system_unitdir}"
CONFFILES:${PN} = "${sysconfdir}/fairlead/fairlead.yaml"

# glibc finds encodings other than UTF, ASCII and ISO-8859-1 (in descriptions of frames) in modules only.
RSUGGESTS:${PN}:append:libc-glibc = " glibc-gconvs"
