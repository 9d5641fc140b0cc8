using System.Text.Json;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>Reads the members of a JSON object and remembers which were asked for. A null counts as absent.</summary>
/// <remarks>A member of another type than asked for is an <see cref="InvalidOperationException"/> or <see cref="FormatException"/>, a missing one a <see cref="KeyNotFoundException"/>.</remarks>
internal sealed class ConfigReader(JsonElement root)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>Ends reading because of a setting.</summary>
    /// <exception cref="ModelFormatException">The condition holds.</exception>
    public static void Refuse(bool condition, string what)
    {
        if (condition)
        {
            throw new ModelFormatException($"config.json has {what}, which this build does not support");
        }
    }

    /// <summary>Whether a member is there, null included.</summary>
    public bool Mentions(string name) => root.TryGetProperty(name, out _);

    public bool Has(string name) => Find(name) is not null;

    public string? Text(string name) => Find(name)?.GetString();

    public int Number(string name) => OptionalNumber(name) ?? throw new KeyNotFoundException($"{name} is missing");

    public int? OptionalNumber(string name) => Find(name)?.GetInt32();

    public double? Real(string name) => Find(name)?.GetDouble();

    public bool? Flag(string name) => Find(name)?.GetBoolean();

    /// <summary>Whether a member is there and says more than null, false, or an empty text, list or object.</summary>
    public bool IsSet(string name) => Find(name) is { } value && value.ValueKind switch
    {
        JsonValueKind.False => false,
        JsonValueKind.String => value.GetString()!.Length > 0,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    /// <summary>An array's elements as text.</summary>
    public IReadOnlyList<string>? List(string name) => Find(name) is { } array ? [.. array.EnumerateArray().Select(static e => e.ToString())] : null;

    /// <summary>An object's members.</summary>
    public ConfigReader? Object(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Object ? new ConfigReader(value) : throw new FormatException($"{name} is no object")
        : null;

    /// <summary>The first member with a value that was never asked for and is not in the list.</summary>
    public string? Unread(IReadOnlySet<string> ignored) => root.EnumerateObject()
        .Where(member => member.Value.ValueKind != JsonValueKind.Null && !_read.Contains(member.Name) && !ignored.Contains(member.Name))
        .Select(static member => member.Name).FirstOrDefault();

    private JsonElement? Find(string name)
    {
        _read.Add(name);
        return root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }
}
