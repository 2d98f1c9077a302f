# What protoc makes at build time: C code of google/protobuf/descriptor.proto (src/codec/protobuf/schema.c reads
# descriptor sets with it), and descriptor sets (*.pb) of our own .proto files. All tools are the build machine's,
# also when cross-compiling; Debian packages protobuf-compiler, protobuf-c-compiler and libprotobuf-dev. Google's own .proto
# files lie beside the compiler where that is not the machine's, as in Buildroot and Yocto.
find_program(PROTOC protoc REQUIRED NO_CMAKE_FIND_ROOT_PATH)
find_program(PROTOC_GEN_C protoc-gen-c REQUIRED NO_CMAKE_FIND_ROOT_PATH)
get_filename_component(protoc_folder ${PROTOC} DIRECTORY)
find_path(PROTOBUF_PROTOS google/protobuf/descriptor.proto REQUIRED
	PATHS ${protoc_folder}/../include /usr/include NO_CMAKE_FIND_ROOT_PATH NO_DEFAULT_PATH)

# Adds google/protobuf/descriptor.pb-c.h and its code to TARGET. The code is not ours: no warnings.
function(fairlead_protobuf_descriptor target)
	set(folder ${PROJECT_BINARY_DIR}/protobuf)
	set(generated ${folder}/google/protobuf/descriptor.pb-c)
	file(MAKE_DIRECTORY ${folder})
	add_custom_command(OUTPUT ${generated}.c ${generated}.h
		COMMAND ${PROTOC} --plugin=protoc-gen-c=${PROTOC_GEN_C} -I${PROTOBUF_PROTOS} --c_out=${folder}
			google/protobuf/descriptor.proto
		DEPENDS ${PROTOBUF_PROTOS}/google/protobuf/descriptor.proto VERBATIM)
	set_source_files_properties(${generated}.c PROPERTIES COMPILE_OPTIONS -w)
	target_sources(${target} PRIVATE ${generated}.c ${generated}.h)
	target_include_directories(${target} SYSTEM PRIVATE ${folder})
endfunction()

# Makes build/PRESET/schemas/NAME.pb of FOLDER/NAME.proto (and all that it imports) with the default target.
add_custom_target(descriptor_sets ALL)
function(fairlead_descriptor_set folder name)
	set(output ${PROJECT_BINARY_DIR}/schemas/${name}.pb)
	get_filename_component(output_folder ${output} DIRECTORY)
	file(MAKE_DIRECTORY ${output_folder})
	add_custom_command(OUTPUT ${output}
		COMMAND ${PROTOC} -I${folder} -I${PROTOBUF_PROTOS} --include_imports --descriptor_set_out=${output}
			--dependency_out=${output}.d ${name}.proto
		DEPENDS ${folder}/${name}.proto DEPFILE ${output}.d VERBATIM)
	string(REPLACE "/" "_" target descriptor_set_${name})
	add_custom_target(${target} DEPENDS ${output})
	add_dependencies(descriptor_sets ${target})
endfunction()
