// llama.cpp's next-token distributions through npm node-llama-cpp as a child process, for bench/Architectures.
//   {"model": "file.gguf", "ids": [..], "at": [..]}: "at" are positions in "ids" after which the distribution is wanted
//   {"answers": [{"at": 7, "best": 12, "logProbabilities": [..]}, ...]}
// Keys and values are kept in binary32.
import { getLlama } from "node-llama-cpp";
import { serve } from "./lines.mjs";

const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
let path, model, context, sequence;

async function open(modelPath) {
  await context?.dispose();
  await model?.dispose();
  model = await llama.loadModel({ modelPath, useMmap: false });
  context = await model.createContext({
    contextSize: 256,
    threads: 2,
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
  });
  sequence = context.getSequence();
  path = modelPath;
}

await serve(async (request) => {
  if (request.model !== path) await open(request.model);
  await sequence.clearHistory();
  const wanted = new Set(request.at);
  const evaluated = await sequence.controlledEvaluate(request.ids.map((id, position) => wanted.has(position)
    ? [id, { generateNext: { token: true, probabilities: true, options: { temperature: 0 } } }]
    : id));
  return {
    answers: request.at.map((at) => {
      const { token, probabilities } = evaluated[at].next;
      const logProbabilities = new Array(probabilities.size);
      for (const [id, probability] of probabilities) logProbabilities[id] = Math.log(probability);
      return { at, best: token, logProbabilities };
    }),
  };
});
