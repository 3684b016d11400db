/* The reference from C99: tables in an array, every word and every result worked out by hand from the layouts
 * of the SMMUv3 and VMSAv8-64, nothing taken from the library's own encoders. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/reference/svasim_reference.h"

static int failures = 0;

static void check_equal(int line, const char* what, uint64_t value, uint64_t expected) {
  if (value == expected) return;
  ++failures;
  printf("line %d: %s is 0x%" PRIx64 ", expected 0x%" PRIx64 "\n", line, what, value, expected);
}
#define CHECK(value, expected) check_equal(__LINE__, #value, (uint64_t)(value), (uint64_t)(expected))

/* 64 KB of memory at 0x10000; everything else aborts. */
enum { BASE = 0x10000, BYTES = 0x10000 };
typedef struct {
  uint64_t word[BYTES / 8];
} memory;

static uint64_t* at(memory* m, uint64_t address) { return &m->word[(address - BASE) / 8]; }

static int read_memory(void* user, uint64_t address, void* data, uint32_t bytes) {
  if (address < BASE || address - BASE > BYTES - bytes) return 0;
  memcpy(data, at((memory*)user, address), bytes); /* a little-endian host */
  return 1;
}

/* Stream table at 0x10000 (8 streams), CD at 0x11000, tables of levels 0 to 3 at 0x12000 to 0x15000.
 * 0x80_4020_3000 is entry 1 of levels 0, 1 and 2, and entry 3 of level 3. */
#define VA UINT64_C(0x8040203000)
static void make_tables(memory* m) {
  memset(m, 0, sizeof *m);
  *at(m, 0x10000) = 0x9000000B;                   /* stream 0: V, Config = 101, CD at 0x90000000: aborts */
  *at(m, 0x10040) = 0x1100B;                      /* stream 1: V, Config = 101, CD at 0x11000 */
  *at(m, 0x10048) = UINT64_C(1) << 44 | 1u << 28; /* SHCFG = incoming, EATS = 1 */
  *at(m, 0x10080) = 0x9;                          /* stream 2: V, Config = 100: bypass */
  *at(m, 0x10088) = UINT64_C(1) << 44;
  *at(m, 0x10140) = 0x1;                          /* stream 5: V, Config = 000: abort */
  *at(m, 0x11000) = UINT64_C(0x00076205C0000010); /* ASID 7, A, R, AA64, IPS = 5, V, EPD1, T0SZ = 16 */
  *at(m, 0x11008) = 0x12000;                      /* TTB0 */
  *at(m, 0x11018) = 0x04FF;                       /* MAIR: 0 Normal write-back, 1 Device-nGnRE */
  *at(m, 0x12008) = 0x13003;                      /* table */
  *at(m, 0x13008) = 0x14003;                      /* table */
  *at(m, 0x14008) = 0x15003;                      /* table */
  *at(m, 0x14010) = 0x80000741;                   /* 2 MB block: AF, inner shareable, AP = 01, global */
  *at(m, 0x15018) = 0x45678F43;                   /* page: nG, AF, inner shareable, AP = 01 */
  *at(m, 0x15020) = UINT64_C(0x0060000045679FC7); /* page: UXN, PXN, nG, AF, AP = 11, Device */
  *at(m, 0x15028) = 0x4567AB43;                   /* page, AF = 0 */
}

static svasim_reference* make_reference(memory* m) {
  svasim_reference_config config;
  svasim_reference* ref;
  CHECK(svasim_reference_default_config(&config), SVASIM_REFERENCE_OK);
  config.read = read_memory;
  config.user = m;
  ref = svasim_reference_create(&config);
  CHECK(svasim_reference_write(ref, 0x80, BASE, 8), SVASIM_REFERENCE_OK); /* STRTAB_BASE */
  CHECK(svasim_reference_write(ref, 0x88, 3, 4), SVASIM_REFERENCE_OK);    /* STRTAB_BASE_CFG: linear, 2^3 */
  CHECK(svasim_reference_write(ref, 0x20, 0x3, 4), SVASIM_REFERENCE_OK);  /* CR0: SMMUEN, PRIQEN */
  return ref;
}

