using System.Diagnostics;
using Verathos.Attestation;

namespace Verathos.Bench.Mutation;

/// <summary>
/// Changes evidence and counts what is still accepted: every covered bit once where that is asked for, then seeded random changes,
/// which are one bit, several bits, a cut, or a repeated piece.
/// </summary>
public static class MutationBench
{
    // Random changes of whole evidence are dear and those of parsers cheap: one in so many is of whole evidence.
    private const int EvidenceShare = 50;

    /// <summary>Tries all subjects.</summary>
    /// <param name="subjects">The subjects.</param>
    /// <param name="seed">The seed of the random changes.</param>
    /// <param name="count">How many random changes in all.</param>
    /// <param name="all">Whether every covered bit is flipped once first.</param>
    /// <param name="progress">Hears what is being done.</param>
    /// <param name="stop">Ends the run early; the rows say how many were tried.</param>
    /// <exception cref="InvalidOperationException">Unchanged bytes are not accepted although they should be.</exception>
    public static IReadOnlyList<MutationRow> RunAll(
        IReadOnlyList<MutationSubject> subjects, int seed, long count, bool all, Action<string> progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(subjects);
        ArgumentNullException.ThrowIfNull(progress);
        int parsers = subjects.Count(static subject => subject.Parser is not null);
        int whole = subjects.Count - parsers;
        long ofWhole = whole == 0 ? 0 : parsers == 0 ? count : count / EvidenceShare;
        List<MutationRow> rows = [];
        foreach (MutationSubject subject in subjects)
        {
            bool parser = subject.Parser is not null;
            long own = parser ? (count - ofWhole) / parsers : ofWhole / whole;
            progress($"{(parser ? "parser of " : "")}{subject.Name}: {subject.Bytes.Length} bytes, {subject.CoveredBits} bits covered, {own} random changes");
            rows.Add(Run(subject, seed, Math.Max(1, own), all, stop));
        }

        return rows;
    }

    /// <summary>Tries one subject.</summary>
    /// <param name="subject">The subject.</param>
    /// <param name="seed">The seed of the random changes.</param>
    /// <param name="count">How many random changes.</param>
    /// <param name="all">Whether every covered bit is flipped once first.</param>
    /// <param name="stop">Ends the run early; the row says how many were tried.</param>
    /// <exception cref="InvalidOperationException">The unchanged bytes are not accepted although they should be.</exception>
    public static MutationRow Run(MutationSubject subject, int seed, long count, bool all, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (subject.Covered is not null && !subject.Accepts(subject.Bytes))
        {
            throw new InvalidOperationException($"{subject.Name}: the unchanged evidence is not accepted");
        }

        Tally tally = new(subject);
        long start = Stopwatch.GetTimestamp();
        byte[] changed = [.. subject.Bytes];
        for (int offset = 0; all && subject.Covered is not null && offset < changed.Length && !stop.IsCancellationRequested; offset++)
        {
            for (int bit = 1; bit <= subject.Covered[offset] && bit < 256; bit <<= 1)
            {
                if ((subject.Covered[offset] & bit) != 0)
                {
                    changed[offset] ^= (byte)bit;
                    tally.Try(changed, covered: true, offset);
                    changed[offset] = subject.Bytes[offset];
                }
            }
        }

        // Seeded, so that a failure comes again: nothing here is a secret.
#pragma warning disable CA5394
        Random random = new(seed);
        for (long i = 0; i < count && !stop.IsCancellationRequested; i++)
        {
            ChangeAtRandom(subject, changed, random, tally);
        }

        return tally.ToRow(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static void ChangeAtRandom(MutationSubject subject, byte[] changed, Random random, Tally tally)
    {
        int offset = random.Next(changed.Length);
        switch (random.Next(8))
        {
            case 0:
                tally.Try(subject.Bytes.AsMemory(0, offset), subject.Covers(offset, changed.Length - offset), offset);
                break;
            case 1:
                // What is repeated is read as something more: covered where any of it is.
                int length = random.Next(1, Math.Min(64, changed.Length - offset) + 1);
                byte[] longer = [.. subject.Bytes.AsSpan(0, offset), .. subject.Bytes.AsSpan(offset, length), .. subject.Bytes.AsSpan(offset)];
                tally.Try(longer, subject.Covers(offset, length), offset);
                break;
            case 2:
                bool covered = false;
                int first = changed.Length;
                int[] places = [.. Enumerable.Range(0, random.Next(2, 16)).Select(_ => random.Next(changed.Length))];
                foreach (int place in places)
                {
                    changed[place] ^= (byte)(1 << random.Next(8));
                }

                foreach (int place in places.Where(place => changed[place] != subject.Bytes[place]))
                {
                    first = Math.Min(first, place);
                    covered |= subject.Covered is not null && ((changed[place] ^ subject.Bytes[place]) & subject.Covered[place]) != 0;
                }

                if (first < changed.Length)
                {
                    tally.Try(changed, covered, first);
                }

                foreach (int place in places)
                {
                    changed[place] = subject.Bytes[place];
                }

                break;
            default:
                int bit = 1 << random.Next(8);
                changed[offset] ^= (byte)bit;
                tally.Try(changed, subject.Covered is not null && (subject.Covered[offset] & bit) != 0, offset);
                changed[offset] = subject.Bytes[offset];
                break;
        }
    }
#pragma warning restore CA5394

    private sealed class Tally(MutationSubject subject)
    {
        private long _tried;
        private long _accepted;
        private long _outside;
        private long _exceptions;
        private double _allocated;
        private double _steps;
        private string _first = "";

        public void Try(ReadOnlyMemory<byte> bytes, bool covered, int offset)
        {
            _tried++;
            ParseSteps.Reset();
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                if (subject.Accepts(bytes) && subject.Covered is not null)
                {
                    _accepted += covered ? 1 : 0;
                    _outside += covered ? 0 : 1;
                    if (covered)
                    {
                        Note($"accepted with a change at {offset}");
                    }
                }
            }
#pragma warning disable CA1031 // Whatever it throws is what is looked for.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _exceptions++;
                Note($"{e.GetType().Name} with a change at {offset}: {e.Message}");
            }

            if (subject.Parser is not null)
            {
                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                _allocated = Math.Max(_allocated, ParserCost.PerByte(allocated, ParserCost.AllocationAllowance, bytes.Length));
                _steps = Math.Max(_steps, ParserCost.PerByte(ParseSteps.Count, ParserCost.StepAllowance, bytes.Length));
            }
        }

        public MutationRow ToRow(double seconds) => new(
            subject.Name, subject.Parser is not null, subject.Bytes.Length, subject.CoveredBits, _tried, _accepted, _outside, _exceptions, _first, _allocated, _steps, seconds);

        private void Note(string failure)
        {
            if (_first.Length == 0)
            {
                _first = failure;
            }
        }
    }
}
