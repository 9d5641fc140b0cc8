using System.Text.Json;

namespace Verathos.Enclave.OpenAi;

/// <summary>Single values of a body.</summary>
internal static class ApiValues
{
    /// <summary>A member's name as an error shows it: never longer than a name needs to be.</summary>
    public static string Shown(string name) => name.Length <= 64 ? name : string.Concat(name.AsSpan(0, 64), "...");

    public static ApiError? Only(string name, bool isDefault, string why) => isDefault ? null : ApiError.Unsupported(name, why);

    public static bool IsNumber(JsonElement value, int expected) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) && number == expected;

    public static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };

    public static bool IsTextFormat(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.GetPropertyCount() == 1 &&
        value.TryGetProperty("type"u8, out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("text"u8);

    public static ApiError Wrong(string name, string must) =>
        ApiError.Invalid("invalid_parameter", name, $"The parameter '{name}' must be {must}.");

    public static ApiError? Text(string name, JsonElement value, out string? text)
    {
        text = null;
        if (value.ValueKind != JsonValueKind.String)
        {
            return Wrong(name, "a string");
        }

        text = value.GetString();
        return null;
    }

    public static ApiError? Flag(string name, JsonElement value, out bool flag)
    {
        flag = value.ValueKind == JsonValueKind.True;
        return flag || value.ValueKind == JsonValueKind.False ? null : Wrong(name, "true or false");
    }

    public static ApiError? Integer(string name, JsonElement value, int least, int most, out int number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number) && number >= least && number <= most
            ? null
            : Wrong(name, most == int.MaxValue ? $"a whole number of at least {least}" : $"a whole number from {least} to {most}");
    }

    // Decimal keeps what the client wrote; a double would move the millionths of values such as 0.1 + 0.2.
    public static ApiError? Micro(string name, JsonElement value, uint least, uint most, out uint micro)
    {
        micro = 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) &&
            number >= 0 && number <= most / 1_000_000m)
        {
            micro = (uint)decimal.Round(number * 1_000_000m, MidpointRounding.ToEven);
            if (micro >= least)
            {
                return null;
            }
        }

        return Wrong(name, least == 0 ? $"a number from 0 to {most / 1_000_000}" : $"a number above 0 and at most {most / 1_000_000}");
    }

    /// <summary>A number from -2 to 2 in millionths.</summary>
    public static ApiError? Penalty(string name, JsonElement value, out int micro)
    {
        micro = 0;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDecimal(out decimal number) || number is < -2 or > 2)
        {
            return Wrong(name, "a number from -2 to 2");
        }

        micro = (int)decimal.Round(number * 1_000_000m, MidpointRounding.ToEven);
        return null;
    }
}
