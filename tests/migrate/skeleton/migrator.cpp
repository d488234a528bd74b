// A program with the two written migrations; one translation unit, since it is compiled in a test.
#include <cstdio>
#include <cstring>

#include "mechanical.cpp"
#include "undecided.cpp"

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  q::Migrations all;
  if (std::strcmp(argv[2], "mechanical") == 0)
    add_2026_02_10_mechanical(all);
  else
    add_2026_02_10_undecided(all);
  const auto report = q::MigrationRunner{q::open(argv[1]), all}.run();
  std::printf("%s\n", report.json().c_str());
  return report.exit_code();
}
