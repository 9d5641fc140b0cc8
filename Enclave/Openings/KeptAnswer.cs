using System.Security.Cryptography;
using Verathos.Enclave.Serving;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Serving;

namespace Verathos.Enclave.Openings;

/// <summary>
/// What is kept of one answer to open it. Its arrays are pinned; they are overwritten as soon as the store has let go of it and no
/// opening under way holds it any more.
/// </summary>
internal sealed class KeptAnswer
{
    // A hash in an array of its own takes about twice its bytes.
    private const int BytesPerStep = 64;
    private readonly Lock _lock = new();
    private readonly byte[] _traceSecret = GC.AllocateArray<byte>(32, pinned: true);
    private int _holders = 1;
    private bool _wiped;

    /// <summary>Copies the ids and the secret, and takes the record over.</summary>
    /// <param name="model">Whose engine computed the answer.</param>
    /// <param name="auditCommitment">32 bytes of the receipt.</param>
    /// <param name="prompt">The prompt's ids.</param>
    /// <param name="output">The answer's ids.</param>
    /// <param name="traceSecret">32 bytes.</param>
    /// <param name="record">What the receipt's roots are over.</param>
    public KeptAnswer(ServedModel model, ReadOnlySpan<byte> auditCommitment, ReadOnlySpan<int> prompt, ReadOnlySpan<int> output, ReadOnlySpan<byte> traceSecret, AnswerRecord record)
    {
        (Model, Record, AuditCommitment) = (model, record, auditCommitment.ToArray());
        int[] ids = GC.AllocateArray<int>(prompt.Length + output.Length, pinned: true);
        prompt.CopyTo(ids);
        output.CopyTo(ids.AsSpan(prompt.Length));
        traceSecret.CopyTo(_traceSecret);
        Committed = new CommittedAnswer(ids, prompt.Length, _traceSecret, record.StepHashes);
        Bytes = (ids.Length * (long)sizeof(int)) + (record.StepHashes.Count * (long)BytesPerStep) + record.Toploc.Sum(static proof => (long)proof.Length) + record.Sketches.Sum(static sketch => (long)sketch.Length);
    }

    /// <summary>Whose engine opens it.</summary>
    public ServedModel Model { get; }

    /// <summary>SHA-256 of the secret that opens it.</summary>
    public byte[] AuditCommitment { get; }

    /// <summary>What the engine needs to open it.</summary>
    public CommittedAnswer Committed { get; }

    /// <summary>What the receipt's roots are over.</summary>
    public AnswerRecord Record { get; }

    /// <summary>About the memory that it takes.</summary>
    public long Bytes { get; }

    /// <summary>The trace's secret, for tests that look whether it is zero afterwards.</summary>
    internal byte[] TraceSecret => _traceSecret;

    /// <summary>Openings that were asked for.</summary>
    public int Used { get; set; }

    /// <summary>Whether it is overwritten.</summary>
    public bool IsWiped => _wiped;

    /// <summary>Holds it once more; only while the store does.</summary>
    public void Hold()
    {
        lock (_lock)
        {
            _holders++;
        }
    }

    /// <summary>Lets go of it.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (--_holders != 0)
            {
                return;
            }

            _wiped = true;
            Array.Clear(Committed.Ids);
            CryptographicOperations.ZeroMemory(_traceSecret);
            Wipe(Record);
        }
    }

    /// <summary>Overwrites what tells of activations.</summary>
    public static void Wipe(AnswerRecord? record)
    {
        foreach (byte[] proof in record is null ? [] : record.Toploc.Concat(record.Sketches))
        {
            CryptographicOperations.ZeroMemory(proof);
        }
    }
}
