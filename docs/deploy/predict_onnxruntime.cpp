// Predict with an ONNX file that visionft exported: predict_onnxruntime MODEL.onnx CANVAS.ppm
//
// c++ -std=c++17 predict_onnxruntime.cpp -lonnxruntime; the archives of onnxruntime's releases hold onnxruntime_c_api.h and the
// library. CANVAS.ppm is the image fitted to the canvas, as predict.py does with OpenCV: binary PPM, 8 bits, RGB.

#include <onnxruntime_c_api.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

static const OrtApi* api = OrtGetApiBase()->GetApi(ORT_API_VERSION);

static void check(OrtStatus* status) {
    if (status == nullptr) return;
    std::cerr << api->GetErrorMessage(status) << '\n';
    std::exit(1);
}

// The strings of "class_names" in a spec, whose only escapes are those of quotes, backslashes and control characters.
static std::vector<std::string> class_names(const std::string& spec) {
    std::vector<std::string> names;
    for (std::size_t at = spec.find('[', spec.find("\"class_names\"")) + 1; spec[at] != ']'; ++at) {
        if (spec[at] != '"') continue;
        std::string name;
        for (++at; spec[at] != '"'; ++at) name += spec[at] == '\\' ? spec[++at] : spec[at];
        names.push_back(name);
    }
    return names;
}

int main(int, char** arguments) {
    OrtEnv* env; OrtSessionOptions* options; OrtSession* session; OrtAllocator* allocator; OrtModelMetadata* metadata;
    check(api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "visionft", &env));
    check(api->CreateSessionOptions(&options));
    check(api->CreateSession(env, arguments[1], options, &session));
    check(api->GetAllocatorWithDefaultOptions(&allocator));
    check(api->SessionGetModelMetadata(session, &metadata));
    char* spec = nullptr;
    check(api->ModelMetadataLookupCustomMetadataMap(metadata, allocator, "visionft.spec", &spec));
    const auto names = class_names(spec);

    std::ifstream file(arguments[2], std::ios::binary);
    std::string magic;
    std::int64_t width = 0, height = 0, white = 0;
    file >> magic >> width >> height >> white;
    file.get();
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(height * width * 3));
    file.read(reinterpret_cast<char*>(pixels.data()), static_cast<std::streamsize>(pixels.size()));

    OrtMemoryInfo* memory; OrtValue* images = nullptr;
    check(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
    const std::int64_t shape[] = {1, height, width, 3};
    check(api->CreateTensorWithDataAsOrtValue(memory, pixels.data(), pixels.size(), shape, 4, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, &images));
    std::size_t count = 0;
    check(api->SessionGetOutputCount(session, &count));
    const bool objects = count > 2;
    const char* inputs[] = {"images"};
    char* first = nullptr;
    check(api->SessionGetOutputName(session, 0, allocator, &first));
    const char* outputs[] = {first, "scores", "labels", "count"};
    OrtValue* values[4] = {};
    check(api->Run(session, nullptr, inputs, &images, 1, outputs, objects ? 4 : 1, values));
    const auto data = [&](int at) { void* found = nullptr; check(api->GetTensorMutableData(values[at], &found)); return found; };
    const float* numbers = static_cast<float*>(data(0));
    if (!objects) {  // one value for each class; of pixels, for each class and pixel
        OrtTensorTypeAndShapeInfo* info; std::size_t size = 0;
        check(api->GetTensorTypeAndShape(values[0], &info));
        check(api->GetTensorShapeElementCount(info, &size));
        const std::size_t each = size / names.size();
        for (std::size_t k = 0; k < names.size(); ++k) {
            double sum = 0;
            for (std::size_t at = 0; at < each; ++at) sum += numbers[k * each + at];
            std::cout << names[k] << '\t' << sum / static_cast<double>(each) << '\n';
        }
        return 0;
    }
    for (std::int64_t row = 0; row < *static_cast<std::int64_t*>(data(3)); ++row) {
        std::cout << names[static_cast<std::int64_t*>(data(2))[row]] << '\t' << static_cast<float*>(data(1))[row];
        for (int side = 0; side < 4; ++side) std::cout << '\t' << numbers[4 * row + side];  // in pixels of the canvas
        std::cout << '\n';
    }
}
