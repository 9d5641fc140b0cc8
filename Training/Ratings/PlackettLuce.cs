namespace Verathos.Training.Ratings;

/// <summary>
/// Rates players by the order in which teams finished: the Plackett-Luce model of Weng and Lin, algorithm 4
/// (https://jmlr.org/papers/v12/weng11a.html), with OpenSkill's additive dynamics, ties and weights, summed in its order.
/// OpenSkill's further options, margins of scores and balance within teams, are not here.
/// </summary>
public sealed record PlackettLuce
{
    /// <summary>Half the width of a game's chance: 25/6.</summary>
    public double Beta { get; init; } = 25.0 / 6;

    /// <summary>What a deviation gains before every game, so that nobody is known for ever: 25/300.</summary>
    public double Tau { get; init; } = 25.0 / 300;

    /// <summary>The least share of a variance that a game leaves.</summary>
    public double Kappa { get; init; } = 0.0001;

    /// <summary>Whether a game may never widen a deviation.</summary>
    public bool LimitSigma { get; init; }

    /// <summary>The ratings after a game.</summary>
    /// <param name="teams">At least two, each with at least one player.</param>
    /// <param name="ranks">As many as teams: the lower, the better; equal ones tied.</param>
    /// <param name="weights">Null, or how much each player contributed; within a team they are stretched to 1 to 2 first.</param>
    /// <exception cref="ArgumentException">The numbers do not fit together.</exception>
    public SkillRating[][] Rate(IReadOnlyList<IReadOnlyList<SkillRating>> teams, IReadOnlyList<double> ranks, IReadOnlyList<IReadOnlyList<double>>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(teams);
        ArgumentNullException.ThrowIfNull(ranks);
        if (teams.Count < 2 || ranks.Count != teams.Count || teams.Any(team => team.Count == 0) || ranks.Any(rank => !double.IsFinite(rank))
            || (weights is not null && !weights.Select(w => w.Count).SequenceEqual(teams.Select(team => team.Count))))
        {
            throw new ArgumentException("a game needs two teams of players, a rank for each team and, if any, a weight for each player", nameof(teams));
        }

        int[] order = [.. Enumerable.Range(0, teams.Count).OrderBy(i => ranks[i])];
        Team[] sorted = [.. order.Select(i => new Team(teams[i], ranks[i], weights is null ? null : Stretch(weights[i]), Tau))];
        double c = 0;
        foreach (Team team in sorted)
        {
            c += team.Variance + (Beta * Beta);
        }

        c = Math.Sqrt(c);
        double[] sums = [.. sorted.Select(q => sorted.Where(team => team.Rank >= q.Rank).Sum(team => Math.Exp(team.Mu / c)))];
        int[] ties = [.. sorted.Select(q => sorted.Count(team => team.Rank == q.Rank))];
        SkillRating[][] rated = [.. sorted.Select(team => Update(team, sorted, sums, ties, c))];
        SkillRating[][] result = new SkillRating[teams.Count][];
        for (int i = 0; i < order.Length; i++)
        {
            IReadOnlyList<SkillRating> before = teams[order[i]];
            result[order[i]] = LimitSigma ? [.. rated[i].Select((rating, j) => rating with { Sigma = Math.Min(rating.Sigma, before[j].Sigma) })] : rated[i];
        }

        return result;
    }

    /// <summary>The ratings after a game of one against all others.</summary>
    /// <param name="players">At least two.</param>
    /// <param name="scores">As many: the higher, the better.</param>
    public SkillRating[] Rate(IReadOnlyList<SkillRating> players, IReadOnlyList<double> scores)
    {
        ArgumentNullException.ThrowIfNull(players);
        ArgumentNullException.ThrowIfNull(scores);
        return [.. Rate([.. players.Select(player => new[] { player })], [.. scores.Select(score => -score)]).Select(team => team[0])];
    }

    private SkillRating[] Update(Team team, Team[] all, double[] sums, int[] ties, double c)
    {
        (double omega, double delta) = (0, 0);
        double strength = Math.Exp(team.Mu / c);
        for (int q = 0; q < all.Length; q++)
        {
            if (all[q].Rank > team.Rank)
            {
                continue;
            }

            double chance = strength / sums[q];
            delta += chance * (1 - chance) / ties[q];
            omega += (all[q] == team ? 1 - chance : -chance) / ties[q];
        }

        omega *= team.Variance / c;
        delta *= team.Variance / (c * c);
        delta *= Math.Sqrt(team.Variance) / c;
        SkillRating[] updated = new SkillRating[team.Players.Length];
        for (int j = 0; j < updated.Length; j++)
        {
            (double mu, double sigma) = (team.Players[j].Mu, team.Players[j].Sigma);
            double weight = team.Weights is null ? 1 : omega > 0 ? team.Weights[j] : 1 / team.Weights[j];
            double share = sigma * sigma / team.Variance;
            updated[j] = new SkillRating(mu + (share * omega * weight), sigma * Math.Sqrt(Math.Max(1 - (share * delta * weight), Kappa)));
        }

        return updated;
    }

    private static double[] Stretch(IReadOnlyList<double> weights)
    {
        (double least, double most) = (weights.Min(), weights.Max());
        return [.. weights.Select(weight => most > least ? 1 + ((weight - least) / (most - least)) : 2)];
    }

    private sealed class Team
    {
        public Team(IReadOnlyList<SkillRating> players, double rank, double[]? weights, double tau)
        {
            Players = [.. players.Select(player => player with { Sigma = Math.Sqrt((player.Sigma * player.Sigma) + (tau * tau)) })];
            Mu = Players.Sum(player => player.Mu);
            Variance = Players.Sum(player => player.Sigma * player.Sigma);
            Rank = rank;
            Weights = weights;
        }

        public SkillRating[] Players { get; }

        public double Mu { get; }

        public double Variance { get; }

        public double Rank { get; }

        public double[]? Weights { get; }
    }
}
