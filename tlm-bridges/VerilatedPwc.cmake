# Verilating the page-walk cache for a geometry: SETS, WAYS, S2_SETS, S2_WAYS (four values each) and PLRU (0 or 1).
set(SVASIM_PWC_RTL ${PROJECT_SOURCE_DIR}/rtl)
# Without -fno-const-bit-op-tree this Verilator computes wrong values (testbenches/lockstep/verilator_trap_test.cpp).
set(SVASIM_VERILATOR_FLAGS -O3 --assert -Wall -fno-const-bit-op-tree --x-initial 0 --x-assign fast)

# verilate_pwc(TARGET PREFIX SETS ... WAYS ... S2_SETS ... S2_WAYS ... PLRU n [ARGS Verilator's] [verilate()'s]...)
function(verilate_pwc TARGET PREFIX)
  cmake_parse_arguments(PWC "" "PLRU" "SETS;WAYS;S2_SETS;S2_WAYS;ARGS;OPT_FAST" ${ARGN})
  set(PARAMETERS -GPLRU=${PWC_PLRU})
  foreach(LEVEL RANGE 3)
    foreach(SIZE SETS WAYS)
      list(GET PWC_${SIZE} ${LEVEL} S1)
      list(GET PWC_S2_${SIZE} ${LEVEL} S2)
      list(APPEND PARAMETERS -GS1_${SIZE}${LEVEL}=${S1} -GS2_${SIZE}${LEVEL}=${S2})
    endforeach()
  endforeach()
  verilate(${TARGET} ${PWC_UNPARSED_ARGUMENTS}
    PREFIX ${PREFIX}
    TOP_MODULE pwc
    INCLUDE_DIRS ${SVASIM_PWC_RTL}
    SOURCES ${SVASIM_PWC_RTL}/pwc_pkg.sv ${SVASIM_PWC_RTL}/pwc.sv
    VERILATOR_ARGS ${SVASIM_VERILATOR_FLAGS} ${PWC_ARGS} ${PARAMETERS}
    OPT_FAST ${PWC_OPT_FAST})
endfunction()

# pwc_geometry(VARIABLE SETS ... WAYS ... S2_SETS ... S2_WAYS ... PLRU n): the same as a C++ initialiser of
# arch::WalkCacheGeometry.
function(pwc_geometry VARIABLE)
  cmake_parse_arguments(PWC "" "PLRU" "SETS;WAYS;S2_SETS;S2_WAYS" ${ARGN})
  foreach(LIST SETS WAYS S2_SETS S2_WAYS)
    string(REPLACE ";" "," PWC_${LIST} "${PWC_${LIST}}")
  endforeach()
  set(${VARIABLE} "{{${PWC_SETS}},{${PWC_WAYS}},{${PWC_S2_SETS}},{${PWC_S2_WAYS}},svasim::arch::WalkCacheReplacement(${PWC_PLRU})}" PARENT_SCOPE)
endfunction()
