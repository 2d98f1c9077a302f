# What only tests use is linked by mold where it is installed: a build has some 170 such programs, and it takes a
# sixth of the time. What is shipped is linked by the toolchain's own linker: the program itself of each build whose
# program is (toolchains/hardening.cmake).
#
# A cross compiler looks for linkers in its own folders only; mold's folder has one that is called `ld`.
find_program(MOLD mold NO_CMAKE_FIND_ROOT_PATH)
set(FAIRLEAD_QUICK_LINK "")
if(MOLD AND CMAKE_CROSSCOMPILING AND EXISTS /usr/libexec/mold/ld)
	set(FAIRLEAD_QUICK_LINK -B/usr/libexec/mold)
elseif(MOLD)
	check_linker_flag(C -fuse-ld=mold has_mold)
	if(has_mold)
		set(FAIRLEAD_QUICK_LINK -fuse-ld=mold)
	endif()
endif()
if(NOT FAIRLEAD_HARDENING)
	add_link_options(${FAIRLEAD_QUICK_LINK})
endif()
