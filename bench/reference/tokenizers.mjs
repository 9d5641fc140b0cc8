// npm @huggingface/tokenizers as a child process, for bench/Tokenizers.
import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
import { base64, serve, text } from "./lines.mjs";

let tokenizer;
const encode = (value) => tokenizer.encode(value, { add_special_tokens: false }).ids;

await serve((request) => {
  if (request.open) {
    tokenizer = new Tokenizer(JSON.parse(readFileSync(request.open, "utf8")), {});
    return {};
  }
  if (request.time) {
    const texts = request.time.map(text);
    const start = performance.now();
    for (const value of texts) encode(value);
    return { seconds: (performance.now() - start) / 1000 };
  }
  const ids = encode(text(request.text));
  const decoded = ids.length === 0 ? "" : tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  return { ids, text: base64(decoded) };
});
