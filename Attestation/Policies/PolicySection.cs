using System.Text.Json;

namespace Verathos.Attestation.Policies;

/// <summary>An object of a policy, whose members are taken one by one: what is left is unknown. Every error is collected.</summary>
internal sealed class PolicySection
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly JsonElement _element;
    private readonly string _path;
    private readonly List<string> _errors;

    private PolicySection(JsonElement element, string path, List<string> errors)
    {
        _element = element;
        _path = path;
        _errors = errors;
    }

    /// <summary>Opens an object; null, and an error, where it is none.</summary>
    public static PolicySection? Open(JsonElement element, string path, List<string> errors)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            return new PolicySection(element, path, errors);
        }

        errors.Add($"{(path.Length == 0 ? "the policy" : path)}: a JSON object is required");
        return null;
    }

    /// <summary>The member of that name, unread.</summary>
    public JsonElement? Take(string name)
    {
        _taken.Add(name);
        return _element.TryGetProperty(name, out JsonElement value) ? value : null;
    }

    /// <summary>A section inside this object; null where it is absent or malformed.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="read">Takes its members.</param>
    public T? Inner<T>(string name, Func<PolicySection, T> read)
        where T : class
    {
        if (Take(name) is not { } element || Open(element, PathOf(name), _errors) is not { } section)
        {
            return null;
        }

        T value = read(section);
        section.Close();
        return value;
    }

    /// <summary>One line: a requirement, or a waiver with its reason.</summary>
    public PolicyField<T> Field<T>(string name, PolicyValues.Reader<T> read)
        where T : notnull
    {
        string line = PathOf(name);
        if (Take(name) is not { } element)
        {
            return Wrong<T>(line, "required, or {\"waived\": \"reason\"}");
        }

        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("waived", out JsonElement reason))
        {
            return reason.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(reason.GetString()) && element.GetPropertyCount() == 1
                ? PolicyField<T>.Waived(line, reason.GetString()!)
                : Wrong<T>(line, "a waiver is {\"waived\": \"reason\"} with a reason and nothing else");
        }

        return read(element, out T? value, out string problem) ? PolicyField<T>.Required(line, value!) : Wrong<T>(line, problem);
    }

    /// <summary>A line that lists accepted values of a fixed length, in hexadecimal.</summary>
    public PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> HexList(string name, int length) =>
        Field<IReadOnlyList<ReadOnlyMemory<byte>>>(name, PolicyValues.HexList(length));

    /// <summary>Reports the members that nobody took.</summary>
    public void Close()
    {
        foreach (JsonProperty property in _element.EnumerateObject())
        {
            if (!_taken.Contains(property.Name))
            {
                _errors.Add($"{PathOf(property.Name)}: unknown member");
            }
        }
    }

    private string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    // The value that is returned is never used: a policy with an error is none.
    private PolicyField<T> Wrong<T>(string line, string problem)
        where T : notnull
    {
        _errors.Add($"{line}: {problem}");
        return PolicyField<T>.Waived(line, "malformed");
    }
}
