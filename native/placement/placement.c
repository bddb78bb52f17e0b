/*
 * Options of llama.cpp that node-llama-cpp does not pass on: experts in system memory, the split over several cards, the KV cache in
 * system memory, and threads that stay from one token to the next.
 *
 * The functions below answer node-llama-cpp's calls of these functions of llama.cpp, and call the real ones. Three of them make a model or
 * a context, and change the parameters; without a placement they pass the parameters on as they are. One mends the dry run of several
 * cards, and two keep threads. On Linux Node opens this addon with RTLD_GLOBAL before node-llama-cpp's own, and the dynamic linker then
 * finds these functions first. Windows finds a function by the name of its library, so there the addresses in that addon's import table
 * are replaced.
 *
 * The parameters are passed by value, so this must be compiled with the headers of the very release that it runs with. The text in
 * `mark` says which release that is; Headroom reads it from the file and does not open an addon of another release.
 */
#define _GNU_SOURCE
#ifdef _WIN32
#define PSAPI_VERSION 2
#include <windows.h>
#include <psapi.h>
#else
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#endif
#include <node_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "llama.h"

#ifndef LLAMA_RELEASE
#error "LLAMA_RELEASE is the release of the llama.cpp headers"
#endif
#ifndef SOURCE_HASH
#error "SOURCE_HASH is the SHA-256 of this file"
#endif

#ifdef _WIN32
#define SEEN_FROM_NODE __declspec(dllexport)
#define SEEN_FROM_OUTSIDE
#else
#define SEEN_FROM_NODE __attribute__((visibility("default")))
#define SEEN_FROM_OUTSIDE SEEN_FROM_NODE
#endif

/* Kept in the file, so that it can be read without opening the addon. */
__attribute__((used)) static const char mark[] = "headroom-placement llama.cpp=" LLAMA_RELEASE " source=" SOURCE_HASH;

#define MAX_DEVICES 16 /* llama_max_devices() */
#define MAX_BUFFERS 64
#define NAME_BYTES 128
#define PATTERN_BYTES 8192

/* ---- What JavaScript asks for, and what the last call said. Loads run on other threads, so both are copied under one lock. ---- */

struct placement {
    bool is_set;
    bool kv_in_ram;
    char ram_pattern[PATTERN_BYTES]; /* empty: no tensor is moved */
    int devices;
    char device_names[MAX_DEVICES][NAME_BYTES];
    int shares;
    float tensor_split[MAX_DEVICES];
    int main_gpu;   /* -1: unchanged */
    int split_mode; /* -1: unchanged */
};

struct buffer_row {
    char buffer[NAME_BYTES];
    char device[NAME_BYTES];
    bool is_ram;
    size_t model, context, compute;
};

struct report {
    enum { OF_NOTHING, OF_MODEL, OF_CONTEXT } kind;
    int rows;
    struct buffer_row row[MAX_BUFFERS];
    char problem[256];
};

#ifdef _WIN32
static SRWLOCK lock = SRWLOCK_INIT;
static void take_lock(void) { AcquireSRWLockExclusive(&lock); }
static void give_lock(void) { ReleaseSRWLockExclusive(&lock); }
#else
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void take_lock(void) { pthread_mutex_lock(&lock); }
static void give_lock(void) { pthread_mutex_unlock(&lock); }
#endif

static struct placement asked = {.main_gpu = -1, .split_mode = -1};
static struct report last;

static struct placement current_placement(void) {
    take_lock();
    struct placement copy = asked;
    give_lock();
    return copy;
}

static void keep_report(const struct report *report) {
    take_lock();
    last = *report;
    give_lock();
}

static void copy_name(char *to, const char *from) { snprintf(to, NAME_BYTES, "%s", from ? from : ""); }

/* ---- The real functions: those that the caller is linked with, even if the process holds several builds of llama.cpp. ---- */

#define LLAMA_ADDON "llama-addon.node"

#ifdef _WIN32
/* The library or program that holds an address. */
static void *object_of(void *address) {
    HMODULE module = NULL;
    const DWORD how = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    return GetModuleHandleExA(how, (LPCSTR)address, &module) ? (void *)module : NULL;
}

static const IMAGE_IMPORT_DESCRIPTOR *imports_of(void *object) {
    const char *base = object;
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(base + ((const IMAGE_DOS_HEADER *)base)->e_lfanew);
    const IMAGE_DATA_DIRECTORY *table = &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    return table->Size > 0 ? (const IMAGE_IMPORT_DESCRIPTOR *)(base + table->VirtualAddress) : NULL;
}

