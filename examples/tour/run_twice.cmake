# Usage: cmake -DTOUR=<program> -DWORK=<folder> -P run_twice.cmake
if(NOT EXISTS /usr/share/iso-codes/json/iso_3166-2.json)
  message("SKIPPED: the package iso-codes is not installed")
  return()
endif()
set(database "${WORK}/tour-test.quire")
file(REMOVE "${database}" "${database}-wal" "${database}-shm")
foreach(start 1 2)
  execute_process(COMMAND "${TOUR}" --database "${database}" OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "start ${start} ended with ${code}:\n${output}\n${errors}")
  endif()
  set(expected
    "Iceland \\(ISL, 352\\)"
    "languages +[0-9]+, of them [0-9]+ living"
    "  AZ-BAB  Bab"
    "  is  Icelandic\n"
    "  fi  Finnish\n"
    "visits now ${start}\n"
    "country_1_name_1")
  if(start EQUAL 1)
    list(APPEND expected "applied  0001_load_iso_codes" "applied  0002_indexes"
      "applied  0003_split_subdivision_code  .*resumable.*documents changed")
  else()
    list(APPEND expected "Migrations: nothing to do")
  endif()
  foreach(pattern IN LISTS expected)
    if(NOT output MATCHES "${pattern}")
      message(FATAL_ERROR "start ${start}: no line like \"${pattern}\" in:\n${output}")
    endif()
  endforeach()
  if(NOT output MATCHES "subdivisions +([0-9]+), of them ([0-9]+) with a parent")
    message(FATAL_ERROR "start ${start}: no counts in:\n${output}")
  endif()
  if(CMAKE_MATCH_1 LESS 4000 OR CMAKE_MATCH_2 LESS 500)
    message(FATAL_ERROR "start ${start}: too few subdivisions in:\n${output}")
  endif()
endforeach()
file(REMOVE "${database}" "${database}-wal" "${database}-shm")
message("both starts as expected")
