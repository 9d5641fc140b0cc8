// Writes GpuRuntime/Tokenizers/composition.bin, the tables of Unicode's normalization form C, from what this JavaScript engine
// knows: node bench/reference/unicode.mjs FILE
import { writeFileSync } from "node:fs";

// One mark of each canonical combining class, the classes in ascending order (UnicodeData.txt, field 3).
const classes = [0x334, 0x16ff0, 0x93c, 0x3099, 0x94d, 0x5b0, 0x5b1, 0x5b2, 0x5b3, 0x5b4, 0x5b5, 0x5b6, 0x5b7, 0x5b8, 0x5b9, 0x5bb, 0x5bc, 0x5bd, 0x5bf, 0x5c1, 0x5c2, 0xfb1e, 0x64b, 0x64c, 0x64d, 0x618, 0x619, 0x61a, 0x651, 0x652, 0x670, 0x711, 0xc55, 0xc56, 0xe38, 0xe48, 0xeb8, 0xec8, 0xf71, 0xf72, 0xf74, 0x321, 0x1dce, 0x31b, 0x1dfa, 0x316, 0x59a, 0x302e, 0x1d16d, 0x5ae, 0x300, 0x315, 0x35c, 0x35d, 0x345];
const all = [];
for (let c = 0xa0; c < 0x110000; c++) if ((c < 0xd800 || c > 0xdfff) && !(c >= 0xac00 && c <= 0xd7a3)) all.push(c);
const text = (...points) => String.fromCodePoint(...points);
const points = (s) => Array.from(s, (x) => x.codePointAt(0));

// Whether two marks after a letter change places when they are put in order.
const swaps = (a, b) => points(text(0x78, a, b).normalize("NFD"))[1] !== a;

const decompositions = [];
const compositions = [];
const marks = [];
for (const c of all) {
  const full = points(text(c).normalize("NFD"));
  if (full.length > 1 || full[0] !== c) {
    decompositions.push([c, full]);
    if (full.length > 1 && text(c).normalize("NFC") === text(c)) {
      const first = points(text(...full.slice(0, -1)).normalize("NFC"));
      const last = full[full.length - 1];
      if (first.length !== 1 || text(first[0], last).normalize("NFC") !== text(c)) throw new Error(c.toString(16));
      compositions.push([first[0], last, c]);
    }
  } else if (/\p{M}/u.test(text(c))) {
    // The class is the number of representatives that go before the mark, the mark's own among them; 0 where none changes places.
    const before = classes.filter((r) => swaps(c, r)).length;
    const after = classes.filter((r) => swaps(r, c)).length;
    if (before + after > 0) marks.push([c, before + 1]);
  }
}

const words = [Number(process.versions.unicode.split(".")[0]), decompositions.length, compositions.length, marks.length];
for (const [c, full] of decompositions) words.push(c, full.length, ...full);
for (const entry of [...compositions, ...marks]) words.push(...entry);
writeFileSync(process.argv[2], Buffer.from(Uint32Array.from(words).buffer));
console.log(`Unicode ${process.versions.unicode}: ${decompositions.length} decompositions, ${compositions.length} compositions, ${marks.length} marks`);
