using System.Diagnostics;

namespace Verathos.Bench.Mutation;

/// <summary>
/// Flips bits of evidence and counts what is still accepted. First every bit once where that was asked for, then seeded random
/// changes: one bit, several bits, a cut, a repeated piece.
/// </summary>
public static class MutationBench
{
    private const int Allowance = 64 * 1024;

    /// <summary>Tries one subject.</summary>
    /// <param name="subject">The subject.</param>
    /// <param name="seed">The seed of the random changes.</param>
    /// <param name="count">How many random changes.</param>
    /// <param name="all">Whether every bit is flipped once first.</param>
    /// <param name="stop">Ends the run early; the row says how many were tried.</param>
    /// <exception cref="InvalidOperationException">The unchanged bytes are not accepted although they should be.</exception>
    public static MutationRow Run(MutationSubject subject, int seed, long count, bool all, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (subject.MustPass && !subject.Accepts(subject.Bytes))
        {
            throw new InvalidOperationException($"{subject.Name}: the unchanged evidence is not accepted");
        }

        Tally tally = new(subject);
        long start = Stopwatch.GetTimestamp();
        byte[] changed = [.. subject.Bytes];
        for (long bit = 0; all && bit < 8L * changed.Length && !stop.IsCancellationRequested; bit++)
        {
            int offset = (int)(bit / 8);
            changed[offset] ^= (byte)(1 << (int)(bit % 8));
            tally.Try(changed, offset);
            changed[offset] = subject.Bytes[offset];
        }

        // Seeded, so that a failure comes again: nothing here is a secret.
#pragma warning disable CA5394
        Random random = new(seed);
        for (long i = 0; i < count && !stop.IsCancellationRequested; i++)
        {
            int offset = random.Next(changed.Length);
            switch (random.Next(8))
            {
                case 0:
                    tally.Try(subject.Bytes.AsMemory(0, offset), offset);
                    break;
                case 1:
                    int length = random.Next(1, Math.Min(64, changed.Length - offset) + 1);
                    byte[] longer = [.. subject.Bytes.AsSpan(0, offset), .. subject.Bytes.AsSpan(offset, length), .. subject.Bytes.AsSpan(offset)];
                    tally.Try(longer, offset + length);
                    break;
                case 2:
                    int first = offset;
                    for (int n = random.Next(2, 16); n > 0; n--)
                    {
                        int at = random.Next(changed.Length);
                        changed[at] ^= (byte)(1 << random.Next(8));
                        first = Math.Min(first, at);
                    }

                    if (!changed.AsSpan().SequenceEqual(subject.Bytes))
                    {
                        int difference = changed.AsSpan().CommonPrefixLength(subject.Bytes);
                        tally.Try(changed, difference);
                    }

                    subject.Bytes.CopyTo(changed, 0);
                    break;
                default:
                    changed[offset] ^= (byte)(1 << random.Next(8));
                    tally.Try(changed, offset);
                    changed[offset] = subject.Bytes[offset];
                    break;
            }
        }
#pragma warning restore CA5394

        return tally.ToRow(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private sealed class Tally(MutationSubject subject)
    {
        private long _tried;
        private long _accepted;
        private long _uncovered;
        private long _exceptions;
        private double _perByte;
        private string _first = "";

        public void Try(ReadOnlyMemory<byte> bytes, int offset)
        {
            _tried++;
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                bool accepted = subject.Accepts(bytes);
                if (accepted && offset < subject.CoveredLength)
                {
                    _accepted++;
                    Note($"accepted with a change at {offset}");
                }
                else if (accepted)
                {
                    _uncovered++;
                }
            }
#pragma warning disable CA1031 // Whatever it throws is what is looked for.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _exceptions++;
                Note($"{e.GetType().Name} with a change at {offset}: {e.Message}");
            }

            // A verifier that keeps what it verified allocates for its caches; what is refused is not kept.
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before - Allowance;
            if (!subject.MustPass && allocated > 0)
            {
                _perByte = Math.Max(_perByte, (double)allocated / Math.Max(1, bytes.Length));
            }
        }

        public MutationRow ToRow(double seconds) => new(
            subject.Name, subject.Bytes.Length, subject.CoveredLength, _tried, _accepted, _uncovered, _exceptions, _first, _perByte, seconds);

        private void Note(string failure)
        {
            if (_first.Length == 0)
            {
                _first = failure;
            }
        }
    }
}
