foreach(part formats errors streams commands map patterns)
  svasim_test(trace_${part} LABEL unit SOURCES ${CMAKE_CURRENT_LIST_DIR}/trace_${part}_test.cpp DEPENDS svasim::trace)
endforeach()
target_compile_definitions(test_trace_commands PRIVATE SVASIM_TRACES="${CMAKE_CURRENT_LIST_DIR}/../../traces")
