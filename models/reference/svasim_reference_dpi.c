/* The imports of svasim_reference_pkg.sv: flat arguments for DPI-C, turned into the structures of
 * svasim_reference.h. Bit vectors are arrays of 32-bit words, lowest first. C99. */
#include <stdlib.h>
#include <string.h>
#include <svdpi.h>

#include "models/reference/svasim_reference.h"

/* Exported by the package. */
int svasim_dpi_read(int memory, uint64_t address, uint64_t* word);
int svasim_dpi_swap(int memory, uint64_t address, uint64_t expected, uint64_t desired, uint64_t* found);

/* The chandle. */
typedef struct {
  svasim_reference* reference;
  svScope scope; /* the package's, where the exported functions are */
  int memory;
} instance;

static svasim_reference* reference_of(void* handle) { return handle ? ((instance*)handle)->reference : NULL; }

static uint8_t flag(uint8_t flags, int bit) { return (uint8_t)(flags >> bit & 1); }

/* Memory order whatever the host's. */
static void store_le(uint8_t* bytes, uint64_t word) {
  int i;
  for (i = 0; i < 8; ++i) bytes[i] = (uint8_t)(word >> (8 * i));
}

static void store_vector(uint32_t* vector, const uint64_t* words, int count) {
  int i;
  for (i = 0; i < count; ++i) {
    vector[2 * i] = (uint32_t)words[i];
    vector[2 * i + 1] = (uint32_t)(words[i] >> 32);
  }
}

static int read_memory(void* user, uint64_t address, void* data, uint32_t bytes) {
  uint32_t i;
  svSetScope(((instance*)user)->scope);
  for (i = 0; i < bytes; i += 8) {
    uint64_t word = 0;
    if (!svasim_dpi_read(((instance*)user)->memory, address + i, &word)) return 0;
    store_le((uint8_t*)data + i, word);
  }
  return 1;
}

static int swap_memory(void* user, uint64_t address, uint64_t expected, uint64_t desired,
                       uint64_t* observed) {
  svSetScope(((instance*)user)->scope);
  return svasim_dpi_swap(((instance*)user)->memory, address, expected, desired, observed);
}

/* svasim_id_registers is packed: idr0 on top. */
void svasim_dpi_default_id(uint32_t* id) {
  svasim_reference_config config;
  svasim_reference_default_config(&config);
  id[3] = config.idr0;
  id[2] = config.idr1;
  id[1] = config.idr3;
  id[0] = config.idr5;
}

void* svasim_dpi_create(int memory, const uint32_t* id) {
  svasim_reference_config config;
  instance* made = malloc(sizeof *made);
  if (made == NULL) return NULL;
  config.idr0 = id[3];
  config.idr1 = id[2];
  config.idr3 = id[1];
  config.idr5 = id[0];
  config.read = read_memory;
  config.swap = swap_memory;
  config.user = made;
  made->memory = memory;
  made->scope = svGetScope();
  made->reference = svasim_reference_create(&config);
  return made;
}

void svasim_dpi_destroy(void* handle) {
  svasim_reference_destroy(reference_of(handle));
  free(handle);
}

int svasim_dpi_write(void* handle, uint32_t offset, uint64_t value, uint32_t bytes) {
  return svasim_reference_write(reference_of(handle), offset, value, bytes);
}

int svasim_dpi_register(void* handle, uint32_t offset, uint64_t* value, uint32_t bytes) {
  *value = 0;
  return svasim_reference_read(reference_of(handle), offset, value, bytes);
}

int svasim_dpi_translate(void* handle, uint32_t stream, uint32_t substream, uint8_t flags, uint64_t address,
                         uint8_t* status, uint8_t* kind, uint64_t* result, uint64_t* ipa, uint8_t* log2_size,
                         uint8_t* permissions, uint8_t* memory_type, uint8_t* shareability,
                         uint8_t* event_due, uint32_t* event_words) {
  svasim_transaction t;
  svasim_outcome o;
  int error;
  memset(&o, 0, sizeof o);
  t.stream = stream;
  t.substream = substream;
  t.substream_valid = flag(flags, 0);
  t.write = flag(flags, 1);
  t.privileged = flag(flags, 2);
  t.instruction = flag(flags, 3);
  t.address_type = flag(flags, 4) ? SVASIM_TRANSLATED : SVASIM_UNTRANSLATED;
  t.may_stall = flag(flags, 5);
  t.address = address;
  error = svasim_reference_translate(reference_of(handle), &t, &o);
  *status = o.status;
  *kind = o.kind;
  *result = o.address;
  *ipa = o.ipa;
  *log2_size = o.log2_size;
  *permissions = o.permissions;
  *memory_type = o.memory_type;
  *shareability = o.shareability;
  *event_due = o.event.due;
  store_vector(event_words, o.event.words, 4);
  return error;
}

int svasim_dpi_translation_request(void* handle, uint32_t stream, uint32_t substream, uint8_t flags,
                                   uint64_t address, uint8_t* status, uint64_t* entry, uint8_t* event_due,
                                   uint32_t* event_words) {
  svasim_ats_request r;
  svasim_ats_completion c;
  int error;
  memset(&r, 0, sizeof r);
  memset(&c, 0, sizeof c);
  r.stream = stream;
  r.substream = substream;
  r.substream_valid = flag(flags, 0);
  r.no_write = flag(flags, 1);
  r.execute = flag(flags, 2);
  r.privileged = flag(flags, 3);
  r.address = address;
  error = svasim_reference_translation_request(reference_of(handle), &r, &c);
  *status = c.status;
  *entry = c.entry;
  *event_due = c.event.due;
  store_vector(event_words, c.event.words, 4);
  return error;
}

int svasim_dpi_page_request(void* handle, uint32_t stream, uint32_t substream, uint8_t flags,
                            uint16_t prg_index, uint64_t address, int priq_state, uint8_t* action,
                            uint32_t* queued, uint8_t* response, uint8_t* with_substream) {
  svasim_page_request r;
  svasim_page_request_outcome o;
  int error;
  memset(&o, 0, sizeof o);
  r.stream = stream;
  r.substream = substream;
  r.substream_valid = flag(flags, 0);
  r.privileged = flag(flags, 1);
  r.execute = flag(flags, 2);
  r.read = flag(flags, 3);
  r.write = flag(flags, 4);
  r.last = flag(flags, 5);
  r.prg_index = prg_index;
  r.address = address;
  error = svasim_reference_page_request(reference_of(handle), &r, priq_state, &o);
  *action = o.action;
  store_vector(queued, o.record, 2);
  *response = o.response;
  *with_substream = o.substream_valid;
  return error;
}

int svasim_dpi_command(void* handle, uint64_t word0, uint64_t word1) {
  const uint64_t words[2] = {word0, word1};
  return svasim_reference_command(reference_of(handle), words);
}
