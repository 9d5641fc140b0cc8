using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Simulator.Tests.Nvidia;

public sealed class SimulatedGpuTests(TestInstallation test) : IClassFixture<TestInstallation>
{
    private const string RealReport = "nvidia-spdm/nvidia-attestation-sdk/evidence_hopper_590_12-7261ef9e.bin";
    private const string RealEvidence = "nvidia-spdm/nvidia-attestation-sdk/evidence_hopper_590_12.json";
    private static readonly GpuReportSpec Spec = new() { Nonce = [.. Enumerable.Range(1, 32).Select(i => (byte)i)] };

    [Fact]
    public void A_minted_report_has_the_structure_of_a_real_one()
    {
        var real = new GpuParts(File.ReadAllBytes(Vectors.Path(RealReport)));
        var minted = new GpuParts(Mint(Spec).Report);
        Assert.Equal(real.Report[..4], minted.Report[..4]);
        Assert.Equal(real.Report[36..45], minted.Report[36..45]);
        Assert.Equal(real.BlockHeads, minted.BlockHeads);
        Assert.Equal(real.Opaque.Select(field => field.Id), minted.Opaque.Select(field => field.Id));

        // The driver's version is text of any length; every other field has a fixed one.
        Assert.Equal(
            real.Opaque.Where(field => field.Id != 3).Select(field => field.Value.Length),
            minted.Opaque.Where(field => field.Id != 3).Select(field => field.Value.Length));
    }

    [Fact]
    public void The_certificates_have_the_structure_of_real_ones()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Vectors.Path(RealEvidence)));
        JsonElement first = json.RootElement.ValueKind == JsonValueKind.Array ? json.RootElement[0] : json.RootElement;
        X509Certificate2Collection real = Der.Pem(Encoding.ASCII.GetString(first.GetProperty("certificate").GetBytesFromBase64()));
        X509Certificate2Collection minted = Chain(Mint(Spec));
        Assert.Equal(real.Select(Der.Structure), minted.Select(Der.Structure));
        foreach (string extension in new[] { "2.5.29.17", "2.23.133.5.4.1" })
        {
            Assert.Equal(Der.Tags(real[0].Extensions[extension]!.RawData), Der.Tags(minted[0].Extensions[extension]!.RawData));
        }

        Assert.Equal(real.Select(c => c.NotAfter.ToUniversalTime()), minted.Select(c => c.NotAfter.ToUniversalTime()));
    }

    [Fact]
    public void A_minted_report_verifies_with_plain_cryptography()
    {
        MintedGpuEvidence evidence = Mint(Spec);
        X509Certificate2Collection chain = Chain(evidence);
        var parts = new GpuParts(evidence.Report);
        Assert.Equal(5, chain.Count);
        Assert.True(parts.SignatureHolds(chain[0]));
        Assert.Equal(Spec.Nonce, parts.Nonce);
        Assert.True(Der.Chains(chain, test.Installation.Roots.NvidiaDeviceRootPem, test.Time.GetUtcNow()));
    }

    [Fact]
    public void Each_device_has_its_own_certificate_and_signs_with_it()
    {
        var serials = new HashSet<string>();
        for (int device = 0; device < SimulatedGpu.DeviceCount; device++)
        {
            MintedGpuEvidence evidence = Mint(Spec with { Device = device });
            X509Certificate2 leaf = Chain(evidence)[0];
            Assert.True(new GpuParts(evidence.Report).SignatureHolds(leaf));
            serials.Add(leaf.SerialNumber);
        }

        Assert.Equal(SimulatedGpu.DeviceCount, serials.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => Mint(Spec with { Device = SimulatedGpu.DeviceCount }));
    }

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_wrong_signature_can_be_asked_for(SignatureFault fault)
    {
        MintedGpuEvidence evidence = Mint(Spec with { Signature = fault });
        Assert.False(new GpuParts(evidence.Report).SignatureHolds(Chain(evidence)[0]));
    }

    [Fact]
    public void Fields_land_where_the_specification_says()
    {
        byte[] odd = RandomNumberGenerator.GetBytes(48);
        var parts = new GpuParts(Mint(Spec with
        {
            DriverVersion = "600.1",
            VbiosVersion = "96.00.CF.00.02",
            FeatureFlag = 2,
            ProtectedPcie = 0xAA,
            Nvdec0Status = 0xAA,
            Measurements = ImmutableDictionary<int, byte[]>.Empty.Add(7, odd),
            Opaque = ImmutableDictionary<OpaqueField, byte[]?>.Empty.Add(OpaqueField.SwitchIds, null).Add(OpaqueField.BoardId, [9]),
        }).Report);
        Dictionary<int, byte[]> opaque = parts.Opaque.ToDictionary(field => field.Id, field => field.Value);
        Assert.Equal("600.1\0"u8.ToArray(), opaque[3]);
        Assert.Equal(Convert.FromHexString("00CF009602000000"), opaque[6]);
        Assert.Equal([0xAA], opaque[11]);
        Assert.Equal([9], opaque[14]);
        Assert.Equal([0xAA], opaque[21]);
        Assert.Equal([2, 0], opaque[36]);
        Assert.DoesNotContain(22, opaque.Keys);
        Assert.Equal(odd, parts.Measurements[7]);
    }

    [Fact]
    public void The_leaf_certifies_the_firmware_digest_of_the_report()
    {
        MintedGpuEvidence evidence = Mint(Spec);
        byte[] fwid = new GpuParts(evidence.Report).Opaque.Single(field => field.Id == 20).Value;
        Assert.EndsWith(
            Convert.ToHexString(fwid), Convert.ToHexString(Chain(evidence)[0].Extensions["2.23.133.5.4.1"]!.RawData), StringComparison.Ordinal);
    }

    private MintedGpuEvidence Mint(GpuReportSpec spec) => test.Installation.Gpu.Mint(spec);

    private static X509Certificate2Collection Chain(MintedGpuEvidence evidence) => Der.Pem(Encoding.ASCII.GetString(evidence.CertificateChain));
}
