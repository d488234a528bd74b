# quire_server_uri(SERVERS SERVER OUT): the address of the server of the name SERVER in the file of tools/servers.py; empty,
# and said, where none was started. For scripts that tests run.
function(quire_server_uri servers server out)
  set(uri "")
  if(EXISTS "${servers}")
    file(READ "${servers}" text)
    string(JSON uri ERROR_VARIABLE none GET "${text}" "${server}")
  endif()
  if(none OR NOT uri)
    message("SKIPPED: no server \"${server}\" was started")
    set(uri "")
  endif()
  set(${out} "${uri}" PARENT_SCOPE)
endfunction()
