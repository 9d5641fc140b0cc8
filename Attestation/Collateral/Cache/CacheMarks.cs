using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Verathos.Attestation.Collateral.Cache;

/// <summary>
/// The highest numbers and latest issues that a cache has seen, in a file of their own: they outlive the documents, and never fall.
/// </summary>
internal sealed class CacheMarks
{
    private const string FileName = "marks.json";
    private const int LongestFile = 16 << 20;

    private readonly string _path;
    private readonly Dictionary<string, Mark> _marks;
    private bool _changed;

    private CacheMarks(string path, Dictionary<string, Mark> marks) => (_path, _marks) = (path, marks);

    /// <summary>Reads the marks of a folder; none where there is no file.</summary>
    /// <exception cref="InvalidDataException">The file cannot be read: nothing is taken for new any more.</exception>
    public static CacheMarks Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return new CacheMarks(path, []);
        }

        try
        {
            if (new FileInfo(path).Length > LongestFile)
            {
                throw new FormatException("it is too long");
            }

            JsonElement root = JsonElement.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 });
            if (root.GetProperty("version").GetInt32() != 1)
            {
                throw new FormatException("its version is not 1");
            }

            return new CacheMarks(path, root.GetProperty("marks").EnumerateObject().ToDictionary(
                member => member.Name,
                member => new Mark(
                    member.Value.TryGetProperty("number", out JsonElement number)
                        ? BigInteger.Parse(number.GetString()!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
                        : null,
                    member.Value.GetProperty("issued").GetDateTimeOffset())));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentNullException)
        {
            throw new InvalidDataException($"{path} cannot be read, so nothing says what is old: {e.Message}. Put back a copy, or delete the whole cache, which forgets what it has seen", e);
        }
    }

    /// <summary>The highest number of each issuer.</summary>
    public IReadOnlyList<HighestSeen> Highest =>
        [.. _marks.Where(item => item.Value.Number is not null).OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => new HighestSeen(item.Key, item.Value.Number!.Value, item.Value.Issued))];

    /// <summary>Why the document is older than what was seen; null where it is not.</summary>
    public string? Refusal(CollateralDocument document, DocumentFacts facts)
    {
        if (NumberKey(document, facts) is { } key && _marks.TryGetValue(key, out Mark? highest) && highest.Number is { } number
            && (facts.Number is not { } offered || offered < number))
        {
            return $"its number {facts.Number?.ToString(CultureInfo.InvariantCulture) ?? "is missing, and"} is below {number}, which the same issuer had reached by {highest.Issued:yyyy-MM-dd}";
        }

        return DocumentKey(document, facts) is { } own && _marks.TryGetValue(own, out Mark? latest) && facts.Issued < latest.Issued
            ? $"it was issued on {facts.Issued:yyyy-MM-dd HH:mm:ss}Z, and one of {latest.Issued:yyyy-MM-dd HH:mm:ss}Z was seen"
            : null;
    }

    /// <summary>Takes a document that is not refused into account.</summary>
    public void Raise(CollateralDocument document, DocumentFacts facts)
    {
        if (NumberKey(document, facts) is { } key && facts.Number is { } number
            && (!_marks.TryGetValue(key, out Mark? highest) || highest.Number is not { } old || number > old))
        {
            _marks[key] = new Mark(number, facts.Issued);
            _changed = true;
        }

        if (DocumentKey(document, facts) is { } own && (!_marks.TryGetValue(own, out Mark? latest) || facts.Issued > latest.Issued))
        {
            _marks[own] = new Mark(null, facts.Issued);
            _changed = true;
        }
    }

    /// <summary>Writes the marks, where they changed.</summary>
    public void Write()
    {
        if (!_changed)
        {
            return;
        }

        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", 1);
            writer.WriteStartObject("marks");
            foreach ((string key, Mark mark) in _marks.OrderBy(item => item.Key, StringComparer.Ordinal))
            {
                writer.WriteStartObject(key);
                if (mark.Number is { } number)
                {
                    writer.WriteString("number", number.ToString(CultureInfo.InvariantCulture));
                }

                writer.WriteString("issued", mark.Issued);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        AtomicFile.Write(_path, stream.GetBuffer().AsSpan(0, (int)stream.Length));
        _changed = false;
    }

    private static string? NumberKey(CollateralDocument document, DocumentFacts facts) =>
        facts.Issuer is not { } issuer ? null : document.Channel.Length == 0 ? issuer : $"{issuer}/{document.Channel}";

    // Certificates and references of one name are all equally good; lists, answers and Intel's documents replace one another.
    private static string? DocumentKey(CollateralDocument document, DocumentFacts facts) =>
        document.Kind is CollateralKind.Vcek or CollateralKind.Rim or CollateralKind.PckCertificate
            ? null
            : $"document/{document.Kind}/{facts.RootId}/{document.Name}/{document.Channel}";

    private sealed record Mark(BigInteger? Number, DateTimeOffset Issued);
}
