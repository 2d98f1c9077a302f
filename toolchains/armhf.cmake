# Cross-building for armhf.
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-linux-gnueabihf-gcc)
set(triplet arm-linux-gnueabihf)
set(FAIRLEAD_SYSROOT armhf CACHE STRING "the folder below build/sysroot")
include(${CMAKE_CURRENT_LIST_DIR}/sysroot.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm-static -L ${CMAKE_SYSROOT})
# Debian 13's libraries have a 64-bit time_t; its own compiler says so by default, Debian 12's has to be told.
if(FAIRLEAD_SYSROOT MATCHES trixie)
	set(CMAKE_C_FLAGS_INIT "-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64")
endif()
