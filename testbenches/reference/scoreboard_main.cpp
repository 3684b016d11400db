// Clocks scoreboard_tb to its end: five accesses checked, and exactly the three planted mismatches found.
#include <verilated.h>

#include <cstdio>

#include "Vscoreboard_tb.h"

int main() {
  VerilatedContext context;
  Vscoreboard_tb top(&context);
  for (unsigned edge = 0; edge < 100 && top.done_o == 0; ++edge) {
    top.clk_i = edge % 2;
    top.eval();
  }
  top.final();
  std::printf("%u mismatches, 3 planted\n", top.mismatches_o);
  return top.done_o != 0 && top.mismatches_o == 3 ? 0 : 1;
}
