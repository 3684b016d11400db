svasim_test(engine LABEL unit
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/engine_calendar_test.cpp ${CMAKE_CURRENT_SOURCE_DIR}/engine_units_test.cpp
    ${CMAKE_CURRENT_SOURCE_DIR}/engine_at_socket_test.cpp
  DEPENDS svasim::engine)
