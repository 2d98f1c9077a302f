# The Debian package, by CPack: toolchains/deb makes it of a build that is done; docs/reference/service.md says what is in it.
#
# Its version is the project's and the Debian it was linked for: 0.1.0+deb12 sorts before 0.1.0+deb13, so that an upgrade of Debian is one of the
# package as well, and the files of both have names of their own.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "Fairlead maintainers <maintainers@fairlead.invalid>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gateway between devices of many protocols and services behind it")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "One small program for a box aboard a ship, a vehicle or on a factory floor.
Whatever a device or a client speaks (HTTP, WebSocket, CoAP, MQTT, raw binary
protocols, SOAP) becomes one kind of request; who is calling and whether they
may is found out; and the request is led to the REST or protobuf service
behind. Calls to devices go the other way.")
# For the example fleet's own scripts.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS python3)

# Which Debian: that of the sysroot, else this machine's. One that is not released yet has no number, and a package no suffix.
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
set(os_release ${CMAKE_SYSROOT}/usr/lib/os-release)
if(EXISTS ${os_release})
	file(STRINGS ${os_release} os_version REGEX "^VERSION_ID=")
	if(os_version MATCHES "([0-9.]+)")
		string(APPEND CPACK_DEBIAN_PACKAGE_VERSION "+deb${CMAKE_MATCH_1}")
	endif()
endif()
# Without a sysroot CPack asks dpkg.
if(FAIRLEAD_SYSROOT)
	string(REGEX MATCH "^[a-z0-9]+" CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${FAIRLEAD_SYSROOT})
endif()

# toolchains/debian/control.cmake finds out the dependencies, toolchains/debian/fill.cmake adds what only Debian wants; both when the package is made.
set(CPACK_FAIRLEAD_PROGRAM ${PROJECT_BINARY_DIR}/fairlead)
set(CPACK_FAIRLEAD_SYSROOT ${CMAKE_SYSROOT})
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/toolchains/debian/control.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/toolchains/debian/fill.cmake)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(script postinst prerm postrm conffiles)
	list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/toolchains/debian/${script})
endforeach()
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
	WORLD_READ WORLD_EXECUTE)
# What a debugger needs is in a package of its own, fairlead-dbgsym.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_OBJCOPY_EXECUTABLE ${CMAKE_OBJCOPY})
set(CPACK_READELF_EXECUTABLE ${CMAKE_READELF})
include(CPack)
