# How a build that is shipped differs from one that only tests use: what makes an overflow or a wild pointer end in a
# crash instead of somebody else's code, the whole program optimised at once, and the same bytes from the same sources.
# On in every build that optimises and has no sanitizer: release, the cross builds, what Buildroot and Yocto make.
# tests/package/hardening looks at a program and says what is missing; docs/reference/building.md says what each is for.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

if(CMAKE_BUILD_TYPE MATCHES "^Rel|^MinSizeRel$" AND NOT FAIRLEAD_SANITIZE AND NOT FAIRLEAD_FUZZ)
	set(shipped ON)
else()
	set(shipped OFF)
endif()
option(FAIRLEAD_HARDENING "Stack protector, FORTIFY, PIE, full RELRO, CET or BTI/PAC" ${shipped})
option(FAIRLEAD_LTO "Optimise the whole program at once (GCC)" ${shipped})

# Compiler flags that this compiler has for this architecture: CET is amd64's, BTI and PAC are arm64's.
function(fairlead_compile_options)
	foreach(flag ${ARGN})
		string(MAKE_C_IDENTIFIER "has${flag}" has)
		check_c_compiler_flag(${flag} ${has})
		if(${has})
			add_compile_options(${flag})
		endif()
	endforeach()
endfunction()

if(FAIRLEAD_HARDENING)
	# Level 3 also knows sizes that are computed at run time; GCC has it since 12, and says so where it is asked in vain.
	if(CMAKE_C_COMPILER_ID STREQUAL GNU AND CMAKE_C_COMPILER_VERSION VERSION_LESS 12)
		set(fortify 2)
	else()
		set(fortify 3)
	endif()
	add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${fortify} -fPIE)
	fairlead_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection=full
		-mbranch-protection=standard)
	add_link_options(-pie)
	foreach(word relro now noexecstack)
		check_linker_flag(C "LINKER:-z,${word}" has_z_${word})
		if(has_z_${word})
			add_link_options(LINKER:-z,${word})
		endif()
	endforeach()
endif()

# The objects hold machine code as well where tests are built, so that a hundred test programs need not be optimised
# whole; those are linked without (tests/CMakeLists.txt).
if(FAIRLEAD_LTO AND CMAKE_C_COMPILER_ID STREQUAL GNU AND CMAKE_C_COMPILER_AR)
	set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
	set(CMAKE_C_COMPILE_OPTIONS_IPO -flto=auto)
	set(CMAKE_C_LINK_OPTIONS_IPO -flto=auto)
	if(FAIRLEAD_TESTS)
		list(APPEND CMAKE_C_COMPILE_OPTIONS_IPO -ffat-lto-objects)
	else()
		list(APPEND CMAKE_C_COMPILE_OPTIONS_IPO -fno-fat-lto-objects)
	endif()
endif()

# The same bytes wherever the folder lies: no path of this machine in texts, debug information or what the linker
# writes of it. GCC names what is private to a file by a random number, if it is not told another.
if(FAIRLEAD_HARDENING)
	foreach(map ${PROJECT_SOURCE_DIR}=. ${PROJECT_BINARY_DIR}=./build)
		add_compile_options("-ffile-prefix-map=${map}")
		add_link_options("-ffile-prefix-map=${map}")
	endforeach()
	if(CMAKE_C_COMPILER_ID STREQUAL GNU)
		string(REPLACE " -o <OBJECT>" " -frandom-seed=<OBJECT> -o <OBJECT>" CMAKE_C_COMPILE_OBJECT
			"${CMAKE_C_COMPILE_OBJECT}")
	endif()
	add_link_options(LINKER:--build-id=sha1)
endif()
