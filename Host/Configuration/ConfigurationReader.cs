using System.Text.Json;

namespace Verathos.Host.Configuration;

/// <summary>Reads a configuration file and reports every mistake in it at once.</summary>
public static class ConfigurationReader
{
    private static readonly Dictionary<string, ConfigurationField> Fields = ConfigurationFields.All.ToDictionary(field => field.Path);

    private static readonly HashSet<string> Sections =
        [.. ConfigurationFields.All.Where(field => field.Path.Contains('.', StringComparison.Ordinal)).Select(field => field.Path.Split('.')[0])];

    /// <summary>
    /// Reads the JSON text of a configuration file. Comments and trailing commas are allowed; unknown, repeated, mistyped and
    /// out-of-range members are not. Only the file's own form is checked; see <see cref="ConfigurationValidator"/> for the rest.
    /// </summary>
    /// <param name="json">The file's bytes, UTF-8.</param>
    /// <param name="configuration">What was read; members that the file does not name keep their defaults.</param>
    /// <param name="errors">Every mistake, each starting with the member's name.</param>
    /// <returns>True when there is no mistake.</returns>
    public static bool TryRead(ReadOnlyMemory<byte> json, out NodeConfiguration configuration, out IReadOnlyList<string> errors)
    {
        configuration = new NodeConfiguration();
        List<string> found = [];
        errors = found;
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 8 });
        }
        catch (JsonException problem)
        {
            found.Add($"line {problem.LineNumber + 1}: not JSON; see verathos config schema");
            return false;
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                found.Add("the file must hold one JSON object");
                return false;
            }

            configuration = ReadObject(document.RootElement, string.Empty, configuration, found);
        }

        return found.Count == 0;
    }

    private static NodeConfiguration ReadObject(JsonElement element, string prefix, NodeConfiguration configuration, List<string> errors)
    {
        HashSet<string> seen = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            string path = prefix + member.Name;
            if (!seen.Add(member.Name))
            {
                errors.Add($"{path}: given twice");
            }
            else if (prefix.Length == 0 && member.Name == "$schema")
            {
                continue;
            }
            else if (prefix.Length == 0 && Sections.Contains(member.Name))
            {
                if (member.Value.ValueKind != JsonValueKind.Object)
                {
                    errors.Add($"{path}: must be an object");
                }
                else
                {
                    configuration = ReadObject(member.Value, path + ".", configuration, errors);
                }
            }
            else if (!Fields.TryGetValue(path, out ConfigurationField? field))
            {
                errors.Add($"{path}: no such member{Suggest(path)}");
            }
            else if (TryReadValue(field, path, member.Value, errors, out object? value))
            {
                configuration = field.Set(configuration, value);
            }
        }

        return configuration;
    }

    private static bool TryReadValue(ConfigurationMember field, string path, JsonElement element, List<string> errors, out object value)
    {
        value = string.Empty;
        string? error = null;
        switch (field.Kind)
        {
            case FieldKind.Whole when element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out long number):
                value = number;
                error = number < field.Minimum || number > field.Maximum ? $"must be from {field.Minimum} to {field.Maximum}" : null;
                break;
            case FieldKind.Whole:
                error = "must be a whole number";
                break;
            case FieldKind.Flag when element.ValueKind is JsonValueKind.True or JsonValueKind.False:
                value = element.GetBoolean();
                break;
            case FieldKind.Flag:
                error = "must be true or false";
                break;
            case FieldKind.Text when element.ValueKind == JsonValueKind.String:
                string text = element.GetString()!;
                value = text;
                error = text.Length == 0 ? "must not be empty; leave the member out instead" : null;
                if (field.Choices is { } choices && !choices.Contains(text))
                {
                    error = $"must be one of {string.Join(", ", choices)}";
                }

                break;
            case FieldKind.Text:
                error = "must be a text";
                break;
            case FieldKind.TextList when element.ValueKind == JsonValueKind.Array
                && element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && item.GetString()!.Length > 0):
                value = element.EnumerateArray().Select(item => item.GetString()!).ToArray();
                break;
            case FieldKind.Models when element.ValueKind == JsonValueKind.Array && element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object):
                int mistakes = errors.Count;
                value = element.EnumerateArray().Select((item, i) => ReadModel(item, $"{path}[{i}]", errors)).ToArray();
                return errors.Count == mistakes;
            case FieldKind.Models:
                error = "must be a list of objects";
                break;
            default:
                error = "must be a list of texts";
                break;
        }

        if (error is not null)
        {
            errors.Add($"{path}: {error}");
        }

        return error is null;
    }

    private static ModelConfiguration ReadModel(JsonElement element, string place, List<string> errors)
    {
        ModelConfiguration model = new();
        HashSet<string> seen = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            string path = $"{place}.{member.Name}";
            if (!seen.Add(member.Name))
            {
                errors.Add($"{path}: given twice");
            }
            else if (ModelField.All.FirstOrDefault(field => field.Path == member.Name) is not { } field)
            {
                errors.Add($"{path}: no such member; there are {string.Join(", ", ModelField.All.Select(static known => known.Path))}");
            }
            else if (TryReadValue(field, path, member.Value, errors, out object? value))
            {
                model = field.Set(model, value);
            }
        }

        if (!seen.Contains("path"))
        {
            errors.Add($"{place}.path: is missing");
        }

        return model;
    }

    private static string Suggest(string path)
    {
        string? near = Fields.Keys.Concat(Sections)
            .FirstOrDefault(known => string.Equals(Fold(known), Fold(path), StringComparison.OrdinalIgnoreCase))
            ?? Fields.Keys.FirstOrDefault(known => known.EndsWith("." + path, StringComparison.OrdinalIgnoreCase));
        return near is null ? string.Empty : $"; did you mean {near}?";
    }

    private static string Fold(string path) => path.Replace("_", string.Empty, StringComparison.Ordinal).Replace("-", string.Empty, StringComparison.Ordinal);
}
