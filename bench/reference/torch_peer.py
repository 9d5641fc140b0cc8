# Hugging Face's transformers on PyTorch for the bench: one JSON request a line, one JSON answer a line, as llama.mjs has them.
#   {"op":"load","path":...,"threads":n,"type":"bfloat16","device":"cuda"}
#   {"op":"generate","prompts":[[ids]...],"tokens":n} -> {"first":[ms...],"last":[ms...],"counts":[n...]}
#     All prompts in one batch (they have one length), greedy; times since the request was read.
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM

model = None


def generate(prompts, tokens):
    start = time.perf_counter()
    with torch.inference_mode():
        out = model(torch.tensor(prompts, device=model.device), use_cache=True, logits_to_keep=1)
        chosen = out.logits[:, -1].argmax(-1, keepdim=True)
        chosen.tolist()
        first = (time.perf_counter() - start) * 1000
        for _ in range(tokens - 1):
            out = model(chosen, past_key_values=out.past_key_values, use_cache=True, logits_to_keep=1)
            chosen = out.logits[:, -1].argmax(-1, keepdim=True)
            chosen.tolist()
    last = (time.perf_counter() - start) * 1000
    return {"first": [first] * len(prompts), "last": [last] * len(prompts), "counts": [tokens] * len(prompts)}


def answer(request):
    global model
    if request["op"] == "load":
        torch.set_num_threads(request["threads"])
        model = AutoModelForCausalLM.from_pretrained(request["path"], dtype=getattr(torch, request["type"])).to(request["device"]).eval()
        return {}
    return generate(request["prompts"], request["tokens"])


for line in sys.stdin:
    try:
        result = answer(json.loads(line))
    except Exception as e:
        result = {"error": str(e)}
    print(json.dumps(result), flush=True)
