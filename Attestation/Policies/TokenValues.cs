using System.Globalization;
using System.Text.Json;

namespace Verathos.Attestation.Policies;

/// <summary>Readers of the values that lines about tokens and Azure guests hold.</summary>
internal static class TokenValues
{
    private const int MaximumRules = 256;
    private const int Registers24 = 24;

    public static bool HclHardware(JsonElement element, out IReadOnlyList<string>? value, out string problem) =>
        PolicyValues.Words(element, out value, out problem, "SEV-SNP or TDX", static text => text is "SEV-SNP" or "TDX");

    public static bool MaaTypes(JsonElement element, out IReadOnlyList<string>? value, out string problem) =>
        PolicyValues.Words(element, out value, out problem, "sgx, sevsnpvm or tdxvm", static text => text is "sgx" or "sevsnpvm" or "tdxvm");

    public static bool Issuers(JsonElement element, out IReadOnlyList<string>? value, out string problem) =>
        PolicyValues.Words(element, out value, out problem, "an address such as https://sharedeus2.eus2.attest.azure.net", static text =>
            text.StartsWith("https://", StringComparison.Ordinal) && text.Length <= 200 && !text.EndsWith('/'));

    public static bool Measurements(JsonElement element, out IReadOnlyList<ReadOnlyMemory<byte>>? value, out string problem)
    {
        value = null;
        problem = "a list of at least one measurement, 64 or 96 hexadecimal digits, is required";
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() == 0)
        {
            return false;
        }

        List<ReadOnlyMemory<byte>> items = [];
        foreach (JsonElement item in element.EnumerateArray())
        {
            if (!PolicyValues.TryHex(item, 32, out ReadOnlyMemory<byte> bytes, out _) && !PolicyValues.TryHex(item, 48, out bytes, out _))
            {
                return false;
            }

            items.Add(bytes);
        }

        value = items;
        return true;
    }

    public static bool Registers(JsonElement element, out IReadOnlyDictionary<int, IReadOnlyList<ReadOnlyMemory<byte>>>? value, out string problem)
    {
        value = null;
        problem = "{\"0\": [hex], ...} is required: register numbers 0 to 23, each with a list of values of 64 hexadecimal digits";
        if (element.ValueKind != JsonValueKind.Object || element.GetPropertyCount() == 0)
        {
            return false;
        }

        Dictionary<int, IReadOnlyList<ReadOnlyMemory<byte>>> registers = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!int.TryParse(property.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) || index >= Registers24
                || !PolicyValues.HexList(32)(property.Value, out IReadOnlyList<ReadOnlyMemory<byte>>? accepted, out _)
                || !registers.TryAdd(index, accepted!))
            {
                return false;
            }
        }

        value = registers;
        return true;
    }

    public static bool Claims(JsonElement element, out IReadOnlyDictionary<string, ClaimRule>? value, out string problem)
    {
        value = null;
        problem = "{name: [accepted values], or name: {\"min\": n}} is required, with at least one name";
        if (element.ValueKind != JsonValueKind.Object || element.GetPropertyCount() is 0 or > MaximumRules)
        {
            return false;
        }

        Dictionary<string, ClaimRule> rules = new(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (Rule(property.Value) is not { } rule)
            {
                return false;
            }

            rules.Add(property.Name, rule);
        }

        value = rules;
        return true;
    }

    // The policy's document is gone once it is read, so what stays is copied.
    private static ClaimRule? Rule(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            return element.GetPropertyCount() == 1 && element.TryGetProperty("min", out JsonElement min) && min.ValueKind == JsonValueKind.Number
                && min.TryGetInt64(out long least) ? new ClaimRule([], least) : null;
        }

        return element.ValueKind == JsonValueKind.Array && element.GetArrayLength() > 0
            && element.EnumerateArray().All(item => item.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
                ? new ClaimRule([.. element.EnumerateArray().Select(item => item.Clone())], null)
                : null;
    }
}
