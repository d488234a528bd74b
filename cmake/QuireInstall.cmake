# Install rules: headers, libraries, CMake package with components, pkg-config files.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/quire")
set(parts quire quire_testing)
set(QUIRE_COMPONENTS testing)
if(TARGET quire_embedded)
  list(APPEND parts quire_embedded)
  list(APPEND QUIRE_COMPONENTS embedded)
endif()

if(TARGET quire_serve)
  list(APPEND parts quire_serve)
  list(APPEND QUIRE_COMPONENTS serve)
endif()

if(TARGET quire_mongodb)
  list(APPEND parts quire_mongodb)
  list(APPEND QUIRE_COMPONENTS mongodb)
endif()

# Client libraries of the sources that this build has, as "TARGET=module of pkg-config".
set(QUIRE_IMPORTER_CLIENTS "")
if(TARGET quire_importer)
  list(APPEND parts quire_importer)
  list(APPEND QUIRE_COMPONENTS importer)
  get_target_property(importer_libraries quire_importer LINK_LIBRARIES)
  foreach(client LIBPQ=libpq LIBMARIADB=libmariadb SIMDJSON=simdjson ZSTD=libzstd)
    string(REGEX REPLACE "=.*" "" client_target "${client}")
    if("PkgConfig::${client_target}" IN_LIST importer_libraries)
      list(APPEND QUIRE_IMPORTER_CLIENTS "${client}")
    endif()
  endforeach()
endif()

install(TARGETS ${parts} EXPORT quireTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(TARGET quire_tool)
  install(TARGETS quire_tool RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(EXPORT quireTargets NAMESPACE quire:: DESTINATION "${package_dir}")

# Compressed backups.
set(QUIRE_HAS_ZLIB FALSE)
set(QUIRE_PC_ZLIB "")
if(QUIRE_WITH_ZLIB AND TARGET ZLIB::ZLIB)
  set(QUIRE_HAS_ZLIB TRUE)
  set(QUIRE_PC_ZLIB " zlib")
endif()

configure_package_config_file(cmake/quireConfig.cmake.in quireConfig.cmake
  INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new minor version may change the API.
write_basic_package_version_file(quireConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/quireConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/quireConfigVersion.cmake"
  cmake/QuireDriver.cmake
  cmake/QuireCctz.cmake
  DESTINATION "${package_dir}")

# The files lead to their prefix from where they are, so that the installed tree can be moved.
file(RELATIVE_PATH QUIRE_PC_TO_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")

# A static library's own needs must be linked by the application too.
get_target_property(quire_type quire TYPE)
if(quire_type STREQUAL "STATIC_LIBRARY")
  set(QUIRE_PC_REQUIRES "Requires")
  set(QUIRE_PC_EMBEDDED " sqlite3")
  set(QUIRE_PC_CCTZ " -lcctz")  # which has no pkg-config file
  set(QUIRE_PC_SERVE " libcrypto")
  set(QUIRE_PC_IMPORTER " ")
else()
  set(QUIRE_PC_REQUIRES "Requires.private")
  set(QUIRE_PC_EMBEDDED "\nRequires.private: sqlite3")
  set(QUIRE_PC_CCTZ "\nLibs.private: -lcctz")
  set(QUIRE_PC_SERVE "\nRequires.private: libcrypto")
  set(QUIRE_PC_IMPORTER "\nRequires.private: ")
endif()
configure_file(cmake/quire.pc.in quire.pc @ONLY)
configure_file(cmake/quire-testing.pc.in quire-testing.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/quire.pc" "${CMAKE_CURRENT_BINARY_DIR}/quire-testing.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(TARGET quire_embedded)
  configure_file(cmake/quire-embedded.pc.in quire-embedded.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/quire-embedded.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
if(TARGET quire_importer)
  set(importer_modules ${QUIRE_IMPORTER_CLIENTS})
  list(TRANSFORM importer_modules REPLACE ".*=" "")
  if("SQLite::SQLite3" IN_LIST importer_libraries)
    list(APPEND importer_modules sqlite3)
  endif()
  if("ZLIB::ZLIB" IN_LIST importer_libraries)
    list(APPEND importer_modules zlib)
  endif()
  list(JOIN importer_modules " " importer_modules)
  string(APPEND QUIRE_PC_IMPORTER "${importer_modules}")
  configure_file(cmake/quire-importer.pc.in quire-importer.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/quire-importer.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
if(TARGET quire_serve)
  configure_file(cmake/quire-serve.pc.in quire-serve.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/quire-serve.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
if(TARGET quire_mongodb)
  configure_file(cmake/quire-mongodb.pc.in quire-mongodb.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/quire-mongodb.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
