using System.Buffers.Binary;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Trust;

namespace Verathos.Host.Demo;

/// <summary>What lies at an offset of a target, and the checks that a change there should fall to.</summary>
/// <param name="Name">The part's name.</param>
/// <param name="Checks">Any of these must be the first that refuses.</param>
public sealed record TamperRegion(string Name, params IReadOnlyList<string> Checks)
{
    private const int Header = 48;
    private const int Body = 584;
    private const int Ecdsa = 64;
    private const int Report = 384;

    /// <summary>The parts of a TDX quote of version 4 with certification data of type 6 (Intel, DCAP quoting library, appendix 3).</summary>
    public static TamperRegion OfQuote(ReadOnlySpan<byte> quote, int offset)
    {
        const int signature = Header + Body + sizeof(uint);
        const int key = signature + Ecdsa;
        const int certification = key + Ecdsa;
        const int report = certification + sizeof(ushort) + sizeof(uint);
        const int reportSignature = report + Report;
        const int authLength = reportSignature + Ecdsa;
        int auth = BinaryPrimitives.ReadUInt16LittleEndian(quote[authLength..]);
        int chain = authLength + sizeof(ushort) + auth;
        return offset switch
        {
            < 8 => new TamperRegion("header: version and types", CheckNames.QuoteFormat),
            < Header => new TamperRegion("header", CheckNames.QuoteFormat, CheckNames.QuoteSignature),
            < Header + Body => new TamperRegion("guest report", CheckNames.QuoteSignature),
            < signature => new TamperRegion("length of the signature data", CheckNames.QuoteFormat),
            < key => new TamperRegion("quote signature", CheckNames.QuoteSignature),
            < certification => new TamperRegion("attestation key", CheckNames.QuoteQeReportData, CheckNames.QuoteFormat),
            < report => new TamperRegion("certification type and length", CheckNames.QuoteFormat),
            < reportSignature => new TamperRegion("quoting enclave's report", CheckNames.QuoteQeReportSignature),
            < authLength => new TamperRegion("quoting enclave's signature", CheckNames.QuoteQeReportSignature),
            < authLength + sizeof(ushort) => new TamperRegion("length of the authentication data", CheckNames.QuoteFormat),
            _ when offset < chain => new TamperRegion("authentication data", CheckNames.QuoteQeReportData),
            _ when offset < chain + sizeof(ushort) + sizeof(uint) => new TamperRegion("chain type and length", CheckNames.QuoteFormat),
            _ => new TamperRegion("PCK certificate chain", CheckNames.QuoteChain, CheckNames.QuoteFormat),
        };
    }

    /// <summary>The parts of a GPU's request and response.</summary>
    public static TamperRegion OfGpuReport(int offset, int length) => offset switch
    {
        < 4 => new TamperRegion("request header", CheckNames.GpuFormat, CheckNames.GpuSignature),
        < 36 => new TamperRegion("request nonce", CheckNames.GpuSignature),
        < 37 => new TamperRegion("request slot", CheckNames.GpuFormat, CheckNames.GpuSignature),
        _ when offset >= length - 96 => new TamperRegion("signature", CheckNames.GpuSignature),
        _ => new TamperRegion("measurements and device facts", CheckNames.GpuFormat, CheckNames.GpuSignature),
    };

    /// <summary>The keyset: the quote binds the digest of its bytes; a change may already break its form or move its times.</summary>
    public static TamperRegion OfKeyset() => new("keyset", CheckNames.BindingReportData, CheckNames.KeysetValidity, EvidenceVerifier.FormatCheck);
}
