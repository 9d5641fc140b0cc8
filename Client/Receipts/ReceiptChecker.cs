using System.Globalization;
using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Requests;
using Verathos.Client.Trust;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Receipts;

/// <summary>Checks the signed statements of one exchange against the evidence and against what the client saw.</summary>
/// <param name="node">The facts that the evidence binds.</param>
/// <param name="ledger">The receipts seen before; null where a receipt is looked at alone.</param>
/// <param name="floor">The highest counter that had been seen when the request left.</param>
/// <param name="trace">Whether the answer must be committed to.</param>
internal sealed class ReceiptChecker(SignedStatement node, ReceiptLedger? ledger, ulong? floor, TraceRequirement trace)
{
    /// <summary>How far the enclave's clock, which is the host's, may be from the client's.</summary>
    /// <remarks>Compared with differences of times: a sum would leave the calendar where a bundle states a time at its end.</remarks>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>The acceptance that opens a stream; its names begin with <c>acceptance.</c></summary>
    public ReceiptVerdict CheckAcceptance(byte[] cose, Transcript seen, out byte[] streamId)
    {
        CheckList checks = new("acceptance");
        bool parsed = Acceptance.TryParse(cose, node.SigningKey, out Acceptance? acceptance, out ReceiptError error);
        checks.Signature(error);
        streamId = acceptance?.Id.ToArray() ?? [];
        if (!parsed || acceptance is null)
            return checks.ToVerdict();

        CheckNode(checks, acceptance.BootId, acceptance.KeysetDigest, acceptance.Binding, acceptance.ManifestRoot);
        CheckModel(checks, acceptance.Model, acceptance.NumericProfile, seen);
        CheckSimulated(checks, acceptance.Simulated);
        CheckRequest(checks, acceptance.RequestDigest, acceptance.ClientNonce, acceptance.Sampling, acceptance.AuditCommitment, seen);
        checks.Add("counts", acceptance.PromptTokens == seen.PromptIds.Count, $"{acceptance.PromptTokens} prompt tokens");
        CheckPrompt(checks, acceptance.PromptCommitment, seen);
        bool inTime = acceptance.IssuedAt >= node.NotBefore && acceptance.IssuedAt <= node.NotAfter && seen.SentAt - acceptance.IssuedAt <= Skew && acceptance.IssuedAt - seen.ReceivedAt <= Skew;
        checks.Add("times", inTime, $"issued at {Time(acceptance.IssuedAt)} by the enclave's own word");
        return checks.ToVerdict();
    }

    /// <summary>A checkpoint inside a stream; its names begin with <c>checkpoint.</c></summary>
    public ReceiptVerdict CheckCheckpoint(byte[] cose, Transcript seen, byte[] streamId, long chunks, ReadOnlySpan<byte> head, int tokens)
    {
        CheckList checks = new("checkpoint");
        bool parsed = Checkpoint.TryParse(cose, node.SigningKey, out Checkpoint? checkpoint, out ReceiptError error);
        checks.Signature(error);
        if (!parsed || checkpoint is null)
            return checks.ToVerdict();

        checks.AddEqual("keyset", checkpoint.KeysetDigest.Span, node.KeysetDigest, "the keyset of the evidence");
        checks.AddEqual("request", checkpoint.RequestDigest.Span, seen.RequestDigest, "the request as sent");
        checks.AddEqual("stream", checkpoint.Id.Span, streamId, "the stream that the acceptance opened");
        checks.Add("counts", checkpoint.OutputTokens == tokens, $"{checkpoint.OutputTokens} tokens, {tokens} arrived");
        checks.Add(
            "chain",
            checkpoint.ChunkCount == (ulong)chunks && checkpoint.ChainHead.Span.SequenceEqual(head),
            $"{checkpoint.ChunkCount} chunks, {chunks} arrived before it");
        return checks.ToVerdict();
    }

    /// <summary>The receipt that closes a stream.</summary>
    /// <param name="cose">The trailer's bytes; null when the trailer has none.</param>
    /// <param name="seen">What the client saw. Without a receipt secret the checks that need it are left out, and say so.</param>
    /// <param name="receipt">The receipt, once its signature holds and its claims are read.</param>
    /// <param name="equivocation">Both receipts, when this one's counter has another.</param>
    public ReceiptVerdict CheckReceipt(byte[]? cose, Transcript seen, out Receipt? receipt, out Equivocation? equivocation)
    {
        receipt = null;
        equivocation = null;
        CheckList checks = new("receipt");
        checks.Add("missing", cose is not null, cose is null ? "the answer ended without one receipt in its trailer" : "the trailer holds one receipt");
        if (cose is null)
            return checks.ToVerdict();

        bool parsed = Receipt.TryParse(cose, node.SigningKey, out receipt, out ReceiptError error);
        checks.Signature(error);
        if (!parsed || receipt is null)
            return checks.ToVerdict();

        CheckNode(checks, receipt.BootId, receipt.KeysetDigest, receipt.Binding, receipt.ManifestRoot);
        CheckModel(checks, receipt.Model, receipt.NumericProfile, seen);
        CheckSimulated(checks, receipt.Simulated);
        CheckRequest(checks, receipt.RequestDigest, receipt.ClientNonce, receipt.Sampling, receipt.AuditCommitment, seen);
        checks.AddEqual("stream", receipt.Id.Span, seen.StreamId, "the stream that the acceptance opened");
        checks.Add("finish", receipt.FinishReason == seen.FinishReason, $"ended for the reason {receipt.FinishReason}, the stream said {seen.FinishReason}");
        CheckContent(checks, receipt, seen);
        CheckTrace(checks, receipt, seen);
        CheckTimes(checks, receipt, seen);
        CheckHistory(checks, cose, receipt, out equivocation);
        return checks.ToVerdict();
    }

