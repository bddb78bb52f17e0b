/*
 * Asks llama.cpp's own `--fit` where a model goes, for `npm run bench -- fit`:
 *
 *     llama-fit BACKENDS MODEL CONTEXT BATCH K_TYPE V_TYPE BUDGET...
 *
 * BACKENDS is the folder of its libraries, types are ggml's numbers, budgets are bytes of the GPU's memory. Prints a line of JSON for each.
 */
#include <cstdio>
#include <cstdlib>
#include <vector>
#include "fit.h"
#include "ggml-backend.h"
#include "llama.h"

static ggml_backend_dev_t first_gpu() {
    for (size_t index = 0; index < ggml_backend_dev_count(); index++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(index);
        if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_CPU) return device;
    }
    return nullptr;
}

static void print_text(const char * text) {
    for (; *text != 0; text++) {
        if (*text == '\\') putchar('\\');
        putchar(*text);
    }
}

int main(int count, char ** values) {
    if (count < 8) return 2;
    ggml_backend_load_all_from_path(values[1]);
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    ggml_backend_dev_t gpu = first_gpu();
    if (gpu == nullptr) return 3;
    ggml_backend_dev_t devices[] = {gpu, nullptr};
    size_t free_bytes, total_bytes;
    ggml_backend_dev_memory(gpu, &free_bytes, &total_bytes);

    for (int index = 7; index < count; index++) {
        llama_model_params model = llama_model_default_params();
        model.devices = devices;
        /* As node-llama-cpp makes a context. */
        llama_context_params context = llama_context_default_params();
        context.n_ctx = atoi(values[3]);
        context.n_batch = context.n_ubatch = atoi(values[4]);
        context.n_seq_max = 1;
        context.swa_full = false;
        context.type_k = (ggml_type) atoi(values[5]);
        context.type_v = (ggml_type) atoi(values[6]);
        std::vector<float> split(llama_max_devices(), 0.0f);
        std::vector<llama_model_tensor_buft_override> overrides(llama_max_tensor_buft_overrides());
        /* A budget above the free memory makes the margin negative, and the fit computes with that. */
        std::vector<size_t> margins(llama_max_devices(), free_bytes - (size_t) strtoull(values[index], nullptr, 10));
        const int status = common_fit_params(
            values[2], &model, &context, split.data(), overrides.data(), margins.data(), 256, nullptr, GGML_LOG_LEVEL_ERROR);
        std::vector<ggml_backend_dev_t> used;
        uint32_t layers, trained, experts;
        const auto memory = common_get_device_memory_data(
            values[2], &model, &context, used, layers, trained, experts, GGML_LOG_LEVEL_ERROR);
        printf("{\"found\":%s,\"gpuLayers\":%d,\"gpuBytes\":%zu,\"inRam\":[",
            status == COMMON_PARAMS_FIT_STATUS_SUCCESS ? "true" : "false",
            model.n_gpu_layers < 0 ? (int) layers + 1 : model.n_gpu_layers,
            memory[0].model + memory[0].context + memory[0].compute);
        for (size_t at = 0; model.tensor_buft_overrides != nullptr && overrides[at].pattern != nullptr; at++) {
            printf(at > 0 ? ",\"" : "\"");
            print_text(overrides[at].pattern);
            putchar('"');
        }
        printf("]}\n");
    }
    return 0;
}
