using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using static Verathos.Fingerprint.Constraints.GrammarBuilder;

namespace Verathos.Fingerprint.Constraints;

/// <summary>
/// Turns a JSON Schema (draft 2020-12, the keywords named below) into rules. A keyword that is not honoured is refused by name:
/// ignoring it would promise what the answer does not keep.
/// </summary>
internal sealed class SchemaCompiler
{
    private const int MaximumDepth = 32;
    private const int MaximumCount = 2048;
    private static readonly string[] Types = ["object", "array", "string", "number", "boolean", "null"];
    private static readonly HashSet<string> Annotations = ["title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "definitions", "deprecated", "readOnly", "writeOnly"];
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly GrammarBuilder _builder;
    private readonly JsonRules _json;
    private readonly JsonElement _root;
    private readonly Dictionary<string, int> _references = [];

    public SchemaCompiler(GrammarBuilder builder, JsonRules json, JsonElement root) => (_builder, _json, _root) = (builder, json, root);

    /// <summary>The rule of the whole schema.</summary>
    /// <exception cref="GrammarException">A keyword is not supported or has no sense.</exception>
    public int Compile() => Reference("#", "", 0);

    private int Compile(JsonElement schema, string at, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new GrammarException(at, $"it is nested more than {MaximumDepth} deep");
        }

        if (schema.ValueKind == JsonValueKind.True)
        {
            return _json.Value;
        }

        if (schema.ValueKind != JsonValueKind.Object)
        {
            throw new GrammarException(at, schema.ValueKind == JsonValueKind.False ? "nothing satisfies false" : "a schema is an object or true");
        }

        string[] keywords = [.. schema.EnumerateObject().Select(static member => member.Name).Where(static name => !Annotations.Contains(name))];
        if (schema.TryGetProperty("$ref", out JsonElement reference))
        {
            Alone("$ref", keywords, at);
            return Reference(Text(reference, at + "/$ref"), at, depth + 1);
        }

        if (schema.TryGetProperty("anyOf", out JsonElement choices))
        {
            Alone("anyOf", keywords, at);
            return AnyOf(choices, at + "/anyOf", depth);
        }

        if (schema.TryGetProperty("const", out JsonElement constant))
        {
            Alone("const", [.. keywords.Where(static keyword => keyword != "type")], at);
            return Constants([constant], ReadTypes(schema, at), at + "/const");
        }

        if (schema.TryGetProperty("enum", out JsonElement values))
        {
            Alone("enum", [.. keywords.Where(static keyword => keyword != "type")], at);
            return values.ValueKind == JsonValueKind.Array
                ? Constants([.. values.EnumerateArray()], ReadTypes(schema, at), at + "/enum")
                : throw new GrammarException(at + "/enum", "it must be an array");
        }

        return Typed(schema, keywords, at, depth);
    }

    private int Typed(JsonElement schema, string[] keywords, string at, int depth)
    {
        foreach (string keyword in keywords)
        {
            if (keyword is not ("type" or "properties" or "required" or "additionalProperties" or "items" or "minItems" or "maxItems" or "minLength" or "maxLength"))
            {
                throw new GrammarException($"{at}/{Shown(keyword)}", "this build does not honour the keyword and will not ignore it");
            }
        }

        int rule = _builder.NewRule();
        foreach (string type in ReadTypes(schema, at))
        {
            _builder.Add(rule, type switch
            {
                "object" => Object(schema, at, depth),
                "array" => Array(schema, at, depth),
                "string" => String(schema, at),
                "number" => _json.Number,
                "integer" => _json.Integer,
                "boolean" => _json.Boolean,
                _ => _json.Null,
            });
        }

        return rule;
    }

    private int Object(JsonElement schema, string at, int depth)
    {
        bool closed = schema.TryGetProperty("additionalProperties", out JsonElement additional) && additional.ValueKind == JsonValueKind.False;
        int Other() => additional.ValueKind is JsonValueKind.Undefined or JsonValueKind.True ? _json.Value : Compile(additional, at + "/additionalProperties", depth + 1);
        HashSet<string> required = Required(schema, at);
        List<(string Name, int Value)> members = [];
        if (schema.TryGetProperty("properties", out JsonElement properties))
        {
            if (properties.ValueKind != JsonValueKind.Object)
            {
                throw new GrammarException(at + "/properties", "it must be an object");
            }

            foreach (JsonProperty property in properties.EnumerateObject())
            {
                // A place, not the name: an error says nothing of a schema's own words.
                members.Add((property.Name, Compile(property.Value, $"{at}/properties/{members.Count}", depth + 1)));
            }
        }

        foreach (string name in required.Where(name => !members.Exists(member => member.Name == name)).Order(StringComparer.Ordinal).ToArray())
        {
            members.Add(closed ? throw new GrammarException(at + "/required", "it names what additionalProperties excludes") : (name, Other()));
        }

        if (members.Count == 0)
        {
            return closed
                ? _builder.NewRule([Byte('{'), _json.Space, Byte('}')])
                : additional.ValueKind is JsonValueKind.Undefined or JsonValueKind.True
                    ? _json.Object
                    : _builder.NewRule([Byte('{'), _json.Space, _json.Members(Other()), Byte('}')]);
        }

        return _builder.NewRule([Byte('{'), _json.Space, Named(members, required), Byte('}')]);
    }

