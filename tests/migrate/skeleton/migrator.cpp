// A program with the three written migrations; one translation unit, since it is compiled in a
// test.
#include <cstdio>
#include <cstring>

#include "mechanical.cpp"
#include "originals.hpp"
#include "squash.cpp"
#include "undecided.cpp"

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  q::Migrations all;
  const auto is = [&](const char* kind) { return std::strcmp(argv[2], kind) == 0; };
  if (is("mechanical")) add_2026_02_10_mechanical(all);
  if (is("undecided")) add_2026_02_10_undecided(all);
  if (is("squash")) add_2026_02_10_squash(all);
  if (is("originals")) all = squash_originals();
  all.app_level = 3;
  const auto report = q::MigrationRunner{q::open(argv[1]), all}.run();
  std::printf("%s\n", report.json().c_str());
  return report.exit_code();
}
