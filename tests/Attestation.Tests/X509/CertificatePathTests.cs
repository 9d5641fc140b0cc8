using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tests.X509;

public sealed class CertificatePathTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    private Certificate Root => Issue("Root", _rootKey, "Root", _rootKey, Authority());

    private Certificate Middle => Issue("Middle", _middleKey, "Root", _rootKey, Authority());

    private Certificate Leaf => Issue("Leaf", _leafKey, "Middle", _middleKey, EndEntity());

    [Fact]
    public void A_chain_is_found_in_every_order()
    {
        Certificate[] chain = [Leaf, Middle, Root];
        foreach (int[] order in new[] { new[] { 0, 1, 2 }, [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            Assert.True(CertificatePath.TryBuild([.. order.Select(i => chain[i])], Pin, out CertificatePath? path, out string problem), problem);
            Assert.Equal(["Leaf", "Middle", "Root"], path!.Certificates.Select(certificate => certificate.CommonName));
        }
    }

    [Fact]
    public void Another_root_of_the_same_name_is_refused()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Refused("not the pinned one", Leaf, Middle, Issue("Root", other, "Root", other, Authority()));
    }

    [Fact]
    public void A_pinned_key_in_another_certificate_is_the_same_root()
    {
        Certificate longer = Issue("Root", _rootKey, "Root", _rootKey, Authority(), years: 30);

        Assert.True(CertificatePath.TryBuild([Leaf, Middle, longer], Pin, out _, out string problem), problem);
    }

    [Fact]
    public void The_root_must_be_there() => Refused("no root", Leaf, Middle);

    [Fact]
    public void An_intermediate_must_be_there() => Refused("", Leaf, Root);

    [Fact]
    public void A_certificate_too_many_is_refused() => Refused("", Leaf, Middle, Root, Issue("Other", _leafKey, "Root", _rootKey, EndEntity()));

    [Fact]
    public void Two_certificates_of_one_issuer_name_are_refused()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Refused("several", Leaf, Middle, Issue("Middle", other, "Root", _rootKey, Authority()), Root);
    }

    [Fact]
    public void An_end_entity_may_not_issue() => Refused("may not issue", Leaf, Issue("Middle", _middleKey, "Root", _rootKey, EndEntity()), Root);

    [Fact]
    public void An_authority_without_keyCertSign_may_not_issue() => Refused(
        "may not issue", Leaf, Issue("Middle", _middleKey, "Root", _rootKey,
            [new X509BasicConstraintsExtension(true, false, 0, true), new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true)]), Root);

    [Fact]
    public void A_path_length_constraint_is_kept()
    {
        Certificate root = Issue("Root", _rootKey, "Root", _rootKey, Authority(pathLength: 0));

        Refused("may not issue", Leaf, Middle, root);
    }

    [Fact]
    public void A_signature_by_another_key_is_refused()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Refused("signature", Issue("Leaf", _leafKey, "Middle", other, EndEntity()), Middle, Root);
    }

    [Fact]
    public void A_critical_extension_that_is_not_understood_does_not_parse()
    {
        using X509Certificate2 odd = Make("Leaf", _leafKey, "Middle", _middleKey, [.. EndEntity(), new X509Extension("1.2.3.4", [5, 0], critical: true)], 1);
        using X509Certificate2 harmless = Make("Leaf", _leafKey, "Middle", _middleKey, [.. EndEntity(), new X509Extension("1.2.3.4", [5, 0], critical: false)], 1);

        Assert.False(Certificate.TryParse(odd.RawData, out _, out ParseError error));
        Assert.Contains("1.2.3.4", error.Problem, StringComparison.Ordinal);
        Assert.True(Certificate.TryParse(harmless.RawData, out _, out _));
    }

    [Fact]
    public void Trailing_bytes_and_other_curves_do_not_count_as_certificates()
    {
        using ECDsa p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        Certificate root = Issue("Root", p521, "Root", p521, Authority());

        Assert.False(Certificate.TryParse(new byte[] { 0x30, 0 }, out _, out _));
        Assert.False(Certificate.TryParse((byte[])[.. Leaf.Der.Span, 0], out _, out _));
        Assert.False(CertificatePath.TryBuild([root], root.SpkiDigest.Span, out _, out _));
    }

    [Fact]
    public void Validity_is_inclusive_at_both_ends_and_judged_for_every_certificate()
    {
        Assert.True(CertificatePath.TryBuild([Leaf, Middle, Root], Pin, out CertificatePath? path, out _));

        Assert.True(path!.CheckValidity(Start, out _));
        Assert.True(path.CheckValidity(Start.AddYears(1), out _));
        Assert.False(path.CheckValidity(Start.AddSeconds(-1), out _));
        Assert.False(path.CheckValidity(Start.AddYears(1).AddSeconds(1), out string problem));
        Assert.Contains("valid from", problem, StringComparison.Ordinal);
    }

    private ReadOnlySpan<byte> Pin => SHA256.HashData(_rootKey.ExportSubjectPublicKeyInfo());

    private void Refused(string expected, params Certificate[] chain)
    {
        Assert.False(CertificatePath.TryBuild(chain, Pin, out CertificatePath? path, out string problem));
        Assert.Null(path);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    private static X509Extension[] Authority(int? pathLength = null) =>
    [
        new X509BasicConstraintsExtension(true, pathLength is not null, pathLength ?? 0, true),
        new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true),
    ];

    private static X509Extension[] EndEntity() =>
        [new X509BasicConstraintsExtension(false, false, 0, true), new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true)];

    private static Certificate Issue(string subject, ECDsa key, string issuer, ECDsa issuerKey, X509Extension[] extensions, int years = 1)
    {
        using X509Certificate2 made = Make(subject, key, issuer, issuerKey, extensions, years);
        return Certificate.TryParse(made.RawData, out Certificate? certificate, out ParseError error)
            ? certificate!
            : throw new InvalidOperationException(error.ToString());
    }

    private static X509Certificate2 Make(string subject, ECDsa key, string issuer, ECDsa issuerKey, X509Extension[] extensions, int years)
    {
        CertificateRequest request = new($"CN={subject}", key, HashAlgorithmName.SHA256);
        foreach (X509Extension extension in extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        return request.Create(
            new X500DistinguishedName($"CN={issuer}"), X509SignatureGenerator.CreateForECDsa(issuerKey), Start, Start.AddYears(years), [1, 2, 3]);
    }
}
