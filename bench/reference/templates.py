# Python's Jinja2 as a child process, for bench/Templates: set up as Hugging Face's library sets it up for chat templates.
import base64
import json
import sys

from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment


def refuse(message):
    raise TemplateError(message)


def answer(request):
    global template
    if "open" in request:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
        environment.filters["tojson"] = lambda value, indent=None, ensure_ascii=False: json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)
        environment.globals["raise_exception"] = refuse
        template = environment.from_string(request["open"])
        return {}
    messages = [{"role": role, "content": base64.b64decode(content).decode("utf-16-le")} for role, content in request["messages"]]
    try:
        return {"text": base64.b64encode(template.render(messages=messages, **request["names"]).encode("utf-16-le")).decode()}
    except Exception as e:
        return {"failed": str(e)}


for line in sys.stdin:
    try:
        result = answer(json.loads(line))
    except Exception as e:
        result = {"error": str(e)}
    print(json.dumps(result), flush=True)
