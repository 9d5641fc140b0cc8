using System.Globalization;
using System.Text.Json;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Policies;

/// <summary>Readers of the values that policy fields hold.</summary>
internal static class PolicyValues
{
    public delegate bool Reader<T>(JsonElement element, out T? value, out string problem);

    private static readonly Dictionary<string, int> KemNumbers = new(StringComparer.Ordinal)
    {
        ["X25519"] = 0x0020,
        ["X-Wing"] = 0x647A,
    };

    public static bool Seconds(JsonElement element, out TimeSpan value, out string problem)
    {
        bool ok = Integer(element, out int seconds, out problem) && seconds > 0;
        value = TimeSpan.FromSeconds(seconds);
        problem = ok ? "" : "a positive whole number of seconds is required";
        return ok;
    }

    public static bool Integer(JsonElement element, out int value, out string problem)
    {
        value = 0;
        problem = "a whole number of at least 0 is required";
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value) && value >= 0;
    }

    public static bool TimeSources(JsonElement element, out IReadOnlyList<TimeSource>? value, out string problem) =>
        List(element, out value, out problem, "verifier, anchored or asserted", static text => text switch
        {
            "verifier" => TimeSource.Verifier,
            "anchored" => TimeSource.Anchored,
            "asserted" => TimeSource.Asserted,
            _ => (TimeSource?)null,
        });

    public static bool TcbStatuses(JsonElement element, out IReadOnlyList<TcbStatus>? value, out string problem) =>
        List(element, out value, out problem, "a status by Intel's name; Revoked is never accepted", static text =>
            Enum.TryParse(text, ignoreCase: false, out TcbStatus status) && status.ToString() == text
            && status is not (TcbStatus.Revoked or TcbStatus.NoMatch)
                ? status
                : null);

    public static bool Kems(JsonElement element, out IReadOnlyList<int>? value, out string problem) =>
        List(element, out value, out problem, "X25519 or X-Wing", static text => KemNumbers.TryGetValue(text, out int kem) ? kem : (int?)null);

    public static bool Topologies(JsonElement element, out IReadOnlyList<string>? value, out string problem) =>
        Words(element, out value, out problem, "in-process or split", static text => text is "in-process" or "split");

    public static bool GpuModes(JsonElement element, out IReadOnlyList<string>? value, out string problem) =>
        Words(element, out value, out problem, "SPT, MPT or PPCIE", static text => text is "SPT" or "MPT" or "PPCIE");

    public static bool Date(JsonElement element, out DateTimeOffset value, out string problem)
    {
        value = default;
        problem = "a time such as 2026-01-31T00:00:00Z is required";
        return element.ValueKind == JsonValueKind.String
            && DateTimeOffset.TryParseExact(element.GetString(), "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out value);
    }

    public static bool Recovery(JsonElement element, out TcbRecoveryRule? value, out string problem)
    {
        value = null;
        problem = "{\"graceDays\": n, \"deadlines\": {name: time}} is required, each name an advisory such as INTEL-SA-01192 or a TCB date such as 2025-05-14";
        if (element.ValueKind != JsonValueKind.Object || element.GetPropertyCount() != 2
            || !element.TryGetProperty("graceDays", out JsonElement days) || !Integer(days, out int grace, out _) || grace > 3660
            || !element.TryGetProperty("deadlines", out JsonElement list) || list.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        Dictionary<string, DateTimeOffset> advisories = new(StringComparer.Ordinal);
        Dictionary<DateTimeOffset, DateTimeOffset> dates = [];
        foreach (JsonProperty property in list.EnumerateObject())
        {
            if (!Date(property.Value, out DateTimeOffset end, out _))
            {
                return false;
            }

            if (DateTimeOffset.TryParseExact(property.Name, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date))
            {
                dates.Add(date, end);
            }
            else if (property.Name.StartsWith("INTEL-SA-", StringComparison.Ordinal) && !property.Name.AsSpan(9).ContainsAnyExceptInRange('0', '9') && property.Name.Length > 9)
            {
                advisories.Add(property.Name, end);
            }
            else
            {
                // A name that nothing ever has would be a deadline that never comes.
                return false;
            }
        }

        value = new TcbRecoveryRule(TimeSpan.FromDays(grace), advisories, dates);
        return true;
    }

    public static bool SnpProductList(JsonElement element, out IReadOnlyList<SnpProduct>? value, out string problem) =>
        List(element, out value, out problem, "Milan, Genoa or Turin", static text =>
            text is "Milan" or "Genoa" or "Turin" ? Enum.Parse<SnpProduct>(text) : (SnpProduct?)null);

    public static bool SnpSigningKeys(JsonElement element, out IReadOnlyList<SnpSigningKey>? value, out string problem) =>
        List(element, out value, out problem, "VCEK or VLEK", static text => text switch
        {
            "VCEK" => SnpSigningKey.Vcek,
            "VLEK" => SnpSigningKey.Vlek,
            _ => (SnpSigningKey?)null,
        });

    public static bool Vmpls(JsonElement element, out IReadOnlyList<int>? value, out string problem)
    {
        value = null;
        problem = "a list of at least one privilege level, 0 to 3, is required";
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() == 0)
        {
            return false;
        }

        List<int> levels = [];
        foreach (JsonElement item in element.EnumerateArray())
        {
            if (!Integer(item, out int level, out _) || level > 3)
            {
                return false;
            }

            levels.Add(level);
        }

        value = levels;
        return true;
    }

    public static bool Tcb(JsonElement element, out SnpTcb value, out string problem)
    {
        value = default;
        problem = "{\"bootLoader\", \"tee\", \"snp\", \"microcode\"}, each 0 to 255, is required; \"fmc\" may be added for Turin";
        if (element.ValueKind != JsonValueKind.Object || element.GetPropertyCount() is < 4 or > 5
            || !Svn(element, "bootLoader", out byte bootLoader) || !Svn(element, "tee", out byte tee) || !Svn(element, "snp", out byte snp)
            || !Svn(element, "microcode", out byte microcode))
        {
            return false;
        }

        byte? fmc = Svn(element, "fmc", out byte number) ? number : null;
        value = new SnpTcb(bootLoader, tee, snp, microcode, fmc);
        return fmc is not null == (element.GetPropertyCount() == 5);
    }

    public static bool Strings(JsonElement element, out IReadOnlyList<string>? value, out string problem) =>
        Words(element, out value, out problem, "a string of 1 to 100 characters", static text => text.Length is > 0 and <= 100);

    public static Reader<bool> Only(string word) => (JsonElement element, out bool value, out string problem) =>
    {
        value = element.ValueKind == JsonValueKind.String && element.ValueEquals(word);
        problem = value ? "" : $"\"{word}\" is the only requirement here; leaving it out is a waiver";
        return value;
    };

    public static Reader<ReadOnlyMemory<byte>> Hex(int length) => (JsonElement element, out ReadOnlyMemory<byte> value, out string problem) =>
        TryHex(element, length, out value, out problem);

    public static Reader<IReadOnlyList<ReadOnlyMemory<byte>>> HexList(int length) =>
        (JsonElement element, out IReadOnlyList<ReadOnlyMemory<byte>>? value, out string problem) =>
        {
            value = null;
            problem = $"a list of at least one string of {2 * length} hexadecimal digits is required";
            if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() == 0)
            {
                return false;
            }

            List<ReadOnlyMemory<byte>> items = [];
            foreach (JsonElement item in element.EnumerateArray())
            {
                if (!TryHex(item, length, out ReadOnlyMemory<byte> bytes, out string itemProblem))
                {
                    problem = itemProblem;
                    return false;
                }

                items.Add(bytes);
            }

            value = items;
            return true;
        };

    public static Reader<MaskedValue> Masked(int length) => (JsonElement element, out MaskedValue? value, out string problem) =>
    {
        value = null;
        problem = "{\"mask\": hex, \"value\": hex} is required, with no bit of the value outside the mask";
        if (element.ValueKind != JsonValueKind.Object || element.GetPropertyCount() != 2
            || !element.TryGetProperty("mask", out JsonElement mask) || !TryHex(mask, length, out ReadOnlyMemory<byte> maskBytes, out _)
            || !element.TryGetProperty("value", out JsonElement bits) || !TryHex(bits, length, out ReadOnlyMemory<byte> bitBytes, out _))
        {
            return false;
        }

        for (int i = 0; i < length; i++)
        {
            if ((bitBytes.Span[i] & ~maskBytes.Span[i]) != 0)
            {
                return false;
            }
        }

        value = new MaskedValue(maskBytes, bitBytes);
        return true;
    };

    public static Reader<CountRange> Range(int floor) => (JsonElement element, out CountRange? value, out string problem) =>
    {
        value = null;
        problem = $"{{\"min\": n, \"max\": m}} is required, with {floor} <= n <= m <= 64";
        if (element.ValueKind != JsonValueKind.Object || element.GetPropertyCount() != 2
            || !element.TryGetProperty("min", out JsonElement min) || !Integer(min, out int least, out _)
            || !element.TryGetProperty("max", out JsonElement max) || !Integer(max, out int most, out _)
            || least < floor || most < least || most > 64)
        {
            return false;
        }

        value = new CountRange(least, most);
        return true;
    };

    public static bool Subnet(JsonElement element, out SubnetRule? value, out string problem)
    {
        value = null;
        problem = "{\"genesisHash\": 64 hexadecimal digits, \"networkUid\": n} is required";
        if (element.ValueKind != JsonValueKind.Object || element.GetPropertyCount() != 2
            || !element.TryGetProperty("genesisHash", out JsonElement hash) || !TryHex(hash, 32, out ReadOnlyMemory<byte> genesis, out _)
            || !element.TryGetProperty("networkUid", out JsonElement uid) || !Integer(uid, out int number, out _))
        {
            return false;
        }

        value = new SubnetRule(genesis, (uint)number);
        return true;
    }

    private static bool Svn(JsonElement element, string name, out byte value)
    {
        value = 0;
        return element.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.Number && member.TryGetByte(out value);
    }

    public static bool Words(JsonElement element, out IReadOnlyList<string>? value, out string problem, string what, Func<string, bool> accept)
    {
        value = null;
        problem = $"a list of at least one value is required, each {what}";
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() == 0)
        {
            return false;
        }

        List<string> items = [];
        foreach (JsonElement item in element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || !accept(item.GetString()!))
            {
                return false;
            }

            items.Add(item.GetString()!);
        }

        value = items;
        return true;
    }

    private static bool List<T>(JsonElement element, out IReadOnlyList<T>? value, out string problem, string what, Func<string, T?> convert)
        where T : struct
    {
        value = null;
        if (!Words(element, out IReadOnlyList<string>? words, out problem, what, text => convert(text) is not null))
        {
            return false;
        }

        value = [.. words!.Select(word => convert(word)!.Value)];
        return true;
    }

    public static bool TryHex(JsonElement element, int length, out ReadOnlyMemory<byte> value, out string problem)
    {
        value = default;
        problem = $"{2 * length} hexadecimal digits are required";
        if (element.ValueKind != JsonValueKind.String || element.GetString() is not { } text || text.Length != 2 * length)
        {
            return false;
        }

        byte[] bytes = new byte[length];
        if (Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        value = bytes;
        return true;
    }
}
