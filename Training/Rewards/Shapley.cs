using System.Numerics;

namespace Verathos.Training.Rewards;

/// <summary>The fair split of what a coalition achieves, by its definition: what each adds to every set of the others. For small sets, to check cheaper splits by.</summary>
public static class Shapley
{
    /// <summary>More players would take too many sets.</summary>
    public const int MostPlayers = 16;

    /// <summary>Each player's value: the sum over sets S without it of |S|! (n - |S| - 1)! / n! (v(S and it) - v(S)).</summary>
    /// <param name="players">1 to 16.</param>
    /// <param name="value">v of a set, given as bits; asked once of each of the 2^n sets, v of none included.</param>
    public static double[] Exact(int players, Func<uint, double> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfLessThan(players, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(players, MostPlayers);
        double[] values = [.. Enumerable.Range(0, 1 << players).Select(set => value((uint)set))];
        double[] weights = new double[players];
        for (int size = 0; size < players; size++)
        {
            // |S|! (n - |S| - 1)! / n! = 1 / (n binomial(n - 1, |S|)).
            double binomial = 1;
            for (int i = 0; i < size; i++)
            {
                binomial = binomial * (players - 1 - i) / (i + 1);
            }

            weights[size] = 1 / (players * binomial);
        }

        double[] result = new double[players];
        for (int player = 0; player < players; player++)
        {
            for (uint set = 0; set < values.Length; set++)
            {
                if ((set >> player & 1) == 0)
                {
                    result[player] += weights[BitOperations.PopCount(set)] * (values[set | (1u << player)] - values[set]);
                }
            }
        }

        return result;
    }
}
