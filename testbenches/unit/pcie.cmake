foreach(test atc control device endpoint fault_buffer faults pri invalidation root_port random)
  svasim_test(pcie_${test} LABEL unit
    SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/pcie_${test}_test.cpp
    DEPENDS svasim::pcie)
endforeach()