static void **addresses_of(void *object, const IMAGE_IMPORT_DESCRIPTOR *library) {
    return (void **)((char *)object + library->FirstThunk);
}

/*
 * A function of one of the libraries that `object` imports. They are found by the addresses in its import table: another build of
 * llama.cpp may have libraries of the same names. Addresses of ours are those that were replaced.
 */
static void *function_of(void *object, const char *name) {
    void *ours = object_of((void *)function_of);
    const IMAGE_IMPORT_DESCRIPTOR *library = object ? imports_of(object) : NULL;
    for (; library && library->Name; library++) {
        void *holder = ours;
        for (void **address = addresses_of(object, library); *address && (!holder || holder == ours); address++) holder = object_of(*address);
        void *found = holder && holder != ours ? (void *)GetProcAddress((HMODULE)holder, name) : NULL;
        if (found) return found;
    }
    return NULL;
}

/* The addon of node-llama-cpp that was opened last: its dependencies are the llama.cpp in use. */
static void *llama_addon(void) {
    HMODULE modules[1024];
    DWORD bytes = 0;
    void *found = NULL;
    if (!EnumProcessModules(GetCurrentProcess(), modules, sizeof modules, &bytes)) return NULL;
    for (size_t i = 0; i < bytes / sizeof modules[0] && i < sizeof modules / sizeof modules[0]; i++) {
        char name[MAX_PATH];
        if (GetModuleBaseNameA(GetCurrentProcess(), modules[i], name, sizeof name) && _stricmp(name, LLAMA_ADDON) == 0) found = modules[i];
    }
    return found;
}
#else
static void *object_of(void *address) {
    Dl_info info;
    if (!dladdr(address, &info) || !info.dli_fname) return NULL;
    void *object = dlopen(info.dli_fname, RTLD_NOLOAD | RTLD_LAZY);
    /* The caller keeps it open. Without this, each call would count as one more that needs it. */
    if (object) dlclose(object);
    return object;
}

static void *function_of(void *object, const char *name) { return object ? dlsym(object, name) : NULL; }

static int remember_llama(struct dl_phdr_info *info, size_t size, void *path) {
    (void)size;
    if (info->dlpi_name && strstr(info->dlpi_name, LLAMA_ADDON)) snprintf((char *)path, 4096, "%s", info->dlpi_name);
    return 0;
}

/* The addon of node-llama-cpp that was opened last: its dependencies are the llama.cpp in use. */
static void *llama_addon(void) {
    char path[4096] = "";
    dl_iterate_phdr(remember_llama, path);
    return path[0] ? dlopen(path, RTLD_NOLOAD | RTLD_LAZY) : NULL;
}
#endif

static void *next_function(void *object, const char *name, void *own) {
    void *found = function_of(object, name);
    return found == own ? NULL : found;
}

/* ---- Bytes per device ----
 * llama.cpp returns them as a std::map, by value.
 */
#ifdef _WIN32
/*
 * Microsoft's library has kept this layout since 2015 for all programs built to release: a pointer to the tree's head and the number of
 * nodes. The head's parent is the root, and it stands where a node has no child. A method gets its object before the place for its result.
 */
struct tree_node {
    struct tree_node *left, *parent, *right;
    char color, is_head;
};
struct cpp_map {
    struct tree_node *head;
    size_t nodes;
};
#define MODEL_BREAKDOWN                                                                                                                     \
    "?memory_breakdown@llama_model@@QEBA?AV?$map@PEAUggml_backend_buffer_type@@_KU?$less@PEAUggml_backend_buffer_type@@@std@@"              \
    "V?$allocator@U?$pair@QEAUggml_backend_buffer_type@@_K@std@@@3@@std@@XZ"
#define CONTEXT_BREAKDOWN                                                                                                                   \
    "?llama_get_memory_breakdown@@YA?AV?$map@PEAUggml_backend_buffer_type@@Ullama_memory_breakdown_data@@"                                  \
    "U?$less@PEAUggml_backend_buffer_type@@@std@@V?$allocator@U?$pair@QEAUggml_backend_buffer_type@@Ullama_memory_breakdown_data@@@std@@@4@" \
    "@std@@PEBUllama_context@@@Z"
typedef void (*model_breakdown)(const struct llama_model *, struct cpp_map *);
typedef void (*context_breakdown)(struct cpp_map *, const struct llama_context *);

