using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Verathos.Host.Configuration;

/// <summary>The JSON Schema (draft 2020-12) of the configuration file, made from the same list that the reader uses.</summary>
public static class ConfigurationSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as indented JSON, with a line end.</summary>
    public static string Create()
    {
        NodeConfiguration defaults = new();
        JsonObject root = Section("Configuration of a Verathos node");
        JsonObject members = (JsonObject)root["properties"]!;
        members["$schema"] = new JsonObject { ["type"] = "string" };
        foreach (ConfigurationField field in ConfigurationFields.All)
        {
            string[] path = field.Path.Split('.');
            JsonObject owner = members;
            if (path.Length == 2)
            {
                if (members[path[0]] is not JsonObject section)
                {
                    members[path[0]] = section = Section(path[0] switch
                    {
                        "limits" => "What one client, and all clients together, may take.",
                        "timeouts" => "How long the node waits for what, in seconds.",
                        "engine" => "How much the engine in the enclave does at once.",
                        "openings" => "How long answers can be opened, and how often.",
                        _ => "Who the node is in a subnet. All three members, or none.",
                    });
                }

                owner = (JsonObject)section["properties"]!;
            }

            owner[path[^1]] = Describe(field, field.Get(defaults));
        }

        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        return root.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Section(string description) => new()
    {
        ["description"] = description,
        ["type"] = "object",
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject(),
    };

    private static JsonObject Describe(ConfigurationMember field, object? value)
    {
        JsonObject schema = new() { ["description"] = field.Description };
        switch (field.Kind)
        {
            case FieldKind.Whole:
                schema["type"] = "integer";
                schema["minimum"] = field.Minimum;
                schema["maximum"] = field.Maximum;
                if (value is long number)
                {
                    schema["default"] = number;
                }

                break;
            case FieldKind.Flag:
                schema["type"] = "boolean";
                schema["default"] = (bool)value!;
                break;
            case FieldKind.TextList:
                schema["type"] = "array";
                schema["items"] = new JsonObject { ["type"] = "string", ["minLength"] = 1 };
                schema["default"] = new JsonArray([.. ((IReadOnlyList<string>)value!).Select(item => JsonValue.Create(item))]);
                break;
            case FieldKind.Models:
                JsonObject item = Section("A model.");
                foreach (ModelField member in ModelField.All)
                {
                    item["properties"]![member.Path] = Describe(member, member.Get(new ModelConfiguration()));
                }

                item["required"] = new JsonArray("path");
                schema["type"] = "array";
                schema["maxItems"] = Protocol.Evidence.ModelSet.MaximumModels;
                schema["items"] = item;
                schema["default"] = new JsonArray();
                break;
            default:
                schema["type"] = "string";
                schema["minLength"] = 1;
                if (field.Choices is { } choices)
                {
                    schema["enum"] = new JsonArray([.. choices.Select(choice => JsonValue.Create(choice))]);
                }

                if (value is string text)
                {
                    schema["default"] = text;
                }

                break;
        }

        return schema;
    }
}
