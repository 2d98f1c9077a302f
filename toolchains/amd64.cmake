# Building for amd64 with this machine's compiler and the libraries of a sysroot, perhaps another suite's; programs run under its loader.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER gcc)
set(triplet x86_64-linux-gnu)
set(FAIRLEAD_SYSROOT amd64 CACHE STRING "the folder below build/sysroot")
include(${CMAKE_CURRENT_LIST_DIR}/sysroot.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_SYSROOT}/lib64/ld-linux-x86-64.so.2
	--library-path ${CMAKE_SYSROOT}/usr/lib/${triplet})
