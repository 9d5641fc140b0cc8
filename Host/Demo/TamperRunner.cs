using Verathos.Client;
using Verathos.Client.Bundles;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Enclave;
using Verathos.Host.Cli;

namespace Verathos.Host.Demo;

/// <summary>Runs the demonstration's exchange again with one byte changed, and says who noticed.</summary>
internal sealed class TamperRunner(Uri node, ClientOptions options, HostView host, Answer untouched)
{
    // The envelope's bytes may break its form, its headers or its signature; what falls first depends on the byte.
    private static readonly TamperRegion s_receipt = new(
        "receipt",
        ReceiptCheckNames.Format,
        ReceiptCheckNames.Algorithm,
        ReceiptCheckNames.Type,
        ReceiptCheckNames.Unprotected,
        ReceiptCheckNames.LowS,
        ReceiptCheckNames.Key);

    public async Task<TamperOutcome> RunAsync(Tamper tamper, CancellationToken cancellationToken)
    {
        if (tamper.Target == TamperTarget.Receipt)
        {
            return OfReceipt(tamper);
        }

        using TamperingHandler attacker = new(tamper);
        string? refusedBy = null;
        string detail = "nobody noticed";
        try
        {
            using VerathosClient client = await VerathosClient.ConnectAsync(node, options with { HttpMessageHandler = attacker, Ledger = new ReceiptLedger() }, cancellationToken).ConfigureAwait(false);
            await client.CompleteAsync(untouched.Request, cancellationToken).ConfigureAwait(false);
        }
        catch (VerathosException refusal)
        {
            bool byEnclave = tamper.Target == TamperTarget.Request && host.Refusal is EnclaveFailure.Undecryptable or EnclaveFailure.Incomplete;
            refusedBy = byEnclave ? TamperCheck.RequestAuthentic : refusal.Check ?? refusal.Failure.ToString();
            detail = refusal.Message;
        }

        if (attacker.Region is not { } region)
        {
            throw OutOfRange(tamper, attacker.Length);
        }

        string by = tamper.Target == TamperTarget.Request ? "enclave" : "client";
        return new TamperOutcome(tamper.Target, tamper.Offset, attacker.Length, region.Name, region.Checks, refusedBy, by, detail);
    }

    private TamperOutcome OfReceipt(Tamper tamper)
    {
        ProofBundle bundle = ProofBundle.Of(untouched, withContent: true);
        byte[] receipt = bundle.Receipt!;
        if (tamper.Offset >= receipt.Length)
        {
            throw OutOfRange(tamper, receipt.Length);
        }

        BundleVerdict verdict = BundleVerifier.Verify(bundle with { Receipt = Tamper.Flip(receipt, tamper.Offset) }, untouched.Node.Policy, options.TrustAnchors!);
        ReceiptVerdict? checks = verdict.Receipt;
        return new TamperOutcome(
            tamper.Target,
            tamper.Offset,
            receipt.Length,
            s_receipt.Name,
            s_receipt.Checks,
            checks is { Valid: false } ? checks.Value.Reason : null,
            "client",
            checks?.FirstFailure?.Detail ?? "nobody noticed");
    }

    private static CommandException OutOfRange(Tamper tamper, int length) => new(
        ExitCode.Usage,
        $"--tamper {tamper.Target.ToString().ToLowerInvariant()}:{tamper.Offset} is past the end; it has {length} bytes, so take an offset from 0 to {length - 1}");
}