    private static void CheckContent(CheckList checks, Receipt receipt, Transcript seen)
    {
        if (seen.ReceiptSecret.Length == 0)
        {
            const string why = "the bundle was saved without prompt, answer and secret";
            checks.Waive("counts", why);
            checks.Waive("chain", why);
            checks.Waive("prompt", why);
            checks.Waive("output", why);
            return;
        }

        bool withinLimit = receipt.OutputTokens <= receipt.Sampling.MaxTokens;
        checks.Add(
            "counts",
            receipt.PromptTokens == seen.PromptIds.Count && receipt.OutputTokens == seen.OutputIds.Count && withinLimit,
            $"{receipt.PromptTokens} prompt and {receipt.OutputTokens} answer tokens; {seen.PromptIds.Count} and {seen.OutputIds.Count} arrived, {receipt.Sampling.MaxTokens} allowed");
        ChunkChain chain = new(seen.ReceiptSecret, seen.RequestDigest);
        foreach (byte[] hash in seen.ChunkHashes)
            chain.AppendHash(hash);

        checks.Add(
            "chain",
            receipt.ChunkCount == chain.Count && receipt.ChainHead.Span.SequenceEqual(chain.Head),
            $"the head after {receipt.ChunkCount} chunks; {chain.Count} arrived");
        CheckPrompt(checks, receipt.PromptCommitment, seen);
        byte[] output = TokenCommitment.Compute(seen.ReceiptSecret, TokenCommitment.Output, ToArray(seen.OutputIds));
        checks.AddEqual("output", receipt.OutputCommitment.Span, output, "the answer's token ids");
    }

    private static void CheckPrompt(CheckList checks, ReadOnlyMemory<byte> commitment, Transcript seen)
    {
        byte[] prompt = TokenCommitment.Compute(seen.ReceiptSecret, TokenCommitment.Prompt, ToArray(seen.PromptIds));
        checks.AddEqual("prompt", commitment.Span, prompt, "the prompt's token ids");
    }

    /// <summary>Whether a profile's answers must be committed to.</summary>
    public bool RequiresTrace(string? model) => trace switch
    {
        TraceRequirement.Always => true,
        TraceRequirement.Never => false,
        _ => CommittedProfiles.Contains(ProfileOf(model)),
    };

    private string ProfileOf(string? model) => node.Models.FirstOrDefault(entry => entry.Name == model)?.NumericProfile ?? node.Profile;

    private void CheckTrace(CheckList checks, Receipt receipt, Transcript seen)
    {
        bool committed = receipt.TraceRoot.HasValue;
        bool required = RequiresTrace(seen.Model);
        checks.Add("committed", committed || !required, committed ? "it commits to the computation" : $"it commits to no computation, {(required ? "as it must" : "which it need not")} in {ProfileOf(seen.Model)}");

        bool together = receipt.SketchRoot.HasValue == committed && receipt.ToplocRoot.HasValue == committed;
        checks.Add("roots", together, together ? "the roots of trace, sketches and TOPLOC proofs come together" : "some of the roots of trace, sketches and TOPLOC proofs are missing");
        bool same = committed == seen.TraceRoot is not null && receipt.TraceRoot.GetValueOrDefault().Span.SequenceEqual(seen.TraceRoot);
        checks.Add("trace", same, same ? "what the stream committed to with the last token" : "it is not what the stream committed to with the last token");
    }

    private void CheckNode(
        CheckList checks,
        ReadOnlyMemory<byte> bootId,
        ReadOnlyMemory<byte> keyset,
        ReadOnlyMemory<byte> binding,
        ReadOnlyMemory<byte> manifest)
    {
        checks.AddEqual("issuer", bootId.Span, node.BootId, "the boot id of the keyset");
        checks.AddEqual("keyset", keyset.Span, node.KeysetDigest, "the keyset of the evidence");
        checks.AddEqual("binding", binding.Span, node.Binding, "the binding of the evidence");
        checks.AddEqual("manifest", manifest.Span, node.ManifestRoot, "the model manifest of the evidence");
    }

