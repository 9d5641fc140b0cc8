using System.Globalization;
using System.Text;
using System.Text.Json;
using Verathos.Attestation.Policies;

namespace Verathos.Attestation.Batch;

/// <summary>One line of a batch: evidence, what goes with it, and how to judge it.</summary>
public sealed record BatchRequest
{
    private const int MaximumFile = 16 << 20;

    // Nothing that is read relative to today: the same text is the same time whenever it is read.
    private static readonly string[] TimeFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd't'HH:mm:ssK", "yyyy-MM-dd' 'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd't'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd",
    ];

    /// <summary>The evidence.</summary>
    public required ReadOnlyMemory<byte> Evidence { get; init; }

    /// <summary>Its format.</summary>
    public required EvidenceFormat Format { get; init; }

    /// <summary>The processor's product name, for reports that do not say it; null where none was given.</summary>
    public string? Product { get; init; }

    /// <summary>The collateral as one JSON object; empty where there is none.</summary>
    public ReadOnlyMemory<byte> Collateral { get; init; }

    /// <summary>The nonce that the evidence must answer; null where none was given.</summary>
    public ReadOnlyMemory<byte>? Nonce { get; init; }

    /// <summary>A TDX guest's event log, binary or dstack's JSON; null where none was given.</summary>
    public ReadOnlyMemory<byte>? EventLog { get; init; }

    /// <summary>The time of judgement; null for now.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>The policy; null verifies only.</summary>
    public Policy? Policy { get; init; }

    /// <summary>The roots; null for the vendors' own.</summary>
    public TrustAnchors? Anchors { get; init; }

    /// <summary>Reads one line.</summary>
    /// <param name="root">The line's object.</param>
    /// <param name="request">The request.</param>
    /// <param name="problem">What is wrong, beginning with the member's name.</param>
    public static bool TryRead(JsonElement root, out BatchRequest? request, out string problem)
    {
        request = null;
        problem = "";
        Reader reader = new(root);
        byte[] evidence = reader.Evidence();
        EvidenceFormat format = reader.Format(evidence);
        Policy? policy = reader.Policy();
        TrustAnchors? anchors = reader.Anchors();
        BatchRequest read = new()
        {
            Evidence = evidence,
            Format = format,
            Product = reader.Text("product"),
            Collateral = reader.Collateral(),
            Nonce = reader.Nonce(),
            EventLog = reader.EventLog(),
            At = reader.Time(),
            Policy = policy,
            Anchors = anchors,
        };
        problem = reader.Problem ?? "";
        request = reader.Problem is null ? read : null;
        return request is not null;
    }

    /// <summary>Reads a time: Unix seconds, with or without a fraction, or RFC 3339; one that names no offset is UTC.</summary>
    public static bool TryReadTime(string text, out DateTimeOffset time)
    {
        time = default;
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds))
        {
            bool fits = seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds();
            time = fits ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond)) : default;
            return fits;
        }

        return DateTimeOffset.TryParseExact(
            text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    private sealed class Reader(JsonElement root)
    {
        public string? Problem { get; private set; }

        public byte[] Evidence()
        {
            string? inline = Text("evidence_b64");
            string? path = Text("path");
            if (inline is not null == path is not null)
            {
                return Fail("evidence_b64 or path: exactly one of them is required");
            }

            if (path is not null)
            {
                return File("path", path);
            }

            return TryBase64(inline!, out byte[] bytes) ? bytes : Fail("evidence_b64: not base64");
        }

        public EvidenceFormat Format(ReadOnlySpan<byte> evidence)
        {
            if (Text("format") is not { } name)
            {
                return EvidenceFormats.Recognise(evidence);
            }

            if (!EvidenceFormats.TryFind(name, out EvidenceFormat format))
            {
                Fail($"format: \"{name}\" is unknown");
            }

            return format;
        }

        public byte[] Collateral()
        {
            if (!TryMember("collateral", out JsonElement element))
            {
                return [];
            }

            return element.ValueKind switch
            {
                JsonValueKind.Object => Encoding.UTF8.GetBytes(element.GetRawText()),
                JsonValueKind.String => File("collateral", element.GetString()!),
                _ => Fail("collateral: an object, or a file's path, is required"),
            };
        }

        public ReadOnlyMemory<byte>? Nonce()
        {
            if (Text("nonce") is not { } hex)
            {
                return null;
            }

            byte[] nonce = new byte[hex.Length / 2];
            if (hex.Length is 0 or > 128 || (hex.Length & 1) != 0 || Convert.FromHexString(hex, nonce, out _, out _) != System.Buffers.OperationStatus.Done)
            {
                Fail("nonce: hexadecimal digits, at most 64 bytes, are required");
            }

            return nonce;
        }

        public ReadOnlyMemory<byte>? EventLog()
        {
            if (!TryMember("event_log", out JsonElement element))
            {
                return null;
            }

            return element.ValueKind switch
            {
                JsonValueKind.Array => Encoding.UTF8.GetBytes(element.GetRawText()),
                JsonValueKind.String when element.TryGetBytesFromBase64(out byte[]? bytes) => bytes,
                _ => Fail("event_log: a list of events, or a binary log in base64, is required"),
            };
        }

        public DateTimeOffset? Time()
        {
            if (!TryMember("at", out JsonElement element))
            {
                return null;
            }

            string text = element.ValueKind switch
            {
                JsonValueKind.Number => element.GetRawText(),
                JsonValueKind.String => element.GetString()!,
                _ => "",
            };
            if (TryReadTime(text, out DateTimeOffset time))
            {
                return time;
            }

            Fail("at: Unix seconds or an RFC 3339 time is required");
            return null;
        }

        public Policy? Policy()
        {
            if (!TryMember("policy", out JsonElement element))
            {
                return null;
            }

            byte[] json = element.ValueKind switch
            {
                JsonValueKind.Object => Encoding.UTF8.GetBytes(element.GetRawText()),
                JsonValueKind.String => File("policy", element.GetString()!),
                _ => Fail("policy: an object, or a file's path, is required"),
            };
            if (Problem is not null)
            {
                return null;
            }

            if (!Policies.Policy.TryParse(json, out Policy? policy, out IReadOnlyList<string> errors))
            {
                Fail($"policy: {string.Join("; ", errors)}");
            }

            return policy;
        }

        public TrustAnchors? Anchors()
        {
            if (Text("trust_anchor_pem") is not { } pem)
            {
                return null;
            }

            if (TrustAnchors.TryFromRoots(Encoding.UTF8.GetBytes(pem), out TrustAnchors? anchors, out ParseError error))
            {
                return anchors;
            }

            Fail($"trust_anchor_pem: {error}");
            return null;
        }

        public string? Text(string name)
        {
            if (!TryMember(name, out JsonElement element))
            {
                return null;
            }

            if (element.ValueKind == JsonValueKind.String)
            {
                return element.GetString();
            }

            Fail($"{name}: a string is required");
            return null;
        }

        private static bool TryBase64(string text, out byte[] bytes)
        {
            bytes = new byte[(text.Length / 4 * 3) + 3];
            bool ok = Convert.TryFromBase64String(text, bytes, out int length);
            bytes = ok ? bytes[..length] : [];
            return ok;
        }

        private bool TryMember(string name, out JsonElement element) =>
            root.TryGetProperty(name, out element) && element.ValueKind != JsonValueKind.Null;

        private byte[] File(string name, string path)
        {
            try
            {
                FileInfo file = new(path);
                if (file.Exists && file.Length > MaximumFile)
                {
                    return Fail($"{name}: {file.Length} bytes are more than {MaximumFile}");
                }

                return System.IO.File.ReadAllBytes(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                return Fail($"{name}: the file cannot be read: {e.Message}");
            }
        }

        private byte[] Fail(string problem)
        {
            Problem ??= problem;
            return [];
        }
    }
}
