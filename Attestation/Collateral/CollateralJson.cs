using System.Globalization;
using System.Text.Json;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Collateral;

/// <summary>Reads the members of Intel's collateral documents and keeps the first problem.</summary>
internal sealed class CollateralJson(string document)
{
    private static readonly byte[] Empty = [];

    public string? Problem { get; private set; }

    public ParseError Error => Problem is null ? default : new ParseError(document, Problem);

    public static bool TryOpen(ReadOnlyMemory<byte> json, string name, out JsonDocument? document, out ParseError error)
    {
        document = null;
        error = default;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            error = new ParseError(name, $"not JSON, or a member appears twice: {e.Message}");
            return false;
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return true;
        }

        document.Dispose();
        document = null;
        error = new ParseError(name, "not a JSON object");
        return false;
    }

    /// <summary>Runs a reader over an opened document; an escaped lone surrogate, which is JSON but no text, becomes a problem.</summary>
    public T? Read<T>(Func<CollateralJson, T> read)
        where T : class
    {
        try
        {
            T result = read(this);
            return Problem is null ? result : null;
        }
        catch (InvalidOperationException)
        {
            Require(false, "a name or string is not Unicode text");
            return null;
        }
    }

    public void Require(bool condition, string problem)
    {
        if (!condition)
        {
            Problem ??= problem;
        }
    }

    public JsonElement Object(JsonElement parent, string name) => Member(parent, name, JsonValueKind.Object);

    public IReadOnlyList<JsonElement> Array(JsonElement parent, string name)
    {
        JsonElement element = Member(parent, name, JsonValueKind.Array);
        return element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : [];
    }

    public string String(JsonElement parent, string name)
    {
        JsonElement element = Member(parent, name, JsonValueKind.String);
        return element.ValueKind == JsonValueKind.String ? element.GetString()! : "";
    }

    public int Integer(JsonElement parent, string name)
    {
        JsonElement element = Member(parent, name, JsonValueKind.Number);
        int value = -1;
        Require(element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value) && value >= 0, $"{name} is not a whole number");
        return value;
    }

    public DateTimeOffset Date(JsonElement parent, string name)
    {
        string text = String(parent, name);
        bool ok = DateTimeOffset.TryParseExact(
            text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date);
        Require(ok, $"{name} is not a date in the form of Intel's documents");
        return date;
    }

    public ReadOnlyMemory<byte> Hex(JsonElement parent, string name, int length)
    {
        string text = String(parent, name);
        byte[] bytes = new byte[length];
        if (text.Length == 2 * length && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done)
        {
            return bytes;
        }

        Require(false, $"{name} is not {2 * length} hexadecimal digits");
        return Empty;
    }

    public TdxModuleIdentity Module(JsonElement element, bool identity)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Require(false, "a TDX module identity is not an object");
            return new TdxModuleIdentity("", Empty, Empty, Empty, []);
        }

        return new TdxModuleIdentity(
            identity ? String(element, "id") : "", Hex(element, "mrsigner", 48), Hex(element, "attributes", 8), Hex(element, "attributesMask", 8),
            identity ? [.. Array(element, "tcbLevels").Select(SvnLevel)] : []);
    }

    public IsvSvnLevel SvnLevel(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Require(false, "a TCB level is not an object");
            return new IsvSvnLevel(int.MaxValue, default, TcbStatus.Revoked, []);
        }

        return new IsvSvnLevel(Svn(Object(element, "tcb"), "isvsvn"), Date(element, "tcbDate"), Status(element), Advisories(element));
    }

    public TcbLevel Level(JsonElement element, bool tdx, int version)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Require(false, "a TCB level is not an object");
            return new TcbLevel(Empty, 0, Empty, default, TcbStatus.Revoked, []);
        }

        JsonElement tcb = Object(element, "tcb");
        return new TcbLevel(
            version == 2 ? NumberedComponents(tcb) : Components(tcb, "sgxtcbcomponents"), Svn(tcb, "pcesvn"), tdx ? Components(tcb, "tdxtcbcomponents") : Empty,
            Date(element, "tcbDate"), Status(element), Advisories(element));
    }

    private int Svn(JsonElement parent, string name)
    {
        int value = Integer(parent, name);
        Require(value <= ushort.MaxValue, $"{name} is above {ushort.MaxValue}");
        return value;
    }

    private ReadOnlyMemory<byte> NumberedComponents(JsonElement tcb)
    {
        byte[] svns = new byte[16];
        for (int i = 0; i < svns.Length; i++)
        {
            string name = $"sgxtcbcomp{i + 1:D2}svn";
            int svn = Integer(tcb, name);
            Require(svn <= byte.MaxValue, $"{name} is above 255");
            svns[i] = (byte)svn;
        }

        return svns;
    }

    private ReadOnlyMemory<byte> Components(JsonElement tcb, string name)
    {
        IReadOnlyList<JsonElement> items = Array(tcb, name);
        Require(items.Count == 16, $"{name} does not hold 16 components");
        byte[] svns = new byte[16];
        for (int i = 0; i < Math.Min(items.Count, 16); i++)
        {
            int svn = Integer(items[i], "svn");
            Require(svn <= byte.MaxValue, $"{name} holds an SVN above 255");
            svns[i] = (byte)svn;
        }

        return svns;
    }

    private TcbStatus Status(JsonElement element)
    {
        string text = String(element, "tcbStatus");
        bool known = Enum.TryParse(text, ignoreCase: false, out TcbStatus status) && status.ToString() == text
            && status is TcbStatus.UpToDate or TcbStatus.SWHardeningNeeded or TcbStatus.ConfigurationNeeded
                or TcbStatus.ConfigurationAndSWHardeningNeeded or TcbStatus.OutOfDate or TcbStatus.OutOfDateConfigurationNeeded or TcbStatus.Revoked;
        Require(known, $"tcbStatus \"{text}\" is unknown");
        return known ? status : TcbStatus.Revoked;
    }

    private List<string> Advisories(JsonElement element)
    {
        List<string> list = [];
        if (!element.TryGetProperty("advisoryIDs", out _))
        {
            return list;
        }

        foreach (JsonElement item in Array(element, "advisoryIDs"))
        {
            Require(item.ValueKind == JsonValueKind.String, "advisoryIDs holds something other than strings");
            if (item.ValueKind == JsonValueKind.String)
            {
                list.Add(item.GetString()!);
            }
        }

        return list;
    }

    private JsonElement Member(JsonElement parent, string name, JsonValueKind kind)
    {
        JsonElement element = default;
        Require(
            parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out element) && element.ValueKind == kind,
            $"{name} is missing or not a JSON {kind.ToString().ToLowerInvariant()}");
        return element.ValueKind == kind ? element : default;
    }
}
