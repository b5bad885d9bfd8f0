// An OpenID provider over TLS: node provider.mjs KEY CERTIFICATE. Prints `listening on URL`.
// Its one client is public, as `sigstore` is at Sigstore's own provider; it signs with ES256 and RS256 as it is asked.
import { createServer } from "node:https";
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";
import { exportJWK, generateKeyPair } from "jose";

const [key, cert] = process.argv.slice(2).map((path) => readFileSync(path));
const { privateKey } = await generateKeyPair("ES256", { extractable: true });
const jwk = { ...(await exportJWK(privateKey)), use: "sig", alg: "ES256", kid: "first" };

const server = createServer({ key, cert });
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `https://localhost:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: "sigstore",
    redirect_uris: ["http://127.0.0.1/callback"],
    application_type: "native",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code"],
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
  }],
  jwks: { keys: [jwk] },
  enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
  pkce: { required: () => true },
  cookies: { keys: ["of a test"] },
  // The address goes into the ID token itself, where an authority looks for it.
  conformIdTokenClaims: false,
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: true }),
  }),
  features: { devInteractions: { enabled: true } },
});
server.on("request", provider.callback());
process.stdout.write(`listening on ${issuer}\n`);
// Whoever started it is gone when its standard input ends.
process.stdin.resume().on("end", () => process.exit(0));
