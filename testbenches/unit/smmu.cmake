svasim_test(smmu_golden LABEL golden SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_golden_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_httu LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_httu_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_registers LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_registers_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_commands LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_commands_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_random LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_random_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_unit LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_unit_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_atc LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_atc_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_queues LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_queues_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_cache LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_cache_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_tlb LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_tlb_test.cpp
  DEPENDS svasim::smmu svasim::memory)
svasim_test(smmu_stall LABEL unit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smmu_stall_test.cpp
  DEPENDS svasim::smmu svasim::memory)
