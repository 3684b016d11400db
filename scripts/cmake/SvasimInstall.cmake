# cmake --install: the libraries, their headers, the svasim command, and a package that find_package(svasim) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SVASIM_LIBRARIES svasim_arch svasim_reference svasim_probe svasim_trace svasim_engine svasim_memory svasim_walk_cache svasim_smmu svasim_pcie svasim_host
                     svasim_pwc_rtl svasim_pwc_rtl_waved svasim_bridges svasim_pins svasim_axi svasim_dti svasim_platform svasim_embed)
install(TARGETS ${SVASIM_LIBRARIES} EXPORT svasimTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS svasim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY models tlm-bridges DESTINATION include/svasim FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h"
        PATTERN "*_pkg.sv" PATTERN "*_dpi.c")
install(EXPORT svasimTargets NAMESPACE svasim:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/svasim)
configure_package_config_file(scripts/cmake/svasimConfig.cmake.in ${PROJECT_BINARY_DIR}/svasimConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/svasim)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/svasimConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/svasimConfig.cmake ${PROJECT_BINARY_DIR}/svasimConfigVersion.cmake
              scripts/cmake/SvasimDependencies.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/svasim)
