svasim_test(memory_golden LABEL golden SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/memory_golden_test.cpp
  DEPENDS svasim::memory)
