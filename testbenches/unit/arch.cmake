foreach(part dti encoding features config walk wide nested attributes httu ats rules scope property)
  svasim_test(arch_${part} LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/arch_${part}_test.cpp DEPENDS svasim::arch)
endforeach()
