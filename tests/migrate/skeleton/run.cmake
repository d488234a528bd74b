# Writes two migrations from differences, configures and builds a program with them, and runs it.
# -DPROGRAM=… -DBUILD=… -DWORK=… -DCXX=… -DGENERATOR=… -DLAUNCHER=… -DFLAGS=…
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}/written")
foreach(kind mechanical undecided)
  run("${PROGRAM}" write "${WORK}/${kind}.quire" "${WORK}/written/${kind}.cpp" ${kind})
endforeach()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${WORK}/build" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
  "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_BUILD_TYPE=Debug
  "-DCMAKE_PREFIX_PATH=${WORK}/prefix" "-DWRITTEN=${WORK}/written")
run("${CMAKE_COMMAND}" --build "${WORK}/build")

run("${WORK}/build/migrator" "${WORK}/mechanical.quire" mechanical)
run("${PROGRAM}" check "${WORK}/mechanical.quire" mechanical)

# What nobody decided fails, and leaves the documents as they were.
execute_process(COMMAND "${WORK}/build/migrator" "${WORK}/undecided.quire" undecided RESULT_VARIABLE result
  OUTPUT_VARIABLE out ERROR_VARIABLE out COMMAND_ECHO STDOUT)
if(NOT result MATCHES "^3[01]$" OR NOT out MATCHES "decide: ")
  message(FATAL_ERROR "an undecided migration ended with ${result}:\n${out}")
endif()
run("${PROGRAM}" check "${WORK}/undecided.quire" undecided)
