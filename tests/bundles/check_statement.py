"""Reads the statement beside a bundle with in-toto's own types, and holds it against the files.

    python check_statement.py dist/a.bundle
"""

import hashlib
import json
import pathlib
import sys

import google.protobuf.json_format as pb_json
import in_toto_attestation.predicates.provenance.v1.provenance_pb2 as slsa
import in_toto_attestation.v1.statement_pb2 as in_toto
from in_toto_attestation.v1.statement import Statement

bundle = pathlib.Path(sys.argv[1])
text = bundle.with_name(bundle.name + ".intoto.json").read_text()

# A field that the protocol does not have is an error here.
statement = pb_json.Parse(text, in_toto.Statement())
Statement.copy_from_pb(statement).validate()
provenance = pb_json.ParseDict(json.loads(text)["predicate"], slsa.Provenance())
assert statement.predicate_type == "https://slsa.dev/provenance/v1"
assert provenance.build_definition.build_type and provenance.run_details.builder.id
assert provenance.build_definition.resolved_dependencies[0].digest["gitCommit"]

named = {subject.name: subject.digest["sha256"] for subject in statement.subject}
found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in bundle.iterdir()}
assert named == found, (named, found)
