using Verathos.Attestation.Verdicts;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Receipts;

/// <summary>Collects the checks of one signed statement under its prefix.</summary>
internal sealed class CheckList(string prefix)
{
    /// <summary>The checks of form and signature in the order in which they are made, and the error with which each fails.</summary>
    private static readonly (ReceiptError Error, string Name, string Detail)[] Signatures =
    [
        (ReceiptError.Malformed, "format", "a COSE_Sign1 in deterministic CBOR"),
        (ReceiptError.Unprotected, "unprotected", "the unprotected header is empty"),
        (ReceiptError.Algorithm, "alg", "the algorithm is ES256, the keyset's"),
        (ReceiptError.Type, "typ", "the type is that of this kind of statement"),
        (ReceiptError.SignatureForm, "low-s", "the signature has its one canonical form"),
        (ReceiptError.Signature, "key", "the keyset's key signed it"),
        (ReceiptError.Claims, "claims", "every claim is there, in range, and no other"),
    ];

    private readonly List<Check> _checks = [];

    public void Add(string name, bool passed, string detail) =>
        _checks.Add(new Check($"{prefix}.{name}", passed ? CheckResult.Passed : CheckResult.Failed, detail));

    public void AddEqual(string name, ReadOnlySpan<byte> said, ReadOnlySpan<byte> expected, string what)
    {
        bool equal = said.SequenceEqual(expected);
        Add(name, equal, equal ? what : $"it does not name {what}");
    }

    public void Waive(string name, string why) => _checks.Add(new Check($"{prefix}.{name}", CheckResult.Waived, why));

    /// <summary>The checks up to the one that failed; those after it were not made.</summary>
    public void Signature(ReceiptError error)
    {
        foreach ((ReceiptError failure, string name, string detail) in Signatures)
        {
            Add(name, failure != error, failure == error ? "not so: " + detail : detail);
            if (failure == error)
                return;
        }
    }

    public ReceiptVerdict ToVerdict() => new(_checks);
}
