// llama.cpp for the engine's bench: one JSON request a line, one JSON answer a line.
//   {"op":"load","path":...,"threads":n,"sequences":n,"context":n}
//   {"op":"generate","prompts":[[ids]...],"tokens":n} -> {"first":[ms...],"last":[ms...],"counts":[n...]}
//     All prompts at once, each in a sequence of its own, greedy; times since the request was read.
import {getLlama} from "node-llama-cpp";
import {serve} from "./lines.mjs";

let model;
let settings;

// A context for one sequence and one for many: a single request pays nothing for the others.
const contexts = new Map();

async function places(count) {
    const sequences = count === 1 ? 1 : settings.sequences;
    if (!contexts.has(sequences)) {
        const context = await model.createContext({sequences, contextSize: settings.context, batchSize: 512, threads: settings.threads});
        contexts.set(sequences, Array.from({length: sequences}, () => context.getSequence()));
    }
    return contexts.get(sequences).slice(0, count);
}

async function generate(sequence, prompt, tokens, start) {
    let first = 0;
    let count = 0;
    for await (const _ of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
        count++;
        if (count === 1) {
            first = performance.now() - start;
        }
        if (count >= tokens) {
            break;
        }
    }
    return {first, last: performance.now() - start, count};
}

await serve(async (request) => {
    if (request.op === "load") {
        settings = request;
        const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: request.threads});
        model = await llama.loadModel({modelPath: request.path});
        return {};
    }
    const sequences = await places(request.prompts.length);
    const start = performance.now();
    const results = await Promise.all(request.prompts.map((prompt, i) => generate(sequences[i], prompt, request.tokens, start)));
    await Promise.all(sequences.map((sequence) => sequence.clearHistory()));
    return {first: results.map((r) => r.first), last: results.map((r) => r.last), counts: results.map((r) => r.count)};
});
process.exit(0);
