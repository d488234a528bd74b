#include "quire/bson/writer.hpp"
#include "test.hpp"

namespace quire::unified {
namespace {

using bson::Document;
using bson::View;
using bson::Writer;

constexpr std::string_view database = "crud_v1";
constexpr std::string_view collection = "test";

Document entity(std::string_view kind, const Document& body) {
  return bson::make_document(kind, body);
}

/// {name, arguments} as {name: arguments}; `options` beside the other arguments.
Document arguments_of(View given) {
  Writer out;
  for (const auto& field : given) {
    if (field.key == "options") {
      out.append_all(field.value.as_document());
    } else if (field.key == "requests") {
      out.begin_array("requests");
      for (const auto& request : field.value.as_array()) {
        const auto body = request.value.as_document();
        out.push(bson::make_document(body["name"].as_string(), body["arguments"].as_document()));
      }
      out.end();
    } else {
      out.append_raw(field);
    }
  }
  return out.finish();
}

Document operation_of(View test) {
  const auto given = test["operation"].as_document();
  const auto expected = test["outcome"].as_document();
  // The helper count is gone from drivers; countDocuments took its place.
  const auto name = given["name"].as_string();
  Writer out;
  out.append("name", name == "count" ? std::string_view("countDocuments") : name);
  out.append("object", "collection0");
  const auto arguments = given.find("arguments");
  out.append("arguments", arguments_of(arguments ? arguments->as_document() : View{}));
  const auto result = expected.find("result");
  const auto error = expected.find("error");
  if (error && error->as_bool()) {
    Writer failure;
    failure.append("isError", true);
    if (result) failure.append("expectResult", *result);
    out.append("expectError", failure.finish());
  } else if (result) {
    out.append("expectResult", *result);
  }
  return out.finish();
}

}  // namespace

Document from_crud_v1(std::string_view title, View file) {
  Writer out;
  out.append("description", title);
  if (const auto version = file.find("minServerVersion")) {
    out.append_array("runOnRequirements",
                     bson::make_array(bson::make_document("minServerVersion", *version)));
  }
  out.append_array(
      "createEntities",
      bson::make_array(
          entity("client", bson::make_document("id", "client0")),
          entity("database", bson::make_document("id", "database0", "client", "client0",
                                                 "databaseName", database)),
          entity("collection", bson::make_document("id", "collection0", "database", "database0",
                                                   "collectionName", collection))));
  Writer data;
  data.append("databaseName", database).append("collectionName", collection);
  data.append_array("documents", file["data"].as_array());
  out.append_array("initialData", bson::make_array(data.finish()));
  out.begin_array("tests");
  for (const auto& item : file["tests"].as_array()) {
    const auto given = item.value.as_document();
    Writer test;
    test.append("description", given["description"]);
    test.append_array("operations", bson::make_array(operation_of(given)));
    if (const auto after = given["outcome"].as_document().find("collection")) {
      const auto name = after->as_document().find("name");
      Writer outcome;
      outcome.append("databaseName", database);
      outcome.append("collectionName", name ? name->as_string() : collection);
      outcome.append_array("documents", after->as_document()["data"].as_array());
      test.append_array("outcome", bson::make_array(outcome.finish()));
    }
    out.push(test.finish());
  }
  out.end();
  return out.finish();
}

}  // namespace quire::unified
