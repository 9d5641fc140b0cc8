using System.Diagnostics.CodeAnalysis;
using Verathos.Attestation.Verdicts;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Records;

namespace Verathos.Host.Training;

/// <summary>
/// A proof that a worker's enclave signed two histories in a run: two records of one worker with one number or one round and different contents, each with its keyset and the evidence that
/// ties the keyset to the worker and the run. Anybody who has the run's file can check it. A file of it is deterministic CBOR: ["verathos.worker-equivocation.v1", run,
/// record, record], each record [COSE_Sign1, keyset, evidence], the evidence [collection, nonce, Unix milliseconds] as bytes.
/// </summary>
/// <param name="Run">The run, 32 bytes.</param>
/// <param name="First">The one that was seen first.</param>
/// <param name="Second">The other.</param>
internal sealed record WorkerEquivocation(ReadOnlyMemory<byte> Run, ShownRecord First, ShownRecord Second)
{
    private const string Label = "verathos.worker-equivocation.v1";

    /// <summary>The file.</summary>
    public byte[] Encode()
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(4).Text(Label).Bytes(Run.Span);
        First.Write(writer);
        Second.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> gives.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out WorkerEquivocation? proof)
    {
        proof = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _) || !reader.TryReadArray(out int members) || members != 4 || !reader.TryReadText(out string label) || label != Label
            || !reader.TryReadBytes(32, out byte[] run) || !ShownRecord.TryRead(ref reader, out ShownRecord? first) || !ShownRecord.TryRead(ref reader, out ShownRecord? second) || !reader.AtEnd)
        {
            return false;
        }

        proof = new WorkerEquivocation(run, first, second);
        return true;
    }

    /// <summary>Checks the proof with nothing but the run's file and a policy.</summary>
    /// <param name="run">The run.</param>
    /// <param name="check">The policy and its roots.</param>
    /// <param name="times">
    /// Whose word the times inside the evidence are: the proof's maker's (<see cref="TimeSource.Asserted"/>), which production policies do not take, or the verifier's own knowledge.
    /// </param>
    /// <param name="first">The first record.</param>
    /// <param name="second">The second.</param>
    /// <returns>Null where it is proved; else what is wrong.</returns>
    public string? Verify(RunFile run, JoinCheck check, TimeSource times, out TrainingRecord? first, out TrainingRecord? second)
    {
        first = null;
        second = null;
        string? problem = Run.Span.SequenceEqual(run.Id.Span) ? Verify(run, check, times, First, out first) ?? Verify(run, check, times, Second, out second) : "the proof is of another run";
        return problem ?? (RecordChain.ProveEquivocation(first!, second!) ? null : "the records are not two of one worker with one number or one round");
    }

    private static string? Verify(RunFile run, JoinCheck check, TimeSource times, ShownRecord shown, out TrainingRecord? record)
    {
        RecordChainError error = RecordChain.Read(shown.Signed, out record);
        if (error != RecordChainError.None)
        {
            return $"a record is not one of the keyset that it comes with ({error})";
        }

        // The model that the enclave says it starts from has nothing to do with how many histories it signs.
        Keyset keyset = shown.Signed.Keyset;
        DateTimeOffset at = shown.Evidence.RequestedAt > keyset.NotBefore ? shown.Evidence.RequestedAt : keyset.NotBefore;
        JoinReply reply = check.Check(run, null, new WorkerKey(record!.Worker.Span), shown.Evidence, at, times, out Keyset? vouched, out _, out string detail);
        return reply != JoinReply.Joined ? $"the evidence of a record's keyset is not taken: {reply}{(detail.Length > 0 ? $" ({detail})" : "")}"
            : !vouched!.Digest.Span.SequenceEqual(keyset.Digest.Span) ? "the evidence is for another keyset than the one that signed a record"
            : null;
    }
}
