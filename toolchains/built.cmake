# CLOCK_BUILT_S: when what is built was written, in seconds since 1970: the earliest time that the program believes
# (src/base/clock.h). SOURCE_DATE_EPOCH decides; else the commit's time, or where there is no git, as in a release's archive, that of this
# project's file: so the same sources give the same bytes. A machine whose own clock is behind the commit builds for its own time.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
	set(built $ENV{SOURCE_DATE_EPOCH})
else()
	# Of this project's git alone: an archive may be unpacked within the work tree of another, as in Buildroot.
	execute_process(COMMAND git --git-dir=${PROJECT_SOURCE_DIR}/.git log -1 --format=%ct
		OUTPUT_VARIABLE built ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
	if(NOT built MATCHES "^[0-9]+$")
		file(TIMESTAMP ${PROJECT_SOURCE_DIR}/CMakeLists.txt built "%s" UTC)
	endif()
	string(TIMESTAMP now "%s" UTC)
	if(built GREATER now)
		set(built ${now})
	endif()
endif()
if(NOT built MATCHES "^[0-9]+$")
	message(FATAL_ERROR "SOURCE_DATE_EPOCH is no number of seconds: ${built}")
endif()
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/base/clock.c PROPERTIES COMPILE_DEFINITIONS CLOCK_BUILT_S=${built})
