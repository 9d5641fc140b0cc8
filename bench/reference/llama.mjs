// Drives llama.cpp for the engine's bench: one JSON request a line on standard input, one JSON answer a line on standard output.
//   node llama.mjs MODEL.gguf THREADS SEQUENCES CONTEXT
// {"op":"generate","prompts":[[ids]...],"tokens":n} -> {"first":[ms...],"last":[ms...],"counts":[n...],"ids":[[..]...]}
//   All prompts at once, each in a sequence of its own, greedy; times since the request was read.
// {"op":"memory"} -> {"bytes":n} (the greatest resident memory so far)
import {createInterface} from "node:readline";
import {getLlama} from "node-llama-cpp";

const [path, threads, sequences, contextSize] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: threads});
const model = await llama.loadModel({modelPath: path});

// A context for one sequence and one for many: a single request pays nothing for the others.
const contexts = new Map();
async function sequencesOf(count) {
    const size = count === 1 ? 1 : sequences;
    if (!contexts.has(size)) {
        const context = await model.createContext({sequences: size, contextSize, batchSize: 512, threads});
        contexts.set(size, Array.from({length: size}, () => context.getSequence()));
    }
    return contexts.get(size).slice(0, count);
}

async function generate(sequence, prompt, tokens, start) {
    const ids = [];
    let first = 0;
    for await (const id of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
        if (ids.push(id) === 1) {
            first = performance.now() - start;
        }
        if (ids.length >= tokens) {
            break;
        }
    }
    return {first, last: performance.now() - start, ids};
}

async function answer(request) {
    switch (request.op) {
        case "generate": {
            const places = await sequencesOf(request.prompts.length);
            const start = performance.now();
            const results = await Promise.all(request.prompts.map((prompt, i) => generate(places[i], prompt, request.tokens, start)));
            await Promise.all(places.map((place) => place.clearHistory()));
            return {first: results.map((r) => r.first), last: results.map((r) => r.last), ids: results.map((r) => r.ids)};
        }
        case "memory":
            return {bytes: process.resourceUsage().maxRSS * 1024};
        default:
            throw new Error(`unknown operation ${request.op}`);
    }
}

process.stdout.write(JSON.stringify({ready: true}) + "\n");
for await (const line of createInterface({input: process.stdin})) {
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
}
process.exit(0);
