# Helpers that all folders use. No global flags are set here: each target says what it needs.

# Warnings for the project's own targets.
function(quire_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow)
  if(QUIRE_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# The tests of a program in a few processes: with a sanitizer one takes longer to start than most tests. What fails is told by
# its name in the output.
function(quire_add_shards target folder)
  cmake_parse_arguments(ARG "" "" "ENVIRONMENT" ${ARGN})
  set(shards 8)
  foreach(shard RANGE 1 ${shards})
    set(name ${folder}.${shard}_of_${shards})
    math(EXPR index "${shard} - 1")
    set(environment ${ARG_ENVIRONMENT} GTEST_TOTAL_SHARDS=${shards} GTEST_SHARD_INDEX=${index})
    add_test(NAME ${name} COMMAND ${target} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES ${ARG_UNPARSED_ARGUMENTS}
      ENVIRONMENT "${environment}")
  endforeach()
endfunction()

# quire_add_tests(FOLDER [SERVERS|DATABASES] [ALSO_ON ...] [LIBRARIES ...] [INCLUDES ...]): all tests/FOLDER/*_test.cpp as one program, test_FOLDER.
#   SERVERS: ctest starts the test servers before and ends them after; tests read where they are from $QUIRE_TEST_SERVERS.
#   DATABASES: the same with PostgreSQL and MariaDB, from $QUIRE_TEST_DATABASES.
#   ALSO_ON: servers on which the same tests run once more, as FOLDER@SERVER; they open quire::test::store_uri().
function(quire_add_tests folder)
  cmake_parse_arguments(ARG "SERVERS;DATABASES" "" "LIBRARIES;INCLUDES;ALSO_ON" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
  if(NOT sources)
    return()
  endif()
  set(target test_${folder})
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES} GTest::gtest GTest::gtest_main)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support" ${ARG_INCLUDES})
  target_compile_definitions(${target} PRIVATE QUIRE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  quire_warnings(${target})
  target_precompile_headers(${target} PRIVATE <gtest/gtest.h> <string> <vector> <memory> <optional> <chrono>)
  if(NOT TARGET unit_tests)
    add_custom_target(unit_tests)
  endif()
  add_dependencies(unit_tests ${target})
  include(GoogleTest)
  set(properties LABELS unit)
  if(ARG_SERVERS)
    list(APPEND properties FIXTURES_REQUIRED servers ENVIRONMENT "QUIRE_TEST_SERVERS=${QUIRE_TEST_SERVERS}")
  elseif(ARG_DATABASES)
    list(APPEND properties FIXTURES_REQUIRED databases ENVIRONMENT "QUIRE_TEST_DATABASES=${QUIRE_TEST_DATABASES}")
  endif()
  if(QUIRE_SANITIZED)
    quire_add_shards(${target} ${folder} ${properties})
    return()  # on servers without a sanitizer
  endif()
  gtest_discover_tests(${target} TEST_PREFIX "${folder}." DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
  set(fixture servers)
  set(more)
  if(ARG_DATABASES)
    set(fixture servers_and_databases)
    set(more ENVIRONMENT_MODIFICATION "QUIRE_TEST_DATABASES=set:${QUIRE_TEST_DATABASES}")
  endif()
  foreach(server IN LISTS ARG_ALSO_ON)
    gtest_discover_tests(${target} TEST_PREFIX "${folder}@${server}." DISCOVERY_MODE PRE_TEST PROPERTIES LABELS unit
      FIXTURES_REQUIRED ${fixture} ENVIRONMENT "QUIRE_TEST_STORE=${server}@${QUIRE_TEST_SERVERS}" ${more})  # one each: a list is torn apart
  endforeach()
endfunction()