static svasim_outcome translate(svasim_reference* ref, uint32_t stream, uint64_t address, int write,
                                int priv) {
  svasim_transaction transaction;
  svasim_outcome outcome;
  memset(&transaction, 0, sizeof transaction);
  transaction.stream = stream;
  transaction.address = address;
  transaction.write = (uint8_t)write;
  transaction.privileged = (uint8_t)priv;
  CHECK(svasim_reference_translate(ref, &transaction, &outcome), SVASIM_REFERENCE_OK);
  return outcome;
}

static void check_event(int line, const svasim_event* event, uint64_t w0, uint64_t w1, uint64_t w2,
                        uint64_t w3) {
  check_equal(line, "event due", event->due, 1);
  check_equal(line, "event word 0", event->words[0], w0);
  check_equal(line, "event word 1", event->words[1], w1);
  check_equal(line, "event word 2", event->words[2], w2);
  check_equal(line, "event word 3", event->words[3], w3);
}

static void translations(svasim_reference* ref) {
  svasim_outcome o = translate(ref, 1, VA + 0x123, 0, 0);
  CHECK(o.status, SVASIM_TRANSLATED_OK);
  CHECK(o.kind, SVASIM_STAGE1);
  CHECK(o.address, 0x45678123);
  CHECK(o.ipa, 0x45678123);
  CHECK(o.log2_size, 12);
  /* AP = 01: read and write for both; user code may run it, the kernel never runs what users can write. */
  CHECK(o.permissions, SVASIM_UNPRIVILEGED_READ | SVASIM_UNPRIVILEGED_WRITE | SVASIM_UNPRIVILEGED_EXECUTE |
                           SVASIM_PRIVILEGED_READ | SVASIM_PRIVILEGED_WRITE);
  CHECK(o.memory_type, 0xFF);
  CHECK(o.shareability, 3);
  CHECK(o.global, 0);
  CHECK(o.asid, 7);
  CHECK(o.event.due, 0);

  o = translate(ref, 1, VA + 0x1000, 0, 0); /* Device memory is outer shareable whatever SH says */
  CHECK(o.address, 0x45679000);
  CHECK(o.permissions, SVASIM_UNPRIVILEGED_READ | SVASIM_PRIVILEGED_READ);
  CHECK(o.memory_type, 0x04);
  CHECK(o.shareability, 2);

  o = translate(ref, 1, UINT64_C(0x8040412340), 1, 1); /* 2 MB block: offset 0x12340 */
  CHECK(o.address, 0x80012340);
  CHECK(o.log2_size, 21);
  CHECK(o.global, 1);

  o = translate(ref, 2, 0x1234, 1, 0);
  CHECK(o.status, SVASIM_TRANSLATED_OK);
  CHECK(o.kind, SVASIM_BYPASS);
  CHECK(o.address, 0x1234);
}

static void faults(svasim_reference* ref) {
  /* Word 1: CLASS = IN is 2 << 40, RnW 1 << 35, PnU 1 << 33. */
  svasim_outcome o = translate(ref, 1, VA + 0x3008, 0, 0);
  CHECK(o.status, SVASIM_ABORTED);
  CHECK(o.address, 0);
  check_event(__LINE__, &o.event, UINT64_C(0x100000010), UINT64_C(0x20800000000), VA + 0x3008,
              0); /* F_TRANSLATION */
  o = translate(ref, 1, VA + 0x2000, 0, 1);
  check_event(__LINE__, &o.event, UINT64_C(0x100000012), UINT64_C(0x20A00000000), VA + 0x2000,
              0); /* F_ACCESS */
  o = translate(ref, 1, VA + 0x1000, 1, 0);
  check_event(__LINE__, &o.event, UINT64_C(0x100000013), UINT64_C(0x20000000000), VA + 0x1000,
              0); /* F_PERMISSION */
  o = translate(ref, 3, 0, 0, 0);
  check_event(__LINE__, &o.event, UINT64_C(0x300000004), 0, 0, 0); /* C_BAD_STE */
  o = translate(ref, 0, 0, 0, 0);
  check_event(__LINE__, &o.event, 0x09, 0, 0, 0x90000000); /* F_CD_FETCH and the address that aborted */
  o = translate(ref, 5, 0, 0, 0);                          /* Config = 000: silently */
  CHECK(o.status, SVASIM_ABORTED);
  CHECK(o.event.due, 0);
  o = translate(ref, 8, 0, 0, 0); /* C_BAD_STREAMID: recorded only with CR2.RECINVSID */
  CHECK(o.status, SVASIM_ABORTED);
  CHECK(o.event.due, 0);
}

