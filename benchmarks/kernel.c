/* The review of clients once more in C: same arrays, same keyed draws, same choices.
 * Built by native.py with -Ofast -march=native; a yardstick, not a part of the package. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define MOST 512
#define API 0
#define HOST 1
#define RENT 2
#define NONE 3
#define STEP 0x9E3779B97F4A7C15ULL

typedef struct {
  /* clients and workloads */
  const uint32_t *client_id; const int32_t *cell; const int16_t *home;
  const uint8_t *own_machines, *key_account; const float *weight, *alpha, *skill, *taste;
  const int64_t *first; const int16_t *kind; const uint64_t *work_key;
  const float *log_base, *log_need, *adopts_at;
  int16_t *current, *second; float *log_volume;
  /* offers */
  const int64_t *platform; const uint32_t *offer_keys, *vendor_keys, *nest_keys;
  /* terms */
  const uint8_t *open; const double *base, *price, *home_bonus, *switching, *log_context;
  const double *cut_up, *host_cost, *none_base, *none_slope; const uint8_t *hours_kind;
  const double *rho, *adopted, *welfare, *log_growth;
  /* draws of 32 bits below these are due, or aware */
  const uint64_t *due_below, *aware_below;
  /* sums */
  int64_t *reviewed, *flow;
} Arrays;

typedef struct {
  int64_t n_kinds, n_cells, n_offers, n_vendors, n_api, rent_start, none;
  uint64_t choice, nest, review, awareness;
  double operations, shift, box_cox, mean_term;
} Numbers;

static inline uint64_t mix64(uint64_t x) {
  x += STEP;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}
