// CHK(name, condition): an immediate assertion in the one form that both Verilator and Yosys accept.
// COVER(name, condition): something the bench must have met; for simulation only.
`ifndef PWC_CHECKS_SVH
`define PWC_CHECKS_SVH
`ifdef YOSYS
`define CHK(name, condition) name: assert (condition);
`define COVER(name, condition)
`else
`define CHK(name, condition) name: assert (condition) else $error("%m failed");
`define COVER(name, condition) name: cover (condition);
`endif
`endif