static void fault_models(memory* m, svasim_reference* ref) {
  svasim_transaction t;
  svasim_outcome o;
  memset(&t, 0, sizeof t);
  t.stream = 1;
  t.address = VA + 0x3000;
  *at(m, 0x11000) ^= UINT64_C(1) << 46; /* A = 0: read as zero, write ignored */
  CHECK(svasim_reference_translate(ref, &t, &o), SVASIM_REFERENCE_OK);
  CHECK(o.status, SVASIM_RAZ_WI);
  CHECK(o.event.due, 1);
  *at(m, 0x11000) ^= UINT64_C(1) << 45; /* R = 0: not recorded */
  CHECK(svasim_reference_translate(ref, &t, &o), SVASIM_REFERENCE_OK);
  CHECK(o.status, SVASIM_RAZ_WI);
  CHECK(o.event.due, 0);
  *at(m, 0x11000) ^= UINT64_C(1) << 44; /* S = 1: stall, always recorded (STALL is bit 31) */
  t.may_stall = 1;
  CHECK(svasim_reference_translate(ref, &t, &o), SVASIM_REFERENCE_OK);
  CHECK(o.status, SVASIM_STALLED);
  check_event(__LINE__, &o.event, UINT64_C(0x100000010), UINT64_C(0x20880000000), t.address, 0);
  t.may_stall = 0; /* PCIe: aborted instead */
  CHECK(svasim_reference_translate(ref, &t, &o), SVASIM_REFERENCE_OK);
  CHECK(o.status, SVASIM_ABORTED);
  make_tables(m);
}

static void ats(svasim_reference* ref) {
  svasim_ats_request r;
  svasim_ats_completion c;
  memset(&r, 0, sizeof r);
  r.stream = 1;
  r.address = VA;
  CHECK(svasim_reference_translation_request(ref, &r, &c), SVASIM_REFERENCE_OK);
  CHECK(c.status, SVASIM_ATS_SUCCESS);
  CHECK(c.entry, 0x45678003); /* R, W; S = 0: 4 KB */
  r.address = UINT64_C(0x8040400000);
  r.no_write = 1;
  CHECK(svasim_reference_translation_request(ref, &r, &c), SVASIM_REFERENCE_OK);
  CHECK(c.log2_size, 21);
  CHECK(c.entry, 0x800FF803); /* S, and ones from bit 12 to 19: 2 MB */
  r.address = VA + 0x3000;    /* not mapped: success without access, and no event */
  CHECK(svasim_reference_translation_request(ref, &r, &c), SVASIM_REFERENCE_OK);
  CHECK(c.status, SVASIM_ATS_SUCCESS);
  CHECK(c.entry, 0);
  CHECK(c.event.due, 0);
  r.stream = 2; /* bypass */
  CHECK(svasim_reference_translation_request(ref, &r, &c), SVASIM_REFERENCE_OK);
  CHECK(c.status, SVASIM_ATS_UNSUPPORTED_REQUEST);
  CHECK(c.event.due, 1);
  CHECK(c.event.words[0], UINT64_C(0x200000005)); /* F_BAD_ATS_TREQ */
}

