// What of quire/importer/files.hpp is there in each build.
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/files.hpp"

namespace quire::importer {

std::string FilesInspection::json() const {
  bson::Writer w;
  w.append("schema", "quire.files/1").append("op", "inspect").append("location", location);
  w.append("result", stopped ? "stopped" : ok() ? "valid" : "invalid");
  w.append("files", files).append("valid", valid).append("invalid", invalid);
  w.append("records", records).append("bad_records", bad_records).append("bytes", bytes);
  w.append("seconds", seconds).append("estimated_seconds", estimated_seconds);
  w.begin_array("problems");
  for (const FileProblem& problem : problems) {
    w.push_document_begin();
    w.append("table", problem.table).append("file", problem.file);
    w.append("record", problem.record).append("line", problem.line);
    w.append("column", static_cast<std::int64_t>(problem.column));
    w.append("offset", static_cast<std::int64_t>(problem.offset));
    w.append("reason", problem.reason);
    w.end();
  }
  w.end().begin_array("left_out");
  for (const std::string& one : left_out) w.push(one);
  w.end();
  return bson::to_json(w.finish());
}

#ifndef QUIRE_WITH_FILE_SOURCES
FilesInspection inspect_files(Source& source, const InspectOptions&) {
  throw ImportError(ErrorCode::invalid_source,
                    source.location() +
                        " is no source of files; this quire was built without "
                        "simdjson (Debian: libsimdjson-dev)");
}
#endif

}  // namespace quire::importer
