using CsCheck;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Evidence;

public class EvidenceCollectionTests
{
    private static readonly EvidenceCollection Least = new()
    {
        CpuFormat = "tdx-quote",
        CpuEvidence = new byte[] { 1 },
        Keyset = new byte[] { 2 },
        Configuration = new byte[] { 3 },
        Manifest = new byte[] { 4 },
        NonceProof = new NonceProof(0, 1, []),
    };

    private static readonly EvidenceCollection Full = Least with
    {
        Gpus = [new GpuEvidence(new byte[] { 5 }, new byte[] { 6 }), new GpuEvidence(new byte[] { 7 }, new byte[] { 8 })],
        Identity = new NodeIdentity(Samples.Filled(32, 9), 10, Samples.Filled(32, 11)),
        NonceProof = new NonceProof(1, 3, [Samples.Filled(32, 12), Samples.Filled(32, 13)]),
        CpuCollateral = new byte[] { 14 },
        GpuRims = [new byte[] { 15 }, new byte[] { 16 }],
        GpuOcspResponses = [new byte[] { 17 }, new byte[] { 18 }],
    };

    [Fact]
    public void A_collection_survives_with_every_member()
    {
        byte[] encoded = Full.Encode();
        Assert.True(EvidenceCollection.TryDecode(encoded, out EvidenceCollection? read, out _));
        Assert.Equal(encoded, read.Encode());
        Assert.Equal("tdx-quote", read.CpuFormat);
        Assert.Equal([7], read.Gpus[1].Report.ToArray());
        Assert.Equal([8], read.Gpus[1].CertificateChain.ToArray());
        Assert.Equal(10u, read.Identity!.NetUid);
        Assert.Equal((1ul, 3ul, 2), (read.NonceProof.LeafIndex, read.NonceProof.TreeSize, read.NonceProof.Path.Count));
        Assert.Equal([14], read.CpuCollateral!.Value.ToArray());
        Assert.Equal([16], read.GpuRims[1].ToArray());
        Assert.Equal([18], read.GpuOcspResponses[1].ToArray());
    }

    [Fact]
    public void What_is_absent_stays_absent()
    {
        Assert.True(EvidenceCollection.TryDecode(Least.Encode(), out EvidenceCollection? read, out _));
        Assert.Equal(Least.Encode(), read.Encode());
        Assert.Empty(read.Gpus);
        Assert.Null(read.Identity);
        Assert.Null(read.CpuCollateral);
    }

    [Fact]
    public void The_gpu_evidence_is_the_array_of_pairs()
    {
        Assert.Equal("8282410541068241074108", Convert.ToHexStringLower(EvidenceCollection.EncodeGpus(Full.Gpus)));
    }

    [Theory]
    [InlineData("__cmwc_t")]
    [InlineData("cpu")]
    [InlineData("keyset")]
    [InlineData("configuration")]
    [InlineData("manifest")]
    [InlineData("nonce-proof")]
    public void A_missing_member_is_refused(string label) => AssertRefused(Edit(label, null));

    [Theory]
    [InlineData("gpus")]
    [InlineData("identity")]
    [InlineData("cpu-collateral")]
    [InlineData("gpu-rims")]
    [InlineData("gpu-ocsp")]
    public void A_missing_optional_member_is_not(string label) =>
        Assert.True(EvidenceCollection.TryDecode(Edit(label, null), out _, out _));

