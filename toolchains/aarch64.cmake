# Cross-building for arm64.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(triplet aarch64-linux-gnu)
set(FAIRLEAD_SYSROOT arm64 CACHE STRING "the folder below build/sysroot")
include(${CMAKE_CURRENT_LIST_DIR}/sysroot.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L ${CMAKE_SYSROOT})
