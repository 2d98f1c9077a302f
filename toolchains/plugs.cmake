# fairlead_plugs(NAME TYPE HEADER LIBRARY FOLDER): finds each file below FOLDER that defines a `TYPE NAME_x = {` and
# adds NAME_all[], the NULL-terminated table of them, to LIBRARY.
function(fairlead_plugs name type header library folder)
	file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.c)
	list(SORT sources)
	set(declarations "")
	set(entries "")
	foreach(source ${sources})
		file(STRINGS ${source} lines REGEX "^${type} ${name}_[a-z0-9_]+ = {")
		foreach(line ${lines})
			string(REGEX REPLACE "^${type} (${name}_[a-z0-9_]+) = .*" "\\1" symbol "${line}")
			string(APPEND declarations "extern ${type} ${symbol};\n")
			string(APPEND entries "\t&${symbol},\n")
		endforeach()
		set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
	endforeach()
	set(table ${PROJECT_BINARY_DIR}/plugs/${name}_all.c)
	file(CONFIGURE OUTPUT ${table} CONTENT
		"/* Made by toolchains/plugs.cmake from ${folder}/. */\n#include \"${header}\"\n\n${declarations}\n${type} *const ${name}_all[] = {\n${entries}\tNULL,\n};\n"
		@ONLY)
	target_sources(${library} PRIVATE ${table})
endfunction()
