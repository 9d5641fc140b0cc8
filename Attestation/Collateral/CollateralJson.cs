using System.Globalization;
using System.Text.Json;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Collateral;

/// <summary>Reads the members of Intel's collateral documents and keeps the first problem.</summary>
internal sealed class CollateralJson(string document)
{
    private const int MaximumItems = 1024;
    private static readonly byte[] Empty = [];
    private static readonly string[] NumberedNames = [.. Enumerable.Range(1, 16).Select(i => $"sgxtcbcomp{i:D2}svn")];

    public string? Problem { get; private set; }

    public ParseError Error => Problem is null ? default : new ParseError(document, Problem);

    public static bool TryOpen(ReadOnlyMemory<byte> json, string name, out JsonDocument? document, out ParseError error)
    {
        document = null;
        error = default;
        ParseSteps.Add(json.Length);
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

    // For what is read thousands of times in one document: the text is made only where it is needed.
    private void Require(bool condition, string name, string problem)
    {
        if (!condition)
        {
            Problem ??= $"{name} {problem}";
        }
    }

    public JsonElement Object(JsonElement parent, string name) => Member(parent, name, JsonValueKind.Object);

    /// <summary>Reads a list item by item, up to the first problem: a document that nobody signed may hold any number of them.</summary>
    public IReadOnlyList<T> List<T>(JsonElement parent, string name, Func<JsonElement, T> read)
    {
        JsonElement element = Member(parent, name, JsonValueKind.Array);
        List<T> items = [];
        if (element.ValueKind == JsonValueKind.Array)
        {
            Require(element.GetArrayLength() <= MaximumItems, name, "has too many items");
            foreach (JsonElement item in element.EnumerateArray())
            {
                if (Problem is not null)
                {
                    break;
                }

                items.Add(read(item));
            }
        }

        return items;
    }

    public string String(JsonElement parent, string name)
    {
        JsonElement element = Member(parent, name, JsonValueKind.String);
        string text = element.ValueKind == JsonValueKind.String ? element.GetString()! : "";
        ParseSteps.Add(text.Length);
        return text;
    }

    public int Integer(JsonElement parent, string name)
    {
        JsonElement element = Member(parent, name, JsonValueKind.Number);
        int value = -1;
        Require(element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value) && value >= 0, name, "is not a whole number");
        return value;
    }

    public DateTimeOffset Date(JsonElement parent, string name)
    {
        string text = String(parent, name);
        bool ok = DateTimeOffset.TryParseExact(
            text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date);
        Require(ok, name, "is not a date in the form of Intel's documents");
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
            identity ? List(element, "tcbLevels", SvnLevel) : []);
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
        Require(value <= ushort.MaxValue, name, "is above 65535");
        return value;
    }

    private ReadOnlyMemory<byte> NumberedComponents(JsonElement tcb)
    {
        byte[] svns = new byte[16];
        for (int i = 0; i < svns.Length; i++)
        {
            string name = NumberedNames[i];
            int svn = Integer(tcb, name);
            Require(svn <= byte.MaxValue, name, "is above 255");
            svns[i] = (byte)svn;
        }

        return svns;
    }

    private ReadOnlyMemory<byte> Components(JsonElement tcb, string name)
    {
        byte[] svns = [.. List(tcb, name, item =>
        {
            int svn = Integer(item, "svn");
            Require(svn <= byte.MaxValue, "svn", "is above 255");
            return (byte)svn;
        })];
        Require(svns.Length == 16, name, "does not hold 16 components");
        return svns.Length == 16 ? svns : new byte[16];
    }

    private TcbStatus Status(JsonElement element)
    {
        string text = String(element, "tcbStatus");
        bool known = Enum.TryParse(text, ignoreCase: false, out TcbStatus status) && status.ToString() == text
            && status is TcbStatus.UpToDate or TcbStatus.SWHardeningNeeded or TcbStatus.ConfigurationNeeded
                or TcbStatus.ConfigurationAndSWHardeningNeeded or TcbStatus.OutOfDate or TcbStatus.OutOfDateConfigurationNeeded or TcbStatus.Revoked;
        if (!known)
        {
            Problem ??= $"tcbStatus \"{text}\" is unknown";
        }

        return known ? status : TcbStatus.Revoked;
    }

    private IReadOnlyList<string> Advisories(JsonElement element) => !element.TryGetProperty("advisoryIDs", out _) ? [] : List(element, "advisoryIDs", item =>
    {
        Require(item.ValueKind == JsonValueKind.String, "advisoryIDs holds something other than strings");
        return item.ValueKind == JsonValueKind.String ? item.GetString()! : "";
    });

    private JsonElement Member(JsonElement parent, string name, JsonValueKind kind)
    {
        ParseSteps.Add(parent.ValueKind == JsonValueKind.Object ? parent.GetPropertyCount() : 0);
        if (parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement element) && element.ValueKind == kind)
        {
            return element;
        }

        Problem ??= $"{name} is missing or not a JSON {kind.ToString().ToLowerInvariant()}";
        return default;
    }
}
