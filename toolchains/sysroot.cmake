# What the cross builds have in common; the including file has set CMAKE_SYSTEM_PROCESSOR, triplet and FAIRLEAD_SYSROOT:
# the sysroot below build/sysroot/ (toolchains/sysroot makes it), whose name ends in the suite if it is not this
# machine's.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FAIRLEAD_SYSROOT)
set(CMAKE_SYSTEM_NAME Linux)
get_filename_component(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${FAIRLEAD_SYSROOT} ABSOLUTE)
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
set(CMAKE_FIND_ROOT_PATH ${CMAKE_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# The C library of the sysroot, before any that the machine has for its compiler.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-B\"${CMAKE_SYSROOT}/usr/lib/${triplet}\"")
# Without PKG_CONFIG_SYSROOT_DIR: all headers lie in /usr/include, CMake finds libraries in the sysroot by itself, and
# pkg-config would spoil paths that have spaces.
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${triplet}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
