# The dependencies, read from the program; CPack calls this before it makes the package.
execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/depends ${CPACK_FAIRLEAD_PROGRAM} ${CPACK_FAIRLEAD_SYSROOT}
	OUTPUT_VARIABLE libraries OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT libraries MATCHES "libc6 ")
	message(FATAL_ERROR "dpkg-shlibdeps finds no dependencies of ${CPACK_FAIRLEAD_PROGRAM}")
endif()
set(CPACK_DEBIAN_PACKAGE_DEPENDS "${libraries}, adduser, init-system-helpers (>= 1.54~)")