    /// <summary>The members in their order; those that are not required may be left out. Beyond them nothing is written, which every schema allows.</summary>
    private int Named(List<(string Name, int Value)> members, HashSet<string> required)
    {
        int empty = _builder.NewRule([[]]);
        (int first, int later) = (empty, empty);
        for (int i = members.Count - 1; i >= 0; i--)
        {
            (string name, int value) = members[i];
            int[] pair = [.. Literal(Encode(name)), Byte(':'), _json.Space, value, _json.Space, later];
            int nextFirst = _builder.NewRule(pair);
            int nextLater = _builder.NewRule([Byte(','), _json.Space, .. pair]);
            if (!required.Contains(name))
            {
                _builder.Add(nextFirst, first);
                _builder.Add(nextLater, later);
            }

            (first, later) = (nextFirst, nextLater);
        }

        return first;
    }

    private static HashSet<string> Required(JsonElement schema, string at)
    {
        if (!schema.TryGetProperty("required", out JsonElement list))
        {
            return [];
        }

        return list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(name => Text(name, at + "/required"))]
            : throw new GrammarException(at + "/required", "it must be an array of names");
    }

    private int Array(JsonElement schema, string at, int depth)
    {
        int item = schema.TryGetProperty("items", out JsonElement items) ? Compile(items, at + "/items", depth + 1) : _json.Value;
        (int least, int? most) = Bounds(schema, "minItems", "maxItems", at);
        return _builder.NewRule([Byte('['), _json.Space, _json.Items(item, least, most)]);
    }

    private int String(JsonElement schema, string at)
    {
        (int least, int? most) = Bounds(schema, "minLength", "maxLength", at);
        return (least, most) == (0, null) ? _json.String : _builder.NewRule([Byte('"'), _json.StringTail(least, most)]);
    }

    private static (int Least, int? Most) Bounds(JsonElement schema, string least, string most, string at)
    {
        int from = Bound(schema, least, at) ?? 0;
        int? to = Bound(schema, most, at);
        return to < from ? throw new GrammarException($"{at}/{most}", $"it is below {least}") : (from, to);
    }

    private static int? Bound(JsonElement schema, string keyword, string at)
    {
        if (!schema.TryGetProperty(keyword, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int bound) && bound is >= 0 and <= MaximumCount
            ? bound
            : throw new GrammarException($"{at}/{keyword}", $"it must be a whole number from 0 to {MaximumCount}");
    }

    private int AnyOf(JsonElement choices, string at, int depth)
    {
        if (choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
        {
            throw new GrammarException(at, "it must be an array of at least one schema");
        }

        int rule = _builder.NewRule();
        int index = 0;
        foreach (JsonElement choice in choices.EnumerateArray())
        {
            _builder.Add(rule, Compile(choice, $"{at}/{index++}", depth + 1));
        }

        return rule;
    }

    private int Constants(JsonElement[] values, string[] types, string at)
    {
        int rule = _builder.NewRule();
        int allowed = 0;
        foreach (JsonElement value in values.Where(value => types.Any(type => Is(value, type))))
        {
            _builder.Add(rule, Literal(Encode(value)));
            allowed++;
        }

        return allowed > 0 ? rule : throw new GrammarException(at, "no value of it has the schema's type");
    }

    private int Reference(string pointer, string at, int depth)
    {
        if (_references.TryGetValue(pointer, out int rule))
        {
            return rule;
        }

        rule = _builder.NewRule();
        _references[pointer] = rule;
        _builder.Add(rule, Compile(Find(pointer, at), pointer.TrimStart('#'), depth));
        return rule;
    }

    // A JSON pointer in the same schema (RFC 6901).
    private JsonElement Find(string pointer, string at)
    {
        if (pointer != "#" && !pointer.StartsWith("#/", StringComparison.Ordinal))
        {
            throw new GrammarException(at + "/$ref", "it must point into the same schema, such as #/$defs/name");
        }

        JsonElement found = _root;
        foreach (string part in pointer.Split('/').Skip(1))
        {
            string name = part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            JsonElement next = default;
            bool exists = found.ValueKind == JsonValueKind.Object
                ? found.TryGetProperty(name, out next)
                : found.ValueKind == JsonValueKind.Array && int.TryParse(name, out int index) && index >= 0 && index < found.GetArrayLength() && (next = found[index]).ValueKind != JsonValueKind.Undefined;
            found = exists ? next : throw new GrammarException(at + "/$ref", "it points at nothing");
        }

        return found;
    }

    private static string[] ReadTypes(JsonElement schema, string at)
    {
        if (!schema.TryGetProperty("type", out JsonElement type))
        {
            return Types;
        }

        string[] names = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(name => Text(name, at + "/type"))] : [Text(type, at + "/type")];
        return names.Length > 0 && names.All(static name => name == "integer" || Types.Contains(name))
            ? names
            : throw new GrammarException(at + "/type", "it must be one of JSON's types, or an array of them");
    }

    private static bool Is(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetDecimal(out decimal number) && decimal.IsInteger(number)),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        _ => type == "null",
    };

    private static void Alone(string keyword, string[] keywords, string at)
    {
        if (keywords.Length > 1)
        {
            throw new GrammarException($"{at}/{Shown(keywords.First(other => other != keyword))}", $"this build does not honour it beside {keyword}");
        }
    }

    private static string Text(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new GrammarException(at, "it must be text");

    private static string Shown(string keyword) => keyword.Length <= 40 ? keyword : keyword[..40];

    private static byte[] Encode(string text)
    {
        ArrayBufferWriter<byte> buffer = new(64);
        using (Utf8JsonWriter writer = new(buffer, Writing))
        {
            writer.WriteStringValue(text);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Encode(JsonElement value)
    {
        ArrayBufferWriter<byte> buffer = new(64);
        using (Utf8JsonWriter writer = new(buffer, Writing))
        {
            value.WriteTo(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }
}
