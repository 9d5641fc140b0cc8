using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.Verdicts;
using Verathos.Testing;

namespace Verathos.Attestation.Tests;

[Collection(nameof(VerificationCache))]
public sealed class TrustAnchorsTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    [Fact]
    public void The_vendors_pins_are_those_of_the_recorded_roots()
    {
        using X509Certificate2 device = X509Certificate2.CreateFromPem(File.ReadAllText(Vectors.Path("nvidia-rim/nvidia-nvtrust/verifier_device_root.pem")));
        using X509Certificate2 rim = X509Certificate2.CreateFromPem(File.ReadAllText(Vectors.Path("nvidia-rim/nvidia-nvtrust/verifier_RIM_root.pem")));

        Assert.Equal(Spki(device), TrustAnchors.Production.NvidiaDeviceRootSpki.ToArray());
        Assert.Equal(Spki(rim), TrustAnchors.Production.NvidiaRimRootSpki.ToArray());
        Assert.StartsWith("a0af0312", Convert.ToHexStringLower(TrustAnchors.Production.IntelRootSpki.Span), StringComparison.Ordinal);
        Assert.False(TrustAnchors.Production.Simulated);
    }

    [Fact]
    public void An_installation_s_roots_are_its_own_and_nobody_elses()
    {
        Assert.True(authorities.Anchors.Simulated);
        Assert.Equal([TrustAnchors.SimulatedName], authorities.Anchors.Names);
        Assert.NotEqual(authorities.Anchors.IntelRootSpki.ToArray(), authorities.ForeignAnchors.IntelRootSpki.ToArray());
        Assert.NotEqual(authorities.Anchors.NvidiaDeviceRootSpki.ToArray(), authorities.Anchors.NvidiaRimRootSpki.ToArray());
    }

    [Theory]
    [InlineData(TrustAnchors.IntelRootFile)]
    [InlineData(TrustAnchors.NvidiaDeviceRootFile)]
    [InlineData(TrustAnchors.NvidiaRimRootFile)]
    public void A_missing_or_broken_root_file_is_an_error_that_names_it(string file)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-anchors-");
        try
        {
            foreach (string name in new[] { TrustAnchors.IntelRootFile, TrustAnchors.NvidiaDeviceRootFile, TrustAnchors.NvidiaRimRootFile }.Where(name => name != file))
            {
                File.Copy(Path.Combine(authorities.Trusted.Roots.Folder, name), Path.Combine(folder.FullName, name));
            }

            Assert.False(TrustAnchors.TryLoadSimulated(folder.FullName, out TrustAnchors? anchors, out string? missing));
            Assert.Null(anchors);
            Assert.Contains(file, missing, StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(folder.FullName, file), "no certificate");
            Assert.False(TrustAnchors.TryLoadSimulated(folder.FullName, out _, out string? broken));
            Assert.Contains(file, broken, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Concurrent_appraisals_on_cold_caches_agree()
    {
        NodeEvidence[] evidence = [.. Enumerable.Range(0, 4).Select(_ => authorities.Mint(node => node with { GpuCount = 2 }))];
        Appraiser.ClearCaches();
        Verdict[] verdicts = new Verdict[24];

        Parallel.For(0, verdicts.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            verdicts[i] = authorities.Appraise(evidence[i % evidence.Length], SimulatedAuthorities.Simulated));

        Assert.All(verdicts, verdict => Assert.True(verdict.IsAccepted, verdict.Reason));
        for (int i = 0; i < verdicts.Length; i++)
        {
            Assert.Equal(verdicts[i % evidence.Length].Claims, verdicts[i].Claims);
        }
    }

    private static byte[] Spki(X509Certificate2 certificate) => SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo());
}
