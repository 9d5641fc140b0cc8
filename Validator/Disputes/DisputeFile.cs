using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Client.Openings;

namespace Verathos.Validator.Disputes;

/// <summary>
/// A canary that one validator gives to another, with its ticket: whoever holds the file can have the answer opened and computed again. Only a
/// validator's own canaries can be given away, for nobody else's have a ticket.
/// </summary>
/// <param name="Version">1.</param>
/// <param name="Node">The node's name at the first validator.</param>
/// <param name="ManifestRoot">The model's, 64 lower-case hexadecimal digits.</param>
/// <param name="Ticket">The audit ticket.</param>
public sealed record DisputeFile(int Version, string Node, string ManifestRoot, byte[] Ticket)
{
    private const int MaximumBytes = 16 * 1024 * 1024;
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>The file as JSON, the ticket in base64.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_options);

    /// <summary>Writes the file for its owner alone.</summary>
    /// <param name="path">Where; it must not be there.</param>
    public void Save(string path)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        byte[] json = ToJson();
        using FileStream stream = new(path, options);
        stream.Write(json);
        CryptographicOperations.ZeroMemory(json);
    }

    /// <summary>Reads a file and verifies its receipt from the ticket alone.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="file">The file.</param>
    /// <param name="ticket">Its ticket, which the caller disposes.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out DisputeFile? file, [NotNullWhen(true)] out AuditTicket? ticket, [NotNullWhen(false)] out string? error)
    {
        (file, ticket) = (null, null);
        DisputeFile? read = null;
        try
        {
            read = json.Length <= MaximumBytes ? JsonSerializer.Deserialize<DisputeFile>(json, s_options) : null;
        }
        catch (JsonException)
        {
            // Said below.
        }

        if (read is not { Version: 1, Ticket: not null, ManifestRoot.Length: 64 } || !read.ManifestRoot.All(char.IsAsciiHexDigitLower))
        {
            error = "this is no disputed canary; 'verathos validator dispute --export' writes one";
            return false;
        }

        if (!AuditTicket.TryDecode(read.Ticket, out AuditTicket? decoded, out error))
        {
            return false;
        }

        if (!decoded.Verify().Valid)
        {
            error = $"the ticket's receipt does not hold: {decoded.Verify().Reason}";
            decoded.Dispose();
            return false;
        }

        (file, ticket, error) = (read, decoded, null);
        return true;
    }
}
