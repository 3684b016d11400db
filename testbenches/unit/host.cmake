foreach(part service driver ledger mm pci queues sva modes)
  svasim_test(host_${part} LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/host_${part}_test.cpp DEPENDS svasim::host)
endforeach()
