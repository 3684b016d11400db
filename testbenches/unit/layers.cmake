# Who may include whom (the layers of the tree), and that L0 knows no SystemC.
add_test(NAME layers COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-layers)
set_tests_properties(layers PROPERTIES LABELS unit)
