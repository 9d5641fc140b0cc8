// llama.cpp's tokenizer through npm node-llama-cpp as a child process, for bench/Tokenizers.
import { getLlama } from "node-llama-cpp";
import { serve, text } from "./lines.mjs";

const llama = await getLlama({ gpu: false, build: "never", logLevel: "disabled" });
let model;
const encode = (value) => Array.from(model.tokenize(value, true));

await serve(async (request) => {
  if (request.open) {
    await model?.dispose();
    model = await llama.loadModel({ modelPath: request.open, vocabOnly: true });
    return {};
  }
  if (request.time) {
    const texts = request.time.map(text);
    const start = performance.now();
    for (const value of texts) encode(value);
    return { seconds: (performance.now() - start) / 1000 };
  }
  return { ids: encode(text(request.text)) };
});