    private void CheckSimulated(CheckList checks, bool simulated) =>
        checks.Add("simulated", simulated == node.Simulated, simulated ? "it says that the TEE is simulated" : "it says that the TEE is real");

    /// <summary>A node with several models must not answer with another one than was asked for.</summary>
    private void CheckModel(CheckList checks, string? model, string profile, Transcript seen)
    {
        ModelEntry? asked = node.Models.FirstOrDefault(entry => entry.Name == seen.Model);
        bool right = node.Models.Count == 0 ? model is null : asked is not null && model == asked.Name;
        checks.Add("model", right, node.Models.Count == 0
            ? model is null ? "the only model of the evidence" : $"it names the model {model}, the evidence has one without a choice"
            : $"it names {(model is null ? "no model" : $"the model {model}")}, {seen.Model ?? "none"} was asked for{(asked is null ? ", which is none of the evidence's" : "")}");
        string expected = ProfileOf(seen.Model);
        checks.Add("profile", profile == expected, $"numeric profile {profile}, the evidence says {expected}");
    }

    private static void CheckRequest(
        CheckList checks, ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> nonce, SamplingClaims sampling, ReadOnlyMemory<byte> audit, Transcript seen)
    {
        RequestedParameters sent = seen.Parameters;
        checks.AddEqual("request", request.Span, seen.RequestDigest, "the request as sent");
        checks.AddEqual("nonce", nonce.Span, seen.ClientNonce, "the client's nonce");
        bool same = sampling.TemperatureMicro == sent.TemperatureMicro
            && sampling.TopPMicro == sent.TopPMicro
            && sampling.TopK == (uint)sent.TopK
            && sampling.Seed == sent.Seed
            && (sent.MaxTokens is null || sampling.MaxTokens == (uint)sent.MaxTokens)
            && sampling.FrequencyPenaltyMicro == sent.FrequencyPenaltyMicro
            && sampling.PresencePenaltyMicro == sent.PresencePenaltyMicro
            && sampling.RepetitionPenaltyMicro == sent.RepetitionPenaltyMicro
            && sampling.ResponseFormat.HasValue == sent.ResponseFormat is not null
            && sampling.ResponseFormat.GetValueOrDefault().Span.SequenceEqual(sent.ResponseFormat);
        checks.Add("parameters", same, same ? "the sampling parameters as sent" : "the sampling parameters are not those that were sent");
        checks.AddEqual("audit", audit.Span, seen.AuditCommitment, "the hash of the audit secret");
    }

    private void CheckTimes(CheckList checks, Receipt receipt, Transcript seen)
    {
        bool plausible = receipt.AcceptedAt <= receipt.IssuedAt
            && receipt.AcceptedAt >= node.NotBefore
            && receipt.AcceptedAt <= node.NotAfter
            && seen.SentAt - receipt.AcceptedAt <= Skew
            && receipt.IssuedAt - seen.ReceivedAt <= Skew;

        bool trusted = node.RequestedAt - seen.SentAt <= Skew && seen.SentAt - node.TrustedUntil <= Skew;
        if (!trusted)
        {
            checks.Add("times", false, $"the request was sent at {Time(seen.SentAt)}; the evidence was asked for at {Time(node.RequestedAt)} and relied on until {Time(node.TrustedUntil)}");
            return;
        }

        checks.Add("times", plausible, $"accepted at {Time(receipt.AcceptedAt)}, issued at {Time(receipt.IssuedAt)}, by the enclave's own word");
    }

    private void CheckHistory(CheckList checks, byte[] cose, Receipt receipt, out Equivocation? equivocation)
    {
        equivocation = null;
        if (ledger is null)
        {
            const string why = "no other receipt to compare with";
            checks.Waive("equivocation", why);
            checks.Waive("counter", why);
            checks.Waive("previous", why);
            return;
        }

        // A receipt of another keyset says nothing about this one's history; receipt.keyset has failed then.
        LedgerResult result = CryptographicOperations.FixedTimeEquals(receipt.KeysetDigest.Span, node.KeysetDigest)
            ? ledger.Record(node.KeysetDigest, receipt.Counter, receipt.Digest.ToArray(), receipt.Previous?.ToArray(), cose, floor, out equivocation)
            : LedgerResult.Consistent;
        checks.Add("equivocation", result != LedgerResult.Equivocation, $"one receipt with the counter {receipt.Counter}");
        checks.Add("counter", result != LedgerResult.NotMonotone, $"the counter {receipt.Counter} is above all that were seen before the request");
        checks.Add("previous", result != LedgerResult.BrokenLink, "its neighbours, where they were seen, are linked to it");
    }

    private static int[] ToArray(IReadOnlyList<int> ids) => ids as int[] ?? [.. ids];

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
