/* The reference SMMUv3 as a C library: what the architecture says of one transaction, without time and
 * without caches. Made for scoreboards: give it the registers software wrote and a way to read memory, and
 * ask.
 *
 *   svasim_reference_config config;
 *   svasim_reference_default_config(&config);
 *   config.read = my_read; config.user = my_memory;
 *   svasim_reference *ref = svasim_reference_create(&config);
 *   svasim_reference_write(ref, 0x80, stream_table, 8);          STRTAB_BASE, then STRTAB_BASE_CFG, CR0 ...
 *   svasim_reference_translate(ref, &transaction, &outcome);
 *   svasim_reference_destroy(ref);
 *
 * Rules that hold for every function: addresses and sizes are bytes; `_valid` and other flags are 0 or 1, and
 * any non-zero input counts as 1; enumerations are the constants below. A null or otherwise impossible
 * argument gives SVASIM_REFERENCE_BAD_ARGUMENT and changes nothing; what software may do wrong (bad tables,
 * aborts, illegal commands) is never an error of the call but an outcome. Nothing is printed, thrown or kept
 * in globals. Threads: an instance is used by one thread at a time; different instances are independent. The
 * callbacks run inside the call that needs them, and must not call the same instance.
 *
 * Source rule: all behaviour is that of models/arch; this file only names it in C. C99.
 */
#ifndef SVASIM_REFERENCE_H
#define SVASIM_REFERENCE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct svasim_reference svasim_reference;

/* Results of calls. */
enum {
  SVASIM_REFERENCE_OK = 0,
  SVASIM_REFERENCE_BAD_ARGUMENT =
      -1,                         /* null, a size that is not 4 or 8, a misaligned or unknown offset ... */
  SVASIM_REFERENCE_NO_MEMORY = -2 /* the host has none left; only where said */
};

/* --- instances
 * ------------------------------------------------------------------------------------------------ */

/* Reads `bytes` (8 or 64, naturally aligned) of physical memory at `address` as the SMMU would see them, in
 * memory order. Returns 1, or 0 for an access that aborts. */
typedef int (*svasim_reference_read_callback)(void* user, uint64_t address, void* data, uint32_t bytes);

/* Hardware update of a descriptor (IDR0.HTTU): if the little-endian word at `address` (8-byte aligned) equals
 * `expected`, make it `desired`. Always stores the value found in *observed. Returns 1, or 0 for an abort. */
typedef int (*svasim_reference_swap_callback)(void* user, uint64_t address, uint64_t expected,
                                              uint64_t desired, uint64_t* observed);

typedef struct svasim_reference_config {
  /* The ID registers: what is not advertised does not exist. Fields this model does not implement are
   * ignored. */
  uint32_t idr0, idr1, idr3, idr5;
  svasim_reference_read_callback read; /* required */
  /* Optional. Without it updates are assumed to succeed and memory is left alone: the outcome is that of a
   * hardware update, and looking does not change what is looked at. */
  svasim_reference_swap_callback swap;
  void* user; /* handed to the callbacks */
} svasim_reference_config;

/* The ID registers of everything models/arch implements, no callbacks. */
int svasim_reference_default_config(svasim_reference_config* config);

/* A new instance with all registers at reset (SMMUEN = 0, GBPA: bypass). The configuration is copied. Null
 * without `read` or memory. */
svasim_reference* svasim_reference_create(const svasim_reference_config* config);

/* Null is allowed. */
void svasim_reference_destroy(svasim_reference* ref);

/* --- registers
 * ------------------------------------------------------------------------------------------------ */

/* `offset` from the base of page 0, below 0x20000 and aligned to `bytes` (4 or 8). Bits that the ID registers
 * do not advertise, and registers that configure something in use, ignore writes. What takes time in hardware
 * is in force at once: CR0ACK and IRQ_CTRLACK mirror, and a GBPA update is over (UPDATE reads 0). Registers
 * that the SMMU itself changes (queue indices, GERROR) read as software left them. So a monitor may hand over
 * every access it sees. A write gives NO_MEMORY if a register cannot be kept. */
int svasim_reference_write(svasim_reference* ref, uint32_t offset, uint64_t value, uint32_t bytes);
int svasim_reference_read(const svasim_reference* ref, uint32_t offset, uint64_t* value, uint32_t bytes);

