// An OpenID provider over TLS: node provider.mjs KEY CERTIFICATE KEY-SET-FILE. Prints `listening on URL`.
// Beside what a provider does it signs tokens with any claims, as CI providers do: POST /token {"iss","aud","claims"}, and
// GET /github?…&audience=A, which is what a GitHub job asks; its claims are set by PUT /github.
import { createServer } from "node:https";
import { readFileSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import Provider from "oidc-provider";
import { SignJWT, exportJWK, generateKeyPair } from "jose";

const [key, cert] = process.argv.slice(2, 4).map((path) => readFileSync(path));
const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
const named = { use: "sig", alg: "RS256", kid: "first" };
writeFileSync(process.argv[4], JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...named }] }));

const server = createServer({ key, cert });
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `https://localhost:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: "nobody", redirect_uris: ["https://localhost/callback"], token_endpoint_auth_method: "none" }],
  jwks: { keys: [{ ...(await exportJWK(privateKey)), ...named }] },
  cookies: { keys: ["of a test"] },
  features: { devInteractions: { enabled: false } },
});
const answers = provider.callback();
let job = {};

const token = ({ iss = issuer, aud, sub = "somebody", claims = {} }) =>
  new SignJWT({ sub, ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "first", typ: "JWT" })
    .setIssuer(iss).setAudience(aud).setIssuedAt().setNotBefore("0s").setExpirationTime("5m").setJti(randomUUID())
    .sign(privateKey);

const body = async (request) => {
  let text = "";
  for await (const piece of request) text += piece;
  return JSON.parse(text);
};

server.on("request", async (request, response) => {
  const url = new URL(request.url, issuer);
  const say = (value) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
  if (url.pathname === "/token") return say({ value: await token(await body(request)) });
  if (url.pathname === "/github" && request.method === "PUT") {
    job = await body(request);
    return say({});
  }
  if (url.pathname === "/github") {
    if (request.headers.authorization?.toLowerCase() !== "bearer of-the-job") return response.writeHead(401).end();
    return say({ value: await token({ ...job, aud: url.searchParams.get("audience") }) });
  }
  return answers(request, response);
});
process.stdout.write(`listening on ${issuer}\n`);
// Whoever started it is gone when its standard input ends.
process.stdin.resume().on("end", () => process.exit(0));
