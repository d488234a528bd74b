# Writes two migrations from differences and one that stands for others, configures and builds a program with them,
# and runs it.
# -DPROGRAM=… -DBUILD=… -DWORK=… -DCXX=… -DGENERATOR=… -DLAUNCHER=… -DFLAGS=…
# With -DSERVERS (the file of tools/servers.py) and -DSERVER: runs the program that was built on that server.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The documents of `kind` into the database of `uri`, and the migration into `file`.
function(write kind uri file)
  run("${PROGRAM}" write "${uri}" "${file}" ${kind})
endfunction()

function(migrate mechanical undecided squash originals)
  run("${WORK}/build/migrator" "${mechanical}" mechanical)
  run("${PROGRAM}" check "${mechanical}" mechanical)
  # What nobody decided fails, and leaves the documents as they were.
  execute_process(COMMAND "${WORK}/build/migrator" "${undecided}" undecided RESULT_VARIABLE result
    OUTPUT_VARIABLE out ERROR_VARIABLE out COMMAND_ECHO STDOUT)
  if(NOT result MATCHES "^3[01]$" OR NOT out MATCHES "decide: ")
    message(FATAL_ERROR "an undecided migration ended with ${result}:\n${out}")
  endif()
  run("${PROGRAM}" check "${undecided}" undecided)
  run("${WORK}/build/migrator" "${squash}" squash)
  run("${WORK}/build/migrator" "${originals}" originals)
  run("${PROGRAM}" same "${originals}" "${squash}")
endfunction()

# Of a kind of database, the migration that is written for it.
set(written_mechanical mechanical)
set(written_undecided undecided)
set(written_squash squash)
set(written_originals squash)

if(SERVERS)
  include("${CMAKE_CURRENT_LIST_DIR}/../../../cmake/ServerUri.cmake")
  quire_server_uri("${SERVERS}" "${SERVER}" uri)
  if(NOT uri)
    return()
  endif()
  string(RANDOM LENGTH 8 name)
  foreach(kind mechanical undecided squash originals)
    string(REGEX REPLACE "^(mongodb://[^/]*)/?" "\\1/written_${kind}_${name}" ${kind} "${uri}")
    write(${written_${kind}} "${${kind}}" "${WORK}/${SERVER}.txt")
  endforeach()
  migrate("${mechanical}" "${undecided}" "${squash}" "${originals}")
  return()
endif()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}/written")
foreach(kind mechanical undecided squash originals)
  write(${written_${kind}} "${WORK}/${kind}.quire" "${WORK}/written/${written_${kind}}.cpp")
endforeach()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${WORK}/build" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
  "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_BUILD_TYPE=Debug
  "-DCMAKE_PREFIX_PATH=${WORK}/prefix" "-DWRITTEN=${WORK}/written")
run("${CMAKE_COMMAND}" --build "${WORK}/build")
migrate("${WORK}/mechanical.quire" "${WORK}/undecided.quire" "${WORK}/squash.quire" "${WORK}/originals.quire")
