// What somebody types into mongosh: create, insert, find, aggregate, indexes, explain.
const shop = db.getSiblingDB("shop");
const show = (what, value) => print(what + ": " + EJSON.stringify(value));
const fails = (what, call) => {
  try {
    call();
    print(what + ": no error");
  } catch (error) {
    print(what + ": " + error.codeName + " " + error.code);
  }
};

shop.dropDatabase();
show("create", shop.createCollection("items"));
show("insertOne", shop.items.insertOne({ _id: 1, name: "pen", price: 2, tags: ["ink", "blue"] }));
show("insertMany", shop.items.insertMany([
  { _id: 2, name: "book", price: 15, tags: ["paper"] },
  { _id: 3, name: "lamp", price: 40, tags: [] },
  { _id: 4, name: "cup", price: 7, added: ISODate("2024-01-02T03:04:05Z"), weight: NumberDecimal("0.350") },
]));
fails("duplicate", () => shop.items.insertOne({ _id: 1 }));
show("find", shop.items.find({ price: { $gt: 5 } }).sort({ price: -1 }).toArray());
show("projection", shop.items.find({}, { name: 1, _id: 0 }).sort({ name: 1 }).limit(2).toArray());
show("cursor", shop.items.find().batchSize(2).sort({ _id: 1 }).map((d) => d._id).toArray());
show("updateOne", shop.items.updateOne({ _id: 1 }, { $inc: { price: 1 }, $push: { tags: "new" } }));
show("updateMany", shop.items.updateMany({ price: { $lt: 10 } }, { $set: { cheap: true } }));
show("upsert", shop.items.replaceOne({ _id: 9 }, { name: "box" }, { upsert: true }));
show("findOneAndUpdate", shop.items.findOneAndUpdate({ _id: 2 }, { $set: { price: 16 } }, { returnDocument: "after" }));
show("deleteOne", shop.items.deleteOne({ _id: 9 }));
show("count", shop.items.countDocuments({ price: { $gte: 7 } }));
show("estimated", shop.items.estimatedDocumentCount());
show("distinct", shop.items.distinct("tags").sort());
show("aggregate", shop.items.aggregate([
  { $unwind: "$tags" }, { $group: { _id: "$tags", n: { $sum: 1 } } }, { $sort: { _id: 1 } },
]).toArray());
show("bulkWrite", shop.items.bulkWrite([
  { insertOne: { document: { _id: 10 } } },
  { updateOne: { filter: { _id: 10 }, update: { $set: { a: 1 } } } },
  { deleteOne: { filter: { _id: 10 } } },
]).deletedCount);
show("createIndex", shop.items.createIndex({ price: 1 }));
show("unique", shop.items.createIndex({ name: 1 }, { unique: true, name: "by_name" }));
show("getIndexes", shop.items.getIndexes());
fails("unique index", () => shop.items.insertOne({ name: "pen" }));
const plan = shop.items.find({ price: 3 }).explain("executionStats");
show("explain", [plan.ok, plan.executionStats.nReturned]);
show("dropIndex", shop.items.dropIndex("by_name").ok);
show("collections", shop.getCollectionNames().sort());
show("databases", db.adminCommand({ listDatabases: 1, nameOnly: true }).databases.map((d) => d.name).filter((n) => n === "shop"));
const session = db.getMongo().startSession();
session.startTransaction();
session.getDatabase("shop").items.insertOne({ _id: 20 });
session.abortTransaction();
show("aborted", shop.items.findOne({ _id: 20 }));
session.startTransaction();
session.getDatabase("shop").items.insertOne({ _id: 21 });
session.commitTransaction();
show("committed", shop.items.findOne({ _id: 21 }));
session.endSession();
fails("unknown operator", () => shop.items.find({ a: { $nonsense: 1 } }).toArray());
fails("unknown command", () => shop.runCommand({ nonsense: 1 }));
show("drop", shop.items.drop());
show("dropDatabase", shop.dropDatabase().ok);
