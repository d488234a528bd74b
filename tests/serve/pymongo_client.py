"""What an application does with pymongo, on the server whose URI is given. Ends with an error at the first wrong answer."""
import sys
import threading

import pymongo
from pymongo import MongoClient, ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, WriteConcernError


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"found {found!r}, wanted {wanted!r}")


def raises(kind, code, call):
    try:
        call()
    except kind as error:
        equal(error.code, code)
        return
    raise AssertionError(f"no {kind.__name__}")


def crud(db):
    users = db.users
    users.insert_many([{"_id": i, "n": i % 7, "tags": ["a", "b"]} for i in range(500)])
    equal(users.estimated_document_count(), 500)
    equal(sum(1 for _ in users.find({"n": 3}, batch_size=10)), 71)
    equal([d["_id"] for d in users.find().sort("_id", -1).skip(2).limit(2)], [497, 496])
    equal(users.update_many({"n": 3}, {"$set": {"m": 1}}).modified_count, 71)
    equal(users.find_one_and_update({"_id": 1}, {"$inc": {"n": 10}}, return_document=ReturnDocument.AFTER)["n"], 11)
    equal(users.replace_one({"_id": 1000}, {"x": 1}, upsert=True).upserted_id, 1000)
    equal(users.delete_one({"_id": 1000}).deleted_count, 1)
    equal(sorted(users.distinct("n", {"_id": {"$gt": 1}})), list(range(7)))
    raises(DuplicateKeyError, 11000, lambda: users.insert_one({"_id": 1}))
    try:
        users.bulk_write([pymongo.InsertOne({"_id": 1}), pymongo.UpdateOne({"_id": 2}, {"$set": {"z": 1}})], ordered=False)
    except BulkWriteError as error:
        equal(error.details["nModified"], 1)
        equal([e["index"] for e in error.details["writeErrors"]], [0])
    raises(OperationFailure, 2, lambda: list(users.find({"a": {"$nonsense": 1}})))
    users.create_index([("n", 1), ("_id", -1)], name="by_n")
    equal(sorted(users.index_information()), ["_id_", "by_n"])
    users.drop_index("by_n")


def transactions(client, db):
    with client.start_session() as session:
        session.with_transaction(lambda s: (db.t.insert_one({"_id": 1}, session=s), db.t.insert_one({"_id": 2}, session=s)))
        session.start_transaction()
        db.t.insert_one({"_id": 3}, session=session)
        equal(db.t.find_one({"_id": 3}, session=session), {"_id": 3})
        equal(db.t.find_one({"_id": 3}), None)
        session.abort_transaction()
    equal([d["_id"] for d in db.t.find()], [1, 2])


def many_writers(client, db):
    def add():
        for _ in range(25):
            with client.start_session() as session:
                session.with_transaction(add_one)

    def add_one(session):
        found = db.sums.find_one({"_id": 0}, session=session)
        db.sums.update_one({"_id": 0}, {"$set": {"n": found["n"] + 1}}, session=session)

    db.sums.insert_one({"_id": 0, "n": 0})
    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(db.sums.find_one()["n"], 100)


def changes(db):
    with db.watched.watch() as stream:
        db.watched.insert_one({"_id": 1})
        db.watched.update_one({"_id": 1}, {"$set": {"a": 1}})
        equal([next(stream)["operationType"] for _ in range(2)], ["insert", "update"])
        token = stream.resume_token
        db.watched.delete_one({"_id": 1})
    with db.watched.watch(resume_after=token) as stream:
        equal(next(stream)["operationType"], "delete")


def cluster_times(client, db):
    with client.start_session(causal_consistency=True) as session:
        db.times.insert_one({"_id": 1}, session=session)
        wrote = session.operation_time
        assert wrote is not None and session.cluster_time["clusterTime"] >= wrote
        equal(db.times.find_one(session=session), {"_id": 1})  # sent with afterClusterTime
        with client.start_session() as other:
            other.advance_cluster_time(session.cluster_time)
            other.advance_operation_time(session.operation_time)
            equal(db.times.count_documents({}, session=other), 1)
    with client.start_session(snapshot=True) as session:
        equal(sorted(db.times.distinct("_id", session=session)), [1])
        db.times.insert_one({"_id": 2})
        equal([d["_id"] for d in db.times.find(session=session)], [1])
        equal([d["_id"] for d in db.times.aggregate([{"$sort": {"_id": 1}}], session=session)], [1])
    equal(db.times.count_documents({}), 2)
    with db.times.watch(start_at_operation_time=wrote) as stream:
        event = next(stream)
        equal((event["documentKey"], event["clusterTime"]), ({"_id": 1}, wrote))


def write_concerns(db):
    both = db.get_collection("both", write_concern=pymongo.WriteConcern(w=2, wtimeout=50))
    raises(WriteConcernError, 100, lambda: both.insert_one({"_id": 1}))
    equal(db.both.count_documents({}), 1)
    raises(WriteConcernError, 79, lambda: db.get_collection("both", write_concern=pymongo.WriteConcern(w="backup")).drop())


def unacknowledged(client, db):
    quiet = db.get_collection("quiet", write_concern=pymongo.WriteConcern(w=0))
    quiet.insert_one({"_id": 1})
    quiet.insert_many([{"_id": i} for i in range(2, 50)])
    for _ in range(200):
        if db.quiet.estimated_document_count() == 49:
            return
    raise AssertionError("unacknowledged writes did not come")


def about_the_server(client):
    equal(client.server_info()["version"].split(".")[:2], ["8", "2"])
    equal(client.topology_description.topology_type_name, "ReplicaSetWithPrimary")
    assert "app" in client.list_database_names()
    equal(client.admin.command("ping")["ok"], 1.0)
    raises(OperationFailure, 59, lambda: client.admin.command("atlasVersion"))


def main():
    with MongoClient(sys.argv[1], serverSelectionTimeoutMS=10000) as client:
        db = client.app
        crud(db)
        transactions(client, db)
        many_writers(client, db)
        changes(db)
        cluster_times(client, db)
        write_concerns(db)
        unacknowledged(client, db)
        about_the_server(client)
        client.drop_database("app")
        equal([n for n in client.list_database_names() if n not in ("admin", "config", "local")], [])


main()
