# One way of using quire from another project, from nothing to a program that runs.
# -DWAY=find_package|add_subdirectory|pkg_config|missing_component -DBUILD=… -DSOURCE=… -DWORK=… -DCXX=…
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(configure "${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/consumer" -B "${WORK}/build" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DCMAKE_CXX_FLAGS_DEBUG=${DEBUG_FLAGS}"
  -DCMAKE_BUILD_TYPE=Debug)
if(NOT WAY STREQUAL "add_subdirectory")
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
endif()

if(WAY STREQUAL "find_package")
  run(${configure} "-DCMAKE_PREFIX_PATH=${WORK}/prefix")
  run("${CMAKE_COMMAND}" --build "${WORK}/build")
  run("${WORK}/build/consumer")
elseif(WAY STREQUAL "add_subdirectory")
  # Compiles the whole library once more, as the build that is tested did: ccache has these objects.
  run(${configure} "-DQUIRE_SOURCE=${SOURCE}" "-DQUIRE_WARNINGS_AS_ERRORS=${WERROR}")
  run("${CMAKE_COMMAND}" --build "${WORK}/build" --target consumer)
  run("${WORK}/build/consumer")
elseif(WAY STREQUAL "pkg_config")
  file(GLOB_RECURSE pc "${WORK}/prefix/*/quire-embedded.pc")
  get_filename_component(pc_dir "${pc}" DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
  set(serve "")
  if(EXISTS "${pc_dir}/quire-serve.pc")
    set(serve quire-serve)
    string(APPEND FLAGS " -DCONSUMER_SERVES")
  endif()
  set(importer "")
  if(EXISTS "${pc_dir}/quire-importer.pc")
    set(importer quire-importer)
    string(APPEND FLAGS " -DCONSUMER_IMPORTS")
  endif()
  execute_process(COMMAND pkg-config --cflags --libs ${serve} ${importer} quire-testing quire-embedded quire-mongodb OUTPUT_VARIABLE flags
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  separate_arguments(FLAGS UNIX_COMMAND "${FLAGS}")
  run("${CXX}" -std=c++20 ${FLAGS} "${CMAKE_CURRENT_LIST_DIR}/consumer/main.cpp" -o "${WORK}/consumer" ${flags})
  run("${WORK}/consumer")
elseif(WAY STREQUAL "missing_component")
  file(WRITE "${WORK}/ask/CMakeLists.txt" "cmake_minimum_required(VERSION 3.25)\nproject(ask CXX)\n"
    "find_package(quire 0.1 REQUIRED COMPONENTS no_such_part)\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${WORK}/ask" -B "${WORK}/ask/build" -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${WORK}/prefix"
    "-DCMAKE_CXX_COMPILER=${CXX}" RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(result EQUAL 0 OR NOT out MATCHES "without the component")
    message(FATAL_ERROR "a component that is not there was not refused by name:\n${out}")
  endif()
endif()