/* --- translation
 * ---------------------------------------------------------------------------------------------- */

/* Address types (PCIe AT). Translation requests have a function of their own. */
enum { SVASIM_UNTRANSLATED = 0, SVASIM_TRANSLATED = 2 };

typedef struct svasim_transaction {
  uint32_t stream;
  uint32_t substream;      /* PASID; ignored unless valid */
  uint8_t substream_valid; /* SSV */
  uint8_t write;           /* else a read */
  uint8_t privileged;      /* as it comes in: STE overrides are applied inside */
  uint8_t instruction;
  uint8_t address_type;
  uint8_t may_stall; /* 0: a requester that cannot wait (PCIe); what would stall is aborted */
  uint64_t address;  /* of the first byte; the access must not cross a 4 KB page */
} svasim_transaction;

/* How a transaction ends. */
enum {
  SVASIM_TRANSLATED_OK = 0, /* goes on to `address` */
  SVASIM_ABORTED = 1,       /* bus abort */
  SVASIM_RAZ_WI = 2,        /* completes: reads zero, writes nothing */
  SVASIM_STALLED = 3        /* waits for CMD_RESUME */
};

/* What translated it. */
enum { SVASIM_BYPASS = 0, SVASIM_STAGE1 = 1, SVASIM_STAGE2 = 2, SVASIM_BOTH_STAGES = 3 };

/* Bits of `permissions`. */
enum {
  SVASIM_UNPRIVILEGED_READ = 1 << 0,
  SVASIM_UNPRIVILEGED_WRITE = 1 << 1,
  SVASIM_UNPRIVILEGED_EXECUTE = 1 << 2,
  SVASIM_PRIVILEGED_READ = 1 << 3,
  SVASIM_PRIVILEGED_WRITE = 1 << 4,
  SVASIM_PRIVILEGED_EXECUTE = 1 << 5
};

typedef struct svasim_event {
  uint8_t due;       /* 0: nothing is recorded, and `words` are zero */
  uint64_t words[4]; /* the 32-byte record; word 0 lies at the lowest address. STAG (word 1, 15:0) is 0: the
                        SMMU's choice */
} svasim_event;

typedef struct svasim_outcome {
  uint8_t status; /* SVASIM_TRANSLATED_OK ... */
  /* With SVASIM_TRANSLATED_OK; otherwise zero. */
  uint8_t kind;         /* SVASIM_BYPASS ... */
  uint64_t address;     /* output address of the byte asked for */
  uint64_t ipa;         /* output of stage 1; the input without stage 1 */
  uint8_t log2_size;    /* of the naturally aligned input region all of which translates like this */
  uint8_t permissions;  /* of the mapping, both stages; bypass: all */
  uint8_t memory_type;  /* as a MAIR byte */
  uint8_t shareability; /* 0 non, 2 outer, 3 inner */
  uint8_t global;       /* not tagged with an ASID */
  uint16_t asid;        /* with a stage 1 */
  uint16_t vmid;
  svasim_event event; /* otherwise */
} svasim_outcome;

/* Always reads memory as it is now. Several events may be merged into one record by an SMMU (STE.MEV); this
 * tells each. */
int svasim_reference_translate(svasim_reference* ref, const svasim_transaction* transaction,
                               svasim_outcome* outcome);

/* --- ATS and PRI
 * ---------------------------------------------------------------------------------------------- */

typedef struct svasim_ats_request {
  uint32_t stream;
  uint32_t substream;
  uint8_t substream_valid;
  uint8_t no_write;   /* NW */
  uint8_t execute;    /* with a PASID only */
  uint8_t privileged; /* with a PASID only */
  uint8_t log2_stu;   /* smallest translation unit the device was given; 0 means 12 (4 KB) */
  uint64_t address;
} svasim_ats_request;

/* Completion status, as PCIe encodes it. */
enum { SVASIM_ATS_SUCCESS = 0, SVASIM_ATS_UNSUPPORTED_REQUEST = 1, SVASIM_ATS_COMPLETER_ABORT = 4 };

