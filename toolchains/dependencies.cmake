# Every library that Fairlead links, all from Debian packages; docs/dependencies.md says why each. board/buildroot and
# board/yocto name them as their distributions do (tests/lint/images).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
# In the C library, or beside one that has none.
find_package(Iconv REQUIRED)
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(libwebsockets REQUIRED IMPORTED_TARGET libwebsockets)
pkg_check_modules(openssl REQUIRED IMPORTED_TARGET openssl)
# Only what it does without TLS is used, so any of its builds will do.
pkg_search_module(libcoap REQUIRED IMPORTED_TARGET libcoap-3-openssl libcoap-3-notls libcoap-3-mbedtls libcoap-3-gnutls libcoap-3)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(expat REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(protobufc REQUIRED IMPORTED_TARGET libprotobuf-c)

# Without a pkg-config file in Debian 12.
function(fairlead_plain_library target)
	cmake_parse_arguments(arg "" "HEADER" "NAMES" ${ARGN})
	set(libraries)
	foreach(name ${arg_NAMES})
		find_library(library_${name} ${name} REQUIRED)
		list(APPEND libraries ${library_${name}})
	endforeach()
	find_path(include_${target} ${arg_HEADER} REQUIRED)
	add_library(${target} INTERFACE)
	target_link_libraries(${target} INTERFACE ${libraries})
endfunction()
fairlead_plain_library(MbedTLS HEADER mbedtls/ssl.h NAMES mbedtls mbedx509 mbedcrypto)
fairlead_plain_library(HttpParser HEADER http_parser.h NAMES http_parser)
fairlead_plain_library(PahoMqtt HEADER MQTTAsync.h NAMES paho-mqtt3as)
