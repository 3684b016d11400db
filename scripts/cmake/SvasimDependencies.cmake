# Everything svasim builds on, all of it Debian 12 packages (scripts/setup installs them). An installed svasim needs the
# same libraries, but neither the test framework nor Verilator.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options iostreams context)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc tlm)
if(NOT SVASIM_INSTALLED)
  find_package(Catch2 2 REQUIRED)
  find_package(verilator 5 REQUIRED HINTS $ENV{VERILATOR_ROOT} /usr/share/verilator)
endif()