static void page_requests(svasim_reference* ref) {
  svasim_page_request r;
  svasim_page_request_outcome o;
  memset(&r, 0, sizeof r);
  r.stream = 1;
  r.substream = 0x12345;
  r.substream_valid = 1;
  r.read = r.last = 1;
  r.prg_index = 0x1FF;
  r.address = VA + 0x678;
  CHECK(svasim_reference_page_request(ref, &r, SVASIM_PRIQ_WRITABLE, &o), SVASIM_REFERENCE_OK);
  CHECK(o.action, SVASIM_PRI_QUEUED);
  CHECK(o.record[0], UINT64_C(0xD001234500000001)); /* SSV, Last, Read; SSID; SID */
  CHECK(o.record[1], VA | 0x1FF);
  /* Overflow: the Last one of a group is answered Success; without IDR3.PPS the PASID goes with it only if
   * STE.PPAR. */
  CHECK(svasim_reference_page_request(ref, &r, SVASIM_PRIQ_OVERFLOW, &o), SVASIM_REFERENCE_OK);
  CHECK(o.action, SVASIM_PRI_RESPONDED);
  CHECK(o.response, 0x0);
  CHECK(o.substream_valid, 0);
  r.stream = 3; /* no valid STE to ask: failure */
  CHECK(svasim_reference_page_request(ref, &r, SVASIM_PRIQ_OVERFLOW, &o), SVASIM_REFERENCE_OK);
  CHECK(o.response, 0xF);
  CHECK(svasim_reference_page_request(ref, &r, SVASIM_PRIQ_ABORTED, &o), SVASIM_REFERENCE_OK);
  CHECK(o.response, 0xF);
  r.last = 0;
  CHECK(svasim_reference_page_request(ref, &r, SVASIM_PRIQ_OVERFLOW, &o), SVASIM_REFERENCE_OK);
  CHECK(o.action, SVASIM_PRI_DROPPED);
  r.last = 1;
  r.read = 0; /* a stop marker is never answered */
  CHECK(svasim_reference_page_request(ref, &r, SVASIM_PRIQ_OVERFLOW, &o), SVASIM_REFERENCE_OK);
  CHECK(o.action, SVASIM_PRI_DROPPED);
}

static void commands(svasim_reference* ref) {
  const uint64_t sync[2] = {0x46, 0}, unknown[2] = {0xFF, 0}, secure[2] = {0x446, 0},
                 reserved[2] = {0x3046, 0};
  CHECK(svasim_reference_command(ref, sync), SVASIM_COMMAND_LEGAL);
  CHECK(svasim_reference_command(ref, unknown), SVASIM_COMMAND_ILLEGAL);
  CHECK(svasim_reference_command(ref, secure), SVASIM_COMMAND_ILLEGAL);   /* SSec = 1 on this queue */
  CHECK(svasim_reference_command(ref, reserved), SVASIM_COMMAND_ILLEGAL); /* CS = 3 */
}

/* A page changes: what it was may be used until its invalidation has completed, and for the whole page. */
static void caches(memory* m, svasim_reference* ref) {
  const uint64_t tlbi_other[2] = {UINT64_C(0x0008000000000012), VA},
                 sync[2] = {0x46, 0};                          /* NH_VA of ASID 8 */
  const uint64_t tlbi[2] = {UINT64_C(0x0007000000000012), VA}; /* of ASID 7 */
  svasim_transaction t;
  svasim_outcome before, after;
  memset(&t, 0, sizeof t);
  t.stream = 1;
  t.address = VA + 0x10;
  CHECK(svasim_reference_remember(ref, &t), SVASIM_REFERENCE_OK);
  t.address = VA + 0x208;
  CHECK(svasim_reference_translate(ref, &t, &before), SVASIM_REFERENCE_OK);
  *at(m, 0x15018) = 0x50000FC3; /* another frame, read-only */
  CHECK(svasim_reference_translate(ref, &t, &after), SVASIM_REFERENCE_OK);
  CHECK(before.address, 0x45678208);
  CHECK(after.address, 0x50000208);
  CHECK(svasim_reference_permitted(ref, &t, &before), 1);
  CHECK(svasim_reference_permitted(ref, &t, &after), 1);
  before.address += 8;
  CHECK(svasim_reference_permitted(ref, &t, &before), 0);
  before.address -= 8;
  CHECK(svasim_reference_command(ref, tlbi_other), SVASIM_COMMAND_LEGAL);
  CHECK(svasim_reference_command(ref, sync), SVASIM_COMMAND_LEGAL);
  CHECK(svasim_reference_permitted(ref, &t, &before), 1);
  CHECK(svasim_reference_command(ref, tlbi), SVASIM_COMMAND_LEGAL);
  CHECK(svasim_reference_permitted(ref, &t, &before), 1); /* not yet complete */
  CHECK(svasim_reference_command(ref, sync), SVASIM_COMMAND_LEGAL);
  CHECK(svasim_reference_permitted(ref, &t, &before), 0);
  CHECK(svasim_reference_permitted(ref, &t, &after), 1);
  make_tables(m);
}

