using System.Text.RegularExpressions;
using Verathos.Attestation.Binding;
using Verathos.Fingerprint.Manifest;
using Verathos.Protocol.Keys;
using Verathos.Testing;

namespace Verathos.EndToEnd.Tests.Documentation;

/// <summary>The worked exchange of docs/protocol.md, which Protocol's tests write, against the rooms that do not know Protocol.</summary>
public partial class BindingDocumentTests
{
    private readonly Dictionary<string, byte[]> blocks = Block()
        .Matches(File.ReadAllText(Path.Combine(Vectors.RepositoryRoot, "docs", "protocol.md")))
        .ToDictionary(match => match.Groups["name"].Value, match => Convert.FromHexString(match.Groups["hex"].Value.Replace("\n", "", StringComparison.Ordinal)));

    [Fact]
    public void The_documented_binding_is_the_one_that_attestation_computes()
    {
        Assert.True(ModelManifest.TryDecode(blocks["manifest"], out ModelManifest? manifest, out _));
        BindingInput input = new()
        {
            NonceRoot = NonceBatch.Build([blocks["evidence nonce"]]).Root,
            KeysetDigest = blocks["keyset digest"],
            ManifestRoot = manifest.Root,
            GpuEvidenceDigest = null,
            ConfigurationDigest = blocks["configuration digest"],
            Identity = null,
        };
        Assert.Equal(blocks["nonce root"], input.NonceRoot.ToArray());
        Assert.Equal(blocks["binding"], input.Compute());
    }

    [Fact]
    public void The_documented_keyset_has_the_documented_digest()
    {
        Assert.True(Keyset.TryParse(blocks["keyset"], out Keyset? keyset, out _));
        Assert.Equal(blocks["keyset digest"], keyset.Digest.ToArray());
    }

    [GeneratedRegex(@"\*\*(?<name>[^*]+)\*\* \(\d+ bytes\)\n\n```hex\n(?<hex>[0-9a-f\n]*)```", RegexOptions.CultureInvariant)]
    private static partial Regex Block();
}