static struct tree_node *root_of(const struct cpp_map *map) { return map->head->parent; }
static bool is_node(const struct tree_node *node) { return !node->is_head; }
#else
/*
 * Its layout in libstdc++ has not changed since 2004: a comparison object, the head of a red-black tree, and the number of nodes. A C++
 * class and a C struct of this size are returned the same way, by a hidden pointer, on x86-64 and on AArch64.
 */
struct tree_node {
    int color;
    struct tree_node *parent, *left, *right;
};
struct cpp_map {
    char compare[8];
    struct tree_node head;
    size_t nodes;
};
#define MODEL_BREAKDOWN "_ZNK11llama_model16memory_breakdownEv"
#define CONTEXT_BREAKDOWN "_Z26llama_get_memory_breakdownPK13llama_context"
typedef struct cpp_map (*model_breakdown)(const struct llama_model *);
typedef struct cpp_map (*context_breakdown)(const struct llama_context *);

static struct tree_node *root_of(const struct cpp_map *map) { return map->head.parent; }
static bool is_node(const struct tree_node *node) { return node != NULL; }
#endif

struct model_node {
    struct tree_node node;
    ggml_backend_buffer_type_t type;
    size_t model;
};
struct context_node {
    struct tree_node node;
    ggml_backend_buffer_type_t type;
    size_t model, context, compute;
};

struct ggml_names {
    const char *(*buft_name)(ggml_backend_buffer_type_t);
    bool (*buft_is_host)(ggml_backend_buffer_type_t);
    ggml_backend_dev_t (*buft_device)(ggml_backend_buffer_type_t);
    const char *(*dev_name)(ggml_backend_dev_t);
    enum ggml_backend_dev_type (*dev_type)(ggml_backend_dev_t);
    void (*release)(void *); /* operator delete */
};

static bool find_names(void *object, struct ggml_names *names) {
    names->buft_name = (const char *(*)(ggml_backend_buffer_type_t))function_of(object, "ggml_backend_buft_name");
    names->buft_is_host = (bool (*)(ggml_backend_buffer_type_t))function_of(object, "ggml_backend_buft_is_host");
    names->buft_device = (ggml_backend_dev_t (*)(ggml_backend_buffer_type_t))function_of(object, "ggml_backend_buft_get_device");
    names->dev_name = (const char *(*)(ggml_backend_dev_t))function_of(object, "ggml_backend_dev_name");
    names->dev_type = (enum ggml_backend_dev_type (*)(ggml_backend_dev_t))function_of(object, "ggml_backend_dev_type");
#ifdef _WIN32
    /* Only Microsoft's compiler gives functions the names that are looked for below, and its `delete` is the `free` of this library. */
    HMODULE runtime = GetModuleHandleA("ucrtbase.dll");
    names->release = runtime ? (void (*)(void *))(void *)GetProcAddress(runtime, "free") : NULL;
    bool is_known_library = GetModuleHandleA("msvcp140.dll") != NULL;
#else
    names->release = (void (*)(void *))function_of(object, "_ZdlPv");
    /* Another C++ library than libstdc++ lays out its maps differently. */
    bool is_known_library = function_of(object, "_ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base") != NULL;
#endif
    return is_known_library && names->buft_name && names->buft_is_host && names->buft_device && names->dev_name && names->dev_type &&
           names->release;
}

static bool is_gpu(enum ggml_backend_dev_type type) {
    return type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU;
}

static void add_row(struct report *report, const struct ggml_names *names, const struct tree_node *node, bool whole) {
    if (report->rows == MAX_BUFFERS) return;
    struct buffer_row *row = &report->row[report->rows++];
    ggml_backend_buffer_type_t type = ((const struct model_node *)node)->type;
    ggml_backend_dev_t device = names->buft_device(type);
    copy_name(row->buffer, names->buft_name(type));
    copy_name(row->device, device ? names->dev_name(device) : "");
    /* As node-llama-cpp counts: memory that a GPU merely reads is system memory. */
    row->is_ram = names->buft_is_host(type) || !device || !is_gpu(names->dev_type(device));
    row->model = ((const struct model_node *)node)->model;
    row->context = whole ? ((const struct context_node *)node)->context : 0;
    row->compute = whole ? ((const struct context_node *)node)->compute : 0;
}

static void take_rows(struct report *report, const struct ggml_names *names, struct tree_node *node, bool whole) {
    if (!is_node(node)) return;
    take_rows(report, names, node->left, whole);
    add_row(report, names, node, whole);
    take_rows(report, names, node->right, whole);
    names->release(node);
}

