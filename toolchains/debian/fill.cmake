# What Debian wants beyond what is installed anyhow; CPack calls it on the folder that it is about to pack.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(from ${CMAKE_CURRENT_LIST_DIR})
file(COPY ${from}/fairlead.yaml DESTINATION ${root}/etc/fairlead
	FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
# The changelog is the project's; its newest entry is this package.
file(READ ${from}/changelog changelog)
if(NOT changelog MATCHES "^fairlead \\(${CPACK_PACKAGE_VERSION}\\) ")
	message(FATAL_ERROR "toolchains/debian/changelog does not begin with version ${CPACK_PACKAGE_VERSION}")
endif()
string(REGEX REPLACE "^fairlead \\([^)]*\\)" "fairlead (${CPACK_DEBIAN_PACKAGE_VERSION})" changelog "${changelog}")
file(WRITE ${root}/usr/share/doc/fairlead/changelog "${changelog}")
file(COPY ${from}/copyright DESTINATION ${root}/usr/share/doc/fairlead
	FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
# Where the documents' links to the example fleet, the boards and the descriptions lead.
foreach(folder board schemas)
	file(CREATE_LINK ../../fairlead/${folder} ${root}/usr/share/doc/fairlead/${folder} SYMBOLIC)
endforeach()
# For a Debian without systemd.
file(MAKE_DIRECTORY ${root}/etc/init.d)
file(RENAME ${root}/usr/share/fairlead/board/init.d/fairlead ${root}/etc/init.d/fairlead)
file(REMOVE_RECURSE ${root}/usr/share/fairlead/board/init.d)
file(GLOB pages ${root}/usr/share/man/man?/*)
if(NOT pages)
	message(FATAL_ERROR "the manual is missing: build the target `manual` first (make deb does)")
endif()
execute_process(COMMAND gzip -9nf ${pages} ${root}/usr/share/doc/fairlead/changelog COMMAND_ERROR_IS_FATAL ANY)
# Which compiler it was is nobody's concern on a box.
execute_process(COMMAND ${CPACK_OBJCOPY_EXECUTABLE} --remove-section=.comment ${root}/usr/bin/fairlead COMMAND_ERROR_IS_FATAL ANY)
# As it was committed, and not as the umask of whoever builds wants it.
execute_process(COMMAND chmod -R go=rX,u+w ${root}/etc ${root}/usr COMMAND_ERROR_IS_FATAL ANY)
