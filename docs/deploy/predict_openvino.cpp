// Predict with an OpenVINO folder that visionft exported: predict_openvino MODEL.openvino CANVAS.ppm
//
// c++ -std=c++17 predict_openvino.cpp -lopenvino; the wheel openvino holds headers (openvino/include) and libraries
// (openvino/libs). CANVAS.ppm is the image fitted to the canvas, as predict.py does with OpenCV: binary PPM, 8 bits, RGB.

#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <openvino/openvino.hpp>
#include <stdexcept>
#include <string>
#include <vector>

// The strings of "class_names" in spec.json, whose only escapes are those of quotes, backslashes and control characters.
std::vector<std::string> class_names(const std::string& folder) {
    std::ifstream file(folder + "/spec.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::size_t at = text.find("\"class_names\": [");
    if (at == std::string::npos) throw std::runtime_error(folder + "/spec.json: no class_names");
    std::vector<std::string> names;
    for (at = text.find('[', at) + 1; text[at] != ']'; ++at) {
        if (text[at] != '"') continue;
        std::string name;
        for (++at; text[at] != '"'; ++at) name += text[at] == '\\' ? text[++at] : text[at];
        names.push_back(name);
    }
    return names;
}

std::vector<std::uint8_t> read_canvas(const std::string& path, std::size_t height, std::size_t width) {
    std::ifstream file(path, std::ios::binary);
    std::string magic;
    std::size_t wide = 0, high = 0, white = 0;
    file >> magic >> wide >> high >> white;
    file.get();
    if (magic != "P6" || wide != width || high != height || white != 255) throw std::runtime_error(path + ": not a canvas of the model");
    std::vector<std::uint8_t> pixels(height * width * 3);
    file.read(reinterpret_cast<char*>(pixels.data()), static_cast<std::streamsize>(pixels.size()));
    return pixels;
}

int main(int, char** arguments) {
    const std::string folder = arguments[1];
    const auto names = class_names(folder);
    ov::Core core;
    // what the file was measured with; by itself OpenVINO takes bfloat16 where the CPU has it
    auto model = core.compile_model(folder + "/model.xml", "CPU", ov::hint::inference_precision(ov::element::f32));
    const auto shape = model.input().get_partial_shape();
    const std::size_t height = shape[1].get_length(), width = shape[2].get_length();
    auto pixels = read_canvas(arguments[2], height, width);
    auto request = model.create_infer_request();
    request.set_input_tensor(ov::Tensor(ov::element::u8, {1, height, width, 3}, pixels.data()));
    request.infer();
    if (model.outputs().size() < 3) {  // one value for each class; of pixels, for each class and pixel
        const auto values = request.get_tensor(model.output(0));
        const std::size_t each = values.get_size() / names.size();
        for (std::size_t k = 0; k < names.size(); ++k) {
            double sum = 0;
            for (std::size_t at = 0; at < each; ++at) sum += values.data<float>()[k * each + at];
            std::cout << names[k] << '\t' << sum / static_cast<double>(each) << '\n';
        }
        return 0;
    }
    const auto boxes = request.get_tensor("boxes"), scores = request.get_tensor("scores"), labels = request.get_tensor("labels");
    for (std::int64_t row = 0; row < request.get_tensor("count").data<std::int64_t>()[0]; ++row) {
        const float* box = boxes.data<float>() + 4 * row;  // in pixels of the canvas
        std::cout << names[labels.data<std::int64_t>()[row]] << '\t' << scores.data<float>()[row];
        for (int side = 0; side < 4; ++side) std::cout << '\t' << box[side];
        std::cout << '\n';
    }
}