static void registers(svasim_reference* ref) {
  uint64_t value = 0;
  svasim_outcome o;
  CHECK(svasim_reference_read(ref, 0x24, &value, 4), SVASIM_REFERENCE_OK);
  CHECK(value, 0x3); /* CR0ACK */
  CHECK(svasim_reference_read(ref, 0x80, &value, 8), SVASIM_REFERENCE_OK);
  CHECK(value, BASE);
  CHECK(svasim_reference_read(ref, 0x14, &value, 4), SVASIM_REFERENCE_OK);
  CHECK(value & 7, 5); /* IDR5.OAS: 48 bits */
  CHECK(svasim_reference_write(ref, 0x2C, 0x2, 4), SVASIM_REFERENCE_OK);
  CHECK(svasim_reference_read(ref, 0x2C, &value, 4), SVASIM_REFERENCE_OK);
  CHECK(value, 0); /* CR2 cannot change while SMMUEN = 1 */
  CHECK(svasim_reference_write(ref, 0x20, 0, 4), SVASIM_REFERENCE_OK);
  CHECK(svasim_reference_write(ref, 0x2C, 0x2, 4), SVASIM_REFERENCE_OK);
  o = translate(ref, 1, VA, 0, 0); /* SMMUEN = 0: GBPA, which bypasses after reset */
  CHECK(o.kind, SVASIM_BYPASS);
  CHECK(o.address, VA);
  CHECK(svasim_reference_write(ref, 0x44, UINT64_C(0x80101000), 4), SVASIM_REFERENCE_OK); /* UPDATE, ABORT */
  CHECK(svasim_reference_read(ref, 0x44, &value, 4), SVASIM_REFERENCE_OK);
  CHECK(value, 0x101000);
  o = translate(ref, 1, VA, 0, 0);
  CHECK(o.status, SVASIM_ABORTED);
  CHECK(o.event.due, 0);
  CHECK(svasim_reference_write(ref, 0x20, 0x1, 4), SVASIM_REFERENCE_OK);
  o = translate(ref, 8, 0, 0, 0); /* now with RECINVSID */
  CHECK(o.event.words[0], UINT64_C(0x800000002));
}

static void bad_arguments(svasim_reference* ref) {
  svasim_reference_config config;
  svasim_transaction t;
  svasim_outcome o;
  uint64_t value;
  svasim_reference_default_config(&config);
  CHECK(svasim_reference_create(NULL) == NULL, 1);
  CHECK(svasim_reference_create(&config) == NULL, 1); /* no read callback */
  svasim_reference_destroy(NULL);
  memset(&t, 0, sizeof t);
  CHECK(svasim_reference_translate(NULL, &t, &o), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_translate(ref, NULL, &o), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_translate(ref, &t, NULL), SVASIM_REFERENCE_BAD_ARGUMENT);
  t.address_type = 1; /* a translation request has its own function */
  CHECK(svasim_reference_translate(ref, &t, &o), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_translation_request(ref, NULL, NULL), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_page_request(ref, NULL, 0, NULL), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_command(ref, NULL), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_remember(ref, NULL), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_permitted(ref, &t, NULL), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_read(ref, 0x80, &value, 2), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_read(ref, 0x84, &value, 8), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_read(ref, 0x20000, &value, 4), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_read(ref, 0x80, NULL, 4), SVASIM_REFERENCE_BAD_ARGUMENT);
  CHECK(svasim_reference_write(NULL, 0x80, 0, 4), SVASIM_REFERENCE_BAD_ARGUMENT);
}

int main(void) {
  static memory m;
  svasim_reference* ref;
  make_tables(&m);
  ref = make_reference(&m);
  translations(ref);
  faults(ref);
  fault_models(&m, ref);
  ats(ref);
  page_requests(ref);
  commands(ref);
  caches(&m, ref);
  bad_arguments(ref);
  registers(ref);
  svasim_reference_destroy(ref);
  printf(failures == 0 ? "all as worked out by hand\n" : "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