    [Theory]
    [InlineData("cpu", "another prefix")]
    [InlineData("keyset", "another type")]
    [InlineData("gpus", "another kind")]
    [InlineData("manifest", "two members")]
    [InlineData("identity", "a malformed identity")]
    [InlineData("nonce-proof", "a malformed proof")]
    [InlineData("gpus", "no gpus")]
    [InlineData("gpu-rims", "no rims")]
    [InlineData("gpu-ocsp", "no answers")]
    [InlineData("__cmwc_t", "another collection")]
    public void A_member_of_another_form_is_refused(string label, string what)
    {
        const string Prefix = "application/vnd.verathos.";
        DeterministicCborWriter writer = new();
        _ = what switch
        {
            "another prefix" => writer.Array(3).Text("application/vnd.other.tdx-quote").Bytes([1]).UInt64(4),
            "another type" => writer.Array(3).Text(Prefix + "key+cbor").Bytes([1]).UInt64(4),
            "another kind" => writer.Array(3).Text(Prefix + "gpu-evidence+cbor").Bytes(EvidenceCollection.EncodeGpus(Full.Gpus)).UInt64(2),
            "two members" => writer.Array(2).Text(Prefix + "model-manifest+cbor").Bytes([1]),
            "a malformed identity" => writer.Array(3).Text(Prefix + "identity+cbor").Bytes([0xa0]).UInt64(4),
            "a malformed proof" => writer.Array(3).Text(Prefix + "nonce-proof+cbor").Bytes(new NonceProof(3, 3, []).Encode()).UInt64(4),
            "no gpus" => writer.Array(3).Text(Prefix + "gpu-evidence+cbor").Bytes([0x80]).UInt64(4),
            "no rims" => writer.Array(3).Text(Prefix + "gpu-rims+cbor").Bytes([0x80]).UInt64(1),
            "no answers" => writer.Array(3).Text(Prefix + "gpu-ocsp+cbor").Bytes([0x80]).UInt64(2),
            _ => writer.Text("urn:other"),
        };
        AssertRefused(Edit(label, writer.ToArray()));
    }

    [Fact]
    public void An_unknown_label_is_refused()
    {
        byte[] more = new DeterministicCborMap().Add("other", writer => writer.Array(3).Text("application/vnd.verathos.x").Bytes([]).UInt64(4)).Encode();
        byte[] joined = Edit("other", more[(1 + 6)..]);
        AssertRefused(joined);
    }

    [Fact]
    public void Bytes_after_the_collection_are_refused() => AssertRefused([.. Least.Encode(), 0]);

    [Fact]
    public void A_collection_above_the_limit_is_refused() =>
        AssertRefused((Least with { CpuCollateral = new byte[EvidenceCollection.MaxLength] }).Encode());

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        byte[] good = Full.Encode();
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Sample((at, value, length) =>
        {
            byte[] altered = [.. good];
            altered[at] = value;
            bool accepted = EvidenceCollection.TryDecode(altered.AsMemory(0, length), out EvidenceCollection? read, out string? error);
            return accepted == read is not null && accepted == error is null;
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_configuration_survives_with_and_without_gpus(bool gpus)
    {
        NodeConfiguration configuration = new(
            NodeConfiguration.Split, "engine 1", "f32", new NodeLimits(1, 2, 3, 4), true, gpus ? true : null, gpus ? false : null);
        Assert.True(NodeConfiguration.TryParse(configuration.Encode(), out NodeConfiguration? read));
        Assert.Equal(configuration, read);
    }

    [Fact]
    public void A_configuration_of_another_form_is_refused()
    {
        NodeConfiguration configuration = new(NodeConfiguration.Split, "e", "f32", new NodeLimits(1, 2, 3, 4), false, true, false);
        byte[] encoded = configuration.Encode();
        Assert.False(NodeConfiguration.TryParse((configuration with { Topology = "other" }).Encode(), out _));
        Assert.False(NodeConfiguration.TryParse([0xa6, .. encoded[1..^2]], out _));
        Assert.False(NodeConfiguration.TryParse([.. encoded, 0], out _));
        Assert.Throws<InvalidOperationException>(() => (configuration with { GpuDevTools = null }).Encode());
    }

    private static void AssertRefused(byte[] encoded)
    {
        Assert.False(EvidenceCollection.TryDecode(encoded, out EvidenceCollection? read, out string? error));
        Assert.Null(read);
        Assert.NotEmpty(error);
    }

    private static byte[] Edit(string label, byte[]? value)
    {
        DeterministicCborMap map = new();
        DeterministicCborReader reader = new(Full.Encode());
        Assert.True(reader.TryReadMap(out int count));
        bool found = false;
        for (int i = 0; i < count; i++)
        {
            Assert.True(reader.TryReadText(out string read));
            Assert.True(reader.TryReadEncoded(out ReadOnlySpan<byte> item));
            byte[]? kept = read == label ? value : item.ToArray();
            found |= read == label;
            if (kept is not null)
            {
                map.Add(read, writer => writer.Encoded(kept));
            }
        }

        if (!found)
        {
            map.Add(label, writer => writer.Encoded(value));
        }

        return map.Encode();
    }
}
