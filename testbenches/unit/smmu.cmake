svasim_test(smmu_golden LABEL golden SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_golden_test.cpp
  DEPENDS svasim::smmu svasim::memory)
