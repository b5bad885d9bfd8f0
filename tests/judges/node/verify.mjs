// Judges Sigstore bundles as npm does. Standard input: {"root": trusted root, "cases": [{"bundle", "artifact" (base64), "san", "issuer"}]}.
// Standard output: a JSON array with null for each case that is accepted, and what was said for each that is not.
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { Verifier, toSignedEntity, toTrustMaterial } from "@sigstore/verify";

const { root, cases } = JSON.parse(readFileSync(0, "utf8"));
const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(root)), {
  tlogThreshold: 1,
  ctlogThreshold: 1,
  timestampThreshold: 1,
});

function refusal({ bundle, artifact, san, issuer }) {
  try {
    const entity = toSignedEntity(bundleFromJSON(bundle), Buffer.from(artifact, "base64"));
    // It takes the name as a pattern.
    const name = "^" + san.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") + "$";
    verifier.verify(entity, { subjectAlternativeName: name, extensions: { issuer } });
    return null;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

process.stdout.write(JSON.stringify(cases.map(refusal)));