static void take_map(struct report *report, const struct ggml_names *names, struct cpp_map *map, bool whole) {
    take_rows(report, names, root_of(map), whole);
#ifdef _WIN32
    names->release(map->head);
#endif
}

static void report_model(void *object, const struct llama_model *model) {
    struct report report = {.kind = OF_NOTHING};
    struct ggml_names names;
    model_breakdown breakdown = (model_breakdown)function_of(object, MODEL_BREAKDOWN);
    if (model && breakdown && find_names(object, &names)) {
#ifdef _WIN32
        struct cpp_map map;
        breakdown(model, &map);
#else
        struct cpp_map map = breakdown(model);
#endif
        report.kind = OF_MODEL;
        take_map(&report, &names, &map, false);
    }
    keep_report(&report);
}

static void report_context(void *object, const struct llama_context *context) {
    struct report report = {.kind = OF_NOTHING};
    struct ggml_names names;
    context_breakdown breakdown = (context_breakdown)function_of(object, CONTEXT_BREAKDOWN);
    if (context && breakdown && find_names(object, &names)) {
#ifdef _WIN32
        struct cpp_map map;
        breakdown(&map, context);
#else
        struct cpp_map map = breakdown(context);
#endif
        report.kind = OF_CONTEXT;
        take_map(&report, &names, &map, true);
    }
    keep_report(&report);
}

static void report_problem(const char *what, const char *name) {
    struct report report = {.kind = OF_NOTHING};
    snprintf(report.problem, sizeof report.problem, "%s%s", what, name);
    keep_report(&report);
}

/* ---- Applying a placement. llama.cpp copies the split and reads the rest only during the call, so all of it may be on the stack. ---- */

struct model_options {
    struct llama_model_tensor_buft_override overrides[2];
    ggml_backend_dev_t devices[MAX_DEVICES + 1];
};

static bool place_model(void *object, struct placement *placement, struct model_options *options, struct llama_model_params *params) {
    if (placement->ram_pattern[0]) {
        ggml_backend_buffer_type_t (*ram)(void) = (ggml_backend_buffer_type_t(*)(void))function_of(object, "ggml_backend_cpu_buffer_type");
        if (!ram) {
            report_problem("llama.cpp has no function ", "ggml_backend_cpu_buffer_type");
            return false;
        }
        options->overrides[0].pattern = placement->ram_pattern;
        options->overrides[0].buft = ram();
        options->overrides[1].pattern = NULL;
        options->overrides[1].buft = NULL;
        params->tensor_buft_overrides = options->overrides;
    }
    if (placement->devices > 0) {
        ggml_backend_dev_t (*by_name)(const char *) = (ggml_backend_dev_t(*)(const char *))function_of(object, "ggml_backend_dev_by_name");
        for (int i = 0; i < placement->devices; i++) {
            options->devices[i] = by_name ? by_name(placement->device_names[i]) : NULL;
            if (!options->devices[i]) {
                report_problem("llama.cpp knows no device named ", placement->device_names[i]);
                return false;
            }
        }
        options->devices[placement->devices] = NULL;
        params->devices = options->devices;
    }
    if (placement->shares > 0) params->tensor_split = placement->tensor_split;
    if (placement->main_gpu >= 0) params->main_gpu = placement->main_gpu;
    if (placement->split_mode >= 0) params->split_mode = (enum llama_split_mode)placement->split_mode;
    return true;
}

SEEN_FROM_OUTSIDE struct llama_model *llama_model_load_from_file(const char *path, struct llama_model_params params) {
    void *object = object_of(__builtin_return_address(0));
    struct llama_model *(*next)(const char *, struct llama_model_params) =
        (struct llama_model * (*)(const char *, struct llama_model_params))
            next_function(object, "llama_model_load_from_file", (void *)llama_model_load_from_file);
    struct placement placement = current_placement();
    struct model_options options;
    if (!next || (placement.is_set && !place_model(object, &placement, &options, &params))) return NULL;
    struct llama_model *model = next(path, params);
    report_model(object, model);
    return model;
}

