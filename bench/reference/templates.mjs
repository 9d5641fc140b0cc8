// npm @huggingface/jinja as a child process, for bench/Templates. Besides what it renders as it is, it answers what it renders
// once two of its differences from Python's Jinja2 are mended: strip, lstrip and rstrip ignore their argument and strip all
// white space, and an empty text equals false.
import { Environment, Interpreter, Template } from "@huggingface/jinja";
import { base64, serve, text } from "./lines.mjs";

const sample = new Environment().set("x", "");
const StringValue = sample.constructor;
const builtins = Object.getOwnPropertyDescriptor(StringValue.prototype, "builtins").get;
const FunctionValue = builtins.call(sample).get("strip").constructor;
const BooleanValue = new Environment().set("x", true).constructor;
let mends = false;

Object.defineProperty(StringValue.prototype, "builtins", {
  get() {
    const own = builtins.call(this);
    if (!mends) return own;
    const result = new Map(own);
    for (const [name, left, right] of [["strip", true, true], ["lstrip", true, false], ["rstrip", false, true]]) {
      result.set(name, new FunctionValue((args, scope) => {
        if (args.length === 0) return own.get(name).value(args, scope);
        const set = args[0].value;
        let start = 0;
        let end = this.value.length;
        while (left && start < end && set.includes(this.value[start])) ++start;
        while (right && end > start && set.includes(this.value[end - 1])) --end;
        return new StringValue(this.value.slice(start, end));
      }));
    }
    return result;
  },
});

const binary = Interpreter.prototype.evaluateBinaryExpression;
Interpreter.prototype.evaluateBinaryExpression = function (node, environment) {
  if (mends && (node.operator.value === "==" || node.operator.value === "!=")) {
    const texts = [node.left, node.right].filter((side) => this.evaluate(side, environment) instanceof StringValue);
    if (texts.length === 1) return new BooleanValue(node.operator.value === "!=");
  }
  return binary.call(this, node, environment);
};

let template;
const render = (names, mend) => {
  mends = mend;
  try {
    return { text: base64(template.render(structuredClone(names))) };
  } catch (e) {
    return { failed: String(e.message) };
  }
};

await serve((request) => {
  if (request.open) {
    template = new Template(request.open);
    return {};
  }
  const names = { ...request.names, messages: request.messages.map(([role, content]) => ({ role, content: text(content) })) };
  return { asItIs: render(names, false), mended: render(names, true) };
});
