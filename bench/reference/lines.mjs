// Answers one JSON object a line with one JSON object a line; an exception becomes {"error"}.
import { createInterface } from "node:readline";

export async function serve(answer) {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    let result;
    try {
      result = await answer(JSON.parse(line));
    } catch (e) {
      result = { error: String(e?.message ?? e) };
    }
    process.stdout.write(JSON.stringify(result) + "\n");
  }
}

// Texts come as base64 of UTF-16, so that half a surrogate pair survives the way.
export const text = (base64) => Buffer.from(base64, "base64").toString("utf16le");
export const base64 = (value) => Buffer.from(value, "utf16le").toString("base64");
