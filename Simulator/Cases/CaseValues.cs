using System.Globalization;
using System.Text.Json;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Cases;

/// <summary>Reads the values that changes have, and applies changes by their names.</summary>
internal static class CaseValues
{
    public static bool TryApply<T>(
        T spec, JsonElement change, Func<string, Func<T, JsonElement, T>?> find, IEnumerable<string> names, out T changed, out string? error)
    {
        changed = spec;
        error = null;
        foreach (JsonProperty property in change.EnumerateObject())
        {
            if (find(property.Name) is not { } apply)
            {
                error = $"{property.Name}: no such change; there are {string.Join(", ", names)}";
                return false;
            }

            try
            {
                changed = apply(changed, property.Value);
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentException or KeyNotFoundException or NullReferenceException)
            {
                error = $"{property.Name}: {property.Value.GetRawText()} does not fit: {e.Message}";
                return false;
            }
        }

        return true;
    }

    /// <summary>The beginning of the day so many days before a time.</summary>
    public static DateTimeOffset Day(DateTimeOffset at, int daysAgo) => new(at.AddDays(-daysAgo).UtcDateTime.Date, TimeSpan.Zero);

    public static string Text(JsonElement value) => value.GetString() ?? throw new FormatException("a string is required");

    public static SignatureFault Fault(JsonElement value) => Enum.Parse<SignatureFault>(Text(value));

    public static int Kem(JsonElement value) => Text(value) switch
    {
        "X25519" => 0x0020,
        "X-Wing" => 0x647A,
        var text when text.StartsWith("0x", StringComparison.Ordinal) => int.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        var text => throw new FormatException($"{text} is not a KEM"),
    };

    public static byte[] Hex(JsonElement value, int length)
    {
        byte[] bytes = Convert.FromHexString(Text(value));
        return bytes.Length == length ? bytes : throw new FormatException($"{2 * length} hexadecimal digits are required");
    }
}
