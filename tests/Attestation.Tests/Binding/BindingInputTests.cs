using System.Security.Cryptography;
using Verathos.Attestation.Binding;

namespace Verathos.Attestation.Tests.Binding;

public sealed class BindingInputTests
{
    private static readonly BindingInput Base = new()
    {
        NonceRoot = Filled(1),
        KeysetDigest = Filled(2),
        ManifestRoot = Filled(3),
        GpuEvidenceDigest = Filled(4),
        ConfigurationDigest = Filled(5),
        Identity = new NodeIdentity(Filled(6), 96, Filled(7)),
    };

    [Fact]
    public void The_binding_is_sha384_of_the_array_written_out_by_hand()
    {
        // 87: array of 7; 73: text of 19; 58 20: bytes of 32; 83: array of 3; 18 60: 96.
        byte[] cbor =
        [
            0x87, 0x73, .. "verathos.binding.v1"u8, 0x58, 0x20, .. Filled(1), 0x58, 0x20, .. Filled(2), 0x58, 0x20, .. Filled(3),
            0x58, 0x20, .. Filled(4), 0x58, 0x20, .. Filled(5), 0x83, 0x58, 0x20, .. Filled(6), 0x18, 0x60, 0x58, 0x20, .. Filled(7),
        ];

        Assert.Equal(SHA384.HashData(cbor), Base.Compute());
        Assert.Equal([.. SHA384.HashData(cbor), .. new byte[16]], Base.ToReportData());
    }

    [Fact]
    public void Absent_gpus_and_identity_are_encoded_as_null()
    {
        byte[] cbor =
        [
            0x87, 0x73, .. "verathos.binding.v1"u8, 0x58, 0x20, .. Filled(1), 0x58, 0x20, .. Filled(2), 0x58, 0x20, .. Filled(3),
            0xF6, 0x58, 0x20, .. Filled(5), 0xF6,
        ];

        Assert.Equal(SHA384.HashData(cbor), (Base with { GpuEvidenceDigest = GpuEvidenceDigest.Compute([]), Identity = null }).Compute());
    }

    [Fact]
    public void Every_field_changes_the_binding()
    {
        byte[][] bindings =
        [
            Base.Compute(),
            (Base with { NonceRoot = Filled(9) }).Compute(),
            (Base with { KeysetDigest = Filled(9) }).Compute(),
            (Base with { ManifestRoot = Filled(9) }).Compute(),
            (Base with { GpuEvidenceDigest = Filled(9) }).Compute(),
            (Base with { GpuEvidenceDigest = null }).Compute(),
            (Base with { ConfigurationDigest = Filled(9) }).Compute(),
            (Base with { Identity = null }).Compute(),
            (Base with { Identity = Base.Identity! with { GenesisHash = Filled(9) } }).Compute(),
            (Base with { Identity = Base.Identity! with { NetworkUid = 9 } }).Compute(),
            (Base with { Identity = Base.Identity! with { Hotkey = Filled(9) } }).Compute(),
        ];

        Assert.Equal(bindings.Length, bindings.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void A_digest_of_another_length_is_misuse() =>
        Assert.Throws<ArgumentException>(() => (Base with { KeysetDigest = new byte[31] }).Compute());

    [Fact]
    public void The_gpu_digest_covers_reports_and_chains_in_order()
    {
        GpuEvidence first = new(Filled(1), Filled(2));
        GpuEvidence second = new(Filled(3), Filled(4));
        byte[] one = [0x81, 0x82, 0x58, 0x20, .. Filled(1), 0x58, 0x20, .. Filled(2)];

        Assert.Null(GpuEvidenceDigest.Compute([]));
        Assert.Equal(SHA256.HashData(one), GpuEvidenceDigest.Compute([first])!.Value.ToArray());
        Assert.NotEqual(GpuEvidenceDigest.Compute([first, second])!.Value.ToArray(), GpuEvidenceDigest.Compute([second, first])!.Value.ToArray());
    }

    [Fact]
    public void The_gpu_nonce_is_sha256_of_the_array_written_out_by_hand()
    {
        byte[] cbor = [0x83, 0x75, .. "verathos.gpu-nonce.v1"u8, 0x58, 0x20, .. Filled(1), 0x58, 0x20, .. Filled(2)];

        Assert.Equal(SHA256.HashData(cbor), GpuNonce.Derive(Filled(1), Filled(2)));
    }

    private static byte[] Filled(byte value)
    {
        byte[] bytes = new byte[32];
        Array.Fill(bytes, value);
        return bytes;
    }
}