/* The dry run: a model without its tensors' data. */
SEEN_FROM_OUTSIDE struct llama_model *llama_model_init_from_user(struct gguf_context *metadata, llama_model_set_tensor_data_t set,
                                                                 void *set_data, struct llama_model_params params) {
    void *object = object_of(__builtin_return_address(0));
    struct llama_model *(*next)(struct gguf_context *, llama_model_set_tensor_data_t, void *, struct llama_model_params) =
        (struct llama_model * (*)(struct gguf_context *, llama_model_set_tensor_data_t, void *, struct llama_model_params))
            next_function(object, "llama_model_init_from_user", (void *)llama_model_init_from_user);
    struct placement placement = current_placement();
    struct model_options options;
    if (!next || (placement.is_set && !place_model(object, &placement, &options, &params))) return NULL;
    struct llama_model *model = next(metadata, set, set_data, params);
    report_model(object, model);
    return model;
}

SEEN_FROM_OUTSIDE struct llama_context *llama_init_from_model(struct llama_model *model, struct llama_context_params params) {
    void *object = object_of(__builtin_return_address(0));
    struct llama_context *(*next)(struct llama_model *, struct llama_context_params) =
        (struct llama_context * (*)(struct llama_model *, struct llama_context_params))
            next_function(object, "llama_init_from_model", (void *)llama_init_from_model);
    struct placement placement = current_placement();
    if (!next) return NULL;
    if (placement.is_set && placement.kv_in_ram) params.offload_kqv = false;
    struct llama_context *context = next(model, params);
    report_context(object, context);
    return context;
}

/* ---- A dry run that shares the work over several cards as the load does ----
 * With every layer on cards, llama.cpp assigns each layer's first step to the card of that layer while it builds the graph. The load keeps
 * that. The dry run's ggml_backend_sched_reserve_size resets the scheduler first and so forgets it: the step counts for the card before,
 * and one more result is copied to the next card, whose buffer was then up to 6 MiB too large or 2 MiB too small. That reset is of no use,
 * because the scheduler was reset just before the graph was built. It does nothing where the scheduler says that it is reset, which is the
 * first field of its struct: build.mjs looks whether it is.
 * @see llama.cpp ggml/src/ggml-backend.cpp (ggml_backend_sched_reset), src/llama-context.cpp (graph_reserve, graph_get_cb)
 */
#ifdef IS_RESET_FIRST
struct sched_start {
    bool is_reset;
};

SEEN_FROM_OUTSIDE void ggml_backend_sched_reserve_size(ggml_backend_sched_t sched, struct ggml_cgraph *graph, size_t *sizes) {
    void *object = object_of(__builtin_return_address(0));
    void (*next)(ggml_backend_sched_t, struct ggml_cgraph *, size_t *) = (void (*)(ggml_backend_sched_t, struct ggml_cgraph *, size_t *))
        next_function(object, "ggml_backend_sched_reserve_size", (void *)ggml_backend_sched_reserve_size);
    if (!next) return;
    ((struct sched_start *)sched)->is_reset = true;
    next(sched, graph, sizes);
}
#endif

/* ---- Threads that stay ----
 * node-llama-cpp attaches no thread pool to a context. Then ggml starts and ends its threads with every graph: for each token, and again
 * for each part of it that the processor computes beside a card. A new thread has to wait behind all that runs already, so on a busy
 * computer a token took up to twice as long. Here each context gets a pool for each number of threads that it computes with; a pool has
 * to have exactly that number, because all of its threads wake up for a graph. They sleep between two graphs, because polling would keep
 * the cores busy while a card computes.
 * @see llama.cpp ggml/src/ggml-cpu/ggml-cpu.c (ggml_graph_compute), common/common.cpp (llama_attach_threadpool)
 */
struct kept_pool {
    struct llama_context *context;
    int threads;
    struct ggml_threadpool *pool;
    void (*release)(struct ggml_threadpool *);
    struct kept_pool *next;
};
static struct kept_pool *kept_pools;

