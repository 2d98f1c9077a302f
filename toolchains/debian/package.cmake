# What Debian wants beyond what is installed anyhow; CPack calls it on the folder that it is about to pack.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(from ${CMAKE_CURRENT_LIST_DIR})
file(COPY ${from}/fairlead.yaml DESTINATION ${root}/etc/fairlead
	FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(COPY ${from}/changelog ${from}/copyright DESTINATION ${root}/usr/share/doc/fairlead
	FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(GLOB pages ${root}/usr/share/man/man?/*)
if(NOT pages)
	message(FATAL_ERROR "the manual is missing: build the target `manual` first (make deb does)")
endif()
execute_process(COMMAND gzip -9nf ${pages} ${root}/usr/share/doc/fairlead/changelog COMMAND_ERROR_IS_FATAL ANY)
# As it was committed, and not as the umask of whoever builds wants it.
execute_process(COMMAND chmod -R go=rX,u+w ${root}/etc ${root}/usr COMMAND_ERROR_IS_FATAL ANY)