typedef struct svasim_ats_completion {
  uint8_t status;
  /* With SVASIM_ATS_SUCCESS; otherwise zero. Neither read nor write: no access, ask by page request. */
  uint8_t read, write, execute, privileged;
  uint8_t global, no_snoop, untranslated_only;
  uint8_t log2_size;
  uint64_t address; /* aligned to the size */
  uint64_t entry;   /* the 64-bit translation completion entry, byte-swapped so that bit 0 is R */
  svasim_event event;
} svasim_ats_completion;

/* The largest answer: an SMMU may answer with a smaller region of the same translation. */
int svasim_reference_translation_request(svasim_reference* ref, const svasim_ats_request* request,
                                         svasim_ats_completion* completion);

typedef struct svasim_page_request {
  uint32_t stream;
  uint32_t substream;
  uint8_t substream_valid;
  uint8_t privileged, execute; /* with a PASID only */
  uint8_t read, write;
  uint8_t last;
  uint16_t prg_index; /* 9 bits */
  uint64_t address;
} svasim_page_request;

/* The PRI queue as the request finds it; PRIQEN and SMMUEN are taken from CR0. */
enum {
  SVASIM_PRIQ_WRITABLE = 0,
  SVASIM_PRIQ_OVERFLOW = 1, /* full, or an overflow not yet acknowledged */
  SVASIM_PRIQ_ABORTED = 2   /* GERROR.PRIQ_ABT_ERR active */
};

enum {
  SVASIM_PRI_QUEUED = 0,   /* `record` is appended */
  SVASIM_PRI_DROPPED = 1,  /* silently */
  SVASIM_PRI_RESPONDED = 2 /* dropped, and the SMMU itself answers the group */
};

typedef struct svasim_page_request_outcome {
  uint8_t action;
  uint64_t record[2];      /* SVASIM_PRI_QUEUED */
  uint8_t response;        /* SVASIM_PRI_RESPONDED: PCIe response code, 0x0 success, 0xF failure */
  uint8_t substream_valid; /* does the response carry the PASID? */
  uint32_t substream;
} svasim_page_request_outcome;

int svasim_reference_page_request(svasim_reference* ref, const svasim_page_request* request, int priq_state,
                                  svasim_page_request_outcome* outcome);

/* --- commands
 * ------------------------------------------------------------------------------------------------- */

/* CMDQ_CONS.ERR after a command. */
enum { SVASIM_COMMAND_LEGAL = 0, SVASIM_COMMAND_ILLEGAL = 1 /* CERROR_ILL */ };

/* A command as the SMMU consumes it, two 64-bit words; a CMD_SYNC when it has completed. Returns
 * SVASIM_COMMAND_LEGAL or SVASIM_COMMAND_ILLEGAL. */
int svasim_reference_command(svasim_reference* ref, const uint64_t words[2]);

/* --- caches
 * --------------------------------------------------------------------------------------------------- This
 * model has none; a DUT may still use what was true before software changed memory, until the invalidation of
 * it has completed. For a scoreboard that runs while tables change: (1) svasim_reference_remember, before
 * software changes memory, for the accesses whose outcome will change; (2) svasim_reference_command, for
 * every command the DUT consumes; (3) svasim_reference_permitted, for every access the DUT completes: right
 * now, or as remembered and not invalidated. Remembered are whole outcomes: a DUT whose walk met some tables
 * before and some after a change may give a third one.
 */

/* What this transaction meets now may be used, for all the region it holds for, until a CMD_SYNC that follows
 * a TLBI (of bypass: a CFGI) which names it. A fault is remembered for its page and kind of access until a
 * CMD_SYNC that follows any TLBI, or a CFGI of its stream. Each call costs memory until then. OK,
 * BAD_ARGUMENT or NO_MEMORY. */
int svasim_reference_remember(svasim_reference* ref, const svasim_transaction* transaction);

/* May a DUT have ended the transaction like this? Compared are status, and then address, memory type and
 * shareability, or the event (without its STAG). 1 or 0, BAD_ARGUMENT or NO_MEMORY. */
int svasim_reference_permitted(svasim_reference* ref, const svasim_transaction* transaction,
                               const svasim_outcome* observed);

#ifdef __cplusplus
}
#endif
#endif