static struct ggml_threadpool *make_pool(void *object, struct llama_context *context, int threads) {
    ggml_backend_dev_t (*by_type)(enum ggml_backend_dev_type) =
        (ggml_backend_dev_t(*)(enum ggml_backend_dev_type))function_of(object, "ggml_backend_dev_by_type");
    ggml_backend_reg_t (*registry_of)(ggml_backend_dev_t) =
        (ggml_backend_reg_t(*)(ggml_backend_dev_t))function_of(object, "ggml_backend_dev_backend_reg");
    void *(*address_of)(ggml_backend_reg_t, const char *) =
        (void *(*)(ggml_backend_reg_t, const char *))function_of(object, "ggml_backend_reg_get_proc_address");
    void (*fill)(struct ggml_threadpool_params *, int) =
        (void (*)(struct ggml_threadpool_params *, int))function_of(object, "ggml_threadpool_params_init");
    ggml_backend_dev_t processor = by_type && registry_of && address_of && fill ? by_type(GGML_BACKEND_DEVICE_TYPE_CPU) : NULL;
    if (!processor) return NULL;
    ggml_backend_reg_t registry = registry_of(processor);
    struct ggml_threadpool *(*make)(struct ggml_threadpool_params *) =
        (struct ggml_threadpool * (*)(struct ggml_threadpool_params *))address_of(registry, "ggml_threadpool_new");
    void (*release)(struct ggml_threadpool *) = (void (*)(struct ggml_threadpool *))address_of(registry, "ggml_threadpool_free");
    struct kept_pool *kept = make && release ? malloc(sizeof *kept) : NULL;
    if (!kept) return NULL;
    struct ggml_threadpool_params params;
    fill(&params, threads);
    params.poll = 0;
    *kept = (struct kept_pool){context, threads, make(&params), release, kept_pools};
    kept_pools = kept;
    return kept->pool;
}

static void attach_pool(void *object, struct llama_context *context) {
    int32_t (*threads_of)(struct llama_context *) = (int32_t(*)(struct llama_context *))function_of(object, "llama_n_threads");
    void (*attach)(struct llama_context *, struct ggml_threadpool *, struct ggml_threadpool *) =
        (void (*)(struct llama_context *, struct ggml_threadpool *, struct ggml_threadpool *))function_of(object, "llama_attach_threadpool");
    if (!threads_of || !attach) return;
    int threads = threads_of(context);
    take_lock();
    struct kept_pool *kept = kept_pools;
    while (kept && (kept->context != context || kept->threads != threads)) kept = kept->next;
    struct ggml_threadpool *pool = kept ? kept->pool : make_pool(object, context, threads);
    give_lock();
    attach(context, pool, pool);
}

static void release_pools(const struct llama_context *context) {
    take_lock();
    for (struct kept_pool **place = &kept_pools; *place;) {
        struct kept_pool *kept = *place;
        if (kept->context != context) {
            place = &kept->next;
            continue;
        }
        *place = kept->next;
        kept->release(kept->pool);
        free(kept);
    }
    give_lock();
}

SEEN_FROM_OUTSIDE int32_t llama_decode(struct llama_context *context, struct llama_batch batch) {
    void *object = object_of(__builtin_return_address(0));
    int32_t (*next)(struct llama_context *, struct llama_batch) =
        (int32_t(*)(struct llama_context *, struct llama_batch))next_function(object, "llama_decode", (void *)llama_decode);
    if (!next) return -1;
    attach_pool(object, context);
    return next(context, batch);
}

SEEN_FROM_OUTSIDE void llama_free(struct llama_context *context) {
    void *object = object_of(__builtin_return_address(0));
    void (*next)(struct llama_context *) =
        (void (*)(struct llama_context *))next_function(object, "llama_free", (void *)llama_free);
    if (next) next(context);
    release_pools(context);
}

/* ---- Taking the place of llama.cpp's functions ---- */

#ifdef _WIN32
static void replace_import(void *object, const char *name, void *by) {
    void *real = function_of(object, name);
    const IMAGE_IMPORT_DESCRIPTOR *library = imports_of(object);
    for (; real && library && library->Name; library++)
        for (void **address = addresses_of(object, library); *address; address++) {
            DWORD before;
            if (*address != real || !VirtualProtect(address, sizeof *address, PAGE_READWRITE, &before)) continue;
            *address = by;
            VirtualProtect(address, sizeof *address, before, &before);
        }
}

/* Replaces the addresses in the addon that was opened last, and in its llama.cpp. A second time changes nothing. */
static void take_place(void) {
    void *addon = llama_addon();
    if (!addon) return;
    replace_import(addon, "llama_model_load_from_file", (void *)llama_model_load_from_file);
    replace_import(addon, "llama_model_init_from_user", (void *)llama_model_init_from_user);
    replace_import(addon, "llama_init_from_model", (void *)llama_init_from_model);
    replace_import(addon, "llama_decode", (void *)llama_decode);
    replace_import(addon, "llama_free", (void *)llama_free);
#ifdef IS_RESET_FIRST
    void *llama = object_of(function_of(addon, "llama_init_from_model"));
    if (llama) replace_import(llama, "ggml_backend_sched_reserve_size", (void *)ggml_backend_sched_reserve_size);
#endif
}
#else
/* The dynamic linker has done so. */
static void take_place(void) {}
#endif

