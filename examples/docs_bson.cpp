// The program of docs/bson.md.
// [document]
#include <cstdio>
#include <quire/bson/bson.hpp>

namespace bson = quire::bson;

int main() {
  bson::Writer writer;
  writer.append("name", "Ada").append("age", 36);
  writer.begin_array("tags");
  writer.push("admin").push("staff");
  writer.end();
  const bson::Document ada = writer.finish();

  for (const bson::Element& field : ada) std::printf("%s\n", std::string(field.key).c_str());
  if (const auto age = ada.find("age")) std::printf("%d\n", age->as_int32());
  std::printf("%s\n", bson::to_json(ada.view()).c_str());
  return bson::from_json(R"({"name": "Ada", "age": 36, "tags": ["admin", "staff"]})") == ada ? 0
                                                                                             : 1;
}
// [/document]
