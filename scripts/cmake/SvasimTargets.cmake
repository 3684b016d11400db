# How a folder of svasim becomes a target, and a test file a test.

# svasim_library(NAME SOURCES ... DEPENDS ...): static library svasim_NAME, alias svasim::NAME. Headers are included
# relative to the repository, as "models/arch/types.hpp", so that an include names the layer it crosses into.
function(svasim_library NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(svasim_${NAME} STATIC ${ARG_SOURCES})
  add_library(svasim::${NAME} ALIAS svasim_${NAME})
  target_include_directories(svasim_${NAME} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                   $<INSTALL_INTERFACE:include/svasim>)
  target_compile_options(svasim_${NAME} PRIVATE -Wall -Wextra -Wpedantic -Wshadow)
  target_link_libraries(svasim_${NAME} PUBLIC ${ARG_DEPENDS})
  set_target_properties(svasim_${NAME} PROPERTIES EXPORT_NAME ${NAME})
endfunction()

# svasim_test(NAME LABEL unit SOURCES ... DEPENDS ... [TIMEOUT seconds] [NO_MAIN]): a Catch2 executable, run as one CTest
# test. Without NO_MAIN it gets the shared main of testbenches/catch_main.cpp, which fails on any SystemC warning.
function(svasim_test NAME)
  cmake_parse_arguments(ARG "NO_MAIN" "LABEL;TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(test_${NAME} ${ARG_SOURCES})
  target_link_libraries(test_${NAME} PRIVATE ${ARG_DEPENDS})
  if(ARG_NO_MAIN)
    target_link_libraries(test_${NAME} PRIVATE Catch2::Catch2)
  else()
    target_link_libraries(test_${NAME} PRIVATE svasim_catch_main)
  endif()
  # -O1: Catch2's assertions take minutes to optimise, and what is tested lies in the libraries.
  target_compile_options(test_${NAME} PRIVATE -Wall -Wextra -Wpedantic -Wshadow $<$<CONFIG:Release>:-O1>)
  add_test(NAME ${NAME} COMMAND test_${NAME})
  set_tests_properties(${NAME} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
