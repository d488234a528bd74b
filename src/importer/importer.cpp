#include "quire/importer/importer.hpp"

#include "importer/import_state.hpp"

namespace quire::importer {

Importer::Importer(Source& source, Database to, Mapping mapping, ImportOptions options)
    : impl_(std::make_unique<Impl>(source, std::move(to), std::move(mapping), std::move(options))) {
}
Importer::~Importer() = default;

ImportReport Importer::run() { return impl_->run({}); }
ImportReport Importer::run(std::string_view part) { return impl_->run(part); }
ImportReport Importer::dry_run(std::string_view part) { return impl_->dry_run(part); }
ImportReport Importer::verify(migrate::VerifyLevel level, std::string_view part) {
  return impl_->verify(level, part);
}
ImportReport Importer::status() { return impl_->status(); }
ImportReport Importer::retry_rejects() { return impl_->retry_rejects(); }
ImportReport Importer::rollback(migrate::Edited edited) { return impl_->rollback(edited); }
ImportReport Importer::finish() { return impl_->finish(); }

std::vector<std::string> Importer::parts() const {
  std::vector<std::string> names;
  for (const Part& part : impl_->parts) names.push_back(part.name);
  return names;
}

}  // namespace quire::importer
