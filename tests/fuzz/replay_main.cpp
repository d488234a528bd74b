// Runs a fuzz target without libFuzzer, so that it always builds and a finding can be replayed:
//   fuzz_x FILE_OR_FOLDER...      each input once
//   fuzz_x [--runs N] [--seed N]  its seeds, then N mutated ones (default: 20,000, seed 1)
//   fuzz_x --write-seeds FOLDER   the seeds as files, to begin a corpus with
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz.hpp"
#include "random_document.hpp"

namespace {

namespace fs = std::filesystem;

int write_seeds(const fs::path& folder) {
  fs::create_directories(folder);
  std::size_t n = 0;
  for (const auto& seed : quire_fuzz_seeds()) {
    std::ofstream out(folder / ("seed-" + std::to_string(n++)), std::ios::binary);
    out.write(seed.data(), static_cast<std::streamsize>(seed.size()));
  }
  return 0;
}

/// The seeds reach libFuzzer as files; its own build gets them by this switch of the environment.
[[maybe_unused]] int initialize() {
  if (const char* folder = std::getenv("QUIRE_FUZZ_WRITE_SEEDS")) {
    std::exit(write_seeds(folder));
  }
  return 0;
}

}  // namespace

#ifdef QUIRE_LIBFUZZER

extern "C" int LLVMFuzzerInitialize(int*, char***);
extern "C" int LLVMFuzzerInitialize(int*, char***) { return initialize(); }

#else

namespace {

std::string last_input;  // for the report when the target throws

void run(const std::string& input) {
  last_input = input;
  // A copy of its exact size: a sanitizer then sees each byte read beyond it.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string mutate(std::string input, const std::vector<std::string>& seeds,
                   quire::test::Random& random) {
  static constexpr unsigned char borders[] = {0, 1, 2, 4, 5, 0x7F, 0x80, 0xFF, '{', '}', '"', '$'};
  for (auto steps = 1 + random.below(4); steps > 0; --steps) {
    const std::size_t at = random.below(input.size() + 1);
    switch (random.below(6)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(random.next());
        break;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(borders[random.below(sizeof borders)]);
        break;
      case 2:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
        break;
      case 3:
        input.erase(at, 1 + random.below(8));
        break;
      case 4:
        input.insert(at, input.substr(random.below(input.size() + 1), random.below(16)));
        break;
      default: {
        const auto& other = seeds[random.below(seeds.size())];
        input.resize(at);
        if (!other.empty()) input += other.substr(random.below(other.size()));
      }
    }
  }
  return input;
}

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t replay(const fs::path& path) {
  if (!fs::is_directory(path)) {
    run(read_all(path));
    return 1;
  }
  std::size_t n = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    run(read_all(entry.path()));
    ++n;
  }
  return n;
}

int main_loop(int argc, char** argv) {
  std::size_t runs = 20'000, seed = 1, replayed = 0;
  bool files = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool more = i + 1 < argc;
    if (argument == "--runs" && more) {
      runs = std::stoul(argv[++i]);
    } else if (argument == "--seed" && more) {
      seed = std::stoul(argv[++i]);
    } else if (argument == "--write-seeds" && more) {
      return write_seeds(argv[++i]);
    } else {
      files = true;
      replayed += replay(argv[i]);
    }
  }
  if (files) {
    std::printf("%zu inputs replayed\n", replayed);
    return 0;
  }
  const auto seeds = quire_fuzz_seeds();
  for (const auto& input : seeds) run(input);
  quire::test::Random random(seed);
  for (std::size_t i = 0; i < runs && !seeds.empty(); ++i)
    run(mutate(seeds[random.below(seeds.size())], seeds, random));
  std::printf("%zu seeds, %zu mutated inputs\n", seeds.size(), seeds.empty() ? 0 : runs);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return main_loop(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "threw %s\non (hex) ", error.what());
    for (const char c : last_input)
      std::fprintf(stderr, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    std::fprintf(stderr, "\n");
    return 1;
  }
}

#endif