/* ---- JavaScript's side ---- */

static napi_value text_value(napi_env env, const char *text) {
    napi_value value;
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
    return value;
}
static napi_value number_value(napi_env env, double number) {
    napi_value value;
    napi_create_double(env, number, &value);
    return value;
}
static napi_value flag_value(napi_env env, bool flag) {
    napi_value value;
    napi_get_boolean(env, flag, &value);
    return value;
}
static napi_value null_value(napi_env env) {
    napi_value value;
    napi_get_null(env, &value);
    return value;
}

/* The named property, or NULL if it is missing, undefined or null. */
static napi_value property(napi_env env, napi_value object, const char *name) {
    napi_value value;
    napi_valuetype type;
    if (napi_get_named_property(env, object, name, &value) != napi_ok || napi_typeof(env, value, &type) != napi_ok) return NULL;
    return type == napi_undefined || type == napi_null ? NULL : value;
}

/* The length of a list of at most `limit` entries; -1 for anything else. */
static int list_length(napi_env env, napi_value list, int limit) {
    bool is_array = false;
    uint32_t length = 0;
    if (napi_is_array(env, list, &is_array) != napi_ok || !is_array || napi_get_array_length(env, list, &length) != napi_ok) return -1;
    return length <= (uint32_t)limit ? (int)length : -1;
}

/* Copies a text that fits. napi_get_value_string_utf8 cuts a longer one. */
static bool read_text(napi_env env, napi_value value, char *to, size_t room) {
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= room) return false;
    return napi_get_value_string_utf8(env, value, to, room, &length) == napi_ok;
}

/* @returns what is wrong, or NULL */
static const char *read_placement(napi_env env, napi_value object, struct placement *to) {
    napi_value value;
    if ((value = property(env, object, "ramTensors")) && !read_text(env, value, to->ram_pattern, PATTERN_BYTES))
        return "ramTensors is a regular expression of fewer than 8192 bytes";
    if ((value = property(env, object, "devices"))) {
        to->devices = list_length(env, value, MAX_DEVICES);
        if (to->devices < 0) return "devices is a list of at most 16 names";
        for (int i = 0; i < to->devices; i++) {
            napi_value name;
            if (napi_get_element(env, value, (uint32_t)i, &name) != napi_ok || !read_text(env, name, to->device_names[i], NAME_BYTES))
                return "devices is a list of names of fewer than 128 bytes";
        }
    }
    if ((value = property(env, object, "tensorSplit"))) {
        to->shares = list_length(env, value, MAX_DEVICES);
        if (to->shares < 0) return "tensorSplit is a list of at most 16 numbers";
        double sum = 0;
        for (int i = 0; i < to->shares; i++) {
            napi_value share;
            double number = -1;
            if (napi_get_element(env, value, (uint32_t)i, &share) != napi_ok || napi_get_value_double(env, share, &number) != napi_ok ||
                !(number >= 0 && number <= 1e6))
                return "tensorSplit is a list of numbers from 0 to 1000000";
            to->tensor_split[i] = (float)number;
            sum += number;
        }
        if (!(sum > 0)) return "the shares of tensorSplit are all 0";
    }
    if ((value = property(env, object, "mainGpu")) &&
        (napi_get_value_int32(env, value, &to->main_gpu) != napi_ok || to->main_gpu < 0))
        return "mainGpu is a number from 0";
    if ((value = property(env, object, "kvInRam")) && napi_get_value_bool(env, value, &to->kv_in_ram) != napi_ok)
        return "kvInRam is true or false";
    if ((value = property(env, object, "splitMode"))) {
        char mode[16];
        if (!read_text(env, value, mode, sizeof mode)) return "splitMode is none, layer or row";
        if (strcmp(mode, "none") == 0) to->split_mode = LLAMA_SPLIT_MODE_NONE;
        else if (strcmp(mode, "layer") == 0) to->split_mode = LLAMA_SPLIT_MODE_LAYER;
        else if (strcmp(mode, "row") == 0) to->split_mode = LLAMA_SPLIT_MODE_ROW;
        else return "splitMode is none, layer or row";
    }
    return NULL;
}

