svasim_test(memory_golden LABEL golden
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/memory_golden_test.cpp ${CMAKE_CURRENT_SOURCE_DIR}/memory_llc_test.cpp
    ${CMAKE_CURRENT_SOURCE_DIR}/memory_interconnect_test.cpp ${CMAKE_CURRENT_SOURCE_DIR}/memory_dram_test.cpp
  DEPENDS svasim::memory)
svasim_test(memory_random LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/memory_random_test.cpp
  DEPENDS svasim::memory)