static inline uint32_t mixed32(uint32_t x, uint32_t high) {
  x ^= x >> 16; x *= 0x7FEB352Du; x ^= (x >> 15) ^ high; x *= 0x846CA68Bu;
  return x ^ (x >> 16);
}
static inline uint32_t bits32(uint64_t event, uint32_t key) {
  return mixed32((uint32_t)event ^ key, (uint32_t)(event >> 32));
}
static inline float ln32(float x) {
  int32_t bits; memcpy(&bits, &x, 4);
  int32_t e = (bits - 0x3F3504F3) >> 23;
  bits -= (int32_t)((uint32_t)e << 23);
  float m; memcpy(&m, &bits, 4);
  float f = m - 1.0f, z = f * f, y = 7.0376836292e-2f, ef = (float)e;
  y = y * f - 1.1514610310e-1f; y = y * f + 1.1676998740e-1f; y = y * f - 1.2420140846e-1f;
  y = y * f + 1.4249322787e-1f; y = y * f - 1.6668057665e-1f; y = y * f + 2.0000714765e-1f;
  y = y * f - 2.4999993993e-1f; y = y * f + 3.3333331174e-1f;
  y = y * f * z + ef * -2.12194440e-4f - 0.5f * z;
  return f + y + ef * 0.693359375f;
}
static inline float exponential(uint32_t bits) {
  float u = ((float)(int32_t)(bits >> 8) + 0.5f) * (1.0f / 16777216.0f);
  return -ln32(fminf(u, 1.0f - 1.0f / 16777216.0f));
}
static inline float sine(float u) {
  float x = 3.14159265358979f * u, z = x * x, s = -1.0f / 39916800.0f;
  s = s * z + 1.0f / 362880.0f; s = s * z - 1.0f / 5040.0f; s = s * z + 1.0f / 120.0f;
  s = s * z - 1.0f / 6.0f;
  return x + x * z * s;
}
static inline float shock_of(uint32_t angle, uint32_t size, float s) {
  uint32_t near = angle < ~angle ? angle : ~angle;
  float far = near != angle ? 1.0f : 0.0f, rho = 1.0f - s;
  float u = ((float)(int32_t)near + 0.5f) * (1.0f / 4294967296.0f);
  float one = s * u + far * rho, other = rho * u + far * s;
  float along = ln32(sine(fminf(one, 1.0f - one)));
  float across = ln32(sine(fminf(other, 1.0f - other)));
  return s * along - ln32(sine(u)) + rho * (across - ln32(exponential(size)));
}
static inline double price_term(double p, double shift, double box_cox) {
  if (box_cox == 1.0) return p + shift;
  if (box_cox == 0.0) return log(p + shift);
  return (pow(p + shift, box_cox) - 1.0) / box_cox;
}
static void choose(const Arrays *a, const Numbers *m, int64_t i, int64_t w, int64_t month) {
  int32_t found[MOST]; double value[MOST]; uint32_t key[MOST]; float noise[MOST];
  uint8_t seen[256];
  const int64_t cell = a->cell[i], k = a->kind[w], home = a->home[i], j0 = a->current[w];
  const int64_t nv = m->n_vendors, jn = m->n_offers;
  const double alpha = a->alpha[i], need = a->log_need[w], cut = a->cut_up[k];
  const float *taste = a->taste + i * nv;
  const uint64_t who = mix64((uint64_t)a->client_id[i] ^ a->work_key[w]);
  const uint64_t heard = mix64(m->awareness ^ mix64((uint64_t)a->client_id[i]));
  for (int64_t v = 0; v < nv; v++)
    seen[v] = (bits32(heard, a->vendor_keys[v]) < a->aware_below[cell * nv + v]) | (v == home);
  const uint8_t *open = a->open + cell * jn;
  const double *base = a->base + (cell * m->n_kinds + k) * jn;
  const double *bonus = a->home_bonus + (home + 1) * jn, *moving = a->switching + (j0 + 1) * jn;
  const int hours = a->hours_kind[k];
  int n = 0, middle;
  if (hours) {
    for (int64_t v = 0; v < nv; v++) {
      int64_t j = m->rent_start + v;
      if (!open[j] || !(seen[v] || j == j0)) continue;
      found[n] = (int32_t)j; key[n] = a->offer_keys[j];
      value[n++] = base[j] + taste[v] - alpha * a->price[j] - moving[j] + bonus[j];
    }
    middle = n;
  } else {
    for (int64_t j = 0; j < m->n_api; j++) {
      const int64_t v = a->platform[j];
      double u = base[j] - alpha * a->price[j];
      u -= cut * fmax(0.0, need - a->log_context[j]);
      found[n] = (int32_t)j; key[n] = a->offer_keys[j];
      value[n] = u - moving[j] + bonus[j] + taste[v];
      n += open[j] & (seen[v] | (j == j0));
    }
    middle = n;
    if (m->rent_start > m->n_api) {
      double lv = a->log_volume[w];
      if (lv <= -5e29) lv = a->log_base[w] + a->log_growth[k];
      const double fixed = m->operations * exp(-lv), skill = a->skill[i];
      for (int64_t start = m->n_api; start < m->rent_start; start += nv + 1)
        for (int where = 0; where < 2; where++) {
          int64_t v = where ? nv : home, j = start + v;
          if (v < 0 || (where && !a->own_machines[i]) || !open[j]) continue;
          double term = price_term(a->host_cost[j] / skill + fixed, m->shift, m->box_cox);
          double u = base[j] - alpha * (term - m->mean_term);
          u -= cut * fmax(0.0, need - a->log_context[j]) + moving[j];
          if (!where) u += taste[v] + bonus[j];
          found[n] = (int32_t)j; key[n] = a->offer_keys[j]; value[n++] = u;
        }
    }
  }
  found[n] = (int32_t)m->none; key[n] = a->offer_keys[m->none];
  value[n] = a->none_base[cell * m->n_kinds + k] - a->none_slope[k] * alpha;
  const uint64_t event = mix64(m->choice ^ who ^ ((uint64_t)month * STEP));
  const uint64_t nests = mix64(m->nest ^ who ^ ((uint64_t)month * STEP));
  const uint32_t low = (uint32_t)event, high = (uint32_t)(event >> 32);
  for (int x = n + 1; x & 7; x++) key[x] = 0;
  for (int x = 0; x < ((n + 8) & ~7); x++) noise[x] = -ln32(exponential(mixed32(low ^ key[x], high)));
  const int channel[2] = {hours ? RENT : API, HOST};
  double scale[2]; float part[2], shock[2]; uint32_t angle[2], size[2];
  for (int c = 0; c < 2; c++) {
    uint32_t name = a->nest_keys[channel[c]];
    scale[c] = 1.0 - a->rho[channel[c]]; part[c] = (float)scale[c];
    angle[c] = bits32(nests, name); size[c] = bits32(nests, name ^ 0x5BD1E995u);
  }
  for (int c = 0; c < 1 + (n > middle); c++) shock[c] = shock_of(angle[c], size[c], part[c]);
  for (int x = 0; x < middle; x++) value[x] += scale[0] * noise[x] + shock[0];
  for (int x = middle; x < n; x++) value[x] += scale[1] * noise[x] + shock[1];
  int64_t best = m->none, second = m->none;
  double top = value[n] + noise[n], after = -1e300;
  for (int x = 0; x < n; x++) {
    if (value[x] > top) {
      if (a->platform[found[x]] != a->platform[best]) { second = best; after = top; }
      best = found[x]; top = value[x];
    } else if (value[x] > after && a->platform[found[x]] != a->platform[best]) {
      second = found[x]; after = value[x];
    }
  }
  a->current[w] = (int16_t)best; a->second[w] = (int16_t)second;
  if (best == m->none) a->log_volume[w] = -1e30f;
  const int64_t whole = (int64_t)((double)a->weight[i] * 1048576.0 + 0.5);
  a->reviewed[0] += whole;
  if (!hours) {
    double gain = (top + a->welfare[cell * m->n_kinds + k]) / alpha - m->mean_term;
    a->reviewed[2] += whole;
    a->reviewed[3] += (int64_t)((double)a->weight[i] * gain * 1048576.0);
  }
  if (j0 >= 0 && a->platform[j0] != a->platform[best]) {
    a->reviewed[1] += whole;
    a->flow[a->platform[j0] * (nv + 2) + a->platform[best]] += whole;
  }
}

void review(const Arrays *a, const Numbers *m, int64_t begin, int64_t end, int64_t month) {
  for (int64_t i = begin; i < end; i++) {
    const uint64_t *below = a->due_below +
        ((a->key_account[i] ? m->n_cells : 0) + a->cell[i]) * (m->n_offers + 1);
    for (int64_t w = a->first[i]; w < a->first[i + 1]; w++) {
      if (a->adopts_at[w] > a->adopted[a->kind[w]]) continue;
      const uint64_t who = mix64((uint64_t)a->client_id[i] ^ a->work_key[w]);
      const uint64_t event = mix64(m->review ^ who ^ ((uint64_t)month * STEP));
      if (bits32(event, 1) < below[a->current[w] + 1]) choose(a, m, i, w, month);
    }
  }
}
