// A tour of quire: the countries, subdivisions and languages of the world, loaded, brought into
// shape by migrations and queried.
// Usage: tour [--database URI] [--data DIR]
//   --database  a file (default tour.quire), ":memory:" or mongodb://host/app
//   --data      the JSON files of iso-codes (default /usr/share/iso-codes/json)
#include <iostream>
#include <string>
#include <string_view>

#include "migrations.hpp"
#include "queries.hpp"

namespace {

struct Arguments {
  std::string database = "tour.quire";
  std::string data = "/usr/share/iso-codes/json";
};

bool read_arguments(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (i + 1 == argc) return false;
    if (option == "--database") {
      arguments.database = argv[i + 1];
    } else if (option == "--data") {
      arguments.data = argv[i + 1];
    } else {
      return false;
    }
  }
  return true;
}

int migrate(quire::Database& db, const std::string& data) {
  quire::MigrationRunner runner{db, tour::migrations(data)};
  const quire::MigrationReport report = runner.application("tour").run();
  if (report.result == quire::MigrationResult::nothing) {
    std::cout << "Migrations: nothing to do\n";
  } else {
    std::cout << "Migrations:\n";
    for (const auto& one : report.migrations) {
      std::cout << "  " << to_string(one.state) << "  " << one.id << "  (" << one.title << "; "
                << to_string(one.atomicity) << ", " << one.ms << " ms";
      if (one.matched > 0)
        std::cout << ", " << one.changed << " of " << one.matched << " documents changed";
      std::cout << ")\n";
    }
  }
  if (!report.ok()) std::cerr << report.error->what() << '\n';
  return report.exit_code();
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!read_arguments(argc, argv, arguments)) {
    std::cerr << "Usage: tour [--database URI] [--data DIR]\n";
    return 2;
  }
  try {
    quire::Database db = quire::open(arguments.database);
    std::cout << "Database: " << db.store().redacted_uri() << '\n';
    if (const int code = migrate(db, arguments.data); code != 0) return code;
    tour::show_queries(db);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
