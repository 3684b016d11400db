// A map for Yosys' techmap: of a memory of SETS x WAYS entries only one set is there, all other reads give anything.
// Whatever the memory could answer, this can: what is proved with it holds with the memory.
// Contract: `WAYS is a power of two; asynchronous reads, one write port. kept_set has no driver here:
// scripts/prove connects it to the set of the shadow's key.
(* techmap_celltype = "$mem_v2" *)
module one_set (RD_CLK, RD_EN, RD_ARST, RD_SRST, RD_ADDR, RD_DATA, WR_CLK, WR_EN, WR_ADDR, WR_DATA);
  parameter MEMID = "";
  parameter SIZE = 0;
  parameter OFFSET = 0;
  parameter ABITS = 1;
  parameter WIDTH = 1;
  parameter INIT = 0;
  parameter RD_PORTS = 1;
  parameter RD_CLK_ENABLE = 0;
  parameter RD_CLK_POLARITY = 0;
  parameter RD_TRANSPARENCY_MASK = 0;
  parameter RD_COLLISION_X_MASK = 0;
  parameter RD_WIDE_CONTINUATION = 0;
  parameter RD_CE_OVER_SRST = 0;
  parameter RD_ARST_VALUE = 0;
  parameter RD_SRST_VALUE = 0;
  parameter RD_INIT_VALUE = 0;
  parameter WR_PORTS = 1;
  parameter WR_CLK_ENABLE = 1;
  parameter WR_CLK_POLARITY = 1;
  parameter WR_PRIORITY_MASK = 0;
  parameter WR_WIDE_CONTINUATION = 0;
  input [RD_PORTS-1:0] RD_CLK, RD_EN, RD_ARST, RD_SRST;
  input [RD_PORTS*ABITS-1:0] RD_ADDR;
  output [RD_PORTS*WIDTH-1:0] RD_DATA;
  input [WR_PORTS-1:0] WR_CLK;
  input [WR_PORTS*WIDTH-1:0] WR_EN, WR_DATA;
  input [WR_PORTS*ABITS-1:0] WR_ADDR;

  localparam WAY_W = $clog2(`WAYS);
  wire [$clog2(SIZE)-WAY_W-1:0] kept_set;
  reg [`WAYS*WIDTH-1:0] row;
  wire _TECHMAP_FAIL_ = RD_CLK_ENABLE != 0 || WR_PORTS != 1 || WR_CLK_POLARITY != 1 || SIZE <= `WAYS;

  genvar i;
  generate
    for (i = 0; i < `WAYS; i = i + 1) begin : gen_way
      always @(posedge WR_CLK[0]) begin
        if (WR_EN[0] && WR_ADDR == kept_set * `WAYS + i) row[i*WIDTH +: WIDTH] <= WR_DATA;
      end
    end
    for (i = 0; i < RD_PORTS; i = i + 1) begin : gen_read
      wire [ABITS-1:0] address;
      wire [WIDTH-1:0] anything;
      assign address = RD_ADDR[i*ABITS +: ABITS];
      \$anyseq #(.WIDTH(WIDTH)) free (.Y(anything));
      assign RD_DATA[i*WIDTH +: WIDTH] =
          (address >> WAY_W == kept_set) ? row[(address & (`WAYS - 1)) * WIDTH +: WIDTH] : anything;
    end
  endgenerate
endmodule
