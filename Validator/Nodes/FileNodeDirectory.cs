using System.Text.Json;
using Verathos.Validator.State;

namespace Verathos.Validator.Nodes;

/// <summary>Nodes from a JSON file: an array of {"name", "url", "identity"}, where identity is null or {"genesisHash", "netUid", "hotkey"}. Read anew each epoch.</summary>
/// <param name="path">The file.</param>
public sealed class FileNodeDirectory(string path) : INodeDirectory
{
    private const int MaximumNodes = 100_000;

    // Unknown, missing and repeated members are refused.
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ListedNode>> ListAsync(CancellationToken cancellationToken) =>
        Parse(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), path);

    /// <summary>Reads a list.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="source">What the error names.</param>
    /// <exception cref="InvalidDataException">It is no list of nodes; the message says which entry is wrong.</exception>
    public static IReadOnlyList<ListedNode> Parse(ReadOnlySpan<byte> json, string source)
    {
        Entry[]? entries;
        try
        {
            entries = JsonSerializer.Deserialize<Entry[]>(json, s_options);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{source} is no list of nodes: {e.Path} is not as it must be; write [{{\"name\": \"...\", \"url\": \"http://HOST:PORT\", \"identity\": null}}]", e);
        }

        if (entries is null || entries.Length > MaximumNodes)
        {
            throw new InvalidDataException($"{source} is no list of up to {MaximumNodes} nodes");
        }

        HashSet<string> names = new(StringComparer.Ordinal);
        List<ListedNode> nodes = [];
        foreach (Entry entry in entries)
        {
            if (entry.Name.Length is 0 or > 64 || entry.Name.Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) || !names.Add(entry.Name))
            {
                throw new InvalidDataException($"{source}: the name '{entry.Name}' is there twice, or has others than letters, digits, '-', '_' and '.' (64 at most)");
            }

            if (!Uri.TryCreate(entry.Url, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
            {
                throw new InvalidDataException($"{source}: {entry.Name} has no address of the form http://HOST:PORT");
            }

            string? identity = entry.Identity is { } named
                ? NodeIdentityText.From(named.GenesisHash, named.NetUid, named.Hotkey) ?? throw new InvalidDataException($"{source}: the identity of {entry.Name} needs a genesis hash and a hotkey of 64 lower-case hexadecimal digits")
                : null;
            nodes.Add(new ListedNode(entry.Name, url, identity));
        }

        return nodes;
    }

    private sealed record Entry(string Name, string Url, EntryIdentity? Identity);

    private sealed record EntryIdentity(string GenesisHash, uint NetUid, string Hotkey);
}
