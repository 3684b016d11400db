# Verilating the page-walk cache for a geometry: SETS, WAYS, S2_SETS, S2_WAYS (four values each) and PLRU (0 or 1).
# With RTL (its files, packages first) and TOP it is somebody else's, with the pins and parameters of rtl/pwc.sv.
# Without -fno-const-bit-op-tree this Verilator computes wrong values (testbenches/lockstep/verilator_trap_test.cpp).
set(SVASIM_VERILATOR_FLAGS -O3 --assert -Wall -fno-const-bit-op-tree --x-initial 0 --x-assign fast)
# Other people's RTL may have warnings.
set(SVASIM_VERILATOR_FOREIGN_FLAGS ${SVASIM_VERILATOR_FLAGS} -Wno-fatal)
list(REMOVE_ITEM SVASIM_VERILATOR_FOREIGN_FLAGS -Wall)

# verilate_pwc(TARGET PREFIX SETS ... WAYS ... S2_SETS ... S2_WAYS ... PLRU n [RTL files... TOP module]
#              [ARGS Verilator's] [verilate()'s]...)
function(verilate_pwc TARGET PREFIX)
  cmake_parse_arguments(PWC "" "PLRU;TOP" "SETS;WAYS;S2_SETS;S2_WAYS;RTL;ARGS;OPT_FAST" ${ARGN})
  set(FLAGS ${SVASIM_VERILATOR_FOREIGN_FLAGS})
  if(NOT PWC_RTL)
    set(PWC_RTL ${PROJECT_SOURCE_DIR}/rtl/pwc_pkg.sv ${PROJECT_SOURCE_DIR}/rtl/pwc.sv)
    set(PWC_TOP pwc)
    set(FLAGS ${SVASIM_VERILATOR_FLAGS})
  endif()
  # Modules that are not named are found beside those that are.
  set(FOLDERS)
  foreach(FILE ${PWC_RTL})
    get_filename_component(FOLDER ${FILE} DIRECTORY)
    list(APPEND FOLDERS ${FOLDER})
  endforeach()
  list(REMOVE_DUPLICATES FOLDERS)
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
    TOP_MODULE ${PWC_TOP}
    INCLUDE_DIRS ${FOLDERS}
    SOURCES ${PWC_RTL}
    VERILATOR_ARGS ${FLAGS} ${PWC_ARGS} ${PARAMETERS}
    OPT_FAST ${PWC_OPT_FAST})
endfunction()

# pwc_geometry(VARIABLE SETS ... WAYS ... S2_SETS ... S2_WAYS ... PLRU n): the same as a C++ initialiser of
# arch::WalkCacheGeometry.
function(pwc_geometry VARIABLE)
  cmake_parse_arguments(PWC "" "PLRU;TOP" "SETS;WAYS;S2_SETS;S2_WAYS;RTL;ARGS" ${ARGN})
  foreach(LIST SETS WAYS S2_SETS S2_WAYS)
    string(REPLACE ";" "," PWC_${LIST} "${PWC_${LIST}}")
  endforeach()
  set(${VARIABLE} "{{${PWC_SETS}},{${PWC_WAYS}},{${PWC_S2_SETS}},{${PWC_S2_WAYS}},svasim::arch::WalkCacheReplacement(${PWC_PLRU})}" PARENT_SCOPE)
endfunction()
