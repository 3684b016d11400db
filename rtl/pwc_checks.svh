// CHK(name, condition): an immediate assertion in the one form that both Verilator and Yosys accept.
`ifndef PWC_CHECKS_SVH
`define PWC_CHECKS_SVH
`ifdef YOSYS
`define CHK(name, condition) name: assert (condition);
`else
`define CHK(name, condition) name: assert (condition) else $error("%m failed");
`endif
`endif
