using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Training.Impact;

/// <summary>Which impacts are confirmed by exact losses: every one that is too good, and some of the others, drawn by a secret of the validator.</summary>
public static class ConfirmationPlan
{
    /// <summary>Median absolute deviations above the median from which an impact is too good to be taken on trust.</summary>
    public const double Deviations = 3;

    private static ReadOnlySpan<byte> Label => "verathos.confirm.v1"u8;

    /// <summary>Chooses.</summary>
    /// <param name="impacts">First-order improvements, one of each worker.</param>
    /// <param name="secret">At least 16 bytes that no worker knows.</param>
    /// <param name="round">The round.</param>
    /// <param name="share">Of those that are not outliers, the share to draw; 0 to 1. What is left of a whole number decides, by the secret, whether one more is drawn, so over many rounds it is the share.</param>
    /// <returns>By worker, in the order of the keys.</returns>
    public static IReadOnlyList<(WorkerKey Worker, ConfirmationReason Reason)> Choose(
        IReadOnlyList<(WorkerKey Worker, double Impact)> impacts, ReadOnlySpan<byte> secret, ulong round, double share)
    {
        ArgumentNullException.ThrowIfNull(impacts);
        if (secret.Length < 16 || !(share is >= 0 and <= 1) || impacts.Select(i => i.Worker).Distinct().Count() != impacts.Count)
        {
            throw new ArgumentException("a draw needs a secret of 16 bytes, a share of 0 to 1 and one impact of each worker", nameof(impacts));
        }

        if (impacts.Count == 0)
        {
            return [];
        }

        double[] values = [.. impacts.Select(i => i.Impact)];
        double bound = RobustStatistics.Median(values) + (Deviations * RobustStatistics.MedianAbsoluteDeviation(values));
        SortedDictionary<WorkerKey, ConfirmationReason> reasons = [];
        List<(byte[] Ticket, WorkerKey Worker)> others = [];
        foreach ((WorkerKey worker, double impact) in impacts)
        {
            // Written so that what is not a number is confirmed too.
            bool ordinary = impact <= bound;
            reasons[worker] = ordinary ? ConfirmationReason.None : ConfirmationReason.Outlier;
            if (ordinary)
            {
                others.Add((Ticket(secret, round, worker), worker));
            }
        }

        others.Sort(static (a, b) => a.Ticket.AsSpan().SequenceCompareTo(b.Ticket));
        double wanted = share * others.Count;
        int count = (int)Math.Floor(wanted);

        // The key of no worker: its ticket is as good as a throw of a die between 0 and 2^32.
        bool isOneMore = BinaryPrimitives.ReadUInt32BigEndian(Ticket(secret, round, default)) < (wanted - count) * (1L << 32);
        foreach ((_, WorkerKey worker) in others.Take(count + (isOneMore ? 1 : 0)))
        {
            reasons[worker] = ConfirmationReason.Drawn;
        }

        return [.. reasons.Select(pair => (pair.Key, pair.Value))];
    }

    private static byte[] Ticket(ReadOnlySpan<byte> secret, ulong round, WorkerKey worker)
    {
        byte[] message = new byte[Label.Length + 8 + WorkerKey.Length];
        Label.CopyTo(message);
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(Label.Length), round);
        worker.Bytes.CopyTo(message.AsSpan(Label.Length + 8));
        return HMACSHA256.HashData(secret, message);
    }
}
