using Verathos.Validator.Canaries;

namespace Verathos.Bench.Canaries;

/// <summary>People who use a node: their conversations are drawn from a pool, begin by the hours of a day, and go on after a pause for thought. Written apart from what plans canaries.</summary>
public static class OrganicTraffic
{
    /// <summary>Draws at least so many requests.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="first">The first number of the pool to use.</param>
    /// <param name="count">Requests; the last conversation is finished.</param>
    /// <param name="length">Of the time in which conversations begin, from midnight.</param>
    /// <param name="random">Draws times.</param>
    public static IReadOnlyList<PlannedRequest> Draw(ICanaryCorpus pool, long first, int count, TimeSpan length, Random random)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(random);
        List<PlannedRequest> requests = [];
        double most = pool.Arrivals.HourWeights.Max();
        for (long number = first; requests.Count < count; number++)
        {
            TimeSpan at;
            do
            {
                at = length * random.NextDouble();
            }
            while (random.NextDouble() * most >= pool.Arrivals.HourWeights[at.Hours]);

            Conversation conversation = pool.Get(number);
            for (int turn = 0; turn < conversation.Turns.Count; turn++)
            {
                at += turn == 0 ? TimeSpan.Zero : Pause(pool.Arrivals.ThinkMedian, random);
                requests.Add(new PlannedRequest(number, conversation, turn, at));
            }
        }

        return requests;
    }

    private static TimeSpan Pause(TimeSpan median, Random random)
    {
        double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Sin(2 * Math.PI * random.NextDouble());
        return TimeSpan.FromSeconds(Math.Min(600, median.TotalSeconds * Math.Exp(normal)));
    }
}