/* setPlacement(placement | null): what the following loads and dry runs do. It also forgets the last report. */
static napi_value set_placement(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value argument;
    napi_valuetype type = napi_undefined;
    napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
    if (count > 0) napi_typeof(env, argument, &type);
    struct placement placement = {.main_gpu = -1, .split_mode = -1};
    const char *wrong = NULL;
    if (type == napi_object) {
        placement.is_set = true;
        wrong = read_placement(env, argument, &placement);
    } else if (type != napi_null) {
        wrong = "a placement is an object or null";
    }
    if (wrong) {
        napi_throw_type_error(env, NULL, wrong);
        return NULL;
    }
    take_place();
    take_lock();
    asked = placement;
    last = (struct report){.kind = OF_NOTHING};
    give_lock();
    return NULL;
}

/* lastReport(): {kind: "model" | "context", buffers} | {kind: "nothing", problem} since the last setPlacement. */
static napi_value last_report(napi_env env, napi_callback_info info) {
    (void)info;
    take_lock();
    struct report report = last;
    give_lock();
    napi_value answer, buffers;
    napi_create_object(env, &answer);
    const char *kinds[] = {"nothing", "model", "context"};
    napi_set_named_property(env, answer, "kind", text_value(env, kinds[report.kind]));
    napi_set_named_property(env, answer, "problem", report.problem[0] ? text_value(env, report.problem) : null_value(env));
    napi_create_array(env, &buffers);
    for (int i = 0; i < report.rows; i++) {
        const struct buffer_row *row = &report.row[i];
        napi_value entry;
        napi_create_object(env, &entry);
        napi_set_named_property(env, entry, "buffer", text_value(env, row->buffer));
        napi_set_named_property(env, entry, "device", row->is_ram ? null_value(env) : text_value(env, row->device));
        napi_set_named_property(env, entry, "weightsBytes", number_value(env, (double)row->model));
        napi_set_named_property(env, entry, "kvBytes", number_value(env, (double)row->context));
        napi_set_named_property(env, entry, "computeBytes", number_value(env, (double)row->compute));
        napi_set_element(env, buffers, (uint32_t)i, entry);
    }
    napi_set_named_property(env, answer, "buffers", buffers);
    return answer;
}

/* devices(): llama.cpp's graphics cards in its order, with names as `devices` of a placement takes them. Null before getLlama. */
static napi_value list_devices(napi_env env, napi_callback_info info) {
    (void)info;
    void *object = llama_addon();
    if (!object) return null_value(env);
    size_t (*count)(void) = (size_t(*)(void))function_of(object, "ggml_backend_dev_count");
    ggml_backend_dev_t (*get)(size_t) = (ggml_backend_dev_t(*)(size_t))function_of(object, "ggml_backend_dev_get");
    void (*properties)(ggml_backend_dev_t, struct ggml_backend_dev_props *) =
        (void (*)(ggml_backend_dev_t, struct ggml_backend_dev_props *))function_of(object, "ggml_backend_dev_get_props");
    if (!count || !get || !properties) return null_value(env);
    napi_value list;
    napi_create_array(env, &list);
    uint32_t cards = 0;
    for (size_t i = 0; i < count(); i++) {
        struct ggml_backend_dev_props found;
        memset(&found, 0, sizeof found);
        properties(get(i), &found);
        if (!is_gpu(found.type)) continue;
        napi_value card;
        napi_create_object(env, &card);
        napi_set_named_property(env, card, "device", text_value(env, found.name ? found.name : ""));
        napi_set_named_property(env, card, "name", text_value(env, found.description ? found.description : ""));
        napi_set_named_property(env, card, "address", found.device_id ? text_value(env, found.device_id) : null_value(env));
        napi_set_named_property(env, card, "isIntegrated", flag_value(env, found.type == GGML_BACKEND_DEVICE_TYPE_IGPU));
        napi_set_named_property(env, card, "totalBytes", number_value(env, (double)found.memory_total));
        napi_set_named_property(env, card, "freeBytes", number_value(env, (double)found.memory_free));
        napi_set_element(env, list, cards++, card);
    }
    return list;
}

static void export_function(napi_env env, napi_value exports, const char *name, napi_callback callback) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function);
    napi_set_named_property(env, exports, name, function);
}

SEEN_FROM_NODE napi_value napi_register_module_v1(napi_env env, napi_value exports) {
    napi_set_named_property(env, exports, "llamaRelease", text_value(env, LLAMA_RELEASE));
    napi_set_named_property(env, exports, "sourceHash", text_value(env, SOURCE_HASH));
    export_function(env, exports, "setPlacement", set_placement);
    export_function(env, exports, "lastReport", last_report);
    export_function(env, exports, "devices", list_devices);
    return exports;
}
SEEN_FROM_NODE int32_t node_api_module_get_api_version_v1(void) { return 8; }
