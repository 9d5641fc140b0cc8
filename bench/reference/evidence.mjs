// npm @phala/dcap-qvl (JavaScript) and @phala/dcap-qvl-web (its Rust as WebAssembly) as a child process, for bench/Evidence.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { serve } from "./lines.mjs";
import qvl from "@phala/dcap-qvl";
import { initSync, js_verify } from "@phala/dcap-qvl-web";

const wasm = createRequire(import.meta.url).resolve("@phala/dcap-qvl-web").replace(/dcap-qvl-web\.js$/, "dcap-qvl-web_bg.wasm");
initSync({ module: readFileSync(wasm) });

let quote, collateral, at, root;
const verifiers = {
  js: () => (root ? qvl.QuoteVerifier.newWithRootCa(root) : new qvl.QuoteVerifier()).verify(quote, collateral, at).status,
  web: () => js_verify(quote, collateral, BigInt(at)).status,
};

await serve((request) => {
  if (request.quote) {
    quote = Buffer.from(request.quote, "base64");
    collateral = JSON.parse(Buffer.from(request.collateral, "base64").toString("utf8"));
    at = request.at;
    root = request.root ? Buffer.from(request.root, "base64") : undefined;
    return {};
  }
  const verify = verifiers[request.verifier];
  let status;
  const start = performance.now();
  for (let i = 0; i < request.count; i++) status = verify();
  return { milliseconds: (performance.now() - start) / request.count, status: String(status) };
});
